//! What frames do to a stream.

use std::{
    collections::VecDeque,
    io::{self, Read as _},
};

use super::{Assembler, Flag, Frame, MAX_PAYLOAD_BYTES};
use crate::wire::WireError;

/// One stream's side of the protocol: inputs are the application's calls, the channel's messages and its end; outputs
/// are frames to send, and the word to close the channel.
#[derive(Debug)]
pub struct Framing {
    assembler: Assembler,
    inbound: Inbound,
    outbound: Outbound,
    /// Received and not yet read.
    unread: VecDeque<u8>,
    unread_limit: usize,
    frames: VecDeque<Vec<u8>>,
    /// Written and not yet in a frame: always less than one holds.
    partial: Vec<u8>,
    /// The peer closes the channel.
    awaits_peer: bool,
}

/// The peer's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inbound {
    Open,
    /// The peer's FIN came.
    Finished,
    /// We read no more.
    Stopped,
    Reset(ResetCause),
}

/// Our data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outbound {
    Open,
    /// Our FIN went out and waits for its acknowledgement.
    FinSent,
    /// The acknowledgement came, or whatever else says that the peer waits for nothing of ours.
    Finished,
    /// The peer reads no more.
    Stopped,
    Reset(ResetCause),
}

/// Why a stream was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResetCause {
    /// The peer gave it up.
    #[error("the peer reset the stream")]
    Peer,
    /// This side did.
    #[error("the stream was reset")]
    Local,
    /// The channel closed before the peer's FIN came.
    #[error("the stream's channel closed before its end")]
    ChannelClosed,
    /// More unread bytes than the limit.
    #[error("the peer sent more than {0} bytes ahead of the reader")]
    Overflow(usize),
    /// The peer's frames are malformed.
    #[error("the peer's frames are malformed: {0}")]
    Malformed(WireError),
}

/// What a read gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// So many bytes.
    Bytes(usize),
    /// The end: the peer has finished.
    End,
    /// Nothing yet.
    Pending,
    /// Nothing any more.
    Reset(ResetCause),
}

/// Why data cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteClosed {
    /// This side finished writing.
    #[error("the stream was closed for writing")]
    Finished,
    /// The peer reads no more.
    #[error("the peer reads no more from this stream")]
    Stopped,
    /// The stream was given up.
    #[error(transparent)]
    Reset(ResetCause),
}

impl From<ResetCause> for io::Error {
    fn from(cause: ResetCause) -> Self {
        let kind = match cause {
            ResetCause::Malformed(_) => io::ErrorKind::InvalidData,
            _ => io::ErrorKind::ConnectionReset,
        };
        Self::new(kind, cause)
    }
}

impl From<WriteClosed> for io::Error {
    fn from(closed: WriteClosed) -> Self {
        match closed {
            WriteClosed::Reset(cause) => cause.into(),
            WriteClosed::Finished | WriteClosed::Stopped => Self::new(io::ErrorKind::BrokenPipe, closed),
        }
    }
}

impl Framing {
    /// An open stream that holds at most `unread_limit` bytes for its reader: data channels cannot push back, so a
    /// peer that sends further is reset.
    #[must_use]
    pub fn new(unread_limit: usize) -> Self {
        Self {
            assembler: Assembler::default(),
            inbound: Inbound::Open,
            outbound: Outbound::Open,
            unread: VecDeque::new(),
            unread_limit,
            frames: VecDeque::new(),
            partial: Vec::new(),
            awaits_peer: false,
        }
    }

    /// The next frame to send, each as one message.
    pub fn poll_frame(&mut self) -> Option<Vec<u8>> {
        self.frames.pop_front()
    }

    /// Whether both directions are over, so that the channel should be closed once all frames are sent.
    #[must_use]
    pub fn is_done(&self) -> bool {
        !self.awaits_peer
            && self.inbound != Inbound::Open
            && !matches!(self.outbound, Outbound::Open | Outbound::FinSent)
    }

    /// Bytes that were received and not yet read.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.unread.len()
    }

    /// Takes a message of the channel.
    pub fn handle_message(&mut self, message: &[u8]) {
        if matches!(self.inbound, Inbound::Reset(_)) {
            return;
        }
        let mut assembler = std::mem::take(&mut self.assembler);
        let outcome = assembler.push(message, |frame| self.handle_frame(frame));
        self.assembler = assembler;
        if let Err(error) = outcome {
            self.reset(ResetCause::Malformed(error));
        }
    }

    fn handle_frame(&mut self, frame: Frame<'_>) {
        if matches!(self.inbound, Inbound::Reset(_)) {
            return;
        }
        if self.inbound == Inbound::Open {
            if frame.payload.len() > self.unread_limit - self.unread.len() {
                return self.reset(ResetCause::Overflow(self.unread_limit));
            }
            self.unread.extend(frame.payload);
        }
        match frame.flag {
            None => {}
            Some(Flag::Fin) => {
                self.frames.push_back(Frame::flag(Flag::FinAck).encode());
                if matches!(self.inbound, Inbound::Open | Inbound::Stopped) {
                    self.inbound = Inbound::Finished;
                }
            }
            Some(Flag::FinAck) if self.outbound == Outbound::FinSent => self.outbound = Outbound::Finished,
            Some(Flag::FinAck) => {}
            Some(Flag::StopSending) => match self.outbound {
                Outbound::Open => {
                    self.partial = Vec::new();
                    self.outbound = Outbound::Stopped;
                }
                Outbound::FinSent => self.outbound = Outbound::Finished,
                Outbound::Finished | Outbound::Stopped | Outbound::Reset(_) => {}
            },
            Some(Flag::Reset) => self.end(ResetCause::Peer),
        }
    }

    /// Takes the news that the channel is closed.
    pub fn handle_closed(&mut self) {
        self.end(ResetCause::ChannelClosed);
    }

    /// Takes the news that nothing can be sent any more. What comes in still counts, until [`Framing::handle_closed`].
    pub fn handle_unsendable(&mut self) {
        self.end_outbound(ResetCause::ChannelClosed);
    }

    /// Whatever is open ends in a reset; what was already over stays as it is, and what was received can be read.
    fn end(&mut self, cause: ResetCause) {
        self.awaits_peer = false;
        if self.inbound == Inbound::Open {
            self.inbound = Inbound::Reset(cause);
        }
        self.end_outbound(cause);
    }

    fn end_outbound(&mut self, cause: ResetCause) {
        match self.outbound {
            Outbound::Open => self.outbound = Outbound::Reset(cause),
            // A peer that closes the channel after our FIN has nothing more to tell us about it.
            Outbound::FinSent if cause == ResetCause::ChannelClosed => self.outbound = Outbound::Finished,
            Outbound::FinSent => self.outbound = Outbound::Reset(cause),
            Outbound::Finished | Outbound::Stopped | Outbound::Reset(_) => {}
        }
        self.frames.clear();
        self.partial = Vec::new();
    }

    /// Takes the news that the peer did not acknowledge our FIN in time.
    pub fn handle_fin_ack_timeout(&mut self) {
        if self.outbound == Outbound::FinSent {
            self.outbound = Outbound::Finished;
        }
    }

    /// Copies received data into `out`.
    pub fn read(&mut self, out: &mut [u8]) -> Read {
        if !self.unread.is_empty() {
            // Reading from a queue in memory cannot fail.
            let count = self.unread.read(out).unwrap_or(0);
            if self.unread.is_empty() && self.unread.capacity() > 2 * MAX_PAYLOAD_BYTES {
                self.unread = VecDeque::new();
            }
            return Read::Bytes(count);
        }
        match self.inbound {
            Inbound::Open => Read::Pending,
            Inbound::Finished => Read::End,
            Inbound::Stopped => Read::Reset(ResetCause::Local),
            Inbound::Reset(cause) => Read::Reset(cause),
        }
    }

    /// Whether data may be written.
    ///
    /// # Errors
    /// Why not.
    pub fn check_write(&self) -> Result<(), WriteClosed> {
        match self.outbound {
            Outbound::Open => Ok(()),
            Outbound::FinSent | Outbound::Finished => Err(WriteClosed::Finished),
            Outbound::Stopped => Err(WriteClosed::Stopped),
            Outbound::Reset(cause) => Err(WriteClosed::Reset(cause)),
        }
    }

    /// Takes as much of `data` as fits into the frame that is being filled, and says how much. A frame that is not
    /// full waits for more, or for [`Framing::flush`].
    ///
    /// # Errors
    /// Why nothing is taken.
    pub fn write(&mut self, data: &[u8]) -> Result<usize, WriteClosed> {
        self.check_write()?;
        let count = data.len().min(MAX_PAYLOAD_BYTES - self.partial.len());
        self.partial.extend_from_slice(&data[..count]);
        if self.partial.len() == MAX_PAYLOAD_BYTES {
            self.flush();
        }
        Ok(count)
    }

    /// Whether [`Framing::flush`] would make a frame.
    #[must_use]
    pub fn has_partial(&self) -> bool {
        !self.partial.is_empty()
    }

    /// Makes a frame of what was written and is in none.
    pub fn flush(&mut self) {
        if !self.partial.is_empty() {
            self.frames.push_back(Frame::data(&self.partial).encode());
            self.partial.clear();
        }
    }

    /// Finishes writing: a FIN goes out if none did.
    pub fn finish(&mut self) {
        if self.outbound == Outbound::Open {
            self.flush();
            self.outbound = Outbound::FinSent;
            self.frames.push_back(Frame::flag(Flag::Fin).encode());
        }
    }

    /// `None` while the peer may still be waiting for our FIN or it for its acknowledgement; then whether all that
    /// was written arrived.
    #[must_use]
    pub fn finished(&self) -> Option<Result<(), WriteClosed>> {
        match self.outbound {
            Outbound::Open | Outbound::FinSent => None,
            // A peer that wants no more has what it wants.
            Outbound::Finished | Outbound::Stopped => Some(Ok(())),
            Outbound::Reset(cause) => Some(Err(WriteClosed::Reset(cause))),
        }
    }

    /// Reads no more: the peer is told unless it has finished.
    pub fn stop_reading(&mut self) {
        self.unread = VecDeque::new();
        if self.inbound == Inbound::Open {
            self.inbound = Inbound::Stopped;
            self.frames.push_back(Frame::flag(Flag::StopSending).encode());
        }
    }

    /// Nobody uses this side any more. Where the peer has to be told, closing the channel is left to it, so that the
    /// word is not lost with what comes shortly before a channel's end.
    pub fn abandon(&mut self) {
        if self.check_write().is_ok() {
            self.reset(ResetCause::Local);
            self.awaits_peer = true;
        } else if self.inbound == Inbound::Open {
            self.stop_reading();
            self.awaits_peer = true;
        }
    }

    /// Gives the stream up and says so to the peer, unless both directions are over.
    pub fn reset(&mut self, cause: ResetCause) {
        if self.is_done() {
            return;
        }
        self.flush();
        self.frames.push_back(Frame::flag(Flag::Reset).encode());
        self.unread = VecDeque::new();
        self.inbound = Inbound::Reset(cause);
        if matches!(self.outbound, Outbound::Open | Outbound::FinSent) {
            self.outbound = Outbound::Reset(cause);
        }
    }
}
