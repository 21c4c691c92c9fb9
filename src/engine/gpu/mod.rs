//! The network on the GPU: three hand-written WGSL kernels, in the browser through WebGPU, natively
//! through Vulkan, Metal or Direct3D 12.
//!
//! A timestep is one dispatch of `shaders/lstm.wgsl` per layer, one of `window.wgsl` behind layer 0
//! and one of `mixture.wgsl`, which draws the point that the next timestep reads. What the output layer
//! makes of a layer is done beside the layer above, by the same dispatch. Nothing comes back
//! to the CPU in between: a submit uploads a chunk's noise, records its timesteps in one pass and
//! copies its points to a staging buffer.
//!
//! Made once per network: weights on the GPU and pipelines ([`Network`]). Made once per batch: state,
//! chunk and bind groups ([`Batch`]). A timestep makes nothing.
//!
//! Ink to go on from is read like this: noise whose first number is below 0 is no noise but a point,
//! `[-1, dx, dy, pen]` ([`given`]), which `mixture.wgsl` takes instead of drawing one.

mod buffers;
mod device;
mod pipelines;
mod readback;
mod selftest;
mod step;

use crate::engine::cpu;
use crate::engine::{IN_FLIGHT, Line, Noise, Step, forced_point};
use crate::error::{Error, Result};
use crate::model::{OCTET, Weights};
use buffers::{Batch, LINE_WORDS, Shape, hidden_words, input_words};
use device::Gpu;
use pipelines::{Network, Shaders, TILES, tile_for};
use std::sync::Arc;

/// Timesteps of a chunk for which there is room from the start; larger chunks make room.
const CHUNK: usize = 64;
/// Timesteps of given ink that go into one submit: a few milliseconds of work. At most [`CHUNK`].
const READING: usize = 32;

/// The WGSL engine.
#[derive(Debug)]
pub struct GpuEngine {
    gpu: Gpu,
    shaders: Shaders,
    /// Networks whose weights somebody still holds.
    networks: Vec<Network>,
    open: Option<Open>,
    /// The tile that every batch takes, if tests say so.
    tile: Option<usize>,
}

/// What is being written.
#[derive(Debug)]
struct Open {
    weights: Arc<Weights>,
    /// Index in `networks`.
    network: usize,
    batch: Batch,
}

impl GpuEngine {
    /// Opens the best adapter; a software one (llvmpipe, SwiftShader) only if `software` is set. The
    /// first time in a process it has to compute a few points as the CPU engine does.
    ///
    /// # Errors
    /// [`Error::GpuUnavailable`].
    pub async fn new(software: bool) -> Result<Self> {
        let mut engine = Self::with_shaders(software, |_, source| source.into()).await?;
        selftest::once(&mut engine).await?;
        Ok(engine)
    }

    /// An engine that was not tested, of shaders that `edit` may have spoilt. For tests.
    ///
    /// # Errors
    /// [`Error::GpuUnavailable`].
    #[doc(hidden)]
    pub async fn with_shaders(software: bool, edit: pipelines::Edit) -> Result<Self> {
        let gpu = Gpu::open(software).await?;
        let shaders = gpu.guarded(|| Ok(Shaders::new(&gpu, edit))).await?;
        Ok(Self { gpu, shaders, networks: Vec::new(), open: None, tile: None })
    }

    /// Computes a few points of a small network and compares them with the CPU engine's. Ends what is open.
    ///
    /// # Errors
    /// [`Error::GpuUnavailable`] if they differ, or if the adapter cannot do it at all.
    pub async fn test(&mut self) -> Result<()> {
        selftest::run(self).await
    }

    /// "WebGPU · NVIDIA …" in a browser, "Vulkan · …" natively.
    pub fn label(&self) -> String {
        self.gpu.label.clone()
    }

    /// See [`crate::engine::Engine::open`]. At least one line.
    ///
    /// # Errors
    /// [`Error::Sequence`] if a line does not fit the network, [`Error::GpuUnavailable`] if the GPU
    /// has no room for it, [`Error::DeviceLost`].
    pub async fn open(&mut self, weights: &Arc<Weights>, lines: &[Line]) -> Result<()> {
        self.open_with_capacity(weights, lines, 0).await
    }

    /// See [`crate::engine::Engine::open_with_capacity`].
    ///
    /// # Errors
    /// As [`GpuEngine::open`].
    pub async fn open_with_capacity(&mut self, weights: &Arc<Weights>, lines: &[Line], longest: usize) -> Result<()> {
        for line in lines {
            cpu::check(weights, line)?;
        }
        if lines.is_empty() {
            return Err(Error::Sequence("a batch of no lines".into()));
        }
        self.gpu.check()?;
        self.open = None;
        self.networks.retain(Network::is_wanted);
        let tile = self.tile.unwrap_or_else(|| tile_for(lines.len(), self.gpu.software));
        let Self { gpu, shaders, networks, .. } = self;
        let made = gpu.guarded(|| {
            let index = match networks.iter().position(|network| network.is_of(weights)) {
                Some(index) => index,
                None => {
                    networks.push(Network::new(gpu, shaders, weights)?);
                    networks.len() - 1
                }
            };
            let network = &mut networks[index];
            network.prepare(gpu, shaders, weights, tile);
            let mut batch = Batch::new(gpu, network, tile, weights, lines, longest, CHUNK);
            read_prefixes(gpu, weights, network, &mut batch, lines);
            Ok(Open { weights: Arc::clone(weights), network: index, batch })
        });
        match made.await {
            Ok(open) => {
                self.open = Some(open);
                Ok(())
            }
            Err(error) => {
                // What was refused may be among them.
                self.networks.clear();
                Err(error)
            }
        }
    }

    /// See [`crate::engine::Engine::assign_slot`].
    ///
    /// # Errors
    /// [`Error::Sequence`] if the line does not fit the network or the batch, [`Error::DeviceLost`].
    pub fn assign_slot(&mut self, place: usize, line: &Line) -> Result<()> {
        let Self { gpu, open, .. } = self;
        let fits = |open: &&mut Open| place < open.batch.lines && line.ids.len() <= open.batch.length;
        let Some(Open { weights, batch, .. }) = open.as_mut().filter(fits) else {
            return Err(Error::Sequence(format!("a line of {} ids in place {place}", line.ids.len())));
        };
        cpu::check(weights, line)?;
        batch.set(gpu, weights, place, line);
        self.rewind(place)
    }

    /// Takes a line back to its beginning: see [`crate::engine::Engine::rewind`].
    ///
    /// # Errors
    /// [`Error::Sequence`] if there is no such line, [`Error::DeviceLost`].
    pub fn rewind(&mut self, place: usize) -> Result<()> {
        let Some(Open { weights, batch, .. }) = self.open.as_ref().filter(|open| place < open.batch.lines) else {
            return Err(Error::Sequence(format!("a line in place {place}")));
        };
        self.gpu.check()?;
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        batch.clear(&mut encoder, weights, place);
        self.gpu.queue.submit([encoder.finish()]);
        Ok(())
    }

    /// See [`crate::engine::Engine::submit`]. At least one timestep.
    ///
    /// # Errors
    /// [`Error::Sequence`], [`Error::DeviceLost`].
    pub fn submit(&mut self, steps: usize, noise: &[Noise]) -> Result<()> {
        let Self { gpu, networks, open, .. } = self;
        let lines = open.as_ref().map_or(0, |open| open.batch.lines);
        if noise.len() != steps * lines {
            return Err(Error::Sequence(format!(
                "{} noise values for {lines} lines of {steps} timesteps",
                noise.len()
            )));
        }
        let Some(Open { weights, network, batch }) = open.as_mut().filter(|_| steps > 0) else {
            return Err(Error::Sequence("a chunk of no timesteps".into()));
        };
        if batch.readback.is_full() {
            return Err(Error::Sequence(format!(
                "more than {IN_FLIGHT} chunks in flight, submitted and not collected"
            )));
        }
        gpu.check()?;
        let network = &networks[*network];
        batch.reserve(gpu, network, steps);
        let encoder = record(gpu, weights, network, batch, steps, noise);
        let bytes = size_of::<Step>() * steps * lines;
        batch.readback.send(gpu, encoder, &batch.chunk.steps, bytes as u64);
        gpu.check()
    }

    /// See [`crate::engine::Engine::collect`]. Natively this blocks until the chunk is done.
    ///
    /// # Errors
    /// [`Error::Sequence`] if nothing was submitted, [`Error::DeviceLost`].
    pub async fn collect(&mut self) -> Result<Vec<Step>> {
        match &mut self.open {
            Some(open) => open.batch.readback.receive(&self.gpu).await,
            None => Err(Error::Sequence("a chunk was collected that was never submitted".into())),
        }
    }

    /// Lets every batch take this tile, whatever would suit it, and tells how many there are. For tests.
    #[doc(hidden)]
    pub fn set_tile(&mut self, tile: usize) -> usize {
        self.tile = Some(tile);
        TILES.len()
    }

    /// Copies the state of every line into `states`, of as many lines of the same network.
    /// For tests: it waits for the GPU.
    ///
    /// # Errors
    /// [`Error::Sequence`], [`Error::DeviceLost`].
    #[doc(hidden)]
    pub async fn read_states(&self, states: &mut [cpu::State]) -> Result<()> {
        let Open { weights, batch, .. } = self.opened(states.len())?;
        let (config, state) = (&weights.config, &batch.state);
        let lines = readback::peek(&self.gpu, &state.lines).await?;
        let hidden = readback::peek(&self.gpu, &state.hidden[batch.parity]).await?;
        let cell = readback::peek(&self.gpu, &state.cell).await?;
        let kappa = readback::peek(&self.gpu, &state.kappa).await?;
        let phi = readback::peek(&self.gpu, &state.phi).await?;
        let input = readback::peek(&self.gpu, &state.input).await?;
        let output = readback::peek(&self.gpu, &state.output).await?;
        for (line, to) in states.iter_mut().enumerate() {
            let mut at = line * hidden_words(config);
            for (to_hidden, to_cell) in to.hidden.iter_mut().zip(&mut to.cell) {
                let units = at..at + to_hidden.len();
                to_hidden.copy_from_slice(&hidden[units.clone()]);
                to_cell.copy_from_slice(&cell[units.clone()]);
                at += to_hidden.len().next_multiple_of(OCTET);
            }
            let copy = |to: &mut [f32], from: &[f32], start: usize| to.copy_from_slice(&from[start..start + to.len()]);
            to.position = lines[line * LINE_WORDS] as usize;
            copy(&mut to.point, &input, line * input_words(config));
            copy(&mut to.window, &input, line * input_words(config) + 3);
            copy(&mut to.kappa, &kappa, line * config.window);
            copy(&mut to.phi, &phi, line * batch.length);
            let row = line * (config.outputs() + config.mixtures);
            copy(&mut to.output, &output, row);
            copy(&mut to.pi, &output, row + config.outputs());
        }
        Ok(())
    }

    /// Sets point, position, hidden states, cells, κ and window of every line. For tests.
    ///
    /// # Errors
    /// [`Error::Sequence`], [`Error::DeviceLost`].
    #[doc(hidden)]
    pub fn write_states(&mut self, states: &[cpu::State]) -> Result<()> {
        let Open { batch, .. } = self.opened(states.len())?;
        let padded = |values: &[f32]| {
            let mut values = values.to_vec();
            values.resize(values.len().next_multiple_of(OCTET), 0.0);
            values
        };
        let write = |buffer: &wgpu::Buffer, part: &dyn Fn(&cpu::State) -> Vec<f32>| {
            let values: Vec<f32> = states.iter().flat_map(part).collect();
            self.gpu.queue.write_buffer(buffer, 0, bytemuck::cast_slice(&values));
        };
        let layers = |layers: &[Vec<f32>]| layers.iter().flat_map(|layer| padded(layer)).collect();
        write(&batch.state.hidden[batch.parity], &|state| layers(&state.hidden));
        write(&batch.state.cell, &|state| layers(&state.cell));
        write(&batch.state.kappa, &|state| state.kappa.clone());
        write(&batch.state.input, &|state| padded(&[&state.point, &state.window[..]].concat()));
        for (line, state) in states.iter().enumerate() {
            let at = (line * LINE_WORDS * 4) as u64;
            self.gpu.queue.write_buffer(&batch.state.lines, at, bytemuck::bytes_of(&(state.position as f32)));
        }
        self.gpu.check()
    }

    /// What destroys the device, as a driver that fails would. For tests.
    #[doc(hidden)]
    pub fn destroyer(&self) -> impl Fn() + use<> {
        let device = self.gpu.device.clone();
        move || device.destroy()
    }

    fn opened(&self, lines: usize) -> Result<&Open> {
        let problem = || Error::Sequence(format!("states of {lines} lines"));
        self.open.as_ref().filter(|open| open.batch.lines == lines).ok_or_else(problem)
    }
}

/// Uploads a chunk's noise, `[line][step]`, and records its timesteps.
fn record(
    gpu: &Gpu,
    weights: &Weights,
    network: &Network,
    batch: &mut Batch,
    steps: usize,
    noise: &[Noise],
) -> wgpu::CommandEncoder {
    let shape = Shape { lines: batch.lines as u32, steps: steps as u32, length: batch.length as u32, padding: 0 };
    gpu.queue.write_buffer(&batch.state.shape, 0, bytemuck::bytes_of(&shape));
    gpu.queue.write_buffer(&batch.chunk.noise, 0, bytemuck::cast_slice(noise));
    let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    step::record(&mut encoder, weights, network, batch, steps);
    encoder
}

/// Feeds in each line's prefix. All prefixes end at the same timestep; a line whose prefix is
/// shorter reads zeros until it starts, and its state is cleared then.
fn read_prefixes(gpu: &Gpu, weights: &Weights, network: &Network, batch: &mut Batch, lines: &[Line]) {
    let longest = lines.iter().map(|line| line.prefix.len()).max().unwrap_or(0);
    let start = |line: &Line| longest - line.prefix.len();
    let mut at = 0;
    let mut noise = Vec::new();
    while at < longest {
        let next_start = lines.iter().map(start).filter(|&start| start > at).min().unwrap_or(longest);
        let steps = (next_start - at).min(READING);
        noise.clear();
        for line in lines {
            noise.extend(
                (at..at + steps).map(|t| forced_point(t.checked_sub(start(line)).map_or([0.0; 3], |t| line.prefix[t]))),
            );
        }
        let mut encoder = record(gpu, weights, network, batch, steps, &noise);
        at += steps;
        for (index, line) in lines.iter().enumerate() {
            if start(line) == at {
                batch.clear(&mut encoder, weights, index);
            }
        }
        gpu.queue.submit([encoder.finish()]);
    }
}
