//! How a committee that stops agrees on two suspects.
//!
//! A painter that finds a fault, waits in vain, or hears that another stopped, gives its *testimony* to all others:
//! why it stopped, how far it was, and its [`Record`] of what passed. Then each passes on the testimonies that it
//! heard. The majority of what it heard of each painter is the same for every honest painter, and is what an honest
//! painter said (the oral-messages algorithm OM(1) of Lamport, Shostak and Pease, *The Byzantine Generals Problem*,
//! 1982, for four of whom one lies). One rule over the four testimonies, [`judge`], then names the same two for all,
//! and the cheat is one of them.

use std::collections::BTreeMap;

use abraham_messages::codec::{DecodeError, Reader};

use crate::{PainterId, committee::PAIRINGS, limits};

/// What frames travel and painters compute in a round is less than this part of a deadline; more is evidence.
const EVIDENCE: i128 = 16;

/// Where a painter does not testify, what others lost is evidence from this part of a deadline on: then the cheat is
/// silent and nobody lost anything, or it is one of those who do testify, at the last comparison of a piece of work. There
/// the whole wait was lost in one or two steps.
const EVIDENCE_OF_THREE: i128 = 4;

/// An honest painter is at most so many rounds ahead of another, of which it needs something every few rounds.
const LEAD: u64 = limits::MAX_TIMED_ROUNDS as u64 / 2;

/// When the frames of one round left and came, in milliseconds by the testifying painter's own clock.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    /// The round.
    pub(crate) round: u64,
    /// When the last frame to each painter was handed over; in the place of the testifying painter, when all were.
    pub(crate) left: [u64; 4],
    /// How long frames to each painter waited for room on its link.
    pub(crate) held: [u64; 4],
    /// The round is the first of a piece of work, before which painters may have been idle.
    pub(crate) first: bool,
    /// The last frame of each painter came; or it was given up, and comes later or never.
    pub(crate) came: [Option<u64>; 4],
}

impl Times {
    /// A time that is none has all bits set.
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.round.to_le_bytes());
        out.extend(self.left.iter().chain(&self.held).flat_map(|time| time.to_le_bytes()));
        out.push(u8::from(self.first));
        out.extend(self.came.iter().flat_map(|came| came.unwrap_or(u64::MAX).to_le_bytes()));
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut times = Self { round: reader.u64()?, ..Self::default() };
        for time in times.left.iter_mut().chain(&mut times.held) {
            *time = reader.u64()?;
        }
        times.first = reader.u8()? == 1;
        for came in &mut times.came {
            *came = Some(reader.u64()?).filter(|came| *came != u64::MAX);
        }
        Ok(times)
    }
}

/// How a painter was found by the end of the committee.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Stopped {
    /// When.
    pub(crate) at: u64,
    /// It waited for a frame of its last round from this painter, which had not come by then.
    pub(crate) waits: Option<PainterId>,
    /// Its piece of work was done.
    pub(crate) idle: bool,
}

impl Stopped {
    const COMPUTES: u8 = 4;
    const IDLE: u8 = 5;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.at.to_le_bytes());
        let otherwise = if self.idle { Self::IDLE } else { Self::COMPUTES };
        out.push(self.waits.map_or(otherwise, PainterId::byte));
    }
}

/// A hash, or a vote, that all who know it must state alike.
pub(crate) type Statement = [u8; 32];

/// What a painter can be held to.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// How often transcripts were found to match, and started anew.
    pub(crate) epoch: u64,
    /// For each pairing of which this painter is sender, witness or receiver: the hash of each round's messages.
    pub(crate) transcripts: [Vec<Statement>; PAIRINGS.len()],
    /// The last statement on each topic.
    pub(crate) statements: BTreeMap<Topic, Statement>,
}

impl Record {
    /// One hash over the transcript of a pairing.
    pub(crate) fn seal(&self, pairing: usize) -> Statement {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.epoch.to_le_bytes());
        hasher.update(self.transcripts[pairing].as_flattened());
        *hasher.finalize().as_bytes()
    }

    /// Begins the next epoch, once all four are content.
    pub(crate) fn restart(&mut self) {
        self.epoch += 1;
        self.transcripts = Default::default();
    }
}

/// What a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Topic(u8);

impl Topic {
    const OPENINGS: u8 = PAIRINGS.len() as u8;
    const CONTRIBUTIONS: u8 = 10;
    const VOTES: u8 = 26;
    const END: u8 = 30;

    /// The seal of the transcript of one of the six pairings, by its sender and its witness.
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

    /// The pairing, where the topic is a transcript.
    fn pairing(self) -> Option<usize> {
        Some(usize::from(self.0)).filter(|pairing| *pairing < PAIRINGS.len())
    }
}

/// Two painters stated different things on one topic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conflict {
    pub(crate) topic: Topic,
    /// Who stated what; where the topic is what one painter said, or a transcript, its author or sender comes first.
    pub(crate) claims: [(PainterId, Statement); 2],
}

/// Why a painter stopped.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reason {
    /// This other painter did what no honest painter does.
    Fault(PainterId),
    /// A frame of the current round did not come from this painter.
    Waited(PainterId),
    /// The time for the whole piece of work was over while it waited for this painter.
    OutOfTime(PainterId),
    /// This other painter stopped, and said so.
    Told {
        /// Who.
        by: PainterId,
        /// One more than that painter's own depth; other reasons have none. So no pointers of this kind lead in a circle.
        depth: u64,
    },
    /// Two others contradict each other.
    Conflict(Conflict),
    /// This other painter alone voted against an update: it says itself who gave it something else.
    Objected(PainterId),
}

impl Reason {
    pub(crate) fn depth(&self) -> u64 {
        match self {
            Self::Told { depth, .. } => *depth,
            _ => 0,
        }
    }
}

/// What one painter says when the committee stops.
#[derive(Debug)]
pub(crate) struct Testimony {
    /// Rounds of which it has sent every frame.
    pub(crate) round: u64,
    pub(crate) reason: Reason,
    pub(crate) stopped: Stopped,
    /// Of the last rounds, in their order, the round above the last one.
    pub(crate) times: Vec<Times>,
    pub(crate) record: Record,
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
            Reason::Objected(x) => out.extend([3, x.byte()]),
            Reason::Told { by, depth } => {
                out.extend([4, by.byte()]);
                out.extend(depth.to_le_bytes());
            }
            Reason::OutOfTime(x) => out.extend([5, x.byte()]),
        }
        self.stopped.encode(&mut out);
        self.times.iter().for_each(|times| times.encode(&mut out));
        out.extend(self.record.epoch.to_le_bytes());
        for transcript in &self.record.transcripts {
            out.extend((transcript.len() as u64).to_le_bytes());
            out.extend_from_slice(transcript.as_flattened());
        }
        for (topic, statement) in &self.record.statements {
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
        let mut reader = Reader::new(bytes, limits::MAX_TESTIMONY_BYTES)?;
        let round = reader.u64()?;
        let reason = match reader.u8()? {
            0 => Reason::Fault(other(reader.u8()?)?),
            1 => Reason::Waited(other(reader.u8()?)?),
            2 => {
                let topic = topic(reader.u8()?)?;
                let first = (other(reader.u8()?)?, reader.array()?);
                let second = (other(reader.u8()?)?, reader.array()?);
                let differ = first.0 != second.0 && first.1 != second.1;
                let authored = topic.author().is_none_or(|author| author == first.0);
                let paired = topic.pairing().is_none_or(|i| {
                    let parts = [PAIRINGS[i].sender, PAIRINGS[i].witness, PAIRINGS[i].receiver()];
                    parts == [first.0, second.0, author]
                });
                if !(differ && authored && paired) {
                    return Err(unknown("topic of a conflict", topic.0));
                }
                Reason::Conflict(Conflict { topic, claims: [first, second] })
            }
            3 => Reason::Objected(other(reader.u8()?)?),
            4 => Reason::Told { by: other(reader.u8()?)?, depth: reader.u64()? },
            5 => Reason::OutOfTime(other(reader.u8()?)?),
            tag => return Err(unknown("reason", tag)),
        };
        let at = reader.u64()?;
        let (waits, idle) = match reader.u8()? {
            Stopped::IDLE => (None, true),
            Stopped::COMPUTES => (None, false),
            painter => (Some(other(painter)?), false),
        };
        let stopped = Stopped { at, waits, idle };
        // Every round has its times, and they do not go back; so a cheat cannot leave out what tells against it.
        let count = round.min(limits::MAX_TIMED_ROUNDS as u64);
        let mut times: Vec<Times> = Vec::with_capacity(count as usize);
        for expected in round - count + 1..=round {
            let entry = Times::decode(&mut reader)?;
            let all = author.index();
            if entry.round != expected || times.last().is_some_and(|last| last.left[all] > entry.left[all]) {
                return Err(DecodeError::UnknownValue { field: "times of round", value: entry.round });
            }
            times.push(entry);
        }
        let mut record = Record { epoch: reader.u64()?, ..Record::default() };
        for transcript in &mut record.transcripts {
            let bytes = usize::try_from(reader.u64()?).unwrap_or(usize::MAX).saturating_mul(32);
            transcript.extend_from_slice(reader.take(bytes)?.as_chunks().0);
        }
        let (chunks, left_over) = reader.rest().as_chunks::<33>();
        if !left_over.is_empty() {
            return Err(DecodeError::BytesLeftOver(left_over.len()));
        }
        for [byte, statement @ ..] in chunks {
            record.statements.insert(topic(*byte)?, *statement);
        }
        Ok(Self { round, reason, stopped, times, record })
    }
}

/// Two painters of whom one did not follow the protocol, by testimonies that all know alike (none of a painter that
/// gave none, or no readable one). At most one painter may be at fault for this to hold. `patience` is the length of a
/// deadline by the clock of the testimonies' times, 0 where they have none.
///
/// Why the cheat is always named, whatever it testifies:
/// - Who claims a fault of x either lies or is right about x.
/// - Who was told by x that x stopped has x's testimony, of the depth that it says. Depths fall along such pointers, so
///   they end at another rule.
/// - Where honest p waits in vain for a frame of a round that honest x has not finished sending, x stopped earlier and
///   has its own reason. Where no time passes, rounds fall along such pointers, as along those of who was told. Where
///   x has finished sending it, p or x lies, or x was late, since somebody kept it waiting: see [`in_vain`].
/// - On a topic that is no transcript honest painters state the same. Where p's account of what a or b stated is not
///   what a or b testifies, p or that painter lies; otherwise a and b do contradict each other.
/// - A lie in one round makes honest painters contradict each other in later rounds, so of transcripts only the first
///   round with a contradiction counts: until then the honest all held the same.
/// - An honest painter that alone votes against an update says who gave it something else; one that does not is no
///   honest one.
pub(crate) fn judge(testimonies: &[Option<Testimony>; 4], patience: u64) -> [PainterId; 2] {
    let of = |painter: PainterId| testimonies[painter.index()].as_ref();
    let (mut waited_in_vain, mut told_by_none) = (None, None);
    for p in PainterId::ALL {
        let Some(testimony) = of(p) else { continue };
        // Who has settled all votes on an update has sent what p waits for: honest painters stop there alike.
        let sent = |x: &Testimony| x.round >= testimony.round || matches!(x.reason, Reason::Objected(_));
        match &testimony.reason {
            Reason::Fault(x) => return [p, *x],
            Reason::Waited(x) if patience > 0 && of(*x).is_some() => {
                // A link that ends does not end because somebody is late.
                if waited(p, testimony, *x) < patience {
                    return [p, *x];
                }
                waited_in_vain = waited_in_vain.or(Some([p, *x]));
            }
            Reason::OutOfTime(x) if patience > 0 && of(*x).is_some() => {
                waited_in_vain = waited_in_vain.or(Some([p, *x]));
            }
            Reason::Told { by, depth } if patience > 0 => match of(*by) {
                Some(said) if said.reason.depth().wrapping_add(1) == *depth => {}
                Some(_) => return [p, *by],
                None => told_by_none = told_by_none.or(Some([p, *by])),
            },
            Reason::Waited(x) | Reason::OutOfTime(x) | Reason::Told { by: x, .. } => {
                if of(*x).is_none_or(sent) {
                    return [p, *x];
                }
            }
            Reason::Conflict(Conflict { topic, claims }) => {
                let contradicts = |x: PainterId, claim: &Statement| match (of(x), topic.pairing()) {
                    // A painter that finished the program and left can no longer testify; its word is not missed.
                    (None, pairing) => pairing.is_some(),
                    // Nobody passes an epoch without p, and p has heard of all in this one.
                    (Some(x), Some(i)) => {
                        x.record.epoch != testimony.record.epoch || x.record.seal(i) != *claim
                    }
                    (Some(x), None) => x.record.statements.get(topic) != Some(claim),
                };
                if let Some((x, _)) = claims.iter().find(|(x, claim)| contradicts(*x, claim)) {
                    return [p, *x];
                }
                let epochs = |x: &PainterId| of(*x).is_some_and(|x| x.record.epoch != testimony.record.epoch);
                return match topic.pairing() {
                    None => [claims[0].0, claims[1].0],
                    Some(_) => match PainterId::ALL.into_iter().find(epochs) {
                        Some(x) => [p, x],
                        None => first_contradiction(testimonies).unwrap_or([claims[0].0, claims[1].0]),
                    },
                };
            }
            Reason::Objected(_) => {}
        }
    }
    for p in PainterId::ALL {
        if let Some(Testimony { reason: Reason::Objected(x), .. }) = of(p) {
            return [p, *x];
        }
    }
    if let Some([p, x]) = waited_in_vain {
        return in_vain(testimonies, p, x, patience);
    }
    // After all that has reasons of its own: one that was done, and was told later, may have heard it from another such
    // one, of which the others know nothing.
    if let Some(pair) = told_by_none {
        return pair;
    }
    // Only a painter that says nothing can be at fault here; any other makes the pair.
    let silent = PainterId::ALL.into_iter().find(|p| of(*p).is_none()).unwrap_or(PainterId::ALL[0]);
    [silent, PainterId::ALL[(silent.index() + 1) % 4]]
}

/// How long `p` says that it waited for `x` in its last round, from the moment when it had sent all of it.
fn waited(p: PainterId, testimony: &Testimony, x: PainterId) -> u64 {
    let last = testimony.times.last();
    last.and_then(|times| times.came[x.index()]?.checked_sub(times.left[p.index()])).unwrap_or(0)
}

/// The suspects where `p` waited a whole deadline for `x`, which testifies, too, or was waiting for it when the time for
/// the work was over.
///
/// A painter that is kept waiting is late itself, so a wait alone tells nothing of who is waited for: what counts is
/// where time was lost ([`most_lost`]). Between honest painters none is.
///
/// Where all four testify, and no time was lost by what they say, nobody can have waited for so long: p lies, or waits
/// for one that had not sent and says that it had nothing to do. Where one does not testify, it is the cheat, or it was
/// done with the last comparison and left. In the second case, x has sent it its verdict, so p would have had it, too:
/// x is the cheat then. In the first, the two at whom the chain of waits ends.
fn in_vain(
    testimonies: &[Option<Testimony>; 4],
    mut p: PainterId,
    mut x: PainterId,
    patience: u64,
) -> [PainterId; 2] {
    let of = |painter: PainterId| testimonies[painter.index()].as_ref();
    let round = |painter: PainterId| of(painter).map_or(0, |testimony| testimony.round);
    if let Some(pair) = contradicting_rounds(testimonies).or_else(|| most_lost(testimonies, p, patience)) {
        return pair;
    }
    while let Some(testimony) = of(x).filter(|testimony| testimony.round < round(p)) {
        if testimony.stopped.idle {
            return [p, x];
        }
        let long = |y: &PainterId| i128::from(waited(x, testimony, *y)) * EVIDENCE > i128::from(patience);
        let Some(y) = testimony.stopped.waits.filter(long) else { break };
        (p, x) = (x, y);
    }
    let silent = PainterId::ALL.into_iter().find(|q| of(*q).is_none());
    silent.filter(|silent| *silent != x).map_or([p, x], |silent| [x, silent])
}

/// Two of whom one says that it is much further than the other, or that a frame came which the other has not sent. So a
/// cheat cannot hide when its frames came and left behind rounds that there were not.
fn contradicting_rounds(testimonies: &[Option<Testimony>; 4]) -> Option<[PainterId; 2]> {
    for (a, b) in PainterId::ALL.into_iter().flat_map(|a| a.others().map(move |b| (a, b))) {
        let (Some(ahead), Some(behind)) = (&testimonies[a.index()], &testimonies[b.index()]) else {
            continue;
        };
        let came = |times: &Times| {
            let pending = times.round == ahead.round && ahead.stopped.waits == Some(b);
            times.round > behind.round && times.came[b.index()].is_some() && !pending
        };
        if ahead.round > behind.round.saturating_add(LEAD) || ahead.times.iter().any(came) {
            return Some([a, b]);
        }
    }
    None
}

/// The two between whom most time was lost until the end of the round in which `accuser` waited, where it is more than
/// frames travel and painters compute. What came later kept nobody waiting in it.
///
/// Time is lost only by a cheat, which sends late, or computes long, or says so:
/// - A frame travels for long, or has not come by the end: its sender or its receiver lies about when. Clocks differ,
///   but in what there and back add up to, or one way takes at one time and at another, the difference cancels out.
/// - A frame waits for long until there is room on its link: the receiver gives none, or the sender lies.
/// - A painter computes for long between the last frame that it needed and its own: it itself is at fault.
/// - A painter's first frames of a piece of work come late: nothing kept it.
fn most_lost(
    testimonies: &[Option<Testimony>; 4],
    accuser: PainterId,
    patience: u64,
) -> Option<[PainterId; 2]> {
    let of = |p: PainterId| testimonies[p.index()].as_ref();
    let until = of(accuser).map_or(0, |testimony| testimony.round);
    let times = |p: PainterId| {
        let times = of(p).map_or(&[][..], |testimony| &testimony.times);
        &times[..times.partition_point(|times| times.round <= until)]
    };
    let at = |p: PainterId, round: u64| times(p).iter().find(|times| times.round == round);
    let is_first = |round: u64| {
        PainterId::ALL.into_iter().filter(|p| at(*p, round).is_some_and(|times| times.first)).count() >= 2
    };
    let between = |from: u64, to: u64| i128::from(to) - i128::from(from);
    let mut lost: Vec<(i128, [PainterId; 2])> = Vec::new();
    for a in PainterId::ALL {
        let other = if a == accuser { PainterId::ALL[(a.index() + 1) % 4] } else { accuser };
        let ready = |times: &Times| times.came.iter().flatten().fold(times.left[a.index()], |x, y| x.max(*y));
        for pair in times(a).windows(2).filter(|pair| !is_first(pair[1].round)) {
            let held: i128 = pair[1].held.iter().map(|held| i128::from(*held)).sum();
            lost.push((between(ready(&pair[0]), pair[1].left[a.index()]) - held, [a, other]));
        }
        if let Some(Testimony { round, stopped: Stopped { at, waits: None, idle: false }, .. }) = of(a)
            && *round < until
        {
            lost.extend(times(a).last().map(|last| (between(ready(last), *at), [a, other])));
        }
        for b in a.others() {
            lost.extend(times(a).iter().map(|times| (i128::from(times.held[b.index()]), [a, b])));
            // What frames from one to the other took, up to the difference of the clocks; and whether they came.
            let took = |from: PainterId, to: PainterId| {
                let waits = of(to).and_then(|to| Some((to.stopped.waits?, to.round)));
                times(to).iter().filter_map(move |came| {
                    let left = at(from, came.round)?.left[to.index()];
                    let took = between(left, came.came[from.index()]?);
                    Some((took, waits != Some((from, came.round))))
                })
            };
            let longest = |from, to| took(from, to).map(|(took, _)| took).max();
            let least = took(a, b).filter(|(_, came)| *came).map(|(took, _)| took).min();
            lost.extend(longest(a, b).zip(longest(b, a)).map(|(there, back)| (there + back, [a, b])));
            lost.extend(longest(a, b).zip(least).map(|(longest, least)| (longest - least, [a, b])));
            for first in times(b).iter().filter(|times| is_first(times.round)) {
                let late = first.came[a.index()].map(|came| between(first.left[b.index()], came));
                lost.extend(late.map(|late| (late, [a, b])));
            }
        }
    }
    let (most, pair) = lost.into_iter().max_by_key(|(lost, _)| *lost)?;
    let evidence = if testimonies.iter().all(Option::is_some) { EVIDENCE } else { EVIDENCE_OF_THREE };
    (most * evidence > i128::from(patience)).then_some(pair)
}

/// The two who contradict each other in the first round in which any do.
fn first_contradiction(testimonies: &[Option<Testimony>; 4]) -> Option<[PainterId; 2]> {
    let transcript = |painter: PainterId, pairing: usize| {
        testimonies[painter.index()].as_ref().map_or(&[][..], |t| &t.record.transcripts[pairing])
    };
    let lengths = PainterId::ALL.into_iter().flat_map(|p| (0..PAIRINGS.len()).map(move |i| (p, i)));
    let rounds = lengths.map(|(p, i)| transcript(p, i).len()).max().unwrap_or(0);
    for round in 0..rounds {
        for (i, pairing) in PAIRINGS.iter().enumerate() {
            let (sender, witness, receiver) = (pairing.sender, pairing.witness, pairing.receiver());
            let [sent, witnessed, received] =
                [sender, witness, receiver].map(|painter| transcript(painter, i).get(round));
            let differ = |x: Option<&Statement>, y: Option<&Statement>| x.zip(y).is_some_and(|(x, y)| x != y);
            // The third case is that of a sender without testimony.
            if differ(sent, witnessed) || (!differ(sent, received) && differ(witnessed, received)) {
                return Some([sender, witness]);
            }
            if differ(sent, received) {
                return Some([sender, receiver]);
            }
        }
    }
    None
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
    use std::cmp::Ordering;

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
        let claim = (painter.clone(), prop_oneof![statement.clone(), Just(SEALED)]);
        let reason = prop_oneof![
            painter.clone().prop_map(Reason::Fault),
            painter.clone().prop_map(Reason::Waited),
            painter.clone().prop_map(Reason::OutOfTime),
            painter.clone().prop_map(Reason::Objected),
            (painter, 0..4_u64).prop_map(|(by, depth)| Reason::Told { by, depth }),
            (topics(), claim.clone(), claim)
                .prop_map(|(topic, a, b)| Reason::Conflict(Conflict { topic, claims: [a, b] })),
        ];
        let transcript = prop::collection::vec(statement.clone(), 0..=ROUNDS);
        let transcripts = prop::array::uniform6(transcript);
        let statements = prop::collection::btree_map(topics(), statement, 0..30);
        let record = (0..2_u64, transcripts, statements)
            .prop_map(|(epoch, transcripts, statements)| Record { epoch, transcripts, statements });
        let testimony = (0..4_u64, reason, record).prop_map(move |(round, mut reason, record)| {
            let author = P[author];
            // A lie about the transcripts that fits who would complain, or even what it testifies itself.
            if let Reason::Conflict(Conflict { topic, claims }) = &mut reason
                && let Some(i) = topic.pairing()
            {
                claims[0].0 = PAIRINGS[i].sender;
                claims[1].0 = PAIRINGS[i].witness;
                for claim in claims.iter_mut().filter(|claim| claim.1 == SEALED) {
                    claim.1 = honest_record(author, 0, ROUNDS, &[0; 64]).seal(i);
                }
            }
            Testimony { round, reason, stopped: Stopped::default(), times: no_clock(round), record }
        });
        prop::option::weighted(0.9, testimony)
            .prop_map(move |t| t.and_then(|t| Testimony::decode(P[author], &t.encode()).ok()))
    }

    /// The times of a painter whose channel has no clock.
    fn no_clock(round: u64) -> Vec<Times> {
        let first = round.saturating_sub(limits::MAX_TIMED_ROUNDS as u64) + 1;
        (first..=round).map(|round| Times { round, ..Times::default() }).collect()
    }

    const ROUNDS: usize = 3;
    /// Stands for the seal of an honest transcript.
    const SEALED: Statement = [9; 32];

    /// What an honest painter's record is where `cheat` lies as a sender in round `lie`, and what each computes from
    /// then on is anything.
    fn honest_record(p: PainterId, cheat: usize, lie: usize, noise: &[u8; 64]) -> Record {
        let mut record = Record::default();
        for (i, pairing) in PAIRINGS.iter().enumerate() {
            let parts = [pairing.sender, pairing.witness, pairing.receiver()];
            if !parts.contains(&p) {
                continue;
            }
            record.transcripts[i] = (0..ROUNDS)
                .map(|round| {
                    // A receiver has what its sender sent.
                    let from = if p == pairing.receiver() { pairing.sender } else { p };
                    let draw = noise[(round * 24 + i * 4 + from.index()) % 64] & 1;
                    let lied_to = p == pairing.receiver() && pairing.sender.index() == cheat;
                    match round.cmp(&lie) {
                        Ordering::Less => [0; 32],
                        Ordering::Equal => [u8::from(lied_to); 32],
                        Ordering::Greater => [draw; 32],
                    }
                })
                .collect();
        }
        record
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(20_000) })]

        /// Three honest testimonies that fit each other, and anything from the fourth: the fourth is named.
        #[test]
        fn the_cheat_is_named_whatever_it_testifies(
            (cheat, lie) in (0..4_usize).prop_flat_map(|cheat| (Just(cheat), any_testimony(cheat))),
            rounds in prop::array::uniform4(1..4_u64),
            choices in prop::array::uniform4((0..4_u8, topics())),
            lied in 0..=ROUNDS,
            noise: [u8; 64],
        ) {
            // On each topic the honest state the same; where the cheat is its author, they may have been told apart.
            let stated = |p: PainterId, topic: Topic| {
                let told_apart = topic.author() == Some(P[cheat]) && p.index().is_multiple_of(2);
                [u8::from(told_apart); 32]
            };
            let record = |p: PainterId| honest_record(p, cheat, lied, &noise);
            let honest = |p: PainterId| {
                let (choice, topic) = choices[p.index()];
                let round = rounds[p.index()];
                let mut others = P.into_iter().filter(|x| *x != p && x.index() != cheat);
                let behind = others.clone().find(|x| rounds[x.index()] < round);
                let waited = Reason::Waited(behind.filter(|_| choice == 1).unwrap_or(P[cheat]));
                let reason = match (choice, topic.author(), topic.pairing()) {
                    (0, _, _) => Reason::Fault(P[cheat]),
                    // A seal of the cheat may be anything; those of the honest are what they testify.
                    (2, _, Some(i)) if PAIRINGS[i].receiver() == p => {
                        let claim = |x: PainterId| match x.index() == cheat {
                            true => [7; 32],
                            false => record(x).seal(i),
                        };
                        let [sender, witness] = [PAIRINGS[i].sender, PAIRINGS[i].witness];
                        let claims = [(sender, claim(sender)), (witness, claim(witness))];
                        if claims[0].1 == claims[1].1 { waited } else { Reason::Conflict(Conflict { topic, claims }) }
                    }
                    (2, author, None) if author != Some(p) => {
                        let x = author.filter(|a| *a != P[cheat]).or_else(|| others.next()).unwrap();
                        let mut claims = [(P[cheat], [7; 32]), (x, stated(x, topic))];
                        if author == Some(x) {
                            claims.reverse();
                        }
                        Reason::Conflict(Conflict { topic, claims })
                    }
                    _ => waited,
                };
                let statements = (0..Topic::END).map(|t| (Topic(t), stated(p, Topic(t)))).collect();
                let times = no_clock(round);
                let record = Record { statements, ..record(p) };
                Some(Testimony { round, reason, stopped: Stopped::default(), times, record })
            };
            let mut testimonies = P.map(honest);
            testimonies[cheat] = lie;
            let named = judge(&testimonies, 0);
            prop_assert!(named.contains(&P[cheat]), "{named:?}, not {cheat}");
        }

        /// The painter that alone voted against an update: honest, and the cheat gave it something else, or the cheat.
        #[test]
        fn who_objects_alone_is_named_or_names_the_cheat(
            (cheat, lie) in (0..4_usize).prop_flat_map(|cheat| (Just(cheat), any_testimony(cheat))),
            objector in 0..4_usize,
            told in prop::array::uniform4(any::<bool>()),
        ) {
            let mut testimonies = P.map(|p| {
                let reason = match p.index() == objector {
                    true => Reason::Fault(P[cheat]),
                    // It heard only that the cheat stopped: earlier than it, or not.
                    false if told[p.index()] && lie.as_ref().is_none_or(|lie| lie.round >= 2) => {
                        Reason::Waited(P[cheat])
                    }
                    false => Reason::Objected(P[objector]),
                };
                let record = honest_record(p, cheat, ROUNDS, &[0; 64]);
                Some(Testimony { round: 2, reason, stopped: Stopped::default(), times: no_clock(2), record })
            });
            testimonies[cheat] = lie;
            let named = judge(&testimonies, 0);
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
                let back = Testimony::decode(P[2], &bytes).map(|back| back.encode());
                prop_assert_eq!(back, Ok(bytes));
            }
        }
    }

    /// A cheat that says again what was true in an epoch before does not get away with it: a seal is over its epoch, and
    /// who testifies another one than those who compared with it is named.
    #[test]
    fn what_was_said_in_another_epoch_does_not_count_in_this_one() {
        let record = |epoch| Record { epoch, ..honest_record(P[1], 0, ROUNDS, &[0; 64]) };
        assert_ne!(record(0).seal(0), record(1).seal(0));
        let [sender, witness] = [PAIRINGS[0].sender, PAIRINGS[0].witness];
        for cheat in [sender, witness] {
            let honest = |p: PainterId| Record { epoch: 1, ..honest_record(p, 0, ROUNDS, &[0; 64]) };
            let stale = || Record { epoch: 0, ..honest(cheat) };
            let claim = |p: PainterId| (p, if p == cheat { stale() } else { honest(p) }.seal(0));
            let conflict = Conflict { topic: Topic::transcript(0), claims: [claim(sender), claim(witness)] };
            let testimonies = P.map(|p| {
                let reason = match p == PAIRINGS[0].receiver() {
                    true => Reason::Conflict(conflict),
                    // It points to the receiver, who is a round behind.
                    false => Reason::Waited(PAIRINGS[0].receiver()),
                };
                let round = 4 + u64::from(p != PAIRINGS[0].receiver());
                let record = if p == cheat { stale() } else { honest(p) };
                Some(Testimony { round, reason, stopped: Stopped::default(), times: no_clock(round), record })
            });
            let named = judge(&testimonies, 0);
            assert!(named.contains(&cheat), "{named:?}, not {cheat}");
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
