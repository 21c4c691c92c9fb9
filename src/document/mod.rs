//! A text being written: its lines in order, laid out on pages, and exported.
//!
//! The text is read for its paragraphs and cut into stretches, each of which the network writes as one line.
//! [`LineStream`] hands them out as the writer completes them; the [`Layout`] measures their words and sets these on
//! lines. Both engines, the page, the npm package and the command get their ink from here.
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
//! let style = PageStyle::default().with_paper(Paper::named("card"));
//! let options = Options::default().with_style(style);
//! let mut document = Document::start(&mut writer, "one\ntwo", options).await?;
//! while let Some(ink) = document.next(&mut writer).await? {
//!     for ink in ink {
//!         assert_eq!(ink.page, 0); // each point is [x, y, 1 where a stroke ends]
//!     }
//! }
//! assert!(document.pages().export(0, Format::Svg, &Default::default())?.starts_with("<svg "));
//! # Ok(()) }) }
//! ```

mod compose;
mod digits;
mod dots;
mod layout;
mod letters;
mod lines;
mod lone;
mod marks;
mod measure;
mod numbers;
mod paper;
mod scribble;
mod smooth;
mod structure;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
mod wander;

pub use layout::{InkedWord, Layout, LineInk, PlacedInk, Text};
pub use lines::{LineStream, Lines};
pub use measure::HandMeasure;
pub use numbers::PageNumber;
pub use paper::{Extent, Margins, PITCH, PageStyle, Paper, Ruling, Sheet, Spot, X_HEIGHT};
pub use structure::Structure;

use crate::engine::Step;
use crate::error::{Error, Result};
use crate::export::{self, Format};
use crate::ink::{Ink, Point};
use crate::inspect::LineRecord;
use crate::model::{Kind, Weights};
use crate::text::alphabet::{Alphabet, Encoded};
use crate::writer::check::Fault;
use crate::writer::{Finish, Settings, Writer};
use std::ops::Range;
use std::sync::Arc;

/// Share of a line's width that a word may be expected to take before it is broken.
const LONG_WORD: f64 = 0.9;
/// Mean width of a character on the page in corpus units, blanks included, without a particular hand.
pub const LETTER_WIDTH: f64 = 165.0;
/// Millimetres around the ink of a page that is cropped to it.
pub const CROP_MARGIN: f32 = 2.0;
/// A text of so few lines has no page numbers, on whatever paper: its digits are not written.
const ROWS_WITHOUT_NUMBERS: usize = 6;
/// Characters of a line that a scribble is expected to fill, until it fills more.
const SCRIBBLE_CHARACTERS: usize = 72;

/// What to write and how to lay it out.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Options {
    /// How to write.
    pub settings: Settings,
    /// How to lay out.
    pub style: PageStyle,
    /// Most characters of a line; `None` for as many as fit.
    pub columns: Option<usize>,
    /// The hand as it was measured before ([`measure_hand`]); `None` to have it measured now.
    pub hand: Option<HandMeasure>,
    /// Whether the first words are handed out while they are written, placed by what is known of the hand.
    pub live: bool,
    /// Ink that writing without a text goes on from, as part of the document: the points of `settings.prime`.
    pub drawn: Option<Vec<[f32; 3]>>,
}

setters!(Options {
    with_settings => settings: Settings,
    with_style => style: PageStyle,
    with_columns => columns: impl Into<Option<usize>>,
    with_hand => hand: impl Into<Option<HandMeasure>>,
    with_live => live: bool,
    with_drawn => drawn: impl Into<Option<Vec<[f32; 3]>>>,
});

impl From<Settings> for Options {
    fn from(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }
}

/// How much of a page an export takes, and how large.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
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

setters!(Frame {
    with_crop => crop: impl Into<Option<f32>>,
    with_width => width: impl Into<Option<f32>>,
    with_end => end: impl Into<Option<usize>>,
    with_rules => rules: bool,
});

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
    /// As [`Writer::start`]; [`Error::Setting`] for columns and styles that are out of range;
    /// [`Error::NothingToWrite`] if none of the text's characters can be written.
    pub async fn start(writer: &mut Writer, text: &str, options: Options) -> Result<Self> {
        let Options { settings, style, columns, hand, live, drawn } = options;
        style.validate()?;
        let is_envelope = style.paper.is_some_and(|paper| paper.envelope);
        let (text, has_sender, address) =
            if is_envelope { paper::addressed(text) } else { (text.into(), false, [0; 2]) };
        let with_text = !text.trim().is_empty();
        let hand = match hand {
            _ if !with_text => HandMeasure::default(),
            Some(hand) if hand.is_plausible() => hand,
            Some(hand) => {
                return Err(Error::Setting { name: "hand".into(), problem: format!("{hand:?} is none") });
            }
            None => measure_hand(writer, &settings).await?,
        };
        let letter_width = hand.letter * X_HEIGHT;
        let mut style = style.fitted_to_address(address, letter_width);
        if let Some(weights) = writer.weights(Kind::Synthesis).filter(|_| style.paper.is_some_and(|paper| paper.card)) {
            let alphabet = Alphabet::new(&weights.config.alphabet);
            style = Structure::new(&text, &alphabet, crate::text::wrap::MOST).fitted_to_card(style, letter_width);
        }
        let fitting = style.columns(if style.paper.is_some() && with_text { letter_width } else { LETTER_WIDTH });
        let mut structure = Structure::default();
        if let Some(weights) = writer.weights(Kind::Synthesis).filter(|_| with_text) {
            let room = Sheet::new(&style, Extent::default()).spot(0).room;
            let holds = if room.is_finite() { (LONG_WORD * room / letter_width) as usize } else { usize::MAX };
            let longest = holds.min(columns.unwrap_or(usize::MAX)).clamp(2, crate::text::wrap::MOST);
            structure = Structure::new(&text, &Alphabet::new(&weights.config.alphabet), longest);
            if structure.stretches.is_empty() {
                return Err(Error::NothingToWrite);
            }
        }
        let columns_here = columns.unwrap_or(fitting);
        let [longest, rows] = structure.extent(columns_here);
        // However it is laid out now: it may be laid out on smaller paper.
        let has_digits = !is_envelope && rows > ROWS_WITHOUT_NUMBERS;
        let lines =
            LineStream::start(writer, &text, &structure, hand, &settings, Lines { columns: columns_here, has_digits })
                .await?;
        let sender_rows = if has_sender { structure.first_block() + 1 } else { 0 };
        let extent = match lines.kind {
            Kind::Synthesis => {
                let columns = longest.min(columns_here);
                let ink = columns as f64 * letter_width;
                Extent { columns, rows, letter_width: LETTER_WIDTH, sender_rows, address, ink }
            }
            Kind::Prediction => Extent {
                columns: columns_here,
                rows: SCRIBBLE_CHARACTERS.div_ceil(columns_here),
                letter_width: LETTER_WIDTH,
                sender_rows,
                address,
                ink: 0.0,
            },
        };
        let broken = structure.broken.clone();
        let text = with_text.then_some(Text { structure, hand, columns });
        let mut layout = Layout::new(style, settings.seed, extent, text, live);
        let drawn = drawn.filter(|_| !with_text).unwrap_or_default();
        let pages = Pages {
            kind: lines.kind,
            text: lines.text.clone(),
            lines: lines.lines().iter().filter(|_| with_text).cloned().collect(),
            broken,
            rows,
            columns: columns_here,
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

    /// Writes a whole text on the CPU, and returns when it is written. A text without letters needs the weights of the
    /// prediction network, any other those of the synthesis network.
    ///
    /// ```ignore-wasm32,standalone_crate
    /// use running_hand::export::Format;
    /// use running_hand::{Document, Settings, Weights};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let weights = Weights::open("weights/synthesis.safetensors")?;
    /// let settings = Settings::default().with_seed(7).with_hand(&weights, &weights.config.styles[0])?;
    /// let document = Document::write_blocking(weights, "so", settings.into())?;
    /// assert!(document.pages().export(0, Format::Svg, &Default::default())?.starts_with("<svg "));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Document::start`] and [`Document::next`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn write_blocking(weights: impl Into<Arc<Weights>>, text: &str, options: Options) -> Result<Self> {
        use crate::engine::{Engine, cpu::CpuEngine};
        let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
        writer.set_weights(weights.into());
        pollster::block_on(async {
            let mut document = Self::start(&mut writer, text, options).await?;
            while document.next(&mut writer).await?.is_some() {}
            Ok(document)
        })
    }

    /// [`Document::next`] as a stream, which ends when all is written or with the first error.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn stream<'a>(
        &'a mut self,
        writer: &'a mut Writer,
    ) -> impl futures_util::Stream<Item = Result<Vec<PlacedInk>>> + 'a {
        futures_util::stream::unfold(Some((self, writer)), |state| async move {
            let (document, writer) = state?;
            let ink = document.next(writer).await.transpose()?;
            let goes_on = ink.is_ok().then_some((document, writer));
            Some((ink, goes_on))
        })
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

    /// Words written so far, as they were typed, that failed the checks however often they were written anew
    /// ([`Fault`]): they may be hard to read.
    pub fn doubtful(&self) -> Vec<String> {
        self.pages.doubtful(&self.lines.faults)
    }
}

/// The pages of a text, with the ink written so far.
#[derive(Debug)]
pub struct Pages {
    kind: Kind,
    text: Encoded,
    lines: Vec<String>,
    broken: Vec<String>,
    rows: usize,
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

    /// Hands out ink that is held back, as far as it fills lines, so that the pen need not wait.
    pub fn release(&mut self) -> Vec<PlacedInk> {
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
        Ink::from_points(&self.layout.points()[self.range(page, end)])
    }

    fn range(&self, page: usize, end: Option<usize>) -> Range<usize> {
        let range = self.layout.page(page);
        range.start..end.unwrap_or(range.end).clamp(range.start, range.end)
    }

    /// Likewise, with the strokes of each word one after the other, and which strokes are which word.
    fn words(&self, page: usize, end: Option<usize>) -> (Ink, Vec<export::Word>) {
        let mut ink = Ink::default();
        let mut words: Vec<export::Word> = Vec::new();
        let mut latest = None;
        for (points, word) in self.layout.strokes(self.range(page, end)) {
            let stroke = ink.strokes.len();
            ink.append(&Ink::from_points(&self.layout.points()[points]), Point::default());
            match (word, words.last_mut().filter(|_| latest == word.map(|word| word.number))) {
                (Some(_), Some(last)) => last.last = stroke,
                (Some(InkedWord { line, text, .. }), None) => {
                    words.push(export::Word { text: text.into(), page, line, first: stroke, last: stroke });
                }
                (None, _) => {}
            }
            latest = word.map(|word| word.number);
        }
        (ink, words)
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
        let (ink, options) = self.page_to_export(page, format, options, frame)?;
        export::write(&ink, format, &options)
    }

    /// The ink of a page, and how [`export::write`] is to write it in this format.
    ///
    /// # Errors
    /// As [`Pages::export`].
    pub fn page_to_export(
        &self,
        page: usize,
        format: Format,
        options: &export::Options,
        frame: Frame,
    ) -> Result<(Ink, export::Options)> {
        // These formats say which strokes are which word; the others have the strokes as they were drawn.
        if matches!(format, Format::Json | Format::Svg) {
            return self.sheet_to_export(page, options, frame);
        }
        let mut ink = self.ink(page, frame.end);
        self.append_page_number(page, frame, &mut ink);
        Ok((ink, self.export_options(page, options, frame)?))
    }

    /// The ink of a page by its words, and how [`export::pdf()`] is to write it.
    ///
    /// # Errors
    /// As [`Pages::export`].
    pub fn sheet_to_export(
        &self,
        page: usize,
        options: &export::Options,
        frame: Frame,
    ) -> Result<(Ink, export::Options)> {
        let (mut ink, words) = self.words(page, frame.end);
        let page_number = self.append_page_number(page, frame, &mut ink);
        Ok((ink, export::Options { words, page_number, ..self.export_options(page, options, frame)? }))
    }

    /// Adds the page's number to its ink: if the pen is on the page by now, and if no picture is cropped to the text.
    fn append_page_number(&self, page: usize, frame: Frame, ink: &mut Ink) -> Option<export::PageNumber> {
        let is_shown = frame.crop.is_none() && !self.range(page, frame.end).is_empty();
        let PageNumber { text, points } = self.layout.page_number(page).filter(|_| is_shown)?;
        let first = ink.strokes.len();
        ink.append(&Ink::from_points(&points), Point::default());
        Some(export::PageNumber { text, first, last: ink.strokes.len() - 1 })
    }

    fn export_options(&self, page: usize, options: &export::Options, frame: Frame) -> Result<export::Options> {
        let layout = self.frame(page, frame)?;
        let factor = layout.scale / self.layout.sheet().unit as f32;
        Ok(export::Options {
            layout: Some(layout),
            rules: frame.rules.then(|| self.rules(page)),
            line_width: options.line_width * factor,
            sample_ms: self.weights.config.sample_ms,
            text: self.text_on(page, frame.end),
            ..options.clone()
        })
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
        self.layout.text_on(page, end.unwrap_or(usize::MAX)).join("\n")
    }

    /// Which words, as they were typed, have these faults of stretches.
    pub(crate) fn doubtful(&self, faults: &[Vec<Fault>]) -> Vec<String> {
        self.layout.doubtful(faults)
    }

    /// Which network writes.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The text as it is written, and which characters were transliterated or left out.
    pub fn text(&self) -> &Encoded {
        &self.text
    }

    /// About how many lines the text takes, blank ones included.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Words that were broken with a hyphen because no line holds them.
    pub fn broken(&self) -> &[String] {
        &self.broken
    }

    /// The stretches of the text that the network writes as one line each; none without a text.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Most characters of a line, or about how many fit.
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

/// Text that is written to measure a hand: every letter that is as high as an `x`, and words of ordinary length.
const SAMPLE: &str = "we saw a man run over some ice";

/// Measures a hand by writing a line that is not shown: a blend and the hand of priming ink, too.
///
/// # Errors
/// As [`Writer::start`] and [`Writer::next`].
pub async fn measure_hand(writer: &mut Writer, settings: &Settings) -> Result<HandMeasure> {
    let prime = settings.prime.as_ref().filter(|prime| prime.kind == Kind::Synthesis);
    let given = prime.map_or(0, |prime| prime.characters()) as f32;
    // Not in the text's neatness: a hand has one measure, wherever it was taken.
    let Settings { style, blend, strength, .. } = *settings;
    let (prime, hand) = (prime.cloned(), settings.hand.clone());
    let settings = Settings { attempts: 2, style, blend, prime, hand, strength, ..Settings::default() };
    writer.start(SAMPLE, &settings).await?;
    let mut steps: Vec<Step> = Vec::new();
    while let Some(chunk) = writer.next().await? {
        steps.extend(chunk.steps);
    }
    let ink = writer.ink();
    let points: Vec<[f32; 3]> = ink
        .strokes
        .iter()
        .flat_map(|stroke| {
            let last = stroke.len() - 1;
            stroke.iter().enumerate().map(move |(k, point)| [point.x, point.y, f32::from(u8::from(k == last))])
        })
        .collect();
    // An unprimed line has one point more than steps: where the pen begins.
    let first = points.len().saturating_sub(steps.len());
    let at = |k: usize| steps.get(k.saturating_sub(first)).map_or(0, |step| (step.position - given).max(0.0) as u32);
    let characters: Vec<u32> = (0..points.len()).map(at).collect();
    Ok(HandMeasure::of(points, &characters, SAMPLE).rounded())
}
