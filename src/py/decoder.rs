//! `StreamDecoder`: ids that arrive one by one → text.

use pyo3::prelude::*;

use super::convert::{id, unknown};
use super::tokenizer::Tokenizer;
use crate::decode::Utf8Stream;

/// Turns ids that arrive one by one into text. Holds back only a character that is not complete yet.
#[pyclass(module = "pairwright")]
pub(super) struct StreamDecoder {
    tokenizer: Py<Tokenizer>,
    stream: Utf8Stream,
}

impl StreamDecoder {
    pub(super) fn new(tokenizer: Py<Tokenizer>) -> StreamDecoder {
        StreamDecoder { tokenizer, stream: Utf8Stream::default() }
    }
}

#[pymethods]
impl StreamDecoder {
    /// Take in an id, give out the text that is complete by now.
    #[pyo3(signature = (id, /))]
    fn push(&mut self, #[pyo3(from_py_with = one)] id: crate::vocab::Id) -> PyResult<String> {
        let bytes = self.tokenizer.get().core.token_bytes(id).ok_or_else(|| unknown(&id.0.to_string(), None))?;
        Ok(self.stream.push(bytes))
    }

    /// Give out the rest.
    fn finish(&mut self) -> String {
        self.stream.finish()
    }
}

fn one(number: &Bound<'_, PyAny>) -> PyResult<crate::vocab::Id> {
    id(number, None)
}
