//! Files of kept hands, and strokes that a screen may report.
#![no_main]

#[path = "../../tests/fuzzed/hand.rs"]
mod hand;

libfuzzer_sys::fuzz_target!(|data: &[u8]| hand::hand(data));
