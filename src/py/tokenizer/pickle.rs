//! A tokenizer in other processes, and its copies in this one.

use std::path::Path;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::Tokenizer;
use crate::io::model_file;
use crate::py::errors::to_python;

#[pymethods]
impl Tokenizer {
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let content = py.detach(|| model_file::to_bytes(&self.core));
        Ok((py.import("pairwright._core")?.getattr("_from_model")?, (PyBytes::new(py, &content),)))
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }
}

/// Rebuild a tokenizer from the content of a model file.
#[pyfunction]
pub(in crate::py) fn _from_model(py: Python<'_>, content: &[u8]) -> PyResult<Tokenizer> {
    let loaded = py.detach(|| model_file::from_bytes(content, Path::new("pickled tokenizer")));
    loaded.map(Tokenizer::from).map_err(|error| to_python(py, error))
}
