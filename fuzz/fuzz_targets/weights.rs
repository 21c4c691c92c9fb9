//! A weights file from anywhere is refused or can be written with, in memory that its size bounds.
#![no_main]

#[path = "../../tests/fuzzed/memory.rs"]
mod memory;
#[path = "../../tests/fuzzed/weights.rs"]
mod weights;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

#[global_allocator]
static COUNTED: memory::Counted = memory::Counted;

fuzz_target!(|data: &[u8]| {
    weights::read(data);
});

// Half of the changes keep the header readable, which blind ones seldom do.
fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    if seed % 2 == 0 {
        return fuzzer_mutate(data, size, most);
    }
    let mut changed = data[..size].to_vec();
    weights::change(&mut changed, u64::from(seed));
    let size = changed.len().min(most);
    data[..size].copy_from_slice(&changed[..size]);
    size
});
