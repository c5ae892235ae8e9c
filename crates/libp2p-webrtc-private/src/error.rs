//! Why a connection or a stream could not be had.

use std::io;

use libp2p::PeerId;

/// Why a `/webrtc` or `/webrtc-direct` connection was not made, or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The behaviour that belongs to this transport is gone or was never added to the swarm.
    #[error("no behaviour serves this transport: add the one that was made with it to the same swarm")]
    BehaviourGone,
    /// No relayed connection to the peer exists and the address names no relay to make one through.
    #[error("no relayed connection to {0}: dial <relay>/p2p-circuit/webrtc/p2p/{0} instead")]
    NotRelayed(PeerId),
    /// The relayed connection that signalling needs could not be made.
    #[error("the relayed connection failed: {0}; check that the peer has a reservation at that relay")]
    Relayed(String),
    /// The peer did not take the signalling stream.
    #[error("the peer takes no signalling stream: {0}")]
    Refused(String),
    /// Another negotiation with the same peer is under way.
    #[error("a connection to {0} is already being negotiated; wait for it")]
    Busy(PeerId),
    /// The peers' signalling broke the protocol.
    #[error(transparent)]
    Signaling(#[from] crate::signaling::NegotiationError),
    /// The signalling stream failed before the descriptions were exchanged.
    #[error("the signalling stream failed: {0}")]
    SignalingStream(#[source] io::Error),
    /// A step did not end within its time.
    #[error("{0} took too long; the peer may be behind a NAT that needs a TURN server")]
    TimedOut(&'static str),
    /// A call to the browser's WebRTC failed.
    #[error("the browser refused {call}: {reason}")]
    Browser {
        /// What was called.
        call: &'static str,
        /// The browser's own words.
        reason: String,
    },
    /// The browser has no WebRTC, or a policy turned it off.
    #[error("this page has no RTCPeerConnection: a worker, an old browser, or a policy that blocks WebRTC")]
    Unsupported,
    /// The connection is closed.
    #[error("the connection is closed: {0}")]
    Closed(&'static str),
    /// The address is not one that this transport dials.
    #[error("{0}")]
    Address(String),
    /// Noise over the `/webrtc-direct` connection failed: the server is not who its address says.
    #[error("the handshake of the direct connection failed: {0}")]
    Handshake(String),
}
