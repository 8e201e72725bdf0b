//! The vocabulary: token id ↔ token bytes.
//!
//! By id there is one slot of 16 bytes: the token itself if it has at most 15 bytes, else where it lies in an arena. By bytes
//! there is an index. Ids need not be dense (special tokens may sit between the bytes and the merges), so an id without bytes is
//! simply absent here.

use crate::error::{Error, Result};
use crate::machine;
use crate::piece::{self, INLINE, Key, WINDOW, Wide};

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

/// The ordinary tokens of a tokenizer, with unique bytes. Special tokens are not in it.
///
/// One token may have no bytes at all, as in some published rank files: it has an id and decodes to nothing, and no text is
/// encoded to it.
#[derive(Clone, Default)]
pub struct Vocab {
    /// By id.
    slots: Vec<Slot>,
    /// The token without bytes, which is not in the index.
    empty: Option<Id>,
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

/// Hash → id: lines of twelve entries, of which five eighths are taken at most. What a full line has no room for is in the next.
///
/// Most of what merging asks for is no token, and which is cannot be foreseen: a branch that depends on it goes the wrong way
/// half of the time, and costs as much as the rest of the look-up. So a line is compared as a whole with what is looked for.
#[derive(Clone, Default)]
struct Index {
    /// A power of two of them, or none.
    lines: Vec<Line>,
    /// What a hash is shifted by to give its line.
    shift: u32,
    len: usize,
}

const ENTRIES: usize = 12;

/// Entries, from the first on.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line {
    /// Parts of hashes, 0 where there is none.
    tags: Wide,
    /// Ids, [`Id::MASK`] where there is none; each with [`UNSURE`] in a line that is full, or if another one has its tag.
    ids: [u32; ENTRIES],
}

const UNSURE: u32 = 1 << Id::BITS;

impl Line {
    /// A bit for every entry with this tag.
    #[inline(always)]
    fn matches(&self, tag: u8) -> u32 {
        self.tags.matches(tag)
    }

    #[inline(always)]
    fn id(&self, at: usize) -> Id {
        Id(self.ids[at] & Id::MASK)
    }

    fn taken(&self) -> usize {
        ENTRIES.min(self.matches(0).trailing_zeros() as usize)
    }

    #[inline(always)]
    fn is_full(&self) -> bool {
        self.ids[ENTRIES - 1] != Id::MASK
    }

    /// Adds an entry to a line that is not full.
    fn push(&mut self, tag: u8, id: Id) {
        let (at, twins) = (self.taken(), self.matches(tag));
        self.tags = Wide::of(self.tags.number() | u128::from(tag) << (8 * at));
        self.ids[at] = id.0;
        let unsure = match twins {
            _ if self.is_full() => u32::MAX,
            0 => 0,
            twins => twins | 1 << at,
        };
        for (at, id) in self.ids.iter_mut().enumerate() {
            *id |= (unsure >> at & 1) * UNSURE;
        }
    }
}

impl Index {
    /// Of the ids whose hash may be this one the one that is it.
    #[inline]
    fn find(&self, hash: u64, is_it: impl Fn(Id) -> bool) -> Option<Id> {
        let mut at = self.line(hash);
        loop {
            let line = self.lines.get(at)?;
            let mut matches = line.matches(tag(hash));
            while matches != 0 {
                let id = line.id(matches.trailing_zeros() as usize);
                if is_it(id) {
                    return Some(id);
                }
                matches &= matches - 1;
            }
            if !line.is_full() {
                return None;
            }
            at = (at + 1) & (self.lines.len() - 1);
        }
    }

    /// The only id that a hash can have, or [`Id::MASK`]; `None` if that takes a look at the tokens.
    #[inline(always)]
    fn likely(&self, hash: u64) -> Option<u32> {
        let line = &self.lines[self.line(hash)];
        // Where nothing matches, the last entry says that there is none, or that the line is full.
        let at = (line.matches(tag(hash)) | 1 << (ENTRIES - 1)).trailing_zeros();
        Some(line.ids[at as usize]).filter(|&id| id < UNSURE)
    }

    /// Asks for the memory in which a hash is looked up.
    #[inline(always)]
    fn prefetch(&self, hash: u64) {
        machine::prefetch(self.lines.as_ptr().wrapping_add(self.line(hash)));
    }

    #[inline(always)]
    fn line(&self, hash: u64) -> usize {
        (hash >> self.shift) as usize
    }

    fn insert(&mut self, hash: u64, id: Id, hash_of: impl Fn(Id) -> u64) {
        if (self.len + 1) * 8 > self.lines.len() * ENTRIES * 5 {
            self.grow(self.len + 1, hash_of);
        }
        self.place(hash, id);
        self.len += 1;
    }

    /// Makes room for so many.
    fn grow(&mut self, number: usize, hash_of: impl Fn(Id) -> u64) {
        let size = (number * 8).div_ceil(ENTRIES * 5).next_power_of_two().max(64);
        self.shift = u64::BITS - size.trailing_zeros();
        let empty = Line { tags: Wide::of(0), ids: [Id::MASK; ENTRIES] };
        let old = std::mem::replace(&mut self.lines, vec![empty; size]);
        for id in old.iter().flat_map(|line| (0..line.taken()).map(|at| line.id(at))) {
            self.place(hash_of(id), id);
        }
    }

    fn place(&mut self, hash: u64, id: Id) {
        let mut at = self.line(hash);
        while self.lines[at].is_full() {
            at = (at + 1) & (self.lines.len() - 1);
        }
        self.lines[at].push(tag(hash), id);
    }
}

/// The part of a hash that an entry keeps. Never 0.
#[inline(always)]
fn tag(hash: u64) -> u8 {
    (hash as u8).max(1)
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
        machine::reserve(&mut vocab.slots, tokens);
        vocab.index.grow(tokens, |_| unreachable!("an empty index has nothing to move"));
        vocab
    }

    /// Adds a token.
    ///
    /// # Errors
    /// [`Error::Vocab`] if the bytes or the id are taken, or the id is above [`Id::MAX`].
    pub fn insert(&mut self, id: Id, bytes: &[u8]) -> Result<()> {
        let fail = |message: String| Err(Error::Vocab { message });
        if id > Id::MAX {
            return fail(format!("token id {} is above the limit of {}", id.0, Id::MAX.0));
        }
        if self.bytes(id).is_some() {
            return fail(format!("token id {} is given twice", id.0));
        }
        if bytes.is_empty() {
            if let Some(other) = self.empty {
                return fail(format!("token ids {} and {} both have no bytes", other.0, id.0));
            }
            self.empty = Some(id);
            self.fill(id, Slot::in_arena(0, 0));
            return Ok(());
        }
        let hash = piece::hash(bytes);
        if let Some(other) = self.id_of_hash(bytes, hash) {
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
        self.fill(id, slot);
        self.longest = self.longest.max(bytes.len());
        let Vocab { slots, arena, index, .. } = self;
        index.insert(hash, id, |id| piece::hash(bytes_of(&slots[id.index()], arena).expect("a token in the index")));
        Ok(())
    }

    fn fill(&mut self, id: Id, slot: Slot) {
        if self.slots.len() <= id.index() {
            self.slots.resize(id.index() + 1, Slot::default());
        }
        self.slots[id.index()] = slot;
    }

    /// The bytes of a token, or `None` if the id is no ordinary token.
    #[inline]
    pub fn bytes(&self, id: Id) -> Option<&[u8]> {
        bytes_of(self.slots.get(id.index())?, &self.arena)
    }

    /// The id of the token with exactly these bytes. Never that of [`Vocab::empty`]: no text is encoded to it.
    #[inline]
    pub fn id(&self, bytes: &[u8]) -> Option<Id> {
        if bytes.is_empty() || bytes.len() > self.longest {
            return None;
        }
        self.id_of_hash(bytes, piece::hash(bytes))
    }

    /// The token without bytes, if there is one.
    pub fn empty(&self) -> Option<Id> {
        self.empty
    }

    /// The id of a token of any length, which has this hash.
    #[inline]
    pub(crate) fn id_of_hash(&self, bytes: &[u8], hash: u64) -> Option<Id> {
        self.index.find(hash, |id| self.bytes(id) == Some(bytes))
    }

    /// The id of the token with this key, which has this hash.
    #[inline(always)]
    pub(crate) fn id_of_key(&self, key: Key, hash: u64) -> Option<Id> {
        self.index.find(hash, |id| self.slots.get(id.index()).is_some_and(|slot| Key::from_le_bytes(slot.0) == key))
    }

    /// The only id that a token of this hash can have, or [`Id::MASK`]; `None` if that takes a look at the tokens.
    #[inline(always)]
    pub(crate) fn likely(&self, hash: u64) -> Option<u32> {
        self.index.likely(hash)
    }

    /// Whether this is the key of this token.
    #[inline(always)]
    pub(crate) fn has(&self, id: Id, key: Wide) -> bool {
        bytemuck::cast::<_, Wide>(self.slots[id.index()].0).is(key) == 1
    }

    /// Asks for the memory in which a token of this hash is looked up.
    #[inline(always)]
    pub(crate) fn prefetch(&self, hash: u64) {
        self.index.prefetch(hash);
    }

    /// By id: the bytes of the tokens, and where the longer ones lie.
    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.index.len + usize::from(self.empty.is_some())
    }

    /// Whether there are no tokens at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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
    fn every_token_is_found_in_crowded_lines_and_nothing_else() {
        let mut vocab = Vocab::of_bytes();
        let token = |number: u32| format!("{number:x}{}", "-".repeat(number as usize % 17)).into_bytes();
        let tokens: Vec<_> = (256..40_000).map(|number| (Id(number * 3), token(number))).collect();
        for (id, bytes) in &tokens {
            vocab.insert(*id, bytes).unwrap();
        }
        let (mut full, mut unsure) = (0, 0);
        for (id, bytes) in &tokens {
            let hash = piece::hash(bytes);
            assert_eq!(vocab.id(bytes), Some(*id));
            assert_eq!(vocab.id_of_hash(bytes, hash), Some(*id));
            match vocab.likely(hash) {
                Some(likely) => assert_eq!(likely, id.0),
                None => unsure += 1,
            }
            full += usize::from(vocab.index.lines[vocab.index.line(hash)].is_full());
        }
        // Otherwise nothing is tested here.
        assert!(full > 0 && unsure > full && unsure < tokens.len() / 4, "{full} full, {unsure} unsure");
        for number in 256..40_000 {
            let other = [&token(number), &b"+"[..]].concat();
            let found = vocab.likely(piece::hash(&other));
            assert_eq!(vocab.id(&other), None);
            if let Some(id) = found.filter(|&id| id != Id::MASK && other.len() <= INLINE) {
                assert!(!vocab.has(Id(id), Wide::key(&other, 0, other.len())));
            }
        }
    }

    #[test]
    fn one_token_may_have_no_bytes() {
        let mut vocab = Vocab::of_bytes();
        vocab.insert(Id(256), b"").unwrap();
        assert_eq!((vocab.len(), vocab.end()), (257, Id(257)));
        assert_eq!((vocab.bytes(Id(256)), vocab.empty(), vocab.id(b"")), (Some(&b""[..]), Some(Id(256)), None));
        assert_eq!(vocab.iter().last(), Some((Id(256), &b""[..])));
        assert!(vocab != Vocab::of_bytes());
        let error = vocab.insert(Id(257), b"").unwrap_err().to_string();
        assert!(error.contains("token ids 256 and 257 both have no bytes"), "{error}");
    }

    #[test]
    fn contradictions_are_refused_and_named() {
        let mut vocab = Vocab::of_bytes();
        for (id, bytes, expected) in [
            (Id(97), &b"zz"[..], "given twice"),
            (Id(97), b"", "given twice"),
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
