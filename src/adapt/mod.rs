//! Learns someone's hand from some lines of their ink: gradient descent on biases of the network, on this machine.
//!
//! The weights stay as they are. What is learnt is what a [`Hand`] holds: a style vector, and what is added to the
//! biases of the gates above the window, and of the output layer: some 2,000 numbers, which cost nothing when writing
//! (`docs/how-it-works.md`). The loss is the trainer's: log-loss on the grid plus stop loss, per point.
//!
//! One file for each kernel: [`lstm`], [`window`] and [`mixture`] are the steps of a line, forward and backward;
//! [`products`] the products of matrices with the vectors of all lines; [`adam`] the descent; [`network`] calls them in
//! order, and [`descent`] says when, and makes a hand of what they tell. All in `f32`, from sums and products in a fixed
//! order, so that the same ink gives the same hand everywhere, on however many cores.

pub mod adam;
pub mod descent;
pub mod lstm;
pub mod math;
pub mod mixture;
pub mod network;
pub mod products;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
pub mod window;

pub use descent::Descent;
pub use mixture::Loss;
pub use network::{Batch, Example, LineResult, Losses, Pass, Trainable};

use crate::error::{Error, Result};
use crate::model::{Hand, Weights};
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
    /// How much of a hand of so many lines is used, unless it is said: all of it fits the ink that it was learnt from a
    /// little too well, and the more so the less ink there was.
    pub fn strength(lines: usize) -> f32 {
        if lines > 2 { 0.8 } else { 0.7 }
    }

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

/// The lines that each of at most so many workers takes, by their lengths in points: shares of about equal length, none
/// empty.
pub fn shares(lengths: &[usize], workers: usize) -> Vec<Vec<usize>> {
    let mut lines: Vec<usize> = (0..lengths.len()).collect();
    // The longest line goes where least is.
    lines.sort_by_key(|&line| std::cmp::Reverse(lengths[line]));
    let mut shares = vec![Vec::new(); workers.clamp(1, lines.len().max(1))];
    let length = |share: &Vec<usize>| share.iter().map(|&line| lengths[line]).sum::<usize>();
    for line in lines {
        if let Some(share) = shares.iter_mut().min_by_key(|share| length(share)) {
            share.push(line);
        }
    }
    shares
}

/// Learns a hand, step by step.
#[derive(Debug)]
pub struct Learner {
    trainable: Trainable,
    /// Each is computed on a core of its own.
    shares: Vec<Share>,
    descent: Descent,
}

/// Lines, by their numbers, that are computed together.
#[derive(Debug)]
struct Share {
    lines: Vec<usize>,
    batch: Batch,
}

impl Learner {
    /// Gets ready to learn from these lines, on at most so many threads. The hand is the same, whatever their number.
    ///
    /// # Errors
    /// [`Error::Learning`] without a line that has points, and for ids that the network does not know.
    pub fn new(weights: &Arc<Weights>, lines: &[Example], recipe: Recipe, threads: usize) -> Result<Self> {
        check(weights, lines)?;
        let lines: Vec<&Example> = lines.iter().filter(|line| !line.points.is_empty()).collect();
        let trainable = Trainable::new(weights, recipe.rounded);
        let lengths: Vec<usize> = lines.iter().map(|line| line.points.len()).collect();
        let shares = shares(&lengths, threads).into_iter().map(|share| {
            let own: Vec<Example> = share.iter().map(|&line| lines[line].clone()).collect();
            Share { batch: Batch::new(&trainable, &own, recipe.held), lines: share }
        });
        Ok(Self { shares: shares.collect(), trainable, descent: Descent::new(weights, recipe) })
    }

    /// Steps in all.
    pub fn steps(&self) -> usize {
        self.descent.steps()
    }

    /// Goes one step down; `None` when all are done, or earlier: see [`Descent::take`].
    ///
    /// # Errors
    /// As [`Descent::take`].
    pub fn step(&mut self) -> Result<Option<Progress>> {
        let Self { trainable, shares, descent } = self;
        let Some(pass) = descent.wanted() else { return Ok(None) };
        let parameters = descent.parameters();
        let results = in_parallel(shares, |Share { lines, batch }| {
            lines.iter().copied().zip(trainable.run(batch, parameters, pass)).collect::<Vec<_>>()
        });
        let mut results = results.concat();
        results.sort_by_key(|(line, _)| *line);
        let results: Vec<LineResult> = results.into_iter().map(|(_, result)| result).collect();
        descent.take(&results)
    }

    /// Ends the learning: its hand is the best.
    pub fn finish(&mut self) {
        self.descent.finish();
    }

    /// What has been learnt so far.
    pub fn hand(&self) -> Hand {
        self.descent.hand()
    }
}

/// Whether a network can learn from these lines.
///
/// # Errors
/// [`Error::Learning`] without a line that has points, and for ids that the network does not know.
pub fn check(weights: &Weights, lines: &[Example]) -> Result<()> {
    let ids = weights.config.ids();
    let is_usable = |line: &Example| {
        (ids == 0 || !line.ids.is_empty())
            && line.ids.iter().all(|&id| (id as usize) < ids)
            && line.points.iter().flatten().all(|value| value.is_finite())
    };
    if let Some(number) = lines.iter().position(|line| !is_usable(line)) {
        return Err(Error::Learning(format!("line {} has ink or characters that the network cannot read", number + 1)));
    }
    if lines.iter().all(|line| line.points.is_empty()) {
        return Err(Error::Learning("there is no ink to learn from".into()));
    }
    Ok(())
}

/// Does `work` on each share, each on a thread of its own; the last one here.
#[cfg(not(target_arch = "wasm32"))]
fn in_parallel<R: Send>(shares: &mut [Share], work: impl Fn(&mut Share) -> R + Sync) -> Vec<R> {
    let Some((own, others)) = shares.split_last_mut() else { return Vec::new() };
    std::thread::scope(|scope| {
        let others: Vec<_> = others.iter_mut().map(|share| scope.spawn(|| work(share))).collect();
        let own = work(own);
        let join = |thread: std::thread::ScopedJoinHandle<'_, R>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        others.into_iter().map(join).chain([own]).collect::<Vec<_>>()
    })
}

/// Does `work` on each share, here.
#[cfg(target_arch = "wasm32")]
fn in_parallel<R>(shares: &mut [Share], work: impl Fn(&mut Share) -> R) -> Vec<R> {
    shares.iter_mut().map(work).collect()
}
