//! Text preparation: the network's alphabet, marks that are drawn, transliteration, and wrapping into lines.

pub mod alphabet;
pub mod diacritics;
mod review;
mod transliteration;
pub mod wrap;

pub use review::{Replacement, review};
pub use transliteration::to_ascii;
