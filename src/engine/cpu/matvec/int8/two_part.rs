//! Int8 products with multiplications of 16 bits, which every processor has: the vector in two parts.

#![cfg_attr(
    any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128")),
    expect(unsafe_code, reason = "calls of functions compiled for AVX2; vectors read from slices")
)]

use super::{LANES, PackedInt8, ROWS, TileChunk, write_tile};
use crate::engine::cpu::matvec::MatVecOperands;

/// Rows of a tile whose sums fit the registers.
const FEW: usize = if cfg!(target_arch = "wasm32") { ROWS } else { 4 };
/// Bits of the lower part of an integer.
const LOW: u32 = 13;

/// `LANES` integers of a vector: upper parts, lower parts.
pub type PartChunk = [[i16; LANES]; 2];

/// Splits integers into two parts.
#[inline(always)]
pub fn split((): (), integers: &[i32; LANES]) -> PartChunk {
    let mut parts = [[0; LANES]; 2];
    for (lane, integer) in integers.iter().enumerate() {
        let upper = (integer + (1 << (LOW - 1))) >> LOW;
        parts[0][lane] = upper as i16;
        parts[1][lane] = (integer - (upper << LOW)) as i16;
    }
    parts
}

/// The products of quantised inputs, without the sparse columns.
pub fn multiply_parts<L>(
    matrix: &PackedInt8,
    lines: &mut [L],
    operands: &dyn for<'a> Fn(&'a mut L) -> MatVecOperands<'a>,
) {
    // One line has a loop of its own, which is not generic and so is in the module only once.
    if let [line] = lines {
        return multiply_one_line(matrix, operands(line));
    }
    for (n, tile) in matrix.tiles(1).enumerate() {
        for line in &mut *lines {
            let mut line = operands(line);
            let totals = dots(tile.chunks, &line.quantized.parts);
            write_tile(&mut line, n * ROWS, tile.scales, totals);
        }
    }
}

#[inline(never)]
fn multiply_one_line(matrix: &PackedInt8, mut line: MatVecOperands<'_>) {
    for (n, tile) in matrix.tiles(1).enumerate() {
        let totals = dots(tile.chunks, &line.quantized.parts);
        write_tile(&mut line, n * ROWS, tile.scales, totals);
    }
}

/// The total of the sums of the upper and of the lower parts.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn combine(upper: &[i32], lower: &[i32]) -> i64 {
    let sum = |part: &[i32]| part.iter().map(|&n| i64::from(n)).sum::<i64>();
    (sum(upper) << LOW) + sum(lower)
}

/// Dot products of a vector with the rows of a tile. A macro, so that each use is compiled for its instruction set.
macro_rules! dots {
    ($tile:expr, $input:expr, $vector:ident) => {{
        let (tile, input) = ($tile, &$input[..$tile.len()]);
        let mut totals = [0; ROWS];
        for first in (0..ROWS).step_by(FEW) {
            let mut sums = [$vector::zero(); FEW];
            for k in 0..tile.len() {
                for r in 0..FEW {
                    sums[r] = $vector::add_products(sums[r], &tile[k].0[first + r], &input[k]);
                }
            }
            // Loops, not closures: the compiler keeps the sums in registers only if everything is inlined.
            for r in 0..FEW {
                totals[first + r] = $vector::total(sums[r]);
            }
        }
        totals
    }};
}

#[cfg_attr(target_arch = "wasm32", inline)]
fn dots(tile: &[TileChunk], input: &[PartChunk]) -> [i64; ROWS] {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: this processor has AVX2.
        return unsafe { dots_avx2(tile, input) };
    }
    dots!(tile, input, vector)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dots_avx2(tile: &[TileChunk], input: &[PartChunk]) -> [i64; ROWS] {
    dots!(tile, input, avx2)
}

/// WebAssembly's 128 bits.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vector {
    use super::{LANES, LOW, PartChunk};
    use core::arch::wasm32::{
        i16x8_load_extend_i8x8, i32x4_add, i32x4_dot_i16x8, i32x4_splat, i64x2_add, i64x2_extend_high_i32x4,
        i64x2_extend_low_i32x4, i64x2_extract_lane, i64x2_shl, v128, v128_load,
    };

    #[inline(always)]
    pub fn zero() -> [v128; 2] {
        [i32x4_splat(0); 2]
    }

    #[inline(always)]
    pub fn add_products(mut sums: [v128; 2], row: &[i8; LANES], y: &PartChunk) -> [v128; 2] {
        for first in [0, LANES / 2] {
            // SAFETY: from `first` on a row has the 8 bytes that are read, and a part the 16; neither need be aligned.
            let (x, y) = unsafe {
                let part = |part: usize| v128_load(y[part][first..].as_ptr().cast());
                (i16x8_load_extend_i8x8(row[first..].as_ptr()), [part(0), part(1)])
            };
            for part in 0..2 {
                sums[part] = i32x4_add(sums[part], i32x4_dot_i16x8(x, y[part]));
            }
        }
        sums
    }

    /// The total of the sums of the upper and of the lower parts.
    #[inline(always)]
    pub fn total(sums: [v128; 2]) -> i64 {
        let [upper, lower] = sums.map(|sum| i64x2_add(i64x2_extend_low_i32x4(sum), i64x2_extend_high_i32x4(sum)));
        let both = i64x2_add(i64x2_shl(upper, LOW), lower);
        i64x2_extract_lane::<0>(both) + i64x2_extract_lane::<1>(both)
    }
}

/// Portable code, which the compiler may vectorise.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod vector {
    use super::{LANES, PartChunk, combine};

    type Sums = [[i32; LANES / 2]; 2];

    #[inline(always)]
    pub fn zero() -> Sums {
        [[0; LANES / 2]; 2]
    }

    #[inline(always)]
    pub fn add_products(mut sums: Sums, row: &[i8; LANES], y: &PartChunk) -> Sums {
        for part in 0..2 {
            for n in 0..LANES / 2 {
                let product = |k: usize| i32::from(row[k]) * i32::from(y[part][k]);
                sums[part][n] += product(2 * n) + product(2 * n + 1);
            }
        }
        sums
    }

    #[inline(always)]
    pub fn total(sums: Sums) -> i64 {
        combine(&sums[0], &sums[1])
    }
}

/// AVX2: 256 bits.
#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{LANES, PartChunk, combine};
    use core::arch::x86_64::{
        __m128i, __m256i, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_madd_epi16, _mm256_setzero_si256,
    };

    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn zero() -> [__m256i; 2] {
        [_mm256_setzero_si256(); 2]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn add_products(mut sums: [__m256i; 2], row: &[i8; LANES], y: &PartChunk) -> [__m256i; 2] {
        let x = _mm256_cvtepi8_epi16(bytemuck::cast::<_, __m128i>(*row));
        for part in 0..2 {
            sums[part] = _mm256_add_epi32(sums[part], _mm256_madd_epi16(x, bytemuck::cast(y[part])));
        }
        sums
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn total(sums: [__m256i; 2]) -> i64 {
        let [upper, lower] = sums.map(bytemuck::cast::<_, [i32; 8]>);
        combine(&upper, &lower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_vector_implementations_give_the_same_sums() {
        let integers = |pace: usize| std::array::from_fn(|lane| (lane * pace) as i32 * 1_001 - 4_000_000);
        let input: Vec<PartChunk> = (0..40).map(|k| split((), &integers(17 * k))).collect();
        let tile: Vec<TileChunk> = (0..40)
            .map(|k| {
                TileChunk(std::array::from_fn(|r| std::array::from_fn(|lane| (k * 31 + r * 7 + lane * lane) as i8)))
            })
            .collect();
        let plain: [i64; ROWS] = dots!(&tile, &input, vector);
        assert_eq!(dots(&tile, &input), plain);
        let integer = |chunk: &PartChunk, lane: usize| (i64::from(chunk[0][lane]) << LOW) + i64::from(chunk[1][lane]);
        for (r, total) in plain.into_iter().enumerate() {
            let products = tile.iter().zip(&input).flat_map(|(tile, chunk)| {
                (0..LANES).map(move |lane| i64::from(tile.0[r][lane]) * integer(chunk, lane))
            });
            assert_eq!(total, products.sum::<i64>());
        }
    }
}
