//! Rounds and bytes of every primitive, exactly; and that no chain of messages is longer than the rounds counted.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use abraham_messages::{Kind, frame::HEADER_BYTES};
use abraham_mpc::{
    Arithmetic, Channel, Distribution, Error, Factor, Meter, Painter, PainterId, Product, Rescale, Sample,
    Scale,
    channel::{ChannelError, memory},
    split_update,
};
use abraham_ring::{CpuBackend, RingTensor};

use crate::{
    harness::{deal, four_honest, random_tensor},
    script::pairs,
};

const HEADER: u64 = HEADER_BYTES as u64;
/// Elements of the secrets below.
const N: u64 = 6;

/// A channel that counts the longest chain of messages that has led to each painter.
struct Chained<C> {
    inner: C,
    /// The longest chain that has reached this painter; shared, so that a test can read it.
    longest: Rc<Cell<u64>>,
}

impl<C: Channel> Channel for Chained<C> {
    type Deadline = C::Deadline;

    fn deadline(&self) -> C::Deadline {
        self.inner.deadline()
    }

    async fn send(&self, to: PainterId, mut frame: Vec<u8>) -> Result<(), ChannelError> {
        frame.extend_from_slice(&(self.longest.get() + 1).to_le_bytes());
        self.inner.send(to, frame).await
    }

    async fn receive(&self, from: PainterId, until: &C::Deadline) -> Result<Vec<u8>, ChannelError> {
        let mut frame = self.inner.receive(from, until).await?;
        let chain = frame.split_off(frame.len() - 8).try_into().map_or(0, u64::from_le_bytes);
        self.longest.set(self.longest.get().max(chain));
        Ok(frame)
    }
}

/// What all four send while `step` runs, after checking its rounds against the longest chain of its messages.
fn traffic<T>(
    step: impl AsyncFn(&mut Painter<Chained<memory::MemoryChannel>, CpuBackend>) -> Result<T, Error>,
) -> Meter {
    let longest = [0; 4].map(|_| Rc::new(Cell::new(0)));
    let mut counters = longest.iter();
    let network = memory::network().map(|inner| Chained { inner, longest: counters.next().unwrap().clone() });
    let started = RefCell::new([0; 4]);
    let meters = four_honest(network, async |painter| {
        // Everyone hears from everyone, so that all chains are of one length.
        painter.verify().await?;
        painter.take_meter();
        let seat = painter.id().index();
        started.borrow_mut()[seat] = longest[seat].get();
        step(painter).await?;
        Ok(painter.take_meter())
    });
    let started = started.into_inner();
    assert!(started.iter().all(|chain| *chain == started[0]));
    let longest = longest.iter().map(|chain| chain.get()).max().unwrap();
    let mut all = Meter::default();
    for meter in &meters {
        assert_eq!(meter.rounds, meters[0].rounds);
        all.beside(meter);
    }
    assert_eq!(longest - started[0], all.rounds, "the rounds are the longest chain of messages");
    all
}

#[track_caller]
fn assert_traffic(meter: Meter, rounds: u64, frames: u64, payloads: &[(Kind, u64)]) {
    assert_eq!(meter.rounds, rounds, "rounds");
    assert_eq!(meter.frames, frames, "frames");
    let payload: u64 = payloads.iter().map(|(_, bytes)| bytes).sum();
    assert_eq!(meter.bytes(), payload + HEADER * frames, "bytes");
    let kinds: Vec<&str> = meter.by_kind().map(|(kind, _)| kind).collect();
    let mut expected: Vec<Kind> = payloads.iter().map(|(kind, _)| *kind).collect();
    expected.sort_unstable();
    assert_eq!(kinds, expected.iter().map(|kind| kind.name()).collect::<Vec<_>>());
}

/// Twelve hashes, in a frame on each of the twelve links, and a verdict on each.
const SEAL: [(Kind, u64); 2] = [(Kind::Transcript, 12 * 32), (Kind::Verdict, 12)];

fn plain() -> RingTensor {
    random_tensor(2, 3, 20, 1)
}

#[test]
fn joining() {
    let meters = four_honest(memory::network(), async |painter| Ok(painter.take_meter()));
    let mut all = Meter::default();
    meters.iter().for_each(|meter| all.beside(meter));
    // Contributions: two components and a pair in common on each link. Hashes: two on each.
    assert_traffic(all, 2, 24, &[(Kind::Keys, 12 * 3 * 32 + 12 * 2 * 32)]);
}

#[test]
fn joint_inputs() {
    for pair in pairs() {
        for (bits, width) in [(64, 8), (33, 5), (32, 4), (24, 3), (1, 1)] {
            let meter = traffic(async |painter| {
                let value = pair.contains(&painter.id()).then(plain);
                let scale = Scale { ring_bits: bits, fraction_bits: 0 };
                painter.joint_input(pair, value, (2, 3), scale).await
            });
            assert_traffic(meter, 1, 1, &[(Kind::JointInput, N * width)]);
        }
    }
}

#[test]
fn products() {
    for (drop, ring_bits, width) in [(0, 64, 8), (24, 32, 4), (20, 24, 3)] {
        let meter = traffic(async |painter| {
            let x = deal(painter.id(), &plain(), Scale::full(20), 1);
            let factors = [
                Factor::Hadamard { left: &x, right: &x },
                Factor::Matmul { left: (&x, false), right: (&x, true) },
                Factor::SquaredNorm(&x),
            ];
            let batch = factors.map(|factor| Product { factor, bias: None, drop, ring_bits });
            painter.products(&batch).await
        });
        // 6, 2 × 2 and 1 elements, six times each, in six frames.
        assert_traffic(meter, 1, 6, &[(Kind::Multiply, 6 * (N + 4 + 1) * width)]);
    }
}

#[test]
fn opened_products() {
    let meter = traffic(async |painter| {
        let x = deal(painter.id(), &plain(), Scale::full(20), 1);
        let factor = Factor::Hadamard { left: &x, right: &x };
        painter.open_products(&[Product { factor, bias: None, drop: 28, ring_bits: 24 }]).await
    });
    let payloads = [(Kind::Multiply, 6 * N * 3), SEAL[0], SEAL[1], (Kind::Open, 4 * (N * 3 + 32))];
    assert_traffic(meter, 3, 6 + 12 + 12 + 8, &payloads);
}

#[test]
fn openings_and_verification() {
    for (drop, width) in [(0, 8), (32, 4), (40, 3), (63, 1)] {
        let meter = traffic(async |painter| {
            let x = deal(painter.id(), &plain(), Scale::full(20), 1);
            painter.open(&[(&x, drop)]).await
        });
        assert_traffic(meter, 3, 12 + 12 + 8, &[SEAL[0], SEAL[1], (Kind::Open, 4 * (N * width + 32))]);
    }
    let verification = traffic(async |painter| painter.verify().await);
    assert_traffic(verification, 2, 24, &SEAL);
    assert_eq!(verification.bytes(), 612, "what a state costs that leaves the protocol");
    // Nothing is sent and nobody waits where nobody was late.
    assert_traffic(traffic(async |painter| painter.end().await), 0, 0, &[]);
}

#[test]
fn rescaling() {
    // (ring, drop, bytes of 64 − ring + drop bits)
    for (ring_bits, drop, width) in [(64, 8, 1), (64, 20, 3), (32, 0, 4), (44, 10, 4), (63, 0, 1), (2, 0, 8)]
    {
        let meter = traffic(async |painter| {
            let scale = Scale { ring_bits, fraction_bits: 40 };
            let x = deal(painter.id(), &plain(), scale, 1);
            painter.rescale(&[Rescale { secret: &x, drop }]).await
        });
        assert_traffic(meter, 2, 2 + 4, &[(Kind::Truncate, 8 * N * width)]);
    }
}

#[test]
fn sine_layers() {
    for (with_cosine, elements) in [(false, 8), (true, 12)] {
        let meter = traffic(async |painter| {
            let x = deal(painter.id(), &plain(), Scale::full(44), 1);
            painter.sine(&[(&x, with_cosine)]).await.map(|_| ())
        });
        assert_traffic(meter, 2, 2 + 4, &[(Kind::Sine, elements * N * 8)]);
    }
}

#[test]
fn samples() {
    let meter = traffic(async |painter| {
        let part = Distribution::IrwinHall { sigma: 4 };
        let scale = Scale { ring_bits: 40, fraction_bits: 20 };
        painter.sample(&[Sample { rows: 2, cols: 3, scale, part }]).await
    });
    assert_traffic(meter, 1, 6, &[(Kind::JointInput, 6 * N * 5)]);
}

#[test]
fn updates() {
    for count in [1, 5] {
        let meter = traffic(async |painter| {
            let mut updates = Vec::new();
            for _ in 0..count {
                let shares = split_update(&plain(), Scale::full(16), [[1; 32]; 3], &CpuBackend).await?;
                updates.push(shares.into_iter().nth(painter.id().index()));
            }
            painter.accept_updates(updates, (2, 3), Scale::full(16)).await
        });
        // The explicit components twice; a hash of each update, votes and four heard votes on each link.
        let payloads = [
            (Kind::Update, count * 2 * N * 8),
            (Kind::Transcript, count * 12 * 32),
            (Kind::Verdict, 12 * 32 * (1 + 4)),
        ];
        assert_traffic(meter, 3, 2 + 12 + 12 + 12, &payloads);
    }
}

#[test]
fn meters_add_up_beside_and_after_each_other() {
    let one = traffic(async |painter| painter.verify().await);
    let mut twice = one;
    twice.then(&one);
    assert_eq!((twice.rounds, twice.frames, twice.bytes()), (4, 48, 2 * one.bytes()));
    assert_eq!(twice.bytes_of(Kind::Verdict), 2 * 12 * (HEADER + 1));
}
