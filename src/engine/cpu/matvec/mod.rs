//! Products of a matrix of whole numbers, as an `int8` file has them, with vectors: [`super::simd`] for such files.
//!
//! A quarter of the bytes of an `f32` matrix have to come from the cache, and one instruction multiplies and adds
//! several numbers. The vector is made whole too: its largest magnitude becomes 2²³, as many bits as `f32` tells
//! apart, in three bytes ([`bytes`]) where the machine multiplies these, otherwise in two parts ([`parts`]). Everything
//! between the two roundings is exact, so that no order of the sums, no company of other lines and no machine can make
//! a difference.

#![expect(unsafe_code, reason = "calls of what a processor may not have; a conversion without comparisons")]

mod bytes;
mod parts;

use super::simd::Part;
use crate::model::Whole;
pub use bytes::Kind;

/// Columns that are taken at a time.
const LANES: usize = Whole::LANES;
/// Rows of a tile.
const ROWS: usize = Whole::ROWS;
/// Factors that are so small beside the largest do not count: their products would be lost to rounding.
const NOTHING: f32 = 1e-9;
/// Magnitudes are less.
const LIMIT: i32 = 1 << 23;

/// What the vector is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Two parts of up to 13 bits.
    Parts,
    /// Three bytes.
    Bytes(Kind),
}

impl Way {
    /// The fastest on this machine.
    pub fn best() -> Self {
        bytes::kind().map_or(Self::Parts, Self::Bytes)
    }
}

/// A vector as whole numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fixed {
    /// What one is worth.
    unit: f32,
    /// Either these or the others.
    bytes: Vec<bytes::Chunk>,
    parts: Vec<parts::Chunk>,
}

impl Fixed {
    /// Room for vectors of up to `length` numbers.
    pub fn new(length: usize) -> Self {
        let mut fixed = Self::default();
        fixed.make_room(Way::best(), length);
        fixed
    }

    fn make_room(&mut self, way: Way, length: usize) {
        let count = length.div_ceil(LANES);
        match way {
            Way::Bytes(_) if self.bytes.len() < count => self.bytes.resize(count, Default::default()),
            Way::Parts if self.parts.len() < count => self.parts.resize(count, Default::default()),
            _ => {}
        }
    }

    /// Takes a vector; without room for it, makes some.
    fn set(&mut self, way: Way, input: &[f32]) {
        self.make_room(way, input.len());
        // Magnitudes are ordered like their bits, with what is no number at the end.
        let largest = input.iter().fold(0, |most: u32, x| most.max(x.to_bits() & 0x7fff_ffff));
        if largest >= f32::INFINITY.to_bits() {
            self.unit = f32::NAN;
            return;
        }
        // |x| < 2^(exponent − 126): times the scale less than 2^23. A power of two, so that this rounds nothing.
        let exponent = (largest >> 23).max(23);
        let scale = f32::from_bits((276 - exponent) << 23);
        self.unit = f32::from_bits((exponent - 22) << 23);
        match way {
            Way::Bytes(kind) => bytes::fill(kind, &mut self.bytes, input, scale),
            Way::Parts => fill(&mut self.parts, input, scale, (), parts::split),
        }
    }
}

/// Makes chunks of a vector times `scale`. What is given is a function: a closure would be compiled for the least of
/// processors.
#[inline(always)]
fn fill<K: Copy, C>(to: &mut [C], input: &[f32], scale: f32, kind: K, split: impl Fn(K, &[i32; LANES]) -> C) {
    let (chunks, rest) = input.as_chunks::<LANES>();
    for (to, chunk) in to.iter_mut().zip(chunks) {
        *to = split(kind, &numbers(chunk, scale));
    }
    if !rest.is_empty() {
        let mut padded = [0.0; LANES];
        padded[..rest.len()].copy_from_slice(rest);
        to[chunks.len()] = split(kind, &numbers(&padded, scale));
    }
}

/// Numbers times `scale`, which are to be within the limit, rounded; what would be at the limit is one less.
#[inline(always)]
fn numbers(input: &[f32; LANES], scale: f32) -> [i32; LANES] {
    let mut numbers = [0; LANES];
    for lane in 0..LANES {
        // Rounding by name is a call where a processor need not have it.
        let number = input[lane] * scale + 0.5f32.copysign(input[lane]);
        // SAFETY: its magnitude is no larger than the limit and a half. What a cast would do with others takes several
        // comparisons for each number.
        numbers[lane] = unsafe { number.to_int_unchecked::<i32>() }.min(LIMIT - 1);
    }
    numbers
}

/// [`super::simd::products`] with a matrix of whole numbers.
pub fn products<L>(whole: &Whole, lines: &mut [L], part: &dyn for<'a> Fn(&'a mut L) -> Part<'a>) {
    products_by(Way::best(), whole, lines, part);
}

/// The same in a way that need not be the fastest.
///
/// # Panics
/// If the machine has it not: all have [`Way::Parts`] and [`Way::best`].
pub fn products_by<L>(way: Way, whole: &Whole, lines: &mut [L], part: &dyn for<'a> Fn(&'a mut L) -> Part<'a>) {
    assert!(way == Way::Parts || way == Way::best(), "this machine does not multiply by {way:?}");
    for line in &mut *lines {
        let Part { input, fixed, .. } = part(line);
        fixed.set(way, &input[whole.sparse..]);
    }
    match way {
        Way::Bytes(kind) => bytes::products(kind, whole, lines, part),
        Way::Parts => parts::products(whole, lines, part),
    }
    for line in lines {
        let Part { input, sums, .. } = part(line);
        add_sparse(whole, &input[..whole.sparse], sums);
    }
}

/// Adds the products with the sparse columns: of those whose factor counts, a few at a time.
#[inline(never)]
fn add_sparse(whole: &Whole, input: &[f32], sums: &mut [f32]) {
    wide!(add_columns(whole: &Whole, input: &[f32], sums: &mut [f32]));
}

#[inline(always)]
fn add_columns(whole: &Whole, input: &[f32], sums: &mut [f32]) {
    let least = NOTHING * input.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
    // What is no number does count.
    let mut columns = whole.apart().zip(input).filter(|(_, x)| x.abs() > least || !x.is_finite());
    while let Some((column, &x)) = columns.next() {
        let mut four = [(column, x), (column, 0.0), (column, 0.0), (column, 0.0)];
        for (place, (column, &x)) in four[1..].iter_mut().zip(&mut columns) {
            *place = (column, x);
        }
        let [a, b, c, d] = four;
        for (r, sum) in sums.iter_mut().enumerate() {
            *sum += (a.0[r] * a.1 + b.0[r] * b.1) + (c.0[r] * c.1 + d.0[r] * d.1);
        }
    }
}

/// Notes the totals of a tile's rows, of which `first` is the first.
fn write(line: &mut Part<'_>, first: usize, scales: &[f32], totals: [i64; ROWS]) {
    for ((sum, scale), total) in line.sums[first..].iter_mut().zip(scales).zip(totals) {
        *sum = number(total as f64, line.fixed.unit, *scale);
    }
}

/// A sum of products of whole numbers as the number that it stands for.
#[inline(always)]
fn number(total: f64, unit: f32, scale: f32) -> f32 {
    (total * (f64::from(unit) * f64::from(scale))) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The products of `input` in company of other lines.
    fn found(whole: &Whole, input: &[f32], lines: usize) -> Vec<f32> {
        found_by(Way::best(), whole, input, lines)
    }

    fn found_by(way: Way, whole: &Whole, input: &[f32], lines: usize) -> Vec<f32> {
        let mut lines: Vec<_> =
            (0..lines).map(|_| (input.to_vec(), Fixed::default(), vec![9.0; whole.scales.len()])).collect();
        products_by(way, whole, &mut lines, &|(input, fixed, sums)| Part { input, fixed, sums });
        lines.pop().map(|(.., sums)| sums).unwrap_or_default()
    }

    /// Numbers, and the matrix that they are.
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
    fn all_ways_give_the_same_sums() {
        for (rows, columns) in [(1, 1), (4, 16), (13, 333), (9, 600)] {
            let (_, whole) = whole(rows, columns);
            let input: Vec<f32> = (0..columns).map(|k| (k as f32 * 0.7).cos()).collect();
            for lines in [1, 6] {
                assert_eq!(found_by(Way::Parts, &whole, &input, lines), found(&whole, &input, 1));
            }
        }
    }

    #[test]
    fn numbers_are_rounded_and_the_largest_has_room() {
        let mut input = [0.0; LANES];
        let near = [1.0, 1.4, 1.5, -1.4, -1.5, 8_388_607.0, 8_388_607.5, -8_388_607.5, 0.25];
        input[..near.len()].copy_from_slice(&near);
        let expected = [1, 1, 2, -1, -2, LIMIT - 1, LIMIT - 1, -LIMIT, 0];
        assert_eq!(numbers(&input, 1.0)[..near.len()], expected);
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
