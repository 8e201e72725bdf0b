//! What is known of every pair of adjacent tokens: how often it occurs, and where.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::words::Words;
use crate::error::{Error, Result};
use crate::merges::Pair;

/// The pairs that occur. All slots lie in one array, a list for each pair: no allocation for each of millions of pairs.
#[derive(Default)]
pub(super) struct Pairs {
    table: HashMap<Pair, Occurrences, RandomState>,
    slots: Vec<u32>,
}

/// The occurrences of a pair.
#[derive(Clone, Copy)]
pub(super) struct Occurrences {
    pub count: u64,
    /// The list of slots at which the left token once began, ascending: where it starts in [`Pairs::slots`], and how many
    /// there are. Some may be stale; no true one is missing.
    start: u32,
    length: u32,
}

impl Pairs {
    /// The pairs of bytes in words: a dense table of all 65,536 and a counting sort, without any hashing.
    pub(super) fn of_bytes(words: &Words) -> Result<Pairs> {
        let index = |(left, right): Pair| left.index() << 8 | right.index();
        let mut found = vec![(0u64, 0u32); 1 << 16];
        for (pair, _, count) in words.byte_pairs() {
            let (total, number) = &mut found[index(pair)];
            *total += count;
            *number += 1;
        }
        let mut pairs = Pairs::default();
        let mut starts = vec![0; 1 << 16];
        let mut end = 0;
        for (at, &(count, length)) in found.iter().enumerate().filter(|(_, (_, length))| *length > 0) {
            let pair = (crate::Id(at as u32 >> 8), crate::Id(at as u32 & 0xff));
            pairs.table.insert(pair, Occurrences { count, start: end, length });
            starts[at] = end;
            end += length;
        }
        pairs.slots.resize(end as usize, 0);
        for (pair, slot, _) in words.byte_pairs() {
            let start = &mut starts[index(pair)];
            pairs.slots[*start as usize] = slot;
            *start += 1;
        }
        Ok(pairs)
    }

    /// All pairs.
    pub(super) fn iter(&self) -> impl Iterator<Item = Pair> {
        self.table.keys().copied()
    }

    pub(super) fn get(&self, pair: Pair) -> Option<Occurrences> {
        self.table.get(&pair).copied()
    }

    pub(super) fn remove(&mut self, pair: Pair) -> Option<Occurrences> {
        self.table.remove(&pair)
    }

    pub(super) fn slots(&self, occurrences: Occurrences) -> &[u32] {
        &self.slots[occurrences.start as usize..(occurrences.start + occurrences.length) as usize]
    }

    /// The first slot at which `is_fresh` holds. Forgets the stale ones before it, since a slot never becomes true again.
    pub(super) fn first(&mut self, pair: Pair, is_fresh: impl Fn(u32) -> bool) -> u32 {
        let occurrences = self.table.get_mut(&pair).expect("the pair occurs");
        while !is_fresh(self.slots[occurrences.start as usize]) {
            occurrences.start += 1;
            occurrences.length -= 1;
        }
        self.slots[occurrences.start as usize]
    }

    /// Makes room for so many slots at the end, to be filled through [`Pairs::fill`]; gives where it starts.
    ///
    /// # Errors
    /// [`Error::CorpusTooLarge`] if slots of pairs cannot be numbered with 32 bits.
    pub(super) fn reserve(&mut self, slots: usize) -> Result<u32> {
        let start = self.slots.len();
        let end = start + slots;
        if end > u32::MAX as usize {
            return Err(Error::CorpusTooLarge { bytes: end as u64, limit: u32::MAX.into() });
        }
        self.slots.resize(end, 0);
        Ok(start as u32)
    }

    #[inline]
    pub(super) fn fill(&mut self, at: u32, slot: u32) {
        self.slots[at as usize] = slot;
    }

    /// Adds occurrences to a pair, whose slots were reserved and filled.
    pub(super) fn raise(&mut self, pair: Pair, count: u64, start: u32, length: u32) {
        match self.table.entry(pair) {
            Entry::Vacant(free) => {
                free.insert(Occurrences { count, start, length });
            }
            // Only where a merge gives a token that was there before: then the two lists become one.
            Entry::Occupied(mut found) => {
                let known = found.get_mut();
                let range = |start: u32, length: u32| start as usize..(start + length) as usize;
                let mut slots = self.slots[range(known.start, known.length)].to_vec();
                slots.extend_from_slice(&self.slots[range(start, length)]);
                slots.sort_unstable();
                let start = self.slots.len() as u32;
                *known = Occurrences { count: known.count + count, start, length: slots.len() as u32 };
                self.slots.extend(slots);
            }
        }
    }

    /// Takes occurrences from a pair, and forgets it once none is left.
    pub(super) fn lower(&mut self, pair: Pair, count: u64) {
        match self.table.entry(pair) {
            Entry::Occupied(mut found) if found.get().count > count => found.get_mut().count -= count,
            Entry::Occupied(found) => drop(found.remove()),
            Entry::Vacant(_) => unreachable!("a pair in a word has a count"),
        }
    }
}
