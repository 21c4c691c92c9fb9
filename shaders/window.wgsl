// The soft window over the text, one timestep, all lines of the batch [G eqs 46-51]:
//
//   (alpha, beta, dkappa) = exp(W h + b),  kappa = kappa + dkappa,
//   phi(u) = sum over k of alpha exp(-beta (kappa - u)^2),  window(id) = sum of phi(u) where u is that character
//
// h is the hidden state of layer 0 at t. Twin: src/engine/cpu/window.rs.
//
// Threads: a workgroup owns a line. First LANES threads share the dot products of ROWS rows of W at
// a time; then each thread owns components, then characters of the line, then character ids. Each
// sum over characters is computed by one thread in the order of the line, so runs repeat bit for bit.
// Inputs of the later parts are loaded before the sums, so that these reads overlap them.

// Sizes, from the weights' metadata.
override HIDDEN: u32;     // octets of layer 0, which stands first in a row of `hidden`
override TOTAL: u32;      // octets of a row of `hidden`
override COMPONENTS: u32; // K
override IDS: u32;        // A, character ids
override INPUT: u32;      // octets of a row of `input`

// No character is in view while phi is not larger: the window is past the text, or has not reached
// it yet. Far above the subnormal numbers that some GPUs flush to 0.
const OUT_OF_VIEW = 1e-30;

// Characters of a line, and words of its text, that are cached in the workgroup's memory. The rest is
// read from the buffers.
const CACHED_PHI = 256u;
const CACHED_TEXT = 4u * THREADS;

const THREADS = 128u;
const LANES = 16u;
const ROWS = 4u; // rows per thread, which share its reads of h
const TEAMS = THREADS / LANES;
const SPAN = TEAMS * ROWS; // rows that the workgroup computes at a time
override ROUNDS = (HIDDEN + LANES - 1u) / LANES; // octets per lane

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> weight: array<vec4<u32>>;  // [3 K][HIDDEN], eight f16 each; rows alpha, beta, kappa
@group(0) @binding(2) var<storage, read> bias: array<f32>;          // [3 K]
@group(0) @binding(3) var<storage, read> hidden: array<vec4<f32>>;  // [N][2 TOTAL], of t
// [N][A + 1 + length], an inverted index of the line: A + 1 offsets into the positions, one per id and the
// end; then the positions u, sorted by id, then by u.
@group(0) @binding(4) var<storage, read> text: array<u32>;
@group(0) @binding(5) var<storage, read_write> lines: array<Line>;  // [N]
@group(0) @binding(6) var<storage, read_write> kappa: array<f32>;   // [N][K], in and out
@group(0) @binding(7) var<storage, read_write> phi: array<f32>;     // [N][length], out
@group(0) @binding(8) var<storage, read_write> input: array<f32>;   // [N][8 INPUT], out: window, after the point (3)

var<workgroup> shares: array<vec4<f32>, THREADS>; // [LANES][TEAMS]
// alpha | beta | kappa, after exp; kappa is the new position, not its increment.
var<workgroup> sums: array<f32, 3u * COMPONENTS>;
// The first words of the line's text, the first of its phi.
var<workgroup> cached_text: array<u32, CACHED_TEXT>;
var<workgroup> cached_phi: array<f32, CACHED_PHI>;
// The bits of the largest phi (the bits of floats from 0 up have the floats' order), and its first position.
var<workgroup> largest: atomic<u32>;
var<workgroup> maximum_at: atomic<u32>;

// Word k of the line's row of `text`, which starts at `row`.
fn word(row: u32, k: u32) -> u32 {
    if k < CACHED_TEXT {
        return cached_text[k];
    }
    return text[row + k];
}

// An octet of the line's h; zeros beyond its end.
fn columns(line: u32, octet: u32) -> Octet {
    let at = 2u * (line * TOTAL + min(octet, HIDDEN - 1u));
    return octet_or_zeros(octet < HIDDEN, hidden[at], hidden[at + 1u]);
}

// Rows beyond the last repeat it, and their results are discarded. Octets beyond the end of a row repeat
// the last one; `columns` has zeros for them.
fn weights(row: u32, octet: u32) -> Octet {
    return unpack(weight[min(row, 3u * COMPONENTS - 1u) * HIDDEN + min(octet, HIDDEN - 1u)]);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let line = group.x;
    let lane = thread % LANES;
    let length = lines[line].length;
    let row_of_text = line * (IDS + 1u + batch.length);
    // Beyond the row's end these are other lines' words, which are not used.
    var words: vec4<u32>;
    for (var k = 0u; k < 4u; k++) {
        words[k] = text[row_of_text + k * THREADS + thread];
    }

    // Sums W h + b, and their exponentials; kappa advances.
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
                octet_dot(weights(row, octet), h),
                octet_dot(weights(row + 1u, octet), h),
                octet_dot(weights(row + 2u, octet), h),
                octet_dot(weights(row + 3u, octet), h),
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
        cached_text[k * THREADS + thread] = words[k];
    }
    if thread == 0u {
        atomicStore(&largest, 0u);
        atomicStore(&maximum_at, length);
    }
    workgroupBarrier();

    // The weight of each character, and the first position of the largest. With no character in view the
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
        if u < CACHED_PHI {
            cached_phi[u] = sum;
        }
        if sum > best {
            best = sum;
            best_at = u;
        }
    }
    if best > OUT_OF_VIEW {
        atomicMax(&largest, bitcast<u32>(best));
    }
    if batch.length > CACHED_PHI {
        storageBarrier();
    }
    workgroupBarrier();
    if best > OUT_OF_VIEW && bitcast<u32>(best) == atomicLoad(&largest) {
        atomicMin(&maximum_at, best_at);
    }

    // The window: phi summed over each character's positions.
    for (var id = thread; id < IDS; id += THREADS) {
        var sum = 0.0;
        for (var k = word(row_of_text, id); k < word(row_of_text, id + 1u); k++) {
            let u = word(row_of_text, IDS + 1u + k);
            if u < CACHED_PHI {
                sum += cached_phi[u];
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
        if atomicLoad(&maximum_at) < length {
            lines[line].position = f32(atomicLoad(&maximum_at));
        }
        lines[line].kappa = sum / f32(COMPONENTS);
    }
}
