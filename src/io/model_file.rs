//! The model file: one JSON object that holds a tokenizer whole, one token a line, so that people can read it and
//! `diff` shows what changed.
//!
//! ```json
//! {
//! "format": "pairwright", "version": 1, "checksum": "sha256:…",
//! "pattern": {"name": "cl100k", "regex": "…"},
//! "special_tokens": {"<bos>": 256},
//! "vocab": {"AA==": 0, …},
//! "merges": [[116, 104], …],
//! "metadata": {…}
//! }
//! ```
//!
//! `vocab` gives the bytes of every ordinary token in base64 with its id, which is its rank. `merges` gives, in the order
//! of ids, the pair of ids that made each token of two bytes or more; it is `null` if they are not known. With `"rules": "merges"`
//! they come in any order, and only they merge. With `"ignore_merges": true` a piece that is a token is encoded to it.
//! `normalizer` names a normal form of Unicode, `special_manners` how some special tokens are found, and `beginning` and `ending`
//! are the ids that a model expects around a text.
//!
//! `checksum` is the SHA-256 of the object without `checksum` and without `metadata.time`, written with sorted keys and
//! no white space: models of the same corpus and settings have the same checksum whenever they were trained.

use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::io::kind::Kind;
use crate::io::{atomic, pattern_from_json, pattern_to_json};
use crate::merges::Pair;
use crate::normalize::Form;
use crate::special::{Manner, SpecialToken, SpecialTokens};
use crate::split::Splitter;
use crate::tokenizer::Tokenizer;
use crate::vocab::{Id, Vocab};

/// All but the long ones, in the order in which they are written.
const KEYS: [&str; 11] = [
    "format",
    "version",
    "checksum",
    "pattern",
    "normalizer",
    "special_tokens",
    "special_manners",
    FRAME[0],
    FRAME[1],
    "rules",
    "ignore_merges",
];

/// The ids that are to come before and behind those of a text.
const FRAME: [&str; 2] = ["beginning", "ending"];

pub(super) const FORMAT: &str = "pairwright";
const VERSION: u64 = 1;

/// What decides where there are merges that mean something else than the ranks.
const RULES: &str = "merges";

/// Writes a tokenizer to a model file.
///
/// # Errors
/// [`Error::Io`]; then an old file under this name is as it was.
pub fn save(tokenizer: &Tokenizer, path: &Path) -> Result<()> {
    let content = to_bytes(tokenizer);
    atomic::write(path, |file| file.write_all(&content))
}

/// Reads a tokenizer from a model file.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] if the file is truncated, altered, of a newer version, no model file at all, or
/// holds a vocabulary that contradicts itself.
pub fn load(path: &Path) -> Result<Tokenizer> {
    Kind::Model.read(path, |content| from_bytes(content, path))
}

/// The content of a model file.
pub fn to_bytes(tokenizer: &Tokenizer) -> Vec<u8> {
    let mut content = content(tokenizer);
    content.insert("checksum".into(), checksum(&content).into());
    let mut text = String::from("{\n");
    for key in KEYS {
        if !content.contains_key(key) {
            continue;
        }
        text += &format!("{}: {},\n", json!(key), content[key]);
    }
    // Base64 has nothing that would have to be escaped.
    let tokens = tokenizer.vocab().iter().map(|(id, bytes)| format!("\"{}\": {}", BASE64_STANDARD.encode(bytes), id.0));
    text += &format!("\"vocab\": {{\n{}\n}},\n", tokens.collect::<Vec<_>>().join(",\n"));
    text += "\"merges\": ";
    text += &match &content["merges"] {
        Value::Array(merges) => {
            format!("[\n{}\n]", merges.iter().map(Value::to_string).collect::<Vec<_>>().join(",\n"))
        }
        other => other.to_string(),
    };
    text += &format!(",\n\"metadata\": {:#}\n}}\n", content["metadata"]);
    text.into_bytes()
}

/// Reads the content of a model file; `path` is what errors name.
pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Tokenizer> {
    let fail = |message: &str| Error::format(path, message);
    let content: Map<String, Value> = serde_json::from_slice(bytes)
        .map_err(|error| fail(&format!("not a model file, or a truncated one: it is no JSON object ({error})")))?;
    if content.get("format").and_then(Value::as_str) != Some(FORMAT) {
        return Err(fail("not a pairwright model file: \"format\" is not \"pairwright\""));
    }
    match content.get("version").and_then(Value::as_u64) {
        Some(VERSION) => {}
        Some(newer) if newer > VERSION => {
            return Err(fail(&format!(
                "written by a newer pairwright (format version {newer}, this one reads {VERSION}): upgrade pairwright"
            )));
        }
        _ => return Err(fail("\"version\" is not a version of the format")),
    }
    let found = checksum(&content);
    if content.get("checksum").and_then(Value::as_str) != Some(&found) {
        return Err(fail("the checksum does not match: the file was altered or damaged after it was written"));
    }
    read_content(&content).map_err(|error| error.in_file(path))
}

/// Everything but the checksum.
fn content(tokenizer: &Tokenizer) -> Map<String, Value> {
    let vocab = tokenizer.vocab().iter().map(|(id, bytes)| (BASE64_STANDARD.encode(bytes), id.0.into()));
    let merges = merges_of(tokenizer).map(|merges| merges.iter().map(|(left, right)| [left.0, right.0]));
    let mut content = settings(tokenizer);
    content.insert("format".into(), FORMAT.into());
    content.insert("version".into(), VERSION.into());
    content.insert("vocab".into(), vocab.collect::<Map<_, _>>().into());
    content.insert("merges".into(), json!(merges.map(Iterator::collect::<Vec<_>>)));
    content
}

/// The merges that are written: those that are known, not those that can be recovered.
pub(super) fn merges_of(tokenizer: &Tokenizer) -> Option<&[Pair]> {
    if tokenizer.is_by_list() { Some(tokenizer.merges()) } else { tokenizer.trained_merges() }
}

/// All that a tokenizer is but for its vocabulary and its merges.
pub(super) fn settings(tokenizer: &Tokenizer) -> Map<String, Value> {
    let mut content = json!({
        "pattern": pattern_to_json(tokenizer.splitter().pattern()),
        "special_tokens": tokenizer.special().iter().map(|(token, id)| (token.to_owned(), id.0.into())).collect::<Map<_, _>>(),
        "metadata": tokenizer.metadata(),
    });
    // What most tokenizers do not have is left out.
    let special = tokenizer.special();
    if !special.are_plain() {
        let manners = special.tokens().iter().filter(|token| token.manner != Manner::default());
        let manners = manners.map(|token| (token.name.clone(), manner_to_json(token.manner)));
        content["special_manners"] = manners.collect::<Map<_, _>>().into();
    }
    if let Some(form) = tokenizer.normalizer() {
        content["normalizer"] = form.name().into();
    }
    for (key, ids) in FRAME.iter().zip(tokenizer.frame()).filter(|(_, ids)| !ids.is_empty()) {
        content[*key] = ids.iter().map(|id| id.0).collect::<Vec<_>>().into();
    }
    if tokenizer.is_by_list() {
        content["rules"] = RULES.into();
    }
    if tokenizer.ignores_merges() {
        content["ignore_merges"] = true.into();
    }
    match content {
        Value::Object(content) => content,
        _ => unreachable!("an object was written"),
    }
}

/// The names of what a manner is, in a list.
fn manner_to_json(manner: Manner) -> Value {
    let Manner { lstrip, rstrip, single_word, normalized, always } = manner;
    let flags = [lstrip, rstrip, single_word, normalized, always];
    MANNERS.iter().zip(flags).filter(|(_, flag)| *flag).map(|(name, _)| *name).collect::<Vec<_>>().into()
}

fn manner_from_json(names: &Value) -> Option<Manner> {
    let names: Vec<&str> = names.as_array()?.iter().map(Value::as_str).collect::<Option<_>>()?;
    if !names.iter().all(|name| MANNERS.contains(name)) {
        return None;
    }
    let [lstrip, rstrip, single_word, normalized, always] = MANNERS.map(|name| names.contains(&name));
    Some(Manner { lstrip, rstrip, single_word, normalized, always })
}

const MANNERS: [&str; 5] = ["lstrip", "rstrip", "single_word", "normalized", "always"];

/// See the module. serde_json's maps are sorted.
fn checksum(content: &Map<String, Value>) -> String {
    let fields = content.iter().filter(|(key, _)| *key != "checksum").map(|(key, value)| match value {
        Value::Object(metadata) if key == "metadata" => {
            let mut metadata = metadata.clone();
            metadata.remove("time");
            format!("{}:{}", json!(key), Value::Object(metadata))
        }
        value => format!("{}:{value}", json!(key)),
    });
    // A copy of all without these two would take as long as all the rest.
    let canonical = format!("{{{}}}", fields.collect::<Vec<_>>().join(","));
    format!("sha256:{}", hex(&Sha256::digest(canonical)))
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn fail(message: String) -> Error {
    Error::Vocab { message }
}

fn missing(what: &str) -> Error {
    fail(format!("{what} is missing or malformed"))
}

fn id(value: &Value) -> Option<Id> {
    value.as_u64().and_then(|id| u32::try_from(id).ok()).map(Id)
}

/// Builds the tokenizer. The checksum vouches for what pairwright wrote, not for what someone else signed: everything
/// is checked all the same.
fn read_content(content: &Map<String, Value>) -> Result<Tokenizer> {
    let mut tokens = Vec::new();
    for (key, value) in content.get("vocab").and_then(Value::as_object).ok_or_else(|| missing("vocab"))? {
        let bytes = BASE64_STANDARD.decode(key).map_err(|_| fail(format!("token {key:?} is not base64")))?;
        tokens.push((id(value).ok_or_else(|| fail(format!("token {key:?} has no valid id")))?, bytes));
    }
    tokens.sort();
    let mut vocab = Vocab::default();
    for (id, bytes) in &tokens {
        vocab.insert(*id, bytes)?;
    }
    let merges = match content.get("merges") {
        Some(Value::Null) => None,
        Some(Value::Array(merges)) => {
            let merges = merges.iter().enumerate().map(|(at, merge)| {
                let pair =
                    merge.as_array().filter(|pair| pair.len() == 2).ok_or_else(|| missing(&format!("merge {at}")))?;
                id(&pair[0]).zip(id(&pair[1])).ok_or_else(|| missing(&format!("merge {at}")))
            });
            Some(merges.collect::<Result<Vec<_>>>()?)
        }
        _ => return Err(missing("merges")),
    };
    with_settings(content, vocab, merges)
}

/// A tokenizer of a vocabulary and of the merges that are known, with the settings that [`settings`] gave.
pub(super) fn with_settings(
    content: &Map<String, Value>,
    vocab: Vocab,
    merges: Option<Vec<Pair>>,
) -> Result<Tokenizer> {
    let special = content.get("special_tokens").and_then(Value::as_object).ok_or_else(|| missing("special_tokens"))?;
    let special = special.iter().map(|(token, value)| {
        let id = id(value).ok_or_else(|| fail(format!("special token {token:?} has no valid id")))?;
        let manner =
            content.get("special_manners").map_or(Some(Manner::default()), |manners| match manners.get(token) {
                Some(names) => manner_from_json(names),
                None => Some(Manner::default()),
            });
        let manner = manner.ok_or_else(|| fail(format!("special token {token:?} has no valid manner")))?;
        Ok(SpecialToken { name: token.clone(), id, manner })
    });
    let special = SpecialTokens::with_manners(special.collect::<Result<Vec<_>>>()?)?;

    let pattern = content.get("pattern").filter(|pattern| pattern.is_object()).ok_or_else(|| missing("pattern"))?;
    let pattern = pattern_from_json(pattern).ok_or_else(|| missing("pattern.regex"))?;
    let tokenizer = Tokenizer::from_ranks(vocab, Splitter::of(pattern)?, special)?;

    let tokenizer = match merges {
        None => tokenizer,
        Some(merges) => match content.get("rules").map(Value::as_str) {
            None => tokenizer.with_merges(merges)?,
            Some(Some(RULES)) => tokenizer.with_list(merges)?,
            Some(_) => return Err(fail(format!("\"rules\" must be \"{RULES}\" or left out"))),
        },
    };
    let tokenizer = match content.get("ignore_merges") {
        None => tokenizer,
        Some(Value::Bool(ignores)) => tokenizer.ignoring_merges(*ignores),
        Some(_) => return Err(fail("ignore_merges must be true or false".to_owned())),
    };
    let normalizer = match content.get("normalizer") {
        None => None,
        Some(name) => Some(name.as_str().and_then(Form::of_name).ok_or_else(|| missing("normalizer"))?),
    };
    let [before, behind] = FRAME.map(|key| match content.get(key) {
        None => Ok(Vec::new()),
        Some(ids) => {
            let ids = ids.as_array().and_then(|ids| ids.iter().map(id).collect::<Option<Vec<_>>>());
            ids.ok_or_else(|| missing(key))
        }
    });
    let tokenizer = tokenizer.with_normalizer(normalizer)?.with_frame(before?, behind?)?;
    let metadata = content.get("metadata").and_then(Value::as_object).ok_or_else(|| missing("metadata"))?;
    Ok(tokenizer.with_metadata(metadata.clone()).prepared())
}
