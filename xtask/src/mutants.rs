//! Small changes to the code, mutant by mutant: whether a test notices. By cargo-mutants, with its results kept, so that
//! hours of it can be done piece by piece.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
    str::FromStr,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::shell;

/// The release of cargo-mutants that is installed.
const VERSION: &str = "27.1.0";

/// What is changed: the crates whose tests alone should notice.
const PACKAGES: [&str; 4] = ["abraham-mpc", "abraham-artist", "abraham-learning", "abraham-collective"];

/// Seconds after which a mutant's tests count as hanging: several times what the slowest take on a busy machine.
const TIMEOUT: &str = "600";

/// Survivors that do not matter, each with its reason.
const ACCEPTED: &str = "xtask/mutants.txt";

/// A part of all mutants, so that several machines can share them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    number: u64,
    of: u64,
}

impl FromStr for Shard {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once('/').context("a shard is written like 1/8")?;
        let (number, of) = (parts.0.parse()?, parts.1.parse()?);
        ensure!((1..=of).contains(&number), "a shard is one of 1/{of} to {of}/{of}");
        Ok(Self { number, of })
    }
}

/// What came of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Outcome {
    /// A test failed.
    Caught,
    /// It does not compile.
    Unviable,
    /// Tests went on for ever.
    Timeout,
    /// All tests passed.
    Missed,
}

/// The files in which cargo-mutants says what came of each mutant, one name a line.
const FILES: [(&str, Outcome); 4] = [
    ("caught.txt", Outcome::Caught),
    ("unviable.txt", Outcome::Unviable),
    ("timeout.txt", Outcome::Timeout),
    ("missed.txt", Outcome::Missed),
];

#[derive(Deserialize)]
struct Mutant {
    name: String,
}

/// Runs those mutants that no test was seen to notice yet, and lists the survivors.
///
/// # Errors
/// Where the tests fail without a change, or a mutant survives that has no reason to.
pub(crate) fn run(sample: Option<usize>, seed: u64, shard: Option<Shard>, fresh: bool) -> Result<()> {
    let folder = shell::root().join("target/mutants");
    if fresh && folder.join("outcomes.json").is_file() {
        fs::remove_file(folder.join("outcomes.json"))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let program = install(&folder)?;
    let listed = shell::output(command(&program).args(["--list", "--json"]))?;
    let listed: Vec<Mutant> = serde_json::from_str(&listed).context("cargo-mutants listed something else")?;
    let names = chosen(listed.into_iter().map(|mutant| mutant.name).collect(), sample, seed, shard);
    let mut ledger = Ledger::read(&folder)?;
    // What a run found that was stopped.
    let found = folder.join("mutants.out");
    if found.is_dir() && !fresh {
        ledger.take_in(&found)?;
        ledger.write()?;
    }
    let left: Vec<&String> = names.iter().filter(|name| !ledger.is_settled(name)).collect();
    eprintln!("{} mutants, {} of them to be run", names.len(), left.len());
    if !left.is_empty() {
        run_some(&program, &folder, &left)?;
        ledger.take_in(&found)?;
        ledger.write()?;
    }
    let accepted = fs::read_to_string(shell::root().join(ACCEPTED)).context(ACCEPTED)?;
    report(&names, &ledger, &accepted_names(&accepted)?)
}

/// The project's own cargo-mutants, in `target`, so that whatever else is installed stays as it is.
fn install(folder: &Path) -> Result<PathBuf> {
    let root = folder.join("tool");
    let program = root.join("bin").join(format!("cargo-mutants{}", std::env::consts::EXE_SUFFIX));
    let is = shell::output(Command::new(&program).args(["mutants", "--version"])).unwrap_or_default();
    if is.trim().ends_with(VERSION) {
        return Ok(program);
    }
    eprintln!("Installing cargo-mutants {VERSION} with cargo into {}", root.display());
    let mut cargo = shell::cargo();
    cargo.args(["install", "--quiet", "--locked", "cargo-mutants", "--version", VERSION, "--root"]);
    shell::run(cargo.arg(&root))?;
    Ok(program)
}

/// cargo-mutants on [`PACKAGES`].
fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(shell::root()).arg("mutants");
    for package in PACKAGES {
        command.args(["--package", package]);
    }
    command
}

/// Those of all mutants that are asked for. A sample is the same for the same seed, and mostly the same after a change
/// of the code: it goes by the hash of each name without its line.
fn chosen(names: Vec<String>, sample: Option<usize>, seed: u64, shard: Option<Shard>) -> Vec<String> {
    let lot = |name: &str| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes()).update(without_place(name).as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        u64::from_le_bytes(first)
    };
    let mut names: Vec<(u64, String)> = names.into_iter().map(|name| (lot(&name), name)).collect();
    names.sort();
    if let Some(Shard { number, of }) = shard {
        names.retain(|(lot, _)| lot % of == number - 1);
    }
    names.truncate(sample.unwrap_or(usize::MAX));
    names.into_iter().map(|(_, name)| name).collect()
}

/// `crates/a/src/b.rs:12:9: replace x` without its line and column.
fn without_place(name: &str) -> String {
    let Some((place, change)) = name.split_once(": ") else { return name.to_owned() };
    let file = place.split(':').next().unwrap_or(place);
    format!("{file}: {change}")
}

fn run_some(program: &Path, folder: &Path, names: &[&String]) -> Result<()> {
    let mut mutants = command(program);
    mutants.args(["--no-shuffle", "--timeout", TIMEOUT, "--colors", "never"]);
    mutants.arg("--output").arg(folder);
    // Dependencies are compiled once, whatever folder the changed sources are copied to.
    mutants.env("CARGO_TARGET_DIR", folder.join("build"));
    for name in names {
        mutants.arg("--re").arg(format!("^{}$", escaped(name)));
    }
    // cargo-mutants 27.1.0 tries deleted fields of structs whatever names are asked for, but only in these files.
    for file in names.iter().filter_map(|name| name.split(':').next()).collect::<BTreeSet<_>>() {
        mutants.arg("--file").arg(file);
    }
    let status = mutants.status().context("cargo-mutants could not start")?;
    match status.code() {
        // All caught, some missed, some hanging.
        Some(0 | 2 | 3) => Ok(()),
        Some(4) => bail!("the tests fail without any change; see target/mutants/mutants.out/log"),
        _ => bail!("cargo-mutants failed: {status}"),
    }
}

/// A regular expression that matches this text only.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// What came of all mutants that were ever run.
struct Ledger {
    path: PathBuf,
    outcomes: BTreeMap<String, Outcome>,
}

impl Ledger {
    fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("outcomes.json");
        let outcomes = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text)
                .with_context(|| format!("{} is damaged; run with --fresh", path.display()))?,
            Err(_) => BTreeMap::new(),
        };
        Ok(Self { path, outcomes })
    }

    /// A survivor is tried again: a test may have been written for it.
    fn is_settled(&self, name: &str) -> bool {
        matches!(self.outcomes.get(name), Some(Outcome::Caught | Outcome::Unviable))
    }

    fn take_in(&mut self, found: &Path) -> Result<()> {
        for (file, outcome) in FILES {
            let path = found.join(file);
            let text = fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))?;
            self.outcomes.extend(text.lines().map(|name| (name.to_owned(), outcome)));
        }
        Ok(())
    }

    /// Replaces the file as a whole, so that what is stopped in between loses nothing.
    fn write(&self) -> Result<()> {
        let new = self.path.with_extension("new");
        fs::write(&new, serde_json::to_string_pretty(&self.outcomes)?)?;
        fs::rename(&new, &self.path).with_context(|| format!("{} cannot be written", self.path.display()))
    }
}

/// The mutants of [`ACCEPTED`]: a name without line and column, ` # ` and the reason; lines that begin with # are for
/// readers.
fn accepted_names(text: &str) -> Result<BTreeSet<String>> {
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let name = |line: &str| match line.split_once(" # ") {
        Some((name, reason)) if !reason.trim().is_empty() => Ok(name.trim().to_owned()),
        _ => bail!("{ACCEPTED} gives no reason: {line}"),
    };
    lines.map(name).collect()
}

fn report(names: &[String], ledger: &Ledger, accepted: &BTreeSet<String>) -> Result<()> {
    let of = |outcome: Outcome| {
        names.iter().filter(move |name| ledger.outcomes.get(*name) == Some(&outcome)).collect::<Vec<_>>()
    };
    let count = |outcome| of(outcome).len();
    let mut survivors = of(Outcome::Missed);
    survivors.extend(of(Outcome::Timeout));
    let (known, unknown): (Vec<&String>, Vec<&String>) =
        survivors.into_iter().partition(|name| accepted.contains(&without_place(name)));
    unknown.iter().for_each(|name| println!("survives: {name}"));
    println!(
        "{} mutants: {} caught, {} do not compile, {} survive with a reason, {} without; {} not run",
        names.len(),
        count(Outcome::Caught),
        count(Outcome::Unviable),
        known.len(),
        unknown.len(),
        names.iter().filter(|name| !ledger.outcomes.contains_key(*name)).count()
    );
    ensure!(unknown.is_empty(), "write a test that notices each, or its reason into {ACCEPTED}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        (0..200).map(|n| format!("crates/a/src/b.rs:{n}:9: replace + with - in f{n}")).collect()
    }

    #[test]
    fn shards_part_all_mutants_and_samples_repeat() {
        let mut parted = Vec::new();
        for number in 1..=3 {
            parted.extend(chosen(names(), None, 7, Some(Shard { number, of: 3 })));
        }
        let mut all = names();
        parted.sort();
        all.sort();
        assert_eq!(parted, all);
        let sample = chosen(names(), Some(40), 7, None);
        assert_eq!(sample.len(), 40);
        assert_eq!(sample, chosen(names(), Some(40), 7, None));
        assert_ne!(sample, chosen(names(), Some(40), 8, None));
        // A line above does not change what is drawn.
        let moved = names().into_iter().map(|name| name.replacen(":9: ", "0:9: ", 1)).collect();
        let moved: Vec<String> = chosen(moved, Some(40), 7, None).iter().map(|n| without_place(n)).collect();
        assert_eq!(moved, sample.iter().map(|name| without_place(name)).collect::<Vec<_>>());
    }

    #[test]
    fn shards_are_read() {
        assert_eq!("2/8".parse::<Shard>().unwrap(), Shard { number: 2, of: 8 });
        for wrong in ["", "2", "0/8", "9/8", "a/b", "1/0"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_are_matched_as_they_are() {
        let name = "crates/a/src/b.rs:1:2: replace <T as F>::g -> Vec<u8> with vec![] in |x| (a.b)";
        let expected =
            r"crates/a/src/b\.rs:1:2: replace <T as F>::g \-> Vec<u8> with vec!\[\] in \|x\| \(a\.b\)";
        assert_eq!(escaped(name), expected);
    }

    #[test]
    fn every_accepted_survivor_has_a_reason() {
        assert!(accepted_names("a: replace x with y\n").is_err());
        assert!(accepted_names("a: replace x with y # \n").is_err());
        let accepted = accepted_names("# why\n\na: replace x with y # it is the same\n").unwrap();
        assert_eq!(accepted, BTreeSet::from(["a: replace x with y".to_owned()]));
        let committed = fs::read_to_string(shell::root().join(ACCEPTED)).unwrap();
        assert!(accepted_names(&committed).is_ok());
    }
}
