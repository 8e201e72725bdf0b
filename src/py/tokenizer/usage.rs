//! Texts → how often each id occurs.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1, PyReadwriteArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::Tokenizer;
use crate::error::Result;
use crate::py::arrays;
use crate::py::convert;
use crate::py::counts::Counts;
use crate::py::leave::Inside;
use crate::py::watch::Watch;

#[pymethods]
impl Tokenizer {
    /// How often each id occurs in texts in which special tokens are plain text.
    #[pyo3(signature = (texts, *, threads = None))]
    fn _usage_of_texts<'py>(
        &self,
        py: Python<'py>,
        texts: &Bound<'py, PyAny>,
        threads: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyArray1<u64>>> {
        arrays::prepare(py)?;
        let threads = convert::threads(threads)?;
        let count = |texts: &[&[u8]], tick: &mut (dyn FnMut() -> Result<()> + Send)| {
            self.core.usage(texts, &self.core.special().ordinary(), threads, tick)
        };
        let usage = self.batch_of(py, texts, count)?;
        let _inside = Inside::enter(py);
        Ok(usage.into_pyarray(py))
    }

    /// How often each id occurs in the text that was counted.
    #[pyo3(signature = (counts, *, threads = None))]
    fn _usage_of_counts<'py>(
        &self,
        py: Python<'py>,
        counts: &Counts,
        threads: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyArray1<u64>>> {
        arrays::prepare(py)?;
        let threads = convert::threads(threads)?;
        let mut watch = Watch::default();
        let counted = py.detach(|| self.core.usage_of_counts(&counts.core, threads, || watch.signals()));
        let usage = watch.finish(py, counted)?;
        let _inside = Inside::enter(py);
        Ok(usage.into_pyarray(py))
    }
}

/// Adds ids to a usage, in place.
#[pyfunction]
pub(in crate::py) fn _add_usage(
    py: Python<'_>,
    mut usage: PyReadwriteArray1<'_, u64>,
    ids: &Bound<'_, PyAny>,
) -> PyResult<()> {
    arrays::prepare(py)?;
    let usage = usage.as_slice_mut().map_err(|_| PyValueError::new_err("usage must be without gaps"))?;
    let unknown = if let Ok(ids) = ids.extract::<PyReadonlyArray1<u16>>() {
        let ids = ids.as_slice().map_err(|_| PyValueError::new_err("ids must be without gaps"))?;
        py.detach(|| add(usage, ids))
    } else {
        let ids: PyReadonlyArray1<u32> = ids.extract()?;
        let ids = ids.as_slice().map_err(|_| PyValueError::new_err("ids must be without gaps"))?;
        py.detach(|| add(usage, ids))
    };
    match unknown {
        Some((position, id)) => {
            Err(pyo3::exceptions::PyKeyError::new_err(format!("no token has id {id} (position {position})")))
        }
        None => Ok(()),
    }
}

/// The first id that is too large, with its position.
fn add<I: Copy + Into<u32>>(usage: &mut [u64], ids: &[I]) -> Option<(usize, u32)> {
    for (position, &id) in ids.iter().enumerate() {
        let id: u32 = id.into();
        match usage.get_mut(id as usize) {
            Some(count) => *count += 1,
            None => return Some((position, id)),
        }
    }
    None
}
