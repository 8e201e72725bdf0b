//! How numpy makes and lends arrays, looked up before the first one.

use std::panic;
use std::thread::{Builder, JoinHandle};

use numpy::{IntoPyArray, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::leave::Inside;

static FOUND: PyOnceLock<()> = PyOnceLock::new();

/// Imports numpy and looks up its interface, once per process. Call it before work that begins or ends with an array.
///
/// The first array would do it otherwise. A signal handler that raises in the middle of it makes the look-up panic, and
/// the import fail with another exception. Only the main thread runs signal handlers, so another one does it.
///
/// # Errors
/// `ImportError` without numpy; what a signal handler raises.
pub(super) fn prepare(py: Python<'_>) -> PyResult<()> {
    if FOUND.get(py).is_some() {
        return Ok(());
    }
    let _inside = Inside::enter(py);
    let apart = || Python::try_attach(look_up);
    let ended = py.detach(|| Builder::new().spawn(apart).ok().map(JoinHandle::join));
    match ended {
        Some(Ok(Some(found))) => found?,
        Some(Err(panicked)) => panic::resume_unwind(panicked),
        // There is no thread to be had, or the interpreter is ending.
        None | Some(Ok(None)) => look_up(py)?,
    }
    let _ = FOUND.set(py, ());
    py.check_signals()
}

fn look_up(py: Python<'_>) -> PyResult<()> {
    py.import("numpy")?;
    drop(vec![0_u32].into_pyarray(py).readonly());
    Ok(())
}
