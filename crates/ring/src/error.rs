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
    /// The device that a backend computes on was lost or refused; the caller falls back to the CPU.
    #[error("the compute device failed: {0}; computing on the CPU instead")]
    Device(String),
}
