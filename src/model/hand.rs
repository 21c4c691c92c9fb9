//! A hand that was learnt from someone's ink: what it adds to a network's biases, and how what is written is adjusted.

use super::Config;
use crate::ink::Adjustment;
use std::ops::Range;

/// Fraction bits of a hand's numbers, which are 16 bits wide: they lie within ±8.
const BITS: i32 = 12;

/// Where each part of a hand is among its numbers, `[S + Σ 4 H_l + R + 2]`.
#[derive(Debug, Clone)]
pub struct HandLayout {
    /// Style vector `[S]`.
    pub style: Range<usize>,
    /// What is added to the biases of each layer's gates, `[4 H_l]`, from the bottom up.
    pub gates: Vec<Range<usize>>,
    /// What is added to the output layer's biases, `[R]`.
    pub output: Range<usize>,
    /// Logarithm of the [`Adjustment`]'s scale; its shear comes after it.
    pub scale: usize,
}

impl HandLayout {
    /// Of a network.
    pub fn new(config: &Config) -> Self {
        let mut end = config.style_dim;
        let mut next = |length: usize| {
            end += length;
            end - length..end
        };
        let gates = config.hidden.iter().map(|units| next(4 * units)).collect();
        let output = next(config.outputs());
        Self { style: 0..config.style_dim, gates, scale: output.end, output }
    }

    /// How many numbers there are.
    pub fn count(&self) -> usize {
        self.scale + 2
    }
}

/// A learnt hand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hand {
    /// Fingerprint of the weights that it was learnt with, and that alone can use it.
    pub weights: u64,
    /// Laid out as [`HandLayout`] says, on the grid Q12.
    pub numbers: Vec<i16>,
}

/// What a line's hand adds to the network's biases: see [`Hand`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HandBiases {
    /// By layer; empty where nothing is added.
    pub gates: Vec<Vec<f32>>,
    /// Of the output layer; empty for nothing.
    pub output: Vec<f32>,
}

impl Hand {
    /// The hand of the nearest numbers. What is not a number becomes 0.
    pub fn new(weights: u64, values: &[f32]) -> Self {
        let unit = f32::from(1u16 << BITS);
        // Saturates.
        Self { weights, numbers: values.iter().map(|value| (value * unit).round() as i16).collect() }
    }

    /// Whether it has as many numbers as one for this network has.
    pub fn fits(&self, config: &Config) -> bool {
        self.numbers.len() == HandLayout::new(config).count()
    }

    /// Its style vector `[S]` and its biases, for a network that it fits, at a strength from 0, none of it, to 1, all of
    /// it.
    pub fn at_strength(&self, config: &Config, strength: f32) -> (Vec<f32>, HandBiases) {
        let layout = HandLayout::new(config);
        let values = |part: &Range<usize>| scaled(&self.numbers[part.clone()], strength);
        let gates = layout.gates.iter().map(values).collect();
        (values(&layout.style), HandBiases { gates, output: values(&layout.output) })
    }

    /// What ink that is written in it is adjusted by, for a network that it fits: a network writes smaller and more
    /// upright than the ink that it learnt from.
    pub fn adjustment(&self, config: &Config) -> Adjustment {
        let at = HandLayout::new(config).scale;
        let [scale, shear] = [at, at + 1].map(|index| f32::from(self.numbers[index]) / f32::from(1u16 << BITS));
        Adjustment { scale: scale.exp(), shear }
    }

    /// The same hand with an adjustment, for a network that it fits.
    #[must_use]
    pub fn with_adjustment(mut self, config: &Config, adjustment: Adjustment) -> Self {
        let at = HandLayout::new(config).scale;
        let values = [adjustment.scale.ln(), adjustment.shear];
        self.numbers[at..].copy_from_slice(&Self::new(self.weights, &values).numbers);
        self
    }
}

/// Not inlined, for the module's size.
#[inline(never)]
fn scaled(numbers: &[i16], strength: f32) -> Vec<f32> {
    let unit = f32::from(1u16 << BITS);
    numbers.iter().map(|number| f32::from(*number) / unit * strength).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;
    use crate::testing;

    #[test]
    fn numbers_are_the_nearest_and_strength_scales_them() {
        let config = testing::config(Kind::Synthesis, &[2, 1], 1);
        let layout = HandLayout::new(&config);
        assert_eq!(
            (layout.style.clone(), layout.gates.clone(), layout.output.clone()),
            (0..3, vec![3..11, 11..15], 15..23)
        );
        let mut values = vec![0.0; layout.count()];
        values[..3].copy_from_slice(&[1.0, -2.0, 0.5]);
        values[11..15].copy_from_slice(&[0.3, -9.0, f32::NAN, 1e9]);
        values[15] = -0.25;
        let hand = Hand::new(7, &values);
        assert_eq!(hand.numbers[11..15], [1229, i16::MIN, 0, i16::MAX]);
        let (style, half) = hand.at_strength(&config, 0.5);
        assert_eq!(style, [0.5, -1.0, 0.25]);
        assert!((half.gates[1][0] - 0.15).abs() < 1e-4 && half.gates[0].iter().all(|value| *value == 0.0));
        assert_eq!((half.output[0], half.output.len()), (-0.125, 8));
        assert!(hand.fits(&config) && !hand.fits(&testing::config(Kind::Synthesis, &[2, 2], 1)));
        assert_eq!(hand.adjustment(&config), Adjustment::default());
        let adjusted = hand.with_adjustment(&config, Adjustment { scale: 1.25, shear: -0.1 }).adjustment(&config);
        assert!((adjusted.scale - 1.25).abs() < 1e-3 && (adjusted.shear + 0.1).abs() < 1e-3);
    }
}
