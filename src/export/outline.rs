//! SVG of filled outlines: more ink flows where the pen is slow, so the line is wider there.

use super::curve::{CurvePoint, flatten};
use super::svg::{numbers, open};
use super::text::{number, xml};
use super::{Layout, Options};
use crate::ink::{Ink, Point};

/// Largest distance of the outline from the curve, in millimetres.
const TOLERANCE: f32 = 0.01;
/// Smallest distance of two discs, in millimetres: between nearer ones the direction is noise.
const MIN_DISTANCE: f32 = 0.03;
/// Cosine of the largest turn without a corner.
const SMOOTH_TURN: f32 = 0.96;

/// Each stroke as one filled path.
///
/// A path runs along one side of the stroke and back along the other. At a sharp turn the outer side follows an arc
/// and the inner side passes through the turn's vertex, so that every part of the stroke has the same winding
/// direction and overlapping parts leave no holes.
pub(super) fn outlines(ink: &Ink, layout: &Layout, options: &Options, out: &mut String) {
    open(layout, options, out);
    out.push_str("<g fill=\"");
    xml(&options.color, out);
    out.push_str("\" stroke=\"none\">\n");
    let typical = typical_speed(ink);
    for stroke in &ink.strokes {
        let radii = radii(stroke, typical, options.line_width);
        out.push_str("<path d=\"");
        outline(&chain(stroke, &radii), out);
        out.push_str("\"/>\n");
    }
    out.push_str("</g>\n</svg>\n");
}

/// One position of the pen's round tip; the stroke covers everything between consecutive discs.
#[derive(Debug, Clone, Copy)]
struct Disc {
    at: Point,
    radius: f32,
}

/// Mean distance between consecutive points, which are sampled at equal intervals of time.
fn typical_speed(ink: &Ink) -> f32 {
    let (mut path, mut steps) = (0.0, 0.0);
    for pair in ink.strokes.iter().flat_map(|stroke| stroke.windows(2)) {
        path += distance(pair[0], pair[1]);
        steps += 1.0;
    }
    if path > 0.0 { path / steps } else { 1.0 }
}

/// Radius at each point of a stroke: half of the line's width, times 1.5 at rest, down to 0.5 at high speed.
fn radii(stroke: &[Point], typical: f32, line_width: f32) -> Vec<f32> {
    let step = |i: usize| distance(stroke[i - 1], stroke[i]);
    let last = stroke.len().saturating_sub(1);
    let mut speeds: Vec<f32> = (0..stroke.len())
        .map(|i| match i {
            _ if last == 0 => 0.0,
            0 => step(1),
            _ if i == last => step(last),
            _ => (step(i) + step(i + 1)) / 2.0,
        })
        .collect();
    // Smoothed, so that the pen's tremor does not show in the width.
    for _ in 0..3 {
        let before = speeds.clone();
        for i in 0..=last {
            speeds[i] = (before[i.saturating_sub(1)] + 2.0 * before[i] + before[(i + 1).min(last)]) / 4.0;
        }
    }
    speeds.iter().map(|speed| line_width / 2.0 * (0.5 + typical / (typical + speed))).collect()
}

/// The stroke's discs, at least [`MIN_DISTANCE`] apart.
fn chain(stroke: &[Point], radii: &[f32]) -> Vec<Disc> {
    let disc = |&CurvePoint { at, index }: &CurvePoint| {
        let (i, fraction) = (index as usize, index.fract());
        let next = (i + 1).min(radii.len() - 1);
        Disc { at, radius: radii[i] * (1.0 - fraction) + radii[next] * fraction }
    };
    let mut chain: Vec<Disc> = Vec::new();
    for sample in &flatten(stroke, TOLERANCE) {
        let disc = disc(sample);
        if chain.last().is_none_or(|last| distance(last.at, disc.at) >= MIN_DISTANCE) {
            chain.push(disc);
        }
    }
    chain
}

/// Appends the outline of a chain of discs.
fn outline(chain: &[Disc], out: &mut String) {
    let (Some(first), Some(last)) = (chain.first(), chain.last()) else { return };
    if chain.len() == 1 {
        let Disc { at, radius } = *first;
        move_to(shifted(at, [-1.0, 0.0], radius), out);
        arc_to(shifted(at, [1.0, 0.0], radius), radius, out);
        arc_to(shifted(at, [-1.0, 0.0], radius), radius, out);
        out.push('Z');
        return;
    }
    // Both sides in the stroke's direction: corners, each with the radius of the arc that leads to it, or 0.
    let (mut left, mut right) = (Vec::<(Point, f32)>::new(), Vec::<(Point, f32)>::new());
    let directions: Vec<[f32; 2]> = chain.windows(2).map(|pair| direction(pair[0].at, pair[1].at)).collect();
    let (first_normal, last_normal) = (normal(directions[0]), normal(directions[directions.len() - 1]));
    left.push((shifted(first.at, first_normal, first.radius), 0.0));
    right.push((shifted(first.at, first_normal, -first.radius), 0.0));
    for (i, turn) in directions.windows(2).enumerate() {
        let Disc { at, radius } = chain[i + 1];
        let (a, b) = (turn[0], turn[1]);
        let (m, n) = (normal(a), normal(b));
        let cross = a[0] * b[1] - a[1] * b[0];
        let dot = a[0] * b[0] + a[1] * b[1];
        let shortest = distance(chain[i].at, at).min(distance(at, chain[i + 2].at));
        // At a gentle turn both sides use one normal, provided that the inner corner stays within half of either segment.
        if dot > SMOOTH_TURN && radius * cross.abs() < shortest / 2.0 * (1.0 + dot) {
            let shared = direction(Point::default(), Point { x: m[0] + n[0], y: m[1] + n[1] });
            left.push((shifted(at, shared, radius), 0.0));
            right.push((shifted(at, shared, -radius), 0.0));
            continue;
        }
        let (outer, inner, side) =
            if cross > 0.0 { (&mut left, &mut right, radius) } else { (&mut right, &mut left, -radius) };
        outer.extend([(shifted(at, m, side), 0.0), (shifted(at, n, side), radius)]);
        inner.extend([(shifted(at, m, -side), 0.0), (at, 0.0), (shifted(at, n, -side), 0.0)]);
    }
    left.push((shifted(last.at, last_normal, last.radius), 0.0));
    right.push((shifted(last.at, last_normal, -last.radius), 0.0));

    move_to(left[0].0, out);
    for &(to, radius) in &left[1..] {
        if radius > 0.0 { arc_to(to, radius, out) } else { line_to(to, out) }
    }
    arc_to(right[right.len() - 1].0, last.radius, out);
    for pair in right.windows(2).rev() {
        let (to, radius) = (pair[0].0, pair[1].1);
        if radius > 0.0 { arc_to(to, radius, out) } else { line_to(to, out) }
    }
    arc_to(left[0].0, first.radius, out);
    out.push('Z');
}

fn move_to(to: Point, out: &mut String) {
    out.push('M');
    numbers(&[to.x, to.y], 3, out);
}

fn line_to(to: Point, out: &mut String) {
    out.push('L');
    numbers(&[to.x, to.y], 3, out);
}

/// An arc of at most half a circle, clockwise on the sheet.
fn arc_to(to: Point, radius: f32, out: &mut String) {
    out.push('A');
    number(radius, 3, out);
    out.push(' ');
    number(radius, 3, out);
    out.push_str(" 0 0 1 ");
    numbers(&[to.x, to.y], 3, out);
}

fn distance(p: Point, q: Point) -> f32 {
    (q.x - p.x).hypot(q.y - p.y)
}

/// Unit vector from one point to another; 0 if they are equal.
fn direction(from: Point, to: Point) -> [f32; 2] {
    let length = distance(from, to).max(f32::MIN_POSITIVE);
    [(to.x - from.x) / length, (to.y - from.y) / length]
}

/// The normal to the left of a direction, y down.
fn normal([x, y]: [f32; 2]) -> [f32; 2] {
    [y, -x]
}

fn shifted(at: Point, [x, y]: [f32; 2], by: f32) -> Point {
    Point { x: at.x + x * by, y: at.y + y * by }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slower_is_wider_and_the_width_changes_smoothly() {
        // Slow, then four times as fast.
        let stroke: Vec<Point> = (0..40)
            .map(|i| Point { x: if i < 20 { i as f32 } else { 20.0 + 4.0 * (i - 20) as f32 }, y: 0.0 })
            .collect();
        let radii = radii(&stroke, 2.0, 1.0);
        assert!(radii[5] > 0.55 && radii[35] < 0.45, "{radii:?}");
        assert!(radii.iter().all(|r| (0.25..=0.75).contains(r)));
        assert!(radii.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 0.1), "{radii:?}");
    }

    #[test]
    fn a_dot_is_a_disc_and_so_is_a_stroke_that_goes_nowhere() {
        let at = Point { x: 1.0, y: 1.0 };
        for stroke in [vec![at], vec![at; 5]] {
            let chain = chain(&stroke, &radii(&stroke, 1.0, 1.0));
            assert_eq!(chain.len(), 1);
            let mut out = String::new();
            outline(&chain, &mut out);
            assert_eq!(out, "M0.25 1A0.75 0.75 0 0 1 1.75 1A0.75 0.75 0 0 1 0.25 1Z");
        }
    }
}
