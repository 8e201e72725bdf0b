//! Tasks run once, on no more threads than asked for; errors, panics and ticks do not depend on which thread is faster.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Instant;

use super::*;
use crate::error::{Error, Result};

const NO_TICK: fn() -> Result<()> = || Ok(());

/// An error that tells its number.
fn numbered(number: usize) -> Error {
    Error::UnknownId { id: number as u32, position: number }
}

/// Shares the tasks `0..tasks`, none of them long.
fn share_out(
    threads: usize,
    tasks: usize,
    work: impl Fn(usize, &Stop) -> Result<()> + Sync,
    tick: impl FnMut() -> Result<()>,
) -> Result<Outcome> {
    let mut numbers = 0..tasks;
    share(threads, || (), move || numbers.next(), |_| false, |(), task, stop| work(task, stop), tick)
}

/// Waits, but not for ever, until so many have come here. Another test may have the threads of the pool for a while.
fn meet(here: &AtomicUsize, all: usize) {
    here.fetch_add(1, SeqCst);
    let start = Instant::now();
    while here.load(SeqCst) < all {
        assert!(start.elapsed() < Duration::from_secs(60), "nobody came");
        thread::yield_now();
    }
}

#[test]
fn every_task_runs_once_on_any_number_of_threads() {
    let note = |seen: &mut Vec<usize>, task, _: &Stop| {
        seen.push(task);
        Ok(())
    };
    for threads in [1, 2, 8] {
        let states = run(threads, 100, Vec::new, note, NO_TICK).unwrap();
        let mut seen = states.concat();
        seen.sort();
        assert_eq!(seen, (0..100).collect::<Vec<_>>());
        let seen: Vec<_> = (0..10_000).map(|_| AtomicUsize::new(0)).collect();
        let count = |task: usize, _: &Stop| {
            seen[task].fetch_add(1, SeqCst);
            Ok(())
        };
        assert_eq!(share_out(threads, seen.len(), count, NO_TICK).unwrap(), Outcome::Done);
        assert!(seen.iter().all(|times| times.load(SeqCst) == 1));
    }
}

#[test]
fn threads_are_as_many_as_asked_for_or_as_cores() {
    assert_eq!(threads(NonZeroUsize::new(3)), 3);
    assert_eq!(threads(NonZeroUsize::new(5000)), 1024);
    let cores = thread::available_parallelism().unwrap().get();
    assert!((0..3).all(|_| threads(None) == cores.min(1024)));
}

#[test]
fn work_is_shared_by_the_caller_and_so_many_helpers_at_most() {
    for threads in [1, 2, 5] {
        let (here, seen) = (AtomicUsize::new(0), Mutex::new(HashSet::new()));
        // Each waits for the others, so that no thread can take two.
        let work = |_, _: &Stop| {
            seen.lock().unwrap().insert(thread::current().id());
            meet(&here, threads);
            Ok(())
        };
        assert_eq!(share_out(threads, threads, work, NO_TICK).unwrap(), Outcome::Done);
        let seen = seen.into_inner().unwrap();
        assert!(seen.len() == threads && seen.contains(&thread::current().id()));
    }
    let running = AtomicUsize::new(0);
    let work = |_, _: &Stop| {
        assert!(running.fetch_add(1, SeqCst) < 3, "too many at a time");
        thread::yield_now();
        running.fetch_sub(1, SeqCst);
        Ok(())
    };
    let _ = share_out(9, 100, |_, _| Ok(()), NO_TICK).unwrap();
    assert_eq!(share_out(3, 10_000, work, NO_TICK).unwrap(), Outcome::Done);
}

#[test]
fn helpers_that_never_come_are_not_waited_for() {
    // However many threads the pool has by now, all of them are held.
    let (many, held, open) = (300, AtomicUsize::new(0), AtomicBool::new(false));
    let hold = |_, _: &Stop| {
        held.fetch_add(1, SeqCst);
        while !open.load(SeqCst) {
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    };
    thread::scope(|scope| {
        scope.spawn(|| share_out(many, many, hold, NO_TICK).unwrap());
        while held.load(SeqCst) < many / 2 {
            thread::sleep(Duration::from_millis(1));
        }
        let done = AtomicUsize::new(0);
        let count = |_, _: &Stop| {
            done.fetch_add(1, SeqCst);
            Ok(())
        };
        for _ in 0..100 {
            assert_eq!(share_out(many, 10, count, NO_TICK).unwrap(), Outcome::Done);
        }
        assert_eq!(done.load(SeqCst), 1000);
        open.store(true, SeqCst);
    });
}

#[test]
fn the_lowest_failing_task_decides_the_error() {
    for _ in 0..20 {
        let failed = AtomicBool::new(false);
        let fail = |task, stop: &Stop| match task {
            0..5 => Ok(()),
            5 => {
                // Let a later task fail first; that must not call this one off.
                let start = Instant::now();
                while !failed.load(SeqCst) && start.elapsed() < Duration::from_secs(60) {
                    thread::yield_now();
                }
                thread::sleep(Duration::from_millis(2));
                stop.check()?;
                Err(numbered(5))
            }
            6 => {
                failed.store(true, SeqCst);
                Err(numbered(6))
            }
            _ => panic!("nothing is begun after a failure"),
        };
        let error = run(2, 9, || (), |(), task, stop| fail(task, stop), NO_TICK).unwrap_err();
        assert!(matches!(error, Error::UnknownId { id: 5, .. }), "{error}");
        // The caller may have no helper; then the first task to fail is the first.
        failed.store(true, SeqCst);
        let error = share_out(2, 9, fail, NO_TICK).unwrap_err();
        assert!(matches!(error, Error::UnknownId { id: 5, .. }), "{error}");
    }
}

#[test]
fn a_failure_calls_off_what_comes_after_it() {
    let begun = AtomicBool::new(false);
    let work = |(): &mut (), task: usize, stop: &Stop| {
        if task == 0 {
            while !begun.load(SeqCst) {
                thread::yield_now();
            }
            return Err(numbered(0));
        }
        begun.store(true, SeqCst);
        loop {
            stop.check()?;
            thread::yield_now();
        }
    };
    let error = run(2, 2, || (), work, NO_TICK).unwrap_err();
    assert!(matches!(error, Error::UnknownId { id: 0, .. }), "{error}");
}

#[test]
fn an_error_from_the_tick_calls_the_work_off() {
    let endless = |_, stop: &Stop| loop {
        stop.check()?;
        thread::yield_now();
    };
    let error = run(2, 2, || (), |(), task, stop| endless(task, stop), || Err(Error::Interrupted)).unwrap_err();
    assert!(matches!(error, Error::Interrupted));
    for threads in [1, 3] {
        let error =
            share(threads, || (), || Some(7), |_| true, |(), task, stop| endless(task, stop), || Err(numbered(1)));
        assert!(matches!(error, Err(Error::UnknownId { id: 1, .. })));
        // Between tasks that are not long.
        let short = |(): &mut (), (), _: &Stop| Ok(());
        let error = share(threads, || (), || Some(()), |_| false, short, || Err(numbered(2)));
        assert!(matches!(error, Err(Error::UnknownId { id: 2, .. })));
    }
}

#[test]
fn the_caller_ticks_while_a_long_task_runs_elsewhere() {
    let caller = thread::current().id();
    for threads in [1, 2] {
        let (ticks, mut tasks, workers) = (AtomicUsize::new(0), 0..2, Mutex::new(HashSet::new()));
        let work = |state: &mut usize, is_long, stop: &Stop| {
            *state += 1;
            if is_long {
                // A helper may have done the short task, too; the caller must not have.
                assert!(*state == 1 || threads > 1, "a thread made for a task has a state of its own");
                workers.lock().unwrap().insert(thread::current().id());
                while ticks.load(SeqCst) < 2 {
                    stop.check()?;
                    thread::yield_now();
                }
            }
            Ok(())
        };
        let tick = || {
            assert_eq!(thread::current().id(), caller);
            ticks.fetch_add(1, SeqCst);
            Ok(())
        };
        let outcome = share(threads, || 0, || tasks.next().map(|task| task == 1), |&is_long| is_long, work, tick);
        assert_eq!(outcome.unwrap(), Outcome::Done);
        assert!(workers.into_inner().unwrap().iter().all(|&worker| worker != caller) && ticks.into_inner() >= 2);
    }
}

#[test]
fn a_panic_anywhere_is_passed_on_once_all_have_ended() {
    let caller = thread::current().id();
    for of_the_caller in [true, false] {
        let (here, running) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = |_, stop: &Stop| {
            running.fetch_add(1, SeqCst);
            meet(&here, 2);
            if (thread::current().id() == caller) == of_the_caller {
                running.fetch_sub(1, SeqCst);
                panic!("on purpose");
            }
            // A panic calls off the others.
            while stop.check().is_ok() {
                thread::yield_now();
            }
            running.fetch_sub(1, SeqCst);
            Ok(())
        };
        let panic = catch_unwind(AssertUnwindSafe(|| share_out(2, 1000, work, NO_TICK))).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"on purpose"));
        assert_eq!(running.load(SeqCst), 0);
    }
    // Nothing is left behind: the pool works on.
    assert_eq!(share_out(2, 10, |_, _| Ok(()), NO_TICK).unwrap(), Outcome::Done);
    let long = || share(1, || (), || Some(()), |()| true, |(), (), _| panic!("on purpose"), NO_TICK);
    assert!(catch_unwind(AssertUnwindSafe(long)).is_err());
}

#[test]
fn an_error_of_what_is_done_meanwhile_calls_the_work_off() {
    let endless = |_: &mut (), stop: &Stop| stop.check().map(|()| Some(()));
    let error = drain(2, || (), endless, |_, _, _| Ok(()), || Err(numbered(1)), NO_TICK).unwrap_err();
    assert!(matches!(error, Error::UnknownId { .. }), "{error}");
}

#[test]
fn an_error_of_the_next_task_ends_the_work() {
    let mut given = 0;
    let failing = move |_: &mut u32, _: &Stop| {
        given += 1;
        if given < 5 { Ok(Some(given)) } else { Err(Error::UnknownId { id: given, position: 0 }) }
    };
    let error = drain(2, || 0, failing, |_, _, _| Ok(()), || Ok(()), NO_TICK).unwrap_err();
    assert!(matches!(error, Error::UnknownId { id: 5, .. }), "{error}");
}
