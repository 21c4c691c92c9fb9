//! One LSTM layer [G eqs 7–11, without peepholes]: twin of `shaders/lstm.wgsl`.

#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls of functions compiled for AVX2"))]

use super::math::exp;

/// Advances one layer of H units by one timestep.
///
/// * `sums`: `[4 H]`, products of the gates' rows i, f, g, o of H units each with the layer's input at t:
///   point | window | hidden below | own hidden at t − 1;
/// * `bias`: `[4 H]`, the line's style folded in;
/// * `cell`: `[H]`, in and out;
/// * `hidden`: `[H]`, out.
pub fn step(sums: &[f32], bias: &[f32], cell: &mut [f32], hidden: &mut [f32]) {
    with_avx2!(units(sums: &[f32], bias: &[f32], cell: &mut [f32], hidden: &mut [f32]));
}

#[inline(always)]
fn units(sums: &[f32], bias: &[f32], cell: &mut [f32], hidden: &mut [f32]) {
    let units = hidden.len();
    let cell = &mut cell[..units];
    let [i, f, g, o] = [0, 1, 2, 3].map(|gate| gate * units..(gate + 1) * units);
    let [i, f, g, o] = [i, f, g, o].map(|gate| (&sums[gate.clone()], &bias[gate]));
    // The shader computes a unit's products and its gates in one pass; here the products of all lines come first, so
    // that they share each read of the weights.
    for unit in 0..units {
        let gate = |(sums, bias): (&[f32], &[f32])| sums[unit] + bias[unit];
        cell[unit] = sigmoid(gate(f)) * cell[unit] + sigmoid(gate(i)) * tanh(gate(g));
        hidden[unit] = sigmoid(gate(o)) * tanh(cell[unit]);
    }
}

/// Without branches and calls, so that the compiler can vectorise it. Error below 2e-7.
#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// As [`sigmoid`].
#[inline(always)]
fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (1.0 + exp(2.0 * x))
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
    fn the_functions_are_those_of_the_library() {
        for k in -4000..=4000 {
            let x = k as f32 * 0.011;
            let exact = f64::from(x);
            assert!((f64::from(exp(x)) / exact.exp() - 1.0).abs() < 3e-7, "exp {x}");
            assert!((f64::from(sigmoid(x)) - 1.0 / (1.0 + (-exact).exp())).abs() < 2e-7, "sigmoid {x}");
            assert!((f64::from(tanh(x)) - exact.tanh()).abs() < 3e-7, "tanh {x}");
        }
        assert_eq!([sigmoid(1e30), tanh(-1e30), tanh(f32::INFINITY), tanh(0.0)], [1.0, -1.0, 1.0, 0.0]);
        assert!(sigmoid(-1e30) < 1e-37 && exp(f32::NAN).is_nan());
    }

    #[test]
    fn extreme_sums_stay_finite() {
        for value in [1e4, -1e4, 1e30, -1e30] {
            let (c, h) = unit([value; 4], 1.0);
            assert!(c.is_finite() && h.is_finite(), "{value}: {c} {h}");
        }
    }
}
