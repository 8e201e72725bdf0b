//! Many texts at once: a block that was read, a column of Arrow, or an iterable; their lengths and hashes.

use numpy::{IntoPyArray, PyArray1};
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyMapping, PyTuple};
use twox_hash::XxHash3_64;

use super::arrays;
use super::arrow::{self, Column};
use super::convert::{Text, shown, unchanging};
use super::corpus::Block;
use super::leave::Inside;

/// The values of an iterable of texts. A single text is refused: its characters are hardly meant. So is what gives names
/// of texts, as a dictionary or a table of pandas does.
fn texts<'py>(values: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    if values.is_instance_of::<PyList>() || values.is_instance_of::<PyTuple>() {
        return values.try_iter()?.collect();
    }
    let kind = shown(values);
    if Text::of(values).is_ok() {
        let kind = values.get_type().name()?;
        return Err(PyTypeError::new_err(format!("expected several texts, not one {kind}; pass a list: [text]")));
    }
    if values.is_instance_of::<PyMapping>() {
        return Err(PyTypeError::new_err(format!(
            "texts must be an iterable of str or bytes, not {kind}; pass its values, such as list(texts.values())"
        )));
    }
    if let Some(number) = values.getattr_opt(intern!(values.py(), "ndim"))?
        && number.extract::<usize>().is_ok_and(|number| number != 1)
    {
        return Err(PyTypeError::new_err(format!(
            "texts must have one dimension, not {number}; select one column of this {kind}"
        )));
    }
    let Ok(iterator) = values.try_iter() else {
        return Err(PyTypeError::new_err(format!("texts must be an iterable of str or bytes; {kind} is not iterable")));
    };
    iterator.enumerate().map(|(number, value)| unchanging(value?, || format!("texts[{number}]"))).collect()
}

/// Does something with the bytes of many texts: of a block that was read, a column of Arrow, or an iterable.
pub(super) fn with_texts<T>(values: &Bound<'_, PyAny>, work: impl FnOnce(&[&[u8]]) -> T) -> PyResult<T> {
    if let Ok(block) = values.cast::<Block>() {
        let slices: Vec<&[u8]> = block.get().core.texts().collect();
        return Ok(work(&slices));
    }
    if let Some(column) = Column::of(values)? {
        let chunks = column.all(values.py())?;
        return Ok(work(&arrow::texts(&chunks)));
    }
    let values = texts(values)?;
    let texts = Text::all(&values)?;
    let slices: Vec<&[u8]> = texts.iter().map(|text| &*text.bytes).collect();
    Ok(work(&slices))
}

/// The bytes of every text.
#[pyfunction]
pub(super) fn lengths<'py>(py: Python<'py>, values: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray1<i64>>> {
    arrays::prepare(py)?;
    let lengths: Vec<i64> = with_texts(values, |texts| texts.iter().map(|text| text.len() as i64).collect())?;
    let _inside = Inside::enter(py);
    Ok(lengths.into_pyarray(py))
}

/// The XXH3 of the beginning of every text.
#[pyfunction]
pub(super) fn hashes<'py>(
    py: Python<'py>,
    values: &Bound<'py, PyAny>,
    most: usize,
) -> PyResult<Bound<'py, PyArray1<u64>>> {
    arrays::prepare(py)?;
    let hash = |texts: &[&[u8]]| -> Vec<u64> {
        texts.iter().map(|text| XxHash3_64::oneshot(&text[..text.len().min(most)])).collect()
    };
    let hashes = with_texts(values, |texts| py.detach(|| hash(texts)))?;
    let _inside = Inside::enter(py);
    Ok(hashes.into_pyarray(py))
}
