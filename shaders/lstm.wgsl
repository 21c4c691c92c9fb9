// One LSTM layer, one timestep, all lines of the batch [G eqs 7-11, without peepholes]:
//
//   i, f, o = sigmoid(W x + b),  g = tanh(W x + b),  c = f c + i g,  h = o tanh(c)
//
// x is the layer's input vector: [ point (3) | window (A) | hidden below at t (H below) | own hidden at t - 1 (H) ].
// Twin: src/cpu/lstm.rs.
//
// Threads: a workgroup owns UNITS hidden units and LINES lines. LANES threads share the four dot
// products of one unit: thread `lane` takes columns 4 lane ... 4 lane + 3, then those 4 LANES further,
// so that neighbours read neighbouring words. A weight that was read serves all LINES lines. Then
// one thread per unit and line adds up the lanes and moves the cell.

// Sizes, from the weights' metadata.
override HIDDEN: u32;   // H, units of this layer
override BELOW: u32;    // units of the layer below, 0 for the lowest
override IDS: u32;      // A, character ids, 0 without text
override OWN_AT: u32;   // where this layer's units start in a row of `hidden`
override BELOW_AT: u32; // where those of the layer below start
override TOTAL: u32;    // units of all layers: a row of `hidden`
override LINES: u32;    // lines that share a weight: 1 to MAX_LINES

const MAX_LINES = 4u;
const UNITS = 4u;
const LANES = 16u;
const THREADS = UNITS * LANES;

// Columns of the input vector, and quads of columns in a row of weights.
override COLUMNS = 3u + IDS + BELOW + HIDDEN;
override QUADS = (COLUMNS + 3u) / 4u;

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
@group(0) @binding(1) var<storage, read> weight: array<vec2<u32>>;    // [4 H][QUADS], two f16 to a word; rows i, f, g, o
@group(0) @binding(2) var<storage, read> bias: array<f32>;            // [N][4 H], the line's style folded in
@group(0) @binding(3) var<storage, read> lines: array<Line>;          // [N]
@group(0) @binding(4) var<storage, read> window: array<f32>;          // [N][A]
@group(0) @binding(5) var<storage, read> hidden_old: array<f32>;      // [N][TOTAL], of t - 1
@group(0) @binding(6) var<storage, read_write> hidden: array<f32>;    // [N][TOTAL], of t: the layers below are done
@group(0) @binding(7) var<storage, read_write> cell: array<f32>;      // [N][TOTAL], in and out

// First parts of the input vectors, [LINES][THREADS] quads; then each thread's sums, [LANES][UNITS][LINES].
// 4 KiB at most. Software adapters take long over more: they set it to zero word by word.
var<workgroup> quads: array<vec4<f32>, LINES * THREADS>;

// Column `column` of a line's input vector; 0 beyond its end and for lines that do not exist.
fn input(line: u32, column: u32) -> f32 {
    if line >= batch.lines {
        return 0.0;
    }
    var k = column;
    if k < 3u {
        return lines[line].point[k];
    }
    k -= 3u;
    if k < IDS {
        return window[line * IDS + k];
    }
    k -= IDS;
    if k < BELOW {
        return hidden[line * TOTAL + BELOW_AT + k];
    }
    k -= BELOW;
    if k < HIDDEN {
        return hidden_old[line * TOTAL + OWN_AT + k];
    }
    return 0.0;
}

fn weights(row: u32, quad: u32) -> vec4<f32> {
    let halves = weight[row * QUADS + quad];
    return vec4(unpack2x16float(halves[0]), unpack2x16float(halves[1]));
}

// Both are exact at either end, whatever the driver's exp and tanh do with large arguments.
fn sigmoid(x: f32) -> f32 {
    return 1.0 / (1.0 + exp(clamp(-x, -80.0, 80.0)));
}

fn tangent(x: f32) -> f32 {
    let e = exp(-2.0 * min(abs(x), 40.0));
    return sign(x) * (1.0 - e) / (1.0 + e);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let lane = thread % LANES;
    let first_unit = group.x * UNITS;
    let first_line = group.y * LINES;
    // Threads past the last unit repeat it, and are not listened to.
    let unit = min(first_unit + thread / LANES, HIDDEN - 1u);

    var sums: array<vec4<f32>, MAX_LINES>; // gates i, f, g, o
    for (var start = 0u; start < QUADS; start += THREADS) {
        for (var line = 0u; line < LINES; line++) {
            let column = 4u * (start + thread);
            quads[line * THREADS + thread] = vec4(
                input(first_line + line, column),
                input(first_line + line, column + 1u),
                input(first_line + line, column + 2u),
                input(first_line + line, column + 3u),
            );
        }
        workgroupBarrier();
        let end = min(THREADS, QUADS - start);
        for (var quad = lane; quad < end; quad += LANES) {
            let i = weights(unit, start + quad);
            let f = weights(HIDDEN + unit, start + quad);
            let g = weights(2u * HIDDEN + unit, start + quad);
            let o = weights(3u * HIDDEN + unit, start + quad);
            for (var line = 0u; line < LINES; line++) {
                let x = quads[line * THREADS + quad];
                sums[line] += vec4(dot(i, x), dot(f, x), dot(g, x), dot(o, x));
            }
        }
        workgroupBarrier();
    }

    // Lane after lane, so that the threads below read neighbouring words.
    for (var line = 0u; line < LINES; line++) {
        quads[(lane * UNITS + thread / LANES) * LINES + line] = sums[line];
    }
    workgroupBarrier();

    if thread < UNITS * LINES {
        let unit = first_unit + thread / LINES;
        let line = first_line + thread % LINES;
        if unit < HIDDEN && line < batch.lines {
            var sum = vec4(0.0);
            for (var k = 0u; k < LANES; k++) {
                sum += quads[k * UNITS * LINES + thread];
            }
            let row = line * 4u * HIDDEN + unit;
            let i = sigmoid(sum[0] + bias[row]);
            let f = sigmoid(sum[1] + bias[row + HIDDEN]);
            let g = tangent(sum[2] + bias[row + 2u * HIDDEN]);
            let o = sigmoid(sum[3] + bias[row + 3u * HIDDEN]);
            let at = line * TOTAL + OWN_AT + unit;
            let c = f * cell[at] + i * g;
            cell[at] = c;
            hidden[at] = o * tangent(c);
        }
    }
}
