//! What a member runs in here: the port to the window's network node, the worker's clock, the browser's randomness.

use abraham_collective::Millis;
use abraham_messages::node::{Command, Event};
use abraham_visitor::{Network, SeedSource, Timer};
use futures::channel::mpsc;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{MessageEvent, MessagePort};
use zeroize::Zeroizing;

use crate::{
    browser::{now_ms, random},
    error::Error,
};

/// Our end of the port to the window's node. Every message is an array of bytes whose buffer changes hands.
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
            let Ok(bytes) = message.data().dyn_into::<Uint8Array>() else { return };
            let bytes = Zeroizing::new(bytes.to_vec());
            // What does not decode is a bug in our own window; without events the member ends as without a network.
            if let Ok(event) = Event::decode(&bytes) {
                let _ = events.unbounded_send(event);
            }
        });
        port.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        let opened = Self { port: port.clone() };
        opened.post(secret);
        (opened, Listener { port, _heard: heard })
    }

    fn post(&self, bytes: &[u8]) {
        let array = Uint8Array::from(bytes);
        // Fails only where a buffer cannot change hands, and this one is new.
        let _ = self.port.post_message_with_transferable(&array, &Array::of1(&array.buffer()));
    }
}

impl Network for Port {
    fn send(&self, command: Command) {
        self.post(&Zeroizing::new(command.encode()));
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
