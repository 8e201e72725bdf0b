//! Files: rank files, the model file, the counts file, and how anything is written.

pub mod atomic;
pub mod counts_file;
pub mod model_file;
pub mod rank_file;

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};

/// The whole of a file.
///
/// # Errors
/// [`Error::Io`] with the path.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(Error::io(path))
}
