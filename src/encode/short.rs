//! Short pieces: scan for the lowest rank, merge, repeat. Quadratic, but all there is to know of a piece of at most 128
//! bytes lies in a few cache lines and one or two registers, where a scan beats any heap.
//!
//! Parts never move. A part stands at its first byte, and a number has a bit for every byte where one starts.

use num_traits::PrimInt;

use super::Bytes;
use crate::merges::{Rank, Rules};
use crate::piece::WINDOW;
use crate::vocab::Id;

/// The longest piece that is short.
pub(super) const MOST: usize = 128;

/// Nearly all are no longer than this, and have their starts in one register.
const FEW: usize = 64;

/// A rank, and below it the place in the piece: of equal ranks the leftmost comes first. Signed, since what every x86-64 has
/// for comparing several at once is.
type Candidate = i32;

const NONE: Candidate = candidate(Rank::NONE, 0);

/// Bits of a place.
const PLACE: u32 = MOST.trailing_zeros();

/// Those that are compared at once.
const LANES: usize = 8;

#[inline(always)]
const fn candidate(rank: Rank, place: usize) -> Candidate {
    (rank.0 << PLACE) as Candidate | place as Candidate
}

pub(super) fn encode(rules: &impl Rules, bytes: &Bytes, piece: &[u8], ids: &mut Vec<Id>) {
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

/// The same with instructions that find bits faster.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn encode_avx2(rules: &impl Rules, bytes: &Bytes, piece: &[u8], ids: &mut Vec<Id>) {
    encode_portable(rules, bytes, piece, ids);
}

#[inline(always)]
fn encode_portable(rules: &impl Rules, bytes: &Bytes, piece: &[u8], ids: &mut Vec<Id>) {
    if piece.len() <= FEW {
        merge::<u64, FEW, { FEW + WINDOW }>(rules, bytes, piece, ids);
    } else {
        merge::<u128, MOST, { MOST + WINDOW }>(rules, bytes, piece, ids);
    }
}

/// A piece of at most `SIZE` bytes, as many as `Starts` has bits.
#[inline(always)]
fn merge<Starts: PrimInt, const SIZE: usize, const PADDED: usize>(
    rules: &impl Rules,
    bytes: &Bytes,
    piece: &[u8],
    ids: &mut Vec<Id>,
) {
    let length = piece.len();
    // With room behind it for whoever reads 16 bytes at once.
    let mut padded = [0; PADDED];
    padded[..length].copy_from_slice(piece);
    let piece = &padded;
    let mut parts = [Id(0); SIZE];
    // At the place of its left part: the merge of two parts.
    let mut candidates = [NONE; SIZE];
    for at in 0..length {
        parts[at] = bytes.id(piece[at]);
    }
    for at in 0..length - 1 {
        candidates[at] = candidate(bytes.pair(piece[at], piece[at + 1]), at);
    }
    let (zero, one, all) = (Starts::zero(), Starts::one(), Starts::max_value());
    let mut starts = all >> (SIZE - length);
    let start_of = |starts: Starts| if starts == zero { length } else { starts.trailing_zeros() as usize };
    loop {
        let lowest = lowest(candidates[..length.next_multiple_of(LANES)].as_chunks().0);
        if lowest >= NONE {
            break;
        }
        let at = lowest as usize % MOST;
        parts[at] = rules.made(Rank(lowest as u32 >> PLACE));
        let after = starts & (all << at << 1);
        candidates[after.trailing_zeros() as usize] = NONE;
        let rest = after & (after - one);
        starts = starts & !(after ^ rest);
        let merge = |left: usize, right: usize, end: usize| {
            candidate(rules.rank(piece, left, end, (parts[left], parts[right])), left)
        };
        let end = start_of(rest);
        candidates[at] = if rest == zero { NONE } else { merge(at, end, start_of(rest & (rest - one))) };
        let before = starts & ((one << at) - one);
        if before != zero {
            let left = SIZE - 1 - before.leading_zeros() as usize;
            candidates[left] = merge(left, at, end);
        }
    }
    while starts != zero {
        ids.push(parts[starts.trailing_zeros() as usize]);
        starts = starts & (starts - one);
    }
}

/// Of candidates just written one by one, and so best read one by one: vectors of them would wait for the writes.
#[inline(always)]
fn lowest(candidates: &[[Candidate; LANES]]) -> Candidate {
    let mut lowest = [NONE; LANES];
    for several in candidates {
        for (lowest, candidate) in lowest.iter_mut().zip(several) {
            *lowest = (*lowest).min(*candidate);
        }
    }
    lowest.into_iter().min().expect("eight candidates")
}
