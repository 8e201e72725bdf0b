//! Strings within objects and lists of JSON, by a path such as `data.text` or `messages.*.content`.
//!
//! Every value on the way is looked up as it stands in the line, so that the longest literal name goes before the rest of a
//! path, wherever it stands.

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::json::{self, Fault};

/// Stands in a path for every element of a list.
const EACH: &str = "*";

/// What is put between the strings of a list, which are one document.
const BETWEEN: u8 = b'\n';

/// Whether a field is, or may be, a path.
pub(super) fn is_path(field: &str) -> bool {
    field.contains('.') || field == EACH
}

/// Appends the strings that a path leads to in an object. On an error something may have been appended.
pub(super) fn append(text: &str, field: &str, out: &mut Vec<u8>) -> Result<(), Fault> {
    let parts: Vec<&str> = field.split('.').collect();
    let root: &RawValue = serde_json::from_str(text).map_err(|error| json::fault(&error, 0))?;
    Walk { text, field, out }.value(root, &parts)
}

struct Walk<'w> {
    text: &'w str,
    field: &'w str,
    out: &'w mut Vec<u8>,
}

impl Walk<'_> {
    fn value(&mut self, value: &RawValue, parts: &[&str]) -> Result<(), Fault> {
        let raw = value.get();
        match (raw.as_bytes().first(), parts) {
            (_, []) => {
                json::append_string(raw, self.field, self.out).map_err(|error| json::fault(&error, self.at(raw)))
            }
            (Some(b'{'), _) => {
                let found = Members::of(raw, parts).map_err(|error| json::fault(&error, self.at(raw)))?;
                let Some((length, inner)) = found else { return Err(self.missing(raw, parts)) };
                self.value(inner, &parts[length..])
            }
            (Some(b'['), [EACH, rest @ ..]) => {
                let items: Vec<&RawValue> =
                    serde_json::from_str(raw).map_err(|error| json::fault(&error, self.at(raw)))?;
                for (number, item) in items.into_iter().enumerate() {
                    if number > 0 {
                        self.out.push(BETWEEN);
                    }
                    self.value(item, rest)?;
                }
                Ok(())
            }
            (Some(b'['), [part, ..]) => {
                let reason = format!("there is a list where {part:?} of the field {:?} is looked for", self.field);
                let hint = Some("a * in text_field stands for every element of a list".to_owned());
                Err(Fault { hint, ..Fault::at(self.at(raw) + 1, reason) })
            }
            (_, [part, ..]) => {
                let reason = format!("there is no {part:?} of the field {:?}, but a value", self.field);
                Err(Fault::at(self.at(raw) + 1, reason))
            }
        }
    }

    fn missing(&self, raw: &str, parts: &[&str]) -> Fault {
        let is_whole = parts.len() == self.field.split('.').count();
        let mut fault = json::missing(self.text, self.field);
        if !is_whole {
            let place = self.at(raw) + 1;
            fault = Fault { hint: fault.hint, ..Fault::at(place, format!("{}{:?}", json::LACKS, self.field)) };
        }
        fault
    }

    /// Where a part of the text begins in it.
    fn at(&self, part: &str) -> usize {
        part.as_ptr() as usize - self.text.as_ptr() as usize
    }
}

/// The member of an object with the longest name that a path begins with: how many parts it has, and its value.
struct Members<'p>(&'p [&'p str]);

type Member<'r> = Option<(usize, &'r RawValue)>;

impl<'p> Members<'p> {
    fn of<'r>(raw: &'r str, parts: &'p [&'p str]) -> serde_json::Result<Member<'r>> {
        serde_json::Deserializer::from_str(raw).deserialize_map(Members(parts))
    }

    /// How many parts of the path a name has.
    fn length(&self, name: &str) -> Option<usize> {
        let count = name.split('.').count();
        let is_beginning = count <= self.0.len() && name.split('.').eq(self.0[..count].iter().copied());
        is_beginning.then_some(count)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Member<'de>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Member<'de>, A::Error> {
        let mut found: Member = None;
        while let Some(name) = fields.next_key::<String>()? {
            match self.length(&name) {
                // The last of those that are called the same.
                Some(length) if found.is_none_or(|(longest, _)| longest <= length) => {
                    found = Some((length, fields.next_value()?));
                }
                _ => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str, field: &str) -> Result<String, Fault> {
        let mut out = Vec::new();
        json::append_field(line.as_bytes(), field, &mut out).map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_path_leads_into_objects_and_lists_and_a_literal_name_goes_first() {
        for (line, field, expected) in [
            (r#"{"data":{"text":"a"}}"#, "data.text", "a"),
            (r#"{"data":{"text":"a"},"data.text":"b"}"#, "data.text", "b"),
            (r#"{"data.text":"b","data":{"text":3}}"#, "data.text", "b"),
            (r#"{"a.b":{"c":"x"},"a":{"b.c":"y"}}"#, "a.b.c", "x"),
            (r#"{"a":{"b.c":"y","b":{"c":"z"}}}"#, "a.b.c", "y"),
            (r#"{"messages":[{"content":"q"},{"content":"\ud800\u00e9"}]}"#, "messages.*.content", "q\n\u{FFFD}é"),
            (r#"{"messages":[]}"#, "messages.*.content", ""),
            (r#"{"texts":["a","","b"]}"#, "texts.*", "a\n\nb"),
            (r#"{"turns":[["a","b"],["c"]]}"#, "turns.*.*", "a\nb\nc"),
            (r#"{"*":"star"}"#, "*", "star"),
            (r#"{"d":{"t":"first"},"d":{"t":"last"}}"#, "d.t", "last"),
        ] {
            assert_eq!(found(line, field), Ok(expected.into()), "{line} {field}");
        }
    }

    #[test]
    fn what_is_wrong_within_is_said_with_its_column() {
        for (line, field, column, reason) in [
            (r#"{"data":{"text":3}}"#, "data.text", Some(17), "invalid type: integer `3`, expected a string"),
            (r#"{"m":[{"c":"x"},{"c":null}]}"#, "m.*.c", Some(25), "invalid type: null"),
            (r#"{"data":{"body":"x"}}"#, "data.text", Some(9), "there is no field \"data.text\""),
            (r#"{"body":"x"}"#, "data.text", None, "there is no field \"data.text\", only \"body\""),
            (r#"{"m":[{"c":"x"}]}"#, "m.c", Some(6), "there is a list where \"c\" of the field \"m.c\""),
            (r#"{"data":"x"}"#, "data.text", Some(9), "there is no \"text\" of the field \"data.text\""),
            (r#"{"data":{"text":"a"}"#, "data.text", Some(20), "EOF while parsing an object"),
        ] {
            let fault = found(line, field).unwrap_err();
            assert!(fault.reason.starts_with(reason), "{}", fault.reason);
            assert_eq!(fault.column, column, "{line}: {}", fault.reason);
        }
    }
}
