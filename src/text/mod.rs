//! Text preparation: the network's alphabet, marks that are drawn, transliteration, and wrapping into lines.

pub mod alphabet;
pub mod diacritics;
mod transliteration;
pub mod wrap;

pub use transliteration::to_ascii;
