//! Genesis: first weights, drawn jointly so that no one ever knew them.

use std::f64::consts::TAU;

use abraham_mpc::{Channel, Distribution, Painter, Sample, Secret, Sharing};
use abraham_ring::{Backend, fixed::encode};

use crate::{
    Architecture, Artist, Error, Layer,
    scale::{MOMENTUM, WEIGHT},
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
    Ok(Artist::new(architecture.clone(), weights, momentum, 0))
}
