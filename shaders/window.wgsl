// The soft window over the text, one timestep, all lines of the batch [G eqs 46-51]:
//
//   (alpha, beta, dkappa) = exp(W h + b),  kappa = kappa + dkappa,
//   phi(u) = sum over k of alpha exp(-beta (kappa - u)^2),  window(id) = sum of phi(u) where u is that character
//
// h is the hidden state of layer 0 at t. Twin: src/engine/cpu/window.rs.
//
// Threads: a workgroup owns a line. First it computes W h (dense.wgsl); then each thread owns components, then
// characters of the line, then character ids. Inputs of the later parts are loaded before the sums, so that these reads
// overlap them.

// Sizes, from the weights' metadata.
override COMPONENTS: u32; // K
override IDS: u32;        // A, character ids
override INPUT: u32;      // vec4s of a row of `input`

override OUTPUTS = 3u * COMPONENTS; // rows of W: alpha, beta, kappa

const THREADS = 128u;
const LANES = 16u;

// Characters of a line, and words of its text, that are cached in the workgroup's memory. The rest is
// read from the buffers.
const CACHED_PHI = 256u;
const CACHED_TEXT = 4u * THREADS;

// Largest alpha, Q10; largest beta, Q12; largest kappa and its largest move, Q16.
const MOST_ALPHA = 32767;
const MOST_BETA = 1048576;
const MOST_KAPPA = 1073741824;
const MOST_MOVE = 536870912;
// Characters farther away than 16 are not seen by a component: Q16.
const REACH = 1048576;
// Largest exponent times 2^12, see `decay`.
const MOST_EXPONENT = 67108863u;
// Largest phi, Q15: 32.
const MOST_PHI = 1048576u;

// [N][A + 1 + length], an inverted index of the line: A + 1 offsets into the positions, one per id and the
// end; then the positions u, sorted by id, then by u.
@group(0) @binding(4) var<storage, read> text: array<u32>;
@group(0) @binding(5) var<storage, read_write> lines: array<Line>; // [N]
@group(0) @binding(6) var<storage, read_write> kappa: array<i32>;  // [N][K], Q16, in and out
@group(0) @binding(7) var<storage, read_write> phi: array<u32>;    // [N][length], Q15, out
@group(0) @binding(8) var<storage, read_write> input: array<i32>;  // [N][4 INPUT], out: window, Q10, after the point (3)

// alpha, Q10 | beta, Q12 | kappa, Q16: the new position, not its increment.
var<workgroup> sums: array<i32, OUTPUTS>;
// Largest square of a distance, Q8, with which beta is multiplied.
var<workgroup> farthest: array<u32, COMPONENTS>;
// The first words of the line's text, the first of its phi.
var<workgroup> cached_text: array<u32, CACHED_TEXT>;
var<workgroup> cached_phi: array<u32, CACHED_PHI>;
// The largest phi, and its first position.
var<workgroup> largest: atomic<u32>;
var<workgroup> maximum_at: atomic<u32>;

// Word k of the line's row of `text`, which starts at `row`.
fn word(row: u32, k: u32) -> u32 {
    if k < CACHED_TEXT {
        return cached_text[k];
    }
    return text[row + k];
}

// What component k adds to phi of the character at u, which is below 2^14.
fn seen(k: u32, u: u32) -> u32 {
    let away = sums[2u * COMPONENTS + k] - i32(u << 16u);
    if abs(away) >= REACH {
        return 0u;
    }
    let distance = rsh(away, 5u);
    let square = u32(distance * distance) >> 12u;
    if square > farthest[k] {
        return 0u;
    }
    let exponent = (u32(sums[COMPONENTS + k]) * square) >> 12u;
    return (u32(sums[k]) * decay(i32(exponent))) >> 11u;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let line = group.x;
    let length = lines[line].length;
    let row_of_text = line * (IDS + 1u + batch.length);
    // Beyond the row's end these are other lines' words, which are not used.
    var words: vec4<u32>;
    for (var k = 0u; k < 4u; k++) {
        words[k] = text[row_of_text + k * THREADS + thread];
    }

    // Sums W h + b, and their exponentials; kappa advances.
    for (var first = 0u; first < OUTPUTS; first += SPAN) {
        let own = first + thread;
        let is_owner = thread < SPAN && own < OUTPUTS;
        let kappa_at = line * COMPONENTS + own - 2u * COMPONENTS;
        var own_row = vec2(0);
        var old = 0;
        if is_owner {
            own_row = rows[own];
            if own >= 2u * COMPONENTS {
                old = kappa[kappa_at];
            }
        }
        share_rows(line, first, thread);
        if is_owner {
            let sum = rescale(row_sum(thread), own_row.x, SHIFT) + own_row.y;
            if own < COMPONENTS {
                sums[own] = fixed(sum, 10, MOST_ALPHA);
            } else if own < 2u * COMPONENTS {
                let beta = max(fixed(sum, 12, MOST_BETA), 1);
                sums[own] = beta;
                farthest[own - COMPONENTS] = MOST_EXPONENT / u32(beta);
            } else {
                sums[own] = min(old + fixed(sum, 16, MOST_MOVE), MOST_KAPPA);
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
    var best = 0u;
    var best_at = 0u;
    for (var u = thread; u < length; u += THREADS) {
        var sum = 0u;
        for (var k = 0u; k < COMPONENTS; k++) {
            sum += seen(k, u);
        }
        sum = min(sum, MOST_PHI);
        phi[line * batch.length + u] = sum;
        if u < CACHED_PHI {
            cached_phi[u] = sum;
        }
        if sum > best {
            best = sum;
            best_at = u;
        }
    }
    atomicMax(&largest, best);
    if batch.length > CACHED_PHI {
        storageBarrier();
    }
    workgroupBarrier();
    if best > 0u && best == atomicLoad(&largest) {
        atomicMin(&maximum_at, best_at);
    }

    // The window: phi summed over each character's positions.
    for (var id = thread; id < IDS; id += THREADS) {
        var sum = 0u;
        for (var k = word(row_of_text, id); k < word(row_of_text, id + 1u); k++) {
            let u = word(row_of_text, IDS + 1u + k);
            var own = 0u;
            if u < CACHED_PHI {
                own = cached_phi[u];
            } else {
                own = phi[line * batch.length + u];
            }
            sum = min(sum + own, MOST_PHI);
        }
        input[4u * line * INPUT + 3u + id] = rsh(i32(sum), 5u);
    }
    workgroupBarrier();

    if thread == 0u {
        var sum = 0u;
        for (var k = 0u; k < COMPONENTS; k++) {
            sum += u32(sums[2u * COMPONENTS + k]) / COMPONENTS;
        }
        if atomicLoad(&maximum_at) < length {
            lines[line].position = atomicLoad(&maximum_at);
        }
        lines[line].kappa = sum >> 6u;
    }
}
