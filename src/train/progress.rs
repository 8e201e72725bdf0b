//! What training says of itself while it works.

use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// A moment in training.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// So many bytes of the text handed over in this call have been counted.
    Count { done: u64, total: u64 },
    /// So many merges have been learned. The last joined the two tokens of this pair, which occurred so often; there is no
    /// pair yet in the first event.
    Merge { done: u64, total: u64, pair: Option<[&'a [u8]; 2]>, count: u64 },
}

/// Receives events about every 50 ms on the thread that called; an error ends the work at once. [`Error::Stopped`] is no
/// failure of learning, which then gives what was learned so far.
pub type Report<'r> = dyn FnMut(Event) -> Result<()> + 'r;

/// A report that nobody reads.
pub fn no_progress(_: Event) -> Result<()> {
    Ok(())
}

/// Whether a report asked to stop.
pub(super) fn asked_to_stop(reported: Result<()>) -> Result<bool> {
    match reported {
        Ok(()) => Ok(false),
        Err(Error::Stopped) => Ok(true),
        Err(other) => Err(other),
    }
}

/// Lets an event through only now and then, so that the loop may offer one at each step.
pub(super) struct Throttle {
    last: Instant,
}

impl Throttle {
    const PERIOD: Duration = Duration::from_millis(50);

    pub(super) fn new() -> Throttle {
        Throttle { last: Instant::now() }
    }

    pub(super) fn due(&mut self) -> bool {
        let now = Instant::now();
        let due = now - self.last >= Self::PERIOD;
        if due {
            self.last = now;
        }
        due
    }
}
