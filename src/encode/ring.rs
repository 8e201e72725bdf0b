//! Ids of long pieces, and of short pieces that become many ids, for those that were seen before.
//!
//! They lie one after the other in a ring of words, each as it was met: the younger overwrite the oldest. The
//! [table](super::table) says where; whether that was overwritten is told by the place, which never comes twice. Before
//! anything is overwritten the ring grows, as far as the [limit](super::limit) lets it.

use memmap2::MmapMut;

use super::limit::Share;
use crate::machine;
use crate::vocab::Id;

/// The longest piece that is kept. Longer ones hardly ever come twice.
pub(super) const LONGEST: usize = 1 << 10;

/// Words of a new ring, if there is memory for them: 512 KiB, of which the system gives what is touched.
const FIRST: usize = 1 << 17;

/// A word of the header: how many bytes and ids there are. Behind it the bytes, filled up to a word with
/// anything, and the ids.
const HEADER: usize = 1;

/// Where something begins: the words that were ever written before it, those left free at the end of the ring included.
pub(super) type Place = u64;

pub(super) struct Ring {
    /// Words. None if there is no memory.
    memory: Option<MmapMut>,
    /// Words in the ring: a power of two, or 0.
    words: usize,
    /// Words ever written.
    written: Place,
    /// What begins before was overwritten, in part at least.
    oldest: Place,
    /// When so many words were written it is to grow.
    full: Place,
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
        Ring { memory: None, words: 0, written: 0, oldest: 0, full: 0, _share: Share::default() }
    }

    /// A ring of so many words, if there is memory for it.
    fn of(words: usize) -> Option<Ring> {
        let bytes = words * size_of::<u32>();
        let share = Share::take(bytes)?;
        let memory = MmapMut::map_anon(bytes).ok()?;
        machine::prefer_large_pages(memory.as_ptr(), bytes);
        Some(Ring { memory: Some(memory), words, written: 0, oldest: 0, full: words as Place, _share: share })
    }

    /// The ids of a piece that was once kept at this place; `None` if it was overwritten, or is another one.
    #[inline]
    pub(super) fn get(&self, place: Place, piece: &[u8]) -> Option<&[Id]> {
        if place < self.oldest {
            return None;
        }
        let ring: &[u32] = bytemuck::cast_slice(self.memory.as_ref()?);
        let entry = &ring[place as usize & (self.words - 1)..];
        let (bytes, ids) = (entry[0] as usize >> 16, entry[0] as usize & 0xffff);
        let end = HEADER + bytes.div_ceil(size_of::<u32>());
        (bytes == piece.len() && bytemuck::cast_slice::<u32, u8>(&entry[HEADER..end]).starts_with(piece))
            .then(|| bytemuck::cast_slice(&entry[end..end + ids]))
    }

    /// Keeps the ids of a piece; says where, unless there is no room.
    pub(super) fn insert(&mut self, piece: &[u8], ids: &[Id]) -> Option<Place> {
        if piece.len() > LONGEST || self.words == 0 {
            return None;
        }
        if self.written >= self.full {
            match [4, 2].into_iter().find_map(|times| Ring::of(times * self.words)) {
                Some(larger) => self.grow(larger),
                // Others may give memory back. It is not asked for all the time.
                None => self.full = self.written + self.words as Place / 8,
            }
        }
        let words = self.words;
        let ring: &mut [u32] = bytemuck::cast_slice_mut(self.memory.as_mut()?);
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
        let place = self.written;
        self.written += entry.len() as u64;
        self.oldest = self.oldest.max(self.written.saturating_sub(words as u64));
        Some(place)
    }

    /// Takes a ring of a multiple of its size, in which everything keeps its place: what lay in a row does so still.
    #[cold]
    fn grow(&mut self, mut larger: Ring) {
        let (Some(from), Some(to)) = (&self.memory, &mut larger.memory) else { return };
        let (from, to): (&[u32], &mut [u32]) = (bytemuck::cast_slice(from), bytemuck::cast_slice_mut(to));
        let words = self.words as u64;
        // The ring was gone round so often; what was written since, and what is left of the time before.
        let round = self.written / words * words;
        for (start, end) in [(self.written.saturating_sub(words), round), (round, self.written)] {
            let length = end.saturating_sub(start) as usize;
            let old = start as usize & (self.words - 1);
            let new = start as usize & (larger.words - 1);
            to[new..new + length].copy_from_slice(&from[old..old + length]);
        }
        (larger.written, larger.oldest, larger.full) = (self.written, self.oldest, self.oldest + larger.full);
        *self = larger;
    }

    #[cfg(test)]
    pub(super) fn has_grown(&self) -> bool {
        self.words > FIRST
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn a_place_gives_its_ids_until_it_is_overwritten_however_the_ring_grows() {
        let mut ring = Ring::new();
        let mut kept = HashMap::new();
        let (mut found, mut gone) = (0, 0);
        for number in 0..60_000_usize {
            let piece = format!("{number}-").repeat(1 + number * 7 % 40).into_bytes();
            let ids: Vec<Id> = (0..number % 23).map(|at| Id((number * at) as u32)).collect();
            let place = ring.insert(&piece, &ids);
            assert_eq!(place.is_none(), piece.len() > LONGEST);
            let Some(place) = place else { continue };
            assert_eq!(ring.get(place, &piece), Some(&ids[..]), "just written");
            assert_eq!(ring.get(place, b"another"), None);
            kept.insert(number, (place, piece, ids));
            // Of the older ones some, at every distance.
            if let Some((place, piece, ids)) = kept.get(&(number * 31 % (number + 1))) {
                match ring.get(*place, piece) {
                    Some(known) => assert_eq!((known, found += 1), (&ids[..], ())),
                    None => gone += 1,
                }
            }
        }
        assert!(ring.has_grown() && found > 1000, "{found} found, {gone} gone");
        // What was written last fills half of the ring, and is all there.
        let places: Vec<_> = kept.values().filter(|(place, ..)| place + ring.words as u64 / 2 > ring.written).collect();
        assert!(places.len() > 1000 && places.iter().all(|(place, piece, ids)| ring.get(*place, piece) == Some(ids)));
    }
}
