//! Mirror of `shader/ring_hadamard.wgsl`.

/// out += left ⊙ right over Z_2^64, element by element. All three slices have one length; a shorter one ends the work.
pub fn ring_hadamard(left: &[u64], right: &[u64], out: &mut [u64]) {
    #[cfg(target_arch = "x86_64")]
    if super::ring_matmul::has_avx512dq() {
        #[expect(unsafe_code, reason = "the processor is asked first")]
        // SAFETY: the features that the callee is compiled for were detected on this processor.
        unsafe {
            avx512(left, right, out);
        }
        return;
    }
    portable(left, right, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn avx512(left: &[u64], right: &[u64], out: &mut [u64]) {
    portable(left, right, out);
}

#[inline(always)]
fn portable(left: &[u64], right: &[u64], out: &mut [u64]) {
    for ((sum, x), y) in out.iter_mut().zip(left).zip(right) {
        *sum = sum.wrapping_add(x.wrapping_mul(*y));
    }
}
