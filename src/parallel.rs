//! Work on several threads that can be watched and stopped from the calling one.
//!
//! Threads are made for each call and end with it, so that a fork at any other moment is safe, and nothing is shared between
//! callers. The only ones that may outlive a call that was called off wait for something nobody needs any more.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::error::{Error, Result};

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
    asked.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get).min(MOST)
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
    let stop = Stop::default();
    let tasks = Mutex::new((0_u64, next));
    let worker = || -> Result<S, (u64, Error)> {
        let mut state = state();
        loop {
            let (number, task) = {
                let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
                if stop.check().is_err() {
                    return Ok(state);
                }
                let (number, next) = &mut *tasks;
                *number += 1;
                (*number, next(&mut state, &stop))
            };
            let done = match task {
                Ok(None) => return Ok(state),
                Ok(Some(task)) => work(&mut state, task, &stop),
                Err(error) => Err(error),
            };
            if let Err(error) = done {
                stop.call_off();
                return Err((number, error));
            }
        }
    };
    thread::scope(|scope| {
        let (done, all_done) = mpsc::channel::<()>();
        let handles: Vec<_> = (0..threads.max(1))
            .map(|_| {
                let (done, worker) = (done.clone(), &worker);
                scope.spawn(move || {
                    let result = worker();
                    drop(done);
                    result
                })
            })
            .collect();
        drop(done);
        let mut failure = meanwhile().inspect_err(|_| stop.call_off()).err();
        // The channel carries nothing: it closes when the last worker is done.
        while let Err(RecvTimeoutError::Timeout) = all_done.recv_timeout(TICK) {
            if failure.is_none()
                && let Err(error) = tick()
            {
                stop.call_off();
                failure = Some(error);
            }
        }
        let mut states = Vec::with_capacity(handles.len());
        let mut failures = Vec::new();
        for handle in handles {
            match handle.join() {
                Ok(Ok(state)) => states.push(state),
                Ok(Err(failure)) => failures.push(failure),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        // A task that was merely called off says less than the one that failed.
        failures.sort_by_key(|(task, error)| (matches!(error, Error::Interrupted), *task));
        match failure.or(failures.into_iter().next().map(|(_, error)| error)) {
            Some(error) => Err(error),
            None => Ok(states),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_runs_once_on_any_number_of_threads() {
        let note = |seen: &mut Vec<usize>, task, _: &Stop| {
            seen.push(task);
            Ok(())
        };
        for threads in [1, 2, 8] {
            let states = run(threads, 100, Vec::new, note, || Ok(())).unwrap();
            let mut seen = states.concat();
            seen.sort();
            assert_eq!(seen, (0..100).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_lowest_failing_task_decides_the_error() {
        let fail = |_: &mut (), task, stop: &Stop| match task {
            0..5 => Ok(()),
            5 => {
                // Let a later task fail first.
                while stop.check().is_ok() {
                    thread::yield_now();
                }
                Err(Error::UnknownId { id: 5, position: 5 })
            }
            _ => Err(Error::UnknownId { id: 6, position: 6 }),
        };
        let error = run(2, 9, || (), fail, || Ok(())).unwrap_err();
        assert!(matches!(error, Error::UnknownId { id: 5, .. }), "{error}");
    }

    #[test]
    fn an_error_from_the_tick_calls_the_work_off() {
        let endless = |_: &mut (), _, stop: &Stop| loop {
            stop.check()?;
            thread::yield_now();
        };
        let error = run(2, 2, || (), endless, || Err(Error::Interrupted)).unwrap_err();
        assert!(matches!(error, Error::Interrupted));
    }

    #[test]
    fn an_error_of_what_is_done_meanwhile_calls_the_work_off() {
        let endless = |_: &mut (), stop: &Stop| stop.check().map(|()| Some(()));
        let failing = || Err(Error::UnknownId { id: 1, position: 1 });
        let error = drain(2, || (), endless, |_, _, _| Ok(()), failing, || Ok(())).unwrap_err();
        assert!(matches!(error, Error::UnknownId { .. }), "{error}");
    }

    #[test]
    fn an_error_of_the_next_task_ends_the_work() {
        let mut given = 0;
        let failing = move |_: &mut u32, _: &Stop| {
            given += 1;
            if given < 5 { Ok(Some(given)) } else { Err(Error::UnknownId { id: given, position: 0 }) }
        };
        let error = drain(2, || 0, failing, |_, _, _| Ok(()), || Ok(()), || Ok(())).unwrap_err();
        assert!(matches!(error, Error::UnknownId { id: 5.., .. }), "{error}");
    }
}
