//! Batches and updates, on the bulk lane.

use std::fmt;

use super::VERSION;
use crate::{
    Payload,
    codec::{DecodeError, Reader},
    limits,
};

/// What travels on the bulk lane: version, kind (1 a batch, 2 an update's share), the term's first 8 bytes, the cycle
/// (`u32` little-endian), then the payload, which may be a share.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Bulk<'a> {
    /// What it is.
    pub kind: BulkKind,
    /// The first eight bytes of the term's id.
    pub term: [u8; 8],
    /// The cycle that it belongs to.
    pub cycle: u32,
    /// The batch or the share.
    pub payload: &'a [u8],
}

impl fmt::Debug for Bulk<'_> {
    /// The payload by its length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, term, cycle, payload } = self;
        write!(f, "Bulk({kind:?}, {term:?}, {cycle}, {} bytes)", payload.len())
    }
}

/// What a bulk message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum BulkKind {
    /// A batch, from a painter to a teacher.
    Batch = 1,
    /// A share of an update, from a teacher to a painter.
    Update = 2,
}

/// Bytes of a bulk message before its payload.
pub const BULK_HEADER_BYTES: usize = 14;

impl<'a> Bulk<'a> {
    /// Encodes it for the bulk lane.
    pub fn encode(&self) -> Payload {
        let mut bytes = Vec::with_capacity(BULK_HEADER_BYTES + self.payload.len());
        bytes.extend([VERSION, self.kind as u8]);
        bytes.extend(self.term);
        bytes.extend(self.cycle.to_le_bytes());
        bytes.extend_from_slice(self.payload);
        bytes.into()
    }

    /// Decodes what came on the bulk lane.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, limits::MAX_BULK_BYTES)?;
        let version = reader.u8()?;
        if version != VERSION {
            return Err(DecodeError::UnknownValue { field: "version", value: version.into() });
        }
        let kind = match reader.u8()? {
            1 => BulkKind::Batch,
            2 => BulkKind::Update,
            other => return Err(DecodeError::UnknownValue { field: "bulk kind", value: other.into() }),
        };
        let term = reader.array()?;
        let cycle = u32::from_le_bytes(reader.array()?);
        Ok(Self { kind, term, cycle, payload: reader.rest() })
    }
}
