//! The CPU engine: a batch of [`State`]s and the chunks that were submitted.
//!
//! Lines are independent. Natively the processor's cores share them: each core takes some lines and computes all of
//! the chunk's timesteps for them.

use super::{Network, State, advance, matvec};
use crate::engine::step::{Line, Noise, Step, check_chunk, check_line, nothing_submitted};
use crate::error::{Error, Result};
use crate::model::Weights;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
#[cfg(not(target_arch = "wasm32"))]
use std::sync::{Mutex, PoisonError};

/// The last so many pen lifts of a line can be rewound to.
const CHECKPOINTS: usize = 8;

/// See [`crate::engine::Engine`].
#[derive(Debug, Default)]
pub struct CpuEngine {
    /// The network of the batch.
    network: Option<Arc<Network>>,
    /// Networks that were opened and whose weights are still held elsewhere, so that switching between texts and
    /// scribbles does not pack them again.
    networks: Vec<Arc<Network>>,
    /// The lines that are being computed, in any order.
    states: Vec<State>,
    /// The slot of each of `states`.
    slots: Vec<usize>,
    /// By slot.
    histories: Vec<History>,
    /// Timesteps and noise of the chunks in flight.
    in_flight: VecDeque<(usize, Vec<Noise>)>,
    /// Threads that share the lines; 0 for as many as there are cores.
    threads: usize,
}

/// A line's part of a chunk while that is computed.
struct Row<'a> {
    history: &'a mut History,
    noise: &'a [Noise],
    steps: &'a mut [Step],
}

/// The states to which a line can be rewound.
#[derive(Debug, Default)]
struct History {
    /// Timesteps so far.
    count: usize,
    /// At the last pen lifts.
    checkpoints: VecDeque<Checkpoint>,
    /// The one that [`CpuEngine::checkpoint`] asked for, which does not expire.
    kept: Option<Checkpoint>,
}

/// A line's state after `count` timesteps: all that a [`State`] needs to continue from there.
#[derive(Debug, Clone)]
struct Checkpoint {
    count: usize,
    point: [i32; 3],
    position: usize,
    hidden: Vec<i8>,
    cell: Vec<Vec<i32>>,
    kappa: Vec<i32>,
    window: Vec<i32>,
}

impl CpuEngine {
    /// An engine without a batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// An engine that uses at most so many threads; [`CpuEngine::new`] uses one for each core. In WebAssembly it is
    /// always one.
    pub fn on_threads(threads: usize) -> Self {
        Self { threads, ..Self::default() }
    }

    /// "CPU · SIMD", "CPU · AVX2", …: the instructions for products.
    pub fn label(&self) -> String {
        matvec::Kernel::fastest().label().into()
    }

    /// See [`crate::engine::Engine::open`].
    ///
    /// # Errors
    /// [`Error::Sequence`] if a line does not fit the network.
    pub fn open(&mut self, weights: &Arc<Weights>, lines: &[Line]) -> Result<()> {
        for line in lines {
            check_line(&weights.config, line)?;
        }
        let network = self.network_of(weights);
        self.in_flight.clear();
        self.states = lines.iter().map(|line| State::new(&network, line)).collect();
        self.slots = (0..lines.len()).collect();
        self.histories = lines.iter().map(|line| History { count: line.prefix.len(), ..History::default() }).collect();
        if lines.iter().any(|line| !line.prefix.is_empty()) {
            let threads = self.threads();
            in_parallel(self.states.iter_mut().zip(lines), threads, |(state, line)| state.read(&network, &line.prefix));
        }
        self.network = Some(network);
        Ok(())
    }

    /// The packed network of these weights. Drops those that nobody can open again first, to make room.
    fn network_of(&mut self, weights: &Arc<Weights>) -> Arc<Network> {
        self.network = None;
        self.networks.retain(|network| network.is_wanted());
        let network = Network::of(weights);
        if !self.networks.iter().any(|known| Arc::ptr_eq(known, &network)) {
            self.networks.push(Arc::clone(&network));
        }
        network
    }

    /// See [`crate::engine::Engine::assign_slot`].
    ///
    /// # Errors
    /// [`Error::Sequence`] if the line does not fit the network, the slot is out of range, or a chunk is in flight.
    pub fn assign_slot(&mut self, slot: usize, line: &Line) -> Result<()> {
        self.release_slot(slot)?;
        let Some(network) = &self.network else { return Ok(()) };
        check_line(&network.weights.config, line)?;
        self.states.push(State::new(network, line));
        self.slots.push(slot);
        self.histories[slot] = History::default();
        Ok(())
    }

    /// See [`crate::engine::Engine::release_slot`].
    ///
    /// # Errors
    /// [`Error::Sequence`] if the slot is out of range, or a chunk is in flight.
    pub fn release_slot(&mut self, slot: usize) -> Result<()> {
        self.check_idle(slot)?;
        if let Some(index) = self.slots.iter().position(|&own| own == slot) {
            self.states.swap_remove(index);
            self.slots.swap_remove(index);
        }
        Ok(())
    }

    /// See [`crate::engine::Engine::checkpoint`]. The state was recorded at the pen lift; here it is marked to stay.
    pub fn checkpoint(&mut self, slot: usize, count: usize) {
        let Some(history) = self.histories.get_mut(slot) else { return };
        if let Some(index) = history.checkpoints.iter().position(|checkpoint| checkpoint.count == count) {
            history.kept = history.checkpoints.remove(index);
        }
    }

    /// See [`crate::engine::Engine::rewind`].
    ///
    /// # Errors
    /// [`Error::Sequence`] if the slot is released, or a chunk is in flight.
    pub fn rewind(&mut self, slot: usize, count: usize) -> Result<usize> {
        self.check_idle(slot)?;
        let index = self.slots.iter().position(|&own| own == slot);
        let state = index.map(|index| &mut self.states[index]);
        let state = state.ok_or_else(|| Error::Sequence(format!("slot {slot} is released")))?;
        let history = &mut self.histories[slot];
        history.checkpoints.retain(|checkpoint| checkpoint.count <= count);
        let checkpoints = history.checkpoints.back().into_iter().chain(&history.kept);
        let latest =
            checkpoints.filter(|checkpoint| checkpoint.count <= count).max_by_key(|checkpoint| checkpoint.count);
        history.count = latest.map_or(0, |checkpoint| checkpoint.count);
        match latest {
            Some(checkpoint) => checkpoint.restore(state),
            None => {
                history.kept = None;
                state.clear();
            }
        }
        Ok(history.count)
    }

    /// Refuses a slot that is out of range, and any while chunks are in flight.
    fn check_idle(&self, slot: usize) -> Result<()> {
        if slot >= self.histories.len() || !self.in_flight.is_empty() {
            let (slots, chunks) = (self.histories.len(), self.in_flight.len());
            return Err(Error::Sequence(format!("slot {slot} of {slots}, while {chunks} chunks are in flight")));
        }
        Ok(())
    }

    /// See [`crate::engine::Engine::submit`]. [`CpuEngine::collect`] does the work.
    ///
    /// # Errors
    /// [`Error::Sequence`].
    pub fn submit(&mut self, steps: usize, noise: &[Noise]) -> Result<()> {
        check_chunk(steps, self.histories.len(), noise, self.in_flight.len())?;
        self.in_flight.push_back((steps, noise.to_vec()));
        Ok(())
    }

    /// See [`crate::engine::Engine::collect`].
    ///
    /// # Errors
    /// [`Error::Sequence`] if nothing was submitted.
    pub fn collect(&mut self) -> Result<Vec<Step>> {
        let (steps, noise) = self.in_flight.pop_front().ok_or_else(nothing_submitted)?;
        let network = self.network.as_ref().ok_or_else(nothing_submitted)?;
        let mut result = vec![Step::default(); noise.len()];
        let threads = self.threads();
        let rows = self.histories.iter_mut().zip(noise.chunks_exact(steps)).zip(result.chunks_exact_mut(steps));
        let mut rows: Vec<_> = rows.map(|((history, noise), steps)| Some(Row { history, noise, steps })).collect();
        // Without released slots, in the order of `states`.
        let mut rows: Vec<_> = self.slots.iter().filter_map(|&slot| rows[slot].take()).collect();
        let share = rows.len().div_ceil(threads).max(1);
        let shares = self.states.chunks_mut(share).zip(rows.chunks_mut(share));
        in_parallel(shares, threads, |(states, rows)| compute_chunk(network, states, rows));
        Ok(result)
    }

    /// Threads that share the lines.
    fn threads(&self) -> usize {
        static CORES: OnceLock<usize> = OnceLock::new();
        match self.threads {
            _ if cfg!(target_arch = "wasm32") => 1,
            0 => *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from)),
            threads => threads,
        }
    }
}

/// All timesteps of a chunk, for lines that share each read of the weights.
fn compute_chunk(network: &Network, states: &mut [State], rows: &mut [Row<'_>]) {
    for t in 0..rows.first().map_or(0, |row| row.steps.len()) {
        advance(network, states);
        for (state, row) in states.iter_mut().zip(&mut *rows) {
            let step = state.draw(network, &row.noise[t]);
            row.steps[t] = step;
            row.history.count += 1;
            if step.pen > 0.5 {
                row.history.record(state);
            }
        }
    }
}

/// Does `work` on each share, on at most so many threads including this one.
#[cfg(not(target_arch = "wasm32"))]
fn in_parallel<S>(shares: impl ExactSizeIterator<Item = S> + Send, threads: usize, work: impl Fn(S) + Sync) {
    let others = threads.min(shares.len()).saturating_sub(1);
    let shares = Mutex::new(shares);
    let next = || shares.lock().unwrap_or_else(PoisonError::into_inner).next();
    let take = || {
        while let Some(share) = next() {
            work(share);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..others {
            // If the system refuses a thread, this one does its share.
            if std::thread::Builder::new().spawn_scoped(scope, take).is_err() {
                break;
            }
        }
        take();
    });
}

#[cfg(target_arch = "wasm32")]
fn in_parallel<S>(shares: impl Iterator<Item = S>, _threads: usize, work: impl Fn(S)) {
    shares.for_each(work);
}

impl History {
    /// Records the line's state now, in the buffers of the oldest checkpoint once there are [`CHECKPOINTS`].
    fn record(&mut self, state: &State) {
        let mut entry = if self.checkpoints.len() < CHECKPOINTS { None } else { self.checkpoints.pop_front() };
        match &mut entry {
            Some(checkpoint) => checkpoint.overwrite(self.count, state),
            None => entry = Some(Checkpoint::new(self.count, state)),
        }
        self.checkpoints.extend(entry);
    }
}

impl Checkpoint {
    fn new(count: usize, state: &State) -> Self {
        let State { point, position, hidden, cell, kappa, window, .. } = state;
        Self {
            count,
            point: *point,
            position: *position,
            hidden: hidden.clone(),
            cell: cell.clone(),
            kappa: kappa.clone(),
            window: window.clone(),
        }
    }

    /// As [`Checkpoint::new`], without allocating.
    fn overwrite(&mut self, count: usize, state: &State) {
        (self.count, self.point, self.position) = (count, state.point, state.position);
        self.hidden.clone_from(&state.hidden);
        self.cell.clone_from(&state.cell);
        self.kappa.clone_from(&state.kappa);
        self.window.clone_from(&state.window);
    }

    fn restore(&self, state: &mut State) {
        (state.point, state.position) = (self.point, self.position);
        state.hidden.clone_from(&self.hidden);
        state.cell.clone_from(&self.cell);
        state.kappa.clone_from(&self.kappa);
        state.window.clone_from(&self.window);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::engine::step::IN_FLIGHT;
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
        run_on(CpuEngine::new(), weights, lines, chunks, noise)
    }

    fn run_on(
        mut engine: CpuEngine,
        weights: &Arc<Weights>,
        lines: &[Line],
        chunks: &[usize],
        noise: &[Vec<Noise>],
    ) -> Vec<Vec<Step>> {
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
    fn lines_are_the_same_bit_for_bit_in_any_batch_and_chunks_of_any_size() {
        let (weights, lines, noise) = (synthesis(), lines(), noise(3, 60));
        let batch = run(&weights, &lines, &[1, 7, 32, 20], &noise);
        for l in 0..3 {
            assert_eq!(run(&weights, &lines[l..=l], &[60], &noise[l..=l])[0], batch[l], "line {l}");
        }
        assert_ne!(batch[0], batch[1]);
    }

    #[test]
    fn lines_are_the_same_bit_for_bit_on_any_number_of_threads() {
        let (weights, noise) = (synthesis(), noise(9, 60));
        let lines: Vec<Line> = lines().into_iter().cycle().take(9).collect();
        let alone = run_on(CpuEngine::on_threads(1), &weights, &lines, &[60], &noise);
        for threads in [2, 3, 4, 50] {
            let shared = run_on(CpuEngine::on_threads(threads), &weights, &lines, &[1, 40, 19], &noise);
            assert!(shared == alone, "{threads} threads");
        }
    }

    #[test]
    fn a_line_reopened_with_its_points_as_prefix_continues_bit_for_bit() {
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
    fn rewinding_or_replacing_a_line_does_not_change_the_others() {
        let (weights, lines, noise) = (synthesis(), lines(), noise(3, 400));
        let whole = run(&weights, &lines, &[400], &noise);
        let lifts: Vec<usize> = (1..150).filter(|&count| whole[1][count - 1].pen > 0.5).collect();
        let (early, late) = (lifts[0], lifts[lifts.len() - 2]);
        let mut engine = CpuEngine::new();
        engine.open(&weights, &lines).unwrap();
        let go = |engine: &mut CpuEngine, from: [usize; 3], steps: usize| {
            let noise: Vec<Noise> =
                noise.iter().zip(from).flat_map(|(n, from)| n[from..from + steps].to_vec()).collect();
            engine.submit(steps, &noise).unwrap();
            engine.collect().unwrap().chunks_exact(steps).map(<[Step]>::to_vec).collect::<Vec<_>>()
        };
        go(&mut engine, [0; 3], early);
        engine.checkpoint(1, early);
        let found = go(&mut engine, [early; 3], 150 - early);
        assert_eq!(found[1], whole[1][early..150]);
        assert_eq!(engine.rewind(1, late).unwrap(), late, "a lift not long ago");
        engine.assign_slot(2, &lines[0]).unwrap();
        let found = go(&mut engine, [150, late, 0], 50);
        assert_eq!(found[0], whole[0][150..200]);
        assert_eq!(found[1], whole[1][late..late + 50]);
        assert_ne!(found[2], whole[2][..50]);
        go(&mut engine, [200, late + 50, 50], 200 - 50);
        assert_eq!(engine.rewind(1, early + 1).unwrap(), early, "kept, while others have expired");
        engine.release_slot(0).unwrap();
        let found = go(&mut engine, [0, early, 0], 20);
        assert_eq!(found[1], whole[1][early..early + 20]);
        assert_eq!(found[0], [Step::default(); 20], "released");
        assert_eq!(engine.rewind(1, early - 1).unwrap(), 0, "to its beginning");
        assert_eq!(go(&mut engine, [0; 3], 20)[1], whole[1][..20]);
        for refused in [engine.release_slot(3), engine.assign_slot(3, &lines[0]), engine.rewind(0, 0).map(drop)] {
            assert!(matches!(refused, Err(Error::Sequence(_))));
        }
    }

    /// Everything as large as a file may make it: debug builds panic where a number wraps around.
    #[test]
    fn the_largest_weights_biases_and_noise_overflow_nothing() {
        for kind in [Kind::Synthesis, Kind::Prediction] {
            for sign in [1, -1] {
                let mut weights = testing::weights(&testing::config(kind, &[40, 24], 6), 2);
                let hidden = weights.layers.iter_mut().map(|layer| &mut layer.gates);
                for dense in hidden.chain(&mut weights.window).chain([&mut weights.output]) {
                    let columns = dense.weight.columns;
                    for (k, value) in dense.weight.values.iter_mut().enumerate() {
                        *value = if (k / columns + k % columns) % 3 == 0 { -63 * sign } else { 63 * sign };
                    }
                    dense.weight.scales.fill(0.9);
                    dense.bias.iter_mut().enumerate().for_each(|(k, bias)| *bias = [-3000.0, 3000.0][k % 2]);
                }
                let ids = if kind == Kind::Synthesis { vec![3; 300] } else { Vec::new() };
                let line = Line { ids, temperature: 0.01, bias: 10.0, ..Line::default() };
                let wild = Line { temperature: 1e9, bias: -1e9, ..line.clone() };
                let mut noise: Vec<Noise> = (0..40).map(|k| [0.999, 0.5, [9.0, -9.0][k % 2], -9.0]).collect();
                noise[20..25].fill(crate::engine::forced_point([1e9, -1e9, 1.0]));
                for steps in run(&Arc::new(weights), &[line, wild], &[40], &[noise.clone(), noise]) {
                    assert!(steps.iter().all(|s| s.dx.abs() <= 128.0 && s.log_density.is_finite()));
                    assert!(steps.iter().all(|s| (0.0..=1.0).contains(&s.stop) && s.kappa <= 16_384.0));
                }
            }
        }
    }

    #[test]
    fn opening_discards_the_previous_batch() {
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
        wrong(engine.submit(0, &[]), "no timesteps");
        for _ in 0..IN_FLIGHT {
            engine.submit(1, &[[0.0; 4]]).unwrap();
        }
        wrong(engine.submit(1, &[[0.0; 4]]), "in flight");
    }
}
