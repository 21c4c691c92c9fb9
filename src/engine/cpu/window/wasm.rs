//! The loop of `window.rs` over characters in WebAssembly's vectors of four numbers: as `lstm/wasm.rs`.

#![expect(unsafe_code, reason = "vectors are read and written through pointers")]

use core::arch::wasm32::{
    i32x4, i32x4_add, i32x4_gt, i32x4_min, i32x4_mul, i32x4_shl, i32x4_shr, i32x4_splat, i32x4_sub, u32x4_shr, v128,
    v128_andnot, v128_load, v128_store,
};

/// See [`super::component`]. Adds to as many characters as are a multiple of four, and returns how many.
pub fn component(phi: &mut [i32], first: i32, kappa: i32, alpha: i32, beta: i32, farthest: i32) -> usize {
    let mut u = i32x4_add(i32x4_splat(first), i32x4(0, 1, 2, 3));
    let (kappa, alpha, beta) = (i32x4_splat(kappa), i32x4_splat(alpha), i32x4_splat(beta));
    let farthest = i32x4_splat(farthest);
    let chunks = phi.as_chunks_mut::<4>().0;
    let count = 4 * chunks.len();
    for phi in chunks {
        let distance = i32x4_shr(i32x4_add(i32x4_sub(kappa, i32x4_shl(u, 16)), i32x4_splat(1 << 4)), 5);
        let square = i32x4_shr(i32x4_mul(distance, distance), 12);
        let share = i32x4_mul(alpha, decay(i32x4_shr(i32x4_mul(beta, i32x4_min(square, farthest)), 12)));
        let added = v128_andnot(u32x4_shr(share, 11), i32x4_gt(square, farthest));
        let at: *mut v128 = phi.as_mut_ptr().cast();
        // SAFETY: these are four numbers of 32 bits, and a vector need not be aligned.
        unsafe { v128_store(at, i32x4_add(v128_load(at), added)) };
        u = i32x4_add(u, i32x4_splat(4));
    }
    count
}

/// See [`crate::engine::cpu::math::decay`].
#[inline(always)]
fn decay(a: v128) -> v128 {
    let mut t = i32x4_splat(2008);
    t = i32x4_sub(i32x4_splat(10_589), u32x4_shr(i32x4_mul(t, a), 14));
    t = i32x4_sub(i32x4_splat(32_713), u32x4_shr(i32x4_mul(t, a), 14));
    t = i32x4_sub(i32x4_splat(65_534), u32x4_shr(i32x4_mul(t, a), 14));
    let product = i32x4_add(i32x4_mul(t, a), i32x4_splat(1 << 13));
    t = i32x4_sub(i32x4_splat(65_536), u32x4_shr(product, 14));
    squared(squared(squared(squared(t))))
}

#[inline(always)]
fn squared(t: v128) -> v128 {
    let product = i32x4_mul(t, i32x4_sub(i32x4_splat(65_536), t));
    i32x4_sub(t, u32x4_shr(i32x4_add(product, i32x4_splat(1 << 15)), 16))
}
