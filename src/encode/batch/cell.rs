//! Values that threads write beside each other.

use std::cell::UnsafeCell;
use std::mem::{ManuallyDrop, MaybeUninit};

use bytemuck::Pod;

/// A value that may not be there yet, and that one thread may write while others write its neighbours.
#[repr(transparent)]
pub(super) struct Cell<T>(UnsafeCell<MaybeUninit<T>>);

// SAFETY: through a shared cell nothing is read, and it is written only by `Cell::fill`, whose callers see to it that nobody
// else does.
unsafe impl<T: Send> Sync for Cell<T> {}

impl<T: Pod> Cell<T> {
    pub(super) fn empty() -> Cell<T> {
        Cell(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// Writes values into as many cells.
    ///
    /// # Safety
    /// Nobody else may write these cells or read them at the same time.
    pub(super) unsafe fn fill(cells: &[Cell<T>], values: &[T]) {
        assert_eq!(cells.len(), values.len());
        // SAFETY: the cells are alive, since they are borrowed, and as many as the values. `values` lies elsewhere, for whoever
        // borrows it may read it, and these cells nobody may.
        unsafe {
            std::ptr::copy_nonoverlapping(values.as_ptr(), UnsafeCell::raw_get(cells.as_ptr().cast()), values.len())
        };
    }

    /// What was written.
    ///
    /// # Safety
    /// All cells must have been filled.
    pub(super) unsafe fn into_values(cells: Vec<Cell<T>>) -> Vec<T> {
        let mut cells = ManuallyDrop::new(cells);
        // SAFETY: the parts are those of a vector that is not dropped. A cell has the layout of `T`, since both of its
        // layers are transparent, and its value is initialised.
        unsafe { Vec::from_raw_parts(cells.as_mut_ptr().cast(), cells.len(), cells.capacity()) }
    }
}
