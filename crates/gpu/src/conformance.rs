//! Every kernel against its CPU mirror.

use abraham_ring::{Backend, CpuBackend, Draw, Matmul, Operand, RingTensor};
use abraham_shaders::cpu;

use crate::{Error, GpuBackend};

/// How far the device's f32 sums may lie from the mirror's: values are of the order of 1, sums of at most 10^3 terms.
const TOLERANCE: f32 = 1e-4;

/// Runs every kernel on the device and compares it with its CPU mirror: bit for bit over the ring, within 10^-4 in f32.
/// It takes milliseconds on a real adapter; its lines say what was compared.
///
/// # Errors
/// [`Error::Disagrees`] at the first difference; what the device says where it fails.
pub async fn conformance(gpu: &GpuBackend) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    matmul(gpu, &mut lines).await?;
    hadamard(gpu, &mut lines).await?;
    expand(gpu, &mut lines).await?;
    sine_cosine(gpu, &mut lines).await?;
    kernel_sums(gpu, &mut lines).await?;
    Ok(lines)
}

/// Notes that `case` was compared, or fails.
fn compare(equal: bool, kernel: &'static str, case: String, lines: &mut Vec<String>) -> Result<(), Error> {
    if !equal {
        return Err(Error::Disagrees { kernel, case });
    }
    lines.push(format!("{kernel}: {case}"));
    Ok(())
}

/// SplitMix64 (Steele, Lea and Flood, 2014): test data only.
struct Mixer(u64);

impl Mixer {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// Any bits, with rows of 2^64 − 1 and 2^32 − 1 for the carries.
    fn tensor(&mut self, rows: usize, cols: usize) -> RingTensor {
        RingTensor::from_fn(rows, cols, |row, _| {
            let x = self.next();
            match row % 5 {
                1 => u64::MAX,
                3 => u64::from(u32::MAX),
                _ => x,
            }
        })
    }

    /// Values from −1 to 1.
    fn values(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0).collect()
    }
}

async fn matmul(gpu: &GpuBackend, lines: &mut Vec<String>) -> Result<(), Error> {
    let mut mixer = Mixer(1);
    for (rows, depth, cols) in
        [(1, 1, 1), (32, 16, 32), (33, 17, 31), (1, 70, 130), (65, 3, 1), (64, 64, 64), (40, 0, 9)]
    {
        let plain = [mixer.tensor(rows, depth), mixer.tensor(depth, cols)];
        let turned = [mixer.tensor(depth, rows), mixer.tensor(cols, depth)];
        let operand = |tensor, transposed| Operand { tensor, transposed };
        let batch = [
            Matmul { terms: vec![(operand(&plain[0], false), operand(&plain[1], false))] },
            Matmul {
                terms: vec![
                    (operand(&turned[0], true), operand(&plain[1], false)),
                    (operand(&plain[0], false), operand(&turned[1], true)),
                    (operand(&turned[0], true), operand(&turned[1], true)),
                ],
            },
        ];
        let equal = gpu.matmul(&batch).await? == CpuBackend.matmul(&batch).await?;
        compare(
            equal,
            "ring_matmul",
            format!("{rows}×{depth} by {depth}×{cols}, one term and three"),
            lines,
        )?;
    }
    Ok(())
}

async fn hadamard(gpu: &GpuBackend, lines: &mut Vec<String>) -> Result<(), Error> {
    let mut mixer = Mixer(2);
    for (rows, cols) in [(1, 1), (7, 10), (33, 129), (0, 4)] {
        let [x, y, z] = [(); 3].map(|()| mixer.tensor(rows, cols));
        let batch = [vec![(&x, &y)], vec![(&x, &z), (&y, &z), (&z, &z)]];
        let equal = gpu.hadamard(&batch).await? == CpuBackend.hadamard(&batch).await?;
        compare(equal, "ring_hadamard", format!("{rows}×{cols}, one term and three"), lines)?;
    }
    Ok(())
}

async fn expand(gpu: &GpuBackend, lines: &mut Vec<String>) -> Result<(), Error> {
    let key = std::array::from_fn(|i| (37 * i + 11) as u8);
    for (rows, cols) in [(1, 1), (3, 5), (65, 33), (0, 1)] {
        for bits in [1, 20, 32, 33, 44, 64] {
            let draw = |stream| Draw { key: &key, stream, rows, cols, bits };
            let batch = [draw(0), draw(0x0123_4567_89ab_cdef)];
            let equal = gpu.expand(&batch).await? == CpuBackend.expand(&batch).await?;
            compare(equal, "prf_expand", format!("{rows}×{cols} of {bits} bits"), lines)?;
        }
    }
    Ok(())
}

async fn sine_cosine(gpu: &GpuBackend, lines: &mut Vec<String>) -> Result<(), Error> {
    let mut mixer = Mixer(3);
    for period_bits in [16, 17, 31, 32, 44, 48, 49, 63, 64] {
        let mut angle = mixer.tensor(20, 61);
        // Both sides of every border between quarters, where rounding carries.
        for (i, x) in angle.data_mut().iter_mut().take(32).enumerate() {
            let quarter = ((i as u64 / 8) << (period_bits - 2)).wrapping_sub(4);
            *x = quarter.wrapping_add(i as u64 % 8);
        }
        let equal = gpu.sine_cosine(&angle, period_bits).await?
            == CpuBackend.sine_cosine(&angle, period_bits).await?;
        compare(equal, "sine_cosine", format!("a turn of {period_bits} bits"), lines)?;
    }
    Ok(())
}

async fn kernel_sums(gpu: &GpuBackend, lines: &mut Vec<String>) -> Result<(), Error> {
    let mut mixer = Mixer(4);
    let temperatures = [0.05, 0.2];
    for (members, pictures, pixels) in [(1, 1, 1), (5, 3, 17), (33, 70, 48), (16, 40, 200)] {
        let batch = mixer.values(members * pixels);
        let pictures_in = mixer.values(pictures * pixels);
        let scale = (pixels as f32).sqrt();
        let (num, den) = gpu.kernel_sums(&batch, &pictures_in, pixels, scale, &temperatures).await?;

        let rates = temperatures.map(|temperature| 1.0 / (temperature * scale));
        let factor = 1.0 / (pictures * rates.len()) as f32;
        let mut distances = vec![0.0; pictures * members];
        let mut weights = distances.clone();
        let mut sums = vec![0.0; members * (pixels + 1)];
        cpu::kernel_distance(&pictures_in, &batch, pixels, &mut distances);
        cpu::kernel_weights(&distances, members, &rates, factor, &mut weights);
        cpu::kernel_sums(&weights, members, &pictures_in, pixels, &mut sums);
        let computed = num.chunks_exact(pixels).zip(&den).flat_map(|(num, den)| num.iter().chain([den]));
        let near = num.len() == batch.len() && computed.zip(&sums).all(|(x, y)| (x - y).abs() <= TOLERANCE);
        let case = format!("{pictures} pictures of {pixels} values over a batch of {members}");
        if !near {
            // Only the end of the chain is read back.
            return Err(Error::Disagrees { kernel: "kernel_distance, kernel_weights or kernel_sums", case });
        }
        let chain = ["kernel_distance", "kernel_weights", "kernel_sums"];
        lines.extend(chain.map(|kernel| format!("{kernel}: {case}")));
    }
    Ok(())
}
