//! Tasks that take seconds, worked off by threads made for them while the calling thread looks after these.

use super::line::Line;
use super::{Stop, TICK};
use crate::error::Result;
use crate::sync::mpsc::{self, RecvTimeoutError};
use crate::sync::thread;

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
