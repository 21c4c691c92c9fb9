//! Styles: one vector per hand, added to the gate bias once per line.

use crate::error::{Error, Result};
use crate::model::{LstmWeights, Weights};

/// The style vector `[S]` of a named hand by its index in `Config::styles`; zeros for `None`, which the
/// network was also trained with: no particular hand.
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
    let mut vector = vec![0.0; width];
    if let Some(table) = &weights.style_table {
        table.copy_row(index, &mut vector);
    }
    Ok(vector)
}

/// Linear interpolation between two style vectors: `share` 0 is `from`, 1 is `to`.
pub fn between(from: &[f32], to: &[f32], share: f32) -> Vec<f32> {
    from.iter().zip(to).map(|(from, to)| from * (1.0 - share) + to * share).collect()
}

/// Gate bias `[4 H]` of one line: the layer's bias plus its style matrix times the line's style vector `[S]`.
/// An empty style vector stands for zeros.
pub fn gate_bias(layer: &LstmWeights, style: &[f32]) -> Vec<f32> {
    let mut bias = layer.gates.bias.clone();
    if let Some(matrix) = layer.style.as_ref().filter(|_| !style.is_empty()) {
        let mut row = vec![0.0; matrix.columns];
        for (r, b) in bias.iter_mut().enumerate() {
            matrix.copy_row(r, &mut row);
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
        assert_eq!(vector(&weights, Some(1)).unwrap(), testing::elements(weights.style_table.as_ref().unwrap())[3..6]);
        let message = vector(&weights, Some(2)).unwrap_err().to_string();
        assert!(message.contains("no hand 2") && message.contains("has 2"), "{message}");
    }

    #[test]
    fn the_gate_bias_is_the_layers_own_plus_its_style_weight_times_the_style() {
        let weights = testing::weights(&testing::config(Kind::Synthesis, &[4], 1), 3);
        let layer = &weights.layers[0];
        assert_eq!(gate_bias(layer, &[]), layer.gates.bias);
        assert_eq!(gate_bias(layer, &[0.0; 3]), layer.gates.bias);
        let style = testing::elements(layer.style.as_ref().unwrap());
        let bias = gate_bias(layer, &[1.0, 0.0, -2.0]);
        assert_eq!(bias.len(), 16);
        for (row, found) in bias.iter().enumerate() {
            let expected = layer.gates.bias[row] + style[3 * row] - 2.0 * style[3 * row + 2];
            assert!((found - expected).abs() < 1e-6, "row {row}");
        }
    }
}
