//! Teaching: this member as a teacher of others' artists, and the teachers that it asks as a painter.

mod backoff;
mod teacher;

use abraham_messages::{
    PeerKey,
    collective::{Notice, Signature, TeacherOffer},
};

use crate::{Done, Failed, Millis, Rejection, context::Context, limits, links::Links, members::Members};
use backoff::Backoff;
use teacher::Teacher;

/// This member as a teacher, and what it knows of others as teachers.
#[derive(Default)]
pub(crate) struct Teaching {
    teacher: Teacher,
    backoff: Backoff,
}

impl Teaching {
    /// A painter tells of a batch; `vouched` where this member knows that it paints, and what.
    pub(crate) fn handle_notice(
        &mut self,
        context: &Context<'_>,
        from: PeerKey,
        (notice, signature): (Notice, &Signature),
        vouched: bool,
    ) -> Result<(), Rejection> {
        if context.own.settings.pictures == 0 || !vouched {
            return Err(Rejection::OutOfPlace);
        }
        self.teacher.handle_notice(context.now, from, notice, signature)
    }

    /// A painter sends a batch.
    pub(crate) fn handle_batch(
        &mut self,
        context: &Context<'_>,
        from: PeerKey,
        batch: &[u8],
    ) -> Result<(), Rejection> {
        if context.own.settings.pictures == 0 {
            return Err(Rejection::OutOfPlace);
        }
        self.teacher.handle_batch(context.now, from, batch, context.own.config.batch_bytes)
    }

    /// The engine answers. Whether this was the teacher's work, and whether it went out.
    pub(crate) fn handle_answer(
        &mut self,
        context: &mut Context<'_>,
        ticket: u64,
        result: &Result<Done, Failed>,
    ) -> Option<bool> {
        self.teacher.handle_answer(ticket, result, &context.own.config.update_bytes, context.out)
    }

    pub(crate) fn handle_link_down(&mut self, peer: &PeerKey) {
        self.teacher.unlinked(peer);
    }

    /// A teacher that this painter asked answered in time.
    pub(crate) fn handle_answered(&mut self, teacher: &PeerKey) {
        self.backoff.handle_answered(teacher);
    }

    /// A teacher that this painter asked did not.
    pub(crate) fn handle_silent(&mut self, now: Millis, teacher: PeerKey) {
        self.backoff.handle_silent(now, teacher);
    }

    /// Begins what can begin.
    pub(crate) fn advance(&mut self, context: &mut Context<'_>) {
        self.teacher.advance(context.now, context.out);
    }

    /// When [`Self::advance`] has something to do.
    pub(crate) fn deadline(&self) -> Option<Millis> {
        self.teacher.deadline()
    }

    /// Forgets who was silent long ago.
    pub(crate) fn expire(&mut self, now: Millis) {
        self.backoff.expire(now);
    }

    /// Teachers that a painter names: present, linked, not behind with an earlier batch, and not silent of late.
    pub(crate) fn offers(
        &self,
        context: &Context<'_>,
        members: &Members,
        links: &Links,
    ) -> Vec<TeacherOffer> {
        let mine = TeacherOffer { peer: context.own.me, pictures: context.own.settings.pictures };
        let others = links.peers().filter_map(|peer| {
            let pictures = members.presences().get(&peer)?.pictures;
            Some(TeacherOffer { peer, pictures })
        });
        let present = others.chain([mine]).filter(|offer| offer.pictures > 0);
        let ready = |offer: &TeacherOffer| {
            self.backoff.is_over(context.now, &offer.peer) && context.out.is_clear(&offer.peer)
        };
        present.filter(ready).take(limits::MAX_NAMED_TEACHERS).collect()
    }
}
