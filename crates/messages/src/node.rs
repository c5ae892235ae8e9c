//! What a visitor tells its network node, and what the node tells it. In a browser the two sit in different threads
//! (the node in the window, for workers have no WebRTC), so both can be
//! taken apart: into a head that is encoded, and a payload that is not.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Payload, codec::DecodeError, limits};

/// A member of the network: its compressed secp256k1 public key (SEC 1, section 2.3.3), which is also its libp2p
/// identity. Not checked to be a point of the curve.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PeerKey(#[serde(with = "serde_bytes")] pub [u8; 33]);

impl fmt::Display for PeerKey {
    /// The first four bytes of the point in hex: enough to tell members apart in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[1..5].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerKey({self})")
    }
}

/// What a message between two directly linked members is for. Messages of one lane arrive in order; lanes do not
/// wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Lane {
    /// The collective's own messages.
    Control,
    /// Batches to teachers, and their updates.
    Bulk,
    /// Frames between painters.
    Frames,
}

impl Lane {
    /// All lanes.
    pub const ALL: [Self; 3] = [Self::Control, Self::Bulk, Self::Frames];

    /// Bytes that one message may have.
    pub fn message_bytes(self) -> usize {
        match self {
            Self::Control => limits::MAX_CONTROL_BYTES,
            Self::Bulk => limits::MAX_BULK_BYTES,
            Self::Frames => limits::MAX_FRAME_BYTES + limits::FRAME_TERM_BYTES,
        }
    }

    /// Bytes that a sender may be ahead of what the receiver took, beside the message that crosses this line.
    pub fn window_bytes(self) -> usize {
        match self {
            Self::Control => 4 * limits::MAX_CONTROL_BYTES,
            Self::Bulk | Self::Frames => limits::MAX_BULK_BYTES,
        }
    }
}

/// What the node is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Command {
    /// Publish to everyone on the presence topic.
    Publish {
        /// At most [`limits::MAX_GOSSIP_BYTES`].
        #[serde(with = "serde_bytes")]
        message: Vec<u8>,
    },
    /// Make and keep a direct link. Answered by [`Event::LinkUp`] or [`Event::Unreachable`]. Either side may ask;
    /// where both do, one link results.
    Connect {
        /// To whom.
        peer: PeerKey,
        /// Where it can be reached, as its own [`Event::Online`] said.
        addresses: Vec<String>,
    },
    /// Let a direct link go.
    Disconnect {
        /// To whom.
        peer: PeerKey,
    },
    /// Send on a direct link. Messages that find no link are dropped; [`Event::LinkDown`] says so. A sender waits
    /// for [`Event::Sent`] before it is ahead by more than the lane's window.
    Send {
        /// To whom.
        peer: PeerKey,
        /// What for.
        lane: Lane,
        /// At most [`Lane::message_bytes`]. Beside the rest where it goes to the other thread.
        #[serde(skip)]
        message: Payload,
    },
    /// A received message was taken out of the visitor's queue: its sender may send as much again.
    Acknowledge {
        /// From whom.
        peer: PeerKey,
        /// What for.
        lane: Lane,
        /// The message's length.
        bytes: usize,
    },
    /// Say goodbye, close every link and end.
    Stop,
    /// These are the relays from now on, as far as their addresses can be used; links stay. Those that are not joined
    /// are tried at once.
    Relays {
        /// Multiaddrs, each ending in `/p2p/<relay>`.
        addresses: Vec<String>,
    },
}

/// What happened at the node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Event {
    /// A relay is being dialled; the node does so again until it is stopped.
    Connecting,
    /// Others can reach this node, and the presence topic can be published to.
    Online {
        /// Where: addresses for [`Command::Connect`].
        addresses: Vec<String>,
    },
    /// No relay can be reached for now; links stay.
    Offline {
        /// The cause, in words for a person.
        reason: String,
    },
    /// Something on the presence topic, from the member that signed it (checked).
    Gossip {
        /// Its author.
        from: PeerKey,
        /// At most [`limits::MAX_GOSSIP_BYTES`].
        #[serde(with = "serde_bytes")]
        message: Vec<u8>,
    },
    /// A direct link stands.
    LinkUp {
        /// To whom.
        peer: PeerKey,
    },
    /// A direct link is gone, with everything on it that was not [`Event::Sent`].
    LinkDown {
        /// To whom.
        peer: PeerKey,
        /// The cause, in words for a person.
        reason: String,
    },
    /// No direct link could be made; the node tries again only when asked.
    Unreachable {
        /// To whom.
        peer: PeerKey,
        /// The cause, in words for a person.
        reason: String,
    },
    /// A message on a direct link, in the lane's order.
    Message {
        /// From whom.
        peer: PeerKey,
        /// What for.
        lane: Lane,
        /// At most [`Lane::message_bytes`]. Beside the rest where it goes to the other thread.
        #[serde(skip)]
        message: Payload,
    },
    /// A message went out on the link.
    Sent {
        /// To whom.
        peer: PeerKey,
        /// What for.
        lane: Lane,
        /// The message's length.
        bytes: usize,
    },
    /// A member sent what no honest one sends; its link is closed where it was on one.
    Misbehaved {
        /// Who.
        peer: PeerKey,
        /// What, in words for a log.
        what: String,
    },
    /// The node ended.
    Stopped,
    /// How a direct link is, about every five seconds.
    Measured {
        /// To whom.
        peer: PeerKey,
        /// Bytes that went out on its lanes since it stands, with their framing.
        sent: u64,
        /// Bytes that came in on its lanes since it stands, with their framing.
        received: u64,
        /// From a ping to its answer, in milliseconds.
        round_trip_ms: u32,
    },
    /// This browser has not what the node needs, or its policy blocks it; [`Event::Stopped`] follows.
    Unsupported {
        /// What is missing, in words for a person.
        reason: String,
    },
}

macro_rules! thread_codec {
    ($type:ident, $carrier:ident) => {
        impl $type {
            /// What goes to the other thread: the message without its payload, encoded, and the payload as it is, for it
            /// may have megabytes.
            pub fn into_parts(mut self) -> (Vec<u8>, Payload) {
                let payload = match &mut self {
                    Self::$carrier { message, .. } => std::mem::take(message),
                    _ => Payload::default(),
                };
                // Serialising plain data into a growing buffer cannot fail.
                (postcard::to_allocvec(&self).unwrap_or_default(), payload)
            }

            /// Puts together what the other thread sent.
            ///
            /// # Errors
            /// [`DecodeError`] where the parts are no such message or too long.
            pub fn from_parts(head: &[u8], payload: Payload) -> Result<Self, DecodeError> {
                let mut decoded = crate::codec::decode(head, limits::MAX_THREAD_HEAD_BYTES)?;
                let (bytes, limit) = (payload.len(), limits::MAX_THREAD_PAYLOAD_BYTES);
                match &mut decoded {
                    _ if bytes > limit => return Err(DecodeError::TooLong { bytes, limit }),
                    Self::$carrier { message, .. } => *message = payload,
                    _ if bytes > 0 => return Err(DecodeError::BytesLeftOver(bytes)),
                    _ => {}
                }
                Ok(decoded)
            }
        }
    };
}

thread_codec!(Command, Send);
thread_codec!(Event, Message);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_events_survive_the_way_between_threads() {
        let peer = PeerKey([3; 33]);
        let command = Command::Send { peer, lane: Lane::Frames, message: vec![7; 300].into() };
        let (head, payload) = command.clone().into_parts();
        assert!(head.len() < 64 && payload.len() == 300);
        assert_eq!(Command::from_parts(&head, payload), Ok(command));
        let event = Event::Message { peer, lane: Lane::Bulk, message: vec![8; 70_000].into() };
        let (head, payload) = event.clone().into_parts();
        assert_eq!(Event::from_parts(&head, payload), Ok(event));
        let event = Event::LinkDown { peer, reason: "it left".into() };
        let (head, payload) = event.clone().into_parts();
        assert!(payload.is_empty());
        assert_eq!(Event::from_parts(&head, payload), Ok(event));
    }

    #[test]
    fn what_travels_on_links_is_not_printed() {
        let (peer, lane) = (PeerKey([3; 33]), Lane::Frames);
        let message = Payload::from(b"*share*".to_vec());
        let command = Command::Send { peer, lane, message: message.clone() };
        let event = Event::Message { peer, lane, message };
        for printed in [format!("{command:?}"), format!("{command:#?}"), format!("{event:?}")] {
            assert!(printed.contains("7 bytes"), "{printed}");
            // Neither as text nor as numbers.
            assert!(!printed.contains("share") && !printed.contains("115"), "{printed}");
        }
    }

    #[test]
    fn malformed_messages_are_refused() {
        let command = |head: &[u8]| Command::from_parts(head, Payload::default());
        assert_eq!(command(&[]), Err(DecodeError::Malformed));
        assert_eq!(Event::from_parts(&[250], Payload::default()), Err(DecodeError::Malformed));
        let (mut stop, _) = Command::Stop.into_parts();
        assert_eq!(Command::from_parts(&stop, vec![1; 3].into()), Err(DecodeError::BytesLeftOver(3)));
        let long = vec![1; limits::MAX_THREAD_PAYLOAD_BYTES + 1];
        assert!(matches!(Command::from_parts(&stop, long.into()), Err(DecodeError::TooLong { .. })));
        stop.push(0);
        assert_eq!(command(&stop), Err(DecodeError::BytesLeftOver(1)));
        let short_key = [2, 5, 1, 2, 3, 4, 5];
        assert_eq!(command(&short_key), Err(DecodeError::Malformed));
    }
}
