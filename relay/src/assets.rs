//! The files of the page: where they come from, their types, and their compressed forms.

use std::{
    borrow::Cow,
    collections::HashMap,
    fs,
    io::{self, Read as _, Write as _},
    path::{Component, Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use actix_web::web::Bytes;
use rust_embed::RustEmbed;

/// Brotli quality from 0 to 11. 9 takes a third of a second for a megabyte; 11 takes seconds for 5 % less.
const BROTLI_QUALITY: u32 = 9;
/// Window of brotli as a power of two: 4 MiB, more than any file here.
const BROTLI_WINDOW: u32 = 22;
/// Compressed forms that are remembered; only a relay serving a changing folder ever sees more.
const REMEMBERED: usize = 512;
/// Largest file that is served, so that a stray file in a served folder cannot fill the memory.
const FILE_BYTES: u64 = 64 << 20;
/// Files smaller than this are sent as they are: the headers outweigh what compression saves.
const WORTH_COMPRESSING: usize = 512;

/// What the brotli form of a file that is embedded in no other is called beyond the file's own name.
const PACKED: &str = ".br";

/// What a build tool needs and a visitor does not.
const PRIVATE: [&str; 3] = ["package.json", "package-lock.json", "README.md"];

#[derive(RustEmbed)]
#[folder = "../web"]
#[exclude = "node_modules/*"]
#[exclude = "package*.json"]
#[exclude = "tsconfig*.json"]
#[exclude = "*.d.ts"]
#[exclude = "*.md"]
#[exclude = "*.test.mjs"]
// `cargo xtask build` puts the brotli form of each wasm beside it: a third of the size, and what nearly every browser
// asks for.
#[exclude = "*.wasm"]
#[exclude = ".*"]
#[exclude = "*/.*"]
struct Embedded;

/// A form in which a file's bytes can travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    /// The `Content-Encoding` value, where there is one.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }
}

/// One file.
pub(crate) struct Asset {
    /// Its bytes, in `form`.
    bytes: Bytes,
    /// The form in which it is at hand.
    form: Encoding,
    /// BLAKE3 of the bytes in that form.
    pub(crate) hash: blake3::Hash,
    /// The `Content-Type` value.
    pub(crate) mime: String,
    /// Whether compressing can make it smaller: text and wasm can, pictures and fonts are compressed already.
    pub(crate) compressible: bool,
    /// Whether the name carries the content's hash, so that the name never means other bytes.
    pub(crate) immutable: bool,
}

enum Source {
    Embedded,
    Folder(PathBuf),
}

/// The page's files and the compressed forms made so far.
pub(crate) struct Assets {
    source: Source,
    compressed: Mutex<HashMap<(blake3::Hash, Encoding), Bytes>>,
}

impl Assets {
    /// The files that were in `web/` when this program was compiled.
    pub(crate) fn embedded() -> Self {
        Self { source: Source::Embedded, compressed: Mutex::default() }
    }

    /// The files that are in `folder` at the time of each request.
    ///
    /// # Errors
    /// When `folder` does not exist or is not a folder.
    pub(crate) fn folder(folder: &Path) -> io::Result<Self> {
        let folder = folder.canonicalize()?;
        if !folder.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { source: Source::Folder(folder), compressed: Mutex::default() })
    }

    /// The file at `path`, which is relative to the page's root and already percent-decoded.
    ///
    /// # Errors
    /// When a file exists but cannot be read, or is larger than 64 MiB.
    pub(crate) fn get(&self, path: &str) -> io::Result<Option<Asset>> {
        if !is_public(path) {
            return Ok(None);
        }
        let found = match &self.source {
            Source::Embedded => embedded(path)
                .map(|bytes| (bytes, Encoding::Identity))
                .or_else(|| Some((embedded(&format!("{path}{PACKED}"))?, Encoding::Brotli))),
            Source::Folder(folder) => {
                read_below(folder, path)?.map(|bytes| (Bytes::from(bytes), Encoding::Identity))
            }
        };
        Ok(found.map(|(bytes, form)| Asset::new(path, bytes, form)))
    }

    /// The bytes of `asset` in the form `encoding`. Takes up to a second of CPU the first time.
    ///
    /// # Errors
    /// When a compressor fails, which it does only where what was embedded is damaged.
    pub(crate) fn encoded(&self, asset: &Asset, encoding: Encoding) -> io::Result<Bytes> {
        if encoding == asset.form {
            return Ok(asset.bytes.clone());
        }
        let key = (asset.hash, encoding);
        // A panic while the lock is held leaves a map that is still whole.
        let known = self.compressed.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(bytes) = known {
            return Ok(bytes);
        }
        let plain = match asset.form {
            Encoding::Brotli => Bytes::from(unpack(&asset.bytes)?),
            _ => asset.bytes.clone(),
        };
        let bytes = match encoding {
            Encoding::Identity => plain,
            _ => Bytes::from(compress(&plain, encoding)?),
        };
        let mut compressed = self.compressed.lock().unwrap_or_else(PoisonError::into_inner);
        if compressed.len() >= REMEMBERED {
            compressed.clear();
        }
        compressed.insert(key, bytes.clone());
        Ok(bytes)
    }
}

impl Asset {
    fn new(path: &str, bytes: Bytes, form: Encoding) -> Self {
        Self {
            hash: blake3::hash(&bytes),
            mime: mime_of(path),
            compressible: form != Encoding::Identity
                || (bytes.len() >= WORTH_COMPRESSING && is_compressible(path)),
            immutable: is_immutable(path),
            bytes,
            form,
        }
    }
}

/// What was embedded under this very name.
fn embedded(path: &str) -> Option<Bytes> {
    Some(match Embedded::get(path)?.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    })
}

fn unpack(brotli: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    brotli::Decompressor::new(brotli, 1 << 16).read_to_end(&mut plain)?;
    Ok(plain)
}

fn compress(bytes: &[u8], encoding: Encoding) -> io::Result<Vec<u8>> {
    match encoding {
        Encoding::Brotli => {
            let mut output = Vec::new();
            brotli::CompressorReader::new(bytes, 1 << 16, BROTLI_QUALITY, BROTLI_WINDOW)
                .read_to_end(&mut output)?;
            Ok(output)
        }
        Encoding::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(bytes)?;
            encoder.finish()
        }
        Encoding::Identity => Ok(bytes.to_vec()),
    }
}

/// Whether a visitor may ask for `path`: no hidden file, no build tool's file, nothing above the root.
fn is_public(path: &str) -> bool {
    let parts_are_names = Path::new(path).components().all(|part| match part {
        Component::Normal(name) => {
            name.to_str().is_some_and(|name| !name.starts_with('.') && name != "node_modules")
        }
        _ => false,
    });
    parts_are_names
        && !path.contains(['\\', '\0'])
        && !PRIVATE.contains(&path)
        && ![".d.ts", ".test.mjs", PACKED].iter().any(|ending| path.ends_with(ending))
        && !path.starts_with("tsconfig")
}

fn read_below(folder: &Path, path: &str) -> io::Result<Option<Vec<u8>>> {
    // Resolving links first keeps a link inside the folder from leading out of it.
    let file = match folder.join(path).canonicalize() {
        Ok(file) if file.starts_with(folder) && file.is_file() => file,
        Ok(_) => return Ok(None),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    if fs::metadata(&file)?.len() > FILE_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    fs::read(file).map(Some)
}

fn mime_of(path: &str) -> String {
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    match mime.type_() {
        mime_guess::mime::TEXT => format!("{mime}; charset=utf-8"),
        _ => mime.to_string(),
    }
}

fn is_compressible(path: &str) -> bool {
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    mime.type_() == mime_guess::mime::TEXT
        || matches!(mime.subtype().as_str(), "javascript" | "json" | "wasm" | "svg" | "manifest")
        || mime.suffix().is_some()
}

/// `name-0123456789abcdef.ext`: the form in which `cargo xtask build` names a file after its content.
fn is_immutable(path: &str) -> bool {
    let stem = Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    stem.rsplit_once('-')
        .is_some_and(|(_, hash)| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_below_the_root_are_public() {
        for path in ["index.html", "pkg/abraham_client.js", "demo/flags.png"] {
            assert!(is_public(path), "{path}");
        }
        for path in [
            "../Cargo.toml",
            "/etc/passwd",
            "demo/../../Cargo.toml",
            ".git/config",
            "demo/.hidden",
            "node_modules/typescript/package.json",
            "package.json",
            "pkg/abraham_client.d.ts",
            "pkg/abraham_client_bg-0123456789abcdef.wasm.br",
            "tsconfig.worker.json",
            "demo\\..\\..\\Cargo.toml",
            "index.html\0.png",
        ] {
            assert!(!is_public(path), "{path}");
        }
    }

    #[test]
    fn types_are_what_browsers_insist_on() {
        assert_eq!(mime_of("a.wasm"), "application/wasm");
        assert_eq!(mime_of("a.js"), "text/javascript; charset=utf-8");
        assert_eq!(mime_of("a.css"), "text/css; charset=utf-8");
        assert_eq!(mime_of("a.html"), "text/html; charset=utf-8");
        assert_eq!(mime_of("a.json"), "application/json");
        assert_eq!(mime_of("a.svg"), "image/svg+xml");
        assert_eq!(mime_of("a.webmanifest"), "application/manifest+json");
        assert_eq!(mime_of("a.unheard-of"), "application/octet-stream");
    }

    #[test]
    fn only_what_shrinks_is_compressed() {
        for path in ["a.wasm", "a.js", "a.css", "a.html", "a.json", "a.svg", "a.webmanifest", "a.txt"] {
            assert!(is_compressible(path), "{path}");
        }
        for path in ["a.png", "a.webp", "a.woff2", "a.jpg"] {
            assert!(!is_compressible(path), "{path}");
        }
    }

    #[test]
    fn a_name_with_a_hash_is_immutable() {
        assert!(is_immutable("pkg/abraham_client_bg-0123456789abcdef.wasm"));
        assert!(!is_immutable("pkg/abraham_client_bg.wasm"));
        assert!(!is_immutable("pkg/abraham-client.wasm"));
    }

    #[test]
    fn compressed_forms_decode_to_the_file() {
        let text = "four painters, one picture; ".repeat(500);
        let brotli_form = compress(text.as_bytes(), Encoding::Brotli).unwrap();
        let gzip_form = compress(text.as_bytes(), Encoding::Gzip).unwrap();
        assert_eq!(unpack(&brotli_form).unwrap(), text.as_bytes());
        assert_eq!(unzip(&gzip_form), text.as_bytes());
        assert!(brotli_form.len() < text.len() / 10 && gzip_form.len() < text.len() / 10);
    }

    #[test]
    fn a_file_that_is_embedded_packed_is_sent_in_every_form() {
        let assets = Assets::embedded();
        let wasm = b"\0asm\x01\0\0\0".repeat(200);
        let packed = compress(&wasm, Encoding::Brotli).unwrap();
        let asset = Asset::new("pkg/a_bg-0123456789abcdef.wasm", packed.clone().into(), Encoding::Brotli);
        assert_eq!(asset.mime, "application/wasm");
        assert!(asset.compressible && asset.immutable);
        assert_eq!(assets.encoded(&asset, Encoding::Brotli).unwrap(), packed);
        assert_eq!(assets.encoded(&asset, Encoding::Identity).unwrap(), wasm);
        assert_eq!(unzip(&assets.encoded(&asset, Encoding::Gzip).unwrap()), wasm);
    }

    fn unzip(gzip: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(gzip).read_to_end(&mut plain).unwrap();
        plain
    }
}
