//! What a visitor keeps of an artist of its own: saves and pieces.
//!
//! Checkpoints are written to whichever of two slots is not in use, and only then does `current` name it: a save that
//! is cut off leaves the last good one.

use abraham_messages::limits::{MAX_CHECKPOINT_BYTES, MAX_PIECE_FILE_BYTES};
use abraham_mpc::PainterId;

use crate::{
    Error,
    store::{Key, PieceId, Slot, Store},
};

/// Pieces that are shown; each is a few kilobytes.
const MAX_LISTED_PIECES: usize = 1000;

/// A kept piece.
pub struct KeptPiece {
    /// Its name.
    pub id: PieceId,
    /// Its picture file, with the record inside, unchecked.
    pub png: Vec<u8>,
}

/// What was saved, as far as it is there.
///
/// It has no `Debug`: checkpoints hold shares.
#[derive(Default)]
pub struct Saves {
    /// The checkpoints of each save whose files are all there, the newest first.
    pub whole: Vec<[Vec<u8>; 4]>,
    /// Whether the save that `current` names lacks a file.
    pub incomplete: bool,
}

/// Saves and pieces in a store.
pub struct Storage<S> {
    store: S,
}

impl<S: Store> Storage<S> {
    /// Saves and pieces in `store`.
    pub fn new(store: S) -> Self {
        Self { store }
    }

    /// The checkpoints that `current` names, then those of the other slot.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn saves(&self) -> Result<Saves, Error> {
        let named = self.named().await?;
        let first = named.as_deref().and_then(Slot::from_name).unwrap_or(Slot::A);
        let mut saves = Saves::default();
        for slot in [first, first.other()] {
            match self.checkpoints(slot).await? {
                Some(files) => saves.whole.push(files),
                // Where `current` is missing nothing was ever saved whole.
                None if slot == first => saves.incomplete = named.is_some(),
                None => {}
            }
        }
        Ok(saves)
    }

    /// The four painters' checkpoints in a slot, where all are there.
    async fn checkpoints(&self, slot: Slot) -> Result<Option<[Vec<u8>; 4]>, Error> {
        let mut files: [Vec<u8>; 4] = Default::default();
        for (file, painter) in files.iter_mut().zip(PainterId::ALL) {
            match self.whole(&Key::Checkpoint { slot, painter }, MAX_CHECKPOINT_BYTES).await? {
                Some(bytes) => *file = bytes,
                None => return Ok(None),
            }
        }
        Ok(Some(files))
    }

    /// Saves the four painters' checkpoints.
    ///
    /// # Errors
    /// Where the store is full or denied; the last good save is kept.
    pub async fn save(&self, checkpoints: &[Vec<u8>; 4]) -> Result<(), Error> {
        let used = self.named().await?.as_deref().and_then(Slot::from_name);
        let slot = if used == Some(Slot::A) { Slot::B } else { Slot::A };
        for (bytes, painter) in checkpoints.iter().zip(PainterId::ALL) {
            self.store.write(&Key::Checkpoint { slot, painter }, bytes).await?;
        }
        self.store.write(&Key::Current, slot.name().as_bytes()).await
    }

    /// Removes all but pieces and taught pictures: also what earlier versions saved, and whether or not it can be opened.
    ///
    /// # Errors
    /// Where the store is denied.
    pub async fn delete_artist(&self) -> Result<(), Error> {
        for key in self.store.list().await? {
            match key {
                Key::Piece(_) | Key::PieceRecord(_) | Key::Pictures { .. } => {}
                Key::Current | Key::Checkpoint { .. } | Key::Other(_) => self.store.delete(&key).await?,
            }
        }
        Ok(())
    }

    /// Keeps a piece under `id`.
    ///
    /// # Errors
    /// Where the store is full or denied.
    pub async fn keep_piece(&self, id: PieceId, png: &[u8]) -> Result<(), Error> {
        self.store.write(&Key::Piece(id), png).await
    }

    /// The kept pieces, the latest first; of more than a thousand the latest.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn pieces(&self) -> Result<Vec<KeptPiece>, Error> {
        let keys = self.store.list().await?.into_iter();
        let mut ids: Vec<_> =
            keys.filter_map(|key| if let Key::Piece(id) = key { Some(id) } else { None }).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.truncate(MAX_LISTED_PIECES);
        let mut kept = Vec::with_capacity(ids.len());
        for id in ids {
            // A byte too many is enough for its check to say that it is too long; the visitor can then delete it.
            let png = self.store.read(&Key::Piece(id.clone()), MAX_PIECE_FILE_BYTES + 1).await?;
            // Another window may have deleted it meanwhile.
            kept.extend(png.map(|png| KeptPiece { id, png }));
        }
        Ok(kept)
    }

    /// Deletes a piece, with what an earlier version kept beside it.
    ///
    /// # Errors
    /// Where the store is denied.
    pub async fn delete_piece(&self, id: PieceId) -> Result<(), Error> {
        self.store.delete(&Key::PieceRecord(id.clone())).await?;
        self.store.delete(&Key::Piece(id)).await
    }

    /// What `current` says.
    async fn named(&self) -> Result<Option<Vec<u8>>, Error> {
        // A byte more than a name has, so that what only begins as one is none.
        self.store.read(&Key::Current, Slot::A.name().len() + 1).await
    }

    /// What lies under `key`; what has more than `most` bytes is none of ours, and so is missing.
    async fn whole(&self, key: &Key, most: usize) -> Result<Option<Vec<u8>>, Error> {
        match self.store.length(key).await? {
            Some(length) if length <= most as u64 => self.store.read(key, most).await,
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
