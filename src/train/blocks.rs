//! Documents in memory in blocks: as little of them at a time as there are threads to count.
//!
//! Blocks are handed out in the order of the documents, to one thread at a time; the hash of them is made on the way.

use sha2::{Digest, Sha256};

use crate::corpus::{self, Cutter, Search};
use crate::error::Result;
use crate::parallel::Stop;

/// Bytes that are hashed between two looks at whether the work was called off: some milliseconds.
const AT_ONCE: usize = 8 << 20;

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
    /// What was read of files.
    Read(corpus::Block),
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
            Text::Read(_) => unreachable!("nothing is read here"),
        }
        Ok(Block { place, text })
    }
}
