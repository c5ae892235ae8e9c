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
    if (0..4).any(|i| statement.seats[..i].contains(&statement.seats[i])) {
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
