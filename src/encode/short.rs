//! Short pieces: scan for the lowest rank, merge, repeat. Quadratic, but all there is to know of a piece of at most 64
//! bytes lies in a few cache lines and one register, where a scan beats any heap.
//!
//! Parts never move. A part stands at its first byte, and a register has a bit for every byte where one starts.

use super::Bytes;
use crate::merges::{Rank, Rules};
use crate::piece::WINDOW;
use crate::vocab::Id;

/// The longest piece that is short.
pub(super) const MOST: usize = 64;

/// A rank, and below it the place in the piece: of equal ranks the leftmost comes first.
type Candidate = u32;

const NONE: Candidate = Rank::NONE.0 << PLACE;
const PLACE: u32 = 8;

pub(super) fn encode<R: Rules>(rules: &R, bytes: &Bytes, piece: &[u8], ids: &mut Vec<Id>) {
    let length = piece.len();
    // With room behind it for whoever reads 16 bytes at once.
    let mut padded = [0; MOST + WINDOW];
    padded[..length].copy_from_slice(piece);
    let piece = &padded;
    let mut parts = [Id(0); MOST];
    // At the place of its left part: the merge of two parts.
    let mut candidates = [NONE; MOST];
    for at in 0..length {
        parts[at] = bytes.id(piece[at]);
    }
    for at in 0..length - 1 {
        candidates[at] = bytes.pair(piece[at], piece[at + 1]).0 << PLACE | at as u32;
    }
    let mut starts = u64::MAX >> (64 - length);
    loop {
        let lowest = lowest(&candidates, length);
        if lowest >= NONE {
            break;
        }
        let at = (lowest & 0xff) as usize;
        parts[at] = rules.made(Rank(lowest >> PLACE));
        let after = starts & (u64::MAX << at << 1);
        candidates[after.trailing_zeros() as usize] = NONE;
        starts ^= after & after.wrapping_neg();
        let after = after & (after.wrapping_sub(1));
        let candidate = |left: usize, right: usize, end: usize| {
            let rank = rules.rank(piece, left, end, (parts[left], parts[right]));
            rank.0 << PLACE | left as u32
        };
        let end = start_of(after, length);
        candidates[at] = if after == 0 { NONE } else { candidate(at, end, start_of(after & (after - 1), length)) };
        let before = starts & ((1 << at) - 1);
        if before != 0 {
            let left = before.ilog2() as usize;
            candidates[left] = candidate(left, at, end);
        }
    }
    while starts != 0 {
        ids.push(parts[starts.trailing_zeros() as usize]);
        starts &= starts - 1;
    }
}

/// The first of some starts, or the end of the piece.
#[inline(always)]
fn start_of(starts: u64, length: usize) -> usize {
    if starts == 0 { length } else { starts.trailing_zeros() as usize }
}

#[inline(always)]
fn lowest(candidates: &[Candidate; MOST], length: usize) -> Candidate {
    let mut lowest = [NONE; 8];
    for eight in candidates[..length.next_multiple_of(8)].as_chunks::<8>().0 {
        for (lowest, candidate) in lowest.iter_mut().zip(eight) {
            *lowest = (*lowest).min(*candidate);
        }
    }
    lowest.into_iter().min().expect("eight candidates")
}
