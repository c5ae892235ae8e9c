//! Mirror of `shader/kernel_weights.wgsl`.

/// `weights[picture, j] = factor · Σ_t softmax_j(−distances[picture, j]·rates[t])`.
///
/// `distances` and `weights` are N×`batch`; a rate is 1/temperature.
pub fn kernel_weights(distances: &[f32], batch: usize, rates: &[f32], factor: f32, weights: &mut [f32]) {
    if batch == 0 {
        return;
    }
    for (distances, weights) in distances.chunks_exact(batch).zip(weights.chunks_exact_mut(batch)) {
        let nearest = distances.iter().copied().fold(f32::INFINITY, f32::min);
        weights.fill(0.0);
        for rate in rates {
            let exponential = |distance: &f32| ((nearest - distance) * rate).exp();
            let scale = factor / distances.iter().map(exponential).sum::<f32>();
            for (weight, distance) in weights.iter_mut().zip(distances) {
                *weight += scale * exponential(distance);
            }
        }
    }
}
