//! Lines on pages: each line is set with its baseline on its rule, with letters about as large as in the lines above,
//! and slanted and unsteady as the style says.
//!
//! This is the only place where ink is placed. Line coordinates, as the network draws: the pen begins at x = 0, y grows
//! downward. Page coordinates: from the sheet's upper left corner. Both in corpus units.
//!
//! Ink that has been handed out ([`Layout::add`]) never moves: of the first line, which is handed out while it is
//! written, the rest comes to its true level by and by. [`Layout::lay_out`] places everything anew, exactly.

use super::baseline::{Baseline, median};
use super::paper::{Extent, PageStyle, Sheet, Spot};
use std::f64::consts::PI;
use std::ops::Range;

/// Points of the first line from which its baseline is estimated. Its height at the line's beginning is then within 24
/// units of the final one (median of 96 lines; within 64 nine times in ten).
const PROVISIONAL_POINTS: usize = 60;
/// Distance over which a line that was begun at an estimated level is eased to its true one, in corpus units.
const EASE: f64 = 1200.0;
/// Baseline of writing without a text, below where the pen first comes down: an ordinary place for a line's first
/// point.
const SCRIBBLE_BASELINE: f64 = 110.0;
/// Lines with fewer points say little about how large their letters are.
const FEW_POINTS: usize = 120;
/// Number of lines above with which a line's letters are compared in size.
const ABOVE: usize = 12;
/// A line is scaled by the ratio of the letters above to its own, to this power, since people's lines differ in size,
/// too; and within this range.
const SCALE_POWER: f64 = 0.7;
const SCALE: Range<f64> = 0.85..1.18;
/// Least factor by which the rest of a line is made narrower if its beginning was placed before its width was known.
const MIN_LATE_SQUEEZE: f64 = 0.6;

/// Points of one line, as they come.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LineInk {
    /// Row of the text, from 0; blank lines count.
    pub row: usize,
    /// `(x, y, 1 where a stroke ends)` in line coordinates.
    pub points: Vec<[f32; 3]>,
    /// Whether the line ends with them.
    pub complete: bool,
}

/// Points of one line where they are on their page.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlacedInk {
    /// The sheet, from 0.
    pub page: usize,
    /// The line among those that have ink, from 0.
    pub line: usize,
    /// Index of the first point among all points of the document.
    pub start: usize,
    /// `(x, y, 1 where a stroke ends)` in page coordinates.
    pub points: Vec<[f32; 3]>,
}

/// How a line gets from line to page coordinates.
#[derive(Debug, Clone, Copy, Default)]
struct Placement {
    baseline: Baseline,
    /// The estimated baseline by which its ink up to this x was placed, if that was before the line was complete.
    provisional: Option<(Baseline, f64)>,
    /// Brings its letters near the size of those of the lines above.
    scale: f64,
    /// Makes ink to the right of `squeeze_from` narrower, so that it does not leave the paper.
    squeeze: f64,
    squeeze_from: f64,
    /// From the left margin to x = 0.
    shift: f64,
}

/// A line that has ink.
#[derive(Debug, Clone)]
struct Line {
    row: usize,
    /// In line coordinates.
    points: Vec<[f32; 3]>,
    complete: bool,
    placement: Placement,
    /// How many of its points are placed.
    placed: usize,
    /// Index of its first point among all placed ones.
    start: usize,
}

/// Lines on pages.
#[derive(Debug, Clone)]
pub struct Layout {
    style: PageStyle,
    /// Seed of the unsteadiness.
    seed: u64,
    extent: Extent,
    sheet: Sheet,
    /// Whether lines are brought to a level: writing without a text is placed as it comes.
    level: bool,
    /// Whether the first line is placed while it is written.
    live: bool,
    lines: Vec<Line>,
    /// All placed points in page coordinates, in the order in which the pen drew them.
    placed: Vec<[f32; 3]>,
    /// Left edge of the first line: all lines share it.
    left_edge: Option<f64>,
    /// Baseline of a scribble.
    scribble: f64,
}

impl Layout {
    /// An empty layout; `seed` is that of the writing, for unsteady lines. With `level` false (writing without a text),
    /// ink is placed as it comes. With `live`, the first line is handed out while it is written.
    pub fn new(style: PageStyle, seed: u64, extent: Extent, level: bool, live: bool) -> Self {
        Self {
            sheet: Sheet::new(&style, extent),
            style,
            seed,
            extent,
            level,
            live,
            lines: Vec::new(),
            placed: Vec::new(),
            left_edge: None,
            scribble: SCRIBBLE_BASELINE,
        }
    }

    /// Sets ink that writing without a text goes on from: its baseline is the scribble's.
    pub fn add_drawn(&mut self, points: Vec<[f32; 3]>) -> Vec<PlacedInk> {
        self.scribble = Baseline::fit(&points).from;
        self.add(LineInk { row: 0, points, complete: false })
    }

    /// Adds ink of the last line or of one below it, and hands out what can be placed, which may be nothing yet.
    pub fn add(&mut self, ink: LineInk) -> Vec<PlacedInk> {
        if self.lines.last().is_none_or(|line| line.row != ink.row) {
            if ink.points.is_empty() {
                return Vec::new();
            }
            let placement = Placement { scale: 1.0, squeeze: 1.0, ..Placement::default() };
            let start = self.placed.len();
            let line = Line { row: ink.row, points: Vec::new(), complete: false, placement, placed: 0, start };
            self.lines.push(line);
        }
        let index = self.lines.len() - 1;
        let line = &mut self.lines[index];
        line.points.extend_from_slice(&ink.points);
        line.complete |= ink.complete;
        let provisional = self.live && index == 0 && line.placed == 0 && line.points.len() >= PROVISIONAL_POINTS;
        if !self.level || line.complete || provisional {
            self.settle(index);
            return self.place(index, self.lines[index].points.len()).into_iter().collect();
        }
        Vec::new()
    }

    /// Whether ink of the line being written is held back although its beginning has been handed out.
    pub fn is_holding(&self) -> bool {
        self.lines.last().is_some_and(|line| line.placed > 0 && line.placed < line.points.len())
    }

    /// Hands out what is held back.
    pub fn release(&mut self) -> Option<PlacedInk> {
        let index = self.lines.len().checked_sub(1).filter(|_| self.is_holding())?;
        self.place(index, self.lines[index].points.len())
    }

    /// Determines a line's placement from the points it has so far.
    fn settle(&mut self, index: usize) {
        let line = &self.lines[index];
        let mut placement = line.placement;
        if self.level {
            let found = Baseline::fit(&line.points);
            let reach = reach(&line.points[..line.placed]);
            if line.placed > 0 {
                placement.provisional = Some((placement.baseline, reach));
            }
            placement.baseline = found;
            let above = &self.lines[index.saturating_sub(ABOVE)..index];
            let spreads: Vec<f64> = above.iter().map(|line| line.placement.baseline.spread).collect();
            placement.scale = scale(found.spread, spreads, line.points.len());
            let left = line.points.iter().map(|point| f64::from(point[0])).fold(f64::INFINITY, f64::min);
            match self.left_edge {
                Some(edge) if index > 0 => placement.shift = edge - left,
                _ => self.left_edge = Some(left),
            }
            // A line that would leave the paper is made narrower.
            let from = if line.placed > 0 { reach } else { 0.0 };
            let [from, width] =
                [from, self::reach(&line.points).max(1.0)].map(|x| (x + placement.shift).max(0.0) * placement.scale);
            let room = self.sheet.spot(line.row).room;
            if width > room {
                let least = if line.placed > 0 { MIN_LATE_SQUEEZE } else { 0.0 };
                placement.squeeze = ((room - from) / (width - from).max(1.0)).clamp(least, 1.0);
                placement.squeeze_from = from;
            }
        } else {
            placement.baseline = Baseline { from: self.scribble, ..Baseline::default() };
        }
        self.lines[index].placement = placement;
    }

    /// Places the points of a line up to `end` that are not placed yet.
    fn place(&mut self, index: usize, end: usize) -> Option<PlacedInk> {
        let line = &self.lines[index];
        if line.placed == end {
            return None;
        }
        if !self.level {
            self.sheet.heighten(line.row + 1);
        }
        let map = self.map(line);
        let points: Vec<[f32; 3]> = line.points[line.placed..end]
            .iter()
            .map(|&[x, y, pen]| {
                let [x, y] = map([x.into(), y.into()]);
                [x as f32, y as f32, pen]
            })
            .collect();
        let start = self.placed.len();
        self.placed.extend_from_slice(&points);
        let line = &mut self.lines[index];
        line.placed = end;
        self.sheet.widen(reach(&points));
        let page = self.page_of_row(self.lines[index].row);
        Some(PlacedInk { page, line: index, start, points })
    }

    /// From line to page coordinates.
    fn map(&self, line: &Line) -> impl Fn([f64; 2]) -> [f64; 2] + use<> {
        let Spot { left, baseline: to, middle, .. } = self.sheet.spot(line.row);
        let Placement { baseline, provisional, scale, squeeze, squeeze_from, shift } = line.placement;
        let lean = (self.style.slant * PI / 180.0).tan();
        // A line starts up to a letter's width off the margin, climbs or sinks by up to two degrees, and sways by a
        // tenth of an x.
        let unsteadiness = self.style.unsteadiness;
        let chance = |purpose: u32| random([self.seed, line.row as u64, purpose.into()]) - 0.5;
        let margin = chance(1) * 260.0 * unsteadiness;
        let climb = chance(2) * 0.06 * unsteadiness;
        let phases = [chance(3) * 2.0 * PI, chance(4) * 2.0 * PI];
        move |[x, y]| {
            let along = (x + shift) * scale;
            let along = if along > squeeze_from { squeeze_from + (along - squeeze_from) * squeeze } else { along };
            let level = match provisional {
                None => baseline.height(x),
                Some((before, until)) => {
                    let share = ((x - until) / EASE).clamp(0.0, 1.0);
                    let start = before.height(x);
                    start + (baseline.height(x) - start) * share.powi(2) * (3.0 - 2.0 * share)
                }
            };
            let up = (y - level) * scale;
            let sway = 34.0 * (along / 620.0 + phases[0]).sin() + 14.0 * (along / 190.0 + phases[1]).sin();
            [left + along + margin - lean * up, to + up + unsteadiness * sway + climb * (along - middle)]
        }
    }

    /// How offsets between neighbouring points map from line to page coordinates at a placed point: the matrix
    /// `[[xx, xy], [yx, yy]]`. `None` for a point that does not exist.
    pub fn transform(&self, point: usize) -> Option<[[f64; 2]; 2]> {
        let line = self.lines.iter().rfind(|line| line.start <= point && line.placed > 0)?;
        let &[x, y, _] = line.points.get(point - line.start)?;
        let map = self.map(line);
        let at = [f64::from(x), f64::from(y)];
        let [here, right, down] = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]].map(|by| map([at[0] + by[0], at[1] + by[1]]));
        Some([[right[0] - here[0], down[0] - here[0]], [right[1] - here[1], down[1] - here[1]]])
    }

    /// Places all ink that was handed out anew, each line by all of its points. The same writing in the same style is
    /// then placed the same to the last bit, in whatever pieces it came. What is held back of a line stays so.
    pub fn lay_out(&mut self, style: PageStyle) {
        self.style = style;
        self.sheet = Sheet::new(&style, self.extent);
        self.left_edge = None;
        self.placed.clear();
        for index in 0..self.lines.len() {
            let line = &mut self.lines[index];
            let end = line.placed;
            line.placement = Placement { scale: 1.0, squeeze: 1.0, ..Placement::default() };
            (line.placed, line.start) = (0, self.placed.len());
            if end > 0 {
                self.settle(index);
                self.place(index, end);
            }
        }
    }

    /// Removes all but the first `count` placed points, as if the pen had been stopped there, and ends their last
    /// stroke.
    pub fn truncate(&mut self, count: usize) {
        self.placed.truncate(count);
        self.lines.retain(|line| line.start < count);
        if let Some(line) = self.lines.last_mut() {
            let kept = (count - line.start).min(line.points.len());
            line.points.truncate(kept);
            (line.placed, line.complete) = (line.placed.min(kept), true);
            for last in [line.points.last_mut(), self.placed.last_mut()].into_iter().flatten() {
                last[2] = 1.0;
            }
        }
    }

    /// The sheet: all pages have the same size.
    pub fn sheet(&self) -> &Sheet {
        &self.sheet
    }

    /// The style.
    pub fn style(&self) -> &PageStyle {
        &self.style
    }

    /// All placed points, in the order in which the pen drew them.
    pub fn points(&self) -> &[[f32; 3]] {
        &self.placed
    }

    /// How many pages there are; one without ink.
    pub fn pages(&self) -> usize {
        self.lines.last().map_or(1, |line| self.page_of_row(line.row) + 1)
    }

    /// The placed ink of every line, in order.
    pub fn ink(&self) -> impl Iterator<Item = PlacedInk> {
        let lines = self.lines.iter().enumerate().filter(|(_, line)| line.placed > 0);
        lines.map(|(index, line)| PlacedInk {
            page: self.page_of_row(line.row),
            line: index,
            start: line.start,
            points: self.placed[line.start..line.start + line.placed].to_vec(),
        })
    }

    /// Placed points of a page.
    pub fn page(&self, page: usize) -> Range<usize> {
        let on = |line: &&Line| self.page_of_row(line.row) == page && line.placed > 0;
        let first = self.lines.iter().find(on).map_or(self.placed.len(), |line| line.start);
        let end = self.lines.iter().rfind(on).map_or(first, |line| line.start + line.placed);
        first..end
    }

    /// Lines with ink on a page, up to the one with the last point before `end`.
    pub fn lines_on(&self, page: usize, end: usize) -> Range<usize> {
        let on = |line: &Line| self.page_of_row(line.row) == page && line.start < end;
        let first = self.lines.iter().position(on).unwrap_or(0);
        first..self.lines.iter().rposition(on).map_or(first, |last| last + 1)
    }

    fn page_of_row(&self, row: usize) -> usize {
        self.sheet.spot(row).page
    }
}

/// How far right points reach.
fn reach(points: &[[f32; 3]]) -> f64 {
    points.iter().map(|point| f64::from(point[0])).fold(0.0, f64::max)
}

/// What makes a line's letters nearly as large as those of the lines above.
fn scale(spread: f64, mut above: Vec<f64>, points: usize) -> f64 {
    if points <= FEW_POINTS || above.is_empty() || spread == 0.0 {
        return 1.0;
    }
    (median(&mut above) / spread).powf(SCALE_POWER).clamp(SCALE.start, SCALE.end)
}

/// A number from 0 to 1 for each seed, row and purpose, the same every time.
fn random(keys: [u64; 3]) -> f64 {
    let mut hash: u32 = 0x9e37_79b9;
    for key in keys {
        hash = (hash ^ key as u32).wrapping_mul(0x85eb_ca6b);
        hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
        hash ^= hash >> 16;
    }
    f64::from(hash) / 4_294_967_296.0
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
