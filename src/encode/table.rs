//! Pieces that were seen before → ids.
//!
//! A piece of at most 15 bytes that becomes at most four ids fits into half a cache line, key and ids together. Of a longer
//! one, or one of more ids, there is in their stead what tells it from others and its place in the [ring](super::ring).
//!
//! A line is chosen by the hash and holds two pieces, so that a look-up touches one line, whatever it finds, and takes no
//! branch that depends on the piece but the one that says that it was found. Where a line is full, what comes next lies
//! in one of the three lines beside it, and the line says that it has such pieces. Only where all four are full one takes
//! the place of another: the table forgets. When half of it is taken it grows, as far as the [limit](super::limit) lets it.
//!
//! With two places for a piece instead of eight, 13 MB of English that had been seen before took 41 ms: of its 151,000
//! distinct pieces one in nine was forgotten again and again in a table in which two of seven places were taken.

use bytemuck::{Pod, Zeroable};
use memmap2::MmapMut;

use super::limit::Share;
use super::ring::Place;
use crate::machine;
use crate::piece::Wide;
use crate::vocab::Id;

/// Ids of a piece in the table.
pub(super) const IDS: usize = 4;

/// Two pieces.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Line {
    /// Zeros where there is no piece.
    keys: [Wide; 2],
    values: [Packed; 2],
}

/// Ids of a piece, 32 bits each from the lowest on, or its place in the ring in the upper half. The bits of the first that an
/// id does not need say how many ids there are, or [`ELSEWHERE`]; the highest of them, in the first value of a line,
/// is [`FULL`].
type Packed = Wide;

impl Line {
    /// Sets the first or the second piece.
    #[inline(always)]
    fn set(&mut self, at: usize, key: Wide, value: u128) {
        let full = if at == 0 { self.values[0].number() & FULL } else { 0 };
        self.keys[at] = key;
        self.values[at] = Wide::of(value | full);
    }
}

/// Instead of a number of ids: they are in the ring.
pub(super) const ELSEWHERE: usize = IDS + 1;

/// The bits of a number.
const NUMBER: u32 = 7;

/// Pieces that belong here are in lines beside this one.
const FULL: u128 = 1 << 31;

const LINE: usize = size_of::<Line>();

/// Lines among which a piece finds its place.
const BESIDE: usize = 4;

/// Lines of a new table, if there is memory for them: 1 MiB, of which the system gives what is touched. As many distinct
/// pieces as 1 MB of English has find room.
const FIRST: usize = 1 << 14;

/// Lines of a table when there is no memory below the limit. They do not count.
const LEAST: usize = 1 << 6;

pub(super) struct PieceTable {
    lines: MmapMut,
    /// What a hash is shifted by to give its line.
    shift: u32,
    /// Pieces that may still come before it is to grow.
    until_full: usize,
    /// Given back with the memory.
    _share: Share,
}

/// What the table says of a piece.
pub(super) enum Known {
    /// So many ids.
    Ids([Id; IDS], usize),
    /// Where the ring has its ids.
    Elsewhere(Place),
}

impl PieceTable {
    pub(super) fn new() -> PieceTable {
        let mut lines = FIRST;
        while lines > LEAST {
            if let Some(table) = PieceTable::below_limit(lines) {
                return table;
            }
            lines /= 2;
        }
        PieceTable::of(LEAST, Share::default()).expect("a page of memory")
    }

    /// A table of so many lines, if there is memory for it.
    fn below_limit(lines: usize) -> Option<PieceTable> {
        PieceTable::of(lines, Share::take(lines * LINE)?)
    }

    /// A table of so many lines, if the system gives the memory.
    fn of(lines: usize, share: Share) -> Option<PieceTable> {
        let memory = MmapMut::map_anon(lines * LINE).ok()?;
        machine::prefer_large_pages(memory.as_ptr(), memory.len());
        Some(PieceTable { lines: memory, shift: u64::BITS - lines.trailing_zeros(), until_full: lines, _share: share })
    }

    #[inline(always)]
    pub(super) fn view(&self) -> View<'_> {
        View { lines: bytemuck::cast_slice(&self.lines), shift: self.shift }
    }

    /// Keeps the ids of a piece, at most [`IDS`].
    pub(super) fn insert(&mut self, key: Wide, ids: &[Id]) {
        let packed = ids.iter().rfold(0, |packed, id| packed << 32 | u128::from(id.0));
        self.put_or_grow(key, packed | (ids.len() as u128) << Id::BITS);
    }

    /// Keeps the place of a piece in the ring.
    pub(super) fn insert_place(&mut self, key: Wide, place: Place) {
        self.put_or_grow(key, u128::from(place) << 64 | (ELSEWHERE as u128) << Id::BITS);
    }

    fn put_or_grow(&mut self, key: Wide, value: u128) {
        if self.until_full == 0 {
            let lines = self.lines.len() / LINE;
            // Moving what is known takes time: where there is memory for it, it happens once instead of twice, and 13 MB of
            // English are encoded a tenth faster the first time.
            let larger = [4, 2].into_iter().find_map(|times| PieceTable::below_limit(times * lines));
            match larger {
                Some(larger) => self.grow(larger),
                // Others may give memory back. It is not asked for all the time.
                None => self.until_full = lines / 8,
            }
        }
        // A table that could not grow for long may fill half of the larger one at once.
        self.until_full = self.until_full.saturating_sub(1);
        self.put(key, value);
    }

    /// Puts a piece where it belongs, in the place of what was known of it.
    fn put(&mut self, key: Wide, value: u128) {
        match self.view().find(key) {
            Some((line, at)) => self.lines_mut()[line].set(at, key, value),
            None => self.put_new(key, value),
        }
    }

    /// Puts a piece that is not there yet where it belongs.
    #[inline(always)]
    fn put_new(&mut self, key: Wide, value: u128) {
        let home = self.view().home(key);
        let lines = self.lines_mut();
        let free = |line: usize| lines[line].keys.iter().position(|key| key.is(Wide::of(0)) == 1);
        if let Some(at) = free(home) {
            lines[home].set(at, key, value);
        } else if let Some((line, at)) = beside(home).skip(1).find_map(|line| Some((line, free(line)?))) {
            lines[line].set(at, key, value);
            let first = &mut lines[home].values[0];
            *first = Wide::of(first.number() | FULL);
        } else {
            // The younger piece lies first.
            let line = &mut lines[home];
            line.set(1, line.keys[0], line.values[0].number() & !FULL);
            line.set(0, key, value);
        }
    }

    fn lines_mut(&mut self) -> &mut [Line] {
        bytemuck::cast_slice_mut(&mut self.lines)
    }

    #[cold]
    fn grow(&mut self, larger: PieceTable) {
        let old = std::mem::replace(self, larger);
        // Those in their own line first: they came early, as frequent ones do, and are to lie where they are looked for first.
        for is_home in [true, false] {
            for (number, line) in old.view().lines.iter().enumerate() {
                for (&key, value) in line.keys.iter().zip(line.values).filter(|(key, _)| key.is(Wide::of(0)) == 0) {
                    if (old.view().home(key) == number) == is_home {
                        self.until_full = self.until_full.saturating_sub(1);
                        self.put_new(key, value.number() & !FULL);
                    }
                }
            }
        }
    }

    #[cfg(test)]
    pub(super) fn has_grown(&self) -> bool {
        self.lines.len() > FIRST * LINE
    }
}

/// The lines in which a piece may lie that belongs into this one, which comes first.
#[inline(always)]
fn beside(home: usize) -> impl Iterator<Item = usize> {
    (0..BESIDE).map(move |other| home ^ other)
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

    /// Writes the ids of a key to the front of `room`, and anything behind; gives their number. It is 0 if the key is not in
    /// its line, and [`ELSEWHERE`] if its ids are in the ring.
    #[inline(always)]
    pub(super) fn get(&self, key: Wide, home: usize, room: &mut [Id; IDS]) -> usize {
        let line = &self.lines[home];
        let [first, second] = line.keys.map(|known| known.is(key));
        if first + second == 0 {
            return 0;
        }
        let packed = line.values[second];
        *room = ids(packed);
        number(packed)
    }

    /// Asks for the memory of a line.
    #[inline(always)]
    pub(super) fn prefetch(&self, home: usize) {
        machine::prefetch(self.lines.as_ptr().wrapping_add(home));
    }

    /// What is known of a key, in its line or beside it.
    #[inline]
    pub(super) fn known(&self, key: Wide) -> Option<Known> {
        let (line, at) = self.find(key)?;
        let packed = self.lines[line].values[at];
        Some(match number(packed) {
            ELSEWHERE => Known::Elsewhere((packed.number() >> 64) as Place),
            number => Known::Ids(ids(packed), number),
        })
    }

    /// Where a key is.
    #[inline(always)]
    fn find(&self, key: Wide) -> Option<(usize, usize)> {
        let home = self.home(key);
        let lines = if self.lines[home].values[0].number() & FULL == 0 { 1 } else { BESIDE };
        beside(home).take(lines).find_map(|line| {
            let [first, second] = self.lines[line].keys.map(|known| known.is(key));
            (first + second > 0).then_some((line, second))
        })
    }
}

/// The ids, and zeros or the place behind them.
#[inline(always)]
fn ids(packed: Packed) -> [Id; IDS] {
    bytemuck::cast(packed.and(Wide::of(!(0xff << Id::BITS))))
}

#[inline(always)]
fn number(packed: Packed) -> usize {
    (packed.first() >> Id::BITS & NUMBER) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn ids_of(number: u32) -> Vec<Id> {
        (0..1 + number % IDS as u32).map(|at| Id(number.wrapping_mul(at + 77) & Id::MASK)).collect()
    }

    #[test]
    fn what_is_found_is_what_was_kept_and_most_is_found() {
        let mut table = PieceTable::new();
        let mut kept = HashMap::new();
        for number in 0..200_000_u32 {
            let key = Wide::of(u128::from(number) << 3 | 5 << 120);
            if number % 11 == 0 {
                table.insert_place(key, u64::MAX - u64::from(number));
            } else {
                table.insert(key, &ids_of(number));
            }
            kept.insert(number, key);
            if number.is_multiple_of(50_000) {
                assert_eq!(found(&table, &kept), kept.len(), "nothing is forgotten while it grows");
            }
        }
        assert!(table.has_grown() && found(&table, &kept) > 199_000);
        // What is kept once more takes the place of what was known.
        for number in [1, 22, 777] {
            table.insert(kept[&number], &[Id(3)]);
            assert!(matches!(table.view().known(kept[&number]), Some(Known::Ids([Id(3), ..], 1))));
        }
    }

    /// How many of these numbers are found; what is found is right.
    fn found(table: &PieceTable, kept: &HashMap<u32, Wide>) -> usize {
        let view = table.view();
        let mut found = 0;
        for (&number, &key) in kept {
            let mut room = [Id(0); IDS];
            let in_line = view.get(key, view.home(key), &mut room);
            match view.known(key) {
                Some(Known::Ids(ids, length)) => {
                    assert_eq!(ids[..length], ids_of(number));
                    assert!(in_line == 0 || (in_line == length && room == ids));
                }
                Some(Known::Elsewhere(place)) => {
                    assert_eq!(place, u64::MAX - u64::from(number));
                    assert!([0, ELSEWHERE].contains(&in_line));
                }
                None => {
                    assert_eq!(in_line, 0);
                    continue;
                }
            }
            found += 1;
        }
        found
    }
}
