//! Int8 products with instructions that multiply bytes and add four products: the vector in three bytes.
//!
//! Natively that is AVX-512 VNNI; in WebAssembly, relaxed SIMD (`relaxed.wat`).

#![cfg_attr(
    not(any(target_arch = "wasm32", target_arch = "x86_64")),
    expect(dead_code, reason = "other processors use the two-part kernel")
)]

#[cfg(target_arch = "wasm32")]
mod relaxed;
#[cfg(target_arch = "x86_64")]
mod vnni;

use super::{LANES, LIMIT, PackedInt8, ROWS};
use crate::engine::cpu::matvec::MatVecOperands;
#[cfg(target_arch = "wasm32")]
use relaxed as machine;
#[cfg(target_arch = "x86_64")]
use vnni as machine;

/// Tiles that are multiplied with every line before the next ones are read: they fit the L1 cache.
const TILES: usize = if cfg!(target_arch = "wasm32") { 8 } else { 2 };
/// Rows of a tile, padded to whole registers.
const PADDED: usize = PackedInt8::PADDED;

/// `LANES` integers of a vector: lowest bytes, middle ones, highest ones.
pub type ByteChunk = [[u8; LANES]; 3];

/// Whether the instruction takes the vector's bytes as signed; the weights' always are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteSign {
    /// 0 to 255.
    Unsigned,
    /// −128 to 127.
    Signed,
}

impl ByteSign {
    /// A byte's value to the instruction.
    #[cfg(any(test, target_arch = "wasm32"))]
    fn value(self, byte: u8) -> i32 {
        match self {
            Self::Unsigned => byte.into(),
            Self::Signed => byte.cast_signed().into(),
        }
    }
}

/// How this machine multiplies bytes; `None` if it has no instruction for it, or emulates it.
pub fn supported() -> Option<ByteSign> {
    machine::supported()
}

/// Splits a vector times `scale` into bytes.
pub fn fill(sign: ByteSign, to: &mut [ByteChunk], input: &[f32], scale: f32) {
    machine::fill(sign, to, input, scale);
}

/// Splits integers from −`LIMIT` to below `LIMIT` into bytes: their values times 1, 256 and 65,536 add up to the
/// integer plus [`bias`].
#[inline(always)]
fn split(sign: ByteSign, integers: &[i32; LANES]) -> ByteChunk {
    let flip = if sign == ByteSign::Signed { 0x80 } else { 0 };
    let mut bytes = [[0; LANES]; 3];
    for (lane, integer) in integers.iter().enumerate() {
        let positive = integer + LIMIT;
        for (n, byte) in bytes.iter_mut().enumerate() {
            byte[lane] = (positive >> (8 * n)) as u8 ^ flip;
        }
    }
    bytes
}

/// What [`split`] adds: the limit, which makes all integers positive; if bytes are signed, less half of each byte's
/// range.
fn bias(sign: ByteSign) -> i32 {
    match sign {
        ByteSign::Unsigned => LIMIT,
        ByteSign::Signed => LIMIT - 0x80_8080,
    }
}

/// Sums of a vector's bytes' products with the rows of a tile, `[3 bytes, rows]`.
type Sums = [[i32; PADDED]; 3];

/// The products of quantised inputs, without the sparse columns.
pub fn multiply_bytes<L>(
    sign: ByteSign,
    matrix: &PackedInt8,
    lines: &mut [L],
    operands: &dyn for<'a> Fn(&'a mut L) -> MatVecOperands<'a>,
) {
    for (n, tiles) in matrix.tiles(TILES).enumerate() {
        for line in &mut *lines {
            machine::multiply_tiles(&tiles, n * TILES * ROWS, &mut operands(line), bias(sign).into());
        }
    }
}

/// Writes the values of a tile's sums; its first row is row `first` of the matrix.
#[cfg(any(target_arch = "wasm32", target_arch = "x86_64"))]
#[inline(always)]
fn write_sums(
    line: &mut MatVecOperands<'_>,
    first: usize,
    bias: f64,
    totals: &[i32; PADDED],
    scales: &[f32],
    sums: &Sums,
) {
    let mut padded = [0.0; PADDED];
    let to = &mut line.sums[first..];
    // Copies of constant length are inlined.
    if let (Some(scales), Some(to)) = (scales.first_chunk::<ROWS>(), to.first_chunk_mut::<ROWS>()) {
        padded[..ROWS].copy_from_slice(scales);
        to.copy_from_slice(&values(sums, totals, bias, line.quantized.unit, &padded)[..ROWS]);
    } else {
        padded[..scales.len()].copy_from_slice(scales);
        to.copy_from_slice(&values(sums, totals, bias, line.quantized.unit, &padded)[..to.len()]);
    }
}

/// Integers of less than 53 bits: everything but the last two multiplications is exact.
#[cfg(any(target_arch = "x86_64", all(target_arch = "wasm32", not(target_feature = "simd128"))))]
#[inline(always)]
fn values(sums: &Sums, totals: &[i32; PADDED], bias: f64, unit: f32, scales: &[f32; PADDED]) -> [f32; PADDED] {
    let mut values = [0.0; PADDED];
    // A loop: a closure would be compiled for the baseline processor.
    for r in 0..PADDED {
        let sum = f64::from(sums[0][r]) + f64::from(sums[1][r]) * 256.0 + f64::from(sums[2][r]) * 65_536.0;
        values[r] = super::dequantize(sum - bias * f64::from(totals[r]), unit, scales[r]);
    }
    values
}

/// The same, two rows at a time.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline(always)]
fn values(sums: &Sums, totals: &[i32; PADDED], bias: f64, unit: f32, scales: &[f32; PADDED]) -> [f32; PADDED] {
    use core::arch::wasm32::{
        f32x4, f32x4_demote_f64x2_zero, f32x4_extract_lane, f64x2_add, f64x2_convert_low_i32x4, f64x2_mul,
        f64x2_promote_low_f32x4, f64x2_splat, f64x2_sub, i32x4, i64x2_shuffle, v128,
    };
    let four = |n: &[i32; 4]| i32x4(n[0], n[1], n[2], n[3]);
    let [low, middle, high, totals] = [&sums[0], &sums[1], &sums[2], totals].map(four);
    let scales = f32x4(scales[0], scales[1], scales[2], scales[3]);
    let two = |pick: fn(v128) -> v128| {
        let [low, middle, high, total] = [low, middle, high, totals].map(|n| f64x2_convert_low_i32x4(pick(n)));
        let upper = f64x2_add(f64x2_mul(middle, f64x2_splat(256.0)), f64x2_mul(high, f64x2_splat(65_536.0)));
        let sum = f64x2_sub(f64x2_add(low, upper), f64x2_mul(f64x2_splat(bias), total));
        let scale = f64x2_mul(f64x2_splat(unit.into()), f64x2_promote_low_f32x4(pick(scales)));
        f32x4_demote_f64x2_zero(f64x2_mul(sum, scale))
    };
    let [a, b] = [two(|n| n), two(|n| i64x2_shuffle::<1, 1>(n, n))];
    let [a0, a1] = [f32x4_extract_lane::<0>(a), f32x4_extract_lane::<1>(a)];
    [a0, a1, f32x4_extract_lane::<0>(b), f32x4_extract_lane::<1>(b)]
}

#[cfg(not(any(target_arch = "wasm32", target_arch = "x86_64")))]
mod machine {
    use super::{ByteChunk, ByteSign, MatVecOperands};
    use crate::engine::cpu::matvec::int8::Tiles;

    pub fn supported() -> Option<ByteSign> {
        None
    }

    pub fn fill(_: ByteSign, _: &mut [ByteChunk], _: &[f32], _: f32) {}

    pub fn multiply_tiles(_: &Tiles<'_>, _: usize, _: &mut MatVecOperands<'_>, _: f64) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_add_up_to_the_integer() {
        let integers =
            [0, 1, -1, 127, 128, -128, -129, 255, 256, 65_535, -65_537, 8_355_711, 8_355_712, 54, LIMIT - 1, -LIMIT];
        for sign in [ByteSign::Unsigned, ByteSign::Signed] {
            let bytes = split(sign, &integers);
            for (lane, integer) in integers.into_iter().enumerate() {
                let [low, middle, high] = bytes.map(|bytes| sign.value(bytes[lane]));
                assert_eq!(low + 256 * middle + 65_536 * high, integer + bias(sign), "{sign:?}");
            }
        }
    }

    /// Emulates both kinds of instruction: the machine has one at most.
    #[test]
    #[cfg(any(target_arch = "wasm32", target_arch = "x86_64"))]
    fn sums_are_those_of_the_two_part_kernel_with_signed_and_with_unsigned_bytes() {
        use crate::engine::cpu::matvec::int8::{Int8Kernel, QuantizedInput, fill, multiply_int8_with};
        let (rows, columns) = (2 * ROWS + 1, 70);
        let values: Vec<i8> = (0..rows * columns).map(|k| (k * k + 17 * k) as i8).collect();
        let scales = (0..rows).map(|r| 0.25 + r as f32).collect();
        let matrix = PackedInt8::new(&values, columns, scales, 0).unwrap_or_default();
        let input: Vec<f32> = (0..columns).map(|k| (k as f32 * 0.7).cos()).collect();
        let mut lines = [(input, QuantizedInput::default(), vec![0.0; rows])];
        multiply_int8_with(Int8Kernel::TwoPart, &matrix, &mut lines, &|(input, quantized, sums)| MatVecOperands {
            input,
            quantized,
            sums,
        });
        let [(mut input, mut quantized, expected)] = lines;
        input.resize(columns.next_multiple_of(LANES), 0.0);
        for sign in [ByteSign::Unsigned, ByteSign::Signed] {
            let mut chunks = vec![ByteChunk::default(); input.len() / LANES];
            fill(&mut chunks, &input, 1.0 / quantized.unit, sign, split);
            let mut found = vec![0.0; rows];
            let mut line = MatVecOperands { input: &[], quantized: &mut quantized, sums: &mut found };
            for (n, tile) in matrix.tiles(1).enumerate() {
                let mut sums = Sums::default();
                for (weights, chunk) in tile.chunks.iter().zip(&chunks) {
                    for (byte, row) in (0..3).flat_map(|byte| (0..ROWS).map(move |row| (byte, row))) {
                        let products = weights.0[row].iter().zip(chunk[byte]);
                        sums[byte][row] += products.map(|(&w, x)| i32::from(w) * sign.value(x)).sum::<i32>();
                    }
                }
                write_sums(&mut line, n * ROWS, bias(sign).into(), &tile.totals[0], tile.scales, &sums);
            }
            assert_eq!(found, expected, "{sign:?}");
        }
    }
}
