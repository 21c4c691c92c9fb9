//! Untrusted input, without a fuzzer: the weights files in `fuzz/seeds/` and thousands of mutations of them, random
//! strokes and hand files, and texts of all kinds. `cargo xtask fuzz` continues with the same checks for as long as one
//! likes.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "fuzzed/encode.rs"]
mod encode;
#[path = "fuzzed/hand.rs"]
mod hand;
#[path = "fuzzed/ink_file.rs"]
mod ink_file;
#[path = "fuzzed/memory.rs"]
mod memory;
#[path = "fuzzed/weights.rs"]
mod weights;

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use running_hand::model::Kind;
use running_hand::testing;
use std::path::Path;

#[global_allocator]
static COUNTED: memory::Counted = memory::Counted;

fn seed_folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/weights")
}

fn seed_files() -> Vec<(String, Vec<u8>)> {
    let files = files_in(&seed_folder());
    assert!(files.len() >= 15, "{} holds {} files", seed_folder().display(), files.len());
    files
}

/// The files of a folder with their names, in the names' order.
fn files_in(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// The generated part of `fuzz/seeds/weights`: small valid files of every type, and truncated or corrupted copies. The
/// other files there were found by the fuzzer.
fn generated_seeds() -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for (name, kind, hidden) in [("synthesis", Kind::Synthesis, &[2, 1][..]), ("prediction", Kind::Prediction, &[2])] {
        let mut config = testing::config(kind, hidden, 1);
        if kind == Kind::Synthesis {
            (config.window, config.alphabet, config.style_dim) = (1, " ab".into(), 1);
            config.dwell = vec![1.0, 0.5, 2.0];
        }
        let tensors = testing::tensors(&config, 1);
        let mut json = serde_json::to_value(&config).expect("serialisable");
        let mut add = |kind: &str, file: Vec<u8>| seeds.push((format!("{name}-{kind}"), file));
        let whole = testing::file(&json.to_string(), &tensors);
        add("cut-header", whole[..whole.len() / 3].to_vec());
        add("cut-numbers", whole[..whole.len() - 5].to_vec());
        let mut nan = whole.clone();
        let at = nan.len() - 8;
        nan[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        add("nan", nan);
        let mut long = whole.clone();
        long[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        add("long-header", long);
        add("f32", whole);
        json["quantisation"] = "f16".into();
        add("f16", testing::file_f16(&json.to_string(), &tensors));
        json["quantisation"] = "int8".into();
        add("int8", testing::file_of(&json.to_string(), &testing::int8(&tensors)));
        json["hidden"] = vec![8192; 16].into();
        add("promises", testing::file_of(&json.to_string(), &testing::int8(&tensors)));
    }
    seeds.push(("page".into(), b"<!doctype html><title>404 Not Found</title>".to_vec()));
    seeds
}

/// `cargo test --test outside -- --ignored` regenerates them when the format has changed.
#[test]
#[ignore = "writes into fuzz/seeds/"]
fn seeds_are_generated() {
    for (name, file) in generated_seeds() {
        std::fs::write(seed_folder().join(name), file).unwrap();
    }
}

#[test]
fn seed_weights_files_are_refused_or_usable() {
    for (name, file) in seed_files() {
        let good = ["-f32", "-f16", "-int8", "-far"].iter().any(|end| name.ends_with(end));
        assert_eq!(weights::read(&file), good, "{name}");
    }
}

#[test]
fn mutated_weights_files_are_refused_or_usable() {
    let files = seed_files();
    let (mut accepted, rounds) = (0, 4000);
    for seed in 0..rounds {
        let mut file = files[seed as usize % files.len()].1.clone();
        weights::mutate(&mut file, seed);
        accepted += u32::from(weights::read(&file));
    }
    // Neither all nor none: the mutations get past the first check.
    assert!((150..3000).contains(&accepted), "{accepted} of {rounds} were accepted");
}

#[test]
fn any_strokes_and_hand_files_are_refused_or_usable() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let texts = ["hello there my dear", "", "short", "zwölf Boxkämpfer 漢"];
    for round in 0..2000 {
        let mut input = texts[round % texts.len()].as_bytes().to_vec();
        input.push(0);
        // Most move smoothly, as a pen does; a third have arbitrary bytes.
        let wild = rng.next_u32() % 3 == 0;
        for _ in 0..rng.next_u32() % 400 {
            let [kind, x, y, ms, power] = std::array::from_fn(|_| rng.next_u32() as u8);
            let small = |byte: u8| if wild { byte } else { (byte % 9).wrapping_sub(3) };
            input.extend([if wild { kind } else { kind / 16 * 8 }, small(x), small(y), ms % 20, power]);
        }
        hand::hand(&input);
        input.truncate(rng.next_u32() as usize % (input.len() + 1));
        hand::hand(&input);
    }
}

#[test]
fn files_of_ink_are_refused_with_a_reason_or_read() {
    let files = files_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/ink_file"));
    for (name, file) in &files {
        assert!(ink_file::read(file), "{name}");
    }
    let (mut read, rounds) = (0, 6000);
    for seed in 0..rounds {
        let mut file = files[seed as usize % files.len()].1.clone();
        ink_file::mutate(&mut file, seed);
        read += u32::from(ink_file::read(&file));
    }
    assert!((500..5500).contains(&read), "{read} of {rounds} were read");
}

/// Nested lists in the header take the most memory for their size.
#[test]
fn metadata_takes_memory_in_proportion_to_the_file() {
    for piece in ["[],", "0,", "{},", "\"\","] {
        let list = format!("[{}0]", piece.repeat(100_000));
        for key in ["training", "hidden", "styles", "offset_sd", "format"] {
            let file = testing::file(&format!("{{\"{key}\":{list}}}"), &[]);
            assert!(!weights::read(&file));
        }
    }
    let deep = format!("{{\"training\":{}", "[".repeat(100_000));
    assert!(!weights::read(&testing::file(&deep, &[])));
}

#[test]
fn any_text_in_any_alphabet_can_be_encoded() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let blocks = [0x20..0x7f, 0..0x20, 0xa0..0x250, 0x2000..0x2070, 0x1f300..0x1f700, 0..0x11_0000];
    for round in 0..4000 {
        let mut text = String::new();
        for _ in 0..rng.next_u32() % 60 {
            let block = &blocks[rng.next_u32() as usize % blocks.len()];
            text.extend(char::from_u32(block.start + rng.next_u32() % (block.end - block.start)));
        }
        if round % 2 == 0 {
            text = text.replace('\0', "");
        }
        encode::encode(text.as_bytes());
    }
}
