//! Every primitive against plain arithmetic, over random shapes, rings and sharings.

use abraham_mpc::{
    Arithmetic, Distribution, Error, Factor, PainterId, Product, Rescale, Sample, Scale, Secret, Sharing,
    channel::memory, split_update,
};
use abraham_ring::{
    Backend, CpuBackend, Operand, RingTensor,
    fixed::{decode, mask, sign_extend},
};
use proptest::prelude::*;

use crate::{
    harness::{deal, error_in_ulp, four, four_honest, random_tensor, reconstruct},
    script::{matmul, pairs},
};

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) }
}

fn rows_and_cols() -> impl Strategy<Value = (usize, usize)> {
    (1..6_usize, 1..7_usize)
}

/// left · right, element by element of `f`'s choosing, modulo 2^64.
fn hadamard(left: &RingTensor, right: &RingTensor) -> RingTensor {
    RingTensor::from_fn(left.rows(), left.cols(), |r, c| left.row(r)[c].wrapping_mul(right.row(r)[c]))
}

fn reduced(x: RingTensor, bits: u32) -> RingTensor {
    x.map(|x| sign_extend(x, bits).cast_unsigned())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_joint_input_is_exact_for_every_pair(
        (rows, cols) in rows_and_cols(), bits in 1..=64_u32, seed: u64,
    ) {
        let scale = Scale { ring_bits: bits, fraction_bits: 3 };
        let plain = random_tensor(rows, cols, bits, seed);
        for pair in pairs() {
            let parts = four_honest(memory::network(), async |painter| {
                let value = pair.contains(&painter.id()).then(|| plain.clone());
                painter.joint_input(pair, value, (rows, cols), scale).await
            });
            prop_assert!(reconstruct(&parts) == plain);
            prop_assert_eq!(parts[0].scale(), scale);
        }
    }

    #[test]
    fn a_matmul_is_within_three_units_and_exact_without_a_drop(
        (rows, inner, cols) in (1..6_usize, 1..6_usize, 1..6_usize),
        transposed in any::<[bool; 2]>(),
        (operand_bits, ring_bits) in (1..=64_u32).prop_flat_map(|bits| (Just(bits), 1..=bits)),
        (drops, biased) in any::<[bool; 2]>().prop_map(|[drops, biased]| (drops, biased)),
        seed: u64,
    ) {
        let drop = if drops { (operand_bits - ring_bits).min(40) } else { 0 };
        let shape = |(r, c), t| if t { (c, r) } else { (r, c) };
        let (lr, lc) = shape((rows, inner), transposed[0]);
        let (rr, rc) = shape((inner, cols), transposed[1]);
        let left = random_tensor(lr, lc, operand_bits, seed);
        let right = random_tensor(rr, rc, operand_bits, seed ^ 1);
        let bias = random_tensor(1, cols, operand_bits, seed ^ 2);
        let scale = Scale { ring_bits: operand_bits, fraction_bits: 20 };
        // The bias has as many fraction bits as the product, or fewer where its ring reaches as high then.
        let raise = (operand_bits - ring_bits - drop).min(7);
        let bias_scale = Scale { ring_bits: operand_bits - raise, fraction_bits: 40 - raise };
        let parts = four_honest(memory::network(), async |painter| {
            let id = painter.id();
            let (left, right) = (deal(id, &left, scale, seed), deal(id, &right, scale, !seed));
            let bias = deal(id, &bias, bias_scale, seed ^ 9);
            let factor = Factor::Matmul { left: (&left, transposed[0]), right: (&right, transposed[1]) };
            let product = Product { factor, bias: biased.then_some(&bias), drop, ring_bits };
            Ok(painter.products(&[product]).await?.remove(0))
        });
        let mut exact = matmul((&left, transposed[0]), (&right, transposed[1]));
        if biased {
            exact.add_row_assign(&bias.clone().map(|x| x << raise)).unwrap();
        }
        prop_assert_eq!(parts[0].scale(), Scale { ring_bits, fraction_bits: 40 - drop });
        let error = error_in_ulp(&reconstruct(&parts), &exact, drop, ring_bits + drop);
        prop_assert!(error <= if drop == 0 { 0.0 } else { 3.0 }, "{} units", error);
    }

    #[test]
    fn element_wise_products_and_norms_share_a_round_and_are_as_exact(
        (rows, cols) in rows_and_cols(), drop in 0..20_u32, ring_bits in 1..=44_u32, seed: u64,
    ) {
        let left = random_tensor(rows, cols, 64, seed);
        let right = random_tensor(rows, cols, 64, seed ^ 1);
        let program = async |painter: &mut abraham_mpc::Painter<_, _>, opened: bool| {
            let scale = Scale::full(12);
            let (left, right) = (deal(painter.id(), &left, scale, 1), deal(painter.id(), &right, scale, 2));
            let batch = [
                Product { factor: Factor::Hadamard { left: &left, right: &right }, bias: None, drop, ring_bits },
                Product { factor: Factor::SquaredNorm(&left), bias: None, drop, ring_bits },
                Product { factor: Factor::Hadamard { left: &left, right: &left }, bias: None, drop: 0, ring_bits: 64 },
            ];
            if opened {
                return Ok((Vec::new(), painter.open_products(&batch).await?));
            }
            Ok((painter.products(&batch).await?, Vec::new()))
        };
        let parts = four_honest(memory::network(), async |painter| program(painter, false).await);
        let opened = four_honest(memory::network(), async |painter| program(painter, true).await);
        let norm = left.data().iter().fold(0_u64, |sum, x| sum.wrapping_add(x.wrapping_mul(*x)));
        let exact = [
            (hadamard(&left, &right), drop, ring_bits),
            (RingTensor::new(1, 1, vec![norm]).unwrap(), drop, ring_bits),
            (hadamard(&left, &left), 0, 64),
        ];
        for (i, (exact, drop, ring_bits)) in exact.into_iter().enumerate() {
            let product = reconstruct(&[0, 1, 2, 3].map(|p| parts[p].0[i].clone()));
            let error = error_in_ulp(&product, &exact, drop, ring_bits + drop);
            prop_assert!(error <= if drop == 0 { 0.0 } else { 3.0 }, "{} units", error);
            for (_, opened) in &opened {
                prop_assert!(opened[i] == product, "an opened product is the product");
            }
        }
    }

    #[test]
    fn an_opening_is_within_two_units_and_exact_without_a_drop(
        (rows, cols) in rows_and_cols(),
        (bits, drop) in (1..=64_u32).prop_flat_map(|bits| (Just(bits), 0..bits)),
        seed: u64,
    ) {
        let plain = random_tensor(rows, cols, bits, seed);
        let opened = four_honest(memory::network(), async |painter| {
            let secret = deal(painter.id(), &plain, Scale { ring_bits: bits, fraction_bits: 0 }, seed);
            painter.open(&[(&secret, drop), (&secret, 0)]).await
        });
        for opened in &opened {
            let error = error_in_ulp(&opened[0], &plain, drop, bits);
            prop_assert!(error <= 2.0, "{} units", error);
            prop_assert!(opened[1] == plain);
            prop_assert!(opened[0] == reduced(opened[0].clone(), bits - drop), "sign-extended");
        }
    }

    #[test]
    fn rescaling_is_within_two_units_and_lifting_is_exact(
        (rows, cols) in rows_and_cols(),
        (bits, drop) in (2..=64_u32).prop_flat_map(|bits| (Just(bits), u32::from(bits == 64)..=bits - 2)),
        seed: u64,
    ) {
        // Every value from −2^(k−2) to 2^(k−2) − 1.
        let plain = random_tensor(rows, cols, bits - 1, seed);
        let parts = four_honest(memory::network(), async |painter| {
            let scale = Scale { ring_bits: bits, fraction_bits: 62 };
            let secret = deal(painter.id(), &plain, scale, seed);
            let other = deal(painter.id(), &plain, scale, !seed);
            let batch = [Rescale { secret: &secret, drop }, Rescale { secret: &other, drop }];
            painter.rescale(&batch).await
        });
        for i in 0..2 {
            let parts = [0, 1, 2, 3].map(|p| parts[p][i].clone());
            prop_assert_eq!(parts[0].scale(), Scale::full(62 - drop));
            let got = reconstruct(&parts);
            // Not modulo anything: the result is the quotient itself, and small.
            for (got, exact) in got.data().iter().zip(plain.data()) {
                let error = i128::from(got.cast_signed()) * (1 << drop) - i128::from(exact.cast_signed());
                prop_assert!(error.abs() <= if drop == 0 { 0 } else { 2 << drop }, "{}", error);
            }
        }
    }

    #[test]
    fn rounding_is_local_and_within_two_units(
        (rows, cols) in rows_and_cols(),
        (bits, drop) in (1..=64_u32).prop_flat_map(|bits| (Just(bits), 0..bits)),
        seed: u64,
    ) {
        let plain = random_tensor(rows, cols, bits, seed);
        let parts = four_honest(memory::network(), async |painter| {
            let secret = deal(painter.id(), &plain, Scale { ring_bits: bits, fraction_bits: 63 }, seed);
            painter.take_meter();
            let rounded = painter.round_off(&secret, drop)?;
            assert_eq!(painter.take_meter(), abraham_mpc::Meter::default());
            Ok(rounded)
        });
        let scale = Scale { ring_bits: bits - drop, fraction_bits: 63 - drop };
        prop_assert_eq!(parts[0].scale(), scale);
        let error = error_in_ulp(&reconstruct(&parts), &plain, drop, bits);
        prop_assert!(error <= if drop == 0 { 0.0 } else { 2.0 }, "{}", error);
    }

    #[test]
    fn sine_and_cosine_are_what_the_table_gives_for_the_two_angles(
        (rows, cols) in rows_and_cols(),
        (bits, turn) in (16..=64_u32).prop_flat_map(|bits| (Just(bits), 16..=bits)),
        seed: u64,
    ) {
        let scale = Scale { ring_bits: bits, fraction_bits: turn };
        let plain = random_tensor(rows, cols, bits, seed);
        let parts = four_honest(memory::network(), async |painter| {
            let secret = deal(painter.id(), &plain, scale, seed);
            let mut layer = painter.sine(&[(&secret, true), (&secret, false)]).await?.into_iter();
            let first = layer.next().unwrap();
            let second = layer.next().unwrap();
            assert!(second.cosine.is_none());
            Ok([first.sine, first.cosine.unwrap(), second.sine])
        });
        let [sine, cosine, again] = [0, 1, 2].map(|i| {
            let parts = [0, 1, 2, 3].map(|p| parts[p][i].clone());
            assert_eq!(parts[0].scale(), Scale::full(24));
            reconstruct(&parts)
        });
        let split = PainterId::ALL.map(|p| deal(p, &plain, scale, seed));
        let angle = |holder: usize, i, j| {
            let mut sum = split[holder].component(i).unwrap().clone();
            sum.add_assign(split[holder].component(j).unwrap()).unwrap();
            pollster::block_on(CpuBackend.sine_cosine(&sum, turn)).unwrap()
        };
        let ((sin_a, cos_a), (sin_b, cos_b)) = (angle(2, 0, 1), angle(0, 2, 3));
        let mut exact_sine = hadamard(&sin_a, &cos_b);
        exact_sine.add_assign(&hadamard(&cos_a, &sin_b)).unwrap();
        let mut exact_cosine = hadamard(&cos_a, &cos_b);
        exact_cosine.sub_assign(&hadamard(&sin_a, &sin_b)).unwrap();
        prop_assert!(sine == exact_sine && again == exact_sine && cosine == exact_cosine);
        for ((sine, cosine), z) in sine.data().iter().zip(cosine.data()).zip(plain.data()) {
            let turns = sign_extend(*z, turn) as f64 / f64::from(turn).exp2();
            let (sin, cos) = (std::f64::consts::TAU * turns).sin_cos();
            prop_assert!((decode(*sine, 24) - sin).abs() < 8e-4);
            prop_assert!((decode(*cosine, 24) - cos).abs() < 8e-4);
        }
    }

    #[test]
    fn public_linear_maps_are_local_and_exact(
        (rows, cols) in rows_and_cols(), bits in 1..=64_u32, a: i64, b: i64, seed: u64,
    ) {
        let scale = Scale { ring_bits: bits, fraction_bits: 5 };
        let x = random_tensor(rows, cols, bits, seed);
        let y = random_tensor(rows, cols, bits, seed ^ 1);
        let column = random_tensor(rows, 1, bits, seed ^ 2);
        let public = random_tensor(rows, cols, 64, seed ^ 3);
        let parts = four_honest(memory::network(), async |painter| {
            let id = painter.id();
            let (x, y) = (deal(id, &x, scale, 1), deal(id, &y, scale, 2));
            let column = deal(id, &column, scale, 3);
            painter.take_meter();
            let operand = Operand { tensor: &public, transposed: true };
            let out = [
                x.add(&y)?,
                x.sub(&y)?,
                x.weighted(a, &y, b, scale)?,
                x.sum_rows()?,
                column.rows_times(&public, 7)?,
                x.add_public(&public)?,
                painter.matmul_public(operand, 4, &x).await?,
                Sharing::of_public(id, public.clone(), Scale::full(0)),
            ];
            assert_eq!(painter.take_meter(), abraham_mpc::Meter::default());
            Ok(out)
        });
        let zip = |f: &dyn Fn(u64, u64) -> u64| {
            RingTensor::from_fn(rows, cols, |r, c| f(x.row(r)[c], y.row(r)[c]))
        };
        let (wa, wb) = (a.cast_unsigned(), b.cast_unsigned());
        let mut plus_public = x.clone();
        plus_public.add_assign(&public).unwrap();
        let exact = [
            zip(&u64::wrapping_add),
            zip(&u64::wrapping_sub),
            zip(&|x, y| x.wrapping_mul(wa).wrapping_add(y.wrapping_mul(wb))),
            x.sum_rows(),
            RingTensor::from_fn(rows, cols, |r, c| column.data()[r].wrapping_mul(public.row(r)[c])),
            plus_public,
            matmul((&public, true), (&x, false)),
            public.clone(),
        ];
        for (i, exact) in exact.into_iter().enumerate() {
            let parts = [0, 1, 2, 3].map(|p| parts[p][i].clone());
            let bits = parts[0].scale().ring_bits;
            prop_assert!(reconstruct(&parts) == reduced(exact, bits), "map {}", i);
        }
        let refused = parts[0][0].add(&parts[0][0].clone().read_as(6));
        assert!(matches!(refused, Err(Error::Scale { .. })));
    }

    #[test]
    fn an_update_is_what_its_teacher_split(
        (rows, cols) in rows_and_cols(), seeds: [[u8; 32]; 3], seed: u64,
    ) {
        let plain = random_tensor(rows, cols, 64, seed);
        let scale = Scale::full(16);
        let parts = four_honest(memory::network(), async |painter| {
            let shares = split_update(&plain, scale, seeds, &CpuBackend).await?;
            let uploaded: u64 = shares.iter().map(abraham_mpc::UpdateShare::upload_bytes).sum();
            assert_eq!(uploaded, 4 * 10 + 8 * plain.len() as u64 + 32 * (2 + 2 + 2 + 3) + 32 * 3);
            let share = shares.into_iter().nth(painter.id().index()).unwrap();
            let taken = painter.accept_updates(vec![Some(share)], (rows, cols), scale).await?;
            Ok(taken.into_iter().next().flatten().unwrap())
        });
        prop_assert!(reconstruct(&parts) == plain);
    }
}

#[test]
fn an_inconsistent_update_is_dropped_by_all_alike_and_the_rest_count() {
    let scale = Scale::full(16);
    let plain = random_tensor(2, 3, 64, 5);
    let other = random_tensor(2, 3, 64, 6);
    let wide = random_tensor(2, 4, 64, 5);
    for victim in PainterId::ALL {
        // The victim is given a share of another value, of another split, of another shape, of another scale, or none.
        for lie in 0..5 {
            let opened = four_honest(memory::network(), async |painter| {
                let seeds = [[1; 32], [2; 32], [3; 32]];
                let lied = match lie {
                    0 => split_update(&other, scale, seeds, &CpuBackend).await?,
                    1 => split_update(&plain, scale, [[1; 32], [2; 32], [4; 32]], &CpuBackend).await?,
                    2 => split_update(&wide, scale, seeds, &CpuBackend).await?,
                    _ => split_update(&plain, Scale::full(17), seeds, &CpuBackend).await?,
                };
                let honest = split_update(&plain, scale, seeds, &CpuBackend).await?;
                let next = split_update(&other, scale, seeds, &CpuBackend).await?;
                let seat = painter.id().index();
                let lied_to = painter.id() == victim;
                let given = if lied_to { lied } else { honest };
                let given = given.into_iter().nth(seat).filter(|_| lie != 4 || !lied_to);
                let updates = vec![given, next.into_iter().nth(seat)];
                let mut taken = painter.accept_updates(updates, (2, 3), scale).await?;
                // Painter 3 is given nothing that depends on the value alone.
                let unseen = lie == 0 && victim.index() == 3;
                assert_eq!(taken[0].is_some(), unseen, "{victim} {lie}");
                painter.open(&[(&taken.remove(1).unwrap(), 0)]).await
            });
            assert!(opened.iter().all(|opened| opened[0] == other));
        }
    }
}

#[test]
fn where_painters_do_not_have_equally_many_updates_none_counts() {
    let scale = Scale::full(16);
    let plain = random_tensor(2, 3, 64, 5);
    for victim in PainterId::ALL {
        for (whole, short) in [(3, 2), (1, 2), (2, 1)] {
            four_honest(memory::network(), async |painter| {
                let count = if painter.id() == victim { short } else { whole };
                let mut updates = Vec::new();
                for _ in 0..count {
                    let shares = split_update(&plain, scale, [[1; 32]; 3], &CpuBackend).await?;
                    updates.push(shares.into_iter().nth(painter.id().index()));
                }
                let taken = painter.accept_updates(updates, (2, 3), scale).await?;
                assert!(taken.iter().all(Option::is_none), "{victim} {whole} {short}");
                painter.verify().await
            });
        }
    }
}

#[test]
fn more_updates_than_one_vote_has_bits_are_taken_in_groups() {
    let scale = Scale::full(16);
    four_honest(memory::network(), async |painter| {
        let mut updates = Vec::new();
        for value in 0..300 {
            let plain = RingTensor::new(1, 1, vec![value]).unwrap();
            let shares = split_update(&plain, scale, [[value as u8; 32]; 3], &CpuBackend).await?;
            updates.push(shares.into_iter().nth(painter.id().index()).filter(|_| value != 7 && value != 270));
        }
        painter.take_meter();
        let taken = painter.accept_updates(updates, (1, 1), scale).await?;
        assert_eq!(painter.take_meter().rounds, 6);
        let dropped: Vec<usize> = (0..300).filter(|i| taken[*i].is_none()).collect();
        assert_eq!(dropped, [7, 270]);
        let opened = painter.open(&[(taken[299].as_ref().unwrap(), 0)]).await?;
        assert_eq!(opened[0].data(), [299]);
        Ok(())
    });
}

#[test]
fn samples_have_the_promised_spread() {
    let (rows, cols) = (100, 200);
    let sigma = 1 << 20;
    let parts = four_honest(memory::network(), async |painter| {
        let sample = |scale, part| Sample { rows, cols, scale, part };
        let batch = [
            sample(Scale::full(20), Distribution::IrwinHall { sigma }),
            sample(Scale { ring_bits: 10, fraction_bits: 0 }, Distribution::Uniform { bits: 10 }),
            sample(Scale::full(0), Distribution::Uniform { bits: 8 }),
        ];
        painter.sample(&batch).await
    });
    let [gauss, uniform, sum] = [0, 1, 2].map(|i| reconstruct(&[0, 1, 2, 3].map(|p| parts[p][i].clone())));
    let moments = |x: &RingTensor| {
        let n = x.len() as f64;
        let mean = x.data().iter().map(|x| x.cast_signed() as f64).sum::<f64>() / n;
        let variance = x.data().iter().map(|x| (x.cast_signed() as f64 - mean).powi(2)).sum::<f64>() / n;
        (mean, variance)
    };
    let n = (rows * cols) as f64;
    // Six parts of standard deviation sigma: the mean is within 5 of its standard errors, the variance within 5 %.
    let (mean, variance) = moments(&gauss);
    let promised = 6.0 * (sigma as f64).powi(2);
    assert!(mean.abs() < 5.0 * (promised / n).sqrt(), "{mean}");
    assert!((variance / promised - 1.0).abs() < 0.05, "{variance}");
    // Uniform modulo the whole ring stays uniform.
    let (mean, variance) = moments(&uniform);
    assert!((mean + 0.5).abs() < 5.0 * (variance / n).sqrt(), "{mean}");
    assert!((variance / (1024.0 * 1024.0 / 12.0) - 1.0).abs() < 0.05, "{variance}");
    let mut seen = vec![0; 1024];
    uniform.data().iter().for_each(|x| seen[(x & mask(10)) as usize] += 1);
    assert!(seen.iter().all(|count| (1..60).contains(count)));
    // The sum of six uniforms over 8 bits.
    let (mean, variance) = moments(&sum);
    assert!((mean - 6.0 * 127.5).abs() < 5.0 * (variance / n).sqrt(), "{mean}");
    assert!((variance / (6.0 * 65535.0 / 12.0) - 1.0).abs() < 0.05, "{variance}");
}

#[test]
fn programs_that_do_not_fit_are_refused_before_anything_travels() {
    let results = four(memory::network(), async |painter| {
        let plain = random_tensor(2, 2, 64, 1);
        let id = painter.id();
        let own = |scale| deal(id, &plain, scale, 1);
        let full = own(Scale::full(20));
        let narrow = own(Scale { ring_bits: 32, fraction_bits: 20 });
        let foreign = deal(PainterId::ALL[(painter.id().index() + 1) % 4], &plain, Scale::full(20), 1);
        let row = deal(painter.id(), &random_tensor(1, 3, 64, 1), Scale::full(40), 1);
        let low_row = deal(painter.id(), &random_tensor(1, 2, 64, 1), Scale::full(41), 1);
        painter.take_meter();
        let product = |left, right, bias, drop, ring_bits| {
            let factor = Factor::Hadamard { left, right };
            [Product { factor, bias, drop, ring_bits }]
        };
        for refused in [
            product(&full, &full, None, 1, 64),
            product(&full, &narrow, None, 0, 33),
            product(&full, &full, None, 41, 10),
            product(&full, &full, None, 0, 0),
            product(&full, &foreign, None, 0, 64),
            product(&full, &row, None, 0, 64),
            product(&full, &full, Some(&row), 0, 64),
            product(&full, &full, Some(&low_row), 0, 64),
        ] {
            assert!(painter.products(&refused).await.is_err());
        }
        for (secret, drop) in [(&full, 0), (&full, 21), (&narrow, 31), (&foreign, 2)] {
            assert!(painter.rescale(&[Rescale { secret, drop }]).await.is_err());
        }
        for (secret, drop) in [(&full, 21), (&narrow, 32), (&foreign, 2)] {
            assert!(painter.round_off(secret, drop).is_err());
        }
        let coarse = own(Scale { ring_bits: 64, fraction_bits: 15 });
        let over = own(Scale { ring_bits: 32, fraction_bits: 33 });
        for secret in [&coarse, &over, &foreign] {
            assert!(painter.sine(&[(secret, false)]).await.is_err());
        }
        let p = PainterId::ALL;
        assert!(painter.joint_input([p[1], p[1]], None, (1, 1), Scale::full(0)).await.is_err());
        assert_eq!(painter.take_meter(), abraham_mpc::Meter::default());
        Ok(())
    });
    assert!(results.iter().all(Result::is_ok));
}
