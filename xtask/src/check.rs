//! Everything about the code that a test cannot see: format, lints, layers, secrets, mirrors, scripts, documents.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{install, shell};

/// Crates that know no network, clock, thread, storage or browser.
const PURE: [&str; 10] = [
    "abraham-messages",
    "abraham-provenance",
    "abraham-ring",
    "abraham-mpc",
    "abraham-artist",
    "abraham-learning",
    "abraham-pictures",
    "abraham-collective",
    "abraham-visitor",
    "abraham-shaders",
];
/// Crates that no pure crate may reach.
const IMPURE: [&str; 8] =
    ["wasm-bindgen", "web-sys", "js-sys", "tokio", "actix-web", "wgpu", "libp2p", "web-time"];
/// Which of the project's own crates a crate may reach; a crate that is not named may reach any.
const REACH: [(&str, &[&str]); 9] = [
    // The relay holds no code that could reconstruct a share.
    ("abraham-relay", &["abraham-messages"]),
    // Neither has what carries shares from tab to tab, nor what decides who holds them.
    ("abraham-p2p", &["abraham-messages"]),
    ("abraham-window", &["abraham-messages", "abraham-p2p"]),
    ("abraham-collective", &["abraham-messages", "abraham-provenance"]),
    // Whoever checks a piece needs neither.
    ("abraham-provenance", &["abraham-messages"]),
    // What reads strangers' files knows nothing else.
    ("abraham-decoder", &["abraham-pictures"]),
    ("abraham-pictures", &[]),
    ("abraham-shaders", &[]),
    ("abraham-messages", &[]),
];
/// The only crate that JavaScript calls.
const BROWSER_CRATE: &str = "client-wasm";
/// Folders whose types may hold shares or keys, each after those that it uses.
const SECRETIVE: [&str; 9] = [
    "crates/messages",
    "crates/provenance",
    "crates/ring",
    "crates/mpc",
    "crates/artist",
    "crates/learning",
    "crates/collective",
    "crates/visitor",
    "crates/p2p",
];
/// Types that hold shares or keys themselves; whatever has a field of such a type holds them too.
const SECRETS: [&str; 4] = ["RingTensor", "Sharing", "Keys", "UpdateShare"];
/// Types of libraries that stand for a secret wherever they are used: bytes worth wiping, and keys.
const FOREIGN_SECRETS: [&str; 3] = ["Zeroizing", "SigningKey", "Keypair"];
/// Holds a secret, and its own `Debug`, which a test of it looks at, prints the length only: what has a field of it may
/// derive.
const VEILED: [&str; 1] = ["Payload"];

/// One check: what it is called when it runs, and how it is done.
type Check = (&'static str, fn() -> Result<()>);

const CHECKS: [Check; 8] = [
    ("format", format),
    ("layers", layers),
    ("one crate speaks to JavaScript", browser_boundary),
    ("no type that holds a share prints it", secrets),
    ("each shader has a mirror", mirrors),
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
    // With the feature that tests add to tokio, or all that is made of tokio would be checked twice.
    shell::run(clippy().args(["--lib", "--bins", "--features", "tokio/test-util", "--", "-D", "warnings"]))?;
    // Tests and examples may panic and may look at the clock.
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
    for file in rust_files(&["crates", "shaders", "relay", "tests/src", "tests/tests", "tests/examples"])? {
        let text = fs::read_to_string(&file)?;
        if text.lines().any(|line| line.trim_start().starts_with("#[wasm_bindgen")) {
            faults.push(format!("{} uses #[wasm_bindgen]", shown(&file)));
        }
    }
    report(&faults, &format!("what JavaScript can call is all in {BROWSER_CRATE}"))
}

fn secrets() -> Result<()> {
    let mut folders = Vec::new();
    for folder in SECRETIVE {
        let files = rust_files(&[folder])?.into_iter();
        folders.push(files.map(|file| Ok((shown(&file), fs::read_to_string(file)?))).collect::<Result<_>>()?);
    }
    for name in SECRETS.iter().chain(&VEILED) {
        let mut files = folders.iter().flatten();
        ensure!(
            files.any(|(_, text): &(_, String)| types_in(text).any(|found| found.name == *name)),
            "the type {name} is gone: name its successor here"
        );
    }
    report(&printable_secrets(&folders), "a share or key must not be printable")
}

/// The types that hold a secret and can be printed or serialised, in folders with files of these names and texts.
fn printable_secrets(folders: &[Vec<(String, String)>]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut secret: BTreeSet<String> =
        SECRETS.into_iter().chain(FOREIGN_SECRETS).map(str::to_owned).collect();
    for files in folders {
        let types: Vec<(&str, TypeText)> = files
            .iter()
            .flat_map(|(file, text)| types_in(text).map(move |found| (file.as_str(), found)))
            .filter(|(_, found)| !VEILED.contains(&found.name.as_str()))
            .collect();
        // A name is the folder's own type, where it has one, and not that of a folder before.
        let mut here: BTreeSet<&str> = secret.iter().map(String::as_str).collect();
        here.retain(|name| SECRETS.contains(name) || !types.iter().any(|(_, found)| found.name == *name));
        // Whatever holds a secret type is one; repeated until no more are found.
        loop {
            let holds = |found: &TypeText| words(&found.body).any(|word| here.contains(word));
            let new =
                types.iter().map(|(_, found)| found).filter(|found| !here.contains(found.name.as_str()));
            let more: Vec<&str> = new.filter(|found| holds(found)).map(|found| found.name.as_str()).collect();
            if more.is_empty() {
                break;
            }
            here.extend(more);
        }
        for (file, TypeText { name, attributes, .. }) in &types {
            if !here.contains(name.as_str()) {
                continue;
            }
            for printing in ["Debug", "Serialize"] {
                let by_hand = [format!("{printing} for {name} "), format!("{printing} for {name}<")];
                let says = |line: &str| line.starts_with("impl") && by_hand.iter().any(|t| line.contains(t));
                let written = files.iter().flat_map(|(_, text)| text.lines()).any(says);
                if written || words(attributes).any(|word| word == printing) {
                    faults.push(format!("{file}: {name} holds a share or key and has {printing}"));
                }
            }
        }
        let here: Vec<String> = here.into_iter().map(str::to_owned).collect();
        secret.extend(here);
    }
    faults
}

/// A struct, an enum or another name for a type, as it stands in the text.
struct TypeText {
    name: String,
    /// The attributes before it.
    attributes: String,
    /// From its name to its end: type parameters and fields.
    body: String,
}

/// The structs, enums and other names for types of a file formatted by rustfmt.
fn types_in(text: &str) -> impl Iterator<Item = TypeText> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let mut code = line.trim_start();
        if let Some(public) = code.strip_prefix("pub") {
            // `pub`, `pub(crate)` or `pub(in …)`.
            let public =
                public.strip_prefix('(').and_then(|rest| Some(rest.split_once(')')?.1)).unwrap_or(public);
            code = public.trim_start();
        }
        let other_name = || code.strip_prefix("type ").filter(|_| indent == 0);
        let named = code.strip_prefix("struct ").or_else(|| code.strip_prefix("enum "));
        let Some(rest) = named.or_else(other_name) else { continue };
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let attributes = lines[..start].iter().rev().take_while(|line| {
            let line = line.trim_start();
            line.starts_with('#') || line.starts_with("///") || line.starts_with(')') || line.ends_with(',')
        });
        let attributes: Vec<&str> =
            attributes.copied().filter(|line| !line.trim_start().starts_with("///")).collect();
        // rustfmt closes a type at the indent at which it began, or on its first line.
        let length = lines[start..]
            .iter()
            .position(|line| {
                line.ends_with(';')
                    || line.ends_with("{}")
                    || (line.len() - line.trim_start().len() == indent && line.trim_start().starts_with('}'))
            })
            .unwrap_or(0);
        let body = lines[start..=start + length].iter().map(|line| types_of(line));
        found.push(TypeText {
            name,
            attributes: attributes.join("\n"),
            body: body.collect::<Vec<_>>().join("\n"),
        });
    }
    found.into_iter()
}

/// The part of a line of a type where types stand: after the name of the field, variant or type itself.
fn types_of(line: &str) -> &str {
    let code = line.trim_start();
    if code.starts_with("//") || code.starts_with('#') {
        return "";
    }
    code.find([':', '(', '<', '{', '=']).map_or("", |after_name| &code[after_name..])
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
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
    let web = shell::root().join("web");
    for project in ["tsconfig.json", "tsconfig.worker.json"] {
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
    let mut files = Vec::new();
    let mut queue: Vec<PathBuf> = folders.iter().map(|folder| shell::root().join(folder)).collect();
    while let Some(folder) = queue.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                queue.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// `path` as seen from the root of the repository.
fn shown(path: &Path) -> String {
    path.strip_prefix(shell::root()).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::{printable_secrets, secrets, types_in};

    #[test]
    fn types_are_found_with_their_attributes_and_fields() {
        let text = "\
/// A share.
#[derive(Clone, Debug)]
#[must_use]
pub(crate) struct Layer<S> {
    /// Weights; not a Key.
    pub weights: S,
}

struct Pair(Sharing, u8);
#[derive(
    Debug,
    Clone,
)]
pub enum Either {
    #[error(\"no Sharing\")]
    Keys { size: u8 },
    One(RingTensor),
}
";
        let types: Vec<_> = types_in(text).collect();
        let names: Vec<&str> = types.iter().map(|found| found.name.as_str()).collect();
        assert_eq!(names, ["Layer", "Pair", "Either"]);
        assert!(types[0].attributes.contains("Debug") && !types[0].body.contains("Key"));
        assert!(types[1].body.contains("Sharing") && types[1].attributes.is_empty());
        assert!(types[2].body.contains("RingTensor") && types[2].attributes.contains("Debug"));
        assert!(!types[2].body.contains("Sharing") && !types[2].body.contains("Keys"));
    }
    fn faults<const N: usize>(folders: [&str; N]) -> Vec<String> {
        printable_secrets(&folders.map(|text| vec![("a.rs".into(), text.into())]))
    }

    #[test]
    fn what_holds_a_secret_in_any_depth_must_not_be_printable() {
        let text = "\
type Seed = Zeroizing<[u8; 32]>;

pub struct Dice {
    key: Seed,
}

#[derive(Debug, Clone)]
pub enum Work {
    Learn { updates: Vec<Zeroizing<Vec<u8>>> },
    End,
}

#[derive(Debug)]
pub(crate) struct Table {
    dice: Box<Dice>,
}

impl Serialize for Dice {
";
        assert_eq!(
            faults([text]),
            [
                "a.rs: Dice holds a share or key and has Serialize",
                "a.rs: Work holds a share or key and has Debug",
                "a.rs: Table holds a share or key and has Debug",
            ]
        );
    }

    #[test]
    fn what_holds_a_veiled_secret_or_none_may_be_printed() {
        let text = "\
pub struct Payload(Zeroizing<Vec<u8>>);

impl fmt::Debug for Payload {

#[derive(Debug, Serialize)]
pub enum Command {
    Send { message: Payload },
}
";
        assert!(faults([text]).is_empty());
    }

    #[test]
    fn a_name_is_the_folders_own_type_or_one_of_a_folder_before() {
        let holds = "pub struct Step {\n    key: Keys,\n}\n";
        let prints = "#[derive(Debug)]\nstruct Plan {\n    step: Step,\n}\n";
        let other = "#[derive(Debug)]\nstruct Step {\n    number: u8,\n}\n";
        assert_eq!(faults([holds, prints]).len(), 1);
        assert!(faults([prints, holds]).is_empty());
        assert!(faults([holds, other]).is_empty());
    }

    #[test]
    fn no_type_of_this_repository_that_holds_a_secret_is_printable() {
        secrets().unwrap();
    }
}
