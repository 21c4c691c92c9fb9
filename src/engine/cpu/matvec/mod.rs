//! Matrix-vector products: where the CPU engine spends its time.
//!
//! At one line per batch this is memory-bound: the matrix comes from the last-level cache, which takes longer than
//! multiplying. So the lines of a batch share each read of the matrix: some rows are read, then multiplied with every
//! line while they are in the L1 cache. The order of each sum does not depend on the other lines, so a line's points
//! are the same in any batch.
//!
//! [`int8`] multiplies matrices of signed bytes, [`float`] all others.

mod float;
pub mod int8;

use crate::model::{Elements, Matrix};
pub use float::PackedF32;
pub use int8::{PackedInt8, QuantizedInput};

/// Whether this build uses vector instructions explicitly.
pub const SIMD: bool = cfg!(any(target_feature = "simd128", target_feature = "sse2", target_feature = "neon"));

/// A matrix in the order in which a kernel reads it.
#[derive(Debug, Clone, PartialEq)]
pub enum PackedMatrix {
    /// Of an `F32` or `F16` file.
    F32(PackedF32),
    /// Of an `I8` file.
    Int8(PackedInt8),
}

impl PackedMatrix {
    /// Packs a matrix whose first `sparse` columns are usually multiplied with zeros.
    pub fn new(matrix: &Matrix, sparse: usize) -> Self {
        if let Elements::Int8 { values, scales } = &matrix.elements
            && let Some(packed) = PackedInt8::new(values, matrix.columns, scales.clone(), sparse)
        {
            return Self::Int8(packed);
        }
        let mut weight = vec![0.0; matrix.len()];
        for (row, to) in weight.chunks_exact_mut(matrix.columns).enumerate() {
            matrix.copy_row(row, to);
        }
        Self::F32(PackedF32 { weight, columns: matrix.columns })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::F32(matrix) => matrix.weight.len() / matrix.columns,
            Self::Int8(matrix) => matrix.scales.len(),
        }
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        match self {
            Self::F32(matrix) => matrix.columns,
            Self::Int8(matrix) => matrix.columns,
        }
    }
}

/// One line's vectors in [`multiply`].
pub struct MatVecOperands<'a> {
    /// `[columns]`.
    pub input: &'a [f32],
    /// Scratch: the input as integers.
    pub quantized: &'a mut QuantizedInput,
    /// `[rows]`, out.
    pub sums: &'a mut [f32],
}

/// `sums[r] = Σ_c matrix[r, c] · input[c]` for every line; `operands` says where a line keeps its vectors. No bias is
/// added.
pub fn multiply<L>(matrix: &PackedMatrix, lines: &mut [L], operands: &dyn for<'a> Fn(&'a mut L) -> MatVecOperands<'a>) {
    match matrix {
        PackedMatrix::F32(matrix) => float::multiply_f32(matrix, lines, operands),
        PackedMatrix::Int8(matrix) => int8::multiply_int8(matrix, lines, operands),
    }
}

/// [`multiply`] of one line, with scratch of its own. For tests.
pub fn multiply_one(matrix: &PackedMatrix, input: &[f32], sums: &mut [f32]) {
    multiply(matrix, &mut [(QuantizedInput::default(), sums)], &|(quantized, sums)| MatVecOperands {
        input,
        quantized,
        sums,
    });
}
