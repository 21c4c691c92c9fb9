//! Where the lines of a paragraph end: chosen together for an even right edge, as Knuth and Plass do it (1981).
//!
//! A paragraph is seen through a window of a few lines. What comes later is not waited for, so that the ink of a long
//! paragraph can be shown while it is written, and the choice does not depend on how much has come beyond the window.

/// Lines that are known before the first of them is set.
pub const HORIZON: f64 = 4.0;
/// How much narrower and wider the gaps of a line may become to fill it.
const GAPS: std::ops::RangeInclusive<f64> = 0.8..=1.35;
/// How much narrower and wider its words may become: too little to be seen.
const INK: std::ops::RangeInclusive<f64> = 0.96..=1.05;
/// A line that is shorter than the others by this share of their width costs 1.
const SHORT: f64 = 0.035;
/// Cost of a line whose gaps are changed as much as may be.
const STRETCHED: f64 = 0.6;
/// Cost of each line.
const LINE: f64 = 0.2;
/// A paragraph's last line that is shorter than this share costs so much.
const WIDOW: f64 = 0.2;
const WIDOW_COST: f64 = 3.0;
/// Cost of the rest of a broken word that does not begin a line, and of words that do not fit.
const UNBROKEN: f64 = 50.0;
const OVERFULL: f64 = 1000.0;

/// A word as it is set on a line.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Item {
    /// Width of its ink.
    pub width: f64,
    /// Distance from the word before it on the same line.
    pub gap: f64,
    /// Its characters.
    pub characters: usize,
    /// Whether it cannot begin a line.
    pub is_glued: bool,
    /// Whether it begins a line if it can: the rest of a broken word.
    pub breaks: bool,
}

/// What a line may hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rooms {
    /// Width of the first line.
    pub first: f64,
    /// Width of the others.
    pub other: f64,
    /// Most characters.
    pub characters: usize,
}

/// A line's natural size.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    ink: f64,
    gaps: f64,
    characters: usize,
}

/// How many of the words, which begin a line, are on that line, and how many lines they take in all. The line has `taken`
/// words at least. `is_end` says that the last word ends the paragraph.
pub fn first_line(items: &[Item], rooms: Rooms, taken: usize, is_end: bool) -> (usize, usize) {
    // Least cost of the words from each place on, the first line's end there, and the number of lines.
    let mut best = vec![(0.0, items.len(), 0); items.len() + 1];
    for start in (0..items.len()).rev() {
        let room = if start == 0 { rooms.first } else { rooms.other };
        let mut sum = Sum::default();
        best[start].0 = f64::INFINITY;
        for end in start + 1..=items.len() {
            let item = items[end - 1];
            sum.ink += item.width;
            sum.characters += item.characters;
            if end > start + 1 {
                sum.gaps += item.gap;
                sum.characters += 1;
            }
            let is_over = INK.start() * sum.ink + GAPS.start() * sum.gaps > room || sum.characters > rooms.characters;
            let is_least = end == start + 1 || start == 0 && end <= taken || item.is_glued;
            if is_over && !is_least {
                break;
            }
            if items.get(end).is_some_and(|next| next.is_glued) || start == 0 && end < taken {
                continue;
            }
            let is_last = end == items.len();
            let mut cost = LINE + line_cost(sum, room, is_last, is_end && start > 0);
            if item.breaks && end > start + 1 {
                cost += UNBROKEN;
            }
            if is_over {
                cost += OVERFULL;
            }
            let (after, _, lines) = best[end];
            if cost + after < best[start].0 {
                best[start] = (cost + after, end, lines + 1);
            }
        }
    }
    (best[0].1, best[0].2)
}

/// How far a line is from what it should be.
fn line_cost(sum: Sum, room: f64, is_last: bool, may_be_widow: bool) -> f64 {
    let natural = sum.ink + sum.gaps;
    let over = ((natural - room) / room.max(1.0)).max(0.0);
    let [gaps, ink] = scales(sum.ink, sum.gaps, room);
    let end = if gaps > 1.0 { *GAPS.end() } else { *GAPS.start() };
    let stretched = STRETCHED * ((gaps - 1.0) / (end - 1.0)).powi(2);
    if is_last {
        let is_widow = may_be_widow && natural < WIDOW * room;
        return if over > 0.0 { stretched } else { 0.0 } + if is_widow { WIDOW_COST } else { 0.0 };
    }
    let left = (room - ink * sum.ink - gaps * sum.gaps).max(0.0) / room.max(1.0);
    (left / SHORT).powi(2) + stretched
}

/// What the gaps and the ink of a line are multiplied by to be as wide as `room`, as far as they may be changed.
pub fn scales(ink: f64, gaps: f64, room: f64) -> [f64; 2] {
    let natural = ink + gaps;
    if natural <= 0.0 {
        return [1.0; 2];
    }
    let limits = if room > natural { [*GAPS.end(), *INK.end()] } else { [*GAPS.start(), *INK.start()] };
    let most = (limits[0] - 1.0) * gaps + (limits[1] - 1.0) * ink;
    let share = if most == 0.0 { 0.0 } else { ((room - natural) / most).clamp(0.0, 1.0) };
    limits.map(|limit| 1.0 + share * (limit - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(widths: &[f64]) -> Vec<Item> {
        widths.iter().map(|&width| Item { width, gap: 20.0, characters: 4, ..Item::default() }).collect()
    }

    const ROOMS: Rooms = Rooms { first: 500.0, other: 500.0, characters: usize::MAX };

    /// The number of words on each line.
    fn lines(items: &[Item], rooms: Rooms) -> Vec<usize> {
        let (mut lines, mut start) = (Vec::new(), 0);
        while start < items.len() {
            let rooms = if start == 0 { rooms } else { Rooms { first: rooms.other, ..rooms } };
            let (count, left) = first_line(&items[start..], rooms, 0, true);
            assert!(count > 0 && left > 0);
            lines.push(count);
            start += count;
        }
        lines
    }

    #[test]
    fn lines_are_even_and_no_word_is_left_alone() {
        // Greedily eight, eight and one.
        assert_eq!(lines(&items(&[40.0; 17]), ROOMS).len(), 2);
        // Greedily five, one and five: the long word leaves much of the second line free.
        let words = items(&[80.0, 80.0, 80.0, 80.0, 80.0, 90.0, 390.0, 80.0, 80.0, 80.0, 80.0]);
        assert_eq!(lines(&words, ROOMS), [5, 2, 4]);
        assert_eq!(lines(&items(&[100.0; 4]), ROOMS), [4]);
        assert_eq!(first_line(&items(&[100.0; 10]), ROOMS, 0, true).1, 3);
    }

    #[test]
    fn a_word_wider_than_a_line_has_one_of_its_own_and_glue_holds() {
        assert_eq!(lines(&items(&[100.0, 900.0, 100.0]), ROOMS), [1, 1, 1]);
        let mut words = items(&[200.0, 200.0, 200.0]);
        words[2].is_glued = true;
        assert_eq!(lines(&words, ROOMS), [1, 2]);
        assert_eq!(lines(&items(&[10.0; 9]), Rooms { characters: 14, ..ROOMS }), [3, 3, 3]);
    }

    #[test]
    fn words_that_are_set_stay() {
        let words = items(&[100.0; 5]);
        assert!(first_line(&words, ROOMS, 4, true).0 >= 4);
        assert_eq!(first_line(&[], ROOMS, 0, true), (0, 0));
    }

    #[test]
    fn gaps_give_way_a_little_and_ink_hardly() {
        for (room, expected) in
            [(500.0, [1.0, 1.0]), (555.0, [1.35, 1.05]), (900.0, [1.35, 1.05]), (300.0, [0.8, 0.96])]
        {
            let found = scales(400.0, 100.0, room);
            assert!((found[0] - expected[0]).abs() < 1e-9 && (found[1] - expected[1]).abs() < 1e-9, "{found:?}");
        }
        let [gaps, ink] = scales(400.0, 100.0, 520.0);
        assert!((gaps * 100.0 + ink * 400.0 - 520.0).abs() < 1e-9 && gaps > 1.1);
        assert_eq!(scales(0.0, 0.0, 10.0), [1.0; 2]);
    }
}
