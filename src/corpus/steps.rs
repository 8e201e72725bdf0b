//! Reading through a decompressor step by step, so that all that comes before a damage is given. (The readers that come with
//! the decompressors keep back what they unpacked in the call that fails.)

use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::ops::Range;

use bzip2::{Decompress, Status as BzipStatus};
use liblzma::stream::{Action, CONCATENATED, Status as XzStatus, Stream};

use super::input::Input;

/// Compressed bytes that are read at a time.
pub(super) const PACKED: usize = 128 << 10;

/// A decompressor.
pub(super) trait Steps {
    /// Unpacks a part of the input, which is empty at its end alone. Gives how many bytes of it are done with, how many came
    /// out, and whether all is unpacked.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> (usize, usize, io::Result<bool>);
}

/// The unpacked bytes of a file.
pub(super) struct Stepwise<S> {
    pub(super) input: BufReader<Input>,
    steps: S,
    /// What went wrong behind the bytes that were given last.
    failed: Option<io::Error>,
}

impl<S: Steps> Stepwise<S> {
    pub(super) fn new(input: Input, steps: S) -> Stepwise<S> {
        Stepwise { input: BufReader::with_capacity(PACKED, input), steps, failed: None }
    }
}

impl<S: Steps> Read for Stepwise<S> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if output.is_empty() {
            return Ok(0);
        }
        loop {
            let input = self.input.fill_buf()?;
            let is_end = input.is_empty();
            let (done, came, outcome) = self.steps.step(input, output);
            self.input.consume(done);
            if came > 0 {
                self.failed = outcome.err();
                return Ok(came);
            }
            if outcome? {
                return Ok(0);
            }
            if is_end {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            if done == 0 {
                return Err(io::Error::new(ErrorKind::InvalidData, "unpacking does not go on"));
            }
        }
    }
}

/// Streams of xz behind each other.
pub(super) struct Xz(Stream);

impl Xz {
    /// That may take so many bytes of memory.
    pub(super) fn new(most: u64) -> io::Result<Xz> {
        Ok(Xz(Stream::new_stream_decoder(most, CONCATENATED)?))
    }
}

impl Steps for Xz {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> (usize, usize, io::Result<bool>) {
        let before = (self.0.total_in(), self.0.total_out());
        let action = if input.is_empty() { Action::Finish } else { Action::Run };
        let outcome = self.0.process(input, output, action);
        let (done, came) = (self.0.total_in() - before.0, self.0.total_out() - before.1);
        (done as usize, came as usize, outcome.map(|status| status == XzStatus::StreamEnd).map_err(io::Error::from))
    }
}

/// One stream of the format before xz, which lzma files have.
pub(super) struct Lzma {
    stream: Stream,
    /// The first bytes, until all of the header is there.
    header: Vec<u8>,
    is_over: bool,
}

/// The bytes of the header of lzma: properties, the size of the dictionary, and that of the text.
const HEADER: usize = 13;

/// Whether bytes may be such a header. There is no signature, and the decompressor takes most bytes for one.
pub(super) fn may_be_lzma(first: &[u8]) -> bool {
    let Some((&properties, rest)) = first.split_first() else { return false };
    let Some((dictionary, rest)) = rest.split_first_chunk().map(|(size, rest)| (u32::from_le_bytes(*size), rest))
    else {
        return false;
    };
    let Some(size) = rest.first_chunk().map(|size| u64::from_le_bytes(*size)) else { return false };
    // What programs write: 2^n, or 2^n + 2^(n-1).
    let is_round = dictionary.count_ones() == 1
        || dictionary.count_ones() == 2 && dictionary.leading_zeros() + dictionary.trailing_zeros() == 30
        || dictionary == u32::MAX;
    properties < 225 && is_round && (size == u64::MAX || size < 1 << 40)
}

impl Lzma {
    /// That may take so many bytes of memory.
    pub(super) fn new(most: u64) -> io::Result<Lzma> {
        Ok(Lzma { stream: Stream::new_lzma_decoder(most)?, header: Vec::new(), is_over: false })
    }
}

impl Steps for Lzma {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> (usize, usize, io::Result<bool>) {
        if self.is_over {
            let behind = || io::Error::new(ErrorKind::InvalidData, "something stands behind them");
            return (0, 0, if input.is_empty() { Ok(true) } else { Err(behind()) });
        }
        if self.header.len() < HEADER {
            let missing = HEADER - self.header.len();
            self.header.extend_from_slice(&input[..missing.min(input.len())]);
            if self.header.len() == HEADER && !may_be_lzma(&self.header) {
                let other = io::Error::new(ErrorKind::InvalidData, "they do not begin as such data do");
                return (0, 0, Err(other));
            }
        }
        let before = (self.stream.total_in(), self.stream.total_out());
        let action = if input.is_empty() { Action::Finish } else { Action::Run };
        let outcome = self.stream.process(input, output, action);
        let (done, came) = (self.stream.total_in() - before.0, self.stream.total_out() - before.1);
        self.is_over = matches!(outcome, Ok(XzStatus::StreamEnd));
        let is_all = self.is_over && input.is_empty();
        (done as usize, came as usize, outcome.map(|_| is_all).map_err(io::Error::from))
    }
}

/// Streams of bzip2 behind each other.
pub(super) struct Bzip2 {
    stream: Decompress,
    is_between: bool,
    /// What was unpacked last. In a damaged block the decompressor loses what came out in the call that fails: were it called
    /// with what readers give, it would depend on them how much that is.
    unpacked: Box<[u8]>,
    /// Where in it the bytes are that were not given yet.
    waiting: Range<usize>,
    /// What went wrong behind them.
    failed: Option<io::Error>,
}

impl Bzip2 {
    pub(super) fn new() -> Bzip2 {
        /// Some thousandths of a second of work.
        const UNPACKED: usize = 64 << 10;
        let unpacked = vec![0; UNPACKED].into();
        Bzip2 { stream: Decompress::new(false), is_between: false, unpacked, waiting: 0..0, failed: None }
    }

    /// Unpacks more, when all of the last was given; gives how many bytes of the input are done with.
    fn unpack(&mut self, input: &[u8]) -> usize {
        if self.is_between {
            self.stream = Decompress::new(false);
        }
        let before = (self.stream.total_in(), self.stream.total_out());
        let outcome = self.stream.decompress(input, &mut self.unpacked);
        let (done, came) = (self.stream.total_in() - before.0, self.stream.total_out() - before.1);
        self.is_between = matches!(outcome, Ok(BzipStatus::StreamEnd));
        self.waiting = 0..came as usize;
        self.failed = outcome.err().map(|error| io::Error::new(ErrorKind::InvalidData, error));
        done as usize
    }
}

impl Steps for Bzip2 {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> (usize, usize, io::Result<bool>) {
        let mut done = 0;
        if self.waiting.is_empty() && self.failed.is_none() {
            if self.is_between && input.is_empty() {
                return (0, 0, Ok(true));
            }
            done = self.unpack(input);
        }
        let came = output.len().min(self.waiting.len());
        output[..came].copy_from_slice(&self.unpacked[self.waiting.start..][..came]);
        self.waiting.start += came;
        let failed = if self.waiting.is_empty() { self.failed.take() } else { None };
        (done, came, failed.map_or(Ok(false), Err))
    }
}
