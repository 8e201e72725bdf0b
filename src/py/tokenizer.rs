//! `Tokenizer`: encoding, decoding, files, and what a tokenizer tells of itself.

use std::ffi::{CStr, CString};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::path::{Path, PathBuf};

use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1};
use pyo3::exceptions::{PyKeyError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyIterator, PyList, PyMapping, PyString, PyTuple};

use super::contents::Contents;
use super::convert::{self, Text, allowed, disallowed, path, pattern, shown};
use super::decoder::StreamDecoder;
use super::errors::to_python;
use super::ids::{self, Given, unknown};
use super::ints;
use super::leave::Inside;
use super::texts::with_texts;
use super::watch::Watch;
use crate::encode::batch::Ending;
use crate::error::{Error, Result};
use crate::io::{minbpe, model_file, rank_file, tekken, tokenizer_json};
use crate::merges;
use crate::normalize::Form;
use crate::parallel::Stop;
use crate::span::{Unit, spans, spans_of_any};
use crate::vocab::Vocab;
use crate::{Choice, Id, Policy, SpecialTokens, Splitter, TokenBatch};

/// Texts up to this many bytes take less than a microsecond or two.
const SHORT: usize = 1 << 10;

/// What to reckon with in most text, at least.
const BYTES_PER_ID: usize = 4;

/// Texts longer than this may be worked on by several threads, while this one looks after signals.
const LONG: usize = 64 << 10;

/// A byte-level BPE tokenizer: a vocabulary, its merges, a split pattern and special tokens. Immutable.
#[pyclass(module = "pairwright", frozen)]
pub(super) struct Tokenizer {
    pub(super) core: crate::Tokenizer,
    contents: Contents,
}

impl From<crate::Tokenizer> for Tokenizer {
    fn from(core: crate::Tokenizer) -> Tokenizer {
        Tokenizer { core, contents: Contents::new() }
    }
}

impl Tokenizer {
    fn policy(&self, py: Python<'_>, allowed: &Choice, refused: &Choice) -> PyResult<Policy<'_>> {
        if let Choice::Names(names) = allowed {
            names.iter().try_for_each(|name| self.warn_of_unknown(py, name))?;
        }
        self.core.policy(allowed, refused).map_err(|error| to_python(py, error))
    }

    /// Warns of a name in `allowed_special` that is no special token: as in tiktoken it has no effect, but hardly is meant to.
    fn warn_of_unknown(&self, py: Python<'_>, name: &str) -> PyResult<()> {
        if self.core.special().id(name).is_some() {
            return Ok(());
        }
        let _inside = Inside::enter(py);
        let names: Vec<&str> = self.core.special().iter().map(|(name, _)| name).collect();
        let close: Vec<String> = py.import("difflib")?.call_method1("get_close_matches", (name, &names))?.extract()?;
        let known = match (names.is_empty(), close.is_empty()) {
            (true, _) => "it has none".to_owned(),
            (false, false) => format!("did you mean {close:?}?"),
            (false, true) if names.len() <= 8 => format!("there are {names:?}"),
            (false, true) => "special_tokens has those there are".to_owned(),
        };
        let message = format!("allowed_special has {name:?}, which is no special token of this tokenizer; {known}");
        let class = py.import("pairwright.errors")?.getattr("UnknownSpecialWarning")?;
        PyErr::warn(py, &class, &CString::new(message.replace('\0', "\\0"))?, 1)
    }

    fn ids_of(
        &self,
        py: Python<'_>,
        text: &Text,
        policy: &Policy,
        threads: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Vec<Id>> {
        let threads = convert::threads(threads)?;
        let bytes = &*text.bytes;
        let encode = || {
            let mut ids = Vec::with_capacity(bytes.len() / BYTES_PER_ID);
            self.core.encode_into(bytes, policy, &mut self.core.scratch(), &mut ids, &Stop::default())?;
            Ok(ids)
        };
        self.worked(py, bytes.len(), encode, |tick| self.core.encode_long(bytes, policy, threads, tick))
    }

    /// A list of the ids of a text.
    fn list_of<'py>(
        &self,
        py: Python<'py>,
        text: &Bound<'py, PyAny>,
        policy: &Policy,
        threads: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let text = Text::of(text)?;
        if text.bytes.len() > SHORT {
            return ints::list(py, &self.ids_of(py, &text, policy, threads)?);
        }
        convert::threads(threads)?;
        let mut scratch = self.core.scratch();
        let mut ids = scratch.ids();
        let encoded = self.core.encode_into(&text.bytes, policy, &mut scratch, &mut ids, &Stop::default());
        let list = encoded.map_err(|error| to_python(py, error)).and_then(|()| ints::list(py, &ids));
        scratch.keep(ids);
        list
    }

    fn count_of(&self, py: Python<'_>, text: &Text, threads: Option<&Bound<'_, PyAny>>) -> PyResult<usize> {
        let threads = convert::threads(threads)?;
        let (bytes, policy) = (&*text.bytes, &self.core.special().ordinary());
        let count = || self.core.count_into(bytes, policy, &mut self.core.scratch(), &Stop::default());
        self.worked(py, bytes.len(), count, |tick| self.core.count_long(bytes, policy, threads, tick))
    }

    /// Work on a text of so many bytes: done at once if it is short, else on any threads while Python handles signals.
    fn worked<T: Send>(
        &self,
        py: Python<'_>,
        bytes: usize,
        at_once: impl Fn() -> Result<T> + Send + Sync,
        work: impl FnOnce(&mut (dyn FnMut() -> Result<()> + Send)) -> Result<T> + Send,
    ) -> PyResult<T> {
        // Letting go of the interpreter would take longer.
        if bytes <= SHORT {
            return at_once().map_err(|error| to_python(py, error));
        }
        let mut watch = Watch::default();
        let is_quick = bytes <= LONG && self.core.splitter().is_linear();
        let done = py.detach(|| if is_quick { at_once() } else { work(&mut || watch.signals()) });
        watch.finish(py, done)
    }

    /// What the core makes of many texts while Python handles signals.
    fn batch_of<T: Send>(
        &self,
        py: Python<'_>,
        values: &Bound<'_, PyAny>,
        work: impl FnOnce(&[&[u8]], &mut (dyn FnMut() -> Result<()> + Send)) -> Result<T> + Send,
    ) -> PyResult<T> {
        let mut watch = Watch::default();
        let done = with_texts(values, |texts| py.detach(|| work(texts, &mut || watch.signals())))?;
        watch.finish(py, done)
    }

    /// The bytes of an iterable of int or an integer array.
    fn bytes_of(&self, py: Python<'_>, ids: &Bound<'_, PyAny>, given: Given) -> PyResult<Vec<u8>> {
        let mut bytes = Vec::with_capacity(ids.len().unwrap_or(0) * BYTES_PER_ID);
        ids::each_ids(ids, given, |position, ids| {
            let decoded = py.detach(|| self.core.decode_into(ids, &mut bytes));
            decoded.map_err(|error| self.undecodable(py, error, given, position))?;
            py.check_signals()
        })?;
        Ok(bytes)
    }

    /// The id of the token with exactly these bytes, special ones included.
    fn id_of(&self, bytes: &[u8]) -> Option<Id> {
        let special = || self.core.special().id(std::str::from_utf8(bytes).ok()?);
        let empty = self.core.vocab().empty().filter(|_| bytes.is_empty());
        self.core.vocab().id(bytes).or(empty).or_else(special)
    }

    /// Why ids cannot be decoded, the first of which is at some position.
    fn undecodable(&self, py: Python<'_>, error: Error, given: Given, first: usize) -> PyErr {
        match error {
            Error::UnknownId { id, position } => {
                unknown(&id.to_string(), given, Some(first + position), Some(self.core.vocab_size()))
            }
            other => to_python(py, other),
        }
    }
}

/// Ids as a Python or numpy value.
fn numbers(ids: Vec<Id>) -> Vec<u32> {
    bytemuck::allocation::cast_vec(ids)
}

/// A tokenizer that the core makes while the interpreter is released.
fn made(py: Python<'_>, make: impl FnOnce() -> Result<crate::Tokenizer> + Send) -> PyResult<Tokenizer> {
    py.detach(make).map(Tokenizer::from).map_err(|error| to_python(py, error))
}

/// The ids of many texts as a `TokenBatch` of Python.
fn token_batch<'py>(py: Python<'py>, batch: TokenBatch) -> PyResult<Bound<'py, PyAny>> {
    let TokenBatch { values, offsets } = batch;
    let _inside = Inside::enter(py);
    let class = py.import("pairwright.batch")?.getattr("TokenBatch")?;
    class.call1((numbers(values).into_pyarray(py), offsets.into_pyarray(py)))
}

/// Where each token lies, as an array of shape (n, 2).
fn spans_array(py: Python<'_>, spans: Vec<[i64; 2]>) -> PyResult<Bound<'_, PyArray2<i64>>> {
    let count = spans.len();
    spans.into_flattened().into_pyarray(py).reshape([count, 2])
}

/// A mapping as JSON.
fn json_of(argument: &str, mapping: &Bound<'_, PyAny>) -> PyResult<String> {
    let (py, plain) = (mapping.py(), PyDict::new(mapping.py()));
    plain.update(mapping.cast::<PyMapping>()?)?;
    let written = py.import("json")?.call_method1("dumps", (plain,)).map_err(|error| {
        let reason = error.value(py).to_string();
        match error.is_instance_of::<PyTypeError>(py) {
            true => PyTypeError::new_err(format!("{argument} has a value that json does not write: {reason}")),
            false => PyValueError::new_err(format!("{argument} has a value that json does not write: {reason}")),
        }
    });
    written?.extract()
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
        let Ok(token) = token.extract::<String>() else {
            return Err(PyTypeError::new_err(format!(
                "the name of a special token must be str, not {}",
                shown(&token)
            )));
        };
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
        let bytes = token_bytes(&token)?;
        let id = convert::token_id(&id, || format!("the token b\"{}\"", bytes.escape_ascii()))?;
        vocab.insert(id, bytes).map_err(|error| to_python(py, error))?;
    }
    Ok(vocab)
}

fn token_bytes<'t>(token: &'t Bound<'_, PyAny>) -> PyResult<&'t [u8]> {
    match token.cast::<PyBytes>() {
        Ok(bytes) => Ok(bytes.as_bytes()),
        Err(_) => Err(PyTypeError::new_err(format!("a token must be bytes, not {}", shown(token)))),
    }
}

/// The two tokens of a merge.
fn pair_of(number: usize, merge: &Bound<'_, PyAny>) -> PyResult<(Vec<u8>, Vec<u8>)> {
    let Ok((left, right)) = merge.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>() else {
        return Err(PyTypeError::new_err(format!("merge {number} must be a pair of tokens, not {}", merge.repr()?)));
    };
    Ok((token_bytes(&left)?.to_vec(), token_bytes(&right)?.to_vec()))
}

/// The value of `errors`.
fn errors(value: &Bound<'_, PyAny>) -> PyResult<CString> {
    let errors = convert::word("errors", value)?;
    let name = CString::new(&errors[..])?;
    convert::check_errors(value.py(), &errors, &name)?;
    Ok(name)
}

/// Sequences of ids, one after the other.
fn sequences<'py>(batch: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyIterator>> {
    let fail = |hint| {
        let kind = shown(batch);
        PyTypeError::new_err(format!("batch must be a TokenBatch or an iterable of sequences of ids, not {kind}{hint}"))
    };
    if batch.is_instance_of::<PyString>() || batch.is_instance_of::<PyBytes>() {
        return Err(fail(""));
    }
    if batch.is_instance_of::<PyMapping>() {
        return Err(fail("; pass one of its values"));
    }
    batch.try_iter().map_err(|_| fail(""))
}

/// Bytes → `str`, with `errors` as in `bytes.decode`.
fn text<'py>(py: Python<'py>, bytes: &[u8], errors: &CStr) -> PyResult<Bound<'py, PyString>> {
    // SAFETY: the interpreter is held, pointer and length are those of a slice, and the name of the handler ends with a zero.
    // What comes is a new reference to a str, or null with an error set.
    unsafe {
        let length = bytes.len() as ffi::Py_ssize_t;
        let string = ffi::PyUnicode_DecodeUTF8(bytes.as_ptr().cast(), length, errors.as_ptr());
        Ok(Bound::from_owned_ptr_or_err(py, string)?.cast_into_unchecked())
    }
}

/// A part of a text of whole characters, of the type that the text has.
fn part<'py>(py: Python<'py>, text: &Text, part: Range<usize>) -> PyResult<Bound<'py, PyAny>> {
    let bytes = &text.bytes[part];
    match text.is_str {
        true => Ok(self::text(py, bytes, c"strict")?.into_any()),
        false => Ok(PyBytes::new(py, bytes).into_any()),
    }
}

#[pymethods]
impl Tokenizer {
    #[new]
    #[pyo3(signature = (*_args, **_options))]
    fn make(_args: &Bound<'_, PyTuple>, _options: Option<&Bound<'_, PyDict>>) -> PyResult<Tokenizer> {
        Err(PyTypeError::new_err(
            "a Tokenizer is made by pairwright.train, pairwright.get_encoding, Tokenizer.load, or one of the methods \
             Tokenizer.from_…",
        ))
    }

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
        let merges = merges.try_iter().map_err(|_| {
            PyTypeError::new_err(format!("merges must be an iterable of pairs of tokens, not {}", shown(merges)))
        })?;
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

    /// Write a minbpe model.
    fn to_minbpe(&self, py: Python<'_>, #[pyo3(from_py_with = path)] path: PathBuf) -> PyResult<()> {
        py.detach(|| minbpe::save(&self.core, &path)).map_err(|error| to_python(py, error))
    }

    /// Write a tokenizer.json, and on request a tokenizer_config.json beside it.
    #[pyo3(signature = (path, *, config = None))]
    fn to_huggingface(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = path)] path: PathBuf,
        config: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let config = match config {
            Some(config) if config.is_instance_of::<PyMapping>() => Some(json_of("config", config)?),
            Some(config) => {
                return Err(PyTypeError::new_err(format!("config must be a mapping, not {}", shown(config))));
            }
            None => None,
        };
        py.detach(|| tokenizer_json::save(&self.core, &path, config.as_deref())).map_err(|error| to_python(py, error))
    }

    /// Write a model file, complete or not at all.
    fn save(&self, py: Python<'_>, #[pyo3(from_py_with = path)] path: PathBuf) -> PyResult<()> {
        py.detach(|| model_file::save(&self.core, &path)).map_err(|error| to_python(py, error))
    }

    /// Write the ordinary tokens as a rank file in tiktoken's format.
    fn to_tiktoken(&self, py: Python<'_>, #[pyo3(from_py_with = path)] path: PathBuf) -> PyResult<()> {
        py.detach(|| rank_file::save(&self.core, &path)).map_err(|error| to_python(py, error))
    }

    /// The ids of a text.
    #[pyo3(
        signature = (text, *, allowed_special = Choice::NONE, disallowed_special = Choice::All, threads = None),
        text_signature = "($self, text, *, allowed_special=(), disallowed_special='all', threads=None)"
    )]
    fn encode<'py>(
        &self,
        py: Python<'py>,
        text: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = allowed)] allowed_special: Choice,
        #[pyo3(from_py_with = disallowed)] disallowed_special: Choice,
        threads: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let policy = self.policy(py, &allowed_special, &disallowed_special)?;
        self.list_of(py, text, &policy, threads)
    }

    /// The ids of a text in which special tokens are plain text.
    #[pyo3(signature = (text, *, threads = None))]
    fn encode_ordinary<'py>(
        &self,
        py: Python<'py>,
        text: &Bound<'py, PyAny>,
        threads: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        self.list_of(py, text, &self.core.special().ordinary(), threads)
    }

    /// As `encode`, as an array of uint32.
    #[pyo3(
        signature = (text, *, allowed_special = Choice::NONE, disallowed_special = Choice::All, threads = None),
        text_signature = "($self, text, *, allowed_special=(), disallowed_special='all', threads=None)"
    )]
    fn encode_to_numpy<'py>(
        &self,
        py: Python<'py>,
        text: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = allowed)] allowed_special: Choice,
        #[pyo3(from_py_with = disallowed)] disallowed_special: Choice,
        threads: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyArray1<u32>>> {
        let policy = self.policy(py, &allowed_special, &disallowed_special)?;
        let ids = self.ids_of(py, &Text::of(text)?, &policy, threads)?;
        let _inside = Inside::enter(py);
        Ok(numbers(ids).into_pyarray(py))
    }

    /// The ids of many texts, in parallel, in one flat array.
    #[pyo3(
        signature = (texts, *, allowed_special = Choice::NONE, disallowed_special = Choice::All, threads = None),
        text_signature = "($self, texts, *, allowed_special=(), disallowed_special='all', threads=None)"
    )]
    fn encode_batch<'py>(
        &self,
        py: Python<'py>,
        texts: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = allowed)] allowed_special: Choice,
        #[pyo3(from_py_with = disallowed)] disallowed_special: Choice,
        threads: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let policy = self.policy(py, &allowed_special, &disallowed_special)?;
        let threads = convert::threads(threads)?;
        let encode = |texts: &[&[u8]], tick: &mut (dyn FnMut() -> Result<()> + Send)| {
            self.core.encode_batch(texts, &policy, threads, tick)
        };
        token_batch(py, self.batch_of(py, texts, encode)?)
    }

    /// As `encode_batch`; the ids of the first `complete` texts end with the id `ending`, if there is one.
    #[pyo3(signature = (texts, allowed_special, disallowed_special, threads, ending, complete))]
    #[expect(clippy::too_many_arguments, reason = "they are named in the one place where it is called")]
    fn _encode_documents<'py>(
        &self,
        py: Python<'py>,
        texts: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = allowed)] allowed_special: Choice,
        #[pyo3(from_py_with = disallowed)] disallowed_special: Choice,
        threads: Option<&Bound<'_, PyAny>>,
        ending: Option<u32>,
        complete: usize,
    ) -> PyResult<Bound<'py, PyAny>> {
        let policy = self.policy(py, &allowed_special, &disallowed_special)?;
        let threads = convert::threads(threads)?;
        let ending = ending.map(|id| Ending { id: Id(id), complete });
        let encode = |texts: &[&[u8]], tick: &mut (dyn FnMut() -> Result<()> + Send)| {
            self.core.encode_documents(texts, &policy, threads, ending, tick)
        };
        token_batch(py, self.batch_of(py, texts, encode)?)
    }

    /// The ids, and where each token lies in the text.
    #[pyo3(
        signature = (text, *, allowed_special = Choice::NONE, disallowed_special = Choice::All, threads = None),
        text_signature = "($self, text, *, allowed_special=(), disallowed_special='all', threads=None)"
    )]
    fn encode_with_spans<'py>(
        &self,
        py: Python<'py>,
        text: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = allowed)] allowed_special: Choice,
        #[pyo3(from_py_with = disallowed)] disallowed_special: Choice,
        threads: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyList>, Bound<'py, PyArray2<i64>>)> {
        let policy = self.policy(py, &allowed_special, &disallowed_special)?;
        let text = Text::of(text)?;
        let ids = self.ids_of(py, &text, &policy, threads)?;
        let _inside = Inside::enter(py);
        if !self.core.is_plain() && self.core.decode(&ids).is_ok_and(|decoded| decoded != *text.bytes) {
            return Err(PyValueError::new_err(
                "this tokenizer normalizes the text or leaves some of it out, so that its tokens have no places in it",
            ));
        }
        let unit = if text.is_str { Unit::Characters } else { Unit::Bytes };
        let lengths = ids.iter().map(|&id| self.core.token_bytes(id).map_or(0, <[u8]>::len));
        let spans = spans(&text.bytes, lengths, unit);
        Ok((ints::list(py, &ids)?, spans_array(py, spans)?))
    }

    /// The longest beginning of a text that has at most so many ids.
    fn truncate<'py>(
        &self,
        py: Python<'py>,
        text: &Bound<'py, PyAny>,
        max_tokens: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let most = convert::size("max_tokens", max_tokens)?;
        let content = Text::of(text)?;
        let bytes = &*content.bytes;
        let end = py.detach(|| self.core.truncate(bytes, most)).map_err(|error| to_python(py, error))?;
        part(py, &content, 0..end)
    }

    /// Parts of a text that have at most so many ids each.
    #[pyo3(
        signature = (text, max_tokens, *, overlap = None),
        text_signature = "($self, text, max_tokens, *, overlap=0)"
    )]
    fn chunk<'py>(
        &self,
        py: Python<'py>,
        text: &Bound<'py, PyAny>,
        max_tokens: &Bound<'py, PyAny>,
        overlap: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let content = Text::of(text)?;
        let most = convert::size("max_tokens", max_tokens)?;
        if most == 0 {
            return Err(PyValueError::new_err("max_tokens=0: must be at least 1"));
        }
        let overlap = overlap.map_or(Ok(0), |overlap| convert::size("overlap", overlap))?;
        if overlap >= most {
            return Err(PyValueError::new_err(format!("overlap={overlap}: must be less than max_tokens={most}")));
        }
        let bytes = &*content.bytes;
        let mut watch = Watch::default();
        let mut chunks = py.detach(|| self.core.chunks(bytes, most, overlap, &mut || watch.signals()));
        if content.is_str
            && let Err(Error::CharacterTooLong { position, .. }) = &mut chunks
        {
            // It is counted as Python counts.
            *position = bytes[..*position].iter().filter(|byte| !matches!(byte, 0x80..=0xbf)).count();
        }
        let parts = watch.finish(py, chunks)?.into_iter().map(|chunk| part(py, &content, chunk));
        PyList::new(py, parts.collect::<PyResult<Vec<_>>>()?)
    }

    /// The text of ids, and where each token lies in it.
    fn decode_with_spans<'py>(
        &self,
        py: Python<'py>,
        ids: &Bound<'py, PyAny>,
    ) -> PyResult<(Bound<'py, PyString>, Bound<'py, PyArray2<i64>>)> {
        let ids = ids::all_ids(ids)?;
        let bytes = self.core.decode(&ids).map_err(|error| self.undecodable(py, error, Given::Alone, 0))?;
        let lengths = ids.iter().map(|&id| self.core.token_bytes(id).map_or(0, <[u8]>::len));
        let spans = spans_of_any(&bytes, lengths);
        let _inside = Inside::enter(py);
        Ok((text(py, &bytes, c"replace")?, spans_array(py, spans)?))
    }

    /// The same as a `tiktoken.Encoding`.
    #[pyo3(signature = (name = "pairwright".to_owned()), text_signature = "($self, name='pairwright')")]
    fn as_tiktoken<'py>(
        slf: &Bound<'py, Self>,
        #[pyo3(from_py_with = convert::name)] name: String,
    ) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pairwright.adapters")?.call_method1("as_tiktoken", (slf, name))
    }

    /// The same as a `tokenizers.Tokenizer`.
    fn as_huggingface<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pairwright.adapters")?.call_method1("as_huggingface", (slf,))
    }

    /// Whether only the listed merges happen.
    #[getter]
    fn _is_by_list(&self) -> bool {
        self.core.is_by_list()
    }

    /// Whether it neither normalizes texts nor finds special tokens but where they stand and are allowed.
    #[getter]
    fn _is_plain(&self) -> bool {
        self.core.is_plain()
    }

    /// What is in a tokenizer.json.
    fn _tokenizer_json(&self, py: Python<'_>) -> PyResult<String> {
        py.detach(|| tokenizer_json::to_text(&self.core)).map_err(|error| to_python(py, error))
    }

    /// The ids of one piece, which is not split.
    fn encode_piece<'py>(&self, py: Python<'py>, piece: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let piece = Text::of(piece)?;
        let encode = || {
            let mut ids = Vec::new();
            self.core.encode_piece(&piece.bytes, &mut self.core.scratch(), &mut ids).map(|()| ids)
        };
        let encoded = if piece.bytes.len() <= SHORT { encode() } else { py.detach(encode) };
        ints::list(py, &encoded.map_err(|error| to_python(py, error))?)
    }

    /// The pieces of a text.
    fn split<'py>(&self, py: Python<'py>, text: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let text = Text::of(text)?;
        let bytes = &*text.bytes;
        let (kept, ends) = py.detach(|| self.core.splitter().kept(bytes)).map_err(|error| to_python(py, error))?;
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let pieces = starts.zip(&ends).map(|(start, &end)| &kept[start..end]);
        let list = PyList::empty(py);
        for piece in pieces {
            match text.is_str {
                // Pieces of text end where characters end.
                true => list.append(self::text(py, piece, c"strict")?)?,
                false => list.append(PyBytes::new(py, piece))?,
            }
        }
        Ok(list)
    }

    /// The number of ids of a text in which special tokens are plain text.
    #[pyo3(signature = (text, *, threads = None))]
    fn count(&self, py: Python<'_>, text: &Bound<'_, PyAny>, threads: Option<&Bound<'_, PyAny>>) -> PyResult<usize> {
        self.count_of(py, &Text::of(text)?, threads)
    }

    /// The number of ids of many texts, in parallel.
    #[pyo3(signature = (texts, *, threads = None))]
    fn count_batch<'py>(
        &self,
        py: Python<'py>,
        texts: &Bound<'py, PyAny>,
        threads: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let threads = convert::threads(threads)?;
        let count = |texts: &[&[u8]], tick: &mut (dyn FnMut() -> Result<()> + Send)| {
            self.core.count_batch(texts, &self.core.special().ordinary(), threads, tick)
        };
        let counts = self.batch_of(py, texts, count)?;
        let _inside = Inside::enter(py);
        Ok(counts.into_pyarray(py))
    }

    /// The text of ids.
    #[pyo3(signature = (ids, errors = c"replace".to_owned()), text_signature = "($self, ids, errors='replace')")]
    fn decode<'py>(
        &self,
        py: Python<'py>,
        ids: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = errors)] errors: CString,
    ) -> PyResult<Bound<'py, PyString>> {
        text(py, &self.bytes_of(py, ids, Given::Alone)?, &errors)
    }

    /// The bytes of ids.
    fn decode_bytes<'py>(&self, py: Python<'py>, ids: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.bytes_of(py, ids, Given::Alone)?))
    }

    /// The text of each of many sequences of ids.
    #[pyo3(signature = (batch, errors = c"replace".to_owned()), text_signature = "($self, batch, errors='replace')")]
    fn decode_batch<'py>(
        &self,
        py: Python<'py>,
        batch: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = errors)] errors: CString,
    ) -> PyResult<Vec<Bound<'py, PyString>>> {
        // A list is none, which spares importing what knows what a batch is.
        let is_batch = !batch.is_instance_of::<PyList>()
            && batch.is_instance(&py.import("pairwright.batch")?.getattr("TokenBatch")?)?;
        if !is_batch {
            let decode = |(number, ids): (usize, PyResult<Bound<'py, PyAny>>)| {
                text(py, &self.bytes_of(py, &ids?, Given::InBatch(number))?, &errors)
            };
            return sequences(batch)?.enumerate().map(decode).collect();
        }
        let values: PyReadonlyArray1<u32> = batch.getattr("values")?.extract()?;
        let offsets: PyReadonlyArray1<i64> = batch.getattr("offsets")?.extract()?;
        let values: Vec<Id> = values.as_array().iter().map(|&id| Id(id)).collect();
        let offsets: Vec<i64> = offsets.as_array().iter().copied().collect();
        let mut bytes = Vec::new();
        let decode = |(number, pair): (usize, &[i64])| {
            let range = usize::try_from(pair[0]).ok().zip(usize::try_from(pair[1]).ok());
            let ids = range.and_then(|(start, end)| values.get(start..end)).ok_or_else(|| {
                let (start, end, total) = (pair[0], pair[1], values.len());
                PyValueError::new_err(format!("text {number} of the batch has the ids {start}..{end} of {total}"))
            })?;
            bytes.clear();
            let decoded = self.core.decode_into(ids, &mut bytes);
            decoded.map_err(|error| self.undecodable(py, error, Given::InBatch(number), 0))?;
            text(py, &bytes, &errors)
        };
        offsets.windows(2).enumerate().map(decode).collect()
    }

    /// A decoder for ids that arrive one by one.
    fn stream_decoder(slf: Py<Self>) -> StreamDecoder {
        StreamDecoder::new(slf)
    }

    /// The bytes of a token, special ones included.
    fn token_bytes<'py>(&self, py: Python<'py>, id: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        let id = ids::id(id, Given::Alone, None)?;
        let unknown = || unknown(&id.0.to_string(), Given::Alone, None, Some(self.core.vocab_size()));
        Ok(PyBytes::new(py, self.core.token_bytes(id).ok_or_else(unknown)?))
    }

    /// The id of the token with exactly these bytes, special ones included.
    fn token_id(&self, token: &Bound<'_, PyAny>) -> PyResult<u32> {
        let text = Text::named(token, || "a token".to_owned())?;
        match self.id_of(&text.bytes) {
            Some(id) => Ok(id.0),
            None => Err(PyKeyError::new_err(format!("no token has the bytes {}", token.repr()?))),
        }
    }

    /// `vocab_size`.
    fn __len__(&self) -> usize {
        self.core.vocab_size()
    }

    fn __bool__(&self) -> bool {
        true
    }

    /// Whether there is a token with this id, or with exactly these bytes.
    fn __contains__(&self, token: &Bound<'_, PyAny>) -> PyResult<bool> {
        if let Ok(text) = Text::of(token) {
            return Ok(self.id_of(&text.bytes).is_some());
        }
        match ids::id(token, Given::Alone, None) {
            Ok(id) => Ok(self.core.token_bytes(id).is_some()),
            Err(error) if error.is_instance_of::<PyKeyError>(token.py()) => Ok(false),
            Err(error) if error.is_instance_of::<PyTypeError>(token.py()) => Err(PyTypeError::new_err(format!(
                "what is looked for in a Tokenizer is an id (int), or a token (str or bytes), not {}",
                shown(token)
            ))),
            Err(error) => Err(error),
        }
    }

    /// One more than the largest id.
    #[getter]
    fn vocab_size(&self) -> usize {
        self.core.vocab_size()
    }

    /// The split pattern: its name, or the regex that was given.
    #[getter]
    fn pattern(&self) -> &str {
        self.core.splitter().pattern().as_str()
    }

    /// Whether a piece that is a token is encoded to it, whether or not merging gives it.
    #[getter]
    fn ignore_merges(&self) -> bool {
        self.core.ignores_merges()
    }

    /// The normal form that text is brought into.
    #[getter]
    fn normalizer(&self) -> Option<&str> {
        self.core.normalizer().map(Form::name)
    }

    /// The ids that a model expects before a text.
    #[getter]
    fn beginning(&self) -> Vec<u32> {
        self.core.frame()[0].iter().map(|id| id.0).collect()
    }

    /// The ids that a model expects behind a text.
    #[getter]
    fn ending(&self) -> Vec<u32> {
        self.core.frame()[1].iter().map(|id| id.0).collect()
    }

    /// The special tokens with their ids.
    #[getter]
    fn special_tokens(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.contents.special_tokens(py, &self.core)
    }

    /// The merges in order.
    #[getter]
    fn merges(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.contents.merges(py, &self.core)
    }

    /// Their number, for which they need not be made.
    #[getter]
    fn _merge_count(&self, py: Python<'_>) -> usize {
        py.detach(|| self.core.merges().len())
    }

    /// The ordinary tokens with their ids.
    #[getter]
    fn vocab(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.contents.vocab(py, &self.core)
    }

    /// How the tokenizer was made.
    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let text = serde_json::Value::Object(self.core.metadata().clone()).to_string();
        py.import("json")?.call_method1("loads", (text,))
    }

    /// The same tokenizer with other metadata, a JSON object.
    fn _with_metadata(&self, metadata: &str) -> PyResult<Tokenizer> {
        let metadata = serde_json::from_str(metadata).map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(self.core.clone().with_metadata(metadata).into())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let content = py.detach(|| model_file::to_bytes(&self.core));
        Ok((py.import("pairwright._core")?.getattr("_from_model")?, (PyBytes::new(py, &content),)))
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Tokenizer>().is_ok_and(|other| self.core == other.get().core)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.pattern().hash(&mut hasher);
        self.core.special().iter().for_each(|special| special.hash(&mut hasher));
        self.core.vocab().iter().for_each(|token| token.hash(&mut hasher));
        hasher.finish()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let pattern = PyString::new(py, self.pattern()).repr()?;
        let (size, special) = (self.core.vocab_size(), self.core.special().iter().len());
        Ok(format!("Tokenizer(vocab_size={size}, pattern={pattern}, special_tokens={special})"))
    }
}

/// Rebuild a tokenizer from the content of a model file.
#[pyfunction]
pub(super) fn _from_model(py: Python<'_>, content: &[u8]) -> PyResult<Tokenizer> {
    let loaded = py.detach(|| model_file::from_bytes(content, Path::new("pickled tokenizer")));
    loaded.map(Tokenizer::from).map_err(|error| to_python(py, error))
}
