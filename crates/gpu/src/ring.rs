//! The ring [`Backend`] on a graphics device.

use abraham_ring::{
    Backend, CpuBackend, Draw, Error as RingError, Matmul, Operand, RingTensor, hadamard_shape,
};
use abraham_shaders::{
    kernels::{prf_expand, ring_hadamard, ring_matmul, sine_cosine},
    sine_table,
};

use crate::{
    Error, GpuBackend,
    submission::{Region, Submission, WORK_AT_ONCE},
};

/// Rows and columns of the result that one workgroup of `ring_matmul` computes.
const TILE: usize = 32;

/// Columns of the result that one dispatch of `ring_matmul` handles: a tile of this width and depth is its least work.
const COLS_AT_ONCE: usize = WORK_AT_ONCE / (TILE * TILE);

/// Rows of the result that one dispatch of `ring_matmul` handles, in at most 65,535 workgroups.
const ROWS_AT_ONCE: usize = 1 << 20;

/// Elements that one dispatch of an element-wise kernel handles: 16 MiB, in half the 65,535 workgroups allowed.
const ELEMENTS_AT_ONCE: usize = 1 << 21;

/// Keystream words that one dispatch of `prf_expand` writes: 32 MiB. A multiple of a block's 16 words.
const WORDS_AT_ONCE: usize = 1 << 23;

/// Dispatches, and so parameter slots, in one submission.
const DISPATCHES_AT_ONCE: usize = 4096;

impl Backend for GpuBackend {
    fn name(&self) -> &str {
        &self.name
    }

    /// A product with operands or a result above 128 MiB, or above 131,072 columns, is computed on the CPU.
    async fn matmul(&self, batch: &[Matmul<'_>]) -> Result<Vec<RingTensor>, RingError> {
        let shapes: Vec<_> = batch.iter().map(Matmul::shape).collect::<Result<_, _>>()?;
        let mut results: Vec<Option<RingTensor>> = batch.iter().map(|_| None).collect();
        let mut submission = Submission::new(self);
        let mut places = Vec::new();
        for (index, (product, (rows, cols))) in batch.iter().zip(&shapes).enumerate() {
            let operands = product.terms.iter().flat_map(|(left, right)| [left, right]);
            let inputs: Vec<usize> = operands.map(|operand| 8 * operand.tensor.len()).collect();
            let outputs = [8 * rows * cols];
            if outputs == [0] || product.terms.iter().all(|(left, _)| left.shape().1 == 0) {
                results[index] = Some(RingTensor::zeros(*rows, *cols));
                continue;
            }
            if !Submission::new(self).fits(&inputs, &outputs) || *cols > COLS_AT_ONCE {
                results[index] = CpuBackend.matmul(std::slice::from_ref(product)).await?.pop();
                continue;
            }
            if !submission.fits(&inputs, &outputs) || submission.dispatches() > DISPATCHES_AT_ONCE {
                let full = std::mem::replace(&mut submission, Submission::new(self));
                collect(full, &mut places, &shapes, &mut results).await?;
            }
            let out = submission.output(outputs[0]);
            let mut accumulate = false;
            for (left, right) in &product.terms {
                accumulate |= add_product(&mut submission, left, right, out, accumulate);
            }
            places.push((index, out));
        }
        collect(submission, &mut places, &shapes, &mut results).await?;
        Ok(results.into_iter().flatten().collect())
    }

    async fn hadamard(
        &self,
        batch: &[Vec<(&RingTensor, &RingTensor)>],
    ) -> Result<Vec<RingTensor>, RingError> {
        let shapes: Vec<_> = batch.iter().map(|terms| hadamard_shape(terms)).collect::<Result<_, _>>()?;
        let mut results: Vec<_> = shapes.iter().map(|(rows, cols)| RingTensor::zeros(*rows, *cols)).collect();
        let mut submission = Submission::new(self);
        let mut places = Vec::new();
        for (index, terms) in batch.iter().enumerate() {
            let elements = results[index].len();
            for start in (0..elements).step_by(ELEMENTS_AT_ONCE) {
                let end = elements.min(start + ELEMENTS_AT_ONCE);
                let mut out = None;
                for (left, right) in terms {
                    let bytes = 8 * (end - start);
                    if !submission.fits(&[bytes, bytes], &[bytes])
                        || submission.dispatches() > DISPATCHES_AT_ONCE
                    {
                        let full = std::mem::replace(&mut submission, Submission::new(self));
                        add_elements(full, &mut places, &mut results).await?;
                        out = None;
                    }
                    // A sum that a full submission cut in two is put together on the host.
                    let accumulate = out.is_some();
                    let region = *out.get_or_insert_with(|| {
                        let region = submission.output(bytes);
                        places.push((index, start, region));
                        region
                    });
                    let inputs = [left, right].map(|tensor| submission.input(&tensor.data()[start..end]));
                    let params = ring_hadamard::Params {
                        elements: word(end - start),
                        accumulate: u32::from(accumulate),
                        padding: [0; 2],
                    };
                    let workgroups = [word((end - start).div_ceil(64)), 1, 1];
                    let regions = [inputs[0], inputs[1], region];
                    submission.dispatch(&ring_hadamard::KERNEL, &params, &regions, workgroups, end - start);
                }
            }
        }
        add_elements(submission, &mut places, &mut results).await?;
        Ok(results)
    }

    async fn expand(&self, batch: &[Draw<'_>]) -> Result<Vec<RingTensor>, RingError> {
        batch.iter().try_for_each(Draw::check)?;
        let mut results: Vec<_> = batch.iter().map(|draw| RingTensor::zeros(draw.rows, draw.cols)).collect();
        let mut submission = Submission::new(self);
        let mut places = Vec::new();
        for (index, draw) in batch.iter().enumerate() {
            let words_each = if draw.bits <= 32 { 1 } else { 2 };
            let words = results[index].len() * words_each;
            let mask = abraham_ring::fixed::mask(draw.bits);
            let odd_mask = if words_each == 1 { mask } else { mask >> 32 };
            let (low, high) = draw.key.split_at(16);
            for start in (0..words).step_by(WORDS_AT_ONCE) {
                let count = WORDS_AT_ONCE.min(words - start);
                if !submission.fits(&[], &[4 * count]) || submission.dispatches() > DISPATCHES_AT_ONCE {
                    let full = std::mem::replace(&mut submission, Submission::new(self));
                    widen(full, &mut places, &mut results).await?;
                }
                let params = prf_expand::Params {
                    key_low: bytemuck::pod_read_unaligned(low),
                    key_high: bytemuck::pod_read_unaligned(high),
                    stream: [draw.stream as u32, (draw.stream >> 32) as u32],
                    first_block: word(start / 16),
                    words: word(count),
                    even_mask: mask as u32,
                    odd_mask: odd_mask as u32,
                    padding: [0; 2],
                };
                let out = submission.output(4 * count);
                let workgroups = [word(count.div_ceil(16 * 64)), 1, 1];
                submission.dispatch(&prf_expand::KERNEL, &params, &[out], workgroups, 8 * count);
                places.push((index, start / words_each, words_each, out));
            }
        }
        widen(submission, &mut places, &mut results).await?;
        Ok(results)
    }

    async fn sine_cosine(
        &self,
        angle: &RingTensor,
        period_bits: u32,
    ) -> Result<(RingTensor, RingTensor), RingError> {
        RingError::check_bits("an angle's period", period_bits, sine_table::TURN_BITS)?;
        let table: Vec<u32> = sine_table::quarter_wave().iter().map(|value| u32::from(*value)).collect();
        let mut sine = RingTensor::zeros(angle.rows(), angle.cols());
        let mut cosine = sine.clone();
        let chunks =
            sine.data_mut().chunks_mut(ELEMENTS_AT_ONCE).zip(cosine.data_mut().chunks_mut(ELEMENTS_AT_ONCE));
        for (angle, (sine, cosine)) in angle.data().chunks(ELEMENTS_AT_ONCE).zip(chunks) {
            let mut submission = Submission::new(self);
            let inputs = [submission.input(angle), submission.input(&table)];
            let out = submission.output(8 * angle.len());
            let params = sine_cosine::Params { elements: word(angle.len()), period_bits, padding: [0; 2] };
            let workgroups = [word(angle.len().div_ceil(64)), 1, 1];
            let regions = [inputs[0], inputs[1], out];
            submission.dispatch(&sine_cosine::KERNEL, &params, &regions, workgroups, angle.len());
            let readback = submission.run(&[out]).await?;
            for (values, (sine, cosine)) in
                readback.read::<[i32; 2]>(out).iter().zip(sine.iter_mut().zip(cosine))
            {
                *sine = i64::from(values[0]).cast_unsigned();
                *cosine = i64::from(values[1]).cast_unsigned();
            }
        }
        Ok((sine, cosine))
    }
}

/// A number that the sizes of bindings bound far below 2^32.
#[expect(clippy::cast_possible_truncation, reason = "nothing counted here reaches 2^32")]
fn word(x: usize) -> u32 {
    debug_assert!(u32::try_from(x).is_ok());
    x as u32
}

/// Adds the dispatches of out (+)= left · right; whether there were any.
fn add_product<'a>(
    submission: &mut Submission<'a>,
    left: &Operand<'a>,
    right: &Operand<'a>,
    out: Region,
    mut accumulate: bool,
) -> bool {
    let ((rows, depth), (_, cols)) = (left.shape(), right.shape());
    if depth == 0 {
        return false;
    }
    let strides = |operand: &Operand<'_>| {
        let stride = operand.tensor.cols();
        if operand.transposed { (1, stride) } else { (stride, 1) }
    };
    let (left_row_stride, left_col_stride) = strides(left);
    let (right_row_stride, right_col_stride) = strides(right);
    let regions = [submission.input(left.tensor.data()), submission.input(right.tensor.data()), out];
    let depth_at_once = (WORK_AT_ONCE / (TILE * cols)).clamp(TILE, depth.max(TILE));
    let rows_at_once = (WORK_AT_ONCE / (depth_at_once * cols) / TILE * TILE).clamp(TILE, ROWS_AT_ONCE);
    for k in (0..depth).step_by(depth_at_once) {
        let depth = depth_at_once.min(depth - k);
        for row in (0..rows).step_by(rows_at_once) {
            let rows = rows_at_once.min(rows - row);
            let params = ring_matmul::Params {
                rows: word(rows),
                cols: word(cols),
                depth: word(depth),
                left_start: word(row * left_row_stride + k * left_col_stride),
                left_row_stride: word(left_row_stride),
                left_col_stride: word(left_col_stride),
                right_start: word(k * right_row_stride),
                right_row_stride: word(right_row_stride),
                right_col_stride: word(right_col_stride),
                out_start: word(row * cols),
                accumulate: u32::from(accumulate),
                padding: 0,
            };
            let workgroups = [word(cols.div_ceil(TILE)), word(rows.div_ceil(TILE)), 1];
            submission.dispatch(&ring_matmul::KERNEL, &params, &regions, workgroups, rows * cols * depth);
        }
        accumulate = true;
    }
    true
}

/// Runs products and puts each result into its place.
async fn collect(
    submission: Submission<'_>,
    places: &mut Vec<(usize, Region)>,
    shapes: &[(usize, usize)],
    results: &mut [Option<RingTensor>],
) -> Result<(), Error> {
    if submission.dispatches() == 0 {
        return Ok(());
    }
    let wanted: Vec<_> = places.iter().map(|(_, out)| *out).collect();
    let readback = submission.run(&wanted).await?;
    for (index, out) in places.drain(..) {
        let (rows, cols) = shapes[index];
        results[index] = Some(RingTensor::new(rows, cols, readback.read(out))?);
    }
    Ok(())
}

/// Runs element-wise products and adds each stretch to its place.
async fn add_elements(
    submission: Submission<'_>,
    places: &mut Vec<(usize, usize, Region)>,
    results: &mut [RingTensor],
) -> Result<(), Error> {
    if submission.dispatches() == 0 {
        return Ok(());
    }
    let wanted: Vec<_> = places.iter().map(|(_, _, out)| *out).collect();
    let readback = submission.run(&wanted).await?;
    for (index, start, out) in places.drain(..) {
        for (sum, x) in results[index].data_mut()[start..].iter_mut().zip(readback.read::<u64>(out)) {
            *sum = sum.wrapping_add(x);
        }
    }
    Ok(())
}

/// Runs draws and widens their words to elements.
async fn widen(
    submission: Submission<'_>,
    places: &mut Vec<(usize, usize, usize, Region)>,
    results: &mut [RingTensor],
) -> Result<(), Error> {
    if submission.dispatches() == 0 {
        return Ok(());
    }
    let wanted: Vec<_> = places.iter().map(|(_, _, _, out)| *out).collect();
    let readback = submission.run(&wanted).await?;
    for (index, start, words_each, out) in places.drain(..) {
        let elements = results[index].data_mut()[start..].iter_mut();
        if words_each == 1 {
            elements.zip(readback.read::<u32>(out)).for_each(|(x, word)| *x = u64::from(word));
        } else {
            elements.zip(readback.read::<u64>(out)).for_each(|(x, pair)| *x = pair);
        }
    }
    Ok(())
}
