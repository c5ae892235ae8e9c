//! `RTCDataChannel` as a [`DataChannel`].

use std::sync::Arc;

use js_sys::{ArrayBuffer, Uint8Array};
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{Event, MessageEvent, RtcDataChannel, RtcDataChannelState, RtcDataChannelType};

use crate::channel::{ChannelClosed, ChannelEvents, DataChannel, LOW_WATER, News};

/// A data channel of the browser. Dropping it takes its handlers off, so that the browser calls none that is gone, and
/// closes it.
pub struct BrowserChannel {
    inner: SendWrapper<Inner>,
    /// Counts the channels of a connection.
    _token: Arc<()>,
}

struct Inner {
    channel: RtcDataChannel,
    _handlers: Option<Handlers>,
}

struct Handlers {
    _message: Closure<dyn FnMut(MessageEvent)>,
    _state: Closure<dyn FnMut(Event)>,
}

impl BrowserChannel {
    pub(crate) fn new(channel: RtcDataChannel, token: Arc<()>) -> Self {
        channel.set_binary_type(RtcDataChannelType::Arraybuffer);
        channel.set_buffered_amount_low_threshold(LOW_WATER as u32);
        Self { inner: SendWrapper::new(Inner { channel, _handlers: None }), _token: token }
    }
}

impl DataChannel for BrowserChannel {
    fn attach(&mut self, events: Arc<dyn ChannelEvents>) {
        let channel = self.inner.channel.clone();
        let on_message = {
            let events = events.clone();
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                match event.data().dyn_ref::<ArrayBuffer>() {
                    Some(bytes) => events.handle_message(&Uint8Array::new(bytes).to_vec()),
                    // No libp2p stream carries text.
                    None => events.handle_closed(),
                }
            })
        };
        let on_state = {
            let channel = channel.clone();
            Closure::<dyn FnMut(Event)>::new(move |event: Event| {
                let state = channel.ready_state();
                let is_over = matches!(state, RtcDataChannelState::Closing | RtcDataChannelState::Closed);
                match News::of(&event.type_(), is_over) {
                    News::Writable => events.handle_writable(),
                    News::Closed => events.handle_closed(),
                    News::Nothing => {}
                }
            })
        };
        channel.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        let state = Some(on_state.as_ref().unchecked_ref());
        channel.set_onopen(state);
        channel.set_onbufferedamountlow(state);
        channel.set_onclose(state);
        self.inner._handlers = Some(Handlers { _message: on_message, _state: on_state });
    }

    fn is_open(&self) -> bool {
        // Asked each time, and not remembered: Chromium can take "open" back (`PeerConnection`'s `retaken`). That the
        // channel is over is said by an event, and refused by `send`.
        self.inner.channel.ready_state() != RtcDataChannelState::Connecting
    }

    fn buffered_amount(&self) -> usize {
        self.inner.channel.buffered_amount() as usize
    }

    fn send(&mut self, message: &[u8]) -> Result<(), ChannelClosed> {
        self.inner.channel.send_with_u8_array(message).map_err(|_| ChannelClosed)
    }

    fn close(&mut self) {
        self.inner.channel.close();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.set_onopen(None);
        self.channel.set_onbufferedamountlow(None);
        self.channel.set_onclose(None);
        self.channel.close();
    }
}
