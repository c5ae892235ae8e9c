//! What measuring programs print, and what becomes of a program that fails.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

/// What came of one number.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Outcome {
    Measured {
        value: f64,
        unit: String,
    },
    NotMeasured {
        /// Why not, for people.
        not_measured: String,
    },
}

/// What a measuring program prints, one a line.
#[derive(Deserialize)]
struct Line {
    name: String,
    #[serde(flatten)]
    outcome: Outcome,
}

/// All numbers so far.
#[derive(Default)]
pub(super) struct Outcomes {
    found: BTreeMap<String, Outcome>,
    /// Names of programs that failed.
    failed: Vec<String>,
}

impl Outcomes {
    /// Takes in what a program prints. A program that fails is named at once and by [`Self::all_ran`]; what it had
    /// measured counts, and other programs still run.
    pub(super) fn run(&mut self, name: &str, program: &mut Command) {
        if let Err(error) = self.try_run(program) {
            eprintln!("{name}: {error:#}");
            self.failed.push(name.to_owned());
        }
    }

    fn try_run(&mut self, program: &mut Command) -> Result<()> {
        let mut child = program.stdout(Stdio::piped()).spawn().context("could not be started")?;
        let stdout = child.stdout.take().context("has no output")?;
        // Read to its end whatever it says, so that the program never waits for a reader.
        let mut wrong = None;
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            match serde_json::from_str(&line) {
                Ok(Line { name, outcome }) => _ = self.found.insert(name, outcome),
                Err(_) => wrong = Some(line),
            }
        }
        let status = child.wait()?;
        ensure!(status.success(), "failed: {status}");
        ensure!(wrong.is_none(), "not a measurement: {}", wrong.unwrap_or_default());
        Ok(())
    }

    pub(super) fn measured(&mut self, name: &str, value: f64, unit: &str) {
        self.found.insert(name.to_owned(), Outcome::Measured { value, unit: unit.to_owned() });
    }

    /// What came of the number of this name.
    pub(super) fn of(&self, name: &str) -> Outcome {
        self.found.get(name).cloned().unwrap_or_else(|| Outcome::NotMeasured {
            not_measured: match self.failed.as_slice() {
                [] => "no program measures it".to_owned(),
                failed => format!("{} failed, see above", failed.join(" and ")),
            },
        })
    }

    /// # Errors
    /// When a program failed, or when none even says why a number of these names is not measured.
    pub(super) fn all_ran<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<()> {
        ensure!(self.failed.is_empty(), "failed: {}", self.failed.join(", "));
        let forgotten: Vec<&str> = names.into_iter().filter(|name| !self.found.contains_key(*name)).collect();
        ensure!(forgotten.is_empty(), "no program measures {}", forgotten.join(", "));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, Outcome, Outcomes};

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_is_not_measured_says_why() {
        let mut outcomes = Outcomes::default();
        let script =
            r#"echo '{"name":"a","value":2,"unit":"ms"}'; echo '{"name":"b","not_measured":"no tun"}'"#;
        outcomes.run("first", &mut shell(script));
        assert_eq!(outcomes.of("a"), Outcome::Measured { value: 2.0, unit: "ms".to_owned() });
        assert_eq!(outcomes.of("b"), Outcome::NotMeasured { not_measured: "no tun".to_owned() });
        assert!(outcomes.all_ran(["a", "b"]).is_ok());
        assert!(outcomes.all_ran(["a", "c"]).is_err());
    }

    #[test]
    fn what_a_program_had_measured_when_it_failed_counts() {
        let mut outcomes = Outcomes::default();
        outcomes.run("first", &mut shell(r#"echo '{"name":"a","value":2,"unit":"ms"}'; exit 3"#));
        outcomes.run("second", &mut shell("echo this is no measurement"));
        outcomes.run("third", &mut Command::new("/nonexistent"));
        assert_eq!(outcomes.of("a"), Outcome::Measured { value: 2.0, unit: "ms".to_owned() });
        let not_measured = "first and second and third failed, see above".to_owned();
        assert_eq!(outcomes.of("b"), Outcome::NotMeasured { not_measured });
        assert!(outcomes.all_ran([]).is_err());
    }
}
