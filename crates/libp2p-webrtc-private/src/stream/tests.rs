mod pair;

use std::{
    pin::pin,
    sync::atomic::AtomicBool,
    task::{Context, Poll},
};

use futures::{AsyncReadExt, AsyncWrite, AsyncWriteExt, task::noop_waker_ref};
use proptest::prelude::*;

use self::pair::Pair;
use super::*;
use crate::{
    channel::News,
    framing::{Flag, Frame},
};

fn ready<T>(poll: Poll<io::Result<T>>) -> T {
    match poll {
        Poll::Ready(Ok(value)) => value,
        Poll::Ready(Err(error)) => panic!("{error}"),
        Poll::Pending => panic!("pending"),
    }
}

#[test]
fn half_closed_streams_answer() {
    let mut pair = Pair::new(true);
    assert_eq!(ready(pair.write(0, b"question")), 8);
    assert!(pair.close(0).is_pending());
    pair.deliver_all();
    ready(pair.close(0));
    assert_eq!(ready(pair.read(1, 100)), b"question");
    assert_eq!(ready(pair.read(1, 100)), b"");
    assert_eq!(ready(pair.write(1, b"answer")), 6);
    assert!(pair.close(1).is_pending());
    pair.deliver_all();
    ready(pair.close(1));
    assert_eq!(ready(pair.read(0, 100)), b"answer");
    assert_eq!(ready(pair.read(0, 100)), b"");
    assert_eq!(pair.closed(), [true, true]);
}

#[test]
fn the_end_is_acknowledged_without_a_reader() {
    let mut pair = Pair::new(false);
    ready(pair.write(0, &[1; 100]));
    let _ = pair.close(0);
    pair.deliver_all();
    ready(pair.close(0));
    assert_eq!(ready(pair.read(1, 200)).len(), 100);
}

#[test]
fn a_lost_acknowledgement_costs_only_its_timeout() {
    let mut pair = Pair::new(false);
    assert!(pair.close(0).is_pending());
    assert!(pair.deliver(0));
    pair.net.lock().unwrap().ends[1].sent.clear();
    assert!(pair.close(0).is_pending());
    pair.alarm.ring();
    ready(pair.close(0));
    let error = pair.write(0, b"x");
    assert!(matches!(error, Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe));
    assert_eq!(pair.closed(), [false, false]);
}

#[test]
fn peers_that_acknowledge_nothing_delay_nothing() {
    let mut pair = Pair::new(false);
    let stream = pair.streams[0].take().unwrap().without_fin_ack();
    pair.streams[0] = Some(stream);
    ready(pair.write(0, b"all of it"));
    ready(pair.close(0));
    assert!(matches!(pair.write(0, b"x"), Poll::Ready(Err(_))));
    pair.drop_stream(0);
    assert_eq!((pair.closed(), pair.held.len()), ([false, false], 1));
    pair.deliver_all();
    assert_eq!(ready(pair.read(1, 100)), b"all of it");
    assert_eq!(ready(pair.read(1, 100)), b"");
}

#[test]
fn a_closed_channel_acknowledges_the_end() {
    let mut pair = Pair::new(false);
    assert!(pair.close(0).is_pending());
    pair.net.lock().unwrap().ends[1].closed = true;
    assert!(pair.deliver(1));
    ready(pair.close(0));
    assert_eq!(pair.read_error(0), io::ErrorKind::ConnectionReset);
}

#[test]
fn what_came_before_the_end_is_read_although_it_can_no_longer_be_answered() {
    // A peer that waits for no acknowledgement closes the channel behind its FIN.
    let mut pair = Pair::new(false);
    ready(pair.write(0, b"one"));
    ready(pair.write(0, b"two"));
    assert!(pair.close(0).is_pending());
    pair.net.lock().unwrap().ends[0].closed = true;
    assert!(pair.deliver(0));
    assert_eq!(ready(pair.read(1, 100)), b"one");
    // The browser takes nothing any more, although the page has not heard of the end.
    let answered = pair.write(1, b"answer");
    assert!(matches!(answered, Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset));
    pair.deliver_all();
    assert_eq!(ready(pair.read(1, 100)), b"two");
    assert_eq!(ready(pair.read(1, 100)), b"");
}

#[test]
fn a_write_after_the_channels_end_is_an_error_and_nothing_is_said_to_be_sent() {
    let mut pair = Pair::new(false);
    pair.net.lock().unwrap().ends[1].closed = true;
    // Before the page hears of it, and after.
    for _ in 0..2 {
        let written = pair.write(0, b"lost");
        assert!(matches!(written, Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset));
        let mut cx = Context::from_waker(noop_waker_ref());
        assert!(matches!(Pin::new(pair.stream(0)).poll_flush(&mut cx), Poll::Ready(Err(_))));
        pair.deliver_all();
    }
    assert!(pair.net.lock().unwrap().ends[0].sent.is_empty());
}

#[test]
fn an_event_that_is_heard_in_a_later_state_ends_nothing() {
    // As Chromium does when a page has been busy: the state is the last one, and the events come in their order.
    let mut pair = Pair::new(false);
    let events = pair.net.lock().unwrap().ends[1].events.clone().unwrap();
    let fin = Frame::flag(Flag::Fin).encode();
    let queue =
        [("open", None), ("bufferedamountlow", None), ("message", Some(Frame::data(b"all").encode()))];
    let queue = queue.into_iter().chain([("error", None), ("message", Some(fin)), ("close", None)]);
    for (kind, message) in queue {
        match (News::of(kind, true), message) {
            (News::Nothing, Some(message)) => events.handle_message(&message),
            (News::Nothing, None) => {}
            (News::Closed, _) => events.handle_closed(),
            (News::Writable, _) => panic!("{kind} of a channel that is over says that it can be written to"),
        }
    }
    assert_eq!(ready(pair.read(1, 100)), b"all");
    assert_eq!(ready(pair.read(1, 100)), b"");
    assert_eq!(News::of("bufferedamountlow", false), News::Writable);
}

#[test]
fn dropping_an_open_stream_resets_the_other_and_frees_the_channel() {
    let mut pair = Pair::new(true);
    ready(pair.write(0, b"data"));
    pair.drop_stream(0);
    assert_eq!(pair.held.len(), 1);
    pair.deliver_all();
    assert_eq!(ready(pair.read(1, 100)), b"data");
    assert_eq!(pair.read_error(1), io::ErrorKind::ConnectionReset);
    assert!(matches!(pair.write(1, b"x"), Poll::Ready(Err(_))));
    assert_eq!(pair.closed(), [true, true]);
    assert!(pair.held.is_empty());
}

#[test]
fn dropping_after_the_close_still_delivers_everything() {
    let mut pair = Pair::new(true);
    ready(pair.write(0, b"all of it"));
    assert!(pair.close(0).is_pending());
    pair.drop_stream(0);
    pair.deliver_all();
    assert_eq!(ready(pair.read(1, 100)), b"all of it");
    assert_eq!(ready(pair.read(1, 100)), b"");
    // The peer was told that nobody reads.
    let error = pair.write(1, b"x");
    assert!(matches!(error, Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe));
    assert_eq!(pair.closed(), [true, true]);
}

#[test]
fn writers_wait_at_the_high_water_mark() {
    let mut pair = Pair::new(false);
    let mut written = 0;
    while let Poll::Ready(count) = pair.write(0, &[0; 100_000]) {
        written += count.unwrap();
        assert!(written < 2 * HIGH_WATER);
    }
    assert!(written >= HIGH_WATER);
    pair.deliver_all();
    assert!(pair.write(0, b"more").is_ready());
    let mut read = 0;
    while let Poll::Ready(Ok(data)) = pair.read(1, 1 << 20) {
        read += data.len();
    }
    assert_eq!(read, written);
}

#[test]
fn a_reader_that_falls_behind_is_reset() {
    let mut pair = Pair::new(false);
    let mut sent = 0;
    while let Poll::Ready(Ok(count)) = pair.write(0, &[0; 16_000]) {
        sent += count;
        pair.deliver_all();
        assert!(sent <= UNREAD_LIMIT + 2 * 16_000);
    }
    assert!(sent > UNREAD_LIMIT - 16_000);
    assert_eq!(pair.read_error(1), io::ErrorKind::ConnectionReset);
    assert_eq!(pair.closed(), [true, true]);
}

#[test]
fn streams_share_a_budget_and_give_it_back() {
    let budget = Budget::new(1000);
    let mut pair = Pair::with_budget(false, budget.clone());
    ready(pair.write(0, &[0; 900]));
    pair.deliver_all();
    assert_eq!(budget.used.load(Ordering::Relaxed), 900);
    let mut other = Pair::with_budget(false, budget.clone());
    ready(other.write(0, &[0; 200]));
    other.deliver_all();
    assert_eq!(other.read_error(1), io::ErrorKind::ConnectionReset);
    assert_eq!(budget.used.load(Ordering::Relaxed), 900);
    pair.stream(1).charge_to(Budget::new(5000));
    assert_eq!(budget.used.load(Ordering::Relaxed), 0);
    assert_eq!(ready(pair.read(1, 2000)).len(), 900);
    drop((pair, other));
    assert_eq!(budget.used.load(Ordering::Relaxed), 0);
}

#[test]
fn what_is_written_before_the_channel_opens_follows_when_it_does() {
    let mut pair = Pair::new(false);
    pair.net.lock().unwrap().opened = false;
    ready(pair.write(0, b"early"));
    let mut cx = Context::from_waker(noop_waker_ref());
    assert!(Pin::new(pair.stream(0)).poll_flush(&mut cx).is_pending());
    assert!(!pair.deliver(0));
    pair.net.lock().unwrap().opened = true;
    let events = pair.net.lock().unwrap().ends[0].events.clone().unwrap();
    events.handle_writable();
    assert!(Pin::new(pair.stream(0)).poll_flush(&mut cx).is_ready());
    pair.deliver_all();
    assert_eq!(ready(pair.read(1, 100)), b"early");
}

/// Chromium announces an incoming channel as open, takes that back, and opens it again.
#[test]
fn a_channel_that_is_connecting_once_more_is_waited_for() {
    let mut pair = Pair::new(false);
    ready(pair.write(0, b"question"));
    pair.deliver_all();
    assert_eq!(ready(pair.read(1, 100)), b"question");
    pair.net.lock().unwrap().opened = false;
    ready(pair.write(1, b"answer"));
    assert!(pair.close(1).is_pending());
    assert_eq!(pair.closed(), [false, false]);
    pair.net.lock().unwrap().opened = true;
    let events = pair.net.lock().unwrap().ends[1].events.clone().unwrap();
    events.handle_writable();
    pair.deliver_all();
    assert_eq!(ready(pair.read(0, 100)), b"answer");
    assert_eq!(ready(pair.read(0, 100)), b"");
}

#[test]
fn malformed_frames_and_unknown_flags() {
    let mut pair = Pair::new(false);
    let inject = |pair: &mut Pair, bytes: &[u8]| {
        pair.net.lock().unwrap().ends[0].sent.push_back(bytes.to_vec());
        pair.deliver_all();
    };
    // A flag of some later version with data: the data counts.
    inject(&mut pair, &[5, 0x08, 9, 0x12, 1, b'x']);
    assert_eq!(ready(pair.read(1, 100)), b"x");
    // An acknowledgement nobody waits for.
    inject(&mut pair, &Frame::flag(Flag::FinAck).encode());
    assert!(pair.read(1, 100).is_pending());
    inject(&mut pair, &[2, 0x0f, 0]);
    assert_eq!(pair.read_error(1), io::ErrorKind::InvalidData);
    pair.deliver_all();
    assert_eq!(pair.closed(), [true, true]);
}

/// What one end does in a random run.
#[derive(Debug, Clone)]
enum Step {
    Write(Vec<u8>),
    Close,
    Read(usize),
    Deliver,
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let step = prop_oneof![
        3 => prop::collection::vec(any::<u8>(), 1..40_000).prop_map(Step::Write),
        1 => Just(Step::Close),
        3 => (1..30_000usize).prop_map(Step::Read),
        5 => Just(Step::Deliver),
    ];
    prop::collection::vec((0..2usize, step), 0..60)
}

proptest! {
    /// Whatever the order of writes, reads, closes and deliveries, and although what comes shortly before the end of
    /// a channel is lost: both sides read exactly what the other wrote, then its end, and the channel is closed.
    #[test]
    fn all_data_arrives_in_order_and_channels_are_freed(steps in steps()) {
        let mut pair = Pair::new(true);
        let (mut written, mut read, mut closing) = <([Vec<u8>; 2], [Vec<u8>; 2], [bool; 2])>::default();
        for (side, step) in steps {
            match step {
                Step::Write(data) if !closing[side] => {
                    if let Poll::Ready(count) = pair.write(side, &data) {
                        written[side].extend(&data[..count.unwrap()]);
                    }
                }
                Step::Write(_) => {}
                Step::Close => {
                    closing[side] = true;
                    if let Poll::Ready(closed) = pair.close(side) {
                        closed.unwrap();
                    }
                }
                Step::Read(most) => {
                    if let Poll::Ready(data) = pair.read(side, most) {
                        read[side].extend(data.unwrap());
                    }
                }
                Step::Deliver => {
                    pair.deliver(side);
                }
            }
        }
        for side in [0, 1] {
            if let Poll::Ready(closed) = pair.close(side) {
                closed.unwrap();
            }
        }
        pair.deliver_all();
        for side in [0, 1] {
            ready(pair.close(side));
            loop {
                let data = ready(pair.read(side, 1 << 16));
                if data.is_empty() {
                    break;
                }
                read[side].extend(data);
            }
        }
        prop_assert_eq!(&read[0], &written[1]);
        prop_assert_eq!(&read[1], &written[0]);
        prop_assert_eq!(pair.closed(), [true, true]);
    }

    /// Streams that end in any way, with both ends dropped in the end, leave no channel open and no budget used.
    #[test]
    fn dropped_streams_leave_nothing(steps in steps(), first in 0..2usize, loses: bool) {
        let budget = Budget::new(usize::MAX / 2);
        let mut pair = Pair::with_budget(loses, budget.clone());
        for (side, step) in steps {
            match step {
                Step::Write(data) => drop(pair.write(side, &data)),
                Step::Close => drop(pair.close(side)),
                Step::Read(most) => drop(pair.read(side, most)),
                Step::Deliver => drop(pair.deliver(side)),
            }
        }
        pair.drop_stream(first);
        pair.deliver_all();
        pair.drop_stream(1 - first);
        pair.deliver_all();
        prop_assert_eq!(pair.closed(), [true, true]);
        prop_assert!(pair.held.is_empty());
        let net = pair.net.lock().unwrap();
        prop_assert!(net.ends.iter().all(|end| end.dropped));
        prop_assert_eq!(budget.used.load(Ordering::Relaxed), 0);
    }

    /// Nothing that a peer sends panics or makes a stream hold more than its limit.
    #[test]
    fn any_messages_are_taken(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..30)) {
        let mut pair = Pair::new(false);
        for message in messages {
            pair.net.lock().unwrap().ends[0].sent.push_back(message);
            pair.deliver_all();
        }
        let _ = pair.read(1, 1 << 16);
        drop(pair.close(1));
    }
}

#[test]
fn waiting_readers_and_closers_are_woken() {
    let mut pair = Pair::new(false);
    let mut streams = std::mem::take(&mut pair.streams).map(Option::unwrap);
    let [a, b] = &mut streams;
    let talk = async {
        futures::join!(
            async {
                a.write_all(b"ping").await.unwrap();
                a.close().await.unwrap();
                let mut answer = String::new();
                a.read_to_string(&mut answer).await.unwrap();
                answer
            },
            async {
                let mut question = String::new();
                b.read_to_string(&mut question).await.unwrap();
                b.write_all(question.to_uppercase().as_bytes()).await.unwrap();
                b.close().await.unwrap();
            }
        )
        .0
    };
    let mut talk = pin!(talk);
    let woken = Arc::new(WakeFlag::default());
    let waker = futures::task::waker(woken.clone());
    let mut cx = Context::from_waker(&waker);
    let answer = loop {
        if let Poll::Ready(answer) = talk.as_mut().poll(&mut cx) {
            break answer;
        }
        assert!(pair.deliver(0) | pair.deliver(1), "nothing is under way and nobody is done");
    };
    assert_eq!(answer, "PING");
    assert!(woken.0.load(Ordering::Relaxed));
}

#[derive(Default)]
struct WakeFlag(AtomicBool);

impl futures::task::ArcWake for WakeFlag {
    fn wake_by_ref(flag: &Arc<Self>) {
        flag.0.store(true, Ordering::Relaxed);
    }
}
