//! Every kernel, run by a browser's WebGPU, against its CPU mirror in the same wasm, bit for bit.

use std::{collections::BTreeSet, path::Path};

use abraham_tests::{WebGpu, visit};
use anyhow::{Result, ensure};

#[tokio::test(flavor = "multi_thread")]
async fn every_kernel_agrees_with_its_mirror_in_chromium() -> Result<()> {
    visit("every_kernel_agrees_with_its_mirror", WebGpu::Software, async |visit| {
        let tab = visit.open("/").await?;
        let agreed: Vec<String> = tab
            .value(
                "import('/pkg/abraham_client.js').then(async (module) => {
                    await module.default();
                    return module.checkKernels();
                })",
            )
            .await?;
        // A line reads "ring_matmul: 3×5 by 5×7".
        let checked: BTreeSet<&str> =
            agreed.iter().filter_map(|line| Some(line.split_once(':')?.0)).collect();
        let shaders = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shaders/shader");
        let shaders: Vec<String> = std::fs::read_dir(shaders)?
            .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()))
            .collect();
        ensure!(!shaders.is_empty(), "there are no shaders");
        for kernel in &shaders {
            ensure!(checked.contains(kernel.as_str()), "{kernel} was not checked, only {checked:?}");
        }
        Ok(())
    })
    .await
}
