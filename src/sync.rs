//! What threads share things by: the standard library's. The models in `tests/models`, which try the code below `parallel` and
//! `encode` in every order of events, put something else in its place.

pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, RwLock, atomic, mpsc};
pub(crate) use std::{thread, time};
