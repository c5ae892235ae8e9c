//! What tests of this crate build on.

use abraham_messages::{
    PeerKey, RecipeId,
    collective::{BackendKind, Control, Presence},
    node::{self, Lane},
};

use crate::{Collective, Config, Input, Millis, Output};

/// What a small artist's build says.
pub(crate) fn config() -> Config {
    Config {
        recipe: RecipeId([4; 32]),
        content_bytes: 16,
        batch_bytes: 64,
        update_bytes: [8; 4],
        min_teachers: 3,
        min_pictures: 64,
    }
}

/// The presence of a member of that build that would paint.
pub(crate) fn presence(sequence: u64, links: &[PeerKey]) -> Presence {
    Presence {
        sequence,
        recipe: config().recipe,
        paint: true,
        pictures: 0,
        backend: BackendKind::Cpu,
        addresses: vec!["/memory/1".into()],
        links: links.to_vec(),
        holding: None,
        seated: None,
        known_term: 0,
    }
}

/// A linked member sends `member` a message.
pub(crate) fn control(member: &mut Collective, now: Millis, from: PeerKey, control: &Control) {
    let message = control.encode().into();
    member.handle(now, Input::Node(node::Event::Message { peer: from, lane: Lane::Control, message }));
}

/// All that `member` wants done.
pub(crate) fn drain(member: &mut Collective) -> Vec<Output> {
    std::iter::from_fn(|| member.poll_output()).collect()
}
