//! Two-dimensional tensors over Z_2^64.

use zeroize::Zeroize;

use crate::Error;

/// A rows × cols matrix over Z_2^64, row-major. Wiped when dropped, for it may be a share.
///
/// It derives neither `Debug` nor `Serialize` on purpose: what may be a share is never printed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RingTensor {
    rows: usize,
    cols: usize,
    data: Vec<u64>,
}

impl Drop for RingTensor {
    fn drop(&mut self) {
        self.data.zeroize();
    }
}

impl RingTensor {
    /// Makes a tensor of zeros.
    pub fn zeros(rows: usize, cols: usize) -> Self {
        Self { rows, cols, data: vec![0; rows * cols] }
    }

    /// Makes a tensor of `data`, row-major.
    ///
    /// # Errors
    /// [`Error::Elements`] where `data` does not hold rows × cols elements.
    pub fn new(rows: usize, cols: usize, data: Vec<u64>) -> Result<Self, Error> {
        if rows.checked_mul(cols) != Some(data.len()) {
            return Err(Error::Elements { rows, cols, elements: data.len() });
        }
        Ok(Self { rows, cols, data })
    }

    /// Makes a tensor whose element at row r, column c is `f(r, c)`.
    pub fn from_fn(rows: usize, cols: usize, mut f: impl FnMut(usize, usize) -> u64) -> Self {
        let mut data = Vec::with_capacity(rows * cols);
        for row in 0..rows {
            for col in 0..cols {
                data.push(f(row, col));
            }
        }
        Self { rows, cols, data }
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// (rows, columns).
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.cols)
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The elements, row-major.
    pub fn data(&self) -> &[u64] {
        &self.data
    }

    /// The elements, row-major, to change.
    pub fn data_mut(&mut self) -> &mut [u64] {
        &mut self.data
    }

    /// One row.
    pub fn row(&self, row: usize) -> &[u64] {
        &self.data[row * self.cols..(row + 1) * self.cols]
    }

    /// The transpose.
    pub fn transposed(&self) -> Self {
        Self::from_fn(self.cols, self.rows, |r, c| self.data[c * self.cols + r])
    }

    /// Applies `f` to every element.
    pub fn map(mut self, mut f: impl FnMut(u64) -> u64) -> Self {
        for x in &mut self.data {
            *x = f(*x);
        }
        self
    }

    /// Adds `other` element by element, in place.
    ///
    /// # Errors
    /// [`Error::Shape`] where the shapes differ.
    pub fn add_assign(&mut self, other: &Self) -> Result<(), Error> {
        self.zip_assign("addition", other, u64::wrapping_add)
    }

    /// Subtracts `other` element by element, in place.
    ///
    /// # Errors
    /// [`Error::Shape`] where the shapes differ.
    pub fn sub_assign(&mut self, other: &Self) -> Result<(), Error> {
        self.zip_assign("subtraction", other, u64::wrapping_sub)
    }

    /// Adds `row` (1 × cols) to every row, in place.
    ///
    /// # Errors
    /// [`Error::Shape`] where `row` is not 1 × cols.
    pub fn add_row_assign(&mut self, row: &Self) -> Result<(), Error> {
        if row.shape() != (1, self.cols) {
            return Err(Error::Shape { operation: "row addition", left: self.shape(), right: row.shape() });
        }
        if self.cols > 0 {
            for chunk in self.data.chunks_exact_mut(self.cols) {
                for (x, y) in chunk.iter_mut().zip(&row.data) {
                    *x = x.wrapping_add(*y);
                }
            }
        }
        Ok(())
    }

    /// The sum over rows: a 1 × cols tensor.
    pub fn sum_rows(&self) -> Self {
        let mut sum = Self::zeros(1, self.cols);
        if self.cols > 0 {
            for chunk in self.data.chunks_exact(self.cols) {
                for (x, y) in sum.data.iter_mut().zip(chunk) {
                    *x = x.wrapping_add(*y);
                }
            }
        }
        sum
    }

    fn zip_assign(
        &mut self,
        operation: &'static str,
        other: &Self,
        f: impl Fn(u64, u64) -> u64,
    ) -> Result<(), Error> {
        if self.shape() != other.shape() {
            return Err(Error::Shape { operation, left: self.shape(), right: other.shape() });
        }
        for (x, y) in self.data.iter_mut().zip(&other.data) {
            *x = f(*x, *y);
        }
        Ok(())
    }
}
