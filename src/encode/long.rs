//! Long pieces: buckets by rank. n log n in the worst case, and one pass over memory for the runs of one character
//! that make pieces long in practice.
//!
//! A heap of all pairs would do, but a run of one letter has pairs of *one* rank, and each costs a trip through the heap.
//! Here the positions of one rank lie in one bucket, in ascending order, and a heap holds only the distinct ranks. While a
//! bucket is worked through, a merge may create a pair that comes before the rest of the bucket: of a lower rank, or of the
//! same rank further left. Such pairs go through a small second heap. Sound vocabularies hardly ever make one; damaged or
//! random ones do, and get the exact result all the same.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::Bytes;
use crate::merges::{Rank, Rules};
use crate::vocab::Id;

/// A token of the piece, at the index of its first byte.
#[derive(Clone, Copy)]
struct Part {
    id: Id,
    /// Where the token before starts; meaningless at 0.
    previous: u32,
    /// Where the token after starts; the length of the piece for the last.
    next: u32,
    /// The rank at which it may merge with the token after it, else [`Rank::NONE`]; that, too, once it is part of the token
    /// before.
    rank: Rank,
}

/// How many buckets are found without a look-up: neighbouring pairs of a run have few ranks.
const RECENT: usize = 8;

#[derive(Default)]
pub(super) struct Scratch {
    parts: Vec<Part>,
    /// The positions of the pairs of one rank; stale ones are passed over when met.
    buckets: Vec<Vec<u32>>,
    /// The bucket of each rank above the current one.
    of_rank: HashMap<Rank, usize, RandomState>,
    /// Some of `of_rank`, by the low bits of the rank.
    recent: [Option<(Rank, usize)>; RECENT],
    /// The ranks that have a bucket.
    ranks: BinaryHeap<Reverse<Rank>>,
    /// Pairs that come before the rest of the current bucket.
    early: BinaryHeap<Reverse<(Rank, u32)>>,
}

pub(super) fn encode<R: Rules>(rules: &R, bytes: &Bytes, piece: &[u8], scratch: &mut Scratch, ids: &mut Vec<Id>) {
    let mut work = Work { rules, piece, scratch };
    work.fill(bytes);
    while let Some(Reverse(rank)) = work.scratch.ranks.pop() {
        let mut positions = work.scratch.take_bucket(rank);
        if !positions.is_sorted() {
            positions.sort_unstable();
        }
        for at in positions {
            while let Some(&Reverse((early, place))) = work.scratch.early.peek()
                && (early, place) < (rank, at)
            {
                work.scratch.early.pop();
                work.merge(early, place, rank);
            }
            work.merge(rank, at, rank);
        }
        while let Some(Reverse((early, place))) = work.scratch.early.pop() {
            work.merge(early, place, rank);
        }
    }
    let mut at = 0;
    while let Some(part) = scratch.parts.get(at) {
        ids.push(part.id);
        at = part.next as usize;
    }
    scratch.clear();
}

/// A piece that is being merged.
struct Work<'w, R> {
    rules: &'w R,
    piece: &'w [u8],
    scratch: &'w mut Scratch,
}

impl<R: Rules> Work<'_, R> {
    /// One part a byte, and all pairs in their buckets.
    fn fill(&mut self, bytes: &Bytes) {
        let Work { piece, scratch, .. } = self;
        scratch.parts.extend(piece.iter().zip(0..).map(|(&byte, at)| Part {
            id: bytes.id(byte),
            previous: u32::wrapping_sub(at, 1),
            next: at + 1,
            rank: Rank::NONE,
        }));
        for (at, pair) in piece.windows(2).enumerate() {
            let rank = bytes.pair(pair[0], pair[1]);
            scratch.parts[at].rank = rank;
            if rank != Rank::NONE {
                scratch.bucket(rank).push(at as u32);
            }
        }
    }

    /// Merges the pair at this position, unless it is gone. `current` is the rank of the open bucket.
    fn merge(&mut self, rank: Rank, at: u32, current: Rank) {
        let parts = &mut self.scratch.parts;
        let left = parts[at as usize];
        if left.rank != rank {
            return;
        }
        let right = parts[left.next as usize];
        parts[left.next as usize].rank = Rank::NONE;
        let part = &mut parts[at as usize];
        part.id = self.rules.made(rank);
        part.next = right.next;
        if let Some(after) = parts.get_mut(right.next as usize) {
            after.previous = at;
        }
        self.refresh(at, current);
        if at > 0 {
            self.refresh(left.previous, current);
        }
    }

    /// Looks up anew what the part and its successor may become, and queues it.
    fn refresh(&mut self, at: u32, current: Rank) {
        let part = self.scratch.parts[at as usize];
        let rank = match self.scratch.parts.get(part.next as usize) {
            Some(right) => self.rules.rank(self.piece, at as usize, right.next as usize, (part.id, right.id)),
            None => Rank::NONE,
        };
        self.scratch.parts[at as usize].rank = rank;
        match rank {
            Rank::NONE => {}
            rank if rank <= current => self.scratch.early.push(Reverse((rank, at))),
            rank => self.scratch.bucket(rank).push(at),
        }
    }
}

impl Scratch {
    /// The positions of the pairs of a rank.
    fn bucket(&mut self, rank: Rank) -> &mut Vec<u32> {
        let recent = &mut self.recent[rank.0 as usize % RECENT];
        let bucket = match *recent {
            Some((known, bucket)) if known == rank => bucket,
            _ => *self.of_rank.entry(rank).or_insert_with(|| {
                self.ranks.push(Reverse(rank));
                self.buckets.push(Vec::new());
                self.buckets.len() - 1
            }),
        };
        *recent = Some((rank, bucket));
        &mut self.buckets[bucket]
    }

    fn take_bucket(&mut self, rank: Rank) -> Vec<u32> {
        let bucket = self.of_rank.remove(&rank).expect("every rank in the heap has a bucket");
        self.recent[rank.0 as usize % RECENT] = None;
        std::mem::take(&mut self.buckets[bucket])
    }

    /// Ready for the next piece. What a piece of many megabytes took is not kept.
    fn clear(&mut self) {
        self.buckets.clear();
        self.parts.clear();
        self.parts.shrink_to(KEPT);
    }
}

/// Parts whose memory is kept from piece to piece.
const KEPT: usize = 1 << 16;
