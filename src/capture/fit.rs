//! Strokes at any size and speed → points at the corpus' size and rate.

use super::{Advice, LEAST_LETTERS, MOST_CHARACTERS, MOST_SAMPLES, MOST_STROKES, Points, Sample};
use crate::ink::Point;
use crate::model::Config;
use crate::text::alphabet::{Alphabet, Encoded};

/// Farthest from the origin that a sample may be, in whatever the unit is.
const FARTHEST: f64 = 1e6;
/// What stays within so many CSS pixels is a dot.
const DOT: f32 = 12.0;
/// Least samples for a letter: less is no curve.
const LEAST_SAMPLES: f32 = 2.0;

/// Medians of 1,500 lines of the corpus, levelled: length of the pen's way on the paper for each point
/// expected of the text, and standard deviation of that way's height, both in corpus units.
const PATH: f32 = 19.1;
/// See [`PATH`].
const HEIGHT: f32 = 81.6;
/// Likewise width per character, blanks among them.
const WIDTH: f32 = 183.0;
/// Least and most that a line's way may be, against its height and text, as a share of what it is in the
/// corpus (where one line in a hundred is below 0.6, another above 1.6).
const INK: [f32; 2] = [0.45, 2.4];
/// The same for its width.
const BREADTH: [f32; 2] = [0.35, 3.5];
/// Steepest line that is levelled: 35 degrees.
const STEEPEST: f32 = 0.7;
/// Fewest points of strokes that say nothing in particular: a second of pen time.
const LEAST_POINTS: f32 = 50.0;
/// Speed of the pen against its mean: beyond these a sample's time is not believed. Slower is a rest.
const SPEED: [f32; 2] = [0.15, 3.5];
/// How often the rate is corrected: rests of hours are left behind by then.
const ROUNDS: usize = 24;
/// Milliseconds between two times told apart from which times are too coarse to tell the pen's speed.
const COARSE: f64 = 70.0;
/// How far a point is smoothed, in points: a mouse moves from pixel to pixel. Ink of the network's, 30 pixels to an x
/// and rounded to whole ones, is with this about as likely to the network as before (56 nats a character, 57 before;
/// 47 with half of it).
const SMOOTHING: f32 = 0.8;
/// Height of a row's own ink above the next, in middle eight tenths of its height.
const ROW: f32 = 1.2;

/// Strokes that say `text`, as the network of `config` would have made them, and the text as it knows
/// it. Rows are joined to one line.
///
/// # Errors
/// The first [`Advice`] that applies.
pub fn fit(config: &Config, text: &str, strokes: &[Vec<Sample>]) -> Result<(Points, Encoded), Advice> {
    let strokes = clean(strokes)?;
    let text = Alphabet::new(&config.alphabet).encode(text);
    let (characters, letters) = (text.written.chars().count(), text.written.chars().filter(|c| *c != ' ').count());
    if !text.left_out.is_empty() {
        return Err(Advice::Alphabet);
    }
    if letters < LEAST_LETTERS {
        return Err(Advice::ShortText);
    }
    if characters > MOST_CHARACTERS {
        return Err(Advice::LongText);
    }
    let samples: usize = strokes.iter().map(Vec::len).sum();
    if (samples as f32) < letters as f32 {
        return Err(Advice::TooLittle);
    }
    if (samples as f32) < LEAST_SAMPLES * letters as f32 {
        return Err(Advice::TooFast);
    }
    let rows = rows(strokes);
    if rows.len() > text.written.split(' ').count() {
        return Err(Advice::Overlaid);
    }
    let mut line = join(rows, characters)?;
    let expected = expected(config, &text.written);
    let size = Size::of(&line);
    if size.height < 1e-3 * size.width || size.path < 1.15 * size.width {
        return Err(Advice::Flat);
    }
    if runs_back(&line) {
        return Err(Advice::Backwards);
    }
    let ink = size.path / size.height * (HEIGHT / PATH) / expected;
    let breadth = size.width / size.height * (HEIGHT / WIDTH) / characters as f32;
    if ink < INK[0] || breadth < BREADTH[0] {
        return Err(Advice::TooLittle);
    }
    if ink > INK[1] || breadth > BREADTH[1] {
        return Err(Advice::TooLong);
    }
    let scale = (HEIGHT / size.height * (PATH * expected / size.path)).sqrt();
    scaled(&mut line, scale);
    Ok((resample(&line, expected), text))
}

/// Strokes that say nothing in particular, for the prediction network to go on from: level as they are.
///
/// # Errors
/// [`Advice::Nothing`], [`Advice::Dot`], [`Advice::Unreadable`] or [`Advice::TooMuch`].
pub fn fit_free(strokes: &[Vec<Sample>]) -> Result<Points, Advice> {
    let mut strokes = clean(strokes)?;
    let size = Size::of(&strokes);
    let moments = Snapshots::of(&strokes);
    // Writing is sized by its height. What has hardly any, a wave say, is sized by its length.
    let height = if moments.is_long() { moments.across() } else { size.height };
    let scale = HEIGHT / height.max(0.02 * size.width).max(1e-3);
    scaled(&mut strokes, scale);
    Ok(resample(&strokes, (size.path * scale / PATH + strokes.len() as f32).max(LEAST_POINTS)))
}

/// A sample whose distances mean something.
#[derive(Debug, Clone, Copy, PartialEq)]
struct At {
    x: f32,
    y: f32,
    ms: f64,
}

type Trace = Vec<At>;

/// Strokes in `f32`, from the first sample, without repetitions; times never run backward.
fn clean(strokes: &[Vec<Sample>]) -> Result<Vec<Trace>, Advice> {
    if strokes.len() > MOST_STROKES || strokes.iter().map(Vec::len).sum::<usize>() > MOST_SAMPLES {
        return Err(Advice::TooMuch);
    }
    let good = |s: &Sample| s.x.abs() <= FARTHEST && s.y.abs() <= FARTHEST && s.ms.is_finite();
    if !strokes.iter().flatten().all(good) {
        return Err(Advice::Unreadable);
    }
    let Some(first) = strokes.iter().flatten().next().copied() else { return Err(Advice::Nothing) };
    let mut cleaned = Vec::new();
    for stroke in strokes.iter().filter(|stroke| !stroke.is_empty()) {
        let mut trace: Trace = Vec::with_capacity(stroke.len());
        for sample in stroke {
            let mut at = At { x: (sample.x - first.x) as f32, y: (sample.y - first.y) as f32, ms: sample.ms };
            match trace.last() {
                Some(last) if (last.x, last.y) == (at.x, at.y) => continue,
                Some(last) => at.ms = at.ms.max(last.ms),
                None => {}
            }
            trace.push(at);
        }
        cleaned.push(trace);
    }
    let span = |of: fn(&At) -> f32| {
        let values = || cleaned.iter().flatten().map(of);
        values().fold(f32::MIN, f32::max) - values().fold(f32::MAX, f32::min)
    };
    if span(|at| at.x).max(span(|at| at.y)) < DOT {
        return Err(Advice::Dot);
    }
    Ok(cleaned)
}

/// The pieces of the pen's way on the paper: middle and length.
fn pieces(strokes: &[Trace]) -> impl Iterator<Item = [f32; 3]> {
    strokes.iter().flat_map(|stroke| stroke.windows(2)).map(|pair| {
        let [a, b] = [pair[0], pair[1]];
        [(a.x + b.x) / 2.0, (a.y + b.y) / 2.0, (b.x - a.x).hypot(b.y - a.y)]
    })
}

/// Means and covariances of the pen's way, by length.
struct Snapshots {
    x: f32,
    y: f32,
    xx: f32,
    xy: f32,
    yy: f32,
}

impl Snapshots {
    fn of(strokes: &[Trace]) -> Self {
        let total: f32 = pieces(strokes).map(|[_, _, l]| l).sum::<f32>().max(f32::MIN_POSITIVE);
        let mean = |of: &dyn Fn(f32, f32) -> f32| pieces(strokes).map(|[x, y, l]| of(x, y) * l).sum::<f32>() / total;
        let (x, y) = (mean(&|x, _| x), mean(&|_, y| y));
        Self {
            x,
            y,
            xx: mean(&|a, _| (a - x).powi(2)),
            xy: mean(&|a, b| (a - x) * (b - y)),
            yy: mean(&|_, b| (b - y).powi(2)),
        }
    }

    /// Whether one axis is much longer than the other.
    fn is_long(&self) -> bool {
        let (sum, difference) = (self.xx + self.yy, (self.xx - self.yy).hypot(2.0 * self.xy));
        sum + difference > 9.0 * (sum - difference)
    }

    /// Standard deviation across the longer axis.
    fn across(&self) -> f32 {
        let (sum, difference) = (self.xx + self.yy, (self.xx - self.yy).hypot(2.0 * self.xy));
        ((sum - difference) / 2.0).max(0.0).sqrt()
    }

    /// Angle of the longer axis, within a quarter turn either way.
    fn angle(&self) -> f32 {
        0.5 * (2.0 * self.xy).atan2(self.xx - self.yy)
    }
}

/// How large levelled writing is.
struct Size {
    /// Length of the pen's way on the paper.
    path: f32,
    /// Standard deviation of its height.
    height: f32,
    width: f32,
}

impl Size {
    fn of(strokes: &[Trace]) -> Self {
        let (mut left, mut right) = (f32::MAX, f32::MIN);
        for at in strokes.iter().flatten() {
            (left, right) = (left.min(at.x), right.max(at.x));
        }
        Self {
            path: pieces(strokes).map(|[_, _, l]| l).sum(),
            height: Snapshots::of(strokes).yy.sqrt(),
            width: right - left,
        }
    }
}

/// Strokes by the row they are in: a row begins where the pen goes far back to the left and lands below.
fn rows(strokes: Vec<Trace>) -> Vec<Vec<Trace>> {
    let mut rows: Vec<Vec<Trace>> = Vec::new();
    for stroke in strokes {
        let middle = |of: fn(&At) -> f32| stroke.iter().map(of).sum::<f32>() / stroke.len() as f32;
        let (x, y) = (middle(|at| at.x), middle(|at| at.y));
        let count = rows.len();
        // A dot or crossbar that was forgotten in the row above.
        if count > 1 && rows[count - 2].len() > 1 {
            let above = Lie::of(&rows[count - 2]);
            let own = Lie::of(&rows[count - 1]);
            if (y - above.at(x)).abs() < (y - own.at(x)).abs() && y < above.at(x) + 0.5 * above.height {
                rows[count - 2].push(stroke);
                continue;
            }
        }
        match rows.last_mut() {
            Some(row) if !begins_row(&Lie::of(row), x, y) => row.push(stroke),
            _ => rows.push(vec![stroke]),
        }
    }
    rows
}

/// How a row lies: its edges, the straight line through it, and the height of most of its ink.
struct Lie {
    left: f32,
    right: f32,
    slope: f32,
    middle: Point,
    height: f32,
}

impl Lie {
    fn of(row: &[Trace]) -> Self {
        let moments = Snapshots::of(row);
        let wide = moments.xx > 4.0 * moments.yy;
        let slope = if wide { moments.xy / moments.xx } else { 0.0 };
        let (mut left, mut right) = (f32::MAX, f32::MIN);
        for at in row.iter().flatten() {
            (left, right) = (left.min(at.x), right.max(at.x));
        }
        let spread = (moments.yy - slope * moments.xy).max(0.0).sqrt();
        // of even ink, the middle eight tenths
        Self { left, right, slope, middle: Point { x: moments.x, y: moments.y }, height: 2.5 * spread }
    }

    fn at(&self, x: f32) -> f32 {
        self.middle.y + self.slope * (x - self.middle.x)
    }
}

fn begins_row(row: &Lie, x: f32, y: f32) -> bool {
    let width = row.right - row.left;
    let back = x < row.right - 0.4 * width && width > 2.0 * row.height;
    back && row.height > 0.0 && y > row.at(x) + ROW * row.height
}

/// Rows, each levelled, as one line.
fn join(rows: Vec<Vec<Trace>>, characters: usize) -> Result<Vec<Trace>, Advice> {
    let mut line: Vec<Trace> = Vec::new();
    let mut right = 0.0f32;
    let mut levelled = Vec::new();
    for mut row in rows {
        let moments = Snapshots::of(&row);
        // The axis of what is as high as wide says nothing: a short word in a row of its own.
        let angle = if moments.is_long() { moments.angle() } else { 0.0 };
        if angle.abs() > STEEPEST {
            return Err(Advice::Steep);
        }
        let (sin, cos) = angle.sin_cos();
        for at in row.iter_mut().flatten() {
            let (x, y) = (at.x - moments.x, at.y - moments.y);
            (at.x, at.y) = (cos * x + sin * y, cos * y - sin * x);
        }
        levelled.push(row);
    }
    let widths: f32 = levelled.iter().map(|row| Size::of(row).width).sum();
    let blank = 0.8 * widths / characters.max(1) as f32;
    for row in levelled {
        let left = row.iter().flatten().map(|at| at.x).fold(f32::MAX, f32::min);
        let by = if line.is_empty() { 0.0 } else { right + blank - left };
        for mut stroke in row {
            for at in &mut stroke {
                at.x += by;
                right = right.max(at.x);
            }
            line.push(stroke);
        }
    }
    Ok(line)
}

/// Whether the pen went to the left as it wrote.
fn runs_back(line: &[Trace]) -> bool {
    let total: f32 = pieces(line).map(|[_, _, l]| l).sum::<f32>().max(f32::MIN_POSITIVE);
    let Snapshots { x: middle, .. } = Snapshots::of(line);
    let mut along = 0.0;
    let mut together = 0.0;
    for [x, _, l] in pieces(line) {
        together += (along + l / 2.0 - total / 2.0) * (x - middle) * l;
        along += l;
    }
    together < 0.0
}

fn scaled(strokes: &mut [Trace], scale: f32) {
    for at in strokes.iter_mut().flatten() {
        at.x *= scale;
        at.y *= scale;
    }
}

/// Points that the corpus has for a text.
fn expected(config: &Config, text: &str) -> f32 {
    let place = |c: char| config.alphabet.chars().position(|other| other == c);
    let dwell = |c: char| place(c).and_then(|place| config.dwell.get(place)).copied().unwrap_or(1.0);
    text.chars().map(dwell).sum::<f32>() * config.points_per_character
}

/// `count` points along strokes in corpus units, evenly in time as far as times can be believed.
fn resample(strokes: &[Trace], count: f32) -> Points {
    // A pen-up move is one point: the one at which a stroke begins.
    let down = (count - strokes.len() as f32).max(0.3 * count);
    let path: f32 = pieces(strokes).map(|[_, _, l]| l).sum();
    let pace = (path / down).max(f32::MIN_POSITIVE);
    let lengths: Vec<Vec<f32>> =
        strokes.iter().map(|stroke| pieces(std::slice::from_ref(stroke)).map(|[_, _, l]| l).collect()).collect();
    let mut times = times(strokes);
    if times.is_empty() {
        times.clone_from(&lengths);
    }
    let believed = |time: f32, length: f32| time.clamp(length / (SPEED[1] * pace), length / (SPEED[0] * pace));
    // Points for a millisecond: again and again, because what is not believed is missing in the sum.
    let mut rate = down / times.iter().flatten().sum::<f32>().max(f32::MIN_POSITIVE);
    for _ in 0..ROUNDS {
        let both = times.iter().flatten().zip(lengths.iter().flatten());
        let sum: f32 = both.map(|(&time, &length)| believed(time * rate, length)).sum();
        rate = (rate * down / sum.max(f32::MIN_POSITIVE)).min(f32::MAX);
    }
    let steps: Vec<Vec<f32>> = times
        .iter()
        .zip(&lengths)
        .map(|(times, lengths)| {
            times.iter().zip(lengths).map(|(&time, &length)| believed(time * rate, length)).collect()
        })
        .collect();
    let mut points = Points::new();
    for (stroke, steps) in strokes.iter().zip(&steps) {
        place(stroke, steps, &mut points);
    }
    let Some(&[x, y, _]) = points.first() else { return points };
    points.iter_mut().for_each(|point| (point[0], point[1]) = (point[0] - x, point[1] - y));
    points
}

/// Milliseconds from sample to sample, for each stroke; empty if times say nothing.
fn times(strokes: &[Trace]) -> Vec<Vec<f32>> {
    let mut between = Vec::new();
    let mut all = Vec::new();
    for stroke in strokes {
        let mut own = vec![0.0; stroke.len().saturating_sub(1)];
        // Several samples may come at once, with one time: between two times the pen is taken to have moved evenly.
        let mut from = 0;
        for to in 1..stroke.len() {
            let time = stroke[to].ms - stroke[from].ms;
            if time <= 0.0 && to + 1 < stroke.len() {
                continue;
            }
            if time > 0.0 {
                between.push(time);
            }
            let length: f32 = pieces(&[stroke[from..=to].to_vec()]).map(|[_, _, l]| l).sum();
            for piece in from..to {
                let [_, _, own_length] = pieces(&[stroke[piece..piece + 2].to_vec()]).next().unwrap_or_default();
                own[piece] = time as f32 * own_length / length.max(f32::MIN_POSITIVE);
            }
            from = to;
        }
        all.push(own);
    }
    between.sort_unstable_by(f64::total_cmp);
    match between.get(between.len() / 2) {
        Some(&usual) if usual <= COARSE && between.len() >= 2 * strokes.len().min(10) => all,
        _ => Vec::new(),
    }
}

/// Points of one stroke, whose samples are `steps` points apart.
fn place(stroke: &[At], steps: &[f32], points: &mut Points) {
    let mut when = vec![0.0];
    for step in steps {
        when.push(when[when.len() - 1] + step);
    }
    let end = when[when.len() - 1];
    let count = (end.round() as usize).max(usize::from(stroke.len() > 1));
    for index in 0..=count {
        let time = end * index as f32 / count.max(1) as f32;
        // Symmetric, so that ends stay where they are.
        let reach = SMOOTHING.min(time).min(end - time);
        let [mut x, mut y] = [0.0; 2];
        for shift in [-1.0, -0.5, 0.0, 0.5, 1.0] {
            let at = between(stroke, &when, time + shift * reach);
            (x, y) = (x + at.x / 5.0, y + at.y / 5.0);
        }
        points.push([x, y, f32::from(u8::from(index == count))]);
    }
}

/// Where the pen was at a time.
fn between(stroke: &[At], when: &[f32], time: f32) -> Point {
    let after = when.partition_point(|&t| t < time).clamp(1.min(stroke.len() - 1), stroke.len() - 1);
    let before = after.saturating_sub(1);
    let (a, b) = (stroke[before], stroke[after]);
    let span = when[after] - when[before];
    let share = if span > 0.0 { ((time - when[before]) / span).clamp(0.0, 1.0) } else { 1.0 };
    Point { x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::model::Kind;
    use crate::testing;

    const TEXT: &str = "hello there my friend";

    fn config() -> Config {
        testing::config(Kind::Synthesis, &[9], 3)
    }

    /// A wave for each letter of a text, as high and long as writing in the corpus, 25 samples 20 ms apart.
    fn waves(text: &str) -> Vec<Vec<Sample>> {
        let mut strokes = Vec::new();
        for (place, word) in
            text.split(' ').scan(0, |at, word| Some((std::mem::replace(at, *at + word.len() + 1), word)))
        {
            let sample = |k: usize| {
                let letters = k as f64 / 25.0;
                let ms = 20.0 * (25.0 * place as f64 + k as f64);
                Sample { x: 180.0 * (place as f64 + letters), y: 115.0 * (std::f64::consts::TAU * letters).sin(), ms }
            };
            strokes.push((0..=25 * word.len()).map(sample).collect());
        }
        strokes
    }

    fn map(strokes: &[Vec<Sample>], to: impl Fn(Sample) -> Sample) -> Vec<Vec<Sample>> {
        strokes.iter().map(|stroke| stroke.iter().map(|&sample| to(sample)).collect()).collect()
    }

    fn turned(strokes: &[Vec<Sample>], scale: f64, angle: f64) -> Vec<Vec<Sample>> {
        let (sin, cos) = angle.sin_cos();
        let place =
            |s: Sample| Sample { x: 400.0 + scale * (cos * s.x - sin * s.y), y: scale * (sin * s.x + cos * s.y), ..s };
        map(strokes, place)
    }

    fn fitted(strokes: &[Vec<Sample>]) -> Points {
        fit(&config(), TEXT, strokes).unwrap().0
    }

    fn refused(strokes: &[Vec<Sample>]) -> Advice {
        fit(&config(), TEXT, strokes).unwrap_err()
    }

    /// Farthest that a point of one is from the way of the other.
    fn apart(a: &Points, b: &Points) -> f32 {
        let from = |p: &[f32; 3], q: &[f32; 3]| (p[0] - q[0]).hypot(p[1] - q[1]);
        let nearest = |p: &[f32; 3]| b.iter().map(|q| from(p, q)).fold(f32::MAX, f32::min);
        a.iter().map(nearest).fold(0.0, f32::max)
    }

    #[test]
    fn size_slope_place_and_pace_on_the_screen_do_not_matter() {
        let plain = fitted(&waves(TEXT));
        assert_eq!(plain[0][..2], [0.0; 2]);
        assert_eq!(plain.iter().filter(|point| point[2] > 0.5).count(), 4);
        let expected = 25.0 * TEXT.len() as f32;
        assert!((plain.len() as f32 / expected - 1.0).abs() < 0.02, "{} points, {expected} expected", plain.len());
        for (scale, angle, pace) in [(0.05, 0.0, 1.0), (3.0, 0.3, 0.2), (0.2, -0.4, 7.0), (200.0, 0.1, 0.9)] {
            let other = map(&turned(&waves(TEXT), scale, angle), |s| Sample { ms: 1e12 + pace * s.ms, ..s });
            let found = fitted(&other);
            assert!(found.len().abs_diff(plain.len()) <= 4, "{} and {}", found.len(), plain.len());
            assert!(apart(&found, &plain) < 20.0, "scale {scale}, angle {angle}: {} apart", apart(&found, &plain));
        }
    }

    #[test]
    fn points_are_dense_where_the_pen_was_slow_and_rests_do_not_count() {
        // The second word took three times as long, in the middle of the third the pen rested for a minute.
        let (second, third) = (6.0 * 180.0..12.0 * 180.0, 13.5 * 180.0);
        let slow = |s: Sample| {
            let ms = if second.contains(&s.x) { 3.0 * s.ms } else { s.ms };
            Sample { ms: if s.x > third { ms + 60_000.0 } else { ms }, ..s }
        };
        let [plain, slowed] = [fitted(&waves(TEXT)), fitted(&map(&waves(TEXT), slow))];
        let word = |points: &Points, n: usize| points.split_inclusive(|p| p[2] > 0.5).nth(n).unwrap().len() as f32;
        assert!(plain.len().abs_diff(slowed.len()) <= 4);
        let ratio = |n: usize| word(&slowed, n) / word(&plain, n);
        assert!(ratio(1) / ratio(0) > 2.5, "{} {}", ratio(1), ratio(0));
        assert!(ratio(2) / ratio(0) < 1.4, "a rest is not writing: {} {}", ratio(2), ratio(0));
    }

    #[test]
    fn without_usable_times_points_are_evenly_spaced() {
        for clock in [0.0, 1e-4] {
            let points = fitted(&map(&waves(TEXT), |s| Sample { ms: (s.ms * clock).floor() * 1e3, ..s }));
            let steps: Vec<f32> = points
                .windows(2)
                .filter(|pair| pair[0][2] < 0.5)
                .map(|pair| (pair[1][0] - pair[0][0]).hypot(pair[1][1] - pair[0][1]))
                .collect();
            let mean = steps.iter().sum::<f32>() / steps.len() as f32;
            // a chord across a crest is shorter than the way
            assert!(steps.iter().all(|step| *step > 0.4 * mean && *step < 1.5 * mean));
        }
    }

    #[test]
    fn times_that_come_in_bunches_are_spread() {
        let plain = fitted(&waves(TEXT));
        let bunched = fitted(&map(&waves(TEXT), |s| Sample { ms: (s.ms / 60.0).floor() * 60.0, ..s }));
        assert!(apart(&bunched, &plain) < 14.0, "{}", apart(&bunched, &plain));
        assert!(bunched.len().abs_diff(plain.len()) <= 4);
    }

    #[test]
    fn rows_become_one_line_and_a_late_dot_goes_to_its_row() {
        let mut rows = waves(TEXT);
        let wrap =
            |s: Sample| if s.x > 11.9 * 180.0 { Sample { x: s.x - 12.0 * 180.0, y: s.y + 500.0, ..s } } else { s };
        rows = map(&rows, wrap);
        rows.push(vec![Sample { x: 3.0 * 180.0, y: -200.0, ms: 1e5 }]);
        let found = fitted(&rows);
        let plain = fitted(&waves(TEXT));
        let span = |points: &Points, axis: usize| {
            let values = || points.iter().map(|p| p[axis]);
            values().fold(f32::MIN, f32::max) - values().fold(f32::MAX, f32::min)
        };
        assert!((span(&found, 0) / span(&plain, 0) - 1.0).abs() < 0.1, "{} {}", span(&found, 0), span(&plain, 0));
        assert!(span(&found, 1) < 500.0, "{}", span(&found, 1));
        assert_eq!(found.iter().filter(|point| point[2] > 0.5).count(), 5);
    }

    #[test]
    fn bad_ink_is_met_with_advice() {
        let ink = waves(TEXT);
        let at = |x: f64, y: f64| Sample { x, y, ms: 0.0 };
        assert_eq!(refused(&[]), Advice::Nothing);
        assert_eq!(refused(&[vec![], vec![]]), Advice::Nothing);
        assert_eq!(refused(&[vec![at(5.0, 5.0)]]), Advice::Dot);
        assert_eq!(refused(&turned(&ink, 0.001, 0.0)), Advice::Dot);
        assert_eq!(refused(&[vec![at(0.0, 0.0), at(900.0, 0.0)]]), Advice::TooLittle);
        assert_eq!(refused(&[(0..500).map(|k| at(f64::from(k), 0.0)).collect()]), Advice::Flat);
        assert_eq!(refused(&ink[..1]), Advice::TooLittle, "one word of four");
        let twice: Vec<_> =
            ink.iter().chain(&turned(&ink, 1.0, 0.0)).chain(&turned(&ink, 1.0, 0.01)).cloned().collect();
        assert_eq!(refused(&twice), Advice::TooLong, "written over itself");
        assert_eq!(refused(&turned(&ink, 1.0, 1.2)), Advice::Steep);
        assert_eq!(refused(&map(&ink, |s| Sample { x: -s.x, ..s })), Advice::Backwards);
        assert_eq!(refused(&turned(&ink, 1.0, 3.1)), Advice::Backwards, "upside down");
        for bad in [f64::NAN, f64::INFINITY, 1e9] {
            assert_eq!(
                refused(&map(&ink, |s| Sample { y: if s.ms > 900.0 { bad } else { s.y }, ..s })),
                Advice::Unreadable
            );
            assert_eq!(fit_free(&[vec![at(0.0, 0.0), at(bad, 50.0)]]), Err(Advice::Unreadable));
        }
        assert_eq!(refused(&vec![ink[0].clone(); MOST_STROKES + 1]), Advice::TooMuch);
        let few = |stroke: &Vec<Sample>| stroke.iter().step_by(19).copied().collect();
        assert_eq!(refused(&ink.iter().map(few).collect::<Vec<_>>()), Advice::TooFast);
        let stacked = |k: usize| map(&ink[..1], |s| Sample { y: s.y + 600.0 * k as f64, ..s }).remove(0);
        assert_eq!(refused(&(0..5).map(stacked).collect::<Vec<_>>()), Advice::Overlaid, "five rows of four words");
        for (text, advice) in
            [("hi", Advice::ShortText), ("hello there 😀", Advice::Alphabet), (&*"abc ".repeat(21), Advice::LongText)]
        {
            assert_eq!(fit(&config(), text, &ink), Err(advice));
        }
    }

    #[test]
    fn whatever_is_drawn_nothing_breaks() {
        use rand::{Rng, SeedableRng, rngs::ChaCha8Rng};
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut uniform = move || f64::from(rng.next_u32()) / f64::from(u32::MAX);
        let mut accepted = 0;
        for round in 0..400 {
            let scale = 10f64.powf(uniform() * 8.0 - 3.0);
            let mut strokes = Vec::new();
            let mut ms = 0.0;
            for _ in 0..(uniform() * 30.0) as usize {
                let mut stroke = Vec::new();
                for _ in 0..(uniform() * uniform() * 60.0) as usize {
                    ms += (uniform() * 50.0 - 10.0).floor();
                    let x = if round % 2 == 0 { ms * 0.3 + uniform() * 300.0 } else { uniform() * 1e3 };
                    stroke.push(Sample { x: scale * x, y: scale * uniform() * 200.0, ms });
                }
                strokes.push(stroke);
            }
            for points in
                [fit(&config(), TEXT, &strokes).map(|(points, _)| points), fit_free(&strokes)].into_iter().flatten()
            {
                accepted += 1;
                assert!(points.iter().flatten().all(|v| v.is_finite() && v.abs() < 1e6));
                assert!(points.len() < 20_000 && points.last().unwrap()[2] == 1.0);
            }
        }
        assert!(accepted > 100, "{accepted}");
    }

    #[test]
    fn free_strokes_are_sized_and_stay_as_they_lie() {
        let drawn = turned(&waves("abc def"), 0.2, 0.5);
        let points = fit_free(&drawn).unwrap();
        let [last, first] = [points[points.len() - 1], points[0]];
        let slope = (last[1] - first[1]) / (last[0] - first[0]);
        assert!((slope - 0.5f32.tan()).abs() < 0.05, "{slope}");
        assert!((80..400).contains(&points.len()), "{}", points.len());
        // a wave that is nearly flat
        let flat = map(&waves("abc def"), |s| Sample { y: s.y * 0.01, ..s });
        let points = fit_free(&flat).unwrap();
        assert!(points.iter().all(|p| p[0] < 4_200.0));
    }
}
