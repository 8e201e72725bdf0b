//! The vocabulary lab: what the core makes of usages, and what Python does in `pairwright.lab`.

use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFrozenSet, PyList, PySet, PyTuple};

use super::Tokenizer;
use crate::Id;
use crate::py::errors::to_python;
use crate::py::{arrays, convert, ids, ints};

/// What a function of `pairwright.lab` gives.
fn call<'py>(
    tokenizer: &Bound<'py, Tokenizer>,
    (module, function): (&str, &str),
    given: &Bound<'py, PyTuple>,
    options: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let function = tokenizer.py().import(format!("pairwright.lab.{module}"))?.getattr(function)?;
    let first = PyTuple::new(tokenizer.py(), [tokenizer])?;
    function.call(first.add(given)?.cast::<PyTuple>()?, options)
}

#[pymethods]
impl Tokenizer {
    /// How often each id occurs in a corpus.
    #[pyo3(signature = (*given, **options), text_signature = "($self, source, *, threads=None, progress=None)")]
    fn usage<'py>(
        slf: &Bound<'py, Self>,
        given: &Bound<'py, PyTuple>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        call(slf, ("usage", "usage"), given, options)
    }

    /// Findings about the tokens: unreachable, fragments, never seen and more.
    #[pyo3(
        signature = (*given, **options),
        text_signature = "($self, source=None, *, usage=None, rare=10, embeddings=None, head=None, unused=None, \
                          threads=None, progress=None)"
    )]
    fn audit<'py>(
        slf: &Bound<'py, Self>,
        given: &Bound<'py, PyTuple>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        call(slf, ("audit", "audit"), given, options)
    }

    /// The tokens that a text needs, and no others.
    #[pyo3(signature = (*given, **options), text_signature = "($self, usage, vocab_size=None)")]
    fn trim<'py>(
        slf: &Bound<'py, Self>,
        given: &Bound<'py, PyTuple>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        call(slf, ("trim", "trim"), given, options)
    }

    /// The same tokenizer with ids without holes.
    fn compact<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        call(slf, ("renumbered", "compact"), &PyTuple::empty(slf.py()), None)
    }

    /// Some tokens and no others, with ids without holes.
    #[pyo3(signature = (*given, **options), text_signature = "($self, ids)")]
    fn keep<'py>(
        slf: &Bound<'py, Self>,
        given: &Bound<'py, PyTuple>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        call(slf, ("renumbered", "keep"), given, options)
    }

    /// The tokens of a text, to look at.
    #[pyo3(signature = (*given, **options), text_signature = "($self, text, *, special='allow')")]
    fn show<'py>(
        slf: &Bound<'py, Self>,
        given: &Bound<'py, PyTuple>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        call(slf, ("show", "show"), given, options)
    }

    /// The order in which each piece of a text is merged.
    #[pyo3(signature = (*given, **options), text_signature = "($self, text, *, special='allow')")]
    fn merge_steps<'py>(
        slf: &Bound<'py, Self>,
        given: &Bound<'py, PyTuple>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        call(slf, ("merging", "merge_steps"), given, options)
    }

    /// What replaces ids that were never seen.
    #[pyo3(signature = (*given, **options), text_signature = "($self, usage, unseen='split')")]
    fn guard<'py>(
        slf: &Bound<'py, Self>,
        given: &Bound<'py, PyTuple>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        call(slf, ("guard", "Guard"), given, options)
    }
}

/// A usage that was given, as an array of one number for each id.
fn usage_of<'py>(tokenizer: &Bound<'py, Tokenizer>, usage: &Bound<'py, PyAny>) -> PyResult<Vec<u64>> {
    arrays::prepare(tokenizer.py())?;
    let module = tokenizer.py().import("pairwright.lab.usage")?;
    let array: PyReadonlyArray1<u64> = module.call_method1("checked", (tokenizer, usage))?.extract()?;
    Ok(array.as_array().iter().copied().collect())
}

#[pymethods]
impl Tokenizer {
    /// How often each token was made in a text.
    fn made<'py>(slf: &Bound<'py, Self>, usage: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray1<u64>>> {
        let (py, usage) = (slf.py(), usage_of(slf, usage)?);
        let core = &slf.get().core;
        let made = py.detach(|| core.made(&usage)).map_err(|error| to_python(py, error))?;
        Ok(made.into_pyarray(py))
    }

    /// The number of tokens of a text, or of the training corpus, after each merge.
    #[pyo3(signature = (usage = None))]
    fn curve<'py>(slf: &Bound<'py, Self>, usage: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyArray1<u64>>> {
        let (py, core) = (slf.py(), &slf.get().core);
        let Some(usage) = usage else {
            arrays::prepare(py)?;
            let curve = core.training_curve().map(|curve| curve.to_vec().into_pyarray(py));
            return curve.ok_or_else(|| {
                PyValueError::new_err(
                    "only the tokenizer that pairwright.train returned has the curve of its corpus, and no file keeps \
                     it; pass a usage, such as tok.usage(corpus)",
                )
            });
        };
        let usage = usage_of(slf, usage)?;
        let curve = py.detach(|| core.curve(&usage)).map_err(|error| to_python(py, error))?;
        Ok(curve.into_pyarray(py))
    }

    /// The usage of a smaller vocabulary.
    fn usage_at<'py>(
        slf: &Bound<'py, Self>,
        usage: &Bound<'py, PyAny>,
        vocab_size: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<u64>>> {
        let (py, usage) = (slf.py(), usage_of(slf, usage)?);
        let vocab_size = convert::size("vocab_size", vocab_size)?;
        let core = &slf.get().core;
        let mut usages = py.detach(|| core.usages_at(&usage, &[vocab_size])).map_err(|error| to_python(py, error))?;
        Ok(usages.remove(0).into_pyarray(py))
    }

    /// The usages of several smaller vocabularies.
    fn _usages_at<'py>(
        slf: &Bound<'py, Self>,
        usage: &Bound<'py, PyAny>,
        sizes: Vec<usize>,
    ) -> PyResult<Vec<Bound<'py, PyArray1<u64>>>> {
        let (py, usage) = (slf.py(), usage_of(slf, usage)?);
        let core = &slf.get().core;
        let usages = py.detach(|| core.usages_at(&usage, &sizes)).map_err(|error| to_python(py, error))?;
        Ok(usages.into_iter().map(|usage| usage.into_pyarray(py)).collect())
    }

    /// The tokenizer that training to a smaller size would have given.
    fn first(&self, py: Python<'_>, vocab_size: &Bound<'_, PyAny>) -> PyResult<Tokenizer> {
        let vocab_size = convert::size("vocab_size", vocab_size)?;
        made_by(py, || self.core.first(vocab_size))
    }

    /// The same tokenizer, which never gives some ids.
    fn without(&self, py: Python<'_>, ids: &Bound<'_, PyAny>) -> PyResult<Tokenizer> {
        let ids = any_order(ids)?;
        made_by(py, || self.core.without(&ids))
    }

    /// The merges that can happen, in order, as rows of left, right and the token that is made.
    fn _merge_table<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<u32>>> {
        arrays::prepare(py)?;
        let rows: Vec<u32> = py.detach(|| {
            let merges = self.core.merge_table();
            merges.into_iter().flat_map(|merge| [merge.left.0, merge.right.0, merge.made.0]).collect()
        });
        let count = rows.len() / 3;
        rows.into_pyarray(py).reshape([count, 3])
    }

    /// What merging alone makes of bytes, even where they are a token and merges are ignored.
    fn _merged<'py>(&self, py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyList>> {
        let mut ids = Vec::new();
        let merged = self.core.encoder().merge_only(bytes, &mut self.core.scratch(), &mut ids);
        merged.map_err(|error| to_python(py, error))?;
        ints::list(py, &ids)
    }

    /// Ids that were given as any sequence, as an array.
    #[staticmethod]
    fn _ids_of<'py>(ids: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray1<u32>>> {
        arrays::prepare(ids.py())?;
        let all: Vec<u32> = ids::all_ids(ids)?.into_iter().map(|id| id.0).collect();
        Ok(all.into_pyarray(ids.py()))
    }

    /// The same tokenizer with the ids 0, 1, …, and the old id of each.
    fn _compact<'py>(&self, py: Python<'py>) -> PyResult<(Tokenizer, Bound<'py, PyArray1<u32>>)> {
        arrays::prepare(py)?;
        let (core, old) = py.detach(|| self.core.compact()).map_err(|error| to_python(py, error))?;
        Ok((core.into(), old.into_iter().map(|id| id.0).collect::<Vec<_>>().into_pyarray(py)))
    }
}

/// Ids whose order does not matter, so that they may be a set.
fn any_order(ids: &Bound<'_, PyAny>) -> PyResult<Vec<Id>> {
    if ids.is_instance_of::<PySet>() || ids.is_instance_of::<PyFrozenSet>() {
        return ids::all_ids(PyList::new(ids.py(), ids.try_iter()?.collect::<PyResult<Vec<_>>>()?)?.as_any());
    }
    ids::all_ids(ids)
}

fn made_by(py: Python<'_>, make: impl FnOnce() -> crate::Result<crate::Tokenizer> + Send) -> PyResult<Tokenizer> {
    py.detach(make).map(Tokenizer::from).map_err(|error| to_python(py, error))
}
