//! Links inside one process: the channel of the solo studio, and of tests.
//!
//! Nothing here has a clock. Where every painter that is still there waits for something that only another could do,
//! a deadline would pass next: the wait that began first ends with [`ChannelError::Deadline`], and no other. So a
//! [`WaitNumber`], which counts the waits of all four as they begin, serves as deadline.

use std::{
    cell::RefCell,
    collections::VecDeque,
    future::poll_fn,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use super::{Channel, ChannelError};
use crate::{PainterId, limits};

/// What becomes of a frame on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Deliver,
    /// It is lost.
    Drop,
    /// It arrives twice.
    Duplicate,
}

/// Decides over every frame: (from, to, frame to change).
pub type Tamper = Box<dyn FnMut(PainterId, PainterId, &mut Vec<u8>) -> Fate>;

/// What a painter waits for.
#[derive(Clone, Copy)]
enum Need {
    FrameFrom(PainterId),
    RoomTo(PainterId),
}

/// The deadline of a wait: those with lower numbers pass first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WaitNumber(u64);

#[derive(Clone, Copy)]
struct Wait {
    need: Need,
    until: WaitNumber,
}

#[derive(Default)]
struct State {
    queues: [[VecDeque<Vec<u8>>; 4]; 4],
    wakers: [Option<Waker>; 4],
    waits: [Option<Wait>; 4],
    begun: u64,
    /// Painters whose wait has passed its deadline.
    late: [bool; 4],
    gone: [bool; 4],
    disorder: Option<ChaCha8Rng>,
    tamper: Option<Tamper>,
}

impl State {
    fn deadline(&mut self) -> WaitNumber {
        self.begun += 1;
        WaitNumber(self.begun)
    }

    /// Goes on waiting, or ends the wait by its deadline.
    fn wait(&mut self, me: PainterId, wait: Wait, context: &Context<'_>) -> Poll<ChannelError> {
        let me = me.index();
        if !self.late[me] {
            self.waits[me] = Some(wait);
        }
        if let Some(first) = self.first_of_a_stall() {
            self.waits[first] = None;
            self.late[first] = true;
            self.wake(first);
        }
        if std::mem::take(&mut self.late[me]) {
            return Poll::Ready(ChannelError::Deadline);
        }
        self.wakers[me] = Some(context.waker().clone());
        Poll::Pending
    }

    /// Where nobody can ever go on, since each painter is gone or waits in vain: whose wait began first.
    fn first_of_a_stall(&self) -> Option<usize> {
        let mut first: Option<(WaitNumber, usize)> = None;
        for p in (0..4).filter(|p| !self.gone[*p]) {
            let wait = self.waits[p]?;
            let in_vain = match wait.need {
                Need::FrameFrom(from) => self.queues[from.index()][p].is_empty() && !self.gone[from.index()],
                Need::RoomTo(to) => {
                    self.queues[p][to.index()].len() >= limits::MAX_QUEUED_FRAMES && !self.gone[to.index()]
                }
            };
            if !in_vain {
                return None;
            }
            first = Some(first.map_or((wait.until, p), |first| first.min((wait.until, p))));
        }
        first.map(|(_, p)| p)
    }

    fn end_wait(&mut self, me: PainterId) {
        self.waits[me.index()] = None;
        self.late[me.index()] = false;
    }

    fn wake(&mut self, painter: usize) {
        if let Some(waker) = self.wakers[painter].take() {
            waker.wake();
        }
    }

    /// With a seed, frames are late half of the time, and any of the first four that wait may come first.
    fn pick(&mut self, from: PainterId, to: PainterId) -> Option<Option<Vec<u8>>> {
        let queue = &mut self.queues[from.index()][to.index()];
        if queue.is_empty() {
            return None;
        }
        let Some(rng) = &mut self.disorder else { return Some(queue.pop_front()) };
        if rng.next_u32() & 1 == 0 {
            return Some(None);
        }
        let place = rng.next_u32() as usize % queue.len().min(4);
        Some(queue.remove(place))
    }
}

/// One painter's end of an in-memory network.
pub struct MemoryChannel {
    me: PainterId,
    state: Rc<RefCell<State>>,
}

/// Makes a network of four; every frame arrives at once and in order.
pub fn network() -> [MemoryChannel; 4] {
    build(State::default())
}

/// Makes a network of four on which frames are delayed and overtake each other, as `seed` has it.
pub fn disordered_network(seed: u64) -> [MemoryChannel; 4] {
    build(State { disorder: Some(ChaCha8Rng::seed_from_u64(seed)), ..State::default() })
}

/// Makes a network of four on which `tamper` decides over every frame.
pub fn tampered_network(tamper: Tamper) -> [MemoryChannel; 4] {
    build(State { tamper: Some(tamper), ..State::default() })
}

fn build(state: State) -> [MemoryChannel; 4] {
    let state = Rc::new(RefCell::new(state));
    PainterId::ALL.map(|me| MemoryChannel { me, state: state.clone() })
}

impl Channel for MemoryChannel {
    type Deadline = WaitNumber;

    fn deadline(&self) -> WaitNumber {
        self.state.borrow_mut().deadline()
    }

    async fn send(&self, to: PainterId, mut frame: Vec<u8>) -> Result<(), ChannelError> {
        let until = self.deadline();
        poll_fn(|context| {
            let state = &mut *self.state.borrow_mut();
            let room = state.queues[self.me.index()][to.index()].len() < limits::MAX_QUEUED_FRAMES;
            let ended = if state.gone[to.index()] {
                Err(ChannelError::PeerGone)
            } else if room {
                Ok(())
            } else {
                match state.wait(self.me, Wait { need: Need::RoomTo(to), until }, context) {
                    Poll::Ready(error) => Err(error),
                    Poll::Pending => return Poll::Pending,
                }
            };
            state.end_wait(self.me);
            Poll::Ready(ended)
        })
        .await?;
        let state = &mut *self.state.borrow_mut();
        let fate = state.tamper.as_mut().map_or(Fate::Deliver, |tamper| tamper(self.me, to, &mut frame));
        let queue = &mut state.queues[self.me.index()][to.index()];
        match fate {
            Fate::Deliver => queue.push_back(frame),
            Fate::Drop => {}
            Fate::Duplicate => {
                queue.push_back(frame.clone());
                queue.push_back(frame);
            }
        }
        state.wake(to.index());
        Ok(())
    }

    async fn receive(&self, from: PainterId, until: &WaitNumber) -> Result<Vec<u8>, ChannelError> {
        let wait = Wait { need: Need::FrameFrom(from), until: *until };
        poll_fn(|context| {
            let state = &mut *self.state.borrow_mut();
            let ended = match state.pick(from, self.me) {
                Some(Some(frame)) => {
                    state.wake(from.index());
                    Ok(frame)
                }
                Some(None) => {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                None if state.gone[from.index()] => Err(ChannelError::PeerGone),
                None => match state.wait(self.me, wait, context) {
                    Poll::Ready(error) => Err(error),
                    Poll::Pending => return Poll::Pending,
                },
            };
            state.end_wait(self.me);
            Poll::Ready(ended)
        })
        .await
    }
}

impl Drop for MemoryChannel {
    fn drop(&mut self) {
        // A painter may leave while another painter's future is being polled, never while the state is borrowed.
        let state = &mut *self.state.borrow_mut();
        state.gone[self.me.index()] = true;
        (0..4).for_each(|painter| state.wake(painter));
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, task::Waker};

    use super::*;

    fn now<T>(future: impl Future<Output = T>) -> Poll<T> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    /// What the second painter receives of sixteen frames that the first sends.
    fn received(network: [MemoryChannel; 4]) -> Vec<u8> {
        let [a, b, _c, _d] = network;
        for n in 0..16 {
            assert_eq!(now(a.send(PainterId::ALL[1], vec![n])), Poll::Ready(Ok(())));
        }
        let receive = || loop {
            // A frame that is late comes at the next try.
            if let Poll::Ready(frame) = now(b.receive(PainterId::ALL[0], &b.deadline())) {
                return frame.expect("it was sent")[0];
            }
        };
        (0..16).map(|_| receive()).collect()
    }

    #[test]
    fn frames_come_in_order_or_in_the_disorder_of_a_seed() {
        let sent: Vec<u8> = (0..16).collect();
        assert_eq!(received(network()), sent);
        let disordered = received(disordered_network(7));
        assert_ne!(disordered, sent);
        assert_eq!(received(disordered_network(7)), disordered, "the same seed, the same disorder");
        let mut all = disordered;
        all.sort_unstable();
        assert_eq!(all, sent, "none is lost, none comes twice");
    }

    #[test]
    fn a_full_link_makes_its_sender_wait() {
        let [a, b, _c, _d] = network();
        let to = PainterId::ALL[1];
        for _ in 0..limits::MAX_QUEUED_FRAMES {
            assert_eq!(now(a.send(to, vec![0])), Poll::Ready(Ok(())));
        }
        assert_eq!(now(a.send(to, vec![0])), Poll::Pending);
        assert!(now(b.receive(PainterId::ALL[0], &b.deadline())).is_ready());
        assert_eq!(now(a.send(to, vec![0])), Poll::Ready(Ok(())));
    }
}
