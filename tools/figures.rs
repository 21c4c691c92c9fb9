//! Draws the figures of `docs/how-it-works.md` from a line that the shipped network writes:
//!
//!     cargo run --example figures -- --weights weights/synthesis.safetensors --out docs/figures

use running_hand::adapt::{Example, Learner, Recipe};
use running_hand::engine::cpu::CpuEngine;
use running_hand::engine::{Engine, Line};
use running_hand::inspect::{Component, DrawnPoint, Replay, Snapshot};
use running_hand::model::{Hand, HandLayout, Kind, Weights};
use running_hand::writer::{Settings, Writer};
use std::error::Error;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

const USAGE: &str = "usage: figures --weights FILE --out FOLDER";

const PAPER: &str = "#fbf8f1";
const INK: &str = "#1d2a63";
const CLOUD: &str = "#d9622b";
const QUIET: &str = "#63606a";
const FAINT: &str = "#d9d2c1";

type Failure = Box<dyn Error>;

/// A line, and the network's output at each of its points.
struct InspectedLine {
    text: String,
    line: Line,
    drawn: Vec<DrawnPoint>,
    snapshots: Vec<Snapshot>,
    /// The pen's position before each point, and at the last one; corpus units.
    positions: Vec<[f32; 2]>,
    mean: [f32; 2],
    sd: [f32; 2],
}

impl InspectedLine {
    async fn new(writer: &mut Writer, text: &str, settings: &Settings) -> Result<Self, Failure> {
        writer.start(text, settings).await?;
        let line = writer.line().ok_or("no line")?;
        let mut drawn = Vec::new();
        while let Some(chunk) = writer.next().await? {
            drawn.extend(chunk.steps.iter().map(DrawnPoint::from));
        }
        let weights = writer.weights(Kind::Synthesis).ok_or("no network")?;
        let config = &weights.config;
        let mut replay = Replay::new(weights, &line)?;
        replay.extend(&drawn);
        let mut positions = vec![[0.0; 2]];
        let mut at = [0.0; 2];
        for point in &drawn {
            let offset = config.offset([point.dx, point.dy, 0.0]);
            at = [at[0] + offset.dx, at[1] + offset.dy];
            positions.push(at);
        }
        let (mean, sd) = (config.offset_mean, config.offset_sd);
        Ok(Self { text: text.into(), line, drawn, snapshots: replay.collect(), positions, mean, sd })
    }

    /// Left, top, right, bottom.
    fn bounds(&self) -> [f32; 4] {
        self.positions.iter().fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |b, p| {
            [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[0]), b[3].max(p[1])]
        })
    }

    /// Path data of the points `from` to `to`, shifted by `by`.
    fn path(&self, from: usize, to: usize, by: [f32; 2]) -> String {
        let mut path = String::new();
        let mut down = false;
        for k in from..=to {
            let [x, y] = self.positions[k];
            let _ = write!(path, "{}{:.1} {:.1}", if down { "L" } else { "M" }, x + by[0], y + by[1]);
            // A dot needs a line of zero length to be visible.
            down = k == 0 || !self.drawn[k - 1].pen_lift;
            if !down && (k < 2 || self.drawn[k - 2].pen_lift) {
                path.push_str("l0 0");
            }
        }
        path
    }

    /// The mixture's ellipses at a point, `deviations` standard deviations in radius, around the pen's position,
    /// shifted by `by`.
    fn cloud(&self, k: usize, components: &[Component], deviations: f32, by: [f32; 2]) -> String {
        let mut svg = String::new();
        for c in components.iter().filter(|c| c.pi > 0.02) {
            let x = self.positions[k][0] + c.mu[0] * self.sd[0] + self.mean[0] + by[0];
            let y = self.positions[k][1] + c.mu[1] * self.sd[1] + self.mean[1] + by[1];
            let [sx, sy] = [c.sigma[0] * self.sd[0], c.sigma[1] * self.sd[1]];
            // The axes of an ellipse are the eigenvectors of the covariance.
            let (a, b, d) = (sx * sx, c.rho * sx * sy, sy * sy);
            let root = ((a - d) * (a - d) / 4.0 + b * b).sqrt();
            let (long, short) = (((a + d) / 2.0 + root).sqrt(), ((a + d) / 2.0 - root).max(0.0).sqrt());
            let angle = (0.5 * (2.0 * b).atan2(a - d)).to_degrees();
            let _ = write!(
                svg,
                "<ellipse rx=\"{:.2}\" ry=\"{:.2}\" transform=\"translate({x:.1} {y:.1}) rotate({angle:.0})\" \
                 fill-opacity=\"{:.2}\"/>",
                long * deviations,
                short * deviations,
                0.08 + 0.6 * c.pi
            );
        }
        svg
    }
}

/// An SVG of this size with a paper-coloured background.
fn picture(width: f32, height: f32, title: &str, content: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"Georgia, serif\">\n\
         <title>{title}</title>\n<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{PAPER}\"/>\n{content}</svg>\n"
    )
}

fn label(x: f32, y: f32, size: f32, colour: &str, anchor: &str, text: &str) -> String {
    format!(
        "<text x=\"{x:.0}\" y=\"{y:.0}\" font-size=\"{size}\" fill=\"{colour}\" text-anchor=\"{anchor}\">{text}</text>\n"
    )
}

fn ink(path: &str, colour: &str, width: f32) -> String {
    format!(
        "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" stroke-linecap=\"round\" \
         stroke-linejoin=\"round\"/>\n"
    )
}

/// A word over all of its mixtures, and four of its points enlarged.
fn density(written: &InspectedLine) -> String {
    let [left, top, right, bottom] = written.bounds();
    let by = [60.0 - left, 60.0 - top];
    let width = right - left + 120.0;
    let count = written.drawn.len();
    let mut svg = format!("<g fill=\"{CLOUD}\">");
    for k in 0..count {
        svg.push_str(&written.cloud(k, &written.snapshots[k].components, 1.5, by));
    }
    svg.push_str("</g>\n");
    svg.push_str(&ink(&written.path(0, count, by), INK, 2.0));
    // The clearest example of each kind, with the next point at a probable position.
    let snapshots = &written.snapshots;
    let moved = |k: usize| (snapshots[k].drawn.dx * written.sd[0]).hypot(snapshots[k].drawn.dy * written.sd[1]);
    let heavy = |k: usize, min_weight: f32| snapshots[k].components.iter().filter(|c| c.pi > min_weight).count();
    let inside = |k: usize| {
        k > 8 && k + 4 < count && !written.drawn[k - 1].pen_lift && !written.drawn[k].pen_lift && moved(k) > 12.0
    };
    let best = |fits: &dyn Fn(usize) -> bool, value: &dyn Fn(usize) -> f32| {
        (1..count - 1).filter(|&k| fits(k)).max_by(|&a, &b| value(a).total_cmp(&value(b))).unwrap_or(0)
    };
    let chosen = [
        ("sure of the next point", best(&|k| inside(k) && heavy(k, 0.9) == 1, &|k| snapshots[k].log_density)),
        ("several ways to go on", best(&|k| inside(k) && heavy(k, 0.1) >= 3, &|k| -snapshots[k].log_density)),
        ("about to lift the pen", best(&|k| written.drawn[k].pen_lift, &|k| snapshots[k].pen_probability)),
        ("where to put it down again", best(&|k| written.drawn[k - 1].pen_lift, &|k| -snapshots[k].log_density)),
    ];
    let y = bottom - top + 90.0;
    let radius = (width - 60.0) / 8.0 - 14.0;
    for (n, &(name, k)) in chosen.iter().enumerate() {
        let x = 30.0 + (n as f32 + 0.5) * (width - 60.0) / 4.0;
        let [px, py] = written.positions[k];
        // The next point and the heaviest components have to be in view.
        let reach = written.snapshots[k].components.iter().filter(|c| c.pi > 0.05).fold(12.0f32, |r, c| {
            let away = (c.mu[0] * written.sd[0]).hypot(c.mu[1] * written.sd[1]);
            r.max(away + 2.0 * (c.sigma[0] * written.sd[0]).max(c.sigma[1] * written.sd[1]))
        });
        let zoom = radius / (1.25 * reach);
        let [nx, ny] = written.positions[k + 1];
        let from = k.saturating_sub(30);
        let _ = write!(
            svg,
            "<clipPath id=\"c{n}\"><circle cx=\"{x:.0}\" cy=\"{:.0}\" r=\"{radius:.0}\"/></clipPath>\n\
             <circle cx=\"{x:.0}\" cy=\"{:.0}\" r=\"{radius:.0}\" fill=\"white\" stroke=\"{FAINT}\" stroke-width=\"2\"/>\n\
             <g clip-path=\"url(#c{n})\"><g transform=\"translate({x:.0} {:.0}) scale({zoom:.2}) translate({:.1} {:.1})\">",
            y + radius,
            y + radius,
            y + radius,
            -px,
            -py
        );
        svg.push_str(&ink(&written.path(from, k, [0.0; 2]), INK, 5.0 / zoom));
        for deviations in [1.0, 2.0] {
            let _ = write!(svg, "<g fill=\"{CLOUD}\">");
            svg.push_str(&written.cloud(k, &written.snapshots[k].components, deviations, [0.0; 2]));
            svg.push_str("</g>");
        }
        let dot = 6.0 / zoom;
        let _ = writeln!(
            svg,
            "<circle cx=\"{px:.1}\" cy=\"{py:.1}\" r=\"{:.2}\" fill=\"{INK}\"/>\
             <circle cx=\"{nx:.1}\" cy=\"{ny:.1}\" r=\"{dot:.2}\" fill=\"white\" stroke=\"{INK}\" stroke-width=\"{:.2}\"/></g></g>",
            1.2 * dot,
            0.5 * dot
        );
        svg.push_str(&label(x, y + 2.0 * radius + 30.0, 22.0, QUIET, "middle", name));
        let lift = format!("pen lift {:.0} %", 100.0 * written.snapshots[k].pen_probability);
        svg.push_str(&label(x, y + 2.0 * radius + 56.0, 20.0, QUIET, "middle", &lift));
    }
    picture(width, y + 2.0 * radius + 80.0, "Where the pen may go next", &svg)
}

/// The window's weights, characters over time, with the ink above and the pen-lift probability below.
fn window(written: &InspectedLine) -> String {
    let count = written.drawn.len();
    let characters: Vec<String> = written.text.chars().map(|c| c.to_string()).chain(["end".into()]).collect();
    let (row, left, right) = (20.0, 70.0, 20.0);
    let width = 1000.0;
    let column = (width - left - right) / count as f32;
    let [x0, y0, x1, y1] = written.bounds();
    let scale = (width - left - right) / (x1 - x0);
    let mut top = 20.0;
    // The ink; its colour alternates with the window's character.
    let mut svg =
        format!("<g transform=\"translate({left:.0} {top:.0}) scale({scale:.4}) translate({:.1} {:.1})\">\n", -x0, -y0);
    let mut from = 0;
    for k in 1..=count {
        let position = |k: usize| written.snapshots[k.min(count - 1)].position;
        if k == count || position(k) != position(from) {
            let colour = if position(from).is_multiple_of(2) { INK } else { CLOUD };
            svg.push_str(&ink(&written.path(from, k, [0.0; 2]), colour, 12.0));
            from = k;
        }
    }
    svg.push_str("</g>\n");
    top += (y1 - y0) * scale + 24.0;
    let bottom = top + row * characters.len() as f32;
    // Three timesteps per cell and eight shades keep the file small.
    let step = 3;
    for (u, character) in characters.iter().enumerate() {
        let y = top + row * u as f32;
        let name = if character == " " { "␣" } else { character };
        let colour = if u % 2 == 0 { INK } else { CLOUD };
        svg.push_str(&label(left - 14.0, y + 0.75 * row, 16.0, colour, "end", name));
        let mut k = 0;
        let shade = |k: usize| {
            let cell = written.snapshots[k..count.min(k + step)].iter();
            let mean = cell.map(|m| m.phi[u] / m.phi.iter().sum::<f32>().max(1e-6)).sum::<f32>() / step as f32;
            (8.0 * mean).round()
        };
        while k < count {
            let (current, begin) = (shade(k), k);
            while k < count && shade(k) == current {
                k += step;
            }
            if current > 0.0 {
                let _ = write!(
                    svg,
                    "<rect x=\"{:.1}\" y=\"{y:.0}\" width=\"{:.1}\" height=\"{row:.0}\" fill=\"{INK}\" fill-opacity=\"{:.2}\"/>",
                    left + column * begin as f32,
                    column * (k.min(count) - begin) as f32,
                    current / 8.0
                );
            }
        }
        svg.push('\n');
    }
    // Pen lifts below, on the same axis.
    let base = bottom + 70.0;
    let mut path = format!("M{left:.1} {base:.1}");
    for (k, snapshot) in written.snapshots.iter().enumerate() {
        let _ = write!(path, "L{:.1} {:.1}", left + column * k as f32, base - 50.0 * snapshot.pen_probability);
    }
    svg.push_str(&ink(&path, CLOUD, 1.5));
    svg.push_str(&label(left - 14.0, base, 16.0, QUIET, "end", "lift"));
    let seconds = count as f32 * 0.02;
    svg.push_str(&label(
        width - right,
        base + 26.0,
        16.0,
        QUIET,
        "end",
        &format!("time, about {seconds:.0} seconds of writing →"),
    ));
    picture(width, base + 40.0, "The window slides over the text", &svg)
}

/// The mixture at one point under several biases or temperatures, and a word written with each of them.
fn sliders(
    base: &InspectedLine,
    k: usize,
    cases: &[(InspectedLine, Vec<Component>)],
    name: fn(&Line) -> String,
) -> String {
    let cell = 330.0;
    let width = cell * cases.len() as f32 + 20.0;
    let mut svg = String::new();
    let [px, py] = base.positions[k];
    // The widest mixture has to be in view.
    let reach = cases.iter().flat_map(|(_, components)| components).filter(|c| c.pi > 0.1).fold(12.0f32, |r, c| {
        let away = (c.mu[0] * base.sd[0] + base.mean[0]).hypot(c.mu[1] * base.sd[1] + base.mean[1]);
        r.max(away + 1.2 * (c.sigma[0] * base.sd[0]).max(c.sigma[1] * base.sd[1]))
    });
    for (n, (written, components)) in cases.iter().enumerate() {
        let x = 10.0 + cell * (n as f32 + 0.5);
        svg.push_str(&label(x, 40.0, 22.0, QUIET, "middle", &name(&written.line)));
        let radius = 100.0;
        let zoom = radius / reach;
        let _ = write!(
            svg,
            "<clipPath id=\"c{n}\"><circle cx=\"{x:.0}\" cy=\"165\" r=\"{radius}\"/></clipPath>\
             <circle cx=\"{x:.0}\" cy=\"165\" r=\"{radius}\" fill=\"white\" stroke=\"{FAINT}\" stroke-width=\"2\"/>\n\
             <g clip-path=\"url(#c{n})\"><g transform=\"translate({x:.0} 165) scale({zoom:.2}) translate({:.1} {:.1})\">",
            -px, -py
        );
        svg.push_str(&ink(&base.path(k.saturating_sub(30), k, [0.0; 2]), INK, 5.0 / zoom));
        for deviations in [1.0, 2.0] {
            let _ = write!(svg, "<g fill=\"{CLOUD}\">{}</g>", base.cloud(k, components, deviations, [0.0; 2]));
        }
        svg.push_str("</g></g>\n");
        let [left, top, right, _] = written.bounds();
        let scale = ((cell - 50.0) / (right - left)).min(0.26);
        let across = (cell - (right - left) * scale) / 2.0;
        let _ = writeln!(
            svg,
            "<g transform=\"translate({:.0} 300) scale({scale:.3}) translate({:.1} {:.1})\">",
            10.0 + cell * n as f32 + across,
            -left,
            -top
        );
        svg.push_str(&ink(&written.path(0, written.drawn.len(), [0.0; 2]), INK, 12.0));
        svg.push_str("</g>\n");
    }
    picture(width, 460.0, "What the sliders do", &svg)
}

/// Lines of a hand that the page does not offer, and what the network writes before it has learnt from them, and after.
async fn learnt_hand(writer: &mut Writer) -> Result<[String; 2], Failure> {
    let weights = Arc::clone(writer.weights(Kind::Synthesis).ok_or("no network")?);
    let style = |name: &str| weights.config.styles.iter().position(|own| own == name).ok_or("no such hand");
    let plain = Settings::default().with_bias(0.75).with_seed(3);
    let own = plain.clone().with_style(style("Tall")?).with_style_blend((style("Slanted")?, 0.8));
    let mut rows = Vec::new();
    for text in ["quick brown foxes jump over", "the lazy dogs of twenty farms"] {
        rows.push((InspectedLine::new(writer, text, &own).await?, "The ink that is learnt from:"));
    }
    let example = |line: &InspectedLine| Example {
        ids: line.line.ids.clone(),
        points: line.drawn.iter().map(|point| [point.dx, point.dy, f32::from(u8::from(point.pen_lift))]).collect(),
    };
    let examples: Vec<Example> = rows.iter().map(|(line, _)| example(line)).collect();
    let mut learner = Learner::new(&weights, &examples, Recipe::for_lines(examples.len()), examples.len())?;
    while learner.step()?.is_some() {}
    let learnt = Arc::new(learner.hand());
    let how = learning(&weights, &rows[0].0, &learnt)?;
    let hand = plain.clone().with_learnt_hand(learnt).with_strength(Recipe::strength(examples.len()));
    let text = "a line of other words";
    rows.push((InspectedLine::new(writer, text, &plain).await?, "Other words, before:"));
    rows.push((InspectedLine::new(writer, text, &hand).await?, "… and after:"));
    const SCALE: f32 = 0.12;
    let mut content = String::new();
    for (row, (line, title)) in rows.iter().enumerate() {
        let [left, top, _, bottom] = line.bounds();
        let middle = 75.0 + 95.0 * row as f32;
        // The second line is the first one's neighbour.
        if row != 1 {
            content += &label(24.0, middle - 44.0, 13.0, QUIET, "start", title);
        }
        let colour = if row < 2 { QUIET } else { INK };
        let path = ink(&line.path(0, line.drawn.len(), [-left, -(top + bottom) / 2.0]), colour, 14.0);
        let _ = write!(content, "<g transform=\"translate(36 {middle:.0}) scale({SCALE})\">{path}</g>");
    }
    Ok([picture(720.0, 410.0, "A hand before and after it was learnt", &content), how])
}

/// Four points of a line, one after the other, on their way through the network and back; and which biases are learnt.
fn learning(weights: &Arc<Weights>, line: &InspectedLine, hand: &Hand) -> Result<String, Failure> {
    const COLUMNS: [f32; 4] = [178.0, 276.0, 374.0, 472.0];
    const GUESS: f32 = 80.0;
    const THIRD: f32 = 184.0;
    const SECOND: f32 = 248.0;
    const FIRST: f32 = 312.0;
    const POINT: f32 = 392.0;
    /// How many points of the ink are shown.
    const SHOWN: usize = 16;
    /// Pixels of a corpus unit: of the ink and of the guess.
    const INK_SCALE: f32 = 0.16;
    const GUESS_SCALE: f32 = 1.0;
    // The network as it is before it learns reads the ink.
    let mut replay = Replay::new(weights, &Line { style: Vec::new(), hand: None, bias: 0.0, ..line.line.clone() })?;
    replay.extend(&line.drawn);
    let snapshots: Vec<Snapshot> = replay.collect();
    // Where its guess is widest, within a stroke.
    let spread = |k: &usize| {
        let of = |c: &Component| c.pi * (c.sigma[0] * line.sd[0]).hypot(c.sigma[1] * line.sd[1]);
        let span = *k..*k + COLUMNS.len();
        let is_within = line.drawn[*k - SHOWN..span.end + 1].iter().all(|point| !point.pen_lift);
        let narrowest = span.map(|k| snapshots[k].components.iter().map(of).sum::<f32>()).fold(f32::MAX, f32::min);
        if is_within { narrowest } else { 0.0 }
    };
    let places = SHOWN..line.drawn.len() - COLUMNS.len() - 1;
    let from = places.max_by(|a, b| spread(a).total_cmp(&spread(b))).ok_or("the ink is too short")?;
    let mut svg = String::new();
    let arrow = |[x, y]: [f32; 2], [to_x, to_y]: [f32; 2], colour: &str| {
        let (dx, dy) = (
            (to_x - x).signum() * f32::from(u8::from(to_x != x)),
            (to_y - y).signum() * f32::from(u8::from(to_y != y)),
        );
        let head = |side: f32| [to_x - 5.0 * dx + side * dy, to_y - 5.0 * dy + side * dx];
        let ([ax, ay], [bx, by]) = (head(3.0), head(-3.0));
        format!(
            "<path d=\"M{x:.0} {y:.0}L{to_x:.0} {to_y:.0}M{ax:.0} {ay:.0}L{to_x:.0} {to_y:.0}L{bx:.0} {by:.0}\" \
             fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.4\"/>\n"
        )
    };
    for (title, y) in [
        ("its guess,", GUESS - 8.0),
        ("layer 3", THIRD + 4.0),
        ("layer 2", SECOND + 4.0),
        ("layer 1, window", FIRST + 4.0),
        ("the ink,", POINT - 8.0),
    ] {
        svg += &label(24.0, y, 13.0, QUIET, "start", title);
    }
    svg += &label(24.0, GUESS + 9.0, 13.0, QUIET, "start", "what came");
    svg += &label(24.0, POINT + 9.0, 13.0, QUIET, "start", "point by point");
    for (column, &x) in COLUMNS.iter().enumerate() {
        let k = from + column;
        let [pen_x, pen_y] = line.positions[k];
        for y in [THIRD, SECOND, FIRST] {
            let _ = writeln!(
                svg,
                "<rect x=\"{:.0}\" y=\"{:.0}\" width=\"60\" height=\"26\" rx=\"4\" fill=\"none\" stroke=\"{INK}\"/>",
                x - 30.0,
                y - 13.0
            );
            if y < FIRST {
                let _ = writeln!(
                    svg,
                    "<rect x=\"{:.0}\" y=\"{:.0}\" width=\"10\" height=\"10\" fill=\"{CLOUD}\"/>",
                    x - 5.0,
                    y - 5.0
                );
            }
        }
        // Up and down, to the right and to the left.
        for (lower, upper) in [
            (POINT - 32.0, FIRST + 13.0),
            (FIRST - 13.0, SECOND + 13.0),
            (SECOND - 13.0, THIRD + 13.0),
            (THIRD - 13.0, GUESS + 50.0),
        ] {
            svg += &arrow([x - 9.0, lower], [x - 9.0, upper], INK);
            if lower < FIRST - 13.0 {
                svg += &arrow([x + 9.0, upper], [x + 9.0, lower], CLOUD);
            }
        }
        for y in [THIRD, SECOND, FIRST] {
            if column + 1 < COLUMNS.len() {
                svg += &arrow([x + 30.0, y - 5.0], [x + 68.0, y - 5.0], INK);
                if y < FIRST {
                    svg += &arrow([x + 68.0, y + 5.0], [x + 30.0, y + 5.0], CLOUD);
                }
            }
        }
        // The ink up to the pen.
        let path = ink(&line.path(k - SHOWN, k, [-pen_x, -pen_y]), INK, 14.0);
        let _ = writeln!(
            svg,
            "<g transform=\"translate({:.0} {:.0}) scale({INK_SCALE})\">{path}<circle r=\"26\" fill=\"{INK}\"/></g>",
            x + 8.0,
            POINT
        );
        // Where it guesses that the pen goes, and where it went.
        let [next_x, next_y] = line.positions[k + 1];
        let cloud = line.cloud(k, &snapshots[k].components, 2.0, [-pen_x, -pen_y]);
        let _ = writeln!(
            svg,
            "<g transform=\"translate({x:.0} {GUESS:.0}) scale({GUESS_SCALE})\"><g fill=\"{CLOUD}\">{cloud}</g>\
             <path d=\"M0 0L{:.1} {:.1}\" stroke=\"{INK}\" stroke-width=\"2\"/><circle r=\"3\" fill=\"{INK}\"/>\
             <circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\" fill=\"{PAPER}\" stroke=\"{INK}\" stroke-width=\"2\"/></g>",
            next_x - pen_x,
            next_y - pen_y,
            next_x - pen_x,
            next_y - pen_y
        );
        let _ = writeln!(
            svg,
            "<rect x=\"{:.0}\" y=\"{:.0}\" width=\"10\" height=\"10\" fill=\"{CLOUD}\"/>",
            x + 4.0,
            GUESS + 36.0
        );
    }
    svg += &label(24.0, 452.0, 13.0, INK, "start", "Forward: a point goes up, what is remembered goes right.");
    svg += &label(
        24.0,
        471.0,
        13.0,
        CLOUD,
        "start",
        "Backward: how far the guess was off goes down and left; each bias ■ is told which way to go.",
    );
    // What was learnt: the mean size of each group of biases.
    let layout = HandLayout::new(&weights.config);
    let mean = |part: std::ops::Range<usize>| {
        let size = |n: &i16| f32::from(n.unsigned_abs()) / 4096.0;
        hand.numbers[part.clone()].iter().map(size).sum::<f32>() / part.len().max(1) as f32
    };
    svg += &label(540.0, 36.0, 13.0, QUIET, "start", "What was learnt:");
    svg += &label(540.0, 54.0, 13.0, QUIET, "start", "mean size of biases");
    let (output, m) = (layout.output.start, weights.config.mixtures);
    let outputs = [
        ("pen", 0..1),
        ("π", 1..1 + m),
        ("μ", 1 + m..1 + 3 * m),
        ("σ", 1 + 3 * m..1 + 5 * m),
        ("ρ", 1 + 5 * m..1 + 6 * m),
    ];
    let mut groups: Vec<(String, f32)> = Vec::new();
    groups.extend(outputs.map(|(name, part)| (name.to_owned(), mean(output + part.start..output + part.end))));
    for (layer, title) in [(2, "layer 3"), (1, "layer 2")] {
        let gates = layout.gates.get(layer).ok_or("a network of three layers is needed")?;
        let units = gates.len() / 4;
        for (gate, name) in ["i", "f", "g", "o"].into_iter().enumerate() {
            let first = gates.start + gate * units;
            groups.push((format!("{title}: {name}"), mean(first..first + units)));
        }
    }
    let most = groups.iter().map(|(_, size)| *size).fold(1e-6, f32::max);
    for (row, (name, size)) in groups.iter().enumerate() {
        let y = 82.0 + 25.0 * row as f32;
        svg += &label(600.0, y, 12.0, QUIET, "end", name);
        let _ = writeln!(
            svg,
            "<rect x=\"608\" y=\"{:.0}\" width=\"{:.1}\" height=\"9\" fill=\"{CLOUD}\"/>",
            y - 9.0,
            60.0 * size / most
        );
        svg += &label(672.0, y, 11.0, QUIET, "start", &format!("{size:.3}"));
    }
    Ok(picture(720.0, 490.0, "How a hand is learnt", &svg))
}

async fn draw() -> Result<(), Failure> {
    let (mut weights, mut out) = (None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or(USAGE)?;
        match name.as_str() {
            "--weights" => weights = Some(value),
            "--out" => out = Some(PathBuf::from(value)),
            _ => return Err(format!("{name} is not an option\n{USAGE}").into()),
        }
    }
    let (file, out) = (weights.ok_or(USAGE)?, out.ok_or(USAGE)?);
    std::fs::create_dir_all(&out)?;
    let bytes = std::fs::read(&file).map_err(|e| format!("{file}: {e}"))?;
    let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
    writer.set_weights(Weights::from_bytes(&bytes, &file)?);
    let plain = Settings::default().with_bias(0.3).with_seed(4);

    let word = InspectedLine::new(&mut writer, "thinking", &plain).await?;
    std::fs::write(out.join("density.svg"), density(&word))?;

    let neat = plain.clone().with_bias(0.75);
    let sentence = InspectedLine::new(&mut writer, "a window slides over it", &neat).await?;
    std::fs::write(out.join("window.svg"), window(&sentence))?;

    let hand = plain.with_bias(0.0).with_temperature(1.0);
    let base = InspectedLine::new(&mut writer, "sliders", &hand).await?;
    // The point at which the mixture is widest, relative to the offset.
    let relative_spread = |k: usize| {
        let spread = |c: &Component| c.pi * (c.sigma[0] * base.sd[0]).hypot(c.sigma[1] * base.sd[1]);
        let [[x, y], [nx, ny]] = [base.positions[k], base.positions[k + 1]];
        base.snapshots[k].components.iter().map(spread).sum::<f32>() / (nx - x).hypot(ny - y)
    };
    let heavy = |k: usize| base.snapshots[k].components.iter().filter(|c| c.pi > 0.1).count();
    let far = |k: usize| {
        (base.positions[k + 1][0] - base.positions[k][0]).hypot(base.positions[k + 1][1] - base.positions[k][1])
    };
    let k = (20..base.drawn.len() - 20)
        .filter(|&k| heavy(k) >= 2 && far(k) > 15.0)
        .max_by(|&a, &b| relative_spread(a).total_cmp(&relative_spread(b)))
        .ok_or("no suitable point")?;
    let biases = [(0.0, 1.0), (0.5, 1.0), (1.0, 1.0), (2.0, 1.0)];
    let temperatures = [(0.5, 0.3), (0.5, 1.0), (0.5, 1.4), (0.5, 2.0)];
    for (file, settings, name) in [
        ("bias.svg", biases, (|line| format!("bias b = {}", line.bias)) as fn(&Line) -> String),
        ("temperature.svg", temperatures, |line| format!("temperature τ = {}", line.temperature)),
    ] {
        let mut cases = Vec::new();
        for (bias, temperature) in settings {
            let written =
                InspectedLine::new(&mut writer, "sliders", &hand.clone().with_bias(bias).with_temperature(temperature))
                    .await?;
            let weights = writer.weights(Kind::Synthesis).ok_or("no network")?;
            let mut replay = Replay::new(weights, &Line { bias, temperature, ..base.line.clone() })?;
            replay.extend(&base.drawn);
            let components = replay.nth(k).ok_or("no suitable point")?.components;
            cases.push((written, components));
        }
        std::fs::write(out.join(file), sliders(&base, k, &cases, name))?;
    }
    let [hand, how] = learnt_hand(&mut writer).await?;
    std::fs::write(out.join("hand.svg"), hand)?;
    std::fs::write(out.join("learning.svg"), how)?;
    Ok(())
}

fn main() -> ExitCode {
    match pollster::block_on(draw()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
