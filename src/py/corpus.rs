//! `Reader`, `Block` and `hashes`: documents of files.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::errors::to_python;
use super::leave::Inside;
use super::watch::Watch;
use crate::corpus::{self, Care, Cutter, Ended, Framing, Origin, Packing, Plan, Position, Skipped};
use crate::io::model_file::hex;
use crate::{Id, SpecialTokens, Splitter};

/// Path (or none for standard input), packing, unit of documents, what the unit needs, and what becomes of a file that is not
/// text.
pub(super) type GivenOrigin = (Option<PathBuf>, String, String, Option<Vec<u8>>, String);

/// File, number of the document in it, whether it is the file from there on, where, why, what to do about it.
pub(super) type GivenSkipped = (usize, u64, bool, String, String, Option<String>);

/// File, bytes, SHA-256 (empty if not known), documents.
pub(super) type GivenEnded = (usize, u64, String, u64);

/// Some documents that were read.
#[pyclass(module = "pairwright", frozen)]
pub(super) struct Block {
    pub(super) core: corpus::Block,
}

/// Reads files ahead, on a thread of its own.
#[pyclass(module = "pairwright", frozen)]
pub(super) struct Reader {
    /// `None` while it is used by another thread, and once it has failed.
    core: Mutex<Option<corpus::Reader>>,
}

/// What the core is to read.
pub(super) fn plan(
    origins: Vec<GivenOrigin>,
    skips: bool,
    refuses_empty: bool,
    stream: Option<Py<PyAny>>,
) -> PyResult<Plan> {
    let origins = origins.into_iter().map(origin).collect::<PyResult<_>>()?;
    let stream = stream.map(|stream| -> corpus::Stream { Arc::new(Mutex::new(File(stream))) });
    Ok(Plan { origins, skips, refuses_empty, stream, ..Plan::of_files(&[]) })
}

/// A binary file of Python.
struct File(Py<PyAny>);

impl Read for File {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let _inside = Inside::enter_detached();
        Python::attach(|py| {
            let read = self.0.call_method1(py, "read", (buffer.len(),)).map_err(io::Error::other)?;
            let read = read.cast_bound::<PyBytes>(py).map_err(|_| io::Error::other("read() gave no bytes"))?;
            let bytes = read.as_bytes();
            let Some(given) = buffer.get_mut(..bytes.len()) else {
                return Err(io::Error::other("read() gave more bytes than it was asked for"));
            };
            given.copy_from_slice(bytes);
            Ok(bytes.len())
        })
    }
}

fn origin((path, packing, unit, argument, care): GivenOrigin) -> PyResult<Origin> {
    let Some(packing) = Packing::named(&packing) else {
        let known = Packing::ALL.map(|packing| format!("{:?}", packing.name())).join(", ");
        return Err(PyValueError::new_err(format!("packing={packing:?}: must be one of {known}")));
    };
    let framing = match (&unit[..], argument) {
        ("file", None) => Framing::File,
        ("line", None) => Framing::Lines,
        ("separator", Some(separator)) if !separator.is_empty() => Framing::Separator(separator),
        ("json", Some(field)) => Framing::Json { field: String::from_utf8(field)? },
        ("values", Some(field)) => Framing::Values { field: String::from_utf8(field)? },
        ("csv", Some(column)) => Framing::Rows { column: String::from_utf8(column)?, delimiter: None },
        ("tsv", Some(column)) => Framing::Rows { column: String::from_utf8(column)?, delimiter: Some(b'\t') },
        (other, _) => return Err(PyValueError::new_err(format!("unit={other:?}: unknown, or lacks its argument"))),
    };
    let care = match &care[..] {
        "take" => Care::None,
        "refuse" => Care::Refuse,
        "pass" => Care::PassOver,
        other => {
            return Err(PyValueError::new_err(format!("care={other:?}: must be \"take\", \"refuse\" or \"pass\"")));
        }
    };
    Ok(Origin { path, packing, framing, care })
}

/// Raises what reading would for the first of these files that is not text.
#[pyfunction]
pub(super) fn refuse_foreign(py: Python<'_>, origins: Vec<GivenOrigin>) -> PyResult<()> {
    for origin in origins.into_iter().map(origin) {
        let origin = origin?;
        py.detach(|| corpus::look(&origin)).map_err(|error| to_python(py, error))?;
        py.check_signals()?;
    }
    Ok(())
}

pub(super) fn skipped(all: &[Skipped]) -> Vec<GivenSkipped> {
    let given = |each: &Skipped| {
        let Skipped { document: at, is_file, position, reason, hint } = each.clone();
        (at.file, at.document, is_file, position, reason, hint)
    };
    all.iter().map(given).collect()
}

pub(super) fn ended(all: &[Ended]) -> Vec<GivenEnded> {
    let given = |each: &Ended| (each.file, each.bytes, each.sum.map_or(String::new(), |sum| hex(&sum)), each.documents);
    all.iter().map(given).collect()
}

#[pymethods]
impl Reader {
    #[new]
    #[pyo3(
        signature = (origins, *, size, cut_for = None, skips = false, refuses_empty = false, start = (0, 0), stream = None),
        text_signature = "(origins, *, size, cut_for=None, skips=False, refuses_empty=False, start=(0, 0), stream=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        py: Python<'_>,
        origins: Vec<GivenOrigin>,
        size: usize,
        cut_for: Option<(String, Vec<String>)>,
        skips: bool,
        refuses_empty: bool,
        start: (usize, u64),
        stream: Option<Py<PyAny>>,
    ) -> PyResult<Reader> {
        let plan = plan(origins, skips, refuses_empty, stream)?;
        let start_reading = || {
            let cutter = match cut_for {
                Some((pattern, tokens)) => {
                    let special = SpecialTokens::new(tokens.into_iter().zip((0..).map(Id)))?;
                    Some(Arc::new(Cutter::new(Splitter::new(&pattern)?, special)))
                }
                None => None,
            };
            let start = Position { file: start.0, document: start.1 };
            corpus::Reader::start(Plan { size: size.max(1), cutter, start, ..plan })
        };
        let core = py.detach(start_reading).map_err(|error| to_python(py, error))?;
        Ok(Reader { core: Mutex::new(Some(core)) })
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Block>> {
        let taken = self.core.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut core) = taken else {
            return Err(PyValueError::new_err("this reader has failed, or is used by another thread at the same time"));
        };
        let mut watch = Watch::default();
        let (core, next) = py.detach(|| {
            let next = core.next(|| watch.signals());
            (core, next)
        });
        if next.is_ok() {
            *self.core.lock().unwrap_or_else(PoisonError::into_inner) = Some(core);
        }
        Ok(watch.finish(py, next)?.map(|core| Block { core }))
    }
}

#[pymethods]
impl Block {
    fn __len__(&self) -> usize {
        self.core.len()
    }

    /// A text as bytes.
    fn __getitem__<'py>(&self, py: Python<'py>, index: isize) -> PyResult<Bound<'py, PyBytes>> {
        let number = if index < 0 { index + self.core.len() as isize } else { index };
        let text = usize::try_from(number).ok().and_then(|number| self.core.text(number));
        let outside = || PyIndexError::new_err(format!("text {index} of a block of {}", self.core.len()));
        Ok(PyBytes::new(py, text.ok_or_else(outside)?))
    }

    /// Which documents the texts are.
    #[getter]
    fn runs(&self) -> Vec<(usize, usize, u64)> {
        self.core.runs.iter().map(|&(text, position)| (text, position.file, position.document)).collect()
    }

    /// Whether the first text goes on with the last document of the block before.
    #[getter]
    fn continues(&self) -> bool {
        self.core.continues
    }

    /// Whether the document of the last text goes on in the next block.
    #[getter]
    fn goes_on(&self) -> bool {
        self.core.goes_on
    }

    /// Whether the document that the block before ended in is to be forgotten.
    #[getter]
    fn abandons(&self) -> bool {
        self.core.abandons
    }

    /// Documents that were passed over.
    #[getter]
    fn skipped(&self) -> Vec<GivenSkipped> {
        skipped(&self.core.skipped)
    }

    /// Files that were read to their end.
    #[getter]
    fn ended(&self) -> Vec<GivenEnded> {
        ended(&self.core.ended)
    }

    /// Bytes of files that have been read so far.
    #[getter]
    fn read(&self) -> u64 {
        self.core.read
    }
}
