//! `cargo xtask`: the project's only build system. Run `cargo xtask help` to see what it does.

mod bench;
mod build;
mod check;
mod demo_set;
mod generate;
mod install;
mod mutants;
mod promises;
mod serve;
mod shell;
mod test;
mod test_pages;

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Builds, serves, tests, checks and measures Abraham.
///
/// On Debian and Ubuntu, each task first installs what it needs and says what and why. On other systems it
/// says exactly what to install.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build everything and serve the page on this machine; the last line printed is its address
    Serve {
        /// Address and port [default: port 8080 of this machine, or the next free one]
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<SocketAddr>,
        #[command(flatten)]
        build: BuildOptions,
    },
    /// Build the browser programs into web/pkg
    Build(BuildOptions),
    /// Write web/generated: the types and sizes that the page's scripts take from the Rust code
    Generate,
    /// Run the tests; the last line is "N passed, N failed"
    Test {
        /// Which tests to run [default: all]
        suite: Option<Suite>,
    },
    /// Build only the extra pages that the browser tests need: libp2p peers, ours and js-libp2p's
    TestPages,
    /// Check what no test can see: format, lints, layers, secrets, shader mirrors, scripts, documentation
    Check,
    /// Measure what the project promises, and print it next to the targets and SecretFlow SPU's numbers
    Bench {
        /// Print only JSON, one object per line: name; value and unit, or why it was not_measured; target, baseline,
        /// baseline_name
        #[arg(long)]
        json: bool,
        /// Install SPU 0.9.5 from PyPI into a throw-away environment and measure it in the same run
        #[arg(long)]
        with_spu: bool,
    },
    /// Make small changes to the code (mutants), one at a time, and list those that no test notices
    ///
    /// Runs cargo-mutants (installed into target/mutants/tool) on mpc, artist, learning and collective. All mutants take
    /// many hours. The outcomes are kept in target/mutants/outcomes.json, so a run that was stopped continues where it
    /// was. Mutants that a test noticed are not run again; survivors are. xtask/mutants.txt lists survivors that do not
    /// matter, with reasons. The task fails if any other mutant survives.
    Mutants {
        /// Run only this many, drawn at random; 40 take about an hour
        #[arg(long, value_name = "N")]
        sample: Option<usize>,
        /// Seed of the random draw
        #[arg(long, value_name = "N", default_value_t = 0)]
        seed: u64,
        /// Run only one of several parts, such as 2/8, so that several machines can share the work
        #[arg(long, value_name = "K/N")]
        shard: Option<mutants::Shard>,
        /// Forget what earlier runs found
        #[arg(long)]
        fresh: bool,
    },
    /// Make the demo set again: the 270 flags of emoji-datasource-google 16.0.0, at 32×32
    ///
    /// Downloads the package with npm, puts the flags on white, averages them down to 32×32 and
    /// writes web/demo/flags.png, flags.json and LICENSE-flags.txt. The result is committed, so
    /// you do not need this to build or serve.
    DemoSet {
        /// Also write each flag as a separate 32×32 PNG into this folder (made if missing)
        #[arg(long, value_name = "DIR")]
        images: Option<PathBuf>,
    },
}

#[derive(Args, Clone, Copy)]
struct BuildOptions {
    /// Build faster, without link-time optimisation and wasm-opt: for working on the code
    #[arg(long)]
    dev: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Suite {
    /// Everything that runs without a browser
    Unit,
    /// The page in a real Chromium
    Browser,
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::Serve { listen, build } => serve::run(listen, build.dev),
        Task::Build(build) => build::run(build.dev),
        Task::Generate => generate::run(),
        Task::Test { suite } => test::run(suite),
        Task::TestPages => test_pages::build(),
        Task::Check => check::run(),
        Task::Bench { json, with_spu } => bench::run(json, with_spu),
        Task::Mutants { sample, seed, shard, fresh } => mutants::run(sample, seed, shard, fresh),
        Task::DemoSet { images } => demo_set::run(images.as_deref()),
    }
}
