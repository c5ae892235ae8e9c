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

/// Programs that measure natively: package, example, and what it measures.
const NATIVE: [(&str, &str, &str); 4] = [
    ("abraham-learning", "bench", "what a painter computes and sends"),
    ("abraham-learning", "membership", "what two public batches tell about the pictures taught"),
    ("abraham-visitor", "netem", "learning rounds over slow lines (minutes)"),
    ("abraham-relay", "crowd", "a relay with 5,000 visitors (a minute and more)"),
];

/// What `netem` starts beside the relay.
const PAINTER: (&str, &str) = ("abraham-visitor", "painter");

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
    for (_, example, what) in NATIVE {
        eprintln!("Measuring {what}");
        outcomes.run(example, &mut Command::new(built(&format!("examples/{example}"))));
    }
    eprintln!("Measuring in Chromium");
    let mut browser = shell::cargo();
    browser.args(["run", "--quiet", "--package", "abraham-tests", "--example", "measure"]);
    outcomes.run("measure", &mut browser);
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
    for (package, example) in
        NATIVE.map(|(package, example, _)| (package, example)).into_iter().chain([PAINTER])
    {
        programs.args(["--package", package, "--example", example]);
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
