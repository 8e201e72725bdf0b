//! The bytes of a file as they are on disk: counted, hashed, and watched for a change while they are read.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::sync::PoisonError;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::{Origin, Stream, Sum};
use crate::error::{Error, Result};

/// A file that is being read.
pub(super) struct Input {
    source: Source,
    /// Bytes that were looked at before they are read.
    first: Vec<u8>,
    hasher: Sha256,
    bytes: u64,
    /// What a file had when it was opened. A pipe has neither an end nor a time.
    before: Option<State>,
}

enum Source {
    File(File),
    Standard(io::Stdin),
    Stream(Stream),
}

#[derive(PartialEq)]
struct State {
    length: u64,
    modified: Option<SystemTime>,
}

impl State {
    fn of(found: &Metadata) -> State {
        State { length: found.len(), modified: found.modified().ok() }
    }
}

impl Input {
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn open(origin: &Origin, stream: Option<&Stream>) -> Result<Input> {
        let open = || {
            let Some(path) = &origin.path else {
                let standard = || Source::Standard(io::stdin());
                return Ok((stream.map_or_else(standard, |stream| Source::Stream(stream.clone())), None));
            };
            let file = File::open(path)?;
            let found = file.metadata()?;
            let before = found.is_file().then(|| State::of(&found));
            Ok((Source::File(file), before))
        };
        let (source, before) = open().map_err(Error::io(origin.name()))?;
        Ok(Input { source, first: Vec::new(), hasher: Sha256::new(), bytes: 0, before })
    }

    /// The first bytes, as many as are asked for if there are; to be called before anything is read.
    pub(super) fn peek(&mut self, most: usize) -> io::Result<&[u8]> {
        let mut first = Vec::new();
        (&mut *self).take(most as u64).read_to_end(&mut first)?;
        self.first = first;
        Ok(&self.first)
    }

    /// The bytes of a file on disk, as far as they are known before it is read.
    pub(super) fn size(&self) -> u64 {
        self.before.as_ref().map_or(0, |state| state.length)
    }

    /// The bytes so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether somebody has written to the file since it was opened.
    pub(super) fn has_changed(&self) -> io::Result<bool> {
        let (Some(before), Source::File(file)) = (&self.before, &self.source) else { return Ok(false) };
        Ok(State::of(&file.metadata()?) != *before || self.bytes > before.length)
    }

    /// The hash of what was read.
    pub(super) fn sum(&self) -> Sum {
        self.hasher.clone().finalize().into()
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.first.is_empty() {
            let again = self.first.len().min(buffer.len());
            buffer[..again].copy_from_slice(&self.first[..again]);
            self.first.drain(..again);
            return Ok(again);
        }
        let read = match &mut self.source {
            Source::File(file) => file.read(buffer)?,
            Source::Standard(stdin) => stdin.read(buffer)?,
            Source::Stream(stream) => stream.lock().unwrap_or_else(PoisonError::into_inner).read(buffer)?,
        };
        self.hasher.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}
