//! Mirror of `shader/ring_matmul.wgsl`.

use zeroize::Zeroizing;

/// A matrix over Z_2^64 in a slice: element (r, c) lies at `r·row_stride + c·col_stride`.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    /// The elements.
    pub data: &'a [u64],
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// Distance between rows.
    pub row_stride: usize,
    /// Distance between columns.
    pub col_stride: usize,
}

impl<'a> Matrix<'a> {
    /// A row-major matrix.
    pub fn new(data: &'a [u64], rows: usize, cols: usize) -> Self {
        Self { data, rows, cols, row_stride: cols, col_stride: 1 }
    }

    /// The transpose, without moving an element.
    pub fn transposed(self) -> Self {
        Self {
            data: self.data,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }
}

/// Inner dimension packed at a time: a strip of the right operand (DEPTH × strip) stays in the first-level cache.
const DEPTH: usize = 256;

/// Rows of the left operand packed at a time: ROWS × DEPTH stay in the second-level cache.
const ROWS: usize = 64;

/// Columns of the right operand packed at a time.
const COLS: usize = 2048;

/// Below this many rows, packing the right operand costs more than it saves.
const SKINNY_ROWS: usize = 4;

/// out += left · right over Z_2^64. `left` is M×K, `right` K×N, `out` M×N row-major; any of them may be empty.
///
/// # Panics
/// Where the shapes do not fit each other or their slices.
pub fn ring_matmul(left: Matrix<'_>, right: Matrix<'_>, out: &mut [u64]) {
    assert_eq!(left.cols, right.rows, "inner dimensions of a product");
    assert_eq!(left.rows * right.cols, out.len(), "elements of a product");
    if out.is_empty() || left.cols == 0 {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if has_avx512dq() {
        #[expect(unsafe_code, reason = "the processor is asked first")]
        // SAFETY: the features that the callee is compiled for were detected on this processor.
        unsafe {
            avx512(left, right, out);
        }
        return;
    }
    multiply::<4, 4>(left, right, out);
}

/// Whether the processor multiplies eight 64-bit integers at once.
#[cfg(target_arch = "x86_64")]
pub(super) fn has_avx512dq() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
}

/// The same code as elsewhere, compiled with `vpmullq`, for which a wider tile pays.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn avx512(left: Matrix<'_>, right: Matrix<'_>, out: &mut [u64]) {
    multiply::<4, 16>(left, right, out);
}

#[inline(always)]
fn multiply<const MR: usize, const NR: usize>(left: Matrix<'_>, right: Matrix<'_>, out: &mut [u64]) {
    if left.rows < SKINNY_ROWS {
        skinny(left, right, out);
    } else if right.cols == 1 {
        // A column of results is a row of the transposed product, and lies in memory alike.
        skinny(right.transposed(), left.transposed(), out);
    } else {
        blocked::<MR, NR>(left, right, out);
    }
}

/// Few rows: memory-bound, so the right operand is read once, in place and in its own order.
#[inline(always)]
fn skinny(left: Matrix<'_>, right: Matrix<'_>, out: &mut [u64]) {
    let at = |row: usize, k: usize| left.data[row * left.row_stride + k * left.col_stride];
    if right.col_stride == 1 {
        // Four rows at a time, so that a result is loaded and stored a quarter as often.
        let line = |k: usize| &right.data[k * right.row_stride..][..right.cols];
        let quads = right.rows - right.rows % 4;
        for k in (0..quads).step_by(4) {
            let (b0, b1, b2, b3) = (line(k), line(k + 1), line(k + 2), line(k + 3));
            for (row, out) in out.chunks_exact_mut(right.cols).enumerate() {
                let (a0, a1, a2, a3) = (at(row, k), at(row, k + 1), at(row, k + 2), at(row, k + 3));
                for ((((sum, b0), b1), b2), b3) in out.iter_mut().zip(b0).zip(b1).zip(b2).zip(b3) {
                    *sum = sum
                        .wrapping_add(a0.wrapping_mul(*b0))
                        .wrapping_add(a1.wrapping_mul(*b1))
                        .wrapping_add(a2.wrapping_mul(*b2))
                        .wrapping_add(a3.wrapping_mul(*b3));
                }
            }
        }
        for k in quads..right.rows {
            for (row, out) in out.chunks_exact_mut(right.cols).enumerate() {
                let a = at(row, k);
                for (sum, b) in out.iter_mut().zip(line(k)) {
                    *sum = sum.wrapping_add(a.wrapping_mul(*b));
                }
            }
        }
    } else {
        let mut coefficients = Zeroizing::new(vec![0; right.rows]);
        for (row, out) in out.chunks_exact_mut(right.cols).enumerate() {
            for (k, a) in coefficients.iter_mut().enumerate() {
                *a = at(row, k);
            }
            for (col, sum) in out.iter_mut().enumerate() {
                let start = col * right.col_stride;
                *sum = if right.row_stride == 1 {
                    dot(*sum, &coefficients, &right.data[start..][..right.rows])
                } else {
                    let strided = right.data[start..].iter().step_by(right.row_stride);
                    coefficients
                        .iter()
                        .zip(strided)
                        .fold(*sum, |sum, (a, b)| sum.wrapping_add(a.wrapping_mul(*b)))
                };
            }
        }
    }
}

#[inline(always)]
fn dot(start: u64, left: &[u64], right: &[u64]) -> u64 {
    left.iter().zip(right).fold(start, |sum, (a, b)| sum.wrapping_add(a.wrapping_mul(*b)))
}

/// The usual three-level blocking (Goto and van de Geijn, *Anatomy of High-Performance Matrix Multiplication*, 2008):
/// both operands are packed into strips, padded with zeros, and a register tile of MR×NR runs over them.
#[inline(always)]
fn blocked<const MR: usize, const NR: usize>(left: Matrix<'_>, right: Matrix<'_>, out: &mut [u64]) {
    let (rows, depth, cols) = (left.rows, left.cols, right.cols);
    let packed_depth = depth.min(DEPTH);
    let mut packed_left = Zeroizing::new(vec![0; rows.min(ROWS).next_multiple_of(MR) * packed_depth]);
    let mut packed_right = Zeroizing::new(vec![0; cols.min(COLS).next_multiple_of(NR) * packed_depth]);
    for col in (0..cols).step_by(COLS) {
        let block_cols = COLS.min(cols - col);
        for k in (0..depth).step_by(DEPTH) {
            let block_depth = DEPTH.min(depth - k);
            pack::<NR>(right.transposed(), col..col + block_cols, k..k + block_depth, &mut packed_right);
            for row in (0..rows).step_by(ROWS) {
                let block_rows = ROWS.min(rows - row);
                pack::<MR>(left, row..row + block_rows, k..k + block_depth, &mut packed_left);
                for (tile_col, right) in packed_right.chunks_exact(NR * block_depth).enumerate() {
                    let first_col = tile_col * NR;
                    if first_col >= block_cols {
                        break;
                    }
                    let width = NR.min(block_cols - first_col);
                    for (tile_row, left) in packed_left.chunks_exact(MR * block_depth).enumerate() {
                        let first_row = tile_row * MR;
                        if first_row >= block_rows {
                            break;
                        }
                        let tile = tile::<MR, NR>(left, right);
                        for (r, sums) in tile.iter().enumerate().take(MR.min(block_rows - first_row)) {
                            let start = (row + first_row + r) * cols + col + first_col;
                            for (sum, x) in out[start..start + width].iter_mut().zip(sums) {
                                *sum = sum.wrapping_add(*x);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Packs rows × depth of `matrix` into strips of `WIDTH` rows, each strip depth-major, the last padded with zeros.
#[inline(always)]
fn pack<const WIDTH: usize>(
    matrix: Matrix<'_>,
    rows: core::ops::Range<usize>,
    depth: core::ops::Range<usize>,
    packed: &mut [u64],
) {
    for (strip, first) in packed.chunks_exact_mut(WIDTH * depth.len()).zip(rows.clone().step_by(WIDTH)) {
        let width = WIDTH.min(rows.end - first);
        if width < WIDTH {
            strip.fill(0);
        }
        if matrix.row_stride == 1 {
            for (k, line) in depth.clone().zip(strip.chunks_exact_mut(WIDTH)) {
                let start = k * matrix.col_stride + first;
                line[..width].copy_from_slice(&matrix.data[start..start + width]);
            }
        } else {
            for r in 0..width {
                let start = (first + r) * matrix.row_stride + depth.start * matrix.col_stride;
                let source = matrix.data[start..].iter().step_by(matrix.col_stride);
                for (line, x) in strip.chunks_exact_mut(WIDTH).zip(source) {
                    line[r] = *x;
                }
            }
        }
    }
}

/// One register tile: the sum over k of outer products of a strip's lines.
#[inline(always)]
fn tile<const MR: usize, const NR: usize>(left: &[u64], right: &[u64]) -> [[u64; NR]; MR] {
    let mut sums = [[0u64; NR]; MR];
    for (a, b) in left.as_chunks::<MR>().0.iter().zip(right.as_chunks::<NR>().0) {
        for r in 0..MR {
            for c in 0..NR {
                sums[r][c] = sums[r][c].wrapping_add(a[r].wrapping_mul(b[c]));
            }
        }
    }
    sums
}
