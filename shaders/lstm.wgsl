// One LSTM layer, one timestep, all lines of the batch [G eqs 7-11, without peepholes]:
//
//   i, f, o = sigmoid(W x + b),  g = tanh(W x + b),  c = f c + i g,  h = o tanh(c)
//
// x is the layer's input vector: [ point, window | hidden below at t | own hidden at t - 1 ], the first part in i32, the
// others in bytes; each part of a row of W is padded with zeros to whole blocks. Twin: src/engine/cpu/lstm.rs.
//
// Above the lowest layer there are also workgroups that add the products of the layer below to the output
// layer's sums, y = y + V h: mixture.wgsl has only one workgroup per line, which would be slow at that.
//
// Threads: a workgroup owns LINES lines and UNITS hidden units, or UNITS times four rows of V. LANES
// threads share the four dot products of one unit: thread `lane` takes block `lane` of each part, then
// block `lane + LANES` and so on, so that reads of neighbouring threads coalesce. Each weight that is read is used
// for all LINES lines. There are no branches or barriers between the reads, so that all are in flight at
// once; lines beyond the last read whatever is there (WGSL clamps that to the buffers), and their results are
// discarded. Then one thread per unit and line sums over the lanes and updates the cell, and one per line writes
// its UNITS hidden states, which are one word.

// Sizes, from the weights' metadata.
override HIDDEN: u32;  // H, units of this layer
override INPUT: u32;   // vec4s of a row of `input`, and words of weights for them
override BELOW: u32;   // blocks of the layer below, 0 for the lowest
override OUTPUTS: u32; // R, rows of V
override ROW: u32;     // numbers in a row of `output`
override ADDS: bool;   // whether `output` has sums of the layers further below
override SHIFT: u32;   // k of all rows of W
override LINES: u32;   // lines that share a weight: 1 to MAX_LINES
override LANES: u32;   // threads that share a unit

const MAX_LINES = 4u;
const UNITS = 4u;
override THREADS = UNITS * LANES;

override OWN = (HIDDEN + 15u) / 16u;                  // blocks of this layer
override INPUT_BLOCKS = (INPUT + 3u) / 4u;
override BLOCKS = INPUT_BLOCKS + BELOW + OWN;         // in a row of W
override UNIT_GROUPS = (HIDDEN + UNITS - 1u) / UNITS; // the first workgroups own units, the others rows of V

const MOST_CELL = 32767;
const MOST_HIDDEN = 127;

// The same columns of four rows: of a unit's gates i, f, g, o, or of V.
struct Rows {
    i: vec4<u32>,
    f: vec4<u32>,
    g: vec4<u32>,
    o: vec4<u32>,
}

@group(0) @binding(0) var<uniform> batch: Batch;
// W: [4 H][BLOCKS]; rows i, f, g, o. Behind it V: [R][BELOW]. Behind that [H]: m of a unit's four rows of W.
@group(0) @binding(1) var<storage, read> weight: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> bias: array<vec4<i32>>;         // [N][H], of i, f, g, o; Q10, the line's style folded in
@group(0) @binding(3) var<storage, read> input: array<vec4<i32>>;        // [N][INPUT]: point | window, Q10
@group(0) @binding(4) var<storage, read> hidden_below: array<vec4<u32>>; // [N][BELOW], of t
@group(0) @binding(5) var<storage, read> hidden_old: array<vec4<u32>>;   // [N][OWN], of t - 1
@group(0) @binding(6) var<storage, read_write> hidden: array<u32>;       // [N][4 OWN], of t
@group(0) @binding(7) var<storage, read_write> cell: array<i32>;         // [N][H], Q11, in and out
@group(0) @binding(8) var<storage, read_write> output: array<i32>;       // [N][ROW]: sums of the layers up to the one below

// Each thread's sums, [LANES][UNITS][LINES].
var<workgroup> partial_sums: array<vec4<i32>, LINES * THREADS>;
// What the workgroup writes, [LINES][UNITS].
var<workgroup> states: array<i32, LINES * UNITS>;

// A block of a unit's rows of W.
fn gates(unit: u32, block: u32) -> Rows {
    let at = unit * BLOCKS + block;
    let next = HIDDEN * BLOCKS;
    return Rows(weight[at], weight[at + next], weight[at + 2u * next], weight[at + 3u * next]);
}

// Four columns of a row of W: those of a vec4 of `input`.
fn columns(row: u32, word: u32) -> vec4<i32> {
    return bytes(weight[row * BLOCKS + word / 4u][word % 4u]);
}

// A block of four rows of V, from `row` on. Rows beyond the last repeat it, and their results are discarded.
fn outputs(row: u32, block: u32) -> Rows {
    let at = 4u * HIDDEN * BLOCKS + block;
    let last = OUTPUTS - 1u;
    return Rows(
        weight[at + min(row, last) * BELOW],
        weight[at + min(row + 1u, last) * BELOW],
        weight[at + min(row + 2u, last) * BELOW],
        weight[at + min(row + 3u, last) * BELOW],
    );
}

// m of a unit's rows of W.
fn factors(unit: u32) -> vec4<i32> {
    return bitcast<vec4<i32>>(weight[4u * HIDDEN * BLOCKS + OUTPUTS * BELOW + unit]);
}

fn row_dots(w: Rows, x: vec4<u32>) -> vec4<i32> {
    return vec4(block_dot(w.i, x), block_dot(w.f, x), block_dot(w.g, x), block_dot(w.o, x));
}

fn at_most(index: u32, count: u32) -> u32 {
    return min(index, count - 1u);
}

// A block of a line's hidden states below.
fn below(line: u32, block: u32) -> vec4<u32> {
    return block_or_zeros(block < BELOW, hidden_below[line * BELOW + at_most(block, BELOW)]);
}

// Stores a thread's sums so that the threads of `lane_sum` read neighbouring words.
fn share_sums(thread: u32, sums: array<vec4<i32>, MAX_LINES>) {
    for (var line = 0u; line < LINES; line++) {
        partial_sums[(thread % LANES * UNITS + thread / LANES) * LINES + line] = sums[line];
    }
    workgroupBarrier();
}

// The sums of all lanes, of unit thread / LINES and line thread % LINES.
fn lane_sum(thread: u32) -> vec4<i32> {
    var sum = vec4(0);
    for (var lane = 0u; lane < LANES; lane++) {
        sum += partial_sums[lane * UNITS * LINES + thread];
    }
    return sum;
}

// Advances the units of a workgroup.
fn step(group: u32, first_line: u32, thread: u32) {
    // Loaded first, so that these reads overlap the sums.
    let own_unit = group * UNITS + thread / LINES;
    let own_line = first_line + thread % LINES;
    let own_at = own_line * HIDDEN + own_unit;
    var gate_bias = vec4(0);
    var factor = vec4(0);
    var old = 0;
    if thread < UNITS * LINES {
        gate_bias = bias[own_at];
        factor = factors(own_unit);
        old = cell[own_at];
    }

    // Hidden states are Q7, point and window Q10: the products with the hidden states count eight times.
    let lane = thread % LANES;
    let unit = min(group * UNITS + thread / LANES, HIDDEN - 1u);
    var sums: array<vec4<i32>, MAX_LINES>;
    for (var round = 0u; round < (BELOW + LANES - 1u) / LANES; round++) {
        let block = round * LANES + lane;
        let w = gates(unit, INPUT_BLOCKS + at_most(block, BELOW));
        for (var line = 0u; line < LINES; line++) {
            sums[line] += 8 * row_dots(w, below(first_line + line, block));
        }
    }
    for (var round = 0u; round < (OWN + LANES - 1u) / LANES; round++) {
        let block = round * LANES + lane;
        let w = gates(unit, INPUT_BLOCKS + BELOW + at_most(block, OWN));
        for (var line = 0u; line < LINES; line++) {
            let h = hidden_old[(first_line + line) * OWN + at_most(block, OWN)];
            sums[line] += 8 * row_dots(w, block_or_zeros(block < OWN, h));
        }
    }
    for (var round = 0u; round < (INPUT + LANES - 1u) / LANES; round++) {
        let word = round * LANES + lane;
        let at = at_most(word, INPUT);
        let i = columns(unit, at);
        let f = columns(unit + HIDDEN, at);
        let g = columns(unit + 2u * HIDDEN, at);
        let o = columns(unit + 3u * HIDDEN, at);
        for (var line = 0u; line < LINES; line++) {
            let x = select(vec4(0), input[(first_line + line) * INPUT + at], word < INPUT);
            sums[line] += vec4(dot(i, x), dot(f, x), dot(g, x), dot(o, x));
        }
    }
    share_sums(thread, sums);

    if thread < UNITS * LINES {
        let sum = lane_sum(thread);
        let i = sigmoid(rescale(sum[0], factor[0], SHIFT) + gate_bias[0]);
        let f = sigmoid(rescale(sum[1], factor[1], SHIFT) + gate_bias[1]);
        let g = hyperbolic_tangent(rescale(sum[2], factor[2], SHIFT) + gate_bias[2]);
        let o = sigmoid(rescale(sum[3], factor[3], SHIFT) + gate_bias[3]);
        let c = clamp(rsh(f * old + rsh(i * g, 4u), 15u), -MOST_CELL, MOST_CELL);
        let is_owner = own_unit < HIDDEN && own_line < batch.lines;
        if is_owner {
            cell[own_at] = c;
        }
        // c in Q11 is 2 c in Q10.
        let t = 2 * sigmoid(c) - ONE;
        let h = clamp(rsh(o * t, 23u), -MOST_HIDDEN, MOST_HIDDEN);
        // Units beyond the last are the padding of a row, and stay 0.
        states[thread % LINES * UNITS + thread / LINES] = select(0, h, is_owner);
    }
    workgroupBarrier();

    if thread < LINES && first_line + thread < batch.lines {
        let at = thread * UNITS;
        hidden[(first_line + thread) * 4u * OWN + group] =
            word_of(vec4(states[at], states[at + 1u], states[at + 2u], states[at + 3u]));
    }
}

// Adds the products of the layer below to the output layer's sums.
fn add_outputs(group: u32, first_line: u32, thread: u32) {
    let own_row = 4u * (group * UNITS + thread / LINES);
    let own_line = first_line + thread % LINES;
    let output_at = own_line * ROW + own_row;
    var old = vec4(0);
    if thread < UNITS * LINES && ADDS {
        for (var k = 0u; k < 4u; k++) {
            old[k] = output[output_at + k];
        }
    }

    let lane = thread % LANES;
    let row = 4u * (group * UNITS + thread / LANES);
    var sums: array<vec4<i32>, MAX_LINES>;
    for (var round = 0u; round < (BELOW + LANES - 1u) / LANES; round++) {
        let block = round * LANES + lane;
        let w = outputs(row, at_most(block, BELOW));
        for (var line = 0u; line < LINES; line++) {
            sums[line] += row_dots(w, below(first_line + line, block));
        }
    }
    share_sums(thread, sums);

    if thread < UNITS * LINES && own_line < batch.lines {
        let sum = old + lane_sum(thread);
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
