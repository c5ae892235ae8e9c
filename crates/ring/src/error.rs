//! What can go wrong in ring arithmetic.

/// Errors of this crate: each names its cause and what to do.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A tensor was given a number of elements that its shape does not have.
    #[error("a {rows}×{cols} tensor needs {} elements, but {elements} were given", rows * cols)]
    Elements {
        /// Rows asked for.
        rows: usize,
        /// Columns asked for.
        cols: usize,
        /// Elements given.
        elements: usize,
    },
    /// Two operands do not fit each other.
    #[error("{operation} cannot combine {left:?} with {right:?} (rows, columns)")]
    Shape {
        /// The operation that was asked for.
        operation: &'static str,
        /// Rows and columns of the left operand.
        left: (usize, usize),
        /// Rows and columns of the right operand.
        right: (usize, usize),
    },
    /// A sum of products was asked for without any product, so that its shape is unknown.
    #[error("a sum of products needs at least one term")]
    NoTerms,
    /// A number of bits lies outside what the operation can do.
    #[error("{what} must be {least} to 64 bits, but {bits} were asked for")]
    Bits {
        /// What has these bits.
        what: &'static str,
        /// The fewest bits it may have.
        least: u32,
        /// The bits asked for.
        bits: u32,
    },
    /// The device that a backend computes on was lost or refused; the caller falls back to the CPU.
    #[error("the compute device failed: {0}; computing on the CPU instead")]
    Device(String),
}

impl Error {
    /// Refuses a number of bits below `least` or above 64.
    ///
    /// # Errors
    /// [`Error::Bits`].
    pub fn check_bits(what: &'static str, bits: u32, least: u32) -> Result<(), Self> {
        if (least..=64).contains(&bits) { Ok(()) } else { Err(Self::Bits { what, least, bits }) }
    }
}
