//! A connection as libp2p sees it: data channels are its streams.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures::{
    FutureExt, StreamExt,
    channel::mpsc,
    future::{BoxFuture, select},
    stream::FuturesUnordered,
};
use libp2p::{
    core::muxing::{StreamMuxer, StreamMuxerEvent},
    noise,
};
use send_wrapper::SendWrapper;

use super::{
    BrowserChannel,
    peer_connection::{BrowserStream, PeerConnection},
};
use crate::{
    Error,
    stream::{Budget, FIN_ACK_TIMEOUT, Orphan},
};

/// Unread bytes that all streams of a connection may hold together.
const MAX_UNREAD_BYTES: usize = 32 * 1024 * 1024;

/// Dropped streams that may wait for their channels to end; beyond, the oldest are not waited for.
const MAX_ORPHANS: usize = 512;

/// A direct connection between two browsers. Dropping it closes it, which the peer notices at once.
pub struct Connection {
    inner: SendWrapper<PeerConnection>,
    incoming_orphans: mpsc::UnboundedReceiver<Orphan<BrowserChannel>>,
    orphans: FuturesUnordered<BoxFuture<'static, ()>>,
    unread: Budget,
    /// The channel of a handshake. Closing it would give its id to a stream while the server may still use it.
    _handshake: Option<noise::Output<BrowserStream>>,
}

impl Connection {
    pub(crate) fn new(
        inner: SendWrapper<PeerConnection>,
        incoming_orphans: mpsc::UnboundedReceiver<Orphan<BrowserChannel>>,
    ) -> Self {
        let orphans = FuturesUnordered::new();
        Self { inner, incoming_orphans, orphans, unread: Budget::new(MAX_UNREAD_BYTES), _handshake: None }
    }

    pub(crate) fn with_handshake(self, handshake: noise::Output<BrowserStream>) -> Self {
        Self { _handshake: Some(handshake), ..self }
    }
}

impl StreamMuxer for Connection {
    type Substream = BrowserStream;
    type Error = Error;

    fn poll_inbound(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<BrowserStream, Error>> {
        self.inner.check()?;
        if let Some(stream) = self.inner.next_incoming() {
            stream.charge_to(self.unread.clone());
            return Poll::Ready(Ok(stream));
        }
        self.inner.register(cx.waker());
        Poll::Pending
    }

    fn poll_outbound(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<BrowserStream, Error>> {
        let stream = self.inner.open_stream()?;
        stream.charge_to(self.unread.clone());
        Poll::Ready(Ok(stream))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.close();
        Poll::Ready(Ok(()))
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, Error>> {
        self.inner.check()?;
        while let Poll::Ready(Some(orphan)) = self.incoming_orphans.poll_next_unpin(cx) {
            if self.orphans.len() < MAX_ORPHANS {
                let timeout = futures_timer::Delay::new(FIN_ACK_TIMEOUT);
                self.orphans.push(select(orphan, timeout).map(|_| ()).boxed());
            }
        }
        while let Poll::Ready(Some(())) = self.orphans.poll_next_unpin(cx) {}
        self.inner.register(cx.waker());
        Poll::Pending
    }
}
