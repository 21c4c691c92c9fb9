//! A network on the GPU: its weights as bytes in buffers, and its pipelines; made once per network.

use super::device::Gpu;
use super::pipelines::{BLOCK, Shaders, TILES, blocks, check_room, input_vectors, pipeline};
use crate::engine::fixed::{self, RowScales};
use crate::error::Result;
use crate::model::{Config, Dense, LstmWeights, QuantisedMatrix, Weights};
use std::ops::Range;
use std::sync::{Arc, Weak};

/// A network on the GPU.
#[derive(Debug)]
pub struct Network {
    /// Identifies the network. Weak, so that the GPU's copy can be freed when nobody holds the weights any more.
    weights: Weak<Weights>,
    /// From the bottom up.
    pub lstm: Vec<Layer>,
    /// `None` without text.
    pub window: Option<Linear>,
    /// m and b of the window's rows; `None` without text. Those of the output layer are the line's.
    pub window_rows: Option<wgpu::Buffer>,
    /// The output layer's columns of the last LSTM layer.
    pub output: Linear,
    /// Per tile of [`TILES`], per layer; made when a batch first needs them.
    lstm_pipelines: [Vec<wgpu::ComputePipeline>; TILES.len()],
    /// `None` without text.
    pub window_pipeline: Option<wgpu::ComputePipeline>,
    /// Output layer and sampling.
    pub mixture_pipeline: wgpu::ComputePipeline,
}

/// An LSTM layer. Its bias is the line's.
#[derive(Debug)]
pub struct Layer {
    /// `[4 H][blocks of columns]`, then the output layer's `[R][blocks of the layer below]`, then m of each unit's four
    /// rows, `[H]`: four words each.
    pub weight: wgpu::Buffer,
    /// k of all rows.
    shift: u32,
}

/// The linear layer of window or output.
#[derive(Debug)]
pub struct Linear {
    /// `[rows][blocks of columns]` of four words.
    pub weight: wgpu::Buffer,
    /// m of each row, and k of all.
    pub scales: RowScales,
}

impl Linear {
    fn new(gpu: &Gpu, label: &str, dense: &Dense, columns: Range<usize>) -> Self {
        let weight = filled(gpu, label, &pack(&dense.weight, &[columns]));
        Self { weight, scales: RowScales::of_outputs(&dense.weight.scales) }
    }

    /// m and b of each row, for biases `[rows]`, Q16.
    pub fn rows(&self, bias: Vec<i32>) -> Vec<[i32; 2]> {
        self.scales.factors.iter().zip(bias).map(|(&factor, bias)| [factor, bias]).collect()
    }
}

impl Network {
    /// Uploads the weights, and makes the pipelines that every batch needs.
    ///
    /// # Errors
    /// [`crate::Error::GpuUnavailable`] for more components than fit the shaders' workgroup memory.
    pub fn new(gpu: &Gpu, shaders: &Shaders, weights: &Arc<Weights>) -> Result<Self> {
        let config = &weights.config;
        check_room(config, gpu.device.limits().max_compute_workgroup_storage_size as usize)?;
        let lstm = weights.layers.iter().enumerate().map(|(layer, LstmWeights { gates, hidden, .. })| {
            let own = gates.weight.columns - hidden;
            let below = 3 + config.ids();
            let mut bytes = pack(&gates.weight, &[0..below, below..own, own..gates.weight.columns]);
            if layer > 0 {
                bytes.extend(pack(&weights.output.weight, &[output_columns(config, layer - 1)]));
            }
            let RowScales { factors, shift } = RowScales::of_gates(&gates.weight.scales);
            bytes.extend_from_slice(bytemuck::cast_slice(&by_unit(&factors)));
            Layer { weight: filled(gpu, "lstm", &bytes), shift }
        });
        let lstm = lstm.collect();
        let window = weights.window.as_ref().map(|dense| Linear::new(gpu, "window", dense, 0..config.hidden[0]));
        let window_rows = window.as_ref().zip(weights.window.as_ref()).map(|(window, dense)| {
            filled(gpu, "window rows", bytemuck::cast_slice(&window.rows(fixed::bias(&dense.bias, &[]))))
        });
        let last = config.hidden.len() - 1;
        let output = Linear::new(gpu, "output", &weights.output, output_columns(config, last));
        let input = input_vectors(config) as f64;
        let window_pipeline = window.as_ref().map(|window| {
            let constants = [
                ("COLUMNS", blocks(config.hidden[0]) as f64),
                ("SHIFT", window.scales.shift.into()),
                ("COMPONENTS", config.window as f64),
                ("IDS", config.ids() as f64),
                ("INPUT", input),
            ];
            pipeline(gpu, "window", &shaders.window, &constants)
        });
        let constants = [
            ("COLUMNS", blocks(config.hidden[last]) as f64),
            ("SHIFT", output.scales.shift.into()),
            ("INPUT", input),
            ("MIXTURES", config.mixtures as f64),
            ("STOP", u8::from(config.stop).into()),
            ("ADDS", u8::from(last > 0).into()),
        ];
        Ok(Self {
            weights: Arc::downgrade(weights),
            lstm,
            window,
            window_rows,
            output,
            lstm_pipelines: std::array::from_fn(|_| Vec::new()),
            window_pipeline,
            mixture_pipeline: pipeline(gpu, "mixture", &shaders.mixture, &constants),
        })
    }

    /// Whether this is the network of `weights`.
    pub fn is_of(&self, weights: &Arc<Weights>) -> bool {
        std::ptr::eq(self.weights.as_ptr(), Arc::as_ptr(weights))
    }

    /// Whether somebody still holds the weights.
    pub fn is_wanted(&self) -> bool {
        self.weights.strong_count() > 0
    }

    /// Makes the LSTM pipelines of a tile shape, unless they exist.
    pub fn prepare(&mut self, gpu: &Gpu, shaders: &Shaders, weights: &Weights, tile: usize) {
        if self.lstm_pipelines[tile].is_empty() {
            let config = &weights.config;
            self.lstm_pipelines[tile] = (0..config.hidden.len())
                .map(|layer| {
                    let constants = [
                        ("HIDDEN", config.hidden[layer] as f64),
                        ("INPUT", input_vectors(config) as f64),
                        ("BELOW", layer.checked_sub(1).map_or(0, |below| blocks(config.hidden[below])) as f64),
                        ("OUTPUTS", config.outputs() as f64),
                        ("ROW", (config.outputs() + config.mixtures) as f64),
                        ("ADDS", u8::from(layer > 1).into()),
                        ("SHIFT", self.lstm[layer].shift.into()),
                        ("LINES", TILES[tile].lines as f64),
                        ("LANES", TILES[tile].lanes as f64),
                    ];
                    pipeline(gpu, "lstm", &shaders.lstm, &constants)
                })
                .collect();
        }
    }

    /// LSTM pipelines per layer, for a tile shape that was prepared.
    pub fn lstm_pipelines(&self, tile: usize) -> &[wgpu::ComputePipeline] {
        &self.lstm_pipelines[tile]
    }
}

/// The output layer's columns that a layer's hidden states are multiplied with.
fn output_columns(config: &Config, layer: usize) -> Range<usize> {
    let start = config.hidden[..layer].iter().sum();
    start..start + config.hidden[layer]
}

/// Numbers of the rows i, f, g, o of H units each, `[4 H]`, as `[H]` of the four of a unit.
pub fn by_unit(rows: &[i32]) -> Vec<[i32; 4]> {
    let units = rows.len() / 4;
    (0..units).map(|unit| std::array::from_fn(|gate| rows[gate * units + unit])).collect()
}

/// These ranges of columns of all rows, as bytes. Each range is padded with zeros to whole blocks, so that the next one
/// starts on a block.
fn pack(matrix: &QuantisedMatrix, parts: &[Range<usize>]) -> Vec<u8> {
    let blocks: usize = parts.iter().map(|part| blocks(part.len())).sum();
    let mut packed = Vec::with_capacity(matrix.rows() * blocks * BLOCK);
    for r in 0..matrix.rows() {
        for part in parts {
            packed.extend_from_slice(bytemuck::cast_slice(&matrix.row(r)[part.clone()]));
            packed.resize(packed.len().next_multiple_of(BLOCK), 0);
        }
    }
    packed
}

/// A storage buffer that the shaders only read.
pub fn filled(gpu: &Gpu, label: &str, bytes: &[u8]) -> wgpu::Buffer {
    let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some(label),
        size: bytes.len() as u64,
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    gpu.queue.write_buffer(&buffer, 0, bytes);
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_rows_start_on_whole_blocks() {
        let values: Vec<i8> = (0..40).map(|k| k - 20).collect();
        let matrix = QuantisedMatrix { columns: 20, values, scales: vec![1.0; 2] };
        let packed: Vec<i8> = pack(&matrix, &[0..0, 0..3, 3..20]).iter().map(|&byte| byte as i8).collect();
        let row = |row: &[i8]| [&row[..3], &[0; 13], &row[3..], &[0; 15]].concat();
        assert_eq!(packed, [row(matrix.row(0)), row(matrix.row(1))].concat());
    }

    #[test]
    fn numbers_of_a_unit_are_neighbours() {
        assert_eq!(by_unit(&[1, 2, 3, 4, 5, 6, 7, 8]), [[1, 3, 5, 7], [2, 4, 6, 8]]);
    }
}
