//! The memory that piece tables take, of all tokenizers and threads of the process together, and its limit.

use crate::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The limit until another is set: 64 MiB.
pub const DEFAULT: usize = 64 << 20;

static LIMIT: AtomicUsize = AtomicUsize::new(DEFAULT);
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// The limit in bytes.
pub fn limit() -> usize {
    LIMIT.load(Relaxed)
}

pub(super) fn set(bytes: usize) {
    LIMIT.store(bytes, Relaxed);
}

/// What is taken now, in bytes.
pub fn taken() -> usize {
    TAKEN.load(Relaxed)
}

/// Some of the memory below the limit. It is given back with the value.
#[derive(Default)]
pub(super) struct Share(usize);

impl Share {
    /// So many bytes, unless that were more than half of what is free: there is always something left for others.
    pub(super) fn take(bytes: usize) -> Option<Share> {
        let fits = |taken: usize| {
            let free = limit().checked_sub(taken)?;
            (bytes <= free / 2).then_some(taken + bytes)
        };
        TAKEN.fetch_update(Relaxed, Relaxed, fits).ok().map(|_| Share(bytes))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        TAKEN.fetch_sub(self.0, Relaxed);
    }
}
