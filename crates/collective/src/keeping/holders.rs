//! What linked members have shown of the artists that they hold, and which of it counts.
//!
//! A mere claim counts for nothing: a member shows the certificates of what it holds. They count with whoever knows the
//! artist only if they are linked, committee by committee, with those that it knows: at least [`limits::MIN_LINKING_SIGNERS`] who
//! signed each sat in one that is known. Where two committees share three painters, which they do when one seat was filled,
//! that is always so. Whoever knows nothing of an artist cannot tell which of two is the true one, and goes by what it
//! was shown first.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use abraham_limiter::TokenBucket;
use abraham_messages::{
    ArtistName, PeerKey, RecipeId,
    collective::{Certificate, HeldArtist, Holds, StateName},
};

use abraham_provenance::state_name;

use super::{
    certificate::{self, CertificateId},
    store::Store,
};
use crate::{Millis, Rejection, limits};

/// The painters of a committee, by seat, and which of them signed the certificate that tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Committee {
    painters: [PeerKey; 4],
    signed: [bool; 4],
}

impl Committee {
    /// Of a certificate whose signatures were checked.
    pub(crate) fn of(certificate: &Certificate) -> Self {
        let signed = certificate.signatures.map(|signature| signature.is_some());
        Self { painters: certificate.statement.seats, signed }
    }

    /// Whether enough of those who signed sat in a committee that is known. Who is only named may not know of it.
    fn is_linked(&self, known: &Self) -> bool {
        let signers = self.painters.iter().zip(self.signed).filter(|(_, signed)| *signed);
        signers.filter(|(painter, _)| known.painters.contains(painter)).count() >= limits::MIN_LINKING_SIGNERS
    }
}

/// Shares of one artist that a member has shown to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) artist: ArtistName,
    /// Its seat: it holds every component but this.
    pub(crate) seat: usize,
    /// Newest first; at most two.
    pub(crate) states: Vec<StateName>,
}

impl Held {
    /// Whether anything was learnt. Where a term ends over an artist's first state, one painter may be the only one that
    /// has a certificate of it, and nobody will ever come back with more.
    pub(crate) fn has_learnt(&self) -> bool {
        self.states.first().is_some_and(|newest| newest.round > 0)
    }
}

/// An artist as a member showed it.
struct Shown {
    held: Held,
    /// The committees that certified its states.
    by: Vec<Committee>,
    /// All committees of the artist of which it has certificates.
    committees: Vec<Committee>,
}

/// What one linked member has shown.
struct Showing {
    artists: Vec<Shown>,
    seats: Vec<(ArtistName, usize)>,
    begins: bool,
    /// How many certificates of it may be checked.
    checks: TokenBucket<Duration>,
}

/// By what this member knows an artist of which it holds nothing.
struct Known {
    committees: BTreeSet<Committee>,
    /// When somebody last showed a certificate that is linked with these.
    seen: Millis,
}

/// What all linked members have shown.
#[derive(Default)]
pub(crate) struct Holders {
    /// The recipe of all artists that count.
    recipe: RecipeId,
    showing: BTreeMap<PeerKey, Showing>,
    known: BTreeMap<ArtistName, Known>,
    /// Hashes of certificates that were checked and are good.
    checked: BTreeSet<CertificateId>,
}

/// These committees, and those among `all` that are linked with one of them, directly or over others.
fn reach<'a>(
    from: impl Iterator<Item = Committee>,
    all: impl Iterator<Item = &'a Committee>,
) -> BTreeSet<Committee> {
    let mut reached: BTreeSet<Committee> = from.collect();
    let mut rest: BTreeSet<&Committee> = all.collect();
    let mut border: Vec<Committee> = reached.iter().copied().collect();
    while let Some(committee) = border.pop() {
        let (linked, others): (BTreeSet<_>, BTreeSet<_>) =
            rest.into_iter().partition(|other| other.is_linked(&committee));
        rest = others;
        border.extend(linked.into_iter().filter(|committee| reached.insert(**committee)));
    }
    reached
}

impl Holders {
    /// Of artists of this recipe.
    pub(crate) fn new(recipe: RecipeId) -> Self {
        Self { recipe, ..Self::default() }
    }

    /// A linked member shows what it holds, in place of what it showed before. `Err` where it shows what no honest
    /// member has ([`Rejection::Forged`]), or more than can be checked.
    pub(crate) fn handle_holds(
        &mut self,
        now: Millis,
        from: PeerKey,
        holds: &Holds,
        mine: &Store,
    ) -> Result<(), Rejection> {
        let all = || holds.artists.iter().flat_map(|artist| artist.states.iter().chain(&artist.chain));
        let unchecked: BTreeMap<CertificateId, &Certificate> =
            all().map(|certificate| (certificate::digest(certificate), certificate)).collect();
        let unchecked = unchecked.into_iter().filter(|(digest, _)| !self.checked.contains(digest));
        let unchecked: Vec<(CertificateId, &Certificate)> = unchecked.collect();
        let showing = self.showing.entry(from).or_insert(Showing {
            artists: Vec::new(),
            seats: Vec::new(),
            begins: false,
            checks: TokenBucket::full(Duration::from_millis(now)),
        });
        if !showing.checks.take(
            &limits::CERTIFICATE_CHECK_RATE,
            unchecked.len() as u64,
            Duration::from_millis(now),
        ) {
            return Err(Rejection::TooMany);
        }
        for (digest, certificate) in unchecked {
            if !certificate::is_valid(&self.recipe, certificate) {
                return Err(Rejection::Forged);
            }
            if self.checked.len() >= limits::MAX_CHECKED_CERTIFICATES {
                self.checked.clear();
            }
            self.checked.insert(digest);
        }
        let artists: Option<Vec<Shown>> = holds.artists.iter().map(|artist| shown(&from, artist)).collect();
        let artists = artists.ok_or(Rejection::Forged)?;
        if (1..artists.len())
            .any(|i| artists[..i].iter().any(|other| other.held.artist == artists[i].held.artist))
        {
            return Err(Rejection::Forged);
        }
        let told = holds.seats.iter().map(|(artist, seat)| (*artist, usize::from(*seat)));
        showing.seats =
            artists.iter().map(|shown| (shown.held.artist, shown.held.seat)).chain(told).collect();
        showing.begins = holds.begins;
        showing.artists = artists;
        self.learn(now, &from, mine);
        Ok(())
    }

    /// Takes note of the artists that a member showed, as far as they are linked with what is known of them.
    fn learn(&mut self, now: Millis, from: &PeerKey, mine: &Store) {
        let Some(showing) = self.showing.get(from) else { return };
        for shown in &showing.artists {
            let artist = shown.held.artist;
            // What this member holds itself needs no other's word.
            let room = self.known.len() < limits::MAX_KNOWN_ARTISTS && !mine.has(&artist);
            match self.known.get_mut(&artist) {
                Some(known) => {
                    let reached = reach(known.committees.iter().copied(), shown.committees.iter());
                    if shown.committees.iter().any(|committee| reached.contains(committee)) {
                        known.seen = now;
                        known.committees = reached.into_iter().take(limits::MAX_KNOWN_COMMITTEES).collect();
                    }
                }
                None if room => {
                    let committees = reach(shown.by.first().copied().into_iter(), shown.committees.iter());
                    self.known.insert(artist, Known { committees, seen: now });
                }
                None => {}
            }
        }
    }

    /// A link is gone, and with it what its member showed.
    pub(crate) fn unlinked(&mut self, peer: &PeerKey) {
        self.showing.remove(peer);
    }

    /// Forgets artists of which nobody has shown anything for a while, and that this member does not hold.
    pub(crate) fn expire(&mut self, now: Millis, mine: &Store) {
        for showing in self.showing.values() {
            for shown in &showing.artists {
                if let Some(known) = self.known.get_mut(&shown.held.artist)
                    && shown.by.iter().any(|by| known.committees.contains(by))
                {
                    known.seen = now;
                }
            }
        }
        let patience = limits::HOLDER_TIMEOUT;
        self.known.retain(|artist, known| mine.has(artist) || known.seen.saturating_add(patience) > now);
    }

    /// Whether a member has shown what it holds, if only nothing.
    pub(crate) fn has_shown(&self, peer: &PeerKey) -> bool {
        self.showing.contains_key(peer)
    }

    /// The seats that a member says it had.
    pub(crate) fn seats(&self, peer: &PeerKey) -> Vec<(ArtistName, usize)> {
        self.showing.get(peer).map(|showing| showing.seats.clone()).unwrap_or_default()
    }

    /// Whether a member would begin another artist beside those that wait.
    pub(crate) fn begins(&self, peer: &PeerKey) -> bool {
        self.showing.get(peer).is_some_and(|showing| showing.begins)
    }

    /// The artists that a member has shown to hold and keeps to, whether they count or not.
    pub(crate) fn artists(&self, peer: &PeerKey) -> Vec<ArtistName> {
        let showing = self.showing.get(peer).into_iter();
        let held = showing.flat_map(|showing| showing.artists.iter().map(|shown| &shown.held));
        held.filter(|held| held.has_learnt()).map(|held| held.artist).collect()
    }

    /// What counts with this member: of every linked member the artists that it holds, with those of its states whose
    /// certificates are linked with what this member holds, or else knows.
    pub(crate) fn counted(&self, mine: &Store) -> BTreeMap<PeerKey, Vec<Held>> {
        let mut reached: BTreeMap<ArtistName, BTreeSet<Committee>> = BTreeMap::new();
        let all = || self.showing.values().flat_map(|showing| &showing.artists);
        for artist in all().map(|shown| shown.held.artist) {
            reached.entry(artist).or_insert_with(|| {
                let known = self.known.get(&artist).into_iter();
                let known = known.flat_map(|known| known.committees.iter().copied());
                let committees = all()
                    .filter(|shown| shown.held.artist == artist)
                    .flat_map(|shown| shown.committees.iter());
                reach(mine.committees(&artist).chain(known), committees)
            });
        }
        let count = |shown: &Shown| {
            let linked = reached.get(&shown.held.artist)?;
            let states = shown.held.states.iter().zip(&shown.by);
            let states: Vec<StateName> =
                states.filter(|(_, by)| linked.contains(*by)).map(|(state, _)| *state).collect();
            (!states.is_empty()).then_some(Held { states, ..shown.held.clone() })
        };
        let counted = self.showing.iter().map(|(peer, showing)| {
            let held: Vec<Held> = showing.artists.iter().filter_map(count).collect();
            (*peer, held)
        });
        counted.collect()
    }
}

/// An artist that a member shows, where its certificates, which are valid, fit together and are the member's own.
fn shown(from: &PeerKey, artist: &HeldArtist) -> Option<Shown> {
    let newest = &artist.states.first()?.statement;
    let seat = newest.seats.iter().position(|painter| painter == from)?;
    let own = artist.states.iter().all(|state| state.statement.seats[seat] == *from);
    let falls =
        artist.states.is_sorted_by(|a, b| certificate::age(&a.statement) > certificate::age(&b.statement));
    let all = || artist.states.iter().chain(&artist.chain);
    if !own || !falls || all().any(|certificate| certificate.statement.artist != newest.artist) {
        return None;
    }
    let states = artist.states.iter().map(|state| state_name(&state.statement)).collect();
    let by = artist.states.iter().map(Committee::of).collect();
    let committees = all().map(Committee::of).collect();
    Some(Shown { held: Held { artist: newest.artist, seat, states }, by, committees })
}
