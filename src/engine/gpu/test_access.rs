//! What tests do to the engine: read and write its state, choose its tiles, lose its device.

use super::buffers::{LINE_WORDS, hidden_words, input_words};
use super::pipelines::OCTET;
use super::pipelines::TILES;
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

    /// Sets point, position, hidden states, cells, κ and window of every line.
    ///
    /// # Errors
    /// [`Error::Sequence`], [`Error::DeviceLost`].
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
