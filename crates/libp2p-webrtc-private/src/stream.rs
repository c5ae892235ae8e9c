//! [`Framing`] over a [`DataChannel`] as an `AsyncRead + AsyncWrite`.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures::{AsyncRead, AsyncWrite, channel::mpsc};

use crate::{
    channel::{ChannelEvents, DataChannel, HIGH_WATER, LOW_WATER, SystemTimer, Timer},
    framing::{Framing, Read, ResetCause},
};

/// How long a FIN waits for its acknowledgement, as in js-libp2p; and how long a stream that was reset waits for the
/// peer to close the channel.
pub const FIN_ACK_TIMEOUT: Duration = Duration::from_secs(10);

/// Unread bytes that one stream may hold.
pub const UNREAD_LIMIT: usize = 4 * 1024 * 1024;

/// Unread bytes that several streams may hold together.
#[derive(Debug, Clone)]
pub struct Budget {
    used: Arc<AtomicUsize>,
    limit: usize,
}

impl Budget {
    /// A budget of `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { used: Arc::default(), limit }
    }

    /// Changes one stream's part from `from` to `to` bytes; whether the whole is within the limit.
    fn update(&self, from: usize, to: usize) -> bool {
        if to < from {
            self.used.fetch_sub(from - to, Ordering::Relaxed);
            true
        } else {
            self.used.fetch_add(to - from, Ordering::Relaxed) + (to - from) <= self.limit
        }
    }
}

/// Takes the streams that were dropped and have not ended.
pub type Orphans<C> = mpsc::UnboundedSender<Orphan<C>>;

struct Core<C> {
    channel: C,
    framing: Framing,
    /// Frames that wait for the channel to open.
    waiting: VecDeque<Vec<u8>>,
    waiting_bytes: usize,
    budget: Budget,
    charged: usize,
    closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl<C: DataChannel> Core<C> {
    /// Sends what can be sent, and closes the channel once both directions are over.
    fn pump(&mut self) {
        self.send();
        // A frame that is not full waits for more only while the channel is busy and will say when it no longer is:
        // full frames are what makes a link fast, and nothing is sent later than without.
        if self.framing.has_partial() && self.can_send() && self.channel.buffered_amount() <= LOW_WATER {
            self.framing.flush();
            self.send();
        }
        self.charge();
        if self.framing.is_done() && self.waiting.is_empty() {
            self.close();
        }
    }

    fn send(&mut self) {
        while let Some(frame) = self.framing.poll_frame() {
            self.waiting_bytes += frame.len();
            self.waiting.push_back(frame);
        }
        if !self.can_send() {
            return;
        }
        while let Some(frame) = self.waiting.pop_front() {
            self.waiting_bytes -= frame.len();
            if self.channel.send(&frame).is_err() {
                // What was received before the channel's end may still be on its way here: the end is heard last.
                self.framing.handle_unsendable();
                self.waiting.clear();
                self.waiting_bytes = 0;
                self.close();
            }
        }
    }

    fn can_send(&self) -> bool {
        !self.closed && self.channel.is_open()
    }

    fn charge(&mut self) {
        let unread = self.framing.unread();
        let within = self.budget.update(self.charged, unread);
        self.charged = unread;
        if !within {
            self.framing.reset(ResetCause::Overflow(self.budget.limit));
            self.pump();
        }
    }

    fn end(&mut self) {
        self.framing.handle_closed();
        self.waiting.clear();
        self.waiting_bytes = 0;
        self.close();
    }

    fn close(&mut self) {
        if !self.closed {
            self.closed = true;
            self.channel.close();
        }
    }

    fn has_room(&self) -> bool {
        self.waiting_bytes + self.channel.buffered_amount() < HIGH_WATER
    }

    fn take_wakers(&mut self) -> [Option<Waker>; 2] {
        [self.reader.take(), self.writer.take()]
    }
}

impl<C> Drop for Core<C> {
    fn drop(&mut self) {
        self.budget.update(self.charged, 0);
    }
}

fn lock<C>(core: &Mutex<Core<C>>) -> MutexGuard<'_, Core<C>> {
    core.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives a channel's events to its stream. Holds no stream alive.
struct StreamEvents<C>(Weak<Mutex<Core<C>>>);

impl<C: DataChannel> StreamEvents<C> {
    fn with(&self, act: impl FnOnce(&mut Core<C>)) {
        let Some(core) = self.0.upgrade() else { return };
        let wakers = {
            let mut core = lock(&core);
            act(&mut core);
            core.pump();
            core.take_wakers()
        };
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

impl<C: DataChannel> ChannelEvents for StreamEvents<C> {
    fn handle_writable(&self) {
        self.with(|_| ());
    }

    fn handle_message(&self, message: &[u8]) {
        self.with(|core| core.framing.handle_message(message));
    }

    fn handle_closed(&self) {
        self.with(Core::end);
    }
}

/// A libp2p stream.
///
/// `close` ends when the peer has acknowledged the end, at the latest after [`FIN_ACK_TIMEOUT`]. Dropping a stream
/// that was not closed resets it; dropping one that was closed but not read to its end tells the peer to stop.
pub struct Stream<C: DataChannel, T: Timer = SystemTimer> {
    core: Arc<Mutex<Core<C>>>,
    orphans: Orphans<C>,
    timer: T,
    awaits_fin_ack: bool,
    fin_ack_timeout: Option<T::Delay>,
}

impl<C: DataChannel, T: Timer> Stream<C, T> {
    /// A stream over `channel`. `orphans` is polled by whoever owns the connection; see [`Orphan`].
    pub fn new(channel: C, budget: Budget, orphans: Orphans<C>, timer: T) -> Self {
        let core = Arc::new(Mutex::new(Core {
            channel,
            framing: Framing::new(UNREAD_LIMIT),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            budget,
            charged: 0,
            closed: false,
            reader: None,
            writer: None,
        }));
        lock(&core).channel.attach(Arc::new(StreamEvents(Arc::downgrade(&core))));
        Self { core, orphans, timer, awaits_fin_ack: true, fin_ack_timeout: None }
    }

    /// Lets `close` end once the end was sent, for peers that acknowledge none. The channel still waits, as long as
    /// for others, before it is closed.
    #[must_use]
    pub fn without_fin_ack(mut self) -> Self {
        self.awaits_fin_ack = false;
        self
    }

    /// Charges the unread bytes to another budget from now on.
    pub fn charge_to(&self, budget: Budget) {
        let mut core = lock(&self.core);
        let charged = std::mem::take(&mut core.charged);
        core.budget.update(charged, 0);
        core.budget = budget;
        core.pump();
    }

    /// Whether the channel is closed, by either side.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        lock(&self.core).closed
    }
}

impl<C: DataChannel, T: Timer> AsyncRead for Stream<C, T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut core = lock(&self.core);
        let read = core.framing.read(out);
        core.charge();
        match read {
            Read::Bytes(count) => Poll::Ready(Ok(count)),
            Read::End => Poll::Ready(Ok(0)),
            Read::Reset(cause) => Poll::Ready(Err(cause.into())),
            Read::Pending => {
                core.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<C: DataChannel, T: Timer> AsyncWrite for Stream<C, T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let mut core = lock(&self.core);
        core.framing.check_write()?;
        if !core.has_room() {
            core.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = core.framing.write(data)?;
        core.pump();
        // The channel may just have turned out to be closed.
        core.framing.check_write()?;
        Poll::Ready(Ok(count))
    }

    /// Ready when the channel has taken all that was written.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut core = lock(&self.core);
        core.pump();
        // What waits in a frame that is not full follows by itself; before the channel opens it does not.
        if core.waiting.is_empty() && (core.can_send() || !core.framing.has_partial()) {
            return Poll::Ready(match core.framing.finished() {
                Some(Err(closed)) => Err(closed.into()),
                Some(Ok(())) | None => Ok(()),
            });
        }
        core.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let mut core = lock(&this.core);
        core.framing.finish();
        core.pump();
        if !this.awaits_fin_ack && core.can_send() {
            return Poll::Ready(Ok(()));
        }
        if core.framing.finished().is_none() {
            let timer = &this.timer;
            let timeout = this.fin_ack_timeout.get_or_insert_with(|| timer.delay(FIN_ACK_TIMEOUT));
            if Pin::new(timeout).poll(cx).is_pending() {
                core.writer = Some(cx.waker().clone());
                return Poll::Pending;
            }
            core.framing.handle_fin_ack_timeout();
            core.pump();
        }
        let finished = core.framing.finished();
        drop(core);
        this.fin_ack_timeout = None;
        Poll::Ready(match finished {
            Some(Err(closed)) => Err(closed.into()),
            Some(Ok(())) | None => Ok(()),
        })
    }
}

impl<C: DataChannel, T: Timer> Drop for Stream<C, T> {
    fn drop(&mut self) {
        {
            let mut core = lock(&self.core);
            core.reader = None;
            core.writer = None;
            core.framing.abandon();
            core.pump();
            if core.closed {
                return;
            }
        }
        // Without an owner the channel closes with its last reference.
        let _ = self.orphans.unbounded_send(Orphan { core: self.core.clone() });
    }
}

/// A stream that was dropped before both directions were over: ready when its channel is closed. Whoever polls it
/// limits the time, after which dropping it closes the channel.
pub struct Orphan<C> {
    core: Arc<Mutex<Core<C>>>,
}

impl<C> Future for Orphan<C> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut core = lock(&self.core);
        if core.closed {
            return Poll::Ready(());
        }
        core.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests;
