use proptest::prelude::*;

use super::*;

/// Moves bytes from one side to the other, `step` at a time, until nothing moves.
fn carry(from: &mut Outgoing, to: &mut Incoming, step: usize) -> Result<Vec<Payload>, Violation> {
    let mut messages = Vec::new();
    while let Some(chunk) = from.chunk() {
        let bytes = chunk[..chunk.len().min(step)].to_vec();
        from.wrote(bytes.len());
        messages.extend(feed(to, &bytes)?);
    }
    while let Some(chunk) = to.chunk() {
        let bytes = chunk[..chunk.len().min(step)].to_vec();
        to.wrote(bytes.len());
        from.credited(&bytes)?;
    }
    Ok(messages)
}

fn feed(to: &mut Incoming, mut bytes: &[u8]) -> Result<Vec<Payload>, Violation> {
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let space = to.space();
        let n = space.len().min(bytes.len());
        space[..n].copy_from_slice(&bytes[..n]);
        bytes = &bytes[n..];
        messages.extend(to.filled(n)?);
    }
    Ok(messages)
}

#[test]
fn a_message_is_its_length_and_its_bytes() {
    let mut outgoing = Outgoing::new(Lane::Control);
    outgoing.push(vec![7, 8, 9].into()).unwrap();
    assert_eq!(outgoing.chunk(), Some([3, 0, 0, 0, 7, 8, 9].as_slice()));
    assert_eq!(outgoing.wrote(6), None);
    assert_eq!(outgoing.chunk(), Some([9].as_slice()));
    assert_eq!(outgoing.wrote(1), Some(3));
    assert_eq!(outgoing.chunk(), None);
}

#[test]
fn messages_around_the_size_of_the_head_arrive_whole() {
    for length in
        [1, HEAD_BYTES - WORD - 1, HEAD_BYTES - WORD, HEAD_BYTES - WORD + 1, READ_BYTES, READ_BYTES + 1]
    {
        let message: Vec<u8> = (0..length).map(|i| i as u8).collect();
        let message = Payload::from(message);
        let (mut outgoing, mut incoming) = (Outgoing::new(Lane::Bulk), Incoming::new(Lane::Bulk));
        outgoing.push(message.clone()).unwrap();
        assert_eq!(carry(&mut outgoing, &mut incoming, 1000), Ok(vec![message]));
    }
}

#[test]
fn a_sender_waits_for_credit_and_goes_on_with_it() {
    let lane = Lane::Control;
    let (mut outgoing, mut incoming) = (Outgoing::new(lane), Incoming::new(lane));
    for _ in 0..5 {
        outgoing.push(vec![1; lane.message_bytes()].into()).unwrap();
    }
    let arrived = carry(&mut outgoing, &mut incoming, usize::MAX).unwrap();
    assert_eq!(arrived.len(), lane.window_bytes() / lane.message_bytes());
    assert_eq!(carry(&mut outgoing, &mut incoming, usize::MAX), Ok(vec![]), "no credit, no message");
    incoming.acknowledge(lane.message_bytes());
    assert_eq!(carry(&mut outgoing, &mut incoming, 1), Ok(vec![]), "this turn carries the credit");
    assert_eq!(carry(&mut outgoing, &mut incoming, 1).map(|m| m.len()), Ok(1));
}

#[test]
fn the_queue_has_a_limit() {
    let lane = Lane::Control;
    let mut outgoing = Outgoing::new(lane);
    for _ in 0..lane.window_bytes() / lane.message_bytes() + 1 {
        outgoing.push(vec![0; lane.message_bytes()].into()).unwrap();
    }
    assert_eq!(outgoing.push(vec![0].into()), Err(Refused::QueueFull(lane)));
    let mut outgoing = Outgoing::new(lane);
    let refused = (0..100_000).find(|_| outgoing.push(vec![0].into()).is_err());
    assert!(refused.is_some_and(|at| at < 2000), "short messages count too");
}

#[test]
fn empty_and_too_long_messages_are_refused_before_they_are_sent() {
    let limit = Lane::Control.message_bytes();
    for bytes in [0, limit + 1] {
        let refused = Outgoing::new(Lane::Control).push(vec![0; bytes].into());
        assert_eq!(refused, Err(Refused::Length { lane: Lane::Control, bytes, limit }));
    }
}

#[test]
fn a_length_over_the_limit_is_a_violation_and_allocates_nothing() {
    for lane in Lane::ALL {
        let limit = lane.message_bytes();
        let mut incoming = Incoming::new(lane);
        let bytes = limit + 1;
        let found = feed(&mut incoming, &(bytes as u32).to_le_bytes());
        assert_eq!(found, Err(Violation::TooLong { lane, bytes, limit }));
        let found = feed(&mut Incoming::new(lane), &[0xff; 4]);
        assert_eq!(found, Err(Violation::TooLong { lane, bytes: u32::MAX as usize, limit }));
        let mut incoming = Incoming::new(lane);
        feed(&mut incoming, &(limit as u32).to_le_bytes()).unwrap();
        assert!(incoming.space().len() <= READ_BYTES);
        assert_eq!(incoming.held(), MESSAGE_COST);
    }
}

#[test]
fn a_flood_of_empty_messages_ends_at_the_first() {
    assert_eq!(feed(&mut Incoming::new(Lane::Bulk), &[0; 400]), Err(Violation::Empty(Lane::Bulk)));
}

#[test]
fn a_sender_that_ignores_credit_is_noticed_at_the_first_length_too_many() {
    let lane = Lane::Control;
    let mut incoming = Incoming::new(lane);
    let one = [[1, 0, 0, 0, 5]; 1].concat();
    let found = (0..100_000).find_map(|count| feed(&mut incoming, &one).err().map(|v| (count, v)));
    let (count, violation) = found.unwrap();
    assert_eq!(violation, Violation::BeyondCredit(lane));
    assert_eq!(count, (lane.window_bytes() as u64).div_ceil(MESSAGE_COST + 1));
    assert!(incoming.held() <= lane.window_bytes() as u64 + cost(1));
}

#[test]
fn credit_for_what_was_never_sent_or_for_nothing_is_a_violation() {
    let lane = Lane::Frames;
    let mut outgoing = Outgoing::new(lane);
    assert_eq!(outgoing.credited(&1_u32.to_le_bytes()), Err(Violation::CreditBeyondSent(lane)));
    let mut outgoing = Outgoing::new(lane);
    assert_eq!(outgoing.credited(&[0; 4]), Err(Violation::NoCredit(lane)));
    let mut outgoing = Outgoing::new(lane);
    outgoing.push(vec![0; 10].into()).unwrap();
    let out = outgoing.chunk().unwrap().len();
    outgoing.wrote(out);
    assert_eq!(outgoing.credited(&(10 + MESSAGE_COST as u32).to_le_bytes()), Ok(()));
    assert_eq!(outgoing.credited(&[1, 0, 0, 0]), Err(Violation::CreditBeyondSent(lane)));
}

#[test]
fn taking_more_than_arrived_gives_no_credit_for_it() {
    let mut incoming = Incoming::new(Lane::Control);
    incoming.acknowledge(usize::MAX >> 8);
    assert_eq!(incoming.chunk(), None);
}

proptest! {
    #[test]
    fn messages_arrive_in_order_however_they_are_cut(
        lengths in prop::collection::vec(1_usize..70_000, 1..12),
        steps in prop::collection::vec(1_usize..40_000, 1..6),
        late in 0_usize..4,
    ) {
        let lane = Lane::Bulk;
        let (mut outgoing, mut incoming) = (Outgoing::new(lane), Incoming::new(lane));
        let messages: Vec<Payload> =
            lengths.iter().enumerate().map(|(i, &length)| vec![i as u8; length].into()).collect();
        for message in &messages {
            outgoing.push(message.clone()).unwrap();
        }
        let (mut arrived, mut untaken, mut turn) = (Vec::new(), VecDeque::new(), 0);
        while arrived.len() < messages.len() {
            let new = carry(&mut outgoing, &mut incoming, steps[turn % steps.len()]).unwrap();
            untaken.extend(new.iter().map(|message| message.len()));
            arrived.extend(new);
            while untaken.len() > late {
                incoming.acknowledge(untaken.pop_front().unwrap());
            }
            turn += 1;
            prop_assert!(turn < 10_000, "it stands still");
        }
        prop_assert_eq!(arrived, messages);
    }

    #[test]
    fn bytes_from_anyone_never_panic_and_hold_at_most_window_and_message(
        bytes in prop::collection::vec(any::<u8>(), 0..4000),
    ) {
        for lane in Lane::ALL {
            let mut incoming = Incoming::new(lane);
            let _ = feed(&mut incoming, &bytes);
            prop_assert!(incoming.held() <= (lane.window_bytes() + lane.message_bytes()) as u64 + MESSAGE_COST);
            let _ = Outgoing::new(lane).credited(&bytes);
        }
    }
}
