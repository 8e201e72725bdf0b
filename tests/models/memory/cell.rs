//! In place of `src/encode/batch/cell.rs`: values of which loom sees who writes and reads them, and when.

use loom::cell::UnsafeCell;

pub struct Cell<T>(UnsafeCell<Option<T>>);

// SAFETY: loom fails where two threads use it at once.
unsafe impl<T: Send> Sync for Cell<T> {}

impl<T: Copy> Cell<T> {
    pub fn empty() -> Cell<T> {
        Cell(UnsafeCell::new(None))
    }

    pub unsafe fn fill(cells: &[Cell<T>], values: &[T]) {
        for (cell, &value) in cells.iter().zip(values) {
            // SAFETY: the pointer is that of a living cell.
            cell.0.with_mut(|place| unsafe { *place = Some(value) });
        }
    }

    pub unsafe fn into_values(cells: Vec<Cell<T>>) -> Vec<T> {
        cells.into_iter().map(|cell| cell.0.into_inner().expect("filled")).collect()
    }
}
