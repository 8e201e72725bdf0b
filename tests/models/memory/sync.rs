//! In place of `src/sync.rs`: locks and atomics of which loom knows who may see what.

pub use loom::sync::{Mutex, RwLock, atomic};
