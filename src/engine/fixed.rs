//! What both engines compute with, in whole numbers: made once for a network or a line, from the file's floats.
//!
//! `docs/weights-format.md` ("Arithmetic") has the rules and the grids; a number on the grid Qn stands for itself / 2ⁿ.

use super::step::{Line, Noise};
use crate::model::LstmWeights;
use bytemuck::{Pod, Zeroable};

/// Fraction bits of points and of the window.
pub const POINT_BITS: u32 = 10;
/// Largest magnitude of an offset, on the grid of points.
pub const MOST_OFFSET: i32 = 1 << 17;
/// Largest magnitude of a gate's bias, on the grid of gates, Q10.
const MOST_BIAS: f64 = (1 << 20) as f64;
/// Largest magnitude of what a hand adds to a bias: so far beyond the file's own the ranges of
/// docs/weights-format.md ("Arithmetic") reach.
const MOST_OF_HAND: f32 = 16.0;
/// Largest magnitude of a normal, Q12: six standard deviations.
pub const MOST_NORMAL: i32 = 24_576;
/// Largest magnitude of what is subtracted from log σ, Q16.
const MOST_NARROWING: f64 = (1 << 24) as f64;
/// Largest number of bits of a factor's denominator.
const MOST_SHIFT: i32 = 46;

/// A factor f ≥ 0 as m / 2ᵏ: see [`crate::engine::cpu::math::rescale`]. `Factor` in `common.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Factor {
    /// m, below 2¹⁵.
    pub m: i32,
    /// k, 1 to 46.
    pub k: u32,
}

impl Factor {
    /// The nearest one, with k of at least `least`.
    pub fn new(factor: f64, least: i32) -> Self {
        let mut k = MOST_SHIFT;
        while k > least && rounded(factor, k) >= 1 << 15 {
            k -= 1;
        }
        Self { m: rounded(factor, k).min((1 << 15) - 1), k: k as u32 }
    }
}

/// factor · 2ᵏ, rounded, halves up.
fn rounded(factor: f64, k: i32) -> i32 {
    // Saturates: a factor that is too large gives the largest integer.
    (factor * f64::from(k).exp2() + 0.5).floor() as i32
}

/// The scales of a matrix's rows as factors with one shift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowScales {
    /// m of each row.
    pub factors: Vec<i32>,
    /// k of all.
    pub shift: u32,
}

impl RowScales {
    /// Of the scales times 2ᵖ.
    pub fn new(scales: &[f32], power: i32) -> Self {
        let unit = f64::from(power).exp2();
        let largest = scales.iter().fold(0.0f32, |largest, scale| largest.max(*scale));
        let shift = Factor::new(f64::from(largest) * unit, 1).k;
        let factors = scales.iter().map(|&scale| rounded(f64::from(scale) * unit, shift as i32)).collect();
        Self { factors, shift }
    }

    /// Of a layer's gates.
    pub fn of_gates(scales: &[f32]) -> Self {
        Self::new(scales, 0)
    }

    /// Of window or output layer: from sums in Q7 to outputs in Q16.
    pub fn of_outputs(scales: &[f32]) -> Self {
        Self::new(scales, 9)
    }
}

/// Gate bias `[4 H]` of a line, Q10: the layer's bias, what the line's hand adds, `[4 H]`, and the layer's style matrix
/// times the line's style vector `[S]`. Each of the last two may be empty, which stands for zeros.
pub fn gate_bias(layer: &LstmWeights, style: &[f32], hand: &[f32]) -> Vec<i32> {
    let mut sums = with_hand(&layer.gates.bias, hand);
    if let Some(matrix) = layer.style.as_ref().filter(|_| !style.is_empty()) {
        let mut row = vec![0.0; matrix.columns];
        for (r, sum) in sums.iter_mut().enumerate() {
            matrix.copy_row(r, &mut row);
            for (weight, style) in row.iter().zip(style) {
                *sum += f64::from(*weight) * f64::from(*style);
            }
        }
    }
    sums.into_iter().map(|sum| (sum * 1024.0).round().clamp(-MOST_BIAS, MOST_BIAS) as i32).collect()
}

/// Biases of window or output layer, Q16, with what the line's hand adds to them, `[rows]` or empty for nothing.
pub fn bias(values: &[f32], hand: &[f32]) -> Vec<i32> {
    with_hand(values, hand).into_iter().map(|value| (value * 65_536.0).round() as i32).collect()
}

/// Biases with what a hand adds to them, if it is not empty. Not inlined, for the module's size.
#[inline(never)]
fn with_hand(values: &[f32], hand: &[f32]) -> Vec<f64> {
    let mut sums: Vec<f64> = values.iter().map(|&value| value.into()).collect();
    for (sum, more) in sums.iter_mut().zip(hand) {
        *sum += f64::from(more.clamp(-MOST_OF_HAND, MOST_OF_HAND));
    }
    sums
}

/// How bias b and temperature τ of a line change the mixture [G eqs 61–62].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawing {
    /// (1 + b) / τ, from Q16 to Q10: what differences of π̂ are multiplied by.
    pub sharpness: Factor,
    /// b − ½ ln τ, Q16: what is subtracted from σ̂.
    pub narrowing: i32,
    /// 1 / τ, from Q16 to Q10: what ê is multiplied by.
    pub coolness: Factor,
}

impl Drawing {
    /// Of a line's settings.
    pub fn new(line: &Line) -> Self {
        let (bias, temperature) = (f64::from(line.bias), f64::from(line.temperature));
        Self {
            sharpness: Factor::new(((1.0 + bias) / temperature / 64.0).max(0.0), 2),
            narrowing: ((bias - 0.5 * libm::log(temperature)) * 65_536.0).round().clamp(-MOST_NARROWING, MOST_NARROWING)
                as i32,
            coolness: Factor::new(1.0 / temperature / 64.0, 2),
        }
    }
}

/// A point `(dx, dy, pen)`, normalised, on the grid Q10.
pub fn point([dx, dy, pen]: [f32; 3]) -> [i32; 3] {
    let offset = |value: f32| {
        let most = MOST_OFFSET as f32;
        (value * 1024.0).round().clamp(-most, most) as i32
    };
    [offset(dx), offset(dy), if pen > 0.5 { 1 << POINT_BITS } else { 0 }]
}

/// Noise of a timestep in whole numbers: two uniforms of 24 bits and two normals, Q12; of a forced point −1 and the
/// point, Q10.
pub fn noise(noise: &Noise) -> [i32; 4] {
    let [a, b, c, d] = *noise;
    if a < 0.0 {
        let [dx, dy, pen] = point([b, c, d]);
        return [-1, dx, dy, pen];
    }
    // A uniform is below 1; of more than 24 bits the rest is cut off.
    let uniform = |u: f32| ((u * 16_777_216.0) as i32).clamp(0, (1 << 24) - 1);
    let normal = |z: f32| ((z * 4096.0).round() as i32).clamp(-MOST_NORMAL, MOST_NORMAL);
    [uniform(a), uniform(b), normal(c), normal(d)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::step::forced_point;
    use crate::model::Kind;
    use crate::testing;

    #[test]
    fn a_hand_adds_to_the_biases_of_outputs() {
        assert_eq!(bias(&[0.5, -1.0], &[]), [32_768, -65_536]);
        assert_eq!(bias(&[0.5, -1.0], &[0.25, -0.5]), [49_152, -98_304]);
        assert_eq!(bias(&[0.0; 3], &[1e9, -1e9, f32::NAN]), [16 << 16, -16 << 16, 0], "within bounds, whatever it is");
    }

    #[test]
    fn factors_are_as_fine_as_fifteen_bits() {
        for f in [1e-9, 3e-4, 0.017_578_125, 0.3, 1.0, 8191.0] {
            let Factor { m, k } = Factor::new(f, 1);
            assert!((f64::from(m) / f64::from(k).exp2() / f - 1.0).abs() < 4e-5 || k == 46, "{f}: {m} / 2^{k}");
        }
        assert_eq!(Factor::new(0.0, 1), Factor { m: 0, k: 46 });
        assert_eq!(Factor::new(1e9, 2), Factor { m: 32_767, k: 2 });
        assert_eq!(RowScales::new(&[0.5, 0.25, 0.0], 1), RowScales { factors: vec![16_384, 8192, 0], shift: 14 });
    }

    #[test]
    fn noise_and_forced_points_become_whole_numbers() {
        assert_eq!(noise(&[0.5, 0.0, 1.0, -2.0]), [1 << 23, 0, 4096, -8192]);
        assert_eq!(noise(&[1.5, f32::NAN, 1e9, f32::NEG_INFINITY]), [(1 << 24) - 1, 0, MOST_NORMAL, -MOST_NORMAL]);
        assert_eq!(noise(&forced_point([0.5, -1e9, 1.0])), [-1, 512, -MOST_OFFSET, 1024]);
    }

    #[test]
    fn the_gate_bias_is_the_layers_own_plus_its_style_weight_times_the_style() {
        let weights = testing::weights(&testing::config(Kind::Synthesis, &[4], 1), 3);
        let layer = &weights.layers[0];
        let own: Vec<i32> = layer.gates.bias.iter().map(|bias| (bias * 1024.0).round() as i32).collect();
        assert_eq!(gate_bias(layer, &[], &[]), own);
        assert_eq!(gate_bias(layer, &[0.0; 3], &[0.0; 16]), own);
        let more: Vec<f32> = (0..16).map(|row| row as f32 - 8.0).collect();
        let with_hand = gate_bias(layer, &[], &more);
        assert!(with_hand.iter().zip(&own).zip(&more).all(|((all, own), more)| all - own == *more as i32 * 1024));
        let style = layer.style.as_ref().map(testing::elements).unwrap_or_default();
        let bias = gate_bias(layer, &[1.0, 0.0, -2.0], &[]);
        assert_eq!(bias.len(), 16);
        for (row, found) in bias.iter().enumerate() {
            let expected = layer.gates.bias[row] + style[3 * row] - 2.0 * style[3 * row + 2];
            assert!((*found as f32 - expected * 1024.0).abs() < 0.51, "row {row}");
        }
        assert_eq!(gate_bias(layer, &[1e30, -1e30, 1e30], &[]).iter().map(|bias| bias.abs()).max(), Some(1 << 20));
    }
}
