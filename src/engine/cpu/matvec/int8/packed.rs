//! An int8 matrix in the order in which the kernels read it.

/// An int8 matrix with a scale for each row, in tiles.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PackedInt8 {
    /// The factor of each row, `[rows]`.
    pub scales: Vec<f32>,
    /// Number of columns.
    pub columns: usize,
    /// The first so many columns are usually multiplied with zeros: they are not in the tiles.
    pub sparse: usize,
    /// Tiles of [`PackedInt8::ROWS`] rows, one after the other; missing rows and columns are zeros.
    tiles: Vec<TileChunk>,
    /// Sum of each row's values in the tiles; 0 for missing rows.
    totals: Vec<[i32; PackedInt8::PADDED]>,
    /// Chunks of a tile.
    width: usize,
    /// The sparse columns, `[sparse, rows]`, times the rows' scales.
    sparse_columns: Vec<f32>,
}

/// [`PackedInt8::LANES`] columns of [`PackedInt8::ROWS`] rows: what is multiplied at a time is contiguous.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(target_arch = "wasm32", repr(C, align(16)))]
#[cfg_attr(not(target_arch = "wasm32"), repr(C, align(64)))]
pub struct TileChunk(pub [[i8; PackedInt8::LANES]; PackedInt8::ROWS]);

/// Some tiles of a matrix, one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Tiles<'a> {
    /// All columns of the first tile, then those of the next.
    pub chunks: &'a [TileChunk],
    /// Sum of each row's values, `[tiles]`.
    pub totals: &'a [[i32; PackedInt8::PADDED]],
    /// `[rows]`: the last tile may have fewer.
    pub scales: &'a [f32],
}

impl PackedInt8 {
    /// Columns that are multiplied at a time: bytes of 128 bits.
    pub const LANES: usize = 16;
    /// Rows that are multiplied at a time: as many as leave room in the registers for three sums of each and the
    /// operands (WebAssembly: 16 registers of 128 bits; AVX-512: 32 of 512 bits).
    pub const ROWS: usize = if cfg!(target_arch = "wasm32") { 3 } else { 16 };
    /// [`PackedInt8::ROWS`], rounded up to whole registers of 128 bits.
    pub const PADDED: usize = Self::ROWS.next_multiple_of(4);
    /// Up to so many columns, 32-bit sums of products with bytes, or with 14 bits in four lanes, cannot overflow.
    const MOST_COLUMNS: usize = 8000;

    /// Packs `values` `[rows, columns]`; `None` if rows are too long for 32-bit sums, or all columns are sparse.
    pub fn new(values: &[i8], columns: usize, scales: Vec<f32>, sparse: usize) -> Option<Self> {
        if columns > Self::MOST_COLUMNS || sparse >= columns {
            return None;
        }
        let width = (columns - sparse).div_ceil(Self::LANES);
        let count = scales.len().div_ceil(Self::ROWS);
        let (mut tiles, mut totals) = (vec![TileChunk::default(); count * width], vec![[0; Self::PADDED]; count]);
        let mut sparse_columns = vec![0.0; sparse * scales.len()];
        for (r, row) in values.chunks_exact(columns).enumerate() {
            let tile = &mut tiles[r / Self::ROWS * width..][..width];
            for (chunk, values) in tile.iter_mut().zip(row[sparse..].chunks(Self::LANES)) {
                for (lane, value) in chunk.0[r % Self::ROWS].iter_mut().zip(values) {
                    *lane = *value;
                    totals[r / Self::ROWS][r % Self::ROWS] += i32::from(*lane);
                }
            }
            for (column, value) in row[..sparse].iter().enumerate() {
                sparse_columns[column * scales.len() + r] = f32::from(*value) * scales[r];
            }
        }
        Some(Self { scales, columns, sparse, tiles, totals, width, sparse_columns })
    }

    /// The sparse columns, `[rows]` each, times the rows' scales.
    pub(super) fn sparse_columns(&self) -> impl Iterator<Item = &[f32]> {
        self.sparse_columns.chunks_exact(self.scales.len().max(1))
    }

    /// The tiles, in groups of `at_a_time`.
    pub(super) fn tiles(&self, at_a_time: usize) -> impl Iterator<Item = Tiles<'_>> {
        let chunks = self.tiles.chunks((at_a_time * self.width).max(1));
        let rest = self.totals.chunks(at_a_time).zip(self.scales.chunks(at_a_time * Self::ROWS));
        chunks.zip(rest).map(|(chunks, (totals, scales))| Tiles { chunks, totals, scales })
    }
}
