//! WebRTC-direct: how tabs reach a relay that has neither a name nor a certificate of an authority.

mod support;

use futures::StreamExt as _;
use libp2p::{
    Multiaddr, Swarm, Transport as _, core::muxing::StreamMuxerBox, identity::Keypair, multiaddr::Protocol,
    ping, swarm::SwarmEvent,
};
use libp2p_webrtc::tokio::{Certificate, Transport};
use support::{PATIENCE, relay as start, send};

fn direct(listen: &str) -> Vec<Multiaddr> {
    vec![listen.parse().unwrap()]
}

fn hash(address: &Multiaddr) -> String {
    let hash = address.iter().find(|part| matches!(part, Protocol::Certhash(_)));
    hash.expect("a hash").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_dials_what_the_page_is_told() {
    let (relay, _) =
        start(|config| config.webrtc_direct_listen = direct("/ip4/127.0.0.1/udp/0/webrtc-direct")).await;
    let told = send(relay.http_addr(), "GET", "/api/v1/config", &[]).json();
    assert_eq!(told["relays"].as_array().unwrap().len(), 1, "it is in a list of its own");
    let address: Multiaddr = told["webrtcDirect"][0].as_str().unwrap().parse().unwrap();
    assert_eq!(address, relay.p2p_addrs()[1]);

    let keypair = Keypair::generate_ed25519();
    let transport = Transport::new(keypair.clone(), Certificate::generate(&mut rand::rng()).unwrap());
    let transport = transport.map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection))).boxed();
    let config = libp2p::swarm::Config::with_tokio_executor().with_idle_connection_timeout(PATIENCE);
    let mut swarm = Swarm::new(transport, ping::Behaviour::default(), keypair.public().to_peer_id(), config);
    swarm.listen_on("/ip4/127.0.0.1/udp/0/webrtc-direct".parse().unwrap()).unwrap();
    let answered = async {
        loop {
            match swarm.select_next_some().await {
                SwarmEvent::NewListenAddr { .. } => swarm.dial(address.clone()).unwrap(),
                SwarmEvent::OutgoingConnectionError { error, .. } => panic!("{error}"),
                SwarmEvent::Behaviour(ping::Event { result: Ok(_), .. }) => return,
                _ => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, answered).await.unwrap();
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_is_kept_where_the_operator_gives_a_file_and_stands_in_public_addresses() {
    let folder = tempfile::tempdir().unwrap();
    let mut hashes = Vec::new();
    for file in [None, None, Some("certificate.pem"), Some("certificate.pem")] {
        let (relay, _) = start(|config| {
            config.webrtc_direct_listen = direct("/ip4/127.0.0.1/udp/0/webrtc-direct");
            config.webrtc_certificate = file.map(|name| folder.path().join(name));
            config.external = direct("/ip4/192.0.2.7/udp/4002/webrtc-direct");
        })
        .await;
        let hash = hash(&relay.p2p_addrs()[1]);
        let told = send(relay.http_addr(), "GET", "/api/v1/config", &[]).json();
        let expected = format!("/ip4/192.0.2.7/udp/4002/webrtc-direct{hash}/p2p/");
        assert!(told["webrtcDirect"][0].as_str().unwrap().starts_with(&expected), "{told}");
        hashes.push(hash);
        relay.stop().await.unwrap();
    }
    assert!(hashes[0] != hashes[1] && hashes[1] != hashes[2] && hashes[2] == hashes[3], "{hashes:?}");
}
