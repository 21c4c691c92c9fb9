//! One LSTM layer [G eqs 7–11, without peepholes]: twin of `shaders/lstm.wgsl`.

use super::sigmoid;
use super::simd::dot_rows;
use crate::model::Dense;

/// Advances one layer of H units by one timestep.
///
/// * `gates`: weight `[4 H, columns]`, rows i, f, g, o of H units each;
/// * `bias`: `[4 H]`, the line's style folded in;
/// * `input`: `[columns]` = point | window | hidden below | own hidden at t − 1;
/// * `cell`: `[H]`, in and out;
/// * `hidden`: `[H]`, out. `input` holds the old one.
pub fn step(gates: &Dense, bias: &[f32], input: &[f32], cell: &mut [f32], hidden: &mut [f32]) {
    let units = hidden.len();
    let row = |gate: usize, unit: usize| {
        let start = (gate * units + unit) * gates.columns;
        &gates.weight[start..start + gates.columns]
    };
    // The shader gives each hidden unit a workgroup and splits `columns` among its threads.
    for unit in 0..units {
        let sums = dot_rows([row(0, unit), row(1, unit), row(2, unit), row(3, unit)], input);
        let i = sigmoid(sums[0] + bias[unit]);
        let f = sigmoid(sums[1] + bias[units + unit]);
        let g = (sums[2] + bias[2 * units + unit]).tanh();
        let o = sigmoid(sums[3] + bias[3 * units + unit]);
        cell[unit] = f * cell[unit] + i * g;
        hidden[unit] = o * cell[unit].tanh();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One unit, one input column: every gate can be worked out by hand.
    fn unit(biases: [f32; 4], cell: f32) -> (f32, f32) {
        let gates = Dense { weight: vec![0.0; 4], bias: biases.to_vec(), columns: 1 };
        let (mut c, mut h) = ([cell], [9.0]);
        step(&gates, &biases, &[1.0], &mut c, &mut h);
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
