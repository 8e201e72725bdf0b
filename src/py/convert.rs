//! Python values → what the core takes, borrowed wherever possible.

use std::borrow::Cow;
use std::ffi::CStr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use pyo3::exceptions::{PyLookupError, PyOverflowError, PyTypeError, PyUnicodeEncodeError, PyValueError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyFloat, PyInt, PyList, PyMapping, PyMemoryView, PyString, PyTuple};

use super::surrogates;
use crate::machine;
use crate::special::Choice;
use crate::vocab::Id;

/// `str` or `bytes`, as bytes.
pub(super) struct Text<'a> {
    pub bytes: Cow<'a, [u8]>,
    pub is_str: bool,
    /// Whether a `str` had surrogates, which were replaced: see [`surrogates`].
    pub is_replaced: bool,
}

impl<'a> Text<'a> {
    /// # Errors
    /// `TypeError` for anything but text.
    #[inline]
    pub(super) fn of(value: &'a Bound<'_, PyAny>) -> PyResult<Text<'a>> {
        Text::named(value, || "text".to_owned())
    }

    /// The same of an argument with another name.
    #[inline]
    pub(super) fn named(value: &'a Bound<'_, PyAny>, name: impl FnOnce() -> String) -> PyResult<Text<'a>> {
        if let Ok(string) = value.cast::<PyString>() {
            return match string.to_str() {
                Ok(valid) => Ok(Text { bytes: Cow::Borrowed(valid.as_bytes()), is_str: true, is_replaced: false }),
                Err(error) => Text::replaced(string, error),
            };
        }
        if let Ok(bytes) = value.cast::<PyBytes>() {
            return Ok(Text::of_bytes(Cow::Borrowed(bytes.as_bytes())));
        }
        Text::of_other(value, name)
    }

    /// That of a `str` that is no valid Unicode.
    #[cold]
    fn replaced(string: &Bound<'_, PyString>, error: PyErr) -> PyResult<Text<'a>> {
        if !error.is_instance_of::<PyUnicodeEncodeError>(string.py()) {
            return Err(error);
        }
        let bytes = Cow::Owned(surrogates::replaced(string)?.into_bytes());
        Ok(Text { bytes, is_str: true, is_replaced: true })
    }

    #[cold]
    fn of_other(value: &'a Bound<'_, PyAny>, name: impl FnOnce() -> String) -> PyResult<Text<'a>> {
        if let Ok(bytes) = value.cast::<PyByteArray>() {
            return Ok(Text::of_bytes(Cow::Owned(bytes.to_vec())));
        }
        if let Ok(view) = value.cast::<PyMemoryView>() {
            return Ok(Text::of_bytes(Cow::Owned(of_view(view, name)?)));
        }
        let hint = if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
            "; encode_batch and count_batch take several texts"
        } else if value.hasattr(intern!(value.py(), "__fspath__"))? {
            "; read the file first: path.read_bytes()"
        } else if value.is_instance_of::<PyMapping>() {
            "; pass one of its values"
        } else {
            ""
        };
        Err(PyTypeError::new_err(format!("{} must be str or bytes, not {}{hint}", name(), shown(value))))
    }

    fn of_bytes(bytes: Cow<'a, [u8]>) -> Text<'a> {
        Text { bytes, is_str: false, is_replaced: false }
    }

    /// Many texts, from values that the caller keeps alive.
    pub(super) fn all(values: &'a [Bound<'_, PyAny>]) -> PyResult<Vec<Text<'a>>> {
        let text = |(number, value)| Text::named(value, || format!("texts[{number}]"));
        values.iter().enumerate().map(text).collect()
    }
}

/// A text that comes from an iterator, as it is now: whoever gives a buffer may fill it anew for the next one.
pub(super) fn unchanging<'py>(value: Bound<'py, PyAny>, name: impl FnOnce() -> String) -> PyResult<Bound<'py, PyAny>> {
    if !value.is_instance_of::<PyByteArray>() && !value.is_instance_of::<PyMemoryView>() {
        return Ok(value);
    }
    Ok(PyBytes::new(value.py(), &Text::named(&value, name)?.bytes).into_any())
}

/// The bytes of a view of bytes. That of numbers, such as ids, is hardly meant to be text.
fn of_view(view: &Bound<'_, PyMemoryView>, name: impl FnOnce() -> String) -> PyResult<Vec<u8>> {
    let format: String = view.getattr(intern!(view.py(), "format"))?.extract()?;
    if !matches!(format.as_str(), "B" | "b" | "c") {
        return Err(PyTypeError::new_err(format!(
            "{} must be str or bytes, not a memoryview of numbers (format {format:?}); view.cast(\"B\") has their bytes",
            name()
        )));
    }
    view.call_method0(intern!(view.py(), "tobytes"))?.extract()
}

/// The value of `allowed_special`.
pub(super) fn allowed(value: &Bound<'_, PyAny>) -> PyResult<Choice> {
    choice("allowed_special", value)
}

/// The value of `disallowed_special`.
pub(super) fn disallowed(value: &Bound<'_, PyAny>) -> PyResult<Choice> {
    choice("disallowed_special", value)
}

fn choice(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<Choice> {
    if let Ok(word) = value.cast::<PyString>() {
        let word = word.to_str()?;
        return if word == "all" {
            Ok(Choice::All)
        } else {
            Err(PyValueError::new_err(format!(
                "{argument}={word:?}: must be \"all\" or a collection of names, such as {{{word:?}}}"
            )))
        };
    }
    let fail = |value| {
        PyTypeError::new_err(format!(
            "{argument} must be \"all\" or a collection of names, not {}; () names none",
            shown(value)
        ))
    };
    if value.is_instance_of::<PyBytes>() || value.is_instance_of::<PyByteArray>() {
        return Err(fail(value));
    }
    let names = value.try_iter().map_err(|_| fail(value))?;
    let name = |name: PyResult<Bound<'_, PyAny>>| {
        let name = name?;
        name.extract().or_else(|_: PyErr| word(&format!("a name in {argument}"), &name))
    };
    Ok(Choice::Names(names.map(name).collect::<PyResult<_>>()?))
}

/// The value of `errors`: what `bytes.decode` takes. Python itself would find out about a wrong one only where it is needed.
pub(super) fn check_errors(py: Python<'_>, errors: &str, name: &CStr) -> PyResult<()> {
    if matches!(errors, "replace" | "strict" | "ignore" | "backslashreplace" | "surrogateescape") {
        return Ok(());
    }
    // SAFETY: the interpreter is held, and the name ends with a zero. What comes is a new reference, or null with an error
    // set.
    match unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyCodec_LookupError(name.as_ptr())) } {
        Ok(_) => Ok(()),
        Err(_) => Err(PyLookupError::new_err(format!(
            "errors={errors:?}: unknown; there are \"replace\", \"strict\", \"ignore\", \"backslashreplace\", \
             \"surrogateescape\", and what codecs.register_error added"
        ))),
    }
}

/// The value of `path`: a `str`, or what `__fspath__` makes a `str` of. As with `pathlib`, `bytes` are none.
pub(super) fn path(value: &Bound<'_, PyAny>) -> PyResult<PathBuf> {
    value.extract().map_err(|error: PyErr| match error.is_instance_of::<PyTypeError>(value.py()) {
        true => {
            let hint = if value.is_instance_of::<PyBytes>() { "; os.fsdecode makes a str of it" } else { "" };
            PyTypeError::new_err(format!("path must be a str or os.PathLike, not {}{hint}", shown(value)))
        }
        false => error,
    })
}

/// The value of `pattern`.
pub(super) fn pattern(value: &Bound<'_, PyAny>) -> PyResult<String> {
    word("pattern", value)
}

/// The value of `name`.
pub(super) fn name(value: &Bound<'_, PyAny>) -> PyResult<String> {
    word("name", value)
}

/// A setting that is a `str`.
pub(super) fn word(setting: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    match value.cast::<PyString>() {
        Ok(word) => match word.to_str() {
            Ok(word) => Ok(word.to_owned()),
            Err(error) if error.is_instance_of::<PyUnicodeEncodeError>(value.py()) => {
                Err(PyValueError::new_err(format!("{setting} is {}: a surrogate is no text", word.repr()?)))
            }
            Err(error) => Err(error),
        },
        Err(_) => Err(PyTypeError::new_err(format!("{setting} must be a str, not {}", shown(value)))),
    }
}

/// The value of `ignore_merges`.
pub(super) fn ignore_merges(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let wrong = |_| PyTypeError::new_err(format!("ignore_merges must be True or False, not {}", shown(value)));
    value.extract().map_err(wrong)
}

/// A value in an error message: short ones of simple types as they are, of any others the type.
pub(super) fn shown(value: &Bound<'_, PyAny>) -> String {
    if value.is_none() {
        return "None".to_owned();
    }
    let kind = value.get_type().name().map_or_else(|_| "object".to_owned(), |name| name.to_string());
    let is_simple = value.is_exact_instance_of::<PyBool>()
        || value.is_exact_instance_of::<PyInt>()
        || value.is_exact_instance_of::<PyFloat>()
        || value.is_exact_instance_of::<PyString>()
        || value.is_exact_instance_of::<PyBytes>();
    match value.repr() {
        Ok(written) if is_simple && written.len().is_ok_and(|length| length <= 40) => format!("{kind} {written}"),
        _ => kind,
    }
}

/// The id that was given to a token.
pub(super) fn token_id(id: &Bound<'_, PyAny>, of: impl FnOnce() -> String) -> PyResult<Id> {
    match id.extract::<u32>() {
        Ok(number) if !id.is_instance_of::<PyBool>() => Ok(Id(number)),
        Err(error) if error.is_instance_of::<PyOverflowError>(id.py()) => {
            Err(PyValueError::new_err(format!("{} has the id {id}, which is no token id", of())))
        }
        _ => Err(PyTypeError::new_err(format!("{} has the id {}; an id must be an int", of(), shown(id)))),
    }
}

/// The value of `threads`.
pub(super) fn threads(threads: Option<&Bound<'_, PyAny>>) -> PyResult<Option<NonZeroUsize>> {
    let Some(value) = threads else { return Ok(None) };
    match NonZeroUsize::new(size("threads", value)?) {
        Some(number) => Ok(Some(number)),
        None => Err(PyValueError::new_err("threads=0: must be at least 1, or None for all cores")),
    }
}

/// The value of `memory_limit` in bytes: a number of them, or a share of what the machine has, by default one half.
pub(super) fn memory_limit(limit: Option<&Bound<'_, PyAny>>) -> PyResult<usize> {
    let fail = |value: &Bound<'_, PyAny>, reason| Err(PyValueError::new_err(format!("memory_limit={value}: {reason}")));
    let share = match limit {
        None => return Ok(machine::memory().map_or(usize::MAX, |bytes| bytes as usize / 2)),
        Some(value) if value.is_instance_of::<PyFloat>() => value.extract::<f64>()?,
        Some(value) => {
            let bytes = size("memory_limit", value)?;
            return if bytes > 0 { Ok(bytes) } else { fail(value, "must be at least 1 byte, or None") };
        }
    };
    let value = limit.expect("a share was given");
    if !(share > 0.0 && share <= 1.0) {
        return fail(
            value,
            "a share of the machine's memory is more than 0.0 and at most 1.0; a number of bytes is an int",
        );
    }
    match machine::memory() {
        Some(bytes) => Ok((bytes as f64 * share) as usize),
        None => fail(value, "this system does not tell how much memory there is; give a number of bytes"),
    }
}

/// A setting that is a number: `TypeError` for another type, `ValueError` for a negative or enormous one.
pub(super) fn size(setting: &str, value: &Bound<'_, PyAny>) -> PyResult<usize> {
    let no_int = || PyTypeError::new_err(format!("{setting} must be an int, not {}", shown(value)));
    if value.is_instance_of::<PyBool>() {
        return Err(no_int());
    }
    let number: i64 =
        value.extract().map_err(|error: PyErr| match error.is_instance_of::<PyOverflowError>(value.py()) {
            true => PyValueError::new_err(format!("{setting}={value}: out of range")),
            false => no_int(),
        })?;
    usize::try_from(number).map_err(|_| PyValueError::new_err(format!("{setting}={number}: must not be negative")))
}
