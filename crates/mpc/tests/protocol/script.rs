//! A program that runs every primitive once.

use abraham_mpc::{
    Arithmetic, Channel, Distribution, Error, Factor, Painter, PainterId, Product, Rescale, Sample, Scale,
    Secret, Sharing, split_update,
};
use abraham_ring::{Backend, CpuBackend, RingTensor};

use crate::harness::random_tensor;

/// The six pairs of painters.
pub(crate) fn pairs() -> impl Iterator<Item = [PainterId; 2]> {
    let p = PainterId::ALL;
    [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]].into_iter().map(move |[a, b]| [p[a], p[b]])
}

/// left · right modulo 2^64, each transposed where its flag is set.
pub(crate) fn matmul(left: (&RingTensor, bool), right: (&RingTensor, bool)) -> RingTensor {
    let seen = |(x, transposed): (&RingTensor, bool)| if transposed { x.transposed() } else { x.clone() };
    let (left, right) = (seen(left), seen(right));
    RingTensor::from_fn(left.rows(), right.cols(), |r, c| {
        let terms = left.row(r).iter().enumerate().map(|(k, x)| x.wrapping_mul(right.row(k)[c]));
        terms.fold(0, u64::wrapping_add)
    })
}

/// What a painter learns from the script.
#[derive(PartialEq, Eq)]
pub(crate) struct Learnt {
    /// Whether the teacher's update counted.
    pub(crate) accepted: bool,
    pub(crate) opened: Vec<RingTensor>,
}

/// A lie that one painter lives: before this step of the script, it changes what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lie {
    pub(crate) painter: PainterId,
    pub(crate) step: usize,
    /// Which of the components it holds is changed.
    pub(crate) component: usize,
}

/// Steps before which a [`Lie`] can take effect.
pub(crate) const STEPS: usize = 6;

/// Inputs, a product with bias and drop, a sine layer, a truncation, a lift, joint randomness, an update, an opened
/// product, an opening with dropped bits, and a last comparison of transcripts.
pub(crate) async fn script<C: Channel, B: Backend>(
    painter: &mut Painter<C, B>,
    lie: Option<Lie>,
) -> Result<Learnt, Error> {
    let id = painter.id();
    let lies = move |step: usize, secret: &Sharing| match lie {
        Some(lie) if lie.painter == id && lie.step == step => changed(secret, lie.component),
        _ => secret.clone(),
    };
    let scale = Scale::full(20);
    let mut inputs = Vec::new();
    for (pair, seed) in pairs().zip(0..) {
        let lied = lie.is_some_and(|lie| lie.painter == id && lie.step == 0);
        let value = random_tensor(2, 3, 20, seed + u64::from(lied));
        let value = pair.contains(&id).then_some(value);
        inputs.push(painter.joint_input(pair, value, (2, 3), scale).await?);
    }
    let bias = inputs[4]
        .sum_rows()?
        .linear(Scale::full(30), |x| Ok(RingTensor::from_fn(1, 2, |_, c| x.data()[c])))?;
    let left = lies(1, &inputs[0]);
    let product = Product {
        factor: Factor::Matmul { left: (&left, false), right: (&inputs[1], true) },
        bias: Some(&bias),
        drop: 8,
        ring_bits: 32,
    };
    let product = painter.products(&[product]).await?.remove(0);
    let layer = painter.sine(&[(&lies(2, &product), true)]).await?.remove(0);
    let cosine = layer.cosine.unwrap_or_else(|| unreachable!("it was asked for"));
    let (sine, product) = (lies(3, &layer.sine), lies(3, &product));
    let lift = product.linear(Scale { ring_bits: 32, fraction_bits: 32 }, |x| Ok(x.clone()))?;
    let batch = [Rescale { secret: &sine, drop: 6 }, Rescale { secret: &lift, drop: 0 }];
    let rescaled = painter.rescale(&batch).await?;
    let part = Distribution::Uniform { bits: 20 };
    let sample = painter.sample(&[Sample { rows: 1, cols: 2, scale: Scale::full(8), part }]).await?;
    let update = random_tensor(2, 2, 64, 9);
    let shares = split_update(&update, scale, [[7; 32], [8; 32], [9; 32]], &CpuBackend).await?;
    let share = shares.into_iter().nth(id.index());
    let update = painter.accept_updates(vec![share], (2, 2), scale).await?.remove(0);
    let accepted = update.is_some();
    let cosine = lies(4, &cosine);
    let batch = [
        Product {
            factor: Factor::Hadamard { left: &cosine, right: &rescaled[0] },
            bias: None,
            drop: 10,
            ring_bits: 40,
        },
        Product { factor: Factor::SquaredNorm(&inputs[2]), bias: None, drop: 0, ring_bits: 64 },
    ];
    let mut opened = painter.open_products(&batch).await?;
    let rest = lies(5, &rescaled[1]);
    let update = update.unwrap_or_else(|| Sharing::zeros(id, 2, 2, scale));
    opened.extend(painter.open(&[(&rest, 4), (&update, 0), (&sample[0], 0)]).await?);
    painter.verify().await?;
    Ok(Learnt { accepted, opened })
}

/// The same sharing but for two bits of the component `component` steps after the one that its holder lacks.
fn changed(secret: &Sharing, component: usize) -> Sharing {
    let holder = secret.holder();
    let liar = (holder.index() + 1 + component % 3) % 4;
    let ring_bits = secret.scale().ring_bits;
    let bits = 1 << (ring_bits / 2) | 1 << (ring_bits - 10);
    let components = [0, 1, 2, 3].map(|c| {
        let component = secret.component(c).cloned();
        component.map(|x| if c == liar { x.map(|x| x ^ bits) } else { x })
    });
    Sharing::from_components(holder, components, secret.scale())
        .unwrap_or_else(|_| unreachable!("it has one shape"))
}
