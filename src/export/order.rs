//! Orders strokes for little travel of the lifted pen: nearest first, then exchanges that shorten the way.

use crate::ink::{Ink, Point, Stroke};

/// Strokes whose ends are at most this far apart, in millimetres, are drawn in one go.
const JOIN: f32 = 0.05;
/// Rounds of exchanges, and how far apart in the order those strokes are.
const ROUNDS: usize = 20;
const REACH: usize = 300;

/// The strokes in another order, some of them backwards, for a pen that begins and ends at `home`. Strokes that touch
/// are joined.
pub(super) fn ordered(ink: Ink, home: Point) -> Ink {
    let mut strokes = nearest_first(ink.strokes, home);
    for _ in 0..ROUNDS {
        if !exchange(&mut strokes, home) {
            break;
        }
    }
    let mut joined: Vec<Stroke> = Vec::with_capacity(strokes.len());
    for stroke in strokes {
        match joined.last_mut() {
            Some(before) if before.len() > 1 && stroke.len() > 1 && distance(end(before), start(&stroke)) <= JOIN => {
                before.extend(stroke);
            }
            _ => joined.push(stroke),
        }
    }
    Ink { strokes: joined }
}

fn nearest_first(mut left: Vec<Stroke>, home: Point) -> Vec<Stroke> {
    let (mut sorted, mut at) = (Vec::with_capacity(left.len()), home);
    while let Some((nearest, backwards)) = nearest(&left, at) {
        // The order of the others stays, so that ties go to the stroke that was drawn first.
        let mut stroke = left.remove(nearest);
        if backwards {
            stroke.reverse();
        }
        at = end(&stroke);
        sorted.push(stroke);
    }
    sorted
}

/// The stroke with the nearest end, and whether that is its last point.
fn nearest(strokes: &[Stroke], at: Point) -> Option<(usize, bool)> {
    let ways = strokes
        .iter()
        .enumerate()
        .flat_map(|(i, stroke)| [(distance(at, start(stroke)), i, false), (distance(at, end(stroke)), i, true)]);
    ways.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, i, backwards)| (i, backwards))
}

/// Draws runs of strokes backwards where that shortens the way. Returns whether it did.
fn exchange(strokes: &mut [Stroke], home: Point) -> bool {
    let mut better = false;
    for i in 0..strokes.len() {
        let before = if i == 0 { home } else { end(&strokes[i - 1]) };
        for j in i..strokes.len().min(i + REACH) {
            let after = strokes.get(j + 1).map_or(home, |stroke| start(stroke));
            let (first, last) = (start(&strokes[i]), end(&strokes[j]));
            let gain =
                distance(before, first) + distance(last, after) - distance(before, last) - distance(first, after);
            if gain > 1e-3 {
                strokes[i..=j].reverse();
                strokes[i..=j].iter_mut().for_each(|stroke| stroke.reverse());
                better = true;
            }
        }
    }
    better
}

fn start(stroke: &[Point]) -> Point {
    stroke.first().copied().unwrap_or_default()
}

fn end(stroke: &[Point]) -> Point {
    stroke.last().copied().unwrap_or_default()
}

fn distance(p: Point, q: Point) -> f32 {
    (q.x - p.x).hypot(q.y - p.y)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn travel(strokes: &[Stroke], home: Point) -> f32 {
        let (sum, at) = strokes.iter().fold((0.0, home), |(sum, at), s| (sum + distance(at, start(s)), end(s)));
        sum + distance(at, home)
    }

    #[test]
    fn the_same_ink_takes_less_travel() {
        // Letters of two lines, and afterwards their dots.
        let line = |x: f32, y: f32| vec![Point { x, y }, Point { x: x + 3.0, y: y + 1.0 }];
        let letters = |y: f32| (0..20).map(move |i| line(5.0 * i as f32, y));
        let dots = (0..20).map(|i| vec![Point { x: 5.0 * i as f32, y: -4.0 }]);
        let strokes: Vec<Stroke> = letters(0.0).chain(letters(9.0)).chain(dots).collect();
        let found = ordered(Ink { strokes: strokes.clone() }, Point::default()).strokes;
        let (before, after) = (travel(&strokes, Point::default()), travel(&found, Point::default()));
        assert!(after < 0.7 * before, "{before} mm, {after} mm");
        let sorted = |strokes: &[Stroke]| {
            let key = |s: &Stroke| {
                if (s[0].x, s[0].y) < (end(s).x, end(s).y) { s.clone() } else { s.iter().rev().copied().collect() }
            };
            let mut keys: Vec<Stroke> = strokes.iter().map(key).collect();
            keys.sort_by(|a, b| (a[0].y, a[0].x).partial_cmp(&(b[0].y, b[0].x)).unwrap_or(std::cmp::Ordering::Equal));
            keys
        };
        assert_eq!(sorted(&found), sorted(&strokes));
    }

    #[test]
    fn strokes_that_touch_are_joined_but_dots_stay() {
        let at = |x: f32| Point { x, y: 0.0 };
        let strokes = vec![vec![at(0.0), at(1.0)], vec![at(2.0), at(1.01)], vec![at(2.0)]];
        let found = ordered(Ink { strokes }, at(0.0)).strokes;
        assert_eq!(found, [vec![at(0.0), at(1.0), at(1.01), at(2.0)], vec![at(2.0)]]);
    }
}
