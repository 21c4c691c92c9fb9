//! What both engines offer, and choosing one.
//!
//! An engine opens a batch of lines, then advances all of them by chunks of timesteps: noise goes
//! in with [`Engine::submit`], points come out of [`Engine::collect`] in the same order. A line that is over gives
//! its place to another ([`Engine::assign_slot`]) while the others go on. Engines
//! know character ids, gate biases and noise; they know nothing of text, seeds or stopping.

pub mod cpu;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod noise;

use crate::error::{Error, Result};
use crate::model::Weights;
use bytemuck::{Pod, Zeroable};
use cpu::CpuEngine;
#[cfg(feature = "gpu")]
use gpu::GpuEngine;
use std::sync::Arc;

/// Noise of one timestep: two uniforms in [0, 1) (component, pen) and two standard normals.
pub type Noise = [f32; 4];

/// Noise that says that the timestep's point is not drawn, but is this one: ink that is read.
pub fn forced_point([dx, dy, pen]: [f32; 3]) -> Noise {
    [-1.0, dx, dy, pen]
}

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

/// What one timestep yields for one line: the layout of the GPU's read-back buffer, 36 bytes.
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
    /// Log of the density that the network as it was trained, without bias and temperature, gives to
    /// the offset: normalised units, pen left out.
    pub log_density: f32,
}

/// One of the two engines.
#[derive(Debug)]
pub enum Engine {
    /// Rust loops; everywhere.
    Cpu(CpuEngine),
    /// WGSL kernels through wgpu.
    #[cfg(feature = "gpu")]
    Gpu(Box<GpuEngine>),
    /// Stands in for a GPU that is lost after so many chunks.
    #[cfg(test)]
    Failing(CpuEngine, usize),
}

/// Which engine is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Choice {
    /// The GPU where there is a real one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The GPU, even a software adapter (llvmpipe, SwiftShader), which is slower than the CPU engine.
    Gpu,
}

impl std::str::FromStr for Choice {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "auto" => Ok(Choice::Auto),
            "cpu" => Ok(Choice::Cpu),
            "gpu" => Ok(Choice::Gpu),
            _ => Err(Error::Setting {
                name: "engine".into(),
                problem: format!("{name:?} is none of \"auto\", \"cpu\" and \"gpu\""),
            }),
        }
    }
}

impl Engine {
    /// The engine that is wanted, or the CPU engine and a sentence that says why it is not.
    pub async fn choose(choice: Choice) -> (Self, Option<String>) {
        if choice == Choice::Cpu {
            return (Engine::Cpu(CpuEngine::new()), None);
        }
        #[cfg(feature = "gpu")]
        let reason = match GpuEngine::new(choice == Choice::Gpu).await {
            Ok(engine) => return (Engine::Gpu(Box::new(engine)), None),
            Err(error) => error,
        };
        #[cfg(not(feature = "gpu"))]
        let reason = Error::GpuUnavailable("this build has none".into());
        (Engine::Cpu(CpuEngine::new()), Some(reason.to_string()))
    }

    /// Whether it computes on the CPU: when a chunk is collected, and one line after the other.
    pub fn is_cpu(&self) -> bool {
        match self {
            Engine::Cpu(_) => true,
            #[cfg(test)]
            Engine::Failing(..) => true,
            #[cfg(feature = "gpu")]
            Engine::Gpu(_) => false,
        }
    }

    /// For the status line: "CPU · SIMD", "WebGPU · NVIDIA …", "Vulkan · …".
    pub fn label(&self) -> String {
        match self {
            Engine::Cpu(engine) => engine.label(),
            #[cfg(test)]
            Engine::Failing(engine, _) => engine.label(),
            #[cfg(feature = "gpu")]
            Engine::Gpu(engine) => engine.label(),
        }
    }

    /// Starts a batch: states at zero, prefixes fed in. Ends whatever was under way.
    ///
    /// # Errors
    /// A GPU that is lost or out of memory.
    pub async fn open(&mut self, weights: &Arc<Weights>, lines: &[Line]) -> Result<()> {
        self.open_with_capacity(weights, lines, 0).await
    }

    /// Likewise, with room for lines of up to `longest` ids to take the place of those that are over.
    ///
    /// # Errors
    /// As [`Engine::open`].
    #[cfg_attr(not(feature = "gpu"), expect(unused_variables, reason = "the CPU makes room when it needs it"))]
    pub async fn open_with_capacity(&mut self, weights: &Arc<Weights>, lines: &[Line], longest: usize) -> Result<()> {
        match self {
            Engine::Cpu(engine) => engine.open(weights, lines),
            #[cfg(test)]
            Engine::Failing(engine, _) => engine.open(weights, lines),
            #[cfg(feature = "gpu")]
            Engine::Gpu(engine) => engine.open_with_capacity(weights, lines, longest).await,
        }
    }

    /// Puts another line in the place of one of the batch, from the next chunk submitted on. Its prefix is not fed
    /// in: noise can be [`forced_point`]s. On the CPU no chunk may be in flight, here and below.
    ///
    /// # Errors
    /// A line that does not fit the network or has no room, a place that is none, a lost GPU.
    pub fn assign_slot(&mut self, place: usize, line: &Line) -> Result<()> {
        match self {
            Engine::Cpu(engine) => engine.assign_slot(place, line),
            #[cfg(test)]
            Engine::Failing(engine, _) => engine.assign_slot(place, line),
            #[cfg(feature = "gpu")]
            Engine::Gpu(engine) => engine.assign_slot(place, line),
        }
    }

    /// From now on nobody wants what comes of this place, until another line is put there. The GPU goes on with it.
    ///
    /// # Errors
    /// A place that is none.
    pub fn release_slot(&mut self, place: usize) -> Result<()> {
        match self {
            Engine::Cpu(engine) => engine.release_slot(place),
            #[cfg(test)]
            Engine::Failing(engine, _) => engine.release_slot(place),
            #[cfg(feature = "gpu")]
            Engine::Gpu(_) => Ok(()),
        }
    }

    /// Says that the line may have to go back to where it was after `count` timesteps, at a pen lift.
    pub fn checkpoint(&mut self, place: usize, count: usize) {
        match self {
            Engine::Cpu(engine) => engine.checkpoint(place, count),
            #[cfg(test)]
            Engine::Failing(engine, _) => engine.checkpoint(place, count),
            #[cfg(feature = "gpu")]
            Engine::Gpu(_) => {}
        }
    }

    /// Takes a line back to where it was after `count` timesteps or fewer, from the next chunk submitted on, and says
    /// after how many. The points from there on have to be given again.
    ///
    /// # Errors
    /// A place at rest, a lost GPU.
    pub fn rewind(&mut self, place: usize, count: usize) -> Result<usize> {
        match self {
            Engine::Cpu(engine) => engine.rewind(place, count),
            #[cfg(test)]
            Engine::Failing(engine, _) => engine.rewind(place, count),
            #[cfg(feature = "gpu")]
            Engine::Gpu(engine) => engine.rewind(place).map(|()| 0),
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
            #[cfg(test)]
            Engine::Failing(engine, _) => engine.submit(steps, noise),
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
            #[cfg(test)]
            Engine::Failing(_, 0) => Err(Error::DeviceLost("unplugged".into())),
            #[cfg(test)]
            Engine::Failing(engine, left) => {
                *left -= 1;
                engine.collect()
            }
            #[cfg(feature = "gpu")]
            Engine::Gpu(engine) => engine.collect().await,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use pollster::block_on;

    #[test]
    fn the_cpu_can_be_chosen_and_a_missing_gpu_is_told() {
        let (engine, notice) = block_on(Engine::choose("cpu".parse().unwrap()));
        assert!(matches!(engine, Engine::Cpu(_)) && notice.is_none());
        assert!(engine.label().starts_with("CPU"));
        let (engine, notice) = block_on(Engine::choose(Choice::Auto));
        assert_eq!(matches!(engine, Engine::Cpu(_)), notice.is_some());
        if let Some(notice) = notice {
            assert!(notice.contains("no GPU engine") && notice.contains("CPU engine writes"), "{notice}");
        }
        assert!("abacus".parse::<Choice>().unwrap_err().to_string().contains("abacus"));
    }

    #[test]
    fn a_step_has_the_layout_of_the_read_back_buffer() {
        assert_eq!(size_of::<Step>(), 36);
        let step: Step = bytemuck::cast([1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
        assert_eq!((step.dx, step.pen, step.stop, step.position), (1.0, 3.0, 5.0, 6.0));
        assert_eq!((step.kappa, step.log_density), (8.0, 9.0));
    }
}
