//! AVX-512 VNNI: sixteen columns of four rows are one register, and a tile's sixteen rows four.

#![expect(unsafe_code, reason = "calls of what a processor may not have")]

use super::{Chunk, Kind, PADDED, ROWS, Sums, split, write};
use crate::engine::cpu::simd::Part;
use crate::model::{TileChunk, Tiles};
use core::arch::x86_64::{
    __m128i, __m512i, _mm512_add_epi32, _mm512_broadcast_i32x4, _mm512_dpbusd_epi32, _mm512_permutexvar_epi32,
    _mm512_setr_epi32, _mm512_setzero_si512, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32,
    _mm512_unpacklo_epi64,
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
        crate::engine::cpu::matvec::fill(to, input, scale, kind, split);
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
    let mut sums = [[_mm512_setzero_si512(); 4]; 3];
    for (weights, input) in tile.iter().zip(input) {
        let weights: [__m512i; 4] = bytemuck::cast(weights.0);
        for n in 0..3 {
            let bytes = _mm512_broadcast_i32x4(bytemuck::cast::<_, __m128i>(input[n]));
            for four in 0..4 {
                sums[n][four] = _mm512_dpbusd_epi32(sums[n][four], bytes, weights[four]);
            }
        }
    }
    [across(sums[0]), across(sums[1]), across(sums[2])]
}

/// The sum of each four lanes: of the first register those of rows 0 to 3, and so on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn across([a, b, c, d]: [__m512i; 4]) -> [i32; PADDED] {
    // a0 + a2, b0 + b2, a1 + a3, b1 + b3, of each four lanes
    let ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    // rows 0, 4, 8, 12; 1, 5, 9, 13; and so on
    let rows = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    bytemuck::cast(_mm512_permutexvar_epi32(order, rows))
}
