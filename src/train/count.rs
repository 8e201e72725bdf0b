//! Text → counts, in parallel.
//!
//! Documents are cut into blocks where the split pattern provably cuts. Each thread counts blocks into a table of its
//! own; at the end the tables become one. Of every pretoken a table keeps the count and the place of the first
//! occurrence: sums and minima do not depend on who counted what, so the result depends neither on the number of
//! threads nor on the size of blocks.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use foldhash::fast::RandomState;
use sha2::{Digest, Sha256};

use super::counts::Counts;
use super::progress::{Event, Report};
use super::special_of_corpus;
use super::table::PieceTable;
use crate::error::Result;
use crate::io;
use crate::parallel::{self, Stop};
use crate::special::SpecialTokens;
use crate::split::Splitter;

/// Blocks have about this many bytes: small enough that a megabyte keeps several threads busy to the end, large enough
/// that handing one out costs nothing beside counting it.
const BLOCK: usize = 128 << 10;

/// Bytes that are hashed between two looks at whether the work was called off: some milliseconds.
const HASHED: usize = 8 << 20;

/// A SHA-256.
pub type Sum = [u8; 32];

/// Counts the pieces of any number of documents.
pub struct Counter {
    splitter: Splitter,
    special_tokens: Vec<String>,
    special: SpecialTokens,
    threads: usize,
    block: usize,
    /// Bytes of all documents so far.
    bytes: u64,
    tables: Vec<PieceTable>,
    hasher: RandomState,
    texts: Texts,
}

/// The account of documents that are no files.
#[derive(Clone, Default)]
struct Texts {
    documents: u64,
    bytes: u64,
    hasher: Sha256,
}

/// Hashes bytes unless the work is called off.
fn hash(mut hasher: Sha256, bytes: &[u8], stop: &Stop) -> Result<Sha256> {
    for part in bytes.chunks(HASHED) {
        stop.check()?;
        hasher.update(part);
    }
    Ok(hasher)
}

impl Counter {
    /// # Errors
    /// [`Error::SpecialToken`](crate::Error::SpecialToken) for a special token that is empty, given twice, or a single byte.
    pub fn new(splitter: Splitter, special_tokens: Vec<String>, threads: Option<NonZeroUsize>) -> Result<Counter> {
        let special = special_of_corpus(&special_tokens)?;
        let threads = parallel::threads(threads);
        Ok(Counter {
            splitter,
            special_tokens,
            special,
            threads,
            block: BLOCK,
            bytes: 0,
            tables: Vec::new(),
            hasher: RandomState::default(),
            texts: Texts::default(),
        })
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
        let state = || {
            tables.lock().expect("no thread panics here").pop().unwrap_or_else(|| PieceTable::new(self.hasher.clone()))
        };
        let work = |table: &mut PieceTable, task: usize, stop: &Stop| {
            let (place, block) = blocks[task];
            let mut start = 0;
            self.splitter.ends(block, |end| {
                stop.check()?;
                table.count(block, start, end, place + start as u64);
                start = end;
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

    /// Counts a file as one document; gives its bytes and their SHA-256.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io); as [`Counter::add`].
    pub fn add_file(&mut self, path: &Path, report: &mut Report) -> Result<(usize, Sum)> {
        let content = io::read(path)?;
        let hasher = self.add_beside(&[&content], |stop| hash(Sha256::new(), &content, stop), report)?;
        Ok((content.len(), hasher.finalize().into()))
    }

    /// Counts documents that are no files, and takes them into the account that [`Counter::texts`] gives.
    ///
    /// # Errors
    /// As [`Counter::add`]; the account is then as it was.
    pub fn add_texts(&mut self, documents: &[&[u8]], report: &mut Report) -> Result<()> {
        let mut texts = self.texts.clone();
        let account = |stop: &Stop| {
            for document in documents {
                texts.documents += 1;
                texts.bytes += document.len() as u64;
                texts.hasher.update((document.len() as u64).to_le_bytes());
                texts.hasher = hash(texts.hasher, document, stop)?;
            }
            Ok(texts)
        };
        self.texts = self.add_beside(documents, account, report)?;
        Ok(())
    }

    /// Counts documents, and does something else with them at the same time.
    fn add_beside<T: Send>(
        &mut self,
        documents: &[&[u8]],
        beside: impl FnOnce(&Stop) -> Result<T> + Send,
        report: &mut Report,
    ) -> Result<T> {
        let stop = Stop::default();
        if self.threads == 1 {
            self.add(documents, report)?;
            return beside(&stop);
        }
        thread::scope(|scope| {
            let done = scope.spawn(|| beside(&stop));
            self.add(documents, report).inspect_err(|_| stop.call_off())?;
            done.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// What was given to [`Counter::add_texts`]: the number of documents, their bytes, and the SHA-256 over the length of
    /// each (8 bytes, little-endian) and its bytes.
    pub fn texts(&self) -> (u64, u64, Sum) {
        let Texts { documents, bytes, hasher } = self.texts.clone();
        (documents, bytes, hasher.finalize().into())
    }

    /// Bytes of all documents so far, special tokens included.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// All that was counted.
    pub fn finish(self) -> Counts {
        let mut tables = self.tables.into_iter();
        let mut all = tables.next().unwrap_or_else(|| PieceTable::new(self.hasher));
        tables.for_each(|table| all.absorb(table));
        let mut counts = Counts::new(self.splitter, self.special_tokens);
        all.for_each(|bytes, count| counts.push(bytes, count).expect("no corpus has 2^64 pieces"));
        counts
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
