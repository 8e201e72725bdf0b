//! `tokenizer_config.json`: what transformers wants to know of a tokenizer beside its `tokenizer.json`.

use serde_json::{Map, Value, json};

use super::unwritable;
use crate::error::Result;
use crate::special::Manner;
use crate::tokenizer::Tokenizer;

/// Its name.
pub(super) const FILE: &str = "tokenizer_config.json";

/// Keys that name a special token by its role.
const ROLES: [&str; 7] = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/// The content of the file; `more` is an object that adds to it or replaces parts of it.
pub(super) fn to_text(tokenizer: &Tokenizer, more: &str) -> Result<String> {
    let more: Map<String, Value> = serde_json::from_str(more)
        .map_err(|error| unwritable(format!("the configuration is no JSON object ({error})")))?;
    for role in ROLES {
        let Some(name) = more.get(role).filter(|name| !name.is_null()) else { continue };
        if name.as_str().and_then(|name| tokenizer.special().id(name)).is_none() {
            return Err(unwritable(format!("{role} is {name}, which is no special token")));
        }
    }
    let added = tokenizer.special().tokens().iter().map(|token| {
        let Manner { lstrip, rstrip, single_word, normalized, always } = token.manner;
        let described = json!({
            "content": token.name, "lstrip": lstrip, "rstrip": rstrip, "single_word": single_word,
            "normalized": normalized, "special": !always,
        });
        (token.id.0.to_string(), described)
    });
    let mut config = json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "added_tokens_decoder": added.collect::<Map<_, _>>(),
        "clean_up_tokenization_spaces": false,
    });
    for (key, value) in more {
        config[key] = value;
    }
    Ok(format!("{config:#}\n"))
}
