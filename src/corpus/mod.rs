//! Files → documents: unpacked, cut into documents, in blocks that a thread of its own reads ahead.
//!
//! A byte order mark at the start of a file is no part of its text.
//!
//! An [`Origin`] says what a file holds, a [`Plan`] what to read and how; [`Reader`] gives [`Block`]s in the order of the
//! files. Memory does not grow with a file: a document that is longer than a block comes in parts, cut where neither a piece
//! nor a special token is torn ([`Cutter`]), so that every part is encoded and counted as the document would be. Blocks depend
//! on nothing but the plan and the files.

mod ahead;
mod cut;
mod foreign;
mod gzip;
mod input;
mod json;
mod nested;
mod reading;
mod steps;
#[cfg(test)]
mod tests;
mod unpack;

use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub use ahead::Reader;
pub use cut::Cutter;
pub(crate) use cut::Search;
pub use reading::look;

use crate::error::Error;

/// A SHA-256.
pub type Sum = [u8; 32];

/// What stands in for standard input.
pub type Stream = Arc<Mutex<dyn Read + Send>>;

/// Where documents come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// `None` is standard input.
    pub path: Option<PathBuf>,
    /// How it is compressed by its name. Unless there is no [`Care`], its first bytes count more.
    pub packing: Packing,
    pub framing: Framing,
    pub care: Care,
}

/// What becomes of a file that is not text by its first bytes, such as an image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Care {
    /// Nobody looks: it is read as it is.
    None,
    /// It cannot be read.
    Refuse,
    /// It is passed over and told of, for nobody named it.
    PassOver,
}

/// How the bytes of a file are compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Packing {
    Plain,
    Gzip,
    Zstd,
    Bzip2,
    Xz,
    Lzma,
}

impl Packing {
    /// Its name in messages and in Python; empty for files that are not compressed.
    pub fn name(self) -> &'static str {
        match self {
            Packing::Plain => "",
            Packing::Gzip => "gzip",
            Packing::Zstd => "zstd",
            Packing::Bzip2 => "bzip2",
            Packing::Xz => "xz",
            Packing::Lzma => "lzma",
        }
    }

    /// The packing of a name.
    pub fn named(name: &str) -> Option<Packing> {
        Packing::ALL.into_iter().find(|packing| packing.name() == name)
    }

    /// All of them.
    pub const ALL: [Packing; 6] =
        [Packing::Plain, Packing::Gzip, Packing::Zstd, Packing::Bzip2, Packing::Xz, Packing::Lzma];
}

/// What in a file is one document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Framing {
    /// All of it.
    File,
    /// What ends with a line feed, or with the file. The line feed does not belong to it, nor does a carriage return just
    /// before it.
    Lines,
    /// What ends with these bytes, or with the file; they do not belong to it.
    Separator(Vec<u8>),
    /// The string in this field of the JSON object that each line is. Lines of white space are passed over.
    Json { field: String },
    /// The string in this field of each JSON object in lines, one behind the other, in an array, or in the only list of an
    /// object; or each string in an array.
    Values { field: String },
    /// The field under this name in the header of each further row of a table, between delimiters.
    Rows { column: String, delimiter: Option<u8> },
}

/// What to read.
#[derive(Clone)]
pub struct Plan {
    pub origins: Vec<Origin>,
    /// The bytes of a block, about.
    pub size: usize,
    /// Cuts documents that are longer than a block. Without it they are held as a whole.
    pub cutter: Option<Arc<Cutter>>,
    /// Whether documents that cannot be read are passed over and named in a block, instead of ending it all.
    pub skips: bool,
    /// Whether a file without a single byte cannot be read.
    pub refuses_empty: bool,
    /// Where to begin.
    pub start: Position,
    /// Read instead of standard input.
    pub stream: Option<Stream>,
}

impl Plan {
    /// Files as they are, each of them one document.
    pub fn of_files(paths: &[PathBuf]) -> Plan {
        let origin = |path: &PathBuf| Origin {
            path: Some(path.clone()),
            packing: Packing::Plain,
            framing: Framing::File,
            care: Care::None,
        };
        Plan {
            origins: paths.iter().map(origin).collect(),
            size: 1 << 20,
            cutter: None,
            skips: false,
            refuses_empty: false,
            start: Position::default(),
            stream: None,
        }
    }
}

/// The place of a document in a corpus: the number of its file, and its own number there, both from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Position {
    pub file: usize,
    pub document: u64,
}

/// Some documents, or a part of one.
#[derive(Default, Debug)]
pub struct Block {
    buffer: Vec<u8>,
    /// Where texts lie in the buffer, in order.
    texts: Vec<Range<usize>>,
    /// Which documents the texts are: at each of these numbers of a text a run of adjacent documents begins.
    pub runs: Vec<(usize, Position)>,
    /// Whether the first text goes on with the document that the block before ended in.
    pub continues: bool,
    /// Whether the document of the last text goes on in the next block.
    pub goes_on: bool,
    /// Whether the document that the block before ended in does not go on and is to be forgotten: it cannot be read.
    pub abandons: bool,
    pub skipped: Vec<Skipped>,
    /// The files that were read to their end.
    pub ended: Vec<Ended>,
    /// Bytes of files that have been read so far, as they are on disk.
    pub read: u64,
    /// Where the buffer goes when nobody needs it any more.
    spare: Spare,
}

/// A document that cannot be read, or a file that cannot be read as asked, as a whole or from a place on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Skipped {
    pub document: Position,
    /// Whether it is the file, or the rest of it, from this document on.
    pub is_file: bool,
    /// Where in the file.
    pub position: String,
    pub reason: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// What is known of a file once it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ended {
    pub file: usize,
    /// Its bytes as it is on disk.
    pub bytes: u64,
    /// Of these bytes; `None` if they could not be read to the end.
    pub sum: Option<Sum>,
    /// The number of documents, those that were passed over among them. What is lost with a file is not counted.
    pub documents: u64,
}

/// Buffers that were used and can be used again: fresh memory would have to come from the system, megabytes at a time, and
/// what threads hand each other goes back to it late.
#[derive(Clone, Default, Debug)]
struct Spare(Arc<Mutex<Vec<Vec<u8>>>>);

impl Spare {
    /// More than are in use at a time are not kept.
    const MOST: usize = 4;

    fn take(&self) -> Option<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < Spare::MOST {
            all.push(buffer);
        }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.spare.put(std::mem::take(&mut self.buffer));
    }
}

impl Origin {
    /// What it is called in messages.
    pub fn name(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new("standard input"))
    }
}

impl Block {
    /// The texts, in order: documents, but for the first and the last perhaps.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        self.texts.iter().map(|range| &self.buffer[range.clone()])
    }

    /// The number of texts.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether it has no texts. It may still tell of files and of documents that were passed over.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// A text by its number.
    pub fn text(&self, number: usize) -> Option<&[u8]> {
        self.texts.get(number).map(|range| &self.buffer[range.clone()])
    }

    /// The bytes of all texts.
    pub fn bytes(&self) -> usize {
        self.texts.iter().map(Range::len).sum()
    }
}

/// Why a document of a file cannot be read.
fn unreadable(path: &Path, position: impl Into<String>, reason: impl Into<String>, hint: Option<String>) -> Error {
    Error::Document { path: path.to_owned(), position: position.into(), reason: reason.into(), hint }
}
