//! Text, style, settings and a seed in; a stream of points out; on any engine.
//!
//! A line is checked word by word ([`crate::check`]) before it is delivered. A word that went wrong is
//! written anew, from the last good one on, with other noise; after so many attempts the best stays.
//!
//! The writer keeps what it takes to go on elsewhere: the points so far. When the GPU is lost, it reads
//! them back in on the CPU engine and continues from the last one, with the same noise.

use crate::alphabet::{Alphabet, Encoded};
use crate::check::{BROKEN, Check, DOUBTFUL, Fault};
use crate::cpu::CpuEngine;
use crate::ending::Ending;
pub use crate::ending::Finish;
use crate::engine::{Engine, IN_FLIGHT, Line, Step};
use crate::error::{Error, Result};
use crate::ink::{Ink, Offset, Point};
use crate::model::{Kind, Weights};
use crate::noise::NoiseStream;
pub use crate::prime::Prime;
use crate::style;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Timesteps of the first chunk: the first ink should not wait.
const FIRST_CHUNK: usize = 8;
/// Most timesteps in a chunk: what a visitor who presses Stop waits for.
const LARGEST_CHUNK: usize = 128;
/// Milliseconds that a chunk should take: half a frame at 60 Hz, so that neither the page nor the
/// compositor of the same GPU waits long.
const CHUNK_MS: f64 = 8.0;
/// Points that a line may have per character, as a multiple of the corpus' mean. Its 99.9th
/// percentile is twice the mean.
const CAP_FACTOR: f32 = 2.2;
/// Points that every line may have on top, however short.
const CAP_FLOOR: usize = 60;
/// How much slower than the training ink given ink may be for a line to be allowed as many points more.
const SLOWEST: f32 = 3.0;
/// Longest line, in characters: some ten times what fits across a sheet. Whoever has more wraps it.
const LONGEST_LINE: usize = 1000;
/// Most points that can be asked for without text: a quarter of an hour of pen time.
const MOST_POINTS: usize = 50_000;
/// Most attempts at a word that can be asked for.
const MOST_ATTEMPTS: usize = 20;
/// How bad it is, in the measure of [`Check::judge`], if a word is not written to its end.
const UNFINISHED: f32 = 10.0;
/// Standard deviations that a point can be from the one before: beyond, it is no writing, and places on the
/// sheet might overflow.
const FARTHEST: f32 = 1e6;
/// Noise of a line that is written anew for the n-th time: stream `line + n · REWRITTEN`.
const REWRITTEN: u64 = 1 << 32;

/// How to write.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Bias b from 0 to 5: neater.
    pub bias: f32,
    /// Temperature τ from 0.1 to 4: wilder; 1 is neutral.
    pub temperature: f32,
    /// The same seed, settings and weights give the same writing.
    pub seed: u64,
    /// Index of the line under this seed: each line has noise of its own.
    pub line: u64,
    /// Hand, as an index into the network's styles; `None` for no one's.
    pub style: Option<usize>,
    /// A second hand, and how far the first is moved towards it, 0 to 1.
    pub blend: Option<(usize, f32)>,
    /// Points to write without text, at least 1.
    pub points: usize,
    /// How often a word of doubtful quality is written anew, up to 20; 0 for unchecked writing, which is delivered
    /// as it comes.
    pub attempts: usize,
    /// Ink to go on from, in whose hand the line is written: the line's text is read behind the ink's.
    pub prime: Option<Arc<Prime>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bias: 0.5,
            temperature: 1.0,
            seed: 1,
            line: 0,
            style: None,
            blend: None,
            points: 1400,
            attempts: 4,
            prime: None,
        }
    }
}

/// What a line will be.
#[derive(Debug, Clone, PartialEq)]
pub struct Started {
    /// Which network writes.
    pub kind: Kind,
    /// The text as it will be written, and what became of the rest.
    pub text: Encoded,
    /// Most points that the line can have.
    pub cap: usize,
    /// Milliseconds of pen time per point.
    pub sample_ms: f32,
}

/// Points as they come.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk {
    /// In corpus units. Behind given ink the first one leads to the line's first point: with text, where a line
    /// begins, so it is 0; without, from the given ink's last point.
    pub offsets: Vec<Offset>,
    /// What the network said at each of them. Positions count the characters of given ink.
    pub steps: Vec<Step>,
}

/// Writes one line at a time.
#[derive(Debug)]
pub struct Writer {
    engine: Engine,
    prediction: Option<Arc<Weights>>,
    synthesis: Option<Arc<Weights>>,
    clock: Option<fn() -> f64>,
    job: Option<Job>,
    notice: String,
    cancelled: Arc<AtomicBool>,
}

/// Cancels a writer's line from elsewhere: while [`Writer::next`] waits, the writer itself is
/// borrowed.
#[derive(Debug, Clone)]
pub struct Canceller(Arc<AtomicBool>);

impl Canceller {
    /// Ends the line that is being written before its next chunk is delivered.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The line being written.
#[derive(Debug)]
struct Job {
    weights: Arc<Weights>,
    line: Line,
    settings: Settings,
    noise: NoiseStream,
    /// Every timestep of the line as it stands.
    steps: Vec<Step>,
    /// How many of them are delivered, and how many may be.
    delivered: usize,
    ready: usize,
    /// The text as it is written.
    text: String,
    ending: Ending,
    check: Check,
    /// The word being written, the timesteps before it, and what earlier attempts at it came to.
    word: usize,
    word_start: usize,
    attempts: Vec<Attempt>,
    /// Words written anew so far: each time with noise of its own.
    rewritten: u64,
    /// Timesteps that the engine has made for the line, those that only read back in counted.
    computed: usize,
    /// Timesteps submitted since the engine was opened and before, delivered or not.
    submitted: usize,
    in_flight: VecDeque<usize>,
    chunk: usize,
    cap: usize,
    finish: Option<Finish>,
}

/// One way in which a word was written.
#[derive(Debug)]
struct Attempt {
    steps: Vec<Step>,
    badness: f32,
    finish: Option<Finish>,
}

impl Writer {
    /// A writer on this engine, without networks.
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            prediction: None,
            synthesis: None,
            clock: None,
            job: None,
            notice: String::new(),
            cancelled: Arc::default(),
        }
    }

    /// A clock in milliseconds, by which chunks are sized; without one they stay small.
    pub fn set_clock(&mut self, clock: fn() -> f64) {
        self.clock = Some(clock);
    }

    /// Adds or replaces the network of the weights' kind.
    pub fn set_weights(&mut self, weights: Weights) {
        let slot = match weights.config.kind {
            Kind::Prediction => &mut self.prediction,
            Kind::Synthesis => &mut self.synthesis,
        };
        *slot = Some(Arc::new(weights));
    }

    /// The network of this kind, if loaded.
    pub fn weights(&self, kind: Kind) -> Option<&Arc<Weights>> {
        match kind {
            Kind::Prediction => self.prediction.as_ref(),
            Kind::Synthesis => self.synthesis.as_ref(),
        }
    }

    /// The engine's label.
    pub fn engine_label(&self) -> String {
        self.engine.label()
    }

    /// What the user should know about the engine; empty if nothing happened.
    pub fn notice(&self) -> &str {
        &self.notice
    }

    /// Begins a line; ends the one under way. Blank text is written by the prediction network.
    ///
    /// # Errors
    /// [`Error::NotLoaded`] or [`Error::Setting`].
    pub async fn start(&mut self, text: &str, settings: &Settings) -> Result<Started> {
        self.job = None;
        self.cancelled.store(false, Ordering::Relaxed);
        let kind = if text.trim().is_empty() { Kind::Prediction } else { Kind::Synthesis };
        let weights = self.weights(kind).cloned().ok_or_else(|| Error::NotLoaded { kind: kind.to_string() })?;
        let config = &weights.config;
        let prime = settings.prime.as_deref();
        if prime.is_some_and(|prime| prime.kind != kind) {
            return Err(Error::Setting {
                name: "prime".into(),
                problem: format!("is ink for the other network, but the {kind} network writes"),
            });
        }
        let (text, mut cap) = match kind {
            _ if settings.attempts > MOST_ATTEMPTS => {
                return Err(outside("attempts", settings.attempts as f32, 0.0, MOST_ATTEMPTS as f32));
            }
            Kind::Prediction if !(1..=MOST_POINTS).contains(&settings.points) => {
                return Err(outside("points", settings.points as f32, 1.0, MOST_POINTS as f32));
            }
            Kind::Prediction => (Encoded::default(), settings.points),
            Kind::Synthesis => {
                let encoded = Alphabet::new(&config.alphabet).encode(text);
                if encoded.ids.len() > LONGEST_LINE + 1 {
                    return Err(Error::Setting {
                        name: "text".into(),
                        problem: format!(
                            "{} characters are too many for one line, which can have {LONGEST_LINE}. Write it in parts.",
                            encoded.ids.len() - 1
                        ),
                    });
                }
                let expected = config.points_per_character * (encoded.ids.len() - 1) as f32;
                (encoded, CAP_FLOOR + (CAP_FACTOR * expected) as usize)
            }
        };
        // Text of which nothing can be written: done, with nothing on the sheet.
        let nothing = kind == Kind::Synthesis && text.written.is_empty();
        let (mut ids, mut check) = (text.ids.clone(), Check::default());
        if kind == Kind::Synthesis {
            let before = prime.map_or(String::new(), |prime| format!("{} ", prime.text));
            let joined = format!("{before}{}", text.written);
            let points = prime.map_or(0, |prime| prime.points.len());
            check = Check::primed(config, &joined, before.chars().count(), points);
            ids = Alphabet::new(&config.alphabet).encode(&joined).ids;
            cap = (cap as f32 * check.given_pace().clamp(1.0, SLOWEST)) as usize;
        }
        let line = Line {
            ids,
            style: match (kind, settings.blend) {
                (Kind::Prediction, _) => Vec::new(),
                (Kind::Synthesis, None) => style::vector(&weights, settings.style)?,
                (Kind::Synthesis, Some((other, share))) => {
                    let share = within("blend", share, 0.0, 1.0)?;
                    style::between(
                        &style::vector(&weights, settings.style)?,
                        &style::vector(&weights, Some(other))?,
                        share,
                    )
                }
            },
            bias: within("bias", settings.bias, 0.0, 5.0)?,
            temperature: within("temperature", settings.temperature, 0.1, 4.0)?,
            prefix: prime.map_or(Vec::new(), |prime| prime.points.clone()),
        };
        let started = Started { kind, text, cap, sample_ms: config.sample_ms };
        let mut job = Job {
            noise: NoiseStream::new(settings.seed, settings.line),
            settings: settings.clone(),
            steps: Vec::new(),
            delivered: 0,
            ready: 0,
            ending: Ending::new(&started.text.written),
            text: started.text.written.clone(),
            check,
            word: 0,
            word_start: 0,
            attempts: Vec::new(),
            rewritten: 0,
            computed: line.prefix.len(),
            submitted: 0,
            in_flight: VecDeque::new(),
            chunk: FIRST_CHUNK,
            cap,
            finish: nothing.then_some(Finish::Stopped),
            weights,
            line,
        };
        if !nothing {
            self.open(&mut job).await?;
        }
        self.job = Some(job);
        Ok(started)
    }

    /// Opens the line on the engine, or on the CPU engine if the GPU is gone.
    async fn open(&mut self, job: &mut Job) -> Result<()> {
        let line = std::slice::from_ref(&job.line);
        match self.engine.open(&job.weights, line).await {
            Err(error) if error.is_of_the_gpu() => {
                self.engine = Engine::Cpu(CpuEngine::new());
                self.notice = error.to_string();
                self.engine.open(&job.weights, line).await
            }
            other => other,
        }
    }

    /// Goes on with the line on the CPU engine, from its last point.
    async fn fall_back(&mut self, job: &mut Job, cause: &Error) -> Result<()> {
        self.engine = Engine::Cpu(CpuEngine::new());
        self.notice = cause.to_string();
        self.reopen(job).await
    }

    /// Opens the line anew, with the points it has.
    async fn reopen(&mut self, job: &mut Job) -> Result<()> {
        let written = job.steps.iter().map(|step| [step.dx, step.dy, step.pen]);
        job.line.prefix = job.given().iter().copied().chain(written).collect();
        job.noise = NoiseStream::new(job.settings.seed, job.settings.line + job.rewritten * REWRITTEN);
        job.noise.seek(job.steps.len() as u64);
        job.submitted = job.steps.len();
        job.computed += job.line.prefix.len();
        job.in_flight.clear();
        self.open(job).await
    }

    /// The next points; `None` when the line is finished.
    ///
    /// # Errors
    /// Whatever the engine cannot recover from; the line is then over.
    pub async fn next(&mut self) -> Result<Option<Chunk>> {
        // Taken out, so that a line that fails, or whose future is dropped half-way, is over.
        let Some(mut job) = self.job.take() else { return Ok(None) };
        let chunk = self.advance(&mut job).await?;
        self.job = Some(job);
        Ok(chunk)
    }

    async fn advance(&mut self, job: &mut Job) -> Result<Option<Chunk>> {
        loop {
            if self.is_cancelled() {
                job.finish.get_or_insert(Finish::Cancelled);
                return Ok(None);
            }
            let chunk = job.deliver();
            if !chunk.steps.is_empty() {
                return Ok(Some(chunk));
            }
            if job.finish.is_some() {
                return Ok(None);
            }
            let began = self.clock.map(|clock| clock());
            let steps = match self.chunk(job).await {
                Err(error) if error.is_of_the_gpu() => {
                    self.fall_back(job, &error).await?;
                    continue;
                }
                other => other?,
            };
            if let (Some(began), Some(clock)) = (began, self.clock) {
                job.resize_chunk(clock() - began);
            }
            job.computed += steps.len();
            if job.take(&steps) == Then::Reopen {
                self.reopen(job).await?;
            }
        }
    }

    /// Keeps the engine busy and waits for the oldest chunk.
    async fn chunk(&mut self, job: &mut Job) -> Result<Vec<Step>> {
        // The CPU works when a chunk is collected: a second one in flight would gain nothing.
        let depth = if matches!(self.engine, Engine::Cpu(_)) { 1 } else { IN_FLIGHT };
        while job.in_flight.len() < depth && job.submitted < job.cap {
            let steps = job.chunk.min(job.cap - job.submitted);
            let mut noise = Vec::with_capacity(steps);
            job.noise.extend(steps, &mut noise);
            self.engine.submit(steps, &noise)?;
            job.in_flight.push_back(steps);
            job.submitted += steps;
        }
        job.in_flight.pop_front();
        self.engine.collect().await
    }

    /// Ends the line. What was delivered stays.
    pub fn cancel(&mut self) {
        if let Some(job) = &mut self.job {
            job.finish.get_or_insert(Finish::Cancelled);
        }
    }

    /// Whether [`Canceller::cancel`] was called since the line began.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// A handle that cancels this writer's lines while [`Writer::next`] has the writer borrowed.
    pub fn canceller(&self) -> Canceller {
        Canceller(Arc::clone(&self.cancelled))
    }

    /// The ink delivered so far of the line under way or last written, starting at the origin, or without text
    /// from the last point of given ink.
    pub fn ink(&self) -> Ink {
        let Some(job) = &self.job else { return Ink::default() };
        let offsets = (0..job.delivered).map(|index| job.offset(index));
        let Some(prime) = &job.settings.prime else {
            return Ink::from_offsets(Point::default(), &offsets.collect::<Vec<_>>());
        };
        let mut at = if prime.kind == Kind::Prediction { prime.end } else { Point::default() };
        let points = offsets.map(|offset| {
            at = Point { x: at.x + offset.dx, y: at.y + offset.dy };
            [at.x, at.y, f32::from(u8::from(offset.pen_lift))]
        });
        Ink::from_points(&points.collect::<Vec<_>>())
    }

    /// The line under way or last written, as an engine begins it.
    pub fn line(&self) -> Option<Line> {
        self.job.as_ref().map(|job| Line { prefix: job.given().to_vec(), ..job.line.clone() })
    }

    /// How many timesteps the engine has made for the line, to write it and to read it back in.
    pub fn computed(&self) -> usize {
        self.job.as_ref().map_or(0, |job| job.computed)
    }

    /// What is broken in the line last written, whether or not it was checked; empty for writing without text.
    pub fn faults(&self) -> Vec<Fault> {
        let Some(job) = self.job.as_ref().filter(|job| job.check.words() > 0) else { return Vec::new() };
        let ended = matches!(job.finish, Some(Finish::Stopped | Finish::WindowRule));
        job.check.line(&job.steps[..job.delivered], ended, &BROKEN)
    }

    /// How many words of the line were written anew, each attempt counted.
    pub fn rewritten(&self) -> u64 {
        self.job.as_ref().map_or(0, |job| job.rewritten)
    }

    /// Why the line ended; `None` while it is being written.
    pub fn finish(&self) -> Option<Finish> {
        self.job.as_ref().and_then(|job| job.finish)
    }
}

impl Job {
    /// Twice as long while a chunk takes less than half its time, half as long when it takes twice.
    fn resize_chunk(&mut self, milliseconds: f64) {
        if milliseconds < CHUNK_MS / 2.0 {
            self.chunk = (self.chunk * 2).min(LARGEST_CHUNK);
        } else if milliseconds > CHUNK_MS * 2.0 {
            self.chunk = (self.chunk / 2).max(1);
        }
    }

    /// Given ink, normalised.
    fn given(&self) -> &[[f32; 3]] {
        self.settings.prime.as_ref().map_or(&[], |prime| &prime.points)
    }

    /// How the pen moved to a point of the line. Behind given ink, a line of text begins where its first point is:
    /// the way there is no ink.
    fn offset(&self, index: usize) -> Offset {
        let step = &self.steps[index];
        let offset = self.weights.config.offset([step.dx, step.dy, step.pen]);
        if index == 0 && self.settings.prime.as_ref().is_some_and(|prime| prime.kind == Kind::Synthesis) {
            return Offset { dx: 0.0, dy: 0.0, ..offset };
        }
        offset
    }

    /// What may be delivered and is not yet.
    fn deliver(&mut self) -> Chunk {
        let fresh = std::mem::replace(&mut self.delivered, self.ready)..self.ready;
        Chunk { offsets: fresh.clone().map(|index| self.offset(index)).collect(), steps: self.steps[fresh].to_vec() }
    }

    /// Takes in timesteps, up to the one at which the line ends or a word has to be written anew.
    fn take(&mut self, steps: &[Step]) -> Then {
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
            } else if self.check_words() == Then::Reopen {
                return Then::Reopen;
            }
            if self.finish.is_some() {
                break;
            }
        }
        Then::GoOn
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
    fn check_words(&mut self) -> Then {
        while self.finish.is_none() && self.word + 1 < self.check.words() {
            let past = self.steps.last().is_some_and(|step| step.position as usize >= self.check.start(self.word + 1));
            let boundary = self.ending.stroke();
            if past && boundary > self.word_start {
                let (faults, badness) = self.check.judge(self.word, &self.steps, &DOUBTFUL);
                if self.settle(boundary, faults.is_empty(), badness) == Then::Reopen {
                    return Then::Reopen;
                }
            } else if self.check.is_stuck(self.word, &self.steps) {
                let (_, badness) = self.check.judge(self.word, &self.steps, &DOUBTFUL);
                return self.settle(self.steps.len(), false, badness + UNFINISHED);
            } else {
                return Then::GoOn;
            }
        }
        if self.finish.is_none() {
            if self.word < self.check.words() && self.check.is_stuck(self.word, &self.steps) {
                return self.settle(self.steps.len(), false, 2.0 * UNFINISHED);
            }
            return Then::GoOn;
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
    fn settle(&mut self, end: usize, fine: bool, badness: f32) -> Then {
        if fine {
            return self.keep(end);
        }
        let steps = self.steps[self.word_start..end].to_vec();
        self.attempts.push(Attempt { steps, badness, finish: self.finish });
        if self.attempts.len() <= self.settings.attempts {
            self.rewind();
            return Then::Reopen;
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
        if self.finish.is_some() { Then::GoOn } else { Then::Reopen }
    }

    /// Goes on to the next word; what was written up to `end` may be delivered.
    fn keep(&mut self, end: usize) -> Then {
        self.attempts.clear();
        self.ready = end;
        self.word_start = end;
        self.word += 1;
        Then::GoOn
    }

    /// Back to where the word began, for another attempt.
    fn rewind(&mut self) {
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
enum Then {
    /// The engine goes on as it is.
    GoOn,
    /// The engine has to be opened anew, with the points that the line has now.
    Reopen,
}

/// A setting in its range.
fn within(name: &str, value: f32, low: f32, high: f32) -> Result<f32> {
    if value.is_finite() && (low..=high).contains(&value) {
        return Ok(value);
    }
    Err(outside(name, value, low, high))
}

fn outside(name: &str, value: f32, low: f32, high: f32) -> Error {
    Error::Setting { name: name.into(), problem: format!("{value} is outside {low} to {high}") }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::testing::{self, writer};
    use pollster::block_on;

    fn all(writer: &mut Writer, text: &str, settings: &Settings) -> (Started, Vec<Offset>, Finish) {
        let started = block_on(writer.start(text, settings)).unwrap();
        let mut offsets = Vec::new();
        while let Some(chunk) = block_on(writer.next()).unwrap() {
            assert!(!chunk.offsets.is_empty());
            offsets.extend(chunk.offsets);
        }
        (started, offsets, writer.finish().unwrap())
    }

    #[test]
    fn the_same_settings_write_the_same_and_each_setting_matters() {
        let base = Settings { style: Some(0), ..Settings::default() };
        let (_, ink, _) = all(&mut writer(), "abc", &base);
        assert_eq!(all(&mut writer(), "abc", &base).1, ink);
        for other in [
            Settings { seed: 2, ..base.clone() },
            Settings { line: 1, ..base.clone() },
            Settings { bias: 0.9, ..base.clone() },
            Settings { temperature: 1.3, ..base.clone() },
            Settings { style: Some(1), ..base.clone() },
            Settings { style: None, ..base.clone() },
            Settings { blend: Some((1, 0.5)), ..base.clone() },
        ] {
            assert_ne!(all(&mut writer(), "abc", &other).1, ink, "{other:?}");
        }
        assert_ne!(all(&mut writer(), "abd", &base).1, ink);
        assert_eq!(all(&mut writer(), "abc", &Settings { blend: Some((1, 0.0)), ..base.clone() }).1, ink);
        let whole = Settings { blend: Some((1, 1.0)), ..base.clone() };
        let other = Settings { style: Some(1), ..base };
        assert_eq!(all(&mut writer(), "abc", &whole).1, all(&mut writer(), "abc", &other).1);
    }

    #[test]
    fn blank_text_is_written_by_the_prediction_network() {
        let settings = Settings { points: 33, ..Settings::default() };
        let (started, ink, finish) = all(&mut writer(), " \n", &settings);
        assert_eq!((started.kind, ink.len(), finish), (Kind::Prediction, 33, Finish::Length));
    }

    #[test]
    fn text_ends_by_the_window_rule_before_the_cap() {
        let (started, ink, finish) = all(&mut writer(), "hello there", &Settings::default());
        assert_eq!(finish, Finish::WindowRule);
        assert!(ink.len() < started.cap);
    }

    #[test]
    fn a_learned_stop_ends_the_line_only_near_its_end() {
        let config = testing::config(Kind::Synthesis, &[9, 8], 3);
        let mut weights = testing::weights(&config, 2);
        *weights.output.bias.last_mut().unwrap() = 20.0; // always says stop
        weights.output.bias[0] = -20.0; // always lifts the pen
        let mut writer = writer();
        writer.set_weights(weights);
        let text = "abcdefgh";
        block_on(writer.start(text, &Settings::default())).unwrap();
        let mut steps = Vec::new();
        while let Some(chunk) = block_on(writer.next()).unwrap() {
            steps.extend(chunk.steps);
        }
        assert_eq!(writer.finish(), Some(Finish::Stopped));
        let (last, before) = steps.split_last().unwrap();
        assert!(last.position + 2.0 >= text.len() as f32);
        assert!(before.iter().all(|s| s.position + 2.0 < text.len() as f32));
    }

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
        writer.job.take().unwrap()
    }

    #[test]
    fn a_word_is_delivered_when_it_is_written_and_found_good() {
        // 25 points a character are usual
        let good = steps(&[20, 30, 25, 8, 25]);
        for pieces in [1, 7, 200] {
            let mut job = job("abc def", 4);
            let mut seen = Vec::new();
            for steps in good.chunks(pieces) {
                assert_eq!(job.take(steps), Then::GoOn);
                seen.push(job.deliver().steps.len());
            }
            let delivered: usize = seen.iter().sum();
            assert_eq!(delivered, 83, "up to the lift before the window came to the next word");
            assert!(seen.iter().filter(|&&count| count > 0).count() == 1, "all at once");
        }
        let mut unchecked = job("abc def", 0);
        assert_eq!(unchecked.take(&good[..5]), Then::GoOn);
        assert_eq!(unchecked.deliver().steps.len(), 5, "unchecked points are delivered as they come");
    }

    #[test]
    fn a_word_that_was_hurried_is_written_anew_and_the_one_before_it_stays() {
        let mut job = job("abc def ghi", 4);
        assert_eq!(job.take(&steps(&[20, 30, 25, 8, 20, 1, 25, 8, 5])), Then::Reopen);
        assert_eq!((job.deliver().steps.len(), job.steps.len(), job.rewritten), (83, 83, 1));
        let rest = steps(&[0, 0, 0, 0, 25, 25, 25, 8, 5]);
        assert_eq!(job.take(&rest), Then::GoOn);
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
            [([3, 1, 2], 1, Then::Reopen), ([3, 2, 1], 1, Then::GoOn), ([1, 2, 3], 1, Then::Reopen)]
        {
            let mut job = job("abcde fgh", 2);
            assert_eq!(job.take(&bad(order[0])), Then::Reopen);
            assert_eq!(job.take(&bad(order[1])), Then::Reopen);
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
            assert_eq!(job.take(&bad), Then::Reopen);
            assert_eq!((job.deliver().steps.len(), job.finish), (83, None));
        }
    }

    #[test]
    fn checked_writing_with_a_real_network_delivers_each_point_once_and_on_any_engine_the_same() {
        let settings = Settings { attempts: 2, ..Settings::default() };
        let mut checked = writer();
        let (_, whole, finish) = all(&mut checked, "hello there my dear", &settings);
        assert!(checked.rewritten() > 0, "a random network writes badly");
        assert!(checked.computed() > whole.len());
        assert_eq!(checked.ink(), Ink::from_offsets(Point::default(), &whole));
        for chunks in [1, 5, 9] {
            let mut lost = writer();
            lost.engine = Engine::Failing(CpuEngine::new(), chunks);
            let (_, ink, finish_here) = all(&mut lost, "hello there my dear", &settings);
            assert!(ink == whole && finish_here == finish, "lost after {chunks} chunks");
        }
    }

    #[test]
    fn faults_are_told_of_checked_and_unchecked_lines() {
        let mut weights = testing::weights(&testing::config(Kind::Synthesis, &[9, 8], 3), 2);
        let window = weights.window.as_mut().unwrap();
        window.weight.fill(0.0);
        window.bias[8..].fill(3.0); // rushes through the text
        for attempts in [0, 1] {
            let mut writer = writer();
            writer.set_weights(weights.clone());
            all(&mut writer, "hello there", &Settings { attempts, ..Settings::default() });
            assert!(writer.faults().iter().any(|fault| matches!(fault, Fault::Hurried(_) | Fault::Unwritten(_))));
            assert_eq!(writer.rewritten() > 0, attempts > 0);
        }
        let mut writer = writer();
        all(&mut writer, "", &Settings::default());
        assert_eq!(writer.faults(), []);
    }

    #[test]
    fn a_window_that_stands_still_ends_at_the_cap() {
        let mut weights = testing::weights(&testing::config(Kind::Synthesis, &[9, 8], 3), 2);
        let window = weights.window.as_mut().unwrap();
        window.weight.fill(0.0);
        window.bias[8..].fill(-40.0);
        let mut writer = writer();
        writer.set_weights(weights);
        let (started, ink, finish) = all(&mut writer, "abc", &Settings::default());
        assert_eq!((ink.len(), finish), (started.cap, Finish::Cap));
    }

    #[test]
    fn numbers_that_are_none_end_the_line_and_are_not_delivered() {
        let mut weights = testing::weights(&testing::config(Kind::Synthesis, &[9, 8], 3), 2);
        weights.output.bias[1 + 3 * 3..1 + 4 * 3].fill(200.0); // σ̂x: exp overflows
        let mut writer = writer();
        writer.set_weights(weights);
        let (_, ink, finish) = all(&mut writer, "abc", &Settings::default());
        assert_eq!(finish, Finish::NonFinite);
        assert!(ink.iter().all(|o| o.dx.is_finite() && o.dy.is_finite()));
    }

    #[test]
    fn cancelling_keeps_what_was_delivered_and_ends_the_stream() {
        let mut writer = writer();
        block_on(writer.start("hello there", &Settings::default())).unwrap();
        assert!(block_on(writer.next()).unwrap().is_some());
        writer.cancel();
        assert!(block_on(writer.next()).unwrap().is_none());
        assert_eq!(writer.finish(), Some(Finish::Cancelled));
    }

    #[test]
    fn a_canceller_ends_the_line_under_way_and_not_the_next_one() {
        let mut writer = writer();
        let canceller = writer.canceller();
        block_on(writer.start("hello there", &Settings::default())).unwrap();
        assert!(block_on(writer.next()).unwrap().is_some());
        canceller.cancel();
        assert!(block_on(writer.next()).unwrap().is_none());
        assert_eq!(writer.finish(), Some(Finish::Cancelled));
        let (_, ink, finish) = all(&mut writer, "hello there", &Settings::default());
        assert!(!ink.is_empty() && finish == Finish::WindowRule);
    }

    #[test]
    fn chunks_start_small_and_follow_the_clock() {
        fn standing() -> f64 {
            0.0
        }
        let mut writer = writer();
        writer.set_clock(standing);
        block_on(writer.start("", &Settings::default())).unwrap();
        let mut sizes = Vec::new();
        while let Some(chunk) = block_on(writer.next()).unwrap() {
            sizes.push(chunk.steps.len());
        }
        assert_eq!(sizes[..6], [8, 16, 32, 64, 128, 128]);
        assert_eq!(sizes.iter().sum::<usize>(), 1400);
    }

    fn primed(writer: &Writer, kind: Kind, text: &str, count: usize) -> Settings {
        let config = &writer.weights(kind).unwrap().config;
        let prime = Prime::new(config, text, &testing::zigzag(count)).unwrap();
        Settings { attempts: 2, prime: Some(Arc::new(prime)), ..Settings::default() }
    }

    #[test]
    fn given_ink_changes_the_writing_and_is_not_delivered() {
        let mut writer = writer();
        let settings = primed(&writer, Kind::Synthesis, "ab", 60);
        let (started, ink, finish) = all(&mut writer, "hello there", &settings);
        assert_eq!((started.text.written.as_str(), finish), ("hello there", Finish::WindowRule));
        assert_eq!([ink[0].dx, ink[0].dy], [0.0; 2], "the line begins where its first point is");
        let delivered = writer.ink();
        assert_eq!(delivered.strokes.iter().map(Vec::len).sum::<usize>(), ink.len());
        assert!(writer.rewritten() > 0 && writer.computed() > ink.len() + 59);
        for other in [
            Settings { prime: None, ..settings.clone() },
            primed(&writer, Kind::Synthesis, "ab", 61),
            primed(&writer, Kind::Synthesis, "ac", 60),
            Settings { style: Some(1), ..settings.clone() },
        ] {
            assert_ne!(all(&mut writer, "hello there", &other).1, ink);
        }
        assert_eq!(all(&mut writer, "hello there", &settings).1, ink);
    }

    #[test]
    fn behind_given_ink_a_line_is_what_the_engine_draws_behind_its_points() {
        let mut writer = writer();
        let settings = Settings { attempts: 0, ..primed(&writer, Kind::Synthesis, "ab", 60) };
        let (_, ink, _) = all(&mut writer, "cd", &settings);
        let weights = Arc::clone(writer.weights(Kind::Synthesis).unwrap());
        let line = Line {
            ids: Alphabet::new(&weights.config.alphabet).encode("ab cd").ids,
            bias: settings.bias,
            temperature: 1.0,
            prefix: settings.prime.as_ref().unwrap().points.clone(),
            ..Line::default()
        };
        let mut engine = CpuEngine::new();
        engine.open(&weights, &[line]).unwrap();
        engine.submit(ink.len(), &testing::noise(settings.seed, 1, ink.len())).unwrap();
        let expected: Vec<Offset> =
            engine.collect().unwrap().iter().map(|s| weights.config.offset([s.dx, s.dy, s.pen])).collect();
        assert_eq!(ink[1..], expected[1..]);
    }

    #[test]
    fn without_text_given_strokes_are_gone_on_with_from_their_last_point() {
        let mut writer = writer();
        let settings = Settings { points: 33, ..primed(&writer, Kind::Prediction, "", 40) };
        let (started, offsets, finish) = all(&mut writer, "", &settings);
        assert_eq!((started.kind, offsets.len(), finish), (Kind::Prediction, 33, Finish::Length));
        let end = testing::zigzag(40)[39];
        let first = writer.ink().strokes[0][0];
        assert_eq!([first.x, first.y], [end[0] + offsets[0].dx, end[1] + offsets[0].dy]);
        assert_ne!(all(&mut writer, "", &Settings { prime: None, ..settings.clone() }).1, offsets);
        let message = block_on(writer.start("a", &settings)).unwrap_err().to_string();
        assert!(message.starts_with("prime: is ink for the other network"), "{message}");
    }

    #[test]
    fn behind_given_ink_a_line_goes_on_on_the_cpu_when_the_gpu_is_lost() {
        for (kind, text) in [(Kind::Synthesis, "hello there my dear"), (Kind::Prediction, "")] {
            let settings = primed(&writer(), kind, "ab", 60);
            let (_, whole, finish) = all(&mut writer(), text, &settings);
            for chunks in [0, 1, 5] {
                let mut lost = writer();
                lost.engine = Engine::Failing(CpuEngine::new(), chunks);
                let (_, ink, finish_here) = all(&mut lost, text, &settings);
                assert!(ink == whole && finish_here == finish, "{kind}: lost after {chunks} chunks");
            }
        }
    }

    #[test]
    fn the_ink_is_what_was_delivered_in_corpus_units() {
        let mut writer = writer();
        let (_, offsets, _) = all(&mut writer, "abc", &Settings::default());
        let ink = writer.ink();
        assert_eq!(ink, Ink::from_offsets(Point::default(), &offsets));
        assert_eq!(ink.strokes.iter().map(Vec::len).sum::<usize>(), offsets.len() + 1, "and the origin");
    }

    #[test]
    fn what_cannot_be_written_is_told_and_text_without_anything_else_is_done_at_once() {
        let (started, ink, _) = all(&mut writer(), "aé😀", &Settings::default());
        assert_eq!((started.text.written.as_str(), started.text.left_out), ("ae", vec!['😀']));
        assert!(!ink.is_empty());
        let (started, ink, finish) = all(&mut writer(), "😀", &Settings::default());
        assert_eq!((started.kind, ink.len(), finish), (Kind::Synthesis, 0, Finish::Stopped));
    }

    #[test]
    fn settings_out_of_range_and_missing_networks_are_named() {
        let mut writer = writer();
        let bad = Settings { bias: f32::NAN, ..Settings::default() };
        assert!(block_on(writer.start("a", &bad)).unwrap_err().to_string().starts_with("bias"));
        let bad = Settings { temperature: 0.0, ..Settings::default() };
        assert!(block_on(writer.start("a", &bad)).unwrap_err().to_string().contains("0 is outside 0.1 to 4"));
        let bad = Settings { blend: Some((1, 1.5)), ..Settings::default() };
        assert!(block_on(writer.start("a", &bad)).unwrap_err().to_string().starts_with("blend"));
        let bad = Settings { attempts: 21, ..Settings::default() };
        assert!(block_on(writer.start("a", &bad)).unwrap_err().to_string().starts_with("attempts"));
        let bad = Settings { points: 0, ..Settings::default() };
        assert!(block_on(writer.start("", &bad)).unwrap_err().to_string().starts_with("points"));
        let long = "ab ".repeat(400);
        let message = block_on(writer.start(&long, &Settings::default())).unwrap_err().to_string();
        assert!(message.starts_with("text: 1199 characters"), "{message}");
        let bad = Settings { style: Some(9), ..Settings::default() };
        assert!(block_on(writer.start("a", &bad)).unwrap_err().to_string().contains("no hand 9"));
        let mut empty = Writer::new(Engine::Cpu(CpuEngine::new()));
        let error = block_on(empty.start("a", &Settings::default())).unwrap_err().to_string();
        assert!(error.contains("synthesis network is not loaded"), "{error}");
    }

    #[test]
    fn a_line_goes_on_from_its_points_on_the_cpu_when_the_gpu_is_lost() {
        let settings = Settings::default();
        let (_, whole, finish) = all(&mut writer(), "hello there", &settings);
        for chunks in [0, 1, 3] {
            let mut writer = writer();
            writer.engine = Engine::Failing(CpuEngine::new(), chunks);
            let (_, ink, finish_here) = all(&mut writer, "hello there", &settings);
            assert!(ink == whole && finish_here == finish, "lost after {chunks} chunks");
            assert!(writer.notice().contains("unplugged") && writer.notice().contains("CPU engine goes on"));
            assert!(writer.engine_label().starts_with("CPU"));
        }
    }
}
