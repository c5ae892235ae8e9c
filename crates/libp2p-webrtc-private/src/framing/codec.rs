//! Frames: an unsigned varint length before a protocol buffers message `{ 1: flag, 2: message }`.

use crate::wire::{self, Fields, Value, WireError};

/// Bytes that a frame may have with its length prefix: what every implementation takes in one data channel message.
pub const MAX_FRAME_BYTES: usize = 16 * 1024;

/// Data that fits into a frame beside two length prefixes of two bytes, a tag, and a flag.
pub const MAX_PAYLOAD_BYTES: usize = MAX_FRAME_BYTES - 2 - 2 - 1 - 2;

/// What a frame says about the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// The sender sends no more. Answered by [`Flag::FinAck`].
    Fin,
    /// The sender reads no more.
    StopSending,
    /// The sender gave the stream up.
    Reset,
    /// The sender got our [`Flag::Fin`]; only now may the channel be closed, for browsers drop what they received
    /// shortly before that (Chromium issue 40072842).
    FinAck,
}

/// A frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// At most one flag. Those of later versions are read as none.
    pub flag: Option<Flag>,
    /// Data of the stream.
    pub payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// A frame that is only a flag.
    #[must_use]
    pub fn flag(flag: Flag) -> Self {
        Self { flag: Some(flag), payload: &[] }
    }

    /// A frame that is only data. At most [`MAX_PAYLOAD_BYTES`] keep it within [`MAX_FRAME_BYTES`].
    #[must_use]
    pub fn data(payload: &'a [u8]) -> Self {
        Self { flag: None, payload }
    }

    /// The frame with its length before it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let payload = self.payload.len();
        let data = if payload == 0 { 0 } else { 1 + wire::varint_len(payload as u64) + payload };
        let body = data + if self.flag.is_some() { 2 } else { 0 };
        let mut out = Vec::with_capacity(body + wire::varint_len(body as u64));
        wire::put_varint(&mut out, body as u64);
        if let Some(flag) = self.flag {
            out.extend([
                0x08,
                match flag {
                    Flag::Fin => 0,
                    Flag::StopSending => 1,
                    Flag::Reset => 2,
                    Flag::FinAck => 3,
                },
            ]);
        }
        if payload > 0 {
            out.push(0x12);
            wire::put_varint(&mut out, payload as u64);
            out.extend_from_slice(self.payload);
        }
        out
    }

    /// Reads a frame without its length.
    ///
    /// # Errors
    /// [`WireError`] where the bytes are not a frame.
    pub fn decode(body: &'a [u8]) -> Result<Self, WireError> {
        let mut frame = Self { flag: None, payload: &[] };
        for field in Fields::new(body) {
            match field? {
                (1, Value::Varint(value)) => {
                    frame.flag = match value {
                        0 => Some(Flag::Fin),
                        1 => Some(Flag::StopSending),
                        2 => Some(Flag::Reset),
                        3 => Some(Flag::FinAck),
                        _ => None,
                    }
                }
                (2, Value::Bytes(payload)) => frame.payload = payload,
                (number @ (1 | 2), _) => return Err(WireError::WireType(number)),
                _ => {}
            }
        }
        Ok(frame)
    }
}

/// Cuts data channel messages into frames. A frame may come in pieces (js-libp2p sends the length and the rest as two
/// messages), and a message may hold several.
#[derive(Debug, Default)]
pub struct Assembler {
    /// The beginning of a frame: never as long as one frame.
    partial: Vec<u8>,
}

impl Assembler {
    /// Takes a message and gives its frames to `each`.
    ///
    /// # Errors
    /// [`WireError`] where the peer breaks the format or exceeds [`MAX_FRAME_BYTES`]; the stream cannot go on then.
    pub fn push(&mut self, message: &[u8], mut each: impl FnMut(Frame<'_>)) -> Result<(), WireError> {
        if self.partial.is_empty() {
            let rest = frames(message, &mut each)?;
            self.partial.extend_from_slice(rest);
        } else {
            self.partial.extend_from_slice(message);
            let rest = frames(&self.partial, &mut each)?.len();
            let whole = self.partial.len() - rest;
            self.partial.drain(..whole);
        }
        Ok(())
    }
}

/// Gives the whole frames at the start of `input` to `each`; returns what follows them.
fn frames<'a>(mut input: &'a [u8], each: &mut impl FnMut(Frame<'_>)) -> Result<&'a [u8], WireError> {
    loop {
        let Some((length, rest)) = wire::length_prefix(input, MAX_FRAME_BYTES)? else { return Ok(input) };
        let Some((body, rest)) = rest.split_at_checked(length) else { return Ok(input) };
        each(Frame::decode(body)?);
        input = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn vectors() {
        let vectors: [(Frame<'_>, &[u8]); 6] = [
            (Frame::flag(Flag::Fin), &[2, 0x08, 0]),
            (Frame::flag(Flag::StopSending), &[2, 0x08, 1]),
            (Frame::flag(Flag::Reset), &[2, 0x08, 2]),
            (Frame::flag(Flag::FinAck), &[2, 0x08, 3]),
            (Frame::data(b"hi"), &[4, 0x12, 2, b'h', b'i']),
            (Frame { flag: Some(Flag::Fin), payload: b"x" }, &[5, 0x08, 0, 0x12, 1, b'x']),
        ];
        for (frame, bytes) in vectors {
            assert_eq!(frame.encode(), bytes);
            assert_eq!(Frame::decode(&bytes[1..]), Ok(frame));
        }
        assert_eq!(Frame::decode(&[]), Ok(Frame { flag: None, payload: b"" }));
        assert_eq!(Frame::decode(&[0x08, 4, 0x12, 1, b'x', 0x18, 7]), Ok(Frame::data(b"x")));
    }

    #[test]
    fn malformed_frames_are_refused() {
        assert_eq!(Frame::decode(&[0x08]), Err(WireError::Truncated));
        assert_eq!(Frame::decode(&[0x0a, 0]), Err(WireError::WireType(1)));
        assert_eq!(Frame::decode(&[0x10, 0]), Err(WireError::WireType(2)));
        assert_eq!(Frame::decode(&[0x12, 3, 1]), Err(WireError::Truncated));
        let too_long = Assembler::default().push(&[0x81, 0x80, 0x01], |_| ());
        assert_eq!(too_long, Err(WireError::TooLong(MAX_FRAME_BYTES as u64 + 1, MAX_FRAME_BYTES)));
    }

    #[test]
    fn the_largest_frame_fits_a_message() {
        let frame = Frame { flag: Some(Flag::FinAck), payload: &[7; MAX_PAYLOAD_BYTES] };
        assert_eq!(frame.encode().len(), MAX_FRAME_BYTES);
    }

    proptest! {
        #[test]
        fn any_split_over_messages_gives_the_same_frames(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..10),
            cuts in prop::collection::vec(1..700usize, 1..20),
        ) {
            let bytes: Vec<u8> = payloads.iter().flat_map(|payload| Frame::data(payload).encode()).collect();
            let (mut assembler, mut received, mut rest) = (Assembler::default(), Vec::new(), bytes.as_slice());
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (message, after) = rest.split_at((*cut).min(rest.len()));
                assembler.push(message, |frame| received.push(frame.payload.to_vec())).unwrap();
                rest = after;
            }
            prop_assert_eq!(received, payloads);
            prop_assert!(assembler.partial.is_empty());
        }

        #[test]
        fn any_bytes_end_in_frames_or_an_error(messages: Vec<Vec<u8>>) {
            let mut assembler = Assembler::default();
            for message in &messages {
                if assembler.push(message, |_| ()).is_err() {
                    break;
                }
                prop_assert!(assembler.partial.len() <= MAX_FRAME_BYTES + 3);
            }
        }
    }
}
