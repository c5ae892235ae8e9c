//! A pair of streams over a fake channel.

use std::{
    sync::atomic::AtomicBool,
    task::{Context, Poll},
};

use futures::{AsyncRead, AsyncWrite, FutureExt, StreamExt, channel::mpsc, task::noop_waker_ref};

use crate::{
    channel::{ChannelClosed, ChannelEvents},
    stream::*,
};

/// Two ends of a data channel, and what is under way between them.
#[derive(Default)]
pub(super) struct Net {
    pub(super) ends: [End; 2],
    /// Chromium's: what a side received shortly before the channel closes never reaches its page.
    pub(super) loses_on_close: bool,
    pub(super) opened: bool,
}

#[derive(Default)]
pub(super) struct End {
    pub(super) events: Option<Arc<dyn ChannelEvents>>,
    pub(super) sent: VecDeque<Vec<u8>>,
    pub(super) closed: bool,
    pub(super) dropped: bool,
}

pub(super) struct Fake {
    net: Arc<Mutex<Net>>,
    side: usize,
}

impl DataChannel for Fake {
    fn attach(&mut self, events: Arc<dyn ChannelEvents>) {
        self.net.lock().unwrap().ends[self.side].events = Some(events);
    }

    fn is_open(&self) -> bool {
        // As the browser's: that it is over is said by an event, and refused by `send`.
        self.net.lock().unwrap().opened
    }

    fn buffered_amount(&self) -> usize {
        self.net.lock().unwrap().ends[self.side].sent.iter().map(Vec::len).sum()
    }

    fn send(&mut self, message: &[u8]) -> Result<(), ChannelClosed> {
        assert!(message.len() <= crate::framing::MAX_FRAME_BYTES);
        let mut net = self.net.lock().unwrap();
        if !net.opened || net.ends.iter().any(|end| end.closed) {
            return Err(ChannelClosed);
        }
        net.ends[self.side].sent.push_back(message.to_vec());
        Ok(())
    }

    fn close(&mut self) {
        self.net.lock().unwrap().ends[self.side].closed = true;
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let mut net = self.net.lock().unwrap();
        net.ends[self.side].closed = true;
        net.ends[self.side].dropped = true;
    }
}

#[derive(Clone, Default)]
pub(super) struct Alarm(Arc<AtomicBool>);

impl Alarm {
    pub(super) fn ring(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Future for Alarm {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Timer for Alarm {
    type Delay = Self;

    fn delay(&self, _: Duration) -> Self {
        self.clone()
    }
}

pub(super) type TestStream = Stream<Fake, Alarm>;

/// A pair of streams, what is between them, and the streams that were dropped early.
pub(super) struct Pair {
    pub(super) net: Arc<Mutex<Net>>,
    pub(super) streams: [Option<TestStream>; 2],
    pub(super) orphans: mpsc::UnboundedReceiver<Orphan<Fake>>,
    pub(super) held: Vec<Orphan<Fake>>,
    pub(super) alarm: Alarm,
}

impl Pair {
    pub(super) fn new(loses_on_close: bool) -> Self {
        Self::with_budget(loses_on_close, Budget::new(usize::MAX / 2))
    }

    pub(super) fn with_budget(loses_on_close: bool, budget: Budget) -> Self {
        let net = Arc::new(Mutex::new(Net { loses_on_close, opened: true, ..Net::default() }));
        let (orphan, orphans) = mpsc::unbounded();
        let alarm = Alarm::default();
        let stream = |side| {
            let channel = Fake { net: net.clone(), side };
            Some(Stream::new(channel, budget.clone(), orphan.clone(), alarm.clone()))
        };
        Self { streams: [stream(0), stream(1)], net, orphans, held: Vec::new(), alarm }
    }

    pub(super) fn stream(&mut self, side: usize) -> &mut TestStream {
        self.streams[side].as_mut().unwrap()
    }

    /// Brings the next message, or the news of the end, from `side` to the other; whether there was any.
    pub(super) fn deliver(&mut self, side: usize) -> bool {
        let (events, message) = {
            let mut net = self.net.lock().unwrap();
            if net.loses_on_close && net.ends[side].closed && !net.ends[1 - side].closed {
                net.ends[side].sent.clear();
            }
            let message = net.ends[side].sent.pop_front();
            let ended = net.ends[side].closed && !net.ends[1 - side].closed;
            if message.is_none() && !ended {
                return false;
            }
            (net.ends[1 - side].events.clone().unwrap(), message)
        };
        match message {
            Some(message) => events.handle_message(&message),
            None => events.handle_closed(),
        }
        let sender = self.net.lock().unwrap().ends[side].events.clone().unwrap();
        sender.handle_writable();
        self.settle();
        true
    }

    pub(super) fn deliver_all(&mut self) {
        while self.deliver(0) | self.deliver(1) {}
    }

    pub(super) fn settle(&mut self) {
        let mut cx = Context::from_waker(noop_waker_ref());
        while let Poll::Ready(Some(orphan)) = self.orphans.poll_next_unpin(&mut cx) {
            self.held.push(orphan);
        }
        self.held.retain_mut(|orphan| orphan.poll_unpin(&mut cx).is_pending());
    }

    pub(super) fn drop_stream(&mut self, side: usize) {
        self.streams[side] = None;
        self.settle();
    }

    pub(super) fn closed(&self) -> [bool; 2] {
        let net = self.net.lock().unwrap();
        [net.ends[0].closed, net.ends[1].closed]
    }

    pub(super) fn write(&mut self, side: usize, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self.stream(side)).poll_write(&mut Context::from_waker(noop_waker_ref()), data)
    }

    pub(super) fn close(&mut self, side: usize) -> Poll<io::Result<()>> {
        Pin::new(self.stream(side)).poll_close(&mut Context::from_waker(noop_waker_ref()))
    }

    pub(super) fn read(&mut self, side: usize, most: usize) -> Poll<io::Result<Vec<u8>>> {
        let mut out = vec![0; most];
        let read =
            Pin::new(self.stream(side)).poll_read(&mut Context::from_waker(noop_waker_ref()), &mut out);
        read.map_ok(|count| out[..count].to_vec())
    }

    pub(super) fn read_error(&mut self, side: usize) -> io::ErrorKind {
        match self.read(side, 8) {
            Poll::Ready(Err(error)) => error.kind(),
            other => panic!("not an error: {other:?}"),
        }
    }
}
