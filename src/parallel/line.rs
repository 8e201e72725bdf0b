//! Tasks that stand in line: workers take one after the other, and the first that fails decides the error.

use std::sync::PoisonError;

use super::Stop;
use crate::error::{Error, Result};
use crate::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use crate::sync::{Mutex, MutexGuard, thread};

/// Tasks that `N` gives one by one, numbered from 1 in the order in which they are given.
pub(super) struct Line<N> {
    line: Mutex<State<N>>,
    /// By worker.
    stops: Vec<Stop>,
    workers: AtomicUsize,
}

struct State<N> {
    next: N,
    given: u64,
    /// By worker: the number of its task.
    at: Vec<u64>,
    /// The failed task of the lowest number.
    failure: Option<(u64, Error)>,
    ended: bool,
}

/// One of those who take tasks. If it panics, all are called off.
pub(super) struct Worker<'l, N> {
    line: &'l Line<N>,
    number: usize,
}

/// A task with its number.
pub(super) struct Numbered<T> {
    number: u64,
    pub task: T,
}

impl<N> Line<N> {
    /// A line for up to so many workers.
    pub(super) fn new(workers: usize, next: N) -> Line<N> {
        let state = State { next, given: 0, at: vec![0; workers], failure: None, ended: false };
        let stops = (0..workers).map(|_| Stop::default()).collect();
        Line { line: Mutex::new(state), stops, workers: AtomicUsize::new(0) }
    }

    /// One more worker.
    pub(super) fn worker(&self) -> Worker<'_, N> {
        Worker { line: self, number: self.workers.fetch_add(1, Relaxed) }
    }

    /// Tells every worker that nobody waits for it. Waits for none, not even for one that reads what comes next.
    pub(super) fn call_off(&self) {
        self.stops.iter().for_each(Stop::call_off);
    }

    /// The error of the first failing task, once all workers have ended.
    pub(super) fn failure(&self) -> Option<Error> {
        self.lock().failure.take().map(|(_, error)| error)
    }

    /// Tasks before the failed one go on, for one of them may fail, too; those behind it are called off.
    fn fail(&self, line: &mut State<N>, number: u64, error: Error) {
        line.ended = true;
        if line.failure.as_ref().is_none_or(|&(first, _)| number < first) {
            line.failure = Some((number, error));
            let behind = line.at.iter().zip(&self.stops).filter(|&(&at, _)| at > number);
            behind.for_each(|(_, stop)| stop.call_off());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<N>> {
        // A panic calls all off, and is passed on.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<N> Worker<'_, N> {
    /// The next task, unless there is none or the work has been called off.
    pub(super) fn take<S, T>(&self, state: &mut S) -> Option<Numbered<T>>
    where
        N: FnMut(&mut S, &Stop) -> Result<Option<T>>,
    {
        let mut line = self.line.lock();
        if line.ended || self.stop().check().is_err() {
            return None;
        }
        line.given += 1;
        let number = line.given;
        line.at[self.number] = number;
        match (line.next)(state, self.stop()) {
            Ok(Some(task)) => return Some(Numbered { number, task }),
            Ok(None) => line.ended = true,
            Err(error) => self.line.fail(&mut line, number, error),
        }
        None
    }

    /// Does a task and keeps its error.
    pub(super) fn work_off<T>(&self, task: Numbered<T>, work: impl FnOnce(T, &Stop) -> Result<()>) {
        if let Err(error) = work(task.task, self.stop()) {
            self.line.fail(&mut self.line.lock(), task.number, error);
        }
    }

    /// Called off when nobody waits for this worker's task any more.
    fn stop(&self) -> &Stop {
        &self.line.stops[self.number]
    }
}

impl<N> Drop for Worker<'_, N> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.line.call_off();
        }
    }
}
