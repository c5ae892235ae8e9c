//! Wire types of Abraham: the bounded codec, protocol frames between painters, a network node's commands and events, pieces,
//! and every limit in one table.
//!
//! This is a leaf crate: it knows no algebra, so the relay can depend on it without holding any code that could
//! reconstruct a share. Share payloads are opaque bytes here.

pub mod codec;
pub mod collective;
mod digest;
pub mod frame;
mod ice_server;
pub mod limits;
pub mod node;
pub mod payload;
pub mod piece;

pub use codec::DecodeError;
pub use digest::{
    ArtistName, BatchId, Commitment, ContentId, CreditsId, Latent, Nonce, RecipeId, RecordId, SealId,
    StateId, StepsHash, TermId,
};
pub use frame::{Frame, Kind};
pub use ice_server::IceServer;
pub use node::PeerKey;
pub use payload::Payload;
pub use piece::{PainterSignature, Piece, SignedPiece};

/// Identifies the wire formats of this crate; a peer with another version is refused.
pub const PROTOCOL_VERSION: &str = "/abraham/painters/1.3.0";

/// The gossip topic of presence and announcements.
pub const PRESENCE_TOPIC: &str = "abraham/presence/1";
