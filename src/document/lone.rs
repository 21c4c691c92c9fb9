//! Words of a single character, such as `à`, `I` and `–`. The window is on them for a few points only, and no letters beside
//! them tell where they stand: their ink does.

use super::dots::{Stroke, small_strokes};
use super::marks::{MARK, WordPoint, lowest, span};
use super::measure::{is_tall, stands};
use crate::text::diacritics::Mark;
use std::ops::Range;

/// Largest side of the dot of an `i`, in x-heights.
const DOT: f32 = 0.6;
/// Points of a stroke that the network drew on its way.
const TAP: usize = 2;
/// Least height of a stroke that stands on the line, as a share of the word's highest one.
const STANDING: f64 = 0.6;

/// All ink of a word of one character belongs to that, whatever the window says. Strokes that lie over the ink `before` it,
/// and dots for the letter before it, belong to that letter.
pub fn attribute(points: &mut [WordPoint], text: &[char], at: usize, before: &[[f32; 3]], x_height: f32) {
    let edge = right_edge(before);
    let last = at.checked_sub(2);
    let dots = match last.is_some_and(|last| small_strokes(text, last) > 0) {
        true => late_dots(points, before, x_height),
        false => Vec::new(),
    };
    for stroke in Stroke::all(points) {
        let is_over = stroke.middle(0) < edge - 0.1 * x_height;
        let owner = last.filter(|_| is_over || dots.contains(&stroke.range)).unwrap_or(at);
        points[stroke.range].iter_mut().for_each(|point| point.character = owner);
    }
}

/// Dots with which a word's ink begins that are nearer to the ink `before` it than to its own letters: those of an `i` with
/// which the word before ends.
pub fn late_dots(points: &[WordPoint], before: &[[f32; 3]], x_height: f32) -> Vec<Range<usize>> {
    let edge = right_edge(before);
    let all = Stroke::all(points);
    let Some(body) = all.iter().position(|stroke| stroke.side() >= DOT * x_height) else { return Vec::new() };
    let left = all[body].x[0];
    let is_near = |stroke: &&Stroke| stroke.middle(0) - edge < left - stroke.middle(0);
    all[..body].iter().filter(is_near).map(|stroke| stroke.range.clone()).collect()
}

/// Where ink ends. Where the pen was set down for a moment is none.
fn right_edge(points: &[[f32; 3]]) -> f32 {
    let strokes = points.split_inclusive(|point| point[2] > 0.5).filter(|stroke| stroke.len() > TAP);
    span(strokes.flatten().map(|point| point[0]))[1]
}

/// Where a word of one character, or one of drawn signs, stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// Its baseline in stretch coordinates: grows downward.
    pub level: f64,
    /// How high above that the network drew a capital or a digit; 0 for others.
    pub height: f64,
}

impl Standing {
    /// Of a word's ink, of which `at` tells the points of marks; `x_height` is that of its surroundings. `None` if other
    /// measures tell it: those of longer words, of letters with tails, and of small signs.
    pub fn of(points: &[([f32; 3], u32)], characters: &[char], marks: &[Mark], x_height: f64) -> Option<Self> {
        // Drawn at a known distance from the baseline.
        let known: Vec<f32> = marks.iter().filter_map(|mark| lowest(*mark)).collect();
        let is_known = known.len() == characters.len();
        if !is_known && !(characters.len() == 1 && (stands(&characters[0]) || is_tall(characters))) {
            return None;
        }
        let mut strokes: Vec<[f64; 2]> = Vec::new();
        let mut highest = 0.0_f64;
        for stroke in points.split_inclusive(|(point, _)| point[2] > 0.5) {
            let is_mark = stroke.iter().all(|(_, at)| at & MARK != 0);
            if is_known || !is_mark {
                let ys = stroke.iter().map(|(point, _)| f64::from(point[1]));
                let [top, bottom] = ys.fold([f64::INFINITY, f64::NEG_INFINITY], |[a, b], y| [a.min(y), b.max(y)]);
                highest = highest.max(bottom - top);
                strokes.push([top, bottom]);
            }
        }
        let [mut top, mut level] = [f64::INFINITY, f64::NEG_INFINITY];
        for [high, low] in strokes {
            if is_known || low - high >= STANDING * highest {
                (top, level) = (top.min(high), level.max(low));
            }
        }
        let below = known.into_iter().fold(f32::NEG_INFINITY, f32::max);
        let (level, height) = if is_known { (level - f64::from(below) * x_height, 0.0) } else { (level, level - top) };
        level.is_finite().then_some(Self { level, height })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::marks::tests::word;
    use super::*;

    /// A stroke up and down at `x`.
    fn stroke(x: f32, top: f32, bottom: f32, points: usize) -> Vec<[f32; 3]> {
        let at = |k: usize| {
            [x + k as f32, if k.is_multiple_of(2) { bottom } else { top }, f32::from(u8::from(k + 1 == points))]
        };
        (0..points).map(at).collect()
    }

    #[test]
    fn dots_of_the_letter_before_are_told_from_a_words_own_ink() {
        let text: Vec<char> = "i e".chars().collect();
        let before = [stroke(0.0, -200.0, 0.0, 9), stroke(400.0, -300.0, -300.0, 1)].concat();
        let late = |x: f32, y: f32| WordPoint { at: [x, y], lifted: true, character: 2, drawn: Some(0) };
        let mut points = vec![late(10.0, -300.0), late(450.0, -300.0)];
        points.extend(word("i e").into_iter().filter(|point| point.character == 2));
        // The window has gone on before the pen is done.
        points.last_mut().unwrap().character = 3;
        let dots = late_dots(&points, &before, 200.0);
        assert!(dots.len() == 1 && dots[0] == (0..1), "{dots:?}");
        attribute(&mut points, &text, 2, &before, 200.0);
        let characters: Vec<usize> = points.iter().map(|point| point.character).collect();
        assert_eq!(characters, [[0, 2].as_slice(), &[2; 13]].concat());
    }

    #[test]
    fn a_word_of_one_character_stands_where_its_ink_does() {
        let ink = |strokes: &[(Vec<[f32; 3]>, u32)]| -> Vec<([f32; 3], u32)> {
            strokes.iter().flat_map(|(stroke, at)| stroke.iter().map(move |point| (*point, *at))).collect()
        };
        let accent = (stroke(20.0, -450.0, -350.0, 4), 2 | MARK);
        let capital = ink(&[(stroke(0.0, -280.0, 20.0, 9), 2), accent]);
        let standing = |ink: &[([f32; 3], u32)], c: char, marks: &[Mark]| Standing::of(ink, &[c], marks, 200.0);
        let acute = [Mark::Combining('\u{301}')];
        assert_eq!(standing(&capital, 'O', &acute), Some(Standing { level: 20.0, height: 300.0 }));
        assert_eq!(standing(&capital, 'y', &acute), None, "it has a tail");
        assert_eq!(Standing::of(&capital, &['O', 'h'], &acute, 200.0), None);
        // From 0.95 above the baseline to 0.02.
        let sign = ink(&[(stroke(0.0, -190.0, -4.0, 9), 2 | MARK)]);
        let level = standing(&sign, 'o', &[Mark::Sign('<')]).unwrap().level;
        assert!(level.abs() < 1e-3, "{level}");
        let raised = ink(&[(stroke(0.0, -400.0, -160.0, 9), 2)]);
        let level = standing(&raised, '2', &[Mark::Raised]).unwrap().level;
        assert!(level.abs() < 1e-3, "{level}");
    }
}
