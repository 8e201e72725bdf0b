//! A process that forks, whatever its threads are doing, has a child that works.
#![cfg(unix)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use pairwright::parallel::{Outcome, share};
use pairwright::{SpecialTokens, Splitter, TokenBatch, Tokenizer, Vocab};

const PATIENCE: Duration = Duration::from_secs(120);

/// One fork at a time: those of the other tests would be inherited, too, and make these slow.
static ALONE: Mutex<()> = Mutex::new(());

/// Forks, and has the child do something that tells whether all is well.
fn fork(child: impl FnOnce() -> bool) -> libc::pid_t {
    // SAFETY: the child of a process with threads may do whatever locks nothing that another thread may have locked. The
    // allocator of libc is made for that; for all else that is what is tested here.
    match unsafe { libc::fork() } {
        0 => {
            let works = child();
            // SAFETY: it ends the process; nothing of the test harness is to run in it.
            unsafe { libc::_exit(if works { 0 } else { 1 }) }
        }
        child => {
            assert!(child > 0, "no process could be made");
            child
        }
    }
}

/// Whether a child came to a good end. One that hangs is killed.
fn ends_well(child: libc::pid_t) -> bool {
    let start = Instant::now();
    let mut status = -1;
    loop {
        // SAFETY: `status` is a place for an integer.
        match unsafe { libc::waitpid(child, &mut status, libc::WNOHANG) } {
            0 if start.elapsed() > PATIENCE => {
                // SAFETY: it is a child of this process that has not been waited for.
                unsafe { libc::kill(child, libc::SIGKILL) };
                // SAFETY: as above.
                unsafe { libc::waitpid(child, &mut status, 0) };
                return false;
            }
            0 => thread::sleep(Duration::from_millis(1)),
            _ => return status == 0,
        }
    }
}

/// Work for exactly three threads, each of which waits for the others.
fn three_threads_meet() -> bool {
    let (mut tasks, here, start) = (0..3, AtomicUsize::new(0), Instant::now());
    let meet = |(): &mut (), _, _: &_| {
        here.fetch_add(1, SeqCst);
        while here.load(SeqCst) < 3 && start.elapsed() < PATIENCE {
            thread::yield_now();
        }
        Ok(())
    };
    let outcome = share(3, || (), || tasks.next(), |_| false, meet, || Ok(()));
    matches!(outcome, Ok(Outcome::Done)) && here.into_inner() == 3 && start.elapsed() < PATIENCE
}

#[test]
fn a_child_has_a_pool_of_its_own_while_that_of_the_parent_is_busy() {
    let _alone = ALONE.lock();
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            // Tiny tasks: locks are taken and given back all the time.
            scope.spawn(|| {
                while !ended.load(SeqCst) {
                    let mut tasks = 0..1000;
                    let outcome = share(3, || (), || tasks.next(), |_| false, |(), _, _| Ok(()), || Ok(()));
                    assert_eq!(outcome.unwrap(), Outcome::Done);
                }
            });
        }
        for _ in 0..30 {
            let child = fork(|| three_threads_meet() && ends_well(fork(three_threads_meet)));
            if !ends_well(child) {
                ended.store(true, SeqCst);
                panic!("a child failed or hung");
            }
        }
        ended.store(true, SeqCst);
    });
    assert!(three_threads_meet());
}

#[test]
fn a_call_that_forks_in_its_tick_ends_in_parent_and_child() {
    let _alone = ALONE.lock();
    let tokenizer =
        Tokenizer::from_ranks(Vocab::of_bytes(), Splitter::new("cl100k").unwrap(), SpecialTokens::default()).unwrap();
    let text = "so much to do, so many ticks ".repeat(50_000);
    let ids = tokenizer.encode_ordinary(text.as_bytes()).unwrap();
    // One piece, done by a thread made for it where the caller takes it.
    let letters = "x".repeat(3 << 20);
    let letter = tokenizer.encode_ordinary(b"x").unwrap()[0];
    let is_right = |batch: &TokenBatch| {
        let (others, last) = batch.values.split_at(batch.offsets[batch.offsets.len() - 2] as usize);
        others.chunks(ids.len()).all(|text| text == ids)
            && last.len() == letters.len()
            && last.iter().all(|&id| id == letter)
    };
    for threads in [1, 2, 4] {
        for counts in [false, true] {
            let (mut child, mut times) = (-1, 2);
            // More and more, until it takes so long that there is a tick.
            while child == -1 {
                times *= 2;
                assert!(times < 1 << 12, "there was no tick, or no process could be made");
                let texts = [vec![text.as_bytes(); times], vec![letters.as_bytes()]].concat();
                // The first time.
                let tick = || {
                    if child == -1 {
                        // SAFETY: as in `fork` above.
                        child = unsafe { libc::fork() };
                    }
                    Ok(())
                };
                let asked = threads.try_into().ok();
                let right = if counts {
                    let counts =
                        tokenizer.count_batch(&texts, &tokenizer.special().ordinary(), asked, tick).unwrap_or_default();
                    counts == [vec![ids.len() as i64; times], vec![letters.len() as i64]].concat()
                } else {
                    let batch = tokenizer.encode_batch(&texts, &tokenizer.special().ordinary(), asked, tick);
                    batch.is_ok_and(|batch| batch.offsets.len() == times + 2 && is_right(&batch))
                };
                if child == 0 {
                    // SAFETY: as in `fork` above.
                    unsafe { libc::_exit(if right { 0 } else { 1 }) }
                }
                assert!(right, "{threads} threads, {counts}");
            }
            assert!(child > 0 && ends_well(child), "{threads} threads, {counts}: child {child} failed or hung");
        }
    }
}
