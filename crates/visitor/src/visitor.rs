//! The visitor's loop: hands what happens to the collective, and what that decides to the node, the engine and the
//! page.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    task::Poll,
};

use abraham_collective::{Collective, Config, Done, Failed, Input, Millis, Output, Settings, Work};
use abraham_learning::{
    KernelSums, MIN_PICTURES, MIN_TEACHERS, Pictures,
    seat::{Recipe, samples},
};
use abraham_messages::{
    PeerKey,
    node::{self, Lane},
};
use abraham_mpc::{PainterId, UpdateShare};
use abraham_ring::Backend;
use futures::{Stream, StreamExt};
use zeroize::Zeroizing;

use crate::{
    Error, Event, Handle, LinkTraffic, Network, Offer, SeedSource, Timer,
    engine::Engine,
    handle::Requests,
    limits::SNAPSHOT_INTERVAL,
    painting::{SAMPLE_BYTES, read_batch},
    switch::Switch,
};

/// What a visitor works with.
pub struct Tools<N, T, B, K, S> {
    /// The way to the network node.
    pub network: N,
    /// The clock.
    pub timer: T,
    /// Where painters and teachers compute in the ring.
    pub backend: B,
    /// Where a teacher computes its kernel sums.
    pub kernel: K,
    /// Where keys and seeds come from.
    pub seeds: S,
}

/// What the loop wakes for.
enum Wake {
    Node(Option<node::Event>),
    Asked(Requests),
    Answered(u64, Result<Done, Failed>),
    Time,
}

type Sleep = (Millis, Pin<Box<dyn Future<Output = ()>>>);

/// A member of the collective that paints and teaches.
pub struct Visitor<N, T, B, K, S> {
    collective: Collective,
    engine: Engine<N, T, B, K, S>,
    switch: Rc<RefCell<Switch<N>>>,
    timer: Rc<T>,
    recipe: Recipe,
    handle: Handle,
    offer: Offer,
    pictures: u32,
    links: BTreeMap<PeerKey, LinkTraffic>,
    events: VecDeque<Event>,
    /// When the page is to be given the next snapshot, where something changed.
    next_view: Option<Millis>,
    last_view: Millis,
    last_batch: Option<blake3::Hash>,
}

impl<N, T, B, K, S> Visitor<N, T, B, K, S>
where
    N: Network + 'static,
    T: Timer + 'static,
    B: Backend + 'static,
    K: KernelSums + 'static,
    S: SeedSource,
{
    /// Makes a visitor and its handle. `secret` is the node's secp256k1 secret, fresh for each visitor.
    ///
    /// # Errors
    /// [`Error::Collective`] where the secret is no key; [`Error::TooLarge`] where batch or update do not fit into a
    /// message.
    pub fn new(
        recipe: Recipe,
        secret: &Zeroizing<[u8; 32]>,
        offer: Offer,
        mut tools: Tools<N, T, B, K, S>,
    ) -> Result<(Self, Handle), Error> {
        let config = config(&recipe)?;
        let settings = settings(&offer, 0);
        let seed = tools.seeds.seed();
        let now = tools.timer.now();
        let collective = Collective::new(config, settings, secret, *seed, now)?;
        let switch = Rc::new(RefCell::new(Switch::new(tools.network)));
        let timer = Rc::new(tools.timer);
        let engine = Engine::new(
            recipe.clone(),
            switch.clone(),
            timer.clone(),
            tools.backend,
            tools.kernel,
            tools.seeds,
        );
        let handle = Handle::default();
        let visitor = Self {
            collective,
            engine,
            switch,
            timer,
            recipe,
            handle: handle.clone(),
            offer,
            pictures: 0,
            links: BTreeMap::new(),
            events: VecDeque::new(),
            next_view: Some(now),
            last_view: now,
            last_batch: None,
        };
        Ok((visitor, handle))
    }

    /// This member.
    pub fn me(&self) -> PeerKey {
        self.collective.me()
    }

    /// Takes part until it is stopped, or the node ends. `on_event` must not wait.
    ///
    /// Dropping the future stops at once, without a goodbye: links then fall when the node is stopped.
    pub async fn run(
        mut self,
        mut node: impl Stream<Item = node::Event> + Unpin,
        mut on_event: impl FnMut(Event),
    ) {
        let mut sleep: Option<Sleep> = None;
        loop {
            let stopped = self.carry_out();
            self.announce_snapshot(stopped);
            self.events.drain(..).for_each(&mut on_event);
            if stopped {
                on_event(Event::Stopped);
                return;
            }
            match self.wait(&mut node, &mut sleep).await {
                Wake::Node(Some(event)) => self.handle_event(event),
                Wake::Node(None) => self.handle(Input::Stop),
                Wake::Asked(requests) => self.asked(requests),
                Wake::Answered(ticket, result) => self.answered(ticket, result),
                Wake::Time => {
                    let now = self.timer.now();
                    self.switch.borrow_mut().expire(now);
                    if self.collective.next_deadline().is_some_and(|deadline| deadline <= now) {
                        self.collective.handle_timeout(now);
                        self.changed();
                    }
                }
            }
        }
    }

    /// Waits for the next thing to do. What others say goes before the own work, which is the longer of the two.
    async fn wait(
        &mut self,
        node: &mut (impl Stream<Item = node::Event> + Unpin),
        sleep: &mut Option<Sleep>,
    ) -> Wake {
        let early = self.switch.borrow().next_deadline();
        let deadlines = [self.collective.next_deadline(), early, self.next_view];
        let deadline = deadlines.into_iter().flatten().min();
        if sleep.as_ref().map(|(at, _)| *at) != deadline {
            *sleep = deadline.map(|at| {
                let timer = self.timer.clone();
                let sleep: Pin<Box<dyn Future<Output = ()>>> =
                    Box::pin(async move { timer.sleep_until(at).await });
                (at, sleep)
            });
        }
        poll_fn(|context| {
            if let Some(requests) = self.handle.take(context.waker()) {
                return Poll::Ready(Wake::Asked(requests));
            }
            if let Poll::Ready(event) = node.poll_next_unpin(context) {
                return Poll::Ready(Wake::Node(event));
            }
            if let Poll::Ready((ticket, result)) = self.engine.poll_answer(context) {
                return Poll::Ready(Wake::Answered(ticket, result));
            }
            if let Some((_, waiting)) = sleep
                && waiting.as_mut().poll(context).is_ready()
            {
                *sleep = None;
                return Poll::Ready(Wake::Time);
            }
            Poll::Pending
        })
        .await
    }

    fn handle(&mut self, input: Input) {
        self.collective.handle(self.timer.now(), input);
        self.changed();
    }

    /// Notes that the page's picture of things is no longer the newest.
    fn changed(&mut self) {
        self.next_view.get_or_insert(self.last_view.saturating_add(SNAPSHOT_INTERVAL));
    }

    fn handle_event(&mut self, event: node::Event) {
        match event {
            node::Event::Message { peer, lane: Lane::Frames, message } => {
                let now = self.timer.now();
                self.switch.borrow_mut().deliver(peer, message, now);
                return;
            }
            node::Event::Sent { peer, lane: Lane::Frames, bytes } => {
                self.switch.borrow_mut().sent(peer, bytes);
                return;
            }
            node::Event::LinkDown { peer, .. } => {
                self.switch.borrow_mut().link_down(peer);
                self.links.remove(&peer);
            }
            node::Event::Measured { peer, sent, received, round_trip_ms } => {
                self.links.insert(peer, LinkTraffic { peer, sent, received, round_trip_ms });
            }
            node::Event::Unsupported { ref reason } => {
                self.events.push_back(Event::Unsupported { reason: reason.clone() });
            }
            node::Event::Stopped => return self.handle(Input::Stop),
            _ => {}
        }
        self.handle(Input::Node(event));
    }

    fn asked(&mut self, requests: Requests) {
        if let Some(pictures) = requests.pictures {
            // A set that does not fit the artist cannot teach it.
            let fits = |pictures: &Rc<Pictures>| pictures.dimension() == self.recipe.architecture.samples();
            let pictures = pictures.filter(|pictures| !pictures.is_empty() && fits(pictures));
            self.pictures = pictures.as_ref().map_or(0, |pictures| pictures.len() as u32);
            self.engine.set_pictures(pictures);
        }
        self.offer = requests.offer.unwrap_or_else(|| self.offer.clone());
        self.handle(Input::Settings(settings(&self.offer, self.pictures)));
        if let Some(begins) = requests.begins {
            self.handle(Input::BeginAnother(begins));
        }
        if requests.stop {
            self.handle(Input::Stop);
        }
    }

    fn answered(&mut self, ticket: u64, result: Result<Done, Failed>) {
        match &result {
            Ok(Done::Batch { bytes }) => self.announce_batch(bytes, true),
            Ok(_) => {}
            Err(failed) => {
                tracing::info!(reason = failed.reason, suspects = ?failed.suspects, "work failed");
                self.events.push_back(Event::Failed { reason: failed.reason.clone() });
            }
        }
        self.handle(Input::Answer { ticket, result });
    }

    /// Shows a batch once: a painter that teaches gets its own batch to teach.
    fn announce_batch(&mut self, bytes: &[u8], painted: bool) {
        let hash = blake3::hash(bytes);
        if self.last_batch.replace(hash) == Some(hash) {
            return;
        }
        if let Some(batch) = read_batch(bytes, &self.recipe) {
            self.events.push_back(Event::Batch { samples: samples(&batch), painted });
        }
    }

    /// Hands on what the collective wants; whether it said its last.
    fn carry_out(&mut self) -> bool {
        let mut stopped = false;
        while let Some(output) = self.collective.poll_output() {
            match output {
                Output::Command(command) => {
                    stopped |= command == node::Command::Stop;
                    self.switch.borrow().network().send(command);
                }
                Output::Work { ticket, work } => {
                    if let Work::Teach { batch } = &work {
                        self.announce_batch(batch, false);
                    }
                    self.engine.start(ticket, work);
                }
                Output::Event(abraham_collective::Event::Piece { piece, helped }) => {
                    self.events.push_back(Event::Piece { piece, helped });
                }
                Output::Event(event) => self.events.push_back(Event::Collective(event)),
            }
        }
        if stopped {
            self.engine.forget();
        }
        stopped
    }

    fn announce_snapshot(&mut self, last: bool) {
        let now = self.timer.now();
        if !last && self.next_view.is_none_or(|at| at > now) {
            return;
        }
        self.next_view = None;
        self.last_view = now;
        let snapshot = Box::new(self.collective.snapshot(now));
        let frames = self.switch.borrow().traffic();
        let links = self.links.values().copied().collect();
        self.events.push_back(Event::Snapshot { snapshot, frames, links });
    }
}

fn settings(offer: &Offer, pictures: u32) -> Settings {
    Settings { paint: offer.paint, pictures, backend: offer.backend, pace: offer.pace }
}

/// What the collective has to know of the recipe.
fn config(recipe: &Recipe) -> Result<Config, Error> {
    let architecture = &recipe.architecture;
    let batch_bytes = SAMPLE_BYTES * recipe.batch * architecture.samples();
    let update_bytes = PainterId::ALL.map(|painter| UpdateShare::bytes_for(painter, recipe.update_shape()));
    let most = Lane::Bulk.message_bytes() - abraham_messages::collective::BULK_HEADER_BYTES;
    if batch_bytes.max(update_bytes[0]) > most {
        return Err(Error::TooLarge { bytes: batch_bytes.max(update_bytes[0]), most });
    }
    Ok(Config {
        recipe: recipe.id(),
        content_bytes: architecture.samples(),
        batch_bytes,
        update_bytes,
        min_teachers: MIN_TEACHERS,
        min_pictures: MIN_PICTURES as u64,
    })
}
