//! Measuring what Abraham is compared with: SecretFlow SPU.

use std::{
    collections::BTreeMap,
    env, fs,
    path::PathBuf,
    process::{self, Command},
};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::shell;

/// What `--with-spu` installs.
const SPU: &str = "spu==0.9.5";
/// Printed beside the comparison, which is not one of equals.
pub(super) const SECURITY: &str = "Abraham's four painters are secure against one malicious painter; SPU's three parties are secure only against \
     parties that follow the protocol.";

/// Where SPU's numbers come from.
pub(super) fn source(in_this_run: bool) -> &'static str {
    if in_this_run {
        "SPU was measured in this run."
    } else {
        "SPU was measured once, on an idle machine with two cores."
    }
}

/// SPU's numbers by promise and baseline, measured in a throw-away environment.
pub(super) fn measure() -> Result<BTreeMap<(String, String), f64>> {
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
        let folder = env::temp_dir().join(format!("abraham-spu-{}", process::id()));
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
