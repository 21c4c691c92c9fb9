//! Fits recorded strokes of any size and speed to the corpus' size and sampling rate.

use super::geometry::{Moments, Size, TimedPoint, Trace, rescale, segments};
use super::resample::resample;
use super::rows::{join_rows, split_rows};
use super::{Advice, MAX_CHARACTERS, MAX_SAMPLES, MAX_STROKES, MIN_LETTERS, Points, Sample};
use crate::model::Config;
use crate::text::alphabet::{Alphabet, Encoded};

/// Largest plausible coordinate of a sample, in whatever unit.
const MAX_COORDINATE: f64 = 1e6;
/// Ink that extends over fewer CSS pixels than this is a dot.
const DOT: f32 = 12.0;
/// Fewest samples per letter that still show curves.
const MIN_SAMPLES_PER_LETTER: f32 = 2.0;

/// Medians of 1,500 levelled lines of the corpus, in corpus units: length of the ink for each expected point, and
/// standard deviation of the ink's height.
const PATH_PER_POINT: f32 = 19.1;
/// See [`PATH_PER_POINT`].
const HEIGHT: f32 = 81.6;
/// Likewise: width per character, blanks counted.
const WIDTH_PER_CHARACTER: f32 = 183.0;
/// Plausible range of a line's ink, against its height and text, relative to the corpus (where one line in a hundred
/// is below 0.6, another above 1.6).
const INK_RANGE: [f32; 2] = [0.45, 2.4];
/// The same for its width.
const WIDTH_RANGE: [f32; 2] = [0.35, 3.5];
/// Fewest points of strokes without a text: a second of pen time.
const MIN_FREE_POINTS: f32 = 50.0;

/// Fits strokes that were written as `text` to the size and rate at which the network of `config` writes, and encodes
/// the text for that network. Several rows are joined into one line.
///
/// # Errors
/// The first [`Advice`] that applies.
pub fn fit(config: &Config, text: &str, strokes: &[Vec<Sample>]) -> Result<(Points, Encoded), Advice> {
    let strokes = clean(strokes)?;
    let text = encode(config, text)?;
    let letters = text.written.chars().filter(|c| *c != ' ').count() as f32;
    let samples = strokes.iter().map(Vec::len).sum::<usize>() as f32;
    if samples < letters {
        return Err(Advice::TooLittle);
    }
    if samples < MIN_SAMPLES_PER_LETTER * letters {
        return Err(Advice::TooFast);
    }
    let grid = grid(&strokes);
    let rows = split_rows(strokes);
    if rows.len() > text.written.split(' ').count() {
        return Err(Advice::Overlaid);
    }
    let characters = text.written.chars().count();
    let mut line = join_rows(rows, characters)?;
    let size = Size::of(&line);
    if size.height < 1e-3 * size.width || size.path < 1.15 * size.width {
        return Err(Advice::Flat);
    }
    if runs_backwards(&line) {
        return Err(Advice::Backwards);
    }
    let expected = expected_points(config, &text.written);
    let ink = size.path / size.height * (HEIGHT / PATH_PER_POINT) / expected;
    let width = size.width / size.height * (HEIGHT / WIDTH_PER_CHARACTER) / characters as f32;
    if ink < INK_RANGE[0] || width < WIDTH_RANGE[0] {
        return Err(Advice::TooLittle);
    }
    if ink > INK_RANGE[1] || width > WIDTH_RANGE[1] {
        return Err(Advice::TooLong);
    }
    // Geometric mean of the scales by height and by length of ink.
    let scale = (HEIGHT / size.height * (PATH_PER_POINT * expected / size.path)).sqrt();
    rescale(&mut line, scale);
    Ok((resample(&line, expected, scale * grid), text))
}

/// Takes strokes of several lines of writing, below each other, apart.
///
/// # Errors
/// [`Advice::Nothing`], [`Advice::Dot`], [`Advice::Unreadable`] or [`Advice::TooMuch`].
pub fn split_lines(strokes: &[Vec<Sample>]) -> Result<Vec<Vec<Vec<Sample>>>, Advice> {
    let sample = |point: &TimedPoint| Sample { x: point.x.into(), y: point.y.into(), ms: point.ms };
    let rows = split_rows(clean(strokes)?);
    Ok(rows.iter().map(|row| row.iter().map(|trace| trace.iter().map(sample).collect()).collect()).collect())
}

/// Fits strokes without a text, for the prediction network to continue. They are scaled but not levelled.
///
/// # Errors
/// [`Advice::Nothing`], [`Advice::Dot`], [`Advice::Unreadable`] or [`Advice::TooMuch`].
pub fn fit_free(strokes: &[Vec<Sample>]) -> Result<Points, Advice> {
    let mut strokes = clean(strokes)?;
    let size = Size::of(&strokes);
    let moments = Moments::of(&strokes);
    // Writing is scaled by its height; a drawing with hardly any height, such as a wave, by its width.
    let height = if moments.is_elongated() { moments.across() } else { size.height };
    let scale = HEIGHT / height.max(0.02 * size.width).max(1e-3);
    let grid = scale * grid(&strokes);
    rescale(&mut strokes, scale);
    let count = size.path * scale / PATH_PER_POINT + strokes.len() as f32;
    Ok(resample(&strokes, count.max(MIN_FREE_POINTS), grid))
}

/// Strokes relative to the first sample, without repeated positions, with times that never decrease.
fn clean(strokes: &[Vec<Sample>]) -> Result<Vec<Trace>, Advice> {
    if strokes.len() > MAX_STROKES || strokes.iter().map(Vec::len).sum::<usize>() > MAX_SAMPLES {
        return Err(Advice::TooMuch);
    }
    let is_valid = |s: &Sample| s.x.abs() <= MAX_COORDINATE && s.y.abs() <= MAX_COORDINATE && s.ms.is_finite();
    if !strokes.iter().flatten().all(is_valid) {
        return Err(Advice::Unreadable);
    }
    let Some(first) = strokes.iter().flatten().next().copied() else { return Err(Advice::Nothing) };
    let mut cleaned = Vec::new();
    for stroke in strokes.iter().filter(|stroke| !stroke.is_empty()) {
        let mut trace: Trace = Vec::with_capacity(stroke.len());
        for sample in stroke {
            let mut point =
                TimedPoint { x: (sample.x - first.x) as f32, y: (sample.y - first.y) as f32, ms: sample.ms };
            match trace.last() {
                Some(last) if (last.x, last.y) == (point.x, point.y) => continue,
                Some(last) => point.ms = point.ms.max(last.ms),
                None => {}
            }
            trace.push(point);
        }
        cleaned.push(trace);
    }
    let extent = |of: fn(&TimedPoint) -> f32| {
        let values = || cleaned.iter().flatten().map(of);
        values().fold(f32::MIN, f32::max) - values().fold(f32::MAX, f32::min)
    };
    if extent(|point| point.x).max(extent(|point| point.y)) < DOT {
        return Err(Advice::Dot);
    }
    Ok(cleaned)
}

/// How far apart the positions are that the recording tells apart: 1 for whole pixels, next to nothing for exact ones.
fn grid(strokes: &[Trace]) -> f32 {
    let steps = strokes
        .iter()
        .flat_map(|stroke| stroke.windows(2))
        .flat_map(|pair| [pair[1].x - pair[0].x, pair[1].y - pair[0].y].into_iter().filter(|step| *step != 0.0));
    let least = steps.fold(f32::MAX, |least, step| least.min(step.abs()));
    if least < f32::MAX { least } else { 0.0 }
}

/// Encodes a sentence from which a hand can be learnt.
fn encode(config: &Config, text: &str) -> Result<Encoded, Advice> {
    let text = Alphabet::new(&config.alphabet).encode(text);
    if !text.left_out.is_empty() {
        return Err(Advice::Alphabet);
    }
    if text.written.chars().filter(|c| *c != ' ').count() < MIN_LETTERS {
        return Err(Advice::ShortText);
    }
    if text.written.chars().count() > MAX_CHARACTERS {
        return Err(Advice::LongText);
    }
    Ok(text)
}

/// Whether the pen moved to the left as it wrote: whether x decreases with the distance along the ink.
fn runs_backwards(line: &[Trace]) -> bool {
    let total = segments(line).map(|segment| segment.length).sum::<f32>().max(f32::MIN_POSITIVE);
    let middle = Moments::of(line).x;
    let mut along = 0.0;
    let mut covariance = 0.0;
    for segment in segments(line) {
        covariance += (along + segment.length / 2.0 - total / 2.0) * (segment.x - middle) * segment.length;
        along += segment.length;
    }
    covariance < 0.0
}

/// Points that a text takes in the corpus.
fn expected_points(config: &Config, text: &str) -> f32 {
    let index = |c: char| config.alphabet.chars().position(|other| other == c);
    let dwell = |c: char| index(c).and_then(|index| config.dwell.get(index)).copied().unwrap_or(1.0);
    text.chars().map(dwell).sum::<f32>() * config.points_per_character
}
