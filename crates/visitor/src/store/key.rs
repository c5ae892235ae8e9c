//! Under which name each thing lies. These names are on visitors' devices: one that is given up stays known, so that
//! what lies there is brought over, or deleted when the visitor asks for it.

use std::fmt;

use abraham_mpc::PainterId;

use crate::Error;

/// The folder of the artist and of the pieces.
const FOLDER: &str = "abraham/";
/// The folder of the pieces, in that of the artist.
const PIECES: &str = "abraham/pieces/";
const CURRENT: &str = "current";
const CHECKPOINT_ENDING: &str = ".safetensors";
const PIECE_ENDING: &str = ".png";
const RECORD_ENDING: &str = ".json";
const PICTURES_BEGINNING: &str = "pictures-";
const PICTURES_ENDING: &str = ".rgba";
/// Characters of a piece's name: a time of 13 digits, a dash and a hash of 12.
const MAX_ID_LENGTH: usize = 64;

/// What lies in a [`crate::Store`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Key {
    /// The name of the slot that was saved last.
    Current,
    /// One painter's checkpoint.
    Checkpoint {
        /// The save that it is part of.
        slot: Slot,
        /// Whose it is.
        painter: PainterId,
    },
    /// A kept piece's picture file.
    Piece(PieceId),
    /// What was known of a piece, beside its picture: earlier versions kept it so.
    PieceRecord(PieceId),
    /// The pictures that the visitor taught, squares of so many pixels a side, one after another, RGBA.
    Pictures {
        /// Pixels a side.
        side: usize,
    },
    /// What another version left under a path that this one does not know.
    Other(String),
}

/// Where a save lies: there are two, so that one that is cut off leaves the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// The first.
    A,
    /// The second.
    B,
}

impl Slot {
    /// Both.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// Its name. All are of one length, so that one can be written over another without a moment in between.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::A => "studio-a",
            Self::B => "studio-b",
        }
    }

    /// The slot of that name.
    pub(crate) fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|slot| slot.name().as_bytes() == name)
    }
}

/// A kept piece's name: letters, digits and dashes. Names sort by when pieces were kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PieceId(String);

impl PieceId {
    /// Takes a name.
    ///
    /// # Errors
    /// [`Error::NoSuchPiece`] where no piece can be called so.
    pub fn new(id: &str) -> Result<Self, Error> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if id.is_empty() || id.len() > MAX_ID_LENGTH || !id.bytes().all(fits) {
            return Err(Error::NoSuchPiece);
        }
        Ok(Self(id.to_owned()))
    }
}

impl fmt::Display for PieceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Key {
    /// Where it lies: names of folders, and of a file in the last of them, with `/` between them.
    pub fn path(&self) -> String {
        match self {
            Self::Current => format!("{FOLDER}{CURRENT}"),
            Self::Checkpoint { slot, painter } => {
                format!("{FOLDER}{}-painter-{}{CHECKPOINT_ENDING}", slot.name(), painter.index())
            }
            Self::Piece(id) => format!("{PIECES}{id}{PIECE_ENDING}"),
            Self::PieceRecord(id) => format!("{PIECES}{id}{RECORD_ENDING}"),
            Self::Pictures { side } => format!("{PICTURES_BEGINNING}{side}{PICTURES_ENDING}"),
            Self::Other(path) => path.clone(),
        }
    }

    /// What lies at a path.
    pub fn from_path(path: &str) -> Self {
        let known = Self::known(path);
        // What reads as one of ours lies where it would be looked for, or is not ours.
        known.filter(|key| key.path() == path).unwrap_or_else(|| Self::Other(path.to_owned()))
    }

    fn known(path: &str) -> Option<Self> {
        if let Some(side) = path.strip_prefix(PICTURES_BEGINNING) {
            return Some(Self::Pictures { side: side.strip_suffix(PICTURES_ENDING)?.parse().ok()? });
        }
        if let Some(name) = path.strip_prefix(PIECES) {
            if let Some(id) = name.strip_suffix(RECORD_ENDING) {
                return Some(Self::PieceRecord(PieceId::new(id).ok()?));
            }
            return Some(Self::Piece(PieceId::new(name.strip_suffix(PIECE_ENDING)?).ok()?));
        }
        let name = path.strip_prefix(FOLDER)?;
        if name == CURRENT {
            return Some(Self::Current);
        }
        let mut checkpoints = Slot::ALL.into_iter().flat_map(|slot| {
            PainterId::ALL.into_iter().map(move |painter| Self::Checkpoint { slot, painter })
        });
        checkpoints.find(|key| key.path() == path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(id: &str) -> PieceId {
        PieceId::new(id).unwrap()
    }

    #[test]
    fn what_lies_on_visitors_devices_is_found_there() {
        for (path, key) in [
            ("abraham/current", Key::Current),
            (
                "abraham/studio-a-painter-0.safetensors",
                Key::Checkpoint { slot: Slot::A, painter: PainterId::ALL[0] },
            ),
            (
                "abraham/studio-b-painter-3.safetensors",
                Key::Checkpoint { slot: Slot::B, painter: PainterId::ALL[3] },
            ),
            ("abraham/pieces/1763800000000-0a1b.png", Key::Piece(piece("1763800000000-0a1b"))),
            ("abraham/pieces/1763800000000-0a1b.json", Key::PieceRecord(piece("1763800000000-0a1b"))),
            ("pictures-32.rgba", Key::Pictures { side: 32 }),
        ] {
            assert_eq!(Key::from_path(path), key);
            assert_eq!(key.path(), path);
        }
    }

    #[test]
    fn what_is_not_known_keeps_its_path() {
        for path in [
            "abraham/studio-painter-0.safetensors",
            "abraham/studio-a-painter-4.safetensors",
            "abraham/pieces/a b.png",
            "abraham/pieces/deeper/a.png",
            "abraham/pieces/.png",
            "pictures-032.rgba",
            "pictures-.rgba",
            "current",
        ] {
            let key = Key::from_path(path);
            assert_eq!(key, Key::Other(path.into()));
            assert_eq!(key.path(), path);
        }
    }

    #[test]
    fn names_of_pieces_lead_nowhere_else() {
        for name in ["", "../current", "a/b", "a.b", "ä", &"a".repeat(MAX_ID_LENGTH + 1)] {
            assert!(matches!(PieceId::new(name), Err(Error::NoSuchPiece)), "{name}");
        }
    }

    #[test]
    fn one_slot_can_be_written_over_the_other() {
        let [a, b] = Slot::ALL;
        assert_eq!(a.name().len(), b.name().len());
        assert_eq!((a.other(), b.other()), (b, a));
    }
}
