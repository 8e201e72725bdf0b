//! A tokenizer in other processes, and its copies in this one. See `pairwright.pickled`.

use std::path::Path;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::Tokenizer;
use crate::io::{model_file, packed};
use crate::py::errors::to_python;
use crate::py::leave::Inside;

#[pymethods]
impl Tokenizer {
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let _inside = Inside::enter(slf.py());
        slf.py().import("pairwright.pickled")?.call_method1("reduce", (slf,))
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    /// The whole tokenizer, packed.
    fn _packed(&self, py: Python<'_>) -> Py<PyBytes> {
        self.contents.packed(py, &self.core)
    }
}

/// Rebuild a tokenizer from what was packed.
#[pyfunction]
pub(in crate::py) fn _from_packed(py: Python<'_>, content: &[u8]) -> PyResult<Tokenizer> {
    let unpacked = py.detach(|| packed::from_bytes(content, Path::new("pickled tokenizer")));
    unpacked.map(Tokenizer::from).map_err(|error| to_python(py, error))
}

/// Rebuild a tokenizer from the content of a model file: what earlier versions pickled, and what token folders hold.
#[pyfunction]
pub(in crate::py) fn _from_model(py: Python<'_>, content: &[u8]) -> PyResult<Tokenizer> {
    let loaded = py.detach(|| model_file::from_bytes(content, Path::new("pickled tokenizer")));
    loaded.map(Tokenizer::from).map_err(|error| to_python(py, error))
}
