//! Counts → merges: incremental pair counts and a queue that is refreshed lazily.
//!
//! A merge changes only the pairs around its occurrences. For every pair that is frequent enough ([`super::horizon`]) the
//! loop knows its count and the slots where it may occur ([`Pairs`]); merging walks these, takes the old neighbouring pairs
//! from the counts and adds the new ones. The queue learns of a rise at once and of a fall when the pair comes up (see
//! [`super::queue`]).

use std::hint::black_box;

use foldhash::fast::RandomState;
use hashbrown::HashSet;

use super::horizon::{Horizon, Policy};
use super::pairs::{List, Pairs};
use super::progress::Pulse;
use super::queue::{AHEAD, Candidate, Queue, Truth};
use super::side::{Rise, Side};
use super::words::{Join, Start, Words};
use super::{Counts, Settings, TieBreak};
use crate::error::Result;
use crate::merges::Pair;
use crate::parallel;
use crate::vocab::{Id, Vocab};

/// What the loop has learned.
pub(super) struct Learned {
    pub vocab: Vocab,
    /// The pairs that were merged, in order.
    pub merges: Vec<Pair>,
    /// How many of them made a new token, and not one that the base has.
    pub learned: usize,
    /// Whether the report asked to stop before all was learned.
    pub stopped: bool,
}

/// How many slots of a pair are read ahead of its turn: most pairs of a large vocabulary are rare.
const TOUCHED: usize = 8;

pub(super) struct MergeLoop<'s> {
    settings: &'s Settings,
    threads: usize,
    words: Words,
    vocab: Vocab,
    /// The bytes of each token, by id.
    lengths: Vec<u32>,
    horizon: Horizon,
    pairs: Pairs,
    queue: Queue,
    before: Side,
    after: Side,
    /// Pairs that are never merged.
    refused: HashSet<Pair, RandomState>,
    /// The slots of the pair that is being merged.
    merged: Vec<u32>,
    /// The id of the next new token.
    next: Id,
}

impl<'s> MergeLoop<'s> {
    /// `first` is the id of the first new token; all ids of `vocab` are below it.
    pub(super) fn new(
        counts: &Counts,
        settings: &'s Settings,
        vocab: Vocab,
        first: Id,
        start: &mut Start,
        pulse: &mut Pulse,
    ) -> Result<MergeLoop<'s>> {
        let mut lengths = vec![0; first.index()];
        vocab.iter().for_each(|(id, bytes)| lengths[id.index()] = bytes.len() as u32);
        let words = Words::new(counts, &lengths, start, pulse)?;
        Ok(MergeLoop {
            settings,
            threads: parallel::threads(settings.threads),
            words,
            vocab,
            horizon: Horizon::new(Policy::default(), settings.min_frequency),
            pairs: Pairs::new(settings.max_token_bytes),
            queue: Queue::new(),
            before: Side::new(lengths.len()),
            after: Side::new(lengths.len()),
            lengths,
            refused: HashSet::default(),
            merged: Vec::new(),
            next: first,
        })
    }

    /// The same, which never merges these pairs.
    pub(super) fn refusing(mut self, pairs: Vec<Pair>) -> MergeLoop<'s> {
        self.refused.extend(pairs);
        self
    }

    #[cfg(test)]
    fn with_policy(mut self, policy: Policy) -> MergeLoop<'s> {
        self.horizon = Horizon::new(policy, self.settings.min_frequency);
        self
    }

    /// Learns up to `asked` new tokens.
    pub(super) fn run(mut self, asked: usize, pulse: &mut Pulse) -> Result<Learned> {
        let mut merges = Vec::with_capacity(asked.min(1 << 20));
        let mut learned = 0;
        let mut last = None;
        while learned < asked && !pulse.is_stopped() {
            let Some(best) = self.best(asked - learned, pulse)? else { break };
            let (id, is_new) = self.token(best.pair)?;
            self.merge(best.pair, id, is_new, pulse)?;
            merges.push(best.pair);
            learned += usize::from(is_new);
            pulse.learned = learned;
            pulse.merged(|| self.described(best))?;
            last = Some(best);
        }
        let stopped = pulse.is_stopped() && learned < asked;
        if let Some(last) = last.filter(|_| !stopped) {
            pulse.end(self.described(last))?;
        }
        Ok(Learned { vocab: self.vocab, merges, learned, stopped })
    }

    /// The bytes of the two tokens of a pair that was merged, and its count.
    fn described(&self, Candidate { pair: (left, right), count, .. }: Candidate) -> ([&[u8]; 2], u64) {
        ([left, right].map(|id| self.vocab.bytes(id).expect("merged just before")), count)
    }

    /// The best pair of all. `merges` are those still to be learned.
    fn best(&mut self, merges: usize, pulse: &mut Pulse) -> Result<Option<Candidate>> {
        loop {
            let (queue, mut standing) = self.standing();
            let best = queue.pop(&mut standing);
            if !self.horizon.is_reached(best.map(|best| best.count)) {
                return Ok(best);
            }
            self.collect(merges, pulse)?;
        }
    }

    /// Lowers the horizon and collects the pairs above it anew.
    fn collect(&mut self, merges: usize, pulse: &mut Pulse) -> Result<()> {
        self.queue = Queue::new();
        let MergeLoop { horizon, pairs, words, lengths, .. } = self;
        pairs.collect(words, lengths, |total| horizon.lower(total, merges), pulse)?;
        for pair in self.pairs.iter().collect::<Vec<_>>() {
            self.enqueue(pair);
        }
        Ok(())
    }

    fn enqueue(&mut self, pair: Pair) {
        let (queue, mut standing) = self.standing();
        if let Some(candidate) = standing.now(pair) {
            queue.push(pair, candidate.count, || candidate);
        }
    }

    fn standing(&mut self) -> (&mut Queue, Standing<'_>) {
        let MergeLoop { queue, pairs, words, lengths, settings, refused, .. } = self;
        (queue, Standing { pairs, words, lengths, settings, refused })
    }

    /// The token that the pair becomes, and whether it is a new one.
    fn token(&mut self, (left, right): Pair) -> Result<(Id, bool)> {
        let bytes =
            [left, right].map(|id| self.vocab.bytes(id).expect("tokens in words are in the vocabulary")).concat();
        if let Some(id) = self.vocab.id(&bytes) {
            return Ok((id, false));
        }
        let id = self.next;
        self.vocab.insert(id, &bytes)?;
        self.lengths.push(bytes.len() as u32);
        self.before.grow();
        self.after.grow();
        self.next = Id(id.0 + 1);
        Ok((id, true))
    }

    /// Merges every occurrence of the pair, in text order, and brings the counts up to date.
    fn merge(&mut self, pair: Pair, joined: Id, is_new: bool, pulse: &mut Pulse) -> Result<()> {
        let (left, right) = pair;
        let MergeLoop { words, lengths, pairs, before, after, merged, .. } = self;
        let mut list = pairs.remove(pair).expect("the pair occurs").list;
        merged.clear();
        let join = Join::new(pair, joined, lengths);
        for slots in pairs.slots(list).chunks(Pulse::STEPS * self.threads) {
            pulse.check()?;
            words.merge(&join, slots, self.threads, |found| {
                merged.push(found.at);
                before.note(found.before, found.count);
                after.note(found.after, found.count);
            });
        }
        // First all rises: the pair of the new token and `left` may rise by one occurrence and fall by the next, as in
        // "abab", where (ab, a) is gone once the second "ab" is merged.
        let rise = |is_first| Rise { slots: merged, lengths, joined, is_new, is_first };
        let unknown = [before.raise(pairs, &mut list, &rise(false))?, after.raise(pairs, &mut list, &rise(true))?];
        unknown.into_iter().for_each(|count| self.horizon.raise(count));
        for (neighbour, count) in before.changes().filter(|(neighbour, _)| (*neighbour, left) != pair) {
            pairs.lower((neighbour, left), count);
        }
        for (neighbour, count) in after.changes().filter(|(neighbour, _)| (right, *neighbour) != pair) {
            pairs.lower((right, neighbour), count);
        }
        for at in 0..self.before.kept().len() {
            self.enqueue((self.before.kept()[at], joined));
        }
        for at in 0..self.after.kept().len() {
            self.enqueue((joined, self.after.kept()[at]));
        }
        self.before.clear();
        self.after.clear();
        Ok(())
    }
}

/// How pairs stand at the moment.
struct Standing<'a> {
    pairs: &'a mut Pairs,
    words: &'a Words,
    lengths: &'a [u32],
    settings: &'a Settings,
    refused: &'a HashSet<Pair, RandomState>,
}

impl Truth for Standing<'_> {
    /// `None` if the pair is not kept, too rare or refused.
    fn now(&mut self, pair: Pair) -> Option<Candidate> {
        if self.refused.contains(&pair) {
            return None;
        }
        let least = self.settings.min_frequency;
        let count = self.pairs.get(pair).map(|found| found.count).filter(|&count| count >= least)?;
        let tie = match self.settings.tie_break {
            TieBreak::LowestPair => u64::from(pair.0.0) << 32 | u64::from(pair.1.0),
            TieBreak::FirstSeen => {
                // What the pair becomes is of no matter.
                let join = Join::new(pair, pair.0, self.lengths);
                self.pairs.first(pair, |slot| self.words.holds(&join, slot)).into()
            }
        };
        Some(Candidate { count, tie, pair })
    }

    /// Reads what merging these pairs reads first, so that the memory of all of them is waited for at once.
    fn soon(&self, next: &[Candidate]) {
        let mut lists = [List::default(); AHEAD];
        for (list, candidate) in lists.iter_mut().zip(next) {
            *list = self.pairs.get(candidate.pair).map_or(List::default(), |occurrences| occurrences.list);
        }
        let slots = lists.iter().flat_map(|&list| self.pairs.slots(list).iter().take(TOUCHED));
        black_box(slots.fold(0, |sum, &slot| sum ^ self.words.touch(slot)));
    }
}

#[cfg(test)]
mod tests;
