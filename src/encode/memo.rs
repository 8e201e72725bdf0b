//! Pair → rank, for the pairs that were met before.
//!
//! What two tokens become is found by their bytes in the vocabulary: some look-ups in many megabytes, most of which find
//! nothing. But a few thousand pairs are most of all that are ever asked for, and these stay here, where a core has them at hand.
//!
//! A pair of ids is 48 bits. Multiplied by an odd number it is still that pair and no other; the upper bits then say where
//! it is kept, and the lower ones, kept beside the rank, that it is the one.

use std::cell::Cell;

use crate::merges::{Pair, Rank, Rules};
use crate::vocab::Id;

/// Pairs that are kept: 128 KiB.
const BITS: u32 = 14;

/// Bits of a pair, and of the part that is kept.
const PAIR: u32 = 2 * Id::BITS;
const KEPT: u32 = PAIR - BITS;

/// In an entry that is not free.
const USED: u64 = 1 << 63;

pub(super) struct Memo(Vec<u64>);

const SIZE: usize = 1 << BITS;

impl Default for Memo {
    fn default() -> Memo {
        // The system gives the memory when it is touched.
        Memo(vec![0; SIZE])
    }
}

impl Memo {
    /// Rules that look here first. A memo is for one set of rules.
    pub(super) fn before<R>(&mut self, rules: R) -> Remembered<'_, R> {
        let entries = Cell::from_mut(&mut self.0[..]).as_slice_of_cells();
        Remembered { rules, entries: entries.try_into().expect("as many as there are") }
    }
}

/// Rules whose answers are remembered.
pub(super) struct Remembered<'m, R> {
    rules: R,
    entries: &'m [Cell<u64>; SIZE],
}

impl<R: Rules> Rules for Remembered<'_, R> {
    #[inline(always)]
    fn rank(&self, piece: &[u8], start: usize, end: usize, pair: Pair) -> Rank {
        let number = u64::from(pair.0.0) << Id::BITS | u64::from(pair.1.0);
        let mixed = number.wrapping_mul(0x9e37_79b9_7f4b) & ((1 << PAIR) - 1);
        let entry = &self.entries[(mixed >> KEPT) as usize];
        let kept = USED | (mixed & ((1 << KEPT) - 1)) << Id::BITS;
        if entry.get() & !u64::from(Id::MASK) == kept {
            return Rank(entry.get() as u32 & Id::MASK);
        }
        self.look_up(piece, start, end, pair, entry, kept)
    }

    #[inline(always)]
    fn made(&self, rank: Rank) -> Id {
        self.rules.made(rank)
    }
}

impl<R: Rules> Remembered<'_, R> {
    #[inline(never)]
    fn look_up(&self, piece: &[u8], start: usize, end: usize, pair: Pair, entry: &Cell<u64>, kept: u64) -> Rank {
        let rank = self.rules.rank(piece, start, end, pair);
        entry.set(kept | u64::from(rank.0));
        rank
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::HashMap;

    use super::*;

    /// Rules that know what they were asked for.
    struct Asked<'a>(&'a RefCell<HashMap<Pair, u32>>);

    impl Rules for Asked<'_> {
        fn rank(&self, _: &[u8], _: usize, _: usize, pair: Pair) -> Rank {
            *self.0.borrow_mut().entry(pair).or_insert(0) += 1;
            Rank((pair.0.0 * 31 + pair.1.0 * 7) % (Rank::NONE.0 + 1))
        }

        fn made(&self, _: Rank) -> Id {
            Id(0)
        }
    }

    #[test]
    fn every_pair_has_its_own_rank_and_is_mostly_asked_for_once() {
        let (asked, mut memo) = (RefCell::new(HashMap::new()), Memo::default());
        let rules = memo.before(Asked(&asked));
        let ids = [0, 1, 2, 255, 256, 1 << 12, 1 << 20, Id::MAX.0 - 1, Id::MAX.0];
        for _ in 0..3 {
            for pair in ids.iter().flat_map(|&left| ids.map(|right| (Id(left), Id(right)))) {
                assert_eq!(rules.rank(b"", 0, 0, pair), Asked(&asked).rank(b"", 0, 0, pair), "{pair:?}");
            }
        }
        // Three times by the test itself, and once more if it was remembered from the first time on.
        let once = asked.borrow().values().filter(|&&times| times == 4).count();
        assert!(once > 70, "{once} of 81");
        for number in 0..1 << 20 {
            let pair = (Id(number % 1000), Id(number / 1000));
            assert_eq!(rules.rank(b"", 0, 0, pair), Asked(&asked).rank(b"", 0, 0, pair));
        }
    }
}
