//! The certified states whose shares this member has.

use abraham_messages::{
    ArtistName, TermId,
    collective::{Certificate, HeldArtist, Holding, Holds, StateName},
    limits::{MAX_ARTISTS, MAX_CHAIN, MAX_SEATS_TOLD},
};
use abraham_provenance::state_name;

use super::{
    certificate::age,
    holders::{Committee, Held},
};
use crate::limits;

/// What this member's engine has of one artist.
struct Kept {
    artist: ArtistName,
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
    seats: Vec<(ArtistName, usize)>,
}

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
    pub(crate) fn remember(&mut self, artist: ArtistName, seat: usize) {
        if !self.seats.contains(&(artist, seat)) {
            if self.seats.len() >= limits::MAX_REMEMBERED_SEATS {
                self.seats.remove(0);
            }
            self.seats.push((artist, seat));
        }
    }

    /// Whether this member may take a seat of an artist.
    pub(crate) fn may_sit(&self, artist: &ArtistName, seat: usize) -> bool {
        self.seats.iter().all(|(other, held)| other != artist || *held == seat)
    }

    /// A certificate that this term made.
    pub(crate) fn of_term(&self, term: &TermId) -> Option<&Certificate> {
        self.kept.iter().flat_map(|kept| &kept.states).find(|state| state.statement.term == *term)
    }

    /// The certificate of a state, where it is held at this seat.
    pub(crate) fn certificate(
        &self,
        artist: &ArtistName,
        state: &StateName,
        seat: usize,
    ) -> Option<&Certificate> {
        let kept = self.kept.iter().find(|kept| kept.artist == *artist && kept.seat == seat)?;
        kept.states.iter().find(|held| state_name(&held.statement) == *state)
    }

    /// The artists whose shares it has, the one certified last first.
    pub(crate) fn artists(&self) -> Vec<ArtistName> {
        self.kept.iter().map(|kept| kept.artist).collect()
    }

    /// Whether it has shares of an artist.
    pub(crate) fn has(&self, artist: &ArtistName) -> bool {
        self.kept.iter().any(|kept| kept.artist == *artist)
    }

    /// The committees of an artist that it sat in, as far as they are remembered.
    pub(crate) fn committees(&self, artist: &ArtistName) -> impl Iterator<Item = Committee> + '_ {
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
    pub(crate) fn seats(&self) -> impl Iterator<Item = (ArtistName, usize)> + '_ {
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

#[cfg(test)]
mod tests {
    use abraham_messages::PeerKey;

    use super::{super::certificate::tests::certificate, *};

    #[test]
    fn four_artists_are_kept_and_a_fifth_replaces_the_one_certified_longest_ago() {
        let mut store = Store::default();
        let of = |artist: u8, round| {
            let (_, mut certificate) = certificate(round, 1);
            certificate.statement.artist = ArtistName([artist; 32]);
            certificate
        };
        for artist in 1..=4 {
            store.certify(usize::from(artist) % 4, of(artist, 1));
        }
        store.certify(1, of(1, 2));
        assert_eq!(store.artists(), [[1; 32], [4; 32], [3; 32], [2; 32]].map(ArtistName));
        store.certify(0, of(5, 0));
        assert_eq!(store.artists(), [[5; 32], [1; 32], [4; 32], [3; 32]].map(ArtistName));
        assert!(!store.may_sit(&ArtistName([2; 32]), 0), "what it saw it has seen");
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
        assert!(store.may_sit(&ArtistName([9; 32]), 0));
    }
}
