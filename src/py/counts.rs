//! `Counts`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use num_bigint::BigUint;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyKeyError, PyOverflowError, PyTypeError, PyValueError, PyZeroDivisionError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFrozenSet, PyInt, PyIterator, PyList, PySet, PyString, PyTuple};

use super::convert::{Text, path, pattern, shown, size};
use super::errors::to_python;
use super::watch::Watch;
use crate::io::counts_file;
use crate::train::{self as engine, CountsBuilder, Scale};
use crate::{Result, Splitter};

/// How often each distinct piece of a corpus occurs.
#[pyclass(module = "pairwright", frozen)]
pub(super) struct Counts {
    pub(super) core: Arc<engine::Counts>,
}

/// So many items are taken in between two looks at signals.
const BETWEEN_SIGNALS: usize = 1 << 14;

#[pymethods]
impl Counts {
    #[new]
    #[pyo3(signature = (*_args, **_options))]
    fn make(_args: &Bound<'_, PyTuple>, _options: Option<&Bound<'_, PyDict>>) -> PyResult<Counts> {
        Err(PyTypeError::new_err("Counts are made by pairwright.count, Counts.from_items or Counts.load"))
    }

    /// Read a counts file.
    #[staticmethod]
    fn load(py: Python<'_>, #[pyo3(from_py_with = path)] path: PathBuf) -> PyResult<Counts> {
        made(py, move || counts_file::load(&path))
    }

    /// Build counts from pretokens that were counted elsewhere.
    #[staticmethod]
    #[pyo3(signature = (items, pattern = "cl100k".to_owned(), special_tokens = None), text_signature = "(items, pattern='cl100k', special_tokens=())")]
    fn from_items(
        py: Python<'_>,
        items: &Bound<'_, PyAny>,
        #[pyo3(from_py_with = pattern)] pattern: String,
        special_tokens: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Counts> {
        let special_tokens = match special_tokens {
            Some(names) => {
                let checks = py.import("pairwright.arguments")?;
                checks.call_method1("names", ("special_tokens", names))?.extract()?
            }
            None => Vec::new(),
        };
        let no_items = |_| {
            PyTypeError::new_err(format!(
                "items must be an iterable of pairs (pretoken, count); {} is not iterable",
                shown(items)
            ))
        };
        if items.is_instance_of::<PySet>() || items.is_instance_of::<PyFrozenSet>() {
            return Err(PyTypeError::new_err(format!(
                "items must be pairs (pretoken, count) in an order, which a {} has not; pass sorted(items)",
                items.get_type().name()?
            )));
        }
        let iterator = items.try_iter().map_err(no_items)?;
        let builder = Splitter::new(&pattern).and_then(|splitter| CountsBuilder::new(splitter, special_tokens));
        let mut builder = builder.map_err(|error| to_python(py, error))?;
        for (number, item) in iterator.enumerate() {
            if number % BETWEEN_SIGNALS == 0 {
                py.check_signals()?;
            }
            let (pretoken, count) = pair(number, &item?)?;
            let pretoken = Text::of(&pretoken).map_err(|_| {
                PyTypeError::new_err(format!("item {number}: a pretoken is str or bytes, not {pretoken:?}"))
            })?;
            let count = occurrences(number, &pretoken.bytes, &count)?;
            builder.add(&pretoken.bytes, count).map_err(|error| to_python(py, error))?;
        }
        Ok(builder.finish().into())
    }

    /// Write a counts file.
    fn save(&self, py: Python<'_>, #[pyo3(from_py_with = path)] path: PathBuf) -> PyResult<()> {
        py.detach(|| counts_file::save(&self.core, &path)).map_err(|error| to_python(py, error))
    }

    /// Only the pretokens that occur at least `min_count` times.
    fn filter(&self, py: Python<'_>, min_count: &Bound<'_, PyAny>) -> PyResult<Counts> {
        let min_count = size("min_count", min_count)? as u64;
        let core = self.core.clone();
        made(py, move || Ok(core.filter(min_count)))
    }

    /// The pretokens with their counts, in the order of first occurrence.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let items: Vec<_> = self.core.iter().map(|(pretoken, count)| (PyBytes::new(py, pretoken), count)).collect();
        PyList::new(py, items)
    }

    /// The number of pieces, equal ones included.
    #[getter]
    fn total(&self) -> u64 {
        self.core.total()
    }

    /// The bytes of all pieces.
    #[getter]
    fn _bytes(&self, py: Python<'_>) -> PyResult<u64> {
        py.detach(|| self.core.bytes()).map_err(|error| to_python(py, error))
    }

    /// About so many pieces, evenly from all, each with its count.
    fn _sample<'py>(&self, py: Python<'py>, number: usize) -> Vec<(Bound<'py, PyBytes>, u64)> {
        let step = (self.core.len() / number.max(1)).max(1);
        self.core.iter().step_by(step).map(|(piece, count)| (PyBytes::new(py, piece), count)).collect()
    }

    /// The split pattern.
    #[getter]
    fn pattern(&self) -> &str {
        self.core.pattern()
    }

    /// The special tokens that were cut out.
    #[getter]
    fn special_tokens(&self) -> Vec<String> {
        self.core.special_tokens().to_vec()
    }

    /// Makes numpy's numbers leave `number * counts` to us; they would take counts for a sequence.
    #[classattr]
    #[pyo3(name = "__array_ufunc__")]
    fn array_ufunc() -> Option<bool> {
        None
    }

    fn __len__(&self) -> usize {
        self.core.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        PyList::new(py, self.core.iter().map(|(pretoken, _)| PyBytes::new(py, pretoken)).collect::<Vec<_>>())?
            .try_iter()
    }

    fn __contains__(&self, pretoken: &Bound<'_, PyAny>) -> bool {
        Text::of(pretoken).is_ok_and(|pretoken| self.core.get(&pretoken.bytes).is_some())
    }

    fn __getitem__(&self, pretoken: &Bound<'_, PyAny>) -> PyResult<u64> {
        let missing = || PyKeyError::new_err(pretoken.clone().unbind());
        let text = Text::named(pretoken, || "a pretoken".to_owned())?;
        self.core.get(&text.bytes).ok_or_else(missing)
    }

    fn __add__<'py>(slf: &Bound<'py, Self>, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let Ok(other) = other.cast::<Counts>() else { return Counts::__radd__(slf, other) };
        let (left, right) = (slf.get().core.clone(), other.get().core.clone());
        made(py, move || left.plus(&right))?.into_bound_py_any(py)
    }

    /// `sum` begins with 0.
    fn __radd__<'py>(slf: &Bound<'py, Self>, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        match other.is_exact_instance_of::<PyInt>() && other.eq(0)? {
            true => Ok(slf.clone().into_any()),
            false => Ok(slf.py().NotImplemented().into_bound(slf.py())),
        }
    }

    fn __mul__<'py>(&self, py: Python<'py>, factor: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let Some(scale) = scale(factor)? else { return Ok(py.NotImplemented().into_bound(py)) };
        let core = self.core.clone();
        made(py, move || core.times(&scale))?.into_bound_py_any(py)
    }

    fn __rmul__<'py>(&self, py: Python<'py>, factor: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.__mul__(py, factor)
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> bool {
        let Ok(other) = other.cast::<Counts>() else { return false };
        let other = &other.get().core;
        py.detach(|| self.core == *other)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.core.hash(&mut hasher);
        hasher.finish()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let content = py.detach(|| counts_file::to_bytes(&self.core));
        Ok((py.import("pairwright._core")?.getattr("_from_counts")?, (PyBytes::new(py, &content),)))
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let pattern = self.pattern().into_pyobject(py)?.repr()?;
        Ok(format!("Counts({} pretokens, total={}, pattern={pattern})", self.core.len(), self.core.total()))
    }
}

/// Rebuild counts from the content of a counts file; `name` is what errors call it.
#[pyfunction]
#[pyo3(signature = (content, name = PathBuf::from("pickled counts")), text_signature = "(content, name='pickled counts')")]
pub(super) fn _from_counts(py: Python<'_>, content: &[u8], name: PathBuf) -> PyResult<Counts> {
    let path: &Path = &name;
    py.detach(|| counts_file::from_bytes(content, path)).map(Counts::from).map_err(|error| to_python(py, error))
}

/// Counts that are made while Python handles signals.
fn made(py: Python<'_>, make: impl FnOnce() -> Result<engine::Counts> + Send + 'static) -> PyResult<Counts> {
    Watch::apart(py, make).map(Counts::from)
}

impl From<engine::Counts> for Counts {
    fn from(core: engine::Counts) -> Counts {
        Counts { core: Arc::new(core) }
    }
}

/// A pretoken with its count. Two bytes in a `bytes` are none.
fn pair<'py>(number: usize, item: &Bound<'py, PyAny>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let values = if item.is_instance_of::<PyTuple>() || item.is_instance_of::<PyList>() {
        item.try_iter()?.collect::<PyResult<Vec<_>>>()?
    } else {
        Vec::new()
    };
    <[_; 2]>::try_from(values).map(|[pretoken, count]| (pretoken, count)).map_err(|_| {
        PyTypeError::new_err(format!(
            "item {number} is {item:?}, not a pair (pretoken, count); of a dict pass its items()"
        ))
    })
}

/// A count.
fn occurrences(number: usize, pretoken: &[u8], count: &Bound<'_, PyAny>) -> PyResult<u64> {
    let name = || format!("item {number}, the pretoken b\"{}\"", pretoken.escape_ascii());
    match count.extract::<u64>() {
        Ok(count) => Ok(count),
        Err(error) if !error.is_instance_of::<PyOverflowError>(count.py()) => {
            Err(PyTypeError::new_err(format!("{}: a count is an int, not {count:?}", name())))
        }
        Err(_) if count.lt(0)? => {
            Err(PyValueError::new_err(format!("{}: its count is {count} and must not be negative", name())))
        }
        Err(_) => Err(PyOverflowError::new_err(format!("{}: its count is {count}, above 2**64-1", name()))),
    }
}

/// An int, float or fraction as the exact number it is; `None` for anything else.
fn scale(factor: &Bound<'_, PyAny>) -> PyResult<Option<Scale>> {
    let py = factor.py();
    // Python would take the counts for the number of times that these are to be repeated.
    if factor.is_instance_of::<PyString>()
        || factor.is_instance_of::<PyBytes>()
        || factor.is_instance_of::<PyList>()
        || factor.is_instance_of::<PyTuple>()
    {
        return Err(PyTypeError::new_err(format!("counts can be multiplied by a number, not by {}", shown(factor))));
    }
    let invalid = || {
        PyValueError::new_err(format!("counts cannot be multiplied by {factor}: it must be finite and not negative"))
    };
    let (numerator, denominator) = if let Ok(whole) = py.import("operator")?.call_method1("index", (factor,)) {
        (whole, 1.into_bound_py_any(py)?)
    } else if factor.hasattr("as_integer_ratio")? {
        // It raises `OverflowError` for infinity and `ValueError` for NaN.
        factor.call_method0("as_integer_ratio").map_err(|_| invalid())?.extract()?
    } else {
        return Ok(None);
    };
    let zero = PyZeroDivisionError::new_err("counts cannot be multiplied by a fraction whose denominator is 0");
    if numerator.lt(0)? {
        return Err(invalid());
    }
    Scale::new(unsigned(&numerator)?, unsigned(&denominator)?).ok_or(zero).map(Some)
}

/// An int that is not negative, of any size.
fn unsigned(number: &Bound<'_, PyAny>) -> PyResult<BigUint> {
    let bytes = number.call_method0("bit_length")?.extract::<usize>()?.div_ceil(8);
    let little_endian = number.call_method1("to_bytes", (bytes, "little"))?;
    Ok(BigUint::from_bytes_le(little_endian.cast::<PyBytes>()?.as_bytes()))
}
