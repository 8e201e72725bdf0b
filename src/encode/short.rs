//! Short pieces: scan for the lowest rank, merge, repeat. Quadratic, but a piece of a few dozen bytes lies in one or two
//! cache lines, where a scan beats any heap.

use crate::merges::{Merge, Merges, Rank};
use crate::vocab::Id;

/// A token of the piece, and what it may become together with the next one.
struct Part {
    id: Id,
    next: Merge,
}

/// What a pair that does not merge "becomes": a rank above all ranks.
const NONE: Merge = Merge { rank: Rank(u32::MAX), id: Id(u32::MAX) };

#[derive(Default)]
pub(super) struct Scratch {
    parts: Vec<Part>,
}

pub(super) fn encode(merges: &Merges, byte_ids: &[Id; 256], piece: &[u8], scratch: &mut Scratch, ids: &mut Vec<Id>) {
    let parts = &mut scratch.parts;
    parts.clear();
    parts.extend(piece.iter().map(|&byte| Part { id: byte_ids[byte as usize], next: NONE }));
    for at in 0..parts.len() {
        refresh(merges, parts, at);
    }
    while let Some(at) = lowest(parts) {
        parts[at].id = parts[at].next.id;
        parts.remove(at + 1);
        refresh(merges, parts, at);
        if at > 0 {
            refresh(merges, parts, at - 1);
        }
    }
    ids.extend(parts.iter().map(|part| part.id));
}

/// Looks up anew what the part and its successor may become.
fn refresh(merges: &Merges, parts: &mut [Part], at: usize) {
    let pair = parts.get(at + 1).map(|right| (parts[at].id, right.id));
    parts[at].next = pair.and_then(|pair| merges.get(pair)).unwrap_or(NONE);
}

/// The first part whose merge has the lowest rank.
fn lowest(parts: &[Part]) -> Option<usize> {
    let mut best = NONE.rank;
    let mut found = None;
    for (at, part) in parts.iter().enumerate() {
        if part.next.rank < best {
            best = part.next.rank;
            found = Some(at);
        }
    }
    found
}
