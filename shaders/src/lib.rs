//! The kernels, each twice: as WGSL in `shader/<kernel>.wgsl` and as its CPU mirror in [`cpu`], of the same name.
//!
//! The mirror is the CPU backend's hot loop and the oracle that the WGSL is tested against. Everything here works on
//! plain slices and knows no network, clock, thread, storage or browser.

pub mod cpu;
pub mod kernels;
pub mod sine_table;
