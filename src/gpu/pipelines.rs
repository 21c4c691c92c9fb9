//! What depends on the weights alone: their buffers and the pipelines, made once per network.

use super::device::Gpu;
use crate::error::{Error, Result};
use crate::model::{Dense, Weights};
use std::borrow::Cow;
use std::sync::{Arc, Weak};

/// What tests do to a shader, by its name and source, to make an adapter that fails.
pub type Edit = fn(&'static str, &'static str) -> Cow<'static, str>;

/// The three shaders, as the browser or driver has read them.
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
            gpu.device.create_shader_module(wgpu::ShaderModuleDescriptor { label: Some(label), source })
        };
        Self {
            lstm: read("lstm.wgsl", include_str!("../../shaders/lstm.wgsl")),
            window: read("window.wgsl", include_str!("../../shaders/window.wgsl")),
            mixture: read("mixture.wgsl", include_str!("../../shaders/mixture.wgsl")),
        }
    }
}

/// Hidden units of one workgroup of `lstm.wgsl`: its `UNITS`.
pub const UNITS: usize = 4;
/// Lines that can share one read of a weight: the LSTM pipelines exist for each of these.
/// The last is `MAX_LINES` of `lstm.wgsl`.
pub const TILES: [usize; 3] = [1, 2, 4];

/// A network on the GPU.
#[derive(Debug)]
pub struct Network {
    /// Which network this is. Weak: weights that nobody holds any more need no place on the GPU.
    weights: Weak<Weights>,
    /// Per layer: weight `[4 H][⌈columns / 4⌉]` of two u32. The bias is the line's.
    pub lstm: Vec<wgpu::Buffer>,
    /// Weight `[3 K][⌈H_0 / 4⌉]` of two u32, bias `[3 K]`; `None` without text.
    pub window: Option<[wgpu::Buffer; 2]>,
    /// Weight `[R][⌈Σ H / 4⌉]` of two u32, bias `[R]`.
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
    /// [`Error::GpuUnavailable`] for weights beyond the range of `f16`.
    pub fn new(gpu: &Gpu, shaders: &Shaders, weights: &Arc<Weights>) -> Result<Self> {
        let config = &weights.config;
        let dense = |label: &str, dense: &Dense| -> Result<[wgpu::Buffer; 2]> {
            Ok([packed(gpu, label, dense)?, filled(gpu, label, bytemuck::cast_slice(&dense.bias))])
        };
        let lstm = weights.layers.iter().map(|layer| packed(gpu, "lstm", &layer.gates)).collect::<Result<_>>()?;
        let window = weights.window.as_ref().map(|d| dense("window", d)).transpose()?;
        let total = config.hidden_total();
        let window_pipeline = window.as_ref().map(|_| {
            let constants = [
                ("HIDDEN", config.hidden[0] as f64),
                ("TOTAL", total as f64),
                ("COMPONENTS", config.window as f64),
                ("IDS", config.ids() as f64),
            ];
            pipeline(gpu, "window", &shaders.window, &constants)
        });
        let constants =
            [("TOTAL", total as f64), ("MIXTURES", config.mixtures as f64), ("STOP", f64::from(u8::from(config.stop)))];
        Ok(Self {
            weights: Arc::downgrade(weights),
            lstm,
            window,
            mixture: dense("mixture", &weights.output)?,
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

    /// Makes the LSTM pipelines for a batch of `lines`, unless they exist; tells which tile they are for.
    pub fn prepare(&mut self, gpu: &Gpu, shaders: &Shaders, weights: &Weights, lines: usize) -> usize {
        let tile = TILES.iter().position(|&tile| tile >= lines).unwrap_or(TILES.len() - 1);
        if self.lstm_pipelines[tile].is_empty() {
            let config = &weights.config;
            let starts = |layer: usize| config.hidden[..layer].iter().sum::<usize>();
            self.lstm_pipelines[tile] = (0..config.hidden.len())
                .map(|layer| {
                    let below = layer.checked_sub(1);
                    let constants = [
                        ("HIDDEN", config.hidden[layer] as f64),
                        ("BELOW", below.map_or(0, |l| config.hidden[l]) as f64),
                        ("IDS", config.ids() as f64),
                        ("OWN_AT", starts(layer) as f64),
                        ("BELOW_AT", below.map_or(0, starts) as f64),
                        ("TOTAL", config.hidden_total() as f64),
                        ("LINES", TILES[tile] as f64),
                    ];
                    pipeline(gpu, "lstm", &shaders.lstm, &constants)
                })
                .collect();
        }
        tile
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

/// The matrix as f16, two to a word, rows padded with zeros to whole quads of columns.
fn packed(gpu: &Gpu, label: &str, dense: &Dense) -> Result<wgpu::Buffer> {
    let largest = dense.weight.iter().fold(0.0f32, |m, w| m.max(w.abs()));
    if largest > half::f16::MAX.to_f32() {
        return Err(Error::GpuUnavailable(format!(
            "a weight of {label} is {largest}, and this engine's numbers end at 65504"
        )));
    }
    let mut words = Vec::new();
    for row in dense.packed_f16().chunks_exact(dense.columns.div_ceil(2)) {
        words.extend_from_slice(row);
        words.resize(words.len().next_multiple_of(2), 0);
    }
    Ok(filled(gpu, label, bytemuck::cast_slice(&words)))
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
