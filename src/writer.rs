//! Text, style, settings and a seed in; a stream of points out; on any engine.
//!
//! The writer keeps what it takes to go on elsewhere: the points delivered so far. When the GPU is
//! lost, it reads them back in on the CPU engine and continues from the last one, with the same noise.

use crate::alphabet::{Alphabet, Encoded};
use crate::cpu::CpuEngine;
use crate::engine::{Engine, IN_FLIGHT, Line, Step};
use crate::error::{Error, Result};
use crate::ink::Offset;
use crate::model::{Kind, Weights};
use crate::noise::NoiseStream;
use crate::style;
use std::collections::VecDeque;
use std::sync::Arc;

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

/// How to write.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Bias b in 0..=5: neater.
    pub bias: f32,
    /// Temperature τ in 0.1..=4: wilder; 1 is neutral.
    pub temperature: f32,
    /// The same seed, settings and weights give the same writing.
    pub seed: u64,
    /// Index of the line under this seed: each line has noise of its own.
    pub line: u64,
    /// Hand, as an index into the network's styles; `None` for no one's.
    pub style: Option<usize>,
    /// Points to write without text.
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
    finish: Option<Finish>,
}

impl Writer {
    /// A writer on this engine, without networks.
    pub fn new(engine: Engine) -> Self {
        Self { engine, prediction: None, synthesis: None, clock: None, job: None, notice: String::new() }
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
        let kind = if text.trim().is_empty() { Kind::Prediction } else { Kind::Synthesis };
        let weights = self.weights(kind).cloned().ok_or_else(|| Error::NotLoaded { kind: kind.to_string() })?;
        let config = &weights.config;
        let (text, cap) = match kind {
            Kind::Prediction => (Encoded::default(), settings.points),
            Kind::Synthesis => {
                let encoded = Alphabet::new(&config.alphabet).encode(text);
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
            Err(Error::DeviceLost(cause)) => self.fall_back(job, &cause).await,
            other => other,
        }
    }

    /// Goes on with the line on the CPU engine, from the last delivered point.
    async fn fall_back(&mut self, job: &mut Job, cause: &str) -> Result<()> {
        self.engine = Engine::Cpu(CpuEngine::new());
        self.notice = format!("The GPU was lost ({cause}); the CPU engine writes on.");
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
        let Some(mut job) = self.job.take() else { return Ok(None) };
        let result = self.advance(&mut job).await;
        // A cancel that came while waiting has put nothing in the way; a new start has.
        if self.job.is_none() {
            self.job = Some(job);
        }
        result
    }

    async fn advance(&mut self, job: &mut Job) -> Result<Option<Chunk>> {
        while job.finish.is_none() {
            let began = self.clock.map(|clock| clock());
            let steps = match self.chunk(job).await {
                Err(Error::DeviceLost(cause)) => {
                    self.fall_back(job, &cause).await?;
                    continue;
                }
                other => other?,
            };
            if let (Some(began), Some(clock)) = (began, self.clock) {
                job.resize_chunk(clock() - began);
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
        let config = &self.weights.config;
        let (mean, sd) = (config.offset_mean, config.offset_sd);
        for step in steps {
            if ![step.dx, step.dy, step.pen, step.stop].iter().all(|v| v.is_finite()) {
                self.finish = Some(Finish::NonFinite);
                break;
            }
            self.points.push([step.dx, step.dy, step.pen]);
            chunk.offsets.push(Offset {
                dx: step.dx * sd[0] + mean[0],
                dy: step.dy * sd[1] + mean[1],
                pen_lift: step.pen > 0.5,
            });
            chunk.steps.push(*step);
            self.finish = self.ends_with(step);
            if self.finish.is_some() {
                break;
            }
        }
        chunk
    }

    /// Whether the line ends with this point, and why.
    fn ends_with(&mut self, step: &Step) -> Option<Finish> {
        let config = &self.weights.config;
        if config.kind == Kind::Prediction {
            return (self.points.len() >= self.cap).then_some(Finish::Length);
        }
        let (end, position) = (self.line.ids.len() - 1, step.position as usize);
        self.at_end = if position == end { self.at_end + 1 } else { 0 };
        let lifted = step.pen > 0.5;
        // A learned stop counts only where the text is nearly used up: a slip in mid-line would
        // cost half a sentence.
        if lifted && step.stop > 0.5 && position + 2 >= end {
            return Some(Finish::Stopped);
        }
        // With a learned stop the window rule leaves time for a last dot or crossbar.
        let grace = if config.stop { config.points_per_character } else { 0.0 };
        let over = self.at_end as f32 - grace;
        if over > 0.0 && (lifted || over > 2.0 * config.points_per_character) {
            return Some(Finish::WindowRule);
        }
        (self.points.len() >= self.cap).then_some(Finish::Cap)
    }
}

/// A setting in its range.
fn within(name: &str, value: f32, low: f32, high: f32) -> Result<f32> {
    if value.is_finite() && (low..=high).contains(&value) {
        return Ok(value);
    }
    Err(Error::Setting { name: name.into(), problem: format!("{value} is outside {low} to {high}") })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::testing;
    use pollster::block_on;

    fn writer() -> Writer {
        let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
        writer.set_weights(testing::weights(&testing::config(Kind::Prediction, &[9, 8], 3), 1));
        writer.set_weights(testing::weights(&testing::config(Kind::Synthesis, &[9, 8], 3), 2));
        writer
    }

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
        let bad = Settings { style: Some(9), ..Settings::default() };
        assert!(block_on(writer.start("a", &bad)).unwrap_err().to_string().contains("no hand 9"));
        let mut empty = Writer::new(Engine::Cpu(CpuEngine::new()));
        let error = block_on(empty.start("a", &Settings::default())).unwrap_err().to_string();
        assert!(error.contains("synthesis network is not loaded"), "{error}");
    }

    #[test]
    fn a_line_goes_on_from_its_points_on_another_engine() {
        // What a lost GPU amounts to: the same line, re-opened with the points so far.
        let settings = Settings::default();
        let (_, whole, _) = all(&mut writer(), "hello there", &settings);
        let mut writer = writer();
        block_on(writer.start("hello there", &settings)).unwrap();
        let mut offsets = block_on(writer.next()).unwrap().unwrap().offsets;
        let mut job = writer.job.take().unwrap();
        block_on(writer.fall_back(&mut job, "test")).unwrap();
        writer.job = Some(job);
        while let Some(chunk) = block_on(writer.next()).unwrap() {
            offsets.extend(chunk.offsets);
        }
        assert_eq!(offsets, whole);
        assert!(writer.notice().contains("CPU engine writes on"));
    }
}
