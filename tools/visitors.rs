//! Draws a sheet of six made-up visitors: ink that they give, and what is then written in the hand that is learnt from it.
//! The ink is generated, in hands that the network does not offer, and recorded as pens, fingers and mice do.
//!
//!     cargo run --release --example visitors -- weights/synthesis.safetensors sheet.svg

#[path = "../tests/recording/mod.rs"]
mod recording;

use recording::{RECORDINGS, Recording};
use running_hand::adapt::{Example, Learner, Recipe};
use running_hand::capture::{self, Sample};
use running_hand::engine::Engine;
use running_hand::engine::cpu::CpuEngine;
use running_hand::model::{Kind, Weights};
use running_hand::text::alphabet::Alphabet;
use running_hand::writer::{Prime, Settings, Writer};
use std::error::Error;
use std::fmt::Write;
use std::process::ExitCode;
use std::sync::Arc;

/// The page's sentences (`www/capture/draft.js`).
const SENTENCES: [&str; 4] = [
    "Dr Quentin Mann, above 27 Kings Park, Hull",
    "Lucy Clark, Jo and Zoe Fitz just won 350",
    "Ask Uncle Nick: my Red Box 16 is quite fuzzy",
    "Vera Young helped Greg Olsen, EXIT 948 SW",
];
/// What is written in each hand.
const TEXTS: [&str; 3] =
    ["I have never written this sentence,", "yet it looks like my own hand.", "Zebras joke? Quick, 35 of them!"];
/// Width of a line on the sheet, in corpus units, and of the columns.
const WIDTH: f64 = 9500.0;

type Strokes = Vec<Vec<[f64; 2]>>;

/// Somebody who is none of the network's hands.
struct Visitor {
    /// Two of the network's hands, and how far the first is moved towards the second.
    hands: [usize; 2],
    share: f32,
    /// Their ink is stretched to the side, and moved to the right by so much of its height.
    stretch: f32,
    lean: f32,
    recording: Recording,
}

impl Visitor {
    /// The `index`-th of six.
    fn new(index: usize, hands: usize) -> Self {
        let stretch = [1.0, 1.15, 0.85, 1.0, 1.2, 0.9][index];
        let lean = [0.15, -0.2, 0.0, 0.35, 0.1, -0.1][index];
        let hands = [2 * index % hands, (2 * index + 5) % hands];
        Self { hands, share: 0.5, stretch, lean, recording: RECORDINGS[index] }
    }

    /// Their ink of a text.
    async fn write(&self, writer: &mut Writer, text: &str, line: u64) -> Result<Vec<Vec<Sample>>, Box<dyn Error>> {
        let [first, second] = self.hands;
        let settings = Settings::default().with_style(first).with_style_blend((second, self.share)).with_line(line);
        writer.start(text, &settings).await?;
        while writer.next().await?.is_some() {}
        let moved = |p: &running_hand::ink::Point| [self.stretch * p.x - self.lean * p.y, p.y];
        let ink: Vec<Vec<_>> = writer.ink().strokes.iter().map(|stroke| stroke.iter().map(moved).collect()).collect();
        Ok(self.recording.of(&ink))
    }
}

/// Has a line written.
async fn written(writer: &mut Writer, text: &str, settings: &Settings) -> Result<Strokes, Box<dyn Error>> {
    writer.start(text, settings).await?;
    while writer.next().await?.is_some() {}
    let place = |p: &running_hand::ink::Point| [f64::from(p.x), f64::from(p.y)];
    Ok(writer.ink().strokes.iter().map(|stroke| stroke.iter().map(place).collect()).collect())
}

/// Left, top, right and bottom.
fn bounds(strokes: &[Vec<[f64; 2]>]) -> [f64; 4] {
    let start = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    strokes
        .iter()
        .flatten()
        .fold(start, |[left, top, right, bottom], &[x, y]| [left.min(x), top.min(y), right.max(x), bottom.max(y)])
}

/// A column of lines.
struct Column {
    svg: String,
    x: f64,
    y: f64,
}

impl Column {
    fn text(&mut self, text: &str) {
        self.y += 360.0;
        let _ = writeln!(self.svg, "<text x=\"{}\" y=\"{}\">{text}</text>", self.x, self.y);
        self.y += 120.0;
    }

    /// Adds a line of ink, `scale` times as large.
    fn line(&mut self, strokes: &[Vec<[f64; 2]>], scale: f64, color: &str) {
        let [left, top, _, bottom] = bounds(strokes);
        let mut path = String::new();
        for stroke in strokes {
            for (n, [x, y]) in stroke.iter().enumerate() {
                let [x, y] = [self.x + (x - left) * scale, self.y + (y - top) * scale];
                let _ = write!(path, "{}{x:.0} {y:.0}", if n == 0 { "M" } else { "L" });
            }
            path.push_str("h.1");
        }
        let _ = writeln!(self.svg, "<path stroke=\"{color}\" d=\"{path}\"/>");
        self.y += (bottom - top) * scale + 150.0;
    }
}

async fn draw(weights: &Arc<Weights>) -> Result<String, Box<dyn Error>> {
    let config = &weights.config;
    let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
    writer.set_weights(Arc::clone(weights));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (mut svg, mut bottom) = (String::new(), 0.0f64);
    for index in 0..6 {
        let visitor = Visitor::new(index, config.styles.len());
        let (mut given, mut lines, mut examples) = (Vec::new(), Vec::new(), Vec::new());
        for (line, text) in (0..).zip(SENTENCES) {
            let samples = visitor.write(&mut writer, text, line).await?;
            let (points, doubt) = capture::fit_and_verify(weights, text, &samples)?;
            if let Some(doubt) = doubt {
                eprintln!("visitor {}, {text:?}: {doubt}", index + 1);
            }
            let prime = Prime::new(config, text, &points)?;
            let ids = Alphabet::new(&config.alphabet).encode(&prime.text).ids;
            examples.push(Example { ids, points: prime.offsets.clone() });
            given.push(samples.iter().map(|stroke| stroke.iter().map(|p| [p.x, p.y]).collect()).collect::<Strokes>());
            lines.push((points, prime));
        }
        let mut learner = Learner::new(weights, &examples, Recipe::for_lines(examples.len()), threads)?;
        while learner.step()?.is_some() {}
        let primed = Settings::default().with_prime(Arc::new(lines[0].1.clone()));
        let settings = primed.clone().with_learnt_hand(Arc::new(learner.hand())).with_strength(Recipe::STRENGTH);
        let strength = writer.bearable_strength(&settings).await?.ok_or("no words can be written after the ink")?;
        let mut settings = settings.with_strength(strength);
        let positions: Vec<_> = lines.iter().map(|(points, _)| &points[..]).collect();
        settings.hand = writer.adjusted_hand(&settings, &positions).await?;

        let [x, y] = [(index % 2) as f64 * (WIDTH + 800.0) + 300.0, (index / 2) as f64 * 6600.0];
        let mut column = Column { svg: String::new(), x, y };
        let [first, second] = visitor.hands.map(|hand| config.styles[hand].as_str());
        column.text(&format!(
            "{}. between {first} and {second}, {}; {:.0} % is used",
            index + 1,
            visitor.recording.name,
            100.0 * strength
        ));
        for (ink, (points, _)) in given.iter().zip(&lines).take(2) {
            // As large as the network reads it.
            let right = points.iter().map(|[x, ..]| *x).fold(f32::MIN, f32::max);
            let left = points.iter().map(|[x, ..]| *x).fold(f32::MAX, f32::min);
            let [start, _, end, _] = bounds(ink);
            column.line(ink, f64::from(right - left) / (end - start) * 0.8, "#222");
        }
        for (line, text) in (0..).zip(TEXTS) {
            let ink = written(&mut writer, text, &settings.clone().with_line(line)).await?;
            if !writer.faults().is_empty() {
                eprintln!("visitor {}, {text:?}: {:?} {:?}", index + 1, writer.finish(), writer.faults());
            }
            column.line(&ink, 0.8, "#1746a2");
        }
        let ink = written(&mut writer, TEXTS[0], &primed).await?;
        column.line(&ink, 0.8, "#a66");
        svg.push_str(&column.svg);
        bottom = bottom.max(column.y);
    }
    let [width, height] = [2.0 * WIDTH + 1600.0, bottom + 300.0];
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"1800\">\n\
         <style>path{{fill:none;stroke-width:22;stroke-linecap:round;stroke-linejoin:round}}\
         text{{font:200px sans-serif}}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"300\" y=\"{:.0}\">black: given; blue: written in the learnt hand; red: primed, not learnt</text>\n\
         {svg}</svg>\n",
        height - 60.0
    ))
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("usage: visitors WEIGHTS SHEET".into());
    };
    let bytes = std::fs::read(&file).map_err(|error| format!("{file}: {error}"))?;
    let weights = Arc::new(Weights::from_bytes_of(Kind::Synthesis, &bytes, &file)?);
    let svg = pollster::block_on(draw(&weights))?;
    Ok(std::fs::write(&out, svg).map_err(|error| format!("{out}: {error}"))?)
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
