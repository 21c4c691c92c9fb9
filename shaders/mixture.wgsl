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
// Twin: src/engine/cpu/mixture.rs.
//
// y already contains the products with all layers but the last: lstm.wgsl adds them.
//
// Threads: a workgroup owns a line. LANES threads share the dot products of ROWS rows of W; then each
// thread owns components; then one thread samples, in the order of the components; then each thread
// owns components again, whose densities one thread sums. Inputs of the later parts are loaded before
// the sums, so that these reads overlap them.

// Sizes, from the weights' metadata.
override TOTAL: u32;    // octets of a row of `hidden`
override LAST: u32;     // octets of the last layer
override LAST_AT: u32;  // where it starts in a row of `hidden`
override INPUT: u32;    // octets of a row of `input`
override MIXTURES: u32; // M
override STOP: bool;    // whether the network has learned to stop

const THREADS = 256u;
const LANES = 8u;
const ROWS = 4u; // rows per thread, which share its reads of h
const TEAMS = THREADS / LANES;
const SPAN = TEAMS * ROWS; // rows that the workgroup computes at a time

// As in training, so that a density stays finite: minimum of log sigma, maximum of |rho^|.
const MIN_LOG_SD = -7.0;
const MAX_RHO = 6.0;
// Distances from the mean are clamped to so many standard deviations.
const FAR = 1e15;
// Maximum of log sigma, below where exp overflows; minimum of log sigma when sampling, and log pi below which a
// component's weight counts as 0: an adapter may flush smaller numbers to 0.
const MAX_LOG_SD = 30.0;
const LEAST_DRAWN = -80.0;
const LEAST_SHARE = -80.0;
const LEAST = -1e38; // below every log density
const LOG_TAU = 1.8378770664093453;

override OUTPUTS = 1u + 6u * MIXTURES + select(0u, 1u, STOP); // R, rows of W
override ROUNDS = (LAST + LANES - 1u) / LANES;                // octets per lane

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
// [N][steps]: uniforms for component and pen, two normals. After a negative first number the other three
// are the point itself, dx, dy and pen (teacher forcing).
@group(0) @binding(4) var<storage, read> noise: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> lines: array<Line>;  // [N], step is incremented
@group(0) @binding(6) var<storage, read_write> output: array<f32>;  // [N][R + M]: y, in and out | pi, out
@group(0) @binding(7) var<storage, read_write> steps: array<Step>;  // [N][steps], out
@group(0) @binding(8) var<storage, read_write> input: array<f32>;   // [N][8 INPUT], out: point, before the window

var<workgroup> shares: array<vec4<f32>, THREADS>; // [LANES][TEAMS]
var<workgroup> sums: array<f32, OUTPUTS>;         // y
var<workgroup> pi: array<f32, MIXTURES>;
var<workgroup> exponentials: array<f32, MIXTURES>; // of pi^ minus the largest
var<workgroup> terms: array<f32, MIXTURES>;       // logs of the components' terms of the density
var<workgroup> offset: vec2<f32>;                 // dx, dy of the next point

// An octet of the last layer's hidden states; zeros beyond its end.
fn columns(line: u32, octet: u32) -> Octet {
    let at = 2u * (line * TOTAL + LAST_AT + min(octet, LAST - 1u));
    return octet_or_zeros(octet < LAST, hidden[at], hidden[at + 1u]);
}

// Rows beyond the last repeat it, and their results are discarded. Octets beyond the end of a row repeat
// the last one; `columns` has zeros for them.
fn weights(row: u32, octet: u32) -> Octet {
    return unpack(weight[min(row, OUTPUTS - 1u) * LAST + min(octet, LAST - 1u)]);
}

// The next point: sampled from pi and the output layer, or forced by the noise.
fn draw(own: Line, drawn: vec4<f32>) -> Step {
    // The first component at which the cumulative sum exceeds the uniform; if rounding leaves the sum
    // just below 1, the last component with a weight above 0.
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
    let rho = safe_tanh(sums[chosen + 5u * MIXTURES]);
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

// Log density N of one component, whose row of pi^ is `row`, factored into x and y given x: with
// 1 - rho^2 = 1 / cosh(rho^)^2 there is no cancellation where |rho| is near 1.
fn log_normal(row: u32) -> f32 {
    let log_sx = clamp(sums[row + 3u * MIXTURES], MIN_LOG_SD, MAX_LOG_SD);
    let log_sy = clamp(sums[row + 4u * MIXTURES], MIN_LOG_SD, MAX_LOG_SD);
    let rho = clamp(sums[row + 5u * MIXTURES], -MAX_RHO, MAX_RHO);
    let zx = clamp((offset.x - sums[row + MIXTURES]) * exp(-log_sx), -FAR, FAR);
    let zy = clamp((offset.y - sums[row + 2u * MIXTURES]) * exp(-log_sy), -FAR, FAR);
    let stretch = cosh(rho);
    let across = (zy - safe_tanh(rho) * zx) * stretch;
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
                octet_dot(weights(row, octet), h),
                octet_dot(weights(row + 1u, octet), h),
                octet_dot(weights(row + 2u, octet), h),
                octet_dot(weights(row + 3u, octet), h),
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

    // pi: softmax, the largest subtracted first so that nothing overflows.
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

    // Log-sum-exp of pi^ and of pi^ + log N.
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

    // The next timestep reads this point; after the chunk's last timestep, the count starts again at 0.
    input[8u * line * INPUT] = step.dx;
    input[8u * line * INPUT + 1u] = step.dy;
    input[8u * line * INPUT + 2u] = step.pen;
    lines[line].step = (own.step + 1u) % batch.steps;
}
