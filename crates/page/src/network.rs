//! What the window's network node is told.

use abraham_messages::IceServer;
use serde::Deserialize;

/// Where the network is: what a relay's `/api/v1/config` says of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NetworkOptions {
    /// Multiaddrs of relays, each ending in `/p2p/` and the relay's name; `ws`, `wss` and `webrtc-direct` only.
    pub relays: Vec<String>,
    /// Servers that help to find ways to others.
    #[serde(default)]
    #[cfg_attr(test, ts(type = "{ urls: string | string[], username?: string, credential?: string, }[]"))]
    pub ice_servers: Vec<IceServer>,
}
