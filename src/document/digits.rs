//! Digits as people take care to write them: no half of a Λ for a 1, no u for a 4, no s for a 5, and all of a number equally
//! high and apart.

use super::marks::{WordPoint, bounds, distance, ends, owners, shift, strokes};
use super::measure::median;
use std::ops::Range;

/// Longest upstroke of a 1, and what longer ones become, as shares of its height; and the share by which what comes after
/// it closes up.
const MOST_UPSTROKE: f32 = 0.36;
const UPSTROKE: f32 = 0.3;
const CLOSED: f32 = 0.5;
/// Least height of a digit, as a share of the middle one of its number, what it grows by at most, and how far from the
/// middle one's foot its own may be.
const LEAST_DIGIT: f32 = 0.75;
const MOST_GROWTH: f32 = 2.2;
const OFF_LINE: f32 = 0.3;
/// Of a 4, as shares of its height: the least length of its stem, how far the stem's head may be below its top, how far the
/// stem is from its left end at least, between which distances from its top the bar is, how far the bar goes on both sides of
/// the stem, and how much it rises.
const LEAST_STEM: f32 = 0.5;
const MOST_HEAD: f32 = 0.1;
const LEFT_OF_STEM: f32 = 0.35;
const HIGHEST_BAR: f32 = 0.5;
const LOWEST_BAR: f32 = 0.64;
const BAR_BESIDE: f32 = 0.2;
const BAR_RISE: f32 = 0.04;
/// Of a 5, as shares of its height: where its bowl is, where its downstroke ends, how wide it is at most, how far its bowl
/// comes up again on the left; and, as shares of its width, how far the corner is to the right of the downstroke's end, and
/// the least length of its bar.
const BOWL: f32 = 0.35;
const WAIST: Range<f32> = 0.1..0.75;
const MOST_WIDTH: f32 = 1.3;
const MOST_TAIL: f32 = 0.16;
const CORNER: f32 = 0.1;
const BAR: f32 = 0.65;
/// Of a 5's bar that is a stroke of its own: the least length, relative to the 5's height and to the bar's; how far behind
/// the corner, as a share of the 5's width, it begins at most; and what its height is multiplied by.
const SHORTEST_BAR: f32 = 0.2;
const FLAT_BAR: f32 = 1.2;
const BAR_BEHIND: f32 = 0.3;
const FLATTER: f32 = 0.5;
/// Room between neighbouring characters of a number, in x-heights: the least, and the least beside a slash. Digits further
/// apart than `MOST_ROOM` come as near as `ROOM`. Room is measured between points whose heights differ by less than
/// `SAME_HEIGHT`.
const LEAST_ROOM: f32 = 0.38;
const ROOM_BY_SLASH: f32 = 0.5;
const MOST_ROOM: f32 = 0.8;
const ROOM: f32 = 0.55;
const SAME_HEIGHT: f32 = 0.3;
/// How far the pen goes down, as a share of the height, where a stem is not yet over.
const WIGGLE: f32 = 0.1;

/// Shortens the upstroke of each 1 that would be half of a Λ, and moves up what comes after it.
pub fn shorten_upstrokes(points: &mut [WordPoint], text: &[char], words: &[Range<usize>], x_height: f32) {
    let owners = owners(points);
    for range in strokes(points) {
        let at = owners[range.start];
        let is_one = text.get(at) == Some(&'1') && words.iter().any(|word| word.contains(&at));
        if !is_one || points[range.start].character.abs_diff(at) > 1 {
            continue;
        }
        let mut top = range.start;
        for i in range.clone() {
            if points[i].at[1] < points[top].at[1] {
                top = i;
            }
        }
        let [apex, start] = [points[top].at, points[range.start].at];
        let stem = ends(points, 1, &|i| (top..range.end).contains(&i))[1] - apex[1];
        let up = start[1] - apex[1];
        if stem < 0.7 * x_height || up <= MOST_UPSTROKE * stem || start[0] >= apex[0] {
            continue;
        }
        let share = UPSTROKE * stem / up;
        let by = (1.0 - share) * (apex[0] - start[0]) * CLOSED;
        for point in &mut points[range.start..top] {
            point.at = [0, 1].map(|axis| apex[axis] + share * (point.at[axis] - apex[axis]));
        }
        shift(points, -by, &|i, point| range.contains(&i) || i >= range.end && point.character >= at);
    }
}

/// Enlarges digits that are much smaller than the others of their number, and puts those that hang or float on its line.
pub fn even_digits(points: &mut [WordPoint], text: &[char], words: &[Range<usize>]) {
    let owners = owners(points);
    for word in words {
        let is_digit = |at: &usize| text.get(*at).is_some_and(char::is_ascii_digit) && owners.contains(at);
        let digits: Vec<usize> = word.clone().filter(is_digit).collect();
        if digits.len() < 2 {
            continue;
        }
        let Some([level, height]) = middle(points, &owners, &digits) else { continue };
        for at in digits {
            let [[left, right], [top, bottom]] = [0, 1].map(|axis| ends(points, axis, &|i| owners[i] == at));
            let high = (bottom - top).max(1e-3);
            let share = if high < LEAST_DIGIT * height { (height / high).min(MOST_GROWTH) } else { 1.0 };
            let low = if (bottom - level).abs() > OFF_LINE * height { level } else { bottom };
            if share == 1.0 && low == bottom {
                continue;
            }
            let mut last = 0;
            for i in 0..points.len() {
                if owners[i] == at {
                    let [x, y] = points[i].at;
                    points[i].at = [left + share * (x - left), low + share * (y - bottom)];
                    last = i;
                }
            }
            shift(points, (share - 1.0) * (right - left), &|i, _| i > last);
        }
    }
}

/// Gives each 4 a form that is not taken for a u, an r or a y: its stem is as high as the rest, with ink to the left of it, and
/// its bar crosses the stem above the foot and ends there, instead of going back up along the stem.
pub fn mend_fours(points: &mut [WordPoint], text: &[char], words: &[Range<usize>]) {
    let owners = owners(points);
    for at in words.iter().flat_map(Clone::clone).filter(|&at| text.get(at) == Some(&'4')) {
        let own: Vec<usize> = (0..points.len()).filter(|&i| owners[i] == at).collect();
        let [[_, right], [top, bottom]] = [0, 1].map(|axis| ends(points, axis, &|i| owners[i] == at));
        let high = bottom - top;
        let Some(last) = own.len().checked_sub(1) else { continue };
        // The stem is drawn last: its foot, before a hook, and its head.
        let foot_at = turn_before(points, &own, last, 1.0, WIGGLE * high);
        let head_at = turn_before(points, &own, foot_at, -1.0, WIGGLE * high);
        let first = &own[..head_at];
        let [[left, _], [_, low]] = [0, 1].map(|axis| ends(points, axis, &|i| first.contains(&i)));
        let [head, foot] = [head_at, foot_at].map(|k| points[own[k]].at);
        let is_stem = foot[1] - head[1] >= LEAST_STEM * high && head[0] > left;
        // The bar begins at the lowest place before the stem, and ends where the pen lifts or the stem begins.
        let Some(bar) = first.iter().rposition(|&i| points[i].at[1] == low).filter(|_| is_stem) else { continue };
        let bar_end = (bar..head_at).find(|&k| points[own[k]].lifted).unwrap_or(head_at - 1);
        if bar_end < bar + 2 || low <= top + WIGGLE * high {
            continue;
        }
        let stretch = ((foot[1] - top - MOST_HEAD * high) / (foot[1] - head[1])).max(1.0);
        let aside = (left + LEFT_OF_STEM * high - head[0].min(foot[0])).max(0.0);
        for &i in &own[bar_end + 1..] {
            let [x, y] = points[i].at;
            points[i].at = [x + aside, foot[1] + stretch * (y - foot[1])];
        }
        let [head, foot] = [head_at, foot_at].map(|k| points[own[k]].at);
        let level = (low - top).clamp(HIGHEST_BAR * (foot[1] - top), LOWEST_BAR * (foot[1] - top));
        let crossing = head[0] + (foot[0] - head[0]) * (top + level - head[1]) / (foot[1] - head[1]);
        let [least, most] = [crossing - BAR_BESIDE * high, crossing + BAR_BESIDE * high];
        let from = points[own[bar]].at[0];
        let narrower = if from > least { (least - left) / (from - left) } else { 1.0 };
        for &i in &first[..=bar] {
            let [x, y] = points[i].at;
            points[i].at = [left + narrower * (x - left), top + level / (low - top) * (y - top)];
        }
        let from = points[own[bar]].at;
        for k in bar + 1..=bar_end {
            let share = (k - bar) as f32 / (bar_end - bar) as f32;
            points[own[k]].at = [from[0] + share * (most - from[0]), from[1] - share * BAR_RISE * high];
        }
        points[own[bar_end]].lifted = true;
        // The window may be on the next character while the stem is drawn.
        own.iter().for_each(|&i| points[i].character = at);
        let [_, end] = ends(points, 0, &|i| own.contains(&i));
        shift(points, (end - right).max(0.0), &|i, _| owners[i] > at);
    }
}

/// Gives each 5 what an s or a 6 has not: a bar, a corner below it, and a bowl that stays open.
pub fn mend_fives(points: &mut [WordPoint], text: &[char], words: &[Range<usize>]) {
    let owners = owners(points);
    let strokes = strokes(points);
    for at in words.iter().flat_map(Clone::clone).filter(|&at| text.get(at) == Some(&'5')) {
        let own = || strokes.iter().filter(|range| owners[range.start] == at);
        let Some(body) = own().max_by_key(|range| range.len()) else { continue };
        let [[left, right], [top, bottom]] = bounds(&points[body.clone()]);
        let [wide, high] = [right - left, bottom - top];
        let furthest = |range: Range<usize>, axis: usize, sign: f32| {
            range.max_by(|&a, &b| (sign * points[a].at[axis]).total_cmp(&(sign * points[b].at[axis])))
        };
        // The right end of the bowl, and before it the left end of the downstroke.
        let bowl_begins = (body.start..body.end).find(|&i| points[i].at[1] > top + BOWL * high).unwrap_or(body.start);
        let Some(bowl) = furthest(bowl_begins..body.end, 0, 1.0) else { continue };
        let Some(waist) = furthest(body.start..bowl, 0, -1.0) else { continue };
        let waist_at = points[waist].at;
        if waist < body.start + 2 || !WAIST.contains(&((waist_at[1] - top) / high)) || wide > MOST_WIDTH * high {
            continue;
        }
        let lowest = furthest(bowl..body.end, 1, 1.0).unwrap_or(bowl);
        for point in &mut points[lowest..body.end] {
            point.at[1] = point.at[1].max(bottom - MOST_TAIL * high);
        }
        let corner = [waist_at[0] + CORNER * wide, top];
        let is_bar = |range: &&Range<usize>| {
            let [x, y] = bounds(&points[(*range).clone()]);
            let long = x[1] - x[0];
            // The window may be on the next character when it is drawn.
            let is_next = range.start == body.end && owners[range.start] == at + 1;
            (*range != body && owners[range.start] == at || is_next)
                && long > FLAT_BAR * (y[1] - y[0])
                && (SHORTEST_BAR * high..MOST_WIDTH * high).contains(&long)
                && y[1] < f32::midpoint(top, bottom)
        };
        let bar = strokes.iter().find(is_bar).cloned();
        let begins = points[body.start].at;
        if let Some(bar) = bar {
            let place = [begins[0].min(corner[0] + BAR_BEHIND * wide), begins[1].min(top + WIGGLE * high)];
            let ink = &mut points[bar];
            let [[from, to], _] = bounds(ink);
            let share = (to - from).clamp(BAR * wide, wide) / (to - from);
            let left = ink.iter().fold(ink[0].at, |left, point| if point.at[0] < left[0] { point.at } else { left });
            for point in ink {
                let [x, y] = [0, 1].map(|axis| point.at[axis] - left[axis]);
                point.at = [place[0] + share * x, place[1] + FLATTER * y];
                point.character = at;
            }
        } else {
            let end = [begins[0].max(corner[0] + BAR * wide), top - BAR_RISE * high];
            bend(&mut points[body.start..waist], [end, corner, waist_at]);
        }
    }
}

/// Lays ink evenly along two lines.
fn bend(ink: &mut [WordPoint], [from, corner, to]: [[f32; 2]; 3]) {
    let lengths = [distance(from, corner), distance(corner, to)];
    let count = ink.len() as f32;
    for (k, point) in ink.iter_mut().enumerate() {
        let walked = k as f32 / count * (lengths[0] + lengths[1]);
        let (from, to, share) = if walked < lengths[0] {
            (from, corner, walked / lengths[0])
        } else {
            (corner, to, (walked - lengths[0]) / lengths[1])
        };
        point.at = [0, 1].map(|axis| from[axis] + share * (to[axis] - from[axis]));
    }
}

/// Foot and height of a number, by its digits; `None` for words with letters.
pub fn extent(points: &[WordPoint], text: &[char], word: &Range<usize>) -> Option<[f32; 2]> {
    if text.get(word.clone())?.iter().any(|c| c.is_alphabetic()) {
        return None;
    }
    let digits: Vec<usize> = word.clone().filter(|&at| text[at].is_ascii_digit()).collect();
    middle(points, &owners(points), &digits)
}

/// Foot and height of the middle one of these digits; `None` if there is no ink of them.
fn middle(points: &[WordPoint], owners: &[usize], digits: &[usize]) -> Option<[f32; 2]> {
    let (mut feet, mut heights) = (Vec::new(), Vec::new());
    let ends = digits.iter().map(|&at| ends(points, 1, &|i| owners[i] == at));
    for [top, foot] in ends.filter(|[_, foot]| foot.is_finite()) {
        feet.push(f64::from(foot));
        heights.push(f64::from(foot - top));
    }
    (!feet.is_empty()).then(|| [feet, heights].map(|values| median(values.into_iter()) as f32))
}

/// Gives neighbouring characters of a number room: those that nearly touch move apart, digits far from each other together.
pub fn space_digits(points: &mut [WordPoint], text: &[char], words: &[Range<usize>], x_height: f32) {
    let owners = owners(points);
    let is_digit = |c: char| c.is_ascii_digit();
    let is_of_number = |c: char| is_digit(c) || matches!(c, '/' | '$' | '%' | '(' | ')' | '.' | ',');
    for at in words.iter().flat_map(|word| word.start + 1..word.end) {
        let Some(pair) = text.get(at - 1..=at).filter(|pair| pair.iter().all(|&c| is_of_number(c))) else { continue };
        let mut room = f32::INFINITY;
        for (left, _) in points.iter().zip(&owners).filter(|(_, owner)| **owner == at - 1) {
            for (right, _) in points.iter().zip(&owners).filter(|(_, owner)| **owner == at) {
                let is_beside = (left.at[1] - right.at[1]).abs() < SAME_HEIGHT * x_height;
                // A stop is not hidden below the bar of a 4.
                if is_beside || matches!(pair, ['4', '.' | ',']) {
                    room = room.min(right.at[0] - left.at[0]);
                }
            }
        }
        let least = if pair.contains(&'/') { ROOM_BY_SLASH } else { LEAST_ROOM } * x_height;
        let by = if pair.iter().all(|&c| is_digit(c)) && room > MOST_ROOM * x_height {
            ROOM * x_height - room
        } else {
            (least - room).clamp(0.0, x_height)
        };
        if room.is_finite() {
            shift(points, by, &|i, _| owners[i] >= at);
        }
    }
}

/// Going back from the `last` of these points, the one that is furthest down, or up with `sign` −1, before the pen turns by
/// more than `least`.
fn turn_before(points: &[WordPoint], own: &[usize], last: usize, sign: f32, least: f32) -> usize {
    let mut found = last;
    for k in (0..last).rev() {
        let by = sign * (points[own[k]].at[1] - points[own[found]].at[1]);
        if by > 0.0 {
            found = k;
        } else if by < -least {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::marks::span;
    use super::super::marks::tests::{HAND, stroke_along, word};
    use super::*;

    #[test]
    fn the_upstroke_of_a_one_is_shortened_if_it_is_long() {
        let text: Vec<char> = "21n".chars().collect();
        // Up to the top at x = 400, then down.
        let one = |start: [f32; 2]| -> Vec<WordPoint> {
            let mut points = word("n n");
            let ink = (0..=12).map(|k| {
                let t = k as f32 / 6.0;
                let at = if t < 1.0 {
                    [0, 1].map(|i| start[i] + t * ([400.0, -400.0][i] - start[i]))
                } else {
                    [400.0, 400.0 * (t - 2.0)]
                };
                WordPoint { at, lifted: k == 12, character: 1, drawn: Some(90) }
            });
            points.splice(13..13, ink);
            points
        };
        let shortened = |start: [f32; 2]| {
            let mut points = one(start);
            shorten_upstrokes(&mut points, &text, std::slice::from_ref(&(0..3)), HAND.x_height);
            points
        };
        assert_eq!(shortened([350.0, -300.0]), one([350.0, -300.0]), "a short one stays");
        let (before, after) = (one([250.0, -20.0]), shortened([250.0, -20.0]));
        let ink = |points: &[WordPoint]| points[13..26].iter().map(|point| point.at).collect::<Vec<_>>();
        let (start, top) = (ink(&after)[0], ink(&after)[6]);
        assert!((start[1] - top[1] - UPSTROKE * 400.0).abs() < 1.0, "{start:?} {top:?}");
        assert!(top[0] < 400.0 && top[1] == -400.0);
        assert_eq!(before[..13], after[..13], "what comes before it stays");
        let by = before[26].at[0] - after[26].at[0];
        assert!(by > 20.0 && (by - (400.0 - top[0])).abs() < 1e-3, "what comes after it closes up");
    }

    #[test]
    fn small_and_floating_digits_of_a_number_become_like_the_others() {
        // Boxes of 150 by 200, except for that of the 4.
        let number = |scale: f32, up: f32| {
            let mut points = word("nnn");
            let small = points.iter_mut().filter(|point| point.character == 1);
            small.for_each(|point| point.at = [250.0 + scale * (point.at[0] - 250.0), scale * point.at[1] - up]);
            points
        };
        let text: Vec<char> = "345".chars().collect();
        let evened = |mut points: Vec<WordPoint>| {
            even_digits(&mut points, &text, std::slice::from_ref(&(0..3)));
            points
        };
        assert_eq!(evened(number(0.9, 10.0)), number(0.9, 10.0), "as people's digits differ");
        let points = evened(number(0.5, 100.0));
        let ends = |axis: usize, at: usize| span(points.iter().filter(|p| p.character == at).map(|p| p.at[axis]));
        assert_eq!((ends(1, 1), ends(0, 1)), ([-200.0, 0.0], [250.0, 400.0]));
        assert_eq!(ends(0, 2), [575.0, 725.0], "what comes after it makes room");
        let letters: Vec<char> = "abc".chars().collect();
        let mut words = number(0.5, 100.0);
        even_digits(&mut words, &letters, std::slice::from_ref(&(0..3)));
        assert_eq!(words, number(0.5, 100.0), "letters stay");
    }

    #[test]
    fn characters_of_a_number_are_neither_too_near_nor_too_far() {
        // Boxes of 150 by 200, of which the second and third one are moved to the right.
        let number = |second: f32, third: f32| {
            let mut points = word("nnn");
            for point in &mut points {
                point.at[0] += [0.0, second, third][point.character];
            }
            points
        };
        let spaced = |text: &str, mut points: Vec<WordPoint>| {
            let text: Vec<char> = text.chars().collect();
            space_digits(&mut points, &text, std::slice::from_ref(&(0..3)), HAND.x_height);
            points
        };
        let rooms = |points: &[WordPoint]| {
            let ends = |at: usize| span(points.iter().filter(|p| p.character == at).map(|p| p.at[0]));
            [0, 1].map(|at| (ends(at + 1)[0] - ends(at)[1]) / HAND.x_height)
        };
        let near = |a: [f32; 2], b: [f32; 2]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3);
        let as_written = rooms(&number(0.0, 0.0));
        assert!(as_written.iter().all(|room| (LEAST_ROOM..MOST_ROOM).contains(room)));
        assert_eq!(spaced("147", number(0.0, 0.0)), number(0.0, 0.0), "as people's digits stand");
        let touching = number(-90.0, -90.0);
        assert!(rooms(&touching)[0] < LEAST_ROOM);
        assert!(
            near(rooms(&spaced("147", touching.clone())), [LEAST_ROOM, as_written[1]]),
            "what comes after moves along"
        );
        assert!(near(rooms(&spaced("1/7", touching.clone())), [ROOM_BY_SLASH, as_written[1].max(ROOM_BY_SLASH)]));
        assert!(near(rooms(&spaced("1.7", touching.clone())), [LEAST_ROOM, as_written[1]]), "a stop has room as well");
        assert!(near(rooms(&spaced("147", number(300.0, 300.0))), [ROOM, as_written[1]]));
        assert_eq!(spaced("nnn", touching.clone()), touching, "letters stay");
        assert_eq!(spaced("a47", touching.clone()), touching, "so do digits beside one");
    }

    #[test]
    fn the_bar_of_a_four_crosses_its_stem_above_the_foot() {
        let text: Vec<char> = "4n".chars().collect();
        // Down, to the right, up to the head of the stem, and down to its foot.
        let four = |head: [f32; 2], bar: [f32; 2], foot: [f32; 2]| {
            let mut points = stroke_along(&[[0.0, -390.0], [0.0, bar[1]], bar, head, foot], 0);
            points.extend(word(" n"));
            points
        };
        let mended = |mut points: Vec<WordPoint>| {
            mend_fours(&mut points, &text, std::slice::from_ref(&(0..2)));
            points
        };
        let mut late = four([200.0, -400.0], [190.0, -150.0], [200.0, 10.0]);
        late.iter_mut().take(50).skip(38).for_each(|point| point.character = 1);
        assert!(mended(late).iter().filter(|point| point.character == 0).count() > 50, "the stem remains the 4's");
        let cases = [
            ([200.0, -400.0], [190.0, 0.0], [200.0, 10.0]),
            ([200.0, -400.0], [190.0, -150.0], [200.0, 10.0]),
            ([60.0, -280.0], [300.0, -60.0], [50.0, 100.0]),
            ([40.0, -300.0], [230.0, -150.0], [40.0, 60.0]),
        ];
        for (head, bar, foot) in cases {
            let (before, points) = (four(head, bar, foot), mended(four(head, bar, foot)));
            let number = || points.iter().filter(|point| point.character == 0);
            let lift = points.iter().position(|point| point.lifted).unwrap_or_default();
            let (first, stem) = (&points[..=lift], &points[lift + 1..number().count()]);
            let (end, [top, low]) = (first[lift].at, span(number().map(|point| point.at[1])));
            let up = (low - end[1]) / (low - top);
            assert!((0.3..0.55).contains(&up), "the bar is above the foot: {up}");
            let [left, right] = span(stem.iter().map(|point| point.at[0]));
            assert!(
                end[0] > right + 0.15 * 400.0 && end[0] < right + 0.35 * 400.0,
                "and ends behind the stem: {end:?}"
            );
            assert!(left - span(number().map(|point| point.at[0]))[0] > 0.3 * 390.0, "which has ink to the left of it");
            assert!(stem[0].at[1] < top + 0.15 * (low - top) && stem.last().is_some_and(|point| point.at[1] == low));
            let room = |points: &[WordPoint]| {
                points[before.len() - 1].at[0] - span(points[..before.len() - 13].iter().map(|p| p.at[0]))[1]
            };
            assert!(room(&points) >= room(&before) - 0.01, "what comes after it makes room");
        }
        let letters: Vec<char> = "un".chars().collect();
        let u = four([200.0, -400.0], [190.0, 0.0], [200.0, 10.0]);
        let mut other = u.clone();
        mend_fours(&mut other, &letters, std::slice::from_ref(&(0..2)));
        assert_eq!(other, u, "a u stays");
    }

    #[test]
    fn a_five_has_a_bar_a_corner_and_an_open_bowl() {
        let text: Vec<char> = "5n".chars().collect();
        let mended = |mut points: Vec<WordPoint>| {
            mend_fives(&mut points, &text, std::slice::from_ref(&(0..2)));
            points
        };
        let bowl = [[150.0, -230.0], [190.0, -120.0], [120.0, 0.0], [0.0, -10.0]];
        // An s: to the left, down, and the bowl.
        let s =
            stroke_along(&[&[[120.0, -380.0], [50.0, -400.0], [10.0, -320.0], [40.0, -260.0]][..], &bowl].concat(), 0);
        let points = mended(s.clone());
        assert_eq!(points.len(), s.len());
        let bar: Vec<[f32; 2]> = points.iter().map(|point| point.at).take_while(|at| at[1] < -390.0).collect();
        let [left, right] = span(bar.iter().map(|at| at[0]));
        assert!(right - left > 0.6 * 180.0, "{bar:?}");
        assert!(bar.windows(2).all(|pair| pair[1][0] < pair[0][0]), "it is drawn to the left");
        assert_eq!(points.last().map(|point| point.at), s.last().map(|point| point.at));
        // Without a bar, which is drawn too far to the right, while the window is on the next character.
        let body = stroke_along(&[&[[20.0, -400.0], [0.0, -250.0]][..], &bowl].concat(), 0);
        let bar = stroke_along(&[[230.0, -330.0], [330.0, -340.0]], 1);
        let points = mended([body.clone(), bar.clone(), word(" n")].concat());
        assert_eq!(points[..body.len()], body);
        let bar = &points[body.len()..body.len() + bar.len()];
        assert!(bar[0].at[0] < 60.0 && bar[0].at[1] < -380.0, "{:?}", bar[0]);
        assert!(bar.last().is_some_and(|end| end.at[0] > 120.0) && bar.iter().all(|point| point.character == 0));
        assert_eq!(points[body.len() + bar.len()..], word(" n"));
        // A 6: the bowl closes.
        let six =
            stroke_along(&[&[[180.0, -400.0], [30.0, -390.0], [0.0, -250.0]][..], &bowl, &[[0.0, -200.0]]].concat(), 0);
        let points = mended(six);
        assert!(points.last().is_some_and(|end| end.at[1] > -0.2 * 400.0));
        let letters: Vec<char> = "sn".chars().collect();
        let mut other = s.clone();
        mend_fives(&mut other, &letters, std::slice::from_ref(&(0..2)));
        assert_eq!(other, s, "an s stays");
    }

    #[test]
    fn signs_stand_where_the_digits_of_a_number_do() {
        let mut points = word("nnn");
        points.iter_mut().for_each(|point| point.at[1] -= 70.0);
        let of = |text: &str| extent(&points, &text.chars().collect::<Vec<_>>(), &(0..3));
        assert_eq!(of("$12"), Some([-70.0, 200.0]));
        assert_eq!((of("$1m"), of("(#)")), (None, None));
    }
}
