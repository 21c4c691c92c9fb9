//! A network's matrices, packed for the CPU's kernels.

use super::math::rescale;
use super::matvec::{BLOCK, PackedMatrix};
use crate::engine::fixed::{self, RowScales};
use crate::model::{Dense, Weights};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Every network that is in use, so that the engine, the inspector and the check of captured ink share one copy.
static IN_USE: Mutex<Vec<Weak<Network>>> = Mutex::new(Vec::new());

/// A network as [`super::advance`] reads it.
#[derive(Debug)]
pub struct Network {
    /// The network's file.
    pub weights: Arc<Weights>,
    /// From the bottom up.
    pub layers: Vec<Layer>,
    /// `[3 K, H_0]`; `None` without text.
    pub window: Option<Linear>,
    /// `[R, Σ H]`.
    pub output: Linear,
    /// Where each layer's units are in [`super::State::hidden`].
    pub hidden: Vec<Range<usize>>,
}

/// An LSTM layer. Biases and styles stay in the weights.
#[derive(Debug)]
pub struct Layer {
    /// The gates i, f, g, o: `[4 H, hidden below | own hidden]`.
    pub gates: PackedMatrix,
    /// Their weights of point and window, by column: `[3 + A, 4 H]`.
    pub columns: Vec<i8>,
    /// Scales of their rows.
    pub scales: RowScales,
    /// Where their input is in [`super::State::hidden`].
    pub input: Range<usize>,
}

/// The linear layer of window or output.
#[derive(Debug)]
pub struct Linear {
    pub(super) matrix: PackedMatrix,
    scales: RowScales,
    /// Q16.
    bias: Vec<i32>,
}

impl Linear {
    fn new(dense: &Dense, parts: &[Range<usize>]) -> Self {
        Self {
            matrix: PackedMatrix::new(&dense.weight, parts),
            scales: RowScales::of_outputs(&dense.weight.scales),
            bias: fixed::bias(&dense.bias, &[]),
        }
    }

    /// Number of outputs.
    pub fn rows(&self) -> usize {
        self.bias.len()
    }

    /// From sums of products with hidden states, Q7, to outputs, Q16, with the biases that are given, or else its own.
    pub fn finish(&self, sums: &mut [i32], bias: Option<&[i32]>) {
        for ((sum, factor), bias) in sums.iter_mut().zip(&self.scales.factors).zip(bias.unwrap_or(&self.bias)) {
            *sum = rescale(*sum, *factor, self.scales.shift) + bias;
        }
    }
}

impl Network {
    /// The network of these weights; packed now unless somebody holds it already.
    pub fn of(weights: &Arc<Weights>) -> Arc<Self> {
        let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        in_use.retain(|network| network.strong_count() > 0);
        let known = in_use.iter().filter_map(Weak::upgrade).find(|network| Arc::ptr_eq(&network.weights, weights));
        known.unwrap_or_else(|| {
            let network = Arc::new(Self::new(Arc::clone(weights)));
            in_use.push(Arc::downgrade(&network));
            network
        })
    }

    fn new(weights: Arc<Weights>) -> Self {
        let config = &weights.config;
        let mut end = 0;
        let padded = |units: usize| units.next_multiple_of(BLOCK);
        let mut hidden = Vec::new();
        for &units in &config.hidden {
            hidden.push(end..end + units);
            end += padded(units);
        }
        let layers = weights.layers.iter().enumerate().map(|(l, layer)| {
            let gates = &layer.gates.weight;
            let (inputs, own) = (3 + config.ids(), gates.columns - config.hidden[l]);
            let (rows, below) = (gates.rows(), l.saturating_sub(1));
            let mut columns = vec![0; inputs * rows];
            for r in 0..rows {
                for (column, value) in gates.row(r)[..inputs].iter().enumerate() {
                    columns[column * rows + r] = *value;
                }
            }
            Layer {
                gates: PackedMatrix::new(gates, &[inputs..own, own..gates.columns]),
                columns,
                scales: RowScales::of_gates(&gates.scales),
                input: hidden[below].start..hidden[l].start + padded(config.hidden[l]),
            }
        });
        let mut start = 0;
        let parts: Vec<_> = config
            .hidden
            .iter()
            .map(|units| {
                start += units;
                start - units..start
            })
            .collect();
        Self {
            layers: layers.collect(),
            window: weights.window.as_ref().map(|dense| Linear::new(dense, &parts[..1])),
            output: Linear::new(&weights.output, &parts),
            hidden,
            weights,
        }
    }

    /// Length of [`super::State::hidden`].
    pub fn hidden_length(&self) -> usize {
        self.output.matrix.columns()
    }

    /// Rows of the largest matrix, padded.
    pub(super) fn most_rows(&self) -> usize {
        let matrices =
            self.layers.iter().map(|layer| &layer.gates).chain(self.window.iter().map(|linear| &linear.matrix));
        matrices.chain([&self.output.matrix]).map(PackedMatrix::padded_rows).max().unwrap_or(0)
    }

    /// Whether somebody besides this network holds its weights, and so may want to write with it again.
    pub(super) fn is_wanted(&self) -> bool {
        Arc::strong_count(&self.weights) > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;
    use crate::testing;

    #[test]
    fn a_network_is_packed_once_as_long_as_somebody_holds_it() {
        let weights = Arc::new(testing::weights(&testing::config(Kind::Synthesis, &[9, 8], 3), 2));
        let network = Network::of(&weights);
        assert!(Arc::ptr_eq(&network, &Network::of(&weights)));
        let same_numbers = Arc::new(Weights::clone(&weights));
        assert!(!Arc::ptr_eq(&network, &Network::of(&same_numbers)), "weights are told apart by their Arc");
        assert!(network.is_wanted());
        drop(weights);
        assert!(!network.is_wanted());
        let packed = Arc::downgrade(&network);
        drop(network);
        assert!(packed.upgrade().is_none(), "nobody holds it any more");
    }
}
