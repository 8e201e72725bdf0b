//! The bytes of a file as they were before it was compressed.

use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::input::Input;
use super::{Origin, Packing, Stream, Sum, unreadable};
use crate::error::{Error, Result};

/// A file that is being read and unpacked.
pub(super) struct Unpacked<'o> {
    origin: &'o Origin,
    reader: Unpacker,
    /// What has been unpacked.
    bytes: u64,
}

enum Unpacker {
    Plain(Input),
    Gzip(Box<MultiGzDecoder<BufReader<Input>>>),
    Zstd(Box<zstd::Decoder<'static, BufReader<Input>>>),
}

/// Compressed bytes that are read at a time.
const PACKED: usize = 128 << 10;

/// Frames may refer as far back as this (a power of two), the most that the format knows: some large datasets are compressed
/// with `zstd --long=31`.
const FARTHEST: u32 = 31;

const EMPTY: &str = "it is empty, which no compressed file is";

impl<'o> Unpacked<'o> {
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn open(origin: &'o Origin, stream: Option<&Stream>) -> Result<Unpacked<'o>> {
        let input = Input::open(origin, stream)?;
        let buffered = |input| BufReader::with_capacity(PACKED, input);
        let reader = match origin.packing {
            Packing::Plain => Unpacker::Plain(input),
            Packing::Gzip => Unpacker::Gzip(Box::new(MultiGzDecoder::new(buffered(input)))),
            Packing::Zstd => {
                let decoder = zstd::Decoder::with_buffer(buffered(input)).and_then(|mut decoder| {
                    decoder.window_log_max(FARTHEST)?;
                    Ok(decoder)
                });
                Unpacker::Zstd(Box::new(decoder.map_err(Error::io(origin.name()))?))
            }
        };
        Ok(Unpacked { origin, reader, bytes: 0 })
    }

    /// Adds up to `most` bytes to the buffer; gives how many. They are fewer at the end alone, and where it fails: what came
    /// before a damage is in the buffer.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Document`] if the file is damaged or has changed since it was opened.
    pub(super) fn read(&mut self, most: usize, buffer: &mut Vec<u8>) -> Result<usize> {
        buffer.reserve(most);
        let before = buffer.len();
        let read = match &mut self.reader {
            Unpacker::Plain(input) => input.take(most as u64).read_to_end(buffer),
            Unpacker::Gzip(decoder) => decoder.take(most as u64).read_to_end(buffer),
            Unpacker::Zstd(decoder) => decoder.take(most as u64).read_to_end(buffer),
        };
        self.bytes += (buffer.len() - before) as u64;
        let read = read.map_err(|error| self.describe(error))?;
        if self.input().has_changed().map_err(Error::io(self.path()))? {
            // What came last may be of something else.
            buffer.truncate(before);
            return Err(self.damaged("it was written to while it was read"));
        }
        if read == 0 && self.origin.packing != Packing::Plain && self.input().bytes() == 0 {
            return Err(self.damaged(EMPTY));
        }
        Ok(read)
    }

    /// Reads the rest of the file as it is on disk, for its size and hash.
    pub(super) fn exhaust(&mut self) -> io::Result<()> {
        io::copy(self.input_mut(), &mut io::sink()).map(drop)
    }

    /// The bytes of the file on disk that have been read.
    pub(super) fn read_so_far(&self) -> u64 {
        self.input().bytes()
    }

    /// The hash of the file on disk as far as it has been read.
    pub(super) fn sum(&self) -> Sum {
        self.input().sum()
    }

    fn path(&self) -> &Path {
        self.origin.name()
    }

    fn input(&self) -> &Input {
        match &self.reader {
            Unpacker::Plain(input) => input,
            Unpacker::Gzip(decoder) => decoder.get_ref().get_ref(),
            Unpacker::Zstd(decoder) => decoder.get_ref().get_ref(),
        }
    }

    fn input_mut(&mut self) -> &mut Input {
        match &mut self.reader {
            Unpacker::Plain(input) => input,
            Unpacker::Gzip(decoder) => decoder.get_mut().get_mut(),
            Unpacker::Zstd(decoder) => decoder.get_mut().get_mut(),
        }
    }

    /// What the system says is about the file, all else about what is in it.
    fn describe(&self, error: io::Error) -> Error {
        if error.raw_os_error().is_some() {
            return Error::io(self.path())(error);
        }
        let format = match self.origin.packing {
            Packing::Gzip => "gzip",
            Packing::Zstd => "zstd",
            Packing::Plain => return Error::io(self.path())(error),
        };
        match error.kind() {
            _ if self.input().bytes() == 0 => self.damaged(EMPTY),
            io::ErrorKind::UnexpectedEof => self.damaged(format!("the {format} data end too early: it was cut off")),
            _ => self.damaged(format!("the {format} data are damaged: {error}")),
        }
    }

    fn damaged(&self, reason: impl Into<String>) -> Error {
        unreadable(self.path(), format!("after {} bytes of text", self.bytes), reason)
    }
}
