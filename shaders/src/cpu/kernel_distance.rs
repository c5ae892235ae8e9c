//! Mirror of `shader/kernel_distance.wgsl`.

/// `distances[picture, j] = ‖batch_j − picture‖`.
///
/// `pictures` is N×`pixels`, `batch` B×`pixels`, `distances` N×B.
pub fn kernel_distance(pictures: &[f32], batch: &[f32], pixels: usize, distances: &mut [f32]) {
    if pixels == 0 {
        distances.fill(0.0);
        return;
    }
    let pairs = pictures.chunks_exact(pixels).flat_map(|y| batch.chunks_exact(pixels).map(move |x| (x, y)));
    for (distance, (x, y)) in distances.iter_mut().zip(pairs) {
        *distance = x.iter().zip(y).map(|(x, y)| (x - y) * (x - y)).sum::<f32>().sqrt();
    }
}
