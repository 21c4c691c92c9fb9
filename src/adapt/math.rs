//! Functions of the network in `f32`, from sums and products only: the same on every machine, and loops of them become
//! vector instructions.

/// Adding it rounds a small number to the nearest whole number, halves to even, in the lowest bits: 1.5 · 2²³.
const ROUNDER: f32 = 12_582_912.0;

/// eˣ, with a relative error below 2⁻²²; x is limited to ±87.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 87.0);
    let whole = x * std::f32::consts::LOG2_E + ROUNDER;
    let n = whole - ROUNDER;
    // ln 2 in two parts, so that the remainder is exact
    let r = (x - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let p = 1.987_569_1e-4_f32;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 0.166_666_66;
    let p = p * r + 0.5;
    let p = (p * r) * r + r + 1.0;
    // times 2ⁿ
    f32::from_bits(p.to_bits().wrapping_add(whole.to_bits() << 23))
}

/// 1 / (1 + e⁻ˣ).
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Hyperbolic tangent; its error is below 2⁻²², not relative to values near zero.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    2.0 * sigmoid(2.0 * x) - 1.0
}

/// The nearest multiple of 2^-bits, for |x| below 2^(22 - bits).
#[inline(always)]
pub fn on_grid(x: f32, bits: u32) -> f32 {
    let unit = (1u32 << bits) as f32;
    ((x * unit + ROUNDER) - ROUNDER) / unit
}

/// ln (1 + eˣ) without overflow.
pub fn softplus(x: f32) -> f32 {
    x.max(0.0) + libm::log1pf(libm::expf(-x.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_close_to_the_exact_ones() {
        for k in -8_700..8_700 {
            let x = k as f32 * 0.01;
            let wide = f64::from(x);
            assert!((f64::from(exp(x)) / wide.exp() - 1.0).abs() < 3e-7, "exp {x}");
            assert!((f64::from(sigmoid(x)) - 1.0 / (1.0 + (-wide).exp())).abs() < 2e-7, "sigmoid {x}");
            assert!((f64::from(tanh(x)) - wide.tanh()).abs() < 4e-7, "tanh {x}");
            assert!((f64::from(softplus(x)) - wide.exp().ln_1p()).abs() < 1e-5, "softplus {x}");
        }
        assert_eq!((sigmoid(-1e30), sigmoid(1e30)), (sigmoid(-87.0), 1.0));
    }

    #[test]
    fn the_grid_has_the_nearest_number() {
        assert_eq!(on_grid(0.3, 7), 38.0 / 128.0);
        assert_eq!(on_grid(-0.3, 7), -38.0 / 128.0);
        assert_eq!(on_grid(-15.999, 11), -32766.0 / 2048.0);
    }
}
