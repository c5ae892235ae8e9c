//! What the benchmark and the browser tests ask of the module.

use abraham_gpu::GpuBackend;
use abraham_ring::{Backend, CpuBackend, Matmul, Operand, RingTensor};
use abraham_visitor::{Store as _, conformance, store_conformance};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{browser::now_ms, error::Error, opfs::Opfs};

/// The folder that storage is tried out in.
const TRIAL: &str = "abraham-trial";

/// Ring multiply-adds a second, in 10^9, of a `side`³ product on this thread: the best of `repeats`.
///
/// # Errors
/// Where the product fails.
#[wasm_bindgen(js_name = measureMatmul)]
pub async fn measure_matmul(side: usize, repeats: u32) -> Result<f64, Error> {
    let fill = |seed: u64| {
        RingTensor::from_fn(side, side, |r, c| {
            (seed + (r * side + c) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        })
    };
    let (a, b) = (fill(1), fill(2));
    let operand = |tensor| Operand { tensor, transposed: false };
    let job = [Matmul { terms: vec![(operand(&a), operand(&b))] }];
    let mut best = f64::INFINITY;
    for _ in 0..repeats.max(1) {
        let start = now_ms();
        CpuBackend.matmul(&job).await.map_err(abraham_learning::Error::from)?;
        best = best.min(now_ms() - start);
    }
    Ok((side * side * side) as f64 / best / 1e6)
}

/// Runs every kernel on the graphics device against its CPU mirror; returns the names of those that agree.
///
/// # Errors
/// Where there is no device, or a kernel does not agree with its mirror.
#[wasm_bindgen(js_name = checkKernels)]
pub async fn check_kernels() -> Result<Vec<String>, Error> {
    let gpu = GpuBackend::request().await.map_err(|error| Error::Device(error.to_string()))?;
    abraham_gpu::conformance(&gpu).await.map_err(|error| Error::Device(error.to_string()))
}

/// Does with this browser's storage, in a folder of its own, all that any store must do; returns the names of the cases.
///
/// # Errors
/// Where it does otherwise, or is denied.
#[wasm_bindgen(js_name = checkStorage)]
pub async fn check_storage() -> Result<Vec<String>, Error> {
    let store = Opfs::open().await?.within(TRIAL).await?;
    let mut passed = Vec::new();
    macro_rules! each {
        ($($case:ident)*) => {
            $(
                store.clear().await?;
                conformance::$case(&store).await?;
                passed.push(stringify!($case).to_owned());
            )*
        };
    }
    store_conformance!(each);
    store.clear().await?;
    Ok(passed)
}

/// Fills this browser's storage, which has room for `room` bytes and no more.
///
/// # Errors
/// Where something is left of what found no room, or storage is denied.
#[wasm_bindgen(js_name = checkFullStorage)]
pub async fn check_full_storage(room: usize) -> Result<(), Error> {
    let store = Opfs::open().await?.within(TRIAL).await?;
    store.clear().await?;
    conformance::what_finds_no_room_leaves_no_part_of_itself(&store, room).await?;
    Ok(store.clear().await?)
}
