// What the three shaders share. build.rs puts this text, without comments and as one line, in the place of the first
// line of each shader: a driver's message about line 1 is about this file, and the other line numbers are the shader's.
//
// Everything is computed in whole numbers, as docs/weights-format.md ("Arithmetic") defines it; a number on the grid Qn
// stands for itself / 2^n. Twin of the functions: src/engine/cpu/math.rs.
//
// Rows and vectors of bytes are read in blocks: sixteen neighbouring columns, four signed bytes in each u32 of a
// vec4<u32>, the lowest byte first.

// The batch and the chunk.
struct Batch {
    lines: u32,  // N
    steps: u32,  // timesteps of a chunk
    length: u32, // characters of the longest line
}

// A factor m / 2^k, for `rescale`.
struct Factor {
    m: i32,
    k: u32,
}

// One line of the batch.
struct Line {
    position: u32,     // character under the window's maximum
    kappa: u32,        // mean of the window's kappa, Q10
    sharpness: Factor, // of differences of pi^, from Q16 to Q10
    narrowing: i32,    // subtracted from sigma^, Q16
    coolness: Factor,  // of e^, from Q16 to Q10
    length: u32,       // characters U, with the end mark
    step: u32,         // timestep within the chunk
}

// Largest argument of `decay`.
const MOST_DECAY = 16383;
// 1 on the grid Q15, that of gates, and on Q16, that of exponentials.
const ONE = 32768;
const ONE_Q16 = 65536u;

// The product of two blocks.
fn block_dot(w: vec4<u32>, x: vec4<u32>) -> i32 {
    return dot4I8Packed(w.x, x.x) + dot4I8Packed(w.y, x.y) + dot4I8Packed(w.z, x.z) + dot4I8Packed(w.w, x.w);
}

// A block of a vector; zeros if it is beyond the vector's end, where another block was read instead.
fn block_or_zeros(exists: bool, block: vec4<u32>) -> vec4<u32> {
    return select(vec4(0u), block, exists);
}

// The four bytes of a word.
fn bytes(word: u32) -> vec4<i32> {
    return (vec4(bitcast<i32>(word)) << vec4(24u, 16u, 8u, 0u)) >> vec4(24u);
}

// Four numbers within a signed byte's range as one word.
fn word_of(bytes: vec4<i32>) -> u32 {
    let b = bitcast<vec4<u32>>(bytes) & vec4(255u);
    return b.x | (b.y << 8u) | (b.z << 16u) | (b.w << 24u);
}

// x >> n, rounded to the nearest, halves up.
fn rsh(x: i32, n: u32) -> i32 {
    return (x + (1 << (n - 1u))) >> n;
}

// x m / 2^k, rounded like `rsh`, for 0 <= m < 2^15 and 1 <= k <= 46: the product is in two parts, high 2^16 + low.
fn rescale(x: i32, m: i32, k: u32) -> i32 {
    let high = (x >> 16u) * m;
    let low = u32(x & 0xffff) * u32(m);
    if k > 16u {
        return (high + i32(low >> 16u) + (1 << (k - 17u))) >> (k - 16u);
    }
    return (high << (16u - k)) + i32((low + (1u << (k - 1u))) >> k);
}

// `rescale` for x >= 0 and k >= 2, at most MOST_DECAY whatever the factor.
fn scaled(x: i32, factor: Factor) -> i32 {
    if factor.k < 16u && (x >> 16u) * factor.m >= 1 << (factor.k - 2u) {
        return MOST_DECAY;
    }
    return min(rescale(x, factor.m, factor.k), MOST_DECAY);
}

// e^-a in Q16, a in Q10, 0 <= a <= MOST_DECAY: a polynomial for e^(-a / 16), squared four times.
fn decay(a: i32) -> u32 {
    let x = u32(a); // a sixteenth of itself in Q14
    var t = 2008u;
    t = 10589u - ((t * x) >> 14u);
    t = 32713u - ((t * x) >> 14u);
    t = 65534u - ((t * x) >> 14u);
    t = 65536u - ((t * x + 8192u) >> 14u);
    t = squared(t);
    t = squared(t);
    t = squared(t);
    return squared(t);
}

// t^2 in Q16, t <= 1 in Q16: as t - t (1 - t), which fits 32 bits.
fn squared(t: u32) -> u32 {
    return t - ((t * (ONE_Q16 - t) + 32768u) >> 16u);
}

// Logistic function in Q15, x in Q10: 1 / (1 + e^-x) by a polynomial in e^-x.
fn sigmoid(x: i32) -> i32 {
    let e = i32(decay(min(abs(x), MOST_DECAY)) >> 1u);
    var t = 3666;
    t = 14372 - ((t * e) >> 15u);
    t = 25922 - ((t * e) >> 15u);
    t = 31523 - ((t * e) >> 15u);
    t = 32691 - ((t * e) >> 15u);
    t = ONE - ((t * e + 16384) >> 15u);
    return select(ONE - t, t, x >= 0);
}

// Hyperbolic tangent in Q15, x in Q10. (WGSL has a `tanh` of its own, and below an `exp`.)
fn hyperbolic_tangent(x: i32) -> i32 {
    return 2 * sigmoid(2 * clamp(x, -MOST_DECAY - 1, MOST_DECAY + 1)) - ONE;
}

// p 2^(n - 15), with 2^15 <= p < 2^16.
struct Exponential {
    p: i32,
    n: i32,
}

// Largest magnitude of the argument of `exponential`.
const MOST_EXP = 1310720; // 20, Q16

// e^x, x in Q16.
fn exponential(x: i32) -> Exponential {
    let t = rescale(clamp(x, -MOST_EXP, MOST_EXP), 23637, 14u); // x log2 e
    let f = (t & 0xffff) >> 1u;
    var p = 444;
    p = 1705 + ((p * f) >> 15u);
    p = 7910 + ((p * f) >> 15u);
    p = 22709 + ((p * f) >> 15u);
    p = min(ONE + ((p * f) >> 15u), 65535);
    return Exponential(p, t >> 16u);
}

// e^x, x in Q16, on the grid Qg, at most `most`.
fn fixed(x: i32, g: i32, most: i32) -> i32 {
    let e = exponential(x);
    let left = e.n + g - 15;
    if left > 15 {
        return most;
    }
    if left >= 0 {
        return min(e.p << u32(left), most);
    }
    if left >= -17 {
        return min(rsh(e.p, u32(-left)), most);
    }
    return 0;
}

// Natural logarithm in Q10 of a whole number from 1 up.
fn ln(x: u32) -> i32 {
    let k = firstLeadingBit(x);
    let f = i32((x << (31u - k)) >> 16u) & 0x7fff;
    var p = 1026;
    p = 4397 - ((p * f) >> 15u);
    p = 9440 - ((p * f) >> 15u);
    p = 16106 - ((p * f) >> 15u);
    p = 32750 - ((p * f) >> 15u);
    p = (p * f) >> 15u;
    return rsh(22713 * i32(k) + p, 5u);
}

// u n / 2^24, rounded down, for u < 2^24 and n < 2^26: six bits of u at a time.
fn share(u: u32, n: u32) -> u32 {
    var t = ((u & 63u) * n) >> 6u;
    t = (((u >> 6u) & 63u) * n + t) >> 6u;
    t = (((u >> 12u) & 63u) * n + t) >> 6u;
    return ((u >> 18u) * n + t) >> 6u;
}
