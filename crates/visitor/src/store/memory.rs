//! A store that is gone when it is dropped.

use std::{cell::RefCell, collections::BTreeMap};

use super::{Key, Store};
use crate::Error;

/// Bytes in this process's memory, for tests and for who keeps nothing.
///
/// It has no `Debug`: checkpoints in it hold shares.
#[derive(Default)]
pub struct MemoryStore {
    files: RefCell<BTreeMap<Key, Vec<u8>>>,
    room: Option<usize>,
}

impl MemoryStore {
    /// A store that takes so many bytes in all.
    pub fn with_room(bytes: usize) -> Self {
        Self { room: Some(bytes), ..Self::default() }
    }

    fn check_room(&self, key: &Key, bytes: usize) -> Result<(), Error> {
        let files = self.files.borrow();
        let others: usize = files.iter().filter(|(other, _)| *other != key).map(|(_, file)| file.len()).sum();
        if self.room.is_some_and(|room| others + bytes > room) { Err(Error::StorageFull) } else { Ok(()) }
    }
}

impl Store for MemoryStore {
    async fn list(&self) -> Result<Vec<Key>, Error> {
        Ok(self.files.borrow().keys().cloned().collect())
    }

    async fn length(&self, key: &Key) -> Result<Option<u64>, Error> {
        Ok(self.files.borrow().get(key).map(|file| file.len() as u64))
    }

    async fn read(&self, key: &Key, most: usize) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.files.borrow().get(key).map(|file| file[..file.len().min(most)].to_vec()))
    }

    async fn write(&self, key: &Key, bytes: &[u8]) -> Result<(), Error> {
        self.check_room(key, bytes.len())?;
        self.files.borrow_mut().insert(key.clone(), bytes.to_vec());
        Ok(())
    }

    async fn append(&self, key: &Key, from: u64, bytes: &[u8]) -> Result<(), Error> {
        let from = from as usize;
        self.check_room(key, from + bytes.len())?;
        let mut files = self.files.borrow_mut();
        let file = files.entry(key.clone()).or_default();
        file.truncate(from);
        file.extend_from_slice(bytes);
        Ok(())
    }

    async fn delete(&self, key: &Key) -> Result<(), Error> {
        self.files.borrow_mut().remove(key);
        Ok(())
    }

    async fn clear(&self) -> Result<(), Error> {
        self.files.borrow_mut().clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conformance;

    macro_rules! each {
        ($($case:ident)*) => {
            $(
                #[test]
                fn $case() {
                    pollster::block_on(conformance::$case(&MemoryStore::default())).unwrap();
                }
            )*
        };
    }
    crate::store_conformance!(each);

    #[test]
    fn what_finds_no_room_leaves_no_part_of_itself() {
        pollster::block_on(conformance::what_finds_no_room_leaves_no_part_of_itself(
            &MemoryStore::with_room(100_000),
            100_000,
        ))
        .unwrap();
    }
}
