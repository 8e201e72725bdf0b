//! Short byte strings as numbers: the keys of every table of pieces and tokens.
//!
//! Nearly all pieces and tokens have at most 15 bytes. Such a string *is* its key, a number of 16 bytes with the length in
//! the highest: two keys are compared in two registers, and their hash is one multiplication.

mod wide;

pub(crate) use wide::Wide;

/// The longest string that is its own key.
pub(crate) const INLINE: usize = 15;

/// What [`key`] likes to read from the start of a string on, whatever is there.
pub(crate) const WINDOW: usize = INLINE + 1;

/// The bytes from the lowest on, the length in the highest. Never 0 and never [`NO_KEY`].
pub(crate) type Key = u128;

/// What no string has for a key.
pub(crate) const NO_KEY: Key = Key::MAX;

/// By length: the bytes of a key that belong to the string.
const MASKS: [Key; INLINE + 1] = {
    let mut masks = [0; INLINE + 1];
    let mut length = 1;
    while length <= INLINE {
        masks[length] = masks[length - 1] << 8 | 0xff;
        length += 1;
    }
    masks
};

/// By length: what a key says of it.
const LENGTHS: [Key; INLINE + 1] = {
    let mut lengths = [0; INLINE + 1];
    let mut length = 1;
    while length <= INLINE {
        lengths[length] = (length as Key) << 120;
        length += 1;
    }
    lengths
};

/// The key of `text[start..end]`, which has 1 to [`INLINE`] bytes.
#[inline(always)]
pub(crate) fn key(text: &[u8], start: usize, end: usize) -> Key {
    match text.get(start..).and_then(|rest| rest.first_chunk()) {
        Some(window) => key_in(window, end - start),
        None => key_alone(&text[start..end]),
    }
}

/// The key of a string with nothing behind it that may be read. Its ends, as numbers, overlap and agree where they do. A copy
/// into a window would take longer: what was just written in parts cannot be read as a whole at once.
#[inline]
fn key_alone(bytes: &[u8]) -> Key {
    let length = bytes.len();
    let string = if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        Key::from(u64::from_le_bytes(*first)) | Key::from(u64::from_le_bytes(*last)) << (8 * (length - 8))
    } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        Key::from(u32::from_le_bytes(*first)) | Key::from(u32::from_le_bytes(*last)) << (8 * (length - 4))
    } else {
        [0, length / 2, length - 1].iter().fold(0, |key, &at| key | Key::from(bytes[at]) << (8 * at))
    };
    string | LENGTHS[length]
}

/// The key of the first bytes of a window: one load, whatever comes after them, and a mask.
#[inline(always)]
pub(crate) fn key_in(window: &[u8; WINDOW], length: usize) -> Key {
    (Key::from_le_bytes(*window) & MASKS[length]) | LENGTHS[length]
}

/// How many bytes the string of a key has.
#[inline(always)]
pub(crate) fn key_length(key: Key) -> usize {
    (key >> 120) as usize
}

/// Digits of π, for want of anything more random.
const SEEDS: [u64; 2] = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344];

/// The hash of a key: the same in every process, since nothing that is hashed this way can grow by what others choose.
#[inline(always)]
pub(crate) fn hash_key(key: Key) -> u64 {
    fold_halves(key as u64, (key >> 64) as u64)
}

#[inline(always)]
fn fold_halves(lower: u64, upper: u64) -> u64 {
    fold(lower ^ SEEDS[0], upper ^ SEEDS[1])
}

/// The hash of a string of any length; that of its key if it has one.
#[inline]
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    if (1..=INLINE).contains(&bytes.len()) {
        return hash_key(key(bytes, 0, bytes.len()));
    }
    let half = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
    let mut hash = bytes.len() as u64;
    let mut at = 0;
    while at + WINDOW < bytes.len() {
        hash = fold(half(at) ^ hash, half(at + 8) ^ SEEDS[1]);
        at += WINDOW;
    }
    match bytes.len().checked_sub(WINDOW) {
        // The last 16 bytes, some of them perhaps for the second time.
        Some(last) => fold(half(last) ^ hash, half(last + 8) ^ SEEDS[0]),
        None => hash,
    }
}

/// The product, its upper half folded onto the lower.
#[inline(always)]
fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn equal_keys_are_equal_strings(
            one in proptest::collection::vec(any::<u8>(), 1..=INLINE),
            other in proptest::collection::vec(0..2u8, 1..=INLINE),
            rest in proptest::collection::vec(any::<u8>(), 0..20),
        ) {
            let keys = [&one, &other].map(|bytes| {
                let text = [&rest[..], bytes, &rest].concat();
                let key = key(&text, rest.len(), rest.len() + bytes.len());
                assert_eq!(&key.to_le_bytes()[..bytes.len()], &bytes[..]);
                assert!(key_length(key) == bytes.len() && hash_key(key) == hash(bytes) && key != 0 && key != NO_KEY);
                key
            });
            prop_assert_eq!(keys[0] == keys[1], one == other);
        }
    }

    #[test]
    fn hashes_differ_and_fill_tables_evenly() {
        let strings = (0..20_000_u32).flat_map(|number| {
            let short = format!("{number}");
            let long = format!("{number:016}{number}");
            [short, long, format!("{:040}", number), "a".repeat(16 + number as usize % 500) + &number.to_string()]
        });
        let strings: HashSet<Vec<u8>> = strings.map(String::into_bytes).collect();
        let hashes: HashSet<u64> = strings.iter().map(|bytes| hash(bytes)).collect();
        assert_eq!(hashes.len(), strings.len());
        for bits in [|hash: &u64| hash >> 56, |hash: &u64| hash & 0xff] {
            let mut buckets = [0_usize; 256];
            hashes.iter().for_each(|hash| buckets[bits(hash) as usize] += 1);
            let fair = hashes.len() / 256;
            assert!(buckets.iter().all(|&number| (fair / 2..fair * 2).contains(&number)), "{buckets:?}");
        }
    }
}
