//! Python values → what the core takes, borrowed wherever possible.

use std::borrow::Cow;
use std::num::NonZeroUsize;

use numpy::{PyArray1, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyKeyError, PyOverflowError, PyTypeError, PyUnicodeEncodeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyFloat, PyInt, PyList, PyString};

use crate::machine;
use crate::special::Choice;
use crate::vocab::Id;

/// `str` or `bytes`, as bytes.
pub(super) struct Text<'a> {
    pub bytes: Cow<'a, [u8]>,
    pub is_str: bool,
}

impl<'a> Text<'a> {
    /// # Errors
    /// `TypeError` for anything but text.
    pub(super) fn of(value: &'a Bound<'_, PyAny>) -> PyResult<Text<'a>> {
        if let Ok(string) = value.cast::<PyString>() {
            let bytes = match string.to_str() {
                Ok(valid) => Cow::Borrowed(valid.as_bytes()),
                Err(error) if error.is_instance_of::<PyUnicodeEncodeError>(value.py()) => {
                    Cow::Owned(without_surrogates(string)?.into_bytes())
                }
                Err(error) => return Err(error),
            };
            return Ok(Text { bytes, is_str: true });
        }
        if let Ok(bytes) = value.cast::<PyBytes>() {
            return Ok(Text { bytes: Cow::Borrowed(bytes.as_bytes()), is_str: false });
        }
        if let Ok(bytes) = value.cast::<PyByteArray>() {
            return Ok(Text { bytes: Cow::Owned(bytes.to_vec()), is_str: false });
        }
        Err(PyTypeError::new_err(format!("text must be str or bytes, not {}", value.get_type().name()?)))
    }

    /// Many texts, from values that the caller keeps alive.
    pub(super) fn all(values: &'a [Bound<'_, PyAny>]) -> PyResult<Vec<Text<'a>>> {
        values.iter().map(Text::of).collect()
    }
}

/// As tiktoken does it: through UTF-16, so that a pair of surrogates becomes its character and a lone one U+FFFD.
fn without_surrogates(string: &Bound<'_, PyString>) -> PyResult<String> {
    string.call_method1("encode", ("utf-16", "surrogatepass"))?.call_method1("decode", ("utf-16", "replace"))?.extract()
}

/// The value of `allowed_special` or `disallowed_special`.
pub(super) fn choice(value: &Bound<'_, PyAny>) -> PyResult<Choice> {
    if let Ok(word) = value.cast::<PyString>() {
        let word = word.to_str()?;
        return if word == "all" {
            Ok(Choice::All)
        } else {
            Err(PyValueError::new_err(format!(
                "special tokens must be \"all\" or a collection of names, e.g. {{{word:?}}}"
            )))
        };
    }
    let Ok(names) = value.try_iter() else {
        let kind = value.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "special tokens must be \"all\" or a collection of names, not {kind}"
        )));
    };
    Ok(Choice::Names(names.map(|name| name?.extract()).collect::<PyResult<_>>()?))
}

/// The id that was given to a token.
pub(super) fn token_id(id: &Bound<'_, PyAny>, of: impl FnOnce() -> String) -> PyResult<Id> {
    match id.extract::<u32>() {
        Ok(id) => Ok(Id(id)),
        Err(_) => Err(PyValueError::new_err(format!("{} has the id {id}, which is no token id", of()))),
    }
}

/// The value of `threads`.
pub(super) fn threads(threads: Option<&Bound<'_, PyAny>>) -> PyResult<Option<NonZeroUsize>> {
    let Some(value) = threads else { return Ok(None) };
    match NonZeroUsize::new(size("threads", value)?) {
        Some(number) => Ok(Some(number)),
        None => Err(PyValueError::new_err("threads=0: must be at least 1, or None for all cores")),
    }
}

/// The value of `memory_limit` in bytes: a number of them, or a share of what the machine has, by default one half.
pub(super) fn memory_limit(limit: Option<&Bound<'_, PyAny>>) -> PyResult<usize> {
    let fail = |value: &Bound<'_, PyAny>, reason| Err(PyValueError::new_err(format!("memory_limit={value}: {reason}")));
    let share = match limit {
        None => return Ok(machine::memory().map_or(usize::MAX, |bytes| bytes as usize / 2)),
        Some(value) if value.is_instance_of::<PyFloat>() => value.extract::<f64>()?,
        Some(value) => {
            let bytes = size("memory_limit", value)?;
            return if bytes > 0 { Ok(bytes) } else { fail(value, "must be at least 1 byte, or None") };
        }
    };
    let value = limit.expect("a share was given");
    if !(share > 0.0 && share <= 1.0) {
        return fail(
            value,
            "a share of the machine's memory is more than 0.0 and at most 1.0; a number of bytes is an int",
        );
    }
    match machine::memory() {
        Some(bytes) => Ok((bytes as f64 * share) as usize),
        None => fail(value, "this system does not tell how much memory there is; give a number of bytes"),
    }
}

/// A setting that is a number: `TypeError` for another type, `ValueError` for a negative or enormous one.
pub(super) fn size(setting: &str, value: &Bound<'_, PyAny>) -> PyResult<usize> {
    let number: i64 = value.extract().map_err(|error: PyErr| {
        if error.is_instance_of::<PyOverflowError>(value.py()) {
            PyValueError::new_err(format!("{setting}={value}: out of range"))
        } else {
            PyTypeError::new_err(format!("{setting} must be an int, not {value:?}"))
        }
    })?;
    usize::try_from(number).map_err(|_| PyValueError::new_err(format!("{setting}={number}: must not be negative")))
}

/// Ids that are taken out of an array at a time.
const CHUNK: usize = 1 << 16;

/// Calls `each` with the ids of an iterable of int or an integer array, perhaps not all at once, and the position of the
/// first of them.
///
/// # Errors
/// `KeyError` for a number that cannot be an id, `TypeError` for what is no integer; whatever `each` returns.
pub(super) fn each_ids(value: &Bound<'_, PyAny>, mut each: impl FnMut(usize, &[Id]) -> PyResult<()>) -> PyResult<()> {
    // Whether it is an array only numpy can tell, which would have to be imported first.
    if !value.is_instance_of::<PyList>()
        && let Ok(array) = value.cast::<PyUntypedArray>()
    {
        if array.ndim() != 1 {
            return Err(PyTypeError::new_err(format!("ids must have one dimension, not {}", array.ndim())));
        }
        if let Ok(array) = value.cast::<PyArray1<u32>>() {
            // Others may change the array while the interpreter is released. A copy of all would take as long as decoding it.
            let mut own: Vec<Id> = Vec::with_capacity(CHUNK.min(array.len()));
            for position in (0..array.len()).step_by(CHUNK) {
                own.clear();
                let array = array.readonly();
                let rest = array.as_array();
                own.extend(
                    rest.slice(numpy::ndarray::s![position..rest.len().min(position + CHUNK)]).iter().map(|&id| Id(id)),
                );
                drop(array);
                each(position, &own)?;
            }
            return Ok(());
        }
    }
    each(0, &ids(value)?)
}

/// All ids of an iterable of int or an integer array.
pub(super) fn all_ids(value: &Bound<'_, PyAny>) -> PyResult<Vec<Id>> {
    let mut all = Vec::new();
    each_ids(value, |_, ids| {
        all.extend_from_slice(ids);
        Ok(())
    })?;
    Ok(all)
}

/// The ids of an iterable of int.
fn ids(value: &Bound<'_, PyAny>) -> PyResult<Vec<Id>> {
    if value.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("ids must be integers, not str"));
    }
    let mut ids = Vec::with_capacity(value.len().unwrap_or(0));
    if let Ok(list) = value.cast::<PyList>() {
        for (position, number) in list.iter().enumerate() {
            ids.push(id(&number, Some(position))?);
        }
        return Ok(ids);
    }
    for (position, number) in value.try_iter()?.enumerate() {
        ids.push(id(&number?, Some(position))?);
    }
    Ok(ids)
}

/// One id. A number that cannot be one is as unknown as any other.
pub(super) fn id(number: &Bound<'_, PyAny>, position: Option<usize>) -> PyResult<Id> {
    if number.is_exact_instance_of::<PyInt>() {
        // SAFETY: it is an int, and the interpreter is held. −1 may mean an error, which is cleared; either way what follows
        // finds out.
        let value = unsafe { ffi::PyLong_AsLong(number.as_ptr()) };
        match u32::try_from(value) {
            Ok(id) => return Ok(Id(id)),
            Err(_) => drop(PyErr::take(number.py())),
        }
    }
    match number.extract::<u32>() {
        Ok(id) => Ok(Id(id)),
        Err(error) if error.is_instance_of::<PyOverflowError>(number.py()) => {
            Err(unknown(&number.str()?.to_string(), position))
        }
        Err(error) => Err(error),
    }
}

pub(super) fn unknown(id: &str, position: Option<usize>) -> PyErr {
    PyKeyError::new_err(match position {
        Some(position) => format!("unknown token id {id} at position {position}"),
        None => format!("unknown token id {id}"),
    })
}
