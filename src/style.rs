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
