//! The network on the CPU: reference for the shaders, engine where there is no GPU, and the place to
//! read how one timestep works.
//!
//! [`lstm`], [`window`] and [`mixture`] are the twins of `shaders/lstm.wgsl`, `window.wgsl` and
//! `mixture.wgsl`: the same loops over the same arrays. `State::step` puts them together:
//!
//! 1. layer 0 reads the last point, the last window and its own last hidden state;
//! 2. its new hidden state moves the window over the text;
//! 3. each layer above reads the point, the *new* window and the layer below;
//! 4. all hidden states together give the mixture, from which the next point is drawn.
//!
//! Buffers are made in [`CpuEngine::open`]; a timestep allocates nothing.

#![expect(clippy::needless_range_loop, reason = "keeps the loops comparable to the shaders")]

pub mod lstm;
pub mod mixture;
pub mod simd;
pub mod window;

use crate::engine::{IN_FLIGHT, Line, Noise, Step};
use crate::error::{Error, Result};
use crate::model::Weights;
use crate::style;
use std::collections::VecDeque;
use std::sync::Arc;

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
    /// Scratch: input vector of a layer, window sums, all hidden states.
    joined: Vec<f32>,
    sums: Vec<f32>,
}

impl State {
    /// All zeros, before the first timestep of `line`.
    pub fn new(weights: &Weights, line: &Line) -> Self {
        let config = &weights.config;
        let widest = (0..config.hidden.len()).map(|l| config.columns(l)).max().unwrap_or(0);
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
            sums: vec![0.0; 3 * config.window],
        }
    }

    /// Everything of a timestep up to the output layer: reads `point`, leaves `output`.
    pub fn advance(&mut self, weights: &Weights) {
        for l in 0..weights.layers.len() {
            let layer = &weights.layers[l];
            // Input of the layer: [point | window | hidden below | own hidden].
            let mut end = 0;
            let mut join = |part: &[f32]| {
                self.joined[end..end + part.len()].copy_from_slice(part);
                end += part.len();
            };
            join(&self.point);
            join(&self.window);
            if l > 0 {
                join(&self.hidden[l - 1]);
            }
            join(&self.hidden[l]);
            lstm::step(&layer.gates, &self.bias[l], &self.joined[..end], &mut self.cell[l], &mut self.hidden[l]);

            if let (0, Some(dense)) = (l, &weights.window) {
                window::sums(dense, &self.hidden[0], &mut self.sums);
                window::step(&mut self.sums, &self.line.ids, &mut self.kappa, &mut self.phi, &mut self.window);
                self.position = window::position(&self.phi, self.position);
            }
        }
        let mut end = 0;
        for hidden in &self.hidden {
            self.joined[end..end + hidden.len()].copy_from_slice(hidden);
            end += hidden.len();
        }
        mixture::output(&weights.output, &self.joined[..end], &mut self.output);
    }

    /// One timestep: [`State::advance`], then a point drawn with `noise`, which is the next input.
    pub fn step(&mut self, weights: &Weights, noise: &Noise) -> Step {
        self.advance(weights);
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

/// The engine: a batch of [`State`]s and the chunks that wait.
#[derive(Debug, Default)]
pub struct CpuEngine {
    weights: Option<Arc<Weights>>,
    lines: Vec<State>,
    waiting: VecDeque<(usize, Vec<Noise>)>,
}

impl CpuEngine {
    /// An engine with nothing to write yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// "CPU · SIMD" or "CPU".
    pub fn label(&self) -> String {
        if simd::VECTORS { "CPU · SIMD".into() } else { "CPU".into() }
    }

    /// See [`crate::engine::Engine::open`].
    ///
    /// # Errors
    /// [`Error::Sequence`] if a line does not fit the network.
    pub fn open(&mut self, weights: &Arc<Weights>, lines: &[Line]) -> Result<()> {
        for line in lines {
            check(weights, line)?;
        }
        self.waiting.clear();
        self.lines = lines
            .iter()
            .map(|line| {
                let mut state = State::new(weights, line);
                state.read(weights, &line.prefix);
                state
            })
            .collect();
        self.weights = Some(Arc::clone(weights));
        Ok(())
    }

    /// See [`crate::engine::Engine::submit`]. The work is done in [`CpuEngine::collect`].
    ///
    /// # Errors
    /// [`Error::Sequence`].
    pub fn submit(&mut self, steps: usize, noise: &[Noise]) -> Result<()> {
        if noise.len() != steps * self.lines.len() {
            return Err(Error::Sequence(format!(
                "{} noise values for {} lines of {steps} timesteps",
                noise.len(),
                self.lines.len()
            )));
        }
        if self.waiting.len() >= IN_FLIGHT {
            return Err(Error::Sequence(format!(
                "more than {IN_FLIGHT} chunks in flight, submitted and not collected"
            )));
        }
        self.waiting.push_back((steps, noise.to_vec()));
        Ok(())
    }

    /// See [`crate::engine::Engine::collect`].
    ///
    /// # Errors
    /// [`Error::Sequence`] if nothing was submitted.
    pub fn collect(&mut self) -> Result<Vec<Step>> {
        let nothing = || Error::Sequence("a chunk was collected that was never submitted".into());
        let (steps, noise) = self.waiting.pop_front().ok_or_else(nothing)?;
        let weights = self.weights.as_ref().ok_or_else(nothing)?;
        let mut result = vec![Step::default(); noise.len()];
        // Lines inside timesteps: the lines of a batch share each timestep's weights in the cache.
        for t in 0..steps {
            for (line, state) in self.lines.iter_mut().enumerate() {
                result[line * steps + t] = state.step(weights, &noise[line * steps + t]);
            }
        }
        Ok(result)
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::model::Kind;
    use crate::testing;

    fn synthesis() -> Arc<Weights> {
        Arc::new(testing::weights(&testing::config(Kind::Synthesis, &[9, 8, 7], 3), 2))
    }

    fn lines() -> Vec<Line> {
        let line = Line { ids: vec![3, 1, 4, 0], temperature: 1.0, ..Line::default() };
        vec![
            line.clone(),
            Line { ids: vec![5, 9, 2, 6, 5, 3, 0], style: vec![0.4, -1.0, 0.2], bias: 1.0, ..line.clone() },
            Line { ids: vec![0], temperature: 1.7, ..line },
        ]
    }

    fn run(weights: &Arc<Weights>, lines: &[Line], chunks: &[usize], noise: &[Vec<Noise>]) -> Vec<Vec<Step>> {
        let mut engine = CpuEngine::new();
        engine.open(weights, lines).unwrap();
        let mut all = vec![Vec::new(); lines.len()];
        let mut at = 0;
        for &steps in chunks {
            let noise: Vec<Noise> = noise.iter().flat_map(|n| n[at..at + steps].to_vec()).collect();
            engine.submit(steps, &noise).unwrap();
            for (line, steps) in engine.collect().unwrap().chunks_exact(steps).enumerate() {
                all[line].extend_from_slice(steps);
            }
            at += steps;
        }
        all
    }

    fn noise(lines: usize, steps: usize) -> Vec<Vec<Noise>> {
        testing::noise(4, lines, steps).chunks_exact(steps).map(<[Noise]>::to_vec).collect()
    }

    #[test]
    fn a_batch_writes_what_its_lines_write_alone_bit_for_bit_in_chunks_of_any_size() {
        let (weights, lines, noise) = (synthesis(), lines(), noise(3, 60));
        let batch = run(&weights, &lines, &[1, 7, 32, 20], &noise);
        for l in 0..3 {
            assert_eq!(run(&weights, &lines[l..=l], &[60], &noise[l..=l])[0], batch[l], "line {l}");
        }
        assert_ne!(batch[0], batch[1]);
    }

    #[test]
    fn a_line_reopened_with_its_points_goes_on_as_if_nothing_had_happened() {
        let (weights, mut lines, noise) = (synthesis(), lines(), noise(3, 50));
        let whole = run(&weights, &lines, &[50], &noise);
        for (line, steps) in lines.iter_mut().zip(&whole) {
            line.prefix = steps[..21].iter().map(|s| [s.dx, s.dy, s.pen]).collect();
        }
        let rest: Vec<Vec<Noise>> = noise.iter().map(|n| n[21..].to_vec()).collect();
        let resumed = run(&weights, &lines, &[29], &rest);
        for l in 0..3 {
            assert_eq!(resumed[l], whole[l][21..], "line {l}");
        }
    }

    #[test]
    fn the_window_moves_over_the_text_and_never_back() {
        let (weights, lines, noise) = (synthesis(), lines(), noise(3, 60));
        for (line, steps) in lines.iter().zip(run(&weights, &lines, &[60], &noise)) {
            assert!(steps.windows(2).all(|s| s[1].kappa > s[0].kappa));
            assert_eq!(steps[59].position as usize, line.ids.len() - 1, "the end mark");
        }
    }

    #[test]
    fn a_prediction_network_of_one_layer_and_one_component_runs() {
        let weights = Arc::new(testing::weights(&testing::config(Kind::Prediction, &[5], 1), 2));
        let steps = run(&weights, &[Line { temperature: 1.0, ..Line::default() }], &[30], &noise(1, 30));
        assert!(steps[0].iter().all(|s| s.dx.is_finite() && (s.position, s.kappa, s.stop) == (0.0, 0.0, 0.0)));
    }

    #[test]
    fn reopening_forgets_what_was_under_way() {
        let (weights, lines, noise) = (synthesis(), lines(), noise(3, 10));
        let flat: Vec<Noise> = noise.concat();
        let mut engine = CpuEngine::new();
        engine.open(&weights, &lines).unwrap();
        engine.submit(10, &flat).unwrap();
        engine.open(&weights, &lines).unwrap();
        assert!(matches!(engine.collect(), Err(Error::Sequence(_))));
        engine.submit(10, &flat).unwrap();
        let steps = engine.collect().unwrap();
        assert_eq!(steps[..10], run(&weights, &lines, &[10], &noise)[0]);
    }

    #[test]
    fn misuse_is_an_error_and_never_a_panic() {
        let (weights, line) = (synthesis(), &lines()[0]);
        let mut engine = CpuEngine::new();
        let wrong = |r: Result<()>, part: &str| {
            let message = r.unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        };
        wrong(engine.submit(1, &[[0.0; 4]]), "0 lines");
        wrong(engine.open(&weights, &[Line { ids: vec![99, 0], ..line.clone() }]), "character id 99");
        wrong(engine.open(&weights, &[Line { ids: vec![], ..line.clone() }]), "end mark");
        wrong(engine.open(&weights, &[Line { style: vec![1.0], ..line.clone() }]), "style vector of 1");
        engine.open(&weights, std::slice::from_ref(line)).unwrap();
        wrong(engine.submit(2, &[[0.0; 4]; 3]), "3 noise values for 1 lines of 2");
        for _ in 0..IN_FLIGHT {
            engine.submit(1, &[[0.0; 4]]).unwrap();
        }
        wrong(engine.submit(1, &[[0.0; 4]]), "in flight");
    }
}
