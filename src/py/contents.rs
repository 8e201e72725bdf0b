//! The vocabulary, the merges and the special tokens of a tokenizer as Python values, each made when it is first asked for.
//!
//! Code asks for them in loops, and for 200,000 tokens they take as long to make as a text of a megabyte takes to encode.
//! They are handed out again and again, so that they must not be changed: see `pairwright.frozen`.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use super::ints;
use super::leave::Inside;
use crate::Id;
use crate::io::packed;

pub(super) struct Contents {
    vocab: PyOnceLock<Py<PyAny>>,
    merges: PyOnceLock<Py<PyAny>>,
    special_tokens: PyOnceLock<Py<PyAny>>,
    packed: PyOnceLock<Py<PyBytes>>,
}

impl Contents {
    /// None of them made yet.
    pub(super) fn new() -> Contents {
        Contents {
            vocab: PyOnceLock::new(),
            merges: PyOnceLock::new(),
            special_tokens: PyOnceLock::new(),
            packed: PyOnceLock::new(),
        }
    }

    /// The ordinary tokens with their ids.
    pub(super) fn vocab(&self, py: Python<'_>, core: &crate::Tokenizer) -> PyResult<Py<PyAny>> {
        let make = || {
            let vocab = PyDict::new(py);
            core.vocab()
                .iter()
                .try_for_each(|(id, bytes)| vocab.set_item(PyBytes::new(py, bytes), ints::one(py, id)?))?;
            frozen(py, "FrozenDict", vocab.into_any())
        };
        self.vocab.get_or_try_init(py, make).map(|made| made.clone_ref(py))
    }

    /// The merges in order.
    pub(super) fn merges(&self, py: Python<'_>, core: &crate::Tokenizer) -> PyResult<Py<PyAny>> {
        let make = || {
            let merges = py.detach(|| core.merges());
            // Many merges share a token.
            let mut tokens = HashMap::new();
            let mut token = |id: Id| {
                let bytes = || PyBytes::new(py, core.vocab().bytes(id).unwrap_or_default());
                tokens.entry(id.0).or_insert_with(bytes).clone()
            };
            let pairs = merges.iter().map(|&(left, right)| PyTuple::new(py, [token(left), token(right)]));
            let list = PyList::new(py, pairs.collect::<PyResult<Vec<_>>>()?)?;
            frozen(py, "FrozenList", list.into_any())
        };
        self.merges.get_or_try_init(py, make).map(|made| made.clone_ref(py))
    }

    /// The special tokens with their ids.
    pub(super) fn special_tokens(&self, py: Python<'_>, core: &crate::Tokenizer) -> PyResult<Py<PyAny>> {
        let make = || {
            let tokens = PyDict::new(py);
            core.special().iter().try_for_each(|(token, id)| tokens.set_item(token, ints::one(py, id)?))?;
            frozen(py, "FrozenDict", tokens.into_any())
        };
        self.special_tokens.get_or_try_init(py, make).map(|made| made.clone_ref(py))
    }

    /// The tokenizer for another process: a pool of processes pickles it for every task.
    pub(super) fn packed(&self, py: Python<'_>, core: &crate::Tokenizer) -> Py<PyBytes> {
        let make = || PyBytes::new(py, &py.detach(|| packed::to_bytes(core))).unbind();
        self.packed.get_or_init(py, make).clone_ref(py)
    }
}

fn frozen(py: Python<'_>, class: &str, content: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let _inside = Inside::enter(py);
    Ok(py.import("pairwright.frozen")?.getattr(class)?.call1((content,))?.unbind())
}
