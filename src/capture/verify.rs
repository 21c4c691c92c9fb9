//! Verifies that ink is writing of its text: the network reads it with the text, and with the text backwards.

use super::{Advice, Points};
use crate::engine::Line;
use crate::engine::cpu::{Network, State, mixture};
use crate::engine::fixed;
use crate::model::Weights;
use crate::text::alphabet::{END, Encoded};
use std::sync::Arc;

/// Smallest log-likelihood ratio, in nats per character, of ink with its text to ink with that text backwards. Of 80
/// validation lines 77 had 2.4 or more (median 6.2), and of 80 with another line's text 77 had less than 2.2
/// (median −0.1).
const MIN_LIKELIHOOD_RATIO: f32 = 2.3;
/// Most points with the window on the end mark: two characters' time. Of 80 validation lines none had more than 20;
/// with the last third of the text left out all had 57 or more.
const MAX_POINTS_AT_END: usize = 25;
/// Smallest share of the text that the window passes: of 80 validation lines 76 had 0.96 or more; without the last
/// third of the ink none had more than 0.75.
const MIN_SHARE_PASSED: f32 = 0.82;

/// How a network aligns ink with a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Alignment {
    /// Index of the character under the window's maximum, at each point.
    pub positions: Vec<usize>,
    /// Log density of all points and pen lifts, in nats.
    pub log_density: f32,
}

/// Has the network read points with a text's ids. The first point is where the pen begins, and has no density.
pub fn align(network: &Network, ids: &[u32], points: &[[f32; 3]]) -> Alignment {
    let config = &network.weights.config;
    let line = Line { ids: ids.to_vec(), temperature: 1.0, ..Line::default() };
    let mut state = State::new(network, &line);
    let mut terms = vec![0; config.mixtures];
    let mut alignment = Alignment { positions: Vec::with_capacity(points.len()), log_density: 0.0 };
    for pair in points.windows(2) {
        let [dx, dy] = config.normalised(pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]);
        let pen = pair[1][2];
        state.advance(network);
        let point = fixed::point([dx, dy, pen]);
        let pen_hat = state.output[0] as f32 / 65_536.0;
        let logit = if pen > 0.5 { -pen_hat } else { pen_hat };
        let log_pen = -(-logit).exp().ln_1p();
        let log_density = mixture::log_density(&state.output, &mut terms, point[0], point[1]) as f32 / 1024.0;
        alignment.log_density += log_density.max(-30.0) + log_pen.max(-30.0);
        alignment.positions.push(state.position);
        state.point = point;
    }
    alignment
}

/// Verifies that points are writing of this text, as far as the network can tell.
///
/// # Errors
/// [`Advice::OtherText`], [`Advice::Unfinished`] or [`Advice::GoesOn`].
pub fn verify_text(weights: &Arc<Weights>, text: &Encoded, points: &Points) -> Result<(), Advice> {
    let network = Network::of(weights);
    let forwards = align(&network, &text.ids, points);
    let reversed: Vec<u32> = text.ids.iter().rev().copied().filter(|&id| id != END).chain([END]).collect();
    let backwards = align(&network, &reversed, points);
    let end = text.ids.len() - 1;
    let at_end = forwards.positions.iter().filter(|&&position| position >= end).count();
    let last = forwards.positions.last().copied().unwrap_or_default();
    let characters = end as f32;
    if (forwards.log_density - backwards.log_density) / characters < MIN_LIKELIHOOD_RATIO {
        return Err(Advice::OtherText);
    }
    if at_end > MAX_POINTS_AT_END {
        return Err(Advice::GoesOn);
    }
    if (last as f32 + 1.0) / characters < MIN_SHARE_PASSED {
        return Err(Advice::Unfinished);
    }
    Ok(())
}
