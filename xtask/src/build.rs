//! Compiling the browser program into `web/pkg`.

use std::{env, fs, path::Path, process::Command};

use anyhow::{Context, Result, bail, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::{install, shell};

/// The crate of the browser program, and the name its files have.
const CRATE: &str = "abraham-client";
const NAME: &str = "abraham_client";

/// What every browser that runs the page has; wasm-opt may use these instructions and no others.
const WASM_FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// Builds `web/pkg`: the script, its types, and the wasm under a name that carries its hash.
///
/// With `dev` the wasm is larger and slower and done sooner.
pub(crate) fn run(dev: bool) -> Result<()> {
    let compiler = install::wasm_compiler()?;
    install::node_tools()?;

    let root = shell::root();
    let target = root.join("target/wasm");
    let profile = if dev { "release" } else { "web" };
    let cargo_home = env::var("CARGO_HOME").ok().or_else(|| Some(env::var("HOME").ok()? + "/.cargo"));
    let remap = [(Some(root.display().to_string()), "/abraham"), (cargo_home, "/cargo")]
        .into_iter()
        .filter_map(|(from, to)| Some(format!("--remap-path-prefix={}={to}", from?)));
    shell::run(
        compiler
            .cargo_build()
            .args(["--package", CRATE, "--lib", "--profile", profile, "--target-dir"])
            .arg(&target)
            // The wasm must not differ by, or tell, where it was built.
            .env("CARGO_ENCODED_RUSTFLAGS", remap.collect::<Vec<_>>().join("\x1f")),
    )?;

    let made = target.join("pkg");
    if made.exists() {
        fs::remove_dir_all(&made).with_context(|| format!("could not empty {}", made.display()))?;
    }
    let wasm = target.join(format!("wasm32-unknown-unknown/{profile}/{NAME}.wasm"));
    Bindgen::new()
        .input_path(&wasm)
        .web(true)?
        .typescript(true)
        // So that the script knows where its wasm is.
        .omit_default_module_path(false)
        .generate(&made)
        .with_context(|| format!("could not make the script for {}", wasm.display()))?;
    check_imports(&made.join(format!("{NAME}.js")))?;
    if !dev {
        optimise(&made.join(format!("{NAME}_bg.wasm")))?;
    }
    let size = name_by_content(&made)?;

    let pkg = root.join("web/pkg");
    if pkg.exists() {
        fs::remove_dir_all(&pkg).with_context(|| format!("could not empty {}", pkg.display()))?;
    }
    fs::rename(&made, &pkg).with_context(|| format!("could not write {}", pkg.display()))?;
    eprintln!(
        "Built web/pkg: {} kB of wasm{}",
        size / 1000,
        if dev { ", not optimised (--dev)" } else { "" }
    );
    Ok(())
}

/// Fails when the wasm wants functions that only exist outside a browser: those come in as `import "env"`.
fn check_imports(script: &Path) -> Result<()> {
    let text = fs::read_to_string(script)?;
    let foreign = text
        .lines()
        .find(|line| line.starts_with("import ") && !line.contains("'./") && !line.contains("\"./"));
    match foreign {
        None => Ok(()),
        Some(line) => {
            bail!("the wasm needs what no browser has (`{line}`): some dependency is not made for browsers")
        }
    }
}

fn optimise(wasm: &Path) -> Result<()> {
    let tool = shell::root().join("web/node_modules/.bin/wasm-opt");
    let optimised = wasm.with_extension("optimised");
    shell::run(Command::new(tool).arg("-O3").args(WASM_FEATURES).arg(wasm).arg("-o").arg(&optimised))?;
    fs::rename(optimised, wasm)?;
    Ok(())
}

/// Puts the wasm's hash into its name, so that browsers may keep it for ever, and returns its size in bytes.
fn name_by_content(made: &Path) -> Result<usize> {
    let plain = format!("{NAME}_bg.wasm");
    let wasm = fs::read(made.join(&plain))?;
    let hashed = format!("{NAME}_bg-{}.wasm", &blake3::hash(&wasm).to_hex()[..16]);
    let script = made.join(format!("{NAME}.js"));
    let text = fs::read_to_string(&script)?;
    ensure!(text.contains(&plain), "{} does not name {plain}", script.display());
    fs::write(&script, text.replace(&plain, &hashed))?;
    fs::rename(made.join(&plain), made.join(hashed))?;
    Ok(wasm.len())
}
