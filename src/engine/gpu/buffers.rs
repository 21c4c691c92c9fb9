//! The buffers and bind groups of a batch, made when it is opened.
//!
//! N lines, H hidden units of a layer, A character ids, K window components, R rows of the
//! output layer, M mixtures, U characters of the longest line:
//!
//! | buffer | shape | written by |
//! |---|---|---|
//! | `shape` | lines, steps, longest line | each submit |
//! | `lines` | `[N]` of 9 words: settings, progress; see `Line` in `common.wgsl` | window, mixture |
//! | `biases` | per layer `[N][H]` of a unit's four, style and hand folded in | `open`, `assign_slot` |
//! | `rows` | `[N][R]`: m of each row of the output layer, and its bias with the line's hand | `open`, `assign_slot` |
//! | `input` | `[N][3 + A]`: the point, then the window | mixture, window |
//! | `hidden` | per layer two of `[N][H]` bytes: one is read as of t − 1, the other written as of t, then they swap | lstm |
//! | `cell` | per layer `[N][H]`, in place | lstm |
//! | `text` | `[N][A + 1 + U]`: each character's positions in the line | `open`, `assign_slot` |
//! | `kappa`, `phi` | `[N][K]`, `[N][U]` | window |
//! | `output` | `[N][R + M]`: the output layer's sums and the components' shares | lstm, mixture |
//! | `noise`, `steps` | `[N][steps]` of 4 and of 9 words | each submit; mixture |
//!
//! All numbers are whole, on the grids of `docs/weights-format.md` ("Arithmetic"); only `steps` has `f32`. A row of
//! `input` is padded with zeros to whole `vec4`s, one of `hidden` to whole blocks of sixteen bytes, as the shaders read
//! them. `hidden` is a buffer for each layer because a shader cannot read one part of a buffer as `vec4`s and write
//! words of another.

use super::device::Gpu;
use super::network::{Network, by_unit, filled};
use super::pipelines::{BLOCK, blocks, input_words};
use super::readback::Readback;
use crate::engine::fixed::{self, Drawing, Factor};
use crate::engine::step::{Line, Noise, Step};
use crate::model::Weights;
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
    position: u32,
    kappa: u32,
    sharpness: Factor,
    narrowing: i32,
    coolness: Factor,
    length: u32,
    step: u32,
}

impl LineState {
    /// Before the first timestep.
    fn new(line: &Line) -> Self {
        let length = line.ids.len() as u32;
        let Drawing { sharpness, narrowing, coolness } = Drawing::new(line);
        Self { sharpness, narrowing, coolness, length, ..Self::default() }
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
    pub rows: wgpu::Buffer,
    pub input: wgpu::Buffer,
    pub hidden: [Vec<wgpu::Buffer>; 2],
    pub cell: Vec<wgpu::Buffer>,
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
        let state = State::new(gpu, network, weights, lines, length);
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
    pub fn assign(&self, gpu: &Gpu, network: &Network, weights: &Weights, slot: usize, line: &Line) {
        let write = |buffer: &wgpu::Buffer, row: &[u8]| gpu.queue.write_buffer(buffer, (slot * row.len()) as u64, row);
        write(&self.state.lines, bytemuck::bytes_of(&LineState::new(line)));
        for (l, buffer) in self.state.biases.iter().enumerate() {
            write(buffer, bytemuck::cast_slice(&gate_bias(weights, l, line)));
        }
        write(&self.state.rows, bytemuck::cast_slice(&output_rows(network, weights, line)));
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
        for (layer, &units) in config.hidden.iter().enumerate() {
            for hidden in &state.hidden {
                clear(&hidden[layer], hidden_words(units), hidden_words(units));
            }
            clear(&state.cell[layer], units, units);
        }
        let input = input_words(config);
        clear(&state.kappa, config.window, config.window);
        clear(&state.input, input, input);
        clear(&state.lines, LINE_WORDS, 1);
    }
}

impl State {
    fn new(gpu: &Gpu, network: &Network, weights: &Weights, lines: &[Line], length: usize) -> Self {
        let config = &weights.config;
        let count = lines.len();
        let settings: Vec<LineState> = lines.iter().map(LineState::new).collect();
        let biases = (0..weights.layers.len()).map(|l| {
            let bias: Vec<[i32; 4]> = lines.iter().flat_map(|line| gate_bias(weights, l, line)).collect();
            filled(gpu, "gate bias", bytemuck::cast_slice(&bias))
        });
        let rows: Vec<[i32; 2]> = lines.iter().flat_map(|line| output_rows(network, weights, line)).collect();
        let text: Vec<u32> = lines.iter().flat_map(|line| positions(&line.ids, config.ids(), length)).collect();
        let storage = wgpu::BufferUsages::STORAGE;
        let hidden = || -> Vec<wgpu::Buffer> {
            config.hidden.iter().map(|&units| zeroed(gpu, "hidden", count * hidden_words(units), storage)).collect()
        };
        let state = Self {
            shape: zeroed(gpu, "shape", size_of::<Shape>() / 4, wgpu::BufferUsages::UNIFORM),
            lines: zeroed(gpu, "lines", count * LINE_WORDS, storage),
            biases: biases.collect(),
            rows: filled(gpu, "output rows", bytemuck::cast_slice(&rows)),
            input: zeroed(gpu, "input", count * input_words(config), storage),
            hidden: [hidden(), hidden()],
            cell: config.hidden.iter().map(|&units| zeroed(gpu, "cell", count * units, storage)).collect(),
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
            let State { shape, biases, rows, lines, input, cell, text, kappa, phi, output, .. } = state;
            let lstm = network.lstm_pipelines(tile).iter().zip(&network.lstm).enumerate();
            let window =
                network.window.as_ref().zip(network.window_rows.as_ref()).zip(network.window_pipeline.as_ref());
            Self {
                lstm: lstm
                    .map(|(l, (pipeline, layer))| {
                        // The lowest layer reads nothing there.
                        let below = if l == 0 { &old[0] } else { &new[l - 1] };
                        let buffers =
                            [shape, &layer.weight, &biases[l], input, below, &old[l], &new[l], &cell[l], output];
                        group(gpu, pipeline, &buffers)
                    })
                    .collect(),
                window: window.map(|((window, rows), pipeline)| {
                    let buffers = [shape, &window.weight, rows, &new[0], text, lines, kappa, phi, input];
                    group(gpu, pipeline, &buffers)
                }),
                mixture: {
                    let weight = &network.output.weight;
                    let last = &new[new.len() - 1];
                    let buffers = [shape, weight, rows, last, &chunk.noise, lines, output, &chunk.steps, input];
                    group(gpu, &network.mixture_pipeline, &buffers)
                },
            }
        })
    }
}

/// A line's gate bias for a layer, by unit.
fn gate_bias(weights: &Weights, layer: usize, line: &Line) -> Vec<[i32; 4]> {
    by_unit(&fixed::gate_bias(&weights.layers[layer], &line.style, line.gates_of_hand(layer)))
}

/// m and b of the output layer's rows, for a line.
fn output_rows(network: &Network, weights: &Weights, line: &Line) -> Vec<[i32; 2]> {
    network.output.rows(fixed::bias(&weights.output.bias, line.output_of_hand()))
}

/// Words of a layer's row of `hidden`.
pub fn hidden_words(units: usize) -> usize {
    BLOCK / 4 * blocks(units)
}

/// A bind group of whole buffers, bindings 0, 1, 2, ….
pub fn group(gpu: &Gpu, pipeline: &wgpu::ComputePipeline, buffers: &[&wgpu::Buffer]) -> wgpu::BindGroup {
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
pub fn zeroed(gpu: &Gpu, label: &str, words: usize, usage: wgpu::BufferUsages) -> wgpu::Buffer {
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
        assert_eq!(size_of::<LineState>(), 36);
        assert_eq!(std::mem::offset_of!(LineState, position), 0);
        assert_eq!(std::mem::offset_of!(LineState, step), 32);
        assert_eq!(size_of::<Shape>() % 16, 0);
    }
}
