//! Digits as people take care to write them: no half of a Λ for a 1, no u for a 4, and all of a number equally high and
//! apart.

use super::marks::{WordPoint, ends, owners, shift, strokes};
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
/// Lowest place of the bar of a 4, and where lower ones come to be, as shares of its height; and the least length of its stem.
const LOWEST_BAR: f32 = 0.72;
const BAR: f32 = 0.64;
const LEAST_STEM: f32 = 0.5;
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
        let (mut heights, mut feet) = (Vec::new(), Vec::new());
        for &at in &digits {
            let [top, bottom] = ends(points, 1, &|i| owners[i] == at);
            heights.push(f64::from(bottom - top));
            feet.push(f64::from(bottom));
        }
        let [height, level] = [heights, feet].map(|values| median(values.into_iter()) as f32);
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

/// Raises the bar of each 4 on which its stem ends, as on a u.
pub fn raise_bars(points: &mut [WordPoint], text: &[char], words: &[Range<usize>]) {
    let owners = owners(points);
    for at in words.iter().flat_map(Clone::clone).filter(|&at| text.get(at) == Some(&'4')) {
        let own: Vec<usize> = (0..points.len()).filter(|&i| owners[i] == at).collect();
        let [top, bottom] = ends(points, 1, &|i| owners[i] == at);
        let high = bottom - top;
        let Some(last) = own.len().checked_sub(1) else { continue };
        // The stem is drawn last: its foot, before a hook, and its head.
        let foot = turn_before(points, &own, last, 1.0, WIGGLE * high);
        let head = turn_before(points, &own, foot, -1.0, WIGGLE * high);
        let [foot, head] = [foot, head].map(|k| points[own[k]].at);
        let first: Vec<usize> = own.iter().copied().take_while(|&i| points[i].at != head).collect();
        let [[left, _], [_, bar]] = [0, 1].map(|axis| ends(points, axis, &|i| first.contains(&i)));
        let is_stem = foot[1] - head[1] >= LEAST_STEM * high && head[0] > left;
        if !is_stem || bar - top < LOWEST_BAR * (foot[1] - top) {
            continue;
        }
        let share = BAR * (foot[1] - top) / (bar - top);
        first.into_iter().for_each(|i| points[i].at[1] = top + share * (points[i].at[1] - top));
    }
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
                if (left.at[1] - right.at[1]).abs() < SAME_HEIGHT * x_height {
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
    use super::super::marks::tests::{HAND, word};
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
    fn the_bar_of_a_four_is_above_the_end_of_its_stem() {
        let text: Vec<char> = "4n".chars().collect();
        // Down, to the right, up to the top, and down as a stem that ends `below` the bar.
        let four = |below: f32| -> Vec<WordPoint> {
            let path = [
                [0.0, -390.0],
                [0.0, -200.0],
                [10.0, 0.0],
                [100.0, 0.0],
                [190.0, 0.0],
                [200.0, -400.0],
                [200.0, -200.0],
            ];
            let ink = path.into_iter().chain([[200.0, below]]).enumerate();
            let own = ink.map(|(k, at)| WordPoint { at, lifted: k == 7, character: 0, drawn: Some(k) });
            own.chain(word(" n")).collect()
        };
        let raised = |mut points: Vec<WordPoint>| {
            raise_bars(&mut points, &text, std::slice::from_ref(&(0..2)));
            points
        };
        assert_eq!(raised(four(200.0)), four(200.0), "a 4 as it should be");
        let (points, before) = (raised(four(10.0)), four(10.0));
        assert_eq!(points[5..], before[5..], "the stem stays");
        let bar = points[3].at[1] + 400.0;
        assert!((bar - BAR * 410.0).abs() < 1.0, "{bar}");
        assert!((points[0].at[1] + 393.0).abs() < 4.0);
        let letters: Vec<char> = "un".chars().collect();
        let mut other = four(10.0);
        raise_bars(&mut other, &letters, std::slice::from_ref(&(0..2)));
        assert_eq!(other, four(10.0), "a u stays");
    }
}
