//! CPU mirrors of the kernels: the same equations, the same integers, bit for bit where the kernel is over the ring.
//! Where a kernel computes in f32, sums are in another order on a device, and only near the mirror's.

mod kernel_distance;
mod kernel_sums;
mod kernel_weights;
mod prf_expand;
mod ring_hadamard;
mod ring_matmul;
mod sine_cosine;

pub use kernel_distance::kernel_distance;
pub use kernel_sums::kernel_sums;
pub use kernel_weights::kernel_weights;
pub use prf_expand::prf_expand;
pub use ring_hadamard::ring_hadamard;
pub use ring_matmul::{Matrix, ring_matmul};
pub use sine_cosine::sine_cosine;
