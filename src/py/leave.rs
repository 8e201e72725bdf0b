//! The end of the interpreter while other threads are in our calls.
//!
//! Before Python 3.14 a thread that wants the interpreter back when it is ending is unwound from within, which no Rust code
//! above it survives. Where a thread gives the interpreter up to let us work, PyO3 sees to that. It cannot where Python code runs
//! on our behalf, as when numpy is imported or a batch is made, nor where a thread asks for an interpreter that is gone. So
//! the end waits until all are out of such places, and no thread enters one any more.

use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

static LEAVING: AtomicBool = AtomicBool::new(false);
/// The thread that ends the interpreter. What it calls on the way out is served.
static LEAVER: OnceLock<ThreadId> = OnceLock::new();
static INSIDE: AtomicUsize = AtomicUsize::new(0);

/// The process that loaded the module. In a child that was forked, whoever was inside is gone.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// As long as importing numpy may take, many times over.
const PATIENCE: Duration = Duration::from_secs(5);

/// While there is one, the interpreter does not end.
pub(super) struct Inside;

impl Inside {
    /// To be called before Python code may run. Where the interpreter is ending already, the thread stops here for good.
    pub(super) fn enter(py: Python<'_>) -> Inside {
        Inside::unless_leaving().unwrap_or_else(|| py.detach(stop))
    }

    /// The same for a thread that is about to ask for the interpreter, which may not be there any more.
    pub(super) fn enter_detached() -> Inside {
        Inside::unless_leaving().unwrap_or_else(stop)
    }

    /// The same, but `None` where the thread would stop.
    pub(super) fn unless_leaving() -> Option<Inside> {
        // Who leaves looks at the number after it has said so.
        INSIDE.fetch_add(1, SeqCst);
        let inside = Inside;
        let is_over = LEAVING.load(SeqCst)
            && process::id() == PROCESS.load(SeqCst)
            && LEAVER.get() != Some(&thread::current().id());
        (!is_over).then_some(inside)
    }
}

fn stop() -> Inside {
    loop {
        thread::park();
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.fetch_sub(1, SeqCst);
    }
}

/// Called when the interpreter begins to end.
#[pyfunction]
fn leave(py: Python<'_>) {
    let _ = LEAVER.set(thread::current().id());
    LEAVING.store(true, SeqCst);
    if process::id() != PROCESS.load(SeqCst) {
        return;
    }
    py.detach(|| {
        let start = Instant::now();
        while INSIDE.load(SeqCst) > 0 && start.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(1));
        }
    });
}

/// Has `leave` called when the interpreter ends.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    PROCESS.store(process::id(), SeqCst);
    let leave = wrap_pyfunction!(leave, module)?;
    module.py().import("atexit")?.call_method1("register", (leave,)).map(drop)
}
