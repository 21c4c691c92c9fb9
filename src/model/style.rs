//! Styles: a vector per hand, folded into the gate bias once per line.

use crate::error::{Error, Result};
use crate::model::{LstmWeights, Weights};

/// The style vector `[S]` of a named hand by its index in `Config::styles`; zeros for `None`, the
/// hand of no one in particular, which is also trained.
///
/// # Errors
/// [`Error::Setting`] if there is no such hand.
pub fn vector(weights: &Weights, style: Option<usize>) -> Result<Vec<f32>> {
    let width = weights.config.style_dim;
    let Some(index) = style else { return Ok(vec![0.0; width]) };
    let count = weights.config.styles.len();
    if index >= count {
        return Err(Error::Setting {
            name: "style".into(),
            problem: format!("there is no hand {index}; this network has {count}, counted from 0"),
        });
    }
    Ok(weights.style_table[index * width..(index + 1) * width].to_vec())
}

/// A hand on the way from one style vector to another, `share` of it.
pub fn between(from: &[f32], to: &[f32], share: f32) -> Vec<f32> {
    from.iter().zip(to).map(|(from, to)| from * (1.0 - share) + to * share).collect()
}

/// Gate bias `[4 H]` of one line: the layer's own plus its style weight times the line's style.
/// A style vector that is empty counts as zeros.
pub fn gate_bias(layer: &LstmWeights, style: &[f32]) -> Vec<f32> {
    let mut bias = layer.gates.bias.clone();
    if !style.is_empty() && !layer.style.is_empty() {
        for (b, row) in bias.iter_mut().zip(layer.style.chunks_exact(style.len())) {
            *b += row.iter().zip(style).map(|(w, s)| w * s).sum::<f32>();
        }
    }
    bias
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::model::Kind;
    use crate::testing;

    #[test]
    fn a_style_is_a_row_of_the_table_and_none_is_zeros() {
        let weights = testing::weights(&testing::config(Kind::Synthesis, &[4], 1), 3);
        assert_eq!(vector(&weights, None).unwrap(), [0.0; 3]);
        assert_eq!(vector(&weights, Some(1)).unwrap(), weights.style_table[3..6]);
        let message = vector(&weights, Some(2)).unwrap_err().to_string();
        assert!(message.contains("no hand 2") && message.contains("has 2"), "{message}");
    }

    #[test]
    fn the_gate_bias_is_the_layers_own_plus_its_style_weight_times_the_style() {
        let weights = testing::weights(&testing::config(Kind::Synthesis, &[4], 1), 3);
        let layer = &weights.layers[0];
        assert_eq!(gate_bias(layer, &[]), layer.gates.bias);
        assert_eq!(gate_bias(layer, &[0.0; 3]), layer.gates.bias);
        let bias = gate_bias(layer, &[1.0, 0.0, -2.0]);
        assert_eq!(bias.len(), 16);
        for (row, found) in bias.iter().enumerate() {
            let expected = layer.gates.bias[row] + layer.style[3 * row] - 2.0 * layer.style[3 * row + 2];
            assert!((found - expected).abs() < 1e-6, "row {row}");
        }
    }
}
