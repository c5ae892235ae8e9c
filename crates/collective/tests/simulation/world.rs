//! Members in one process, and the time in which things happen to them.

mod wires;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use abraham_collective::{
    BackendKind, Collective, Config, Done, Event, Failed, Input, Output, Settings, Snapshot, Work,
    snapshot::Role,
};
use abraham_messages::{
    Payload, PeerKey, RecipeId,
    collective::Certificate,
    node::{self, Lane},
};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use zeroize::Zeroizing;

use crate::{
    engine::{self, Engine, Engines},
    sleep::Sleep,
};
use wires::Net;

/// How a member behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manner {
    Honest,
    /// Its control messages never leave, from this time.
    SilentFrom(u64),
    /// It never sends a proposal.
    ShyProposer,
    /// It lies in what painters say to each other, differently to each.
    Liar,
    /// Its updates never leave.
    LazyTeacher,
    /// It says that it holds an artist, with a certificate that the world has forged, and proposes to go on with it.
    Claimant,
    /// It says and does only what a script says, and what others tell it is kept for that.
    Stranger {
        /// Whether others reach it.
        answers: bool,
    },
}

pub(crate) struct Node {
    pub(crate) member: Collective,
    pub(crate) secret: Zeroizing<[u8; 32]>,
    pub(crate) key: PeerKey,
    pub(crate) alive: bool,
    pub(crate) events: Vec<Event>,
    pub(crate) manner: Manner,
    pub(crate) settings: Settings,
    /// Where it stands still.
    pub(crate) asleep: Option<Sleep>,
    /// What its clock shows beyond the world's.
    pub(crate) clock: u64,
    /// What a stranger was told on its links, by whom.
    pub(crate) told: Vec<(usize, Lane, Payload)>,
    engine: Engine,
    /// Links that it was told of and not told to be gone.
    up: BTreeSet<usize>,
    took: usize,
    given: usize,
}

/// What happens at some time.
pub(crate) enum What {
    Tell(usize, Input),
    /// A message on a link, which must still be the link that it was sent on.
    Carry {
        from: usize,
        to: usize,
        link: u64,
        lane: Lane,
        message: Payload,
    },
    LinkUp(usize, usize),
    /// A script says or does the next thing, and again after this time.
    Play(usize, u64),
    /// The transport gives a link up, if it still is this one.
    LinkDies(usize, usize, Option<u64>),
    Done {
        node: usize,
        ticket: u64,
        result: Result<Done, Failed>,
    },
    GiveUp {
        node: usize,
        ticket: u64,
    },
    Wake(usize),
}

/// What strangers do now and then.
pub(crate) type Script = Box<dyn FnMut(&mut World)>;

pub(crate) struct World {
    pub(crate) now: u64,
    pub(crate) nodes: Vec<Node>,
    pub(crate) net: Net,
    pub(crate) engines: Engines,
    /// What claimants show.
    pub(crate) forgery: Option<Certificate>,
    pub(crate) rng: ChaCha8Rng,
    /// Pairs that cannot reach each other.
    pub(crate) apart: BTreeSet<(usize, usize)>,
    /// Whether pairs that cannot reach each other do not hear of each other either.
    pub(crate) split: bool,
    links: BTreeMap<(usize, usize), u64>,
    link_count: u64,
    scripts: Vec<Option<Script>>,
    /// Dials that were begun and not given up.
    pub(super) dialling: BTreeSet<(usize, usize)>,
    sent_until: BTreeMap<(usize, usize, Lane), u64>,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    what: BTreeMap<u64, What>,
    count: u64,
    index: BTreeMap<PeerKey, usize>,
}

/// The hash of everybody's recipe.
pub(crate) const RECIPE: RecipeId = RecipeId([4; 32]);

pub(crate) fn config() -> Config {
    Config {
        recipe: RECIPE,
        content_bytes: engine::CONTENT_BYTES,
        batch_bytes: engine::BATCH_BYTES,
        update_bytes: engine::UPDATE_BYTES,
        min_teachers: 3,
        min_pictures: 64,
    }
}

pub(crate) fn painter() -> Settings {
    let backend = BackendKind::Cpu;
    Settings { paint: true, pictures: 0, backend, pace: 100 }
}

pub(crate) fn teacher(pictures: u32) -> Settings {
    Settings { paint: false, pictures, ..painter() }
}

pub(crate) fn both(pictures: u32) -> Settings {
    Settings { pictures, ..painter() }
}

fn pair(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            now: 0,
            nodes: Vec::new(),
            net: Net { delay: (2, 120), loss: 5, dial: (100, 900), relay: true },
            engines: Engines::default(),
            forgery: None,
            rng: ChaCha8Rng::seed_from_u64(seed),
            apart: BTreeSet::new(),
            split: false,
            links: BTreeMap::new(),
            link_count: 0,
            scripts: Vec::new(),
            dialling: BTreeSet::new(),
            sent_until: BTreeMap::new(),
            queue: BinaryHeap::new(),
            what: BTreeMap::new(),
            count: 0,
            index: BTreeMap::new(),
        }
    }

    /// With `n` members of these settings, who join within a second.
    pub(crate) fn with(seed: u64, n: usize, settings: Settings) -> Self {
        let mut world = Self::new(seed);
        for _ in 0..n {
            let wait = world.between((0, 1_000));
            world.join(settings.clone(), wait);
        }
        world
    }

    pub(crate) fn between(&mut self, (low, high): (u64, u64)) -> u64 {
        low + self.rng.next_u64() % (high - low + 1)
    }

    fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    /// A new member that is online after `wait`. Its clock begins anywhere, up to decades from those of others.
    pub(crate) fn join(&mut self, settings: Settings, wait: u64) -> usize {
        let clock = self.between((1 << 30, 1 << 40));
        self.join_at(settings, wait, clock)
    }

    /// A new member whose clock is so far ahead of the world's.
    pub(crate) fn join_at(&mut self, settings: Settings, wait: u64, clock: u64) -> usize {
        let secret = Zeroizing::new(self.bytes());
        self.join_as(config(), secret, settings, wait, clock)
    }

    /// A new member whose page has another recipe.
    pub(crate) fn join_by(&mut self, recipe: RecipeId, settings: Settings, wait: u64) -> usize {
        let clock = self.between((1 << 30, 1 << 40));
        let secret = Zeroizing::new(self.bytes());
        self.join_as(Config { recipe, ..config() }, secret, settings, wait, clock)
    }

    fn join_as(
        &mut self,
        config: Config,
        secret: Zeroizing<[u8; 32]>,
        settings: Settings,
        wait: u64,
        clock: u64,
    ) -> usize {
        let node = self.nodes.len();
        let seed = self.bytes();
        let member = Collective::new(config, settings.clone(), &secret, seed, self.now + clock)
            .expect("a good secret");
        let key = member.me();
        self.index.insert(key, node);
        self.nodes.push(Node {
            member,
            secret,
            key,
            alive: true,
            events: Vec::new(),
            manner: Manner::Honest,
            settings,
            asleep: None,
            clock,
            told: Vec::new(),
            engine: Engine::default(),
            up: BTreeSet::new(),
            took: 0,
            given: 0,
        });
        let online = node::Event::Online { addresses: vec![format!("/memory/{node}")] };
        self.at(wait, What::Tell(node, Input::Node(online)));
        self.drain(node);
        node
    }

    /// Does this now and then, and for the first time now.
    pub(crate) fn every(&mut self, time: u64, script: impl FnMut(&mut World) + 'static) {
        self.scripts.push(Some(Box::new(script)));
        self.at(0, What::Play(self.scripts.len() - 1, time));
    }

    pub(crate) fn is_stranger(&self, node: usize) -> bool {
        matches!(self.nodes[node].manner, Manner::Stranger { .. })
    }

    /// A key under which nobody honest is.
    pub(crate) fn stranger(&mut self, answers: bool) -> usize {
        let secret = Zeroizing::new(self.bytes());
        self.stranger_of(secret, answers)
    }

    /// A key of the stranger's choice.
    pub(crate) fn stranger_of(&mut self, secret: Zeroizing<[u8; 32]>, answers: bool) -> usize {
        let node = self.join_as(config(), secret, painter(), 0, 1 << 30);
        self.nodes[node].manner = Manner::Stranger { answers };
        node
    }

    pub(crate) fn secret(&self, node: usize) -> &[u8; 32] {
        &self.nodes[node].secret
    }

    pub(crate) fn at(&mut self, wait: u64, what: What) {
        self.count += 1;
        self.queue.push(Reverse((self.now + wait, self.count)));
        self.what.insert(self.count, what);
    }

    pub(crate) fn send(&mut self, node: usize, input: Input) {
        if !self.nodes[node].alive {
            return;
        }
        match &input {
            Input::Node(node::Event::Message { message, .. }) => self.nodes[node].given += message.len(),
            Input::Node(node::Event::LinkUp { peer }) => {
                self.nodes[node].up.insert(self.index[peer]);
            }
            Input::Node(node::Event::LinkDown { peer, .. }) => {
                self.nodes[node].up.remove(&self.index[peer]);
            }
            _ => {}
        }
        if self.is_stranger(node) {
            if let Input::Node(node::Event::Message { peer, lane, message }) = input {
                let from = self.index[&peer];
                self.nodes[node].told.push((from, lane, message));
            }
            return;
        }
        let now = self.now + self.nodes[node].clock;
        self.nodes[node].member.handle(now, input);
        self.drain(node);
        let node = &self.nodes[node];
        assert!(!node.alive || node.took == node.given, "every message is taken at once");
    }

    /// Serves a member's timers, if one is due.
    pub(crate) fn timers(&mut self, node: usize) {
        let now = self.now + self.nodes[node].clock;
        let driven = self.nodes[node].alive && !self.is_stranger(node);
        if driven && self.nodes[node].member.next_deadline().is_some_and(|at| at <= now) {
            self.nodes[node].member.handle_timeout(now);
            self.drain(node);
        }
    }

    pub(crate) fn set(&mut self, node: usize, settings: Settings) {
        self.nodes[node].settings = settings.clone();
        self.send(node, Input::Settings(settings));
    }

    pub(crate) fn leave(&mut self, node: usize) {
        self.send(node, Input::Stop);
        assert_eq!(self.nodes[node].member.next_deadline(), None);
        self.kill(node, 200);
    }

    /// Gone without a word; its peers notice within `noticed`.
    pub(crate) fn kill(&mut self, node: usize, noticed: u64) {
        self.nodes[node].alive = false;
        let peers: Vec<usize> = (0..self.nodes.len()).filter(|other| self.linked(node, *other)).collect();
        for other in peers {
            self.cut(node, other, noticed);
        }
    }

    pub(crate) fn snapshot(&self, node: usize) -> Snapshot {
        self.nodes[node].member.snapshot(self.now + self.nodes[node].clock)
    }

    pub(crate) fn run(&mut self, for_ms: u64) {
        let end = self.now + for_ms;
        self.run_until(end, |_| false);
    }

    /// Runs until the condition holds, which it tells, or the time is over.
    pub(crate) fn run_until(&mut self, end: u64, done: impl Fn(&Self) -> bool) -> bool {
        let mut steps = 0_u64;
        let mut look = self.now;
        while let Some(Reverse((at, id))) = self.queue.pop() {
            if at > end {
                self.queue.push(Reverse((at, id)));
                break;
            }
            steps = if at == self.now { steps + 1 } else { 0 };
            assert!(steps < 100_000, "time stands still");
            self.now = at;
            let what = self.what.remove(&id).expect("every time has something");
            self.happen(what);
            if self.now >= look {
                look = self.now + 100;
                if done(self) {
                    return true;
                }
            }
        }
        self.now = end;
        done(self)
    }

    pub(crate) fn happen(&mut self, what: What) {
        let Some(what) = self.unless_asleep(what) else { return };
        match what {
            What::Tell(node, input) => {
                if self.stale_link_event(node, &input) {
                    return;
                }
                self.send(node, input);
            }
            What::Carry { from, to, link, lane, message } => {
                if self.link(from, to) != Some(link) {
                    return;
                }
                let bytes = message.len();
                let peer = self.nodes[to].key;
                self.happen(What::Tell(from, Input::Node(node::Event::Sent { peer, lane, bytes })));
                let peer = self.nodes[from].key;
                self.send(to, Input::Node(node::Event::Message { peer, lane, message }));
            }
            What::LinkDies(a, b, link) => {
                if self.link(a, b) == link {
                    self.cut(a, b, 500);
                }
            }
            What::LinkUp(a, b) => {
                let dialled = self.dialling.remove(&(a, b));
                let up = self.nodes[a].alive && self.nodes[b].alive && !self.apart.contains(&pair(a, b));
                if !dialled || up && self.linked(a, b) {
                    return;
                }
                let up = up && [a, b].iter().all(|node| self.has_room(*node));
                if up {
                    self.link_count += 1;
                    self.links.insert(pair(a, b), self.link_count);
                    // Where one lost a link to the other and does not know yet, its node tells it now.
                    for (told, lost) in [(a, b), (b, a)] {
                        if self.nodes[told].up.contains(&lost) {
                            let down = self.link_down(lost);
                            self.send(told, down);
                        }
                    }
                    // One side may know before the other, and may say something by then.
                    self.send(a, Input::Node(node::Event::LinkUp { peer: self.nodes[b].key }));
                    self.send(b, Input::Node(node::Event::LinkUp { peer: self.nodes[a].key }));
                } else {
                    let peer = self.nodes[b].key;
                    let event = node::Event::Unreachable { peer, reason: "no way".into() };
                    self.send(a, Input::Node(event));
                }
            }
            What::Done { node, ticket, result } => {
                if !self.nodes[node].alive {
                    return;
                }
                if let Ok(done) = &result {
                    let (nodes, engines) = (&mut self.nodes, &self.engines);
                    nodes[node].engine.keep(engines, done);
                }
                self.send(node, Input::Answer { ticket, result });
            }
            What::GiveUp { node, ticket } => {
                if let Some((node, ticket, result)) = self.engines.give_up(node, ticket) {
                    self.send(node, Input::Answer { ticket, result });
                }
            }
            What::Wake(node) => self.timers(node),
            What::Play(script, time) => {
                let mut play = self.scripts[script].take().expect("it does not play itself");
                play(self);
                self.scripts[script] = Some(play);
                self.at(time, What::Play(script, time));
            }
        }
    }

    fn drain(&mut self, from: usize) {
        while let Some(output) = self.nodes[from].member.poll_output() {
            match output {
                Output::Command(command) => self.command(from, command),
                Output::Work { ticket, work } => self.work(from, ticket, work),
                Output::Event(event) => self.nodes[from].events.push(event),
            }
        }
        let node = &self.nodes[from];
        let now = self.now + node.clock;
        match node.member.next_deadline() {
            Some(at) => {
                assert!(at <= now + 5_000, "a member that is not stopped looks around now and then");
                self.at(at.saturating_sub(now), What::Wake(from));
            }
            None => assert!(
                !node.alive
                    || matches!(
                        self.snapshot(from).connection,
                        abraham_collective::snapshot::Connection::Stopped
                    )
            ),
        }
    }

    fn work(&mut self, node: usize, ticket: u64, work: Work) {
        if let Work::Teach { batch } = &work {
            assert_eq!(batch.len(), engine::BATCH_BYTES);
            let result = Ok(Done::Update { shares: engine::update(node as u8, batch) });
            let wait = self.between((5, 300));
            self.at(wait, What::Done { node, ticket, result });
            return;
        }
        if let Work::Begin { term, .. } = &work {
            let seats = term.seats.map(|peer| self.index[&peer]);
            for (i, a) in seats.iter().enumerate() {
                for b in &seats[..i] {
                    assert!(
                        !self.apart.contains(&pair(*a, *b)),
                        "a pair that cannot meet is seated together"
                    );
                }
            }
        }
        let Self { engines, nodes, .. } = self;
        let answers = engines.work(&mut nodes[node].engine, node, ticket, work);
        if answers.is_empty() {
            self.at(engine::CHANNEL, What::GiveUp { node, ticket });
        }
        let took = self.between((10, 400));
        for (node, ticket, result) in answers {
            let wait = took + self.between((0, 100));
            self.at(wait, What::Done { node, ticket, result });
        }
    }

    /// Members that sit and are awake, by the id of their term.
    pub(crate) fn committees(&self) -> BTreeMap<String, Vec<usize>> {
        let mut terms: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let awake = |node: &usize| self.nodes[*node].alive && self.nodes[*node].asleep.is_none();
        for node in (0..self.nodes.len()).filter(awake).filter(|node| !self.is_stranger(*node)) {
            let snapshot = self.nodes[node].member.snapshot(self.now + self.nodes[node].clock);
            if let (Role::Painter, Some(term)) = (snapshot.role, snapshot.term) {
                terms.entry(term.id).or_default().push(node);
            }
        }
        terms
    }

    /// Whether exactly one committee of four sits and has been set up.
    pub(crate) fn one_committee(&self) -> bool {
        let committees = self.committees();
        committees.len() == 1 && committees.values().all(|seats| seats.len() == 4)
    }

    /// The painters' artist and round, where one committee of four sits and its artist has a name.
    pub(crate) fn artist(&self) -> Option<(String, u64)> {
        let committees = self.committees();
        let seats = committees.values().find(|seats| seats.len() == 4)?;
        let term = self.snapshot(seats[0]).term?;
        Some((term.artist?, term.round))
    }

    /// Learning rounds behind it; none where there is none.
    pub(crate) fn round(&self) -> u64 {
        self.artist().map_or(0, |(_, round)| round)
    }

    /// Whether this very artist has more learning rounds behind it than these.
    pub(crate) fn went_on(&self, artist: &str, rounds: u64) -> bool {
        self.artist().is_some_and(|(same, round)| same == artist && round > rounds)
    }

    pub(crate) fn sits(&self, node: usize) -> bool {
        self.snapshot(node).role == Role::Painter
    }
}
