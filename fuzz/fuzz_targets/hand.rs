//! Hand sample files, and strokes as a screen may report them.
#![no_main]

#[path = "../../tests/fuzzed/hand.rs"]
mod hand;

libfuzzer_sys::fuzz_target!(|data: &[u8]| hand::hand(data));
