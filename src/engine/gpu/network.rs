//! A network on the GPU: its weights as `f16` in buffers, and its pipelines; made once per network.

use super::device::Gpu;
use super::pipelines::{OCTET, Shaders, TILES, check_room, hidden_octets, input_octets, pipeline};
use crate::error::{Error, Result};
use crate::model::{Dense, LstmWeights, Matrix, Weights};
use half::f16;
use std::ops::Range;
use std::sync::{Arc, Weak};

/// A network on the GPU.
#[derive(Debug)]
pub struct Network {
    /// Identifies the network. Weak, so that the GPU's copy can be freed when nobody holds the weights any more.
    weights: Weak<Weights>,
    /// Per layer: weight `[4 H][octets of columns]` of four u32, then the output layer's `[R][octets of the
    /// layer below]`. The bias is the line's.
    pub lstm: Vec<wgpu::Buffer>,
    /// Weight `[3 K][octets of H_0]` of four u32, bias `[3 K]`; `None` without text.
    pub window: Option<[wgpu::Buffer; 2]>,
    /// Weight `[R][octets of the last layer]` of four u32, bias `[R]`.
    pub mixture: [wgpu::Buffer; 2],
    /// Per tile of [`TILES`], per layer; made when a batch first needs them.
    lstm_pipelines: [Vec<wgpu::ComputePipeline>; TILES.len()],
    /// `None` without text.
    pub window_pipeline: Option<wgpu::ComputePipeline>,
    /// Output layer and sampling.
    pub mixture_pipeline: wgpu::ComputePipeline,
}

impl Network {
    /// Uploads the weights, rounded to `f16`, and makes the pipelines that every batch needs.
    ///
    /// # Errors
    /// [`Error::GpuUnavailable`] for weights beyond the range of `f16`, and for more components than fit the shaders'
    /// workgroup memory.
    pub fn new(gpu: &Gpu, shaders: &Shaders, weights: &Arc<Weights>) -> Result<Self> {
        let config = &weights.config;
        check_room(config, gpu.device.limits().max_compute_workgroup_storage_size as usize)?;
        let dense = |label: &str, dense: &Dense, columns: Range<usize>| -> Result<[wgpu::Buffer; 2]> {
            let weight = filled(gpu, label, bytemuck::cast_slice(&checked_f16(label, &dense.weight, &[columns])?));
            Ok([weight, filled(gpu, label, bytemuck::cast_slice(&dense.bias))])
        };
        // The output layer's columns that a layer's hidden states are multiplied with.
        let ends: Vec<usize> = (1..=config.hidden.len()).map(|layers| config.hidden[..layers].iter().sum()).collect();
        let columns = |layer: usize| ends[layer] - config.hidden[layer]..ends[layer];
        let lstm = weights.layers.iter().enumerate().map(|(layer, LstmWeights { gates, .. })| {
            let own = gates.weight.columns - config.hidden[layer];
            let below = 3 + config.ids();
            let mut words = checked_f16("lstm", &gates.weight, &[0..below, below..own, own..gates.weight.columns])?;
            if layer > 0 {
                words.extend(checked_f16("output", &weights.output.weight, &[columns(layer - 1)])?);
            }
            Ok(filled(gpu, "lstm", bytemuck::cast_slice(&words)))
        });
        let lstm = lstm.collect::<Result<_>>()?;
        let window = weights.window.as_ref().map(|d| dense("window", d, 0..config.hidden[0])).transpose()?;
        let (input, hidden) = (input_octets(config) as f64, hidden_octets(config));
        let last = config.hidden.len() - 1;
        let total = hidden[last + 1] as f64;
        let window_pipeline = window.as_ref().map(|_| {
            let constants = [
                ("HIDDEN", hidden[1] as f64),
                ("TOTAL", total),
                ("COMPONENTS", config.window as f64),
                ("IDS", config.ids() as f64),
                ("INPUT", input),
            ];
            pipeline(gpu, "window", &shaders.window, &constants)
        });
        let constants = [
            ("TOTAL", total),
            ("LAST", (hidden[last + 1] - hidden[last]) as f64),
            ("LAST_AT", hidden[last] as f64),
            ("INPUT", input),
            ("MIXTURES", config.mixtures as f64),
            ("STOP", f64::from(u8::from(config.stop))),
        ];
        Ok(Self {
            weights: Arc::downgrade(weights),
            lstm,
            window,
            mixture: dense("output", &weights.output, columns(last))?,
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
            let (input, hidden) = (input_octets(config), hidden_octets(config));
            self.lstm_pipelines[tile] = (0..config.hidden.len())
                .map(|layer| {
                    let below_at = hidden[layer.saturating_sub(1)];
                    let constants = [
                        ("HIDDEN", config.hidden[layer] as f64),
                        ("INPUT", input as f64),
                        ("BELOW", (hidden[layer] - below_at) as f64),
                        ("OWN_AT", hidden[layer] as f64),
                        ("BELOW_AT", below_at as f64),
                        ("TOTAL", hidden[config.hidden.len()] as f64),
                        ("OUTPUTS", config.outputs() as f64),
                        ("ROW", (config.outputs() + config.mixtures) as f64),
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

/// [`pack_f16`], refusing what `f16` cannot represent.
fn checked_f16(label: &str, matrix: &Matrix, parts: &[Range<usize>]) -> Result<Vec<u32>> {
    let mut row = vec![0.0; matrix.columns];
    let largest = (0..matrix.rows()).fold(0.0f32, |largest, r| {
        matrix.copy_row(r, &mut row);
        row.iter().fold(largest, |m, w| m.max(w.abs()))
    });
    if largest > f16::MAX.to_f32() {
        return Err(Error::GpuUnavailable(format!(
            "a weight of {label} is {largest}, and this engine's numbers end at 65504"
        )));
    }
    Ok(pack_f16(matrix, parts))
}

/// These ranges of columns of all rows as `f16`, two to a `u32`, low half first. Each range is padded with zeros to
/// whole octets, so that the next one starts on an octet.
#[doc(hidden)]
pub fn pack_f16(matrix: &Matrix, parts: &[Range<usize>]) -> Vec<u32> {
    let octets: usize = parts.iter().map(|part| part.len().div_ceil(OCTET)).sum();
    let mut packed = Vec::with_capacity(matrix.rows() * octets * OCTET / 2);
    let mut row = vec![0.0; matrix.columns];
    for r in 0..matrix.rows() {
        matrix.copy_row(r, &mut row);
        for part in parts {
            for octet in row[part.clone()].chunks(OCTET) {
                let mut halves = [0; OCTET];
                for (half, value) in halves.iter_mut().zip(octet) {
                    *half = u32::from(f16::from_f32(*value).to_bits());
                }
                packed.extend(halves.as_chunks::<2>().0.iter().map(|[low, high]| low | high << 16));
            }
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
    use crate::model::Elements;

    #[test]
    fn rows_are_packed_two_to_a_word_and_their_parts_start_on_whole_octets() {
        let weight: Vec<f32> = (0..22).map(|k| k as f32 - 3.0).collect();
        let matrix = Matrix { columns: 11, elements: Elements::F32(weight.clone()) };
        let halves: Vec<f32> = pack_f16(&matrix, &[0..0, 0..2, 2..11])
            .iter()
            .flat_map(|word| [word & 0xffff, word >> 16])
            .map(|bits| f16::from_bits(bits as u16).to_f32())
            .collect();
        let row = |row: &[f32]| [&row[..2], &[0.0; 6], &row[2..], &[0.0; 7]].concat();
        assert_eq!(halves, [row(&weight[..11]), row(&weight[11..])].concat());
    }

    #[test]
    fn int8_and_half_precision_matrices_are_packed_as_the_values_they_stand_for() {
        let values: Vec<f32> = (0..22).map(|k| 0.5 * (k as f32 - 11.0)).collect();
        let plain = pack_f16(&Matrix { columns: 11, elements: Elements::F32(values.clone()) }, &[0..3, 3..11]);
        let halves = values.iter().map(|&value| f16::from_f32(value)).collect();
        assert_eq!(pack_f16(&Matrix { columns: 11, elements: Elements::F16(halves) }, &[0..3, 3..11]), plain);
        let bytes = (0..22).map(|k| k - 11).collect();
        let int8 = Elements::Int8 { values: bytes, scales: vec![0.5; 2] };
        assert_eq!(pack_f16(&Matrix { columns: 11, elements: int8 }, &[0..3, 3..11]), plain);
    }
}
