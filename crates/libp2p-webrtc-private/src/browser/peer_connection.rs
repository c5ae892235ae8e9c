//! `RTCPeerConnection` with its handlers: where channels arrive and where its end is noticed.

use std::{
    cell::RefCell,
    collections::VecDeque,
    rc::{Rc, Weak},
    sync::Arc,
    task::Waker,
};

use futures::channel::mpsc;
use js_sys::{Array, JSON, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Event, RtcConfiguration, RtcDataChannel, RtcDataChannelEvent, RtcDataChannelInit, RtcDataChannelState,
    RtcIceCandidateInit, RtcIceServer, RtcPeerConnection, RtcPeerConnectionIceEvent, RtcPeerConnectionState,
    RtcSdpType, RtcSessionDescriptionInit,
};

use super::{BrowserChannel, is_supported, thrown};
use crate::{
    Error, IceServer,
    channel::SystemTimer,
    signaling::{Input, Role},
    stream::{Budget, Orphan, Orphans, Stream},
};

pub(crate) type BrowserStream = Stream<BrowserChannel, SystemTimer>;

/// Channels that may wait for the swarm to take them.
const MAX_EARLY_CHANNELS: usize = 64;

/// Bytes that they may hold together.
const MAX_EARLY_BYTES: usize = 256 * 1024;

/// Channels of one connection; a peer that opens more is refused them.
const MAX_CHANNELS: usize = 1024;

/// A connection and what its handlers share with it.
pub(crate) struct Shared {
    pc: RtcPeerConnection,
    state: RefCell<State>,
    token: Arc<()>,
    early: Budget,
    orphans: Orphans<BrowserChannel>,
    inputs: mpsc::UnboundedSender<Input>,
    acknowledges: bool,
}

#[derive(Default)]
struct State {
    incoming: VecDeque<BrowserStream>,
    ended: Option<&'static str>,
    /// The muxer polls inbound streams, outbound streams and the connection from one task.
    waker: Option<Waker>,
}

/// The owner: dropping it takes all handlers off and closes the connection.
pub(crate) struct PeerConnection {
    shared: Rc<Shared>,
    on_state: Closure<dyn FnMut()>,
    _on_channel: Closure<dyn FnMut(RtcDataChannelEvent)>,
    _on_candidate: Closure<dyn FnMut(RtcPeerConnectionIceEvent)>,
    init: Option<InitChannel>,
}

/// The channel that gives the offer something to connect: streams are made only later.
struct InitChannel {
    channel: RtcDataChannel,
    _on_state: Closure<dyn FnMut(Event)>,
}

/// What a connection is made with, and what comes of it.
pub(crate) struct Parts {
    pub(crate) connection: PeerConnection,
    pub(crate) inputs: mpsc::UnboundedReceiver<Input>,
    pub(crate) orphans: mpsc::UnboundedReceiver<Orphan<BrowserChannel>>,
}

impl PeerConnection {
    /// Makes a connection with all its handlers on, before anything can happen to it: channels that a peer opens
    /// early would be lost otherwise.
    ///
    /// `acknowledges`: whether the peer answers the end of a stream with FIN_ACK.
    pub(crate) fn new(ice_servers: &[IceServer], acknowledges: bool) -> Result<Parts, Error> {
        if !is_supported() {
            return Err(Error::Unsupported);
        }
        let configuration = RtcConfiguration::new();
        configuration.set_ice_servers(&ice_servers.iter().map(ice_server).collect::<Array>());
        let pc = RtcPeerConnection::new_with_configuration(&configuration)
            .map_err(thrown("new RTCPeerConnection"))?;
        let (inputs, receive_inputs) = mpsc::unbounded();
        let (orphans, receive_orphans) = mpsc::unbounded();
        let shared = Rc::new(Shared {
            pc,
            state: RefCell::default(),
            token: Arc::new(()),
            early: Budget::new(MAX_EARLY_BYTES),
            orphans,
            inputs,
            acknowledges,
        });
        let on_channel = {
            let shared = Rc::downgrade(&shared);
            Closure::<dyn FnMut(RtcDataChannelEvent)>::new(move |event: RtcDataChannelEvent| {
                if let Some(shared) = shared.upgrade() {
                    shared.take_channel(event.channel());
                }
            })
        };
        let on_candidate = {
            let shared = Rc::downgrade(&shared);
            Closure::<dyn FnMut(RtcPeerConnectionIceEvent)>::new(move |event: RtcPeerConnectionIceEvent| {
                if let Some(shared) = shared.upgrade() {
                    let candidate = event.candidate().filter(|candidate| !candidate.candidate().is_empty());
                    let json =
                        candidate.and_then(|candidate| JSON::stringify(&candidate).ok()).map(String::from);
                    shared.report(Input::Gathered(json));
                }
            })
        };
        let on_state = {
            let shared = Rc::downgrade(&shared);
            Closure::<dyn FnMut()>::new(move || {
                if let Some(shared) = shared.upgrade() {
                    shared.look();
                }
            })
        };
        let pc = &shared.pc;
        pc.set_ondatachannel(Some(on_channel.as_ref().unchecked_ref()));
        pc.set_onicecandidate(Some(on_candidate.as_ref().unchecked_ref()));
        pc.set_onconnectionstatechange(Some(on_state.as_ref().unchecked_ref()));
        let connection =
            Self { shared, on_state, _on_channel: on_channel, _on_candidate: on_candidate, init: None };
        Ok(Parts { connection, inputs: receive_inputs, orphans: receive_orphans })
    }

    pub(crate) fn downgrade(&self) -> Weak<Shared> {
        Rc::downgrade(&self.shared)
    }

    pub(crate) fn open_init(&mut self) {
        let channel = self.shared.pc.create_data_channel("init");
        let (inputs, observed) = (self.shared.inputs.clone(), channel.clone());
        let on_state = Closure::<dyn FnMut(Event)>::new(move |_| {
            let input = match observed.ready_state() {
                RtcDataChannelState::Open => Input::InitOpened,
                RtcDataChannelState::Closed => Input::InitClosed,
                _ => return,
            };
            // Once negotiated, nobody listens.
            let _ = inputs.unbounded_send(input);
        });
        let handler = Some(on_state.as_ref().unchecked_ref());
        channel.set_onopen(handler);
        channel.set_onclose(handler);
        self.init = Some(InitChannel { channel, _on_state: on_state });
    }

    pub(crate) fn close_init(&self) {
        if let Some(init) = &self.init {
            init.channel.close();
        }
    }

    pub(crate) async fn describe(&self, role: Role) -> Result<String, Error> {
        let (promise, call) = match role {
            Role::Offerer => (self.shared.pc.create_offer(), "createOffer"),
            Role::Answerer => (self.shared.pc.create_answer(), "createAnswer"),
        };
        let description = JsFuture::from(promise).await.map_err(thrown(call))?;
        let sdp = Reflect::get(&description, &"sdp".into()).map_err(thrown(call))?;
        sdp.as_string().ok_or_else(|| Error::Browser { call, reason: "no description came".to_owned() })
    }

    pub(crate) async fn set_local(&self, kind: RtcSdpType, sdp: &str) -> Result<(), Error> {
        let promise = self.shared.pc.set_local_description(&description(kind, sdp));
        JsFuture::from(promise).await.map(|_| ()).map_err(thrown("setLocalDescription"))
    }

    pub(crate) async fn set_remote(&self, kind: RtcSdpType, sdp: &str) -> Result<(), Error> {
        let promise = self.shared.pc.set_remote_description(&description(kind, sdp));
        JsFuture::from(promise).await.map(|_| ()).map_err(thrown("setRemoteDescription"))
    }

    /// Candidates that the browser does not like are no error: others may do.
    pub(crate) async fn add_candidate(&self, json: &str) {
        let Ok(candidate) = JSON::parse(json) else { return };
        let text = Reflect::get(&candidate, &"candidate".into()).ok().and_then(|text| text.as_string());
        if text.is_none_or(|text| text.is_empty()) {
            return;
        }
        let candidate: RtcIceCandidateInit = candidate.unchecked_into();
        let added = self.shared.pc.add_ice_candidate_with_opt_rtc_ice_candidate_init(Some(&candidate));
        if let Err(error) = JsFuture::from(added).await {
            tracing::debug!("passed over a candidate: {}", thrown("addIceCandidate")(error));
        }
    }

    /// To be called once the connection stands: from now on its SCTP and DTLS transports are watched, which know of a
    /// peer's end in milliseconds where the connection's own state takes 15 s.
    pub(crate) fn watch_transports(&mut self) {
        self.init = None;
        let handler = self.on_state.as_ref();
        for transport in self.shared.transports() {
            // A browser that lets nothing be set here still reports by `connectionState`.
            let _ = Reflect::set(&transport, &"onstatechange".into(), handler);
        }
        self.shared.look();
    }

    pub(crate) fn open_stream(&self) -> Result<BrowserStream, Error> {
        self.check()?;
        let call = "createDataChannel";
        // Not the typed method, for it does not catch what is thrown when no id is left.
        let create = Reflect::get(&self.shared.pc, &call.into()).map_err(thrown(call))?;
        let create: js_sys::Function = create.dyn_into().map_err(thrown(call))?;
        let channel = create.call1(&self.shared.pc, &"".into()).map_err(thrown(call))?;
        Ok(self.shared.stream(channel.unchecked_into()))
    }

    /// The channel that both sides of `/webrtc-direct` know of without being told.
    pub(crate) fn open_handshake(&self) -> Result<BrowserStream, Error> {
        self.check()?;
        let options = RtcDataChannelInit::new();
        options.set_negotiated(true);
        options.set_id(0);
        Ok(self.shared.stream(self.shared.pc.create_data_channel_with_data_channel_dict("", &options)))
    }

    pub(crate) fn next_incoming(&self) -> Option<BrowserStream> {
        self.shared.state.borrow_mut().incoming.pop_front()
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.shared.state.borrow().ended {
            None => Ok(()),
            Some(why) => Err(Error::Closed(why)),
        }
    }

    pub(crate) fn register(&self, waker: &Waker) {
        self.shared.state.borrow_mut().waker = Some(waker.clone());
    }

    pub(crate) fn close(&self) {
        self.shared.close("it was closed here");
    }
}

impl Drop for PeerConnection {
    fn drop(&mut self) {
        let pc = &self.shared.pc;
        pc.set_ondatachannel(None);
        pc.set_onicecandidate(None);
        pc.set_onconnectionstatechange(None);
        for transport in self.shared.transports() {
            let _ = Reflect::set(&transport, &"onstatechange".into(), &JsValue::NULL);
        }
        self.shared.close("it was dropped");
        // Streams hold only what they need of the connection, but those that nobody took hold it.
        self.shared.state.borrow_mut().incoming.clear();
    }
}

impl Drop for InitChannel {
    fn drop(&mut self) {
        self.channel.set_onopen(None);
        self.channel.set_onclose(None);
    }
}

impl Shared {
    pub(crate) fn close(&self, why: &'static str) {
        self.pc.close();
        self.end(why);
    }

    fn end(&self, why: &'static str) {
        let waker = {
            let mut state = self.state.borrow_mut();
            state.ended.get_or_insert(why);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn report(&self, input: Input) {
        // Once negotiated, nobody listens.
        let _ = self.inputs.unbounded_send(input);
    }

    fn stream(&self, channel: RtcDataChannel) -> BrowserStream {
        let channel = BrowserChannel::new(channel, self.token.clone());
        let stream = Stream::new(channel, self.early.clone(), self.orphans.clone(), SystemTimer);
        if self.acknowledges { stream } else { stream.without_fin_ack() }
    }

    fn take_channel(&self, channel: RtcDataChannel) {
        // The dialler's, who closes it.
        if channel.label() == "init" {
            return;
        }
        let waiting = self.state.borrow().incoming.len();
        if waiting >= MAX_EARLY_CHANNELS || Arc::strong_count(&self.token) > MAX_CHANNELS {
            tracing::debug!(waiting, "refused a data channel: the peer has opened too many");
            channel.close();
            return;
        }
        let stream = self.stream(retaken(channel));
        let waker = {
            let mut state = self.state.borrow_mut();
            state.incoming.push_back(stream);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// `pc.sctp` and its DTLS transport, for which web-sys 0.3.85 has no types. None before the descriptions are set.
    fn transports(&self) -> impl Iterator<Item = JsValue> {
        let part = |of: &JsValue, name: &str| {
            Reflect::get(of, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
        };
        let sctp = part(&self.pc, "sctp");
        let dtls = sctp.as_ref().and_then(|sctp| part(sctp, "transport"));
        sctp.into_iter().chain(dtls)
    }

    /// Looks at all states after one has changed.
    fn look(&self) {
        match self.pc.connection_state() {
            RtcPeerConnectionState::Connected => self.report(Input::Connected),
            RtcPeerConnectionState::Failed => {
                self.report(Input::Failed);
                self.end("the path to the peer is lost");
            }
            RtcPeerConnectionState::Closed => self.end("it was closed"),
            _ => {}
        }
        let ended = self.transports().any(|transport| {
            let state = Reflect::get(&transport, &"state".into()).ok().and_then(|state| state.as_string());
            matches!(state.as_deref(), Some("closed" | "failed"))
        });
        if ended {
            self.end("the peer closed it");
        }
    }
}

/// The same incoming channel, as one whose state can be relied on.
///
/// A Chromium that can transfer channels (seen in 156) announces an incoming one as "open" before it listens to the
/// channel beneath (`RTCDataChannel::RegisterObserver` in its rtc_data_channel.cc). Where that one is still connecting,
/// because its acknowledgement waits for the line, the page's channel falls back to "connecting"; and where it opens
/// just then, "open" overtakes "connecting" on its way to the page, whose channel then refuses to send for ever. Neither
/// befalls a channel that was transferred: it is "connecting" from the first, and opens when the channel beneath does.
///
/// Firefox can transfer channels, too, but they then carry nothing between it and Chromium (seen in 153), and its states
/// need no such help.
fn retaken(channel: RtcDataChannel) -> RtcDataChannel {
    // Only Chromium still has this older name.
    if !Reflect::has(&js_sys::global(), &"webkitRTCPeerConnection".into()).unwrap_or(false) {
        return channel;
    }
    let options = Object::new();
    let transferred = Array::of1(&channel);
    if Reflect::set(&options, &"transfer".into(), &transferred).is_err() {
        return channel;
    }
    let clone = Reflect::get(&js_sys::global(), &"structuredClone".into());
    let Some(clone) = clone.ok().and_then(|clone| clone.dyn_into::<js_sys::Function>().ok()) else {
        return channel;
    };
    // A Chromium that cannot transfer channels refuses, and leaves this one as it is.
    match clone.call2(&JsValue::UNDEFINED, &channel, &options) {
        Ok(taken) => taken.unchecked_into(),
        Err(_) => channel,
    }
}

fn description(kind: RtcSdpType, sdp: &str) -> RtcSessionDescriptionInit {
    let description = RtcSessionDescriptionInit::new(kind);
    description.set_sdp(sdp);
    description
}

fn ice_server(server: &IceServer) -> JsValue {
    let js = RtcIceServer::new();
    js.set_urls(&server.urls.iter().map(JsValue::from).collect::<Array>());
    if let Some(username) = &server.username {
        js.set_username(username);
    }
    if let Some(credential) = &server.credential {
        js.set_credential(credential);
    }
    js.into()
}
