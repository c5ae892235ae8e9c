//! Four painters' engines as one object: an operation ends when all four have begun it, and it is an error of the
//! collective where they begin different ones.

use std::collections::{BTreeMap, BTreeSet};

use abraham_collective::{Done, Failed, HeldCommitments, Origin, Work};
use abraham_messages::{ArtistName, Commitment, Latent, TermId};
use zeroize::Zeroizing;

/// Simulated bytes of an update's share for each seat.
pub(crate) const UPDATE_BYTES: [usize; 4] = [40, 41, 42, 43];
/// Simulated bytes of a batch.
pub(crate) const BATCH_BYTES: usize = 64;
pub(crate) const CONTENT_BYTES: usize = 16;
/// A painter's channel gives up after so long.
pub(crate) const CHANNEL: u64 = 15_000;

#[derive(Clone, PartialEq, Debug)]
enum Operation {
    Begin(Origin),
    Batch { round: u64 },
    Learn { round: u64, teachers: Vec<u8> },
    Piece { latent: Latent },
}

/// What one member's engine holds.
#[derive(Default)]
pub(crate) struct Engine {
    term: Option<(TermId, usize)>,
    operations: u64,
    /// Commitments of the last two states of what the term works on.
    states: Vec<[Commitment; 4]>,
    /// The artist that the term works on, once one of its states was certified in it.
    named: Option<ArtistName>,
    /// The same of every artist that is kept.
    kept: BTreeMap<ArtistName, Vec<[Commitment; 4]>>,
    /// Seats that it had of each artist: two different ones would show it all four components.
    seats: BTreeSet<(ArtistName, usize)>,
    round: u64,
}

struct Joint {
    operation: Operation,
    began: BTreeMap<usize, (usize, u64)>,
    origin: Origin,
}

/// An answer: which member, with which ticket, and what.
pub(crate) type Answer = (usize, u64, Result<Done, Failed>);

/// All painters' operations that are under way.
#[derive(Default)]
pub(crate) struct Engines {
    joint: BTreeMap<(TermId, u64), Joint>,
    origins: BTreeMap<TermId, Origin>,
    /// Whether members may lie: then operations may differ, and do not end.
    pub(crate) liars: bool,
    /// So many operations are too slow for their channels, and stop with suspects that are none.
    pub(crate) slow: u32,
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

fn commitments(term: &TermId, artist: &ArtistName, round: u64) -> [Commitment; 4] {
    std::array::from_fn(|c| Commitment(hash(&[&term.0, &artist.0, &round.to_le_bytes(), &[c as u8]])))
}

/// The name of an artist whose first state has these.
fn name(first: &[Commitment; 4]) -> ArtistName {
    ArtistName(hash(&[first.map(|commitment| commitment.0).as_flattened()]))
}

fn held(all: [Commitment; 4], seat: usize) -> HeldCommitments {
    std::array::from_fn(|c| (c != seat).then_some(all[c]))
}

/// A teacher's shares: who taught, for which batch.
pub(crate) fn update(teacher: u8, batch: &[u8]) -> [Zeroizing<Vec<u8>>; 4] {
    std::array::from_fn(|seat| {
        let mut share = vec![teacher];
        share.extend(hash(&[batch]));
        share.resize(UPDATE_BYTES[seat], seat as u8);
        Zeroizing::new(share)
    })
}

impl Engines {
    /// A member's engine gets work of its painter. Returns answers of all four where it was the last to begin.
    pub(crate) fn work(&mut self, engine: &mut Engine, node: usize, ticket: u64, work: Work) -> Vec<Answer> {
        let operation = match work {
            Work::Begin { term, origin } => {
                engine.term = Some((term.id, term.seat));
                engine.operations = 0;
                engine.states.clear();
                engine.named = None;
                self.origins.insert(term.id, origin.clone());
                if let Origin::Continue { artist, commitments, holders, .. } = &origin {
                    if holders[term.seat] {
                        let kept = engine.kept.get(artist).expect("a holder has forgotten its artist");
                        assert!(kept.contains(commitments), "a holder lacks the state that it named");
                    }
                    engine.sit(*artist, term.seat);
                }
                Operation::Begin(origin)
            }
            Work::Expect { .. } => return Vec::new(),
            Work::PaintBatch { round, .. } => Operation::Batch { round },
            Work::Learn { round, updates } => {
                let seat = engine.term.expect("learns in a term").1;
                assert!(updates.iter().all(|share| share.len() == UPDATE_BYTES[seat]));
                assert!(
                    updates.iter().all(|share| share[UPDATE_BYTES[0] - 1] == seat as u8),
                    "another seat's share"
                );
                Operation::Learn { round, teachers: updates.iter().map(|share| share[0]).collect() }
            }
            Work::PaintPiece { latent } => Operation::Piece { latent },
            Work::End { term } => {
                if engine.term.is_some_and(|(id, _)| id == term) {
                    engine.term = None;
                }
                self.joint.retain(|(id, _), joint| {
                    *id != term || !joint.began.values().any(|(other, _)| *other == node)
                });
                return Vec::new();
            }
            Work::Keep { artists } => {
                engine.kept.retain(|artist, _| artists.contains(artist));
                if let (Some((_, seat)), Some(first)) = (engine.term, artists.first()) {
                    // Shares of a new artist that was never certified here are forgotten, and do not count as seen.
                    engine.sit(*first, seat);
                    engine.named = Some(*first);
                    engine.kept.insert(*first, engine.states.clone());
                }
                return Vec::new();
            }
            Work::Forget => {
                *engine = Engine::default();
                return Vec::new();
            }
            _ => panic!("no painter's work"),
        };
        let (term, seat) = engine.term.expect("works in a term");
        let key = (term, engine.operations);
        engine.operations += 1;
        let origin = self.origins[&term].clone();
        let fresh = Joint { operation: operation.clone(), began: BTreeMap::new(), origin };
        let joint = self.joint.entry(key).or_insert(fresh);
        if joint.operation != operation {
            assert!(
                self.liars,
                "honest painters begin different things: {operation:?}, {:?}",
                joint.operation
            );
            return Vec::new();
        }
        joint.began.insert(seat, (node, ticket));
        if joint.began.len() < 4 {
            return Vec::new();
        }
        if self.slow > 0 && !matches!(joint.operation, Operation::Begin(_)) {
            return Vec::new();
        }
        let joint = self.joint.remove(&key).expect("it is there");
        let began = joint.began.iter();
        began.map(|(seat, (node, ticket))| (*node, *ticket, Ok(joint.done(&term, *seat)))).collect()
    }

    /// Painters whose channel gave up: those who began an operation that others did not.
    pub(crate) fn give_up(&mut self, node: usize, ticket: u64) -> Option<Answer> {
        let (key, joint) = self
            .joint
            .iter()
            .find(|(_, joint)| joint.began.values().any(|began| *began == (node, ticket)))?;
        let key = *key;
        let all = joint.began.len() == 4;
        // Where all began it and it is slow, some pair or other is named, by all alike.
        let slowest = self.slow as usize % 4;
        let missing = if all { Some(slowest) } else { (0..4).find(|seat| !joint.began.contains_key(seat)) }?;
        if all {
            self.slow = self.slow.saturating_sub(1);
        } else {
            let joint = self.joint.get_mut(&key)?;
            joint.began.retain(|_, began| *began != (node, ticket));
        }
        let suspects = Some([missing, (missing + 1) % 4]);
        Some((node, ticket, Err(Failed { suspects, late: None, reason: "silent".into() })))
    }
}

impl Joint {
    fn done(&self, term: &TermId, seat: usize) -> Done {
        match &self.operation {
            Operation::Begin(Origin::Genesis) => Done::Begun {
                commitments: held(commitments(term, &ArtistName::default(), 0), seat),
                liars: Vec::new(),
            },
            Operation::Begin(Origin::Continue { commitments, .. }) => {
                Done::Begun { commitments: held(*commitments, seat), liars: Vec::new() }
            }
            Operation::Batch { round } => {
                let hash = hash(&[&term.0, &round.to_le_bytes()]);
                Done::Batch { bytes: [hash, hash].concat() }
            }
            Operation::Learn { round, .. } => {
                let artist = match &self.origin {
                    Origin::Continue { artist, .. } => *artist,
                    _ => name(&commitments(term, &ArtistName::default(), 0)),
                };
                Done::Learned {
                    dropped: Vec::new(),
                    commitments: held(commitments(term, &artist, *round), seat),
                }
            }
            Operation::Piece { latent } => Done::Piece { content: latent.0[..CONTENT_BYTES].to_vec() },
        }
    }
}

impl Engine {
    fn sit(&mut self, artist: ArtistName, seat: usize) {
        let other = self.seats.iter().any(|(known, held)| *known == artist && *held != seat);
        assert!(!other, "a member takes a second seat of one artist, and so sees all of it");
        self.seats.insert((artist, seat));
    }

    /// What a real engine keeps when an answer of its own is on its way.
    pub(crate) fn keep(&mut self, engines: &Engines, done: &Done) {
        let Some((term, _)) = self.term else { return };
        let of = |round| match &engines.origins[&term] {
            Origin::Continue { artist, .. } => (*artist, commitments(&term, artist, round)),
            _ => {
                let first = commitments(&term, &ArtistName::default(), 0);
                let artist = name(&first);
                (artist, if round == 0 { first } else { commitments(&term, &artist, round) })
            }
        };
        match done {
            Done::Begun { .. } => {
                let (artist, state) = match &engines.origins[&term] {
                    Origin::Continue { artist, round, commitments, .. } => {
                        self.round = *round;
                        (*artist, *commitments)
                    }
                    _ => {
                        self.round = 0;
                        of(0)
                    }
                };
                // The state before one that was held already stays.
                let kept = self.kept.get(&artist).into_iter().flatten().copied();
                self.states = kept.filter(|known| *known != state).collect();
                self.states.insert(0, state);
            }
            Done::Learned { .. } => {
                self.round += 1;
                let state = of(self.round).1;
                // The state that was learnt from, which is the term's newest, comes first.
                self.states.truncate(1);
                self.states.insert(0, state);
            }
            _ => {}
        }
        self.states.truncate(2);
        if let Some(artist) = self.named {
            self.kept.insert(artist, self.states.clone());
        }
    }
}
