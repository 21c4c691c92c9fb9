//! What both engines offer, and choosing one.
//!
//! An engine opens a batch of lines, then advances all of them by chunks of timesteps: noise goes
//! in with [`Engine::submit`], points come out of [`Engine::collect`] in the same order. Engines
//! know character ids, gate biases and noise; they know nothing of text, seeds or stopping.

use crate::cpu::CpuEngine;
use crate::error::Result;
#[cfg(feature = "gpu")]
use crate::gpu::GpuEngine;
use crate::model::Weights;
use bytemuck::{Pod, Zeroable};
use std::sync::Arc;

/// Noise of one timestep: two uniforms in [0, 1) (component, pen) and two standard normals.
pub type Noise = [f32; 4];

/// Chunks that may be submitted and not yet collected.
pub const IN_FLIGHT: usize = 2;

/// One line to be written: what an engine needs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Line {
    /// Character ids with the end mark; empty for a prediction network.
    pub ids: Vec<u32>,
    /// Style vector `[S]`; empty or zeros for none.
    pub style: Vec<f32>,
    /// Bias b ≥ 0: neater [G eqs 61–62].
    pub bias: f32,
    /// Temperature τ > 0: wilder. 1 is neutral.
    pub temperature: f32,
    /// Ink to go on from, as normalised `(dx, dy, pen)`: fed in before sampling starts.
    pub prefix: Vec<[f32; 3]>,
}

/// What one timestep yields for one line: the layout of the GPU's read-back buffer, 32 bytes.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
pub struct Step {
    /// Sampled offset, normalised.
    pub dx: f32,
    /// Sampled offset, normalised.
    pub dy: f32,
    /// 1 if the stroke ends with this point, else 0.
    pub pen: f32,
    /// Probability e of that.
    pub pen_probability: f32,
    /// Learned probability that the line ends with this point; 0 if the network has none.
    pub stop: f32,
    /// Index of the character under the window's maximum; U − 1 is the end mark. 0 without text.
    pub position: f32,
    /// Mixture component that was chosen.
    pub component: f32,
    /// Mean of the window's κ over its components, in characters. 0 without text.
    pub kappa: f32,
}

/// One of the two engines.
#[derive(Debug)]
pub enum Engine {
    /// Rust loops; everywhere.
    Cpu(CpuEngine),
    /// WGSL kernels through wgpu.
    #[cfg(feature = "gpu")]
    Gpu(Box<GpuEngine>),
}

impl Engine {
    /// For the status line: "CPU · SIMD", "WebGPU · NVIDIA …", "Vulkan · …".
    pub fn label(&self) -> String {
        match self {
            Engine::Cpu(engine) => engine.label(),
            #[cfg(feature = "gpu")]
            Engine::Gpu(engine) => engine.label(),
        }
    }

    /// Starts a batch: states at zero, prefixes fed in. Ends whatever was under way.
    ///
    /// # Errors
    /// A GPU that is lost or out of memory.
    pub async fn open(&mut self, weights: &Arc<Weights>, lines: &[Line]) -> Result<()> {
        match self {
            Engine::Cpu(engine) => engine.open(weights, lines),
            #[cfg(feature = "gpu")]
            Engine::Gpu(engine) => engine.open(weights, lines).await,
        }
    }

    /// Queues `steps` timesteps of every line. `noise` is `[line][step]`, so `lines · steps` long.
    /// At most [`IN_FLIGHT`] chunks may wait to be collected.
    ///
    /// # Errors
    /// Wrong length, too many chunks in flight, or a lost GPU.
    pub fn submit(&mut self, steps: usize, noise: &[Noise]) -> Result<()> {
        match self {
            Engine::Cpu(engine) => engine.submit(steps, noise),
            #[cfg(feature = "gpu")]
            Engine::Gpu(engine) => engine.submit(steps, noise),
        }
    }

    /// The oldest chunk, `[line][step]`.
    ///
    /// # Errors
    /// Nothing submitted, or a lost GPU.
    pub async fn collect(&mut self) -> Result<Vec<Step>> {
        match self {
            Engine::Cpu(engine) => engine.collect(),
            #[cfg(feature = "gpu")]
            Engine::Gpu(engine) => engine.collect().await,
        }
    }
}
