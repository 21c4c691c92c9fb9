//! Products of an int8 matrix with vectors.
//!
//! An int8 matrix has a quarter of the bytes of an `f32` matrix, and one instruction multiplies and adds several of
//! them. The vector is quantised too: its largest magnitude becomes 2²³, the precision of `f32`, split into three bytes
//! ([`three_byte`]) where the processor multiplies bytes, else into two 16-bit parts ([`two_part`]). Between
//! quantising the input and scaling the result everything is exact integer arithmetic, so the order of the sums, the
//! other lines and the machine cannot change the result.

#![expect(unsafe_code, reason = "functions compiled for instruction sets; float to integer without range checks")]

mod packed;
mod three_byte;
mod two_part;

use super::MatVecOperands;
pub use packed::PackedInt8;
pub(crate) use packed::{TileChunk, Tiles};
pub use three_byte::ByteSign;

/// Columns that are multiplied at a time.
const LANES: usize = PackedInt8::LANES;
/// Rows of a tile.
const ROWS: usize = PackedInt8::ROWS;
/// Elements of the input that are smaller than this times the largest are skipped in the sparse columns: rounding would
/// remove their products.
const NEGLIGIBLE: f32 = 1e-9;
/// Quantised magnitudes are below this.
const LIMIT: i32 = 1 << 23;

/// How the input vector is split for the processor's multiplication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Int8Kernel {
    /// Into two parts of up to 13 bits: every processor.
    TwoPart,
    /// Into three bytes: AVX-512 VNNI and WebAssembly's relaxed SIMD.
    ThreeByte(ByteSign),
}

impl Int8Kernel {
    /// The fastest one on this machine.
    pub fn fastest() -> Self {
        three_byte::supported().map_or(Self::TwoPart, Self::ThreeByte)
    }
}

/// A quantised input vector: scratch of a line, made once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QuantizedInput {
    /// The value of an integer 1.
    unit: f32,
    /// For [`Int8Kernel::ThreeByte`].
    bytes: Vec<three_byte::ByteChunk>,
    /// For [`Int8Kernel::TwoPart`].
    parts: Vec<two_part::PartChunk>,
}

impl QuantizedInput {
    /// Room for vectors of up to `length` numbers.
    pub fn new(length: usize) -> Self {
        let mut quantized = Self::default();
        quantized.reserve(Int8Kernel::fastest(), length);
        quantized
    }

    fn reserve(&mut self, kernel: Int8Kernel, length: usize) {
        let count = length.div_ceil(LANES);
        match kernel {
            Int8Kernel::ThreeByte(_) if self.bytes.len() < count => self.bytes.resize(count, Default::default()),
            Int8Kernel::TwoPart if self.parts.len() < count => self.parts.resize(count, Default::default()),
            _ => {}
        }
    }

    /// Quantises a vector. Allocates only if it is longer than any before.
    fn set(&mut self, kernel: Int8Kernel, input: &[f32]) {
        self.reserve(kernel, input.len());
        // The bits of magnitudes have the order of the magnitudes; infinity and NaN come last.
        let largest = input.iter().fold(0, |most: u32, x| most.max(x.to_bits() & 0x7fff_ffff));
        if largest >= f32::INFINITY.to_bits() {
            self.unit = f32::NAN;
            return;
        }
        // |x| < 2^(exponent − 126): times the scale less than 2^23. The scale is a power of two, so this does not round.
        let exponent = (largest >> 23).max(23);
        let scale = f32::from_bits((276 - exponent) << 23);
        self.unit = f32::from_bits((exponent - 22) << 23);
        match kernel {
            Int8Kernel::ThreeByte(sign) => three_byte::fill(sign, &mut self.bytes, input, scale),
            Int8Kernel::TwoPart => fill(&mut self.parts, input, scale, (), two_part::split),
        }
    }
}

/// Splits a vector times `scale` into chunks. `split` has to be a named function: a closure would be compiled for the
/// baseline processor, not for the caller's target features.
#[inline(always)]
fn fill<K: Copy, C>(to: &mut [C], input: &[f32], scale: f32, parameter: K, split: impl Fn(K, &[i32; LANES]) -> C) {
    let (chunks, rest) = input.as_chunks::<LANES>();
    for (to, chunk) in to.iter_mut().zip(chunks) {
        *to = split(parameter, &integers(chunk, scale));
    }
    if !rest.is_empty() {
        let mut padded = [0.0; LANES];
        padded[..rest.len()].copy_from_slice(rest);
        to[chunks.len()] = split(parameter, &integers(&padded, scale));
    }
}

/// Input times `scale`, whose magnitude is within [`LIMIT`], rounded to integers; `LIMIT` itself becomes one less.
#[inline(always)]
fn integers(input: &[f32; LANES], scale: f32) -> [i32; LANES] {
    let mut integers = [0; LANES];
    for lane in 0..LANES {
        // `f32::round` is a library call on processors without an instruction for it.
        let rounded = input[lane] * scale + 0.5f32.copysign(input[lane]);
        // SAFETY: the magnitude is at most the limit and a half. `as i32` would add several comparisons for other
        // values.
        integers[lane] = unsafe { rounded.to_int_unchecked::<i32>() }.min(LIMIT - 1);
    }
    integers
}

/// [`super::multiply`] with an int8 matrix.
pub fn multiply_int8<L>(
    matrix: &PackedInt8,
    lines: &mut [L],
    operands: &dyn for<'a> Fn(&'a mut L) -> MatVecOperands<'a>,
) {
    multiply_int8_with(Int8Kernel::fastest(), matrix, lines, operands);
}

/// The same with a kernel that need not be the fastest.
///
/// # Panics
/// If the machine does not have it: all have [`Int8Kernel::TwoPart`] and [`Int8Kernel::fastest`].
pub fn multiply_int8_with<L>(
    kernel: Int8Kernel,
    matrix: &PackedInt8,
    lines: &mut [L],
    operands: &dyn for<'a> Fn(&'a mut L) -> MatVecOperands<'a>,
) {
    let supported = kernel == Int8Kernel::TwoPart || kernel == Int8Kernel::fastest();
    assert!(supported, "this machine has no {kernel:?}");
    for line in &mut *lines {
        let MatVecOperands { input, quantized, .. } = operands(line);
        quantized.set(kernel, &input[matrix.sparse..]);
    }
    match kernel {
        Int8Kernel::ThreeByte(sign) => three_byte::multiply_bytes(sign, matrix, lines, operands),
        Int8Kernel::TwoPart => two_part::multiply_parts(matrix, lines, operands),
    }
    for line in lines {
        let MatVecOperands { input, sums, .. } = operands(line);
        add_sparse(matrix, &input[..matrix.sparse], sums);
    }
}

/// Adds the products with the sparse columns: those whose input is not negligible, four at a time.
#[inline(never)]
fn add_sparse(matrix: &PackedInt8, input: &[f32], sums: &mut [f32]) {
    with_avx2!(add_columns(matrix: &PackedInt8, input: &[f32], sums: &mut [f32]));
}

#[inline(always)]
fn add_columns(matrix: &PackedInt8, input: &[f32], sums: &mut [f32]) {
    let least = NEGLIGIBLE * input.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
    // NaN and infinity are not skipped: the sums have to show them.
    let mut columns = matrix.sparse_columns().zip(input).filter(|(_, x)| x.abs() > least || !x.is_finite());
    while let Some((column, &x)) = columns.next() {
        let mut four = [(column, x), (column, 0.0), (column, 0.0), (column, 0.0)];
        for (entry, (column, &x)) in four[1..].iter_mut().zip(&mut columns) {
            *entry = (column, x);
        }
        let [a, b, c, d] = four;
        for (r, sum) in sums.iter_mut().enumerate() {
            *sum += (a.0[r] * a.1 + b.0[r] * b.1) + (c.0[r] * c.1 + d.0[r] * d.1);
        }
    }
}

/// Writes the sums of a tile's rows, the first of which is row `first` of the matrix.
fn write_tile(line: &mut MatVecOperands<'_>, first: usize, scales: &[f32], totals: [i64; ROWS]) {
    for ((sum, scale), total) in line.sums[first..].iter_mut().zip(scales).zip(totals) {
        *sum = dequantize(total as f64, line.quantized.unit, *scale);
    }
}

/// The value of an integer sum of products.
#[inline(always)]
fn dequantize(total: f64, unit: f32, scale: f32) -> f32 {
    (total * (f64::from(unit) * f64::from(scale))) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The products of `input`, as one of so many lines.
    fn found(matrix: &PackedInt8, input: &[f32], lines: usize) -> Vec<f32> {
        found_with(Int8Kernel::fastest(), matrix, input, lines)
    }

    fn found_with(kernel: Int8Kernel, matrix: &PackedInt8, input: &[f32], lines: usize) -> Vec<f32> {
        let mut lines: Vec<_> =
            (0..lines).map(|_| (input.to_vec(), QuantizedInput::default(), vec![9.0; matrix.scales.len()])).collect();
        multiply_int8_with(kernel, matrix, &mut lines, &|(input, quantized, sums)| MatVecOperands {
            input,
            quantized,
            sums,
        });
        lines.pop().map(|(.., sums)| sums).unwrap_or_default()
    }

    /// Values, and the matrix packed from them.
    fn matrix(rows: usize, columns: usize) -> (Vec<i8>, PackedInt8) {
        let values: Vec<i8> = (0..rows * columns).map(|k| (k * k + 17 * k) as i8).collect();
        let scales = (0..rows).map(|r| 0.25 + r as f32).collect();
        let sparse = if columns.is_multiple_of(2) { 0 } else { columns / 3 };
        let packed = PackedInt8::new(&values, columns, scales, sparse).unwrap_or_default();
        (values, packed)
    }

    #[test]
    fn sums_are_those_of_the_plain_loop_to_the_last_bit_but_one_and_independent_of_the_other_lines() {
        // Miri looks for undefined behaviour, which small shapes show as well as large ones.
        let large: &[_] = if cfg!(miri) { &[] } else { &[(13, 333), (4, 8000)] };
        for &(rows, columns) in [(1, 1), (4, 8), (5, 7), (9, 40)].iter().chain(large) {
            let (values, matrix) = matrix(rows, columns);
            for size in [1e-30, 1e-3, 1.0, 300.0, 1e30] {
                let input: Vec<f32> = (0..columns).map(|k| size * (k as f32 * 0.3).cos()).collect();
                let sums = found(&matrix, &input, 1);
                for (r, sum) in sums.iter().enumerate() {
                    let row = &values[r * columns..(r + 1) * columns];
                    let terms = row.iter().zip(&input).map(|(&w, &x)| f64::from(w) * f64::from(x));
                    let plain = terms.clone().sum::<f64>() * f64::from(matrix.scales[r]);
                    let most = terms.map(f64::abs).sum::<f64>() * f64::from(matrix.scales[r]);
                    assert!((f64::from(*sum) - plain).abs() <= 2e-7 * most, "{sum} against {plain}, {columns} columns");
                }
                for lines in 2..=7 {
                    assert_eq!(found(&matrix, &input, lines), sums);
                }
            }
        }
    }

    #[test]
    fn all_kernels_give_the_same_sums() {
        for (rows, columns) in [(1, 1), (4, 16), (13, 333), (9, 600)] {
            let (_, matrix) = matrix(rows, columns);
            let input: Vec<f32> = (0..columns).map(|k| (k as f32 * 0.7).cos()).collect();
            for lines in [1, 6] {
                assert_eq!(found_with(Int8Kernel::TwoPart, &matrix, &input, lines), found(&matrix, &input, 1));
            }
        }
    }

    #[test]
    fn integers_are_rounded_and_the_largest_fits() {
        let mut input = [0.0; LANES];
        let near = [1.0, 1.4, 1.5, -1.4, -1.5, 8_388_607.0, 8_388_607.5, -8_388_607.5, 0.25];
        input[..near.len()].copy_from_slice(&near);
        let expected = [1, 1, 2, -1, -2, LIMIT - 1, LIMIT - 1, -LIMIT, 0];
        assert_eq!(integers(&input, 1.0)[..near.len()], expected);
    }

    #[test]
    fn the_largest_values_do_not_overflow() {
        let columns = 8000;
        let matrix = PackedInt8::new(&vec![-128; columns], columns, vec![1.0], 0).unwrap_or_default();
        for x in [1.0f32, -1.999_999_9, f32::MAX / 1e7] {
            let expected = -128.0 * columns as f32 * x;
            assert!((found(&matrix, &vec![x; columns], 1)[0] / expected - 1.0).abs() < 1e-6);
        }
        assert_eq!(found(&matrix, &vec![0.0; columns], 1), [0.0]);
    }

    #[test]
    fn inputs_that_are_not_finite_give_sums_that_are_not() {
        let (_, matrix) = matrix(5, 21);
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for column in [3, 6, 20] {
                let mut input = [0.5; 21];
                input[column] = bad;
                assert!(found(&matrix, &input, 1).iter().all(|sum| !sum.is_finite()), "{bad} in column {column}");
            }
        }
    }
}
