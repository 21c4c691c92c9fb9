// The drawing of the next point from the output layer's sums, as src/engine/cpu/mixture.rs does it: the same
// for every peer.

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/**
 * Draws `points` `[B, 3]` from `sums` `[B, R]`, with `noise(line)`: two uniforms and two normals.
 * Rows: e | pi (M) | mu x (M) | mu y (M) | sigma x (M) | sigma y (M) | rho (M) | stop.
 */
export function sample({ mixtures: m, bias, stop }, sums, noise, points) {
  const rows = 1 + 6 * m + (stop ? 1 : 0);
  for (let line = 0; line < points.length / 3; line++) {
    const at = line * rows;
    const [u, lift, z1, z2] = noise(line);
    let largest = -Infinity;
    for (let j = 0; j < m; j++) largest = Math.max(largest, sums[at + 1 + j]);
    let total = 0;
    for (let j = 0; j < m; j++) total += Math.exp((sums[at + 1 + j] - largest) * (1 + bias));
    let component = m - 1;
    let sum = 0;
    for (let j = 0; j < m; j++) {
      sum += Math.exp((sums[at + 1 + j] - largest) * (1 + bias)) / total;
      if (sum > u) {
        component = j;
        break;
      }
    }
    const row = (block) => sums[at + 1 + block * m + component];
    const rho = Math.tanh(row(5));
    points[3 * line] = row(1) + Math.exp(row(3) - bias) * z1;
    points[3 * line + 1] = row(2) + Math.exp(row(4) - bias) * (rho * z1 + Math.sqrt(1 - rho * rho) * z2);
    points[3 * line + 2] = lift < sigmoid(-sums[at]) ? 1 : 0;
  }
}
