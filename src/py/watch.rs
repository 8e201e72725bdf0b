//! Looking after Python while the core works with the interpreter released: signals, progress callbacks, and the
//! exceptions that these raise.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyTuple};

use super::errors::to_python;
use super::leave::Inside;
use crate::error::{Error, Result};
use crate::parallel;
use crate::train::Event;

/// Keeps the exception that a signal handler or a callback raised, while the core only learns that it has to stop.
#[derive(Default)]
pub(super) struct Watch {
    raised: Option<PyErr>,
    /// The bytes counted by earlier calls, which Python hears of as well.
    before: u64,
}

impl Watch {
    /// Reports bytes as if those counted before had been counted in this call.
    pub(super) fn after(before: u64) -> Watch {
        Watch { before, ..Watch::default() }
    }

    /// Lets Python handle signals. To be called from the thread that released the interpreter.
    pub(super) fn signals(&mut self) -> Result<()> {
        let _inside = Inside::enter_detached();
        Python::attach(|py| self.keep(py.check_signals()))
    }

    /// Lets Python handle signals and hands an event to the callback, which returns `False` to stop.
    pub(super) fn report(&mut self, callback: Option<&Py<PyAny>>, event: Event) -> Result<()> {
        let _inside = Inside::enter_detached();
        Python::attach(|py| {
            self.keep(py.check_signals())?;
            let Some(callback) = callback else { return Ok(()) };
            let called = match event {
                Event::Count { done, total } => {
                    callback.call1(py, ("count", self.before + done, self.before + total, py.None(), 0))
                }
                Event::Merge { done, total, pair, count } => {
                    let pair = pair.map(|pair| PyTuple::new(py, pair.map(|token| PyBytes::new(py, token))));
                    pair.transpose().and_then(|pair| callback.call1(py, ("merge", done, total, pair, count)))
                }
            };
            match self.keep(called)?.is(&*PyBool::new(py, false)) {
                true => Err(Error::Stopped),
                false => Ok(()),
            }
        })
    }

    /// The result of work that is done on another thread while this one lets Python handle signals. If a handler raises,
    /// nobody waits for the work: it ends when it ends, and what it gives is dropped.
    pub(super) fn apart<T: Send + 'static>(
        py: Python<'_>,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> PyResult<T> {
        let (done, result) = mpsc::channel();
        let worker = thread::spawn(move || done.send(work()).is_ok());
        let mut watch = Watch::default();
        let (watch, result) = py.detach(move || {
            loop {
                match result.recv_timeout(parallel::TICK) {
                    Ok(result) => return (watch, result),
                    Err(RecvTimeoutError::Timeout) => match watch.signals() {
                        Ok(()) => {}
                        Err(error) => return (watch, Err(error)),
                    },
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            let panic = worker.join().expect_err("it sends a result or panics");
            std::panic::resume_unwind(panic)
        });
        watch.finish(py, result)
    }

    /// The result of the core, or the exception that stopped it.
    pub(super) fn finish<T>(self, py: Python<'_>, result: Result<T>) -> PyResult<T> {
        match (result, self.raised) {
            (Err(Error::Interrupted), Some(raised)) => Err(raised),
            (result, _) => result.map_err(|error| to_python(py, error)),
        }
    }

    fn keep<T>(&mut self, outcome: PyResult<T>) -> Result<T> {
        outcome.map_err(|raised| {
            self.raised.get_or_insert(raised);
            Error::Interrupted
        })
    }
}
