//! Reading on a thread of its own, some blocks ahead of who works on them.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread::{self, JoinHandle};

use super::reading;
use super::{Block, Plan};
use crate::error::{Error, Result};
use crate::parallel::TICK;

/// Blocks that wait to be worked on, besides the one that is being filled.
const WAITING: usize = 2;

/// Gives the blocks of a corpus.
///
/// The thread that reads ends when the reader is dropped, or, where it waits for a pipe into which nobody writes, whenever
/// that ends: nobody waits for it.
pub struct Reader {
    blocks: Receiver<Result<Block>>,
    /// `None` once it has ended and been asked how.
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    /// Begins to read.
    ///
    /// # Errors
    /// [`Error::Io`] if no thread can be made.
    pub fn start(plan: Plan) -> Result<Reader> {
        let (sender, blocks) = mpsc::sync_channel(WAITING);
        let named = thread::Builder::new().name("pairwright-reader".into());
        let thread = named.spawn(move || read(&plan, &sender)).map_err(Error::io("a thread to read with".as_ref()))?;
        Ok(Reader { blocks, thread: Some(thread) })
    }

    /// The next block, `None` at the end. While there is none yet, `tick` is called about every 50 ms.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Document`], unless what they are about is passed over: the last that the reader gives,
    /// after all blocks before it. That of `tick`.
    pub fn next(&mut self, mut tick: impl FnMut() -> Result<()>) -> Result<Option<Block>> {
        loop {
            match self.blocks.recv_timeout(TICK) {
                Ok(block) => return block.map(Some),
                Err(RecvTimeoutError::Timeout) => tick()?,
                Err(RecvTimeoutError::Disconnected) => {
                    // It may have ended because it panicked.
                    match self.thread.take().map(JoinHandle::join) {
                        Some(Err(panic)) => std::panic::resume_unwind(panic),
                        _ => return Ok(None),
                    }
                }
            }
        }
    }
}

fn read(plan: &Plan, sender: &SyncSender<Result<Block>>) {
    let outcome = reading::read(plan, &mut |block| sender.send(Ok(block)).map_err(|_| Error::Interrupted));
    if let Err(error) = outcome {
        // Whoever has gone does not ask what failed.
        let _ = sender.send(Err(error));
    }
}
