//! Tokenizers of files, and of tokens, ranks and merges.

use std::path::PathBuf;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyFrozenSet, PyIterator, PyList, PyMapping, PySet, PyTuple};

use super::Tokenizer;
use crate::error::Result;
use crate::io::{minbpe, model_file, rank_file, tekken, tokenizer_json};
use crate::merges;
use crate::py::convert::{self, path, pattern, shown};
use crate::py::errors::to_python;
use crate::vocab::Vocab;
use crate::{Id, SpecialTokens, Splitter};

#[pymethods]
impl Tokenizer {
    /// Read a model file.
    #[staticmethod]
    fn load(py: Python<'_>, #[pyo3(from_py_with = path)] path: PathBuf) -> PyResult<Tokenizer> {
        made(py, || model_file::load(&path))
    }

    /// Read a rank file in tiktoken's format; ranks are ids.
    #[staticmethod]
    #[pyo3(signature = (path, *, pattern, special_tokens = None, ignore_merges = false))]
    fn from_tiktoken(
        py: Python<'_>,
        #[pyo3(from_py_with = path)] path: PathBuf,
        #[pyo3(from_py_with = pattern)] pattern: String,
        special_tokens: Option<&Bound<'_, PyAny>>,
        #[pyo3(from_py_with = convert::ignore_merges)] ignore_merges: bool,
    ) -> PyResult<Tokenizer> {
        let special = special_of(special_tokens)?;
        let load = || {
            let tokenizer = rank_file::load(&path, Splitter::new(&pattern)?, SpecialTokens::new(special)?)?;
            Ok(tokenizer.ignoring_merges(ignore_merges).prepared())
        };
        made(py, load)
    }

    /// A tokenizer of tokens with their ranks; ranks are ids.
    #[staticmethod]
    #[pyo3(signature = (ranks, *, pattern, special_tokens = None, ignore_merges = false))]
    fn from_ranks(
        py: Python<'_>,
        ranks: &Bound<'_, PyAny>,
        #[pyo3(from_py_with = pattern)] pattern: String,
        special_tokens: Option<&Bound<'_, PyAny>>,
        #[pyo3(from_py_with = convert::ignore_merges)] ignore_merges: bool,
    ) -> PyResult<Tokenizer> {
        let special = special_of(special_tokens)?;
        let vocab = vocab_of(py, "ranks", ranks)?;
        let make = || {
            let tokenizer =
                crate::Tokenizer::from_ranks(vocab, Splitter::new(&pattern)?, SpecialTokens::new(special)?)?;
            Ok(tokenizer.ignoring_merges(ignore_merges).prepared())
        };
        made(py, make)
    }

    /// A tokenizer in which only the merges of a list happen.
    #[staticmethod]
    #[pyo3(signature = (merges, *, vocab = None, pattern, special_tokens = None, ignore_merges = false))]
    fn from_merges(
        py: Python<'_>,
        merges: &Bound<'_, PyAny>,
        vocab: Option<&Bound<'_, PyAny>>,
        #[pyo3(from_py_with = pattern)] pattern: String,
        special_tokens: Option<&Bound<'_, PyAny>>,
        #[pyo3(from_py_with = convert::ignore_merges)] ignore_merges: bool,
    ) -> PyResult<Tokenizer> {
        let special = special_of(special_tokens)?;
        let given = vocab.map(|vocab| vocab_of(py, "vocab", vocab)).transpose()?;
        let wrong = |hint| {
            let kind = shown(merges);
            PyTypeError::new_err(format!("merges must be a list of pairs of tokens, in order, not {kind}{hint}"))
        };
        if merges.is_instance_of::<PySet>() || merges.is_instance_of::<PyFrozenSet>() {
            return Err(wrong("; a set has no order"));
        }
        if merges.is_instance_of::<PyMapping>() {
            return Err(wrong("; of a dict of pairs to ranks pass sorted(merges, key=merges.get)"));
        }
        let merges = merges.try_iter().map_err(|_| wrong(""))?;
        let pairs = merges.enumerate().map(|(number, merge)| pair_of(number, &merge?));
        let pairs = pairs.collect::<PyResult<Vec<_>>>()?;
        let make = || {
            let (vocab, merges) = merges::of_bytes(given, &pairs)?;
            let (splitter, special) = (Splitter::new(&pattern)?, SpecialTokens::new(special)?);
            let tokenizer = crate::Tokenizer::from_merges(vocab, merges, splitter, special)?;
            Ok(tokenizer.ignoring_merges(ignore_merges).prepared())
        };
        made(py, make)
    }

    /// Read a tokenizer.json.
    #[staticmethod]
    fn from_huggingface(py: Python<'_>, #[pyo3(from_py_with = path)] path: PathBuf) -> PyResult<Tokenizer> {
        made(py, || tokenizer_json::load(&path))
    }

    /// Read a minbpe model.
    #[staticmethod]
    fn from_minbpe(py: Python<'_>, #[pyo3(from_py_with = path)] path: PathBuf) -> PyResult<Tokenizer> {
        made(py, || minbpe::load(&path))
    }

    /// Read a tekken.json.
    #[staticmethod]
    fn from_tekken(py: Python<'_>, #[pyo3(from_py_with = path)] path: PathBuf) -> PyResult<Tokenizer> {
        made(py, || tekken::load(&path))
    }
}

/// A tokenizer that the core makes while the interpreter is released.
fn made(py: Python<'_>, make: impl FnOnce() -> Result<crate::Tokenizer> + Send) -> PyResult<Tokenizer> {
    py.detach(make).map(Tokenizer::from).map_err(|error| to_python(py, error))
}

/// The items of a mapping.
fn items_of<'py>(argument: &str, mapping: &Bound<'py, PyAny>, of: &str) -> PyResult<Bound<'py, PyIterator>> {
    if !mapping.is_instance_of::<PyMapping>() {
        return Err(PyTypeError::new_err(format!("{argument} must be a mapping of {of}, not {}", shown(mapping))));
    }
    mapping.call_method0("items")?.try_iter()
}

/// Special tokens with their ids, of a mapping.
fn special_of(mapping: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<(String, Id)>> {
    let Some(mapping) = mapping else { return Ok(Vec::new()) };
    let mut special = Vec::new();
    for item in items_of("special_tokens", mapping, "names to ids")? {
        let (token, id): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item?.extract()?;
        let token = convert::word("the name of a special token", &token)?;
        special.push((token.clone(), convert::token_id(&id, || format!("special token {token:?}"))?));
    }
    Ok(special)
}

/// Tokens with their ids, of a mapping.
fn vocab_of(py: Python<'_>, argument: &str, mapping: &Bound<'_, PyAny>) -> PyResult<Vocab> {
    let items = items_of(argument, mapping, "tokens to ids")?;
    let mut vocab = Vocab::with_capacity(mapping.len()?);
    for item in items {
        let (token, id): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item?.extract()?;
        let bytes = token_bytes(&token, || format!("a token in {argument}"))?;
        let id = convert::token_id(&id, || format!("the token b\"{}\"", bytes.escape_ascii()))?;
        vocab.insert(id, bytes).map_err(|error| to_python(py, error))?;
    }
    Ok(vocab)
}

fn token_bytes<'t>(token: &'t Bound<'_, PyAny>, name: impl FnOnce() -> String) -> PyResult<&'t [u8]> {
    match token.cast::<PyBytes>() {
        Ok(bytes) => Ok(bytes.as_bytes()),
        Err(_) => Err(PyTypeError::new_err(format!("{} must be bytes, not {}", name(), shown(token)))),
    }
}

/// The two tokens of a merge.
fn pair_of(number: usize, merge: &Bound<'_, PyAny>) -> PyResult<(Vec<u8>, Vec<u8>)> {
    let is_sequence = merge.is_instance_of::<PyTuple>() || merge.is_instance_of::<PyList>();
    let tokens = if is_sequence { merge.try_iter()?.collect::<PyResult<Vec<_>>>()? } else { Vec::new() };
    let [left, right] = &tokens[..] else {
        return Err(PyTypeError::new_err(format!("merges[{number}] must be a pair of tokens, not {}", merge.repr()?)));
    };
    let token = |token| token_bytes(token, || format!("a token in merges[{number}]")).map(<[u8]>::to_vec);
    Ok((token(left)?, token(right)?))
}
