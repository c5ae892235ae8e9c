//! What the window's network node is told.

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
    pub ice_servers: Vec<IceServer>,
}

/// `RTCIceServer` of the W3C.
#[derive(Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct IceServer {
    /// Where it is.
    pub urls: Addresses,
    /// Who asks it.
    #[cfg_attr(test, ts(optional))]
    pub username: Option<String>,
    /// What proves that.
    #[cfg_attr(test, ts(optional))]
    pub credential: Option<String>,
}

/// One address or several.
#[derive(Deserialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Addresses {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl From<Addresses> for Vec<String> {
    fn from(addresses: Addresses) -> Self {
        match addresses {
            Addresses::One(address) => vec![address],
            Addresses::Many(addresses) => addresses,
        }
    }
}
