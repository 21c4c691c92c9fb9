//! Text, style, settings and a seed in; a stream of points out; on any engine.
//!
//! Lines are written together, up to so many at once: the engine advances them by the same timesteps. Each has noise
//! of its own and is the same in any company. A line that is over gives its place to the next.
//!
//! Lines that are not begun can be lent: another writer with the same networks, in a thread of its own, writes them
//! ([`Writer::claim_line`]).
//!
//! A line is checked word by word ([`crate::writer::check`]) before it is delivered. A word that went wrong is
//! written anew, from the last good one on, with other noise; after so many attempts the best stays.
//!
//! The writer keeps what it takes to go on elsewhere: the points so far. To take up a line again, at a word or on
//! the CPU engine when the GPU is lost, it gives the engine those points in the place of noise, and then goes on
//! with the noise that belongs there. The other lines go on meanwhile.

pub mod check;
mod claim;
pub mod ending;
mod line;
pub mod prime;

use crate::engine::cpu::CpuEngine;
use crate::engine::{Engine, IN_FLIGHT, Line, Step, forced_point};
use crate::error::{Error, Result};
use crate::ink::{Ink, Offset, Point};
use crate::model::style;
use crate::model::{Kind, Weights};
use crate::text::alphabet::{Alphabet, Encoded};
use crate::writer::check::{BROKEN, Check, Fault};
pub use crate::writer::ending::Finish;
pub use crate::writer::prime::Prime;
pub use claim::LineClaim;
use line::{Job, Next};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Most lines that are written at once: as many share the weights on a GPU, and more would make chunks of few
/// timesteps on a CPU.
const MOST_LINES: usize = 64;
/// How many lines may be written past the oldest that is not over: they are held back.
const MOST_AHEAD: usize = 2 * MOST_LINES;
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
pub struct Plan {
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

/// What has come of one line of several.
#[derive(Debug, Clone, PartialEq)]
pub struct LineUpdate {
    /// Which line, counted from 0.
    pub line: usize,
    /// With its first points: the line as the engine read it, given ink as its prefix.
    pub begun: Option<Line>,
    /// Its next points; maybe none.
    pub chunk: Chunk,
    /// With its last points: why it ended.
    pub finish: Option<Finish>,
}

/// Writes a line, or several at once.
#[derive(Debug)]
pub struct Writer {
    engine: Engine,
    prediction: Option<Arc<Weights>>,
    synthesis: Option<Arc<Weights>>,
    clock: Option<fn() -> f64>,
    batch: Option<Batch>,
    /// The line that was over last.
    last: Option<Job>,
    /// Whether others write lines too.
    has_pool: bool,
    notice: String,
    cancelled: Arc<AtomicBool>,
}

/// Cancels a writer's lines from elsewhere: while [`Writer::next`] waits, the writer itself is
/// borrowed.
#[derive(Debug, Clone)]
pub struct Canceller(Arc<AtomicBool>);

impl Canceller {
    /// Ends what is being written before its next chunk is delivered.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The lines being written.
#[derive(Debug)]
struct Batch {
    weights: Arc<Weights>,
    /// By their places in the engine's batch; `None` once there are no more lines.
    jobs: Vec<Option<Job>>,
    /// Lines not begun, with their numbers.
    queue: VecDeque<(usize, String, Settings)>,
    /// Lines that another writer has, and those of them that are back and not handed out.
    claimed: Vec<Job>,
    returned: Vec<Job>,
    /// Character ids of the longest line.
    longest: usize,
    /// Whether the first line is written by itself until it is over.
    head_start: bool,
    chunk: usize,
    in_flight: VecDeque<Sent>,
}

/// A chunk in flight.
#[derive(Debug)]
struct Sent {
    steps: usize,
    /// By places: the line's number and turn, and how many timesteps only read known points.
    lines: Vec<Option<(usize, u64, usize)>>,
}

impl Writer {
    /// A writer on this engine, without networks.
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            prediction: None,
            synthesis: None,
            clock: None,
            batch: None,
            last: None,
            has_pool: false,
            notice: String::new(),
            cancelled: Arc::default(),
        }
    }

    /// A clock in milliseconds, by which chunks are sized; without one they stay small.
    pub fn set_clock(&mut self, clock: fn() -> f64) {
        self.clock = Some(clock);
    }

    /// Adds or replaces the network of the weights' kind.
    pub fn set_weights(&mut self, weights: impl Into<Arc<Weights>>) {
        let weights = weights.into();
        let slot = match weights.config.kind {
            Kind::Prediction => &mut self.prediction,
            Kind::Synthesis => &mut self.synthesis,
        };
        *slot = Some(weights);
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

    /// Begins a line; ends what is under way. Blank text is written by the prediction network.
    ///
    /// # Errors
    /// [`Error::NotLoaded`] or [`Error::Setting`].
    pub async fn start(&mut self, text: &str, settings: &Settings) -> Result<Plan> {
        self.start_lines(vec![(text.to_owned(), settings.clone())]).await
    }

    /// Begins lines that are written at once, all by the same network; ends what is under way. Tells what the first
    /// one will be. The first is ahead of the others, and they end about in order.
    ///
    /// # Errors
    /// As [`Writer::start`]; what is wrong with a line behind the first [`MOST_LINES`](self) is told when it is begun.
    pub async fn start_lines(&mut self, lines: Vec<(String, Settings)>) -> Result<Plan> {
        (self.batch, self.last) = (None, None);
        self.cancelled.store(false, Ordering::Relaxed);
        let mut queue: VecDeque<_> = lines.into_iter().enumerate().map(|(n, (text, own))| (n, text, own)).collect();
        let mut first = None;
        let mut jobs = Vec::new();
        // One after the other where there are others to write too: the rest is theirs.
        let most = if self.has_pool && self.engine.is_cpu() { 1 } else { MOST_LINES };
        for (number, text, settings) in queue.drain(..queue.len().min(most)) {
            let (job, started) = self.plan(number, &text, &settings)?;
            jobs.push(Some(job));
            first.get_or_insert(started);
        }
        let (Some(first), Some(Some(job))) = (first, jobs.first()) else {
            return Err(Error::Sequence("no lines to write".into()));
        };
        let weights = Arc::clone(&job.weights);
        let alphabet = Alphabet::new(&weights.config.alphabet);
        let prime = job.given_characters();
        let ids = queue.iter().map(|(_, text, _)| alphabet.encode(text).ids.len() + prime);
        let longest = ids.chain(jobs.iter().flatten().map(|job| job.line.ids.len())).max().unwrap_or(0);
        let mut batch = Batch {
            weights,
            queue,
            claimed: Vec::new(),
            returned: Vec::new(),
            longest,
            // The GPU writes all lines in the time of one. The CPU takes nearly as long for each as for one alone,
            // and the first is the one that is waited for.
            head_start: jobs.len() > 1 && self.engine.is_cpu(),
            jobs,
            chunk: FIRST_CHUNK,
            in_flight: VecDeque::new(),
        };
        // One line of which nothing can be written needs no engine.
        let more = batch.jobs.len() > 1 || !batch.queue.is_empty();
        if more || batch.jobs.iter().flatten().any(|job| job.finish.is_none()) {
            self.open(&mut batch).await?;
        }
        self.batch = Some(batch);
        Ok(first)
    }

    /// What it takes to write a line, and what it will be.
    fn plan(&self, number: usize, text: &str, settings: &Settings) -> Result<(Job, Plan)> {
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
            prefix: Vec::new(),
        };
        let started = Plan { kind, text, cap, sample_ms: config.sample_ms };
        let mut job = Job::new(number, settings, &weights, line, &started.text.written, check, cap);
        if nothing {
            job.finish = Some(Finish::Stopped);
        }
        Ok((job, started))
    }

    /// Opens the batch on the engine, or on the CPU engine if the GPU is gone. Every line is at its beginning there.
    async fn open(&mut self, batch: &mut Batch) -> Result<()> {
        // Where there is no line any more, any will do.
        let Some(any) = batch.jobs.iter().flatten().next() else { return Ok(()) };
        let lines: Vec<Line> = batch.jobs.iter().map(|job| job.as_ref().unwrap_or(any).line.clone()).collect();
        match self.engine.open_with_capacity(&batch.weights, &lines, batch.longest).await {
            Err(error) if error.is_of_the_gpu() => {
                self.engine = Engine::Cpu(CpuEngine::new());
                self.notice = error.to_string();
                self.engine.open(&batch.weights, &lines).await?;
            }
            other => other?,
        }
        batch.in_flight.clear();
        for (place, job) in batch.jobs.iter_mut().enumerate() {
            match job {
                Some(job) if !batch.head_start || place == 0 => job.take_up(0),
                _ => self.engine.release_slot(place)?,
            }
        }
        Ok(())
    }

    /// Goes on with the lines on the CPU engine, from their last points.
    async fn fall_back(&mut self, batch: &mut Batch, cause: &Error) -> Result<()> {
        self.engine = Engine::Cpu(CpuEngine::new());
        self.notice = cause.to_string();
        self.open(batch).await
    }

    /// The next points; `None` when the line is finished.
    ///
    /// # Errors
    /// Whatever the engine cannot recover from; the line is then over.
    pub async fn next(&mut self) -> Result<Option<Chunk>> {
        while let Some(fresh) = self.next_of_lines().await? {
            if let Some(fresh) = fresh.into_iter().find(|fresh| !fresh.chunk.steps.is_empty()) {
                return Ok(Some(fresh.chunk));
            }
        }
        Ok(None)
    }

    /// What comes of the lines in the engine's next chunk, maybe nothing; `None` when all are finished.
    ///
    /// # Errors
    /// Whatever the engine cannot recover from; the lines are then over.
    pub async fn next_of_lines(&mut self) -> Result<Option<Vec<LineUpdate>>> {
        // Taken out, so that lines that fail, or whose future is dropped half-way, are over.
        let Some(mut batch) = self.batch.take() else { return Ok(None) };
        if self.is_cancelled() {
            self.batch = Some(batch);
            self.cancel();
            return Ok(None);
        }
        if batch.jobs.iter().flatten().any(Job::is_working) {
            match self.advance(&mut batch).await {
                Err(error) if error.is_of_the_gpu() => self.fall_back(&mut batch, &error).await?,
                other => other?,
            }
        }
        let fresh = self.deliver(&mut batch);
        match self.begin_lines(&mut batch) {
            Err(error) if error.is_of_the_gpu() => self.fall_back(&mut batch, &error).await?,
            other => other?,
        }
        if fresh.is_empty() && batch.jobs.iter().all(Option::is_none) && batch.claimed.is_empty() {
            return Ok(None);
        }
        self.batch = Some(batch);
        Ok(Some(fresh))
    }

    /// Has the engine make a chunk, and takes in what comes.
    async fn advance(&mut self, batch: &mut Batch) -> Result<()> {
        let began = self.clock.map(|clock| clock());
        let (sent, steps) = self.chunk(batch).await?;
        if let (Some(began), Some(clock)) = (began, self.clock) {
            batch.resize_chunk(clock() - began);
        }
        for (place, steps) in steps.chunks_exact(sent.steps).enumerate() {
            let (Some(job), Some((number, turn, read))) = (&mut batch.jobs[place], sent.lines[place]) else { continue };
            if job.number != number || job.finish.is_some() {
                continue;
            }
            job.computed += sent.steps;
            if job.turn != turn {
                continue;
            }
            match job.take(&steps[read..]) {
                Next::Continue => self.engine.checkpoint(place, job.prime_points().len() + job.word_start),
                Next::Rewind => {
                    let at = self.engine.rewind(place, job.prime_points().len() + job.same)?;
                    job.take_up(at);
                }
            }
        }
        Ok(())
    }

    /// Keeps the engine busy and waits for the oldest chunk.
    async fn chunk(&mut self, batch: &mut Batch) -> Result<(Sent, Vec<Step>)> {
        // The CPU works when a chunk is collected: a second one in flight would gain nothing.
        let depth = if self.engine.is_cpu() { 1 } else { IN_FLIGHT };
        while batch.in_flight.len() < depth {
            let working = batch.jobs.iter().flatten().filter(|job| job.is_working());
            let steps = batch.chunk.min(working.map(Job::left).max().unwrap_or(0));
            if steps == 0 {
                break;
            }
            let mut noise = Vec::with_capacity(steps * batch.jobs.len());
            let lines = batch.jobs.iter_mut().map(|job| match job {
                Some(job) if job.is_working() => {
                    let read = job.ask(steps, &mut noise);
                    Some((job.number, job.turn, read))
                }
                _ => {
                    noise.resize(noise.len() + steps, forced_point([0.0; 3]));
                    None
                }
            });
            let lines = lines.collect();
            self.engine.submit(steps, &noise)?;
            batch.in_flight.push_back(Sent { steps, lines });
        }
        let nothing = || Error::Sequence("no line needs a timestep".into());
        let sent = batch.in_flight.pop_front().ok_or_else(nothing)?;
        Ok((sent, self.engine.collect().await?))
    }

    /// Hands out what is ready. Lines that are over leave their places.
    fn deliver(&mut self, batch: &mut Batch) -> Vec<LineUpdate> {
        let mut fresh = Vec::new();
        for place in &mut batch.jobs {
            let Some(job) = place else { continue };
            let own = job.fresh();
            if !own.chunk.steps.is_empty() || own.finish.is_some() {
                fresh.push(own);
            }
            if job.finish.is_some() {
                self.last = place.take();
            }
        }
        for mut job in batch.returned.drain(..) {
            fresh.push(job.fresh());
            self.last = Some(job);
        }
        fresh
    }

    /// Has lines begin in the places that are free, and all of them once the first is over.
    fn begin_lines(&mut self, batch: &mut Batch) -> Result<()> {
        if batch.head_start && batch.jobs[0].is_none() {
            batch.head_start = false;
            batch.chunk = (batch.chunk / batch.jobs.len()).max(1);
            for place in 1..batch.jobs.len() {
                self.put(batch, place)?;
            }
        }
        for place in 0..batch.jobs.len() {
            if batch.jobs[place].is_none() {
                self.refill(batch, place)?;
            }
        }
        Ok(())
    }

    /// Puts the next line in a place that is free, if there is one and it is not too far ahead.
    fn refill(&mut self, batch: &mut Batch, place: usize) -> Result<()> {
        let oldest = batch.jobs.iter().flatten().map(|job| job.number).min();
        let near = |next: usize| oldest.is_none_or(|oldest| next < oldest + MOST_AHEAD);
        let next = if batch.queue.front().is_some_and(|next| near(next.0)) { batch.queue.pop_front() } else { None };
        let Some((number, text, settings)) = next else {
            return if batch.jobs.len() > 1 { self.engine.release_slot(place) } else { Ok(()) };
        };
        let (job, _) = self.plan(number, &text, &settings)?;
        batch.jobs[place] = Some(job);
        self.put(batch, place)
    }

    /// Has the engine begin the line that is in this place.
    fn put(&mut self, batch: &mut Batch, place: usize) -> Result<()> {
        let Some(job) = &mut batch.jobs[place] else { return Ok(()) };
        self.engine.assign_slot(place, &job.line)?;
        job.take_up(0);
        Ok(())
    }

    /// Ends what is being written. What was delivered stays.
    pub fn cancel(&mut self) {
        let Some(batch) = self.batch.take() else { return };
        if let Some(mut job) = batch.jobs.into_iter().flatten().next() {
            job.finish.get_or_insert(Finish::Cancelled);
            self.last = Some(job);
        }
    }

    /// Whether [`Canceller::cancel`] was called since the lines began.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// A handle that cancels this writer's lines while [`Writer::next`] has the writer borrowed.
    pub fn canceller(&self) -> Canceller {
        Canceller(Arc::clone(&self.cancelled))
    }

    /// The line under way, the first of several, or the one that was over last.
    fn job(&self) -> Option<&Job> {
        let under_way = self.batch.as_ref().and_then(|batch| batch.jobs.iter().flatten().next());
        under_way.or(self.last.as_ref())
    }

    /// The ink delivered so far of the line under way or last written, starting at the origin, or without text
    /// from the last point of given ink.
    pub fn ink(&self) -> Ink {
        let Some(job) = self.job() else { return Ink::default() };
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

    /// The line under way or last written, as an engine begins it, given ink as its prefix.
    pub fn line(&self) -> Option<Line> {
        self.job().map(Job::as_read)
    }

    /// How many timesteps the engine has made for the line, to write it and to read it back in.
    pub fn computed(&self) -> usize {
        self.job().map_or(0, |job| job.computed)
    }

    /// What is broken in the line last written, whether or not it was checked; empty for writing without text.
    pub fn faults(&self) -> Vec<Fault> {
        let Some(job) = self.job().filter(|job| job.check.words() > 0) else { return Vec::new() };
        let ended = matches!(job.finish, Some(Finish::Stopped | Finish::WindowRule));
        job.check.line(&job.steps[..job.delivered], ended, &BROKEN)
    }

    /// How many words of the line were written anew, each attempt counted.
    pub fn rewritten(&self) -> u64 {
        self.job().map_or(0, |job| job.rewritten)
    }

    /// Why the line ended; `None` while it is being written.
    pub fn finish(&self) -> Option<Finish> {
        self.job().and_then(|job| job.finish)
    }
}

impl Batch {
    /// Twice as long while a chunk takes less than half its time, half as long when it takes twice.
    fn resize_chunk(&mut self, milliseconds: f64) {
        if milliseconds < CHUNK_MS / 2.0 {
            self.chunk = (self.chunk * 2).min(LARGEST_CHUNK);
        } else if milliseconds > CHUNK_MS * 2.0 {
            self.chunk = (self.chunk / 2).max(1);
        }
    }
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
    use crate::testing::{self, LostGpu, writer};
    use pollster::block_on;

    fn all(writer: &mut Writer, text: &str, settings: &Settings) -> (Plan, Vec<Offset>, Finish) {
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
            lost.engine = Engine::Lost(LostGpu::after(chunks));
            let (_, ink, finish_here) = all(&mut lost, "hello there my dear", &settings);
            assert!(ink == whole && finish_here == finish, "lost after {chunks} chunks");
        }
    }

    #[test]
    fn faults_are_told_of_checked_and_unchecked_lines() {
        let mut weights = testing::weights(&testing::config(Kind::Synthesis, &[9, 8], 3), 2);
        let window = weights.window.as_mut().unwrap();
        testing::elements_mut(&mut window.weight).fill(0.0);
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
        testing::elements_mut(&mut window.weight).fill(0.0);
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

    const TEXTS: [&str; 6] = ["hello there my dear", "ab", "the cat sat", "o", "good day to you all", "xyz abc"];

    /// As many lines as `count`; each one's points and why it ended, and the order of the lines in which points came.
    fn together(writer: &mut Writer, count: usize, settings: &Settings) -> (Vec<(Vec<Offset>, Finish)>, Vec<usize>) {
        let line = |n: usize| (TEXTS[n % 6].to_owned(), Settings { line: n as u64, ..settings.clone() });
        block_on(writer.start_lines((0..count).map(line).collect())).unwrap();
        let mut lines = vec![(Vec::new(), None); count];
        let mut order = Vec::new();
        while let Some(fresh) = block_on(writer.next_of_lines()).unwrap() {
            for LineUpdate { line, begun, chunk, finish } in fresh {
                assert!(lines[line].1.is_none(), "it is over");
                assert_eq!(begun.is_some(), lines[line].0.is_empty());
                lines[line].0.extend(chunk.offsets);
                lines[line].1 = finish;
                order.push(line);
            }
        }
        (lines.into_iter().map(|(offsets, finish)| (offsets, finish.unwrap())).collect(), order)
    }

    #[test]
    fn lines_written_together_are_what_they_are_alone_and_when_the_gpu_is_lost() {
        let plain = Settings { attempts: 2, ..Settings::default() };
        let primed = primed(&writer(), Kind::Synthesis, "ab", 60);
        // more than fit at once
        for (settings, count) in
            [(&plain, MOST_LINES + 9), (&primed, 7), (&Settings { attempts: 0, ..plain.clone() }, 5)]
        {
            let (lines, order) = together(&mut writer(), count, settings);
            assert_eq!(order[0], 0);
            assert!(order.iter().position(|&line| line == 4) < order.iter().rposition(|&line| line == 2), "at once");
            for (n, found) in lines.iter().enumerate() {
                let settings = Settings { line: n as u64, ..settings.clone() };
                let (_, ink, finish) = all(&mut writer(), TEXTS[n % 6], &settings);
                assert!(*found == (ink, finish), "line {n} of {count}");
            }
            for chunks in [0, 3, 9] {
                let mut lost = writer();
                lost.engine = Engine::Lost(LostGpu::after(chunks));
                assert!(together(&mut lost, count, settings).0 == lines, "lost after {chunks} chunks");
                assert!(lost.notice().contains("unplugged"));
            }
        }
    }

    #[test]
    fn how_long_chunks_take_does_not_change_the_ink() {
        use std::sync::atomic::AtomicU64;
        static NOW: AtomicU64 = AtomicU64::new(1);
        /// Chunks seem to take from 0 to 30 ms.
        fn unsteady() -> f64 {
            let now = NOW.fetch_add(1, Ordering::Relaxed);
            (now * 15 + now.wrapping_mul(now).wrapping_mul(2_654_435_761) % 30) as f64
        }
        let settings = Settings { attempts: 3, ..Settings::default() };
        let primed = Settings { seed: 3, ..primed(&writer(), Kind::Synthesis, "ab", 60) };
        for (settings, count) in [(&settings, 1), (&settings, 4), (&primed, 3)] {
            let steady = together(&mut writer(), count, settings).0;
            for _ in 0..4 {
                let mut writer = writer();
                writer.set_clock(unsteady);
                assert!(together(&mut writer, count, settings).0 == steady);
            }
        }
    }

    #[test]
    fn the_first_of_several_lines_is_written_as_soon_as_alone() {
        let settings = Settings { attempts: 0, ..Settings::default() };
        let mut writer = writer();
        block_on(writer.start_lines(vec![("abc".into(), settings.clone()), ("def".into(), settings)])).unwrap();
        let computed = |writer: &Writer| writer.batch.as_ref().unwrap().jobs[1].as_ref().unwrap().computed;
        loop {
            let fresh = block_on(writer.next_of_lines()).unwrap().unwrap();
            assert!(fresh.iter().all(|fresh| fresh.line == 0) && computed(&writer) == 0);
            if fresh.iter().any(|fresh| fresh.finish.is_some()) {
                break;
            }
        }
        block_on(writer.next_of_lines()).unwrap();
        assert!(computed(&writer) > 0);
    }

    #[test]
    fn a_word_is_written_anew_without_reading_the_line_again() {
        let mut writer = writer();
        let settings = Settings { attempts: 2, ..Settings::default() };
        let (_, ink, _) = all(&mut writer, "hello there my dear", &settings);
        let computed = writer.computed();
        assert!(writer.rewritten() > 1);
        writer.engine = Engine::Lost(LostGpu::after(0)); // whose first open is at the beginning
        let (_, again, _) = all(&mut writer, "hello there my dear", &settings);
        assert!(again == ink && writer.computed() == computed);
        let attempts = 1 + settings.attempts;
        assert!(computed < ink.len() * (attempts + 2), "{computed} timesteps for {} points", ink.len());
    }

    #[test]
    fn several_lines_are_cancelled_at_once_and_none_is_refused() {
        let mut writer = writer();
        let canceller = writer.canceller();
        let line = |_| ("hello there".to_owned(), Settings::default());
        block_on(writer.start_lines((0..5).map(line).collect())).unwrap();
        assert!(block_on(writer.next_of_lines()).unwrap().is_some());
        canceller.cancel();
        assert!(block_on(writer.next_of_lines()).unwrap().is_none());
        assert_eq!(writer.finish(), Some(Finish::Cancelled));
        assert!(block_on(writer.next_of_lines()).unwrap().is_none());
        assert!(matches!(block_on(writer.start_lines(Vec::new())), Err(Error::Sequence(_))));
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
                lost.engine = Engine::Lost(LostGpu::after(chunks));
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
    fn while_one_chunk_is_collected_a_gpu_computes_the_next() {
        let mut writer = writer();
        writer.engine = Engine::Lost(LostGpu::after(3));
        block_on(writer.start("hello there", &Settings { attempts: 0, ..Settings::default() })).unwrap();
        assert!(block_on(writer.next()).unwrap().is_some());
        let Engine::Lost(gpu) = &writer.engine else { unreachable!("not lost yet") };
        assert_eq!(gpu.in_flight(), IN_FLIGHT - 1);
    }

    #[test]
    fn a_line_goes_on_from_its_points_on_the_cpu_when_the_gpu_is_lost() {
        let settings = Settings::default();
        let (_, whole, finish) = all(&mut writer(), "hello there", &settings);
        for chunks in [0, 1, 3] {
            let mut writer = writer();
            writer.engine = Engine::Lost(LostGpu::after(chunks));
            let (_, ink, finish_here) = all(&mut writer, "hello there", &settings);
            assert!(ink == whole && finish_here == finish, "lost after {chunks} chunks");
            assert!(writer.notice().contains("unplugged") && writer.notice().contains("CPU engine goes on"));
            assert!(writer.engine_label().starts_with("CPU"));
        }
    }
}
