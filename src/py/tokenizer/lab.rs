//! What is done with a tokenizer in Python: `pairwright.lab`.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::Tokenizer;

/// What `pairwright.lab.{module}.{module}` gives.
fn call<'py>(
    tokenizer: &Bound<'py, Tokenizer>,
    module: &str,
    given: &Bound<'py, PyTuple>,
    options: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let function = tokenizer.py().import(format!("pairwright.lab.{module}"))?.getattr(module)?;
    let first = PyTuple::new(tokenizer.py(), [tokenizer])?;
    function.call(first.add(given)?.cast::<PyTuple>()?, options)
}

#[pymethods]
impl Tokenizer {
    /// How often each id occurs in a corpus.
    #[pyo3(signature = (*given, **options), text_signature = "($self, source, *, threads=None, progress=None)")]
    fn usage<'py>(
        slf: &Bound<'py, Self>,
        given: &Bound<'py, PyTuple>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        call(slf, "usage", given, options)
    }

    /// Findings about the tokens: unreachable, fragments, never seen and more.
    #[pyo3(
        signature = (*given, **options),
        text_signature = "($self, source=None, *, usage=None, threads=None, progress=None)"
    )]
    fn audit<'py>(
        slf: &Bound<'py, Self>,
        given: &Bound<'py, PyTuple>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        call(slf, "audit", given, options)
    }
}
