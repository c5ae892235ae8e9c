//! The pages that are libp2p peers and nothing else, for the tests: `target/test-pages` from `tests/interop`.

use std::{fs, process::Command};

use anyhow::{Context as _, Result};

use crate::{
    build::{self, Program},
    install, shell,
};

/// Our own peer in a tab.
pub(crate) const PROBE: Program =
    Program { package: "abraham-tab-probe", name: "abraham_tab_probe", level: "-Oz" };

/// Files that are served as they are.
const PLAIN: [&str; 4] = ["peer.html", "peer.js", "channels.js", "rust-peer.js"];

/// Builds the pages.
pub(crate) fn build() -> Result<()> {
    install::interop_packages()?;
    let (from, into) = (shell::root().join("tests/interop"), shell::root().join("target/test-pages"));
    fs::create_dir_all(&into).with_context(|| format!("could not make {}", into.display()))?;
    for file in PLAIN {
        fs::copy(from.join(file), into.join(file)).with_context(|| format!("could not copy {file}"))?;
    }
    let mut esbuild = Command::new(from.join("node_modules/.bin/esbuild"));
    esbuild.args(["js-peer.js", "--bundle", "--format=esm", "--minify", "--log-level=warning"]);
    esbuild.arg(format!("--outfile={}", into.join("js-peer.js").display()));
    shell::run(esbuild.current_dir(&from))?;
    build::programs(&[PROBE], false, &into.join("pkg"))
}
