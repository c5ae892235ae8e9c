//! How two peers agree on a connection: the messages ([`Message`], [`Decoder`]) and who does what when
//! ([`Negotiation`]). Nothing here knows a browser, a clock or a socket.

mod codec;
mod negotiation;

pub use codec::{Decoder, MAX_MESSAGE_BYTES, Message};
pub use negotiation::{Action, Input, MAX_CANDIDATES, Negotiation, NegotiationError, Role};
