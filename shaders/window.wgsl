// The soft window over the text, one timestep, all lines of the batch [G eqs 46-51]:
//
//   (alpha, beta, dkappa) = exp(W h + b),  kappa = kappa + dkappa,
//   phi(u) = sum over k of alpha exp(-beta (kappa - u)^2),  window(id) = sum of phi(u) where u is that character
//
// h is the hidden state of layer 0 at t. Twin: src/cpu/window.rs.
//
// Threads: a workgroup owns a line. First LANES threads share the dot products of ROWS rows of W at
// a time; then each thread owns components, then characters of the line, then character ids. Every
// sum over characters is taken by one thread in the order of the line, so runs repeat bit for bit.

// Sizes, from the weights' metadata.
override HIDDEN: u32;     // H of layer 0, which stands first in a row of `hidden`
override TOTAL: u32;      // units of all layers: a row of `hidden`
override COMPONENTS: u32; // K
override IDS: u32;        // A, character ids

// Nothing is in view where phi is no larger: the window has run past the text, or has not come to
// it. Far above the numbers that some GPUs take for 0.
const OUT_OF_VIEW = 1e-30;

const THREADS = 128u;
const LANES = 16u;
const ROWS = 4u; // a thread's rows: they share what it reads of h
const SPAN = THREADS / LANES * ROWS; // rows that the workgroup takes at a time

// Quads of columns in a row of weights.
override QUADS = (HIDDEN + 3u) / 4u;

// The same in all three shaders.
struct Batch {
    lines: u32,  // N
    steps: u32,  // timesteps of a chunk
    length: u32, // characters of the longest line
}

struct Line {
    point: vec3<f32>, // input (dx, dy, pen) of the timestep
    position: f32,    // character under the window's maximum
    kappa: f32,       // mean of the window's kappa
    bias: f32,
    temperature: f32,
    length: u32,      // characters U, with the end mark
    step: u32,        // timestep within the chunk
}

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> weight: array<vec2<u32>>;  // [3 K][QUADS], two f16 to a word; rows alpha, beta, kappa
@group(0) @binding(2) var<storage, read> bias: array<f32>;          // [3 K]
@group(0) @binding(3) var<storage, read> hidden: array<f32>;        // [N][TOTAL], of t
// [N][A + 1 + length]: where each id's places start among the places, and behind the last one's
// their end; then the places u of the line, sorted by id, then by u.
@group(0) @binding(4) var<storage, read> text: array<u32>;
@group(0) @binding(5) var<storage, read_write> lines: array<Line>;  // [N]
@group(0) @binding(6) var<storage, read_write> kappa: array<f32>;   // [N][K], in and out
@group(0) @binding(7) var<storage, read_write> phi: array<f32>;     // [N][length], out
@group(0) @binding(8) var<storage, read_write> window: array<f32>;  // [N][A], out

var<workgroup> shares: array<vec4<f32>, THREADS>;
// alpha | beta | kappa, after exp; kappa is the new position, not its increment.
var<workgroup> sums: array<f32, 3u * COMPONENTS>;
// The largest phi that a thread has seen, and where.
var<workgroup> largest: array<f32, THREADS>;
var<workgroup> places: array<u32, THREADS>;

// Threads past the last row repeat it, and are not listened to.
fn weights(row: u32, quad: u32) -> vec4<f32> {
    let halves = weight[min(row, 3u * COMPONENTS - 1u) * QUADS + quad];
    return vec4(unpack2x16float(halves[0]), unpack2x16float(halves[1]));
}

// Column `column` of h, 0 beyond the last.
fn input(line: u32, column: u32) -> f32 {
    if column < HIDDEN {
        return hidden[line * TOTAL + column];
    }
    return 0.0;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let line = group.x;
    let lane = thread % LANES;

    // Sums W h + b, and their exponentials.
    for (var first = 0u; first < 3u * COMPONENTS; first += SPAN) {
        let row = first + thread / LANES * ROWS;
        var share = vec4(0.0);
        for (var quad = lane; quad < QUADS; quad += LANES) {
            let column = 4u * quad;
            let h = vec4(
                input(line, column),
                input(line, column + 1u),
                input(line, column + 2u),
                input(line, column + 3u),
            );
            share += vec4(
                dot(weights(row, quad), h),
                dot(weights(row + 1u, quad), h),
                dot(weights(row + 2u, quad), h),
                dot(weights(row + 3u, quad), h),
            );
        }
        shares[thread] = share;
        workgroupBarrier();
        if thread < SPAN && first + thread < 3u * COMPONENTS {
            var sum = bias[first + thread];
            for (var k = 0u; k < LANES; k++) {
                sum += shares[thread / ROWS * LANES + k][thread % ROWS];
            }
            sums[first + thread] = exp(sum);
        }
        workgroupBarrier();
    }

    // The window moves on.
    for (var k = thread; k < COMPONENTS; k += THREADS) {
        let moved = kappa[line * COMPONENTS + k] + sums[2u * COMPONENTS + k];
        kappa[line * COMPONENTS + k] = moved;
        sums[2u * COMPONENTS + k] = moved;
    }
    workgroupBarrier();

    // How much of each character is in view, and the first of the largest. With nothing in view the
    // position stays.
    let length = lines[line].length;
    var best = OUT_OF_VIEW;
    var place = 0u;
    for (var u = thread; u < length; u += THREADS) {
        var sum = 0.0;
        for (var k = 0u; k < COMPONENTS; k++) {
            let distance = sums[2u * COMPONENTS + k] - f32(u);
            sum += sums[k] * exp(-sums[COMPONENTS + k] * distance * distance);
        }
        phi[line * batch.length + u] = sum;
        if sum > best {
            best = sum;
            place = u;
        }
    }
    largest[thread] = best;
    places[thread] = place;
    storageBarrier();
    workgroupBarrier();

    // The window: phi summed over each character's places.
    let text_at = line * (IDS + 1u + batch.length);
    for (var id = thread; id < IDS; id += THREADS) {
        var sum = 0.0;
        for (var k = text[text_at + id]; k < text[text_at + id + 1u]; k++) {
            sum += phi[line * batch.length + text[text_at + IDS + 1u + k]];
        }
        window[line * IDS + id] = sum;
    }

    if thread == 0u {
        for (var k = 1u; k < min(THREADS, length); k++) {
            if largest[k] > best || (largest[k] == best && places[k] < place) {
                best = largest[k];
                place = places[k];
            }
        }
        var sum = 0.0;
        for (var k = 0u; k < COMPONENTS; k++) {
            sum += sums[2u * COMPONENTS + k];
        }
        if best > OUT_OF_VIEW {
            lines[line].position = f32(place);
        }
        lines[line].kappa = sum / f32(COMPONENTS);
    }
}
