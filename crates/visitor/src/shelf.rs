//! The visitor's pictures between visits: tiles one after another in one file, which all windows of one browser share.
//! Whoever calls sees to it that one window does so at a time.

use std::cell::Cell;

use crate::{Error, Key, Store};

/// What one window knows of the pictures on the device.
pub struct Shelf {
    /// Pixels a side.
    side: usize,
    /// Tiles in the file when this window last read or wrote it.
    seen: Cell<u64>,
}

impl Shelf {
    /// A shelf of which nothing was seen yet, for tiles of `side`×`side` pixels, RGBA.
    pub fn new(side: usize) -> Self {
        Self { side, seen: Cell::new(0) }
    }

    /// Bytes of one tile.
    pub fn tile_bytes(&self) -> usize {
        4 * self.side * self.side
    }

    /// The first tiles, `most` at most, one after another. A part of one, left by a write that was cut off, is none.
    /// A store that could not be opened has none either: saving says why.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn taken(&self, store: Result<impl Store, Error>, most: usize) -> Result<Vec<u8>, Error> {
        self.seen.set(0);
        let Ok(store) = store else { return Ok(Vec::new()) };
        let there = self.count(&store).await?;
        self.seen.set(there);
        let bytes = most.min(usize::try_from(there).unwrap_or(usize::MAX)).saturating_mul(self.tile_bytes());
        let mut tiles = store.read(&self.key(), bytes).await?.unwrap_or_default();
        tiles.truncate(tiles.len() / self.tile_bytes() * self.tile_bytes());
        Ok(tiles)
    }

    /// Adds tiles, all of them or none. Says no, and adds none, where another window emptied the file since this one
    /// last looked: its word is still on its way.
    ///
    /// # Errors
    /// Where the store is full or denied.
    pub async fn put(&self, store: &impl Store, tiles: &[u8]) -> Result<bool, Error> {
        let before = self.count(store).await?;
        if before < self.seen.get() {
            self.seen.set(before);
            return Ok(false);
        }
        store.append(&self.key(), before * self.tile_bytes() as u64, tiles).await?;
        self.seen.set(before + (tiles.len() / self.tile_bytes()) as u64);
        Ok(true)
    }

    /// Removes every picture, also of sides that another version had. A store that could not be opened has none where
    /// none was ever seen.
    ///
    /// # Errors
    /// Where the store is denied.
    pub async fn clear(&self, store: Result<impl Store, Error>) -> Result<(), Error> {
        let store = match store {
            Err(_) if self.seen.get() == 0 => return Ok(()),
            store => store?,
        };
        for key in store.list().await? {
            if let Key::Pictures { .. } = key {
                store.delete(&key).await?;
            }
        }
        self.seen.set(0);
        Ok(())
    }

    async fn count(&self, store: &impl Store) -> Result<u64, Error> {
        Ok(store.length(&self.key()).await?.unwrap_or(0) / self.tile_bytes() as u64)
    }

    fn key(&self) -> Key {
        Key::Pictures { side: self.side }
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::MemoryStore;

    /// Pixels a side.
    const SIDE: usize = 2;
    /// Bytes of a tile.
    const TILE: usize = 16;
    const KEY: Key = Key::Pictures { side: SIDE };

    fn denied() -> Result<MemoryStore, Error> {
        Err(Error::StorageDenied("no".into()))
    }

    #[test]
    fn another_window_finds_what_one_put_there() {
        let store = MemoryStore::default();
        let (one, two) = (Shelf::new(SIDE), Shelf::new(SIDE));
        block_on(async {
            assert!(one.put(&store, &[1; 2 * TILE]).await.unwrap());
            assert!(two.put(&store, &[2; TILE]).await.unwrap());
            assert_eq!(one.taken(Ok(&store), 100).await.unwrap(), [[1; TILE], [1; TILE], [2; TILE]].concat());
            assert_eq!(one.taken(Ok(&store), 1).await.unwrap(), [1; TILE]);
        });
    }

    #[test]
    fn tiles_are_put_whole_or_not_at_all() {
        let store = MemoryStore::with_room(2 * TILE + 1);
        let shelf = Shelf::new(SIDE);
        block_on(async {
            shelf.put(&store, &[7; TILE]).await.unwrap();
            assert!(matches!(shelf.put(&store, &[8; 2 * TILE]).await, Err(Error::StorageFull)));
            assert_eq!(shelf.taken(Ok(&store), 100).await.unwrap(), [7; TILE]);
            assert!(shelf.put(&store, &[9; TILE]).await.unwrap());
        });
    }

    #[test]
    fn what_a_write_that_was_cut_off_left_is_neither_read_nor_kept() {
        let store = MemoryStore::default();
        let shelf = Shelf::new(SIDE);
        block_on(async {
            store.write(&KEY, &[[5; TILE].as_slice(), &[6; 3]].concat()).await.unwrap();
            assert_eq!(shelf.taken(Ok(&store), 100).await.unwrap(), [5; TILE]);
            shelf.put(&store, &[7; TILE]).await.unwrap();
            assert_eq!(store.read(&KEY, 100).await.unwrap().unwrap(), [[5; TILE], [7; TILE]].concat());
        });
    }

    #[test]
    fn a_window_that_missed_the_word_writes_nothing_beside_what_is_gone() {
        let store = MemoryStore::default();
        let (one, two) = (Shelf::new(SIDE), Shelf::new(SIDE));
        block_on(async {
            one.put(&store, &[1; 2 * TILE]).await.unwrap();
            two.clear(Ok(&store)).await.unwrap();
            assert!(!one.put(&store, &[1; TILE]).await.unwrap());
            assert!(one.put(&store, &[1; TILE]).await.unwrap(), "what is taught after that is kept");
        });
    }

    #[test]
    fn nothing_is_left_of_forgotten_pictures_and_all_of_the_rest() {
        let store = MemoryStore::default();
        let shelf = Shelf::new(SIDE);
        block_on(async {
            store.write(&Key::Pictures { side: 64 }, b"older").await.unwrap();
            store.write(&Key::Current, b"other").await.unwrap();
            shelf.put(&store, &[1; TILE]).await.unwrap();
            shelf.clear(Ok(&store)).await.unwrap();
            assert_eq!(store.list().await.unwrap(), [Key::Current]);
        });
    }

    #[test]
    fn without_storage_nothing_is_found_and_only_what_was_seen_is_missed() {
        let store = MemoryStore::default();
        let shelf = Shelf::new(SIDE);
        block_on(async {
            assert!(shelf.taken(denied(), 100).await.unwrap().is_empty());
            shelf.clear(denied()).await.unwrap();
            shelf.put(&store, &[1; TILE]).await.unwrap();
            assert!(matches!(shelf.clear(denied()).await, Err(Error::StorageDenied(_))));
        });
    }
}
