//! Running the tests and adding up what they say.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::{Suite, build, install, shell, test_pages};

/// Packages without tests: what only cargo-fuzz builds, what measures, and what only browsers run.
const WITHOUT_TESTS: [&str; 3] = ["abraham-fuzz", "abraham-bench", "abraham-port"];

/// Lines of what a failed test said that are shown again at the end.
const REPORT_LINES: usize = 24;

/// How many tests did what.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    /// What the tests that failed said, in short.
    reports: Reports,
    /// Whether something went wrong that no test counts, such as code that does not compile.
    broken: bool,
}

/// Runs one suite or both and prints "N passed, N failed" as the last line.
///
/// # Errors
/// When any test failed or could not be run.
pub(crate) fn run(suite: Option<Suite>) -> Result<()> {
    let mut tallies = Vec::new();
    if suite != Some(Suite::Browser) {
        install::for_unit_tests()?;
        let node = ["--test", "--test-reporter=tap"];
        tallies.push(tally(Command::new("node").args(node).current_dir(shell::root().join("web")))?);
    }
    if suite != Some(Suite::Unit) {
        install::for_browser_tests()?;
        build::run(false)?;
        test_pages::build()?;
    }
    let mut packages = Vec::new();
    match suite {
        Some(Suite::Unit) => {}
        Some(Suite::Browser) => {
            // The program, for the tests that kill it.
            shell::run(shell::cargo().args(["build", "--package", "abraham-relay"]))?;
            packages.extend(["--package", "abraham-tests"]);
        }
        // All at once: cargo builds what packages share anew for each set of them, and sets differ in its features.
        None => {
            // With what the relay has as it is shipped.
            packages.extend(["--workspace", "--features", "abraham-relay/webrtc-direct"]);
            let programs = build::PROGRAMS.iter().chain([&test_pages::PROBE]).map(|program| program.package);
            for elsewhere in programs.chain(WITHOUT_TESTS) {
                packages.extend(["--exclude", elsewhere]);
            }
        }
    }
    for targets in [&["--lib", "--bins", "--tests"][..], &["--doc"]] {
        tallies.push(tally(shell::cargo().args(["test", "--no-fail-fast"]).args(&packages).args(targets))?);
    }
    for report in tallies.iter().flat_map(|tally| &tally.reports.kept) {
        println!("\n{report}");
    }
    let passed: usize = tallies.iter().map(|tally| tally.passed).sum();
    let failed: usize = tallies.iter().map(|tally| tally.failed).sum();
    let broken = tallies.iter().any(|tally| tally.broken);
    if broken && failed == 0 {
        println!("\nSome tests could not be run; see above.");
    }
    println!("\n{passed} passed, {failed} failed");
    ensure!(failed == 0 && !broken, "the tests did not pass");
    Ok(())
}

/// Runs `command`, which shows what it prints as it comes, and counts the results.
fn tally(command: &mut Command) -> Result<Tally> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("could not start the tests")?;
    let mut tally = Tally::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            println!("{line}");
            tally.reports.read(&line);
            if let Some((passed, failed)) = counts(&line) {
                tally.passed += passed;
                tally.failed += failed;
            }
        }
    }
    let status = child.wait()?;
    tally.broken = !status.success() && tally.failed == 0;
    Ok(tally)
}

/// What failed tests of Rust programs said, each from its `---- name stdout ----` on and without its backtrace: it is
/// far up in the output of the whole command.
#[derive(Default)]
struct Reports {
    kept: Vec<String>,
    /// Lines that the report being read has so far.
    reading: Option<usize>,
}

impl Reports {
    fn read(&mut self, line: &str) {
        if line.starts_with("---- ") && line.ends_with(" ----") {
            self.kept.push(line.to_owned());
            self.reading = Some(0);
        } else if let (Some(lines), Some(report)) = (self.reading, self.kept.last_mut()) {
            if line == "failures:" || line.eq_ignore_ascii_case("stack backtrace:") || lines == REPORT_LINES {
                self.reading = None;
            } else if !line.is_empty() {
                report.push('\n');
                report.push_str(line);
                self.reading = Some(lines + 1);
            }
        }
    }
}

/// Passed and failed of cargo's line `test result: ok. 3 passed; 1 failed; …` or of one of Node's lines `# pass 3`
/// and `# fail 1`.
fn counts(line: &str) -> Option<(usize, usize)> {
    if let Some(passed) = line.strip_prefix("# pass ") {
        return Some((passed.parse().ok()?, 0));
    }
    if let Some(failed) = line.strip_prefix("# fail ") {
        return Some((0, failed.parse().ok()?));
    }
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let count = |what: &str| {
        counts.split("; ").find_map(|part| part.strip_suffix(what)?.trim().parse::<usize>().ok())
    };
    Some((count("passed")?, count("failed")?))
}

#[cfg(test)]
mod tests {
    use super::{REPORT_LINES, Reports, counts};

    #[test]
    fn what_a_failed_test_said_is_kept_in_short() {
        let mut reports = Reports::default();
        let said = "test a ... FAILED\n\nfailures:\n\n---- a stdout ----\n\nthread 'a' panicked at b.rs:1:2:\nwhy\n\
                    stack backtrace:\n   0: main\n\n---- c stdout ----\nError: d\n\nfailures:\n    a\n    c";
        said.lines().for_each(|line| reports.read(line));
        let kept =
            ["---- a stdout ----\nthread 'a' panicked at b.rs:1:2:\nwhy", "---- c stdout ----\nError: d"];
        assert_eq!(reports.kept, kept);
        reports.read("---- e stdout ----");
        (0..1_000).for_each(|_| reports.read("again"));
        assert_eq!(reports.kept[2].lines().count(), 1 + REPORT_LINES);
    }

    #[test]
    fn counts_are_read_from_result_lines_only() {
        let line =
            "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(counts(line), Some((5, 0)));
        assert_eq!(counts("test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured"), Some((12, 3)));
        assert_eq!(counts("# pass 7"), Some((7, 0)));
        assert_eq!(counts("# fail 2"), Some((0, 2)));
        assert_eq!(counts("# passing on"), None);
        assert_eq!(counts("test counts ... ok"), None);
        assert_eq!(counts("a line about 3 passed; 1 failed"), None);
    }
}
