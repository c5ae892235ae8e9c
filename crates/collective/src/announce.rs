//! Signing what others must be able to check, and checking it.

use std::collections::{BTreeMap, VecDeque};

use abraham_messages::{
    PROTOCOL_VERSION, PeerKey, PieceRecord, RECORD_VERSIONS,
    codec::hex,
    collective::{Digest, Signature, SignedPiece, Statement},
    piece::Committee,
};
use k256::ecdsa::{
    self, SigningKey, VerifyingKey,
    signature::{Signer as _, Verifier as _},
};

use crate::{Config, Error, Millis, Rejection, Term, limits, presence::SeenTerm};

/// A member's key. It derives neither `Debug` nor `Clone`; the key is wiped when dropped.
pub(crate) struct Signer {
    key: SigningKey,
    me: PeerKey,
}

impl Signer {
    /// Takes a secp256k1 secret scalar.
    pub(crate) fn new(secret: &[u8; 32]) -> Result<Self, Error> {
        let key = SigningKey::from_slice(secret).map_err(|_| Error::Secret)?;
        let point = key.verifying_key().to_sec1_point(true);
        let me = point.as_bytes().try_into().map_err(|_| Error::Secret)?;
        Ok(Self { key, me: PeerKey(me) })
    }

    pub(crate) fn me(&self) -> PeerKey {
        self.me
    }

    /// Signs a statement (deterministically, RFC 6979).
    pub(crate) fn sign(&self, statement: &Statement<'_>) -> Signature {
        let signature: ecdsa::Signature = self.key.sign(&statement.signed_bytes());
        Signature(signature.to_bytes().into())
    }
}

/// Whether `signer` signed the statement.
pub(crate) fn verify(signer: &PeerKey, statement: &Statement<'_>, signature: &Signature) -> bool {
    let Ok(key) = VerifyingKey::from_sec1_bytes(&signer.0) else { return false };
    let Ok(signature) = ecdsa::Signature::from_slice(&signature.0) else { return false };
    key.verify(&statement.signed_bytes(), &signature).is_ok()
}

fn from_hex(text: &str) -> Option<PeerKey> {
    let mut key = [0; 33];
    let read = base16ct::lower::decode(text, &mut key).ok()?.len();
    (read == key.len()).then_some(PeerKey(key))
}

/// The record of a piece that a committee painted.
pub(crate) fn record(
    config: &Config,
    term: &Term,
    (artist, round, commitments): (&Digest, u64, &[Digest; 4]),
    latent: &Digest,
    samples: &[u8],
) -> PieceRecord {
    PieceRecord {
        protocol: PROTOCOL_VERSION.into(),
        genesis: hex(artist),
        round,
        side: config.side,
        channels: config.channels,
        latent: hex(latent),
        share_commitments: commitments.map(|commitment| hex(&commitment)),
        picture: blake3::hash(samples).to_hex().to_string(),
        committee: Committee::Members {
            term: hex(&term.id),
            painters: term.seats.map(|painter| hex(&painter.0)),
        },
    }
}

/// Checks a piece against its own record: the samples' number and hash, and all four signatures. It does not say
/// that the four were ever elected; anyone with four keys can sign a picture.
///
/// # Errors
/// [`Error::Piece`] with what does not fit.
pub fn check_piece(piece: &SignedPiece) -> Result<[PeerKey; 4], Error> {
    let record = &piece.record;
    if !RECORD_VERSIONS.contains(&record.protocol.as_str()) {
        return Err(Error::Piece("its protocol is another"));
    }
    let samples = u64::from(record.side).checked_mul(record.side.into());
    let samples = samples.and_then(|n| n.checked_mul(record.channels.into()));
    if samples != Some(piece.samples.len() as u64) {
        return Err(Error::Piece("its picture does not have the size that its record says"));
    }
    if record.picture != blake3::hash(&piece.samples).to_hex().as_str() {
        return Err(Error::Piece("its picture does not have the hash that its record says"));
    }
    let Committee::Members { painters, .. } = &record.committee else {
        return Err(Error::Piece("its committee were no members of the network"));
    };
    let mut keys = [PeerKey([0; 33]); 4];
    for ((key, painter), signature) in keys.iter_mut().zip(painters).zip(&piece.signatures) {
        *key = from_hex(painter).ok_or(Error::Piece("a painter's key is malformed"))?;
        if !verify(key, &Statement::Piece(record), signature) {
            return Err(Error::Piece("a painter's signature is not over its record"));
        }
    }
    if (0..4).any(|i| keys[..i].contains(&keys[i])) {
        return Err(Error::Piece("one painter sits twice"));
    }
    Ok(keys)
}

/// The painters that a piece's record names, where their committee is in sight with this artist. Of committees that
/// are only said to be, the first is believed as long as none was shown.
fn known_painters(terms: &[SeenTerm], piece: &SignedPiece) -> Option<[PeerKey; 4]> {
    let Committee::Members { term, painters } = &piece.record.committee else { return None };
    let mut terms = terms.iter().enumerate().filter(|(place, seen)| seen.shown || *place == 0);
    let (_, seen) = terms.find(|(_, seen)| hex(&seen.id) == *term)?;
    let mut keys = [PeerKey([0; 33]); 4];
    for (key, painter) in keys.iter_mut().zip(painters) {
        *key = from_hex(painter)?;
    }
    let seated = seen.seats.iter().zip(&keys).filter(|(seat, key)| **seat == Some(**key)).count();
    let others = seen.seats.iter().zip(&keys).all(|(seat, key)| seat.is_none_or(|seat| seat == *key));
    (seated >= limits::MIN_PAINTERS_IN_VIEW && others && piece.record.genesis == hex(&seen.artist))
        .then_some(keys)
}

/// Pieces that were heard of: each is checked and shown once, and only painters of a committee in sight can make this
/// member check any, now and then.
#[derive(Default)]
pub(crate) struct ReceivedPieces {
    known: VecDeque<Digest>,
    checked: BTreeMap<PeerKey, Millis>,
}

impl ReceivedPieces {
    /// Remembers a piece of this member's own committee; false where it is known.
    pub(crate) fn remember(&mut self, piece: &SignedPiece) -> bool {
        let name = *blake3::hash(&Statement::Piece(&piece.record).signed_bytes()).as_bytes();
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
        if (piece.record.side, piece.record.channels) != (config.side, config.channels) {
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
        let name = *blake3::hash(&Statement::Piece(&piece.record).signed_bytes()).as_bytes();
        if self.known.contains(&name) {
            return Err(Rejection::Replayed);
        }
        // Nobody but these painters comes so far, and each only takes its own time.
        self.checked.insert(from, now);
        check_piece(piece).map_err(|_| Rejection::BadSignature)?;
        self.remember(piece);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config {
            side: 2,
            channels: 1,
            batch_bytes: 16,
            update_bytes: [8; 4],
            min_teachers: 3,
            min_pictures: 64,
        }
    }

    fn signed() -> ([Signer; 4], SignedPiece) {
        let signers = [1, 2, 3, 4].map(|n| Signer::new(&[n; 32]).unwrap());
        let seats = [0, 1, 2, 3].map(|i: usize| signers[i].me());
        let term = Term { id: [7; 32], number: 1, seats, seat: 0 };
        let samples = vec![1, 2, 3, 4];
        let record = record(&config(), &term, (&[5; 32], 9, &[[6; 32]; 4]), &[8; 32], &samples);
        let signatures = [0, 1, 2, 3].map(|i: usize| signers[i].sign(&Statement::Piece(&record)));
        (signers, SignedPiece { record, samples, signatures })
    }

    #[test]
    fn a_secret_has_the_public_key_that_sec1_says() {
        // The generator of secp256k1 (SEC 2, section 2.4.1), which the secret 1 has.
        let mut one = [0; 32];
        one[31] = 1;
        let g = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
        assert_eq!(hex(&Signer::new(&one).unwrap().me().0), g);
        assert_eq!(from_hex(g), Some(Signer::new(&one).unwrap().me()));
        assert!(matches!(Signer::new(&[0; 32]), Err(Error::Secret)));
        assert!(matches!(Signer::new(&[255; 32]), Err(Error::Secret)));
        for bad in ["", "02", &g[1..], &format!("{g}00"), &g.replace('7', "g"), &"é".repeat(33)] {
            assert_eq!(from_hex(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_signature_is_of_one_key_over_one_statement() {
        let (signers, piece) = signed();
        let statement = Statement::Piece(&piece.record);
        assert!(verify(&signers[0].me(), &statement, &piece.signatures[0]));
        assert!(!verify(&signers[1].me(), &statement, &piece.signatures[0]));
        let mut other = piece.record.clone();
        other.round += 1;
        assert!(!verify(&signers[0].me(), &Statement::Piece(&other), &piece.signatures[0]));
        for bad in [[0; 64], [255; 64]] {
            assert!(!verify(&signers[0].me(), &statement, &Signature(bad)));
        }
        for bad in [[0; 33], [2; 33], [255; 33]] {
            assert!(
                !verify(&PeerKey(bad), &statement, &piece.signatures[0]),
                "no point of the curve, or another"
            );
        }
        // Deterministic, so that a test can say what others must get.
        assert_eq!(signers[0].sign(&statement), piece.signatures[0]);
    }

    #[test]
    fn a_piece_that_does_not_fit_its_record_is_refused() {
        let (signers, piece) = signed();
        assert_eq!(check_piece(&piece), Ok([0, 1, 2, 3].map(|i: usize| signers[i].me())));
        let refused = |change: &dyn Fn(&mut SignedPiece)| {
            let mut piece = piece.clone();
            change(&mut piece);
            assert!(matches!(check_piece(&piece), Err(Error::Piece(_))));
        };
        refused(&|piece| piece.samples[0] ^= 1);
        refused(&|piece| piece.samples.push(0));
        refused(&|piece| piece.record.round += 1);
        refused(&|piece| piece.record.side = u32::MAX);
        refused(&|piece| piece.record.channels = 0);
        refused(&|piece| piece.record.protocol.push('x'));
        refused(&|piece| piece.record.committee = Committee::Solo);
        refused(&|piece| piece.signatures[3].0[0] ^= 1);
        refused(&|piece| piece.signatures.swap(0, 1));
    }

    /// The committee of [`signed`], as its painters' presences show it.
    fn in_sight() -> SeenTerm {
        let (signers, _) = signed();
        let seats = [0, 1, 2, 3].map(|i: usize| Some(signers[i].me()));
        SeenTerm { id: [7; 32], number: 1, artist: [5; 32], round: 9, seats, shown: true }
    }

    #[test]
    fn a_piece_is_heard_once_from_one_of_its_painters() {
        let (signers, piece) = signed();
        let terms = [in_sight()];
        let mut pieces = ReceivedPieces::default();
        let stranger = Signer::new(&[9; 32]).unwrap().me();
        assert_eq!(pieces.handle_piece(0, &config(), &terms, stranger, &piece), Err(Rejection::OutOfPlace));
        assert_eq!(pieces.handle_piece(2, &config(), &terms, signers[1].me(), &piece), Ok(()));
        assert_eq!(
            pieces.handle_piece(5_000, &config(), &terms, signers[2].me(), &piece),
            Err(Rejection::Replayed)
        );
        let mut large = piece.clone();
        large.record.side = 64;
        assert_eq!(
            pieces.handle_piece(9_000, &config(), &terms, signers[3].me(), &large),
            Err(Rejection::WrongShape)
        );
        let mut bad = piece.clone();
        bad.record.round += 1;
        assert_eq!(
            pieces.handle_piece(9_000, &config(), &terms, signers[3].me(), &bad),
            Err(Rejection::BadSignature)
        );
        assert_eq!(
            pieces.handle_piece(9_001, &config(), &terms, signers[3].me(), &bad),
            Err(Rejection::TooMany),
            "each check costs four verifications"
        );
        assert_eq!(
            pieces.handle_piece(9_000 + limits::MIN_PIECE_INTERVAL, &config(), &terms, signers[3].me(), &bad),
            Err(Rejection::BadSignature)
        );
    }

    #[test]
    fn only_a_committee_in_sight_hangs_pieces_and_only_of_its_artist() {
        let (signers, piece) = signed();
        let hears = |terms: &[SeenTerm], piece: &SignedPiece| {
            ReceivedPieces::default().handle_piece(0, &config(), terms, signers[0].me(), piece)
        };
        let seen = in_sight();
        assert_eq!(hears(std::slice::from_ref(&seen), &piece), Ok(()));
        assert_eq!(hears(&[], &piece), Err(Rejection::OutOfPlace), "nobody sits");
        let other = SeenTerm { id: [8; 32], ..seen.clone() };
        assert_eq!(
            hears(std::slice::from_ref(&other), &piece),
            Err(Rejection::OutOfPlace),
            "another committee sits"
        );
        let another = SeenTerm { artist: [6; 32], ..seen.clone() };
        assert_eq!(hears(&[another], &piece), Err(Rejection::OutOfPlace), "another artist");
        let mut three = seen.clone();
        three.seats[0] = None;
        assert_eq!(hears(std::slice::from_ref(&three), &piece), Ok(()));
        three.seats[1] = Some(Signer::new(&[9; 32]).unwrap().me());
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
        bad.signatures[0].0[3] ^= 1;
        for n in 0..10_000_u32 {
            let mut key = [2; 33];
            key[1..5].copy_from_slice(&n.to_le_bytes());
            assert_eq!(
                pieces.handle_piece(0, &config(), &terms, PeerKey(key), &bad),
                Err(Rejection::OutOfPlace)
            );
        }
        assert!(pieces.checked.is_empty(), "none of them is worth a slot or a verification");
        assert_eq!(pieces.handle_piece(500, &config(), &terms, signers[0].me(), &piece), Ok(()));
    }

    #[test]
    fn one_painter_does_not_sit_twice() {
        let (signers, mut piece) = signed();
        let Committee::Members { painters, .. } = &mut piece.record.committee else { panic!("of members") };
        painters[3] = painters[0].clone();
        piece.signatures = [0, 1, 2, 0].map(|i: usize| signers[i].sign(&Statement::Piece(&piece.record)));
        assert!(matches!(check_piece(&piece), Err(Error::Piece("one painter sits twice"))));
    }
}
