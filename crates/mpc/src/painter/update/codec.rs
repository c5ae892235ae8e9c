//! An update's share on its way from the teacher to one painter: rows and columns (4 bytes each, little-endian), ring
//! bits and fraction bits (1 byte each), the seeds that the painter holds in their order (32 bytes each), the explicit
//! component's hash (32 bytes, not to painter 3), and to painter 0 the explicit component (8 bytes an element).

use abraham_messages::{
    codec::{DecodeError, Reader},
    limits,
};
use abraham_ring::RingTensor;
use zeroize::Zeroizing;

use super::{EXPLICIT, UpdateShare};
use crate::{PainterId, Scale};

/// Bytes before the seeds.
const HEADER_BYTES: usize = 10;

impl UpdateShare {
    /// Bytes of the encoded share of an update of this shape for `holder`.
    pub fn bytes_for(holder: PainterId, shape: (usize, usize)) -> usize {
        let explicit = if holder.index() == 0 { 8 * shape.0 * shape.1 } else { 0 };
        // Two seeds and a hash, or three seeds.
        HEADER_BYTES + 3 * 32 + explicit
    }

    pub(super) fn encoded_bytes(&self) -> usize {
        let hashes = self.seeds.iter().flatten().count() + usize::from(self.explicit_hash.is_some());
        HEADER_BYTES + 32 * hashes + self.explicit.as_ref().map_or(0, |x| 8 * x.len())
    }

    /// Encodes the share for the private link to its painter; the buffer is wiped when dropped.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        // One allocation of the final size: a buffer that grows would leave copies behind.
        let mut out = Zeroizing::new(Vec::with_capacity(self.encoded_bytes()));
        let (rows, cols) = self.shape;
        out.extend_from_slice(&(rows as u32).to_le_bytes());
        out.extend_from_slice(&(cols as u32).to_le_bytes());
        out.extend([self.scale.ring_bits as u8, self.scale.fraction_bits as u8]);
        for seed in self.seeds.iter().flatten() {
            out.extend_from_slice(seed.as_slice());
        }
        out.extend_from_slice(self.explicit_hash.as_ref().map_or(&[], |hash| hash.as_slice()));
        for word in self.explicit.as_ref().map_or(&[][..], RingTensor::data) {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out
    }

    /// Decodes the share that `holder` was sent, which must have the shape and scale that it expects.
    ///
    /// # Errors
    /// [`DecodeError`] where it is of another shape or scale, longer than [`limits::MAX_BULK_BYTES`], or does not have
    /// exactly the bytes of a share of this holder.
    pub fn decode(
        bytes: &[u8],
        holder: PainterId,
        shape: (usize, usize),
        scale: Scale,
    ) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, limits::MAX_BULK_BYTES)?;
        let dimension = |bytes: [u8; 4]| u64::from(u32::from_le_bytes(bytes));
        for (field, found, expected) in [
            ("rows of the update", dimension(reader.array()?), shape.0 as u64),
            ("columns of the update", dimension(reader.array()?), shape.1 as u64),
            ("ring bits of the update", reader.u8()?.into(), scale.ring_bits.into()),
            ("fraction bits of the update", reader.u8()?.into(), scale.fraction_bits.into()),
        ] {
            if found != expected {
                return Err(DecodeError::UnknownValue { field, value: found });
            }
        }
        let mut seeds = [const { None }; 3];
        for (_, seed) in seeds.iter_mut().enumerate().filter(|(c, _)| *c != holder.index()) {
            *seed = Some(Zeroizing::new(reader.array()?));
        }
        let explicit_hash = if holder.index() == EXPLICIT { None } else { Some(reader.array()?) };
        let mut explicit = None;
        if holder.index() == 0 {
            let elements = shape.0.saturating_mul(shape.1);
            let words = reader.take(elements.saturating_mul(8))?.as_chunks().0;
            let data = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
            explicit = Some(RingTensor::new(shape.0, shape.1, data).map_err(|_| DecodeError::Malformed)?);
        }
        reader.end()?;
        Ok(Self { seeds, explicit_hash, explicit, shape, scale })
    }
}

#[cfg(test)]
mod tests {
    use abraham_ring::CpuBackend;
    use proptest::prelude::*;

    use super::*;
    use crate::split_update;

    const SCALE: Scale = Scale::full(24);

    fn split(rows: usize, cols: usize) -> [UpdateShare; 4] {
        let values = RingTensor::from_fn(rows, cols, |r, c| ((r << 40) + c) as u64);
        let seeds = [[1; 32], [2; 32], [3; 32]];
        pollster::block_on(split_update(&values, SCALE, seeds, &CpuBackend)).unwrap()
    }

    #[test]
    fn a_share_survives_the_wire() {
        for (holder, share) in PainterId::ALL.into_iter().zip(split(3, 5)) {
            let bytes = share.encode();
            assert_eq!(bytes.len() as u64, share.upload_bytes());
            assert_eq!(bytes.len(), UpdateShare::bytes_for(holder, (3, 5)));
            let read = UpdateShare::decode(&bytes, holder, (3, 5), SCALE).ok().unwrap();
            assert!(read.seeds == share.seeds && read.explicit_hash == share.explicit_hash);
            assert!(read.explicit == share.explicit && read.fits((3, 5), SCALE));
        }
    }

    #[test]
    fn the_layout_is_fixed() {
        let shares = split(1, 2);
        let hash = shares[0].explicit_hash.unwrap();
        let header = [1, 0, 0, 0, 2, 0, 0, 0, 64, 24];
        let third = [&header[..], &[1; 32], &[2; 32], &[3; 32]].concat();
        assert_eq!(*shares[3].encode(), third);
        assert_eq!(*shares[1].encode(), [&header[..], &[1; 32], &[3; 32], &hash].concat());
        assert_eq!(shares[0].encode().len(), HEADER_BYTES + 3 * 32 + 16);
    }

    #[test]
    fn a_teacher_of_a_batch_of_32_uploads_less_than_0_8_megabytes() {
        let uploaded: u64 = split(32, 3073).iter().map(UpdateShare::upload_bytes).sum();
        assert_eq!(uploaded, 8 * 32 * 3073 + 4 * (10 + 3 * 32));
        assert!(uploaded < 800_000, "{uploaded}");
    }

    #[test]
    fn malformed_shares_are_refused_with_the_reason() {
        let error = |bytes: &[u8], seat: usize, shape| {
            UpdateShare::decode(bytes, PainterId::ALL[seat], shape, SCALE).err()
        };
        let bytes = split(3, 5).map(|share| share.encode());
        let unknown = |field, value| Some(DecodeError::UnknownValue { field, value });
        assert_eq!(error(&bytes[0], 0, (5, 3)), unknown("rows of the update", 3));
        assert_eq!(error(&bytes[0], 0, (3, 4)), unknown("columns of the update", 5));
        let wrong = UpdateShare::decode(&bytes[0], PainterId::ALL[0], (3, 5), Scale::full(16));
        assert_eq!(wrong.err(), unknown("fraction bits of the update", 24));
        assert_eq!(error(&[], 1, (3, 5)), Some(DecodeError::Truncated { missing: 4 }));
        for (seat, bytes) in bytes.iter().enumerate() {
            let cut = &bytes[..bytes.len() - 1];
            assert_eq!(error(cut, seat, (3, 5)), Some(DecodeError::Truncated { missing: 1 }));
            let long = [bytes, &[0][..]].concat();
            assert_eq!(error(&long, seat, (3, 5)), Some(DecodeError::BytesLeftOver(1)));
        }
        // What is another painter's does not fit either.
        assert!(error(&bytes[0], 1, (3, 5)).is_some() && error(&bytes[1], 0, (3, 5)).is_some());
        let long = vec![0; limits::MAX_BULK_BYTES + 1];
        assert!(matches!(error(&long, 0, (3, 5)), Some(DecodeError::TooLong { .. })));
        // A shape that no memory holds is refused before anything is allocated.
        let mut vast = bytes[0].to_vec();
        vast[..8].fill(255);
        let size = u32::MAX as usize;
        assert!(matches!(error(&vast, 0, (size, size)), Some(DecodeError::Truncated { .. })));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), seat in 0..4_usize) {
            let _ = UpdateShare::decode(&bytes, PainterId::ALL[seat], (1, 2), SCALE);
        }
    }
}
