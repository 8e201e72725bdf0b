//! Ids → text.

use std::ffi::{CStr, CString};

use numpy::{IntoPyArray, PyArray2, PyArrayMethods, PyReadonlyArray1};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyIterator, PyList, PyMapping, PyString};

use super::Tokenizer;
use super::work::BYTES_PER_ID;
use crate::Id;
use crate::error::Error;
use crate::py::arrays;
use crate::py::convert::{self, shown};
use crate::py::decoder::StreamDecoder;
use crate::py::errors::to_python;
use crate::py::ids::{self, Given, unknown};
use crate::py::leave::Inside;
use crate::span::spans_of_any;

impl Tokenizer {
    /// The bytes of an iterable of int or an integer array.
    fn bytes_of(&self, py: Python<'_>, ids: &Bound<'_, PyAny>, given: Given) -> PyResult<Vec<u8>> {
        let mut bytes = Vec::with_capacity(ids.len().unwrap_or(0) * BYTES_PER_ID);
        ids::each_ids(ids, given, |position, ids| {
            let decoded = py.detach(|| self.core.decode_into(ids, &mut bytes));
            decoded.map_err(|error| self.undecodable(py, error, given, position))?;
            py.check_signals()
        })?;
        Ok(bytes)
    }

    /// Why ids cannot be decoded, the first of which is at some position.
    pub(super) fn undecodable(&self, py: Python<'_>, error: Error, given: Given, first: usize) -> PyErr {
        match error {
            Error::UnknownId { id, position } => {
                unknown(&id.to_string(), given, Some(first + position), Some(self.core.vocab_size()))
            }
            other => to_python(py, other),
        }
    }
}

#[pymethods]
impl Tokenizer {
    /// The text of ids.
    #[pyo3(signature = (ids, errors = c"replace".to_owned()), text_signature = "($self, ids, errors='replace')")]
    fn decode<'py>(
        &self,
        py: Python<'py>,
        ids: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = errors)] errors: CString,
    ) -> PyResult<Bound<'py, PyString>> {
        text(py, &self.bytes_of(py, ids, Given::Alone)?, &errors)
    }

    /// The bytes of ids.
    fn decode_bytes<'py>(&self, py: Python<'py>, ids: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.bytes_of(py, ids, Given::Alone)?))
    }

    /// The text of each of many sequences of ids.
    #[pyo3(signature = (batch, errors = c"replace".to_owned()), text_signature = "($self, batch, errors='replace')")]
    fn decode_batch<'py>(
        &self,
        py: Python<'py>,
        batch: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = errors)] errors: CString,
    ) -> PyResult<Vec<Bound<'py, PyString>>> {
        // A list is none, which spares importing what knows what a batch is.
        let is_batch = !batch.is_instance_of::<PyList>()
            && batch.is_instance(&py.import("pairwright.batch")?.getattr("TokenBatch")?)?;
        if !is_batch {
            let decode = |(number, ids): (usize, PyResult<Bound<'py, PyAny>>)| {
                text(py, &self.bytes_of(py, &ids?, Given::InBatch(number))?, &errors)
            };
            return sequences(batch)?.enumerate().map(decode).collect();
        }
        arrays::prepare(py)?;
        let values: PyReadonlyArray1<u32> = batch.getattr("values")?.extract()?;
        let offsets: PyReadonlyArray1<i64> = batch.getattr("offsets")?.extract()?;
        let values: Vec<Id> = values.as_array().iter().map(|&id| Id(id)).collect();
        let offsets: Vec<i64> = offsets.as_array().iter().copied().collect();
        let mut bytes = Vec::new();
        let decode = |(number, pair): (usize, &[i64])| {
            let range = usize::try_from(pair[0]).ok().zip(usize::try_from(pair[1]).ok());
            let ids = range.and_then(|(start, end)| values.get(start..end)).ok_or_else(|| {
                let (start, end, total) = (pair[0], pair[1], values.len());
                PyValueError::new_err(format!("text {number} of the batch has the ids {start}..{end} of {total}"))
            })?;
            bytes.clear();
            let decoded = self.core.decode_into(ids, &mut bytes);
            decoded.map_err(|error| self.undecodable(py, error, Given::InBatch(number), 0))?;
            text(py, &bytes, &errors)
        };
        offsets.windows(2).enumerate().map(decode).collect()
    }

    /// The text of ids, and where each token lies in it.
    fn decode_with_spans<'py>(
        &self,
        py: Python<'py>,
        ids: &Bound<'py, PyAny>,
    ) -> PyResult<(Bound<'py, PyString>, Bound<'py, PyArray2<i64>>)> {
        arrays::prepare(py)?;
        let ids = ids::all_ids(ids)?;
        let bytes = self.core.decode(&ids).map_err(|error| self.undecodable(py, error, Given::Alone, 0))?;
        let lengths = ids.iter().map(|&id| self.core.token_bytes(id).map_or(0, <[u8]>::len));
        let spans = spans_of_any(&bytes, lengths);
        let _inside = Inside::enter(py);
        Ok((text(py, &bytes, c"replace")?, spans_array(py, spans)?))
    }

    /// A decoder for ids that arrive one by one.
    fn stream_decoder(slf: Py<Self>) -> StreamDecoder {
        StreamDecoder::new(slf)
    }
}

/// The value of `errors`.
fn errors(value: &Bound<'_, PyAny>) -> PyResult<CString> {
    let errors = convert::word("errors", value)?;
    let name = CString::new(&errors[..])?;
    convert::check_errors(value.py(), &errors, &name)?;
    Ok(name)
}

/// Sequences of ids, one after the other.
fn sequences<'py>(batch: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyIterator>> {
    let fail = |hint| {
        let kind = shown(batch);
        PyTypeError::new_err(format!("batch must be a TokenBatch or an iterable of sequences of ids, not {kind}{hint}"))
    };
    if batch.is_instance_of::<PyString>() || batch.is_instance_of::<PyBytes>() {
        return Err(fail(""));
    }
    if batch.is_instance_of::<PyMapping>() {
        return Err(fail("; pass one of its values"));
    }
    batch.try_iter().map_err(|_| fail(""))
}

/// Bytes → `str`, with `errors` as in `bytes.decode`.
pub(super) fn text<'py>(py: Python<'py>, bytes: &[u8], errors: &CStr) -> PyResult<Bound<'py, PyString>> {
    // SAFETY: the interpreter is held, pointer and length are those of a slice, and the name of the handler ends with a zero.
    // What comes is a new reference to a str, or null with an error set.
    unsafe {
        let length = bytes.len() as ffi::Py_ssize_t;
        let string = ffi::PyUnicode_DecodeUTF8(bytes.as_ptr().cast(), length, errors.as_ptr());
        Ok(Bound::from_owned_ptr_or_err(py, string)?.cast_into_unchecked())
    }
}

/// Where each token lies, as an array of shape (n, 2).
pub(super) fn spans_array(py: Python<'_>, spans: Vec<[i64; 2]>) -> PyResult<Bound<'_, PyArray2<i64>>> {
    let count = spans.len();
    spans.into_flattened().into_pyarray(py).reshape([count, 2])
}
