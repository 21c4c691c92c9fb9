//! Dot products: where the CPU engine spends its time.
//!
//! The loop is bound by reading weights, so the four gates of a unit are computed together: one
//! pass over the input vector for four rows.

/// Whether this build uses vector instructions on purpose.
pub const VECTORS: bool = cfg!(any(target_feature = "simd128", target_feature = "sse2", target_feature = "neon"));

/// Lanes of the portable loop. Sixteen `f32` are two AVX2 or four 128-bit registers: enough
/// independent sums to hide the latency of an addition.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
const LANES: usize = 16;

/// `Σ a[k] b[k]`; both of one length.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    dot_rows([a], b)[0]
}

/// Dot products of `N` rows with the same vector `b`.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub fn dot_rows<const N: usize>(rows: [&[f32]; N], b: &[f32]) -> [f32; N] {
    let (chunks, tail) = b.as_chunks::<LANES>();
    rows.map(|row| {
        let (row_chunks, row_tail) = row.as_chunks::<LANES>();
        let mut sums = [0.0f32; LANES];
        for (x, y) in row_chunks.iter().zip(chunks) {
            for lane in 0..LANES {
                sums[lane] += x[lane] * y[lane];
            }
        }
        let rest: f32 = row_tail.iter().zip(tail).map(|(x, y)| x * y).sum();
        sums.iter().sum::<f32>() + rest
    })
}

/// Dot products of `N` rows with the same vector `b`, in 128-bit vectors.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub fn dot_rows<const N: usize>(rows: [&[f32]; N], b: &[f32]) -> [f32; N] {
    use core::arch::wasm32::{f32x4, f32x4_add, f32x4_extract_lane, f32x4_mul, f32x4_splat, v128};
    // Two vectors of sums per row: additions of one row do not wait for each other.
    let load = |v: &[f32; 4]| f32x4(v[0], v[1], v[2], v[3]);
    let total = |v: v128| {
        (f32x4_extract_lane::<0>(v) + f32x4_extract_lane::<1>(v))
            + (f32x4_extract_lane::<2>(v) + f32x4_extract_lane::<3>(v))
    };
    let (chunks, tail) = b.as_chunks::<8>();
    let mut sums = [[f32x4_splat(0.0); 2]; N];
    let split = rows.map(|row| row.as_chunks::<8>());
    for (k, chunk) in chunks.iter().enumerate() {
        let (halves, _) = chunk.as_chunks::<4>();
        let y = [load(&halves[0]), load(&halves[1])];
        for n in 0..N {
            let (x, _) = split[n].0[k].as_chunks::<4>();
            sums[n][0] = f32x4_add(sums[n][0], f32x4_mul(load(&x[0]), y[0]));
            sums[n][1] = f32x4_add(sums[n][1], f32x4_mul(load(&x[1]), y[1]));
        }
    }
    core::array::from_fn(|n| {
        let rest: f32 = split[n].1.iter().zip(tail).map(|(x, y)| x * y).sum();
        total(f32x4_add(sums[n][0], sums[n][1])) + rest
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_plain_sum_for_every_length() {
        for length in [0, 1, 3, 7, 8, 15, 16, 17, 40, 333] {
            let a: Vec<f32> = (0..length).map(|k| (k as f32 * 0.7).sin()).collect();
            let b: Vec<f32> = (0..length).map(|k| (k as f32 * 0.3).cos()).collect();
            let twice: Vec<f32> = a.iter().map(|v| 2.0 * v).collect();
            let plain: f64 = a.iter().zip(&b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
            let [one, two] = dot_rows([&a, &twice], &b);
            assert!((f64::from(one) - plain).abs() < 1e-4, "length {length}: {one} against {plain}");
            assert!((f64::from(two) - 2.0 * plain).abs() < 2e-4);
            assert_eq!(one, dot(&a, &b));
        }
    }
}
