//! Whether ink says what it is meant to say: the network reads it with the text.

use super::{Advice, Points};
use crate::engine::Line;
use crate::engine::cpu::{Network, State, mixture};
use crate::model::Weights;
use crate::text::alphabet::{END, Encoded};
use std::sync::Arc;

/// How much likelier, in nats per character, ink has to be with its text than with that text backwards. Of 80
/// validation lines 77 were at 2.4 or above (median 6.2), and of 80 with another line's text 77 below 2.2 (median −0.1).
const LIKELIER: f32 = 2.3;

/// How a network reads ink with a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The character under the window's maximum, at each point.
    pub positions: Vec<usize>,
    /// Log of the density of all points and pen lifts, in nats.
    pub log_density: f32,
}

/// Most points that are read behind the text: two characters' time. Of 80 lines none had more than 20; with the
/// last third of the text left out all had 57 or more.
const BEHIND: usize = 25;
/// Least share of the text that the window comes over: of 80 validation lines 76 had 0.96 or more; without the
/// last third of the ink none had more than 0.75.
const SEEN: f32 = 0.82;

/// Reads points (see [`Points`]; the first is where the pen begins) with a text's ids.
pub fn reading(network: &Network, ids: &[u32], points: &[[f32; 3]]) -> Reading {
    let config = &network.weights.config;
    let line = Line { ids: ids.to_vec(), temperature: 1.0, ..Line::default() };
    let mut state = State::new(network, &line);
    let mut reading = Reading { positions: Vec::with_capacity(points.len()), log_density: 0.0 };
    for pair in points.windows(2) {
        let normal = |axis: usize| (pair[1][axis] - pair[0][axis] - config.offset_mean[axis]) / config.offset_sd[axis];
        let (dx, dy, pen) = (normal(0), normal(1), pair[1][2]);
        state.advance(network);
        let logit = if pen > 0.5 { -state.output[0] } else { state.output[0] };
        let log_pen = -(-logit).exp().ln_1p();
        reading.log_density +=
            mixture::log_density(&state.output, config.mixtures, dx, dy).max(-30.0) + log_pen.max(-30.0);
        reading.positions.push(state.position);
        state.point = [dx, dy, pen];
    }
    reading
}

/// Whether points say the text of these ids, as far as the network can tell.
///
/// # Errors
/// [`Advice::OtherText`], [`Advice::Unfinished`] or [`Advice::GoesOn`].
pub fn says(weights: &Arc<Weights>, text: &Encoded, points: &Points) -> Result<(), Advice> {
    let network = Network::of(weights);
    let as_told = reading(&network, &text.ids, points);
    let backwards: Vec<u32> = text.ids.iter().rev().copied().filter(|&id| id != END).chain([END]).collect();
    let other = reading(&network, &backwards, points);
    let end = text.ids.len() - 1;
    let past = as_told.positions.iter().filter(|&&position| position >= end).count();
    let last = as_told.positions.last().copied().unwrap_or_default();
    let characters = text.ids.len() as f32 - 1.0;
    if (as_told.log_density - other.log_density) / characters < LIKELIER {
        return Err(Advice::OtherText);
    }
    if past > BEHIND {
        return Err(Advice::GoesOn);
    }
    if (last as f32 + 1.0) / characters < SEEN {
        return Err(Advice::Unfinished);
    }
    Ok(())
}
