// One LSTM layer, one timestep, all lines of the batch [G eqs 7-11, without peepholes]:
//
//   i, f, o = sigmoid(W x + b),  g = tanh(W x + b),  c = f c + i g,  h = o tanh(c)
//
// x is the layer's input vector: [ point, window | hidden below at t | own hidden at t - 1 ], each of
// the three parts padded with zeros to whole octets of columns. Twin: src/cpu/lstm.rs.
//
// Above the lowest layer there are also workgroups that add to the output layer's sums what the layer
// below gives, y = y + V h: mixture.wgsl has one workgroup for each line, which would take long over it.
//
// Threads: a workgroup owns LINES lines and UNITS hidden units, or as many times four rows of V. LANES
// threads share the four dot products of one unit: thread `lane` takes octet `lane` of each part, then
// those LANES further, so that neighbours read neighbouring words. A weight that was read serves all
// LINES lines. Nothing branches or waits between one read and the next, so that all are under way at
// once; lines past the last read what there is (WGSL keeps that within the buffers) and are not listened
// to. Then one thread per unit and line adds up the lanes and moves the cell, and one per line writes its UNITS
// hidden states, which are one vec4.

// Sizes, from the weights' metadata; those of vectors in octets.
override HIDDEN: u32;   // H, units of this layer
override INPUT: u32;    // octets of point and window
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
override UNIT_GROUPS = (HIDDEN + UNITS - 1u) / UNITS; // the workgroups that own units; others own rows of V

// The same in all three shaders.
struct Batch {
    lines: u32,  // N
    steps: u32,  // timesteps of a chunk
    length: u32, // characters of the longest line
}

// Eight neighbouring columns.
struct Octet {
    low: vec4<f32>,
    high: vec4<f32>,
}

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
@group(0) @binding(5) var<storage, read_write> hidden: array<vec4<f32>>; // [N][2 TOTAL], of t: the layers below are done
@group(0) @binding(6) var<storage, read_write> cell: array<f32>;         // [N][8 TOTAL], in and out
@group(0) @binding(7) var<storage, read_write> output: array<f32>;       // [N][ROW]: y of the layers up to the one below

// Each thread's sums, [LANES][UNITS][LINES].
var<workgroup> shares: array<vec4<f32>, LINES * THREADS>;
// What the workgroup writes, [LINES][UNITS].
var<workgroup> states: array<f32, LINES * UNITS>;

fn weights(at: u32) -> Octet {
    let halves = weight[at];
    return Octet(
        vec4(unpack2x16float(halves[0]), unpack2x16float(halves[1])),
        vec4(unpack2x16float(halves[2]), unpack2x16float(halves[3])),
    );
}

// An octet of a unit's rows of W.
fn gates(unit: u32, octet: u32) -> Rows {
    let at = unit * OCTETS + octet;
    let next = HIDDEN * OCTETS;
    return Rows(weights(at), weights(at + next), weights(at + 2u * next), weights(at + 3u * next));
}

// An octet of four rows of V, from `row` on. Rows past the last repeat it, and are not listened to.
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

fn product(w: Octet, x: Octet) -> f32 {
    return dot(w.low, x.low) + dot(w.high, x.high);
}

fn products(w: Rows, x: Octet) -> vec4<f32> {
    return vec4(product(w.i, x), product(w.f, x), product(w.g, x), product(w.o, x));
}

// Zeros for an octet that does not exist, in whose place the last was read.
fn if_there(there: bool, low: vec4<f32>, high: vec4<f32>) -> Octet {
    return Octet(select(vec4(0.0), low, there), select(vec4(0.0), high, there));
}

fn at_most(octet: u32, octets: u32) -> u32 {
    return min(octet, octets - 1u);
}

// An octet of a line's hidden states below.
fn below(line: u32, octet: u32) -> Octet {
    let at = 2u * (line * TOTAL + BELOW_AT + at_most(octet, BELOW));
    return if_there(octet < BELOW, hidden[at], hidden[at + 1u]);
}

// Both are exact at either end, whatever the driver's exp and tanh do with large arguments.
fn sigmoid(x: f32) -> f32 {
    return 1.0 / (1.0 + exp(clamp(-x, -80.0, 80.0)));
}

fn tangent(x: f32) -> f32 {
    let e = exp(-2.0 * min(abs(x), 40.0));
    return sign(x) * (1.0 - e) / (1.0 + e);
}

// Puts a thread's sums where the threads below read neighbouring words, lane after lane.
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

// Moves the units of a workgroup.
fn step(group: u32, first_line: u32, thread: u32) {
    // What the cell needs is asked for first, so that it is there when the sums are.
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
            sums[line] += products(w, if_there(octet < INPUT, input[at], input[at + 1u]));
        }
    }
    for (var round = 0u; round < (BELOW + LANES - 1u) / LANES; round++) {
        let octet = round * LANES + lane;
        let w = gates(unit, INPUT + at_most(octet, BELOW));
        for (var line = 0u; line < LINES; line++) {
            sums[line] += products(w, below(first_line + line, octet));
        }
    }
    for (var round = 0u; round < (OWN + LANES - 1u) / LANES; round++) {
        let octet = round * LANES + lane;
        let w = gates(unit, INPUT + BELOW + at_most(octet, OWN));
        for (var line = 0u; line < LINES; line++) {
            let at = 2u * ((first_line + line) * TOTAL + OWN_AT + at_most(octet, OWN));
            sums[line] += products(w, if_there(octet < OWN, hidden_old[at], hidden_old[at + 1u]));
        }
    }
    share(thread, sums);

    if thread < UNITS * LINES {
        let sum = shared_sum(thread) + gate_bias;
        let c = sigmoid(sum[1]) * old + sigmoid(sum[0]) * tangent(sum[2]);
        let is_owner = own_unit < HIDDEN && own_line < batch.lines;
        if is_owner {
            cell[cell_at] = c;
        }
        // Units past the last are the padding of a row, and stay 0.
        states[thread % LINES * UNITS + thread / LINES] = select(0.0, sigmoid(sum[3]) * tangent(c), is_owner);
    }
    workgroupBarrier();

    if thread < LINES && first_line + thread < batch.lines {
        let at = thread * UNITS;
        hidden[2u * ((first_line + thread) * TOTAL + OWN_AT) + group] =
            vec4(states[at], states[at + 1u], states[at + 2u], states[at + 3u]);
    }
}

// Adds what the layer below gives to the output layer's sums.
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
            sums[line] += products(w, below(first_line + line, octet));
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
