//! Plain loops, which the compiler may vectorise: processors without a kernel of their own, NEON among them.

use super::{LineVectors, TileChunk};

/// Adds the products of some tiles with the vectors of N lines to their sums.
pub fn add<const N: usize>(chunks: &[TileChunk], lines: [LineVectors<'_>; N]) {
    for (input, sums) in lines {
        for (tile, sums) in chunks.chunks_exact(input.len().max(1)).zip(sums) {
            for (chunk, x) in tile.iter().zip(input) {
                for (sum, w) in sums.iter_mut().zip(&chunk.0) {
                    let product = |column: usize| i32::from(w[column]) * i32::from(x[column]);
                    *sum += (product(0) + product(1)) + (product(2) + product(3));
                }
            }
        }
    }
}
