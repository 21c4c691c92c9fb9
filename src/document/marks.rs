//! Draws what the network has not learnt: accents over, under and through its letters, and whole signs in the place of
//! what it wrote for them ([`Mark`]).
//!
//! Accents are late strokes: people write them when the word is finished. They are drawn in the hand's size, slant and
//! pace, and vary as the hand does. All shapes are given in x-heights, y downward.

use super::measure::{LOW, quantile, stands};
use crate::text::diacritics::Mark;
use rand::Rng;
use std::ops::Range;

/// A point of a word's ink.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WordPoint {
    /// In line coordinates.
    pub at: [f32; 2],
    /// Whether a stroke ends here.
    pub lifted: bool,
    /// Index in the line's text of the character under the window when the point was drawn.
    pub character: usize,
    /// Index among the line's points as the network drew them; `None` if it did not draw this one.
    pub drawn: Option<usize>,
}

/// What the marks are adapted to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarkStyle {
    /// Height of an `x`, in corpus units.
    pub x_height: f32,
    /// The baseline: height at x = 0, and descent per unit to the right.
    pub baseline: [f32; 2],
    /// How far letters lean to the right for each unit upward.
    pub slant: f32,
    /// Distance of neighbouring points, in corpus units: the pen's pace.
    pub spacing: f32,
    /// How much the marks vary: 1 as people's do, 0 not at all.
    pub variation: f32,
    /// Right edge of the ink before the word; infinitely far to the left without any.
    pub before: f32,
}

/// Set in the character of a point that was drawn as a mark: nothing is measured by it.
pub const MARK: u32 = 1 << 31;

/// A path through these points, in x-heights.
type Shape = &'static [[f32; 2]];

/// How many points before the pen lifts the window may have moved on: in general, and from a letter to a letter. Where the pen
/// does not lift between letters, `JOINED_LEAD` points are the former one's.
const LEAD: usize = 8;
const LETTER_LEAD: usize = 12;
const JOINED_LEAD: usize = 8;
/// Least height, in x-heights, of ink that is not of a letter as high as an `x`.
const TALL: f32 = 1.35;
/// Largest side of the dot of an `i`, in x-heights.
const DOT: f32 = 0.6;
/// Distance of a mark above a letter from it, in x-heights; and below.
const ABOVE: f32 = 0.19;
const BELOW: f32 = 0.2;
/// Size of a raised or lowered digit, and where its foot is, below the baseline in x-heights.
const SMALL: f32 = 0.62;
const RAISED: f32 = -0.8;
const LOWERED: f32 = 0.35;

/// Least share of the height of an `l` that its downstroke has.
const LEAST_DOWNSTROKE: f32 = 0.7;
/// Distance from the words beside it, in x-heights, of a sign that is a word of its own and got no place from the network.
const WORD_GAP: f32 = 0.8;
/// Least distance of a sign from the ink beside it, in x-heights.
const SIGN_GAP: f32 = 0.32;

/// From the letter before a full stop that is drawn to the stop, and to the letter behind it.
const BEFORE_STOP: f32 = 0.3;
const AROUND_STOP: f32 = 0.75;

/// Draws a full stop on the baseline, behind the letter before it; what comes after it makes room.
fn stop(points: &mut [WordPoint], at: usize, hand: &MarkStyle, rng: &mut impl Rng) -> Vec<WordPoint> {
    // The window may move on to the stop while the pen is still on the letter before it.
    let mut is_behind: Vec<bool> = points.iter().map(|point| point.character >= at).collect();
    for range in strokes(points) {
        let characters = || points[range.clone()].iter().map(|point| point.character);
        if characters().min() < Some(at) && characters().max() == Some(at) {
            is_behind[range].fill(false);
        }
    }
    let edge = |behind: bool| ends(points, 0, &|i| is_behind[i] == behind);
    let ([left, before], [after, _]) = (edge(false), edge(true));
    if !left.is_finite() {
        return Vec::new();
    }
    let room = AROUND_STOP * hand.x_height - (after - before);
    if room > 0.0 {
        let behind = points.iter_mut().zip(&is_behind).filter(|(_, is_behind)| **is_behind);
        behind.for_each(|(point, _)| point.at[0] += room);
    }
    let x = before + BEFORE_STOP * hand.x_height;
    let y = hand.baseline[0] + hand.baseline[1] * x - 0.07 * hand.x_height;
    stroke(DOT_SHAPE, [x, y], 1.0, at, hand, rng)
}

/// Adds marks to a word's ink: `text` is the line's text as the network writes it, `marks` are those of the word's
/// characters, and `stops` its full stops that have no ink.
pub fn draw(
    mut points: Vec<WordPoint>,
    text: &[char],
    marks: &[(usize, Mark)],
    stops: &[usize],
    hand: &MarkStyle,
    rng: &mut impl Rng,
) -> Vec<WordPoint> {
    if marks.is_empty() && stops.is_empty() || points.is_empty() {
        return points;
    }
    lead_back(&mut points, text);
    attribute_blanks(&mut points, text);
    remove_dots(&mut points, text, marks, hand);
    // What changes the network's ink comes first: marks are drawn where the letters finally are.
    for &(at, mark) in marks {
        match mark {
            Mark::Joined => join(&mut points, text, at, hand),
            Mark::Raised | Mark::Lowered => shrink(&mut points, at, mark == Mark::Raised, hand),
            Mark::Short => shorten(&mut points, at, hand),
            Mark::Sign(sign) => replace(&mut points, text, at, sign, hand, rng),
            _ => {}
        }
    }
    let mut late: Vec<Vec<WordPoint>> = Vec::new();
    for &at in stops {
        let drawn = stop(&mut points, at, hand, rng);
        late.extend(Some(drawn).filter(|drawn| !drawn.is_empty()));
    }
    let mut before = None;
    for &(at, mark) in marks {
        let Some(letter) = Letter::find(&points, text, at, hand) else { continue };
        let below = before.filter(|(other, _)| *other == at).map(|(_, mark)| mark);
        let c = text.get(at).copied().unwrap_or_default();
        let (shapes, origin, size) = placed(mark, below, c, &letter, hand);
        late.extend(shapes.iter().map(|shape| stroke(shape, origin, size, at, hand, rng)));
        before = Some((at, mark));
    }
    if let Some(last) = points.last_mut().filter(|_| !late.is_empty()) {
        last.lifted = true;
    }
    points.extend(late.into_iter().flatten());
    points
}

/// The window often moves on before the pen has finished a character: points up to the next lift are still its own, or as many
/// as usual where the pen does not lift.
fn lead_back(points: &mut [WordPoint], text: &[char]) {
    let mut i = 1;
    while i < points.len() {
        let (before, here) = (points[i - 1], points[i].character);
        if here == before.character + 1 && !before.lifted {
            let is_letter = |at: usize| text.get(at).is_some_and(|c| c.is_alphabetic());
            let of_letters = is_letter(before.character) && is_letter(here);
            let lead = if of_letters { LETTER_LEAD } else { LEAD };
            let end = points.len().min(i + lead);
            if let Some(lift) = (i..end).find(|&k| points[k].lifted || points[k].character != here) {
                // Not the whole of a short character.
                let own = points[i..].iter().take_while(|point| point.character == here).count();
                if points[lift].character == here && own > lift - i + 2 {
                    points[i..=lift].iter_mut().for_each(|point| point.character = before.character);
                    i = lift + 1;
                    continue;
                }
            } else if of_letters && end == i + lead {
                // Letters that are joined: so far the window is ahead of the pen.
                points[i..i + JOINED_LEAD].iter_mut().for_each(|point| point.character = before.character);
                i = end;
                continue;
            }
        }
        i += 1;
    }
}

/// Ink that was drawn when the window had left the word belongs to the character that it is nearest to.
fn attribute_blanks(points: &mut [WordPoint], text: &[char]) {
    let is_blank = |at: usize| text.get(at).is_none_or(|c| c.is_whitespace());
    let mut spans = vec![[f32::INFINITY, f32::NEG_INFINITY]; text.len()];
    for point in points.iter().filter(|point| !is_blank(point.character)) {
        let [left, right] = spans[point.character];
        spans[point.character] = [left.min(point.at[0]), right.max(point.at[0])];
    }
    for range in strokes(points) {
        let ink = &mut points[range];
        let own = ink.iter().rfind(|point| !is_blank(point.character)).map(|point| point.character);
        let [[left, right], _] = bounds(ink);
        let away = |[from, to]: [f32; 2]| (from - (left + right) / 2.0).max((left + right) / 2.0 - to).max(0.0);
        let inked = (0..spans.len()).filter(|&at| spans[at][0].is_finite());
        let nearest = inked.min_by(|&a, &b| away(spans[a]).total_cmp(&away(spans[b])));
        if let Some(at) = own.or(nearest) {
            ink.iter_mut().filter(|point| is_blank(point.character)).for_each(|point| point.character = at);
        }
    }
}

/// The ranges of a word's strokes.
#[inline(never)]
pub fn strokes(points: &[WordPoint]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for (i, point) in points.iter().enumerate() {
        if point.lifted || i + 1 == points.len() {
            found.push(start..i + 1);
            start = i + 1;
        }
    }
    found
}

/// Left and right end of ink, and upper and lower end.
#[inline(never)]
pub fn bounds(ink: &[WordPoint]) -> [[f32; 2]; 2] {
    [0, 1].map(|axis| ends(ink, axis, &|_| true))
}

/// Lower and upper end of values on an axis.
pub fn span(points: impl Iterator<Item = f32>) -> [f32; 2] {
    points.fold([f32::INFINITY, f32::NEG_INFINITY], |[min, max], value| [min.min(value), max.max(value)])
}

/// Distance of neighbouring points of ordinary ink: seven in ten are closer.
pub fn spacing(points: &[[f32; 3]]) -> f32 {
    let moves = points.windows(2).filter(|pair| pair[0][2] < 0.5);
    let lengths = moves.map(|pair| distance([pair[0][0], pair[0][1]], [pair[1][0], pair[1][1]]).into());
    quantile(lengths.collect(), 0.7).unwrap_or(1.0).max(1.0) as f32
}

/// Where a letter's ink is.
#[derive(Debug, Clone, Copy)]
struct Letter {
    /// Ends on the x axis, and on the y axis.
    x: [f32; 2],
    y: [f32; 2],
    /// Middle of its upper and lower half, and of the part of it that rises above an `x`.
    top: f32,
    bottom: f32,
    stem: f32,
    /// Where it is crossed at half its height, leftmost.
    waist: f32,
    /// Baseline below it.
    baseline: f32,
}

impl Letter {
    #[inline(never)]
    fn find(points: &[WordPoint], text: &[char], at: usize, hand: &MarkStyle) -> Option<Self> {
        let own: Vec<[f32; 2]> = points
            .iter()
            .filter(|point| point.character == at && point.drawn.is_some())
            .map(|point| point.at)
            .collect();
        let is_low = text.get(at).is_some_and(|c| LOW.contains(*c));
        let own = if is_low { behind_tall(&own, hand) } else { &own };
        if own.is_empty() {
            return None;
        }
        let [x, y] = [0, 1].map(|axis| span(own.iter().map(|point| point[axis])));
        let middle = |keep: &dyn Fn(f32) -> bool| {
            let [left, right] = span(own.iter().filter(|[_, y]| keep(*y)).map(|[x, _]| *x));
            if left.is_finite() { (left + right) / 2.0 } else { (x[0] + x[1]) / 2.0 }
        };
        let center = (x[0] + x[1]) / 2.0;
        let baseline = hand.baseline[0] + hand.baseline[1] * center;
        let half = (y[1] - y[0]).min(hand.x_height) * 0.5;
        Some(Self {
            x,
            y,
            top: middle(&|at| at <= y[0] + half),
            bottom: middle(&|at| at >= y[1] - half),
            stem: middle(&|at| at <= baseline - 1.15 * hand.x_height),
            waist: {
                let [low, high] = [y[0] + 0.3 * (y[1] - y[0]), y[0] + 0.7 * (y[1] - y[0])];
                let [waist, _] = span(own.iter().filter(|[_, y]| (low..=high).contains(y)).map(|[x, _]| *x));
                if waist.is_finite() { waist } else { center }
            },
            baseline,
        })
    }
}

/// The ink of a letter as high as an `x`, without that of a taller one before it to which it is joined.
fn behind_tall<'a>(ink: &'a [[f32; 2]], hand: &MarkStyle) -> &'a [[f32; 2]] {
    let is_tall = |[x, y]: &[f32; 2]| *y < hand.baseline[0] + hand.baseline[1] * x - TALL * hand.x_height;
    let half = ink.len() / 2;
    let Some(tall) = ink[..half].iter().rposition(is_tall) else { return ink };
    // Down to the foot of the taller one.
    let foot = ink[tall..].windows(2).take_while(|pair| pair[1][1] > pair[0][1]).count() + tall;
    let rest = &ink[foot..];
    if rest.len() > ink.len() / 3 && !rest.iter().any(is_tall) { rest } else { ink }
}

/// Whether a character has a dot.
fn is_dotted(c: Option<&char>) -> bool {
    matches!(c, Some('i' | 'j'))
}

/// Takes away the dots of letters whose marks stand in their place. Which short stroke is whose dot is decided for all
/// dotted letters of the word together, each by the distance from its stem.
fn remove_dots(points: &mut Vec<WordPoint>, text: &[char], marks: &[(usize, Mark)], hand: &MarkStyle) {
    let bare: Vec<usize> =
        marks.iter().filter(|(at, mark)| mark.replaces_dot() && is_dotted(text.get(*at))).map(|(at, _)| *at).collect();
    if bare.is_empty() {
        return;
    }
    let size = hand.x_height;
    let dots: Vec<Range<usize>> = strokes(points)
        .into_iter()
        .filter(|range| {
            let [x, y] = bounds(&points[range.clone()]);
            let baseline = hand.baseline[0] + hand.baseline[1] * x[0];
            (x[1] - x[0]).max(y[1] - y[0]) < DOT * size && y[1] < baseline - 0.75 * size
        })
        .collect();
    let is_dot = |i: usize| dots.iter().any(|range| range.contains(&i));
    // Pairs of a letter and a dot, by their distance.
    let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
    for at in (0..text.len()).filter(|&at| is_dotted(text.get(at))) {
        let stem: Vec<[f32; 2]> =
            (0..points.len()).filter(|&i| points[i].character == at && !is_dot(i)).map(|i| points[i].at).collect();
        let Some(top) = stem.iter().copied().min_by(|a, b| a[1].total_cmp(&b[1])) else { continue };
        for (k, range) in dots.iter().enumerate() {
            let [x, y] = bounds(&points[range.clone()]);
            let up = top[1] - y[1];
            let aside = ((x[0] + x[1]) / 2.0 - top[0] - hand.slant * up).abs();
            // A stroke that is drawn before the letter is no dot of it.
            let later = points[range.start].character >= at;
            if aside < 1.1 * size && (-0.15 * size..1.6 * size).contains(&up) && later {
                pairs.push((aside + 0.2 * up.abs(), at, k));
            }
        }
    }
    let mut removed = Vec::new();
    while let Some(&(_, at, k)) = pairs.iter().min_by(|a, b| a.0.total_cmp(&b.0)) {
        pairs.retain(|&(_, letter, dot)| letter != at && dot != k);
        if bare.contains(&at) {
            removed.push(dots[k].clone());
        }
    }
    let mut i = 0;
    points.retain(|_| {
        i += 1;
        !removed.iter().any(|range| range.contains(&(i - 1)))
    });
}

/// Moves a letter, and what comes after it, onto the letter before it.
fn join(points: &mut [WordPoint], text: &[char], at: usize, hand: &MarkStyle) {
    let Some(before) = at.checked_sub(1) else { return };
    // By whole strokes, if the letters have their own: the first point of one is drawn while the window is on the other.
    let characters: Vec<usize> = points.iter().map(|point| point.character).collect();
    let owners = [owners(points), characters].into_iter().find(|it| it.contains(&before) && it.contains(&at));
    let Some(owners) = owners else { return };
    let [first, second] = [before, at].map(|letter| ends(points, 0, &|i| owners[i] == letter));
    let overlap = if text.get(at).is_some_and(|c| c.is_uppercase()) { 0.22 } else { 0.1 };
    let by = (second[0] - first[1] + overlap * hand.x_height).clamp(0.0, 2.0 * hand.x_height);
    shift(points, -by, &|i, _| owners[i] >= at);
}

/// Makes a character small, and raises or lowers it.
fn shrink(points: &mut [WordPoint], at: usize, raised: bool, hand: &MarkStyle) {
    let Some(letter) = Letter::find(points, &[], at, hand) else { return };
    let bottom = letter.baseline + hand.x_height * if raised { RAISED } else { LOWERED };
    for point in points.iter_mut().filter(|point| point.character == at) {
        let [x, y] = point.at;
        point.at = [letter.x[0] + (x - letter.x[0]) * SMALL, bottom + (y - letter.y[1]) * SMALL];
    }
}

/// Makes an `l` as high as an `x`, on its foot. It has one stroke; what else was drawn for it goes.
fn shorten(points: &mut Vec<WordPoint>, at: usize, hand: &MarkStyle) {
    let height = |range: &Range<usize>| {
        let [top, bottom] = ends(points, 1, &|i| range.contains(&i) && points[i].character == at);
        bottom - top
    };
    let mut stem = strokes(points).into_iter().max_by(|a, b| height(a).total_cmp(&height(b))).unwrap_or_default();
    // Without the upstroke of a loop, with which it would be an e.
    let top = stem.clone().min_by(|&a, &b| points[a].at[1].total_cmp(&points[b].at[1])).unwrap_or(stem.start);
    if height(&(top..stem.end)) >= LEAST_DOWNSTROKE * height(&stem) {
        stem.start = top;
    }
    let mut i = 0;
    points.retain(|point| {
        i += 1;
        point.character != at || stem.contains(&(i - 1))
    });
    let Some(letter) = Letter::find(points, &[], at, hand) else { return };
    let share = (hand.x_height / (letter.y[1] - letter.y[0]).max(1e-3)).min(1.0);
    for point in points.iter_mut().filter(|point| point.character == at) {
        let [x, y] = point.at;
        point.at = [letter.x[0] + (x - letter.x[0]) * share, letter.y[1] + (y - letter.y[1]) * share];
    }
}

/// Ends on an axis of the points that are kept.
#[inline(never)]
pub fn ends(points: &[WordPoint], axis: usize, keep: &dyn Fn(usize) -> bool) -> [f32; 2] {
    let mut found = [f32::INFINITY, f32::NEG_INFINITY];
    for (i, point) in points.iter().enumerate() {
        if keep(i) {
            found = [found[0].min(point.at[axis]), found[1].max(point.at[axis])];
        }
    }
    found
}

/// Moves points to the right.
#[inline(never)]
pub fn shift(points: &mut [WordPoint], by: f32, moves: &dyn Fn(usize, &WordPoint) -> bool) {
    for (i, point) in points.iter_mut().enumerate() {
        if moves(i, point) {
            point.at[0] += by;
        }
    }
}

/// For each point the character at which most of its stroke was drawn.
#[inline(never)]
pub fn owners(points: &[WordPoint]) -> Vec<usize> {
    let mut owners = Vec::with_capacity(points.len());
    for range in strokes(points) {
        let (mut owner, mut most) = (0, 0);
        for point in &points[range.clone()] {
            let count = points[range.clone()].iter().filter(|other| other.character == point.character).count();
            if count > most {
                (owner, most) = (point.character, count);
            }
        }
        owners.resize(range.end, owner);
    }
    owners
}

/// Largest side of the strokes that people make for a sign of small strokes, in x-heights.
pub fn most_side(sign: char) -> f32 {
    if sign == ':' { 0.7 } else { 2.2 }
}

/// Puts a drawn sign in the place of a character's ink, with room on both sides. Where the network drew nothing for it, the
/// sign stands between the ink of the characters beside it.
fn replace(points: &mut Vec<WordPoint>, text: &[char], at: usize, sign: char, hand: &MarkStyle, rng: &mut impl Rng) {
    let gone = ink_of_sign(points, text, at, sign, hand);
    let shapes = sign_shapes(sign);
    let [first, last] = span(shapes.iter().flat_map(|shape| shape.iter().map(|point| point[0])));
    let Some((origin, after)) = place_of_sign(points, &gone, text, at, sign, [first, last], hand) else { return };
    let room = origin[0] + (last + SIGN_GAP) * hand.x_height - after;
    if room > 0.0 && after.is_finite() {
        shift(points, room, &|_, point| point.character > at);
    }
    let count = gone.iter().position(|gone| *gone).unwrap_or_else(|| {
        let behind = |point: &WordPoint| point.character < at;
        points.iter().rposition(behind).map_or(0, |last| last + 1)
    });
    let mut i = 0;
    points.retain(|_| {
        i += 1;
        !gone[i - 1]
    });
    if let Some(before) = count.checked_sub(1).and_then(|i| points.get_mut(i)) {
        before.lifted = true;
    }
    let drawn = shapes.iter().flat_map(|shape| stroke(shape, origin, 1.0, at, hand, rng));
    points.splice(count..count, drawn.collect::<Vec<_>>());
}

/// This character, if it is in the text and no blank.
fn inked(text: &[char], at: Option<usize>) -> Option<usize> {
    at.filter(|&at| text.get(at).is_some_and(|c| !c.is_whitespace()))
}

/// Whether a sign has small strokes of its own, so that one on which the window merely ended is a letter's.
fn is_small_sign(sign: char) -> bool {
    matches!(sign, ':' | ';' | ',')
}

/// Of each point, whether it is the network's ink for the sign at `at`. Ink that the window merely ended on becomes that of
/// the letter beside it.
fn ink_of_sign(points: &mut [WordPoint], text: &[char], at: usize, sign: char, hand: &MarkStyle) -> Vec<bool> {
    let right = inked(text, at.checked_sub(1)).map(|before| ends(points, 0, &|i| points[i].character == before)[1]);
    let mut of_sign = vec![false; points.len()];
    for range in strokes(points) {
        let [x, y] = bounds(&points[range.clone()]);
        let ink = &mut points[range.clone()];
        let own = ink.iter().filter(|point| point.character == at).count();
        if own == 0 {
            continue;
        }
        let is_large = (x[1] - x[0]).max(y[1] - y[0]) > most_side(sign) * hand.x_height;
        // The bar of a t, drawn late.
        let is_late = right.is_some_and(|right| f32::midpoint(x[0], x[1]) < right - 0.1 * hand.x_height);
        let other = ink.iter().map(|point| point.character).find(|&other| other != at);
        let owner = match other {
            _ if is_late => at.checked_sub(1),
            Some(other) if is_small_sign(sign) && (2 * own < ink.len() || is_large) => Some(other),
            None if is_small_sign(sign) && is_large => inked(text, Some(at + 1)),
            _ => None,
        };
        match owner {
            Some(owner) => {
                for point in ink.iter_mut().filter(|point| point.character == at) {
                    point.character = owner;
                }
            }
            None => range.clone().for_each(|i| of_sign[i] = 2 * own >= range.len() || points[i].character == at),
        }
    }
    of_sign
}

/// Origin of the drawing of a sign, whose shapes reach from `first` to `last` x-heights, and the left end of the ink behind
/// it (infinite if there is none). It goes to the middle of the ink that is `gone`, or between the characters beside it.
fn place_of_sign(
    points: &[WordPoint],
    gone: &[bool],
    text: &[char],
    at: usize,
    sign: char,
    [first, last]: [f32; 2],
    hand: &MarkStyle,
) -> Option<([f32; 2], f32)> {
    let beside = |other: Option<usize>, axis: usize| match inked(text, other) {
        Some(other) => ends(points, axis, &|i| !gone[i] && points[i].character == other),
        None => [f32::INFINITY, f32::NEG_INFINITY],
    };
    let neighbours = [at.checked_sub(1), Some(at + 1)];
    let [[_, mut before], [mut after, _]] = neighbours.map(|other| beside(other, 0));
    let [left, right] = ends(points, 0, &|i| gone[i]);
    if at < text.len() && !(left.is_finite() || before.is_finite() || after.is_finite()) {
        // A word of its own for which there is no ink stands between the words beside it.
        before = ends(points, 0, &|i| points[i].character < at)[1].max(hand.before) + WORD_GAP * hand.x_height;
        after = ends(points, 0, &|i| points[i].character > at)[0] - WORD_GAP * hand.x_height;
    }
    let middle = match (left.is_finite(), before.is_finite(), after.is_finite()) {
        (true, ..) => f32::midpoint(left, right),
        (_, true, true) => f32::midpoint(before, after),
        (_, true, false) => before + (SIGN_GAP + last - first) * hand.x_height,
        (_, false, true) => after - (SIGN_GAP + last - first) * hand.x_height,
        _ => return None,
    };
    let nearest = before + (SIGN_GAP - first) * hand.x_height;
    let mut x = (middle - f32::midpoint(first, last) * hand.x_height).max(nearest);
    if is_small_sign(sign) && before.is_finite() {
        x = x.min(nearest + 0.2 * hand.x_height);
    }
    // Level with the characters beside it that stand on the line.
    let line = hand.baseline[0] + hand.baseline[1] * middle;
    let (mut sum, mut count) = (0.0, 0.0);
    for other in neighbours {
        let [_, low] = beside(other.filter(|&other| text.get(other).is_some_and(stands)), 1);
        if (low - line).abs() < 3.0 * hand.x_height {
            (sum, count) = (sum + low, count + 1.0);
        }
    }
    let baseline = if count > 0.0 { sum / count } else { line };
    Some(([x, baseline], after))
}

/// Shapes, their origin in line coordinates, and their size.
type Placed = (&'static [Shape], [f32; 2], f32);

/// The strokes of a mark.
fn placed(mark: Mark, other: Option<Mark>, c: char, letter: &Letter, hand: &MarkStyle) -> Placed {
    let unit = hand.x_height;
    let &Letter { x: [left, right], y: [top, bottom], baseline, .. } = letter;
    let middle = (top + bottom) / 2.0;
    let center = (left + right) / 2.0;
    let capital = if c.is_uppercase() { 1.15 } else { 1.0 };
    let across = |shapes: &'static [Shape], origin: [f32; 2]| (shapes, origin, capital);
    match mark {
        Mark::Bar => match c {
            'D' => across(&[&[[-0.28, 0.0], [0.38, -0.03]]], [letter.waist, middle]),
            'H' => across(&[&[[-0.85, 0.0], [0.85, -0.04]]], [center, top + 0.25 * (bottom - top)]),
            't' | 'T' => across(&[&[[-0.26, 0.0], [0.3, -0.03]]], [letter.bottom, middle + 0.1 * unit]),
            _ => across(&[&[[-0.32, 0.02], [0.32, -0.03]]], [letter.stem, (top + baseline - unit) / 2.0]),
        },
        Mark::Slash => match c {
            'd' => across(&[&[[-0.28, 0.1], [0.28, -0.12]]], [letter.stem, (top + baseline - unit) / 2.0]),
            'l' => across(&[&[[-0.26, 0.12], [0.28, -0.16]]], [center, middle]),
            'L' => across(&[&[[-0.24, 0.14], [0.36, -0.2]]], [letter.waist, middle]),
            'O' => across(&[&[[-0.8, 0.95], [0.8, -0.95]]], [center, middle]),
            _ => across(&[&[[-0.52, 0.62], [0.52, -0.62]]], [center, middle]),
        },
        Mark::Rest(rest) => match rest {
            'ŋ' => across(&[&[[0.0, -0.1], [0.02, 0.3], [-0.12, 0.52], [-0.36, 0.5]]], [right, baseline]),
            'þ' => across(&[&[[0.0, -1.75], [0.0, -0.4]]], [left + 0.05 * unit, baseline]),
            'ŀ' => across(&[DOT_SHAPE], [right + 0.25 * unit, middle]),
            'µ' => across(&[&[[0.0, -0.3], [-0.06, 0.3], [-0.12, 0.7]]], [left, baseline]),
            '£' => across(&[&[[-0.26, 0.0], [0.42, -0.05]]], [letter.waist, middle + 0.1 * unit]),
            '¥' => across(
                &[&[[-0.34, 0.0], [0.36, -0.03]], &[[-0.34, 0.28], [0.36, 0.25]]],
                [letter.bottom, bottom - 0.62 * unit],
            ),
            '¢' => across(&[&[[0.08, -0.75], [-0.08, 0.75]]], [center, middle]),
            '©' => across(&[&[[0.24, -0.22], [0.0, -0.34], [-0.24, 0.0], [0.0, 0.32], [0.26, 0.2]]], [center, middle]),
            _ => across(
                &[&[[-0.2, 0.38], [-0.2, -0.38], [0.12, -0.34], [0.16, -0.12], [-0.16, 0.0], [0.24, 0.38]]],
                [center, middle],
            ),
        },
        Mark::Combining(accent) => combining(accent, other, c, letter, hand),
        _ => (&[], [0.0; 2], 0.0),
    }
}

/// A dot that stands on the baseline.
const DOT_ON_LINE: Shape = &[[0.0, -0.08], [0.02, -0.01]];
/// A dot: a short stroke, as pens make it.
const DOT_SHAPE: Shape = &[[0.0, 0.0], [0.02, 0.07]];
const COMMA: Shape = &[[0.05, 0.0], [0.07, 0.12], [-0.04, 0.32]];
const RING: Shape =
    &[[0.03, -0.36], [-0.14, -0.28], [-0.15, -0.1], [0.0, 0.0], [0.15, -0.1], [0.13, -0.3], [-0.02, -0.36]];

/// Likewise, of a combining mark. Above a letter, shapes stand on y = 0; below, they hang from it.
fn combining(mark: char, other: Option<Mark>, c: char, letter: &Letter, hand: &MarkStyle) -> Placed {
    let unit = hand.x_height;
    let &Letter { x: [_, right], y: [top, bottom], baseline, .. } = letter;
    let size = if c.is_uppercase() { 1.1 } else { 1.0 };
    // Above another mark, or beside its tip.
    let is_above = |mark: char| !matches!(mark, '\u{31B}' | '\u{323}'..='\u{331}');
    let stacked = match other {
        Some(Mark::Combining('\u{302}')) => match mark {
            '\u{300}' => [-0.32, -0.32],
            '\u{303}' => [0.0, -0.44],
            _ => [0.34, -0.32],
        },
        Some(Mark::Combining(below)) if is_above(below) => [0.04, -0.4],
        _ => [0.0, 0.0],
    };
    let over = |shapes: &'static [Shape]| {
        let y = top.min(baseline - 0.85 * unit) - ABOVE * unit;
        let lean = hand.slant * (top - y);
        let at = [letter.top + lean + stacked[0] * unit, y + stacked[1] * unit];
        (shapes, at, size)
    };
    let under = |shapes: &'static [Shape], y: f32| (shapes, [letter.bottom, y], size);
    match mark {
        '\u{300}' => over(&[&[[-0.17, -0.4], [0.14, -0.04]]]),
        '\u{301}' => over(&[&[[0.15, -0.38], [-0.1, -0.03]]]),
        '\u{302}' => over(&[&[[-0.25, -0.02], [-0.12, -0.18], [0.01, -0.33], [0.13, -0.17], [0.26, 0.0]]]),
        '\u{303}' => over(&[&[[-0.34, -0.06], [-0.2, -0.24], [0.02, -0.14], [0.22, -0.04], [0.36, -0.24]]]),
        '\u{304}' => over(&[&[[-0.3, -0.12], [0.32, -0.14]]]),
        '\u{306}' => over(&[&[[-0.26, -0.32], [-0.18, -0.1], [0.0, -0.02], [0.19, -0.11], [0.27, -0.34]]]),
        '\u{307}' => over(&[&[[0.0, -0.16], [0.02, -0.08]]]),
        '\u{308}' => over(&[&[[-0.2, -0.2], [-0.19, -0.06]], &[[0.2, -0.21], [0.21, -0.07]]]),
        '\u{309}' => over(&[&[[-0.14, -0.38], [0.02, -0.46], [0.14, -0.34], [0.02, -0.18], [0.01, -0.04]]]),
        '\u{30A}' => over(&[RING]),
        '\u{30B}' => over(&[&[[0.0, -0.38], [-0.18, -0.04]], &[[0.28, -0.4], [0.08, -0.05]]]),
        // The caron of letters with an ascender is an apostrophe.
        '\u{30C}' if matches!(c, 'd' | 't' | 'l' | 'L') => {
            let x = if c == 'L' { letter.top } else { letter.stem.max(letter.top) };
            (&[COMMA], [x + 0.36 * unit, top + 0.06 * unit], size)
        }
        '\u{30C}' => over(&[&[[-0.25, -0.34], [-0.12, -0.16], [0.01, 0.0], [0.14, -0.17], [0.27, -0.36]]]),
        '\u{31B}' => (&[&[[-0.06, 0.08], [0.1, 0.04], [0.2, -0.1], [0.18, -0.26]]], [right, top + 0.06 * unit], size),
        '\u{323}' => under(&[DOT_SHAPE], bottom.max(baseline) + BELOW * unit),
        '\u{327}' if c == 'g' => over(&[&[[0.06, -0.4], [-0.04, -0.26], [0.0, -0.08]]]),
        '\u{326}' => under(&[COMMA], bottom.max(baseline) + BELOW * unit),
        '\u{327}' if !matches!(c.to_ascii_lowercase(), 'c' | 's' | 't' | 'e' | 'h') => {
            under(&[COMMA], bottom.max(baseline) + BELOW * unit)
        }
        '\u{327}' => {
            under(&[&[[0.0, 0.0], [-0.02, 0.14], [0.14, 0.22], [0.1, 0.4], [-0.14, 0.42]]], bottom.max(baseline))
        }
        '\u{328}' => {
            let x = if matches!(c, 'a' | 'A' | 'u') { right - 0.08 * unit } else { letter.bottom + 0.1 * unit };
            (
                &[&[[0.0, -0.02], [-0.12, 0.16], [-0.08, 0.36], [0.14, 0.34]]],
                [x, baseline.max(bottom.min(baseline + 0.1 * unit))],
                size,
            )
        }
        '\u{331}' => under(&[&[[-0.3, 0.0], [0.32, -0.02]]], bottom.max(baseline) + BELOW * unit),
        _ => (&[], [0.0; 2], 0.0),
    }
}

/// The lowest place, below the baseline in x-heights, of a sign that is drawn whole or a character that is raised or lowered;
/// `None` for other marks.
pub fn lowest(mark: Mark) -> Option<f32> {
    let sign = match mark {
        Mark::Sign(sign) => sign,
        Mark::Raised => return Some(RAISED),
        Mark::Lowered => return Some(LOWERED),
        _ => return None,
    };
    let [_, lowest] = span(sign_shapes(sign).iter().flat_map(|shape| shape.iter().map(|point| point[1])));
    lowest.is_finite().then_some(lowest)
}

/// The strokes of a sign that is drawn whole: x from its left edge, y from the baseline.
fn sign_shapes(sign: char) -> &'static [Shape] {
    match sign {
        'ß' => &[&[
            [0.0, 0.02],
            [0.06, -0.7],
            [0.1, -1.3],
            [0.3, -1.72],
            [0.62, -1.62],
            [0.66, -1.28],
            [0.36, -0.98],
            [0.62, -0.78],
            [0.76, -0.4],
            [0.58, -0.02],
            [0.3, 0.0],
        ]],
        'ẞ' => &[&[
            [0.0, 0.02],
            [0.02, -0.9],
            [0.2, -1.6],
            [0.66, -1.72],
            [0.84, -1.5],
            [0.48, -1.0],
            [0.86, -0.72],
            [0.9, -0.2],
            [0.6, 0.02],
            [0.34, -0.06],
        ]],
        'Þ' => {
            &[&[[0.0, -1.75], [0.0, 0.0]], &[[0.0, -1.35], [0.5, -1.35], [0.72, -0.95], [0.5, -0.55], [0.02, -0.5]]]
        }
        '&' => &[&[
            [0.95, 0.02],
            [0.62, -0.4],
            [0.26, -0.98],
            [0.22, -1.34],
            [0.44, -1.56],
            [0.64, -1.34],
            [0.48, -1.02],
            [0.12, -0.66],
            [0.0, -0.3],
            [0.18, 0.0],
            [0.5, -0.04],
            [0.8, -0.34],
            [0.94, -0.62],
        ]],
        '$' => &[
            &[
                [0.7, -1.26],
                [0.52, -1.46],
                [0.2, -1.4],
                [0.06, -1.14],
                [0.24, -0.9],
                [0.56, -0.72],
                [0.74, -0.42],
                [0.56, -0.08],
                [0.26, 0.0],
                [0.0, -0.22],
            ],
            &[[0.42, -1.78], [0.34, 0.24]],
        ],
        '#' => &[
            &[[0.36, -1.5], [0.24, 0.02]],
            &[[0.76, -1.5], [0.64, 0.02]],
            &[[0.02, -0.98], [0.98, -1.02]],
            &[[0.0, -0.48], [0.94, -0.52]],
        ],
        ',' => &[&[[0.09, -0.08], [0.1, 0.04], [0.0, 0.28]]],
        ':' => &[&[[0.0, -0.7], [0.02, -0.62]], &[[0.0, -0.1], [0.02, -0.02]]],
        ';' => &[&[[0.06, -0.7], [0.08, -0.62]], &[[0.07, -0.1], [0.09, 0.02], [-0.02, 0.26]]],
        '§' => &[
            &[
                [0.5, -1.6],
                [0.28, -1.75],
                [0.06, -1.52],
                [0.24, -1.2],
                [0.5, -0.92],
                [0.46, -0.66],
                [0.2, -0.56],
                [0.02, -0.82],
                [0.16, -1.1],
            ],
            &[[0.16, -1.08], [0.42, -0.6], [0.54, -0.22], [0.36, 0.08], [0.06, -0.06]],
        ],
        '¶' => &[
            &[[0.5, -1.7], [0.14, -1.6], [0.06, -1.2], [0.3, -0.9], [0.5, -0.9]],
            &[[0.5, -1.7], [0.5, 0.2]],
            &[[0.5, -1.7], [0.78, -1.7], [0.78, 0.2]],
        ],
        '°' => {
            &[&[[0.22, -1.72], [0.04, -1.6], [0.06, -1.36], [0.24, -1.3], [0.4, -1.42], [0.38, -1.62], [0.2, -1.72]]]
        }
        '„' => &[&[[0.1, -0.12], [0.12, 0.02], [0.0, 0.26]], &[[0.36, -0.12], [0.38, 0.02], [0.26, 0.26]]],
        '‚' => &[&[[0.1, -0.12], [0.12, 0.02], [0.0, 0.26]]],
        '«' => &[&[[0.32, -0.82], [0.0, -0.5], [0.3, -0.16]], &[[0.66, -0.82], [0.34, -0.5], [0.64, -0.16]]],
        '»' => &[&[[0.0, -0.82], [0.32, -0.5], [0.02, -0.16]], &[[0.34, -0.82], [0.66, -0.5], [0.36, -0.16]]],
        '‹' => &[&[[0.32, -0.82], [0.0, -0.5], [0.3, -0.16]]],
        '›' => &[&[[0.0, -0.82], [0.32, -0.5], [0.02, -0.16]]],
        '`' => &[&[[0.0, -1.6], [0.26, -1.26]]],
        '\'' => &[&[[0.04, -1.66], [0.0, -1.26]]],
        '"' => &[&[[0.04, -1.66], [0.0, -1.26]], &[[0.34, -1.68], [0.3, -1.28]]],
        '‘' => &[&[[0.12, -1.68], [0.0, -1.46], [0.06, -1.28]]],
        '’' => &[&[[0.06, -1.68], [0.12, -1.52], [0.0, -1.26]]],
        '“' => &[&[[0.12, -1.68], [0.0, -1.46], [0.06, -1.28]], &[[0.4, -1.68], [0.28, -1.46], [0.34, -1.28]]],
        '”' => &[&[[0.06, -1.68], [0.12, -1.52], [0.0, -1.26]], &[[0.34, -1.68], [0.4, -1.52], [0.28, -1.26]]],
        '…' => &[DOT_ON_LINE, &[[0.4, -0.08], [0.42, -0.01]], &[[0.8, -0.08], [0.82, -0.01]]],
        '÷' => &[
            &[[0.0, -0.5], [0.4, -0.52], [0.8, -0.54]],
            &[[0.4, -0.94], [0.42, -0.87]],
            &[[0.4, -0.18], [0.42, -0.11]],
        ],
        '±' => &[&[[0.4, -1.02], [0.38, -0.22]], &[[0.0, -0.62], [0.78, -0.64]], &[[0.02, 0.0], [0.76, -0.02]]],
        '–' => &[&[[0.0, -0.48], [0.4, -0.5], [0.8, -0.52]]],
        '—' => &[&[[0.0, -0.48], [0.65, -0.5], [1.3, -0.52]]],
        '~' => &[&[[0.0, -0.42], [0.18, -0.64], [0.42, -0.52], [0.66, -0.4], [0.84, -0.62]]],
        '_' => &[&[[0.0, 0.06], [0.45, 0.05], [0.9, 0.04]]],
        '<' => &[&[[0.62, -0.95], [0.3, -0.7], [0.0, -0.48], [0.32, -0.24], [0.62, -0.02]]],
        '>' => &[&[[0.0, -0.95], [0.32, -0.7], [0.62, -0.48], [0.3, -0.24], [0.0, -0.02]]],
        '·' => &[&[[0.0, -0.55], [0.02, -0.47]]],
        '•' => &[&[[0.1, -0.6], [0.0, -0.52], [0.1, -0.42], [0.2, -0.52], [0.1, -0.6], [0.06, -0.5], [0.14, -0.5]]],
        '^' => &[&[[0.0, -1.2], [0.22, -1.62], [0.46, -1.2]]],
        '×' => &[&[[0.0, -0.78], [0.5, -0.2]], &[[0.5, -0.8], [0.0, -0.18]]],
        '¬' => &[&[[0.0, -0.6], [0.7, -0.62], [0.7, -0.3]]],
        '|' => &[&[[0.0, -1.8], [0.0, 0.3]]],
        '\\' => &[&[[0.0, -1.75], [0.6, 0.1]]],
        '[' => &[&[[0.36, -1.75], [0.02, -1.74], [0.0, -0.8], [0.0, 0.2], [0.36, 0.2]]],
        ']' => &[&[[0.0, -1.75], [0.34, -1.74], [0.36, -0.8], [0.36, 0.2], [0.0, 0.2]]],
        '{' => &[&[
            [0.42, -1.78],
            [0.2, -1.66],
            [0.22, -1.1],
            [0.16, -0.86],
            [0.0, -0.78],
            [0.16, -0.68],
            [0.22, -0.4],
            [0.2, 0.12],
            [0.42, 0.24],
        ]],
        '}' => &[&[
            [0.0, -1.78],
            [0.22, -1.66],
            [0.2, -1.1],
            [0.26, -0.86],
            [0.42, -0.78],
            [0.26, -0.68],
            [0.2, -0.4],
            [0.22, 0.12],
            [0.0, 0.24],
        ]],
        '¿' => &[
            &[[0.42, -0.62], [0.4, -0.36], [0.1, -0.1], [0.02, 0.24], [0.28, 0.48], [0.58, 0.32]],
            &[[0.44, -1.0], [0.45, -0.93]],
        ],
        '¡' => &[&[[0.04, -0.58], [0.0, 0.42]], &[[0.06, -0.98], [0.07, -0.91]]],
        _ => &[],
    }
}

/// A stroke along a shape, at the hand's pace, slant and size, and as irregular as the hand is.
#[inline(never)]
fn stroke(
    shape: Shape,
    origin: [f32; 2],
    size: f32,
    character: usize,
    hand: &MarkStyle,
    rng: &mut impl Rng,
) -> Vec<WordPoint> {
    let mut chance = || hand.variation * normal(rng);
    let unit = hand.x_height * size * (1.0 + 0.07 * chance());
    let [dx, dy] = [0.03 * hand.x_height * chance(), 0.03 * hand.x_height * chance()];
    // A small turn, by shearing both axes.
    let turn = 0.06 * chance();
    let nodes: Vec<[f32; 2]> = shape
        .iter()
        .map(|&[x, y]| {
            let [x, y] = [x + 0.015 * chance(), y + 0.015 * chance()];
            let [x, y] = [x - turn * y, y + turn * x];
            [origin[0] + dx + unit * (x - hand.slant * y), origin[1] + dy + unit * y]
        })
        .collect();
    let path = curve(&nodes);
    let mut points = vec![path[0]];
    // Slower at both ends, as a pen is that comes to rest.
    let fast = if shape.len() > 2 { (0.5 * hand.spacing).min(0.1 * hand.x_height) } else { 0.7 * hand.spacing };
    let length: f32 = path.windows(2).map(|pair| distance(pair[0], pair[1])).sum();
    let (mut walked, mut next) = (0.0, 0.0);
    for pair in path.windows(2) {
        walked += distance(pair[0], pair[1]);
        let share = walked / length.max(1e-3);
        let pace = fast * (0.45 + 2.2 * share * (1.0 - share)).min(1.0);
        if walked - next >= pace {
            points.push(pair[1]);
            next = walked;
        }
    }
    let end = path[path.len() - 1];
    if points.len() > 1 && distance(points[points.len() - 1], end) < 0.3 * fast {
        points.pop();
    }
    points.push(end);
    let last = points.len() - 1;
    let point = |(i, at)| WordPoint { at, lifted: i == last, character, drawn: None };
    points.into_iter().enumerate().map(point).collect()
}

/// Of two places.
pub fn distance(a: [f32; 2], b: [f32; 2]) -> f32 {
    ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)).sqrt()
}

/// A fine polyline of the Catmull–Rom spline through the nodes.
fn curve(nodes: &[[f32; 2]]) -> Vec<[f32; 2]> {
    const PIECES: usize = 24;
    let node = |i: isize| nodes[i.clamp(0, nodes.len() as isize - 1) as usize];
    let mut path = vec![nodes[0]];
    for i in 0..nodes.len() as isize - 1 {
        let [a, b, c, d] = [node(i - 1), node(i), node(i + 1), node(i + 2)];
        for piece in 1..=PIECES {
            let t = piece as f32 / PIECES as f32;
            path.push([0, 1].map(|axis| {
                let [a, b, c, d] = [a[axis], b[axis], c[axis], d[axis]];
                let cubic = -a + 3.0 * b - 3.0 * c + d;
                let square = 2.0 * a - 5.0 * b + 4.0 * c - d;
                0.5 * (2.0 * b + t * (c - a) + t * t * square + t * t * t * cubic)
            }));
        }
    }
    path
}

/// Roughly a standard normal: the sum of three uniforms, which needs no function that machines compute differently.
fn normal(rng: &mut impl Rng) -> f32 {
    let sum: f32 = (0..3).map(|_| (rng.next_u32() >> 8) as f32 / (1 << 24) as f32).sum();
    2.0 * (sum - 1.5)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::dots::{missing_stops, short_commas};
    use super::*;
    use crate::text::diacritics::decompose;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;

    pub const HAND: MarkStyle = MarkStyle {
        x_height: 200.0,
        baseline: [0.0, 0.0],
        slant: 0.1,
        spacing: 40.0,
        variation: 0.5,
        before: f32::NEG_INFINITY,
    };

    /// A box of ink for each letter, 150 wide and as high as the letter is, drawn as one stroke; `i` and `j` have dots,
    /// drawn while the window is on the next character.
    pub fn word(text: &str) -> Vec<WordPoint> {
        let mut points = Vec::new();
        for (character, c) in text.chars().enumerate().filter(|(_, c)| *c != ' ') {
            let (left, tall) = (character as f32 * 250.0, "bdfhklt".contains(c) || c.is_uppercase());
            let top = if tall { -400.0 } else { -200.0 };
            for k in 0..=12 {
                let t = k as f32 / 12.0;
                let at = [left + 150.0 * t, if k % 2 == 0 { 0.0 } else { top }];
                points.push(WordPoint { at, lifted: k == 12, character, drawn: Some(points.len()) });
            }
            if "ij".contains(c) {
                for (k, y) in [-320.0, -300.0].into_iter().enumerate() {
                    let at = [left + 80.0, y];
                    points.push(WordPoint { at, lifted: k == 1, character: character + 1, drawn: Some(points.len()) });
                }
            }
        }
        points
    }

    /// A stroke along these corners, with points 20 apart.
    pub fn stroke_along(corners: &[[f32; 2]], character: usize) -> Vec<WordPoint> {
        let mut at = vec![corners[0]];
        for side in corners.windows(2) {
            let count = (distance(side[0], side[1]) / 20.0).ceil() as usize;
            let along = |k: usize| [0, 1].map(|i| side[0][i] + k as f32 / count as f32 * (side[1][i] - side[0][i]));
            at.extend((1..=count).map(along));
        }
        let last = at.len() - 1;
        let point = |(k, at): (usize, [f32; 2])| WordPoint { at, lifted: k == last, character, drawn: Some(k) };
        at.into_iter().enumerate().map(point).collect()
    }

    fn drawn(text: &str, marks: &[(usize, Mark)]) -> Vec<WordPoint> {
        let text: Vec<char> = text.chars().collect();
        draw(word(&text.iter().collect::<String>()), &text, marks, &[], &HAND, &mut ChaCha8Rng::seed_from_u64(3))
    }

    fn added(points: &[WordPoint]) -> Vec<WordPoint> {
        points.iter().filter(|point| point.drawn.is_none()).copied().collect()
    }

    #[test]
    fn an_accent_is_over_its_letter_where_letters_are_joined() {
        // The pen goes from the first letter to the second one, which begins at x = 250, without a lift; the window is ahead.
        let mut points = stroke_along(&[[0.0, -200.0], [100.0, 0.0], [250.0, 0.0], [330.0, -200.0], [400.0, 0.0]], 0);
        points.iter_mut().filter(|point| point.at[0] > 20.0).for_each(|point| point.character = 1);
        let text: Vec<char> = "re".chars().collect();
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let points = draw(points, &text, &[(1, Mark::Combining('\u{301}'))], &[], &HAND, &mut rng);
        let [left, right] = span(added(&points).iter().map(|point| point.at[0]));
        assert!((f32::midpoint(left, right) - 330.0).abs() < 50.0, "{left} {right}");
        // The window is even further ahead, and the letter before is taller.
        let mut points = stroke_along(&[[0.0, -480.0], [10.0, 0.0], [100.0, 0.0], [170.0, -200.0], [240.0, 0.0]], 0);
        points.iter_mut().skip(1).for_each(|point| point.character = 1);
        let text: Vec<char> = "lo".chars().collect();
        let points = draw(points, &text, &[(1, Mark::Combining('\u{301}'))], &[], &HAND, &mut rng);
        let [left, right] = span(added(&points).iter().map(|point| point.at[0]));
        assert!((f32::midpoint(left, right) - 170.0).abs() < 50.0, "{left} {right}");
        let [_, low] = span(added(&points).iter().map(|point| point.at[1]));
        assert!((-320.0..-200.0).contains(&low), "{low}");
    }

    #[test]
    fn accents_are_drawn_last_over_or_under_their_letters() {
        let marks = [(1, Mark::Combining('\u{301}')), (3, Mark::Combining('\u{323}'))];
        let points = drawn("rasen", &marks);
        let network = word("rasen");
        assert_eq!(points[..network.len()], network, "the network's ink stays");
        let [over, under] = [1, 3].map(|at| {
            let own = added(&points).into_iter().filter(|point| point.character == at).map(|point| point.at);
            own.collect::<Vec<_>>()
        });
        assert!(over.iter().all(|[x, y]| (200.0..480.0).contains(x) && (-340.0..-200.0).contains(y)), "{over:?}");
        assert!(under.iter().all(|[x, y]| (700.0..950.0).contains(x) && (20.0..120.0).contains(y)), "{under:?}");
        assert!(points.last().is_some_and(|last| last.lifted));
    }

    #[test]
    fn only_the_dot_of_a_letter_with_a_mark_in_its_place_is_removed() {
        let text = "iija";
        let count =
            |points: &[WordPoint]| points.iter().filter(|point| (-321.0..-299.0).contains(&point.at[1])).count();
        assert_eq!(count(&word(text)), 6);
        for (at, mark) in [(0, Mark::Dotless), (1, Mark::Combining('\u{308}')), (2, Mark::Combining('\u{302}'))] {
            let points = drawn(text, &[(at, mark)]);
            let left = points.iter().filter(|p| p.drawn.is_some()).copied().collect::<Vec<_>>();
            assert_eq!(count(&left), 4);
            let dot = [at as f32 * 250.0 + 80.0, -320.0];
            assert!(left.iter().all(|point| point.at != dot), "that of character {at}");
        }
        for mark in [Mark::Combining('\u{323}'), Mark::Combining('\u{328}')] {
            let kept = drawn(text, &[(0, mark)]);
            assert_eq!(count(&kept.iter().filter(|p| p.drawn.is_some()).copied().collect::<Vec<_>>()), 6, "{mark:?}");
        }
    }

    #[test]
    fn a_sign_stands_in_the_place_of_what_was_written_for_it() {
        let points = drawn("na-la", &[(2, Mark::Sign('–'))]);
        assert!(points.iter().all(|point| point.character != 2 || point.drawn.is_none()));
        let order: Vec<usize> = points.iter().map(|point| point.character).collect();
        assert!(order.is_sorted(), "it is drawn when the pen comes to it");
        let before = points.iter().rposition(|point| point.character == 1);
        assert!(before.is_some_and(|i| points[i].lifted));
    }

    #[test]
    fn a_sign_has_room_and_stands_level_with_the_characters_beside_it() {
        let x = |points: &[WordPoint], at: usize| span(points.iter().filter(|p| p.character == at).map(|p| p.at[0]));
        // A low word, in which the letters stand closer than the sign is wide.
        let mut network = word("n&n");
        network.iter_mut().for_each(|point| point.at = [0.6 * point.at[0], point.at[1] + 250.0]);
        let text: Vec<char> = "n&n".chars().collect();
        let still = MarkStyle { variation: 0.0, slant: 0.0, ..HAND };
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let points = draw(network, &text, &[(1, Mark::Sign('&'))], &[], &still, &mut rng);
        let gap = SIGN_GAP * HAND.x_height - 1.0;
        assert!(x(&points, 0)[1] + gap <= x(&points, 1)[0] && x(&points, 1)[1] + gap <= x(&points, 2)[0]);
        let [_, low] = span(points.iter().filter(|point| point.character == 1).map(|point| point.at[1]));
        assert!((low - 250.0).abs() < 20.0, "{low}");
    }

    #[test]
    fn a_colon_without_ink_is_drawn_between_its_neighbours_and_takes_no_bar_of_a_letter() {
        let text: Vec<char> = "nt:n".chars().collect();
        let marks = [(2, Mark::Sign(':'))];
        let mut network = word("ntnn");
        // The network wrote nothing for it; the bar of the t came while the window was on it.
        network.retain(|point| point.character != 2);
        let bar = [250.0, 330.0, 410.0].map(|x| WordPoint {
            at: [x, -300.0],
            lifted: x > 400.0,
            character: 2,
            drawn: Some(90),
        });
        let behind = network.iter().position(|point| point.character == 3).unwrap_or(network.len());
        network.splice(behind..behind, bar);
        let points = draw(network, &text, &marks, &[], &HAND, &mut ChaCha8Rng::seed_from_u64(3));
        assert_eq!(points.iter().filter(|point| point.drawn == Some(90)).count(), 3);
        let dots = added(&points);
        assert_eq!(dots.iter().filter(|point| point.lifted).count(), 2);
        let right =
            span(points.iter().filter(|point| point.character == 1 && point.drawn != Some(90)).map(|p| p.at[0]))[1];
        let left = span(points.iter().filter(|point| point.character == 3).map(|point| point.at[0]))[0];
        assert!(dots.iter().all(|dot| right < dot.at[0] && dot.at[0] < left), "{dots:?}");
    }

    #[test]
    fn a_comma_that_is_a_mere_dot_is_drawn_beside_its_letter() {
        let text: Vec<char> = "n, n".chars().collect();
        let commas = |length: f32| {
            let mut points = word("n  n");
            let own = [0.0, 0.5, 1.0].map(|k| WordPoint {
                at: [400.0, k * length],
                lifted: k == 1.0,
                character: 1,
                drawn: Some(90),
            });
            points.splice(13..13, own);
            let short = short_commas(&mut points, &text, std::slice::from_ref(&(0..2)), HAND.x_height);
            (points, short)
        };
        assert_eq!(commas(80.0).1, [0; 0]);
        let (points, short) = commas(20.0);
        assert_eq!(short, [1]);
        let points = draw(points, &text, &[(1, Mark::Sign(','))], &[], &HAND, &mut ChaCha8Rng::seed_from_u64(3));
        let comma = added(&points);
        assert!(points.iter().all(|point| point.drawn != Some(90)));
        assert!(comma.iter().all(|point| (150.0..280.0).contains(&point.at[0])), "{comma:?}");
        assert!(comma.last().is_some_and(|end| end.at[1] > 30.0), "{comma:?}");
    }

    #[test]
    fn joined_letters_touch_and_what_follows_keeps_its_distance() {
        let points = drawn("naes", &[(2, Mark::Joined)]);
        let at = |character: usize| span(points.iter().filter(|p| p.character == character).map(|p| p.at[0]));
        let ([_, a], [e, end], [s, _]) = (at(1), at(2), at(3));
        assert!(e <= a && e > a - 60.0, "{e} {a}");
        assert!((s - end - 100.0).abs() < 1e-3);
    }

    #[test]
    fn letters_with_strokes_of_their_own_are_joined_by_those() {
        // The first point of the e was drawn while the window was on the a.
        let mut points = word("naes");
        points[26].character = 1;
        let text: Vec<char> = "naes".chars().collect();
        let points = draw(points, &text, &[(2, Mark::Joined)], &[], &HAND, &mut ChaCha8Rng::seed_from_u64(3));
        let own = |range: Range<usize>| span(points[range].iter().map(|point| point.at[0]));
        let ([_, a], [e, _]) = (own(13..26), own(26..39));
        assert!(e <= a && e > a - 60.0, "{e} {a}");
    }

    #[test]
    fn a_short_l_is_as_high_as_an_x_and_has_nothing_but_its_stem() {
        let text: Vec<char> = "n l".chars().collect();
        let mut points = word("n l");
        // A bar.
        for k in 0..3 {
            let at = [450.0 + 50.0 * k as f32, -300.0];
            points.push(WordPoint { at, lifted: k == 2, character: 2, drawn: Some(90 + k) });
        }
        let marks = [(2, Mark::Short), (2, Mark::Combining('\u{301}'))];
        let points = draw(points, &text, &marks, &[], &HAND, &mut ChaCha8Rng::seed_from_u64(3));
        let own = |of: fn(&WordPoint) -> bool| {
            span(points.iter().filter(|point| point.character == 2 && of(point)).map(|point| point.at[1]))
        };
        assert_eq!(own(|point| point.drawn.is_some()), [-200.0, 0.0]);
        assert!(points.iter().all(|point| point.drawn < Some(90)));
        let [top, bottom] = own(|point| point.drawn.is_none());
        assert!((-340.0..-200.0).contains(&top) && bottom < -200.0, "{top} {bottom}");
    }

    #[test]
    fn a_short_l_loses_the_upstroke_of_its_loop() {
        let path = [[0.0, 0.0], [60.0, -200.0], [70.0, -400.0], [30.0, -400.5], [20.0, -200.0], [30.0, 0.0]];
        let own = path.into_iter().enumerate();
        let points = own.map(|(k, at)| WordPoint { at, lifted: k == 5, character: 0, drawn: Some(k) }).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let points = draw(points, &['l'], &[(0, Mark::Short)], &[], &HAND, &mut rng);
        assert_eq!(points.iter().map(|point| point.drawn).collect::<Vec<_>>(), [Some(3), Some(4), Some(5)]);
    }

    #[test]
    fn a_sign_by_itself_without_any_ink_stands_between_the_words_beside_it() {
        let text: Vec<char> = "n - n".chars().collect();
        let ink = || word("n - n").into_iter().filter(|point| point.character != 2);
        let x = |points: &[WordPoint], at: usize| {
            span(points.iter().filter(|point| point.character == at).map(|point| point.at[0]))
        };
        let sign = [(2, Mark::Sign('<'))];
        for (points, before) in [(ink().collect::<Vec<_>>(), f32::NEG_INFINITY), (ink().skip(13).collect(), 150.0)] {
            let hand = MarkStyle { before, ..HAND };
            let points = draw(points, &text, &sign, &[], &hand, &mut ChaCha8Rng::seed_from_u64(3));
            let ([left, right], [next, _]) = (x(&points, 2), x(&points, 4));
            assert!(left > 150.0 + 60.0 && right + 60.0 < next && next < 1100.0, "{left} {right} {next}");
        }
    }

    #[test]
    fn raised_digits_are_small_and_above_the_line() {
        let points = drawn("m2", &[(1, Mark::Raised)]);
        let [top, bottom] = span(points.iter().filter(|point| point.character == 1).map(|point| point.at[1]));
        assert!(bottom < -100.0 && bottom - top < 150.0, "{top} {bottom}");
    }

    #[test]
    fn every_mark_can_be_drawn_and_is_near_its_letter() {
        let all = (0xA1..0x250).chain(0x1E00..0x1F00).chain(0x2010..0x2090).chain([0x7C, 0x5C, 0x7B, 0x5D, 0x60, 0x7E]);
        let mut seen = 0;
        for c in all.filter_map(char::from_u32) {
            let Some((spelling, marks)) = decompose(c) else { continue };
            let marks: Vec<_> = marks.into_iter().map(|(at, mark)| (at + 1, mark)).collect();
            let points = drawn(&format!("n{spelling}n"), &marks);
            let plain = word(&format!("n{spelling}n"));
            assert_ne!(points, plain, "{c}: {marks:?}");
            for point in added(&points) {
                let letter = point.character as f32 * 250.0;
                let [x, y] = point.at;
                assert!(
                    (letter - 200.0..letter + 350.0).contains(&x) && (-700.0..250.0).contains(&y),
                    "{c}: {point:?}"
                );
            }
            seen += 1;
        }
        assert!(seen > 500, "{seen}");
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_one_something_else() {
        let marks = [(0, Mark::Combining('\u{303}'))];
        let with = |seed| draw(word("na"), &['n', 'a'], &marks, &[], &HAND, &mut ChaCha8Rng::seed_from_u64(seed));
        assert_eq!(with(1), with(1));
        assert_ne!(with(1), with(2));
        let still = MarkStyle { variation: 0.0, ..HAND };
        let exact = |seed| draw(word("na"), &['n', 'a'], &marks, &[], &still, &mut ChaCha8Rng::seed_from_u64(seed));
        assert_eq!(exact(1), exact(2), "without variation");
    }

    #[test]
    fn a_word_without_ink_or_without_that_character_is_left_as_it_is() {
        let marks = [(3, Mark::Combining('\u{301}')), (9, Mark::Sign('§')), (9, Mark::Joined), (0, Mark::Joined)];
        assert_eq!(drawn("", &marks), []);
        assert_eq!(added(&drawn("na", &marks)), []);
    }

    #[test]
    fn a_full_stop_without_ink_is_drawn_behind_its_letter_with_room() {
        let text: Vec<char> = "n.a.".chars().collect();
        let without = |gone: &[usize]| -> Vec<WordPoint> {
            let mut points = word("nnan");
            for point in points.iter_mut().filter(|point| point.character % 2 == 1) {
                // A dot.
                point.at = [point.at[0] / 50.0 + point.character as f32 * 245.0, -5.0];
            }
            points.retain(|point| !gone.contains(&point.character));
            points
        };
        assert_eq!(missing_stops(&mut without(&[]), &text, std::slice::from_ref(&(0..4)), 200.0), [0; 0]);
        let mut points = without(&[1, 3]);
        let stops = missing_stops(&mut points, &text, std::slice::from_ref(&(0..4)), 200.0);
        assert_eq!(stops, [1, 3]);
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let points = draw(points, &text, &[], &stops, &MarkStyle { slant: 0.0, ..HAND }, &mut rng);
        let x = |at: usize| span(points.iter().filter(|point| point.character == at).map(|point| point.at[0]));
        assert!(x(0)[1] + 20.0 < x(1)[0] && x(1)[1] + 20.0 < x(2)[0] && x(2)[1] + 20.0 < x(3)[0], "{points:?}");
        assert!(added(&points).iter().all(|point| (-40.0..20.0).contains(&point.at[1])));
    }
}
