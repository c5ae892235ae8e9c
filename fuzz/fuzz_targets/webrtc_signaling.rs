//! A signalling stream from any peer, in pieces of any size, into either role.
#![no_main]

use libfuzzer_sys::fuzz_target;
use libp2p_webrtc_private::signaling::{Action, Decoder, Input, Message, Negotiation, Role};

fuzz_target!(|input: &[u8]| {
    let Some((&[kind, cut], stream)) = input.split_first_chunk() else { return };
    let mut negotiation = Negotiation::new(if kind & 1 == 0 { Role::Offerer } else { Role::Answerer });
    let mut decoder = Decoder::default();
    for piece in stream.chunks(usize::from(cut).max(1)) {
        decoder.push(piece);
        loop {
            match decoder.next_message() {
                Ok(Some(message)) => {
                    let encoded = message.encode();
                    let mut again = Decoder::default();
                    again.push(&encoded);
                    assert_eq!(again.next_message(), Ok(Some(message.clone())));
                    if negotiation.handle(Input::Received(message)).is_err() {
                        return;
                    }
                }
                Ok(None) => break,
                Err(_) => return,
            }
        }
        while let Some(action) = negotiation.poll_action() {
            let heard = match action {
                Action::Describe => Input::Described("m=application 9 X".into()),
                Action::SetRemote(_) => Input::RemoteSet,
                Action::SetLocal(_) => Input::Gathered(Some("{}".into())),
                Action::CloseInit => Input::InitClosed,
                Action::AddCandidate(_) => Input::Connected,
                Action::Send(Message::Offer(_) | Message::Answer(_) | Message::Candidate(_))
                | Action::Finish => {
                    continue;
                }
            };
            if negotiation.handle(heard).is_err() {
                return;
            }
        }
    }
});
