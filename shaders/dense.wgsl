// A dense layer, of which a workgroup computes all rows for one line: what window.wgsl and mixture.wgsl share besides
// common.wgsl, behind which build.rs puts this text.
//
//   y = rescale(sum of w h, m, k) + b
//
// Twin: `Linear` in src/engine/cpu/network.rs.
//
// Threads: LANES threads share the products of ROWS rows; TEAMS such teams compute SPAN rows at a time. The shader
// says how many THREADS it has, and which OUTPUTS.

// Sizes, from the weights' metadata.
override COLUMNS: u32; // blocks of a row of `hidden` and of W
override SHIFT: u32;   // k of all rows

const ROWS = 4u; // rows per thread, which share its reads of h
const TEAMS = THREADS / LANES;
const SPAN = TEAMS * ROWS;
override ROUNDS = (COLUMNS + LANES - 1u) / LANES; // blocks per lane

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> weight: array<vec4<u32>>; // W: [OUTPUTS][COLUMNS]
@group(0) @binding(2) var<storage, read> rows: array<vec2<i32>>;   // m and b of each row
@group(0) @binding(3) var<storage, read> hidden: array<vec4<u32>>; // [N][COLUMNS], of t, of one layer

var<workgroup> partial_sums: array<vec4<i32>, THREADS>; // [LANES][TEAMS], of ROWS rows each

// A block of the line's h; zeros beyond its end.
fn columns(line: u32, block: u32) -> vec4<u32> {
    return block_or_zeros(block < COLUMNS, hidden[line * COLUMNS + min(block, COLUMNS - 1u)]);
}

// Rows beyond the last repeat it, and their results are discarded. Blocks beyond the end of a row repeat the last one;
// `columns` has zeros for them.
fn weights(row: u32, block: u32) -> vec4<u32> {
    return weight[min(row, OUTPUTS - 1u) * COLUMNS + min(block, COLUMNS - 1u)];
}

// The thread's part of the products of SPAN rows from `first` on; `row_sum` adds up the parts.
fn share_rows(line: u32, first: u32, thread: u32) {
    let lane = thread % LANES;
    let row = first + thread / LANES * ROWS;
    var sums = vec4(0);
    for (var round = 0u; round < ROUNDS; round++) {
        let block = round * LANES + lane;
        let h = columns(line, block);
        sums += vec4(
            block_dot(weights(row, block), h),
            block_dot(weights(row + 1u, block), h),
            block_dot(weights(row + 2u, block), h),
            block_dot(weights(row + 3u, block), h),
        );
    }
    partial_sums[lane * TEAMS + thread / LANES] = sums;
    workgroupBarrier();
}

// The product of row `first` + `thread`.
fn row_sum(thread: u32) -> i32 {
    var sum = 0;
    for (var lane = 0u; lane < LANES; lane++) {
        sum += partial_sums[lane * TEAMS + thread / ROWS][thread % ROWS];
    }
    return sum;
}
