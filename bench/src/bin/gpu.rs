//! Checks every kernel on the adapter at hand and measures round trips, transfers counted, against the CPU backend.
//!
//! `cargo run --release -p abraham-bench --bin gpu`

use std::{hint::black_box, time::Instant};

use abraham_gpu::{GpuBackend, conformance};
use abraham_ring::{Backend, CpuBackend, Draw, Error, Matmul, Operand, RingTensor};
use pollster::block_on;

/// Seconds of wall time that a call takes: the best of a few, after one that warms up.
#[expect(clippy::disallowed_methods, reason = "measuring time is what this program is for")]
fn seconds<T>(mut call: impl FnMut() -> Result<T, Error>) -> Result<f64, Error> {
    call()?;
    let mut best = f64::INFINITY;
    let begin = Instant::now();
    while begin.elapsed().as_secs_f64() < 0.5 {
        let start = Instant::now();
        black_box(call()?);
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}

fn tensor(rows: usize, cols: usize) -> RingTensor {
    RingTensor::from_fn(rows, cols, |r, c| ((r * cols + c) as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let gpu = block_on(GpuBackend::request())?;
    println!("{}, software: {}", gpu.name(), gpu.is_software());
    let lines = block_on(conformance(&gpu))?;
    println!("{} comparisons with the CPU mirrors: all agree", lines.len());

    for (rows, depth, cols, terms) in [
        (64, 64, 64, 3),
        (64, 256, 64, 9),
        (64, 64, 3072, 3),
        (64, 64, 3072, 9),
        (512, 512, 512, 1),
        (1024, 1024, 1024, 1),
    ] {
        let (left, right) = (tensor(rows, depth), tensor(depth, cols));
        let operand = |tensor| Operand { tensor, transposed: false };
        let batch = [Matmul { terms: vec![(operand(&left), operand(&right)); terms] }];
        let macs = (rows * depth * cols * terms) as f64;
        let device = seconds(|| block_on(gpu.matmul(&batch)))?;
        let cpu = seconds(|| block_on(CpuBackend.matmul(&batch)))?;
        println!(
            "{terms} × ({rows}×{depth} by {depth}×{cols}), {:.1} M multiply-adds: device {:.2} ms, {:.1} GMAC/s; CPU {:.2} ms, {:.1} GMAC/s",
            macs / 1e6,
            device * 1e3,
            macs / device / 1e9,
            cpu * 1e3,
            macs / cpu / 1e9
        );
    }
    for elements in [1 << 16, 1 << 18, 1 << 20, 1 << 22] {
        let key = [1; 32];
        let draw = [Draw { key: &key, stream: 1, rows: 1, cols: elements, bits: 64 }];
        let angle = tensor(1, elements);
        let pair = [vec![(&angle, &angle)]];
        for (name, device, cpu) in [
            (
                "draws",
                seconds(|| block_on(gpu.expand(&draw)))?,
                seconds(|| block_on(CpuBackend.expand(&draw)))?,
            ),
            (
                "products",
                seconds(|| block_on(gpu.hadamard(&pair)))?,
                seconds(|| block_on(CpuBackend.hadamard(&pair)))?,
            ),
            (
                "sines",
                seconds(|| block_on(gpu.sine_cosine(&angle, 44)))?,
                seconds(|| block_on(CpuBackend.sine_cosine(&angle, 44)))?,
            ),
        ] {
            println!("{elements} {name}: device {:.2} ms, CPU {:.2} ms", device * 1e3, cpu * 1e3);
        }
    }
    for (members, pictures) in [(32, 270), (64, 270), (64, 2000)] {
        let values = |count: usize| (0..count).map(|i| (i as f32 * 0.37).sin()).collect::<Vec<_>>();
        let (batch, pictures_in) = (values(members * 3072), values(pictures * 3072));
        let device =
            seconds(|| Ok(block_on(gpu.kernel_sums(&batch, &pictures_in, 3072, 41.9, &[0.05, 0.2]))?))?;
        println!(
            "kernel sums of {pictures} pictures over {members}, 32×32 in colour: device {:.2} ms",
            device * 1e3
        );
    }
    Ok(())
}
