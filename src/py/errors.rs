//! Errors of the core → Python exceptions: a builtin one where one fits, else a `pairwright.PairwrightError`.

use std::io::{Error as IoError, ErrorKind};
use std::path::Path;

use pyo3::exceptions::{
    PyIsADirectoryError, PyKeyError, PyKeyboardInterrupt, PyNotADirectoryError, PyOSError, PyOverflowError,
    PyValueError,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::Error;

pub(super) fn to_python(py: Python<'_>, error: Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::Io { path, source } => os_error(py, &path, &source, message),
        Error::Spill { folder, source } => {
            let raised = os_error(py, &folder, &source, message);
            let advice = "hint: counts that pass memory_limit are kept in this folder; name another spill_folder or raise memory_limit";
            match raised.value(py).call_method1("add_note", (advice,)) {
                Ok(_) => raised,
                Err(error) => error,
            }
        }
        Error::Document { hint, .. } => own(py, "DocumentError", message, hint),
        Error::Format { .. } => own(py, "FormatError", message, None),
        Error::Split { .. } => own(py, "SplitError", message, None),
        Error::Stopped => own(py, "StoppedError", message, None),
        Error::UnknownPattern { pattern, .. } => unknown_pattern(py, &message, &pattern),
        Error::CountOverflow { .. } | Error::UsageOverflow => PyOverflowError::new_err(message),
        Error::UnknownId { .. } => PyKeyError::new_err(message),
        // A callback that was asked to stop has an exception of its own, which `Watch` raises in place of this.
        Error::Interrupted => PyKeyboardInterrupt::new_err(message),
        Error::Vocab { .. }
        | Error::VocabSize { .. }
        | Error::SpecialToken { .. }
        | Error::RefusedSpecial { .. }
        | Error::Pattern { .. }
        | Error::Unwritable { .. }
        | Error::PieceTooLong { .. }
        | Error::CorpusTooLarge { .. }
        | Error::CharacterTooLong { .. }
        | Error::CountsDiffer { .. }
        | Error::Pretoken { .. }
        | Error::EmptyCorpus
        | Error::NotNested { .. }
        | Error::NeededByte { .. }
        | Error::Setting { .. } => PyValueError::new_err(message),
    }
}

/// A `ValueError` that suggests the name that was probably meant.
fn unknown_pattern(py: Python<'_>, message: &str, pattern: &str) -> PyErr {
    let made =
        py.import("pairwright.names").and_then(|names| names.call_method1("unknown_pattern", (message, pattern)));
    made.map_or_else(|error| error, PyErr::from_value)
}

/// `OSError(errno, text, path)`, which Python turns into `FileNotFoundError`, `PermissionError` and so on.
fn os_error(py: Python<'_>, path: &Path, source: &IoError, message: String) -> PyErr {
    let Some(number) = source.raw_os_error() else {
        return match source.kind() {
            ErrorKind::IsADirectory => PyIsADirectoryError::new_err(message),
            ErrorKind::NotADirectory => PyNotADirectoryError::new_err(message),
            _ => PyOSError::new_err(message),
        };
    };
    let text = py.import("os").and_then(|os| os.call_method1("strerror", (number,))?.extract::<String>());
    match text {
        Ok(text) => PyOSError::new_err((number, text, path.as_os_str().to_owned())),
        Err(error) => error,
    }
}

/// An exception class of `pairwright.errors`.
fn own(py: Python<'_>, class: &str, message: String, hint: Option<String>) -> PyErr {
    let made = || {
        let keywords = PyDict::new(py);
        keywords.set_item("hint", hint)?;
        py.import("pairwright.errors")?.getattr(class)?.call((message,), Some(&keywords))
    };
    match made() {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}
