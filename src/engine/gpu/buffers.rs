//! The buffers and bind groups of a batch, made when it is opened.
//!
//! N lines, ΣH hidden units of all layers, A character ids, K window components, R rows of the
//! output layer, M mixtures, U characters of the longest line:
//!
//! | buffer | shape | written by |
//! |---|---|---|
//! | `shape` | lines, steps, longest line | each submit |
//! | `lines` | `[N]` of 6 words: settings, progress; see `Line` in `common.wgsl` | window, mixture |
//! | `biases` | per layer `[N][4 H]`, style folded in | `open`, `assign_slot` |
//! | `input` | `[N][3 + A]`: the point, then the window | mixture, window |
//! | `hidden` | two of `[N][ΣH]`: one is read as of t − 1, the other written as of t, then they swap | lstm |
//! | `cell` | `[N][ΣH]`, in place | lstm |
//! | `text` | `[N][A + 1 + U]`: each character's positions in the line | `open`, `assign_slot` |
//! | `kappa`, `phi` | `[N][K]`, `[N][U]` | window |
//! | `output` | `[N][R + M]`: the output layer's sums and π | lstm, mixture |
//! | `noise`, `steps` | `[N][steps]` of 4 and of 9 words | each submit; mixture |
//!
//! A row of `input`, and each layer's part of a row of `hidden` and `cell`, is padded with zeros to whole
//! octets (eight columns), so that the shaders read two `vec4` at a time.

use super::device::Gpu;
use super::network::{Network, filled};
use super::pipelines::{OCTET, hidden_octets, input_octets};
use super::readback::Readback;
use crate::engine::step::{Line, Noise, Step};
use crate::model::style;
use crate::model::{Config, Weights};
use bytemuck::{Pod, Zeroable};

/// `Batch` in `common.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
pub struct Shape {
    /// Lines N.
    pub lines: u32,
    /// Timesteps of the chunk.
    pub steps: u32,
    /// Characters U of the longest line.
    pub length: u32,
    /// Uniform buffers are multiples of 16 bytes.
    pub padding: u32,
}

/// `Line` in `common.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
struct LineState {
    position: f32,
    kappa: f32,
    bias: f32,
    temperature: f32,
    length: u32,
    step: u32,
}

impl LineState {
    /// Before the first timestep.
    fn new(line: &Line) -> Self {
        let length = line.ids.len() as u32;
        Self { bias: line.bias, temperature: line.temperature, length, ..Self::default() }
    }
}

/// Words of a line in `lines`; the first one is the position.
pub const LINE_WORDS: usize = size_of::<LineState>() / 4;

/// The state of a batch of lines.
#[derive(Debug)]
pub struct State {
    pub shape: wgpu::Buffer,
    pub lines: wgpu::Buffer,
    pub biases: Vec<wgpu::Buffer>,
    pub input: wgpu::Buffer,
    pub hidden: [wgpu::Buffer; 2],
    pub cell: wgpu::Buffer,
    pub text: wgpu::Buffer,
    pub kappa: wgpu::Buffer,
    pub phi: wgpu::Buffer,
    pub output: wgpu::Buffer,
}

/// The buffers that are as long as a chunk.
#[derive(Debug)]
pub struct ChunkBuffers {
    /// Timesteps that fit.
    pub capacity: usize,
    /// Uploaded noise.
    pub noise: wgpu::Buffer,
    /// The points that are drawn.
    pub steps: wgpu::Buffer,
}

/// Bind groups of one timestep.
#[derive(Debug)]
pub struct Groups {
    /// Per layer.
    pub lstm: Vec<wgpu::BindGroup>,
    /// `None` without text.
    pub window: Option<wgpu::BindGroup>,
    /// Output layer and sampling.
    pub mixture: wgpu::BindGroup,
}

/// A batch of lines on the GPU.
#[derive(Debug)]
pub struct Batch {
    /// Lines N.
    pub lines: usize,
    /// Characters U of the longest line, at least 1.
    pub length: usize,
    /// The tile shape, an index into `TILES`, whose LSTM pipelines the bind groups are for.
    pub tile: usize,
    /// Which of `state.hidden` holds t − 1.
    pub parity: usize,
    /// What a timestep updates.
    pub state: State,
    /// Noise in, points out.
    pub chunk: ChunkBuffers,
    /// Where points are read back.
    pub readback: Readback,
    /// By parity.
    pub groups: [Groups; 2],
}

impl Batch {
    /// All states at zero. At least one line; capacity for lines of `longest` ids and chunks of `capacity` timesteps.
    pub fn new(
        gpu: &Gpu,
        network: &Network,
        tile: usize,
        weights: &Weights,
        lines: &[Line],
        longest: usize,
        capacity: usize,
    ) -> Self {
        let length = lines.iter().map(|line| line.ids.len()).max().unwrap_or(0).max(longest).max(1);
        let state = State::new(gpu, weights, lines, length);
        let chunk = ChunkBuffers::new(gpu, lines.len(), capacity);
        let readback = Readback::new(gpu, chunk.steps.size());
        let groups = Groups::both(gpu, network, tile, &state, &chunk);
        Self { lines: lines.len(), length, tile, parity: 0, state, chunk, readback, groups }
    }

    /// Makes room for chunks of `steps` timesteps; chunks in flight keep their buffers.
    pub fn reserve(&mut self, gpu: &Gpu, network: &Network, steps: usize) {
        if steps > self.chunk.capacity {
            self.chunk = ChunkBuffers::new(gpu, self.lines, steps.next_power_of_two());
            self.readback.grow(gpu, self.chunk.steps.size());
            self.groups = Groups::both(gpu, network, self.tile, &self.state, &self.chunk);
        }
    }

    /// Writes another line's settings and text into a slot; the slot's state stays as it is.
    pub fn assign(&self, gpu: &Gpu, weights: &Weights, slot: usize, line: &Line) {
        let write = |buffer: &wgpu::Buffer, row: &[u8]| gpu.queue.write_buffer(buffer, (slot * row.len()) as u64, row);
        write(&self.state.lines, bytemuck::bytes_of(&LineState::new(line)));
        for (layer, buffer) in weights.layers.iter().zip(&self.state.biases) {
            write(buffer, bytemuck::cast_slice(&style::gate_bias(layer, &line.style)));
        }
        write(&self.state.text, bytemuck::cast_slice(&positions(&line.ids, weights.config.ids(), self.length)));
    }

    /// Sets the state of a slot to zero.
    pub fn clear(&self, encoder: &mut wgpu::CommandEncoder, weights: &Weights, slot: usize) {
        let (config, state) = (&weights.config, &self.state);
        let mut clear = |buffer: &wgpu::Buffer, row: usize, words: usize| {
            if words > 0 {
                encoder.clear_buffer(buffer, (slot * row * 4) as u64, Some((words * 4) as u64));
            }
        };
        let (input, total) = (input_words(config), hidden_words(config));
        for buffer in [&state.hidden[0], &state.hidden[1], &state.cell] {
            clear(buffer, total, total);
        }
        clear(&state.kappa, config.window, config.window);
        clear(&state.input, input, input);
        clear(&state.lines, LINE_WORDS, 1);
    }
}

impl State {
    fn new(gpu: &Gpu, weights: &Weights, lines: &[Line], length: usize) -> Self {
        let config = &weights.config;
        let count = lines.len();
        let settings: Vec<LineState> = lines.iter().map(LineState::new).collect();
        let biases = weights.layers.iter().map(|layer| {
            let bias: Vec<f32> = lines.iter().flat_map(|line| style::gate_bias(layer, &line.style)).collect();
            filled(gpu, "gate bias", bytemuck::cast_slice(&bias))
        });
        let text: Vec<u32> = lines.iter().flat_map(|line| positions(&line.ids, config.ids(), length)).collect();
        let total = count * hidden_words(config);
        let storage = wgpu::BufferUsages::STORAGE;
        let state = Self {
            shape: zeroed(gpu, "shape", size_of::<Shape>() / 4, wgpu::BufferUsages::UNIFORM),
            lines: zeroed(gpu, "lines", count * LINE_WORDS, storage),
            biases: biases.collect(),
            input: zeroed(gpu, "input", count * input_words(config), storage),
            hidden: [zeroed(gpu, "hidden", total, storage), zeroed(gpu, "hidden", total, storage)],
            cell: zeroed(gpu, "cell", total, storage),
            text: filled(gpu, "text", bytemuck::cast_slice(&text)),
            kappa: zeroed(gpu, "kappa", count * config.window, storage),
            phi: zeroed(gpu, "phi", count * length, storage),
            output: zeroed(gpu, "output", count * (config.outputs() + config.mixtures), storage),
        };
        gpu.queue.write_buffer(&state.lines, 0, bytemuck::cast_slice(&settings));
        state
    }
}

impl ChunkBuffers {
    fn new(gpu: &Gpu, lines: usize, capacity: usize) -> Self {
        let words = |size: usize| lines * capacity * size / 4;
        Self {
            capacity,
            noise: zeroed(gpu, "noise", words(size_of::<Noise>()), wgpu::BufferUsages::STORAGE),
            steps: zeroed(gpu, "steps", words(size_of::<Step>()), wgpu::BufferUsages::STORAGE),
        }
    }
}

impl Groups {
    /// One set for each parity: the two hidden buffers swap roles.
    fn both(gpu: &Gpu, network: &Network, tile: usize, state: &State, chunk: &ChunkBuffers) -> [Self; 2] {
        std::array::from_fn(|parity| {
            let (old, new) = (&state.hidden[parity], &state.hidden[1 - parity]);
            let layers = network.lstm_pipelines(tile).iter().zip(&network.lstm).zip(&state.biases);
            let window = network.window.as_ref().zip(network.window_pipeline.as_ref());
            let State { shape, lines, input, cell, text, kappa, phi, output, .. } = state;
            let [weight, bias] = &network.mixture;
            Self {
                lstm: layers
                    .map(|((pipeline, weight), bias)| {
                        group(gpu, pipeline, &[shape, weight, bias, input, old, new, cell, output])
                    })
                    .collect(),
                window: window.map(|([weight, bias], pipeline)| {
                    group(gpu, pipeline, &[shape, weight, bias, new, text, lines, kappa, phi, input])
                }),
                mixture: group(
                    gpu,
                    &network.mixture_pipeline,
                    &[shape, weight, bias, new, &chunk.noise, lines, output, &chunk.steps, input],
                ),
            }
        })
    }
}

/// Words of a row of `input`.
pub fn input_words(config: &Config) -> usize {
    OCTET * input_octets(config)
}

/// Words of a row of `hidden` and of `cell`.
pub fn hidden_words(config: &Config) -> usize {
    OCTET * hidden_octets(config)[config.hidden.len()]
}

/// A bind group of whole buffers, bindings 0, 1, 2, ….
fn group(gpu: &Gpu, pipeline: &wgpu::ComputePipeline, buffers: &[&wgpu::Buffer]) -> wgpu::BindGroup {
    let entries: Vec<_> = buffers
        .iter()
        .zip(0..)
        .map(|(buffer, binding)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() })
        .collect();
    gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &entries,
    })
}

/// A buffer of `words` zeros; at least one, because bindings must not be empty.
fn zeroed(gpu: &Gpu, label: &str, words: usize, usage: wgpu::BufferUsages) -> wgpu::Buffer {
    gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some(label),
        size: words.max(1) as u64 * 4,
        usage: usage | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}

/// A line's row of `text`, `[A + 1 + length]`, an inverted index of its characters (compressed sparse rows): `A + 1`
/// offsets into the positions, one per id and the end; then the positions, sorted by id, then by position.
fn positions(ids: &[u32], count: usize, length: usize) -> Vec<u32> {
    let mut row = Vec::with_capacity(count + 1 + length);
    let mut found = Vec::with_capacity(length);
    for id in 0..count as u32 {
        row.push(found.len() as u32);
        found.extend((0..).zip(ids).filter(|(_, own)| **own == id).map(|(position, _): (u32, _)| position));
    }
    row.push(found.len() as u32);
    row.extend(found);
    row.resize(count + 1 + length, 0);
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_sorted_by_character() {
        // "b a b" and the end mark, in an alphabet of two, in a batch whose longest line has five
        assert_eq!(positions(&[2, 1, 2, 0], 3, 5), [0, 1, 2, 4, 3, 1, 0, 2, 0]);
        assert_eq!(positions(&[], 0, 1), [0, 0]);
    }

    #[test]
    fn layouts_match_the_shaders() {
        assert_eq!(size_of::<LineState>(), 24);
        assert_eq!(std::mem::offset_of!(LineState, position), 0);
        assert_eq!(std::mem::offset_of!(LineState, step), 20);
        assert_eq!(size_of::<Shape>() % 16, 0);
    }
}
