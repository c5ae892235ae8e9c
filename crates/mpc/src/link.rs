//! The three links of a painter: sequence numbers, order, kinds, lengths, the meter, and the end of a committee.

use std::collections::{BTreeMap, VecDeque};

use abraham_messages::{Frame, Kind, codec::Reader, frame::HEADER_BYTES, limits::MAX_FRAMES_AHEAD};
use zeroize::Zeroizing;

use crate::{
    Cause, Channel, Error, Meter, PainterId,
    channel::ChannelError,
    dispute::{Conflict, Reason, Record, Statement, Stopped, Testimony, Times, Topic, judge, majority},
    limits,
};

/// Deadlines for which a painter stays within reach after a piece of work at whose end it was kept waiting: another may
/// be kept waiting for one, and begin to wait for the next painter then.
const LINGERS: usize = 2;

/// A received payload, still behind its frame header; wiped when dropped, for it may be a share.
pub(crate) struct Payload(Zeroizing<Vec<u8>>);

impl Payload {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0[HEADER_BYTES..]
    }
}

/// The two messages of a dispute, told apart by the first byte of an abort's payload.
#[derive(Clone, Copy)]
enum Stage {
    /// A painter's own testimony.
    Testimony = 0,
    /// The testimonies that it heard.
    Hearsay = 1,
}

pub(crate) struct Links<C> {
    me: PainterId,
    channel: C,
    sent: [u64; 4],
    received: [u64; 4],
    /// Frames that came before their turn, and when.
    ahead: [BTreeMap<u64, (Vec<u8>, u64)>; 4],
    /// Rounds of which this painter has sent every frame.
    round: u64,
    /// When frames left and came, in the last rounds.
    times: VecDeque<Times>,
    /// When the frames of the next round left, so far.
    next: Times,
    /// Whom it waits for.
    waits: Option<PainterId>,
    /// Whether a piece of work is done.
    idle: bool,
    /// Who stopped, as its frame says that came while this painter went on.
    told: Option<PainterId>,
    /// Whether the next round is the first of a piece of work, before which painters may have been idle.
    first: bool,
    pub(crate) record: Record,
    conflict: Option<Conflict>,
    /// What other painters said when they stopped, by [`Stage`].
    heard: [[Option<Vec<u8>>; 2]; 4],
    stopped: bool,
    pub(crate) meter: Meter,
}

impl<C: Channel> Links<C> {
    pub(crate) fn new(me: PainterId, channel: C) -> Self {
        Self {
            me,
            channel,
            sent: [0; 4],
            received: [0; 4],
            ahead: std::array::from_fn(|_| BTreeMap::new()),
            round: 0,
            times: VecDeque::new(),
            next: Times::default(),
            waits: None,
            idle: false,
            told: None,
            first: true,
            record: Record::default(),
            conflict: None,
            heard: Default::default(),
            stopped: false,
            meter: Meter::default(),
        }
    }

    /// Sends a frame whose payload is the parts one after the other.
    pub(crate) async fn send(&mut self, kind: Kind, to: PainterId, payload: &[&[u8]]) -> Result<(), Error> {
        let mut frame = self.start(kind, to, payload.iter().map(|part| part.len()).sum());
        for part in payload {
            frame.extend_from_slice(part);
        }
        self.post(kind, to, frame).await
    }

    /// Starts the next frame to `to`: the caller appends the payload and posts it before any other frame.
    pub(crate) fn start(&self, kind: Kind, to: PainterId, payload_bytes: usize) -> Vec<u8> {
        Frame::start(kind, self.sent[to.index()], payload_bytes)
    }

    /// Sends a frame made by [`Links::start`]. One that cannot arrive is found out by who waits for it.
    pub(crate) async fn post(&mut self, kind: Kind, to: PainterId, frame: Vec<u8>) -> Result<(), Error> {
        self.sent[to.index()] += 1;
        self.meter.sent(kind, frame.len());
        let before = self.channel.now();
        let sent = self.channel.send(to, frame).await;
        let after = self.channel.now();
        self.next.left[to.index()] = after;
        self.next.held[to.index()] += after.saturating_sub(before);
        match sent {
            Ok(()) | Err(ChannelError::Deadline | ChannelError::OutOfTime | ChannelError::PeerGone) => Ok(()),
            Err(ChannelError::Closed) => Err(Error::Closed),
        }
    }

    /// Ends the sending half of a round; whoever waits afterwards waits for frames of this round.
    pub(crate) fn next_round(&mut self) -> Result<(), Error> {
        if self.stopped {
            return Err(Error::Closed);
        }
        self.meter.rounds += 1;
        self.begin_round();
        Ok(())
    }

    fn begin_round(&mut self) {
        self.round += 1;
        if self.times.len() == limits::MAX_TIMED_ROUNDS {
            self.times.pop_front();
        }
        self.idle = false;
        let mut times = std::mem::take(&mut self.next);
        times.left[self.me.index()] = self.channel.now();
        (times.round, times.first) = (self.round, std::mem::take(&mut self.first));
        self.times.push_back(times);
    }

    /// The time until now was idle: all four begin a piece of work.
    pub(crate) fn begin(&mut self) {
        self.first = true;
    }

    /// Ends a piece of work. Where the last comparison took nearly a deadline, others may be giving somebody up just
    /// now, whom they cannot judge without this painter: for as long as they may wait yet it still takes part, and does
    /// not leave the others without it.
    pub(crate) async fn end(&mut self) -> Result<(), Error> {
        let patience = self.channel.patience();
        let mut gone = [false; 4];
        // No other began to wait for verdicts before it had this painter's transcripts.
        let me = self.me.index();
        let mut last = self.times.iter().rev();
        let done =
            last.next().map(|times| times.came.iter().flatten().fold(times.left[me], |x, y| x.max(*y)));
        let since = last.next().map(|times| times.left[me]);
        let took = done.zip(since).map_or(0, |(done, since)| done.saturating_sub(since));
        if patience == 0 || took < patience / 4 * 3 {
            return Ok(());
        }
        self.idle = true;
        for _ in 0..LINGERS {
            let deadline = self.channel.deadline();
            loop {
                self.heed()?;
                // Who left, or is at the next piece of work, waits for nothing of the last one.
                let open = |from: &PainterId| !gone[from.index()] && self.ahead[from.index()].is_empty();
                let Some(from) = self.me.others().find(open) else { return Ok(()) };
                let also = PainterId::ALL.map(|p| p != self.me && open(&p));
                match self.channel.receive_either(from, also, &deadline).await {
                    Ok((from, frame)) => self.keep(from, frame)?,
                    Err(ChannelError::Deadline) => break,
                    // It is done in time.
                    Err(ChannelError::OutOfTime) => return Ok(()),
                    Err(ChannelError::PeerGone) => gone[from.index()] = true,
                    Err(ChannelError::Closed) => return Err(Error::Closed),
                }
            }
        }
        Ok(())
    }

    /// A frame of this round came, or did not come, by `at`.
    fn note(&mut self, from: PainterId, at: u64) {
        if let Some(times) = self.times.back_mut() {
            let came = &mut times.came[from.index()];
            *came = (*came).max(Some(at));
        }
    }

    /// Waits for the next frame of `from`, which must be of `kind` and carry exactly `expected` bytes.
    pub(crate) async fn receive(
        &mut self,
        kind: Kind,
        from: PainterId,
        expected: usize,
    ) -> Result<Payload, Error> {
        let payload = self.receive_any(kind, from).await?;
        let bytes = payload.bytes().len();
        if bytes != expected {
            return Err(Error::abort(self.me, from, Cause::Length { from, bytes, expected }));
        }
        Ok(payload)
    }

    /// As [`Links::receive`], for a payload whose length the sender has from outside.
    pub(crate) async fn receive_any(&mut self, kind: Kind, from: PainterId) -> Result<Payload, Error> {
        let bytes = self.next(from).await?;
        let malformed = |error| Error::abort(self.me, from, Cause::Malformed(from, error));
        let frame = Frame::decode(&bytes).map_err(malformed)?;
        if frame.kind == kind {
            return Ok(Payload(Zeroizing::new(bytes)));
        }
        if frame.kind == Kind::Abort {
            self.handle_control(from, &bytes);
            return Err(Error::abort(self.me, from, Cause::Told(from)));
        }
        Err(Error::abort(self.me, from, Cause::OutOfPlace(from)))
    }

    async fn next(&mut self, from: PainterId) -> Result<Vec<u8>, Error> {
        let i = from.index();
        self.waits = Some(from);
        let deadline = self.channel.deadline();
        loop {
            self.heed()?;
            if let Some((frame, at)) = self.ahead[i].remove(&self.received[i]) {
                self.received[i] += 1;
                self.note(from, at);
                self.waits = None;
                return Ok(frame);
            }
            let room = |p: PainterId| self.ahead[p.index()].len() < MAX_FRAMES_AHEAD as usize;
            let also = PainterId::ALL.map(|p| p != self.me && p != from && room(p));
            match self.channel.receive_either(from, also, &deadline).await {
                Ok((from, frame)) => self.keep(from, frame)?,
                Err(ended @ (ChannelError::Deadline | ChannelError::PeerGone | ChannelError::OutOfTime)) => {
                    self.note(from, self.channel.now());
                    let cause = match ended {
                        ChannelError::OutOfTime => Cause::OutOfTime(from),
                        _ => Cause::Silent(from),
                    };
                    return Err(Error::abort(self.me, from, cause));
                }
                Err(ChannelError::Closed) => return Err(Error::Closed),
            }
        }
    }

    /// Keeps a frame until its turn. Where time passes, it is never the turn of one that stops the committee: it counts
    /// at once, or a cheat could keep this painter at work with frames that are almost late until those who stopped give
    /// up its testimony.
    fn keep(&mut self, from: PainterId, bytes: Vec<u8>) -> Result<(), Error> {
        let (me, i) = (self.me, from.index());
        let abort = |cause| Error::abort(me, from, cause);
        let frame = Frame::decode(&bytes).map_err(|e| abort(Cause::Malformed(from, e)))?;
        let (expected, sequence) = (self.received[i], frame.sequence);
        if sequence < expected || self.ahead[i].contains_key(&sequence) {
            return Err(abort(Cause::Duplicate(from)));
        }
        if sequence - expected > MAX_FRAMES_AHEAD {
            return Err(abort(Cause::OutOfPlace(from)));
        }
        if frame.kind == Kind::Abort && self.channel.patience() > 0 {
            self.handle_control(from, &bytes);
            self.told.get_or_insert(from);
        } else {
            self.ahead[i].insert(sequence, (bytes, self.channel.arrived(from)));
        }
        Ok(())
    }

    /// Stops where another painter has. Whom this one waited for has kept it waiting until now.
    fn heed(&mut self) -> Result<(), Error> {
        let Some(told) = self.told else { return Ok(()) };
        if let Some(from) = self.waits {
            self.note(from, self.channel.now());
        }
        Err(Error::abort(self.me, told, Cause::Told(told)))
    }

    /// Notes what this painter states on a topic, which must be before it sends anything that tells of it.
    pub(crate) fn state(&mut self, topic: Topic, statement: Statement) {
        self.record.statements.insert(topic, statement);
    }

    /// Two others stated different things; where the topic is what one painter said, that painter comes first.
    pub(crate) fn conflict(
        &mut self,
        topic: Topic,
        claims: [(PainterId, Statement); 2],
        cause: Cause,
    ) -> Error {
        self.conflict = Some(Conflict { topic, claims });
        Error::abort(claims[0].0, claims[1].0, cause)
    }

    /// Ends the committee after an abort: agrees with the others on the two suspects. Other errors pass through.
    pub(crate) async fn settle(&mut self, error: Error) -> Error {
        let Error::Abort { suspects: [a, b], cause } = error else { return error };
        self.stopped = true;
        let me = self.me;
        let other = if a == me { b } else { a };
        let reason = match (&cause, self.conflict) {
            (_, Some(conflict)) => Reason::Conflict(conflict),
            (Cause::Objection(objector), None) if *objector != me => Reason::Objected(*objector),
            (Cause::Silent(_), None) => Reason::Waited(other),
            (Cause::OutOfTime(_), None) => Reason::OutOfTime(other),
            (Cause::Told(_), None) => self.was_told(other),
            _ => Reason::Fault(other),
        };
        let stopped = Stopped { at: self.channel.now(), waits: self.waits, idle: self.idle };
        let record = std::mem::take(&mut self.record);
        let times = std::mem::take(&mut self.times).into();
        let mine = Testimony { round: self.round, reason, stopped, times, record }.encode();
        let testimonies = match self.testimonies(mine).await {
            Ok(testimonies) => testimonies,
            Err(error) => return error,
        };
        let testimonies = PainterId::ALL
            .map(|p| testimonies[p.index()].as_deref().and_then(|bytes| Testimony::decode(p, bytes).ok()));
        let [a, b] = judge(&testimonies, self.channel.patience());
        Error::abort(a, b, cause)
    }

    /// The reason of a painter that stops because `by` has: its testimony says so, or is none.
    fn was_told(&self, by: PainterId) -> Reason {
        let said = self.heard[by.index()][Stage::Testimony as usize].as_deref();
        match said.map(|said| Testimony::decode(by, said)) {
            Some(Ok(said)) => Reason::Told { by, depth: said.reason.depth().wrapping_add(1) },
            _ => Reason::Fault(by),
        }
    }

    /// Exchanges testimonies, and then what was heard; the result is the same for all honest painters.
    async fn testimonies(&mut self, mine: Vec<u8>) -> Result<[Option<Vec<u8>>; 4], Error> {
        let me = self.me;
        for to in me.others() {
            self.send(Kind::Abort, to, &[&[Stage::Testimony as u8], &mine]).await?;
        }
        let mut heard = [const { None }; 4];
        heard[me.index()] = Some(mine);
        for from in me.others() {
            heard[from.index()] = self.listen(from, Stage::Testimony).await;
        }
        let mut hearsay = vec![Stage::Hearsay as u8];
        for testimony in &heard {
            let testimony = testimony.as_deref().unwrap_or_default();
            hearsay.extend_from_slice(&(testimony.len() as u64).to_le_bytes());
            hearsay.extend_from_slice(testimony);
        }
        for to in me.others() {
            self.send(Kind::Abort, to, &[&hearsay]).await?;
        }
        let mut accounts = [const { None }; 4];
        for from in me.others() {
            let hearsay = self.listen(from, Stage::Hearsay).await;
            accounts[from.index()] = hearsay.and_then(|bytes| read_hearsay(&bytes));
        }
        for p in me.others() {
            let mut others =
                p.others().filter(|other| *other != me).map(|other| accounts[other.index()].as_ref());
            // Who gives no account is the cheat, or is done and has left: then no two are left whom the cheat could tell
            // different things and who need each other's word, and the cheat's word is not taken against p's own.
            if let (Some(Some(a)), Some(Some(b))) = (others.next(), others.next()) {
                let direct = heard[p.index()].take();
                heard[p.index()] = majority([direct, a[p.index()].clone(), b[p.index()].clone()]);
            }
        }
        Ok(heard)
    }

    /// Waits for what `from` says when it stops, past all frames of the program that it sent before.
    ///
    /// An honest painter may stop a deadline later than this one, because it waits for the cheat, and may then wait
    /// for the cheat's testimony longer; so much longer is it waited for.
    async fn listen(&mut self, from: PainterId, stage: Stage) -> Option<Vec<u8>> {
        for (_, (frame, _)) in std::mem::take(&mut self.ahead[from.index()]) {
            self.handle_control(from, &frame);
        }
        let patience = match stage {
            Stage::Testimony => 2,
            Stage::Hearsay => 4,
        };
        let mut deadlines = 0;
        let mut deadline = self.channel.deadline();
        for _ in 0..limits::MAX_SKIPPED_FRAMES {
            if let Some(said) = self.heard[from.index()][stage as usize].take() {
                return Some(said);
            }
            match self.channel.receive(from, &deadline).await {
                Ok(frame) => self.handle_control(from, &frame),
                // Frames do not prolong it, or a cheat could keep one painter listening until the others have left.
                Err(ChannelError::Deadline) => {
                    deadlines += 1;
                    deadline = self.channel.deadline();
                }
                Err(_) => return None,
            }
            if deadlines == patience {
                return None;
            }
        }
        None
    }

    /// Keeps the first message of each stage of a dispute; any other frame no longer matters.
    fn handle_control(&mut self, from: PainterId, frame: &[u8]) {
        let Ok(Frame { kind: Kind::Abort, payload: [stage, said @ ..], .. }) = Frame::decode(frame) else {
            return;
        };
        let limit = match stage {
            0 => limits::MAX_TESTIMONY_BYTES,
            _ => limits::MAX_HEARSAY_BYTES,
        };
        if let Some(place @ None) = self.heard[from.index()].get_mut(usize::from(*stage))
            && said.len() <= limit
        {
            *place = Some(said.to_vec());
        }
    }
}

/// Reads the four testimonies that another painter heard; an empty one was not heard.
fn read_hearsay(bytes: &[u8]) -> Option<[Option<Vec<u8>>; 4]> {
    let mut reader = Reader::new(bytes, limits::MAX_HEARSAY_BYTES).ok()?;
    let mut heard = [const { None }; 4];
    for testimony in &mut heard {
        let length = usize::try_from(reader.u64().ok()?).ok()?;
        let bytes = reader.take(length).ok()?;
        *testimony = (!bytes.is_empty()).then(|| bytes.to_vec());
    }
    reader.end().ok()?;
    Some(heard)
}
