//! Frames between two painters: `kind` (1 byte), `sequence` (8 bytes, little-endian), payload.

use crate::{
    codec::{DecodeError, Reader},
    limits,
};

/// What a frame carries, which is also how traffic is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Kind {
    /// Contributions to the keys of a term, and their confirmation.
    Keys = 1,
    /// Joint inputs: the explicit component of values that two painters know.
    JointInput = 2,
    /// The six shared terms of products.
    Multiply = 3,
    /// The inputs and opposite-pair products of a sine layer.
    Sine = 4,
    /// The carries of an exact truncation.
    Truncate = 5,
    /// A component that the receiver lacks, or its hash.
    Open = 6,
    /// Hashes of what a sender sent and a witness knows it should have sent.
    Transcript = 7,
    /// Whether transcripts matched.
    Verdict = 8,
    /// A teacher's update, passed on.
    Update = 9,
    /// The sender stops the term, with the two suspects.
    Abort = 10,
}

impl Kind {
    /// Every kind, in the order of its number.
    pub const ALL: [Self; 10] = [
        Self::Keys,
        Self::JointInput,
        Self::Multiply,
        Self::Sine,
        Self::Truncate,
        Self::Open,
        Self::Transcript,
        Self::Verdict,
        Self::Update,
        Self::Abort,
    ];

    /// A stable name, for reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::JointInput => "joint_input",
            Self::Multiply => "multiply",
            Self::Sine => "sine",
            Self::Truncate => "truncate",
            Self::Open => "open",
            Self::Transcript => "transcript",
            Self::Verdict => "verdict",
            Self::Update => "update",
            Self::Abort => "abort",
        }
    }
}

impl TryFrom<u8> for Kind {
    type Error = DecodeError;

    fn try_from(value: u8) -> Result<Self, DecodeError> {
        Self::ALL
            .into_iter()
            .find(|kind| *kind as u8 == value)
            .ok_or(DecodeError::UnknownValue { field: "frame kind", value: value.into() })
    }
}

/// Bytes of a frame before its payload.
pub const HEADER_BYTES: usize = 9;

/// A decoded frame, borrowing its payload.
pub struct Frame<'a> {
    /// What it carries.
    pub kind: Kind,
    /// Its place on its link: the first frame from one painter to another is number 0.
    pub sequence: u64,
    /// The payload; its format is the kind's.
    pub payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Starts a frame: the caller appends the payload. There is room behind it for its term's prefix.
    pub fn start(kind: Kind, sequence: u64, payload_bytes: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_BYTES + payload_bytes + limits::FRAME_TERM_BYTES);
        out.push(kind as u8);
        out.extend_from_slice(&sequence.to_le_bytes());
        out
    }

    /// Decodes a frame.
    ///
    /// # Errors
    /// [`DecodeError`] where the bytes are too long, too short, or of an unknown kind.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, limits::MAX_FRAME_BYTES)?;
        let kind = reader.u8()?.try_into()?;
        let sequence = reader.u64()?;
        Ok(Self { kind, sequence, payload: reader.rest() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_survives_the_wire() {
        for kind in Kind::ALL {
            let mut bytes = Frame::start(kind, 7 << 40, 3);
            bytes.extend_from_slice(b"abc");
            let frame = Frame::decode(&bytes).unwrap();
            assert_eq!((frame.kind, frame.sequence, frame.payload), (kind, 7 << 40, &b"abc"[..]));
        }
    }

    #[test]
    fn malformed_frames_are_refused_with_the_reason() {
        assert_eq!(Frame::decode(&[]).err(), Some(DecodeError::Truncated { missing: 1 }));
        assert_eq!(Frame::decode(&[1, 0]).err(), Some(DecodeError::Truncated { missing: 7 }));
        assert_eq!(
            Frame::decode(&[0; 9]).err(),
            Some(DecodeError::UnknownValue { field: "frame kind", value: 0 })
        );
        assert_eq!(
            Frame::decode(&[99; 9]).err(),
            Some(DecodeError::UnknownValue { field: "frame kind", value: 99 })
        );
        let long = vec![1; limits::MAX_FRAME_BYTES + 1];
        assert!(matches!(Frame::decode(&long), Err(DecodeError::TooLong { .. })));
    }
}
