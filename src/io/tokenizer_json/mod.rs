//! `tokenizer.json`, the format of Hugging Face's tokenizers: byte-level BPE with a merge list.
//!
//! A file describes a tokenizer by its components. Those that byte-level vocabularies use are understood (`components`); any other
//! is an error that names it. Truncation and padding, which are settings of calls and not of the vocabulary, are passed over.

mod alphabet;
mod components;
mod config;
mod dialect;
#[cfg(test)]
mod tests;

use std::cell::LazyCell;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::io::atomic;
use crate::io::kind::Kind;
use crate::merges;
use crate::special::{Manner, SpecialToken, SpecialTokens};
use crate::split::{Pattern, Splitter};
use crate::tokenizer::Tokenizer;
use crate::vocab::{Id, Vocab};

/// The name of the file in a folder.
const FILE: &str = "tokenizer.json";

/// Reads a tokenizer from a file, or from `tokenizer.json` in a folder.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] naming the component that is not supported, what is missing, damaged or contradicts itself, or
/// what reads the file.
pub fn load(path: &Path) -> Result<Tokenizer> {
    let file = in_folder(path);
    let read = Kind::TokenizerJson.read(&file, |content| from_bytes(content).map_err(|error| error.in_file(&file)));
    read.map_err(|error| match error {
        Error::Io { .. } if path.is_dir() => Kind::TokenizerJson.or_other(Kind::of(path).ok().flatten(), path, error),
        error => error,
    })
}

/// Writes a tokenizer to a file whose name ends in `.json`, or else to `tokenizer.json` in a folder, which is made if it is not
/// there. Beside it goes `tokenizer_config.json`, which transformers reads, if there is a `config`: an object in JSON with what
/// it is to say more than that.
///
/// # Errors
/// [`Error::Io`]; [`Error::Unwritable`], with nothing written, if tokenizers would understand something else.
pub fn save(tokenizer: &Tokenizer, path: &Path, config: Option<&str>) -> Result<()> {
    let content = to_text(tokenizer)?;
    let config = config.map(|config| config::to_text(tokenizer, config)).transpose()?;
    let path = target(path, config.is_some())?;
    atomic::write(&path, |file| file.write_all(content.as_bytes()))?;
    match config {
        Some(config) => atomic::write(&path.with_file_name(config::FILE), |file| file.write_all(config.as_bytes())),
        None => Ok(()),
    }
}

fn in_folder(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(FILE) } else { path.to_owned() }
}

/// The file to write. A name that does not end in `.json` is that of a folder, unless it is that of a device, such as
/// `/dev/stdout`.
fn target(path: &Path, has_config: bool) -> Result<PathBuf> {
    let is_json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let is_device = !has_config && path.exists() && !path.is_file();
    if (is_json || is_device) && !path.is_dir() {
        return Ok(path.to_owned());
    }
    if path.exists() && !path.is_dir() {
        let message = "it is a file, and its name does not end in .json: name a folder or a .json file";
        let source = std::io::Error::new(std::io::ErrorKind::NotADirectory, message);
        return Err(Error::Io { path: path.to_owned(), source });
    }
    fs::create_dir_all(path).map_err(Error::io(path))?;
    Ok(path.join(FILE))
}

/// That tokenizers has no place for something.
fn unwritable(message: impl Into<String>) -> Error {
    Error::Unwritable { library: "tokenizers", message: message.into() }
}

// In

/// Reads the content of a file.
fn from_bytes(content: &[u8]) -> Result<Tokenizer> {
    let root: Map<String, Value> = serde_json::from_slice(content).map_err(|error| {
        Error::vocab(format!("not a tokenizer.json, or a truncated one: it is no JSON object ({error})"))
    })?;
    let part = |name: &str| root.get(name).unwrap_or(&Value::Null);
    let model = part("model").as_object().ok_or_else(|| Error::vocab("\"model\" is missing or no object"))?;
    // What the file is before what is in it: a vocabulary of another kind has no merges of bytes.
    check_type(model)?;
    let pattern = components::pattern_of(part("pre_tokenizer")).map_err(|error| with_kind(model, error))?;
    let normalizer = components::normalizer_of(part("normalizer"))?;
    components::check_decoder(part("decoder"))?;
    check_settings(model)?;
    let special = special_of(part("added_tokens"), model)?;
    let merges = merges_of(model).map_err(|error| with_kind(model, error))?;
    let vocab = vocab_of(model, &special, &merges).map_err(|error| with_kind(model, error))?;
    let (before, behind) = components::frame_of(part("post_processor"))?;
    let ignore_merges = match model.get("ignore_merges") {
        None | Some(Value::Null) => false,
        Some(value) => value.as_bool().ok_or_else(|| Error::vocab("\"model.ignore_merges\" must be true or false"))?,
    };
    let (vocab, merges) = merges::of_bytes(Some(vocab), &merges)?;
    let splitter = Splitter::of(pattern)?;
    vocab.byte_ids().map_err(|error| with_kind(model, error))?;
    check_ids(&special)?;
    let tokenizer = Tokenizer::from_merges(vocab, merges, splitter, SpecialTokens::with_manners(special)?)?;
    let tokenizer = tokenizer.with_normalizer(normalizer)?.with_frame(before, behind)?;
    Ok(tokenizer.ignoring_merges(ignore_merges).prepared())
}

/// The model must be BPE.
fn check_type(model: &Map<String, Value>) -> Result<()> {
    match model.get("type") {
        // Older files do not tell it.
        None if model.get("vocab").is_some_and(Value::is_array) => {
            Err(Error::vocab("\"model.vocab\" is a list, as in a Unigram model; only \"BPE\" is supported"))
        }
        None => Ok(()),
        Some(Value::String(kind)) if kind == "BPE" => Ok(()),
        Some(kind) => Err(Error::vocab(format!("\"model.type\" is {kind}; only \"BPE\" is supported"))),
    }
}

/// Whether a setting of the model is left out or does nothing.
fn is_off(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    }
}

/// The model must do nothing that changes ids in other ways than merges do.
fn check_settings(model: &Map<String, Value>) -> Result<()> {
    for name in ["dropout", "continuing_subword_prefix", "end_of_word_suffix"] {
        if let Some(value) = model.get(name).filter(|value| !is_off(value)) {
            return Err(Error::vocab(format!("\"model.{name}\" is {value}; byte-level BPE has none")));
        }
    }
    Ok(())
}

/// An error of a file that is not byte-level, with what shows that it is not meant to be. Where all bytes are tokens these settings
/// do nothing, and such files are read.
fn with_kind(model: &Map<String, Value>, error: Error) -> Error {
    let kind = ["byte_fallback", "fuse_unk", "unk_token"]
        .iter()
        .find_map(|name| model.get(*name).filter(|value| !is_off(value)).map(|value| (name, value)));
    match (kind, error) {
        (Some((name, value)), Error::Vocab { message }) => Error::vocab(format!(
            "\"model.{name}\" is {value}: a BPE of characters, as SentencePiece makes it, is not supported, only one of bytes \
             ({message})"
        )),
        (_, error) => error,
    }
}

/// The added tokens. Those that are not special are found always.
///
/// Their ids are those that tokenizers gives them, whatever the file says: of what the model knows its id, and of all others, in
/// their order, those from the number of the model's tokens on. A token without a name is passed over.
fn special_of(added: &Value, model: &Map<String, Value>) -> Result<Vec<SpecialToken>> {
    let list = match added {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) => list,
        _ => return Err(Error::vocab("\"added_tokens\" is no list")),
    };
    let entries = entries_of(model)?;
    let mut next = (entries.len() as u32..).map(Id);
    let mut token = |(number, token): (usize, &Value)| {
        let fail = |what: &str| Error::vocab(format!("\"added_tokens\", item {number}: {what}"));
        let flag = |name: &str, default| match &token[name] {
            Value::Null => Ok(default),
            value => value.as_bool().ok_or_else(|| fail(&format!("\"{name}\" must be true or false"))),
        };
        let name = token["content"].as_str().ok_or_else(|| fail("\"content\" is missing or no text"))?;
        id_of(&token["id"]).ok_or_else(|| fail("\"id\" is missing or no token id"))?;
        let id = match entries.get(name) {
            _ if name.is_empty() => return Ok(None),
            Some(id) => id_of(id).ok_or_else(|| fail("the model gives it no valid id"))?,
            None => next.next().expect("there are fewer tokens than ids"),
        };
        let always = !flag("special", false)?;
        let manner = Manner {
            lstrip: flag("lstrip", false)?,
            rstrip: flag("rstrip", false)?,
            single_word: flag("single_word", false)?,
            normalized: flag("normalized", always)?,
            always,
        };
        Ok(Some(SpecialToken { name: name.to_owned(), id, manner }))
    };
    list.iter().enumerate().filter_map(|one| token(one).transpose()).collect()
}

/// tokenizers numbers added tokens on, whether or not the model has given an id away; of two with one id it finds only one.
fn check_ids(special: &[SpecialToken]) -> Result<()> {
    let mut names = HashMap::new();
    for SpecialToken { name, id, .. } in special {
        if let Some(other) = names.insert(*id, name).filter(|other| *other != name) {
            return Err(Error::vocab(format!("\"added_tokens\": {other:?} and {name:?} both get the id {}", id.0)));
        }
    }
    Ok(())
}

fn id_of(value: &Value) -> Option<Id> {
    value.as_u64().and_then(|id| u32::try_from(id).ok()).map(Id)
}

/// Two tokens that merge.
type Merge = (Vec<u8>, Vec<u8>);

/// The tokens of the model with their ids.
fn entries_of(model: &Map<String, Value>) -> Result<&Map<String, Value>> {
    let entries = model.get("vocab").and_then(Value::as_object);
    entries.ok_or_else(|| Error::vocab("\"model.vocab\" is missing or no object"))
}

/// The ordinary tokens: those that are bytes, or take part in merges, or are not added as well.
fn vocab_of(model: &Map<String, Value>, special: &[SpecialToken], merges: &[Merge]) -> Result<Vocab> {
    let entries = entries_of(model)?;
    let added: HashSet<&str> = special.iter().map(|token| token.name.as_str()).collect();
    let mut tokens = Vec::with_capacity(entries.len());
    // Seldom asked for.
    let merged = LazyCell::new(|| {
        let tokens = |(left, right): &Merge| [left.clone(), right.clone(), [&left[..], right].concat()];
        merges.iter().flat_map(tokens).collect::<HashSet<_>>()
    });
    for (text, value) in entries {
        let fail = |what: String| Err(Error::vocab(format!("\"model.vocab\": the token {text:?} {what}")));
        let Some(id) = id_of(value) else { return fail("has no valid id".to_owned()) };
        let bytes = alphabet::to_bytes(text);
        if added.contains(text.as_str()) {
            match &bytes {
                Some(bytes) if bytes.len() == 1 || merged.contains(bytes) => {
                    if bytes != text.as_bytes() {
                        return fail("is an added token, and stands for other bytes here".to_owned());
                    }
                }
                _ => continue,
            }
        }
        match bytes {
            Some(bytes) => tokens.push((id, bytes)),
            None => return fail("is not byte-level: some of its characters stand for no byte".to_owned()),
        }
    }
    tokens.sort_unstable();
    let mut vocab = Vocab::with_capacity(tokens.len());
    tokens.iter().try_for_each(|(id, bytes)| vocab.insert(*id, bytes))?;
    Ok(vocab)
}

/// The merges in either spelling: `"left right"` or `["left", "right"]`.
fn merges_of(model: &Map<String, Value>) -> Result<Vec<Merge>> {
    let list = model
        .get("merges")
        .and_then(Value::as_array)
        .ok_or_else(|| Error::vocab("\"model.merges\" is missing or no list"))?;
    let merge = |(number, merge): (usize, &Value)| {
        let pair = match merge {
            Value::String(text) => text.split_once(' '),
            Value::Array(pair) => match &pair[..] {
                [Value::String(left), Value::String(right)] => Some((left.as_str(), right.as_str())),
                _ => None,
            },
            _ => None,
        };
        let bytes = |(left, right)| Some((alphabet::to_bytes(left)?, alphabet::to_bytes(right)?));
        pair.and_then(bytes).ok_or_else(|| {
            Error::vocab(format!("\"model.merges\", item {number}: {merge} is no pair of byte-level tokens"))
        })
    };
    list.iter().enumerate().map(merge).collect()
}

// Out

/// The content of a file.
///
/// # Errors
/// As [`save`], for a reason that lies in the tokenizer.
pub fn to_text(tokenizer: &Tokenizer) -> Result<String> {
    let special = tokenizer.special().tokens();
    if let Some(pair) = special.windows(2).find(|pair| pair[0].id == pair[1].id) {
        return Err(unwritable(format!(
            "the special tokens {:?} and {:?} have one id, {}; in a tokenizer.json each has its own",
            pair[0].name, pair[1].name, pair[0].id.0
        )));
    }
    let added = special.iter().map(|token| {
        let Manner { lstrip, rstrip, single_word, normalized, always } = token.manner;
        json!({
            "id": token.id.0, "content": token.name, "single_word": single_word, "lstrip": lstrip, "rstrip": rstrip,
            "normalized": normalized, "special": !always,
        })
    });
    let vocab = tokenizer.vocab();
    let mut tokens: Vec<(Id, String)> = vocab.iter().map(|(id, bytes)| (id, alphabet::to_text(bytes))).collect();
    // tokenizers numbers added tokens anew that the model does not know, from the number of its tokens on.
    let unknown = || special.iter().filter(|token| vocab.bytes(token.id).is_none());
    let next = (vocab.len() as u32..).map(Id);
    if vocab.len() != vocab.end().index() || !unknown().map(|token| token.id).eq(next.take(unknown().count())) {
        // As a token of the model it would be found without its manner, where a piece is looked up as a whole.
        if let Some(token) = unknown().find(|token| tokenizer.ignores_merges() && token.manner.single_word) {
            return Err(unwritable(format!(
                "the special token {:?} is found only where it is a word, merges are ignored, and its id, {}, can be told \
                 only by making it a token of the model, which is found everywhere",
                token.name, token.id.0
            )));
        }
        tokens.extend(unknown().map(|token| (token.id, token.name.clone())));
        tokens.sort();
    }
    let mut texts: Vec<&str> = tokens.iter().map(|(_, text)| text.as_str()).collect();
    texts.sort_unstable();
    if let Some(pair) = texts.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(unwritable(format!(
            "the special token {:?} is written as an ordinary token is in a tokenizer.json",
            pair[0]
        )));
    }
    let merges = tokenizer.merges().iter().map(|&(left, right)| {
        let text = |id| alphabet::to_text(vocab.bytes(id).unwrap_or_default());
        json!([text(left), text(right)])
    });
    let lines = |lines: &mut dyn Iterator<Item = String>| lines.collect::<Vec<_>>().join(",\n      ");
    let model = [
        ("type", "\"BPE\"".to_owned()),
        ("dropout", "null".to_owned()),
        ("unk_token", "null".to_owned()),
        ("continuing_subword_prefix", "null".to_owned()),
        ("end_of_word_suffix", "null".to_owned()),
        ("fuse_unk", "false".to_owned()),
        ("byte_fallback", "false".to_owned()),
        ("ignore_merges", tokenizer.ignores_merges().to_string()),
        ("vocab", {
            let tokens = lines(&mut tokens.iter().map(|(id, text)| format!("{}: {}", json!(text), id.0)));
            format!("{{\n      {tokens}\n    }}")
        }),
        ("merges", format!("[\n      {}\n    ]", lines(&mut merges.map(|merge| merge.to_string())))),
    ];
    let model = model.map(|(name, value)| format!("\"{name}\": {value}")).join(",\n    ");
    let root = [
        ("version", json!("1.0").to_string()),
        ("truncation", Value::Null.to_string()),
        ("padding", Value::Null.to_string()),
        ("added_tokens", Value::Array(added.collect()).to_string()),
        ("normalizer", components::normalizer(tokenizer.normalizer()).to_string()),
        ("pre_tokenizer", components::pre_tokenizer(tokenizer.splitter().pattern())?.to_string()),
        ("post_processor", components::post_processor(tokenizer).to_string()),
        ("decoder", components::byte_level(true).to_string()),
        ("model", format!("{{\n    {model}\n  }}")),
    ];
    let root = root.map(|(name, value)| format!("\"{name}\": {value}")).join(",\n  ");
    Ok(format!("{{\n  {root}\n}}\n"))
}
