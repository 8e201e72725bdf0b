//! Threads that wait for work, shared by the process.
//!
//! They are made when they are first asked for, as many as the largest number asked for at a time, and never end. Who
//! asks for helpers works, too, and waits only for those that have begun: when all are busy elsewhere, nobody comes, and
//! nothing is lost but help.
//!
//! After a fork the child has one thread: the one that forked. Whatever the others held stays locked for ever, so that
//! the child must touch nothing of the pool it inherits. A handler that the system runs in the child forgets it; what it
//! holds is leaked, some hundred bytes, and the next call makes a new pool. A call in the middle of which its own thread
//! forked (in its `tick`) learns by [`Crew::is_forked`] that its helpers are gone.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::sync::{Arc, PoisonError};

use crate::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use crate::sync::time::Duration;
use crate::sync::{Condvar, Mutex, MutexGuard, thread};

/// Runs `own` on this thread while up to `helpers` threads of the pool run `help`, each once; returns when all have ended.
///
/// Helpers that have not begun when `own` returns never do. A panic of a helper goes on here, after that of `own`.
pub(super) fn alongside<R>(helpers: usize, help: &(dyn Fn() + Sync), own: impl FnOnce(&Crew) -> R) -> R {
    let crew = Crew::new(helpers, help);
    if helpers > 0 && watch_forks() {
        Pool::of_the_process().lend(&crew.job, helpers);
    }
    crew.lead(own)
}

/// Runs `help` on a thread of its own while this one runs `own`, which must wait until the crew [has
/// ended](Crew::ended_within). Where the system gives no thread, `help` is run here before `own`.
pub(super) fn apart<R>(help: &(dyn Fn() + Sync), own: impl FnOnce(&Crew) -> R) -> R {
    let crew = Crew::new(1, help);
    watch_forks();
    let job = Arc::clone(&crew.job);
    if spawn(move || job.help_once()).is_err() {
        crew.job.help_once();
    }
    crew.lead(own)
}

fn spawn(body: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    thread::Builder::new().name("pairwright".into()).spawn(body).map(drop)
}

/// What helpers are to run, and how many do.
struct Job {
    /// Borrowed from the call of [`Crew::new`]; see there.
    help: *const (dyn Fn() + Sync + 'static),
    count: Mutex<Count>,
    ended: Condvar,
}

#[derive(Default)]
struct Count {
    /// Helpers that may still begin.
    open: usize,
    running: usize,
    panic: Option<Box<dyn Any + Send>>,
}

// SAFETY: a job is a pointer to something that is `Sync`, so that any thread may call it; all else is `Send` and `Sync`.
unsafe impl Send for Job {}
// SAFETY: as above.
unsafe impl Sync for Job {}

impl Job {
    /// Whether the calling thread is to help. If so, it must, at once.
    fn begin(&self) -> bool {
        let mut count = lock(&self.count);
        let may = count.open > 0;
        if may {
            count.open -= 1;
            count.running += 1;
        }
        may
    }

    /// Helps, if the calling thread still may.
    fn help_once(&self) {
        if self.begin() {
            self.help();
        }
    }

    /// Helps, after [`Job::begin`].
    fn help(&self) {
        // SAFETY: `help` lives as long as a call of `Crew::lead` (or of `apart` before it) that ends, also by unwinding,
        // only after it has closed the job under the lock and has seen under the same lock that none is running. This
        // thread counts as running from `begin`, which found the job open, until the lock is taken below.
        let help = unsafe { &*self.help };
        let outcome = catch_unwind(AssertUnwindSafe(help));
        let mut count = lock(&self.count);
        count.running -= 1;
        if let Err(panic) = outcome {
            count.panic.get_or_insert(panic);
        }
        self.ended.notify_all();
    }
}

/// The helpers of one call. While it lives, they may run; when it is dropped, none does.
pub(super) struct Crew {
    job: Arc<Job>,
    /// Seen when it was made, if anybody may come.
    forks: Option<u64>,
}

impl Crew {
    /// A crew for a function that must not end before the crew is dropped: the callers are the two functions above, in
    /// which it is a parameter, and the crew a local that nobody else can keep from being dropped.
    fn new(helpers: usize, help: &(dyn Fn() + Sync)) -> Crew {
        // SAFETY: only the lifetime changes. For its use see `Job::help`.
        let help = unsafe { std::mem::transmute::<&(dyn Fn() + Sync), &'static (dyn Fn() + Sync)>(help) };
        let count = Mutex::new(Count { open: helpers, ..Count::default() });
        let forks = (helpers > 0).then(|| FORKS.load(Ordering::Relaxed));
        Crew { job: Arc::new(Job { help, count, ended: Condvar::new() }), forks }
    }

    fn lead<R>(self, own: impl FnOnce(&Crew) -> R) -> R {
        let result = own(&self);
        if self.is_forked() {
            return result;
        }
        self.close();
        let panic = lock(&self.job.count).panic.take();
        drop(self);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
        result
    }

    /// Lets no helper begin any more.
    pub(super) fn dismiss(&self) {
        lock(&self.job.count).open = 0;
    }

    /// Waits until no helper is running or may begin, but only so long; tells whether that is so.
    pub(super) fn ended_within(&self, time: Duration) -> bool {
        let busy = |count: &mut Count| count.open + count.running > 0;
        let waited = self.job.ended.wait_timeout_while(lock(&self.job.count), time, busy);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Whether this thread has forked since the crew was made, and this is the child, where it has no helpers. Then
    /// nothing may be locked that they may have locked.
    pub(super) fn is_forked(&self) -> bool {
        self.forks.is_some_and(|seen| FORKS.load(Ordering::Relaxed) != seen)
    }

    /// Waits until no helper is running or may begin.
    fn close(&self) {
        let mut count = lock(&self.job.count);
        count.open = 0;
        // Not `wait_while`, which would stop waiting for what is borrowed if the lock were poisoned.
        while count.running > 0 {
            count = self.job.ended.wait(count).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        if !self.is_forked() {
            self.close();
        }
    }
}

/// The threads of the process.
struct Pool {
    state: Mutex<State>,
    /// There is a job.
    called: Condvar,
}

#[derive(Default)]
struct State {
    /// The oldest first. Those that are over may still be here.
    jobs: VecDeque<Arc<Job>>,
    threads: usize,
    idle: usize,
}

static POOL: AtomicPtr<Pool> = AtomicPtr::new(ptr::null_mut());

/// How often a process was forked that led to this one, since there was a pool.
static FORKS: AtomicU64 = AtomicU64::new(0);

impl Pool {
    /// The pool there is, or a new one. Forks must be watched already.
    fn of_the_process() -> &'static Pool {
        let mut pool = POOL.load(Ordering::Acquire);
        if pool.is_null() {
            // Nothing here waits for another thread, which a fork might take away.
            let new = Box::into_raw(Box::new(Pool { state: Mutex::default(), called: Condvar::new() }));
            pool = match POOL.compare_exchange(ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => new,
                Err(first) => {
                    // SAFETY: it was made above, and nobody else has seen it.
                    drop(unsafe { Box::from_raw(new) });
                    first
                }
            };
        }
        // SAFETY: it comes from a box that is never freed.
        unsafe { &*pool }
    }

    /// Calls for helpers.
    fn lend(&'static self, job: &Arc<Job>, helpers: usize) {
        let mut state = lock(&self.state);
        state.jobs.retain(|job| lock(&job.count).open > 0);
        state.jobs.push_back(Arc::clone(job));
        (0..helpers.min(state.idle)).for_each(|_| self.called.notify_one());
        while state.threads < helpers && spawn(|| self.serve()).is_ok() {
            state.threads += 1;
        }
    }

    /// What a thread of the pool does.
    fn serve(&self) -> ! {
        let mut state = lock(&self.state);
        loop {
            match state.jobs.front().cloned() {
                Some(job) if job.begin() => {
                    drop(state);
                    job.help();
                    drop(job);
                    state = lock(&self.state);
                }
                Some(_) => drop(state.jobs.pop_front()),
                None => {
                    state.idle += 1;
                    state = self.called.wait(state).unwrap_or_else(PoisonError::into_inner);
                    state.idle -= 1;
                }
            }
        }
    }
}

/// Nothing that can panic runs under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the child of a fork does first: the pool that it inherits has no threads here.
pub(super) extern "C" fn forget() {
    POOL.store(ptr::null_mut(), Ordering::Relaxed);
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// Has the child of every fork [`forget`] the pool; tells whether it will.
#[cfg(unix)]
fn watch_forks() -> bool {
    use crate::sync::atomic::AtomicBool;

    static WATCHED: AtomicBool = AtomicBool::new(false);
    // Two threads may both come here; that the pool is forgotten twice does no harm. Waiting for each other would: a fork
    // might take away the one that is waited for.
    if !WATCHED.load(Ordering::Acquire) {
        // SAFETY: the handler only writes to atomics, which is allowed between a fork and whatever the child does then.
        // It fails only for want of memory.
        let watched = unsafe { libc::pthread_atfork(None, None, Some(forget)) } == 0;
        WATCHED.store(watched, Ordering::Release);
        return watched;
    }
    true
}

/// There is no fork here.
#[cfg(not(unix))]
fn watch_forks() -> bool {
    true
}
