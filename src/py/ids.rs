//! Python values → token ids.

use numpy::{PyArray1, PyArrayDescrMethods, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyKeyError, PyOverflowError, PyTypeError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFrozenSet, PyInt, PyList, PyMapping, PyMemoryView, PySet, PyString, PyTuple,
};

use super::arrays;
use super::convert::shown;
use crate::vocab::Id;

/// Ids that are taken out of an array at a time.
const CHUNK: usize = 1 << 16;

/// What ids are, to name them in errors: those of a call, or one of several sequences.
#[derive(Clone, Copy)]
pub(super) enum Given {
    Alone,
    InBatch(usize),
}

impl Given {
    fn name(self) -> String {
        match self {
            Given::Alone => "ids".to_owned(),
            Given::InBatch(number) => format!("batch[{number}]"),
        }
    }

    fn at(self, position: usize) -> String {
        match self {
            Given::Alone => format!(" at position {position}"),
            Given::InBatch(number) => format!(" at position {position} of batch[{number}]"),
        }
    }

    fn other_method(self) -> &'static str {
        match self {
            Given::Alone => "; decode_batch takes several sequences of ids",
            Given::InBatch(_) => "; a batch is one sequence of sequences of ids",
        }
    }
}

/// Calls `each` with the ids of an iterable of int or an integer array, perhaps not all at once, and the position of the
/// first of them.
///
/// # Errors
/// `KeyError` for a number that cannot be an id, `TypeError` for anything that is not a sequence of integers; whatever
/// `each` returns.
pub(super) fn each_ids(
    value: &Bound<'_, PyAny>,
    given: Given,
    mut each: impl FnMut(usize, &[Id]) -> PyResult<()>,
) -> PyResult<()> {
    if let Ok(list) = value.cast::<PyList>() {
        return each(0, &of_list(list, given, 0)?);
    }
    if !value.is_instance_of::<PyTuple>() {
        // Only numpy can tell whether it is an array, and would have to be imported first.
        if value.get_type().module()? == "numpy" {
            arrays::prepare(value.py())?;
            if let Ok(array) = value.cast::<PyUntypedArray>() {
                return each_of_array(value, array, given, each);
            }
        }
        refuse(value, given)?;
        if let Some(list) = listed(value, given)? {
            return each(0, &of_list(&list, given, 0)?);
        }
    }
    let Ok(iterator) = value.try_iter() else { return Err(no_sequence(value, given, "")) };
    let mut ids = Vec::with_capacity(value.len().unwrap_or(0));
    for (position, number) in iterator.enumerate() {
        ids.push(id(&number?, given, Some(position))?);
    }
    each(0, &ids)
}

/// All ids of an iterable of int or an integer array.
pub(super) fn all_ids(value: &Bound<'_, PyAny>) -> PyResult<Vec<Id>> {
    let mut all = Vec::new();
    each_ids(value, Given::Alone, |_, ids| {
        all.extend_from_slice(ids);
        Ok(())
    })?;
    Ok(all)
}

fn of_list(list: &Bound<'_, PyList>, given: Given, first: usize) -> PyResult<Vec<Id>> {
    let mut ids = Vec::with_capacity(list.len());
    for (position, number) in list.iter().enumerate() {
        ids.push(id(&number, given, Some(first + position))?);
    }
    Ok(ids)
}

/// The ids of an array of numpy.
fn each_of_array(
    value: &Bound<'_, PyAny>,
    array: &Bound<'_, PyUntypedArray>,
    given: Given,
    mut each: impl FnMut(usize, &[Id]) -> PyResult<()>,
) -> PyResult<()> {
    let name = given.name();
    if array.ndim() != 1 {
        return Err(dimensions(array.ndim(), given));
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
    let hint = match array.dtype().kind() {
        b'i' | b'u' | b'O' => None,
        // Numpy gives an array that was made of nothing this type.
        _ if array.is_empty() => return Ok(()),
        b'f' => Some("; array.astype(int) makes integers of whole numbers"),
        b'b' => Some("; a mask selects ids: ids[mask]"),
        _ => Some(""),
    };
    if let Some(hint) = hint {
        return Err(PyTypeError::new_err(format!("{name} must be integers, not an array of {}{hint}", array.dtype())));
    }
    for position in (0..array.len()).step_by(CHUNK) {
        let end = array.len().min(position + CHUNK);
        let part = value.get_item(pyo3::types::PySlice::new(value.py(), position as isize, end as isize, 1))?;
        let list = part.call_method0(intern!(value.py(), "tolist"))?;
        each(position, &of_list(list.cast()?, given, position)?)?;
    }
    Ok(())
}

/// The list that an array or column of another library makes of itself; `None` for what is neither.
fn listed<'py>(value: &Bound<'py, PyAny>, given: Given) -> PyResult<Option<Bound<'py, PyList>>> {
    let py = value.py();
    if let Some(number) = value.getattr_opt(intern!(py, "ndim"))?
        && let Ok(number) = number.extract::<usize>()
    {
        if number != 1 {
            return Err(dimensions(number, given));
        }
        if let Some(method) = value.getattr_opt(intern!(py, "tolist"))? {
            return Ok(method.call0()?.cast_into().ok());
        }
    }
    match value.getattr_opt(intern!(py, "to_pylist"))? {
        Some(method) => Ok(method.call0()?.cast_into().ok()),
        None => Ok(None),
    }
}

/// Refuses what could be iterated over, but does not give ids in an order.
fn refuse(value: &Bound<'_, PyAny>, given: Given) -> PyResult<()> {
    let hint = if value.is_instance_of::<PyString>() {
        "; encode makes ids of a text"
    } else if value.is_instance_of::<PyBytes>() || value.is_instance_of::<PyByteArray>() || is_view_of_bytes(value)? {
        "; numpy.frombuffer reads ids that are stored as bytes"
    } else if value.is_instance_of::<PySet>() || value.is_instance_of::<PyFrozenSet>() {
        "; a set has no order"
    } else if value.is_instance_of::<PyDict>() || value.cast::<PyMapping>().is_ok() {
        match value.contains("input_ids").unwrap_or(false) {
            true => "; pass its [\"input_ids\"]",
            false => "; pass one of its values",
        }
    } else if value.get_type().name()? == "TokenBatch" {
        "; decode_batch takes it"
    } else if value.is_instance_of::<PyInt>() {
        "; pass [id], or use token_bytes(id)"
    } else {
        return Ok(());
    };
    Err(no_sequence(value, given, hint))
}

/// Whether it is a view of bytes, and not of the numbers that some buffer holds.
fn is_view_of_bytes(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let is_view = value.is_instance_of::<PyMemoryView>();
    Ok(is_view && matches!(value.getattr("format")?.extract::<String>()?.as_str(), "B" | "b" | "c"))
}

fn no_sequence(value: &Bound<'_, PyAny>, given: Given, hint: &str) -> PyErr {
    let hint = match (given, value.is_instance_of::<PyInt>()) {
        (Given::InBatch(_), true) => "; decode takes a single sequence of ids",
        _ => hint,
    };
    PyTypeError::new_err(format!("{} must be a sequence of integers, not {}{hint}", given.name(), shown(value)))
}

fn dimensions(number: usize, given: Given) -> PyErr {
    let hint = if number == 0 { "; pass [id]" } else { given.other_method() };
    PyTypeError::new_err(format!("{} must have one dimension, not {number}{hint}", given.name()))
}

/// One id. A number that cannot be one is as unknown as any other.
#[inline]
pub(super) fn id(number: &Bound<'_, PyAny>, given: Given, position: Option<usize>) -> PyResult<Id> {
    if number.is_exact_instance_of::<PyInt>() {
        // SAFETY: it is an int, and the interpreter is held. −1 may mean an error, which is cleared; either way what follows
        // finds out.
        let value = unsafe { ffi::PyLong_AsLong(number.as_ptr()) };
        match u32::try_from(value) {
            Ok(id) => return Ok(Id(id)),
            Err(_) => drop(PyErr::take(number.py())),
        }
    }
    of_other(number, given, position)
}

#[cold]
fn of_other(number: &Bound<'_, PyAny>, given: Given, position: Option<usize>) -> PyResult<Id> {
    let py = number.py();
    let is_bool = number.is_instance_of::<PyBool>();
    match number.extract::<u32>() {
        Ok(id) if !is_bool => Ok(Id(id)),
        Err(error) if error.is_instance_of::<PyOverflowError>(py) => {
            Err(unknown(&number.str()?.to_string(), given, position, None))
        }
        Err(error) if !error.is_instance_of::<PyTypeError>(py) => Err(error),
        Ok(_) | Err(_) => {
            let what = match position {
                Some(position) => format!("ids must be integers, not {}{}", shown(number), given.at(position)),
                None => format!("an id must be an int, not {}", shown(number)),
            };
            let is_many = number.hasattr(intern!(py, "__iter__"))? && !number.is_instance_of::<PyString>();
            let hint = if position.is_some() && is_many { given.other_method() } else { "" };
            Err(PyTypeError::new_err(format!("{what}{hint}")))
        }
    }
}

/// The error for a number that is no id. What the ids of the tokenizer are helps where it is known.
pub(super) fn unknown(id: &str, given: Given, position: Option<usize>, vocab_size: Option<usize>) -> PyErr {
    let place = position.map_or(String::new(), |position| given.at(position));
    let number = id.parse::<i64>().unwrap_or(i64::MAX);
    let advice = if id.starts_with('-') {
        "; negative ids, such as -100, mark what a loss ignores or what is padded: leave them out".to_owned()
    } else if (1 << 31..1 << 32).contains(&number) {
        format!("; as a signed integer it is {}, such as marks what is padded: leave it out", number - (1 << 32))
    } else if let Some(size) = vocab_size {
        match usize::try_from(number).is_ok_and(|number| number < size) {
            true => "; no token of this tokenizer has it".to_owned(),
            false => format!("; the ids of this tokenizer are below its vocab_size, {size}"),
        }
    } else {
        String::new()
    };
    PyKeyError::new_err(format!("unknown token id {id}{place}{advice}"))
}
