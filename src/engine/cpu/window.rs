//! The soft window over the text [G eqs 46–51]: twin of `shaders/window.wgsl`.

#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls of functions compiled for AVX2 or AVX-512"))]

#[cfg(target_arch = "wasm32")]
mod wasm;

use super::math::{decay, fixed, rsh};

/// Largest α, Q10; largest β, Q12; largest κ, Q16.
const MOST_ALPHA: i32 = 32_767;
const MOST_BETA: i32 = 1 << 20;
const MOST_KAPPA: i32 = 1 << 30;
/// Most characters that a component moves in a timestep: Q16.
const MOST_MOVE: i32 = 1 << 29;
/// Characters farther away than 16 are not seen by a component: Q16.
const REACH: i32 = 1 << 20;
/// Largest exponent times 2¹², see [`decay`].
const MOST_EXPONENT: i32 = (1 << 26) - 1;
/// Largest φ, Q15: 32.
const MOST_PHI: i32 = 1 << 20;

/// Moves the window by one timestep.
///
/// * `outputs`: `[3 K]`, the rows α̂ | β̂ | κ̂ of its linear layer, Q16;
/// * `ids`: `[U]`, the characters of the line and the end mark;
/// * `kappa`: `[K]`, Q16, in and out, never falls;
/// * `phi`: `[U]`, Q15, out: weight of each character of the line;
/// * `window`: `[A]`, Q10, out: weight of each character id, φ summed over its positions in the line.
pub fn step(outputs: &[i32], ids: &[u32], kappa: &mut [i32], phi: &mut [i32], window: &mut [i32]) {
    let components = kappa.len();
    // The shader's two loops are swapped here, so that the compiler can vectorise over characters.
    phi.fill(0);
    for k in 0..components {
        let alpha = fixed(outputs[k], 10, MOST_ALPHA);
        let beta = fixed(outputs[components + k], 12, MOST_BETA).max(1);
        kappa[k] = (kappa[k] + fixed(outputs[2 * components + k], 16, MOST_MOVE)).min(MOST_KAPPA);
        // Characters within reach.
        let first = ((kappa[k] - REACH) >> 16).clamp(-1, phi.len() as i32 - 1) + 1;
        let end = (((kappa[k] + REACH - 1) >> 16) + 1).clamp(first, phi.len() as i32);
        add_component(&mut phi[first as usize..end as usize], first, kappa[k], alpha, beta);
    }
    window.fill(0);
    for u in 0..ids.len() {
        phi[u] = phi[u].min(MOST_PHI);
        let sum = &mut window[ids[u] as usize];
        *sum = (*sum + phi[u]).min(MOST_PHI);
    }
    for sum in window {
        *sum = rsh(*sum, 5);
    }
}

/// Adds a component to the weights of the characters from `first` on, all within [`REACH`] of its κ.
fn add_component(phi: &mut [i32], first: i32, kappa: i32, alpha: i32, beta: i32) {
    with_vectors!(component(phi: &mut [i32], first: i32, kappa: i32, alpha: i32, beta: i32));
}

#[inline(always)]
fn component(phi: &mut [i32], first: i32, kappa: i32, alpha: i32, beta: i32) {
    let farthest = MOST_EXPONENT / beta;
    #[cfg(target_arch = "wasm32")]
    let done = wasm::component(phi, first, kappa, alpha, beta, farthest);
    #[cfg(not(target_arch = "wasm32"))]
    let done = 0;
    for u in done..phi.len() {
        let distance = rsh(kappa - ((first + u as i32) << 16), 5);
        let square = (distance * distance) >> 12;
        // The minimum keeps the product within 32 bits where the result is not used.
        let share = alpha as u32 * decay((beta * square.min(farthest)) >> 12);
        phi[u] += if square > farthest { 0 } else { (share >> 11) as i32 };
    }
}

/// The character under the window's maximum, the first of equals; `last` if none is in view.
pub fn position(phi: &[i32], last: usize) -> usize {
    let (mut best, mut position) = (0, last);
    for u in 0..phi.len() {
        if phi[u] > best {
            best = phi[u];
            position = u;
        }
    }
    position
}

/// Mean of κ over the components, Q10; 0 for none.
pub fn mean(kappa: &[i32]) -> i32 {
    let components = kappa.len() as i32;
    kappa.iter().map(|kappa| kappa / components).sum::<i32>() >> 6
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ln x in Q16.
    fn log(x: f64) -> i32 {
        (x.ln() * 65_536.0).round() as i32
    }

    #[test]
    fn the_window_only_moves_forward_and_reaches_the_end_mark() {
        let ids = [3, 1, 2, 1, 0];
        // one component, narrow, moving half a character a timestep
        let outputs = [0, 2 << 16, log(0.5)];
        let (mut kappa, mut phi, mut window) = ([0], [0; 5], [0; 4]);
        let mut last = 0;
        for _ in 0..8 {
            step(&outputs, &ids, &mut kappa, &mut phi, &mut window);
            let now = position(&phi, last);
            assert!(now >= last);
            last = now;
        }
        assert!((kappa[0] - (4 << 16)).abs() < 64, "{kappa:?}");
        assert_eq!(last, 4, "the end mark is in view");
        assert!(window[0] > window[1]);
        assert!((window.iter().sum::<i32>() - (phi.iter().sum::<i32>() >> 5)).abs() <= 4);
    }

    #[test]
    fn the_window_is_close_to_that_of_the_equations() {
        let ids: Vec<u32> = (0..40).map(|u| u % 7).collect();
        let (alpha, beta, at) = ([0.8, 1.7], [0.05, 3.0], [11.25, 12.5]);
        let outputs: Vec<i32> = alpha.iter().chain(&beta).chain(&at).map(|&x| log(x)).collect();
        let (mut kappa, mut phi, mut window) = ([0; 2], vec![0; 40], vec![0; 7]);
        step(&outputs, &ids, &mut kappa, &mut phi, &mut window);
        for u in 0..40 {
            let share = |k: usize| alpha[k] * (-beta[k] * (at[k] - u as f64).powi(2)).exp();
            let exact = share(0) + share(1);
            assert!((f64::from(phi[u]) / 32_768.0 - exact).abs() < 6e-3, "{u}: {} against {exact}", phi[u]);
        }
    }

    #[test]
    fn a_character_that_occurs_twice_counts_twice() {
        let (mut kappa, mut phi, mut window) = ([0], [0; 3], [0; 2]);
        // wide: all characters weigh nearly the same
        step(&[0, -20 << 16, 0], &[1, 1, 0], &mut kappa, &mut phi, &mut window);
        assert!((window[1] - 2048).abs() < 4 && (window[0] - 1024).abs() < 4, "{window:?}");
    }

    #[test]
    fn extreme_outputs_stay_within_their_ranges() {
        for value in [i32::MIN >> 2, -20 << 16, 20 << 16, i32::MAX >> 1] {
            let (mut kappa, mut phi, mut window) = ([MOST_KAPPA; 50], vec![0; 3000], vec![0; 2]);
            kappa[..25].fill(5 << 16);
            step(&[value; 150], &[1; 3000], &mut kappa, &mut phi, &mut window);
            assert!(kappa.iter().all(|k| (0..=MOST_KAPPA).contains(k)));
            assert!(phi.iter().all(|phi| (0..=MOST_PHI).contains(phi)));
            assert!(window.iter().all(|w| (0..=1 << 15).contains(w)));
            assert!(mean(&kappa) <= 1 << 24);
        }
    }

    #[test]
    fn equal_maxima_give_the_first_and_a_window_past_the_text_stays() {
        assert_eq!(position(&[1, 5, 5], 0), 1);
        assert_eq!(position(&[], 0), 0);
        assert_eq!(position(&[0, 0, 0], 2), 2);
        assert_eq!(mean(&[]), 0);
    }
}
