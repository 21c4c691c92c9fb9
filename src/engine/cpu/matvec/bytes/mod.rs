//! Products of whole numbers where the machine multiplies bytes, four at a time: the vector in three bytes.
//!
//! Natively these are the instructions of AVX-512 VNNI; in WebAssembly, of relaxed SIMD (`relaxed.wat`).

#![cfg_attr(
    not(any(target_arch = "wasm32", target_arch = "x86_64")),
    expect(dead_code, reason = "other machines multiply in parts")
)]

#[cfg(target_arch = "wasm32")]
mod relaxed;
#[cfg(target_arch = "x86_64")]
mod vnni;

use super::{LANES, LIMIT, ROWS};
use crate::engine::cpu::simd::Part;
use crate::model::Whole;
#[cfg(target_arch = "wasm32")]
use relaxed as machine;
#[cfg(target_arch = "x86_64")]
use vnni as machine;

/// Tiles that are multiplied with every line before the next are read: they fit the nearest cache.
const TILES: usize = if cfg!(target_arch = "wasm32") { 8 } else { 2 };
/// Rows of a tile, and none, so that they fill registers.
const PADDED: usize = Whole::PADDED;

/// `LANES` numbers of a vector: lowest bytes, middle ones, highest ones.
pub type Chunk = [[u8; LANES]; 3];

/// For what the machine takes the vector's bytes; the weights' always have a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 0 to 255.
    Unsigned,
    /// −128 to 127.
    Signed,
}

impl Kind {
    /// What the machine takes a byte for.
    #[cfg(any(test, target_arch = "wasm32"))]
    fn value(self, byte: u8) -> i32 {
        match self {
            Self::Unsigned => byte.into(),
            Self::Signed => byte.cast_signed().into(),
        }
    }
}

/// How this machine multiplies bytes; `None` if it does not, or not fast.
pub fn kind() -> Option<Kind> {
    machine::kind()
}

/// Makes bytes of a vector times `scale`.
pub fn fill(kind: Kind, to: &mut [Chunk], input: &[f32], scale: f32) {
    machine::fill(kind, to, input, scale);
}

/// Numbers from −`LIMIT` to below `LIMIT` in bytes whose values, as the machine takes them, times 1, 256 and 65,536 are
/// together the number plus [`above`].
#[inline(always)]
fn split(kind: Kind, numbers: &[i32; LANES]) -> Chunk {
    let flip = if kind == Kind::Signed { 0x80 } else { 0 };
    let mut bytes = [[0; LANES]; 3];
    for (lane, number) in numbers.iter().enumerate() {
        let positive = number + LIMIT;
        for (n, byte) in bytes.iter_mut().enumerate() {
            byte[lane] = (positive >> (8 * n)) as u8 ^ flip;
        }
    }
    bytes
}

/// Without signs all numbers are moved by the limit; with them each byte is moved back by half of its range.
fn above(kind: Kind) -> i32 {
    match kind {
        Kind::Unsigned => LIMIT,
        Kind::Signed => LIMIT - 0x80_8080,
    }
}

/// Sums of a vector's bytes' products with the rows of a tile, `[3 bytes, rows]`.
type Sums = [[i32; PADDED]; 3];

/// The products of vectors that are set, without the sparse columns.
pub fn products<L>(kind: Kind, whole: &Whole, lines: &mut [L], part: &dyn for<'a> Fn(&'a mut L) -> Part<'a>) {
    for (n, tiles) in whole.tiles(TILES).enumerate() {
        for line in &mut *lines {
            machine::multiply(&tiles, n * TILES * ROWS, &mut part(line), above(kind).into());
        }
    }
}

/// Notes what the sums of a tile's rows stand for, of which `first` is the first.
#[cfg(any(target_arch = "wasm32", target_arch = "x86_64"))]
#[inline(always)]
fn write(line: &mut Part<'_>, first: usize, above: f64, totals: &[i32; PADDED], scales: &[f32], sums: &Sums) {
    let mut padded = [0.0; PADDED];
    let to = &mut line.sums[first..];
    // Copies of a length that is known are no calls.
    if let (Some(scales), Some(to)) = (scales.first_chunk::<ROWS>(), to.first_chunk_mut::<ROWS>()) {
        padded[..ROWS].copy_from_slice(scales);
        to.copy_from_slice(&numbers(sums, totals, above, line.fixed.unit, &padded)[..ROWS]);
    } else {
        padded[..scales.len()].copy_from_slice(scales);
        to.copy_from_slice(&numbers(sums, totals, above, line.fixed.unit, &padded)[..to.len()]);
    }
}

/// Whole numbers of less than 53 bits: all but the last two products is exact.
#[cfg(any(target_arch = "x86_64", all(target_arch = "wasm32", not(target_feature = "simd128"))))]
#[inline(always)]
fn numbers(sums: &Sums, totals: &[i32; PADDED], above: f64, unit: f32, scales: &[f32; PADDED]) -> [f32; PADDED] {
    let mut numbers = [0.0; PADDED];
    // A loop: a closure would be compiled for the least of processors.
    for r in 0..PADDED {
        let sum = f64::from(sums[0][r]) + f64::from(sums[1][r]) * 256.0 + f64::from(sums[2][r]) * 65_536.0;
        numbers[r] = super::number(sum - above * f64::from(totals[r]), unit, scales[r]);
    }
    numbers
}

/// The same, two rows at a time.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline(always)]
fn numbers(sums: &Sums, totals: &[i32; PADDED], above: f64, unit: f32, scales: &[f32; PADDED]) -> [f32; PADDED] {
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
        let sum = f64x2_sub(f64x2_add(low, upper), f64x2_mul(f64x2_splat(above), total));
        let scale = f64x2_mul(f64x2_splat(unit.into()), f64x2_promote_low_f32x4(pick(scales)));
        f32x4_demote_f64x2_zero(f64x2_mul(sum, scale))
    };
    let [a, b] = [two(|n| n), two(|n| i64x2_shuffle::<1, 1>(n, n))];
    let [a0, a1] = [f32x4_extract_lane::<0>(a), f32x4_extract_lane::<1>(a)];
    [a0, a1, f32x4_extract_lane::<0>(b), f32x4_extract_lane::<1>(b)]
}

#[cfg(not(any(target_arch = "wasm32", target_arch = "x86_64")))]
mod machine {
    use super::{Chunk, Kind, Part};
    use crate::model::Tiles;

    pub fn kind() -> Option<Kind> {
        None
    }

    pub fn fill(_: Kind, _: &mut [Chunk], _: &[f32], _: f32) {}

    pub fn multiply(_: &Tiles<'_>, _: usize, _: &mut Part<'_>, _: f64) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_together_the_number() {
        let numbers =
            [0, 1, -1, 127, 128, -128, -129, 255, 256, 65_535, -65_537, 8_355_711, 8_355_712, 54, LIMIT - 1, -LIMIT];
        for kind in [Kind::Unsigned, Kind::Signed] {
            let bytes = split(kind, &numbers);
            for (lane, number) in numbers.into_iter().enumerate() {
                let [low, middle, high] = bytes.map(|bytes| kind.value(bytes[lane]));
                assert_eq!(low + 256 * middle + 65_536 * high, number + above(kind), "{kind:?}");
            }
        }
    }

    /// What a machine of either kind would do: this one is of one kind at most.
    #[test]
    #[cfg(any(target_arch = "wasm32", target_arch = "x86_64"))]
    fn sums_are_those_in_parts_whatever_the_machine_takes_bytes_for() {
        use crate::engine::cpu::matvec::{Fixed, Way, fill, products_by};
        let (rows, columns) = (2 * ROWS + 1, 70);
        let numbers: Vec<u8> = (0..rows * columns).map(|k| (k * k + 17 * k) as u8).collect();
        let scales = (0..rows).map(|r| 0.25 + r as f32).collect();
        let whole = Whole::new(&numbers, columns, scales, 0).unwrap_or_default();
        let input: Vec<f32> = (0..columns).map(|k| (k as f32 * 0.7).cos()).collect();
        let mut lines = [(input, Fixed::default(), vec![0.0; rows])];
        products_by(Way::Parts, &whole, &mut lines, &|(input, fixed, sums)| Part { input, fixed, sums });
        let [(mut input, mut fixed, expected)] = lines;
        input.resize(columns.next_multiple_of(LANES), 0.0);
        for kind in [Kind::Unsigned, Kind::Signed] {
            let mut chunks = vec![Chunk::default(); input.len() / LANES];
            fill(&mut chunks, &input, 1.0 / fixed.unit, kind, split);
            let mut found = vec![0.0; rows];
            let mut line = Part { input: &[], fixed: &mut fixed, sums: &mut found };
            for (n, tile) in whole.tiles(1).enumerate() {
                let mut sums = Sums::default();
                for (weights, chunk) in tile.chunks.iter().zip(&chunks) {
                    for (byte, row) in (0..3).flat_map(|byte| (0..ROWS).map(move |row| (byte, row))) {
                        let products = weights.0[row].iter().zip(chunk[byte]);
                        sums[byte][row] += products.map(|(&w, x)| i32::from(w) * kind.value(x)).sum::<i32>();
                    }
                }
                write(&mut line, n * ROWS, above(kind).into(), &tile.totals[0], tile.scales, &sums);
            }
            assert_eq!(found, expected, "{kind:?}");
        }
    }
}
