//! One's own hand: strokes from a screen become ink as the networks know it, or advice on what to do
//! about them.
//!
//! The corpus was written on a whiteboard and sampled every 20 ms. On a screen people write at other
//! sizes and speeds, so neither pixels nor milliseconds mean anything to the network. What they wrote
//! is known, though, and so is how many points each character took in the corpus
//! ([`Config::dwell`](crate::model::Config::dwell)). [`fit()`] levels the line, scales it to the corpus'
//! size, and places that many points along it, dense where the pen was slow. [`says`] lets the network
//! read the result with its text: ink that says something else surprises it.

mod file;
mod fit;
mod verify;

pub use file::{Hand, Refusal};
pub use fit::{fit, fit_free};
pub use verify::{Reading, reading, says};

use crate::model::Weights;
use std::sync::Arc;

/// Least letters, digits and signs from which a hand can be told.
pub const LEAST_LETTERS: usize = 10;
/// Most characters of a line, blanks among them: the corpus has hardly any lines over 60.
pub const MOST_CHARACTERS: usize = 80;
/// Most strokes and samples that are looked at: a quarter of an hour of a fast digitiser.
pub const MOST_STROKES: usize = 1_000;
/// See [`MOST_STROKES`].
pub const MOST_SAMPLES: usize = 100_000;
/// Where the pen was on the screen, and when.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sample {
    /// To the right, in CSS pixels.
    pub x: f64,
    /// Down.
    pub y: f64,
    /// Milliseconds since whenever.
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
    /// Numbers that are none, or enormous.
    #[error("These strokes hold numbers that are no places on a screen. Clear them and write again.")]
    Unreadable,
    /// More strokes or samples than a sentence has.
    #[error("This is far more than one sentence. Clear it and write just the sentence.")]
    TooMuch,
    /// A sentence too short to tell a hand from.
    #[error("The sentence is too short to learn a hand from. Take one of at least {LEAST_LETTERS} letters.")]
    ShortText,
    /// A sentence too long for a line.
    #[error("The sentence is too long. Take one of at most {MOST_CHARACTERS} characters.")]
    LongText,
    /// The sentence has characters that the network does not know.
    #[error("The sentence has characters that the network does not know. Take one of plain letters.")]
    Alphabet,
    /// Less ink than the sentence takes.
    #[error("This is too little ink for the sentence. Write all of it, every letter.")]
    TooLittle,
    /// So few samples that there are no curves.
    #[error("The pen was noticed too seldom to see the letters' shapes. Write more slowly, or larger.")]
    TooFast,
    /// A line without letters' heights.
    #[error("This looks like a flat line. Write the letters, about as large as the guide lines are apart.")]
    Flat,
    /// Much more ink than the sentence takes.
    #[error("This is more ink than the sentence takes. Clear it and write the sentence once, without crossing out.")]
    TooLong,
    /// A line that runs up or down steeply.
    #[error("The line runs up or down too steeply. Write along the guide lines.")]
    Steep,
    /// From right to left, upside down or mirrored.
    #[error("This was written from right to left. Write from left to right, letter after letter.")]
    Backwards,
    /// More rows than words.
    #[error(
        "The words lie over each other. Clear them and write the sentence along the line, each word after the last."
    )]
    Overlaid,
    /// The window comes to the sentence's end before the ink does.
    #[error("There seems to be more ink than the sentence. Write just the sentence, once.")]
    GoesOn,
    /// The ink ends before the window comes to the sentence's end.
    #[error("The end of the sentence seems to be missing. Write all of it, every word.")]
    Unfinished,
    /// The network does not find the sentence in the ink.
    #[error(
        "This does not seem to say the sentence. Check that it is the same, word for word, and write clearly, \
         letter after letter."
    )]
    OtherText,
}

impl Advice {
    /// A short name, for programs.
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

/// Places on the sheet, (x, y, 1 where a stroke ends), the first at the origin; corpus units.
pub type Points = Vec<[f32; 3]>;

/// Strokes that say `text`, as the network would have made them; the second advice does not forbid them, for the network may
/// be mistaken.
///
/// # Errors
/// See [`fit()`].
pub fn read(weights: &Arc<Weights>, text: &str, strokes: &[Vec<Sample>]) -> Result<(Points, Option<Advice>), Advice> {
    let (points, text) = fit(&weights.config, text, strokes)?;
    let doubt = says(weights, &text, &points).err();
    Ok((points, doubt))
}
