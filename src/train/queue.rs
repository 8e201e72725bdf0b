//! The queue of pairs: the most frequent first, ties by the rule.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::merges::Pair;

/// A pair as it stood when it was queued. Counts only fall and first occurrences only move back while a pair waits, so
/// what the queue believes is never less than the truth: a pair that turns out to have changed is queued again as it
/// stands now, and one that has not changed is the best of all.
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

/// The candidates, the best on top.
pub(super) type Queue = BinaryHeap<Candidate>;
