//! A network's matrices, packed for the CPU's kernels.

use super::matvec::PackedMatrix;
use crate::model::Weights;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Every network that is in use, so that the engine, the inspector and the check of captured ink share one copy.
static IN_USE: Mutex<Vec<Weak<Network>>> = Mutex::new(Vec::new());

/// A network as [`super::advance`] reads it. Biases and styles stay in the weights.
#[derive(Debug)]
pub struct Network {
    /// The network's file.
    pub weights: Arc<Weights>,
    /// Per layer, the gates i, f, g, o: `[4 H, columns]`.
    pub gates: Vec<PackedMatrix>,
    /// `[3 K, H_0]`; `None` without text.
    pub window: Option<PackedMatrix>,
    /// `[R, Σ H]`.
    pub output: PackedMatrix,
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
        // The first columns of a layer's input are the point and the window, which is nearly one-hot: few of its
        // characters have a weight that matters.
        let sparse = 3 + weights.config.ids();
        Self {
            gates: weights.layers.iter().map(|layer| PackedMatrix::new(&layer.gates.weight, sparse)).collect(),
            window: weights.window.as_ref().map(|dense| PackedMatrix::new(&dense.weight, 0)),
            output: PackedMatrix::new(&weights.output.weight, 0),
            weights,
        }
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
