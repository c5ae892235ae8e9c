//! How much two public batches tell about the pictures that were taught between them: a membership test, by which
//! anyone who sees the batches of two rounds says of a picture whether it was taught. One JSON object a line.
//!
//! `cargo run --release -p abraham-bench --bin membership`; it takes some seconds.
//!
//! A round's batch spans the rows of the last layer's weights. What of the next batch lies outside that span comes from
//! the weights' change, whose rows are sums over taught pictures: no update and no sum need be opened for it to show.
//! The fewer bits are opened, the more of it drowns in rounding. This is a model of the learning rule in floating
//! point, with the generator's true sizes and three teachers of 64 smooth pictures each; what is opened is rounded as the
//! painters round it. The measure is the area under the curve (AUC) of the test between 192 taught pictures and 192
//! that were not taught: 0.5 is guessing, 1 is certainty.

use std::f64::consts::TAU;

use abraham_learning::{TEMPERATURES, distance_scale};
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore as _, SeedableRng as _};

const SIDE: usize = 32;
const SAMPLES: usize = SIDE * SIDE * 3;
const LATENTS: usize = 8;
const HIDDEN: [usize; 2] = [256, 64];
const BATCH: usize = 64;
const TEACHERS: usize = 3;
const TAUGHT: usize = 64;
const ROUNDS: usize = 60;
/// The highest learning rate of the last layer.
const RATE: f64 = 0.005;
/// Fraction bits of what is opened: as it once was, between, and as it is.
const BITS: [u32; 3] = [16, 10, 8];

fn main() {
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    let taught: Vec<Matrix> = (0..TEACHERS).map(|_| pictures(&mut rng, TAUGHT)).collect();
    let fresh = pictures(&mut rng, TEACHERS * TAUGHT);
    let mut artist = Artist::draw(&mut rng);
    for _ in 1..ROUNDS {
        let z = gaussian(&mut rng, BATCH, LATENTS);
        artist.learn(&z, &taught);
    }
    // The two rounds whose batches the observer sees.
    let z = gaussian(&mut rng, BATCH, LATENTS);
    let first = artist.paint(&z).2;
    artist.learn(&z, &taught);
    let second = artist.paint(&gaussian(&mut rng, BATCH, LATENTS)).2;
    for bits in BITS {
        let observed = [&first, &second].map(|batch| opened(&mut rng, batch, bits));
        let (scores, dimensions) = Observer::new(&observed, bits);
        let of = |pictures: &Matrix| -> Vec<f64> {
            (0..pictures.rows).map(|row| scores.score(pictures.row(row))).collect()
        };
        let known: Vec<f64> = taught.iter().flat_map(of).collect();
        row(&format!("membership_auc_{bits}_bits"), auc(&known, &of(&fresh)), "AUC");
        row(&format!("membership_dimensions_{bits}_bits"), dimensions as f64, "dimensions");
    }
}

fn row(name: &str, value: f64, unit: &str) {
    println!("{}", serde_json::json!({ "name": name, "value": value, "unit": unit }));
}

/// A matrix, row after row.
#[derive(Clone)]
struct Matrix {
    rows: usize,
    cols: usize,
    data: Vec<f64>,
}

impl Matrix {
    fn from_fn(rows: usize, cols: usize, mut value: impl FnMut(usize, usize) -> f64) -> Self {
        let data = (0..rows * cols).map(|at| value(at / cols, at % cols)).collect();
        Self { rows, cols, data }
    }

    fn zeros(rows: usize, cols: usize) -> Self {
        Self { rows, cols, data: vec![0.0; rows * cols] }
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.data[row * self.cols..(row + 1) * self.cols]
    }

    fn transposed(&self) -> Self {
        Self::from_fn(self.cols, self.rows, |row, col| self.data[col * self.cols + row])
    }

    fn times(&self, other: &Self) -> Self {
        let mut out = Self::zeros(self.rows, other.cols);
        for (out, left) in out.data.chunks_exact_mut(other.cols).zip(self.data.chunks_exact(self.cols)) {
            for (left, right) in left.iter().zip(other.data.chunks_exact(other.cols)) {
                out.iter_mut().zip(right).for_each(|(out, right)| *out += left * right);
            }
        }
        out
    }

    fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self { data: self.data.iter().map(|x| f(*x)).collect(), ..*self }
    }

    fn zip(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self { data: self.data.iter().zip(&other.data).map(|(x, y)| f(*x, *y)).collect(), ..*self }
    }

    fn plus_row(&self, row: &Self) -> Self {
        Self::from_fn(self.rows, self.cols, |r, c| self.data[r * self.cols + c] + row.data[c])
    }

    fn sum_rows(&self) -> Self {
        Self::from_fn(1, self.cols, |_, c| (0..self.rows).map(|r| self.data[r * self.cols + c]).sum())
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn uniform(rng: &mut ChaCha12Rng) -> f64 {
    f64::from(rng.next_u32()) / 4_294_967_296.0
}

fn gaussian(rng: &mut ChaCha12Rng, rows: usize, cols: usize) -> Matrix {
    Matrix::from_fn(rows, cols, |_, _| (0..12).map(|_| uniform(rng)).sum::<f64>() - 6.0)
}

/// Smooth pictures in colour: four waves a channel.
fn pictures(rng: &mut ChaCha12Rng, count: usize) -> Matrix {
    let mut out = Matrix::zeros(count, SAMPLES);
    for picture in out.data.chunks_exact_mut(SAMPLES) {
        for channel in 0..3 {
            for _ in 0..4 {
                let [x, y] = [(); 2].map(|()| 3.0 * (2.0 * uniform(rng) - 1.0) / SIDE as f64);
                let (phase, height) = (uniform(rng), 0.5 * uniform(rng));
                for (pixel, samples) in picture.chunks_exact_mut(3).enumerate() {
                    let place = x * (pixel % SIDE) as f64 + y * (pixel / SIDE) as f64;
                    samples[channel] += height * (TAU * (place + phase)).cos();
                }
            }
        }
        picture.iter_mut().for_each(|x| *x = x.clamp(-1.0, 1.0));
    }
    out
}

/// What the painters open of a batch: six terms, each rounded before it is shared.
fn opened(rng: &mut ChaCha12Rng, batch: &Matrix, bits: u32) -> Matrix {
    let unit = f64::from(bits).exp2();
    let mut rounded = |x: f64| {
        let errors: f64 = (0..6).map(|_| uniform(rng) - 0.5).sum();
        (x * unit + errors).round() / unit
    };
    Matrix { data: batch.data.iter().map(|x| rounded(*x)).collect(), ..*batch }
}

struct Layer {
    weight: Matrix,
    bias: Matrix,
    momentum: [Matrix; 2],
}

struct Artist {
    layers: Vec<Layer>,
}

impl Artist {
    fn draw(rng: &mut ChaCha12Rng) -> Self {
        let sizes = [LATENTS, HIDDEN[0], HIDDEN[1], SAMPLES];
        let gains = [0.5 / TAU, 0.5 * 2_f64.sqrt() / TAU, 0.03 * 2_f64.sqrt()];
        let layers = (0..3).map(|l| {
            let deviation = gains[l] / (sizes[l] as f64).sqrt();
            let weight = gaussian(rng, sizes[l], sizes[l + 1]).map(|x| x * deviation);
            let bias = Matrix::from_fn(1, sizes[l + 1], |_, _| if l < 2 { uniform(rng) } else { 0.0 });
            let momentum = [Matrix::zeros(sizes[l], sizes[l + 1]), Matrix::zeros(1, sizes[l + 1])];
            Layer { weight, bias, momentum }
        });
        Self { layers: layers.collect() }
    }

    /// Angles of both sine layers, their sines, and the batch.
    fn paint(&self, z: &Matrix) -> ([Matrix; 2], [Matrix; 2], Matrix) {
        let affine = |x: &Matrix, l: usize| x.times(&self.layers[l].weight).plus_row(&self.layers[l].bias);
        let sine = |x: &Matrix| x.map(|x| (TAU * x).sin());
        let first = affine(z, 0);
        let first_sine = sine(&first);
        let second = affine(&first_sine, 1);
        let second_sine = sine(&second);
        let batch = affine(&second_sine, 2);
        ([first, second], [first_sine, second_sine], batch)
    }

    /// One learning round at the highest rate.
    fn learn(&mut self, z: &Matrix, taught: &[Matrix]) {
        let ([first, second], [first_sine, second_sine], batch) = self.paint(z);
        let upper = drift(&batch, taught);
        let slope = |angle: &Matrix| angle.map(|x| (TAU * x).cos());
        let through = |upper: &Matrix, l: usize, angle: &Matrix| {
            upper.times(&self.layers[l].weight.transposed()).zip(&slope(angle), |x, y| x * y)
        };
        let middle = through(&upper, 2, &second);
        let lower = through(&middle, 1, &first);
        let gradients = [(z, lower), (&first_sine, middle), (&second_sine, upper)];
        for ((l, layer), (input, upper)) in self.layers.iter_mut().enumerate().zip(gradients) {
            let rate = if l == 2 { RATE } else { RATE / TAU };
            let gradients = [input.transposed().times(&upper), upper.sum_rows()];
            let tensors = [&mut layer.weight, &mut layer.bias];
            for ((tensor, momentum), gradient) in tensors.into_iter().zip(&mut layer.momentum).zip(gradients)
            {
                let rms = (dot(&gradient.data, &gradient.data) / gradient.data.len() as f64).sqrt();
                *momentum = momentum.zip(&gradient, |m, g| 0.9 * m + 0.1 * g / rms);
                *tensor = tensor.zip(momentum, |w, m| w - rate * m);
            }
        }
    }
}

/// The output gradient: repulsion within the batch less the crowd's attraction.
fn drift(batch: &Matrix, taught: &[Matrix]) -> Matrix {
    let x = batch.map(|x| x.clamp(-1.2, 1.2));
    let mut gradient = Matrix::zeros(x.rows, x.cols);
    for teacher in taught {
        pull(&mut gradient, &x, teacher, false, -1.0 / teacher.rows as f64);
    }
    pull(&mut gradient, &x, &x, true, taught.len() as f64 / x.rows as f64);
    let back = 0.3 * taught.len() as f64 / x.rows as f64;
    gradient.zip(&batch.zip(&x, |batch, x| back * (batch - x)), |gradient, back| gradient + back)
}

/// Adds `factor`·Σ_y w_jy·(y − x_j), where each picture y spreads weight 1 over the batch.
fn pull(gradient: &mut Matrix, x: &Matrix, pictures: &Matrix, itself: bool, factor: f64) {
    let norms = |m: &Matrix| -> Vec<f64> { (0..m.rows).map(|row| dot(m.row(row), m.row(row))).collect() };
    let (x_norms, y_norms) = (norms(x), norms(pictures));
    let mut weights = pictures.times(&x.transposed());
    for (i, row) in weights.data.chunks_exact_mut(x.rows).enumerate() {
        let distance = |(j, cross): (usize, &f64)| (x_norms[j] + y_norms[i] - 2.0 * cross).max(0.0).sqrt();
        let distances: Vec<f64> = row.iter().enumerate().map(distance).collect();
        row.fill(0.0);
        for temperature in TEMPERATURES {
            let width = f64::from(temperature * distance_scale(SIDE, 3));
            let kernel = |j: usize| if itself && i == j { 0.0 } else { (-distances[j] / width).exp() };
            let total: f64 = (0..x.rows).map(kernel).sum::<f64>() * TEMPERATURES.len() as f64;
            row.iter_mut().enumerate().for_each(|(j, weight)| *weight += kernel(j) / total);
        }
    }
    let sums = weights.sum_rows();
    let pulled = weights.transposed().times(pictures);
    for ((gradient, pulled), (row, sum)) in gradient
        .data
        .chunks_exact_mut(x.cols)
        .zip(pulled.data.chunks_exact(x.cols))
        .zip(sums.data.iter().enumerate())
    {
        for ((gradient, pulled), x) in gradient.iter_mut().zip(pulled).zip(x.row(row)) {
            *gradient += factor * (pulled - sum * x);
        }
    }
}

/// Who sees two batches and nothing else.
struct Observer {
    /// Directions of the first batch.
    span: Matrix,
    /// Directions in which the second batch leaves them by more than rounding.
    outside: Matrix,
}

impl Observer {
    /// With the number of directions found.
    fn new([first, second]: &[Matrix; 2], bits: u32) -> (Self, usize) {
        // Six roundings have the deviation √(6/12) units; a random matrix's largest singular value is below this.
        let noise = (-f64::from(bits)).exp2() * 0.5_f64.sqrt();
        let noise = noise * ((SAMPLES as f64).sqrt() + (BATCH as f64).sqrt());
        let span = directions(first, noise);
        let rest = without(second, &span);
        let outside = directions(&rest, noise);
        let found = outside.rows;
        (Self { span, outside }, found)
    }

    /// The share of a picture's energy outside the first batch's span that lies in the directions found.
    fn score(&self, picture: &[f64]) -> f64 {
        let picture = Matrix { rows: 1, cols: SAMPLES, data: picture.to_vec() };
        let rest = without(&picture, &self.span);
        let inside: f64 =
            (0..self.outside.rows).map(|row| dot(self.outside.row(row), &rest.data).powi(2)).sum();
        inside / dot(&rest.data, &rest.data)
    }
}

/// What is left of each row outside the span of orthonormal rows.
fn without(matrix: &Matrix, span: &Matrix) -> Matrix {
    if span.rows == 0 {
        return matrix.clone();
    }
    let inside = matrix.times(&span.transposed()).times(span);
    matrix.zip(&inside, |whole, inside| whole - inside)
}

/// Right singular vectors whose singular values are above `least`, one a row.
fn directions(matrix: &Matrix, least: f64) -> Matrix {
    let (values, vectors) = eigen(matrix.times(&matrix.transposed()));
    let mut out = Matrix::zeros(0, matrix.cols);
    for (value, vector) in values.into_iter().zip(vectors.data.chunks_exact(matrix.rows)) {
        let value = value.max(0.0).sqrt();
        if value > least {
            let left = Matrix { rows: 1, cols: matrix.rows, data: vector.to_vec() };
            out.data.extend(left.times(matrix).map(|x| x / value).data);
            out.rows += 1;
        }
    }
    out
}

/// Eigenvalues and eigenvectors (one a row) of a symmetric matrix, by Jacobi's rotations.
fn eigen(mut a: Matrix) -> (Vec<f64>, Matrix) {
    let n = a.rows;
    let mut vectors = Matrix::from_fn(n, n, |row, col| f64::from(u8::from(row == col)));
    for _ in 0..30 {
        for p in 0..n {
            for q in p + 1..n {
                let off = a.data[p * n + q];
                if off.abs() <= f64::EPSILON * (a.data[p * n + p] * a.data[q * n + q]).abs().sqrt() {
                    continue;
                }
                let theta = (a.data[q * n + q] - a.data[p * n + p]) / (2.0 * off);
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let (c, s) = (1.0 / t.hypot(1.0), t / t.hypot(1.0));
                for k in 0..n {
                    let (x, y) = (a.data[k * n + p], a.data[k * n + q]);
                    (a.data[k * n + p], a.data[k * n + q]) = (c * x - s * y, s * x + c * y);
                }
                for k in 0..n {
                    let (x, y) = (a.data[p * n + k], a.data[q * n + k]);
                    (a.data[p * n + k], a.data[q * n + k]) = (c * x - s * y, s * x + c * y);
                    let (x, y) = (vectors.data[p * n + k], vectors.data[q * n + k]);
                    (vectors.data[p * n + k], vectors.data[q * n + k]) = (c * x - s * y, s * x + c * y);
                }
            }
        }
    }
    ((0..n).map(|i| a.data[i * n + i]).collect(), vectors)
}

/// How often a taught picture scores above one that was not, ties counting half.
fn auc(taught: &[f64], fresh: &[f64]) -> f64 {
    let above = |a: &f64, b: &f64| {
        if a > b {
            1.0
        } else if a == b {
            0.5
        } else {
            0.0
        }
    };
    let sum: f64 = taught.iter().flat_map(|a| fresh.iter().map(move |b| above(a, b))).sum();
    sum / (taught.len() * fresh.len()) as f64
}
