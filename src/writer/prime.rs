//! Given ink: lines begin as if a person had just written it, and go on in that hand.

use crate::error::{Error, Result};
use crate::ink::Point;
use crate::model::{Config, Kind};
use crate::text::alphabet::Alphabet;

/// Fewest points of given ink: half a second of writing. A dot says nothing of a hand.
const FEWEST: usize = 25;
/// Most points: three minutes of pen time, far more than the network keeps in mind.
const MOST: usize = 10_000;
/// Longest text of given ink, in characters.
const LONGEST: usize = 300;
/// Farthest that the pen may go from one point to the next, in the corpus' standard deviations.
const FARTHEST: f32 = 500.0;

/// Ink that the network reads before it writes, made for one network.
#[derive(Debug, Clone, PartialEq)]
pub struct Prime {
    /// Which network it is for.
    pub kind: Kind,
    /// What it says, as the network can write it; empty for a prediction network.
    pub text: String,
    /// Offsets `(dx, dy, pen)` from point to point, normalised as the network takes them. The pen lifts at the end.
    pub points: Vec<[f32; 3]>,
    /// Left edge and height of the first point, where it was given.
    pub start: Point,
    /// The last point, where it was given.
    pub end: Point,
}

impl Prime {
    /// Ink of places `points` `(x, y, above ½ where a stroke ends)` in corpus units, y down, at the network's rate
    /// ([`Config::sample_ms`]) and scale. `text` is what it says; a prediction network takes none.
    ///
    /// # Errors
    /// [`Error::Setting`] for text of which something cannot be written or nothing is left, and for points
    /// that are too few, too many, too far from each other or no numbers.
    pub fn new(config: &Config, text: &str, points: &[[f32; 3]]) -> Result<Self> {
        let text = match config.kind {
            Kind::Prediction => String::new(),
            Kind::Synthesis => encoded(config, text)?,
        };
        let count = points.len();
        if !(FEWEST..=MOST).contains(&count) || count <= text.chars().count() {
            return Err(bad(format!(
                "{count} points of ink; {FEWEST} to {MOST} are needed, and more than the text has characters"
            )));
        }
        if let Some(index) = points.iter().position(|point| point.iter().any(|v| !v.is_finite())) {
            return Err(bad(format!("point {index} of the ink is no number")));
        }
        let mut offsets: Vec<[f32; 3]> = points
            .windows(2)
            .map(|pair| {
                let [dx, dy] = config.normalised(pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]);
                [dx, dy, f32::from(u8::from(pair[1][2] > 0.5))]
            })
            .collect();
        let far = |[dx, dy, _]: &[f32; 3]| !(dx.abs() <= FARTHEST && dy.abs() <= FARTHEST);
        if let Some(index) = offsets.iter().position(far) {
            return Err(bad(format!("the pen leaps at point {} of the ink; is it in corpus units?", index + 1)));
        }
        // What comes next is new ink.
        if let Some(last) = offsets.last_mut() {
            last[2] = 1.0;
        }
        let [first, last] = [points[0], points[count - 1]];
        let left = points.iter().map(|point| point[0]).fold(first[0], f32::min);
        Ok(Self {
            kind: config.kind,
            text,
            points: offsets,
            start: Point { x: left, y: first[1] },
            end: Point { x: last[0], y: last[1] },
        })
    }
}

fn encoded(config: &Config, text: &str) -> Result<String> {
    let encoded = Alphabet::new(&config.alphabet).encode(text);
    if !encoded.left_out.is_empty() {
        let left_out: String = encoded.left_out.iter().collect();
        return Err(bad(format!("the network does not know {left_out:?} in the ink's text")));
    }
    let length = encoded.written.chars().count();
    if !(1..=LONGEST).contains(&length) {
        return Err(bad(format!("the ink's text has {length} characters; it needs 1 to {LONGEST}")));
    }
    Ok(encoded.written)
}

fn bad(problem: String) -> Error {
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
    fn places_become_offsets_as_the_network_takes_them() {
        let config = config(Kind::Synthesis);
        let points = testing::zigzag(40);
        let prime = Prime::new(&config, " ab\tc ", &points).unwrap();
        assert_eq!((prime.text.as_str(), prime.points.len()), ("ab c", 39));
        let mut at = points[0];
        for (offset, place) in prime.points.iter().zip(&points[1..]) {
            let offset = config.offset(*offset);
            at = [at[0] + offset.dx, at[1] + offset.dy, 0.0];
            assert!((at[0] - place[0]).abs() < 1e-2 && (at[1] - place[1]).abs() < 1e-2);
        }
        assert_eq!(prime.points[38][2], 1.0, "the pen is lifted at the end");
        assert_eq!(prime.points.iter().filter(|p| p[2] > 0.5).count(), 4);
        assert_eq!([prime.end.x, prime.end.y], [points[39][0], points[39][1]]);
    }

    #[test]
    fn bad_ink_is_refused_with_the_reason() {
        let refused = |kind: Kind, text: &str, points: &[[f32; 3]], part: &str| {
            let message = Prime::new(&config(kind), text, points).unwrap_err().to_string();
            assert!(message.starts_with("prime: ") && message.contains(part), "{message}");
        };
        let good = testing::zigzag(40);
        refused(Kind::Synthesis, " ", &good, "0 characters");
        refused(Kind::Synthesis, "a😀", &good, "does not know \"😀\"");
        refused(Kind::Synthesis, &"ab ".repeat(200), &testing::zigzag(4000), "599 characters");
        refused(Kind::Synthesis, &"ab".repeat(20), &good, "40 points");
        for kind in [Kind::Prediction, Kind::Synthesis] {
            refused(kind, "a", &good[..3], "3 points");
            refused(kind, "a", &testing::zigzag(10_001), "10001 points");
            for value in [f32::NAN, f32::INFINITY] {
                let mut points = good.clone();
                points[7][1] = value;
                refused(kind, "a", &points, "point 7 of the ink is no number");
            }
            let mut points = good.clone();
            points[7][0] = f32::MAX;
            points[6][0] = f32::MIN;
            refused(kind, "a", &points, "leaps at point 6");
        }
        assert_eq!(Prime::new(&config(Kind::Prediction), "😀", &good).unwrap().text, "");
    }
}
