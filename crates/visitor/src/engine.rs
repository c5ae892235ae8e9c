//! The engine: carries out the collective's work, one piece of painters' work and one of a teacher at a time, beside
//! the visitor's own loop.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};

use abraham_collective::{Done, Failed, Millis, Origin, Term, Work};
use abraham_learning::{
    Curation, KernelSums, MIN_TEACHERS, Pictures,
    seat::{Recipe, State},
};
use abraham_messages::{ArtistName, TermId};
use abraham_ring::Backend;
use futures::future::{Either, select};

use crate::{
    Network, SeedSource, Timer,
    channel::{LaneChannel, Worked},
    limits::{AGREEMENT_TIMEOUT, ANSWER_MARGIN},
    painting::{self, NetworkSeat, Step},
    switch::Switch,
    teaching,
};

pub(crate) type Answer = (u64, Result<Done, Failed>);

/// A piece of work that runs.
struct Running<T> {
    ticket: u64,
    future: Pin<Box<dyn Future<Output = T>>>,
}

/// What comes of painters' work: the seat, where it can go on, and the answer.
type Painted<N, T, B> = (Option<NetworkSeat<N, T, B>>, Result<Done, Failed>);

pub(crate) struct Engine<N, T, B, K, S> {
    recipe: Rc<Recipe>,
    switch: Rc<RefCell<Switch<N>>>,
    timer: Rc<T>,
    backend: Rc<B>,
    kernel: Rc<K>,
    seeds: S,
    pictures: Option<Rc<Pictures>>,
    curation: Rc<Curation>,
    worked: Rc<Worked>,
    /// The term that this member sits in.
    term: Option<TermId>,
    /// The seat while nothing is painted.
    seat: Option<NetworkSeat<N, T, B>>,
    /// Shares of what the term works on, newest first; at most two.
    states: Vec<Arc<State>>,
    /// The artist that the term works on, once one of its states was certified in it.
    named: Option<ArtistName>,
    /// Shares of every artist that is kept, newest first; at most two of each.
    kept: BTreeMap<ArtistName, Vec<Arc<State>>>,
    painting: Option<Running<Painted<N, T, B>>>,
    teaching: Option<Running<Result<Done, Failed>>>,
    /// Answers that need no work.
    ready: VecDeque<Answer>,
}

impl<N, T, B, K, S> Engine<N, T, B, K, S>
where
    N: Network + 'static,
    T: Timer + 'static,
    B: Backend + 'static,
    K: KernelSums + 'static,
    S: SeedSource,
{
    pub(crate) fn new(
        recipe: Recipe,
        switch: Rc<RefCell<Switch<N>>>,
        timer: Rc<T>,
        backend: B,
        kernel: K,
        seeds: S,
    ) -> Self {
        Self {
            recipe: Rc::new(recipe),
            switch,
            timer,
            backend: Rc::new(backend),
            kernel: Rc::new(kernel),
            seeds,
            pictures: None,
            curation: Rc::new(Curation::default()),
            worked: Rc::default(),
            term: None,
            seat: None,
            states: Vec::new(),
            named: None,
            kept: BTreeMap::new(),
            painting: None,
            teaching: None,
            ready: VecDeque::new(),
        }
    }

    /// The pictures that later batches are taught with.
    pub(crate) fn set_pictures(&mut self, pictures: Option<Rc<Pictures>>) {
        self.pictures = pictures;
    }

    /// Begins a piece of work; [`Engine::poll_answer`] has what comes of it.
    pub(crate) fn start(&mut self, ticket: u64, work: Work) {
        match work {
            Work::Expect { term } => self.switch.borrow_mut().expect(&term),
            Work::Begin { term, origin } => self.begin(ticket, term, origin),
            Work::PaintBatch { artist, round } => {
                let term = self.term.unwrap_or_default();
                self.paint(ticket, Step::Batch { artist, term, round });
            }
            Work::Learn { round, updates } => {
                let curation = self.curation.clone();
                self.paint(ticket, Step::Learn { round, updates, least: MIN_TEACHERS, curation });
            }
            Work::PaintPiece { latent } => self.paint(ticket, Step::Piece { latent }),
            Work::Teach { batch } => self.teach(ticket, &batch),
            Work::End { term } => {
                if self.term == Some(term) {
                    self.leave();
                }
            }
            Work::Keep { artists } => self.keep_artists(&artists),
            Work::Forget => self.forget(),
            // Not printed: a work may hold shares.
            _ => self.refuse(ticket, "this version does not know the work".into()),
        }
    }

    /// Ends all work and forgets every share and key.
    pub(crate) fn forget(&mut self) {
        self.leave();
        self.kept.clear();
        self.teaching = None;
        self.ready.clear();
    }

    /// Carries work on; the next answer, once there is one.
    pub(crate) fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<Answer> {
        if let Some(answer) = self.ready.pop_front() {
            return Poll::Ready(answer);
        }
        if let Some(running) = &mut self.painting
            && let Poll::Ready((seat, result)) = running.future.as_mut().poll(context)
        {
            let ticket = running.ticket;
            self.painting = None;
            self.keep(seat);
            return Poll::Ready((ticket, result));
        }
        if let Some(running) = &mut self.teaching
            && let Poll::Ready(result) = running.future.as_mut().poll(context)
        {
            let ticket = running.ticket;
            self.teaching = None;
            return Poll::Ready((ticket, result));
        }
        Poll::Pending
    }

    fn refuse(&mut self, ticket: u64, reason: String) {
        self.ready.push_back((ticket, Err(Failed { suspects: None, late: None, reason })));
    }

    /// Drops the term's keys and links, and what is being painted; shares of artists that are kept stay.
    fn leave(&mut self) {
        self.painting = None;
        self.seat = None;
        self.term = None;
        self.named = None;
        self.states.clear();
        self.switch.borrow_mut().close();
    }

    /// Takes note of the shares after a step: its state and the one before it, of one artist.
    fn keep(&mut self, seat: Option<NetworkSeat<N, T, B>>) {
        let Some(seat) = seat else { return };
        if let Ok(state) = seat.state() {
            let before = match seat.previous() {
                Some(previous) => Some(previous.clone()),
                // The seat went on with a state that was held before; only what was learnt before that one stays.
                None => self.older_than(state),
            };
            self.states = [Some(state.clone()), before].into_iter().flatten().collect();
            self.file();
        }
        self.seat = Some(seat);
    }

    /// Puts what the term works on beside what is kept, where it has a name.
    fn file(&mut self) {
        if let Some(artist) = self.named.filter(|_| !self.states.is_empty()) {
            self.kept.insert(artist, self.states.clone());
        }
    }

    /// Forgets artists that are not among these. In a term the first of them is the one that it works on.
    fn keep_artists(&mut self, artists: &[ArtistName]) {
        self.kept.retain(|artist, _| artists.contains(artist));
        if self.term.is_some() {
            self.named = artists.first().copied();
            self.file();
        }
    }

    /// The state held beside this one, where this one is the newer of the two.
    fn older_than(&self, state: &Arc<State>) -> Option<Arc<State>> {
        self.kept.values().find_map(|states| match states.as_slice() {
            [newest, older] if Arc::ptr_eq(newest, state) => Some(older.clone()),
            _ => None,
        })
    }

    fn begin(&mut self, ticket: u64, term: Term, origin: Origin) {
        self.leave();
        self.term = Some(term.id);
        let worked = self.worked.clone();
        let channel = LaneChannel::open(self.switch.clone(), self.timer.clone(), &term, worked.clone());
        let entropy = self.seeds.seed();
        let backend = self.backend.clone();
        let recipe = self.recipe.clone();
        let held: Vec<Arc<State>> = self.kept.values().flatten().cloned().collect();
        let timer = self.timer.clone();
        let future = Box::pin(async move {
            let begin = painting::begin(channel, backend, &entropy, &term, &origin, &held, &recipe);
            match in_time(&*timer, &worked, abraham_collective::limits::BEGIN_TIMEOUT, None, begin).await {
                Ok((seat, begun)) => (Some(seat), Ok(begun)),
                Err(failed) => (None, Err(failed)),
            }
        });
        self.painting = Some(Running { ticket, future });
    }

    fn paint(&mut self, ticket: u64, step: Step) {
        let Some(mut seat) = self.seat.take() else {
            return self.refuse(ticket, "there is no seat, or it is at work".into());
        };
        let (recipe, timer, worked) = (self.recipe.clone(), self.timer.clone(), self.worked.clone());
        let future = Box::pin(async move {
            let step = painting::take(&mut seat, step, &recipe);
            match in_time(
                &*timer,
                &worked,
                abraham_collective::limits::WORK_TIMEOUT,
                Some(AGREEMENT_TIMEOUT),
                step,
            )
            .await
            {
                Ok(done) => (Some(seat), Ok(done)),
                // After a failure of the protocol the seat's painter cannot go on.
                Err(failed) => (None, Err(failed)),
            }
        });
        self.painting = Some(Running { ticket, future });
    }

    fn teach(&mut self, ticket: u64, batch: &[u8]) {
        if let Some(older) = self.teaching.take() {
            self.refuse(older.ticket, "a newer batch came".into());
        }
        let Some(pictures) = self.pictures.clone() else {
            return self.refuse(ticket, "there are no pictures to teach with".into());
        };
        let Some(batch) = painting::read_batch(batch, &self.recipe) else {
            return self.refuse(ticket, "the batch has another length".into());
        };
        let seeds = [self.seeds.seed(), self.seeds.seed(), self.seeds.seed()];
        let (recipe, kernel, backend) = (self.recipe.clone(), self.kernel.clone(), self.backend.clone());
        let future = Box::pin(async move {
            let seeds = seeds.each_ref().map(|seed| **seed);
            let update = teaching::teach(&batch, &pictures, &*kernel, &*backend, &recipe, seeds).await;
            let shares =
                update.map_err(|error| Failed { suspects: None, late: None, reason: error.to_string() })?;
            Ok(Done::Update { shares })
        });
        self.teaching = Some(Running { ticket, future });
    }
}

/// Does painters' work, for which the collective gives so much time, the last part of it to agree on who took the rest.
///
/// A painter that is slow in every frame, within every deadline, makes the others wait for one another, so what one waited
/// for a seat is no evidence against it. The painters stop while there is time to agree, and name whom most was lost with.
/// Who keeps them waiting then, too, is the only one that does. While seats are filled, each is waited for as it sends.
async fn in_time<T>(
    timer: &impl Timer,
    worked: &Worked,
    limit: Millis,
    to_agree: Option<Millis>,
    work: impl Future<Output = Result<T, Failed>>,
) -> Result<T, Failed> {
    let now = timer.now();
    let until = now.saturating_add(limit.saturating_sub(ANSWER_MARGIN));
    match to_agree.map(|to_agree| until.saturating_sub(to_agree)) {
        Some(over) => worked.begin(over, over),
        None => worked.begin(Millis::MAX, now),
    }
    let done = match select(pin!(work), pin!(timer.sleep_until(until))).await {
        Either::Left((result, _)) => Some(result),
        Either::Right(_) => None,
    };
    done.unwrap_or_else(|| {
        let slow = worked.slow(timer.now());
        let reason = match slow {
            Some(seat) => format!("painter {seat} was waited for in most of the time that there was"),
            None => "this machine did not finish in time".into(),
        };
        Err(Failed { late: None, suspects: slow.map(|seat| [seat; 2]), reason })
    })
}
