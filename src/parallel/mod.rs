//! Work on several threads that can be watched and stopped from the calling one.
//!
//! Two ways, for two kinds of work. [`share()`] is for what may take microseconds: the calling thread works too, helped by
//! the threads of a pool that is shared by the process. [`drain`] is for what takes seconds: it makes threads of its own,
//! and the calling thread only looks after them. Both hand out tasks in order, and the first task that fails decides the
//! error, whatever the threads.

mod line;
mod pool;
mod share;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::error::{Error, Result};
use line::Line;
pub use share::{Outcome, share};

/// How often the calling thread looks up from waiting.
pub(crate) const TICK: Duration = Duration::from_millis(50);

/// Tells workers that nobody waits for them any more.
#[derive(Default)]
pub struct Stop(AtomicBool);

impl Stop {
    /// Tells all who check that nobody waits for them.
    pub(crate) fn call_off(&self) {
        self.0.store(true, Relaxed);
    }

    /// # Errors
    /// [`Error::Interrupted`] once the work has been called off.
    #[inline]
    pub fn check(&self) -> Result<()> {
        if self.0.load(Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }
}

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

/// Runs tasks `0..tasks` on up to `threads` threads, each with a state of its own, and returns the states.
///
/// # Errors
/// As [`drain`].
pub fn run<S: Send>(
    threads: usize,
    tasks: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize, &Stop) -> Result<()> + Sync,
    tick: impl FnMut() -> Result<()>,
) -> Result<Vec<S>> {
    let mut numbers = 0..tasks;
    drain(threads.min(tasks), state, move |_, _| Ok(numbers.next()), work, || Ok(()), tick)
}

/// Works off all tasks that `next` gives, on up to `threads` threads, each with a state of its own; returns the states.
///
/// One thread at a time asks for the next task, so that a task may be what is read next from a file. The calling thread
/// does `meanwhile` while the others work, and then calls `tick` about every 50 ms; when one of these returns an error, the
/// work is called off and the error returned. `next` and `work` should check their [`Stop`] at least as often.
///
/// The threads are made for the call and end with it. What is done here takes seconds to hours and leaves nothing to do
/// for the calling thread: taken from the pool, the threads would be missing there, and a pool that is lent out would let
/// nothing begin here.
///
/// # Errors
/// That of `meanwhile` or `tick`, or else that of the first failing task: which thread fails first never decides.
pub fn drain<S: Send, T>(
    threads: usize,
    state: impl Fn() -> S + Sync,
    next: impl FnMut(&mut S, &Stop) -> Result<Option<T>> + Send,
    work: impl Fn(&mut S, T, &Stop) -> Result<()> + Sync,
    meanwhile: impl FnOnce() -> Result<()>,
    mut tick: impl FnMut() -> Result<()>,
) -> Result<Vec<S>> {
    let threads = threads.max(1);
    let line = Line::new(threads, next);
    let worker = || {
        let worker = line.worker();
        let mut state = state();
        while let Some(task) = worker.take(&mut state) {
            worker.work_off(task, |task, stop| work(&mut state, task, stop));
        }
        state
    };
    thread::scope(|scope| {
        let (done, all_done) = mpsc::channel::<()>();
        let handles: Vec<_> = (0..threads)
            .map(|_| {
                let (done, worker) = (done.clone(), &worker);
                scope.spawn(move || {
                    let state = worker();
                    drop(done);
                    state
                })
            })
            .collect();
        drop(done);
        let mut failure = meanwhile().inspect_err(|_| line.call_off()).err();
        // The channel carries nothing: it closes when the last worker is done.
        while let Err(RecvTimeoutError::Timeout) = all_done.recv_timeout(TICK) {
            if failure.is_none()
                && let Err(error) = tick()
            {
                line.call_off();
                failure = Some(error);
            }
        }
        let mut states = Vec::with_capacity(threads);
        for handle in handles {
            match handle.join() {
                Ok(state) => states.push(state),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        match failure.or_else(|| line.failure()) {
            Some(error) => Err(error),
            None => Ok(states),
        }
    })
}
