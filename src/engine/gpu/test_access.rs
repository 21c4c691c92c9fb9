//! What tests do to the engine: read and write its state, call functions of its shaders, choose its tiles, lose its
//! device.

use super::buffers::{LINE_WORDS, group, hidden_words, zeroed};
use super::network::filled;
use super::pipelines::{TILES, input_words, pipeline};
use super::{GpuEngine, Open, readback};
use crate::engine::cpu;
use crate::error::{Error, Result};

#[doc(hidden)]
impl GpuEngine {
    /// Makes every batch use this tile shape; returns how many there are.
    pub fn set_tile(&mut self, tile: usize) -> usize {
        self.tile = Some(tile);
        TILES.len()
    }

    /// Copies the state of every line into `states`, one for each line of the batch. Waits for the GPU.
    ///
    /// # Errors
    /// [`Error::Sequence`], [`Error::DeviceLost`].
    pub async fn read_states(&self, states: &mut [cpu::State]) -> Result<()> {
        let Open { weights, batch, .. } = self.opened(states.len())?;
        let (config, state) = (&weights.config, &batch.state);
        let lines: Vec<u32> = readback::peek(&self.gpu, &state.lines).await?;
        let kappa: Vec<i32> = readback::peek(&self.gpu, &state.kappa).await?;
        let phi: Vec<i32> = readback::peek(&self.gpu, &state.phi).await?;
        let input: Vec<i32> = readback::peek(&self.gpu, &state.input).await?;
        let output: Vec<i32> = readback::peek(&self.gpu, &state.output).await?;
        for (line, to) in states.iter_mut().enumerate() {
            let copy = |to: &mut [i32], from: &[i32], start: usize| to.copy_from_slice(&from[start..start + to.len()]);
            to.position = lines[line * LINE_WORDS] as usize;
            copy(&mut to.point, &input, line * input_words(config));
            copy(&mut to.window, &input, line * input_words(config) + 3);
            copy(&mut to.kappa, &kappa, line * config.window);
            copy(&mut to.phi, &phi, line * batch.length);
            let row = line * (config.outputs() + config.mixtures);
            copy(&mut to.output, &output, row);
            copy(bytemuck::cast_slice_mut(&mut to.shares), &output, row + config.outputs());
        }
        let mut start = 0;
        for (layer, &units) in config.hidden.iter().enumerate() {
            let hidden: Vec<i8> = readback::peek(&self.gpu, &state.hidden[batch.parity][layer]).await?;
            let cell: Vec<i32> = readback::peek(&self.gpu, &state.cell[layer]).await?;
            let padded = 4 * hidden_words(units);
            for (line, to) in states.iter_mut().enumerate() {
                to.hidden[start..start + padded].copy_from_slice(&hidden[line * padded..][..padded]);
                to.cell[layer].copy_from_slice(&cell[line * units..][..units]);
            }
            start += padded;
        }
        Ok(())
    }

    /// Sets point, position, hidden states, cells, κ and window of every line.
    ///
    /// # Errors
    /// [`Error::Sequence`], [`Error::DeviceLost`].
    pub fn write_states(&mut self, states: &[cpu::State]) -> Result<()> {
        let Open { weights, batch, .. } = self.opened(states.len())?;
        let (config, state) = (&weights.config, &batch.state);
        let write = |buffer: &wgpu::Buffer, part: &dyn Fn(&cpu::State) -> Vec<i32>| {
            let values: Vec<i32> = states.iter().flat_map(part).collect();
            self.gpu.queue.write_buffer(buffer, 0, bytemuck::cast_slice(&values));
        };
        let mut start = 0;
        for (layer, &units) in config.hidden.iter().enumerate() {
            let padded = 4 * hidden_words(units);
            let hidden: Vec<i8> =
                states.iter().flat_map(|state| state.hidden[start..start + padded].to_vec()).collect();
            self.gpu.queue.write_buffer(&state.hidden[batch.parity][layer], 0, bytemuck::cast_slice(&hidden));
            write(&state.cell[layer], &|state| state.cell[layer].clone());
            start += padded;
        }
        write(&state.kappa, &|state| state.kappa.clone());
        write(&state.input, &|state| {
            let mut row = [&state.point, &state.window[..]].concat();
            row.resize(input_words(config), 0);
            row
        });
        for (line, own) in states.iter().enumerate() {
            let at = (line * LINE_WORDS * 4) as u64;
            self.gpu.queue.write_buffer(&state.lines, at, bytemuck::bytes_of(&(own.position as u32)));
        }
        self.gpu.check()
    }

    /// Runs `main` of a shader with workgroups of 64 threads, one for each of `calls`: binding 0 is the calls, binding 1
    /// as many results.
    ///
    /// # Errors
    /// [`Error::GpuUnavailable`], [`Error::DeviceLost`].
    pub async fn call(&self, shader: &str, calls: &[[i32; 4]]) -> Result<Vec<i32>> {
        let results = self.gpu.guarded(|| {
            let source = wgpu::ShaderSource::Wgsl(shader.into());
            let module =
                self.gpu.device.create_shader_module(wgpu::ShaderModuleDescriptor { label: Some("calls"), source });
            let pipeline = pipeline(&self.gpu, "calls", &module, &[]);
            let results = zeroed(&self.gpu, "results", calls.len(), wgpu::BufferUsages::STORAGE);
            let calls_buffer = filled(&self.gpu, "calls", bytemuck::cast_slice(calls));
            let group = group(&self.gpu, &pipeline, &[&calls_buffer, &results]);
            let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &group, &[]);
            pass.dispatch_workgroups(calls.len().div_ceil(64) as u32, 1, 1);
            drop(pass);
            self.gpu.queue.submit([encoder.finish()]);
            Ok(results)
        });
        readback::peek(&self.gpu, &results.await?).await
    }

    /// A function that destroys the device, as a failing driver would.
    pub fn destroyer(&self) -> impl Fn() + use<> {
        let device = self.gpu.device.clone();
        move || device.destroy()
    }

    fn opened(&self, lines: usize) -> Result<&Open> {
        let problem = || Error::Sequence(format!("states of {lines} lines"));
        self.open.as_ref().filter(|open| open.batch.lines == lines).ok_or_else(problem)
    }
}
