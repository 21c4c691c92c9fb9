//! AVX-512 VNNI: a register holds a chunk, sixteen rows of four columns.

#![expect(unsafe_code, reason = "calls of functions compiled for AVX-512")]

use super::{LineVectors, TileChunk};
use core::arch::x86_64::{__m512i, _mm512_dpbusd_epi32, _mm512_set1_epi32};

pub fn supported() -> bool {
    std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("avx512vnni")
}

/// See [`super::portable::add`].
pub fn add<const N: usize>(chunks: &[TileChunk], lines: [LineVectors<'_>; N]) {
    #[target_feature(enable = "avx512f,avx512vnni")]
    fn add<const N: usize>(chunks: &[TileChunk], mut lines: [LineVectors<'_>; N]) {
        let (width, tiles) = (lines[0].0.len(), lines[0].1.len());
        // Four sums or more, so that an addition need not wait for the one before.
        let mut first = 0;
        while first < tiles {
            let chunks = &chunks[first * width..];
            first += match tiles - first {
                4.. if N == 1 => add_tiles::<4, N>(chunks, first, &mut lines),
                2.. => add_tiles::<2, N>(chunks, first, &mut lines),
                _ => add_tiles::<1, N>(chunks, first, &mut lines),
            };
        }
    }
    // SAFETY: `supported` has found these features.
    unsafe { add(chunks, lines) };
}

/// T tiles, the first of which is tile `first` of the sums. Returns T.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
fn add_tiles<const T: usize, const N: usize>(
    chunks: &[TileChunk],
    first: usize,
    lines: &mut [LineVectors<'_>; N],
) -> usize {
    let width = lines[0].0.len();
    let mut sums = [[_mm512_set1_epi32(0); N]; T];
    for t in 0..T {
        for n in 0..N {
            sums[t][n] = bytemuck::cast(lines[n].1[first + t]);
        }
    }
    for k in 0..width {
        for t in 0..T {
            let w: __m512i = bytemuck::cast(chunks[t * width + k].0);
            for n in 0..N {
                let x = _mm512_set1_epi32(i32::from_le_bytes(bytemuck::cast(lines[n].0[k])));
                sums[t][n] = _mm512_dpbusd_epi32(sums[t][n], w, x);
            }
        }
    }
    for t in 0..T {
        for n in 0..N {
            lines[n].1[first + t] = bytemuck::cast(sums[t][n]);
        }
    }
    T
}
