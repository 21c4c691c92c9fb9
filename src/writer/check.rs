//! Checks whether a line was written as its text demands.
//!
//! While a network writes well, its window stays on each character for about as many points as people take to write
//! it. When it fails, the window hurries over characters, which are then missing or deformed, or lingers on one,
//! which then gets superfluous strokes. A word is therefore judged by
//!
//! - the number of points for which the window was on each of its characters, compared with the training ink's
//!   ([`Config::dwell`]) at the line's pace;
//! - the density of its points: sampling occasionally draws a very improbable point, which leaves a stray mark;
//! - its full stops: each has its dot, however fast the window passed;
//! - a letter or digit that is a word of its own: it is as high as those before it. In rows of single letters the window
//!   is on the next one while the dot of an `i` is drawn, and may go on without its stem;
//! - its digits: each looks more like itself than like another one (`digit_shapes.rs`). A 4 that is a `b` takes as many
//!   points as a good one, and a wrong digit is worse than a wrong letter: nobody can guess it;
//! - the size of its letters: without guidance by the text the pen may draw strokes as long as the line.

use super::digit_shapes;
use crate::engine::Step;
use crate::model::Config;
use std::ops::Range;

/// Limits that a word has to keep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Fewest and most points for a character, relative to the expected number.
    pub character: [f32; 2],
    /// The same for a word of at least three characters.
    pub word: [f32; 2],
    /// Lowest log density of a point.
    pub density: f32,
    /// Greatest width and height of a character's ink, in corpus units.
    pub extent: [f32; 2],
    /// Least size of a letter or digit that is a word of its own, relative to those before it.
    pub lone: f32,
    /// How likely a digit's ink is to be this digit, relative to the likeliest other one, at least.
    pub digit: f32,
}

/// A word beyond these limits is written again. Real ink, read by a trained network, exceeds them at one character
/// in a hundred; of 38,000 characters of validation ink one in 1,000 was wider, none higher.
pub const RETRY_LIMITS: Limits =
    Limits { character: [0.35, 2.4], word: [0.6, 1.6], density: -10.0, extent: [1200.0, 900.0], lone: 0.6, digit: 0.4 };

/// A word beyond these limits is reported as faulty. Real ink hardly ever exceeds them.
pub const FAULT_LIMITS: Limits = Limits {
    character: [0.02, 4.5],
    word: [0.4, 2.2],
    density: -16.0,
    extent: [2500.0, 1300.0],
    lone: 0.3,
    digit: 0.02,
};

/// Fewest characters of a word that is also judged as a whole.
const MIN_WORD: usize = 3;
/// Weight of the prior that a line has the training ink's pace, in characters of mean length.
const PACE_PRIOR: f32 = 6.0;
/// Largest side of a full stop, as a share of the height of the word's ink, and in corpus units at least.
const DOT: f32 = 0.22;
const LEAST_DOT: f32 = 32.0;
/// Badness of a missing dot: that of a limit exceeded so many times.
const NO_DOT: f32 = 4.0;
/// Height of capitals, digits and letters with an ascender, relative to others; and the size of letters in corpus units
/// that hands have at least.
const TALL: f32 = 1.4;
const LEAST_SIZE: f32 = 75.0;
/// Points by which a character may always be longer: for short signs such as dots, a ratio means little.
const TOLERANCE: f32 = 4.0;

/// Something wrong with a line. Characters are counted from 0, without the priming ink's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// The window was on this character for too few points.
    Hurried(usize),
    /// The window was on this character for too many points.
    Lingered(usize),
    /// The word that begins with this character has too few or too many points in all.
    WordLength(usize),
    /// A point of this character is very improbable to the network.
    StrayMark(usize),
    /// This character's ink is too wide or too high.
    Oversized(usize),
    /// A dot of this character is not drawn, or is no dot.
    NoDot(usize),
    /// This letter or digit, a word of its own, has hardly any ink.
    NoInk(usize),
    /// This digit looks like another one.
    Misshapen(usize),
    /// The line ended before this character.
    Unwritten(usize),
    /// The line was cut off at its maximum length.
    Endless,
}

impl Fault {
    /// The character at which the word begins or goes wrong; `None` if it is the whole line that does.
    pub fn character(&self) -> Option<usize> {
        match *self {
            Fault::Hurried(at)
            | Fault::Lingered(at)
            | Fault::WordLength(at)
            | Fault::StrayMark(at)
            | Fault::Oversized(at)
            | Fault::NoDot(at)
            | Fault::NoInk(at)
            | Fault::Misshapen(at)
            | Fault::Unwritten(at) => Some(at),
            Fault::Endless => None,
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Hurried(at) => write!(f, "hurried over character {at}"),
            Fault::Lingered(at) => write!(f, "lingered on character {at}"),
            Fault::WordLength(at) => write!(f, "the word at character {at} is too short or too long"),
            Fault::StrayMark(at) => write!(f, "stray mark at character {at}"),
            Fault::Oversized(at) => write!(f, "oversized strokes at character {at}"),
            Fault::NoDot(at) => write!(f, "no dot at character {at}"),
            Fault::NoInk(at) => write!(f, "hardly any ink for character {at}"),
            Fault::Misshapen(at) => write!(f, "character {at} looks like another digit"),
            Fault::Unwritten(at) => write!(f, "ended before character {at}"),
            Fault::Endless => write!(f, "did not end"),
        }
    }
}

/// A letter or digit that is a word of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Lone {
    /// Its position, and that of the next word.
    at: usize,
    end: usize,
    /// Whether a word beside it has more characters, with which the pen may join it.
    is_joinable: bool,
    /// Its height, relative to a letter such as `x`; and whether its width counts, too.
    height: f32,
    is_wide: bool,
}

impl Lone {
    fn new(c: char, at: usize, end: usize, is_joinable: bool) -> Option<Self> {
        let is_tall = c.is_ascii_uppercase() || c.is_ascii_digit() || "bdfhklt".contains(c);
        let height = if is_tall { TALL } else { 1.0 };
        c.is_ascii_alphanumeric().then_some(Self {
            at,
            end,
            is_joinable,
            height,
            is_wide: !is_tall && !"ij".contains(c),
        })
    }
}

/// Checks one line, against what is expected of its text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LineCheck {
    /// Expected points per character at the training ink's pace, `[U − 1]`: without the end mark.
    expected: Vec<f32>,
    /// Words, as ranges of character positions.
    words: Vec<Range<usize>>,
    /// Positions of full stops.
    stops: Vec<usize>,
    /// Positions of digits, and which they are.
    digits: Vec<(usize, usize)>,
    /// Letters and digits that are words of their own.
    lone: Vec<Lone>,
    /// Position of the line's first character: the characters before it are the priming ink's, which is not judged.
    first: usize,
    /// Points of the priming ink: the actual number, and the expected one.
    prime_points: [f32; 2],
    /// Mean and standard deviation of offsets, in corpus units.
    units: [[f32; 2]; 2],
}

impl LineCheck {
    /// The check of a text that a network of this configuration writes.
    pub fn new(config: &Config, text: &str) -> Self {
        Self::with_prime(config, text, 0, 0)
    }

    /// The check of a line behind priming ink that has `points` points and is the first `first` characters of `text`,
    /// the line break or blank behind it among them. The ink determines the expected pace. The timesteps' positions
    /// count its characters, faults do not.
    pub fn with_prime(config: &Config, text: &str, first: usize, points: usize) -> Self {
        let index = |c: char| config.alphabet.chars().position(|other| other == c);
        let dwell = |c: char| index(c).and_then(|index| config.dwell.get(index)).copied().unwrap_or(1.0);
        let mut words: Vec<Range<usize>> = Vec::new();
        let mut end = None;
        for (at, _) in text.chars().enumerate().skip(first).filter(|&(_, c)| c != ' ') {
            match words.last_mut().filter(|_| end == Some(at)) {
                Some(word) => word.end = at + 1,
                None => words.push(at..at + 1),
            }
            end = Some(at + 1);
        }
        let expected: Vec<f32> = text.chars().map(|c| dwell(c) * config.points_per_character).collect();
        let prime_points = [points as f32, expected[..first].iter().sum()];
        let stops = text.chars().enumerate().skip(first).filter(|(_, c)| *c == '.').map(|(at, _)| at).collect();
        let digit = |(at, c): (usize, char)| Some((at, c.to_digit(10)? as usize));
        let digits = text.chars().enumerate().skip(first).filter_map(digit).collect();
        let next = |word: usize| words.get(word + 1).map_or(expected.len(), |next| next.start);
        let is_lone = |(_, word): &(usize, &Range<usize>)| word.len() == 1;
        let lone = words.iter().enumerate().filter(is_lone);
        let is_long =
            |other: Option<usize>| other.and_then(|other| words.get(other)).is_some_and(|word| word.len() > 1);
        let of = |(k, word): (usize, &Range<usize>)| {
            let is_joinable = is_long(k.checked_sub(1)) || is_long(Some(k + 1));
            Lone::new(text.chars().nth(word.start)?, word.start, next(k), is_joinable)
        };
        let lone = lone.filter_map(of).collect();
        Self {
            expected,
            words,
            stops,
            digits,
            lone,
            first,
            prime_points,
            units: [config.offset_mean, config.offset_sd],
        }
    }

    /// Leaves the shapes of digits unjudged: a visitor's may be other ones than those of the network's hands.
    pub fn trust_digits(&mut self) {
        self.digits.clear();
    }

    /// Number of words.
    pub fn word_count(&self) -> usize {
        self.words.len()
    }

    /// Position of a word's first character; after the last word, that of the end mark.
    pub fn word_start(&self, word: usize) -> usize {
        self.words.get(word).map_or(self.expected.len(), |word| word.start)
    }

    /// For how many points the window was on each character.
    fn dwell(&self, steps: &[Step]) -> Vec<f32> {
        let mut dwell = vec![0.0; self.expected.len()];
        for step in steps {
            if let Some(points) = dwell.get_mut(step.position as usize) {
                *points += 1.0;
            }
        }
        dwell
    }

    /// Width and height of the ink of each of a word's characters, in corpus units.
    fn extents(&self, word: &Range<usize>, steps: &[Step]) -> Vec<[f32; 2]> {
        let [mean, sd] = self.units;
        let mut boxes = vec![[[f32::INFINITY; 2], [f32::NEG_INFINITY; 2]]; word.len()];
        let (mut pen, mut is_down) = ([0.0; 2], false);
        for step in steps {
            let before = pen;
            pen = [pen[0] + step.dx * sd[0] + mean[0], pen[1] + step.dy * sd[1] + mean[1]];
            let bounds = (step.position as usize).checked_sub(word.start).and_then(|at| boxes.get_mut(at));
            if let Some([min, max]) = bounds.filter(|_| is_down) {
                for axis in 0..2 {
                    min[axis] = min[axis].min(before[axis]).min(pen[axis]);
                    max[axis] = max[axis].max(before[axis]).max(pen[axis]);
                }
            }
            is_down = step.pen < 0.5;
        }
        boxes.iter().map(|[min, max]| [(max[0] - min[0]).max(0.0), (max[1] - min[1]).max(0.0)]).collect()
    }

    /// Full stops of a word that have no dot: a short stroke of their own, drawn while the window was on them or beside
    /// them.
    fn missing_dots(&self, word: &Range<usize>, steps: &[Step]) -> Vec<usize> {
        let wanted: Vec<_> = self.stops.iter().filter(|at| word.contains(at)).copied().collect();
        if wanted.is_empty() {
            return Vec::new();
        }
        let [mean, sd] = self.units;
        let mut pen = [0.0; 2];
        // Of each stroke: its bounds and the characters under the window.
        let mut strokes: Vec<([[f32; 2]; 2], [usize; 2])> = Vec::new();
        let mut is_new = true;
        for step in steps {
            pen = [pen[0] + step.dx * sd[0] + mean[0], pen[1] + step.dy * sd[1] + mean[1]];
            let at = step.position as usize;
            if is_new {
                strokes.push(([pen; 2], [at; 2]));
            }
            if let Some(([min, max], [first, last])) = strokes.last_mut() {
                for axis in 0..2 {
                    min[axis] = min[axis].min(pen[axis]);
                    max[axis] = max[axis].max(pen[axis]);
                }
                (*first, *last) = ((*first).min(at), (*last).max(at));
            }
            is_new = step.pen > 0.5;
        }
        strokes.retain(|(_, [first, last])| *first <= word.end && *last >= word.start);
        let top = strokes.iter().map(|(bounds, _)| bounds[0][1]).fold(f32::INFINITY, f32::min);
        let bottom = strokes.iter().map(|(bounds, _)| bounds[1][1]).fold(f32::NEG_INFINITY, f32::max);
        let limit = (DOT * (bottom - top)).max(LEAST_DOT);
        let is_dot = |bounds: &[[f32; 2]; 2]| (0..2).all(|axis| bounds[1][axis] - bounds[0][axis] <= limit);
        let has = |at: usize| {
            let beside = |[first, last]: &[usize; 2]| *first <= at + 1 && *last + 1 >= at;
            strokes.iter().any(|(bounds, on)| beside(on) && is_dot(bounds))
        };
        wanted.into_iter().filter(|&at| !has(at)).collect()
    }

    /// How much each digit of a word looks like itself: its position, and [`digit_shapes::likeness`]. A stroke is of the
    /// character at which more than half of it was drawn.
    fn digit_likeness(&self, word: &Range<usize>, steps: &[Step]) -> Vec<(usize, f32)> {
        let [mean, sd] = self.units;
        let likeness = |&(at, digit): &(usize, usize)| {
            let (mut ink, mut pen) = (Vec::new(), [0.0; 2]);
            for stroke in steps.split_inclusive(|step| step.pen > 0.5) {
                let on = stroke.iter().filter(|step| step.position as usize == at).count();
                for step in stroke {
                    pen = [pen[0] + step.dx * sd[0] + mean[0], pen[1] + step.dy * sd[1] + mean[1]];
                    if 2 * on > stroke.len() {
                        ink.push([pen[0], pen[1], step.pen]);
                    }
                }
            }
            (at, digit_shapes::likeness(&ink, digit))
        };
        self.digits.iter().filter(|(at, _)| word.contains(at)).map(likeness).collect()
    }

    /// Behind the last lift of the pen before the window reaches a character.
    fn lift_before(at: usize, steps: &[Step]) -> usize {
        let reached = steps.iter().position(|step| step.position as usize >= at).unwrap_or(steps.len());
        steps[..reached].iter().rposition(|step| step.pen > 0.5).map_or(0, |lift| lift + 1)
    }

    /// Size of the largest stroke of a letter that is a word of its own, relative to its height, in corpus units. Its
    /// strokes are those between the last lifts before the window reaches it and the next word; of one that joins it with a
    /// longer word beside it, what was drawn while the window was on it counts.
    fn size(&self, lone: &Lone, steps: &[Step]) -> f32 {
        let [mean, sd] = self.units;
        let is_own = |step: &Step| (lone.at..lone.end).contains(&(step.position as usize));
        let is_first = self.words.first().is_some_and(|word| word.start == lone.at);
        let start = if is_first { 0 } else { Self::lift_before(lone.at, steps) };
        let end = if lone.end < self.expected.len() { Self::lift_before(lone.end, steps) } else { steps.len() };
        let (mut pen, mut largest, mut at) = ([0.0; 2], 0.0_f32, 0);
        for stroke in steps.split_inclusive(|step| step.pen > 0.5) {
            let is_within = start <= at && at + stroke.len() <= end;
            at += stroke.len();
            let mut bounds = [[f32::INFINITY; 2], [f32::NEG_INFINITY; 2]];
            for step in stroke {
                pen = [pen[0] + step.dx * sd[0] + mean[0], pen[1] + step.dy * sd[1] + mean[1]];
                if is_within || lone.is_joinable && is_own(step) {
                    for axis in 0..2 {
                        bounds[0][axis] = bounds[0][axis].min(pen[axis]);
                        bounds[1][axis] = bounds[1][axis].max(pen[axis]);
                    }
                }
            }
            let [width, height] = [0, 1].map(|axis| (bounds[1][axis] - bounds[0][axis]).max(0.0));
            largest = largest.max(if lone.is_wide { width.max(height) } else { height });
        }
        largest / lone.height
    }

    /// Size of a word's letter if that is its only one, relative to such letters before it.
    fn lone_size(&self, word: &Range<usize>, steps: &[Step]) -> Option<f32> {
        let index = self.lone.iter().position(|lone| word.contains(&lone.at))?;
        let before = self.lone[..index].iter().map(|lone| self.size(lone, steps)).sum::<f32>();
        let usual = (before / index.max(1) as f32).max(LEAST_SIZE);
        Some(self.size(&self.lone[index], steps) / usual)
    }

    /// How many characters the window has reached.
    pub fn reached(steps: &[Step]) -> usize {
        steps.iter().map(|step| step.position as usize + 1).max().unwrap_or(0)
    }

    /// Pace of the priming ink, in points per character relative to the training ink; 1 without priming ink.
    pub fn prime_pace(&self) -> f32 {
        self.pace(&[], 0)
    }

    /// Pace of the line's first `words` words, and the priming ink, in points per character relative to the training
    /// ink.
    fn pace(&self, dwell: &[f32], words: usize) -> f32 {
        let prior = PACE_PRIOR * self.expected.iter().sum::<f32>() / self.expected.len().max(1) as f32;
        let (mut points, mut expected) = (prior + self.prime_points[0], prior + self.prime_points[1]);
        for word in &self.words[..words] {
            points += dwell[word.clone()].iter().sum::<f32>();
            expected += self.expected[word.clone()].iter().sum::<f32>();
        }
        points / expected
    }

    /// Judges a word by the line's timesteps so far: its faults, and its badness, the sum over all faults of how far
    /// the limit is exceeded (the log of the ratio). The words up to this one determine the expected pace.
    pub fn judge_word(&self, word: usize, steps: &[Step], limits: &Limits) -> (Vec<Fault>, f32) {
        let dwell = self.dwell(steps);
        let range = self.words[word].clone();
        let character = |position: usize| position - self.first;
        let pace = self.pace(&dwell, word + 1);
        let (mut faults, mut badness) = (Vec::new(), 0.0);
        let mut fault = |fault: Fault, ratio: f32, limit: f32| {
            faults.push(fault);
            // Decides which attempt is kept: the same on every machine.
            badness += libm::logf(ratio.max(0.01) / limit).abs();
        };
        for at in range.clone() {
            let expected = self.expected[at] * pace;
            let [min, max] = limits.character;
            if dwell[at] < min * expected {
                fault(Fault::Hurried(character(at)), dwell[at] / expected, min);
            } else if dwell[at] > max * expected + TOLERANCE {
                fault(Fault::Lingered(character(at)), dwell[at] / expected, max);
            }
        }
        for step in steps.iter().filter(|step| range.contains(&(step.position as usize))) {
            if step.log_density < limits.density {
                let at = character(step.position as usize);
                fault(Fault::StrayMark(at), libm::expf(step.log_density - limits.density), 1.0);
            }
        }
        for at in self.missing_dots(&range, steps) {
            fault(Fault::NoDot(character(at)), NO_DOT, 1.0);
        }
        for (at, likeness) in self.digit_likeness(&range, steps) {
            if likeness < limits.digit {
                fault(Fault::Misshapen(character(at)), likeness, limits.digit);
            }
        }
        if let Some(size) = self.lone_size(&range, steps).filter(|size| *size < limits.lone) {
            fault(Fault::NoInk(character(range.start)), size, limits.lone);
        }
        for (at, extent) in range.clone().zip(self.extents(&range, steps)) {
            let ratio = (extent[0] / limits.extent[0]).max(extent[1] / limits.extent[1]);
            if ratio > 1.0 {
                fault(Fault::Oversized(character(at)), ratio, 1.0);
            }
        }
        if range.len() >= MIN_WORD {
            let ratio = dwell[range.clone()].iter().sum::<f32>()
                / (self.expected[range.clone()].iter().sum::<f32>() * self.pace(&dwell, word));
            // The first word of an unprimed line has no pace to be compared with: its limits are twice as wide.
            let [min, max] =
                if word == 0 && self.first == 0 { [limits.word[0] / 2.0, limits.word[1] * 2.0] } else { limits.word };
            if ratio < min {
                fault(Fault::WordLength(character(range.start)), ratio, min);
            } else if ratio > max {
                fault(Fault::WordLength(character(range.start)), ratio, max);
            }
        }
        (faults, badness)
    }

    /// Whether the window has not moved on for so long that the word can be rejected before its end: it rests on a
    /// character of the word, elsewhere in the text (on a blank, or on the priming ink's last letter), or goes back and
    /// forth. The timesteps from `start` on count. How long it may be on the end mark is [`EndDetector`]'s.
    ///
    /// [`EndDetector`]: super::ending::EndDetector
    pub fn is_stuck(&self, word: usize, steps: &[Step], start: usize) -> bool {
        let own = &steps[start..];
        let Some(at) = own.last().map(|step| step.position as usize) else { return false };
        let Some(&expected) = self.expected.get(at) else { return false };
        let mean = self.expected.iter().sum::<f32>() / self.expected.len() as f32;
        // On a blank the word's late strokes are drawn.
        let expected = if self.words[word].contains(&at) { expected } else { expected.max(mean) };
        let rest = own.iter().rev().take_while(|step| step.position as usize == at).count() as f32;
        // Since it first came as far as it has come: twice as long, because it does go back for a dot or a crossbar.
        let furthest = Self::reached(own) - 1;
        let wandering = own.iter().skip_while(|step| (step.position as usize) < furthest).count() as f32;
        let slowest = self.expected.get(furthest).copied().unwrap_or_default().max(mean);
        let max = RETRY_LIMITS.character[1];
        if rest <= max * expected * 0.5 && wandering <= max * slowest {
            return false; // True at no pace: this saves computing the pace at every timestep.
        }
        let pace = self.pace(&self.dwell(steps), word).max(0.5);
        let limit = |expected: f32| max * 1.5 * expected * pace + 2.0 * TOLERANCE;
        rest > limit(expected) || wandering > 2.0 * limit(slowest)
    }

    /// Judges a whole line; `ended` is false if it was cut off.
    pub fn judge_line(&self, steps: &[Step], ended: bool, limits: &Limits) -> Vec<Fault> {
        let reached = Self::reached(steps);
        let mut faults = Vec::new();
        for word in 0..self.words.len() {
            if self.words[word].end > reached {
                faults.push(Fault::Unwritten(reached.max(self.words[word].start) - self.first));
                break;
            }
            faults.extend(self.judge_word(word, steps, limits).0);
        }
        if !ended {
            faults.push(Fault::Endless);
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;
    use crate::testing;

    /// Expects 10 points for each character, and 5 for `i`.
    fn check(text: &str) -> LineCheck {
        let mut config = testing::config(Kind::Synthesis, &[9], 3);
        config.points_per_character = 10.0;
        config.dwell = config.alphabet.chars().map(|c| if c == 'i' { 0.5 } else { 1.0 }).collect();
        LineCheck::new(&config, text)
    }

    /// `points[at]` timesteps on each character, in order.
    fn path(points: &[usize]) -> Vec<Step> {
        let on = |at: usize| Step { position: at as f32, ..Step::default() };
        points.iter().enumerate().flat_map(|(at, &points)| std::iter::repeat_n(on(at), points)).collect()
    }

    #[test]
    fn words_are_separated_by_blanks() {
        let check = check(" ab  c ");
        assert_eq!((check.word_count(), check.word_start(0), check.word_start(1), check.word_start(2)), (2, 1, 5, 7));
    }

    #[test]
    fn steady_writing_passes_at_any_pace() {
        let check = check("abc dif");
        for pace in [0.6, 1.0, 1.8] {
            let points = [10.0, 12.0, 9.0, 3.0, 10.0, 5.0, 11.0].map(|points| (points * pace) as usize);
            for word in 0..2 {
                assert_eq!(check.judge_word(word, &path(&points), &RETRY_LIMITS), (vec![], 0.0), "pace {pace}");
            }
            assert_eq!(check.judge_line(&path(&points), true, &RETRY_LIMITS), []);
        }
    }

    #[test]
    fn hurried_and_lingering_characters_are_found_and_a_worse_one_is_worse() {
        let check = check("abc dif");
        let (faults, bad) = check.judge_word(1, &path(&[10, 10, 10, 4, 10, 5, 1]), &RETRY_LIMITS);
        assert_eq!(faults, [Fault::Hurried(6)]);
        let (faults, worse) = check.judge_word(1, &path(&[10, 10, 10, 4, 10, 5, 0]), &RETRY_LIMITS);
        assert_eq!(faults, [Fault::Hurried(6)]);
        assert!(worse > bad && bad > 0.0);
        let (faults, _) = check.judge_word(0, &path(&[10, 80, 10]), &RETRY_LIMITS);
        assert!(faults.contains(&Fault::Lingered(1)));
        // Half of that is within the fault limits.
        assert_eq!(check.judge_word(0, &path(&[10, 40, 10]), &FAULT_LIMITS).0, []);
    }

    #[test]
    fn a_word_much_larger_than_those_before_it_is_found() {
        let check = check("abc def ghk");
        let points = [10, 10, 10, 4, 10, 10, 10, 4, 22, 22, 22];
        assert_eq!(check.judge_word(2, &path(&points), &RETRY_LIMITS).0, [Fault::WordLength(8)]);
        assert_eq!(check.judge_word(0, &path(&[22, 22, 22]), &RETRY_LIMITS).0, [], "the first word may be");
    }

    #[test]
    fn an_improbable_point_is_found() {
        let check = check("abc def");
        let mut steps = path(&[10, 10, 10, 4, 10, 10, 10]);
        steps[12].log_density = -12.0;
        let (faults, badness) = check.judge_word(0, &steps, &RETRY_LIMITS);
        assert_eq!((faults, badness), (vec![Fault::StrayMark(1)], 2.0));
        assert_eq!(check.judge_word(1, &steps, &RETRY_LIMITS).0, [], "it belongs to another word");
        assert_eq!(check.judge_word(0, &steps, &FAULT_LIMITS).0, []);
    }

    #[test]
    fn oversized_strokes_are_found_but_not_pen_up_moves() {
        let check = check("abc def");
        let [mean, sd] = check.units;
        let steps = |pen: f32| {
            let mut steps = path(&[10, 10, 10, 4, 10, 10, 10]);
            // All points in one position, then four steps of 400 units to the right.
            steps.iter_mut().for_each(|step| (step.dx, step.dy) = (-mean[0] / sd[0], -mean[1] / sd[1]));
            steps[14].pen = pen;
            steps[15..19].iter_mut().for_each(|step| (step.dx, step.pen) = ((400.0 - mean[0]) / sd[0], pen));
            steps
        };
        let (faults, badness) = check.judge_word(0, &steps(0.0), &RETRY_LIMITS);
        assert_eq!(faults, [Fault::Oversized(1)]);
        assert!((badness - (1600.0_f32 / 1200.0).ln()).abs() < 1e-3, "{badness}");
        assert_eq!(check.judge_word(0, &steps(0.0), &FAULT_LIMITS).0, []);
        assert_eq!(check.judge_word(1, &steps(0.0), &RETRY_LIMITS).0, [], "it belongs to another word");
        assert_eq!(check.judge_word(0, &steps(1.0), &RETRY_LIMITS).0, []);
    }

    #[test]
    fn full_stops_without_their_dots_are_found() {
        let check = check("ab.c d.");
        let [mean, sd] = check.units;
        // On each character a stroke as high as a letter, except for these, which have short ones.
        let steps = |dots: &[usize]| -> Vec<Step> {
            let stroke = |position: usize, side: f32, points: usize| {
                (0..points).map(move |k| Step {
                    position: position as f32,
                    dx: (5.0 - mean[0]) / sd[0],
                    dy: (if k % 2 == 0 { side } else { -side } - mean[1]) / sd[1],
                    pen: f32::from(u8::from(k + 1 == points)),
                    ..Step::default()
                })
            };
            (0..7)
                .flat_map(|at| match dots.contains(&at) {
                    true => stroke(at, 8.0, 3).collect::<Vec<_>>(),
                    false => stroke(at, 200.0, 10).collect(),
                })
                .collect()
        };
        let missing = |dots: &[usize]| {
            let steps = steps(dots);
            (0..2).flat_map(|word| check.missing_dots(&check.words[word], &steps)).collect::<Vec<_>>()
        };
        assert_eq!(missing(&[2, 6]), [0; 0]);
        assert_eq!(missing(&[2]), [6]);
        assert_eq!(missing(&[6]), [2], "a long stroke is no dot");
        let (faults, badness) = check.judge_word(0, &steps(&[]), &RETRY_LIMITS);
        assert!(faults.contains(&Fault::NoDot(2)) && badness > 1.0);
    }

    #[test]
    fn a_letter_by_itself_without_its_ink_is_found() {
        let check = check("i i ab c");
        let [mean, sd] = check.units;
        // Strokes as high as this: for each the characters at which the window was.
        let steps = |strokes: &[(f32, &[usize])]| -> Vec<Step> {
            let of = |&(height, characters): &(f32, &[usize])| {
                let count = characters.len();
                let step = move |(k, &at): (usize, &usize)| Step {
                    position: at as f32,
                    dx: (1.0 - mean[0]) / sd[0],
                    dy: (height * if k % 2 == 0 { 1.0 } else { -1.0 } - mean[1]) / sd[1],
                    pen: f32::from(u8::from(k + 1 == count)),
                    ..Step::default()
                };
                characters.iter().enumerate().map(step).collect::<Vec<_>>()
            };
            strokes.iter().flat_map(of).collect()
        };
        let faults = |second: f32, last: f32| {
            let steps = steps(&[
                (130.0, &[0, 0, 0, 0, 0, 0]),
                (5.0, &[1, 1, 2]),
                (second, &[2, 2, 2, 2, 3, 3]),
                (130.0, &[4; 10]),
                (130.0, &[5; 10]),
                // Joined: only what was drawn while the window was on it counts.
                (last, &[5, 5, 5, 5, 5, 5, 5, 7, 7, 7, 7, 7, 7]),
            ]);
            let of = |limits: &Limits| {
                let faults = (0..4).flat_map(|word| check.judge_word(word, &steps, limits).0);
                faults.filter(|fault| matches!(fault, Fault::NoInk(_))).collect::<Vec<_>>()
            };
            (of(&RETRY_LIMITS), of(&FAULT_LIMITS))
        };
        assert_eq!(faults(120.0, 130.0), (vec![], vec![]));
        assert_eq!(faults(60.0, 130.0), (vec![Fault::NoInk(2)], vec![]));
        assert_eq!(
            faults(20.0, 10.0),
            (vec![Fault::NoInk(2), Fault::NoInk(7)], vec![Fault::NoInk(2), Fault::NoInk(7)])
        );
    }

    #[test]
    fn a_digit_that_looks_like_another_one_is_found() {
        let mut check = check("30 ab");
        let [mean, sd] = check.units;
        // Twenty points along a polyline, moved to the right, while the window is on a character.
        let stroke = |corners: &[[f32; 2]], aside: f32, at: usize| -> Vec<([f32; 2], usize, f32)> {
            let sides = corners.len() - 1;
            let point = |k: usize| {
                let (side, share) = (k * sides / 20, (k * sides % 20) as f32 / 20.0);
                let [from, to] = [corners[side], corners[(side + 1).min(sides)]];
                let [x, y] = [0, 1].map(|axis| from[axis] + share * (to[axis] - from[axis]));
                ([x + aside, y], at, f32::from(u8::from(k == 20)))
            };
            (0..=20).map(point).collect()
        };
        let zero: &[[f32; 2]] = &[[40.0, 0.0], [0.0, 30.0], [5.0, 80.0], [35.0, 100.0], [60.0, 60.0], [45.0, 5.0]];
        let three: &[[f32; 2]] =
            &[[5.0, 10.0], [40.0, 0.0], [50.0, 20.0], [25.0, 45.0], [55.0, 70.0], [35.0, 100.0], [0.0, 90.0]];
        let faults = |check: &LineCheck, first: &[[f32; 2]], second: &[[f32; 2]], limits: &Limits| {
            let points = [stroke(first, 0.0, 0), stroke(second, 90.0, 1), stroke(zero, 240.0, 3)].concat();
            let mut pen = [0.0; 2];
            let steps: Vec<Step> = points
                .into_iter()
                .map(|([x, y], at, lift)| {
                    let [dx, dy] = [x - pen[0], y - pen[1]];
                    pen = [x, y];
                    let [dx, dy] = [(dx - mean[0]) / sd[0], (dy - mean[1]) / sd[1]];
                    Step { dx, dy, pen: lift, position: at as f32, ..Step::default() }
                })
                .collect();
            let faults = (0..2).flat_map(|word| check.judge_word(word, &steps, limits).0);
            faults.filter(|fault| matches!(fault, Fault::Misshapen(_))).collect::<Vec<_>>()
        };
        assert_eq!(faults(&check, three, zero, &RETRY_LIMITS), []);
        assert_eq!(faults(&check, three, three, &RETRY_LIMITS), [Fault::Misshapen(1)]);
        let both = [Fault::Misshapen(0), Fault::Misshapen(1)];
        assert_eq!(faults(&check, zero, three, &RETRY_LIMITS), both);
        assert_eq!(faults(&check, zero, three, &FAULT_LIMITS), both);
        check.trust_digits();
        assert_eq!(faults(&check, zero, three, &RETRY_LIMITS), []);
    }

    #[test]
    fn a_stuck_window_is_noticed_before_the_word_ends() {
        let is_stuck = |word: usize, points: &[usize]| check("abc def").is_stuck(word, &path(points), 0);
        assert!(!is_stuck(0, &[10, 20]));
        assert!(is_stuck(0, &[10, 70]));
        assert!(!is_stuck(0, &[10, 10, 10, 35]) && is_stuck(0, &[10, 10, 10, 60]), "on the blank after it");
        assert!(is_stuck(0, &[10, 10, 10, 4, 60]), "on a word that began without a pen lift");
        assert!(!is_stuck(1, &[10, 10, 10, 4, 10, 10, 10, 70]), "how long on the end mark is not the check's");
        // Only what was written of the word itself counts.
        let steps = path(&[10, 110]);
        assert!(!check("abc def").is_stuck(1, &steps, 80) && check("abc def").is_stuck(1, &steps, 20));
        assert!(!check("abc def").is_stuck(1, &steps, 120), "nothing of it is written");
    }

    #[test]
    fn a_window_that_goes_back_and_forth_is_noticed_too() {
        let check = check("abc def");
        let swinging = |times: usize| {
            let mut steps = path(&[10, 10]);
            for n in 0..times {
                steps.extend(vec![Step { position: (n % 2) as f32, ..Step::default() }; 8]);
            }
            steps
        };
        assert!(!check.is_stuck(0, &swinging(4), 0), "a dot and a crossbar");
        assert!(check.is_stuck(0, &swinging(12), 0));
    }

    #[test]
    fn a_window_that_does_not_leave_the_priming_ink_is_noticed() {
        let mut config = testing::config(Kind::Synthesis, &[9], 3);
        config.points_per_character = 10.0;
        let check = LineCheck::with_prime(&config, "aaaaaaaaaaa def", 12, 110);
        let on = |at: usize, points: usize| vec![Step { position: at as f32, ..Step::default() }; points];
        for at in [10, 11] {
            assert!(!check.is_stuck(0, &on(at, 20), 0) && check.is_stuck(0, &on(at, 70), 0));
        }
    }

    #[test]
    fn priming_ink_sets_the_pace_and_is_not_judged() {
        let mut config = testing::config(Kind::Synthesis, &[9], 3);
        config.points_per_character = 10.0;
        config.dwell = Vec::new();
        let check = LineCheck::with_prime(&config, "aaaaaaaaaaa def", 12, 360);
        assert_eq!((check.word_count(), check.word_start(0)), (1, 12));
        assert!((check.prime_pace() - 420.0 / 180.0).abs() < 1e-3);
        let on = |points: usize| {
            let step = |at: usize| Step { position: at as f32, ..Step::default() };
            [vec![step(11); 4], vec![step(12); points], vec![step(13); 25], vec![step(14); 25]].concat()
        };
        assert_eq!(check.judge_word(0, &on(25), &RETRY_LIMITS), (vec![], 0.0), "as slow as the priming ink");
        assert_eq!(check.judge_word(0, &on(2), &RETRY_LIMITS).0, [Fault::Hurried(0)], "counted from the new text");
        assert_eq!(check.judge_line(&on(25)[..40], true, &FAULT_LIMITS), [Fault::Unwritten(2)]);
    }

    #[test]
    fn only_the_first_unwritten_character_is_reported() {
        let check = check("abc def ghi");
        assert_eq!(check.judge_line(&path(&[10, 10, 10, 4, 10, 10]), true, &FAULT_LIMITS), [Fault::Unwritten(6)]);
        assert_eq!(check.judge_line(&path(&[10, 10, 10]), false, &FAULT_LIMITS), [Fault::Unwritten(4), Fault::Endless]);
    }

    #[test]
    fn without_a_dwell_table_all_characters_are_alike() {
        let config = testing::config(Kind::Synthesis, &[9], 3);
        assert_eq!(LineCheck::new(&config, "ai").expected, [25.0, 25.0]);
    }
}
