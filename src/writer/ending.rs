//! Detects the end of a line, by the network's learned stop and by the window's position.

use crate::engine::Step;
use crate::model::Config;

/// Thresholds of the learned stop probability at which a pen lift ends the line, with the window on the last
/// character but one, on the last, and on the end mark. It rarely comes near 1 even at the right place: in 45 lines
/// at bias 1 it was mostly 0.3 to 0.8 where the text was complete, and below 0.05 at nearly all lifts before.
const STOP_THRESHOLDS: [f32; 3] = [0.5, 0.3, 0.15];
/// Longest stroke after a pen lift on the end mark, as a multiple of the points per character: a last dot or
/// crossbar. A longer stroke is a superfluous letter. A stroke that starts to the right of all ink is a stray mark, and
/// so is one when the last character has all the strokes that people take for it, unless a letter before it in the
/// word waits for its dot or bar.
const MAX_LATE_STROKE: f32 = 0.75;
/// Longest full stop or comma at the text's end, likewise. The line ends with it, before a second one can be drawn.
const MAX_DOT: f32 = 0.5;
/// Longest time that the window may stay on the end mark, likewise; twice that in all where it goes back meanwhile.
const MAX_END: f32 = 2.0;

/// Why a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// The network's learned stop, or a final full stop or comma.
    Stopped,
    /// The window had moved past the text [G §5].
    WindowRule,
    /// A writing without text has reached the requested length.
    Length,
    /// The line did not end: it reached its maximum length, or the window stood still in all attempts at a word.
    Cap,
    /// The caller cancelled it.
    Cancelled,
}

/// Observes a line with text, point by point, and detects its end.
#[derive(Debug, Clone, Default)]
pub struct EndDetector {
    /// Whether the text ends with a full stop or comma.
    dotted: bool,
    /// Strokes of which the text's last character is made, at most.
    last_strokes: usize,
    /// Whether a character of the last word before that one is finished by a late stroke: the dot of an i, a crossbar.
    has_late: bool,
    /// Strokes begun with the window on the last character or the end mark, and where the first of them began.
    begun: usize,
    last_x: f32,
    /// Points so far.
    count: usize,
    /// Points before the current stroke, and the window's position when it began.
    stroke: usize,
    stroke_position: usize,
    /// Timesteps with the window on the end mark: consecutive ones, and all.
    at_end: usize,
    all_at_end: usize,
    /// Whether the pen has lifted there: from then on a stroke is kept only when it has ended and was short.
    after_end: bool,
    /// The pen's x, where the current stroke began, and the right edge of the ink, now and before that stroke;
    /// corpus units from the origin.
    x: f32,
    stroke_x: f32,
    edge: f32,
    edge_before: f32,
}

impl EndDetector {
    /// At the beginning of a line with this text.
    pub fn new(text: &str) -> Self {
        let mut word = text.chars().rev().take_while(|c| !c.is_whitespace());
        let last_strokes = word.next().map_or(1, most_strokes);
        Self { dotted: text.ends_with(['.', ',']), last_strokes, has_late: word.any(is_late), ..Self::default() }
    }

    /// Observes a point; returns why the line ends with it, if it does. `end` is the end mark's position.
    pub fn observe(&mut self, config: &Config, end: usize, step: &Step) -> Option<Finish> {
        self.x += config.offset([step.dx, step.dy, step.pen]).dx;
        self.edge = self.edge.max(self.x);
        let (position, lifted) = (step.position as usize, step.pen > 0.5);
        if self.count == self.stroke {
            (self.stroke_x, self.stroke_position) = (self.x, position);
            if end > 0 && position + 1 >= end {
                self.begun += 1;
                if self.begun == 1 {
                    self.last_x = self.x;
                }
            }
        }
        self.count += 1;
        let on_end = position == end;
        self.at_end = if on_end { self.at_end + 1 } else { 0 };
        self.all_at_end += usize::from(on_end);
        // A stroke that begins on the end mark comes after the last character, if that has any.
        let begins = self.count == self.stroke + 1;
        self.after_end = on_end && (self.after_end || begins && self.begun > 1);
        if self.after_end && self.is_stray(config) {
            return Some(Finish::WindowRule);
        }
        let is_last_dot = lifted && self.is_last_dot(config, end);
        if lifted {
            (self.stroke, self.edge_before) = (self.count, self.edge);
        }
        // The learned stop counts only near the text's end: one error in mid-line would cost half a sentence.
        let threshold = (position + 2).checked_sub(end).and_then(|index| STOP_THRESHOLDS.get(index));
        if lifted && threshold.is_some_and(|&threshold| step.stop > threshold) {
            return Some(Finish::Stopped);
        }
        if is_last_dot {
            return Some(Finish::Stopped);
        }
        // A network without a learned stop ends by the window alone.
        if lifted && on_end && !config.stop {
            return Some(Finish::WindowRule);
        }
        self.after_end |= on_end && lifted;
        let limit = MAX_END * config.points_per_character;
        (self.at_end as f32 > limit || self.all_at_end as f32 > 2.0 * limit).then_some(Finish::WindowRule)
    }

    /// Whether the current stroke, drawn after the text's end, is neither a dot nor a crossbar of the text.
    fn is_stray(&self, config: &Config) -> bool {
        // A tolerance of one typical offset, to the left of a final full stop and to the right of a letter.
        let tolerance = if self.dotted { -config.offset_sd[0] } else { config.offset_sd[0] };
        let beyond = self.stroke_x > self.edge_before + tolerance;
        // The last character has all its strokes, and the word has no other that waits for one.
        let finishes_other = self.has_late && self.stroke_x < self.last_x;
        let superfluous = self.begun > self.last_strokes && !finishes_other;
        beyond || superfluous || (self.count - self.stroke) as f32 > MAX_LATE_STROKE * config.points_per_character
    }

    /// Whether the current stroke, if it ends now, is the full stop or comma at the text's end.
    fn is_last_dot(&self, config: &Config, end: usize) -> bool {
        let at_last = self.stroke_position + 1 >= end;
        let beyond = self.stroke_x > self.edge_before - config.offset_sd[0];
        let short = (self.count - self.stroke) as f32 <= MAX_DOT * config.points_per_character;
        self.dotted && at_last && beyond && short
    }

    /// Points that belong to the line whatever follows; if the line ends now, all of its points.
    pub fn kept_points(&self) -> usize {
        if self.after_end { self.stroke } else { self.count }
    }

    /// Points before the current stroke.
    pub fn stroke_start(&self) -> usize {
        self.stroke
    }
}

/// Most strokes that people take for a character.
fn most_strokes(c: char) -> usize {
    match c {
        'E' | '#' => 4,
        'A' | 'F' | 'H' | 'I' | 'K' | 'M' | 'N' | 'Z' | '%' | '*' | '€' | '$' => 3,
        'i' | 'j' | 't' | 'f' | 'x' | 'k' | 'y' | 'z' | '4' | '5' | '7' => 2,
        'B' | 'D' | 'G' | 'J' | 'P' | 'Q' | 'R' | 'T' | 'X' | 'Y' => 2,
        '!' | '?' | ':' | ';' | '"' | '=' | '+' | '&' => 2,
        _ => 1,
    }
}

/// Whether people finish a letter when the word is written.
fn is_late(c: char) -> bool {
    "ijtfxATFHE".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;
    use crate::testing;

    /// Points kept of a line with these timesteps (position, stop, lifted); after each lift the pen moves to the right
    /// by `advance` (normalised).
    fn kept_of(
        text: &str,
        advance: f32,
        steps: impl IntoIterator<Item = (usize, f32, bool)>,
    ) -> (usize, Option<Finish>) {
        let config = testing::config(Kind::Synthesis, &[9], 3);
        let (mut ending, mut dx) = (EndDetector::new(text), 0.0);
        for (position, stop, lifted) in steps {
            let step =
                Step { position: position as f32, stop, pen: f32::from(u8::from(lifted)), dx, ..Step::default() };
            dx = if lifted { advance } else { 0.0 };
            let finish = ending.observe(&config, 3, &step);
            if finish.is_some() {
                return (ending.kept_points(), finish);
            }
        }
        (ending.kept_points(), None)
    }

    #[test]
    fn a_final_full_stop_ends_the_line() {
        let letters = || {
            [(0, 20), (1, 20)].into_iter().flat_map(|(at, points)| (1..=points).map(move |k| (at, 0.0, k == points)))
        };
        let dot = || (1..=4).map(|k| (2, 0.0, k == 4));
        assert_eq!(kept_of("ab.", 0.5, letters().chain(dot()).chain(dot())), (44, Some(Finish::Stopped)));
        assert_eq!(kept_of("abi", 0.5, letters().chain(dot()).chain(dot())), (48, None), "an i has a dot");
        // A crossbar goes back to the left.
        assert_eq!(kept_of("at.", -3.0, letters().chain(dot())), (44, None));
        // A stroke that began before the full stop still belongs to the letter.
        let late = letters().chain((1..=4).map(|k| (if k == 1 { 1 } else { 2 }, 0.0, k == 4)));
        assert_eq!(kept_of("ab.", 0.5, late), (44, None));
    }

    #[test]
    fn after_the_end_a_dot_is_kept_and_a_superfluous_letter_is_not() {
        let stroke = |position: usize, stop: f32, points: usize| {
            (1..=points).map(move |k| (position, if k == points { stop } else { 0.0 }, k == points))
        };
        let line = || (0..3).flat_map(|position| stroke(position, 0.0, 20));
        let kept = |text: &str, advance: f32, steps: &mut dyn Iterator<Item = _>| kept_of(text, advance, steps);
        // The learned stop: below the threshold before the end mark, above it on the end mark.
        let stopped = &mut line().chain(stroke(2, 0.25, 5)).chain(stroke(3, 0.25, 5));
        assert_eq!(kept("abE", 0.5, stopped), (70, Some(Finish::Stopped)));
        // No learned stop: the strokes after the lift on the end mark are short, then too long.
        let tail = || stroke(3, 0.1, 10).chain(stroke(3, 0.1, 4));
        assert_eq!(
            kept("abE", 0.5, &mut line().chain(tail()).chain(stroke(3, 0.1, 30))),
            (74, Some(Finish::WindowRule))
        );
        // Short, but it starts to the right of all ink.
        assert_eq!(kept("abE", 1.5, &mut line().chain(tail())), (60, Some(Finish::WindowRule)));
        // An E has four strokes, an i two, a full stop and a 2 one.
        let dots = || stroke(3, 0.1, 14).chain(stroke(3, 0.1, 12)).chain(stroke(3, 0.1, 12));
        for (text, points) in [("ab.", 60), ("ab2", 60), ("abi", 74)] {
            assert_eq!(kept(text, 0.5, &mut line().chain(dots())), (points, Some(Finish::WindowRule)), "{text}");
        }
        assert_eq!(kept("abE", 0.5, &mut line().chain(dots())), (98, None));
        assert_eq!(kept("ai.", -3.0, &mut line().chain(dots())), (98, None), "far to the left it belongs to the i");
        assert_eq!(kept("an.", -3.0, &mut line().chain(dots())), (60, Some(Finish::WindowRule)), "an n has no dot");
        // The window goes back: the stroke belongs to the text after all.
        let back = &mut line().chain(tail()).chain((0..9).map(|_| (2, 0.0, false)));
        assert_eq!(kept("abE", 0.5, back), (83, None));
        // The pen never lifts: the window's time on the end mark is limited.
        let endless = line().map(|(position, stop, lifted)| (position, stop, lifted && position < 2));
        let endless = &mut endless.chain((0..90).map(|_| (3, 0.0, false)));
        assert_eq!(kept("abc", 0.5, endless), (111, Some(Finish::WindowRule)));
        // Nor does it lift when the window goes back and forth.
        let swinging = line().map(|(position, stop, lifted)| (position, stop, lifted && position < 2));
        let swinging = &mut swinging.chain((0..400).map(|n| (if n % 20 == 19 { 2 } else { 3 }, 0.0, false)));
        assert_eq!(kept("abc", 0.5, swinging), (166, Some(Finish::WindowRule)));
    }
}
