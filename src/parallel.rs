//! Work on several threads that can be watched and stopped from the calling one.
//!
//! Threads are made for each call and end with it: nothing outlives a call, so a fork at any other moment is safe, and
//! nothing is shared between callers.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::error::{Error, Result};

/// How often the calling thread looks up from waiting.
const TICK: Duration = Duration::from_millis(50);

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

/// The number of threads asked for, or one for each core.
pub fn threads(asked: Option<NonZeroUsize>) -> usize {
    asked.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
}

/// Runs tasks `0..tasks` on up to `threads` threads, each with a state of its own, and returns the states.
///
/// A thread takes the lowest task nobody has taken. Meanwhile the calling thread calls `tick` about every 50 ms; when
/// that returns an error, the work is called off and the error returned. `work` should check its [`Stop`] at least as
/// often.
///
/// # Errors
/// That of `tick`, or that of the lowest failing task: which thread fails first never decides.
pub fn run<S: Send>(
    threads: usize,
    tasks: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize, &Stop) -> Result<()> + Sync,
    mut tick: impl FnMut() -> Result<()>,
) -> Result<Vec<S>> {
    let next = AtomicUsize::new(0);
    let stop = Stop::default();
    let worker = || -> Result<S, (usize, Error)> {
        let mut state = state();
        loop {
            let task = next.fetch_add(1, Relaxed);
            if task >= tasks || stop.check().is_err() {
                return Ok(state);
            }
            if let Err(error) = work(&mut state, task, &stop) {
                stop.call_off();
                return Err((task, error));
            }
        }
    };
    thread::scope(|scope| {
        let (done, all_done) = mpsc::channel::<()>();
        let handles: Vec<_> = (0..threads.min(tasks).max(1))
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
        let mut failure = None;
        // The channel carries nothing: it closes when the last worker is done.
        while let Err(RecvTimeoutError::Timeout) = all_done.recv_timeout(TICK) {
            if let Err(error) = tick() {
                stop.call_off();
                failure.get_or_insert(error);
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
}
