//! Files: rank files, the model file, the counts file, and how anything is written.

pub mod atomic;
pub mod counts_file;
pub mod kind;
pub mod minbpe;
pub mod model_file;
pub mod packed;
pub mod rank_file;
pub mod tekken;
pub mod tokenizer_json;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::split::Pattern;

/// The whole of a file.
///
/// # Errors
/// [`Error::Io`] with the path.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(Error::io(path))
}

/// How files tell a split pattern.
fn pattern_to_json(pattern: &Pattern) -> Value {
    let name = matches!(pattern, Pattern::Named(_)).then(|| pattern.as_str());
    json!({ "name": name, "regex": pattern.regex() })
}

/// The pattern that a file tells, `None` if it has no regex.
fn pattern_from_json(pattern: &Value) -> Option<Pattern> {
    Some(Pattern::of_file(pattern["name"].as_str(), pattern["regex"].as_str()?))
}
