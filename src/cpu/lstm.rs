//! One LSTM layer [G eqs 7–11, without peepholes]: twin of `shaders/lstm.wgsl`.

use super::sigmoid;

/// Advances one layer of H units by one timestep.
///
/// * `sums`: `[4 H]`, products of the gates' rows i, f, g, o of H units each with the layer's input at t:
///   point | window | hidden below | own hidden at t − 1;
/// * `bias`: `[4 H]`, the line's style folded in;
/// * `cell`: `[H]`, in and out;
/// * `hidden`: `[H]`, out.
pub fn step(sums: &[f32], bias: &[f32], cell: &mut [f32], hidden: &mut [f32]) {
    let units = hidden.len();
    // The shader makes the products of a unit and its gates in one go; here all lines' products come first, so that
    // they share the weights.
    for unit in 0..units {
        let gate = |gate: usize| sums[gate * units + unit] + bias[gate * units + unit];
        let i = sigmoid(gate(0));
        let f = sigmoid(gate(1));
        let g = gate(2).tanh();
        let o = sigmoid(gate(3));
        cell[unit] = f * cell[unit] + i * g;
        hidden[unit] = o * cell[unit].tanh();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One unit: every gate can be worked out by hand.
    fn unit(biases: [f32; 4], cell: f32) -> (f32, f32) {
        let (mut c, mut h) = ([cell], [9.0]);
        step(&[0.0; 4], &biases, &mut c, &mut h);
        (c[0], h[0])
    }

    #[test]
    fn gates_do_what_they_are_named_for() {
        let (open, shut) = (30.0, -30.0);
        // forget open, input shut: the cell is kept
        let (c, h) = unit([shut, open, 5.0, open], 0.7);
        assert!((c - 0.7).abs() < 1e-6 && (h - 0.7f32.tanh()).abs() < 1e-6);
        // forget shut, input open: the cell becomes tanh(g)
        let (c, _) = unit([open, shut, 0.4, open], 0.7);
        assert!((c - 0.4f32.tanh()).abs() < 1e-6);
        // output shut: nothing shows
        let (_, h) = unit([open, open, 1.0, shut], 0.7);
        assert!(h.abs() < 1e-6);
    }

    #[test]
    fn extreme_sums_stay_finite() {
        for value in [1e4, -1e4, 1e30, -1e30] {
            let (c, h) = unit([value; 4], 1.0);
            assert!(c.is_finite() && h.is_finite(), "{value}: {c} {h}");
        }
    }
}
