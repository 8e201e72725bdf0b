//! Keys in one register of 16 bytes, for where every instruction counts.
//!
//! As a number of 128 bits a key is two registers, and cutting it out of a text, comparing and storing it takes twice to three
//! times the instructions. Every x86-64 has what is needed here; elsewhere the number will do.

#[cfg(not(target_arch = "x86_64"))]
use super::Key;
use super::{LENGTHS, MASKS, WINDOW, fold_halves};

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64 as arch;

/// In the highest byte, instead of a length that a key can have.
const LONG: u128 = 0x80;

/// A key, or anything else of 16 bytes.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
#[cfg(target_arch = "x86_64")]
pub(crate) struct Wide(arch::__m128i);

/// A key, or anything else of 16 bytes.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
#[cfg(not(target_arch = "x86_64"))]
pub(crate) struct Wide(Key);

impl Wide {
    /// The 16 bytes of a number, the lowest first.
    #[inline(always)]
    pub(crate) fn of(number: u128) -> Wide {
        bytemuck::cast(number.to_le_bytes())
    }

    /// As a number, the lowest byte first.
    #[inline(always)]
    pub(crate) fn number(self) -> u128 {
        u128::from_le_bytes(bytemuck::cast(self))
    }

    /// What tells a string that is too long for a key from others: not surely, but nearly always. No key is like it.
    #[inline(always)]
    pub(crate) fn of_hash(hash: u64) -> Wide {
        Wide::of(u128::from(hash) | LONG << 120)
    }

    /// The key of the first bytes of a window; see [`super::key_in`].
    #[inline(always)]
    pub(crate) fn key_in(window: &[u8; WINDOW], length: usize) -> Wide {
        let window: Wide = bytemuck::cast(*window);
        window.and(Wide::of(MASKS[length])).or(Wide::of(LENGTHS[length]))
    }

    /// The key of `text[start..end]`; see [`super::key`].
    #[inline(always)]
    pub(crate) fn key(text: &[u8], start: usize, end: usize) -> Wide {
        match text.get(start..).and_then(|rest| rest.first_chunk()) {
            Some(window) => Wide::key_in(window, end - start),
            None => Wide::of(super::key_alone(&text[start..end])),
        }
    }
}

// These instructions, SSE2, are part of x86-64.
#[cfg(target_arch = "x86_64")]
impl Wide {
    #[inline(always)]
    pub(crate) fn and(self, other: Wide) -> Wide {
        // SAFETY: see above.
        Wide(unsafe { arch::_mm_and_si128(self.0, other.0) })
    }

    #[inline(always)]
    fn or(self, other: Wide) -> Wide {
        // SAFETY: see above.
        Wide(unsafe { arch::_mm_or_si128(self.0, other.0) })
    }

    /// 1 if they are equal, else 0: a number, since what is done with it should not become a branch.
    #[inline(always)]
    pub(crate) fn is(self, other: Wide) -> usize {
        // SAFETY: see above.
        let equal = unsafe { arch::_mm_movemask_epi8(arch::_mm_cmpeq_epi8(self.0, other.0)) };
        (equal as usize + 1) >> WINDOW
    }

    /// A bit for each byte that is this one, the lowest first.
    #[inline(always)]
    pub(crate) fn matches(self, byte: u8) -> u32 {
        // SAFETY: see above.
        unsafe { arch::_mm_movemask_epi8(arch::_mm_cmpeq_epi8(self.0, arch::_mm_set1_epi8(byte as i8))) as u32 }
    }

    /// The first four bytes, the lowest first.
    #[inline(always)]
    pub(crate) fn first(self) -> u32 {
        // SAFETY: see above.
        unsafe { arch::_mm_cvtsi128_si32(self.0) as u32 }
    }

    /// The hash of a key; see [`super::hash_key`].
    #[inline(always)]
    pub(crate) fn hash(self) -> u64 {
        // SAFETY: see above.
        let [lower, upper] = unsafe {
            [self.0, arch::_mm_unpackhi_epi64(self.0, self.0)].map(|half| arch::_mm_cvtsi128_si64(half) as u64)
        };
        fold_halves(lower, upper)
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl Wide {
    #[inline(always)]
    pub(crate) fn and(self, other: Wide) -> Wide {
        Wide(self.0 & other.0)
    }

    #[inline(always)]
    fn or(self, other: Wide) -> Wide {
        Wide(self.0 | other.0)
    }

    /// 1 if they are equal, else 0.
    #[inline(always)]
    pub(crate) fn is(self, other: Wide) -> usize {
        usize::from(self.0 == other.0)
    }

    /// A bit for each byte that is this one, the lowest first.
    #[inline(always)]
    pub(crate) fn matches(self, byte: u8) -> u32 {
        let bytes = self.0.to_le_bytes();
        (0..WINDOW).map(|at| u32::from(bytes[at] == byte) << at).sum()
    }

    /// The first four bytes, the lowest first.
    #[inline(always)]
    pub(crate) fn first(self) -> u32 {
        self.number() as u32
    }

    /// The hash of a key; see [`super::hash_key`].
    #[inline(always)]
    pub(crate) fn hash(self) -> u64 {
        fold_halves(self.number() as u64, (self.number() >> 64) as u64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{INLINE, hash_key, key};
    use super::*;

    proptest! {
        #[test]
        fn a_wide_key_is_the_key(
            text in proptest::collection::vec(any::<u8>(), 1..40), start in 0..40_usize, length in 1..=INLINE,
        ) {
            let start = start % text.len();
            let end = text.len().min(start + length);
            let (wide, number) = (Wide::key(&text, start, end), key(&text, start, end));
            let others = [number, number ^ 1 << 127, number ^ 1, !number];
            prop_assert_eq!(others.map(|other| wide.is(Wide::of(other))), [1, 0, 0, 0]);
            prop_assert_eq!(bytemuck::cast::<Wide, [u8; 16]>(wide), number.to_le_bytes());
            prop_assert_eq!((wide.hash(), wide.first()), (hash_key(number), number as u32));
            for byte in [0, text[start]] {
                let places = number.to_le_bytes().into_iter().enumerate().filter(|&(_, other)| other == byte);
                prop_assert_eq!(wide.matches(byte), places.map(|(at, _)| 1 << at).sum::<u32>());
            }
        }
    }
}
