//! Mirror of `shader/kernel_sums.wgsl`.

/// `out[j, d] = Σ_picture weights[picture, j]·pictures[picture, d]`, and in one more column
/// `out[j, pixels] = Σ_picture weights[picture, j]`.
///
/// `weights` is N×`batch`, `pictures` N×`pixels`, `out` `batch`×(`pixels` + 1).
pub fn kernel_sums(weights: &[f32], batch: usize, pictures: &[f32], pixels: usize, out: &mut [f32]) {
    out.fill(0.0);
    if batch == 0 {
        return;
    }
    for (picture, weights) in weights.chunks_exact(batch).enumerate() {
        let y = &pictures[picture * pixels..(picture + 1) * pixels];
        for (weight, out) in weights.iter().zip(out.chunks_exact_mut(pixels + 1)) {
            for (sum, y) in out.iter_mut().zip(y.iter().chain(&[1.0])) {
                *sum += weight * y;
            }
        }
    }
}
