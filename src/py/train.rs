//! `Counter`, `Settings` and `train`.

use std::path::PathBuf;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::arrow::{self, Chunk, Column};
use super::convert::{self, Text, size};
use super::corpus::{self, GivenEnded, GivenOrigin, GivenSkipped};
use super::counts::Counts;
use super::errors::to_python;
use super::leave::Inside;
use super::tokenizer::Tokenizer;
use super::watch::Watch;
use crate::error::Error;
use crate::io::model_file::hex;
use crate::train::{SpecialIds, TieBreak};
use crate::{Splitter, train as engine};

/// Counts the pieces of any number of documents.
#[pyclass(module = "pairwright")]
pub(super) struct Counter {
    /// `None` once it is spent: finished, or failed, after which nobody knows what was counted.
    core: Option<engine::Counter>,
}

impl Counter {
    fn take(&mut self) -> PyResult<engine::Counter> {
        self.core.take().ok_or_else(|| PyValueError::new_err("this counter is finished or has failed; make a new one"))
    }
}

/// Documents are fetched in batches of about so many bytes: enough to keep every core busy, little to hold.
const BATCH: usize = 8 << 20;

/// What a document takes besides its text, as an object and in what refers to it here. So empty ones make a batch, too.
const DOCUMENT: usize = 128;

#[pymethods]
impl Counter {
    #[new]
    #[pyo3(
        signature = (*, pattern, special_tokens = Vec::new(), threads = None, memory_limit = None, spill_folder = None),
        text_signature = "(*, pattern, special_tokens=(), threads=None, memory_limit=None, spill_folder=None)"
    )]
    fn new(
        py: Python<'_>,
        pattern: &str,
        special_tokens: Vec<String>,
        threads: Option<&Bound<'_, PyAny>>,
        memory_limit: Option<&Bound<'_, PyAny>>,
        spill_folder: Option<PathBuf>,
    ) -> PyResult<Counter> {
        let threads = convert::threads(threads)?;
        let is_asked_for = memory_limit.is_some() || spill_folder.is_some();
        let limit = convert::memory_limit(memory_limit)?;
        let core = py.detach(|| {
            let core = engine::Counter::new(Splitter::new(pattern)?, special_tokens, threads)?;
            let core = core.with_memory_limit(limit, spill_folder.unwrap_or_else(std::env::temp_dir));
            // A folder that nobody named may never be needed.
            if is_asked_for { core.check_folder().map(|()| core) } else { Ok(core) }
        });
        Ok(Counter { core: Some(core.map_err(|error| to_python(py, error))?) })
    }

    /// Count documents of files.
    #[pyo3(signature = (origins, report = None, *, skips = false, stream = None))]
    fn add_corpus(
        &mut self,
        py: Python<'_>,
        origins: Vec<GivenOrigin>,
        report: Option<Py<PyAny>>,
        skips: bool,
        stream: Option<Py<PyAny>>,
    ) -> PyResult<(Vec<GivenEnded>, Vec<GivenSkipped>)> {
        let plan = corpus::plan(origins, skips, false, stream)?;
        let mut core = self.take()?;
        let mut watch = Watch::after(core.bytes());
        let counted = py.detach(|| core.add_corpus(plan, &mut |event| watch.report(report.as_ref(), event)));
        let (ended, skipped) = watch.finish(py, counted)?;
        self.core = Some(core);
        Ok((corpus::ended(&ended), corpus::skipped(&skipped)))
    }

    /// Count documents as they come; the next ones are fetched while some are counted.
    #[pyo3(signature = (documents, report = None))]
    fn add(&mut self, py: Python<'_>, documents: &Bound<'_, PyAny>, report: Option<Py<PyAny>>) -> PyResult<()> {
        let mut core = self.take()?;
        if let Some(mut column) = Column::of(documents)? {
            let mut chunks = py.detach(|| fetch(&mut column))?;
            while !chunks.is_empty() {
                let texts = arrow::texts(&chunks);
                chunks = count_while(py, &mut core, &texts, report.as_ref(), || fetch(&mut column))?;
            }
            self.core = Some(core);
            return Ok(());
        }
        let mut documents = Documents { iterator: documents.try_iter()?.unbind().into_any(), number: 0 };
        let mut batch = documents.fetch(py)?;
        while !batch.is_empty() {
            let values: Vec<_> = batch.iter().map(|value| value.bind(py).clone()).collect();
            let texts = Text::all(&values)?;
            let slices: Vec<&[u8]> = texts.iter().map(|text| &*text.bytes).collect();
            batch = count_while(py, &mut core, &slices, report.as_ref(), || {
                let _inside = Inside::enter_detached();
                Python::attach(|py| documents.fetch(py))
            })?;
        }
        self.core = Some(core);
        Ok(())
    }

    /// Of all documents given to `add`: their number, their bytes and their SHA-256.
    fn digest(&mut self) -> PyResult<(u64, u64, String)> {
        let core = self.take()?;
        let (documents, bytes, sum) = core.texts();
        self.core = Some(core);
        Ok((documents, bytes, hex(&sum)))
    }

    /// All that was counted.
    #[pyo3(signature = (report = None))]
    fn finish(&mut self, py: Python<'_>, report: Option<Py<PyAny>>) -> PyResult<Counts> {
        let core = self.take()?;
        let mut watch = Watch::after(core.bytes());
        let counts = py.detach(|| core.finish(&mut |event| watch.report(report.as_ref(), event)));
        Ok(watch.finish(py, counts)?.into())
    }
}

/// Counts documents while the next ones are fetched, which it gives.
fn count_while<T: Default + Send>(
    py: Python<'_>,
    core: &mut engine::Counter,
    documents: &[&[u8]],
    report: Option<&Py<PyAny>>,
    fetch: impl FnOnce() -> PyResult<T> + Send,
) -> PyResult<T> {
    let mut watch = Watch::after(core.bytes());
    let mut fetched = Ok(T::default());
    let counted = py.detach(|| {
        let meanwhile = || {
            fetched = fetch();
            if fetched.is_ok() { Ok(()) } else { Err(Error::Interrupted) }
        };
        core.add_while(documents, meanwhile, &mut |event| watch.report(report, event))
    });
    // What goes wrong in fetching comes before what that makes of the count.
    let fetched = fetched?;
    watch.finish(py, counted)?;
    Ok(fetched)
}

/// The next rows of a column, none at the end.
fn fetch(column: &mut Column) -> PyResult<Vec<Chunk>> {
    let (mut chunks, mut bytes) = (Vec::new(), 0);
    while bytes < BATCH {
        let Some(chunk) = column.next()? else { break };
        bytes += chunk.bytes() + chunk.len() * DOCUMENT;
        if chunk.len() > 0 {
            chunks.push(chunk);
        }
    }
    Ok(chunks)
}

/// An iterator over documents.
struct Documents {
    iterator: Py<PyAny>,
    number: usize,
}

impl Documents {
    /// The next documents, none at the end. What is no text is refused.
    fn fetch(&mut self, py: Python<'_>) -> PyResult<Vec<Py<PyAny>>> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        let mut iterator = self.iterator.bind(py).try_iter()?;
        while bytes < BATCH {
            let Some(document) = iterator.next().transpose()? else { break };
            let document = convert::unchanging(document, || format!("document {} of the corpus", self.number))?;
            if !document.is_instance_of::<PyString>() && !document.is_instance_of::<PyBytes>() {
                let (number, kind) = (self.number, document.get_type().name()?);
                return Err(PyTypeError::new_err(format!(
                    "document {number} of the corpus is {kind}, not str or bytes"
                )));
            }
            bytes += document.len()? + DOCUMENT;
            self.number += 1;
            batch.push(document.unbind());
        }
        Ok(batch)
    }
}

/// What to learn, checked before any text is read.
#[pyclass(module = "pairwright", frozen)]
pub(super) struct Settings {
    core: engine::Settings,
    base: Option<Py<Tokenizer>>,
}

#[pymethods]
impl Settings {
    #[new]
    #[pyo3(signature = (*, vocab_size, special_tokens, special_ids, tie_break, min_frequency, max_token_bytes, max_token_words = None, base = None, first_id = None, threads = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        py: Python<'_>,
        vocab_size: &Bound<'_, PyAny>,
        special_tokens: Vec<String>,
        special_ids: &str,
        tie_break: &str,
        min_frequency: &Bound<'_, PyAny>,
        max_token_bytes: Option<&Bound<'_, PyAny>>,
        max_token_words: Option<&Bound<'_, PyAny>>,
        base: Option<Py<Tokenizer>>,
        first_id: Option<&Bound<'_, PyAny>>,
        threads: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Settings> {
        let unknown = |setting: &str, value: &str, choices: &str| {
            Err(PyValueError::new_err(format!("{setting}={value:?}: must be {choices}")))
        };
        let core = engine::Settings {
            vocab_size: size("vocab_size", vocab_size)?,
            special_ids: match special_ids {
                "first" => SpecialIds::First,
                "last" => SpecialIds::Last,
                other => return unknown("special_ids", other, "\"first\" or \"last\""),
            },
            tie_break: match tie_break {
                "lowest_pair" => TieBreak::LowestPair,
                "first_seen" => TieBreak::FirstSeen,
                other => return unknown("tie_break", other, "\"lowest_pair\" or \"first_seen\""),
            },
            min_frequency: size("min_frequency", min_frequency)? as u64,
            max_token_bytes: max_token_bytes.map_or(Ok(usize::MAX), |value| size("max_token_bytes", value))?,
            max_token_words: max_token_words
                .map(|value| size("max_token_words", value).map(|most| u32::try_from(most).unwrap_or(u32::MAX)))
                .transpose()?,
            first_id: first_id.map(|value| size("first_id", value)).transpose()?,
            threads: convert::threads(threads)?,
        };
        let checked = core.check(&special_tokens, base.as_ref().map(|base| &base.get().core));
        checked.map_err(|error| to_python(py, error))?;
        Ok(Settings { core, base })
    }
}

/// Check a split pattern for learning on top of a base; gives a short text that it cuts and that of the base does not.
#[pyfunction]
pub(super) fn check_second_pattern(
    py: Python<'_>,
    base: &Bound<'_, Tokenizer>,
    pattern: &str,
) -> PyResult<Option<(String, usize)>> {
    let base = &base.get().core;
    let found = py.detach(|| {
        let splitter = Splitter::new(pattern)?;
        engine::check_pattern(base, &splitter)?;
        splitter.cut_of_its_own(base.splitter())
    });
    found.map_err(|error| to_python(py, error))
}

/// The tokenizer before anything is learned.
#[pyfunction]
pub(super) fn unlearned(
    py: Python<'_>,
    counts: &Bound<'_, Counts>,
    settings: &Bound<'_, Settings>,
) -> PyResult<(Tokenizer, usize)> {
    let (counts, Settings { core: settings, base }) = (&counts.get().core, settings.get());
    let base = base.as_ref().map(|base| &base.get().core);
    let made = engine::unlearned(counts, base, settings).map_err(|error| to_python(py, error))?;
    Ok((made.tokenizer.into(), made.asked))
}

/// A language: its counts, those of its development text, and its ratio.
type GivenLanguage<'py> = (Bound<'py, Counts>, Option<Bound<'py, Counts>>, f64);

/// The first merges that are for all languages, the window and its alpha, and whether ratios were given.
type GivenBalance = (usize, Option<(usize, f64)>, bool);

/// What `train` gives, and of each language the tokens learned for it, and the tokens and bytes of what it is measured on.
type LearnedOfEach = ((Tokenizer, usize, bool), Vec<(u64, u64, u64)>);

/// Learn a vocabulary that treats languages alike.
#[pyfunction]
#[pyo3(signature = (languages, balance, settings, report = None))]
pub(super) fn train_parity(
    py: Python<'_>,
    languages: Vec<GivenLanguage<'_>>,
    balance: GivenBalance,
    settings: &Bound<'_, Settings>,
    report: Option<Py<PyAny>>,
) -> PyResult<LearnedOfEach> {
    let Settings { core: settings, base } = settings.get();
    let base = base.as_ref().map(|base| &base.get().core);
    let core = |counts: &Bound<'_, Counts>| counts.get().core.clone();
    let all: Vec<_> =
        languages.iter().map(|(counts, known, ratio)| (core(counts), known.as_ref().map(core), *ratio)).collect();
    let (global_merges, window, by_ratio) = balance;
    let window = window.map(|(size, alpha)| engine::Window { size, alpha });
    let balance = engine::Balance { global_merges, window, by_ratio };
    let mut watch = Watch::default();
    let learned = py.detach(|| {
        let languages = all.iter().map(|(counts, development, ratio)| engine::Language {
            counts,
            development: development.as_deref(),
            ratio: *ratio,
        });
        let languages: Vec<_> = languages.collect();
        let report = &mut |event: engine::Event| watch.report(report.as_ref(), event);
        engine::train_parity(&languages, base, settings, &balance, report)
    });
    let engine::Parity { trained, learned, tokens, bytes } = watch.finish(py, learned)?;
    let each = learned.into_iter().zip(tokens).zip(bytes).map(|((learned, tokens), bytes)| (learned, tokens, bytes));
    Ok(((trained.tokenizer.into(), trained.asked, trained.stopped), each.collect()))
}

/// Learn a vocabulary.
#[pyfunction]
#[pyo3(signature = (counts, settings, report = None))]
pub(super) fn train(
    py: Python<'_>,
    counts: &Bound<'_, Counts>,
    settings: &Bound<'_, Settings>,
    report: Option<Py<PyAny>>,
) -> PyResult<(Tokenizer, usize, bool)> {
    let (counts, Settings { core: settings, base }) = (&counts.get().core, settings.get());
    let base = base.as_ref().map(|base| &base.get().core);
    let mut watch = Watch::default();
    let trained = py.detach(|| {
        let report = &mut |event: engine::Event| watch.report(report.as_ref(), event);
        match base {
            Some(base) => engine::extend(counts, base, settings, report),
            None => engine::train(counts, settings, report),
        }
    });
    let trained = watch.finish(py, trained)?;
    Ok((trained.tokenizer.into(), trained.asked, trained.stopped))
}
