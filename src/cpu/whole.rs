//! Products of a matrix of whole numbers, as an `int8` file has them, with vectors: [`super::simd`] for such files.
//!
//! A quarter of the bytes of an `f32` matrix have to come from the cache, and one instruction multiplies and adds
//! pairs of 16-bit numbers. The vector is made whole too: its largest magnitude becomes 2²⁶, more than `f32`
//! tells apart, in two parts of 14 bits. Everything between the two roundings is exact, so that no order of the
//! sums, and no company of other lines, can make a difference.

#![cfg_attr(
    any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128")),
    expect(unsafe_code, reason = "calls of what a processor may not have; vectors read from slices")
)]

use super::simd::Part;
use crate::model::{TileChunk, Whole};

/// Columns that are taken at a time.
const LANES: usize = Whole::LANES;
/// Rows of the matrix that are multiplied with every line before the next are read.
const ROWS: usize = Whole::ROWS;
/// Bits of the lower part of a number of the vector.
const LOW: u32 = 13;

/// `LANES` numbers of a vector: upper parts, lower parts.
type Chunk = [[i16; LANES]; 2];

/// A vector as whole numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fixed {
    /// What one is worth.
    unit: f32,
    chunks: Vec<Chunk>,
}

impl Fixed {
    /// Room for vectors of up to `length` numbers.
    pub fn new(length: usize) -> Self {
        Self { unit: 0.0, chunks: vec![[[0; LANES]; 2]; length.div_ceil(LANES)] }
    }

    /// Takes a vector; without room for it, makes some.
    fn set(&mut self, input: &[f32]) {
        let count = input.len().div_ceil(LANES);
        if self.chunks.len() < count {
            *self = Self::new(input.len());
        }
        // Magnitudes are ordered like their bits, with what is no number at the end.
        let largest = input.iter().fold(0, |most: u32, x| most.max(x.to_bits() & 0x7fff_ffff));
        if largest >= f32::INFINITY.to_bits() {
            self.unit = f32::NAN;
            return;
        }
        // |x| < 2^(exponent − 126): times the scale at most 2^26. A power of two, so that this rounds nothing.
        let exponent = (largest >> 23).max(26);
        let scale = f32::from_bits((279 - exponent) << 23);
        self.unit = f32::from_bits((exponent - 25) << 23);
        let (whole, rest) = input.as_chunks::<LANES>();
        for (chunk, input) in self.chunks.iter_mut().zip(whole) {
            *chunk = parts(input, scale);
        }
        if !rest.is_empty() {
            let mut padded = [0.0; LANES];
            padded[..rest.len()].copy_from_slice(rest);
            self.chunks[count - 1] = parts(&padded, scale);
        }
    }
}

/// Numbers times `scale`, in two parts.
#[inline]
fn parts(input: &[f32; LANES], scale: f32) -> Chunk {
    let mut parts = [[0; LANES]; 2];
    for lane in 0..LANES {
        let number = (input[lane] * scale) as i32;
        let upper = (number + (1 << (LOW - 1))) >> LOW;
        parts[0][lane] = upper as i16;
        parts[1][lane] = (number - (upper << LOW)) as i16;
    }
    parts
}

/// [`super::simd::products`] with a matrix of whole numbers.
pub fn products<L>(whole: &Whole, lines: &mut [L], part: &dyn for<'a> Fn(&'a mut L) -> Part<'a>) {
    for line in &mut *lines {
        let Part { input, fixed, .. } = part(line);
        fixed.set(&input[whole.sparse..]);
    }
    if let [line] = &mut *lines {
        products_alone(whole, part(line));
    } else {
        for (n, (tile, scales)) in whole.tiles().enumerate() {
            let first = n * ROWS;
            // As many sums at a time as registers hold.
            let (fours, rest) = if many_registers() { lines.as_chunks_mut::<4>() } else { (&mut [][..], &mut *lines) };
            for four in fours {
                let four = four.each_mut().map(part);
                let totals = dots::<0, ROWS, 4>(tile, four.each_ref().map(|line| &line.fixed.chunks[..]));
                for (line, totals) in four.into_iter().zip(totals) {
                    write(line, first, scales, &totals);
                }
            }
            let (pairs, last) = rest.as_chunks_mut::<2>();
            for pair in pairs {
                let pair = pair.each_mut().map(part);
                let totals = dots_of_two(tile, pair.each_ref().map(|line| &line.fixed.chunks[..]));
                for (l, line) in pair.into_iter().enumerate() {
                    write(line, first, scales, [totals[0][l], totals[1][l]].as_flattened());
                }
            }
            for line in last {
                let line = part(line);
                let [totals] = dots_of_one(tile, [&line.fixed.chunks]);
                write(line, first, scales, &totals);
            }
        }
    }
    for line in lines {
        let Part { input, sums, .. } = part(line);
        for (column, &x) in whole.apart().zip(&input[..whole.sparse]) {
            // What is no number is not 0 either.
            if x != 0.0 {
                sums.iter_mut().zip(column).for_each(|(sum, weight)| *sum += x * weight);
            }
        }
    }
}

// What is not generic stands in the module once.

/// The products of one line, without the sparse columns.
#[inline(never)]
fn products_alone(whole: &Whole, line: Part<'_>) {
    let Part { fixed, sums, .. } = line;
    for ((tile, scales), sums) in whole.tiles().zip(sums.chunks_mut(ROWS)) {
        let [totals] = dots::<0, ROWS, 1>(tile, [&fixed.chunks]);
        for ((sum, scale), total) in sums.iter_mut().zip(scales).zip(totals) {
            *sum = number(total, fixed.unit, *scale);
        }
    }
}

#[inline(never)]
fn dots_of_one(tile: &[TileChunk], input: [&[Chunk]; 1]) -> Totals<ROWS, 1> {
    dots::<0, ROWS, 1>(tile, input)
}

/// The first two rows' and the last two rows'.
#[inline(never)]
fn dots_of_two(tile: &[TileChunk], inputs: [&[Chunk]; 2]) -> [Totals<2, 2>; 2] {
    [dots::<0, 2, 2>(tile, inputs), dots::<2, 2, 2>(tile, inputs)]
}

/// Notes the totals of a tile's rows, of which `first` is the first.
fn write(line: Part<'_>, first: usize, scales: &[f32], totals: &[i64]) {
    for ((sum, scale), total) in line.sums[first..].iter_mut().zip(scales).zip(totals) {
        *sum = number(*total, line.fixed.unit, *scale);
    }
}

/// A sum of products of whole numbers as the number that it stands for.
fn number(total: i64, unit: f32, scale: f32) -> f32 {
    (total as f64 * (f64::from(unit) * f64::from(scale))) as f32
}

/// What the sums for the upper and the lower parts are together.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn together(upper: &[i32], lower: &[i32]) -> i64 {
    let sum = |part: &[i32]| part.iter().map(|&n| i64::from(n)).sum::<i64>();
    (sum(upper) << LOW) + sum(lower)
}

/// Sums of products of each vector with `R` rows of a tile, from row `FIRST` on. Written once, for vectors
/// of any make.
macro_rules! dots {
    ($tile:expr, $inputs:expr, $vector:ident) => {{
        let tile = $tile;
        let inputs = $inputs.map(|input| &input[..tile.len()]);
        let mut sums = [[$vector::zero(); R]; L];
        for k in 0..tile.len() {
            for r in 0..R {
                let x = $vector::widen(&tile[k][FIRST + r]);
                for l in 0..L {
                    sums[l][r] = $vector::add_products(sums[l][r], x, &inputs[l][k]);
                }
            }
        }
        // Loops, not closures: the compiler keeps the sums in registers only if it sees through everything.
        let mut totals = [[0; R]; L];
        for l in 0..L {
            for r in 0..R {
                totals[l][r] = $vector::total(sums[l][r]);
            }
        }
        totals
    }};
}

/// Totals of [`dots()`], `[lines, rows]`.
type Totals<const R: usize, const L: usize> = [[i64; R]; L];

#[inline(always)]
fn dots<const FIRST: usize, const R: usize, const L: usize>(tile: &[TileChunk], inputs: [&[Chunk]; L]) -> Totals<R, L> {
    #[cfg(target_arch = "x86_64")]
    {
        if many_registers() {
            // SAFETY: the processor has what the function is compiled for.
            return unsafe { dots_vnni::<FIRST, R, L>(tile, inputs) };
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the same.
            return unsafe { dots_avx2::<FIRST, R, L>(tile, inputs) };
        }
    }
    dots!(tile, inputs, vector)
}

/// Whether the processor has `vnni`'s instructions, and with them 32 registers.
#[inline(always)]
fn many_registers() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx512vnni") && std::arch::is_x86_feature_detected!("avx512bw");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512vnni,avx512bw")]
fn dots_vnni<const FIRST: usize, const R: usize, const L: usize>(
    tile: &[TileChunk],
    inputs: [&[Chunk]; L],
) -> Totals<R, L> {
    dots!(tile, inputs, vnni)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dots_avx2<const FIRST: usize, const R: usize, const L: usize>(
    tile: &[TileChunk],
    inputs: [&[Chunk]; L],
) -> Totals<R, L> {
    dots!(tile, inputs, avx2)
}

/// 128 bits, as WASM has them.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vector {
    use super::{Chunk, LANES, LOW};
    use core::arch::wasm32::{
        i16x8_load_extend_i8x8, i32x4_add, i32x4_dot_i16x8, i32x4_splat, i64x2_add, i64x2_extend_high_i32x4,
        i64x2_extend_low_i32x4, i64x2_extract_lane, i64x2_shl, v128, v128_load,
    };

    #[inline(always)]
    pub fn zero() -> [v128; 2] {
        [i32x4_splat(0); 2]
    }

    #[inline(always)]
    pub fn widen(row: &[i8; LANES]) -> v128 {
        // SAFETY: `row` has the 8 bytes that are read.
        unsafe { i16x8_load_extend_i8x8(row.as_ptr()) }
    }

    #[inline(always)]
    pub fn add_products(sums: [v128; 2], x: v128, y: &Chunk) -> [v128; 2] {
        // SAFETY: a part has the 16 bytes that are read, and the read asks for no alignment.
        let add =
            |sum, part: &[i16; LANES]| i32x4_add(sum, i32x4_dot_i16x8(x, unsafe { v128_load(part.as_ptr().cast()) }));
        [add(sums[0], &y[0]), add(sums[1], &y[1])]
    }

    /// What the sums for the upper and the lower parts are together.
    #[inline(always)]
    pub fn total(sums: [v128; 2]) -> i64 {
        let [upper, lower] = sums.map(|sum| i64x2_add(i64x2_extend_low_i32x4(sum), i64x2_extend_high_i32x4(sum)));
        let both = i64x2_add(i64x2_shl(upper, LOW), lower);
        i64x2_extract_lane::<0>(both) + i64x2_extract_lane::<1>(both)
    }
}

/// 128 bits, as a compiler can find them by itself.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod vector {
    use super::{Chunk, LANES, together};

    type Sums = [[i32; LANES / 2]; 2];

    #[inline(always)]
    pub fn zero() -> Sums {
        [[0; LANES / 2]; 2]
    }

    #[inline(always)]
    pub fn widen(row: &[i8; LANES]) -> [i16; LANES] {
        row.map(i16::from)
    }

    #[inline(always)]
    pub fn add_products(mut sums: Sums, x: [i16; LANES], y: &Chunk) -> Sums {
        for part in 0..2 {
            for n in 0..LANES / 2 {
                let product = |k: usize| i32::from(x[k]) * i32::from(y[part][k]);
                sums[part][n] += product(2 * n) + product(2 * n + 1);
            }
        }
        sums
    }

    #[inline(always)]
    pub fn total(sums: Sums) -> i64 {
        together(&sums[0], &sums[1])
    }
}

/// 256 bits, as most x86-64 processors have them.
#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{Chunk, LANES, together};
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
    pub fn widen(row: &[i8; LANES]) -> __m256i {
        _mm256_cvtepi8_epi16(bytemuck::cast::<_, __m128i>(*row))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn add_products(mut sums: [__m256i; 2], x: __m256i, y: &Chunk) -> [__m256i; 2] {
        for part in 0..2 {
            sums[part] = _mm256_add_epi32(sums[part], _mm256_madd_epi16(x, bytemuck::cast(y[part])));
        }
        sums
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn total(sums: [__m256i; 2]) -> i64 {
        let [upper, lower] = sums.map(bytemuck::cast::<_, [i32; 8]>);
        together(&upper, &lower)
    }
}

/// 512 bits: both parts at once, and one instruction that multiplies pairs and adds them to the sums.
#[cfg(target_arch = "x86_64")]
mod vnni {
    use super::{Chunk, LANES, together};
    use core::arch::x86_64::{
        __m128i, __m512i, _mm256_broadcastsi128_si256, _mm512_cvtepi8_epi16, _mm512_dpwssd_epi32, _mm512_setzero_si512,
    };

    #[inline]
    #[target_feature(enable = "avx512vnni,avx512bw")]
    pub fn zero() -> __m512i {
        _mm512_setzero_si512()
    }

    /// The row twice, for either part.
    #[inline]
    #[target_feature(enable = "avx512vnni,avx512bw")]
    pub fn widen(row: &[i8; LANES]) -> __m512i {
        _mm512_cvtepi8_epi16(_mm256_broadcastsi128_si256(bytemuck::cast::<_, __m128i>(*row)))
    }

    #[inline]
    #[target_feature(enable = "avx512vnni,avx512bw")]
    pub fn add_products(sums: __m512i, x: __m512i, y: &Chunk) -> __m512i {
        _mm512_dpwssd_epi32(sums, x, bytemuck::cast(*y))
    }

    #[inline]
    #[target_feature(enable = "avx512vnni,avx512bw")]
    pub fn total(sums: __m512i) -> i64 {
        let [upper, lower] = bytemuck::cast::<_, [[i32; LANES / 2]; 2]>(sums);
        together(&upper, &lower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The matrix, and the products of `input` in company of other lines.
    fn found(whole: &Whole, input: &[f32], lines: usize) -> Vec<f32> {
        let mut lines: Vec<_> =
            (0..lines).map(|_| (input.to_vec(), Fixed::default(), vec![9.0; whole.scales.len()])).collect();
        products(whole, &mut lines, &|(input, fixed, sums)| Part { input, fixed, sums });
        lines.pop().map(|(.., sums)| sums).unwrap_or_default()
    }

    fn whole(rows: usize, columns: usize) -> (Vec<u8>, Whole) {
        let numbers: Vec<u8> = (0..rows * columns).map(|k| (k * k + 17 * k) as u8).collect();
        let scales = (0..rows).map(|r| 0.25 + r as f32).collect();
        let sparse = if columns.is_multiple_of(2) { 0 } else { columns / 3 };
        let whole = Whole::new(&numbers, columns, scales, sparse).unwrap_or_default();
        (numbers, whole)
    }

    #[test]
    fn sums_are_those_of_the_plain_loop_to_the_last_bit_but_one_and_the_same_in_any_company() {
        // Miri looks for undefined behaviour, of which small shapes have as much as large ones.
        let large: &[_] = if cfg!(miri) { &[] } else { &[(13, 333), (4, 8000)] };
        for &(rows, columns) in [(1, 1), (4, 8), (5, 7), (9, 40)].iter().chain(large) {
            let (numbers, whole) = whole(rows, columns);
            for size in [1e-30, 1e-3, 1.0, 300.0, 1e30] {
                let input: Vec<f32> = (0..columns).map(|k| size * (k as f32 * 0.3).cos()).collect();
                let sums = found(&whole, &input, 1);
                for (r, sum) in sums.iter().enumerate() {
                    let row = &numbers[r * columns..(r + 1) * columns];
                    let terms = row.iter().zip(&input).map(|(&w, &x)| f64::from(w.cast_signed()) * f64::from(x));
                    let plain = terms.clone().sum::<f64>() * f64::from(whole.scales[r]);
                    let most = terms.map(f64::abs).sum::<f64>() * f64::from(whole.scales[r]);
                    assert!((f64::from(*sum) - plain).abs() <= 2e-7 * most, "{sum} against {plain}, {columns} columns");
                }
                for lines in 2..=7 {
                    assert_eq!(found(&whole, &input, lines), sums);
                }
            }
        }
    }

    #[test]
    fn vectors_of_any_kind_give_the_same_sums() {
        fn plain<const FIRST: usize, const R: usize, const L: usize>(
            tile: &[TileChunk],
            inputs: [&[Chunk]; L],
        ) -> Totals<R, L> {
            dots!(tile, inputs, vector)
        }
        let (_, whole) = whole(ROWS, 600);
        let fixed = [0.3, 0.7].map(|pace: f32| {
            let mut fixed = Fixed::default();
            fixed.set(&(0..600).map(|k| (k as f32 * pace).cos()).collect::<Vec<_>>());
            fixed
        });
        let (tile, _) = whole.tiles().next().unwrap_or_default();
        let inputs = fixed.each_ref().map(|fixed| &fixed.chunks[..]);
        let sums = plain::<0, ROWS, 2>(tile, inputs);
        assert_eq!(dots::<0, ROWS, 2>(tile, inputs), sums);
        assert_eq!(dots::<2, 2, 2>(tile, inputs).map(|rows| rows.to_vec()), sums.map(|rows| rows[2..].to_vec()));
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has what the function is compiled for.
            assert_eq!(unsafe { dots_avx2::<0, ROWS, 2>(tile, inputs) }, sums);
        }
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let columns = 8000;
        let whole = Whole::new(&vec![0x80; columns], columns, vec![1.0], 0).unwrap_or_default();
        for x in [1.0f32, -1.999_999_9, f32::MAX / 1e7] {
            let expected = -128.0 * columns as f32 * x;
            assert!((found(&whole, &vec![x; columns], 1)[0] / expected - 1.0).abs() < 1e-6);
        }
        assert_eq!(found(&whole, &vec![0.0; columns], 1), [0.0]);
    }

    #[test]
    fn what_is_no_number_is_told() {
        let (_, whole) = whole(5, 21);
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for column in [3, 6, 20] {
                let mut input = [0.5; 21];
                input[column] = bad;
                assert!(found(&whole, &input, 1).iter().all(|sum| !sum.is_finite()), "{bad} in column {column}");
            }
        }
    }
}
