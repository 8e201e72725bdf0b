//! Ids as Python integers.
//!
//! Making an integer object takes longer than encoding what it stands for. So every id has one that is made when it is first
//! needed and shared by all lists from then on: a list of ids takes 8 bytes an id instead of 36, and half the time.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::vocab::Id;

/// Ids below this share their objects: those of all vocabularies in use, in at most 10 MiB.
const SHARED: usize = 1 << 18;

/// Zeros until they are used, which take no memory. Each object has one reference that is never given back.
static OBJECTS: [AtomicPtr<ffi::PyObject>; SHARED] = [const { AtomicPtr::new(ptr::null_mut()) }; SHARED];

/// A list of ids.
pub(super) fn list<'py>(py: Python<'py>, ids: &[Id]) -> PyResult<Bound<'py, PyList>> {
    // SAFETY: the interpreter is held, as `py` shows. What `PyList_New` gives is a new reference, or null with an error set.
    // Every item of the new list is set once, to a reference that is passed on with it; should one fail, the list is dropped
    // with the rest of its items null, which lists allow.
    unsafe {
        let list = Bound::from_owned_ptr_or_err(py, ffi::PyList_New(ids.len() as ffi::Py_ssize_t))?;
        for (at, &id) in ids.iter().enumerate() {
            if ffi::PyList_SetItem(list.as_ptr(), at as ffi::Py_ssize_t, object(py, id)?) != 0 {
                return Err(PyErr::fetch(py));
            }
        }
        Ok(list.cast_into_unchecked())
    }
}

/// An id as an integer.
pub(super) fn one(py: Python<'_>, id: Id) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: the interpreter is held, and the reference is a new one.
    Ok(unsafe { Bound::from_owned_ptr(py, object(py, id)?) })
}

/// A new reference to the integer.
#[inline(always)]
fn object(py: Python<'_>, id: Id) -> PyResult<*mut ffi::PyObject> {
    let shared = OBJECTS.get(id.index());
    let known = shared.map_or(ptr::null_mut(), |object| object.load(Ordering::Acquire));
    if known.is_null() {
        return made(py, id, shared);
    }
    // SAFETY: objects in the table are never given back, and the interpreter is held.
    unsafe { ffi::Py_INCREF(known) };
    Ok(known)
}

#[cold]
fn made(py: Python<'_>, id: Id, shared: Option<&AtomicPtr<ffi::PyObject>>) -> PyResult<*mut ffi::PyObject> {
    let object = id.0.into_pyobject(py)?.into_ptr();
    if let Some(shared) = shared
        && shared.compare_exchange(ptr::null_mut(), object, Ordering::Release, Ordering::Relaxed).is_ok()
    {
        // SAFETY: the reference that we own goes to the table, another one to the caller; the interpreter is held.
        unsafe { ffi::Py_INCREF(object) };
    }
    Ok(object)
}
