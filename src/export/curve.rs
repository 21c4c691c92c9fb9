//! Flattens a stroke's curve into short straight segments, for formats without curves.

use crate::ink::Point;

/// A point of the flattened curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CurvePoint {
    pub at: Point,
    /// Position along the stroke: 2.5 is half-way between its points 2 and 3.
    pub index: f32,
}

/// Longest side of a stroke that is a dot, in millimetres.
const DOT: f32 = 0.02;

/// Whether a stroke, in millimetres, goes nowhere.
pub(super) fn is_dot(stroke: &[Point]) -> bool {
    let Some(first) = stroke.first() else { return false };
    stroke.iter().all(|p| (p.x - first.x).abs() < DOT && (p.y - first.y).abs() < DOT)
}

/// Points whose connecting segments are nowhere farther than `tolerance` from the curve that SVG files and the page
/// draw: quadratic curves between the midpoints of the stroke's points, with a straight start and end.
#[inline(never)]
pub(super) fn flatten(stroke: &[Point], tolerance: f32) -> Vec<CurvePoint> {
    let mut points = Vec::with_capacity(2 * stroke.len());
    let Some((&first, rest)) = stroke.split_first() else { return points };
    points.push(CurvePoint { at: first, index: 0.0 });
    let mut from = first;
    if rest.len() > 1 {
        from = middle(first, rest[0]);
        points.push(CurvePoint { at: from, index: 0.5 });
    }
    for (i, pair) in rest.windows(2).enumerate() {
        let (control, to) = (pair[0], middle(pair[0], pair[1]));
        // The chords of a quadratic curve in n equal parts are at most |a − 2b + c| / 4n² away from it.
        let bend = (from.x - 2.0 * control.x + to.x).hypot(from.y - 2.0 * control.y + to.y);
        let parts = (bend / (4.0 * tolerance)).sqrt().ceil().clamp(1.0, 64.0);
        for part in 1..=parts as usize {
            let t = part as f32 / parts;
            let (u, v, w) = ((1.0 - t) * (1.0 - t), 2.0 * t * (1.0 - t), t * t);
            let at = Point { x: u * from.x + v * control.x + w * to.x, y: u * from.y + v * control.y + w * to.y };
            points.push(CurvePoint { at, index: i as f32 + 0.5 + t });
        }
        from = to;
    }
    if let Some(&last) = rest.last() {
        points.push(CurvePoint { at: last, index: rest.len() as f32 });
    }
    points
}

fn middle(p: Point, q: Point) -> Point {
    Point { x: (p.x + q.x) / 2.0, y: (p.y + q.y) / 2.0 }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_points_begin_and_end_with_the_stroke_and_stay_near_its_curve() {
        let circle: Vec<Point> = (0..=12)
            .map(|i| (i as f32 / 12.0 * std::f32::consts::TAU).sin_cos())
            .map(|(y, x)| Point { x: 10.0 * x, y: 10.0 * y })
            .collect();
        let points = flatten(&circle, 0.01);
        assert_eq!((points[0].at, points.last().unwrap().at), (circle[0], circle[12]));
        assert_eq!(points.last().unwrap().index, 12.0);
        assert!(points.is_sorted_by(|a, b| a.index < b.index));
        // The curve touches the sides of the dodecagon at their midpoints.
        for pair in points[2..points.len() - 2].windows(2) {
            let m = middle(pair[0].at, pair[1].at);
            assert!((9.65..=9.85).contains(&m.x.hypot(m.y)), "{m:?}");
        }
        assert!(flatten(&circle, 1.0).len() < points.len());
    }

    #[test]
    fn short_strokes() {
        let p = Point { x: 1.0, y: 2.0 };
        assert!(flatten(&[], 0.1).is_empty());
        assert_eq!(flatten(&[p], 0.1), [CurvePoint { at: p, index: 0.0 }]);
        assert_eq!(flatten(&[p, Point { x: 3.0, y: 2.0 }], 0.1).len(), 2);
    }
}
