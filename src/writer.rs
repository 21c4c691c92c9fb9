//! Text, style, settings and a seed in; a stream of points out; on any engine.
//!
//! The writer keeps what it takes to go on elsewhere: the points delivered so far. When the GPU is
//! lost, it reads them back in on the CPU engine and continues from the last one, with the same noise.

use crate::alphabet::{Alphabet, Encoded};
use crate::cpu::CpuEngine;
use crate::engine::{Engine, IN_FLIGHT, Line, Step};
use crate::error::{Error, Result};
use crate::ink::{Ink, Offset, Point};
use crate::model::{Kind, Weights};
use crate::noise::NoiseStream;
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
/// Learned stop from which a pen lift ends the line, where the window is on the last character but
/// one, on the last, and on the end mark. It is a probability, so it rarely comes near 1 even at the
/// right place: in 45 lines at bias 1 it was mostly 0.3 to 0.8 where the text was complete, and below
/// 0.05 at nearly all lifts before.
const STOP: [f32; 3] = [0.5, 0.3, 0.15];
/// Longest stroke, as a multiple of the points per character, that may follow a pen lift on the end
/// mark: a last dot or crossbar. What is longer is a letter too many; what starts to the right of
/// all ink is a stray mark.
const AFTERTHOUGHT: f32 = 0.75;
/// Longest that the window may rest on the end mark, in points per character.
const LONGEST_END: f32 = 2.0;
/// Longest line, in characters: some ten times what fits across a sheet. Whoever has more wraps it.
const LONGEST_LINE: usize = 1000;
/// Most points that can be asked for without text: a quarter of an hour of pen time.
const MOST_POINTS: usize = 50_000;

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
    /// Points to write without text, at least 1.
    pub points: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { bias: 0.5, temperature: 1.0, seed: 1, line: 0, style: None, points: 700 }
    }
}

/// Why a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// The network said so.
    Stopped,
    /// The window had moved past the text [G §5].
    WindowRule,
    /// The length that was asked for, without text.
    Length,
    /// The guard against lines that never end.
    Cap,
    /// The network computed something that is no number.
    NonFinite,
    /// The caller said so.
    Cancelled,
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
    /// In corpus units.
    pub offsets: Vec<Offset>,
    /// What the network said at each of them.
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
    noise: NoiseStream,
    /// Every point delivered, normalised.
    points: Vec<[f32; 3]>,
    /// Timesteps submitted, delivered or not.
    submitted: usize,
    in_flight: VecDeque<usize>,
    chunk: usize,
    cap: usize,
    /// Timesteps in a row that the window has been on the end mark.
    at_end: usize,
    /// Whether the pen has lifted there: strokes are then held back until they prove short.
    after_end: bool,
    /// The last of `points`, held back.
    held: Vec<Step>,
    /// Of what was delivered: where the pen is, and the right edge; corpus units from the origin.
    x: f32,
    right_edge: f32,
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
        let (text, cap) = match kind {
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
        let line = Line {
            ids: text.ids.clone(),
            style: if kind == Kind::Synthesis { style::vector(&weights, settings.style)? } else { Vec::new() },
            bias: within("bias", settings.bias, 0.0, 5.0)?,
            temperature: within("temperature", settings.temperature, 0.1, 4.0)?,
            prefix: Vec::new(),
        };
        // Text of which nothing can be written: done, with nothing on the sheet.
        let nothing = kind == Kind::Synthesis && text.written.is_empty();
        let started = Started { kind, text, cap, sample_ms: config.sample_ms };
        let mut job = Job {
            noise: NoiseStream::new(settings.seed, settings.line),
            points: Vec::new(),
            submitted: 0,
            in_flight: VecDeque::new(),
            chunk: FIRST_CHUNK,
            cap,
            at_end: 0,
            after_end: false,
            held: Vec::new(),
            x: 0.0,
            right_edge: 0.0,
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
        match self.engine.open(&job.weights, std::slice::from_ref(&job.line)).await {
            Err(error) if error.is_of_the_gpu() => self.fall_back(job, &error).await,
            other => other,
        }
    }

    /// Goes on with the line on the CPU engine, from the last delivered point.
    async fn fall_back(&mut self, job: &mut Job, cause: &Error) -> Result<()> {
        self.engine = Engine::Cpu(CpuEngine::new());
        self.notice = cause.to_string();
        job.line.prefix.clone_from(&job.points);
        job.noise.seek(job.points.len() as u64);
        job.submitted = job.points.len();
        job.in_flight.clear();
        job.chunk = FIRST_CHUNK;
        self.engine.open(&job.weights, std::slice::from_ref(&job.line)).await
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
        while job.finish.is_none() {
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
            if self.cancelled.load(Ordering::Relaxed) {
                job.finish = Some(Finish::Cancelled);
                break;
            }
            let chunk = job.deliver(&steps);
            if !chunk.steps.is_empty() {
                return Ok(Some(chunk));
            }
        }
        Ok(None)
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

    /// A handle that cancels this writer's lines while [`Writer::next`] has the writer borrowed.
    pub fn canceller(&self) -> Canceller {
        Canceller(Arc::clone(&self.cancelled))
    }

    /// The ink delivered so far of the line under way or last written, starting at the origin.
    pub fn ink(&self) -> Ink {
        let Some(job) = &self.job else { return Ink::default() };
        let delivered = &job.points[..job.points.len() - job.held.len()];
        let offsets: Vec<Offset> = delivered.iter().map(|&p| job.weights.config.offset(p)).collect();
        Ink::from_offsets(Point::default(), &offsets)
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

    /// Takes points up to the one at which the line ends.
    fn deliver(&mut self, steps: &[Step]) -> Chunk {
        let mut chunk = Chunk { offsets: Vec::with_capacity(steps.len()), steps: Vec::with_capacity(steps.len()) };
        for step in steps {
            if ![step.dx, step.dy, step.pen, step.stop].iter().all(|v| v.is_finite()) {
                self.finish = Some(Finish::NonFinite);
                break;
            }
            self.points.push([step.dx, step.dy, step.pen]);
            self.held.push(*step);
            self.finish = self.ends_with(step);
            // Held back until the stroke is over, if need be.
            if !self.after_end || step.pen > 0.5 {
                for step in self.held.drain(..) {
                    let offset = self.weights.config.offset([step.dx, step.dy, step.pen]);
                    self.x += offset.dx;
                    self.right_edge = self.right_edge.max(self.x);
                    chunk.offsets.push(offset);
                    chunk.steps.push(step);
                }
            }
            if self.finish.is_some() {
                break;
            }
        }
        if self.finish.is_some() {
            self.discard_held();
        }
        chunk
    }

    /// What was held back to the end is not delivered.
    fn discard_held(&mut self) {
        self.points.truncate(self.points.len() - self.held.len());
        self.held.clear();
    }

    /// Whether the stroke held back is no afterthought to the text.
    fn is_stray(&self) -> bool {
        let config = &self.weights.config;
        let Some(first) = self.held.first() else { return false };
        let start = self.x + config.offset([first.dx, first.dy, first.pen]).dx;
        // one typical offset of leeway
        let beyond = start > self.right_edge + config.offset_sd[0];
        beyond || self.held.len() as f32 > AFTERTHOUGHT * config.points_per_character
    }

    /// Whether the line ends with this point, and why.
    fn ends_with(&mut self, step: &Step) -> Option<Finish> {
        let weights = Arc::clone(&self.weights);
        let config = &weights.config;
        let cap = self.points.len() >= self.cap;
        if config.kind == Kind::Prediction {
            return cap.then_some(Finish::Length);
        }
        let (end, position) = (self.line.ids.len() - 1, step.position as usize);
        let lifted = step.pen > 0.5;
        let on_end = position == end;
        self.at_end = if on_end { self.at_end + 1 } else { 0 };
        self.after_end &= on_end;
        if self.after_end && self.is_stray() {
            self.discard_held();
            return Some(Finish::WindowRule);
        }
        // A learned stop counts only where the text is nearly used up: a slip in mid-line would
        // cost half a sentence.
        let enough = (position + 2).checked_sub(end).and_then(|place| STOP.get(place));
        if lifted && enough.is_some_and(|&enough| step.stop > enough) {
            return Some(Finish::Stopped);
        }
        // A network without a learned stop has only the window to go by.
        if lifted && on_end && !config.stop {
            return Some(Finish::WindowRule);
        }
        self.after_end |= on_end && lifted;
        if self.at_end as f32 > LONGEST_END * config.points_per_character {
            return Some(Finish::WindowRule);
        }
        cap.then_some(Finish::Cap)
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
        ] {
            assert_ne!(all(&mut writer(), "abc", &other).1, ink, "{other:?}");
        }
        assert_ne!(all(&mut writer(), "abd", &base).1, ink);
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

    /// What is delivered of a line "abc" whose steps are given as (position, stop, lifted);
    /// the pen goes to the right by `advance` (normalised) at each lift.
    fn delivered(advance: f32, steps: impl IntoIterator<Item = (usize, f32, bool)>) -> (usize, Option<Finish>) {
        let mut writer = writer();
        block_on(writer.start("abc", &Settings::default())).unwrap();
        let mut job = writer.job.take().unwrap();
        let (mut count, mut dx) = (0, 0.0);
        for (position, stop, lifted) in steps {
            let step =
                Step { position: position as f32, stop, pen: f32::from(u8::from(lifted)), dx, ..Step::default() };
            // one by one, as chunks of any size must do the same
            dx = if lifted { advance } else { 0.0 };
            count += job.deliver(&[step]).offsets.len();
            if job.finish.is_some() {
                break;
            }
        }
        let finish = job.finish;
        writer.job = Some(job);
        assert_eq!(writer.ink().strokes.iter().map(Vec::len).sum::<usize>(), count + 1, "ink is what was delivered");
        (count, finish)
    }

    #[test]
    fn after_the_end_a_dot_is_kept_and_a_letter_too_many_is_not() {
        let stroke = |position: usize, stop: f32, points: usize| {
            (1..=points).map(move |k| (position, if k == points { stop } else { 0.0 }, k == points))
        };
        let line = || (0..3).flat_map(|position| stroke(position, 0.0, 20));
        // the learned stop, unsure before the end mark and sure enough on it
        assert_eq!(
            delivered(0.5, line().chain(stroke(2, 0.25, 5)).chain(stroke(3, 0.25, 5))),
            (70, Some(Finish::Stopped))
        );
        // it never speaks up: what follows the lift on the end mark is short, then too long
        let tail = || stroke(3, 0.1, 10).chain(stroke(3, 0.1, 4));
        assert_eq!(delivered(0.5, line().chain(tail()).chain(stroke(3, 0.1, 30))), (74, Some(Finish::WindowRule)));
        // it is short, but starts to the right of everything
        assert_eq!(delivered(1.5, line().chain(tail())), (70, Some(Finish::WindowRule)));
        // the window goes back: the stroke belongs to the text after all
        assert_eq!(delivered(0.5, line().chain(tail()).chain((0..9).map(|_| (2, 0.0, false)))), (83, None));
        // the pen never lifts: the window's time on the end mark is limited
        assert_eq!(delivered(0.5, line().chain((0..90).map(|_| (3, 0.0, false)))), (111, Some(Finish::WindowRule)));
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
        assert_eq!(sizes.iter().sum::<usize>(), 700);
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
