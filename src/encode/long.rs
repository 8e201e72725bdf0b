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

use crate::merges::{Merge, Merges, Rank};
use crate::vocab::Id;

/// A token of the piece, at the index of its first byte. 16 bytes: a megabyte of parts fits no cache.
#[derive(Clone, Copy)]
struct Part {
    id: Id,
    /// Where the token before starts; meaningless at 0.
    previous: u32,
    /// Where the token after starts; the length of the piece for the last.
    next: u32,
    /// The rank at which it may merge with the token after it, else [`NONE`]; [`NONE`] too once it is part of the token
    /// before.
    rank: Rank,
}

const NONE: Rank = Rank(u32::MAX);

/// The positions of the pairs of one rank; stale ones are passed over when met.
struct Bucket {
    merge: Merge,
    positions: Vec<u32>,
}

/// How many buckets are found without a look-up: neighbouring pairs of a run have few ranks. Eight instead of one save a
/// fifth of the time for a megabyte of one character (`cargo bench -- megabyte`: spaces 31 → 25 ms).
const RECENT: usize = 8;

#[derive(Default)]
pub(super) struct Scratch {
    parts: Vec<Part>,
    buckets: Vec<Bucket>,
    /// The bucket of each rank above the current one.
    of_rank: HashMap<Rank, usize, RandomState>,
    /// Some of `of_rank`, by the low bits of the rank.
    recent: [Option<(Rank, usize)>; RECENT],
    /// The ranks that have a bucket.
    ranks: BinaryHeap<Reverse<Rank>>,
    /// Pairs that come before the rest of the current bucket.
    early: BinaryHeap<Reverse<(Rank, u32, Id)>>,
}

pub(super) fn encode(merges: &Merges, byte_ids: &[Id; 256], piece: &[u8], scratch: &mut Scratch, ids: &mut Vec<Id>) {
    scratch.fill(merges, byte_ids, piece);
    while let Some(Reverse(rank)) = scratch.ranks.pop() {
        let Bucket { merge, mut positions } = scratch.take_bucket(rank);
        if !positions.is_sorted() {
            positions.sort_unstable();
        }
        for at in positions {
            while let Some(&Reverse((early, place, id))) = scratch.early.peek()
                && (early, place) < (rank, at)
            {
                scratch.early.pop();
                scratch.merge(merges, Merge { rank: early, id }, place, rank);
            }
            scratch.merge(merges, merge, at, rank);
        }
        while let Some(Reverse((early, place, id))) = scratch.early.pop() {
            scratch.merge(merges, Merge { rank: early, id }, place, rank);
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

    /// Merges the pair at this position, unless it is gone. `current` is the rank of the open bucket.
    fn merge(&mut self, merges: &Merges, merge: Merge, at: u32, current: Rank) {
        let left = self.parts[at as usize];
        if left.rank != merge.rank {
            return;
        }
        let right = self.parts[left.next as usize];
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

    /// Looks up anew what the part and its successor may become, and queues it.
    fn refresh(&mut self, merges: &Merges, at: u32, current: Option<Rank>) {
        let part = self.parts[at as usize];
        let merge = self.parts.get(part.next as usize).and_then(|right| merges.get((part.id, right.id)));
        self.parts[at as usize].rank = merge.map_or(NONE, |merge| merge.rank);
        match merge {
            None => {}
            Some(Merge { rank, id }) if current.is_some_and(|current| rank <= current) => {
                self.early.push(Reverse((rank, at, id)));
            }
            Some(merge) => self.bucket(merge).positions.push(at),
        }
    }

    fn bucket(&mut self, merge: Merge) -> &mut Bucket {
        let recent = &mut self.recent[merge.rank.0 as usize % RECENT];
        let bucket = match *recent {
            Some((rank, bucket)) if rank == merge.rank => bucket,
            _ => *self.of_rank.entry(merge.rank).or_insert_with(|| {
                self.ranks.push(Reverse(merge.rank));
                self.buckets.push(Bucket { merge, positions: Vec::new() });
                self.buckets.len() - 1
            }),
        };
        *recent = Some((merge.rank, bucket));
        &mut self.buckets[bucket]
    }

    fn take_bucket(&mut self, rank: Rank) -> Bucket {
        let bucket = self.of_rank.remove(&rank).expect("every rank in the heap has a bucket");
        self.recent[rank.0 as usize % RECENT] = None;
        let Bucket { merge, positions } = &mut self.buckets[bucket];
        Bucket { merge: *merge, positions: std::mem::take(positions) }
    }
}
