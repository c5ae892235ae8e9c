// distances[picture, j] = ‖batch_j − picture‖, the Euclidean distance, in f32.
//
// The sum over pixels is of squared differences, not of the expanded square, so that near pictures lose no digits.
//
// Dispatch: one workgroup for each 32×32 tile of the result, x over the batch, y over pictures; edges are handled.
// Mirror: src/cpu/kernel_distance.rs

struct Params {
    /// Pictures.
    pictures: u32,
    /// Members of the batch.
    batch: u32,
    /// Pixels of each, colours counted.
    pixels: u32,
    /// Fills the structure up to a multiple of 16 bytes.
    padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pictures: array<f32>;
@group(0) @binding(2) var<storage, read> batch: array<f32>;
@group(0) @binding(3) var<storage, read_write> distances: array<f32>;

const LANES = 8u;
const TILE = 32u;
const DEPTH = 16u;

var<workgroup> picture_tile: array<f32, 512>;
var<workgroup> batch_tile: array<f32, 512>;

fn add_square(sum: vec4<f32>, y: f32, x: vec4<f32>) -> vec4<f32> {
    let difference = x - vec4<f32>(y);
    return sum + difference * difference;
}

fn store_row(row: u32, first_col: u32, sums: vec4<f32>) {
    if (row >= params.pictures) {
        return;
    }
    for (var j = 0u; j < 4u; j++) {
        let col = first_col + j * LANES;
        if (col < params.batch) {
            distances[row * params.batch + col] = sqrt(sums[j]);
        }
    }
}

@compute @workgroup_size(8, 8, 1)
fn kernel_distance(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_id) lane: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let first_row = workgroup.y * TILE;
    let first_col = workgroup.x * TILE;
    var row0 = vec4<f32>(0.0);
    var row1 = vec4<f32>(0.0);
    var row2 = vec4<f32>(0.0);
    var row3 = vec4<f32>(0.0);
    for (var k = 0u; k < params.pixels; k += DEPTH) {
        for (var step = 0u; step < 8u; step++) {
            let flat = index + step * 64u;
            let pixel = k + flat % DEPTH;
            let member = flat / DEPTH;
            var y = 0.0;
            if (first_row + member < params.pictures && pixel < params.pixels) {
                y = pictures[(first_row + member) * params.pixels + pixel];
            }
            picture_tile[(flat % DEPTH) * TILE + member] = y;
            var x = 0.0;
            if (first_col + member < params.batch && pixel < params.pixels) {
                x = batch[(first_col + member) * params.pixels + pixel];
            }
            batch_tile[(flat % DEPTH) * TILE + member] = x;
        }
        workgroupBarrier();
        for (var line = 0u; line < DEPTH * TILE; line += TILE) {
            let x = vec4<f32>(
                batch_tile[line + lane.x],
                batch_tile[line + lane.x + LANES],
                batch_tile[line + lane.x + 2u * LANES],
                batch_tile[line + lane.x + 3u * LANES],
            );
            row0 = add_square(row0, picture_tile[line + lane.y], x);
            row1 = add_square(row1, picture_tile[line + lane.y + LANES], x);
            row2 = add_square(row2, picture_tile[line + lane.y + 2u * LANES], x);
            row3 = add_square(row3, picture_tile[line + lane.y + 3u * LANES], x);
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
