// Calls the functions of shaders/common.wgsl, which stands in front, one a thread.

@group(0) @binding(0) var<storage, read> calls: array<vec4<i32>>; // which function, and its arguments
@group(0) @binding(1) var<storage, read_write> results: array<i32>;

fn result(call: vec4<i32>) -> i32 {
    let x = call.y;
    switch call.x {
        case 0: { return rescale(x, call.z, u32(call.w)); }
        case 1: { return scaled(x, Factor(call.z, u32(call.w))); }
        case 2: { return i32(decay(x)); }
        case 3: { return sigmoid(x); }
        case 4: { return hyperbolic_tangent(x); }
        case 5: { return exponential(x).p; }
        case 6: { return exponential(x).n; }
        case 7: { return fixed(x, call.z, call.w); }
        case 8: { return ln(u32(x)); }
        case 9: { return i32(share(u32(x), u32(call.z))); }
        case 10: { return bytes(u32(x))[call.z]; }
        case 11: { return i32(word_of(bytes(u32(x)))); }
        default: { return block_dot(vec4(u32(x)), vec4(u32(call.z))); }
    }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x < arrayLength(&calls) {
        results[id.x] = result(calls[id.x]);
    }
}
