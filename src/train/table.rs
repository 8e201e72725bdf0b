//! The table of distinct pieces that one thread counts into.
//!
//! Nearly all pieces have at most 15 bytes. Such a piece *is* its key, a number of 16 bytes: looking one up compares two
//! registers and touches one cache line, which also holds the count, where a table of references touches three: the
//! table, the entry and the bytes. Longer pieces go through a table of that kind.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use itertools::Itertools;

use crate::error::Result;
use crate::parallel::Stop;
use crate::piece::{INLINE, Key, key, key_length};

/// Pieces that are looked up together: the memory of one is on its way while the others are looked up. One by one they took
/// 0.40 s instead of 0.33 s of 50 MB of English on one thread.
pub(super) const BATCH: usize = 128;

/// Distinct pieces, how often each occurs, and where it occurs first.
///
/// Pieces are counted in the order of their places.
pub(super) struct PieceTable {
    /// Open addressing with linear probing; see [`slots_for`].
    short: Vec<Short>,
    filled: usize,
    long: HashTable<Long>,
    /// The bytes of the long pieces, one after the other: nothing is freed piece by piece.
    arena: Vec<u8>,
    /// The same for all tables of a corpus, so that they can be combined part by part.
    hasher: RandomState,
    /// A piece belongs where the leading bits of its hash say, after so many that are not looked at.
    skip: u32,
}

/// A piece of at most [`INLINE`] bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct Short {
    /// 0 where the slot is free.
    pub key: Key,
    pub count: u64,
    pub first: u64,
}

impl Short {
    /// How many bytes it has.
    pub(super) fn len(&self) -> usize {
        key_length(self.key)
    }
}

/// A longer piece.
struct Long {
    /// Kept, because a table that grows would fetch all bytes again to hash them: by lines, of which nearly half are new,
    /// 8 MB of English took 88 ms with hashes made anew wherever they are needed, and 53 ms so.
    hash: u64,
    /// Where its bytes are in the arena.
    start: usize,
    end: usize,
    count: u64,
    first: u64,
}

impl Long {
    fn in_arena<'a>(&self, arena: &'a [u8]) -> LongPiece<'a> {
        LongPiece { hash: self.hash, first: self.first, count: self.count, bytes: &arena[self.start..self.end] }
    }
}

/// A long piece for others.
#[derive(Clone, Copy)]
pub(super) struct LongPiece<'t> {
    pub hash: u64,
    pub first: u64,
    pub count: u64,
    pub bytes: &'t [u8],
}

/// What a long piece takes besides its bytes: its entry in a table that is half full.
const LONG: usize = 2 * size_of::<Long>();

/// The slots of a table that is empty.
const LEAST: usize = 1 << 10;

/// The slots of a table of so many pieces: a power of two, of which at most seven of eight are filled. Frequent pieces come
/// early and lie where they are looked for first, so that a table half as large loses nothing, and a cache holds
/// more of it: 50 MB of English with 399,169 distinct pieces took 0.29 s on one thread, and 0.31 s in a table at most half full.
fn slots_for(pieces: usize) -> usize {
    (pieces + pieces / 7 + 1).next_power_of_two().max(LEAST)
}

impl PieceTable {
    pub(super) fn new(hasher: RandomState) -> PieceTable {
        PieceTable {
            short: vec![Short::default(); LEAST],
            filled: 0,
            long: HashTable::new(),
            arena: Vec::new(),
            hasher,
            skip: 0,
        }
    }

    /// Counts the pieces that `text` is cut into from `start` on, by their ends: at most [`BATCH`] of them, none empty. The
    /// text begins at `place` in the corpus.
    pub(super) fn count(&mut self, text: &[u8], mut start: usize, ends: &[usize], place: u64) {
        let mut pieces = [(Key::default(), 0_usize, 0_usize); BATCH];
        let mut number = 0;
        for &end in ends {
            if end - start <= INLINE {
                let key = key(text, start, end);
                pieces[number] = (key, self.home(key), start);
                number += 1;
            } else {
                self.add_long(&text[start..end], place + start as u64);
            }
            start = end;
        }
        let mut missed = [0_u8; BATCH];
        let mut misses = 0;
        for (piece, &(key, at, _)) in pieces[..number].iter().enumerate() {
            let slot = &mut self.short[at];
            let is_hit = slot.key == key;
            slot.count += u64::from(is_hit);
            missed[misses] = piece as u8;
            misses += usize::from(!is_hit);
        }
        for &piece in &missed[..misses] {
            let (key, _, start) = pieces[usize::from(piece)];
            self.add_short(Short { key, count: 1, first: place + start as u64 });
        }
    }

    /// The slot that is looked at first for a key.
    #[inline]
    fn home(&self, key: Key) -> usize {
        // There are at least two slots.
        (self.hash_short(key) << self.skip >> (64 - self.short.len().trailing_zeros())) as usize
    }

    #[inline]
    fn hash_short(&self, key: Key) -> u64 {
        self.hasher.hash_one(key)
    }

    #[inline]
    fn add_short(&mut self, piece: Short) {
        let mask = self.short.len() - 1;
        let mut at = self.home(piece.key);
        loop {
            let slot = &mut self.short[at];
            if slot.key == piece.key {
                slot.count += piece.count;
                slot.first = slot.first.min(piece.first);
                return;
            }
            if slot.key == 0 {
                *slot = piece;
                self.filled += 1;
                if slots_for(self.filled) > self.short.len() {
                    self.resize(self.short.len() * 2);
                }
                return;
            }
            at = (at + 1) & mask;
        }
    }

    #[inline(never)]
    fn add_long(&mut self, bytes: &[u8], first: u64) {
        let PieceTable { long, arena, hasher, .. } = self;
        let hash = hasher.hash_one(bytes);
        let is_same = |known: &Long| known.hash == hash && &arena[known.start..known.end] == bytes;
        match long.entry(hash, is_same, |known| known.hash) {
            Entry::Occupied(mut known) => known.get_mut().count += 1,
            Entry::Vacant(free) => {
                let start = arena.len();
                arena.extend_from_slice(bytes);
                free.insert(Long { hash, start, end: arena.len(), count: 1, first });
            }
        }
    }

    /// The most memory that is taken, in bytes, while text of so many bytes is counted, in which pieces are as short as in
    /// other text.
    pub(super) fn memory_with(&self, bytes: usize) -> usize {
        let short = self.short.len();
        let grown = slots_for(self.filled + bytes / 4);
        // While it grows, the old slots and the new ones are there.
        let slots = if grown > short { grown + grown / 2 } else { short };
        // So it is with the arena, which at least doubles when it is full.
        let (held, full) = (self.arena.capacity(), self.arena.len() + bytes);
        let arena = if full > held { held + full.max(2 * held) } else { held };
        let long = self.long.len() + bytes / (INLINE + 1);
        slots * size_of::<Short>() + arena + long * LONG
    }

    /// How many distinct pieces there are.
    pub(super) fn len(&self) -> usize {
        self.filled + self.long.len()
    }

    #[cold]
    fn resize(&mut self, slots: usize) {
        let old = std::mem::replace(&mut self.short, vec![Short::default(); slots]);
        self.filled = 0;
        for piece in old.into_iter().filter(|piece| piece.key != 0) {
            self.add_short(piece);
        }
    }

    /// Calls `each` with the short pieces of one part of 2 to the power of `bits` by hash, those of all tables combined.
    pub(super) fn combined_part(tables: &[PieceTable], part: usize, bits: u32, each: impl FnMut(Short)) {
        let Some(first) = tables.first() else { return };
        let mut all = PieceTable::new(first.hasher.clone());
        // Pieces come in the order of the leading bits of their hash. In a table in that order they would pile up.
        all.skip = u64::BITS / 2;
        all.resize(slots_for(tables.iter().map(|table| table.filled).sum::<usize>() >> bits));
        for table in tables {
            table.part(part, bits).for_each(|&piece| all.add_short(piece));
        }
        all.short.into_iter().filter(|piece| piece.key != 0).for_each(each);
    }

    /// The short pieces of a part: they lie in a row, but for those pushed on by others.
    fn part(&self, part: usize, bits: u32) -> impl Iterator<Item = &Short> {
        let width = self.short.len() >> bits;
        let (start, end) = (part * width, (part + 1) * width);
        let is_ours =
            move |piece: &&Short| piece.key != 0 && (self.hash_short(piece.key) >> (64 - bits)) as usize == part;
        // What was pushed on lies before the first free slot behind the part; behind the last slot is the first.
        let beyond = self.short[end..].iter().chain(&self.short[..end]).take_while(|piece| piece.key != 0);
        self.short[start..end].iter().chain(beyond.take(self.short.len() - width)).filter(is_ours)
    }

    /// The long pieces in 2 to the power of `bits` parts by hash.
    pub(super) fn long_by_part(&self, bits: u32, stop: &Stop) -> Result<Vec<Vec<LongPiece<'_>>>> {
        let mut parts = vec![Vec::new(); 1 << bits];
        for piece in self.long.iter().map(|piece| piece.in_arena(&self.arena)) {
            stop.check()?;
            parts[(piece.hash >> (64 - bits)) as usize].push(piece);
        }
        Ok(parts)
    }

    /// Calls `each` with every piece, its count and its first occurrence, in the order of bytes, and forgets them. The memory
    /// of the short ones is kept.
    pub(super) fn drain(&mut self, stop: &Stop, mut each: impl FnMut(&[u8], u64, u64) -> Result<()>) -> Result<()> {
        let mut long: Vec<LongPiece> = self.long.iter().map(|piece| piece.in_arena(&self.arena)).collect();
        for part in long.chunks_mut(SORTED) {
            stop.check()?;
            part.sort_unstable_by_key(|piece| piece.bytes);
        }
        let long = long.chunks(SORTED).map(|part| part.iter().copied());
        let mut long = long.kmerge_by(|left, right| left.bytes < right.bytes).peekable();
        // The slots themselves are sorted, which takes no memory: part by part, so that nobody who calls the work off waits
        // for it. Read from the lowest byte on, a key compares like its bytes; free slots come first.
        let order = |piece: &Short| piece.key.swap_bytes();
        for part in self.short.chunks_mut(SORTED) {
            stop.check()?;
            part.sort_unstable_by_key(order);
        }
        let parts = self.short.chunks(SORTED).map(|part| &part[part.partition_point(|piece| piece.key == 0)..]);
        for piece in parts.kmerge_by(|left, right| order(left) < order(right)) {
            let bytes = piece.key.to_le_bytes();
            let short = &bytes[..piece.len()];
            while let Some(piece) = long.next_if(|piece| piece.bytes < short) {
                each(piece.bytes, piece.count, piece.first)?;
            }
            each(short, piece.count, piece.first)?;
        }
        long.try_for_each(|piece| each(piece.bytes, piece.count, piece.first))?;
        self.short.fill(Short::default());
        self.filled = 0;
        (self.long, self.arena) = (HashTable::new(), Vec::new());
        Ok(())
    }
}

/// Slots that are sorted between two looks at whether the work was called off: some milliseconds.
const SORTED: usize = 1 << 17;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_pieces_count_as_memory_until_they_are_drained() {
        let mut table = PieceTable::new(RandomState::default());
        let empty = table.memory_with(0);
        let text: Vec<u8> = (0..200).flat_map(|number| [vec![number; 50], vec![255; 50]].concat()).collect();
        let ends: Vec<usize> = (1..=200).map(|piece| piece * 100).collect();
        for (number, ends) in ends.chunks(BATCH).enumerate() {
            table.count(&text, number * BATCH * 100, ends, 0);
        }
        assert!(table.len() == 200 && table.memory_with(0) >= empty + text.len());
        table.drain(&Stop::default(), |_, _, _| Ok(())).unwrap();
        assert_eq!((table.len(), table.memory_with(0)), (0, empty));
    }
}
