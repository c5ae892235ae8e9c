//! A teacher's part in a round: three equal notices from painters, the batch that they name, then the engine's work.

use std::collections::{BTreeMap, VecDeque};

use abraham_messages::{
    ArtistName, BatchId, PeerKey, TermId,
    collective::{Bulk, BulkKind, Notice, Signature},
};
use abraham_provenance::verify;

use crate::{Done, Event, Failed, Millis, Rejection, Work, limits, outbox::Outbox};

/// What one linked member said last; a newer word replaces an older, so nobody can crowd out others.
#[derive(Default)]
struct Received {
    notice: Option<(Notice, Millis)>,
    batch: Option<Batch>,
}

struct Batch {
    bytes: Vec<u8>,
    hash: BatchId,
    since: Millis,
}

/// What was taught: rounds in the order in which they were, and how often for each artist.
#[derive(Default)]
struct Taught {
    rounds: VecDeque<Lesson>,
    counted: BTreeMap<ArtistName, u32>,
    all: u32,
    since: Option<Millis>,
}

/// A batch that was taught.
struct Lesson {
    artist: ArtistName,
    round: u64,
    term: TermId,
    batch: BatchId,
    at: Millis,
}

impl Taught {
    /// Whether this member answers once more. Each answer tells painters something about its pictures: a second batch
    /// of one round would tell what many a round does, and what it is asked in a day is bounded.
    fn allows(&mut self, now: Millis, notice: &Notice) -> bool {
        if self.since.is_none_or(|since| since.saturating_add(limits::TAUGHT_BATCHES_INTERVAL) <= now) {
            (self.since, self.all) = (Some(now), 0);
            self.counted.clear();
        }
        let counted = self.counted.get(&notice.artist).copied();
        let room = counted.is_some() || self.counted.len() < limits::MAX_TAUGHT_ARTISTS;
        if !room
            || counted.unwrap_or(0) >= limits::MAX_TAUGHT_BATCHES
            || self.all >= limits::MAX_TAUGHT_BATCHES_OF_ALL
        {
            return false;
        }
        let round: Vec<&Lesson> = self
            .rounds
            .iter()
            .filter(|lesson| (lesson.artist, lesson.round) == (notice.artist, notice.round))
            .collect();
        if let Some(same) = round.iter().find(|lesson| lesson.term == notice.term) {
            return same.batch == notice.batch;
        }
        let last = round.iter().map(|lesson| lesson.at).max();
        let rested = last.is_none_or(|at| at.saturating_add(limits::REPEATED_TEACHING_INTERVAL) <= now);
        round.len() < limits::MAX_REPEATED_TEACHINGS || rested
    }

    fn note(&mut self, now: Millis, notice: &Notice) {
        *self.counted.entry(notice.artist).or_default() += 1;
        self.all += 1;
        let Notice { term, artist, round, batch, .. } = *notice;
        let known = |lesson: &Lesson| (lesson.term, lesson.round) == (term, round);
        if self.rounds.iter().any(known) {
            return;
        }
        if self.rounds.len() >= limits::MAX_REMEMBERED_TEACHINGS {
            self.rounds.pop_front();
        }
        self.rounds.push_back(Lesson { artist, round, term, batch, at: now });
    }
}

struct Busy {
    ticket: u64,
    notice: Notice,
    deadline: Millis,
}

/// The teacher's side.
#[derive(Default)]
pub(crate) struct Teacher {
    received: BTreeMap<PeerKey, Received>,
    busy: Option<Busy>,
    /// The newest batch taught: a term and its cycle.
    taught: Option<(TermId, u32)>,
    lessons: Taught,
    last_work: Option<Millis>,
    /// When it may begin work that waits.
    wake: Option<Millis>,
}

impl Teacher {
    pub(crate) fn unlinked(&mut self, peer: &PeerKey) {
        self.received.remove(peer);
    }

    pub(crate) fn deadline(&self) -> Option<Millis> {
        let busy = self.busy.as_ref().map(|busy| busy.deadline);
        busy.into_iter().chain(self.wake).min()
    }

    /// Takes in a painter's notice.
    pub(crate) fn handle_notice(
        &mut self,
        now: Millis,
        from: PeerKey,
        notice: Notice,
        signature: &Signature,
    ) -> Result<(), Rejection> {
        let seats = &notice.seats;
        if !seats.contains(&from) || (0..4).any(|i| seats[..i].contains(&seats[i])) {
            return Err(Rejection::OutOfPlace);
        }
        if self.taught.is_some_and(|(term, cycle)| term == notice.term && notice.cycle <= cycle) {
            return Err(Rejection::Stale);
        }
        let received = self.received.entry(from).or_default();
        if received.notice.is_some_and(|(known, _)| known == notice) {
            return Err(Rejection::Replayed);
        }
        if !verify(&from, &notice, signature) {
            return Err(Rejection::BadSignature);
        }
        received.notice = Some((notice, now));
        Ok(())
    }

    /// Takes in a batch, which may come before its notices.
    pub(crate) fn handle_batch(
        &mut self,
        now: Millis,
        from: PeerKey,
        batch: &[u8],
        bytes: usize,
    ) -> Result<(), Rejection> {
        if batch.len() != bytes {
            return Err(Rejection::WrongShape);
        }
        let batch =
            Batch { bytes: batch.to_vec(), hash: BatchId(*blake3::hash(batch).as_bytes()), since: now };
        self.received.entry(from).or_default().batch = Some(batch);
        Ok(())
    }

    /// Begins work where enough painters say the same and the batch is here.
    pub(crate) fn advance(&mut self, now: Millis, out: &mut Outbox) {
        let stale = |since: Millis| since.saturating_add(limits::TEACHER_WAIT_TIMEOUT) <= now;
        for received in self.received.values_mut() {
            received.notice = received.notice.filter(|(_, since)| !stale(*since));
            received.batch = received.batch.take().filter(|batch| !stale(batch.since));
        }
        self.received.retain(|_, received| received.notice.is_some() || received.batch.is_some());
        if self.busy.as_ref().is_some_and(|busy| busy.deadline <= now) {
            self.busy = None;
        }
        self.wake = None;
        let notices =
            || self.received.values().filter_map(|received| received.notice.map(|(notice, _)| notice));
        let lessons = &mut self.lessons;
        let agreed = notices().find(|notice| {
            notices().filter(|other| other == notice).count() >= limits::NOTICE_QUORUM
                && self.taught.is_none_or(|(term, cycle)| term != notice.term || cycle < notice.cycle)
                && lessons.allows(now, notice)
        });
        let Some(notice) = agreed else { return };
        let next = self.last_work.map_or(0, |at| at.saturating_add(limits::MIN_TEACHING_INTERVAL));
        if next > now {
            self.wake = Some(next);
            return;
        }
        let mut batches = self.received.values_mut().map(|received| &mut received.batch);
        let named = batches.find(|batch| batch.as_ref().is_some_and(|batch| batch.hash == notice.batch));
        let Some(batch) = named.and_then(Option::take) else { return };
        self.taught = Some((notice.term, notice.cycle));
        self.lessons.note(now, &notice);
        self.last_work = Some(now);
        let ticket = out.work(Work::Teach { batch: batch.bytes });
        self.busy = Some(Busy { ticket, notice, deadline: now.saturating_add(limits::TEACHER_WORK_TIMEOUT) });
    }

    /// The engine answers: each painter gets its share. Whether this was the teacher's work, and whether it went out.
    pub(crate) fn handle_answer(
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
        prefix.copy_from_slice(&term.0[..8]);
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

#[cfg(test)]
mod tests {
    use abraham_provenance::Signer;

    use super::*;
    use crate::Output;

    const BATCH: [u8; 16] = [5; 16];

    struct Scene {
        signers: Vec<Signer>,
        teacher: Teacher,
        out: Outbox,
    }

    impl Scene {
        fn new() -> Self {
            let signers = (1..6).map(|n| Signer::new(&[n; 32]).unwrap()).collect();
            Self { signers, teacher: Teacher::default(), out: Outbox::new(PeerKey([9; 33])) }
        }

        fn notice(&self, cycle: u32) -> Notice {
            let seats = [0, 1, 2, 3].map(|i: usize| self.signers[i].public_key());
            let batch = BatchId(*blake3::hash(&BATCH).as_bytes());
            Notice { term: TermId([7; 32]), cycle, seats, artist: ArtistName([1; 32]), round: 1, batch }
        }

        fn tell(&mut self, now: Millis, painter: usize, notice: Notice) -> Result<(), Rejection> {
            let signature = self.signers[painter].sign(&notice);
            self.teacher.handle_notice(now, self.signers[painter].public_key(), notice, &signature)
        }

        fn works(&mut self, now: Millis) -> Option<u64> {
            self.teacher.advance(now, &mut self.out);
            std::iter::from_fn(|| self.out.pop()).find_map(|output| match output {
                Output::Work { ticket, work: Work::Teach { batch } } => {
                    assert_eq!(batch, BATCH);
                    Some(ticket)
                }
                _ => None,
            })
        }
    }

    #[test]
    fn it_goes_on_with_three_equal_notices_and_their_batch() {
        let mut scene = Scene::new();
        let notice = scene.notice(4);
        let painter = scene.signers[2].public_key();
        assert_eq!(scene.teacher.handle_batch(0, painter, &BATCH[1..], 16), Err(Rejection::WrongShape));
        assert_eq!(scene.teacher.handle_batch(0, painter, &BATCH, 16), Ok(()));
        scene.tell(0, 0, notice).unwrap();
        assert_eq!(scene.tell(0, 0, notice), Err(Rejection::Replayed));
        scene.tell(0, 1, notice).unwrap();
        scene.tell(0, 3, Notice { batch: BatchId([0; 32]), ..notice }).unwrap();
        assert_eq!(scene.works(0), None, "two say so, and one says something else");
        scene.tell(0, 2, notice).unwrap();
        let ticket = scene.works(0).expect("three say so");
        assert_eq!(scene.works(1), None, "once");
        let done = Ok(Done::Update { shares: [(); 4].map(|()| vec![0; 8].into()) });
        assert_eq!(scene.teacher.handle_answer(ticket + 1, &done, &[8; 4], &mut scene.out), None);
        assert_eq!(scene.teacher.handle_answer(ticket, &done, &[8; 4], &mut scene.out), Some(true));
        assert_eq!(scene.tell(2, 3, notice), Err(Rejection::Stale), "a notice of a batch that was taught");
    }

    /// Three painters tell of a batch, which one of them sent; whether it is taught.
    fn taught(scene: &mut Scene, now: Millis, notice: Notice) -> bool {
        for painter in 0..3 {
            scene.tell(now, painter, notice).unwrap();
        }
        let painter = scene.signers[0].public_key();
        scene.teacher.handle_batch(now, painter, &BATCH, 16).unwrap();
        let ticket = scene.works(now);
        let done = Ok(Done::Update { shares: [(); 4].map(|()| vec![0; 8].into()) });
        ticket.is_some_and(|ticket| {
            scene.teacher.handle_answer(ticket, &done, &[8; 4], &mut scene.out).is_some()
        })
    }

    #[test]
    fn it_waits_between_two_batches() {
        let mut scene = Scene::new();
        let (first, second) = (scene.notice(1), Notice { round: 2, ..scene.notice(2) });
        assert!(taught(&mut scene, 0, first));
        assert!(!taught(&mut scene, 1, second));
        assert_eq!(scene.teacher.deadline(), Some(limits::MIN_TEACHING_INTERVAL));
        assert!(scene.works(limits::MIN_TEACHING_INTERVAL - 1).is_none());
        assert!(scene.works(limits::MIN_TEACHING_INTERVAL).is_some(), "it was kept");
    }

    #[test]
    fn a_second_batch_of_one_round_is_refused_and_a_failed_round_is_taught_again_a_few_times() {
        let mut scene = Scene::new();
        let term = |n: u8, cycle| Notice { term: TermId([n; 32]), ..Scene::new().notice(cycle) };
        let mut now = 0;
        let mut next = || {
            now += limits::MIN_TEACHING_INTERVAL;
            now
        };
        assert!(taught(&mut scene, next(), term(1, 1)));
        assert!(taught(&mut scene, next(), term(1, 2)), "the same batch, which too few had answered");
        // A notice names the batch by its hash, so another one never comes with the bytes of this test.
        let mut lessons = std::mem::take(&mut scene.teacher.lessons);
        assert!(!lessons.allows(9_000, &Notice { batch: BatchId([1; 32]), ..term(1, 3) }));
        assert!(lessons.allows(9_000, &Notice { batch: BatchId([1; 32]), round: 2, ..term(1, 3) }));
        scene.teacher.lessons = lessons;
        for n in 2..=limits::MAX_REPEATED_TEACHINGS as u8 {
            assert!(taught(&mut scene, next(), term(n, 0)), "{n}");
        }
        assert!(!taught(&mut scene, next(), term(99, 0)), "terms fail in this round again and again");
        assert!(taught(&mut scene, next(), Notice { round: 7, ..term(98, 0) }), "another round");
        let later = next() + limits::REPEATED_TEACHING_INTERVAL;
        assert!(taught(&mut scene, later, term(99, 0)), "nothing is stuck for good");
    }

    #[test]
    fn a_day_has_a_limit_for_each_artist_and_for_all() {
        let mut lessons = Taught::default();
        let notice = |artist: u8, round: u64| Notice {
            artist: ArtistName([artist; 32]),
            round,
            ..Scene::new().notice(0)
        };
        let teach = |lessons: &mut Taught, now, artist| {
            let taught = (0..u64::from(limits::MAX_TAUGHT_BATCHES) + 10).filter(|round| {
                let notice = notice(artist, *round);
                let allowed = lessons.allows(now, &notice);
                if allowed {
                    lessons.note(now, &notice);
                }
                allowed
            });
            taught.count() as u32
        };
        assert_eq!(teach(&mut lessons, 0, 1), limits::MAX_TAUGHT_BATCHES);
        assert_eq!(teach(&mut lessons, 5, 2), limits::MAX_TAUGHT_BATCHES);
        assert_eq!(
            teach(&mut lessons, 6, 3),
            limits::MAX_TAUGHT_BATCHES_OF_ALL - 2 * limits::MAX_TAUGHT_BATCHES
        );
        assert_eq!(
            teach(&mut lessons, limits::TAUGHT_BATCHES_INTERVAL, 1),
            limits::MAX_TAUGHT_BATCHES,
            "a new day"
        );
        assert!(lessons.rounds.len() <= limits::MAX_REMEMBERED_TEACHINGS);
    }

    #[test]
    fn strangers_and_forgers_are_refused() {
        let mut scene = Scene::new();
        let notice = scene.notice(1);
        assert_eq!(scene.tell(0, 4, notice), Err(Rejection::OutOfPlace));
        let signature = scene.signers[1].sign(&notice);
        let painter = scene.signers[0].public_key();
        assert_eq!(scene.teacher.handle_notice(0, painter, notice, &signature), Err(Rejection::BadSignature));
        let mut twice = notice;
        twice.seats[3] = twice.seats[0];
        assert_eq!(scene.tell(0, 0, twice), Err(Rejection::OutOfPlace));
    }

    #[test]
    fn what_never_completes_is_forgotten() {
        let mut scene = Scene::new();
        let painter = scene.signers[0].public_key();
        for cycle in 0..50 {
            let notice = scene.notice(cycle);
            scene.tell(0, 0, notice).unwrap();
            scene.teacher.handle_batch(0, painter, &BATCH, 16).unwrap();
        }
        assert_eq!(scene.teacher.received.len(), 1, "one painter's newest word replaces its older");
        assert_eq!(scene.works(limits::TEACHER_WAIT_TIMEOUT), None);
        assert!(scene.teacher.received.is_empty());
    }
}
