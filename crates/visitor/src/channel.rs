//! A painter's links over the network: the frames' lane of the direct links to the three others.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    pin::pin,
    rc::Rc,
    task::Poll,
};

use abraham_collective::{Millis, Term};
use abraham_messages::{Payload, limits::FRAME_TERM_BYTES};
use abraham_mpc::{Channel, PainterId, channel::ChannelError};
use futures::future::{Either, select};

use crate::{
    Network, Timer,
    limits::FRAME_TIMEOUT,
    switch::{Arrival, Departure, Switch},
};

/// The links of one term. Private and authenticated by the node's direct links; queues and deadlines are bounded
/// ([`crate::limits`]).
pub(crate) struct LaneChannel<N, T> {
    switch: Rc<RefCell<Switch<N>>>,
    timer: Rc<T>,
    term: [u8; FRAME_TERM_BYTES],
    /// When the last frame of each painter came.
    arrived: [Cell<Millis>; 4],
    worked: Rc<Worked>,
}

/// The time of the work at hand.
#[derive(Default)]
pub(crate) struct Worked {
    /// When painters' work is over, done or not; then they agree on who took the time.
    over: Cell<Millis>,
    /// From when on is counted how long this painter waits for frames of each other one.
    since: Cell<Millis>,
    waited: Cell<[Millis; 4]>,
}

impl Worked {
    /// Work begins that is over by then, and waits count from `since` on.
    pub(crate) fn begin(&self, over: Millis, since: Millis) {
        self.over.set(over);
        self.since.set(since);
        self.waited.take();
    }

    /// The seat that was waited for in more than half of the time that has been counted until now.
    pub(crate) fn slow(&self, now: Millis) -> Option<usize> {
        let counted = now.saturating_sub(self.since.get());
        let (waited, seat) = self.waited.get().into_iter().zip(0..).max()?;
        (waited.saturating_mul(2) > counted).then_some(seat)
    }
}

impl<N: Network, T: Timer> LaneChannel<N, T> {
    /// Opens the links of a term.
    pub(crate) fn open(
        switch: Rc<RefCell<Switch<N>>>,
        timer: Rc<T>,
        term: &Term,
        worked: Rc<Worked>,
    ) -> Self {
        switch.borrow_mut().open(term);
        Self { switch, timer, term: term.prefix(), arrived: Default::default(), worked }
    }

    /// The moment that is so far away.
    pub(crate) fn deadline_in(&self, wait: Millis) -> Millis {
        self.timer.now().saturating_add(wait)
    }

    /// As [`Channel::send`], with a deadline. A frame that holds a share comes with room for the term's prefix behind it: a
    /// vector that grows leaves its bytes behind where nobody wipes them.
    pub(crate) async fn send_until(
        &self,
        to: PainterId,
        mut frame: Vec<u8>,
        until: Millis,
    ) -> Result<(), ChannelError> {
        frame.extend_from_slice(&self.term);
        let mut frame = Payload::from(frame);
        let sending = poll_fn(|context| {
            let switch = &mut *self.switch.borrow_mut();
            Poll::Ready(match switch.send(self.term, to.index(), &mut frame) {
                Departure::Sent => Ok(()),
                Departure::Gone => Err(ChannelError::PeerGone),
                Departure::Closed => Err(ChannelError::Closed),
                Departure::NoRoom => {
                    switch.wait(context.waker());
                    return Poll::Pending;
                }
            })
        });
        self.before(until, sending).await
    }

    /// The first frame that is there of `from` or of one of `also`.
    async fn first(
        &self,
        from: PainterId,
        also: [bool; 4],
        until: Millis,
    ) -> Result<(PainterId, Vec<u8>), ChannelError> {
        let receiving = poll_fn(|context| {
            let switch = &mut *self.switch.borrow_mut();
            let also = PainterId::ALL.into_iter().filter(|painter| also[painter.index()]);
            for painter in std::iter::once(from).chain(also) {
                match switch.receive(self.term, painter.index()) {
                    Arrival::Frame(message, at) => {
                        self.arrived[painter.index()].set(at);
                        let mut frame = message.into_bytes();
                        let bytes = frame.len() - FRAME_TERM_BYTES;
                        frame.truncate(bytes);
                        return Poll::Ready(Ok((painter, std::mem::take(&mut *frame))));
                    }
                    Arrival::Gone if painter == from => return Poll::Ready(Err(ChannelError::PeerGone)),
                    Arrival::Closed => return Poll::Ready(Err(ChannelError::Closed)),
                    Arrival::Gone | Arrival::NotYet => {}
                }
            }
            switch.wait(context.waker());
            Poll::Pending
        });
        // Counted when it ends or is dropped: work that runs out of time does not end its waits.
        let _counting = Counting { channel: self, from, since: self.timer.now() };
        self.before(until, receiving).await
    }

    async fn before<T2>(
        &self,
        until: Millis,
        step: impl Future<Output = Result<T2, ChannelError>>,
    ) -> Result<T2, ChannelError> {
        // The step first: what is there counts even after the deadline.
        match select(pin!(step), pin!(self.timer.sleep_until(until))).await {
            Either::Left((result, _)) => result,
            Either::Right(_) => Err(ChannelError::Deadline),
        }
    }
}

impl<N: Network, T: Timer> Channel for LaneChannel<N, T> {
    type Deadline = Millis;

    fn deadline(&self) -> Millis {
        self.deadline_in(FRAME_TIMEOUT)
    }

    async fn send(&self, to: PainterId, frame: Vec<u8>) -> Result<(), ChannelError> {
        self.send_until(to, frame, self.deadline()).await
    }

    async fn receive(&self, from: PainterId, until: &Millis) -> Result<Vec<u8>, ChannelError> {
        Ok(self.first(from, [false; 4], *until).await?.1)
    }

    async fn receive_either(
        &self,
        from: PainterId,
        also: [bool; 4],
        until: &Millis,
    ) -> Result<(PainterId, Vec<u8>), ChannelError> {
        let over = self.worked.over.get();
        let ended = if over < *until { ChannelError::OutOfTime } else { ChannelError::Deadline };
        self.first(from, also, over.min(*until)).await.map_err(|error| match error {
            ChannelError::Deadline => ended,
            error => error,
        })
    }

    fn now(&self) -> u64 {
        self.timer.now()
    }

    fn patience(&self) -> u64 {
        FRAME_TIMEOUT
    }

    fn arrived(&self, from: PainterId) -> u64 {
        self.arrived[from.index()].get()
    }
}

/// A wait for one painter, under way.
struct Counting<'a, N, T: Timer> {
    channel: &'a LaneChannel<N, T>,
    from: PainterId,
    since: Millis,
}

impl<N, T: Timer> std::ops::Drop for Counting<'_, N, T> {
    fn drop(&mut self) {
        let worked = &self.channel.worked;
        let since = self.since.max(worked.since.get());
        let mut waited = worked.waited.get();
        let sum = &mut waited[self.from.index()];
        *sum = sum.saturating_add(self.channel.timer.now().saturating_sub(since));
        worked.waited.set(waited);
    }
}
