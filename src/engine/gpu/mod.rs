//! The network on the GPU: three hand-written WGSL kernels, in the browser through WebGPU, natively
//! through Vulkan, Metal or Direct3D 12. They compute in whole numbers (`docs/weights-format.md`, "Arithmetic"), so
//! that every adapter gives the points of the CPU engine, bit for bit.
//!
//! A timestep is one dispatch of `shaders/lstm.wgsl` per layer, one of `window.wgsl` after layer 0
//! and one of `mixture.wgsl`, which draws the point that the next timestep reads. A layer's contribution to the
//! output layer is computed in the dispatch of the layer above. Nothing is read back between timesteps: a submit
//! uploads a chunk's noise, records its timesteps in one pass and copies its points to a staging buffer.
//!
//! Made once per network: weights on the GPU and pipelines (`Network`). Made once per batch: buffers and bind
//! groups (`Batch`). A timestep allocates nothing.
//!
//! Priming ink is fed in as [`forced_point`]s in the place of noise.

mod buffers;
mod device;
mod network;
mod pipelines;
mod readback;
mod test_access;
mod timestep;

use crate::engine::fixed;
use crate::engine::step::{Line, Noise, Step, check_chunk, check_line, forced_point, nothing_submitted};
use crate::error::{Error, Result};
use crate::model::Weights;
use buffers::{Batch, Shape};
use device::Gpu;
use network::Network;
pub use pipelines::PACKED_DOT;
use pipelines::{Shaders, tile_for};
use std::sync::Arc;

/// Initial capacity of the chunk buffers, in timesteps; larger chunks grow them.
const CHUNK: usize = 64;
/// Timesteps of priming ink per submit: a few milliseconds of work. At most [`CHUNK`].
const PRIMING_CHUNK: usize = 32;

/// The WGSL engine.
#[derive(Debug)]
pub struct GpuEngine {
    gpu: Gpu,
    shaders: Shaders,
    /// Networks that were opened and whose weights somebody still holds.
    networks: Vec<Network>,
    open: Option<Open>,
    /// Overrides the tile shape of every batch. For tests.
    tile: Option<usize>,
}

/// The batch and its network.
#[derive(Debug)]
struct Open {
    weights: Arc<Weights>,
    /// Index in `networks`.
    network: usize,
    batch: Batch,
}

impl GpuEngine {
    /// Opens the fastest adapter; a software one (llvmpipe, SwiftShader) only if `software` is set. Whether the adapter
    /// computes correctly is not tested here but in [`crate::engine::selftest`].
    ///
    /// # Errors
    /// [`Error::GpuUnavailable`].
    pub async fn new(software: bool) -> Result<Self> {
        Self::with_shaders(software, |_, source| source.into()).await
    }

    /// An engine whose shaders were edited. For tests.
    ///
    /// # Errors
    /// [`Error::GpuUnavailable`].
    #[doc(hidden)]
    pub async fn with_shaders(software: bool, edit: pipelines::Edit) -> Result<Self> {
        let gpu = Gpu::open(software).await?;
        let shaders = gpu.guarded(|| Ok(Shaders::new(&gpu, edit))).await?;
        Ok(Self { gpu, shaders, networks: Vec::new(), open: None, tile: None })
    }

    /// Discards the batch.
    pub(super) fn close(&mut self) {
        self.open = None;
    }

    /// Whether this network's weights and pipelines are on the GPU.
    pub(crate) fn holds(&self, weights: &Arc<Weights>) -> bool {
        self.networks.iter().any(|network| network.is_of(weights))
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
            check_line(&weights.config, line)?;
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
                // The one that was refused may be among them.
                self.networks.clear();
                Err(error)
            }
        }
    }

    /// See [`crate::engine::Engine::assign_slot`].
    ///
    /// # Errors
    /// [`Error::Sequence`] if the line does not fit the network or the batch, [`Error::DeviceLost`].
    pub fn assign_slot(&mut self, slot: usize, line: &Line) -> Result<()> {
        let Self { gpu, open, networks, .. } = self;
        let fits = |open: &&mut Open| slot < open.batch.lines && line.ids.len() <= open.batch.length;
        let Some(Open { weights, network, batch }) = open.as_mut().filter(fits) else {
            return Err(Error::Sequence(format!("no room for a line of {} ids in slot {slot}", line.ids.len())));
        };
        check_line(&weights.config, line)?;
        batch.assign(gpu, &networks[*network], weights, slot, line);
        self.rewind(slot, 0).map(drop)
    }

    /// See [`crate::engine::Engine::release_slot`]: the slot's threads would be idle otherwise, so nothing is saved by
    /// stopping them.
    ///
    /// # Errors
    /// None.
    pub fn release_slot(&mut self, _slot: usize) -> Result<()> {
        Ok(())
    }

    /// See [`crate::engine::Engine::checkpoint`]: none are kept, [`GpuEngine::rewind`] always goes back to the beginning.
    pub fn checkpoint(&mut self, _slot: usize, _count: usize) {}

    /// See [`crate::engine::Engine::rewind`]: to the line's beginning, whatever `count` is.
    ///
    /// # Errors
    /// [`Error::Sequence`] if the slot is out of range, [`Error::DeviceLost`].
    pub fn rewind(&mut self, slot: usize, _count: usize) -> Result<usize> {
        let Some(Open { weights, batch, .. }) = self.open.as_ref().filter(|open| slot < open.batch.lines) else {
            return Err(Error::Sequence(format!("slot {slot} is out of range")));
        };
        self.gpu.check()?;
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        batch.clear(&mut encoder, weights, slot);
        self.gpu.queue.submit([encoder.finish()]);
        Ok(0)
    }

    /// See [`crate::engine::Engine::submit`]. At least one timestep.
    ///
    /// # Errors
    /// [`Error::Sequence`], [`Error::DeviceLost`].
    pub fn submit(&mut self, steps: usize, noise: &[Noise]) -> Result<()> {
        let Self { gpu, networks, open, .. } = self;
        let (lines, in_flight) =
            open.as_ref().map_or((0, 0), |open| (open.batch.lines, open.batch.readback.in_flight()));
        check_chunk(steps, lines, noise, in_flight)?;
        let Some(Open { weights, network, batch }) = open else {
            return Err(Error::Sequence("a chunk of no lines".into()));
        };
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
            None => Err(nothing_submitted()),
        }
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
    let noise: Vec<[i32; 4]> = noise.iter().map(fixed::noise).collect();
    gpu.queue.write_buffer(&batch.chunk.noise, 0, bytemuck::cast_slice(&noise));
    let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    timestep::record(&mut encoder, weights, network, batch, steps);
    encoder
}

/// Feeds in each line's prefix. All prefixes end at the same timestep: a line with a shorter prefix is fed zeros first,
/// and its state is cleared when its prefix starts.
fn read_prefixes(gpu: &Gpu, weights: &Weights, network: &Network, batch: &mut Batch, lines: &[Line]) {
    let longest = lines.iter().map(|line| line.prefix.len()).max().unwrap_or(0);
    let start = |line: &Line| longest - line.prefix.len();
    let mut at = 0;
    let mut noise = Vec::new();
    while at < longest {
        let next_start = lines.iter().map(start).filter(|&start| start > at).min().unwrap_or(longest);
        let steps = (next_start - at).min(PRIMING_CHUNK);
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
