//! Surrogates in a `str`, which Unicode text has none of, but which Python lets in: file names that are not UTF-8, broken JSON.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

/// As tiktoken encodes it: through UTF-16, so that a pair of surrogates becomes its character and a lone one U+FFFD.
pub(super) fn replaced(string: &Bound<'_, PyString>) -> PyResult<String> {
    string.call_method1("encode", ("utf-16", "surrogatepass"))?.call_method1("decode", ("utf-16", "replace"))?.extract()
}

/// Where the characters of such a text, once replaced, lie in the `str`: a pair of surrogates takes two places.
pub(super) struct Places {
    /// By character, and of the end: the bytes before it.
    bytes: Vec<usize>,
    /// By character, and of the end: the place in the `str`.
    places: Vec<usize>,
}

impl Places {
    pub(super) fn of(string: &Bound<'_, PyString>) -> PyResult<Places> {
        let encoded = string.call_method1("encode", ("utf-32-le", "surrogatepass"))?;
        let code_points = encoded.cast::<PyBytes>()?.as_bytes().as_chunks::<4>().0.iter();
        let mut code_points = code_points.map(|bytes| u32::from_le_bytes(*bytes)).peekable();
        let (mut bytes, mut places) = (vec![0], vec![0]);
        let (mut byte, mut place) = (0, 0);
        while let Some(code_point) = code_points.next() {
            let is_pair = matches!(code_point, 0xd800..=0xdbff)
                && code_points.next_if(|next| matches!(next, 0xdc00..=0xdfff)).is_some();
            // What is alone becomes U+FFFD.
            byte += if is_pair { 4 } else { char::from_u32(code_point).unwrap_or('\u{fffd}').len_utf8() };
            place += 1 + usize::from(is_pair);
            bytes.push(byte);
            places.push(place);
        }
        Ok(Places { bytes, places })
    }

    /// The place in the `str` of the character that starts, or the end that is, at a byte.
    pub(super) fn of_byte(&self, byte: usize) -> usize {
        self.places[self.bytes.partition_point(|&other| other < byte)]
    }

    /// The place in the `str` of a character by its number, or of the end.
    pub(super) fn of_character(&self, number: usize) -> usize {
        self.places[number]
    }
}

/// The part of a `str` between two places.
pub(super) fn part<'py>(string: &Bound<'py, PyString>, start: usize, end: usize) -> PyResult<Bound<'py, PyString>> {
    // SAFETY: the interpreter is held, and it is a str. What comes is a new reference to a str, or null with an error set.
    unsafe {
        let part = ffi::PyUnicode_Substring(string.as_ptr(), start as ffi::Py_ssize_t, end as ffi::Py_ssize_t);
        Ok(Bound::from_owned_ptr_or_err(string.py(), part)?.cast_into_unchecked())
    }
}
