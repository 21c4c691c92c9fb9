//! One timestep of the network, for all lines of a batch.

use super::matvec::{self, MatVecOperands};
use super::{Network, lstm, mixture, window};
use crate::engine::fixed::{self, Drawing};
use crate::engine::step::{Line, Noise, Step};

/// The network's state for one line. `docs/weights-format.md` ("Arithmetic") names the grids: on Qn a number stands for
/// itself / 2ⁿ.
#[derive(Debug, Clone)]
pub struct State {
    /// Next input: the last point `(dx, dy, pen)`, normalised, Q10. Zero at the start.
    pub point: [i32; 3],
    /// Hidden states of all layers, Q7, each layer padded to whole blocks: [`Network::hidden`] says where they are.
    pub hidden: Vec<i8>,
    /// Cell per layer, `[H_l]`, Q11.
    pub cell: Vec<Vec<i32>>,
    /// Position of each window component, `[K]`, in characters, Q16.
    pub kappa: Vec<i32>,
    /// Window over the text, `[A]`: how much of each character is in view, Q10.
    pub window: Vec<i32>,
    /// Weight φ of each character of the line, `[U]`, Q15.
    pub phi: Vec<i32>,
    /// The character under the window's maximum.
    pub position: usize,
    /// Output layer before any transform, `[R]`, Q16.
    pub output: Vec<i32>,
    /// Weights of the mixture's components under bias and temperature, `[M]`, Q16, relative to the largest.
    pub shares: Vec<u32>,
    /// Gate bias with the line's style folded in, per layer `[4 H_l]`, Q10.
    bias: Vec<Vec<i32>>,
    /// Bias of the output layer with the line's hand, `[R]`, Q16.
    output_bias: Vec<i32>,
    /// The line's bias and temperature.
    drawing: Drawing,
    /// The line that is written.
    line: Line,
    /// Scratch: terms of the mixture's density, `[M]`.
    terms: Vec<i32>,
    /// Scratch: products of a layer, of the window or of the output layer.
    sums: Vec<i32>,
}

impl State {
    /// All zeros, before the first timestep of `line`.
    pub fn new(network: &Network, line: &Line) -> Self {
        let weights = &network.weights;
        let config = &weights.config;
        Self {
            point: [0; 3],
            hidden: vec![0; network.hidden_length()],
            cell: config.hidden.iter().map(|&h| vec![0; h]).collect(),
            kappa: vec![0; config.window],
            window: vec![0; config.ids()],
            phi: vec![0; line.ids.len()],
            position: 0,
            output: vec![0; config.outputs()],
            shares: vec![0; config.mixtures],
            bias: (weights.layers.iter().enumerate())
                .map(|(l, layer)| fixed::gate_bias(layer, &line.style, line.gates_of_hand(l)))
                .collect(),
            output_bias: fixed::bias(&weights.output.bias, line.output_of_hand()),
            drawing: Drawing::new(line),
            line: line.clone(),
            terms: vec![0; config.mixtures],
            sums: vec![0; network.most_rows()],
        }
    }

    /// Back to the state before the first timestep.
    pub(super) fn clear(&mut self) {
        (self.point, self.position) = ([0; 3], 0);
        self.hidden.fill(0);
        self.cell.iter_mut().for_each(|values| values.fill(0));
        self.kappa.fill(0);
        self.window.fill(0);
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

    /// Draws a point from `output`; it is the next input.
    pub(super) fn draw(&mut self, network: &Network, noise: &Noise) -> Step {
        let has_stop = network.weights.config.stop;
        let noise = fixed::noise(noise);
        let Self { output, drawing, shares, terms, .. } = self;
        let drawn = mixture::sample(output, has_stop, drawing, &noise, shares, terms);
        self.point = drawn.point;
        drawn.step(self.position, window::mean(&self.kappa))
    }

    /// Teacher forcing: one timestep for each of `points`, which takes the place of the point that would be drawn. The
    /// last one is the input of the next [`State::step`].
    pub fn read(&mut self, network: &Network, points: &[[f32; 3]]) {
        for point in points {
            self.advance(network);
            self.point = fixed::point(*point);
        }
    }
}

/// A timestep up to the output layer, for several lines: reads each one's `point`, leaves its `output`.
pub fn advance(network: &Network, lines: &mut [State]) {
    for (l, layer) in network.layers.iter().enumerate() {
        let (gates, rows) = (&layer.gates, layer.gates.rows());
        matvec::multiply(gates, lines, &|line| MatVecOperands {
            input: &line.hidden[layer.input.clone()],
            sums: &mut line.sums[..gates.padded_rows()],
        });
        for line in &mut *lines {
            let State { point, window, sums, bias, cell, hidden, .. } = line;
            let inputs = point.iter().chain(&*window).copied();
            lstm::add_inputs(&layer.columns, inputs, &mut sums[..rows]);
            let hidden = &mut hidden[network.hidden[l].clone()];
            lstm::step(&sums[..rows], &layer.scales, &bias[l], &mut cell[l], hidden);
        }
        if let (0, Some(linear)) = (l, &network.window) {
            linear.multiply(lines, network.hidden[0].start);
            lines.iter_mut().for_each(|line| linear.finish(&mut line.sums, None));
            for line in &mut *lines {
                let State { line: Line { ids, .. }, sums, kappa, phi, window, .. } = line;
                window::step(&sums[..linear.rows()], ids, kappa, phi, window);
                line.position = window::position(&line.phi, line.position);
            }
        }
    }
    network.output.multiply(lines, 0);
    for line in lines {
        network.output.finish(&mut line.sums, Some(&line.output_bias));
        let rows = line.output.len();
        line.output.copy_from_slice(&line.sums[..rows]);
    }
}

impl super::network::Linear {
    /// Leaves its products, Q7, in each line's `sums`; reads the hidden states from `start` on.
    fn multiply(&self, lines: &mut [State], start: usize) {
        let matrix = &self.matrix;
        matvec::multiply(matrix, lines, &|line| MatVecOperands {
            input: &line.hidden[start..start + matrix.columns()],
            sums: &mut line.sums[..matrix.padded_rows()],
        });
    }
}
