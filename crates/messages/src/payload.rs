//! The bytes of a message on a direct link.

use std::{fmt, ops::Deref};

use zeroize::Zeroizing;

/// What a message on a direct link carries: it may be a share, so it is wiped when dropped, and printed only by its
/// length. It is not serialised: between a tab's threads it goes beside the message.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Payload(Zeroizing<Vec<u8>>);

impl Payload {
    /// The bytes, which the caller may change and which are still wiped when dropped.
    pub fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.0.len())
    }
}
