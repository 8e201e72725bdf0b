//! Work that threads share.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use shuttle::thread;

use super::drain::{drain, run};
use super::share::{Outcome, share};
use super::{Stop, pool};
use crate::error::{Error, Result};
use crate::sync::IMPATIENT;

pub const MODELS: [(&str, fn()); 8] = [
    ("tasks of two calls run once each", tasks_of_two_calls_run_once_each),
    ("the first failing task decides", the_first_failing_task_decides),
    ("a panic is passed on", a_panic_is_passed_on),
    ("a long task is looked after", a_long_task_is_looked_after),
    ("work goes on until it is called off", work_goes_on_until_it_is_called_off),
    ("helpers that are held are not waited for", helpers_that_are_held_are_not_waited_for),
    ("threads made for a call work off all", threads_made_for_a_call_work_off_all),
    ("they end after an error", they_end_after_an_error),
];

/// In each run there is no pool at first: to the code it is as if the process had just been forked.
fn begin() {
    pool::forget();
    IMPATIENT.store(false, SeqCst);
}

/// What a thread makes for itself. None is left when a call returns, so no thread can be in the middle of something.
struct State<'a>(&'a AtomicUsize);

impl<'a> State<'a> {
    fn new(alive: &'a AtomicUsize) -> State<'a> {
        alive.fetch_add(1, SeqCst);
        State(alive)
    }
}

impl Drop for State<'_> {
    fn drop(&mut self) {
        // Shuttle changes no thread in the middle of a panic.
        if !thread::panicking() {
            thread::yield_now();
        }
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Shares tasks, none or all of them long; checks that all threads have left.
fn share_out(
    threads: usize,
    tasks: usize,
    are_long: bool,
    work: impl Fn(usize, &Stop) -> Result<()> + Sync,
    tick: impl FnMut() -> Result<()>,
) -> Result<Outcome> {
    let (alive, mut numbers) = (AtomicUsize::new(0), 0..tasks);
    let work = |_: &mut State, task, stop: &Stop| work(task, stop);
    let shared = || share(threads, || State::new(&alive), || numbers.next(), |_| are_long, work, tick);
    let outcome = catch_unwind(AssertUnwindSafe(shared));
    assert_eq!(alive.load(SeqCst), 0, "somebody is still at work");
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn once_each(threads: usize, tasks: usize, are_long: bool) {
    let seen: Vec<_> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
    let work = |task: usize, _: &Stop| {
        thread::yield_now();
        seen[task].fetch_add(1, SeqCst);
        Ok(())
    };
    assert_eq!(share_out(threads, tasks, are_long, work, || Ok(())), Ok(Outcome::Done));
    assert!(seen.iter().all(|times| times.load(SeqCst) == 1));
}

fn tasks_of_two_calls_run_once_each() {
    begin();
    let other = thread::spawn(|| once_each(2, 2, false));
    once_each(3, 3, false);
    other.join().unwrap();
}

fn the_first_failing_task_decides() {
    begin();
    let work = |task, stop: &Stop| match task {
        0 => Ok(()),
        1 => {
            thread::yield_now();
            // Nobody calls this one off.
            stop.check()?;
            Err(Error::Numbered(1))
        }
        _ => Err(Error::Numbered(task)),
    };
    assert_eq!(share_out(3, 4, false, work, || Ok(())), Err(Error::Numbered(1)));
}

fn a_panic_is_passed_on() {
    begin();
    let work = |task, _: &Stop| {
        thread::yield_now();
        if task == 1 { std::panic::resume_unwind(Box::new("on purpose")) } else { Ok(()) }
    };
    let panic = catch_unwind(AssertUnwindSafe(|| share_out(3, 4, false, work, || Ok(())))).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"on purpose"));
    // The pool works on.
    once_each(2, 2, false);
}

fn a_long_task_is_looked_after() {
    begin();
    once_each(2, 2, true);
}

fn work_goes_on_until_it_is_called_off() {
    begin();
    IMPATIENT.store(true, SeqCst);
    let endless = |_, stop: &Stop| loop {
        stop.check()?;
        thread::yield_now();
    };
    assert_eq!(share_out(3, 3, true, endless, || Err(Error::Numbered(9))), Err(Error::Numbered(9)));
}

fn helpers_that_are_held_are_not_waited_for() {
    begin();
    let (open, opened) = (Arc::new(shuttle::sync::Mutex::new(false)), Arc::new(shuttle::sync::Condvar::new()));
    let other = {
        let (open, opened) = (Arc::clone(&open), Arc::clone(&opened));
        thread::spawn(move || {
            let hold = |_, _: &Stop| {
                drop(opened.wait_while(open.lock().unwrap(), |open| !*open).unwrap());
                Ok(())
            };
            assert_eq!(share_out(2, 2, false, hold, || Ok(())), Ok(Outcome::Done));
        })
    };
    once_each(2, 2, false);
    *open.lock().unwrap() = true;
    opened.notify_all();
    other.join().unwrap();
}

fn threads_made_for_a_call_work_off_all() {
    begin();
    let note = |seen: &mut Vec<usize>, task, _: &Stop| {
        thread::yield_now();
        seen.push(task);
        Ok(())
    };
    let mut seen = run(2, 3, Vec::new, note, || Ok(())).unwrap().concat();
    seen.sort();
    assert_eq!(seen, [0, 1, 2]);
}

fn they_end_after_an_error() {
    begin();
    let alive = AtomicUsize::new(0);
    let next = || {
        let mut numbers = 0..4;
        move |_: &mut State, _: &Stop| Ok(numbers.next())
    };
    let fail = |_: &mut State, task, stop: &Stop| match task {
        0 => {
            thread::yield_now();
            stop.check()?;
            Err(Error::Numbered(0))
        }
        _ => Err(Error::Numbered(task)),
    };
    let failed = drain(2, || State::new(&alive), next(), fail, || Ok(()), || Ok(()));
    assert_eq!(failed.map(drop), Err(Error::Numbered(0)));
    let fine = |_: &mut State, _, _: &Stop| Ok(());
    let failed = drain(2, || State::new(&alive), next(), fine, || Err(Error::Numbered(7)), || Ok(()));
    assert_eq!(failed.map(drop), Err(Error::Numbered(7)));
    assert_eq!(alive.load(SeqCst), 0);
}
