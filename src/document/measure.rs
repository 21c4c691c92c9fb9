//! What the ink of a stretch says of itself: which word each point belongs to, where the letters stand, how high they
//! are, how they lean, and how far apart words are.
//!
//! The window tells the character to which the pen has come at each point, so that letters of which the height is known
//! (a, n, x, …) can be told from tall ones and from those with tails.

use super::marks::MARK;
use super::paper::X_HEIGHT;
use std::ops::Range;

/// Letters as high as an `x`.
pub const LOW: &str = "acemnorsuvwxz";
/// Letters that stand on the baseline, besides digits and capitals.
const STANDING: &str = "abcdehiklmnorstuvwxz";
/// Least height, as a share of the expected x-height, that the pen has to turn back for a turning point.
const TURN: f64 = 0.08;
/// Steepest plausible slope of a stretch.
const MAX_SLOPE: f64 = 0.12;
/// Strongest plausible change of the letters' height along a stretch, per corpus unit.
const MAX_TREND: f64 = 1.2e-4;
/// Feet, and letters, with which the expectation weighs as much as what is measured.
const SLOPE_PRIOR: f64 = 3.0;
const HEIGHT_PRIOR: f64 = 2.0;
const TREND_PRIOR: f64 = 14.0;
/// Distances, in x-heights, over which the level and the height of neighbouring letters are averaged, and the weight
/// of no deviation.
const LEVEL_REACH: f64 = 2.2;
const LEVEL_PRIOR: f64 = 1.0;
const LEVEL_OUTLIER: f64 = 0.4;
/// Least height of a digit's or a capital's top, in x-heights.
const LEAST_TALL: f64 = 0.5;
/// Greatest distance of feet from the stretch's baseline, in x-heights: of those that tell the level of their neighbours,
/// of a word's own, and of
/// those of digits and capitals.
const NEAR: f64 = 0.7;
const FAR: f64 = 1.7;
const FAR_TALL: f64 = 3.0;
/// Distance, in x-heights, over which turns of a word support a baseline; how much a head does beside a foot; and the
/// distance from its neighbours' level that costs as much as half a foot.
const SUPPORT_REACH: f64 = 0.35;
const HEAD_SUPPORT: f64 = 0.7;
const FLOAT: f64 = 1.0;
/// How much a foot below the baseline of digits and capitals speaks against it.
const TAIL: f64 = 0.7;
/// Feet that tell a word's level without heads.
const ENOUGH_SUPPORT: f64 = 0.3;
/// Feet of a word with which its neighbours' level weighs as much as its own.
const OWN_PRIOR: f64 = 0.7;
const HEIGHT_REACH: f64 = 3.5;
const LOCAL_PRIOR: f64 = 3.0;
const HEIGHT_OUTLIER: f64 = 0.45;
/// Fewest turns that tell how a line looks.
const FEW_TURNS: usize = 12;
/// By how much letters give way to digits and capitals on their line.
const GIVES_WAY: Range<f64> = 0.96..1.05;
/// The median height at which the pen turns downward, of tall letters, too, over that of letters as high as an `x`.
const HEADS: f64 = 0.957;
/// Letters with a dot or a bar.
const MARKED: &str = "ijtfxAEFHIT";
/// Points of a letter, and height in x-heights: a smaller stroke is a dot, a comma or a bar.
const LETTER_POINTS: usize = 12;
const SMALL: f64 = 0.6;
/// Points of each of two words that a stroke must have to be cut between them.
const JOINED_POINTS: usize = 8;

/// What is known of a hand, from ink written before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HandMeasure {
    /// Height of an `x` as the network writes it, in corpus units.
    pub x_height: f64,
    /// Mean width of a character, blanks included, in x-heights.
    pub letter: f64,
    /// Mean gap between words, in x-heights.
    pub gap: f64,
    /// Mean of the widest gaps within words, in x-heights.
    pub letter_gap: f64,
    /// Rightward lean of downstrokes: x per y.
    pub lean: f64,
}

impl Default for HandMeasure {
    fn default() -> Self {
        Self { x_height: 150.0, letter: 0.95, gap: 0.9, letter_gap: 0.3, lean: 0.2 }
    }
}

impl HandMeasure {
    /// To thousandths, as the page's pictures of the hands say it: the page then sets words as those do who measure the
    /// hand anew.
    #[must_use]
    pub fn rounded(self) -> Self {
        let round = |value: f64| (value * 1000.0).round() / 1000.0;
        let Self { x_height, letter, gap, letter_gap, lean } = self;
        Self {
            x_height: round(x_height),
            letter: round(letter),
            gap: round(gap),
            letter_gap: round(letter_gap),
            lean: round(lean),
        }
    }

    /// Measures a line's ink: `at` is each point's character of `text`.
    pub fn of(mut points: Vec<[f32; 3]>, at: &[u32], text: &str) -> Self {
        let characters: Vec<char> = text.chars().collect();
        // Twice: what is expected matters less the second time.
        let mut hand = Self::default();
        for _ in 0..2 {
            let fit = Fit::of(&points, at, &characters, &hand);
            hand = Self { x_height: fit.height, lean: fit.lean, ..hand };
        }
        let fit = Fit::of(&points, at, &characters, &hand);
        let ranges = word_ranges(&characters);
        let owners = assign(&mut points, at, &characters, hand.x_height);
        let upright = |point: &[f32; 3]| {
            let up = f64::from(point[1]) - fit.level(point[0].into(), 0.0).0;
            [f64::from(point[0]) - fit.lean * up, up]
        };
        let edges: Vec<Edges> = (0..ranges.len())
            .map(|word| {
                let own = own_points(&points, &owners, word);
                let is_core = |point: &[f32; 3]| is_core(upright(point)[1] / hand.x_height);
                Edges::of(&own, |point| upright(point)[0], is_core)
            })
            .filter(|edges| edges.right > edges.left)
            .collect();
        let mean = |values: Vec<f64>, otherwise: f64| match values.len() {
            0 => otherwise,
            count => values.iter().sum::<f64>() / count as f64 / hand.x_height,
        };
        let first = edges.first().map_or(0.0, |edges| edges.left);
        let last = edges.last().map_or(0.0, |edges| edges.right);
        let letter = (last - first) / (characters.len().max(1) as f64) / hand.x_height;
        let gaps = edges.windows(2).map(|pair| (pair[1].core[0] - pair[0].core[1]).max(0.0)).collect();
        let letter_gaps = edges.iter().map(|edges| edges.letter_gap).collect();
        // As exact as where measures are kept.
        let round = |measure: f64| (measure * 1000.0).round() / 1000.0;
        Self {
            x_height: round(hand.x_height.clamp(5.0, 5000.0)),
            letter: round(letter.clamp(0.3, 3.0)),
            gap: round(mean(gaps, hand.gap).clamp(0.2, 3.0)),
            letter_gap: round(mean(letter_gaps, hand.letter_gap).clamp(0.0, 1.0)),
            lean: round(hand.lean.clamp(-3.0, 3.0)),
        }
    }

    /// Whether all numbers are such as a hand can have.
    pub fn is_plausible(&self) -> bool {
        let Self { x_height, letter, gap, letter_gap, lean } = *self;
        let ranges = [
            (x_height, 5.0, 5000.0),
            (letter, 0.1, 10.0),
            (gap, 0.0, 10.0),
            (letter_gap, 0.0, 10.0),
            (lean, -3.0, 3.0),
        ];
        ranges.iter().all(|(value, least, most)| (least..=most).contains(&value))
    }
}

/// A place where the pen turns: at its lowest (a foot) or highest (a head).
#[derive(Debug, Clone, Copy)]
struct Turn {
    x: f64,
    y: f64,
    is_head: bool,
    at: usize,
    /// At which character its stroke begins, whether that has few points, and whether it is too small for a letter.
    begun: usize,
    is_brief: bool,
    is_small: bool,
}

/// Where letters of a stretch stand and how high they are.
#[derive(Debug, Clone, Default)]
pub struct Fit {
    from: f64,
    slope: f64,
    height: f64,
    trend: f64,
    middle: f64,
    /// Rightward lean: x per y.
    pub lean: f64,
    /// How many letters tell their height.
    pub letters: usize,
    /// Deviations of single feet from the baseline, and of single letters from the height (log), by place.
    feet: Vec<[f64; 2]>,
    heads: Vec<[f64; 2]>,
    /// Deviations from the baseline, by place, of all places where the pen turns upward, and of those where it turns
    /// downward.
    any_feet: Vec<[f64; 2]>,
    any_heads: Vec<[f64; 2]>,
}

impl Fit {
    /// Measures a stretch's ink: `at` is each point's character.
    pub fn of(points: &[[f32; 3]], at: &[u32], characters: &[char], hand: &HandMeasure) -> Self {
        let mut turns = turns(points, at, hand.x_height * TURN);
        // Dots, bars and quotation marks stand nowhere.
        let is_quote = |turn: &Turn| turn.is_brief && matches!(characters.get(turn.begun), Some('"' | '\''));
        let is_letter = |turn: &Turn| !turn.is_small && !is_quote(turn);
        if turns.iter().any(is_letter) {
            turns.retain(is_letter);
        }
        let class = |turn: &Turn, letters: &str, others: fn(&char) -> bool| {
            characters.get(turn.at).is_some_and(|c| letters.contains(*c) || others(c))
        };
        let places = |is_head: bool| -> Vec<[f64; 2]> {
            turns.iter().filter(|turn| turn.is_head == is_head).map(|turn| [turn.x, turn.y]).collect()
        };
        let mut feet: Vec<[f64; 2]> =
            turns.iter().filter(|t| !t.is_head && class(t, "", stands)).map(|t| [t.x, t.y]).collect();
        if feet.len() < 2 {
            feet = places(false);
        }
        if feet.is_empty() {
            // A dot stands on the line.
            let lowest = points.iter().max_by(|a, b| a[1].total_cmp(&b[1]));
            feet.extend(lowest.map(|point| [point[0].into(), point[1].into()]));
        }
        let all_feet = feet.clone();
        let (from, slope) = line(&mut feet, hand.x_height);
        let mut fit = Self { from, slope, height: hand.x_height, ..Self::default() };
        let off =
            |places: &[[f64; 2]]| -> Vec<[f64; 2]> { places.iter().map(|&[x, y]| [x, y - from - slope * x]).collect() };
        fit.feet = off(&all_feet);
        fit.feet.retain(|[_, off]| off.abs() < NEAR * hand.x_height);
        (fit.any_feet, fit.any_heads) = (off(&places(false)), off(&places(true)));
        // Of each letter the highest place, above the baseline of its word: words may be written in steps.
        let mut words = word_ranges(characters).into_iter().map(|word| {
            let own = || turns.iter().filter(|turn| word.contains(&turn.at)).map(|turn| turn.x);
            let [left, right] = [own().fold(f64::INFINITY, f64::min), own().fold(f64::NEG_INFINITY, f64::max)];
            let is_tall = is_tall(&characters[word.clone()]);
            (word, (left + right) / 2.0, if left <= right { fit.word_level(left, right, is_tall) } else { (0.0, 0.0) })
        });
        let mut word = words.next();
        let mut heads: Vec<[f64; 2]> = Vec::new();
        let mut latest = None;
        for turn in turns.iter().filter(|turn| turn.is_head && class(turn, LOW, |_| false)) {
            while word.as_ref().is_some_and(|(word, ..)| word.end <= turn.at) {
                word = words.next();
            }
            let Some((_, middle, (level, slope))) = &word else { break };
            let head = [turn.x, level + slope * (turn.x - middle) - turn.y];
            match heads.last_mut().filter(|_| latest == Some(turn.at)) {
                Some(last) if last[1] < head[1] => *last = head,
                Some(_) => {}
                None => heads.push(head),
            }
            latest = Some(turn.at);
        }
        heads.retain(|[_, up]| (0.45 * hand.x_height..2.2 * hand.x_height).contains(up));
        for _ in 0..2 {
            let middle = median(heads.iter().map(|[_, up]| *up));
            heads.retain(|[_, up]| (0.62 * middle..1.5 * middle).contains(up));
        }
        if !heads.is_empty() {
            fit.set_heights(&heads, hand);
        }
        fit.lean = lean(points, hand.lean);
        fit
    }

    fn set_heights(&mut self, heads: &[[f64; 2]], hand: &HandMeasure) {
        let n = heads.len() as f64;
        self.letters = heads.len();
        self.middle = heads.iter().map(|[x, _]| x).sum::<f64>() / n;
        let logs: Vec<[f64; 2]> = heads.iter().map(|&[x, up]| [x, libm::log(up)]).collect();
        let apart = 1.5 * hand.x_height;
        let trend = median_slope(&logs, apart).unwrap_or(0.0) * n / (n + TREND_PRIOR);
        self.trend = trend.clamp(-MAX_TREND, MAX_TREND);
        let middle = median(logs.iter().map(|[x, log]| log - self.trend * (x - self.middle)));
        let log = (n * middle + HEIGHT_PRIOR * libm::log(hand.x_height)) / (n + HEIGHT_PRIOR);
        self.height = libm::exp(log);
        self.heads = logs.iter().map(|&[x, log]| [x, log - middle - self.trend * (x - self.middle)]).collect();
    }

    /// The baseline of ink `width` wide around `x`: its height there, and its slope.
    pub fn level(&self, x: f64, width: f64) -> (f64, f64) {
        let reach = (0.6 * width).clamp(LEVEL_REACH * self.height, 2.0 * LEVEL_REACH * self.height);
        let (level, slope) = local(&self.feet, x, reach, LEVEL_PRIOR, LEVEL_OUTLIER * self.height);
        (self.from + self.slope * x + level, self.slope + slope)
    }

    /// The baseline of a word between `left` and `right`, likewise: its own turns count more than those beside it, since
    /// single words may be set higher or lower. `is_tall` says that it has no letters as high as an `x`.
    ///
    /// The window is ahead of the pen, and at a blank or the next word already while the last letter is written. So the
    /// word's letters do not tell which of its feet are tails: the baseline is where most feet are, and most heads an `x`
    /// above.
    pub fn word_level(&self, left: f64, right: f64, is_tall: bool) -> (f64, f64) {
        let middle = (left + right) / 2.0;
        let (level, slope) = self.level(middle, right - left);
        let height = self.height(middle);
        // By place, how far from its neighbours' level each turn says that the word stands, and how much it is believed.
        let own = |turns: &[[f64; 2]], above: f64, share: f64| -> Vec<[f64; 3]> {
            let own = turns.iter().filter(|[x, _]| (left..=right).contains(x));
            own.map(|[x, off]| {
                [x - middle, self.from + self.slope * x + off + above - level - slope * (x - middle), share]
            })
            .filter(|[_, off, _]| off.abs() < if is_tall { FAR_TALL } else { FAR } * height)
            .collect()
        };
        let mut turns = own(&self.any_feet, 0.0, 1.0);
        if !is_tall {
            turns.extend(own(&self.any_heads, height, HEAD_SUPPORT));
        }
        let weight = |[_, off, share]: &[f64; 3], at: f64| {
            share * (1.0 - ((off - at) / (SUPPORT_REACH * height)).powi(2)).max(0.0).powi(2)
        };
        let support = |turns: &[[f64; 3]], at: f64| turns.iter().map(|turn| weight(turn, at)).sum::<f64>();
        // Digits and capitals have no tails, but turns within them.
        let below = |at: f64| turns.iter().filter(|turn| turn[1] > at + SUPPORT_REACH * height).count() as f64;
        let tails = |at: f64| if is_tall { TAIL * below(at) } else { 0.0 };
        let score = |at: f64| support(&turns, at) - tails(at) - (at / (FLOAT * height)).powi(2) / 2.0;
        let places = turns.iter().map(|turn| turn[1]);
        let mut at = places.fold(0.0, |best, at| if score(at) > score(best) { at } else { best });
        // Heads tell which feet are those of the baseline. How high an x is here may not be known yet.
        let feet: Vec<[f64; 3]> = turns.iter().filter(|[_, _, share]| *share == 1.0).copied().collect();
        let turns = if support(&feet, at) > ENOUGH_SUPPORT { feet } else { turns };
        for _ in 0..3 {
            let sum: f64 = turns.iter().map(|turn| weight(turn, at) * turn[1]).sum();
            at = sum / support(&turns, at).max(f64::MIN_POSITIVE);
        }
        let n = support(&turns, at);
        let of_slope = |[x, off, _]: &[f64; 3]| [x * (off - at), x * x];
        let sums = turns.iter().map(|turn| of_slope(turn).map(|product| weight(turn, at) * product));
        let [product, square] = sums.fold([0.0; 2], |[a, b], [c, d]| [a + c, b + d]);
        let own_slope = product / (square + SLOPE_PRIOR * (2.0 * height).powi(2));
        (level + at * n / (n + OWN_PRIOR), (slope + own_slope).clamp(-MAX_SLOPE, MAX_SLOPE))
    }

    /// Height of an `x` around `x`.
    pub fn height(&self, x: f64) -> f64 {
        let reach = HEIGHT_REACH * self.height;
        let (local, _) = local(&self.heads, x, reach, LOCAL_PRIOR, HEIGHT_OUTLIER);
        self.height * libm::exp(self.trend * (x - self.middle) + local)
    }

    /// How high digits and capitals of a word between `left` and `right` are above its own baseline, in x-heights. `None` for
    /// a word without ink.
    pub fn tall(&self, left: f64, right: f64) -> Option<f64> {
        let (level, slope) = self.word_level(left, right, true);
        let middle = (left + right) / 2.0;
        let own = self.any_heads.iter().filter(|[x, _]| (left..=right).contains(x));
        let up = own.map(|[x, off]| level + slope * (x - middle) - self.from - self.slope * x - off);
        let heights = up.map(|up| up / self.height(middle)).filter(|up| *up > LEAST_TALL).collect();
        // The pen turns within some of them, too (3, 6, 8).
        quantile(heights, 2.0 / 3.0)
    }

    /// Height of an `x` of the whole stretch.
    pub fn x_height(&self) -> f64 {
        self.height
    }
}

/// What deviations near `x` are, and their slope there. Both tend to 0 where there are few. Deviations of more than
/// `outlier` from the others count little.
fn local(deviations: &[[f64; 2]], x: f64, reach: f64, prior: f64, outlier: f64) -> (f64, f64) {
    let (mut level, mut slope) = (0.0, 0.0);
    for round in 0..4 {
        let [mut weights, mut sum, mut square, mut product] = [prior, 0.0, prior * reach * reach / 8.0, 0.0];
        for &[at, deviation] in deviations {
            let by = at - x;
            let off = (deviation - level - slope * by) / outlier;
            // At first all count: the mean may be far from 0.
            let share = if round == 0 { 1.0 / (1.0 + off * off) } else { (1.0 - off * off).max(0.0).powi(2) };
            let weight = share * libm::exp(-(by / reach).powi(2));
            weights += weight;
            sum += weight * (deviation - slope * by);
            square += weight * by * by;
            product += weight * by * (deviation - level);
        }
        (level, slope) = (sum / weights, product / square);
    }
    (level, slope)
}

/// Where the pen turns. Turns of less than `least` are ignored. Strokes begin and end with a turn.
fn turns(points: &[[f32; 3]], at: &[u32], least: f64) -> Vec<Turn> {
    let mut turns = Vec::new();
    let mut start = 0;
    for stroke in points.split_inclusive(|point| point[2] > 0.5) {
        let y = |k: usize| f64::from(stroke[k][1]);
        let [top, bottom] =
            (0..stroke.len()).map(y).fold([f64::INFINITY, f64::NEG_INFINITY], |[min, max], y| [min.min(y), max.max(y)]);
        let is_brief = stroke.len() < LETTER_POINTS;
        let is_small = is_brief && bottom - top < SMALL / TURN * least;
        let begun = at.get(start).map_or(0, |&at| at as usize);
        let turn = |k: usize, is_head: bool| Turn {
            x: stroke[k][0].into(),
            y: y(k),
            is_head,
            at: at.get(start + k).map_or(0, |&at| at as usize),
            begun,
            is_brief,
            is_small,
        };
        // The extreme since the last turn, and the direction in which the pen moves: down is 1.
        let (mut low, mut high, mut down) = (0, 0, 0);
        for k in 1..stroke.len() {
            if y(k) > y(low) {
                low = k;
            }
            if y(k) < y(high) {
                high = k;
            }
            if down >= 0 && y(low) - y(k) > least {
                if down == 0 && low > 0 {
                    turns.push(turn(0, true));
                }
                turns.push(turn(low, false));
                (high, down) = (k, -1);
            } else if down <= 0 && y(k) - y(high) > least {
                if down == 0 && high > 0 {
                    turns.push(turn(0, false));
                }
                turns.push(turn(high, true));
                (low, down) = (k, 1);
            }
        }
        if down != 0 {
            turns.push(turn(if down > 0 { low } else { high }, down < 0));
        }
        start += stroke.len();
    }
    turns
}

/// The line through most of the feet: height at x = 0 and slope. Feet far from it are removed.
fn line(feet: &mut Vec<[f64; 2]>, x_height: f64) -> (f64, f64) {
    let n = feet.len() as f64;
    let slope = median_slope(feet, 2.0 * x_height).unwrap_or(0.0) * n / (n + SLOPE_PRIOR);
    let mut slope = slope.clamp(-MAX_SLOPE, MAX_SLOPE);
    let mut from = median(feet.iter().map(|[x, y]| y - slope * x));
    for _ in 0..4 {
        let of = |[x, y]: &[f64; 2]| y - from - slope * x;
        let spread = median(feet.iter().map(|foot| of(foot).abs()));
        let limit = (2.2 * spread).max(0.12 * x_height);
        feet.retain(|foot| of(foot).abs() <= limit);
        let n = feet.len() as f64;
        if n < 1.0 {
            break;
        }
        let mean = |of: fn(&[f64; 2]) -> f64| feet.iter().map(of).sum::<f64>() / n;
        let (x, y) = (mean(|foot| foot[0]), mean(|foot| foot[1]));
        let square: f64 = feet.iter().map(|foot| (foot[0] - x).powi(2)).sum();
        let product: f64 = feet.iter().map(|foot| (foot[0] - x) * (foot[1] - y)).sum();
        // As if the line had some width more: few feet close together tell nothing of the slope.
        slope = (product / (square + SLOPE_PRIOR * (2.0 * x_height).powi(2))).clamp(-MAX_SLOPE, MAX_SLOPE);
        from = y - slope * x;
    }
    (from, slope)
}

/// The median of the slopes between pairs of points at least `apart`; `None` for too few.
fn median_slope(points: &[[f64; 2]], apart: f64) -> Option<f64> {
    let pairs = points.iter().flat_map(|a| points.iter().map(move |b| (a, b)));
    let slopes: Vec<f64> =
        pairs.filter(|(a, b)| b[0] - a[0] > apart).map(|(a, b)| (b[1] - a[1]) / (b[0] - a[0])).collect();
    (slopes.len() >= 6).then(|| median(slopes.into_iter()))
}

/// How a composed line lies and how high its letters are, as the eye sees it, without knowing letters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Its baseline: y at x = 0, and descent per unit to the right.
    pub from: f64,
    /// Likewise.
    pub slope: f64,
    /// The median height at which the pen turns downward, without turns near the baseline; and that in the last third
    /// over that in the first.
    pub height: f64,
    /// Likewise.
    pub drift: f64,
    /// How much that is to be believed, 0 to 1: little of few letters.
    pub weight: f64,
}

impl Look {
    /// Of points around y = 0 that are to be `x_height` high, and of those of numbers and words of capitals; `None` if they
    /// are too few.
    pub fn of(low: &[[f32; 3]], tall: &[[f32; 3]], x_height: f64) -> Option<Self> {
        let turns = [turns(low, &[], 0.0), turns(tall, &[], 0.0)];
        let places = |of: &[Turn], is_head: bool| -> Vec<[f64; 2]> {
            of.iter().filter(|turn| turn.is_head == is_head).map(|turn| [turn.x, turn.y]).collect()
        };
        let feet = [places(&turns[0], false), places(&turns[1], false)].concat();
        let heads = [places(&turns[0], true), places(&turns[1], true)];
        if feet.len() < FEW_TURNS || heads[0].len() < FEW_TURNS {
            return None;
        }
        let (mut from, mut slope) = least_squares(&feet, |_| true);
        for _ in 0..8 {
            let off = |[x, y]: &[f64; 2]| y - from - slope * x;
            let middle = median(feet.iter().map(off));
            let spread = median(feet.iter().map(|foot| (off(foot) - middle).abs()));
            let limit = 1.2 * spread + x_height / 13.0;
            (from, slope) = least_squares(&feet, |foot| (off(foot) - middle).abs() < limit);
        }
        let heights = heads.map(|heads| -> Vec<[f64; 2]> {
            let heights = heads.into_iter().map(|[x, y]| [x, from + slope * x - y]);
            heights.filter(|[_, up]| *up > 0.19 * x_height).collect()
        });
        let all = heights.concat();
        let [low, _] = heights;
        let [left, right] = [
            feet.iter().map(|foot| foot[0]).fold(f64::INFINITY, f64::min),
            feet.iter().map(|foot| foot[0]).fold(0.0, f64::max),
        ];
        let third = (right - left) / 3.0;
        let of = |from: f64, to: f64| {
            let values: Vec<f64> = low.iter().filter(|[x, _]| (from..=to).contains(x)).map(|[_, up]| *up).collect();
            (values.len() >= 4).then(|| median(values.into_iter()))
        };
        let height = of(f64::NEG_INFINITY, f64::INFINITY)?;
        // Digits and capitals make a line look larger, which letters may give way to a little.
        let height = height * (median(all.iter().map(|[_, up]| *up)) / height).clamp(GIVES_WAY.start, GIVES_WAY.end);
        let drift = of(right - third, f64::INFINITY).zip(of(f64::NEG_INFINITY, left + third));
        let weight = ((low.len() as f64 - FEW_TURNS as f64) / FEW_TURNS as f64).clamp(0.0, 1.0);
        Some(Self { from, slope, height, weight, drift: drift.map_or(1.0, |(last, first)| last / first) })
    }
}

/// The line of least squares through the places that are kept.
fn least_squares(places: &[[f64; 2]], keeps: impl Fn(&[f64; 2]) -> bool) -> (f64, f64) {
    let kept: Vec<&[f64; 2]> = places.iter().filter(|place| keeps(place)).collect();
    let n = kept.len().max(1) as f64;
    let (x, y) =
        (kept.iter().map(|place| place[0]).sum::<f64>() / n, kept.iter().map(|place| place[1]).sum::<f64>() / n);
    let square: f64 = kept.iter().map(|place| (place[0] - x).powi(2)).sum();
    let product: f64 = kept.iter().map(|place| (place[0] - x) * (place[1] - y)).sum();
    let slope = if square > 0.0 { product / square } else { 0.0 };
    (y - slope * x, slope)
}

/// How far steep downstrokes lean to the right: x per y upwards.
fn lean(points: &[[f32; 3]], expected: f64) -> f64 {
    let (mut product, mut square) = (0.0, 0.0);
    for pair in points.windows(2).filter(|pair| pair[0][2] < 0.5) {
        let [dx, dy] = [0, 1].map(|axis| f64::from(pair[1][axis] - pair[0][axis]));
        if dy > dx.abs() {
            product -= dx * dy;
            square += dy * dy;
        }
    }
    let prior = 200_000.0;
    (product + prior * expected) / (square + prior)
}

/// The upper median; 0 of nothing.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    quantile(values.collect(), 0.5).unwrap_or_default()
}

/// The value below which this share of the values lies, such as the upper median of 0.5; `None` of nothing.
#[inline(never)]
pub fn quantile(mut values: Vec<f64>, share: f64) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values.get((values.len() as f64 * share) as usize).copied()
}

/// Whether a character ends on the baseline.
pub fn stands(c: &char) -> bool {
    c.is_ascii_digit() || c.is_ascii_uppercase() && !"JQ".contains(*c) || STANDING.contains(*c)
}

/// Which word each point of a stretch belongs to, of a text of so many `characters`. A stroke belongs to one word; one
/// that was drawn across a blank is cut there. A late stroke (the bar of a t, the dot of an i), drawn when the window
/// has moved on, belongs to the word over which it lies. Returns for each point its word, and sets the pen lifts of cuts.
/// A stroke's word is never before the one before the latest that has ink.
pub fn assign(points: &mut [[f32; 3]], at: &[u32], characters: &[char], x_height: f64) -> Vec<usize> {
    let words = word_ranges(characters);
    if words.is_empty() {
        return vec![0; points.len()];
    }
    // Points on a blank or on the end mark belong to the word before it, unless the stroke tells otherwise.
    let at_of = |k: usize| at.get(k).map_or(0, |&at| (at & !MARK) as usize);
    let word_of = |k: usize| {
        let at = at_of(k);
        words.partition_point(|word| word.start <= at).saturating_sub(1)
    };
    let is_on = |k: usize| words[word_of(k)].contains(&at_of(k));
    cut_joined(points, &word_of, &is_on);
    let mut strokes: Vec<(Range<usize>, usize, bool)> = Vec::new();
    let mut start = 0;
    for stroke in points.split_inclusive(|point| point[2] > 0.5) {
        let range = start..start + stroke.len();
        start = range.end;
        let mut counts = vec![0; words.len()];
        range.clone().filter(|&k| is_on(k)).for_each(|k| counts[word_of(k)] += 1);
        let found = (0..counts.len()).filter(|&word| counts[word] > 0).max_by_key(|&word| counts[word]);
        strokes.push((range.clone(), found.unwrap_or_else(|| word_of(range.start)), found.is_some()));
    }
    // Where each word lies, by its other strokes.
    let extent = |word: usize, without: usize, strokes: &[(Range<usize>, usize, bool)]| {
        let own = strokes.iter().enumerate().filter(|(index, (range, of, _))| {
            *of == word && *index != without && (range.len() > 3 || *index > without)
        });
        let xs = own.flat_map(|(_, (range, ..))| range.clone()).map(|k| points[k][0]);
        let found = xs.fold([f32::INFINITY, f32::NEG_INFINITY], |[min, max], x| [min.min(x), max.max(x)]);
        (found[0] <= found[1]).then_some(found)
    };
    // Whether a word begins with something that is written with short strokes.
    let has_marks = |word: usize| {
        let first = &characters[words[word].clone()];
        first.iter().take(2).any(|c| !c.is_ascii_alphanumeric() || MARKED.contains(*c))
    };
    let mut latest = 0;
    for index in 0..strokes.len() {
        let (range, word, is_known) = strokes[index].clone();
        // Marks were drawn where they belong.
        if at.get(range.start).is_some_and(|at| at & MARK != 0) {
            continue;
        }
        let xs = range.clone().map(|k| points[k][0]);
        let [left, right] = xs.fold([f32::INFINITY, f32::NEG_INFINITY], |[min, max], x| [min.min(x), max.max(x)]);
        let middle = (left + right) / 2.0;
        let ys = range.clone().map(|k| points[k][1]);
        let [top, bottom] = ys.fold([f32::INFINITY, f32::NEG_INFINITY], |[min, max], y| [min.min(y), max.max(y)]);
        let is_small = range.len() < LETTER_POINTS && f64::from(bottom - top) < SMALL * x_height;
        let mut found = word;
        // Over the word before, and left of its own.
        if word > 0
            && let Some(before) = extent(word - 1, index, &strokes)
            && middle < before[1]
            && extent(word, index, &strokes).is_none_or(|own| middle < own[0])
        {
            found = word - 1;
        } else if word > 0
            && is_small
            && !strokes[..index].iter().any(|(_, other, _)| *other == word)
            && let Some(before) = extent(word - 1, index, &strokes)
            && let Some(own) = extent(word, index, &strokes)
            && right < own[0]
            && (left - before[1] < own[0] - right || !has_marks(word))
        {
            // A dot or a comma nearer to the word before.
            found = word - 1;
        } else if !is_known
            && !is_small
            && word + 1 < words.len()
            && let (Some(own), Some(next)) = (extent(word, index, &strokes), extent(word + 1, index, &strokes))
            && next[0] - right < left - own[1]
        {
            found = word + 1;
        }
        found = found.max(latest.max(1) - 1);
        latest = latest.max(found);
        strokes[index].1 = found;
    }
    strokes.iter().flat_map(|(range, word, _)| std::iter::repeat_n(*word, range.len())).collect()
}

/// Lifts the pen where a stroke goes on from one word into the next.
fn cut_joined(points: &mut [[f32; 3]], word_of: &impl Fn(usize) -> usize, is_on: &impl Fn(usize) -> bool) {
    let mut start = 0;
    while start < points.len() {
        let end = (start..points.len()).find(|&k| points[k][2] > 0.5).map_or(points.len(), |k| k + 1);
        let on: Vec<usize> = (start..end).filter(|&k| is_on(k)).collect();
        for pair in on.windows(2).filter(|pair| word_of(pair[1]) > word_of(pair[0])) {
            let [last, next] = [pair[0], pair[1]];
            let count = |word: usize| on.iter().filter(|&&k| word_of(k) == word).count();
            // The window was on the blank, too.
            if next - last > 1 && count(word_of(last)) >= JOINED_POINTS && count(word_of(next)) >= JOINED_POINTS {
                let gap = |k: usize| points[k + 1][0] - points[k][0];
                let cut = (last..next).max_by(|&a, &b| gap(a).total_cmp(&gap(b))).unwrap_or(last);
                points[cut][2] = 1.0;
            }
        }
        start = end;
    }
}

/// A word's ink in a stretch, in the stretch's corpus units, sheared upright by `lean` around its baseline.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Edges {
    /// Of all of its ink.
    pub left: f64,
    /// Likewise.
    pub right: f64,
    /// Of what lies between the baseline and the height of an `x`, as far as there is any: gaps are seen there.
    pub core: [f64; 2],
    /// The widest gap between its letters.
    pub letter_gap: f64,
}

impl Edges {
    /// Of points, where `x_of` gives their place along the line and `is_core` whether they lie between the lines.
    pub fn of(points: &[[f32; 3]], x_of: impl Fn(&[f32; 3]) -> f64, is_core: impl Fn(&[f32; 3]) -> bool) -> Self {
        let none = [f64::INFINITY, f64::NEG_INFINITY];
        let widen = |[min, max]: [f64; 2], x: f64| [min.min(x), max.max(x)];
        let all = points.iter().map(&x_of).fold(none, widen);
        let core = points.iter().filter(|point| is_core(point)).map(&x_of).fold(none, widen);
        let strokes = points.split_inclusive(|point| point[2] > 0.5);
        let spans: Vec<[f64; 2]> = strokes.map(|stroke| stroke.iter().map(&x_of).fold(none, widen)).collect();
        let mut letter_gap = 0.0_f64;
        for &[left, _] in &spans {
            let before = spans.iter().filter(|span| span[0] < left).map(|span| span[1]);
            letter_gap = before.reduce(f64::max).map_or(letter_gap, |reach| letter_gap.max(left - reach));
        }
        if all[0] > all[1] {
            return Self::default();
        }
        let core = if core[0] <= core[1] { core } else { all };
        Self { left: all[0], right: all[1], core, letter_gap }
    }
}

/// Whether a height, in x-heights below the baseline, lies between the baseline and the height of an `x`, about.
pub fn is_core(height: f64) -> bool {
    (-1.15..0.15).contains(&height)
}

/// Whether a word has nothing as high as an `x`, but digits or capitals.
pub fn is_tall(word: &[char]) -> bool {
    !word.iter().any(|c| c.is_lowercase()) && word.iter().any(|c| c.is_ascii_digit() || c.is_uppercase())
}

/// Words, as ranges of characters.
pub fn word_ranges(characters: &[char]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    for end in 0..=characters.len() {
        if characters.get(end).is_none_or(|c| *c == ' ') {
            if end > start {
                ranges.push(start..end);
            }
            start = end + 1;
        }
    }
    ranges
}

/// The points of a word.
pub fn own_points(points: &[[f32; 3]], owners: &[usize], word: usize) -> Vec<[f32; 3]> {
    points.iter().zip(owners).filter(|(_, owner)| **owner == word).map(|(point, _)| *point).collect()
}

/// What an `x` so high in the ink is multiplied by on the page.
pub fn factor(x_height: f64) -> f64 {
    X_HEIGHT / (HEADS * x_height.max(1.0))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Points of letters `size` high, all standing on a line through `top`, with their characters: one stroke a letter.
    pub fn written(text: &str, size: f32, slope: f32, top: f32) -> (Vec<[f32; 3]>, Vec<u32>) {
        let (mut points, mut at) = (Vec::new(), Vec::new());
        for (index, c) in text.chars().enumerate().filter(|(_, c)| *c != ' ') {
            let x = index as f32 * size * 0.9;
            let (up, down) = match c {
                'b' | 'd' | 'h' | 'k' | 'l' | 't' => (2.0, 0.0),
                'g' | 'p' | 'y' | 'q' | 'j' => (1.0, 0.9),
                _ => (1.0, 0.0),
            };
            for (share, y) in [(0.0, -up), (0.2, down), (0.3, -0.3), (0.4, -1.0), (0.6, 0.0)] {
                let x = x + share * size;
                points.push([x, y * size + slope * x + top, f32::from(u8::from(share == 0.6))]);
                at.push(index as u32);
            }
        }
        (points, at)
    }

    fn fit(text: &str, size: f32, slope: f32) -> Fit {
        let (points, at) = written(text, size, slope, 30.0);
        Fit::of(
            &points,
            &at,
            &text.chars().collect::<Vec<_>>(),
            &HandMeasure { x_height: 160.0, ..HandMeasure::default() },
        )
    }

    #[test]
    fn letters_tell_where_they_stand_and_how_high_they_are() {
        for (size, slope) in [(200.0, 0.0), (150.0, 0.04), (220.0, -0.05)] {
            let found = fit("happy holidays and many cheerful returns", size, slope);
            let middle = 20.0 * f64::from(size) * 0.9;
            assert!((found.height(middle) / f64::from(size) - 1.0).abs() < 0.05, "{size}: {}", found.height(middle));
            let level = 30.0 + f64::from(slope) * middle;
            assert!(
                (found.level(middle, 0.0).0 - level).abs() < 0.04 * f64::from(size),
                "{}",
                found.level(middle, 0.0).0
            );
            assert!((found.level(middle, 0.0).1 - f64::from(slope)).abs() < 0.006, "{}", found.level(middle, 0.0).1);
        }
    }

    #[test]
    fn few_letters_are_believed_little_and_none_not_at_all() {
        let found = fit("an", 220.0, 0.0).x_height();
        assert!(found > 165.0 && found < 215.0, "{found}");
        assert_eq!(Fit::of(&[], &[], &[], &HandMeasure::default()).x_height(), HandMeasure::default().x_height);
        let dot = Fit::of(&[[3.0, 4.0, 1.0]], &[0], &['.'], &HandMeasure::default());
        assert!(dot.level(3.0, 0.0).0.is_finite() && dot.height(3.0) > 0.0);
    }

    #[test]
    fn strokes_belong_to_the_word_over_which_they_lie() {
        // Two words; the bar of the first one's t comes when the window is on the second word already.
        let letter = |x: f32| {
            let point =
                |k: usize| [x + 7.0 * k as f32, if k % 4 < 2 { 0.0 } else { 50.0 }, f32::from(u8::from(k == 11))];
            (0..12).map(point).collect::<Vec<_>>()
        };
        let bar = [[60.0, -20.0, 0.0], [120.0, -20.0, 1.0]];
        let mut points = [&letter(0.0)[..], &letter(100.0), &bar, &letter(400.0), &letter(500.0)].concat();
        let at = [[0; 12].as_slice(), &[1; 12], &[3; 2], &[3; 12], &[4; 12]].concat();
        let words = assign(&mut points, &at, &"ab cd".chars().collect::<Vec<_>>(), 60.0);
        assert_eq!(words, [[0; 26].as_slice(), &[1; 24]].concat());
        // A letter that was begun while the window was still on the blank.
        let at = [[0; 12].as_slice(), &[1; 12], &[1; 2], &[2; 12], &[4; 12]].concat();
        assert_eq!(assign(&mut points, &at, &"ab cd".chars().collect::<Vec<_>>(), 60.0), words);
        assert_eq!(assign(&mut points, &at, &[' '], 60.0), [0; 50]);
    }

    #[test]
    fn a_stroke_across_a_blank_is_cut_there_and_one_within_a_word_never() {
        let mut points: Vec<[f32; 3]> =
            (0..30).map(|k| [if k < 15 { 10.0 } else { 60.0 } * k as f32, 0.0, 0.0]).collect();
        let at: Vec<u32> = (0..30)
            .map(|k| {
                if k < 12 {
                    0
                } else if k < 17 {
                    1
                } else {
                    2
                }
            })
            .collect();
        let mut whole = points.clone();
        let words = assign(&mut points, &at, &['a', ' ', 'b'], 60.0);
        assert_eq!(words, [[0; 15].as_slice(), &[1; 15]].concat());
        assert_eq!(points.iter().position(|point| point[2] > 0.5), Some(14));
        assert_eq!(assign(&mut whole, &at, &['a', 'b', 'c'], 60.0), [0; 30]);
        assert!(whole.iter().all(|point| point[2] < 0.5));
    }

    #[test]
    fn a_word_stands_on_its_own_feet_and_digits_are_as_high_as_digits() {
        let text = "an ear on nose 12 no man an ear";
        let (mut points, at) = written(text, 160.0, 0.0, 30.0);
        for (point, &at) in points.iter_mut().zip(&at) {
            match at {
                // "on" hangs below the line; "12" is as low as letters.
                7 | 8 => point[1] += 70.0,
                _ => {}
            }
        }
        let hand = HandMeasure { x_height: 160.0, ..HandMeasure::default() };
        let fit = Fit::of(&points, &at, &text.chars().collect::<Vec<_>>(), &hand);
        let edges = |range: Range<u32>| {
            let own = points.iter().zip(&at).filter(|(_, at)| range.contains(at)).map(|(point, _)| f64::from(point[0]));
            own.fold([f64::INFINITY, f64::NEG_INFINITY], |[min, max], x| [min.min(x), max.max(x)])
        };
        let [on, nose, number] = [7..9, 10..14, 15..17].map(edges);
        let level = |[left, right]: [f64; 2]| fit.word_level(left, right, false).0;
        assert!(level(on) > 75.0 && level(nose) < 50.0, "{} {}", level(on), level(nose));
        assert!((fit.tall(number[0], number[1]).unwrap_or_default() - 1.0).abs() < 0.1);
        assert_eq!(fit.tall(-900.0, -800.0), None);
    }

    #[test]
    fn edges_know_the_gap_between_letters() {
        let points = [[0.0, 0.0, 0.0], [50.0, 100.0, 1.0], [80.0, 0.0, 0.0], [120.0, 300.0, 1.0]];
        let edges = Edges::of(&points, |point| point[0].into(), |point| point[1] < 200.0);
        assert_eq!((edges.left, edges.right, edges.core, edges.letter_gap), (0.0, 120.0, [0.0, 80.0], 30.0));
        assert_eq!(Edges::of(&[], |_| 0.0, |_| true), Edges::default());
    }
}
