//! Documents in blocks: as little of them at a time as there are threads to count.
//!
//! Blocks are handed out in the order of the corpus, to one thread at a time; the hash of what was read is made on the
//! way. A file is read block by block, so that memory does not grow with it.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::cut::{Cutter, Search};
use super::input::Input;
use crate::error::Result;
use crate::parallel::Stop;

/// A SHA-256.
pub type Sum = [u8; 32];

/// Bytes that are read or hashed between two looks at whether the work was called off: some milliseconds.
const AT_ONCE: usize = 8 << 20;

/// Bytes read beyond a block, in which nearly always there is a place to cut.
const SLACK: usize = 4 << 10;

/// A part of a document, and its place in the corpus.
pub(super) struct Block<'t> {
    pub place: u64,
    pub text: Text<'t>,
}

/// Where the text of a block is.
pub(super) enum Text<'t> {
    /// Whole documents, one after the other.
    Documents(&'t [&'t [u8]]),
    /// A part of a document.
    Part(&'t [u8]),
    /// A part of a document: so many bytes at the beginning of the buffer.
    Buffered(usize),
}

/// Hashes bytes unless the work is called off.
fn hash(hasher: &mut Sha256, bytes: &[u8], stop: &Stop) -> Result<()> {
    for part in bytes.chunks(AT_ONCE) {
        stop.check()?;
        hasher.update(part);
    }
    Ok(())
}

/// The account of documents that are no files.
#[derive(Clone, Default)]
pub(super) struct Account {
    pub documents: u64,
    pub bytes: u64,
    pub hasher: Sha256,
}

impl Account {
    fn begin(&mut self, document: &[u8]) {
        self.documents += 1;
        self.bytes += document.len() as u64;
        self.hasher.update((document.len() as u64).to_le_bytes());
    }
}

/// The blocks of documents in memory.
pub(super) struct TextBlocks<'t> {
    documents: &'t [&'t [u8]],
    /// What is left of a document that was cut.
    rest: &'t [u8],
    pub place: u64,
    pub account: Account,
}

impl<'t> TextBlocks<'t> {
    /// The first document begins at `place`.
    pub(super) fn new(documents: &'t [&'t [u8]], place: u64, account: Account) -> TextBlocks<'t> {
        TextBlocks { documents, rest: &[], place, account }
    }

    /// The next block, of about `size` bytes.
    pub(super) fn next(&mut self, size: usize, cutter: &Cutter, stop: &Stop) -> Result<Option<Block<'t>>> {
        if self.rest.is_empty() {
            let mut bytes = 0;
            let whole = self.documents.iter().take_while(|document| {
                bytes += document.len();
                bytes <= size
            });
            let (whole, others) = self.documents.split_at(whole.count());
            if !whole.is_empty() {
                self.documents = others;
                return self.block(Text::Documents(whole), stop).map(Some);
            }
            let Some((document, others)) = self.documents.split_first() else { return Ok(None) };
            (self.documents, self.rest) = (others, document);
            self.account.begin(document);
        }
        let cut = if self.rest.len() > size { cutter.find(self.rest, true, &mut Search::new(size)) } else { None };
        let (part, rest) = self.rest.split_at(cut.unwrap_or(self.rest.len()));
        self.rest = rest;
        self.block(Text::Part(part), stop).map(Some)
    }

    /// Takes text into the account.
    fn block(&mut self, text: Text<'t>, stop: &Stop) -> Result<Block<'t>> {
        let place = self.place;
        match text {
            Text::Documents(documents) => {
                for document in documents {
                    self.account.begin(document);
                    hash(&mut self.account.hasher, document, stop)?;
                    self.place += document.len() as u64;
                }
            }
            Text::Part(part) => {
                hash(&mut self.account.hasher, part, stop)?;
                self.place += part.len() as u64;
            }
            Text::Buffered(_) => unreachable!("nothing is read here"),
        }
        Ok(Block { place, text })
    }
}

/// The blocks of files, each of which is one document.
pub(super) struct FileBlocks<'p> {
    paths: std::slice::Iter<'p, PathBuf>,
    current: Option<Open<'p>>,
    pub place: u64,
    /// The bytes and the SHA-256 of every file that was read to its end.
    pub read: Vec<(u64, Sum)>,
}

struct Open<'p> {
    input: Input<'p>,
    hasher: Sha256,
    bytes: u64,
    /// Read, but not handed out from `rest_from` on. Much of it is left where text that cannot be cut was followed by other
    /// text: then what a block does not need is not touched.
    rest: Vec<u8>,
    rest_from: usize,
}

impl<'p> FileBlocks<'p> {
    /// The first file begins at `place`.
    pub(super) fn new(paths: &'p [PathBuf], place: u64) -> FileBlocks<'p> {
        FileBlocks { paths: paths.iter(), current: None, place, read: Vec::new() }
    }

    /// The next block, of about `size` bytes, which is then in `buffer`.
    pub(super) fn next(
        &mut self,
        size: usize,
        cutter: &Cutter,
        buffer: &mut Vec<u8>,
        stop: &Stop,
    ) -> Result<Option<Block<'p>>> {
        loop {
            let open = match &mut self.current {
                Some(open) => open,
                None => {
                    let Some(path) = self.paths.next() else { return Ok(None) };
                    self.current.insert(Open::new(Input::open(path)?))
                }
            };
            let end = open.fill(size, cutter, buffer, stop)?;
            if let Some(end) = end {
                let place = self.place;
                self.place += end as u64;
                return Ok(Some(Block { place, text: Text::Buffered(end) }));
            }
            let Open { hasher, bytes, .. } = self.current.take().expect("opened above");
            self.read.push((bytes, hasher.finalize().into()));
        }
    }
}

impl<'p> Open<'p> {
    fn new(input: Input<'p>) -> Open<'p> {
        Open { input, hasher: Sha256::new(), bytes: 0, rest: Vec::new(), rest_from: 0 }
    }

    /// Reads the next block and perhaps more; gives its end, `None` at the end of the file.
    fn fill(&mut self, size: usize, cutter: &Cutter, buffer: &mut Vec<u8>, stop: &Stop) -> Result<Option<usize>> {
        buffer.clear();
        let mut search = Search::new(size);
        let mut wanted = size.saturating_add(SLACK);
        if buffer.capacity() / 4 > wanted {
            // It held text that could not be cut. Nobody needs so much now.
            *buffer = Vec::new();
        }
        loop {
            let ended = self.read_up_to(wanted, buffer, stop)?;
            let cut = if ended && buffer.len() <= size { None } else { cutter.find(buffer, ended, &mut search) };
            if let Some(cut) = cut {
                self.put_back(&buffer[cut..]);
                return Ok(Some(cut));
            }
            if ended {
                return Ok(Some(buffer.len()).filter(|&length| length > 0));
            }
            // Text that cannot be cut is read as a whole, at a cost that stays linear.
            wanted = wanted.saturating_mul(2);
        }
    }

    /// Keeps the end of a block's buffer for the next block.
    fn put_back(&mut self, end: &[u8]) {
        if self.rest.is_empty() {
            self.rest.extend_from_slice(end);
        } else {
            // All of it came from there.
            self.rest_from -= end.len();
        }
    }

    /// Reads until the buffer holds so many bytes; tells whether the file ended before.
    fn read_up_to(&mut self, wanted: usize, buffer: &mut Vec<u8>, stop: &Stop) -> Result<bool> {
        let rest = &self.rest[self.rest_from..];
        let known = &rest[..rest.len().min(wanted.saturating_sub(buffer.len()))];
        buffer.extend_from_slice(known);
        self.rest_from += known.len();
        if buffer.len() < wanted {
            (self.rest, self.rest_from) = (Vec::new(), 0);
        }
        while buffer.len() < wanted {
            stop.check()?;
            let (before, more) = (buffer.len(), (wanted - buffer.len()).min(AT_ONCE));
            let read = self.input.read(more, buffer, stop)?;
            hash(&mut self.hasher, &buffer[before..], stop)?;
            self.bytes += read as u64;
            if read < more {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::special::SpecialTokens;
    use crate::split::Splitter;

    #[test]
    fn what_was_read_beyond_text_that_cannot_be_cut_is_handed_out_block_by_block() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("text");
        // Found by reading twice as much again and again, the first cut leaves much of the rest in memory.
        let text = ["x".repeat(80_000), " and more".repeat(20_000)].concat();
        fs::write(&path, &text).unwrap();
        let cutter = Cutter::new(Splitter::new("cl100k").unwrap(), SpecialTokens::default());
        let (size, stop, mut buffer) = (1000, Stop::default(), Vec::new());
        let mut open = Open::new(Input::open(&path).unwrap());
        let (mut joined, mut blocks) = (Vec::new(), 0);
        while let Some(end) = open.fill(size, &cutter, &mut buffer, &stop).unwrap() {
            assert!(blocks == 0 || buffer.len() <= size + SLACK, "{} bytes for a block", buffer.len());
            assert!(blocks < 2 || buffer.capacity() <= 8 * (size + SLACK));
            joined.extend_from_slice(&buffer[..end]);
            blocks += 1;
        }
        assert!(joined == text.as_bytes() && blocks > 100, "{blocks} blocks");
        assert_eq!((open.bytes, open.hasher.finalize()), (text.len() as u64, Sha256::digest(&text)));
    }
}
