//! TCP and websockets on tokio.

use std::{
    future::Future,
    net::{Ipv4Addr, Ipv6Addr},
};

use libp2p::{
    Multiaddr, PeerId, Transport,
    core::{muxing::StreamMuxerBox, transport::MemoryTransport, upgrade},
    dns,
    identity::Keypair,
    multiaddr::Protocol,
    noise,
    swarm::{self, dummy},
    tcp, websocket, yamux,
};

use super::Built;
use crate::{Error, IceServer, relays::Relays};

/// Native nodes are reached at their own addresses.
pub(crate) type Reach = dummy::Behaviour;

/// Natively, connections end with their node.
#[derive(Clone)]
pub(crate) struct Closer;

/// Makes the transports: TCP, websockets over it, and, for tests, memory.
pub(crate) fn build(identity: &Keypair, _: &[IceServer]) -> Result<Built, Error> {
    let tcp = || tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
    let encryption = noise::Config::new(identity).map_err(|e| Error::Encryption(e.to_string()))?;
    // A machine that names no resolver still reaches numeric addresses.
    let names =
        dns::tokio::Transport::system(tcp()).and_then(|a| Ok((a, dns::tokio::Transport::system(tcp())?)));
    let streams = match names {
        Ok((direct, below)) => websocket::Config::new(below).or_transport(direct).boxed(),
        Err(error) => {
            tracing::warn!(%error, "this machine resolves no names; only numeric addresses can be dialled");
            websocket::Config::new(tcp()).or_transport(tcp()).boxed()
        }
    };
    // Memory goes first: the websocket transport gives a final error for addresses that have no host.
    let transport = MemoryTransport::default()
        .or_transport(streams)
        .upgrade(upgrade::Version::V1Lazy)
        .authenticate(encryption)
        .multiplex(yamux::Config::default())
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)))
        .boxed();
    Ok(Built { transport, reach: dummy::Behaviour, closer: Closer })
}

pub(crate) fn swarm_config() -> Result<swarm::Config, Error> {
    tokio::runtime::Handle::try_current().map_err(|_| Error::NoRuntime)?;
    Ok(swarm::Config::with_tokio_executor())
}

pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(future);
}

/// What of a member's addresses is dialled: the direct ones, and of them, unless `private` ones may be dialled too, those
/// that are public and at a port that no well-known service has. Strangers name them: a node must not knock where they
/// like, least of all behind a firewall that it is inside of.
pub(crate) fn routes(addresses: Vec<Multiaddr>, _: PeerId, _: &Relays, private: bool) -> Vec<Multiaddr> {
    let direct = |address: &Multiaddr| !address.iter().any(|part| part == Protocol::P2pCircuit);
    addresses.into_iter().filter(|address| direct(address) && (private || is_public(address))).collect()
}

/// The first port that is not of a well-known service (RFC 6335, section 6).
const FIRST_PORT: u16 = 1024;

/// Whether it is a public IP address, a port and what is spoken there. Names are not: they may lead anywhere.
fn is_public(address: &Multiaddr) -> bool {
    let mut parts = address.iter();
    let public = match parts.next() {
        Some(Protocol::Ip4(ip)) => is_public_v4(ip),
        Some(Protocol::Ip6(ip)) => is_public_v6(ip),
        _ => false,
    };
    let port = matches!(parts.next(), Some(Protocol::Tcp(port)) if port >= FIRST_PORT);
    let rest = |part| matches!(part, Protocol::Ws(_) | Protocol::Wss(_) | Protocol::Tls | Protocol::P2p(_));
    public && port && parts.all(rest)
}

/// As IANA's registry of special-purpose addresses says (RFC 6890).
fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        // Carriers' NAT, protocol assignments, 6to4 relays, benchmarks.
        || (a == 100 && b & 0xc0 == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && b & 0xfe == 18);
    !special
}

/// Global unicast (2000::/3) but what stands for other addresses or for none: Teredo and protocol assignments
/// (2001::/23), documentation, 6to4.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    let documentation = (a == 0x2001 && b == 0xdb8) || (a == 0x3fff && b < 0x1000);
    a & 0xe000 == 0x2000 && !(a == 0x2001 && b < 0x200) && !documentation && a != 0x2002
}

pub(crate) fn unsupported() -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn dialled(addresses: &[&str], private: bool) -> usize {
        let addresses: Vec<_> = addresses.iter().map(|text| text.parse().unwrap()).collect();
        let me = PeerId::random();
        routes(addresses, me, &Relays::new(&[], me, Instant::now()), private).len()
    }

    #[test]
    fn a_stranger_cannot_make_a_node_knock_where_it_likes() {
        const NOWHERE: [&str; 31] = [
            "/ip4/10.0.0.1/tcp/4001",
            "/ip4/172.16.0.1/tcp/4001",
            "/ip4/192.168.1.1/tcp/8080/ws",
            "/ip4/127.0.0.1/tcp/4001",
            "/ip4/169.254.169.254/tcp/8080",
            "/ip4/100.64.0.1/tcp/4001",
            "/ip4/0.0.0.0/tcp/4001",
            "/ip4/224.0.0.1/tcp/4001",
            "/ip4/255.255.255.255/tcp/4001",
            "/ip4/198.18.0.1/tcp/4001",
            "/ip4/192.0.0.8/tcp/4001",
            "/ip4/192.88.99.1/tcp/4001",
            "/ip4/198.51.100.1/tcp/4001",
            "/ip6/::1/tcp/4001",
            "/ip6/::/tcp/4001",
            "/ip6/fc00::1/tcp/4001",
            "/ip6/fe80::1/tcp/4001",
            "/ip6/ff02::1/tcp/4001",
            "/ip6/::ffff:10.0.0.1/tcp/4001",
            "/ip6/64:ff9b::a00:1/tcp/4001",
            "/ip6/2001:db8::1/tcp/4001",
            "/ip6/2001::1/tcp/4001",
            "/ip6/2002:a00:1::1/tcp/4001",
            "/ip6/3fff:1::1/tcp/4001",
            "/ip4/1.1.1.1/tcp/22",
            "/ip4/1.1.1.1/tcp/1023/ws",
            "/dns4/localhost/tcp/4001",
            "/dns/intranet.example/tcp/4001/ws",
            "/memory/1",
            "/ip4/1.1.1.1/udp/4001",
            "/ip4/1.1.1.1/tcp/4001/http",
        ];
        for address in NOWHERE {
            assert_eq!(dialled(&[address], false), 0, "{address}");
            assert_eq!(dialled(&[address], true), 1, "{address}");
        }
        let public = [
            "/ip4/1.1.1.1/tcp/1024",
            "/ip4/100.128.0.1/tcp/4001/ws",
            "/ip4/198.20.0.1/tcp/4001/tls/ws",
            "/ip6/2606:4700::1111/tcp/4001/wss",
            "/ip6/2001:4860::8888/tcp/65535",
        ];
        assert_eq!(dialled(&public, false), public.len());
        let relay = PeerId::random();
        let circuit = format!("/ip4/1.1.1.1/tcp/4001/p2p/{relay}/p2p-circuit");
        assert_eq!((dialled(&[&circuit], false), dialled(&[&circuit], true)), (0, 0));
    }
}
