//! How painters come together at the beginning of a term: seats that hold nothing are filled by those that do, and
//! all wait for each other.

use std::sync::Arc;

use abraham_collective::{Failed, Millis, Origin, Term};
use abraham_learning::seat::{Recipe, State};
use abraham_messages::{Commitment, limits::FRAME_TERM_BYTES};
use abraham_mpc::{Channel, PainterId, channel::ChannelError};
use zeroize::Zeroizing;

use crate::{
    Network, Timer,
    channel::LaneChannel,
    limits::{FILL_CHUNK_BYTES, FILL_TIMEOUT},
};

/// The frame by which a painter says that it has all it needs.
const READY: &[u8] = b"ready";

/// With the component's number behind it, the frame by which a painter asks a second holder for a component, since what
/// the first one sent is not what was certified.
const AGAIN: &[u8] = b"again";

/// Who sends component `c` to the seats that hold nothing: the lowest holder that has it.
fn supplier(holders: [bool; 4], c: usize) -> Option<usize> {
    (0..4).find(|seat| holders[*seat] && *seat != c)
}

/// Who is asked for component `c` where its supplier sent another: the next holder that has it.
fn second(holders: [bool; 4], c: usize) -> Option<usize> {
    let first = supplier(holders, c)?;
    (first + 1..4).find(|seat| holders[*seat] && *seat != c)
}

/// The components that seat `to` gets from seat `from`, in the order in which they are sent.
fn supplies(holders: [bool; 4], from: usize, to: usize) -> impl Iterator<Item = usize> {
    (0..4).filter(move |c| *c != to && supplier(holders, *c) == Some(from))
}

fn suspect(a: usize, b: usize, reason: String) -> Failed {
    Failed { suspects: Some([a.min(b), a.max(b)]), late: None, reason }
}

fn own(reason: impl ToString) -> Failed {
    Failed { suspects: None, late: None, reason: reason.to_string() }
}

/// What a painter has once all four have come together.
pub(crate) struct Gathered {
    /// The state that it begins with; none where a new artist is to be drawn.
    pub(crate) state: Option<Arc<State>>,
    /// Seats that sent another component than was certified, where a second holder sent the right one: the certificate
    /// and the second agree, so the first lied.
    pub(crate) liars: Vec<usize>,
}

/// Fills the empty seats of a term and waits for all four.
///
/// # Communication
/// Three components to every empty seat, in chunks, from two or three holders; then one short frame on every link. A
/// component that is not the certified one is asked for again, from the next holder that has it; only where there is
/// none, or it says something else than the certificate, too, does the term end and are two named.
pub(crate) async fn gather<N: Network, T: Timer>(
    channel: &LaneChannel<N, T>,
    term: &Term,
    origin: &Origin,
    held: &[Arc<State>],
    recipe: &Recipe,
) -> Result<Gathered, Failed> {
    let me = term.seat;
    let until = channel.deadline_in(FILL_TIMEOUT);
    let others = || PainterId::ALL.into_iter().filter(|other| other.index() != me);
    let silent = |other: PainterId| move |error: ChannelError| failed(other, error);
    let mut gathered = Gathered { state: None, liars: Vec::new() };
    // Frames of a supplier that are not understood, after which it may still be ready; and who has said that it is.
    let (mut skip, mut ready) = ([0; 4], [false; 4]);
    if let Origin::Continue { round, generation, commitments, holders, .. } = origin {
        if holders[me] {
            let named = |state: &&Arc<State>| is_named(state, me, *round, commitments);
            let mine = held.iter().find(named).cloned();
            let mine = mine.ok_or_else(|| own("the shares that others count on are not here"))?;
            for to in others().filter(|to| !holders[to.index()]) {
                for c in supplies(*holders, me, to.index()) {
                    supply(channel, to, c, &mine, until).await.map_err(silent(to))?;
                }
            }
            gathered.state = Some(mine);
        } else {
            let holders = *holders;
            let mut filling = Filling { channel, me, commitments, holders, recipe, until, skip, ready };
            let state = filling.receive((*round, *generation), &mut gathered.liars).await?;
            (skip, ready) = (filling.skip, filling.ready);
            gathered.state = Some(Arc::new(state));
        }
    }
    for to in others() {
        channel.send_until(to, READY.to_vec(), until).await.map_err(silent(to))?;
    }
    for from in others().filter(|from| !ready[from.index()]) {
        let mut asked = [false; 4];
        loop {
            let frame = channel.receive(from, &until).await.map_err(silent(from))?;
            if frame == READY {
                break;
            }
            if skip[from.index()] > 0 {
                skip[from.index()] -= 1;
                continue;
            }
            let wrong =
                || suspect(me, from.index(), format!("{from} sent something else than that it is ready"));
            // Only an empty seat asks, for each component once, and never for the one that it must lack.
            let c = asks(origin, me, from.index(), &frame).ok_or_else(wrong)?;
            let state = gathered.state.as_ref().filter(|_| !asked[c]).ok_or_else(wrong)?;
            asked[c] = true;
            let commitment = state.state_commitments()[c].unwrap_or_default();
            channel.send_until(from, commitment.0.to_vec(), until).await.map_err(silent(from))?;
            supply(channel, from, c, state, until).await.map_err(silent(from))?;
        }
    }
    Ok(gathered)
}

/// The component that a frame of seat `from` asks seat `me` for, where it may have it from here.
fn asks(origin: &Origin, me: usize, from: usize, frame: &[u8]) -> Option<usize> {
    let Origin::Continue { holders, .. } = origin else { return None };
    let [c] = *frame.strip_prefix(AGAIN)? else { return None };
    let c = usize::from(c);
    let may = c < 4 && c != from && !holders[from] && second(*holders, c) == Some(me);
    may.then_some(c)
}

/// Sends a component in chunks.
async fn supply<N: Network, T: Timer>(
    channel: &LaneChannel<N, T>,
    to: PainterId,
    c: usize,
    state: &State,
    until: Millis,
) -> Result<(), ChannelError> {
    let component = state.component(c).unwrap_or_default();
    for chunk in component.chunks(FILL_CHUNK_BYTES) {
        let mut frame = Vec::with_capacity(chunk.len() + FRAME_TERM_BYTES);
        frame.extend_from_slice(chunk);
        channel.send_until(to, frame, until).await?;
    }
    Ok(())
}

fn is_named(state: &State, me: usize, round: u64, commitments: &[Commitment; 4]) -> bool {
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

/// An empty seat that is being filled.
struct Filling<'a, N, T> {
    channel: &'a LaneChannel<N, T>,
    me: usize,
    commitments: &'a [Commitment; 4],
    holders: [bool; 4],
    recipe: &'a Recipe,
    until: Millis,
    /// Frames of each seat that may come before it is ready.
    skip: [usize; 4],
    /// Who has said that it is ready.
    ready: [bool; 4],
}

impl<N: Network, T: Timer> Filling<'_, N, T> {
    /// Receives the three components of a state of so many rounds and generations and checks each against its
    /// commitment; notes who sent another.
    async fn receive(&mut self, version: (u64, u64), liars: &mut Vec<usize>) -> Result<State, Failed> {
        let holder = PainterId::new(self.me).ok_or_else(|| own("there is no such seat"))?;
        let mut components: [Option<Zeroizing<Vec<u8>>>; 4] = Default::default();
        let mut wrong = Vec::new();
        for from in holder.others() {
            let mut understood = true;
            for c in supplies(self.holders, from.index(), self.me) {
                let component = if understood { self.component(from).await? } else { None };
                understood = component.is_some();
                components[c] = component.filter(|component| self.is_certified(c, component));
                if components[c].is_none() {
                    wrong.push((c, from));
                }
                if !understood {
                    self.skip[from.index()] = 3 * self.bytes().div_ceil(FILL_CHUNK_BYTES);
                }
            }
        }
        for (c, first) in wrong {
            let reason = format!("component {c} from {first} is not the one that was certified");
            let asked = second(self.holders, c).and_then(PainterId::new);
            let asked = asked.ok_or_else(|| suspect(self.me, first.index(), reason.clone()))?;
            let both = || suspect(first.index(), asked.index(), format!("{reason}, nor is that of {asked}"));
            let question = [AGAIN, &[c as u8]].concat();
            let lost = |error| failed(asked, error);
            self.channel.send_until(asked, question, self.until).await.map_err(lost)?;
            // What the second holder has must be what was certified, before its bytes are waited for.
            // It has said that it is ready before it was asked.
            let mut claimed = self.channel.receive(asked, &self.until).await.map_err(lost)?;
            if claimed == READY && !self.ready[asked.index()] {
                self.ready[asked.index()] = true;
                claimed = self.channel.receive(asked, &self.until).await.map_err(lost)?;
            }
            if claimed != self.commitments[c].0 {
                return Err(both());
            }
            let component = self.component(asked).await?.filter(|component| self.is_certified(c, component));
            components[c] = Some(component.ok_or_else(both)?);
            tracing::warn!(reason, "the second holder sent the right one");
            liars.push(first.index());
        }
        liars.sort_unstable();
        liars.dedup();
        let received = components.each_ref().map(|bytes| bytes.as_ref().map(|bytes| bytes.as_slice()));
        State::from_components(&self.recipe.architecture, holder, version, received).map_err(own)
    }

    /// Bytes of a component.
    fn bytes(&self) -> usize {
        State::component_bytes(&self.recipe.architecture)
    }

    /// Receives a component; none where a part of it has another length.
    async fn component(&self, from: PainterId) -> Result<Option<Zeroizing<Vec<u8>>>, Failed> {
        let bytes = self.bytes();
        let mut component = Zeroizing::new(Vec::with_capacity(bytes));
        while component.len() < bytes {
            let chunk = self.channel.receive(from, &self.until).await;
            let chunk = Zeroizing::new(chunk.map_err(|error| failed(from, error))?);
            if chunk.len() != FILL_CHUNK_BYTES.min(bytes - component.len()) {
                return Ok(None);
            }
            component.extend_from_slice(&chunk);
        }
        Ok(Some(component))
    }

    fn is_certified(&self, c: usize, component: &[u8]) -> bool {
        let found = State::component_commitment(&self.recipe.architecture, component);
        found == Some(self.commitments[c])
    }
}

#[cfg(test)]
mod tests {
    use abraham_messages::ArtistName;

    use super::*;

    #[test]
    fn a_seat_is_never_given_the_component_that_it_must_lack() {
        let question = |c: u8| [AGAIN, &[c]].concat();
        for holders in (0..16_u8).map(|bits| std::array::from_fn(|seat| bits >> seat & 1 == 1)) {
            let (artist, commitments) = (ArtistName([1; 32]), [Commitment([2; 32]); 4]);
            let origin = Origin::Continue { artist, round: 1, generation: 0, commitments, holders };
            for (me, from, c) in (0..64).map(|n| (n / 16, n / 4 % 4, n % 4)) {
                let may = asks(&origin, me, from, &question(c as u8)).is_some();
                assert!(!may || c != from && !holders[from] && holders[me] && c != me);
                assert_eq!(may, c != from && !holders[from] && second(holders, c) == Some(me));
                assert_eq!(asks(&Origin::Genesis, me, from, &question(c as u8)), None);
            }
            for frame in [&b"again"[..], b"ready", b"", b"again\x00\x00", b"again\x04"] {
                assert_eq!(asks(&origin, 1, 3, frame), None);
            }
        }
    }

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
                for c in expected {
                    let first = supplier(holders, c).unwrap();
                    let others = (0..4).filter(|seat| holders[*seat] && *seat != c && *seat != first);
                    assert_eq!(second(holders, c), others.min(), "{holders:?}, component {c}");
                }
            }
        }
    }
}
