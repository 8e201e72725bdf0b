//! All pretokens as words: mutable sequences of token ids, in one flat array.
//!
//! The array has one slot for each byte, and an [`END`] before, between and after words. A token writes its id into its
//! first and its last slot; how many slots it covers is the length of its bytes. So both neighbours of a token are one
//! step away, merging writes three slots, and nothing is ever moved: a token is known by the slot of its first byte for
//! as long as it lives.

use super::Counts;
use crate::error::{Error, Result};
use crate::merges::Pair;
use crate::vocab::Id;

/// In the slots around words.
const END: Id = Id(u32::MAX);
/// In the slot of what was the first byte of a token, once the token is merged into the one before.
const INNER: Id = Id(u32::MAX - 1);

/// An id, and how often its word occurs, side by side because both are always needed together: one cache line, not two.
#[derive(Clone, Copy)]
struct Slot {
    id: Id,
    /// The count of the word, or [`LARGE`].
    count: u32,
}

/// Stands for a count that takes more than 32 bits; it is then among [`Words::large`].
const LARGE: u32 = u32::MAX;

pub(super) struct Words {
    slots: Vec<Slot>,
    /// Where the words with large counts begin, ascending, and these counts.
    large: Vec<(u32, u64)>,
}

/// The surroundings of a merged pair: the token before with the slot where it starts, the token after.
pub(super) struct Occurrence {
    pub count: u64,
    pub before: Option<(Id, u32)>,
    pub after: Option<Id>,
}

impl Words {
    /// One word for each pretoken, in the order of the counts. `segment` gives the tokens that a word starts as, `lengths`
    /// how many bytes each has, by id.
    ///
    /// # Errors
    /// [`Error::CorpusTooLarge`] if slots cannot be numbered with 32 bits; that of `segment`.
    pub(super) fn new(
        counts: &Counts,
        lengths: &[u32],
        mut segment: impl FnMut(&[u8], &mut Vec<Id>) -> Result<()>,
    ) -> Result<Words> {
        let bytes: u64 = counts.iter().map(|(pretoken, _)| pretoken.len() as u64 + 1).sum();
        let limit = u64::from(u32::MAX - 1);
        if bytes > limit {
            return Err(Error::CorpusTooLarge { bytes, limit });
        }
        let mut words = Words { slots: Vec::with_capacity(bytes as usize + 1), large: Vec::new() };
        words.slots.push(Slot { id: END, count: 0 });
        let mut ids = Vec::new();
        for (pretoken, count) in counts.iter() {
            let small = u32::try_from(count).unwrap_or(LARGE);
            if small == LARGE {
                words.large.push((words.slots.len() as u32, count));
            }
            ids.clear();
            segment(pretoken, &mut ids)?;
            for &id in &ids {
                let length = lengths[id.index()];
                let inner = (1..length).map(|at| if at + 1 == length { id } else { INNER });
                words.slots.extend(std::iter::once(id).chain(inner).map(|id| Slot { id, count: small }));
            }
            words.slots.push(Slot { id: END, count: 0 });
        }
        Ok(words)
    }

    /// Calls `each` with every pair of adjacent tokens, its slot and its count, in ascending order of slots.
    pub(super) fn for_each_pair(&self, lengths: &[u32], mut each: impl FnMut(Pair, u32, u64)) {
        let mut at = 1;
        while let Some(slot) = self.slots.get(at as usize) {
            if slot.id == END {
                at += 1;
                continue;
            }
            let next = at + lengths[slot.id.index()];
            let right = self.slots[next as usize].id;
            if right != END {
                each((slot.id, right), at, self.count(at));
            }
            at = next;
        }
    }

    /// Whether the pair occurs at this slot, at which its left token once began. `length` is that of the left token.
    ///
    /// A slot where a token began never shows that token's id again once the token is gone: then it is inside a token
    /// ([`INNER`]), or the first or last slot of a longer one, whose id is another.
    #[inline]
    pub(super) fn holds(&self, (left, right): Pair, at: u32, length: u32) -> bool {
        self.slots[at as usize].id == left && self.slots[(at + length) as usize].id == right
    }

    /// Makes one token of the pair at this slot. `lengths` are the bytes of each token, by id.
    #[inline]
    pub(super) fn merge(&mut self, (left, right): Pair, id: Id, at: u32, lengths: &[u32]) -> Occurrence {
        let length = |id: Id| lengths[id.index()];
        let second = at + length(left);
        let end = second + length(right);
        self.slots[second as usize].id = INNER;
        self.slots[at as usize].id = id;
        self.slots[end as usize - 1].id = id;
        let neighbour = |slot: u32| Some(self.slots[slot as usize].id).filter(|&id| id != END);
        Occurrence {
            count: self.count(at),
            before: neighbour(at - 1).map(|before| (before, at - length(before))),
            after: neighbour(end),
        }
    }

    #[inline]
    fn count(&self, at: u32) -> u64 {
        match self.slots[at as usize].count {
            LARGE => self.large[self.large.partition_point(|&(start, _)| start <= at) - 1].1,
            count => count.into(),
        }
    }
}
