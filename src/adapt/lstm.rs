//! One timestep of an LSTM layer, for one line, forward and backward [G eqs 7–11, without peepholes].

#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls of functions compiled for AVX2 or AVX-512"))]

use super::math::{on_grid, sigmoid, tanh};
use crate::engine::cpu::with_vectors;

/// Largest cell and hidden state on the engine's grids.
const MOST_CELL: f32 = 32_767.0 / 2048.0;
const MOST_HIDDEN: f32 = 127.0 / 128.0;

/// Forward.
///
/// * `gates`: `[4 H]`, in: sums of the gates i, f, g, o; out: their activations;
/// * `before`: `[H]`, the cell of the timestep before;
/// * `cell`, `hidden`: `[H]`, out;
/// * `rounded`: whether sums, cell and hidden state are put on the engine's grids.
pub fn forward(gates: &mut [f32], before: &[f32], cell: &mut [f32], hidden: &mut [f32], rounded: bool) {
    with_vectors!(forward_units(gates: &mut [f32], before: &[f32], cell: &mut [f32], hidden: &mut [f32], rounded: bool));
}

#[inline(always)]
fn forward_units(gates: &mut [f32], before: &[f32], cell: &mut [f32], hidden: &mut [f32], rounded: bool) {
    let units = hidden.len();
    if rounded {
        gates.iter_mut().for_each(|sum| *sum = on_grid(sum.clamp(-4000.0, 4000.0), 10));
    }
    let (input_forget, cell_output) = gates.split_at_mut(2 * units);
    let (i, f) = input_forget.split_at_mut(units);
    let (g, o) = cell_output.split_at_mut(units);
    let (before, cell) = (&before[..units], &mut cell[..units]);
    i.iter_mut().for_each(|x| *x = sigmoid(*x));
    f.iter_mut().for_each(|x| *x = sigmoid(*x));
    g.iter_mut().for_each(|x| *x = tanh(*x));
    o.iter_mut().for_each(|x| *x = sigmoid(*x));
    for u in 0..units {
        cell[u] = f[u] * before[u] + i[u] * g[u];
    }
    if rounded {
        cell.iter_mut().for_each(|c| *c = on_grid(c.clamp(-MOST_CELL, MOST_CELL), 11));
    }
    for u in 0..units {
        hidden[u] = o[u] * tanh(cell[u]);
    }
    if rounded {
        hidden.iter_mut().for_each(|h| *h = on_grid(*h, 7).clamp(-MOST_HIDDEN, MOST_HIDDEN));
    }
}

/// Backward; gradients pass straight through all rounding.
///
/// * `gates`: `[4 H]`, in: activations; out: gradients of the sums;
/// * `before`, `cell`: `[H]`, the cell before and after the timestep;
/// * `d_hidden`: `[H]`, gradient of the hidden state;
/// * `d_cell`: `[H]`, in: gradient of the cell from the timestep after; out: that of the cell before.
pub fn backward(gates: &mut [f32], before: &[f32], cell: &[f32], d_hidden: &[f32], d_cell: &mut [f32]) {
    with_vectors!(backward_units(gates: &mut [f32], before: &[f32], cell: &[f32], d_hidden: &[f32], d_cell: &mut [f32]));
}

#[inline(always)]
fn backward_units(gates: &mut [f32], before: &[f32], cell: &[f32], d_hidden: &[f32], d_cell: &mut [f32]) {
    let units = d_hidden.len();
    let (input_forget, cell_output) = gates.split_at_mut(2 * units);
    let (i, f) = input_forget.split_at_mut(units);
    let (g, o) = cell_output.split_at_mut(units);
    let (before, cell, d_cell) = (&before[..units], &cell[..units], &mut d_cell[..units]);
    for u in 0..units {
        let squashed = tanh(cell[u]);
        let d = d_cell[u] + d_hidden[u] * o[u] * (1.0 - squashed * squashed);
        let (own_i, own_f, own_g, own_o) = (i[u], f[u], g[u], o[u]);
        i[u] = d * own_g * own_i * (1.0 - own_i);
        f[u] = d * before[u] * own_f * (1.0 - own_f);
        g[u] = d * own_i * (1.0 - own_g * own_g);
        o[u] = d_hidden[u] * squashed * own_o * (1.0 - own_o);
        d_cell[u] = d * own_f;
    }
}
