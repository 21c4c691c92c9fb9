//! One line being written: its timesteps so far, the words that are found good, and the attempts at the one that is not.

use super::{Chunk, LineUpdate, Settings};
use crate::engine::noise::NoiseStream;
use crate::engine::{Line, Noise, Step, forced_point};
use crate::ink::Offset;
use crate::model::{Kind, Weights};
use crate::writer::check::{Check, DOUBTFUL};
use crate::writer::ending::{Ending, Finish};
use std::sync::Arc;

/// How bad it is, in the measure of [`Check::judge`], if a word is not written to its end.
const UNFINISHED: f32 = 10.0;
/// Standard deviations that a point can be from the one before: beyond, it is no writing, and places on the
/// sheet might overflow.
const FARTHEST: f32 = 1e6;
/// Noise of a line that is written anew for the n-th time: stream `line + n · REWRITTEN`.
const REWRITTEN: u64 = 1 << 32;

/// One of the lines being written.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) weights: Arc<Weights>,
    pub(super) line: Line,
    /// Which of the lines.
    pub(super) number: usize,
    pub(super) settings: Settings,
    noise: NoiseStream,
    /// Every timestep of the line as it stands.
    pub(super) steps: Vec<Step>,
    /// How many of them are delivered, and how many may be.
    pub(super) delivered: usize,
    ready: usize,
    /// The text as it is written.
    pub(super) text: String,
    ending: Ending,
    pub(super) check: Check,
    /// The word being written, the timesteps before it, and what earlier attempts at it came to.
    pub(super) word: usize,
    pub(super) word_start: usize,
    attempts: Vec<Attempt>,
    /// Words written anew so far: each time with noise of its own.
    pub(super) rewritten: u64,
    /// Timesteps that the engine has made for the line, those that only read back in counted.
    pub(super) computed: usize,
    /// How often the line was taken up by the engine: what comes of an earlier turn is not wanted.
    pub(super) turn: u64,
    /// Timesteps that the engine was asked for in this turn or has from an earlier one, given ink counted, and for how
    /// many of them the points are known.
    asked: usize,
    known: usize,
    /// Timesteps of the line that have stayed as they were since its last turn began.
    pub(super) same: usize,
    pub(super) cap: usize,
    pub(super) finish: Option<Finish>,
}

/// One way in which a word was written.
#[derive(Debug)]
struct Attempt {
    steps: Vec<Step>,
    badness: f32,
    finish: Option<Finish>,
}

impl Job {
    /// A line of which nothing is written; `text` as it is written.
    pub(super) fn new(
        number: usize,
        settings: &Settings,
        weights: &Arc<Weights>,
        line: Line,
        text: &str,
        check: Check,
        cap: usize,
    ) -> Self {
        Self {
            weights: Arc::clone(weights),
            line,
            number,
            settings: settings.clone(),
            noise: NoiseStream::new(settings.seed, settings.line),
            steps: Vec::new(),
            delivered: 0,
            ready: 0,
            text: text.to_owned(),
            ending: Ending::new(text),
            check,
            word: 0,
            word_start: 0,
            attempts: Vec::new(),
            rewritten: 0,
            computed: 0,
            turn: 0,
            asked: 0,
            known: settings.prime.as_ref().map_or(0, |prime| prime.points.len()),
            same: 0,
            cap,
            finish: None,
        }
    }

    /// As an engine reads it: given ink is its prefix.
    pub(super) fn as_read(&self) -> Line {
        Line { prefix: self.prime_points().to_vec(), ..self.line.clone() }
    }

    /// Whether the engine is to go on with it.
    pub(super) fn is_working(&self) -> bool {
        self.turn > 0 && self.finish.is_none()
    }

    /// Characters of given ink, and the blank behind them.
    pub(super) fn given_characters(&self) -> usize {
        let prime = self.settings.prime.as_ref().filter(|prime| prime.kind == Kind::Synthesis);
        prime.map_or(0, |prime| prime.text.chars().count() + 1)
    }

    /// The engine goes on with the line from where it is after `at` timesteps: what is known of it is read from there.
    pub(super) fn take_up(&mut self, at: usize) {
        self.turn += 1;
        self.asked = at;
        self.known = self.prime_points().len() + self.steps.len();
        self.same = self.steps.len();
        self.noise = NoiseStream::new(self.settings.seed, self.settings.line + self.rewritten * REWRITTEN);
        self.noise.seek(self.steps.len() as u64);
    }

    /// Timesteps that may still be asked for.
    pub(super) fn left(&self) -> usize {
        (self.prime_points().len() + self.cap).saturating_sub(self.asked)
    }

    /// Appends what the next timesteps need: known points, then noise. Says how many are known.
    pub(super) fn ask(&mut self, steps: usize, noise: &mut Vec<Noise>) -> usize {
        let known = self.asked..self.known.min(self.asked + steps).max(self.asked);
        let ink = self.prime_points().len();
        noise.extend(known.clone().map(|index| match index.checked_sub(ink) {
            None => forced_point(self.prime_points()[index]),
            Some(index) => {
                let step = &self.steps[index];
                forced_point([step.dx, step.dy, step.pen])
            }
        }));
        self.noise.extend(steps - known.len(), noise);
        self.asked += steps;
        known.len()
    }

    /// Given ink, normalised.
    pub(super) fn prime_points(&self) -> &[[f32; 3]] {
        self.settings.prime.as_ref().map_or(&[], |prime| &prime.points)
    }

    /// How the pen moved to a point of the line. Behind given ink, a line of text begins where its first point is:
    /// the way there is no ink.
    pub(super) fn offset(&self, index: usize) -> Offset {
        let step = &self.steps[index];
        let offset = self.weights.config.offset([step.dx, step.dy, step.pen]);
        if index == 0 && self.settings.prime.as_ref().is_some_and(|prime| prime.kind == Kind::Synthesis) {
            return Offset { dx: 0.0, dy: 0.0, ..offset };
        }
        offset
    }

    /// The same, as what has come of the line.
    pub(super) fn fresh(&mut self) -> LineUpdate {
        let begun = (self.delivered == 0).then(|| self.as_read());
        LineUpdate { line: self.number, begun, chunk: self.deliver(), finish: self.finish }
    }

    /// Has been written elsewhere, to its end.
    pub(super) fn written(&mut self, steps: Vec<Step>, finish: Finish) {
        self.ready = steps.len();
        self.steps = steps;
        self.finish = Some(finish);
    }

    /// What may be delivered and is not yet.
    pub(super) fn deliver(&mut self) -> Chunk {
        let fresh = std::mem::replace(&mut self.delivered, self.ready)..self.ready;
        Chunk { offsets: fresh.clone().map(|index| self.offset(index)).collect(), steps: self.steps[fresh].to_vec() }
    }

    /// Takes in timesteps, up to the one at which the line ends or a word has to be written anew.
    pub(super) fn take(&mut self, steps: &[Step]) -> Next {
        for step in steps {
            // NaN is not within either.
            let within = [step.dx, step.dy].iter().all(|v| v.abs() <= FARTHEST);
            if !within || !step.pen.is_finite() || !step.stop.is_finite() {
                self.finish = Some(Finish::NonFinite);
            } else {
                self.finish = self.follow(step);
            }
            if self.settings.attempts == 0 || self.check.words() == 0 {
                self.ready = self.ending.kept();
            } else if self.check_words() == Next::Rewind {
                return Next::Rewind;
            }
            if self.finish.is_some() {
                break;
            }
        }
        Next::Continue
    }

    /// Adds a timestep; says whether the line ends with it, and why.
    fn follow(&mut self, step: &Step) -> Option<Finish> {
        self.steps.push(*step);
        let config = &self.weights.config;
        let cap = self.steps.len() >= self.cap;
        // `follow` is asked for either network: it also counts the points.
        let finish = self.ending.follow(config, self.line.ids.len().saturating_sub(1), step);
        match config.kind {
            Kind::Prediction => cap.then_some(Finish::Length),
            Kind::Synthesis => finish.or(cap.then_some(Finish::Cap)),
        }
    }

    /// Judges words that have been written to their end. A word's points are those up to the last pen
    /// lift before the window comes to the next word.
    fn check_words(&mut self) -> Next {
        while self.finish.is_none() && self.word < self.check.words() {
            let last = self.word + 1 == self.check.words();
            let past = self.steps.last().is_some_and(|step| step.position as usize >= self.check.start(self.word + 1));
            let boundary = self.ending.stroke();
            if past && boundary > self.word_start && !last {
                let (faults, badness) = self.check.judge(self.word, &self.steps, &DOUBTFUL);
                if self.settle(boundary, faults.is_empty(), badness) == Next::Rewind {
                    return Next::Rewind;
                }
            } else if self.check.is_stuck(self.word, &self.steps) {
                let (_, badness) = self.check.judge(self.word, &self.steps, &DOUBTFUL);
                return self.settle(self.steps.len(), false, badness + UNFINISHED);
            } else {
                break;
            }
        }
        if self.finish.is_none() {
            return Next::Continue;
        }
        // The line is over: all that was not judged yet is one attempt.
        let reached = Check::reached(&self.steps);
        let (mut fine, mut badness) = (matches!(self.finish, Some(Finish::Stopped | Finish::WindowRule)), 0.0);
        if !fine {
            badness += UNFINISHED;
        }
        for word in self.word..self.check.words() {
            let (faults, bad) = self.check.judge(word, &self.steps, &DOUBTFUL);
            fine &= faults.is_empty();
            badness += bad;
            if reached <= self.check.start(word) {
                badness += UNFINISHED;
            }
        }
        self.settle(self.ending.kept(), fine, badness)
    }

    /// Keeps the word whose points end at `end`, or has it written anew; once there are no attempts left,
    /// the best of them is kept.
    fn settle(&mut self, end: usize, fine: bool, badness: f32) -> Next {
        if fine {
            return self.keep(end);
        }
        let steps = self.steps[self.word_start..end].to_vec();
        self.attempts.push(Attempt { steps, badness, finish: self.finish });
        if self.attempts.len() <= self.settings.attempts {
            self.rewind();
            return Next::Rewind;
        }
        let last = self.attempts.len() - 1;
        let best = (0..=last).min_by(|&a, &b| self.attempts[a].badness.total_cmp(&self.attempts[b].badness));
        let best = best.unwrap_or(last);
        let attempt = self.attempts.swap_remove(best);
        if best == last {
            return self.keep(end);
        }
        self.rewind();
        for step in &attempt.steps {
            self.follow(step);
        }
        self.finish = attempt.finish;
        self.keep(self.steps.len());
        if self.finish.is_some() { Next::Continue } else { Next::Rewind }
    }

    /// Goes on to the next word; what was written up to `end` may be delivered.
    fn keep(&mut self, end: usize) -> Next {
        self.attempts.clear();
        self.ready = end;
        self.word_start = end;
        self.word += 1;
        Next::Continue
    }

    /// Back to where the word began, for another attempt.
    fn rewind(&mut self) {
        self.same = self.word_start;
        let steps = std::mem::take(&mut self.steps);
        self.ending = Ending::new(&self.text);
        for step in &steps[..self.word_start] {
            self.follow(step);
        }
        self.finish = None;
        self.rewritten += 1;
    }
}

/// What the writer does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The engine goes on as it is.
    Continue,
    /// The engine has to be opened anew, with the points that the line has now.
    Rewind,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::testing::writer;
    use pollster::block_on;

    /// Steps of which `points[at]` have the window on place `at`; the pen lifts after each place.
    fn steps(points: &[usize]) -> Vec<Step> {
        let place = |(at, &points): (usize, &usize)| {
            (1..=points).map(move |k| Step {
                position: at as f32,
                pen: f32::from(u8::from(k == points)),
                ..Step::default()
            })
        };
        points.iter().enumerate().flat_map(place).collect()
    }

    fn job(text: &str, attempts: usize) -> Job {
        let mut writer = writer();
        block_on(writer.start(text, &Settings { attempts, ..Settings::default() })).unwrap();
        writer.batch.take().unwrap().jobs.remove(0).unwrap()
    }

    #[test]
    fn a_word_is_delivered_when_it_is_written_and_found_good() {
        // 25 points a character are usual
        let good = steps(&[20, 30, 25, 8, 25]);
        for pieces in [1, 7, 200] {
            let mut job = job("abc def", 4);
            let mut seen = Vec::new();
            for steps in good.chunks(pieces) {
                assert_eq!(job.take(steps), Next::Continue);
                seen.push(job.deliver().steps.len());
            }
            let delivered: usize = seen.iter().sum();
            assert_eq!(delivered, 83, "up to the lift before the window came to the next word");
            assert!(seen.iter().filter(|&&count| count > 0).count() == 1, "all at once");
        }
        let mut unchecked = job("abc def", 0);
        assert_eq!(unchecked.take(&good[..5]), Next::Continue);
        assert_eq!(unchecked.deliver().steps.len(), 5, "unchecked points are delivered as they come");
    }

    #[test]
    fn a_word_that_was_hurried_is_written_anew_and_the_one_before_it_stays() {
        let mut job = job("abc def ghi", 4);
        assert_eq!(job.take(&steps(&[20, 30, 25, 8, 20, 1, 25, 8, 5])), Next::Rewind);
        assert_eq!((job.deliver().steps.len(), job.steps.len(), job.rewritten), (83, 83, 1));
        let rest = steps(&[0, 0, 0, 0, 25, 25, 25, 8, 5]);
        assert_eq!(job.take(&rest), Next::Continue);
        assert_eq!(job.deliver().steps, rest[..83], "the better attempt");
    }

    #[test]
    fn of_attempts_that_all_went_wrong_the_best_stays() {
        let bad = |missing: usize| {
            let mut points = [25, 25, 25, 25, 25, 8, 5];
            points[..missing].fill(0);
            steps(&points)
        };
        for (order, best, then) in
            [([3, 1, 2], 1, Next::Rewind), ([3, 2, 1], 1, Next::Continue), ([1, 2, 3], 1, Next::Rewind)]
        {
            let mut job = job("abcde fgh", 2);
            assert_eq!(job.take(&bad(order[0])), Next::Rewind);
            assert_eq!(job.take(&bad(order[1])), Next::Rewind);
            assert_eq!(job.take(&bad(order[2])), then, "the engine has to take up an earlier attempt");
            assert_eq!(job.deliver().steps.len(), 25 * (5 - best) + 8);
            assert_eq!(job.word, 1);
        }
    }

    #[test]
    fn a_line_that_stops_short_or_never_ends_is_taken_back_to_its_last_good_word() {
        let mut stops = steps(&[25, 25, 25, 8, 25, 25]);
        stops.last_mut().unwrap().stop = 0.9;
        let never = [steps(&[25, 25, 25, 8, 25]), vec![Step { position: 5.0, ..Step::default() }; 400]].concat();
        for bad in [stops, never] {
            let mut job = job("abc def", 1);
            // "e" is the last but one: a stop counts there, but "f" was never written
            assert_eq!(job.take(&bad), Next::Rewind);
            assert_eq!((job.deliver().steps.len(), job.finish), (83, None));
        }
    }
}
