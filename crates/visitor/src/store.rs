//! What a visitor's device keeps between visits: bytes under keys, in a place that is passed in, so that the same code
//! runs in a tab's worker and in tests.

pub mod conformance;
#[cfg(test)]
mod generated;
mod key;
mod memory;

pub use key::{Key, PieceId, Slot};
pub use memory::MemoryStore;

use crate::Error;

/// The place where a visitor's things lie between visits. Every implementation passes [`crate::store_conformance`].
///
/// # Errors
/// [`Error::StorageFull`] where there is no room left, [`Error::StorageDenied`] for whatever else the place refuses.
#[expect(async_fn_in_trait, reason = "nothing here is spawned; futures need not be Send")]
pub trait Store {
    /// The keys of all that lies here, in no order; also of what other versions left.
    async fn list(&self) -> Result<Vec<Key>, Error>;

    /// How many bytes lie under `key`; none where nothing does.
    async fn length(&self, key: &Key) -> Result<Option<u64>, Error>;

    /// The first bytes under `key`, `most` of them where there are more; none where nothing lies there.
    async fn read(&self, key: &Key, most: usize) -> Result<Option<Vec<u8>>, Error>;

    /// Puts `bytes` under `key` in place of what was there. Where it fails, what was there still is, or nothing: never
    /// a part of `bytes`.
    async fn write(&self, key: &Key, bytes: &[u8]) -> Result<(), Error>;

    /// Puts `bytes` behind the first `from` bytes under `key`, of which there are as many, in place of what followed
    /// them. Where it fails, what followed still does, or nothing: never a part of `bytes`.
    async fn append(&self, key: &Key, from: u64, bytes: &[u8]) -> Result<(), Error>;

    /// Removes what lies under `key`, if anything does.
    async fn delete(&self, key: &Key) -> Result<(), Error>;

    /// Removes all that lies here, whoever wrote it.
    async fn clear(&self) -> Result<(), Error>;
}

impl<S: Store> Store for &S {
    async fn list(&self) -> Result<Vec<Key>, Error> {
        (**self).list().await
    }

    async fn length(&self, key: &Key) -> Result<Option<u64>, Error> {
        (**self).length(key).await
    }

    async fn read(&self, key: &Key, most: usize) -> Result<Option<Vec<u8>>, Error> {
        (**self).read(key, most).await
    }

    async fn write(&self, key: &Key, bytes: &[u8]) -> Result<(), Error> {
        (**self).write(key, bytes).await
    }

    async fn append(&self, key: &Key, from: u64, bytes: &[u8]) -> Result<(), Error> {
        (**self).append(key, from, bytes).await
    }

    async fn delete(&self, key: &Key) -> Result<(), Error> {
        (**self).delete(key).await
    }

    async fn clear(&self) -> Result<(), Error> {
        (**self).clear().await
    }
}
