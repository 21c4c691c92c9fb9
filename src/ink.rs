//! Ink: offsets, as the networks write, and strokes with positions.

/// A position, in corpus units unless stated otherwise; y grows downward.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
}

/// A movement of the pen from the previous point.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Offset {
    /// To the right, in corpus units.
    pub dx: f32,
    /// Down, in corpus units.
    pub dy: f32,
    /// Whether the stroke ends with this point [G: x₃].
    pub pen_lift: bool,
}

/// What changes the size and the slant of ink: `(x, y)` becomes `scale · (x + shear · y, y)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adjustment {
    /// How many times as large ink becomes.
    pub scale: f32,
    /// How far a point moves to the right for each unit that it lies lower.
    pub shear: f32,
}

impl Default for Adjustment {
    /// Changes nothing.
    fn default() -> Self {
        Self { scale: 1.0, shear: 0.0 }
    }
}

impl Adjustment {
    /// An offset of the ink, changed.
    pub fn offset(&self, offset: Offset) -> Offset {
        let Self { scale, shear } = *self;
        Offset { dx: scale * (offset.dx + shear * offset.dy), dy: scale * offset.dy, ..offset }
    }

    /// The matrix `[[xx, xy], [yx, yy]]` that first adjusts and then does what `map` does.
    pub fn then(&self, map: [[f64; 2]; 2]) -> [[f64; 2]; 2] {
        let [scale, shear] = [self.scale, self.shear].map(f64::from);
        map.map(|[x, y]| [scale * x, scale * (shear * x + y)])
    }
}

/// The points between two pen lifts.
pub type Stroke = Vec<Point>;

/// Strokes in the order in which they were drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ink {
    /// No stroke is empty.
    pub strokes: Vec<Stroke>,
}

/// The bounding box of ink.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bounds {
    /// Upper left corner.
    pub min: Point,
    /// Lower right corner.
    pub max: Point,
}

impl Ink {
    /// Strokes from offsets. The pen starts on the paper at `origin`, which is the first point of the first stroke.
    pub fn from_offsets(origin: Point, offsets: &[Offset]) -> Self {
        let mut ink = Self::default();
        let mut at = origin;
        let mut stroke = vec![origin];
        for offset in offsets {
            at = Point { x: at.x + offset.dx, y: at.y + offset.dy };
            stroke.push(at);
            if offset.pen_lift {
                ink.strokes.push(std::mem::take(&mut stroke));
            }
        }
        // The origin alone, without any offset, is no ink.
        if stroke.len() > 1 || (!stroke.is_empty() && !offsets.is_empty()) {
            ink.strokes.push(stroke);
        }
        ink
    }

    /// Strokes from positions (x, y, above ½ where a stroke ends).
    pub fn from_points(points: &[[f32; 3]]) -> Self {
        let mut ink = Self::default();
        for stroke in points.split_inclusive(|&[_, _, pen]| pen > 0.5) {
            ink.strokes.push(stroke.iter().map(|&[x, y, _]| Point { x, y }).collect());
        }
        ink
    }

    /// The bounding box; `None` without ink.
    pub fn bounds(&self) -> Option<Bounds> {
        let mut points = self.strokes.iter().flatten();
        let first = *points.next()?;
        Some(points.fold(Bounds { min: first, max: first }, |b, p| Bounds {
            min: Point { x: b.min.x.min(p.x), y: b.min.y.min(p.y) },
            max: Point { x: b.max.x.max(p.x), y: b.max.y.max(p.y) },
        }))
    }

    /// Appends other ink, shifted by `by`.
    pub fn append(&mut self, other: &Ink, by: Point) {
        let moved = |s: &Stroke| s.iter().map(|p| Point { x: p.x + by.x, y: p.y + by.y }).collect();
        self.strokes.extend(other.strokes.iter().map(moved));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const fn to(dx: f32, dy: f32, pen_lift: bool) -> Offset {
        Offset { dx, dy, pen_lift }
    }

    #[test]
    fn offsets_become_strokes_at_pen_lifts() {
        let offsets = [to(1.0, 0.0, false), to(1.0, 1.0, true), to(5.0, 0.0, false), to(0.0, 2.0, true)];
        let ink = Ink::from_offsets(Point { x: 10.0, y: 0.0 }, &offsets);
        assert_eq!(ink.strokes.len(), 2);
        assert_eq!(ink.strokes[0].len(), 3, "the origin belongs to the first stroke");
        assert_eq!(ink.strokes[1], [Point { x: 17.0, y: 1.0 }, Point { x: 17.0, y: 3.0 }]);
        let bounds = ink.bounds().unwrap();
        assert_eq!((bounds.min.x, bounds.max.x, bounds.max.y), (10.0, 17.0, 3.0));
    }

    #[test]
    fn a_dot_is_a_stroke_of_one_point_and_no_offsets_are_no_ink() {
        let ink = Ink::from_offsets(Point::default(), &[to(1.0, 0.0, true), to(3.0, 0.0, true)]);
        assert_eq!(ink.strokes[1], [Point { x: 4.0, y: 0.0 }]);
        assert!(Ink::from_offsets(Point::default(), &[]).strokes.is_empty());
        assert_eq!(Ink::default().bounds(), None);
    }

    #[test]
    fn points_become_strokes_at_pen_lifts() {
        let ink = Ink::from_points(&[[1.0, 2.0, 0.0], [3.0, 4.0, 1.0], [5.0, 6.0, 0.0]]);
        assert_eq!(
            ink.strokes,
            [vec![Point { x: 1.0, y: 2.0 }, Point { x: 3.0, y: 4.0 }], vec![Point { x: 5.0, y: 6.0 }]]
        );
        assert_eq!(Ink::from_points(&[]), Ink::default());
    }

    #[test]
    fn an_unfinished_stroke_is_kept() {
        let ink = Ink::from_offsets(Point::default(), &[to(1.0, 0.0, true), to(1.0, 0.0, false), to(1.0, 0.0, false)]);
        assert_eq!(ink.strokes.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    }
}
