//! A tokenizer as a file, and as an object of another library.

use std::path::PathBuf;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyMapping};

use super::Tokenizer;
use crate::io::{minbpe, model_file, rank_file, tokenizer_json};
use crate::py::convert::{self, path, shown};
use crate::py::errors::to_python;

#[pymethods]
impl Tokenizer {
    /// Write a model file, complete or not at all.
    fn save(&self, py: Python<'_>, #[pyo3(from_py_with = path)] path: PathBuf) -> PyResult<()> {
        py.detach(|| model_file::save(&self.core, &path)).map_err(|error| to_python(py, error))
    }

    /// Write the ordinary tokens as a rank file in tiktoken's format.
    fn to_tiktoken(&self, py: Python<'_>, #[pyo3(from_py_with = path)] path: PathBuf) -> PyResult<()> {
        py.detach(|| rank_file::save(&self.core, &path)).map_err(|error| to_python(py, error))
    }

    /// Write a tokenizer.json, and on request a tokenizer_config.json beside it.
    #[pyo3(signature = (path, *, config = None))]
    fn to_huggingface(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = path)] path: PathBuf,
        config: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let config = match config {
            Some(config) if config.is_instance_of::<PyMapping>() => Some(json_of("config", config)?),
            Some(config) => {
                return Err(PyTypeError::new_err(format!("config must be a mapping, not {}", shown(config))));
            }
            None => None,
        };
        py.detach(|| tokenizer_json::save(&self.core, &path, config.as_deref())).map_err(|error| to_python(py, error))
    }

    /// Write a minbpe model.
    fn to_minbpe(&self, py: Python<'_>, #[pyo3(from_py_with = path)] path: PathBuf) -> PyResult<()> {
        py.detach(|| minbpe::save(&self.core, &path)).map_err(|error| to_python(py, error))
    }

    /// The same as a `tiktoken.Encoding`.
    #[pyo3(signature = (name = "pairwright".to_owned()), text_signature = "($self, name='pairwright')")]
    fn as_tiktoken<'py>(
        slf: &Bound<'py, Self>,
        #[pyo3(from_py_with = convert::name)] name: String,
    ) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pairwright.adapters")?.call_method1("as_tiktoken", (slf, name))
    }

    /// The same as a `tokenizers.Tokenizer`.
    fn as_huggingface<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pairwright.adapters")?.call_method1("as_huggingface", (slf,))
    }

    /// What is in a model file.
    fn _model_file<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let content = py.detach(|| model_file::to_bytes(&self.core));
        PyBytes::new(py, &content)
    }

    /// What is in a tokenizer.json.
    fn _tokenizer_json(&self, py: Python<'_>) -> PyResult<String> {
        py.detach(|| tokenizer_json::to_text(&self.core)).map_err(|error| to_python(py, error))
    }
}

/// A mapping as JSON.
fn json_of(argument: &str, mapping: &Bound<'_, PyAny>) -> PyResult<String> {
    let (py, plain) = (mapping.py(), PyDict::new(mapping.py()));
    plain.update(mapping.cast::<PyMapping>()?)?;
    let written = py.import("json")?.call_method1("dumps", (plain,)).map_err(|error| {
        let reason = error.value(py).to_string();
        match error.is_instance_of::<PyTypeError>(py) {
            true => PyTypeError::new_err(format!("{argument} has a value that json does not write: {reason}")),
            false => PyValueError::new_err(format!("{argument} has a value that json does not write: {reason}")),
        }
    });
    written?.extract()
}
