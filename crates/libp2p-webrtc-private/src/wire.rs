//! The little of protocol buffers that both wire formats need: length prefixes and messages of one varint field and
//! one length-delimited field. Decoding allocates nothing and never reads past its input.

/// Why bytes are not such a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The input ends within a field.
    #[error("the message ends within a field")]
    Truncated,
    /// A varint does not end within ten bytes or exceeds 64 bits.
    #[error("a varint has more than 64 bits")]
    VarintTooLong,
    /// Field number zero, or a wire type that protocol buffers 3 does not have.
    #[error("field tag {0} is not one of protocol buffers 3")]
    Tag(u64),
    /// A field has another wire type than its declaration.
    #[error("field {0} has the wrong wire type")]
    WireType(u64),
    /// A length prefix exceeds what a message may have.
    #[error("a message of {0} bytes; the limit is {1}")]
    TooLong(u64, usize),
    /// Text is not UTF-8.
    #[error("field {0} is not UTF-8")]
    Utf8(u64),
}

/// A field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// A fixed 32- or 64-bit value, which no message here declares.
    Fixed,
}

/// Appends `value` in base 128, least significant group first.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// How many bytes [`put_varint`] appends.
pub(crate) fn varint_len(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Reads a varint: its value and what follows. `None` where the input ends within it.
pub(crate) fn varint(input: &[u8]) -> Result<Option<(u64, &[u8])>, WireError> {
    let mut value = 0u64;
    for (index, byte) in input.iter().enumerate() {
        let group = u64::from(byte & 0x7f);
        if index > 9 || (index == 9 && group > 1) {
            return Err(WireError::VarintTooLong);
        }
        value |= group << (7 * index);
        if byte & 0x80 == 0 {
            return Ok(Some((value, &input[index + 1..])));
        }
    }
    if input.len() > 9 { Err(WireError::VarintTooLong) } else { Ok(None) }
}

/// Reads the length prefix of a message of at most `limit` bytes: the message's length and what follows the prefix.
pub(crate) fn length_prefix(input: &[u8], limit: usize) -> Result<Option<(usize, &[u8])>, WireError> {
    match varint(input)? {
        None => Ok(None),
        Some((length, rest)) => match usize::try_from(length) {
            Ok(length) if length <= limit => Ok(Some((length, rest))),
            _ => Err(WireError::TooLong(length, limit)),
        },
    }
}

/// The fields of a message, in order. Stops after the first error.
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn varint(&mut self) -> Result<u64, WireError> {
        let (value, rest) = varint(self.rest)?.ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(value)
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], WireError> {
        let count = usize::try_from(count).map_err(|_| WireError::Truncated)?;
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn field(&mut self) -> Result<(u64, Value<'a>), WireError> {
        let tag = self.varint()?;
        let number = tag >> 3;
        if number == 0 || number > 0x1fff_ffff {
            return Err(WireError::Tag(tag));
        }
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(WireError::Tag(tag)),
        };
        Ok((number, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn varints_of_the_protocol_buffers_documentation() {
        let mut out = Vec::new();
        put_varint(&mut out, 150);
        assert_eq!(out, [0x96, 0x01]);
        assert_eq!(varint(&[0x96, 0x01, 7]), Ok(Some((150, &[7][..]))));
        assert_eq!(varint(&[]), Ok(None));
        assert_eq!(varint(&[0x80]), Ok(None));
        assert_eq!(varint(&[0xff; 10]), Err(WireError::VarintTooLong));
        assert_eq!(varint(&[0xff; 9]), Ok(None));
        let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(varint(&most), Ok(Some((u64::MAX, &[][..]))));
    }

    #[test]
    fn malformed_fields_are_named() {
        let first = |bytes: &[u8]| Fields::new(bytes).next().unwrap().unwrap_err();
        assert_eq!(first(&[0x00]), WireError::Tag(0));
        assert_eq!(first(&[0x0b]), WireError::Tag(0x0b));
        assert_eq!(first(&[0x12, 5, 1]), WireError::Truncated);
        assert_eq!(first(&[0x12]), WireError::Truncated);
        assert_eq!(first(&[0x09, 0, 0]), WireError::Truncated);
        let huge = [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(first(&huge), WireError::Truncated);
    }

    #[test]
    fn length_prefixes_are_bounded() {
        assert_eq!(length_prefix(&[5, 1], 5), Ok(Some((5, &[1][..]))));
        assert_eq!(length_prefix(&[6], 5), Err(WireError::TooLong(6, 5)));
    }

    proptest! {
        #[test]
        fn varints_round_trip(value: u64) {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            prop_assert_eq!(out.len(), varint_len(value));
            prop_assert_eq!(varint(&out), Ok(Some((value, &[][..]))));
        }

        #[test]
        fn any_bytes_are_taken_apart_without_a_panic(bytes: Vec<u8>) {
            prop_assert!(Fields::new(&bytes).count() <= bytes.len().max(1));
        }
    }
}
