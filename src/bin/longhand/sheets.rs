//! Lines on sheets of paper: as many as fit, then the next sheet.

use longhand::export::Layout;
use longhand::ink::{Ink, Point};
use longhand::page::LINE_SPACING;

/// Width of a letter in corpus units, blanks among them.
const LETTER: f32 = 128.0;
/// Letters in a line, as on the page: the networks have not learnt to go on much longer than 60.
const FEWEST_COLUMNS: usize = 10;
const MOST_COLUMNS: usize = 60;

/// Points of one line, and which line of the text it is.
pub struct Line {
    pub row: usize,
    pub points: Vec<[f32; 3]>,
}

/// Adds points to the line that they are on.
pub fn add(lines: &mut Vec<Line>, row: usize, points: &[[f32; 3]]) {
    match lines.last_mut() {
        Some(line) if line.row == row => line.points.extend_from_slice(points),
        _ if points.is_empty() => {}
        _ => lines.push(Line { row, points: points.to_vec() }),
    }
}

/// What is on a sheet.
pub struct Sheet {
    pub ink: Ink,
    pub layout: Layout,
    /// How many lines.
    pub lines: usize,
}

/// Paper to write on, in mm.
#[derive(Debug, Clone, Copy)]
pub struct Paper {
    pub width: f32,
    pub height: f32,
    pub margin: f32,
}

impl Paper {
    /// How many letters of this size fit in a line. `scale`: mm of a corpus unit.
    pub fn columns(&self, scale: f32) -> usize {
        let room = (self.width - 2.0 * self.margin).max(0.0);
        ((room / (LETTER * scale)) as usize).clamp(FEWEST_COLUMNS, MOST_COLUMNS)
    }

    /// The lines on as many sheets as they need, in letters of one size on all: smaller than asked for
    /// only where the widest line would not fit. Each sheet's ink, and where it lies.
    pub fn sheets(&self, lines: &[Line], scale: f32) -> Vec<Sheet> {
        let whole = Ink { strokes: lines.iter().flat_map(|line| Ink::from_points(&line.points).strokes).collect() };
        let bounds = whole.bounds().unwrap_or_default();
        let room = (self.width - 2.0 * self.margin).max(1.0);
        let scale = scale.min(room / (bounds.max.x - bounds.min.x).max(f32::MIN_POSITIVE));
        // How far lines rise and sink, measured from where they are written.
        let heights = lines.iter().flat_map(|line| {
            let from = line.row as f32 * LINE_SPACING;
            line.points.iter().map(move |point| point[1] - from)
        });
        let (top, bottom) = heights.fold((0.0_f32, 0.0_f32), |(top, bottom), y| (top.min(y), bottom.max(y)));
        let free = self.height - 2.0 * self.margin - (bottom - top) * scale;
        let rows = 1 + (free / (LINE_SPACING * scale)).max(0.0) as usize;
        let count = lines.last().map_or(1, |line| line.row / rows + 1);
        let sheet = |index: usize| {
            let own: Vec<_> = lines.iter().filter(|line| line.row / rows == index).collect();
            let ink = Ink { strokes: own.iter().flat_map(|line| Ink::from_points(&line.points).strokes).collect() };
            let up = (index * rows) as f32 * LINE_SPACING;
            let moved = |p: &Point| Point { x: p.x, y: p.y - up };
            let ink = Ink { strokes: ink.strokes.iter().map(|stroke| stroke.iter().map(moved).collect()).collect() };
            let layout = Layout {
                width: self.width,
                height: self.height,
                x: self.margin - bounds.min.x * scale,
                y: self.margin - top * scale,
                scale,
            };
            Sheet { ink, layout, lines: own.len() }
        };
        (0..count).map(sheet).collect()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const PAPER: Paper = Paper { width: 100.0, height: 80.0, margin: 10.0 };

    fn lines(rows: &[usize], width: f32) -> Vec<Line> {
        let line = |&row: &usize| {
            let y = row as f32 * LINE_SPACING;
            Line { row, points: vec![[0.0, y - 300.0, 0.0], [width, y + 200.0, 1.0]] }
        };
        rows.iter().map(line).collect()
    }

    #[test]
    fn lines_go_on_on_the_next_sheet_and_stay_between_the_margins() {
        // 60 mm between the margins: a line of 8 mm and three more, 12.48 mm apart.
        let sheets = PAPER.sheets(&lines(&[0, 1, 2, 3, 4, 6, 9], 4000.0), 0.016);
        assert_eq!(sheets.iter().map(|sheet| sheet.lines).collect::<Vec<_>>(), [5, 2]);
        for Sheet { ink, layout, .. } in &sheets {
            let bounds = ink.bounds().unwrap();
            let y = |y: f32| layout.y + y * layout.scale;
            assert!(y(bounds.min.y) >= 9.99 && y(bounds.max.y) <= 70.01, "{bounds:?}");
        }
        assert_eq!(sheets[1].ink.strokes[0][0].y, LINE_SPACING - 300.0, "a line left free stays free");
    }

    #[test]
    fn wide_lines_are_made_smaller_on_all_sheets_alike() {
        let sheets = PAPER.sheets(&lines(&[0, 1], 8000.0), 0.016);
        assert_eq!((sheets.len(), sheets[0].layout.scale), (1, 0.01));
        assert_eq!(PAPER.sheets(&[], 0.016).len(), 1, "an empty sheet");
    }

    #[test]
    fn as_many_letters_as_fit() {
        assert_eq!(PAPER.columns(0.016), 39);
        assert_eq!((PAPER.columns(0.1), PAPER.columns(0.001)), (10, 60));
    }
}
