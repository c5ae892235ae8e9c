//! What the page asks of the device before any program is there that could be asked: a script that is written here, so
//! that each name of a file has one owner.

use std::{env, fs, path::PathBuf};

use super::Key;

/// The script. Folders and name are those of what a save writes last.
fn script() -> String {
    let path = Key::Current.path();
    let names: Vec<String> = path.split('/').map(|name| format!("\"{name}\"")).collect();
    let (file, folders) = names.split_last().unwrap();
    format!(
        r#"/** Made of crates/visitor by `cargo xtask generate`: change it there. */

/** Whether an artist was saved on this device; null where the browser does not tell. @returns {{Promise<boolean | null>}} */
export async function isArtistHere() {{
  try {{
    let folder = await navigator.storage.getDirectory();
    for (const name of [{}]) folder = await folder.getDirectoryHandle(name);
    await folder.getFileHandle({file});
    return true;
  }} catch (error) {{
    return error instanceof DOMException && error.name === "NotFoundError" ? false : null;
  }}
}}
"#,
        folders.join(", ")
    )
}

#[test]
fn the_page_looks_for_an_artist_where_it_is_saved() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../web/generated/artist-here.js");
    if env::var_os("ABRAHAM_GENERATE").is_some() {
        fs::write(&path, script()).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(there == script(), "web/generated/artist-here.js is stale; run `cargo xtask generate`");
}
