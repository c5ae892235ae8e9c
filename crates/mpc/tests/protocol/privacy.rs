//! What must never happen to keys and components, whatever is opened.

use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

use abraham_messages::{Kind, frame::HEADER_BYTES};
use abraham_mpc::{
    Scale,
    channel::memory::{self, Fate},
};
use abraham_ring::{Backend, CpuBackend, Draw, Error, Matmul, RingTensor};

use crate::{
    harness::{four_honest, four_on},
    script::{pairs, script},
};

/// A backend that notes which streams of which keys are expanded.
#[derive(Default)]
struct Noting(RefCell<Vec<([u8; 32], u64)>>);

impl Backend for &Noting {
    fn name(&self) -> &str {
        "noting"
    }

    async fn matmul(&self, batch: &[Matmul<'_>]) -> Result<Vec<RingTensor>, Error> {
        CpuBackend.matmul(batch).await
    }

    async fn hadamard(&self, batch: &[Vec<(&RingTensor, &RingTensor)>]) -> Result<Vec<RingTensor>, Error> {
        CpuBackend.hadamard(batch).await
    }

    async fn expand(&self, batch: &[Draw<'_>]) -> Result<Vec<RingTensor>, Error> {
        self.0.borrow_mut().extend(batch.iter().map(|draw| (*draw.key, draw.stream)));
        CpuBackend.expand(batch).await
    }

    async fn sine_cosine(&self, angle: &RingTensor, bits: u32) -> Result<(RingTensor, RingTensor), Error> {
        CpuBackend.sine_cosine(angle, bits).await
    }
}

#[test]
fn no_stream_of_a_key_is_used_twice_and_each_painter_lacks_one_key() {
    let notes: [Noting; 4] = Default::default();
    let [a, b, c, d] = &notes;
    let results = four_on([a, b, c, d], memory::network(), async |painter| {
        let learnt = script(painter, None).await?;
        script(painter, None).await?;
        Ok(learnt)
    });
    assert!(results.iter().all(Result::is_ok));
    let mut all_keys = BTreeSet::new();
    for note in &notes {
        let drawn = note.0.borrow();
        // The teacher of the script gives every run the same update, whose seeds have stream 0 alone.
        let drawn: Vec<_> =
            drawn.iter().filter(|(key, _)| ![[7; 32], [8; 32], [9; 32]].contains(key)).collect();
        let distinct: BTreeSet<_> = drawn.iter().collect();
        assert_eq!(distinct.len(), drawn.len());
        let keys: BTreeSet<[u8; 32]> = drawn.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys.len(), 3, "a painter expands the keys of its three components");
        all_keys.extend(keys);
    }
    assert_eq!(all_keys.len(), 4);
}

/// A borrow above the ring would tell whether the value is below the draw.
#[test]
fn no_bit_above_the_ring_travels() {
    for pair in pairs() {
        for ring_bits in [1, 3, 12, 20, 33, 61] {
            let seen = Rc::new(RefCell::new(Vec::new()));
            let log = seen.clone();
            let network = memory::tampered_network(Box::new(move |_, _, frame| {
                if frame[0] == Kind::JointInput as u8 {
                    log.borrow_mut().extend_from_slice(&frame[HEADER_BYTES..]);
                }
                Fate::Deliver
            }));
            four_honest(network, async |painter| {
                let value = pair.contains(&painter.id()).then(|| RingTensor::zeros(8, 8));
                painter.joint_input(pair, value, (8, 8), Scale { ring_bits, fraction_bits: 0 }).await
            });
            let width = ring_bits.div_ceil(8) as usize;
            let seen = seen.borrow();
            assert_eq!(seen.len(), 64 * width);
            let spare = 8 * width as u32 - ring_bits;
            assert!(seen.chunks(width).all(|x| u32::from(x[width - 1]) >> (8 - spare) == 0));
            assert!(seen.iter().any(|x| *x != 0), "the value is masked");
        }
    }
}
