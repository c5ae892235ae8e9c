//! Ring and teacher arithmetic on a graphics processor, by WebGPU in a browser and Vulkan elsewhere.
//!
//! [`GpuBackend`] runs the kernels of `abraham-shaders`. [`choose`] decides between it and the CPU and says why. It returns a
//! [`ComputeBackend`], which sends small work to the CPU, and all work once the device is lost. All data stays on the host
//! between calls, so nothing is lost with the device.

mod adapter;
mod compute;
mod conformance;
mod device;
mod error;
mod ring;
mod submission;
mod teacher;

pub use compute::{ComputeBackend, Preference, choose};
pub use conformance::conformance;
pub use device::GpuBackend;
pub use error::Error;
