//! Documents in a file of JSON that is more than lines: an array of objects or strings, objects one behind the other, or one
//! object, which has the text itself or the only list of objects. Lines of JSON under another name are known and read as such.
//!
//! Where a value ends is found by its brackets and quotes; what is in it is left to the parser of JSON. So an array may be
//! larger than memory, and a value that is bad may be passed over.

use std::ops::Range;

use super::super::json::{self, Fault};
use super::super::unpack::Unpacked;
use super::super::{Care, Origin, unreadable};
use super::{Outcome, Reading};
use crate::error::{Error, Result};

/// The bytes that an object may have that is to be looked at as a whole.
const MOST: usize = 256 << 20;

const AS_IT_IS: &str = "format=\"text\" takes the file as it is";

/// What has been read of a file and not been worked on.
#[derive(Default)]
struct Source {
    bytes: Vec<u8>,
    /// What lies before this is done with.
    at: usize,
    is_end: bool,
    /// What went wrong behind these bytes.
    failed: Option<Error>,
}

/// Where a value ends.
enum Found {
    Value(Range<usize>),
    /// The file ends first.
    Cut,
    /// A line ends within a string.
    Torn,
}

impl Reading<'_> {
    /// Documents that are this field of objects. A file without any is passed over if nobody named it: it may have the
    /// settings of some program.
    pub(super) fn values(&mut self, origin: &Origin, input: &mut Unpacked, field: &str) -> Outcome {
        self.waits = origin.care == Care::PassOver && !self.plan.skips && self.at >= self.plan.start;
        let outcome = self.all_values(origin, input, field);
        let (waits, first_bad) = (std::mem::take(&mut self.waits), self.first_bad.take());
        match (first_bad, outcome) {
            (Some(Error::Document { position, reason, hint, .. }), _) if waits => {
                self.leave_out(position, reason, hint);
                Ok(())
            }
            (_, Err(Error::Document { position, reason, hint, .. })) if waits => {
                self.leave_out(position, reason, hint);
                Ok(())
            }
            (_, outcome) => outcome,
        }
    }

    fn all_values(&mut self, origin: &Origin, input: &mut Unpacked, field: &str) -> Outcome {
        let mut source = Source::default();
        match self.next_byte(&mut source, input)? {
            None => self.refuse_empty(origin, input),
            Some(b'[') => {
                source.at += 1;
                self.elements(origin, input, field, source, true)
            }
            Some(b'{') => self.objects(origin, input, field, source),
            Some(_) => self.json(origin, input, field, source.bytes, source.failed),
        }
    }

    /// Documents that are objects, of which the first begins here; or that are in the list that it has.
    fn objects(&mut self, origin: &Origin, input: &mut Unpacked, field: &str, mut source: Source) -> Outcome {
        let found = match self.value(&mut source, input, origin)? {
            Found::Value(found) => found,
            Found::Cut if source.bytes[source.at..].contains(&b'\n') => return Err(self.cut(origin)),
            Found::Cut | Found::Torn => return self.json(origin, input, field, source.bytes, source.failed),
        };
        let mut end = found.end;
        loop {
            match source.bytes.get(end) {
                Some(byte) if byte.is_ascii_whitespace() => end += 1,
                Some(_) => break,
                None => {
                    let done = source.at;
                    if !self.fill(&mut source, input)? {
                        return self.object(origin, input, field, &source.bytes[source.at..]);
                    }
                    end -= done;
                }
            }
        }
        let found = source.at..source.at + found.len();
        let is_line = !source.bytes[found.clone()].contains(&b'\n') && source.bytes[found.end..end].contains(&b'\n');
        if is_line {
            self.json(origin, input, field, source.bytes, source.failed)
        } else {
            self.elements(origin, input, field, source, false)
        }
    }

    /// A file that is one object: a document, or a list of them beside other fields.
    fn object(&mut self, origin: &Origin, input: &mut Unpacked, field: &str, object: &[u8]) -> Outcome {
        let start = self.block.buffer.len();
        let outcome = json::append_field(object, field, &mut self.block.buffer);
        let lists = lists(object);
        let Err(Fault { reason, hint, is_empty, .. }) = outcome else {
            if let Some(list) = lists.iter().find(|list| list.has_field(object, field)) {
                self.block.buffer.truncate(start);
                let reason = format!("it has the field {field:?}, and a list of objects that have it, {:?}", list.name);
                return Err(unreadable(origin.name(), "", reason, Some(one_of_them(&list.name))));
            }
            if self.is_passed_over() {
                self.block.buffer.truncate(start);
                self.at.document += 1;
                return Ok(());
            }
            return self.good(start);
        };
        self.block.buffer.truncate(start);
        if is_empty {
            return if self.is_passed_over() { Ok(()) } else { self.empty(start, String::new(), reason, hint) };
        }
        let elements =
            |list: &List| Source { bytes: object[list.range.clone()].to_vec(), at: 1, is_end: true, failed: None };
        // What the field is asked for may be all texts in one list, as columns are written.
        if let Some(list) = lists.iter().find(|list| list.name == field) {
            return match list.kind {
                Items::Strings | Items::None => self.elements(origin, input, field, elements(list), true),
                Items::Objects => {
                    let reason = format!("there is a list of objects in the field {field:?}, and no text");
                    let within = list.first(object).and_then(json::another);
                    let hint = within.map(|name| format!("text_field={name:?} reads a field of these objects"));
                    Err(unreadable(origin.name(), "", reason, hint))
                }
                Items::Others => Err(unreadable(origin.name(), "", reason, Some(AS_IT_IS.to_owned()))),
            };
        }
        if !reason.starts_with(json::LACKS) {
            return Err(unreadable(origin.name(), "", reason, Some(advised(hint))));
        }
        let of = |kind: Items| lists.iter().filter(move |list| list.kind == kind).collect::<Vec<_>>();
        let (objects, strings) = (of(Items::Objects), of(Items::Strings));
        match (&objects[..], &strings[..]) {
            ([list], _) => self.elements(origin, input, field, elements(list), true),
            // In the settings of a program there are such lists, too.
            ([], [list]) if origin.care != Care::PassOver && is_flat(object) => {
                self.elements(origin, input, field, elements(list), true)
            }
            ([], [list, ..]) => {
                let hint =
                    format!("text_field={:?} reads the strings of this list, each of them a document", list.name);
                Err(unreadable(origin.name(), "", reason, Some(advised(Some(hint)))))
            }
            ([], []) => {
                let text = std::str::from_utf8(object).unwrap_or_default();
                let hint = match json::another(text) {
                    Some(name) => Some(format!("text_field={name:?} reads another field")),
                    None => hint.filter(|hint| !hint.contains('*')),
                };
                Err(unreadable(origin.name(), "", reason, Some(advised(hint))))
            }
            ([first, ..], _) => {
                let names: Vec<String> = objects.iter().map(|list| format!("{:?}", list.name)).collect();
                let reason = format!("it has several lists of objects: {}", names.join(", "));
                Err(unreadable(origin.name(), "", reason, Some(one_of_them(&first.name))))
            }
        }
    }

    /// Documents that are values up to the end of an array, or of the file.
    fn elements(
        &mut self,
        origin: &Origin,
        input: &mut Unpacked,
        field: &str,
        mut source: Source,
        is_array: bool,
    ) -> Outcome {
        self.hold();
        let mut needs_comma = false;
        loop {
            match self.next_byte(&mut source, input)? {
                None if is_array => return Err(self.cut(origin)),
                None => return self.refuse_useless(origin, field, "document"),
                Some(b']') if is_array => {
                    source.at += 1;
                    if self.next_byte(&mut source, input)?.is_some() {
                        return Err(self.broken(origin, "something stands behind the array"));
                    }
                    return self.refuse_useless(origin, field, "document");
                }
                Some(b',') if needs_comma => {
                    source.at += 1;
                    needs_comma = false;
                    continue;
                }
                Some(_) if needs_comma => return Err(self.broken(origin, "there is no comma before it")),
                Some(b',' | b']' | b'}') => return Err(self.broken(origin, "a value is missing")),
                Some(_) => {}
            }
            let found = match self.value(&mut source, input, origin)? {
                Found::Value(found) => found,
                Found::Cut => return Err(self.cut(origin)),
                Found::Torn => return Err(self.broken(origin, "a line ends within a string")),
            };
            self.element(origin, field, &source.bytes[found.clone()])?;
            source.at = found.end;
            needs_comma = is_array;
        }
    }

    fn element(&mut self, origin: &Origin, field: &str, value: &[u8]) -> Outcome {
        if self.is_passed_over() {
            self.at.document += 1;
            return Ok(());
        }
        let start = self.block.buffer.len();
        let outcome = if value.starts_with(b"\"") {
            let key = serde_json::Value::from(field).to_string();
            json::append_field(&[b"{", key.as_bytes(), b":", value, b"}"].concat(), field, &mut self.block.buffer)
        } else {
            json::append_field(value, field, &mut self.block.buffer)
        };
        match outcome {
            Ok(()) => self.good(start),
            Err(Fault { reason, hint, is_empty: true, .. }) => self.empty(start, self.here(), reason, hint),
            Err(Fault { reason, hint, .. }) => {
                let position = self.here();
                self.bad(start, unreadable(origin.name(), position, reason, hint))
            }
        }
    }

    /// The next byte that is no white space; `None` at the end.
    fn next_byte(&mut self, source: &mut Source, input: &mut Unpacked) -> Result<Option<u8>> {
        loop {
            let rest = &source.bytes[source.at..];
            if let Some(at) = rest.iter().position(|byte| !byte.is_ascii_whitespace()) {
                source.at += at;
                return Ok(Some(rest[at]));
            }
            source.at = source.bytes.len();
            if !self.fill(source, input)? {
                return Ok(None);
            }
        }
    }

    /// The value that begins where the source is.
    fn value(&mut self, source: &mut Source, input: &mut Unpacked, origin: &Origin) -> Result<Found> {
        let mut scanner = Scanner::default();
        let mut known = source.at;
        loop {
            match scanner.scan(&source.bytes[known..]) {
                Scan::End(end) => return Ok(Found::Value(source.at..known + end)),
                Scan::Torn => return Ok(Found::Torn),
                Scan::More => {}
            }
            known = source.bytes.len() - source.at;
            if known > MOST {
                let hint = "write it as lines of JSON: jq -c '.[]'".to_owned();
                let reason = format!("one value has more than {} MiB", MOST >> 20);
                return Err(unreadable(origin.name(), self.here(), reason, Some(hint)));
            }
            if !self.fill(source, input)? {
                return Ok(Found::Cut);
            }
        }
    }

    /// Reads on, and forgets what is done with. Gives `false` at the end.
    fn fill(&mut self, source: &mut Source, input: &mut Unpacked) -> Result<bool> {
        if let Some(error) = source.failed.take() {
            return Err(error);
        }
        if source.is_end {
            return Ok(false);
        }
        source.bytes.drain(..std::mem::take(&mut source.at));
        match self.more(input, &mut source.bytes) {
            Ok(is_end) => source.is_end = is_end,
            Err(error) => {
                // Damage to the file is none of its documents.
                self.waits = false;
                source.failed = Some(error);
            }
        }
        Ok(true)
    }

    fn here(&self) -> String {
        format!("document {}", self.at.document + 1)
    }

    fn cut(&self, origin: &Origin) -> Error {
        self.broken(origin, "the JSON ends too early: it was cut off")
    }

    fn broken(&self, origin: &Origin, reason: &str) -> Error {
        unreadable(origin.name(), self.here(), reason, Some(AS_IT_IS.to_owned()))
    }
}

/// A list that an object has.
struct List {
    name: String,
    range: Range<usize>,
    kind: Items,
}

/// What a list has, by its first element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Items {
    None,
    Objects,
    Strings,
    Others,
}

impl List {
    /// Whether one of its first elements has the field.
    fn has_field(&self, object: &[u8], field: &str) -> bool {
        /// More are not looked at.
        const MOST: usize = 16;
        let items = elements(&object[..self.range.end], self.range.start + 1).take(MOST);
        self.kind == Items::Objects
            && items.into_iter().any(|item| json::append_field(&object[item], field, &mut Vec::new()).is_ok())
    }

    /// Its first element.
    fn first<'o>(&self, object: &'o [u8]) -> Option<&'o str> {
        std::str::from_utf8(&object[elements(object, self.range.start + 1).next()?]).ok()
    }
}

/// The values from a place on, up to the end of what they are in.
fn elements(object: &[u8], mut at: usize) -> impl Iterator<Item = Range<usize>> {
    std::iter::from_fn(move || {
        let value = next_value(object, at)?;
        at = value.end;
        Some(value)
    })
}

/// The names and the values of an object.
fn members(object: &[u8]) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let mut values = elements(object, 1);
    std::iter::from_fn(move || Some((values.next()?, values.next()?)))
}

/// The lists that an object has.
fn lists(object: &[u8]) -> Vec<List> {
    let list = |(name, range): (Range<usize>, Range<usize>)| {
        let (b'[', Ok(name)) = (object[range.start], serde_json::from_slice(&object[name])) else { return None };
        let kind = match object[range.start + 1..range.end].iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => Items::Objects,
            Some(b'"') => Items::Strings,
            Some(b']') | None => Items::None,
            Some(_) => Items::Others,
        };
        Some(List { name, range, kind })
    };
    members(object).filter_map(list).collect()
}

/// Whether an object has one list, and beside it no text and no values that have others in them.
fn is_flat(object: &[u8]) -> bool {
    let inner = members(object).map(|(_, value)| object[value.start]);
    inner.filter(|byte| matches!(byte, b'[' | b'{' | b'"')).eq([b'['])
}

/// How to make a file of a list.
fn one_of_them(name: &str) -> String {
    format!("write what is meant as a file of its own: jq '.[{name:?}]'")
}

fn advised(hint: Option<String>) -> String {
    hint.map_or_else(|| AS_IT_IS.to_owned(), |hint| format!("{hint}; {AS_IT_IS}"))
}

/// The next value behind white space, colons and commas.
fn next_value(object: &[u8], from: usize) -> Option<Range<usize>> {
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b':' | b',');
    let start = from + object[from..].iter().position(|byte| !is_between(byte))?;
    match Scanner::default().scan(&object[start..]) {
        Scan::End(length) if length > 0 => Some(start..start + length),
        _ => None,
    }
}

/// Finds the end of a value that comes bit by bit.
#[derive(Default)]
struct Scanner {
    depth: usize,
    is_string: bool,
    is_escaped: bool,
}

#[derive(Debug, PartialEq)]
enum Scan {
    /// Behind so many of the bytes.
    End(usize),
    More,
    Torn,
}

impl Scanner {
    fn scan(&mut self, bytes: &[u8]) -> Scan {
        for (at, &byte) in bytes.iter().enumerate() {
            if self.is_string {
                match byte {
                    _ if self.is_escaped => self.is_escaped = false,
                    b'\\' => self.is_escaped = true,
                    b'"' => {
                        self.is_string = false;
                        if self.depth == 0 {
                            return Scan::End(at + 1);
                        }
                    }
                    b'\n' => return Scan::Torn,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.is_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth > 1 => self.depth -= 1,
                b'}' | b']' => return Scan::End(at + self.depth),
                b',' if self.depth == 0 => return Scan::End(at),
                _ if self.depth == 0 && byte.is_ascii_whitespace() => return Scan::End(at),
                _ => {}
            }
        }
        Scan::More
    }
}
