// out = left · right, or out += left · right, over Z_2^64. Exact for every input and any inner dimension.
//
// "Carry16": with low and high words a = a.x + 2^32·a.y and 16-bit halves a.x = a0 + 2^16·a1,
//   a·b = a0·b0 + 2^16·(a0·b1 + a1·b0) + 2^32·(a1·b1 + a.x·b.y + a.y·b.x)   (mod 2^64).
// The three sums are kept apart in 32-bit words that wrap; a wrap of the first is worth 1 in the third, a wrap of
// the second 2^16. Six multiplications a product and no repacking.
//
// Dispatch: one workgroup for each 32×32 tile of the result, x over columns, y over rows; edges are handled.
// Mirror: src/cpu/ring_matmul.rs

struct Params {
    /// Rows of the result.
    rows: u32,
    /// Columns of the result.
    cols: u32,
    /// Inner dimension of this dispatch.
    depth: u32,
    /// Element of `left` that (row 0, k = 0) of this dispatch lies at.
    left_start: u32,
    /// Distance between the rows of `left`.
    left_row_stride: u32,
    /// Distance between the columns of `left`.
    left_col_stride: u32,
    /// Element of `right` that (k = 0, column 0) of this dispatch lies at.
    right_start: u32,
    /// Distance between the rows of `right`.
    right_row_stride: u32,
    /// Distance between the columns of `right`.
    right_col_stride: u32,
    /// Element of `out` that (row 0, column 0) of this dispatch lies at; its rows are `cols` apart.
    out_start: u32,
    /// 1 to add to `out`, 0 to overwrite it.
    accumulate: u32,
    /// Fills the structure up to a multiple of 16 bytes.
    padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> left: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> right: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read_write> out: array<vec2<u32>>;

const LANES = 8u;
const TILE = 32u;
const DEPTH = 16u;

// Both tiles depth-major: line k holds 32 rows of `left`, or 32 columns of `right`.
var<workgroup> left_tile: array<vec2<u32>, 512>;
var<workgroup> right_tile: array<vec2<u32>, 512>;

// Four neighbouring sums of one row, 8 columns apart.
struct Sums {
    ones: vec4<u32>,
    middle: vec4<u32>,
    high: vec4<u32>,
}

fn multiply_add(sums: Sums, a: vec2<u32>, low: vec4<u32>, high: vec4<u32>) -> Sums {
    let a0 = vec4<u32>(a.x & 0xffffu);
    let a1 = vec4<u32>(a.x >> 16u);
    let b0 = low & vec4<u32>(0xffffu);
    let b1 = low >> vec4<u32>(16u);
    let ones = sums.ones + a0 * b0;
    let part = sums.middle + a0 * b1;
    let middle = part + a1 * b0;
    let wrapped_ones = select(vec4<u32>(0u), vec4<u32>(1u), ones < sums.ones);
    let wrapped_part = select(vec4<u32>(0u), vec4<u32>(0x10000u), part < sums.middle);
    let wrapped_middle = select(vec4<u32>(0u), vec4<u32>(0x10000u), middle < part);
    let carries = wrapped_ones + wrapped_part + wrapped_middle;
    let products = a1 * b1 + vec4<u32>(a.x) * high + vec4<u32>(a.y) * low;
    return Sums(ones, middle, sums.high + products + carries);
}

fn add64(x: vec2<u32>, y: vec2<u32>) -> vec2<u32> {
    let low = x.x + y.x;
    return vec2<u32>(low, x.y + y.y + select(0u, 1u, low < x.x));
}

fn store_row(row: u32, first_col: u32, sums: Sums) {
    if (row >= params.rows) {
        return;
    }
    let low = sums.ones + (sums.middle << vec4<u32>(16u));
    let wrapped = select(vec4<u32>(0u), vec4<u32>(1u), low < sums.ones);
    let high = sums.high + (sums.middle >> vec4<u32>(16u)) + wrapped;
    for (var j = 0u; j < 4u; j++) {
        let col = first_col + j * LANES;
        if (col < params.cols) {
            let at = params.out_start + row * params.cols + col;
            var value = vec2<u32>(low[j], high[j]);
            if (params.accumulate != 0u) {
                value = add64(value, out[at]);
            }
            out[at] = value;
        }
    }
}

@compute @workgroup_size(8, 8, 1)
fn ring_matmul(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_id) lane: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let first_row = workgroup.y * TILE;
    let first_col = workgroup.x * TILE;
    let zero = Sums(vec4<u32>(0u), vec4<u32>(0u), vec4<u32>(0u));
    var row0 = zero;
    var row1 = zero;
    var row2 = zero;
    var row3 = zero;
    for (var k = 0u; k < params.depth; k += DEPTH) {
        for (var step = 0u; step < 8u; step++) {
            // Neighbouring lanes read along whichever dimension lies together in memory.
            let flat = index + step * 64u;
            let along_depth = vec2<u32>(flat % DEPTH, flat / DEPTH);
            let along_tile = vec2<u32>(flat / TILE, flat % TILE);

            let l = select(along_tile, along_depth, params.left_col_stride == 1u);
            let left_row = first_row + l.y;
            let left_k = k + l.x;
            var a = vec2<u32>(0u);
            if (left_row < params.rows && left_k < params.depth) {
                a = left[params.left_start + left_row * params.left_row_stride + left_k * params.left_col_stride];
            }
            left_tile[l.x * TILE + l.y] = a;

            let r = select(along_depth, along_tile, params.right_col_stride == 1u);
            let right_col = first_col + r.y;
            let right_k = k + r.x;
            var b = vec2<u32>(0u);
            if (right_col < params.cols && right_k < params.depth) {
                b = right[params.right_start + right_k * params.right_row_stride + right_col * params.right_col_stride];
            }
            right_tile[r.x * TILE + r.y] = b;
        }
        workgroupBarrier();
        for (var line = 0u; line < DEPTH * TILE; line += TILE) {
            let b0 = right_tile[line + lane.x];
            let b1 = right_tile[line + lane.x + LANES];
            let b2 = right_tile[line + lane.x + 2u * LANES];
            let b3 = right_tile[line + lane.x + 3u * LANES];
            let low = vec4<u32>(b0.x, b1.x, b2.x, b3.x);
            let high = vec4<u32>(b0.y, b1.y, b2.y, b3.y);
            row0 = multiply_add(row0, left_tile[line + lane.y], low, high);
            row1 = multiply_add(row1, left_tile[line + lane.y + LANES], low, high);
            row2 = multiply_add(row2, left_tile[line + lane.y + 2u * LANES], low, high);
            row3 = multiply_add(row3, left_tile[line + lane.y + 3u * LANES], low, high);
        }
        workgroupBarrier();
    }
    let row = first_row + lane.y;
    let col = first_col + lane.x;
    store_row(row, col, row0);
    store_row(row + LANES, col, row1);
    store_row(row + 2u * LANES, col, row2);
    store_row(row + 3u * LANES, col, row3);
}
