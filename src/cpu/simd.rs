//! Products of a matrix with vectors: where the CPU engine spends its time.
//!
//! The matrix of one line's timestep comes from the cache farthest away, and waiting for it takes longer than
//! multiplying. So a batch's lines share it: four rows are read once, then stay near for every line. Each sum of
//! products is made in the same order whatever the lines beside it are, so that a line is the same in any company.

use crate::model::Dense;

/// Whether this build uses vector instructions on purpose.
pub const VECTORS: bool = cfg!(any(target_feature = "simd128", target_feature = "sse2", target_feature = "neon"));

/// Columns that are taken at a time: sums of one row do not wait for each other.
const LANES: usize = 8;
/// Rows of the matrix that are multiplied with every line before the next are read: they fit the nearest cache.
const ROWS: usize = 4;

/// One line's part in [`products`].
pub struct Part<'a> {
    /// `[columns]`.
    pub input: &'a [f32],
    /// `[rows]`, out.
    pub sums: &'a mut [f32],
}

/// `sums[r] = weight[r] · input` for every line; `part` says where a line has them. The bias is not added.
pub fn products<L>(dense: &Dense, lines: &mut [L], part: impl for<'a> Fn(&'a mut L) -> Part<'a>) {
    let columns = dense.columns;
    let rows = dense.weight.len() / columns;
    let row = |row: usize| &dense.weight[row * columns..(row + 1) * columns];
    let whole = rows - rows % ROWS;
    for first in (0..whole).step_by(ROWS) {
        let four: [&[f32]; ROWS] = std::array::from_fn(|r| row(first + r));
        let (pairs, last) = lines.as_chunks_mut::<2>();
        for [a, b] in pairs {
            let (a, b) = (part(a), part(b));
            for r in (0..ROWS).step_by(2) {
                let [x, y] = dot_tile([four[r], four[r + 1]], [a.input, b.input]);
                [a.sums[first + r], b.sums[first + r]] = x;
                [a.sums[first + r + 1], b.sums[first + r + 1]] = y;
            }
        }
        for line in last {
            let Part { input, sums } = part(line);
            let sum = dot_tile(four, [input]);
            for r in 0..ROWS {
                sums[first + r] = sum[r][0];
            }
        }
    }
    for r in whole..rows {
        for line in &mut *lines {
            let Part { input, sums } = part(line);
            sums[r] = dot_tile([row(r)], [input])[0][0];
        }
    }
}

/// [`products`] of one line.
pub fn product(dense: &Dense, input: &[f32], sums: &mut [f32]) {
    products(dense, &mut [(input, sums)], |(input, sums)| Part { input, sums });
}

/// Dot products of each row with each input, all of one length.
#[inline(always)]
fn dot_tile<const R: usize, const L: usize>(rows: [&[f32]; R], inputs: [&[f32]; L]) -> [[f32; L]; R] {
    let rows = rows.map(|row| row.as_chunks::<LANES>());
    let inputs = inputs.map(|input| input.as_chunks::<LANES>());
    let mut sums = [[[vector::zero(); 2]; L]; R];
    for k in 0..inputs[0].0.len() {
        let y = inputs.map(|input| vector::load(&input.0[k]));
        for r in 0..R {
            let x = vector::load(&rows[r].0[k]);
            for l in 0..L {
                for half in 0..2 {
                    sums[r][l][half] = vector::add_product(sums[r][l][half], x[half], y[l][half]);
                }
            }
        }
    }
    // Loops, not closures: the compiler keeps the sums in registers only if it sees through everything.
    let mut totals = [[0.0; L]; R];
    for r in 0..R {
        for l in 0..L {
            let mut rest = 0.0;
            for (x, y) in rows[r].1.iter().zip(inputs[l].1) {
                rest += x * y;
            }
            totals[r][l] = vector::total(sums[r][l]) + rest;
        }
    }
    totals
}

/// Four `f32` at a time, as WASM has them.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vector {
    use core::arch::wasm32::{f32x4, f32x4_add, f32x4_extract_lane, f32x4_mul, v128};

    #[inline(always)]
    pub fn zero() -> v128 {
        f32x4(0.0, 0.0, 0.0, 0.0)
    }

    #[inline(always)]
    pub fn load(v: &[f32; 8]) -> [v128; 2] {
        [f32x4(v[0], v[1], v[2], v[3]), f32x4(v[4], v[5], v[6], v[7])]
    }

    #[inline(always)]
    pub fn add_product(sum: v128, x: v128, y: v128) -> v128 {
        f32x4_add(sum, f32x4_mul(x, y))
    }

    #[inline(always)]
    pub fn total([a, b]: [v128; 2]) -> f32 {
        let v = f32x4_add(a, b);
        (f32x4_extract_lane::<0>(v) + f32x4_extract_lane::<1>(v))
            + (f32x4_extract_lane::<2>(v) + f32x4_extract_lane::<3>(v))
    }
}

/// Four `f32` at a time, as every x86-64 has them.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod vector {
    use core::arch::x86_64::{__m128, _mm_add_ps, _mm_mul_ps};

    #[inline(always)]
    pub fn zero() -> __m128 {
        bytemuck::cast([0.0f32; 4])
    }

    #[inline(always)]
    pub fn load(v: &[f32; 8]) -> [__m128; 2] {
        bytemuck::cast(*v)
    }

    #[inline(always)]
    pub fn add_product(sum: __m128, x: __m128, y: __m128) -> __m128 {
        // SAFETY: this module is compiled only where the target has SSE2, which both need.
        unsafe { _mm_add_ps(sum, _mm_mul_ps(x, y)) }
    }

    #[inline(always)]
    pub fn total([a, b]: [__m128; 2]) -> f32 {
        let [a, b]: [[f32; 4]; 2] = [bytemuck::cast(a), bytemuck::cast(b)];
        ((a[0] + b[0]) + (a[1] + b[1])) + ((a[2] + b[2]) + (a[3] + b[3]))
    }
}

/// Four `f32` at a time, as a compiler can find them by itself.
#[cfg(not(any(
    all(target_arch = "wasm32", target_feature = "simd128"),
    all(target_arch = "x86_64", target_feature = "sse2")
)))]
mod vector {
    #[inline(always)]
    pub fn zero() -> [f32; 4] {
        [0.0; 4]
    }

    #[inline(always)]
    pub fn load(v: &[f32; 8]) -> [[f32; 4]; 2] {
        [[v[0], v[1], v[2], v[3]], [v[4], v[5], v[6], v[7]]]
    }

    #[inline(always)]
    pub fn add_product(sum: [f32; 4], x: [f32; 4], y: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|lane| sum[lane] + x[lane] * y[lane])
    }

    #[inline(always)]
    pub fn total([a, b]: [[f32; 4]; 2]) -> f32 {
        let v: [f32; 4] = std::array::from_fn(|lane| a[lane] + b[lane]);
        (v[0] + v[1]) + (v[2] + v[3])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_plain_loop_and_the_same_in_any_company() {
        for (rows, columns) in [(1, 1), (4, 8), (5, 7), (9, 40), (13, 333)] {
            let weight: Vec<f32> = (0..rows * columns).map(|k| (k as f32 * 0.7).sin()).collect();
            let dense = Dense { weight, bias: vec![0.0; rows], columns };
            for count in 1..=5 {
                let input = |line: usize| (0..columns).map(|k| ((k + 3 * line) as f32 * 0.3).cos()).collect();
                let mut lines: Vec<(Vec<f32>, Vec<f32>)> =
                    (0..count).map(|line| (input(line), vec![9.0; rows])).collect();
                products(&dense, &mut lines, |(input, sums)| Part { input, sums });
                for (input, sums) in &lines {
                    let mut alone = vec![9.0; rows];
                    product(&dense, input, &mut alone);
                    assert_eq!(&alone, sums, "{rows} rows, {columns} columns, {count} lines");
                    for (row, sum) in dense.weight.chunks_exact(columns).zip(sums) {
                        let plain: f64 = row.iter().zip(input).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
                        assert!((f64::from(*sum) - plain).abs() < 1e-4, "{sum} against {plain}");
                    }
                }
            }
        }
    }
}
