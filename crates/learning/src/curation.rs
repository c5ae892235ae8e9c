//! Pieces that curators backed or rejected, as public weighted pseudo-pictures of the drift.

use abraham_ring::RingTensor;

use crate::{BATCH_FRACTION_BITS, Error, limits};

/// The share of a side's weight that curated pieces take, in thousandths, unless a round says otherwise. At 0.05 the
/// share of samples near backed works rose from 0.43 to 0.65 and near rejected ones fell from 0.22 to 0.13.
pub const DEFAULT_SHARE_PER_MILLE: u16 = 50;

/// One curated piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curated {
    /// D values with [`BATCH_FRACTION_BITS`] fraction bits, in [−1, 1].
    pub(crate) picture: Vec<i32>,
    /// Its conviction, in any unit: only proportions count.
    pub(crate) conviction: u64,
}

impl Curated {
    /// Takes a published piece from its bytes, one a value (0 is −1 and 255 is 1), in the order of
    /// [`Pictures`](crate::Pictures).
    pub fn from_bytes(bytes: &[u8], conviction: u64) -> Self {
        let value = |byte: &u8| ((2 * i32::from(*byte) - 255) << BATCH_FRACTION_BITS) / 255;
        Self { picture: bytes.iter().map(value).collect(), conviction }
    }
}

/// The public curation of one round.
///
/// With ρ the share, backed pieces join the attraction as pictures of the weight that ρ·N of the crowd's N pictures
/// have, and rejected ones join the repulsion with the weight of ρ·B of the batch's B pictures, each side in proportion
/// to conviction. Attraction and repulsion are divided by their whole weight, so that they stay in balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curation {
    /// ρ in thousandths, at most [`limits::MAX_SHARE_PER_MILLE`].
    pub share_per_mille: u16,
    /// Pieces that attract.
    pub backed: Vec<Curated>,
    /// Pieces that repel.
    pub rejected: Vec<Curated>,
}

impl Default for Curation {
    /// No piece on either side.
    fn default() -> Self {
        Self { share_per_mille: DEFAULT_SHARE_PER_MILLE, backed: Vec::new(), rejected: Vec::new() }
    }
}

impl Curation {
    /// Adds all of it to a hash.
    pub(crate) fn hash(&self, hasher: &mut blake3::Hasher) {
        hasher.update(&self.share_per_mille.to_le_bytes());
        for side in [&self.backed, &self.rejected] {
            hasher.update(&(side.len() as u64).to_le_bytes());
            for piece in side {
                hasher.update(&piece.conviction.to_le_bytes());
                hasher.update(&(piece.picture.len() as u64).to_le_bytes());
                piece.picture.iter().for_each(|value| _ = hasher.update(&value.to_le_bytes()));
            }
        }
    }

    /// Refuses a share above its cap, too many pieces, and pieces that do not have `dimension` values.
    pub(crate) fn check(&self, dimension: usize) -> Result<(), Error> {
        if self.share_per_mille > limits::MAX_SHARE_PER_MILLE {
            return Err(Error::Curation("its share is above the cap"));
        }
        if self.backed.len().max(self.rejected.len()) > limits::MAX_CURATED {
            return Err(Error::Curation("it names too many pieces"));
        }
        if self.backed.iter().chain(&self.rejected).any(|piece| piece.picture.len() != dimension) {
            return Err(Error::Curation("a piece does not have the artist's size"));
        }
        Ok(())
    }
}

/// One side's pieces with a conviction, as a matrix with a row for each, and their share.
pub(crate) struct Side {
    pub(crate) pictures: RingTensor,
    pub(crate) convictions: Vec<f64>,
    /// 0 where there is no piece.
    pub(crate) per_mille: u16,
}

impl Side {
    pub(crate) fn new(pieces: &[Curated], dimension: usize, per_mille: u16) -> Self {
        let pieces: Vec<&Curated> = pieces.iter().filter(|piece| piece.conviction > 0).collect();
        let pictures = RingTensor::from_fn(pieces.len(), dimension, |row, col| {
            i64::from(pieces[row].picture[col]).cast_unsigned()
        });
        let convictions = pieces.iter().map(|piece| piece.conviction as f64).collect();
        Self { pictures, convictions, per_mille: if pieces.is_empty() { 0 } else { per_mille } }
    }
}
