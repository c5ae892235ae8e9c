//! Every message of the members and of the painters: nothing panics, and what is understood is said again in the same
//! words.
#![no_main]

use abraham_messages::{
    Frame, Payload,
    collective::{Bulk, Control, Gossip},
    node::{Command, Event},
};
use libfuzzer_sys::fuzz_target;

/// A head as long as the first byte says, and what follows it.
fn parts(bytes: &[u8]) -> (&[u8], Payload) {
    let Some((length, bytes)) = bytes.split_first() else { return (&[], Payload::default()) };
    let (head, payload) = bytes.split_at(bytes.len().min(usize::from(*length)));
    (head, Payload::from(payload.to_vec()))
}

fuzz_target!(|input: &[u8]| {
    let Some((kind, bytes)) = input.split_first() else { return };
    match kind % 6 {
        0 => {
            if let Ok(message) = Gossip::decode(bytes) {
                assert_eq!(Gossip::decode(&message.encode()), Ok(message));
            }
        }
        1 => {
            if let Ok(message) = Control::decode(bytes) {
                assert_eq!(Control::decode(&message.encode()), Ok(message));
            }
        }
        2 => {
            if let Ok(message) = Bulk::decode(bytes) {
                assert_eq!(&message.encode()[..], bytes);
            }
        }
        3 => {
            if let Ok(frame) = Frame::decode(bytes) {
                let mut again = Frame::start(frame.kind, frame.sequence, frame.payload.len());
                again.extend_from_slice(frame.payload);
                assert_eq!(again, bytes);
            }
        }
        4 => {
            let (head, payload) = parts(bytes);
            if let Ok(command) = Command::from_parts(head, payload) {
                let (head, payload) = command.clone().into_parts();
                assert_eq!(Command::from_parts(&head, payload), Ok(command));
            }
        }
        _ => {
            let (head, payload) = parts(bytes);
            if let Ok(event) = Event::from_parts(head, payload) {
                let (head, payload) = event.clone().into_parts();
                assert_eq!(Event::from_parts(&head, payload), Ok(event));
            }
        }
    }
});
