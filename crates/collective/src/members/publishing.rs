//! What a member tells others of itself, and when.

use abraham_messages::{
    PeerKey,
    collective::{Control, Gossip, Holding, Presence, Seated},
    limits::{MAX_ADDRESS_BYTES, MAX_ADDRESSES, MAX_LINKS},
    node::Command,
};

use crate::{
    Millis,
    context::{Context, Own},
    limits,
    links::Links,
};

/// What a presence says that other parts know.
pub(crate) struct Told {
    pub(crate) paint: bool,
    pub(crate) links: Vec<PeerKey>,
    pub(crate) holding: Option<Holding>,
    pub(crate) seated: Option<Seated>,
    pub(crate) known_term: u64,
}

/// When and what was published of this member.
pub(super) struct Publishing {
    sequence: u64,
    addresses: Vec<String>,
    last: Option<Millis>,
    changed: bool,
}

impl Default for Publishing {
    /// Nobody knows of it yet.
    fn default() -> Self {
        Self { sequence: 0, addresses: Vec::new(), last: None, changed: true }
    }
}

impl Publishing {
    /// A relay is reached, where this member has these addresses; those that nobody would take in are left out.
    pub(super) fn handle_online(&mut self, mut addresses: Vec<String>) {
        addresses.retain(|address| address.len() <= MAX_ADDRESS_BYTES);
        addresses.truncate(MAX_ADDRESSES);
        self.addresses = addresses;
        self.last = None;
        self.changed = true;
    }

    /// What others should know changed.
    pub(super) fn soon(&mut self) {
        self.changed = true;
    }

    pub(super) fn due(&self) -> Millis {
        let Some(last) = self.last else { return 0 };
        let wait = if self.changed { limits::MIN_PRESENCE_INTERVAL } else { limits::PRESENCE_INTERVAL };
        last.saturating_add(wait)
    }

    pub(super) fn presence(&mut self, own: &Own, told: Told) -> Presence {
        self.sequence += 1;
        let Told { paint, mut links, holding, seated, known_term } = told;
        links.truncate(MAX_LINKS);
        Presence {
            sequence: self.sequence,
            recipe: own.config.recipe,
            paint,
            pictures: own.settings.pictures,
            backend: own.settings.backend,
            addresses: self.addresses.clone(),
            links,
            holding,
            seated,
            known_term,
        }
    }

    /// To everyone, or to those that are linked where `links` are given.
    pub(super) fn publish(&mut self, context: &mut Context<'_>, told: Told, links: Option<&Links>) {
        let presence = self.presence(context.own, told);
        match links {
            None => {
                let message = Gossip::Presence(presence).encode();
                context.out.command(Command::Publish { message });
            }
            Some(links) => {
                let message = Control::Presence(presence);
                for peer in links.peers() {
                    context.out.control(peer, &message);
                }
            }
        }
        self.last = Some(context.now);
        self.changed = false;
    }

    pub(super) fn leave(&mut self) -> Gossip {
        self.sequence += 1;
        Gossip::Leave { sequence: self.sequence }
    }
}
