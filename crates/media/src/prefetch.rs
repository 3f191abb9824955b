//! Asks for memory before it is needed. Between two packets of a call the kernel's own work has displaced what belongs to the
//! call; waiting for it takes longer than all that is computed for a packet.

/// Bytes that memory hands over together.
const LINE: usize = 64;

/// Asks for the first `bytes` of `place`, and does not wait for them. Only a hint: nothing changes but time, and on processors
/// without a known instruction for it not even that.
#[inline]
pub fn prefetch<T>(place: &T, bytes: usize) {
    let start = std::ptr::from_ref(place).cast::<u8>();
    for offset in (0..bytes.min(size_of::<T>())).step_by(LINE) {
        ask(start.wrapping_add(offset));
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn ask(address: *const u8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: the instruction reads nothing the program sees and cannot fail, whatever the address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
const fn ask(_: *const u8) {}
