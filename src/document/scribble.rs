//! Writing without a text: where a line ends, and what happens when the pen comes to rest.
//!
//! The prediction network knows no lines and no words; both are inferred from the pen's moves.

use super::measure::median;
use crate::ink::Offset;

/// Mean width of a scribble's characters in corpus units, blanks included: a line of n columns is n times as wide.
const CHARACTER: f32 = 120.0;
/// Share of a line's width after which the next word begins another line.
const NEARLY_FULL: f32 = 0.75;
/// A move of the pen to the right between two strokes counts as a blank from this width on, in corpus units. In 2,500
/// lines of the corpus half of all moves between strokes are shorter than 96. Of the widest moves of a line, as many as
/// it has blanks, the narrowest is 282 in the median line, and less than 190 in one line of ten.
const WORD_GAP: f32 = 220.0;

/// The pen rests if so many points lie within so many corpus units. Of 1,756 lines of the corpus 8 have so long a rest.
/// A network that writes without a text sometimes comes to the end of what it learnt, and then rests for good.
pub const REST_POINTS: usize = 100;
const REST_WIDTH: f32 = 100.0;
/// Share of a line that primes the network when it is restarted.
const SAMPLE: f32 = 0.33;

/// The state of writing without a text.
#[derive(Debug, Clone, Default)]
pub struct Scribble {
    /// Indices of the points that begin a new line.
    pub breaks: Vec<usize>,
    /// Whether the network rests now.
    pub at_rest: bool,
    /// Number of points before which it last rested.
    pub rested: usize,
    /// Where the pen continues after a rest.
    pub resume_at: Option<[f32; 2]>,
}

impl Scribble {
    /// Row of a point, from 0.
    pub fn row_of(&self, point: usize) -> usize {
        self.breaks.partition_point(|&first| first <= point)
    }

    /// First point of the last line.
    pub fn line_start(&self) -> usize {
        self.breaks.last().copied().unwrap_or(0)
    }
}

/// Whether the next stroke begins a new line: where the pen, lifted, has come `x` corpus units to the right of the
/// line's left edge and is to move by `offset`.
pub fn is_full(x: f32, offset: &Offset, columns: usize) -> bool {
    let share = x / (columns as f32 * CHARACTER);
    share > 1.0 || share > NEARLY_FULL && offset.dx > WORD_GAP
}

/// Whether the pen has come to rest.
pub fn rests(points: &[[f32; 3]]) -> bool {
    let Some(last) = points.len().checked_sub(REST_POINTS).map(|first| &points[first..]) else { return false };
    let width = |axis: usize| {
        let places = last.iter().map(|point| point[axis]);
        places.clone().fold(f32::MIN, f32::max) - places.fold(f32::MAX, f32::min)
    };
    width(0) < REST_WIDTH && width(1) < REST_WIDTH
}

/// Of points that end with a rest: the first line's first words, which fill a third of it; if there are none, what is
/// before the rest. `first_line` is how many of the points are on the first line.
pub fn first_words(points: &[[f32; 3]], first_line: usize, columns: usize) -> &[[f32; 3]] {
    let width = SAMPLE * columns as f32 * CHARACTER;
    let first_line = first_line.min(points.len().saturating_sub(REST_POINTS));
    let step = |k: usize| points[k][0] - points[k - 1][0];
    let lifts = || (1..=first_line).filter(|&k| points[k - 1][2] > 0.5);
    let word = lifts().find(|&k| k < points.len() && points[k - 1][0] - points[0][0] > width && step(k) > WORD_GAP);
    &points[..word.or_else(|| lifts().rfind(|&k| k >= REST_POINTS)).unwrap_or(points.len())]
}

/// The height that has half of the points above it; `None` without points.
pub fn middle(points: &[[f32; 3]]) -> Option<f32> {
    (!points.is_empty()).then(|| median(points.iter().map(|point| point[1].into())) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_between_words_if_it_can() {
        let full = |x: f32, dx: f32| is_full(x, &Offset { dx, dy: 0.0, pen_lift: false }, 20);
        assert!(!full(1000.0, 300.0), "there is room");
        assert!(full(2000.0, 300.0));
        assert!(!full(2000.0, 60.0), "within a word");
        assert!(full(2500.0, 60.0), "a word that is too long");
    }

    #[test]
    fn the_first_words_fill_a_third_of_the_first_line() {
        // Strokes of ten points, 100 wide, a blank before every third.
        let stroke = |n: usize| {
            let left = 120.0 * n as f32 + 240.0 * (n / 3) as f32;
            (0..10).map(move |k| [left + 10.0 * k as f32, 0.0, f32::from(u8::from(k == 9))])
        };
        let rest = std::iter::repeat_n([9000.0, 0.0, 0.0], REST_POINTS);
        let line: Vec<_> = (0..20).flat_map(stroke).chain(rest).collect();
        assert!(rests(&line) && !rests(&line[..line.len() - 1]));
        // A third of 20 characters is 792 units: two words end at 930.
        assert_eq!(first_words(&line, line.len(), 20).len(), 60);
        assert_eq!(first_words(&line, line.len(), 100).len(), 200, "all that there is");
        assert_eq!(first_words(&line, 110, 48).len(), 110, "not beyond the first line");
    }

    #[test]
    fn rows_are_counted_by_the_points_that_begin_them() {
        let scribble = Scribble { breaks: vec![5, 9], ..Scribble::default() };
        assert_eq!([0, 4, 5, 8, 9, 20].map(|point| scribble.row_of(point)), [0, 0, 1, 1, 2, 2]);
        assert_eq!((scribble.line_start(), Scribble::default().line_start()), (9, 0));
    }
}
