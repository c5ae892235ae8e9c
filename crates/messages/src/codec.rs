//! Bounded decoding: a length is checked against what is there before anything is allocated.

use serde::Deserialize;

/// What is wrong with bytes from outside.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The message ends before its last field.
    #[error("the message ends {missing} bytes early")]
    Truncated {
        /// Bytes that are missing.
        missing: usize,
    },
    /// Bytes are left after the last field.
    #[error("{0} bytes are left over at the end of the message")]
    BytesLeftOver(usize),
    /// A field has a value that the format does not know.
    #[error("{field} has the unknown value {value}")]
    UnknownValue {
        /// The field.
        field: &'static str,
        /// The value found.
        value: u64,
    },
    /// The message is larger than any honest one.
    #[error("the message has {bytes} bytes; at most {limit} are allowed")]
    TooLong {
        /// Bytes found.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The bytes are no message of the expected type.
    #[error("the bytes are no message of the expected type")]
    Malformed,
}

/// Decodes a message that serde describes, in postcard's format: at most `limit` bytes, none left over.
///
/// # Errors
/// [`DecodeError`].
pub fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8], limit: usize) -> Result<T, DecodeError> {
    if bytes.len() > limit {
        return Err(DecodeError::TooLong { bytes: bytes.len(), limit });
    }
    let (message, rest) = postcard::take_from_bytes(bytes).map_err(|_| DecodeError::Malformed)?;
    match rest.len() {
        0 => Ok(message),
        left => Err(DecodeError::BytesLeftOver(left)),
    }
}

/// Bytes in lower-case hex, as records and views have keys, hashes and signatures.
pub use base16ct::lower::encode_string as hex;

/// Reads fields from a byte slice.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts reading `bytes`, of which at most `limit` are allowed.
    ///
    /// # Errors
    /// [`DecodeError::TooLong`].
    pub fn new(bytes: &'a [u8], limit: usize) -> Result<Self, DecodeError> {
        if bytes.len() > limit {
            return Err(DecodeError::TooLong { bytes: bytes.len(), limit });
        }
        Ok(Self { rest: bytes })
    }

    /// Takes the next `n` bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        let (head, tail) = self
            .rest
            .split_at_checked(n)
            .ok_or_else(|| DecodeError::Truncated { missing: n - self.rest.len() })?;
        self.rest = tail;
        Ok(head)
    }

    /// Takes the next `N` bytes as an array.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    /// Takes one byte.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(self.array::<1>()?[0])
    }

    /// Takes a little-endian 64-bit integer.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// Takes all that is left.
    pub fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// Checks that nothing is left.
    ///
    /// # Errors
    /// [`DecodeError::BytesLeftOver`].
    pub fn end(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            n => Err(DecodeError::BytesLeftOver(n)),
        }
    }
}
