//! Text → the number of its ids.

use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;

use super::Tokenizer;
use crate::error::Result;
use crate::parallel::Stop;
use crate::py::arrays;
use crate::py::convert::{self, Text};
use crate::py::leave::Inside;

impl Tokenizer {
    fn count_of(&self, py: Python<'_>, text: &Text, threads: Option<&Bound<'_, PyAny>>) -> PyResult<usize> {
        let threads = convert::threads(threads)?;
        let (bytes, policy) = (&*text.bytes, &self.core.special().ordinary());
        let count = || self.core.count_into(bytes, policy, &mut self.core.scratch(), &Stop::default());
        self.worked(py, bytes.len(), count, |tick| self.core.count_long(bytes, policy, threads, tick))
    }
}

#[pymethods]
impl Tokenizer {
    /// The number of ids of a text in which special tokens are plain text.
    #[pyo3(signature = (text, *, threads = None))]
    fn count(&self, py: Python<'_>, text: &Bound<'_, PyAny>, threads: Option<&Bound<'_, PyAny>>) -> PyResult<usize> {
        self.count_of(py, &Text::of(text)?, threads)
    }

    /// The number of ids of many texts, in parallel.
    #[pyo3(signature = (texts, *, threads = None))]
    fn count_batch<'py>(
        &self,
        py: Python<'py>,
        texts: &Bound<'py, PyAny>,
        threads: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        arrays::prepare(py)?;
        let threads = convert::threads(threads)?;
        let count = |texts: &[&[u8]], tick: &mut (dyn FnMut() -> Result<()> + Send)| {
            self.core.count_batch(texts, &self.core.special().ordinary(), threads, tick)
        };
        let counts = self.batch_of(py, texts, count)?;
        let _inside = Inside::enter(py);
        Ok(counts.into_pyarray(py))
    }
}
