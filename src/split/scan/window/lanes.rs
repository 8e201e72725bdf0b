//! What depends on the instructions that a processor has: 64 bytes → classes → one mask for each bit of a class.
//!
//! All levels do the same. A level is a value that exists only where its instructions do.

use super::super::class::{Class, LOWER, OTHER, SPACE, UPPER, ascii_class};

/// Bytes in a window, one for each bit of a mask.
pub(super) const WINDOW: usize = 64;

/// Room that [`Lanes::push`] asks for.
pub(super) const ROOM: usize = WINDOW;

/// Of a byte that is not the first of its character.
pub(super) const TAIL: Class = 4;
/// Three characters are told from the others of their class by a bit that only letters have otherwise.
pub(super) const BLANK: Class = SPACE | UPPER;
pub(super) const APOSTROPHE: Class = OTHER | UPPER;
pub(super) const SLASH: Class = OTHER | LOWER;

/// The classes of ASCII, as windows see them.
static ASCII: [Class; 128] = {
    let mut classes = [0; 128];
    let mut byte = 0;
    while byte < 128 {
        classes[byte] = ascii_class(byte as u8);
        byte += 1;
    }
    classes[b' ' as usize] = BLANK;
    classes[b'\'' as usize] = APOSTROPHE;
    classes[b'/' as usize] = SLASH;
    classes
};

/// The instructions for the work on single bytes.
pub(super) trait Lanes: Copy {
    /// Writes the class of every byte that is ASCII; gives those that are not, and writes anything in their place.
    fn classify(self, block: &[u8; WINDOW], classes: &mut [Class; WINDOW]) -> u64;

    /// The same for the end of a text, less than a window: behind it the class is 0.
    #[inline(always)]
    fn classify_end(self, end: &[u8], classes: &mut [Class; WINDOW]) -> u64 {
        let mut block = [0; WINDOW];
        block[..end.len()].copy_from_slice(end);
        let beyond = self.classify(&block, classes);
        classes[end.len()..].fill(0);
        beyond
    }

    /// For every bit of a class the bytes that have it.
    fn masks(self, classes: &[Class; WINDOW]) -> [u64; 8];

    /// Writes `at` plus the place of every bit to the front of `ends`, and anything behind; gives the number of bits.
    fn push(self, bits: u64, at: usize, ends: &mut [usize; ROOM]) -> usize;
}

/// What any processor can do.
#[derive(Clone, Copy)]
pub(super) struct Portable;

impl Lanes for Portable {
    #[inline(always)]
    fn classify(self, block: &[u8; WINDOW], classes: &mut [Class; WINDOW]) -> u64 {
        let mut beyond = 0;
        for (at, (&byte, class)) in block.iter().zip(classes).enumerate() {
            *class = ASCII[usize::from(byte & 0x7f)];
            beyond |= u64::from(byte >> 7) << at;
        }
        beyond
    }

    /// Eight bytes are a square of 8 × 8 bits: mirrored at its diagonal it holds eight bits of every mask.
    #[inline(always)]
    fn masks(self, classes: &[Class; WINDOW]) -> [u64; 8] {
        let mut masks = [[0; 8]; 8];
        for (at, eight) in classes.as_chunks::<8>().0.iter().enumerate() {
            let mut square = u64::from_le_bytes(*eight);
            for (by, keep) in [(7, 0x00aa_00aa_00aa_00aa), (14, 0x0000_cccc_0000_cccc), (28, 0xf0f0_f0f0)] {
                let swap = (square ^ (square >> by)) & keep;
                square ^= swap ^ (swap << by);
            }
            for (mask, bits) in masks.iter_mut().zip(square.to_le_bytes()) {
                mask[at] = bits;
            }
        }
        masks.map(u64::from_le_bytes)
    }

    #[inline(always)]
    fn push(self, mut bits: u64, at: usize, ends: &mut [usize; ROOM]) -> usize {
        let count = bits.count_ones() as usize;
        // Eight at a time, whether they are there or not: fewer branches to guess wrong.
        for eight in ends.as_chunks_mut::<8>().0 {
            for end in eight {
                *end = at + bits.trailing_zeros() as usize;
                bits &= bits.wrapping_sub(1);
            }
            if bits == 0 {
                break;
            }
        }
        count
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::is_x86_feature_detected;
    use std::arch::x86_64::*;

    use super::{ASCII, Class, Lanes, Portable, ROOM, WINDOW};

    /// A value of this type exists only where there are AVX2, BMI1, BMI2, LZCNT and POPCNT.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx2(());

    impl Avx2 {
        pub(in super::super) fn new() -> Option<Avx2> {
            let found = is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("lzcnt")
                && is_x86_feature_detected!("popcnt");
            found.then_some(Avx2(()))
        }
    }

    impl Lanes for Avx2 {
        #[inline(always)]
        fn classify(self, block: &[u8; WINDOW], classes: &mut [Class; WINDOW]) -> u64 {
            let mut beyond = 0;
            for half in 0..2 {
                // SAFETY: `self` says that there is AVX2; loads and stores are of 16 or 32 bytes at offsets that leave
                // as many in the arrays.
                unsafe {
                    let bytes = _mm256_loadu_si256(block.as_ptr().add(half * 32).cast());
                    beyond |= u64::from(_mm256_movemask_epi8(bytes) as u32) << (half * 32);
                    // The eight rows of the table, each looked up by the lower four bits of a byte; then the upper bits
                    // choose between rows.
                    let row = |row: usize| {
                        let row = _mm_loadu_si128(ASCII.as_ptr().add(row * 16).cast());
                        _mm256_shuffle_epi8(
                            _mm256_broadcastsi128_si256(row),
                            _mm256_and_si256(bytes, _mm256_set1_epi8(15)),
                        )
                    };
                    let either = |a, b, by: __m256i| _mm256_blendv_epi8(a, b, by);
                    let (bit4, bit5, bit6) =
                        (_mm256_slli_epi16::<3>(bytes), _mm256_slli_epi16::<2>(bytes), _mm256_slli_epi16::<1>(bytes));
                    let low = either(either(row(0), row(1), bit4), either(row(2), row(3), bit4), bit5);
                    let high = either(either(row(4), row(5), bit4), either(row(6), row(7), bit4), bit5);
                    _mm256_storeu_si256(classes.as_mut_ptr().add(half * 32).cast(), either(low, high, bit6));
                }
            }
            beyond
        }

        #[inline(always)]
        fn masks(self, classes: &[Class; WINDOW]) -> [u64; 8] {
            // SAFETY: `self` says that there is AVX2; the loads are of the two halves of the array.
            unsafe {
                let low = _mm256_loadu_si256(classes.as_ptr().cast());
                let high = _mm256_loadu_si256(classes.as_ptr().add(32).cast());
                macro_rules! mask {
                    ($up:literal) => {
                        u64::from(_mm256_movemask_epi8(_mm256_slli_epi16::<$up>(low)) as u32)
                            | u64::from(_mm256_movemask_epi8(_mm256_slli_epi16::<$up>(high)) as u32) << 32
                    };
                }
                [mask!(7), mask!(6), mask!(5), mask!(4), mask!(3), mask!(2), mask!(1), mask!(0)]
            }
        }

        #[inline(always)]
        fn push(self, bits: u64, at: usize, ends: &mut [usize; ROOM]) -> usize {
            Portable.push(bits, at, ends)
        }
    }

    /// A value of this type exists only where there are AVX-512 F, BW, VBMI and VBMI2, and all of [`Avx2`].
    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx512(());

    impl Avx512 {
        pub(in super::super) fn new() -> Option<Avx512> {
            let found = Avx2::new().is_some()
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vbmi")
                && is_x86_feature_detected!("avx512vbmi2");
            found.then_some(Avx512(()))
        }
    }

    impl Lanes for Avx512 {
        #[inline(always)]
        fn classify(self, block: &[u8; WINDOW], classes: &mut [Class; WINDOW]) -> u64 {
            // SAFETY: `self` says that there are AVX-512 F, BW and VBMI; loads and stores are of whole arrays of 64, and
            // of the two halves of one of 128.
            unsafe {
                let bytes = _mm512_loadu_si512(block.as_ptr().cast());
                let low = _mm512_loadu_si512(ASCII.as_ptr().cast());
                let high = _mm512_loadu_si512(ASCII.as_ptr().add(64).cast());
                _mm512_storeu_si512(classes.as_mut_ptr().cast(), _mm512_permutex2var_epi8(low, bytes, high));
                _mm512_movepi8_mask(bytes)
            }
        }

        /// Nothing is written in parts and then read as a whole, which would take as long as all the rest of a short text.
        #[inline(always)]
        fn classify_end(self, end: &[u8], classes: &mut [Class; WINDOW]) -> u64 {
            assert!(end.len() < WINDOW);
            let inside = (1 << end.len()) - 1;
            // SAFETY: as above; of the text only the bytes inside are read.
            unsafe {
                let bytes = _mm512_maskz_loadu_epi8(inside, end.as_ptr().cast());
                let low = _mm512_loadu_si512(ASCII.as_ptr().cast());
                let high = _mm512_loadu_si512(ASCII.as_ptr().add(64).cast());
                let known = _mm512_maskz_permutex2var_epi8(inside, low, bytes, high);
                _mm512_storeu_si512(classes.as_mut_ptr().cast(), known);
                _mm512_movepi8_mask(bytes)
            }
        }

        #[inline(always)]
        fn masks(self, classes: &[Class; WINDOW]) -> [u64; 8] {
            // SAFETY: `self` says that there are AVX-512 F and BW; the load is of the whole array.
            unsafe {
                let classes = _mm512_loadu_si512(classes.as_ptr().cast());
                std::array::from_fn(|bit| _mm512_test_epi8_mask(classes, _mm512_set1_epi8((1u8 << bit) as i8)))
            }
        }

        #[inline(always)]
        fn push(self, bits: u64, at: usize, ends: &mut [usize; ROOM]) -> usize {
            const PLACES: [u8; WINDOW] = {
                let mut places = [0; WINDOW];
                let mut place = 0;
                while place < WINDOW {
                    places[place] = place as u8;
                    place += 1;
                }
                places
            };
            let count = bits.count_ones() as usize;
            // SAFETY: `self` says that there are AVX-512 F and VBMI2; the load is of a whole array, and eight stores of
            // eight `usize`, which are `u64` on this architecture, are the whole array.
            unsafe {
                let places = _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(PLACES.as_ptr().cast()));
                let at = _mm512_set1_epi64(at as i64);
                let mut put = |eight: usize, places: __m128i| {
                    let ends = ends.as_mut_ptr().add(eight * 8);
                    _mm512_storeu_si512(ends.cast(), _mm512_add_epi64(at, _mm512_cvtepu8_epi64(places)));
                };
                macro_rules! sixteen {
                    ($lane:literal) => {
                        let places = _mm512_extracti32x4_epi32::<$lane>(places);
                        put($lane * 2, places);
                        put($lane * 2 + 1, _mm_bsrli_si128::<8>(places));
                    };
                }
                sixteen!(0);
                if count > 16 {
                    sixteen!(1);
                    if count > 32 {
                        sixteen!(2);
                        sixteen!(3);
                    }
                }
            }
            count
        }
    }
}
