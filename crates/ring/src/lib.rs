//! Tensors over the ring Z_2^64, fixed point, and the [`Backend`] that computes on them.
//!
//! Everything here is pure: no network, clock, thread, storage or browser.
//! Arithmetic wraps modulo 2^64 by definition; a real number x with f fraction bits is the
//! two's-complement integer round(x·2^f).

mod backend;
mod cpu;
mod error;
pub mod fixed;
mod tensor;

pub use backend::{Backend, Draw, Matmul, Operand, hadamard_shape};
pub use cpu::CpuBackend;
pub use error::Error;
pub use tensor::RingTensor;
