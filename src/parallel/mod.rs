//! Work on several threads that can be watched and stopped from the calling one.
//!
//! Two ways, for two kinds of work. [`share()`] is for what may take microseconds: the calling thread works too, helped by
//! the threads of a pool that is shared by the process. [`drain()`] is for what takes seconds: it makes threads of its own,
//! and the calling thread only looks after them. Both hand out tasks in order, and the first task that fails decides the
//! error, whatever the threads.

mod drain;
mod line;
mod pool;
mod share;
mod stop;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, SystemTime};

pub use drain::{drain, run};
pub use share::{Outcome, share};
pub use stop::Stop;

/// How often the calling thread looks up from waiting.
pub(crate) const TICK: Duration = Duration::from_millis(50);

/// More threads than any machine has cores for; systems refuse to make some ten thousands.
const MOST: usize = 1 << 10;

/// The number of threads asked for, or one for each core; never more than 1,024.
pub fn threads(asked: Option<NonZeroUsize>) -> usize {
    asked.map_or_else(cores, NonZeroUsize::get).min(MOST)
}

/// The number of cores that this process may use. Asking the system takes 10 µs, as long as encoding some KB; so it is not
/// asked twice in one second. It is asked again, for the answer may change.
fn cores() -> usize {
    /// A second, and above it the answer. No lock, which a fork might leave closed.
    static KNOWN: AtomicU64 = AtomicU64::new(0);
    let second = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs() as u32);
    let known = KNOWN.load(Relaxed);
    if known != 0 && known as u32 == second {
        return (known >> 32) as usize;
    }
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST);
    KNOWN.store((cores as u64) << 32 | u64::from(second), Relaxed);
    cores
}
