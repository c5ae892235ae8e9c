//! What a studio keeps in the browser's origin-private file system.
//!
//! Checkpoints are written to whichever of two slots is not in use, and only then does `current` name it: a save that
//! is cut off leaves the last good one.

use js_sys::{Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DomException, File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemSyncAccessHandle, WorkerGlobalScope,
};

use crate::error::Error;

const ROOT: &str = "abraham";
const PIECES: &str = "pieces";
const CURRENT: &str = "current";
const SLOTS: [&str; 2] = ["studio-a", "studio-b"];
/// Bytes of the largest file that is read back; no checkpoint is larger.
const FILE_BYTES: f64 = abraham_messages::limits::MAX_CHECKPOINT_BYTES as f64;
/// Pieces that are listed; each is a few kilobytes.
const LISTED_PIECES: usize = 1000;

/// A kept piece.
pub(crate) struct KeptPiece {
    pub(crate) id: String,
    pub(crate) png: Vec<u8>,
}

/// What was saved, as far as it is there.
#[derive(Default)]
pub(crate) struct Saves {
    /// The checkpoints of each save whose files are all there, the newest first.
    pub(crate) whole: Vec<[Vec<u8>; 4]>,
    /// Whether the save that `current` names lacks a file.
    pub(crate) incomplete: bool,
}

/// The studio's folder.
pub(crate) struct Storage {
    root: FileSystemDirectoryHandle,
}

impl Storage {
    /// Opens the studio's folder.
    pub(crate) async fn open() -> Result<Self, Error> {
        let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
        let storage = Reflect::get(&scope.navigator(), &"storage".into()).map_err(denied)?;
        if storage.is_undefined() {
            return Err(Error::StorageDenied("it has no private file system".into()));
        }
        let storage: web_sys::StorageManager = storage.unchecked_into();
        let top: FileSystemDirectoryHandle = wait(storage.get_directory()).await?.unchecked_into();
        Ok(Self { root: folder(&top, ROOT).await? })
    }

    /// The checkpoints that `current` names, then those of the other slot.
    pub(crate) async fn checkpoints(&self) -> Result<Saves, Error> {
        let mut slots = SLOTS;
        let current = self.current().await?;
        if current.as_deref() == Some(SLOTS[1]) {
            slots.reverse();
        }
        let mut saves = Saves::default();
        for (place, slot) in slots.into_iter().enumerate() {
            let mut files: [Vec<u8>; 4] = Default::default();
            let mut whole = true;
            for (painter, file) in files.iter_mut().enumerate() {
                match read(&self.root, &checkpoint_name(slot, painter)).await? {
                    Some(bytes) => *file = bytes,
                    None => whole = false,
                }
            }
            if whole {
                saves.whole.push(files);
            } else if place == 0 {
                // Without `current` nothing was ever saved whole in it.
                saves.incomplete = current.is_some();
            }
        }
        Ok(saves)
    }

    /// Saves the four painters' checkpoints.
    pub(crate) async fn save(&self, checkpoints: &[Vec<u8>; 4]) -> Result<(), Error> {
        let used = self.current().await?;
        let slot = if used.as_deref() == Some(SLOTS[0]) { SLOTS[1] } else { SLOTS[0] };
        for (painter, bytes) in checkpoints.iter().enumerate() {
            write(&self.root, &checkpoint_name(slot, painter), bytes).await?;
        }
        write(&self.root, CURRENT, slot.as_bytes()).await
    }

    /// Keeps a piece under `id`.
    pub(crate) async fn keep(&self, id: &str, png: &[u8]) -> Result<(), Error> {
        let pieces = folder(&self.root, PIECES).await?;
        let name = format!("{id}.png");
        let written = write(&pieces, &name, png).await;
        if written.is_err() {
            // Half a piece only takes room; one that cannot be removed either is shown as damaged.
            let _ = remove(&pieces, &name).await;
        }
        written
    }

    /// Every kept piece, the latest first.
    pub(crate) async fn pieces(&self) -> Result<Vec<KeptPiece>, Error> {
        let pieces = folder(&self.root, PIECES).await?;
        let mut ids = Vec::new();
        let names = pieces.keys();
        while ids.len() < LISTED_PIECES {
            let next = wait(names.next().map_err(denied)?).await?;
            if Reflect::get(&next, &"done".into()).map_err(denied)?.is_truthy() {
                break;
            }
            let name = Reflect::get(&next, &"value".into()).map_err(denied)?.as_string();
            ids.extend(name.and_then(|name| name.strip_suffix(".png").map(str::to_owned)));
        }
        ids.sort_unstable_by(|a, b| b.cmp(a));
        let mut kept = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(png) = read(&pieces, &format!("{id}.png")).await? {
                kept.push(KeptPiece { id, png });
            }
        }
        Ok(kept)
    }

    /// Deletes a piece.
    pub(crate) async fn delete(&self, id: &str) -> Result<(), Error> {
        if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(Error::NoSuchPiece);
        }
        let pieces = folder(&self.root, PIECES).await?;
        // Earlier versions kept the record beside the picture, too.
        remove(&pieces, &format!("{id}.json")).await?;
        remove(&pieces, &format!("{id}.png")).await
    }

    async fn current(&self) -> Result<Option<String>, Error> {
        Ok(read(&self.root, CURRENT).await?.and_then(|bytes| String::from_utf8(bytes).ok()))
    }
}

fn checkpoint_name(slot: &str, painter: usize) -> String {
    format!("{slot}-painter-{painter}.safetensors")
}

async fn wait(promise: Promise) -> Result<JsValue, Error> {
    JsFuture::from(promise).await.map_err(denied)
}

/// How a refusal of the browser reads.
fn denied(error: JsValue) -> Error {
    match error.dyn_into::<DomException>() {
        Ok(exception) if exception.name() == "QuotaExceededError" => Error::StorageFull,
        Ok(exception) => Error::StorageDenied(exception.message()),
        Err(other) => Error::StorageDenied(format!("{other:?}")),
    }
}

fn is_missing(error: &JsValue) -> bool {
    error.dyn_ref::<DomException>().is_some_and(|exception| exception.name() == "NotFoundError")
}

async fn folder(parent: &FileSystemDirectoryHandle, name: &str) -> Result<FileSystemDirectoryHandle, Error> {
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    Ok(wait(parent.get_directory_handle_with_options(name, &options)).await?.unchecked_into())
}

async fn read(folder: &FileSystemDirectoryHandle, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let handle = match JsFuture::from(folder.get_file_handle(name)).await {
        Ok(handle) => handle.unchecked_into::<FileSystemFileHandle>(),
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(denied(error)),
    };
    let file: File = wait(handle.get_file()).await?.unchecked_into();
    if file.size() > FILE_BYTES {
        return Ok(None);
    }
    let buffer = wait(file.array_buffer()).await?;
    Ok(Some(Uint8Array::new(&buffer).to_vec()))
}

async fn write(folder: &FileSystemDirectoryHandle, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let options = FileSystemGetFileOptions::new();
    options.set_create(true);
    let handle = wait(folder.get_file_handle_with_options(name, &options)).await?;
    let handle: FileSystemFileHandle = handle.unchecked_into();
    let access = wait(handle.create_sync_access_handle()).await?;
    let access: FileSystemSyncAccessHandle = access.unchecked_into();
    let written = write_all(&access, bytes);
    access.close();
    written
}

fn write_all(access: &FileSystemSyncAccessHandle, bytes: &[u8]) -> Result<(), Error> {
    access.truncate_with_u32(0).map_err(denied)?;
    let array = Uint8Array::from(bytes);
    let written = access.write_with_buffer_source(&array).map_err(denied)?;
    access.flush().map_err(denied)?;
    if written < bytes.len() as f64 { Err(Error::StorageFull) } else { Ok(()) }
}

async fn remove(folder: &FileSystemDirectoryHandle, name: &str) -> Result<(), Error> {
    match JsFuture::from(folder.remove_entry(name)).await {
        Ok(_) => Ok(()),
        Err(error) if is_missing(&error) => Ok(()),
        Err(error) => Err(denied(error)),
    }
}
