//! Mixture density and sampling [G eqs 18–25, 61–62]: twin of `shaders/mixture.wgsl`.

use super::sigmoid;
use crate::engine::step::{Noise, Step};
use std::f32::consts::TAU;

/// As in training (`train/network/config.py`), so that a density stays finite: minimum of log σ, and maximum of |ρ̂|.
const MIN_LOG_SD: f32 = -7.0;
const MAX_RHO: f32 = 6.0;
/// Distances from the mean are clamped to so many standard deviations, whose squares are still finite.
const FAR: f32 = 1e15;
/// Below every log density.
const LEAST: f32 = -1e38;

/// Maximum of log σ: beyond any ink, and below where `exp` overflows.
const MAX_LOG_SD: f32 = 30.0;
/// Minimum of log σ when sampling: below it a GPU may flush `exp`'s result to 0.
const LEAST_DRAWN: f32 = -80.0;
/// Log π below which a component's weight counts as 0, for the same reason.
const LEAST_SHARE: f32 = -80.0;

/// The output layer's bias `[R]`, added to the products `[R]` of its rows with all layers' hidden states `[Σ H]`.
pub fn output(bias: &[f32], output: &mut [f32]) {
    for row in 0..output.len() {
        output[row] += bias[row];
    }
}

/// Draws the next point from the output layer's sums.
///
/// `output` is `[R]`: ê | π̂ (M) | μ̂x (M) | μ̂y (M) | σ̂x (M) | σ̂y (M) | ρ̂ (M) | stop. Bias b
/// narrows (σ = exp(σ̂ − b), π̂ (1 + b)), temperature τ widens (σ²τ, π̂ / τ, ê / τ). Noise whose first
/// number is negative holds the point itself: see [`crate::engine::forced_point`]. `pi` `[M]` receives the mixture
/// weights. Of the result, `position` and `kappa` are left at 0.
pub fn sample(output: &[f32], has_stop: bool, bias: f32, temperature: f32, noise: &Noise, pi: &mut [f32]) -> Step {
    let m = pi.len();
    let [u_component, u_pen, z1, z2] = *noise;
    let forced = u_component < 0.0;
    // π: softmax of π̂ (1 + b) / τ, the largest subtracted first so that nothing overflows.
    let sharpness = (1.0 + bias) / temperature;
    let mut largest = output[1];
    for j in 1..m {
        largest = largest.max(output[1 + j]);
    }
    let mut total = 0.0;
    for j in 0..m {
        let log = (output[1 + j] - largest) * sharpness;
        pi[j] = if log < LEAST_SHARE { 0.0 } else { log.exp() };
        total += pi[j];
    }
    for j in 0..m {
        pi[j] /= total;
    }
    // The first component at which the cumulative sum exceeds the uniform; if rounding leaves the sum just below 1,
    // the last component with a weight above 0.
    let mut component = 0;
    let mut sum = 0.0;
    for j in 0..m {
        if pi[j] > 0.0 {
            component = j;
        }
        sum += pi[j];
        if sum > u_component {
            break;
        }
    }
    let row = |block: usize| output[1 + block * m + component];
    let spread = temperature.sqrt();
    let sigma_x = (row(3) - bias).clamp(LEAST_DRAWN, MAX_LOG_SD).exp() * spread;
    let sigma_y = (row(4) - bias).clamp(LEAST_DRAWN, MAX_LOG_SD).exp() * spread;
    let rho = row(5).tanh();
    let pen_probability = sigmoid(-output[0] / temperature);
    let [dx, dy, pen] = if forced {
        [u_pen, z1, z2]
    } else {
        let dx = row(1) + sigma_x * z1;
        let dy = row(2) + sigma_y * (rho * z1 + (1.0 - rho * rho).max(0.0).sqrt() * z2);
        [dx, dy, if u_pen < pen_probability { 1.0 } else { 0.0 }]
    };
    Step {
        dx,
        dy,
        pen,
        pen_probability,
        stop: if has_stop { sigmoid(output[1 + 6 * m]) } else { 0.0 },
        component: component as f32,
        position: 0.0,
        kappa: 0.0,
        log_density: log_density(output, m, dx, dy),
    }
}

/// Log density of the mixture of `m` components at an offset [G eqs 23–24], without bias and temperature.
pub fn log_density(output: &[f32], m: usize, dx: f32, dy: f32) -> f32 {
    let mut largest = output[1];
    for j in 0..m {
        largest = largest.max(output[1 + j]);
    }
    // Running log-sum-exp: sums of exp(π̂) and of exp(π̂) N, relative to the largest term so far.
    let mut total = 0.0;
    let (mut most, mut sum) = (LEAST, 0.0);
    for j in 0..m {
        let logit = output[1 + j] - largest;
        let term = logit + log_normal(output, m, j, dx, dy);
        let more = most.max(term);
        total += logit.exp();
        sum = sum * (most - more).exp() + (term - more).exp();
        most = more;
    }
    most + sum.ln() - total.ln()
}

/// Log density N of one component, factored into x and y given x: with 1 − ρ² = 1 / cosh² ρ̂ there is no
/// cancellation where |ρ| is near 1 [G eq 24].
fn log_normal(output: &[f32], m: usize, component: usize, dx: f32, dy: f32) -> f32 {
    let row = |block: usize| output[1 + block * m + component];
    let log_sx = row(3).clamp(MIN_LOG_SD, MAX_LOG_SD);
    let log_sy = row(4).clamp(MIN_LOG_SD, MAX_LOG_SD);
    let rho = row(5).clamp(-MAX_RHO, MAX_RHO);
    let zx = ((dx - row(1)) * (-log_sx).exp()).clamp(-FAR, FAR);
    let zy = ((dy - row(2)) * (-log_sy).exp()).clamp(-FAR, FAR);
    let stretch = rho.cosh();
    let across = (zy - rho.tanh() * zx) * stretch;
    stretch.ln() - 0.5 * (zx * zx + across * across) - log_sx - log_sy - TAU.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::noise::NoiseStream;

    /// ê, π̂, μx, μy, σ̂x, σ̂y, ρ̂ of two components, and a stop.
    const OUTPUT: [f32; 14] = [0.5, 0.2, -0.3, 1.0, -2.0, 0.5, 0.25, -0.5, -1.0, -0.7, 0.1, 0.8, -0.4, 1.5];

    fn draw(bias: f32, temperature: f32, count: usize) -> Vec<Step> {
        let mut noise = NoiseStream::new(5, 0);
        let mut pi = [0.0; 2];
        (0..count).map(|_| sample(&OUTPUT, true, bias, temperature, &noise.next(), &mut pi)).collect()
    }

    #[test]
    fn sampled_moments_are_those_of_the_density() {
        for (bias, temperature) in [(0.0, 1.0), (0.8, 1.0), (0.3, 1.6)] {
            let steps = draw(bias, temperature, 60_000);
            for j in 0..2usize {
                let own: Vec<&Step> = steps.iter().filter(|s| s.component == j as f32).collect();
                let n = own.len() as f32;
                let e = |k: f32| (k * (1.0 + bias) / temperature).exp();
                let share = e(OUTPUT[1 + j]) / (e(OUTPUT[1]) + e(OUTPUT[2]));
                assert!((n / 60_000.0 - share).abs() < 0.01, "share of component {j}");
                let mean_x = own.iter().map(|s| s.dx).sum::<f32>() / n;
                let mean_y = own.iter().map(|s| s.dy).sum::<f32>() / n;
                assert!((mean_x - OUTPUT[3 + j]).abs() < 0.03 && (mean_y - OUTPUT[5 + j]).abs() < 0.03);
                let var_x = own.iter().map(|s| (s.dx - mean_x).powi(2)).sum::<f32>() / n;
                let expected = (2.0 * (OUTPUT[7 + j] - bias)).exp() * temperature;
                assert!((var_x / expected - 1.0).abs() < 0.05, "variance {var_x} against {expected}");
                let var_y = own.iter().map(|s| (s.dy - mean_y).powi(2)).sum::<f32>() / n;
                let both = own.iter().map(|s| (s.dx - mean_x) * (s.dy - mean_y)).sum::<f32>() / n;
                let rho = both / (var_x * var_y).sqrt();
                assert!((rho - OUTPUT[11 + j].tanh()).abs() < 0.03, "correlation {rho}");
            }
            let lifts = steps.iter().map(|s| s.pen).sum::<f32>() / 60_000.0;
            assert!((lifts - sigmoid(-0.5 / temperature)).abs() < 0.01, "lifts {lifts}");
        }
    }

    #[test]
    fn stop_is_read_only_where_there_is_one() {
        let mut pi = [0.0; 2];
        let with = sample(&OUTPUT, true, 0.0, 1.0, &[0.1; 4], &mut pi);
        let without = sample(&OUTPUT, false, 0.0, 1.0, &[0.1; 4], &mut pi);
        assert!((with.stop - sigmoid(1.5)).abs() < 1e-6);
        assert_eq!(without.stop, 0.0);
    }

    #[test]
    fn huge_logits_do_not_overflow() {
        let mut output = OUTPUT;
        (output[1], output[2], output[0]) = (4e4, -4e4, -9e4);
        let mut pi = [0.0; 2];
        let step = sample(&output, true, 5.0, 0.1, &[0.9999; 4], &mut pi);
        assert_eq!((step.component, step.pen_probability, pi), (0.0, 1.0, [1.0, 0.0]));
        assert!(step.dx.is_finite() && step.dy.is_finite());
    }

    #[test]
    fn with_any_parameters_a_point_is_finite() {
        let huge = [-3e38, -1e5, -90.0, -1.0, 0.0, 1.0, 90.0, 1e5, 3e38];
        let (mut noise, mut draws) = (NoiseStream::new(6, 0), NoiseStream::new(7, 0));
        let mut pi = [0.0; 3];
        for round in 0..20_000 {
            let mut output = [0.0; 20];
            for value in &mut output {
                let [pick, _, small, _] = draws.next();
                *value = if pick < 0.5 { small } else { huge[(pick * 2e5) as usize % huge.len()] };
            }
            let (bias, temperature) = ([0.0, 5.0, 10.0][round % 3], [0.01, 0.1, 1.0, 4.0, 5.0][round % 5]);
            let mut drawn = noise.next();
            if round % 7 == 0 {
                drawn[..2].copy_from_slice(&[1.0 - f32::EPSILON / 2.0; 2]);
            }
            let step = sample(&output, true, bias, temperature, &drawn, &mut pi);
            let values = bytemuck::cast::<Step, [f32; 9]>(step);
            // The mean may be huge: adding a deviation must not overflow.
            assert!(values.iter().all(|v| v.is_finite()), "{step:?} of {output:?}");
            assert!((0.0..=1.0).contains(&step.pen_probability) && (0.0..=1.0).contains(&step.stop));
            assert!((pi.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{pi:?}");
            assert!(pi[step.component as usize] > 0.0, "a component of weight 0 was sampled: {pi:?}");
        }
    }

    #[test]
    fn without_a_deviation_the_point_is_the_mean_and_with_full_correlation_it_lies_on_the_diagonal() {
        let mut pi = [0.0];
        let mut output = [0.0, 0.3, 1.5, -2.5, -1e5, -1e5, 0.0];
        let step = sample(&output, false, 10.0, 0.01, &[0.9, 0.5, 8.0, -8.0], &mut pi);
        assert_eq!((step.dx, step.dy), (1.5, -2.5));
        (output[4], output[5]) = (0.0, 0.0);
        for (rho, sign) in [(3e38, 1.0), (20.0, 1.0), (-20.0, -1.0), (-3e38, -1.0)] {
            output[6] = rho;
            let step = sample(&output, false, 0.0, 1.0, &[0.9, 0.5, 2.0, -7.0], &mut pi);
            assert!((step.dx - 3.5).abs() < 1e-6 && (step.dy - (-2.5 + sign * 2.0)).abs() < 1e-6, "{step:?}");
        }
    }

    /// ê, π̂, μx, μy, σ̂x, σ̂y, ρ̂ of one component.
    fn gaussian(mu: [f32; 2], sigma: [f32; 2], rho: f32) -> [f32; 7] {
        [0.0, 0.7, mu[0], mu[1], sigma[0].ln(), sigma[1].ln(), rho.atanh()]
    }

    #[test]
    fn the_density_of_one_gaussian_is_that_of_the_text_book() {
        // at the mean: 1 / (2π · 0.5 · 2)
        let round = gaussian([1.0, -1.0], [0.5, 2.0], 0.0);
        assert!((log_density(&round, 1, 1.0, -1.0) + 1.837_877).abs() < 1e-6);
        // one deviation to the right, two up: half of 1² + 2²
        assert!((log_density(&round, 1, 1.5, 3.0) + 1.837_877 + 2.5).abs() < 1e-6);
        // ρ = 0.6: root of 1 − ρ² is 0.8; (1 + 4 − 2 · 0.6 · 2) / (2 · 0.64) = 2.03125
        let slanted = gaussian([1.0, -1.0], [0.5, 2.0], 0.6);
        let expected = -1.837_877 - 0.8f32.ln() - 2.03125;
        assert!((log_density(&slanted, 1, 1.5, 3.0) - expected).abs() < 1e-5);
    }

    #[test]
    fn the_density_is_that_of_all_components_whatever_the_bias_and_the_temperature() {
        let (mut pi, noise) = ([0.0; 2], [0.4, 0.2, 0.9, -1.4]);
        for (bias, temperature) in [(0.0, 1.0), (2.0, 1.0), (0.3, 1.6)] {
            let step = sample(&OUTPUT, true, bias, temperature, &noise, &mut pi);
            let alone = |j: usize| {
                let row = |block: usize| OUTPUT[1 + 2 * block + j];
                let (zx, zy) = ((step.dx - row(1)) / row(3).exp(), (step.dy - row(2)) / row(4).exp());
                let rest = 1.0 - row(5).tanh().powi(2);
                let z = (zx * zx + zy * zy - 2.0 * row(5).tanh() * zx * zy) / rest;
                (-z / 2.0).exp() / (TAU * (row(3) + row(4)).exp() * rest.sqrt())
            };
            let share = sigmoid(OUTPUT[1] - OUTPUT[2]);
            let expected = (share * alone(0) + (1.0 - share) * alone(1)).ln();
            assert!((step.log_density - expected).abs() < 1e-5, "{} against {expected}", step.log_density);
        }
    }

    #[test]
    fn the_density_of_extreme_parameters_is_finite() {
        let huge = [-1e5, -90.0, 0.0, 90.0, 1e5];
        for (pi, mu, sigma, rho) in huge.iter().flat_map(|&pi| huge.map(|x| (pi, x, -x, x))) {
            let output = [0.0, pi, 0.3, mu, 1.0, -1.0, -mu, sigma, 0.0, 0.0, -sigma, rho, -rho];
            for at in [0.0, 1.0, 1e9, -1e30, f32::MAX] {
                let density = log_density(&output, 2, at, -at);
                assert!(density.is_finite(), "{density} at {at} of {output:?}");
            }
        }
        // Standard deviations below e⁻⁷ count as that, and ρ̂ beyond 6 as 6: at the mean,
        // −log 2π + 7 + 7 + log cosh 6.
        let sharp = [0.0, 0.0, 0.5, 0.5, -50.0, -50.0, 40.0];
        assert!((log_density(&sharp, 1, 0.5, 0.5) - 17.468_98).abs() < 1e-4);
    }
}
