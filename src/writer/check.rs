//! Whether a line was written as its text asks for: the self-check of the [`crate::writer`].
//!
//! While a network writes well, its window stays on a character for about as many points as people
//! take to write it. When it goes wrong, the window hurries over characters, which are then missing
//! or maimed, or rests on one, which then gets strokes too many. So a word is judged by how many points the
//! window was on each of its characters, against what the training ink took for them
//! ([`Config::dwell`]) at the line's own pace; by its points' density, for chance now and then
//! draws a point where the network expected none, which leaves a stray mark; and by the size of its
//! letters, for a pen that has lost its way may draw strokes as long as the line.

use crate::engine::Step;
use crate::model::Config;
use std::ops::Range;

/// What is allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Least and most points for a character, as a share of what is expected.
    pub character: [f32; 2],
    /// The same for a word of at least three characters.
    pub word: [f32; 2],
    /// Least log density of a point.
    pub density: f32,
    /// Greatest width and height of what is drawn of a character, in corpus units.
    pub extent: [f32; 2],
}

/// What is written anew: where real ink, read by a trained network, is once in a hundred characters.
/// Of 38,000 characters of validation ink one in 1,000 was wider, none higher.
pub const DOUBTFUL: Bounds =
    Bounds { character: [0.35, 2.4], word: [0.6, 1.6], density: -10.0, extent: [1200.0, 900.0] };

/// What counts as broken: real ink hardly ever is there.
pub const BROKEN: Bounds =
    Bounds { character: [0.02, 4.5], word: [0.4, 2.2], density: -16.0, extent: [2500.0, 1300.0] };

/// Characters from which a word is judged as a whole.
const LONG: usize = 3;
/// Characters of mean length that stand for what is not yet known of a line's pace.
const PRIOR: f32 = 6.0;
/// Points by which a character may always be longer: a dot is over in a few.
const LEEWAY: f32 = 4.0;

/// Something wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// The window hurried over this character.
    Hurried(usize),
    /// The window rested on this character.
    Lingered(usize),
    /// The word that begins with this character took too few or too many points.
    Word(usize),
    /// A point of this character is where the network expected none.
    Stray(usize),
    /// This character's ink is too wide or too high.
    Sprawling(usize),
    /// The line ended before this character.
    Unwritten(usize),
    /// The line did not end by itself.
    Endless,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Hurried(at) => write!(f, "hurried over character {at}"),
            Fault::Lingered(at) => write!(f, "lingered on character {at}"),
            Fault::Word(at) => write!(f, "the word at character {at} is too short or too long"),
            Fault::Stray(at) => write!(f, "stray mark at character {at}"),
            Fault::Sprawling(at) => write!(f, "sprawling strokes at character {at}"),
            Fault::Unwritten(at) => write!(f, "ended before character {at}"),
            Fault::Endless => write!(f, "did not end"),
        }
    }
}

/// What is expected of one line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Check {
    /// Points per character at the training ink's pace, `[U − 1]`: without the end mark.
    expected: Vec<f32>,
    /// Words, as places of their characters.
    words: Vec<Range<usize>>,
    /// Where the words begin: characters of given ink come before, which is not judged.
    first: usize,
    /// Points that the given ink has, and those expected of it.
    given: [f32; 2],
    /// Mean and standard deviation of offsets, in corpus units.
    units: [[f32; 2]; 2],
}

impl Check {
    /// What a network of this configuration should do with a text.
    pub fn new(config: &Config, text: &str) -> Self {
        Self::primed(config, text, 0, 0)
    }

    /// Likewise where the first `first` characters of the text are given as ink of so many points. It tells the
    /// hand's pace. Timesteps' positions count its characters, faults do not.
    pub fn primed(config: &Config, text: &str, first: usize, points: usize) -> Self {
        let place = |c: char| config.alphabet.chars().position(|other| other == c);
        let dwell = |c: char| place(c).and_then(|place| config.dwell.get(place)).copied().unwrap_or(1.0);
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
        let given = [points as f32, expected[..first].iter().sum()];
        Self { expected, words, first, given, units: [config.offset_mean, config.offset_sd] }
    }

    /// Number of words.
    pub fn words(&self) -> usize {
        self.words.len()
    }

    /// Place of a word's first character; beyond the last word, that of the end mark.
    pub fn start(&self, word: usize) -> usize {
        self.words.get(word).map_or(self.expected.len(), |word| word.start)
    }

    /// How many points the window was on each character.
    fn dwell(&self, steps: &[Step]) -> Vec<f32> {
        let mut dwell = vec![0.0; self.expected.len()];
        for step in steps {
            if let Some(points) = dwell.get_mut(step.position as usize) {
                *points += 1.0;
            }
        }
        dwell
    }

    /// Width and height, in corpus units, of what is drawn of each of a word's characters.
    fn extents(&self, places: &Range<usize>, steps: &[Step]) -> Vec<[f32; 2]> {
        let [mean, sd] = self.units;
        let mut boxes = vec![[[f32::INFINITY; 2], [f32::NEG_INFINITY; 2]]; places.len()];
        let (mut pen, mut drawn) = ([0.0; 2], false);
        for step in steps {
            let before = pen;
            pen = [pen[0] + step.dx * sd[0] + mean[0], pen[1] + step.dy * sd[1] + mean[1]];
            let own = (step.position as usize).checked_sub(places.start).and_then(|at| boxes.get_mut(at));
            if let Some([least, most]) = own.filter(|_| drawn) {
                for axis in 0..2 {
                    least[axis] = least[axis].min(before[axis]).min(pen[axis]);
                    most[axis] = most[axis].max(before[axis]).max(pen[axis]);
                }
            }
            drawn = step.pen < 0.5;
        }
        boxes.iter().map(|[least, most]| [(most[0] - least[0]).max(0.0), (most[1] - least[1]).max(0.0)]).collect()
    }

    /// How many of the characters the window came to.
    pub fn reached(steps: &[Step]) -> usize {
        steps.iter().map(|step| step.position as usize + 1).max().unwrap_or(0)
    }

    /// How much slower than the training ink the given ink was written; 1 without any.
    pub fn given_pace(&self) -> f32 {
        self.pace(&[], 0)
    }

    /// The line's pace by its first `words` words: 1 is that of the training ink.
    fn pace(&self, dwell: &[f32], words: usize) -> f32 {
        let prior = PRIOR * self.expected.iter().sum::<f32>() / self.expected.len().max(1) as f32;
        let (mut points, mut expected) = (prior + self.given[0], prior + self.given[1]);
        for word in &self.words[..words] {
            points += dwell[word.clone()].iter().sum::<f32>();
            expected += self.expected[word.clone()].iter().sum::<f32>();
        }
        points / expected
    }

    /// What is wrong with a word, by the line's timesteps so far, and how much in all; the words before
    /// it give the pace.
    pub fn judge(&self, word: usize, steps: &[Step], bounds: &Bounds) -> (Vec<Fault>, f32) {
        let dwell = self.dwell(steps);
        let places = self.words[word].clone();
        let place = |at: usize| at - self.first;
        let pace = self.pace(&dwell, word + 1);
        let (mut faults, mut badness) = (Vec::new(), 0.0);
        let mut fault = |fault: Fault, ratio: f32, bound: f32| {
            faults.push(fault);
            badness += (ratio.max(0.01) / bound).ln().abs();
        };
        for at in places.clone() {
            let expected = self.expected[at] * pace;
            let [least, most] = bounds.character;
            if dwell[at] < least * expected {
                fault(Fault::Hurried(place(at)), dwell[at] / expected, least);
            } else if dwell[at] > most * expected + LEEWAY {
                fault(Fault::Lingered(place(at)), dwell[at] / expected, most);
            }
        }
        for step in steps.iter().filter(|step| places.contains(&(step.position as usize))) {
            if step.log_density < bounds.density {
                fault(Fault::Stray(place(step.position as usize)), (step.log_density - bounds.density).exp(), 1.0);
            }
        }
        for (at, extent) in places.clone().zip(self.extents(&places, steps)) {
            let ratio = (extent[0] / bounds.extent[0]).max(extent[1] / bounds.extent[1]);
            if ratio > 1.0 {
                fault(Fault::Sprawling(place(at)), ratio, 1.0);
            }
        }
        if places.len() >= LONG {
            let ratio = dwell[places.clone()].iter().sum::<f32>()
                / (self.expected[places.clone()].iter().sum::<f32>() * self.pace(&dwell, word));
            // The first word may be as large as the hand pleases.
            let [least, most] =
                if word == 0 && self.first == 0 { [bounds.word[0] / 2.0, bounds.word[1] * 2.0] } else { bounds.word };
            if ratio < least {
                fault(Fault::Word(place(places.start)), ratio, least);
            } else if ratio > most {
                fault(Fault::Word(place(places.start)), ratio, most);
            }
        }
        (faults, badness)
    }

    /// Whether the window rests on a character of this word for so long that it need not be waited for.
    pub fn is_stuck(&self, word: usize, steps: &[Step]) -> bool {
        let Some(at) = steps.last().map(|step| step.position as usize) else { return false };
        if !self.words[word].contains(&at) {
            return false;
        }
        let rest = steps.iter().rev().take_while(|step| step.position as usize == at).count() as f32;
        if rest <= DOUBTFUL.character[1] * self.expected[at] * 0.5 {
            return false; // at any pace: spares counting
        }
        let pace = self.pace(&self.dwell(steps), word);
        rest > DOUBTFUL.character[1] * 1.5 * self.expected[at] * pace.max(0.5) + 2.0 * LEEWAY
    }

    /// What is wrong with a whole line; `ended` says whether it ended by itself.
    pub fn line(&self, steps: &[Step], ended: bool, bounds: &Bounds) -> Vec<Fault> {
        let reached = Self::reached(steps);
        let mut faults = Vec::new();
        for word in 0..self.words.len() {
            if self.words[word].end > reached {
                faults.push(Fault::Unwritten(reached.max(self.words[word].start) - self.first));
                break;
            }
            faults.extend(self.judge(word, steps, bounds).0);
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

    /// 10 points for a character, `i` half of it.
    fn check(text: &str) -> Check {
        let mut config = testing::config(Kind::Synthesis, &[9], 3);
        config.points_per_character = 10.0;
        config.dwell = config.alphabet.chars().map(|c| if c == 'i' { 0.5 } else { 1.0 }).collect();
        Check::new(&config, text)
    }

    /// So many points on each character, in order.
    fn path(points: &[usize]) -> Vec<Step> {
        let on = |at: usize| Step { position: at as f32, ..Step::default() };
        points.iter().enumerate().flat_map(|(at, &points)| std::iter::repeat_n(on(at), points)).collect()
    }

    #[test]
    fn words_are_what_lies_between_blanks() {
        let check = check(" ab  c ");
        assert_eq!((check.words(), check.start(0), check.start(1), check.start(2)), (2, 1, 5, 7));
    }

    #[test]
    fn even_writing_is_fine_at_any_pace() {
        let check = check("abc dif");
        for pace in [0.6, 1.0, 1.8] {
            let points = [10.0, 12.0, 9.0, 3.0, 10.0, 5.0, 11.0].map(|points| (points * pace) as usize);
            for word in 0..2 {
                assert_eq!(check.judge(word, &path(&points), &DOUBTFUL), (vec![], 0.0), "pace {pace}");
            }
            assert_eq!(check.line(&path(&points), true, &DOUBTFUL), []);
        }
    }

    #[test]
    fn hurry_and_lingering_are_found_where_they_are_and_worse_is_worse() {
        let check = check("abc dif");
        let (faults, bad) = check.judge(1, &path(&[10, 10, 10, 4, 10, 5, 1]), &DOUBTFUL);
        assert_eq!(faults, [Fault::Hurried(6)]);
        let (faults, worse) = check.judge(1, &path(&[10, 10, 10, 4, 10, 5, 0]), &DOUBTFUL);
        assert_eq!(faults, [Fault::Hurried(6)]);
        assert!(worse > bad && bad > 0.0);
        let (faults, _) = check.judge(0, &path(&[10, 80, 10]), &DOUBTFUL);
        assert!(faults.contains(&Fault::Lingered(1)));
        // half of that is still nothing to call broken
        assert_eq!(check.judge(0, &path(&[10, 40, 10]), &BROKEN).0, []);
    }

    #[test]
    fn a_word_much_larger_than_those_before_it_is_found() {
        let check = check("abc def ghk");
        let points = [10, 10, 10, 4, 10, 10, 10, 4, 22, 22, 22];
        assert_eq!(check.judge(2, &path(&points), &DOUBTFUL).0, [Fault::Word(8)]);
        assert_eq!(check.judge(0, &path(&[22, 22, 22]), &DOUBTFUL).0, [], "the first may be");
    }

    #[test]
    fn a_point_where_none_was_expected_is_found() {
        let check = check("abc def");
        let mut steps = path(&[10, 10, 10, 4, 10, 10, 10]);
        steps[12].log_density = -12.0;
        let (faults, badness) = check.judge(0, &steps, &DOUBTFUL);
        assert_eq!((faults, badness), (vec![Fault::Stray(1)], 2.0));
        assert_eq!(check.judge(1, &steps, &DOUBTFUL).0, [], "it is another word's");
        assert_eq!(check.judge(0, &steps, &BROKEN).0, []);
    }

    #[test]
    fn strokes_as_long_as_a_line_are_found_but_not_the_way_between_strokes() {
        let check = check("abc def");
        let [mean, sd] = check.units;
        let steps = |pen: f32| {
            let mut steps = path(&[10, 10, 10, 4, 10, 10, 10]);
            // Points on one spot, then four steps of 400 units to the right.
            steps.iter_mut().for_each(|step| (step.dx, step.dy) = (-mean[0] / sd[0], -mean[1] / sd[1]));
            steps[14].pen = pen;
            steps[15..19].iter_mut().for_each(|step| (step.dx, step.pen) = ((400.0 - mean[0]) / sd[0], pen));
            steps
        };
        let (faults, badness) = check.judge(0, &steps(0.0), &DOUBTFUL);
        assert_eq!(faults, [Fault::Sprawling(1)]);
        assert!((badness - (1600.0_f32 / 1200.0).ln()).abs() < 1e-3, "{badness}");
        assert_eq!(check.judge(0, &steps(0.0), &BROKEN).0, []);
        assert_eq!(check.judge(1, &steps(0.0), &DOUBTFUL).0, [], "it is another word's");
        assert_eq!(check.judge(0, &steps(1.0), &DOUBTFUL).0, []);
    }

    #[test]
    fn a_window_that_rests_is_noticed_before_the_word_is_over() {
        let check = check("abc");
        assert!(!check.is_stuck(0, &path(&[10, 20])));
        assert!(check.is_stuck(0, &path(&[10, 70])));
        assert!(!check.is_stuck(0, &path(&[10, 10, 10, 70])), "the end mark is another's business");
    }

    #[test]
    fn given_ink_tells_the_pace_and_is_not_judged() {
        let mut config = testing::config(Kind::Synthesis, &[9], 3);
        config.points_per_character = 10.0;
        config.dwell = Vec::new();
        let check = Check::primed(&config, "aaaaaaaaaaa def", 12, 360);
        assert_eq!((check.words(), check.start(0)), (1, 12));
        assert!((check.given_pace() - 420.0 / 180.0).abs() < 1e-3);
        let on = |points: usize| {
            let step = |at: usize| Step { position: at as f32, ..Step::default() };
            [vec![step(11); 4], vec![step(12); points], vec![step(13); 25], vec![step(14); 25]].concat()
        };
        assert_eq!(check.judge(0, &on(25), &DOUBTFUL), (vec![], 0.0), "slow as the given ink");
        assert_eq!(check.judge(0, &on(2), &DOUBTFUL).0, [Fault::Hurried(0)], "counted from the new text");
        assert_eq!(check.line(&on(25)[..40], true, &BROKEN), [Fault::Unwritten(2)]);
    }

    #[test]
    fn what_was_not_written_is_told_once() {
        let check = check("abc def ghi");
        assert_eq!(check.line(&path(&[10, 10, 10, 4, 10, 10]), true, &BROKEN), [Fault::Unwritten(6)]);
        assert_eq!(check.line(&path(&[10, 10, 10]), false, &BROKEN), [Fault::Unwritten(4), Fault::Endless]);
    }

    #[test]
    fn without_a_table_all_characters_are_alike() {
        let config = testing::config(Kind::Synthesis, &[9], 3);
        assert_eq!(Check::new(&config, "ai").expected, [25.0, 25.0]);
    }
}
