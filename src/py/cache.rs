//! The piece tables of the process.

use pyo3::prelude::*;

use super::convert::size;
use crate::encode;

/// The limit, what is taken, the pieces that were found, and those that were not.
#[pyfunction]
pub(super) fn cache_info() -> (usize, usize, u64, u64) {
    let encode::CacheInfo { limit, bytes, hits, misses } = encode::cache_info();
    (limit, bytes, hits, misses)
}

/// Forget all pieces that were seen.
#[pyfunction]
pub(super) fn clear_cache(py: Python<'_>) {
    py.detach(encode::clear_cache);
}

/// Set the most memory, in bytes, that is taken for pieces that were seen.
#[pyfunction]
pub(super) fn set_cache_limit(py: Python<'_>, limit: &Bound<'_, PyAny>) -> PyResult<()> {
    let limit = size("limit", limit)?;
    py.detach(|| encode::set_cache_limit(limit));
    Ok(())
}
