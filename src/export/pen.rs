//! What a pen's tip does to its line, as the page draws it (`www/sheet/pens.js`).

use crate::error::{Error, Result};
use crate::ink::Point;
use std::f32::consts::TAU;

/// The tip of a pen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tip {
    /// A line of one width.
    #[default]
    Fineliner,
    /// Broader where the pen is slow, and across its nib.
    Fountain,
    /// A line of one width, somewhat translucent.
    Pencil,
}

impl std::str::FromStr for Tip {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "fineliner" => Ok(Self::Fineliner),
            "fountain" => Ok(Self::Fountain),
            "pencil" => Ok(Self::Pencil),
            _ => Err(Error::Setting {
                name: "tip".into(),
                problem: format!("{name:?} is none of fineliner, fountain and pencil"),
            }),
        }
    }
}

/// Widths are in this part of the ordinary one: finer steps are not visible.
pub(super) const WIDTHS: f32 = 12.0;
/// Distance between points, in corpus units, at which the speed neither broadens nor narrows a fountain pen's line.
const NEUTRAL_DISTANCE: f32 = 34.0;
/// How much of a point's width comes from the one before, and how far back.
const MEMORY: f32 = 0.68;
const POINTS: usize = 6;
/// Angle of the nib, in radians.
const NIB: f32 = 0.7;
/// Width of a dot.
const DOT_WIDTH: f32 = 1.15;

/// A part of a stroke that has one width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Segment {
    pub from: Point,
    /// Of the quadratic curve; `None` for a straight line.
    pub control: Option<Point>,
    pub to: Point,
    /// In [`WIDTHS`].
    pub width: u32,
}

/// The curve through the midpoints between a stroke's points, in pieces; `scale` is the stroke's units in a corpus unit.
pub(super) fn segments(stroke: &[Point], tip: Tip, scale: f32) -> Vec<Segment> {
    let width = |i: usize| match tip {
        Tip::Fountain => (fountain_width(stroke, i, scale) * WIDTHS).round().max(1.0) as u32,
        Tip::Fineliner | Tip::Pencil => WIDTHS as u32,
    };
    let line = |from, to, width| Segment { from, control: None, to, width };
    let middle =
        |i: usize| Point { x: (stroke[i].x + stroke[i + 1].x) / 2.0, y: (stroke[i].y + stroke[i + 1].y) / 2.0 };
    let last = stroke.len().saturating_sub(1);
    match stroke {
        [] => Vec::new(),
        // Of no length: its round ends are the dot.
        [dot] => vec![line(*dot, *dot, width(0))],
        [first, ..] => {
            let mut segments = vec![line(*first, middle(0), width(1))];
            segments.extend((2..=last).map(|i| Segment {
                from: middle(i - 2),
                control: Some(stroke[i - 1]),
                to: middle(i - 1),
                width: width(i),
            }));
            segments.push(line(middle(last - 1), stroke[last], width(last)));
            segments
        }
    }
}

/// The control points of the cubic curve that is this quadratic one.
pub(super) fn cubic(from: Point, control: Point, to: Point) -> [Point; 2] {
    let towards =
        |end: Point| Point { x: end.x + (control.x - end.x) * 2.0 / 3.0, y: end.y + (control.y - end.y) * 2.0 / 3.0 };
    [towards(from), towards(to)]
}

/// Relative width of a fountain pen's line at a point: a weighted mean over the last points, so that it changes smoothly.
fn fountain_width(stroke: &[Point], i: usize, scale: f32) -> f32 {
    let (mut sum, mut weights, mut weight) = (0.0, 0.0, 1.0);
    for k in (1..=i).rev().take(POINTS) {
        let [dx, dy] = [stroke[k].x - stroke[k - 1].x, stroke[k].y - stroke[k - 1].y];
        sum += weight * nib_width(dx / scale, dy / scale);
        weights += weight;
        weight *= MEMORY;
    }
    if weights > 0.0 { sum / weights } else { DOT_WIDTH }
}

/// Relative width from one point to the next, in corpus units: broader where the pen is slow, and where it moves down to
/// the right, across its nib.
fn nib_width(dx: f32, dy: f32) -> f32 {
    let distance = dx.hypot(dy);
    let speed = 1.28 - 0.42 * (distance / NEUTRAL_DISTANCE).min(1.6);
    let across = if distance > 0.0 { (dy.atan2(dx) + NIB).rem_euclid(TAU).sin().abs() } else { 0.7 };
    speed * (0.66 + 0.5 * across)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(dx: f32, dy: f32) -> Vec<Point> {
        (0..10).map(|i| Point { x: i as f32 * dx, y: i as f32 * dy }).collect()
    }

    #[test]
    fn a_fountain_pen_is_broad_where_it_is_slow_and_across_its_nib() {
        let width = |stroke: &[Point]| segments(stroke, Tip::Fountain, 1.0)[8].width;
        assert!(width(&walk(5.0, 0.0)) > width(&walk(50.0, 0.0)));
        assert!(width(&walk(20.0, 20.0)) > width(&walk(20.0, -20.0)));
        assert!(segments(&walk(5.0, 1.0), Tip::Fineliner, 1.0).iter().all(|segment| segment.width == 12));
    }

    #[test]
    fn segments_join_from_the_first_point_to_the_last() {
        for count in 1..5 {
            let stroke = &walk(3.0, 4.0)[..count];
            let found = segments(stroke, Tip::Fountain, 1.0);
            assert_eq!((found[0].from, found[found.len() - 1].to), (stroke[0], stroke[count - 1]));
            assert!(found.windows(2).all(|pair| pair[0].to == pair[1].from), "{found:?}");
        }
        assert!(segments(&[], Tip::Pencil, 1.0).is_empty());
    }
}
