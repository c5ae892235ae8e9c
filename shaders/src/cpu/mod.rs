//! CPU mirrors of the kernels: the same equations, the same integers, bit for bit where the kernel is over the ring.

mod prf_expand;
mod ring_hadamard;
mod ring_matmul;
mod sine_cosine;

pub use prf_expand::prf_expand;
pub use ring_hadamard::ring_hadamard;
pub use ring_matmul::{Matrix, ring_matmul};
pub use sine_cosine::sine_cosine;
