//! Data channel messages from any peer, with reads, writes and ends of our own between them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use libp2p_webrtc_private::framing::{Framing, MAX_FRAME_BYTES, ResetCause};

/// Bytes that the stream may hold unread.
const LIMIT: usize = 4096;

fuzz_target!(|input: &[u8]| {
    let mut framing = Framing::new(LIMIT);
    let mut rest = input;
    while let Some((&[action, length], after)) = rest.split_first_chunk() {
        let (message, after) = after.split_at(usize::from(length).min(after.len()));
        rest = after;
        match action % 8 {
            0..=2 => framing.handle_message(message),
            3 => drop(framing.read(&mut [0; 64])),
            4 => drop(framing.write(message)),
            5 => framing.finish(),
            6 => framing.abandon(),
            _ if message.is_empty() => framing.handle_closed(),
            _ => framing.reset(ResetCause::Local),
        }
        assert!(framing.unread() <= LIMIT);
        while let Some(frame) = framing.poll_frame() {
            assert!(frame.len() <= MAX_FRAME_BYTES);
        }
    }
});
