//! The public part of the drift: repulsion within the batch, curation, and the pull back into the pixel range.
//!
//! Every painter computes it for itself and all must get the same integers, or their shares would no longer fit each
//! other. So sums and products are exact integers, and the few reals (distances, exponentials, quotients) are IEEE 754
//! doubles in a fixed order, without any platform's library and without a GPU's floats.

use abraham_artist::PICTURE_BITS;
use abraham_ring::{Backend, Matmul, Operand, RingTensor};

use crate::{
    Curation, Error, apportion::apportion, curation::Side, exponential::exp_of_nonpositive, limits,
    teacher::check_widths,
};

/// Fraction bits of an opened batch. Where it multiplies the secret denominators, their 16 and these make the gradient's
/// 24.
pub const BATCH_FRACTION_BITS: u32 = PICTURE_BITS;

/// Fraction bits of the output gradient.
pub const GRADIENT_FRACTION_BITS: u32 = 24;

/// The batch is compared with pictures after it is clamped to ± this, 1.2 with [`BATCH_FRACTION_BITS`]: a little beyond
/// the pixel range, so that a generator that overshoots still feels where it is.
pub const CLAMP: i64 = 307;

/// Values count as at most ± this in the pull back, 8 with [`BATCH_FRACTION_BITS`]; it bounds the gradient.
const REACH: i64 = 8 << BATCH_FRACTION_BITS;

/// The strength of the pull back into the clamped range, 0.3 with [`WEIGHT_FRACTION_BITS`].
const PULL_BACK: i64 = 314_573;

/// Fraction bits of weights: a source of weight 1 spreads exactly 2^20 units over the batch.
const WEIGHT_FRACTION_BITS: u32 = 20;

/// Fraction bits of the two public factors that scale the drift.
const FACTOR_FRACTION_BITS: u32 = 32;

/// The batch clamped to ±[`CLAMP`], with [`BATCH_FRACTION_BITS`]: what distances and repulsion are computed of, the x in
/// the attraction num_j − den_j·x_j, and, as [`reals`], what teachers compare their pictures with.
pub fn clamped(batch: &RingTensor) -> RingTensor {
    batch.clone().map(|x| x.cast_signed().clamp(-CLAMP, CLAMP).cast_unsigned())
}

/// A tensor with [`BATCH_FRACTION_BITS`] as real numbers; exact for a clamped batch.
pub fn reals(tensor: &RingTensor) -> Vec<f32> {
    let unit = 1.0 / f64::from(1 << BATCH_FRACTION_BITS);
    tensor.data().iter().map(|x| (x.cast_signed() as f64 * unit) as f32).collect()
}

/// The public part P of the output gradient P − S, B×D with [`GRADIENT_FRACTION_BITS`].
///
/// `batch` is the opened batch x, B×D with [`BATCH_FRACTION_BITS`], and `teachers` the number T of teachers whose
/// updates are in S = Σ_teachers (num_j − den_j·x_j), with x as [`clamped`]. Without curation P − S is T/B times the
/// gradient of the recipe, −(V⁺ − V⁻) + 0.3·(x − xc), where xc is the clamped batch and
///
/// - V⁺_j = (B/T)·S_j, the attraction to the teachers' pictures;
/// - V⁻_j = Σ_i u_ji·(xc_i − xc_j), the repulsion, u_ji = softmax over j ≠ i of −‖xc_j − xc_i‖₂/(t·`scale`), averaged
///   over the `temperatures` t: each picture of the batch spreads weight 1 over the others.
///
/// The factor T/B is public and the same for every tensor's gradient, and the update divides each by its norm.
///
/// With a share ρ of curation, backed pieces y spread the weight ρ·T over the batch in S's place, and rejected ones
/// the weight ρ·B in the repulsion's; the rest is scaled so that both sides stay divided by their whole weight. P − S
/// is then T·(1 + ρ₊)/B times the gradient, ρ₊ being ρ where there are backed pieces and 0 elsewhere.
///
/// |P| is below 5·T and |S| at most 2.2·T, so that head-room is known beforehand.
///
/// # Errors
/// [`Error::Parameter`] where the batch has fewer than 2 rows, or the number of teachers or a kernel width is outside
/// its range; [`Error::Curation`] where the curation is refused; [`Error::Ring`] where the backend fails.
pub async fn public_gradient(
    batch: &RingTensor,
    teachers: usize,
    temperatures: &[f32],
    scale: f32,
    curation: &Curation,
    backend: &impl Backend,
) -> Result<RingTensor, Error> {
    let (rows, dimension) = batch.shape();
    if rows < 2 || dimension == 0 {
        return Err(Error::Parameter { what: "the batch", allowed: "at least 2 pictures" });
    }
    if !(1..=limits::MAX_TEACHERS).contains(&teachers) {
        return Err(Error::Parameter { what: "the number of teachers", allowed: "1 to 1,024" });
    }
    check_widths(temperatures, scale)?;
    curation.check(dimension)?;
    let x = clamped(batch);
    let backed = Side::new(&curation.backed, dimension, curation.share_per_mille);
    let rejected = Side::new(&curation.rejected, dimension, curation.share_per_mille);
    let side = |side: &Side, whole: usize| {
        let weight = ((whole as u64 * u64::from(side.per_mille)) << WEIGHT_FRACTION_BITS) / 1000;
        if side.convictions.is_empty() { Vec::new() } else { apportion(weight, &side.convictions) }
    };
    let sources = [
        Sources { pictures: &x, weights: vec![1 << WEIGHT_FRACTION_BITS; rows], are_the_batch: true },
        Sources { pictures: &rejected.pictures, weights: side(&rejected, rows), are_the_batch: false },
        Sources { pictures: &backed.pictures, weights: side(&backed, teachers), are_the_batch: false },
    ];
    let spread = spread(&sources, &x, temperatures, scale, backend).await?;
    let [repelling, attracting] = fields(&sources, &spread, &x, backend).await?;

    // T·(1 + ρ₊) / (B·(1 + ρ₋)) for the repulsion, T·(1 + ρ₊) / B for the pull back, 1 for the curated attraction.
    let attracted = teachers as u64 * (1000 + u64::from(backed.per_mille));
    let repulsion = factor(attracted, rows as u64 * (1000 + u64::from(rejected.per_mille)));
    let pull_back = factor(attracted, rows as u64 * 1000);
    let drop = BATCH_FRACTION_BITS + WEIGHT_FRACTION_BITS + FACTOR_FRACTION_BITS - GRADIENT_FRACTION_BITS;
    let wide = |x: u64| i128::from(x.cast_signed());
    let values = batch.data().iter().zip(x.data()).zip(repelling.data().iter().zip(attracting.data()));
    let values = values.map(|((x, clamped), (repelling, attracting))| {
        let beyond = x.cast_signed().clamp(-REACH, REACH) - clamped.cast_signed();
        let sum = repulsion * wide(*repelling) + pull_back * i128::from(PULL_BACK * beyond)
            - (wide(*attracting) << FACTOR_FRACTION_BITS);
        (((sum + (1 << (drop - 1))) >> drop) as i64).cast_unsigned()
    });
    Ok(RingTensor::new(rows, dimension, values.collect())?)
}

/// Pictures that each spread a weight over the batch.
struct Sources<'a> {
    /// n×D, with [`BATCH_FRACTION_BITS`], in magnitude at most [`CLAMP`].
    pictures: &'a RingTensor,
    /// The weight of each, with [`WEIGHT_FRACTION_BITS`].
    weights: Vec<u64>,
    /// Whether they are the batch itself: a picture then spreads nothing over itself.
    are_the_batch: bool,
}

/// numerator / denominator with [`FACTOR_FRACTION_BITS`], rounded to nearest.
fn factor(numerator: u64, denominator: u64) -> i128 {
    let (numerator, denominator) = (i128::from(numerator), i128::from(denominator));
    ((numerator << FACTOR_FRACTION_BITS) + denominator / 2) / denominator
}

/// How each source's weight spreads over the batch: for each set of n sources an n×B matrix whose rows add up exactly
/// to the sources' weights.
async fn spread(
    sources: &[Sources<'_>],
    x: &RingTensor,
    temperatures: &[f32],
    scale: f32,
    backend: &impl Backend,
) -> Result<Vec<RingTensor>, Error> {
    let rows = x.rows();
    let present = || sources.iter().filter(|sources| !sources.pictures.is_empty());
    let products = present().map(|sources| product(vec![(sources.pictures, false, x, true)]));
    let products: Vec<_> = products.collect();
    let mut products = backend.matmul(&products).await?.into_iter();
    let x_norms = squared_norms(x);
    let mut spread = Vec::with_capacity(sources.len());
    for sources in sources {
        let mut weights = RingTensor::zeros(sources.pictures.rows(), rows);
        let cross = if sources.pictures.is_empty() { None } else { products.next() };
        let Some(cross) = cross else {
            spread.push(weights);
            continue;
        };
        let norms = squared_norms(sources.pictures);
        for (source, row) in weights.data_mut().chunks_exact_mut(rows).enumerate() {
            let itself = sources.are_the_batch.then_some(source);
            let distances = cross.row(source).iter().zip(&x_norms).map(|(cross, x_norm)| {
                // Exact: D·(2·1.2·2^16)^2 stays below 2^64 up to D of 10^8.
                let square = x_norm.wrapping_add(norms[source]).wrapping_sub(cross.wrapping_mul(2));
                (square as f64).sqrt() / f64::from(1 << BATCH_FRACTION_BITS)
            });
            let distances: Vec<f64> = distances.collect();
            let shares = softmax(&distances, itself, temperatures, scale);
            row.copy_from_slice(&apportion(sources.weights[source], &shares));
        }
        spread.push(weights);
    }
    Ok(spread)
}

/// The sum over the temperatures of softmax(−distances / (t·scale)), leaving out `itself`.
fn softmax(distances: &[f64], itself: Option<usize>, temperatures: &[f32], scale: f32) -> Vec<f64> {
    let others = || (0..distances.len()).filter(|j| Some(*j) != itself);
    let nearest =
        others().fold(f64::INFINITY, |least, j| if distances[j] < least { distances[j] } else { least });
    let mut shares = vec![0.0; distances.len()];
    let mut exponentials = vec![0.0; distances.len()];
    for temperature in temperatures {
        let width = f64::from(*temperature) * f64::from(scale);
        let mut sum = 0.0;
        for j in others() {
            exponentials[j] = exp_of_nonpositive((nearest - distances[j]) / width);
            sum += exponentials[j];
        }
        for j in others() {
            shares[j] += exponentials[j] / sum;
        }
    }
    shares
}

/// Σ_source weight_source,j·(picture_source − x_j), B×D with the fraction bits of both: of the batch and the rejected
/// pieces together, and of the backed pieces.
async fn fields(
    sources: &[Sources<'_>; 3],
    spread: &[RingTensor],
    x: &RingTensor,
    backend: &impl Backend,
) -> Result<[RingTensor; 2], Error> {
    let terms: Vec<_> = sources.iter().zip(spread).collect();
    let (repelling, attracting) = terms.split_at(2);
    let mut wanted = Vec::new();
    for terms in [repelling, attracting] {
        let terms: Vec<_> = terms.iter().filter(|(sources, _)| !sources.pictures.is_empty()).collect();
        if !terms.is_empty() {
            wanted
                .push(product(terms.iter().map(|(s, spread)| (*spread, true, s.pictures, false)).collect()));
        }
    }
    // The batch is never empty, so the repulsion is always there.
    let mut products = backend.matmul(&wanted).await?.into_iter();
    let mut field = |terms: &[(&Sources<'_>, &RingTensor)]| {
        if terms.iter().all(|(sources, _)| sources.pictures.is_empty()) {
            return RingTensor::zeros(x.rows(), x.cols());
        }
        let mut field = products.next().unwrap_or_default();
        for (_, spread) in terms {
            let sums = spread.sum_rows();
            let rows = field.data_mut().chunks_exact_mut(x.cols()).zip(x.data().chunks_exact(x.cols()));
            for ((field, x), sum) in rows.zip(sums.data()) {
                for (field, x) in field.iter_mut().zip(x) {
                    *field = field.wrapping_sub(x.wrapping_mul(*sum));
                }
            }
        }
        field
    };
    Ok([field(repelling), field(attracting)])
}

fn product<'a>(terms: Vec<(&'a RingTensor, bool, &'a RingTensor, bool)>) -> Matmul<'a> {
    let operand = |tensor, transposed| Operand { tensor, transposed };
    Matmul { terms: terms.into_iter().map(|(a, ta, b, tb)| (operand(a, ta), operand(b, tb))).collect() }
}

/// Σ of squares of each row.
fn squared_norms(tensor: &RingTensor) -> Vec<u64> {
    let square = |row: &[u64]| row.iter().fold(0u64, |sum, x| sum.wrapping_add(x.wrapping_mul(*x)));
    (0..tensor.rows()).map(|row| square(tensor.row(row))).collect()
}

#[cfg(test)]
mod tests {
    use abraham_ring::CpuBackend;
    use rand_chacha::ChaCha8Rng;
    use rand_core::{RngCore, SeedableRng};

    use super::*;
    use crate::{CandleKernelSums, Curated, KernelSums, Pictures, TEMPERATURES, quantise};

    const UNIT: f64 = 256.0;

    fn gradient(batch: &RingTensor, teachers: usize, curation: &Curation) -> RingTensor {
        let gradient = public_gradient(batch, teachers, &TEMPERATURES, 3.0, curation, &CpuBackend);
        pollster::block_on(gradient).unwrap()
    }

    fn random_batch(seed: u64, rows: usize, dimension: usize, size: f64) -> RingTensor {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        RingTensor::from_fn(rows, dimension, |_, _| {
            let uniform = f64::from(rng.next_u32()) / f64::from(u32::MAX) * 2.0 - 1.0;
            abraham_ring::fixed::encode(uniform * size, BATCH_FRACTION_BITS)
        })
    }

    fn bytes(seed: u64, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
        bytes
    }

    type Row = Vec<f64>;

    fn rows_of(tensor: &RingTensor) -> Vec<Row> {
        let real = |x: &u64| x.cast_signed() as f64 / UNIT;
        (0..tensor.rows()).map(|row| tensor.row(row).iter().map(real).collect()).collect()
    }

    fn distance(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }

    /// Σ over the sources y of weight·w_jy·(y − x_j), with the column rule and the standard library.
    fn field(x: &[Row], sources: &[Row], weights: &[f64], itself: bool) -> Vec<Row> {
        let mut field = vec![vec![0.0; x[0].len()]; x.len()];
        for (i, (y, weight)) in sources.iter().zip(weights).enumerate() {
            for t in TEMPERATURES {
                let kernel = |(j, x): (usize, &Row)| {
                    if itself && i == j { 0.0 } else { (-distance(x, y) / (f64::from(t) * 3.0)).exp() }
                };
                let kernels: Vec<f64> = x.iter().enumerate().map(kernel).collect();
                let total: f64 = kernels.iter().sum::<f64>() * TEMPERATURES.len() as f64;
                for (j, kernel) in kernels.iter().enumerate() {
                    for (c, field) in field[j].iter_mut().enumerate() {
                        *field += weight * kernel / total * (y[c] - x[j][c]);
                    }
                }
            }
        }
        field
    }

    fn clamp(x: &[Row]) -> Vec<Row> {
        x.iter().map(|row| row.iter().map(|v| v.clamp(-1.2, 1.2)).collect()).collect()
    }

    /// P − S for two teachers, against T/B·(1 + ρ₊) times the recipe's gradient in floating point.
    #[test]
    fn is_the_recipe_s_gradient() {
        let (side, rows) = (3, 12);
        let dimension = 3 * side * side;
        let batch = random_batch(5, rows, dimension, 1.4);
        let (clamped_batch, teachers) = (reals(&clamped(&batch)), 2);
        let mut sum = vec![0.0; rows * dimension];
        let mut sets: Vec<Vec<Row>> = Vec::new();
        for teacher in 0..teachers {
            let mut pictures = Pictures::new(side, 3).unwrap();
            for picture in 0..20 + 30 * teacher {
                let pixels = bytes((100 * teacher + picture) as u64, dimension);
                let pixels: Vec<f32> = pixels.iter().map(|b| f32::from(*b) / 127.5 - 1.0).collect();
                pictures.push(&pixels).unwrap();
            }
            let sums = CandleKernelSums.kernel_sums(&clamped_batch, &pictures, 3.0, &TEMPERATURES);
            let update = quantise(&pollster::block_on(sums).unwrap()).unwrap();
            for ((sum, num), (at, x)) in
                sum.iter_mut().zip(update.num.data()).zip(clamped(&batch).data().iter().enumerate())
            {
                let den = update.den.data()[at / dimension];
                let shared = num.wrapping_sub(den.wrapping_mul(*x));
                *sum += shared.cast_signed() as f64 / f64::from(1 << GRADIENT_FRACTION_BITS);
            }
            let reals = |row: &[f32]| row.iter().map(|v| f64::from(*v)).collect();
            sets.push(pictures.values().chunks(dimension).map(reals).collect());
        }
        let piece = |seed, conviction| Curated::from_bytes(&bytes(seed, dimension), conviction);
        let backed = vec![piece(901, 3), piece(902, 1), piece(903, 0)];
        let rejected = vec![piece(904, 7)];
        for curation in [
            Curation::default(),
            Curation { share_per_mille: 100, backed: backed.clone(), rejected: Vec::new() },
            Curation { share_per_mille: 200, backed: Vec::new(), rejected: rejected.clone() },
            Curation { share_per_mille: 50, backed, rejected },
        ] {
            let public = gradient(&batch, teachers, &curation);
            let rho = f64::from(curation.share_per_mille) / 1000.0;
            let values = |piece: &Curated| piece.picture.iter().map(|v| f64::from(*v) / UNIT).collect();
            let backed: Vec<Row> = curation.backed.iter().map(values).collect();
            let rejected: Vec<Row> = curation.rejected.iter().map(values).collect();
            let x = rows_of(&batch);
            let xc = clamp(&x);
            // Weights as the recipe has them: each teacher's pictures average to B/T, all scaled by the whole weight.
            let rho_backed = if backed.is_empty() { 0.0 } else { rho };
            let rho_rejected = if rejected.is_empty() { 0.0 } else { rho };
            let (b, t) = (rows as f64, teachers as f64);
            let mut attraction = vec![vec![0.0; dimension]; rows];
            let add = |to: &mut Vec<Row>, part: Vec<Row>, factor: f64| {
                for (to, part) in to.iter_mut().flatten().zip(part.into_iter().flatten()) {
                    *to += factor * part;
                }
            };
            for set in &sets {
                let part = field(&xc, set, &vec![1.0; set.len()], false);
                add(&mut attraction, part, b / t / set.len() as f64 / (1.0 + rho_backed));
            }
            let part = field(&xc, &backed, &[0.75, 0.25, 0.0], false);
            add(&mut attraction, part, rho_backed * b / (1.0 + rho_backed));
            let mut repulsion = field(&xc, &xc, &vec![1.0; rows], true);
            add(&mut repulsion, field(&xc, &rejected, &[1.0], false), rho_rejected * b);
            let factor = t * (1.0 + rho_backed) / b;
            for j in 0..rows {
                for c in 0..dimension {
                    let repulsion = repulsion[j][c] / (1.0 + rho_rejected);
                    let expected = -(attraction[j][c] - repulsion) + 0.3 * (x[j][c] - xc[j][c]);
                    let at = j * dimension + c;
                    let public = public.data()[at].cast_signed() as f64 / f64::from(1 << 24);
                    let found = public - sum[at];
                    // The coarse batch is off by up to 2^-9, times a denominator.
                    assert!(
                        (found - factor * expected).abs() < 2e-3,
                        "{j} {c}: {found} {}",
                        factor * expected
                    );
                }
            }
        }
    }

    #[test]
    fn repulsion_alone_is_within_a_thousandth_of_a_percent() {
        let batch = random_batch(3, 9, 48, 1.1);
        let xc = rows_of(&batch);
        let expected = field(&xc, &xc, &[1.0; 9], true);
        let found = gradient(&batch, 9, &Curation::default());
        for (found, expected) in found.data().iter().zip(expected.iter().flatten()) {
            let found = found.cast_signed() as f64 / f64::from(1 << 24);
            assert!((found - expected).abs() < 1e-5 * 2.4 * 9.0, "{found} {expected}");
        }
    }

    /// Painters on other machines must get these very integers: a new value is another protocol.
    #[test]
    fn is_pinned() {
        let batch = random_batch(11, 32, 192, 1.5);
        let curation = Curation {
            share_per_mille: 70,
            backed: vec![Curated::from_bytes(&bytes(1, 192), 5), Curated::from_bytes(&bytes(2, 192), 9)],
            rejected: vec![Curated::from_bytes(&bytes(3, 192), 1)],
        };
        let hash = gradient(&batch, 3, &curation)
            .data()
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, x| (hash ^ x).wrapping_mul(0x0000_0100_0000_01b3));
        assert_eq!(hash, 0x90a3_daff_19e9_ac40, "{hash:#018x}");
    }

    #[test]
    fn equal_pictures_and_absurd_values_stay_bounded() {
        let equal = RingTensor::from_fn(4, 6, |_, _| 200);
        assert!(gradient(&equal, 1, &Curation::default()).data().iter().all(|x| *x == 0));
        let absurd = RingTensor::from_fn(3, 6, |r, c| if (r + c) % 2 == 0 { 1 << 63 } else { (1 << 63) - 1 });
        for teachers in [1, limits::MAX_TEACHERS] {
            let gradient = gradient(&absurd, teachers, &Curation::default());
            let bound = 5.0 * teachers as f64 * f64::from(1 << 24);
            assert!(gradient.data().iter().all(|x| (x.cast_signed() as f64).abs() < bound));
        }
    }

    #[test]
    fn refuses_what_has_no_drift() {
        let curation = Curation::default();
        let refused = |batch: &RingTensor, teachers, temperatures: &[f32], scale, curation: &Curation| {
            let gradient = public_gradient(batch, teachers, temperatures, scale, curation, &CpuBackend);
            pollster::block_on(gradient).err()
        };
        let batch = random_batch(1, 4, 12, 1.0);
        assert!(refused(&batch, 1, &[0.1], 1.0, &curation).is_none());
        assert!(refused(&random_batch(1, 1, 12, 1.0), 1, &[0.1], 1.0, &curation).is_some());
        assert!(refused(&RingTensor::zeros(4, 0), 1, &[0.1], 1.0, &curation).is_some());
        assert!(refused(&batch, 0, &[0.1], 1.0, &curation).is_some());
        assert!(refused(&batch, limits::MAX_TEACHERS + 1, &[0.1], 1.0, &curation).is_some());
        assert!(refused(&batch, 1, &[], 1.0, &curation).is_some());
        assert!(refused(&batch, 1, &[0.1], f32::NAN, &curation).is_some());
        let over = Curation { share_per_mille: 201, ..Curation::default() };
        assert!(matches!(refused(&batch, 1, &[0.1], 1.0, &over), Some(Error::Curation(_))));
        let backed = vec![Curated::from_bytes(&[0; 11], 1)];
        let other = Curation { backed, ..Curation::default() };
        assert!(matches!(refused(&batch, 1, &[0.1], 1.0, &other), Some(Error::Curation(_))));
        let rejected = vec![Curated::from_bytes(&[0; 12], 1); limits::MAX_CURATED + 1];
        let many = Curation { rejected, ..Curation::default() };
        assert!(matches!(refused(&batch, 1, &[0.1], 1.0, &many), Some(Error::Curation(_))));
    }
}
