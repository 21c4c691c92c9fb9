//! The loops of `lstm.rs` in WebAssembly's vectors of four numbers: the module is compiled for size, and then the compiler
//! makes no vector instructions of them. They are three quarters of what is left beside the matrix products.

#![expect(unsafe_code, reason = "vectors are read and written through pointers")]

use super::{Gate, MOST_CELL, MOST_DECAY, MOST_HIDDEN, ONE, SigmoidTable};
use core::arch::wasm32::{
    i8x16_narrow_i16x8, i16x8_load_extend_i8x8, i16x8_narrow_i32x4, i32x4, i32x4_abs, i32x4_add,
    i32x4_extend_high_i16x8, i32x4_extend_low_i16x8, i32x4_extract_lane, i32x4_ge, i32x4_max, i32x4_min, i32x4_mul,
    i32x4_shl, i32x4_shr, i32x4_splat, i32x4_sub, u32x4_shr, v128, v128_and, v128_bitselect, v128_load, v128_store,
    v128_store32_lane,
};

/// Numbers in a vector.
const LANES: usize = 4;

/// See [`super::four_columns`]. Adds as many rows as are a multiple of 8, and returns how many.
pub fn four_columns(columns: &[(&[i8], i32); 4], unit: i32, sums: &mut [i32]) -> usize {
    let unit = i32x4_splat(unit);
    let [(a, x), (b, y), (c, z), (d, w)] = *columns;
    let (x, y, z, w) = (i32x4_splat(x), i32x4_splat(y), i32x4_splat(z), i32x4_splat(w));
    let whole = sums.len() - sums.len() % 8;
    let mut first = 0;
    while first < whole {
        let (low, high) = sums[first..first + 8].split_at_mut(LANES);
        let mut totals = (i32x4_mul(unit, load(low)), i32x4_mul(unit, load(high)));
        totals = add_column(totals, &a[first..first + 8], x);
        totals = add_column(totals, &b[first..first + 8], y);
        totals = add_column(totals, &c[first..first + 8], z);
        totals = add_column(totals, &d[first..first + 8], w);
        store(totals.0, low);
        store(totals.1, high);
        first += 8;
    }
    whole
}

/// Adds the products of 8 weights.
#[inline(always)]
fn add_column((low, high): (v128, v128), column: &[i8], x: v128) -> (v128, v128) {
    let column = &column[..8];
    // SAFETY: these are the 8 bytes that are read.
    let w = unsafe { i16x8_load_extend_i8x8(column.as_ptr()) };
    let (low_products, high_products) =
        (i32x4_mul(i32x4_extend_low_i16x8(w), x), i32x4_mul(i32x4_extend_high_i16x8(w), x));
    (i32x4_add(low, low_products), i32x4_add(high, high_products))
}

/// Four units from `first` on: see [`super::few_units`].
pub fn four_units(
    table: &SigmoidTable,
    shift: u32,
    [i, f, g, o]: &[Gate<'_>; 4],
    first: usize,
    cell: &mut [i32],
    hidden: &mut [i8],
) {
    // No `map` of arrays here and below: it stays a call, with its array in memory.
    let (i, f) = (gate_sums(*i, first, shift), gate_sums(*f, first, shift));
    let (g, o) = (gate_sums(*g, first, shift), gate_sums(*o, first, shift));
    let g = clamp(g, -MOST_DECAY - 1, MOST_DECAY + 1);
    let (i, f) = (sigmoids(table, i), sigmoids(table, f));
    let (g, o) = (sigmoids(table, i32x4_add(g, g)), sigmoids(table, o));
    let (cell, hidden) = (&mut cell[first..first + LANES], &mut hidden[first..first + LANES]);
    let new = rsh(i32x4_mul(i, twice_less_one(g)), 4);
    let c = clamp(rsh(i32x4_add(i32x4_mul(f, load(cell)), new), 15), -MOST_CELL, MOST_CELL);
    store(c, cell);
    let squashed = sigmoids(table, c);
    let h = clamp(rsh(i32x4_mul(o, twice_less_one(squashed)), 23), -MOST_HIDDEN, MOST_HIDDEN);
    let h = i16x8_narrow_i32x4(h, h);
    // SAFETY: these are four numbers of 8 bits, and need not be aligned.
    unsafe { v128_store32_lane::<0>(i8x16_narrow_i16x8(h, h), hidden.as_mut_ptr().cast()) };
}

#[inline(always)]
fn gate_sums((sums, factors, bias): Gate<'_>, first: usize, shift: u32) -> v128 {
    let part = first..first + LANES;
    let (sums, factors, bias) = (load(&sums[part.clone()]), load(&factors[part.clone()]), load(&bias[part]));
    i32x4_add(rescale(sums, factors, shift), bias)
}

/// See [`crate::engine::cpu::math::rescale`].
#[inline(always)]
fn rescale(x: v128, m: v128, k: u32) -> v128 {
    let high = i32x4_mul(i32x4_shr(x, 16), m);
    let low = i32x4_mul(v128_and(x, i32x4_splat(0xffff)), m);
    if k > 16 {
        let sum = i32x4_add(i32x4_add(high, u32x4_shr(low, 16)), i32x4_splat(1 << (k - 17)));
        i32x4_shr(sum, k - 16)
    } else {
        i32x4_add(i32x4_shl(high, 16 - k), u32x4_shr(i32x4_add(low, i32x4_splat(1 << (k - 1))), k))
    }
}

/// See [`SigmoidTable::sigmoid`].
#[inline(always)]
fn sigmoids(table: &SigmoidTable, x: v128) -> v128 {
    let at = i32x4_min(i32x4_abs(x), i32x4_splat(MOST_DECAY));
    let t = i32x4(
        table.at(i32x4_extract_lane::<0>(at)),
        table.at(i32x4_extract_lane::<1>(at)),
        table.at(i32x4_extract_lane::<2>(at)),
        table.at(i32x4_extract_lane::<3>(at)),
    );
    v128_bitselect(t, i32x4_sub(i32x4_splat(ONE), t), i32x4_ge(x, i32x4_splat(0)))
}

#[inline(always)]
fn twice_less_one(x: v128) -> v128 {
    i32x4_sub(i32x4_add(x, x), i32x4_splat(ONE))
}

#[inline(always)]
fn rsh(x: v128, n: u32) -> v128 {
    i32x4_shr(i32x4_add(x, i32x4_splat(1 << (n - 1))), n)
}

#[inline(always)]
fn clamp(x: v128, least: i32, most: i32) -> v128 {
    i32x4_min(i32x4_max(x, i32x4_splat(least)), i32x4_splat(most))
}

#[inline(always)]
fn load(from: &[i32]) -> v128 {
    let from = &from[..LANES];
    // SAFETY: these are four numbers of 32 bits, and a vector need not be aligned.
    unsafe { v128_load(from.as_ptr().cast()) }
}

#[inline(always)]
fn store(x: v128, to: &mut [i32]) {
    let to = &mut to[..LANES];
    // SAFETY: these are four numbers of 32 bits, and a vector need not be aligned.
    unsafe { v128_store(to.as_mut_ptr().cast(), x) };
}
