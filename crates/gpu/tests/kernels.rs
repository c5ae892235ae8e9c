//! Every kernel on a Vulkan adapter, software or not, against its CPU mirror.

use abraham_gpu::{ComputeBackend, Error, GpuBackend, Preference, choose, conformance};
use abraham_ring::{Backend, CpuBackend, Draw, Matmul, Operand, RingTensor};
use pollster::block_on;

/// A device; a machine without any adapter fails here, saying what to install.
fn device() -> GpuBackend {
    block_on(GpuBackend::request()).unwrap_or_else(|error| {
        panic!(
            "{error}. These tests need a Vulkan driver: on Debian and Ubuntu, package mesa-vulkan-drivers has one \
             that needs no graphics card"
        )
    })
}

#[test]
fn every_kernel_agrees_with_its_mirror() {
    let lines = block_on(conformance(&device())).unwrap_or_else(|error| panic!("{error}"));
    for kernel in abraham_shaders::kernels::ALL {
        let prefix = format!("{}: ", kernel.name);
        assert!(
            lines.iter().any(|line| line.starts_with(&prefix)),
            "{} is compared with its mirror",
            kernel.name
        );
    }
}

#[test]
fn large_work_is_cut_into_dispatches_and_submissions() {
    let gpu = device();
    let key = [9; 32];
    // More words than one dispatch writes, and more bytes than one submission holds.
    let draw = |stream| Draw { key: &key, stream, rows: 1 << 9, cols: (1 << 13) + 3, bits: 64 };
    let batch = [draw(1), draw(2), draw(3), draw(4)];
    assert!(block_on(gpu.expand(&batch)).unwrap() == block_on(CpuBackend.expand(&batch)).unwrap());

    // More elements than workgroups of one dispatch reach.
    let long = RingTensor::from_fn(5, (1 << 20) + 7, |r, c| {
        (r as u64 + 1) << 60 ^ (c as u64).wrapping_mul(0x9e37_79b9)
    });
    let batch = [vec![(&long, &long), (&long, &long)]];
    assert!(block_on(gpu.hadamard(&batch)).unwrap() == block_on(CpuBackend.hadamard(&batch)).unwrap());
    let sines = block_on(gpu.sine_cosine(&long, 44)).unwrap();
    assert!(sines == block_on(CpuBackend.sine_cosine(&long, 44)).unwrap());

    // Deep and wide enough that rows and the inner dimension are both cut.
    let left =
        RingTensor::from_fn(70, 1300, |r, c| (r as u64 + 3).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ c as u64);
    let right =
        RingTensor::from_fn(1300, 4000, |r, c| (c as u64 + 5).wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ r as u64);
    let terms =
        vec![(Operand { tensor: &left, transposed: false }, Operand { tensor: &right, transposed: false })];
    let batch = [Matmul { terms }];
    assert!(block_on(gpu.matmul(&batch)).unwrap() == block_on(CpuBackend.matmul(&batch)).unwrap());
}

#[test]
fn a_lost_device_leaves_the_work_to_the_cpu_for_good() {
    let (compute, refused) = block_on(choose(Preference::Force));
    let gpu = compute.gpu().unwrap_or_else(|| panic!("{refused:?}"));
    assert_eq!(compute.name(), gpu.name());
    assert!(compute.fallen_back().is_none());
    let tensor = RingTensor::from_fn(256, 256, |r, c| (r * 1000 + c) as u64);
    let operand = Operand { tensor: &tensor, transposed: false };
    let batch = [Matmul { terms: vec![(operand, operand)] }];
    let expected = block_on(CpuBackend.matmul(&batch)).unwrap();
    assert!(block_on(compute.matmul(&batch)).unwrap() == expected);
    gpu.destroy();
    assert!(block_on(compute.matmul(&batch)).unwrap() == expected);
    assert!(compute.gpu().is_none());
    assert!(compute.fallen_back().is_some());
    assert_eq!(compute.name(), "CPU");
    assert!(block_on(compute.kernel_sums(&[0.0; 4096], &[0.0; 4096], 1, 1.0, &[0.1])).is_none());
}

#[test]
fn switched_off_means_cpu() {
    let (compute, refused) = block_on(choose(Preference::Off));
    assert_eq!((compute.name(), refused), ("CPU", Some(Error::SwitchedOff)));
    assert!(ComputeBackend::cpu().gpu().is_none());
}

#[test]
fn kernel_sums_that_are_undefined_are_refused() {
    let gpu = device();
    let sums = |batch: &[f32], pictures: &[f32], pixels, scale, temperatures: &[f32]| {
        block_on(gpu.kernel_sums(batch, pictures, pixels, scale, temperatures)).is_err()
    };
    assert!(sums(&[], &[0.0; 4], 4, 1.0, &[0.1]));
    assert!(sums(&[0.0; 4], &[], 4, 1.0, &[0.1]));
    assert!(sums(&[0.0; 5], &[0.0; 4], 4, 1.0, &[0.1]));
    assert!(sums(&[0.0; 4], &[0.0; 4], 0, 1.0, &[0.1]));
    assert!(sums(&[0.0; 4], &[0.0; 4], 4, 0.0, &[0.1]));
    assert!(sums(&[0.0; 4], &[0.0; 4], 4, 1.0, &[]));
    assert!(!sums(&[0.0; 4], &[0.0; 4], 4, 1.0, &[0.1]));
}
