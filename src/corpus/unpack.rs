//! The bytes of a file as they were before it was compressed, without a byte order mark.

use std::io::{self, BufReader, Read};
use std::path::Path;

use liblzma::stream::Error as XzError;

use super::foreign::{Foreign, OF_PACKING, foreign, packing_of, written};
use super::gzip::Gzip;
use super::input::Input;
use super::steps::{Bzip2, Lzma, PACKED, Steps, Stepwise, Xz};
use super::{Care, Framing, Origin, Packing, Stream, Sum, unreadable};
use crate::error::{Error, Result};

/// A file that is being read and unpacked.
pub(super) struct Unpacked<'o> {
    origin: &'o Origin,
    packing: Packing,
    reader: Box<dyn Unpack>,
    /// The first bytes, until they are asked for, and what failed behind them.
    head: Vec<u8>,
    failed: Option<io::Error>,
    /// What has been given.
    bytes: u64,
}

/// Bytes of a file on disk → its bytes before it was compressed.
trait Unpack: Read {
    fn input(&self) -> &Input;
    fn input_mut(&mut self) -> &mut Input;
}

impl Unpack for Input {
    fn input(&self) -> &Input {
        self
    }
    fn input_mut(&mut self) -> &mut Input {
        self
    }
}

impl Unpack for Gzip {
    fn input(&self) -> &Input {
        self.input()
    }
    fn input_mut(&mut self) -> &mut Input {
        self.input_mut()
    }
}

impl Unpack for zstd::Decoder<'static, BufReader<Input>> {
    fn input(&self) -> &Input {
        self.get_ref().get_ref()
    }
    fn input_mut(&mut self) -> &mut Input {
        self.get_mut().get_mut()
    }
}

impl<S: Steps> Unpack for Stepwise<S> {
    fn input(&self) -> &Input {
        self.input.get_ref()
    }
    fn input_mut(&mut self) -> &mut Input {
        self.input.get_mut()
    }
}

/// Unpacked bytes that tell what a file is.
const HEAD: usize = 8 << 10;

/// Frames of zstd may refer as far back as this (a power of two), the most that the format knows: some large datasets are
/// compressed with `zstd --long=31`.
const FARTHEST: u32 = 31;

/// Bytes of memory that unpacking xz may take: dictionaries of up to 1 GiB, 16 times that of `xz -9`. A damaged or hostile
/// header may ask for 4 GiB.
const MOST_FOR_XZ: u64 = (1 << 30) + (64 << 20);

const EMPTY: &str = "it is empty, which no compressed file is";

/// What some editors put in front of a text to say that it is UTF-8. It is no part of the text.
const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

impl<'o> Unpacked<'o> {
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn open(origin: &'o Origin, stream: Option<&Stream>) -> Result<Unpacked<'o>> {
        let mut input = Input::open(origin, stream)?;
        let mut packing = origin.packing;
        if origin.care != Care::None {
            // What is in a file counts more than its name.
            let first = input.peek(OF_PACKING).map_err(Error::io(origin.name()))?;
            packing = packing_of(first).unwrap_or(packing);
        }
        let reader = unpacker(input, packing).map_err(Error::io(origin.name()))?;
        let mut opened = Unpacked { origin, packing, reader, head: Vec::new(), failed: None, bytes: 0 };
        opened.head.reserve_exact(HEAD);
        opened.failed = (&mut *opened.reader).take(HEAD as u64).read_to_end(&mut opened.head).err();
        if opened.head.starts_with(BYTE_ORDER_MARK) {
            opened.head.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(opened)
    }

    /// What the file is, if it is not text. To be asked before anything is read.
    pub(super) fn foreign(&self) -> Option<Foreign> {
        let has_nuls = matches!(&self.origin.framing, Framing::Separator(separator) if separator.contains(&0));
        match self.origin.care {
            Care::None => None,
            Care::Refuse => foreign(&self.head, self.path(), self.packing, has_nuls),
            Care::PassOver => foreign(&self.head, self.path(), self.packing, has_nuls).or_else(|| written(&self.head)),
        }
    }

    /// The bytes of the file on disk, as far as they are known before it is read.
    pub(super) fn size(&self) -> u64 {
        self.input().size()
    }

    /// Adds up to `most` bytes to the buffer; gives how many. They are fewer at the end alone, and where it fails: what came
    /// before a damage is in the buffer.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Document`] if the file is damaged or has changed since it was opened.
    pub(super) fn read(&mut self, most: usize, buffer: &mut Vec<u8>) -> Result<usize> {
        buffer.reserve(most);
        let before = buffer.len();
        let outcome = self.append(most, buffer);
        let read = buffer.len() - before;
        self.bytes += read as u64;
        outcome.map_err(|error| self.describe(error))?;
        if self.input().has_changed().map_err(Error::io(self.path()))? {
            // What came last may be of something else.
            buffer.truncate(before);
            return Err(self.damaged("it was written to while it was read"));
        }
        if read == 0 && self.packing != Packing::Plain && self.input().bytes() == 0 {
            return Err(self.damaged(EMPTY));
        }
        Ok(read)
    }

    fn append(&mut self, most: usize, buffer: &mut Vec<u8>) -> io::Result<()> {
        let of_head = most.min(self.head.len());
        buffer.extend(self.head.drain(..of_head));
        if of_head == most {
            return Ok(());
        }
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        (&mut *self.reader).take((most - of_head) as u64).read_to_end(buffer).map(drop)
    }

    /// Reads the rest of the file as it is on disk, for its size and hash.
    pub(super) fn exhaust(&mut self) -> io::Result<()> {
        io::copy(self.reader.input_mut(), &mut io::sink()).map(drop)
    }

    /// The bytes of the file on disk that have been read.
    pub(super) fn read_so_far(&self) -> u64 {
        self.input().bytes()
    }

    /// The hash of the file on disk as far as it has been read.
    pub(super) fn sum(&self) -> Sum {
        self.input().sum()
    }

    /// How it is compressed.
    pub(super) fn packing(&self) -> Packing {
        self.packing
    }

    fn path(&self) -> &Path {
        self.origin.name()
    }

    fn input(&self) -> &Input {
        self.reader.input()
    }

    /// What the system says is about the file, all else about what is in it.
    fn describe(&self, error: io::Error) -> Error {
        if error.raw_os_error().is_some() || self.packing == Packing::Plain {
            return Error::io(self.path())(error);
        }
        let format = self.packing.name();
        let of_xz = error.get_ref().and_then(|inner| inner.downcast_ref());
        match error.kind() {
            _ if self.input().bytes() == 0 => self.damaged(EMPTY),
            _ if matches!(of_xz, Some(XzError::MemLimit)) => {
                self.damaged("unpacking it takes more than 1 GiB of memory: pack it again with a smaller dictionary")
            }
            io::ErrorKind::UnexpectedEof => self.damaged(format!("the {format} data end too early: it was cut off")),
            _ => self.damaged(format!("the {format} data are damaged: {error}")),
        }
    }

    fn damaged(&self, reason: impl Into<String>) -> Error {
        unreadable(self.path(), format!("after {} bytes of text", self.bytes), reason, None)
    }
}

/// What unpacks a file. Several members, streams or frames of a format behind each other are one text.
fn unpacker(input: Input, packing: Packing) -> io::Result<Box<dyn Unpack>> {
    let buffered = |input| BufReader::with_capacity(PACKED, input);
    Ok(match packing {
        Packing::Plain => Box::new(input),
        Packing::Gzip => Box::new(Gzip::new(buffered(input))),
        Packing::Zstd => {
            let mut decoder = zstd::Decoder::with_buffer(buffered(input))?;
            decoder.window_log_max(FARTHEST)?;
            Box::new(decoder)
        }
        Packing::Bzip2 => Box::new(Stepwise::new(input, Bzip2::new())),
        Packing::Xz => Box::new(Stepwise::new(input, Xz::new(MOST_FOR_XZ)?)),
        Packing::Lzma => Box::new(Stepwise::new(input, Lzma::new(MOST_FOR_XZ)?)),
    })
}
