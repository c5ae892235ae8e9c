//! The PRF keys of a term: one for each component, known to its three holders, and one for each pair.

use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use zeroize::{Zeroize, Zeroizing};

use abraham_messages::Kind;

use crate::{
    Cause, Channel, Error, PainterId,
    committee::PAIRINGS,
    dispute::{Statement, Topic},
    link::Links,
};

const CONTEXT: &str = "abraham 2026-11 painters' PRF key v1";

/// The keys that one painter holds: those of three components, and of the three pairs it is in.
pub(crate) struct Keys {
    pub(crate) components: [[u8; 32]; 4],
    pub(crate) pairs: [[u8; 32]; PAIRINGS.len()],
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.components.zeroize();
        self.pairs.zeroize();
    }
}

/// A set of painters that share a key: the holders of a component, or a pair.
struct Circle {
    label: u8,
    members: Vec<PainterId>,
}

fn circles() -> Vec<Circle> {
    let components =
        PainterId::ALL.map(|lacking| Circle { label: lacking.byte(), members: lacking.others().collect() });
    let pairs = PAIRINGS.iter().zip(4u8..).map(|(pairing, label)| {
        let mut members = vec![pairing.sender, pairing.witness];
        members.sort_unstable();
        Circle { label, members }
    });
    components.into_iter().chain(pairs).collect()
}

/// Agrees on the keys of a term: every member of a circle contributes 32 bytes, so a key is fresh if one of its
/// members is honest, and the members then compare what they got from each other.
///
/// # Communication
/// Two rounds: contributions, and hashes of what was received.
pub(crate) async fn agree<C: Channel>(
    me: PainterId,
    links: &mut Links<C>,
    entropy: [u8; 32],
) -> Result<Keys, Error> {
    let mut rng = ChaCha12Rng::from_seed(entropy);
    let circles = circles();
    let mine: Vec<(&Circle, Zeroizing<[u8; 32]>)> = circles
        .iter()
        .filter(|circle| circle.members.contains(&me))
        .map(|circle| {
            let mut contribution = Zeroizing::new([0; 32]);
            rng.fill_bytes(contribution.as_mut());
            (circle, contribution)
        })
        .collect();
    for (circle, contribution) in mine.iter().filter(|(circle, _)| circle.members.len() == 3) {
        links.state(Topic::contribution(circle.label, me), hash(contribution));
    }
    for to in me.others() {
        let shared: Vec<&[u8]> = mine
            .iter()
            .filter(|(circle, _)| circle.members.contains(&to))
            .map(|(_, contribution)| contribution.as_slice())
            .collect();
        links.send(Kind::Keys, to, &shared).await?;
    }
    links.next_round()?;
    // Contributions to each of my circles, by member, mine among them.
    let mut contributions: Vec<[Zeroizing<[u8; 32]>; 4]> =
        mine.iter().map(|_| std::array::from_fn(|_| Zeroizing::new([0; 32]))).collect();
    for (place, (_, contribution)) in contributions.iter_mut().zip(&mine) {
        place[me.index()] = contribution.clone();
    }
    for from in me.others() {
        let shared: Vec<usize> = (0..mine.len()).filter(|i| mine[*i].0.members.contains(&from)).collect();
        let payload = links.receive(Kind::Keys, from, 32 * shared.len()).await?;
        for (i, bytes) in shared.into_iter().zip(payload.bytes().chunks_exact(32)) {
            contributions[i][from.index()].copy_from_slice(bytes);
        }
    }
    confirm(me, links, &mine, &contributions).await?;
    let mut keys = Keys { components: [[0; 32]; 4], pairs: [[0; 32]; PAIRINGS.len()] };
    for ((circle, _), contributions) in mine.iter().zip(&contributions) {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&[circle.label]);
        for member in &circle.members {
            hasher.update(contributions[member.index()].as_slice());
        }
        let key = *hasher.finalize().as_bytes();
        match usize::from(circle.label) {
            component @ 0..4 => keys.components[component] = key,
            pair => keys.pairs[pair - 4] = key,
        }
    }
    Ok(keys)
}

fn hash(contribution: &[u8; 32]) -> Statement {
    *blake3::hash(contribution).as_bytes()
}

/// Two holders of a component compare what the third gave them: if it differs, one of these three lied.
async fn confirm<C: Channel>(
    me: PainterId,
    links: &mut Links<C>,
    mine: &[(&Circle, Zeroizing<[u8; 32]>)],
    contributions: &[[Zeroizing<[u8; 32]>; 4]],
) -> Result<(), Error> {
    let third_parties = |other: PainterId| {
        mine.iter().enumerate().flat_map(move |(i, (circle, _))| {
            let both = circle.members.contains(&other);
            let third = circle.members.iter().copied().filter(move |m| both && *m != me && *m != other);
            third.map(move |third| (i, third))
        })
    };
    let hash = |i: usize, member: PainterId| hash(&contributions[i][member.index()]);
    for (i, third) in me.others().flat_map(third_parties) {
        links.state(Topic::contribution(mine[i].0.label, third), hash(i, third));
    }
    for to in me.others() {
        let hashes: Vec<u8> = third_parties(to).flat_map(|(i, third)| hash(i, third)).collect();
        links.send(Kind::Keys, to, &[&hashes]).await?;
    }
    links.next_round()?;
    let mut failure = Ok(());
    for from in me.others() {
        let expected: Vec<(usize, PainterId)> = third_parties(from).collect();
        let payload = links.receive(Kind::Keys, from, 32 * expected.len()).await?;
        for ((i, third), theirs) in expected.into_iter().zip(payload.bytes().as_chunks::<32>().0) {
            let own = hash(i, third);
            if own != *theirs && failure.is_ok() {
                let topic = Topic::contribution(mine[i].0.label, third);
                failure = Err(links.conflict(topic, [(third, own), (from, *theirs)], Cause::Keys));
            }
        }
    }
    failure
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

    use abraham_messages::frame::HEADER_BYTES;
    use futures::future::join_all;

    use super::*;
    use crate::channel::memory::{self, Fate};

    /// Whatever a painter sees while keys are agreed on, no choice of it derives a key that the painter must lack.
    #[test]
    fn no_painter_can_derive_a_key_that_it_must_lack() {
        // What each painter sent each other one, the contributions first.
        let seen = Rc::new(RefCell::new(Vec::new()));
        let log = seen.clone();
        let network = memory::tampered_network(Box::new(move |from, to, frame| {
            let chunks: Vec<[u8; 32]> = frame[HEADER_BYTES..].as_chunks().0.to_vec();
            log.borrow_mut().push((from, to, chunks));
            Fate::Deliver
        }));
        let joins = PainterId::ALL.into_iter().zip(network).map(async |(id, channel)| {
            let mut links = Links::new(id, channel);
            agree(id, &mut links, [id.byte() + 1; 32]).await
        });
        let keys: Vec<Keys> =
            pollster::block_on(join_all(joins)).into_iter().map(|keys| keys.ok().unwrap()).collect();
        let seen = seen.borrow();
        for (p, circle) in PainterId::ALL.into_iter().flat_map(|p| circles().into_iter().map(move |c| (p, c)))
        {
            let key = match usize::from(circle.label) {
                component @ 0..4 => keys[circle.members[0].index()].components[component],
                pair => keys[circle.members[0].index()].pairs[pair - 4],
            };
            // What it has of each member: all that this one sent it, or all that it sent itself.
            let has = |member: PainterId| -> BTreeSet<[u8; 32]> {
                let with_it =
                    seen.iter().filter(|(from, to, _)| *from == member && (*to == p || member == p));
                with_it.flat_map(|(_, _, chunks)| chunks.iter().copied()).collect()
            };
            let mut guesses = vec![blake3::Hasher::new_derive_key(CONTEXT)];
            guesses[0].update(&[circle.label]);
            for member in &circle.members {
                let has = has(*member);
                let longer = guesses.iter().flat_map(|guess| {
                    has.iter().map(move |contribution| {
                        let mut guess = guess.clone();
                        guess.update(contribution);
                        guess
                    })
                });
                guesses = longer.collect();
            }
            let derives = guesses.iter().any(|guess| *guess.finalize().as_bytes() == key);
            assert_eq!(derives, circle.members.contains(&p), "{p} and the key of circle {}", circle.label);
        }
        for p in PainterId::ALL {
            let mut sent = seen.iter().filter(|(from, _, _)| *from == p);
            let contributions: BTreeSet<[u8; 32]> =
                sent.by_ref().take(3).flat_map(|(_, _, chunks)| chunks.iter().copied()).collect();
            assert_eq!(contributions.len(), 6, "{p} contributes to its six circles, to each something else");
        }
    }
}
