//! AVX-512 VNNI: sixteen columns of four rows are one register.

#![expect(unsafe_code, reason = "calls of what a processor may not have")]

use super::{Chunk, Kind, ROWS, Sums, write};
use crate::cpu::simd::Part;
use crate::model::{TileChunk, Whole};
use core::arch::x86_64::{
    __m128i, __m512i, _mm512_add_epi32, _mm512_broadcast_i32x4, _mm512_dpbusd_epi32, _mm512_setzero_si512,
};

pub fn kind() -> Option<Kind> {
    (std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("avx512vnni"))
        .then_some(Kind::Unsigned)
}

/// As many lines at a time as registers hold the sums of.
pub fn products<L>(whole: &Whole, lines: &mut [L], part: &dyn for<'a> Fn(&'a mut L) -> Part<'a>, above: f64) {
    for (n, tile) in whole.tiles(1).enumerate() {
        let (fours, rest) = lines.as_chunks_mut::<4>();
        for four in fours {
            let four = four.each_mut().map(part);
            let inputs = four.each_ref().map(|line| &line.fixed.bytes[..tile.chunks.len()]);
            // SAFETY: `kind` has found what the function is compiled for.
            let sums = unsafe { dots_of_four(tile.chunks, inputs) };
            for (mut line, sums) in four.into_iter().zip(sums) {
                write(&mut line, n * ROWS, above, &tile.totals[0], tile.scales, &sums);
            }
        }
        for line in rest {
            let mut line = part(line);
            // SAFETY: the same.
            let sums = unsafe { dots(tile.chunks, &line.fixed.bytes[..tile.chunks.len()]) };
            write(&mut line, n * ROWS, above, &tile.totals[0], tile.scales, &sums);
        }
    }
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn dots(tile: &[TileChunk], input: &[Chunk]) -> Sums {
    // Two sums of each kind, as one has to wait for the last product.
    let mut sums = [[_mm512_setzero_si512(); 3]; 2];
    let ((weights, last), (inputs, rest)) = (tile.as_chunks::<2>(), input.as_chunks::<2>());
    for (weights, inputs) in weights.iter().zip(inputs) {
        for n in 0..2 {
            add_products(&mut sums[n], &weights[n], &inputs[n]);
        }
    }
    for (weights, input) in last.iter().zip(rest) {
        add_products(&mut sums[0], weights, input);
    }
    let [a, b] = sums;
    across([_mm512_add_epi32(a[0], b[0]), _mm512_add_epi32(a[1], b[1]), _mm512_add_epi32(a[2], b[2])])
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn dots_of_four(tile: &[TileChunk], inputs: [&[Chunk]; 4]) -> [Sums; 4] {
    let mut sums = [[_mm512_setzero_si512(); 3]; 4];
    for (k, weights) in tile.iter().enumerate() {
        for l in 0..4 {
            add_products(&mut sums[l], weights, &inputs[l][k]);
        }
    }
    let mut result = [Sums::default(); 4];
    for l in 0..4 {
        result[l] = across(sums[l]);
    }
    result
}

/// Adds the products of sixteen numbers of the vector with four rows to the sums for either byte.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
fn add_products(sums: &mut [__m512i; 3], weights: &TileChunk, input: &Chunk) {
    for n in 0..3 {
        let bytes = _mm512_broadcast_i32x4(bytemuck::cast::<_, __m128i>(input[n]));
        sums[n] = _mm512_dpbusd_epi32(sums[n], bytes, bytemuck::cast(weights.0));
    }
}

/// Each row's four sums together.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
fn across(sums: [__m512i; 3]) -> Sums {
    let mut result = Sums::default();
    for n in 0..3 {
        let rows: [[i32; 4]; ROWS] = bytemuck::cast(sums[n]);
        for r in 0..ROWS {
            result[n][r] = rows[r].iter().sum();
        }
    }
    result
}
