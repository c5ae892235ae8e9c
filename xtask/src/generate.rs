//! What the page's scripts have of the Rust code: the files in `web/generated`, made by tests of the crates whose they are.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::shell;

/// Writes the files.
pub(crate) fn run() -> Result<()> {
    for package in ["abraham-page", "abraham-visitor"] {
        shell::run(test(package).env("ABRAHAM_GENERATE", "1"))?;
    }
    Ok(())
}

/// Fails where types or sizes are not what the code makes. The others are left to `cargo xtask test`: their crate takes
/// minutes to compile by itself.
pub(crate) fn check() -> Result<()> {
    shell::run(&mut test("abraham-page")).context("web/generated is stale; run `cargo xtask generate`")
}

fn test(package: &str) -> Command {
    let mut cargo = shell::cargo();
    cargo.args(["test", "--quiet", "--package", package, "--lib", "generated"]);
    cargo
}
