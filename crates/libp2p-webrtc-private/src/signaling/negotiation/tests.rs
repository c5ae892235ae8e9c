use super::*;
use proptest::prelude::*;

const SDP: &str = "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";

fn actions(negotiation: &mut Negotiation) -> Vec<Action> {
    std::iter::from_fn(|| negotiation.poll_action()).collect()
}

fn offerer_with_answer() -> Negotiation {
    let mut offerer = Negotiation::new(Role::Offerer);
    offerer.handle(Input::Described(SDP.into())).unwrap();
    offerer.handle(Input::Received(Message::Answer(SDP.into()))).unwrap();
    offerer.handle(Input::RemoteSet).unwrap();
    actions(&mut offerer);
    offerer
}

#[test]
fn the_description_goes_out_before_it_is_set_and_before_any_candidate() {
    let mut offerer = Negotiation::new(Role::Offerer);
    assert_eq!(actions(&mut offerer), [Action::Describe]);
    offerer.handle(Input::Gathered(Some("{}".into()))).unwrap();
    offerer.handle(Input::Described(SDP.into())).unwrap();
    let expected = [
        Action::Send(Message::Offer(SDP.into())),
        Action::SetLocal(SDP.into()),
        Action::Send(Message::Candidate("{}".into())),
    ];
    assert_eq!(actions(&mut offerer), expected);
}

#[test]
fn candidates_wait_for_the_peers_description() {
    let mut answerer = Negotiation::new(Role::Answerer);
    assert_eq!(actions(&mut answerer), []);
    answerer.handle(Input::Received(Message::Candidate("1".into()))).unwrap();
    answerer.handle(Input::Received(Message::Offer(SDP.into()))).unwrap();
    answerer.handle(Input::Received(Message::Candidate("2".into()))).unwrap();
    assert_eq!(actions(&mut answerer), [Action::SetRemote(SDP.into())]);
    answerer.handle(Input::RemoteSet).unwrap();
    let expected = [Action::Describe, Action::AddCandidate("1".into()), Action::AddCandidate("2".into())];
    assert_eq!(actions(&mut answerer), expected);
}

#[test]
fn the_end_of_candidates_is_neither_sent_nor_added() {
    let mut offerer = offerer_with_answer();
    offerer.handle(Input::Gathered(None)).unwrap();
    offerer.handle(Input::Gathered(Some("null".into()))).unwrap();
    for end in ["null", "\"\"", "", " null\n"] {
        offerer.handle(Input::Received(Message::Candidate(end.into()))).unwrap();
    }
    assert_eq!(actions(&mut offerer), []);
}

#[test]
fn firefoxs_empty_and_unreachable_candidates_are_harmless() {
    let mut offerer = offerer_with_answer();
    // The end of each generation, as Firefox's `toJSON` has it, uses up nothing and is not handed on.
    let end = r#"{"candidate":"","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"4c9a"}"#;
    for _ in 0..MAX_CANDIDATES + 10 {
        offerer.handle(Input::Received(Message::Candidate(end.into()))).unwrap();
        offerer.handle(Input::Gathered(Some(end.replace(',', ", ")))).unwrap();
    }
    assert_eq!(actions(&mut offerer), []);
    // A side of TCP that only calls names port 9, which nobody answers at: the browser knows what to make of it.
    let tcp =
        r#"{"candidate":"candidate:1 1 TCP 2105458943 192.0.2.2 9 typ host tcptype active","sdpMid":"0"}"#;
    offerer.handle(Input::Received(Message::Candidate(tcp.into()))).unwrap();
    assert_eq!(actions(&mut offerer), [Action::AddCandidate(tcp.into())]);
}

#[test]
fn a_browser_that_stays_new_for_ever_is_given_up_at_the_deadline() {
    // With nothing to gather Chromium's `iceConnectionState` stays "new" and Firefox's says "failed".
    let mut offerer = offerer_with_answer();
    offerer.handle(Input::Gathered(None)).unwrap();
    assert_eq!((actions(&mut offerer), offerer.is_finished()), (vec![], false));
    assert_eq!(offerer.handle(Input::Deadline), Err(NegotiationError::Deadline));
    assert_eq!(offerer_with_answer().handle(Input::Failed), Err(NegotiationError::NoPath));
}

#[test]
fn candidates_are_counted() {
    let mut offerer = offerer_with_answer();
    for index in 0..MAX_CANDIDATES + 10 {
        offerer.handle(Input::Received(Message::Candidate(index.to_string()))).unwrap();
    }
    assert_eq!(actions(&mut offerer).len(), MAX_CANDIDATES);
}

#[test]
fn the_stream_may_end_once_the_peer_is_described() {
    let mut offerer = offerer_with_answer();
    offerer.handle(Input::StreamEnded).unwrap();
    offerer.handle(Input::Gathered(Some("{}".into()))).unwrap();
    offerer.handle(Input::Connected).unwrap();
    offerer.handle(Input::InitOpened).unwrap();
    assert_eq!(actions(&mut offerer), [Action::CloseInit]);
    assert!(!offerer.is_finished());
    offerer.handle(Input::InitClosed).unwrap();
    assert_eq!(actions(&mut offerer), [Action::Finish]);
    assert!(offerer.is_finished());
    assert_eq!(offerer.handle(Input::Failed), Ok(()));
    for role in [Role::Offerer, Role::Answerer] {
        assert_eq!(Negotiation::new(role).handle(Input::StreamEnded), Err(NegotiationError::Ended));
    }
}

#[test]
fn the_offerer_waits_for_the_init_channel_to_close_in_any_order() {
    let mut offerer = offerer_with_answer();
    offerer.handle(Input::InitClosed).unwrap();
    assert_eq!(actions(&mut offerer), []);
    offerer.handle(Input::Connected).unwrap();
    assert_eq!(actions(&mut offerer), [Action::Finish]);
}

#[test]
fn what_breaks_the_protocol_is_named() {
    let received = |role, message| Negotiation::new(role).handle(Input::Received(message));
    let (offer, answer) = (|| Message::Offer(SDP.into()), || Message::Answer(SDP.into()));
    assert_eq!(received(Role::Offerer, offer()), Err(NegotiationError::Unexpected("an offer")));
    assert_eq!(received(Role::Offerer, answer()), Err(NegotiationError::Unexpected("an answer")));
    assert_eq!(received(Role::Answerer, answer()), Err(NegotiationError::Unexpected("an answer")));
    let second = offerer_with_answer().handle(Input::Received(answer()));
    assert_eq!(second, Err(NegotiationError::Unexpected("an answer")));
    for sdp in ["", "v=0", "m=audio 9 X\r\n", &format!("{SDP}m=video 9 X\r\n")] {
        let offered = received(Role::Answerer, Message::Offer(sdp.into()));
        assert_eq!(offered, Err(NegotiationError::NotDataOnly), "{sdp:?}");
    }
    assert_eq!(offerer_with_answer().handle(Input::Failed), Err(NegotiationError::NoPath));
    assert_eq!(offerer_with_answer().handle(Input::Deadline), Err(NegotiationError::Deadline));
}

/// A browser and its side of the signalling stream, as far as the negotiation sees them.
struct Side {
    negotiation: Negotiation,
    /// What the browser will report, in no order that is promised between kinds.
    events: VecDeque<Input>,
    sent: VecDeque<Message>,
    local: bool,
    remote: bool,
    candidates: usize,
    finished: bool,
}

impl Side {
    fn new(role: Role) -> Self {
        let negotiation = Negotiation::new(role);
        let (events, sent) = Default::default();
        Self { negotiation, events, sent, local: false, remote: false, candidates: 0, finished: false }
    }

    fn act(&mut self) {
        while let Some(action) = self.negotiation.poll_action() {
            match action {
                Action::Describe => self.events.push_back(Input::Described(SDP.into())),
                Action::SetLocal(_) => {
                    self.local = true;
                    self.events.extend((0..3).map(|index| Input::Gathered(Some(format!("{{{index}}}")))));
                    self.events.push_back(Input::Gathered(None));
                }
                Action::SetRemote(_) => {
                    self.remote = true;
                    self.events.push_back(Input::RemoteSet);
                }
                Action::AddCandidate(_) => {
                    assert!(self.remote);
                    self.candidates += 1;
                }
                Action::Send(message) => {
                    assert!(!self.finished);
                    self.sent.push_back(message);
                }
                Action::CloseInit => self.events.push_back(Input::InitClosed),
                Action::Finish => self.finished = true,
            }
        }
    }
}

proptest! {
    /// Two sides agree whatever the order in which the stream and the two browsers are heard, and a side that ends
    /// its stream when it has finished does not disturb the other.
    #[test]
    fn pairs_agree_in_any_order(choices in prop::collection::vec(0..4u8, 400)) {
        let mut sides = [Side::new(Role::Offerer), Side::new(Role::Answerer)];
        let mut connected = false;
        let mut ended = [false; 2];
        for choice in choices.into_iter().chain((0..4).cycle().take(400)) {
            let which = usize::from(choice & 1);
            sides[which].act();
            if choice & 2 == 0 {
                if let Some(event) = sides[which].events.pop_front() {
                    sides[which].negotiation.handle(event).unwrap();
                }
            } else if let Some(message) = sides[1 - which].sent.pop_front() {
                sides[which].negotiation.handle(Input::Received(message)).unwrap();
            } else if sides[1 - which].finished && !ended[which] {
                ended[which] = true;
                sides[which].negotiation.handle(Input::StreamEnded).unwrap();
            }
            sides[which].act();
            if !connected && sides.iter().all(|side| side.local && side.remote && side.candidates > 0) {
                connected = true;
                sides[0].events.extend([Input::InitOpened, Input::Connected]);
                sides[1].events.push_back(Input::Connected);
            }
        }
        prop_assert!(sides.iter().all(|side| side.finished && side.negotiation.is_finished()));
    }

    /// No order of inputs, however wrong, panics or makes the machine hold more than its limits.
    #[test]
    fn any_inputs_are_taken(role: bool, inputs in prop::collection::vec((0..11u8, ".{0,8}"), 0..300)) {
        let mut negotiation = Negotiation::new(if role { Role::Offerer } else { Role::Answerer });
        for (kind, text) in inputs {
            let _ = negotiation.handle(match kind {
                0 => Input::Received(Message::Offer(SDP.into())),
                1 => Input::Received(Message::Answer(text)),
                2 | 3 => Input::Received(Message::Candidate(text)),
                4 => Input::Described(text),
                5 => Input::RemoteSet,
                6 => Input::Gathered(Some(text)),
                7 => Input::Connected,
                8 => Input::InitOpened,
                9 => Input::InitClosed,
                _ => Input::StreamEnded,
            });
            prop_assert!(negotiation.waiting.len() <= MAX_CANDIDATES);
            prop_assert!(negotiation.gathered.len() <= MAX_CANDIDATES);
        }
    }
}
