//! What happens at the network node: how it is connected, links, and messages that it brings.

use abraham_messages::{
    PeerKey,
    collective::Control,
    node::{Command, Event, Lane},
};

use super::Parts;
use crate::{Rejection, context::Context, members::Told};

impl Parts {
    pub(super) fn handle_node_event(&mut self, context: &mut Context<'_>, event: Event) {
        match event {
            Event::Connecting => self.status.handle_connecting(),
            Event::Online { addresses } => {
                self.status.handle_online();
                self.members.handle_online(addresses);
            }
            Event::Offline { reason } => {
                self.status.handle_offline(&reason);
                self.members.publish_soon();
            }
            Event::Gossip { from, message } => self.handle_gossip(context, from, &message),
            Event::LinkUp { peer } => self.handle_link_up(context, peer),
            Event::LinkDown { peer, .. } => self.handle_link_down(context, &peer),
            Event::Unreachable { peer, .. } => self.links.unreachable(context.now, &peer),
            Event::Message { peer, lane: lane @ (Lane::Control | Lane::Bulk), message } => {
                context.out.command(Command::Acknowledge { peer, lane, bytes: message.len() });
                if self.links.is_up(&peer) {
                    self.handle_message(context, peer, lane, &message);
                } else {
                    self.members.handle_rejection(Rejection::OutOfPlace);
                }
            }
            Event::Sent { peer, lane, bytes } => context.out.sent(&peer, lane, bytes),
            // Only who is linked can be seated. Of others any number may flood the node, under any keys.
            Event::Misbehaved { peer, what } if self.links.is_up(&peer) => {
                self.members.suspect(context, peer, &what);
            }
            Event::Stopped => {
                self.end_all_terms(context);
                self.status.handle_stopped();
            }
            // Frames are the engine's; what later versions of the node tell is not for this one.
            _ => {}
        }
        self.election.review_soon(context.now);
    }

    fn handle_link_up(&mut self, context: &mut Context<'_>, peer: PeerKey) {
        if peer == context.own.me {
            return;
        }
        self.links.link_up(peer);
        context.out.link_up(peer);
        // It may have joined the topic after this member spoke last.
        let told = self.told(context);
        let message = Control::Presence(self.members.presence(context.own, told));
        context.out.control(peer, &message);
        self.keeping.send_holds(context, peer, self.election.begins());
        if let Some(message) = self.seat.shown(&self.keeping) {
            context.out.control(peer, &message);
        }
        self.members.publish_soon();
    }

    fn handle_link_down(&mut self, context: &mut Context<'_>, peer: &PeerKey) {
        if !self.links.link_down(peer) {
            return;
        }
        context.out.link_down(peer);
        self.members.handle_link_down(context.now, peer);
        self.election.handle_link_down(peer);
        self.keeping.handle_link_down(peer);
        self.teaching.handle_link_down(peer);
        if self.seat.forming().is_some_and(|forming| forming.term().seat_of(peer).is_some()) {
            self.give_up_forming(context);
        }
        while let Some(term) = self.seat.term_with(peer) {
            self.handle_painter_unlinked(context, &term, peer);
        }
    }

    /// What this member's presence says that the members do not know.
    pub(super) fn told(&self, context: &Context<'_>) -> Told {
        Told {
            paint: self.election.will_paint(context.now, context.own),
            links: self.links.peers().collect(),
            holding: self.keeping.store().holding(),
            seated: self.seat.seated(),
            known_term: self.around(context.now, context.own).last_term(),
        }
    }
}
