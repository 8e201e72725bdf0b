//! All pretokens as words: mutable sequences of token ids, in one flat array.
//!
//! The array has one slot for each byte, and an empty one before, between and after words. A token writes its id into its
//! first and its last slot; how many slots it covers is the length of its bytes. So both neighbours of a token are one
//! step away, merging writes three slots, and nothing is ever moved: a token is known by the slot of its first byte for
//! as long as it lives.
//!
//! A slot takes 32 bits: an id has 24, and the other 8 say how often the word occurs, since whoever changes a token needs
//! that too, and another place in memory would be another wait.

use std::thread;

use super::Counts;
use super::progress::Pulse;
use crate::error::{Error, Result};
use crate::merges::Pair;
use crate::vocab::Id;

/// A token in a slot: its id + 1, or [`NONE`]. Ids of training are below [`Id::MAX`], so this has 24 bits.
pub(super) type Token = u32;
/// Around words, and inside tokens.
pub(super) const NONE: Token = 0;

const TOKEN_BITS: u32 = 24;
const TOKEN: u32 = (1 << TOKEN_BITS) - 1;
/// Stands for a count that takes more than 8 bits; it is then among [`Large`].
const LARGE: u32 = u32::MAX >> TOKEN_BITS;

pub(super) fn token(id: Id) -> Token {
    id.0 + 1
}

/// The id of what is not [`NONE`].
pub(super) fn id(token: Token) -> Id {
    Id(token - 1)
}

pub(super) struct Words {
    slots: Vec<u32>,
    /// Whether every token is a single byte, with an id below 256.
    is_bytes: bool,
    /// How many there were before the first merge.
    tokens: u64,
    large: Large,
}

/// A pair that becomes a token, with the lengths in slots.
pub(super) struct Join {
    left: Token,
    right: Token,
    joined: Token,
    left_length: u32,
    length: u32,
}

impl Join {
    pub(super) fn new((left, right): Pair, joined: Id, lengths: &[u32]) -> Join {
        let left_length = lengths[left.index()];
        let length = left_length + lengths[right.index()];
        Join { left: token(left), right: token(right), joined: token(joined), left_length, length }
    }
}

/// A pair that was merged, and its surroundings.
pub(super) struct Occurrence {
    pub at: u32,
    /// Of the word.
    pub count: u64,
    pub before: Token,
    pub after: Token,
}

/// What words start as.
pub(super) enum Start<'s> {
    /// Their bytes.
    Bytes,
    /// The tokens that this gives for each.
    Encoded(Box<Encode<'s>>),
}

/// Gives the tokens of a word.
pub(super) type Encode<'s> = dyn FnMut(&[u8], &mut Vec<Id>) -> Result<()> + 's;

/// Words between two looks at the pulse: some milliseconds where a base encodes them.
const WORDS: usize = 1 << 14;

/// How many occurrences are looked at before any of them is merged.
const AHEAD: usize = 64;

impl Words {
    /// One word for each pretoken, in the order of the counts. `lengths` tells how many bytes each token has, by id.
    ///
    /// # Errors
    /// [`Error::CorpusTooLarge`] if slots cannot be numbered with 32 bits; those of `start` and `pulse`.
    pub(super) fn new(counts: &Counts, lengths: &[u32], start: &mut Start, pulse: &mut Pulse) -> Result<Words> {
        let bytes: u64 = counts.iter().map(|(pretoken, _)| pretoken.len() as u64 + 1).sum();
        let limit = u64::from(u32::MAX - 1);
        if bytes > limit {
            return Err(Error::CorpusTooLarge { bytes, limit });
        }
        let slots = Vec::with_capacity(bytes as usize + 1);
        let mut words = Words { slots, large: Large::default(), is_bytes: true, tokens: 0 };
        words.slots.push(NONE);
        let mut ids = Vec::new();
        for (number, (pretoken, count)) in counts.iter().enumerate() {
            if number % WORDS == 0 {
                pulse.check()?;
            }
            let small = count.min(LARGE.into()) as u32;
            if small == LARGE {
                words.large.push(words.slots.len() as u32, count);
            }
            let tag = small << TOKEN_BITS;
            match start {
                Start::Bytes => {
                    words.tokens += pretoken.len() as u64 * count;
                    for part in pretoken.chunks(Pulse::STEPS) {
                        if part.len() == Pulse::STEPS {
                            pulse.check()?;
                        }
                        words.slots.extend(part.iter().map(|&byte| tag | token(Id(byte.into()))));
                    }
                }
                Start::Encoded(encode) => {
                    ids.clear();
                    encode(pretoken, &mut ids)?;
                    words.tokens += ids.len() as u64 * count;
                    words.push(&ids, lengths, tag);
                }
            }
            words.slots.push(NONE);
        }
        words.large.finish(words.slots.len());
        Ok(words)
    }

    /// Adds the slots of a word that consists of these tokens.
    fn push(&mut self, ids: &[Id], lengths: &[u32], tag: u32) {
        for &id in ids {
            let length = lengths[id.index()] as usize;
            self.is_bytes &= length == 1 && id.0 < 256;
            self.slots.push(tag | token(id));
            if length > 1 {
                self.slots.resize(self.slots.len() + length - 2, tag);
                self.slots.push(tag | token(id));
            }
        }
    }

    /// Whether every token is a single byte with an id below 256, as it is before the first merge if there is no base.
    pub(super) fn is_bytes(&self) -> bool {
        self.is_bytes
    }

    /// Calls `each` with every two adjacent slots of words of single bytes, the first slot's number, and the count of its
    /// word. These are tokens, or [`NONE`] at the ends of words: where those are cannot be foretold.
    ///
    /// # Errors
    /// That of `pulse`.
    #[inline]
    pub(super) fn for_each_two_bytes(
        &self,
        pulse: &mut Pulse,
        mut each: impl FnMut(Token, Token, u32, u64),
    ) -> Result<()> {
        for start in (0..self.slots.len() - 1).step_by(Pulse::STEPS) {
            pulse.check()?;
            let end = self.slots.len().min(start + Pulse::STEPS + 1);
            for (at, two) in (start as u32..).zip(self.slots[start..end].windows(2)) {
                let left = two[0];
                each(left & TOKEN, two[1] & TOKEN, at, self.count(left, at));
            }
        }
        Ok(())
    }

    /// Calls `each` with every pair of adjacent tokens, its slot and its count, in ascending order of slots.
    ///
    /// # Errors
    /// That of `pulse`.
    pub(super) fn for_each_pair(
        &self,
        lengths: &[u32],
        pulse: &mut Pulse,
        mut each: impl FnMut(Pair, u32, u64),
    ) -> Result<()> {
        let (mut at, mut checked) = (1_u32, 0);
        while let Some(&slot) = self.slots.get(at as usize) {
            if at >= checked {
                pulse.check()?;
                checked = at.saturating_add(Pulse::STEPS as u32);
            }
            let left = slot & TOKEN;
            if left == NONE {
                at += 1;
                continue;
            }
            let next = at + lengths[id(left).index()];
            let right = self.slots[next as usize] & TOKEN;
            if right != NONE {
                each((id(left), id(right)), at, self.count(slot, at));
            }
            at = next;
        }
        Ok(())
    }

    /// How many tokens there were before the first merge, those of each word as often as it occurs.
    pub(super) fn tokens(&self) -> u64 {
        self.tokens
    }

    /// Whether the pair occurs at this slot, at which its left token once began.
    ///
    /// A slot where a token began never shows that token's id again once the token is gone: then it is inside a token
    /// ([`NONE`]), or the first or last slot of a longer one, whose id is another.
    #[inline]
    pub(super) fn holds(&self, join: &Join, at: u32) -> bool {
        join.is_at(&self.slots, at as usize)
    }

    /// Something of this slot, only to have read it.
    #[inline]
    pub(super) fn touch(&self, at: u32) -> u32 {
        self.slots[at as usize]
    }

    /// Merges the pair wherever it occurs at these ascending slots, and calls `each` with its surroundings, in text order.
    pub(super) fn merge(&mut self, join: &Join, slots: &[u32], threads: usize, mut each: impl FnMut(Occurrence)) {
        self.is_bytes = false;
        if threads == 1 || slots.len() < LONG {
            let mut part = Part { slots: &mut self.slots, start: 0, large: &self.large };
            return part.merge(join, slots, each);
        }
        let found = thread::scope(|scope| {
            let parts = self.split(slots, threads).into_iter();
            let work = |(mut part, slots): (Part, &[u32])| {
                let mut found = Vec::with_capacity(slots.len());
                part.merge(join, slots, |occurrence| found.push(occurrence));
                found
            };
            let handles: Vec<_> = parts.map(|part| scope.spawn(move || work(part))).collect();
            let join = |handle: thread::ScopedJoinHandle<Vec<Occurrence>>| {
                handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            handles.into_iter().map(join).collect::<Vec<_>>()
        });
        found.into_iter().flatten().for_each(&mut each);
    }

    /// The words in parts, with the slots of a list that lie in each. Words that are too long are not parted.
    fn split<'w, 'l>(&'w mut self, list: &'l [u32], parts: usize) -> Vec<(Part<'w>, &'l [u32])> {
        let (mut split, mut rest) = (Vec::new(), Part { slots: &mut self.slots, start: 0, large: &self.large });
        let mut list = list;
        for left in (2..=parts).rev() {
            let Some(end) = list.get(list.len() / left).and_then(|&slot| rest.end_before(slot)) else { continue };
            let (slots, others) = std::mem::take(&mut rest.slots).split_at_mut((end - rest.start) as usize);
            let (before, after) = list.split_at(list.partition_point(|&slot| slot < end));
            split.push((Part { slots, ..rest }, before));
            (rest.slots, rest.start, list) = (others, end, after);
        }
        split.push((rest, list));
        split
    }

    /// How often the word of this slot occurs.
    #[inline]
    fn count(&self, slot: u32, at: u32) -> u64 {
        self.large.count(slot, at)
    }
}

/// Slots of a pair from which on several threads merge it: a thread takes some 50 µs to start, in which it could look at
/// 4,000 slots. On two threads merging took 6.9 s instead of 11.1 s for 20 million distinct pretokens; in 50 MB of
/// English no pair has so many slots.
const LONG: usize = if cfg!(test) { 3 } else { 1 << 16 };

/// Slots that are searched for the end of a word.
const FAR: u32 = 1 << 12;

impl Join {
    #[inline]
    fn is_at(&self, slots: &[u32], at: usize) -> bool {
        let left = slots[at] & TOKEN;
        let right = slots[at + self.left_length as usize] & TOKEN;
        // Both are looked at in any case: which slots are stale cannot be foretold, and a wrong guess costs more.
        (left == self.left) & (right == self.right)
    }
}

/// Some whole words.
struct Part<'w> {
    slots: &'w mut [u32],
    /// The number of the first slot.
    start: u32,
    large: &'w Large,
}

impl Part<'_> {
    /// Where the word before that of a slot ends, with the slot behind it; `None` if that is far away.
    fn end_before(&self, slot: u32) -> Option<u32> {
        let nearest = (self.start + 1).max(slot.saturating_sub(FAR));
        (nearest..=slot).rev().find(|&end| self.slots[(end - 1 - self.start) as usize] == NONE)
    }

    fn merge(&mut self, join: &Join, slots: &[u32], mut each: impl FnMut(Occurrence)) {
        let is_run = join.left == join.right;
        for slots in slots.chunks(AHEAD) {
            // Stale slots drop out here. That also loads the memory of all the others at once, instead of one after the
            // other: slots are far apart.
            let mut fresh = [0; AHEAD];
            let mut number = 0;
            for &slot in slots {
                fresh[number] = slot;
                number += usize::from(join.is_at(self.slots, (slot - self.start) as usize));
            }
            for &at in &fresh[..number] {
                // An overlap: in "aaa" the second pair is gone once the first is merged.
                if is_run && !join.is_at(self.slots, (at - self.start) as usize) {
                    continue;
                }
                each(self.merge_at(join, at));
            }
        }
    }

    #[inline]
    fn merge_at(&mut self, join: &Join, number: u32) -> Occurrence {
        let at = (number - self.start) as usize;
        let slot = self.slots[at];
        let end = at + join.length as usize;
        let joined = slot & !TOKEN | join.joined;
        // Not quite empty: only between words there is neither a token nor a count.
        self.slots[at + join.left_length as usize] = slot & !TOKEN;
        self.slots[at] = joined;
        self.slots[end - 1] = joined;
        Occurrence {
            at: number,
            count: self.large.count(slot, number),
            // The slot before the first word may belong to another part; it is empty.
            before: self.slots.get(at.wrapping_sub(1)).map_or(NONE, |before| before & TOKEN),
            after: self.slots[end] & TOKEN,
        }
    }
}

/// The words with large counts. They are few.
#[derive(Default)]
struct Large {
    /// Where they begin, ascending.
    starts: Vec<u32>,
    counts: Vec<u64>,
    /// By block of slots: how many words begin before it, so that no more than a block is searched.
    before: Vec<u32>,
}

impl Large {
    /// The binary logarithm of the slots in a block.
    const BLOCK: u32 = 6;

    fn push(&mut self, start: u32, count: u64) {
        self.starts.push(start);
        self.counts.push(count);
    }

    /// Makes the blocks, once all words are there.
    fn finish(&mut self, slots: usize) {
        let mut number = 0;
        for block in 0..=(slots as u64 >> Self::BLOCK) {
            while self.starts.get(number).is_some_and(|&start| u64::from(start) < block << Self::BLOCK) {
                number += 1;
            }
            self.before.push(number as u32);
        }
    }

    /// How often the word of a slot with this content occurs.
    #[inline]
    fn count(&self, slot: u32, at: u32) -> u64 {
        match slot >> TOKEN_BITS {
            LARGE => self.find(at),
            count => count.into(),
        }
    }

    /// The count of the word around this slot.
    #[inline]
    fn find(&self, at: u32) -> u64 {
        let mut number = self.before[(at >> Self::BLOCK) as usize] as usize;
        while self.starts.get(number).is_some_and(|&start| start <= at) {
            number += 1;
        }
        self.counts[number - 1]
    }
}
