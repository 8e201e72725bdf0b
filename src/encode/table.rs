//! Short pieces → ids, for the pieces that were seen before.
//!
//! A piece of at most 15 bytes that becomes at most four ids fits into half a cache line, key and ids together. A line is
//! chosen by the hash and holds two pieces, so that a look-up touches one line, whatever it finds, and takes no branch
//! that depends on the piece but the one that says that it was found. A third piece takes the place of the older one: the
//! table never fills up, it forgets. Where it forgets much it grows, as far as the [limit](super::limit) lets it.

use bytemuck::{Pod, Zeroable};
use memmap2::MmapMut;

use super::limit::Share;
use crate::piece::Wide;
use crate::vocab::Id;

/// Ids of a piece in the table.
pub(super) const IDS: usize = 4;

/// Two pieces, the younger first.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Line {
    /// Zeros where there is no piece.
    keys: [Wide; 2],
    ids: [Packed; 2],
}

/// Ids of a piece, 32 bits each from the lowest on, and how many they are in the bits that the first does not need.
type Packed = Wide;

const LINE: usize = size_of::<Line>();

/// Lines of a new table, if there is memory for them: 1 MiB, of which the system gives what is touched. As many distinct pieces as
/// 5 MB of English have find room.
const FIRST: usize = 1 << 14;

/// Lines of a table when there is no memory below the limit. They do not count.
const LEAST: usize = 1 << 6;

pub(super) struct PieceTable {
    lines: MmapMut,
    /// What a hash is shifted by to give its line.
    shift: u32,
    /// Pieces forgotten since it was made or grew.
    forgotten: usize,
    /// Given back with the memory.
    _share: Share,
}

impl PieceTable {
    pub(super) fn new() -> PieceTable {
        let mut lines = FIRST;
        while lines > LEAST {
            if let Some(table) = Share::take(lines * LINE).and_then(|share| PieceTable::of(lines, share)) {
                return table;
            }
            lines /= 2;
        }
        PieceTable::of(LEAST, Share::default()).expect("a page of memory")
    }

    /// A table of so many lines, if the system gives the memory.
    fn of(lines: usize, share: Share) -> Option<PieceTable> {
        let memory = MmapMut::map_anon(lines * LINE).ok()?;
        Some(PieceTable { lines: memory, shift: u64::BITS - lines.trailing_zeros(), forgotten: 0, _share: share })
    }

    #[inline(always)]
    pub(super) fn view(&self) -> View<'_> {
        View { lines: bytemuck::cast_slice(&self.lines), shift: self.shift }
    }

    /// Keeps the ids of a piece, at most [`IDS`].
    pub(super) fn insert(&mut self, key: Wide, ids: &[Id]) {
        let packed = ids.iter().rfold(0, |packed, id| packed << 32 | u128::from(id.0));
        let packed = Wide::of(packed | (ids.len() as u128) << Id::BITS);
        self.forgotten += usize::from(self.put(key, packed));
        let lines = self.lines.len() / LINE;
        if self.forgotten > lines / 8 {
            self.forgotten = 0;
            let share = Share::take(2 * lines * LINE);
            if let Some(larger) = share.and_then(|share| PieceTable::of(2 * lines, share)) {
                self.grow(larger);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn has_grown(&self) -> bool {
        self.lines.len() > FIRST * LINE
    }

    /// Whether another piece had to go.
    fn put(&mut self, key: Wide, ids: Packed) -> bool {
        let home = self.view().home(key);
        let line = &mut bytemuck::cast_slice_mut::<u8, Line>(&mut self.lines)[home];
        let goes = line.keys[1].is(Wide::of(0)) == 0;
        line.keys = [key, line.keys[0]];
        line.ids = [ids, line.ids[0]];
        goes
    }

    #[cold]
    fn grow(&mut self, larger: PieceTable) {
        let old = std::mem::replace(self, larger);
        for line in old.view().lines {
            for at in [1, 0] {
                if line.keys[at].is(Wide::of(0)) == 0 {
                    self.put(line.keys[at], line.ids[at]);
                }
            }
        }
    }
}

/// The lines, for look-ups.
#[derive(Clone, Copy)]
pub(super) struct View<'t> {
    lines: &'t [Line],
    shift: u32,
}

impl View<'_> {
    /// Where a key is looked for.
    #[inline(always)]
    pub(super) fn home(&self, key: Wide) -> usize {
        (key.hash() >> self.shift) as usize
    }

    /// Writes the ids of a key to the front of `room`, and anything behind; gives their number, 0 if the key is not there.
    #[inline(always)]
    pub(super) fn get(&self, key: Wide, home: usize, room: &mut [Id; IDS]) -> usize {
        let line = &self.lines[home];
        let [first, second] = line.keys.map(|known| known.is(key));
        if first + second == 0 {
            return 0;
        }
        let packed = line.ids[second];
        let ids = packed.and(Wide::of(!(0xff << Id::BITS)));
        bytemuck::bytes_of_mut(room).copy_from_slice(bytemuck::bytes_of(&ids));
        (packed.first() >> Id::BITS) as usize
    }

    /// Asks for the memory of a line.
    #[inline(always)]
    pub(super) fn prefetch(&self, home: usize) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a prefetch touches nothing, whatever the address; SSE is part of the architecture.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(self.lines.as_ptr().wrapping_add(home).cast());
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = home;
    }
}
