//! A tab that holds a reservation at a relay, is reachable at `<relay>/p2p-circuit/webrtc/p2p/<own id>`, and dials the
//! peer that the page's address names after `#`.
//!
//! It is a program for the browser: build it with `--target wasm32-unknown-unknown`, run wasm-bindgen on the result
//! with `--target web`, and serve it beside a page with
//!
//! ```html
//! <script type="module">
//!   window.relay = "/ip4/127.0.0.1/tcp/4001/ws/p2p/<the relay's id>";
//!   (await import("./tab.js")).default();
//! </script>
//! ```

#[cfg(target_arch = "wasm32")]
mod tab {
    use std::time::Duration;

    use futures::StreamExt as _;
    use libp2p::{
        Multiaddr, SwarmBuilder, Transport as _,
        core::{muxing::StreamMuxerBox, upgrade::Version},
        identify,
        identity::Keypair,
        multiaddr::Protocol,
        noise, ping, relay,
        swarm::{NetworkBehaviour, SwarmEvent},
        websocket_websys, yamux,
    };
    use libp2p_webrtc_private as webrtc;
    use wasm_bindgen::{JsCast as _, JsValue, prelude::Closure};

    #[derive(NetworkBehaviour)]
    struct Behaviour {
        webrtc: webrtc::Behaviour,
        relay: relay::client::Behaviour,
        identify: identify::Behaviour,
        ping: ping::Behaviour,
    }

    pub(crate) async fn run() -> Result<(), Box<dyn std::error::Error>> {
        let window = js_sys::global();
        let relay = js_sys::Reflect::get(&window, &"relay".into()).ok().and_then(|relay| relay.as_string());
        let relay: Multiaddr = relay.ok_or("set window.relay to the relay's address")?.parse()?;

        let key = Keypair::generate_secp256k1();
        let id = key.public().to_peer_id();
        let (direct, webrtc, closer) = webrtc::browser::pair(id, webrtc::Config::default());
        let (circuits, relay_client) = relay::client::new(id);
        let authenticated = circuits
            .or_transport(websocket_websys::Transport::default())
            .upgrade(Version::V1Lazy)
            .authenticate(noise::Config::new(&key)?)
            .multiplex(yamux::Config::default())
            .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
        // The order matters: the relay's transport takes addresses that end in /webrtc too.
        let transport = direct
            .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)))
            .or_transport(authenticated)
            .map(|either, _| either.into_inner());
        let behaviour = Behaviour {
            webrtc,
            relay: relay_client,
            identify: identify::Behaviour::new(identify::Config::new("/example/1.0.0".into(), key.public())),
            ping: ping::Behaviour::default(),
        };
        let mut swarm = SwarmBuilder::with_existing_identity(key)
            .with_wasm_bindgen()
            .with_other_transport(|_| transport)?
            .with_behaviour(|_| behaviour)?
            .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(300)))
            .build();

        // Peers then notice at once that this page is gone.
        let gone = Closure::<dyn FnMut()>::new(move || closer.close_all());
        js_sys::Reflect::set(&window, &"onpagehide".into(), gone.as_ref().unchecked_ref()).map_err(text)?;
        gone.forget();

        swarm.listen_on(Multiaddr::empty().with(Protocol::WebRTC))?;
        swarm.listen_on(relay.clone().with(Protocol::P2pCircuit))?;
        if let Some(peer) = peer_to_dial(&window) {
            let circuit = relay.with(Protocol::P2pCircuit);
            swarm.dial(circuit.with(Protocol::WebRTC).with(Protocol::P2p(peer.parse()?)))?;
        }
        loop {
            match swarm.select_next_some().await {
                SwarmEvent::NewListenAddr { address, .. } => say(&format!("listening on {address}")),
                SwarmEvent::ConnectionEstablished { peer_id, endpoint, .. }
                    if webrtc::is_webrtc(&endpoint) =>
                {
                    say(&format!("directly connected to {peer_id}"));
                }
                SwarmEvent::ConnectionClosed { peer_id, endpoint, .. } if webrtc::is_webrtc(&endpoint) => {
                    say(&format!("no longer connected to {peer_id}"));
                }
                SwarmEvent::Behaviour(BehaviourEvent::Ping(ping::Event {
                    peer, result: Ok(time), ..
                })) => {
                    say(&format!("{peer} answered in {time:?}"));
                }
                SwarmEvent::OutgoingConnectionError { error, .. } => say(&error.to_string()),
                _ => {}
            }
        }
    }

    /// What follows `#` in the page's address.
    fn peer_to_dial(window: &JsValue) -> Option<String> {
        let location = js_sys::Reflect::get(window, &"location".into()).ok()?;
        let hash = js_sys::Reflect::get(&location, &"hash".into()).ok()?.as_string()?;
        hash.strip_prefix('#').map(str::to_owned)
    }

    fn say(line: &str) {
        web_sys::console::log_1(&line.into());
    }

    fn text(value: JsValue) -> String {
        format!("{value:?}")
    }
}

#[cfg(target_arch = "wasm32")]
fn main() {
    wasm_bindgen_futures::spawn_local(async {
        if let Err(error) = tab::run().await {
            web_sys::console::error_1(&error.to_string().into());
        }
    });
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("This is a program for the browser; see the top of its source.");
}
