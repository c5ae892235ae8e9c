//! One lane in one direction, as bytes on a stream: framing, credit and the bounds of both queues. Pure: bytes in,
//! bytes out.
//!
//! On the way out a message is its length (`u32`, little-endian, 1 to [`Lane::message_bytes`]) and its bytes. On the
//! way back, on the same stream, the receiver writes credit: `u32`s, little-endian, more than zero, that add to
//! what the sender may have ahead. A message uses up its length and [`MESSAGE_COST`]; a sender starts one only
//! while less than [`Lane::window_bytes`] of what it started was credited back.

use std::collections::VecDeque;

use abraham_messages::{Payload, node::Lane};

/// Bytes of credit that a message uses up beside its length, about what it takes to keep a short one in queues:
/// without it, a window of messages of one byte would be a hundred times as large in memory.
pub(crate) const MESSAGE_COST: u64 = 256;

/// Bytes of a length or of a credit.
const WORD: usize = 4;

/// Bytes written in one piece at the start of a message, so that a short one is one frame of the connection.
const HEAD_BYTES: usize = 16 << 10;

/// Bytes by which the buffer of a message being received grows: what is allocated follows what has arrived, not
/// what was announced.
const READ_BYTES: usize = 64 << 10;

/// What the other side may not do.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Violation {
    #[error("it announced a message of {bytes} bytes on the {lane:?} lane, where {limit} are allowed")]
    TooLong { lane: Lane, bytes: usize, limit: usize },
    #[error("it sent an empty message on the {0:?} lane")]
    Empty(Lane),
    #[error("it sent more on the {0:?} lane than it had credit for")]
    BeyondCredit(Lane),
    #[error("it gave credit on the {0:?} lane for what it was never sent")]
    CreditBeyondSent(Lane),
    #[error("it gave credit of nothing on the {0:?} lane")]
    NoCredit(Lane),
}

/// What this side's visitor may not do.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Refused {
    #[error(
        "a message of {bytes} bytes does not belong on the {lane:?} lane, where 1 to {limit} are allowed"
    )]
    Length { lane: Lane, bytes: usize, limit: usize },
    #[error("too much waits on the {0:?} lane; a sender has to wait until messages went out")]
    QueueFull(Lane),
}

fn cost(message_bytes: usize) -> u64 {
    message_bytes as u64 + MESSAGE_COST
}

/// The sender's side.
pub(crate) struct Outgoing {
    lane: Lane,
    waiting: VecDeque<Payload>,
    /// Bytes of messages that wait or are being written.
    queued: usize,
    current: Option<Writing>,
    /// What was started and not credited back, in credit.
    ahead: u64,
    credit: Word,
    /// Bytes written and read on the stream.
    moved: u64,
}

/// A message on its way out: its head, then the rest of it.
struct Writing {
    head: Vec<u8>,
    message: Payload,
    written: usize,
}

/// A word that may arrive in pieces.
#[derive(Default)]
struct Word {
    bytes: [u8; WORD],
    filled: usize,
}

impl Word {
    fn push(&mut self, byte: u8) -> Option<u32> {
        self.bytes[self.filled] = byte;
        self.filled += 1;
        if self.filled < WORD {
            return None;
        }
        self.filled = 0;
        Some(u32::from_le_bytes(self.bytes))
    }
}

impl Outgoing {
    pub(crate) fn new(lane: Lane) -> Self {
        Self {
            lane,
            waiting: VecDeque::new(),
            queued: 0,
            current: None,
            ahead: 0,
            credit: Word::default(),
            moved: 0,
        }
    }

    /// Queues a message.
    pub(crate) fn push(&mut self, message: Payload) -> Result<(), Refused> {
        let (lane, bytes, limit) = (self.lane, message.len(), self.lane.message_bytes());
        if bytes == 0 || bytes > limit {
            return Err(Refused::Length { lane, bytes, limit });
        }
        let most = lane.window_bytes() + limit;
        if self.queued + bytes > most || cost(0) * self.waiting.len() as u64 > most as u64 {
            return Err(Refused::QueueFull(lane));
        }
        self.queued += bytes;
        self.waiting.push_back(message);
        Ok(())
    }

    /// What to write next, if anything may be written now.
    pub(crate) fn chunk(&mut self) -> Option<&[u8]> {
        if self.current.is_none() {
            if self.ahead >= self.lane.window_bytes() as u64 {
                return None;
            }
            let message = self.waiting.pop_front()?;
            self.ahead += cost(message.len());
            let with_head = message.len().min(HEAD_BYTES - WORD);
            let mut head = Vec::with_capacity(WORD + with_head);
            // `push` checked the length against a limit far below 2³².
            head.extend_from_slice(&(message.len() as u32).to_le_bytes());
            head.extend_from_slice(&message[..with_head]);
            self.current = Some(Writing { head, message, written: 0 });
        }
        let Writing { head, message, written } = self.current.as_ref()?;
        Some(if *written < head.len() { &head[*written..] } else { &message[*written - WORD..] })
    }

    /// Notes that the first `bytes` of the chunk were written; returns the length of a message that is out.
    pub(crate) fn wrote(&mut self, bytes: usize) -> Option<usize> {
        let current = self.current.as_mut()?;
        current.written += bytes;
        self.moved += bytes as u64;
        let length = current.message.len();
        if current.written < WORD + length {
            return None;
        }
        self.current = None;
        self.queued -= length;
        Some(length)
    }

    /// Takes in what the receiver wrote back.
    pub(crate) fn credited(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        self.moved += bytes.len() as u64;
        for &byte in bytes {
            match self.credit.push(byte) {
                None => {}
                Some(0) => return Err(Violation::NoCredit(self.lane)),
                Some(credit) => {
                    self.ahead = self
                        .ahead
                        .checked_sub(credit.into())
                        .ok_or(Violation::CreditBeyondSent(self.lane))?;
                }
            }
        }
        Ok(())
    }

    pub(crate) fn moved(&self) -> u64 {
        self.moved
    }
}

/// The receiver's side.
pub(crate) struct Incoming {
    lane: Lane,
    length: Word,
    /// The message being received, and its whole length.
    message: Vec<u8>,
    expected: usize,
    /// Bytes of `message` that have arrived.
    filled: usize,
    /// What was received and not taken, in credit.
    held: u64,
    /// What was taken and not yet written back, in credit.
    owed: u64,
    credit: Option<([u8; WORD], usize)>,
    /// Bytes written and read on the stream.
    moved: u64,
}

impl Incoming {
    pub(crate) fn new(lane: Lane) -> Self {
        Self {
            lane,
            length: Word::default(),
            message: Vec::new(),
            expected: 0,
            filled: 0,
            held: 0,
            owed: 0,
            credit: None,
            moved: 0,
        }
    }

    /// Where to read to next; never empty.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        if self.expected == 0 {
            let filled = self.length.filled;
            return &mut self.length.bytes[filled..];
        }
        if self.filled == self.message.len() {
            self.message.resize((self.filled + READ_BYTES).min(self.expected), 0);
        }
        &mut self.message[self.filled..]
    }

    /// Notes that `bytes` were read to the space; returns a message that is complete.
    pub(crate) fn filled(&mut self, bytes: usize) -> Result<Option<Payload>, Violation> {
        self.moved += bytes as u64;
        if self.expected == 0 {
            self.length.filled += bytes;
            if self.length.filled == WORD {
                self.length.filled = 0;
                self.begin(u32::from_le_bytes(self.length.bytes) as usize)?;
            }
            return Ok(None);
        }
        self.filled += bytes;
        if self.filled < self.expected {
            return Ok(None);
        }
        (self.expected, self.filled) = (0, 0);
        Ok(Some(std::mem::take(&mut self.message).into()))
    }

    fn begin(&mut self, length: usize) -> Result<(), Violation> {
        let (lane, limit) = (self.lane, self.lane.message_bytes());
        if length == 0 {
            return Err(Violation::Empty(lane));
        }
        if length > limit {
            return Err(Violation::TooLong { lane, bytes: length, limit });
        }
        if self.held >= lane.window_bytes() as u64 {
            return Err(Violation::BeyondCredit(lane));
        }
        self.held += cost(length);
        self.expected = length;
        Ok(())
    }

    /// Notes that the visitor took a message of so many bytes.
    pub(crate) fn acknowledge(&mut self, message_bytes: usize) {
        // A visitor that says it took what never arrived gains nothing.
        let credit = cost(message_bytes).min(self.held);
        self.held -= credit;
        self.owed += credit;
    }

    /// What to write back next. Credit is saved up to a quarter of the window: the sender starts to wait only
    /// when a whole one is not credited.
    pub(crate) fn chunk(&mut self) -> Option<&[u8]> {
        if self.credit.is_none() {
            if self.owed < self.lane.window_bytes() as u64 / 4 {
                return None;
            }
            let credit = u32::try_from(self.owed).unwrap_or(u32::MAX);
            self.owed -= u64::from(credit);
            self.credit = Some((credit.to_le_bytes(), 0));
        }
        self.credit.as_ref().map(|(bytes, written)| &bytes[*written..])
    }

    /// Notes that the first `bytes` of the chunk were written.
    pub(crate) fn wrote(&mut self, bytes: usize) {
        self.moved += bytes as u64;
        if let Some((_, written)) = &mut self.credit {
            *written += bytes;
            if *written == WORD {
                self.credit = None;
            }
        }
    }

    /// Bytes in memory for what has arrived and was not taken, with the costs of short messages.
    pub(crate) fn held(&self) -> u64 {
        // Of the message being received, only what is here.
        self.held - (self.expected - self.filled) as u64
    }

    pub(crate) fn moved(&self) -> u64 {
        self.moved
    }
}

#[cfg(test)]
mod tests;
