//! Shaders, pipelines, and how a batch is divided among workgroups.

use super::device::Gpu;
use crate::error::{Error, Result};
use crate::model::Config;
use std::borrow::Cow;

/// Columns that the shaders read at a time: signed bytes, in a `vec4<u32>`.
pub const BLOCK: usize = 16;

/// Numbers of point and window that the shaders read at a time, in a `vec4<i32>`; so many weights are a word.
const VECTOR: usize = 4;

/// WGSL's `dot4I8Packed`, for browsers that lack it. A function of the shader's takes the place of a builtin one; on the
/// shader's first line, because of the line numbers in a driver's messages.
#[doc(hidden)]
pub const PACKED_DOT: &str = "fn dot4I8Packed(a: u32, b: u32) -> i32 { return dot(bytes(a), bytes(b)); } ";

/// Edits a shader, given its name and source: how tests imitate a faulty adapter.
pub type Edit = fn(&'static str, &'static str) -> Cow<'static, str>;

/// The compiled modules of the three shaders. `build.rs` strips their comments and puts what they share in front.
#[derive(Debug)]
pub struct Shaders {
    pub lstm: wgpu::ShaderModule,
    pub window: wgpu::ShaderModule,
    pub mixture: wgpu::ShaderModule,
}

impl Shaders {
    /// Compiles them, edited by `edit`.
    pub fn new(gpu: &Gpu, edit: Edit) -> Self {
        let compile = |label, source: &'static str| {
            let mut source = edit(label, source);
            if !gpu.has_packed_dot {
                source.to_mut().insert_str(0, PACKED_DOT);
            }
            let source = wgpu::ShaderSource::Wgsl(source);
            module(gpu, wgpu::ShaderModuleDescriptor { label: Some(label), source })
        };
        Self {
            lstm: compile("lstm.wgsl", include_str!(concat!(env!("OUT_DIR"), "/lstm.wgsl"))),
            window: compile("window.wgsl", include_str!(concat!(env!("OUT_DIR"), "/window.wgsl"))),
            mixture: compile("mixture.wgsl", include_str!(concat!(env!("OUT_DIR"), "/mixture.wgsl"))),
        }
    }
}

/// Compiles a shader with naga's loop bounding off: counting every loop's iterations keeps drivers from unrolling, which
/// costs a third of the time. Bounds checks of buffers stay on.
#[expect(unsafe_code, reason = "loop bounding is off")]
fn module(gpu: &Gpu, shader: wgpu::ShaderModuleDescriptor<'_>) -> wgpu::ShaderModule {
    let checks = wgpu::ShaderRuntimeChecks { force_loop_bounding: false, ..wgpu::ShaderRuntimeChecks::checked() };
    // SAFETY: every loop of the shaders counts up to a constant bound, so it ends.
    unsafe { gpu.device.create_shader_module_trusted(shader, checks) }
}

/// Hidden units of one workgroup of `lstm.wgsl` (its `UNITS`), or a quarter of its rows of the output layer.
const UNITS: usize = 4;

/// Workgroups of `lstm.wgsl` for one tile of lines: those that compute a layer's units, and those that add the products
/// of the layer below to the output layer's sums.
pub fn lstm_groups(config: &Config, layer: usize) -> usize {
    let outputs = if layer == 0 { 0 } else { config.outputs().div_ceil(4 * UNITS) };
    config.hidden[layer].div_ceil(UNITS) + outputs
}

/// How `lstm.wgsl` divides a batch among threads: `LINES` and `LANES` of its pipelines.
#[derive(Debug)]
pub struct Tile {
    /// Lines that share one read of a weight: `MAX_LINES` of the shader at most.
    pub lines: usize,
    /// Threads that share a unit's dot products.
    pub lanes: usize,
}

/// The tile shapes; LSTM pipelines of each are made when a batch first needs them.
pub const TILES: [Tile; 7] = [
    Tile { lines: 1, lanes: 32 },
    Tile { lines: 2, lanes: 32 },
    Tile { lines: 4, lanes: 32 },
    Tile { lines: 4, lanes: 16 },
    Tile { lines: 1, lanes: 8 },
    Tile { lines: 2, lanes: 8 },
    Tile { lines: 4, lanes: 8 },
];

/// The tile shape of a batch, by measurement; [`BATCH_SIZES`](crate::engine::step::BATCH_SIZES) goes with it. Few lines are latency-bound, so many threads should have reads in flight;
/// many lines keep the GPU busy, and reducing over lanes costs time too. On a software adapter every thread costs time.
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

/// Vectors of a row of `input`, which every layer reads: point and window.
pub fn input_vectors(config: &Config) -> usize {
    (3 + config.ids()).div_ceil(VECTOR)
}

/// Words of a row of `input`.
pub fn input_words(config: &Config) -> usize {
    VECTOR * input_vectors(config)
}

/// Blocks of a layer of so many units.
pub fn blocks(units: usize) -> usize {
    units.div_ceil(BLOCK)
}

/// A compute pipeline with these values of its `override` constants.
pub fn pipeline(
    gpu: &Gpu,
    label: &str,
    module: &wgpu::ShaderModule,
    constants: &[(&str, f64)],
) -> wgpu::ComputePipeline {
    gpu.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(label),
        layout: None,
        module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions {
            constants,
            // The shaders write every word before they read it.
            zero_initialize_workgroup_memory: false,
        },
        cache: None,
    })
}

/// Refuses a network whose window or mixture has more components than fit the shaders' workgroup variables, of `room`
/// bytes in all. WebGPU rounds each variable up to whole `vec4`s.
pub fn check_room(config: &Config, room: usize) -> Result<()> {
    let bytes = |words: &[usize]| words.iter().map(|words| (4 * words).next_multiple_of(16)).sum::<usize>();
    let window = |components| bytes(&[4 * 128, 3 * components, components, 512, 256, 1, 1]);
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

#[cfg(test)]
mod tests {
    #[test]
    fn line_numbers_of_a_built_shader_are_those_of_its_file() {
        let shaders = [
            (include_str!("../../../shaders/lstm.wgsl"), include_str!(concat!(env!("OUT_DIR"), "/lstm.wgsl"))),
            (include_str!("../../../shaders/window.wgsl"), include_str!(concat!(env!("OUT_DIR"), "/window.wgsl"))),
            (include_str!("../../../shaders/mixture.wgsl"), include_str!(concat!(env!("OUT_DIR"), "/mixture.wgsl"))),
        ];
        for (source, built) in shaders {
            assert!(built.trim_start().starts_with("struct Batch"), "common.wgsl comes first");
            for (line, (source, built)) in source.lines().zip(built.lines()).enumerate().skip(1) {
                assert!(source.contains(built), "line {}: {built:?} is not from {source:?}", line + 1);
            }
        }
    }
}
