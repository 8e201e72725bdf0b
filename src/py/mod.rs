//! The Python module. Methods here convert inputs, release the interpreter once, call the core and build outputs; the
//! manual is `python/pairwright/_core.pyi`.

mod arrays;
mod arrow;
mod cache;
mod contents;
mod convert;
mod corpus;
mod counts;
mod decoder;
mod errors;
mod ids;
mod ints;
mod leave;
mod surrogates;
mod texts;
mod tokenizer;
mod train;
mod watch;

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;

/// Types, exceptions and the table of integers are those of one interpreter and must not be seen by another. Python itself
/// refuses from 3.12 on, but only for interpreters that have a lock of their own.
fn refuse_subinterpreters(py: Python<'_>) -> PyResult<()> {
    // SAFETY: the interpreter is held, as `py` shows, so that there is a current one.
    let id = unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) };
    if id == 0 {
        return Ok(());
    }
    let error = PyImportError::new_err("pairwright cannot be used in a sub-interpreter");
    let hint = "hint: use threads, which encode and train beside each other, or processes; under mod_wsgi set \
                WSGIApplicationGroup %{GLOBAL}";
    error.add_note(py, hint)?;
    Err(error)
}

/// Of each step its regex, its behavior, and whether it is inverted.
type StepsShown = Vec<(String, &'static str, bool)>;

/// `gil_used`: in a build for a free-threaded Python the interpreter lock is turned on again, with a warning. What threads
/// share here is atomic, but was never tested without the lock.
#[pymodule(gil_used = true)]
mod _core {
    use std::path::PathBuf;

    use pyo3::prelude::*;
    use pyo3::types::PyDict;

    use super::StepsShown;
    use super::errors::to_python;
    use crate::io::atomic;
    use crate::io::kind::Kind;
    use crate::io::packed;
    use crate::split::names::{self, Names};
    use crate::split::{Explanation, NAMED, Pattern, Splitter, Step, WHOLE};

    #[pymodule_export]
    use super::arrow::{_batch_to_arrow, _schema_of_batches};
    #[pymodule_export]
    use super::cache::{cache_info, clear_cache, set_cache_limit};
    #[pymodule_export]
    use super::corpus::{Block, Reader, refuse_foreign};
    #[pymodule_export]
    use super::counts::{_from_counts, Counts};
    #[pymodule_export]
    use super::decoder::StreamDecoder;
    #[pymodule_export]
    use super::texts::{hashes, lengths};
    #[pymodule_export]
    use super::tokenizer::{_add_usage, _from_model, _from_packed, Tokenizer};
    #[pymodule_export]
    use super::train::{Counter, Settings, check_second_pattern, train, train_parity, unlearned};

    /// Write a file, complete or not at all.
    #[pyfunction]
    fn write_atomically(py: Python<'_>, path: PathBuf, content: &[u8]) -> PyResult<()> {
        let written = py.detach(|| atomic::write(&path, |file| file.write_all(content)));
        written.map_err(|error| to_python(py, error))
    }

    /// What is at a path, by its content, and the same in words: "model", "ranks", "tokenizer.json" and so on.
    #[pyfunction]
    fn kind_of(py: Python<'_>, path: PathBuf) -> PyResult<Option<(&'static str, &'static str)>> {
        let kind = py.detach(|| Kind::of(&path)).map_err(|error| to_python(py, error))?;
        Ok(kind.map(|kind| (kind.name(), kind.described())))
    }

    /// The regex of a split pattern: that of a named one, or the pattern itself.
    #[pyfunction]
    fn regex_of(py: Python<'_>, pattern: &str) -> PyResult<String> {
        let pattern = Pattern::parse(pattern).map_err(|error| to_python(py, error))?;
        Ok(pattern.regex().to_owned())
    }

    /// The named patterns: name, source, other names, and for each step its regex, behavior and whether it is inverted.
    #[pyfunction]
    fn named_patterns() -> Vec<(&'static str, &'static str, Vec<&'static str>, StepsShown)> {
        let steps = |named| {
            let pattern = Pattern::Named(named);
            let steps = pattern.steps().unwrap_or_else(|| vec![Step::isolated(pattern.regex())]);
            let shown = steps.into_iter().map(|step| {
                let regex = Pattern::of_step(&step.pattern).regex().to_owned();
                (regex, step.behavior.name(), step.invert)
            });
            shown.collect()
        };
        NAMED.iter().map(|named| (named.name, named.source, named.aliases.to_vec(), steps(named))).collect()
    }

    /// What a split pattern becomes, as a dict.
    #[pyfunction]
    fn explain(py: Python<'_>, pattern: &str) -> PyResult<Py<PyDict>> {
        let explained = py.detach(|| Splitter::new(pattern)?.explain()).map_err(|error| to_python(py, error))?;
        Ok(as_dict(py, &explained)?.unbind())
    }

    fn as_dict<'py>(py: Python<'py>, explanation: &Explanation) -> PyResult<Bound<'py, PyDict>> {
        let (dict, details) = (PyDict::new(py), PyDict::new(py));
        for (about, what) in &explanation.details {
            details.set_item(about, what)?;
        }
        let steps = explanation.steps.iter().map(|step| as_dict(py, step)).collect::<PyResult<Vec<_>>>()?;
        dict.set_item("pattern", &explanation.pattern)?;
        dict.set_item("engine", explanation.engine)?;
        dict.set_item("linear", explanation.linear)?;
        dict.set_item("parallel", explanation.parallel)?;
        dict.set_item("details", details)?;
        dict.set_item("steps", steps)?;
        Ok(dict)
    }

    /// The one of these names that a name means, in whatever spelling.
    #[pyfunction]
    #[pyo3(
        signature = (name, names, beginnings = Vec::new()),
        text_signature = "(name, names, beginnings=())"
    )]
    fn same_name(name: &str, names: Vec<String>, beginnings: Vec<String>) -> Option<String> {
        let itself = |name: String| (name.clone(), name);
        let known = Names::new(names.into_iter().map(itself), beginnings.into_iter().map(itself));
        known.find(name).cloned()
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::refuse_subinterpreters(module.py())?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("DATASETS", names::MANIFEST)?;
        module.add("WHOLE", WHOLE)?;
        module.add("PACKED_HEADER", packed::HEADER)?;
        module.add("PATTERN_NAMES", names::of_patterns().whole().collect::<Vec<_>>())?;
        let patterns = PyDict::new(module.py());
        for pattern in NAMED {
            patterns.set_item(pattern.name, pattern.regex)?;
        }
        module.add("PATTERNS", patterns)?;
        super::leave::register(module)
    }
}
