//! Properties of the writer that hold for any text and any settings: see [`writing::write`].
//! `cargo xtask fuzz writing` continues with the same checks for as long as one likes.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::expect_used, reason = "tests")]

#[path = "fuzzed/writing.rs"]
mod writing;

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use running_hand::writer::Finish;

#[test]
fn any_line_with_any_settings_ends_properly() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let texts = [
        "",
        "a",
        "hello there",
        "  the quick brown fox  ",
        "naïve “café” 😀 漢",
        "zzzzzzzzzzzzzzzzzzzzzzzz",
        "?!",
        "\n\t",
    ];
    let mut ends = Vec::new();
    for round in 0..2000 {
        // The settings, then the text: one of these, or random bytes.
        let mut input: Vec<u8> = (0..16 + rng.next_u32() % 30).map(|_| rng.next_u32() as u8).collect();
        if round % 3 > 0 {
            input.extend(texts[rng.next_u32() as usize % texts.len()].bytes());
        }
        ends.push(writing::write(&input));
    }
    for end in [None, Some(Finish::WindowRule), Some(Finish::Length), Some(Finish::Cancelled)] {
        assert!(ends.contains(&end), "none of the lines ended like this: {end:?}");
    }
}

#[test]
fn any_page_with_any_settings_ends_properly() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let texts = ["", "one\ntwo", "the quick brown fox jumps over the lazy dog", "a\n\n\nb", "naïve “café” 😀 漢", "😀"];
    let mut ends = Vec::new();
    for round in 0..300 {
        let mut input: Vec<u8> = (0..13).map(|_| rng.next_u32() as u8).collect();
        if round % 5 == 0 {
            input.extend((0..rng.next_u32() % 60).map(|_| rng.next_u32() as u8));
        } else {
            input.extend(texts[rng.next_u32() as usize % texts.len()].bytes());
        }
        ends.push(writing::document(&input));
    }
    for end in [None, Some(Finish::Stopped), Some(Finish::Length)] {
        assert!(ends.contains(&end), "none of the pages ended like this: {end:?}");
    }
}
