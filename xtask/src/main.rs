//! `cargo xtask`: the project's only build system. Run `cargo xtask help` for what it does.

mod demo_set;
mod shell;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Builds, serves, tests, checks and measures Abraham.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Make the demo set again: the 270 flags of emoji-datasource-google 16.0.0, at 32×32
    ///
    /// Downloads the package with npm, lays the flags over white, averages them down to 32×32 and
    /// writes web/demo/flags.png, flags.json and LICENSE-flags.txt. The result is committed, so
    /// nobody needs this to build or serve.
    DemoSet {
        /// Also write each flag as its own 32×32 PNG into this folder (made if it is not there)
        #[arg(long, value_name = "DIR")]
        images: Option<PathBuf>,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::DemoSet { images } => demo_set::run(images.as_deref()),
    }
}
