//! AVX-512 VNNI: a register holds sixteen columns of four rows; a tile's sixteen rows are four registers.

#![expect(unsafe_code, reason = "calls of functions compiled for AVX-512")]

use super::{ByteChunk, ByteSign, PADDED, ROWS, Sums, split, write_sums};
use crate::engine::cpu::matvec::MatVecOperands;
use crate::engine::cpu::matvec::int8::{TileChunk, Tiles};
use core::arch::x86_64::{
    __m128i, __m512i, _mm512_add_epi32, _mm512_broadcast_i32x4, _mm512_dpbusd_epi32, _mm512_permutexvar_epi32,
    _mm512_setr_epi32, _mm512_setzero_si512, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32,
    _mm512_unpacklo_epi64,
};

pub fn supported() -> Option<ByteSign> {
    // F and VNNI multiply; BW splits the vector into bytes.
    let all = std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512bw")
        && std::arch::is_x86_feature_detected!("avx512vnni");
    all.then_some(ByteSign::Unsigned)
}

pub fn fill(sign: ByteSign, to: &mut [ByteChunk], input: &[f32], scale: f32) {
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn fill(sign: ByteSign, to: &mut [ByteChunk], input: &[f32], scale: f32) {
        crate::engine::cpu::matvec::int8::fill(to, input, scale, sign, split);
    }
    // SAFETY: `supported` has found these features.
    unsafe { fill(sign, to, input, scale) };
}

/// A line's products with some tiles; their first row is row `first` of the matrix.
pub fn multiply_tiles(tiles: &Tiles<'_>, first: usize, line: &mut MatVecOperands<'_>, bias: f64) {
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn multiply_tiles(tiles: &Tiles<'_>, first: usize, line: &mut MatVecOperands<'_>, bias: f64) {
        let width = tiles.chunks.len() / tiles.totals.len();
        let rows = tiles.totals.iter().zip(tiles.scales.chunks(ROWS)).zip(tiles.chunks.chunks_exact(width));
        for (n, ((totals, scales), chunks)) in rows.enumerate() {
            let sums = dots(chunks, &line.quantized.bytes[..width]);
            write_sums(line, first + n * ROWS, bias, totals, scales, &sums);
        }
    }
    // SAFETY: the same.
    unsafe { multiply_tiles(tiles, first, line, bias) };
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn dots(tile: &[TileChunk], input: &[ByteChunk]) -> Sums {
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

/// The sums of each four neighbouring lanes: register `a` has those of rows 0 to 3, `b` of rows 4 to 7, and so on.
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
