//! Piece → ids: of all adjacent pairs that may merge, the one of lowest rank merges first, the leftmost of equals, until
//! none is left. [`crate::reference::encode`] says so in a few lines and is the oracle of everything here.
//!
//! Nearly all pieces of real text were `seen` a moment before: they are found in the `table`, which each thread has for
//! itself, or, if they are long, in its `ring`, where the table says. Of the `news` many are tokens, which takes one look
//! into the vocabulary, and a look at whether merging their bytes gives the token back: some vocabularies hold tokens that
//! no merge reaches. What is left is merged: by a scan if it is `short`, by buckets if it is `long`, and in `blocks` if it is
//! longer still.

pub mod batch;
mod blocks;
mod idle;
pub mod limit;
mod long;
mod news;
mod ring;
mod seen;
mod short;
mod slots;
mod table;

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use crate::error::{Error, Result};
use crate::merges::{MergeList, Rank, Ranks, Rules};
use crate::parallel::Stop;
use crate::piece::{self, INLINE, Wide};
use crate::split::{self, Splitter};
use crate::vocab::{Id, Vocab};
use idle::Idle;
pub use idle::{CacheInfo, Guard, cache_info, clear_cache, set_cache_limit};
use news::New;
use seen::{BATCH, Seen};

/// Turns pieces into ids under one vocabulary and its merge rules.
pub struct Encoder {
    vocab: Arc<Vocab>,
    /// The rules, unless they are the ranks of the vocabulary.
    list: Option<Arc<MergeList>>,
    bytes: Bytes,
    /// By id: whether the token's bytes are encoded to the token, as far as that was asked.
    whole: Box<[AtomicU8]>,
    /// How long tokens are, once that is asked for.
    lengths: OnceLock<Lengths>,
    /// Tells scratches of different encoders apart; never 0.
    number: u64,
    idle: Arc<Idle>,
}

/// The length in bytes of the longest token that starts or ends with two bytes; 1 if there is none of two bytes or more.
pub(crate) struct Lengths {
    starting: Box<[u32]>,
    ending: Box<[u32]>,
}

impl Lengths {
    fn new(vocab: &Vocab) -> Lengths {
        let mut lengths = Lengths { starting: vec![1; 1 << 16].into(), ending: vec![1; 1 << 16].into() };
        for (_, bytes) in vocab.iter() {
            if let (Some(&first), Some(&last)) = (bytes.first_chunk(), bytes.last_chunk()) {
                for (table, two) in [(&mut lengths.starting, first), (&mut lengths.ending, last)] {
                    let longest = &mut table[usize::from(u16::from_be_bytes(two))];
                    *longest = (*longest).max(bytes.len() as u32);
                }
            }
        }
        lengths
    }

    pub(crate) fn starting(&self, two: [u8; 2]) -> usize {
        self.starting[usize::from(u16::from_be_bytes(two))] as usize
    }

    pub(crate) fn ending(&self, two: [u8; 2]) -> usize {
        self.ending[usize::from(u16::from_be_bytes(two))] as usize
    }
}

/// What is known of a token; 0 is nothing.
const WHOLE: u8 = 1;
const NOT_WHOLE: u8 = 2;

/// What single bytes and pairs of bytes become.
struct Bytes {
    ids: [Id; 256],
    pairs: Box<[Rank; 1 << 16]>,
}

impl Bytes {
    #[inline(always)]
    fn id(&self, byte: u8) -> Id {
        self.ids[usize::from(byte)]
    }

    #[inline(always)]
    fn pair(&self, left: u8, right: u8) -> Rank {
        self.pairs[usize::from(left) << 8 | usize::from(right)]
    }
}

/// Working memory of one thread, to be used again and again: with the same encoder it remembers the pieces it has seen.
#[derive(Default)]
pub struct Scratch {
    split: split::Scratch,
    work: Work,
    /// For the ids of a short text, whose memory is asked for only once.
    ids: Vec<Id>,
}

/// What is used while the ends of pieces are there.
#[derive(Default)]
struct Work {
    /// The encoder whose ids are kept here.
    encoder: u64,
    seen: Option<Seen>,
    merge: Merge,
    /// Ids of one piece.
    ids: Vec<Id>,
    /// Pieces of a batch that are new.
    news: Vec<New>,
}

/// What merging needs.
#[derive(Default)]
struct Merge {
    short: short::Scratch,
    long: long::Scratch,
    blocks: blocks::Scratch,
}

impl Scratch {
    /// Memory for some ids, to be given back with [`Scratch::keep`].
    pub fn ids(&mut self) -> Vec<Id> {
        std::mem::take(&mut self.ids)
    }

    /// Keeps the memory of ids for the next time.
    pub fn keep(&mut self, mut ids: Vec<Id>) {
        ids.clear();
        self.ids = ids;
    }

    /// How many pieces were looked up, and how many of them had not been seen.
    fn numbers(&self) -> (u64, u64) {
        self.work.seen.as_ref().map_or((0, 0), |seen| (seen.lookups, seen.misses))
    }
}

impl Encoder {
    /// An encoder for a vocabulary that holds all 256 bytes. Its rules are the list, or else its ranks.
    ///
    /// # Errors
    /// [`Error::Vocab`] if a single byte is missing.
    pub fn new(vocab: Arc<Vocab>, list: Option<Arc<MergeList>>) -> Result<Encoder> {
        static ENCODERS: AtomicU64 = AtomicU64::new(1);
        let ids = vocab.byte_ids()?;
        let pairs = match &list {
            Some(list) => pairs_of_bytes(&**list, &ids),
            None => {
                let mut pairs = Box::new([Rank::NONE; 1 << 16]);
                for (id, bytes) in vocab.iter() {
                    if let &[left, right] = bytes {
                        pairs[usize::from(left) << 8 | usize::from(right)] = Rank(id.0);
                    }
                }
                pairs
            }
        };
        let whole = std::iter::repeat_with(|| AtomicU8::new(0)).take(vocab.end().index()).collect();
        let number = ENCODERS.fetch_add(1, Relaxed);
        Ok(Encoder {
            vocab,
            list,
            bytes: Bytes { ids, pairs },
            whole,
            lengths: OnceLock::new(),
            number,
            idle: Idle::new(),
        })
    }

    /// The same; but a piece that is a token is encoded to it, whether or not merging gives it.
    pub fn ignoring_merges(mut self) -> Encoder {
        self.whole.fill_with(|| AtomicU8::new(WHOLE));
        self
    }

    /// Working memory that remembers what was encoded before.
    pub fn scratch(&self) -> Guard<'_> {
        self.idle.take()
    }

    /// The same, with nothing in it that another encoder has left there.
    #[inline(always)]
    fn own<'w>(&self, work: &'w mut Work) -> &'w mut Work {
        if work.encoder != self.number {
            *work = Work { encoder: self.number, ..Work::default() };
        }
        work
    }

    /// Appends the ids of a text in which special tokens are plain text.
    ///
    /// # Errors
    /// [`Error::Split`] if a custom pattern fails on the text, [`Error::PieceTooLong`] for a piece of 4 GiB or more,
    /// [`Error::Interrupted`] when stopped.
    ///
    /// # Complexity
    /// Linear in the text; at worst n log n in its longest piece.
    pub fn encode(
        &self,
        splitter: &Splitter,
        text: &[u8],
        scratch: &mut Scratch,
        ids: &mut Vec<Id>,
        stop: &Stop,
    ) -> Result<()> {
        let Scratch { split, work, .. } = scratch;
        let mut start = 0;
        if splitter.removes() {
            let (text, ends) = splitter.kept(text)?;
            return ends.chunks(BATCH).try_for_each(|ends| {
                stop.check()?;
                self.encode_pieces(&text, &mut start, ends, work, ids)
            });
        }
        splitter.batches_in(split, text, |ends| {
            stop.check()?;
            ends.chunks(BATCH).try_for_each(|ends| self.encode_pieces(text, &mut start, ends, work, ids))
        })
    }

    /// Calls `each` with the ids of a text in which special tokens are plain text, some at a time. Keeps no ids.
    ///
    /// # Errors
    /// As [`Encoder::encode`].
    pub fn each(
        &self,
        splitter: &Splitter,
        text: &[u8],
        scratch: &mut Scratch,
        stop: &Stop,
        mut each: impl FnMut(&[Id]),
    ) -> Result<()> {
        let mut ids = scratch.ids();
        if splitter.removes() {
            self.encode(splitter, text, scratch, &mut ids, stop)?;
            each(&ids);
            scratch.keep(ids);
            return Ok(());
        }
        let Scratch { split, work, .. } = scratch;
        let mut start = 0;
        splitter.batches_in(split, text, |ends| {
            stop.check()?;
            ends.chunks(BATCH).try_for_each(|ends| {
                self.encode_pieces(text, &mut start, ends, work, &mut ids)?;
                each(&ids);
                ids.clear();
                Ok(())
            })
        })?;
        scratch.keep(ids);
        Ok(())
    }

    /// Appends the ids of at most [`BATCH`] pieces, the first of which begins at `start`.
    #[inline]
    fn encode_pieces(
        &self,
        text: &[u8],
        start: &mut usize,
        ends: &[usize],
        work: &mut Work,
        ids: &mut Vec<Id>,
    ) -> Result<()> {
        let work = self.own(work);
        // What an error may have left.
        work.news.clear();
        let Seen { table, keys, homes, lookups, .. } = work.seen.get_or_insert_with(Seen::new);
        let view = table.view();
        let mut from = *start;
        for ((&end, key), home) in ends.iter().zip(keys).zip(homes) {
            *key = if end - from <= INLINE {
                Wide::key(text, from, end)
            } else if end - from <= ring::LONGEST {
                Wide::of_hash(piece::hash(&text[from..end]))
            } else {
                Wide::of(piece::NO_KEY)
            };
            *home = view.home(*key) as u32;
            view.prefetch(*home as usize);
            from = end;
        }
        *lookups += ends.len() as u64;
        let mut written = ids.len();
        // Zeros where four ids will be written for each piece, however many it has: they cost a thousandth of the rest.
        ids.resize(written + ends.len() * table::IDS, Id(0));
        let mut next = 0;
        loop {
            let seen = work.seen.as_mut().expect("made above");
            let view = seen.table.view();
            for (&key, &home) in seen.keys[next..ends.len()].iter().zip(&seen.homes[next..ends.len()]) {
                let room = ids[written..].first_chunk_mut().expect("room for each piece");
                let number = view.get(key, home as usize, room);
                if number.wrapping_sub(1) >= table::IDS {
                    break;
                }
                written += number;
                next += 1;
            }
            if next == ends.len() {
                break;
            }
            let from = if next == 0 { *start } else { ends[next - 1] };
            let end = written + self.encode_missed(text, from..ends[next], seen.keys[next], written, work)?;
            next += 1;
            // Room for this one was there, but perhaps for fewer ids.
            ids.resize(ids.len().max(end + (ends.len() - next) * table::IDS), Id(0));
            ids[written..written + work.ids.len()].copy_from_slice(&work.ids);
            written = end;
        }
        if !work.news.is_empty() {
            written = self.encode_news(text, work, ids, written);
        }
        ids.truncate(written);
        *start = from;
        Ok(())
    }

    /// Appends the ids of one piece, without a look at what was seen before.
    ///
    /// # Errors
    /// [`Error::PieceTooLong`] for a piece of 4 GiB or more.
    ///
    /// # Complexity
    /// Linear in the piece; at worst n log n.
    pub fn encode_piece(&self, piece: &[u8], scratch: &mut Scratch, ids: &mut Vec<Id>) -> Result<()> {
        let work = self.own(&mut scratch.work);
        match self.vocab.id(piece) {
            Some(id) if self.is_whole(id, piece, &mut work.merge, &mut work.ids)? => {
                ids.push(id);
                Ok(())
            }
            _ => self.merge(piece, &mut work.merge, ids),
        }
    }

    /// Appends the ids that merging alone gives of bytes, even where they are a token and merges are ignored.
    ///
    /// # Errors
    /// As [`Encoder::encode_piece`].
    pub(crate) fn merge_only(&self, bytes: &[u8], scratch: &mut Scratch, ids: &mut Vec<Id>) -> Result<()> {
        let work = self.own(&mut scratch.work);
        self.merge(bytes, &mut work.merge, ids)
    }

    /// How long tokens are, by their first and last two bytes.
    pub(crate) fn lengths(&self) -> &Lengths {
        self.lengths.get_or_init(|| Lengths::new(&self.vocab))
    }

    /// Whether merging the bytes of a token gives the token back. May write to `own`.
    fn is_whole(&self, id: Id, bytes: &[u8], scratch: &mut Merge, own: &mut Vec<Id>) -> Result<bool> {
        // Threads that find out at the same time find the same.
        let known = &self.whole[id.index()];
        Ok(match known.load(Relaxed) {
            0 => {
                own.clear();
                self.merge(bytes, scratch, own)?;
                let is_whole = *own == [id];
                known.store(if is_whole { WHOLE } else { NOT_WHOLE }, Relaxed);
                is_whole
            }
            known => known == WHOLE,
        })
    }

    fn merge(&self, piece: &[u8], scratch: &mut Merge, ids: &mut Vec<Id>) -> Result<()> {
        match &self.list {
            Some(list) => self.merge_by(&**list, piece, scratch, ids),
            None => self.merge_by(&Ranks(&self.vocab), piece, scratch, ids),
        }
    }

    fn merge_by(&self, rules: &impl Rules, piece: &[u8], scratch: &mut Merge, ids: &mut Vec<Id>) -> Result<()> {
        let Merge { short, long, blocks } = scratch;
        let mut merge = |piece: &[u8], ids: &mut Vec<Id>| match piece.len() {
            0 => {}
            1..=short::MOST => short::encode(rules, &self.bytes, piece, short, ids),
            _ => long::encode(rules, &self.bytes, piece, long, ids),
        };
        match piece.len() {
            ..BLOCKS => merge(piece, ids),
            BLOCKS..=LIMIT => blocks::encode(piece, blocks::BLOCK, blocks, ids, |id| self.length(id), merge),
            bytes => return Err(Error::PieceTooLong { bytes, limit: LIMIT }),
        }
        Ok(())
    }

    /// How many bytes a token has.
    fn length(&self, id: Id) -> usize {
        self.vocab.bytes(id).map_or(0, <[u8]>::len)
    }

    /// Both algorithms on any piece that both can do, for benchmarks of where one overtakes the other.
    #[doc(hidden)]
    pub fn encode_by(&self, is_long: bool, piece: &[u8], scratch: &mut Scratch, ids: &mut Vec<Id>) {
        let Merge { short, long, .. } = &mut self.own(&mut scratch.work).merge;
        let rules = Ranks(&self.vocab);
        match piece.len() {
            1..=short::MOST if !is_long => short::encode(&rules, &self.bytes, piece, short, ids),
            _ => long::encode(&rules, &self.bytes, piece, long, ids),
        }
    }
}

/// Pieces from here on are encoded in blocks.
const BLOCKS: usize = 2 * blocks::BLOCK;

/// Longer pieces cannot be encoded.
const LIMIT: usize = u32::MAX as usize - 1;

fn pairs_of_bytes(rules: &impl Rules, ids: &[Id; 256]) -> Box<[Rank; 1 << 16]> {
    let mut pairs = Box::new([Rank::NONE; 1 << 16]);
    for (pair, rank) in (0..=u16::MAX).map(u16::to_be_bytes).zip(&mut *pairs) {
        *rank = rules.rank(&pair, 0, 2, (ids[usize::from(pair[0])], ids[usize::from(pair[1])]));
    }
    pairs
}

#[cfg(test)]
mod tests;
