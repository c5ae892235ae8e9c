//! The network of a tab: what the window's JavaScript can call. It is in the window because workers have no WebRTC.
//!
//! Effects only: a `Node` of `abraham-p2p`, and the port to the worker that is its visitor ([`abraham_port`]). The first
//! message comes from the worker: the 32 bytes of the member's secret, so that no script of the page holds them. After
//! that, the worker sends commands and receives events.

#![cfg(target_arch = "wasm32")]

mod error;
mod port;

use std::{cell::RefCell, rc::Rc};

use abraham_messages::{
    PROTOCOL_VERSION, Payload,
    node::{Command, Event},
};
use abraham_p2p::{Commands, Config, Events, Node, Secret};
use abraham_page::NetworkOptions;
use futures::{
    StreamExt,
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::spawn_local;
use web_sys::MessagePort;
use zeroize::Zeroizing;

use error::Error;
use port::Port;

/// Runs once when the module is instantiated: a panic, which is a bug, then reads as a message in the console.
#[wasm_bindgen(start)]
pub fn ready() {
    console_error_panic_hook::set_once();
}

/// The types of what crosses to JavaScript are those that are generated of the crate `abraham-page`.
#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
import type { NetworkOptions } from "../generated/page.js";
"#;

/// The tab's network node.
#[wasm_bindgen]
pub struct Network {
    orders: UnboundedSender<Order>,
    /// Of the running node; the handler of `pagehide` has it too.
    node: Rc<RefCell<Option<Commands>>>,
}

/// What the node's task waits for.
enum Order {
    /// The head and the payload of a message from the worker.
    Message(Zeroizing<Vec<u8>>, Payload),
    /// Something on the port that is no message.
    Foreign,
    /// The page knows other relays now.
    Relays(Vec<String>),
    Stop,
}

/// Starts the tab's network node, which waits for the worker's first message on `port`: the member's secret.
///
/// The node ends at `stop`, at a `Stop` command or when the page is hidden for good (`pagehide`), with a `Stopped`
/// event. A relay that cannot be reached is told in events, not here.
///
/// # Errors
/// An `Error` with the code `option` where the options are of another shape.
#[wasm_bindgen]
pub fn start(
    #[wasm_bindgen(unchecked_param_type = "NetworkOptions")] options: JsValue,
    port: MessagePort,
) -> Result<Network, Error> {
    let options: NetworkOptions =
        serde_wasm_bindgen::from_value(options).map_err(|error| Error::Option(error.to_string()))?;
    let (orders, incoming) = unbounded();
    let node = Rc::<RefCell<Option<Commands>>>::default();
    let port = Port::open(port, orders.clone(), node.clone());
    spawn_local(serve(options, port, incoming, node.clone()));
    Ok(Network { orders, node })
}

/// The version of what this tab speaks with others; a relay's `/api/v1/config` names those that its page speaks.
#[wasm_bindgen]
#[must_use]
pub fn protocol() -> String {
    PROTOCOL_VERSION.into()
}

#[wasm_bindgen]
impl Network {
    /// Takes these relays instead of the former ones, and tries them at once; links stay. Addresses as in
    /// `NetworkOptions`; those that are none are left out.
    #[wasm_bindgen(js_name = setRelays)]
    pub fn set_relays(&self, relays: Vec<String>) {
        // Nobody listens any more once the node has ended by itself.
        let _ = self.orders.unbounded_send(Order::Relays(relays));
    }

    /// Closes every connection and ends the node.
    pub fn stop(&self) {
        if let Some(node) = &*self.node.borrow() {
            node.close_connections();
        }
        // Nobody listens any more once the node has ended by itself.
        let _ = self.orders.unbounded_send(Order::Stop);
    }
}

async fn serve(
    options: NetworkOptions,
    port: Port,
    mut orders: UnboundedReceiver<Order>,
    node: Rc<RefCell<Option<Commands>>>,
) {
    let result = match run(options, &mut orders).await {
        Ok(Some((commands, events))) => {
            *node.borrow_mut() = Some(commands.clone());
            let result = futures::future::select(
                Box::pin(forward_events(&port, events)),
                Box::pin(obey(&mut orders, commands)),
            );
            let result = match result.await {
                futures::future::Either::Left(((), _)) => Ok(()),
                // The node was told to stop; what it still says goes out.
                futures::future::Either::Right((result, events)) => {
                    events.await;
                    result
                }
            };
            *node.borrow_mut() = None;
            result
        }
        Ok(None) => {
            port.send(Event::Stopped);
            Ok(())
        }
        Err(error) => {
            port.send(Event::Stopped);
            Err(error)
        }
    };
    if let Err(error) = result {
        web_sys::console::error_1(&error.into());
    }
}

/// Waits for the secret and starts the node; `None` where it is stopped before.
async fn run(
    options: NetworkOptions,
    orders: &mut UnboundedReceiver<Order>,
) -> Result<Option<(Commands, Events)>, Error> {
    let mut relays = options.relays;
    let secret = loop {
        match orders.next().await {
            Some(Order::Message(head, _)) => break head,
            Some(Order::Relays(others)) => relays = others,
            Some(Order::Foreign) => return Err(Error::Message),
            Some(Order::Stop) | None => return Ok(None),
        }
    };
    let secret = Zeroizing::new(<[u8; 32]>::try_from(secret.as_slice()).map_err(|_| Error::Secret)?);
    let mut config = Config::new(Secret::new(*secret)?);
    config.relays = relays;
    config.ice_servers = options.ice_servers;
    Ok(Some(Node::start(config)?))
}

/// Hands the node's events to the worker until the node has ended.
async fn forward_events(port: &Port, mut events: Events) {
    while let Some(event) = events.next().await {
        port.send(event);
    }
}

/// Hands the worker's commands to the node until it is to stop.
async fn obey(orders: &mut UnboundedReceiver<Order>, mut commands: Commands) -> Result<(), Error> {
    let result = loop {
        let command = match orders.next().await {
            Some(Order::Message(head, payload)) => match Command::from_parts(&head, payload) {
                Ok(command) => command,
                Err(error) => break Err(Error::Command(error)),
            },
            Some(Order::Relays(addresses)) => Command::Relays { addresses },
            Some(Order::Foreign) => break Err(Error::Message),
            Some(Order::Stop) | None => break Ok(()),
        };
        if commands.send(command).await.is_err() {
            return Ok(());
        }
    };
    // An error says that it has ended already.
    let _ = commands.send(Command::Stop).await;
    result
}
