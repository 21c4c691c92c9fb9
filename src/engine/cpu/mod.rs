//! The network on the CPU: reference for the shaders, engine where there is no GPU, and the place to
//! read how one timestep works.
//!
//! [`lstm`], [`window`] and [`mixture`] are the twins of `shaders/lstm.wgsl`, `window.wgsl` and
//! `mixture.wgsl`: the same loops over the same arrays. [`advance`] puts them together, for all lines of a
//! batch at once:
//!
//! 1. layer 0 reads the last point, the last window and its own last hidden state;
//! 2. its new hidden state moves the window over the text;
//! 3. each layer above reads the point, the *new* window and the layer below;
//! 4. all hidden states together give the mixture, from which the next point is drawn.
//!
//! Before each of them come the products with the weights, [`simd`], in which lines share what is read.
//! [`engine`](CpuEngine) keeps the batch.
//!
//! Buffers are made in [`CpuEngine::open`]; a timestep allocates nothing.

#![expect(clippy::needless_range_loop, reason = "keeps the loops comparable to the shaders")]

/// Calls a function; on an x86-64 that has them, one with vectors of 256 bits. Both round alike.
macro_rules! wide {
    ($of:ident($($name:ident: $type:ty),*)) => {{
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            #[target_feature(enable = "avx2")]
            fn avx2($($name: $type),*) {
                $of($($name),*);
            }
            // SAFETY: this processor has what the function is compiled for.
            return unsafe { avx2($($name),*) };
        }
        $of($($name),*);
    }};
}

mod engine;
pub mod lstm;
pub mod matvec;
pub mod mixture;
pub mod simd;
pub mod window;

use crate::engine::{Line, Noise, Step};
use crate::error::{Error, Result};
use crate::model::Weights;
use crate::model::style;
pub use engine::CpuEngine;
use matvec::Fixed;
use simd::{Part, products};

/// The network's state for one line.
#[derive(Debug, Clone)]
pub struct State {
    /// Next input: the last point `(dx, dy, pen)`, normalised. Zero at the start.
    pub point: [f32; 3],
    /// Hidden state per layer, `[H_l]`.
    pub hidden: Vec<Vec<f32>>,
    /// Cell per layer, `[H_l]`.
    pub cell: Vec<Vec<f32>>,
    /// Position of each window component, `[K]`, in characters.
    pub kappa: Vec<f32>,
    /// Window over the text, `[A]`: how much of each character is in view.
    pub window: Vec<f32>,
    /// Weight φ of each character of the line, `[U]`.
    pub phi: Vec<f32>,
    /// The character under the window's maximum.
    pub position: usize,
    /// Output layer before any transform, `[R]`.
    pub output: Vec<f32>,
    /// Mixture weights π under bias and temperature, `[M]`.
    pub pi: Vec<f32>,
    /// Gate bias with the line's style folded in, per layer `[4 H_l]`.
    bias: Vec<Vec<f32>>,
    /// What is written, and how.
    line: Line,
    /// Scratch: input vector of a layer or of the output layer; products of a layer or of the window.
    joined: Vec<f32>,
    fixed: Fixed,
    sums: Vec<f32>,
}

impl State {
    /// All zeros, before the first timestep of `line`.
    pub fn new(weights: &Weights, line: &Line) -> Self {
        let config = &weights.config;
        let widest = (0..config.hidden.len()).map(|l| config.columns(l)).max().unwrap_or(0);
        let most = config.hidden.iter().map(|h| 4 * h).max().unwrap_or(0);
        Self {
            point: [0.0; 3],
            hidden: config.hidden.iter().map(|&h| vec![0.0; h]).collect(),
            cell: config.hidden.iter().map(|&h| vec![0.0; h]).collect(),
            kappa: vec![0.0; config.window],
            window: vec![0.0; config.ids()],
            phi: vec![0.0; line.ids.len()],
            position: 0,
            output: vec![0.0; config.outputs()],
            pi: vec![0.0; config.mixtures],
            bias: weights.layers.iter().map(|l| style::gate_bias(l, &line.style)).collect(),
            line: line.clone(),
            joined: vec![0.0; widest.max(config.hidden_total())],
            fixed: Fixed::new(widest.max(config.hidden_total())),
            sums: vec![0.0; most.max(3 * config.window)],
        }
    }

    /// Back to before the first timestep.
    fn clear(&mut self) {
        (self.point, self.position) = ([0.0; 3], 0);
        self.hidden.iter_mut().chain(&mut self.cell).for_each(|values| values.fill(0.0));
        self.kappa.fill(0.0);
        self.window.fill(0.0);
    }

    /// [`advance`] of this line alone.
    pub fn advance(&mut self, weights: &Weights) {
        advance(weights, std::slice::from_mut(self));
    }

    /// One timestep: [`State::advance`], then a point drawn with `noise`, which is the next input.
    pub fn step(&mut self, weights: &Weights, noise: &Noise) -> Step {
        self.advance(weights);
        self.draw(weights, noise)
    }

    /// Puts together the input of a layer: [point | window | hidden below | own hidden].
    fn join(&mut self, layer: usize) {
        let below = layer.checked_sub(1).map_or(&[][..], |below| &self.hidden[below]);
        let parts = [&self.point[..], &self.window, below, &self.hidden[layer]];
        join(&mut self.joined, parts);
    }

    /// Puts together all hidden states, the input of the output layer.
    fn join_hidden(&mut self) {
        join(&mut self.joined, self.hidden.iter().map(Vec::as_slice));
    }

    /// Draws a point from `output`; it is the next input.
    fn draw(&mut self, weights: &Weights, noise: &Noise) -> Step {
        let mut step = mixture::sample(
            &self.output,
            weights.config.stop,
            self.line.bias,
            self.line.temperature,
            noise,
            &mut self.pi,
        );
        step.position = self.position as f32;
        step.kappa = window::mean(&self.kappa);
        self.point = [step.dx, step.dy, step.pen];
        step
    }

    /// Reads ink instead of drawing it: `points` become the inputs of as many timesteps. The last of
    /// them is left as the input of the next [`State::step`].
    pub fn read(&mut self, weights: &Weights, points: &[[f32; 3]]) {
        for point in points {
            self.advance(weights);
            self.point = *point;
        }
    }
}

/// Everything of a timestep up to the output layer, for several lines: reads each one's `point`, leaves its `output`.
pub fn advance(weights: &Weights, lines: &mut [State]) {
    for l in 0..weights.layers.len() {
        let layer = &weights.layers[l];
        for line in &mut *lines {
            line.join(l);
        }
        products(&layer.gates, lines, &|line| Part {
            input: &line.joined[..layer.gates.columns],
            fixed: &mut line.fixed,
            sums: &mut line.sums[..4 * layer.hidden],
        });
        for line in &mut *lines {
            lstm::step(&line.sums[..4 * layer.hidden], &line.bias[l], &mut line.cell[l], &mut line.hidden[l]);
        }
        if let (0, Some(dense)) = (l, &weights.window) {
            let rows = dense.bias.len();
            products(dense, lines, &|line| Part {
                input: &line.hidden[0],
                fixed: &mut line.fixed,
                sums: &mut line.sums[..rows],
            });
            for line in &mut *lines {
                let State { line: Line { ids, .. }, sums, kappa, phi, window, .. } = line;
                window::step(&mut sums[..rows], &dense.bias, ids, kappa, phi, window);
                line.position = window::position(&line.phi, line.position);
            }
        }
    }
    for line in &mut *lines {
        line.join_hidden();
    }
    let output = &weights.output;
    products(output, lines, &|line| Part {
        input: &line.joined[..output.columns],
        fixed: &mut line.fixed,
        sums: &mut line.output,
    });
    for line in &mut *lines {
        mixture::output(&output.bias, &mut line.output);
    }
}

/// Copies vectors one behind the other.
fn join<'a>(to: &mut [f32], parts: impl IntoIterator<Item = &'a [f32]>) {
    let mut end = 0;
    for part in parts {
        to[end..end + part.len()].copy_from_slice(part);
        end += part.len();
    }
}

/// Refuses a line that would index outside the network's arrays.
pub(crate) fn check(weights: &Weights, line: &Line) -> Result<()> {
    let config = &weights.config;
    let ids = config.ids();
    if let Some(id) = line.ids.iter().find(|&&id| id as usize >= ids) {
        return Err(Error::Sequence(format!("character id {id}, but the network knows {ids}")));
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

/// Logistic function; both tails are exact in `f32`.
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Largest argument of [`exp`] either way: its result is a normal number.
const LARGEST: f32 = 87.0;

/// eˣ = 2ⁿ eʳ with a whole n and |r| ≤ ln 2 / 2, and a polynomial for eʳ (Cephes' `expf`). NaN stays.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Beside this number the last bit of an `f32` is 1, so that a sum with it is rounded to a whole number.
    const WHOLE: f32 = 12_582_912.0;
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    let x = x.clamp(-LARGEST, LARGEST);
    let shifted = x * std::f32::consts::LOG2_E + WHOLE;
    let n = shifted - WHOLE;
    let r = (x - n * LN_2[0]) - n * LN_2[1];
    let mut p = 1.987_569_1e-4;
    for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p * r + c;
    }
    // n stands in the last bits of the sum: it moves to the exponent.
    (p * r * r + r + 1.0) * f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits()))
}
