//! Bounds what the decoder may take: where a file wants more, the instance ends, and the file is left out.

/// Twice what a picture of 40 megapixels is, with four bytes a pixel, and its file; a progressive JPEG of that size
/// takes so much.
const MEMORY: u64 = 448 * 1024 * 1024;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm") {
        println!("cargo::rustc-link-arg-cdylib=--max-memory={MEMORY}");
    }
}
