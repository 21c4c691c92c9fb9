//! Scalar functions of the kernels.

/// Logistic function; both tails are exact in `f32`.
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Largest magnitude of [`exp`]'s argument: its result is still a normal number.
const LARGEST: f32 = 87.0;

/// eˣ = 2ⁿ eʳ with an integer n and |r| ≤ ln 2 / 2, and a polynomial for eʳ (Cephes' `expf`). NaN stays NaN.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // The spacing of `f32` near this number is 1: adding it rounds to an integer.
    const ROUNDER: f32 = 12_582_912.0;
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    let x = x.clamp(-LARGEST, LARGEST);
    let shifted = x * std::f32::consts::LOG2_E + ROUNDER;
    let n = shifted - ROUNDER;
    let r = (x - n * LN_2[0]) - n * LN_2[1];
    let mut p = 1.987_569_1e-4;
    for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p * r + c;
    }
    // n is in the low bits of `shifted`: shifting it into the exponent gives 2ⁿ.
    (p * r * r + r + 1.0) * f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits()))
}
