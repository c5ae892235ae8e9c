//! A round with teachers: they get the batch, their updates come in, and the four agree on which count.

use abraham_messages::{
    BatchId, PeerKey,
    codec::hex,
    collective::{Bulk, BulkKind, Control, Notice, Step, TeacherOffer},
};
use zeroize::Zeroizing;

use super::{Fact, Sitting, Stage, round, steps::Kind};
use crate::{
    EndCause, Rejection, Work,
    context::Context,
    limits,
    snapshot::{TeacherSnapshot, TeacherState},
};

/// The teachers of a round and what came of them.
pub(super) struct Gathering {
    teachers: Vec<TeacherOffer>,
    /// Who has answered this painter.
    answered: Vec<bool>,
    /// This seat's shares, in the teachers' order, until they are learnt from.
    updates: Vec<Option<Zeroizing<Vec<u8>>>>,
    /// What all four have, once that is settled.
    counted: Option<u32>,
    batch: Option<BatchId>,
}

impl Gathering {
    /// Of a round that begins.
    pub(super) fn of(teachers: Vec<TeacherOffer>) -> Self {
        let (updates, answered) = (vec![None; teachers.len()], vec![false; teachers.len()]);
        Self { teachers, answered, updates, counted: None, batch: None }
    }

    /// Whether no teacher is waited for any more.
    pub(super) fn is_complete(&self) -> bool {
        !self.answered.contains(&false)
    }

    /// What the page is given.
    pub(super) fn snapshot(&self) -> Vec<TeacherSnapshot> {
        let states = self.teachers.iter().zip(&self.answered).enumerate();
        states
            .map(|(place, (teacher, answered))| TeacherSnapshot {
                key: hex(&teacher.peer.0),
                pictures: teacher.pictures,
                state: match (self.counted, answered) {
                    (Some(counted), _) if counted & (1 << place) != 0 => TeacherState::Counted,
                    (Some(_), _) => TeacherState::Silent,
                    (None, true) => TeacherState::Answered,
                    (None, false) => TeacherState::Asked,
                },
            })
            .collect()
    }

    /// Drops what is no use after its round; the teachers stay in view until the next.
    pub(super) fn close(&mut self) {
        self.updates.iter_mut().for_each(|update| *update = None);
    }
}

impl Sitting {
    /// Takes in this seat's share of a teacher's update.
    pub(crate) fn handle_update(
        &mut self,
        context: &mut Context<'_>,
        teacher: &PeerKey,
        cycle: u32,
        share: &[u8],
    ) -> Result<Result<(), EndCause>, Rejection> {
        // Another painter's notice may be so much earlier than this one's that an answer comes while it still paints.
        let open = matches!(self.stage, Stage::PaintBatch { .. } | Stage::Teaching);
        let gathering = self.gathering.as_mut().filter(|_| open && cycle == self.steps.cycle());
        let gathering = gathering.ok_or(Rejection::Stale)?;
        let place = gathering
            .teachers
            .iter()
            .position(|offer| offer.peer == *teacher)
            .ok_or(Rejection::OutOfPlace)?;
        if share.len() != context.own.config.update_bytes[self.term.seat] {
            return Err(Rejection::WrongShape);
        }
        if gathering.updates[place].is_some() {
            return Err(Rejection::Replayed);
        }
        gathering.updates[place] = Some(Zeroizing::new(share.to_vec()));
        gathering.answered[place] = true;
        self.facts.push(Fact::Answered(*teacher));
        Ok(self.advance(context))
    }

    /// Tells the teachers of the batch, and sends it to those whose turn with this seat it is.
    pub(super) fn teach(&mut self, context: &mut Context<'_>, batch: &[u8]) {
        let cycle = self.steps.cycle();
        let (Some(gathering), Some(state)) = (&mut self.gathering, self.state) else { return };
        let hash = BatchId(*blake3::hash(batch).as_bytes());
        gathering.batch = Some(hash);
        let notice = Notice {
            term: self.term.id,
            cycle,
            seats: self.term.seats,
            artist: state.artist,
            round: state.round + 1,
            batch: hash,
        };
        let signature = context.own.signer.sign(&notice);
        let bulk = Bulk { kind: BulkKind::Batch, term: self.term.prefix(), cycle, payload: batch };
        for (place, teacher) in gathering.teachers.iter().enumerate() {
            context.out.control(teacher.peer, &Control::Notice { notice, signature });
            if (cycle as usize).wrapping_add(place) % 4 == self.term.seat {
                context.out.bulk(teacher.peer, &bulk);
            }
        }
        self.enter(context, Stage::Teaching, limits::TEACHING_TIMEOUT);
    }

    pub(super) fn send_have(&mut self, context: &mut Context<'_>) {
        let Some(gathering) = &self.gathering else { return };
        let answered = gathering.answered.iter().enumerate();
        let updates = answered.fold(0, |bits, (i, answered)| bits | u32::from(*answered) << i);
        let batch = gathering.batch.unwrap_or_default();
        // Only what this machine computed earns it a rest; while teachers compute it waits.
        self.worked_from = self.worked_from.saturating_add(context.now.saturating_sub(self.since));
        self.enter(context, Stage::Have, limits::STEP_AFTER_WORK_TIMEOUT);
        self.send_step(context, Step::Have { batch, updates });
    }

    /// Finds out which updates all four have, once all have said it; whether they did.
    pub(super) fn compare(&mut self, context: &mut Context<'_>) -> Result<bool, EndCause> {
        let Some(said) = self.steps.all(Kind::Have) else { return Ok(false) };
        let batch = self.gathering.as_ref().and_then(|gathering| gathering.batch);
        let mut counted = u32::MAX;
        for step in said {
            let Step::Have { batch: theirs, updates } = step else {
                return Err(EndCause::Disagreement);
            };
            if Some(*theirs) != batch {
                return Err(EndCause::Disagreement);
            }
            counted &= updates;
        }
        let haves = round::digest(said);
        self.count(counted);
        self.enter(context, Stage::Counted, limits::STEP_TIMEOUT);
        self.send_step(context, Step::Counted { haves });
        Ok(true)
    }

    /// Settles which updates count.
    fn count(&mut self, counted: u32) {
        let Some(gathering) = &mut self.gathering else { return };
        gathering.counted = Some(counted);
        for (teacher, answered) in gathering.teachers.iter().zip(&gathering.answered) {
            if !answered {
                self.facts.push(Fact::Silent(teacher.peer));
            }
        }
    }

    /// Learns from the updates that count, where they are enough.
    pub(super) fn learn(&mut self, context: &mut Context<'_>) {
        let (Some(gathering), Some(state)) = (&mut self.gathering, self.state) else { return };
        let counted = gathering.counted.unwrap_or_default();
        let counts = |place: usize| counted & (1 << place) != 0;
        let teachers = gathering.teachers.iter().enumerate().filter(|(place, _)| counts(*place));
        if !round::is_crowd(teachers.map(|(_, teacher)| teacher), &context.own.config) {
            self.pause(context, true);
            return;
        }
        let updates = gathering.updates.iter_mut().enumerate().filter(|(place, _)| counts(*place));
        let updates = updates.filter_map(|(_, update)| update.take()).collect::<Vec<_>>();
        self.learned = Some((updates.len(), 0));
        let ticket = context.out.work(Work::Learn { round: state.round + 1, updates });
        self.enter(context, Stage::Learn { ticket }, limits::WORK_TIMEOUT);
    }
}
