//! Which connection carries the link to a member.
//!
//! Two members may dial each other at the same time, and one may dial anew before the other has noticed that their
//! link is gone. So the member with the smaller key decides: it opens the lanes on the connection of its choice,
//! and the other one follows.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, Waker},
};

use abraham_messages::{
    Payload, limits as protocol,
    node::{Lane, PeerKey},
};
use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    multiaddr::Protocol,
    swarm::{
        CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler,
        THandler, ToSwarm,
    },
};
use libp2p_webrtc_private::is_circuit_address;
use web_time::Instant;

use crate::{
    identity::peer_key,
    limits,
    link::{FromLink, Held, Link, Meter, Purpose, ToLink},
};

/// What happened to links.
#[derive(Debug)]
pub(crate) enum LinkEvent {
    Up(PeerKey),
    Down(PeerKey, String),
    /// A connection to this member came to nothing.
    Failed(PeerKey, String),
    Message(PeerKey, Lane, Payload),
    Sent(PeerKey, Lane, usize),
    Misbehaved(PeerKey, String),
}

struct Connection {
    peer: PeerId,
    key: Option<PeerKey>,
    purpose: Purpose,
    since: Instant,
    /// When it last answered a ping.
    alive: Instant,
    meter: Arc<Meter>,
    /// Why it is being closed, where this side does so.
    closing: Option<String>,
}

struct Chosen {
    connection: ConnectionId,
    since: Instant,
    up: bool,
}

/// The links of a node.
pub(crate) struct Links {
    me: PeerKey,
    relays: Vec<PeerId>,
    connections: HashMap<ConnectionId, Connection>,
    links: HashMap<PeerKey, Chosen>,
    /// Members that this node asked for a link with, and did not let go since.
    asked: HashSet<PeerKey>,
    held: Held,
    ticked: Instant,
    actions: VecDeque<ToSwarm<LinkEvent, ToLink>>,
    waker: Option<Waker>,
}

#[derive(Debug, thiserror::Error)]
#[error("this node has as many connections as it can have")]
struct TooManyConnections;

impl Links {
    pub(crate) fn new(me: PeerKey, relays: Vec<PeerId>) -> Self {
        Self {
            me,
            relays,
            connections: HashMap::new(),
            links: HashMap::new(),
            asked: HashSet::new(),
            held: Held::default(),
            ticked: Instant::now(),
            actions: VecDeque::new(),
            waker: None,
        }
    }

    /// These peers are relays from now on, and no others.
    pub(crate) fn set_relays(&mut self, relays: Vec<PeerId>) {
        self.relays = relays;
    }

    pub(crate) fn is_up(&self, key: PeerKey) -> bool {
        self.links.get(&key).is_some_and(|link| link.up)
    }

    /// Whether a connection to this member stands that may become a link.
    pub(crate) fn is_forming(&self, key: PeerKey) -> bool {
        let mut direct =
            self.connections.values().filter(|c| c.key == Some(key) && c.purpose == Purpose::Member);
        direct.any(|connection| connection.closing.is_none())
    }

    /// Takes note that the link to this member is wanted: others that are not make room for it. Says no where all are.
    pub(crate) fn ask(&mut self, key: PeerKey) -> bool {
        let room = self.asked.len() < protocol::MAX_LINKS || self.asked.contains(&key);
        if room {
            self.asked.insert(key);
        }
        room
    }

    /// The link to this member is not wanted after all; it may stay.
    pub(crate) fn unask(&mut self, key: PeerKey) {
        self.asked.remove(&key);
    }

    /// The links that are not being closed, each with whether it was asked for.
    fn standing(&self) -> impl Iterator<Item = (PeerKey, &Chosen, bool)> {
        self.links.iter().filter_map(|(&key, link)| {
            let connection = self.connections.get(&link.connection)?;
            connection.closing.is_none().then(|| (key, link, self.asked.contains(&key)))
        })
    }

    /// Whether there may be a link to this member, too. For one that this node asked for, the one of the others makes
    /// room that it has sent least to: a stranger can send much, but is sent nothing.
    fn makes_room(&mut self, key: PeerKey) -> bool {
        let full = self.standing().count() >= protocol::MAX_LINKS;
        if !self.asked.contains(&key) {
            return !full
                && self.standing().filter(|(_, _, asked)| !asked).count() < limits::MAX_UNASKED_LINKS;
        }
        if !full {
            return true;
        }
        let sent = |link: &Chosen| {
            let connection = self.connections.get(&link.connection);
            connection.map_or(0, |connection| connection.meter.sent.load(Ordering::Relaxed))
        };
        let others = self.standing().filter(|(_, _, asked)| !asked);
        let least =
            others.min_by_key(|(_, link, _)| (sent(link), link.since)).map(|(_, link, _)| link.connection);
        match least {
            Some(id) => self.close_connection(id, "its place was needed for a link that this node asked for"),
            None => return false,
        }
        true
    }

    pub(crate) fn send(&mut self, key: PeerKey, lane: Lane, message: Payload) {
        if self.is_up(key) {
            self.notify(key, ToLink::Send(lane, message));
        }
    }

    pub(crate) fn acknowledge(&mut self, key: PeerKey, lane: Lane, bytes: usize) {
        self.notify(key, ToLink::Acknowledge(lane, bytes));
    }

    /// Closes every connection to a member, which is not asked for any more.
    pub(crate) fn close(&mut self, key: PeerKey, reason: &str) {
        self.asked.remove(&key);
        let ids: Vec<_> =
            self.connections.iter().filter(|(_, c)| c.key == Some(key)).map(|(&id, _)| id).collect();
        for id in ids {
            self.close_connection(id, reason);
        }
    }

    /// Closes what came to nothing.
    pub(crate) fn tick(&mut self, now: Instant) {
        if now.saturating_duration_since(self.ticked) > limits::MIN_STANDSTILL {
            self.connections.values_mut().for_each(|connection| connection.alive = now);
        }
        self.ticked = now;
        let stale = |(&id, connection): (&ConnectionId, &Connection)| {
            let age = now.saturating_duration_since(connection.since);
            let reason = match connection.purpose {
                Purpose::Relay => return None,
                Purpose::Passing => (age > limits::RELAYED_TIMEOUT).then_some("it has done its work")?,
                Purpose::Member => {
                    let chosen = connection.key.and_then(|key| self.links.get(&key));
                    let up = chosen.is_some_and(|link| link.up && link.connection == id);
                    let silent = now.saturating_duration_since(connection.alive) > limits::SILENCE_TIMEOUT;
                    match up {
                        true => silent.then_some("it does not answer any more")?,
                        false => {
                            (age > limits::FORMING_TIMEOUT).then_some("it did not open the lanes in time")?
                        }
                    }
                }
            };
            Some((id, reason))
        };
        let stale: Vec<_> = self.connections.iter().filter_map(stale).collect();
        for (id, reason) in stale {
            self.close_connection(id, reason);
        }
    }

    /// Notes that a ping was answered; returns the bytes that went over the lanes, out and in, if this connection
    /// carries a link.
    pub(crate) fn answered(&mut self, id: ConnectionId, now: Instant) -> Option<(PeerKey, u64, u64)> {
        let connection = self.connections.get_mut(&id)?;
        connection.alive = now;
        let key = connection.key?;
        self.links.get(&key).filter(|link| link.up && link.connection == id)?;
        let meter = &connection.meter;
        Some((key, meter.sent.load(Ordering::Relaxed), meter.received.load(Ordering::Relaxed)))
    }

    pub(crate) fn close_connection(&mut self, id: ConnectionId, reason: &str) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.closing.is_some() {
            return;
        }
        connection.closing = Some(reason.to_owned());
        let peer_id = connection.peer;
        self.act(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::One(id) });
    }

    fn act(&mut self, action: ToSwarm<LinkEvent, ToLink>) {
        self.actions.push_back(action);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn report(&mut self, event: LinkEvent) {
        self.act(ToSwarm::GenerateEvent(event));
    }

    fn notify(&mut self, key: PeerKey, event: ToLink) {
        let Some(link) = self.links.get(&key) else { return };
        let Some(connection) = self.connections.get(&link.connection) else { return };
        let (peer_id, handler) = (connection.peer, NotifyHandler::One(link.connection));
        self.act(ToSwarm::NotifyHandler { peer_id, handler, event });
    }

    fn purpose(&self, peer: &PeerId, address: &Multiaddr) -> Purpose {
        if self.relays.contains(peer) {
            Purpose::Relay
        } else if is_circuit_address(address) || peer_key(peer).is_none() {
            Purpose::Passing
        } else {
            Purpose::Member
        }
    }

    /// Makes the handler of a connection that is about to stand.
    fn admit(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let purpose = self.purpose(&peer, address);
        if purpose != Purpose::Relay
            && self.connections.len() >= self.links.len() + limits::MAX_OTHER_CONNECTIONS
        {
            return Err(ConnectionDenied::new(TooManyConnections));
        }
        let meter = Arc::<Meter>::default();
        let now = Instant::now();
        let connection = Connection {
            peer,
            key: peer_key(&peer),
            purpose,
            since: now,
            alive: now,
            meter: meter.clone(),
            closing: None,
        };
        self.connections.insert(id, connection);
        Ok(Link::new(purpose, self.held.clone(), meter))
    }

    /// Puts the link to a member on this connection, if that is right.
    fn choose(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        let Some(key) = connection.key.filter(|_| connection.purpose == Purpose::Member) else { return };
        if connection.closing.is_some() {
            return;
        }
        let now = Instant::now();
        if let Some(old) = self.links.get(&key) {
            if old.connection == id {
                return;
            }
            let decides = self.me < key;
            if decides && now.saturating_duration_since(old.since) < limits::SIMULTANEOUS_DIAL_WINDOW {
                return self.close_connection(id, "another connection carries the link");
            }
            let (old_id, was_up) = (old.connection, old.up);
            self.links.remove(&key);
            self.close_connection(old_id, "another connection carries the link");
            if was_up {
                self.report(LinkEvent::Down(key, "it connected anew".into()));
            }
        } else if !self.makes_room(key) {
            return self.close_connection(id, "this node has as many links as it can have");
        }
        self.links.insert(key, Chosen { connection: id, since: now, up: false });
        self.notify(key, ToLink::Open);
    }

    fn closed(&mut self, id: ConnectionId, cause: Option<String>) {
        let Some(connection) = self.connections.remove(&id) else { return };
        let Some(key) = connection.key.filter(|_| connection.purpose == Purpose::Member) else { return };
        let reason = connection.closing.or(cause).unwrap_or_else(|| "the other side closed it".into());
        match self.links.get(&key) {
            Some(link) if link.connection == id => {
                let up = link.up;
                self.links.remove(&key);
                if up {
                    // Whoever wants it asks again.
                    self.asked.remove(&key);
                    self.report(LinkEvent::Down(key, reason));
                } else if !self.is_forming(key) {
                    self.report(LinkEvent::Failed(key, reason));
                }
                // Another connection may have stood by.
                let other = self.connections.iter().find(|(_, c)| c.key == Some(key)).map(|(&id, _)| id);
                if let (Some(other), true) = (other, self.me < key) {
                    self.choose(other);
                }
            }
            None if !self.is_forming(key) => self.report(LinkEvent::Failed(key, reason)),
            _ => {}
        }
    }
}

impl NetworkBehaviour for Links {
    type ConnectionHandler = Link;
    type ToSwarm = LinkEvent;

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        // Of an inbound circuit only the local address names the relay; a `/webrtc` one says so remotely.
        let through_relay = is_circuit_address(local) && !remote.iter().any(|part| part == Protocol::WebRTC);
        self.admit(id, peer, if through_relay { local } else { remote })
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.admit(id, peer, address)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(event) => {
                let key = self.connections.get(&event.connection_id).and_then(|c| c.key);
                if key.is_some_and(|key| self.me < key) {
                    self.choose(event.connection_id);
                }
            }
            FromSwarm::ConnectionClosed(event) => {
                let cause = event.cause.map(|error| format!("the connection was lost ({error})"));
                self.closed(event.connection_id, cause);
            }
            // A later behaviour refused a connection that was admitted here.
            FromSwarm::DialFailure(event) => {
                self.connections.remove(&event.connection_id);
            }
            FromSwarm::ListenFailure(event) => {
                self.connections.remove(&event.connection_id);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, id: ConnectionId, event: FromLink) {
        let Some(connection) = self.connections.get(&id).filter(|c| c.closing.is_none()) else { return };
        let Some(key) = connection.key else { return };
        let chosen = self.links.get(&key).is_some_and(|link| link.connection == id);
        match event {
            FromLink::Asked if self.me < key && !chosen => {
                self.report(LinkEvent::Misbehaved(key, "it opened lanes where it was not to".into()));
                self.close_connection(id, "it opened lanes where it was not to");
            }
            FromLink::Asked => self.choose(id),
            FromLink::Broken { reason, misbehaved } => {
                if misbehaved {
                    self.report(LinkEvent::Misbehaved(key, reason.clone()));
                }
                self.close_connection(id, &reason);
            }
            _ if !chosen => {}
            FromLink::Up => {
                if let Some(link) = self.links.get_mut(&key) {
                    link.up = true;
                }
                self.report(LinkEvent::Up(key));
            }
            FromLink::Message(lane, message) => self.report(LinkEvent::Message(key, lane, message)),
            FromLink::Sent(lane, bytes) => self.report(LinkEvent::Sent(key, lane, bytes)),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<LinkEvent, ToLink>> {
        match self.actions.pop_front() {
            Some(action) => Poll::Ready(action),
            None => {
                self.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn key(secret: u8) -> (PeerKey, PeerId) {
        let secret = crate::Secret::new([secret; 32]).unwrap();
        (secret.key(), secret.identity().unwrap().public().to_peer_id())
    }

    /// A direct connection from this member, with a link on it that is up.
    fn link(links: &mut Links, secret: u8) -> ConnectionId {
        let id = connect(links, secret);
        if let Some(link) = links.links.get_mut(&key(secret).0) {
            link.up = true;
        }
        id
    }

    fn connect(links: &mut Links, secret: u8) -> ConnectionId {
        let (id, peer) = (ConnectionId::new_unchecked(usize::from(secret)), key(secret).1);
        let address: Multiaddr = "/ip4/127.0.0.1/tcp/4001".parse().unwrap();
        assert!(links.handle_established_inbound_connection(id, peer, &address, &address).is_ok());
        links.choose(id);
        id
    }

    fn is_closing(links: &Links, secret: u8) -> bool {
        let mut connections =
            links.connections.values().filter(|connection| connection.peer == key(secret).1);
        connections.any(|connection| connection.closing.is_some())
    }

    #[test]
    fn strangers_take_half_of_the_links_and_the_others_are_for_those_who_are_asked_for() {
        let mut links = Links::new(key(200).0, Vec::new());
        for stranger in 1..=24 {
            link(&mut links, stranger);
        }
        let stand = links.standing().count();
        assert_eq!(stand, limits::MAX_UNASKED_LINKS);
        for asked in 101..=112 {
            assert!(links.ask(key(asked).0));
            link(&mut links, asked);
            assert!(!is_closing(&links, asked), "{asked}");
        }
        assert_eq!(links.standing().count(), protocol::MAX_LINKS);
    }

    #[test]
    fn a_link_that_was_asked_for_takes_the_place_of_the_one_that_is_used_least() {
        let mut links = Links::new(key(200).0, Vec::new());
        for stranger in 1..=12 {
            let id = link(&mut links, stranger);
            let meter = &links.connections[&id].meter;
            // All send; only one is sent nothing.
            meter.received.store(1 << 20, Ordering::Relaxed);
            meter.sent.store(if stranger == 7 { 0 } else { 1000 }, Ordering::Relaxed);
        }
        for asked in 101..=113 {
            assert!(links.ask(key(asked).0));
            link(&mut links, asked);
            assert!(!is_closing(&links, asked), "{asked}");
        }
        let closing: Vec<_> = (1..=12).filter(|&stranger| is_closing(&links, stranger)).collect();
        assert_eq!(closing, [7]);
        // When nobody else is left, there is no room for more, and whoever is let go is not asked for any more.
        for asked in 114..=124 {
            assert!(links.ask(key(asked).0));
            link(&mut links, asked);
        }
        assert!(!links.ask(key(125).0));
        links.close(key(101).0, "let go");
        assert!(links.ask(key(125).0));
    }

    #[test]
    fn nobodys_silence_means_anything_to_a_node_that_stood_still_itself() {
        let mut links = Links::new(key(200).0, Vec::new());
        link(&mut links, 1);
        let start = Instant::now();
        links.tick(start);
        // A tab that was frozen for an hour.
        let woken = start + Duration::from_secs(3600);
        links.tick(woken);
        assert!(!is_closing(&links, 1));
        // One that is awake, and hears nothing.
        let mut now = woken;
        while now < woken + limits::SILENCE_TIMEOUT {
            now += Duration::from_millis(500);
            links.tick(now);
            assert!(!is_closing(&links, 1));
        }
        links.tick(now + Duration::from_millis(500));
        assert!(is_closing(&links, 1));
    }
}
