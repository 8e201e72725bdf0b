//! Mistral's `tekken.json`: the tokens of a rank file, and how many of them are in use.
//!
//! Special tokens have the first ids, and the ordinary ones those behind: a token's rank and the number of special tokens. A piece that is a
//! token is encoded to it, for mistral-common encodes with tiktoken.

use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::io::kind::Kind;
use crate::special::SpecialTokens;
use crate::split::{Pattern, Splitter};
use crate::tokenizer::Tokenizer;
use crate::vocab::{Id, Vocab};

/// The special tokens of files that do not list theirs: those of the versions up to v7.
const FIRST: [&str; 20] = [
    "<unk>",
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]",
    "[TOOL_CALLS]",
    "[IMG]",
    "<pad>",
    "[IMG_BREAK]",
    "[IMG_END]",
    "[PREFIX]",
    "[MIDDLE]",
    "[SUFFIX]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[TOOL_CONTENT]",
];
/// More special tokens than any file has; those that a file does not list would each take memory for their name.
const MOST_SPECIAL: usize = 1 << 16;
const OLD_VERSIONS: [&str; 3] = ["v2", "v3", "v7"];

/// Reads a tokenizer.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] naming what is missing, damaged or contradicts itself, or what reads the file.
pub fn load(path: &Path) -> Result<Tokenizer> {
    Kind::Tekken.read(path, |content| from_bytes(content).map_err(|error| error.in_file(path)))
}

fn from_bytes(content: &[u8]) -> Result<Tokenizer> {
    let root: Map<String, Value> = serde_json::from_slice(content).map_err(|error| {
        Error::vocab(format!("not a tekken.json, or a truncated one: it is no JSON object ({error})"))
    })?;
    let config = root
        .get("config")
        .and_then(Value::as_object)
        .ok_or_else(|| Error::vocab("\"config\" is missing or no object"))?;
    let number = |name: &str| {
        let value = config.get(name).and_then(Value::as_u64).filter(|&number| number <= u64::from(Id::MAX.0));
        value
            .map(|number| number as usize)
            .ok_or_else(|| Error::vocab(format!("\"config.{name}\" is missing or no number of tokens")))
    };
    let (size, special) = (number("default_vocab_size")?, number("default_num_special_tokens")?);
    if special > MOST_SPECIAL {
        return Err(Error::vocab(format!(
            "\"config.default_num_special_tokens\" is {special}, more than the {MOST_SPECIAL} that are supported"
        )));
    }
    let pattern =
        config.get("pattern").and_then(Value::as_str).ok_or_else(|| Error::vocab("\"config.pattern\" is missing"))?;
    let names = special_names(root.get("special_tokens"), config.get("version"), special)?;
    let tokens = names.into_iter().zip((0..).map(Id));
    let vocab = vocab_of(root.get("vocab"), size, special)?;
    let tokenizer =
        Tokenizer::from_ranks(vocab, Splitter::of(Pattern::of_known_regex(pattern))?, SpecialTokens::new(tokens)?)?;
    Ok(tokenizer.ignoring_merges(true).prepared())
}

/// The names of so many special tokens: those that the file lists, and fillers.
fn special_names(list: Option<&Value>, version: Option<&Value>, number: usize) -> Result<Vec<String>> {
    let mut names: Vec<String> = match list {
        None | Some(Value::Null) if version.and_then(Value::as_str).is_none_or(|name| OLD_VERSIONS.contains(&name)) => {
            FIRST.map(str::to_owned).to_vec()
        }
        None | Some(Value::Null) => return Err(Error::vocab("\"special_tokens\" is missing")),
        Some(list) => {
            let list = list.as_array().ok_or_else(|| Error::vocab("\"special_tokens\" is no list"))?;
            let name = |(at, token): (usize, &Value)| {
                let name = token["token_str"].as_str().filter(|_| token["rank"] == at);
                name.map(str::to_owned).ok_or_else(|| {
                    Error::vocab(format!("\"special_tokens\", item {at}: no \"token_str\" with the \"rank\" {at}"))
                })
            };
            list.iter().enumerate().map(name).collect::<Result<_>>()?
        }
    };
    if names.len() > number {
        return Err(Error::vocab(format!(
            "there are {} special tokens, and \"default_num_special_tokens\" is {number}",
            names.len()
        )));
    }
    names.extend((names.len()..number).map(|id| format!("<SPECIAL_{id}>")));
    Ok(names)
}

/// The ordinary tokens in use: the first ones, so many that there are `size` with the special tokens.
fn vocab_of(list: Option<&Value>, size: usize, special: usize) -> Result<Vocab> {
    let list = list.and_then(Value::as_array).ok_or_else(|| Error::vocab("\"vocab\" is missing or no list"))?;
    let used = size.checked_sub(special).and_then(|used| list.get(..used)).ok_or_else(|| {
        let message = format!("{size} tokens cannot be {special} special ones and {} that \"vocab\" lists", list.len());
        Error::vocab(message)
    })?;
    let mut vocab = Vocab::with_capacity(used.len());
    for (rank, token) in used.iter().enumerate() {
        let bytes = token["token_bytes"].as_str().and_then(|text| BASE64_STANDARD.decode(text).ok());
        let bytes = bytes.filter(|_| token["rank"] == rank);
        let bytes = bytes.ok_or_else(|| {
            Error::vocab(format!("\"vocab\", item {rank}: no \"token_bytes\" in base64 with the \"rank\" {rank}"))
        })?;
        vocab.insert(Id((special + rank) as u32), &bytes)?;
    }
    Ok(vocab)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::split::NAMED;

    /// All bytes, and "ab" and "abc", of which the last is not in use.
    fn content() -> Value {
        let bytes = (0..=255u8).map(|byte| vec![byte]).chain([b"ab".to_vec(), b"abc".to_vec()]);
        let vocab = bytes.enumerate().map(
            |(rank, bytes)| json!({ "rank": rank, "token_bytes": BASE64_STANDARD.encode(bytes), "token_str": null }),
        );
        json!({
            "config": { "pattern": NAMED[0].regex, "default_vocab_size": 279, "default_num_special_tokens": 22, "version": "v3" },
            "vocab": vocab.collect::<Vec<_>>(),
        })
    }

    #[test]
    fn special_tokens_come_first() {
        let tokenizer = from_bytes(content().to_string().as_bytes()).unwrap();
        assert_eq!(tokenizer.vocab_size(), 279);
        assert_eq!(tokenizer.splitter().pattern().as_str(), NAMED[0].name);
        assert_eq!(tokenizer.encode_ordinary(b"abc").unwrap(), [278, 22 + 99].map(Id));
        assert_eq!(tokenizer.token_bytes(Id(1)), Some(&b"<s>"[..]));
        assert_eq!(tokenizer.token_bytes(Id(21)), Some(&b"<SPECIAL_21>"[..]));
    }

    #[test]
    fn listed_special_tokens_are_those_of_the_file() {
        let mut file = content();
        file["special_tokens"] = json!([{ "rank": 0, "token_str": "<x>", "is_control": true }]);
        let tokenizer = from_bytes(file.to_string().as_bytes()).unwrap();
        assert_eq!(tokenizer.special().id("<x>"), Some(Id(0)));
        assert_eq!(tokenizer.special().name(Id(1)), Some("<SPECIAL_1>"));
    }

    #[test]
    fn damage_is_found_and_named() {
        type Damage = fn(&mut Value);
        let cases: [(Damage, &str); 8] = [
            (|file| file["config"]["version"] = json!("v11"), "\"special_tokens\" is missing"),
            (|file| file["config"]["pattern"] = json!(7), "\"config.pattern\" is missing"),
            (|file| file["config"]["default_vocab_size"] = json!(-1), "default_vocab_size\" is missing or no number"),
            (|file| file["config"]["default_vocab_size"] = json!(300), "300 tokens cannot be 22 special ones and 258"),
            (|file| file["config"]["default_num_special_tokens"] = json!(3), "there are 20 special tokens"),
            (|file| file["vocab"][7]["rank"] = json!(8), "\"vocab\", item 7"),
            (|file| file["vocab"][7]["token_bytes"] = json!("Bg=="), "have the same bytes"),
            (|file| file["special_tokens"] = json!([{ "rank": 1, "token_str": "<x>" }]), "\"special_tokens\", item 0"),
        ];
        for (damage, expected) in cases {
            let mut file = content();
            damage(&mut file);
            let error = from_bytes(file.to_string().as_bytes()).err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(from_bytes(b"{\"config\": {").err().unwrap().to_string().contains("truncated"));
    }
}
