//! What a member runs in here: the port to the window's network node, the worker's clock, the browser's randomness.

use abraham_collective::Millis;
use abraham_messages::{
    Payload,
    node::{Command, Event},
};
use abraham_visitor::{Network, SeedSource, Timer};
use futures::channel::mpsc;
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{MessageEvent, MessagePort};
use zeroize::Zeroizing;

use crate::{
    browser::{now_ms, random},
    error::Error,
};

/// Our end of the port to the window's node.
pub(crate) struct Port {
    port: MessagePort,
}

/// The listener at the port; the port closes with it.
pub(crate) struct Listener {
    port: MessagePort,
    _heard: Closure<dyn FnMut(MessageEvent)>,
}

impl Port {
    /// Gives the node its secret, with which it begins, and listens to it. Events wait unbounded in `events`: the
    /// node bounds what it says by the credit that it is given.
    pub(crate) fn open(
        port: MessagePort,
        secret: &[u8; 32],
        events: mpsc::UnboundedSender<Event>,
    ) -> (Self, Listener) {
        let heard = Closure::new(move |message: MessageEvent| {
            let Some((head, payload)) = abraham_port::parts(&message) else { return };
            // What does not decode is a bug in our own window; without events the member ends as without a network.
            if let Ok(event) = Event::from_parts(&head, payload) {
                let _ = events.unbounded_send(event);
            }
        });
        port.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        abraham_port::post(&port, secret, &Payload::default());
        (Self { port: port.clone() }, Listener { port, _heard: heard })
    }
}

impl Network for Port {
    fn send(&self, command: Command) {
        let (head, payload) = command.into_parts();
        abraham_port::post(&self.port, &head, &payload);
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.port.set_onmessage(None);
        self.port.close();
    }
}

/// The worker's clock. Its timers are not throttled where the tab is hidden.
pub(crate) struct WorkerTimer;

impl Timer for WorkerTimer {
    fn now(&self) -> Millis {
        now_ms() as Millis
    }

    async fn sleep_until(&self, at: Millis) {
        let wait = at.saturating_sub(self.now());
        futures_timer::Delay::new(std::time::Duration::from_millis(wait)).await;
    }
}

/// The browser's randomness, once it was seen to work.
pub(crate) struct Randomness;

impl Randomness {
    /// # Errors
    /// Where the browser has none.
    pub(crate) fn new() -> Result<Self, Error> {
        random()?;
        Ok(Self)
    }
}

impl SeedSource for Randomness {
    fn seed(&mut self) -> Zeroizing<[u8; 32]> {
        let mut seed = Zeroizing::new([0; 32]);
        if getrandom::fill(seed.as_mut()).is_err() {
            // It worked when the member joined, and a browser does not lose it; a seed of zeros must never be used.
            wasm_bindgen::throw_str("this browser's source of randomness failed");
        }
        seed
    }
}
