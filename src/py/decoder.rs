//! `StreamDecoder`: ids that arrive one by one → text.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::ids::{Given, id, unknown};
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
    #[new]
    #[pyo3(signature = (*_args, **_options))]
    fn make(_args: &Bound<'_, PyTuple>, _options: Option<&Bound<'_, PyDict>>) -> PyResult<StreamDecoder> {
        Err(PyTypeError::new_err("a StreamDecoder is made by the method stream_decoder of a Tokenizer"))
    }

    /// Take in an id, give out the text that is complete by now.
    #[pyo3(signature = (id, /))]
    fn push(&mut self, id: &Bound<'_, PyAny>) -> PyResult<String> {
        let id = self::id(id, Given::Alone, None)?;
        let core = &self.tokenizer.get().core;
        let unknown = || unknown(&id.0.to_string(), Given::Alone, None, Some(core.vocab_size()));
        Ok(self.stream.push(core.token_bytes(id).ok_or_else(unknown)?))
    }

    /// Give out the rest.
    fn finish(&mut self) -> String {
        self.stream.finish()
    }
}
