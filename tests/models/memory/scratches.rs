//! Slots in which threads leave something for the next that asks.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::thread;

use super::slots::Slots;

pub const MODELS: [(&str, fn()); 2] = [
    ("what is taken has one owner", what_is_taken_has_one_owner),
    ("what is put where all is full comes back", what_is_put_where_all_is_full_comes_back),
];

/// What only its owner may touch, and is counted while it is there.
struct Thing {
    touched: UnsafeCell<usize>,
    alive: Arc<AtomicUsize>,
}

// SAFETY: loom fails where two threads use it at once.
unsafe impl Send for Thing {}

impl Thing {
    fn new(alive: &Arc<AtomicUsize>) -> Box<Thing> {
        alive.fetch_add(1, Relaxed);
        Box::new(Thing { touched: UnsafeCell::new(0), alive: Arc::clone(alive) })
    }

    fn touch(&self) {
        // SAFETY: the pointer is that of a living cell.
        self.touched.with_mut(|touched| unsafe { *touched += 1 });
    }
}

impl Drop for Thing {
    fn drop(&mut self) {
        self.touch();
        self.alive.fetch_sub(1, Relaxed);
    }
}

fn use_one<const N: usize>(slots: &Slots<Thing, N>, alive: &Arc<AtomicUsize>) {
    let thing = slots.take().unwrap_or_else(|| Thing::new(alive));
    thing.touch();
    drop(slots.put(thing));
}

fn model<const N: usize>() {
    let alive = Arc::new(AtomicUsize::new(0));
    let slots = Arc::new(Slots::<Thing, N>::new());
    assert!(slots.put(Thing::new(&alive)).is_none());
    let threads = [0, 1].map(|_| {
        let (slots, alive) = (Arc::clone(&slots), Arc::clone(&alive));
        thread::spawn(move || use_one(&slots, &alive))
    });
    slots.clear();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(alive.load(Relaxed) <= N);
    drop(slots);
    assert_eq!(alive.load(Relaxed), 0, "something was lost");
}

fn what_is_taken_has_one_owner() {
    model::<2>();
}

fn what_is_put_where_all_is_full_comes_back() {
    model::<1>();
}
