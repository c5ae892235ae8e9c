//! What the page's worker can call: the solo studio, the member of the collective, storage, and functions that measure
//! and check.
//!
//! Effects only. Everything here runs in one dedicated worker, and the worker never runs two methods of a studio at once.

mod browser;
mod device;
mod error;
mod kernel;
mod lessons;
mod measure;
mod member;
mod object;
mod opfs;
mod picture;
mod pieces;
mod recipe;
mod shelf;
mod snapshot;
mod studio;
mod surroundings;

use wasm_bindgen::prelude::wasm_bindgen;

pub use lessons::Lessons;
pub use measure::{check_full_storage, check_kernels, check_storage, measure_matmul};
pub use member::Member;
pub use pieces::{check_piece, delete_piece, keep_piece, kept_pieces};
pub use shelf::Shelf;
pub use studio::{Studio, delete_artist};

/// The types of what crosses to JavaScript are those that are generated of the crate `abraham-page`.
#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
import type {
    Checked,
    JoinOptions,
    MemberEvent,
    OpenOptions,
    Painting,
    Piece,
    Round,
    StudioStatus,
} from "../generated/page.js";
"#;

/// Runs once when the module is instantiated: a panic, which is a bug, then reads as a message in the console.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}
