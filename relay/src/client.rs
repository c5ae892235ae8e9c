//! Whose request or connection it is: which addresses count as one, which are exempt, and whom a proxy speaks for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;
use libp2p::{Multiaddr, multiaddr::Protocol};

/// Entries of a forwarding header that are looked at: more proxies than this in a row is no set-up but an attack.
const HOPS: usize = 16;

/// The address whose rate is counted: an IPv6 host has a whole /64 to choose from.
pub(crate) fn counted(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.into(),
            None => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        },
    }
}

/// The network that an address belongs to, as far as one person may hold it: an IPv6 customer is often given a whole
/// /48, which is 65,536 of what [`counted`] takes for one.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match counted(address) {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 80 << 80).into(),
        v4 => v4,
    }
}

/// Whom limits count a connection for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source {
    /// An IPv4 address, or an IPv6 /64.
    pub(crate) address: IpAddr,
    /// An IPv4 address, or an IPv6 /48.
    pub(crate) network: IpAddr,
}

/// The IP address that a peer's multiaddress begins with.
pub(crate) fn ip_of(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(ip.into()),
        _ => None,
    }
}

/// The proxies that the operator named.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies(Vec<IpNet>);

impl Proxies {
    pub(crate) fn new(trusted: Vec<IpNet>) -> Self {
        Self(trusted)
    }

    /// Whether the operator named this address as a proxy.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The address that limits count for, or `None` where no limit for addresses applies: a proxy speaks for many,
    /// and on the loopback address sits either a proxy or the operator.
    pub(crate) fn limited(&self, address: IpAddr) -> Option<IpAddr> {
        let address = address.to_canonical();
        let own = address == Ipv4Addr::LOCALHOST || address == Ipv6Addr::LOCALHOST;
        (!own && !self.trusts(address)).then(|| counted(address))
    }

    /// Whom limits count a peer's connection for, or `None` where none for addresses applies.
    pub(crate) fn source(&self, remote: &Multiaddr) -> Option<Source> {
        let address = self.limited(ip_of(remote)?)?;
        Some(Source { address, network: network_of(address) })
    }

    /// Who sent a request that arrived from `peer`. The headers count only where `peer` is a trusted proxy: from the
    /// end of `X-Forwarded-For` (or, without it, of `Forwarded`, RFC 7239) back to the first address that is no trusted
    /// proxy itself. What stands before that one was written by the client and is not looked at.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer;
        if !self.trusts(peer) {
            return client;
        }
        let listed = |name: &str| -> Vec<String> {
            let lines = headers.get_all(name).filter_map(|value| value.to_str().ok());
            lines.flat_map(|line| line.split(',')).map(|entry| entry.trim().to_owned()).collect()
        };
        let mut hops: Vec<Option<IpAddr>> =
            listed("x-forwarded-for").iter().map(|entry| address(entry)).collect();
        if hops.is_empty() {
            hops = listed("forwarded").iter().map(|entry| forwarded_for(entry)).collect();
        }
        for hop in hops.into_iter().rev().take(HOPS) {
            // An entry that is no address hides whoever is behind it; the last known one answers for it.
            let Some(hop) = hop else { break };
            client = hop;
            if !self.trusts(hop) {
                break;
            }
        }
        client
    }

    /// Whether the page was asked for over TLS, as far as a trusted proxy says so.
    pub(crate) fn is_https(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        if !self.trusts(peer) {
            return false;
        }
        let last = |name: &str| headers.get_all(name).filter_map(|value| value.to_str().ok()).last();
        if let Some(scheme) = last("x-forwarded-proto") {
            return scheme
                .rsplit(',')
                .next()
                .is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"));
        }
        last("forwarded").and_then(|line| line.rsplit(',').next()).is_some_and(|entry| {
            pairs(entry).any(|(name, value)| {
                name.eq_ignore_ascii_case("proto") && value.eq_ignore_ascii_case("https")
            })
        })
    }
}

/// `name=value` pairs of one element of `Forwarded`.
fn pairs(entry: &str) -> impl Iterator<Item = (&str, &str)> {
    entry.split(';').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some((name.trim(), value.trim().trim_matches('"')))
    })
}

fn forwarded_for(entry: &str) -> Option<IpAddr> {
    pairs(entry).find(|(name, _)| name.eq_ignore_ascii_case("for")).and_then(|(_, value)| address(value))
}

/// An address as proxies write it: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:4711`.
fn address(text: &str) -> Option<IpAddr> {
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split_once(']')?.0.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    text.parse().ok().or_else(|| text.rsplit_once(':')?.0.parse().ok().map(IpAddr::V4))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn proxies() -> Proxies {
        Proxies::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::1/128".parse().unwrap()])
    }

    #[test]
    fn the_header_counts_only_from_a_trusted_proxy() {
        let claims = headers(&[("x-forwarded-for", "198.51.100.7"), ("x-forwarded-proto", "https")]);
        assert_eq!(proxies().client(ip("203.0.113.9"), &claims), ip("203.0.113.9"));
        assert_eq!(proxies().client(ip("127.0.0.1"), &claims), ip("127.0.0.1"));
        assert_eq!(proxies().client(ip("10.1.2.3"), &claims), ip("198.51.100.7"));
        assert_eq!(proxies().client(ip("::ffff:10.1.2.3"), &claims), ip("198.51.100.7"));
        assert!(proxies().is_https(ip("10.1.2.3"), &claims));
        assert!(!proxies().is_https(ip("203.0.113.9"), &claims));
    }

    #[test]
    fn what_the_client_wrote_before_the_proxys_own_entry_is_not_believed() {
        for (line, client) in [
            ("1.1.1.1, 198.51.100.7", "198.51.100.7"),
            ("1.1.1.1, 198.51.100.7, 10.0.0.2, fd00::1", "198.51.100.7"),
            ("198.51.100.7:4711", "198.51.100.7"),
            ("[2001:db8::5]:80", "2001:db8::5"),
            ("2001:db8::5", "2001:db8::5"),
            ("198.51.100.7, garbage", "10.1.2.3"),
            ("garbage, 10.0.0.2", "10.0.0.2"),
            ("", "10.1.2.3"),
            ("10.0.0.9, 10.0.0.8", "10.0.0.9"),
        ] {
            let headers = headers(&[("x-forwarded-for", line)]);
            assert_eq!(proxies().client(ip("10.1.2.3"), &headers), ip(client), "{line:?}");
        }
        let two_lines = headers(&[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "198.51.100.7")]);
        assert_eq!(proxies().client(ip("10.1.2.3"), &two_lines), ip("198.51.100.7"));
        let endless = headers(&[("x-forwarded-for", &vec!["10.0.0.1"; 5000].join(","))]);
        assert_eq!(proxies().client(ip("10.1.2.3"), &endless), ip("10.0.0.1"));
    }

    #[test]
    fn forwarded_is_read_where_there_is_no_older_header() {
        let standard =
            headers(&[("forwarded", "for=1.1.1.1, for=\"[2001:db8::5]:4711\";proto=https;by=10.0.0.2")]);
        assert_eq!(proxies().client(ip("10.1.2.3"), &standard), ip("2001:db8::5"));
        assert!(proxies().is_https(ip("10.1.2.3"), &standard));
        let both = headers(&[("forwarded", "for=1.1.1.1"), ("x-forwarded-for", "198.51.100.7")]);
        assert_eq!(proxies().client(ip("10.1.2.3"), &both), ip("198.51.100.7"));
        let hidden = headers(&[("forwarded", "for=_hidden")]);
        assert_eq!(proxies().client(ip("10.1.2.3"), &hidden), ip("10.1.2.3"));
    }

    #[test]
    fn limits_count_networks_and_spare_proxies() {
        assert_eq!(proxies().limited(ip("198.51.100.7")), Some(ip("198.51.100.7")));
        assert_eq!(proxies().limited(ip("::ffff:198.51.100.7")), Some(ip("198.51.100.7")));
        assert_eq!(proxies().limited(ip("2001:db8:1:2:3:4:5:6")), Some(ip("2001:db8:1:2::")));
        assert_eq!(proxies().limited(ip("10.9.9.9")), None);
        assert_eq!(proxies().limited(ip("127.0.0.1")), None);
        assert_eq!(proxies().limited(ip("::1")), None);
        assert_eq!(
            proxies().limited(ip("127.0.0.2")),
            Some(ip("127.0.0.2")),
            "only the one that proxies use"
        );
        let source = |text: &str| proxies().source(&text.parse().unwrap()).map(|s| (s.address, s.network));
        let v6 = (ip("2001:db8:1:2::"), ip("2001:db8:1::"));
        assert_eq!(source("/ip6/2001:db8:1:2:3:4:5:6/tcp/1/ws"), Some(v6));
        let v4 = (ip("198.51.100.7"), ip("198.51.100.7"));
        assert_eq!(source("/ip4/198.51.100.7/udp/1/webrtc-direct"), Some(v4));
        assert_eq!(source("/ip4/10.9.9.9/tcp/1/ws"), None);
        assert_eq!(ip_of(&"/ip4/198.51.100.7/tcp/4001/ws".parse().unwrap()), Some(ip("198.51.100.7")));
        assert_eq!(ip_of(&"/dns4/example.org/tcp/4001/ws".parse().unwrap()), None);
    }
}
