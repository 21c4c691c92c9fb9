//! The engine: a batch of [`State`]s and the chunks that wait.
//!
//! Lines know nothing of one another. Natively the processor's cores share them: each takes some, and does all of a
//! chunk's timesteps of these.

use super::{State, advance, check, simd};
use crate::engine::{IN_FLIGHT, Line, Noise, Step};
use crate::error::{Error, Result};
use crate::model::Weights;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
#[cfg(not(target_arch = "wasm32"))]
use std::sync::{Mutex, PoisonError};

/// Pen lifts of each line to which it can be taken back.
const MARKS: usize = 8;

/// See [`crate::engine::Engine`].
#[derive(Debug, Default)]
pub struct CpuEngine {
    weights: Option<Arc<Weights>>,
    /// The lines that are not at rest, in any order, and the place in the batch of each.
    states: Vec<State>,
    places: Vec<usize>,
    /// Of every line of the batch.
    pasts: Vec<Past>,
    waiting: VecDeque<(usize, Vec<Noise>)>,
    /// Threads that share the lines; 0 for as many as there are cores.
    threads: usize,
}

/// What belongs to a line of the batch while a chunk is computed.
struct Row<'a> {
    past: &'a mut Past,
    noise: &'a [Noise],
    steps: &'a mut [Step],
}

/// Where a line has been.
#[derive(Debug, Default)]
struct Past {
    /// Timesteps so far.
    count: usize,
    /// The last pen lifts.
    marks: VecDeque<Mark>,
    /// One that stays, however many follow.
    kept: Option<Mark>,
}

/// A line's state after `count` timesteps: what a [`State`] needs to go on from there.
#[derive(Debug, Clone)]
struct Mark {
    count: usize,
    point: [f32; 3],
    position: usize,
    hidden: Vec<Vec<f32>>,
    cell: Vec<Vec<f32>>,
    kappa: Vec<f32>,
    window: Vec<f32>,
}

impl CpuEngine {
    /// An engine with nothing to write yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// An engine that uses so many threads at most; [`CpuEngine::new`] takes one for each core. In WebAssembly there
    /// is one.
    pub fn on_threads(threads: usize) -> Self {
        Self { threads, ..Self::default() }
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
        self.states = lines.iter().map(|line| State::new(weights, line)).collect();
        self.places = (0..lines.len()).collect();
        self.pasts = lines.iter().map(|line| Past { count: line.prefix.len(), ..Past::default() }).collect();
        self.weights = Some(Arc::clone(weights));
        if lines.iter().any(|line| !line.prefix.is_empty()) {
            let threads = self.threads();
            in_parallel(self.states.iter_mut().zip(lines), threads, |(state, line)| state.read(weights, &line.prefix));
        }
        Ok(())
    }

    /// See [`crate::engine::Engine::assign_slot`].
    ///
    /// # Errors
    /// [`Error::Sequence`] if the line does not fit the network, there is no such place, or a chunk waits.
    pub fn assign_slot(&mut self, place: usize, line: &Line) -> Result<()> {
        self.release_slot(place)?;
        let Some(weights) = &self.weights else { return Ok(()) };
        check(weights, line)?;
        self.states.push(State::new(weights, line));
        self.places.push(place);
        self.pasts[place] = Past::default();
        Ok(())
    }

    /// See [`crate::engine::Engine::rest`].
    ///
    /// # Errors
    /// [`Error::Sequence`] if there is no such place, or a chunk waits.
    pub fn release_slot(&mut self, place: usize) -> Result<()> {
        self.idle(place)?;
        if let Some(index) = self.places.iter().position(|&own| own == place) {
            self.states.swap_remove(index);
            self.places.swap_remove(index);
        }
        Ok(())
    }

    /// See [`crate::engine::Engine::keep`].
    pub fn checkpoint(&mut self, place: usize, count: usize) {
        let Some(past) = self.pasts.get_mut(place) else { return };
        if let Some(index) = past.marks.iter().position(|mark| mark.count == count) {
            past.kept = past.marks.remove(index);
        }
    }

    /// See [`crate::engine::Engine::rewind`].
    ///
    /// # Errors
    /// [`Error::Sequence`] if the line is at rest, or a chunk waits.
    pub fn rewind(&mut self, place: usize, count: usize) -> Result<usize> {
        self.idle(place)?;
        let index = self.places.iter().position(|&own| own == place);
        let state = index.map(|index| &mut self.states[index]);
        let state = state.ok_or_else(|| Error::Sequence(format!("line {place} is at rest")))?;
        let past = &mut self.pasts[place];
        past.marks.retain(|mark| mark.count <= count);
        let marks = past.marks.back().into_iter().chain(&past.kept);
        let mark = marks.filter(|mark| mark.count <= count).max_by_key(|mark| mark.count);
        past.count = mark.map_or(0, |mark| mark.count);
        match mark {
            Some(mark) => mark.restore(state),
            None => {
                past.kept = None;
                state.clear();
            }
        }
        Ok(past.count)
    }

    /// Refuses a place that is none, or one of which a chunk waits.
    fn idle(&self, place: usize) -> Result<()> {
        if place >= self.pasts.len() || !self.waiting.is_empty() {
            let (lines, waiting) = (self.pasts.len(), self.waiting.len());
            return Err(Error::Sequence(format!("line {place} of {lines}, while {waiting} chunks wait")));
        }
        Ok(())
    }

    /// See [`crate::engine::Engine::submit`]. The work is done in [`CpuEngine::collect`].
    ///
    /// # Errors
    /// [`Error::Sequence`].
    pub fn submit(&mut self, steps: usize, noise: &[Noise]) -> Result<()> {
        if noise.len() != steps * self.pasts.len() {
            return Err(Error::Sequence(format!(
                "{} noise values for {} lines of {steps} timesteps",
                noise.len(),
                self.pasts.len()
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
        if steps == 0 {
            return Ok(result);
        }
        let threads = self.threads();
        let rows = self.pasts.iter_mut().zip(noise.chunks_exact(steps)).zip(result.chunks_exact_mut(steps));
        let mut rows: Vec<_> = rows.map(|((past, noise), steps)| Some(Row { past, noise, steps })).collect();
        // Those of lines that are not at rest, in the order of their states.
        let mut rows: Vec<_> = self.places.iter().filter_map(|&place| rows[place].take()).collect();
        let share = rows.len().div_ceil(threads).max(1);
        let parts = self.states.chunks_mut(share).zip(rows.chunks_mut(share));
        in_parallel(parts, threads, |(states, rows)| write(weights, states, rows));
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

/// All timesteps of a chunk, of lines that share what is read of the weights.
fn write(weights: &Weights, states: &mut [State], rows: &mut [Row<'_>]) {
    for t in 0..rows.first().map_or(0, |row| row.steps.len()) {
        advance(weights, states);
        for (state, row) in states.iter_mut().zip(&mut *rows) {
            let step = state.draw(weights, &row.noise[t]);
            row.steps[t] = step;
            row.past.count += 1;
            if step.pen > 0.5 {
                row.past.mark(state);
            }
        }
    }
}

/// Does the work on each part, on so many threads at most, of which this is one.
#[cfg(not(target_arch = "wasm32"))]
fn in_parallel<P>(parts: impl ExactSizeIterator<Item = P> + Send, threads: usize, work: impl Fn(P) + Sync) {
    let others = threads.min(parts.len()).saturating_sub(1);
    let parts = Mutex::new(parts);
    let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
    let take = || {
        while let Some(part) = next() {
            work(part);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..others {
            // A system that has no more threads leaves more to this one.
            if std::thread::Builder::new().spawn_scoped(scope, take).is_err() {
                break;
            }
        }
        take();
    });
}

#[cfg(target_arch = "wasm32")]
fn in_parallel<P>(parts: impl Iterator<Item = P>, _threads: usize, work: impl Fn(P)) {
    parts.for_each(work);
}

impl Past {
    /// Remembers where the line is now; forgets the oldest mark.
    fn mark(&mut self, state: &State) {
        let mut mark = if self.marks.len() < MARKS { None } else { self.marks.pop_front() };
        match &mut mark {
            Some(mark) => mark.take(self.count, state),
            None => mark = Some(Mark::new(self.count, state)),
        }
        self.marks.extend(mark);
    }
}

impl Mark {
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

    /// Likewise, in the place of what was here.
    fn take(&mut self, count: usize, state: &State) {
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
    fn a_batch_writes_what_its_lines_write_alone_bit_for_bit_in_chunks_of_any_size() {
        let (weights, lines, noise) = (synthesis(), lines(), noise(3, 60));
        let batch = run(&weights, &lines, &[1, 7, 32, 20], &noise);
        for l in 0..3 {
            assert_eq!(run(&weights, &lines[l..=l], &[60], &noise[l..=l])[0], batch[l], "line {l}");
        }
        assert_ne!(batch[0], batch[1]);
    }

    #[test]
    fn however_many_threads_share_the_lines_they_are_the_same_bit_for_bit() {
        let (weights, noise) = (synthesis(), noise(9, 60));
        let lines: Vec<Line> = lines().into_iter().cycle().take(9).collect();
        let alone = run_on(CpuEngine::on_threads(1), &weights, &lines, &[60], &noise);
        for threads in [2, 3, 4, 50] {
            let shared = run_on(CpuEngine::on_threads(threads), &weights, &lines, &[1, 40, 19], &noise);
            assert!(shared == alone, "{threads} threads");
        }
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
    fn a_line_that_is_taken_back_or_gives_way_to_another_leaves_the_others_as_they_are() {
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
        assert_eq!(engine.rewind(1, early + 1).unwrap(), early, "it was kept, others are forgotten");
        engine.release_slot(0).unwrap();
        let found = go(&mut engine, [0, early, 0], 20);
        assert_eq!(found[1], whole[1][early..early + 20]);
        assert_eq!(found[0], [Step::default(); 20], "at rest");
        assert_eq!(engine.rewind(1, early - 1).unwrap(), 0, "to its beginning");
        assert_eq!(go(&mut engine, [0; 3], 20)[1], whole[1][..20]);
        for refused in [engine.release_slot(3), engine.assign_slot(3, &lines[0]), engine.rewind(0, 0).map(drop)] {
            assert!(matches!(refused, Err(Error::Sequence(_))));
        }
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
