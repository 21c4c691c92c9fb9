//! Products of a matrix with vectors: where the CPU engine spends its time.
//!
//! The matrix of one line's timestep comes from the cache farthest away, and waiting for it takes longer than
//! multiplying. So a batch's lines share it: four rows are read once, then stay near for every line. Each sum of
//! products is made in the same order whatever the lines beside it are, so that a line is the same in any company.

#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls of what a processor may not have"))]

use super::matvec::{self, Fixed};
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
    /// Scratch for as many numbers.
    pub fixed: &'a mut Fixed,
    /// `[rows]`, out.
    pub sums: &'a mut [f32],
}

/// `sums[r] = weight[r] · input` for every line; `part` says where a line has them. The bias is not added.
pub fn products<L>(dense: &Dense, lines: &mut [L], part: &dyn for<'a> Fn(&'a mut L) -> Part<'a>) {
    if let Some(whole) = &dense.whole {
        return matvec::products(whole, lines, part);
    }
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx") {
        // SAFETY: this processor has what the function needs.
        return unsafe { avx::products(dense, lines, part) };
    }
    products_by::<vector::Eight, L>(dense, lines, part);
}

/// The same with vectors of one kind. All kinds have the same eight lanes, and give the same sums.
#[inline(always)]
fn products_by<V: Vector, L>(dense: &Dense, lines: &mut [L], part: &dyn for<'a> Fn(&'a mut L) -> Part<'a>) {
    let columns = dense.columns;
    let rows = dense.weight.len() / columns;
    let row = |row: usize| &dense.weight[row * columns..(row + 1) * columns];
    let whole = rows - rows % ROWS;
    for first in (0..whole).step_by(ROWS) {
        let four: [&[f32]; ROWS] = [row(first), row(first + 1), row(first + 2), row(first + 3)];
        let (pairs, last) = lines.as_chunks_mut::<2>();
        for [a, b] in pairs {
            let (a, b) = (part(a), part(b));
            let inputs = [a.input, b.input];
            // As many sums at a time as registers hold.
            let sums = if V::WIDE {
                dot_tile::<V, ROWS, 2>(four, inputs)
            } else {
                let [x, y] = dot_tile::<V, 2, 2>([four[0], four[1]], inputs);
                let [z, w] = dot_tile::<V, 2, 2>([four[2], four[3]], inputs);
                [x, y, z, w]
            };
            for r in 0..ROWS {
                [a.sums[first + r], b.sums[first + r]] = sums[r];
            }
        }
        for line in last {
            let Part { input, sums, .. } = part(line);
            let sum = dot_tile::<V, ROWS, 1>(four, [input]);
            for r in 0..ROWS {
                sums[first + r] = sum[r][0];
            }
        }
    }
    for r in whole..rows {
        for line in &mut *lines {
            let Part { input, sums, .. } = part(line);
            sums[r] = dot_tile::<V, 1, 1>([row(r)], [input])[0][0];
        }
    }
}

/// [`products`] of one line.
pub fn product(dense: &Dense, input: &[f32], sums: &mut [f32]) {
    products(dense, &mut [(Fixed::default(), sums)], &|(fixed, sums)| Part { input, fixed, sums });
}

/// Eight `f32`.
trait Vector: Copy {
    /// Whether one register holds them.
    const WIDE: bool;
    fn zero() -> Self;
    fn load(v: &[f32; LANES]) -> Self;
    /// self + x y, rounded twice, as every processor can.
    fn add_product(self, x: Self, y: Self) -> Self;
    fn lanes(self) -> [f32; LANES];
}

/// Dot products of each row with each input, all of one length.
#[inline(always)]
fn dot_tile<V: Vector, const R: usize, const L: usize>(rows: [&[f32]; R], inputs: [&[f32]; L]) -> [[f32; L]; R] {
    let rows = rows.map(|row| row.as_chunks::<LANES>());
    let inputs = inputs.map(|input| input.as_chunks::<LANES>());
    let mut sums = [[V::zero(); L]; R];
    for k in 0..inputs[0].0.len() {
        let y = inputs.map(|input| V::load(&input.0[k]));
        for r in 0..R {
            let x = V::load(&rows[r].0[k]);
            for l in 0..L {
                sums[r][l] = sums[r][l].add_product(x, y[l]);
            }
        }
    }
    // Loops, not closures: the compiler keeps the sums in registers only if it sees through everything.
    let mut totals = [[0.0; L]; R];
    for r in 0..R {
        for l in 0..L {
            let v = sums[r][l].lanes();
            let total = ((v[0] + v[4]) + (v[1] + v[5])) + ((v[2] + v[6]) + (v[3] + v[7]));
            let mut rest = 0.0;
            for (x, y) in rows[r].1.iter().zip(inputs[l].1) {
                rest += x * y;
            }
            totals[r][l] = total + rest;
        }
    }
    totals
}

/// Two times four, as WASM has them.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vector {
    use core::arch::wasm32::{f32x4, f32x4_add, f32x4_extract_lane, f32x4_mul, v128};

    #[derive(Clone, Copy)]
    pub struct Eight(v128, v128);

    impl super::Vector for Eight {
        const WIDE: bool = false;

        #[inline(always)]
        fn zero() -> Self {
            Self::load(&[0.0; 8])
        }

        #[inline(always)]
        fn load(v: &[f32; 8]) -> Self {
            Self(f32x4(v[0], v[1], v[2], v[3]), f32x4(v[4], v[5], v[6], v[7]))
        }

        #[inline(always)]
        fn add_product(self, x: Self, y: Self) -> Self {
            Self(f32x4_add(self.0, f32x4_mul(x.0, y.0)), f32x4_add(self.1, f32x4_mul(x.1, y.1)))
        }

        #[inline(always)]
        fn lanes(self) -> [f32; 8] {
            let four = |v: v128| {
                let [a, b] = [f32x4_extract_lane::<0>(v), f32x4_extract_lane::<1>(v)];
                [a, b, f32x4_extract_lane::<2>(v), f32x4_extract_lane::<3>(v)]
            };
            bytemuck::cast([four(self.0), four(self.1)])
        }
    }
}

/// Two times four, as every x86-64 has them.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod vector {
    use core::arch::x86_64::{__m128, _mm_add_ps, _mm_mul_ps};

    #[derive(Clone, Copy)]
    pub struct Eight(__m128, __m128);

    impl super::Vector for Eight {
        const WIDE: bool = false;

        #[inline(always)]
        fn zero() -> Self {
            Self::load(&[0.0; 8])
        }

        #[inline(always)]
        fn load(v: &[f32; 8]) -> Self {
            let [a, b]: [__m128; 2] = bytemuck::cast(*v);
            Self(a, b)
        }

        #[inline(always)]
        fn add_product(self, x: Self, y: Self) -> Self {
            // SAFETY: this module is compiled only where the target has SSE2, which these need.
            unsafe { Self(_mm_add_ps(self.0, _mm_mul_ps(x.0, y.0)), _mm_add_ps(self.1, _mm_mul_ps(x.1, y.1))) }
        }

        #[inline(always)]
        fn lanes(self) -> [f32; 8] {
            bytemuck::cast([self.0, self.1])
        }
    }
}

/// Eight in one register, where an x86-64 has AVX.
#[cfg(target_arch = "x86_64")]
mod avx {
    use super::{Dense, Part, products_by};
    use core::arch::x86_64::{__m256, _mm256_add_ps, _mm256_mul_ps};

    #[derive(Clone, Copy)]
    struct Eight(__m256);

    impl super::Vector for Eight {
        const WIDE: bool = true;

        #[inline(always)]
        fn zero() -> Self {
            Self::load(&[0.0; 8])
        }

        #[inline(always)]
        fn load(v: &[f32; 8]) -> Self {
            Self(bytemuck::cast(*v))
        }

        #[inline(always)]
        fn add_product(self, x: Self, y: Self) -> Self {
            // SAFETY: it is used only by `products` below, which needs AVX.
            unsafe { Self(_mm256_add_ps(self.0, _mm256_mul_ps(x.0, y.0))) }
        }

        #[inline(always)]
        fn lanes(self) -> [f32; 8] {
            bytemuck::cast(self.0)
        }
    }

    #[target_feature(enable = "avx")]
    pub fn products<L>(dense: &Dense, lines: &mut [L], part: &dyn for<'a> Fn(&'a mut L) -> Part<'a>) {
        products_by::<Eight, L>(dense, lines, part);
    }
}

/// Eight, as a compiler can find them by itself.
#[cfg(not(any(
    all(target_arch = "wasm32", target_feature = "simd128"),
    all(target_arch = "x86_64", target_feature = "sse2")
)))]
mod vector {
    #[derive(Clone, Copy)]
    pub struct Eight([f32; 8]);

    impl super::Vector for Eight {
        const WIDE: bool = false;

        #[inline(always)]
        fn zero() -> Self {
            Self([0.0; 8])
        }

        #[inline(always)]
        fn load(v: &[f32; 8]) -> Self {
            Self(*v)
        }

        #[inline(always)]
        fn add_product(self, x: Self, y: Self) -> Self {
            Self(std::array::from_fn(|lane| self.0[lane] + x.0[lane] * y.0[lane]))
        }

        #[inline(always)]
        fn lanes(self) -> [f32; 8] {
            self.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_any_kind_give_the_same_sums() {
        let weight: Vec<f32> = (0..9 * 333).map(|k| (k as f32 * 0.7).sin()).collect();
        let dense = Dense { weight, bias: vec![0.0; 9], columns: 333, whole: None };
        let input = |line: usize| (0..333).map(|k| ((k + 3 * line) as f32 * 0.3).cos()).collect();
        let mut lines: Vec<(Vec<f32>, Fixed, Vec<f32>)> =
            (0..3).map(|line| (input(line), Fixed::default(), vec![9.0; 9])).collect();
        products(&dense, &mut lines, &|(input, fixed, sums)| Part { input, fixed, sums });
        let chosen = lines.clone();
        products_by::<vector::Eight, _>(&dense, &mut lines, &|(input, fixed, sums)| Part { input, fixed, sums });
        assert_eq!(chosen, lines);
    }

    #[test]
    fn sums_are_those_of_the_plain_loop_and_the_same_in_any_company() {
        for (rows, columns) in [(1, 1), (4, 8), (5, 7), (9, 40), (13, 333)] {
            let weight: Vec<f32> = (0..rows * columns).map(|k| (k as f32 * 0.7).sin()).collect();
            let dense = Dense { weight, bias: vec![0.0; rows], columns, whole: None };
            for count in 1..=5 {
                let input = |line: usize| (0..columns).map(|k| ((k + 3 * line) as f32 * 0.3).cos()).collect();
                let mut lines: Vec<(Vec<f32>, Fixed, Vec<f32>)> =
                    (0..count).map(|line| (input(line), Fixed::default(), vec![9.0; rows])).collect();
                products(&dense, &mut lines, &|(input, fixed, sums)| Part { input, fixed, sums });
                for (input, _, sums) in &lines {
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
