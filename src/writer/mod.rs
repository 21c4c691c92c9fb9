//! Writes lines of text: text, settings and a seed in, a stream of points out, on either engine.
//!
//! Several lines are written at once: the engine advances them together as one batch. Each line has its own noise
//! stream, so its points do not depend on which other lines share the batch. When a line ends, the next one takes
//! its slot (`batch.rs`). Lines that have not begun can also be claimed by other workers that hold the same networks
//! ([`Writer::claim_line`]).
//!
//! A line is checked word by word ([`check`]) before it is delivered. A word that fails is written again with other
//! noise, from the end of the word before it; when no attempts are left, the best of them is kept (`line.rs`).
//!
//! The writer keeps every point of a line, so that it can resume the line anywhere: at a word that has to be written
//! again, or on the CPU engine after the GPU was lost. The engine is first fed the known points in place of noise
//! ([`forced_point`](crate::engine::forced_point)), then continues with the noise of the following timesteps. The
//! other lines of the batch go on meanwhile.

mod batch;
pub mod check;
mod digit_shapes;
pub mod ending;
mod likeness;
mod line;
mod pool;
pub mod prime;
mod settings;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
mod tolerance;

pub use ending::Finish;
pub use pool::LineClaim;
pub use prime::Prime;
pub use settings::{Plan, Settings};

use crate::engine::cpu::CpuEngine;
use crate::engine::{Engine, Line, ReadyGpu, Step};
use crate::error::{Error, Result};
use crate::ink::{Ink, Offset, Point};
use crate::model::{Kind, Weights};
use batch::{Batch, MAX_SLOTS};
use check::Fault;
use line::LineWriter;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Points of one line, in the order in which they were drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk {
    /// Offsets in corpus units, each from the point before. The first offset of a primed line with text is 0: such
    /// a line begins at its first point. Without text, a primed line continues from the priming ink's last point.
    pub offsets: Vec<Offset>,
    /// The network's output at each point. Positions count the priming ink's characters.
    pub steps: Vec<Step>,
}

/// New points of one line of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct LineUpdate {
    /// Which line, counted from 0.
    pub line: usize,
    /// With the line's first update: what the engine reads, priming ink included as its prefix.
    pub begun: Option<Line>,
    /// Its next points; may be empty.
    pub chunk: Chunk,
    /// With the line's last update: why it ended.
    pub finish: Option<Finish>,
    /// With the line's last update: what is wrong with it, although its words were written anew.
    pub faults: Vec<Fault>,
}

/// Writes one line, or a batch of lines.
#[derive(Debug)]
pub struct Writer {
    /// The engine that writes.
    engine: Engine,
    /// The CPU engine or the GPU, whichever does not write.
    other: Option<Engine>,
    /// Whether a single line is written by the GPU where there is one.
    gpu_for_one_line: bool,
    prediction: Option<Arc<Weights>>,
    synthesis: Option<Arc<Weights>>,
    clock: Option<fn() -> f64>,
    batch: Option<Batch>,
    /// The line that finished last.
    last: Option<LineWriter>,
    /// Whether other workers claim lines.
    has_pool: bool,
    notice: String,
    cancelled: Arc<AtomicBool>,
}

/// Cancels a writer's lines while the writer itself is borrowed by [`Writer::next`].
#[derive(Debug, Clone)]
pub struct Canceller(Arc<AtomicBool>);

impl Canceller {
    /// Ends the writing before its next chunk is delivered.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Writer {
    /// A writer on this engine, without networks.
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            other: None,
            gpu_for_one_line: true,
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

    /// Adds a GPU that has become ready beside the CPU engine. It takes over where two lines or more are still to be
    /// written, also in the middle of a text, with the same ink; single lines are the GPU's if it writes them faster.
    pub fn add_gpu(&mut self, ready: ReadyGpu) {
        self.gpu_for_one_line = ready.is_faster_for_one_line;
        self.other = Some(ready.engine);
    }

    /// Lets the engine write that is to write so many lines of this network. Returns whether it is another one than
    /// before.
    fn choose_engine(&mut self, lines: usize, weights: &Arc<Weights>) -> bool {
        match &mut self.other {
            Some(other) => {
                let gpu = if self.engine.is_cpu() { &*other } else { &self.engine };
                let wants_gpu = lines > 1 || self.gpu_for_one_line && gpu.holds(weights);
                if self.engine.is_cpu() != wants_gpu {
                    return false;
                }
                std::mem::swap(&mut self.engine, other);
                true
            }
            None => false,
        }
    }

    /// A clock in milliseconds, by which chunks are sized; without a clock they grow to their limit.
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

    /// Why the engine was changed, in a sentence for the user; empty if it was not.
    pub fn notice(&self) -> &str {
        &self.notice
    }

    /// Starts a line; ends what is being written. Blank text is written by the prediction network.
    ///
    /// # Errors
    /// [`Error::NotLoaded`] or [`Error::Setting`].
    pub async fn start(&mut self, text: &str, settings: &Settings) -> Result<Plan> {
        self.start_lines(vec![(text.to_owned(), settings.clone())]).await
    }

    /// Starts a batch of lines, either all with text or all without; ends what is being written. Returns the plan
    /// of the first line. The first line is ahead of the others, and they end roughly in order.
    ///
    /// # Errors
    /// As [`Writer::start`]. Settings of the lines that fit into the batch are checked now, those of queued lines
    /// when they begin.
    pub async fn start_lines(&mut self, lines: Vec<(String, Settings)>) -> Result<Plan> {
        (self.batch, self.last) = (None, None);
        self.cancelled.store(false, Ordering::Relaxed);
        let Some((text, _)) = lines.first() else {
            return Err(Error::Sequence("there are no lines to write".into()));
        };
        let kind = settings::network_for(text);
        let weights = self.weights(kind).cloned().ok_or_else(|| Error::NotLoaded { kind: kind.to_string() })?;
        self.choose_engine(lines.len(), &weights);
        let is_cpu = self.engine.is_cpu();
        // With a pool, the CPU engine writes one line at a time: the other lines are left for the pool.
        let slots = if self.has_pool && is_cpu { 1 } else { MAX_SLOTS };
        let (mut batch, plan) = Batch::new(weights, lines, slots, is_cpu)?;
        if batch.needs_engine() {
            let opened = batch.open(&mut self.engine).await;
            self.recover(&mut batch, opened).await?;
        }
        self.batch = Some(batch);
        Ok(plan)
    }

    /// The next points of a single line; `None` when it is finished.
    ///
    /// # Errors
    /// An engine error that the writer cannot recover from; the writing is then over.
    pub async fn next(&mut self) -> Result<Option<Chunk>> {
        while let Some(updates) = self.next_updates().await? {
            if let Some(update) = updates.into_iter().find(|update| !update.chunk.steps.is_empty()) {
                return Ok(Some(update.chunk));
            }
        }
        Ok(None)
    }

    /// Updates of the lines after the engine's next chunk, possibly none; `None` when all lines are finished.
    ///
    /// # Errors
    /// As [`Writer::next`].
    pub async fn next_updates(&mut self) -> Result<Option<Vec<LineUpdate>>> {
        // Taken out of `self`, so that after an error, or if this future is dropped half-way, nothing is under way.
        let Some(mut batch) = self.batch.take() else { return Ok(None) };
        if self.is_cancelled() {
            self.batch = Some(batch);
            self.cancel();
            return Ok(None);
        }
        // A GPU that has become ready meanwhile takes over.
        if self.engine.is_cpu() && batch.lines_left() > 1 && self.choose_engine(batch.lines_left(), batch.weights()) {
            batch.widen(MAX_SLOTS);
            let opened = batch.open(&mut self.engine).await;
            self.recover(&mut batch, opened).await?;
        }
        if batch.is_active() {
            let advanced = batch.advance(&mut self.engine, self.clock).await;
            self.recover(&mut batch, advanced).await?;
        }
        let updates = batch.take_updates(&mut self.last);
        let filled = batch.fill_slots(&mut self.engine);
        self.recover(&mut batch, filled).await?;
        if updates.is_empty() && batch.is_finished() {
            return Ok(None);
        }
        self.batch = Some(batch);
        Ok(Some(updates))
    }

    /// Replaces a GPU that failed by the CPU engine, on which the lines resume from their last points. Other errors
    /// are passed on.
    async fn recover(&mut self, batch: &mut Batch, result: Result<()>) -> Result<()> {
        match result {
            Err(error) if error.is_gpu_failure() => {
                // The lost GPU goes; a CPU engine that stood beside it stays the only one.
                let cpu = self.other.take().filter(Engine::is_cpu);
                self.engine = cpu.unwrap_or_else(|| Engine::Cpu(CpuEngine::new()));
                self.notice = error.to_string();
                batch.open(&mut self.engine).await
            }
            other => other,
        }
    }

    /// Ends the writing. Points that were delivered stay.
    pub fn cancel(&mut self) {
        let Some(batch) = self.batch.take() else { return };
        if let Some(mut line) = batch.into_first_line() {
            line.finish.get_or_insert(Finish::Cancelled);
            self.last = Some(line);
        }
    }

    /// Whether [`Canceller::cancel`] was called since the lines were started.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// A handle that cancels this writer's lines while [`Writer::next`] has the writer borrowed.
    pub fn canceller(&self) -> Canceller {
        Canceller(Arc::clone(&self.cancelled))
    }

    /// The line that is being written (the first of a batch), or else the one that finished last.
    fn current_line(&self) -> Option<&LineWriter> {
        self.batch.as_ref().and_then(Batch::first_line).or(self.last.as_ref())
    }

    /// The delivered ink of the current or last line. It starts at the origin; without text, a primed line starts
    /// at the priming ink's last point.
    pub fn ink(&self) -> Ink {
        let Some(line) = self.current_line() else { return Ink::default() };
        let offsets = (0..line.delivered).map(|index| line.offset(index));
        let Some(prime) = &line.settings.prime else {
            return Ink::from_offsets(Point::default(), &offsets.collect::<Vec<_>>());
        };
        let mut pen = if prime.kind == Kind::Prediction { prime.end } else { Point::default() };
        let points = offsets.map(|offset| {
            pen = Point { x: pen.x + offset.dx, y: pen.y + offset.dy };
            [pen.x, pen.y, f32::from(u8::from(offset.pen_lift))]
        });
        Ink::from_points(&points.collect::<Vec<_>>())
    }

    /// The current or last line as an engine reads it, priming ink included as its prefix.
    pub fn line(&self) -> Option<Line> {
        self.current_line().map(LineWriter::primed_line)
    }

    /// How many timesteps the engine has computed for the line: points that were rejected and known points that
    /// were fed in again are counted too.
    pub fn computed_timesteps(&self) -> usize {
        self.current_line().map_or(0, |line| line.computed_timesteps)
    }

    /// Faults in the line written last, whether or not it was written with checks; empty for writing without text.
    pub fn faults(&self) -> Vec<Fault> {
        self.current_line().map_or(Vec::new(), LineWriter::faults)
    }

    /// How many times a word of the line was rejected and written again.
    pub fn retries(&self) -> u64 {
        self.current_line().map_or(0, |line| line.retries)
    }

    /// Why the line ended; `None` while it is being written.
    pub fn finish(&self) -> Option<Finish> {
        self.current_line().and_then(|line| line.finish)
    }
}
