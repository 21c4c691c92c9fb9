//! When a line is over: the rules by which the [`crate::writer`] stops.

use crate::engine::Step;
use crate::model::Config;

/// Learned stop from which a pen lift ends the line, where the window is on the last character but
/// one, on the last, and on the end mark. It is a probability, so it rarely comes near 1 even at the
/// right place: in 45 lines at bias 1 it was mostly 0.3 to 0.8 where the text was complete, and below
/// 0.05 at nearly all lifts before.
const STOP: [f32; 3] = [0.5, 0.3, 0.15];
/// Longest stroke, as a multiple of the points per character, that may follow a pen lift on the end
/// mark: a last dot or crossbar. What is longer is a letter too many; what starts to the right of
/// all ink is a stray mark, and after a full stop or comma so is what starts beside that.
const AFTERTHOUGHT: f32 = 0.75;
/// Longest full stop or comma at the text's end, likewise: with it the line is over, before a second
/// one can be drawn.
const DOT: f32 = 0.5;
/// Longest that the window may rest on the end mark, in points per character.
const LONGEST_END: f32 = 2.0;

/// Why a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// The network said so.
    Stopped,
    /// The window had moved past the text [G §5].
    WindowRule,
    /// The length that was asked for, without text.
    Length,
    /// The guard against lines that never end.
    Cap,
    /// The network computed something that is no number, or a place where no pen could follow.
    NonFinite,
    /// The caller said so.
    Cancelled,
}

/// Follows a line with text, point by point.
#[derive(Debug, Clone, Default)]
pub struct Ending {
    /// Whether the text ends with a full stop or comma.
    dotted: bool,
    /// Points so far.
    count: usize,
    /// Points before the stroke under way, and where the window was when it began.
    stroke: usize,
    stroke_position: usize,
    /// Timesteps in a row that the window has been on the end mark.
    at_end: usize,
    /// Whether the pen has lifted there: strokes are then held back until they prove short.
    after_end: bool,
    /// Where the pen is, where the stroke under way began, and the right edge of the ink, up to now and before
    /// that stroke; corpus units from the origin.
    x: f32,
    stroke_x: f32,
    edge: f32,
    edge_before: f32,
}

impl Ending {
    /// Before the first point of this text.
    pub fn new(text: &str) -> Self {
        Self { dotted: text.ends_with(['.', ',']), ..Self::default() }
    }

    /// Takes in a point; says whether the line ends with it, and why. `end` is the end mark's place.
    pub fn follow(&mut self, config: &Config, end: usize, step: &Step) -> Option<Finish> {
        self.x += config.offset([step.dx, step.dy, step.pen]).dx;
        self.edge = self.edge.max(self.x);
        let (position, lifted) = (step.position as usize, step.pen > 0.5);
        if self.count == self.stroke {
            (self.stroke_x, self.stroke_position) = (self.x, position);
        }
        self.count += 1;
        let on_end = position == end;
        self.at_end = if on_end { self.at_end + 1 } else { 0 };
        self.after_end &= on_end;
        if self.after_end && self.is_stray(config) {
            return Some(Finish::WindowRule);
        }
        let dot = lifted && self.is_last_dot(config, end);
        if lifted {
            (self.stroke, self.edge_before) = (self.count, self.edge);
        }
        // A learned stop counts only where the text is nearly used up: a slip in mid-line would
        // cost half a sentence.
        let enough = (position + 2).checked_sub(end).and_then(|place| STOP.get(place));
        if lifted && enough.is_some_and(|&enough| step.stop > enough) {
            return Some(Finish::Stopped);
        }
        if dot {
            return Some(Finish::Stopped);
        }
        // A network without a learned stop has only the window to go by.
        if lifted && on_end && !config.stop {
            return Some(Finish::WindowRule);
        }
        self.after_end |= on_end && lifted;
        (self.at_end as f32 > LONGEST_END * config.points_per_character).then_some(Finish::WindowRule)
    }

    /// Whether the stroke under way is no afterthought to the text.
    fn is_stray(&self, config: &Config) -> bool {
        // one typical offset of leeway, either way
        let leeway = if self.dotted { -config.offset_sd[0] } else { config.offset_sd[0] };
        let beyond = self.stroke_x > self.edge_before + leeway;
        beyond || (self.count - self.stroke) as f32 > AFTERTHOUGHT * config.points_per_character
    }

    /// Whether the stroke under way, if it ends now, is the full stop or comma that ends the text.
    fn is_last_dot(&self, config: &Config, end: usize) -> bool {
        let at_last = self.stroke_position + 1 >= end;
        let beyond = self.stroke_x > self.edge_before - config.offset_sd[0];
        let short = (self.count - self.stroke) as f32 <= DOT * config.points_per_character;
        self.dotted && at_last && beyond && short
    }

    /// Points that are part of the line for certain; if it ends now, all that are.
    pub fn kept(&self) -> usize {
        if self.after_end { self.stroke } else { self.count }
    }

    /// Points before the stroke under way.
    pub fn stroke(&self) -> usize {
        self.stroke
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;
    use crate::testing;

    /// Points kept of a line "abc" whose steps are given as (position, stop, lifted); the pen goes to
    /// the right by `advance` (normalised) at each lift.
    fn kept(advance: f32, steps: impl IntoIterator<Item = (usize, f32, bool)>) -> (usize, Option<Finish>) {
        kept_of("abc", advance, steps)
    }

    fn kept_of(
        text: &str,
        advance: f32,
        steps: impl IntoIterator<Item = (usize, f32, bool)>,
    ) -> (usize, Option<Finish>) {
        let config = testing::config(Kind::Synthesis, &[9], 3);
        let (mut ending, mut dx) = (Ending::new(text), 0.0);
        for (position, stop, lifted) in steps {
            let step =
                Step { position: position as f32, stop, pen: f32::from(u8::from(lifted)), dx, ..Step::default() };
            dx = if lifted { advance } else { 0.0 };
            let finish = ending.follow(&config, 3, &step);
            if finish.is_some() {
                return (ending.kept(), finish);
            }
        }
        (ending.kept(), None)
    }

    #[test]
    fn with_its_full_stop_the_line_is_over() {
        let letters = || {
            [(0, 20), (1, 20)].into_iter().flat_map(|(at, points)| (1..=points).map(move |k| (at, 0.0, k == points)))
        };
        let dot = || (1..=4).map(|k| (2, 0.0, k == 4));
        assert_eq!(kept_of("ab.", 0.5, letters().chain(dot()).chain(dot())), (44, Some(Finish::Stopped)));
        assert_eq!(kept_of("abi", 0.5, letters().chain(dot()).chain(dot())), (48, None));
        // a crossbar goes back to the left
        assert_eq!(kept_of("at.", -3.0, letters().chain(dot())), (44, None));
        // what began before the full stop is still the letter
        let late = letters().chain((1..=4).map(|k| (if k == 1 { 1 } else { 2 }, 0.0, k == 4)));
        assert_eq!(kept_of("ab.", 0.5, late), (44, None));
    }

    #[test]
    fn after_the_end_a_dot_is_kept_and_a_letter_too_many_is_not() {
        let stroke = |position: usize, stop: f32, points: usize| {
            (1..=points).map(move |k| (position, if k == points { stop } else { 0.0 }, k == points))
        };
        let line = || (0..3).flat_map(|position| stroke(position, 0.0, 20));
        // the learned stop, unsure before the end mark and sure enough on it
        assert_eq!(kept(0.5, line().chain(stroke(2, 0.25, 5)).chain(stroke(3, 0.25, 5))), (70, Some(Finish::Stopped)));
        // it never speaks up: what follows the lift on the end mark is short, then too long
        let tail = || stroke(3, 0.1, 10).chain(stroke(3, 0.1, 4));
        assert_eq!(kept(0.5, line().chain(tail()).chain(stroke(3, 0.1, 30))), (74, Some(Finish::WindowRule)));
        // it is short, but starts to the right of everything
        assert_eq!(kept(1.5, line().chain(tail())), (70, Some(Finish::WindowRule)));
        // beside a long full stop a second dot is stray, beside a letter it belongs to that
        let dot = || stroke(3, 0.1, 14).chain(stroke(3, 0.1, 12)).chain(stroke(3, 0.1, 12));
        assert_eq!(kept_of("ab.", 0.5, line().chain(dot())), (74, Some(Finish::WindowRule)));
        assert_eq!(kept_of("abi", 0.5, line().chain(dot())), (98, None));
        assert_eq!(kept_of("ab.", -3.0, line().chain(dot())), (98, None), "far to the left it may be an i's");
        // the window goes back: the stroke belongs to the text after all
        assert_eq!(kept(0.5, line().chain(tail()).chain((0..9).map(|_| (2, 0.0, false)))), (83, None));
        // the pen never lifts: the window's time on the end mark is limited
        assert_eq!(kept(0.5, line().chain((0..90).map(|_| (3, 0.0, false)))), (111, Some(Finish::WindowRule)));
    }
}
