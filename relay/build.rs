//! Makes cargo embed the page again when anything in `web/` changes, new files included.

use std::fs;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../web");
    let Ok(entries) = fs::read_dir("../web") else { return };
    for entry in entries.flatten() {
        // The build tools in node_modules are never served, and scanning them takes longer than compiling.
        if entry.file_name() != "node_modules" {
            println!("cargo::rerun-if-changed={}", entry.path().display());
        }
    }
}
