//! Which addresses are whose.

use libp2p::{
    Multiaddr, PeerId,
    core::{ConnectedPoint, multiaddr::Protocol},
};

/// Whether this end of a connection is a direct one of the `/webrtc` transport. `ConnectedPoint::is_relayed` says
/// yes to those that were dialled through a circuit, for their address names it; this function tells them apart.
#[must_use]
pub fn is_webrtc(endpoint: &ConnectedPoint) -> bool {
    local_or_dialled(endpoint).iter().any(|part| part == Protocol::WebRTC)
}

/// Whether this end of a connection runs through a relay's circuit, where signalling belongs.
#[must_use]
pub fn is_circuit(endpoint: &ConnectedPoint) -> bool {
    is_circuit_address(local_or_dialled(endpoint))
}

/// As [`is_circuit`], for one end's address. That of a `/webrtc` connection names the relay that carried its signalling.
#[must_use]
pub fn is_circuit_address(address: &Multiaddr) -> bool {
    address.iter().any(|part| part == Protocol::P2pCircuit)
        && !address.iter().any(|part| part == Protocol::WebRTC)
}

fn local_or_dialled(endpoint: &ConnectedPoint) -> &Multiaddr {
    match endpoint {
        ConnectedPoint::Dialer { address, .. } => address,
        ConnectedPoint::Listener { local_addr, .. } => local_addr,
    }
}

/// A `/webrtc` address to dial, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Who is dialled.
    pub(crate) peer: PeerId,
    /// The same address without `/webrtc`, where it names a relay's circuit.
    pub(crate) circuit: Option<Multiaddr>,
}

impl Target {
    /// Takes `[<relay>/p2p/R/p2p-circuit]/webrtc/p2p/B` apart. `None` for addresses of other transports.
    pub(crate) fn parse(address: &Multiaddr) -> Option<Self> {
        let parts: Vec<_> = address.iter().collect();
        let [before @ .., Protocol::WebRTC, Protocol::P2p(peer)] = parts.as_slice() else { return None };
        if before.contains(&Protocol::WebRTC) {
            return None;
        }
        let circuit = match before.split_last() {
            None => None,
            Some((Protocol::P2pCircuit, relay))
                if !relay.is_empty() && !relay.contains(&Protocol::P2pCircuit) =>
            {
                let circuit: Multiaddr = before.iter().cloned().collect();
                Some(circuit.with(Protocol::P2p(*peer)))
            }
            Some(_) => return None,
        };
        Some(Self { peer: *peer, circuit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers() -> (PeerId, String) {
        let peer = libp2p::identity::Keypair::generate_secp256k1().public().to_peer_id();
        (peer, peer.to_string())
    }

    #[test]
    fn addresses_through_a_circuit_are_taken_apart() {
        let (peer, text) = peers();
        let relay = format!("/ip4/127.0.0.1/tcp/4001/ws/p2p/{text}");
        let target =
            Target::parse(&format!("{relay}/p2p-circuit/webrtc/p2p/{text}").parse().unwrap()).unwrap();
        assert_eq!(target.peer, peer);
        assert_eq!(target.circuit, Some(format!("{relay}/p2p-circuit/p2p/{text}").parse().unwrap()));
        let target = Target::parse(&format!("/webrtc/p2p/{text}").parse().unwrap()).unwrap();
        assert_eq!(target, Target { peer, circuit: None });
    }

    #[test]
    fn addresses_of_other_transports_are_left_to_them() {
        let (_, text) = peers();
        for other in [
            "/webrtc".to_owned(),
            format!("/p2p/{text}"),
            format!("/ip4/127.0.0.1/tcp/4001/ws/p2p/{text}"),
            format!("/ip4/127.0.0.1/tcp/4001/ws/p2p/{text}/p2p-circuit/p2p/{text}"),
            format!("/ip4/127.0.0.1/tcp/4001/ws/p2p/{text}/p2p-circuit/webrtc"),
            format!("/ip4/127.0.0.1/udp/4001/webrtc-direct/p2p/{text}"),
            format!("/ip4/127.0.0.1/webrtc/p2p/{text}"),
            format!("/p2p-circuit/webrtc/p2p/{text}"),
            format!("/webrtc/webrtc/p2p/{text}"),
        ] {
            assert_eq!(Target::parse(&other.parse().unwrap()), None, "{other}");
        }
    }

    #[test]
    fn a_direct_connection_is_not_a_circuit_although_its_address_names_one() {
        let (_, text) = peers();
        let dialer = |address: String| ConnectedPoint::Dialer {
            address: address.parse().unwrap(),
            role_override: libp2p::core::Endpoint::Dialer,
            port_use: libp2p::core::transport::PortUse::Reuse,
        };
        let circuit = format!("/ip4/127.0.0.1/tcp/1/ws/p2p/{text}/p2p-circuit");
        let direct = dialer(format!("{circuit}/webrtc/p2p/{text}"));
        assert!(is_webrtc(&direct) && !is_circuit(&direct) && direct.is_relayed());
        let relayed = dialer(format!("{circuit}/p2p/{text}"));
        assert!(!is_webrtc(&relayed) && is_circuit(&relayed));
    }

    #[test]
    fn a_direct_connection_whose_signalling_was_relayed_is_no_circuit() {
        let relay = "/ip4/127.0.0.1/tcp/4001/ws/p2p/12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X";
        let parse = |text: &str| text.parse::<Multiaddr>().unwrap();
        assert!(!is_circuit_address(&parse(relay)));
        assert!(is_circuit_address(&parse(&format!("{relay}/p2p-circuit"))));
        assert!(!is_circuit_address(&parse(&format!("{relay}/p2p-circuit/webrtc"))));
        assert!(!is_circuit_address(&parse("/webrtc")));
    }
}
