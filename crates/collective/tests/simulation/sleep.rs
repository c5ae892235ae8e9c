//! A laptop whose lid is closed: a member that gets neither input nor time, and wakes with all of it at once.

use abraham_collective::Input;
use abraham_messages::node;

use crate::world::{What, World};

/// The transport gives a link up whose other side has said nothing for so long, at the latest.
const SILENCE: (u64, u64) = (15_000, 20_000);

/// Since when a member stands still, and what waits for it.
pub(crate) struct Sleep {
    since: u64,
    backlog: Vec<What>,
}

/// How a member finds the world when it wakes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waking {
    /// Whether its clock went on; some machines' monotonic clocks stand still in sleep.
    pub(crate) clock_went_on: bool,
    /// Whether its timers are served before its queued input.
    pub(crate) timers_first: bool,
    /// How long its own node may need to find out that links are gone.
    pub(crate) noticed: u64,
}

impl World {
    /// The member stands still from now on. Its links die when their other sides have had enough of its silence.
    pub(crate) fn close_lid(&mut self, node: usize) {
        self.nodes[node].asleep = Some(Sleep { since: self.now, backlog: Vec::new() });
        for other in (0..self.nodes.len()).filter(|other| self.linked(node, *other)).collect::<Vec<_>>() {
            let wait = self.between(SILENCE);
            let link = self.link(node, other);
            self.at(wait, What::LinkDies(node, other, link));
        }
    }

    /// The member goes on, with all that came in between.
    pub(crate) fn open_lid(&mut self, node: usize, waking: Waking) {
        let Some(Sleep { since, backlog }) = self.nodes[node].asleep.take() else { return };
        if !waking.clock_went_on {
            let clock = &mut self.nodes[node].clock;
            *clock = clock.checked_sub(self.now - since).expect("clocks begin later than any sleep is long");
        }
        if waking.timers_first {
            self.timers(node);
        }
        for what in backlog {
            let link_down = matches!(&what, What::Tell(_, Input::Node(node::Event::LinkDown { .. })));
            let wait = if link_down { self.between((0, waking.noticed)) } else { 0 };
            self.at(wait, what);
        }
        // Whoever slept wakes its timers anew.
        self.at(0, What::Wake(node));
    }

    /// Keeps what happens to a member that stands still until it wakes; the rest happens.
    pub(crate) fn unless_asleep(&mut self, what: What) -> Option<What> {
        let asleep = |node: usize| self.nodes[node].asleep.is_some();
        match what {
            What::Tell(node, _) | What::Done { node, .. } | What::GiveUp { node, .. } if asleep(node) => {
                self.nodes[node].asleep.as_mut()?.backlog.push(what);
                None
            }
            What::Wake(node) if asleep(node) => None,
            What::Carry { from, to, link, lane, message } if asleep(to) => {
                if self.link(from, to) == Some(link) {
                    // It arrives, and nobody takes it.
                    let bytes = message.len();
                    let peer = self.nodes[to].key;
                    self.happen(What::Tell(from, Input::Node(node::Event::Sent { peer, lane, bytes })));
                    let peer = self.nodes[from].key;
                    self.happen(What::Tell(to, Input::Node(node::Event::Message { peer, lane, message })));
                }
                None
            }
            What::LinkUp(a, b) if asleep(a) || asleep(b) => {
                let event = node::Event::Unreachable { peer: self.nodes[b].key, reason: "no answer".into() };
                self.happen(What::Tell(a, Input::Node(event)));
                None
            }
            awake => Some(awake),
        }
    }
}
