//! What the page's scripts have of the Rust code: the files in `web/generated`, made by a test of the crate `abraham-page`.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::shell;

/// Writes the files.
pub(crate) fn run() -> Result<()> {
    shell::run(test().env("ABRAHAM_GENERATE", "1"))
}

/// Fails where they are not what the code makes.
pub(crate) fn check() -> Result<()> {
    shell::run(&mut test()).context("web/generated is stale; run `cargo xtask generate`")
}

fn test() -> Command {
    let mut cargo = shell::cargo();
    cargo.args(["test", "--quiet", "--package", "abraham-page", "--lib"]);
    cargo
}
