//! WebAssembly's 128 bits: bytes are widened to 16 bits, whose products are added in pairs.

#![expect(unsafe_code, reason = "vectors are read through pointers")]

use super::{LineVectors, ROWS, TileChunk};
use core::arch::wasm32::{
    i16x8_extadd_pairwise_i8x16, i16x8_extend_low_i8x16, i16x8_load_extend_u8x8, i32x4_add, i32x4_dot_i16x8,
    i32x4_extadd_pairwise_i16x8, i32x4_extract_lane, i32x4_shuffle, i32x4_splat, v128, v128_load, v128_store,
};

/// Rows whose sums fit the registers.
const FEW: usize = 8;

/// The sum of whole vectors of `input`, and the numbers that are left.
pub fn total(input: &[i8]) -> (i32, &[i8]) {
    let (vectors, rest) = input.as_chunks::<16>();
    let mut total = i32x4_splat(0);
    for vector in vectors {
        // SAFETY: these are the 16 bytes that are read, and a vector need not be aligned.
        let x = unsafe { v128_load(vector.as_ptr().cast()) };
        total = i32x4_add(total, i32x4_extadd_pairwise_i16x8(i16x8_extadd_pairwise_i8x16(x)));
    }
    let halves = i32x4_add(total, i32x4_shuffle::<2, 3, 0, 1>(total, total));
    (i32x4_extract_lane::<0>(halves) + i32x4_extract_lane::<1>(halves), rest)
}

/// See [`super::portable::add`].
pub fn add<const N: usize>(chunks: &[TileChunk], lines: [LineVectors<'_>; N]) {
    for line in lines {
        add_line(chunks, line);
    }
}

#[inline(never)]
fn add_line(chunks: &[TileChunk], (input, sums): LineVectors<'_>) {
    for (tile, sums) in chunks.chunks_exact(input.len().max(1)).zip(sums) {
        for first in (0..ROWS).step_by(FEW) {
            // Two rows a register: columns 0 and 1, columns 2 and 3 of the first; then of the second.
            let mut totals = [i32x4_splat(0); FEW / 2];
            for (chunk, x) in tile.iter().zip(input) {
                let x = i16x8_extend_low_i8x16(i32x4_splat(i32::from_le_bytes(bytemuck::cast(*x))));
                for pair in 0..FEW / 2 {
                    // SAFETY: two rows are the 8 bytes that are read.
                    let w = unsafe { i16x8_load_extend_u8x8(chunk.0[first + 2 * pair..].as_ptr().cast()) };
                    totals[pair] = i32x4_add(totals[pair], i32x4_dot_i16x8(w, x));
                }
            }
            for four in 0..FEW / 4 {
                let rows = &mut sums[first + 4 * four..][..4];
                let (a, b) = (totals[2 * four], totals[2 * four + 1]);
                let total = i32x4_add(i32x4_shuffle::<0, 2, 4, 6>(a, b), i32x4_shuffle::<1, 3, 5, 7>(a, b));
                // SAFETY: these are four numbers of 32 bits, and a vector need not be aligned.
                unsafe {
                    let rows: *mut v128 = rows.as_mut_ptr().cast();
                    v128_store(rows, i32x4_add(v128_load(rows), total));
                }
            }
        }
    }
}
