//! `/ip4/…/udp/…/webrtc-direct/certhash/…` taken apart.

use std::{fmt, net::IpAddr};

use libp2p::{Multiaddr, PeerId, core::multiaddr::Protocol};

/// The code of SHA-256 in multihashes.
const SHA256: u64 = 0x12;

/// The SHA-256 of a DTLS certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    /// Upper-case hex with colons (RFC 8122, section 5).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if index > 0 { ":" } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// A server to dial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its address.
    pub ip: IpAddr,
    /// Its UDP port.
    pub port: u16,
    /// What its DTLS certificate must hash to.
    pub certificate: Fingerprint,
    /// Who it must be, where the address says so.
    pub peer: Option<PeerId>,
}

impl Server {
    /// Takes `/ip4|ip6/…/udp/…/webrtc-direct/certhash/…[/p2p/…]` apart. `None` for addresses of other transports, and for certificates that are not named by SHA-256, which is all that
    /// implementations use.
    #[must_use]
    pub fn parse(address: &Multiaddr) -> Option<Self> {
        let mut parts = address.iter();
        let ip = match parts.next()? {
            Protocol::Ip4(ip) => IpAddr::V4(ip),
            Protocol::Ip6(ip) => IpAddr::V6(ip),
            _ => return None,
        };
        let Protocol::Udp(port) = parts.next()? else { return None };
        let Protocol::WebRTCDirect = parts.next()? else { return None };
        let Protocol::Certhash(hash) = parts.next()? else { return None };
        if hash.code() != SHA256 {
            return None;
        }
        let certificate = Fingerprint(hash.digest().try_into().ok()?);
        let peer = match parts.next() {
            None => None,
            Some(Protocol::P2p(peer)) => Some(peer),
            Some(_) => return None,
        };
        parts.next().is_none().then_some(Self { ip, port, certificate, peer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification of certificate hashes in multiaddresses.
    const HASH: &str = "uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g";

    #[test]
    fn servers_are_taken_apart() {
        let peer = PeerId::random();
        let server = Server::parse(
            &format!("/ip4/192.0.2.7/udp/4001/webrtc-direct/certhash/{HASH}/p2p/{peer}").parse().unwrap(),
        )
        .unwrap();
        assert_eq!((server.ip, server.port, server.peer), ([192, 0, 2, 7].into(), 4001, Some(peer)));
        let shown = server.certificate.to_string();
        assert!(shown.starts_with("C3:AB:8F:F1:37:20:E8:AD:90:47:DD:39"), "{shown}");
        let server = Server::parse(&format!("/ip6/::1/udp/1/webrtc-direct/certhash/{HASH}").parse().unwrap());
        assert_eq!(server.unwrap().peer, None);
    }

    #[test]
    fn other_addresses_are_left_to_others() {
        let peer = PeerId::random();
        for other in [
            format!("/ip4/192.0.2.7/udp/4001/webrtc-direct/p2p/{peer}"),
            format!("/ip4/192.0.2.7/tcp/4001/webrtc-direct/certhash/{HASH}"),
            format!("/dns4/example.org/udp/4001/webrtc-direct/certhash/{HASH}"),
            format!("/ip4/192.0.2.7/udp/4001/quic-v1/webtransport/certhash/{HASH}"),
            format!("/ip4/192.0.2.7/udp/4001/webrtc-direct/certhash/{HASH}/p2p/{peer}/p2p-circuit"),
            format!("/ip4/192.0.2.7/udp/4001/webrtc-direct/certhash/{HASH}/certhash/{HASH}"),
            "/ip4/192.0.2.7/tcp/4001/ws".to_owned(),
        ] {
            assert_eq!(Server::parse(&other.parse().unwrap()), None, "{other}");
        }
    }
}
