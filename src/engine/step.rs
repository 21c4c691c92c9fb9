//! The contract of both engines: what goes into a batch of lines and what comes out of a timestep.
//!
//! Both engines import this module; it knows neither of them.

use crate::error::{Error, Result};
use crate::model::{Config, HandBiases};
use bytemuck::{Pod, Zeroable};
use std::sync::Arc;

/// Noise of one timestep: two uniforms in [0, 1) (component, pen) and two standard normals. A negative first number
/// marks a [`forced_point`].
pub type Noise = [f32; 4];

/// In the place of noise: the point `(dx, dy, pen)`, normalised, that the timestep yields instead of sampling one
/// (teacher forcing).
pub fn forced_point([dx, dy, pen]: [f32; 3]) -> Noise {
    [-1.0, dx, dy, pen]
}

/// Chunks that may be submitted and not yet collected.
pub const IN_FLIGHT: usize = 2;

/// Numbers of lines of which each has pipelines of its own on a hardware adapter, but for a single line.
pub(crate) const BATCH_SIZES: [usize; 3] = [2, 3, 33];

/// Most characters of a line, the end mark among them.
const MOST_IDS: usize = 1 << 14;

/// One line to be written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Line {
    /// Character ids with the end mark; empty for a prediction network.
    pub ids: Vec<u32>,
    /// Style vector `[S]`; empty or zeros for none.
    pub style: Vec<f32>,
    /// What a learnt hand adds to the network's biases; counted within ±16.
    pub hand: Option<Arc<HandBiases>>,
    /// Bias b ≥ 0: neater [G eqs 61–62].
    pub bias: f32,
    /// Temperature τ > 0: wilder. 1 is neutral.
    pub temperature: f32,
    /// Ink to continue from (priming), as normalised `(dx, dy, pen)`: fed in before sampling starts.
    pub prefix: Vec<[f32; 3]>,
}

impl Line {
    /// What the line's hand adds to the biases of a layer's gates; empty for nothing.
    pub fn gates_of_hand(&self, layer: usize) -> &[f32] {
        self.hand.as_ref().and_then(|hand| hand.gates.get(layer)).map_or(&[], Vec::as_slice)
    }

    /// What it adds to those of the output layer; empty for nothing.
    pub fn output_of_hand(&self) -> &[f32] {
        self.hand.as_ref().map_or(&[], |hand| &hand.output)
    }
}

/// What one timestep yields for one line: the layout of the GPU's read-back buffer, 36 bytes. Each number is a whole
/// number times a power of two, and `f32` holds it exactly.
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
    /// Index of the mixture component that was sampled.
    pub component: f32,
    /// Mean of the window's κ over its components, in characters. 0 without text.
    pub kappa: f32,
    /// Log density of the offset under the mixture without bias and temperature; normalised units, the pen not
    /// included.
    pub log_density: f32,
}

/// Refuses a line that would index outside the network's arrays.
///
/// # Errors
/// [`Error::Sequence`].
pub(crate) fn check_line(config: &Config, line: &Line) -> Result<()> {
    let ids = config.ids();
    if let Some(id) = line.ids.iter().find(|&&id| id as usize >= ids) {
        return Err(Error::Sequence(format!("character id {id}, but the network knows {ids}")));
    }
    if line.ids.len() > MOST_IDS {
        return Err(Error::Sequence(format!("a line of {} characters, expected at most {MOST_IDS}", line.ids.len())));
    }
    if config.window > 0 && line.ids.is_empty() {
        return Err(Error::Sequence("a line without the end mark for a synthesis network".into()));
    }
    if !line.style.is_empty() && line.style.len() != config.style_dim {
        return Err(Error::Sequence(format!(
            "a style vector of {} numbers, but the network's have {}",
            line.style.len(),
            config.style_dim
        )));
    }
    Ok(())
}

/// Refuses a chunk of `steps` timesteps of `lines` lines whose noise has another length, that is empty, or that comes
/// while `in_flight` chunks are already as many as may be.
///
/// # Errors
/// [`Error::Sequence`].
pub(crate) fn check_chunk(steps: usize, lines: usize, noise: &[Noise], in_flight: usize) -> Result<()> {
    if noise.len() != steps * lines {
        let found = noise.len();
        return Err(Error::Sequence(format!("{found} noise values for {lines} lines of {steps} timesteps")));
    }
    if steps == 0 {
        return Err(Error::Sequence("a chunk of no timesteps".into()));
    }
    if in_flight >= IN_FLIGHT {
        return Err(Error::Sequence(format!("more than {IN_FLIGHT} chunks in flight, submitted and not collected")));
    }
    Ok(())
}

/// The error of collecting when nothing is in flight.
pub(crate) fn nothing_submitted() -> Error {
    Error::Sequence("a chunk was collected that was never submitted".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_has_the_layout_of_the_read_back_buffer() {
        assert_eq!(size_of::<Step>(), 36);
        let step: Step = bytemuck::cast([1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
        assert_eq!((step.dx, step.pen, step.stop, step.position), (1.0, 3.0, 5.0, 6.0));
        assert_eq!((step.kappa, step.log_density), (8.0, 9.0));
    }
}
