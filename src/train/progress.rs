//! What training says of itself while it works.

use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// A moment in training.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// So many bytes of the text handed over in this call have been counted.
    Count { done: u64, total: u64 },
    /// So many merges have been learned. The last joined the two tokens of this pair, which occurred so often; there is no
    /// pair in the first event, nor in the midst of what takes long.
    Merge { done: u64, total: u64, pair: Option<[&'a [u8]; 2]>, count: u64 },
}

/// Receives events about every 50 ms on the thread that called; an error ends the work at once. [`Error::Stopped`] is no
/// failure of learning, which then gives what was learned so far.
pub type Report<'r> = dyn FnMut(Event) -> Result<()> + 'r;

/// A report that nobody reads.
pub fn no_progress(_: Event) -> Result<()> {
    Ok(())
}

/// Tells of the merges while they are learned, and whether to go on.
///
/// Whatever takes long checks it all the while, so that an interrupt is never waited for.
pub(super) struct Pulse<'a, 'r> {
    report: &'a mut Report<'r>,
    last: Instant,
    asked: usize,
    /// How many merges have been learned.
    pub learned: usize,
    stopped: bool,
}

impl<'a, 'r> Pulse<'a, 'r> {
    const PERIOD: Duration = Duration::from_millis(50);

    /// Steps between two checks: some milliseconds of work that waits for memory at each step.
    pub(super) const STEPS: usize = 1 << 16;

    /// Tells that merges begin.
    pub(super) fn new(asked: usize, report: &'a mut Report<'r>) -> Result<Pulse<'a, 'r>> {
        let mut pulse = Pulse { report, last: Instant::now(), asked, learned: 0, stopped: false };
        pulse.tell(None)?;
        Ok(pulse)
    }

    /// To be called in the midst of a step. Its end is awaited if the report asks to stop.
    ///
    /// # Errors
    /// What the report returns but [`Error::Stopped`].
    pub(super) fn check(&mut self) -> Result<()> {
        if self.is_due() { self.tell(None) } else { Ok(()) }
    }

    /// To be called after a merge. `pair` gives the bytes of its two tokens, and its count.
    ///
    /// # Errors
    /// As [`Pulse::check`].
    pub(super) fn merged<'t>(&mut self, pair: impl FnOnce() -> ([&'t [u8]; 2], u64)) -> Result<()> {
        if self.is_due() { self.tell(Some(pair())) } else { Ok(()) }
    }

    /// Tells of the last merge, after which there is nothing left to stop.
    ///
    /// # Errors
    /// As [`Pulse::check`].
    pub(super) fn end(&mut self, pair: ([&[u8]; 2], u64)) -> Result<()> {
        let stopped = self.stopped;
        self.tell(Some(pair))?;
        self.stopped = stopped;
        Ok(())
    }

    /// Whether the report asked to stop.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let due = now - self.last >= Self::PERIOD;
        if due {
            self.last = now;
        }
        due
    }

    fn tell(&mut self, last: Option<([&[u8]; 2], u64)>) -> Result<()> {
        let (pair, count) = last.map_or((None, 0), |(pair, count)| (Some(pair), count));
        let event = Event::Merge { done: self.learned as u64, total: self.asked as u64, pair, count };
        match (self.report)(event) {
            Err(Error::Stopped) => self.stopped = true,
            other => other?,
        }
        Ok(())
    }
}
