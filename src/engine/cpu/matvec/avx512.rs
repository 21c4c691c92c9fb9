//! AVX-512 VNNI: a register holds a chunk, sixteen rows of four columns.

#![expect(unsafe_code, reason = "calls of functions compiled for AVX-512")]

use super::{InputChunk, TileChunk, TileSums};
use core::arch::x86_64::{__m512i, _mm512_add_epi32, _mm512_dpbusd_epi32, _mm512_set1_epi32, _mm512_setzero_si512};

/// Tiles that share each read of the vector.
const TILES: usize = 4;
/// Chunks of a tile whose sums are independent, so that an addition need not wait for the one before.
const APART: usize = 2;

pub fn supported() -> bool {
    std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("avx512vnni")
}

/// See [`super::portable::add`].
pub fn add(chunks: &[TileChunk], input: &[InputChunk], sums: &mut [TileSums]) {
    #[target_feature(enable = "avx512f,avx512vnni")]
    fn add(chunks: &[TileChunk], input: &[InputChunk], sums: &mut [TileSums]) {
        let width = input.len().max(1);
        let (groups, rest) = sums.as_chunks_mut::<TILES>();
        let (many, few) = chunks.split_at(groups.len() * TILES * width);
        for (tiles, sums) in many.chunks_exact(TILES * width).zip(groups) {
            add_tiles(tiles, input, sums);
        }
        for (tile, sums) in few.chunks_exact(width).zip(rest) {
            add_tiles::<1>(tile, input, std::array::from_mut(sums));
        }
    }
    // SAFETY: `supported` has found these features.
    unsafe { add(chunks, input, sums) };
}

#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
fn add_tiles<const T: usize>(tiles: &[TileChunk], input: &[InputChunk], sums: &mut [TileSums; T]) {
    let mut totals = [[_mm512_setzero_si512(); APART]; T];
    let (pairs, _) = input.as_chunks::<APART>();
    for (k, pair) in pairs.iter().enumerate() {
        for n in 0..APART {
            let x = _mm512_set1_epi32(i32::from_le_bytes(bytemuck::cast(pair[n])));
            for t in 0..T {
                let w: __m512i = bytemuck::cast(tiles[t * input.len() + k * APART + n].0);
                totals[t][n] = _mm512_dpbusd_epi32(totals[t][n], w, x);
            }
        }
    }
    for t in 0..T {
        let total: TileSums = bytemuck::cast(_mm512_add_epi32(totals[t][0], totals[t][1]));
        for (sum, total) in sums[t].iter_mut().zip(total) {
            *sum += total;
        }
    }
}
