//! The port to the worker, and the end of the page.

use std::{cell::RefCell, rc::Rc};

use abraham_p2p::Commands;
use futures::channel::mpsc::UnboundedSender;
use js_sys::{Array, Uint8Array};
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
            let order = match event.data().dyn_into::<Uint8Array>() {
                Ok(bytes) => {
                    let copied = bytes.to_vec();
                    // The first of them is a secret.
                    bytes.fill(0, 0, bytes.length());
                    Order::Bytes(copied)
                }
                Err(_) => Order::Foreign,
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

    /// Sends bytes to the worker.
    pub(crate) fn send(&self, bytes: Vec<u8>) {
        let bytes = Uint8Array::from(bytes.as_slice());
        // A port whose other end is gone swallows messages; it does not fail.
        let _ = self.port.post_message_with_transferable(&bytes, &Array::of1(&bytes.buffer()));
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
