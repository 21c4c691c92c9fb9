//! Priming ink: the network reads it before a line, and continues in its hand.

use crate::error::{Error, Result};
use crate::ink::Point;
use crate::model::{Config, Kind};
use crate::text::alphabet::Alphabet;

/// Fewest points of priming ink: half a second of writing. A dot does not show a hand.
const MIN_POINTS: usize = 25;
/// Most points: three minutes of pen time, far more than the network remembers.
const MAX_POINTS: usize = 10_000;
/// Longest text of priming ink, in characters.
const MAX_CHARACTERS: usize = 300;
/// Largest offset, in the corpus' standard deviations.
const MAX_OFFSET: f32 = 500.0;

/// Ink that a network reads before it writes, encoded for that network.
#[derive(Debug, Clone, PartialEq)]
pub struct Prime {
    /// Which network it is encoded for.
    pub kind: Kind,
    /// Its text, in the network's alphabet; empty for a prediction network.
    pub text: String,
    /// Offsets `(dx, dy, pen)` from point to point, normalised. The pen lifts at the end.
    pub offsets: Vec<[f32; 3]>,
    /// Left edge of the ink and height of its first point, in the coordinates of [`Prime::new`].
    pub start: Point,
    /// The last point, likewise.
    pub end: Point,
}

impl Prime {
    /// Encodes ink whose points are positions `(x, y, above ½ where a stroke ends)` in corpus units, y down, at the
    /// network's rate ([`Config::sample_ms`]) and scale. `text` is the ink's text; a prediction network ignores it.
    ///
    /// # Errors
    /// [`Error::Setting`] for text that is empty or not in the alphabet, and for points that are too few, too many,
    /// too far from each other or not finite.
    pub fn new(config: &Config, text: &str, points: &[[f32; 3]]) -> Result<Self> {
        let text = match config.kind {
            Kind::Prediction => String::new(),
            Kind::Synthesis => encoded(config, text)?,
        };
        let count = points.len();
        if !(MIN_POINTS..=MAX_POINTS).contains(&count) || count <= text.chars().count() {
            return Err(refused(format!(
                "{count} points of ink; it needs {MIN_POINTS} to {MAX_POINTS}, and more than its text has characters"
            )));
        }
        if let Some(index) = points.iter().position(|point| point.iter().any(|v| !v.is_finite())) {
            return Err(refused(format!("point {index} of the ink is not a finite number")));
        }
        let mut offsets: Vec<[f32; 3]> = points
            .windows(2)
            .map(|pair| {
                let [dx, dy] = config.normalised(pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]);
                [dx, dy, f32::from(u8::from(pair[1][2] > 0.5))]
            })
            .collect();
        let is_far = |[dx, dy, _]: &[f32; 3]| !(dx.abs() <= MAX_OFFSET && dy.abs() <= MAX_OFFSET);
        if let Some(index) = offsets.iter().position(is_far) {
            return Err(refused(format!(
                "the ink jumps too far at point {}. Its positions have to be in corpus units",
                index + 1
            )));
        }
        // The line's first stroke is a new one.
        if let Some(last) = offsets.last_mut() {
            last[2] = 1.0;
        }
        let [first, last] = [points[0], points[count - 1]];
        let left = points.iter().map(|point| point[0]).fold(first[0], f32::min);
        Ok(Self {
            kind: config.kind,
            text,
            offsets,
            start: Point { x: left, y: first[1] },
            end: Point { x: last[0], y: last[1] },
        })
    }

    /// What the network reads before a line's text: the ink's text and one character, `between`. Empty for a prediction
    /// network.
    pub(crate) fn text_before(&self, between: char) -> String {
        match self.kind {
            Kind::Prediction => String::new(),
            Kind::Synthesis => format!("{}{between}", self.text),
        }
    }

    /// Characters of [`Prime::text_before`].
    pub(crate) fn characters(&self) -> usize {
        self.text_before(' ').chars().count()
    }
}

fn encoded(config: &Config, text: &str) -> Result<String> {
    let encoded = Alphabet::new(&config.alphabet).encode(text);
    if !encoded.left_out.is_empty() {
        let left_out: String = encoded.left_out.iter().collect();
        return Err(refused(format!("the ink's text has characters that the network cannot write: {left_out:?}")));
    }
    let length = encoded.written.chars().count();
    if !(1..=MAX_CHARACTERS).contains(&length) {
        return Err(refused(format!("the ink's text has {length} characters; it needs 1 to {MAX_CHARACTERS}")));
    }
    Ok(encoded.written)
}

fn refused(problem: String) -> Error {
    Error::Setting { name: "prime".into(), problem }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::testing;

    fn config(kind: Kind) -> Config {
        testing::config(kind, &[9], 3)
    }

    #[test]
    fn positions_become_normalised_offsets() {
        let config = config(Kind::Synthesis);
        let points = testing::zigzag(40);
        let prime = Prime::new(&config, " ab\tc ", &points).unwrap();
        assert_eq!((prime.text.as_str(), prime.offsets.len()), ("ab c", 39));
        assert_eq!((prime.text_before('\n').as_str(), prime.characters()), ("ab c\n", 5));
        let mut at = points[0];
        for (offset, position) in prime.offsets.iter().zip(&points[1..]) {
            let offset = config.offset(*offset);
            at = [at[0] + offset.dx, at[1] + offset.dy, 0.0];
            assert!((at[0] - position[0]).abs() < 1e-2 && (at[1] - position[1]).abs() < 1e-2);
        }
        assert_eq!(prime.offsets[38][2], 1.0, "the pen is lifted at the end");
        assert_eq!(prime.offsets.iter().filter(|p| p[2] > 0.5).count(), 4);
        assert_eq!([prime.end.x, prime.end.y], [points[39][0], points[39][1]]);
    }

    #[test]
    fn unusable_ink_is_refused_with_the_reason() {
        let assert_refused = |kind: Kind, text: &str, points: &[[f32; 3]], part: &str| {
            let message = Prime::new(&config(kind), text, points).unwrap_err().to_string();
            assert!(message.starts_with("prime: ") && message.contains(part), "{message}");
        };
        let good = testing::zigzag(40);
        assert_refused(Kind::Synthesis, " ", &good, "0 characters");
        assert_refused(Kind::Synthesis, "a😀", &good, "cannot write: \"😀\"");
        assert_refused(Kind::Synthesis, &"ab ".repeat(200), &testing::zigzag(4000), "599 characters");
        assert_refused(Kind::Synthesis, &"ab".repeat(20), &good, "40 points");
        for kind in [Kind::Prediction, Kind::Synthesis] {
            assert_refused(kind, "a", &good[..3], "3 points");
            assert_refused(kind, "a", &testing::zigzag(10_001), "10001 points");
            for value in [f32::NAN, f32::INFINITY] {
                let mut points = good.clone();
                points[7][1] = value;
                assert_refused(kind, "a", &points, "point 7 of the ink is not a finite number");
            }
            let mut points = good.clone();
            points[7][0] = f32::MAX;
            points[6][0] = f32::MIN;
            assert_refused(kind, "a", &points, "jumps too far at point 6");
        }
        assert_eq!(Prime::new(&config(Kind::Prediction), "😀", &good).unwrap().text, "");
    }
}
