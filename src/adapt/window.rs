//! One timestep of the soft window over the text, for one line, forward and backward [G eqs 46–51].

use super::math::{exp, on_grid};

/// Forward.
///
/// * `parameters`: `[3 K]`, in: α̂ | β̂ | κ̂; out: α | β | the step of κ;
/// * `before`, `kappa`: `[K]`, κ of the timestep before, and of this one (out);
/// * `ids`: `[U]`, the characters of the line and the end mark;
/// * `window`: `[A]`, out: weight of each character id.
pub fn forward(
    parameters: &mut [f32],
    before: &[f32],
    kappa: &mut [f32],
    ids: &[u32],
    window: &mut [f32],
    rounded: bool,
) {
    let components = kappa.len();
    parameters.iter_mut().for_each(|x| *x = exp(*x));
    for k in 0..components {
        kappa[k] = before[k] + parameters[2 * components + k];
    }
    window.fill(0.0);
    for (u, &id) in ids.iter().enumerate() {
        let mut phi = 0.0;
        for k in 0..components {
            let distance = kappa[k] - u as f32;
            phi += parameters[k] * exp(-parameters[components + k] * distance * distance);
        }
        window[id as usize] += phi;
    }
    if rounded {
        window.iter_mut().for_each(|weight| *weight = on_grid(weight.min(32.0), 10));
    }
}

/// Backward.
///
/// * `parameters`: `[3 K]`, in: α | β | the step of κ; out: gradients of α̂ | β̂ | κ̂;
/// * `kappa`: `[K]`, of this timestep;
/// * `d_window`: `[A]`, gradient of the window;
/// * `d_kappa`: `[K]`, in: gradient of κ from the timestep after; out: that of κ before.
pub fn backward(parameters: &mut [f32], kappa: &[f32], ids: &[u32], d_window: &[f32], d_kappa: &mut [f32]) {
    let components = kappa.len();
    for k in 0..components {
        let (alpha, beta, step) = (parameters[k], parameters[components + k], parameters[2 * components + k]);
        // Sums over the text of dφ e^(−β d²), times 1, d and d².
        let mut sums = [0.0f32; 3];
        for (u, &id) in ids.iter().enumerate() {
            let distance = kappa[k] - u as f32;
            let d_phi = d_window[id as usize] * exp(-beta * distance * distance);
            sums[0] += d_phi;
            sums[1] += d_phi * distance;
            sums[2] += d_phi * distance * distance;
        }
        d_kappa[k] -= 2.0 * alpha * beta * sums[1];
        parameters[k] = sums[0] * alpha;
        parameters[components + k] = -alpha * sums[2] * beta;
        parameters[2 * components + k] = d_kappa[k] * step;
    }
}
