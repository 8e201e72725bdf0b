//! The vocabulary: token id ↔ token bytes.
//!
//! By id there is one slot of 16 bytes: the token itself if it has at most 15 bytes, else where it lies in an arena. By bytes
//! there is an index of slots of 4 bytes, and a filter before it, since most look-ups are of what is no token. Ids need not be dense (special tokens may sit between the bytes and the merges), so an id
//! without bytes is simply absent here.

use crate::error::{Error, Result};
use crate::machine;
use crate::piece::{self, INLINE, Key, WINDOW};

/// The id of a token: what encoding gives and decoding takes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct Id(pub u32);

impl Id {
    /// Ids above this are refused: the tables by id are dense, and a damaged file must not ask for 16 GB of them.
    pub const MAX: Id = Id(Id::MASK - 1);

    /// So many bits hold any id, and one number that is none.
    pub(crate) const BITS: u32 = 24;
    pub(crate) const MASK: u32 = (1 << Id::BITS) - 1;

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The ordinary tokens of a tokenizer, with unique, non-empty bytes. Special tokens are not in it.
#[derive(Clone, Default)]
pub struct Vocab {
    /// By id.
    slots: Vec<Slot>,
    /// The bytes of the tokens that have more than 15.
    arena: Vec<u8>,
    index: Index,
    longest: usize,
}

/// The bytes of a token: all of them and their number in the last, or where they lie in the arena and [`LONG`], or nothing
/// but zeros for an id that is no token.
#[derive(Clone, Copy, Default)]
#[repr(C, align(16))]
pub(crate) struct Slot(pub(crate) [u8; WINDOW]);

/// In the place of a length: the token is in the arena.
pub(crate) const LONG: u8 = u8::MAX;

impl Slot {
    fn in_arena(start: u32, end: u32) -> Slot {
        let mut slot = [0; WINDOW];
        slot[..4].copy_from_slice(&start.to_le_bytes());
        slot[4..8].copy_from_slice(&end.to_le_bytes());
        slot[INLINE] = LONG;
        Slot(slot)
    }

    fn range(&self) -> std::ops::Range<usize> {
        let number = |at: usize| u32::from_le_bytes(self.0[at..at + 4].try_into().expect("4 bytes")) as usize;
        number(0)..number(4)
    }
}

/// Hash → id: open addressing, at most seven of eight entries taken, behind a filter.
///
/// Most of what merging asks for is no token. The filter has a bit for hashes that end alike, and of one in eight: it says so
/// nearly always, from memory that a core has at hand. The entries are as small as can be, since those of a large
/// vocabulary are too many for that.
#[derive(Clone, Default)]
struct Index {
    /// 0 where nothing is; else one more than the id, and above it a part of the hash.
    entries: Vec<u32>,
    filter: Vec<u64>,
    /// What a hash is shifted by to give its place.
    shift: u32,
    len: usize,
}

/// Bits of the filter for an entry.
const SPREAD: usize = 8;

impl Index {
    /// Of the ids whose hash may be this one the one that is it.
    #[inline(always)]
    fn find(&self, hash: u64, is_it: impl Fn(Id) -> bool) -> Option<Id> {
        let (word, bit) = self.filtered(hash);
        if self.filter.get(word)? & bit == 0 {
            return None;
        }
        let mask = self.entries.len() - 1;
        let mut at = (hash >> self.shift) as usize;
        loop {
            let entry = self.entries[at & mask];
            if entry == 0 {
                return None;
            }
            let id = Id((entry & Id::MASK) - 1);
            if entry >> Id::BITS == tag(hash) && is_it(id) {
                return Some(id);
            }
            at += 1;
        }
    }

    /// The word of the filter that a hash has a bit in, and that bit.
    #[inline(always)]
    fn filtered(&self, hash: u64) -> (usize, u64) {
        let bit = hash as usize & (self.filter.len() * 64).wrapping_sub(1);
        (bit / 64, 1 << (bit % 64))
    }

    fn insert(&mut self, hash: u64, id: Id, hash_of: impl Fn(Id) -> u64) {
        if (self.len + 1) * 8 > self.entries.len() * 7 {
            self.grow(self.len + 1, hash_of);
        }
        self.place(hash, id);
        self.len += 1;
    }

    /// Makes room for so many.
    fn grow(&mut self, number: usize, hash_of: impl Fn(Id) -> u64) {
        let size = (number + number / 7 + 1).next_power_of_two().max(512);
        self.shift = u64::BITS - size.trailing_zeros();
        self.filter = vec![0; size * SPREAD / 64];
        let old = std::mem::replace(&mut self.entries, vec![0; size]);
        for entry in old.into_iter().filter(|&entry| entry != 0) {
            let id = Id((entry & Id::MASK) - 1);
            self.place(hash_of(id), id);
        }
    }

    fn place(&mut self, hash: u64, id: Id) {
        let (word, bit) = self.filtered(hash);
        self.filter[word] |= bit;
        let mask = self.entries.len() - 1;
        let mut at = (hash >> self.shift) as usize;
        while self.entries[at] != 0 {
            at = (at + 1) & mask;
        }
        self.entries[at] = tag(hash) << Id::BITS | (id.0 + 1);
    }
}

/// The part of a hash that an entry keeps.
#[inline(always)]
fn tag(hash: u64) -> u32 {
    (hash >> 24) as u8 as u32
}

impl Vocab {
    /// A vocabulary of the 256 single bytes, each under the id of its value.
    pub fn of_bytes() -> Vocab {
        let mut vocab = Vocab::default();
        for byte in 0..=255u8 {
            vocab.insert(Id(byte.into()), &[byte]).expect("256 distinct bytes");
        }
        vocab
    }

    /// An empty vocabulary with room for so many tokens.
    pub(crate) fn with_capacity(tokens: usize) -> Vocab {
        let mut vocab = Vocab::default();
        vocab.slots.reserve(tokens);
        machine::prefer_large_pages(vocab.slots.as_ptr(), vocab.slots.capacity());
        vocab.index.grow(tokens, |_| unreachable!("an empty index has nothing to move"));
        vocab
    }

    /// Adds a token.
    ///
    /// # Errors
    /// [`Error::Vocab`] if the bytes are empty, the bytes or the id are taken, or the id is above [`Id::MAX`].
    pub fn insert(&mut self, id: Id, bytes: &[u8]) -> Result<()> {
        let fail = |message: String| Err(Error::Vocab { message });
        if bytes.is_empty() {
            return fail(format!("token id {} has no bytes", id.0));
        }
        if id > Id::MAX {
            return fail(format!("token id {} is above the limit of {}", id.0, Id::MAX.0));
        }
        if self.bytes(id).is_some() {
            return fail(format!("token id {} is given twice", id.0));
        }
        let hash = piece::hash(bytes);
        if let Some(other) = self.find(hash, bytes) {
            let shown = bytes.escape_ascii();
            return fail(format!("token ids {} and {} have the same bytes b\"{shown}\"", other.0, id.0));
        }
        let slot = if bytes.len() <= INLINE {
            Slot(piece::key(bytes, 0, bytes.len()).to_le_bytes())
        } else {
            let Ok(end) = u32::try_from(self.arena.len() + bytes.len()) else {
                return fail("the tokens hold more than 4 GiB".into());
            };
            self.arena.extend_from_slice(bytes);
            Slot::in_arena(end - bytes.len() as u32, end)
        };
        if self.slots.len() <= id.index() {
            self.slots.resize(id.index() + 1, Slot::default());
        }
        self.slots[id.index()] = slot;
        self.longest = self.longest.max(bytes.len());
        let Vocab { slots, arena, index, .. } = self;
        index.insert(hash, id, |id| piece::hash(bytes_of(&slots[id.index()], arena).expect("a token in the index")));
        Ok(())
    }

    /// The bytes of a token, or `None` if the id is no ordinary token.
    #[inline]
    pub fn bytes(&self, id: Id) -> Option<&[u8]> {
        bytes_of(self.slots.get(id.index())?, &self.arena)
    }

    /// The id of the token with exactly these bytes.
    #[inline]
    pub fn id(&self, bytes: &[u8]) -> Option<Id> {
        if bytes.is_empty() || bytes.len() > self.longest {
            return None;
        }
        self.find(piece::hash(bytes), bytes)
    }

    /// The id of a token of any length.
    fn find(&self, hash: u64, bytes: &[u8]) -> Option<Id> {
        self.index.find(hash, |id| self.bytes(id) == Some(bytes))
    }

    /// The id of the token with this key, which has this hash.
    #[inline(always)]
    pub(crate) fn id_of_key(&self, key: Key, hash: u64) -> Option<Id> {
        self.index.find(hash, |id| self.slots.get(id.index()).is_some_and(|slot| Key::from_le_bytes(slot.0) == key))
    }

    /// By id: the bytes of the tokens, and where the longer ones lie.
    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.index.len
    }

    /// Whether there are no tokens at all.
    pub fn is_empty(&self) -> bool {
        self.index.len == 0
    }

    /// The smallest id above all ids in use.
    pub fn end(&self) -> Id {
        Id(self.slots.len() as u32)
    }

    /// How many bytes the longest token has.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// Every token, in the order of ids.
    pub fn iter(&self) -> impl Iterator<Item = (Id, &[u8])> {
        (0..).map(Id).zip(&self.slots).filter_map(|(id, slot)| Some((id, bytes_of(slot, &self.arena)?)))
    }

    /// The ids of the 256 single bytes.
    ///
    /// # Errors
    /// [`Error::Vocab`] naming the first byte that is no token: such a vocabulary cannot encode every text.
    pub fn byte_ids(&self) -> Result<[Id; 256]> {
        let mut ids = [Id(0); 256];
        for (byte, id) in (0..=255u8).zip(&mut ids) {
            *id = self.id(&[byte]).ok_or_else(|| Error::Vocab {
                message: format!("the single byte 0x{byte:02x} is not a token; a byte-level vocabulary holds all 256"),
            })?;
        }
        Ok(ids)
    }
}

impl PartialEq for Vocab {
    fn eq(&self, other: &Vocab) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

#[inline]
fn bytes_of<'v>(slot: &'v Slot, arena: &'v [u8]) -> Option<&'v [u8]> {
    match slot.0[INLINE] {
        0 => None,
        LONG => Some(&arena[slot.range()]),
        length => Some(&slot.0[..length as usize]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_bytes_are_inverse_and_holes_are_absent() {
        let mut vocab = Vocab::of_bytes();
        vocab.insert(Id(300), b"th").unwrap();
        assert_eq!(vocab.len(), 257);
        assert_eq!(vocab.end(), Id(301));
        assert_eq!(vocab.id(b"th"), Some(Id(300)));
        assert_eq!(vocab.bytes(Id(300)), Some(&b"th"[..]));
        assert_eq!(vocab.bytes(Id(299)), None);
        assert_eq!(vocab.bytes(Id(u32::MAX)), None);
        assert_eq!(vocab.iter().count(), 257);
        assert!(vocab.iter().all(|(id, bytes)| vocab.id(bytes) == Some(id)));
    }

    #[test]
    fn contradictions_are_refused_and_named() {
        let mut vocab = Vocab::of_bytes();
        for (id, bytes, expected) in [
            (Id(256), &b""[..], "no bytes"),
            (Id(97), b"zz", "given twice"),
            (Id(256), b"a", "same bytes b\"a\""),
            (Id(1 << 24), b"zz", "above the limit"),
        ] {
            let error = vocab.insert(id, bytes).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!(vocab.len(), 256);
        let mut partial = Vocab::default();
        partial.insert(Id(0), b"a").unwrap();
        assert!(partial.byte_ids().unwrap_err().to_string().contains("0x00"));
    }
}
