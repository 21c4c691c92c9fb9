// What the three shaders share. build.rs puts this text, without comments and as one line, in the place of the first
// line of each shader: a driver's message about line 1 is about this file, and the other line numbers are the shader's.
//
// Rows and vectors are read in octets: eight neighbouring columns, of a matrix eight f16 in a vec4<u32>.

// The batch and the chunk.
struct Batch {
    lines: u32,  // N
    steps: u32,  // timesteps of a chunk
    length: u32, // characters of the longest line
}

// One line of the batch.
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

// Eight f16 as an octet.
fn unpack(halves: vec4<u32>) -> Octet {
    return Octet(
        vec4(unpack2x16float(halves[0]), unpack2x16float(halves[1])),
        vec4(unpack2x16float(halves[2]), unpack2x16float(halves[3])),
    );
}

// An octet of a vector; zeros if it is beyond the vector's end, where the last octet was read instead.
fn octet_or_zeros(exists: bool, low: vec4<f32>, high: vec4<f32>) -> Octet {
    return Octet(select(vec4(0.0), low, exists), select(vec4(0.0), high, exists));
}

fn octet_dot(w: Octet, x: Octet) -> f32 {
    return dot(w.low, x.low) + dot(w.high, x.high);
}

// The builtin exp and tanh may overflow for large arguments; these two are exact at both ends on every driver.
fn sigmoid(x: f32) -> f32 {
    return 1.0 / (1.0 + exp(clamp(-x, -80.0, 80.0)));
}

fn safe_tanh(x: f32) -> f32 {
    let e = exp(-2.0 * min(abs(x), 40.0));
    return sign(x) * (1.0 - e) / (1.0 + e);
}
