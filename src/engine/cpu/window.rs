//! The soft window over the text [G eqs 46–51]: twin of `shaders/window.wgsl`.

use super::math::exp;

/// Below this exponent a component's share of a character counts as 0: it would be a subnormal number, with which
/// processors can be a hundred times slower.
const FAR: f32 = -80.0;

/// Moves the window by one timestep.
///
/// * `sums`: `[3 K]`, in as products of the rows α̂ | β̂ | κ̂ with the hidden state `[H_0]` of layer 0, out as the
///   exponentials of α̂, β̂ and κ̂;
/// * `bias`: `[3 K]`;
/// * `ids`: `[U]`, the characters of the line and the end mark;
/// * `kappa`: `[K]`, in and out, never falls;
/// * `phi`: `[U]`, out: weight of each character of the line;
/// * `window`: `[A]`, out: weight of each character id, φ summed over its positions in the line.
pub fn step(sums: &mut [f32], bias: &[f32], ids: &[u32], kappa: &mut [f32], phi: &mut [f32], window: &mut [f32]) {
    let components = kappa.len();
    for k in 0..3 * components {
        sums[k] = (bias[k] + sums[k]).exp();
    }
    for k in 0..components {
        kappa[k] += sums[2 * components + k];
    }
    // The shader's two loops are swapped here, so that the compiler can vectorise over characters; the order of every
    // sum is the same. Most characters are far away from most components.
    phi.fill(0.0);
    for k in 0..components {
        let (alpha, beta) = (sums[k], sums[components + k]);
        for u in 0..ids.len() {
            let distance = kappa[k] - u as f32;
            let exponent = -beta * distance * distance;
            phi[u] += if exponent < FAR { 0.0 } else { alpha * exp(exponent) };
        }
    }
    window.fill(0.0);
    for u in 0..ids.len() {
        window[ids[u] as usize] += phi[u];
    }
}

/// No character is in view while φ is not larger: the window is past the text, or has not reached it yet.
/// Far above the subnormal numbers that some GPUs flush to 0.
const OUT_OF_VIEW: f32 = 1e-30;

/// The character under the window's maximum, the first of equals; `last` if none is in view.
pub fn position(phi: &[f32], last: usize) -> usize {
    let (mut best, mut position) = (OUT_OF_VIEW, last);
    for u in 0..phi.len() {
        if phi[u] > best {
            best = phi[u];
            position = u;
        }
    }
    position
}

/// Mean of κ over the components; 0 for none.
pub fn mean(kappa: &[f32]) -> f32 {
    if kappa.is_empty() { 0.0 } else { kappa.iter().sum::<f32>() / kappa.len() as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_only_moves_forward_and_reaches_the_end_mark() {
        let ids = [3, 1, 2, 1, 0];
        // one component, narrow, moving half a character a timestep
        let sums = [0.0, 2.0, 0.5f32.ln()];
        let (mut kappa, mut phi, mut window) = ([0.0], [0.0; 5], [0.0; 4]);
        let mut last = 0;
        for _ in 0..8 {
            step(&mut sums.clone(), &[0.0; 3], &ids, &mut kappa, &mut phi, &mut window);
            let now = position(&phi, last);
            assert!(now >= last);
            last = now;
        }
        assert!((kappa[0] - 4.0).abs() < 1e-5);
        assert_eq!(last, 4, "the end mark is in view");
        assert!(window[0] > window[1] && (window.iter().sum::<f32>() - phi.iter().sum::<f32>()).abs() < 1e-6);
    }

    #[test]
    fn a_character_that_occurs_twice_counts_twice() {
        let (mut kappa, mut phi, mut window) = ([0.0], [0.0; 3], [0.0; 2]);
        // wide: all characters weigh nearly the same
        step(&mut [0.0, -20.0, 0.0], &[0.0; 3], &[1, 1, 0], &mut kappa, &mut phi, &mut window);
        assert!((window[1] - 2.0).abs() < 1e-3 && (window[0] - 1.0).abs() < 1e-3);
    }

    #[test]
    fn equal_maxima_give_the_first() {
        assert_eq!(position(&[0.1, 0.5, 0.5], 0), 1);
        assert_eq!(position(&[], 0), 0);
    }

    #[test]
    fn a_window_past_the_text_stays_where_it_was() {
        assert_eq!(position(&[0.0, 0.0, 1e-38], 2), 2);
        assert_eq!(position(&[1e-38, 0.0, 0.0], 2), 2);
    }
}
