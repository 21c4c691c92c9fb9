//! A network as its weights file holds it: configuration and tensors, checked; matrices of layers in whole numbers.
//!
//! One safetensors file holds one network; `docs/weights-format.md` describes it in full. Its metadata has a
//! key `running-hand` with a JSON object ([`Config`]); every size comes from there. All tensors are row-major
//! (H = hidden units of a layer, A = character ids, K = window components, M = mixtures, S = style dimension,
//! N = styles, R = 1 + 6 M, one more with a learned stop):
//!
//! | tensor | shape | order |
//! |---|---|---|
//! | `lstm.{l}.weight` | `[4 H_l, in_l + H_l]` | rows i, f, g, o; columns point (3), window (A), hidden below, own hidden |
//! | `lstm.{l}.bias` | `[4 H_l]` | i, f, g, o |
//! | `lstm.{l}.style` | `[4 H_l, S]` | i, f, g, o; only if S > 0 |
//! | `window.weight`, `window.bias` | `[3 K, H_0]`, `[3 K]` | α, β, κ; synthesis only |
//! | `output.weight`, `output.bias` | `[R, Σ H]`, `[R]` | e, π, μx, μy, σx, σy, ρ, stop |
//! | `style.table` | `[N, S]` | rows in the order of `styles`; only if S > 0 |
//!
//! Every tensor is `F32` or `F16`, and a matrix may be `I8`. An `I8` matrix `x` comes with `x.scale`,
//! `F32`, one factor for each row. `quantisation` in the metadata says which of the three types the
//! `weight` matrices have; those of floats are quantised when they are read.
//!
//! A file may come from anywhere: nothing in it is used before it is checked. Sizes are those of tensors
//! that lie within the file, so that reading takes memory in proportion to the file ([`MOST_METADATA`]);
//! the metadata's limits are in [`Config`]'s validation.
//!
//! Each engine packs the matrices for its own kernels (`engine::cpu::Network`, `engine::gpu`); this module knows
//! neither.

mod config;
mod file;
mod hand;
pub mod style;

pub use config::{Config, Kind, MOST_METADATA, Quantisation};
use half::f16;
pub use hand::{Hand, HandBiases, HandLayout};

/// A matrix of styles `[rows, columns]`, row-major, with the element type that the file has.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// Length of a row; at least 1.
    pub columns: usize,
    /// All rows, one after the other.
    pub elements: Elements,
}

/// The elements of a [`Matrix`].
#[derive(Debug, Clone, PartialEq)]
pub enum Elements {
    /// Single precision, `[rows, columns]`.
    F32(Vec<f32>),
    /// Half precision, `[rows, columns]`.
    F16(Vec<f16>),
    /// Quantised: element (r, c) is `values[r, c] · scales[r]`.
    Int8 {
        /// `[rows, columns]`.
        values: Vec<i8>,
        /// `[rows]`.
        scales: Vec<f32>,
    },
}

impl Matrix {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match &self.elements {
            Elements::F32(values) => values.len(),
            Elements::F16(values) => values.len(),
            Elements::Int8 { values, .. } => values.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.len() / self.columns
    }

    /// Writes one row's elements, as `f32`, to `to` `[columns]`.
    pub fn copy_row(&self, row: usize, to: &mut [f32]) {
        let range = row * self.columns..(row + 1) * self.columns;
        match &self.elements {
            Elements::F32(values) => to.copy_from_slice(&values[range]),
            Elements::F16(values) => to.iter_mut().zip(&values[range]).for_each(|(to, value)| *to = value.to_f32()),
            Elements::Int8 { values, scales } => {
                to.iter_mut().zip(&values[range]).for_each(|(to, value)| *to = f32::from(*value) * scales[row]);
            }
        }
    }
}

/// Largest magnitude of a weight of a [`QuantisedMatrix`].
pub const MOST_WEIGHT: i8 = 63;

/// A matrix of whole numbers `[rows, columns]` with a scale for each row: element (r, c) is
/// `values[r, c] · scales[r]`.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantisedMatrix {
    /// Length of a row; at least 1.
    pub columns: usize,
    /// Row-major, within ±[`MOST_WEIGHT`].
    pub values: Vec<i8>,
    /// `[rows]`, 0 or more.
    pub scales: Vec<f32>,
}

impl QuantisedMatrix {
    /// Quantises a matrix of floats by the trainer's rule (`train/export/quantise.py`).
    pub fn of(matrix: &Matrix) -> Self {
        let (rows, columns) = (matrix.rows(), matrix.columns);
        let (mut values, mut scales) = (Vec::with_capacity(matrix.len()), Vec::with_capacity(rows));
        let mut row = vec![0.0; columns];
        for r in 0..rows {
            matrix.copy_row(r, &mut row);
            let scale = row_scale(&row);
            scales.push(scale as f32);
            values.extend(
                row.iter().map(|&value| if scale > 0.0 { (f64::from(value) / scale).round() as i8 } else { 0 }),
            );
        }
        Self { columns, values, scales }
    }

    /// The matrix with `count` columns of zeros before its own.
    pub(super) fn behind_zeros(self, count: usize) -> Self {
        if count == 0 {
            return self;
        }
        let columns = count + self.columns;
        let mut values = vec![0; self.rows() * columns];
        for (to, from) in values.chunks_exact_mut(columns).zip(self.values.chunks_exact(self.columns)) {
            to[count..].copy_from_slice(from);
        }
        Self { columns, values, ..self }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.scales.len()
    }

    /// One row's whole numbers, `[columns]`.
    pub fn row(&self, row: usize) -> &[i8] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }
}

/// The largest magnitude over [`MOST_WEIGHT`], rounded up to four significant bits, as the trainer does.
fn row_scale(row: &[f32]) -> f64 {
    let largest = row.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    let least = f64::from(largest) / f64::from(MOST_WEIGHT);
    // 2ⁿ ≤ least < 2ⁿ⁺¹; the exponent of any f32 over 63 is one of a normal f64
    let exponent = (least.to_bits() >> 52) as i32 - 1023;
    let unit = f64::from(exponent - 3).exp2();
    (least / unit).ceil() * unit
}

/// A dense layer: a matrix and the bias of its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    /// `[rows, columns]`.
    pub weight: QuantisedMatrix,
    /// `[rows]`.
    pub bias: Vec<f32>,
}

/// One LSTM layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LstmWeights {
    /// Gates i, f, g, o: `[4 H, columns]` and bias `[4 H]`.
    pub gates: Dense,
    /// `[4 H, S]`; `None` without styles.
    pub style: Option<Matrix>,
    /// Hidden units H.
    pub hidden: usize,
}

/// A network.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Sizes, alphabet, units.
    pub config: Config,
    /// From the bottom up.
    pub layers: Vec<LstmWeights>,
    /// `[3 K, H_0]`; `None` without text.
    pub window: Option<Dense>,
    /// `[R, Σ H]`.
    pub output: Dense,
    /// `[N, S]`; `None` without styles.
    pub style_table: Option<Matrix>,
    /// FNV-1a hash of the file: a seed reproduces its writing only with the same file.
    pub fingerprint: u64,
}
