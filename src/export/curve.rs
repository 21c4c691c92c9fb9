//! A stroke's curve as a chain of short straight lines, for formats that know no curves.

use crate::ink::Point;

/// A point of the chain, and how fast the pen was there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    pub at: Point,
    /// Where along the stroke: 2.5 is half-way between its points 2 and 3.
    pub index: f32,
}

/// The chain, nowhere further than `tolerance` from the curve that SVG and the page draw: quadratic
/// curves between the midpoints of the stroke's points, a straight start and end.
#[inline(never)]
pub(super) fn flatten(stroke: &[Point], tolerance: f32) -> Vec<Sample> {
    let mut chain = Vec::with_capacity(2 * stroke.len());
    let Some((&first, rest)) = stroke.split_first() else { return chain };
    chain.push(Sample { at: first, index: 0.0 });
    let mut from = first;
    if rest.len() > 1 {
        from = middle(first, rest[0]);
        chain.push(Sample { at: from, index: 0.5 });
    }
    for (i, pair) in rest.windows(2).enumerate() {
        let (control, to) = (pair[0], middle(pair[0], pair[1]));
        // A quadratic curve in n equal parts leaves its chords by |a − 2b + c| / 4n².
        let bend = (from.x - 2.0 * control.x + to.x).hypot(from.y - 2.0 * control.y + to.y);
        let parts = (bend / (4.0 * tolerance)).sqrt().ceil().clamp(1.0, 64.0);
        for part in 1..=parts as usize {
            let t = part as f32 / parts;
            let (u, v, w) = ((1.0 - t) * (1.0 - t), 2.0 * t * (1.0 - t), t * t);
            let at = Point { x: u * from.x + v * control.x + w * to.x, y: u * from.y + v * control.y + w * to.y };
            chain.push(Sample { at, index: i as f32 + 0.5 + t });
        }
        from = to;
    }
    if let Some(&last) = rest.last() {
        chain.push(Sample { at: last, index: rest.len() as f32 });
    }
    chain
}

fn middle(p: Point, q: Point) -> Point {
    Point { x: (p.x + q.x) / 2.0, y: (p.y + q.y) / 2.0 }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_chain_begins_and_ends_with_the_stroke_and_stays_near_its_curve() {
        let circle: Vec<Point> = (0..=12)
            .map(|i| (i as f32 / 12.0 * std::f32::consts::TAU).sin_cos())
            .map(|(y, x)| Point { x: 10.0 * x, y: 10.0 * y })
            .collect();
        let chain = flatten(&circle, 0.01);
        assert_eq!((chain[0].at, chain.last().unwrap().at), (circle[0], circle[12]));
        assert_eq!(chain.last().unwrap().index, 12.0);
        assert!(chain.is_sorted_by(|a, b| a.index < b.index));
        // The curve touches the sides of the twelve-sided figure at their middles.
        for pair in chain[2..chain.len() - 2].windows(2) {
            let m = middle(pair[0].at, pair[1].at);
            assert!((9.65..=9.85).contains(&m.x.hypot(m.y)), "{m:?}");
        }
        assert!(flatten(&circle, 1.0).len() < chain.len());
    }

    #[test]
    fn short_strokes() {
        let p = Point { x: 1.0, y: 2.0 };
        assert!(flatten(&[], 0.1).is_empty());
        assert_eq!(flatten(&[p], 0.1), [Sample { at: p, index: 0.0 }]);
        assert_eq!(flatten(&[p, Point { x: 3.0, y: 2.0 }], 0.1).len(), 2);
    }
}
