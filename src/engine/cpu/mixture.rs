//! Mixture density and sampling [G eqs 18–25, 61–62]: twin of `shaders/mixture.wgsl`.

use super::math::{MOST_DECAY, decay, exp, ln, rescale, rsh, scaled, share};
use crate::engine::fixed::{Drawing, Factor, MOST_NORMAL, MOST_OFFSET, POINT_BITS};
use crate::engine::step::Step;

/// Bounds of log σ when sampling, Q16: beyond any ink.
const LEAST_LOG_SD: i32 = -13 << 16;
const MOST_LOG_SD: i32 = 7 << 16;
/// As in training (`train/network/config.py`), so that a density stays finite: minimum of log σ, and maximum of |ρ̂|. Q16.
const DENSITY_LOG_SD: i32 = 7 << 16;
const DENSITY_RHO: i32 = 6 << 16;
/// Largest difference of a point and a mean, Q16, and largest distance in standard deviations, Q12: 16.
const MOST_DIFFERENCE: i32 = 1 << 24;
const MOST_DISTANCE: i32 = (1 << 16) - 1;
/// ln 2π and ln 256, Q10.
const LOG_TAU: i32 = 1882;
const LOG_256: i32 = 5678;
/// Below every log density that matters, Q10.
const LEAST_TERM: i32 = -1 << 24;
/// 1 / 2⁶: from Q16 to Q10.
const PLAIN: Factor = Factor { m: 1 << 14, k: 20 };

/// What the network drew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drawn {
    /// The point `(dx, dy, pen)`, Q10.
    pub point: [i32; 3],
    /// Index of the mixture component.
    pub component: usize,
    /// Probability that the stroke ends with the point, Q15.
    pub pen_probability: i32,
    /// Probability that the line ends with the point, Q15.
    pub stop: i32,
    /// Log density of the offset, Q10.
    pub log_density: i32,
}

impl Drawn {
    /// With the window's position and mean κ, Q10.
    pub fn step(&self, position: usize, kappa: i32) -> Step {
        let [dx, dy, pen] = self.point.map(|value| value as f32 / 1024.0);
        Step {
            dx,
            dy,
            pen,
            pen_probability: self.pen_probability as f32 / 32_768.0,
            stop: self.stop as f32 / 32_768.0,
            position: position as f32,
            component: self.component as f32,
            kappa: kappa as f32 / 1024.0,
            log_density: self.log_density as f32 / 1024.0,
        }
    }
}

/// Draws the next point from the output layer.
///
/// `output` is `[R]`, Q16: ê | π̂ (M) | μ̂x (M) | μ̂y (M) | σ̂x (M) | σ̂y (M) | ρ̂ (M) | stop. `noise` is that of
/// [`crate::engine::fixed::noise`]. `shares` `[M]` receives the components' weights, Q16, not normalised; `terms` `[M]` is
/// scratch.
pub fn sample(
    output: &[i32],
    has_stop: bool,
    drawing: &Drawing,
    noise: &[i32; 4],
    shares: &mut [u32],
    terms: &mut [i32],
) -> Drawn {
    let m = shares.len();
    let [u_component, u_pen, z1, z2] = *noise;
    let forced = u_component < 0;
    // Softmax of π̂ (1 + b) / τ without its division.
    let largest = largest_logit(output, m);
    let mut total = 0;
    for j in 0..m {
        let Factor { m: factor, k } = drawing.sharpness;
        shares[j] = decay(scaled(largest - output[1 + j], factor, k)).min(0xffff);
        total += shares[j];
    }
    // The first component at which the running sum exceeds the uniform's share of the total.
    let at = share(u_component.max(0) as u32, total);
    let (mut component, mut sum) = (0, 0);
    for j in 0..m {
        component = j;
        sum += shares[j];
        if sum > at {
            break;
        }
    }
    let (lift, of) = odds(output[0], drawing.coolness);
    let point = if forced {
        [u_pen, z1, z2]
    } else {
        let row = |block: usize| output[1 + block * m + component];
        let (rho, rest) = correlation(row(5));
        let across = rsh(rho * z1 + rest * z2, 15).clamp(-MOST_NORMAL, MOST_NORMAL);
        let pen = if share(u_pen as u32, of) < lift { 1 << POINT_BITS } else { 0 };
        let offset = |mean, log_sd, z| {
            let sum = mean + deviation(log_sd - drawing.narrowing, z);
            rsh(sum, 6).clamp(-MOST_OFFSET, MOST_OFFSET)
        };
        [offset(row(1), row(3), z1), offset(row(2), row(4), across), pen]
    };
    Drawn {
        point,
        component,
        pen_probability: probability(lift, of),
        stop: if has_stop { stop_probability(output[1 + 6 * m]) } else { 0 },
        log_density: log_density(output, terms, point[0], point[1]),
    }
}

/// Largest π̂.
fn largest_logit(output: &[i32], m: usize) -> i32 {
    let mut largest = output[1];
    for j in 1..m {
        largest = largest.max(output[1 + j]);
    }
    largest
}

/// 1 / (1 + eˣ), x in Q16 times a factor, as two numbers: so much of so much.
fn odds(x: i32, factor: Factor) -> (u32, u32) {
    let e = decay(scaled(x.abs(), factor.m, factor.k));
    (if x >= 0 { e } else { 1 << 16 }, (1 << 16) + e)
}

/// So much of so much, Q15.
fn probability(part: u32, of: u32) -> i32 {
    ((part << 15) / of) as i32
}

/// Probability of the line's end, Q15.
pub fn stop_probability(output: i32) -> i32 {
    let (part, of) = odds(-output, PLAIN);
    probability(part, of)
}

/// ρ = tanh ρ̂ and √(1 − ρ²) = 1 / cosh ρ̂, Q15.
fn correlation(rho: i32) -> (i32, i32) {
    let e = decay(rsh(rho.abs(), 6).min(MOST_DECAY)).min(0xffff);
    let square = (e * e) >> 16;
    let tangent = (((1 << 16) - square) << 15) / ((1 << 16) + square);
    let rest = (e << 16) / ((1 << 16) + square);
    (if rho < 0 { -(tangent as i32) } else { tangent as i32 }, rest as i32)
}

/// A normal, Q12, times a standard deviation, Q16.
fn deviation(log_sd: i32, z: i32) -> i32 {
    let (p, n) = exp(log_sd.clamp(LEAST_LOG_SD, MOST_LOG_SD));
    rsh(p * z, (11 - n) as u32)
}

/// Log density of the mixture at an offset, Q10 [G eqs 23–24], without bias and temperature: Q10. `terms` `[M]` is scratch.
pub fn log_density(output: &[i32], terms: &mut [i32], dx: i32, dy: i32) -> i32 {
    let m = terms.len();
    let largest = largest_logit(output, m);
    // Log-sum-exp: sums of exp(π̂) and of exp(π̂) N, relative to the largest term.
    let mut most = LEAST_TERM;
    for j in 0..m {
        terms[j] = (rsh(output[1 + j] - largest, 6) + log_normal(output, m, j, dx, dy)).max(LEAST_TERM);
        most = most.max(terms[j]);
    }
    let (mut all, mut sum) = (0, 0);
    for j in 0..m {
        all += decay(rsh(largest - output[1 + j], 6).min(MOST_DECAY));
        sum += decay((most - terms[j]).min(MOST_DECAY));
    }
    most + ln(sum) - ln(all)
}

/// Log density N of one component, Q10, factored into x and y given x: with 1 − ρ² = 1 / cosh² ρ̂ there is no
/// cancellation where |ρ| is near 1 [G eq 24].
fn log_normal(output: &[i32], m: usize, component: usize, dx: i32, dy: i32) -> i32 {
    let row = |block: usize| output[1 + block * m + component];
    let log_sx = row(3).clamp(-DENSITY_LOG_SD, DENSITY_LOG_SD);
    let log_sy = row(4).clamp(-DENSITY_LOG_SD, DENSITY_LOG_SD);
    let x = distance(dx, row(1), log_sx);
    let y = distance(dy, row(2), log_sy);
    let rho = row(5).clamp(-DENSITY_RHO, DENSITY_RHO);
    let e = decay(rsh(rho.abs(), 6)).min(0xffff);
    let square = (e * e) >> 16;
    let tangent = ((((1 << 16) - square) << 15) / ((1 << 16) + square)) as i32;
    let stretch = (((1 << 16) + square) << 7) / e;
    let along = ((tangent >> 1) * x) >> 14;
    let rest = if rho < 0 { y + along } else { y - along }.unsigned_abs();
    let most = MOST_DISTANCE as u32;
    let across = if rest > u32::MAX / stretch { most } else { ((rest * stretch) >> 8).min(most) };
    let x = x.unsigned_abs();
    let halves = ((x * x) >> 15) + ((across * across) >> 15);
    ln(stretch) - LOG_256 - halves as i32 - rsh(log_sx + log_sy, 6) - LOG_TAU
}

/// How many standard deviations an offset, Q10, is from a mean: Q12.
#[inline]
fn distance(offset: i32, mean: i32, log_sd: i32) -> i32 {
    let difference = ((offset << 6) - mean).clamp(-MOST_DIFFERENCE, MOST_DIFFERENCE);
    let (p, n) = exp(-log_sd);
    rescale(difference, p >> 1, (18 - n) as u32).clamp(-MOST_DISTANCE, MOST_DISTANCE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fixed;
    use crate::engine::noise::NoiseStream;
    use crate::engine::step::{Line, Noise, forced_point};
    use std::f64::consts::TAU;

    /// ê, π̂, μx, μy, σ̂x, σ̂y, ρ̂ of two components, and a stop.
    const OUTPUT: [f64; 14] = [0.5, 0.2, -0.3, 1.0, -2.0, 0.5, 0.25, -0.5, -1.0, -0.7, 0.1, 0.8, -0.4, 1.5];

    fn whole<const N: usize>(output: [f64; N]) -> [i32; N] {
        output.map(|value| (value * 65_536.0).round() as i32)
    }

    fn drawing(bias: f32, temperature: f32) -> Drawing {
        Drawing::new(&Line { bias, temperature, ..Line::default() })
    }

    fn draw_with<const N: usize>(output: [i32; N], m: usize, settings: (f32, f32), noise: &Noise) -> (Step, Vec<u32>) {
        let mut shares = vec![0; m];
        let (drawing, noise) = (drawing(settings.0, settings.1), fixed::noise(noise));
        let drawn = sample(&output, N > 1 + 6 * m, &drawing, &noise, &mut shares, &mut vec![0; m]);
        (drawn.step(0, 0), shares)
    }

    fn logistic(x: f64) -> f64 {
        1.0 / (1.0 + (-x).exp())
    }

    #[test]
    fn sampled_moments_are_those_of_the_density() {
        for (bias, temperature) in [(0.0, 1.0), (0.8, 1.0), (0.3, 1.6)] {
            let mut noise = NoiseStream::new(5, 0);
            let draw = |_| draw_with(whole(OUTPUT), 2, (bias, temperature), &noise.next()).0;
            let steps: Vec<Step> = (0..60_000).map(draw).collect();
            let (bias, temperature) = (f64::from(bias), f64::from(temperature));
            for j in 0..2usize {
                let own: Vec<[f64; 2]> =
                    steps.iter().filter(|s| s.component == j as f32).map(|s| [s.dx.into(), s.dy.into()]).collect();
                let n = own.len() as f64;
                let e = |k: f64| (k * (1.0 + bias) / temperature).exp();
                let share = e(OUTPUT[1 + j]) / (e(OUTPUT[1]) + e(OUTPUT[2]));
                assert!((n / 60_000.0 - share).abs() < 0.01, "share of component {j}");
                let mean = |axis: usize| own.iter().map(|p| p[axis]).sum::<f64>() / n;
                let (mean_x, mean_y) = (mean(0), mean(1));
                assert!((mean_x - OUTPUT[3 + j]).abs() < 0.03 && (mean_y - OUTPUT[5 + j]).abs() < 0.03);
                let var_x = own.iter().map(|p| (p[0] - mean_x).powi(2)).sum::<f64>() / n;
                let expected = (2.0 * (OUTPUT[7 + j] - bias)).exp() * temperature;
                assert!((var_x / expected - 1.0).abs() < 0.05, "variance {var_x} against {expected}");
                let var_y = own.iter().map(|p| (p[1] - mean_y).powi(2)).sum::<f64>() / n;
                let both = own.iter().map(|p| (p[0] - mean_x) * (p[1] - mean_y)).sum::<f64>() / n;
                let rho = both / (var_x * var_y).sqrt();
                assert!((rho - OUTPUT[11 + j].tanh()).abs() < 0.03, "correlation {rho}");
            }
            let lifts = steps.iter().map(|s| f64::from(s.pen)).sum::<f64>() / 60_000.0;
            assert!((lifts - logistic(-0.5 / temperature)).abs() < 0.01, "lifts {lifts}");
        }
    }

    #[test]
    fn rare_lifts_are_as_rare_as_they_should_be() {
        for (e_hat, expected) in [(6.0, 2.47e-3), (8.0, 3.35e-4), (9.5, 7.48e-5)] {
            let (part, of) = odds((e_hat * 65_536.0) as i32, PLAIN);
            let found = f64::from(part) / f64::from(of);
            assert!((found / expected - 1.0).abs() < 0.15, "{e_hat}: {found} against {expected}");
        }
        assert_eq!(odds(20 << 16, PLAIN).0, 0, "never");
        assert_eq!(odds(-20 << 16, PLAIN), (1 << 16, 1 << 16), "always");
    }

    #[test]
    fn stop_is_read_only_where_there_is_one() {
        let (with, _) = draw_with(whole(OUTPUT), 2, (0.0, 1.0), &[0.1; 4]);
        let without: [f64; 13] = std::array::from_fn(|k| OUTPUT[k]);
        let (without, _) = draw_with(whole(without), 2, (0.0, 1.0), &[0.1; 4]);
        assert!((f64::from(with.stop) - logistic(1.5)).abs() < 2e-4);
        assert_eq!(without.stop, 0.0);
    }

    #[test]
    fn with_any_parameters_a_point_is_within_its_range() {
        let most = (1 << 29) - 1;
        let huge = [-most, -90 << 16, -1 << 16, 0, 1, 1 << 16, 90 << 16, most];
        let (mut noise, mut draws) = (NoiseStream::new(6, 0), NoiseStream::new(7, 0));
        for round in 0..20_000 {
            let mut output = [0; 20];
            for value in &mut output {
                let [pick, _, small, _] = draws.next();
                *value = if pick < 0.5 { (small * 65_536.0) as i32 } else { huge[(pick * 2e5) as usize % huge.len()] };
            }
            let settings = ([0.0, 5.0, 10.0][round % 3], [0.01, 0.1, 1.0, 4.0, 5.0][round % 5]);
            let mut drawn = noise.next();
            if round % 7 == 0 {
                drawn[..2].copy_from_slice(&[1.0 - f32::EPSILON / 2.0; 2]);
            }
            let (step, shares) = draw_with(output, 3, settings, &drawn);
            assert!(step.dx.abs() <= 128.0 && step.dy.abs() <= 128.0, "{step:?} of {output:?}");
            assert!((0.0..=1.0).contains(&step.pen_probability) && (0.0..=1.0).contains(&step.stop));
            assert!(shares[step.component as usize] > 0, "a component of weight 0 was sampled: {shares:?}");
            assert!(step.log_density.abs() < 17_000.0, "{}", step.log_density);
        }
    }

    #[test]
    fn without_a_deviation_the_point_is_the_mean_and_with_full_correlation_it_lies_on_the_diagonal() {
        let mut output = [0.0, 0.3, 1.5, -2.5, -8000.0, -8000.0, 0.0];
        let (step, _) = draw_with(whole(output), 1, (10.0, 0.01), &[0.9, 0.5, 5.0, -5.0]);
        assert_eq!((step.dx, step.dy), (1.5, -2.5));
        (output[4], output[5]) = (0.0, 0.0);
        for (rho, sign) in [(8000.0, 1.0), (20.0, 1.0), (-20.0, -1.0), (-8000.0, -1.0)] {
            output[6] = rho;
            let (step, _) = draw_with(whole(output), 1, (0.0, 1.0), &[0.9, 0.5, 2.0, -5.5]);
            assert!((step.dx - 3.5).abs() < 2e-3 && (step.dy - (-2.5 + sign * 2.0)).abs() < 2e-3, "{step:?}");
        }
    }

    #[test]
    fn a_forced_point_is_passed_on() {
        let (step, _) = draw_with(whole(OUTPUT), 2, (0.0, 1.0), &forced_point([0.25, -3.0, 1.0]));
        assert_eq!([step.dx, step.dy, step.pen], [0.25, -3.0, 1.0]);
    }

    /// Log density by the text book.
    fn exact_density(output: &[f64], m: usize, dx: f64, dy: f64) -> f64 {
        let all: f64 = (0..m).map(|j| output[1 + j].exp()).sum();
        let alone = |j: usize| {
            let row = |block: usize| output[1 + m * block + j];
            let (zx, zy) = ((dx - row(1)) / row(3).exp(), (dy - row(2)) / row(4).exp());
            let rest = 1.0 - row(5).tanh().powi(2);
            let z = (zx * zx + zy * zy - 2.0 * row(5).tanh() * zx * zy) / rest;
            (-z / 2.0).exp() / (TAU * (row(3) + row(4)).exp() * rest.sqrt())
        };
        (0..m).map(|j| output[1 + j].exp() / all * alone(j)).sum::<f64>().ln()
    }

    #[test]
    fn the_density_is_that_of_the_text_book() {
        let mut draws = NoiseStream::new(8, 0);
        for _ in 0..3000 {
            let mut output: [f64; 13] = std::array::from_fn(|_| f64::from(draws.next()[2]));
            // deviations of the shipped networks: down to a hundredth
            output[7..11].iter_mut().for_each(|log_sd| *log_sd = 1.5 * *log_sd - 1.5);
            let near = draws.next();
            let offset = |k: usize| (output[3 + k] + output[7 + k].exp() * f64::from(near[2]) * 0.8).clamp(-20.0, 20.0);
            let (dx, dy) = ((offset(0) * 1024.0).round() as i32, (offset(2) * 1024.0).round() as i32);
            let exact = exact_density(&output, 2, f64::from(dx) / 1024.0, f64::from(dy) / 1024.0);
            let found = f64::from(log_density(&whole(output), &mut [0; 2], dx, dy)) / 1024.0;
            if exact > -16.0 {
                assert!((found - exact).abs() < 0.03 + 0.004 * exact.abs(), "{found} against {exact}: {output:?}");
            } else {
                assert!(found < -10.0, "{found} against {exact}");
            }
        }
    }

    #[test]
    fn the_density_does_not_depend_on_the_bias_and_the_temperature() {
        let steps = [(0.0, 1.0), (2.0, 1.0), (0.3, 1.6)].map(|settings| {
            let (step, _) = draw_with(whole(OUTPUT), 2, settings, &[0.4, 0.2, 0.9, -1.4]);
            (step, exact_density(&OUTPUT, 2, step.dx.into(), step.dy.into()))
        });
        for (step, exact) in steps {
            assert!((f64::from(step.log_density) - exact).abs() < 5e-3, "{} against {exact}", step.log_density);
        }
        assert_ne!(steps[0].0.dx, steps[1].0.dx);
    }

    #[test]
    fn the_density_is_clamped_as_in_training() {
        // Standard deviations below e⁻⁷ count as that, and ρ̂ beyond 6 as 6: at the mean, −log 2π + 7 + 7 + log cosh 6.
        let sharp = whole([0.0, 0.0, 0.5, 0.5, -50.0, -50.0, 40.0]);
        let found = f64::from(log_density(&sharp, &mut [0], 512, 512)) / 1024.0;
        assert!((found - 17.469).abs() < 0.02, "{found}");
    }
}
