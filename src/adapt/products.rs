//! Products of a matrix with several vectors: forward with the matrix, backward with its transpose.

#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls of functions compiled for AVX2 or AVX-512"))]

use crate::engine::cpu::with_vectors;

/// Rows that are computed together.
const PANEL: usize = 16;
/// Vectors that share a pass over the matrix, so that they stay in the cache.
const PASS: usize = 64;
/// A matrix `[rows, columns]`, as panels of 16 rows: `[rows / 16][columns][16]`, zeros beyond the last row.
#[derive(Debug)]
pub struct Packed {
    rows: usize,
    columns: usize,
    panels: Vec<f32>,
}

impl Packed {
    /// Packs a matrix, whose elements `element(row, column)` tells.
    pub fn new(rows: usize, columns: usize, element: impl Fn(usize, usize) -> f32) -> Self {
        let mut panels = vec![0.0; rows.div_ceil(PANEL) * columns * PANEL];
        for r in 0..rows {
            for c in 0..columns {
                panels[((r / PANEL) * columns + c) * PANEL + r % PANEL] = element(r, c);
            }
        }
        Self { rows, columns, panels }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Adds to each row of `y` `[n, rows]` the product with a row of `x` `[n, columns]`. Each sum has the same order
    /// of terms, whatever n.
    ///
    /// # Panics
    /// If lengths do not agree.
    pub fn add_products(&self, x: &[f32], y: &mut [f32]) {
        if self.rows == 0 || self.columns == 0 {
            return;
        }
        assert_eq!(x.len() / self.columns, y.len() / self.rows, "as many results as vectors");
        for (x, y) in x.chunks(PASS * self.columns).zip(y.chunks_mut(PASS * self.rows)) {
            for (p, panel) in self.panels.chunks_exact(self.columns * PANEL).enumerate() {
                add_panel(panel, x, y, self.rows, p * PANEL);
            }
        }
    }
}

/// A panel, whose first row is `first`, of a matrix of so many rows.
fn add_panel(panel: &[f32], x: &[f32], y: &mut [f32], rows: usize, first: usize) {
    with_vectors!(all_vectors(panel: &[f32], x: &[f32], y: &mut [f32], rows: usize, first: usize));
}

#[inline(always)]
fn all_vectors(panel: &[f32], x: &[f32], y: &mut [f32], rows: usize, first: usize) {
    let columns = panel.len() / PANEL;
    // Two at a time: their sums fit sixteen registers of four numbers, with the panel's row and both elements.
    let mut x = x.chunks_exact(2 * columns);
    let mut y = y.chunks_exact_mut(2 * rows);
    for (x, y) in x.by_ref().zip(y.by_ref()) {
        few::<2>(panel, x, y, rows, first);
    }
    let (x, y) = (x.remainder(), y.into_remainder());
    if !y.is_empty() {
        few::<1>(panel, x, y, rows, first);
    }
}

/// N vectors.
#[inline(always)]
fn few<const N: usize>(panel: &[f32], x: &[f32], y: &mut [f32], rows: usize, first: usize) {
    let columns = panel.len() / PANEL;
    let mut sums = [[0.0f32; PANEL]; N];
    let x: [&[f32]; N] = std::array::from_fn(|n| &x[n * columns..(n + 1) * columns]);
    for (c, weights) in panel.chunks_exact(PANEL).enumerate() {
        for n in 0..N {
            let x = x[n][c];
            for r in 0..PANEL {
                sums[n][r] += weights[r] * x;
            }
        }
    }
    for n in 0..N {
        let own = &mut y[n * rows + first..(n + 1) * rows];
        own.iter_mut().zip(&sums[n]).for_each(|(to, sum)| *to += sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_plain_loops_for_any_number_of_vectors() {
        for (rows, columns) in [(1, 1), (5, 3), (16, 7), (33, 20), (48, 1)] {
            let element = |r: usize, c: usize| ((r * 7 + c * 3) % 11) as f32 - 5.0;
            let matrix = Packed::new(rows, columns, element);
            for n in [0, 1, 2, 3, 4, 5, 7, 64, 67, 130] {
                let x: Vec<f32> = (0..n * columns).map(|i| (i % 13) as f32 - 6.0).collect();
                let mut y = vec![1.0; n * rows];
                matrix.add_products(&x, &mut y);
                for v in 0..n {
                    for r in 0..rows {
                        let sum: f32 = (0..columns).map(|c| element(r, c) * x[v * columns + c]).sum();
                        assert_eq!(y[v * rows + r], 1.0 + sum, "{rows} x {columns}, vector {v} of {n}, row {r}");
                    }
                }
            }
        }
        Packed::new(0, 4, |_, _| 0.0).add_products(&[1.0; 8], &mut []);
    }
}
