//! A token batch as an Arrow large list of uint32.

use std::panic::RefUnwindSafe;
use std::ptr::NonNull;
use std::sync::Arc;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::{Array, LargeListArray, UInt32Array};
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field};
use numpy::{PyArray1, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use super::super::arrays;
use super::super::leave::Inside;

/// The ids of numpy, which live as long as somebody looks at them through Arrow.
struct Kept(Option<Py<PyArray1<u32>>>);

// Nobody sees it after a panic in a state in which it should not be: nothing of it changes.
impl RefUnwindSafe for Kept {}

impl Drop for Kept {
    fn drop(&mut self) {
        // Any thread may be the last to look. At the end of the interpreter there is nobody to give them back to.
        let array = self.0.take();
        match Inside::unless_leaving() {
            Some(_inside) => drop(Python::try_attach(|_| drop(array))),
            None => std::mem::forget(array),
        }
    }
}

fn item() -> Arc<Field> {
    Arc::new(Field::new_list_field(DataType::UInt32, true))
}

/// The capsules of the schema and of the array of a batch. Its arrays must be aligned and have no gaps.
#[pyfunction]
pub(in super::super) fn _batch_to_arrow<'py>(
    py: Python<'py>,
    values: &Bound<'py, PyAny>,
    offsets: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
    arrays::prepare(py)?;
    let values = values.cast::<PyArray1<u32>>().map_err(|_| wrong("values", "uint32"))?;
    let offsets = offsets.cast::<PyArray1<i64>>().map_err(|_| wrong("offsets", "int64"))?;
    if !offsets.data().is_aligned() {
        return Err(wrong("offsets", "int64"));
    }
    // A copy, so that what is checked here stays true whatever becomes of the array.
    let offsets: Vec<i64> = offsets.readonly().as_array().iter().copied().collect();
    check(&offsets, values.len())?;
    let ids = UInt32Array::new(ScalarBuffer::new(shared(values)?, 0, values.len()), None);
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let lists = LargeListArray::try_new(item(), offsets, Arc::new(ids), None).map_err(failed)?;
    let array = PyCapsule::new_with_value(py, FFI_ArrowArray::new(&lists.into_data()), c"arrow_array")?;
    Ok((_schema_of_batches(py)?, array))
}

/// The capsule of the schema that all batches have.
#[pyfunction]
pub(in super::super) fn _schema_of_batches(py: Python<'_>) -> PyResult<Bound<'_, PyCapsule>> {
    let schema = FFI_ArrowSchema::try_from(Field::new("", DataType::LargeList(item()), false)).map_err(failed)?;
    PyCapsule::new_with_value(py, schema, c"arrow_schema")
}

fn check(offsets: &[i64], total: usize) -> PyResult<()> {
    let (Some(first), Some(&last)) = (offsets.first(), offsets.last()) else {
        return Err(PyValueError::new_err("offsets is empty; a batch of n texts has n + 1 of them"));
    };
    if let Some(text) = offsets.windows(2).position(|pair| pair[0] > pair[1]) {
        let (start, end) = (offsets[text], offsets[text + 1]);
        return Err(PyValueError::new_err(format!("text {text} of the batch ends before it begins: {start}..{end}")));
    }
    if *first < 0 || last as usize > total {
        return Err(PyValueError::new_err(format!("the texts of the batch have the ids {first}..{last} of {total}")));
    }
    Ok(())
}

/// The memory of an array, which is kept alive.
fn shared(values: &Bound<'_, PyArray1<u32>>) -> PyResult<Buffer> {
    let start = values.data();
    match NonNull::new(start.cast::<u8>()) {
        Some(bytes) if values.is_c_contiguous() && start.is_aligned() => {
            let kept = Arc::new(Kept(Some(values.clone().unbind())));
            // SAFETY: numpy has so many ids there, one behind the other, as long as the array lives, which is kept.
            Ok(unsafe { Buffer::from_custom_allocation(bytes, size_of::<u32>() * values.len(), kept) })
        }
        _ => Err(wrong("values", "uint32")),
    }
}

fn wrong(name: &str, kind: &str) -> PyErr {
    PyTypeError::new_err(format!("{name} must be a numpy array of {kind} of one dimension, aligned and without gaps"))
}

fn failed(error: ArrowError) -> PyErr {
    PyValueError::new_err(error.to_string())
}
