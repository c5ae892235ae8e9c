//! Pieces that others published: which of them this member takes in.

use std::collections::{BTreeMap, VecDeque};

use abraham_messages::{PeerKey, SignedPiece};
use abraham_provenance::{StructHash, check, hash_struct};

use crate::{Config, Millis, Rejection, limits, members::presence::SeenTerm};

/// A piece's painters by seat, where their committee is in sight with this artist. Of committees that are only said to
/// be, the first is believed as long as none was shown.
fn known_painters(terms: &[SeenTerm], signed: &SignedPiece) -> Option<[PeerKey; 4]> {
    let by = <[_; 4]>::try_from(&signed.signatures[..]).ok()?;
    let keys = by.map(|by| by.painter);
    let is_of = |seen: &SeenTerm| {
        let seated = seen.seats.iter().zip(&keys).filter(|(seat, key)| **seat == Some(**key)).count();
        let others = seen.seats.iter().zip(&keys).all(|(seat, key)| seat.is_none_or(|seat| seat == *key));
        seated >= limits::MIN_PAINTERS_IN_VIEW && others && signed.piece.artist == seen.artist
    };
    let mut believed = terms.iter().enumerate().filter(|(place, seen)| seen.shown || *place == 0);
    believed.any(|(_, seen)| is_of(seen)).then_some(keys)
}

/// Pieces that were heard of: each is checked and shown once, and only painters of a committee in sight can make this
/// member check any, now and then.
#[derive(Default)]
pub(crate) struct ReceivedPieces {
    known: VecDeque<StructHash>,
    checked: BTreeMap<PeerKey, Millis>,
}

impl ReceivedPieces {
    /// Remembers a piece of this member's own committee; false where it is known.
    pub(crate) fn remember(&mut self, piece: &SignedPiece) -> bool {
        let name = hash_struct(&piece.piece);
        if self.known.contains(&name) {
            return false;
        }
        if self.known.len() >= limits::MAX_KNOWN_PIECES {
            self.known.pop_front();
        }
        self.known.push_back(name);
        true
    }

    /// Takes in a piece that `from` published. `terms` are the committees in sight.
    pub(crate) fn handle_piece(
        &mut self,
        now: Millis,
        config: &Config,
        terms: &[SeenTerm],
        from: PeerKey,
        piece: &SignedPiece,
    ) -> Result<(), Rejection> {
        if (piece.piece.recipe, piece.content.len()) != (config.recipe, config.content_bytes) {
            return Err(Rejection::WrongShape);
        }
        let painters = known_painters(terms, piece).ok_or(Rejection::OutOfPlace)?;
        if !painters.contains(&from) {
            return Err(Rejection::OutOfPlace);
        }
        self.checked.retain(|_, at| at.saturating_add(limits::MIN_PIECE_INTERVAL) > now);
        if self.checked.contains_key(&from) {
            return Err(Rejection::TooMany);
        }
        let name = hash_struct(&piece.piece);
        if self.known.contains(&name) {
            return Err(Rejection::Replayed);
        }
        // Nobody but these painters comes so far, and each only takes its own time.
        self.checked.insert(from, now);
        check(piece).map_err(|_| Rejection::BadSignature)?;
        self.remember(piece);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use abraham_messages::{ArtistName, Commitment, Latent, PainterSignature, RecipeId, TermId};
    use abraham_provenance::{Signer, Unsigned};

    use super::*;
    use crate::fixtures;

    fn config() -> Config {
        Config { recipe: RecipeId([3; 32]), content_bytes: 4, batch_bytes: 16, ..fixtures::config() }
    }

    fn signed() -> ([Signer; 4], SignedPiece) {
        let signers = [1, 2, 3, 4].map(|n| Signer::new(&[n; 32]).unwrap());
        let content = vec![1, 2, 3, 4];
        let piece = Unsigned {
            artist: ArtistName([5; 32]),
            recipe: RecipeId([3; 32]),
            round: 9,
            generation: 0,
            commitments: &[Commitment([6; 32]); 4],
            latent: Latent([8; 32]),
            content: &content,
        }
        .piece();
        let sign = |by: &Signer| PainterSignature { painter: by.public_key(), signature: by.sign(&piece) };
        let signatures = signers.iter().map(sign).collect();
        (signers, SignedPiece { piece, content, signatures })
    }

    /// The committee of [`signed`], as its painters' presences show it.
    fn in_sight() -> SeenTerm {
        let (signers, _) = signed();
        let seats = [0, 1, 2, 3].map(|i: usize| Some(signers[i].public_key()));
        SeenTerm { id: TermId([7; 32]), number: 1, artist: ArtistName([5; 32]), round: 9, seats, shown: true }
    }

    #[test]
    fn a_piece_is_heard_once_from_one_of_its_painters() {
        let (signers, piece) = signed();
        let terms = [in_sight()];
        let mut pieces = ReceivedPieces::default();
        let stranger = Signer::new(&[9; 32]).unwrap().public_key();
        assert_eq!(pieces.handle_piece(0, &config(), &terms, stranger, &piece), Err(Rejection::OutOfPlace));
        assert_eq!(pieces.handle_piece(2, &config(), &terms, signers[1].public_key(), &piece), Ok(()));
        assert_eq!(
            pieces.handle_piece(5_000, &config(), &terms, signers[2].public_key(), &piece),
            Err(Rejection::Replayed)
        );
        let mut large = piece.clone();
        large.content.push(0);
        assert_eq!(
            pieces.handle_piece(9_000, &config(), &terms, signers[3].public_key(), &large),
            Err(Rejection::WrongShape)
        );
        let mut bad = piece.clone();
        bad.piece.round += 1;
        assert_eq!(
            pieces.handle_piece(9_000, &config(), &terms, signers[3].public_key(), &bad),
            Err(Rejection::BadSignature)
        );
        assert_eq!(
            pieces.handle_piece(9_001, &config(), &terms, signers[3].public_key(), &bad),
            Err(Rejection::TooMany),
            "each check costs four verifications"
        );
        assert_eq!(
            pieces.handle_piece(
                9_000 + limits::MIN_PIECE_INTERVAL,
                &config(),
                &terms,
                signers[3].public_key(),
                &bad
            ),
            Err(Rejection::BadSignature)
        );
    }

    #[test]
    fn only_a_committee_in_sight_hangs_pieces_and_only_of_its_artist() {
        let (signers, piece) = signed();
        let hears = |terms: &[SeenTerm], piece: &SignedPiece| {
            ReceivedPieces::default().handle_piece(0, &config(), terms, signers[0].public_key(), piece)
        };
        let seen = in_sight();
        assert_eq!(hears(std::slice::from_ref(&seen), &piece), Ok(()));
        assert_eq!(hears(&[], &piece), Err(Rejection::OutOfPlace), "nobody sits");
        let strangers = [11, 12, 13, 14].map(|n| Some(Signer::new(&[n; 32]).unwrap().public_key()));
        let other = SeenTerm { id: TermId([8; 32]), seats: strangers, ..seen.clone() };
        assert_eq!(
            hears(std::slice::from_ref(&other), &piece),
            Err(Rejection::OutOfPlace),
            "another committee sits"
        );
        let another = SeenTerm { artist: ArtistName([6; 32]), ..seen.clone() };
        assert_eq!(hears(&[another], &piece), Err(Rejection::OutOfPlace), "another artist");
        let mut three = seen.clone();
        three.seats[0] = None;
        assert_eq!(hears(std::slice::from_ref(&three), &piece), Ok(()));
        three.seats[1] = Some(Signer::new(&[9; 32]).unwrap().public_key());
        assert_eq!(
            hears(std::slice::from_ref(&three), &piece),
            Err(Rejection::OutOfPlace),
            "another sits at this seat"
        );
        three.seats[1] = None;
        assert_eq!(hears(&[three], &piece), Err(Rejection::OutOfPlace), "two of four");
        // What is only said to be a committee is believed as long as there is no better.
        let said = SeenTerm { shown: false, ..seen };
        assert_eq!(hears(std::slice::from_ref(&said), &piece), Ok(()));
        assert_eq!(hears(&[other, said], &piece), Err(Rejection::OutOfPlace));
    }

    #[test]
    fn bad_pieces_of_any_number_of_strangers_hide_no_good_one() {
        let (signers, piece) = signed();
        let terms = [in_sight()];
        let mut pieces = ReceivedPieces::default();
        let mut bad = piece.clone();
        bad.signatures[0].signature.0[3] ^= 1;
        for n in 0..10_000_u32 {
            let mut key = [2; 33];
            key[1..5].copy_from_slice(&n.to_le_bytes());
            assert_eq!(
                pieces.handle_piece(0, &config(), &terms, PeerKey(key), &bad),
                Err(Rejection::OutOfPlace)
            );
        }
        assert!(pieces.checked.is_empty(), "none of them is worth a slot or a verification");
        assert_eq!(pieces.handle_piece(500, &config(), &terms, signers[0].public_key(), &piece), Ok(()));
    }
}
