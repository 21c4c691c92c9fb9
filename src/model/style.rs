//! Styles: one vector per hand, added to the gate bias once per line.

use crate::error::{Error, Result};
use crate::model::Weights;

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
}
