//! Counts → merges: incremental pair counts and a heap that is refreshed lazily.
//!
//! A merge changes only the pairs around its occurrences. For every pair the loop knows its count and the slots where it
//! may occur; merging walks these, takes the old neighbouring pairs from the counts and adds the new ones. The queue
//! learns of a rise at once and of a fall when the pair comes up (see [`super::queue`]).

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::progress::{Event, Report, Throttle};
use super::queue::{Candidate, Queue};
use super::words::Words;
use super::{Counts, Settings, TieBreak};
use crate::error::Result;
use crate::merges::Pair;
use crate::vocab::{Id, Vocab};

/// What the loop has learned.
pub struct Learned {
    pub vocab: Vocab,
    /// The pair that made each new token, in order.
    pub merges: Vec<Pair>,
}

/// Where a pair occurs.
#[derive(Default)]
struct Occurrences {
    count: u64,
    /// Slots at which the left token once began, ascending. Some may be stale; no true one is missing.
    slots: Vec<u32>,
    /// Slots before this index are known to be stale.
    fresh: usize,
    /// Whether slots may be out of order.
    unsorted: bool,
    /// The merge in which the pair last gained an occurrence.
    touched: u64,
}

pub(super) struct MergeLoop<'s> {
    settings: &'s Settings,
    words: Words,
    vocab: Vocab,
    /// The bytes of each token, by id.
    lengths: Vec<u32>,
    pairs: HashMap<Pair, Occurrences, RandomState>,
    queue: Queue,
    /// The id of the next new token.
    next: Id,
    /// Merges so far, those into a token that was there already included.
    steps: u64,
}

impl<'s> MergeLoop<'s> {
    /// `first` is the id of the first new token.
    pub(super) fn new(counts: &Counts, settings: &'s Settings, first: Id) -> Result<MergeLoop<'s>> {
        let mut lengths = vec![0; first.index()];
        lengths[..256].fill(1);
        let mut merge_loop = MergeLoop {
            settings,
            words: Words::new(counts)?,
            vocab: Vocab::of_bytes(),
            lengths,
            pairs: HashMap::default(),
            queue: Queue::new(),
            next: first,
            steps: 0,
        };
        let MergeLoop { words, pairs, .. } = &mut merge_loop;
        for (pair, slot, count) in words.byte_pairs() {
            let occurrences = pairs.entry(pair).or_default();
            occurrences.count += count;
            occurrences.slots.push(slot);
        }
        let pairs: Vec<Pair> = merge_loop.pairs.keys().copied().collect();
        merge_loop.queue = pairs.into_iter().filter_map(|pair| merge_loop.candidate(pair)).collect();
        Ok(merge_loop)
    }

    /// Learns up to `asked` new tokens.
    pub(super) fn run(mut self, asked: usize, report: &mut Report) -> Result<Learned> {
        let mut merges = Vec::with_capacity(asked.min(1 << 20));
        let mut throttle = Throttle::new();
        let mut last = None;
        while merges.len() < asked {
            let Some(best) = self.queue.pop() else { break };
            match self.candidate(best.pair) {
                Some(now) if now == best => {}
                Some(now) => {
                    self.queue.push(now);
                    continue;
                }
                None => {
                    self.forget_if_gone(best.pair);
                    continue;
                }
            }
            let (id, is_new) = self.token(best.pair)?;
            self.merge(best.pair, id);
            if is_new {
                merges.push(best.pair);
            }
            last = Some((id, best.count));
            if throttle.due() {
                report(self.event(merges.len(), asked, id, best.count))?;
            }
        }
        if let Some((id, count)) = last {
            report(self.event(merges.len(), asked, id, count))?;
        }
        Ok(Learned { vocab: self.vocab, merges })
    }

    fn event(&self, done: usize, asked: usize, id: Id, count: u64) -> Event<'_> {
        let token = self.vocab.bytes(id).expect("merged just before");
        Event::Merge { done: done as u64, total: asked as u64, token, count }
    }

    /// The pair as it stands now; `None` if it is gone, too rare, or too long.
    fn candidate(&mut self, pair: Pair) -> Option<Candidate> {
        let length = self.lengths[pair.0.index()];
        if (length + self.lengths[pair.1.index()]) as usize > self.settings.max_token_bytes {
            return None;
        }
        let MergeLoop { words, pairs, settings, .. } = self;
        let occurrences = pairs.get_mut(&pair).filter(|found| found.count >= settings.min_frequency)?;
        let tie = match settings.tie_break {
            TieBreak::LowestPair => u64::from(pair.0.0) << 32 | u64::from(pair.1.0),
            TieBreak::FirstSeen => {
                occurrences.sort();
                while !words.holds(pair, occurrences.slots[occurrences.fresh], length) {
                    occurrences.fresh += 1;
                }
                occurrences.slots[occurrences.fresh].into()
            }
        };
        Some(Candidate { count: occurrences.count, tie, pair })
    }

    /// Drops what is known of a pair that occurs nowhere. One that is merely too rare or too long still has a count to
    /// keep.
    fn forget_if_gone(&mut self, pair: Pair) {
        if self.pairs.get(&pair).is_some_and(|occurrences| occurrences.count == 0) {
            self.pairs.remove(&pair);
        }
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
        self.next = Id(id.0 + 1);
        Ok((id, true))
    }

    /// Merges every occurrence of the pair, in text order, and brings the counts up to date.
    fn merge(&mut self, pair: Pair, id: Id) {
        self.steps += 1;
        let (left, right) = pair;
        let length = self.lengths[left.index()];
        let mut occurrences = self.pairs.remove(&pair).expect("the pair has a count");
        occurrences.sort();
        let mut risen = Vec::new();
        for &slot in &occurrences.slots[occurrences.fresh..] {
            // Stale, or an overlap: in "aaa" the second pair is gone once the first is merged.
            if !self.words.holds(pair, slot, length) {
                continue;
            }
            let found = self.words.merge(pair, id, slot, &self.lengths);
            if let Some((before, at)) = found.before {
                self.lower((before, left), pair, found.count);
                self.raise((before, id), at, found.count, &mut risen);
            }
            if let Some(after) = found.after {
                self.lower((right, after), pair, found.count);
                self.raise((id, after), slot, found.count, &mut risen);
            }
        }
        for pair in risen {
            match self.candidate(pair) {
                Some(candidate) => self.queue.push(candidate),
                // It may have come and gone within this merge, as (ab, a) does in "abab".
                None => self.forget_if_gone(pair),
            }
        }
    }

    /// Takes an occurrence of a pair from its count. The pair being merged has no count any more.
    fn lower(&mut self, pair: Pair, merging: Pair, count: u64) {
        if pair != merging {
            self.pairs.get_mut(&pair).expect("a pair in a word has a count").count -= count;
        }
    }

    /// Adds an occurrence of a pair.
    fn raise(&mut self, pair: Pair, slot: u32, count: u64, risen: &mut Vec<Pair>) {
        let occurrences = self.pairs.entry(pair).or_default();
        if occurrences.touched != self.steps {
            occurrences.touched = self.steps;
            risen.push(pair);
        }
        occurrences.count += count;
        // Only a pair that was there before this merge can be out of order, which takes a token that was there before.
        occurrences.unsorted |= occurrences.slots.last().is_some_and(|&last| last > slot);
        occurrences.slots.push(slot);
    }
}

impl Occurrences {
    fn sort(&mut self) {
        if self.unsorted {
            self.slots.sort_unstable();
            self.fresh = 0;
            self.unsorted = false;
        }
    }
}
