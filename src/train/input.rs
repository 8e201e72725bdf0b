//! The bytes of a file, or of what has the name of one and is none: a pipe, a terminal.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;

use crate::error::{Error, Result};
use crate::parallel::{Stop, TICK};

/// What is read from its beginning to its end.
pub(super) struct Input<'p> {
    path: &'p Path,
    kind: Kind,
}

enum Kind {
    File(File),
    /// There may be nothing to read for any time, and nobody to open it with. So another thread waits, to which nobody
    /// listens any more once the work is called off. It ends when it wakes up.
    Stream {
        parts: Receiver<io::Result<Vec<u8>>>,
        part: Vec<u8>,
    },
}

/// The bytes of a part of a stream: as many as a pipe holds.
const PART: usize = 64 << 10;

/// Parts that are read ahead.
const AHEAD: usize = 16;

impl<'p> Input<'p> {
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn open(path: &'p Path) -> Result<Input<'p>> {
        let open = || {
            let found = fs::metadata(path)?;
            if found.is_file() || found.is_dir() {
                return File::open(path).map(Kind::File);
            }
            let (sender, parts) = mpsc::sync_channel(AHEAD);
            let owned = path.to_owned();
            thread::Builder::new().spawn(move || pass_on(&owned, &sender))?;
            Ok(Kind::Stream { parts, part: Vec::new() })
        };
        Ok(Input { path, kind: open().map_err(Error::io(path))? })
    }

    /// Adds up to `most` bytes to the buffer; gives how many. They are fewer at the end alone.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Interrupted`].
    pub(super) fn read(&mut self, most: usize, buffer: &mut Vec<u8>, stop: &Stop) -> Result<usize> {
        let before = buffer.len();
        match &mut self.kind {
            Kind::File(file) => {
                buffer.reserve(most);
                file.take(most as u64).read_to_end(buffer).map_err(Error::io(self.path))?;
            }
            Kind::Stream { parts, part } => loop {
                let wanted = before + most - buffer.len();
                buffer.extend(part.drain(..wanted.min(part.len())));
                if buffer.len() == before + most {
                    break;
                }
                match parts.recv_timeout(TICK) {
                    Ok(next) => *part = next.map_err(Error::io(self.path))?,
                    Err(RecvTimeoutError::Timeout) => stop.check()?,
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            },
        }
        Ok(buffer.len() - before)
    }
}

/// Reads a stream as long as there is somebody who listens.
fn pass_on(path: &Path, parts: &SyncSender<io::Result<Vec<u8>>>) {
    let read = || -> io::Result<()> {
        let mut file = File::open(path)?;
        loop {
            let mut part = vec![0; PART];
            match file.read(&mut part) {
                Ok(0) => return Ok(()),
                Ok(length) => part.truncate(length),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            if parts.send(Ok(part)).is_err() {
                return Ok(());
            }
        }
    };
    if let Err(error) = read() {
        // Whoever has gone does not ask what failed.
        let _ = parts.send(Err(error));
    }
}
