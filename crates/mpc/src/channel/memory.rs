//! Links inside one process: the channel of the solo studio, and of tests.
//!
//! Nothing here has a clock. A wait ends with [`ChannelError::Deadline`] where every painter that is still there
//! waits for a frame that nobody has sent, which is exactly when a deadline would pass.

use std::{
    cell::RefCell,
    collections::VecDeque,
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use super::{Channel, ChannelError};
use crate::PainterId;

/// Frames that may wait on one link; an honest painter is never more than a round ahead.
const QUEUE_FRAMES: usize = 64;

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

#[derive(Default)]
struct State {
    queues: [[VecDeque<Vec<u8>>; 4]; 4],
    wakers: [Option<Waker>; 4],
    waiting_for: [Option<PainterId>; 4],
    gone: [bool; 4],
    stalled: bool,
    disorder: Option<ChaCha8Rng>,
    tamper: Option<Tamper>,
}

impl State {
    /// Whether nobody can ever go on: each painter is gone or waits on an empty link.
    fn is_stalled(&self) -> bool {
        PainterId::ALL.into_iter().all(|p| {
            self.gone[p.index()]
                || self.waiting_for[p.index()]
                    .is_some_and(|from| self.queues[from.index()][p.index()].is_empty())
        })
    }

    fn wake_all(&mut self) {
        for waker in &mut self.wakers {
            if let Some(waker) = waker.take() {
                waker.wake();
            }
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
    async fn send(&self, to: PainterId, mut frame: Vec<u8>) -> Result<(), ChannelError> {
        let state = &mut *self.state.borrow_mut();
        if state.gone[to.index()] {
            return Err(ChannelError::PeerGone);
        }
        let fate = state.tamper.as_mut().map_or(Fate::Deliver, |tamper| tamper(self.me, to, &mut frame));
        let queue = &mut state.queues[self.me.index()][to.index()];
        if queue.len() >= QUEUE_FRAMES {
            return Err(ChannelError::PeerGone);
        }
        match fate {
            Fate::Deliver => queue.push_back(frame),
            Fate::Drop => {}
            Fate::Duplicate => {
                queue.push_back(frame.clone());
                queue.push_back(frame);
            }
        }
        if let Some(waker) = state.wakers[to.index()].take() {
            waker.wake();
        }
        Ok(())
    }

    async fn receive(&self, from: PainterId) -> Result<Vec<u8>, ChannelError> {
        poll_fn(|context| {
            let state = &mut *self.state.borrow_mut();
            let me = self.me.index();
            match state.pick(from, self.me) {
                Some(Some(frame)) => {
                    state.waiting_for[me] = None;
                    return Poll::Ready(Ok(frame));
                }
                Some(None) => {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                None => {}
            }
            if state.gone[from.index()] {
                state.waiting_for[me] = None;
                return Poll::Ready(Err(ChannelError::PeerGone));
            }
            state.waiting_for[me] = Some(from);
            if state.stalled || state.is_stalled() {
                state.stalled = true;
                state.waiting_for[me] = None;
                state.wake_all();
                return Poll::Ready(Err(ChannelError::Deadline));
            }
            state.wakers[me] = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}

impl Drop for MemoryChannel {
    fn drop(&mut self) {
        // A painter may leave while another painter's future is being polled, never while the state is borrowed.
        let state = &mut *self.state.borrow_mut();
        state.gone[self.me.index()] = true;
        state.wake_all();
    }
}
