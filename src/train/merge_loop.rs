//! Counts → merges: incremental pair counts and a queue that is refreshed lazily.
//!
//! A merge changes only the pairs around its occurrences. For every pair the loop knows its count and the slots where it
//! may occur ([`Pairs`]); merging walks these, takes the old neighbouring pairs from the counts and adds the new ones. The
//! queue learns of a rise at once and of a fall when the pair comes up (see [`super::queue`]).
//!
//! While walking, changes are summed in tables by the neighbour's id ([`Side`]), so that the table of pairs sees one change
//! for each distinct neighbour instead of one for each occurrence.

use super::pairs::Pairs;
use super::progress::{Event, Report, Throttle};
use super::queue::{Candidate, Queue};
use super::words::Words;
use super::{Counts, Settings, TieBreak};
use crate::error::Result;
use crate::merges::Pair;
use crate::vocab::{Id, Vocab};

/// What the loop has learned.
pub(super) struct Learned {
    pub vocab: Vocab,
    /// The pair that made each new token, in order.
    pub merges: Vec<Pair>,
}

/// How many occurrences are looked at before any of them is merged.
const AHEAD: usize = 64;

pub(super) struct MergeLoop<'s> {
    settings: &'s Settings,
    words: Words,
    vocab: Vocab,
    /// The bytes of each token, by id.
    lengths: Vec<u32>,
    pairs: Pairs,
    queue: Queue,
    before: Side,
    after: Side,
    /// The id of the next new token.
    next: Id,
}

impl<'s> MergeLoop<'s> {
    /// `first` is the id of the first new token; all ids of `vocab` are below it. `segment` gives the tokens that a word
    /// starts as.
    pub(super) fn new(
        counts: &Counts,
        settings: &'s Settings,
        vocab: Vocab,
        first: Id,
        segment: impl FnMut(&[u8], &mut Vec<Id>) -> Result<()>,
    ) -> Result<MergeLoop<'s>> {
        let mut lengths = vec![0; vocab.end().index()];
        vocab.iter().for_each(|(id, bytes)| lengths[id.index()] = bytes.len() as u32);
        let words = Words::new(counts, &lengths, segment)?;
        let pairs = Pairs::of_words(&words, &lengths)?;
        lengths.resize(first.index(), 0);
        let mut merge_loop = MergeLoop {
            settings,
            words,
            vocab,
            before: Side::new(lengths.len()),
            after: Side::new(lengths.len()),
            lengths,
            pairs,
            queue: Queue::new(),
            next: first,
        };
        for pair in merge_loop.pairs.iter().collect::<Vec<_>>() {
            merge_loop.enqueue(pair);
        }
        Ok(merge_loop)
    }

    /// Learns up to `asked` new tokens.
    pub(super) fn run(mut self, asked: usize, report: &mut Report) -> Result<Learned> {
        let mut merges = Vec::with_capacity(asked.min(1 << 20));
        let mut throttle = Throttle::new();
        let mut last = None;
        while merges.len() < asked {
            let MergeLoop { queue, pairs, words, lengths, settings, .. } = &mut self;
            let Some(best) = queue.pop(|pair| candidate(pairs, words, lengths, settings, pair)) else { break };
            let (id, is_new) = self.token(best.pair)?;
            self.merge(best.pair, id)?;
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

    fn enqueue(&mut self, pair: Pair) {
        let MergeLoop { queue, pairs, words, lengths, settings, .. } = self;
        if let Some(candidate) = candidate(pairs, words, lengths, settings, pair) {
            queue.push(pair, candidate.count, || candidate);
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
        self.before.grow();
        self.after.grow();
        self.next = Id(id.0 + 1);
        Ok((id, true))
    }

    /// Merges every occurrence of the pair, in text order, and brings the counts up to date.
    fn merge(&mut self, pair: Pair, id: Id) -> Result<()> {
        let (left, right) = pair;
        let length = self.lengths[left.index()];
        let occurrences = self.pairs.remove(pair).expect("the pair occurs");
        for slots in self.pairs.slots(occurrences).chunks(AHEAD) {
            // Stale slots drop out here. That also loads the memory of all the others at once, instead of one after the
            // other: slots are far apart.
            let mut alive = slots
                .iter()
                .enumerate()
                .fold(0u64, |alive, (at, &slot)| alive | u64::from(self.words.holds(pair, slot, length)) << at);
            while alive != 0 {
                let slot = slots[alive.trailing_zeros() as usize];
                alive &= alive - 1;
                // An overlap: in "aaa" the second pair is gone once the first is merged.
                if !self.words.holds(pair, slot, length) {
                    continue;
                }
                let found = self.words.merge(pair, id, slot, &self.lengths);
                if let Some((before, at)) = found.before {
                    self.before.note(before, at, found.count);
                }
                if let Some(after) = found.after {
                    self.after.note(after, slot, found.count);
                }
            }
        }
        // First all rises: the pair of the new token and `left` may rise by one occurrence and fall by the next, as in
        // "abab", where (ab, a) is gone once the second "ab" is merged.
        self.before.raise(&mut self.pairs, |before| (before, id))?;
        self.after.raise(&mut self.pairs, |after| (id, after))?;
        for (before, count) in self.before.changes().filter(|(before, _)| (*before, left) != pair) {
            self.pairs.lower((before, left), count);
        }
        for (after, count) in self.after.changes().filter(|(after, _)| (right, *after) != pair) {
            self.pairs.lower((right, after), count);
        }
        for before in self.before.clear() {
            self.enqueue((before, id));
        }
        for after in self.after.clear() {
            self.enqueue((id, after));
        }
        Ok(())
    }
}

/// The pair as it stands now; `None` if it is gone, too rare, or too long.
fn candidate(pairs: &mut Pairs, words: &Words, lengths: &[u32], settings: &Settings, pair: Pair) -> Option<Candidate> {
    let length = lengths[pair.0.index()];
    if (length + lengths[pair.1.index()]) as usize > settings.max_token_bytes {
        return None;
    }
    let count = pairs.get(pair).map(|found| found.count).filter(|&count| count >= settings.min_frequency)?;
    let tie = match settings.tie_break {
        TieBreak::LowestPair => u64::from(pair.0.0) << 32 | u64::from(pair.1.0),
        TieBreak::FirstSeen => pairs.first(pair, |slot| words.holds(pair, slot, length)).into(),
    };
    Some(Candidate { count, tie, pair })
}

/// What a merge changes on one side of its occurrences, by the token that stands there.
struct Side {
    /// By id: the sum of counts, and the number of slots. Zero but for the touched ones.
    sums: Vec<(u64, u32)>,
    touched: Vec<Id>,
    /// Every occurrence: the token that stands there, and the slot where the new pair starts.
    slots: Vec<(Id, u32)>,
}

impl Side {
    fn new(ids: usize) -> Side {
        Side { sums: vec![(0, 0); ids], touched: Vec::new(), slots: Vec::new() }
    }

    /// Makes room for one more id.
    fn grow(&mut self) {
        self.sums.push((0, 0));
    }

    #[inline]
    fn note(&mut self, neighbour: Id, slot: u32, count: u64) {
        let (sum, number) = &mut self.sums[neighbour.index()];
        if *number == 0 {
            self.touched.push(neighbour);
        }
        *sum += count;
        *number += 1;
        self.slots.push((neighbour, slot));
    }

    /// Adds the new pairs, with their slots sorted by neighbour: a counting sort.
    fn raise(&mut self, pairs: &mut Pairs, pair: impl Fn(Id) -> Pair) -> Result<()> {
        let first = pairs.reserve(self.slots.len())?;
        // While slots are filled in, the numbers are where the next slot of each neighbour goes.
        let mut start = first;
        for neighbour in &self.touched {
            let number = &mut self.sums[neighbour.index()].1;
            start += std::mem::replace(number, start);
        }
        for (neighbour, slot) in self.slots.drain(..) {
            let next = &mut self.sums[neighbour.index()].1;
            pairs.fill(*next, slot);
            *next += 1;
        }
        let mut start = first;
        for &neighbour in &self.touched {
            let (count, end) = self.sums[neighbour.index()];
            pairs.raise(pair(neighbour), count, start, end - start);
            start = end;
        }
        Ok(())
    }

    /// Every neighbour with the sum of its counts.
    fn changes(&self) -> impl Iterator<Item = (Id, u64)> {
        self.touched.iter().map(|&neighbour| (neighbour, self.sums[neighbour.index()].0))
    }

    /// Forgets all; gives the neighbours there were.
    fn clear(&mut self) -> Vec<Id> {
        for neighbour in &self.touched {
            self.sums[neighbour.index()] = (0, 0);
        }
        std::mem::take(&mut self.touched)
    }
}
