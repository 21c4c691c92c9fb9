//! Paper, and where the ink lies on it: what `www/paper.js` does while it draws, for those who write
//! without the page. Both give the same sheets.
//!
//! The engine writes lines one below the other on a sheet without end; here each is set on its rule, of its
//! page, leaning and wandering as wished. Coordinates are corpus units (an x is about 200 high) from the
//! page's upper left corner.

use crate::document::LINE_SPACING;
use crate::error::Result;
use crate::writer::{Settings, Writer};
use std::f64::consts::PI;

/// From one baseline to the next: [`LINE_SPACING`] leaves room for the largest hands, paper for most.
const PITCH: f64 = 680.0;
/// How far below where the pen first comes down a scribble has its baseline, as likely as not.
const SCRIBBLE: f64 = 110.0;
/// Width of a letter of a scribble, which is in no hand, blanks among them.
pub const LETTER: f64 = 165.0;
/// Around the ink on a sheet that is as large as the ink, and the narrowest such sheet.
const FREE: f64 = 460.0;
const NARROWEST: f64 = 3600.0;
/// Letters in a line: the networks have not learnt to go on much longer.
const COLUMNS: std::ops::RangeInclusive<usize> = 10..=60;
/// Lines as long as this, in corpus units, tell where they go; words lean this way and that.
const LONG: f64 = 1500.0;
/// Steeper lines are no lines.
const STEEPEST: f64 = 0.12;
/// Shorter lines, in points, say little of how large letters are.
const FEW_POINTS: usize = 120;
/// How many of the lines above say how large letters are.
const ABOVE: usize = 12;

/// A sheet of paper, in mm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paper {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Left and right of the ink, and above it and below it.
    pub margins: [f64; 2],
}

impl Paper {
    /// Paper with the margins that suit it: more on large sheets, from 10 to 20 mm, and never more than a
    /// quarter of it.
    pub fn new(width: f64, height: f64) -> Self {
        let margin = |side: f64| (side * 0.085).clamp(10.0, 20.0).min(side / 4.0);
        Self { width, height, margins: [margin(width), margin(height)] }
    }
}

/// How the sheets look: what changes nothing about which points the engine makes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// `None` for one sheet, as large as the ink.
    pub paper: Option<Paper>,
    /// Millimetres of a corpus unit.
    pub unit: f64,
    /// Degrees to the right.
    pub slant: f64,
    /// How unsteady lines are, from 0 to 1.
    pub wander: f64,
    /// Of the unsteadiness: that of the writing.
    pub seed: u64,
    /// Whether lines are lines; a scribble is laid as it comes.
    pub level: bool,
}

impl Look {
    /// How many letters of a width, in corpus units, fit on a line of the paper; `None` if the sheet is as wide as
    /// the ink.
    pub fn columns(&self, letter: f64) -> Option<usize> {
        let paper = self.paper?;
        let room = (paper.width - 2.0 * paper.margins[0]) / self.unit;
        Some(((room / letter).max(0.0) as usize).clamp(*COLUMNS.start(), *COLUMNS.end()))
    }

    fn measures(&self) -> Measures {
        let Some(Paper { width, height, margins }) = self.paper else {
            return Measures {
                left: FREE,
                room: f64::INFINITY,
                middle: NARROWEST / 2.0 - FREE,
                first: FREE + 420.0,
                rows: usize::MAX,
            };
        };
        let [left, top] = margins.map(|margin| margin / self.unit);
        let first = top + PITCH * 0.6;
        let below = (height / self.unit - first - top * 0.8) / PITCH;
        let width = width / self.unit;
        // Ink may reach a little into the right margin.
        Measures {
            left,
            room: width - left * 1.4,
            middle: width / 2.0 - left,
            first,
            rows: 1 + below.max(0.0) as usize,
        }
    }
}

/// A page's measures, in corpus units.
struct Measures {
    left: f64,
    /// Width of the widest line, and from its left edge to the middle of the sheet.
    room: f64,
    middle: f64,
    /// Baseline of the first line.
    first: f64,
    /// Lines on a page.
    rows: usize,
}

/// Points of a line, and which line of the text it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Counted from 0; blank ones count.
    pub row: usize,
    /// x, y, and 1 where a stroke ends, as [`Page`](crate::document::Page) gives them.
    pub points: Vec<[f32; 3]>,
}

/// Lays lines on as many pages as they need. Each page has its lines.
///
/// ```ignore-wasm32,standalone_crate
/// use running_hand::document::layout::{Line, Look, Paper, lay};
///
/// let look =
///     Look { paper: Some(Paper::new(105.0, 148.0)), unit: 0.016, slant: 0.0, wander: 0.0, seed: 1, level: true };
/// let dots = (0..30).map(|row| Line { row, points: vec![[0.0, 780.0 * row as f32, 1.0]] });
/// let pages = lay(dots.collect(), &look);
/// assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [11, 11, 8]);
/// ```
pub fn lay(mut lines: Vec<Line>, look: &Look) -> Vec<Vec<Line>> {
    let measures = look.measures();
    let mut pages = vec![Vec::new()];
    let mut spreads: Vec<f64> = Vec::new();
    for line in &mut lines {
        let (found, scale) = if look.level {
            let found = baseline(&line.points);
            let scale = scale(found.spread, &spreads, line.points.len());
            spreads.push(found.spread);
            (found, scale)
        } else {
            let from = SCRIBBLE + line.row as f64 * f64::from(LINE_SPACING);
            (Baseline { from, ..Baseline::default() }, 1.0)
        };
        set(line, look, &measures, &found, scale);
    }
    for line in lines {
        let page = line.row / measures.rows;
        pages.resize_with(pages.len().max(page + 1), Vec::new);
        pages[page].push(line);
    }
    pages
}

/// What makes a line's letters nearly as large as those of the lines above. Not all the way: nobody's lines
/// are all alike.
fn scale(spread: f64, above: &[f64], points: usize) -> f64 {
    let mut above = above[above.len().saturating_sub(ABOVE)..].to_vec();
    if points <= FEW_POINTS || above.is_empty() || spread == 0.0 {
        return 1.0;
    }
    (median(&mut above) / spread).powf(0.7).clamp(0.85, 1.18)
}

/// Sets a line on its rule.
fn set(line: &mut Line, look: &Look, measures: &Measures, found: &Baseline, scale: f64) {
    let &Measures { left, room, middle, first, rows } = measures;
    let to = first + (line.row % rows) as f64 * PITCH;
    // A line that would run off the paper is written a little narrower.
    let reach = line.points.iter().map(|point| f64::from(point[0])).fold(1.0, f64::max);
    let squeeze = (room / (reach * scale)).min(1.0);
    let lean = (look.slant * PI / 180.0).tan();
    let chance = |purpose: u32| random([look.seed, line.row as u64, purpose.into()]) - 0.5;
    // A line starts up to a letter's width off the margin, climbs or sinks by up to two degrees, and
    // sways by a tenth of an x.
    let wander = look.wander;
    let shift = chance(1) * 260.0 * wander;
    let climb = chance(2) * 0.06 * wander;
    let phases = [chance(3) * 2.0 * PI, chance(4) * 2.0 * PI];
    for [x, y, _] in &mut line.points {
        let along = f64::from(*x) * scale * squeeze;
        let up = (f64::from(*y) - found.from - found.slope * f64::from(*x)) * scale;
        let sway = 34.0 * (along / 620.0 + phases[0]).sin() + 14.0 * (along / 190.0 + phases[1]).sin();
        *x = (left + along + shift - lean * up) as f32;
        *y = (to + up + wander * sway + climb * (along - middle)) as f32;
    }
}

/// A number from 0 to 1 for each line and purpose, the same every time.
fn random(keys: [u64; 3]) -> f64 {
    let mut hash: u32 = 0x9e37_79b9;
    for key in keys {
        // The page's numbers are of 32 bits.
        hash = (hash ^ key as u32).wrapping_mul(0x85eb_ca6b);
        hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
        hash ^= hash >> 16;
    }
    f64::from(hash) / 4_294_967_296.0
}

/// What each hand writes for how much room it takes.
const SAMPLE: &str = "thank you for your kind letter";

/// Width of a letter of a hand, blanks among them, in corpus units: by what it writes for it.
///
/// # Errors
/// As [`Writer::start`] and [`Writer::next`].
pub async fn letter_width(writer: &mut Writer, style: Option<usize>) -> Result<f32> {
    writer.start(SAMPLE, &Settings { bias: 1.0, seed: 1, style, ..Settings::default() }).await?;
    while writer.next().await?.is_some() {}
    let bounds = writer.ink().bounds().unwrap_or_default();
    Ok(((bounds.max.x - bounds.min.x) / SAMPLE.len() as f32).round())
}

/// The line along which most letters have their feet: y = `from` + `slope` x. `spread` is half the
/// height of the band in which half of the ink is: it grows with the letters.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Baseline {
    from: f64,
    slope: f64,
    spread: f64,
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Feet are where the pen turns upward again below the ink's middle; descenders' are the fewer.
fn baseline(points: &[[f32; 3]]) -> Baseline {
    let xy: Vec<[f64; 2]> = points.iter().map(|&[x, y, _]| [x.into(), y.into()]).collect();
    let long = xy.iter().any(|[x, _]| *x > LONG);
    let mut slope = 0.0;
    if long {
        let sum = |of: fn(&[f64; 2]) -> f64| xy.iter().map(of).sum::<f64>();
        let (n, x, y) = (xy.len() as f64, sum(|p| p[0]), sum(|p| p[1]));
        let (xx, xy) = (sum(|p| p[0] * p[0]), sum(|p| p[0] * p[1]));
        slope = ((n * xy - x * y) / (n * xx - x * x).max(1.0)).clamp(-STEEPEST, STEEPEST);
    }
    let heights: Vec<f64> = xy.iter().map(|[x, y]| y - slope * x).collect();
    let middle = median(&mut heights.clone());
    let spread = median(&mut heights.iter().map(|height| (height - middle).abs()).collect::<Vec<_>>());
    let lifts = |i: usize| points[i][2] > 0.5;
    let foot = |&i: &usize| {
        let begins = i == 0 || lifts(i - 1) || heights[i - 1] < heights[i];
        let ends = lifts(i) || i + 1 == heights.len() || heights[i + 1] <= heights[i];
        begins && ends && heights[i] > middle
    };
    let feet: Vec<[f64; 2]> = (0..xy.len()).filter(foot).map(|i| xy[i]).collect();
    if feet.is_empty() {
        return Baseline { from: middle, slope, spread };
    }
    if long {
        let pairs = feet.iter().flat_map(|a| feet.iter().map(move |b| (a, b)));
        let mut slopes: Vec<f64> =
            pairs.filter(|(a, b)| b[0] - a[0] > 500.0).map(|(a, b)| (b[1] - a[1]) / (b[0] - a[0])).collect();
        if slopes.len() > 20 {
            slope = median(&mut slopes).clamp(-STEEPEST, STEEPEST);
        }
    }
    let from = median(&mut feet.iter().map(|[x, y]| y - slope * x).collect::<Vec<_>>());
    Baseline { from, slope, spread }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters of 200 with a tail now and then, along a slope.
    fn line(size: f32, slope: f32, top: f32) -> Vec<[f32; 3]> {
        let letter = |k: usize| {
            let (x, tail) = (k as f32 * 90.0, if k.is_multiple_of(7) { 150.0 } else { 0.0 });
            [[x, -size, 0.0], [x + 20.0, -size * 0.4, 0.0], [x + 40.0, tail, 0.0], [x + 60.0, -size * 0.7, 1.0]]
        };
        (0..40).flat_map(letter).map(|[x, y, pen]| [x, y + slope * x + top, pen]).collect()
    }

    #[test]
    fn feet_are_found_whatever_the_slope_and_the_tails() {
        for slope in [0.0, 0.05, -0.08] {
            let found = baseline(&line(200.0, slope, 30.0));
            assert!((found.slope - f64::from(slope)).abs() < 0.005, "{found:?}");
            assert!((found.from - 30.0).abs() < 20.0, "{found:?}");
        }
    }

    fn look(paper: Option<Paper>) -> Look {
        Look { paper, unit: 0.016, slant: 0.0, wander: 0.0, seed: 1, level: true }
    }

    fn lines(rows: &[usize]) -> Vec<Line> {
        let line = |&row: &usize| Line { row, points: line(200.0, 0.0, row as f32 * LINE_SPACING) };
        rows.iter().map(line).collect()
    }

    #[test]
    fn lines_become_level_evenly_spaced_and_of_one_size() {
        let written = [(0, line(200.0, 0.04, 10.0)), (1, line(230.0, -0.03, 800.0)), (3, line(180.0, 0.0, 2300.0))];
        let lines = written.map(|(row, points)| Line { row, points });
        let pages = lay(lines.to_vec(), &look(None));
        let found: Vec<_> = pages.concat().iter().map(|line| (line.row, baseline(&line.points))).collect();
        for (row, own) in &found {
            assert!(own.slope.abs() < 1e-3, "{own:?}");
            let down = own.from - found[0].1.from;
            assert!((down - *row as f64 * PITCH).abs() < 1.0, "{down}");
        }
        let sizes = found.iter().map(|(_, own)| own.spread / found[0].1.spread);
        assert!(sizes.into_iter().all(|size| (size - 1.0).abs() < 0.08), "{found:?}");
    }

    #[test]
    fn what_does_not_fit_on_a_page_goes_to_the_next() {
        // 80 mm: a margin of 10 mm, 0.6 of a line above the first baseline, five more lines of 10.88 mm, 8 mm below.
        let paper = Paper { width: 100.0, height: 80.0, margins: [10.0; 2] };
        let pages = lay(lines(&[0, 1, 2, 3, 4, 6, 20]), &look(Some(paper)));
        let rows: Vec<Vec<usize>> = pages.iter().map(|page| page.iter().map(|line| line.row).collect()).collect();
        assert_eq!(rows, [&[0, 1, 2, 3, 4][..], &[6], &[], &[20]], "a line left free stays free, and a page too");
        for line in pages.iter().flatten() {
            for &[x, y, _] in &line.points {
                let [x, y] = [x, y].map(|side| side * 0.016);
                assert!((9.9..=96.1).contains(&x) && (9.0..=75.0).contains(&y), "{x} {y}");
            }
        }
        assert_eq!(lay(Vec::new(), &look(Some(paper))), [[]], "an empty sheet");
    }

    #[test]
    fn a_line_too_wide_is_squeezed_and_no_other() {
        let paper = Paper::new(50.0, 100.0);
        let mut both = lines(&[0, 1]);
        both[1].points.truncate(40);
        let pages = lay(both, &look(Some(paper)));
        let reach = |line: &Line| line.points.iter().map(|point| point[0] * 0.016).fold(0.0, f32::max);
        assert!((reach(&pages[0][0]) - 46.0).abs() < 0.01, "{}", reach(&pages[0][0]));
        assert!((reach(&pages[0][1]) - 10.0 - 870.0 * 0.016).abs() < 1.0, "{}", reach(&pages[0][1]));
    }

    #[test]
    fn as_many_letters_as_fit() {
        let columns = |width| look(Some(Paper::new(width, 100.0))).columns(150.0);
        assert_eq!((columns(105.0), columns(30.0), columns(5000.0)), (Some(35), Some(10), Some(60)));
        assert_eq!(look(None).columns(150.0), None);
    }

    #[test]
    fn slant_leans_on_the_baseline_and_wander_is_repeatable() {
        let upright = lay(lines(&[0]), &look(None)).concat();
        let leaning = lay(lines(&[0]), &Look { slant: 45.0, ..look(None) }).concat();
        for (a, b) in upright[0].points.iter().zip(&leaning[0].points) {
            assert!((b[0] - a[0] - (880.0 - a[1])).abs() < 1.0 && (a[1] - b[1]).abs() < 1e-3, "{a:?} {b:?}");
        }
        let wandering = |seed| lay(lines(&[0, 1]), &Look { wander: 1.0, seed, ..look(None) });
        assert_eq!(wandering(5), wandering(5));
        assert_ne!(wandering(5), wandering(6));
    }

    #[test]
    fn too_little_ink_stays_as_it_is() {
        let dot = Line { row: 0, points: vec![[3.0, 4.0, 1.0]] };
        let laid = lay(vec![dot, Line { row: 1, points: Vec::new() }], &look(None)).concat();
        assert_eq!(laid[0].points, [[463.0, 880.0, 1.0]]);
    }
}
