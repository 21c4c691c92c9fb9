//! The two engines, their common interface, and choosing one.
//!
//! An engine opens a batch of lines, then advances all of them by chunks of timesteps: noise goes in with
//! [`Engine::submit`], points come out of [`Engine::collect`] in the same order. Each line has a slot, its index in the
//! batch; when a line is finished, another can be assigned to its slot ([`Engine::assign_slot`]) while the others
//! continue. Engines know character ids, gate biases and noise; text, seeds and the end of a line are the writer's.

pub mod cpu;
pub mod fixed;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod noise;
#[cfg(any(test, target_arch = "wasm32"))]
pub mod remote;
#[cfg(feature = "gpu")]
#[doc(hidden)]
pub mod selftest;
pub(crate) mod step;

use crate::error::{Error, Result};
use crate::model::Weights;
use cpu::CpuEngine;
#[cfg(feature = "gpu")]
use gpu::GpuEngine;
#[cfg(any(test, target_arch = "wasm32"))]
use remote::RemoteEngine;
use std::sync::Arc;
pub use step::{IN_FLIGHT, Line, Noise, Step, forced_point};

/// One of the engines.
#[derive(Debug)]
pub enum Engine {
    /// Rust loops; everywhere.
    Cpu(CpuEngine),
    /// WGSL kernels through wgpu.
    #[cfg(feature = "gpu")]
    Gpu(Box<GpuEngine>),
    /// A GPU engine that is not in this module: in the page it is a WebAssembly module of its own.
    #[cfg(any(test, target_arch = "wasm32"))]
    Remote(Box<dyn RemoteEngine>),
}

/// Calls the same method of whichever engine it is.
macro_rules! on_engine {
    ($engine:expr, $name:ident => $call:expr) => {
        match $engine {
            Engine::Cpu($name) => $call,
            #[cfg(feature = "gpu")]
            Engine::Gpu($name) => $call,
            #[cfg(any(test, target_arch = "wasm32"))]
            Engine::Remote($name) => $call,
        }
    };
}

/// A GPU that has passed the self-test and holds a network.
#[derive(Debug)]
pub struct ReadyGpu {
    /// The engine.
    pub engine: Engine,
    /// Whether it writes a single line faster than the CPU engine.
    pub is_faster_for_one_line: bool,
}

impl ReadyGpu {
    /// Lets a GPU engine that has passed the self-test load this network and make all pipelines that batches of it need,
    /// after a race with the CPU engine: each writes some timesteps of one line. `clock` is in milliseconds. Meanwhile
    /// another CPU engine can write.
    ///
    /// # Errors
    /// [`Error::GpuUnavailable`], [`Error::DeviceLost`].
    pub async fn new(mut gpu: Engine, weights: &Arc<Weights>, clock: fn() -> f64) -> Result<Self> {
        /// Timesteps of the race: two milliseconds for a CPU, and more than a GPU needs to get going.
        const RACE: usize = 32;
        let ids = if weights.config.window > 0 { vec![0] } else { Vec::new() };
        let line = Line { ids, temperature: 1.0, ..Line::default() };
        let mut milliseconds = [0.0; 2];
        for (engine, milliseconds) in [&mut gpu, &mut Engine::Cpu(CpuEngine::new())].into_iter().zip(&mut milliseconds)
        {
            engine.open(weights, std::slice::from_ref(&line)).await?;
            // The first chunk warms up: it waits for the pipelines.
            for _ in 0..2 {
                let began = clock();
                engine.submit(RACE, &[forced_point([0.0; 3]); RACE])?;
                engine.collect().await?;
                *milliseconds = clock() - began;
            }
        }
        // The pipelines of larger batches.
        for lines in step::BATCH_SIZES {
            gpu.open(weights, &vec![line.clone(); lines]).await?;
            gpu.submit(1, &vec![forced_point([0.0; 3]); lines])?;
            gpu.collect().await?;
        }
        Ok(Self { engine: gpu, is_faster_for_one_line: milliseconds[0] < milliseconds[1] })
    }
}

/// Which engine the user wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Choice {
    /// The GPU if there is a hardware adapter, else the CPU.
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
    /// The engine that is wanted; if that is not available, the CPU engine and a sentence that says why. A GPU has to
    /// pass the self-test first.
    pub async fn choose(choice: Choice) -> (Self, Option<String>) {
        if choice == Choice::Cpu {
            return (Engine::Cpu(CpuEngine::new()), None);
        }
        #[cfg(feature = "gpu")]
        let reason = match Self::tested_gpu(choice == Choice::Gpu).await {
            Ok(engine) => return (engine, None),
            Err(error) => error,
        };
        #[cfg(not(feature = "gpu"))]
        let reason = Error::GpuUnavailable("this build has none".into());
        (Engine::Cpu(CpuEngine::new()), Some(reason.to_string()))
    }

    /// A GPU (a software adapter only if `software` is set) that is tested and [ready](ReadyGpu::new).
    ///
    /// # Errors
    /// [`Error::GpuUnavailable`], [`Error::DeviceLost`].
    #[cfg(feature = "gpu")]
    pub async fn ready_gpu(software: bool, weights: &Arc<Weights>, clock: fn() -> f64) -> Result<ReadyGpu> {
        ReadyGpu::new(Self::tested_gpu(software).await?, weights, clock).await
    }

    /// A GPU engine that has passed the self-test; on a software adapter only if `software` is set.
    #[cfg(feature = "gpu")]
    async fn tested_gpu(software: bool) -> Result<Self> {
        Ok(Engine::Gpu(Box::new(selftest::tested(software).await?)))
    }

    /// Whether it can open a single line of this network without making pipelines first.
    #[cfg_attr(
        not(any(test, feature = "gpu", target_arch = "wasm32")),
        expect(unused_variables, reason = "the CPU engine is the only one")
    )]
    pub(crate) fn holds(&self, weights: &Arc<Weights>) -> bool {
        match self {
            Engine::Cpu(_) => true,
            #[cfg(feature = "gpu")]
            Engine::Gpu(engine) => engine.holds(weights),
            #[cfg(any(test, target_arch = "wasm32"))]
            Engine::Remote(engine) => engine.holds(weights),
        }
    }

    /// Whether it is the CPU engine, which computes a chunk when it is collected, and one line after the other.
    pub fn is_cpu(&self) -> bool {
        matches!(self, Engine::Cpu(_))
    }

    /// For the status line: "CPU · SIMD", "WebGPU · NVIDIA …", "Vulkan · …".
    pub fn label(&self) -> String {
        on_engine!(self, engine => engine.label())
    }

    /// Starts a batch: states at zero, prefixes fed in. Discards the previous batch.
    ///
    /// # Errors
    /// A GPU that is lost or out of memory.
    pub async fn open(&mut self, weights: &Arc<Weights>, lines: &[Line]) -> Result<()> {
        self.open_with_capacity(weights, lines, 0).await
    }

    /// As [`Engine::open`], with room for lines of up to `longest` ids in [`Engine::assign_slot`].
    ///
    /// # Errors
    /// As [`Engine::open`].
    #[cfg_attr(
        not(any(test, feature = "gpu", target_arch = "wasm32")),
        expect(unused_variables, reason = "the CPU allocates each line separately")
    )]
    pub async fn open_with_capacity(&mut self, weights: &Arc<Weights>, lines: &[Line], longest: usize) -> Result<()> {
        match self {
            Engine::Cpu(engine) => engine.open(weights, lines),
            #[cfg(feature = "gpu")]
            Engine::Gpu(engine) => engine.open_with_capacity(weights, lines, longest).await,
            #[cfg(any(test, target_arch = "wasm32"))]
            Engine::Remote(engine) => engine.open(weights, lines, longest).await,
        }
    }

    /// Puts another line into a slot of the batch, at its beginning, effective with the next chunk submitted. Its
    /// prefix is not fed in; [`forced_point`]s can do that. On the CPU no chunk may be in flight, here and in the
    /// methods below.
    ///
    /// # Errors
    /// A line that does not fit the network or the batch's capacity, a slot out of range, a lost GPU.
    pub fn assign_slot(&mut self, slot: usize, line: &Line) -> Result<()> {
        on_engine!(self, engine => engine.assign_slot(slot, line))
    }

    /// Stops computing a slot until another line is assigned to it; its steps are zeros. A GPU does not stop: what it
    /// returns for the slot is to be ignored.
    ///
    /// # Errors
    /// A slot out of range.
    pub fn release_slot(&mut self, slot: usize) -> Result<()> {
        on_engine!(self, engine => engine.release_slot(slot))
    }

    /// Keeps the line's state after `count` timesteps, at a pen lift, for a later [`Engine::rewind`].
    pub fn checkpoint(&mut self, slot: usize, count: usize) {
        on_engine!(self, engine => engine.checkpoint(slot, count));
    }

    /// Takes a line back to its state after `count` timesteps or fewer, effective with the next chunk submitted.
    /// Returns after how many: the points from there to `count` have to be fed in again, as [`forced_point`]s.
    ///
    /// # Errors
    /// A slot that is out of range or released, a lost GPU.
    pub fn rewind(&mut self, slot: usize, count: usize) -> Result<usize> {
        on_engine!(self, engine => engine.rewind(slot, count))
    }

    /// Queues `steps` timesteps, at least one, of every line. `noise` is `[line][step]`, `lines · steps` long.
    /// At most [`IN_FLIGHT`] chunks may be submitted and not yet collected.
    ///
    /// # Errors
    /// Wrong length, too many chunks in flight, or a lost GPU.
    pub fn submit(&mut self, steps: usize, noise: &[Noise]) -> Result<()> {
        on_engine!(self, engine => engine.submit(steps, noise))
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
            #[cfg(any(test, target_arch = "wasm32"))]
            Engine::Remote(engine) => engine.collect().await,
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
}
