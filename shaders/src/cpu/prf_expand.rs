//! Mirror of `shader/prf_expand.wgsl`.

#[cfg(target_arch = "wasm32")]
mod simd128;

use zeroize::Zeroize;

/// Words of keystream taken at a time: a multiple of the four 16-word blocks that the cipher computes together.
const CHUNK_WORDS: usize = 1024;

/// Fills `out` with the ChaCha12 keystream under `key` and nonce `stream` (64-bit counter from 0, 64-bit nonce).
///
/// Elements of up to 32 bits take one little-endian 32-bit word each, wider ones two (low word first); each is then
/// masked to `bits`, 1 to 64.
pub fn prf_expand(key: &[u8; 32], stream: u64, bits: u32, out: &mut [u64]) {
    debug_assert!((1..=64).contains(&bits));
    let mask = u64::MAX >> (64 - bits.clamp(1, 64));
    let mut keystream = Keystream::new(key, stream);
    let mut words = [0u32; CHUNK_WORDS];
    let words_each = if bits <= 32 { 1 } else { 2 };
    for chunk in out.chunks_mut(CHUNK_WORDS / words_each) {
        let words = &mut words[..chunk.len() * words_each];
        keystream.fill(words);
        if bits <= 32 {
            for (x, word) in chunk.iter_mut().zip(words) {
                *x = u64::from(*word) & mask;
            }
        } else {
            for (x, [low, high]) in chunk.iter_mut().zip(words.as_chunks::<2>().0) {
                *x = (u64::from(*low) | u64::from(*high) << 32) & mask;
            }
        }
    }
    words.zeroize();
}

#[cfg(target_arch = "wasm32")]
use simd128::Keystream;

/// The library's keystream, which has vector code for this processor.
#[cfg(not(target_arch = "wasm32"))]
struct Keystream(rand_chacha::ChaCha12Rng);

#[cfg(not(target_arch = "wasm32"))]
impl Keystream {
    fn new(key: &[u8; 32], stream: u64) -> Self {
        let mut rng = <rand_chacha::ChaCha12Rng as rand_chacha::rand_core::SeedableRng>::from_seed(*key);
        rng.set_stream(stream);
        Self(rng)
    }

    fn fill(&mut self, words: &mut [u32]) {
        rand_chacha::rand_core::RngCore::fill_bytes(&mut self.0, bytemuck::cast_slice_mut(words));
        for word in words {
            *word = u32::from_le(*word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// draft-strombergson-chacha-test-vectors-01, TC1, 12 rounds, 256-bit key of zeros, nonce of zeros.
    #[test]
    fn matches_the_published_vector() {
        let mut out = [0; 4];
        prf_expand(&[0; 32], 0, 64, &mut out);
        let bytes: Vec<u8> = out.iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(bytes[..8], [0x9b, 0xf4, 0x9a, 0x6a, 0x07, 0x55, 0xf9, 0x53]);
    }

    #[test]
    fn narrow_elements_take_one_word_each_and_wide_ones_two() {
        let key = std::array::from_fn(|i| u8::try_from(i).unwrap());
        let mut words = vec![0; 5000];
        prf_expand(&key, 7, 32, &mut words);
        let mut pairs = vec![0; 2500];
        prf_expand(&key, 7, 64, &mut pairs);
        for (i, pair) in pairs.iter().enumerate() {
            assert_eq!(*pair, words[2 * i] | words[2 * i + 1] << 32);
        }
        let mut masked = vec![0; 2500];
        prf_expand(&key, 7, 44, &mut masked);
        assert!(masked.iter().zip(&pairs).all(|(m, p)| *m == p & ((1 << 44) - 1)));
        prf_expand(&key, 7, 5, &mut masked);
        assert!(masked.iter().zip(&words).all(|(m, w)| *m == w & 31));
    }
}
