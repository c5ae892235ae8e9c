// weights[picture, j] = factor · Σ_t softmax_j(−distances[picture, j]·rates[t]), in f32: how each picture spreads its
// weight over the batch, summed over temperatures (rate = 1/temperature).
//
// The largest exponent of a softmax is 0, for the smallest distance is subtracted first: nothing overflows.
//
// Dispatch: one invocation a picture.
// Mirror: src/cpu/kernel_weights.rs

struct Params {
    /// Pictures.
    pictures: u32,
    /// Members of the batch.
    batch: u32,
    /// Temperatures.
    temperatures: u32,
    /// What every weight is multiplied by.
    factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> distances: array<f32>;
@group(0) @binding(2) var<storage, read> rates: array<f32>;
@group(0) @binding(3) var<storage, read_write> weights: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn kernel_weights(@builtin(global_invocation_id) invocation: vec3<u32>) {
    if (invocation.x >= params.pictures) {
        return;
    }
    let first = invocation.x * params.batch;
    var nearest = distances[first];
    for (var j = 0u; j < params.batch; j++) {
        nearest = min(nearest, distances[first + j]);
        weights[first + j] = 0.0;
    }
    for (var t = 0u; t < params.temperatures; t++) {
        let rate = rates[t];
        var total = 0.0;
        for (var j = 0u; j < params.batch; j++) {
            total += exp((nearest - distances[first + j]) * rate);
        }
        let scale = params.factor / total;
        for (var j = 0u; j < params.batch; j++) {
            weights[first + j] += scale * exp((nearest - distances[first + j]) * rate);
        }
    }
}
