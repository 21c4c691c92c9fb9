//! Schedules a batch of lines on an engine: which line has which slot, how many timesteps a chunk has, and which
//! chunks are in flight.

use super::ending::Finish;
use super::line::{LineWriter, Next};
use super::settings::{Plan, Settings, network_for};
use super::{LineUpdate, Result};
use crate::engine::{Engine, IN_FLIGHT, Line, Step, forced_point};
use crate::error::Error;
use crate::model::Weights;
use crate::text::alphabet::Alphabet;
use std::collections::VecDeque;
use std::sync::Arc;

/// Most lines that are written at once: so many share the weights on a GPU; with more, a CPU's chunks would have
/// only a few timesteps.
pub(super) const MAX_SLOTS: usize = 64;
/// How far a line may be ahead of the oldest unfinished one, in lines: its points have to be buffered until the lines
/// before it are finished.
const MAX_LINES_AHEAD: usize = 2 * MAX_SLOTS;
/// Timesteps of the first chunk: small, so that the first ink appears at once.
const FIRST_CHUNK: usize = 8;
/// Most timesteps in a chunk: they pass before a cancelled writer stops.
const MAX_CHUNK: usize = 128;
/// Milliseconds that a chunk should take: half a frame at 60 Hz, so that neither the page nor the compositor, which
/// shares the GPU, waits long.
const CHUNK_MS: f64 = 8.0;

/// Lines that are being written.
#[derive(Debug)]
pub(super) struct Batch {
    weights: Arc<Weights>,
    /// The line in each of the engine's slots; `None` when no line is left for it.
    pub(super) slots: Vec<Option<LineWriter>>,
    /// Lines that have not begun.
    pub(super) queue: VecDeque<QueuedLine>,
    /// Lines that other workers write.
    pub(super) claimed: Vec<LineWriter>,
    /// Lines that other workers have completed and that are not yet delivered.
    pub(super) returned: Vec<LineWriter>,
    /// Character ids of the longest line.
    max_ids: usize,
    /// Whether the first line is still written alone, before the others begin.
    first_line_alone: bool,
    /// Timesteps of the next chunk.
    chunk_steps: usize,
    in_flight: VecDeque<ChunkInFlight>,
}

/// A line that has not begun.
#[derive(Debug, Clone)]
pub(super) struct QueuedLine {
    /// Which of the lines, counted from 0.
    pub(super) number: usize,
    pub(super) text: String,
    pub(super) settings: Settings,
}

/// A chunk that was submitted and not yet collected.
#[derive(Debug)]
struct ChunkInFlight {
    steps: usize,
    /// For each slot the line that was active there.
    slots: Vec<Option<SlotInFlight>>,
}

/// One line's part of a chunk in flight.
#[derive(Debug, Clone, Copy)]
struct SlotInFlight {
    /// Number of the line, and its epoch when the chunk was submitted.
    line: usize,
    epoch: u64,
    /// How many of the chunk's timesteps were forced to known points.
    forced: usize,
}

impl Batch {
    /// A batch of these lines, up to `max_slots` of them at once, and the plan of the first one.
    ///
    /// # Errors
    /// [`Error::Setting`] for a line among the first `max_slots`, or if lines with and without text are mixed.
    pub(super) fn new(
        weights: Arc<Weights>,
        lines: Vec<(String, Settings)>,
        max_slots: usize,
        is_cpu: bool,
    ) -> Result<(Self, Plan)> {
        if lines.iter().any(|(text, _)| network_for(text) != weights.config.kind) {
            return Err(Error::Setting {
                name: "text".into(),
                problem:
                    "lines with text and lines without cannot be written together. Start them one after the other."
                        .into(),
            });
        }
        let lines = lines.into_iter().enumerate();
        let mut queue: VecDeque<_> =
            lines.map(|(number, (text, settings))| QueuedLine { number, text, settings }).collect();
        let mut slots = Vec::new();
        let mut first = None;
        for queued in queue.drain(..queue.len().min(max_slots)) {
            let (line, plan) = LineWriter::new(queued.number, &queued.text, &queued.settings, &weights)?;
            slots.push(Some(line));
            first.get_or_insert(plan);
        }
        let first = first.ok_or_else(|| Error::Sequence("there are no lines to write".into()))?;
        let alphabet = Alphabet::new(&weights.config.alphabet);
        let prime = slots.iter().flatten().next().map_or(0, LineWriter::prime_characters);
        let queued_ids = queue.iter().map(|queued| alphabet.encode(&queued.text).ids.len() + prime);
        let slot_ids = slots.iter().flatten().map(|line| line.line.ids.len());
        let max_ids = queued_ids.chain(slot_ids).max().unwrap_or(0);
        let batch = Self {
            weights,
            queue,
            claimed: Vec::new(),
            returned: Vec::new(),
            max_ids,
            // A GPU writes all lines in the time of one. On a CPU, time grows nearly in proportion to the lines, and
            // the reader waits for the first one.
            first_line_alone: slots.len() > 1 && is_cpu,
            slots,
            chunk_steps: FIRST_CHUNK,
            in_flight: VecDeque::new(),
        };
        Ok((batch, first))
    }

    /// False for a single line of which no character can be written.
    pub(super) fn needs_engine(&self) -> bool {
        let more = self.slots.len() > 1 || !self.queue.is_empty();
        more || self.slots.iter().flatten().any(|line| line.finish.is_none())
    }

    /// Whether any line needs more timesteps.
    pub(super) fn is_active(&self) -> bool {
        self.slots.iter().flatten().any(LineWriter::is_active)
    }

    /// Whether every line is finished and delivered.
    pub(super) fn is_finished(&self) -> bool {
        self.slots.iter().all(Option::is_none) && self.claimed.is_empty()
    }

    /// Whether every line that is left is claimed by another worker.
    pub(super) fn is_waiting(&self) -> bool {
        let idle = self.slots.iter().all(Option::is_none) && self.queue.is_empty() && self.returned.is_empty();
        idle && !self.claimed.is_empty()
    }

    /// The network that writes.
    pub(super) fn weights(&self) -> &Arc<Weights> {
        &self.weights
    }

    /// How many lines are not finished, and neither claimed nor returned by another worker.
    pub(super) fn lines_left(&self) -> usize {
        self.slots.iter().flatten().count() + self.queue.len()
    }

    /// Makes room for more lines at once, for an engine that takes over and is to be opened next.
    pub(super) fn widen(&mut self, max_slots: usize) {
        self.first_line_alone = false;
        self.slots.retain(Option::is_some);
        while self.slots.len() < max_slots
            && let Some(next) = self.queue.front()
        {
            // A line with a wrong setting stays in the queue, and fails when its turn comes.
            let Ok(line) = self.plan(next) else { return };
            self.queue.pop_front();
            self.slots.push(Some(line));
        }
    }

    /// The unfinished line in the lowest slot.
    pub(super) fn first_line(&self) -> Option<&LineWriter> {
        self.slots.iter().flatten().next()
    }

    /// As [`Batch::first_line`].
    pub(super) fn into_first_line(self) -> Option<LineWriter> {
        self.slots.into_iter().flatten().next()
    }

    /// Plans a queued line.
    pub(super) fn plan(&self, queued: &QueuedLine) -> Result<LineWriter> {
        LineWriter::new(queued.number, &queued.text, &queued.settings, &self.weights).map(|(line, _)| line)
    }

    /// Opens the batch on an engine. Each line resumes from its last point.
    pub(super) async fn open(&mut self, engine: &mut Engine) -> Result<()> {
        // An empty slot is opened with a copy of any line and released below.
        let Some(any) = self.first_line() else { return Ok(()) };
        let lines: Vec<Line> = self.slots.iter().map(|line| line.as_ref().unwrap_or(any).line.clone()).collect();
        engine.open_with_capacity(&self.weights, &lines, self.max_ids).await?;
        self.in_flight.clear();
        for (slot, line) in self.slots.iter_mut().enumerate() {
            match line {
                Some(line) if !self.first_line_alone || slot == 0 => line.resume_at(0),
                _ => engine.release_slot(slot)?,
            }
        }
        Ok(())
    }

    /// Has the engine compute a chunk, and passes its timesteps on to the lines.
    pub(super) async fn advance(&mut self, engine: &mut Engine, clock: Option<fn() -> f64>) -> Result<()> {
        let began = clock.map(|clock| clock());
        let (chunk, steps) = self.next_chunk(engine).await?;
        if let (Some(began), Some(clock)) = (began, clock) {
            self.resize_chunk(clock() - began);
        }
        for (slot, steps) in steps.chunks_exact(chunk.steps).enumerate() {
            let (Some(line), Some(sent)) = (&mut self.slots[slot], chunk.slots[slot]) else { continue };
            if line.number != sent.line || line.finish.is_some() {
                continue;
            }
            line.computed_timesteps += chunk.steps;
            // The line was rewound after this chunk had been submitted.
            if line.epoch != sent.epoch {
                continue;
            }
            match line.accept(&steps[sent.forced..]) {
                Next::Continue => engine.checkpoint(slot, line.word_timestep()),
                Next::Rewind => {
                    let at = engine.rewind(slot, line.unchanged_timesteps())?;
                    line.resume_at(at);
                }
                Next::Restart => {
                    engine.assign_slot(slot, &line.line)?;
                    line.resume_at(0);
                }
            }
        }
        Ok(())
    }

    /// Submits as many chunks as the engine should have in flight and waits for the oldest one.
    async fn next_chunk(&mut self, engine: &mut Engine) -> Result<(ChunkInFlight, Vec<Step>)> {
        // The CPU computes when a chunk is collected: a second chunk in flight would gain nothing.
        let depth = if engine.is_cpu() { 1 } else { IN_FLIGHT };
        while self.in_flight.len() < depth {
            let active = self.slots.iter().flatten().filter(|line| line.is_active());
            let steps = self.chunk_steps.min(active.map(LineWriter::remaining_timesteps).max().unwrap_or(0));
            if steps == 0 {
                break;
            }
            let mut noise = Vec::with_capacity(steps * self.slots.len());
            let slots = self.slots.iter_mut().map(|line| match line {
                Some(line) if line.is_active() => {
                    let forced = line.fill_noise(steps, &mut noise);
                    Some(SlotInFlight { line: line.number, epoch: line.epoch, forced })
                }
                _ => {
                    noise.resize(noise.len() + steps, forced_point([0.0; 3]));
                    None
                }
            });
            let slots = slots.collect();
            engine.submit(steps, &noise)?;
            self.in_flight.push_back(ChunkInFlight { steps, slots });
        }
        let chunk = self.in_flight.pop_front();
        let chunk = chunk.ok_or_else(|| Error::Sequence("no line needs a timestep".into()))?;
        Ok((chunk, engine.collect().await?))
    }

    /// Doubles the chunk while it takes less than half of [`CHUNK_MS`], halves it when it takes more than twice that.
    fn resize_chunk(&mut self, milliseconds: f64) {
        if milliseconds < CHUNK_MS / 2.0 {
            self.chunk_steps = (self.chunk_steps * 2).min(MAX_CHUNK);
        } else if milliseconds > CHUNK_MS * 2.0 {
            self.chunk_steps = (self.chunk_steps / 2).max(1);
        }
    }

    /// Takes what the lines have ready. Finished lines leave their slots; `last` becomes the latest of them.
    pub(super) fn take_updates(&mut self, last: &mut Option<LineWriter>) -> Vec<LineUpdate> {
        let mut updates = Vec::new();
        for slot in &mut self.slots {
            let Some(line) = slot else { continue };
            let update = line.take_update();
            if !update.chunk.steps.is_empty() || update.finish.is_some() {
                updates.push(update);
            }
            if line.finish.is_some() {
                *last = slot.take();
            }
        }
        for mut line in self.returned.drain(..) {
            updates.push(line.take_update());
            *last = Some(line);
        }
        updates
    }

    /// Starts queued lines in free slots; once the first line is finished, also those that waited for it.
    pub(super) fn fill_slots(&mut self, engine: &mut Engine) -> Result<()> {
        if self.first_line_alone && self.slots[0].is_none() {
            self.first_line_alone = false;
            self.chunk_steps = (self.chunk_steps / self.slots.len()).max(1);
            for slot in 1..self.slots.len() {
                self.begin_line(slot, engine)?;
            }
        }
        for slot in 0..self.slots.len() {
            if self.slots[slot].is_none() {
                self.refill_slot(slot, engine)?;
            }
        }
        Ok(())
    }

    /// Starts the next queued line in a free slot, unless it would be too far ahead of the oldest line.
    fn refill_slot(&mut self, slot: usize, engine: &mut Engine) -> Result<()> {
        let oldest = self.slots.iter().flatten().map(|line| line.number).min();
        let is_near = |next: &QueuedLine| oldest.is_none_or(|oldest| next.number < oldest + MAX_LINES_AHEAD);
        let next = if self.queue.front().is_some_and(is_near) { self.queue.pop_front() } else { None };
        let Some(next) = next else {
            return if self.slots.len() > 1 { engine.release_slot(slot) } else { Ok(()) };
        };
        self.slots[slot] = Some(self.plan(&next)?);
        self.begin_line(slot, engine)
    }

    /// Has the engine begin the line that is in this slot.
    fn begin_line(&mut self, slot: usize, engine: &mut Engine) -> Result<()> {
        let Some(line) = &mut self.slots[slot] else { return Ok(()) };
        engine.assign_slot(slot, &line.line)?;
        line.resume_at(0);
        Ok(())
    }

    /// Takes back a claimed line, completed or to be written here.
    ///
    /// # Errors
    /// [`Error::Sequence`] for a line that is not claimed.
    pub(super) fn return_line(&mut self, number: usize, written: Option<(Vec<Step>, Finish)>) -> Result<()> {
        let Some(index) = self.claimed.iter().position(|line| line.number == number) else {
            return Err(Error::Sequence(format!("line {number} is not claimed")));
        };
        let mut line = self.claimed.swap_remove(index);
        match written {
            Some((steps, finish)) => {
                line.complete(steps, finish);
                self.returned.push(line);
            }
            None => self.queue.push_front(QueuedLine { number, text: line.text, settings: line.settings }),
        }
        Ok(())
    }
}
