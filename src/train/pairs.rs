//! What is known of the frequent pairs of adjacent tokens: how often each occurs, and where.
//!
//! A pair that occurs less often than a limit is not kept: there are many of those, and counts only fall, so that none of
//! them is merged while there is a pair above the limit (see [`super::horizon`]).

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::progress::Pulse;
use super::words::{self, Token, Words};
use crate::error::{Error, Result};
use crate::merges::Pair;

/// The pairs that are kept. All slots lie in one array, a list for each pair: no allocation for each of many pairs.
pub(super) struct Pairs {
    table: HashMap<Pair, Occurrences, RandomState>,
    slots: Vec<u32>,
    /// Pairs with a lower count are not kept. At 1 all are.
    least: u64,
    /// Longer pairs, in bytes, are never merged and not kept.
    longest: usize,
}

/// The occurrences of a pair.
#[derive(Clone, Copy, Default)]
pub(super) struct Occurrences {
    pub count: u64,
    pub list: List,
}

/// The slots at which the left token of a pair once began, ascending: where they start in [`Pairs::slots`], and how many
/// there are. Some may be stale; no true one is missing.
#[derive(Clone, Copy, Default)]
pub(super) struct List {
    pub start: u32,
    pub length: u32,
}

impl List {
    fn range(self) -> std::ops::Range<usize> {
        self.start as usize..(self.start + self.length) as usize
    }
}

impl Pairs {
    pub(super) fn new(longest: usize) -> Pairs {
        Pairs { table: HashMap::default(), slots: Vec::new(), least: u64::MAX, longest }
    }

    /// Pairs with a lower count are not kept.
    pub(super) fn least(&self) -> u64 {
        self.least
    }

    /// Keeps the pairs that occur at least so often in the words as they stand now, and forgets all else. `least` makes
    /// that of the sum of all counts.
    ///
    /// # Errors
    /// [`Error::CorpusTooLarge`]; that of `pulse`.
    pub(super) fn collect(
        &mut self,
        words: &Words,
        lengths: &[u32],
        least: impl FnOnce(u64) -> u64,
        pulse: &mut Pulse,
    ) -> Result<()> {
        // Before the new ones come, to have room for them.
        self.table = HashMap::default();
        self.slots = Vec::new();
        if words.is_bytes() {
            self.collect_bytes(words, lengths, least, pulse)
        } else {
            self.collect_sieved(words, lengths, least, pulse)
        }
    }

    /// A pair of bytes is its own number, and nothing is hashed.
    fn collect_bytes(
        &mut self,
        words: &Words,
        lengths: &[u32],
        least: impl FnOnce(u64) -> u64,
        pulse: &mut Pulse,
    ) -> Result<()> {
        // With the pairs at the ends of words, which are no pairs: to count them is less than to ask each time.
        let mut found = vec![Occurrences::default(); 1 << 18];
        let number = |left: Token, right: Token| (left << 9 | right) as usize & ((1 << 18) - 1);
        words.for_each_two_bytes(pulse, |left, right, _, count| {
            let occurrences = &mut found[number(left, right)];
            occurrences.count += count;
            occurrences.list.length += 1;
        })?;
        let tokens = 1..=256;
        let pairs = tokens.clone().flat_map(|left| tokens.clone().map(move |right| (left, right)));
        self.least = least(pairs.clone().map(|(left, right)| found[number(left, right)].count).sum());
        let mut end = 0;
        // Where the next slot goes, plus 1: at 0 it is left out. Memory of zeros is there only once it is written to.
        let mut starts = vec![0u32; found.len()];
        for (left, right) in pairs {
            let mut occurrences = found[number(left, right)];
            let pair = (words::id(left), words::id(right));
            if occurrences.count >= self.least && self.fits(pair, lengths) {
                occurrences.list.start = end as u32;
                starts[number(left, right)] = end as u32 + 1;
                end += occurrences.list.length as usize;
                self.table.insert(pair, occurrences);
            }
        }
        self.reserve(end)?;
        words.for_each_two_bytes(pulse, |left, right, slot, _| {
            let next = &mut starts[number(left, right)];
            if let Some(free) = self.slots.get_mut(next.wrapping_sub(1) as usize) {
                *free = slot;
                *next += 1;
            }
        })?;
        Ok(())
    }

    /// Counts in a table would take memory for every rare pair. So first counts are summed by a few bits of a hash: a sum
    /// below the limit leaves out all the pairs in it.
    fn collect_sieved(
        &mut self,
        words: &Words,
        lengths: &[u32],
        least: impl FnOnce(u64) -> u64,
        pulse: &mut Pulse,
    ) -> Result<()> {
        let mut sums = vec![0u64; 1 << SIEVE_BITS];
        let mut total = 0;
        words.for_each_pair(lengths, pulse, |pair, _, count| {
            sums[sieve(pair)] += count;
            total += count;
        })?;
        self.least = least(total);
        let passes = |pair| sums[sieve(pair)] >= self.least;
        words.for_each_pair(lengths, pulse, |pair, _, count| {
            if passes(pair) {
                let occurrences = self.table.entry(pair).or_default();
                occurrences.count += count;
                occurrences.list.length += 1;
            }
        })?;
        let Pairs { least, longest, .. } = *self;
        self.table.retain(|&(left, right), occurrences| {
            let length = lengths[left.index()] + lengths[right.index()];
            occurrences.count >= least && length as usize <= longest
        });
        self.table.shrink_to(self.table.len() * 2);
        let mut end = 0;
        for occurrences in self.table.values_mut() {
            occurrences.list.start = end as u32;
            end += occurrences.list.length as usize;
            occurrences.list.length = 0;
        }
        self.reserve(end)?;
        let passes = |pair| sums[sieve(pair)] >= self.least;
        words.for_each_pair(lengths, pulse, |pair, slot, _| {
            if passes(pair)
                && let Some(Occurrences { list, .. }) = self.table.get_mut(&pair)
            {
                self.slots[(list.start + list.length) as usize] = slot;
                list.length += 1;
            }
        })?;
        Ok(())
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

    pub(super) fn slots(&self, list: List) -> &[u32] {
        &self.slots[list.range()]
    }

    /// The first slot at which `is_fresh` holds. Forgets the stale ones before it, since a slot never becomes true again.
    pub(super) fn first(&mut self, pair: Pair, is_fresh: impl Fn(u32) -> bool) -> u32 {
        let list = &mut self.table.get_mut(&pair).expect("the pair occurs").list;
        while !is_fresh(self.slots[list.start as usize]) {
            list.start += 1;
            list.length -= 1;
        }
        self.slots[list.start as usize]
    }

    /// Makes room for so many slots, to be filled through [`Pairs::fill`]; gives where it starts. Takes it from a list
    /// that is no longer needed if that has room, else from the end.
    ///
    /// # Errors
    /// [`Error::CorpusTooLarge`] if slots of pairs cannot be numbered with 32 bits.
    pub(super) fn reserve_in(&mut self, free: &mut List, slots: usize) -> Result<u32> {
        if slots > free.length as usize {
            return self.reserve(slots);
        }
        let start = free.start;
        free.start += slots as u32;
        free.length -= slots as u32;
        Ok(start)
    }

    fn reserve(&mut self, slots: usize) -> Result<u32> {
        let start = self.slots.len();
        let end = start + slots;
        if end >= u32::MAX as usize {
            return Err(Error::CorpusTooLarge { bytes: end as u64, limit: u32::MAX.into() });
        }
        if start == 0 {
            // Memory of zeros is there only once it is written to: not all of it in this one step.
            self.slots = vec![0; end];
        } else {
            self.slots.resize(end, 0);
        }
        Ok(start as u32)
    }

    #[inline]
    pub(super) fn fill(&mut self, at: u32, slot: u32) {
        self.slots[at as usize] = slot;
    }

    /// Whether the pair is not too long to be merged.
    #[inline]
    pub(super) fn fits(&self, (left, right): Pair, lengths: &[u32]) -> bool {
        (lengths[left.index()] + lengths[right.index()]) as usize <= self.longest
    }

    /// Adds occurrences to a pair, whose slots were reserved and filled.
    ///
    /// # Errors
    /// [`Error::CorpusTooLarge`].
    pub(super) fn raise(&mut self, pair: Pair, count: u64, list: List) -> Result<()> {
        match self.table.entry(pair) {
            Entry::Vacant(free) => {
                free.insert(Occurrences { count, list });
            }
            // Only where a merge gives a token that was there before: then the two lists become one.
            Entry::Occupied(found) => {
                let Occurrences { count: known, list: first } = *found.get();
                let mut slots = [&self.slots[first.range()], &self.slots[list.range()]].concat();
                slots.sort_unstable();
                let list = List { start: self.reserve(slots.len())?, length: slots.len() as u32 };
                self.slots[list.range()].copy_from_slice(&slots);
                self.table.insert(pair, Occurrences { count: known + count, list });
            }
        }
        Ok(())
    }

    /// Takes occurrences from a pair if it is kept, and forgets it below the limit.
    pub(super) fn lower(&mut self, pair: Pair, count: u64) {
        if let Entry::Occupied(mut found) = self.table.entry(pair) {
            let rest = found.get().count - count;
            if rest < self.least {
                found.remove();
            } else {
                found.get_mut().count = rest;
            }
        }
    }
}

/// The binary logarithm of the sums in the sieve. They take 2 MB; millions of rare pairs add up to less than a limit in most.
const SIEVE_BITS: u32 = 18;

/// Where in the sieve a pair is counted.
#[inline]
fn sieve((left, right): Pair) -> usize {
    let key = u64::from(left.0) << 32 | u64::from(right.0);
    (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - SIEVE_BITS)) as usize
}
