//! The engines of the patterns that were used last: to compile one takes milliseconds, in which a megabyte is split.

use std::sync::Mutex;

use super::{Engine, Pattern};
use crate::error::Result;

/// More than a process uses in turn.
const MANY: usize = 8;

/// The one used last is the last.
static ENGINES: Mutex<Vec<(Pattern, Engine)>> = Mutex::new(Vec::new());

/// The engine of a pattern, compiled where it is not known.
///
/// # Errors
/// As `compile`.
pub(super) fn engine(pattern: &Pattern, compile: impl FnOnce() -> Result<Engine>) -> Result<Engine> {
    // A lock that is held elsewhere is not waited for: in a process that was forked it may stay so.
    if let Ok(mut engines) = ENGINES.try_lock()
        && let Some(at) = engines.iter().position(|(known, _)| known == pattern)
    {
        engines[at..].rotate_left(1);
        return Ok(engines[engines.len() - 1].1.clone());
    }
    let engine = compile()?;
    if let Ok(mut engines) = ENGINES.try_lock()
        && !engines.iter().any(|(known, _)| known == pattern)
    {
        let surplus = (engines.len() + 1).saturating_sub(MANY);
        engines.drain(..surplus);
        engines.push((pattern.clone(), engine.clone()));
    }
    Ok(engine)
}
