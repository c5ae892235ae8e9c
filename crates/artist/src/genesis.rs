//! Genesis: first weights, drawn jointly so that no one ever knew them.

use std::f64::consts::TAU;

use abraham_mpc::{Channel, Distribution, Painter, Sample, Secret, Sharing};
use abraham_ring::{Backend, fixed::encode};

use crate::{
    Architecture, Artist, Error, Layer,
    scale::{MOMENTUM, WEIGHT},
    update::first_norms,
};

/// Gain of the sine layers at genesis; above 0.7 learning suffers.
const GAIN: f64 = 0.5;
/// Gain of the linear layer at genesis; larger values leave noise in the picture.
const OUTPUT_GAIN: f64 = 0.03;

/// Draws an artist that nobody knows: every weight is the sum of six parts, of which each painter knows three.
///
/// Standard deviations: first layer g/(2π·√in), later sine layers g·√2/(2π·√in), the linear layer 0.03·√2/√in; sine
/// biases uniform over a turn, the linear bias zero.
///
/// # Communication
/// One round; 6 elements a parameter.
///
/// # Errors
/// [`Error::Protocol`].
pub async fn genesis<C: Channel, B: Backend>(
    painter: &mut Painter<C, B>,
    architecture: &Architecture,
) -> Result<Artist<Sharing>, Error> {
    let layers = architecture.layers();
    let last = layers.len() - 1;
    let mut samples = Vec::new();
    for (l, (inputs, outputs)) in layers.iter().enumerate() {
        let fan_in = (*inputs as f64).sqrt();
        let deviation = match l {
            0 => GAIN / (TAU * fan_in),
            l if l == last => OUTPUT_GAIN * 2_f64.sqrt() / fan_in,
            _ => GAIN * 2_f64.sqrt() / (TAU * fan_in),
        };
        // Six independent parts add up to the variance.
        let sigma = encode(deviation / 6_f64.sqrt(), crate::WEIGHT_BITS);
        let part = Distribution::IrwinHall { sigma };
        samples.push(Sample { rows: *inputs, cols: *outputs, scale: WEIGHT, part });
        if l != last {
            let part = Distribution::Uniform { bits: crate::WEIGHT_BITS };
            samples.push(Sample { rows: 1, cols: *outputs, scale: WEIGHT, part });
        }
    }
    let mut drawn = painter.sample(&samples).await?.into_iter();
    let mut weights = Vec::with_capacity(layers.len());
    for (_, outputs) in &layers {
        let zeros = || Sharing::zeros(painter.id(), 1, *outputs, WEIGHT);
        let weight = drawn.next().unwrap_or_else(zeros);
        let bias = drawn.next().unwrap_or_else(zeros);
        weights.push(Layer { weight, bias });
    }
    let still = |secret: &Sharing| {
        let (rows, cols) = secret.shape();
        Sharing::zeros(painter.id(), rows, cols, MOMENTUM)
    };
    let momentum = weights.iter().map(|l| Layer { weight: still(&l.weight), bias: still(&l.bias) }).collect();
    Ok(Artist::new(architecture.clone(), weights, momentum, 0, first_norms(architecture)))
}

#[cfg(test)]
mod tests {
    use abraham_mpc::{PainterId, channel::memory};
    use abraham_ring::{CpuBackend, RingTensor, fixed::decode};
    use futures::future::try_join_all;

    use super::*;

    /// The six parts together have the deviation that the layers are to have, not each of them.
    #[test]
    fn weights_have_the_deviations_of_their_layers() {
        let architecture = Architecture::new(8, &[64, 48], 8, 3).unwrap();
        let artists = pollster::block_on(async {
            let joins = PainterId::ALL.into_iter().zip(memory::network());
            let joins = joins.map(|(id, c)| Painter::join(id, c, CpuBackend, [id.index() as u8; 32]));
            let mut painters = try_join_all(joins).await.unwrap();
            try_join_all(painters.iter_mut().map(|painter| genesis(painter, &architecture))).await.unwrap()
        });
        let whole = |secret: fn(&Layer<Sharing>) -> &Sharing, l: usize| {
            let component = |c: usize| {
                artists.iter().find_map(|artist| secret(&artist.weights[l]).component(c).cloned()).unwrap()
            };
            let mut sum: RingTensor = component(0);
            (1..4).for_each(|c| sum.add_assign(&component(c)).unwrap());
            sum.data().iter().map(|x| decode(*x, crate::WEIGHT_BITS)).collect::<Vec<f64>>()
        };
        let deviation =
            |values: &[f64]| (values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64).sqrt();
        let expected = [
            0.5 / (TAU * 8_f64.sqrt()),
            0.5 * 2_f64.sqrt() / (TAU * 64_f64.sqrt()),
            0.03 * 2_f64.sqrt() / 48_f64.sqrt(),
        ];
        for (l, expected) in expected.into_iter().enumerate() {
            let found = deviation(&whole(|layer| &layer.weight, l));
            assert!((found / expected - 1.0).abs() < 0.1, "layer {l}: {found}, not {expected}");
        }
        // A bias is uniform over a turn: its place within one has the deviation 1/√12.
        for l in [0, 1] {
            let turns: Vec<f64> = whole(|layer| &layer.bias, l).iter().map(|x| x - x.round()).collect();
            assert!((deviation(&turns) * 12_f64.sqrt() - 1.0).abs() < 0.25, "layer {l}");
        }
        assert!(whole(|layer| &layer.bias, 2).iter().all(|x| *x == 0.0));
    }
}
