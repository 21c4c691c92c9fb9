// One LSTM layer, one timestep, all lines of the batch [G eqs 7-11, without peepholes]:
//
//   i, f, o = sigmoid(W x + b),  g = tanh(W x + b),  c = f c + i g,  h = o tanh(c)
//
// x is the layer's input vector: [ point, window | hidden below at t | own hidden at t - 1 ], each of
// the three parts padded with zeros to whole octets of columns. Twin: src/engine/cpu/lstm.rs.
//
// Above the lowest layer there are also workgroups that add the products of the layer below to the output
// layer's sums, y = y + V h: mixture.wgsl has only one workgroup per line, which would be slow at that.
//
// Threads: a workgroup owns LINES lines and UNITS hidden units, or UNITS times four rows of V. LANES
// threads share the four dot products of one unit: thread `lane` takes octet `lane` of each part, then
// octet `lane + LANES` and so on, so that reads of neighbouring threads coalesce. Each weight that is read is used
// for all LINES lines. There are no branches or barriers between the reads, so that all are in flight at
// once; lines beyond the last read whatever is there (WGSL clamps that to the buffers), and their results are
// discarded. Then one thread per unit and line sums over the lanes and updates the cell, and one per line writes
// its UNITS hidden states, which are one vec4.

// Sizes, from the weights' metadata; vectors are measured in octets.
override HIDDEN: u32;   // H, units of this layer
override INPUT: u32;    // of point and window
override BELOW: u32;    // of the layer below, 0 for the lowest
override BELOW_AT: u32; // where it starts in a row of `hidden`
override OWN_AT: u32;   // where this layer starts
override TOTAL: u32;    // octets of a row of `hidden`
override OUTPUTS: u32;  // R, rows of V
override ROW: u32;      // numbers in a row of `output`
override LINES: u32;    // lines that share a weight: 1 to MAX_LINES
override LANES: u32;    // threads that share a unit

const MAX_LINES = 4u;
const UNITS = 4u;
override THREADS = UNITS * LANES;

override OWN = (HIDDEN + 7u) / 8u;
override OCTETS = INPUT + BELOW + OWN; // in a row of W
override UNIT_GROUPS = (HIDDEN + UNITS - 1u) / UNITS; // the first workgroups own units, the others rows of V

// The same columns of four rows: of a unit's gates i, f, g, o, or of V.
struct Rows {
    i: Octet,
    f: Octet,
    g: Octet,
    o: Octet,
}

@group(0) @binding(0) var<uniform> batch: Batch;
// W: [4 H][OCTETS], eight f16 each; rows i, f, g, o. Behind it V: [R][BELOW].
@group(0) @binding(1) var<storage, read> weight: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;               // [N][4 H], the line's style folded in
@group(0) @binding(3) var<storage, read> input: array<vec4<f32>>;        // [N][2 INPUT]: point | window
@group(0) @binding(4) var<storage, read> hidden_old: array<vec4<f32>>;   // [N][2 TOTAL], of t - 1
@group(0) @binding(5) var<storage, read_write> hidden: array<vec4<f32>>; // [N][2 TOTAL], of t: the layers below are complete
@group(0) @binding(6) var<storage, read_write> cell: array<f32>;         // [N][8 TOTAL], in and out
@group(0) @binding(7) var<storage, read_write> output: array<f32>;       // [N][ROW]: y of the layers up to the one below

// Each thread's sums, [LANES][UNITS][LINES].
var<workgroup> shares: array<vec4<f32>, LINES * THREADS>;
// What the workgroup writes, [LINES][UNITS].
var<workgroup> states: array<f32, LINES * UNITS>;

fn weights(at: u32) -> Octet {
    return unpack(weight[at]);
}

// An octet of a unit's rows of W.
fn gates(unit: u32, octet: u32) -> Rows {
    let at = unit * OCTETS + octet;
    let next = HIDDEN * OCTETS;
    return Rows(weights(at), weights(at + next), weights(at + 2u * next), weights(at + 3u * next));
}

// An octet of four rows of V, from `row` on. Rows beyond the last repeat it, and their results are discarded.
fn outputs(row: u32, octet: u32) -> Rows {
    let at = 4u * HIDDEN * OCTETS + octet;
    let last = OUTPUTS - 1u;
    return Rows(
        weights(at + min(row, last) * BELOW),
        weights(at + min(row + 1u, last) * BELOW),
        weights(at + min(row + 2u, last) * BELOW),
        weights(at + min(row + 3u, last) * BELOW),
    );
}

fn row_dots(w: Rows, x: Octet) -> vec4<f32> {
    return vec4(octet_dot(w.i, x), octet_dot(w.f, x), octet_dot(w.g, x), octet_dot(w.o, x));
}

fn at_most(octet: u32, octets: u32) -> u32 {
    return min(octet, octets - 1u);
}

// An octet of a line's hidden states below.
fn below(line: u32, octet: u32) -> Octet {
    let at = 2u * (line * TOTAL + BELOW_AT + at_most(octet, BELOW));
    return octet_or_zeros(octet < BELOW, hidden[at], hidden[at + 1u]);
}

// Stores a thread's sums so that the threads of `shared_sum` read neighbouring words.
fn share(thread: u32, sums: array<vec4<f32>, MAX_LINES>) {
    for (var line = 0u; line < LINES; line++) {
        shares[(thread % LANES * UNITS + thread / LANES) * LINES + line] = sums[line];
    }
    workgroupBarrier();
}

// The sums of all lanes, of unit thread / LINES and line thread % LINES.
fn shared_sum(thread: u32) -> vec4<f32> {
    var sum = vec4(0.0);
    for (var lane = 0u; lane < LANES; lane++) {
        sum += shares[lane * UNITS * LINES + thread];
    }
    return sum;
}

// Advances the units of a workgroup.
fn step(group: u32, first_line: u32, thread: u32) {
    // Loaded first, so that these reads overlap the sums.
    let own_unit = group * UNITS + thread / LINES;
    let own_line = first_line + thread % LINES;
    let cell_at = 8u * (own_line * TOTAL + OWN_AT) + own_unit;
    var gate_bias = vec4(0.0);
    var old = 0.0;
    if thread < UNITS * LINES {
        let row = own_line * 4u * HIDDEN + own_unit;
        gate_bias = vec4(bias[row], bias[row + HIDDEN], bias[row + 2u * HIDDEN], bias[row + 3u * HIDDEN]);
        old = cell[cell_at];
    }

    let lane = thread % LANES;
    let unit = min(group * UNITS + thread / LANES, HIDDEN - 1u);
    var sums: array<vec4<f32>, MAX_LINES>;
    for (var round = 0u; round < (INPUT + LANES - 1u) / LANES; round++) {
        let octet = round * LANES + lane;
        let w = gates(unit, at_most(octet, INPUT));
        for (var line = 0u; line < LINES; line++) {
            let at = 2u * ((first_line + line) * INPUT + at_most(octet, INPUT));
            sums[line] += row_dots(w, octet_or_zeros(octet < INPUT, input[at], input[at + 1u]));
        }
    }
    for (var round = 0u; round < (BELOW + LANES - 1u) / LANES; round++) {
        let octet = round * LANES + lane;
        let w = gates(unit, INPUT + at_most(octet, BELOW));
        for (var line = 0u; line < LINES; line++) {
            sums[line] += row_dots(w, below(first_line + line, octet));
        }
    }
    for (var round = 0u; round < (OWN + LANES - 1u) / LANES; round++) {
        let octet = round * LANES + lane;
        let w = gates(unit, INPUT + BELOW + at_most(octet, OWN));
        for (var line = 0u; line < LINES; line++) {
            let at = 2u * ((first_line + line) * TOTAL + OWN_AT + at_most(octet, OWN));
            sums[line] += row_dots(w, octet_or_zeros(octet < OWN, hidden_old[at], hidden_old[at + 1u]));
        }
    }
    share(thread, sums);

    if thread < UNITS * LINES {
        let sum = shared_sum(thread) + gate_bias;
        let c = sigmoid(sum[1]) * old + sigmoid(sum[0]) * safe_tanh(sum[2]);
        let is_owner = own_unit < HIDDEN && own_line < batch.lines;
        if is_owner {
            cell[cell_at] = c;
        }
        // Units beyond the last are the padding of a row, and stay 0.
        states[thread % LINES * UNITS + thread / LINES] = select(0.0, sigmoid(sum[3]) * safe_tanh(c), is_owner);
    }
    workgroupBarrier();

    if thread < LINES && first_line + thread < batch.lines {
        let at = thread * UNITS;
        hidden[2u * ((first_line + thread) * TOTAL + OWN_AT) + group] =
            vec4(states[at], states[at + 1u], states[at + 2u], states[at + 3u]);
    }
}

// Adds the products of the layer below to the output layer's sums.
fn add_outputs(group: u32, first_line: u32, thread: u32) {
    let own_row = 4u * (group * UNITS + thread / LINES);
    let own_line = first_line + thread % LINES;
    let output_at = own_line * ROW + own_row;
    var old = vec4(0.0);
    if thread < UNITS * LINES && BELOW_AT > 0u {
        for (var k = 0u; k < 4u; k++) {
            old[k] = output[output_at + k];
        }
    }

    let lane = thread % LANES;
    let row = 4u * (group * UNITS + thread / LANES);
    var sums: array<vec4<f32>, MAX_LINES>;
    for (var round = 0u; round < (BELOW + LANES - 1u) / LANES; round++) {
        let octet = round * LANES + lane;
        let w = outputs(row, at_most(octet, BELOW));
        for (var line = 0u; line < LINES; line++) {
            sums[line] += row_dots(w, below(first_line + line, octet));
        }
    }
    share(thread, sums);

    if thread < UNITS * LINES && own_line < batch.lines {
        let sum = old + shared_sum(thread);
        for (var k = 0u; k < 4u; k++) {
            if own_row + k < OUTPUTS {
                output[output_at + k] = sum[k];
            }
        }
    }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    if group.x < UNIT_GROUPS {
        step(group.x, group.y * LINES, thread);
    } else {
        add_outputs(group.x - UNIT_GROUPS, group.y * LINES, thread);
    }
}
