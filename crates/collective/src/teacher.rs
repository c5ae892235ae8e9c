//! A teacher's part in a round: three equal notices from painters, the batch that they name, then the engine's work.

use std::collections::BTreeMap;

use abraham_messages::{
    PeerKey,
    collective::{Bulk, BulkKind, Digest, Notice, Signature, Statement},
};

use crate::{Done, Drop, Event, Failed, Millis, Work, announce::verify, limits, outbox::Outbox};

/// What one linked member said last; a newer word replaces an older, so nobody can crowd out others.
#[derive(Default)]
struct Heard {
    notice: Option<(Notice, Millis)>,
    batch: Option<Batch>,
}

struct Batch {
    bytes: Vec<u8>,
    hash: Digest,
    since: Millis,
}

struct Busy {
    ticket: u64,
    notice: Notice,
    deadline: Millis,
}

/// The teacher's side.
#[derive(Default)]
pub(crate) struct Teacher {
    heard: BTreeMap<PeerKey, Heard>,
    busy: Option<Busy>,
    /// The newest batch taught: a term and its cycle.
    taught: Option<(Digest, u32)>,
    last_work: Option<Millis>,
    /// When it may begin work that waits.
    wake: Option<Millis>,
}

impl Teacher {
    pub(crate) fn unlinked(&mut self, peer: &PeerKey) {
        self.heard.remove(peer);
    }

    pub(crate) fn deadline(&self) -> Option<Millis> {
        let busy = self.busy.as_ref().map(|busy| busy.deadline);
        busy.into_iter().chain(self.wake).min()
    }

    /// Takes in a painter's notice.
    pub(crate) fn notice(
        &mut self,
        now: Millis,
        from: PeerKey,
        notice: Notice,
        signature: &Signature,
    ) -> Result<(), Drop> {
        let seats = &notice.seats;
        if !seats.contains(&from) || (0..4).any(|i| seats[..i].contains(&seats[i])) {
            return Err(Drop::OutOfPlace);
        }
        if self.taught.is_some_and(|(term, cycle)| term == notice.term && notice.cycle <= cycle) {
            return Err(Drop::Stale);
        }
        let heard = self.heard.entry(from).or_default();
        if heard.notice.is_some_and(|(known, _)| known == notice) {
            return Err(Drop::Replayed);
        }
        if !verify(&from, &Statement::Notice(&notice), signature) {
            return Err(Drop::BadSignature);
        }
        heard.notice = Some((notice, now));
        Ok(())
    }

    /// Takes in a batch, which may come before its notices.
    pub(crate) fn batch(
        &mut self,
        now: Millis,
        from: PeerKey,
        batch: &[u8],
        bytes: usize,
    ) -> Result<(), Drop> {
        if batch.len() != bytes {
            return Err(Drop::WrongShape);
        }
        let batch = Batch { bytes: batch.to_vec(), hash: *blake3::hash(batch).as_bytes(), since: now };
        self.heard.entry(from).or_default().batch = Some(batch);
        Ok(())
    }

    /// Begins work where enough painters say the same and the batch is here.
    pub(crate) fn advance(&mut self, now: Millis, out: &mut Outbox) {
        let stale = |since: Millis| since.saturating_add(limits::TEACH_WAIT) <= now;
        for heard in self.heard.values_mut() {
            heard.notice = heard.notice.filter(|(_, since)| !stale(*since));
            heard.batch = heard.batch.take().filter(|batch| !stale(batch.since));
        }
        self.heard.retain(|_, heard| heard.notice.is_some() || heard.batch.is_some());
        if self.busy.as_ref().is_some_and(|busy| busy.deadline <= now) {
            self.busy = None;
        }
        self.wake = None;
        let notices = || self.heard.values().filter_map(|heard| heard.notice.map(|(notice, _)| notice));
        let agreed = notices().find(|notice| {
            notices().filter(|other| other == notice).count() >= limits::NOTICES
                && self.taught.is_none_or(|(term, cycle)| term != notice.term || cycle < notice.cycle)
        });
        let Some(notice) = agreed else { return };
        let next = self.last_work.map_or(0, |at| at.saturating_add(limits::TEACH_LEAST));
        if next > now {
            self.wake = Some(next);
            return;
        }
        let mut batches = self.heard.values_mut().map(|heard| &mut heard.batch);
        let named = batches.find(|batch| batch.as_ref().is_some_and(|batch| batch.hash == notice.batch));
        let Some(batch) = named.and_then(Option::take) else { return };
        self.taught = Some((notice.term, notice.cycle));
        self.last_work = Some(now);
        let ticket = out.work(Work::Teach { batch: batch.bytes });
        self.busy = Some(Busy { ticket, notice, deadline: now.saturating_add(limits::TEACH_WORK) });
    }

    /// The engine answers: each painter gets its share. Whether this was the teacher's work, and whether it went out.
    pub(crate) fn answer(
        &mut self,
        ticket: u64,
        result: &Result<Done, Failed>,
        lengths: &[usize; 4],
        out: &mut Outbox,
    ) -> Option<bool> {
        let busy = self.busy.take_if(|busy| busy.ticket == ticket)?;
        let Ok(Done::Update { shares }) = result else { return Some(false) };
        if shares.iter().zip(lengths).any(|(share, length)| share.len() != *length) {
            return Some(false);
        }
        let Notice { term, cycle, seats, .. } = busy.notice;
        let mut prefix = [0; 8];
        prefix.copy_from_slice(&term[..8]);
        let mut bytes = 0;
        for (painter, share) in seats.iter().zip(shares) {
            let bulk = Bulk { kind: BulkKind::Update, term: prefix, cycle, payload: share };
            bytes += share.len() as u64;
            out.bulk(*painter, &bulk);
        }
        out.event(Event::Taught { term, bytes });
        Some(true)
    }
}
