//! The vocabulary: token id ↔ token bytes.
//!
//! All token bytes lie in one arena in the order they were added; a table by id says where. Ids need not be dense
//! (special tokens may sit between the bytes and the merges), so an id without bytes is simply absent here.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::error::{Error, Result};

/// The id of a token: what encoding gives and decoding takes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct Id(pub u32);

impl Id {
    /// Ids above this are refused: the tables by id are dense, and a damaged file must not ask for 16 GB of them.
    pub const MAX: Id = Id((1 << 24) - 1);

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The ordinary tokens of a tokenizer, with unique, non-empty bytes. Special tokens are not in it.
#[derive(Clone, Default)]
pub struct Vocab {
    arena: Vec<u8>,
    /// By id: where its bytes lie in the arena; an empty range where the id is no ordinary token.
    ranges: Vec<(u32, u32)>,
    ids: HashTable<Id>,
    hasher: RandomState,
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
        if let Some(other) = self.id(bytes) {
            let shown = bytes.escape_ascii();
            return fail(format!("token ids {} and {} have the same bytes b\"{shown}\"", other.0, id.0));
        }
        let Ok(end) = u32::try_from(self.arena.len() + bytes.len()) else {
            return fail("the tokens hold more than 4 GiB".into());
        };
        if self.ranges.len() <= id.index() {
            self.ranges.resize(id.index() + 1, (0, 0));
        }
        self.ranges[id.index()] = (self.arena.len() as u32, end);
        self.arena.extend_from_slice(bytes);
        let Vocab { arena, ranges, ids, hasher } = self;
        ids.insert_unique(hasher.hash_one(bytes), id, |&id| hasher.hash_one(slice(arena, ranges[id.index()])));
        Ok(())
    }

    /// The bytes of a token, or `None` if the id is no ordinary token.
    pub fn bytes(&self, id: Id) -> Option<&[u8]> {
        let range = *self.ranges.get(id.index())?;
        (range.0 < range.1).then(|| slice(&self.arena, range))
    }

    /// The id of the token with exactly these bytes.
    pub fn id(&self, bytes: &[u8]) -> Option<Id> {
        self.ids.find(self.hasher.hash_one(bytes), |&id| slice(&self.arena, self.ranges[id.index()]) == bytes).copied()
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no tokens at all.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The smallest id above all ids in use.
    pub fn end(&self) -> Id {
        Id(self.ranges.len() as u32)
    }

    /// Every token, in the order of ids.
    pub fn iter(&self) -> impl Iterator<Item = (Id, &[u8])> {
        self.ranges
            .iter()
            .enumerate()
            .filter(|(_, range)| range.0 < range.1)
            .map(|(id, &range)| (Id(id as u32), slice(&self.arena, range)))
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

fn slice(arena: &[u8], (start, end): (u32, u32)) -> &[u8] {
    &arena[start as usize..end as usize]
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
