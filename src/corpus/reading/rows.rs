//! Documents that are a field of the rows of a table: CSV as in RFC 4180, and the same between tabs.
//!
//! Why no library: those there are read on where quotes are not closed or text stands behind them, and so take many rows for
//! one field without a word. Here every row must have as many fields as the header, and every quote must close.

use super::super::unpack::Unpacked;
use super::super::{Origin, unreadable};
use super::{Outcome, Reading};
use crate::error::Error;

/// What separates fields, if the header does not tell.
const COMMA: u8 = b',';
const TAB: u8 = b'\t';

/// In a header without a comma these may.
const OTHERS: [u8; 2] = [b';', TAB];

/// Bytes in which the first line shows what separates fields.
const FIRST: usize = 64 << 10;

/// Bytes that the names of columns may have.
const MOST_OF_HEADER: usize = 16 << 20;

/// Columns that are named in a message, and the bytes of their names.
const SHOWN: usize = 20;
const SHOWN_BYTES: usize = 40;

const AS_IT_IS: &str = "format=\"text\" takes the file as it is";

impl Reading<'_> {
    /// Documents that are the field of this column in each row.
    pub(super) fn rows(
        &mut self,
        origin: &Origin,
        input: &mut Unpacked,
        column: &str,
        delimiter: Option<u8>,
    ) -> Outcome {
        let mut bytes = Vec::new();
        let mut is_end = false;
        // What separates fields shows in the first line.
        while !is_end && delimiter.is_none() && bytes.len() < FIRST && first_line(&bytes).is_none() {
            is_end = self.more(input, &mut bytes)?;
        }
        let first = &bytes[..bytes.len().min(FIRST)];
        let mut table = Table::new(delimiter.unwrap_or_else(|| delimiter_of(first)));
        // Of the header all fields are wanted.
        let mut header = Vec::new();
        let mut columns: Option<usize> = None;
        let mut start = self.block.buffer.len();
        let mut failed: Option<Error> = None;
        loop {
            let mut rest = &bytes[..];
            loop {
                let out = if columns.is_some() { &mut self.block.buffer } else { &mut header };
                let (done, row) = table.step(rest, out);
                rest = &rest[done..];
                let row = match row {
                    None if is_end => table.finish(out),
                    row => row,
                };
                let Some(row) = row else { break };
                let Some(number) = columns else {
                    let names = row.map_err(|fault| self.of_row(origin, fault))?;
                    table.wanted = Some(wanted(origin, column, &table.names(&header))?);
                    columns = Some(names);
                    continue;
                };
                let row = row.and_then(|found| if found == number { Ok(()) } else { Err(table.other(found, number)) });
                if self.is_passed_over() {
                    self.block.buffer.truncate(start);
                    self.at.document += 1;
                } else {
                    match row {
                        Ok(()) => self.good(start)?,
                        Err(fault) => {
                            let error = self.of_row(origin, fault);
                            self.bad(start, error)?;
                        }
                    }
                }
                start = self.block.buffer.len();
            }
            if let Some(error) = failed {
                // A row of which a part was read is lost with the rest of the file.
                self.block.buffer.truncate(start);
                return Err(error);
            }
            if is_end {
                return self.refuse_empty(origin, input);
            }
            if header.len() > MOST_OF_HEADER {
                let reason = "its first row is too long to have the names of columns";
                return Err(unreadable(origin.name(), "", reason, Some(AS_IT_IS.to_owned())));
            }
            bytes.clear();
            match self.more(input, &mut bytes) {
                Ok(ended) => is_end = ended,
                Err(error) => failed = Some(error),
            }
        }
    }

    fn of_row(&self, origin: &Origin, fault: Fault) -> Error {
        let hint = Some(AS_IT_IS.to_owned());
        unreadable(origin.name(), format!("line {}", fault.line), fault.reason, hint)
    }
}

/// The number of a column.
fn wanted(origin: &Origin, column: &str, names: &[&[u8]]) -> crate::error::Result<usize> {
    let mut found = names.iter().enumerate().filter(|(_, name)| **name == column.as_bytes()).map(|(number, _)| number);
    let shown = |name: &[u8]| {
        let name = String::from_utf8_lossy(name);
        let short: String = name.chars().take(SHOWN_BYTES).collect();
        let dots = if short.len() < name.len() { "…" } else { "" };
        format!("'{}{dots}'", short.escape_debug())
    };
    let reason = match (found.next(), found.next()) {
        (Some(number), None) => return Ok(number),
        (None, _) => {
            let all: Vec<String> = names.iter().take(SHOWN).map(|name| shown(name)).collect();
            let dots = if names.len() > SHOWN { ", …" } else { "" };
            format!("there is no column {}; its columns are {}{dots}", shown(column.as_bytes()), all.join(", "))
        }
        (Some(_), Some(_)) => format!("there are {} columns {}", 2 + found.count(), shown(column.as_bytes())),
    };
    let hint = format!("text_column=\"NAME\" reads another column; {AS_IT_IS}");
    Err(unreadable(origin.name(), "", reason, Some(hint)))
}

/// The first line that is not empty, if it is there as a whole. Line ends between quotes do not end it.
fn first_line(bytes: &[u8]) -> Option<&[u8]> {
    let begin = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n'))?;
    let mut is_quoted = false;
    let end = bytes[begin..].iter().position(|byte| {
        is_quoted ^= *byte == b'"';
        !is_quoted && matches!(byte, b'\r' | b'\n')
    })?;
    Some(&bytes[begin..begin + end])
}

/// What separates the fields of a table that begins so.
fn delimiter_of(bytes: &[u8]) -> u8 {
    let line = first_line(bytes).unwrap_or(bytes);
    let has = |delimiter: u8| {
        let mut is_quoted = false;
        line.iter().any(|byte| {
            is_quoted ^= *byte == b'"';
            !is_quoted && *byte == delimiter
        })
    };
    if has(COMMA) { COMMA } else { OTHERS.into_iter().find(|&other| has(other)).unwrap_or(COMMA) }
}

/// What is wrong with a row that begins in this line, from 1.
#[derive(Debug, PartialEq)]
struct Fault {
    line: u64,
    reason: String,
}

/// How many fields a row has.
type Row = Result<usize, Fault>;

/// Takes a table apart, whose bytes come bit by bit.
struct Table {
    delimiter: u8,
    /// The number of the field whose text is wanted; `None` is all of them.
    wanted: Option<usize>,
    state: State,
    /// The number of the field at hand.
    field: usize,
    /// Where the fields of the header end in the output.
    ends: Vec<usize>,
    /// The line at hand, and those in which the row and the quotes at hand began, from 1.
    line: u64,
    row_line: u64,
    quote_line: u64,
    /// Where the text of a quoted field begins in the output, and whether it has a line end or a tab.
    quoted: usize,
    is_wide: bool,
    was_return: bool,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum State {
    /// Before the first byte of a row, or of another field.
    RowStart,
    FieldStart,
    Plain,
    Quoted,
    /// Behind a quote in a quoted field, which ends it unless another one follows.
    Quote,
    /// In the rest of a line that is passed over.
    Lost,
}

impl Table {
    fn new(delimiter: u8) -> Table {
        Table {
            delimiter,
            wanted: None,
            state: State::RowStart,
            field: 0,
            ends: Vec::new(),
            line: 1,
            row_line: 1,
            quote_line: 1,
            quoted: 0,
            is_wide: false,
            was_return: false,
        }
    }

    /// The fields of the header.
    fn names<'h>(&self, header: &'h [u8]) -> Vec<&'h [u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &header[start..end]).collect()
    }

    /// A row that has another number of fields than the header.
    fn other(&self, found: usize, expected: usize) -> Fault {
        let fields = |number| format!("{number} field{}", if number == 1 { "" } else { "s" });
        Fault { line: self.row_line, reason: format!("it has {}, and the header has {expected}", fields(found)) }
    }

    /// Takes what comes next, up to the end of a row if there is one; gives how many bytes that is. The text that is wanted
    /// goes to `out`.
    fn step(&mut self, input: &[u8], out: &mut Vec<u8>) -> (usize, Option<Row>) {
        let mut at = 0;
        while at < input.len() {
            let rest = &input[at..];
            let byte = rest[0];
            match self.state {
                State::RowStart if matches!(byte, b'\r' | b'\n') => {
                    self.line_end(byte);
                    at += 1;
                }
                State::RowStart | State::FieldStart => {
                    self.was_return = false;
                    if self.state == State::RowStart {
                        (self.row_line, self.field) = (self.line, 0);
                    }
                    if byte == b'"' {
                        (self.state, self.quote_line, self.quoted, self.is_wide) =
                            (State::Quoted, self.line, out.len(), false);
                        at += 1;
                    } else {
                        self.state = State::Plain;
                    }
                }
                State::Plain => {
                    let end = memchr::memchr3(self.delimiter, b'\r', b'\n', rest).unwrap_or(rest.len());
                    self.give(&rest[..end], out);
                    at += end;
                    if let Some(&byte) = rest.get(end) {
                        at += 1;
                        if let Some(row) = self.end_field(byte, out) {
                            return (at, Some(Ok(row)));
                        }
                    }
                }
                State::Quoted => {
                    let end = memchr::memchr(b'"', rest).unwrap_or(rest.len());
                    let text = &rest[..end];
                    self.line_ends(text);
                    self.is_wide |= memchr::memchr3(b'\r', b'\n', TAB, text).is_some();
                    self.give(text, out);
                    at += end;
                    if end < rest.len() {
                        self.state = State::Quote;
                        at += 1;
                    }
                }
                State::Quote if byte == b'"' => {
                    self.give(b"\"", out);
                    (self.state, self.was_return) = (State::Quoted, false);
                    at += 1;
                }
                State::Quote if byte == self.delimiter || matches!(byte, b'\r' | b'\n') => {
                    at += 1;
                    if let Some(row) = self.end_field(byte, out) {
                        return (at, Some(Ok(row)));
                    }
                }
                // Between tabs many put quotes that are part of the text.
                State::Quote if self.delimiter == TAB && !self.is_wide => self.unquote(out),
                State::Quote => {
                    self.state = State::Lost;
                    let reason = format!("text stands behind the quotes that open in line {}", self.quote_line);
                    return (at, Some(Err(Fault { line: self.row_line, reason })));
                }
                State::Lost => {
                    let Some(end) = memchr::memchr2(b'\r', b'\n', rest) else { return (input.len(), None) };
                    self.line_end(rest[end]);
                    at += end + 1;
                    self.state = State::RowStart;
                }
            }
        }
        (at, None)
    }

    /// The last row, if the table does not end with a line end.
    fn finish(&mut self, out: &[u8]) -> Option<Row> {
        match std::mem::replace(&mut self.state, State::RowStart) {
            State::RowStart | State::Lost => None,
            State::Quoted => {
                let reason = format!("the quotes that open in line {} are not closed", self.quote_line);
                Some(Err(Fault { line: self.row_line, reason }))
            }
            State::FieldStart | State::Plain | State::Quote => self.end_field(b'\n', out).map(Ok),
        }
    }

    /// The field at hand ends with this byte. Gives the number of fields if the row does, too.
    fn end_field(&mut self, byte: u8, out: &[u8]) -> Option<usize> {
        if self.wanted.is_none() {
            self.ends.push(out.len());
        }
        self.field += 1;
        if byte == self.delimiter {
            (self.state, self.was_return) = (State::FieldStart, false);
            return None;
        }
        self.line_end(byte);
        self.state = State::RowStart;
        Some(self.field)
    }

    fn line_end(&mut self, byte: u8) {
        // "\r\n" is one.
        self.line += u64::from(byte == b'\r' || !self.was_return);
        self.was_return = byte == b'\r';
    }

    /// Counts the line ends in a text between quotes.
    fn line_ends(&mut self, text: &[u8]) {
        let mut follows = 0;
        for at in memchr::memchr2_iter(b'\r', b'\n', text) {
            self.was_return &= at == follows;
            self.line_end(text[at]);
            follows = at + 1;
        }
        self.was_return &= follows == text.len();
    }

    /// What was taken for quotes around a field is part of it.
    fn unquote(&mut self, out: &mut Vec<u8>) {
        self.state = State::Plain;
        if self.wanted.is_none_or(|wanted| wanted == self.field) {
            let inner = out.split_off(self.quoted);
            out.push(b'"');
            for byte in inner {
                out.push(byte);
                if byte == b'"' {
                    out.push(byte);
                }
            }
            out.push(b'"');
        }
    }

    fn give(&mut self, text: &[u8], out: &mut Vec<u8>) {
        if self.wanted.is_none_or(|wanted| wanted == self.field) {
            out.extend_from_slice(text);
        }
    }
}
