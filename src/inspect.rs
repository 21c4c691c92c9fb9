//! Inspection: the network's complete output before each point of a line, recomputed by replaying the line.
//!
//! Engines report only what the writer needs, 36 bytes a timestep, and store nothing. To inspect a line, its points
//! are fed through the CPU engine's [`State`] again: the same inputs give the same outputs, whichever engine wrote
//! the line. Without a replay the only cost is storing the points ([`DrawnPoint`], 12 bytes each). A replay costs as
//! much as writing on the CPU engine. A [`Snapshot`] of M mixture components and U characters has some
//! 9 M + U + 10 numbers: with the shipped networks about 200, or 800 bytes a point.

use crate::engine::cpu::{Network, State, mixture, window};
use crate::engine::fixed::{self, Drawing};
use crate::engine::step::check_line;
use crate::engine::{Line, Step};
use crate::error::Result;
use crate::ink::Adjustment;
use crate::model::Weights;
use crate::text::alphabet::Alphabet;
use std::sync::Arc;

/// A point that was drawn: what a replay needs of it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct DrawnPoint {
    /// Offset from the previous point, normalised.
    pub dx: f32,
    /// Offset from the previous point, normalised.
    pub dy: f32,
    /// Mixture component from which it was sampled.
    pub component: u16,
    /// Whether the stroke ends with it.
    pub pen_lift: bool,
}

impl From<&Step> for DrawnPoint {
    fn from(step: &Step) -> Self {
        Self { dx: step.dx, dy: step.dy, component: step.component as u16, pen_lift: step.pen > 0.5 }
    }
}

/// A line of a document as it was drawn: the input of a [`Replay`].
#[derive(Debug, Clone)]
pub struct LineRecord {
    /// The network that drew it.
    pub weights: Arc<Weights>,
    /// The line as the engine read it.
    pub line: Line,
    /// What a learnt hand adjusts the drawn points by.
    pub adjustment: Adjustment,
    /// Index of the line's first point among the document's points.
    pub first_point: usize,
    /// How many of the line's characters belong to priming ink.
    pub prime_characters: usize,
    /// The points drawn so far.
    pub drawn: Vec<DrawnPoint>,
    /// From the n-th drawn point on, by how much the document's points are more than those drawn: marks were added
    /// before it, or ink in whose place a mark stands was taken away. In order of n.
    pub shifts: Vec<(usize, isize)>,
}

impl LineRecord {
    /// Index of the n-th drawn point among the document's points; of one that was taken away, that of the next. An unprimed line has one point more than were drawn:
    /// its first point is where the pen begins. A primed line's first point was drawn.
    pub fn point_index(&self, n: usize) -> usize {
        let after = self.shifts.partition_point(|&(from, _)| from <= n);
        let shift = after.checked_sub(1).map_or(0, |index| self.shifts[index].1);
        (self.first_point + n + usize::from(self.line.prefix.is_empty())).saturating_add_signed(shift)
    }
}

/// One Gaussian of the mixture, before and after bias and temperature are applied. Normalised units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Component {
    /// π: weight of this component.
    pub pi: f32,
    /// μ: mean of the offset to the next point.
    pub mu: [f32; 2],
    /// σ: standard deviations of the offset.
    pub sigma: [f32; 2],
    /// ρ: correlation of x and y.
    pub rho: f32,
    /// π̂, the output layer's value.
    pub pi_hat: f32,
    /// σ̂, the output layer's values: log σ.
    pub sigma_hat: [f32; 2],
}

/// The network's output just before a point was drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// The point that was then drawn.
    pub drawn: DrawnPoint,
    /// e: probability that the stroke ends with that point.
    pub pen_probability: f32,
    /// ê, of which e = 1 / (1 + exp(ê / τ)).
    pub pen_hat: f32,
    /// Probability that the line ends with that point; 0 if the network has no learned stop.
    pub stop: f32,
    /// Log density, without bias and temperature, of the offset that was drawn.
    pub log_density: f32,
    /// The mixture from which the offset was sampled, `[M]`.
    pub components: Vec<Component>,
    /// Index of the character under the window's maximum.
    pub position: usize,
    /// Mean of κ over the window's components, in characters.
    pub kappa: f32,
    /// Weight φ of each character of the line and of the end mark, `[U]`; empty without text.
    pub phi: Vec<f32>,
}

/// Replays a line: an iterator over its [`Snapshot`]s, one for each point. When it has returned `None`, it can be
/// extended by further points.
#[derive(Debug, Clone)]
pub struct Replay {
    network: Arc<Network>,
    line: Line,
    state: State,
    drawn: Vec<DrawnPoint>,
    replayed: usize,
}

impl Replay {
    /// A replay of `line` from after its prefix, with no points yet.
    ///
    /// # Errors
    /// [`crate::Error::Sequence`] if the line does not fit the network.
    pub fn new(weights: &Arc<Weights>, line: &Line) -> Result<Self> {
        check_line(&weights.config, line)?;
        let network = Network::of(weights);
        let mut state = State::new(&network, line);
        state.read(&network, &line.prefix);
        Ok(Self { network, line: line.clone(), state, drawn: Vec::new(), replayed: 0 })
    }

    /// Appends points of the line, in the order in which they were drawn.
    pub fn extend(&mut self, drawn: &[DrawnPoint]) {
        self.drawn.extend_from_slice(drawn);
    }

    /// Number of points appended so far.
    pub fn point_count(&self) -> usize {
        self.drawn.len()
    }

    /// Number of snapshots returned so far.
    pub fn replayed(&self) -> usize {
        self.replayed
    }

    /// The characters that the window reads, one for each weight of [`Snapshot::phi`]; `None` for the end mark.
    pub fn characters(&self) -> Vec<Option<char>> {
        let alphabet = Alphabet::new(&self.network.weights.config.alphabet);
        self.line.ids.iter().map(|&id| alphabet.character(id)).collect()
    }

    /// The output that the state has just computed, before `drawn` was drawn from it.
    fn snapshot(&self, drawn: DrawnPoint) -> Snapshot {
        let state = &self.state;
        let config = &self.network.weights.config;
        let (bias, temperature) = (self.line.bias, self.line.temperature);
        let m = config.mixtures;
        let real = |output: i32| output as f32 / 65_536.0;
        let hat = |block: usize, j: usize| real(state.output[1 + block * m + j]);
        let (mut shares, mut terms) = (vec![0; m], vec![0; m]);
        let point = as_input(drawn);
        let forced = [-1, point[0], point[1], point[2]];
        let drawing = Drawing::new(&self.line);
        let found = mixture::sample(&state.output, config.stop, &drawing, &forced, &mut shares, &mut terms);
        let total = shares.iter().sum::<u32>() as f32;
        let sigma = |hat: f32| (hat - bias).exp() * temperature.sqrt();
        let components = (0..m).map(|j| Component {
            pi: shares[j] as f32 / total,
            mu: [hat(1, j), hat(2, j)],
            sigma: [sigma(hat(3, j)), sigma(hat(4, j))],
            rho: hat(5, j).tanh(),
            pi_hat: hat(0, j),
            sigma_hat: [hat(3, j), hat(4, j)],
        });
        let step = found.step(state.position, window::mean(&state.kappa));
        Snapshot {
            drawn,
            pen_probability: step.pen_probability,
            pen_hat: real(state.output[0]),
            stop: step.stop,
            log_density: step.log_density,
            components: components.collect(),
            position: state.position,
            kappa: step.kappa,
            phi: state.phi.iter().map(|&phi| phi as f32 / 32_768.0).collect(),
        }
    }
}

/// A drawn point as the network's next input.
fn as_input(drawn: DrawnPoint) -> [i32; 3] {
    fixed::point([drawn.dx, drawn.dy, f32::from(u8::from(drawn.pen_lift))])
}

impl Iterator for Replay {
    type Item = Snapshot;

    fn next(&mut self) -> Option<Snapshot> {
        let drawn = *self.drawn.get(self.replayed)?;
        self.replayed += 1;
        self.state.advance(&self.network);
        let snapshot = self.snapshot(drawn);
        self.state.point = as_input(drawn);
        Some(snapshot)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::engine::Noise;
    use crate::model::Kind;
    use crate::testing;

    /// One timestep as the engine computed it.
    struct Computed {
        step: Step,
        shares: Vec<u32>,
        phi: Vec<i32>,
        noise: Noise,
    }

    fn written(weights: &Arc<Weights>, line: &Line, steps: usize) -> Vec<Computed> {
        let network = Network::of(weights);
        let mut state = State::new(&network, line);
        state.read(&network, &line.prefix);
        let step = |noise| Computed {
            step: state.step(&network, &noise),
            shares: state.shares.clone(),
            phi: state.phi.clone(),
            noise,
        };
        testing::noise(3, 1, steps).into_iter().map(step).collect()
    }

    fn networks() -> [(Arc<Weights>, Line); 2] {
        let synthesis = testing::weights(&testing::config(Kind::Synthesis, &[9, 8, 7], 3), 2);
        let prediction = testing::weights(&testing::config(Kind::Prediction, &[9, 8], 3), 1);
        let prefix = vec![[0.3, -0.2, 0.0], [1.0, 0.5, 1.0]];
        let line = Line { bias: 0.7, temperature: 1.4, prefix, ..Line::default() };
        let text = Line { ids: vec![3, 1, 4, 0], style: vec![0.4, -1.0, 0.2], ..line.clone() };
        [(Arc::new(synthesis), text), (Arc::new(prediction), line)]
    }

    #[test]
    fn a_replay_equals_the_engines_output_at_every_point() {
        for (weights, line) in networks() {
            let steps = written(&weights, &line, 80);
            let mut replay = Replay::new(&weights, &line).unwrap();
            replay.extend(&steps.iter().map(|computed| DrawnPoint::from(&computed.step)).collect::<Vec<_>>());
            let snapshots: Vec<Snapshot> = replay.collect();
            assert_eq!(snapshots.len(), steps.len());
            for (snapshot, Computed { step, shares, phi, noise: [_, _, z1, z2] }) in snapshots.iter().zip(&steps) {
                assert_eq!(snapshot.pen_probability, step.pen_probability);
                assert_eq!(snapshot.stop, step.stop);
                assert_eq!(snapshot.position as f32, step.position);
                assert_eq!(snapshot.kappa, step.kappa);
                assert_eq!(snapshot.log_density, step.log_density);
                assert_eq!(snapshot.phi, phi.iter().map(|&phi| phi as f32 / 32_768.0).collect::<Vec<_>>());
                let total: u32 = shares.iter().sum();
                for (component, share) in snapshot.components.iter().zip(shares) {
                    assert_eq!(component.pi, *share as f32 / total as f32);
                }
                // The same noise draws the same point from the mixture again.
                let component = snapshot.components[usize::from(snapshot.drawn.component)];
                let dx = component.mu[0] + component.sigma[0] * z1;
                let dy = component.mu[1]
                    + component.sigma[1] * (component.rho * z1 + (1.0 - component.rho * component.rho).sqrt() * z2);
                assert!((dx - step.dx).abs() < 4e-3 && (dy - step.dy).abs() < 4e-3, "{dx} {dy}: {step:?}");
            }
        }
    }

    #[test]
    fn a_replay_can_be_extended() {
        let [(weights, line), _] = networks();
        let drawn: Vec<DrawnPoint> =
            written(&weights, &line, 30).iter().map(|computed| DrawnPoint::from(&computed.step)).collect();
        let mut whole = Replay::new(&weights, &line).unwrap();
        whole.extend(&drawn);
        let whole: Vec<Snapshot> = whole.collect();
        let mut replay = Replay::new(&weights, &line).unwrap();
        let mut snapshots = Vec::new();
        for piece in drawn.chunks(7) {
            assert_eq!(replay.next(), None);
            replay.extend(piece);
            snapshots.extend(replay.by_ref());
        }
        assert_eq!(snapshots, whole);
    }

    #[test]
    fn bias_and_temperature_change_the_mixture_as_in_the_paper() {
        let [(weights, line), _] = networks();
        let first = |bias: f32, temperature: f32| {
            let mut replay = Replay::new(&weights, &Line { bias, temperature, ..line.clone() }).unwrap();
            replay.extend(&[DrawnPoint::default()]);
            replay.next().unwrap()
        };
        let (plain, neat, wild) = (first(0.0, 1.0), first(1.0, 1.0), first(0.0, 4.0));
        for j in 0..3 {
            let (p, n, w) = (plain.components[j], neat.components[j], wild.components[j]);
            assert!((p.sigma[0] - p.sigma_hat[0].exp()).abs() < 1e-6);
            assert!((n.sigma[0] / p.sigma[0] - (-1.0f32).exp()).abs() < 1e-5);
            assert!((w.sigma[1] / p.sigma[1] - 2.0).abs() < 1e-5);
            assert_eq!((n.pi_hat, n.mu, n.rho), (p.pi_hat, p.mu, p.rho));
        }
        let odds = |s: &Snapshot| (s.components[0].pi / s.components[1].pi).ln();
        assert!((odds(&neat) - 2.0 * odds(&plain)).abs() < 2e-3);
        assert!((odds(&wild) - odds(&plain) / 4.0).abs() < 2e-3);
    }

    #[test]
    fn characters_are_the_lines_and_the_end_mark() {
        let [(weights, line), (prediction, free)] = networks();
        let replay = Replay::new(&weights, &line).unwrap();
        assert_eq!(replay.characters(), [Some('b'), Some(' '), Some('c'), None]);
        assert_eq!(Replay::new(&prediction, &free).unwrap().characters(), []);
        assert!(Replay::new(&weights, &Line { ids: vec![99], ..line }).is_err());
    }
}
