//! Learns someone's hand from some lines of their ink: gradient descent on biases of the network, on this machine.
//!
//! The weights stay as they are. What is learnt is what a [`Hand`] holds: a style vector, and what is added to the
//! biases of the gates above the window, and of the output layer: some 2,000 numbers, which cost nothing when writing
//! (`docs/how-it-works.md`). The loss is the trainer's: log-loss on the grid plus stop loss, per point.
//!
//! One file for each kernel: [`lstm`], [`window`] and [`mixture`] are the steps of a line, forward and backward;
//! [`products`] the products of matrices with the vectors of all lines; [`adam`] the descent; [`network`] calls them in
//! order. All in `f32`, from sums and products in a fixed order, so that the same ink gives the same hand everywhere.

pub mod adam;
pub mod lstm;
pub mod math;
pub mod mixture;
pub mod network;
pub mod products;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
pub mod window;

pub use network::{Batch, Example, Losses, Trainable};

use crate::error::{Error, Result};
use crate::model::{Hand, Weights};
use adam::Adam;
use std::sync::Arc;

/// How a hand is learnt.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Recipe {
    /// Steps in which the style vector is learnt, before the biases; 0 for none.
    pub style_steps: usize,
    /// Adam's rate of these, at first; it falls to 0 as a cosine does.
    pub style_rate: f32,
    /// How strongly the style is drawn to none.
    pub style_prior: f32,
    /// Steps in which biases are learnt.
    pub bias_steps: usize,
    /// Adam's rate of these.
    pub bias_rate: f32,
    /// Share of each line, at its end, that is not learnt from: it shows whether what is learnt holds beyond the rest.
    pub held: f32,
    /// Whether the forward pass puts states on the engine's grids.
    pub rounded: bool,
}

setters!(Recipe {
    with_style_steps => style_steps: usize,
    with_style_rate => style_rate: f32,
    with_style_prior => style_prior: f32,
    with_bias_steps => bias_steps: usize,
    with_bias_rate => bias_rate: f32,
    with_held => held: f32,
    with_rounded => rounded: bool,
});

impl Recipe {
    /// How much of a hand is used, unless it is said: all of it fits the ink that it was learnt from a little too well.
    pub const STRENGTH: f32 = 0.7;

    /// For so many lines: chosen on writers whom the network never saw (`train/evaluate_hands.py`).
    pub fn for_lines(lines: usize) -> Self {
        Self {
            style_steps: 0,
            style_rate: 0.2,
            style_prior: 0.01,
            bias_steps: 24,
            bias_rate: if lines > 1 { 1.2e-2 } else { 1e-2 },
            // One line has too little to keep any back.
            held: if lines > 1 { 0.1 } else { 0.0 },
            rounded: false,
        }
    }
}

/// By how much, in nats a point, the loss of held points may be above the least one: it is not the same from step to step
/// even where nothing is wrong.
const TOLERANCE: f64 = 0.02;

/// How far the learning is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Steps done, and of how many.
    pub step: usize,
    /// See `step`.
    pub steps: usize,
    /// Losses before the step.
    pub losses: Losses,
}

/// Learns a hand, step by step.
#[derive(Debug)]
pub struct Learner {
    trainable: Trainable,
    recipe: Recipe,
    /// Each is computed on a core of its own.
    batches: Vec<Batch>,
    parameters: Vec<f32>,
    gradient: Vec<f32>,
    adam: Adam,
    step: usize,
    /// The parameters that [`Learner::hand`] goes back to at the end, and their loss of held points, per point.
    best: Option<(f64, Vec<f32>)>,
    /// Whether all steps are done, or no more can be.
    is_done: bool,
    /// Rows of the output layer that are pinned, see `train/network/pin_zero_offsets.py`.
    pinned: Vec<usize>,
}

impl Learner {
    /// Gets ready to learn from these lines, on at most so many threads.
    ///
    /// # Errors
    /// [`Error::Learning`] without a line that has points, and for ids that the network does not know.
    pub fn new(weights: &Arc<Weights>, lines: &[Example], recipe: Recipe, threads: usize) -> Result<Self> {
        let ids = weights.config.ids();
        let is_usable = |line: &Example| {
            (ids == 0 || !line.ids.is_empty())
                && line.ids.iter().all(|&id| (id as usize) < ids)
                && line.points.iter().flatten().all(|value| value.is_finite())
        };
        if let Some(number) = lines.iter().position(|line| !is_usable(line)) {
            return Err(Error::Learning(format!(
                "line {} has ink or characters that the network cannot read",
                number + 1
            )));
        }
        let mut lines: Vec<&Example> = lines.iter().filter(|line| !line.points.is_empty()).collect();
        if lines.is_empty() {
            return Err(Error::Learning("there is no ink to learn from".into()));
        }
        let trainable = Trainable::new(weights, recipe.rounded);
        // Shares of about equal length: the longest line goes where least is.
        lines.sort_by_key(|line| std::cmp::Reverse(line.points.len()));
        let mut shares = vec![Vec::new(); threads.clamp(1, lines.len())];
        let length = |share: &Vec<Example>| share.iter().map(|line| line.points.len()).sum::<usize>();
        for line in lines {
            if let Some(share) = shares.iter_mut().min_by_key(|share| length(share)) {
                share.push(line.clone());
            }
        }
        let output = &weights.output.weight;
        let is_pinned = |row: &usize| output.row(*row).iter().all(|weight| *weight == 0);
        let parameters = vec![0.0; trainable.layout.count()];
        Ok(Self {
            batches: shares.iter().map(|share| Batch::new(&trainable, share, recipe.held)).collect(),
            pinned: (0..output.rows()).filter(is_pinned).collect(),
            gradient: parameters.clone(),
            parameters,
            trainable,
            recipe,
            adam: Adam::default(),
            step: 0,
            best: None,
            is_done: false,
        })
    }

    /// Steps in all.
    pub fn steps(&self) -> usize {
        self.recipe.style_steps + self.recipe.bias_steps
    }

    /// Steps after which the held points are learnt from, too.
    fn watched_steps(&self) -> usize {
        self.recipe.style_steps + self.recipe.bias_steps / 2
    }

    /// Goes one step down; `None` when all are done. It ends earlier, with the best hand until then, if a gradient is not
    /// finite, or if the held points fit clearly worse than before: the others are then learnt by heart.
    ///
    /// # Errors
    /// [`Error::Learning`] if the first gradient is not finite.
    pub fn step(&mut self) -> Result<Option<Progress>> {
        let (step, Recipe { style_steps, style_rate, style_prior, bias_rate, .. }) = (self.step, self.recipe);
        if self.is_done {
            return Ok(None);
        }
        if step == self.watched_steps() {
            let losses = self.losses();
            if !self.compare(losses) {
                self.finish();
                return Ok(None);
            }
            // It holds beyond what was learnt from: the rest is learnt from all there is.
            self.batches.iter_mut().for_each(Batch::release);
            self.best = None;
        }
        if step >= self.steps() {
            let losses = self.losses();
            self.compare(losses);
            self.finish();
            return Ok(None);
        }
        let learns_style = step < style_steps;
        let losses = self.compute_gradient(!learns_style);
        let points = losses.points.max(1) as f32;
        self.gradient.iter_mut().for_each(|value| *value /= points);
        let layout = &self.trainable.layout;
        let learnt = if learns_style {
            let style = layout.style.clone();
            self.gradient[style.clone()]
                .iter_mut()
                .zip(&self.parameters[style.clone()])
                .for_each(|(d, s)| *d += style_prior * s);
            style
        } else {
            for &row in &self.pinned {
                self.gradient[layout.output.start + row] = 0.0;
            }
            layout.gates.get(1).map_or(layout.output.start, |gates| gates.start)..layout.output.end
        };
        let is_finite = self.gradient[learnt.clone()].iter().all(|value| value.is_finite());
        if !(is_finite && is_finite_loss(losses)) {
            if self.best.is_none() {
                return Err(Error::Learning("the ink leads to numbers without end".into()));
            }
            self.finish();
            return Ok(None);
        }
        self.compare(losses);
        if step == style_steps {
            self.adam = Adam::default();
        }
        let turn = step as f32 / style_steps.max(1) as f32 * std::f32::consts::PI;
        let rate = if learns_style { style_rate * 0.5 * (1.0 + libm::cosf(turn)) } else { bias_rate };
        self.adam.step(&mut self.parameters[learnt.clone()], &self.gradient[learnt], rate);
        self.step += 1;
        Ok(Some(Progress { step: self.step, steps: self.steps(), losses }))
    }

    /// Keeps the parameters, which have these losses, unless earlier ones had a clearly lower one of the held points;
    /// returns whether it did.
    fn compare(&mut self, losses: Losses) -> bool {
        let held = (losses.held.point + losses.held.stop) / losses.held_points.max(1) as f64;
        if !is_finite_loss(losses) {
            return false;
        }
        match &mut self.best {
            Some((least, _)) if held > *least + TOLERANCE => return false,
            Some((least, best)) => {
                *least = least.min(held);
                best.copy_from_slice(&self.parameters);
            }
            none => *none = Some((held, self.parameters.clone())),
        }
        true
    }

    /// Ends the learning: its hand is the best.
    pub fn finish(&mut self) {
        self.is_done = true;
        if let Some((_, best)) = self.best.take() {
            self.parameters = best;
        }
    }

    /// The losses of all lines.
    fn losses(&mut self) -> Losses {
        let Self { trainable, batches, parameters, .. } = self;
        let parts = in_parallel(batches, |batch| trainable.losses(batch, parameters, None, true));
        parts.into_iter().fold(Losses::default(), |mut all, losses| {
            all.add(losses);
            all
        })
    }

    /// The gradient of all lines, and their losses.
    fn compute_gradient(&mut self, only_biases: bool) -> Losses {
        let Self { trainable, batches, parameters, gradient, .. } = self;
        let results = in_parallel(batches, |batch| {
            let mut gradient = vec![0.0; parameters.len()];
            let losses = trainable.losses(batch, parameters, Some(&mut gradient), only_biases);
            (gradient, losses)
        });
        gradient.fill(0.0);
        let mut all = Losses::default();
        for (part, losses) in results {
            gradient.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
            all.add(losses);
        }
        all
    }

    /// What has been learnt so far.
    pub fn hand(&self) -> Hand {
        Hand::new(self.trainable.weights.fingerprint, &self.parameters)
    }
}

fn is_finite_loss(losses: Losses) -> bool {
    [losses.learnt.point, losses.learnt.stop, losses.held.point, losses.held.stop].iter().all(|loss| loss.is_finite())
}

/// Does `work` on each batch, each on a thread of its own; the last one here.
#[cfg(not(target_arch = "wasm32"))]
fn in_parallel<R: Send>(batches: &mut [Batch], work: impl Fn(&mut Batch) -> R + Sync) -> Vec<R> {
    let Some((own, others)) = batches.split_last_mut() else { return Vec::new() };
    std::thread::scope(|scope| {
        let others: Vec<_> = others.iter_mut().map(|batch| scope.spawn(|| work(batch))).collect();
        let own = work(own);
        let join = |thread: std::thread::ScopedJoinHandle<'_, R>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        others.into_iter().map(join).chain([own]).collect::<Vec<_>>()
    })
}

#[cfg(target_arch = "wasm32")]
fn in_parallel<R>(batches: &mut [Batch], work: impl Fn(&mut Batch) -> R) -> Vec<R> {
    batches.iter_mut().map(work).collect()
}
