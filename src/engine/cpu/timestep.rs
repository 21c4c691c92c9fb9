//! One timestep of the network, for all lines of a batch.

use super::matvec::{self, MatVecOperands, QuantizedInput};
use super::{Network, lstm, mixture, window};
use crate::engine::step::{Line, Noise, Step};
use crate::model::style;

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
    /// The line that is written.
    line: Line,
    /// Scratch: concatenated input vector of a layer or of the output layer.
    joined: Vec<f32>,
    /// Scratch: the same, quantised.
    quantized: QuantizedInput,
    /// Scratch: products of a layer or of the window.
    sums: Vec<f32>,
}

impl State {
    /// All zeros, before the first timestep of `line`.
    pub fn new(network: &Network, line: &Line) -> Self {
        let weights = &network.weights;
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
            quantized: QuantizedInput::new(widest.max(config.hidden_total())),
            sums: vec![0.0; most.max(3 * config.window)],
        }
    }

    /// Back to the state before the first timestep.
    pub(super) fn clear(&mut self) {
        (self.point, self.position) = ([0.0; 3], 0);
        self.hidden.iter_mut().chain(&mut self.cell).for_each(|values| values.fill(0.0));
        self.kappa.fill(0.0);
        self.window.fill(0.0);
    }

    /// [`advance`] of this line alone.
    pub fn advance(&mut self, network: &Network) {
        advance(network, std::slice::from_mut(self));
    }

    /// One timestep: [`State::advance`], then a point drawn with `noise`, which is the next input.
    pub fn step(&mut self, network: &Network, noise: &Noise) -> Step {
        self.advance(network);
        self.draw(network, noise)
    }

    /// Concatenates the input of a layer: [point | window | hidden below | own hidden].
    fn join(&mut self, layer: usize) {
        let below = layer.checked_sub(1).map_or(&[][..], |below| &self.hidden[below]);
        let parts = [&self.point[..], &self.window, below, &self.hidden[layer]];
        join(&mut self.joined, parts);
    }

    /// Concatenates all hidden states, the input of the output layer.
    fn join_hidden(&mut self) {
        join(&mut self.joined, self.hidden.iter().map(Vec::as_slice));
    }

    /// Draws a point from `output`; it is the next input.
    pub(super) fn draw(&mut self, network: &Network, noise: &Noise) -> Step {
        let mut step = mixture::sample(
            &self.output,
            network.weights.config.stop,
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

    /// Teacher forcing: one timestep for each of `points`, which takes the place of the point that would be drawn. The
    /// last one is the input of the next [`State::step`].
    pub fn read(&mut self, network: &Network, points: &[[f32; 3]]) {
        for point in points {
            self.advance(network);
            self.point = *point;
        }
    }
}

/// A timestep up to the output layer, for several lines: reads each one's `point`, leaves its `output`.
pub fn advance(network: &Network, lines: &mut [State]) {
    let weights = &network.weights;
    for (l, gates) in network.gates.iter().enumerate() {
        for line in &mut *lines {
            line.join(l);
        }
        matvec::multiply(gates, lines, &|line| MatVecOperands {
            input: &line.joined[..gates.columns()],
            quantized: &mut line.quantized,
            sums: &mut line.sums[..gates.rows()],
        });
        for line in &mut *lines {
            lstm::step(&line.sums[..gates.rows()], &line.bias[l], &mut line.cell[l], &mut line.hidden[l]);
        }
        if let (0, Some(matrix), Some(dense)) = (l, &network.window, &weights.window) {
            let rows = matrix.rows();
            matvec::multiply(matrix, lines, &|line| MatVecOperands {
                input: &line.hidden[0],
                quantized: &mut line.quantized,
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
    matvec::multiply(&network.output, lines, &|line| MatVecOperands {
        input: &line.joined[..network.output.columns()],
        quantized: &mut line.quantized,
        sums: &mut line.output,
    });
    for line in &mut *lines {
        mixture::output(&weights.output.bias, &mut line.output);
    }
}

/// Concatenates vectors.
fn join<'a>(to: &mut [f32], parts: impl IntoIterator<Item = &'a [f32]>) {
    let mut end = 0;
    for part in parts {
        to[end..end + part.len()].copy_from_slice(part);
        end += part.len();
    }
}
