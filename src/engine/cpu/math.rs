//! Arithmetic in whole numbers: twin of the functions in `shaders/common.wgsl`.
//!
//! `docs/weights-format.md` ("Arithmetic") defines every function; a number on the grid Qn stands for itself / 2ⁿ. WGSL
//! has no integers of 64 bits, so these functions use 32, and so do vector instructions.

use std::sync::OnceLock;

/// Largest argument of [`decay`].
pub const MOST_DECAY: i32 = (1 << 14) - 1;
/// 1 on the grid Q15, that of gates.
pub const ONE: i32 = 1 << 15;

/// x >> n, rounded to the nearest, halves up.
#[inline(always)]
pub fn rsh(x: i32, n: u32) -> i32 {
    (x + (1 << (n - 1))) >> n
}

/// x m / 2ᵏ, rounded like [`rsh`], for 0 ≤ m < 2¹⁵ and 1 ≤ k ≤ 46. The result has to fit 32 bits.
#[inline(always)]
pub fn rescale(x: i32, m: i32, k: u32) -> i32 {
    // The product in two parts: high · 2¹⁶ + low.
    let high = (x >> 16) * m;
    let low = (x & 0xffff) as u32 * m as u32;
    if k > 16 {
        rescale_down(high, low, k)
    } else {
        (high << (16 - k)).wrapping_add(((low + (1 << (k - 1))) >> k) as i32)
    }
}

/// [`rescale`] of k > 16, of a product in two parts.
#[inline(always)]
pub fn rescale_down(high: i32, low: u32, k: u32) -> i32 {
    (high + (low >> 16) as i32 + (1 << (k - 17))) >> (k - 16)
}

/// [`rescale`] for x ≥ 0 and k ≥ 2, at most [`MOST_DECAY`] whatever the factor.
pub fn scaled(x: i32, m: i32, k: u32) -> i32 {
    if k < 16 && (x >> 16) * m >= 1 << (k - 2) {
        return MOST_DECAY;
    }
    rescale(x, m, k).min(MOST_DECAY)
}

/// e⁻ᵃ in Q16, a in Q10, 0 ≤ a ≤ [`MOST_DECAY`]: a polynomial for e^(−a / 16), squared four times.
#[inline(always)]
pub fn decay(a: i32) -> u32 {
    // a is a sixteenth of itself in Q14
    let a = a as u32;
    let mut t = 2008;
    t = 10_589 - ((t * a) >> 14);
    t = 32_713 - ((t * a) >> 14);
    t = 65_534 - ((t * a) >> 14);
    t = 65_536 - ((t * a + (1 << 13)) >> 14);
    t = squared(t);
    t = squared(t);
    t = squared(t);
    squared(t)
}

/// t² in Q16, t ≤ 1 in Q16: as t − t (1 − t), which fits 32 bits.
#[inline(always)]
fn squared(t: u32) -> u32 {
    t - ((t * (65_536 - t) + (1 << 15)) >> 16)
}

/// Logistic function in Q15, x in Q10: 1 / (1 + e⁻ˣ) by a polynomial in e⁻ˣ.
#[inline(always)]
pub fn sigmoid(x: i32) -> i32 {
    let e = (decay(x.abs().min(MOST_DECAY)) >> 1) as i32;
    let mut t = 3666;
    t = 14_372 - ((t * e) >> 15);
    t = 25_922 - ((t * e) >> 15);
    t = 31_523 - ((t * e) >> 15);
    t = 32_691 - ((t * e) >> 15);
    t = ONE - ((t * e + (1 << 14)) >> 15);
    if x >= 0 { t } else { ONE - t }
}

/// The values of [`sigmoid`] from 0 on, computed once: looking one up takes a third of the time of computing it.
#[derive(Debug)]
pub struct SigmoidTable([u16; 1 << 14]);

impl SigmoidTable {
    /// The one table.
    pub fn get() -> &'static Self {
        static TABLE: OnceLock<SigmoidTable> = OnceLock::new();
        // ONE fits 16 bits.
        TABLE.get_or_init(|| Self(std::array::from_fn(|x| sigmoid(x as i32) as u16)))
    }

    /// [`sigmoid`].
    #[inline(always)]
    pub fn sigmoid(&self, x: i32) -> i32 {
        let t = self.at(x.abs().min(MOST_DECAY));
        if x >= 0 { t } else { ONE - t }
    }

    /// [`sigmoid`] of 0 ≤ x ≤ [`MOST_DECAY`].
    #[inline(always)]
    pub fn at(&self, x: i32) -> i32 {
        i32::from(self.0[x as usize & MOST_DECAY as usize])
    }
}

/// Hyperbolic tangent in Q15, x in Q10.
#[inline(always)]
pub fn tanh(x: i32) -> i32 {
    2 * sigmoid(2 * x.clamp(-MOST_DECAY - 1, MOST_DECAY + 1)) - ONE
}

/// Largest magnitude of [`exp`]'s argument.
const MOST_EXP: i32 = 20 << 16;

/// eˣ, x in Q16, as (p, n): p 2ⁿ⁻¹⁵ with 2¹⁵ ≤ p < 2¹⁶.
#[inline]
pub fn exp(x: i32) -> (i32, i32) {
    // x times log₂ e
    let t = rescale(x.clamp(-MOST_EXP, MOST_EXP), 23_637, 14);
    let f = (t & 0xffff) >> 1;
    let mut p = 444;
    p = 1705 + ((p * f) >> 15);
    p = 7910 + ((p * f) >> 15);
    p = 22_709 + ((p * f) >> 15);
    p = (ONE + ((p * f) >> 15)).min(0xffff);
    (p, t >> 16)
}

/// eˣ, x in Q16, on the grid Qg, at most `most`.
pub fn fixed(x: i32, g: i32, most: i32) -> i32 {
    let (p, n) = exp(x);
    let left = n + g - 15;
    if left > 15 {
        most
    } else if left >= 0 {
        (p << left).min(most)
    } else if left >= -17 {
        rsh(p, -left as u32).min(most)
    } else {
        0
    }
}

/// Natural logarithm in Q10 of a whole number ≥ 1.
pub fn ln(x: u32) -> i32 {
    let k = 31 - x.leading_zeros() as i32;
    let f = ((x << (31 - k)) >> 16) as i32 & 0x7fff;
    let mut p = 1026;
    p = 4397 - ((p * f) >> 15);
    p = 9440 - ((p * f) >> 15);
    p = 16_106 - ((p * f) >> 15);
    p = 32_750 - ((p * f) >> 15);
    p = (p * f) >> 15;
    rsh(22_713 * k + p, 5)
}

/// ⌊u n / 2²⁴⌋, for u < 2²⁴ and n < 2²⁶: six bits of u at a time.
pub fn share(u: u32, n: u32) -> u32 {
    let mut t = ((u & 63) * n) >> 6;
    t = (((u >> 6) & 63) * n + t) >> 6;
    t = (((u >> 12) & 63) * n + t) >> 6;
    ((u >> 18) * n + t) >> 6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rescale_is_the_exact_product() {
        let numbers = [0, 1, -1, 65_535, 65_536, -65_536, 1 << 24, -(1 << 24) - 1, i32::MAX >> 2, i32::MIN >> 2];
        for x in numbers {
            for m in [0, 1, 1000, 16_384, 32_767] {
                for k in 1..=46u32 {
                    let exact = (i64::from(x) * i64::from(m) + (1 << (k - 1))) >> k;
                    if let Ok(exact) = i32::try_from(exact) {
                        assert_eq!(rescale(x, m, k), exact, "{x} {m} {k}");
                    }
                    if x >= 0 && k >= 2 {
                        assert_eq!(i64::from(scaled(x, m, k)), exact.min(MOST_DECAY.into()), "{x} {m} {k}");
                    }
                }
            }
        }
    }

    #[test]
    fn functions_are_close_to_those_of_the_library() {
        let mut worst = [0.0f64; 3];
        for a in 0..=MOST_DECAY {
            worst[0] = worst[0].max((f64::from(decay(a)) / 65_536.0 - (-f64::from(a) / 1024.0).exp()).abs());
        }
        for x in -20_000..=20_000 {
            let exact = f64::from(x) / 1024.0;
            worst[1] = worst[1].max((f64::from(sigmoid(x)) / 32_768.0 - 1.0 / (1.0 + (-exact).exp())).abs());
            worst[2] = worst[2].max((f64::from(tanh(x)) / 32_768.0 - exact.tanh()).abs());
        }
        assert!(worst[0] < 2e-4 && worst[1] < 1.5e-4 && worst[2] < 3e-4, "{worst:?}");
        for x in (-13 << 16..10 << 16).step_by(997) {
            let (p, n) = exp(x);
            let found = f64::from(p) * 2f64.powi(n - 15);
            let exact = (f64::from(x) / 65_536.0).exp();
            assert!((found / exact - 1.0).abs() < 3e-4 && (1 << 15..1 << 16).contains(&p), "{x}: {found}, {exact}");
            assert!((f64::from(fixed(x, 12, i32::MAX)) / 4096.0 - exact).abs() < 2e-4 * exact.max(1.0), "{x}");
        }
        for x in (1..=u32::MAX).step_by(65_521).chain(1..5000) {
            assert!((f64::from(ln(x)) / 1024.0 - f64::from(x).ln()).abs() < 1e-3, "{x}");
        }
    }

    #[test]
    fn exponentials_saturate_and_vanish() {
        assert_eq!((decay(0), decay(MOST_DECAY)), (65_536, 0));
        assert_eq!([sigmoid(i32::MAX), sigmoid(-i32::MAX), sigmoid(0)], [ONE, 0, ONE / 2]);
        assert_eq!([tanh(i32::MAX), tanh(i32::MIN), tanh(0)], [ONE, -ONE, 0]);
        assert_eq!([fixed(i32::MAX, 16, 1 << 30), fixed(i32::MIN, 16, 1 << 30)], [1 << 30, 0]);
    }

    #[test]
    fn the_table_has_the_values_of_the_function() {
        for x in (-40_000..40_000).chain([i32::MAX, -i32::MAX]) {
            assert_eq!(SigmoidTable::get().sigmoid(x), sigmoid(x), "{x}");
        }
    }

    #[test]
    fn logistic_function_and_tangent_never_fall() {
        for x in -20_000..20_000 {
            assert!(sigmoid(x) <= sigmoid(x + 1) && tanh(x) <= tanh(x + 1), "{x}");
        }
    }

    #[test]
    fn a_share_is_the_exact_quotient() {
        for u in [0, 1, 63, 64, 0x00ab_cdef, (1 << 24) - 1] {
            for n in [0, 1, 65_535, 131_071, 1024 * 65_535] {
                assert_eq!(u64::from(share(u, n)), (u64::from(u) * u64::from(n)) >> 24);
            }
        }
    }
}
