// The output layer, the next point and its density, one timestep, all lines of the batch
// [G eqs 17-25, 61-62]:
//
//   y = W [h of layer 0 | h of layer 1 | ...] + b,  pi = softmax(pi^ (1 + bias) / temperature),
//   component j by the first uniform, sigma = exp(sigma^ - bias) sqrt(temperature), rho = tanh(rho^),
//   dx = mu_x + sigma_x z1,  dy = mu_y + sigma_y (rho z1 + sqrt(1 - rho^2) z2),
//   e = sigmoid(-e^ / temperature),  pen lifts if the second uniform is below e,
//   log density = log sum_j softmax(pi^)_j N_j(dx, dy), without bias and temperature
//
// The biases b are the line's: its hand may add to them.
//
// Rows of W and y: e^ | pi^ (M) | mu_x^ (M) | mu_y^ (M) | sigma_x^ (M) | sigma_y^ (M) | rho^ (M) | stop (if STOP).
// Twin: src/engine/cpu/mixture.rs.
//
// `output` already contains the products with all layers but the last: lstm.wgsl adds them.
//
// Threads: a workgroup owns a line. First it computes W h of the last layer (dense.wgsl); then each
// thread owns components; then one thread samples, in the order of the components; then each thread
// owns components again, whose densities one thread sums. Inputs of the later parts are loaded before
// the sums, so that these reads overlap them.

// Sizes, from the weights' metadata.
override INPUT: u32;    // vec4s of a row of `input`
override MIXTURES: u32; // M
override STOP: bool;    // whether the network has learned to stop
override ADDS: bool;    // whether `output` has sums of the layers below the last

override OUTPUTS = 1u + 6u * MIXTURES + select(0u, 1u, STOP); // R, rows of W

const THREADS = 256u;
const LANES = 8u;

// Bounds of log sigma when sampling, Q16: -13 and 7, beyond any ink.
const LEAST_LOG_SD = -851968;
const MOST_LOG_SD = 458752;
// As in training, so that a density stays finite: minimum of log sigma and maximum of |rho^|, Q16.
const DENSITY_LOG_SD = 458752;
const DENSITY_RHO = 393216;
// Largest normal, Q12: 6. Largest offset, Q10: 128.
const MOST_NORMAL = 24576;
const MOST_OFFSET = 131072;
// Largest difference of a point and a mean, Q16, and largest distance in standard deviations, Q12: 16.
const MOST_DIFFERENCE = 16777216;
const MOST_DISTANCE = 65535;
// ln 2 pi and ln 256, Q10.
const LOG_TAU = 1882;
const LOG_256 = 5678;
// Below every log density that matters, Q10.
const LEAST_TERM = -16777216;
// Largest exponential where two are multiplied, so that the product fits 32 bits.
const MOST_FACTOR = 65535u;
// 1 / 2^6: from Q16 to Q10.
const PLAIN = Factor(16384, 20u);

// Units of the grids.
const Q10 = 0.0009765625;
const Q15 = 0.000030517578125;

// What one timestep yields: engine::Step. Each number is a whole one below 2^24 on some grid, which f32 holds exactly.
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

// The odds of an event: `some` of `all`.
struct Odds {
    some: u32,
    all: u32,
}

// What follows from a correlation.
struct Correlation {
    e: u32,       // e^-|rho^|, Q16
    square: u32,  // of e, Q16
    tangent: i32, // tanh(|rho^|), Q15
}

// [N][steps]: two uniforms of 24 bits for component and pen, two normals, Q12. After a negative first number the
// other three are the point itself, dx, dy and pen, Q10 (teacher forcing).
@group(0) @binding(4) var<storage, read> noise: array<vec4<i32>>;
@group(0) @binding(5) var<storage, read_write> lines: array<Line>; // [N], step is incremented
@group(0) @binding(6) var<storage, read_write> output: array<i32>; // [N][R + M]: y, Q16 | shares of the components, Q16
@group(0) @binding(7) var<storage, read_write> steps: array<Step>; // [N][steps], out
@group(0) @binding(8) var<storage, read_write> input: array<i32>;  // [N][4 INPUT], out: point, Q10, before the window

var<workgroup> sums: array<i32, OUTPUTS>;          // y
var<workgroup> shares: array<u32, MIXTURES>;
var<workgroup> exponentials: array<u32, MIXTURES>; // of pi^ minus the largest
var<workgroup> terms: array<i32, MIXTURES>;        // logs of the components' terms of the density
var<workgroup> offset: vec2<i32>;                  // dx, dy of the next point

// sigmoid(-x), where the factor takes x from Q16 to Q10.
fn odds(x: i32, coolness: Factor) -> Odds {
    let e = decay(scaled(abs(x), coolness));
    return Odds(select(ONE_Q16, e, x >= 0), ONE_Q16 + e);
}

fn probability(odds: Odds) -> f32 {
    return f32((odds.some << 15u) / odds.all) * Q15;
}

fn correlation(rho: i32) -> Correlation {
    let e = min(decay(min(rsh(abs(rho), 6u), MOST_DECAY)), MOST_FACTOR);
    let square = (e * e) >> 16u;
    return Correlation(e, square, i32(((ONE_Q16 - square) << 15u) / (ONE_Q16 + square)));
}

// An offset, Q10: a mean and so many standard deviations, Q12.
fn coordinate(mean: i32, log_sd: i32, normal: i32) -> i32 {
    let sd = exponential(clamp(log_sd, LEAST_LOG_SD, MOST_LOG_SD));
    return clamp(rsh(mean + rsh(sd.p * normal, u32(11 - sd.n)), 6u), -MOST_OFFSET, MOST_OFFSET);
}

// The component that is drawn: the first at which the running sum of the shares exceeds the uniform's part of it.
fn drawn_component(uniform: i32) -> u32 {
    var all = 0u;
    for (var j = 0u; j < MIXTURES; j++) {
        all += shares[j];
    }
    let threshold = share(u32(max(uniform, 0)), all);
    var component = 0u;
    var passed = false;
    var sum = 0u;
    for (var j = 0u; j < MIXTURES; j++) {
        sum += shares[j];
        if !passed && sum > threshold {
            component = j;
            passed = true;
        }
    }
    return component;
}

// How many standard deviations an offset, Q10, is from a mean: Q12.
fn distance(offset: i32, mean: i32, log_sd: i32) -> i32 {
    let difference = clamp((offset << 6u) - mean, -MOST_DIFFERENCE, MOST_DIFFERENCE);
    let inverse = exponential(-log_sd);
    return clamp(rescale(difference, inverse.p >> 1u, u32(18 - inverse.n)), -MOST_DISTANCE, MOST_DISTANCE);
}

// Log density N of one component, Q10, whose row of pi^ is `row`, factored into x and y given x: with
// 1 - rho^2 = 1 / cosh(rho^)^2 there is no cancellation where |rho| is near 1.
fn log_normal(row: u32) -> i32 {
    let log_sx = clamp(sums[row + 3u * MIXTURES], -DENSITY_LOG_SD, DENSITY_LOG_SD);
    let log_sy = clamp(sums[row + 4u * MIXTURES], -DENSITY_LOG_SD, DENSITY_LOG_SD);
    let x = distance(offset.x, sums[row + MIXTURES], log_sx);
    let y = distance(offset.y, sums[row + 2u * MIXTURES], log_sy);
    let rho = clamp(sums[row + 5u * MIXTURES], -DENSITY_RHO, DENSITY_RHO);
    let own = correlation(rho);
    let stretch = ((ONE_Q16 + own.square) << 7u) / own.e; // cosh, Q8
    let along = ((own.tangent >> 1u) * x) >> 14u;
    let rest = u32(abs(select(y - along, y + along, rho < 0)));
    var across = u32(MOST_DISTANCE);
    if rest <= 0xffffffffu / stretch {
        across = min((rest * stretch) >> 8u, across);
    }
    let far = u32(abs(x));
    let halves = ((far * far) >> 15u) + ((across * across) >> 15u);
    return ln(stretch) - LOG_256 - i32(halves) - rsh(log_sx + log_sy, 6u) - LOG_TAU;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let line = group.x;
    let own = lines[line];
    let output_at = line * (OUTPUTS + MIXTURES);

    // The output layer.
    for (var first = 0u; first < OUTPUTS; first += SPAN) {
        let own_row = first + thread;
        let is_owner = thread < SPAN && own_row < OUTPUTS;
        var factor_and_bias = vec2(0);
        var below = 0;
        if is_owner {
            factor_and_bias = rows[line * OUTPUTS + own_row];
            if ADDS {
                below = output[output_at + own_row];
            }
        }
        share_rows(line, first, thread);
        if is_owner {
            let sum = rescale(below + row_sum(thread), factor_and_bias.x, SHIFT) + factor_and_bias.y;
            sums[own_row] = sum;
            output[output_at + own_row] = sum;
        }
        workgroupBarrier();
    }

    let at = line * batch.steps + own.step;
    let drawn = noise[at];

    // Shares: softmax of pi^, not yet divided by their sum; the largest is subtracted first.
    var largest = sums[1];
    for (var j = 1u; j < MIXTURES; j++) {
        largest = max(largest, sums[1u + j]);
    }
    for (var j = thread; j < MIXTURES; j += THREADS) {
        let behind = largest - sums[1u + j];
        exponentials[j] = decay(min(rsh(behind, 6u), MOST_DECAY));
        shares[j] = min(decay(scaled(behind, own.sharpness)), MOST_FACTOR);
        output[output_at + OUTPUTS + j] = i32(shares[j]);
    }
    workgroupBarrier();

    // The next point: sampled from the shares and the output layer, or forced by the noise.
    var step: Step;
    if thread == 0u {
        let component = drawn_component(drawn[0]);
        let chosen = 1u + component; // row of pi^; the others follow in blocks of M
        let rho = sums[chosen + 5u * MIXTURES];
        let own_rho = correlation(rho);
        let along = select(own_rho.tangent, -own_rho.tangent, rho < 0);
        let rest = i32((own_rho.e << 16u) / (ONE_Q16 + own_rho.square)); // sqrt(1 - rho^2), Q15
        let across = clamp(rsh(along * drawn[2] + rest * drawn[3], 15u), -MOST_NORMAL, MOST_NORMAL);
        let lift = odds(sums[0], own.coolness);
        var point = vec3(
            coordinate(sums[chosen + MIXTURES], sums[chosen + 3u * MIXTURES] - own.narrowing, drawn[2]),
            coordinate(sums[chosen + 2u * MIXTURES], sums[chosen + 4u * MIXTURES] - own.narrowing, across),
            select(0, 1024, share(u32(drawn[1]), lift.all) < lift.some),
        );
        if drawn[0] < 0 {
            point = drawn.yzw;
        }
        offset = point.xy;
        step.dx = f32(point.x) * Q10;
        step.dy = f32(point.y) * Q10;
        step.pen = f32(point.z) * Q10;
        step.pen_probability = probability(lift);
        if STOP {
            step.stop = probability(odds(-sums[OUTPUTS - 1u], PLAIN));
        }
        step.position = f32(own.position);
        step.component = f32(component);
        step.kappa = f32(own.kappa) * Q10;
        // The next timestep reads this point.
        input[4u * line * INPUT] = point.x;
        input[4u * line * INPUT + 1u] = point.y;
        input[4u * line * INPUT + 2u] = point.z;
    }
    workgroupBarrier();

    for (var j = thread; j < MIXTURES; j += THREADS) {
        terms[j] = max(rsh(sums[1u + j] - largest, 6u) + log_normal(1u + j), LEAST_TERM);
    }
    workgroupBarrier();
    if thread != 0u {
        return;
    }

    // Log-sum-exp of pi^ and of pi^ + log N.
    var most = LEAST_TERM;
    for (var j = 0u; j < MIXTURES; j++) {
        most = max(most, terms[j]);
    }
    var all = 0u;
    var sum = 0u;
    for (var j = 0u; j < MIXTURES; j++) {
        all += exponentials[j];
        sum += decay(min(most - terms[j], MOST_DECAY));
    }
    step.log_density = f32(most + ln(sum) - ln(all)) * Q10;
    steps[at] = step;

    // After the chunk's last timestep, the count starts again at 0.
    lines[line].step = (own.step + 1u) % batch.steps;
}
