//! What a thread knows of the pieces that it has seen.

use super::ring::Ring;
use super::table::{self, Known, PieceTable};
use crate::piece::{INLINE, Wide};
use crate::vocab::Id;

/// Pieces that are looked up together.
pub(super) const BATCH: usize = 128;

/// The pieces that were seen before.
pub(super) struct Seen {
    pub(super) table: PieceTable,
    pub(super) ring: Ring,
    /// Of a batch: the keys, and the lines of the table that they belong into.
    pub(super) keys: [Wide; BATCH],
    pub(super) homes: [u32; BATCH],
    pub(super) lookups: u64,
    pub(super) misses: u64,
}

impl Seen {
    pub(super) fn new() -> Seen {
        Seen {
            table: PieceTable::new(),
            ring: Ring::new(),
            keys: [Wide::of(0); BATCH],
            homes: [0; BATCH],
            lookups: 0,
            misses: 0,
        }
    }

    /// Appends the ids of a piece, if they are here.
    pub(super) fn find(&self, key: Wide, piece: &[u8], ids: &mut Vec<Id>) -> bool {
        match self.table.view().known(key) {
            Some(Known::Ids(known, number)) => ids.extend_from_slice(&known[..number]),
            Some(Known::Elsewhere(place)) => match self.ring.get(place, piece) {
                Some(known) => ids.extend_from_slice(known),
                None => return false,
            },
            None => return false,
        }
        true
    }

    /// Keeps the ids of a piece, if there is room.
    pub(super) fn keep(&mut self, key: Wide, piece: &[u8], ids: &[Id]) {
        if piece.len() <= INLINE && ids.len() <= table::IDS {
            self.table.insert(key, ids);
        } else if let Some(place) = self.ring.insert(piece, ids) {
            self.table.insert_place(key, place);
        }
    }
}
