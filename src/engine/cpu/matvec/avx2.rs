//! AVX2: two registers hold a chunk, eight rows of four columns each.

#![expect(unsafe_code, reason = "calls of functions compiled for AVX2")]

use super::{InputChunk, TileChunk, TileSums};
use core::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_set1_epi16, _mm256_set1_epi32,
};

/// Tiles that share each read of the vector.
const TILES: usize = 2;

pub fn supported() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

/// See [`super::portable::add`].
pub fn add(chunks: &[TileChunk], input: &[InputChunk], sums: &mut [TileSums]) {
    #[target_feature(enable = "avx2")]
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
    // SAFETY: `supported` has found AVX2.
    unsafe { add(chunks, input, sums) };
}

#[inline]
#[target_feature(enable = "avx2")]
fn add_tiles<const T: usize>(tiles: &[TileChunk], input: &[InputChunk], sums: &mut [TileSums; T]) {
    let ones = _mm256_set1_epi16(1);
    let mut totals: [[__m256i; 2]; T] = sums.map(bytemuck::cast);
    for (k, x) in input.iter().enumerate() {
        let x = _mm256_set1_epi32(i32::from_le_bytes(bytemuck::cast(*x)));
        for t in 0..T {
            let halves: [__m256i; 2] = bytemuck::cast(tiles[t * input.len() + k].0);
            for half in 0..2 {
                // Weights are below 128: the sums of two products cannot saturate.
                let fours = _mm256_madd_epi16(_mm256_maddubs_epi16(halves[half], x), ones);
                totals[t][half] = _mm256_add_epi32(totals[t][half], fours);
            }
        }
    }
    *sums = totals.map(bytemuck::cast);
}
