//! How people's writing wanders: lines that begin here and there, climb, and sway; words a little larger or higher than
//! their neighbours; gaps that differ.
//!
//! The spreads at full wandering are those of 383 forms of the IAM On-Line Database: 2,512 lines at a whiteboard
//! (docs/decisions/0033-words-on-lines.md).

use super::paper::X_HEIGHT;
use std::f64::consts::PI;

/// Standard deviations at full wandering: of a line's left end and of a word's height over its line, in x-heights; of a
/// line's slope; of a word's size and of a gap, as logarithms.
const MARGIN: f64 = 1.14;
const LEVEL: f64 = 0.117;
const SLOPE: f64 = 0.018;
const SIZE: f64 = 0.127;
const GAP: f64 = 0.22;
/// A line's sway: its amplitude, and its length.
const SWAY: f64 = 0.1;
const SWAY_LENGTH: f64 = 14.0;
/// Deviations are cut off at so many standard deviations.
const MOST: f64 = 2.0;

/// How much the lines and words of a seed wander.
#[derive(Debug, Clone, Copy)]
pub struct Wander {
    seed: u64,
    share: f64,
}

/// How a line wanders.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LineWander {
    /// To the right of the left margin, in corpus units.
    pub margin: f64,
    /// Descent per unit to the right.
    pub slope: f64,
    sway: f64,
    phase: f64,
}

impl Wander {
    /// Wandering from 0 (none) to 1 (as people's).
    pub fn new(seed: u64, share: f64) -> Self {
        Self { seed, share }
    }

    /// How a line wanders.
    pub fn line(&self, row: usize) -> LineWander {
        LineWander {
            margin: (MOST + self.chance(row, 1)) / 2.0 * MARGIN * X_HEIGHT * self.share,
            slope: self.chance(row, 2) * SLOPE * self.share,
            sway: SWAY * X_HEIGHT * self.share,
            phase: self.chance(row, 3) * PI,
        }
    }

    /// Most by which a line is moved to the right.
    pub fn reach(&self) -> f64 {
        MOST * MARGIN * X_HEIGHT * self.share
    }

    /// A word's size: neighbours are alike.
    pub fn size(&self, word: usize) -> f64 {
        let near = (0..3).map(|by| self.chance(word + by, 4)).sum::<f64>() / 3.0_f64.sqrt();
        libm::exp(near * SIZE * self.share)
    }

    /// A word's height below its line: neighbours are alike.
    pub fn level(&self, word: usize) -> f64 {
        let near = (0..2).map(|by| self.chance(word + by, 5)).sum::<f64>() / 2.0_f64.sqrt();
        near * LEVEL * X_HEIGHT * self.share
    }

    /// The gap before a word, relative to what it was.
    pub fn gap(&self, word: usize) -> f64 {
        libm::exp(self.chance(word, 6) * GAP * self.share)
    }

    /// A number around 0 with a standard deviation of 1, and within 2, for each number and purpose; the same every time.
    pub fn chance(&self, number: usize, purpose: u64) -> f64 {
        // The sum of three uniform numbers has a variance of a quarter.
        let sum: f64 = (0..3).map(|part| random([self.seed, number as u64, 8 * purpose + part])).sum();
        ((sum - 1.5) * 2.0).clamp(-MOST, MOST)
    }
}

impl LineWander {
    /// Descent at a distance from the line's left end, in corpus units.
    pub fn sway(&self, x: f64) -> f64 {
        self.sway * libm::sin(x / (SWAY_LENGTH * X_HEIGHT) * 2.0 * PI + self.phase)
    }
}

/// A number from 0 to 1 for each seed, number and purpose, the same every time.
fn random(keys: [u64; 3]) -> f64 {
    let mut hash: u32 = 0x9e37_79b9;
    for key in keys {
        hash = (hash ^ key as u32).wrapping_mul(0x85eb_ca6b);
        hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
        hash ^= hash >> 16;
    }
    f64::from(hash) / 4_294_967_296.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_wandering_everything_is_straight() {
        let none = Wander::new(5, 0.0);
        let line = none.line(3);
        assert_eq!((line.margin, line.slope, line.sway(900.0)), (0.0, 0.0, 0.0));
        assert_eq!((none.size(7), none.level(7), none.gap(7), none.reach()), (1.0, 0.0, 1.0, 0.0));
    }

    #[test]
    fn people_s_deviations_are_repeatable_and_as_large_as_stated() {
        let full = Wander::new(5, 1.0);
        assert_eq!(full.line(3), Wander::new(5, 1.0).line(3));
        assert_ne!(full.line(3), Wander::new(6, 1.0).line(3));
        let spread = |of: &dyn Fn(usize) -> f64| {
            let values: Vec<f64> = (0..2000).map(of).collect();
            let mean = values.iter().sum::<f64>() / 2000.0;
            (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 2000.0).sqrt()
        };
        for (found, expected) in [
            (spread(&|k| full.line(k).slope), SLOPE),
            (spread(&|k| libm::log(full.size(k))), SIZE),
            (spread(&|k| full.level(k)), LEVEL * X_HEIGHT),
            (spread(&|k| libm::log(full.gap(k))), GAP),
        ] {
            assert!((found / expected - 1.0).abs() < 0.1, "{found} {expected}");
        }
        assert!((0..2000).all(|k| (0.0..=full.reach()).contains(&full.line(k).margin)));
    }
}
