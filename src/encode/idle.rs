//! Working memory between two calls, of all encoders of the process.
//!
//! An encoder keeps the scratches that nobody uses in a few slots. That is all there is to pay for a text of a few bytes.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, TryLockError, Weak};

use super::slots::Slots;
use super::{Scratch, limit};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::time::Duration;
use crate::sync::{Mutex, thread};

/// Scratches that an encoder keeps: one for each thread that encodes at a time, on any machine we have seen.
const SLOTS: usize = 64;

/// The scratches of an encoder that nobody uses.
pub(super) struct Idle {
    slots: Slots<Held, SLOTS>,
}

/// A scratch, and how often caches had been cleared when it was made.
struct Held {
    scratch: Scratch,
    epoch: u64,
}

/// All there are.
static ALL: Mutex<Vec<Weak<Idle>>> = Mutex::new(Vec::new());

/// How often caches were cleared.
static EPOCH: AtomicU64 = AtomicU64::new(0);

/// Of the scratches that are gone.
static LOOKUPS: AtomicU64 = AtomicU64::new(0);
static MISSES: AtomicU64 = AtomicU64::new(0);

impl Idle {
    pub(super) fn new() -> Arc<Idle> {
        let idle = Arc::new(Idle { slots: Slots::new() });
        with_all(|all| {
            all.retain(|idle| idle.strong_count() > 0);
            all.push(Arc::downgrade(&idle));
        });
        idle
    }

    /// A scratch that was used before, if there is one.
    pub(super) fn take(&self) -> Guard<'_> {
        let held = self
            .slots
            .take()
            .unwrap_or_else(|| Box::new(Held { scratch: Scratch::default(), epoch: EPOCH.load(Ordering::Relaxed) }));
        Guard { held: Some(held), idle: self }
    }

    fn put(&self, held: Box<Held>) {
        let epoch = held.epoch;
        if epoch != EPOCH.load(Ordering::Relaxed) || limit::taken() > limit::limit() {
            return;
        }
        drop(self.slots.put(held));
        // Whoever clears caches counts that first and then looks into the slots. Here it is the other way round: either it
        // sees what was put, or the new number is seen here.
        if epoch != EPOCH.load(Ordering::SeqCst) {
            self.slots.clear();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (lookups, misses) = self.scratch.numbers();
        LOOKUPS.fetch_add(lookups, Ordering::Relaxed);
        MISSES.fetch_add(misses, Ordering::Relaxed);
    }
}

/// A scratch, until it is put back.
pub struct Guard<'e> {
    held: Option<Box<Held>>,
    idle: &'e Idle,
}

impl Deref for Guard<'_> {
    type Target = Scratch;

    fn deref(&self) -> &Scratch {
        &self.held.as_ref().expect("there until it is dropped").scratch
    }
}

impl DerefMut for Guard<'_> {
    fn deref_mut(&mut self) -> &mut Scratch {
        &mut self.held.as_mut().expect("there until it is dropped").scratch
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Some(held) = self.held.take()
            // What a panic left half done is of no use.
            && !thread::panicking()
        {
            self.idle.put(held);
        }
    }
}

/// What the piece tables of the process hold and did. Those that are in use just now are left out of the look-ups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheInfo {
    /// The most memory that all of them may take together, in bytes.
    pub limit: usize,
    /// What they take, in bytes.
    pub bytes: usize,
    /// Pieces that were found.
    pub hits: u64,
    /// Pieces that were not.
    pub misses: u64,
}

/// What the piece tables of the process hold and did.
pub fn cache_info() -> CacheInfo {
    let (mut lookups, mut misses) = (0, 0);
    for_each(|idle| {
        for held in idle.slots.each() {
            let (own_lookups, own_misses) = held.scratch.numbers();
            lookups += own_lookups;
            misses += own_misses;
            idle.put(held);
        }
    });
    lookups += LOOKUPS.load(Ordering::Relaxed);
    misses += MISSES.load(Ordering::Relaxed);
    CacheInfo { limit: limit::limit(), bytes: limit::taken(), hits: lookups.saturating_sub(misses), misses }
}

/// Forgets all pieces that were seen, and gives their memory back: at once, or when those who use it have done with it.
pub fn clear_cache() {
    EPOCH.fetch_add(1, Ordering::SeqCst);
    for_each(|idle| idle.slots.clear());
}

/// Sets the most memory, in bytes, that the piece tables of the process may take together.
pub fn set_cache_limit(bytes: usize) {
    limit::set(bytes);
    if limit::taken() > bytes {
        clear_cache();
    }
}

/// Calls `each` with all there are.
fn for_each(each: impl FnMut(&Idle)) {
    let mut idle = Vec::new();
    with_all(|all| idle.extend(all.iter().filter_map(Weak::upgrade)));
    idle.iter().map(|idle| &**idle).for_each(each);
}

/// Does something with the list of all. It is locked for microseconds; but in a child that was forked in just these, nobody
/// will ever unlock it, and there those of the list are out of reach.
fn with_all(act: impl FnOnce(&mut Vec<Weak<Idle>>)) {
    for _ in 0..100 {
        match ALL.try_lock() {
            Ok(mut all) => return act(&mut all),
            Err(TryLockError::Poisoned(all)) => return act(&mut all.into_inner()),
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
        }
    }
}
