//! One line being written: its timesteps so far, the words that passed the check, and the attempts at the current word.

use super::check::{FAULT_LIMITS, Fault, LineCheck, RETRY_LIMITS};
use super::ending::{EndDetector, Finish};
use super::settings::{Plan, PlannedLine, Settings};
use super::{Chunk, LineUpdate, Result};
use crate::engine::noise::NoiseStream;
use crate::engine::{Line, Noise, Step, forced_point};
use crate::ink::{Adjustment, Offset};
use crate::model::{Kind, Weights};
use std::sync::Arc;

/// Badness, as [`LineCheck::judge_word`] measures it, of a word that is not finished.
const UNFINISHED_PENALTY: f32 = 10.0;
/// A learnt hand in which the line loses its text is used at half its strength from there on, and if that is less than
/// this, no longer.
const LEAST_STRENGTH: f32 = 0.2;
/// The n-th retry of a line draws from the noise stream `line + n · RETRY_STREAMS`.
const RETRY_STREAMS: u64 = 1 << 32;

/// A line being written.
#[derive(Debug)]
pub(super) struct LineWriter {
    weights: Arc<Weights>,
    /// What the engine reads, without the priming ink's points.
    pub(super) line: Line,
    /// Which of the lines, counted from 0.
    pub(super) number: usize,
    pub(super) settings: Settings,
    /// What a learnt hand adjusts the ink by.
    adjustment: Adjustment,
    noise: NoiseStream,
    /// Every timestep of the line as it stands, without those of the priming ink.
    pub(super) steps: Vec<Step>,
    /// How many of them are delivered, and how many may be.
    pub(super) delivered: usize,
    ready: usize,
    /// The text as the network writes it.
    pub(super) text: String,
    end: EndDetector,
    pub(super) check: LineCheck,
    /// The word being written, the number of timesteps before it, and the rejected attempts at it.
    word: usize,
    word_start: usize,
    attempts: Vec<Attempt>,
    /// Words rejected and written again so far: each retry has its own noise stream.
    pub(super) retries: u64,
    /// Timesteps that the engine has computed for the line, forced points counted.
    pub(super) computed_timesteps: usize,
    /// Incremented whenever the line resumes on the engine: timesteps submitted in an earlier epoch are discarded.
    pub(super) epoch: u64,
    /// Timesteps before the next one to be submitted, those of the priming ink counted.
    submitted: usize,
    /// Timesteps, counted likewise, whose points were known when the epoch began.
    known: usize,
    /// Timesteps of the line that have stayed as they were since the epoch began.
    unchanged: usize,
    cap: usize,
    pub(super) finish: Option<Finish>,
}

/// A rejected version of a word.
#[derive(Debug)]
struct Attempt {
    steps: Vec<Step>,
    badness: f32,
    finish: Option<Finish>,
    /// Whether it came to the word's end, or the window stood still before that.
    is_whole: bool,
}

/// What the engine has to do next with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Continue with the next timestep.
    Continue,
    /// Rewind to the timesteps that are unchanged, and read the line's points from there.
    Rewind,
    /// Begin the line anew, whose hand has changed, and read all of its points.
    Restart,
}

impl LineWriter {
    /// Plans a line; nothing of it is written yet.
    ///
    /// # Errors
    /// As [`Settings::plan`].
    pub(super) fn new(number: usize, text: &str, settings: &Settings, weights: &Arc<Weights>) -> Result<(Self, Plan)> {
        let PlannedLine { plan, line, check } = settings.plan(weights, text)?;
        let text = plan.text.written.clone();
        // A text without a single supported character is finished with nothing on the sheet.
        let is_empty = plan.kind == Kind::Synthesis && text.is_empty();
        let writer = Self {
            weights: Arc::clone(weights),
            line,
            number,
            settings: settings.clone(),
            adjustment: settings.adjustment(&weights.config),
            noise: NoiseStream::new(settings.seed, settings.line),
            steps: Vec::new(),
            delivered: 0,
            ready: 0,
            end: EndDetector::new(&text),
            text,
            check,
            word: 0,
            word_start: 0,
            attempts: Vec::new(),
            retries: 0,
            computed_timesteps: 0,
            epoch: 0,
            submitted: 0,
            known: settings.prime.as_ref().map_or(0, |prime| prime.offsets.len()),
            unchanged: 0,
            cap: plan.cap,
            finish: is_empty.then_some(Finish::Stopped),
        };
        Ok((writer, plan))
    }

    /// The line as an engine reads it from the beginning: the priming ink is its prefix.
    pub(super) fn primed_line(&self) -> Line {
        Line { prefix: self.prime_offsets().to_vec(), ..self.line.clone() }
    }

    /// Whether the line is on the engine and needs more timesteps.
    pub(super) fn is_active(&self) -> bool {
        self.epoch > 0 && self.finish.is_none()
    }

    /// Characters that the network reads before the line's own: those of priming ink.
    pub(super) fn prime_characters(&self) -> usize {
        self.settings.prime.as_ref().map_or(0, |prime| prime.characters())
    }

    /// The priming ink, normalised.
    fn prime_offsets(&self) -> &[[f32; 3]] {
        self.settings.prime.as_ref().map_or(&[], |prime| &prime.offsets)
    }

    /// Timesteps on the engine before the current word: the line may have to be rewound to here.
    pub(super) fn word_timestep(&self) -> usize {
        self.prime_offsets().len() + self.word_start
    }

    /// Timesteps on the engine that need not be computed again in the next epoch.
    pub(super) fn unchanged_timesteps(&self) -> usize {
        self.prime_offsets().len() + self.unchanged
    }

    /// Begins an epoch: the engine resumes the line from its state after `at` timesteps. Known points from there on
    /// are forced, then drawing continues.
    pub(super) fn resume_at(&mut self, at: usize) {
        self.epoch += 1;
        self.submitted = at;
        self.known = self.prime_offsets().len() + self.steps.len();
        self.unchanged = self.steps.len();
        self.noise = NoiseStream::new(self.settings.seed, self.settings.line + self.retries * RETRY_STREAMS);
        self.noise.seek(self.steps.len() as u64);
    }

    /// Timesteps that may still be submitted.
    pub(super) fn remaining_timesteps(&self) -> usize {
        (self.prime_offsets().len() + self.cap).saturating_sub(self.submitted)
    }

    /// Appends the noise of the next timesteps: forced points as long as they are known, then random numbers.
    /// Returns how many points are forced.
    pub(super) fn fill_noise(&mut self, steps: usize, noise: &mut Vec<Noise>) -> usize {
        let known = self.submitted..self.known.min(self.submitted + steps).max(self.submitted);
        let primed = self.prime_offsets().len();
        noise.extend(known.clone().map(|index| match index.checked_sub(primed) {
            None => forced_point(self.prime_offsets()[index]),
            Some(index) => {
                let step = &self.steps[index];
                forced_point([step.dx, step.dy, step.pen])
            }
        }));
        self.noise.extend(steps - known.len(), noise);
        self.submitted += steps;
        known.len()
    }

    /// The offset that leads to a point of the line, in corpus units. A primed line with text begins at its first
    /// point: the way there from the priming ink is left out.
    pub(super) fn offset(&self, index: usize) -> Offset {
        let step = &self.steps[index];
        let offset = self.adjustment.offset(self.weights.config.offset([step.dx, step.dy, step.pen]));
        if index == 0 && self.settings.prime.as_ref().is_some_and(|prime| prime.kind == Kind::Synthesis) {
            return Offset { dx: 0.0, dy: 0.0, ..offset };
        }
        offset
    }

    /// What is ready and not yet delivered, as an update.
    pub(super) fn take_update(&mut self) -> LineUpdate {
        let begun = (self.delivered == 0).then(|| self.primed_line());
        let chunk = self.take_chunk();
        let faults = if self.finish.is_some() { self.faults() } else { Vec::new() };
        LineUpdate { line: self.number, begun, chunk, finish: self.finish, faults }
    }

    /// What is wrong with the points delivered so far; nothing without text.
    pub(super) fn faults(&self) -> Vec<Fault> {
        if self.check.word_count() == 0 {
            return Vec::new();
        }
        let ended = matches!(self.finish, Some(Finish::Stopped | Finish::WindowRule));
        self.check.judge_line(&self.steps[..self.delivered], ended, &FAULT_LIMITS)
    }

    /// The points that are ready and not yet delivered.
    fn take_chunk(&mut self) -> Chunk {
        let ready = std::mem::replace(&mut self.delivered, self.ready)..self.ready;
        Chunk { offsets: ready.clone().map(|index| self.offset(index)).collect(), steps: self.steps[ready].to_vec() }
    }

    /// Sets all timesteps of a line that another worker wrote.
    pub(super) fn complete(&mut self, steps: Vec<Step>, finish: Finish) {
        self.ready = steps.len();
        self.steps = steps;
        self.finish = Some(finish);
    }

    /// Adds drawn timesteps, up to the one that ends the line or fails a word. Those after it are discarded.
    pub(super) fn accept(&mut self, steps: &[Step]) -> Next {
        for step in steps {
            self.finish = self.push_step(step);
            if self.settings.attempts == 0 || self.check.word_count() == 0 {
                self.ready = self.end.kept_points();
            } else {
                match self.check_words() {
                    Next::Continue => {}
                    next => return next,
                }
            }
            if self.finish.is_some() {
                break;
            }
        }
        Next::Continue
    }

    /// Adds a timestep; returns why the line ends with it, if it does.
    fn push_step(&mut self, step: &Step) -> Option<Finish> {
        self.steps.push(*step);
        let config = &self.weights.config;
        let at_cap = self.steps.len() >= self.cap;
        // Without text its verdict is not used, but it also counts the points.
        let finish = self.end.observe(config, self.line.ids.len().saturating_sub(1), step);
        match config.kind {
            Kind::Prediction => at_cap.then_some(Finish::Length),
            Kind::Synthesis => finish.or(at_cap.then_some(Finish::Cap)),
        }
    }

    /// Checks the words that are complete. A word's points are those up to the last pen lift before the window
    /// reaches the next word.
    fn check_words(&mut self) -> Next {
        while self.finish.is_none() && self.word < self.check.word_count() {
            let is_last = self.word + 1 == self.check.word_count();
            let next_word = self.check.word_start(self.word + 1);
            let is_past = self.steps.last().is_some_and(|step| step.position as usize >= next_word);
            let boundary = self.end.stroke_start();
            if is_past && boundary > self.word_start && !is_last {
                let (faults, badness) = self.check.judge_word(self.word, &self.steps, &RETRY_LIMITS);
                match self.accept_or_retry(boundary, faults.is_empty(), badness, true) {
                    Next::Continue => {}
                    next => return next,
                }
            } else if self.check.is_stuck(self.word, &self.steps, self.word_start) {
                let (_, badness) = self.check.judge_word(self.word, &self.steps, &RETRY_LIMITS);
                return self.accept_or_retry(self.steps.len(), false, badness + UNFINISHED_PENALTY, false);
            } else {
                break;
            }
        }
        if self.finish.is_none() { Next::Continue } else { self.check_remaining_words() }
    }

    /// Checks, when the line has ended, all words that have not been accepted, as one attempt.
    fn check_remaining_words(&mut self) -> Next {
        let reached = LineCheck::reached(&self.steps);
        let is_whole = matches!(self.finish, Some(Finish::Stopped | Finish::WindowRule));
        let (mut is_good, mut badness) = (is_whole, if is_whole { 0.0 } else { UNFINISHED_PENALTY });
        for word in self.word..self.check.word_count() {
            let (faults, word_badness) = self.check.judge_word(word, &self.steps, &RETRY_LIMITS);
            is_good &= faults.is_empty();
            badness += word_badness;
            if reached <= self.check.word_start(word) {
                badness += UNFINISHED_PENALTY;
            }
        }
        self.accept_or_retry(self.end.kept_points(), is_good, badness, is_whole)
    }

    /// Accepts the current word, whose points end at `end`, if it is good; otherwise rejects it. When no attempts are
    /// left, the best of them is accepted. If that is not whole, though, the network has lost the text: in a learnt hand
    /// the word is written with less of it, else the line ends if there is no more to come.
    fn accept_or_retry(&mut self, end: usize, is_good: bool, badness: f32, is_whole: bool) -> Next {
        if is_good {
            self.accept_word(end);
            return Next::Continue;
        }
        let steps = self.steps[self.word_start..end].to_vec();
        self.attempts.push(Attempt { steps, badness, finish: self.finish, is_whole });
        if self.attempts.len() <= self.settings.attempts {
            self.reject_word();
            return Next::Rewind;
        }
        let last = self.attempts.len() - 1;
        let best = (0..=last).min_by(|&a, &b| self.attempts[a].badness.total_cmp(&self.attempts[b].badness));
        let best = best.unwrap_or(last);
        if !self.attempts[best].is_whole && self.weaken_hand() {
            self.attempts.clear();
            self.reject_word();
            return Next::Restart;
        }
        let begun = |attempt: &Attempt| LineCheck::reached(&attempt.steps) > self.check.word_start(self.word);
        if self.word > 0 && !self.attempts.iter().any(|attempt| attempt.is_whole || begun(attempt)) {
            // The window does not even leave the word before.
            self.attempts.clear();
            self.reject_word();
            self.finish = Some(Finish::Cap);
            return Next::Continue;
        }
        let attempt = self.attempts.swap_remove(best);
        if best == last {
            self.accept_word(end);
        } else {
            self.reject_word();
            for step in &attempt.steps {
                self.push_step(step);
            }
            self.finish = attempt.finish;
            self.accept_word(self.steps.len());
        }
        if self.word == self.check.word_count() {
            // The window stands still in the last word.
            self.finish.get_or_insert(Finish::Cap);
        }
        if best == last || self.finish.is_some() { Next::Continue } else { Next::Rewind }
    }

    /// Takes some of a learnt hand back, for the rest of the line; returns whether there was any of it.
    fn weaken_hand(&mut self) -> bool {
        let Settings { hand: Some(_), strength, .. } = &mut self.settings else { return false };
        if *strength == 0.0 {
            return false;
        }
        let half = *strength / 2.0;
        *strength = if half < LEAST_STRENGTH { 0.0 } else { half };
        let Some((style, biases)) = self.settings.learnt(&self.weights.config) else { return false };
        (self.line.style, self.line.hand) = (style, Some(Arc::new(biases)));
        true
    }

    /// Moves on to the next word; the points up to `end` may be delivered.
    fn accept_word(&mut self, end: usize) {
        self.attempts.clear();
        self.ready = end;
        self.word_start = end;
        self.word += 1;
    }

    /// Removes the current word's points.
    fn reject_word(&mut self) {
        self.unchanged = self.word_start;
        let steps = std::mem::take(&mut self.steps);
        self.end = EndDetector::new(&self.text);
        for step in &steps[..self.word_start] {
            self.push_step(step);
        }
        self.finish = None;
        self.retries += 1;
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::testing::writer;
    use pollster::block_on;

    /// Timesteps of which `points[at]` have the window on character `at`; the pen lifts after each character.
    fn steps(points: &[usize]) -> Vec<Step> {
        let character = |(at, &points): (usize, &usize)| {
            (1..=points).map(move |k| Step {
                position: at as f32,
                pen: f32::from(u8::from(k == points)),
                ..Step::default()
            })
        };
        points.iter().enumerate().flat_map(character).collect()
    }

    fn line(text: &str, attempts: usize) -> LineWriter {
        let mut writer = writer();
        block_on(writer.start(text, &Settings { attempts, ..Settings::default() })).unwrap();
        writer.batch.take().unwrap().into_first_line().unwrap()
    }

    #[test]
    fn a_word_is_delivered_as_a_whole_once_it_passes_the_check() {
        // The network expects 25 points per character.
        let good = steps(&[20, 30, 25, 8, 25]);
        for pieces in [1, 7, 200] {
            let mut line = line("abc def", 4);
            let mut seen = Vec::new();
            for steps in good.chunks(pieces) {
                assert_eq!(line.accept(steps), Next::Continue);
                seen.push(line.take_chunk().steps.len());
            }
            let delivered: usize = seen.iter().sum();
            assert_eq!(delivered, 83, "up to the lift before the window reached the next word");
            assert!(seen.iter().filter(|&&count| count > 0).count() == 1, "all at once");
        }
        let mut unchecked = line("abc def", 0);
        assert_eq!(unchecked.accept(&good[..5]), Next::Continue);
        assert_eq!(unchecked.take_chunk().steps.len(), 5, "unchecked points are delivered as they come");
    }

    #[test]
    fn a_rejected_word_is_written_again_and_the_one_before_it_stays() {
        let mut line = line("abc def ghi", 4);
        assert_eq!(line.accept(&steps(&[20, 30, 25, 8, 20, 1, 25, 8, 5])), Next::Rewind);
        assert_eq!((line.take_chunk().steps.len(), line.steps.len(), line.retries), (83, 83, 1));
        let rest = steps(&[0, 0, 0, 0, 25, 25, 25, 8, 5]);
        assert_eq!(line.accept(&rest), Next::Continue);
        assert_eq!(line.take_chunk().steps, rest[..83], "the better attempt");
    }

    #[test]
    fn the_best_of_the_rejected_attempts_is_kept() {
        let bad = |missing: usize| {
            let mut points = [25, 25, 25, 25, 25, 8, 5];
            points[..missing].fill(0);
            steps(&points)
        };
        for (order, best, next) in
            [([3, 1, 2], 1, Next::Rewind), ([3, 2, 1], 1, Next::Continue), ([1, 2, 3], 1, Next::Rewind)]
        {
            let mut line = line("abcde fgh", 2);
            assert_eq!(line.accept(&bad(order[0])), Next::Rewind);
            assert_eq!(line.accept(&bad(order[1])), Next::Rewind);
            assert_eq!(line.accept(&bad(order[2])), next, "the engine has to read an earlier attempt");
            assert_eq!(line.take_chunk().steps.len(), 25 * (5 - best) + 8);
            assert_eq!(line.word, 1);
        }
    }

    #[test]
    fn a_line_whose_window_does_not_move_on_ends_where_it_stands() {
        let still = |at: usize| vec![Step { position: at as f32, ..Step::default() }; 300];
        // In the last word.
        let mut writing = line("abc def", 1);
        assert_eq!(writing.accept(&steps(&[25, 25, 25, 8, 1])), Next::Continue);
        assert_eq!(writing.accept(&still(4)), Next::Rewind);
        assert_eq!(writing.accept(&steps(&[0, 0, 0, 0, 1])), Next::Continue);
        assert_eq!(writing.accept(&still(4)), Next::Continue, "the engine has nothing more to do");
        assert_eq!(writing.finish, Some(Finish::Cap));
        let delivered = writing.take_chunk().steps.len();
        assert!((84..250).contains(&delivered), "{delivered}");
        // On the blank before it: the word is tried, and then given up with nothing written.
        let mut writing = line("abc def", 1);
        assert_eq!(writing.accept(&steps(&[25, 25, 25])), Next::Continue);
        assert_eq!(writing.accept(&still(3)), Next::Rewind);
        assert_eq!(writing.accept(&[steps(&[25, 25, 25]), still(3)].concat()), Next::Rewind, "the first attempt stays");
        let first = writing.take_chunk().steps.len();
        assert!((75..250).contains(&first), "{first}");
        assert_eq!(writing.accept(&still(3)), Next::Rewind);
        assert_eq!(writing.accept(&still(3)), Next::Continue);
        assert_eq!((writing.finish, writing.take_chunk().steps.len()), (Some(Finish::Cap), 0));
    }

    #[test]
    fn a_line_that_stops_early_or_never_ends_is_rewound_to_its_last_accepted_word() {
        let mut stops = steps(&[25, 25, 25, 8, 25, 25]);
        stops.last_mut().unwrap().stop = 0.9;
        let never = [steps(&[25, 25, 25, 8, 25]), vec![Step { position: 5.0, ..Step::default() }; 400]].concat();
        for bad in [stops, never] {
            let mut line = line("abc def", 1);
            // The learned stop counts from the last but one character, "e", but "f" was never written.
            assert_eq!(line.accept(&bad), Next::Rewind);
            assert_eq!((line.take_chunk().steps.len(), line.finish), (83, None));
        }
    }
}
