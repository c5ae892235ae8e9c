//! What an operator or an application chooses.

use std::time::Duration;

/// One STUN or TURN server, as in `RTCIceServer` of the WebRTC recommendation (section 4.2.4).
#[derive(Clone, PartialEq, Eq)]
pub struct IceServer {
    /// `stun:`, `turn:` or `turns:` URLs.
    pub urls: Vec<String>,
    /// A TURN server's user name.
    pub username: Option<String>,
    /// A TURN server's password. Not printed.
    pub credential: Option<String>,
}

impl std::fmt::Debug for IceServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IceServer").field("urls", &self.urls).finish_non_exhaustive()
    }
}

/// How connections are made. [`Config::default`] has no ICE server: it connects peers of one network; peers behind
/// different NATs need at least a STUN server.
#[derive(Debug, Clone)]
pub struct Config {
    /// Servers that tell a peer its public address or relay for it.
    pub ice_servers: Vec<IceServer>,
    /// From the first byte of signalling to an open data channel. ICE itself gives up after 15 to 30 s.
    pub negotiation_timeout: Duration,
    /// To make the relayed connection and open the signalling stream on it.
    pub relayed_timeout: Duration,
    /// Negotiations that others may have begun with us and that have not ended; further ones are refused.
    pub max_pending_inbound: usize,
    /// How long a relayed connection is left open after the direct one stands, so that the other side sees the
    /// direct one first.
    pub relayed_linger: Duration,
    /// Whether the behaviour closes all but one of the direct connections to a peer. An application that knows which of
    /// them are in use may rather decide that itself.
    pub close_duplicates: bool,
    /// Two direct connections to one peer that are made within this time were dialled at once, and the one that the
    /// larger peer id dialled is closed. Later than that, a second one means that the first is dead on the other
    /// side: the first is closed.
    pub simultaneous: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ice_servers: Vec::new(),
            negotiation_timeout: Duration::from_secs(20),
            relayed_timeout: Duration::from_secs(10),
            max_pending_inbound: 8,
            relayed_linger: Duration::from_secs(1),
            close_duplicates: true,
            simultaneous: Duration::from_secs(10),
        }
    }
}
