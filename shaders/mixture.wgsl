// The output layer, the next point and its density, one timestep, all lines of the batch
// [G eqs 17-25, 61-62]:
//
//   y = W [h of layer 0 | h of layer 1 | ...] + b,  pi = softmax(pi^ (1 + bias) / temperature),
//   component j by the first uniform, sigma = exp(sigma^ - bias) sqrt(temperature), rho = tanh(rho^),
//   dx = mu_x + sigma_x z1,  dy = mu_y + sigma_y (rho z1 + sqrt(1 - rho^2) z2),
//   e = sigmoid(-e^ / temperature),  pen lifts if the second uniform is below e,
//   log density = log sum_j softmax(pi^)_j N_j(dx, dy), without bias and temperature
//
// Rows of W and y: e^ | pi^ (M) | mu_x^ (M) | mu_y^ (M) | sigma_x^ (M) | sigma_y^ (M) | rho^ (M) | stop (if STOP).
// Twin: src/cpu/mixture.rs.
//
// Threads: a workgroup owns a line. LANES threads share the dot products of ROWS rows of W at a
// time; then each thread owns components; then one thread chooses, in the order of the components;
// then each thread owns components again, whose densities one thread sums.

// Sizes, from the weights' metadata.
override TOTAL: u32;    // units of all layers: columns of W
override MIXTURES: u32; // M
override STOP: bool;    // whether the network has learned to stop

const THREADS = 256u;
const LANES = 32u;
const ROWS = 4u; // a thread's rows: they share what it reads of h
const SPAN = THREADS / LANES * ROWS; // rows that the workgroup takes at a time

// As in training, so that a density stays finite: least log of a standard deviation, largest rho^.
const MIN_LOG_SD = -7.0;
const MAX_RHO = 6.0;
// Standard deviations beyond which a point is no farther; below every log of a density.
const FAR = 1e15;
// Largest log of a standard deviation; least log of one with which a point is drawn; log of a share
// of pi below which it is none: short of where exp overflows, or an adapter may take it for 0.
const MAX_LOG_SD = 30.0;
const LEAST_DRAWN = -80.0;
const LEAST_SHARE = -80.0;
const LEAST = -1e38;
const LOG_TAU = 1.8378770664093453;

// Rows R of W, and quads of columns in one.
override OUTPUTS = 1u + 6u * MIXTURES + select(0u, 1u, STOP);
override QUADS = (TOTAL + 3u) / 4u;

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

// What one timestep yields: engine::Step.
struct Step {
    dx: f32,
    dy: f32,
    pen: f32,
    pen_probability: f32,
    stop: f32,
    position: f32,
    component: f32,
    kappa: f32,
    log_density: f32,
}

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> weight: array<vec2<u32>>;  // [R][QUADS], two f16 to a word
@group(0) @binding(2) var<storage, read> bias: array<f32>;          // [R]
@group(0) @binding(3) var<storage, read> hidden: array<f32>;        // [N][TOTAL], of t
// [N][steps]: uniforms for component and pen, two normals. A first number below 0 says that the
// point is given, not drawn: the other three are dx, dy and pen.
@group(0) @binding(4) var<storage, read> noise: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> lines: array<Line>;  // [N], point and step are moved on
@group(0) @binding(6) var<storage, read_write> output: array<f32>;  // [N][R + M], out: y | pi
@group(0) @binding(7) var<storage, read_write> steps: array<Step>;  // [N][steps], out

var<workgroup> shares: array<vec4<f32>, THREADS>;
var<workgroup> logits: array<f32, MIXTURES>;
var<workgroup> pi: array<f32, MIXTURES>;
var<workgroup> terms: array<f32, MIXTURES>; // logs of the components' shares of the density
var<workgroup> offset: vec2<f32>;           // dx, dy of the next point

// Threads past the last row repeat it, and are not listened to.
fn weights(row: u32, quad: u32) -> vec4<f32> {
    let halves = weight[min(row, OUTPUTS - 1u) * QUADS + quad];
    return vec4(unpack2x16float(halves[0]), unpack2x16float(halves[1]));
}

// Column `column` of the hidden states, 0 beyond the last.
fn input(line: u32, column: u32) -> f32 {
    if column < TOTAL {
        return hidden[line * TOTAL + column];
    }
    return 0.0;
}

// Both are exact at either end, whatever the driver's exp and tanh do with large arguments.
fn sigmoid(x: f32) -> f32 {
    return 1.0 / (1.0 + exp(clamp(-x, -80.0, 80.0)));
}

fn tangent(x: f32) -> f32 {
    let e = exp(-2.0 * min(abs(x), 40.0));
    return sign(x) * (1.0 - e) / (1.0 + e);
}

// The next point, from pi and the output layer, or from the noise if that says so.
fn draw(line: u32, drawn: vec4<f32>) -> Step {
    let output_at = line * (OUTPUTS + MIXTURES);
    let temperature = lines[line].temperature;
    // The first component at which the running sum passes the uniform; rounding may leave the
    // sum just short of 1, then it is the last that has a share.
    var total = 0.0;
    for (var j = 0u; j < MIXTURES; j++) {
        total += pi[j];
    }
    var component = 0u;
    var passed = false;
    var sum = 0.0;
    for (var j = 0u; j < MIXTURES; j++) {
        let share = pi[j] / total;
        output[output_at + OUTPUTS + j] = share;
        if !passed && share > 0.0 {
            component = j;
        }
        sum += share;
        passed = passed || sum > drawn[0];
    }

    let chosen = output_at + 1u + component; // row of pi^; the others follow in blocks of M
    let spread = sqrt(temperature);
    let log_sx = clamp(output[chosen + 3u * MIXTURES] - lines[line].bias, LEAST_DRAWN, MAX_LOG_SD);
    let log_sy = clamp(output[chosen + 4u * MIXTURES] - lines[line].bias, LEAST_DRAWN, MAX_LOG_SD);
    let sigma_x = exp(log_sx) * spread;
    let sigma_y = exp(log_sy) * spread;
    let rho = tangent(output[chosen + 5u * MIXTURES]);
    var step: Step;
    step.pen_probability = sigmoid(-output[output_at] / temperature);
    step.dx = output[chosen + MIXTURES] + sigma_x * drawn[2];
    step.dy = output[chosen + 2u * MIXTURES] + sigma_y * (rho * drawn[2] + sqrt(max(1.0 - rho * rho, 0.0)) * drawn[3]);
    step.pen = select(0.0, 1.0, drawn[1] < step.pen_probability);
    if drawn[0] < 0.0 {
        step.dx = drawn[1];
        step.dy = drawn[2];
        step.pen = drawn[3];
    }
    if STOP {
        step.stop = sigmoid(output[output_at + OUTPUTS - 1u]);
    }
    step.position = lines[line].position;
    step.component = f32(component);
    step.kappa = lines[line].kappa;
    return step;
}

// Log of the density N of one component, whose row of pi^ is `row`, factored as x, then y given x:
// as 1 - rho^2 = 1 / cosh(rho^)^2, nothing cancels where rho is near 1.
fn log_normal(row: u32) -> f32 {
    let log_sx = clamp(output[row + 3u * MIXTURES], MIN_LOG_SD, MAX_LOG_SD);
    let log_sy = clamp(output[row + 4u * MIXTURES], MIN_LOG_SD, MAX_LOG_SD);
    let rho = clamp(output[row + 5u * MIXTURES], -MAX_RHO, MAX_RHO);
    let zx = clamp((offset.x - output[row + MIXTURES]) * exp(-log_sx), -FAR, FAR);
    let zy = clamp((offset.y - output[row + 2u * MIXTURES]) * exp(-log_sy), -FAR, FAR);
    let stretch = cosh(rho);
    let across = (zy - tangent(rho) * zx) * stretch;
    return log(stretch) - 0.5 * (zx * zx + across * across) - log_sx - log_sy - LOG_TAU;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let line = group.x;
    let lane = thread % LANES;
    let output_at = line * (OUTPUTS + MIXTURES);

    // The output layer.
    for (var first = 0u; first < OUTPUTS; first += SPAN) {
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
        if thread < SPAN && first + thread < OUTPUTS {
            let row = first + thread;
            var sum = bias[row];
            for (var k = 0u; k < LANES; k++) {
                sum += shares[thread / ROWS * LANES + k][thread % ROWS];
            }
            output[output_at + row] = sum;
            if row >= 1u && row <= MIXTURES {
                logits[row - 1u] = sum;
            }
        }
        workgroupBarrier();
    }
    storageBarrier();

    // pi, not yet normalised: the largest is taken out first so that nothing overflows.
    let neatness = lines[line].bias;
    let temperature = lines[line].temperature;
    let sharpness = (1.0 + neatness) / temperature;
    var largest = logits[0];
    for (var j = 1u; j < MIXTURES; j++) {
        largest = max(largest, logits[j]);
    }
    for (var j = thread; j < MIXTURES; j += THREADS) {
        let log = (logits[j] - largest) * sharpness;
        pi[j] = select(exp(max(log, LEAST_SHARE)), 0.0, log < LEAST_SHARE);
    }
    workgroupBarrier();

    let at = line * batch.steps + lines[line].step;
    var step: Step;
    if thread == 0u {
        step = draw(line, noise[at]);
        offset = vec2(step.dx, step.dy);
    }
    workgroupBarrier();

    for (var j = thread; j < MIXTURES; j += THREADS) {
        terms[j] = logits[j] - largest + log_normal(output_at + 1u + j);
    }
    workgroupBarrier();
    if thread != 0u {
        return;
    }

    // Sums of exp(pi^) and of exp(pi^) N, the largest term so far taken out of each.
    var total = 0.0;
    var most = LEAST;
    var sum = 0.0;
    for (var j = 0u; j < MIXTURES; j++) {
        let more = max(most, terms[j]);
        total += exp(logits[j] - largest);
        sum = sum * exp(most - more) + exp(terms[j] - more);
        most = more;
    }
    step.log_density = most + log(sum) - log(total);
    steps[at] = step;

    // The next timestep reads this point; after the chunk's last timestep, counting starts over.
    lines[line].point = vec3(step.dx, step.dy, step.pen);
    lines[line].step = (lines[line].step + 1u) % batch.steps;
}
