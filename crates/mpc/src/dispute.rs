//! How a committee that stops agrees on two suspects.
//!
//! A painter that finds a fault, waits in vain, or hears that another stopped, gives its *testimony* to all others:
//! why it stopped, how far it was, and what it last stated itself on every topic that several painters must state
//! alike. Then each passes on the testimonies that it heard. The majority of what it heard of each painter is the same
//! for every honest painter, and is what an honest painter said (the oral-messages algorithm OM(1) of Lamport, Shostak
//! and Pease, *The Byzantine Generals Problem*, 1982, for four of whom one lies). One rule over the four testimonies,
//! [`judge`], then names the same two for all, and the cheat is one of them.

use std::collections::BTreeMap;

use abraham_messages::codec::{DecodeError, Reader};

use crate::PainterId;

/// Bytes of the longest testimony: one reason, and one statement on each of at most 18 topics.
pub(crate) const TESTIMONY_BYTES: usize = 1024;

/// A hash, or a vote, that all who know it must state alike.
pub(crate) type Statement = [u8; 32];

/// What a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Topic(u8);

impl Topic {
    const OPENINGS: u8 = 6;
    const CONTRIBUTIONS: u8 = 10;
    const VOTES: u8 = 26;
    const END: u8 = 30;

    /// The transcript of one of the six pairings, by its sender and its witness.
    pub(crate) fn transcript(pairing: usize) -> Self {
        Self(pairing as u8)
    }

    /// The component that was served to a painter, by those who served it and its hash.
    pub(crate) fn opening(to: PainterId) -> Self {
        Self(Self::OPENINGS + to.byte())
    }

    /// What `member` contributed to the key of a component, by the component's holders.
    pub(crate) fn contribution(component: u8, member: PainterId) -> Self {
        Self(Self::CONTRIBUTIONS + 4 * component + member.byte())
    }

    /// What a painter voted, by all.
    pub(crate) fn vote(of: PainterId) -> Self {
        Self(Self::VOTES + of.byte())
    }

    /// The painter who could have told two others different things, where the topic is what one painter said.
    fn author(self) -> Option<PainterId> {
        let said = self.0.checked_sub(Self::CONTRIBUTIONS)?;
        PainterId::new(usize::from(said % 4))
    }
}

/// Two painters stated different things on one topic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conflict {
    pub(crate) topic: Topic,
    /// Who stated what; where the topic is what one painter said, that painter comes first.
    pub(crate) claims: [(PainterId, Statement); 2],
}

/// Why a painter stopped.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reason {
    /// This other painter did what no honest painter does.
    Fault(PainterId),
    /// A frame of the current round did not come from this painter, or its own end of the term came instead.
    Waited(PainterId),
    /// Two others contradict each other.
    Conflict(Conflict),
}

/// What one painter says when the committee stops.
#[derive(Debug)]
pub(crate) struct Testimony {
    /// Rounds of which it has sent every frame.
    pub(crate) round: u64,
    pub(crate) reason: Reason,
    pub(crate) statements: BTreeMap<Topic, Statement>,
}

impl Testimony {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = self.round.to_le_bytes().to_vec();
        match &self.reason {
            Reason::Fault(x) => out.extend([0, x.byte()]),
            Reason::Waited(x) => out.extend([1, x.byte()]),
            Reason::Conflict(Conflict { topic, claims }) => {
                out.extend([2, topic.0]);
                for (painter, claim) in claims {
                    out.push(painter.byte());
                    out.extend_from_slice(claim);
                }
            }
        }
        for (topic, statement) in &self.statements {
            out.push(topic.0);
            out.extend_from_slice(statement);
        }
        out
    }

    /// Reads what `author` testified, and refuses what no honest painter says.
    pub(crate) fn decode(author: PainterId, bytes: &[u8]) -> Result<Self, DecodeError> {
        let unknown = |field, value: u8| DecodeError::UnknownValue { field, value: value.into() };
        let topic = |byte: u8| {
            if byte < Topic::END { Ok(Topic(byte)) } else { Err(unknown("topic", byte)) }
        };
        let other = |byte: u8| {
            let painter = PainterId::new(usize::from(byte)).filter(|painter| *painter != author);
            painter.ok_or(unknown("accused painter", byte))
        };
        let mut reader = Reader::new(bytes, TESTIMONY_BYTES)?;
        let round = reader.u64()?;
        let reason = match reader.u8()? {
            0 => Reason::Fault(other(reader.u8()?)?),
            1 => Reason::Waited(other(reader.u8()?)?),
            2 => {
                let topic = topic(reader.u8()?)?;
                let first = (other(reader.u8()?)?, reader.array()?);
                let second = (other(reader.u8()?)?, reader.array()?);
                let differ = first.0 != second.0 && first.1 != second.1;
                let sound = differ && topic.author().is_none_or(|author| author == first.0);
                if !sound {
                    return Err(unknown("topic of a conflict", topic.0));
                }
                Reason::Conflict(Conflict { topic, claims: [first, second] })
            }
            tag => return Err(unknown("reason", tag)),
        };
        let rest = reader.rest();
        let (chunks, left_over) = rest.as_chunks::<33>();
        if !left_over.is_empty() {
            return Err(DecodeError::BytesLeftOver(left_over.len()));
        }
        let mut statements = BTreeMap::new();
        for [byte, statement @ ..] in chunks {
            statements.insert(topic(*byte)?, *statement);
        }
        Ok(Self { round, reason, statements })
    }
}

/// Two painters of whom one did not follow the protocol, by testimonies that all know alike (none of a painter that
/// gave none, or no readable one). At most one painter may be at fault for this to hold.
///
/// Why the cheat is always named, whatever it testifies:
/// - Who claims a fault of x either lies or is right about x.
/// - Honest painters p and x cannot have p wait in vain for a frame of a round that x has finished sending, so where
///   x's round is not below p's, p or x lies. Where it is below, x stopped earlier and has its own reason. Rounds fall
///   along such pointers, so they end at another rule.
/// - On one topic honest painters state the same. Where p's account of what a or b stated is not what a or b testifies,
///   p or that painter lies; otherwise a and b do contradict each other.
pub(crate) fn judge(testimonies: &[Option<Testimony>; 4]) -> [PainterId; 2] {
    let of = |painter: PainterId| testimonies[painter.index()].as_ref();
    for p in PainterId::ALL {
        let Some(testimony) = of(p) else { continue };
        match &testimony.reason {
            Reason::Fault(x) => return [p, *x],
            Reason::Waited(x) => {
                if of(*x).is_none_or(|x| x.round >= testimony.round) {
                    return [p, *x];
                }
            }
            Reason::Conflict(Conflict { topic, claims }) => {
                // A painter that finished the program and left can no longer testify; its word is not missed.
                let contradicted = claims.iter().find(|(painter, claim)| {
                    of(*painter).is_some_and(|x| x.statements.get(topic) != Some(claim))
                });
                return match contradicted {
                    Some((painter, _)) => [p, *painter],
                    None => [claims[0].0, claims[1].0],
                };
            }
        }
    }
    // Only a painter that says nothing can be at fault here; any other makes the pair.
    let silent = PainterId::ALL.into_iter().find(|p| of(*p).is_none()).unwrap_or(PainterId::ALL[0]);
    [silent, PainterId::ALL[(silent.index() + 1) % 4]]
}

/// The value that at least two of three give.
pub(crate) fn majority<T: PartialEq>(values: [Option<T>; 3]) -> Option<T> {
    let [a, b, c] = values;
    if a == b || a == c {
        return a;
    }
    if b == c { b } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const P: [PainterId; 4] = PainterId::ALL;

    fn topics() -> impl Strategy<Value = Topic> {
        (0..Topic::END).prop_map(Topic)
    }

    /// Testimony of a liar: anything that decodes, with few values so that it often fits what others say.
    fn any_testimony(author: usize) -> impl Strategy<Value = Option<Testimony>> {
        let painter = (1..4_usize).prop_map(move |k| P[(author + k) % 4]);
        let statement = (0..2_u8).prop_map(|x| [x; 32]);
        let claim = (painter.clone(), statement.clone());
        let reason = prop_oneof![
            painter.clone().prop_map(Reason::Fault),
            painter.prop_map(Reason::Waited),
            (topics(), claim.clone(), claim)
                .prop_map(|(topic, a, b)| Reason::Conflict(Conflict { topic, claims: [a, b] })),
        ];
        let statements = prop::collection::btree_map(topics(), statement, 0..18);
        let testimony = (0..4_u64, reason, statements).prop_map(|(round, reason, statements)| Testimony {
            round,
            reason,
            statements,
        });
        prop::option::weighted(0.9, testimony)
            .prop_map(move |t| t.and_then(|t| Testimony::decode(P[author], &t.encode()).ok()))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        /// Three honest testimonies that fit each other, and anything from the fourth: the fourth is named.
        #[test]
        fn the_cheat_is_named_whatever_it_testifies(
            (cheat, lie) in (0..4_usize).prop_flat_map(|cheat| (Just(cheat), any_testimony(cheat))),
            rounds in prop::array::uniform4(1..4_u64),
            choices in prop::array::uniform4((0..4_u8, topics())),
        ) {
            // On each topic the honest state the same; where the cheat is its author, they may have been told apart.
            let stated = |p: PainterId, topic: Topic| {
                let told_apart = topic.author() == Some(P[cheat]) && p.index().is_multiple_of(2);
                [u8::from(told_apart); 32]
            };
            let honest = |p: PainterId| {
                let (choice, topic) = choices[p.index()];
                let round = rounds[p.index()];
                let statements = (0..Topic::END).map(|t| (Topic(t), stated(p, Topic(t)))).collect();
                let mut others = P.into_iter().filter(|x| *x != p && x.index() != cheat);
                let behind = others.clone().find(|x| rounds[x.index()] < round);
                let reason = match (choice, behind, topic.author()) {
                    (0, _, _) => Reason::Fault(P[cheat]),
                    (1, Some(x), _) => Reason::Waited(x),
                    (2, _, author) if author != Some(p) => {
                        let x = author.filter(|a| *a != P[cheat]).or_else(|| others.next()).unwrap();
                        let mut claims = [(P[cheat], [7; 32]), (x, stated(x, topic))];
                        if author == Some(x) {
                            claims.reverse();
                        }
                        Reason::Conflict(Conflict { topic, claims })
                    }
                    _ => Reason::Waited(P[cheat]),
                };
                Some(Testimony { round, reason, statements })
            };
            let mut testimonies = P.map(honest);
            testimonies[cheat] = lie;
            let named = judge(&testimonies);
            prop_assert!(named.contains(&P[cheat]), "{named:?}, not {cheat}");
        }

        #[test]
        fn testimonies_survive_the_wire_and_garbage_is_refused(
            bytes in prop::collection::vec(any::<u8>(), 0..1200),
            testimony in any_testimony(2),
        ) {
            let _refused_or_read_but_never_a_panic = Testimony::decode(P[2], &bytes);
            if let Some(testimony) = testimony {
                let bytes = testimony.encode();
                prop_assert!(bytes.len() <= TESTIMONY_BYTES);
                let back = Testimony::decode(P[2], &bytes).map(|back| back.encode());
                prop_assert_eq!(back, Ok(bytes));
            }
        }
    }

    #[test]
    fn two_of_three_make_a_majority() {
        assert_eq!(majority([Some(1), Some(2), Some(1)]), Some(1));
        assert_eq!(majority([Some(3), Some(2), Some(2)]), Some(2));
        assert_eq!(majority([Some(3), None, None]), None);
        assert_eq!(majority([Some(1), Some(2), Some(3)]), None);
    }
}
