//! One LSTM layer [G eqs 7–11, without peepholes]: twin of `shaders/lstm.wgsl`.

#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls of functions compiled for AVX2 or AVX-512"))]

#[cfg(target_arch = "wasm32")]
mod wasm;

use super::math::{MOST_DECAY, ONE, SigmoidTable, rescale, rsh};
use crate::engine::fixed::RowScales;

/// Largest magnitudes of cells, Q11, and of hidden states, Q7.
const MOST_CELL: i32 = 32_767;
const MOST_HIDDEN: i32 = 127;

/// Units that are computed at a time.
#[cfg(not(target_arch = "wasm32"))]
const FEW: usize = 16;
#[cfg(target_arch = "wasm32")]
const FEW: usize = 4;

/// Adds the products with point and window, Q10, to those with hidden states, Q7: in as Q7, out as Q10.
///
/// * `columns`: `[3 + A, rows]`, the weights of each input;
/// * `inputs`: `[3 + A]`, the point, then the window; most characters are not in view, and are left out;
/// * `sums`: `[rows]`, in and out.
pub fn add_inputs(columns: &[i8], inputs: impl Iterator<Item = i32>, sums: &mut [i32]) {
    let rows = sums.len();
    let mut used = columns.chunks_exact(rows.max(1)).zip(inputs).filter(|(_, x)| *x != 0);
    // From Q7 to Q10, in the first pass only.
    let mut unit = 8;
    loop {
        let mut four = [(&columns[..rows], 0); 4];
        let mut count = 0;
        for (entry, column) in four.iter_mut().zip(&mut used) {
            *entry = column;
            count += 1;
        }
        if count == 0 && unit == 1 {
            return;
        }
        add_four(&four, unit, sums);
        unit = 1;
    }
}

/// Four columns at a time; the sums before are multiplied by `unit`.
fn add_four(columns: &[(&[i8], i32); 4], unit: i32, sums: &mut [i32]) {
    with_vectors!(four_columns(columns: &[(&[i8], i32); 4], unit: i32, sums: &mut [i32]));
}

#[inline(always)]
fn four_columns(columns: &[(&[i8], i32); 4], unit: i32, sums: &mut [i32]) {
    let rows = sums.len();
    #[cfg(target_arch = "wasm32")]
    let first = wasm::four_columns(columns, unit, sums);
    #[cfg(not(target_arch = "wasm32"))]
    let first = 0;
    let [a, b, c, d] = columns.map(|(column, x)| (&column[..rows], x));
    for r in first..rows {
        let product = |(column, x): (&[i8], i32)| i32::from(column[r]) * x;
        sums[r] = unit * sums[r] + ((product(a) + product(b)) + (product(c) + product(d)));
    }
}

/// Advances one layer of H units by one timestep.
///
/// * `sums`: `[4 H]`, products of the gates' rows i, f, g, o of H units each with the layer's input, Q10;
/// * `scales`: of these rows;
/// * `bias`: `[4 H]`, the line's style folded in, Q10;
/// * `cell`: `[H]`, Q11, in and out;
/// * `hidden`: `[H]`, Q7, out.
pub fn step(sums: &[i32], scales: &RowScales, bias: &[i32], cell: &mut [i32], hidden: &mut [i8]) {
    with_vectors!(units(sums: &[i32], scales: &RowScales, bias: &[i32], cell: &mut [i32], hidden: &mut [i8]));
}

#[inline(always)]
fn units(sums: &[i32], scales: &RowScales, bias: &[i32], cell: &mut [i32], hidden: &mut [i8]) {
    let (units, table) = (hidden.len(), SigmoidTable::get());
    let gates = [0, 1, 2, 3].map(|gate| {
        let rows = gate * units..(gate + 1) * units;
        (&sums[rows.clone()], &scales.factors[rows.clone()], &bias[rows])
    });
    // The shader computes a unit's products and its gates in one pass; here the products of all lines come first, so
    // that they share each read of the weights. Some units at a time: loops of constant length, of which the compiler
    // makes vector instructions, but for those that read the table.
    let whole = units - units % FEW;
    let mut first = 0;
    while first < whole {
        #[cfg(target_arch = "wasm32")]
        wasm::four_units(table, scales.shift, &gates, first, cell, hidden);
        #[cfg(not(target_arch = "wasm32"))]
        few_units::<FEW>(table, scales.shift, &gates, first, cell, hidden);
        first += FEW;
    }
    for unit in whole..units {
        few_units::<1>(table, scales.shift, &gates, unit, cell, hidden);
    }
}

/// A gate's products, factors and biases.
type Gate<'a> = (&'a [i32], &'a [i32], &'a [i32]);

/// N units from `first` on.
#[inline(always)]
fn few_units<const N: usize>(
    table: &SigmoidTable,
    shift: u32,
    gates: &[Gate<'_>; 4],
    first: usize,
    cell: &mut [i32],
    hidden: &mut [i8],
) {
    let [i, f, mut g, o] = [
        gate_sums::<N>(&gates[0], first, shift),
        gate_sums::<N>(&gates[1], first, shift),
        gate_sums::<N>(&gates[2], first, shift),
        gate_sums::<N>(&gates[3], first, shift),
    ];
    for n in 0..N {
        // As in `tanh`.
        g[n] = 2 * g[n].clamp(-MOST_DECAY - 1, MOST_DECAY + 1);
    }
    let (i, f, g, o) = (sigmoids(table, i), sigmoids(table, f), sigmoids(table, g), sigmoids(table, o));
    let (cell, hidden) = (&mut cell[first..][..N], &mut hidden[first..][..N]);
    let mut c = [0; N];
    for n in 0..N {
        let new = rsh(i[n] * (2 * g[n] - ONE), 4);
        c[n] = rsh(f[n] * cell[n] + new, 15).clamp(-MOST_CELL, MOST_CELL);
        cell[n] = c[n];
    }
    // Cells are on a grid twice as fine as that of `sigmoid`, which gives the tangent.
    let squashed = sigmoids(table, c);
    for n in 0..N {
        hidden[n] = rsh(o[n] * (2 * squashed[n] - ONE), 23).clamp(-MOST_HIDDEN, MOST_HIDDEN) as i8;
    }
}

/// A gate's sums with its biases. These are functions, not closures: those would be compiled for the baseline processor.
#[inline(always)]
fn gate_sums<const N: usize>((sums, factors, bias): &Gate<'_>, first: usize, shift: u32) -> [i32; N] {
    let (sums, factors, bias) = (&sums[first..][..N], &factors[first..][..N], &bias[first..][..N]);
    let mut gate = [0; N];
    for n in 0..N {
        gate[n] = rescale(sums[n], factors[n], shift) + bias[n];
    }
    gate
}

#[inline(always)]
fn sigmoids<const N: usize>(table: &SigmoidTable, x: [i32; N]) -> [i32; N] {
    let mut y = [0; N];
    for n in 0..N {
        y[n] = table.sigmoid(x[n]);
    }
    y
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One unit: every gate can be worked out by hand.
    fn unit(biases: [i32; 4], cell: i32) -> (i32, i8) {
        let (mut c, mut h) = ([cell], [9]);
        let scales = RowScales { factors: vec![1; 4], shift: 20 };
        step(&[0; 4], &scales, &biases, &mut c, &mut h);
        (c[0], h[0])
    }

    #[test]
    fn gates_do_what_they_are_named_for() {
        let (open, shut) = (30 << 10, -(30 << 10));
        // forget open, input shut: the cell, 0.7, is kept
        let (c, h) = unit([shut, open, 5 << 10, open], 1434);
        assert_eq!((c, h), (1434, (0.7f32.tanh() * 128.0).round() as i8));
        // forget shut, input open: the cell becomes tanh(g)
        let (c, _) = unit([open, shut, 410, open], 1434);
        assert!((c - (0.4f32.tanh() * 2048.0) as i32).abs() <= 1, "{c}");
        // output shut: nothing shows
        let (_, h) = unit([open, open, 1 << 10, shut], 1434);
        assert_eq!(h, 0);
    }

    #[test]
    fn cells_and_hidden_states_saturate() {
        let most = 1 << 20;
        assert_eq!(unit([most; 4], MOST_CELL), (MOST_CELL, 127));
        assert_eq!(unit([most, most, -most, most], -MOST_CELL), (-MOST_CELL, -127));
    }

    #[test]
    fn inputs_that_are_nought_are_left_out_and_others_are_added() {
        let columns: Vec<i8> = (0..7 * 5).map(|k| (k * 11 % 127) as i8 - 63).collect();
        for used in [vec![], vec![3], vec![0, 1, 2, 3, 4, 5, 6]] {
            let inputs: Vec<i32> = (0..7).map(|c| if used.contains(&c) { 1000 * c - 2500 } else { 0 }).collect();
            let mut sums = [10, -20, 30, 0, 7];
            let expected: Vec<i32> = (0..5)
                .map(|r| 8 * sums[r] + (0..7).map(|c| i32::from(columns[5 * c + r]) * inputs[c]).sum::<i32>())
                .collect();
            add_inputs(&columns, inputs.iter().copied(), &mut sums);
            assert_eq!(sums, expected[..], "{used:?}");
        }
    }
}
