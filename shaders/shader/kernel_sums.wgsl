// out[j, d] = Σ_picture weights[picture, j]·pictures[picture, d], in f32, and in one more column
// out[j, pixels] = Σ_picture weights[picture, j].
//
// Dispatch: one workgroup for each 32×32 tile of the result, x over pixels + 1 columns, y over the batch; edges are
// handled.
// Mirror: src/cpu/kernel_sums.rs

struct Params {
    /// Pictures.
    pictures: u32,
    /// Members of the batch.
    batch: u32,
    /// Pixels of each picture, colours counted.
    pixels: u32,
    /// Fills the structure up to a multiple of 16 bytes.
    padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read> pictures: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

const LANES = 8u;
const TILE = 32u;
const DEPTH = 16u;

var<workgroup> weight_tile: array<f32, 512>;
var<workgroup> picture_tile: array<f32, 512>;

fn store_row(row: u32, first_col: u32, sums: vec4<f32>) {
    if (row >= params.batch) {
        return;
    }
    for (var j = 0u; j < 4u; j++) {
        let col = first_col + j * LANES;
        if (col <= params.pixels) {
            out[row * (params.pixels + 1u) + col] = sums[j];
        }
    }
}

@compute @workgroup_size(8, 8, 1)
fn kernel_sums(
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
    for (var k = 0u; k < params.pictures; k += DEPTH) {
        for (var step = 0u; step < 8u; step++) {
            let flat = index + step * 64u;
            let picture = k + flat / TILE;
            let member = first_row + flat % TILE;
            let pixel = first_col + flat % TILE;
            var weight = 0.0;
            if (picture < params.pictures && member < params.batch) {
                weight = weights[picture * params.batch + member];
            }
            weight_tile[flat] = weight;
            var value = 0.0;
            if (picture < params.pictures && pixel < params.pixels) {
                value = pictures[picture * params.pixels + pixel];
            } else if (picture < params.pictures && pixel == params.pixels) {
                value = 1.0;
            }
            picture_tile[flat] = value;
        }
        workgroupBarrier();
        for (var line = 0u; line < DEPTH * TILE; line += TILE) {
            let y = vec4<f32>(
                picture_tile[line + lane.x],
                picture_tile[line + lane.x + LANES],
                picture_tile[line + lane.x + 2u * LANES],
                picture_tile[line + lane.x + 3u * LANES],
            );
            row0 += weight_tile[line + lane.y] * y;
            row1 += weight_tile[line + lane.y + LANES] * y;
            row2 += weight_tile[line + lane.y + 2u * LANES] * y;
            row3 += weight_tile[line + lane.y + 3u * LANES] * y;
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
