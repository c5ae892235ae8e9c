//! Compiling the browser programs into `web/pkg`.

use std::{
    collections::BTreeSet,
    env,
    fs::{self, OpenOptions},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use flate2::{Compression, write::GzEncoder};
use wasm_bindgen_cli_support::Bindgen;

use crate::{
    install::{self, WasmCompiler},
    shell,
};

/// One wasm and its script.
pub(crate) struct Program {
    /// The crate.
    pub(crate) package: &'static str,
    /// The name its files have.
    pub(crate) name: &'static str,
    /// What wasm-opt is to aim at.
    pub(crate) level: &'static str,
}

/// What reads pictures; fetched with the first of them.
pub(crate) const DECODER: &str = "abraham-decoder";

/// What the worker, the window and the decoding worker run.
pub(crate) const PROGRAMS: [Program; 3] = [
    Program { package: "abraham-client", name: "abraham_client", level: "-Os" },
    Program { package: "abraham-window", name: "abraham_window", level: "-Oz" },
    Program { package: DECODER, name: "abraham_decoder", level: "-Oz" },
];

/// Brotli quality from 0 to 11. 10 and 11 take ten times as long for 5 % less.
const BROTLI_QUALITY: u32 = 9;
/// Window of brotli as a power of two: 4 MiB, more than any wasm here.
const BROTLI_WINDOW: u32 = 22;

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

/// Builds `web/pkg`: the scripts, their types, and each wasm under a name that carries its hash.
///
/// With `dev` the wasm is larger and slower and done sooner.
pub(crate) fn run(dev: bool) -> Result<()> {
    programs(&PROGRAMS, dev, &shell::root().join("web/pkg"))
}

/// Builds `programs` into the folder `into`, which then holds nothing else.
pub(crate) fn programs(programs: &[Program], dev: bool, into: &Path) -> Result<()> {
    let compiler = install::wasm_compiler()?;
    install::node_tools()?;
    let made = shell::root().join("target/wasm/pkg");
    if made.exists() {
        fs::remove_dir_all(&made).with_context(|| format!("could not empty {}", made.display()))?;
    }
    let compiled = compile(programs, compiler, dev)?;
    for program in programs {
        let Size { plain, gzip } = program.finish(&compiled, dev, &made)?;
        eprintln!(
            "Built {}: {} kB of wasm, {} kB after gzip{}",
            program.name,
            plain / 1000,
            gzip / 1000,
            if dev { ", not optimised (--dev)" } else { "" }
        );
    }
    // Renamed, not emptied: a page that is loading just now finds the old files or the new ones.
    let old = made.with_extension("old");
    if old.exists() {
        fs::remove_dir_all(&old).with_context(|| format!("could not empty {}", old.display()))?;
    }
    if into.exists() {
        fs::rename(into, &old).with_context(|| format!("could not replace {}", into.display()))?;
    }
    fs::rename(&made, into).with_context(|| format!("could not write {}", into.display()))
}

/// Brings the types of the programs' scripts in `web/pkg` up to date, for what checks the page's scripts against them. The
/// scripts there stay as they were built.
pub(crate) fn declare() -> Result<()> {
    let compiled = compile(&PROGRAMS, install::wasm_compiler()?, false)?;
    let (made, package) = (shell::root().join("target/wasm/types"), shell::root().join("web/pkg"));
    fs::create_dir_all(&package).with_context(|| format!("could not make {}", package.display()))?;
    for program in PROGRAMS {
        program.bind(&compiled, &made)?;
        fs::copy(made.join(program.types()), package.join(program.types()))?;
    }
    Ok(())
}

/// Bytes of a wasm, as built and as browsers fetch it.
struct Size {
    plain: usize,
    gzip: usize,
}

/// Compiles `programs`, and returns the folder where their wasm lies.
///
/// [`PROGRAMS`] are among them, whoever asks: cargo builds what programs share anew for each set of them. Together they
/// also keep all cores busy while each is linked and optimised by one.
fn compile(programs: &[Program], compiler: WasmCompiler, dev: bool) -> Result<PathBuf> {
    let root = shell::root();
    let target = root.join("target/wasm");
    let profile = if dev { "release" } else { "web" };
    let cargo_home = env::var("CARGO_HOME").ok().or_else(|| Some(env::var("HOME").ok()? + "/.cargo"));
    let remap = [(Some(root.display().to_string()), "/abraham"), (cargo_home, "/cargo")]
        .into_iter()
        .filter_map(|(from, to)| Some(format!("--remap-path-prefix={}={to}", from?)));
    let mut cargo = compiler.cargo_build();
    for package in PROGRAMS.iter().chain(programs).map(|program| program.package).collect::<BTreeSet<_>>() {
        cargo.args(["--package", package]);
    }
    cargo.args(["--lib", "--profile", profile, "--target-dir"]).arg(&target);
    // The wasm must not differ by, or tell, where it was built.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", remap.collect::<Vec<_>>().join("\x1f"));
    shell::run(&mut cargo)?;
    Ok(target.join("wasm32-unknown-unknown").join(profile))
}

impl Program {
    /// Adds the program's files to the folder `made`, and returns the size of its wasm.
    fn finish(&self, compiled: &Path, dev: bool, made: &Path) -> Result<Size> {
        self.bind(compiled, made)?;
        check_imports(&made.join(format!("{}.js", self.name)))?;
        if !dev {
            optimise(&made.join(format!("{}_bg.wasm", self.name)), self.level)?;
        }
        self.name_by_content(made)
    }

    /// Makes the program's script and its types in the folder `made`.
    fn bind(&self, compiled: &Path, made: &Path) -> Result<()> {
        let wasm = compiled.join(format!("{}.wasm", self.name));
        Bindgen::new()
            .input_path(&wasm)
            .web(true)?
            .typescript(true)
            // So that the script knows where its wasm is.
            .omit_default_module_path(false)
            .generate(made)
            .with_context(|| format!("could not make the script for {}", wasm.display()))?;
        let mut types = OpenOptions::new().append(true).open(made.join(self.types()))?;
        // Of what `name_by_content` adds to the script.
        Ok(types.write_all(b"\nexport const program: URL;\nexport const programBytes: number;\n")?)
    }

    /// The file with the types of the program's script.
    fn types(&self) -> String {
        format!("{}.d.ts", self.name)
    }

    /// Puts the wasm's hash into its name, so that browsers may keep it for ever, and returns its size.
    fn name_by_content(&self, made: &Path) -> Result<Size> {
        let plain = format!("{}_bg.wasm", self.name);
        let wasm = fs::read(made.join(&plain))?;
        let hashed = format!("{}_bg-{}.wasm", self.name, &blake3::hash(&wasm).to_hex()[..16]);
        let script = made.join(format!("{}.js", self.name));
        let text = fs::read_to_string(&script)?;
        ensure!(text.contains(&plain), "{} does not name {plain}", script.display());
        // So that a page can fetch the wasm itself, and say how much of it is left.
        let exports = format!(
            "export const program = new URL('{hashed}', import.meta.url);\nexport const programBytes = {};\n",
            wasm.len()
        );
        fs::write(&script, text.replace(&plain, &hashed) + "\n" + &exports)?;
        // What the relay embeds, and sends to nearly every browser.
        fs::write(made.join(format!("{hashed}.br")), brotli(&wasm)?)?;
        fs::rename(made.join(&plain), made.join(hashed))?;
        Ok(Size { plain: wasm.len(), gzip: gzipped(&wasm)? })
    }
}

/// The brotli form of `bytes`.
fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut packed = Vec::new();
    brotli::CompressorReader::new(bytes, 1 << 16, BROTLI_QUALITY, BROTLI_WINDOW).read_to_end(&mut packed)?;
    Ok(packed)
}

/// How many bytes a relay sends to a browser that takes gzip.
fn gzipped(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

/// Bytes of the program's wasm in `web/pkg`, after gzip.
pub(crate) fn gzipped_bytes(program: &Program) -> Result<usize> {
    let prefix = format!("{}_bg-", program.name);
    let folder = shell::root().join("web/pkg");
    let files = fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))?;
    let wasm = files
        .flatten()
        .find(|file| {
            let name = file.file_name();
            let name = name.to_string_lossy();
            name.starts_with(&prefix) && name.ends_with(".wasm")
        })
        .with_context(|| format!("no {prefix}*.wasm in {}", folder.display()))?;
    gzipped(&fs::read(wasm.path())?)
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

fn optimise(wasm: &Path, level: &str) -> Result<()> {
    let tool = shell::root().join("web/node_modules/.bin/wasm-opt");
    let optimised = wasm.with_extension("optimised");
    shell::run(Command::new(tool).arg(level).args(WASM_FEATURES).arg(wasm).arg("-o").arg(&optimised))?;
    fs::rename(optimised, wasm)?;
    Ok(())
}
