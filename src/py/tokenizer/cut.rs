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
use crate::py::watch::Watch;

#[pymethods]
impl Tokenizer {
    /// The pieces of a text.
    fn split<'py>(&self, py: Python<'py>, text: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let text = Text::of(text)?;
        let bytes = &*text.bytes;
        let (kept, ends) = py.detach(|| self.core.splitter().kept(bytes)).map_err(|error| to_python(py, error))?;
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let pieces = starts.zip(&ends).map(|(start, &end)| &kept[start..end]);
        let list = PyList::empty(py);
        for piece in pieces {
            match text.is_str {
                // Pieces of text end where characters end.
                true => list.append(self::text(py, piece, c"strict")?)?,
                false => list.append(PyBytes::new(py, piece))?,
            }
        }
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
        let content = Text::of(text)?;
        let bytes = &*content.bytes;
        let end = py.detach(|| self.core.truncate(bytes, most)).map_err(|error| to_python(py, error))?;
        part(py, &content, 0..end)
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
        let content = Text::of(text)?;
        let most = convert::size("max_tokens", max_tokens)?;
        if most == 0 {
            return Err(PyValueError::new_err("max_tokens=0: must be at least 1"));
        }
        let overlap = overlap.map_or(Ok(0), |overlap| convert::size("overlap", overlap))?;
        if overlap >= most {
            return Err(PyValueError::new_err(format!("overlap={overlap}: must be less than max_tokens={most}")));
        }
        let bytes = &*content.bytes;
        let mut watch = Watch::default();
        let mut chunks = py.detach(|| self.core.chunks(bytes, most, overlap, &mut || watch.signals()));
        if content.is_str
            && let Err(Error::CharacterTooLong { position, .. }) = &mut chunks
        {
            // It is counted as Python counts.
            *position = bytes[..*position].iter().filter(|byte| !matches!(byte, 0x80..=0xbf)).count();
        }
        let parts = watch.finish(py, chunks)?.into_iter().map(|chunk| part(py, &content, chunk));
        PyList::new(py, parts.collect::<PyResult<Vec<_>>>()?)
    }
}

/// A part of a text of whole characters, of the type that the text has.
fn part<'py>(py: Python<'py>, text: &Text, part: Range<usize>) -> PyResult<Bound<'py, PyAny>> {
    let bytes = &text.bytes[part];
    match text.is_str {
        true => Ok(self::text(py, bytes, c"strict")?.into_any()),
        false => Ok(PyBytes::new(py, bytes).into_any()),
    }
}
