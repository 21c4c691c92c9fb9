//! A text being written: its lines in order, laid out on pages, and exported.
//!
//! [`LineStream`](lines) hands out the lines of the text as the writer completes them; the [`Layout`] places them. Both
//! engines, the page, the npm package and the command get their ink from here.
//!
//! ```ignore-wasm32,standalone_crate
//! use running_hand::document::{Document, Options, PageStyle, Paper};
//! use running_hand::engine::Engine;
//! use running_hand::engine::cpu::CpuEngine;
//! use running_hand::export::Format;
//! use running_hand::model::Weights;
//! use running_hand::writer::Writer;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { pollster::block_on(async {
//! let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
//! writer.set_weights(Weights::from_bytes(&std::fs::read("weights/synthesis.safetensors")?, "weights")?);
//! let style = PageStyle { paper: Paper::named("card"), ..PageStyle::default() };
//! let options = Options { style, ..Options::default() };
//! let mut document = Document::start(&mut writer, "one\ntwo", options).await?;
//! while let Some(ink) = document.next(&mut writer).await? {
//!     for ink in ink {
//!         assert_eq!(ink.page, 0); // each point is [x, y, 1 where a stroke ends]
//!     }
//! }
//! assert!(document.pages().export(0, Format::Svg, &Default::default())?.starts_with("<svg "));
//! # Ok(()) }) }
//! ```

mod baseline;
mod layout;
mod lines;
mod paper;
mod scribble;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;

pub use layout::{Layout, LineInk, PlacedInk};
pub use lines::LineStream;
pub use paper::{Extent, Margins, PITCH, PageStyle, Paper, Ruling, Sheet, Spot, X_HEIGHT};

use crate::error::{Error, Result};
use crate::export::{self, Format};
use crate::ink::Ink;
use crate::inspect::LineRecord;
use crate::model::{Kind, Weights};
use crate::text::alphabet::Encoded;
use crate::writer::{Finish, Settings, Writer};
use std::sync::Arc;

/// Mean width of a character in corpus units, blanks included, without a particular hand.
pub const LETTER_WIDTH: f64 = 165.0;
/// Millimetres around the ink of a page that is cropped to it.
pub const CROP_MARGIN: f32 = 2.0;
/// Characters of a line that a scribble is expected to fill, until it fills more.
const SCRIBBLE_CHARACTERS: usize = 72;

/// What to write and how to lay it out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// How to write.
    pub settings: Settings,
    /// How to lay out.
    pub style: PageStyle,
    /// Most characters of a line; `None` for as many as fit on the paper in this hand ([`PageStyle::columns`]).
    pub columns: Option<usize>,
    /// Width of a character of the hand, in corpus units; `None` to have it measured if the layout depends on it.
    pub letter_width: Option<f64>,
    /// Whether ink of the first line is handed out while the line is written, placed by an estimate of its baseline.
    pub live: bool,
    /// Ink that writing without a text goes on from, as part of the document: the points of `settings.prime`.
    pub drawn: Option<Vec<[f32; 3]>>,
}

/// How much of a page an export takes, and how large.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Frame {
    /// Millimetres around the ink; `None` for the whole sheet.
    pub crop: Option<f32>,
    /// Width of the result in millimetres; `None` for its natural size.
    pub width: Option<f32>,
    /// Leaves out points from this one on: those that the pen has not drawn yet.
    pub end: Option<usize>,
    /// Whether an SVG shows the lines printed on the paper.
    pub rules: bool,
}

/// A text being written, or written: its lines as they come, and its pages.
#[derive(Debug)]
pub struct Document {
    lines: LineStream,
    pages: Pages,
}

impl Document {
    /// Begins to write a text; without one the prediction network writes. Invalid options are reported now.
    ///
    /// # Errors
    /// As [`Writer::start`]; [`Error::Setting`] for columns and styles that are out of range.
    pub async fn start(writer: &mut Writer, text: &str, options: Options) -> Result<Self> {
        let Options { settings, style, columns, letter_width, live, drawn } = options;
        style.validate()?;
        let is_envelope = style.paper.is_some_and(|paper| paper.envelope);
        let (text, has_sender) = if is_envelope { paper::addressed(text) } else { (text.into(), false) };
        let with_text = !text.trim().is_empty();
        let letter_width = match letter_width {
            _ if !with_text => LETTER_WIDTH,
            Some(width) if (10.0..=10_000.0).contains(&width) => width,
            Some(width) => {
                let problem = format!("{width} is outside 10 to 10000");
                return Err(Error::Setting { name: "letterWidth".into(), problem });
            }
            // Only the number of columns that fit on paper depends on it.
            None if columns.is_none() && style.paper.is_some() => measure_letter(writer, settings.style).await?,
            None => LETTER_WIDTH,
        };
        let columns = columns.unwrap_or_else(|| match style.paper {
            Some(_) => style.columns(letter_width),
            None => style.columns(LETTER_WIDTH),
        });
        let lines = LineStream::start(writer, &text, &settings, columns).await?;
        let longest = lines.lines().map(|line| line.chars().count()).max().unwrap_or_default();
        let sender_rows = if has_sender { lines.blank_row().map_or(0, |row| row + 1) } else { 0 };
        let extent = match lines.kind {
            Kind::Synthesis => Extent { columns: longest, rows: lines.rows(), letter_width, sender_rows },
            Kind::Prediction => {
                Extent { columns, rows: SCRIBBLE_CHARACTERS.div_ceil(columns), letter_width, sender_rows }
            }
        };
        let mut layout = Layout::new(style, settings.seed, extent, lines.kind == Kind::Synthesis, live);
        let drawn = drawn.filter(|_| !with_text).unwrap_or_default();
        let pages = Pages {
            kind: lines.kind,
            text: lines.text.clone(),
            lines: lines.lines().filter(|_| with_text).map(str::to_owned).collect(),
            columns,
            weights: Arc::clone(&lines.weights),
            drawn_points: drawn.len(),
            ready: if drawn.is_empty() { Vec::new() } else { layout.add_drawn(drawn) },
            layout,
        };
        Ok(Self { lines, pages })
    }

    /// The next ink, placed on its page; the list may be empty. `None` when all is written. Ink that was handed out
    /// moves only by [`Pages::lay_out`].
    ///
    /// # Errors
    /// As [`Writer::next`]; the writing is then over.
    pub async fn next(&mut self, writer: &mut Writer) -> Result<Option<Vec<PlacedInk>>> {
        Ok(self.lines.next(writer).await?.map(|ink| self.pages.add(ink)))
    }

    /// The lines and the pages separately, so that the pages can be used while a line is awaited.
    pub fn into_parts(self) -> (LineStream, Pages) {
        (self.lines, self.pages)
    }

    /// What has been laid out.
    pub fn pages(&self) -> &Pages {
        &self.pages
    }

    /// Likewise, to lay it out anew.
    pub fn pages_mut(&mut self) -> &mut Pages {
        &mut self.pages
    }

    /// The lines begun so far, as the network drew them: see [`crate::inspect`]. Their points are counted without the
    /// ink of [`Options::drawn`].
    pub fn records(&self) -> &[LineRecord] {
        &self.lines.records
    }

    /// Why the writing ended; `None` while it goes on.
    pub fn finish(&self) -> Option<Finish> {
        self.lines.finish
    }
}

/// The pages of a text, with the ink written so far.
#[derive(Debug)]
pub struct Pages {
    kind: Kind,
    text: Encoded,
    lines: Vec<String>,
    columns: usize,
    weights: Arc<Weights>,
    drawn_points: usize,
    /// Placed ink that is still to be handed out.
    ready: Vec<PlacedInk>,
    layout: Layout,
}

impl Pages {
    /// Adds ink of a line, and hands out what can be placed by now.
    pub fn add(&mut self, ink: Vec<LineInk>) -> Vec<PlacedInk> {
        let mut placed = std::mem::take(&mut self.ready);
        placed.extend(ink.into_iter().flat_map(|ink| self.layout.add(ink)));
        placed
    }

    /// Whether ink of the line being written is held back although its beginning has been handed out.
    pub fn is_holding(&self) -> bool {
        self.layout.is_holding()
    }

    /// Hands out ink that is held back, placed by the same estimate as its line's beginning, so that the pen need not
    /// wait.
    pub fn release(&mut self) -> Option<PlacedInk> {
        self.layout.release()
    }

    /// Lays the same ink out in another style. All points get new places; their number and order stay.
    ///
    /// # Errors
    /// [`Error::Setting`] for a style that is out of range.
    pub fn lay_out(&mut self, style: PageStyle) -> Result<()> {
        style.validate()?;
        self.layout.lay_out(style);
        Ok(())
    }

    /// Removes all but the first `count` points: the pen was stopped there.
    pub fn truncate(&mut self, count: usize) {
        self.layout.truncate(count);
    }

    /// The ink, and the sheets that it lies on.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The ink of a page, without points from `end` on.
    pub(crate) fn ink(&self, page: usize, end: Option<usize>) -> Ink {
        let range = self.layout.page(page);
        let end = end.unwrap_or(range.end).clamp(range.start, range.end);
        Ink::from_points(&self.layout.points()[range.start..end])
    }

    /// Where a page's ink lies in an export, in millimetres.
    ///
    /// # Errors
    /// [`Error::Setting`] for a page that does not exist.
    pub fn frame(&self, page: usize, frame: Frame) -> Result<export::Layout> {
        if page >= self.layout.pages() {
            let problem = format!("there is no page {page}: there are {}", self.layout.pages());
            return Err(Error::Setting { name: "page".into(), problem });
        }
        let sheet = self.layout.sheet();
        let scale = sheet.unit as f32;
        let whole = || {
            let [width, height] = [sheet.width, sheet.height].map(|side| (side * sheet.unit) as f32);
            export::Layout { width, height, x: 0.0, y: 0.0, scale }
        };
        let natural = match frame.crop {
            None => whole(),
            Some(margin) => match self.ink(page, frame.end) {
                ink if ink.strokes.is_empty() => whole(),
                ink => export::Layout::around(&ink, scale, margin),
            },
        };
        let factor = frame.width.map_or(1.0, |width| width / natural.width);
        let export::Layout { width, height, x, y, scale } = natural;
        let [width, height, x, y, scale] = [width, height, x, y, scale].map(|value| value * factor);
        Ok(export::Layout { width, height, x, y, scale })
    }

    /// A page as a file. The document sets these options itself: where the ink lies, its text, and the time between
    /// points.
    ///
    /// # Errors
    /// As [`export::write`] and [`Pages::frame`].
    pub fn export(&self, page: usize, format: Format, options: &export::Options) -> Result<String> {
        self.export_framed(page, format, options, Frame::default())
    }

    /// Likewise, of a part of the page, or in another size. The line width is that of the natural size.
    ///
    /// # Errors
    /// As [`Pages::export`].
    pub fn export_framed(
        &self,
        page: usize,
        format: Format,
        options: &export::Options,
        frame: Frame,
    ) -> Result<String> {
        let layout = self.frame(page, frame)?;
        let factor = layout.scale / self.layout.sheet().unit as f32;
        let options = export::Options {
            layout: Some(layout),
            rules: frame.rules.then(|| self.rules(page)),
            line_width: options.line_width * factor,
            sample_ms: self.weights.config.sample_ms,
            text: self.text_on(page, frame.end),
            ..options.clone()
        };
        export::write(&self.ink(page, frame.end), format, &options)
    }

    /// The lines printed on a page.
    pub fn rules(&self, page: usize) -> export::Rules {
        let ruling = self.layout.style().ruling;
        let [across, upright] = self.layout.sheet().rules(ruling, page);
        let single = |places: Vec<f64>| places.into_iter().map(|place| place as f32).collect();
        export::Rules { across: single(across), upright: single(upright), dotted: ruling == Ruling::Dotted }
    }

    /// The lines of text on a page, up to the one with the last point before `end`.
    pub fn text_on(&self, page: usize, end: Option<usize>) -> String {
        let lines = self.layout.lines_on(page, end.unwrap_or(usize::MAX));
        self.lines.get(lines).unwrap_or_default().join("\n")
    }

    /// Which network writes.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The text as it is written, and which characters were transliterated or left out.
    pub fn text(&self) -> &Encoded {
        &self.text
    }

    /// The lines that have text; none without a text.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Most characters of a line.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// How many of the first points are ink of [`Options::drawn`], not the network's.
    pub fn drawn_points(&self) -> usize {
        self.drawn_points
    }

    /// The network that writes.
    pub fn weights(&self) -> &Arc<Weights> {
        &self.weights
    }
}

/// Text that is written to measure a hand's letters.
const SAMPLE: &str = "thank you for your kind letter";

/// Mean width of a hand's characters, blanks included, in corpus units. Writes a line to measure it.
///
/// # Errors
/// As [`Writer::start`] and [`Writer::next`].
pub async fn measure_letter(writer: &mut Writer, style: Option<usize>) -> Result<f64> {
    writer.start(SAMPLE, &Settings { bias: 1.0, seed: 1, style, ..Settings::default() }).await?;
    while writer.next().await?.is_some() {}
    let bounds = writer.ink().bounds().unwrap_or_default();
    Ok(f64::from((bounds.max.x - bounds.min.x) / SAMPLE.len() as f32).round())
}
