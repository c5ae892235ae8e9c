//! Strangers that hold nothing and say that they do: tabs of one person, with as many keys more as they like.

use abraham_collective::Input;
use abraham_messages::{
    ArtistName, Commitment, Nonce, Payload, TermId,
    collective::{
        Certificate, Control, Gossip, HeldArtist, Holding, Holds, Presence, Proposal, ProposedOrigin,
        StateStatement,
    },
    node::Lane,
};
use abraham_provenance::{Signer, state_name};

use crate::world::{Manner, RECIPE, World};

impl World {
    /// Makes these two claimants of a state that nobody has learnt, certified by them and two keys more.
    pub(crate) fn forge(&mut self, tabs: [usize; 2], artist: ArtistName, round: u64) {
        let secret = |tab: usize| *self.nodes[tab].secret;
        let painters = [secret(tabs[0]), secret(tabs[1]), [77; 32], [78; 32]]
            .map(|secret| Signer::new(&secret).expect("a secret"));
        let seats = painters.each_ref().map(Signer::public_key);
        let statement = StateStatement {
            artist,
            round,
            generation: 0,
            commitments: [Commitment([0xEE; 32]); 4],
            term: TermId([6; 32]),
            seats,
        };
        let signatures = painters.map(|painter| Some(painter.sign(&statement)));
        self.forgery = Some(Certificate { statement, signatures });
        for tab in tabs {
            self.nodes[tab].manner = Manner::Claimant;
        }
    }

    fn forged(&self) -> &Certificate {
        self.forgery.as_ref().expect("claimants have something to show")
    }

    fn claims(&self, from: usize, presence: &mut Presence) {
        let statement = &self.forged().statement;
        let seat = statement.seats.iter().position(|seat| *seat == self.nodes[from].key);
        let seat = seat.expect("a claimant sits in what it shows") as u8;
        let states = vec![state_name(statement)];
        presence.holding = Some(Holding { artist: statement.artist, seat, states });
    }

    /// What a member of its manner publishes.
    pub(crate) fn published(&self, from: usize, message: Vec<u8>) -> Vec<u8> {
        match Gossip::decode(&message) {
            Ok(Gossip::Presence(mut presence)) if self.nodes[from].manner == Manner::Claimant => {
                self.claims(from, &mut presence);
                Gossip::Presence(presence).encode()
            }
            _ => message,
        }
    }

    /// What a claimant says to a linked member in place of this.
    pub(crate) fn claimed(&self, from: usize, message: Payload) -> Payload {
        let control = match Control::decode(&message) {
            Ok(Control::Presence(mut presence)) => {
                self.claims(from, &mut presence);
                Control::Presence(presence)
            }
            Ok(Control::Holds(holds)) => {
                let artist = HeldArtist { states: vec![self.forged().clone()], chain: Vec::new() };
                Control::Holds(Holds { artists: vec![artist], ..holds })
            }
            _ => return message,
        };
        control.encode().into()
    }

    /// Two claimants propose to go on with what they claim, together with two others, and accept it themselves.
    pub(crate) fn grab(&mut self, tabs: [usize; 2], others: [usize; 2], number: u64) {
        let certificate = self.forged().clone();
        let statement = &certificate.statement;
        let seats = [tabs[0], tabs[1], others[0], others[1]].map(|node| self.nodes[node].key);
        let (artist, from) = (statement.artist, state_name(statement));
        let origin = ProposedOrigin::Continue { artist, from, holders: [true, true, false, false] };
        let proposal = Proposal { number, recipe: RECIPE, seats, origin, nonce: Nonce([9; 32]) };
        let term = TermId(*blake3::hash(&proposal.term_bytes()).as_bytes());
        for to in others {
            let proposal = Control::Proposal(proposal.clone()).encode();
            self.carry(tabs[0], to, Lane::Control, proposal.into());
            for tab in tabs {
                let accept = Control::Accept { term, certificate: Some(Box::new(certificate.clone())) };
                self.carry(tab, to, Lane::Control, accept.encode().into());
            }
        }
    }

    /// The visitors at these tabs choose to begin another artist beside the one that waits.
    pub(crate) fn begin_another(&mut self, tabs: &[usize]) {
        for tab in tabs {
            self.send(*tab, Input::BeginAnother(true));
        }
    }
}
