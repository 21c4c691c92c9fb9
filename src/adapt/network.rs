//! The whole network over whole lines, forward with stored activations and backward through time [G eqs 7–26, 33–37].
//!
//! Lines of a batch are computed together, so that products are those of a matrix with several vectors. Layer by layer,
//! all timesteps of what does not feed back come first, in one product.

use super::lstm;
use super::mixture::{self, Loss};
use super::products::Packed;
use super::window;
use crate::model::{HandLayout, QuantisedMatrix, Weights};
use std::ops::Range;
use std::sync::Arc;

/// Ink of a line, as the network reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// Character ids with the end mark; empty for a prediction network.
    pub ids: Vec<u32>,
    /// Offsets `(dx, dy, pen)`, normalised. At least one.
    pub points: Vec<[f32; 3]>,
}

/// A matrix, and its transpose for the way back.
#[derive(Debug)]
struct Both {
    forward: Packed,
    backward: Packed,
}

impl Both {
    /// Of some columns of a matrix.
    fn new(matrix: &QuantisedMatrix, columns: Range<usize>) -> Self {
        let element = |r: usize, c: usize| f32::from(matrix.row(r)[columns.start + c]) * matrix.scales[r];
        Self {
            forward: Packed::new(matrix.rows(), columns.len(), element),
            backward: Packed::new(columns.len(), matrix.rows(), |r, c| element(c, r)),
        }
    }
}

/// An LSTM layer.
#[derive(Debug)]
struct Layer {
    /// Columns of the point.
    point: Both,
    /// Columns of the window.
    window: Both,
    /// Columns of the hidden states below; none in the lowest layer.
    below: Both,
    /// Columns of its own hidden states.
    own: Both,
    /// Columns of the output layer.
    output: Both,
    bias: Vec<f32>,
    /// `[4 H, S]`; empty without styles.
    style: Vec<f32>,
}

/// A network whose biases can be learnt.
#[derive(Debug)]
pub struct Trainable {
    /// The weights.
    pub weights: Arc<Weights>,
    /// Where each parameter is: what is learnt, and its gradient, are numbers as a hand has them.
    pub layout: HandLayout,
    layers: Vec<Layer>,
    window: Option<(Both, Vec<f32>)>,
    floor: [f32; 2],
    /// Whether the forward pass puts states on the engine's grids.
    rounded: bool,
}

/// Lines that are computed together, and their activations.
///
/// Rows are ordered by timestep, then by line; longer lines come first, so that those of a timestep are neighbours. N
/// rows in all.
#[derive(Debug)]
pub struct Batch {
    /// Row of each timestep's first line, `[T + 1]`.
    starts: Vec<usize>,
    ids: Vec<Vec<u32>>,
    /// Where each of these lines was among the lines that the batch was made of.
    places: Vec<usize>,
    /// `[N, 3]`: the point before, and the point.
    inputs: Vec<f32>,
    targets: Vec<[f32; 3]>,
    /// `[N]`.
    is_last: Vec<bool>,
    /// `[N]`: whether the point is learnt from, or held back.
    is_learnt: Vec<bool>,
    /// Of the lowest layer and the window, and what they add to the layers above: as long as the style is the same.
    bottom: Option<Vec<f32>>,
    layers: Vec<Activations>,
    /// `[N, A]`, `[N, K]`, `[N, 3 K]`.
    window: Vec<f32>,
    kappa: Vec<f32>,
    window_parameters: Vec<f32>,
    /// `[N, R]`: outputs, then their gradients; and what of them does not change with the biases.
    outputs: Vec<f32>,
    fixed_outputs: Vec<f32>,
}

/// Of a layer: `[N, 4 H]`, `[N, H]`, `[N, H]`, and the part of the sums that does not change with the biases
/// `[N, 4 H]`, empty in the lowest layer. All are empty while nothing needs them: they are most of the memory.
#[derive(Debug, Default)]
struct Activations {
    gates: Vec<f32>,
    cell: Vec<f32>,
    hidden: Vec<f32>,
    fixed: Vec<f32>,
}

impl Activations {
    /// Makes room for so many rows and units, but not for `fixed`.
    fn reserve(&mut self, rows: usize, units: usize) {
        self.gates.resize(rows * 4 * units, 0.0);
        self.cell.resize(rows * units, 0.0);
        self.hidden.resize(rows * units, 0.0);
    }
}

/// What is computed of the lines of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// Whether gradients are wanted, or losses alone.
    pub gradient: bool,
    /// Whether held points, too, are in the gradients.
    pub released: bool,
    /// Whether the gradients of the style, and of the lowest layer's gates, are left out: 0. What does not depend on the
    /// other biases is then computed only once for a batch.
    pub only_biases: bool,
}

/// What a pass tells of one line. It depends on no other line of its batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LineResult {
    /// Its losses.
    pub losses: Losses,
    /// The gradient of its losses' sum, as the parameters are laid out; empty if none was wanted.
    pub gradient: Vec<f32>,
}

/// Losses of some lines, and their number of points: of those that are learnt from, and those that are held back.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Losses {
    /// Of what is learnt from.
    pub learnt: Loss,
    /// Points that are learnt from.
    pub points: usize,
    /// Of what is held back.
    pub held: Loss,
    /// Points that are held back.
    pub held_points: usize,
}

impl Losses {
    /// Adds those of other lines.
    pub fn add(&mut self, other: Self) {
        self.learnt += other.learnt;
        self.points += other.points;
        self.held += other.held;
        self.held_points += other.held_points;
    }

    /// What was held back is learnt from, too.
    pub fn release(&mut self) {
        self.learnt += std::mem::take(&mut self.held);
        self.points += std::mem::take(&mut self.held_points);
    }
}

impl Batch {
    /// Of some lines. Of each the last `held` of its points, a share, are held back.
    pub fn new(trainable: &Trainable, lines: &[Example], held: f32) -> Self {
        let mut places: Vec<usize> = (0..lines.len()).filter(|&line| !lines[line].points.is_empty()).collect();
        places.sort_by_key(|&line| std::cmp::Reverse(lines[line].points.len()));
        let lines: Vec<&Example> = places.iter().map(|&line| &lines[line]).collect();
        let longest = lines.first().map_or(0, |line| line.points.len());
        let mut starts = vec![0];
        let (mut inputs, mut targets, mut is_last, mut is_learnt) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for t in 0..longest {
            for line in lines.iter().take_while(|line| t < line.points.len()) {
                let length = line.points.len();
                inputs.extend(if t == 0 { [0.0; 3] } else { trainable.input(line.points[t - 1]) });
                targets.push(trainable.input(line.points[t]));
                is_last.push(t + 1 == length);
                is_learnt.push((t as f32) < length as f32 * (1.0 - held));
            }
            starts.push(targets.len());
        }
        let config = &trainable.weights.config;
        let rows = targets.len();
        let zeros = |width: usize| vec![0.0; rows * width];
        Self {
            starts,
            ids: lines.iter().map(|line| line.ids.clone()).collect(),
            places,
            inputs,
            targets,
            is_last,
            is_learnt,
            bottom: None,
            layers: config.hidden.iter().map(|_| Activations::default()).collect(),
            window: zeros(config.ids()),
            kappa: zeros(config.window),
            window_parameters: zeros(3 * config.window),
            outputs: zeros(config.outputs()),
            fixed_outputs: zeros(config.outputs()),
        }
    }

    /// Number of points.
    pub fn points(&self) -> usize {
        self.targets.len()
    }
}

impl Trainable {
    /// Unpacks a network. With `rounded`, its forward pass puts states on the engine's grids; gradients pass straight
    /// through.
    pub fn new(weights: &Arc<Weights>, rounded: bool) -> Self {
        let config = &weights.config;
        let ids = config.ids();
        let mut total = 0;
        let layers = weights.layers.iter().map(|layer| {
            let matrix = &layer.gates.weight;
            let own = matrix.columns - layer.hidden;
            total += layer.hidden;
            let mut style = vec![0.0; matrix.rows() * config.style_dim];
            if let Some(matrix) = layer.style.as_ref().filter(|_| config.style_dim > 0) {
                style.chunks_exact_mut(config.style_dim).enumerate().for_each(|(r, row)| matrix.copy_row(r, row));
            }
            Layer {
                point: Both::new(matrix, 0..3),
                window: Both::new(matrix, 3..3 + ids),
                below: Both::new(matrix, 3 + ids..own),
                own: Both::new(matrix, own..matrix.columns),
                output: Both::new(&weights.output.weight, total - layer.hidden..total),
                bias: layer.gates.bias.clone(),
                style,
            }
        });
        Self {
            weights: Arc::clone(weights),
            layout: HandLayout::new(config),
            layers: layers.collect(),
            window: weights
                .window
                .as_ref()
                .map(|dense| (Both::new(&dense.weight, 0..config.hidden[0]), dense.bias.clone())),
            floor: mixture::grid_floor(config.offset_sd),
            rounded,
        }
    }

    /// A point as the engine reads it.
    fn input(&self, point: [f32; 3]) -> [f32; 3] {
        if self.rounded { crate::engine::fixed::point(point).map(|x| x as f32 / 1024.0) } else { point }
    }

    /// The sums of all lines' losses and, if `gradient` is given, of their gradients, which are added to it: of the points
    /// that are learnt from. See [`Pass`] for `only_biases`.
    pub fn losses(
        &self,
        batch: &mut Batch,
        parameters: &[f32],
        gradient: Option<&mut [f32]>,
        only_biases: bool,
    ) -> Losses {
        let pass = Pass { gradient: gradient.is_some(), released: false, only_biases };
        let lines = self.run(batch, parameters, pass);
        let mut losses = Losses::default();
        lines.iter().for_each(|line| losses.add(line.losses));
        if let Some(sum) = gradient {
            lines.iter().for_each(|line| add_rows(&line.gradient, sum));
        }
        losses
    }

    /// Forward with these parameters, and backward if gradients are wanted: what there is to tell of each line of the
    /// batch that has points, in the order in which it was given.
    pub fn run(&self, batch: &mut Batch, parameters: &[f32], pass: Pass) -> Vec<LineResult> {
        let bottom: Vec<f32> = parameters[self.layout.style.clone()]
            .iter()
            .chain(&parameters[self.layout.gates[0].clone()])
            .copied()
            .collect();
        let has_lowest = !batch.layers[0].gates.is_empty();
        if batch.bottom.as_ref() != Some(&bottom) || !(has_lowest || pass.only_biases) {
            self.run_bottom(batch, parameters);
            batch.bottom = Some(bottom);
        }
        if pass.only_biases {
            // The way back ends above.
            batch.layers[0] = Activations::default();
        }
        for l in 1..self.layers.len() {
            let rows = batch.points();
            batch.layers[l].reserve(rows, self.weights.config.hidden[l]);
            self.run_layer(batch, l, parameters);
        }
        self.run_output(batch, parameters);
        let length = if pass.gradient { parameters.len() } else { 0 };
        let mut lines = vec![LineResult { losses: Losses::default(), gradient: vec![0.0; length] }; batch.ids.len()];
        self.judge(batch, pass, &mut lines);
        if pass.gradient {
            self.backward(batch, &mut lines, pass.only_biases);
            if !pass.only_biases {
                // Its activations have become gradients.
                batch.bottom = None;
            }
        }
        let mut results: Vec<(usize, LineResult)> = batch.places.iter().copied().zip(lines).collect();
        results.sort_by_key(|(place, _)| *place);
        results.into_iter().map(|(_, line)| line).collect()
    }

    /// Losses of each line; outputs are replaced by their gradients.
    fn judge(&self, batch: &mut Batch, pass: Pass, lines: &mut [LineResult]) {
        let config = &self.weights.config;
        let (width, mut terms) = (config.outputs(), vec![0.0; config.mixtures]);
        for now in batch.starts.windows(2).map(|pair| pair[0]..pair[1]) {
            for (n, LineResult { losses, .. }) in now.zip(lines.iter_mut()) {
                let outputs = &mut batch.outputs[n * width..(n + 1) * width];
                let target = batch.targets[n];
                let loss = mixture::loss(outputs, config.stop, target, batch.is_last[n], self.floor, &mut terms);
                if batch.is_learnt[n] {
                    losses.learnt += loss;
                    losses.points += 1;
                } else {
                    losses.held += loss;
                    losses.held_points += 1;
                    if !pass.released {
                        outputs.fill(0.0);
                    }
                }
            }
        }
    }

    /// Bias of a layer's gates with the style's part; the learnt part is only added in the lowest layer.
    fn gate_bias(&self, l: usize, parameters: &[f32]) -> Vec<f32> {
        let (layer, style) = (&self.layers[l], &parameters[self.layout.style.clone()]);
        let mut bias = layer.bias.clone();
        if !style.is_empty() {
            for (bias, row) in bias.iter_mut().zip(layer.style.chunks_exact(style.len())) {
                *bias += row.iter().zip(style).map(|(weight, style)| weight * style).sum::<f32>();
            }
        }
        if l == 0 {
            bias.iter_mut().zip(&parameters[self.layout.gates[0].clone()]).for_each(|(bias, more)| *bias += more);
        }
        bias
    }

    /// The lowest layer and the window, and what they and the points add to the layers above and to the outputs.
    fn run_bottom(&self, batch: &mut Batch, parameters: &[f32]) {
        let config = &self.weights.config;
        let (units, ids, components) = (config.hidden[0], config.ids(), config.window);
        let layer = &self.layers[0];
        let rows = batch.points();
        batch.layers[0].reserve(rows, units);
        let Batch { starts, layers, window, kappa, window_parameters, inputs, outputs: _, fixed_outputs, .. } = batch;
        let Activations { gates, cell, hidden, .. } = &mut layers[0];
        repeat(gates, &self.gate_bias(0, parameters));
        layer.point.forward.add_products(inputs, gates);
        for t in 0..starts.len() - 1 {
            let now = starts[t]..starts[t + 1];
            let before = before(starts, t);
            let sums = &mut gates[now.start * 4 * units..now.end * 4 * units];
            if t > 0 {
                layer.own.forward.add_products(&hidden[before.start * units..before.end * units], sums);
                if ids > 0 {
                    layer.window.forward.add_products(&window[before.start * ids..before.end * ids], sums);
                }
            }
            for n in now.clone() {
                let (old, cell) = old_and_new(cell, units, n, (t > 0).then(|| before.start + n - now.start));
                let old = old.map_or_else(|| vec![0.0; units], <[f32]>::to_vec);
                let gates = &mut gates[n * 4 * units..(n + 1) * 4 * units];
                lstm::forward(gates, &old, cell, &mut hidden[n * units..(n + 1) * units], self.rounded);
            }
            let Some((matrix, bias)) = &self.window else { continue };
            let rows = now.start * 3 * components..now.end * 3 * components;
            repeat(&mut window_parameters[rows.clone()], bias);
            let hidden = &hidden[now.start * units..now.end * units];
            matrix.forward.add_products(hidden, &mut window_parameters[rows]);
            for n in now.clone() {
                let (old, kappa) = old_and_new(kappa, components, n, (t > 0).then(|| before.start + n - now.start));
                let old = old.map_or_else(|| vec![0.0; components], <[f32]>::to_vec);
                window::forward(
                    &mut window_parameters[n * 3 * components..(n + 1) * 3 * components],
                    &old,
                    kappa,
                    &batch.ids[n - now.start],
                    &mut window[n * ids..(n + 1) * ids],
                    self.rounded,
                );
            }
        }
        let (lowest, above) = layers.split_at_mut(1);
        for (l, activations) in (1..).zip(above) {
            let layer = &self.layers[l];
            activations.fixed.resize(rows * 4 * config.hidden[l], 0.0);
            repeat(&mut activations.fixed, &self.gate_bias(l, parameters));
            layer.point.forward.add_products(inputs, &mut activations.fixed);
            if ids > 0 {
                layer.window.forward.add_products(window, &mut activations.fixed);
            }
            if l == 1 {
                layer.below.forward.add_products(&lowest[0].hidden, &mut activations.fixed);
            }
        }
        repeat(fixed_outputs, &self.weights.output.bias);
        layer.output.forward.add_products(&lowest[0].hidden, fixed_outputs);
    }

    /// A layer above the lowest.
    fn run_layer(&self, batch: &mut Batch, l: usize, parameters: &[f32]) {
        let (layer, units, starts) = (&self.layers[l], self.weights.config.hidden[l], &batch.starts);
        let (below, above) = batch.layers.split_at_mut(l);
        let Activations { gates, cell, hidden, fixed } = &mut above[0];
        gates.copy_from_slice(fixed);
        let bias = &parameters[self.layout.gates[l].clone()];
        gates.chunks_exact_mut(4 * units).for_each(|sums| sums.iter_mut().zip(bias).for_each(|(sum, b)| *sum += b));
        if l > 1 {
            layer.below.forward.add_products(&below[l - 1].hidden, gates);
        }
        let zeros = vec![0.0; units];
        for t in 0..starts.len() - 1 {
            let (now, before) = (starts[t]..starts[t + 1], before(starts, t));
            if t > 0 {
                let sums = &mut gates[now.start * 4 * units..now.end * 4 * units];
                layer.own.forward.add_products(&hidden[before.start * units..before.end * units], sums);
            }
            for n in now.clone() {
                let (old, cell) = old_and_new(cell, units, n, (t > 0).then(|| before.start + n - now.start));
                let gates = &mut gates[n * 4 * units..(n + 1) * 4 * units];
                let hidden = &mut hidden[n * units..(n + 1) * units];
                lstm::forward(gates, old.unwrap_or(&zeros), cell, hidden, self.rounded);
            }
        }
    }

    /// The output layer.
    fn run_output(&self, batch: &mut Batch, parameters: &[f32]) {
        let Batch { layers, outputs, fixed_outputs, .. } = batch;
        outputs.copy_from_slice(fixed_outputs);
        let bias = &parameters[self.layout.output.clone()];
        outputs.chunks_exact_mut(bias.len()).for_each(|row| row.iter_mut().zip(bias).for_each(|(y, b)| *y += b));
        for (layer, activations) in self.layers.iter().zip(layers).skip(1) {
            layer.output.forward.add_products(&activations.hidden, outputs);
        }
    }

    /// Backward through time: activations are replaced by gradients of the sums.
    fn backward(&self, batch: &mut Batch, lines: &mut [LineResult], only_biases: bool) {
        let config = &self.weights.config;
        let lowest = usize::from(only_biases);
        add_rows_by_line(&batch.outputs, &batch.starts, lines, &self.layout.output);
        let rows = batch.points();
        let mut d_window = vec![0.0; if only_biases { 0 } else { rows * config.ids() }];
        // Gradient of the hidden states of the layer at hand, from the layer above.
        let mut d_hidden = Vec::new();
        for l in (lowest..self.layers.len()).rev() {
            let (layer, units) = (&self.layers[l], config.hidden[l]);
            d_hidden.resize(rows * units, 0.0);
            layer.output.backward.add_products(&batch.outputs, &mut d_hidden);
            self.backward_layer(batch, l, &mut d_hidden, &mut d_window);
            let d_gates = &batch.layers[l].gates;
            add_rows_by_line(d_gates, &batch.starts, lines, &self.layout.gates[l]);
            if !only_biases && !layer.style.is_empty() {
                // A style adds to the gates' biases.
                for LineResult { gradient, .. } in &mut *lines {
                    let (style, above) = gradient.split_at_mut(self.layout.style.end);
                    let biases = self.layout.gates[l].start - style.len()..self.layout.gates[l].end - style.len();
                    let style = &mut style[self.layout.style.start..];
                    for (row, bias) in layer.style.chunks_exact(style.len()).zip(&above[biases]) {
                        style.iter_mut().zip(row).for_each(|(d, weight)| *d += weight * bias);
                    }
                }
            }
            d_hidden.clear();
            if l > lowest {
                d_hidden.resize(rows * config.hidden[l - 1], 0.0);
                layer.below.backward.add_products(d_gates, &mut d_hidden);
                if !d_window.is_empty() {
                    layer.window.backward.add_products(d_gates, &mut d_window);
                }
            }
        }
    }

    /// One layer. In the lowest one the window's gradients go along: `d_window`, `[N, A]`, is the gradient from the
    /// layers above.
    fn backward_layer(&self, batch: &mut Batch, l: usize, d_hidden: &mut [f32], d_window: &mut [f32]) {
        let config = &self.weights.config;
        let (units, ids, components) = (config.hidden[l], config.ids(), config.window);
        let layer = &self.layers[l];
        let Batch { starts, layers, kappa, window_parameters, .. } = batch;
        let Activations { gates, cell, .. } = &mut layers[l];
        let lines = starts.get(1).copied().unwrap_or_default();
        let mut d_cell = vec![0.0; lines * units];
        let mut d_kappa = vec![0.0; lines * components];
        let zeros = vec![0.0; units];
        for t in (0..starts.len() - 1).rev() {
            let (now, before) = (starts[t]..starts[t + 1], before(starts, t));
            if let (0, Some((matrix, _))) = (l, &self.window) {
                for n in now.clone() {
                    let line = n - now.start;
                    window::backward(
                        &mut window_parameters[n * 3 * components..(n + 1) * 3 * components],
                        &kappa[n * components..(n + 1) * components],
                        &batch.ids[line],
                        &d_window[n * ids..(n + 1) * ids],
                        &mut d_kappa[line * components..(line + 1) * components],
                    );
                }
                let d_parameters = &window_parameters[now.start * 3 * components..now.end * 3 * components];
                matrix.backward.add_products(d_parameters, &mut d_hidden[now.start * units..now.end * units]);
            }
            for n in now.clone() {
                let line = n - now.start;
                let old = before.start + line;
                lstm::backward(
                    &mut gates[n * 4 * units..(n + 1) * 4 * units],
                    if t > 0 { &cell[old * units..(old + 1) * units] } else { &zeros },
                    &cell[n * units..(n + 1) * units],
                    &d_hidden[n * units..(n + 1) * units],
                    &mut d_cell[line * units..(line + 1) * units],
                );
            }
            if t > 0 {
                let d_gates = &gates[now.start * 4 * units..now.end * 4 * units];
                layer.own.backward.add_products(d_gates, &mut d_hidden[before.start * units..before.end * units]);
                if l == 0 && ids > 0 {
                    layer.window.backward.add_products(d_gates, &mut d_window[before.start * ids..before.end * ids]);
                }
            }
        }
    }
}

/// The rows of the timestep before, of the lines that are in timestep t.
fn before(starts: &[usize], t: usize) -> Range<usize> {
    match t.checked_sub(1) {
        Some(last) => starts[last]..starts[last] + starts[t + 1] - starts[t],
        None => 0..0,
    }
}

/// A row of the timestep before, if there is one, and the row n.
fn old_and_new(values: &mut [f32], width: usize, n: usize, old: Option<usize>) -> (Option<&[f32]>, &mut [f32]) {
    let (earlier, rest) = values.split_at_mut(n * width);
    (old.map(|old| &earlier[old * width..(old + 1) * width]), &mut rest[..width])
}

/// Fills all rows with this one.
fn repeat(rows: &mut [f32], row: &[f32]) {
    rows.chunks_exact_mut(row.len().max(1)).for_each(|to| to.copy_from_slice(row));
}

/// Adds up the rows.
fn add_rows(rows: &[f32], sum: &mut [f32]) {
    for row in rows.chunks_exact(sum.len().max(1)) {
        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
}

/// Adds to a part of each line's gradient the line's rows.
fn add_rows_by_line(rows: &[f32], starts: &[usize], lines: &mut [LineResult], part: &Range<usize>) {
    for now in starts.windows(2).map(|pair| pair[0]..pair[1]) {
        for (n, LineResult { gradient, .. }) in now.zip(lines.iter_mut()) {
            add_rows(&rows[n * part.len()..(n + 1) * part.len()], &mut gradient[part.clone()]);
        }
    }
}
