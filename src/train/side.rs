//! What a merge changes on one side of its occurrences, summed by the token that stands there, so that the table of pairs
//! sees one change for each distinct neighbour instead of one for each occurrence.

use super::pairs::{List, Pairs};
use super::words::{self, NONE, Token};
use crate::error::Result;
use crate::merges::Pair;
use crate::vocab::Id;

#[derive(Clone, Copy, Default)]
struct Sum {
    count: u64,
    /// How many slots; then, while these are filled in, where the next one goes.
    slots: u32,
}

/// Where slots go that are not kept.
const NOWHERE: u32 = u32::MAX;

pub(super) struct Side {
    /// By token. Zero but for the touched ones.
    sums: Vec<Sum>,
    /// The tokens that occurred: the first `number`.
    touched: Vec<Token>,
    number: usize,
    /// The token at every occurrence.
    tokens: Vec<Token>,
    /// The neighbours whose pairs with the joined token are kept.
    kept: Vec<Id>,
}

/// The pairs that arise on one side.
pub(super) struct Rise<'a> {
    /// Where the merged pair began, at every occurrence.
    pub slots: &'a [u32],
    pub lengths: &'a [u32],
    pub joined: Id,
    /// Whether the joined token was never there before.
    pub is_new: bool,
    /// Whether the joined token comes first in the pair.
    pub is_first: bool,
}

impl Rise<'_> {
    fn pair(&self, neighbour: Id) -> Pair {
        if self.is_first { (self.joined, neighbour) } else { (neighbour, self.joined) }
    }
}

impl Side {
    /// For ids below `ids`.
    pub(super) fn new(ids: usize) -> Side {
        let mut side = Side { sums: Vec::new(), touched: Vec::new(), number: 0, tokens: Vec::new(), kept: Vec::new() };
        (0..=ids).for_each(|_| side.grow());
        side.clear();
        side
    }

    /// Makes room for one more id.
    pub(super) fn grow(&mut self) {
        self.sums.push(Sum::default());
        self.touched.push(NONE);
    }

    #[inline]
    pub(super) fn note(&mut self, token: Token, count: u64) {
        let sum = &mut self.sums[token as usize];
        // Written in any case, to stay if it is the first: whether it is cannot be foretold.
        self.touched[self.number] = token;
        self.number += usize::from(sum.slots == 0);
        sum.count += count;
        sum.slots += 1;
        self.tokens.push(token);
    }

    /// Adds the new pairs that are frequent enough, with their slots sorted by neighbour: a counting sort. Gives the most
    /// by which a pair rose that may have occurred before but was not kept.
    pub(super) fn raise(&mut self, pairs: &mut Pairs, free: &mut List, rise: &Rise) -> Result<u64> {
        let mut unknown = 0;
        let mut end = 0;
        for &token in &self.touched[..self.number] {
            let Sum { count, slots } = &mut self.sums[token as usize];
            let neighbour = words::id(token);
            let pair = rise.pair(neighbour);
            if !pairs.fits(pair, rise.lengths) || (rise.is_new && *count < pairs.least()) {
                *slots = NOWHERE;
            } else if !rise.is_new && pairs.least() > 1 && pairs.get(pair).is_none() {
                unknown = unknown.max(*count);
                *slots = NOWHERE;
            } else {
                self.kept.push(neighbour);
                end += std::mem::replace(slots, end);
            }
        }
        if self.kept.is_empty() {
            return Ok(unknown);
        }
        let first = pairs.reserve_in(free, end as usize)?;
        self.sums[NONE as usize].slots = NOWHERE;
        for (&token, &slot) in self.tokens.iter().zip(rise.slots) {
            let next = &mut self.sums[token as usize].slots;
            if *next != NOWHERE {
                let back = if rise.is_first { 0 } else { rise.lengths[words::id(token).index()] };
                pairs.fill(first + *next, slot - back);
                *next += 1;
            }
        }
        let mut start = 0;
        for &neighbour in &self.kept {
            let Sum { count, slots: end } = self.sums[words::token(neighbour) as usize];
            pairs.raise(rise.pair(neighbour), count, List { start: first + start, length: end - start })?;
            start = end;
        }
        Ok(unknown)
    }

    /// Every neighbour with the sum of its counts.
    pub(super) fn changes(&self) -> impl Iterator<Item = (Id, u64)> {
        self.touched[..self.number].iter().map(|&token| (words::id(token), self.sums[token as usize].count))
    }

    /// The sum of all counts, those at the ends of words included.
    pub(super) fn total(&self) -> u64 {
        self.sums[NONE as usize].count + self.changes().map(|(_, count)| count).sum::<u64>()
    }

    /// The neighbours whose pairs with the joined token are kept.
    pub(super) fn kept(&self) -> &[Id] {
        &self.kept
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        for &token in &self.touched[..self.number] {
            self.sums[token as usize] = Sum::default();
        }
        // As if touched already: the end of a word is no neighbour.
        self.sums[NONE as usize] = Sum { count: 0, slots: 1 };
        self.number = 0;
        self.tokens.clear();
        self.kept.clear();
    }
}
