//! Measuring what the project promises, beside its targets and the best published system's numbers.

mod outcomes;
mod spu;
mod table;

use std::{collections::BTreeMap, env, fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};
use outcomes::Outcomes;
use table::Row;

use crate::{build, install, promises::PROMISES, shell, test_pages};

/// The profile in which the relay is shipped.
const SHIPPED: &str = "dist";

/// The package of the programs that measure.
const PROGRAMS: &str = "abraham-bench";

/// Programs that measure, and what.
const MEASURES: [(&str, &str); 5] = [
    ("painter_cost", "what a painter computes and sends"),
    ("membership", "what two public batches tell about the pictures taught"),
    ("netem", "learning rounds over slow lines (minutes)"),
    ("crowd", "a relay with 5,000 visitors (a minute and more)"),
    ("measure", "in Chromium"),
];

/// What `netem` starts beside the relay.
const PAINTER: &str = "painter";

/// Measures everything and prints a table, or with `json` one object a line. With `with_spu` SPU is measured too, in
/// the same run on the same machine, and its numbers take the place of the recorded ones.
///
/// # Errors
/// When something cannot be built; and, once all is printed, when a program failed. What this machine cannot measure
/// is no error: the table says why.
pub(crate) fn run(json: bool, with_spu: bool) -> Result<()> {
    install::for_measurements()?;
    // The relay that is shipped has the page in it.
    build::run(false)?;
    test_pages::build()?;
    build_natives()?;
    let mut outcomes = Outcomes::default();
    sizes(&mut outcomes)?;
    for (program, what) in MEASURES {
        eprintln!("Measuring {what}");
        outcomes.run(program, &mut Command::new(built(program)));
    }
    let spu = if with_spu { spu::measure()? } else { BTreeMap::new() };

    let rows: Vec<Row> = PROMISES.iter().map(|promise| Row::new(promise, &outcomes, &spu)).collect();
    if json {
        for row in &rows {
            println!("{}", serde_json::to_string(row)?);
        }
    } else {
        table::print(&rows);
        println!("\n{}\n{}", spu::SECURITY, spu::source(with_spu));
    }
    outcomes.all_ran(PROMISES.iter().map(|promise| promise.name))
}

/// Builds the relay as it is shipped, and by itself, since what is built beside it may change the features of its
/// libraries; then all programs that measure natively, in one go and in the same profile, for what they share.
fn build_natives() -> Result<()> {
    eprintln!(
        "Building the relay as it is shipped, and what measures natively (many minutes the first time)"
    );
    let cargo = || {
        let mut cargo = shell::cargo();
        cargo.args(["build", "--quiet", "--profile", SHIPPED]);
        cargo
    };
    shell::run(cargo().args(["--package", "abraham-relay", "--features", "webrtc-direct"]))?;
    let mut programs = cargo();
    programs.args(["--package", PROGRAMS]);
    for program in MEASURES.map(|(program, _)| program).into_iter().chain([PAINTER]) {
        programs.args(["--bin", program]);
    }
    shell::run(&mut programs)
}

/// A program that [`build_natives`] built.
fn built(program: &str) -> PathBuf {
    shell::root().join(format!("target/{SHIPPED}/{program}{}", env::consts::EXE_SUFFIX))
}

/// Bytes of what is shipped.
fn sizes(outcomes: &mut Outcomes) -> Result<()> {
    let relay = built("abraham-relay");
    let relay = fs::metadata(&relay).with_context(|| format!("no {}", relay.display()))?.len();
    outcomes.measured("relay_binary_bytes", relay as f64, "bytes");
    let mut wasm = 0.0;
    for program in &build::PROGRAMS {
        let bytes = build::gzipped_bytes(program)? as f64;
        // A member who teaches nothing fetches no decoder.
        if program.package != build::DECODER {
            wasm += bytes;
        }
        outcomes.measured(&format!("{}_gzip_bytes", program.name), bytes, "bytes");
    }
    outcomes.measured("wasm_gzip_bytes", wasm, "bytes");
    Ok(())
}
