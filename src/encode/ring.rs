//! Long pieces → ids, and short pieces that become many ids, for those that were seen before.
//!
//! They lie one after the other in a ring of words, each as it was met: the younger overwrite the oldest. A table by hash
//! says where. An entry of it that leads to what was overwritten, or to a piece with the same hash, is found out by
//! comparing all bytes. Where much is overwritten the ring grows, as far as the [limit](super::limit) lets it.

use memmap2::MmapMut;

use super::limit::Share;
use crate::vocab::Id;

/// The longest piece that is kept. Longer ones hardly ever come twice.
const LONGEST: usize = 1 << 10;

/// Words of a new ring, if there is memory for them: 576 KiB with the table, of
/// which the system gives what is touched.
const FIRST: usize = 1 << 17;

/// Words of a ring for each place in its table: as many as a piece of 24 bytes and six ids takes.
const SPREAD: usize = 16;

/// A word of the header: how many bytes and ids there are. Behind it the bytes, filled up to a word with
/// anything, and the ids.
const HEADER: usize = 1;

pub(super) struct Ring {
    /// Places first, by hash: the word where a piece begins, counted from the first that was ever written, plus one. Behind
    /// them the words of the ring. Empty if there is no memory.
    memory: Option<MmapMut>,
    /// Words in the ring: a power of two, or 0.
    words: usize,
    /// Words ever written, those left free at the end of the ring included.
    written: u64,
    /// Those of them that were there when it was made or grew.
    before: u64,
    /// Given back with the memory.
    _share: Share,
}

impl Ring {
    pub(super) fn new() -> Ring {
        let mut words = FIRST;
        while words >= 2 * LONGEST {
            if let Some(ring) = Ring::of(words) {
                return ring;
            }
            words /= 2;
        }
        Ring { memory: None, words: 0, written: 0, before: 0, _share: Share::default() }
    }

    /// A ring of so many words, if there is memory for it.
    fn of(words: usize) -> Option<Ring> {
        let share = Share::take(Ring::bytes(words))?;
        let memory = Some(MmapMut::map_anon(Ring::bytes(words)).ok()?);
        Some(Ring { memory, words, written: 0, before: 0, _share: share })
    }

    fn bytes(words: usize) -> usize {
        words / SPREAD * size_of::<u64>() + words * size_of::<u32>()
    }

    /// The ids of a piece; `None` if it is not there.
    pub(super) fn get(&self, piece: &[u8], hash: u64) -> Option<&[Id]> {
        let (places, ring) = split(self.memory.as_ref()?, self.words);
        let place = places[home(hash, self.words)].checked_sub(1)?;
        if self.written - place > self.words as u64 {
            return None;
        }
        let entry = &ring[place as usize & (self.words - 1)..];
        let (bytes, ids) = (entry[0] as usize >> 16, entry[0] as usize & 0xffff);
        let end = HEADER + bytes.div_ceil(size_of::<u32>());
        (bytes == piece.len() && bytemuck::cast_slice::<u32, u8>(&entry[HEADER..end]).starts_with(piece))
            .then(|| bytemuck::cast_slice(&entry[end..end + ids]))
    }

    /// Keeps the ids of a piece, unless it is so long that it takes too much room.
    pub(super) fn insert(&mut self, piece: &[u8], hash: u64, ids: &[Id]) {
        if piece.len() > LONGEST || self.words == 0 {
            return;
        }
        self.put(piece, hash, ids);
        // What was forgotten might have been of use.
        if self.written - self.before > self.words as u64 {
            self.before = self.written;
            if let Some(larger) = Ring::of(2 * self.words) {
                self.grow(larger);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn has_grown(&self) -> bool {
        self.words > FIRST
    }

    fn put(&mut self, piece: &[u8], hash: u64, ids: &[Id]) {
        let words = self.words;
        let Some(memory) = &mut self.memory else { return };
        let (places, ring) = memory.split_at_mut(words / SPREAD * size_of::<u64>());
        let (places, ring): (&mut [u64], &mut [u32]) =
            (bytemuck::cast_slice_mut(places), bytemuck::cast_slice_mut(ring));
        let end = HEADER + piece.len().div_ceil(size_of::<u32>());
        let mut start = self.written as usize & (words - 1);
        if start + end + ids.len() > words {
            self.written += (words - start) as u64;
            start = 0;
        }
        let entry = &mut ring[start..start + end + ids.len()];
        entry[0] = (piece.len() as u32) << 16 | ids.len() as u32;
        bytemuck::cast_slice_mut::<u32, u8>(&mut entry[HEADER..end])[..piece.len()].copy_from_slice(piece);
        entry[end..].copy_from_slice(bytemuck::cast_slice(ids));
        places[home(hash, words)] = self.written + 1;
        self.written += entry.len() as u64;
    }

    #[cold]
    fn grow(&mut self, larger: Ring) {
        let old = std::mem::replace(self, larger);
        let Some(memory) = &old.memory else { return };
        let (places, ring) = split(memory, old.words);
        let mut kept: Vec<u64> = places
            .iter()
            .filter_map(|place| place.checked_sub(1))
            .filter(|place| old.written - place <= old.words as u64)
            .collect();
        // The oldest first, as they came.
        kept.sort_unstable();
        for place in kept {
            let entry = &ring[place as usize & (old.words - 1)..];
            let (bytes, ids) = (entry[0] as usize >> 16, entry[0] as usize & 0xffff);
            let end = HEADER + bytes.div_ceil(size_of::<u32>());
            let piece = &bytemuck::cast_slice::<u32, u8>(&entry[HEADER..end])[..bytes];
            self.put(piece, crate::piece::hash(piece), bytemuck::cast_slice(&entry[end..end + ids]));
        }
        self.before = self.written;
    }
}

/// The place of a hash in a table.
fn home(hash: u64, words: usize) -> usize {
    (hash >> (u64::BITS - (words / SPREAD).trailing_zeros())) as usize
}

fn split(memory: &MmapMut, words: usize) -> (&[u64], &[u32]) {
    let (places, ring) = memory.split_at(words / SPREAD * size_of::<u64>());
    (bytemuck::cast_slice(places), bytemuck::cast_slice(ring))
}
