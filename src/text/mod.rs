//! Text preparation: the network's alphabet, transliteration, and wrapping into lines.

pub mod alphabet;
mod transliteration;
pub mod wrap;
