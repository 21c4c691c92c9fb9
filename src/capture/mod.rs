//! Capture of a hand: turns strokes from a screen into ink for the networks, or into advice on how to write them
//! again.
//!
//! The corpus was written on a whiteboard and sampled every 20 ms. On a screen people write at other sizes and
//! speeds, so the network cannot use pixels and milliseconds as they are. But the text is known, and so is the number
//! of points that each of its characters took in the corpus ([`Config::dwell`](crate::model::Config::dwell)).
//! [`fit()`] levels the line, scales it to the corpus' size, and places that many points along it, dense where the
//! pen was slow. [`verify_text`] has the network read the result with its text: ink of another text is less likely.

mod file;
mod fit;
mod geometry;
mod ink_file;
mod learnt;
mod resample;
mod rows;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
mod verify;

pub use file::{HandFileError, HandSample};
pub use fit::{fit, fit_free, split_lines};
pub use ink_file::{FileInk, InkFileError, MAX_FILE_BYTES};
pub use learnt::LearntHand;
pub use verify::{Alignment, align, verify_text};

use crate::model::Weights;
use std::sync::Arc;

/// Fewest letters, digits and signs that show a hand.
pub const MIN_LETTERS: usize = 10;
/// Most characters of a line, blanks counted: the corpus has hardly any lines over 60.
pub const MAX_CHARACTERS: usize = 80;
/// Most strokes and samples that are accepted: a quarter of an hour of a fast digitiser.
pub const MAX_STROKES: usize = 1_000;
/// See [`MAX_STROKES`].
pub const MAX_SAMPLES: usize = 100_000;

/// A position of the pen on the screen, and its time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sample {
    /// To the right, in CSS pixels.
    pub x: f64,
    /// Down, in CSS pixels.
    pub y: f64,
    /// Milliseconds since any fixed moment.
    pub ms: f64,
}

/// Why ink cannot be used, and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Advice {
    /// No ink at all.
    #[error("Nothing is written yet. Write the sentence along the line.")]
    Nothing,
    /// A dot.
    #[error("That is only a dot. Write the whole sentence, about as large as the guide lines are apart.")]
    Dot,
    /// Coordinates or times that are not finite, or enormous.
    #[error("These strokes have positions that cannot be on a screen. Clear them and write again.")]
    Unreadable,
    /// More strokes or samples than a sentence has.
    #[error("This is far more than one sentence. Clear it and write just the sentence.")]
    TooMuch,
    /// A sentence too short to show a hand.
    #[error("The sentence is too short to learn a hand from. Choose one of at least {MIN_LETTERS} letters.")]
    ShortText,
    /// A sentence too long for one line.
    #[error("The sentence is too long. Choose one of at most {MAX_CHARACTERS} characters.")]
    LongText,
    /// The sentence has characters outside the network's alphabet.
    #[error("The sentence has characters that the network cannot write. Choose one of plain letters.")]
    Alphabet,
    /// Less ink than the sentence needs.
    #[error("This is too little ink for the sentence. Write all of it, every letter.")]
    TooLittle,
    /// Too few samples to show curves.
    #[error("The pen's path was recorded at too few points to show the letters' shapes. Write more slowly, or larger.")]
    TooFast,
    /// Ink without any height.
    #[error("This looks like a flat line. Write the letters, about as large as the guide lines are apart.")]
    Flat,
    /// Much more ink than the sentence needs.
    #[error("This is more ink than the sentence needs. Clear it and write the sentence once, without crossing out.")]
    TooLong,
    /// A line that slopes steeply.
    #[error("The line runs up or down too steeply. Write along the guide lines.")]
    Steep,
    /// Written from right to left, upside down or mirrored.
    #[error("This was written from right to left. Write from left to right, letter after letter.")]
    Backwards,
    /// More rows than words.
    #[error(
        "The words lie over each other. Clear them and write the sentence along the line, each word after the last."
    )]
    Overlaid,
    /// The window reaches the end mark long before the ink ends.
    #[error("There seems to be more ink than the sentence. Write just the sentence, once.")]
    GoesOn,
    /// The ink ends before the window reaches the end mark.
    #[error("The end of the sentence seems to be missing. Write all of it, every word.")]
    Unfinished,
    /// The ink is not much likelier with the sentence than with another text.
    #[error(
        "This does not seem to say the sentence. Check that it is the same, word for word, and write clearly, \
         letter after letter."
    )]
    OtherText,
}

impl Advice {
    /// A short name, for programs: part of the JavaScript interface.
    pub fn name(self) -> &'static str {
        match self {
            Advice::Nothing => "nothing",
            Advice::Dot => "dot",
            Advice::Unreadable => "unreadable",
            Advice::TooMuch => "too-much",
            Advice::ShortText => "short-text",
            Advice::LongText => "long-text",
            Advice::Alphabet => "alphabet",
            Advice::TooLittle => "too-little",
            Advice::TooFast => "too-fast",
            Advice::Flat => "flat",
            Advice::TooLong => "too-long",
            Advice::Steep => "steep",
            Advice::Backwards => "backwards",
            Advice::Overlaid => "overlaid",
            Advice::GoesOn => "goes-on",
            Advice::Unfinished => "unfinished",
            Advice::OtherText => "other-text",
        }
    }
}

/// Points (x, y, 1 where a stroke ends) in corpus units, the first one at the origin.
pub type Points = Vec<[f32; 3]>;

/// Longest list of lines that a hand is learnt from.
pub const MAX_LINES: usize = 12;

/// Fits strokes that were written as `text`, and verifies the text. If the verification fails, the points are returned
/// together with its advice, because the network may be mistaken.
///
/// # Errors
/// See [`fit()`].
pub fn fit_and_verify(
    weights: &Arc<Weights>,
    text: &str,
    strokes: &[Vec<Sample>],
) -> Result<(Points, Option<Advice>), Advice> {
    let (points, text) = fit(&weights.config, text, strokes)?;
    let doubt = verify_text(weights, &text, &points).err();
    Ok((points, doubt))
}
