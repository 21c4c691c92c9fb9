//! An untrusted weights file is refused or usable, with memory proportional to its size.
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

// Half of the mutations keep the header readable, which libFuzzer's own seldom do.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed % 2 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let mut mutated = data[..size].to_vec();
    weights::mutate(&mut mutated, u64::from(seed));
    let size = mutated.len().min(max_size);
    data[..size].copy_from_slice(&mutated[..size]);
    size
});
