//! How a committee forms: one proposes it, and four accept or none sits.

use std::collections::{BTreeMap, VecDeque};

use abraham_messages::{
    PeerKey, RecipeId, TermId,
    collective::{Certificate, Proposal, ProposedOrigin, StateName},
};

use crate::{Millis, Origin, Term, keeping::certificate, limits};

/// The id of the term that a proposal would begin.
pub(crate) fn term_id(proposal: &Proposal) -> TermId {
    TermId(*blake3::hash(&proposal.term_bytes()).as_bytes())
}

/// A proposal that this member accepted.
pub(crate) struct Forming {
    term: Term,
    proposer: PeerKey,
    since: Millis,
    deadline: Millis,
    recipe: RecipeId,
    origin: ProposedOrigin,
    accepted: [bool; 4],
    certificates: [Option<Box<Certificate>>; 4],
}

/// How far it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Formed {
    /// Not all have accepted.
    NotYet,
    /// All have.
    Yes(Origin),
    /// The holder at this seat has no certificate of the state that it says it holds.
    Liar(usize),
}

impl Forming {
    /// `proposal.seats[seat]` is this member.
    pub(crate) fn new(now: Millis, proposal: &Proposal, proposer: PeerKey, seat: usize) -> Self {
        let (id, number, seats) = (term_id(proposal), proposal.number, proposal.seats);
        Self {
            term: Term { id, number, seats, seat },
            proposer,
            since: now,
            deadline: now.saturating_add(limits::ACCEPT_TIMEOUT),
            recipe: proposal.recipe,
            origin: proposal.origin,
            accepted: [false; 4],
            certificates: [const { None }; 4],
        }
    }

    /// Who would sit where.
    pub(crate) fn term(&self) -> &Term {
        &self.term
    }

    /// Who proposed it.
    pub(crate) fn proposer(&self) -> PeerKey {
        self.proposer
    }

    /// When this member accepted it.
    pub(crate) fn since(&self) -> Millis {
        self.since
    }

    /// When it is given up.
    pub(crate) fn deadline(&self) -> Millis {
        self.deadline
    }

    pub(crate) fn accept(&mut self, seat: usize, certificate: Option<Box<Certificate>>) {
        self.accepted[seat] = true;
        self.certificates[seat] = certificate;
    }

    /// Those who have not accepted.
    pub(crate) fn missing(&self) -> impl Iterator<Item = PeerKey> + '_ {
        self.term.seats.iter().zip(self.accepted).filter(|(_, accepted)| !accepted).map(|(peer, _)| *peer)
    }

    /// Whether all four accepted, with what they need to go on.
    pub(crate) fn formed(&self) -> Formed {
        if self.accepted.contains(&false) {
            return Formed::NotYet;
        }
        let ProposedOrigin::Continue { artist, from, holders } = &self.origin else {
            return Formed::Yes(Origin::Genesis);
        };
        let mut commitments = None;
        for seat in (0..4).filter(|seat| holders[*seat]) {
            let holder = (&self.term.seats[seat], seat);
            match &self.certificates[seat] {
                // The name of a state fixes its commitments, so all that fit have the same.
                Some(certificate) if certificate::fits(&self.recipe, certificate, artist, from, holder) => {
                    commitments = Some(certificate.statement.commitments);
                }
                _ => return Formed::Liar(seat),
            }
        }
        match commitments {
            Some(commitments) => {
                let (artist, holders, StateName { round, generation, .. }) = (*artist, *holders, *from);
                Formed::Yes(Origin::Continue { artist, round, generation, commitments, holders })
            }
            None => Formed::Liar(0),
        }
    }
}

/// Messages about proposals that overtook the proposal: links to different members do not wait for each other.
#[derive(Default)]
pub(crate) struct Early {
    accepts: BTreeMap<PeerKey, (TermId, Option<Box<Certificate>>)>,
    refused: VecDeque<(TermId, PeerKey)>,
}

impl Early {
    /// Keeps the newest acceptance of each linked member.
    pub(crate) fn accept(&mut self, from: PeerKey, term: TermId, certificate: Option<Box<Certificate>>) {
        self.accepts.insert(from, (term, certificate));
    }

    pub(crate) fn refuse(&mut self, from: PeerKey, term: TermId) {
        if self.refused.len() >= limits::MAX_REFUSALS {
            self.refused.pop_front();
        }
        self.refused.push_back((term, from));
    }

    pub(crate) fn unlinked(&mut self, peer: &PeerKey) {
        self.accepts.remove(peer);
    }

    /// Whether one of these has refused the term already.
    pub(crate) fn is_refused(&self, term: &TermId, seats: &[PeerKey; 4]) -> bool {
        self.refused.iter().any(|(refused, by)| refused == term && seats.contains(by))
    }

    /// Gives a proposal the acceptances that came before it.
    pub(crate) fn apply(&mut self, forming: &mut Forming) {
        for (seat, peer) in forming.term.seats.iter().copied().enumerate().collect::<Vec<_>>() {
            if self.accepts.get(&peer).is_some_and(|(term, _)| *term == forming.term.id)
                && let Some((_, certificate)) = self.accepts.remove(&peer)
            {
                forming.accept(seat, certificate);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use abraham_messages::{ArtistName, Commitment, Nonce, collective::StateStatement};
    use abraham_provenance::{Signer, state_name};

    use super::*;

    /// A holder's certificate must be of a committee in which it sat at the seat that it says it holds.
    #[test]
    fn a_holder_needs_a_certificate_that_it_sat_at_this_seat() {
        let signers: Vec<Signer> = (1..6).map(|n| Signer::new(&[n; 32]).unwrap()).collect();
        let formed = |sat: [usize; 4]| {
            let seats = sat.map(|i| signers[i].public_key());
            let statement = StateStatement {
                artist: ArtistName([1; 32]),
                round: 4,
                generation: 0,
                commitments: [Commitment([2; 32]); 4],
                term: TermId([3; 32]),
                seats,
            };
            let signatures = sat.map(|i| Some(signers[i].sign(&statement)));
            let certificate = Box::new(Certificate { statement, signatures });
            let origin = ProposedOrigin::Continue {
                artist: ArtistName([1; 32]),
                from: state_name(&statement),
                holders: [true, true, false, false],
            };
            let seats = [0, 1, 2, 3].map(|i: usize| signers[i].public_key());
            let proposal =
                Proposal { number: 1, recipe: RecipeId([4; 32]), seats, origin, nonce: Nonce([0; 32]) };
            let mut forming = Forming::new(0, &proposal, seats[2], 2);
            (0..4).for_each(|seat| forming.accept(seat, (seat < 2).then(|| certificate.clone())));
            forming.formed()
        };
        assert!(matches!(formed([0, 1, 2, 4]), Formed::Yes(Origin::Continue { .. })));
        assert_eq!(formed([0, 4, 2, 1]), Formed::Liar(1), "it sat elsewhere");
        assert_eq!(formed([4, 1, 2, 3]), Formed::Liar(0), "it did not sit");
    }
}
