//! How painters come together at the beginning of a term: seats that hold nothing are filled by those that do, and
//! all wait for each other.

use std::sync::Arc;

use abraham_collective::{Failed, Origin, Term};
use abraham_learning::seat::{Recipe, State};
use abraham_mpc::{Channel, PainterId, channel::ChannelError};
use zeroize::Zeroizing;

use crate::{
    Network, Timer,
    channel::LaneChannel,
    limits::{FILL, FILL_CHUNK},
};

/// The frame by which a painter says that it has all it needs.
const READY: &[u8] = b"ready";

/// Who sends component `c` to the seats that hold nothing: the lowest holder that has it.
fn supplier(holders: [bool; 4], c: usize) -> Option<usize> {
    (0..4).find(|seat| holders[*seat] && *seat != c)
}

/// The components that seat `to` gets from seat `from`, in the order in which they are sent.
fn supplies(holders: [bool; 4], from: usize, to: usize) -> impl Iterator<Item = usize> {
    (0..4).filter(move |c| *c != to && supplier(holders, *c) == Some(from))
}

fn suspect(me: usize, other: usize, reason: String) -> Failed {
    let suspects = if me < other { [me, other] } else { [other, me] };
    Failed { suspects: Some(suspects), late: None, reason }
}

fn own(reason: impl ToString) -> Failed {
    Failed { suspects: None, late: None, reason: reason.to_string() }
}

/// Fills the empty seats of a term and waits for all four. Returns the state that this painter begins with; none where
/// a new artist is to be drawn.
///
/// # Communication
/// Three components to every empty seat, in chunks, from two or three holders; then one short frame on every link.
pub(crate) async fn gather<N: Network, T: Timer>(
    channel: &LaneChannel<N, T>,
    term: &Term,
    origin: &Origin,
    held: &[Arc<State>],
    recipe: &Recipe,
) -> Result<Option<Arc<State>>, Failed> {
    let me = term.seat;
    let until = channel.deadline_in(FILL);
    let others = || PainterId::ALL.into_iter().filter(|other| other.index() != me);
    let silent = |other: PainterId| move |error: ChannelError| failed(other, error);
    let mut state = None;
    if let Origin::Continue { round, commitments, holders, .. } = origin {
        if holders[me] {
            let named = |state: &&Arc<State>| is_named(state, me, *round, commitments);
            let mine = held.iter().find(named).cloned();
            let mine = mine.ok_or_else(|| own("the shares that others count on are not here"))?;
            for to in others().filter(|to| !holders[to.index()]) {
                for c in supplies(*holders, me, to.index()) {
                    let component = mine.component(c).unwrap_or_default();
                    for chunk in component.chunks(FILL_CHUNK) {
                        channel.send_until(to, chunk, until).await.map_err(silent(to))?;
                    }
                }
            }
            state = Some(mine);
        } else {
            state = Some(Arc::new(receive(channel, term, *round, commitments, *holders, recipe).await?));
        }
    }
    for to in others() {
        channel.send_until(to, READY, until).await.map_err(silent(to))?;
    }
    for from in others() {
        let frame = channel.receive(from, &until).await.map_err(silent(from))?;
        if frame != READY {
            return Err(suspect(
                me,
                from.index(),
                format!("{from} sent something else than that it is ready"),
            ));
        }
    }
    Ok(state)
}

fn is_named(state: &State, me: usize, round: u64, commitments: &[[u8; 32]; 4]) -> bool {
    let held = state.state_commitments();
    state.round() == round && (0..4).all(|c| held[c] == (c != me).then_some(commitments[c]))
}

/// What did not come names nobody: a lost link is nobody's fault, and who is late may wait for another whose line is
/// slow, or be filled by it.
fn failed(other: PainterId, error: ChannelError) -> Failed {
    match error {
        ChannelError::Closed => own("the term is over"),
        error => Failed {
            suspects: None,
            late: Some(other.index()),
            reason: format!("{other} did not get ready: {error}"),
        },
    }
}

/// Receives the three components of an empty seat, and checks each against its commitment.
async fn receive<N: Network, T: Timer>(
    channel: &LaneChannel<N, T>,
    term: &Term,
    round: u64,
    commitments: &[[u8; 32]; 4],
    holders: [bool; 4],
    recipe: &Recipe,
) -> Result<State, Failed> {
    let me = term.seat;
    let holder = PainterId::new(me).ok_or_else(|| own("there is no such seat"))?;
    let until = channel.deadline_in(FILL);
    let bytes = State::component_bytes(&recipe.architecture);
    let mut components: [Option<Zeroizing<Vec<u8>>>; 4] = Default::default();
    for from in holder.others() {
        for c in supplies(holders, from.index(), me) {
            let mut component = Zeroizing::new(Vec::with_capacity(bytes));
            while component.len() < bytes {
                let chunk = channel.receive(from, &until).await.map_err(|error| failed(from, error))?;
                let chunk = Zeroizing::new(chunk);
                if chunk.len() != FILL_CHUNK.min(bytes - component.len()) {
                    let reason = format!("{from} sent a part of a component that has another length");
                    return Err(suspect(me, from.index(), reason));
                }
                component.extend_from_slice(&chunk);
            }
            if State::component_commitment(&recipe.architecture, &component) != Some(commitments[c]) {
                let reason = format!("component {c} from {from} is not the one that was certified");
                return Err(suspect(me, from.index(), reason));
            }
            components[c] = Some(component);
        }
    }
    let received = components.each_ref().map(|component| component.as_ref().map(|bytes| bytes.as_slice()));
    State::from_components(&recipe.architecture, holder, round, received).map_err(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_empty_seat_gets_each_component_that_it_holds_once() {
        for holders in (0..16_u8).map(|bits| std::array::from_fn(|seat| bits >> seat & 1 == 1)) {
            if holders.iter().filter(|holds| **holds).count() < 2 {
                continue;
            }
            for to in (0..4).filter(|to| !holders[*to]) {
                let mut got: Vec<usize> = (0..4).flat_map(|from| supplies(holders, from, to)).collect();
                got.sort_unstable();
                let expected: Vec<usize> = (0..4).filter(|c| *c != to).collect();
                assert_eq!(got, expected, "{holders:?} to {to}");
                for from in (0..4).filter(|from| !holders[*from]) {
                    assert_eq!(supplies(holders, from, to).count(), 0);
                }
                for from in 0..4 {
                    assert!(supplies(holders, from, to).all(|c| c != from), "nobody sends what it lacks");
                }
            }
        }
    }
}
