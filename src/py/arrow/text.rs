//! The texts in an array, borrowed from its buffers.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    BinaryType, BinaryViewType, ByteArrayType, ByteViewType, Int16Type, Int32Type, Int64Type, LargeBinaryType,
    LargeUtf8Type, RunEndIndexType, StringViewType, Utf8Type,
};
use arrow_array::{Array, ArrayRef, GenericByteArray, GenericByteViewArray, RunArray};
use arrow_buffer::{ArrowNativeType, NullBuffer};
use arrow_schema::DataType;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// Rows of text, all of them there.
pub(in super::super) struct Chunk {
    array: ArrayRef,
}

/// Whether a column has text, or a table a single column that does.
///
/// # Errors
/// `TypeError` and `ValueError` for what has not.
pub(super) fn check(kind: &DataType) -> PyResult<()> {
    match kind {
        DataType::Struct(fields) => match &fields[..] {
            [field] => of_text(field.data_type()),
            [] => Err(PyValueError::new_err("the table has no columns; pass one of text")),
            several => {
                let names: Vec<_> = several.iter().map(|field| format!("{:?}", field.name())).collect();
                Err(PyValueError::new_err(format!(
                    "the table has {} columns ({}); select the one of text",
                    names.len(),
                    names.join(", ")
                )))
            }
        },
        other => of_text(other),
    }
}

fn of_text(kind: &DataType) -> PyResult<()> {
    let of = match kind {
        DataType::Dictionary(_, values) => values,
        DataType::RunEndEncoded(_, values) => values.data_type(),
        other => other,
    };
    match of {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Ok(()),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => Ok(()),
        _ => Err(PyTypeError::new_err(format!(
            "text must be a column of strings or binary, not of {kind}; cast it to string first"
        ))),
    }
}

impl Chunk {
    /// The rows of an array of a type that was checked, behind so many others.
    ///
    /// # Errors
    /// `ValueError` that names a row without text.
    pub(super) fn of(array: ArrayRef, before: usize) -> PyResult<Chunk> {
        let (array, nulls) = match array.as_struct_opt() {
            Some(table) => {
                let column = table.column(0);
                (column.clone(), NullBuffer::union(table.nulls(), column.logical_nulls().as_ref()))
            }
            None => (array.clone(), array.logical_nulls()),
        };
        if let Some(first) = nulls.and_then(|nulls| nulls.iter().position(|is_there| !is_there)) {
            let row = before + first;
            return Err(PyValueError::new_err(format!(
                "row {row} is null, which is no text; fill or drop nulls first"
            )));
        }
        Ok(Chunk { array })
    }

    pub(in super::super) fn len(&self) -> usize {
        self.array.len()
    }

    /// The bytes of all texts.
    pub(in super::super) fn bytes(&self) -> usize {
        known(&self.array).iter().map(|text| text.len()).sum()
    }
}

/// The texts of all rows.
pub(in super::super) fn texts(chunks: &[Chunk]) -> Vec<&[u8]> {
    let mut texts = Vec::with_capacity(chunks.iter().map(Chunk::len).sum());
    chunks.iter().for_each(|chunk| add(&*chunk.array, &mut texts));
    texts
}

/// Adds the texts of an array that has no nulls.
fn add<'a>(array: &'a dyn Array, texts: &mut Vec<&'a [u8]>) {
    match array.data_type() {
        DataType::Utf8 => add_flat(array.as_bytes::<Utf8Type>(), texts),
        DataType::LargeUtf8 => add_flat(array.as_bytes::<LargeUtf8Type>(), texts),
        DataType::Binary => add_flat(array.as_bytes::<BinaryType>(), texts),
        DataType::LargeBinary => add_flat(array.as_bytes::<LargeBinaryType>(), texts),
        DataType::Utf8View => add_views(array.as_byte_view::<StringViewType>(), texts),
        DataType::BinaryView => add_views(array.as_byte_view::<BinaryViewType>(), texts),
        // Without rows there may be no values to look up.
        DataType::Dictionary(..) if array.is_empty() => {}
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let values = known(dictionary.values());
            texts.extend(dictionary.normalized_keys().into_iter().map(|key| values[key]));
        }
        DataType::RunEndEncoded(ends, _) => match ends.data_type() {
            DataType::Int16 => add_runs(array.as_run::<Int16Type>(), texts),
            DataType::Int32 => add_runs(array.as_run::<Int32Type>(), texts),
            _ => add_runs(array.as_run::<Int64Type>(), texts),
        },
        other => unreachable!("{other} is no text, which was checked"),
    }
}

fn add_flat<'a, T: ByteArrayType>(array: &'a GenericByteArray<T>, texts: &mut Vec<&'a [u8]>) {
    let bytes = array.value_data();
    texts.extend(array.value_offsets().windows(2).map(|pair| &bytes[pair[0].as_usize()..pair[1].as_usize()]));
}

fn add_views<'a, T: ByteViewType + ?Sized>(array: &'a GenericByteViewArray<T>, texts: &mut Vec<&'a [u8]>) {
    texts.extend((0..array.len()).map(|row| -> &[u8] { array.value(row).as_ref() }));
}

fn add_runs<'a, R: RunEndIndexType>(array: &'a RunArray<R>, texts: &mut Vec<&'a [u8]>) {
    let values = known(array.values());
    texts.extend((0..array.len()).map(|row| values[array.get_physical_index(row)]));
}

/// The values that rows refer to.
fn known(values: &dyn Array) -> Vec<&[u8]> {
    let mut texts = Vec::with_capacity(values.len());
    add(values, &mut texts);
    texts
}
