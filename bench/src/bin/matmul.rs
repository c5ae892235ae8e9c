//! Measures the ring matrix product on the CPU against the textbook loop, in GMAC per second of processor time.
//!
//! `cargo run --release -p abraham-bench --bin matmul [-- SIZE]`

use std::hint::black_box;

use abraham_ring::{Backend, CpuBackend, Matmul, Operand, RingTensor};
use cpu_time::ProcessTime;

/// The three loops in the order of the definition.
fn textbook(size: usize, left: &[u64], right: &[u64]) -> Vec<u64> {
    let mut out = vec![0u64; size * size];
    for i in 0..size {
        for j in 0..size {
            for k in 0..size {
                out[i * size + j] =
                    out[i * size + j].wrapping_add(left[i * size + k].wrapping_mul(right[k * size + j]));
            }
        }
    }
    out
}

/// Runs `f` until two seconds of processor time are used; GMAC per second for `macs` a run.
fn measure(macs: f64, mut f: impl FnMut()) -> f64 {
    f();
    let start = ProcessTime::now();
    let mut runs = 0.0;
    loop {
        f();
        runs += 1.0;
        let used = start.elapsed().as_secs_f64();
        if used >= 2.0 {
            return runs * macs / used / 1e9;
        }
    }
}

fn main() {
    let size = std::env::args().nth(1).and_then(|size| size.parse().ok()).unwrap_or(512);
    let mut state = 1u64;
    let mut next = |_, _| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state ^ (state >> 29)
    };
    let left = RingTensor::from_fn(size, size, &mut next);
    let right = RingTensor::from_fn(size, size, &mut next);
    let macs = (size * size * size) as f64;
    let operand = |tensor| Operand { tensor, transposed: false };
    let batch = [Matmul { terms: vec![(operand(&left), operand(&right))] }];
    let product = || pollster::block_on(CpuBackend.matmul(&batch));
    let exact = product().is_ok_and(|out| out[0].data() == textbook(size, left.data(), right.data()));
    let ours = measure(macs, || drop(black_box(product())));
    let naive = measure(macs, || drop(black_box(textbook(size, black_box(left.data()), right.data()))));
    println!(
        "{size}³ over Z_2^64: {ours:.2} GMAC per CPU-second; textbook loop {naive:.2}; same integers: {exact}"
    );
}
