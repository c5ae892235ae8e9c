//! One member of the collective: what it is told, what it does about it, and when it wants to be woken.
//!
//! Its parts know each in its folder what they need to, and nothing of each other but what they are shown. Here, and in
//! the modules below, is what goes from one to another.

mod forming;
mod messages;
mod node;
mod review;
mod sitting;
mod snapshot;
#[cfg(test)]
mod strangers;
#[cfg(test)]
mod tests;

use abraham_messages::{PeerKey, node::Command};
use abraham_provenance::Signer;
use zeroize::Zeroizing;

use crate::{
    Config, Error, Input, Millis, Output, Settings, Snapshot, Work,
    context::{Context, Own},
    election::Election,
    keeping::Keeping,
    links::Links,
    members::Members,
    outbox::Outbox,
    sortition::Sortition,
    status::Status,
    teaching::Teaching,
    term::Seating,
};

/// One member. It does no input or output itself: feed it with [`Collective::handle`] and
/// [`Collective::handle_timeout`], and do what [`Collective::poll_output`] says.
pub struct Collective {
    own: Own,
    sortition: Sortition,
    out: Outbox,
    parts: Parts,
}

/// A member's parts, each of which is told what concerns it.
struct Parts {
    members: Members,
    links: Links,
    election: Election,
    seat: Seating,
    keeping: Keeping,
    teaching: Teaching,
    status: Status,
}

impl Collective {
    /// Begins with a fresh identity: `secret` must be the network node's, and never have been another collective's,
    /// for others drop what does not count up. `seed` is 32 uniformly random bytes.
    ///
    /// # Errors
    /// [`Error::Identity`].
    pub fn new(
        config: Config,
        settings: Settings,
        secret: &Zeroizing<[u8; 32]>,
        seed: [u8; 32],
        now: Millis,
    ) -> Result<Self, Error> {
        let signer = Signer::new(secret)?;
        let me = signer.public_key();
        let mut sortition = Sortition::new(seed);
        let parts = Parts {
            members: Members::new(config.recipe, sortition.draw()),
            links: Links::default(),
            election: Election::new(now),
            seat: Seating::default(),
            keeping: Keeping::new(config.recipe),
            teaching: Teaching::default(),
            status: Status::default(),
        };
        let own = Own { me, signer, config, settings };
        Ok(Self { own, sortition, out: Outbox::new(me), parts })
    }

    /// This member's key.
    pub fn me(&self) -> PeerKey {
        self.own.me
    }

    /// Takes in what happened. `now` never goes back.
    pub fn handle(&mut self, now: Millis, input: Input) {
        if self.parts.status.is_stopped() {
            return;
        }
        if let Input::Settings(settings) = &input {
            self.own.settings = settings.clone();
        }
        let (parts, mut context) = self.apart(now);
        parts.handle(&mut context, input);
        parts.settle(&mut context);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Millis) {
        let (parts, mut context) = self.apart(now);
        parts.settle(&mut context);
    }

    /// The next thing to do, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop()
    }

    /// When [`Collective::handle_timeout`] is to be called; there is always a time until the member stopped.
    pub fn next_deadline(&self) -> Option<Millis> {
        (!self.parts.status.is_stopped()).then(|| self.parts.deadline())
    }

    /// How things stand.
    pub fn snapshot(&self, now: Millis) -> Snapshot {
        self.parts.snapshot(now, &self.own, self.out.bulk_bytes())
    }

    /// The parts, and what they are lent.
    fn apart(&mut self, now: Millis) -> (&mut Parts, Context<'_>) {
        let Self { own, sortition, out, parts } = self;
        (parts, Context { now, own, sortition, out })
    }
}

impl Parts {
    fn handle(&mut self, context: &mut Context<'_>, input: Input) {
        match input {
            Input::Node(event) => self.handle_node_event(context, event),
            Input::Settings(_) => self.handle_settings(context),
            Input::Answer { ticket, result } => match self.teaching.handle_answer(context, ticket, &result) {
                Some(true) => self.status.handle_taught(),
                Some(false) => {}
                None => {
                    // An answer that no term awaits changes nothing.
                    if let Some(term) = self.seat.term_awaiting(ticket) {
                        self.in_term(context, &term, |sitting, context| {
                            sitting.handle_answer(context, result)
                        });
                    }
                }
            },
            Input::BeginAnother(begins) => {
                self.election.handle_begin_another(begins && self.seat.sitting().is_none());
                self.keeping.announce_soon();
                self.election.review_soon(context.now);
            }
            Input::Stop => self.stop(context),
        }
    }

    /// Does what is due, until nothing is.
    fn settle(&mut self, context: &mut Context<'_>) {
        if self.status.is_stopped() {
            return;
        }
        let now = context.now;
        loop {
            self.check_forming(context);
            while let Some(term) = self.seat.term_due(now) {
                let teachers = self.teaching.offers(context, &self.members, &self.links);
                self.in_term(context, &term, |sitting, context| sitting.handle_timeout(context, teachers));
            }
            self.teaching.advance(context);
            match context.out.pop_mine() {
                Some((lane, message)) => self.handle_message(context, context.own.me, lane, &message),
                None => break,
            }
        }
        if self.election.begin_review(now) {
            self.review(context);
        }
        if self.keeping.deadline().is_some_and(|at| now >= at) {
            self.keeping.announce_holds(context, &self.links, self.election.begins());
        }
        if now >= self.members.deadline() {
            let told = self.told(context);
            let links = (!self.status.is_online()).then_some(&self.links);
            self.members.publish(context, told, links);
        }
    }

    fn deadline(&self) -> Millis {
        let due = self.election.deadline().min(self.members.deadline());
        let others = [self.keeping.deadline(), self.seat.deadline(), self.teaching.deadline()];
        others.into_iter().flatten().fold(due, Millis::min)
    }

    fn handle_settings(&mut self, context: &mut Context<'_>) {
        self.members.publish_soon();
        self.election.review_soon(context.now);
        if context.own.settings.paint {
            return;
        }
        self.seat.hurry(context.now);
        self.give_up_forming(context);
    }

    /// Says goodbye; nothing is done after it.
    fn stop(&mut self, context: &mut Context<'_>) {
        self.give_up_forming(context);
        self.end_all_terms(context);
        self.members.publish_leave(context);
        context.out.work(Work::Forget);
        context.out.command(Command::Stop);
        self.status.handle_stopped();
    }
}
