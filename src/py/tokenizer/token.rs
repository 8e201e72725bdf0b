//! Id ↔ token.

use pyo3::exceptions::{PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::Tokenizer;
use crate::Id;
use crate::py::convert::{Text, shown};
use crate::py::ids::{self, Given, unknown};

impl Tokenizer {
    /// The id of the token with exactly these bytes, special ones included.
    fn id_of(&self, bytes: &[u8]) -> Option<Id> {
        let special = || self.core.special().id(std::str::from_utf8(bytes).ok()?);
        let empty = self.core.vocab().empty().filter(|_| bytes.is_empty());
        self.core.vocab().id(bytes).or(empty).or_else(special)
    }
}

#[pymethods]
impl Tokenizer {
    /// The bytes of a token, special ones included.
    fn token_bytes<'py>(&self, py: Python<'py>, id: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        let id = ids::id(id, Given::Alone, None)?;
        let unknown = || unknown(&id.0.to_string(), Given::Alone, None, Some(self.core.vocab_size()));
        Ok(PyBytes::new(py, self.core.token_bytes(id).ok_or_else(unknown)?))
    }

    /// The id of the token with exactly these bytes, special ones included.
    fn token_id(&self, token: &Bound<'_, PyAny>) -> PyResult<u32> {
        let text = Text::named(token, || "a token".to_owned())?;
        match self.id_of(&text.bytes) {
            Some(id) => Ok(id.0),
            None => Err(PyKeyError::new_err(format!("no token has the bytes {}", token.repr()?))),
        }
    }

    /// `vocab_size`.
    fn __len__(&self) -> usize {
        self.core.vocab_size()
    }

    fn __bool__(&self) -> bool {
        true
    }

    /// Whether there is a token with this id, or with exactly these bytes.
    fn __contains__(&self, token: &Bound<'_, PyAny>) -> PyResult<bool> {
        if let Ok(text) = Text::of(token) {
            return Ok(self.id_of(&text.bytes).is_some());
        }
        match ids::id(token, Given::Alone, None) {
            Ok(id) => Ok(self.core.token_bytes(id).is_some()),
            Err(error) if error.is_instance_of::<PyKeyError>(token.py()) => Ok(false),
            Err(error) if error.is_instance_of::<PyTypeError>(token.py()) => Err(PyTypeError::new_err(format!(
                "what is looked for in a Tokenizer is an id (int), or a token (str or bytes), not {}",
                shown(token)
            ))),
            Err(error) => Err(error),
        }
    }
}
