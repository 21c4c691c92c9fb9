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
// The products with all layers but the last are in y already: lstm.wgsl adds them.
//
// Threads: a workgroup owns a line. LANES threads share the dot products of ROWS rows of W; then each
// thread owns components; then one thread chooses, in the order of the components; then each thread
// owns components again, whose densities one thread sums. What the later parts need is asked for before
// the sums, so that nothing is waited for behind them.

// Sizes, from the weights' metadata.
override TOTAL: u32;    // octets of a row of `hidden`
override LAST: u32;     // octets of the last layer
override LAST_AT: u32;  // where it starts in a row of `hidden`
override INPUT: u32;    // octets of a row of `input`
override MIXTURES: u32; // M
override STOP: bool;    // whether the network has learned to stop

const THREADS = 256u;
const LANES = 8u;
const ROWS = 4u; // a thread's rows: they share what it reads of h
const TEAMS = THREADS / LANES;
const SPAN = TEAMS * ROWS; // rows that the workgroup takes at a time

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

override OUTPUTS = 1u + 6u * MIXTURES + select(0u, 1u, STOP); // R, rows of W
override ROUNDS = (LAST + LANES - 1u) / LANES;                // octets that each lane takes

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
@group(0) @binding(1) var<storage, read> weight: array<vec4<u32>>;  // [R][LAST], eight f16 each
@group(0) @binding(2) var<storage, read> bias: array<f32>;          // [R]
@group(0) @binding(3) var<storage, read> hidden: array<vec4<f32>>;  // [N][2 TOTAL], of t
// [N][steps]: uniforms for component and pen, two normals. A first number below 0 says that the
// point is given, not drawn: the other three are dx, dy and pen.
@group(0) @binding(4) var<storage, read> noise: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> lines: array<Line>;  // [N], step is moved on
@group(0) @binding(6) var<storage, read_write> output: array<f32>;  // [N][R + M]: y, in and out | pi, out
@group(0) @binding(7) var<storage, read_write> steps: array<Step>;  // [N][steps], out
@group(0) @binding(8) var<storage, read_write> input: array<f32>;   // [N][8 INPUT], out: point, before the window

var<workgroup> shares: array<vec4<f32>, THREADS>; // [LANES][TEAMS]
var<workgroup> sums: array<f32, OUTPUTS>;         // y
var<workgroup> pi: array<f32, MIXTURES>;
var<workgroup> exponentials: array<f32, MIXTURES>; // of pi^, the largest taken out
var<workgroup> terms: array<f32, MIXTURES>;       // logs of the components' shares of the density
var<workgroup> offset: vec2<f32>;                 // dx, dy of the next point

// An octet of the last layer's hidden states; zeros beyond its end.
fn columns(line: u32, octet: u32) -> Octet {
    let at = 2u * (line * TOTAL + LAST_AT + min(octet, LAST - 1u));
    let there = octet < LAST;
    return Octet(select(vec4(0.0), hidden[at], there), select(vec4(0.0), hidden[at + 1u], there));
}

// Threads past the last row repeat it, and are not listened to. Octets beyond the end of a row are
// its last, and their columns are zeros.
fn weights(row: u32, octet: u32) -> Octet {
    let halves = weight[min(row, OUTPUTS - 1u) * LAST + min(octet, LAST - 1u)];
    return Octet(
        vec4(unpack2x16float(halves[0]), unpack2x16float(halves[1])),
        vec4(unpack2x16float(halves[2]), unpack2x16float(halves[3])),
    );
}

fn product(w: Octet, x: Octet) -> f32 {
    return dot(w.low, x.low) + dot(w.high, x.high);
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
fn draw(own: Line, drawn: vec4<f32>) -> Step {
    // The first component at which the running sum passes the uniform; rounding may leave the
    // sum just short of 1, then it is the last that has a share.
    var component = 0u;
    var passed = false;
    var sum = 0.0;
    for (var j = 0u; j < MIXTURES; j++) {
        if !passed && pi[j] > 0.0 {
            component = j;
        }
        sum += pi[j];
        passed = passed || sum > drawn[0];
    }

    let chosen = 1u + component; // row of pi^; the others follow in blocks of M
    let spread = sqrt(own.temperature);
    let log_sx = clamp(sums[chosen + 3u * MIXTURES] - own.bias, LEAST_DRAWN, MAX_LOG_SD);
    let log_sy = clamp(sums[chosen + 4u * MIXTURES] - own.bias, LEAST_DRAWN, MAX_LOG_SD);
    let sigma_x = exp(log_sx) * spread;
    let sigma_y = exp(log_sy) * spread;
    let rho = tangent(sums[chosen + 5u * MIXTURES]);
    var step: Step;
    step.pen_probability = sigmoid(-sums[0] / own.temperature);
    step.dx = sums[chosen + MIXTURES] + sigma_x * drawn[2];
    step.dy = sums[chosen + 2u * MIXTURES] + sigma_y * (rho * drawn[2] + sqrt(max(1.0 - rho * rho, 0.0)) * drawn[3]);
    step.pen = select(0.0, 1.0, drawn[1] < step.pen_probability);
    if drawn[0] < 0.0 {
        step.dx = drawn[1];
        step.dy = drawn[2];
        step.pen = drawn[3];
    }
    if STOP {
        step.stop = sigmoid(sums[OUTPUTS - 1u]);
    }
    step.position = own.position;
    step.component = f32(component);
    step.kappa = own.kappa;
    return step;
}

// Log of the density N of one component, whose row of pi^ is `row`, factored as x, then y given x:
// as 1 - rho^2 = 1 / cosh(rho^)^2, nothing cancels where rho is near 1.
fn log_normal(row: u32) -> f32 {
    let log_sx = clamp(sums[row + 3u * MIXTURES], MIN_LOG_SD, MAX_LOG_SD);
    let log_sy = clamp(sums[row + 4u * MIXTURES], MIN_LOG_SD, MAX_LOG_SD);
    let rho = clamp(sums[row + 5u * MIXTURES], -MAX_RHO, MAX_RHO);
    let zx = clamp((offset.x - sums[row + MIXTURES]) * exp(-log_sx), -FAR, FAR);
    let zy = clamp((offset.y - sums[row + 2u * MIXTURES]) * exp(-log_sy), -FAR, FAR);
    let stretch = cosh(rho);
    let across = (zy - tangent(rho) * zx) * stretch;
    return log(stretch) - 0.5 * (zx * zx + across * across) - log_sx - log_sy - LOG_TAU;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let line = group.x;
    let lane = thread % LANES;
    let own = lines[line];
    let output_at = line * (OUTPUTS + MIXTURES);

    // The output layer.
    for (var first = 0u; first < OUTPUTS; first += SPAN) {
        let own_row = first + thread;
        let is_owner = thread < SPAN && own_row < OUTPUTS;
        var own_bias = 0.0;
        var below = 0.0;
        if is_owner {
            own_bias = bias[own_row];
            if LAST_AT > 0u {
                below = output[output_at + own_row];
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
            var sum = own_bias + below;
            for (var k = 0u; k < LANES; k++) {
                sum += shares[k * TEAMS + thread / ROWS][thread % ROWS];
            }
            sums[own_row] = sum;
            output[output_at + own_row] = sum;
        }
        workgroupBarrier();
    }

    let at = line * batch.steps + own.step;
    let drawn = noise[at];

    // pi: softmax, the largest taken out first so that nothing overflows.
    let sharpness = (1.0 + own.bias) / own.temperature;
    var largest = sums[1];
    for (var j = 1u; j < MIXTURES; j++) {
        largest = max(largest, sums[1u + j]);
    }
    for (var j = thread; j < MIXTURES; j += THREADS) {
        let logit = sums[1u + j] - largest;
        exponentials[j] = exp(logit);
        let log = logit * sharpness;
        terms[j] = select(exp(max(log, LEAST_SHARE)), 0.0, log < LEAST_SHARE);
    }
    workgroupBarrier();
    var total = 0.0;
    for (var j = 0u; j < MIXTURES; j++) {
        total += terms[j];
    }
    for (var j = thread; j < MIXTURES; j += THREADS) {
        pi[j] = terms[j] / total;
        output[output_at + OUTPUTS + j] = pi[j];
    }
    workgroupBarrier();

    var step: Step;
    if thread == 0u {
        step = draw(own, drawn);
        offset = vec2(step.dx, step.dy);
    }
    workgroupBarrier();

    for (var j = thread; j < MIXTURES; j += THREADS) {
        terms[j] = sums[1u + j] - largest + log_normal(1u + j);
    }
    workgroupBarrier();
    if thread != 0u {
        return;
    }

    // Sums of exp(pi^) and of exp(pi^) N, the largest term taken out of each.
    var most = LEAST;
    for (var j = 0u; j < MIXTURES; j++) {
        most = max(most, terms[j]);
    }
    var all = 0.0;
    var sum = 0.0;
    for (var j = 0u; j < MIXTURES; j++) {
        all += exponentials[j];
        sum += exp(terms[j] - most);
    }
    step.log_density = most + log(sum) - log(all);
    steps[at] = step;

    // The next timestep reads this point; after the chunk's last timestep, counting starts over.
    input[8u * line * INPUT] = step.dx;
    input[8u * line * INPUT + 1u] = step.dy;
    input[8u * line * INPUT + 2u] = step.pen;
    lines[line].step = (own.step + 1u) % batch.steps;
}
