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
// What the later parts need is asked for before the sums, so that nothing is waited for behind them.

// Sizes, from the weights' metadata.
override HIDDEN: u32;     // octets of layer 0, which stands first in a row of `hidden`
override TOTAL: u32;      // octets of a row of `hidden`
override COMPONENTS: u32; // K
override IDS: u32;        // A, character ids
override INPUT: u32;      // octets of a row of `input`

// Nothing is in view where phi is no larger: the window has run past the text, or has not come to
// it. Far above the numbers that some GPUs take for 0.
const OUT_OF_VIEW = 1e-30;

// Characters of a line, and words of its text, that have a place in the workgroup's memory. What is
// beyond is read where it lies.
const NEAR_PHI = 256u;
const NEAR_TEXT = 4u * THREADS;

const THREADS = 128u;
const LANES = 16u;
const ROWS = 4u; // a thread's rows: they share what it reads of h
const TEAMS = THREADS / LANES;
const SPAN = TEAMS * ROWS; // rows that the workgroup takes at a time
override ROUNDS = (HIDDEN + LANES - 1u) / LANES; // octets that each lane takes

// The same in all three shaders.
struct Batch {
    lines: u32,  // N
    steps: u32,  // timesteps of a chunk
    length: u32, // characters of the longest line
}

struct Line {
    position: f32,    // character under the window's maximum
    kappa: f32,       // mean of the window's kappa
    bias: f32,
    temperature: f32,
    length: u32,      // characters U, with the end mark
    step: u32,        // timestep within the chunk
}

// Eight neighbouring columns.
struct Octet {
    low: vec4<f32>,
    high: vec4<f32>,
}

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> weight: array<vec4<u32>>;  // [3 K][HIDDEN], eight f16 each; rows alpha, beta, kappa
@group(0) @binding(2) var<storage, read> bias: array<f32>;          // [3 K]
@group(0) @binding(3) var<storage, read> hidden: array<vec4<f32>>;  // [N][2 TOTAL], of t
// [N][A + 1 + length]: where each id's places start among the places, and behind the last one's
// their end; then the places u of the line, sorted by id, then by u.
@group(0) @binding(4) var<storage, read> text: array<u32>;
@group(0) @binding(5) var<storage, read_write> lines: array<Line>;  // [N]
@group(0) @binding(6) var<storage, read_write> kappa: array<f32>;   // [N][K], in and out
@group(0) @binding(7) var<storage, read_write> phi: array<f32>;     // [N][length], out
@group(0) @binding(8) var<storage, read_write> input: array<f32>;   // [N][8 INPUT], out: window, behind the point (3)

var<workgroup> shares: array<vec4<f32>, THREADS>; // [LANES][TEAMS]
// alpha | beta | kappa, after exp; kappa is the new position, not its increment.
var<workgroup> sums: array<f32, 3u * COMPONENTS>;
// The first words of the line's text, the first of its phi.
var<workgroup> near_text: array<u32, NEAR_TEXT>;
var<workgroup> near_phi: array<f32, NEAR_PHI>;
// Bits of the largest phi, which order as numbers from 0 up do, and the first place that has it.
var<workgroup> largest: atomic<u32>;
var<workgroup> place: atomic<u32>;

// Word k of the line's row of `text`, which starts at `row`.
fn word(row: u32, k: u32) -> u32 {
    if k < NEAR_TEXT {
        return near_text[k];
    }
    return text[row + k];
}

// An octet of the line's h; zeros beyond its end.
fn columns(line: u32, octet: u32) -> Octet {
    let at = 2u * (line * TOTAL + min(octet, HIDDEN - 1u));
    let there = octet < HIDDEN;
    return Octet(select(vec4(0.0), hidden[at], there), select(vec4(0.0), hidden[at + 1u], there));
}

// Threads past the last row repeat it, and are not listened to. Octets beyond the end of a row are
// its last, and their columns are zeros.
fn weights(row: u32, octet: u32) -> Octet {
    let halves = weight[min(row, 3u * COMPONENTS - 1u) * HIDDEN + min(octet, HIDDEN - 1u)];
    return Octet(
        vec4(unpack2x16float(halves[0]), unpack2x16float(halves[1])),
        vec4(unpack2x16float(halves[2]), unpack2x16float(halves[3])),
    );
}

fn product(w: Octet, x: Octet) -> f32 {
    return dot(w.low, x.low) + dot(w.high, x.high);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let line = group.x;
    let lane = thread % LANES;
    let length = lines[line].length;
    let row_of_text = line * (IDS + 1u + batch.length);
    // Beyond the row's end it is the next line's, or whatever there is, and is not listened to.
    var words: vec4<u32>;
    for (var k = 0u; k < 4u; k++) {
        words[k] = text[row_of_text + k * THREADS + thread];
    }

    // Sums W h + b, and their exponentials; the window moves on.
    for (var first = 0u; first < 3u * COMPONENTS; first += SPAN) {
        let own = first + thread;
        let is_owner = thread < SPAN && own < 3u * COMPONENTS;
        let kappa_at = line * COMPONENTS + own - 2u * COMPONENTS;
        var own_bias = 0.0;
        var old = 0.0;
        if is_owner {
            own_bias = bias[own];
            if own >= 2u * COMPONENTS {
                old = kappa[kappa_at];
            }
        }
        let row = first + thread / LANES * ROWS;
        var share = vec4(0.0);
        for (var round = 0u; round < ROUNDS; round++) {
            let octet = round * LANES + lane;
            let h = columns(line, octet);
            share += vec4(
                product(weights(row, octet), h),
                product(weights(row + 1u, octet), h),
                product(weights(row + 2u, octet), h),
                product(weights(row + 3u, octet), h),
            );
        }
        shares[lane * TEAMS + thread / LANES] = share;
        workgroupBarrier();
        if is_owner {
            var sum = own_bias;
            for (var k = 0u; k < LANES; k++) {
                sum += shares[k * TEAMS + thread / ROWS][thread % ROWS];
            }
            sums[own] = old + exp(sum);
            if own >= 2u * COMPONENTS {
                kappa[kappa_at] = sums[own];
            }
        }
        workgroupBarrier();
    }
    for (var k = 0u; k < 4u; k++) {
        near_text[k * THREADS + thread] = words[k];
    }
    if thread == 0u {
        atomicStore(&largest, 0u);
        atomicStore(&place, length);
    }
    workgroupBarrier();

    // How much of each character is in view, and the first of the largest. With nothing in view the
    // position stays.
    var best = OUT_OF_VIEW;
    var best_at = 0u;
    for (var u = thread; u < length; u += THREADS) {
        var sum = 0.0;
        for (var k = 0u; k < COMPONENTS; k++) {
            let distance = sums[2u * COMPONENTS + k] - f32(u);
            sum += sums[k] * exp(-sums[COMPONENTS + k] * distance * distance);
        }
        phi[line * batch.length + u] = sum;
        if u < NEAR_PHI {
            near_phi[u] = sum;
        }
        if sum > best {
            best = sum;
            best_at = u;
        }
    }
    if best > OUT_OF_VIEW {
        atomicMax(&largest, bitcast<u32>(best));
    }
    if batch.length > NEAR_PHI {
        storageBarrier();
    }
    workgroupBarrier();
    if best > OUT_OF_VIEW && bitcast<u32>(best) == atomicLoad(&largest) {
        atomicMin(&place, best_at);
    }

    // The window: phi summed over each character's places.
    for (var id = thread; id < IDS; id += THREADS) {
        var sum = 0.0;
        for (var k = word(row_of_text, id); k < word(row_of_text, id + 1u); k++) {
            let u = word(row_of_text, IDS + 1u + k);
            if u < NEAR_PHI {
                sum += near_phi[u];
            } else {
                sum += phi[line * batch.length + u];
            }
        }
        input[8u * line * INPUT + 3u + id] = sum;
    }
    workgroupBarrier();

    if thread == 0u {
        var sum = 0.0;
        for (var k = 0u; k < COMPONENTS; k++) {
            sum += sums[2u * COMPONENTS + k];
        }
        if atomicLoad(&place) < length {
            lines[line].position = f32(atomicLoad(&place));
        }
        lines[line].kappa = sum / f32(COMPONENTS);
    }
}
