//! A painter's term: set-up, then cycles of learning and painting, each step with a deadline.
//!
//! A cycle: `Ready` from all four says who leaves, whether a piece is due, and which teachers are present; `Planned`
//! that all heard the same. To learn, they paint the batch, teachers answer, `Have` and `Counted` settle which
//! updates count, they learn, `Held` settles the commitments to the new state and `Certify` signs it. To paint a
//! piece, they paint it and `Sign` it.

use abraham_messages::{
    PeerKey,
    collective::{
        Bulk, BulkKind, Certificate, Control, Digest, Notice, Ready, Signature, SignedPiece, StateStatement,
        Statement, Step, TeacherOffer,
    },
};
use zeroize::Zeroizing;

use crate::{
    Config, Done, Drop, EndCause, Failed, HeldCommitments, Millis, Origin, Settings, Term, Work,
    announce::{self, Signer, verify},
    certificate, limits,
    outbox::Outbox,
    round::{self, Plan},
    steps::{Kind, Steps},
    view::Phase,
};

/// What a term needs from its member.
pub(crate) struct Context<'a> {
    pub(crate) now: Millis,
    pub(crate) config: &'a Config,
    pub(crate) settings: &'a Settings,
    pub(crate) signer: &'a Signer,
    pub(crate) out: &'a mut Outbox,
    /// Teachers that are present and linked.
    pub(crate) offers: Vec<TeacherOffer>,
    pub(crate) facts: &'a mut Vec<Fact>,
}

/// What a term found out that its member must know.
#[expect(clippy::large_enum_variant, reason = "one at a time is made, handled and dropped")]
pub(crate) enum Fact {
    /// The engine has taken the seat.
    Begun,
    /// A state was certified; after set-up `learned` is `None`, else how many teachers counted and were dropped.
    Certified { certificate: Certificate, learned: Option<(usize, usize)> },
    /// A piece was painted and signed by all four; whether this member publishes it.
    Piece { piece: Box<SignedPiece>, publish: bool },
    /// A teacher's update came in time.
    Answered(PeerKey),
    /// A teacher's did not.
    Silent(PeerKey),
    /// A painter did what no honest one does.
    Liar(PeerKey, &'static str),
}

/// A state of the artist.
#[derive(Clone, Copy)]
struct State {
    artist: Digest,
    round: u64,
    commitments: [Digest; 4],
}

/// The teachers of a round and what came of them.
pub(crate) struct Gathering {
    pub(crate) teachers: Vec<TeacherOffer>,
    /// Who has answered this painter.
    pub(crate) answered: Vec<bool>,
    /// This seat's shares, in the teachers' order, until they are learnt from.
    updates: Vec<Option<Zeroizing<Vec<u8>>>>,
    /// What all four have, once that is settled.
    pub(crate) counted: Option<u32>,
    batch: Option<Digest>,
}

enum Stage {
    /// The engine sets up.
    Begin { ticket: u64 },
    /// Not ready before the deadline.
    Resting,
    /// Said ready.
    Ready,
    /// Said what it heard.
    Planned(Plan),
    /// The engine paints the batch.
    PaintBatch { ticket: u64 },
    /// Teachers compute.
    Teaching,
    /// Said what it has.
    Have,
    /// Said what all have.
    Counted,
    /// The engine learns.
    Learn { ticket: u64 },
    /// Said which commitments it holds.
    Held,
    /// Said its signature under this.
    Certify(Box<StateStatement>),
    /// The engine paints a piece.
    PaintPiece { ticket: u64, latent: Digest },
    /// Said its signature under this.
    Sign(Box<SignedPiece>),
}

/// A term that this member sits in.
pub(crate) struct Seat {
    pub(crate) term: Term,
    pub(crate) proposer: PeerKey,
    pub(crate) since: Millis,
    pub(crate) deadline: Millis,
    pub(crate) gathering: Option<Gathering>,
    origin: Origin,
    state: Option<State>,
    stage: Stage,
    steps: Steps,
    /// Teachers that counted and were dropped in what is being certified.
    learned: Option<(usize, usize)>,
    /// When this cycle's work began.
    worked_from: Millis,
    rounds_since_piece: u64,
    /// Whether there was nothing to do in the last cycle.
    idle: bool,
    /// A painter that stopped, with its suspects: this one's own engine is about to say the same.
    told: Option<(usize, [u8; 2])>,
    /// When the last piece was painted; none in this term, so one is due.
    last_piece: Option<Millis>,
}

impl Seat {
    /// Takes the seat: the engine sets up.
    pub(crate) fn begin(context: &mut Context<'_>, term: Term, proposer: PeerKey, origin: Origin) -> Self {
        let work = Work::Begin { term: term.clone(), origin: origin.clone() };
        let ticket = context.out.work(work);
        Self {
            term,
            proposer,
            since: context.now,
            deadline: context.now.saturating_add(limits::BEGIN),
            gathering: None,
            origin,
            state: None,
            stage: Stage::Begin { ticket },
            steps: Steps::default(),
            learned: None,
            worked_from: context.now,
            rounds_since_piece: 0,
            idle: false,
            told: None,
            last_piece: None,
        }
    }

    pub(crate) fn seat_of(&self, peer: &PeerKey) -> Option<usize> {
        self.term.seats.iter().position(|seat| seat == peer)
    }

    pub(crate) fn artist(&self) -> Option<Digest> {
        self.state.map(|state| state.artist)
    }

    /// The artist that the term began with, where it continues one.
    pub(crate) fn continued(&self) -> Option<Digest> {
        match &self.origin {
            Origin::Continue { artist, .. } => Some(*artist),
            Origin::Genesis => None,
        }
    }

    pub(crate) fn round(&self) -> u64 {
        self.state.map_or(0, |state| state.round)
    }

    pub(crate) fn cycle(&self) -> u32 {
        self.steps.cycle()
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.stage {
            Stage::Begin { .. } => Phase::SettingUp,
            Stage::Resting | Stage::Ready | Stage::Planned(_) => Phase::Ready,
            Stage::PaintBatch { .. } => Phase::Painting,
            Stage::Teaching => Phase::Teaching,
            Stage::Have | Stage::Counted => Phase::Agreeing,
            Stage::Learn { .. } => Phase::Learning,
            Stage::Held | Stage::Certify(_) => Phase::Certifying,
            Stage::PaintPiece { .. } => Phase::Piece,
            Stage::Sign(_) => Phase::Signing,
        }
    }

    /// Whether the term is between two cycles, where a painter may leave without loss.
    pub(crate) fn is_between(&self) -> bool {
        matches!(self.stage, Stage::Resting | Stage::Ready)
    }

    /// The painter whose leave the four are about to take.
    pub(crate) fn leaver(&self) -> Option<usize> {
        match &self.stage {
            Stage::Planned(Plan::Leave(seat)) => Some(*seat),
            _ => None,
        }
    }

    /// Seats that are waited for.
    pub(crate) fn missing(&self) -> Vec<usize> {
        let kind = match self.stage {
            Stage::Ready => Kind::Ready,
            Stage::Planned(_) => Kind::Planned,
            Stage::Have => Kind::Have,
            Stage::Counted => Kind::Counted,
            Stage::Held => Kind::Held,
            Stage::Certify(_) => Kind::Certify,
            Stage::Sign(_) => Kind::Sign,
            _ => return Vec::new(),
        };
        self.steps.missing(kind)
    }

    fn enter(&mut self, context: &Context<'_>, stage: Stage, time: Millis) {
        self.stage = stage;
        self.since = context.now;
        self.deadline = context.now.saturating_add(time);
    }

    /// Says a step to the others, and to itself.
    fn say(&mut self, context: &mut Context<'_>, step: Step) {
        let (term, cycle) = (self.term.id, self.steps.cycle());
        let message = Control::Step { term, cycle, step: step.clone() };
        let seats = self.term.seats.iter().enumerate();
        for (_, peer) in seats.filter(|(seat, _)| *seat != self.term.seat) {
            context.out.control(*peer, &message);
        }
        // Said once a cycle, so nothing is there yet.
        let _ = self.steps.say(self.term.seat, cycle, step);
    }

    /// A painter says a step. A drop is the sender's fault and changes nothing.
    pub(crate) fn hear(
        &mut self,
        context: &mut Context<'_>,
        seat: usize,
        cycle: u32,
        step: Step,
    ) -> Result<Result<(), EndCause>, Drop> {
        self.steps.say(seat, cycle, step)?;
        Ok(self.advance(context))
    }

    /// Takes in this seat's share of a teacher's update.
    pub(crate) fn update(
        &mut self,
        context: &mut Context<'_>,
        teacher: &PeerKey,
        cycle: u32,
        share: &[u8],
    ) -> Result<Result<(), EndCause>, Drop> {
        // Another painter's notice may be so much earlier than this one's that an answer comes while it still paints.
        let open = matches!(self.stage, Stage::PaintBatch { .. } | Stage::Teaching);
        let gathering = self.gathering.as_mut().filter(|_| open && cycle == self.steps.cycle());
        let gathering = gathering.ok_or(Drop::Stale)?;
        let place =
            gathering.teachers.iter().position(|offer| offer.peer == *teacher).ok_or(Drop::OutOfPlace)?;
        if share.len() != context.config.update_bytes[self.term.seat] {
            return Err(Drop::WrongShape);
        }
        if gathering.updates[place].is_some() {
            return Err(Drop::Replayed);
        }
        gathering.updates[place] = Some(Zeroizing::new(share.to_vec()));
        gathering.answered[place] = true;
        context.facts.push(Fact::Answered(*teacher));
        Ok(self.advance(context))
    }

    /// The engine answers; answers that are not awaited change nothing.
    pub(crate) fn answer(
        &mut self,
        context: &mut Context<'_>,
        ticket: u64,
        result: Result<Done, Failed>,
    ) -> Result<(), EndCause> {
        let awaited = match &self.stage {
            Stage::Begin { ticket }
            | Stage::PaintBatch { ticket }
            | Stage::Learn { ticket }
            | Stage::PaintPiece { ticket, .. } => *ticket,
            _ => return Ok(()),
        };
        if awaited != ticket {
            return Ok(());
        }
        let done = result.map_err(|failed| match failed.suspects {
            Some([a, b]) if a < 4 && b < 4 => EndCause::Suspected { seats: [a as u8, b as u8] },
            _ => EndCause::OwnFailure { reason: failed.reason },
        })?;
        if let Some((by, _)) = self.told {
            return Err(EndCause::Departed { seat: by as u8 });
        }
        let wrong = || EndCause::OwnFailure { reason: "the engine answered something else".into() };
        match (&self.stage, done) {
            (Stage::Begin { .. }, Done::Begun { commitments }) => {
                self.check_origin(&commitments)?;
                context.facts.push(Fact::Begun);
                self.hold(context, commitments);
            }
            (Stage::PaintBatch { .. }, Done::Batch { bytes }) => {
                if bytes.len() != context.config.batch_bytes {
                    return Err(wrong());
                }
                self.teach(context, &bytes);
            }
            (Stage::Learn { .. }, Done::Learned { dropped, commitments }) => {
                if let Some((_, of)) = &mut self.learned {
                    *of = dropped.len();
                }
                if let Some(state) = &mut self.state {
                    state.round += 1;
                }
                self.hold(context, commitments);
            }
            (Stage::PaintPiece { latent, .. }, Done::Piece { samples }) => {
                let latent = *latent;
                let side = context.config.side as usize;
                if samples.len() != side * side * context.config.channels as usize {
                    return Err(wrong());
                }
                self.sign(context, &latent, samples);
            }
            _ => return Err(wrong()),
        }
        self.advance(context)
    }

    fn check_origin(&self, held: &HeldCommitments) -> Result<(), EndCause> {
        let Origin::Continue { commitments, .. } = &self.origin else { return Ok(()) };
        let own = (0..4).all(|c| match held[c] {
            Some(digest) => digest == commitments[c],
            None => c == self.term.seat,
        });
        match own {
            true => Ok(()),
            false => {
                Err(EndCause::OwnFailure { reason: "the state is not the one that was certified".into() })
            }
        }
    }

    fn hold(&mut self, context: &mut Context<'_>, commitments: HeldCommitments) {
        self.enter(context, Stage::Held, limits::STEP_AFTER_WORK);
        self.say(context, Step::Held { commitments });
    }

    /// Tells the teachers of the batch, and sends it to those whose turn with this seat it is.
    fn teach(&mut self, context: &mut Context<'_>, batch: &[u8]) {
        let cycle = self.steps.cycle();
        let (Some(gathering), Some(state)) = (&mut self.gathering, self.state) else { return };
        let hash = *blake3::hash(batch).as_bytes();
        gathering.batch = Some(hash);
        let notice = Notice {
            term: self.term.id,
            cycle,
            seats: self.term.seats,
            artist: state.artist,
            round: state.round + 1,
            batch: hash,
        };
        let signature = context.signer.sign(&Statement::Notice(&notice));
        let bulk = Bulk { kind: BulkKind::Batch, term: self.term.prefix(), cycle, payload: batch };
        for (place, teacher) in gathering.teachers.iter().enumerate() {
            context.out.control(teacher.peer, &Control::Notice { notice, signature });
            if (cycle as usize).wrapping_add(place) % 4 == self.term.seat {
                context.out.bulk(teacher.peer, &bulk);
            }
        }
        self.enter(context, Stage::Teaching, limits::TEACHING);
    }

    fn sign(&mut self, context: &mut Context<'_>, latent: &Digest, samples: Vec<u8>) {
        let Some(State { artist, round, commitments }) = self.state else { return };
        let state = (&artist, round, &commitments);
        let record = announce::record(context.config, &self.term, state, latent, &samples);
        let signature = context.signer.sign(&Statement::Piece(&record));
        let piece = SignedPiece { record, samples, signatures: [Signature([0; 64]); 4] };
        self.enter(context, Stage::Sign(Box::new(piece)), limits::STEP_AFTER_WORK);
        self.say(context, Step::Sign(signature));
    }

    /// The deadline of the present stage is over.
    pub(crate) fn timeout(&mut self, context: &mut Context<'_>) -> Result<(), EndCause> {
        if context.now < self.deadline {
            return Ok(());
        }
        if let Some((_, seats)) = self.told {
            return Err(EndCause::Suspected { seats });
        }
        match &self.stage {
            Stage::Begin { .. }
            | Stage::PaintBatch { .. }
            | Stage::Learn { .. }
            | Stage::PaintPiece { .. } => {
                Err(EndCause::OwnFailure { reason: "the engine did not answer in time".into() })
            }
            Stage::Resting => {
                self.say_ready(context);
                self.advance(context)
            }
            Stage::Teaching => {
                self.say_have(context);
                self.advance(context)
            }
            Stage::Certify(_) => {
                // Enough signatures are a certificate, but who is silent here will be so at the next step.
                self.certify(context)?;
                Err(self.silent())
            }
            _ => Err(self.silent()),
        }
    }

    fn silent(&self) -> EndCause {
        let seat = self.missing().first().copied().unwrap_or(self.term.seat);
        EndCause::Silent { seat: seat as u8 }
    }

    fn say_ready(&mut self, context: &mut Context<'_>) {
        let waited = self.last_piece.is_none_or(|at| context.now >= at.saturating_add(limits::PIECE_EVERY));
        let piece_due = self.last_piece.is_none()
            || self.rounds_since_piece >= limits::PIECE_ROUNDS
            || self.idle && waited;
        let mut teachers = std::mem::take(&mut context.offers);
        teachers.truncate(limits::TEACHERS_NAMED);
        let ready = Ready { leaves: !context.settings.paint, piece_due, teachers };
        self.enter(context, Stage::Ready, limits::READY);
        self.say(context, Step::Ready(ready));
    }

    fn say_have(&mut self, context: &mut Context<'_>) {
        let Some(gathering) = &self.gathering else { return };
        let answered = gathering.answered.iter().enumerate();
        let updates = answered.fold(0, |bits, (i, answered)| bits | u32::from(*answered) << i);
        let batch = gathering.batch.unwrap_or_default();
        // Only what this machine computed earns it a rest; while teachers compute it waits.
        self.worked_from = self.worked_from.saturating_add(context.now.saturating_sub(self.since));
        self.enter(context, Stage::Have, limits::STEP_AFTER_WORK);
        self.say(context, Step::Have { batch, updates });
    }

    /// Goes as far as what was said allows.
    fn advance(&mut self, context: &mut Context<'_>) -> Result<(), EndCause> {
        while self.go(context)? {}
        Ok(())
    }

    /// Takes one step where all four have said what it needs; whether it did.
    fn go(&mut self, context: &mut Context<'_>) -> Result<bool, EndCause> {
        match &self.stage {
            Stage::Ready => {
                let Some(said) = self.steps.all(Kind::Ready) else { return Ok(false) };
                let [Step::Ready(a), Step::Ready(b), Step::Ready(c), Step::Ready(d)] = said else {
                    return Err(EndCause::Disagreement);
                };
                let plan = round::plan([a, b, c, d], &self.term.id, self.steps.cycle(), context.config);
                let readies = round::digest(said);
                self.enter(context, Stage::Planned(plan), limits::STEP);
                self.say(context, Step::Planned { readies });
            }
            Stage::Planned(plan) => {
                let Some(said) = self.steps.all(Kind::Planned) else { return Ok(false) };
                if said.iter().any(|step| *step != said[0]) {
                    return Err(EndCause::Disagreement);
                }
                let plan = plan.clone();
                self.carry_out(context, plan)?;
            }
            Stage::Teaching => {
                let all = |gathering: &Gathering| !gathering.answered.contains(&false);
                if !self.gathering.as_ref().is_some_and(all) {
                    return Ok(false);
                }
                self.say_have(context);
            }
            Stage::Have => {
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
                self.count(context, counted);
                self.enter(context, Stage::Counted, limits::STEP);
                self.say(context, Step::Counted { haves });
            }
            Stage::Counted => {
                let Some(said) = self.steps.all(Kind::Counted) else { return Ok(false) };
                if said.iter().any(|step| *step != said[0]) {
                    return Err(EndCause::Disagreement);
                }
                self.learn(context);
            }
            Stage::Held => {
                let Some(said) = self.steps.all(Kind::Held) else { return Ok(false) };
                let held = said.map(|step| match step {
                    Step::Held { commitments } => *commitments,
                    _ => [None; 4],
                });
                self.settle(context, held)?;
            }
            Stage::Certify(_) => {
                if self.steps.all(Kind::Certify).is_none() {
                    return Ok(false);
                }
                self.certify(context)?;
                self.rest(context, false);
            }
            Stage::Sign(_) => {
                if self.steps.all(Kind::Sign).is_none() {
                    return Ok(false);
                }
                self.publish(context)?;
                self.rest(context, false);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn carry_out(&mut self, context: &mut Context<'_>, plan: Plan) -> Result<(), EndCause> {
        self.worked_from = context.now;
        match plan {
            Plan::Leave(seat) if seat == self.term.seat => return Err(EndCause::Left),
            Plan::Leave(seat) => return Err(EndCause::Departed { seat: seat as u8 }),
            Plan::Learn(teachers) => {
                let Some(state) = self.state else { return Err(EndCause::Disagreement) };
                let (updates, answered) = (vec![None; teachers.len()], vec![false; teachers.len()]);
                self.gathering = Some(Gathering { teachers, answered, updates, counted: None, batch: None });
                let (artist, round) = (state.artist, state.round + 1);
                let ticket = context.out.work(Work::PaintBatch { artist, round });
                self.enter(context, Stage::PaintBatch { ticket }, limits::WORK);
            }
            Plan::Piece => {
                let latent = round::latent(&self.term.id, self.steps.cycle());
                let ticket = context.out.work(Work::PaintPiece { latent });
                self.enter(context, Stage::PaintPiece { ticket, latent }, limits::WORK);
            }
            Plan::Nothing => self.rest(context, true),
        }
        Ok(())
    }

    /// Settles which updates count.
    fn count(&mut self, context: &mut Context<'_>, counted: u32) {
        let Some(gathering) = &mut self.gathering else { return };
        gathering.counted = Some(counted);
        for (teacher, answered) in gathering.teachers.iter().zip(&gathering.answered) {
            if !answered {
                context.facts.push(Fact::Silent(teacher.peer));
            }
        }
    }

    /// Learns from the updates that count, where they are enough.
    fn learn(&mut self, context: &mut Context<'_>) {
        let (Some(gathering), Some(state)) = (&mut self.gathering, self.state) else { return };
        let counted = gathering.counted.unwrap_or_default();
        let counts = |place: usize| counted & (1 << place) != 0;
        let teachers = gathering.teachers.iter().enumerate().filter(|(place, _)| counts(*place));
        if !round::is_crowd(teachers.map(|(_, teacher)| teacher), context.config) {
            self.rest(context, true);
            return;
        }
        let updates = gathering.updates.iter_mut().enumerate().filter(|(place, _)| counts(*place));
        let updates = updates.filter_map(|(_, update)| update.take()).collect::<Vec<_>>();
        self.learned = Some((updates.len(), 0));
        let ticket = context.out.work(Work::Learn { round: state.round + 1, updates });
        self.enter(context, Stage::Learn { ticket }, limits::WORK);
    }

    /// Settles the commitments to the state and signs it.
    fn settle(&mut self, context: &mut Context<'_>, held: [HeldCommitments; 4]) -> Result<(), EndCause> {
        let [a, b, c, d] = &held;
        let (commitments, liar) = certificate::agree([a, b, c, d]).map_err(|_| EndCause::Disagreement)?;
        if liar == Some(self.term.seat) {
            return Err(EndCause::Disagreement);
        }
        if let Some(liar) = liar {
            context
                .facts
                .push(Fact::Liar(self.term.seats[liar], "its commitments are not those of two others"));
        }
        let (artist, round) = match (&self.state, &self.origin) {
            (Some(state), _) => (state.artist, state.round),
            (None, Origin::Genesis) => (certificate::artist(&commitments), 0),
            (None, Origin::Continue { artist, round, commitments: certified, .. }) => {
                if *certified != commitments {
                    return Err(EndCause::Disagreement);
                }
                (*artist, *round)
            }
        };
        self.state = Some(State { artist, round, commitments });
        let (term, seats) = (self.term.id, self.term.seats);
        let statement = StateStatement { artist, round, commitments, term, seats };
        let signature = context.signer.sign(&Statement::State(&statement));
        self.enter(context, Stage::Certify(Box::new(statement)), limits::STEP);
        self.say(context, Step::Certify(signature));
        Ok(())
    }

    /// Makes the certificate of what was said.
    fn certify(&mut self, context: &mut Context<'_>) -> Result<(), EndCause> {
        let Stage::Certify(statement) = &self.stage else { return Ok(()) };
        let statement = **statement;
        let mut signatures = [None; 4];
        for (seat, place) in signatures.iter_mut().enumerate() {
            let Some(Step::Certify(signature)) = self.steps.get(Kind::Certify, seat) else { continue };
            if verify(&statement.seats[seat], &Statement::State(&statement), signature) {
                *place = Some(*signature);
            } else {
                context.facts.push(Fact::Liar(statement.seats[seat], "its signature is not under the state"));
            }
        }
        if signatures.iter().flatten().count() < limits::CERTIFICATE_QUORUM {
            return Err(EndCause::Disagreement);
        }
        if self.learned.is_some() {
            self.rounds_since_piece += 1;
        }
        let certificate = Certificate { statement, signatures };
        context.facts.push(Fact::Certified { certificate, learned: self.learned.take() });
        Ok(())
    }

    /// All four signed the piece: the one whose turn it is publishes it.
    fn publish(&mut self, context: &mut Context<'_>) -> Result<(), EndCause> {
        let Stage::Sign(piece) = &mut self.stage else { return Ok(()) };
        for seat in 0..4 {
            let painter = self.term.seats[seat];
            match self.steps.get(Kind::Sign, seat) {
                Some(Step::Sign(signature))
                    if verify(&painter, &Statement::Piece(&piece.record), signature) =>
                {
                    piece.signatures[seat] = *signature;
                }
                _ => {
                    context.facts.push(Fact::Liar(painter, "its signature is not under the piece"));
                    return Err(EndCause::Suspected { seats: [seat as u8; 2] });
                }
            }
        }
        let piece = piece.clone();
        let publish = self.steps.cycle() as usize % 4 == self.term.seat;
        context.facts.push(Fact::Piece { piece, publish });
        self.last_piece = Some(context.now);
        self.rounds_since_piece = 0;
        Ok(())
    }

    /// Ends the cycle and rests before the next.
    fn rest(&mut self, context: &mut Context<'_>, idle: bool) {
        let worked = context.now.saturating_sub(self.worked_from);
        let rest = context.settings.rest(worked);
        let rest = if idle { rest.max(limits::NOTHING_TO_DO) } else { rest };
        // Updates are no use after their round; the teachers stay in view until the next.
        if let Some(gathering) = &mut self.gathering {
            gathering.updates.iter_mut().for_each(|update| *update = None);
        }
        self.idle = idle;
        self.steps.next_cycle();
        self.enter(context, Stage::Resting, rest);
    }

    /// Another painter stopped with these suspects. Where this one's engine is at work it will find the same, and
    /// better believes that; else the term is over.
    pub(crate) fn suspects(&mut self, now: Millis, by: usize, seats: [u8; 2]) -> Result<(), EndCause> {
        match self.stage {
            Stage::Begin { .. }
            | Stage::PaintBatch { .. }
            | Stage::Learn { .. }
            | Stage::PaintPiece { .. } => {
                self.told = Some((by, seats));
                self.deadline = self.deadline.min(now.saturating_add(limits::STEP));
                Ok(())
            }
            _ => Err(EndCause::Departed { seat: by as u8 }),
        }
    }

    /// The visitor chose to leave: no use in resting before saying so.
    pub(crate) fn hurry(&mut self, now: Millis) {
        if matches!(self.stage, Stage::Resting) {
            self.deadline = now;
        }
    }
}
