//! Text → ids.

use std::ffi::CString;

use numpy::{IntoPyArray, PyArray1, PyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyList;

use super::Tokenizer;
use super::decode::spans_array;
use super::work::{BYTES_PER_ID, SHORT};
use crate::encode::batch::Ending;
use crate::error::Result;
use crate::parallel::Stop;
use crate::py::arrays;
use crate::py::convert::{self, Text, allowed, disallowed};
use crate::py::errors::to_python;
use crate::py::ints;
use crate::py::leave::Inside;
use crate::py::surrogates::Places;
use crate::span::{Unit, spans};
use crate::{Choice, Id, Policy, TokenBatch};

impl Tokenizer {
    fn policy(&self, py: Python<'_>, allowed: &Choice, refused: &Choice) -> PyResult<Policy<'_>> {
        if let Choice::Names(names) = allowed {
            names.iter().try_for_each(|name| self.warn_of_unknown(py, name))?;
        }
        self.core.policy(allowed, refused).map_err(|error| to_python(py, error))
    }

    /// Warns of a name in `allowed_special` that is no special token: as in tiktoken it has no effect, but hardly is meant to.
    fn warn_of_unknown(&self, py: Python<'_>, name: &str) -> PyResult<()> {
        if self.core.special().id(name).is_some() {
            return Ok(());
        }
        let _inside = Inside::enter(py);
        let names: Vec<&str> = self.core.special().iter().map(|(name, _)| name).collect();
        let close: Vec<String> = py.import("difflib")?.call_method1("get_close_matches", (name, &names))?.extract()?;
        let known = match (names.is_empty(), close.is_empty()) {
            (true, _) => "it has none".to_owned(),
            (false, false) => format!("did you mean {close:?}?"),
            (false, true) if names.len() <= 8 => format!("there are {names:?}"),
            (false, true) => "special_tokens has those there are".to_owned(),
        };
        let message = format!("allowed_special has {name:?}, which is no special token of this tokenizer; {known}");
        let class = py.import("pairwright.errors")?.getattr("UnknownSpecialWarning")?;
        PyErr::warn(py, &class, &CString::new(message.replace('\0', "\\0"))?, 1)
    }

    fn ids_of(
        &self,
        py: Python<'_>,
        text: &Text,
        policy: &Policy,
        threads: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Vec<Id>> {
        let threads = convert::threads(threads)?;
        let bytes = &*text.bytes;
        let encode = || {
            let mut ids = Vec::with_capacity(bytes.len() / BYTES_PER_ID);
            self.core.encode_into(bytes, policy, &mut self.core.scratch(), &mut ids, &Stop::default())?;
            Ok(ids)
        };
        self.worked(py, bytes.len(), encode, |tick| self.core.encode_long(bytes, policy, threads, tick))
    }

    /// A list of the ids of a text.
    #[inline]
    fn list_of<'py>(
        &self,
        py: Python<'py>,
        text: &Bound<'py, PyAny>,
        policy: &Policy,
        threads: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let text = Text::of(text)?;
        if text.bytes.len() > SHORT {
            return ints::list(py, &self.ids_of(py, &text, policy, threads)?);
        }
        convert::threads(threads)?;
        let mut scratch = self.core.scratch();
        let mut ids = scratch.ids();
        let encoded = self.core.encode_into(&text.bytes, policy, &mut scratch, &mut ids, &Stop::default());
        let list = encoded.map_err(|error| to_python(py, error)).and_then(|()| ints::list(py, &ids));
        scratch.keep(ids);
        list
    }
}

#[pymethods]
impl Tokenizer {
    /// The ids of a text.
    #[pyo3(
        signature = (text, *, allowed_special = Choice::NONE, disallowed_special = Choice::All, threads = None),
        text_signature = "($self, text, *, allowed_special=(), disallowed_special='all', threads=None)"
    )]
    fn encode<'py>(
        &self,
        py: Python<'py>,
        text: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = allowed)] allowed_special: Choice,
        #[pyo3(from_py_with = disallowed)] disallowed_special: Choice,
        threads: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let policy = self.policy(py, &allowed_special, &disallowed_special)?;
        self.list_of(py, text, &policy, threads)
    }

    /// The ids of a text in which special tokens are plain text.
    #[pyo3(signature = (text, *, threads = None))]
    fn encode_ordinary<'py>(
        &self,
        py: Python<'py>,
        text: &Bound<'py, PyAny>,
        threads: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        self.list_of(py, text, &self.core.special().ordinary(), threads)
    }

    /// As `encode`, as an array of uint32.
    #[pyo3(
        signature = (text, *, allowed_special = Choice::NONE, disallowed_special = Choice::All, threads = None),
        text_signature = "($self, text, *, allowed_special=(), disallowed_special='all', threads=None)"
    )]
    fn encode_to_numpy<'py>(
        &self,
        py: Python<'py>,
        text: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = allowed)] allowed_special: Choice,
        #[pyo3(from_py_with = disallowed)] disallowed_special: Choice,
        threads: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyArray1<u32>>> {
        arrays::prepare(py)?;
        let policy = self.policy(py, &allowed_special, &disallowed_special)?;
        let ids = self.ids_of(py, &Text::of(text)?, &policy, threads)?;
        let _inside = Inside::enter(py);
        Ok(numbers(ids).into_pyarray(py))
    }

    /// The ids of many texts, in parallel, in one flat array.
    #[pyo3(
        signature = (texts, *, allowed_special = Choice::NONE, disallowed_special = Choice::All, threads = None),
        text_signature = "($self, texts, *, allowed_special=(), disallowed_special='all', threads=None)"
    )]
    fn encode_batch<'py>(
        &self,
        py: Python<'py>,
        texts: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = allowed)] allowed_special: Choice,
        #[pyo3(from_py_with = disallowed)] disallowed_special: Choice,
        threads: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        arrays::prepare(py)?;
        let policy = self.policy(py, &allowed_special, &disallowed_special)?;
        let threads = convert::threads(threads)?;
        let encode = |texts: &[&[u8]], tick: &mut (dyn FnMut() -> Result<()> + Send)| {
            self.core.encode_batch(texts, &policy, threads, tick)
        };
        token_batch(py, self.batch_of(py, texts, encode)?)
    }

    /// As `encode_batch`; the ids of the first `complete` texts end with the id `ending`, if there is one.
    #[pyo3(signature = (texts, allowed_special, disallowed_special, threads, ending, complete))]
    #[expect(clippy::too_many_arguments, reason = "they are named in the one place where it is called")]
    fn _encode_documents<'py>(
        &self,
        py: Python<'py>,
        texts: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = allowed)] allowed_special: Choice,
        #[pyo3(from_py_with = disallowed)] disallowed_special: Choice,
        threads: Option<&Bound<'_, PyAny>>,
        ending: Option<u32>,
        complete: usize,
    ) -> PyResult<Bound<'py, PyAny>> {
        arrays::prepare(py)?;
        let policy = self.policy(py, &allowed_special, &disallowed_special)?;
        let threads = convert::threads(threads)?;
        let ending = ending.map(|id| Ending { id: Id(id), complete });
        let encode = |texts: &[&[u8]], tick: &mut (dyn FnMut() -> Result<()> + Send)| {
            self.core.encode_documents(texts, &policy, threads, ending, tick)
        };
        token_batch(py, self.batch_of(py, texts, encode)?)
    }

    /// The ids, and where each token lies in the text.
    #[pyo3(
        signature = (text, *, allowed_special = Choice::NONE, disallowed_special = Choice::All, threads = None),
        text_signature = "($self, text, *, allowed_special=(), disallowed_special='all', threads=None)"
    )]
    fn encode_with_spans<'py>(
        &self,
        py: Python<'py>,
        text: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = allowed)] allowed_special: Choice,
        #[pyo3(from_py_with = disallowed)] disallowed_special: Choice,
        threads: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyList>, Bound<'py, PyArray2<i64>>)> {
        arrays::prepare(py)?;
        let policy = self.policy(py, &allowed_special, &disallowed_special)?;
        let value = text;
        let text = Text::of(value)?;
        let ids = self.ids_of(py, &text, &policy, threads)?;
        let _inside = Inside::enter(py);
        if !self.core.is_plain() && self.core.decode(&ids).is_ok_and(|decoded| decoded != *text.bytes) {
            return Err(PyValueError::new_err(
                "this tokenizer normalizes the text or leaves some of it out, so that its tokens have no places in it",
            ));
        }
        let unit = if text.is_str { Unit::Characters } else { Unit::Bytes };
        let lengths = ids.iter().map(|&id| self.core.token_bytes(id).map_or(0, <[u8]>::len));
        let mut spans = spans(&text.bytes, lengths, unit);
        if text.is_replaced {
            let places = Places::of(value.cast()?)?;
            spans.as_flattened_mut().iter_mut().for_each(|place| *place = places.of_character(*place as usize) as i64);
        }
        Ok((ints::list(py, &ids)?, spans_array(py, spans)?))
    }

    /// The ids of one piece, which is not split.
    fn encode_piece<'py>(&self, py: Python<'py>, piece: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let piece = Text::of(piece)?;
        let encode = || {
            let mut ids = Vec::new();
            self.core.encode_piece(&piece.bytes, &mut self.core.scratch(), &mut ids).map(|()| ids)
        };
        let encoded = if piece.bytes.len() <= SHORT { encode() } else { py.detach(encode) };
        ints::list(py, &encoded.map_err(|error| to_python(py, error))?)
    }
}

/// Ids as a Python or numpy value.
fn numbers(ids: Vec<Id>) -> Vec<u32> {
    bytemuck::allocation::cast_vec(ids)
}

/// The ids of many texts as a `TokenBatch` of Python.
fn token_batch<'py>(py: Python<'py>, batch: TokenBatch) -> PyResult<Bound<'py, PyAny>> {
    let TokenBatch { values, offsets } = batch;
    let _inside = Inside::enter(py);
    let class = py.import("pairwright.batch")?.getattr("TokenBatch")?;
    class.call1((numbers(values).into_pyarray(py), offsets.into_pyarray(py)))
}
