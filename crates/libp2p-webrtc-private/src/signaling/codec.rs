//! The messages of `/webrtc-signaling/0.0.1` (libp2p specification, webrtc.md, "Signaling protocol"): each has an
//! unsigned varint length before a protocol buffers message `{ 1: type, 2: data }`.

use crate::wire::{self, Fields, Value, WireError};

/// Bytes that a message may have. Session descriptions of data channels alone have under 1 KiB.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The offerer's session description.
    Offer(String),
    /// The answerer's session description.
    Answer(String),
    /// An ICE candidate as JSON of `RTCIceCandidate.toJSON()`; `null` after the last.
    Candidate(String),
}

impl Message {
    /// The message with its length before it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (kind, data) = match self {
            Self::Offer(sdp) => (0, sdp),
            Self::Answer(sdp) => (1, sdp),
            Self::Candidate(json) => (2, json),
        };
        let body = 2 + 1 + wire::varint_len(data.len() as u64) + data.len();
        let mut out = Vec::with_capacity(body + wire::varint_len(body as u64));
        wire::put_varint(&mut out, body as u64);
        // The type is written even where it is zero: it has presence in the specification.
        out.extend([0x08, kind, 0x12]);
        wire::put_varint(&mut out, data.len() as u64);
        out.extend(data.as_bytes());
        out
    }

    /// Reads a message without its length. `None` for a type that this version does not know; absent fields have
    /// their defaults, and of a repeated field the last counts, as protocol buffers 3 says.
    ///
    /// # Errors
    /// [`WireError`] where the bytes are not such a message.
    pub fn decode(body: &[u8]) -> Result<Option<Self>, WireError> {
        let (mut kind, mut data) = (0, "");
        for field in Fields::new(body) {
            match field? {
                (1, Value::Varint(value)) => kind = value,
                (2, Value::Bytes(bytes)) => data = str::from_utf8(bytes).map_err(|_| WireError::Utf8(2))?,
                (number @ (1 | 2), _) => return Err(WireError::WireType(number)),
                _ => {}
            }
        }
        Ok(match kind {
            0 => Some(Self::Offer(data.to_owned())),
            1 => Some(Self::Answer(data.to_owned())),
            2 => Some(Self::Candidate(data.to_owned())),
            _ => None,
        })
    }
}

/// Cuts a byte stream into messages. Holds at most one message and what came with it.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
}

impl Decoder {
    /// Takes what the stream brought.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message; `None` where more bytes are needed. Messages of unknown types are passed over.
    ///
    /// # Errors
    /// [`WireError`] where the stream breaks the format; it cannot go on then.
    pub fn next_message(&mut self) -> Result<Option<Message>, WireError> {
        loop {
            let Some((length, rest)) = wire::length_prefix(&self.buffer, MAX_MESSAGE_BYTES)? else {
                return Ok(None);
            };
            let Some(body) = rest.get(..length) else { return Ok(None) };
            let message = Message::decode(body)?;
            let consumed = self.buffer.len() - rest.len() + length;
            self.buffer.drain(..consumed);
            if let Some(message) = message {
                return Ok(Some(message));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What js-libp2p 3.3.11 (`protons`) and any protocol buffers library write for the same messages.
    const VECTORS: [(&str, &[u8]); 3] = [
        ("offer", &[0x07, 0x08, 0x00, 0x12, 0x03, b'v', b'=', b'0']),
        ("answer", &[0x07, 0x08, 0x01, 0x12, 0x03, b'v', b'=', b'1']),
        ("candidate", &[0x08, 0x08, 0x02, 0x12, 0x04, b'n', b'u', b'l', b'l']),
    ];

    fn messages() -> [Message; 3] {
        [Message::Offer("v=0".into()), Message::Answer("v=1".into()), Message::Candidate("null".into())]
    }

    #[test]
    fn vectors() {
        for (message, (name, bytes)) in messages().into_iter().zip(VECTORS) {
            assert_eq!(message.encode(), bytes, "{name}");
            assert_eq!(Message::decode(&bytes[1..]), Ok(Some(message)), "{name}");
        }
    }

    #[test]
    fn defaults_unknown_fields_and_unknown_types() {
        assert_eq!(Message::decode(&[]), Ok(Some(Message::Offer(String::new()))));
        assert_eq!(Message::decode(&[0x12, 1, b'x']), Ok(Some(Message::Offer("x".into()))));
        assert_eq!(Message::decode(&[0x18, 9, 0x08, 1]), Ok(Some(Message::Answer(String::new()))));
        assert_eq!(Message::decode(&[0x08, 3, 0x12, 1, b'x']), Ok(None));
    }

    #[test]
    fn malformed_messages_are_refused() {
        assert_eq!(Message::decode(&[0x12, 1, 0xff]), Err(WireError::Utf8(2)));
        assert_eq!(Message::decode(&[0x10, 1]), Err(WireError::WireType(2)));
        assert_eq!(Message::decode(&[0x0a, 0]), Err(WireError::WireType(1)));
        assert_eq!(Message::decode(&[0x12, 2, b'x']), Err(WireError::Truncated));
        let mut decoder = Decoder::default();
        decoder.push(&[0x81, 0x80, 0x04]);
        assert_eq!(decoder.next_message(), Err(WireError::TooLong(65537, 65536)));
    }

    proptest! {
        #[test]
        fn any_split_of_the_stream_gives_the_same_messages(
            texts in prop::collection::vec((0..3u8, ".{0,300}"), 0..8),
            cuts in prop::collection::vec(1..40usize, 1..20),
        ) {
            let sent: Vec<_> = texts.into_iter().map(|(kind, text)| match kind {
                0 => Message::Offer(text),
                1 => Message::Answer(text),
                _ => Message::Candidate(text),
            }).collect();
            let bytes: Vec<u8> = sent.iter().flat_map(Message::encode).collect();
            let (mut decoder, mut received, mut rest) = (Decoder::default(), Vec::new(), bytes.as_slice());
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                decoder.push(piece);
                rest = after;
                while let Some(message) = decoder.next_message().unwrap() {
                    received.push(message);
                }
            }
            prop_assert_eq!(received, sent);
        }

        #[test]
        fn any_bytes_end_in_messages_or_an_error(bytes: Vec<u8>) {
            let mut decoder = Decoder::default();
            decoder.push(&bytes);
            while let Ok(Some(_)) = decoder.next_message() {}
        }
    }
}
