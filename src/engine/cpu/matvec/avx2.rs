//! AVX2: two registers hold a chunk, eight rows of four columns each.

#![expect(unsafe_code, reason = "calls of functions compiled for AVX2")]

use super::{LineVectors, TileChunk};
use core::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_set1_epi16, _mm256_set1_epi32,
};

pub fn supported() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

/// See [`super::portable::add`].
pub fn add<const N: usize>(chunks: &[TileChunk], lines: [LineVectors<'_>; N]) {
    #[target_feature(enable = "avx2")]
    fn add<const N: usize>(chunks: &[TileChunk], lines: [LineVectors<'_>; N]) {
        let ones = _mm256_set1_epi16(1);
        let width = lines[0].0.len();
        for (t, tile) in chunks.chunks_exact(width.max(1)).enumerate() {
            let mut sums = [[_mm256_set1_epi32(0); 2]; N];
            for n in 0..N {
                sums[n] = bytemuck::cast(lines[n].1[t]);
            }
            for k in 0..width {
                let halves: [__m256i; 2] = bytemuck::cast(tile[k].0);
                for n in 0..N {
                    let x = _mm256_set1_epi32(i32::from_le_bytes(bytemuck::cast(lines[n].0[k])));
                    for half in 0..2 {
                        // Weights are below 128: the sums of two products cannot saturate.
                        let fours = _mm256_madd_epi16(_mm256_maddubs_epi16(halves[half], x), ones);
                        sums[n][half] = _mm256_add_epi32(sums[n][half], fours);
                    }
                }
            }
            for n in 0..N {
                lines[n].1[t] = bytemuck::cast(sums[n]);
            }
        }
    }
    // SAFETY: `supported` has found AVX2.
    unsafe { add(chunks, lines) };
}
