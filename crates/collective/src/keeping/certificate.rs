//! States of an artist: their names, the commitments that painters agree on, and certificates.

use abraham_messages::{
    ArtistName, Commitment, PeerKey, RecipeId,
    collective::{Certificate, StateName, StateStatement},
};

use abraham_provenance::{artist_name, hash_struct, state_name, verify};

use crate::{HeldCommitments, limits};

/// What four painters, who each said what they hold, agree on: all three holders of each component say the same.
///
/// What two of three say is not enough: after a lie on the wire the liar and whom it fooled have the same wrong
/// component. `Err` has the seat that two others contradict, which is the liar's where the painters compared their
/// transcripts before, and none where no two agree.
pub(crate) fn agree(held: [&HeldCommitments; 4]) -> Result<[Commitment; 4], Option<usize>> {
    let mut agreed = [Commitment::default(); 4];
    for (c, agreed) in agreed.iter_mut().enumerate() {
        let said: Vec<(usize, Option<Commitment>)> =
            (0..4).filter(|s| *s != c).map(|s| (s, held[s][c])).collect();
        let twice = said.iter().find_map(|(s, commitment)| {
            let commitment = (*commitment)?;
            said.iter().any(|(other, same)| other != s && *same == Some(commitment)).then_some(commitment)
        });
        *agreed = twice.ok_or(None)?;
        if let Some((outvoted, _)) = said.iter().find(|(_, commitment)| *commitment != Some(*agreed)) {
            return Err(Some(*outvoted));
        }
    }
    Ok(agreed)
}

/// Whether enough of a state's painters signed it, and none of the signatures is false. Says nothing of who they were.
/// A first state must be of an artist of this `recipe`.
pub(crate) fn is_valid(recipe: &RecipeId, certificate: &Certificate) -> bool {
    let statement = &certificate.statement;
    if statement.round > limits::MAX_ROUNDS
        || (0..4).any(|i| statement.seats[..i].contains(&statement.seats[i]))
    {
        return false;
    }
    if statement.round == 0 && artist_name(recipe, &statement.commitments) != statement.artist {
        return false;
    }
    let signed = statement.seats.iter().zip(&certificate.signatures);
    let signed: Vec<bool> = signed
        .filter_map(|(painter, signature)| Some((painter, signature.as_ref()?)))
        .map(|(painter, signature)| verify(painter, statement, signature))
        .collect();
    signed.len() >= limits::CERTIFICATE_QUORUM && signed.iter().all(|good| *good)
}

/// By what one state of an artist is newer than another.
pub(crate) fn age(statement: &StateStatement) -> (u64, u64) {
    (statement.round, statement.generation)
}

/// A hash of a certificate, by which it is known again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CertificateId([u8; 32]);

/// By what a certificate is known again.
pub(crate) fn digest(certificate: &Certificate) -> CertificateId {
    let mut hasher = blake3::Hasher::new_derive_key("abraham 2026-11 certificate v1");
    hasher.update(&hash_struct(&certificate.statement).0);
    for signature in &certificate.signatures {
        hasher.update(&[u8::from(signature.is_some())]);
        hasher.update(signature.as_ref().map_or(&[][..], |signature| &signature.0));
    }
    CertificateId(*hasher.finalize().as_bytes())
}

/// Whether what a holder sent certifies the state that is to be continued, and it is one of its painters at its seat.
pub(crate) fn fits(
    recipe: &RecipeId,
    certificate: &Certificate,
    artist: &ArtistName,
    state: &StateName,
    (holder, seat): (&PeerKey, usize),
) -> bool {
    let statement = &certificate.statement;
    statement.artist == *artist
        && state_name(statement) == *state
        && statement.seats[seat] == *holder
        && is_valid(recipe, certificate)
}

#[cfg(test)]
pub(super) mod tests {
    use abraham_messages::{TermId, collective::Signature};
    use abraham_provenance::Signer;

    use super::*;

    const RECIPE: RecipeId = RecipeId([4; 32]);

    pub(crate) fn certificate(round: u64, seed: u8) -> (Vec<Signer>, Certificate) {
        let signers: Vec<Signer> = (1..5).map(|n| Signer::new(&[n; 32]).unwrap()).collect();
        let seats = [0, 1, 2, 3].map(|i: usize| signers[i].public_key());
        let commitments = [Commitment([seed; 32]); 4];
        let statement = StateStatement {
            artist: artist_name(&RECIPE, &[Commitment([0; 32]); 4]),
            round,
            generation: 0,
            commitments,
            term: TermId([7; 32]),
            seats,
        };
        let signatures = [0, 1, 2, 3].map(|i: usize| Some(signers[i].sign(&statement)));
        (signers, Certificate { statement, signatures })
    }

    #[test]
    fn three_of_four_signatures_make_a_certificate_and_two_do_not() {
        let (signers, mut certificate) = certificate(3, 1);
        assert!(is_valid(&RECIPE, &certificate));
        certificate.signatures[0] = None;
        assert!(is_valid(&RECIPE, &certificate));
        certificate.signatures[1] = Some(Signature([1; 65]));
        assert!(!is_valid(&RECIPE, &certificate));
        let state = state_name(&certificate.statement);
        certificate.signatures[1] = Some(signers[1].sign(&certificate.statement));
        let (artist, me) = (certificate.statement.artist, signers[2].public_key());
        assert!(fits(&RECIPE, &certificate, &artist, &state, (&me, 2)));
        assert!(!fits(&RECIPE, &certificate, &artist, &state, (&me, 3)), "its holder sat elsewhere");
        assert!(!fits(&RECIPE, &certificate, &ArtistName([9; 32]), &state, (&me, 2)));
        certificate.statement.round += 1;
        assert!(
            !fits(&RECIPE, &certificate, &artist, &state, (&me, 2)),
            "the state's name is over its round"
        );
    }

    #[test]
    fn one_key_cannot_sign_for_two_seats_and_a_first_state_names_its_artist() {
        let (signers, mut certificate) = certificate(3, 1);
        certificate.statement.seats[1] = signers[0].public_key();
        certificate.statement.seats[2] = signers[0].public_key();
        let signature = Some(signers[0].sign(&certificate.statement));
        certificate.signatures = [signature, signature, signature, None];
        assert!(!is_valid(&RECIPE, &certificate));
        let (_, first) = super::tests::certificate(0, 0);
        assert!(is_valid(&RECIPE, &first));
        let (_, foreign) = super::tests::certificate(0, 1);
        assert!(!is_valid(&RECIPE, &foreign), "these commitments are not those of its artist");
    }

    #[test]
    fn nothing_is_agreed_where_a_holder_must_be_outvoted() {
        let truth: [Commitment; 4] = std::array::from_fn(|c| Commitment([c as u8; 32]));
        let held =
            |seat: usize| -> HeldCommitments { std::array::from_fn(|c| (c != seat).then_some(truth[c])) };
        assert_eq!(agree([&held(0), &held(1), &held(2), &held(3)]), Ok(truth));
        let lie = Some(Commitment([9; 32]));
        let lies: [HeldCommitments; 3] = [[None; 4], [lie; 4], [lie, None, None, None]];
        for liar in 0..4 {
            for lie in lies {
                let mut all = [held(0), held(1), held(2), held(3)];
                all[liar] = lie;
                let [a, b, c, d] = &all;
                assert_eq!(agree([a, b, c, d]), Err(Some(liar)), "{liar} {lie:?}");
            }
        }
        // No two of component 0's holders say the same.
        let mut all = [held(0), held(1), held(2), held(3)];
        (all[1][0], all[2][0]) = (Some(Commitment([8; 32])), None);
        let [a, b, c, d] = &all;
        assert_eq!(agree([a, b, c, d]), Err(None));
    }

    #[test]
    fn a_false_signature_beside_enough_true_ones_spoils_a_certificate() {
        let (_, mut certificate) = certificate(3, 1);
        certificate.signatures[3] = certificate.signatures[2];
        assert!(!is_valid(&RECIPE, &certificate), "it would count as one who signed");
    }
}
