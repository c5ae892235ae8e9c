//! What a member does when it looks around: it forgets what is over, links, proposes, makes way.

use super::Parts;
use crate::{
    EndCause, Millis,
    context::{Around, Context, Own},
    election::Election,
    links::Wanted,
};

impl Parts {
    /// What the parts know.
    pub(super) fn around<'a>(&'a self, now: Millis, own: &'a Own) -> Around<'a> {
        Around {
            now,
            own,
            online: self.status.is_online(),
            members: &self.members,
            links: &self.links,
            seat: &self.seat,
            keeping: &self.keeping,
        }
    }

    /// The election, and what the other parts know.
    fn election_around<'a>(&'a mut self, now: Millis, own: &'a Own) -> (&'a mut Election, Around<'a>) {
        let Self { members, links, election, seat, keeping, status, .. } = self;
        (election, Around { now, own, online: status.is_online(), members, links, seat, keeping })
    }

    pub(super) fn review(&mut self, context: &mut Context<'_>) {
        let (now, own) = (context.now, context.own);
        self.members.review(now, self.seat.own(own.me), &self.links);
        self.keeping.expire(now);
        self.teaching.expire(now);
        let terms = self.around(now, own).terms();
        if let Some(number) = terms.iter().map(|term| term.number).max() {
            self.members.count_term(number);
        }
        let (election, around) = self.election_around(now, own);
        election.review(&around, &terms);
        let wanted = Wanted { around: &around, election, terms: &terms };
        let (peers, others) = (wanted.peers(), wanted.others());
        for command in self.links.review(now, &own.me, (&peers, &others), self.members.presences()) {
            context.out.command(command);
        }
        let between = self.seat.sitting().filter(|sitting| sitting.is_between());
        let between = between.map(|sitting| sitting.term().id);
        let (election, around) = self.election_around(now, own);
        if around.seat.is_free() {
            if let Some(choice) = election.elect(&around, &terms) {
                self.propose(context, choice.seats, choice.origin);
            }
        } else if let Some(term) = between
            && election.makes_way(&around, &terms)
        {
            self.end_term(context, &term, EndCause::Dissolved);
        }
    }
}
