//! Text to lines, lines to a page: wrapping, and where each line starts on the sheet.
//!
//! The lines are written together, and appear in order.
//!
//! ```ignore-wasm32,standalone_crate
//! use running_hand::engine::cpu::CpuEngine;
//! use running_hand::engine::Engine;
//! use running_hand::model::Weights;
//! use running_hand::document::{Page, wrap};
//! use running_hand::writer::{Settings, Writer};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { pollster::block_on(async {
//! assert_eq!(wrap("a letter of some length", 10), ["a letter", "of some", "length"]);
//!
//! let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
//! writer.set_weights(Weights::from_bytes(&std::fs::read("weights/synthesis.safetensors")?, "weights")?);
//! let mut page = Page::start(&mut writer, "one\ntwo", &Settings::default(), 10).await?;
//! let mut rows = Vec::new();
//! while let Some(points) = page.next(&mut writer).await? {
//!     rows.extend(points.iter().map(|_| page.row())); // each point is [x, y, 1 where a stroke ends]
//! }
//! assert_eq!((rows.first(), rows.last()), (Some(&0), Some(&1)));
//! # Ok(()) }) }
//! ```

pub mod layout;

use crate::engine::Line;
use crate::error::{Error, Result};
use crate::ink::{Offset, Point};
use crate::inspect::{Move, Record};
use crate::model::{Kind, Weights};
use crate::text::alphabet::{Alphabet, Encoded};
use crate::writer::{Finish, LineUpdate, Prime, Settings, Writer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// From one baseline to the next, in corpus units. Half of the corpus' lines are 580 high or more,
/// one in twenty more than 910; written by one hand they seldom touch at this distance.
pub const LINE_SPACING: f32 = 780.0;

/// Longest line in characters, unless the caller says otherwise. The corpus' lines have 29 on
/// average and hardly any over 50: the networks have not learnt to go on much longer.
pub const COLUMNS: usize = 40;

/// Width of a character, blanks among them, as the networks write it: without text, a line's width
/// is that of as many characters as a line of text would have.
const CHARACTER: f32 = 120.0;
/// Share of a line without text that is written before a word may begin the next line.
const NEARLY_FULL: f32 = 0.75;
/// The pen's way to the right between two strokes that is taken for a blank, in corpus units. In 2,500 lines of the
/// corpus half of all ways between strokes are shorter than 96; of as many as a line has blanks, the widest ones, the
/// narrowest is 282 in the median and less than 190 in one line of ten.
const WORD_GAP: f32 = 220.0;

/// Points that the pen may spend at one place, and how far it may move there, in corpus units. Of 1,756 lines of the
/// corpus 8 have so long a rest; a network without text, which may come to the end of all that it has to say in a
/// line long before it is asked to stop, rests for good.
const REST: usize = 100;
const REST_WIDTH: f32 = 100.0;
/// Share of a line without text that is ink to go on from where the network rests.
const SAMPLE: f32 = 0.33;

/// Words in lines of at most `columns` characters. Words that are longer are broken; a run of blanks
/// is one blank.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in text.split_whitespace() {
        let characters: Vec<char> = word.chars().collect();
        for (index, piece) in characters.chunks(columns).enumerate() {
            let blank = usize::from(length > 0);
            if index > 0 || length + blank + piece.len() > columns {
                lines.push(String::new());
                length = 0;
            }
            if let Some(line) = lines.last_mut() {
                if length > 0 {
                    line.push(' ');
                    length += 1;
                }
                line.extend(piece);
                length += piece.len();
            }
        }
    }
    // A word too long for what was left of the first line.
    lines.retain(|line| !line.is_empty());
    lines
}

/// A text being written, line after line, on a sheet that grows downward.
#[derive(Debug)]
pub struct Page {
    kind: Kind,
    text: Encoded,
    /// `None` is a line left free. Without text one empty line, which the network fills as it likes.
    lines: Vec<Option<String>>,
    /// Of the lines with text, which of all they are.
    places: Vec<usize>,
    settings: Settings,
    columns: usize,
    weights: Arc<Weights>,
    /// Where the pen is before a line's first point: there is none behind given ink, else the origin is one.
    before: [f32; 3],
    /// Lines with text that are delivered.
    over: usize,
    /// What there is of the others.
    rows: BTreeMap<usize, Row>,
    /// Line of the sheet of the points delivered last.
    row: usize,
    /// Left edge and middle of the first line, from where it begins; `None` until that is written.
    first: Option<[f32; 2]>,
    /// How often the network that writes without a text has come to rest.
    rests: u64,
    /// Of a line that went wrong.
    worst: Option<Finish>,
    finish: Option<Finish>,
    /// The lines begun, for whoever wants to see them thought, and the points delivered of all.
    records: Vec<Record>,
    points: usize,
}

/// A line that is not delivered, or not wholly.
#[derive(Debug, Default)]
struct Row {
    /// Its points from where it begins, and how many of them are delivered.
    points: Vec<[f32; 3]>,
    delivered: usize,
    /// The line as the engine read it, and the moves that are not yet recorded.
    line: Line,
    moves: Vec<Move>,
    recorded: bool,
    scribble: Scribble,
    finish: Option<Finish>,
}

/// What a line without a text knows of itself: it is broken where it is full, and goes on where the network rests.
#[derive(Debug, Clone, Copy, Default)]
struct Scribble {
    /// Lines filled, and behind how many points the last one began.
    filled: usize,
    line_began: usize,
    /// Whether the network rests, behind how many points it last did, and from where it then goes on.
    at_rest: bool,
    rested: usize,
    resumes: Option<[f32; 2]>,
}

impl Page {
    /// Plans the page: wraps the text and begins its lines, so that anything wrong is told now.
    /// Line breaks are kept. The n-th line, counted from 0, has the noise of line `settings.line + n`. Every line
    /// is primed with the same ink; without text, the page goes on where that ink ends.
    ///
    /// # Errors
    /// As [`Writer::start`]; [`Error::Setting`] for lines of no or too many characters.
    pub async fn start(writer: &mut Writer, text: &str, settings: &Settings, columns: usize) -> Result<Self> {
        const MOST_COLUMNS: usize = 100;
        if !(1..=MOST_COLUMNS).contains(&columns) {
            return Err(Error::Setting {
                name: "columns".into(),
                problem: format!("{columns} is outside 1 to {MOST_COLUMNS}"),
            });
        }
        let kind = if text.trim().is_empty() { Kind::Prediction } else { Kind::Synthesis };
        let weights = writer.weights(kind).ok_or_else(|| Error::NotLoaded { kind: kind.to_string() })?;
        let mut page = Self {
            kind,
            text: Encoded::default(),
            lines: vec![Some(String::new())],
            places: Vec::new(),
            settings: settings.clone(),
            columns,
            weights: Arc::clone(weights),
            before: match &settings.prime {
                Some(prime) if kind == Kind::Prediction => [prime.end.x, prime.end.y, 1.0],
                _ => [0.0; 3],
            },
            over: 0,
            rows: BTreeMap::new(),
            row: 0,
            first: None,
            rests: 0,
            worst: None,
            finish: None,
            records: Vec::new(),
            points: 0,
        };
        if kind == Kind::Synthesis {
            let alphabet = Alphabet::new(&weights.config.alphabet);
            page.text = alphabet.encode(text);
            page.lines.clear();
            for paragraph in text.trim().lines() {
                let lines = wrap(&alphabet.encode(paragraph).written, columns);
                if lines.is_empty() {
                    page.lines.push(None);
                }
                page.lines.extend(lines.into_iter().map(Some));
            }
        }
        let texts = page.lines.iter().enumerate().filter_map(|(place, text)| Some((place, text.clone()?)));
        let own = |place: usize| Settings { line: settings.line + place as u64, ..settings.clone() };
        let (places, lines): (Vec<usize>, Vec<_>) = texts.map(|(place, text)| (place, (text, own(place)))).unzip();
        page.places = places;
        if lines.is_empty() {
            page.finish = Some(Finish::Stopped);
        } else {
            writer.start_lines(lines).await?;
        }
        Ok(page)
    }

    /// The next points, as (x, y, 1 where a stroke ends) in corpus units, y down, sometimes none;
    /// `None` when the page is finished. A line's first point is where its pen comes down; with its
    /// last one its last stroke ends. Given ink is not among them.
    ///
    /// Where a line begins says little of where it runs: at the top of a `T`, at the foot of an `a`.
    /// So only the first line is delivered as it comes. Those below are held back until they and those above them are
    /// written, and moved so that lines share a left edge and their middles are evenly spaced.
    ///
    /// # Errors
    /// As [`Writer::next`]; the page is then over.
    pub async fn next(&mut self, writer: &mut Writer) -> Result<Option<Vec<[f32; 3]>>> {
        if self.finish.is_some() {
            return Ok(None);
        }
        // A line that was held back may be next, without anything new.
        let is_over = self.rows.get(&self.over).is_some_and(|row| row.finish.is_some());
        if !is_over || writer.is_cancelled() {
            let Some(fresh) = writer.next_of_lines().await? else {
                // Of a line held back nothing has been seen.
                let first = self.rows.remove(&self.over).filter(|_| self.first.is_none());
                self.finish = Some(Finish::Cancelled);
                return Ok(Some(first.map_or(Vec::new(), |row| self.deliver(row, true).0)));
            };
            for fresh in fresh {
                self.take(fresh);
            }
        }
        let Some(row) = self.rows.remove(&self.over) else { return Ok(Some(Vec::new())) };
        if row.scribble.at_rest && !writer.is_cancelled() {
            return self.go_on(writer, row).await.map(Some);
        }
        if row.finish.is_none() && self.first.is_some() {
            self.rows.insert(self.over, row);
            return Ok(Some(Vec::new()));
        }
        let finish = row.finish;
        let (points, row) = self.deliver(row, finish.is_some());
        let Some(finish) = finish else {
            self.rows.insert(self.over, row);
            return Ok(Some(points));
        };
        if self.first.is_none() {
            self.first = left_and_middle(&row.points);
        }
        self.over += 1;
        match finish {
            // The rest of the page is written all the same.
            Finish::Cap | Finish::NonFinite => self.worst = Some(finish),
            Finish::Stopped | Finish::WindowRule => {}
            Finish::Cancelled | Finish::Length => self.finish = Some(finish),
        }
        if self.over == self.places.len() {
            self.finish.get_or_insert(self.worst.unwrap_or(Finish::Stopped));
        }
        Ok(Some(points))
    }

    /// Adds what has come of a line; without text, up to where the pen comes to rest.
    fn take(&mut self, fresh: LineUpdate) {
        let mut row = self.rows.remove(&fresh.line).unwrap_or_default();
        if let Some(line) = fresh.begun {
            row.line = line;
        }
        if row.points.is_empty() && !fresh.chunk.steps.is_empty() && self.settings.prime.is_none() {
            row.points.push(self.before);
        }
        row.finish = fresh.finish;
        for (step, offset) in fresh.chunk.steps.iter().zip(&fresh.chunk.offsets) {
            row.moves.push(Move::from(step));
            self.follow(&mut row, offset);
            if self.kind == Kind::Prediction && rests(&row.points[row.scribble.rested..]) && self.left(&row) > 0 {
                (row.scribble.at_rest, row.finish) = (true, None);
                break;
            }
        }
        self.rows.insert(fresh.line, row);
    }

    /// Points that may still be written without text.
    fn left(&self, row: &Row) -> usize {
        let given = usize::from(self.settings.prime.is_none());
        (self.settings.points + given).saturating_sub(row.points.len())
    }

    /// Goes on where the network has come to rest: it reads the first words once more, as ink that was given, and has
    /// other noise. What is not delivered yet is, and the pen lifts.
    async fn go_on(&mut self, writer: &mut Writer, row: Row) -> Result<Vec<[f32; 3]>> {
        let left = self.left(&row);
        let words = first_words(&row.points, self.columns);
        let own = || Prime::new(&self.weights.config, "", words).ok().map(Arc::new);
        let prime = self.settings.prime.clone().or_else(own);
        // Behind the ink, as high above the line's middle as the words end above theirs.
        let line = &row.points[row.scribble.line_began..];
        let right = line.iter().map(|point| point[0]).fold(f32::MIN, f32::max);
        let resumes = match (&self.settings.prime, words.last(), left_and_middle(words), left_and_middle(line)) {
            (None, Some(last), Some([_, own]), Some([_, middle])) => Some([right, middle + last[1] - own]),
            _ => None,
        };
        let (points, row) = self.deliver(row, true);
        if prime.is_none() {
            self.finish = Some(Finish::Stopped);
            return Ok(points);
        }
        self.rests += 1;
        let line = self.settings.line + self.rests;
        writer.start("", &Settings { line, points: left, prime, ..self.settings.clone() }).await?;
        let scribble = Scribble { at_rest: false, rested: row.points.len(), resumes, ..row.scribble };
        self.rows.insert(self.over, Row { recorded: false, scribble, ..row });
        Ok(points)
    }

    /// Adds the point to which the pen moves. Without text the network knows no lines: where one is nearly full, the
    /// next word begins another, and where it is full the next stroke.
    fn follow(&self, row: &mut Row, offset: &Offset) {
        let [mut x, mut y, lifted] = row.points.last().copied().unwrap_or(self.before);
        if let Some(from) = row.scribble.resumes.take() {
            [x, y] = from;
        }
        let start = self.settings.prime.as_ref().map_or(Point::default(), |prime| prime.start);
        let length = (x - start.x) / (self.columns as f32 * CHARACTER);
        let full = length > 1.0 || length > NEARLY_FULL && offset.dx > WORD_GAP;
        let full = self.kind == Kind::Prediction && lifted > 0.5 && full;
        let [x, y] = if full {
            row.scribble.filled += 1;
            row.scribble.line_began = row.points.len();
            [start.x, start.y + row.scribble.filled as f32 * LINE_SPACING]
        } else {
            [x + offset.dx, y + offset.dy]
        };
        row.points.push([x, y, f32::from(u8::from(offset.pen_lift))]);
    }

    /// The points of a line that are not yet delivered, where they are on the sheet; all of them if it is over, and then
    /// the pen lifts.
    fn deliver(&mut self, mut row: Row, over: bool) -> (Vec<[f32; 3]>, Row) {
        if let Some(last) = row.points.last_mut().filter(|_| over) {
            last[2] = 1.0;
        }
        // Without the last point: the line may end with it.
        let end = if over { row.points.len() } else { row.points.len().saturating_sub(1).max(row.delivered) };
        if !row.recorded && row.points.len() > row.scribble.rested {
            row.recorded = true;
            let (weights, line) = (Arc::clone(&self.weights), std::mem::take(&mut row.line));
            // A blank joins the text of given ink to the line's.
            let given = self.settings.prime.as_ref().map_or(0, |prime| prime.text.chars().count() + 1);
            let given = if self.kind == Kind::Synthesis { given } else { 0 };
            self.records.push(Record { weights, line, first: self.points, given, moves: Vec::new() });
        }
        if let Some(record) = self.records.last_mut() {
            record.moves.append(&mut row.moves);
        }
        let own = self.first.and_then(|_| left_and_middle(&row.points));
        let [right, down] = match (self.first, own) {
            (Some(first), Some(own)) => [first[0] - own[0], first[1] - own[1]],
            _ => [0.0; 2],
        };
        self.row = self.places.get(self.over).copied().unwrap_or(self.row);
        let top = self.row as f32 * LINE_SPACING;
        let place = |&[x, y, pen]: &[f32; 3]| [x + right, y + down + top, pen];
        let points: Vec<[f32; 3]> = row.points[row.delivered..end].iter().map(place).collect();
        self.points += points.len();
        row.delivered = end;
        (points, row)
    }

    /// The lines begun so far, as they were drawn: see [`crate::inspect`].
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// On which line of the sheet the points delivered last are, from 0, lines left free counted: all
    /// that [`next`](Self::next) gives at once are on one line. Without text always 0.
    pub fn row(&self) -> usize {
        self.row
    }

    /// Which network writes.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The text as it is written, and what became of the rest.
    pub fn text(&self) -> &Encoded {
        &self.text
    }

    /// The lines with text.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().flatten().map(String::as_str)
    }

    /// Milliseconds of pen time between two points.
    pub fn sample_ms(&self) -> f32 {
        self.weights.config.sample_ms
    }

    /// Which weights write: the same settings give the same ink with these only.
    pub fn fingerprint(&self) -> u64 {
        self.weights.fingerprint
    }

    /// Why the page ended; `None` while it is being written.
    pub fn finish(&self) -> Option<Finish> {
        self.finish
    }
}

/// Whether the pen has come to rest.
fn rests(points: &[[f32; 3]]) -> bool {
    let Some(last) = points.len().checked_sub(REST).map(|first| &points[first..]) else { return false };
    let width = |axis: usize| {
        let places = last.iter().map(|point| point[axis]);
        places.clone().fold(f32::MIN, f32::max) - places.fold(f32::MAX, f32::min)
    };
    width(0) < REST_WIDTH && width(1) < REST_WIDTH
}

/// Of a scribble in lines of `columns` characters, behind which the pen rests: the words of the first line that fill a
/// third of it; if there are none, what there is before the rest.
fn first_words(points: &[[f32; 3]], columns: usize) -> &[[f32; 3]] {
    let width = SAMPLE * columns as f32 * CHARACTER;
    let rest = points.len().saturating_sub(REST);
    let step = |k: usize| points[k][0] - points[k - 1][0];
    let first_line = (1..rest).find(|&k| step(k) < -width).unwrap_or(rest);
    let lifts = || (1..=first_line).filter(|&k| points[k - 1][2] > 0.5);
    let word = lifts().find(|&k| points[k - 1][0] - points[0][0] > width && step(k) > WORD_GAP);
    &points[..word.or_else(|| lifts().rfind(|&k| k >= REST)).unwrap_or(points.len())]
}

/// Left edge of a line, and the height that has half of its points above it; `None` without points.
fn left_and_middle(line: &[[f32; 3]]) -> Option<[f32; 2]> {
    let left = line.iter().map(|point| point[0]).min_by(f32::total_cmp)?;
    let mut heights: Vec<f32> = line.iter().map(|point| point[1]).collect();
    heights.sort_unstable_by(f32::total_cmp);
    Some([left, *heights.get(heights.len() / 2)?])
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::engine::cpu::CpuEngine;
    use crate::ink::Ink;
    use crate::testing::{self, writer};
    use crate::writer::Prime;
    use pollster::block_on;

    fn all(page: &mut Page, writer: &mut Writer) -> Vec<[f32; 3]> {
        let mut points = Vec::new();
        while let Some(more) = block_on(page.next(writer)).unwrap() {
            points.extend(more);
        }
        points
    }

    fn written(text: &str, columns: usize) -> (Page, Vec<[f32; 3]>) {
        let mut writer = writer();
        let mut page = block_on(Page::start(&mut writer, text, &Settings::default(), columns)).unwrap();
        let points = all(&mut page, &mut writer);
        (page, points)
    }

    #[test]
    fn lines_are_filled_with_words_and_never_too_long() {
        assert_eq!(wrap("the quick  brown fox", 9), ["the quick", "brown fox"]);
        assert_eq!(wrap("the quick brown fox", 10), ["the quick", "brown fox"]);
        assert_eq!(wrap("a incomprehensibly b", 6), ["a", "incomp", "rehens", "ibly b"]);
        assert_eq!(wrap("  ", 6), [""; 0]);
        assert_eq!(wrap("ab", 0), ["a", "b"]);
    }

    #[test]
    fn each_line_is_what_the_writer_writes_by_itself_and_lines_are_aligned() {
        let (page, points) = written("abc def\n\nghi\njkl", 20);
        assert_eq!(page.lines().collect::<Vec<_>>(), ["abc def", "ghi", "jkl"]);
        assert_eq!(page.finish(), Some(Finish::Stopped));
        let mut rest = &points[..];
        let mut first = None;
        for (line, text) in [(0, "abc def"), (2, "ghi"), (3, "jkl")] {
            let mut writer = writer();
            block_on(writer.start(text, &Settings { line, ..Settings::default() })).unwrap();
            while block_on(writer.next()).unwrap().is_some() {}
            let expected = writer.ink();
            let own;
            (own, rest) = rest.split_at(expected.strokes.iter().map(Vec::len).sum());
            let found = Ink::from_points(own);
            assert_eq!(found.strokes.len(), expected.strokes.len());
            let [right, down] = [found.strokes[0][0].x, found.strokes[0][0].y];
            for (a, b) in found.strokes.iter().flatten().zip(expected.strokes.iter().flatten()) {
                assert!((a.x - right - b.x).abs() < 0.1 && (a.y - down - b.y).abs() < 0.1, "{a:?} {b:?}");
            }
            let [left, middle] = left_and_middle(own).unwrap();
            let [first_left, first_middle] = *first.get_or_insert([left, middle]);
            assert!((left - first_left).abs() < 0.1, "line {line}");
            assert!((middle - first_middle - line as f32 * LINE_SPACING).abs() < 0.1, "line {line}");
        }
        assert!(rest.is_empty());
    }

    #[test]
    fn a_long_page_comes_in_order_and_keeps_little() {
        let mut writer = writer();
        let text = "ab cd\n".repeat(200);
        let unchecked = Settings { attempts: 0, ..Settings::default() };
        let mut page = block_on(Page::start(&mut writer, &text, &unchecked, 20)).unwrap();
        let (mut last, mut lines, mut most) = (0, 0, 0);
        while let Some(points) = block_on(page.next(&mut writer)).unwrap() {
            most = most.max(page.rows.len());
            assert!(page.over >= last);
            (last, lines) = (page.over, lines + points.iter().filter(|p| p[2] > 0.5).count().min(1));
        }
        assert_eq!((page.over, page.finish(), page.records().len()), (200, Some(Finish::Stopped), 200));
        assert!(lines > 20 && most <= 130, "{lines} {most}");
    }

    #[test]
    fn the_moves_of_each_line_lead_from_one_of_its_points_to_the_next() {
        let config = testing::config(Kind::Synthesis, &[9, 8], 3);
        let prime = Arc::new(Prime::new(&config, "ab", &testing::zigzag(60)).unwrap());
        for (prime, given) in [(None, 0), (Some(prime), 3)] {
            let mut writer = writer();
            let settings = Settings { prime, ..Settings::default() };
            let mut page = block_on(Page::start(&mut writer, "abc def\n\nghi\njkl", &settings, 20)).unwrap();
            let points = all(&mut page, &mut writer);
            let ends = page.records().iter().skip(1).map(|record| record.first).chain([points.len()]);
            assert_eq!(page.records().len(), 3);
            for (record, end) in page.records().iter().zip(ends) {
                assert_eq!((record.given, record.point(record.moves.len() - 1)), (given, end - 1));
                for (n, drawn) in record.moves.iter().enumerate().skip(1) {
                    let offset = config.offset([drawn.dx, drawn.dy, 0.0]);
                    let [from, to] = [points[record.point(n - 1)], points[record.point(n)]];
                    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
                    assert!((dx - offset.dx).abs() < 0.1 && (dy - offset.dy).abs() < 0.1);
                }
            }
        }
    }

    #[test]
    fn the_first_line_comes_as_it_is_written() {
        let mut writer = writer();
        let unchecked = Settings { attempts: 0, ..Settings::default() };
        let mut page = block_on(Page::start(&mut writer, "abc def ghi", &unchecked, 20)).unwrap();
        let more = block_on(page.next(&mut writer)).unwrap().unwrap();
        assert_eq!((more.len(), more[0]), (8, [0.0; 3]));
    }

    #[test]
    fn every_line_ends_its_last_stroke() {
        let mut weights = testing::weights(&testing::config(Kind::Synthesis, &[9, 8], 3), 2);
        weights.output.bias[0] = 40.0; // never lifts the pen
        let mut writer = writer();
        writer.set_weights(weights);
        let mut page = block_on(Page::start(&mut writer, "abc def", &Settings::default(), 4)).unwrap();
        let points = all(&mut page, &mut writer);
        assert_eq!(points.iter().filter(|p| p[2] > 0.5).count(), 2);
        assert!(points.last().unwrap()[2] > 0.5);
    }

    #[test]
    fn without_text_the_other_network_fills_one_line() {
        let (page, points) = written(" \n ", 20);
        assert_eq!((page.kind(), page.finish()), (Kind::Prediction, Some(Finish::Length)));
        assert_eq!(points.len(), Settings::default().points + 1);
    }

    #[test]
    fn without_text_a_full_line_is_followed_by_another() {
        let mut weights = testing::weights(&testing::config(Kind::Prediction, &[9, 8], 3), 1);
        weights.config.offset_mean = [200.0, 0.0]; // to the right, steadily
        let mut writer = writer();
        writer.set_weights(weights);
        let mut page = block_on(Page::start(&mut writer, "", &Settings::default(), 20)).unwrap();
        let points = all(&mut page, &mut writer);
        assert_eq!(points.len(), Settings::default().points + 1);
        let starts: Vec<usize> = (1..points.len()).filter(|&k| points[k][0] == 0.0).collect();
        assert!(starts.len() > 3);
        for (row, &k) in starts.iter().enumerate() {
            assert!(points[k - 1][2] > 0.5 && points[k - 1][0] > NEARLY_FULL * 20.0 * CHARACTER, "no stroke is broken");
            assert_eq!(points[k][1], (row + 1) as f32 * LINE_SPACING);
        }
    }

    #[test]
    fn without_text_a_line_ends_between_words_if_it_can() {
        let mut writer = writer();
        let page = block_on(Page::start(&mut writer, "", &Settings::default(), 20)).unwrap();
        let next = |x: f32, lifted: f32, dx: f32| {
            let mut row = Row { points: vec![[x, 0.0, lifted]], ..Row::default() };
            page.follow(&mut row, &Offset { dx, dy: 0.0, pen_lift: false });
            (row.points[1][0], row.points[1][1])
        };
        let below = (0.0, LINE_SPACING);
        assert_eq!(next(1000.0, 1.0, 300.0), (1300.0, 0.0), "there is room");
        assert_eq!(next(2000.0, 1.0, 300.0), below);
        assert_eq!(next(2000.0, 1.0, 60.0), (2060.0, 0.0), "in a word");
        assert_eq!(next(2000.0, 0.0, 300.0), (2300.0, 0.0), "in a stroke");
        assert_eq!(next(2500.0, 1.0, 60.0), below, "a word that is too long");
    }

    #[test]
    fn without_text_a_network_that_has_come_to_rest_goes_on_behind_its_first_words() {
        let mut weights = testing::weights(&testing::config(Kind::Prediction, &[9, 8], 3), 1);
        (weights.config.offset_mean, weights.config.offset_sd) = ([0.0; 2], [0.5; 2]); // hardly moves
        let config = weights.config.clone();
        let mut writer = writer();
        writer.set_weights(weights);
        for prime in [None, Some(Arc::new(Prime::new(&config, "", &testing::zigzag(60)).unwrap()))] {
            let settings = Settings { prime, points: 800, ..Settings::default() };
            let mut page = block_on(Page::start(&mut writer, "", &settings, 20)).unwrap();
            let points = all(&mut page, &mut writer);
            assert_eq!(points.len(), 800 + usize::from(settings.prime.is_none()));
            assert_eq!(page.finish(), Some(Finish::Length));
            let records = page.records();
            assert!(records.len() > 5, "{}", records.len());
            assert_eq!(records.iter().map(|record| record.moves.len()).sum::<usize>(), 800);
            for (n, record) in records.iter().enumerate().skip(1) {
                assert!(points[record.first - 1][2] > 0.5, "the pen lifts");
                match &settings.prime {
                    Some(prime) => assert_eq!(record.line.prefix, prime.points),
                    None => assert_eq!(record.line.prefix[..24], records[1].line.prefix[..24], "{n}"),
                }
                let [from, to] = [points[record.first - 1], points[record.point(0)]];
                assert!((to[0] - from[0]).abs() < 200.0 && (to[1] - from[1]).abs() < 200.0, "{from:?} {to:?}");
                assert_ne!(record.moves[0], records[n - 1].moves[0], "other noise");
            }
        }
    }

    #[test]
    fn the_first_words_of_a_scribble_fill_a_third_of_its_first_line() {
        // Strokes of ten points, 100 wide, a blank before every third.
        let stroke = |n: usize| {
            let left = 120.0 * n as f32 + 240.0 * (n / 3) as f32;
            (0..10).map(move |k| [left + 10.0 * k as f32, 0.0, f32::from(u8::from(k == 9))])
        };
        let rest = std::iter::repeat_n([9000.0, 0.0, 0.0], REST);
        let line: Vec<_> = (0..20).flat_map(stroke).chain(rest).collect();
        assert!(rests(&line) && !rests(&line[..line.len() - 1]));
        // A third of 20 letters is 792 units: two words end at 930.
        assert_eq!(first_words(&line, 20).len(), 60);
        assert_eq!(first_words(&line, 100).len(), 200, "all that there is");
        let below: Vec<_> = line.iter().map(|&[x, y, pen]| [x, y + LINE_SPACING, pen]).collect();
        let two = [&line[..110], &below[..]].concat();
        assert_eq!(first_words(&two, 48).len(), 110, "not beyond the first line");
    }

    #[test]
    fn behind_given_ink_lines_begin_at_their_first_points_and_without_text_where_it_ended() {
        let mut writer = writer();
        let given = testing::zigzag(60);
        let settings = |writer: &Writer, kind: Kind| {
            let prime = Prime::new(&writer.weights(kind).unwrap().config, "ab", &given).unwrap();
            Settings { prime: Some(Arc::new(prime)), ..Settings::default() }
        };
        let primed = settings(&writer, Kind::Synthesis);
        let mut page = block_on(Page::start(&mut writer, "abc\ndef", &primed, 20)).unwrap();
        let points = all(&mut page, &mut writer);
        assert_eq!(page.lines().collect::<Vec<_>>(), ["abc", "def"]);
        assert_eq!(points[0][..2], [0.0; 2]);
        let mut own = 0;
        for (line, text) in [(0, "abc"), (1, "def")] {
            block_on(writer.start(text, &Settings { line, ..primed.clone() })).unwrap();
            while block_on(writer.next()).unwrap().is_some() {}
            own += writer.ink().strokes.iter().map(Vec::len).sum::<usize>();
        }
        assert_eq!(points.len(), own);
        let primed = settings(&writer, Kind::Prediction);
        let mut page = block_on(Page::start(&mut writer, "", &primed, 100)).unwrap();
        let points = all(&mut page, &mut writer);
        assert_eq!(points.len(), primed.points);
        let [dx, dy] = [points[0][0] - given[59][0], points[0][1] - given[59][1]];
        assert!(dx.abs() < 500.0 && dy.abs() < 500.0, "next to the given ink's end: {dx} {dy}");
    }

    #[test]
    fn text_of_which_nothing_can_be_written_is_done_at_once_and_told() {
        let (page, points) = written("😀\n🎉", 20);
        assert!(page.text().left_out.contains(&'😀') && points.is_empty());
        assert_eq!(page.finish(), Some(Finish::Stopped));
    }

    #[test]
    fn a_line_that_went_wrong_is_told_at_the_end_and_the_others_are_written() {
        let mut weights = testing::weights(&testing::config(Kind::Synthesis, &[9, 8], 3), 2);
        let window = weights.window.as_mut().unwrap();
        testing::elements_mut(&mut window.weight).fill(0.0);
        window.bias[8..].fill(-40.0); // stands still
        let mut writer = writer();
        writer.set_weights(weights);
        let mut page = block_on(Page::start(&mut writer, "abc def", &Settings::default(), 4)).unwrap();
        let points = all(&mut page, &mut writer);
        assert_eq!(page.finish(), Some(Finish::Cap));
        assert!(points.iter().any(|p| p[1] > LINE_SPACING / 2.0), "the second line is there");
    }

    #[test]
    fn cancelling_ends_the_page() {
        let mut writer = writer();
        let mut page = block_on(Page::start(&mut writer, "abc def ghi", &Settings::default(), 4)).unwrap();
        block_on(page.next(&mut writer)).unwrap();
        writer.canceller().cancel();
        let rest = all(&mut page, &mut writer);
        assert!(rest.len() <= 1 && page.finish() == Some(Finish::Cancelled));
    }

    #[test]
    fn settings_are_checked_before_anything_is_written() {
        let start = |text: &str, columns| {
            block_on(Page::start(&mut writer(), text, &Settings::default(), columns)).unwrap_err().to_string()
        };
        assert!(start("a", 0).starts_with("columns"));
        let mut empty = Writer::new(Engine::Cpu(CpuEngine::new()));
        let error = block_on(Page::start(&mut empty, "a", &Settings::default(), 20)).unwrap_err().to_string();
        assert!(error.contains("synthesis network is not loaded"), "{error}");
    }
}
