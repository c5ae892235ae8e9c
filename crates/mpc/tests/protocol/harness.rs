//! Four painters on one thread, and sharings made and put together in the open.

use abraham_mpc::{Channel, Error, Painter, PainterId, Scale, Secret, Sharing};
use abraham_ring::{
    Backend, CpuBackend, RingTensor,
    fixed::{mask, sign_extend},
};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

/// Runs a program on all four painters, after they have joined.
pub(crate) fn four<C: Channel, T>(
    network: [C; 4],
    program: impl AsyncFn(&mut Painter<C, CpuBackend>) -> Result<T, Error>,
) -> [Result<T, Error>; 4] {
    four_on([CpuBackend; 4], network, program)
}

/// As [`four`], each painter on its own backend.
pub(crate) fn four_on<B: Backend, C: Channel, T>(
    backends: [B; 4],
    network: [C; 4],
    program: impl AsyncFn(&mut Painter<C, B>) -> Result<T, Error>,
) -> [Result<T, Error>; 4] {
    let program = &program;
    let seats =
        PainterId::ALL.into_iter().zip(network).zip(backends).map(async |((id, channel), backend)| {
            let entropy = [id.index() as u8 + 1; 32];
            let mut painter = Painter::join(id, channel, backend, entropy).await?;
            program(&mut painter).await
        });
    let results = pollster::block_on(futures::future::join_all(seats));
    results.try_into().unwrap_or_else(|_| unreachable!("there are four"))
}

/// As [`four`], where nothing goes wrong.
pub(crate) fn four_honest<C: Channel, T>(
    network: [C; 4],
    program: impl AsyncFn(&mut Painter<C, CpuBackend>) -> Result<T, Error>,
) -> [T; 4] {
    four(network, program).map(|result| match result {
        Ok(value) => value,
        Err(error) => panic!("an honest run failed: {error}"),
    })
}

/// One painter's part of a random sharing of `plain`; the four parts of one seed fit together.
pub(crate) fn deal(holder: PainterId, plain: &RingTensor, scale: Scale, seed: u64) -> Sharing {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mask = mask(scale.ring_bits);
    let (rows, cols) = plain.shape();
    // Components of few or many set bits, so that sums carry in every way.
    let mut component = |_| {
        RingTensor::from_fn(rows, cols, |_, _| match rng.next_u32() % 4 {
            0 => 0,
            1 => mask,
            _ => rng.next_u64() & mask,
        })
    };
    let mut components: [RingTensor; 4] = [0, 1, 2, 3].map(&mut component);
    let rest = RingTensor::from_fn(rows, cols, |r, c| {
        let drawn = components[1..].iter().fold(0, |sum, x| x.row(r)[c].wrapping_add(sum));
        plain.row(r)[c].wrapping_sub(drawn) & mask
    });
    components[0] = rest;
    let mut c = 0..;
    let components = components.map(|x| (c.next() != Some(holder.index())).then_some(x));
    Sharing::from_components(holder, components, scale).unwrap()
}

/// The secret, sign-extended from its ring, after checking that all holders of a component hold the same.
pub(crate) fn reconstruct(parts: &[Sharing; 4]) -> RingTensor {
    let scale = parts[0].scale();
    let (rows, cols) = parts[0].shape();
    let mut sum = RingTensor::zeros(rows, cols);
    for c in 0..4 {
        let mut holders = parts.iter().filter(|part| part.holder().index() != c);
        let component = holders.next().unwrap().component(c).unwrap();
        assert!(component.data().iter().all(|x| x & !mask(scale.ring_bits) == 0), "component {c} is reduced");
        for part in holders {
            assert_eq!(part.scale(), scale);
            assert!(part.component(c) == Some(component), "the holders of component {c} agree");
        }
        sum.add_assign(component).unwrap();
    }
    for part in parts {
        assert!(part.component(part.holder().index()).is_none());
    }
    sum.map(|x| sign_extend(x, scale.ring_bits).cast_unsigned())
}

/// Uniform over `bits` bits in two's complement, with the two extremes among the first elements.
pub(crate) fn random_tensor(rows: usize, cols: usize, bits: u32, seed: u64) -> RingTensor {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let extremes = [mask(bits) >> 1, (mask(bits) >> 1) + 1];
    RingTensor::from_fn(rows, cols, |r, c| {
        let x = rng.next_u64() & mask(bits);
        let x = *extremes.get(r * cols + c + (seed % 3) as usize).unwrap_or(&x);
        sign_extend(x, bits).cast_unsigned()
    })
}

/// |got · 2^drop − exact| modulo 2^bits, in units of the last place that was kept.
pub(crate) fn error_in_ulp(got: &RingTensor, exact: &RingTensor, drop: u32, bits: u32) -> f64 {
    assert_eq!(got.shape(), exact.shape());
    let errors = got.data().iter().zip(exact.data()).map(|(got, exact)| {
        let difference = i128::from(got.cast_signed()) * (1 << drop) - i128::from(exact.cast_signed());
        sign_extend(difference as u64, bits).unsigned_abs() as f64 / f64::from(drop).exp2()
    });
    errors.fold(0.0, f64::max)
}
