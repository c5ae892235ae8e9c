//! What an operator can set.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use abraham_messages::IceServer;
use ipnet::IpNet;
use libp2p::{Multiaddr, multiaddr::Protocol};

use crate::{
    Error,
    addresses::{is_webrtc_direct, is_websocket},
};

/// What a relay needs to know before it starts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Address to listen on for HTTP; port 0 takes any free port.
    pub listen: SocketAddr,
    /// Serve the page from this folder instead of from the files in the binary. For developing the page.
    pub assets: Option<PathBuf>,
    /// Threads that answer requests.
    pub workers: usize,
    /// Addresses at which tabs and other peers dial the relay: `/ip4/…/tcp/…/ws`, or `/ip4/…/tcp/…` for native peers and other
    /// relays. Port 0 takes any free port.
    pub p2p_listen: Vec<Multiaddr>,
    /// Addresses at which tabs dial the relay by WebRTC-direct: `/ip4/…/udp/…/webrtc-direct`. None by default.
    pub webrtc_direct_listen: Vec<Multiaddr>,
    /// File that keeps the WebRTC-direct certificate, and so the address's hash, over restarts. It is made if it does
    /// not exist. Without it, every start has a new certificate.
    pub webrtc_certificate: Option<PathBuf>,
    /// File that keeps the relay's key, and so its id, over restarts: 32 secret bytes in hex. It is made if it does not
    /// exist. Without it, every start has a new id.
    pub identity: Option<PathBuf>,
    /// Addresses under which the public reaches the relay, such as `/dns4/art.example/tcp/443/wss`.
    pub external: Vec<Multiaddr>,
    /// Other relays to share presence with, each ending in its id.
    pub bootstrap: Vec<Multiaddr>,
    /// Reverse proxies in front of the relay. Their forwarding headers are believed, and limits per address do not apply
    /// to them.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether their connections to [`Config::p2p_listen`] begin with a PROXY protocol header. If so, limits per address
    /// apply to the addresses in these headers, and a connection without one is refused.
    pub proxy_protocol: bool,
    /// STUN and TURN servers for tabs.
    pub ice_servers: Vec<IceServer>,
    /// Address that serves `/metrics`; nowhere if `None`.
    pub metrics_listen: Option<SocketAddr>,
    /// Peers that may be connected at once.
    pub max_visitors: u32,
    /// Peers of one address that may be connected at once; IPv6 addresses of one /64 count as one, and one /48 may have
    /// twice as many.
    pub max_per_address: u32,
    /// While the process uses more bytes of memory than this, no more connections are accepted.
    pub max_memory: usize,
}

impl Default for Config {
    /// Free ports on the loopback address, embedded files, one worker, a new identity, nobody else known.
    fn default() -> Self {
        let websocket =
            Multiaddr::from(Ipv4Addr::LOCALHOST).with(Protocol::Tcp(0)).with(Protocol::Ws("/".into()));
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            assets: None,
            workers: 1,
            p2p_listen: vec![websocket],
            webrtc_direct_listen: Vec::new(),
            webrtc_certificate: None,
            identity: None,
            external: Vec::new(),
            bootstrap: Vec::new(),
            trusted_proxies: Vec::new(),
            proxy_protocol: false,
            ice_servers: Vec::new(),
            metrics_listen: None,
            max_visitors: Self::MAX_VISITORS,
            max_per_address: Self::MAX_PER_ADDRESS,
            max_memory: Self::MAX_MEMORY,
        }
    }
}

impl Config {
    /// The default of [`Config::max_visitors`].
    pub const MAX_VISITORS: u32 = 8192;
    /// The default of [`Config::max_per_address`]: a large office or school, or one port of a carrier's NAT.
    pub const MAX_PER_ADDRESS: u32 = 1024;
    /// The default of [`Config::max_memory`]: 2 GiB.
    pub const MAX_MEMORY: usize = 2 << 30;

    /// Finds what cannot work before anything listens.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let wrong = |option, address: &Multiaddr, what| {
            Err(Error::Option { option, value: address.to_string(), what })
        };
        for address in &self.p2p_listen {
            if is_webrtc_direct(address) {
                return wrong("--p2p-listen", address, "is for --webrtc-direct-listen");
            }
            if !matches!(
                address.iter().collect::<Vec<_>>()[..],
                [Protocol::Ip4(_) | Protocol::Ip6(_), Protocol::Tcp(_)]
                    | [Protocol::Ip4(_) | Protocol::Ip6(_), Protocol::Tcp(_), Protocol::Ws(_)]
            ) {
                return wrong("--p2p-listen", address, "is not of the form /ip4/ADDRESS/tcp/PORT/ws");
            }
        }
        for address in &self.webrtc_direct_listen {
            if !cfg!(feature = "webrtc-direct") {
                let what = "needs a relay that was built with --features webrtc-direct";
                return wrong("--webrtc-direct-listen", address, what);
            }
            if !matches!(
                address.iter().collect::<Vec<_>>()[..],
                [Protocol::Ip4(_) | Protocol::Ip6(_), Protocol::Udp(_), Protocol::WebRTCDirect]
            ) {
                return wrong(
                    "--webrtc-direct-listen",
                    address,
                    "is not of the form /ip4/ADDRESS/udp/PORT/webrtc-direct",
                );
            }
        }
        if self.proxy_protocol && self.trusted_proxies.is_empty() {
            let what = "needs the proxy's address: give it with --trusted-proxy";
            return Err(Error::Option { option: "--proxy-protocol", value: "true".to_owned(), what });
        }
        for address in &self.external {
            if address.iter().any(|part| matches!(part, Protocol::P2pCircuit)) {
                return wrong("--external", address, "leads through another relay");
            }
            if !is_websocket(address)
                && !is_webrtc_direct(address)
                && !address.iter().any(|part| matches!(part, Protocol::Tcp(_)))
            {
                return wrong("--external", address, "names no /tcp/PORT/wss, /ws or /webrtc-direct");
            }
        }
        for address in &self.bootstrap {
            if !matches!(address.iter().last(), Some(Protocol::P2p(_))) {
                return wrong("--bootstrap", address, "does not end in /p2p/ and the other relay's id");
            }
        }
        Ok(())
    }
}

/// Reads `URL` or `URL,USERNAME,CREDENTIAL`, as an operator gives it.
///
/// # Errors
/// In words, where it is neither.
pub fn ice_server(text: &str) -> Result<IceServer, String> {
    let mut parts = text.splitn(3, ',').map(str::to_owned);
    let url = parts.next().unwrap_or_default();
    let (username, credential) = (parts.next(), parts.next());
    let is_stun = ["stun:", "stuns:"].iter().any(|scheme| url.starts_with(scheme));
    let is_turn = ["turn:", "turns:"].iter().any(|scheme| url.starts_with(scheme));
    if !is_stun && !is_turn {
        return Err("begins with none of stun:, stuns:, turn:, turns:".to_owned());
    }
    if is_turn && credential.is_none() {
        return Err("a TURN server needs URL,USERNAME,CREDENTIAL".to_owned());
    }
    if username.is_some() && credential.is_none() {
        return Err("a username needs a credential: URL,USERNAME,CREDENTIAL".to_owned());
    }
    Ok(IceServer { urls: vec![url], username, credential })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unusable_address_is_named_with_its_option() {
        const ID: &str = "12D3KooWGQmdpzHXCqLno4mMxWXKNFQHASBeF99gTm2JR8Vu5Bdc";
        type Set = fn(&mut Config, Multiaddr);
        let cases: [(&str, &str, Set); 7] = [
            ("/ip4/0.0.0.0/udp/4002/webrtc-direct", "--p2p-listen", |c, a| c.p2p_listen = vec![a]),
            ("/dns4/localhost/tcp/4001/ws", "--p2p-listen", |c, a| c.p2p_listen = vec![a]),
            ("/ip4/0.0.0.0/udp/4002/quic-v1", "--p2p-listen", |c, a| c.p2p_listen = vec![a]),
            ("/ip4/0.0.0.0/tcp/4001/ws", "--webrtc-direct-listen", |c, a| c.webrtc_direct_listen = vec![a]),
            ("/dns4/art.example", "--external", |c, a| c.external = vec![a]),
            ("/ip4/192.0.2.1/tcp/1/p2p-circuit", "--external", |c, a| c.external = vec![a]),
            ("/ip4/192.0.2.1/tcp/4001/ws", "--bootstrap", |c, a| c.bootstrap = vec![a]),
        ];
        for (address, expected, set) in cases {
            let mut config = Config::default();
            set(&mut config, address.parse().unwrap());
            match config.check() {
                Err(Error::Option { option, value, .. }) => {
                    assert_eq!((option, value.as_str()), (expected, address));
                }
                other => panic!("{address}: {other:?}"),
            }
        }
        let mut config = Config::default();
        config.p2p_listen.push("/ip6/::/tcp/4003".parse().unwrap());
        config.external = vec!["/dns4/art.example/tcp/443/wss".parse().unwrap()];
        config.bootstrap = vec![format!("/dns4/b.example/tcp/443/wss/p2p/{ID}").parse().unwrap()];
        config.check().unwrap();
        config.webrtc_direct_listen = vec!["/ip4/0.0.0.0/udp/0/webrtc-direct".parse().unwrap()];
        let said = config.check().err().map(|error| error.to_string());
        let lacks = said.as_ref().is_some_and(|said| said.ends_with("built with --features webrtc-direct"));
        assert_eq!(lacks, !cfg!(feature = "webrtc-direct"), "{said:?}");
    }

    #[test]
    fn ice_servers_are_read_and_served_as_browsers_take_them() {
        let json = |text: &str| serde_json::to_string(&ice_server(text).unwrap()).unwrap();
        assert_eq!(json("stun:stun.example:3478"), r#"{"urls":["stun:stun.example:3478"]}"#);
        let turn = "turns:turn.example:5349?transport=tcp,visitor,se,cret";
        assert_eq!(
            json(turn),
            r#"{"urls":["turns:turn.example:5349?transport=tcp"],"username":"visitor","credential":"se,cret"}"#
        );
        for wrong in
            ["", "https://stun.example", "turn:turn.example", "turn:turn.example,visitor", "stun:a,b"]
        {
            assert!(ice_server(wrong).is_err(), "{wrong}");
        }
    }
}
