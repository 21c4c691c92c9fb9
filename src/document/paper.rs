//! A sheet of paper: its size, margins and rules, and where baselines lie on it.
//!
//! Millimetres where it says so, else corpus units (an `x` is 200 high) from the sheet's upper left corner, y down.

use crate::error::{Error, Result};

/// Height of an `x` in corpus units.
pub const X_HEIGHT: f64 = 200.0;
/// Distance of the baselines. Half of the corpus' lines are 580 high or more, one in twenty more than 910; lines of one
/// hand seldom touch at this distance.
pub const PITCH: f64 = 680.0;
/// Margin around the ink on a sheet that grows with it, and the least width of such a sheet.
const FREE_MARGIN: f64 = 460.0;
const FREE_WIDTH: f64 = 3600.0;
/// A sheet that grows with the ink is at least so much lower than wide: the shape of a screen.
const FREE_SHAPE: f64 = 0.56;
/// Above the first baseline and below the last on such a sheet, besides the margin: ascenders and descenders.
const ABOVE: f64 = 420.0;
const BELOW: f64 = 120.0;
/// Characters in a line: the networks have not learnt to go on for much longer.
const COLUMNS: std::ops::RangeInclusive<usize> = 10..=60;
/// Columns on a sheet that grows with the ink, times millimetres of a corpus unit: 36 columns where an `x` is 3.2 mm
/// high.
const FREE_COLUMNS: f64 = 36.0 * 3.2 / X_HEIGHT;
/// Largest side of a sheet in millimetres.
const MAX_SIDE_MM: f64 = 2000.0;

/// A sheet of paper, in millimetres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paper {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Left and right of the ink, and above and below it.
    pub margins: [f64; 2],
}

impl Paper {
    /// Paper with default margins: 8.5 % of each side within 10 to 20 mm, and never more than a quarter of it.
    ///
    /// # Errors
    /// [`Error::Setting`] for sides that are not above 0 and up to 2 m.
    pub fn new(width: f64, height: f64) -> Result<Self> {
        if ![width, height].iter().all(|side| *side > 0.0 && *side <= MAX_SIDE_MM) {
            return Err(bad("paper", format!("{width} × {height} mm: sides must be above 0 and up to {MAX_SIDE_MM}")));
        }
        let margin = |side: f64| (side * 0.085).clamp(10.0, 20.0).min(side / 4.0);
        Ok(Self { width, height, margins: [margin(width), margin(height)] })
    }

    /// `a4`, `letter` or `card` (A6), upright.
    pub fn named(name: &str) -> Option<Self> {
        let (width, height) = match name {
            "a4" => (210.0, 297.0),
            "letter" => (215.9, 279.4),
            "card" => (105.0, 148.0),
            _ => return None,
        };
        Self::new(width, height).ok()
    }

    /// The same sheet turned by a quarter.
    #[must_use]
    pub fn landscape(self) -> Self {
        Self { width: self.height, height: self.width, margins: [self.margins[1], self.margins[0]] }
    }

    /// With this margin on all sides, in millimetres.
    ///
    /// # Errors
    /// [`Error::Setting`] if it is negative or leaves no room for ink.
    pub fn with_margin(self, margin: f64) -> Result<Self> {
        let room = self.width.min(self.height) / 2.0 - 1.0;
        if !(0.0..=room).contains(&margin) {
            return Err(bad("margin", format!("{margin} mm is outside 0 to {room} on this paper")));
        }
        Ok(Self { margins: [margin; 2], ..self })
    }
}

/// Lines printed on the paper.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ruling {
    /// None.
    #[default]
    Plain,
    /// One under each line of writing.
    Ruled,
    /// Squares of half the line distance.
    Squared,
}

impl std::str::FromStr for Ruling {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "plain" => Ok(Ruling::Plain),
            "ruled" => Ok(Ruling::Ruled),
            "squared" => Ok(Ruling::Squared),
            _ => Err(bad("ruling", format!("{name:?} is none of plain, ruled, squared"))),
        }
    }
}

/// How ink is laid out: nothing here changes which points the network draws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PageStyle {
    /// `None` for a sheet that grows with the ink.
    pub paper: Option<Paper>,
    /// Millimetres of a corpus unit.
    pub unit: f64,
    /// Lines printed on the paper.
    pub ruling: Ruling,
    /// Degrees by which the ink leans to the right, besides what the hand does by itself.
    pub slant: f64,
    /// How unsteady lines are, from 0 to 1.
    pub unsteadiness: f64,
    /// Most lines on a sheet that grows with the ink.
    pub max_rows: usize,
}

impl Default for PageStyle {
    fn default() -> Self {
        Self {
            paper: None,
            unit: 3.2 / X_HEIGHT,
            ruling: Ruling::Plain,
            slant: 0.0,
            unsteadiness: 0.0,
            max_rows: usize::MAX,
        }
    }
}

impl PageStyle {
    /// With an `x` of this height in millimetres.
    ///
    /// # Errors
    /// [`Error::Setting`] for a height that is not from 0.1 to 1000.
    pub fn with_size(self, size: f64) -> Result<Self> {
        if !(0.1..=1000.0).contains(&size) {
            return Err(bad("size", format!("{size} mm is outside 0.1 to 1000")));
        }
        Ok(Self { unit: size / X_HEIGHT, ..self })
    }

    /// Checks the ranges of its numbers.
    ///
    /// # Errors
    /// [`Error::Setting`] for a slant beyond 45 degrees or an unsteadiness outside 0 to 1.
    pub fn validate(&self) -> Result<()> {
        if !(-45.0..=45.0).contains(&self.slant) {
            return Err(bad("slant", format!("{} is outside -45 to 45 degrees", self.slant)));
        }
        if !(0.0..=1.0).contains(&self.unsteadiness) {
            return Err(bad("unsteadiness", format!("{} is outside 0 to 1", self.unsteadiness)));
        }
        Ok(())
    }

    /// How many characters of `letter_width` corpus units (the mean, blanks included) fit in a line.
    pub fn columns(&self, letter_width: f64) -> usize {
        let fitting = match self.paper {
            Some(paper) => (paper.width - 2.0 * paper.margins[0]) / self.unit / letter_width,
            None => FREE_COLUMNS / self.unit,
        };
        // Not one less because of a rounding error.
        ((fitting + 1e-9).max(0.0) as usize).clamp(*COLUMNS.start(), *COLUMNS.end())
    }
}

/// Size of a text as far as it is known before it is written, for a sheet that grows with the ink.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Extent {
    /// Characters of the longest line.
    pub columns: usize,
    /// Number of lines, blank ones included.
    pub rows: usize,
    /// Width of a character in corpus units.
    pub letter_width: f64,
}

/// A sheet's geometry in corpus units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sheet {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Left margin.
    pub left: f64,
    /// First baseline; others follow at [`PITCH`].
    pub first: f64,
    /// Lines on the sheet.
    pub rows: usize,
    /// Width that a line may have; infinite where the sheet grows.
    pub room: f64,
    /// Distance from the left margin to the middle of a line, around which an unsteady line is turned.
    pub middle: f64,
    /// Millimetres of a corpus unit.
    pub unit: f64,
}

impl Sheet {
    /// The sheet for a text.
    pub fn new(style: &PageStyle, text: Extent) -> Self {
        let Some(Paper { width, height, margins }) = style.paper else { return Self::growing(style, text) };
        let [left, top] = margins.map(|margin| margin / style.unit);
        let first = top + PITCH * 0.6;
        let below = (height / style.unit - first - top * 0.8) / PITCH;
        let width = width / style.unit;
        Self {
            width,
            height: height / style.unit,
            left,
            first,
            rows: 1 + below.max(0.0) as usize,
            // Ink may reach a little into the right margin.
            room: width - left * 1.4,
            middle: width / 2.0 - left,
            unit: style.unit,
        }
    }

    fn growing(style: &PageStyle, text: Extent) -> Self {
        let width = FREE_WIDTH.max(text.columns as f64 * text.letter_width + 2.0 * FREE_MARGIN);
        let rows = text.rows.clamp(1, style.max_rows.max(1));
        let needed = 2.0 * FREE_MARGIN + ABOVE + BELOW + (rows - 1) as f64 * PITCH;
        let height = needed.max(width * FREE_SHAPE);
        Self {
            width,
            height,
            left: FREE_MARGIN,
            // A little above the middle.
            first: FREE_MARGIN + ABOVE + (height - needed) * 0.4,
            rows: style.max_rows.max(1),
            room: f64::INFINITY,
            middle: FREE_WIDTH / 2.0 - FREE_MARGIN,
            unit: style.unit,
        }
    }

    /// Makes a growing sheet wide enough for ink that reaches to `right`, in steps. Returns whether it was too narrow.
    pub(super) fn widen(&mut self, right: f64) -> bool {
        const STEP: f64 = 200.0;
        let needed = right + FREE_MARGIN;
        if self.room.is_finite() || needed <= self.width {
            return false;
        }
        self.width = (needed / STEP).ceil() * STEP;
        true
    }

    /// Makes a growing sheet high enough for so many lines.
    pub(super) fn heighten(&mut self, rows: usize) {
        if self.room.is_infinite() {
            let last = self.first + (rows.clamp(1, self.rows) - 1) as f64 * PITCH;
            self.height = self.height.max(last + BELOW + FREE_MARGIN);
        }
    }

    /// Heights of the horizontal rules and places of the vertical ones.
    pub fn rules(&self, ruling: Ruling) -> [Vec<f64>; 2] {
        let steps = |from: f64, to: f64, step: f64| {
            let count = ((to - from) / step).ceil().max(0.0) as usize;
            (0..count).map(|n| from + n as f64 * step).collect::<Vec<f64>>()
        };
        match ruling {
            Ruling::Plain => [Vec::new(), Vec::new()],
            Ruling::Ruled => [steps(self.first, self.height - PITCH * 0.4, PITCH), Vec::new()],
            Ruling::Squared => {
                let side = PITCH / 2.0;
                [steps(self.first % side, self.height, side), steps(self.left % side, self.width, side)]
            }
        }
    }
}

fn bad(name: &str, problem: String) -> Error {
    Error::Setting { name: name.into(), problem }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn style(paper: Option<Paper>) -> PageStyle {
        PageStyle { paper, ..PageStyle::default() }
    }

    #[test]
    fn margins_suit_the_paper_and_can_be_set() {
        assert_eq!(Paper::named("a4").unwrap().margins, [17.85, 20.0]);
        assert_eq!(Paper::named("card").unwrap().landscape().margins, [148.0 * 0.085, 10.0]);
        assert_eq!(Paper::new(20.0, 20.0).unwrap().margins, [5.0; 2]);
        assert_eq!(Paper::new(200.0, 50.5).unwrap().with_margin(0.0).unwrap().margins, [0.0; 2]);
        assert!(Paper::named("napkin").is_none());
        for (refused, name) in [
            (Paper::new(0.0, 10.0).map(drop), "paper"),
            (Paper::new(10.0, f64::NAN).map(drop), "paper"),
            (Paper::new(100.0, 100.0).unwrap().with_margin(60.0).map(drop), "margin"),
            (Paper::new(100.0, 100.0).unwrap().with_margin(-1.0).map(drop), "margin"),
            (style(None).with_size(0.0).map(drop), "size"),
            (PageStyle { slant: f64::NAN, ..style(None) }.validate(), "slant"),
            (PageStyle { unsteadiness: 2.0, ..style(None) }.validate(), "unsteadiness"),
            ("wavy".parse::<Ruling>().map(drop), "ruling"),
        ] {
            assert!(refused.unwrap_err().to_string().starts_with(name), "{name}");
        }
    }

    #[test]
    fn as_many_characters_as_fit() {
        let columns = |width| style(Some(Paper::new(width, 100.0).unwrap())).columns(150.0);
        assert_eq!((columns(105.0), columns(30.0), columns(1900.0)), (35, 10, 60));
        assert_eq!(style(None).columns(165.0), 36);
        assert!(style(None).with_size(4.2).unwrap().columns(165.0) < 30);
    }

    #[test]
    fn a_growing_sheet_has_the_shape_of_a_screen_until_the_ink_needs_more() {
        let extent = Extent { columns: 10, rows: 1, letter_width: 165.0 };
        let mut sheet = Sheet::new(&style(None), extent);
        assert!(sheet.width == 3600.0 && (sheet.height - 2016.0).abs() < 1e-6);
        assert!(sheet.first > 880.0 && sheet.first < sheet.height / 2.0 + 200.0);
        assert!(!sheet.widen(3000.0) && sheet.widen(4000.0));
        assert_eq!(sheet.width, 4600.0);
        let first = sheet.first;
        sheet.heighten(10);
        assert_eq!((sheet.first, sheet.height), (first, first + 9.0 * PITCH + 580.0), "the ink above stays");
        let long = Sheet::new(&PageStyle { max_rows: 24, ..style(None) }, Extent { rows: 1000, ..extent });
        assert_eq!((long.rows, long.height), (24, 1460.0 + 23.0 * PITCH));
        let mut a4 = Sheet::new(&style(Paper::named("a4")), extent);
        assert!(!a4.widen(1e6), "paper does not grow");
    }

    #[test]
    fn rules_are_where_the_baselines_are() {
        let sheet = Sheet::new(&style(Paper::named("a4")), Extent::default());
        let [across, upright] = sheet.rules(Ruling::Ruled);
        assert!(across.len() >= sheet.rows && across[0] == sheet.first && upright.is_empty(), "{across:?}");
        let [across, upright] = sheet.rules(Ruling::Squared);
        assert!(across.iter().any(|y| (y - sheet.first).abs() < 1e-6), "{across:?}");
        assert!(upright.iter().any(|x| (x - sheet.left).abs() < 1e-6));
        assert!(across.iter().all(|y| *y < sheet.height) && upright.iter().all(|x| *x < sheet.width));
        assert_eq!(sheet.rules(Ruling::Plain), [Vec::<f64>::new(), Vec::new()]);
    }
}
