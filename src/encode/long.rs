//! Long pieces: buckets by rank. n log n in the worst case, and one pass over memory for the runs of one character
//! that make pieces long in practice.
//!
//! A heap of all pairs would do, but a megabyte of one letter is a million pairs of *one* rank, and each costs a trip
//! through a heap of many megabytes. Here the positions of one rank lie in one bucket, in ascending order, and a heap
//! holds only the distinct ranks. While a bucket is worked through, a merge may create a pair that comes before the
//! rest of the bucket: of a lower rank, or of the same rank further left. Such pairs go through a small second heap.
//! Sound vocabularies hardly ever make one; damaged or random ones do, and get the exact result all the same.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::merges::{Merges, Rank};
use crate::vocab::Id;

/// A token of the piece, at the index of its first byte.
#[derive(Clone, Copy)]
struct Part {
    id: Id,
    /// Where the token before starts; meaningless at 0.
    previous: u32,
    /// Where the token after starts; the length of the piece for the last.
    next: u32,
    /// The rank at which it may merge with the token after it, else [`NONE`]; [`NONE`] too once it is part of the token
    /// before. Not the whole [`Merge`](crate::merges::Merge): a part of 16 bytes is faster than one of 24 though the
    /// merge is then looked up twice, since a megabyte of them fits no cache.
    rank: Rank,
}

const NONE: Rank = Rank(u32::MAX);

#[derive(Default)]
pub(super) struct Scratch {
    parts: Vec<Part>,
    /// The positions of pairs of one rank each; stale ones are passed over when met.
    buckets: Vec<Vec<u32>>,
    /// The bucket of each rank above the current one.
    of_rank: HashMap<Rank, usize, RandomState>,
    /// The ranks that have a bucket.
    ranks: BinaryHeap<Reverse<Rank>>,
    /// The bucket used last: in a run, most pairs have the rank of the pair before.
    last: Option<(Rank, usize)>,
    /// Pairs that come before the rest of the current bucket.
    early: BinaryHeap<Reverse<(Rank, u32)>>,
}

pub(super) fn encode(merges: &Merges, byte_ids: &[Id; 256], piece: &[u8], scratch: &mut Scratch, ids: &mut Vec<Id>) {
    scratch.fill(merges, byte_ids, piece);
    while let Some(Reverse(rank)) = scratch.ranks.pop() {
        let mut positions = scratch.take_bucket(rank);
        if !positions.is_sorted() {
            positions.sort_unstable();
        }
        for at in positions {
            while scratch.early.peek().is_some_and(|&Reverse(early)| early < (rank, at)) {
                scratch.merge_early(merges, rank);
            }
            scratch.merge(merges, rank, at, rank);
        }
        while !scratch.early.is_empty() {
            scratch.merge_early(merges, rank);
        }
    }
    let mut at = 0;
    while let Some(part) = scratch.parts.get(at) {
        ids.push(part.id);
        at = part.next as usize;
    }
    scratch.buckets.clear();
}

impl Scratch {
    /// One part a byte, and all pairs in their buckets.
    fn fill(&mut self, merges: &Merges, byte_ids: &[Id; 256], piece: &[u8]) {
        self.parts.clear();
        self.parts.extend(piece.iter().zip(0..).map(|(&byte, at)| Part {
            id: byte_ids[byte as usize],
            previous: u32::wrapping_sub(at, 1),
            next: at + 1,
            rank: NONE,
        }));
        for at in 0..self.parts.len() as u32 {
            self.refresh(merges, at, None);
        }
    }

    /// Merges the pair of this rank at this position, unless it is gone. `current` is the rank of the open bucket.
    fn merge(&mut self, merges: &Merges, rank: Rank, at: u32, current: Rank) {
        let left = self.parts[at as usize];
        if left.rank != rank {
            return;
        }
        let right = self.parts[left.next as usize];
        let merge = merges.get((left.id, right.id)).expect("a pair with a rank merges");
        self.parts[left.next as usize].rank = NONE;
        let part = &mut self.parts[at as usize];
        part.id = merge.id;
        part.next = right.next;
        if let Some(after) = self.parts.get_mut(right.next as usize) {
            after.previous = at;
        }
        self.refresh(merges, at, Some(current));
        if at > 0 {
            self.refresh(merges, left.previous, Some(current));
        }
    }

    fn merge_early(&mut self, merges: &Merges, current: Rank) {
        let Reverse((rank, at)) = self.early.pop().expect("the caller has seen one");
        self.merge(merges, rank, at, current);
    }

    /// Looks up anew what the part and its successor may become, and queues it.
    fn refresh(&mut self, merges: &Merges, at: u32, current: Option<Rank>) {
        let part = self.parts[at as usize];
        let merge = self.parts.get(part.next as usize).and_then(|right| merges.get((part.id, right.id)));
        let rank = merge.map_or(NONE, |merge| merge.rank);
        self.parts[at as usize].rank = rank;
        if rank == NONE {
            return;
        }
        if current.is_some_and(|current| rank <= current) {
            self.early.push(Reverse((rank, at)));
            return;
        }
        let bucket = match self.last {
            Some((last, bucket)) if last == rank => bucket,
            _ => *self.of_rank.entry(rank).or_insert_with(|| {
                self.ranks.push(Reverse(rank));
                self.buckets.push(Vec::new());
                self.buckets.len() - 1
            }),
        };
        self.buckets[bucket].push(at);
        self.last = Some((rank, bucket));
    }

    fn take_bucket(&mut self, rank: Rank) -> Vec<u32> {
        let bucket = self.of_rank.remove(&rank).expect("every rank in the heap has a bucket");
        self.last = None;
        std::mem::take(&mut self.buckets[bucket])
    }
}
