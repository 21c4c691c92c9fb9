//! Any text in any alphabet.
#![no_main]

#[path = "../../tests/fuzzed/encode.rs"]
mod encode;

libfuzzer_sys::fuzz_target!(|data: &[u8]| encode::encode(data));
