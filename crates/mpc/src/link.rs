//! The three links of a painter: sequence numbers, order, kinds, lengths, and the meter.

use std::collections::BTreeMap;

use abraham_messages::{Frame, Kind, limits};

use crate::{Cause, Channel, Error, Meter, PainterId, error::from_channel};

/// A received payload, still behind its frame header.
pub(crate) struct Payload(Vec<u8>);

impl Payload {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0[abraham_messages::frame::HEADER_BYTES..]
    }
}

pub(crate) struct Links<C> {
    me: PainterId,
    channel: C,
    sent: [u64; 4],
    received: [u64; 4],
    ahead: [BTreeMap<u64, Vec<u8>>; 4],
    pub(crate) meter: Meter,
}

impl<C: Channel> Links<C> {
    pub(crate) fn new(me: PainterId, channel: C) -> Self {
        Self {
            me,
            channel,
            sent: [0; 4],
            received: [0; 4],
            ahead: std::array::from_fn(|_| BTreeMap::new()),
            meter: Meter::default(),
        }
    }

    pub(crate) async fn send(&mut self, kind: Kind, to: PainterId, payload: &[&[u8]]) -> Result<(), Error> {
        let sequence = self.sent[to.index()];
        self.sent[to.index()] += 1;
        let mut frame = Frame::start(kind, sequence, payload.iter().map(|part| part.len()).sum());
        for part in payload {
            frame.extend_from_slice(part);
        }
        self.meter.sent(kind, frame.len());
        self.channel.send(to, frame).await.map_err(|error| from_channel(self.me, to, &error))
    }

    /// Waits for the next frame of `from`, which must be of `kind` and carry exactly `expected` bytes.
    pub(crate) async fn receive(
        &mut self,
        kind: Kind,
        from: PainterId,
        expected: usize,
    ) -> Result<Payload, Error> {
        let bytes = self.next(from).await?;
        let malformed = |error| Error::abort(self.me, from, Cause::Malformed(from, error));
        let frame = Frame::decode(&bytes).map_err(malformed)?;
        if frame.kind == Kind::Abort {
            return Err(self.told(from, frame.payload));
        }
        if frame.kind != kind {
            return Err(Error::abort(self.me, from, Cause::OutOfPlace(from)));
        }
        if frame.payload.len() != expected {
            let cause = Cause::Length { from, bytes: frame.payload.len(), expected };
            return Err(Error::abort(self.me, from, cause));
        }
        Ok(Payload(bytes))
    }

    async fn next(&mut self, from: PainterId) -> Result<Vec<u8>, Error> {
        let i = from.index();
        let me = self.me;
        loop {
            let expected = self.received[i];
            if let Some(frame) = self.ahead[i].remove(&expected) {
                self.received[i] += 1;
                return Ok(frame);
            }
            let bytes = self.channel.receive(from).await.map_err(|error| from_channel(me, from, &error))?;
            let frame = Frame::decode(&bytes)
                .map_err(|error| Error::abort(me, from, Cause::Malformed(from, error)))?;
            let sequence = frame.sequence;
            if sequence < expected || self.ahead[i].contains_key(&sequence) {
                return Err(Error::abort(me, from, Cause::Duplicate(from)));
            }
            if sequence - expected > limits::FRAMES_AHEAD {
                return Err(Error::abort(me, from, Cause::OutOfPlace(from)));
            }
            self.ahead[i].insert(sequence, bytes);
        }
    }

    /// Another painter stopped: it names two suspects. An accuser that names nonsense is itself a suspect.
    fn told(&self, from: PainterId, payload: &[u8]) -> Error {
        let seat = |byte: &u8| PainterId::new(usize::from(*byte));
        match payload {
            [a, b] => match (seat(a), seat(b)) {
                (Some(a), Some(b)) if a != b => Error::abort(a, b, Cause::Told(from)),
                _ => Error::abort(self.me, from, Cause::OutOfPlace(from)),
            },
            _ => Error::abort(self.me, from, Cause::OutOfPlace(from)),
        }
    }

    /// Tells the others why this painter stops; whether it reaches them does not matter to the one that stops.
    pub(crate) async fn tell(&mut self, suspects: [PainterId; 2]) {
        for other in self.me.others() {
            let payload = suspects.map(|suspect| suspect.byte());
            let _unreachable_peers_find_out_by_their_deadline =
                self.send(Kind::Abort, other, &[&payload]).await;
        }
    }
}
