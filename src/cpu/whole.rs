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
use crate::model::Whole;

/// Columns that are taken at a time; rows are padded to a multiple of them.
pub const LANES: usize = Whole::LANES;
/// Rows of the matrix that are multiplied with every line before the next are read.
const ROWS: usize = 4;
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
pub fn products<L>(whole: &Whole, lines: &mut [L], part: impl for<'a> Fn(&'a mut L) -> Part<'a>) {
    for line in &mut *lines {
        let Part { input, fixed, .. } = part(line);
        fixed.set(input);
    }
    let rows = whole.scales.len();
    let four = rows - rows % ROWS;
    for first in (0..four).step_by(ROWS) {
        let tile: [&[[i8; LANES]]; ROWS] = std::array::from_fn(|r| whole.row(first + r));
        let scales = &whole.scales[first..first + ROWS];
        // As many sums at a time as registers hold.
        let (fours, rest) = if many_registers() { lines.as_chunks_mut::<4>() } else { (&mut [][..], &mut *lines) };
        for four in fours {
            let four = four.each_mut().map(&part);
            let sums = dots(tile, four.each_ref().map(|line| &line.fixed.chunks[..]));
            for (l, line) in four.into_iter().enumerate() {
                for r in 0..ROWS {
                    line.sums[first + r] = number(sums[r][l], line.fixed.unit, scales[r]);
                }
            }
        }
        let (pairs, last) = rest.as_chunks_mut::<2>();
        for [a, b] in pairs {
            let (a, b) = (part(a), part(b));
            for r in (0..ROWS).step_by(2) {
                let sums = dots([tile[r], tile[r + 1]], [&a.fixed.chunks, &b.fixed.chunks]);
                for n in 0..2 {
                    a.sums[first + r + n] = number(sums[n][0], a.fixed.unit, scales[r + n]);
                    b.sums[first + r + n] = number(sums[n][1], b.fixed.unit, scales[r + n]);
                }
            }
        }
        for line in last {
            let Part { fixed, sums, .. } = part(line);
            let found = dots(tile, [&fixed.chunks]);
            for r in 0..ROWS {
                sums[first + r] = number(found[r][0], fixed.unit, scales[r]);
            }
        }
    }
    for r in four..rows {
        for line in &mut *lines {
            let Part { fixed, sums, .. } = part(line);
            sums[r] = number(dots([whole.row(r)], [&fixed.chunks])[0][0], fixed.unit, whole.scales[r]);
        }
    }
}

/// A sum of products of whole numbers as the number that it stands for.
fn number(total: i64, unit: f32, scale: f32) -> f32 {
    (total as f64 * (f64::from(unit) * f64::from(scale))) as f32
}

/// What the sums for the upper and the lower parts are together.
fn together(upper: &[i32], lower: &[i32]) -> i64 {
    let sum = |part: &[i32]| part.iter().map(|&n| i64::from(n)).sum::<i64>();
    (sum(upper) << LOW) + sum(lower)
}

/// Sums of products of each row with each vector. Written once, for vectors of any
/// make.
macro_rules! dots {
    ($rows:expr, $inputs:expr, $vector:ident) => {{
        let (rows, inputs) = ($rows, $inputs);
        let mut sums = [[$vector::zero(); L]; R];
        let inputs = inputs.map(|input| &input[..rows[0].len()]);
        for k in 0..rows[0].len() {
            for r in 0..R {
                let x = $vector::widen(&rows[r][k]);
                for l in 0..L {
                    sums[r][l] = $vector::add_products(sums[r][l], x, &inputs[l][k]);
                }
            }
        }
        // Loops, not closures: the compiler keeps the sums in registers only if it sees through everything.
        let mut totals = [[0; L]; R];
        for r in 0..R {
            for l in 0..L {
                totals[r][l] = $vector::total(sums[r][l]);
            }
        }
        totals
    }};
}

#[inline(always)]
fn dots<const R: usize, const L: usize>(rows: [&[[i8; LANES]]; R], inputs: [&[Chunk]; L]) -> [[i64; L]; R] {
    #[cfg(target_arch = "x86_64")]
    {
        if many_registers() {
            // SAFETY: the processor has what the function is compiled for.
            return unsafe { dots_vnni(rows, inputs) };
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the same.
            return unsafe { dots_avx2(rows, inputs) };
        }
    }
    dots!(rows, inputs, vector)
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
fn dots_vnni<const R: usize, const L: usize>(rows: [&[[i8; LANES]]; R], inputs: [&[Chunk]; L]) -> [[i64; L]; R] {
    dots!(rows, inputs, vnni)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dots_avx2<const R: usize, const L: usize>(rows: [&[[i8; LANES]]; R], inputs: [&[Chunk]; L]) -> [[i64; L]; R] {
    dots!(rows, inputs, avx2)
}

/// 128 bits, as WASM has them.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vector {
    use super::{Chunk, LANES, together};
    use core::arch::wasm32::{
        i16x8_extend_high_i8x16, i16x8_extend_low_i8x16, i32x4_add, i32x4_dot_i16x8, i32x4_extract_lane, i32x4_splat,
        v128,
    };

    #[inline(always)]
    pub fn zero() -> [v128; 2] {
        [i32x4_splat(0); 2]
    }

    #[inline(always)]
    fn load<T>(from: &[T], at: usize) -> v128 {
        let from = &from[at..at + 16 / size_of::<T>()];
        // SAFETY: the slice is 16 bytes long, which may be any, and the read asks for no alignment.
        unsafe { from.as_ptr().cast::<v128>().read_unaligned() }
    }

    #[inline(always)]
    pub fn widen(row: &[i8; LANES]) -> [v128; 2] {
        let row = load(row, 0);
        [i16x8_extend_low_i8x16(row), i16x8_extend_high_i8x16(row)]
    }

    #[inline(always)]
    fn add_part(sum: v128, x: [v128; 2], y: &[i16; LANES]) -> v128 {
        let low = i32x4_dot_i16x8(x[0], load(y, 0));
        i32x4_add(i32x4_add(sum, low), i32x4_dot_i16x8(x[1], load(y, 8)))
    }

    #[inline(always)]
    pub fn add_products(sums: [v128; 2], x: [v128; 2], y: &Chunk) -> [v128; 2] {
        [add_part(sums[0], x, &y[0]), add_part(sums[1], x, &y[1])]
    }

    #[inline(always)]
    fn lanes(v: v128) -> [i32; 4] {
        [i32x4_extract_lane::<0>(v), i32x4_extract_lane::<1>(v), i32x4_extract_lane::<2>(v), i32x4_extract_lane::<3>(v)]
    }

    #[inline(always)]
    pub fn total(sums: [v128; 2]) -> i64 {
        together(&lanes(sums[0]), &lanes(sums[1]))
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
        products(whole, &mut lines, |(input, fixed, sums)| Part { input, fixed, sums });
        lines.pop().map(|(.., sums)| sums).unwrap_or_default()
    }

    fn whole(rows: usize, columns: usize) -> (Vec<u8>, Whole) {
        let numbers: Vec<u8> = (0..rows * columns).map(|k| (k * k + 17 * k) as u8).collect();
        let scales = (0..rows).map(|r| 0.25 + r as f32).collect();
        let whole = Whole::new(&numbers, columns, scales).unwrap_or_default();
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
        fn plain<const R: usize, const L: usize>(rows: [&[[i8; LANES]]; R], inputs: [&[Chunk]; L]) -> [[i64; L]; R] {
            dots!(rows, inputs, vector)
        }
        let (_, whole) = whole(ROWS, 600);
        let fixed = [0.3, 0.7].map(|pace: f32| {
            let mut fixed = Fixed::default();
            fixed.set(&(0..600).map(|k| (k as f32 * pace).cos()).collect::<Vec<_>>());
            fixed
        });
        let rows: [_; ROWS] = std::array::from_fn(|r| whole.row(r));
        let inputs = fixed.each_ref().map(|fixed| &fixed.chunks[..]);
        let sums = plain(rows, inputs);
        assert_eq!(dots(rows, inputs), sums);
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has what the function is compiled for.
            assert_eq!(unsafe { dots_avx2(rows, inputs) }, sums);
        }
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let columns = 8000;
        let whole = Whole::new(&vec![0x80; columns], columns, vec![1.0]).unwrap_or_default();
        for x in [1.0f32, -1.999_999_9, f32::MAX / 1e7] {
            let expected = -128.0 * columns as f32 * x;
            assert!((found(&whole, &vec![x; columns], 1)[0] / expected - 1.0).abs() < 1e-6);
        }
        assert_eq!(found(&whole, &vec![0.0; columns], 1), [0.0]);
    }

    #[test]
    fn what_is_no_number_is_told() {
        let (_, whole) = whole(5, 20);
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut input = [0.5; 20];
            input[3] = bad;
            assert!(found(&whole, &input, 1).iter().all(|sum| sum.is_nan()));
        }
    }
}
