//! The string in one field of a line of JSON.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::nested;

/// What is wrong with a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    /// From 1, as far as there is one.
    pub column: Option<usize>,
    pub reason: String,
    /// What to do about it, in terms of the Python arguments.
    pub hint: Option<String>,
    /// Whether nothing is wrong, but there is no text: a list has no elements, or nothing but null in them.
    pub is_empty: bool,
}

impl Fault {
    pub(super) fn at(column: usize, reason: impl Into<String>) -> Fault {
        Fault { column: (column > 0).then_some(column), reason: reason.into(), hint: None, is_empty: false }
    }
}

/// How the reason begins that a field is not there.
pub(super) const LACKS: &str = "there is no field ";

/// Appends the string in a field of the object that a line is. Half of a surrogate pair becomes U+FFFD, as in `str` given to
/// an encoder. If the field is there twice the last one counts, as in Python.
///
/// On an error something may have been appended.
pub(super) fn append_field(line: &[u8], field: &str, out: &mut Vec<u8>) -> Result<(), Fault> {
    let text = std::str::from_utf8(line).map_err(|error| Fault::at(error.valid_up_to() + 1, "it is not UTF-8"))?;
    let start = out.len();
    if nested::is_path(field) {
        nested::append(text, field, out)?;
        replace_surrogates(out, start);
        return Ok(());
    }
    let mut parser = serde_json::Deserializer::from_str(text);
    let parsed = Object { field, out }.deserialize(&mut parser).and_then(|found| parser.end().map(|()| found));
    match parsed {
        Ok(true) => {
            replace_surrogates(out, start);
            Ok(())
        }
        Ok(false) => Err(missing(text, field)),
        Err(error) => Err(Fault { hint: within(text, field), ..fault(&error, 0) }),
    }
}

/// How to read the texts within a field that is no string.
fn within(text: &str, field: &str) -> Option<String> {
    let Ok(Value::Object(mut object)) = serde_json::from_str(text) else { return None };
    hint_within(field, &object.remove(field)?)
}

/// The same of what a path leads to.
pub(super) fn hint_within(field: &str, value: &Value) -> Option<String> {
    match value {
        Value::Array(_) | Value::Object(_) => {
            longest(value, false).map(|found| reads(&format!("{field}.{}", found.path)))
        }
        _ => None,
    }
}

/// What a path reads, for a hint.
fn reads(path: &str) -> String {
    match path.strip_suffix(".*") {
        Some(list) => format!("text_field={path:?} makes one document of the strings in {list:?}"),
        None if path.contains('*') => format!("text_field={path:?} makes one document of the strings there"),
        None => format!("text_field={path:?} reads another field"),
    }
}

/// Appends the string that a value is, of which halves of surrogate pairs are still to be replaced.
pub(super) fn append_string(value: &str, field: &str, out: &mut Vec<u8>) -> serde_json::Result<()> {
    Text { field, out }.deserialize(&mut serde_json::Deserializer::from_str(value))
}

/// What the parser says of a part of a line that begins behind so many bytes.
pub(super) fn fault(error: &serde_json::Error, before: usize) -> Fault {
    let shown = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let column = if error.column() > 0 { before + error.column() } else { 0 };
    Fault::at(column, shown.strip_suffix(&place).unwrap_or(&shown))
}

/// An object of which one field is wanted. Tells whether it is there.
struct Object<'f> {
    field: &'f str,
    out: &'f mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<bool, D::Error> {
        parser.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<bool, A::Error> {
        let start = self.out.len();
        let mut found = false;
        while let Some(is_wanted) = fields.next_key_seed(Key(self.field))? {
            if is_wanted {
                self.out.truncate(start);
                fields.next_value_seed(Text { field: self.field, out: self.out })?;
                found = true;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Whether a key is the one that is wanted.
struct Key<'f>(&'f str);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<bool, D::Error> {
        parser.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

/// A string, asked for as bytes: as text it could not hold half of a surrogate pair.
struct Text<'f> {
    field: &'f str,
    out: &'f mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for Text<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_bytes(self)
    }
}

impl<'de> Visitor<'de> for Text<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "a string in the field {:?}", self.field)
    }

    fn visit_bytes<E>(self, text: &[u8]) -> Result<(), E> {
        self.out.extend_from_slice(text);
        Ok(())
    }

    fn visit_seq<A>(self, _: A) -> Result<(), A::Error>
    where
        A: serde::de::SeqAccess<'de>,
    {
        Err(A::Error::invalid_type(serde::de::Unexpected::Seq, &self))
    }
}

/// That a field is not there, with the fields that are, and the one that has most text.
pub(super) fn missing(text: &str, field: &str) -> Fault {
    let object = match serde_json::from_str(text) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    };
    let reason = format!("{LACKS}{field:?}{}", names_of(&object));
    let found = longest(&Value::Object(object), false).filter(|found| found.path != field);
    Fault { column: None, reason, hint: found.map(|found| reads(&found.path)), is_empty: false }
}

/// The field of an object with most text in a string of its own.
pub(super) fn another(text: &str) -> Option<String> {
    let Ok(Value::Object(mut object)) = serde_json::from_str(text) else { return None };
    object.retain(|_, value| value.is_string());
    longest(&Value::Object(object), false).map(|found| found.path)
}

/// The fields that an object has, for a message.
fn names_of(object: &Map<String, Value>) -> String {
    /// More would not help anybody.
    const SHOWN: usize = 8;
    if object.is_empty() {
        return ", nor any other".into();
    }
    let names: Vec<String> = object.keys().take(SHOWN).map(|key| format!("{key:?}")).collect();
    format!(", only {}{}", names.join(", "), if object.len() > SHOWN { ", …" } else { "" })
}

/// A string within a value that may be the text that is looked for.
struct Likely {
    /// What leads to it; empty if it is the value.
    path: String,
    /// Names and identifiers have no white space.
    has_space: bool,
    length: usize,
}

/// What the text of a message or of a part of one is called.
const OF_MESSAGES: [&str; 3] = ["content", "text", "value"];

/// The longest string in a value. In objects of a list (`is_element`) the names of messages go before, for who speaks may
/// have a longer name than what is said.
fn longest(value: &Value, is_element: bool) -> Option<Likely> {
    let within = |name: &str, value: &Value, is_element: bool| {
        let found = longest(value, is_element)?;
        let path = if found.path.is_empty() { name.to_owned() } else { format!("{name}.{}", found.path) };
        Some(Likely { path, ..found })
    };
    match value {
        Value::String(text) => {
            let has_space = text.contains(char::is_whitespace);
            Some(Likely { path: String::new(), has_space, length: text.len() })
        }
        Value::Object(fields) => {
            let of_field = |(name, each): (&String, &Value)| {
                let is_preferred = is_element && OF_MESSAGES.contains(&&name[..]);
                within(name, each, false).map(|found| (is_preferred, found))
            };
            let likely = |(is_preferred, found): &(bool, Likely)| (*is_preferred, found.has_space, found.length);
            fields.iter().filter_map(of_field).max_by_key(likely).map(|(_, found)| found)
        }
        Value::Array(items) => {
            let named = |found: &Likely| OF_MESSAGES.iter().any(|name| found.path.split('.').nth(1) == Some(name));
            let likely = |found: &Likely| (named(found), found.has_space, found.length);
            items.iter().filter_map(|each| within("*", each, true)).max_by_key(likely)
        }
        _ => None,
    }
}

/// The first byte of a surrogate's three, if the second is at least [`SECOND`].
const FIRST: u8 = 0xED;
const SECOND: u8 = 0xA0;

/// Makes text that has halves of surrogate pairs, but is UTF-8 otherwise, valid from `start` on.
fn replace_surrogates(out: &mut [u8], start: usize) {
    let text = &mut out[start..];
    let mut from = 0;
    while let Some(at) = memchr::memchr(FIRST, &text[from..]) {
        let first = from + at;
        if text[first + 1] >= SECOND {
            text[first..first + 3].copy_from_slice("\u{FFFD}".as_bytes());
        }
        from = first + 3;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(line: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut out = b"before".to_vec();
        append_field(line, "text", &mut out).map(|()| out.split_off(6))
    }

    #[test]
    fn the_string_of_the_field_is_found_wherever_it_stands() {
        for (line, expected) in [
            (r#"{"text":"a"}"#, "a"),
            (r#" { "n" : [1, {"text": 2}], "text" : "\u00e9\n\"\ud83d\ude00" , "x": null } "#, "é\n\"😀"),
            (r#"{"text":"first","text":"last"}"#, "last"),
            (r#"{"t\u0065xt":"escaped key"}"#, "escaped key"),
            (r#"{"text":""}"#, ""),
        ] {
            assert_eq!(field(line.as_bytes()), Ok(expected.as_bytes().to_vec()), "{line}");
        }
    }

    #[test]
    fn half_of_a_surrogate_pair_is_replaced_and_hangul_is_kept() {
        let expected = "\u{FFFD}\u{FFFD}x한\u{D7FF}\u{FFFD}";
        let line = r#"{"text":"\ud800\udfffx한\ud7ff\ude00"}"#;
        // The first two are a pair.
        assert_eq!(field(line.as_bytes()), Ok("\u{103FF}x한\u{D7FF}\u{FFFD}".as_bytes().to_vec()));
        let line = r#"{"text":"\ud800\ud800x한\ud7ff\ude00"}"#;
        assert_eq!(field(line.as_bytes()), Ok(expected.as_bytes().to_vec()));
    }

    #[test]
    fn the_field_with_most_text_is_named_where_the_one_that_is_wanted_is_missing() {
        for (line, expected) in [
            (r#"{"id":"1","body":"a text"}"#, Some("body")),
            (r#"{"id":"1","data":{"n":1,"text":"long"}}"#, Some("data.text")),
            (r#"{"id":"1","messages":[{"role":"user","content":"a question"}]}"#, Some("messages.*.content")),
            (
                r#"{"id":"8c1b6a70-0000","messages":[{"role":"assistant","content":"Hi there"}]}"#,
                Some("messages.*.content"),
            ),
            (
                r#"{"conversations":[{"from":"human","value":"Hi"},{"from":"gpt","value":"Ho"}]}"#,
                Some("conversations.*.value"),
            ),
            (r#"{"text":[{"type":"text","text":"Hi"}]}"#, Some("text.*.text")),
            (r#"{"text":{"n":1,"body":"Hi"}}"#, Some("text.body")),
            (r#"{"text":["a","b"]}"#, Some("text.*")),
            (r#"{"text":3}"#, None),
            (r#"{"id":1}"#, None),
            ("{}", None),
        ] {
            let hint = field(line.as_bytes()).unwrap_err().hint;
            assert_eq!(hint.as_ref().and_then(|hint| hint.split('"').nth(1)), expected, "{line}: {hint:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_column() {
        for (line, column, reason) in [
            (&b"{\"text\": \"a"[..], Some(11), "EOF while parsing a string"),
            (b"{\"text\": 3}", Some(10), "invalid type: integer `3`, expected a string in the field \"text\""),
            (b"{\"text\": null}", Some(13), "invalid type: null, expected a string in the field \"text\""),
            (b"{\"text\": [97]}", Some(10), "invalid type: sequence, expected a string in the field \"text\""),
            (b"[1]", Some(0), "invalid type: sequence, expected a JSON object"),
            (b"{\"a\":1}", None, "there is no field \"text\", only \"a\""),
            (b"{}", None, "there is no field \"text\", nor any other"),
            (b"{\"text\":\"a\"} b", Some(14), "trailing characters"),
            (b"{\"text\":\"\xff\"}", Some(10), "it is not UTF-8"),
            (b"{\"x\":\"\xff\",\"text\":\"a\"}", Some(7), "it is not UTF-8"),
        ] {
            let fault = field(line).unwrap_err();
            assert_eq!(fault.reason, reason);
            assert_eq!(fault.column, column.filter(|&column| column > 0), "{reason}");
        }
    }
}
