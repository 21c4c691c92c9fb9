//! Descending the loss: which pass over the lines comes next, and what is made of it. Who computes the passes, and on how
//! many cores, does not change the hand.

use super::adam::Adam;
use super::network::{LineResult, Losses, Pass};
use super::{Progress, Recipe};
use crate::error::{Error, Result};
use crate::model::{Hand, HandLayout, Weights};

/// By how much, in nats a point, the loss of held points may be above the least one: it is not the same from step to step
/// even where nothing is wrong.
pub(super) const TOLERANCE: f64 = 0.02;

/// The parameters of a hand, and how they get better.
#[derive(Debug)]
pub struct Descent {
    layout: HandLayout,
    /// Fingerprint of the weights.
    weights: u64,
    recipe: Recipe,
    pub(super) parameters: Vec<f32>,
    adam: Adam,
    step: usize,
    /// The parameters that [`Descent::finish`] goes back to, and their loss of held points, per point.
    best: Option<(f64, Vec<f32>)>,
    /// Whether all steps are done, or no more can be.
    is_done: bool,
    /// Rows of the output layer whose biases are not learnt: those that are pinned (`train/network/pin_zero_offsets.py`),
    /// and those of standard deviations and correlations. How much people vary is the neatness' affair, and of a few lines
    /// it is learnt by heart.
    fixed: Vec<usize>,
}

impl Descent {
    /// From no hand.
    pub fn new(weights: &Weights, recipe: Recipe) -> Self {
        let output = &weights.output.weight;
        let is_pinned = |row: &usize| output.row(*row).iter().all(|weight| *weight == 0);
        let layout = HandLayout::new(&weights.config);
        // The pen, then by component: weights, means [2], standard deviations [2], correlations.
        let components = weights.config.mixtures;
        let spread = 1 + 3 * components..1 + 6 * components;
        Self {
            parameters: vec![0.0; layout.count()],
            layout,
            weights: weights.fingerprint,
            recipe,
            adam: Adam::default(),
            step: 0,
            best: None,
            is_done: false,
            fixed: (0..output.rows()).filter(|row| spread.contains(row) || is_pinned(row)).collect(),
        }
    }

    /// Steps in all.
    pub fn steps(&self) -> usize {
        self.recipe.style_steps + self.recipe.bias_steps
    }

    /// Steps after which the held points are learnt from, too.
    fn watched_steps(&self) -> usize {
        self.recipe.style_steps + self.recipe.bias_steps / 2
    }

    /// The parameters that the next pass is about.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// The pass over all lines that comes next; `None` when all is done.
    pub fn wanted(&self) -> Option<Pass> {
        (!self.is_done).then(|| Pass {
            gradient: self.step < self.steps(),
            released: self.step >= self.watched_steps(),
            only_biases: self.step >= self.recipe.style_steps,
        })
    }

    /// Takes what the wanted pass told of each line, always in the same order, and goes one step down; `None` when all are
    /// done. It ends earlier, with the best hand until then, if a gradient is not finite, or if the held points fit clearly
    /// worse than before: the others are then learnt by heart.
    ///
    /// # Errors
    /// [`Error::Learning`] if the first gradient is not finite.
    pub fn take(&mut self, lines: &[LineResult]) -> Result<Option<Progress>> {
        let Some(pass) = self.wanted() else { return Ok(None) };
        let mut losses = Losses::default();
        lines.iter().for_each(|line| losses.add(line.losses));
        if self.step == self.watched_steps() {
            if self.step > 0 && !self.compare(losses) {
                self.finish();
                return Ok(None);
            }
            // It holds beyond what was learnt from: the rest is learnt from all there is.
            self.best = None;
        }
        if pass.released {
            losses.release();
        }
        let mut gradient = vec![0.0; self.parameters.len()];
        for line in lines {
            gradient.iter_mut().zip(&line.gradient).for_each(|(sum, value)| *sum += value);
        }
        let points = losses.points.max(1) as f32;
        gradient.iter_mut().for_each(|value| *value /= points);
        let Recipe { style_steps, style_rate, style_prior, bias_rate, .. } = self.recipe;
        let learnt = if pass.only_biases {
            for &row in &self.fixed {
                gradient[self.layout.output.start + row] = 0.0;
            }
            self.layout.gates.get(1).map_or(self.layout.output.start, |gates| gates.start)..self.layout.output.end
        } else {
            let style = self.layout.style.clone();
            let values = gradient[style.clone()].iter_mut().zip(&self.parameters[style.clone()]);
            values.for_each(|(d, s)| *d += style_prior * s);
            style
        };
        let is_finite = is_finite_loss(losses) && gradient[learnt.clone()].iter().all(|value| value.is_finite());
        if !is_finite && self.step == 0 {
            return Err(Error::Learning("the ink leads to numbers without end".into()));
        }
        if is_finite {
            self.compare(losses);
        }
        if !is_finite || !pass.gradient {
            self.finish();
            return Ok(None);
        }
        if self.step == style_steps {
            self.adam = Adam::default();
        }
        let turn = self.step as f32 / style_steps.max(1) as f32 * std::f32::consts::PI;
        let rate = if pass.only_biases { bias_rate } else { style_rate * 0.5 * (1.0 + libm::cosf(turn)) };
        self.adam.step(&mut self.parameters[learnt.clone()], &gradient[learnt], rate);
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

    /// What has been learnt so far.
    pub fn hand(&self) -> Hand {
        Hand::new(self.weights, &self.parameters)
    }
}

fn is_finite_loss(losses: Losses) -> bool {
    [losses.learnt.point, losses.learnt.stop, losses.held.point, losses.held.stop].iter().all(|loss| loss.is_finite())
}
