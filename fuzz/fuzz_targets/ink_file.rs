//! Files of ink of other programs.
#![no_main]

#[path = "../../tests/fuzzed/ink_file.rs"]
mod ink_file;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|data: &[u8]| {
    ink_file::read(data);
});

// Half of the mutations put in pieces of such files.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed % 2 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let mut mutated = data[..size].to_vec();
    ink_file::mutate(&mut mutated, u64::from(seed));
    let size = mutated.len().min(max_size);
    data[..size].copy_from_slice(&mutated[..size]);
    size
});
