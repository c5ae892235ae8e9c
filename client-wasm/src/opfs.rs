//! The browser's origin-private file system, which is where a visitor's things lie between visits. Files can be written
//! in workers only.

use abraham_visitor::{Error, Key, Store};
use js_sys::{AsyncIterator, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, DomException, File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemHandle, FileSystemReadWriteOptions, FileSystemRemoveOptions,
    FileSystemSyncAccessHandle, StorageManager, WorkerGlobalScope,
};

/// A folder of the private file system with all in it.
pub(crate) struct Opfs {
    top: FileSystemDirectoryHandle,
}

impl Opfs {
    /// Opens the whole of it.
    ///
    /// # Errors
    /// Where the browser has none, or does not let this page use it.
    pub(crate) async fn open() -> Result<Self, Error> {
        let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
        let storage = Reflect::get(&scope.navigator(), &"storage".into()).map_err(denied)?;
        if storage.is_undefined() {
            return Err(Error::StorageDenied("it has no private file system".into()));
        }
        let storage: StorageManager = storage.unchecked_into();
        Ok(Self { top: wait(storage.get_directory()).await?.unchecked_into() })
    }

    /// A store in a folder of its own.
    ///
    /// # Errors
    /// Where the folder is not there and cannot be made.
    pub(crate) async fn within(&self, name: &str) -> Result<Self, Error> {
        Ok(Self { top: folder(&self.top, name).await? })
    }

    /// The folder that a path leads to, and the name in it; none where there is no such folder.
    async fn find<'a>(&self, path: &'a str) -> Result<Option<(FileSystemDirectoryHandle, &'a str)>, Error> {
        let (folders, name) = split(path);
        let mut at = self.top.clone();
        for folder in folders {
            match found(at.get_directory_handle(folder)).await? {
                Some(handle) => at = handle.unchecked_into(),
                None => return Ok(None),
            }
        }
        Ok(Some((at, name)))
    }

    async fn file(&self, key: &Key) -> Result<Option<File>, Error> {
        let path = key.path();
        let Some((folder, name)) = self.find(&path).await? else { return Ok(None) };
        let Some(handle) = found(folder.get_file_handle(name)).await? else { return Ok(None) };
        let handle: FileSystemFileHandle = handle.unchecked_into();
        Ok(Some(wait(handle.get_file()).await?.unchecked_into()))
    }

    /// The file under `key`, to be written to, and made where it is not there. No one else can, until it is closed.
    async fn access(&self, key: &Key) -> Result<Access, Error> {
        let path = key.path();
        let (folders, name) = split(&path);
        let mut at = self.top.clone();
        for name in folders {
            at = folder(&at, name).await?;
        }
        let options = FileSystemGetFileOptions::new();
        options.set_create(true);
        let handle = wait(at.get_file_handle_with_options(name, &options)).await?;
        let handle: FileSystemFileHandle = handle.unchecked_into();
        Ok(Access(wait(handle.create_sync_access_handle()).await?.unchecked_into()))
    }
}

impl Store for Opfs {
    async fn list(&self) -> Result<Vec<Key>, Error> {
        let mut keys = Vec::new();
        let mut queue = vec![(self.top.clone(), String::new())];
        while let Some((folder, path)) = queue.pop() {
            for entry in entries(&folder.values()).await? {
                let path = format!("{path}{}", entry.name());
                match entry.dyn_into::<FileSystemDirectoryHandle>() {
                    Ok(folder) => queue.push((folder, format!("{path}/"))),
                    Err(_) => keys.push(Key::from_path(&path)),
                }
            }
        }
        Ok(keys)
    }

    async fn length(&self, key: &Key) -> Result<Option<u64>, Error> {
        Ok(self.file(key).await?.map(|file| file.size() as u64))
    }

    async fn read(&self, key: &Key, most: usize) -> Result<Option<Vec<u8>>, Error> {
        let Some(file) = self.file(key).await? else { return Ok(None) };
        let part: Blob = file.slice_with_f64_and_f64(0.0, most as f64).map_err(denied)?;
        let buffer = wait(part.array_buffer()).await?;
        Ok(Some(Uint8Array::new(&buffer).to_vec()))
    }

    async fn write(&self, key: &Key, bytes: &[u8]) -> Result<(), Error> {
        let written = self.access(key).await?.put(0, bytes);
        if written.is_err() {
            // Half a file only takes room; one that cannot be removed either is empty.
            let _ = self.delete(key).await;
        }
        written
    }

    async fn append(&self, key: &Key, from: u64, bytes: &[u8]) -> Result<(), Error> {
        self.access(key).await?.put(from, bytes)
    }

    async fn delete(&self, key: &Key) -> Result<(), Error> {
        let path = key.path();
        if let Some((folder, name)) = self.find(&path).await? {
            found(folder.remove_entry(name)).await?;
        }
        Ok(())
    }

    async fn clear(&self) -> Result<(), Error> {
        let options = FileSystemRemoveOptions::new();
        options.set_recursive(true);
        for entry in entries(&self.top.values()).await? {
            found(self.top.remove_entry_with_options(&entry.name(), &options)).await?;
        }
        Ok(())
    }
}

/// A file that is being written to, closed when this is dropped.
struct Access(FileSystemSyncAccessHandle);

impl Access {
    /// Puts `bytes` behind the first `from` and ends the file there, or behind those `from` where it fails.
    fn put(&self, from: u64, bytes: &[u8]) -> Result<(), Error> {
        let written = self.write_all(from, bytes);
        if written.is_err() {
            // Making a file shorter takes no room. What is written in part would be a promise of all.
            let _ = self.0.truncate_with_f64(from as f64);
        }
        written
    }

    /// Over what is there, which is cut off only then: a name of as many letters is replaced without a moment in which
    /// it is none.
    fn write_all(&self, from: u64, bytes: &[u8]) -> Result<(), Error> {
        let at = FileSystemReadWriteOptions::new();
        at.set_at(from as f64);
        let array = Uint8Array::from(bytes);
        let written = self.0.write_with_buffer_source_and_options(&array, &at).map_err(denied)?;
        if written < bytes.len() as f64 {
            return Err(Error::StorageFull);
        }
        self.0.truncate_with_f64(from as f64 + written).map_err(denied)?;
        self.0.flush().map_err(denied)
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A path's folders, and the name in the last of them.
fn split(path: &str) -> (impl Iterator<Item = &str>, &str) {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    (folders.split('/').filter(|folder| !folder.is_empty()), name)
}

async fn wait(promise: Promise) -> Result<JsValue, Error> {
    JsFuture::from(promise).await.map_err(denied)
}

/// What a promise came to; none where it says that nothing is there.
async fn found(promise: Promise) -> Result<Option<JsValue>, Error> {
    match JsFuture::from(promise).await {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(denied(error)),
    }
}

/// All that an iterator over a folder gives.
async fn entries(iterator: &AsyncIterator) -> Result<Vec<FileSystemHandle>, Error> {
    let mut entries = Vec::new();
    loop {
        let next = wait(iterator.next().map_err(denied)?).await?;
        if Reflect::get(&next, &"done".into()).map_err(denied)?.is_truthy() {
            return Ok(entries);
        }
        entries.push(Reflect::get(&next, &"value".into()).map_err(denied)?.unchecked_into());
    }
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
