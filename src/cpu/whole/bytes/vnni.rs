//! AVX-512 VNNI: sixteen columns of four rows are one register.

#![expect(unsafe_code, reason = "calls of what a processor may not have")]

use super::{Chunk, Kind, ROWS, Sums, split, write};
use crate::cpu::simd::Part;
use crate::model::{TileChunk, Tiles};
use core::arch::x86_64::{
    __m128i, __m512i, _mm512_add_epi32, _mm512_broadcast_i32x4, _mm512_castsi512_si128, _mm512_dpbusd_epi32,
    _mm512_permutexvar_epi32, _mm512_setr_epi32, _mm512_setzero_si512, _mm512_shuffle_epi32,
};

pub fn kind() -> Option<Kind> {
    // Those of one kind of processor; the second is for the vector's bytes.
    let all = std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512bw")
        && std::arch::is_x86_feature_detected!("avx512vnni");
    all.then_some(Kind::Unsigned)
}

pub fn fill(kind: Kind, to: &mut [Chunk], input: &[f32], scale: f32) {
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn fill(kind: Kind, to: &mut [Chunk], input: &[f32], scale: f32) {
        crate::cpu::whole::fill(to, input, scale, |numbers| split(kind, numbers));
    }
    // SAFETY: `kind` has found what the function is compiled for.
    unsafe { fill(kind, to, input, scale) };
}

/// A line's products with some tiles, whose first row is `first`.
pub fn multiply(tiles: &Tiles<'_>, first: usize, line: &mut Part<'_>, above: f64) {
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn multiply(tiles: &Tiles<'_>, first: usize, line: &mut Part<'_>, above: f64) {
        let width = tiles.chunks.len() / tiles.totals.len();
        let rows = tiles.totals.iter().zip(tiles.scales.chunks(ROWS)).zip(tiles.chunks.chunks_exact(width));
        for (n, ((totals, scales), chunks)) in rows.enumerate() {
            let sums = dots(chunks, &line.fixed.bytes[..width]);
            write(line, first + n * ROWS, above, totals, scales, &sums);
        }
    }
    // SAFETY: the same.
    unsafe { multiply(tiles, first, line, above) };
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
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

/// Adds the products of sixteen numbers of the vector with four rows to the sums for either byte.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn add_products(sums: &mut [__m512i; 3], weights: &TileChunk, input: &Chunk) {
    for n in 0..3 {
        let bytes = _mm512_broadcast_i32x4(bytemuck::cast::<_, __m128i>(input[n]));
        sums[n] = _mm512_dpbusd_epi32(sums[n], bytes, bytemuck::cast(weights.0));
    }
}

/// Each row's four sums together.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn across(sums: [__m512i; 3]) -> Sums {
    // The first of each four lanes.
    let firsts = _mm512_setr_epi32(0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
    let mut result = Sums::default();
    for n in 0..3 {
        let pairs = _mm512_add_epi32(sums[n], _mm512_shuffle_epi32::<0b01_00_11_10>(sums[n]));
        let all = _mm512_add_epi32(pairs, _mm512_shuffle_epi32::<0b10_11_00_01>(pairs));
        result[n] = bytemuck::cast(_mm512_castsi512_si128(_mm512_permutexvar_epi32(firsts, all)));
    }
    result
}
