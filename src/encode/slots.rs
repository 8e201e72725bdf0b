//! Where threads leave something for the next that asks.
//!
//! Taking and putting back is one atomic exchange each: no lock that a fork could leave locked.

use std::ptr;

use crate::sync::atomic::{AtomicPtr, Ordering};

/// Room for `N` values.
pub(super) struct Slots<T, const N: usize>([AtomicPtr<T>; N]);

impl<T, const N: usize> Slots<T, N> {
    pub(super) fn new() -> Slots<T, N> {
        Slots(std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())))
    }

    /// One of the values.
    pub(super) fn take(&self) -> Option<Box<T>> {
        self.0.iter().find_map(Self::empty)
    }

    /// Every value that is there when its slot is looked at.
    pub(super) fn each(&self) -> impl Iterator<Item = Box<T>> {
        self.0.iter().filter_map(Self::empty)
    }

    /// Drops all that is there.
    pub(super) fn clear(&self) {
        self.each().for_each(drop);
    }

    /// What is in a slot, taken out.
    ///
    /// All loads and the exchange in `put` are in one order that all threads agree on, together with whatever else they do
    /// in that order: see `Idle::put`.
    fn empty(slot: &AtomicPtr<T>) -> Option<Box<T>> {
        if slot.load(Ordering::SeqCst).is_null() {
            return None;
        }
        let value = slot.swap(ptr::null_mut(), Ordering::Acquire);
        // SAFETY: only `put` writes pointers other than null, which come from a box; whoever swaps one out is its only owner.
        (!value.is_null()).then(|| unsafe { Box::from_raw(value) })
    }

    /// Puts a value into a slot; gives it back where none is free.
    pub(super) fn put(&self, value: Box<T>) -> Option<Box<T>> {
        let value = Box::into_raw(value);
        let is_put = |slot: &AtomicPtr<T>| {
            slot.load(Ordering::Relaxed).is_null()
                && slot.compare_exchange(ptr::null_mut(), value, Ordering::SeqCst, Ordering::Relaxed).is_ok()
        };
        // SAFETY: it came from a box just above, and no slot took it.
        (!self.0.iter().any(is_put)).then(|| unsafe { Box::from_raw(value) })
    }
}

impl<T, const N: usize> Drop for Slots<T, N> {
    fn drop(&mut self) {
        self.clear();
    }
}
