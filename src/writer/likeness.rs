//! What a learnt hand needs beside its biases to be as large and as slanted as the ink that it was learnt from.
//!
//! Learning moves the letters' shapes; but the network writes smaller than the ink, by a fifth in the mean, and a little
//! more upright. So some words are written in the hand and measured as its ink is.

use super::tolerance::PHRASES;
use super::{Result, Settings, Writer};
use crate::ink::{Adjustment, Ink, Point, Stroke};
use crate::model::{Hand, Kind};
use std::sync::Arc;

/// Ink is made at most so many times as large or as small, and is moved to the side by at most so much of its height.
const MOST_SCALE: f32 = 1.7;
const MOST_SHEAR: f32 = 0.5;
/// How often each phrase is written.
const TAKES: usize = 4;

impl Writer {
    /// The hand of `settings`, adjusted so that what these settings write is as large and as slanted as `lines`, its
    /// own ink as the network reads it: positions `(x, y, above ½ where a stroke ends)` in corpus units. Without ink
    /// that can be measured, the hand as it is. Ends what is being written.
    ///
    /// # Errors
    /// As [`Writer::start`] and [`Writer::next`].
    pub async fn adjusted_hand(&mut self, settings: &Settings, lines: &[&[[f32; 3]]]) -> Result<Option<Arc<Hand>>> {
        let (Some(hand), Some(weights)) = (&settings.hand, self.weights(Kind::Synthesis)) else { return Ok(None) };
        let config = &weights.config;
        let own = mean(lines.iter().map(|line| Shape::of(&strokes(line))));
        if !hand.fits(config) {
            return Ok(Some(Arc::clone(hand)));
        }
        let hand = Hand::clone(hand).with_adjustment(config, Adjustment::default());
        let config = config.clone();
        let unadjusted = Settings { hand: Some(Arc::new(hand.clone())), ..settings.clone() };
        let mut written = Vec::new();
        // Sizes of single lines vary by a tenth.
        for (line, phrase) in (0..).zip([PHRASES; TAKES].concat()) {
            self.start(phrase, &Settings { line, ..unadjusted.clone() }).await?;
            while self.next().await?.is_some() {}
            let Ink { strokes } = self.ink();
            written.push(Shape::of(&strokes));
        }
        let (Some(own), Some(written)) = (own, mean(written.into_iter())) else { return Ok(Some(Arc::new(hand))) };
        let scale = (own.height - written.height).exp().clamp(MOST_SCALE.recip(), MOST_SCALE);
        let shear = (own.slant - written.slant).clamp(-MOST_SHEAR, MOST_SHEAR);
        Ok(Some(Arc::new(hand.with_adjustment(&config, Adjustment { scale, shear }))))
    }
}

/// Size and slant of ink.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shape {
    /// Logarithm of its height: the mean of those of the middle half and the middle nine tenths of its points.
    height: f32,
    /// How far downstrokes go to the right for each unit that they go down.
    slant: f32,
}

impl Shape {
    /// Of a line of ink; `None` of a dot, or of a line without a downstroke.
    fn of(strokes: &[Stroke]) -> Option<Self> {
        let points: Vec<Point> = strokes.iter().flatten().copied().collect();
        let [mut right, mut down] = [0.0; 2];
        for pair in strokes.iter().flat_map(|stroke| stroke.windows(2)) {
            let [dx, dy] = [pair[1].x - pair[0].x, pair[1].y - pair[0].y];
            if dy > dx.abs() {
                (right, down) = (right + dx, down + dy);
            }
        }
        let mut heights: Vec<f64> = above_line(&points).into_iter().map(f64::from).collect();
        heights.sort_unstable_by(f64::total_cmp);
        let at = |share: f32| heights.get((share * (heights.len().saturating_sub(1)) as f32).round() as usize).copied();
        let most = at(0.95)? - at(0.05)?;
        let middle = at(0.75)? - at(0.25)?;
        let [most, middle] = [most, middle].map(|height| height as f32);
        (most > 0.0 && middle > 0.0 && down > 0.0)
            .then(|| Self { height: f32::midpoint(most.ln(), middle.ln()), slant: right / down })
    }
}

/// How far each point lies below the line that fits all of them best (least squares).
fn above_line(points: &[Point]) -> Vec<f32> {
    let count = points.len().max(1) as f32;
    let [x, y] = points.iter().fold([0.0; 2], |[x, y], point| [x + point.x / count, y + point.y / count]);
    let [mut across, mut square] = [0.0, 0.0];
    for point in points {
        across += (point.x - x) * (point.y - y);
        square += (point.x - x) * (point.x - x);
    }
    let slope = if square > 0.0 { across / square } else { 0.0 };
    points.iter().map(|point| point.y - y - slope * (point.x - x)).collect()
}

/// Positions as strokes.
fn strokes(positions: &[[f32; 3]]) -> Vec<Stroke> {
    let ends = positions.split_inclusive(|[.., pen]| *pen > 0.5);
    ends.map(|stroke| stroke.iter().map(|&[x, y, _]| Point { x, y }).collect()).collect()
}

fn mean(shapes: impl Iterator<Item = Option<Shape>>) -> Option<Shape> {
    let shapes: Vec<Shape> = shapes.flatten().collect();
    let mean = |of: fn(&Shape) -> f32| shapes.iter().map(of).sum::<f32>() / shapes.len() as f32;
    (!shapes.is_empty()).then(|| Shape { height: mean(|shape| shape.height), slant: mean(|shape| shape.slant) })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::ink::Offset;

    /// A wave that falls to the right, as positions.
    fn wave() -> Vec<[f32; 3]> {
        (0..600)
            .map(|n| {
                [n as f32 * 12.0, n as f32 * 0.2 + 100.0 * (n as f32 * 0.7).sin(), f32::from(u8::from(n % 12 == 11))]
            })
            .collect()
    }

    #[test]
    fn the_shape_tells_an_adjustment() {
        let own = Shape::of(&strokes(&wave())).unwrap();
        let adjustment = Adjustment { scale: 1.3, shear: 0.2 };
        let positions = wave();
        let mut at = [positions[0][0], positions[0][1]];
        let mut adjusted = vec![[at[0], at[1], positions[0][2]]];
        for pair in positions.windows(2) {
            let offset = Offset { dx: pair[1][0] - pair[0][0], dy: pair[1][1] - pair[0][1], pen_lift: false };
            let Offset { dx, dy, .. } = adjustment.offset(offset);
            at = [at[0] + dx, at[1] + dy];
            adjusted.push([at[0], at[1], pair[1][2]]);
        }
        let other = Shape::of(&strokes(&adjusted)).unwrap();
        assert!((other.height - own.height - 1.3f32.ln()).abs() < 0.02, "{own:?} {other:?}");
        assert!((other.slant - own.slant - 0.2).abs() < 0.05, "{own:?} {other:?}");
    }

    #[test]
    fn a_dot_and_nothing_have_no_shape() {
        assert_eq!(Shape::of(&[]), None);
        assert_eq!(Shape::of(&strokes(&[[5.0, 5.0, 1.0]])), None);
        assert_eq!(Shape::of(&strokes(&[[5.0, 5.0, 0.0], [90.0, 5.0, 1.0]])), None);
    }
}
