//! The port to the worker, and the end of the page.

use std::{cell::RefCell, rc::Rc};

use abraham_messages::node::Event;
use abraham_p2p::Commands;
use futures::channel::mpsc::UnboundedSender;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{EventTarget, MessageEvent, MessagePort};

use crate::Order;

/// The worker's port and the listener for `pagehide`; both are let go when this is dropped.
pub(crate) struct Port {
    port: MessagePort,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    on_hide: Closure<dyn FnMut()>,
}

impl Port {
    /// Listens on the port and for the end of the page.
    pub(crate) fn open(
        port: MessagePort,
        orders: UnboundedSender<Order>,
        node: Rc<RefCell<Option<Commands>>>,
    ) -> Self {
        let to_node = orders.clone();
        let on_message = Closure::<dyn FnMut(_)>::new(move |event: MessageEvent| {
            let order = match abraham_port::parts(&event) {
                Some((head, payload)) => Order::Message(head, payload),
                None => Order::Foreign,
            };
            // The node may have ended.
            let _ = to_node.unbounded_send(order);
        });
        // Setting the handler also starts the port.
        port.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        let on_hide = Closure::<dyn FnMut()>::new(move || {
            // At once: no task of this page may run again. Peers notice within milliseconds.
            if let Some(node) = &*node.borrow() {
                node.close_connections();
            }
            let _ = orders.unbounded_send(Order::Stop);
        });
        if let Some(page) = page() {
            // The arguments are a name and a function; that cannot fail.
            let _ = page.add_event_listener_with_callback("pagehide", on_hide.as_ref().unchecked_ref());
        }
        Self { port, _on_message: on_message, on_hide }
    }

    /// Hands an event to the worker.
    pub(crate) fn send(&self, event: Event) {
        let (head, payload) = event.into_parts();
        abraham_port::post(&self.port, &head, &payload);
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.port.set_onmessage(None);
        if let Some(page) = page() {
            let _ =
                page.remove_event_listener_with_callback("pagehide", self.on_hide.as_ref().unchecked_ref());
        }
    }
}

fn page() -> Option<EventTarget> {
    js_sys::global().dyn_into().ok()
}
