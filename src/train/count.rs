//! Text → counts, in parallel.
//!
//! Documents are cut into blocks where the split pattern provably cuts (see [`Cutter`]). The thread that takes a block
//! counts it into a table of its own; at the end the tables become one. Of every pretoken a table keeps the count and the
//! place of the first occurrence: sums and minima do not depend on who counted what, so the result depends neither on the
//! number of threads nor on the size of blocks. A table that outgrows its part of the memory limit is written to disk and
//! begun anew (see [`super::spill`]).

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use foldhash::fast::RandomState;
use sha2::Digest;

use super::blocks::{Account, Block, Text, TextBlocks};
use super::combine::combine;
use super::counts::Counts;
use super::progress::{Event, Report};
use super::special_of_corpus;
use super::spill::{Folder, Order, Run, Runs, Sorter};
use super::table::{BATCH, PieceTable};
use crate::corpus::{Cutter, Ended, Plan, Reader, Skipped, Sum};
use crate::error::Result;
use crate::parallel::{self, Stop};
use crate::split::Splitter;

/// Blocks have about this many bytes: small enough that a megabyte keeps several threads busy to the end, large enough
/// that handing one out costs nothing beside counting it.
const BLOCK: usize = 128 << 10;

/// Counts the pieces of any number of documents.
///
/// When a call returns an error, some documents may be counted and others not: a counter is then of no further use.
pub struct Counter {
    cutter: Arc<Cutter>,
    special_tokens: Vec<String>,
    threads: usize,
    block: usize,
    /// The bytes of memory that all tables may take.
    limit: usize,
    folder: Folder,
    /// Bytes of all documents so far.
    bytes: u64,
    account: Account,
    workers: Vec<Worker>,
    hasher: RandomState,
}

/// What a thread counts with.
struct Worker {
    table: PieceTable,
    runs: Runs,
}

impl Counter {
    /// # Errors
    /// [`Error::SpecialToken`](crate::Error::SpecialToken) for a special token that is empty, given twice, or a single byte.
    pub fn new(splitter: Splitter, special_tokens: Vec<String>, threads: Option<NonZeroUsize>) -> Result<Counter> {
        let special = special_of_corpus(&special_tokens)?;
        Ok(Counter {
            cutter: Arc::new(Cutter::new(splitter, special)),
            special_tokens,
            threads: parallel::threads(threads),
            block: BLOCK,
            limit: usize::MAX,
            folder: Folder::new(std::env::temp_dir()),
            bytes: 0,
            account: Account::default(),
            workers: Vec::new(),
            hasher: RandomState::default(),
        })
    }

    /// Counts with blocks of about this many bytes instead. The result is the same.
    pub fn with_block_size(mut self, bytes: usize) -> Counter {
        self.block = bytes.max(1);
        self
    }

    /// Holds counts of at most about so many bytes in memory, and the others in files without a name in this folder. The
    /// result is the same.
    ///
    /// The counts that [`Counter::finish`] gives are in memory, whatever the limit; so is a single piece or a document that
    /// cannot be cut.
    pub fn with_memory_limit(mut self, bytes: usize, folder: PathBuf) -> Counter {
        (self.limit, self.folder) = (bytes, Folder::new(folder));
        self
    }

    /// Checks that files can be made in the folder for counts that pass the limit.
    ///
    /// # Errors
    /// [`Error::Spill`](crate::Error::Spill).
    pub fn check_folder(&self) -> Result<()> {
        self.folder.check()
    }

    /// Counts documents. No piece spans two documents, and special tokens are cut out of them.
    ///
    /// # Errors
    /// [`Error::Split`](crate::Error::Split) if a custom pattern fails; [`Error::Spill`](crate::Error::Spill); whatever
    /// `report` returns.
    pub fn add(&mut self, documents: &[&[u8]], report: &mut Report) -> Result<()> {
        self.add_while(documents, || Ok(()), report)
    }

    /// Counts documents, and does something else on this thread at the same time.
    ///
    /// # Errors
    /// As [`Counter::add`], and that of `meanwhile`.
    pub fn add_while(
        &mut self,
        documents: &[&[u8]],
        meanwhile: impl FnOnce() -> Result<()>,
        report: &mut Report,
    ) -> Result<()> {
        let total = documents.iter().map(|document| document.len() as u64).sum();
        let mut blocks = TextBlocks::new(documents, self.bytes, self.account.clone());
        let (size, cutter) = (self.block, &self.cutter);
        let next = |_: &mut Worker, stop: &Stop| blocks.next(size, cutter, stop);
        let workers = std::mem::take(&mut self.workers);
        self.workers = self.count(workers, total, next, meanwhile, report)?;
        (self.bytes, self.account) = (blocks.place, blocks.account);
        Ok(())
    }

    /// Counts files, each as one document; gives the bytes and the SHA-256 of each.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) for a file that cannot be read; as [`Counter::add`].
    pub fn add_files(&mut self, paths: &[PathBuf], report: &mut Report) -> Result<Vec<(u64, Sum)>> {
        let (ended, _) = self.add_corpus(Plan::of_files(paths), report)?;
        Ok(ended.into_iter().map(|file| (file.bytes, file.sum.expect("it was read to its end"))).collect())
    }

    /// Counts what is read of files; tells what is known of each, and which documents were passed over.
    ///
    /// A plan that passes over what cannot be read is given no cutter: what was counted cannot be taken back.
    ///
    /// # Errors
    /// As [`Reader::next`] and [`Counter::add`].
    pub fn add_corpus(&mut self, plan: Plan, report: &mut Report) -> Result<(Vec<Ended>, Vec<Skipped>)> {
        let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |found| found.len());
        let total = plan.origins.iter().filter_map(|origin| origin.path.as_ref()).map(size).sum();
        let cutter = (!plan.skips).then(|| Arc::clone(&self.cutter));
        let mut reader = Reader::start(Plan { size: self.block, cutter, ..plan })?;
        let (mut ended, mut skipped, mut place) = (Vec::new(), Vec::new(), self.bytes);
        let next = |_: &mut Worker, stop: &Stop| {
            let Some(mut block) = reader.next(|| stop.check())? else { return Ok(None) };
            ended.append(&mut block.ended);
            skipped.append(&mut block.skipped);
            let first = place;
            place += block.bytes() as u64;
            Ok(Some(Block { place: first, text: Text::Read(block) }))
        };
        let workers = std::mem::take(&mut self.workers);
        self.workers = self.count(workers, total, next, || Ok(()), report)?;
        self.bytes = place;
        Ok((ended, skipped))
    }

    /// What was given to [`Counter::add`]: the number of documents, their bytes, and the SHA-256 over the length of each
    /// (8 bytes, little-endian) and its bytes.
    pub fn texts(&self) -> (u64, u64, Sum) {
        let Account { documents, bytes, hasher } = self.account.clone();
        (documents, bytes, hasher.finalize().into())
    }

    /// Bytes of all documents so far, special tokens included.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Counts all blocks, `total` bytes as far as is known.
    fn count<'t>(
        &self,
        workers: Vec<Worker>,
        total: u64,
        next: impl FnMut(&mut Worker, &Stop) -> Result<Option<Block<'t>>> + Send,
        meanwhile: impl FnOnce() -> Result<()>,
        report: &mut Report,
    ) -> Result<Vec<Worker>> {
        let done = AtomicU64::new(0);
        let idle = Mutex::new(workers);
        let take = || idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let worker = || take().unwrap_or_else(|| Worker::new(&self.hasher, self.threads));
        let work = |worker: &mut Worker, block: Block, stop: &Stop| {
            self.count_block(worker, &block, stop)?;
            match &block.text {
                // Text of files that are compressed is longer than they are, and their size is what is known.
                Text::Read(block) => done.fetch_max(block.read, Relaxed),
                Text::Documents(documents) => {
                    done.fetch_add(documents.iter().map(|text| text.len() as u64).sum(), Relaxed)
                }
                Text::Part(part) => done.fetch_add(part.len() as u64, Relaxed),
            };
            Ok(())
        };
        let tick = || report(Event::Count { done: done.load(Relaxed), total });
        // There are never more idle ones than threads that take them.
        let workers = parallel::drain(self.threads, worker, next, work, meanwhile, tick)?;
        let done = done.into_inner();
        report(Event::Count { done, total: done })?;
        Ok(workers)
    }

    /// Counts a block.
    fn count_block(&self, worker: &mut Worker, block: &Block, stop: &Stop) -> Result<()> {
        match &block.text {
            Text::Documents(documents) => self.count_texts(worker, documents.iter().copied(), block.place, stop),
            Text::Part(part) => self.count_texts(worker, std::iter::once(*part), block.place, stop),
            Text::Read(block_of_files) => self.count_texts(worker, block_of_files.texts(), block.place, stop),
        }
    }

    fn count_texts<'t>(
        &self,
        worker: &mut Worker,
        texts: impl Iterator<Item = &'t [u8]> + Clone,
        mut place: u64,
        stop: &Stop,
    ) -> Result<()> {
        let Worker { table, runs } = worker;
        let bytes = texts.clone().map(<[u8]>::len).sum();
        if table.len() > 0 && table.memory_with(bytes) > self.limit / self.threads {
            runs.push(spill(table, &self.folder, stop)?, &self.folder, stop)?;
            if table.memory_with(bytes) > self.limit / self.threads {
                // A text that could not be cut made it larger than it may be. It would be spilled for every block.
                *table = PieceTable::new(self.hasher.clone());
            }
        }
        for text in texts {
            self.count_text(table, text, place, stop)?;
            place += text.len() as u64;
        }
        Ok(())
    }

    fn count_text(&self, table: &mut PieceTable, text: &[u8], place: u64, stop: &Stop) -> Result<()> {
        let mut from = 0;
        while let Some(found) = self.cutter.special().finder().and_then(|finder| finder.find(text, from)) {
            self.count_stretch(table, &text[from..found.start], place + from as u64, stop)?;
            from = found.end;
        }
        self.count_stretch(table, &text[from..], place + from as u64, stop)
    }

    /// Counts text that holds no special token.
    fn count_stretch(&self, table: &mut PieceTable, text: &[u8], place: u64, stop: &Stop) -> Result<()> {
        let mut start = 0;
        self.cutter.splitter().batches(text, |ends| {
            stop.check()?;
            for ends in ends.chunks(BATCH) {
                table.count(text, start, ends, place);
                start = ends.last().copied().unwrap_or(start);
            }
            Ok(())
        })
    }

    /// All that was counted.
    ///
    /// # Errors
    /// [`Error::Spill`](crate::Error::Spill); whatever `report` returns.
    pub fn finish(self, report: &mut Report) -> Result<Counts> {
        let tick = || report(Event::Count { done: 0, total: 0 });
        let mut counts = Counts::new(self.cutter.splitter().clone(), self.special_tokens);
        let mut runs = Runs::new(Order::Bytes, 1);
        let mut tables = Vec::new();
        for worker in self.workers {
            runs.append(worker.runs);
            tables.push(worker.table);
        }
        // Besides the tables, all pretokens are held once more.
        let held: usize = tables.iter().map(|table| table.memory_with(0)).sum();
        if runs.is_empty() && held <= self.limit / 2 {
            let ordered = combine(&tables, self.bytes, self.threads, tick)?;
            drop(tables);
            counts.append(ordered);
            return Ok(counts);
        }
        let counts = Mutex::new(counts);
        let mut given = Some((tables, runs));
        let next = |(): &mut (), _: &Stop| Ok(given.take());
        let work = |(): &mut (), (tables, runs), stop: &Stop| {
            let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
            merge(tables, runs, &self.folder, self.limit, stop, &mut counts)
        };
        parallel::drain(1, || (), next, work, || Ok(()), tick)?;
        Ok(counts.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Bytes that are sorted at once under any limit: with less, the time would grow with the square of the pretokens.
const LEAST: usize = 1 << 20;

/// Brings what is in memory and what is on disk together, in a part of the limit.
fn merge(
    tables: Vec<PieceTable>,
    mut runs: Runs,
    folder: &Folder,
    limit: usize,
    stop: &Stop,
    counts: &mut Counts,
) -> Result<()> {
    for mut table in tables {
        runs.push(spill(&mut table, folder, stop)?, folder, stop)?;
    }
    let mut sorter = Sorter::new(folder, (limit / 4).max(LEAST), stop);
    runs.merge(folder, stop, |record| sorter.push(record))?;
    sorter.finish(|bytes, count| counts.push(bytes, count))
}

/// Writes a table to disk and empties it.
fn spill(table: &mut PieceTable, folder: &Folder, stop: &Stop) -> Result<Run> {
    folder.write(|run| table.drain(stop, |bytes, count, first| run.push(bytes, count, first, stop)))
}

impl Worker {
    fn new(hasher: &RandomState, threads: usize) -> Worker {
        Worker { table: PieceTable::new(hasher.clone()), runs: Runs::new(Order::Bytes, threads) }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::no_progress;
    use super::*;
    use crate::error::Error;

    type Items = Vec<(Vec<u8>, u64)>;

    fn counter(pattern: &str, special: &[&str], threads: usize, block: usize) -> Counter {
        let special = special.iter().map(|&token| token.to_owned()).collect();
        let splitter = Splitter::new(pattern).unwrap();
        Counter::new(splitter, special, NonZeroUsize::new(threads)).unwrap().with_block_size(block)
    }

    fn items(counter: Counter) -> Items {
        let counts = counter.finish(&mut no_progress).unwrap();
        assert_eq!(counts.total(), counts.iter().map(|(_, count)| count).sum::<u64>());
        assert!(counts.iter().all(|(pretoken, count)| counts.get(pretoken) == Some(count)));
        counts.iter().map(|(pretoken, count)| (pretoken.to_vec(), count)).collect()
    }

    fn count(documents: &[&[u8]], special: &[&str], threads: usize, block: usize) -> Items {
        let mut counter = counter("cl100k", special, threads, block);
        counter.add(documents, &mut no_progress).unwrap();
        items(counter)
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

    /// Text with long pieces, many short ones, scripts without spaces, and special tokens with white space inside.
    fn text() -> String {
        let numbers: String = (0..3000).map(|number| format!("{number} w{}x ", number * 7919)).collect();
        let code = include_str!("count.rs");
        format!("{code}{numbers}{}中文，没有空格。\n\n  末尾\n{code}", "long".repeat(400))
    }

    const SPECIAL: [&str; 3] = ["fn", "the result", "mut self,\n"];

    #[test]
    fn threads_blocks_and_limits_do_not_change_counts() {
        let text = text();
        let documents = [text.as_bytes(), b"", b"and  more\n\n text"];
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("text");
        fs::write(&path, &text).unwrap();
        for pattern in ["cl100k", "gpt2", "o200k", r"\S+|\s+"] {
            let mut plain = counter(pattern, &SPECIAL, 1, usize::MAX);
            plain.add(&documents, &mut no_progress).unwrap();
            let account = plain.texts();
            let expected = items(plain);
            assert!(expected.len() > 1000);
            for threads in [1, 2, 8] {
                for (block, limit) in [(1000, 1), (1024, usize::MAX), (10_000, 600_000), (1 << 20, 1), (1, usize::MAX)]
                {
                    let counter = || counter(pattern, &SPECIAL, threads, block);
                    let counter = || counter().with_memory_limit(limit, place.path().to_owned());
                    let case = format!("{pattern}, {threads} threads, block {block}, limit {limit}");
                    let mut texts = counter();
                    texts.add(&documents[..2], &mut no_progress).unwrap();
                    texts.add(&documents[2..], &mut no_progress).unwrap();
                    assert_eq!(texts.texts(), account, "{case}");
                    assert_eq!(texts.bytes(), account.1);
                    assert_eq!(items(texts), expected, "{case}");
                    let mut files = counter();
                    let read = files.add_files(std::slice::from_ref(&path), &mut no_progress).unwrap();
                    files.add(&documents[1..], &mut no_progress).unwrap();
                    assert_eq!(read, [(text.len() as u64, sha2::Sha256::digest(&text).into())], "{case}");
                    assert_eq!(items(files), expected, "{case}");
                    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "a file was left behind");
                }
            }
        }
    }

    #[test]
    fn small_blocks_of_files_are_the_blocks_of_texts() {
        let place = tempfile::tempdir().unwrap();
        let texts = ["a b<e>c d\n\ne 中 f", "", "no", " x\n<e>", "tail  \n"].map(|text| text.repeat(40));
        let paths: Vec<PathBuf> = (0..texts.len()).map(|number| place.path().join(number.to_string())).collect();
        for (path, text) in paths.iter().zip(&texts) {
            fs::write(path, text).unwrap();
        }
        let documents: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
        let expected = count(&documents, &["<e>", "b<e>c d"], 1, usize::MAX);
        for (threads, block) in [(1, 1), (2, 3), (3, 10), (2, 1 << 10)] {
            let mut files = counter("cl100k", &["<e>", "b<e>c d"], threads, block);
            let read = files.add_files(&paths, &mut no_progress).unwrap();
            assert_eq!(read.iter().map(|&(bytes, _)| bytes).sum::<u64>(), files.bytes());
            assert_eq!(items(files), expected, "{threads} threads, block {block}");
        }
    }

    #[test]
    fn what_fails_is_named_and_nothing_is_left_behind() {
        let place = tempfile::tempdir().unwrap();
        let missing = place.path().join("missing");
        let mut files = counter("cl100k", &[], 2, 1 << 10);
        let error = files.add_files(std::slice::from_ref(&missing), &mut no_progress).unwrap_err();
        assert!(matches!(error, Error::Io { path, .. } if path == missing));
        let text = text();
        let mut spilling = counter("cl100k", &[], 2, 1 << 10).with_memory_limit(1, missing.clone());
        assert!(matches!(spilling.check_folder(), Err(Error::Spill { .. })));
        let error = spilling.add(&[text.as_bytes()], &mut no_progress).unwrap_err();
        assert!(matches!(error, Error::Spill { folder, .. } if folder == missing));
        // Called off while runs are there.
        let mut called_off = counter("cl100k", &[], 2, 1 << 10).with_memory_limit(1, place.path().to_owned());
        let error = called_off.add(&[text.as_bytes()], &mut |_| Err(Error::Interrupted)).unwrap_err();
        assert!(matches!(error, Error::Interrupted));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn all_threads_together_keep_to_the_limit() {
        let place = tempfile::tempdir().unwrap();
        let text: String =
            (0..40_000).map(|number| format!(" {number:b}").replace('0', "a").replace('1', "b")).collect();
        let (threads, limit) = (4, 800_000);
        let mut counter = counter("cl100k", &[], threads, 1 << 10).with_memory_limit(limit, place.path().to_owned());
        counter.add(&[text.as_bytes()], &mut no_progress).unwrap();
        assert!(counter.workers.iter().any(|worker| !worker.runs.is_empty()));
        assert!(counter.workers.iter().all(|worker| worker.table.memory_with(0) <= limit / threads));
        assert_eq!(counter.finish(&mut no_progress).unwrap().len(), 40_000);
    }

    #[test]
    fn a_table_that_one_text_made_too_large_is_made_anew() {
        let place = tempfile::tempdir().unwrap();
        let text: String = (0..40_000).map(|number| format!("{number:x} ")).collect();
        // Nothing is known of the pattern, so that the text cannot be cut.
        let mut counter = counter(r"\S+|\s+", &[], 1, 1 << 10).with_memory_limit(200_000, place.path().to_owned());
        counter.add(&[text.as_bytes(), b"a few words"], &mut no_progress).unwrap();
        assert!(counter.workers.iter().all(|worker| worker.table.memory_with(0) <= 200_000));
        assert_eq!(counter.finish(&mut no_progress).unwrap().len(), 40_003);
    }

    #[test]
    fn something_else_is_done_meanwhile() {
        let mut counter = counter("cl100k", &[], 2, 1 << 10);
        let mut done = false;
        let meanwhile = || {
            done = true;
            Ok(())
        };
        counter.add_while(&[b"a b"], meanwhile, &mut no_progress).unwrap();
        assert!(done && counter.bytes() == 3);
        let error = counter.add_while(&[b"a b"], || Err(Error::EmptyCorpus), &mut no_progress).unwrap_err();
        assert!(matches!(error, Error::EmptyCorpus));
    }
}
