//! Laws of the ring, fixed point and the CPU backend, against big integers and textbook loops.

use abraham_ring::{Backend, CpuBackend, Draw, Error, Matmul, Operand, RingTensor, fixed};
use num_bigint::BigUint;
use pollster::block_on;
use proptest::prelude::*;

/// A tensor of any bits, with runs of the largest values mixed in.
fn tensor(rows: usize, cols: usize, seed: u64) -> RingTensor {
    let mut state = seed;
    RingTensor::from_fn(rows, cols, |row, _| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        match (seed ^ row as u64) % 7 {
            0 => u64::MAX,
            1 => u64::from(u32::MAX),
            _ => state ^ (state >> 31),
        }
    })
}

/// Σ_t left_t · right_t by big integers, reduced once at the end.
fn matmul_oracle(product: &Matmul<'_>) -> RingTensor {
    let at = |operand: &Operand<'_>, row: usize, col: usize| {
        let (row, col) = if operand.transposed { (col, row) } else { (row, col) };
        BigUint::from(operand.tensor.row(row)[col])
    };
    let (rows, cols) = product.shape().expect("the product was made to fit");
    RingTensor::from_fn(rows, cols, |row, col| {
        let mut sum = BigUint::ZERO;
        for (left, right) in &product.terms {
            for k in 0..left.shape().1 {
                sum += at(left, row, k) * at(right, k, col);
            }
        }
        low_word(&sum)
    })
}

/// The value modulo 2^64.
fn low_word(value: &BigUint) -> u64 {
    value.iter_u64_digits().next().unwrap_or(0)
}

/// The tensor whose transpose, or itself, is rows × cols.
fn stored(rows: usize, cols: usize, transposed: bool, seed: u64) -> RingTensor {
    if transposed { tensor(cols, rows, seed) } else { tensor(rows, cols, seed) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn matmul_is_the_sum_of_products(
        rows in 0..23usize,
        cols in 0..40usize,
        depths in prop::collection::vec((0..30usize, any::<[bool; 2]>()), 1..4),
        seed: u64,
    ) {
        let tensors: Vec<_> = depths.iter().map(|(depth, [left, right])| {
            (stored(rows, *depth, *left, seed), stored(*depth, cols, *right, seed ^ 5), *left, *right)
        }).collect();
        let product = Matmul { terms: tensors.iter().map(|(left, right, transposed_left, transposed_right)| (
            Operand { tensor: left, transposed: *transposed_left },
            Operand { tensor: right, transposed: *transposed_right },
        )).collect() };
        let expected = matmul_oracle(&product);
        let computed = block_on(CpuBackend.matmul(&[product])).unwrap();
        prop_assert!(computed == [expected]);
    }

    #[test]
    fn addition_and_element_wise_products_follow_big_integers(rows in 0..9usize, cols in 0..9usize, seed: u64) {
        let modulus = BigUint::from(1u8) << 64;
        let (x, y) = (tensor(rows, cols, seed), tensor(rows, cols, seed ^ 3));
        let big = |f: &dyn Fn(BigUint, BigUint) -> BigUint| RingTensor::from_fn(rows, cols, |r, c| {
            let value = f(BigUint::from(x.row(r)[c]), BigUint::from(y.row(r)[c])) % &modulus;
            low_word(&value)
        });
        let mut sum = x.clone();
        sum.add_assign(&y).unwrap();
        prop_assert!(sum == big(&|x: BigUint, y: BigUint| x + y));
        sum.sub_assign(&y).unwrap();
        prop_assert!(sum == x);
        sum.sub_assign(&y).unwrap();
        prop_assert!(sum == big(&|x: BigUint, y: BigUint| x + &modulus - y));
        let product = block_on(CpuBackend.hadamard(&[vec![(&x, &y), (&y, &y)]])).unwrap();
        prop_assert!(product == [big(&|x: BigUint, y: BigUint| x * &y + &y * &y)]);
    }

    #[test]
    fn matmul_distributes_over_addition(rows in 1..12usize, depth in 1..12usize, cols in 1..12usize, seed: u64) {
        let (x, y, z) = (tensor(rows, depth, seed), tensor(rows, depth, !seed), tensor(depth, cols, seed ^ 9));
        let times_z = |left| {
            let terms = vec![(Operand { tensor: left, transposed: false }, Operand { tensor: &z, transposed: false })];
            block_on(CpuBackend.matmul(&[Matmul { terms }])).unwrap().remove(0)
        };
        let mut sum = x.clone();
        sum.add_assign(&y).unwrap();
        let mut parts = times_z(&x);
        parts.add_assign(&times_z(&y)).unwrap();
        prop_assert!(times_z(&sum) == parts);
    }

    #[test]
    fn transposing_twice_is_nothing_and_rows_sum_up(rows in 0..9usize, cols in 0..9usize, seed: u64) {
        let x = tensor(rows, cols, seed);
        prop_assert!(x.transposed().transposed() == x);
        let sum = RingTensor::from_fn(1, cols, |_, c| (0..rows).fold(0, |sum, r| sum.wrapping_add(x.row(r)[c])));
        prop_assert!(x.sum_rows() == sum);
        let mut shifted = RingTensor::zeros(rows, cols);
        shifted.add_row_assign(&sum).unwrap();
        prop_assert!((0..rows).all(|r| shifted.row(r) == sum.data()));
    }

    #[test]
    fn fixed_point_is_within_half_a_unit(x in -1e6..1e6f64, fraction_bits in 0..40u32) {
        let unit = (-f64::from(fraction_bits)).exp2();
        prop_assert!((fixed::decode(fixed::encode(x, fraction_bits), fraction_bits) - x).abs() <= unit / 2.0);
        let negated = fixed::encode(-x, fraction_bits);
        prop_assert_eq!(negated, fixed::encode(x, fraction_bits).wrapping_neg());
    }

    #[test]
    fn sign_extension_undoes_masking(v: i64, bits in 1..=64u32) {
        let v = v >> (64 - bits);
        prop_assert_eq!(fixed::sign_extend(v.cast_unsigned() & fixed::mask(bits), bits), v);
    }

    #[test]
    fn sine_and_cosine_of_a_split_angle_recombine(a: u64, b: u64, period_bits in 16..=64u32) {
        let angle = RingTensor::new(1, 3, vec![a, b, a.wrapping_add(b)]).unwrap();
        let (sine, cosine) = block_on(CpuBackend.sine_cosine(&angle, period_bits)).unwrap();
        let (s, c) = (|i: usize| sine.data()[i].cast_signed(), |i: usize| cosine.data()[i].cast_signed());
        let unit = 4096.0 * 4096.0;
        let sum = (s(0) * c(1) + c(0) * s(1)) as f64 / unit;
        // Table: half a unit of 2^-12 four times. Angles: half a step of 2^-16 turns, three times.
        prop_assert!((sum - s(2) as f64 / 4096.0).abs() < 2.5 / 4096.0 + 1.5 * std::f64::consts::TAU / 65536.0);
    }
}

#[test]
fn matmul_crosses_every_block_border() {
    for (rows, depth, cols) in [(65, 257, 33), (129, 300, 2065), (3, 513, 2050), (4, 1, 17), (70, 520, 1)] {
        for (transposed_left, transposed_right) in
            [(false, false), (true, false), (false, true), (true, true)]
        {
            let left = stored(rows, depth, transposed_left, 11);
            let right = stored(depth, cols, transposed_right, 12);
            let textbook = RingTensor::from_fn(rows, cols, |r, c| {
                (0..depth).fold(0u64, |sum, k| {
                    let x = if transposed_left { left.row(k)[r] } else { left.row(r)[k] };
                    let y = if transposed_right { right.row(c)[k] } else { right.row(k)[c] };
                    sum.wrapping_add(x.wrapping_mul(y))
                })
            });
            let terms = vec![(
                Operand { tensor: &left, transposed: transposed_left },
                Operand { tensor: &right, transposed: transposed_right },
            )];
            assert!(
                block_on(CpuBackend.matmul(&[Matmul { terms }])).unwrap() == [textbook],
                "{rows}×{depth}×{cols}"
            );
        }
    }
}

#[test]
fn ill_shaped_work_is_refused() {
    let (x, y) = (RingTensor::zeros(2, 3), RingTensor::zeros(2, 3));
    let plain = |tensor| Operand { tensor, transposed: false };
    let misfit = Matmul { terms: vec![(plain(&x), plain(&y))] };
    assert!(matches!(block_on(CpuBackend.matmul(&[misfit])), Err(Error::Shape { .. })));
    assert!(matches!(block_on(CpuBackend.matmul(&[Matmul { terms: vec![] }])), Err(Error::NoTerms)));
    assert!(matches!(block_on(CpuBackend.hadamard(&[vec![]])), Err(Error::NoTerms)));
    let z = RingTensor::zeros(3, 2);
    assert!(matches!(block_on(CpuBackend.hadamard(&[vec![(&x, &z)]])), Err(Error::Shape { .. })));
    assert!(matches!(block_on(CpuBackend.sine_cosine(&x, 15)), Err(Error::Bits { .. })));
    let draw = |bits| Draw { key: &[0; 32], stream: 0, rows: 1, cols: 1, bits };
    for bits in [0, 65] {
        assert!(matches!(block_on(CpuBackend.expand(&[draw(bits)])), Err(Error::Bits { .. })));
    }
    assert!(matches!(RingTensor::new(2, 2, vec![0; 3]), Err(Error::Elements { .. })));
}

#[test]
fn streams_and_keys_give_different_draws_and_the_same_ones_again() {
    let draw = |key, stream| {
        let draw = Draw { key, stream, rows: 3, cols: 5, bits: 44 };
        block_on(CpuBackend.expand(&[draw])).unwrap().remove(0)
    };
    let (key, other) = ([1; 32], [2; 32]);
    assert!(draw(&key, 0) == draw(&key, 0));
    assert!(draw(&key, 0) != draw(&key, 1));
    assert!(draw(&key, 0) != draw(&other, 0));
    assert!(draw(&key, 0).data().iter().all(|x| *x <= fixed::mask(44)));
}
