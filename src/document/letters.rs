//! Letters as people take care to write them: no + for a t or an x, no l for a t.

use super::marks::{WordPoint, bounds, distance, ends, owners, strokes};
use std::ops::Range;

/// Least width of a bar and the most, in x-heights; least width relative to its height, and most length of its ink relative to
/// its width.
const BAR_WIDTH: Range<f32> = 0.3..3.0;
const FLAT: f32 = 1.6;
const MOST_INK: f32 = 1.3;
/// How steep a bar is at most that goes on as the next letter, how far from that slope its points may be, in x-heights, and how
/// high the next letter rises above it at least.
const MOST_SLOPE: f32 = 0.3;
const OFF_SLOPE: f32 = 0.08;
const LEAST_RISE: f32 = 0.5;
/// How far to the left the pen may move in it, in x-heights.
const STILL: f32 = 0.02;
/// Least height of a stem, how far it goes on below the bar, and how far a bar may be from it, in x-heights.
const LEAST_STEM: f32 = 0.7;
const BELOW: f32 = 0.25;
const NEAR: f32 = 0.45;
/// Least height, in x-heights, of a stem that was drawn while the window was on the next letter.
const STEM_OF_T: f32 = 1.15;
/// Least height of a t's stem relative to a higher one beside it: lower ones are of the letter before.
const OTHER_LETTER: f32 = 0.75;
/// How far the pen goes up, in x-heights, where a stem is not yet over.
const WIGGLE: f32 = 0.08;
/// How high a bar is at least, as a share of its stem's height, and how far it goes on both sides of the stem at least, in
/// x-heights. Beside a tall letter, whose stem is further away than `OTHER_STEM`, it ends at the distance `CLEAR` from that, and
/// still goes as far beyond its own.
const LEVEL: f32 = 0.65;
const BESIDE: f32 = 0.3;
const CLEAR: f32 = 0.2;
const OTHER_STEM: f32 = 0.3;
/// Way of the pen, in x-heights, on which what follows a raised bar comes back to its place.
const WAY_BACK: f32 = 0.6;
/// Width relative to height of the two strokes of a +, and length of their ink relative to the distance of their ends; and sine
/// and cosine of the angle by which it is turned.
const ACROSS: f32 = 0.7;
const ALONG: f32 = 1.7;
const STRAIGHT: f32 = 1.2;
const TURN: [f32; 2] = [0.6, 0.8];

/// Where the pen goes down, how far, and the character under the window in its middle.
struct Stem {
    range: Range<usize>,
    high: f32,
    character: usize,
}

impl Stem {
    /// The parts of a stroke where the pen goes down far enough.
    fn all(points: &[WordPoint], stroke: &Range<usize>, x_height: f32) -> Vec<Self> {
        let mut found = Vec::new();
        let (mut top, mut low) = (stroke.start, stroke.start);
        for i in stroke.clone() {
            let y = points[i].at[1];
            if y >= points[low].at[1] {
                low = i;
            }
            if points[low].at[1] - y > WIGGLE * x_height || i + 1 == stroke.end {
                let high = points[low].at[1] - points[top].at[1];
                if high >= LEAST_STEM * x_height {
                    let character = points[usize::midpoint(top, low)].character;
                    found.push(Self { range: top..low + 1, high, character });
                }
                (top, low) = (i, i);
            } else if y < points[top].at[1] {
                (top, low) = (i, i);
            }
        }
        found
    }

    /// Where a bar at this height crosses it.
    fn crossing(&self, points: &[WordPoint], y: f32, x_height: f32) -> Option<f32> {
        let own = &points[self.range.clone()];
        let low = own.last()?.at[1];
        let at = own.windows(2).find(|pair| pair[0].at[1] <= y && pair[1].at[1] > y)?;
        (low >= y + BELOW * x_height).then_some(at[0].at[0])
    }
}

/// Puts the bar of each t above the middle of its stem, on both sides of it and not over a tall letter beside it. A bar that
/// goes on upward, as a tall letter, is raised.
pub fn place_bars(points: &mut [WordPoint], text: &[char], x_height: f32) {
    let strokes = strokes(points);
    let is_bar = |range: &Range<usize>| {
        let ink = &points[range.clone()];
        let [x, y] = bounds(ink);
        let wide = x[1] - x[0];
        (BAR_WIDTH.start * x_height..BAR_WIDTH.end * x_height).contains(&wide)
            && wide > FLAT * (y[1] - y[0])
            && length(ink) < MOST_INK * wide
    };
    let (mut bars, others): (Vec<_>, Vec<_>) = strokes.into_iter().partition(is_bar);
    let stems: Vec<Stem> = others.iter().flat_map(|range| Stem::all(points, range, x_height)).collect();
    let is = |at: usize, letters: &str| text.get(at).is_some_and(|c| letters.contains(*c));
    let is_tall = |stem: &&Stem| is(stem.character, "hklbdf");
    // The t whose stem it is. The window may be on the next letter already when that is drawn.
    let t_of = |stem: &Stem| {
        let before = stem.character.checked_sub(1).filter(|&at| is(at, "t"));
        let before = before.filter(|_| !is_tall(&stem) && stem.high > STEM_OF_T * x_height);
        Some(stem.character).filter(|&at| is(at, "t")).or(before)
    };
    let joined = others.iter().filter_map(|range| Some((joined_bar(points, range, x_height)?, range.end)));
    let joined: Vec<(Range<usize>, usize)> = joined.collect();
    bars.extend(joined.iter().map(|(bar, _)| bar.clone()));
    // The stems that a bar crosses, or comes so near to, with the places.
    let crossed = |points: &[WordPoint], bar: &Range<usize>, near: f32| -> Vec<(f32, usize)> {
        let [[left, right], [top, bottom]] = bounds(&points[bar.clone()]);
        let reach = left - near * x_height..=right + near * x_height;
        let earlier = (0..stems.len()).filter(|&k| stems[k].range.end <= bar.start);
        let at = earlier.filter_map(|k| Some((stems[k].crossing(points, f32::midpoint(top, bottom), x_height)?, k)));
        at.filter(|(x, _)| reach.contains(x)).collect()
    };
    let all_crossed: Vec<Vec<(f32, usize)>> = bars.iter().map(|bar| crossed(points, bar, 0.0)).collect();
    let has_bar = |k: usize| all_crossed.iter().flatten().any(|&(_, other)| other == k);
    for (bar, crossed_by) in bars.into_iter().zip(&all_crossed) {
        let [[left, right], [top, bottom]] = bounds(&points[bar.clone()]);
        let y = f32::midpoint(top, bottom);
        let of_t = |hits: &[(f32, usize)]| -> Vec<(f32, usize)> {
            hits.iter().copied().filter(|&(_, k)| t_of(&stems[k]).is_some()).collect()
        };
        let mut hits = of_t(crossed_by);
        let of_f = || crossed_by.iter().filter(|&&(_, k)| is(stems[k].character, "f"));
        if hits.is_empty() && !is(points[bar.start].character, "-=+") {
            hits = of_t(&crossed(points, &bar, NEAR));
            hits.retain(|&(_, k)| !has_bar(k));
        }
        // Not the end of the letter before.
        let Some(&(_, stem)) = hits.iter().max_by(|a, b| stems[a.1].high.total_cmp(&stems[b.1].high)) else { continue };
        let stem = &stems[stem];
        hits.retain(|&(_, k)| stems[k].high > OTHER_LETTER * stem.high);
        let [first, last] = super::marks::span(hits.iter().chain(of_f()).map(|(x, _)| *x));
        let low = points[stem.range.end - 1].at[1];
        let up = (y - low + LEVEL * stem.high).max(0.0);
        if let Some((_, end)) = joined.iter().find(|(joined, _)| *joined == bar) {
            if first <= right {
                raise_joined(points, &bar, *end, up, x_height);
            }
            continue;
        }
        let crossing = |stem: &Stem| stem.crossing(points, y, x_height);
        let mut to = [left.min(first - BESIDE * x_height), right.max(last + BESIDE * x_height)];
        for x in stems.iter().filter(is_tall).filter_map(crossing) {
            if x > last + OTHER_STEM * x_height {
                to[1] = to[1].min((x - CLEAR * x_height).max(last + CLEAR * x_height));
            } else if x < first - OTHER_STEM * x_height {
                to[0] = to[0].max((x + CLEAR * x_height).min(first - CLEAR * x_height));
            }
        }
        let share = (to[1] - to[0]) / (right - left);
        let own = t_of(stem).unwrap_or(stem.character);
        for point in &mut points[bar] {
            let [x, y] = point.at;
            (point.at, point.character) = ([to[0] + share * (x - left), y - up], own);
        }
    }
}

/// The bar with which a stroke begins that goes on as a tall letter.
fn joined_bar(points: &[WordPoint], stroke: &Range<usize>, x_height: f32) -> Option<Range<usize>> {
    let from = points[stroke.start].at;
    let is_flat = |i: usize| {
        let [x, y] = [0, 1].map(|axis| points[i].at[axis] - from[axis]);
        y.abs() < MOST_SLOPE * x + OFF_SLOPE * x_height && points[i].at[0] > points[i - 1].at[0] - STILL * x_height
    };
    let end = (stroke.start + 1..stroke.end).find(|&i| !is_flat(i))?;
    let y = points[end - 1].at[1];
    let ahead = points[end..stroke.end].iter().take_while(|point| point.at[1] <= y);
    let rises = y - ahead.map(|point| point.at[1]).fold(y, f32::min) >= LEAST_RISE * x_height;
    (rises && points[end - 1].at[0] - from[0] > BAR_WIDTH.start * x_height).then_some(stroke.start..end)
}

/// Raises a bar, and less and less what follows it in its stroke, which goes on to `end`.
fn raise_joined(points: &mut [WordPoint], bar: &Range<usize>, end: usize, up: f32, x_height: f32) {
    let [_, [top, bottom]] = bounds(&points[bar.clone()]);
    let level = f32::midpoint(top, bottom);
    let (mut walked, mut before) = (0.0, points[bar.start].at);
    for (k, point) in points[bar.start..end].iter_mut().enumerate() {
        if k >= bar.len() {
            walked += distance(point.at, before) / (WAY_BACK * x_height);
        }
        before = point.at;
        if walked >= 1.0 {
            break;
        }
        let y = point.at[1];
        // Where the pen goes up to the head of the letter it stays, for the most part.
        let raised = if y > level { y - up } else { y.min(level - up + 0.3 * (y - level)) };
        point.at[1] += (1.0 - walked) * (raised - y);
    }
}

/// How long ink is.
fn length(ink: &[WordPoint]) -> f32 {
    ink.windows(2).map(|pair| distance(pair[0].at, pair[1].at)).sum()
}

/// Width relative to height of a straight stroke; `None` for others.
fn straight(ink: &[WordPoint]) -> Option<f32> {
    let [x, y] = bounds(ink).map(|[from, to]| to - from);
    (length(ink) < STRAIGHT * distance([0.0; 2], [x, y])).then_some(x / y.max(1e-3))
}

/// Turns each x that is a +.
pub fn turn_crosses(points: &mut [WordPoint], text: &[char], words: &[Range<usize>]) {
    let owners = owners(points);
    let strokes = strokes(points);
    for at in words.iter().flat_map(Clone::clone).filter(|&at| matches!(text.get(at), Some('x' | 'X'))) {
        // At the end of a word the window may have left it.
        let is_last = text.get(at + 1).is_none_or(|c| c.is_whitespace());
        let is_own = |owner: usize| owner == at || is_last && owner == at + 1;
        let own: Vec<_> = strokes.iter().filter(|range| is_own(owners[range.start])).collect();
        let [first, second] = own[..] else { continue };
        let shapes = [first, second].map(|range| straight(&points[range.clone()]));
        let [Some(one), Some(other)] = shapes else { continue };
        let boxes = [first, second].map(|range| bounds(&points[range.clone()]));
        let meet = |axis: usize| {
            let [from, to] = [0, 1].map(|end| boxes.map(|of| of[axis][end]));
            from[0].max(from[1]) < to[0].min(to[1])
        };
        if one.min(other) > ACROSS || one.max(other) < ALONG || !meet(0) || !meet(1) {
            continue;
        }
        let center = [0, 1].map(|axis| {
            let [low, high] = ends(points, axis, &|i| is_own(owners[i]));
            f32::midpoint(low, high)
        });
        let [sine, cosine] = TURN;
        for i in first.clone().chain(second.clone()) {
            let [x, y] = [0, 1].map(|axis| points[i].at[axis] - center[axis]);
            points[i].at = [center[0] + cosine * x - sine * y, center[1] + sine * x + cosine * y];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::marks::span;
    use super::super::marks::tests::{HAND, stroke_along, word};
    use super::*;

    /// A t, whose stem is at x = 0 from −300 to 0, with a bar; and what comes after it.
    fn t(bar: &[[f32; 2]], behind: &[WordPoint]) -> Vec<WordPoint> {
        [stroke_along(&[[0.0, -300.0], [0.0, 0.0]], 0), behind.to_vec(), stroke_along(bar, 0)].concat()
    }

    fn placed(text: &str, mut points: Vec<WordPoint>) -> Vec<WordPoint> {
        place_bars(&mut points, &text.chars().collect::<Vec<_>>(), HAND.x_height);
        points
    }

    #[test]
    fn the_bar_of_a_t_is_above_the_middle_and_on_both_sides_of_the_stem() {
        let behind: Vec<WordPoint> = word(" n").into_iter().filter(|point| point.character == 1).collect();
        let bar = |points: &[WordPoint]| {
            let bar = &points[16 + behind.len()..];
            [0, 1].map(|axis| span(bar.iter().map(|point| point.at[axis])))
        };
        let good = t(&[[-80.0, -210.0], [90.0, -220.0]], &behind);
        assert_eq!(placed("tn", good.clone()), good);
        for (from, to) in [(-140.0, -20.0), (15.0, 120.0), (-80.0, 5.0)] {
            let points = placed("tn", t(&[[from, -140.0], [to, -140.0]], &behind));
            let [[left, right], [y, _]] = bar(&points);
            assert!(left <= -59.0 && right >= 59.0, "{left} {right}");
            assert!(left <= from && right >= to && (y + LEVEL * 300.0).abs() < 1.0, "{y}");
            assert_eq!(points[..16 + behind.len()], t(&[[0.0; 2]; 2], &behind)[..16 + behind.len()]);
        }
        let far = t(&[[200.0, -140.0], [300.0, -140.0]], &behind);
        assert_eq!(placed("tn", far.clone()), far, "that of another letter stays");
        let plus = t(&[[-80.0, -140.0], [90.0, -140.0]], &behind);
        assert_eq!(placed("+n", plus.clone()), plus);
    }

    #[test]
    fn the_bar_of_a_t_does_not_cross_the_next_letter() {
        let h = stroke_along(&[[150.0, -400.0], [150.0, 0.0], [160.0, -180.0], [240.0, -180.0], [240.0, 0.0]], 1);
        let bar = |text: &str| {
            let points = placed(text, t(&[[-90.0, -210.0], [260.0, -220.0]], &h));
            span(points[16 + h.len()..].iter().map(|point| point.at[0]))
        };
        assert_eq!(bar("th")[0], -90.0);
        assert!(bar("th")[1] < 120.0, "{:?}", bar("th"));
        assert_eq!(bar("tt"), [-90.0, 260.0], "two t may share one");
    }

    #[test]
    fn bars_of_other_letters_stay() {
        let f = |x: f32, character| {
            stroke_along(&[[x + 60.0, -400.0], [x + 20.0, -420.0], [x, -380.0], [x, 100.0]], character)
        };
        let [t, bar] = [
            |x: f32, at| stroke_along(&[[x, -300.0], [x, 0.0]], at),
            |x: f32, at| stroke_along(&[[x - 70.0, -210.0], [x + 70.0, -210.0]], at),
        ];
        for (text, ink) in [
            ("tf", [t(0.0, 0), f(150.0, 1), bar(0.0, 1), bar(150.0, 1)].concat()),
            ("ft", [f(0.0, 0), t(150.0, 1), bar(0.0, 1), bar(150.0, 1)].concat()),
            ("tt", [t(0.0, 0), t(150.0, 1), bar(0.0, 1), bar(150.0, 1)].concat()),
        ] {
            let at = |points: &[WordPoint]| points.iter().map(|point| point.at).collect::<Vec<_>>();
            assert_eq!(at(&placed(text, ink.clone())), at(&ink), "{text}");
        }
        let shared = [f(0.0, 0), t(150.0, 1), stroke_along(&[[-70.0, -210.0], [220.0, -210.0]], 1)].concat();
        assert_eq!(placed("ft", shared.clone()), shared);
        let [f, t_behind] = [f(0.0, 0), t(150.0, 1)];
        let points = placed("ft", [f, t_behind, bar(0.0, 1)].concat());
        let [[left, right], _] = bounds(&points[points.len() - 8..]);
        assert!(left == -70.0 && right > 200.0, "one that an f and a t share reaches both: {left} {right}");
        let hyphen = [t(0.0, 0), bar(0.0, 1), stroke_along(&[[70.0, -110.0], [140.0, -110.0]], 1)].concat();
        let points = placed("t-", hyphen.clone());
        assert_eq!(points[points.len() - 4..], hyphen[hyphen.len() - 4..]);
        // The last leg of an n, drawn while the window is on the t.
        let n = stroke_along(&[[-100.0, -200.0], [-100.0, 0.0]], 0);
        let points = placed("t", [n.clone(), t(0.0, 0), stroke_along(&[[-120.0, -130.0], [30.0, -130.0]], 0)].concat());
        let [_, [top, _]] = bounds(&points[points.len() - 8..]);
        assert!((top + LEVEL * 300.0).abs() < 1.0, "{top}");
    }

    #[test]
    fn a_bar_that_goes_on_as_a_tall_letter_is_raised() {
        let stem = stroke_along(&[[0.0, -300.0], [0.0, 0.0]], 0);
        let joined = |corners: &[[f32; 2]]| [stem.clone(), stroke_along(corners, 1)].concat();
        let h =
            joined(&[[-80.0, -130.0], [100.0, -130.0], [160.0, -400.0], [130.0, 0.0], [230.0, -180.0], [240.0, 0.0]]);
        let points = placed("th", h.clone());
        assert_eq!(points[..stem.len()], stem);
        let at_stem = points.iter().skip(stem.len()).find(|point| point.at[0] >= 0.0);
        assert!(at_stem.is_some_and(|point| (150.0..210.0).contains(&-point.at[1])), "{at_stem:?}");
        assert!(points.windows(2).skip(stem.len()).all(|pair| distance(pair[0].at, pair[1].at) < 40.0));
        let end = points.len() - 30;
        assert_eq!(points[end..], h[end..], "the rest of the letter stays");
        let o = joined(&[[-80.0, -130.0], [120.0, -130.0], [130.0, -180.0], [60.0, -150.0], [80.0, 0.0], [160.0, 0.0]]);
        assert_eq!(placed("to", o.clone()), o, "an o would be open");
    }

    #[test]
    fn an_x_is_not_a_plus() {
        let text: Vec<char> = "xn".chars().collect();
        let cross = |a: [[f32; 2]; 2], b: [[f32; 2]; 2]| [stroke_along(&a, 0), stroke_along(&b, 0)].concat();
        let turned = |text: &[char], mut points: Vec<WordPoint>| {
            turn_crosses(&mut points, text, std::slice::from_ref(&(0..2)));
            points
        };
        let x = cross([[0.0, -180.0], [150.0, 0.0]], [[150.0, -180.0], [0.0, 0.0]]);
        assert_eq!(turned(&text, x.clone()), x);
        let plus = cross([[75.0, -180.0], [70.0, 0.0]], [[0.0, -85.0], [150.0, -90.0]]);
        let points = turned(&text, plus.clone());
        for stroke in strokes(&points) {
            let [x, y] = bounds(&points[stroke]);
            let shape = (x[1] - x[0]) / (y[1] - y[0]);
            assert!((0.5..2.0).contains(&shape), "{shape}");
        }
        assert_eq!(turned(&['+', 'n'], plus.clone()), plus);
        let joined = cross([[75.0, -180.0], [70.0, 0.0]], [[-200.0, 0.0], [0.0, -85.0]]);
        assert_eq!(turned(&text, joined.clone()), joined);
    }
}
