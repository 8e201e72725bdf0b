//! The components of a `tokenizer.json` around its model: what they mean, and how they are written.

use serde_json::{Value, json};

use super::{Pattern, alphabet, dialect, id_of};
use crate::error::{Error, Result};
use crate::normalize::Form;
use crate::split::{Behavior, NamedPattern, Step, WHOLE};
use crate::tokenizer::Tokenizer;
use crate::vocab::Id;

/// The members of a sequence, and of sequences in it; a single component is its own. `null` has none.
fn flat<'v>(component: &'v Value, members: &str) -> Result<Vec<&'v Value>> {
    match (component, component["type"].as_str()) {
        (Value::Null, _) => Ok(Vec::new()),
        (_, Some("Sequence")) => {
            let list = component[members].as_array();
            let list = list.ok_or_else(|| Error::vocab(format!("a Sequence has no list \"{members}\"")))?;
            Ok(list.iter().map(|member| flat(member, members)).collect::<Result<Vec<_>>>()?.concat())
        }
        _ => Ok(vec![component]),
    }
}

fn unsupported(place: &str, component: &Value) -> Error {
    let name = component["type"].as_str().map_or_else(|| component.to_string(), |name| format!("{name:?}"));
    Error::vocab(format!("the {place} {name} is not supported"))
}

fn flag(component: &Value, name: &str, default: bool) -> Result<bool> {
    match &component[name] {
        Value::Null => Ok(default),
        value => value.as_bool().ok_or_else(|| Error::vocab(format!("\"{name}\" must be true or false, not {value}"))),
    }
}

/// The normal form of a normalizer.
pub(super) fn normalizer_of(normalizer: &Value) -> Result<Option<Form>> {
    let forms = flat(normalizer, "normalizers")?.into_iter().map(|member| {
        let form = member["type"].as_str().and_then(Form::of_name);
        form.ok_or_else(|| unsupported("normalizer", member))
    });
    match forms.collect::<Result<Vec<_>>>()?[..] {
        [] => Ok(None),
        [form] => Ok(Some(form)),
        _ => Err(Error::vocab("a Sequence of several normalizers is not supported")),
    }
}

pub(super) fn normalizer(form: Option<Form>) -> Value {
    form.map_or(Value::Null, |form| json!({ "type": form.name() }))
}

/// The split pattern of a pre-tokenizer.
pub(super) fn pattern_of(pre_tokenizer: &Value) -> Result<Pattern> {
    let members = flat(pre_tokenizer, "pretokenizers")?;
    let mut steps = Vec::new();
    let mut is_byte_level = false;
    for member in members {
        if is_byte_level {
            return Err(Error::vocab(format!(
                "nothing may come behind the pre_tokenizer \"ByteLevel\", but {member} does"
            )));
        }
        match member["type"].as_str() {
            Some("Split") => steps.push(split_of(member)?),
            Some("Digits") if flag(member, "individual_digits", false)? => steps.push(Step::isolated(r"\p{N}")),
            Some("Digits") => steps.push(Step::isolated(r"\p{N}+")),
            Some("ByteLevel") => {
                if flag(member, "add_prefix_space", true)? {
                    return Err(Error::vocab("the pre_tokenizer \"ByteLevel\" with add_prefix_space is not supported"));
                }
                if flag(member, "use_regex", true)? {
                    steps.push(Step::isolated("gpt2"));
                }
                is_byte_level = true;
            }
            _ => return Err(unsupported("pre_tokenizer", member)),
        }
    }
    if !is_byte_level {
        return Err(Error::vocab(
            "there is no pre_tokenizer \"ByteLevel\": only byte-level vocabularies are supported",
        ));
    }
    Pattern::simplest(steps)
}

fn split_of(split: &Value) -> Result<Step> {
    let pattern = match (split["pattern"]["Regex"].as_str(), split["pattern"]["String"].as_str()) {
        (Some(regex), None) => match NamedPattern::of_regex(regex) {
            Some(named) => Pattern::in_step(named.regex.to_owned()),
            None => Pattern::in_step(dialect::read(regex)?),
        },
        (None, Some(text)) => Pattern::in_step(fancy_regex::escape(text).into_owned()),
        _ => return Err(Error::vocab(format!("a Split has neither a Regex nor a String: {}", split["pattern"]))),
    };
    let behavior = split["behavior"].as_str().and_then(Behavior::of_name);
    let behavior =
        behavior.ok_or_else(|| Error::vocab(format!("the behavior {} of a Split is not known", split["behavior"])))?;
    Ok(Step { pattern, behavior, invert: flag(split, "invert", false)? })
}

pub(super) fn byte_level(use_regex: bool) -> Value {
    json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": use_regex })
}

/// The pre-tokenizer of a split pattern.
pub(super) fn pre_tokenizer(pattern: &Pattern) -> Result<Value> {
    if pattern.as_str() == "gpt2" {
        return Ok(byte_level(true));
    }
    let steps = match pattern.steps() {
        Some(steps) => steps,
        None if pattern.regex() == WHOLE => Vec::new(),
        None => {
            dialect::check_never_empty(pattern.regex())?;
            vec![Step::isolated(Pattern::in_step(pattern.regex().to_owned()))]
        }
    };
    let mut members = Vec::new();
    for Step { pattern, behavior, invert } in &steps {
        let pattern = Pattern::of_step(pattern);
        let regex = match dialect::write(pattern.regex()) {
            Ok(regex) => regex,
            // A named pattern may cut in the same way.
            Err(error) => match pattern.canonical() {
                name if name != pattern.as_str() => Pattern::of_step(name).regex().to_owned(),
                _ => return Err(error),
            },
        };
        members.push(json!({
            "type": "Split", "pattern": { "Regex": regex }, "behavior": behavior.name(), "invert": invert,
        }));
    }
    members.push(byte_level(false));
    Ok(json!({ "type": "Sequence", "pretokenizers": members }))
}

/// What a post-processor adds before and behind a text.
pub(super) fn frame_of(post_processor: &Value) -> Result<(Vec<Id>, Vec<Id>)> {
    let mut frame = (Vec::new(), Vec::new());
    for member in flat(post_processor, "processors")? {
        match member["type"].as_str() {
            // It changes places in the text, and no ids.
            Some("ByteLevel") => {}
            Some("TemplateProcessing") => frame = template_of(member)?,
            Some("RobertaProcessing" | "BertProcessing") => {
                let id = |name: &str| {
                    id_of(&member[name][1])
                        .ok_or_else(|| Error::vocab(format!("the post_processor has no valid \"{name}\"")))
                };
                frame = (vec![id("cls")?], vec![id("sep")?]);
            }
            _ => return Err(unsupported("post_processor", member)),
        }
    }
    Ok(frame)
}

fn template_of(template: &Value) -> Result<(Vec<Id>, Vec<Id>)> {
    let fail = |what: String| Error::vocab(format!("the post_processor \"TemplateProcessing\" {what}"));
    let items = template["single"].as_array().ok_or_else(|| fail("has no list \"single\"".to_owned()))?;
    let mut sides = [Vec::new(), Vec::new()];
    let mut side = 0;
    for item in items {
        if let Some(name) = item["SpecialToken"]["id"].as_str() {
            let ids = template["special_tokens"][name]["ids"].as_array();
            let ids = ids.and_then(|ids| ids.iter().map(id_of).collect::<Option<Vec<_>>>());
            sides[side].extend(ids.ok_or_else(|| fail(format!("names {name:?} and gives it no valid ids")))?);
        } else if item["Sequence"]["id"] == "A" && side == 0 {
            side = 1;
        } else {
            return Err(fail(format!("has {item} in its \"single\", which is not understood")));
        }
    }
    if side == 0 {
        return Err(fail("has no place for the text".to_owned()));
    }
    Ok(sides.into())
}

/// The post-processor that adds what a tokenizer's texts are framed with.
pub(super) fn post_processor(tokenizer: &Tokenizer) -> Value {
    let [before, behind] = tokenizer.frame();
    if before.is_empty() && behind.is_empty() {
        return Value::Null;
    }
    let name = |id: Id| match tokenizer.vocab().bytes(id) {
        Some(bytes) => alphabet::to_text(bytes),
        None => tokenizer.special().name(id).unwrap_or_default().to_owned(),
    };
    let of_text = |text: &str, number: u8| {
        let token = |&id: &Id| json!({ "SpecialToken": { "id": name(id), "type_id": number } });
        let middle = json!({ "Sequence": { "id": text, "type_id": number } });
        let items = before.iter().map(token).chain([middle]).chain(behind.iter().map(token));
        items.collect::<Vec<_>>()
    };
    let tokens = before
        .iter()
        .chain(behind)
        .map(|&id| (name(id), json!({ "id": name(id), "ids": [id.0], "tokens": [name(id)] })));
    let pair = [of_text("A", 0), of_text("B", 1)].concat();
    json!({
        "type": "TemplateProcessing",
        "single": of_text("A", 0),
        "pair": pair,
        "special_tokens": tokens.collect::<serde_json::Map<_, _>>(),
    })
}

/// A decoder that does more than ids → bytes → text would give other text.
pub(super) fn check_decoder(decoder: &Value) -> Result<()> {
    match flat(decoder, "decoders")?.into_iter().find(|member| member["type"] != "ByteLevel") {
        Some(member) => Err(unsupported("decoder", member)),
        None => Ok(()),
    }
}
