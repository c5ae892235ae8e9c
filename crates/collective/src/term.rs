//! A painter's term: set-up, then cycles of learning and painting, each step with a deadline.
//!
//! A cycle: `Ready` from all four says who leaves, whether a piece is due, and which teachers are present; `Planned`
//! that all heard the same. To learn, they paint the batch, teachers answer, `Have` and `Counted` settle which
//! updates count, they learn, `Held` settles the commitments to the new state, `Certify` that all heard the same of
//! it, and signs it. To paint a piece, they paint it and `Sign` it.
//!
//! Here is the order of the steps, and what ends a term; what a step does is in the modules below.

mod certifying;
mod learning;
mod piece;
pub(crate) mod round;
mod seating;
mod standing;
mod steps;

use abraham_messages::{
    ArtistName, Commitment, Latent, PeerKey, SignedPiece, StepsHash,
    collective::{Certificate, Control, Ready, StateStatement, Step, TeacherOffer},
};

use crate::{Done, EndCause, Failed, Millis, Origin, Rejection, Term, Work, context::Context, limits};
use learning::Gathering;
use round::Plan;
pub(crate) use seating::Seating;
use steps::{Kind, Steps};

/// What a term found out that its member must know.
#[expect(clippy::large_enum_variant, reason = "one at a time is made, handled and dropped")]
pub(crate) enum Fact {
    /// The engine has taken the seat.
    Begun,
    /// The four agree on what was drawn, so the new artist has a name.
    Named(ArtistName),
    /// A state was certified; after set-up `learned` is `None`, else how many teachers counted and were dropped.
    Certified { certificate: Certificate, learned: Option<(usize, usize)> },
    /// A piece was painted and signed by all four; whether this member publishes it.
    Piece { piece: Box<SignedPiece>, publish: bool },
    /// A teacher's update came in time.
    Answered(PeerKey),
    /// A teacher's did not.
    Silent(PeerKey),
    /// A painter was not ready in time where seats were filled: it, or whoever fills its seat, is slow.
    Late(PeerKey),
    /// A painter did what no honest one does.
    Liar(PeerKey, &'static str),
}

/// A state of the artist.
#[derive(Clone, Copy)]
struct State {
    artist: ArtistName,
    round: u64,
    generation: u64,
    commitments: [Commitment; 4],
}

enum Stage {
    /// The engine sets up.
    Begin { ticket: u64 },
    /// Not ready before the deadline.
    Pausing,
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
    /// Said its signature under this, and the hash over what the four hold.
    Certify { statement: Box<StateStatement>, helds: StepsHash },
    /// The engine paints a piece.
    PaintPiece { ticket: u64, latent: Latent },
    /// Said its signature under this.
    Sign(Box<SignedPiece>),
}

/// A term that this member sits in.
pub(crate) struct Sitting {
    term: Term,
    proposer: PeerKey,
    since: Millis,
    deadline: Millis,
    gathering: Option<Gathering>,
    /// What the member does not know yet.
    facts: Vec<Fact>,
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
    /// A painter that gave this term up because it waited in vain for another, which this one does too, and is about
    /// to give up.
    accused: Option<(usize, usize)>,
    /// When the last piece was painted; none in this term, so one is due.
    last_piece: Option<Millis>,
}

impl Sitting {
    /// Takes the seat: the engine sets up.
    pub(crate) fn begin(context: &mut Context<'_>, term: Term, proposer: PeerKey, origin: Origin) -> Self {
        let work = Work::Begin { term: term.clone(), origin: origin.clone() };
        let ticket = context.out.work(work);
        Self {
            term,
            proposer,
            since: context.now,
            deadline: context.now.saturating_add(limits::BEGIN_TIMEOUT),
            gathering: None,
            facts: Vec::new(),
            origin,
            state: None,
            stage: Stage::Begin { ticket },
            steps: Steps::default(),
            learned: None,
            worked_from: context.now,
            rounds_since_piece: 0,
            idle: false,
            told: None,
            accused: None,
            last_piece: None,
        }
    }

    /// What it found out since it was asked last.
    pub(crate) fn take_facts(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.facts)
    }

    fn enter(&mut self, context: &Context<'_>, stage: Stage, time: Millis) {
        self.stage = stage;
        self.since = context.now;
        self.deadline = context.now.saturating_add(time);
    }

    /// Says a step to the others, and to itself.
    fn send_step(&mut self, context: &mut Context<'_>, step: Step) {
        let (term, cycle) = (self.term.id, self.steps.cycle());
        let message = Control::Step { term, cycle, step: step.clone() };
        let seats = self.term.seats.iter().enumerate();
        for (_, peer) in seats.filter(|(seat, _)| *seat != self.term.seat) {
            context.out.control(*peer, &message);
        }
        // Said once a cycle, so nothing is there yet.
        let _ = self.steps.handle_step(self.term.seat, cycle, step);
    }

    /// A painter says a step. A rejection is the sender's fault and changes nothing.
    pub(crate) fn handle_step(
        &mut self,
        context: &mut Context<'_>,
        seat: usize,
        cycle: u32,
        step: Step,
    ) -> Result<Result<(), EndCause>, Rejection> {
        self.steps.handle_step(seat, cycle, step)?;
        if let Some((by, accused)) = self.accused
            && !self.missing().contains(&accused)
        {
            return Ok(Err(EndCause::Departed { seat: by as u8 }));
        }
        Ok(self.advance(context))
    }

    /// The engine answers the work that is awaited.
    pub(crate) fn handle_answer(
        &mut self,
        context: &mut Context<'_>,
        result: Result<Done, Failed>,
    ) -> Result<(), EndCause> {
        let done = result.map_err(|failed| match (failed.suspects, failed.late) {
            (Some([a, b]), _) if a == b && a < 4 => EndCause::Silent { seat: a as u8 },
            (Some([a, b]), _) if a < 4 && b < 4 => EndCause::Suspected { seats: [a as u8, b as u8] },
            (None, Some(late)) if late < 4 => {
                self.facts.push(Fact::Late(self.term.seats[late]));
                EndCause::Departed { seat: late as u8 }
            }
            _ => EndCause::OwnFailure { reason: failed.reason },
        })?;
        if let Some((by, _)) = self.told {
            return Err(EndCause::Departed { seat: by as u8 });
        }
        let wrong = || EndCause::OwnFailure { reason: "the engine answered something else".into() };
        match (&self.stage, done) {
            (Stage::Begin { .. }, Done::Begun { commitments, liars }) => {
                self.check_origin(&commitments)?;
                for liar in liars.into_iter().filter_map(|seat| self.term.seats.get(seat)) {
                    self.facts.push(Fact::Liar(*liar, "its component is not the one that was certified"));
                }
                self.facts.push(Fact::Begun);
                self.hold(context, commitments);
            }
            (Stage::PaintBatch { .. }, Done::Batch { bytes }) => {
                if bytes.len() != context.own.config.batch_bytes {
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
            (Stage::PaintPiece { latent, .. }, Done::Piece { content }) => {
                let latent = *latent;
                if content.len() != context.own.config.content_bytes {
                    return Err(wrong());
                }
                self.sign(context, latent, content);
            }
            _ => return Err(wrong()),
        }
        self.advance(context)
    }

    /// The deadline of the present stage is over. `teachers` are those that this painter would name.
    pub(crate) fn handle_timeout(
        &mut self,
        context: &mut Context<'_>,
        teachers: Vec<TeacherOffer>,
    ) -> Result<(), EndCause> {
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
            Stage::Pausing => {
                self.send_ready(context, teachers);
                self.advance(context)
            }
            Stage::Teaching => {
                self.send_have(context);
                self.advance(context)
            }
            Stage::Certify { .. } => {
                // Enough signatures are a certificate, but who is silent here will be so at the next step.
                self.certify()?;
                Err(self.silent())
            }
            _ => Err(self.silent()),
        }
    }

    fn silent(&self) -> EndCause {
        let seat = self.missing().first().copied().unwrap_or(self.term.seat);
        EndCause::Silent { seat: seat as u8 }
    }

    fn send_ready(&mut self, context: &mut Context<'_>, teachers: Vec<TeacherOffer>) {
        let waited =
            self.last_piece.is_none_or(|at| context.now >= at.saturating_add(limits::PIECE_INTERVAL));
        let piece_due = self.last_piece.is_none()
            || self.rounds_since_piece >= limits::PIECE_INTERVAL_ROUNDS
            || self.idle && waited;
        let ready = Ready { leaves: !context.own.settings.paint, piece_due, teachers };
        self.enter(context, Stage::Ready, limits::READY_TIMEOUT);
        self.send_step(context, Step::Ready(ready));
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
                let plan = round::plan([a, b, c, d], &self.term.id, self.steps.cycle(), &context.own.config);
                let readies = round::digest(said);
                self.enter(context, Stage::Planned(plan), limits::STEP_TIMEOUT);
                self.send_step(context, Step::Planned { readies });
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
                if !self.gathering.as_ref().is_some_and(Gathering::is_complete) {
                    return Ok(false);
                }
                self.send_have(context);
            }
            Stage::Have => return self.compare(context),
            Stage::Counted => {
                let Some(said) = self.steps.all(Kind::Counted) else { return Ok(false) };
                if said.iter().any(|step| *step != said[0]) {
                    return Err(EndCause::Disagreement);
                }
                self.learn(context);
            }
            Stage::Held => {
                return self.settle(context);
            }
            Stage::Certify { .. } => {
                if self.steps.all(Kind::Certify).is_none() {
                    return Ok(false);
                }
                self.certify()?;
                self.pause(context, false);
            }
            Stage::Sign(_) => {
                if self.steps.all(Kind::Sign).is_none() {
                    return Ok(false);
                }
                self.publish(context)?;
                self.pause(context, false);
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
                self.gathering = Some(Gathering::of(teachers));
                let (artist, round) = (state.artist, state.round + 1);
                let ticket = context.out.work(Work::PaintBatch { artist, round });
                self.enter(context, Stage::PaintBatch { ticket }, limits::WORK_TIMEOUT);
            }
            Plan::Piece => {
                let latent = round::latent(&self.term.id, self.steps.cycle());
                let ticket = context.out.work(Work::PaintPiece { latent });
                self.enter(context, Stage::PaintPiece { ticket, latent }, limits::WORK_TIMEOUT);
            }
            Plan::Nothing => self.pause(context, true),
        }
        Ok(())
    }

    /// Ends the cycle and rests before the next.
    fn pause(&mut self, context: &mut Context<'_>, idle: bool) {
        let worked = context.now.saturating_sub(self.worked_from);
        let pause = context.own.settings.pause(worked);
        let pause = if idle { pause.max(limits::IDLE_PAUSE) } else { pause };
        if let Some(gathering) = &mut self.gathering {
            gathering.close();
        }
        self.idle = idle;
        self.steps.next_cycle();
        self.enter(context, Stage::Pausing, pause);
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
                self.deadline = self.deadline.min(now.saturating_add(limits::STEP_TIMEOUT));
                Ok(())
            }
            _ => Err(EndCause::Departed { seat: by as u8 }),
        }
    }

    /// Another painter waited in vain for a third. Whether this one does, too, and would say so in a moment: then it
    /// ends the term for that reason. The other has left the term either way.
    pub(crate) fn agrees_soon(&mut self, now: Millis, by: usize, accused: usize) -> bool {
        let waits = self.missing().contains(&accused);
        let soon = self.deadline <= now.saturating_add(limits::SILENCE_MARGIN);
        if waits && soon {
            self.accused = Some((by, accused));
        }
        waits && soon
    }

    /// The visitor chose to leave: no use in resting before saying so.
    pub(crate) fn hurry(&mut self, now: Millis) {
        if matches!(self.stage, Stage::Pausing) {
            self.deadline = now;
        }
    }
}
