//! What a tokenizer is made of, and how it shows itself.

use std::hash::{DefaultHasher, Hash, Hasher};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::Tokenizer;
use crate::normalize::Form;

#[pymethods]
impl Tokenizer {
    /// One more than the largest id.
    #[getter]
    fn vocab_size(&self) -> usize {
        self.core.vocab_size()
    }

    /// The split pattern: its name, or the regex that was given.
    #[getter]
    fn pattern(&self) -> &str {
        self.core.splitter().pattern().as_str()
    }

    /// Whether a piece that is a token is encoded to it, whether or not merging gives it.
    #[getter]
    fn ignore_merges(&self) -> bool {
        self.core.ignores_merges()
    }

    /// The normal form that text is brought into.
    #[getter]
    fn normalizer(&self) -> Option<&str> {
        self.core.normalizer().map(Form::name)
    }

    /// The ids that a model expects before a text.
    #[getter]
    fn beginning(&self) -> Vec<u32> {
        self.core.frame()[0].iter().map(|id| id.0).collect()
    }

    /// The ids that a model expects behind a text.
    #[getter]
    fn ending(&self) -> Vec<u32> {
        self.core.frame()[1].iter().map(|id| id.0).collect()
    }

    /// The special tokens with their ids.
    #[getter]
    fn special_tokens(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.contents.special_tokens(py, &self.core)
    }

    /// The merges in order.
    #[getter]
    fn merges(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.contents.merges(py, &self.core)
    }

    /// Their number, for which they need not be made.
    #[getter]
    fn _merge_count(&self, py: Python<'_>) -> usize {
        py.detach(|| self.core.merges().len())
    }

    /// The ordinary tokens with their ids.
    #[getter]
    fn vocab(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.contents.vocab(py, &self.core)
    }

    /// How the tokenizer was made.
    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let text = serde_json::Value::Object(self.core.metadata().clone()).to_string();
        py.import("json")?.call_method1("loads", (text,))
    }

    /// The same tokenizer with other metadata, a JSON object.
    fn _with_metadata(&self, metadata: &str) -> PyResult<Tokenizer> {
        let metadata = serde_json::from_str(metadata).map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(self.core.clone().with_metadata(metadata).into())
    }

    /// Whether only the listed merges happen.
    #[getter]
    fn _is_by_list(&self) -> bool {
        self.core.is_by_list()
    }

    /// Whether it neither normalizes texts nor finds special tokens but where they stand and are allowed.
    #[getter]
    fn _is_plain(&self) -> bool {
        self.core.is_plain()
    }

    /// If its merge list means something else than its ranks: a merge that shows it.
    fn _unlike_ranks(&self, py: Python<'_>) -> Option<String> {
        py.detach(|| self.core.unlike_ranks())
    }

    /// What it does besides, if it is not plain.
    fn _unlike_plain(&self) -> Option<String> {
        self.core.unlike_plain()
    }

    /// The first token of two bytes or more that no merge gives.
    fn _unreached<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        py.detach(|| self.core.unreached()).map(|(_, bytes)| PyBytes::new(py, bytes))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Tokenizer>().is_ok_and(|other| self.core == other.get().core)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.pattern().hash(&mut hasher);
        self.core.special().iter().for_each(|special| special.hash(&mut hasher));
        self.core.vocab().iter().for_each(|token| token.hash(&mut hasher));
        hasher.finish()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let pattern = PyString::new(py, self.pattern()).repr()?;
        let (size, special) = (self.core.vocab_size(), self.core.special().iter().len());
        Ok(format!("Tokenizer(vocab_size={size}, pattern={pattern}, special_tokens={special})"))
    }
}
