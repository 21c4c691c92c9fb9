//! The stretches of a text, in order, as the writer completes them: each is one line to the network, wherever the lines
//! on paper end.
//!
//! The writer writes several stretches at a time. The first one's points are handed out as they come, those of a later
//! one when it and all before it are complete.

use super::digits;
use super::dots;
use super::layout::LineInk;
use super::letters;
use super::lone::{self, Standing};
use super::marks::{self, MARK, WordPoint};
use super::measure::{Fit, HandMeasure, word_ranges};
use super::numbers::{DIGITS, DIGITS_LINE};
use super::scribble::{self, Scribble};
use super::structure::Structure;
use crate::engine::{Line, Step};
use crate::error::{Error, Result};
use crate::ink::{Offset, Point};
use crate::inspect::{DrawnPoint, LineRecord};
use crate::model::{Kind, Weights};
use crate::text::alphabet::{Alphabet, Encoded};
use crate::text::diacritics::Mark;
use crate::writer::check::Fault;
use crate::writer::{Finish, LineUpdate, Prime, Settings, Writer};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Largest number of columns that can be requested.
const MAX_COLUMNS: usize = 100;
/// Stretches that are written before the digits of page numbers: fewer than a page holds, and enough not to keep the
/// reader waiting.
const LINES_BEFORE_DIGITS: usize = 4;
/// The digits' place among the lines that are pending.
const DIGITS_KEY: usize = usize::MAX;

/// Height of a digit, in x-heights, and by how much signs beside larger ones grow at most.
const DIGIT: f32 = 1.5;
const MOST_SIGN: f32 = 1.5;

/// What else is to be written, and how long lines are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lines {
    /// Most characters of a line of a scribble.
    pub columns: usize,
    /// Whether a text's hand writes its digits, too, for page numbers.
    pub has_digits: bool,
}

/// A text being written stretch by stretch.
#[derive(Debug)]
pub struct LineStream {
    /// Which network writes.
    pub kind: Kind,
    /// The text as it is written, and which characters were transliterated or left out.
    pub text: Encoded,
    /// The network.
    pub weights: Arc<Weights>,
    /// The stretches. Without a text one empty one, whose content is up to the network.
    lines: Vec<String>,
    settings: Settings,
    columns: usize,
    /// Where the pen is before a line's first point: at the end of priming ink that is continued, else at the origin.
    before: [f32; 3],
    /// The line that is handed out next.
    next: usize,
    /// That line and those below it, as far as they are written.
    pending: BTreeMap<usize, Pending>,
    /// How often the network, writing without a text, has come to rest.
    rests: u64,
    /// Why a line ended that went wrong, if any did.
    worst: Option<Finish>,
    /// Why the writing ended; `None` while it goes on.
    pub finish: Option<Finish>,
    /// The lines begun so far, for inspection; and how many points have been handed out in all.
    pub records: Vec<LineRecord>,
    points: usize,
    /// What is known of the hand, for the size of marks; and the marks of each stretch.
    hand: HandMeasure,
    marks: Vec<Vec<(usize, Mark)>>,
    /// What is wrong with each stretch that is finished.
    pub faults: Vec<Vec<Fault>>,
    /// Which of the writer's lines is that of the digits, if there is one: stretches below it come one line later.
    digits: Option<usize>,
    /// Whether it is still to be handed out.
    awaits_digits: bool,
}

/// A line that has not been handed out, or not completely.
#[derive(Debug, Default)]
struct Pending {
    /// In line coordinates; and how many of them have been handed out.
    points: Vec<[f32; 3]>,
    delivered: usize,
    /// For each point the character of the stretch at which the window was; empty without a text.
    characters: Vec<u32>,
    /// The line as the engine read it, and the drawn points that are not recorded yet.
    line: Line,
    drawn: Vec<DrawnPoint>,
    recorded: bool,
    scribble: Scribble,
    finish: Option<Finish>,
    /// How far the words to come are moved to the right, since those before them became wider.
    moved: f32,
}

impl LineStream {
    /// Begins the stretches of a text. Stretch n, from 0, has the noise of line `settings.line + n`. Every one is primed
    /// with the same ink; without a text, the writing continues where that ends, on lines of so many `columns`.
    ///
    /// # Errors
    /// As [`Writer::start`]; [`Error::Setting`] for a number of columns that is 0 or too large.
    pub async fn start(
        writer: &mut Writer,
        text: &str,
        structure: &Structure,
        hand: HandMeasure,
        settings: &Settings,
        Lines { columns, has_digits }: Lines,
    ) -> Result<Self> {
        if !(1..=MAX_COLUMNS).contains(&columns) {
            let problem = format!("{columns} is outside 1 to {MAX_COLUMNS}");
            return Err(Error::Setting { name: "columns".into(), problem });
        }
        let kind = if text.trim().is_empty() { Kind::Prediction } else { Kind::Synthesis };
        let weights = writer.weights(kind).ok_or_else(|| Error::NotLoaded { kind: kind.to_string() })?;
        let mut stream = Self {
            kind,
            text: Encoded::default(),
            lines: vec![String::new()],
            settings: settings.clone(),
            columns,
            weights: Arc::clone(weights),
            before: match &settings.prime {
                Some(prime) if kind == Kind::Prediction => [prime.end.x, prime.end.y, 1.0],
                _ => [0.0; 3],
            },
            next: 0,
            pending: BTreeMap::new(),
            rests: 0,
            worst: None,
            finish: None,
            records: Vec::new(),
            points: 0,
            hand,
            marks: structure.stretches.iter().map(|stretch| stretch.marks.clone()).collect(),
            faults: vec![Vec::new(); structure.stretches.len()],
            digits: None,
            awaits_digits: false,
        };
        if kind == Kind::Synthesis {
            stream.text = Alphabet::new(&weights.config.alphabet).encode(text);
            stream.lines = structure.stretches.iter().map(|stretch| stretch.text.clone()).collect();
        }
        let settings_of = |line: usize| Settings { line: settings.line + line as u64, ..settings.clone() };
        let mut lines: Vec<_> =
            stream.lines.iter().enumerate().map(|(line, text)| (text.clone(), settings_of(line))).collect();
        if lines.is_empty() {
            stream.finish = Some(Finish::Stopped);
        } else {
            let knows_digits = DIGITS.chars().all(|c| weights.config.alphabet.contains(c));
            if has_digits && knows_digits && kind == Kind::Synthesis {
                let at = lines.len().min(LINES_BEFORE_DIGITS);
                lines.insert(at, (DIGITS.into(), Settings { line: settings.line + DIGITS_LINE, ..settings.clone() }));
                (stream.digits, stream.awaits_digits) = (Some(at), true);
            }
            writer.start_lines(lines).await?;
        }
        Ok(stream)
    }

    /// The next ink in reading order; the list may be empty. `None` when all is written. A line's first point is where
    /// the pen comes down; its last point ends its last stroke.
    ///
    /// # Errors
    /// As [`Writer::next`]; the writing is then over.
    pub async fn next(&mut self, writer: &mut Writer) -> Result<Option<Vec<LineInk>>> {
        if self.finish.is_some() {
            return Ok(None);
        }
        // The next line may be complete already, held back until those above it were: then no update is needed.
        let is_complete = self.pending.get(&self.next).is_some_and(|pending| pending.finish.is_some());
        if !is_complete || writer.is_cancelled() {
            let Some(updates) = writer.next_updates().await? else {
                // Cancelled: a later line, which was held back, is dropped.
                let first = self.pending.remove(&self.next).filter(|_| self.next == 0);
                self.finish = Some(Finish::Cancelled);
                return Ok(Some(first.map_or(Vec::new(), |pending| self.deliver(pending, true).0)));
            };
            for update in updates {
                self.accept(update);
            }
        }
        if let Some(digits) = self.take_digits() {
            return Ok(Some(vec![digits]));
        }
        if self.next == self.lines.len() {
            return Ok(Some(Vec::new()));
        }
        let Some(pending) = self.pending.remove(&self.next) else { return Ok(Some(Vec::new())) };
        if pending.scribble.at_rest && !writer.is_cancelled() {
            return self.resume(writer, pending).await.map(Some);
        }
        if pending.finish.is_none() && self.next > 0 {
            self.pending.insert(self.next, pending);
            return Ok(Some(Vec::new()));
        }
        let finish = pending.finish;
        let (ink, pending) = self.deliver(pending, finish.is_some());
        let Some(finish) = finish else {
            self.pending.insert(self.next, pending);
            return Ok(Some(ink));
        };
        self.next += 1;
        match finish {
            // The rest of the text is written all the same.
            Finish::Cap => self.worst = Some(finish),
            Finish::Stopped | Finish::WindowRule => {}
            Finish::Cancelled | Finish::Length => self.finish = Some(finish),
        }
        self.finish_if_done();
        Ok(Some(ink))
    }

    fn finish_if_done(&mut self) {
        if self.next == self.lines.len() && !self.awaits_digits {
            self.finish.get_or_insert(self.worst.unwrap_or(Finish::Stopped));
        }
    }

    /// The line of digits, when it is written.
    fn take_digits(&mut self) -> Option<LineInk> {
        self.pending.get(&DIGITS_KEY)?.finish?;
        let Pending { mut points, mut characters, .. } = self.pending.remove(&DIGITS_KEY)?;
        if let Some(last) = points.last_mut() {
            last[2] = 1.0;
        }
        if self.is_of_network() {
            let text: Vec<char> = DIGITS.chars().collect();
            let mut ink = word_points(&points, &characters, 0..points.len());
            digits::mend_fives(&mut ink, &text, &word_ranges(&text));
            digits::mend_fours(&mut ink, &text, &word_ranges(&text));
            points = ink.iter().map(|point| [point.at[0], point.at[1], f32::from(u8::from(point.lifted))]).collect();
            characters = ink.iter().map(|point| point.character as u32).collect();
        }
        self.awaits_digits = false;
        self.finish_if_done();
        Some(LineInk { points, characters, digits: true, ..LineInk::default() })
    }

    /// Whether the hand is one of the network's. A visitor's letters and digits may have other forms.
    fn is_of_network(&self) -> bool {
        self.settings.hand.is_none() && self.settings.prime.is_none()
    }

    /// Adds new points of a line; without a text, up to where the pen comes to rest.
    fn accept(&mut self, update: LineUpdate) {
        let line = match self.digits {
            Some(digits) if update.line == digits => DIGITS_KEY,
            Some(digits) if update.line > digits => update.line - 1,
            _ => update.line,
        };
        let mut pending = self.pending.remove(&line).unwrap_or_default();
        if let Some(line) = update.begun {
            pending.line = line;
        }
        let given = self.given_characters() as f32;
        let character = |step: &Step| (step.position - given).max(0.0) as u32;
        let begins = pending.points.is_empty() && self.settings.prime.is_none();
        if let Some(first) = update.chunk.steps.first().filter(|_| begins) {
            pending.points.push(self.before);
            pending.characters.push(character(first));
        }
        pending.finish = update.finish;
        if let Some(faults) = self.faults.get_mut(line) {
            faults.extend(update.faults);
        }
        for (step, offset) in update.chunk.steps.iter().zip(&update.chunk.offsets) {
            pending.drawn.push(DrawnPoint::from(step));
            pending.characters.push(character(step));
            self.follow(&mut pending, offset);
            let rests = || scribble::rests(&pending.points[pending.scribble.rested..]);
            if self.kind == Kind::Prediction && rests() && self.left(&pending) > 0 {
                (pending.scribble.at_rest, pending.finish) = (true, None);
                break;
            }
        }
        self.pending.insert(line, pending);
    }

    /// Characters of the priming ink before a stretch's own.
    fn given_characters(&self) -> usize {
        self.settings.prime.as_ref().map_or(0, |prime| prime.characters())
    }

    /// Points that may still be written without a text.
    fn left(&self, pending: &Pending) -> usize {
        let origin = usize::from(self.settings.prime.is_none());
        (self.settings.points + origin).saturating_sub(pending.points.len())
    }

    /// Restarts a network that has come to rest: primes it with its first words, under other noise. Hands out all
    /// points that are left, and lifts the pen.
    async fn resume(&mut self, writer: &mut Writer, pending: Pending) -> Result<Vec<LineInk>> {
        let left = self.left(&pending);
        let first_line = pending.scribble.breaks.first().copied().unwrap_or(pending.points.len());
        let words = scribble::first_words(&pending.points, first_line, self.columns);
        let prime_of_words = || Prime::new(&self.weights.config, "", words).ok().map(Arc::new);
        let prime = self.settings.prime.clone().or_else(prime_of_words);
        // To the right of all ink, as high above the line's middle as the words' end is above the words' middle.
        let line = &pending.points[pending.scribble.line_start()..];
        let right = line.iter().map(|point| point[0]).fold(f32::MIN, f32::max);
        let middles = (words.last(), scribble::middle(words), scribble::middle(line));
        let resume_at = match (&self.settings.prime, middles) {
            (None, (Some(last), Some(of_words), Some(of_line))) => Some([right, of_line + last[1] - of_words]),
            _ => None,
        };
        let (ink, pending) = self.deliver(pending, true);
        if prime.is_none() {
            self.finish = Some(Finish::Stopped);
            return Ok(ink);
        }
        self.rests += 1;
        let line = self.settings.line + self.rests;
        writer.start("", &Settings { line, points: left, prime, ..self.settings.clone() }).await?;
        let scribble = Scribble { at_rest: false, rested: pending.points.len(), resume_at, ..pending.scribble };
        self.pending.insert(self.next, Pending { recorded: false, scribble, ..pending });
        Ok(ink)
    }

    /// Adds the point to which the pen moves. Without a text the network knows no lines: where one is nearly full, the
    /// next word begins another, and where it is full the next stroke.
    fn follow(&self, pending: &mut Pending, offset: &Offset) {
        let [mut x, mut y, lifted] = pending.points.last().copied().unwrap_or(self.before);
        if let Some(from) = pending.scribble.resume_at.take() {
            [x, y] = from;
        }
        let start = self.settings.prime.as_ref().map_or(Point::default(), |prime| prime.start);
        let breaks = self.kind == Kind::Prediction && lifted > 0.5;
        let [x, y] = if breaks && scribble::is_full(x - start.x, offset, self.columns) {
            pending.scribble.breaks.push(pending.points.len());
            [start.x, start.y]
        } else {
            [x + offset.dx, y + offset.dy]
        };
        pending.points.push([x, y, f32::from(u8::from(offset.pen_lift))]);
    }

    /// The points of a line that have not been handed out yet; if the line is complete, its last one too, with the pen
    /// lifted.
    fn deliver(&mut self, mut pending: Pending, complete: bool) -> (Vec<LineInk>, Pending) {
        if let Some(last) = pending.points.last_mut().filter(|_| complete) {
            last[2] = 1.0;
        }
        // Without a last point in the middle of a stroke: the line may end with it.
        let count = pending.points.len();
        let lifted = pending.points.last().is_some_and(|point| point[2] > 0.5) && self.kind == Kind::Synthesis;
        let end = if complete || lifted { count } else { count.saturating_sub(1).max(pending.delivered) };
        // Words that are checked come as a whole.
        let whole = complete || lifted && self.settings.attempts > 0;
        // Marks are drawn when their word is complete.
        let has_marks = self.marks.get(self.next).is_some_and(|marks| !marks.is_empty());
        let end = if has_marks && !whole { pending.delivered } else { end };
        if !pending.recorded && count > pending.scribble.rested {
            pending.recorded = true;
            let (weights, line) = (Arc::clone(&self.weights), std::mem::take(&mut pending.line));
            self.records.push(LineRecord {
                weights,
                line,
                adjustment: self.settings.adjustment(&self.weights.config),
                first_point: self.points,
                prime_characters: self.given_characters(),
                drawn: Vec::new(),
                shifts: Vec::new(),
            });
        }
        if let Some(record) = self.records.last_mut() {
            record.drawn.append(&mut pending.drawn);
        }
        let base = self.next;
        let (mut ink, mut count, mut moved) = (Vec::new(), 0, pending.moved);
        let mut at = pending.delivered;
        while at < end {
            // Without a text the points may be on several rows.
            let row = pending.scribble.row_of(at);
            let until = pending.scribble.breaks.get(row).copied().unwrap_or(end).min(end);
            let complete = complete && until == end || until < end;
            let (points, characters) = match self.kind {
                Kind::Synthesis => self.with_marks(&pending, at..until, self.points + count, whole, &mut moved),
                Kind::Prediction => (pending.points[at..until].to_vec(), Vec::new()),
            };
            count += points.len();
            ink.push(LineInk { row: base + row, points, characters, whole, complete, digits: false });
            at = until;
        }
        // All points were handed out before the line was known to be complete.
        if ink.is_empty() && complete && pending.delivered > 0 {
            let row = base + pending.scribble.breaks.len();
            ink.push(LineInk { row, whole, complete, ..LineInk::default() });
        }
        self.points += count;
        (pending.delivered, pending.moved) = (end, moved);
        (ink, pending)
    }

    /// Points of a stretch that are handed out now, with the marks of their words, and the character of each. `first` is
    /// the index of the first one among all points of the document. Words that come as a `whole` are tidied as well: stray
    /// dots go, and full stops without ink are drawn. `moved` is how far words are moved to the right so far, which grows with
    /// each word that became wider.
    fn with_marks(
        &mut self,
        pending: &Pending,
        range: Range<usize>,
        first: usize,
        whole: bool,
        moved: &mut f32,
    ) -> (Vec<[f32; 3]>, Vec<u32>) {
        let is_tidied = whole && self.settings.attempts > 0;
        let (ink, at) = (&pending.points[range.clone()], &pending.characters[range.clone()]);
        let marks = self.marks.get(self.next).map_or(&[][..], Vec::as_slice);
        if marks.is_empty() && !is_tidied {
            return (ink.to_vec(), at.to_vec());
        }
        let characters: Vec<char> = self.lines[self.next].chars().collect();
        let words = word_ranges(&characters);
        let ends = word_ends(&pending.points, &pending.characters, &words);
        let mut rng = ChaCha8Rng::seed_from_u64(self.settings.seed);
        // No line's noise is from this stream.
        rng.set_stream(!(self.settings.line + self.next as u64));
        let mut drawn: Vec<WordPoint> = Vec::new();
        let mut start = range.start;
        while start < range.end {
            // The first word of which no ink has been handed out: of some there is none of their own.
            let word = match ends.partition_point(|&end| end < start) {
                _ if start == 0 => 0,
                word if ends.get(word) == Some(&start) => word + 1,
                word => word,
            };
            let end = ends[word.min(ends.len())..].iter().find(|&&end| end > start);
            let end = end.map_or(range.end, |&end| end.min(range.end));
            // The word, and others if there is no lift between them.
            let reached = pending.characters[start..end].iter().max().map_or(0, |&at| at as usize);
            let last = words.partition_point(|other| other.start <= reached).clamp(word, words.len());
            let words = words.get(word..last.max(word + 1)).unwrap_or_default();
            // By the ink up to here alone: marks do not depend on the pieces in which ink comes.
            let (known, known_at) = (&pending.points[..end], &pending.characters[..end]);
            let mut own = word_points(known, known_at, start..end);
            let own_start = std::mem::replace(&mut start, end);
            let last = start_of(words).checked_sub(2);
            if last.is_some_and(|last| marks.iter().any(|(at, mark)| *at == last && mark.replaces_dot())) {
                let dots = lone::late_dots(&own, &known[..own_start], self.hand.x_height as f32);
                dots::remove(&mut own, &dots);
            }
            let is_own = |at: usize| words.iter().any(|range| range.contains(&at));
            let mut marks: Vec<_> = marks.iter().filter(|(at, _)| is_own(*at)).copied().collect();
            let (mut stops, mut widened) = (Vec::new(), 0.0);
            let [_, before] = marks::span(known[..own_start].iter().map(|point| point[0]));
            if let (false, [word]) = (marks.is_empty(), words)
                && word.len() == 1
            {
                let x_height = self.hand.x_height as f32;
                lone::attribute(&mut own, &characters, word.start, &known[..own_start], x_height);
            }
            if is_tidied {
                let x_height = self.hand.x_height as f32;
                dots::remove_strays(&mut own, &characters, words, before, x_height);
                let right = right_end(&own);
                if self.is_of_network() {
                    letters::place_bars(&mut own, &characters, x_height);
                    letters::turn_crosses(&mut own, &characters, words);
                    digits::shorten_upstrokes(&mut own, &characters, words, x_height);
                    // The bar of a 5 may be drawn while the window is on a 4 behind it.
                    digits::mend_fives(&mut own, &characters, words);
                    digits::mend_fours(&mut own, &characters, words);
                }
                digits::even_digits(&mut own, &characters, words);
                if self.is_of_network() {
                    digits::space_digits(&mut own, &characters, words, x_height);
                }
                widened = right_end(&own) - right;
                let commas = dots::short_commas(&mut own, &characters, words, x_height);
                marks.extend(commas.into_iter().map(|at| (at, Mark::Sign(','))));
                stops = dots::missing_stops(&mut own, &characters, words, x_height);
            }
            let by = std::mem::replace(moved, *moved + widened);
            let place = |mut ink: Vec<WordPoint>| {
                marks::shift(&mut ink, by, &|_, _| true);
                ink
            };
            if marks.is_empty() && stops.is_empty() {
                drawn.extend(place(own));
                continue;
            }
            let fit = Fit::of(known, known_at, &characters, &self.hand);
            let [[left, right], _] = marks::bounds(&own);
            let middle = f64::from(left + right) / 2.0;
            let (mut level, mut slope) = fit.level(middle, f64::from(right - left));
            if let ([word], true) = (words, marks.iter().all(|(_, mark)| marks::lowest(*mark).is_none())) {
                let ink: Vec<_> = own.iter().map(|p| ([p.at[0], p.at[1], f32::from(u8::from(p.lifted))], 0)).collect();
                let own_marks: Vec<Mark> = marks.iter().map(|(_, mark)| *mark).collect();
                let standing = Standing::of(&ink, &characters[word.clone()], &own_marks, fit.height(middle));
                (level, slope) = standing.map_or((level, slope), |standing| (standing.level, 0.0));
            }
            let mut x_height = fit.height(middle) as f32;
            if let [word] = words
                && let Some([foot, height]) = digits::extent(&own, &characters, word)
            {
                (level, slope) = (foot.into(), 0.0);
                x_height *= (height / (DIGIT * x_height)).clamp(1.0, MOST_SIGN);
            }
            let style = marks::MarkStyle {
                x_height,
                baseline: [(level - slope * middle) as f32, slope as f32],
                slant: fit.lean as f32,
                spacing: marks::spacing(known),
                variation: self.settings.temperature * libm::expf(-self.settings.bias),
                before,
            };
            // However many numbers the marks of other words take.
            rng.set_word_pos((word as u128) << 20);
            drawn.extend(place(marks::draw(own, &characters, &marks, &stops, &style, &mut rng)));
        }
        self.record_shifts(&drawn, range, first);
        let character = |point: &WordPoint| point.character as u32 | if point.drawn.is_some() { 0 } else { MARK };
        let points = drawn.iter().map(|point| [point.at[0], point.at[1], f32::from(u8::from(point.lifted))]);
        (points.collect(), drawn.iter().map(character).collect())
    }

    /// Notes where drawn points of the latest record are among those of the document, where marks moved them.
    fn record_shifts(&mut self, drawn: &[WordPoint], range: Range<usize>, first: usize) {
        let Some(record) = self.records.last_mut() else { return };
        let ahead = usize::from(record.line.prefix.is_empty());
        let (base, mut last) = (record.first_point, record.shifts.last().map_or(0, |&(_, shift)| shift));
        let mut next = range.start;
        let mut note = |k: usize, index: usize| {
            let shift = index as isize - (base + k) as isize;
            if shift != last {
                record.shifts.push((k.saturating_sub(ahead), shift));
                last = shift;
            }
        };
        for (index, point) in drawn.iter().enumerate() {
            if let Some(k) = point.drawn {
                // Ink that was taken away, and this point.
                (next..=k).for_each(|k| note(k, first + index));
                next = k + 1;
            }
        }
        (next..range.end).for_each(|k| note(k, first + drawn.len().saturating_sub(1)));
        note(range.end, first + drawn.len());
    }

    /// The stretches, in order.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Number of lines that are waiting to be handed out.
    #[cfg(test)]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }
}

/// These points of a line, with the character of each.
fn word_points(points: &[[f32; 3]], characters: &[u32], range: Range<usize>) -> Vec<WordPoint> {
    let point = |k: usize| {
        let [x, y, lifted] = points[k];
        WordPoint { at: [x, y], lifted: lifted > 0.5, character: characters[k] as usize, drawn: Some(k) }
    };
    range.map(point).collect()
}

/// Right end of ink; 0 without any.
fn right_end(ink: &[WordPoint]) -> f32 {
    let [_, right] = marks::ends(ink, 0, &|_| true);
    if right.is_finite() { right } else { 0.0 }
}

/// The first character of these words.
fn start_of(words: &[Range<usize>]) -> usize {
    words.first().map_or(0, |word| word.start)
}

/// Where the ink of each word ends: behind the last lift of the pen before the window reaches the next word, as far as
/// it has done so.
fn word_ends(points: &[[f32; 3]], characters: &[u32], words: &[Range<usize>]) -> Vec<usize> {
    let (mut ends, mut lift) = (Vec::new(), 0);
    for (k, &character) in characters.iter().enumerate().take(points.len()) {
        while words.get(ends.len() + 1).is_some_and(|next| next.start <= character as usize) {
            ends.push(lift);
        }
        if points[k][2] > 0.5 {
            lift = k + 1;
        }
    }
    ends
}
