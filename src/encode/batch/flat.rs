//! One buffer that several threads fill at the same time.
//!
//! Places in it are claimed one after the other, each by one thread, and filled in any order. The buffer is not
//! initialised before, and grows when somebody fills a place beyond its end.

use std::sync::PoisonError;

use bytemuck::Pod;

use super::cell::Cell;
use crate::machine;
use crate::sync::RwLock;
use crate::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The buffer.
pub(super) struct Flat<T> {
    /// As many as there is room for. The lock is held exclusively to move them, and shared to write into them.
    cells: RwLock<Vec<Cell<T>>>,
    claimed: AtomicUsize,
    filled: AtomicUsize,
}

/// A part of the buffer that nobody else has.
#[must_use]
pub(super) struct Place<'f, T> {
    flat: &'f Flat<T>,
    start: usize,
    length: usize,
}

impl<T: Pod> Flat<T> {
    /// An empty buffer with room for so many values.
    pub(super) fn new(room: usize) -> Flat<T> {
        let flat = Flat { cells: RwLock::default(), claimed: AtomicUsize::new(0), filled: AtomicUsize::new(0) };
        flat.grow(room);
        flat
    }

    /// The next place, for so many values.
    pub(super) fn claim(&self, length: usize) -> Place<'_, T> {
        // It never wraps round: what is claimed is held in memory.
        Place { flat: self, start: self.claimed.fetch_add(length, Relaxed), length }
    }

    /// Makes room for so many values, if there is less.
    fn grow(&self, room: usize) {
        let mut cells = self.cells.write().unwrap_or_else(PoisonError::into_inner);
        if room > cells.len() {
            let more = room - cells.len();
            machine::reserve(&mut cells, more);
            // The compiler makes nothing of writing nothing.
            cells.resize_with(room, Cell::empty);
        }
    }

    /// All values that were claimed.
    ///
    /// # Panics
    /// If a place was claimed and never filled.
    pub(super) fn into_values(self) -> Vec<T> {
        let mut cells = self.cells.into_inner().unwrap_or_else(PoisonError::into_inner);
        let claimed = self.claimed.into_inner();
        assert!(self.filled.into_inner() == claimed && claimed <= cells.len());
        cells.truncate(claimed);
        // A prediction far too high must not stay in memory as long as the values do.
        if cells.capacity() / 8 * 7 > claimed {
            cells.shrink_to_fit();
        }
        // SAFETY: all are filled: places are adjacent from 0 to the last, each can be filled at most once since that
        // consumes it, and their lengths add up to all of it.
        unsafe { Cell::into_values(cells) }
    }
}

impl<T: Pod> Place<'_, T> {
    /// Where it starts.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// Fills it. If it lies beyond the end of the buffer, that grows, for as many values as are expected in all or somewhat
    /// more than are needed now.
    ///
    /// # Panics
    /// If these are not as many values as were claimed.
    pub(super) fn fill(self, values: &[T], expected: usize) {
        assert_eq!(values.len(), self.length);
        let end = self.start + self.length;
        let mut cells = self.flat.cells.read().unwrap_or_else(PoisonError::into_inner);
        while cells.len() < end {
            let room = expected.max(cells.len() + cells.len() / 4).max(end);
            drop(cells);
            self.flat.grow(room);
            cells = self.flat.cells.read().unwrap_or_else(PoisonError::into_inner);
        }
        // SAFETY: nobody else writes or reads these cells: no two claims overlap, this one is consumed here, the cells do
        // not move while the lock is held, and they are read when the buffer is owned by one again.
        unsafe { Cell::fill(&cells[self.start..end], values) };
        self.flat.filled.fetch_add(self.length, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn places_are_filled_in_any_order_by_any_thread_while_the_buffer_grows() {
        let flat = Flat::<u32>::new(3);
        let lengths: Vec<usize> = (0..200).map(|number| number * 7 % 31).collect();
        let mut places: Vec<_> = lengths.iter().map(|&length| flat.claim(length)).collect();
        let total = lengths.iter().sum::<usize>();
        let values =
            |place: &Place<u32>| (place.start..place.start + place.length).map(|at| at as u32).collect::<Vec<_>>();
        thread::scope(|scope| {
            while !places.is_empty() {
                let some = places.split_off(places.len().saturating_sub(37));
                scope.spawn(move || {
                    some.into_iter().rev().for_each(|place| {
                        let values = values(&place);
                        place.fill(&values, total / 2);
                    })
                });
            }
        });
        assert_eq!(flat.into_values(), (0..total as u32).collect::<Vec<_>>());
    }

    #[test]
    #[should_panic]
    fn a_place_that_was_not_filled_is_noticed() {
        let flat = Flat::<u32>::new(10);
        flat.claim(2).fill(&[1, 2], 0);
        let _ = flat.claim(1);
        flat.into_values();
    }
}
