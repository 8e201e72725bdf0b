//! How long work is done: with the interpreter released, on several threads, and looking after signals.

use pyo3::prelude::*;

use super::Tokenizer;
use crate::error::Result;
use crate::py::errors::to_python;
use crate::py::texts::with_texts;
use crate::py::watch::Watch;

/// Texts up to this many bytes take less than a microsecond or two.
pub(super) const SHORT: usize = 1 << 10;

/// Texts longer than this may be worked on by several threads, while this one looks after signals.
const LONG: usize = 64 << 10;

/// What to reckon with in most text, at least.
pub(super) const BYTES_PER_ID: usize = 4;

impl Tokenizer {
    /// Work on a text of so many bytes: done at once if it is short, else on any threads while Python handles signals.
    pub(super) fn worked<T: Send>(
        &self,
        py: Python<'_>,
        bytes: usize,
        at_once: impl Fn() -> Result<T> + Send + Sync,
        work: impl FnOnce(&mut (dyn FnMut() -> Result<()> + Send)) -> Result<T> + Send,
    ) -> PyResult<T> {
        // Letting go of the interpreter would take longer.
        if bytes <= SHORT {
            return at_once().map_err(|error| to_python(py, error));
        }
        let mut watch = Watch::default();
        let is_quick = bytes <= LONG && self.core.splitter().is_linear();
        let done = py.detach(|| if is_quick { at_once() } else { work(&mut || watch.signals()) });
        watch.finish(py, done)
    }

    /// What the core makes of many texts while Python handles signals.
    pub(super) fn batch_of<T: Send>(
        &self,
        py: Python<'_>,
        values: &Bound<'_, PyAny>,
        work: impl FnOnce(&[&[u8]], &mut (dyn FnMut() -> Result<()> + Send)) -> Result<T> + Send,
    ) -> PyResult<T> {
        let mut watch = Watch::default();
        let done = with_texts(values, |texts| py.detach(|| work(texts, &mut || watch.signals())))?;
        watch.finish(py, done)
    }
}
