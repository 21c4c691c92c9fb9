//! Cuts a paragraph into the stretches that the network writes as one line each. Where the lines on paper end is
//! decided later, from the ink.

use std::ops::Range;

/// Most characters of a stretch: lines of the corpus seldom have more.
pub const MOST: usize = 44;

/// Ranges of words, each of at most `most` characters with the blanks between them and all of about the same length, so
/// that none is a single short word. A word longer than that is a stretch of its own.
///
/// ```ignore-wasm32,standalone_crate
/// use running_hand::text::wrap::stretches;
///
/// assert_eq!(stretches(&[1, 6, 2, 4, 6], 14), [0..3, 3..5]);
/// ```
pub fn stretches(lengths: &[usize], most: usize) -> Vec<Range<usize>> {
    let total: usize = lengths.iter().map(|length| length + 1).sum();
    let ideal = total as f64 / total.div_ceil(most.max(1) + 1).max(1) as f64;
    // Least cost of the words up to each place, and where the last stretch begins there.
    let mut best = vec![(0.0, 0); lengths.len() + 1];
    for end in 1..=lengths.len() {
        let mut length = 0;
        best[end].0 = f64::INFINITY;
        for start in (0..end).rev() {
            length += lengths[start] + 1;
            if length > most + 1 && start + 1 < end {
                break;
            }
            let cost = best[start].0 + (length as f64 - ideal).powi(2);
            if cost < best[end].0 {
                best[end] = (cost, start);
            }
        }
    }
    let mut ranges = Vec::new();
    let mut end = lengths.len();
    while end > 0 {
        ranges.push(best[end].1..end);
        end = best[end].1;
    }
    ranges.reverse();
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_hold_whole_words_and_are_even() {
        let lengths = |text: &str| text.split(' ').map(str::len).collect::<Vec<_>>();
        assert_eq!(stretches(&lengths("the quick brown fox"), 10), [0..2, 2..4]);
        // A line of ten, and "fox" alone, would be the greedy way.
        assert_eq!(stretches(&lengths("the old brown dog ran"), 17), [0..3, 3..5]);
        assert_eq!(stretches(&lengths("a incomprehensibly b"), 6), [0..1, 1..2, 2..3]);
        assert_eq!(stretches(&[], 6), [0..0; 0]);
        assert_eq!(stretches(&[1, 1], 0), [0..1, 1..2]);
    }

    #[test]
    fn every_word_is_in_one_stretch_and_none_is_left_alone() {
        for words in 1..200 {
            let lengths: Vec<usize> = (0..words).map(|k| 1 + k * 7 % 11).collect();
            let found = stretches(&lengths, MOST);
            assert_eq!(found.iter().flat_map(Clone::clone).collect::<Vec<_>>(), (0..words).collect::<Vec<_>>());
            let long = |range: &Range<usize>| lengths[range.clone()].iter().map(|length| length + 1).sum::<usize>();
            assert!(found.iter().all(|range| long(range) <= MOST + 1));
            assert!(found.len() < 2 || found.iter().all(|range| long(range) > MOST / 3), "{found:?}");
        }
    }
}
