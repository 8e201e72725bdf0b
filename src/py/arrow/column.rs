//! A column that an object offers, array by array: `__arrow_c_array__` gives one, `__arrow_c_stream__` any number.

use std::ffi::CStr;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow_array::ffi_stream::{ArrayStreamReader, FFI_ArrowArrayStream};
use arrow_array::{ArrayReader, ArrayRef, make_array};
use arrow_schema::{ArrowError, Field};
use pyo3::exceptions::{PyImportError, PyRuntimeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList, PyTuple};

use super::super::leave::Inside;
use super::text::{self, Chunk};

/// Makes of what an object gave the type of the column and its arrays.
type Take = fn(&Bound<'_, PyAny>) -> PyResult<(Field, Arrays)>;

type Arrays = Box<dyn Iterator<Item = Result<ArrayRef, ArrowError>> + Send>;

/// The rows that are still to come.
pub(in super::super) struct Column {
    /// `None` behind the last one: a stream may not be asked again.
    arrays: Option<Arrays>,
    /// How many rows have come.
    rows: usize,
}

impl Column {
    /// The column that an object offers, `None` if it does not.
    ///
    /// # Errors
    /// `TypeError` for a column that is no text, `ValueError` for several; what the object raises.
    pub(in super::super) fn of(value: &Bound<'_, PyAny>) -> PyResult<Option<Column>> {
        // Most texts come in a list, and need not wait until two names are looked up in vain.
        if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
            return Ok(None);
        }
        let py = value.py();
        // For all that is called from here. Whoever is inside may not enter again: the end may have begun in between.
        let _inside = Inside::enter(py);
        let (give, take) = match value.getattr_opt(intern!(py, "__arrow_c_array__"))? {
            Some(give) => (Some(give), one as Take),
            None => (value.getattr_opt(intern!(py, "__arrow_c_stream__"))?, stream as Take),
        };
        let Some(give) = give else { return Ok(None) };
        let (field, arrays) = match give.call0() {
            Ok(given) => take(&given)?,
            // Pandas needs another library for it. Without that, its columns are iterables as any other.
            Err(error) if error.is_instance_of::<PyImportError>(py) && value.hasattr(intern!(py, "__iter__"))? => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        text::check(field.data_type())?;
        Ok(Some(Column { arrays: Some(arrays), rows: 0 }))
    }

    /// The next rows, `None` at the end. To be called with the interpreter released, which a stream of another library may
    /// need meanwhile.
    ///
    /// # Errors
    /// `ValueError` that names a row without text; what goes wrong in the stream.
    pub(in super::super) fn next(&mut self) -> PyResult<Option<Chunk>> {
        let _inside = Inside::enter_detached();
        let Some(arrays) = &mut self.arrays else { return Ok(None) };
        let Some(array) = arrays.next() else {
            self.arrays = None;
            return Ok(None);
        };
        let chunk = Chunk::of(array.map_err(failed)?, self.rows)?;
        self.rows += chunk.len();
        Ok(Some(chunk))
    }

    /// All rows.
    ///
    /// # Errors
    /// As [`Column::next`]; what a signal handler raises.
    pub(in super::super) fn all(mut self, py: Python<'_>) -> PyResult<Vec<Chunk>> {
        let mut chunks = Vec::new();
        while let Some(chunk) = py.detach(|| self.next())? {
            chunks.push(chunk);
            py.check_signals()?;
        }
        Ok(chunks)
    }
}

/// What `__arrow_c_array__` gave: the capsules of a schema and of an array.
fn one(given: &Bound<'_, PyAny>) -> PyResult<(Field, Arrays)> {
    let (schema, array): (Bound<'_, PyAny>, Bound<'_, PyAny>) = given.extract()?;
    // SAFETY: by their names, the capsules hold these structs. What is in them is moved out; a capsule that is left without
    // does not release it again.
    let (schema, array) = unsafe {
        let schema = FFI_ArrowSchema::from_raw(pointer(&schema, c"arrow_schema")?);
        (schema, FFI_ArrowArray::from_raw(pointer(&array, c"arrow_array")?))
    };
    if array.is_released() {
        return Err(consumed("array"));
    }
    let field = Field::try_from(&schema).map_err(failed)?;
    // SAFETY: the array is what its owner says it is; all of Arrow rests on that.
    let data = unsafe { from_ffi_and_data_type(array, field.data_type().clone()) }.map_err(failed)?;
    Ok((field, Box::new(std::iter::once(Ok(make_array(data))))))
}

/// What `__arrow_c_stream__` gave: the capsule of a stream.
fn stream(given: &Bound<'_, PyAny>) -> PyResult<(Field, Arrays)> {
    // SAFETY: as above.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(pointer(given, c"arrow_array_stream")?) };
    if stream.release().is_none() {
        return Err(consumed("stream"));
    }
    let reader = given.py().detach(|| ArrayStreamReader::try_new(stream)).map_err(failed)?;
    Ok((reader.field().as_ref().clone(), Box::new(reader)))
}

/// What a capsule of this name holds.
fn pointer<T>(capsule: &Bound<'_, PyAny>, name: &CStr) -> PyResult<*mut T> {
    Ok(capsule.cast::<PyCapsule>()?.pointer_checked(Some(name))?.cast().as_ptr())
}

fn consumed(what: &str) -> PyErr {
    PyValueError::new_err(format!("this Arrow {what} was consumed before; ask its owner for another"))
}

fn failed(error: ArrowError) -> PyErr {
    let reason = match &error {
        ArrowError::CDataInterface(reason) => reason,
        other => &other.to_string(),
    };
    PyRuntimeError::new_err(format!("the Arrow data cannot be read: {reason}"))
}
