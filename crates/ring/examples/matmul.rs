//! Measures the ring matrix product on the CPU against the textbook loop, in GMAC per second of processor time.
//!
//! `cargo run --release -p abraham-ring --example matmul [-- SIZE]`

use std::{fs, hint::black_box};

use abraham_ring::{Backend, CpuBackend, Matmul, Operand, RingTensor};

/// Processor time that this process has used, in seconds (Linux; clock ticks of 10 ms).
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The command in brackets may hold spaces; utime and stime are the 12th and 13th fields after it.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>()
        / 100.0
}

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
    let start = processor_seconds();
    let mut runs = 0.0;
    loop {
        f();
        runs += 1.0;
        let used = processor_seconds() - start;
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
