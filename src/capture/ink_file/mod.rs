//! Ink in files of other programs, and in Running Hand's own.
//!
//! | kind | what tells it | text |
//! |---|---|---|
//! | [InkML](https://www.w3.org/TR/InkML/) | XML, `ink` | annotations `truth`, `label`, `transcription`, `text` |
//! | IAM On-Line Handwriting Database | XML with `StrokeSet` or `Stroke` | `TextLine` |
//! | Running Hand's ink (`docs/ink.schema.json`) and hands ([`HandSample`]) | JSON, `format` | `text` |
//! | Excalidraw, tldraw | JSON, `elements` or `records`, `store`, `shapes` | – |
//! | Quick, Draw! | JSON or a line of it, `drawing` | `word` |
//! | signature_pad, PencilKit-like, other lists of points | JSON | `text` and the like |
//!
//! Positions are those of the file, y down. Times are in milliseconds. Those of a clock or of a device's uptime are
//! counted from the first sample; where a file has none, samples are as far apart as its sample rate says, or else
//! [`DEFAULT_MS`].

mod encoding;
mod iam;
mod inkml;
mod json;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;

use super::{HandFileError, HandSample, MAX_SAMPLES, MAX_STROKES, Sample};

/// Largest file that is parsed, in bytes.
pub const MAX_FILE_BYTES: usize = 16_000_000;
/// Largest coordinate.
const MAX_COORDINATE: f64 = 1e9;
/// Milliseconds between samples if a file does not tell.
const DEFAULT_MS: f64 = 10.0;
/// Times that begin later than this, in milliseconds, are those of a clock.
const ABSOLUTE_MS: f64 = 600_000.0;
/// Elements of XML within each other at most.
const MAX_DEPTH: usize = 100;

/// Ink of a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FileInk {
    /// What the strokes say; empty if the file does not tell.
    pub text: String,
    /// The strokes, none of them empty.
    pub strokes: Vec<Vec<Sample>>,
}

/// Why a file cannot be read as ink.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InkFileError {
    /// Too large.
    #[error("The file has {0} bytes, but ink may have at most {MAX_FILE_BYTES}. Save a shorter piece of it.")]
    TooLarge(usize),
    /// No XML, or truncated.
    #[error("The file cannot be read as InkML: it is not XML, or is incomplete ({0}).")]
    Xml(String),
    /// A document type that declares something: a small file could expand to a huge document.
    #[error("The file declares a document type, which ink does not need. Save it without one.")]
    DocumentType,
    /// XML that is no ink.
    #[error("The file is XML of another kind: “{0}”, where InkML has “ink”. {READABLE}")]
    OtherXml(String),
    /// Neither XML nor JSON.
    #[error("The file cannot be read as ink: {0}. It is another kind of file, or incomplete. {READABLE}")]
    Unreadable(String),
    /// JSON that is no ink.
    #[error("The file cannot be read as ink: it is JSON of another kind. {READABLE}")]
    OtherJson,
    /// A character encoding that is not known.
    #[error("The file's encoding “{0}” cannot be read. Save it as UTF-8.")]
    Encoding(String),
    /// A version of Running Hand's ink that this program cannot read.
    #[error("The ink has version {0}, but only version 1 can be read here. Reload the page to update it.")]
    OtherVersion(String),
    /// Running Hand's ink with something else in it.
    #[error("The file is damaged: {0}. Export it again.")]
    Damaged(&'static str),
    /// A trace's format lacks X or Y.
    #[error("The ink lacks X or Y positions.")]
    NoPosition,
    /// A sample that is none.
    #[error("A sample of the ink cannot be read: “{0}”.")]
    Sample(String),
    /// Nothing in it.
    #[error("There is no ink in the file.")]
    NoInk,
    /// Coordinates or times that are not finite, or enormous.
    #[error("The file has positions that cannot be on paper.")]
    Numbers,
    /// More than [`FileInk::check_sentence`] allows.
    #[error(
        "The file holds {strokes} strokes of {samples} samples: more than one sentence. Save a shorter piece of it."
    )]
    TooMuch {
        /// Strokes of the file.
        strokes: usize,
        /// Their samples.
        samples: usize,
    },
    /// A file of a hand that is damaged.
    #[error(transparent)]
    Hand(#[from] HandFileError),
}

/// What can be read, for messages.
const READABLE: &str = "Ink is read from InkML, from the IAM database’s XML, and from JSON of Running Hand, \
     signature_pad, Excalidraw, tldraw and Quick, Draw!, or with strokes that are lists of points.";

impl FileInk {
    /// Reads a file of any of the kinds that the module's documentation lists.
    ///
    /// # Errors
    /// [`InkFileError`], with the reason.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InkFileError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(InkFileError::TooLarge(bytes.len()));
        }
        let text = encoding::decoded(bytes)?;
        let ink = if text.trim_start().starts_with('<') { from_xml(&text)? } else { json::read(&text)? };
        ink.validated()
    }

    /// Whether it is at most as much as a sentence, which a hand is learnt from.
    ///
    /// # Errors
    /// [`InkFileError::TooMuch`].
    pub fn check_sentence(&self) -> Result<(), InkFileError> {
        let (strokes, samples) = (self.strokes.len(), self.strokes.iter().map(Vec::len).sum());
        if strokes > MAX_STROKES || samples > MAX_SAMPLES {
            return Err(InkFileError::TooMuch { strokes, samples });
        }
        Ok(())
    }

    fn validated(mut self) -> Result<Self, InkFileError> {
        self.strokes.retain(|stroke| !stroke.is_empty());
        let Some(first) = self.strokes.first().and_then(|stroke| stroke.first()) else {
            return Err(InkFileError::NoInk);
        };
        let begin = if first.ms.abs() > ABSOLUTE_MS { first.ms } else { 0.0 };
        let mut before = f64::NEG_INFINITY;
        for stroke in &mut self.strokes {
            // Times that begin anew with each stroke go on instead: the pen does not travel back in time.
            let earlier = stroke.first().map_or(0.0, |sample| before + DEFAULT_MS - (sample.ms - begin));
            let shift = if earlier > DEFAULT_MS { earlier } else { 0.0 } - begin;
            for sample in &mut *stroke {
                sample.ms += shift;
                // A NaN is in no range.
                if ![sample.x, sample.y, sample.ms].iter().all(|value| value.abs() <= MAX_COORDINATE) {
                    return Err(InkFileError::Numbers);
                }
                before = before.max(sample.ms);
            }
        }
        self.text = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(self)
    }
}

impl From<HandSample> for FileInk {
    fn from(hand: HandSample) -> Self {
        Self { text: hand.text, strokes: hand.strokes }
    }
}

fn from_xml(text: &str) -> Result<FileInk, InkFileError> {
    // One that only names a grammar is harmless; one that declares entities can expand to a huge document.
    if text.contains("<!ENTITY") || text.find("<!DOCTYPE").is_some_and(|at| has_subset(&text[at..])) {
        return Err(InkFileError::DocumentType);
    }
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..roxmltree::ParsingOptions::default() };
    let document = roxmltree::Document::parse_with_options(text, options)
        .map_err(|error| InkFileError::Xml(shortened(&error.to_string())))?;
    let root = document.root_element();
    match root.tag_name().name() {
        "ink" => inkml::read(&document),
        _ if root.descendants().any(|node| node.has_tag_name("StrokeSet") || node.has_tag_name("Stroke")) => {
            Ok(iam::read(root))
        }
        other => Err(InkFileError::OtherXml(shortened(other))),
    }
}

/// Whether a document type has declarations of its own: `<!DOCTYPE ink [ … ]>`.
fn has_subset(declaration: &str) -> bool {
    declaration.find(['[', '>']).is_some_and(|at| declaration.as_bytes()[at] == b'[')
}

/// The beginning of a text, for messages.
fn shortened(text: &str) -> String {
    text.trim().chars().take(60).collect()
}

/// Samples with or without times become strokes; without times they are `step` milliseconds apart.
fn timed(strokes: Vec<Vec<(f64, f64, Option<f64>)>>, step: f64) -> Vec<Vec<Sample>> {
    let has_times = strokes.iter().flatten().all(|(_, _, time)| time.is_some());
    let mut count = 0.0;
    let mut sample = |(x, y, time): (f64, f64, Option<f64>)| {
        let ms = time.filter(|_| has_times).unwrap_or(count * step);
        count += 1.0;
        Sample { x, y, ms }
    };
    strokes.into_iter().map(|stroke| stroke.into_iter().map(&mut sample).collect()).collect()
}
