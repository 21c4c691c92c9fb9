//! Text before it is written: the network's alphabet, transliteration, wrapping.

pub mod alphabet;
pub mod wrap;
