//! What must be on the machine, and installing it where that is possible.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::shell;

const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// Debian builds its browsers with this compiler. With its sources it can build std for wasm32.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_STD: &str = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";
const DEBIAN_LINKER: &str = "wasm-ld-22";

/// Something that a task needs and a distribution has a package for.
struct Requirement {
    /// What it is, for people.
    what: &'static str,
    /// What it is needed for.
    why: &'static str,
    /// Packages of Debian and Ubuntu that bring it.
    packages: &'static [&'static str],
    is_met: fn() -> bool,
}

const NODE: Requirement = Requirement {
    what: "Node.js with npm",
    why: "it runs wasm-opt, and checks and tests the page's scripts",
    packages: &["nodejs", "npm"],
    is_met: || shell::find_program(&["node"]).is_some() && shell::find_program(&["npm"]).is_some(),
};

const CHROMIUM: Requirement = Requirement {
    what: "Chromium with a font",
    why: "the browser tests and measurements run in it",
    packages: &["chromium", "fonts-dejavu-core"],
    is_met: || chromium().is_some(),
};

const FIREFOX: Requirement = Requirement {
    what: "Firefox",
    why: "one whole visit is tested in it, and one of it among tabs of Chromium",
    packages: &["firefox-esr"],
    is_met: || firefox().is_some(),
};

const WEBKIT: Requirement = Requirement {
    what: "WebKitGTK's browser and driver, and a display for it",
    why: "one whole visit is tested in it",
    packages: &["webkit2gtk-driver", "xvfb"],
    is_met: || {
        shell::find_program(&["WebKitWebDriver"]).is_some() && shell::find_program(&["Xvfb"]).is_some()
    },
};

const LAVAPIPE: Requirement = Requirement {
    what: "a Vulkan driver",
    why: "the GPU kernels are tested on Mesa's software driver",
    packages: &["mesa-vulkan-drivers"],
    is_met: || has_entry("/usr/share/vulkan/icd.d") || has_entry("/etc/vulkan/icd.d"),
};

const DEBIAN_WASM: Requirement = Requirement {
    what: "Debian's Rust compiler for the web, its sources and linker",
    why: "this Rust toolchain has no wasm32-unknown-unknown target and rustup could not add it",
    packages: &["rustc-web", "rust-web-src", "lld-22"],
    is_met: || {
        Path::new(DEBIAN_RUSTC).is_file()
            && Path::new(DEBIAN_STD).is_file()
            && shell::find_program(&[DEBIAN_LINKER]).is_some()
    },
};

/// The compiler that makes wasm on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WasmCompiler {
    /// The active toolchain, which has the wasm32 target.
    Toolchain,
    /// Debian's rustc, which builds std for wasm32 itself.
    Debian,
}

impl WasmCompiler {
    /// `cargo build` for wasm32 with this compiler, to be completed with what to build.
    pub(crate) fn cargo_build(self) -> Command {
        let mut cargo = shell::cargo();
        cargo.args(["build", "--target", WASM_TARGET]);
        if self == Self::Debian {
            // Building std is behind a nightly flag, which RUSTC_BOOTSTRAP opens on a released compiler.
            cargo
                .args(["-Zbuild-std=std,panic_abort"])
                .env("RUSTC", DEBIAN_RUSTC)
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", DEBIAN_LINKER)
                .env_remove("CARGO")
                .env_remove("RUSTUP_TOOLCHAIN");
        }
        cargo
    }
}

/// Finds a compiler for wasm32, installing one where there is none.
pub(crate) fn wasm_compiler() -> Result<WasmCompiler> {
    if toolchain_has_wasm() {
        return Ok(WasmCompiler::Toolchain);
    }
    if (DEBIAN_WASM.is_met)() {
        return Ok(WasmCompiler::Debian);
    }
    if shell::find_program(&["rustup"]).is_some() {
        eprintln!(
            "Installing the Rust target {WASM_TARGET} with rustup: the browser program is compiled for it."
        );
        if shell::run(Command::new("rustup").args(["target", "add", WASM_TARGET])).is_ok()
            && toolchain_has_wasm()
        {
            return Ok(WasmCompiler::Toolchain);
        }
    }
    ensure(&[&DEBIAN_WASM])
        .with_context(|| format!("no compiler for the browser: run `rustup target add {WASM_TARGET}`"))?;
    Ok(WasmCompiler::Debian)
}

fn toolchain_has_wasm() -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    shell::output(Command::new(rustc).args(["--print", "target-libdir", "--target", WASM_TARGET]))
        .is_ok_and(|folder| has_entry(folder.trim()))
}

/// Node.js, and the npm packages that `web/package-lock.json` pins.
pub(crate) fn node_tools() -> Result<()> {
    npm_packages(
        "web",
        "what shrinks, checks and tests the page: binaryen, typescript with Node's types, axe-core and noble's curves and hashes",
    )
}

/// Node.js, and the npm packages that `tests/interop/package-lock.json` pins.
pub(crate) fn interop_packages() -> Result<()> {
    npm_packages("tests/interop", "js-libp2p and esbuild: tabs that run it talk to ours in tests")
}

/// Node.js, and what the lock file in `folder` pins, which is `what`.
fn npm_packages(folder: &str, what: &str) -> Result<()> {
    ensure(&[&NODE])?;
    let path = shell::root().join(folder);
    let (wanted, installed) = (path.join("package-lock.json"), path.join("node_modules/.package-lock.json"));
    let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    if modified(&installed) < modified(&wanted) {
        eprintln!("Installing into {folder}/node_modules with npm {what}.");
        // No package's own scripts run: they may do anything, and these tools need none.
        shell::run(
            Command::new("npm")
                .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
                .current_dir(&path),
        )?;
    }
    Ok(())
}

/// What the tests without a browser need.
pub(crate) fn for_unit_tests() -> Result<()> {
    ensure(&[&LAVAPIPE])?;
    node_tools()
}

/// What the measurements in a browser need.
pub(crate) fn for_measurements() -> Result<()> {
    ensure(&[&CHROMIUM])
}

/// What the tests in browsers need.
pub(crate) fn for_browser_tests() -> Result<()> {
    ensure(&[&CHROMIUM, &FIREFOX, &WEBKIT])
}

/// Firefox, from `FIREFOX` or from `PATH`; the tests look in the same places.
fn firefox() -> Option<PathBuf> {
    let named = env::var_os("FIREFOX").map(PathBuf::from).filter(|path| path.is_file());
    named.or_else(|| shell::find_program(&["firefox-esr", "firefox"]))
}

/// Chromium or a browser that is built from it, from `CHROMIUM` or from `PATH`.
pub(crate) fn chromium() -> Option<PathBuf> {
    let named = env::var_os("CHROMIUM").map(PathBuf::from).filter(|path| path.is_file());
    named.or_else(|| {
        shell::find_program(&["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"])
    })
}

/// Installs those of `requirements` that are not met, or says what to install.
fn ensure(requirements: &[&Requirement]) -> Result<()> {
    let missing: Vec<&&Requirement> =
        requirements.iter().filter(|requirement| !(requirement.is_met)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().flat_map(|requirement| requirement.packages).copied().collect();
    let reasons: Vec<String> =
        missing.iter().map(|requirement| format!("{}: {}", requirement.what, requirement.why)).collect();
    let reasons = reasons.join("\n  ");

    let Some(mut apt) = apt_get() else {
        bail!(
            "this machine lacks\n  {reasons}\nOn Debian or Ubuntu: sudo apt-get install {}\nElsewhere install the \
             same by your system's means, then run this again.",
            packages.join(" ")
        );
    };
    eprintln!("Installing {} with apt-get, because this machine lacks\n  {reasons}", packages.join(", "));
    shell::run(apt().args(["update", "-q"]))?;
    shell::run(apt().args(["install", "-y", "--no-install-recommends"]).args(&packages))?;
    match missing.iter().find(|requirement| !(requirement.is_met)()) {
        None => Ok(()),
        Some(requirement) => {
            bail!("apt-get installed {packages:?}, and {} is still missing", requirement.what)
        }
    }
}

/// How this machine runs apt-get as root; none where it cannot.
fn apt_get() -> Option<impl FnMut() -> Command> {
    shell::find_program(&["apt-get"])?;
    let is_root = shell::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !is_root {
        shell::find_program(&["sudo"])?;
    }
    Some(move || {
        let mut command = Command::new(if is_root { "apt-get" } else { "sudo" });
        if !is_root {
            command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        }
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    })
}

fn has_entry(folder: &str) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}
