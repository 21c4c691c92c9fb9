//! Dots and other strokes of a moment: those that the network leaves where the pen has a long way to go, and full stops that
//! it left out.

use super::marks::{MARK, WordPoint, bounds, distance, ends, most_side, strokes};
use super::measure::{Edges, quantile};
use std::ops::{Range, RangeInclusive};

/// Largest side of a stray dot, and its least distance from other ink, in x-heights.
const STRAY: f32 = 0.25;
const CLEAR: f32 = 0.09;
/// Characters at a word's end without small strokes, behind which, at such a distance in x-heights, a stroke of such a side
/// is stray.
const PLAIN_END: usize = 2;
const BEHIND: f32 = 0.1;
const BEHIND_SIDE: f32 = 0.42;
/// Largest side of a full stop, in x-heights; how far it may be above the middle height of the letters before it; and its
/// least distance from other ink.
const STOP: f32 = 0.42;
const STOP_ABOVE: f32 = 0.3;
const LEAST_CLEAR: f32 = 0.1;
/// Least side of a comma, in x-heights.
const LEAST_COMMA: f32 = 0.34;
/// Least height of a full stop in x-heights: that of the dots that are drawn.
const LEAST_STOP: f32 = 0.1;
/// Points and size, in x-heights, of a stroke that may be a stray dot; and size of dots and other small strokes.
const BRIEF_POINTS: usize = 2;
const STUCK_POINTS: usize = 13;
const BRIEF: f64 = 0.05;
const SMALL_MARK: f64 = 0.35;

/// Dots and other small strokes that a character may have.
pub fn small_strokes(text: &[char], at: usize) -> usize {
    match text.get(at) {
        Some('i' | 'j' | '.' | ',' | '\'' | '!' | '?' | '-' | '+' | '€' | '/' | '(' | ')') => 1,
        // Colons, semicolons, &, # and $ are drawn whole: of the network's ink for them nothing is left.
        Some('"' | '=' | '%' | '@') => 2,
        Some('*') => 4,
        _ => 0,
    }
}

/// Takes away dots that stand clear of all ink where the words have no character for them. `before` is the right edge of
/// the ink before these words.
pub fn remove_strays(points: &mut Vec<WordPoint>, text: &[char], words: &[Range<usize>], before: f32, x_height: f32) {
    let all = Stroke::all(points);
    let is_small = |stroke: &&Stroke| stroke.side() < STRAY * x_height;
    let small = all.iter().filter(is_small).count();
    let dotted: Vec<usize> = words.iter().flat_map(Clone::clone).filter(|&at| small_strokes(text, at) > 0).collect();
    let allowed: usize = dotted.iter().map(|&at| small_strokes(text, at)).sum();
    if small == all.len() {
        return;
    }
    let right = all.iter().filter(|stroke| !is_small(stroke)).map(|stroke| stroke.x[1]).fold(f32::MIN, f32::max);
    // Behind all other ink, where none of the last characters has a small stroke, whatever those before may have.
    let last = words.last().map_or(0, |word| word.end);
    let is_plain = dotted.iter().all(|&at| at + PLAIN_END < last);
    let is_behind = |stroke: &&Stroke| {
        let is_right_of = |other: &Stroke| stroke.is(other) || stroke.x[0] > other.x[1] + BEHIND * x_height;
        is_plain && stroke.side() < BEHIND_SIDE * x_height && all.iter().all(is_right_of)
    };
    let mut gone: Vec<Range<usize>> = Vec::new();
    gone.extend(all.iter().find(is_behind).map(|stroke| stroke.range.clone()));
    if small > allowed {
        let mut strays: Vec<(f32, &Stroke)> = Vec::new();
        for stroke in all.iter().filter(is_small) {
            // A dot that lies over the word before is late ink of that.
            let is_within = (before + 0.2 * x_height..right + 1.5 * x_height).contains(&stroke.middle(0));
            if is_within && stroke.is_clear(points, &all, CLEAR * x_height) {
                let away = dotted.iter().map(|&at| {
                    let [left, right] = ends(points, 0, &|i| points[i].character == at);
                    if left > right { f32::INFINITY } else { (f32::midpoint(left, right) - stroke.middle(0)).abs() }
                });
                strays.push((away.fold(f32::INFINITY, f32::min), stroke));
            }
        }
        strays.retain(|(away, _)| *away > 0.8 * x_height);
        // The furthest first.
        for _ in allowed..small {
            let Some(at) = (0..strays.len()).max_by(|&a, &b| strays[a].0.total_cmp(&strays[b].0)) else { break };
            gone.push(strays.swap_remove(at).1.range.clone());
        }
    }
    remove(points, &gone);
}

/// Puts stray dots of a word under its ink. Where the pen has a long way to go, the network sometimes sets it down for a
/// moment, which leaves a dot between words or above them. A dot that someone means has a few points. As many such dots are
/// stray as the word has more small strokes than its characters need. The number of points stays. `first` is the index of
/// the word's first character.
pub fn hide_strays(
    points: &mut [[f32; 3]],
    at: &[u32],
    owners: &[usize],
    word: usize,
    (first, characters): (usize, &[char]),
    x_height: f64,
) {
    let mut strokes: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    for stroke in points.split_inclusive(|point| point[2] > 0.5) {
        strokes.push(start..start + stroke.len());
        start += stroke.len();
    }
    // Marks were drawn as they are meant to be.
    let is_mark = |k: usize| at.get(k).is_some_and(|at| at & MARK != 0);
    strokes.retain(|stroke| owners.get(stroke.start) == Some(&word) && !is_mark(stroke.start));
    let size = |stroke: &Range<usize>| {
        let Edges { left, right, .. } = Edges::of(&points[stroke.clone()], |point| point[0].into(), |_| true);
        let ys = points[stroke.clone()].iter().map(|point| f64::from(point[1]));
        let [top, bottom] = ys.fold([f64::INFINITY, f64::NEG_INFINITY], |[min, max], y| [min.min(y), max.max(y)]);
        (right - left).max(bottom - top)
    };
    let is_brief = |stroke: &Range<usize>| {
        let is_tap = stroke.len() <= BRIEF_POINTS && size(stroke) < BRIEF * x_height;
        is_tap || stroke.len() >= STUCK_POINTS && size(stroke) < SMALL_MARK * x_height
    };
    // The end of the stroke before it, or the beginning of the one after it.
    let under = |at: usize| {
        let before = strokes[..at].iter().rev().find(|stroke| !is_brief(stroke)).map(|stroke| stroke.end - 1);
        before.or_else(|| strokes[at + 1..].iter().find(|stroke| !is_brief(stroke)).map(|stroke| stroke.start))
    };
    let is_hidden =
        |at: usize| under(at).is_some_and(|k| strokes[at].clone().all(|other| points[other][..2] == points[k][..2]));
    let small = (0..strokes.len()).filter(|&at| size(&strokes[at]) < SMALL_MARK * x_height && !is_hidden(at)).count();
    let character_of = |stroke: &Range<usize>| at.get(stroke.start).and_then(|&at| (at as usize).checked_sub(first));
    // Of a comma the first stroke, which may be large: a tap behind it is stray. (A full stop is a tap itself, and the bar of
    // a letter before may come while the window is on it.)
    let has_before = |character: usize, start: usize| {
        strokes.iter().any(|other| other.start < start && character_of(other) == Some(character))
    };
    let is_drawn_large = |character: usize| {
        strokes.iter().any(|stroke| character_of(stroke) == Some(character) && size(stroke) >= SMALL_MARK * x_height)
    };
    let needed: usize = (0..characters.len())
        .map(|k| if characters[k] == ',' && is_drawn_large(k) { 0 } else { small_strokes(characters, k) })
        .sum();
    // Drawn while the window was on a character that has such strokes.
    let is_own = |stroke: &Range<usize>| {
        let character = character_of(stroke).filter(|&k| k < characters.len());
        character
            .is_some_and(|k| small_strokes(characters, k) > 0 && !(characters[k] == ',' && has_before(k, stroke.start)))
    };
    let is_stray = |stroke: &Range<usize>| is_brief(stroke) && !is_own(stroke);
    let stray: Vec<usize> = (0..strokes.len()).filter(|&at| is_stray(&strokes[at]) && !is_hidden(at)).collect();
    let places: Vec<(Range<usize>, usize)> = stray
        .into_iter()
        .rev()
        .take(small.saturating_sub(needed))
        .filter_map(|at| Some((strokes[at].clone(), under(at)?)))
        .collect();
    for (stroke, place) in places {
        let [x, y, _] = points[place];
        points[stroke].iter_mut().for_each(|point| (point[0], point[1]) = (x, y));
    }
}

/// Full stops that have no dot: a short stroke of its own, drawn while the window was on them or beside them, or that lies
/// between the letters beside them, low enough and clear of other ink. Longer strokes that were drawn for them alone, and
/// dots of one point, are taken away, and so are second dots and those that are no full stop where they lie. A dot where
/// the pen stood still is made as large as pens make it: it would be no wider than the line.
pub fn missing_stops(points: &mut Vec<WordPoint>, text: &[char], words: &[Range<usize>], x_height: f32) -> Vec<usize> {
    let mut missing = Vec::new();
    for at in words.iter().flat_map(Clone::clone).filter(|&at| text.get(at) == Some(&'.')) {
        let [_, before] = ends(points, 0, &|i| points[i].character < at);
        let [after, _] = ends(points, 0, &|i| points[i].character > at);
        let between = before - 0.2 * x_height..after + 0.3 * x_height;
        // As letters are drawn, about half of the ink is above the middle of those as high as an x.
        let heights = points.iter().filter(|point| point.character < at).map(|point| point.at[1].into());
        let middle = quantile(heights.collect(), 0.5);
        let highest = middle.map_or(f32::NEG_INFINITY, |middle| middle as f32 - STOP_ABOVE * x_height);
        let all = Stroke::all(points);
        let is_small = |stroke: &Stroke| stroke.side() < STOP * x_height;
        // A dot may be drawn while the window is on the blank behind it already.
        let is_end = text.get(at + 1).is_none_or(|next| *next == ' ');
        let is_alone = |stroke: &Stroke| stroke.lies_on(at..=at + usize::from(is_end && is_small(stroke)));
        // The bar of a letter may be drawn as late.
        let is_over = |stroke: &Stroke| !is_small(stroke) && stroke.middle(0) < before - 0.2 * x_height;
        let is_beside = |stroke: &Stroke| {
            points[stroke.range.clone()].iter().any(|point| point.character.abs_diff(at) <= 1)
                || between.contains(&stroke.middle(0))
        };
        let is_clear = |stroke: &Stroke| stroke.is_clear(points, &all, LEAST_CLEAR * x_height);
        let is_dot =
            |stroke: &&Stroke| is_small(stroke) && is_beside(stroke) && stroke.middle(1) > highest && is_clear(stroke);
        let dot = all.iter().find(is_dot).filter(|stroke| stroke.range.len() > 1);
        // Dots of letters beside it may be drawn late.
        let is_dotted = [at.wrapping_sub(1), at + 1].iter().any(|&beside| small_strokes(text, beside) > 0);
        let is_no_stop = |stroke: &&Stroke| {
            let is_late = is_dotted && is_small(stroke) && stroke.middle(1) <= highest;
            let is_gone = match dot {
                Some(dot) => is_alone(stroke) && is_small(stroke) && !stroke.is(dot),
                // It touches the letter behind it: another is drawn with room.
                None if is_small(stroke) && !is_dotted && !is_clear(stroke) => stroke.lies_on(at..=at + 1),
                None => is_alone(stroke),
            };
            is_gone && !is_late && !is_over(stroke)
        };
        let gone: Vec<Range<usize>> = all.iter().filter(is_no_stop).map(|stroke| stroke.range.clone()).collect();
        if let Some(ink) = dot.and_then(|stroke| points.get_mut(stroke.range.clone())) {
            let [_, [top, bottom]] = bounds(ink);
            let (grows, last) = ((LEAST_STOP * x_height - bottom + top).max(0.0), (ink.len() - 1) as f32);
            for (k, point) in ink.iter_mut().enumerate() {
                point.at[1] += grows * (k as f32 / last - 0.5);
            }
        } else {
            missing.push(at);
        }
        remove(points, &gone);
    }
    missing
}

/// Commas that are no longer than a dot, or have no ink. Small strokes that were drawn for them, or for colons and
/// semicolons, when the window had left the word belong to them from now on.
pub fn short_commas(points: &mut [WordPoint], text: &[char], words: &[Range<usize>], x_height: f32) -> Vec<usize> {
    let mut short = Vec::new();
    for at in words.iter().flat_map(Clone::clone) {
        let Some(&sign @ (',' | ':' | ';')) = text.get(at) else { continue };
        let is_end = text.get(at + 1).is_none_or(|next| *next == ' ');
        let own = |stroke: &Stroke| {
            let is_own = |point: &&WordPoint| point.character == at || is_end && point.character == at + 1;
            2 * points[stroke.range.clone()].iter().filter(is_own).count() > stroke.range.len()
        };
        let (mut own, others): (Vec<Stroke>, Vec<Stroke>) = Stroke::all(points).into_iter().partition(own);
        let before = others.iter().filter(|stroke| stroke.characters[0] < at).map(|stroke| stroke.x[1]);
        let before = before.fold(f32::NEG_INFINITY, f32::max);
        // Not the bar of a letter, drawn late.
        own.retain(|stroke| stroke.middle(0) > before - 0.1 * x_height);
        let is_long = own.iter().any(|stroke| stroke.side() >= LEAST_COMMA * x_height);
        if sign == ',' && is_long {
            continue;
        }
        for stroke in own.iter().filter(|stroke| stroke.side() < most_side(sign) * x_height) {
            points[stroke.range.clone()].iter_mut().for_each(|point| point.character = at);
        }
        if sign == ',' {
            short.push(at);
        }
    }
    short
}

/// A stroke of a word.
pub struct Stroke {
    /// Its points.
    pub range: Range<usize>,
    /// Left and right end.
    pub x: [f32; 2],
    /// Upper and lower end.
    y: [f32; 2],
    /// Of the characters at which the window was, the first and the last.
    characters: [usize; 2],
}

impl Stroke {
    /// Those of a word's ink.
    #[inline(never)]
    pub fn all(points: &[WordPoint]) -> Vec<Self> {
        let of = |range: Range<usize>| {
            let ink = &points[range.clone()];
            let [x, y] = bounds(ink);
            let characters = ink
                .iter()
                .fold([usize::MAX, 0], |[least, most], point| [least.min(point.character), most.max(point.character)]);
            Self { range, x, y, characters }
        };
        strokes(points).into_iter().map(of).collect()
    }

    fn is(&self, other: &Self) -> bool {
        self.range.start == other.range.start
    }

    /// Its larger side.
    pub fn side(&self) -> f32 {
        (self.x[1] - self.x[0]).max(self.y[1] - self.y[0])
    }

    /// The middle between its ends on an axis.
    pub fn middle(&self, axis: usize) -> f32 {
        let [low, high] = [self.x, self.y][axis];
        f32::midpoint(low, high)
    }

    fn lies_on(&self, characters: RangeInclusive<usize>) -> bool {
        self.characters.iter().all(|character| characters.contains(character))
    }

    /// Whether it is at least so far from all others.
    fn is_clear(&self, points: &[WordPoint], all: &[Self], least: f32) -> bool {
        all.iter().all(|other| self.is(other) || gap(points, &self.range, &other.range) >= least)
    }
}

/// Takes strokes away.
#[inline(never)]
pub fn remove(points: &mut Vec<WordPoint>, gone: &[Range<usize>]) {
    let mut i = 0;
    points.retain(|_| {
        i += 1;
        !gone.iter().any(|range| range.contains(&(i - 1)))
    });
}

/// Least distance of a stroke's points from another stroke.
fn gap(points: &[WordPoint], stroke: &Range<usize>, other: &Range<usize>) -> f32 {
    let other = &points[other.clone()];
    let from = |at: [f32; 2]| {
        let segments = other.windows(2).map(|pair| from_segment(at, pair[0].at, pair[1].at));
        segments.fold(distance(at, other[0].at), f32::min)
    };
    points[stroke.clone()].iter().map(|point| from(point.at)).fold(f32::INFINITY, f32::min)
}

fn from_segment(at: [f32; 2], a: [f32; 2], b: [f32; 2]) -> f32 {
    let (along, to) = ([b[0] - a[0], b[1] - a[1]], [at[0] - a[0], at[1] - a[1]]);
    let length = along[0] * along[0] + along[1] * along[1];
    let share = if length > 0.0 { ((to[0] * along[0] + to[1] * along[1]) / length).clamp(0.0, 1.0) } else { 0.0 };
    distance(at, [a[0] + share * along[0], a[1] + share * along[1]])
}

#[cfg(test)]
mod tests {
    use super::super::marks::tests::word;
    use super::*;

    #[test]
    fn stray_dots_are_removed_and_those_of_characters_stay() {
        let tidied = |text: &str, dots: &[[f32; 2]]| {
            let mut points = word(text);
            for (k, &at) in dots.iter().enumerate() {
                points.push(WordPoint { at, lifted: true, character: 0, drawn: Some(1000 + k) });
            }
            let text: Vec<char> = text.chars().collect();
            remove_strays(&mut points, &text, std::slice::from_ref(&(0..text.len())), -100.0, 200.0);
            points.iter().filter_map(|point| point.drawn?.checked_sub(1000)).collect::<Vec<_>>()
        };
        assert_eq!(tidied("nan", &[[200.0, -300.0], [300.0, -10.0]]), [1], "one touches the ink");
        assert_eq!(tidied("min", &[[700.0, -350.0]]), [0; 0]);
        assert_eq!(tidied("nan", &[[-200.0, -300.0]]), [0], "late ink of the word before");
        assert_eq!(tidied("na.", &[[600.0, 0.0]]), [0]);
        // The hyphen may be small, but what stands behind the word is none of its strokes.
        assert_eq!(tidied("a-nan", &[[1300.0, -20.0]]), [0; 0]);
        assert_eq!(tidied("an-", &[[900.0, -20.0]]), [0]);
        let dots = |text: &str| word(text).into_iter().filter(|point| point.at[1] < -250.0).count();
        let (text, mut points) = (['i', 'n'], word("in"));
        remove_strays(&mut points, &text, std::slice::from_ref(&(0..2)), -100.0, 200.0);
        assert_eq!(points.iter().filter(|point| point.at[1] < -250.0).count(), dots("in"));
    }

    #[test]
    fn a_dot_of_one_point_is_put_under_the_ink_unless_its_word_needs_one() {
        let stroke = |x: f32| (0..6).map(move |k| [x + k as f32, 10.0 * k as f32, f32::from(u8::from(k == 5))]);
        let ink: Vec<[f32; 3]> =
            stroke(0.0).chain(stroke(20.0)).chain([[60.0, 30.0, 1.0]]).chain(stroke(100.0)).collect();
        let owners = [[0; 13].as_slice(), &[1; 6]].concat();
        let hidden = |word: &str, at: &[u32]| {
            let mut points = ink.clone();
            hide_strays(&mut points, at, &owners, 0, (0, &word.chars().collect::<Vec<_>>()), 60.0);
            assert_eq!(points.len(), ink.len());
            assert!(points[..12] == ink[..12] && points[13..] == ink[13..], "only the dot moves");
            points[12] == [25.0, 50.0, 1.0]
        };
        assert!(hidden("ask", &[0; 19]) && !hidden("as.", &[0; 19]) && !hidden("ais", &[0; 19]));
        let at: Vec<u32> = (0..19).map(|k| if k == 12 { MARK } else { 0 }).collect();
        assert!(!hidden("ask", &at), "a mark that was drawn");
        // The stroke before it is a large comma, as the window says.
        let comma: Vec<u32> = (0..19).map(|k| u32::from(k >= 6) * 2).collect();
        assert!(hidden("as,", &comma) && !hidden("as.", &[0; 19]));
    }
}
