//! Lines and pages of any text with any settings.
#![no_main]

#[path = "../../tests/fuzzed/writing.rs"]
mod writing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    writing::write(data);
    writing::document(data);
});
