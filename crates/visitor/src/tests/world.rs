//! A simulated world: a network of nodes with latency, windows and credit, a time that only moves when nothing else
//! does, clocks that show it each in its own way, and an executor. Everything is deterministic.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet, VecDeque},
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

use abraham_collective::Millis;
use abraham_messages::{
    Payload, PeerKey,
    node::{Command, Event, Lane},
};
use futures::{
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
    executor::LocalPool,
    task::LocalSpawnExt,
};
use zeroize::Zeroizing;

use crate::{Network, SeedSource, Timer};

/// One way, in milliseconds.
const LATENCY: Millis = 10;

/// A link whose other side says nothing for so long is given up.
const SILENCE: Millis = 15_000;

/// Decides over every lane message: (from, to, lane, message to change); whether it arrives.
type Tamper = Box<dyn FnMut(PeerKey, PeerKey, Lane, &mut Vec<u8>) -> bool>;

type Way = (PeerKey, PeerKey, Lane);

enum Happening {
    Event(PeerKey, Event),
    Credit(Way, usize),
    Connect(PeerKey, PeerKey),
    Unlink(PeerKey, PeerKey),
}

/// A member that stands still: since when, and what waits for it.
struct Sleep {
    since: Millis,
    backlog: Vec<Event>,
}

#[derive(Default)]
struct Nodes {
    inboxes: BTreeMap<PeerKey, UnboundedSender<Event>>,
    asleep: BTreeMap<PeerKey, Sleep>,
    links: BTreeSet<(PeerKey, PeerKey)>,
    /// Bytes sent for which no credit came back.
    ahead: BTreeMap<Way, usize>,
    queued: BTreeMap<Way, VecDeque<Payload>>,
    /// What happens when, in order.
    agenda: BTreeMap<(Millis, u64), Happening>,
    count: u64,
    tamper: Option<Tamper>,
    /// The member that holds back each of its painters' frames, and for how long.
    slow: Option<(PeerKey, Millis)>,
}

/// The world; clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct World(Rc<Inner>);

#[derive(Default)]
struct Inner {
    now: Cell<Millis>,
    sleepers: RefCell<Vec<(Millis, Waker)>>,
    nodes: RefCell<Nodes>,
}

/// One member's clock.
pub(crate) struct Clock {
    world: World,
    of: PeerKey,
    /// What it shows beyond the world's time.
    ahead: Rc<Cell<Millis>>,
}

impl Timer for Clock {
    fn now(&self) -> Millis {
        self.world.now() + self.ahead.get()
    }

    async fn sleep_until(&self, at: Millis) {
        poll_fn(|context| {
            let asleep = self.world.0.nodes.borrow().asleep.contains_key(&self.of);
            if self.now() >= at && !asleep {
                return Poll::Ready(());
            }
            let at = if asleep { Millis::MAX } else { at - self.ahead.get() };
            self.world.0.sleepers.borrow_mut().push((at, context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}

/// One member's way to its node.
#[derive(Clone)]
pub(crate) struct Port {
    world: World,
    me: PeerKey,
}

impl Network for Port {
    fn send(&self, command: Command) {
        self.world.command(self.me, command);
    }
}

impl World {
    pub(crate) fn now(&self) -> Millis {
        self.0.now.get()
    }

    /// A clock so far ahead of the world's time, which may be changed while its member sleeps.
    pub(crate) fn clock(&self, of: PeerKey, ahead: Rc<Cell<Millis>>) -> Clock {
        Clock { world: self.clone(), of, ahead }
    }

    /// A member stands still from now on: it gets neither input nor time, and its links die in a while.
    pub(crate) fn close_lid(&self, peer: PeerKey) {
        let links: Vec<_> = self.0.nodes.borrow().links.iter().copied().collect();
        for (a, b) in links.into_iter().filter(|(a, b)| *a == peer || *b == peer) {
            self.at(SILENCE, Happening::Unlink(a, b));
        }
        let sleep = Sleep { since: self.now(), backlog: Vec::new() };
        self.0.nodes.borrow_mut().asleep.insert(peer, sleep);
    }

    /// The member goes on, with all that came in between. Returns how long it slept.
    pub(crate) fn open_lid(&self, peer: PeerKey) -> Millis {
        let woken = self.0.nodes.borrow_mut().asleep.remove(&peer);
        let Some(Sleep { since, backlog }) = woken else { return 0 };
        backlog.into_iter().for_each(|event| self.send(peer, event));
        self.0.sleepers.take().into_iter().for_each(|(_, waker)| waker.wake());
        self.now() - since
    }

    /// A node, and its events.
    pub(crate) fn node(&self, me: PeerKey) -> (Port, UnboundedReceiver<Event>) {
        let (sender, events) = unbounded();
        self.0.nodes.borrow_mut().inboxes.insert(me, sender);
        self.at(0, Happening::Event(me, Event::Online { addresses: vec!["/memory".into()] }));
        (Port { world: self.clone(), me }, events)
    }

    /// Links all nodes with each other at once.
    pub(crate) fn link_all(&self) {
        let peers: Vec<PeerKey> = self.0.nodes.borrow().inboxes.keys().copied().collect();
        for (i, a) in peers.iter().enumerate() {
            peers[i + 1..].iter().for_each(|b| self.at(0, Happening::Connect(*a, *b)));
        }
    }

    /// Decides over every lane message from now on.
    pub(crate) fn tamper(&self, tamper: impl FnMut(PeerKey, PeerKey, Lane, &mut Vec<u8>) -> bool + 'static) {
        self.0.nodes.borrow_mut().tamper = Some(Box::new(tamper));
    }

    /// A member holds back each of its painters' frames for so long, from now on.
    pub(crate) fn slow(&self, peer: PeerKey, late: Millis) {
        self.0.nodes.borrow_mut().slow = Some((peer, late));
    }

    /// A link is lost.
    pub(crate) fn cut(&self, a: PeerKey, b: PeerKey) {
        self.at(0, Happening::Unlink(a, b));
    }

    /// A node is gone from one moment to the next.
    pub(crate) fn kill(&self, peer: PeerKey) {
        let links: Vec<_> = self.0.nodes.borrow().links.iter().copied().collect();
        for (a, b) in links.into_iter().filter(|(a, b)| *a == peer || *b == peer) {
            self.unlink(a, b, "it is gone");
        }
        self.0.nodes.borrow_mut().inboxes.remove(&peer);
    }

    /// Runs all that is spawned until `done`, or until nothing can happen any more; whether it was done in time.
    pub(crate) fn run(&self, pool: &mut LocalPool, until: Millis, done: impl Fn() -> bool) -> bool {
        loop {
            pool.run_until_stalled();
            if done() {
                return true;
            }
            let agenda = self.0.nodes.borrow().agenda.keys().next().map(|(at, _)| *at);
            let sleepers = self.0.sleepers.borrow().iter().map(|(at, _)| *at).min();
            let Some(next) = agenda.into_iter().chain(sleepers).min() else { return false };
            if next > until {
                return false;
            }
            self.0.now.set(self.now().max(next));
            let (due, later) = self.0.sleepers.take().into_iter().partition(|(at, _)| *at <= self.now());
            self.0.sleepers.replace(later);
            let due: Vec<(Millis, Waker)> = due;
            due.into_iter().for_each(|(_, waker)| waker.wake());
            self.advance();
        }
    }

    fn at(&self, delay: Millis, happening: Happening) {
        let nodes = &mut *self.0.nodes.borrow_mut();
        nodes.count += 1;
        nodes.agenda.insert((self.now() + delay, nodes.count), happening);
    }

    fn send(&self, to: PeerKey, event: Event) {
        if let Some(sleep) = self.0.nodes.borrow_mut().asleep.get_mut(&to) {
            return sleep.backlog.push(event);
        }
        if let Some(inbox) = self.0.nodes.borrow().inboxes.get(&to) {
            let _ = inbox.unbounded_send(event);
        }
    }

    fn advance(&self) {
        loop {
            let happening = {
                let nodes = &mut *self.0.nodes.borrow_mut();
                let first = nodes.agenda.first_entry().filter(|first| first.key().0 <= self.now());
                let Some(first) = first else { return };
                first.remove()
            };
            match happening {
                Happening::Event(to, event) => self.send(to, event),
                Happening::Credit(way, bytes) => {
                    if let Some(ahead) = self.0.nodes.borrow_mut().ahead.get_mut(&way) {
                        *ahead = ahead.saturating_sub(bytes);
                    }
                    self.transmit(way);
                }
                Happening::Connect(a, b) => self.link(a, b),
                Happening::Unlink(a, b) => self.unlink(a, b, "it says nothing"),
            }
        }
    }

    fn link(&self, a: PeerKey, b: PeerKey) {
        let link = (a.min(b), a.max(b));
        let there = {
            let nodes = self.0.nodes.borrow();
            nodes.inboxes.contains_key(&b) && ![a, b].iter().any(|end| nodes.asleep.contains_key(end))
        };
        if !there {
            return self.send(a, Event::Unreachable { peer: b, reason: "nobody answers".into() });
        }
        if self.0.nodes.borrow_mut().links.insert(link) {
            self.send(a, Event::LinkUp { peer: b });
            self.send(b, Event::LinkUp { peer: a });
        }
    }

    fn unlink(&self, a: PeerKey, b: PeerKey, reason: &str) {
        {
            let nodes = &mut *self.0.nodes.borrow_mut();
            if !nodes.links.remove(&(a.min(b), a.max(b))) {
                return;
            }
            let on = |way: &Way| (way.0 == a && way.1 == b) || (way.0 == b && way.1 == a);
            nodes.ahead.retain(|way, _| !on(way));
            nodes.queued.retain(|way, _| !on(way));
        }
        self.send(a, Event::LinkDown { peer: b, reason: reason.into() });
        self.send(b, Event::LinkDown { peer: a, reason: reason.into() });
    }

    fn command(&self, me: PeerKey, command: Command) {
        if !self.0.nodes.borrow().inboxes.contains_key(&me) {
            return;
        }
        match command {
            Command::Publish { message } => {
                let others: Vec<PeerKey> = self.0.nodes.borrow().inboxes.keys().copied().collect();
                for to in others.into_iter().filter(|to| *to != me) {
                    let message = message.clone();
                    self.at(LATENCY, Happening::Event(to, Event::Gossip { from: me, message }));
                }
            }
            Command::Connect { peer, .. } => self.at(LATENCY, Happening::Connect(me, peer)),
            Command::Disconnect { peer } => self.unlink(me, peer, "let go"),
            Command::Send { peer, lane, message } => {
                assert!((1..=lane.message_bytes()).contains(&message.len()));
                let linked = self.0.nodes.borrow().links.contains(&(me.min(peer), me.max(peer)));
                if linked {
                    let way = (me, peer, lane);
                    let queued: usize = {
                        let nodes = &mut *self.0.nodes.borrow_mut();
                        let queue = nodes.queued.entry(way).or_default();
                        queue.push_back(message);
                        queue.iter().map(|message| message.len()).sum()
                    };
                    let most = lane.window_bytes() + lane.message_bytes();
                    assert!(queued <= most, "{me} keeps to its window");
                    self.transmit(way);
                }
            }
            Command::Acknowledge { peer, lane, bytes } => {
                self.at(LATENCY, Happening::Credit((peer, me, lane), bytes));
            }
            Command::Stop => {
                self.kill(me);
            }
            _ => {}
        }
    }

    fn transmit(&self, way: Way) {
        let (from, to, lane) = way;
        loop {
            let sent = {
                let nodes = &mut *self.0.nodes.borrow_mut();
                let ahead = nodes.ahead.entry(way).or_default();
                let Some(queue) = nodes.queued.get_mut(&way) else { return };
                if *ahead >= lane.window_bytes() {
                    return;
                }
                let Some(message) = queue.pop_front() else { return };
                *ahead += message.len();
                message
            };
            let bytes = sent.len();
            self.at(0, Happening::Event(from, Event::Sent { peer: to, lane, bytes }));
            let mut message = std::mem::take(&mut *sent.into_bytes());
            let mut tamper = self.0.nodes.borrow_mut().tamper.take();
            let arrives = tamper.as_mut().is_none_or(|tamper| tamper(from, to, lane, &mut message));
            self.0.nodes.borrow_mut().tamper = tamper;
            if arrives {
                let message = message.into();
                let slow =
                    self.0.nodes.borrow().slow.filter(|(peer, _)| *peer == from && lane == Lane::Frames);
                let late = slow.map_or(0, |(_, late)| late);
                self.at(LATENCY + late, Happening::Event(to, Event::Message { peer: from, lane, message }));
            }
        }
    }
}

/// Runs a future on the pool.
pub(crate) fn spawn(pool: &LocalPool, future: impl Future<Output = ()> + 'static) {
    pool.spawner().spawn_local(future).unwrap();
}

/// Seeds that a test knows: a hash over a name and a count.
pub(crate) struct Known {
    name: u64,
    count: u64,
}

impl Known {
    pub(crate) fn new(name: u64) -> Self {
        Self { name, count: 0 }
    }
}

impl SeedSource for Known {
    fn seed(&mut self) -> Zeroizing<[u8; 32]> {
        self.count += 1;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.name.to_le_bytes()).update(&self.count.to_le_bytes());
        Zeroizing::new(*hasher.finalize().as_bytes())
    }
}
