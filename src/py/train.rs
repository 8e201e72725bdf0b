//! `Counter`, `Settings` and `train`.

use std::path::PathBuf;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::convert::{self, Text, size};
use super::counts::Counts;
use super::errors::to_python;
use super::tokenizer::Tokenizer;
use super::watch::Watch;
use crate::io::model_file::hex;
use crate::train::{SpecialIds, TieBreak};
use crate::{Splitter, train as engine};

/// Counts the pieces of any number of documents.
#[pyclass(module = "pairwright")]
pub(super) struct Counter {
    /// `None` once it is spent.
    core: Option<engine::Counter>,
}

impl Counter {
    fn core(&mut self) -> PyResult<&mut engine::Counter> {
        self.core.as_mut().ok_or_else(|| PyValueError::new_err("this counter is finished; make a new one"))
    }
}

#[pymethods]
impl Counter {
    #[new]
    #[pyo3(signature = (*, pattern, special_tokens = Vec::new(), threads = None), text_signature = "(*, pattern, special_tokens=(), threads=None)")]
    fn new(
        py: Python<'_>,
        pattern: &str,
        special_tokens: Vec<String>,
        threads: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Counter> {
        let threads = convert::threads(threads)?;
        let core = Splitter::new(pattern).and_then(|splitter| engine::Counter::new(splitter, special_tokens, threads));
        let core = core.map_err(|error| to_python(py, error))?;
        Ok(Counter { core: Some(core) })
    }

    /// Count a file as one document.
    #[pyo3(signature = (path, report = None))]
    fn add_file(&mut self, py: Python<'_>, path: PathBuf, report: Option<Py<PyAny>>) -> PyResult<(usize, String)> {
        let core = self.core()?;
        let mut watch = Watch::default();
        let counted = py.detach(|| core.add_file(&path, &mut |event| watch.report(report.as_ref(), event)));
        let (bytes, sum) = watch.finish(py, counted)?;
        Ok((bytes, hex(&sum)))
    }

    /// Count documents.
    #[pyo3(signature = (documents, report = None))]
    fn add(&mut self, py: Python<'_>, documents: &Bound<'_, PyAny>, report: Option<Py<PyAny>>) -> PyResult<()> {
        let values = convert::texts(documents)?;
        let texts = Text::all(&values)?;
        let slices: Vec<&[u8]> = texts.iter().map(|text| &*text.bytes).collect();
        let core = self.core()?;
        let mut watch = Watch::default();
        let counted = py.detach(|| core.add_texts(&slices, &mut |event| watch.report(report.as_ref(), event)));
        watch.finish(py, counted)
    }

    /// Of all documents given to `add`: their number, their bytes and their SHA-256.
    fn digest(&mut self) -> PyResult<(u64, u64, String)> {
        let (documents, bytes, sum) = self.core()?.texts();
        Ok((documents, bytes, hex(&sum)))
    }

    /// All that was counted.
    fn finish(&mut self, py: Python<'_>) -> PyResult<Counts> {
        self.core()?;
        let core = self.core.take().expect("checked just before");
        Ok(Counts { core: py.detach(|| core.finish()) })
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
    #[pyo3(signature = (*, vocab_size, special_tokens, special_ids, tie_break, min_frequency, max_token_bytes, base = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        py: Python<'_>,
        vocab_size: &Bound<'_, PyAny>,
        special_tokens: Vec<String>,
        special_ids: &str,
        tie_break: &str,
        min_frequency: &Bound<'_, PyAny>,
        max_token_bytes: Option<&Bound<'_, PyAny>>,
        base: Option<Py<Tokenizer>>,
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
        };
        let checked = core.check(&special_tokens, base.as_ref().map(|base| &base.get().core));
        checked.map_err(|error| to_python(py, error))?;
        Ok(Settings { core, base })
    }
}

/// Learn a vocabulary.
#[pyfunction]
#[pyo3(signature = (counts, settings, report = None))]
pub(super) fn train(
    py: Python<'_>,
    counts: &Bound<'_, Counts>,
    settings: &Bound<'_, Settings>,
    report: Option<Py<PyAny>>,
) -> PyResult<(Tokenizer, usize)> {
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
    Ok((trained.tokenizer.into(), trained.asked))
}
