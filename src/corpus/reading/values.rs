//! Documents in a file of JSON that is more than lines: an array of objects or strings, objects one behind the other, or one
//! object, which has the text itself or the only list of objects. Lines of JSON under another name are known and read as such.
//!
//! Where a value ends is found by its brackets and quotes; what is in it is left to the parser of JSON. So an array may be
//! larger than memory, and a value that is bad may be passed over.

use std::ops::Range;

use super::super::json::{self, Fault};
use super::super::unpack::Unpacked;
use super::super::{Origin, unreadable};
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
    /// Documents that are this field of objects.
    pub(super) fn values(&mut self, origin: &Origin, input: &mut Unpacked, field: &str) -> Outcome {
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

    /// A file that is one object.
    fn object(&mut self, origin: &Origin, input: &mut Unpacked, field: &str, object: &[u8]) -> Outcome {
        let start = self.block.buffer.len();
        let Err(Fault { reason, hint, .. }) = json::append_field(object, field, &mut self.block.buffer) else {
            if self.is_passed_over() {
                self.block.buffer.truncate(start);
                self.at.document += 1;
                return Ok(());
            }
            return self.good(start);
        };
        self.block.buffer.truncate(start);
        let lists = if reason.starts_with(json::LACKS) { lists(object) } else { Vec::new() };
        if let [(_, list)] = &lists[..] {
            let source = Source { bytes: object[list.clone()].to_vec(), at: 1, is_end: true, failed: None };
            return self.elements(origin, input, field, source, true);
        }
        let hint = Some(hint.map_or_else(|| AS_IT_IS.to_owned(), |hint| format!("{hint}; {AS_IT_IS}")));
        if lists.is_empty() {
            return Err(unreadable(origin.name(), "", reason, hint));
        }
        let names: Vec<String> = lists.iter().map(|(name, _)| format!("{name:?}")).collect();
        let reason = format!("it has several lists of objects: {}", names.join(", "));
        let hint = format!("write one of them as a file of its own: jq '.[{}]'", names[0]);
        Err(unreadable(origin.name(), "", reason, Some(hint)))
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
            Err(Fault { reason, hint, .. }) => {
                let position = format!("document {}", self.at.document + 1);
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
            Err(error) => source.failed = Some(error),
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

/// The lists of objects that an object has, by their names.
fn lists(object: &[u8]) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 1;
    while let Some(key) = next_value(object, at) {
        let Some(value) = next_value(object, key.end) else { break };
        let is_list = object[value.start] == b'[';
        let first = object[value.start + 1..value.end].iter().find(|byte| !byte.is_ascii_whitespace());
        if let (true, Some(b'{'), Ok(name)) = (is_list, first, serde_json::from_slice(&object[key])) {
            found.push((name, value.clone()));
        }
        at = value.end;
    }
    found
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
