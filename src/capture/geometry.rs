//! Shapes of recorded strokes: segments, moments, size, and the line through a row of writing.

use crate::ink::Point;

/// A sample relative to the first one, without the repetitions that a resting pen leaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TimedPoint {
    pub x: f32,
    pub y: f32,
    pub ms: f64,
}

/// One stroke.
pub(super) type Trace = Vec<TimedPoint>;

/// A straight piece of a stroke, between two samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Segment {
    /// Its midpoint.
    pub x: f32,
    pub y: f32,
    pub length: f32,
}

impl Segment {
    pub fn between(a: &TimedPoint, b: &TimedPoint) -> Self {
        Self { x: (a.x + b.x) / 2.0, y: (a.y + b.y) / 2.0, length: (b.x - a.x).hypot(b.y - a.y) }
    }
}

/// The segments of one stroke.
pub(super) fn stroke_segments(stroke: &[TimedPoint]) -> impl Iterator<Item = Segment> {
    stroke.windows(2).map(|pair| Segment::between(&pair[0], &pair[1]))
}

/// The segments of all strokes; pen-up moves have none.
pub(super) fn segments(strokes: &[Trace]) -> impl Iterator<Item = Segment> {
    strokes.iter().flat_map(|stroke| stroke_segments(stroke))
}

/// Length of the ink.
pub(super) fn path_length(strokes: &[Trace]) -> f32 {
    segments(strokes).map(|segment| segment.length).sum()
}

/// Multiplies all positions by `scale`.
pub(super) fn rescale(strokes: &mut [Trace], scale: f32) {
    for point in strokes.iter_mut().flatten() {
        point.x *= scale;
        point.y *= scale;
    }
}

/// Left and right edge.
fn horizontal_range(strokes: &[Trace]) -> (f32, f32) {
    strokes.iter().flatten().fold((f32::MAX, f32::MIN), |(left, right), point| (left.min(point.x), right.max(point.x)))
}

/// Mean position and covariances of the ink, weighted by length.
pub(super) struct Moments {
    pub x: f32,
    pub y: f32,
    xx: f32,
    xy: f32,
    yy: f32,
}

impl Moments {
    pub fn of(strokes: &[Trace]) -> Self {
        let total = path_length(strokes).max(f32::MIN_POSITIVE);
        let mean =
            |of: &dyn Fn(f32, f32) -> f32| segments(strokes).map(|s| of(s.x, s.y) * s.length).sum::<f32>() / total;
        let (x, y) = (mean(&|x, _| x), mean(&|_, y| y));
        Self {
            x,
            y,
            xx: mean(&|a, _| (a - x).powi(2)),
            xy: mean(&|a, b| (a - x) * (b - y)),
            yy: mean(&|_, b| (b - y).powi(2)),
        }
    }

    /// Whether the principal axis is much longer than the other: three times in standard deviations.
    pub fn is_elongated(&self) -> bool {
        let (sum, difference) = (self.xx + self.yy, (self.xx - self.yy).hypot(2.0 * self.xy));
        sum + difference > 9.0 * (sum - difference)
    }

    /// Standard deviation across the principal axis.
    pub fn across(&self) -> f32 {
        let (sum, difference) = (self.xx + self.yy, (self.xx - self.yy).hypot(2.0 * self.xy));
        ((sum - difference) / 2.0).max(0.0).sqrt()
    }

    /// Angle of the principal axis, within a quarter turn either way.
    pub fn angle(&self) -> f32 {
        0.5 * (2.0 * self.xy).atan2(self.xx - self.yy)
    }
}

/// Size of levelled writing.
pub(super) struct Size {
    /// Length of the ink.
    pub path: f32,
    /// Standard deviation of the ink's height.
    pub height: f32,
    pub width: f32,
}

impl Size {
    pub fn of(strokes: &[Trace]) -> Self {
        let (left, right) = horizontal_range(strokes);
        Self { path: path_length(strokes), height: Moments::of(strokes).yy.sqrt(), width: right - left }
    }
}

/// A row of writing as a band along a straight line.
pub(super) struct Band {
    pub left: f32,
    pub right: f32,
    /// Height of the band: that of the middle eight tenths of evenly distributed ink.
    pub height: f32,
    slope: f32,
    middle: Point,
}

impl Band {
    pub fn of(row: &[Trace]) -> Self {
        let moments = Moments::of(row);
        let is_wide = moments.xx > 4.0 * moments.yy;
        let slope = if is_wide { moments.xy / moments.xx } else { 0.0 };
        let (left, right) = horizontal_range(row);
        let spread = (moments.yy - slope * moments.xy).max(0.0).sqrt();
        Self { left, right, height: 2.5 * spread, slope, middle: Point { x: moments.x, y: moments.y } }
    }

    /// Height of the line at x.
    pub fn y_at(&self, x: f32) -> f32 {
        self.middle.y + self.slope * (x - self.middle.x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A zigzag of 40 units along a line of this slope, 400 wide.
    fn zigzag(slope: f32) -> Trace {
        let point = |k: u16| {
            let x = f32::from(k) * 4.0;
            TimedPoint { x, y: slope * x + if k.is_multiple_of(2) { 20.0 } else { -20.0 }, ms: 0.0 }
        };
        (0..=100).map(point).collect()
    }

    #[test]
    fn moments_and_bands_follow_the_line() {
        for slope in [0.0f32, 0.3, -0.2] {
            let strokes = [zigzag(slope)];
            let moments = Moments::of(&strokes);
            assert!(moments.is_elongated() && (moments.angle() - slope.atan()).abs() < 0.02, "{}", moments.angle());
            let band = Band::of(&strokes);
            assert_eq!((band.left, band.right), (0.0, 400.0));
            assert!((band.y_at(300.0) - slope * 300.0).abs() < 5.0, "{}", band.y_at(300.0));
        }
        let square = [zigzag(0.0), zigzag(0.0).iter().map(|p| TimedPoint { x: p.y, y: p.x, ms: 0.0 }).collect()];
        assert!(!Moments::of(&square).is_elongated());
    }

    #[test]
    fn pen_up_moves_have_no_length() {
        let right = |by: f32| zigzag(0.0).iter().map(|p| TimedPoint { x: p.x + by, ..*p }).collect::<Trace>();
        let size = Size::of(&[right(0.0), right(1000.0)]);
        assert_eq!(size.width, 1400.0);
        assert!((size.path - 200.0 * 4f32.hypot(40.0)).abs() < 1.0, "{}", size.path);
    }
}
