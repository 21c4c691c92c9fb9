//! Words on lines, lines on pages: each word is set with its baseline on its rule, as large as the style says and as far
//! from the word before it as this hand sets words apart.
//!
//! This is the only place where ink is placed. Stretch coordinates, as the network draws: the pen begins at x = 0, y grows
//! downward. Page coordinates: from the sheet's upper left corner. Both in corpus units.
//!
//! Ink that has been handed out ([`Layout::add`]) never moves. Of the first stretch, words are handed out while it is
//! written, placed by what they and the words before them tell. [`Layout::lay_out`] places everything anew, exactly.

use super::LETTER_WIDTH;
use super::compose::{self, HORIZON, Item, Rooms};
use super::dots;
use super::lone::Standing;
use super::measure::{
    Edges, Fit, HandMeasure, Look, assign, factor, is_core, is_tall, median, own_points, word_ranges,
};
use super::numbers::{Digits, PageNumber};
use super::paper::{Extent, PageStyle, Sheet, Spot, X_HEIGHT};
use super::smooth::smooth;
use super::structure::{self, Paragraph, Structure, TAB};
use super::wander::Wander;
use crate::writer::check::Fault;
use std::f64::consts::PI;
use std::ops::Range;

/// Baseline of writing without a text, below where the pen first comes down: an ordinary place for a line's first
/// point.
const SCRIBBLE_BASELINE: f64 = 110.0;
/// A stretch's letters are made so many times as high as the hand's would be, at least and at most; and so a word's beside
/// those of its stretch.
const OF_STRETCH: Range<f64> = 0.6..1.65;
const CORRECTION: Range<f64> = 0.75..1.25;
/// Height of digits and capitals, in x-heights: as expected of a hand, counted as so many words; and of hands.
const TALL: f64 = 1.55;
const TALL_WORDS: f64 = 4.0;
const TALLS: Range<f64> = 1.4..1.75;
/// How much lower and higher than the hand's numbers are left as they are, and words of capitals, which vary more beside
/// small letters, too; and the power to which the rest is corrected.
const TALL_LOWER: f64 = 0.96;
const NUMBER_HIGHER: f64 = 1.06;
const CAPITALS_HIGHER: f64 = 1.3;
const TALL_POWER: f64 = 0.9;
/// What numbers and words of capitals are multiplied by, at least and at most.
const OF_TALL: Range<f64> = 0.55..2.0;
/// The power to which a line's deviation from the page's size is corrected, and the limits of that.
const EVENING: f64 = 0.7;
const EVENINGS: Range<f64> = 0.84..1.18;
/// Most by which a hand's lines look higher or lower than its letters are (log).
const MAX_LINE_SIZE: f64 = 0.2;
/// How often a line is looked at and corrected.
const EVENING_ROUNDS: usize = 8;
/// The power, likewise, for the change of size along a line.
const DRIFT: f64 = 0.3;
/// How much that change counts beside the height.
const DRIFT_WEIGHT: f64 = 0.15;
/// Most by which a line's slope and height are corrected, in corpus units.
const MAX_FALL: f64 = 0.03;
const MAX_SINK: f64 = 30.0;
/// Share of the first line that is filled before it is known where it ends.
const LIVE_SHARE: f64 = 0.65;
/// Neighbouring words differ at most by this factor where the one before was placed by an estimate.
const LIVE_STEP: f64 = 1.03;
/// Mean gap between words, in widest gaps within words, and in x-heights at least and at most.
const GAP_IN_LETTER_GAPS: f64 = 2.2;
const MEAN_GAP: Range<f64> = 0.8..1.2;
const MOST_MEAN_GAP: f64 = 2.0;
/// Least gap between words, in x-heights and in widest gaps within the two words; the latter counts up to so many
/// x-heights.
const LEAST_GAP: f64 = 0.56;
/// Mean width of a character, in x-heights, above which these gaps grow with it, up to so many times.
const WIDE_LETTER: f64 = 1.1;
const MOST_WIDE: f64 = 1.4;
const LEAST_IN_LETTER_GAPS: f64 = 1.5;
const MOST_LEAST_GAP: f64 = 1.6;
/// A gap keeps so much of its deviation from the hand's mean (a power), within these factors.
const GAP_POWER: f64 = 0.8;
const GAP_RANGE: Range<f64> = 0.7..1.5;
/// Spread of the gaps where two stretches meet: the log's.
const JOINT_SPREAD: f64 = 0.16;
/// Greatest correction of a stretch's lean, x per y.
const MAX_LEAN: f64 = 0.12;
/// Letters, and gaps, by which the hand is believed to be as it was measured before.
const HAND_LETTERS: f64 = 30.0;
const HAND_GAPS: f64 = 8.0;
/// Fewest rows of a page on which lines are kept together.
const ROWS_TO_KEEP: usize = 5;
/// Signs that stand on no line.
const FLOATING: &str = "-+=*'\"";
/// Stands for an `i` of which the dot was taken away.
const DOTLESS: char = 'ı';
/// Smallest share to which a word that is wider than its line is made.
const LEAST_SHRINK: f64 = 0.05;
/// Share of a line's width, at most, that stays free at the right although it could be filled.
const RAGGED: f64 = 0.05;
/// Lines set to the right have so many times the width that their characters have on average.
const RIGHT_RESERVE: f64 = 1.06;

/// Points of one stretch, or of one line of a scribble, as they come.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LineInk {
    /// The stretch, from 0; of a scribble, the row.
    pub row: usize,
    /// `(x, y, 1 where a stroke ends)` in stretch coordinates.
    pub points: Vec<[f32; 3]>,
    /// The character of the stretch at which the window was, for each point, with the highest bit set for points of marks
    /// that were drawn; empty for a scribble.
    pub characters: Vec<u32>,
    /// Whether the points so far end with a whole word.
    pub whole: bool,
    /// Whether the stretch ends with them.
    pub complete: bool,
    /// Whether this is the line of digits for page numbers, whole, and no ink of the text.
    pub digits: bool,
}

/// Points of one line where they are on their page.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlacedInk {
    /// The sheet, from 0.
    pub page: usize,
    /// The line among those that have ink, from 0.
    pub line: usize,
    /// Index of the first point among all points of the document.
    pub start: usize,
    /// `(x, y, 1 where a stroke ends)` in page coordinates.
    pub points: Vec<[f32; 3]>,
}

/// What is written: its structure, what is known of the hand, and the most characters of a line.
#[derive(Debug, Clone, Default)]
pub struct Text {
    /// Paragraphs and stretches.
    pub structure: Structure,
    /// The hand, as measured before.
    pub hand: HandMeasure,
    /// Most characters of a line; `None` for as many as fit.
    pub columns: Option<usize>,
}

/// A stretch that has ink.
#[derive(Debug, Clone, Default)]
struct Stretch {
    row: usize,
    /// Smoothed, other than a scribble's.
    points: Vec<[f32; 3]>,
    /// The last of them as they came, from where their stroke begins.
    unfinished: Vec<[f32; 3]>,
    /// The character of each point.
    characters: Vec<u32>,
    /// The word of each point, counted from the stretch's first.
    words: Vec<u16>,
    /// Its first word among all.
    first_word: usize,
    complete: bool,
    whole: bool,
    /// Index of its first point among all of the document.
    start: usize,
}

impl Stretch {
    /// Adds points to its end. A stroke that has not ended is smoothed again as it goes on.
    fn extend(&mut self, points: &[[f32; 3]], is_smoothed: bool) {
        let start = self.points.len() - self.unfinished.len();
        self.points.extend_from_slice(points);
        if !is_smoothed {
            return;
        }
        self.unfinished.extend_from_slice(points);
        let mut ended = 0;
        let mut at = start;
        for stroke in self.unfinished.split_inclusive(|point| point[2] > 0.5) {
            for (point, smoothed) in self.points[at..].iter_mut().zip(smooth(stroke)) {
                // Pen lifts may have been set since.
                (point[0], point[1]) = (smoothed[0], smoothed[1]);
            }
            at += stroke.len();
            if stroke.last().is_some_and(|point| point[2] > 0.5) {
                ended = at - start;
            }
        }
        self.unfinished.drain(..ended);
    }
}

/// A word's ink, measured, and where it is.
#[derive(Debug, Clone, Copy, Default)]
struct Word {
    paragraph: usize,
    /// Among the words of the paragraph.
    index: usize,
    /// Whether it has ink.
    has_ink: bool,
    /// From the stretch to the page: the size, the baseline, its slope, around which x, and the lean (x per y).
    factor: f64,
    level: f64,
    slope: f64,
    middle: f64,
    lean: f64,
    /// Whether it is a number or has capitals only: nothing as high as an `x`.
    is_tall: bool,
    /// Left end and width of the ink, in stretch and in page coordinates.
    left: f64,
    width: f64,
    /// Distance to the word before it on a line.
    gap: f64,
    is_glued: bool,
    place: Option<Place>,
}

/// Where a word is.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    line: usize,
    /// Its left end and its baseline.
    x: f64,
    y: f64,
    /// Descent of the line per unit to the right.
    slope: f64,
    /// Size relative to what the style says.
    scale: f64,
    /// Width relative to that.
    widen: f64,
}

/// How the words of a line are made even.
#[derive(Debug, Clone)]
struct Evened {
    /// What each is multiplied by.
    by: Vec<f64>,
    /// How the line looks then, if it is to be corrected by that; and how it looked at first.
    look: Option<Look>,
    first: Option<Look>,
}

/// A line on a page.
#[derive(Debug, Clone, Default)]
struct Line {
    /// The row that it takes, over all pages.
    row: usize,
    words: Range<usize>,
    /// Index of its first point among all placed ones.
    start: usize,
    /// How many of its points are placed.
    placed: usize,
}

/// What has been learnt of the hand, and from how many letters and gaps.
#[derive(Debug, Clone, Copy, Default)]
struct Learnt {
    hand: HandMeasure,
    letters: f64,
    gaps: f64,
    /// How many lines were looked at, counted from 1, and by how much (log) they looked too low.
    lines: f64,
    line_size: f64,
    /// Height of digits and capitals in x-heights (log), and of how many words.
    tall: f64,
    talls: f64,
}

/// Words on lines on pages.
#[derive(Debug, Clone)]
pub struct Layout {
    style: PageStyle,
    /// Seed of the wandering.
    seed: u64,
    extent: Extent,
    sheet: Sheet,
    /// `None` for writing without a text, which is placed as it comes.
    text: Option<Text>,
    /// Whether the first words are handed out while their stretch is written.
    live: bool,
    /// Whether no more ink comes.
    ended: bool,
    learnt: Learnt,
    stretches: Vec<Stretch>,
    words: Vec<Word>,
    lines: Vec<Line>,
    /// The first word that is on no line, and the paragraph and its line that come next.
    next_word: usize,
    paragraph: usize,
    line_of_paragraph: usize,
    /// Whether the last line may get more words.
    is_open: bool,
    /// All placed points in page coordinates, in the order in which the pen drew them.
    placed: Vec<[f32; 3]>,
    /// Baseline of a scribble.
    scribble: f64,
    /// The hand's digits, when they are written.
    digits: Option<Digits>,
}

impl Layout {
    /// An empty layout; `seed` is that of the writing. Without a text, ink is placed as it comes. With `live`, the first
    /// words are handed out while their stretch is written.
    pub fn new(style: PageStyle, seed: u64, extent: Extent, text: Option<Text>, live: bool) -> Self {
        let mut layout = Self {
            sheet: Sheet::new(&style, extent),
            style,
            seed,
            extent,
            text,
            live,
            ended: false,
            learnt: Learnt::default(),
            stretches: Vec::new(),
            words: Vec::new(),
            lines: Vec::new(),
            next_word: 0,
            paragraph: 0,
            line_of_paragraph: 0,
            is_open: false,
            placed: Vec::new(),
            scribble: SCRIBBLE_BASELINE,
            digits: None,
        };
        layout.forget();
        layout
    }

    /// Sets ink that writing without a text goes on from: its baseline is the scribble's.
    pub fn add_drawn(&mut self, points: Vec<[f32; 3]>) -> Vec<PlacedInk> {
        self.scribble = Fit::of(&points, &[], &[], &HandMeasure::default()).level(0.0, 0.0).0;
        self.add(LineInk { row: 0, points, ..LineInk::default() })
    }

    /// Adds ink of the last stretch or of one below it, and hands out what can be placed, which may be nothing yet.
    pub fn add(&mut self, ink: LineInk) -> Vec<PlacedInk> {
        if ink.digits {
            let hand = self.text.as_ref().map_or_else(HandMeasure::default, |text| text.hand);
            self.digits = Some(Digits::of(ink.points, &ink.characters, &hand));
            return Vec::new();
        }
        if self.stretches.last().is_none_or(|stretch| stretch.row != ink.row) {
            let start = self.stretches.last().map_or(0, |stretch| stretch.start + stretch.points.len());
            // Stretches without any ink count, too.
            let missing = self.stretches.len()..if self.text.is_some() { ink.row } else { self.stretches.len() };
            let empty = |row| Stretch { row, start, complete: true, ..Stretch::default() };
            for stretch in missing.map(empty).chain([Stretch { complete: false, ..empty(ink.row) }]) {
                self.stretches.push(stretch);
            }
        }
        let index = self.stretches.len() - 1;
        let stretch = &mut self.stretches[index];
        stretch.extend(&ink.points, self.text.is_some());
        stretch.characters.extend_from_slice(&ink.characters);
        stretch.complete |= ink.complete;
        stretch.whole = ink.whole;
        if self.text.is_none() {
            return self.place_scribble();
        }
        self.measure(index);
        self.compose(HORIZON);
        self.hand_out(usize::MAX)
    }

    /// Whether ink of the line being written is held back although its beginning has been handed out.
    pub fn is_holding(&self) -> bool {
        !self.placed.is_empty() && self.placed.len() < self.points_known()
    }

    /// Hands out what is held back, as far as it fills lines, without waiting for the lines below.
    pub fn release(&mut self) -> Vec<PlacedInk> {
        self.compose(1.0);
        self.hand_out(usize::MAX)
    }

    fn points_known(&self) -> usize {
        self.stretches.last().map_or(0, |stretch| stretch.start + stretch.points.len())
    }

    // Measuring.

    /// Measures the words of a stretch that are not placed yet.
    fn measure(&mut self, index: usize) {
        let Some(text) = self.text.take() else { return };
        if let Some(source) = text.structure.stretches.get(self.stretches[index].row) {
            let first_word =
                text.structure.stretches[..self.stretches[index].row].iter().map(|stretch| stretch.words.len()).sum();
            self.measure_words(index, source, first_word);
        }
        self.text = Some(text);
    }

    fn measure_words(&mut self, index: usize, source: &structure::Stretch, first_word: usize) {
        let characters: Vec<char> = source.text.chars().collect();
        let ranges = word_ranges(&characters);
        let complete = self.stretches[index].complete || self.ended;
        let wander = self.wander();
        let stretch = &mut self.stretches[index];
        stretch.first_word = first_word;
        let owners = assign(&mut stretch.points, &stretch.characters, &characters, self.learnt.hand.x_height);
        stretch.words = owners.iter().map(|&word| u16::try_from(word).unwrap_or(u16::MAX)).collect();
        // Without a letter the hand is as expected.
        let mut hand = self.learnt.hand;
        let fit = Fit::of(&stretch.points, &stretch.characters, &characters, &hand);
        let lean = (hand.lean - fit.lean).clamp(-MAX_LEAN, MAX_LEAN) + libm::tan(self.style.slant * PI / 180.0);
        // Words of which all ink is known.
        let latest = owners.iter().max().copied();
        let known = match latest {
            Some(latest) => latest + usize::from(complete || stretch.whole),
            None => 0,
        };
        let known = if complete { ranges.len() } else { known };
        let mut measured: Vec<(Word, Edges)> = Vec::new();
        let mut started = vec![false; ranges.len() + 1];
        let mut glued = vec![false; ranges.len() + 1];
        for &owner in &owners {
            glued[owner + 1] |= started[owner + 1] && owner + 1 < ranges.len();
            started[owner] = true;
        }
        let expected = factor(hand.x_height);
        let hand_tall = libm::exp(self.learnt.tall).clamp(TALLS.start, TALLS.end);
        let mut talls: Vec<f64> = Vec::new();
        // Level and size of the number before a word.
        let mut number: Option<(f64, f64)> = None;
        for (at, &is_glued) in glued.iter().enumerate().take(known) {
            let own_range = ranges[at].clone();
            let own = &characters[own_range.clone()];
            if self.words.get(first_word + at).is_none_or(|word| word.place.is_none()) {
                let mut own = own.to_vec();
                for (mark, _) in source.marks.iter().filter(|(at, mark)| mark.replaces_dot() && own_range.contains(at))
                {
                    own[mark - own_range.start] = DOTLESS;
                }
                let own = (own_range.start, &*own);
                dots::hide_strays(&mut stretch.points, &stretch.characters, &owners, at, own, hand.x_height);
            }
            let ink = own_points(&stretch.points, &owners, at);
            let [left, right] = span(&ink);
            let middle = (left + right) / 2.0;
            // Numbers and words of capitals are written small or large more often than others, and tell their size themselves.
            let has_digit = own.iter().any(char::is_ascii_digit);
            let marks = source.marks.iter().filter(|(mark, _)| own_range.contains(mark)).map(|(_, mark)| *mark);
            let points = stretch.points.iter().zip(&stretch.characters).zip(&owners);
            let points = points.filter(|(_, owner)| **owner == at).map(|((point, at), _)| (*point, *at));
            let (points, marks) = (points.collect::<Vec<_>>(), marks.collect::<Vec<_>>());
            let standing = Standing::of(&points, own, &marks, fit.height(middle));
            let is_tall = is_tall(own) && standing.is_none_or(|standing| standing.height > 0.0);
            let (mut level, slope) = fit.word_level(left, right, is_tall);
            let mut tall = fit.tall(left, right);
            let is_floating = own.iter().all(|c| FLOATING.contains(*c));
            if let Some(Standing { level: own, height }) = standing {
                (level, tall) = (own, Some(height / fit.height(middle)));
            }
            let of_stretch = (hand.x_height / fit.x_height()).clamp(OF_STRETCH.start, OF_STRETCH.end);
            let correction = (fit.x_height() / fit.height(middle)).clamp(CORRECTION.start, CORRECTION.end);
            let mut size = of_stretch * correction;
            if let Some(height) = tall.filter(|_| is_tall) {
                talls.push(libm::log(height));
                let higher = if has_digit { NUMBER_HIGHER } else { CAPITALS_HIGHER };
                let height = height * size * fit.height(middle) / hand.x_height;
                let wanted = height.clamp(TALL_LOWER * hand_tall, higher * hand_tall);
                size = (size * libm::pow(wanted / height, TALL_POWER)).clamp(OF_TALL.start, OF_TALL.end);
            }
            // Behind a number as large, and so as high, as that is made: the loops of a 9 end above the line.
            if let Some((number, size_of_number)) = number.filter(|_| is_floating) {
                (level, size) = (number, size_of_number);
            }
            number = (is_tall || is_floating && number.is_some()).then_some((level, size));
            let word = Word {
                paragraph: source.paragraph,
                index: source.words.start + at,
                has_ink: !ink.is_empty(),
                factor: expected * size,
                level,
                slope,
                middle,
                lean,
                is_tall,
                is_glued,
                ..Word::default()
            };
            measured.push((word, word.edges(&ink)));
        }
        // Placed words stay as they are, and those after them come to their true size by and by.
        let mut drift = 0.0;
        for (at, (word, edges)) in measured.iter_mut().enumerate() {
            match self.words.get(first_word + at) {
                Some(own) if own.place.is_some() => {
                    drift = libm::log(own.factor / word.factor);
                    *word = *own;
                    *edges = word.edges(&own_points(&stretch.points, &owners, at));
                }
                _ => {
                    let step = libm::log(LIVE_STEP);
                    drift = if drift > 0.0 { (drift - step).max(0.0) } else { (drift + step).min(0.0) };
                    let scale = libm::exp(drift);
                    word.factor *= scale;
                }
            }
            word.left = edges.left;
            word.width = (edges.right - edges.left) * word.factor;
        }
        // The gaps as the hand left them, in x-heights of the page.
        let gaps: Vec<f64> = measured
            .windows(2)
            .map(|pair| {
                let [(before, own), (after, next)] = [pair[0], pair[1]];
                let natural = (next.core[0] - own.core[1]) * (before.factor + after.factor) / 2.0 / X_HEIGHT;
                if before.has_ink && after.has_ink { natural.max(0.0) } else { f64::NAN }
            })
            .collect();
        let known_gaps: Vec<f64> = gaps.iter().copied().filter(|gap| gap.is_finite()).collect();
        let letter_gaps: Vec<f64> = measured
            .iter()
            .filter(|(word, _)| word.has_ink && ranges[word.index - source.words.start].len() > 2)
            .map(|(word, edges)| edges.letter_gap * word.factor / X_HEIGHT)
            .collect();
        let mean_gap = mean(&known_gaps, hand.gap, self.learnt.gaps);
        let letter_gap = mean(&letter_gaps, hand.letter_gap, self.learnt.gaps);
        // Wide letters need more between words: a gap is to be told from the room within a letter.
        let wide = (hand.letter / WIDE_LETTER).clamp(1.0, MOST_WIDE);
        let page_gap = mean_gap.clamp(wide * MEAN_GAP.start, wide * MEAN_GAP.end);
        let page_gap = page_gap.max(GAP_IN_LETTER_GAPS * letter_gap).min(MOST_MEAN_GAP);
        let mut before = self.words[..first_word].last().map(|word| self.edges_of(word, first_word - 1));
        for (at, (word, edges)) in measured.iter_mut().enumerate() {
            let number = first_word + at;
            let share = match at.checked_sub(1).map(|gap| gaps[gap]).filter(|gap| gap.is_finite()) {
                Some(natural) => libm::pow((natural / mean_gap.max(0.1)).max(0.1), GAP_POWER),
                None => libm::exp(JOINT_SPREAD * wander.chance(number, 0)),
            };
            let share = (share * wander.gap(number)).clamp(GAP_RANGE.start, GAP_RANGE.end);
            // Tails and bars may reach into the gap.
            let overhang = |edges: &Edges, factor: f64| {
                [(edges.core[0] - edges.left) * factor, (edges.right - edges.core[1]) * factor]
            };
            let [into, _] = overhang(edges, word.factor);
            let (out_of, widest) = match before {
                Some((edges, factor)) => (overhang(&edges, factor)[1], edges.letter_gap * factor),
                None => (0.0, 0.0),
            };
            let widest = LEAST_IN_LETTER_GAPS * widest.max(edges.letter_gap * word.factor);
            let least = widest.clamp(wide * LEAST_GAP * X_HEIGHT, MOST_LEAST_GAP * X_HEIGHT);
            word.gap = (page_gap * share * X_HEIGHT - into - out_of).max(least);
            before = Some((*edges, word.factor));
        }
        let placed = self.words.iter().skip(first_word).take_while(|word| word.place.is_some()).count();
        self.words.truncate(first_word + placed);
        self.words.extend(measured.into_iter().skip(placed).map(|(word, _)| word));
        if complete {
            let Learnt { letters, gaps, .. } = self.learnt;
            let n = fit.letters as f64;
            // The stretch's own height is drawn towards the expectation already.
            let log = letters * libm::log(hand.x_height) + n * libm::log(fit.x_height());
            hand.x_height = libm::exp(log / (letters + n));
            hand.lean = (letters * hand.lean + n * fit.lean) / (letters + n);
            (hand.gap, hand.letter_gap) = (mean_gap, letter_gap);
            let gaps = gaps + known_gaps.len() as f64;
            let Learnt { mut tall, talls: known, .. } = self.learnt;
            tall = (known * tall + talls.iter().sum::<f64>()) / (known + talls.len() as f64);
            let talls = known + talls.len() as f64;
            self.learnt = Learnt { hand, letters: letters + n, gaps, tall, talls, ..self.learnt };
        }
    }

    /// A measured word's edges again, and its size.
    fn edges_of(&self, word: &Word, number: usize) -> (Edges, f64) {
        let stretch = self.stretches.iter().rfind(|stretch| stretch.first_word <= number && !stretch.points.is_empty());
        let edges = stretch.map_or(Edges::default(), |stretch| {
            let owners: Vec<usize> = stretch.words.iter().map(|&word| word.into()).collect();
            word.edges(&own_points(&stretch.points, &owners, number - stretch.first_word))
        });
        (edges, word.factor)
    }

    // Composing.

    /// Sets words on lines as far as it is known where lines end: where so many lines are known, or the paragraph's end.
    fn compose(&mut self, horizon: f64) {
        let Some(text) = self.text.take() else { return };
        while let Some(paragraph) = text.structure.paragraphs.get(self.paragraph) {
            let words = self.next_word..self.next_word + self.words_of_paragraph();
            let is_complete = self.is_complete(&text.structure);
            if !self.words[words.clone()].iter().any(|word| word.has_ink) {
                if !is_complete {
                    break;
                }
                (self.next_word, self.is_open) = (words.end, false);
                (self.paragraph, self.line_of_paragraph) = (self.paragraph + 1, 0);
                continue;
            }
            let (start, first_row) = match self.lines.last().filter(|_| self.is_open) {
                Some(line) => (line.words.start, line.row),
                None => (words.start, self.next_row(paragraph, 0, &text)),
            };
            let items = self.items(start..words.end, paragraph);
            let rooms = self.rooms(first_row, paragraph, &text);
            let known: f64 = items.iter().map(|item| item.width + item.gap).sum();
            if !is_complete && known < horizon * rooms.other {
                if self.live && self.lines.len() == usize::from(self.is_open) {
                    self.open(start, first_row, &items, LIVE_SHARE, paragraph, &text);
                }
                break;
            }
            let taken = words.start - start;
            let (mut count, mut lines) = compose::first_line(&items, rooms, taken, is_complete);
            let mut even = self.even(start, &items[..count]);
            // Again, as wide as it is made.
            let mut sized = items.clone();
            sized.iter_mut().zip(&even.by).for_each(|(item, by)| item.width *= by);
            let (fitting, left) = compose::first_line(&sized, rooms, taken, is_complete);
            if fitting != count {
                (count, lines) = (fitting, left);
                even = self.even(start, &items[..count]);
            }
            let row = match self.is_open {
                true => first_row,
                false => self.next_row(paragraph, if is_complete { lines } else { lines + 2 }, &text),
            };
            let is_last = is_complete && count == items.len();
            self.set(start, row, (&items[..count], even), is_last, paragraph, &text);
            self.is_open = false;
            self.line_of_paragraph += 1;
        }
        self.text = Some(text);
    }

    /// Sets all words that are known, without knowing where their last line ends.
    fn compose_all(&mut self) {
        self.compose(1.0);
        let Some(text) = self.text.take() else { return };
        if let Some(paragraph) = text.structure.paragraphs.get(self.paragraph) {
            let end = self.next_word + self.words_of_paragraph();
            let (start, row) = match self.lines.last().filter(|_| self.is_open) {
                Some(line) => (line.words.start, line.row),
                None => (self.next_word, self.next_row(paragraph, 0, &text)),
            };
            let items = self.items(start..end, paragraph);
            self.open(start, row, &items, 1.0, paragraph, &text);
        }
        self.text = Some(text);
    }

    /// How many words of the paragraph that comes next are measured and not set.
    fn words_of_paragraph(&self) -> usize {
        self.words.iter().skip(self.next_word).take_while(|word| word.paragraph == self.paragraph).count()
    }

    /// Whether all stretches of the paragraph that comes next are known.
    fn is_complete(&self, structure: &Structure) -> bool {
        let last = structure.stretches.partition_point(|stretch| stretch.paragraph <= self.paragraph);
        let known = self.stretches.iter().rev().find(|stretch| stretch.complete).map_or(0, |stretch| stretch.row + 1);
        self.ended || known >= last
    }

    /// The width that a line may have, from the left margin.
    fn room(&self, row: usize, text: &Text) -> f64 {
        let room = self.sheet.spot(row).room;
        let columns = || text.columns.unwrap_or_else(|| self.style.columns(LETTER_WIDTH)) as f64;
        let room = if room.is_finite() { room } else { columns() * LETTER_WIDTH };
        (room - self.wander().reach()).max(X_HEIGHT)
    }

    /// The widths of the next line and of those below it in the paragraph.
    fn rooms(&self, row: usize, paragraph: &Paragraph, text: &Text) -> Rooms {
        let room = self.room(row, text);
        let [first, other] = match (paragraph.right, self.width_of_paragraph(paragraph, text)) {
            // A line set to the right is not broken because its hand is wider here than elsewhere.
            (Some(_), Some(width)) if width < room => {
                indents(paragraph, room, &text.hand).map(|it| it.min(room - width))
            }
            _ => indents(paragraph, room, &text.hand),
        };
        let first = if self.line_of_paragraph == 0 { first } else { other };
        Rooms { first: room - first, other: room - other, characters: text.columns.unwrap_or(usize::MAX) }
    }

    /// The natural width of the paragraph that comes next on one line, when all of it is known.
    fn width_of_paragraph(&self, paragraph: &Paragraph, text: &Text) -> Option<f64> {
        let first = self.words.iter().position(|word| word.paragraph == self.paragraph)?;
        let words = &self.words[first..];
        let count = words.iter().take_while(|word| word.paragraph == self.paragraph).count();
        let is_known = count == paragraph.words.len() && self.is_complete(&text.structure);
        is_known.then(|| words[..count].iter().map(|word| word.width + word.gap).sum())
    }

    /// Words as they are set on a line. The text of a paragraph's item begins behind its mark.
    fn items(&self, words: Range<usize>, paragraph: &Paragraph) -> Vec<Item> {
        let wander = self.wander();
        let item = |number: usize| {
            let word = &self.words[number];
            let text = &paragraph.words[word.index];
            let mut gap = if word.has_ink { word.gap } else { 0.0 };
            if paragraph.is_item && word.index == 1 {
                let place = paragraph.hanging - self.words[number - 1].width;
                gap = if place < LEAST_GAP * X_HEIGHT { gap } else { place };
            }
            let characters = text.text.chars().count();
            Item {
                width: word.width * wander.size(number) * self.of_hand(),
                gap,
                characters,
                is_glued: word.is_glued,
                breaks: text.is_rest,
            }
        };
        words.map(item).collect()
    }

    /// How much larger this hand's lines are made than its letters tell: how they look beside them is the hand's affair.
    fn of_hand(&self) -> f64 {
        libm::exp(self.learnt.line_size.clamp(-MAX_LINE_SIZE, MAX_LINE_SIZE))
    }

    /// The row of the next line, the first of so many of a paragraph: on the next page where lines would be left alone.
    fn next_row(&self, paragraph: &Paragraph, lines: usize, text: &Text) -> usize {
        let Some(last) = self.lines.last() else { return 0 };
        let page = |row: usize| self.sheet.spot(row).page;
        let is_top = |row: usize| page(row) != page(row - 1);
        let next_page = |from: usize| (from + 1..).find(|&row| page(row) != page(from)).unwrap_or(from);
        let mut row = last.row + 1;
        if self.line_of_paragraph == 0 {
            if paragraph.breaks_page && !is_top(row) {
                return next_page(row);
            }
            // Blank lines do not begin a page.
            for _ in 0..paragraph.blank {
                if is_top(row) {
                    break;
                }
                row += 1;
            }
        }
        if is_top(row) {
            return row;
        }
        // Rows from here to the page's end, as far as they matter, and above.
        let left = (row..row + ROWS_TO_KEEP).take_while(|&other| page(other) == page(row)).count();
        let above = (0..row).rev().take(ROWS_TO_KEEP).take_while(|&other| page(other) == page(row)).count();
        if above + left <= ROWS_TO_KEEP {
            return row;
        }
        // One line more without a blank one before it: the last of an address or of a greeting.
        let below = text.structure.paragraphs[self.paragraph + 1..].iter().take_while(|below| below.blank == 0);
        let is_last_but_one = below.take(2).count() == 1;
        let is_split = match (self.line_of_paragraph, lines) {
            (0, 1) => paragraph.is_heading && left < 4 || is_last_but_one && left == 1,
            (0, 3) => left < 3,
            (0, 2..) => left < 2,
            (1, _) => false,
            // Two lines of a paragraph end it on the next page rather than one.
            (_, 2) => left == 1,
            _ => false,
        };
        if is_split { next_page(row) } else { row }
    }

    /// Places words on a line before it is known where it ends, up to a share of the room.
    fn open(&mut self, start: usize, row: usize, items: &[Item], share: f64, paragraph: &Paragraph, text: &Text) {
        let rooms = self.rooms(row, paragraph, text);
        let (mut reach, mut characters, mut count) = (0.0, 0, 0);
        for (at, item) in items.iter().enumerate() {
            reach += item.width + if at > 0 { item.gap } else { 0.0 };
            characters += item.characters + usize::from(at > 0);
            let is_tab = share < 1.0 && paragraph.words[self.words[start + at].index].tab;
            if is_tab || at > 0 && (reach > share * rooms.first || characters > rooms.characters) {
                break;
            }
            count = at + 1;
        }
        let placed = self.next_word - start;
        if count > placed {
            let even = self.even(start, &items[..count]);
            self.set(start, row, (&items[..count], even), true, paragraph, text);
            self.is_open = true;
        }
    }

    /// Places words on a line; those that are placed already stay.
    fn set(
        &mut self,
        start: usize,
        row: usize,
        (items, even): (&[Item], Evened),
        is_last: bool,
        paragraph: &Paragraph,
        text: &Text,
    ) {
        let wander = self.wander();
        let Spot { left, baseline, middle, .. } = self.sheet.spot(row);
        let room = self.rooms(row, paragraph, text).first;
        let line = wander.line(row);
        let from = left + line.margin + self.room(row, text) - room;
        let index = if self.is_open { self.lines.len() - 1 } else { self.lines.len() };
        let placed = self.next_word - start;
        // Where the words that are placed end, and what the others need.
        let mut x = match self.words[..self.next_word].last().filter(|_| placed > 0) {
            Some(Word { place: Some(place), width, .. }) => place.x + place.scale * place.widen * width,
            _ => from,
        };
        let Evened { by: evened, look, first } = even;
        let of_hand = self.of_hand();
        if let Some(look) = first {
            let Learnt { lines, line_size, .. } = &mut self.learnt;
            *lines += look.weight;
            *line_size += look.weight * (libm::log(of_hand * X_HEIGHT / look.height) - *line_size) / *lines;
        }
        let width: f64 = items.iter().map(|item| item.width + item.gap).sum();
        let [sinks, falls] = look.map_or([0.0; 2], |look| {
            let slope = look.slope.clamp(-MAX_FALL, MAX_FALL);
            let middle = look.from + look.slope * width / 2.0;
            [middle.clamp(-MAX_SINK, MAX_SINK) - slope * width / 2.0, slope]
        });
        let others = &items[placed..];
        let ink: f64 = others.iter().zip(&evened[placed..]).map(|(item, even)| item.width * even).sum();
        // The text of a list's item begins at its place.
        let is_fixed = |at: usize| paragraph.is_item && self.words[start + at].index == 1;
        let is_gap = |at: &usize| *at > 0 && !is_fixed(*at);
        let gaps: f64 = (placed..items.len()).filter(is_gap).map(|at| items[at].gap).sum();
        let fixed: f64 = (placed.max(1)..items.len()).filter(|&at| is_fixed(at)).map(|at| items[at].gap).sum();
        let free = room - (x - from) - fixed;
        // People do not fill every line to the end.
        let ragged = RAGGED * (wander.chance(row, 7) / 4.0 + 0.5) * room;
        let natural = ink + gaps;
        let target = if is_last { natural.min(free) } else { natural.max(free - ragged).min(free) };
        let [scale, widen] = compose::scales(ink, gaps, target);
        // A word wider than the line is made smaller.
        let shrink = if ink > 0.0 { ((free - scale * gaps) / (widen * ink)).clamp(LEAST_SHRINK, 1.0) } else { 1.0 };
        let sized = |(item, even): (&Item, &f64)| Item { width: shrink * even * widen * item.width, ..*item };
        let tabs = self.tabs(start, &items.iter().zip(&evened).map(sized).collect::<Vec<_>>(), room, paragraph);
        let fixed: Vec<bool> = (0..items.len()).map(is_fixed).collect();
        for (at, item) in items.iter().enumerate().skip(placed) {
            x = match tabs.get(at) {
                Some(Some(stop)) => from + stop,
                _ if at == 0 => x,
                _ if fixed[at] => x + item.gap,
                _ => x + scale * item.gap,
            };
            let number = start + at;
            let slope = line.slope - falls;
            let y = baseline + wander.level(number) + line.sway(x - left) + line.slope * (x - left - middle);
            let y = y - sinks - falls * (x - from);
            let scale = shrink * evened[at] * of_hand * wander.size(number);
            self.words[number].place = Some(Place { line: index, x, y, slope, scale, widen });
            x += shrink * evened[at] * widen * item.width;
        }
        self.next_word = start + items.len();
        if index == self.lines.len() {
            self.lines.push(Line { row, start: self.placed.len(), ..Line::default() });
        }
        self.lines[index].words = start..self.next_word;
    }

    /// The lines of a page are as high as one another, and level: how many times as large words of a line are made for that.
    /// Words that are placed already stay.
    fn even(&self, start: usize, items: &[Item]) -> Evened {
        let width: f64 = items.iter().map(|item| item.width + item.gap).sum();
        let mut evened = vec![1.0; items.len()];
        let first = self.look(start, items, &evened);
        let mut look = first.filter(|_| self.next_word == start);
        // Corrections may overshoot: the best of them is taken.
        let mut best = (f64::INFINITY, evened.clone(), look);
        for round in 0..EVENING_ROUNDS {
            if round > 0 && look.is_some() {
                look = self.look(start, items, &evened);
            }
            let Some(look) = look else { break };
            let off = libm::log(look.height / X_HEIGHT).abs() + DRIFT_WEIGHT * libm::log(look.drift).abs();
            if look.weight > 0.0 && off < best.0 {
                best = (off, evened.clone(), Some(look));
            }
            let mut reach = 0.0;
            for (at, item) in items.iter().enumerate() {
                reach += item.width + item.gap;
                let middle = (reach - item.width / 2.0) / width;
                let even = libm::pow(X_HEIGHT / look.height, EVENING * look.weight)
                    * libm::pow(look.drift, DRIFT * look.weight * (0.5 - middle));
                if !self.words[start + at].is_tall {
                    evened[at] = (evened[at] * even).clamp(EVENINGS.start, EVENINGS.end);
                }
            }
        }
        Evened { by: best.1, look: best.2, first }
    }

    /// How the words of a line look beside one another, x counted from the line's left end.
    fn look(&self, start: usize, items: &[Item], evened: &[f64]) -> Option<Look> {
        let of_hand = self.of_hand();
        let [mut low, mut tall] = [const { Vec::<[f32; 3]>::new() }; 2];
        let mut x = 0.0;
        for (at, item) in items.iter().enumerate() {
            let word = &self.words[start + at];
            let points = if word.is_tall { &mut tall } else { &mut low };
            x += if at > 0 { item.gap } else { 0.0 };
            let place = Place { x, scale: of_hand * evened[at], widen: 1.0, ..Place::default() };
            let index = self.stretches.partition_point(|stretch| stretch.first_word <= start + at).max(1) - 1;
            let stretch = &self.stretches[index];
            let own = |word: &u16| stretch.first_word + usize::from(*word) == start + at;
            let ink = stretch.points.iter().zip(&stretch.words).filter(|(_, word)| own(word));
            points.extend(ink.map(|(&[x, y, pen], _)| {
                let [x, y] = word.map(&place, [x.into(), y.into()]);
                [x as f32, y as f32, pen]
            }));
            x += item.width;
        }
        Look::of(&low, &tall, X_HEIGHT)
    }

    /// Where words that have a tab before them begin, from the line's left end: at the next stop, or, where there is one
    /// tab, at the right. Nothing if they would not fit.
    fn tabs(&self, start: usize, items: &[Item], room: f64, paragraph: &Paragraph) -> Vec<Option<f64>> {
        let is_tab = |at: usize| at > 0 && paragraph.words[self.words[start + at].index].tab;
        let count = (0..items.len()).filter(|&at| is_tab(at)).count();
        let mut stops = vec![None; items.len()];
        let mut x = 0.0;
        for at in 0..items.len() {
            if is_tab(at) {
                let rest: f64 = items[at].width + items[at + 1..].iter().map(|item| item.gap + item.width).sum::<f64>();
                let stop = ((x + items[at].gap) / TAB).ceil() * TAB;
                let stop = if count == 1 { room - rest } else { stop };
                if stop < x + items[at].gap || stop + rest > room + 1e-6 {
                    return Vec::new();
                }
                (stops[at], x) = (Some(stop), stop);
            } else if at > 0 {
                x += items[at].gap;
            }
            x += items[at].width;
        }
        if count == 0 { Vec::new() } else { stops }
    }

    // Handing out.

    /// Hands out points whose words are placed, in the order in which the pen drew them, until there are `most`.
    fn hand_out(&mut self, most: usize) -> Vec<PlacedInk> {
        let mut pieces: Vec<PlacedInk> = Vec::new();
        let first = self.stretches.partition_point(|stretch| stretch.start + stretch.points.len() <= self.placed.len());
        for index in first..self.stretches.len() {
            let stretch = &self.stretches[index];
            for (k, &[x, y, pen]) in stretch.points.iter().enumerate().skip(self.placed.len() - stretch.start) {
                let word =
                    stretch.words.get(k).and_then(|&word| self.words.get(stretch.first_word + usize::from(word)));
                let placed = word.and_then(|word| Some((word, word.place?)));
                let Some((word, place)) = placed.filter(|_| self.placed.len() < most) else {
                    return self.finish(pieces);
                };
                let [x, y] = word.map(&place, [x.into(), y.into()]);
                let point = [x as f32, y as f32, pen];
                // The ranges of lines do not interlace: words that are drawn in turns are not parted.
                let line = place.line.max(pieces.last().map_or(0, |piece| piece.line));
                match pieces.last_mut().filter(|piece| piece.line == line) {
                    Some(piece) => piece.points.push(point),
                    None => pieces.push(PlacedInk {
                        page: self.sheet.spot(self.lines[line].row).page,
                        line,
                        start: self.placed.len(),
                        points: vec![point],
                    }),
                }
                self.placed.push(point);
            }
        }
        self.finish(pieces)
    }

    /// Notes on the lines which points they have.
    fn finish(&mut self, pieces: Vec<PlacedInk>) -> Vec<PlacedInk> {
        for piece in &pieces {
            let line = &mut self.lines[piece.line];
            if line.placed == 0 {
                line.start = piece.start;
            }
            line.placed += piece.points.len();
            self.sheet.widen(reach(&piece.points));
        }
        if let Some(line) = self.lines.iter().rev().find(|line| line.placed > 0) {
            self.sheet.heighten(line.row + 1);
        }
        pieces
    }

    /// Places what has come of a scribble.
    fn place_scribble(&mut self) -> Vec<PlacedInk> {
        let Some(stretch) = self.stretches.last() else { return Vec::new() };
        let row = stretch.row;
        let new: Vec<[f32; 3]> = stretch.points.iter().skip(self.placed.len() - stretch.start).copied().collect();
        if new.is_empty() {
            return Vec::new();
        }
        if self.lines.last().is_none_or(|line| line.row != row) {
            self.lines.push(Line { row, start: self.placed.len(), ..Line::default() });
        }
        self.sheet.heighten(row + 1);
        let points: Vec<[f32; 3]> = new
            .into_iter()
            .map(|[x, y, pen]| {
                let [x, y] = self.map_scribble(row, [x.into(), y.into()]);
                [x as f32, y as f32, pen]
            })
            .collect();
        let start = self.placed.len();
        self.placed.extend_from_slice(&points);
        let line = self.lines.len() - 1;
        self.lines[line].placed += points.len();
        self.sheet.widen(reach(&points));
        vec![PlacedInk { page: self.sheet.spot(row).page, line, start, points }]
    }

    fn map_scribble(&self, row: usize, [x, y]: [f64; 2]) -> [f64; 2] {
        let Spot { left, baseline, middle, .. } = self.sheet.spot(row);
        let line = self.wander().line(row);
        let up = y - self.scribble;
        let along = line.margin + x - libm::tan(self.style.slant * PI / 180.0) * up;
        [left + along, baseline + up + line.sway(x) + line.slope * (x - middle)]
    }

    /// How offsets between neighbouring points map from stretch to page coordinates at a placed point: the matrix
    /// `[[xx, xy], [yx, yy]]`. `None` for a point that does not exist.
    pub fn transform(&self, point: usize) -> Option<[[f64; 2]; 2]> {
        let index = self.stretches.partition_point(|stretch| stretch.start <= point).checked_sub(1)?;
        let stretch = &self.stretches[index];
        let &[x, y, _] = stretch.points.get(point - stretch.start).filter(|_| point < self.placed.len())?;
        let at = [f64::from(x), f64::from(y)];
        let map = |by: [f64; 2]| {
            let at = [at[0] + by[0], at[1] + by[1]];
            if self.text.is_none() {
                return Some(self.map_scribble(stretch.row, at));
            }
            let word = self.words.get(stretch.first_word + usize::from(*stretch.words.get(point - stretch.start)?))?;
            Some(word.map(&word.place?, at))
        };
        let [here, right, down] = [map([0.0, 0.0])?, map([1.0, 0.0])?, map([0.0, 1.0])?];
        Some([[right[0] - here[0], down[0] - here[0]], [right[1] - here[1], down[1] - here[1]]])
    }

    /// Places all ink that was handed out anew, each word by all that is known. The same writing in the same style is then
    /// placed the same to the last bit, in whatever pieces it came. What is held back stays so.
    pub fn lay_out(&mut self, style: PageStyle) {
        let handed = self.placed.len();
        let letter_width = self.text.as_ref().map_or(0.0, |text| text.hand.letter * X_HEIGHT);
        let mut style = style.fitted_to_address(self.extent.address, letter_width);
        if let Some(text) = &self.text {
            style = text.structure.fitted_to_card(style, letter_width);
        }
        self.style = style;
        self.sheet = Sheet::new(&style, self.extent);
        self.forget();
        if self.text.is_none() {
            let stretches = std::mem::take(&mut self.stretches);
            for stretch in stretches {
                self.stretches.push(stretch);
                self.place_scribble();
            }
            return;
        }
        for index in 0..self.stretches.len() {
            self.measure(index);
        }
        self.compose(HORIZON);
        self.hand_out(handed);
        if self.placed.len() < handed {
            self.compose_all();
            self.hand_out(handed);
        }
    }

    /// As before any ink was placed.
    fn forget(&mut self) {
        self.placed.clear();
        self.words.clear();
        self.lines.clear();
        (self.next_word, self.paragraph, self.line_of_paragraph, self.is_open) = (0, 0, 0, false);
        let hand = self.text.as_ref().map_or_else(HandMeasure::default, |text| text.hand);
        let (tall, talls) = (libm::log(TALL), TALL_WORDS);
        self.learnt = Learnt { hand, letters: HAND_LETTERS, gaps: HAND_GAPS, lines: 1.0, line_size: 0.0, tall, talls };
    }

    /// Removes all but the first `count` placed points, as if the pen had been stopped there, and ends their last
    /// stroke.
    pub fn truncate(&mut self, count: usize) {
        self.ended = true;
        self.placed.truncate(count);
        let count = self.placed.len();
        self.stretches.retain(|stretch| stretch.start < count);
        if let Some(stretch) = self.stretches.last_mut() {
            let kept = (count - stretch.start).min(stretch.points.len());
            stretch.points.truncate(kept);
            stretch.unfinished.clear();
            stretch.characters.truncate(kept);
            stretch.words.truncate(kept);
            stretch.complete = true;
            for last in [stretch.points.last_mut(), self.placed.last_mut()].into_iter().flatten() {
                last[2] = 1.0;
            }
        }
        self.lines.retain(|line| line.start < count && line.placed > 0);
        if let Some(line) = self.lines.last_mut() {
            line.placed = count - line.start;
        }
    }

    fn wander(&self) -> Wander {
        Wander::new(self.seed, self.style.wander)
    }

    /// The sheet: all pages have the same size.
    pub fn sheet(&self) -> &Sheet {
        &self.sheet
    }

    /// The style.
    pub fn style(&self) -> &PageStyle {
        &self.style
    }

    /// All placed points, in the order in which the pen drew them.
    pub fn points(&self) -> &[[f32; 3]] {
        &self.placed
    }

    /// How many pages there are; one without ink.
    pub fn pages(&self) -> usize {
        self.lines.iter().rev().find(|line| line.placed > 0).map_or(1, |line| self.page_of(line) + 1)
    }

    /// The placed ink of every line, in order.
    pub fn ink(&self) -> impl Iterator<Item = PlacedInk> {
        let lines = self.lines.iter().enumerate().filter(|(_, line)| line.placed > 0);
        lines.map(|(index, line)| PlacedInk {
            page: self.page_of(line),
            line: index,
            start: line.start,
            points: self.placed[line.start..line.start + line.placed].to_vec(),
        })
    }

    /// Placed points of a page.
    pub fn page(&self, page: usize) -> Range<usize> {
        let on = |line: &&Line| self.page_of(line) == page && line.placed > 0;
        let first = self.lines.iter().find(on).map_or(self.placed.len(), |line| line.start);
        let end = self.lines.iter().rfind(on).map_or(first, |line| line.start + line.placed);
        first..end
    }

    /// The number on a page. `None` on the first one, where [`PageStyle::page_numbers`] is not set, on sheets without a
    /// lower margin that would hold one, and before the hand's digits are written.
    pub fn page_number(&self, page: usize) -> Option<PageNumber> {
        self.digits.as_ref()?.number(page, &self.sheet, &self.style).filter(|_| page < self.pages())
    }

    /// The text of each line with ink on a page, up to the one with the last point before `end`.
    pub fn text_on(&self, page: usize, end: usize) -> Vec<String> {
        let Some(text) = &self.text else { return Vec::new() };
        let on = |line: &&Line| line.placed > 0 && self.page_of(line) == page && line.start < end;
        self.lines
            .iter()
            .filter(on)
            .map(|line| {
                let words = self.words.get(line.words.clone()).unwrap_or_default().iter();
                words.filter_map(|word| self.text_of(text, word)).collect::<Vec<_>>().join(" ")
            })
            .collect()
    }

    /// Which words, as they were typed, have these faults of stretches.
    pub fn doubtful(&self, faults: &[Vec<Fault>]) -> Vec<String> {
        self.text.as_ref().map_or(Vec::new(), |text| text.structure.doubtful(faults))
    }

    fn text_of<'a>(&self, text: &'a Text, word: &Word) -> Option<&'a str> {
        Some(&text.structure.paragraphs.get(word.paragraph)?.words.get(word.index)?.typed)
    }

    /// The strokes of placed points in a range, word by word, each with its word: the line on its page, the word's number
    /// and its text. Strokes of a scribble have no word.
    pub fn strokes(&self, range: Range<usize>) -> Vec<(Range<usize>, Option<InkedWord<'_>>)> {
        let mut strokes = Vec::new();
        let mut start = range.start;
        while start < range.end {
            let end = (start..range.end).find(|&k| self.placed[k][2] > 0.5).map_or(range.end, |k| k + 1);
            strokes.push((start..end, self.word_at(start)));
            start = end;
        }
        // As they were drawn, but for words that were drawn in turns.
        strokes.sort_unstable_by_key(|(range, word)| (word.map(|word| word.number), range.start));
        strokes
    }

    fn word_at(&self, point: usize) -> Option<InkedWord<'_>> {
        let text = self.text.as_ref()?;
        let index = self.stretches.partition_point(|stretch| stretch.start <= point).checked_sub(1)?;
        let stretch = &self.stretches[index];
        let number = stretch.first_word + usize::from(*stretch.words.get(point - stretch.start)?);
        let word = self.words.get(number)?;
        let line = word.place?.line;
        let first = self.lines.iter().position(|other| self.page_of(other) == self.page_of(&self.lines[line]));
        Some(InkedWord { number, line: line - first.unwrap_or(line), text: self.text_of(text, word)? })
    }

    fn page_of(&self, line: &Line) -> usize {
        self.sheet.spot(line.row).page
    }
}

/// A word that has ink.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InkedWord<'a> {
    /// Among all words of the document.
    pub number: usize,
    /// Its line, counted on its page from 0.
    pub line: usize,
    /// As it is written.
    pub text: &'a str,
}

impl Word {
    /// From stretch to page coordinates.
    fn map(&self, place: &Place, [x, y]: [f64; 2]) -> [f64; 2] {
        let up = y - self.level - self.slope * (x - self.middle);
        let along = x - self.lean * up;
        let factor = self.factor * place.scale;
        let right = factor * place.widen * (along - self.left);
        [place.x + right, place.y + factor * up + place.slope * right]
    }

    /// The edges of its ink, in stretch coordinates.
    fn edges(&self, points: &[[f32; 3]]) -> Edges {
        let up = |point: &[f32; 3]| f64::from(point[1]) - self.level - self.slope * (f64::from(point[0]) - self.middle);
        let band = X_HEIGHT / self.factor;
        Edges::of(points, |point| f64::from(point[0]) - self.lean * up(point), |point| is_core(up(point) / band))
    }
}

/// From the left margin to a paragraph's first line and to its others.
fn indents(paragraph: &Paragraph, room: f64, hand: &HandMeasure) -> [f64; 2] {
    if let Some(longest) = paragraph.right {
        let width = longest as f64 * hand.letter * X_HEIGHT * RIGHT_RESERVE;
        return [(room - width).max(0.0); 2];
    }
    let indent = paragraph.indent.min(room / 2.0);
    [indent, if paragraph.is_item { indent + paragraph.hanging.min(room / 3.0) } else { 0.0 }]
}

/// Left and right end of points.
fn span(points: &[[f32; 3]]) -> [f64; 2] {
    let none = [f64::INFINITY, f64::NEG_INFINITY];
    let found = points.iter().fold(none, |[min, max], point| [min.min(point[0].into()), max.max(point[0].into())]);
    if found[0] > found[1] { [0.0; 2] } else { found }
}

/// The mean of values, and of what was expected with a weight.
fn mean(values: &[f64], expected: f64, weight: f64) -> f64 {
    // Single values that are far off count as others do.
    let middle = median(values.iter().copied());
    let sum: f64 = values.iter().map(|value| value.max(middle / 2.0).min(middle * 2.0 + 0.1)).sum();
    (sum + weight * expected) / (values.len() as f64 + weight)
}

/// How far right points reach.
fn reach(points: &[[f32; 3]]) -> f64 {
    points.iter().map(|point| f64::from(point[0])).fold(0.0, f64::max)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
