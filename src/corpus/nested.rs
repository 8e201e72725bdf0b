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
///
/// Among the elements of a list what is null, or lacks the field, is passed over: a turn of a chat may have no text.
pub(super) fn append(text: &str, field: &str, out: &mut Vec<u8>) -> Result<(), Fault> {
    let parts: Vec<&str> = field.split('.').collect();
    let root: &RawValue = serde_json::from_str(text).map_err(|error| json::fault(&error, 0))?;
    let mut walk = Walk { text, field, out, way: String::new(), found: 0, nulls: 0, lacks: None };
    walk.value(root, &parts, false)?;
    match walk {
        Walk { found: 1.., .. } => Ok(()),
        // Nothing has the field: that may be a slip in its name.
        Walk { nulls: 0, lacks: Some(fault), .. } => Err(fault),
        Walk { nulls: 0, .. } => Err(empty(field, "the list has no elements")),
        _ => Err(empty(field, "it is null in every element of the list")),
    }
}

fn empty(field: &str, why: &str) -> Fault {
    Fault { is_empty: true, ..Fault::at(0, format!("there is no text in the field {field:?}: {why}")) }
}

struct Walk<'w> {
    text: &'w str,
    field: &'w str,
    out: &'w mut Vec<u8>,
    /// What led to the value at hand, with the numbers of elements.
    way: String,
    /// Strings so far, and what was null in their place.
    found: usize,
    nulls: usize,
    /// The first element that lacks the field.
    lacks: Option<Fault>,
}

impl Walk<'_> {
    /// `is_within` tells that the value is in an element of a list.
    fn value(&mut self, value: &RawValue, parts: &[&str], is_within: bool) -> Result<(), Fault> {
        let raw = value.get();
        match (raw.as_bytes().first(), parts) {
            (Some(b'n'), _) if is_within => {
                self.nulls += 1;
                Ok(())
            }
            (_, []) => self.string(raw),
            // Some messages have a list of parts, and others a string instead.
            (Some(b'"'), [EACH, ..]) if is_within => self.string(raw),
            (Some(b'{'), _) => {
                let found = Members::of(raw, parts).map_err(|error| json::fault(&error, self.at(raw)))?;
                match found {
                    Some((length, inner)) => {
                        let before = self.way.len();
                        for part in &parts[..length] {
                            self.way.push_str(if self.way.is_empty() { "" } else { "." });
                            self.way.push_str(part);
                        }
                        self.value(inner, &parts[length..], is_within)?;
                        self.way.truncate(before);
                        Ok(())
                    }
                    None if is_within => {
                        if self.lacks.is_none() {
                            self.lacks = Some(self.missing(raw, parts));
                        }
                        Ok(())
                    }
                    None => Err(self.missing(raw, parts)),
                }
            }
            (Some(b'['), [EACH, rest @ ..]) => {
                let items: Vec<&RawValue> =
                    serde_json::from_str(raw).map_err(|error| json::fault(&error, self.at(raw)))?;
                let before = self.way.len();
                for (number, item) in items.into_iter().enumerate() {
                    self.way.push_str(&format!("[{number}]"));
                    self.value(item, rest, true)?;
                    self.way.truncate(before);
                }
                Ok(())
            }
            (Some(b'['), [part, ..]) => {
                let reason = format!("there is a list where {part:?} of the field {:?} is looked for", self.field);
                let hint = Some("a * in text_field stands for every element of a list".to_owned());
                Err(Fault { hint, ..Fault::at(self.at(raw) + 1, reason) })
            }
            (_, [part, ..]) => {
                let place = self.place();
                let reason = format!("there is no {part:?} of the field {:?}, but a value{place}", self.field);
                Err(Fault::at(self.at(raw) + 1, reason))
            }
        }
    }

    /// Appends a string, which is all there should be at the end of the path.
    fn string(&mut self, raw: &str) -> Result<(), Fault> {
        if self.found > 0 {
            self.out.push(BETWEEN);
        }
        self.found += 1;
        json::append_string(raw, self.field, self.out).map_err(|error| {
            let fault = json::fault(&error, self.at(raw));
            let value = serde_json::from_str(raw).unwrap_or_default();
            let hint = json::hint_within(self.field, &value);
            Fault { hint, reason: format!("{}{}", fault.reason, self.place()), ..fault }
        })
    }

    /// Where the value at hand is, if the path alone does not tell.
    fn place(&self) -> String {
        if self.way.contains('[') { format!(" at {}", self.way) } else { String::new() }
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
            (r#"{"texts":["a","","b"]}"#, "texts.*", "a\n\nb"),
            (r#"{"turns":[["a","b"],[],null,["c"]]}"#, "turns.*.*", "a\nb\nc"),
            (r#"{"m":[{"c":"x"},{"c":null},{"d":"y"},{},null,{"c":""}]}"#, "m.*.c", "x\n"),
            (r#"{"m":[{"c":[{"t":"x"},{"u":"i"},{"t":"y"}]},{"c":"z"},{"c":null}]}"#, "m.*.c.*.t", "x\ny\nz"),
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
            (r#"{"m":[{"c":"x"},{"c":3}]}"#, "m.*.c", Some(22), "invalid type: integer `3`"),
            (r#"{"m":[{"d":"x"},{}]}"#, "m.*.c", Some(7), "there is no field \"m.*.c\""),
            (r#"{"m":"x"}"#, "m.*", Some(6), "there is no \"*\" of the field \"m.*\", but a value"),
            (r#"{"m":[]}"#, "m.*.c", None, "there is no text in the field \"m.*.c\": the list has no elements"),
            (r#"{"m":[{"c":null},{}]}"#, "m.*.c", None, "there is no text in the field \"m.*.c\": it is null in every"),
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
    #[test]
    fn what_stands_where_a_string_should_is_said_with_its_place_and_the_path_to_the_texts_in_it() {
        let fault = found(r#"{"m":[{"c":"x"},{"c":[{"type":"text","text":"Hi"}]}]}"#, "m.*.c").unwrap_err();
        assert!(fault.reason.ends_with("expected a string in the field \"m.*.c\" at m[1].c"), "{}", fault.reason);
        let hint = "text_field=\"m.*.c.*.text\" makes one document of the strings there";
        assert_eq!(fault.hint.as_deref(), Some(hint));
        // Nobody is told to say what was said.
        assert_eq!(found(r#"{"m":[{"c":{"d":"x"}}]}"#, "m.*.d").unwrap_err().hint.unwrap().find("m.*.d\""), None);
        assert!(found(r#"{"m":[]}"#, "m.*.c").unwrap_err().is_empty);
        assert!(!found(r#"{"m":[{}]}"#, "m.*.c").unwrap_err().is_empty);
    }
}
