//! What depends on the weights alone: their buffers and the pipelines, made once per network.

use super::device::Gpu;
use crate::error::{Error, Result};
use crate::model::{Config, Dense, LstmWeights, OCTET, Weights};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, Weak};

/// What tests do to a shader, by its name and source, to make an adapter that fails.
pub type Edit = fn(&'static str, &'static str) -> Cow<'static, str>;

/// The three shaders, as the browser or driver has read them; `build.rs` leaves their comments out.
#[derive(Debug)]
pub struct Shaders {
    lstm: wgpu::ShaderModule,
    window: wgpu::ShaderModule,
    mixture: wgpu::ShaderModule,
}

impl Shaders {
    /// Reads them, as `edit` leaves them: it is given the name and the source of each.
    pub fn new(gpu: &Gpu, edit: Edit) -> Self {
        let read = |label, source: &'static str| {
            let source = wgpu::ShaderSource::Wgsl(edit(label, source));
            module(gpu, wgpu::ShaderModuleDescriptor { label: Some(label), source })
        };
        Self {
            lstm: read("lstm.wgsl", include_str!(concat!(env!("OUT_DIR"), "/lstm.wgsl"))),
            window: read("window.wgsl", include_str!(concat!(env!("OUT_DIR"), "/window.wgsl"))),
            mixture: read("mixture.wgsl", include_str!(concat!(env!("OUT_DIR"), "/mixture.wgsl"))),
        }
    }
}

/// Natively wgpu counts the rounds of every loop, lest one has no end, and drivers then unroll none of them,
/// which costs a third of the time. Buffers are read and written within their bounds all the same.
#[expect(unsafe_code, reason = "loops are not bounded")]
fn module(gpu: &Gpu, shader: wgpu::ShaderModuleDescriptor<'_>) -> wgpu::ShaderModule {
    let checks = wgpu::ShaderRuntimeChecks { force_loop_bounding: false, ..wgpu::ShaderRuntimeChecks::checked() };
    // SAFETY: every loop of the shaders counts up to a bound that it does not move.
    unsafe { gpu.device.create_shader_module_trusted(shader, checks) }
}

/// Hidden units of one workgroup of `lstm.wgsl`, its `UNITS`; or a quarter of its rows of the output layer.
const UNITS: usize = 4;

/// Workgroups of `lstm.wgsl` for one tile of lines: those that move a layer's units, and those that add to the
/// output layer's sums what the layer below gives.
pub fn lstm_groups(config: &Config, layer: usize) -> usize {
    let outputs = if layer == 0 { 0 } else { config.outputs().div_ceil(4 * UNITS) };
    config.hidden[layer].div_ceil(UNITS) + outputs
}

/// How `lstm.wgsl` shares a batch among threads: `LINES` and `LANES` of its pipelines.
#[derive(Debug)]
pub struct Tile {
    /// Lines that share one read of a weight: `MAX_LINES` of the shader at most.
    pub lines: usize,
    /// Threads that share a unit.
    lanes: usize,
}

/// The LSTM pipelines exist for each of these, when a batch needs them.
pub const TILES: [Tile; 7] = [
    Tile { lines: 1, lanes: 32 },
    Tile { lines: 2, lanes: 32 },
    Tile { lines: 4, lanes: 32 },
    Tile { lines: 4, lanes: 16 },
    Tile { lines: 1, lanes: 8 },
    Tile { lines: 2, lanes: 8 },
    Tile { lines: 4, lanes: 8 },
];

/// Which tile a batch takes. A few lines wait for what they read, so that more threads had better ask at a time;
/// many lines keep the processors busy, and adding up lanes is work, too. To a software adapter each thread is work.
pub fn tile_for(lines: usize, software: bool) -> usize {
    match (software, lines) {
        (false, 0..=1) => 0,
        (false, 2) => 1,
        (false, 3..=32) => 2,
        (false, _) => 3,
        (true, 0..=1) => 4,
        (true, 2) => 5,
        (true, _) => 6,
    }
}

/// Rows of `input`, the numbers that every layer reads, in octets: point and window.
pub fn input_octets(config: &Config) -> usize {
    (3 + config.ids()).div_ceil(OCTET)
}

/// Rows of `hidden` in octets: where each layer starts, and behind the last one's the end of all.
pub fn hidden_octets(config: &Config) -> Vec<usize> {
    let mut starts = vec![0];
    for (layer, units) in config.hidden.iter().enumerate() {
        starts.push(starts[layer] + units.div_ceil(OCTET));
    }
    starts
}

/// A network on the GPU.
#[derive(Debug)]
pub struct Network {
    /// Which network this is. Weak: weights that nobody holds any more need no place on the GPU.
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
    /// [`Error::GpuUnavailable`] for weights beyond the range of `f16`, and for more components than there is room for.
    pub fn new(gpu: &Gpu, shaders: &Shaders, weights: &Arc<Weights>) -> Result<Self> {
        let config = &weights.config;
        check_room(config, gpu.device.limits().max_compute_workgroup_storage_size as usize)?;
        let dense = |label: &str, dense: &Dense, columns: Range<usize>| -> Result<[wgpu::Buffer; 2]> {
            let weight = filled(gpu, label, bytemuck::cast_slice(&packed(label, dense, &[columns])?));
            Ok([weight, filled(gpu, label, bytemuck::cast_slice(&dense.bias))])
        };
        // Columns of the output layer, by layer.
        let ends: Vec<usize> = (1..=config.hidden.len()).map(|layers| config.hidden[..layers].iter().sum()).collect();
        let columns = |layer: usize| ends[layer] - config.hidden[layer]..ends[layer];
        let lstm = weights.layers.iter().enumerate().map(|(layer, LstmWeights { gates, .. })| {
            let own = gates.columns - config.hidden[layer];
            let below = 3 + config.ids();
            let mut words = packed("lstm", gates, &[0..below, below..own, own..gates.columns])?;
            if layer > 0 {
                words.extend(packed("output", &weights.output, &[columns(layer - 1)])?);
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

    /// Whether anybody still holds the weights.
    pub fn is_wanted(&self) -> bool {
        self.weights.strong_count() > 0
    }

    /// Makes the LSTM pipelines of a tile, unless they exist.
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

    /// LSTM pipelines per layer, for a tile that was prepared.
    pub fn lstm_pipelines(&self, tile: usize) -> &[wgpu::ComputePipeline] {
        &self.lstm_pipelines[tile]
    }
}

fn pipeline(gpu: &Gpu, label: &str, module: &wgpu::ShaderModule, constants: &[(&str, f64)]) -> wgpu::ComputePipeline {
    gpu.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(label),
        layout: None,
        module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions {
            constants,
            // Every word is written before it is read.
            zero_initialize_workgroup_memory: false,
        },
        cache: None,
    })
}

/// Refuses a network whose window or mixture has more components than the shaders' workgroup variables can hold in
/// `room` bytes. WebGPU counts whole `vec4`s of each variable.
fn check_room(config: &Config, room: usize) -> Result<()> {
    let bytes = |words: &[usize]| words.iter().map(|words| (4 * words).next_multiple_of(16)).sum::<usize>();
    let window = |components| bytes(&[4 * 128, 3 * components, 512, 256, 1, 1]);
    let outputs = |mixtures| 1 + 6 * mixtures + usize::from(config.stop);
    let mixture = |mixtures| bytes(&[4 * 256, outputs(mixtures), mixtures, mixtures, mixtures, 2]);
    let check = |what: &str, count: usize, bytes: &dyn Fn(usize) -> usize| {
        if bytes(count) <= room {
            return Ok(());
        }
        let most = (0..count).rev().find(|&fewer| bytes(fewer) <= room).unwrap_or(0);
        let message = format!("the {what} has {count} components, and this engine has room for {most}");
        Err(Error::GpuUnavailable(message))
    };
    check("window", config.window, &window)?;
    check("mixture", config.mixtures, &mixture)
}

/// See [`Dense::packed_f16`].
fn packed(label: &str, dense: &Dense, parts: &[Range<usize>]) -> Result<Vec<u32>> {
    let largest = dense.weight.iter().fold(0.0f32, |m, w| m.max(w.abs()));
    if largest > half::f16::MAX.to_f32() {
        return Err(Error::GpuUnavailable(format!(
            "a weight of {label} is {largest}, and this engine's numbers end at 65504"
        )));
    }
    Ok(dense.packed_f16(parts))
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
