//! A sheet of paper: its size, margins and rules, and where baselines lie on it.
//!
//! Millimetres where it says so, else corpus units (an `x` is 200 high) from the sheet's upper left corner, y down. Pages
//! and rows count from 0: the first page has the number 0.

use crate::error::{Error, Result};
use std::borrow::Cow;

/// Height of an `x` in corpus units.
pub const X_HEIGHT: f64 = 200.0;
/// Distance of the baselines unless it is set ([`PageStyle::pitch`]): an `x` is 5/17 of it. Half of the corpus' lines are
/// 580 high or more, one in twenty more than 910; lines of one hand seldom touch at this distance.
pub const PITCH: f64 = 680.0;
/// Height of tall letters above the baseline, and depth of tails below it: both lie within the margins.
const ASCENT: f64 = 408.0;
const DESCENT: f64 = 200.0;
/// Least width of a line: a word of four letters of ordinary width.
const LEAST_ROOM: f64 = 660.0;
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
/// Sides of a sheet in millimetres.
const MIN_SIDE_MM: f64 = 10.0;
const MAX_SIDE_MM: f64 = 2000.0;
/// Millimetres of an inch.
const INCH: f64 = 25.4;
/// Heights of an `x`, and distances of baselines, that are accepted, in millimetres.
const SIZES_MM: std::ops::RangeInclusive<f64> = 0.1..=1000.0;
const PITCHES_MM: std::ops::RangeInclusive<f64> = 0.5..=1000.0;
/// On an envelope, in millimetres: left of and above the sender's address, the width at the right that stamps and
/// postmarks take, and the least distance of the two addresses.
const SENDER_MARGIN_MM: f64 = 10.0;
const STAMP_MM: f64 = 74.0;
const BETWEEN_MM: f64 = 5.0;
/// How much smaller than asked for an address may be, so that its lines are not broken, and how much wider than expected
/// they may turn out.
const LEAST_ADDRESS: f64 = 0.5;
const ADDRESS_SPARE: f64 = 1.12;

/// The sheets that have a name: width and height in millimetres. [`Paper::named`] knows the envelopes, too.
const SHEETS: [(&str, f64, f64); 6] = [
    ("a4", 210.0, 297.0),
    ("a5", 148.0, 210.0),
    ("a6", 105.0, 148.0),
    ("card", 105.0, 148.0),
    ("letter", 215.9, 279.4),
    ("legal", 215.9, 355.6),
];

/// Envelopes: width, height, and the margins of the address (top, right, bottom, left), in millimetres.
///
/// Posts read the address in the lower right: Deutsche Post wants it at least 40 mm from the top and 15 mm from the other
/// edges, USPS from 5/8 to 2 3/4 inches above the lower edge and half an inch from the sides. The upper right is the
/// stamp's, the upper left the sender's.
const ENVELOPES: [(&str, f64, f64, [f64; 4]); 3] = [
    ("envelope-dl", 220.0, 110.0, [40.0, 15.0, 16.0, 100.0]),
    ("envelope-c6", 162.0, 114.0, [44.0, 15.0, 16.0, 70.0]),
    ("envelope-10", 241.3, 104.8, [38.0, 15.0, 16.0, 110.0]),
];

/// What a message says about the names of paper.
const NAMES: &str = "a4, a5, a6, card, letter, legal, envelope-dl, envelope-c6, envelope-10";

/// Margins in millimetres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Margins {
    /// Above the first line's tall letters.
    pub top: f64,
    /// To the right of the lines.
    pub right: f64,
    /// Below the last line's tails.
    pub bottom: f64,
    /// To the left of the lines.
    pub left: f64,
}

impl Margins {
    /// In the order of CSS: top, right, bottom, left.
    pub const fn new([top, right, bottom, left]: [f64; 4]) -> Self {
        Self { top, right, bottom, left }
    }

    /// The same on all sides.
    pub const fn all(margin: f64) -> Self {
        Self::new([margin; 4])
    }
}

/// A sheet of paper, in millimetres.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Paper {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Margins; of an envelope, those of the address.
    pub margins: Margins,
    /// Top margin of the first page, if it is another one: below a letterhead.
    pub first_top: Option<f64>,
    /// Whether left and right are exchanged on every second page, for paper that is written on both sides.
    pub mirrored: bool,
    /// Whether it is a card: a text of no more lines than it has is written small enough for one side, down to half the size.
    pub card: bool,
    /// Whether it is an envelope: what stands above a line `---` of the text is the sender's address, and is written in
    /// the upper left.
    pub envelope: bool,
}

setters!(Paper {
    with_margins => margins: Margins,
    with_first_top => first_top: impl Into<Option<f64>>,
    with_mirrored => mirrored: bool,
    with_card => card: bool,
    with_envelope => envelope: bool,
});

impl Paper {
    /// Paper with default margins: 8.5 % of each side within 10 to 20 mm, and never more than a quarter of it.
    ///
    /// # Errors
    /// [`Error::Layout`] for sides that are not from 10 mm to 2 m.
    pub fn new(width: f64, height: f64) -> Result<Self> {
        if ![width, height].iter().all(|side| (MIN_SIDE_MM..=MAX_SIDE_MM).contains(side)) {
            let range = format!("sides must be from {MIN_SIDE_MM} to {MAX_SIDE_MM}");
            let values = [("width", width), ("height", height), ("least", MIN_SIDE_MM), ("most", MAX_SIDE_MM)];
            return Err(impossible("paper", "paperSize", &values, format!("{width} × {height} mm: {range}")));
        }
        let margin = |side: f64| (side * 0.085).clamp(10.0, 20.0).min(side / 4.0);
        let (across, upright) = (margin(width), margin(height));
        let margins = Margins::new([upright, across, upright, across]);
        Ok(Self { width, height, margins, first_top: None, mirrored: false, card: false, envelope: false })
    }

    /// Paper by its name, upright: `a4`, `a5`, `a6` or `card`, `letter`, `legal`; an envelope, lying: `envelope-dl`,
    /// `envelope-c6`, `envelope-10` (US No. 10).
    pub fn named(name: &str) -> Option<Self> {
        if let Some(&(_, width, height)) = SHEETS.iter().find(|(own, ..)| *own == name) {
            return Some(Self::new(width, height).ok()?.with_card(name == "card"));
        }
        let &(_, width, height, margins) = ENVELOPES.iter().find(|(own, ..)| *own == name)?;
        let margins = Margins::new(margins);
        Some(Self { margins, envelope: true, ..Self::new(width, height).ok()? })
    }

    /// The same paper with its longer side across, and with default margins. An envelope, and paper that lies already, stay
    /// as they are.
    #[must_use]
    pub fn landscape(self) -> Self {
        let lying = |paper: Self| Self { card: self.card, ..paper };
        if self.width >= self.height { self } else { Self::new(self.height, self.width).map_or(self, lying) }
    }

    /// With this margin on all sides, in millimetres.
    ///
    /// # Errors
    /// [`Error::Layout`] if it is negative or leaves no room for ink.
    pub fn with_margin(self, margin: f64) -> Result<Self> {
        let room = self.width.min(self.height) / 2.0 - 1.0;
        if !(0.0..=room).contains(&margin) {
            let values = [("value", margin), ("least", 0.0), ("most", mm(room))];
            let problem = format!("{margin} mm is outside 0 to {} on this paper", mm(room));
            return Err(impossible("margin", "range", &values, problem));
        }
        Ok(Self { margins: Margins::all(margin), ..self })
    }

    /// Checks that there is room between the margins.
    ///
    /// # Errors
    /// [`Error::Layout`] for sides and margins that are no lengths, and for margins that leave no room.
    fn validate(&self) -> Result<()> {
        let Self { width, height, margins, first_top, .. } = *self;
        Self::new(width, height)?;
        let Margins { top, right, bottom, left } = margins;
        let first_top = first_top.unwrap_or(top);
        let named = [top, right, bottom, left].map(|margin| ("margin", margin));
        for (name, margin) in named.into_iter().chain([("firstTop", first_top)]) {
            if !(0.0..=MAX_SIDE_MM).contains(&margin) {
                let values = [("value", margin), ("least", 0.0), ("most", MAX_SIDE_MM)];
                return Err(impossible(name, "range", &values, format!("{margin} mm is outside 0 to {MAX_SIDE_MM}")));
            }
        }
        leaves_room(["margin", "roomAcross"], ("at the left", left), ("at the right", right), width)?;
        leaves_room(["margin", "roomDown"], ("above", top), ("below", bottom), height)?;
        leaves_room(["firstTop", "roomDown"], ("above on the first page", first_top), ("below", bottom), height)
    }

    /// Width and height between the margins, on the first page and on others: the lower of the two heights.
    fn room(&self) -> [f64; 2] {
        let Margins { top, right, bottom, left } = self.margins;
        [self.width - left - right, self.height - top.max(self.first_top.unwrap_or(top)) - bottom]
    }
}

impl std::str::FromStr for Paper {
    type Err = Error;

    /// Reads a name, or a size: `120x80`, `120x80mm`, `5x7in`.
    fn from_str(name: &str) -> Result<Self> {
        if let Some(paper) = Self::named(name) {
            return Ok(paper);
        }
        let (sides, unit) = match name.strip_suffix("in") {
            Some(sides) => (sides, INCH),
            None => (name.strip_suffix("mm").unwrap_or(name), 1.0),
        };
        let sides = sides.split_once('x').and_then(|(width, height)| Some((decimal(width)?, decimal(height)?)));
        let Some((width, height)) = sides else {
            let sizes = "a size such as 120x80mm and 5x7in (width x height)";
            return Err(bad("paper", format!("{name:?} is none of {NAMES} and {sizes}")));
        };
        Self::new(width * unit, height * unit)
    }
}

/// Splits the text of an envelope at a line of hyphens (`---`), above which the sender's address stands. Returns the text
/// with a blank line in the place of that line, without any other among the sender's lines; whether there is a sender; and
/// the characters of the longest line, and lines of the longer address.
pub(super) fn addressed(text: &str) -> (Cow<'_, str>, bool, [usize; 2]) {
    let (text, has_sender) = split_addresses(text);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let sender = lines.iter().position(|line| line.is_empty()).filter(|_| has_sender);
    let rows = sender.map_or(lines.len(), |rows| rows.max(lines.len() - rows - 1));
    (text, has_sender, [longest, rows])
}

fn split_addresses(text: &str) -> (Cow<'_, str>, bool) {
    let mut sender = String::new();
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        end += line.len();
        let line = line.trim();
        if line.len() >= 3 && line.bytes().all(|byte| byte == b'-') {
            let address = text[end..].trim();
            let has_sender = !sender.is_empty() && !address.is_empty();
            sender.push_str(if has_sender { "\n" } else { "" });
            sender.push_str(address);
            return (sender.into(), has_sender);
        }
        if !line.is_empty() {
            sender.push_str(line);
            sender.push('\n');
        }
    }
    (text.into(), false)
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
    /// Dots at the corners of such squares.
    Dotted,
}

impl std::str::FromStr for Ruling {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "plain" => Ok(Ruling::Plain),
            "ruled" => Ok(Ruling::Ruled),
            "squared" => Ok(Ruling::Squared),
            "dotted" => Ok(Ruling::Dotted),
            _ => Err(bad("ruling", format!("{name:?} is none of plain, ruled, squared, dotted"))),
        }
    }
}

/// How ink is laid out: nothing here changes which points the network draws.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PageStyle {
    /// `None` for a sheet that grows with the ink.
    pub paper: Option<Paper>,
    /// Millimetres of a corpus unit.
    pub unit: f64,
    /// Distance of the baselines, in corpus units.
    pub pitch: f64,
    /// Lines printed on the paper.
    pub ruling: Ruling,
    /// Degrees by which the ink leans to the right, besides what the hand does by itself.
    pub slant: f64,
    /// How much lines and words wander, from 0 (not at all) to 1 (as people's).
    pub wander: f64,
    /// Most lines on a sheet that grows with the ink.
    pub max_rows: usize,
    /// Whether pages of paper have numbers, from the second on. Envelopes have none.
    pub page_numbers: bool,
}

impl Default for PageStyle {
    fn default() -> Self {
        Self {
            paper: None,
            unit: 3.2 / X_HEIGHT,
            pitch: PITCH,
            ruling: Ruling::Plain,
            slant: 0.0,
            wander: 0.0,
            max_rows: usize::MAX,
            page_numbers: true,
        }
    }
}

setters!(PageStyle {
    with_paper => paper: impl Into<Option<Paper>>,
    with_unit => unit: f64,
    with_pitch => pitch: f64,
    with_ruling => ruling: Ruling,
    with_slant => slant: f64,
    with_wander => wander: f64,
    with_page_numbers => page_numbers: bool,
    with_max_rows => max_rows: usize,
});

impl PageStyle {
    /// With an `x` of this height and baselines at this distance, in millimetres. Where only one of them is given, the
    /// other follows: an `x` is 5/17 of the distance. `size` of `None` without a pitch leaves 3.2 mm.
    ///
    /// # Errors
    /// [`Error::Layout`] for a size that is not from 0.1 to 1000, a pitch that is not from 0.5 to 1000, and a pitch less
    /// than the size.
    pub fn with_size(self, size: Option<f64>, pitch: Option<f64>) -> Result<Self> {
        for (name, value, range) in [("size", size, SIZES_MM), ("pitch", pitch, PITCHES_MM)] {
            if let Some(value) = value.filter(|value| !range.contains(value)) {
                let (least, most) = (*range.start(), *range.end());
                let values = [("value", value), ("least", least), ("most", most)];
                return Err(impossible(name, "range", &values, format!("{value} mm is outside {least} to {most}")));
            }
        }
        match (size, pitch) {
            (None, None) => Ok(self),
            (Some(size), None) => Ok(Self { unit: size / X_HEIGHT, pitch: PITCH, ..self }),
            (None, Some(pitch)) => Ok(Self { unit: pitch / PITCH, pitch: PITCH, ..self }),
            (Some(size), Some(pitch)) if pitch < size => {
                let problem = format!("{pitch} mm is less than the height of an x: lines would lie on one another");
                let problem = format!("{problem}. Take at least {size} mm, or a smaller size");
                Err(impossible("pitch", "linesOverlap", &[("pitch", pitch), ("size", size)], problem))
            }
            (Some(size), Some(pitch)) => {
                let unit = size / X_HEIGHT;
                Ok(Self { unit, pitch: pitch / unit, ..self })
            }
        }
    }

    /// Checks the ranges of its numbers, and that there is room on the paper for lines of this size.
    ///
    /// # Errors
    /// [`Error::Setting`] for a slant beyond 45 degrees and a wander outside 0 to 1; [`Error::Layout`] for margins that
    /// leave no room, and a size or a pitch that is too large for the paper.
    pub fn validate(&self) -> Result<()> {
        if !(-45.0..=45.0).contains(&self.slant) {
            return Err(bad("slant", format!("{} is outside -45 to 45 degrees", self.slant)));
        }
        if !(0.0..=1.0).contains(&self.wander) {
            return Err(bad("wander", format!("{} is outside 0 to 1", self.wander)));
        }
        let Some(paper) = self.paper else { return Ok(()) };
        paper.validate()?;
        let [width, height] = paper.room();
        let most = (width / LEAST_ROOM).min(height / (ASCENT + DESCENT));
        // Not refused because of a rounding error.
        if self.unit > most * (1.0 + 1e-9) {
            let (size, pitch) = (mm(self.unit * X_HEIGHT), mm(self.unit * self.pitch));
            let [width, height] = [width, height].map(mm);
            let (most, widest) = (floor(most * X_HEIGHT), floor(most * PITCH));
            let problem = format!(
                "with an x of {size} mm and lines {pitch} mm apart no word fits between the margins of this paper, \
                 {width} × {height} mm: take a size of at most {most} mm (a pitch of {widest}), or smaller margins"
            );
            let values = [
                ("size", size),
                ("pitch", pitch),
                ("width", width),
                ("height", height),
                ("most", most),
                ("widest", widest),
            ];
            return Err(impossible("size", "noWordFits", &values, problem));
        }
        let pitch = self.pitch * self.unit;
        if self.pitch != PITCH && pitch > height {
            let found =
                format!("{} mm is more than the {} mm between the margins of this paper", mm(pitch), mm(height));
            let values = [("pitch", mm(pitch)), ("height", mm(height))];
            let problem = format!("{found}: take a smaller pitch or smaller margins");
            return Err(impossible("pitch", "noLineFits", &values, problem));
        }
        Ok(())
    }

    /// How many characters of `letter_width` corpus units (the mean, blanks included) fit in a line.
    pub fn columns(&self, letter_width: f64) -> usize {
        let fitting = match self.paper {
            Some(paper) => paper.room()[0] / self.unit / letter_width,
            None => FREE_COLUMNS / self.unit,
        };
        // Not one less because of a rounding error.
        ((fitting + 1e-9).max(0.0) as usize).clamp(*COLUMNS.start(), *COLUMNS.end())
    }
}

impl PageStyle {
    /// On an envelope, with letters small enough for addresses of so many characters in the longest line and so many
    /// lines. `letter_width` is in corpus units.
    pub(super) fn fitted_to_address(mut self, [longest, rows]: [usize; 2], letter_width: f64) -> Self {
        let Some(paper) = self.paper.filter(|paper| paper.envelope && longest > 0) else { return self };
        let Margins { top, right, bottom, left } = paper.margins;
        let across = (paper.width - left - right).min(left - SENDER_MARGIN_MM - BETWEEN_MM);
        let down = paper.height - top - bottom;
        let wide = longest as f64 * letter_width * ADDRESS_SPARE;
        let high = ASCENT + DESCENT + rows.saturating_sub(1) as f64 * self.pitch;
        self.unit *= (across / (wide * self.unit)).min(down / (high * self.unit)).clamp(LEAST_ADDRESS, 1.0);
        self
    }
}

/// Size of a text as far as it is known before it is written.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Extent {
    /// Characters of the longest line.
    pub columns: usize,
    /// Number of lines, blank ones included.
    pub rows: usize,
    /// Width of a character in corpus units.
    pub letter_width: f64,
    /// How many of the first rows, the blank one after them included, are the sender's address on an envelope.
    pub sender_rows: usize,
    /// Characters of an envelope's longest line, and lines of its longer address; 0 elsewhere.
    pub address: [usize; 2],
    /// About how wide the ink of the longest line will be; 0 if that is not known. Corpus units.
    pub ink: f64,
}

/// A sheet's geometry in corpus units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sheet {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Width that a line may have; infinite where the sheet grows.
    pub room: f64,
    /// Distance of the baselines.
    pub pitch: f64,
    /// Millimetres of a corpus unit.
    pub unit: f64,
    /// Left margin of the first page and every second one after it, and of the others.
    left: [f64; 2],
    /// First baseline on the first page and on others, and how many lines there are.
    first: [f64; 2],
    rows: [usize; 2],
    /// Distance from the left margin to the middle of a line.
    middle: f64,
    /// The sender's address on an envelope, above the rows of the first page.
    sender: Option<Sender>,
}

/// Where a sender's address lies, in corpus units.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sender {
    left: f64,
    first: f64,
    /// Rows of the text that it takes, the blank one after it included.
    rows: usize,
    room: f64,
}

/// Where a line lies, in corpus units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// The page.
    pub page: usize,
    /// Its left end.
    pub left: f64,
    /// Its baseline.
    pub baseline: f64,
    /// The width that it may have; infinite where the sheet grows.
    pub room: f64,
    /// Distance from its left end to its middle, around which an unsteady line is turned.
    pub middle: f64,
}

impl Sheet {
    /// The sheet for a text.
    pub fn new(style: &PageStyle, text: Extent) -> Self {
        let Some(paper) = style.paper else { return Self::growing(style, text) };
        let units = |mm: f64| mm / style.unit;
        let Margins { top, right, bottom, left } = paper.margins;
        let first = [paper.first_top.unwrap_or(top), top].map(|top| units(top) + ASCENT);
        let last = units(paper.height - bottom) - DESCENT;
        let room = units(paper.width - left - right).max(1.0);
        let sheet = Self {
            width: units(paper.width),
            height: units(paper.height),
            room,
            pitch: style.pitch,
            unit: style.unit,
            left: [left, if paper.mirrored { right } else { left }].map(units),
            first,
            // Not one less because of a rounding error.
            rows: first.map(|first| 1 + ((last - first) / style.pitch + 1e-9).max(0.0) as usize),
            middle: room / 2.0,
            sender: None,
        };
        Self { sender: sheet.sender(&paper, text.sender_rows), ..sheet }
    }

    /// The sender's address above the address proper, or beside it where it has more lines than fit there; `None` without
    /// one, or where there is no room for it.
    fn sender(&self, paper: &Paper, rows: usize) -> Option<Sender> {
        if !paper.envelope || rows == 0 {
            return None;
        }
        let [margin, stamp, between] = [SENDER_MARGIN_MM, STAMP_MM, BETWEEN_MM].map(|mm| mm / self.unit);
        let first = margin + ASCENT;
        let last = first + rows.saturating_sub(2) as f64 * self.pitch + DESCENT;
        let right = if last <= self.first[0] - ASCENT { self.width - stamp } else { self.left[0] - between };
        let sender = Sender { left: margin, first, rows, room: right - margin };
        (last <= self.height - margin && sender.room >= LEAST_ROOM).then_some(sender)
    }

    fn growing(style: &PageStyle, text: Extent) -> Self {
        let width = FREE_WIDTH.max(text.columns as f64 * text.letter_width + 2.0 * FREE_MARGIN);
        let rows = text.rows.clamp(1, style.max_rows.max(1));
        let needed = 2.0 * FREE_MARGIN + ABOVE + BELOW + (rows - 1) as f64 * style.pitch;
        let height = needed.max(width * FREE_SHAPE);
        let room = width - 2.0 * FREE_MARGIN;
        Self {
            width,
            height,
            room: f64::INFINITY,
            pitch: style.pitch,
            unit: style.unit,
            // In the middle, as far as that is known.
            left: [FREE_MARGIN + if text.ink > 0.0 { (room - text.ink).max(0.0) / 2.0 } else { 0.0 }; 2],
            // A little above the middle.
            first: [FREE_MARGIN + ABOVE + (height - needed) * 0.4; 2],
            rows: [style.max_rows.max(1); 2],
            middle: FREE_WIDTH / 2.0 - FREE_MARGIN,
            sender: None,
        }
    }

    /// Left margin of a page.
    pub fn left(&self, page: usize) -> f64 {
        self.left[page % 2]
    }

    /// First baseline of a page; others follow at [`Sheet::pitch`].
    pub fn first(&self, page: usize) -> f64 {
        self.first[page.min(1)]
    }

    /// Lines on a page.
    pub fn rows(&self, page: usize) -> usize {
        self.rows[page.min(1)]
    }

    /// Where a row of the text lies.
    #[inline(never)]
    pub fn spot(&self, row: usize) -> Spot {
        let sender_rows = self.sender.map_or(0, |sender| sender.rows);
        if let Some(Sender { left, first, room, .. }) = self.sender.filter(|_| row < sender_rows) {
            return Spot { page: 0, left, baseline: first + row as f64 * self.pitch, room, middle: room / 2.0 };
        }
        let row = row - sender_rows;
        let (page, row) = match row.checked_sub(self.rows[0]) {
            None => (0, row),
            Some(after) => (1 + after / self.rows[1], after % self.rows[1]),
        };
        let baseline = self.first(page) + row as f64 * self.pitch;
        Spot { page, left: self.left(page), baseline, room: self.room, middle: self.middle }
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
            let last = self.first[0] + (rows.clamp(1, self.rows[0]) - 1) as f64 * self.pitch;
            self.height = self.height.max(last + BELOW + FREE_MARGIN);
        }
    }

    /// Heights of a page's horizontal rules and places of the vertical ones; dots lie where they cross. They are the same
    /// on all pages but the first.
    pub fn rules(&self, ruling: Ruling, page: usize) -> [Vec<f64>; 2] {
        let steps = |from: f64, to: f64, step: f64| {
            let count = ((to - from) / step).ceil().max(0.0) as usize;
            (0..count).map(|n| from + n as f64 * step).collect::<Vec<f64>>()
        };
        let first = self.first(page);
        match ruling {
            Ruling::Plain => [Vec::new(), Vec::new()],
            Ruling::Ruled => [steps(first, self.height - self.pitch * 0.4, self.pitch), Vec::new()],
            Ruling::Squared | Ruling::Dotted => {
                let side = self.pitch / 2.0;
                [steps(first % side, self.height, side), steps(self.left[0] % side, self.width, side)]
            }
        }
    }
}

/// Checks that two margins leave a millimetre of a side.
fn leaves_room(
    [name, code]: [&'static str; 2],
    (place, margin): (&str, f64),
    (other_place, other): (&str, f64),
    side: f64,
) -> Result<()> {
    let most = (side - other - 1.0).max(0.0);
    if (0.0..=most).contains(&margin) {
        return Ok(());
    }
    let [margin, other, side, most] = [margin, other, side, most].map(mm);
    let problem = format!(
        "{margin} mm {place} and {other} mm {other_place} leave no room on paper of {side} mm: take at most {most} mm \
         {place}, or larger paper"
    );
    let values = [("margin", margin), ("other", other), ("side", side), ("most", most)];
    Err(impossible(name, code, &values, problem))
}

/// A number such as `5` and `5.25`. The standard library reads far more, and takes four kilobytes of the module for it.
fn decimal(text: &str) -> Option<f64> {
    let (mut number, mut tenths, mut digits) = (0.0_f64, 0.0_f64, 0);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                number = number * 10.0 + f64::from(byte - b'0');
                tenths *= 10.0;
                digits += 1;
            }
            b'.' if tenths == 0.0 => tenths = 1.0,
            _ => return None,
        }
    }
    (digits > 0).then(|| number / tenths.max(1.0))
}

/// A length in millimetres, in a message.
fn mm(length: f64) -> f64 {
    (length * 100.0).round() / 100.0
}

/// Likewise, of a length that is the most there may be.
fn floor(length: f64) -> f64 {
    (length * 100.0).floor() / 100.0
}

#[cold]
fn impossible(name: &'static str, code: &'static str, values: &[(&'static str, f64)], problem: String) -> Error {
    Error::Layout { name, code, values: values.to_vec(), problem }
}

#[cold]
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

    fn named(name: &str) -> Paper {
        Paper::named(name).unwrap()
    }

    /// A sheet in millimetres: what its first pages' rows are, and how they lie.
    fn sheet(style: &PageStyle) -> Sheet {
        Sheet::new(style, Extent::default())
    }

    #[test]
    fn margins_suit_the_paper_and_can_be_set() {
        assert_eq!(named("a4").margins, Margins::new([20.0, 17.85, 20.0, 17.85]));
        assert_eq!(named("card").landscape().margins, Margins::new([10.0, 148.0 * 0.085, 10.0, 148.0 * 0.085]));
        assert_eq!(Paper::new(20.0, 20.0).unwrap().margins, Margins::all(5.0));
        assert_eq!(Paper::new(200.0, 50.5).unwrap().with_margin(0.0).unwrap().margins, Margins::all(0.0));
        assert!(Paper::named("napkin").is_none());
    }

    #[test]
    fn paper_is_read_by_its_name_or_its_size() {
        let sides = |name: &str| name.parse::<Paper>().map(|paper| (mm(paper.width), mm(paper.height)));
        for (name, found) in [
            ("a4", (210.0, 297.0)),
            ("a5", (148.0, 210.0)),
            ("a6", (105.0, 148.0)),
            ("card", (105.0, 148.0)),
            ("letter", (215.9, 279.4)),
            ("legal", (215.9, 355.6)),
            ("envelope-dl", (220.0, 110.0)),
            ("envelope-c6", (162.0, 114.0)),
            ("envelope-10", (241.3, 104.8)),
            ("120x80", (120.0, 80.0)),
            ("120x80.5mm", (120.0, 80.5)),
            ("5x7in", (127.0, 177.8)),
        ] {
            assert_eq!(sides(name).unwrap(), found, "{name}");
        }
        for name in
            ["a0", "5x", "x", "5x7ft", "0x10", "NaNx5", "infx5", "3000x10", "-5x7in", "1e2x5", ".x7", "1.2.3x4", ""]
        {
            let refused = sides(name).unwrap_err().to_string();
            assert!(refused.starts_with("paper: "), "{refused}");
        }
    }

    #[test]
    fn turned_paper_lies_and_what_lies_stays() {
        let sides = |paper: Paper| (paper.width, paper.height);
        assert_eq!(sides(named("legal").landscape()), (355.6, 215.9));
        assert_eq!(named("envelope-c6").landscape(), named("envelope-c6"));
        assert_eq!(sides(Paper::new(90.0, 60.0).unwrap().landscape()), (90.0, 60.0));
    }

    #[test]
    fn what_leaves_no_room_is_refused_with_a_remedy() {
        let paper = Paper::new(100.0, 100.0).unwrap();
        let margins = |margins| style(Some(Paper { margins: Margins::new(margins), ..paper })).validate();
        let first = |top| style(Some(Paper { first_top: Some(top), ..paper })).validate();
        let sized = |size, pitch| style(Some(paper)).with_size(size, pitch).and_then(|style| style.validate());
        for (refused, name, remedy) in [
            (Paper::new(0.0, 10.0).map(drop), "paper", "from 10 to 2000"),
            (Paper::new(10.0, f64::NAN).map(drop), "paper", "from 10 to 2000"),
            (style(Some(Paper { width: f64::INFINITY, ..paper })).validate(), "paper", "from 10 to 2000"),
            (paper.with_margin(60.0).map(drop), "margin", "0 to 49"),
            (paper.with_margin(-1.0).map(drop), "margin", "0 to 49"),
            (margins([10.0, 50.0, 10.0, 60.0]), "margin", "at most 49 mm at the left"),
            (margins([95.0, 10.0, 10.0, 10.0]), "margin", "at most 89 mm above"),
            (margins([10.0, 10.0, f64::NAN, 10.0]), "margin", "0 to 2000"),
            (margins([10.0, -3.0, 10.0, 10.0]), "margin", "0 to 2000"),
            (first(95.0), "firstTop", "at most 89 mm above on the first page"),
            (first(f64::NAN), "firstTop", "0 to 2000"),
            (first(-3.0), "firstTop", "0 to 2000"),
            (Paper::new(9.9, 50.0).map(drop), "paper", "from 10 to 2000"),
            (sized(Some(0.0), None), "size", "0.1 to 1000"),
            (sized(Some(f64::NAN), None), "size", "0.1 to 1000"),
            (sized(None, Some(0.0)), "pitch", "0.5 to 1000"),
            (sized(None, Some(f64::INFINITY)), "pitch", "0.5 to 1000"),
            (sized(Some(5.0), Some(4.0)), "pitch", "at least 5 mm"),
            (sized(Some(30.0), None), "size", "a size of at most 24.24 mm (a pitch of 82.42)"),
            (sized(None, Some(300.0)), "size", "a size of at most 24.24 mm (a pitch of 82.42)"),
            (sized(Some(3.0), Some(90.0)), "pitch", "90 mm is more than the 80 mm"),
            (PageStyle { slant: f64::NAN, ..style(None) }.validate(), "slant", "-45 to 45"),
            (PageStyle { wander: 2.0, ..style(None) }.validate(), "wander", "0 to 1"),
            ("wavy".parse::<Ruling>().map(drop), "ruling", "dotted"),
        ] {
            let message = refused.unwrap_err().to_string();
            assert!(message.starts_with(&format!("{name}: ")) && message.contains(remedy), "{message}");
        }
        assert!(sized(Some(24.24), None).is_ok() && sized(Some(3.0), Some(80.0)).is_ok());
        assert!(style(None).with_size(Some(900.0), None).unwrap().validate().is_ok(), "a sheet that grows has room");
    }

    #[test]
    fn every_paper_with_a_name_has_room_for_its_lines() {
        for name in NAMES.split(", ") {
            for paper in [named(name), named(name).landscape()] {
                let style = style(Some(paper));
                style.validate().unwrap();
                let sheet = sheet(&style);
                let last = sheet.first(0) + (sheet.rows(0) - 1) as f64 * sheet.pitch + DESCENT;
                assert!(
                    sheet.rows(0) >= 4 && last * sheet.unit <= paper.height - paper.margins.bottom + 1e-6,
                    "{name}"
                );
                assert!((sheet.first(0) - ASCENT) * sheet.unit >= paper.margins.top - 1e-6, "{name}");
                assert!(style.columns(165.0) >= 26, "{name}");
            }
        }
    }

    #[test]
    fn size_and_pitch_follow_each_other_unless_both_are_given() {
        let sized = |size, pitch| {
            let found = style(None).with_size(size, pitch).unwrap();
            [mm(found.unit * X_HEIGHT), mm(found.unit * found.pitch)]
        };
        assert_eq!(sized(None, None), [3.2, 10.88]);
        assert_eq!(sized(Some(2.5), None), [2.5, 8.5]);
        assert_eq!(sized(None, Some(8.5)), [2.5, 8.5]);
        assert_eq!(sized(Some(2.0), Some(8.0)), [2.0, 8.0]);
        let paper = Paper { margins: Margins::all(10.0), ..Paper::new(100.0, 100.0).unwrap() };
        let rows = |size, pitch| sheet(&style(Some(paper)).with_size(size, pitch).unwrap()).rows(0);
        // Of 80 mm, 6.08 are above the first baseline and below the last.
        assert_eq!((rows(Some(2.0), None), rows(Some(2.0), Some(12.0)), rows(Some(2.0), Some(3.0))), (11, 7, 25));
    }

    #[test]
    fn the_first_page_and_even_pages_have_margins_of_their_own() {
        let margins = Margins::new([10.0, 12.0, 14.0, 30.0]);
        let paper = Paper { margins, first_top: Some(60.0), mirrored: true, ..named("a5") };
        let style = style(Some(paper));
        let sheet = sheet(&style);
        let lengths = |length: f64| mm(length * sheet.unit);
        assert_eq!([0, 1, 2, 3].map(|page| lengths(sheet.left(page))), [30.0, 12.0, 30.0, 12.0]);
        assert_eq!([0, 1, 2].map(|page| lengths(sheet.first(page) - ASCENT)), [60.0, 10.0, 10.0]);
        assert_eq!((sheet.rows(0), sheet.rows(1)), (12, 17));
        assert_eq!(lengths(sheet.room), 106.0);
        for (row, page, on) in [(0, 0, 0), (11, 0, 11), (12, 1, 0), (28, 1, 16), (29, 2, 0)] {
            let spot = sheet.spot(row);
            assert_eq!((spot.page, spot.left), (page, sheet.left(page)), "{row}");
            assert!((spot.baseline - sheet.first(page) - f64::from(on) * sheet.pitch).abs() < 1e-6, "{row}");
        }
        assert_eq!(sheet.rules(Ruling::Ruled, 0)[0][0], sheet.first(0), "no rules behind the letterhead");
        assert_eq!(sheet.rules(Ruling::Ruled, 1)[0][0], sheet.first(1));
    }

    #[test]
    fn envelopes_have_the_sender_above_or_beside_the_address() {
        for (text, found, sender) in [
            ("A\n1 Road", "A\n1 Road", false),
            ("Me\n\nMy Road\n---\n\nYou\n\nRoad\n", "Me\nMy Road\n\nYou\n\nRoad", true),
            ("Me\r\n ----- \r\nYou\r\n", "Me\n\nYou", true),
            ("---\nYou", "You", false),
            ("Me\n---\n ", "Me\n", false),
            ("a -- b\n--\nc", "a -- b\n--\nc", false),
        ] {
            let (text, has_sender, _) = addressed(text);
            assert_eq!((&*text, has_sender), (found, sender));
        }
        for name in ["envelope-dl", "envelope-c6", "envelope-10"] {
            let style = style(Some(named(name)));
            let with = |sender_rows| Sheet::new(&style, Extent { sender_rows, ..Extent::default() });
            let address = with(0).spot(0);
            assert!(address.left * style.unit >= 70.0 && address.baseline * style.unit >= 38.0 + 6.5, "{name}");
            for rows in [2, 3, 4, 6] {
                let sheet = with(rows);
                let [first, last] = [0, rows - 2].map(|row| sheet.spot(row));
                assert_eq!((first.left * style.unit, sheet.spot(rows)), (10.0, address), "{name} {rows}");
                let above = last.baseline + DESCENT <= address.baseline - ASCENT;
                let beside = first.left + first.room < address.left;
                let clear = (first.left + first.room) * style.unit <= named(name).width - STAMP_MM;
                assert!((above || beside) && clear && first.room >= LEAST_ROOM, "{name} {rows}");
            }
            assert_eq!(with(99).spot(0), address, "so many lines are no sender");
        }
        assert_eq!(addressed("Me\nMy long road\n---\nYou\n1 Road\nTown").2, [12, 3]);
        assert_eq!(addressed("You\n\nTown").2, [4, 3]);
        let envelope = style(Some(named("envelope-dl")));
        let fitted = |extent, letter_width| envelope.fitted_to_address(extent, letter_width).unit / envelope.unit;
        assert_eq!(fitted([15, 3], 190.0), 1.0);
        assert!((0.5..0.8).contains(&fitted([24, 3], 380.0)) && (0.5..0.9).contains(&fitted([9, 7], 190.0)));
        assert_eq!((fitted([900, 3], 190.0), fitted([0, 0], 190.0)), (LEAST_ADDRESS, 1.0));
        assert_eq!(style(Some(named("a4"))).fitted_to_address([90, 9], 300.0), style(Some(named("a4"))));
        let letter = Sheet::new(&style(Some(named("a4"))), Extent { sender_rows: 3, ..Extent::default() });
        assert_eq!(letter.spot(0).baseline, letter.first(0));
    }

    #[test]
    fn as_many_characters_as_fit() {
        let columns = |width| style(Some(Paper::new(width, 100.0).unwrap())).columns(150.0);
        assert_eq!((columns(105.0), columns(30.0), columns(1900.0)), (35, 10, 60));
        assert_eq!(style(None).columns(165.0), 36);
        assert!(style(None).with_size(Some(4.2), None).unwrap().columns(165.0) < 30);
    }

    #[test]
    fn a_growing_sheet_has_the_shape_of_a_screen_until_the_ink_needs_more() {
        let extent = Extent { columns: 10, rows: 1, letter_width: 165.0, ..Extent::default() };
        let mut sheet = Sheet::new(&style(None), extent);
        assert!(sheet.width == 3600.0 && (sheet.height - 2016.0).abs() < 1e-6);
        let first = sheet.first(0);
        assert!(first > 880.0 && first < sheet.height / 2.0 + 200.0);
        assert!(!sheet.widen(3000.0) && sheet.widen(4000.0));
        assert_eq!(sheet.width, 4600.0);
        assert_eq!(sheet.left(0), 460.0);
        let middle = Sheet::new(&style(None), Extent { ink: 1600.0, ..extent });
        assert_eq!(middle.left(0) + 800.0, 1800.0, "a line whose width is known is in the middle");
        assert_eq!(Sheet::new(&style(None), Extent { ink: 9000.0, ..extent }).left(0), 460.0);
        sheet.heighten(10);
        assert_eq!((sheet.first(0), sheet.height), (first, first + 9.0 * PITCH + 580.0), "the ink above stays");
        let long = Sheet::new(&PageStyle { max_rows: 24, ..style(None) }, Extent { rows: 1000, ..extent });
        assert_eq!((long.rows(0), long.height), (24, 1460.0 + 23.0 * PITCH));
        assert_eq!((long.spot(24).page, long.spot(24).baseline), (1, long.first(1)));
        let wide = Sheet::new(&PageStyle { pitch: 900.0, ..style(None) }, Extent { rows: 20, ..extent });
        assert_eq!((wide.height, wide.spot(19).baseline), (1460.0 + 19.0 * 900.0, 880.0 + 19.0 * 900.0));
        let mut a4 = Sheet::new(&style(Paper::named("a4")), extent);
        assert!(!a4.widen(1e6), "paper does not grow");
    }

    #[test]
    fn rules_are_where_the_baselines_are() {
        for pitch in [None, Some(6.0), Some(10.0)] {
            let style = style(Paper::named("a4")).with_size(Some(2.5), pitch).unwrap();
            let sheet = sheet(&style);
            let [across, upright] = sheet.rules(Ruling::Ruled, 0);
            assert!(across.len() >= sheet.rows(0) && across[0] == sheet.first(0) && upright.is_empty(), "{across:?}");
            assert!((across[3] - across[2] - sheet.pitch).abs() < 1e-6);
            assert!((sheet.pitch * sheet.unit - pitch.unwrap_or(8.5)).abs() < 1e-9);
            let [across, upright] = sheet.rules(Ruling::Squared, 0);
            assert!(across.iter().any(|y| (y - sheet.first(0)).abs() < 1e-6), "{across:?}");
            assert!(upright.iter().any(|x| (x - sheet.left(0)).abs() < 1e-6));
            assert!(across.iter().all(|y| *y < sheet.height) && upright.iter().all(|x| *x < sheet.width));
            assert_eq!(sheet.rules(Ruling::Dotted, 0), [across, upright]);
            assert_eq!(sheet.rules(Ruling::Plain, 0), [Vec::<f64>::new(), Vec::new()]);
        }
    }
}
