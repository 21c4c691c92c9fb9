//! See it think: what the network said before each point of a line that is written, computed anew.
//!
//! Engines report what the writer needs, 36 bytes a timestep, and keep nothing. So whoever wants to look
//! inside reads the line's points through the CPU engine's [`State`] once more: after the same inputs
//! it says the same, whichever engine wrote. While nobody looks, this costs nothing but the points'
//! being kept ([`Move`], 12 bytes each). Looking costs what writing costs on the CPU engine, and a
//! [`Snapshot`] of M mixture components and U characters holds some 9 M + U + 10 numbers: with the
//! shipped networks about 200, or 800 bytes a point.

use crate::engine::cpu::{Network, State, mixture, sigmoid, window};
use crate::engine::step::check_line;
use crate::engine::{Line, Step};
use crate::error::Result;
use crate::model::Weights;
use crate::text::alphabet::Alphabet;
use std::sync::Arc;

/// A point that was drawn, as far as a replay needs it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Move {
    /// Offset from the point before, normalised.
    pub dx: f32,
    /// Offset from the point before, normalised.
    pub dy: f32,
    /// Mixture component from which it was drawn.
    pub component: u16,
    /// Whether the stroke ends with it.
    pub pen_lift: bool,
}

impl From<&Step> for Move {
    fn from(step: &Step) -> Self {
        Self { dx: step.dx, dy: step.dy, component: step.component as u16, pen_lift: step.pen > 0.5 }
    }
}

/// A line of a page as it was drawn: what a [`Replay`] starts from.
#[derive(Debug, Clone)]
pub struct Record {
    /// The network that drew it.
    pub weights: Arc<Weights>,
    /// What was written, and how.
    pub line: Line,
    /// Which of the page's points is the line's first.
    pub first: usize,
    /// How many of the line's characters were given with ink to go on from.
    pub given: usize,
    /// The moves so far.
    pub moves: Vec<Move>,
}

impl Record {
    /// To which of the page's points the n-th move leads, counted from 0. A line's first point is where
    /// its pen comes down, unless it goes on from given ink: then the first move leads there.
    pub fn point(&self, n: usize) -> usize {
        self.first + n + usize::from(self.line.prefix.is_empty())
    }
}

/// One Gaussian of the mixture, before and after bias and temperature. Normalised units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Component {
    /// π: the share of this component.
    pub pi: f32,
    /// μ: where it expects the next point, as an offset.
    pub mu: [f32; 2],
    /// σ: how far it may be off.
    pub sigma: [f32; 2],
    /// ρ: correlation of the two.
    pub rho: f32,
    /// π̂, as the output layer gives it.
    pub pi_hat: f32,
    /// σ̂, as the output layer gives it: log σ.
    pub sigma_hat: [f32; 2],
}

/// What the network said just before a point was drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// The point that was then drawn.
    pub drawn: Move,
    /// e: probability that the stroke ends with that point.
    pub pen_probability: f32,
    /// ê, of which e = 1 / (1 + exp(ê / τ)).
    pub pen_hat: f32,
    /// Probability that the line ends with that point; 0 if the network has not learnt one.
    pub stop: f32,
    /// Log of the density, without bias and temperature, of the offset that was drawn.
    pub log_density: f32,
    /// The mixture from which the offset was drawn, `[M]`.
    pub components: Vec<Component>,
    /// Index of the character under the window's maximum.
    pub position: usize,
    /// Mean of κ over the window's components, in characters.
    pub kappa: f32,
    /// Weight φ of each character of the line and of the end mark, `[U]`; empty without text.
    pub phi: Vec<f32>,
}

/// Replays a line: an iterator over its [`Snapshot`]s, one for each point, which can be given more
/// points when it has come to the end of those it has.
#[derive(Debug, Clone)]
pub struct Replay {
    network: Arc<Network>,
    line: Line,
    state: State,
    moves: Vec<Move>,
    done: usize,
}

impl Replay {
    /// At the beginning of `line`, after the ink in its prefix, with no points yet.
    ///
    /// # Errors
    /// [`crate::Error::Sequence`] if the line does not fit the network.
    pub fn new(weights: &Arc<Weights>, line: &Line) -> Result<Self> {
        check_line(&weights.config, line)?;
        let network = Network::of(weights);
        let mut state = State::new(&network, line);
        state.read(&network, &line.prefix);
        Ok(Self { network, line: line.clone(), state, moves: Vec::new(), done: 0 })
    }

    /// More of the line's points, in the order in which they were drawn.
    pub fn extend(&mut self, moves: &[Move]) {
        self.moves.extend_from_slice(moves);
    }

    /// Points given so far.
    pub fn given(&self) -> usize {
        self.moves.len()
    }

    /// Snapshots told so far.
    pub fn done(&self) -> usize {
        self.done
    }

    /// What the window looks at: a character for each number of [`Snapshot::phi`], `None` for the end mark.
    pub fn characters(&self) -> Vec<Option<char>> {
        let alphabet = Alphabet::new(&self.network.weights.config.alphabet);
        self.line.ids.iter().map(|&id| alphabet.character(id)).collect()
    }

    /// Everything of the moment before `drawn`, of which the state has just advanced to the output.
    fn moment(&self, drawn: Move) -> Snapshot {
        let state = &self.state;
        let config = &self.network.weights.config;
        let (bias, temperature) = (self.line.bias, self.line.temperature);
        let m = config.mixtures;
        let hat = |block: usize, j: usize| state.output[1 + block * m + j];
        // [G eqs 61–62] with a temperature, as in `cpu::mixture`: the largest π̂ is taken out first, so
        // that nothing overflows.
        let largest = (0..m).map(|j| hat(0, j)).fold(f32::NEG_INFINITY, f32::max);
        let weight = |j: usize| ((hat(0, j) - largest) * ((1.0 + bias) / temperature)).exp();
        let total: f32 = (0..m).map(weight).sum();
        let sigma = |hat: f32| (hat - bias).exp() * temperature.sqrt();
        let components = (0..m).map(|j| Component {
            pi: weight(j) / total,
            mu: [hat(1, j), hat(2, j)],
            sigma: [sigma(hat(3, j)), sigma(hat(4, j))],
            rho: hat(5, j).tanh(),
            pi_hat: hat(0, j),
            sigma_hat: [hat(3, j), hat(4, j)],
        });
        Snapshot {
            drawn,
            pen_probability: sigmoid(-state.output[0] / temperature),
            pen_hat: state.output[0],
            stop: if config.stop { sigmoid(state.output[1 + 6 * m]) } else { 0.0 },
            log_density: mixture::log_density(&state.output, m, drawn.dx, drawn.dy),
            components: components.collect(),
            position: state.position,
            kappa: window::mean(&state.kappa),
            phi: state.phi.clone(),
        }
    }
}

impl Iterator for Replay {
    type Item = Snapshot;

    fn next(&mut self) -> Option<Snapshot> {
        let drawn = *self.moves.get(self.done)?;
        self.done += 1;
        self.state.advance(&self.network);
        let moment = self.moment(drawn);
        self.state.point = [drawn.dx, drawn.dy, f32::from(u8::from(drawn.pen_lift))];
        Some(moment)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::document::{Document, Options};
    use crate::engine::Noise;
    use crate::engine::noise::NoiseStream;
    use crate::model::Kind;
    use crate::testing;
    use crate::writer::{Prime, Settings};
    use pollster::block_on;

    /// What the engine's loop saw at a timestep.
    struct Seen {
        step: Step,
        pi: Vec<f32>,
        phi: Vec<f32>,
        noise: Noise,
    }

    fn written(weights: &Arc<Weights>, line: &Line, steps: usize) -> Vec<Seen> {
        let network = Network::of(weights);
        let mut state = State::new(&network, line);
        state.read(&network, &line.prefix);
        let step =
            |noise| Seen { step: state.step(&network, &noise), pi: state.pi.clone(), phi: state.phi.clone(), noise };
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
    fn a_replay_sees_what_the_engine_saw_at_every_point() {
        for (weights, line) in networks() {
            let steps = written(&weights, &line, 80);
            let mut replay = Replay::new(&weights, &line).unwrap();
            replay.extend(&steps.iter().map(|seen| Move::from(&seen.step)).collect::<Vec<_>>());
            let moments: Vec<Snapshot> = replay.collect();
            assert_eq!(moments.len(), steps.len());
            for (moment, Seen { step, pi, phi, noise: [_, _, z1, z2] }) in moments.iter().zip(&steps) {
                assert_eq!(moment.pen_probability, step.pen_probability);
                assert_eq!(moment.stop, step.stop);
                assert_eq!(moment.position as f32, step.position);
                assert_eq!(moment.kappa, step.kappa);
                assert_eq!(moment.log_density, step.log_density);
                assert_eq!(&moment.phi, phi);
                for (component, pi) in moment.components.iter().zip(pi) {
                    assert!((component.pi - pi).abs() < 1e-6);
                }
                // The mixture is the one from which the point was drawn: its noise leads there again.
                let own = moment.components[usize::from(moment.drawn.component)];
                let dx = own.mu[0] + own.sigma[0] * z1;
                let dy = own.mu[1] + own.sigma[1] * (own.rho * z1 + (1.0 - own.rho * own.rho).sqrt() * z2);
                assert!((dx - step.dx).abs() < 1e-5 && (dy - step.dy).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn a_line_is_replayed_as_the_writer_saw_it_words_written_anew_and_all() {
        for (text, kind, primed) in [
            ("hello there my dear", Kind::Synthesis, false),
            ("hello there my dear", Kind::Synthesis, true),
            ("", Kind::Prediction, false),
            ("", Kind::Prediction, true),
        ] {
            let mut writer = testing::writer();
            let config = &writer.weights(kind).unwrap().config;
            let prime = primed.then(|| Arc::new(Prime::new(config, "ab", &testing::zigzag(60)).unwrap()));
            let plain = Settings { style: Some(1), bias: 0.3, temperature: 1.2, points: 90, ..Settings::default() };
            block_on(writer.start(text, &Settings { prime, ..plain })).unwrap();
            let (mut steps, line) = (Vec::new(), writer.line().unwrap());
            while let Some(chunk) = block_on(writer.next()).unwrap() {
                steps.extend(chunk.steps);
            }
            assert_eq!(writer.rewritten() > 0, !text.is_empty());
            assert_eq!(line.prefix.len(), if primed { 59 } else { 0 });
            let mut replay = Replay::new(writer.weights(kind).unwrap(), &line).unwrap();
            replay.extend(&steps.iter().map(Move::from).collect::<Vec<_>>());
            let mut count = 0;
            for (moment, step) in replay.zip(&steps) {
                assert_eq!((moment.pen_probability, moment.stop), (step.pen_probability, step.stop));
                assert_eq!((moment.position as f32, moment.kappa), (step.position, step.kappa));
                assert_eq!(moment.log_density, step.log_density);
                count += 1;
            }
            assert_eq!(count, steps.len());
        }
    }

    #[test]
    fn lines_that_were_written_together_are_replayed_each_as_it_was_drawn() {
        let mut writer = testing::writer();
        // Unchecked, so that the n-th timestep has the n-th noise.
        let settings = Settings { attempts: 0, bias: 0.4, temperature: 1.3, ..Settings::default() };
        let options = Options { settings: settings.clone(), columns: Some(20), ..Options::default() };
        let mut document = block_on(Document::start(&mut writer, "hello there\n\nmy dear\nfriend", options)).unwrap();
        while block_on(document.next(&mut writer)).unwrap().is_some() {}
        let lines = [0, 2, 3];
        assert_eq!(document.records().len(), lines.len());
        for (record, line) in document.records().iter().zip(lines) {
            let mut noise = NoiseStream::new(settings.seed, line);
            let mut replay = Replay::new(&record.weights, &record.line).unwrap();
            replay.extend(&record.moves);
            for moment in replay {
                let ([_, u, z1, _], drawn) = (noise.next(), moment.drawn);
                let own = moment.components[usize::from(drawn.component)];
                assert!((own.mu[0] + own.sigma[0] * z1 - drawn.dx).abs() < 1e-4);
                assert_eq!(u < moment.pen_probability, drawn.pen_lift);
            }
        }
    }

    #[test]
    fn points_may_come_in_pieces() {
        let [(weights, line), _] = networks();
        let moves: Vec<Move> = written(&weights, &line, 30).iter().map(|seen| Move::from(&seen.step)).collect();
        let mut whole = Replay::new(&weights, &line).unwrap();
        whole.extend(&moves);
        let whole: Vec<Snapshot> = whole.collect();
        let mut replay = Replay::new(&weights, &line).unwrap();
        let mut moments = Vec::new();
        for piece in moves.chunks(7) {
            assert_eq!(replay.next(), None);
            replay.extend(piece);
            moments.extend(replay.by_ref());
        }
        assert_eq!(moments, whole);
    }

    #[test]
    fn bias_and_temperature_enter_as_in_the_formulas() {
        let [(weights, line), _] = networks();
        let first = |bias: f32, temperature: f32| {
            let mut replay = Replay::new(&weights, &Line { bias, temperature, ..line.clone() }).unwrap();
            replay.extend(&[Move::default()]);
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
        let odds = |moment: &Snapshot| (moment.components[0].pi / moment.components[1].pi).ln();
        assert!((odds(&neat) - 2.0 * odds(&plain)).abs() < 1e-4);
        assert!((odds(&wild) - odds(&plain) / 4.0).abs() < 1e-4);
    }

    #[test]
    fn characters_are_those_of_the_line_and_the_end_mark() {
        let [(weights, line), (free, own)] = networks();
        let replay = Replay::new(&weights, &line).unwrap();
        assert_eq!(replay.characters(), [Some('b'), Some(' '), Some('c'), None]);
        assert_eq!(Replay::new(&free, &own).unwrap().characters(), []);
        assert!(Replay::new(&weights, &Line { ids: vec![99], ..line }).is_err());
    }
}
