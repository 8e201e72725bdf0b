//! Short pieces: scan for the lowest rank, merge, repeat. Quadratic, but all there is to know of a piece of at most 128
//! bytes lies in a few cache lines, where a scan beats any heap.
//!
//! Several pieces go side by side, a merge of each at a time. What that gives rise to is looked up when all have had theirs: while
//! memory is on its way for one, the others go on. And there are as few branches as can be, since half of those that depend on
//! what is found go the wrong way. A megabyte of new English takes a tenth less time than with a piece after the other, and one
//! of Chinese, Japanese, Persian, Arabic and Russian a fifth.

use std::ops::Range;

use super::Bytes;
use crate::merges::{Rank, Rules};
use crate::piece::WINDOW;
use crate::vocab::Id;

/// The longest piece that is short.
pub(super) const MOST: usize = 128;

/// Pieces side by side.
const SIDE_BY_SIDE: usize = 8;

/// A rank, and below it the place in the piece: of equal ranks the leftmost comes first. Signed, since what every x86-64 has
/// for comparing several at once is.
type Candidate = i32;

const NONE: Candidate = candidate(Rank::NONE, 0);

/// Bits of a place.
const PLACE: u32 = MOST.trailing_zeros();

/// Candidates that are compared at once.
const LANES: usize = 8;

/// Nearly all pieces are no longer, and so many candidates are compared without a branch.
const FEW: usize = 32;

#[inline(always)]
const fn candidate(rank: Rank, place: u8) -> Candidate {
    (rank.0 << PLACE) as Candidate | place as Candidate
}

/// Room for pieces that are merged side by side.
pub(super) struct Scratch {
    pieces: Box<[Piece; SIDE_BY_SIDE]>,
}

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch { pieces: Box::new([const { Piece::EMPTY }; SIDE_BY_SIDE]) }
    }
}

/// Whatever is kept for each place; so many that no place needs a check.
const PLACES: usize = 1 << u8::BITS;

/// A piece that is being merged. Parts never move: one stands at its first byte.
#[repr(align(64))]
struct Piece {
    /// At the place of the left part: the merge of two parts, if they may.
    candidates: [Candidate; PLACES],
    parts: [Id; PLACES],
    /// With room behind for whoever reads 16 bytes at once.
    bytes: [u8; PLACES + WINDOW],
    /// At a part: where the one after it starts, or the piece ends.
    next: [u8; PLACES],
    /// At a part, or at the end of the piece: where the part before it starts.
    previous: [u8; PLACES],
    length: u8,
    /// The two that a merge may give rise to: the one before it with its part, and its part with the one after it.
    before: Two,
    after: Two,
}

/// Two neighbours: where they start, and where the second ends. They are one number, for what is written byte by byte cannot be
/// read at once so soon.
#[derive(Clone, Copy)]
struct Two(u32);

impl Two {
    /// Stands for what would be beyond the ends of the piece. What is looked up for it goes nowhere: that is faster than a branch
    /// that cannot be foreseen.
    const BEYOND: Two = Two::of(MOST as u8, MOST as u8 + 1, MOST as u8 + 2);

    #[inline(always)]
    const fn of(start: u8, middle: u8, end: u8) -> Two {
        Two(start as u32 | (middle as u32) << 8 | (end as u32) << 16)
    }

    #[inline(always)]
    fn start(self) -> u8 {
        self.0 as u8
    }

    #[inline(always)]
    fn middle(self) -> u8 {
        (self.0 >> 8) as u8
    }

    #[inline(always)]
    fn end(self) -> u8 {
        (self.0 >> 16) as u8
    }
}

/// Every place one further on, and one back: where the parts are before any merge.
const NEXT: [u8; PLACES] = places_from(1);
const PREVIOUS: [u8; PLACES] = places_from(u8::MAX);

const fn places_from(first: u8) -> [u8; PLACES] {
    let mut places = [first; PLACES];
    let mut at = 1;
    while at < PLACES {
        places[at] = places[at - 1].wrapping_add(1);
        at += 1;
    }
    places
}

impl Piece {
    const EMPTY: Piece = Piece {
        candidates: [NONE; PLACES],
        parts: [Id(0); PLACES],
        bytes: [0; PLACES + WINDOW],
        next: [0; PLACES],
        previous: [0; PLACES],
        length: 0,
        before: Two::BEYOND,
        after: Two::BEYOND,
    };

    #[inline(always)]
    fn start(&mut self, table: &Bytes, bytes: &[u8]) {
        let length = bytes.len();
        self.length = length as u8;
        self.bytes[..length].copy_from_slice(bytes);
        let places = if length <= FEW { FEW } else { MOST };
        self.next[..places].copy_from_slice(&NEXT[..places]);
        self.previous[..=places].copy_from_slice(&PREVIOUS[..=places]);
        self.candidates[..places].fill(NONE);
        for (part, &byte) in self.parts.iter_mut().zip(bytes) {
            *part = table.id(byte);
        }
        for ((at, two), entry) in (0..).zip(bytes.windows(2)).zip(&mut self.candidates) {
            *entry = candidate(table.pair(two[0], two[1]), at);
        }
    }

    /// Does the merge of lowest rank, and asks for the two that it may give rise to. `false` if there is none.
    #[inline(always)]
    fn merge(&mut self, rules: &impl Rules, asked: &mut [u64; 2]) -> bool {
        let (at, right, end, rank) = loop {
            let lowest = lowest(&self.candidates, self.length);
            if lowest >= NONE {
                return false;
            }
            let at = lowest as u8 % MOST as u8;
            let right = self.next[usize::from(at)];
            let end = self.next[usize::from(right)];
            let rank = Rank(lowest as u32 >> PLACE);
            if rules.confirms(&self.bytes, at.into(), end.into(), rank) {
                break (at, right, end, rank);
            }
            self.candidates[usize::from(at)] = NONE;
        };
        let after = self.next[usize::from(end)];
        let before = self.previous[usize::from(at)];
        self.parts[usize::from(at)] = rules.made(rank);
        self.candidates[usize::from(right)] = NONE;
        self.candidates[usize::from(at)] = NONE;
        self.next[usize::from(at)] = end;
        self.previous[usize::from(end)] = at;
        self.before = if at == 0 { Two::BEYOND } else { Two::of(before, at, end) };
        self.after = if end == self.length { Two::BEYOND } else { Two::of(at, end, after) };
        let ask = |two: Two| {
            let ids = (self.parts[usize::from(two.start())], self.parts[usize::from(two.middle())]);
            rules.ask(&self.bytes, two.start().into(), two.end().into(), ids)
        };
        *asked = [ask(self.before), ask(self.after)];
        true
    }

    /// Looks up what was asked for.
    #[inline(always)]
    fn look_up(&mut self, rules: &impl Rules, asked: &[u64; 2]) {
        let found = |two: Two, asked| {
            let rank = rules.answer(&self.bytes, two.start().into(), two.end().into(), asked);
            candidate(rank, two.start())
        };
        let (before, after) = (found(self.before, asked[0]), found(self.after, asked[1]));
        self.candidates[usize::from(self.before.start())] = before;
        self.candidates[usize::from(self.after.start())] = after;
    }

    /// Appends the parts.
    #[inline(always)]
    fn push(&self, ids: &mut Vec<Id>) {
        let mut at = 0;
        while at < self.length {
            ids.push(self.parts[usize::from(at)]);
            at = self.next[usize::from(at)];
        }
    }
}

/// Appends the ids of a piece of 1 to [`MOST`] bytes.
pub(super) fn encode(rules: &impl Rules, table: &Bytes, bytes: &[u8], scratch: &mut Scratch, ids: &mut Vec<Id>) {
    let [piece, ..] = &mut *scratch.pieces;
    let mut asked = [0; 2];
    piece.start(table, bytes);
    while piece.merge(rules, &mut asked) {
        piece.look_up(rules, &asked);
    }
    piece.push(ids);
}

/// Appends the ids of pieces of 1 to [`MOST`] bytes, in any order. Each comes with something of the caller's, which `done` is
/// given with the place of its ids, and these.
pub(super) fn encode_all<'p, T>(
    rules: &impl Rules,
    table: &Bytes,
    pieces: impl Iterator<Item = (&'p [u8], T)>,
    scratch: &mut Scratch,
    ids: &mut Vec<Id>,
    done: impl FnMut(T, Range<usize>, &[Id]),
) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx2") && has!("bmi1") && has!("bmi2") {
            // SAFETY: the instructions are there.
            return unsafe { encode_all_avx2(rules, table, pieces, scratch, ids, done) };
        }
    }
    encode_all_portable(rules, table, pieces, scratch, ids, done);
}

/// The same with instructions that compare eight candidates at once.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2")]
fn encode_all_avx2<'p, T>(
    rules: &impl Rules,
    table: &Bytes,
    pieces: impl Iterator<Item = (&'p [u8], T)>,
    scratch: &mut Scratch,
    ids: &mut Vec<Id>,
    done: impl FnMut(T, Range<usize>, &[Id]),
) {
    encode_all_portable(rules, table, pieces, scratch, ids, done);
}

#[inline(always)]
pub(super) fn encode_all_portable<'p, T>(
    rules: &impl Rules,
    table: &Bytes,
    mut rest: impl Iterator<Item = (&'p [u8], T)>,
    scratch: &mut Scratch,
    ids: &mut Vec<Id>,
    mut done: impl FnMut(T, Range<usize>, &[Id]),
) {
    let pieces = &mut *scratch.pieces;
    let mut asked = [[0; 2]; SIDE_BY_SIDE];
    let mut whose = [const { None }; SIDE_BY_SIDE];
    // Those at work come first.
    let mut order: [usize; SIDE_BY_SIDE] = std::array::from_fn(|at| at);
    let mut working = 0;
    loop {
        while working < SIDE_BY_SIDE
            && let Some((bytes, own)) = rest.next()
        {
            pieces[order[working]].start(table, bytes);
            whose[order[working]] = Some(own);
            working += 1;
        }
        if working == 0 {
            break;
        }
        let mut next = 0;
        while next < working {
            let at = order[next] % SIDE_BY_SIDE;
            if pieces[at].merge(rules, &mut asked[at]) {
                next += 1;
            } else {
                let start = ids.len();
                pieces[at].push(ids);
                let own = whose[at].take().expect("given when it came");
                done(own, start..ids.len(), &ids[start..]);
                working -= 1;
                order.swap(next, working);
            }
        }
        for &at in &order[..working] {
            pieces[at % SIDE_BY_SIDE].look_up(rules, &asked[at % SIDE_BY_SIDE]);
        }
    }
}

/// The lowest candidate of a piece of so many bytes.
#[inline(always)]
fn lowest(candidates: &[Candidate; PLACES], length: u8) -> Candidate {
    let mut lowest = [NONE; LANES];
    let mut compare = |candidates: &[Candidate]| {
        for several in candidates.as_chunks::<LANES>().0 {
            for (lowest, candidate) in lowest.iter_mut().zip(several) {
                *lowest = (*lowest).min(*candidate);
            }
        }
    };
    compare(&candidates[..FEW]);
    if usize::from(length) > FEW {
        compare(&candidates[FEW..MOST]);
    }
    lowest.into_iter().min().expect("eight candidates")
}
