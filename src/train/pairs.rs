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
    /// The pairs in words that consist of these tokens: a counting sort of their slots.
    ///
    /// # Errors
    /// [`Error::CorpusTooLarge`].
    pub(super) fn of_words(words: &Words, lengths: &[u32]) -> Result<Pairs> {
        if lengths.len() == 256 {
            // Bytes only: a pair is its own number, and nothing is hashed.
            return Pairs::numbered(words, lengths, |(left, right)| left.index() << 8 | right.index());
        }
        let mut numbers: HashMap<Pair, usize, RandomState> = HashMap::default();
        Pairs::numbered(words, lengths, |pair| {
            let next = numbers.len();
            *numbers.entry(pair).or_insert(next)
        })
    }

    /// `number` gives each pair a small number of its own.
    fn numbered(words: &Words, lengths: &[u32], mut number: impl FnMut(Pair) -> usize) -> Result<Pairs> {
        let mut found: Vec<Option<(Pair, Occurrences)>> = Vec::new();
        words.for_each_pair(lengths, |pair, _, count| {
            let at = number(pair);
            if found.len() <= at {
                found.resize(at + 1, None);
            }
            let (_, occurrences) = found[at].get_or_insert((pair, Occurrences { count: 0, start: 0, length: 0 }));
            occurrences.count += count;
            occurrences.length += 1;
        });
        let mut pairs = Pairs::default();
        let total: usize = found.iter().flatten().map(|(_, occurrences)| occurrences.length as usize).sum();
        pairs.reserve(total)?;
        let mut end = 0;
        for (pair, occurrences) in found.iter_mut().flatten() {
            occurrences.start = end;
            end += occurrences.length;
            pairs.table.insert(*pair, *occurrences);
        }
        words.for_each_pair(lengths, |pair, slot, _| {
            let (_, occurrences) = found[number(pair)].as_mut().expect("seen before");
            pairs.slots[occurrences.start as usize] = slot;
            occurrences.start += 1;
        });
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
