//! Products of an `f32` matrix with vectors, eight columns at a time.

#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls of functions compiled for AVX"))]

use super::MatVecOperands;

/// Columns that are multiplied at a time: eight independent sums per row.
const LANES: usize = 8;
/// Rows of the matrix that are multiplied with every line before the next ones are read: they fit the L1 cache.
const ROWS: usize = 4;

/// A matrix of `f32`.
#[derive(Debug, Clone, PartialEq)]
pub struct PackedF32 {
    /// `[rows, columns]`, row-major.
    pub weight: Vec<f32>,
    /// Length of a row.
    pub columns: usize,
}

/// [`super::multiply`] with a matrix of `f32`.
pub fn multiply_f32<L>(
    matrix: &PackedF32,
    lines: &mut [L],
    operands: &dyn for<'a> Fn(&'a mut L) -> MatVecOperands<'a>,
) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx") {
        // SAFETY: this processor has AVX.
        return unsafe { avx::multiply_f32(matrix, lines, operands) };
    }
    multiply_with::<vector::Eight, L>(matrix, lines, operands);
}

/// The same with one implementation of [`Vector`]. All have eight lanes and give the same sums.
#[inline(always)]
fn multiply_with<V: Vector, L>(
    matrix: &PackedF32,
    lines: &mut [L],
    operands: &dyn for<'a> Fn(&'a mut L) -> MatVecOperands<'a>,
) {
    let columns = matrix.columns;
    let rows = matrix.weight.len() / columns;
    let row = |row: usize| &matrix.weight[row * columns..(row + 1) * columns];
    let tiled = rows - rows % ROWS;
    for first in (0..tiled).step_by(ROWS) {
        let four: [&[f32]; ROWS] = [row(first), row(first + 1), row(first + 2), row(first + 3)];
        let (pairs, last) = lines.as_chunks_mut::<2>();
        for [a, b] in pairs {
            let (a, b) = (operands(a), operands(b));
            let inputs = [a.input, b.input];
            // As many sums at a time as there are registers for.
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
            let MatVecOperands { input, sums, .. } = operands(line);
            let sum = dot_tile::<V, ROWS, 1>(four, [input]);
            for r in 0..ROWS {
                sums[first + r] = sum[r][0];
            }
        }
    }
    for r in tiled..rows {
        for line in &mut *lines {
            let MatVecOperands { input, sums, .. } = operands(line);
            sums[r] = dot_tile::<V, 1, 1>([row(r)], [input])[0][0];
        }
    }
}

/// Eight `f32`.
trait Vector: Copy {
    /// Whether one register holds all eight.
    const WIDE: bool;
    fn zero() -> Self;
    fn load(v: &[f32; LANES]) -> Self;
    /// self + x y, rounded twice (no fused multiply-add): the same on every processor.
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
    // Loops, not closures: the compiler keeps the sums in registers only if everything is inlined.
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

/// Two vectors of four: WebAssembly's 128 bits.
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

/// Two vectors of four: SSE2, the x86-64 baseline.
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
            // SAFETY: this module is compiled only for targets with SSE2.
            unsafe { Self(_mm_add_ps(self.0, _mm_mul_ps(x.0, y.0)), _mm_add_ps(self.1, _mm_mul_ps(x.1, y.1))) }
        }

        #[inline(always)]
        fn lanes(self) -> [f32; 8] {
            bytemuck::cast([self.0, self.1])
        }
    }
}

/// Eight in one register: AVX.
#[cfg(target_arch = "x86_64")]
mod avx {
    use super::{MatVecOperands, PackedF32, multiply_with};
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
            // SAFETY: only `multiply_f32` below uses this, which requires AVX.
            unsafe { Self(_mm256_add_ps(self.0, _mm256_mul_ps(x.0, y.0))) }
        }

        #[inline(always)]
        fn lanes(self) -> [f32; 8] {
            bytemuck::cast(self.0)
        }
    }

    #[target_feature(enable = "avx")]
    pub fn multiply_f32<L>(
        matrix: &PackedF32,
        lines: &mut [L],
        operands: &dyn for<'a> Fn(&'a mut L) -> MatVecOperands<'a>,
    ) {
        multiply_with::<Eight, L>(matrix, lines, operands);
    }
}

/// Portable code, which the compiler may vectorise.
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
    use crate::engine::cpu::matvec::{PackedMatrix, QuantizedInput, multiply, multiply_one};

    type TestLine = (Vec<f32>, QuantizedInput, Vec<f32>);

    fn matrix(rows: usize, columns: usize) -> PackedF32 {
        PackedF32 { weight: (0..rows * columns).map(|k| (k as f32 * 0.7).sin()).collect(), columns }
    }

    fn test_lines(count: usize, rows: usize, columns: usize) -> Vec<TestLine> {
        let input = |line: usize| (0..columns).map(|k| ((k + 3 * line) as f32 * 0.3).cos()).collect();
        (0..count).map(|line| (input(line), QuantizedInput::default(), vec![9.0; rows])).collect()
    }

    fn operands((input, quantized, sums): &mut TestLine) -> MatVecOperands<'_> {
        MatVecOperands { input, quantized, sums }
    }

    #[test]
    fn all_vector_implementations_give_the_same_sums() {
        let matrix = matrix(9, 333);
        let mut lines = test_lines(3, 9, 333);
        multiply_f32(&matrix, &mut lines, &operands);
        let chosen = lines.clone();
        multiply_with::<vector::Eight, _>(&matrix, &mut lines, &operands);
        assert_eq!(chosen, lines);
    }

    #[test]
    fn sums_are_those_of_the_plain_loop_and_independent_of_the_other_lines() {
        for (rows, columns) in [(1, 1), (4, 8), (5, 7), (9, 40), (13, 333)] {
            let packed = matrix(rows, columns);
            let matrix = PackedMatrix::F32(packed.clone());
            for count in 1..=5 {
                let mut lines = test_lines(count, rows, columns);
                multiply(&matrix, &mut lines, &operands);
                for (input, _, sums) in &lines {
                    let mut alone = vec![9.0; rows];
                    multiply_one(&matrix, input, &mut alone);
                    assert_eq!(&alone, sums, "{rows} rows, {columns} columns, {count} lines");
                    for (row, sum) in packed.weight.chunks_exact(columns).zip(sums) {
                        let plain: f64 = row.iter().zip(input).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
                        assert!((f64::from(*sum) - plain).abs() < 1e-4, "{sum} against {plain}");
                    }
                }
            }
        }
    }
}
