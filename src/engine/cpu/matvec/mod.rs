//! Matrix-vector products: where the CPU engine spends its time.
//!
//! A matrix is stored in tiles of 16 rows, a tile in chunks of four columns, so that a vector instruction multiplies
//! four neighbouring columns of several rows and adds the products of each row: one number of the result a row, and no
//! sums across a register. All lines of a batch are multiplied with a tile while it is in the L1 cache.
//!
//! Weights have seven bits. They are stored plus an `OFFSET`, as unsigned bytes below 128, because then the instructions
//! that add neighbouring products of bytes in 16 bits (`pmaddubsw`, WebAssembly's relaxed dot product) cannot saturate:
//! the sum of two products is at most 2 · 127 · 127 < 2¹⁵. What the offset adds to a sum is the same for all rows and is
//! taken back at its start. All sums are exact, so every kernel gives the same.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod relaxed;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;

use crate::model::QuantisedMatrix;
use std::ops::Range;

/// Rows of a tile: the numbers of a register of 512 bits.
pub const ROWS: usize = 16;
/// Columns of a chunk.
const CHUNK: usize = 4;
/// Vectors and rows are padded with zeros to so many columns.
pub const BLOCK: usize = 16;
/// What is added to a weight.
const OFFSET: i32 = 64;

/// Four numbers of an input vector.
type InputChunk = [i8; CHUNK];
/// The sums of a tile.
type TileSums = [i32; ROWS];
/// A line's input vector, as many chunks as a tile has, and its sums, as many as there are tiles.
type LineVectors<'a> = (&'a [InputChunk], &'a mut [TileSums]);

/// Four columns of a tile: `[row][column]`, each weight plus [`OFFSET`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
struct TileChunk([[u8; CHUNK]; ROWS]);

/// Some columns of a [`QuantisedMatrix`], packed.
#[derive(Debug, Clone, PartialEq)]
pub struct PackedMatrix {
    /// Number of rows.
    rows: usize,
    /// Chunks of a tile.
    width: usize,
    /// Tiles, one after the other; missing rows and columns are zeros.
    chunks: Vec<TileChunk>,
}

/// A set of instructions for products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// Plain loops; everywhere.
    Portable,
    /// Products of bytes, added in pairs (`pmaddubsw`).
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Products of bytes, added in fours (`vpdpbusd`).
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni,
    /// Products of 16 bits.
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128,
    /// Products of bytes, added in fours.
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    RelaxedSimd,
}

impl Kernel {
    /// All of this architecture, the fastest first.
    const ALL: &[Self] = &[
        #[cfg(target_arch = "x86_64")]
        Self::Avx512Vnni,
        #[cfg(target_arch = "x86_64")]
        Self::Avx2,
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        Self::RelaxedSimd,
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        Self::Simd128,
        Self::Portable,
    ];

    /// Those that this machine has, the fastest first.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|kernel| kernel.is_supported())
    }

    /// The fastest one on this machine.
    pub fn fastest() -> Self {
        Self::all().next().unwrap_or(Self::Portable)
    }

    fn is_supported(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => avx512::supported(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::supported(),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::RelaxedSimd => relaxed::supported(),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Simd128 => true,
            Self::Portable => true,
        }
    }

    /// For people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Portable => "CPU",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "CPU · AVX2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => "CPU · AVX-512 VNNI",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Simd128 | Self::RelaxedSimd => "CPU · SIMD",
        }
    }
}

impl PackedMatrix {
    /// Packs these ranges of columns, each padded with zeros to whole [`BLOCK`]s.
    pub fn new(matrix: &QuantisedMatrix, parts: &[Range<usize>]) -> Self {
        let rows = matrix.rows();
        let width = parts.iter().map(|part| part.len().next_multiple_of(BLOCK) / CHUNK).sum();
        let zero = TileChunk([[OFFSET as u8; CHUNK]; ROWS]);
        let mut chunks = vec![zero; rows.div_ceil(ROWS) * width];
        for r in 0..rows {
            let tile = &mut chunks[r / ROWS * width..][..width];
            let mut at = 0;
            for part in parts {
                for (column, value) in matrix.row(r)[part.clone()].iter().enumerate() {
                    tile[at + column / CHUNK].0[r % ROWS][column % CHUNK] = (i32::from(*value) + OFFSET) as u8;
                }
                at += part.len().next_multiple_of(BLOCK) / CHUNK;
            }
        }
        Self { rows, width, chunks }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Length of a sum's vector: [`PackedMatrix::rows`], padded to whole tiles.
    pub fn padded_rows(&self) -> usize {
        self.rows.next_multiple_of(ROWS)
    }

    /// Length of an input vector, with its padding.
    pub fn columns(&self) -> usize {
        self.width * CHUNK
    }
}

/// One line's vectors in [`multiply`].
pub struct MatVecOperands<'a> {
    /// `[columns]`, padded.
    pub input: &'a [i8],
    /// `[padded rows]`, out.
    pub sums: &'a mut [i32],
}

/// `sums[r] = Σ_c matrix[r, c] · input[c]` for every line; `operands` says where a line keeps its vectors.
pub fn multiply<L>(matrix: &PackedMatrix, lines: &mut [L], operands: &dyn for<'a> Fn(&'a mut L) -> MatVecOperands<'a>) {
    multiply_with(Kernel::fastest(), matrix, lines, operands);
}

/// The same with a kernel that need not be the fastest.
///
/// # Panics
/// If the machine does not have it.
pub fn multiply_with<L>(
    kernel: Kernel,
    matrix: &PackedMatrix,
    lines: &mut [L],
    operands: &dyn for<'a> Fn(&'a mut L) -> MatVecOperands<'a>,
) {
    assert!(kernel.is_supported(), "this machine has no {kernel:?}");
    for line in &mut *lines {
        let MatVecOperands { input, sums } = operands(line);
        let sum = total(&input[..matrix.columns()]);
        // Some at a time, which is one instruction, even where this is compiled for size.
        sums[..matrix.padded_rows()].as_chunks_mut::<ROWS>().0.fill([-OFFSET * sum; ROWS]);
    }
    // As many tiles at a time as the L1 cache holds beside the lines' vectors.
    let all = matrix.rows.div_ceil(ROWS);
    let tiles =
        if lines.len() == 1 { all } else { (L1_BYTES / (matrix.width * size_of::<TileChunk>()).max(1)).clamp(1, all) };
    for (n, chunks) in matrix.chunks.chunks((tiles * matrix.width).max(1)).enumerate() {
        let rows = n * tiles * ROWS..(n * tiles + chunks.len() / matrix.width.max(1)) * ROWS;
        // Two lines share each read of a weight.
        let (pairs, last) = lines.as_chunks_mut::<2>();
        for [a, b] in pairs {
            let lines = [vectors(operands(a), chunks, &rows), vectors(operands(b), chunks, &rows)];
            add_products(kernel, chunks, lines);
        }
        for line in last {
            add_products(kernel, chunks, [vectors(operands(line), chunks, &rows)]);
        }
    }
}

/// The sum of all numbers.
fn total(input: &[i8]) -> i32 {
    // Compiled for size, the loop below has no vector instructions.
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    let (sum, input) = wasm::total(input);
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    let sum = 0;
    sum + input.iter().map(|&x| i32::from(x)).sum::<i32>()
}

/// A line's part of a product with some tiles, whose rows are `rows` of the matrix.
fn vectors<'a>(
    MatVecOperands { input, sums }: MatVecOperands<'a>,
    chunks: &[TileChunk],
    rows: &Range<usize>,
) -> LineVectors<'a> {
    let ((input, _), (sums, _)) = (input.as_chunks::<CHUNK>(), sums[rows.clone()].as_chunks_mut::<ROWS>());
    let width = chunks.len() / sums.len().max(1);
    (&input[..width], sums)
}

/// Adds the products of some tiles with the vectors of N lines.
fn add_products<const N: usize>(kernel: Kernel, chunks: &[TileChunk], lines: [LineVectors<'_>; N]) {
    match kernel {
        Kernel::Portable => portable::add(chunks, lines),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => avx2::add(chunks, lines),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512Vnni => avx512::add(chunks, lines),
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        Kernel::Simd128 => wasm::add(chunks, lines),
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        Kernel::RelaxedSimd => relaxed::add(chunks, lines),
    }
}

/// Bytes of tiles that are multiplied with all lines before the next are read.
const L1_BYTES: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, columns: usize, value: impl Fn(usize) -> i8) -> QuantisedMatrix {
        QuantisedMatrix { columns, values: (0..rows * columns).map(value).collect(), scales: vec![1.0; rows] }
    }

    /// The products of `input`, laid out as the matrix's parts, as one of so many lines.
    fn found(kernel: Kernel, matrix: &PackedMatrix, input: &[i8], lines: usize) -> Vec<i32> {
        let mut lines = vec![(input.to_vec(), vec![9; matrix.padded_rows()]); lines];
        multiply_with(kernel, matrix, &mut lines, &|(input, sums)| MatVecOperands { input, sums });
        let (_, mut sums) = lines.pop().unwrap_or_default();
        sums.truncate(matrix.rows());
        sums
    }

    #[test]
    fn all_kernels_give_the_sums_of_the_plain_loop_for_any_number_of_lines() {
        // Miri looks for undefined behaviour, which small shapes show as well as large ones.
        let large: &[_] = if cfg!(miri) { &[] } else { &[(1024, 512), (121, 768)] };
        for &(rows, columns) in [(1, 1), (16, 16), (17, 5), (70, 37), (33, 100)].iter().chain(large) {
            let matrix = matrix(rows, columns, |k| ((k * k + 17 * k) % 127) as i8 - 63);
            let parts = [0..columns / 3, columns / 3..columns];
            let packed = PackedMatrix::new(&matrix, &parts);
            let values: Vec<i8> = (0..columns).map(|k| ((k * 37) % 255) as u8 as i8).map(|x| x.max(-127)).collect();
            let mut input = Vec::new();
            for part in &parts {
                input.extend_from_slice(&values[part.clone()]);
                input.resize(input.len().next_multiple_of(BLOCK), 0);
            }
            let dot = |r: usize| matrix.row(r).iter().zip(&values).map(|(&w, &x)| i32::from(w) * i32::from(x)).sum();
            let expected: Vec<i32> = (0..rows).map(dot).collect();
            for kernel in Kernel::all() {
                for lines in [1, 2, 5] {
                    assert_eq!(found(kernel, &packed, &input, lines), expected, "{kernel:?}, {rows} × {columns}");
                }
            }
        }
    }

    #[test]
    fn the_largest_sums_are_exact() {
        let columns = if cfg!(miri) { 64 } else { 16_384 };
        for (weight, state) in [(63, 127), (63, -127), (-63, 127), (-63, -127)] {
            let packed = PackedMatrix::new(&matrix(3, columns, |_| weight), std::slice::from_ref(&(0..columns)));
            let expected = i32::from(weight) * i32::from(state) * columns as i32;
            for kernel in Kernel::all() {
                assert_eq!(found(kernel, &packed, &vec![state; columns], 1), [expected; 3], "{kernel:?}");
            }
        }
    }
}
