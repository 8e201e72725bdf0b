//! Many small tasks, worked off by the calling thread and its helpers.

use std::sync::PoisonError;

use super::line::{Line, Numbered, Worker};
use super::pool::{self, Crew};
use super::{Stop, TICK};
use crate::error::{Error, Result};
use crate::sync::Mutex;
use crate::sync::time::Instant;

/// How work that was shared has ended.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// All tasks are done.
    Done,
    /// `tick` has forked, and this is the child. What helpers had begun is lost, and what they held stays locked: the caller
    /// must drop what was made, and begin again.
    Forked,
}

/// Works off all tasks that `next` gives on this thread and on up to `threads - 1` more, those of the process's pool that
/// are idle. Each has a state of its own, made for its first task.
///
/// One thread at a time asks for the next task. This thread calls `tick` about every 50 ms, between two tasks or
/// while it waits for others; its error calls the work off and is returned. A task for which `is_long` holds takes longer
/// than that: this thread leaves it to a thread made for it, with a state of its own, and looks after it.
///
/// # Errors
/// That of `tick`, or else that of the first failing task: which thread fails first never decides.
pub fn share<S, T: Send>(
    threads: usize,
    state: impl Fn() -> S + Sync,
    mut next: impl FnMut() -> Option<T> + Send,
    is_long: impl Fn(&T) -> bool,
    work: impl Fn(&mut S, T, &Stop) -> Result<()> + Sync,
    tick: impl FnMut() -> Result<()>,
) -> Result<Outcome> {
    let threads = threads.max(1);
    let line = Line::new(threads, move |_: &mut (), _: &Stop| Ok(next()));
    let help = || {
        let worker = line.worker();
        let mut own = None;
        while let Some(task) = worker.take(&mut ()) {
            let own = own.get_or_insert_with(&state);
            worker.work_off(task, |task, stop| work(own, task, stop));
        }
    };
    let mut pulse = Pulse { tick, last: Instant::now(), failure: None, line: &line };
    let outcome = pool::alongside(threads - 1, &help, |crew| {
        let worker = line.worker();
        let mut own = None;
        while let Some(task) = worker.take(&mut ()) {
            if is_long(&task.task) {
                let work = |task, stop: &Stop| work(&mut state(), task, stop);
                if watch(&worker, task, work, &mut pulse) == Outcome::Forked {
                    return Outcome::Forked;
                }
            } else {
                let own = own.get_or_insert_with(&state);
                worker.work_off(task, |task, stop| work(own, task, stop));
            }
            if pulse.last.elapsed() >= TICK && pulse.beat(crew) == Outcome::Forked {
                return Outcome::Forked;
            }
        }
        crew.dismiss();
        pulse.wait(crew)
    });
    let failure = pulse.failure;
    match outcome {
        Outcome::Forked => Ok(Outcome::Forked),
        Outcome::Done => failure.or_else(|| line.failure()).map_or(Ok(Outcome::Done), Err),
    }
}

/// Does a task on a thread made for it while this one waits.
fn watch<N: Send, T: Send>(
    worker: &Worker<N>,
    task: Numbered<T>,
    work: impl Fn(T, &Stop) -> Result<()> + Sync,
    pulse: &mut Pulse<impl FnMut() -> Result<()>, N>,
) -> Outcome {
    let task = Mutex::new(Some(task));
    let once = || {
        let task = task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            worker.work_off(task, &work);
        }
    };
    pool::apart(&once, |crew| pulse.wait(crew))
}

/// What the calling thread does from time to time.
struct Pulse<'l, F, N> {
    tick: F,
    last: Instant,
    failure: Option<Error>,
    line: &'l Line<N>,
}

impl<F: FnMut() -> Result<()>, N> Pulse<'_, F, N> {
    /// Ticks, unless that has failed before.
    fn beat(&mut self, crew: &Crew) -> Outcome {
        if self.failure.is_none() {
            self.failure = (self.tick)().err();
            if crew.is_forked() {
                return Outcome::Forked;
            }
            if self.failure.is_some() {
                self.line.call_off();
            }
        }
        self.last = Instant::now();
        Outcome::Done
    }

    /// Ticks until all helpers have ended.
    fn wait(&mut self, crew: &Crew) -> Outcome {
        while !crew.ended_within(TICK) {
            if self.beat(crew) == Outcome::Forked {
                return Outcome::Forked;
            }
        }
        Outcome::Done
    }
}
