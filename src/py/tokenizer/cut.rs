//! Text → parts of it: pieces, a beginning or chunks of so many ids.

use std::ops::Range;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use super::Tokenizer;
use super::decode::text;
use crate::error::Error;
use crate::py::convert::{self, Text};
use crate::py::errors::to_python;
use crate::py::surrogates::{self, Places};
use crate::py::watch::Watch;

#[pymethods]
impl Tokenizer {
    /// The pieces of a text.
    fn split<'py>(&self, py: Python<'py>, text: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let text = Whole::of(text)?;
        let bytes = &*text.text.bytes;
        let pieces = py.detach(|| self.core.splitter().pieces(bytes)).map_err(|error| to_python(py, error))?;
        let list = PyList::empty(py);
        // Pieces of text end where characters end.
        pieces.into_iter().try_for_each(|piece| list.append(text.part(py, piece)?))?;
        Ok(list)
    }

    /// The longest beginning of a text that has at most so many ids.
    fn truncate<'py>(
        &self,
        py: Python<'py>,
        text: &Bound<'py, PyAny>,
        max_tokens: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let most = convert::size("max_tokens", max_tokens)?;
        let text = Whole::of(text)?;
        let bytes = &*text.text.bytes;
        let end = py.detach(|| self.core.truncate(bytes, most)).map_err(|error| to_python(py, error))?;
        text.part(py, 0..end)
    }

    /// Parts of a text that have at most so many ids each.
    #[pyo3(
        signature = (text, max_tokens, *, overlap = None),
        text_signature = "($self, text, max_tokens, *, overlap=0)"
    )]
    fn chunk<'py>(
        &self,
        py: Python<'py>,
        text: &Bound<'py, PyAny>,
        max_tokens: &Bound<'py, PyAny>,
        overlap: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let text = Whole::of(text)?;
        let most = convert::size("max_tokens", max_tokens)?;
        if most == 0 {
            return Err(PyValueError::new_err("max_tokens=0: must be at least 1"));
        }
        let overlap = overlap.map_or(Ok(0), |overlap| convert::size("overlap", overlap))?;
        if overlap >= most {
            return Err(PyValueError::new_err(format!("overlap={overlap}: must be less than max_tokens={most}")));
        }
        let bytes = &*text.text.bytes;
        let mut watch = Watch::default();
        let mut chunks = py.detach(|| self.core.chunks(bytes, most, overlap, &mut || watch.signals()));
        if let Err(Error::CharacterTooLong { position, .. }) = &mut chunks {
            *position = text.place(*position);
        }
        let parts = watch.finish(py, chunks)?.into_iter().map(|chunk| text.part(py, chunk));
        PyList::new(py, parts.collect::<PyResult<Vec<_>>>()?)
    }
}

/// A text of which parts are given back.
struct Whole<'a, 'py> {
    value: &'a Bound<'py, PyAny>,
    text: Text<'a>,
    /// If some of it was replaced to encode it: the parts have what was given.
    places: Option<Places>,
}

impl<'a, 'py> Whole<'a, 'py> {
    fn of(value: &'a Bound<'py, PyAny>) -> PyResult<Whole<'a, 'py>> {
        let text = Text::of(value)?;
        let places = if text.is_replaced { Some(Places::of(value.cast()?)?) } else { None };
        Ok(Whole { value, text, places })
    }

    /// A part of whole characters, of the type that the text has.
    fn part(&self, py: Python<'py>, part: Range<usize>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(places) = &self.places {
            let (start, end) = (places.of_byte(part.start), places.of_byte(part.end));
            return Ok(surrogates::part(self.value.cast()?, start, end)?.into_any());
        }
        let bytes = &self.text.bytes[part];
        match self.text.is_str {
            true => Ok(text(py, bytes, c"strict")?.into_any()),
            false => Ok(PyBytes::new(py, bytes).into_any()),
        }
    }

    /// Where a byte is, as Python counts.
    fn place(&self, byte: usize) -> usize {
        match &self.places {
            Some(places) => places.of_byte(byte),
            None if self.text.is_str => {
                self.text.bytes[..byte].iter().filter(|byte| !matches!(byte, 0x80..=0xbf)).count()
            }
            None => byte,
        }
    }
}
