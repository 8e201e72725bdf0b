//! How work is called off.

use crate::error::{Error, Result};
use crate::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Tells workers that nobody waits for them any more.
#[derive(Default)]
pub struct Stop(AtomicBool);

impl Stop {
    /// Tells all who check that nobody waits for them.
    pub(crate) fn call_off(&self) {
        self.0.store(true, Relaxed);
    }

    /// # Errors
    /// [`Error::Interrupted`] once the work has been called off.
    #[inline]
    pub fn check(&self) -> Result<()> {
        if self.0.load(Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }
}
