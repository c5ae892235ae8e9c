//! States of an artist: their names, the commitments that painters agree on, and certificates.

use abraham_messages::{
    PeerKey,
    collective::{Certificate, Digest, HeldArtist, Holding, Holds, StateName, StateStatement},
    limits::{MAX_ARTISTS, MAX_CHAIN, MAX_SEATS_TOLD},
};

use abraham_provenance::{artist_name, hash_struct, state_name, verify};

use crate::{
    HeldCommitments,
    holders::{Committee, Held},
    limits,
};

/// What four painters, who each said what they hold, agree on: all three holders of each component say the same.
///
/// What two of three say is not enough: after a lie on the wire the liar and whom it fooled have the same wrong
/// component. `Err` has the seat that two others contradict, which is the liar's where the painters compared their
/// transcripts before, and none where no two agree.
pub(crate) fn agree(held: [&HeldCommitments; 4]) -> Result<[Digest; 4], Option<usize>> {
    let mut agreed = [[0; 32]; 4];
    for (c, agreed) in agreed.iter_mut().enumerate() {
        let said: Vec<(usize, Option<Digest>)> =
            (0..4).filter(|s| *s != c).map(|s| (s, held[s][c])).collect();
        let twice = said.iter().find_map(|(s, digest)| {
            let digest = (*digest)?;
            said.iter().any(|(other, same)| other != s && *same == Some(digest)).then_some(digest)
        });
        *agreed = twice.ok_or(None)?;
        if let Some((outvoted, _)) = said.iter().find(|(_, digest)| *digest != Some(*agreed)) {
            return Err(Some(*outvoted));
        }
    }
    Ok(agreed)
}

/// Whether enough of a state's painters signed it, and none of the signatures is false. Says nothing of who they were.
/// A first state must be of an artist of this `recipe`.
pub(crate) fn is_valid(recipe: &Digest, certificate: &Certificate) -> bool {
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
pub(crate) fn digest(certificate: &Certificate) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key("abraham 2026-11 certificate v1");
    hasher.update(&hash_struct(&certificate.statement));
    for signature in &certificate.signatures {
        hasher.update(&[u8::from(signature.is_some())]);
        hasher.update(signature.as_ref().map_or(&[][..], |signature| &signature.0));
    }
    *hasher.finalize().as_bytes()
}

/// What this member's engine has of one artist.
struct Kept {
    artist: Digest,
    seat: usize,
    /// Of the newest state and the one before, newest first.
    states: Vec<Certificate>,
    /// Of earlier committees, newest first: one a change of painters. By them others, who were away meanwhile, can
    /// link the newest state with what they have.
    chain: Vec<Certificate>,
}

impl Kept {
    fn certify(&mut self, certificate: Certificate) {
        let painters = certificate.statement.seats;
        let before = self.states.first().filter(|before| before.statement.seats != painters).cloned();
        self.chain.splice(0..0, before);
        self.chain.retain(|link| link.statement.seats != painters);
        let mut seen = std::collections::BTreeSet::new();
        self.chain.retain(|link| seen.insert(link.statement.seats));
        self.chain.truncate(MAX_CHAIN);
        self.states.retain(|kept| age(&kept.statement) < age(&certificate.statement));
        self.states.insert(0, certificate);
        self.states.truncate(2);
    }
}

/// The certified states whose shares this member's engine has: of each artist the newest and the one before.
#[derive(Default)]
pub(crate) struct Store {
    /// The artist that was certified last first; at most [`MAX_ARTISTS`].
    kept: Vec<Kept>,
    /// Artists whose shares it ever had, with the seat: it never takes another seat of one of them, for then it
    /// would have seen all four components.
    seats: Vec<(Digest, usize)>,
}

/// Artists whose seats are remembered; far more than one visit can meet.
const SEATS_KEPT: usize = 256;

impl Store {
    /// Takes in the state that a term certified. Where there is no room for its artist, the one that was certified
    /// longest ago is forgotten.
    pub(crate) fn certify(&mut self, seat: usize, certificate: Certificate) {
        let artist = certificate.statement.artist;
        self.remember(artist, seat);
        let known = self.kept.iter().position(|kept| kept.artist == artist && kept.seat == seat);
        let mut kept = match known {
            Some(place) => self.kept.remove(place),
            None => Kept { artist, seat, states: Vec::new(), chain: Vec::new() },
        };
        kept.certify(certificate);
        self.kept.insert(0, kept);
        self.kept.truncate(MAX_ARTISTS);
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

    /// Whether this member may take a seat of an artist.
    pub(crate) fn may_sit(&self, artist: &Digest, seat: usize) -> bool {
        self.seats.iter().all(|(other, held)| other != artist || *held == seat)
    }

    /// A certificate that this term made.
    pub(crate) fn of_term(&self, term: &Digest) -> Option<&Certificate> {
        self.kept.iter().flat_map(|kept| &kept.states).find(|state| state.statement.term == *term)
    }

    /// The certificate of a state, where it is held at this seat.
    pub(crate) fn certificate(
        &self,
        artist: &Digest,
        state: &StateName,
        seat: usize,
    ) -> Option<&Certificate> {
        let kept = self.kept.iter().find(|kept| kept.artist == *artist && kept.seat == seat)?;
        kept.states.iter().find(|held| state_name(&held.statement) == *state)
    }

    /// The artists whose shares it has, the one certified last first.
    pub(crate) fn artists(&self) -> Vec<Digest> {
        self.kept.iter().map(|kept| kept.artist).collect()
    }

    /// Whether it has shares of an artist.
    pub(crate) fn has(&self, artist: &Digest) -> bool {
        self.kept.iter().any(|kept| kept.artist == *artist)
    }

    /// The committees of an artist that it sat in, as far as they are remembered.
    pub(crate) fn committees(&self, artist: &Digest) -> impl Iterator<Item = Committee> + '_ {
        let kept = self.kept.iter().find(|kept| kept.artist == *artist).into_iter();
        kept.flat_map(|kept| kept.states.iter().chain(&kept.chain)).map(Committee::of)
    }

    /// What it has of each artist.
    pub(crate) fn held(&self) -> Vec<Held> {
        let kept = self.kept.iter().map(|kept| Held {
            artist: kept.artist,
            seat: kept.seat,
            states: kept.states.iter().map(|held| state_name(&held.statement)).collect(),
        });
        kept.collect()
    }

    /// The seats that it had, newest first, as many as are told.
    pub(crate) fn seats(&self) -> impl Iterator<Item = (Digest, usize)> + '_ {
        self.seats.iter().rev().take(MAX_SEATS_TOLD).copied()
    }

    /// What everyone is told: the artist that was certified last.
    pub(crate) fn holding(&self) -> Option<Holding> {
        let newest = self.kept.first()?;
        let states = newest.states.iter().map(|held| state_name(&held.statement)).collect();
        Some(Holding { artist: newest.artist, seat: newest.seat as u8, states })
    }

    /// What linked members are shown.
    pub(crate) fn holds(&self, begins: bool) -> Holds {
        let artists = self
            .kept
            .iter()
            .map(|kept| HeldArtist { states: kept.states.clone(), chain: kept.chain.clone() });
        let seats = self.seats().map(|(artist, seat)| (artist, seat as u8)).collect();
        Holds { artists: artists.collect(), seats, begins }
    }
}

/// Whether what a holder sent certifies the state that is to be continued, and it is one of its painters at its seat.
pub(crate) fn fits(
    recipe: &Digest,
    certificate: &Certificate,
    artist: &Digest,
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
mod tests {
    use abraham_messages::collective::Signature;
    use abraham_provenance::Signer;

    use super::*;

    fn certificate(round: u64, seed: u8) -> (Vec<Signer>, Certificate) {
        let signers: Vec<Signer> = (1..5).map(|n| Signer::new(&[n; 32]).unwrap()).collect();
        let seats = [0, 1, 2, 3].map(|i: usize| signers[i].public_key());
        let commitments = [[seed; 32]; 4];
        let statement = StateStatement {
            artist: artist_name(&[4; 32], &[[0; 32]; 4]),
            round,
            generation: 0,
            commitments,
            term: [7; 32],
            seats,
        };
        let signatures = [0, 1, 2, 3].map(|i: usize| Some(signers[i].sign(&statement)));
        (signers, Certificate { statement, signatures })
    }

    #[test]
    fn three_of_four_signatures_make_a_certificate_and_two_do_not() {
        let (signers, mut certificate) = certificate(3, 1);
        assert!(is_valid(&[4; 32], &certificate));
        certificate.signatures[0] = None;
        assert!(is_valid(&[4; 32], &certificate));
        certificate.signatures[1] = Some(Signature([1; 65]));
        assert!(!is_valid(&[4; 32], &certificate));
        let state = state_name(&certificate.statement);
        certificate.signatures[1] = Some(signers[1].sign(&certificate.statement));
        let (artist, me) = (certificate.statement.artist, signers[2].public_key());
        assert!(fits(&[4; 32], &certificate, &artist, &state, (&me, 2)));
        assert!(!fits(&[4; 32], &certificate, &artist, &state, (&me, 3)), "its holder sat elsewhere");
        assert!(!fits(&[4; 32], &certificate, &[9; 32], &state, (&me, 2)));
        certificate.statement.round += 1;
        assert!(
            !fits(&[4; 32], &certificate, &artist, &state, (&me, 2)),
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
        assert!(!is_valid(&[4; 32], &certificate));
        let (_, first) = super::tests::certificate(0, 0);
        assert!(is_valid(&[4; 32], &first));
        let (_, foreign) = super::tests::certificate(0, 1);
        assert!(!is_valid(&[4; 32], &foreign), "these commitments are not those of its artist");
    }

    #[test]
    fn nothing_is_agreed_where_a_holder_must_be_outvoted() {
        let truth: [Digest; 4] = std::array::from_fn(|c| [c as u8; 32]);
        let held =
            |seat: usize| -> HeldCommitments { std::array::from_fn(|c| (c != seat).then_some(truth[c])) };
        assert_eq!(agree([&held(0), &held(1), &held(2), &held(3)]), Ok(truth));
        let lies: [HeldCommitments; 3] = [[None; 4], [Some([9; 32]); 4], [Some([9; 32]), None, None, None]];
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
        (all[1][0], all[2][0]) = (Some([8; 32]), None);
        let [a, b, c, d] = &all;
        assert_eq!(agree([a, b, c, d]), Err(None));
    }

    #[test]
    fn a_false_signature_beside_enough_true_ones_spoils_a_certificate() {
        let (_, mut certificate) = certificate(3, 1);
        certificate.signatures[3] = certificate.signatures[2];
        assert!(!is_valid(&[4; 32], &certificate), "it would count as one who signed");
    }

    #[test]
    fn four_artists_are_kept_and_a_fifth_replaces_the_one_certified_longest_ago() {
        let mut store = Store::default();
        let of = |artist: u8, round| {
            let (_, mut certificate) = certificate(round, 1);
            certificate.statement.artist = [artist; 32];
            certificate
        };
        for artist in 1..=4 {
            store.certify(usize::from(artist) % 4, of(artist, 1));
        }
        store.certify(1, of(1, 2));
        assert_eq!(store.artists(), [[1; 32], [4; 32], [3; 32], [2; 32]]);
        store.certify(0, of(5, 0));
        assert_eq!(store.artists(), [[5; 32], [1; 32], [4; 32], [3; 32]]);
        assert!(!store.may_sit(&[2; 32], 0), "what it saw it has seen");
        assert_eq!(store.held()[1].states.len(), 2);
        let holds = store.holds(false);
        assert_eq!((holds.artists.len(), holds.seats.len()), (4, 5));
    }

    #[test]
    fn a_certificate_of_each_earlier_committee_is_kept() {
        let mut store = Store::default();
        let (_, first) = certificate(1, 1);
        let by = |last: u8, round| {
            let mut certificate = first.clone();
            (certificate.statement.round, certificate.statement.seats[3]) = (round, PeerKey([last; 33]));
            certificate
        };
        for (last, round) in [(1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (2, 4), (2, 5), (2, 6)] {
            store.certify(0, by(last, round));
        }
        let chain = |store: &Store| -> Vec<u8> {
            store.holds(false).artists[0].chain.iter().map(|link| link.statement.seats[3].0[0]).collect()
        };
        assert_eq!(chain(&store), [3, 1], "one of each, newest first, without the present one");
        for last in 10..30 {
            store.certify(0, by(last, u64::from(last)));
        }
        assert_eq!(chain(&store), [28, 27, 26, 25, 24, 23, 22, 21]);
        assert_eq!(store.committees(&first.statement.artist).count(), 10);
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
        let (artist, state) = (again.statement.artist, state_name(&again.statement));
        assert!(store.certificate(&artist, &state, 2).is_some());
        assert!(store.certificate(&artist, &state, 1).is_none());
        assert_eq!(store.holding().unwrap().states.len(), 2);
        assert!(store.may_sit(&artist, 2));
        assert!(!store.may_sit(&artist, 0));
        assert!(store.may_sit(&[9; 32], 0));
    }
}
