//! Measuring what the project promises, beside its targets and the best published system's numbers.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    build, install,
    promises::{Goal, PROMISES, Promise},
    shell, test_pages,
};

/// What `--with-spu` installs.
const SPU: &str = "spu==0.9.5";
/// Printed beside the comparison, which is not one of equals.
const SECURITY: &str = "Abraham's four painters are secure against one malicious painter; SPU's three parties are secure only against \
     parties that follow the protocol.";

/// What a measuring program prints, one a line.
#[derive(Deserialize)]
struct Measured {
    name: String,
    value: f64,
    unit: String,
}

/// One row of the result, as it is written with `--json`.
#[derive(Serialize)]
struct Row {
    name: &'static str,
    value: f64,
    unit: String,
    /// Absent where a number is only told.
    target: Option<f64>,
    /// The tighter baseline, which is SPU with sine where nothing else is said: the same activation as here.
    baseline: Option<f64>,
    baseline_name: Option<String>,
}

/// Measures everything and prints a table, or with `json` one object a line. With `with_spu` SPU is measured too, in
/// the same run on the same machine, and its numbers take the place of the recorded ones.
pub(crate) fn run(json: bool, with_spu: bool) -> Result<()> {
    install::for_browser_tests()?;
    build::run(false)?;
    test_pages::build()?;
    eprintln!("Measuring natively (a release build first, which takes minutes)");
    let mut measured = measure(shell::cargo().args([
        "run",
        "--quiet",
        "--release",
        "--package",
        "abraham-learning",
        "--example",
        "bench",
    ]))?;
    eprintln!("Measuring in Chromium");
    measured.extend(measure(shell::cargo().args([
        "run",
        "--quiet",
        "--package",
        "abraham-tests",
        "--example",
        "measure",
    ]))?);
    measured.extend(sizes()?);
    let spu = if with_spu { measure_spu()? } else { BTreeMap::new() };

    let mut table = vec![["what", "measured", "to reach", "", "SPU, sine", "SPU, ReLU"].map(str::to_owned)];
    for promise in &PROMISES {
        let found =
            measured.get(promise.name).with_context(|| format!("nothing measured {}", promise.name))?;
        let baselines: Vec<(String, f64)> = promise
            .baselines
            .iter()
            .map(|(name, recorded)| match spu.get(&(promise.name.to_owned(), (*name).to_owned())) {
                Some(now) => (format!("{name}, measured in this run"), *now),
                None => ((*name).to_owned(), *recorded),
            })
            .collect();
        if json {
            let baseline = baselines.first().cloned();
            let row = Row {
                name: promise.name,
                value: found.value,
                unit: found.unit.clone(),
                target: promise.goal.number(),
                baseline: baseline.as_ref().map(|(_, value)| *value),
                baseline_name: baseline.map(|(name, _)| name),
            };
            println!("{}", serde_json::to_string(&row)?);
        } else {
            table.push(promise.line(found, &baselines));
        }
    }
    if !json {
        print_table(&table);
        let source = if with_spu {
            "SPU was measured in this run."
        } else {
            "SPU was measured once, on an idle machine with two cores."
        };
        println!("\n{SECURITY}\n{source}");
    }
    Ok(())
}

impl Promise {
    fn line(&self, found: &Measured, baselines: &[(String, f64)]) -> [String; 6] {
        let (unit, name) = self.shown;
        let number = |value: f64| {
            let value = value / unit;
            if value >= 100.0 || value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
        };
        let (target, reached) = match self.goal {
            Goal::AtMost(most) => (format!("≤ {}", number(most)), Some(found.value <= most)),
            Goal::AtLeast(least) => (format!("≥ {}", number(least)), Some(found.value >= least)),
            Goal::Told => (String::new(), None),
        };
        let baseline =
            |index: usize| baselines.get(index).map_or_else(String::new, |(_, value)| number(*value));
        [
            self.name.to_owned(),
            format!("{} {name}", number(found.value)),
            target,
            reached.map_or("", |reached| if reached { "reached" } else { "missed" }).to_owned(),
            baseline(0),
            baseline(1),
        ]
    }
}

/// Runs a program that prints one [`Measured`] a line.
fn measure(command: &mut Command) -> Result<BTreeMap<String, Measured>> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("could not start the measurement")?;
    let mut found = BTreeMap::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            let row: Measured =
                serde_json::from_str(&line).with_context(|| format!("not a measurement: {line}"))?;
            found.insert(row.name.clone(), row);
        }
    }
    let status = child.wait()?;
    ensure!(status.success(), "the measurement failed: {status}");
    Ok(found)
}

/// Bytes of what is shipped.
fn sizes() -> Result<BTreeMap<String, Measured>> {
    eprintln!("Building the relay as it is shipped");
    shell::run(shell::cargo().args(["build", "--quiet", "--release", "--package", "abraham-relay"]))?;
    let relay = fs::metadata(shell::root().join("target/release/abraham-relay"))?.len();
    let mut sizes = vec![("relay_binary_bytes".to_owned(), relay as f64)];
    let mut wasm = 0.0;
    for program in &build::PROGRAMS {
        let bytes = build::gzipped_bytes(program)? as f64;
        wasm += bytes;
        sizes.push((format!("{}_gzip_bytes", program.name), bytes));
    }
    sizes.push(("wasm_gzip_bytes".to_owned(), wasm));
    let measured =
        |(name, value): (String, f64)| (name.clone(), Measured { name, value, unit: "bytes".to_owned() });
    Ok(sizes.into_iter().map(measured).collect())
}

/// SPU's numbers by promise and baseline, measured in a throw-away environment.
fn measure_spu() -> Result<BTreeMap<(String, String), f64>> {
    /// One line of `measure_spu.py`.
    #[derive(Deserialize)]
    struct Line {
        name: String,
        baseline: String,
        value: f64,
    }
    let Some(python) = shell::find_program(&["python3.11", "python3.10", "python3"]) else {
        bail!("--with-spu needs Python 3.10 or 3.11 with venv (Debian: apt-get install python3-venv)");
    };
    let folder = ThrowAway::new()?;
    let environment = folder.0.join("venv");
    eprintln!("Installing {SPU} into {} (about 1 GB, removed afterwards)", environment.display());
    shell::run(Command::new(python).args(["-m", "venv"]).arg(&environment))
        .context("--with-spu needs Python's venv module (Debian: apt-get install python3-venv)")?;
    let python = environment.join("bin/python");
    shell::run(Command::new(&python).args(["-m", "pip", "install", "--quiet", SPU]))
        .with_context(|| format!("{SPU} cannot be installed for this Python or machine"))?;
    let script = folder.0.join("measure_spu.py");
    fs::write(&script, include_str!("measure_spu.py"))?;
    let lines =
        shell::output(Command::new(&python).arg(&script)).context("SPU was installed and does not run")?;
    lines
        .lines()
        .map(|line| {
            let row: Line =
                serde_json::from_str(line).with_context(|| format!("not a measurement: {line}"))?;
            Ok(((row.name, row.baseline), row.value))
        })
        .collect()
}

/// A folder that is gone when this is dropped.
struct ThrowAway(PathBuf);

impl ThrowAway {
    fn new() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("abraham-spu-{}", std::process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for ThrowAway {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("could not remove {}: {error}", self.0.display());
        }
    }
}

fn print_table(rows: &[[String; 6]]) {
    let widths: [usize; 6] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        println!("{}", cells.join("  ").trim_end());
    }
}
