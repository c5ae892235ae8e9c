//! States of an artist: their names, the commitments that painters agree on, and certificates.

use abraham_messages::{
    PeerKey,
    collective::{Certificate, Digest, Holding, StateName, StateStatement, Statement},
};

use crate::{HeldCommitments, announce::verify, limits};

/// The artist whose first state has these commitments.
pub(crate) fn artist(commitments: &[Digest; 4]) -> Digest {
    *blake3::hash(commitments.as_flattened()).as_bytes()
}

/// The name of a state.
pub(crate) fn name(statement: &StateStatement) -> StateName {
    let mut hasher = blake3::Hasher::new_derive_key("abraham 2026-11 state of an artist v1");
    hasher.update(&statement.artist).update(&statement.round.to_le_bytes());
    hasher.update(statement.commitments.as_flattened());
    StateName { round: statement.round, state: *hasher.finalize().as_bytes() }
}

/// What four painters, who each said what they hold, agree on.
///
/// Component c has three holders, of whom at most one lies: what two of them say is right. `Err` names a component on
/// which no two agree, which cannot happen with one liar.
pub(crate) fn agree(held: [&HeldCommitments; 4]) -> Result<([Digest; 4], Option<usize>), usize> {
    let mut agreed = [[0; 32]; 4];
    let mut liar = None;
    for (c, agreed) in agreed.iter_mut().enumerate() {
        let said: Vec<(usize, Option<Digest>)> =
            (0..4).filter(|s| *s != c).map(|s| (s, held[s][c])).collect();
        let twice = said.iter().find_map(|(s, digest)| {
            let digest = (*digest)?;
            said.iter().any(|(other, same)| other != s && *same == Some(digest)).then_some(digest)
        });
        *agreed = twice.ok_or(c)?;
        liar = liar.or(said.iter().find(|(_, digest)| *digest != Some(*agreed)).map(|(s, _)| *s));
    }
    Ok((agreed, liar))
}

/// Whether enough of a state's painters signed it. Says nothing of who they were.
pub(crate) fn is_valid(certificate: &Certificate) -> bool {
    let statement = &certificate.statement;
    if statement.round > limits::ROUNDS || (0..4).any(|i| statement.seats[..i].contains(&statement.seats[i]))
    {
        return false;
    }
    if statement.round == 0 && artist(&statement.commitments) != statement.artist {
        return false;
    }
    let signed = statement.seats.iter().zip(&certificate.signatures).filter(|(painter, signature)| {
        signature.is_some_and(|signature| verify(painter, &Statement::State(statement), &signature))
    });
    signed.count() >= limits::CERTIFICATE_QUORUM
}

/// The certified states whose shares this member's engine has: the newest and the one before.
#[derive(Default)]
pub(crate) struct Store {
    seat: usize,
    /// Newest first; of one artist.
    certificates: Vec<Certificate>,
    /// Artists whose shares it ever had, with the seat: it never takes another seat of one of them, for then it
    /// would have seen all four components.
    seats: Vec<(Digest, usize)>,
}

/// Artists whose seats are remembered; far more than one visit can meet.
const SEATS_KEPT: usize = 256;

impl Store {
    /// Takes in the state that a term certified.
    pub(crate) fn certify(&mut self, seat: usize, certificate: Certificate) {
        let artist = certificate.statement.artist;
        self.remember(artist, seat);
        let round = certificate.statement.round;
        self.seat = seat;
        self.certificates.retain(|kept| kept.statement.artist == artist && kept.statement.round < round);
        self.certificates.insert(0, certificate);
        self.certificates.truncate(2);
    }

    /// This member is about to see shares of an artist.
    pub(crate) fn remember(&mut self, artist: Digest, seat: usize) {
        if !self.seats.contains(&(artist, seat)) {
            if self.seats.len() >= SEATS_KEPT {
                self.seats.remove(0);
            }
            self.seats.push((artist, seat));
        }
    }

    /// The engine has forgotten every state.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The engine works on another artist now, and has forgotten this one.
    pub(crate) fn forget_others(&mut self, artist: Option<Digest>) {
        self.certificates.retain(|kept| Some(kept.statement.artist) == artist);
    }

    /// Whether this member may take a seat of an artist.
    pub(crate) fn may_sit(&self, artist: &Digest, seat: usize) -> bool {
        self.seats.iter().all(|(other, held)| other != artist || *held == seat)
    }

    /// A certificate that this term made.
    pub(crate) fn of_term(&self, term: &Digest) -> Option<&Certificate> {
        self.certificates.iter().find(|kept| kept.statement.term == *term)
    }

    /// The certificate of a state, where it is held at this seat.
    pub(crate) fn certificate(
        &self,
        artist: &Digest,
        state: &StateName,
        seat: usize,
    ) -> Option<&Certificate> {
        if self.seat != seat {
            return None;
        }
        let mut kept = self.certificates.iter();
        kept.find(|kept| kept.statement.artist == *artist && name(&kept.statement) == *state)
    }

    /// What others are told.
    pub(crate) fn holding(&self) -> Option<Holding> {
        let newest = self.certificates.first()?;
        let states = self.certificates.iter().map(|kept| name(&kept.statement)).collect();
        Some(Holding { artist: newest.statement.artist, seat: self.seat as u8, states })
    }
}

/// Whether what a holder sent certifies the state that is to be continued, and it is one of its painters at its seat.
pub(crate) fn fits(
    certificate: &Certificate,
    artist: &Digest,
    state: &StateName,
    (holder, seat): (&PeerKey, usize),
) -> bool {
    let statement = &certificate.statement;
    statement.artist == *artist
        && name(statement) == *state
        && statement.seats[seat] == *holder
        && is_valid(certificate)
}

#[cfg(test)]
mod tests {
    use abraham_messages::collective::Signature;

    use super::*;
    use crate::announce::Signer;

    fn certificate(round: u64, seed: u8) -> (Vec<Signer>, Certificate) {
        let signers: Vec<Signer> = (1..5).map(|n| Signer::new(&[n; 32]).unwrap()).collect();
        let seats = [0, 1, 2, 3].map(|i: usize| signers[i].me());
        let commitments = [[seed; 32]; 4];
        let statement =
            StateStatement { artist: artist(&[[0; 32]; 4]), round, commitments, term: [7; 32], seats };
        let signatures = [0, 1, 2, 3].map(|i: usize| Some(signers[i].sign(&Statement::State(&statement))));
        (signers, Certificate { statement, signatures })
    }

    #[test]
    fn three_of_four_signatures_make_a_certificate_and_two_do_not() {
        let (signers, mut certificate) = certificate(3, 1);
        assert!(is_valid(&certificate));
        certificate.signatures[0] = None;
        assert!(is_valid(&certificate));
        certificate.signatures[1] = Some(Signature([1; 64]));
        assert!(!is_valid(&certificate));
        let state = name(&certificate.statement);
        certificate.signatures[1] = Some(signers[1].sign(&Statement::State(&certificate.statement)));
        let (artist, me) = (certificate.statement.artist, signers[2].me());
        assert!(fits(&certificate, &artist, &state, (&me, 2)));
        assert!(!fits(&certificate, &artist, &state, (&me, 3)), "its holder sat elsewhere");
        assert!(!fits(&certificate, &[9; 32], &state, (&me, 2)));
        certificate.statement.round += 1;
        assert!(!fits(&certificate, &artist, &state, (&me, 2)), "the state's name is over its round");
    }

    #[test]
    fn one_key_cannot_sign_for_two_seats_and_a_first_state_names_its_artist() {
        let (signers, mut certificate) = certificate(3, 1);
        certificate.statement.seats[1] = signers[0].me();
        let signature = Some(signers[0].sign(&Statement::State(&certificate.statement)));
        certificate.signatures = [signature, signature, signature, None];
        assert!(!is_valid(&certificate));
        let (_, first) = super::tests::certificate(0, 0);
        assert!(is_valid(&first));
        let (_, foreign) = super::tests::certificate(0, 1);
        assert!(!is_valid(&foreign), "these commitments are not those of its artist");
    }

    #[test]
    fn one_liar_cannot_change_what_is_agreed() {
        let truth: [Digest; 4] = std::array::from_fn(|c| [c as u8; 32]);
        let held =
            |seat: usize| -> HeldCommitments { std::array::from_fn(|c| (c != seat).then_some(truth[c])) };
        assert_eq!(agree([&held(0), &held(1), &held(2), &held(3)]), Ok((truth, None)));
        let lies: [HeldCommitments; 3] = [[None; 4], [Some([9; 32]); 4], [Some([9; 32]), None, None, None]];
        for liar in 0..4 {
            for lie in lies {
                let mut all = [held(0), held(1), held(2), held(3)];
                all[liar] = lie;
                let [a, b, c, d] = &all;
                assert_eq!(agree([a, b, c, d]), Ok((truth, Some(liar))), "{liar} {lie:?}");
            }
        }
    }

    #[test]
    fn the_newest_state_and_the_one_before_are_kept() {
        let mut store = Store::default();
        for (round, seed) in [(1, 1), (2, 2), (3, 3)] {
            store.certify(2, certificate(round, seed).1);
        }
        let rounds: Vec<u64> = store.holding().unwrap().states.iter().map(|state| state.round).collect();
        assert_eq!(rounds, [3, 2]);
        // A round that is learnt again after its term failed replaces what came of it.
        store.certify(2, certificate(3, 9).1);
        let (_, again) = certificate(3, 9);
        let (artist, state) = (again.statement.artist, name(&again.statement));
        assert!(store.certificate(&artist, &state, 2).is_some());
        assert!(store.certificate(&artist, &state, 1).is_none());
        assert_eq!(store.holding().unwrap().states.len(), 2);
        assert!(store.may_sit(&artist, 2));
        assert!(!store.may_sit(&artist, 0));
        assert!(store.may_sit(&[9; 32], 0));
        store.forget_others(Some([9; 32]));
        assert!(store.holding().is_none());
        assert!(!store.may_sit(&artist, 0), "what it saw it has seen");
    }
}
