//! Everything about the code that a test cannot see: format, lints, layers, secrets, mirrors, scripts, documents.

mod secrets;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{build, generate, install, shell};

/// Crates that know no network, clock, thread, storage or browser.
const PURE: [&str; 12] = [
    "abraham-limiter",
    "abraham-messages",
    "abraham-provenance",
    "abraham-ring",
    "abraham-mpc",
    "abraham-artist",
    "abraham-learning",
    "abraham-pictures",
    "abraham-collective",
    "abraham-page",
    "abraham-visitor",
    "abraham-shaders",
];
/// Crates that no pure crate may reach.
const IMPURE: [&str; 8] =
    ["wasm-bindgen", "web-sys", "js-sys", "tokio", "actix-web", "wgpu", "libp2p", "web-time"];
/// Which of the project's own crates a crate may reach; a crate that is not named may reach any.
const REACH: [(&str, &[&str]); 12] = [
    // The relay holds no code that could reconstruct a share.
    ("abraham-relay", &["abraham-limiter", "abraham-messages"]),
    // Neither has what carries shares from tab to tab, nor what decides who holds them.
    ("abraham-p2p", &["abraham-limiter", "abraham-messages"]),
    (
        "abraham-window",
        &["abraham-limiter", "abraham-messages", "abraham-p2p", "abraham-page", "abraham-port"],
    ),
    ("abraham-collective", &["abraham-limiter", "abraham-messages", "abraham-provenance"]),
    // Whoever checks a piece needs neither.
    ("abraham-provenance", &["abraham-messages"]),
    // What reads strangers' files knows nothing else.
    ("abraham-decoder", &["abraham-pictures"]),
    ("abraham-page", &["abraham-messages"]),
    ("abraham-pictures", &[]),
    ("abraham-shaders", &[]),
    ("abraham-messages", &[]),
    ("abraham-limiter", &[]),
    ("abraham-port", &["abraham-messages"]),
];
/// The only crate that JavaScript calls.
const BROWSER_CRATE: &str = "client-wasm";
/// What `tsc` checks, from `web`: the page, its worker, their tests, and the tests' pages.
const SCRIPTS: [&str; 5] = [
    "tsconfig.json",
    "tsconfig.worker.json",
    "tsconfig.test.json",
    "tsconfig.worker.test.json",
    "../tests/interop",
];
/// What a script says that knows where or how the visitor's things lie: that is the business of `Store` in `visitor`.
const STORAGE: [&str; 7] = [
    "getDirectory",
    "getFileHandle",
    "createSyncAccessHandle",
    "removeEntry",
    "indexedDB",
    ".safetensors",
    "abraham/",
];
/// One check: what it is called when it runs, and how it is done.
type Check = (&'static str, fn() -> Result<()>);

const CHECKS: [Check; 10] = [
    ("format", format),
    ("layers", layers),
    ("one crate speaks to JavaScript", browser_boundary),
    ("no type that holds a share prints it", secrets::check),
    ("each shader has a mirror", mirrors),
    ("what scripts have of the code", generate::check),
    ("no script knows where things are stored", storage_boundary),
    ("scripts", scripts),
    ("lints", lints),
    ("documents", documents),
];

/// Runs every check, also after one has failed, and names those that failed.
///
/// # Errors
/// When any check failed.
pub(crate) fn run() -> Result<()> {
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        println!("== {name}");
        if let Err(error) = check() {
            println!("{error:#}");
            failed.push(name);
        }
    }
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    println!("\nall {} checks passed", CHECKS.len());
    Ok(())
}

fn format() -> Result<()> {
    shell::run(shell::cargo().args(["fmt", "--all", "--check"]))
}

fn lints() -> Result<()> {
    let clippy = || {
        let mut cargo = cargo_without_libfuzzer();
        cargo.args(["clippy", "--quiet", "--workspace", "--features", "abraham-relay/webrtc-direct"]);
        cargo
    };
    // With the feature that tests add to tokio, or all that is made of tokio would be checked twice. What measures is held
    // to the same as tests, below.
    let shipped = ["--exclude", "abraham-bench", "--lib", "--bins", "--features", "tokio/test-util"];
    shell::run(clippy().args(shipped).args(["--", "-D", "warnings"]))?;
    // Tests and what measures may panic and may look at the clock.
    shell::run(clippy().args([
        "--all-targets",
        "--",
        "-D",
        "warnings",
        "-A",
        "clippy::unwrap_used",
        "-A",
        "clippy::disallowed_methods",
    ]))
}

/// cargo for what links no fuzz target: libFuzzer need not be compiled, nor a C++ compiler be there.
fn cargo_without_libfuzzer() -> Command {
    let mut cargo = shell::cargo();
    cargo.env("CUSTOM_LIBFUZZER_PATH", "/not/linked/libfuzzer.a");
    cargo
}

fn documents() -> Result<()> {
    shell::run(
        cargo_without_libfuzzer()
            .args(["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

fn layers() -> Result<()> {
    let mut faults = Vec::new();
    for pure in PURE {
        let reached = reached_by(pure)?;
        faults.extend(
            IMPURE
                .iter()
                .filter(|crate_| reached.contains(**crate_))
                .map(|crate_| format!("{pure} reaches {crate_}")),
        );
    }
    for (from, allowed) in REACH {
        let own = |name: &&String| name.starts_with("abraham-") && *name != from;
        let reached = reached_by(from)?;
        let wrong = reached.iter().filter(own).filter(|name| !allowed.contains(&name.as_str()));
        faults.extend(wrong.map(|name| format!("{from} reaches {name}")));
    }
    report(&faults, "the layers of DESIGN are one-way; run `cargo tree -p CRATE -i OTHER` to see the path")
}

/// Names of all crates that `name` is built from on this platform, without what only its tests need.
fn reached_by(name: &str) -> Result<BTreeSet<String>> {
    let tree = shell::output(shell::cargo().args([
        "tree",
        "--quiet",
        "--package",
        name,
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]))?;
    Ok(tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
}

fn browser_boundary() -> Result<()> {
    let mut faults = Vec::new();
    // tests/tab-probe is called by the tests' own pages.
    for file in rust_files(&["crates", "shaders", "relay", "tests/src", "tests/tests", "bench"])? {
        let text = fs::read_to_string(&file)?;
        if text.lines().any(|line| line.trim_start().starts_with("#[wasm_bindgen")) {
            faults.push(format!("{} uses #[wasm_bindgen]", shown(&file)));
        }
    }
    report(&faults, &format!("what JavaScript can call is all in {BROWSER_CRATE}"))
}

/// Scripts are told what is kept, and tell what to keep. What `web/generated` has of it is written by `visitor`.
fn storage_boundary() -> Result<()> {
    let mut faults = Vec::new();
    for file in files(&["web/page", "web/shared", "web/worker", "web/worker.js"], "js")? {
        let text = fs::read_to_string(&file)?;
        for (number, line) in text.lines().enumerate() {
            let named = STORAGE.iter().find(|word| line.contains(**word));
            faults.extend(named.map(|word| format!("{}:{} names {word}", shown(&file), number + 1)));
        }
    }
    report(&faults, "what is stored, and where, is known to `Store` in crates/visitor alone")
}

fn mirrors() -> Result<()> {
    let names = |folder: &str, extension: &str| -> Result<BTreeSet<String>> {
        let folder = shell::root().join(folder);
        let entries = fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))?;
        let paths = entries.flatten().map(|entry| entry.path());
        let wanted = paths.filter(|path| path.extension().is_some_and(|found| found == extension));
        Ok(wanted
            .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
            .filter(|stem| stem != "mod")
            .collect())
    };
    let (shaders, mirrors) = (names("shaders/shader", "wgsl")?, names("shaders/src/cpu", "rs")?);
    ensure!(!shaders.is_empty(), "no shaders were found");
    let mut faults: Vec<String> = shaders
        .symmetric_difference(&mirrors)
        .map(|name| format!("{name} is either without shader or without mirror"))
        .collect();
    for name in shaders.intersection(&mirrors) {
        let shader = fs::read_to_string(shell::root().join(format!("shaders/shader/{name}.wgsl")))?;
        let mirror = fs::read_to_string(shell::root().join(format!("shaders/src/cpu/{name}.rs")))?;
        let entry_points = shader.matches("@compute").count();
        if entry_points != 1 {
            faults.push(format!("{name}.wgsl has {entry_points} entry points"));
        }
        if !mirror.contains(&format!("pub fn {name}(")) && !mirror.contains(&format!("pub fn {name}<")) {
            faults.push(format!("the mirror {name}.rs has no function {name}"));
        }
    }
    report(&faults, "a shader and its mirror have one name, so that each is tested against the other")
}

fn scripts() -> Result<()> {
    install::node_tools()?;
    install::interop_packages()?;
    build::declare()?;
    let web = shell::root().join("web");
    for project in SCRIPTS {
        shell::run(
            Command::new(web.join("node_modules/.bin/tsc"))
                .args(["--noEmit", "--project", project])
                .current_dir(&web),
        )?;
    }
    Ok(())
}

/// Fails with every fault on its own line and `rule` after them.
fn report(faults: &[String], rule: &str) -> Result<()> {
    if faults.is_empty() {
        return Ok(());
    }
    bail!("{}\n({rule})", faults.join("\n"))
}

/// Every Rust file below `folders`, which are relative to the root.
fn rust_files(folders: &[&str]) -> Result<Vec<PathBuf>> {
    files(folders, "rs")
}

/// Every file with this ending at or below `places`, which are relative to the root.
fn files(places: &[&str], ending: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut queue: Vec<PathBuf> = places.iter().map(|place| shell::root().join(place)).collect();
    for place in &queue {
        ensure!(place.exists(), "no {}", place.display());
    }
    while let Some(path) = queue.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(&path).with_context(|| format!("no {}", path.display()))? {
                queue.push(entry?.path());
            }
        } else if path.extension().is_some_and(|extension| extension == ending) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// `path` as seen from the root of the repository.
fn shown(path: &Path) -> String {
    path.strip_prefix(shell::root()).unwrap_or(path).display().to_string()
}
