//! The queue of pairs: the most frequent first, ties by the rule.
//!
//! Counts only fall and first occurrences only move back while a pair waits, so what the queue believes of a pair is never
//! less than the truth. It therefore asks what is true only when the pair comes up: one that has changed is queued anew,
//! one that has not is the best of all.
//!
//! Most pairs are rare and never come up. They wait in lists by the magnitude of their count, where queuing one is a push
//! onto a list; only the pairs of the greatest magnitude stand in a heap. When the heap is empty the next list becomes
//! the heap.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::merges::Pair;

/// A pair as it stood when it was queued.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Candidate {
    pub count: u64,
    /// Decides among equal counts, lower first.
    pub tie: u64,
    pub pair: Pair,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Candidate) -> Ordering {
        let key = |candidate: &Candidate| (candidate.count, Reverse(candidate.tie), Reverse(candidate.pair));
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Candidate) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

pub(super) struct Queue {
    /// The candidates of the current magnitude or a greater one.
    heap: BinaryHeap<Candidate>,
    /// By magnitude below the current one: pairs that had a count of it when they were queued.
    waiting: Vec<Vec<Pair>>,
}

/// The number of bits of a count.
fn magnitude(count: u64) -> usize {
    (u64::BITS - count.leading_zeros()) as usize
}

impl Queue {
    pub(super) fn new() -> Queue {
        Queue { heap: BinaryHeap::new(), waiting: vec![Vec::new(); u64::BITS as usize + 1] }
    }

    /// Queues a pair with this count. `candidate` is asked only if the pair goes into the heap.
    pub(super) fn push(&mut self, pair: Pair, count: u64, candidate: impl FnOnce() -> Candidate) {
        match self.waiting.get_mut(magnitude(count)) {
            Some(list) => list.push(pair),
            None => self.heap.push(candidate()),
        }
    }

    /// The best pair as it stands now. `now` says how a pair stands: its count or `None` if it is out of the question.
    pub(super) fn pop(&mut self, mut now: impl FnMut(Pair) -> Option<Candidate>) -> Option<Candidate> {
        loop {
            let Some(best) = self.heap.pop() else {
                let pairs = self.waiting.pop()?;
                self.heap_up(pairs, &mut now);
                continue;
            };
            match now(best.pair) {
                Some(candidate) if candidate == best => return Some(best),
                Some(candidate) => self.push(candidate.pair, candidate.count, || candidate),
                None => {}
            }
        }
    }

    /// Makes a heap of a list whose magnitude is now the current one.
    fn heap_up(&mut self, mut pairs: Vec<Pair>, now: &mut impl FnMut(Pair) -> Option<Candidate>) {
        // A pair may have been queued more than once.
        pairs.sort_unstable();
        pairs.dedup();
        let mut candidates = Vec::new();
        for candidate in pairs.into_iter().filter_map(now) {
            match self.waiting.get_mut(magnitude(candidate.count)) {
                Some(list) => list.push(candidate.pair),
                None => candidates.push(candidate),
            }
        }
        self.heap = candidates.into();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::Id;

    proptest! {
        #[test]
        fn pairs_come_in_the_order_of_what_is_true_when_they_come(
            counts in proptest::collection::vec(1..2000u64, 1..60),
            falls in proptest::collection::vec((any::<prop::sample::Index>(), 0..2000u64), 0..200),
        ) {
            let pair = |at: usize| (Id(at as u32), Id(0));
            let candidate = |at: usize, count| Candidate { count, tie: at as u64, pair: pair(at) };
            let mut truth: BTreeMap<usize, u64> = counts.into_iter().enumerate().collect();
            let mut queue = Queue::new();
            for (&at, &count) in &truth {
                queue.push(pair(at), count, || candidate(at, count));
            }
            let mut falls = falls.into_iter();
            loop {
                // Let some counts fall, some to nothing.
                for (index, to) in falls.by_ref().take(4) {
                    let at = index.index(60);
                    if let Some(count) = truth.get_mut(&at) {
                        *count = to.min(*count);
                    }
                }
                truth.retain(|_, count| *count > 0);
                let expected = truth.iter().map(|(&at, &count)| candidate(at, count)).max();
                let found = queue.pop(|pair| {
                    let at = pair.0.0 as usize;
                    truth.get(&at).map(|&count| candidate(at, count))
                });
                prop_assert_eq!(found, expected);
                let Some(found) = found else { break };
                truth.remove(&(found.pair.0.0 as usize));
            }
        }
    }
}
