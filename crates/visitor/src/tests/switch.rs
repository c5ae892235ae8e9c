//! Which frames arrive, who gets credit, and what is bounded.

use std::{cell::RefCell, rc::Rc};

use abraham_collective::Term;
use abraham_messages::{
    Payload, PeerKey, TermId, limits,
    node::{Command, Lane},
};

use crate::{
    Network,
    limits::{EARLY_FRAME_TIMEOUT, MAX_EARLY_BYTES, MAX_QUEUE_BYTES, QUEUE_CREDIT_BYTES},
    switch::{Arrival, Departure, Switch},
};

#[derive(Clone, Default)]
struct Sink(Rc<RefCell<Vec<Command>>>);

impl Network for Sink {
    fn send(&self, command: Command) {
        self.0.borrow_mut().push(command);
    }
}

impl Sink {
    /// Bytes for which credit was given since the last call.
    fn credit(&self) -> usize {
        let took = self.0.borrow_mut().drain(..).collect::<Vec<_>>();
        took.into_iter()
            .map(
                |command| {
                    if let Command::Acknowledge { bytes, lane: Lane::Frames, .. } = command {
                        bytes
                    } else {
                        0
                    }
                },
            )
            .sum()
    }
}

fn peer(name: u8) -> PeerKey {
    PeerKey([name; 33])
}

fn term(name: u8) -> Term {
    Term { id: TermId([name; 32]), number: 1, seats: [0, 1, 2, 3].map(peer), seat: 0 }
}

fn frame(term: u8, bytes: usize) -> Payload {
    let mut frame = vec![99; bytes - 8];
    frame.resize(bytes, term);
    frame.into()
}

fn received(switch: &mut Switch<Sink>, term_name: u8, seat: usize) -> Option<usize> {
    match switch.receive(term(term_name).prefix(), seat) {
        Arrival::Frame(message, _) => Some(message.len()),
        _ => None,
    }
}

#[test]
fn frames_of_other_terms_and_strangers_are_dropped_counted_and_credited() {
    let sink = Sink::default();
    let mut switch = Switch::new(sink.clone());
    switch.open(&term(1));
    switch.open(&term(2));
    switch.deliver(peer(1), frame(1, 20), 0);
    assert_eq!((switch.traffic().stale, sink.credit()), (1, 20));
    switch.deliver(peer(9), frame(2, 30), 0);
    assert_eq!((switch.traffic().stale, sink.credit()), (2, 30));
    switch.deliver(peer(1), vec![2; 7].into(), 0);
    assert_eq!((switch.traffic().stale, sink.credit()), (3, 7));
    switch.deliver(peer(1), frame(2, 40), 0);
    assert_eq!((switch.traffic().stale, sink.credit()), (3, 40));
    assert_eq!(received(&mut switch, 2, 1), Some(40));
    assert_eq!(received(&mut switch, 2, 1), None);
    // The channel of a term that is over gets nothing, whatever comes.
    assert!(matches!(switch.receive(term(1).prefix(), 1), Arrival::Closed));
    let mut refused = frame(1, 9);
    assert!(matches!(switch.send(term(1).prefix(), 1, &mut refused), Departure::Closed));
    assert_eq!(refused.len(), 9, "what does not go out stays with its sender");
}

#[test]
fn early_frames_wait_for_their_term_without_credit_and_no_longer_than_allowed() {
    let sink = Sink::default();
    let mut switch = Switch::new(sink.clone());
    switch.expect(&term(7));
    switch.deliver(peer(3), frame(7, 100), 1_000);
    switch.deliver(peer(3), frame(7, 101), 1_001);
    switch.deliver(peer(2), frame(7, 50), 1_002);
    assert_eq!((switch.traffic().stale, sink.credit()), (0, 0));
    assert_eq!(switch.next_deadline(), Some(1_000 + EARLY_FRAME_TIMEOUT));
    switch.expire(1_000 + EARLY_FRAME_TIMEOUT);
    assert_eq!((switch.traffic().stale, sink.credit()), (1, 100));
    switch.open(&term(7));
    assert_eq!(sink.credit(), 151);
    assert_eq!((received(&mut switch, 7, 3), received(&mut switch, 7, 2)), (Some(101), Some(50)));
    switch.expire(1_002 + EARLY_FRAME_TIMEOUT);
    assert_eq!((switch.traffic().stale, switch.next_deadline()), (1, None));
}

#[test]
fn only_painters_of_a_term_that_was_accepted_may_send_before_it_begins() {
    let sink = Sink::default();
    let mut switch = Switch::new(sink.clone());
    let mut stale = 0;
    let mut dropped = |switch: &mut Switch<Sink>, from: u8, name: u8| {
        switch.deliver(peer(from), frame(name, 40), 0);
        stale += 1;
        assert_eq!((switch.traffic().stale, sink.credit()), (stale, 40), "{from} in {name}");
    };
    dropped(&mut switch, 1, 7);
    switch.expect(&term(7));
    dropped(&mut switch, 1, 8);
    dropped(&mut switch, 9, 7);
    switch.open(&term(7));
    switch.close();
    // Of a term that is over nothing is early.
    dropped(&mut switch, 1, 7);
    // What was kept for a term that did not begin gives its credit back.
    switch.expect(&term(8));
    switch.deliver(peer(2), frame(8, 60), 0);
    assert_eq!(sink.credit(), 0);
    switch.expect(&term(9));
    assert_eq!((switch.traffic().stale, sink.credit(), switch.next_deadline()), (stale + 1, 60, None));
    switch.deliver(peer(2), frame(9, 70), 0);
    switch.open(&term(10));
    assert_eq!((switch.traffic().stale, sink.credit(), switch.next_deadline()), (stale + 2, 70, None));
}

#[test]
fn what_one_painter_sends_early_leaves_the_others_their_room() {
    let sink = Sink::default();
    let mut switch = Switch::new(sink.clone());
    switch.expect(&term(5));
    let chunk = MAX_EARLY_BYTES / 4;
    for _ in 0..100 {
        switch.deliver(peer(1), frame(5, chunk), 0);
    }
    assert_eq!(switch.traffic().stale, 96);
    switch.deliver(peer(2), frame(5, MAX_EARLY_BYTES), 0);
    switch.deliver(peer(3), frame(5, MAX_EARLY_BYTES), 0);
    assert_eq!(switch.traffic().stale, 96);
    switch.open(&term(5));
    assert_eq!(
        (received(&mut switch, 5, 2), received(&mut switch, 5, 3)),
        (Some(MAX_EARLY_BYTES), Some(MAX_EARLY_BYTES))
    );
}

#[test]
fn what_waits_is_bounded() {
    let sink = Sink::default();
    let mut switch = Switch::new(sink.clone());
    let chunk = limits::MAX_FRAME_BYTES / 2;
    switch.open(&term(6));
    let mut credited = 0;
    let count = MAX_QUEUE_BYTES / chunk + 3;
    for _ in 0..count {
        switch.deliver(peer(1), frame(6, chunk), 0);
        credited += sink.credit();
    }
    assert_eq!(credited, QUEUE_CREDIT_BYTES, "credit ends where the queue is full");
    assert_eq!(switch.traffic().excess, 3);
    // What is taken out gets its credit then, each once.
    let mut later = 0;
    while received(&mut switch, 6, 1).is_some() {
        later += sink.credit();
    }
    assert_eq!(credited + later, (count - 3) * chunk);
}

#[test]
fn a_sender_waits_for_room_and_learns_that_a_painter_is_gone() {
    let sink = Sink::default();
    let mut switch = Switch::new(sink.clone());
    switch.open(&term(1));
    let prefix = term(1).prefix();
    let half = 8 + Lane::Frames.window_bytes() / 2;
    let send = |switch: &mut Switch<Sink>, seat, bytes| switch.send(prefix, seat, &mut frame(1, bytes));
    assert!(matches!(send(&mut switch, 1, half), Departure::Sent));
    assert!(matches!(send(&mut switch, 1, half), Departure::NoRoom));
    // Another painter's window is its own, and the largest frame goes where nothing else is under way.
    assert!(matches!(send(&mut switch, 2, 8 + limits::MAX_FRAME_BYTES), Departure::Sent));
    assert!(matches!(send(&mut switch, 2, 9), Departure::NoRoom));
    switch.sent(peer(1), half);
    assert!(matches!(send(&mut switch, 1, half), Departure::Sent));
    switch.deliver(peer(1), frame(1, 33), 0);
    switch.link_down(peer(1));
    assert!(matches!(send(&mut switch, 1, 9), Departure::Gone));
    // What came before is still there.
    assert_eq!(received(&mut switch, 1, 1), Some(33));
    assert!(matches!(switch.receive(prefix, 1), Arrival::Gone));
    assert!(matches!(switch.receive(prefix, 2), Arrival::NotYet));
}
