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

/// A rank, and below it the place in the piece: of equal ranks the leftmost comes first. Signed, since what every x86-64 has
/// for comparing several at once is.
type Candidate = i32;

const NONE: Candidate = candidate(Rank::NONE, 0);

/// Bits of a place.
const PLACE: u32 = 6;

#[inline(always)]
const fn candidate(rank: Rank, place: usize) -> Candidate {
    (rank.0 << PLACE) as Candidate | place as Candidate
}

pub(super) fn encode<R: Rules>(rules: &R, bytes: &Bytes, piece: &[u8], ids: &mut Vec<Id>) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx2") && has!("bmi1") && has!("bmi2") && has!("lzcnt") && has!("popcnt") {
            // SAFETY: the instructions are there.
            return unsafe { encode_avx2(rules, bytes, piece, ids) };
        }
    }
    encode_portable(rules, bytes, piece, ids);
}

/// The same with instructions that compare eight numbers at once and find bits faster.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn encode_avx2<R: Rules>(rules: &R, bytes: &Bytes, piece: &[u8], ids: &mut Vec<Id>) {
    encode_portable(rules, bytes, piece, ids);
}

#[inline(always)]
fn encode_portable<R: Rules>(rules: &R, bytes: &Bytes, piece: &[u8], ids: &mut Vec<Id>) {
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
        candidates[at] = candidate(bytes.pair(piece[at], piece[at + 1]), at);
    }
    let mut starts = u64::MAX >> (64 - length);
    loop {
        let lowest = lowest(&candidates, length);
        if lowest >= NONE {
            break;
        }
        let at = lowest as usize % MOST;
        parts[at] = rules.made(Rank(lowest as u32 >> PLACE));
        let after = starts & (u64::MAX << at << 1);
        candidates[after.trailing_zeros() as usize] = NONE;
        starts ^= after & after.wrapping_neg();
        let after = after & (after.wrapping_sub(1));
        let merge = |left: usize, right: usize, end: usize| {
            candidate(rules.rank(piece, left, end, (parts[left], parts[right])), left)
        };
        let end = start_of(after, length);
        candidates[at] = if after == 0 { NONE } else { merge(at, end, start_of(after & (after - 1), length)) };
        let before = starts & ((1 << at) - 1);
        if before != 0 {
            let left = before.ilog2() as usize;
            candidates[left] = merge(left, at, end);
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
