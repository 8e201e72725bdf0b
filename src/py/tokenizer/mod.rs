//! `Tokenizer`. Its methods are in one file for each thing that is done with it: they `load` or make one, `save` it or make it
//! an object of another library, `encode`, `count` and `decode`, `cut` texts, look up `token`s, `describe` what it is, and
//! `pickle`.

mod count;
mod cut;
mod decode;
mod describe;
mod encode;
mod lab;
mod load;
mod pickle;
mod save;
mod token;
mod usage;
mod work;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

pub(in crate::py) use self::pickle::{_from_model, _from_packed};
pub(in crate::py) use self::usage::_add_usage;
use super::contents::Contents;

/// A byte-level BPE tokenizer: a vocabulary, its merges, a split pattern and special tokens. Immutable.
#[pyclass(module = "pairwright", frozen, weakref)]
pub(in crate::py) struct Tokenizer {
    pub(in crate::py) core: crate::Tokenizer,
    contents: Contents,
}

impl From<crate::Tokenizer> for Tokenizer {
    fn from(core: crate::Tokenizer) -> Tokenizer {
        Tokenizer { core, contents: Contents::new() }
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
}
