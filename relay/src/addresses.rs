//! Where tabs are told to dial, and what the page's Content-Security-Policy must therefore allow.
//!
//! What the operator names with `--external` is told as it is. Without it, the relay tells where it listens; on a
//! wildcard address that is under the name by which the page itself was opened, which is the only one that is known to
//! lead here (through a container's port mapping, for example).

use std::net::IpAddr;

use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};

/// One listener.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    /// What the operator asked for.
    pub(crate) asked: Multiaddr,
    /// What the system gave: the real port, one address for each interface where a wildcard was asked for.
    pub(crate) got: Vec<Multiaddr>,
}

impl Listener {
    fn is_wildcard(&self) -> bool {
        crate::client::ip_of(&self.asked).is_some_and(|ip| ip.is_unspecified())
    }
}

/// Every address of the relay, none of them with the relay's id.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    pub(crate) peer: PeerId,
    /// Public addresses, as the operator named them.
    pub(crate) external: Vec<Multiaddr>,
    pub(crate) listeners: Vec<Listener>,
    /// Other relays of the mesh, with their ids.
    pub(crate) others: Vec<Multiaddr>,
}

/// What a page that was opened under some name is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Served {
    /// Websocket addresses, each with a relay's id at its end.
    pub(crate) relays: Vec<Multiaddr>,
    /// WebRTC-direct addresses of this relay, with its certificate's hash and its id.
    pub(crate) webrtc_direct: Vec<Multiaddr>,
    /// What `connect-src` must name for the above.
    pub(crate) sources: Vec<String>,
}

impl Addresses {
    /// Where this relay can be dialled by whoever is on this machine or network, each with its id.
    pub(crate) fn dialable(&self) -> Vec<Multiaddr> {
        self.listeners
            .iter()
            .flat_map(|listener| &listener.got)
            .map(|address| self.with_id(address))
            .collect()
    }

    /// What to tell a page opened as `host` (an address or a name; `None` where the request named none that makes
    /// sense). A page opened over TLS is told no plain websocket, for its browser would refuse it.
    pub(crate) fn served(&self, host: Option<&str>, https: bool) -> Served {
        let mut served = Served::default();
        let external = |wanted: fn(&Multiaddr) -> bool| -> Vec<Multiaddr> {
            self.external.iter().filter(|address| wanted(address)).cloned().collect()
        };
        let mut websocket = external(is_websocket);
        if websocket.is_empty() {
            websocket = self.listening(is_websocket, |listener| renamed(listener, host));
            websocket.retain(|address| !https || is_secure(address));
        }
        served.webrtc_direct = external(is_webrtc_direct);
        if served.webrtc_direct.is_empty() {
            // The name in a WebRTC-direct address must be an IP address: nothing resolves it.
            let ip = host.filter(|host| host.parse::<IpAddr>().is_ok());
            served.webrtc_direct = self.listening(is_webrtc_direct, |listener| renamed(listener, ip));
        }
        served.webrtc_direct.iter_mut().for_each(|address| *address = self.with_id(address));
        served.relays = websocket.iter().map(|address| self.with_id(address)).collect();
        served.relays.extend(self.others.iter().filter(|address| is_websocket(address)).cloned());
        for source in served.relays.iter().filter_map(source) {
            if !served.sources.contains(&source) {
                served.sources.push(source);
            }
        }
        served
    }

    fn listening(
        &self,
        wanted: fn(&Multiaddr) -> bool,
        name: impl Fn(&Listener) -> Vec<Multiaddr>,
    ) -> Vec<Multiaddr> {
        self.listeners.iter().filter(|listener| wanted(&listener.asked)).flat_map(name).collect()
    }

    fn with_id(&self, address: &Multiaddr) -> Multiaddr {
        address.clone().with_p2p(self.peer).unwrap_or_else(|address| address)
    }
}

/// Where a listener can be reached by someone who reached the page as `host`.
fn renamed(listener: &Listener, host: Option<&str>) -> Vec<Multiaddr> {
    let (true, Some(host), Some(first)) = (listener.is_wildcard(), host, listener.got.first()) else {
        return listener.got.clone();
    };
    let name = match host.parse::<IpAddr>() {
        Ok(ip) => Multiaddr::from(ip),
        Err(_) => Multiaddr::empty().with(Protocol::Dns(host.into())),
    };
    vec![first.iter().skip(1).fold(name, Multiaddr::with)]
}

/// The name in a request's `Host`, where it can stand in a multiaddress and in a policy.
pub(crate) fn host_name(host: &str) -> Option<&str> {
    if let Some(rest) = host.strip_prefix('[') {
        let name = rest.split_once(']')?.0;
        return name.parse::<std::net::Ipv6Addr>().is_ok().then_some(name);
    }
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    (!name.is_empty() && name.len() <= 253 && name.chars().all(plain)).then_some(name)
}

/// Whether a tab can dial it without WebRTC.
pub(crate) fn is_websocket(address: &Multiaddr) -> bool {
    address.iter().any(|part| matches!(part, Protocol::Ws(_) | Protocol::Wss(_)))
}

/// Whether it is for WebRTC-direct.
pub(crate) fn is_webrtc_direct(address: &Multiaddr) -> bool {
    address.iter().any(|part| matches!(part, Protocol::WebRTCDirect))
}

fn is_secure(address: &Multiaddr) -> bool {
    address.iter().any(|part| matches!(part, Protocol::Wss(_) | Protocol::Tls))
}

/// The origin of a websocket address as `connect-src` takes it. The grammar of policies has no IPv6 addresses, so there
/// the scheme alone is named.
fn source(address: &Multiaddr) -> Option<String> {
    let mut parts = address.iter();
    let scheme = if is_secure(address) { "wss" } else { "ws" };
    let host = match parts.next()? {
        Protocol::Ip4(ip) => ip.to_string(),
        Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name) => host_name(&name)?.to_owned(),
        Protocol::Ip6(_) => return Some(format!("{scheme}:")),
        _ => return None,
    };
    let Protocol::Tcp(port) = parts.next()? else { return None };
    Some(format!("{scheme}://{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "12D3KooWGQmdpzHXCqLno4mMxWXKNFQHASBeF99gTm2JR8Vu5Bdc";
    const OTHER: &str = "12D3KooWJKwkxLYLEvFNW2VXnAXkrMXsmsoS8yoe1WKrHjL2d6hH";

    fn address(text: &str) -> Multiaddr {
        text.parse().unwrap()
    }

    fn listener(asked: &str, got: &[&str]) -> Listener {
        Listener { asked: address(asked), got: got.iter().map(|text| address(text)).collect() }
    }

    fn relay(listeners: Vec<Listener>, external: &[&str]) -> Addresses {
        let external = external.iter().map(|text| address(text)).collect();
        Addresses { peer: ID.parse().unwrap(), external, listeners, others: Vec::new() }
    }

    fn told(addresses: &Addresses, host: Option<&str>, https: bool) -> (Vec<String>, Vec<String>) {
        let served = addresses.served(host, https);
        (served.relays.iter().map(ToString::to_string).collect(), served.sources)
    }

    #[test]
    fn a_listener_on_one_address_is_told_as_it_is() {
        let relay = relay(vec![listener("/ip4/127.0.0.1/tcp/0/ws", &["/ip4/127.0.0.1/tcp/4711/ws"])], &[]);
        for host in [None, Some("localhost"), Some("127.0.0.1")] {
            let expected = (
                vec![format!("/ip4/127.0.0.1/tcp/4711/ws/p2p/{ID}")],
                vec!["ws://127.0.0.1:4711".to_owned()],
            );
            assert_eq!(told(&relay, host, false), expected, "{host:?}");
        }
        assert_eq!(told(&relay, Some("example.org"), true), (vec![], vec![]), "no plain websocket over TLS");
    }

    #[test]
    fn a_wildcard_is_told_under_the_name_the_page_was_opened_with() {
        let got = ["/ip4/127.0.0.1/tcp/4001/ws", "/ip4/172.17.0.2/tcp/4001/ws"];
        let relay = relay(vec![listener("/ip4/0.0.0.0/tcp/4001/ws", &got)], &[]);
        for (host, told_address, source) in [
            ("localhost", "/dns/localhost/tcp/4001/ws", "ws://localhost:4001"),
            ("192.0.2.7", "/ip4/192.0.2.7/tcp/4001/ws", "ws://192.0.2.7:4001"),
            ("example.org", "/dns/example.org/tcp/4001/ws", "ws://example.org:4001"),
            ("fd00::5", "/ip6/fd00::5/tcp/4001/ws", "ws:"),
        ] {
            let expected = (vec![format!("{told_address}/p2p/{ID}")], vec![source.to_owned()]);
            assert_eq!(told(&relay, Some(host), false), expected);
        }
        assert_eq!(told(&relay, None, false).0.len(), 2);
    }

    #[test]
    fn public_addresses_replace_listeners_and_other_relays_follow() {
        let listeners = vec![
            listener("/ip4/0.0.0.0/tcp/4001/ws", &["/ip4/10.0.0.1/tcp/4001/ws"]),
            listener("/ip4/0.0.0.0/tcp/4003", &["/ip4/10.0.0.1/tcp/4003"]),
        ];
        let mut relay = relay(listeners, &["/dns4/art.example/tcp/443/wss"]);
        relay.others = vec![
            address(&format!("/dns4/second.example/tcp/443/tls/ws/p2p/{OTHER}")),
            address(&format!("/ip4/10.0.0.2/tcp/4003/p2p/{OTHER}")),
        ];
        let (relays, sources) = told(&relay, Some("art.example"), true);
        assert_eq!(
            relays,
            [
                format!("/dns4/art.example/tcp/443/wss/p2p/{ID}"),
                format!("/dns4/second.example/tcp/443/tls/ws/p2p/{OTHER}")
            ]
        );
        assert_eq!(sources, ["wss://art.example:443", "wss://second.example:443"]);
        assert_eq!(relay.dialable().len(), 2);
    }

    #[test]
    fn webrtc_direct_is_told_under_an_ip_address_only() {
        let hash = "uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g";
        let got = format!("/ip4/172.17.0.2/udp/4002/webrtc-direct/certhash/{hash}");
        let relay = relay(vec![listener("/ip4/0.0.0.0/udp/4002/webrtc-direct", &[&got])], &[]);
        let direct = |host| relay.served(host, true).webrtc_direct[0].to_string();
        assert_eq!(direct(Some("localhost")), format!("{got}/p2p/{ID}"));
        let renamed = format!("/ip4/192.0.2.7/udp/4002/webrtc-direct/certhash/{hash}/p2p/{ID}");
        assert_eq!(direct(Some("192.0.2.7")), renamed);
        assert!(relay.served(None, false).sources.is_empty());
    }

    #[test]
    fn only_names_that_can_stand_in_a_policy_are_taken_from_a_request() {
        for (host, name) in [
            ("localhost:8080", Some("localhost")),
            ("192.0.2.7", Some("192.0.2.7")),
            ("[::1]:8080", Some("::1")),
            ("art.example", Some("art.example")),
            ("", None),
            (":8080", None),
            ("a b", None),
            ("evil; script-src *", None),
            ("[::1", None),
            ("[example]", None),
            ("a/b", None),
            ("*.example", None),
        ] {
            assert_eq!(host_name(host), name, "{host:?}");
        }
        assert_eq!(host_name(&"a".repeat(300)), None);
    }
}
