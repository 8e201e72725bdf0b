//! Text → counts, in parallel.
//!
//! Documents are cut into blocks where the split pattern provably cuts. Each thread counts blocks into a table of its
//! own; at the end the tables become one. Of every pretoken a table keeps the count and the place of the first
//! occurrence: sums and minima do not depend on who counted what, so the result depends neither on the number of
//! threads nor on the size of blocks.

use std::hash::BuildHasher;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::check_special_tokens;
use super::progress::{Event, Report};
use crate::error::Result;
use crate::parallel::{self, Stop};
use crate::special::SpecialTokens;
use crate::split::Splitter;
use crate::vocab::Id;

/// Blocks have about this many bytes: large enough that a thread's table forgets nothing that pays, small enough that a
/// megabyte keeps several threads busy to the end.
const BLOCK: usize = 128 << 10;

/// How often each distinct piece of a corpus occurs, in the order of first occurrence.
pub struct Counts {
    pretokens: Pretokens,
    total: u64,
    pub(super) splitter: Splitter,
    special_tokens: Vec<String>,
}

impl Counts {
    /// How many distinct pretokens there are.
    pub fn len(&self) -> usize {
        self.pretokens.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pretokens.entries.is_empty()
    }

    /// How many pieces there are in all.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How often a pretoken occurs.
    pub fn get(&self, pretoken: &[u8]) -> Option<u64> {
        self.pretokens.find(pretoken).map(|at| self.pretokens.entries[at].count)
    }

    /// Pretokens with their counts, in the order of first occurrence.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], u64)> {
        self.pretokens.entries.iter().map(|entry| (self.pretokens.bytes(entry), entry.count))
    }

    /// The split pattern, as it was given.
    pub fn pattern(&self) -> &str {
        self.splitter.pattern().as_str()
    }

    /// The special tokens that were cut out, in the order given.
    pub fn special_tokens(&self) -> &[String] {
        &self.special_tokens
    }
}

/// Counts the pieces of any number of documents.
pub struct Counter {
    splitter: Splitter,
    special_tokens: Vec<String>,
    special: SpecialTokens,
    threads: usize,
    block: usize,
    /// Bytes of all documents so far.
    bytes: u64,
    tables: Vec<Pretokens>,
}

impl Counter {
    /// # Errors
    /// [`Error::SpecialToken`](crate::Error::SpecialToken) for a special token that is empty, given twice, or a single byte.
    pub fn new(splitter: Splitter, special_tokens: Vec<String>, threads: Option<NonZeroUsize>) -> Result<Counter> {
        check_special_tokens(&special_tokens)?;
        // The ids serve only to tell the tokens apart.
        let special = SpecialTokens::new(special_tokens.iter().cloned().zip((0..).map(Id)))?;
        let threads = parallel::threads(threads);
        Ok(Counter { splitter, special_tokens, special, threads, block: BLOCK, bytes: 0, tables: Vec::new() })
    }

    /// Counts with blocks of about this many bytes instead. The result is the same.
    pub fn with_block_size(mut self, bytes: usize) -> Counter {
        self.block = bytes.max(1);
        self
    }

    /// Counts documents. No piece spans two documents, and special tokens are cut out of them.
    ///
    /// # Errors
    /// [`Error::Split`](crate::Error::Split) if a custom pattern fails; whatever `report` returns.
    pub fn add(&mut self, documents: &[&[u8]], report: &mut Report) -> Result<()> {
        let blocks = self.blocks(documents);
        let total = documents.iter().map(|document| document.len() as u64).sum();
        let done = AtomicU64::new(0);
        let tables = std::sync::Mutex::new(std::mem::take(&mut self.tables));
        let state = || tables.lock().expect("no thread panics here").pop().unwrap_or_default();
        let work = |table: &mut Pretokens, task: usize, stop: &Stop| {
            let (start, block) = blocks[task];
            let mut place = start;
            self.splitter.split(block, |piece| {
                stop.check()?;
                table.add(piece, 1, place);
                place += piece.len() as u64;
                Ok(())
            })?;
            done.fetch_add(block.len() as u64, Relaxed);
            Ok(())
        };
        let tick = || report(Event::Count { done: done.load(Relaxed), total });
        self.tables = parallel::run(self.threads, blocks.len(), state, work, tick)?;
        self.tables.append(&mut tables.into_inner().expect("no thread panics here"));
        self.bytes += total;
        report(Event::Count { done: total, total })
    }

    /// Bytes of all documents so far, special tokens included.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// All that was counted.
    pub fn finish(self) -> Counts {
        let mut tables = self.tables.into_iter();
        let mut pretokens = tables.next().unwrap_or_default();
        for table in tables {
            for entry in &table.entries {
                pretokens.add(table.bytes(entry), entry.count, entry.first);
            }
        }
        pretokens.sort_by_place();
        let total = pretokens.entries.iter().map(|entry| entry.count).sum();
        Counts { pretokens, total, splitter: self.splitter, special_tokens: self.special_tokens }
    }

    /// The documents without special tokens, in blocks, each with its place in the corpus.
    fn blocks<'t>(&self, documents: &[&'t [u8]]) -> Vec<(u64, &'t [u8])> {
        let mut blocks = Vec::new();
        let mut start = self.bytes;
        for &document in documents {
            let mut from = 0;
            while let Some(found) = self.special.finder().and_then(|finder| finder.find(document, from)) {
                self.cut(start, document, from..found.start, &mut blocks);
                from = found.end;
            }
            self.cut(start, document, from..document.len(), &mut blocks);
            start += document.len() as u64;
        }
        blocks
    }

    fn cut<'t>(
        &self,
        start: u64,
        document: &'t [u8],
        stretch: std::ops::Range<usize>,
        blocks: &mut Vec<(u64, &'t [u8])>,
    ) {
        let mut from = stretch.start;
        while from < stretch.end {
            let text = &document[from..stretch.end];
            let cut = if text.len() > self.block { self.splitter.safe_cut(text, self.block) } else { None };
            let end = cut.map_or(stretch.end, |cut| from + cut);
            blocks.push((start + from as u64, &document[from..end]));
            from = end;
        }
    }
}

/// Distinct pretokens, their bytes in one arena.
#[derive(Default)]
struct Pretokens {
    arena: Vec<u8>,
    entries: Vec<Entry>,
    /// Indices of entries, by the hash of their bytes.
    table: HashTable<usize>,
    hasher: RandomState,
}

#[derive(Clone, Copy)]
struct Entry {
    start: usize,
    length: usize,
    count: u64,
    /// The place of the first occurrence, in bytes from the start of the corpus.
    first: u64,
}

impl Pretokens {
    fn bytes(&self, entry: &Entry) -> &[u8] {
        bytes_of(&self.arena, entry)
    }

    fn find(&self, bytes: &[u8]) -> Option<usize> {
        let hash = self.hasher.hash_one(bytes);
        self.table.find(hash, |&at| self.bytes(&self.entries[at]) == bytes).copied()
    }

    fn add(&mut self, bytes: &[u8], count: u64, first: u64) {
        let Pretokens { arena, entries, table, hasher } = self;
        let entry = table.entry(
            hasher.hash_one(bytes),
            |&at| bytes_of(arena, &entries[at]) == bytes,
            |&at| hasher.hash_one(bytes_of(arena, &entries[at])),
        );
        match entry {
            hashbrown::hash_table::Entry::Occupied(found) => {
                let entry = &mut entries[*found.get()];
                entry.count += count;
                entry.first = entry.first.min(first);
            }
            hashbrown::hash_table::Entry::Vacant(free) => {
                free.insert(entries.len());
                entries.push(Entry { start: arena.len(), length: bytes.len(), count, first });
                arena.extend_from_slice(bytes);
            }
        }
    }

    /// Puts the entries in the order of first occurrence.
    fn sort_by_place(&mut self) {
        self.entries.sort_unstable_by_key(|entry| entry.first);
        let Pretokens { arena, entries, table, hasher } = self;
        let hash = |&at: &usize| hasher.hash_one(bytes_of(arena, &entries[at]));
        table.clear();
        for at in 0..entries.len() {
            table.insert_unique(hash(&at), at, hash);
        }
    }
}

fn bytes_of<'a>(arena: &'a [u8], entry: &Entry) -> &'a [u8] {
    &arena[entry.start..entry.start + entry.length]
}

#[cfg(test)]
mod tests {
    use super::super::no_progress;
    use super::*;

    fn count(documents: &[&[u8]], special: &[&str], threads: usize, block: usize) -> Vec<(Vec<u8>, u64)> {
        let special = special.iter().map(|&token| token.to_owned()).collect();
        let splitter = Splitter::new("cl100k").unwrap();
        let mut counter = Counter::new(splitter, special, NonZeroUsize::new(threads)).unwrap().with_block_size(block);
        counter.add(documents, &mut no_progress).unwrap();
        let counts = counter.finish();
        assert_eq!(counts.total(), counts.iter().map(|(_, count)| count).sum::<u64>());
        assert!(counts.iter().all(|(pretoken, count)| counts.get(pretoken) == Some(count)));
        counts.iter().map(|(pretoken, count)| (pretoken.to_vec(), count)).collect()
    }

    #[test]
    fn pretokens_come_in_the_order_of_first_occurrence() {
        let counted = count(&[b"b a b", b"a c"], &[], 1, 1 << 20);
        let expected: [(&[u8], u64); 5] = [(b"b", 1), (b" a", 1), (b" b", 1), (b"a", 1), (b" c", 1)];
        assert_eq!(counted, expected.map(|(bytes, count)| (bytes.to_vec(), count)));
    }

    #[test]
    fn special_tokens_are_cut_out_and_cut_the_text() {
        let counted = count(&[b"x <e>y", b"<e><e>x"], &["<e>"], 2, 1 << 20);
        let expected: [(&[u8], u64); 3] = [(b"x", 2), (b" ", 1), (b"y", 1)];
        assert_eq!(counted, expected.map(|(bytes, count)| (bytes.to_vec(), count)));
    }

    #[test]
    fn threads_and_block_size_do_not_change_counts() {
        let text = include_str!("count.rs").repeat(3);
        let documents = [text.as_bytes(), b"", b"and  more\n\n text"];
        let expected = count(&documents, &["fn"], 1, usize::MAX);
        for threads in [1, 2, 8] {
            for block in [1, 7, 1024, 10_000] {
                assert_eq!(count(&documents, &["fn"], threads, block), expected, "{threads} threads, block {block}");
            }
        }
    }
}
