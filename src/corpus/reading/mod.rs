//! The work of reading: file after file, document after document, into blocks that are handed over when they are full.
//!
//! Text is read straight into the block that it will be in, and documents are ranges of it; only what is left of a document
//! at the end of a block is moved to the next one. Strings in JSON are unpacked into the block.

mod rows;
mod values;

use memchr::memmem;

use super::cut::Search;
use super::foreign::Foreign;
use super::json::{self, Fault};
use super::unpack::Unpacked;
use super::{Block, Care, Ended, Framing, Origin, Packing, Plan, Position, Skipped, Sum, unreadable};
use crate::error::{Error, Result};

/// Bytes that are read at a time, at most.
const AT_ONCE: usize = 1 << 20;

/// Bytes read beyond a block, in which nearly always there is a place to cut.
const SLACK: usize = 4 << 10;

/// What a document takes besides its text, so that a block of empty ones is full at some time.
const EACH: usize = 16;

const LINE_FEED: &[u8] = b"\n";

/// The end of some work.
type Outcome = Result<()>;

/// Reads all that is planned and hands over block after block.
///
/// # Errors
/// [`Error::Io`] and [`Error::Document`], unless what they are about is to be passed over; that of `hand_over`.
pub(super) fn read(plan: &Plan, hand_over: &mut dyn FnMut(Block) -> Outcome) -> Outcome {
    let mut block = Block::default();
    block.buffer.reserve_exact(room(plan));
    let mut reading = Reading {
        plan,
        hand_over,
        block,
        at: Position::default(),
        is_open: false,
        before: 0,
        held: None,
        waits: false,
        first_bad: None,
        is_useless: false,
    };
    let outcome = (plan.start.file..plan.origins.len()).try_for_each(|file| reading.file(file));
    // What was read before something failed is there to be used.
    match outcome {
        Err(Error::Interrupted) => outcome,
        _ => reading.flush().and(outcome),
    }
}

/// Tells of a file that was named and is not text before any work is done. What can be read once, such as a pipe, is not
/// looked at.
///
/// # Errors
/// [`Error::Document`] if it is not text; [`Error::Io`].
pub fn look(origin: &Origin) -> Outcome {
    let is_file = origin.path.as_ref().is_some_and(|path| path.is_file());
    if origin.care != Care::Refuse || !is_file {
        return Ok(());
    }
    match Unpacked::open(origin, None)?.foreign() {
        Some(Foreign { reason, hint }) => Err(unreadable(origin.name(), "", reason, Some(hint))),
        None => Ok(()),
    }
}

/// Bytes that the buffer of a block has room for from the start: growing would mean to copy it.
fn room(plan: &Plan) -> usize {
    /// The size of blocks may have no limit.
    const MOST: usize = 16 << 20;
    plan.size.min(MOST) + 2 * SLACK
}

struct Reading<'p> {
    plan: &'p Plan,
    hand_over: &'p mut dyn FnMut(Block) -> Outcome,
    /// What is being filled.
    block: Block,
    /// The document at hand.
    at: Position,
    /// Whether a part of the document at hand was handed over.
    is_open: bool,
    /// Bytes of the files before this one.
    before: u64,
    /// The lines of a file of JSON that were passed over, until one is good: if none is, that is a fault of the file.
    held: Option<Vec<Skipped>>,
    /// While no document of a file of JSON was good that nobody named: if none will be, the file is passed over.
    waits: bool,
    /// What was wrong with the first of its documents.
    first_bad: Option<Error>,
    /// Whether the file at hand was passed over as a whole because there is no document in it.
    is_useless: bool,
}

impl Reading<'_> {
    fn file(&mut self, number: usize) -> Outcome {
        let plan = self.plan;
        let origin = &plan.origins[number];
        self.at = Position { file: number, document: 0 };
        let mut sum = None;
        let mut bytes = 0;
        match Unpacked::open(origin, plan.stream.as_ref()) {
            Ok(mut input) => {
                if let Some(foreign) = input.foreign() {
                    return self.foreign(origin, foreign, input.size());
                }
                self.is_useless = false;
                let outcome = self.documents(origin, &mut input);
                let whole = outcome.is_ok() || (plan.skips && input.exhaust().is_ok());
                (bytes, sum) = (input.read_so_far(), (whole && !self.is_useless).then(|| input.sum()));
                self.release();
                outcome.or_else(|error| self.pass_over_file(error))?;
            }
            Err(error) => self.pass_over_file(error)?,
        }
        self.end(bytes, sum)
    }

    /// The file at hand has been read, as far as it can be.
    fn end(&mut self, bytes: u64, sum: Option<Sum>) -> Outcome {
        let Position { file, document: documents } = self.at;
        self.before += bytes;
        self.block.read = self.before;
        self.block.ended.push(Ended { file, bytes, sum, documents });
        self.hand_over_if_full()
    }

    /// A file that is not text is refused, or passed over where nobody named it.
    fn foreign(&mut self, origin: &Origin, foreign: Foreign, size: u64) -> Outcome {
        let Foreign { reason, hint } = foreign;
        if origin.care == Care::PassOver {
            self.leave_out(String::new(), reason, Some(hint));
        } else {
            self.pass_over_file(unreadable(origin.name(), "", reason, Some(hint)))?;
        }
        self.end(size, None)
    }

    /// Tells that a file which nobody named has no documents.
    fn leave_out(&mut self, position: String, reason: String, hint: Option<String>) {
        self.is_useless = true;
        self.at.document = 0;
        if !self.is_passed_over() {
            self.block.skipped.push(Skipped { document: self.at, is_file: true, position, reason, hint });
        }
    }

    fn documents(&mut self, origin: &Origin, input: &mut Unpacked) -> Outcome {
        match &origin.framing {
            Framing::File => self.text(origin, input, None),
            Framing::Lines => self.text(origin, input, Some(LINE_FEED)),
            Framing::Separator(separator) => self.text(origin, input, Some(separator)),
            Framing::Json { field } => self.json(origin, input, field, Vec::new(), None),
            Framing::Values { field } => self.values(origin, input, field),
            Framing::Rows { column, delimiter } => self.rows(origin, input, column, *delimiter),
        }
    }

    /// Reads on; gives whether the file has ended. How much comes before a damage depends on what is asked for: always the
    /// same, wherever work begins.
    fn more(&mut self, input: &mut Unpacked, buffer: &mut Vec<u8>) -> Result<bool> {
        let wanted = self.plan.size.clamp(SLACK, AT_ONCE);
        let outcome = input.read(wanted, buffer).map(|read| read < wanted);
        self.block.read = self.before + input.read_so_far();
        outcome
    }

    /// To be asked at the end of a file.
    fn refuse_empty(&self, origin: &Origin, input: &Unpacked) -> Outcome {
        // In a folder of sources there may be many.
        let is_refused = self.plan.refuses_empty && origin.care != Care::PassOver && input.read_so_far() == 0;
        if is_refused { Err(unreadable(origin.name(), "", "it is empty", None)) } else { Ok(()) }
    }

    /// Documents that end with a separator, or one that the file is.
    fn text(&mut self, origin: &Origin, input: &mut Unpacked, separator: Option<&[u8]>) -> Outcome {
        let finder = separator.map(memmem::Finder::new);
        let width = separator.map_or(0, <[u8]>::len);
        let is_lines = origin.framing == Framing::Lines;
        // Where the document at hand starts, and up to where it is known that no separator starts in it.
        let mut start = self.block.buffer.len();
        let mut known = start;
        let mut search = Search::new(self.plan.size);
        loop {
            let wanted = if input.packing() == Packing::Plain {
                (self.plan.size + SLACK).saturating_sub(self.weight()).clamp(SLACK, AT_ONCE)
            } else {
                // How much comes before a damage depends on what is asked for: always the same, wherever work begins.
                self.plan.size.clamp(SLACK, AT_ONCE)
            };
            let read = input.read(wanted, &mut self.block.buffer);
            self.block.read = self.before + input.read_so_far();
            if let Some(finder) = &finder {
                while let Some(found) = finder.find(&self.block.buffer[known..]) {
                    let end = known + found;
                    let is_of_line_end = is_lines && end > start && self.block.buffer[end - 1] == b'\r';
                    self.document(start..end - usize::from(is_of_line_end));
                    (start, known, search) = (end + width, end + width, Search::new(self.plan.size));
                }
            }
            known = known.max((self.block.buffer.len() + 1).saturating_sub(width.max(1)));
            if is_lines && known > start && self.block.buffer[known - 1] == b'\r' {
                // A line feed may follow.
                known -= 1;
            }
            // What ended before something failed is there to be used.
            if read? < wanted {
                break;
            }
            if self.weight() >= self.plan.size + SLACK {
                let gone = self.make_room(start, known, &mut search)?;
                (start, known) = (start.saturating_sub(gone), known - gone);
            }
        }
        self.refuse_empty(origin, input)?;
        let rest = start..self.block.buffer.len();
        if separator.is_none() || self.is_open || !rest.is_empty() {
            self.document(rest);
        }
        Ok(())
    }

    /// Hands over what is complete, or else a part of the document at hand, which starts at `start` and is known up to
    /// `known`. Gives how many bytes are gone from the buffer.
    fn make_room(&mut self, start: usize, known: usize, search: &mut Search) -> Result<usize> {
        if start > 0 {
            self.hand_over_up_to(start)?;
            return Ok(start);
        }
        let Some(cutter) = self.plan.cutter.as_ref().filter(|_| !self.is_passed_over()) else { return Ok(0) };
        let Some(cut) = cutter.find(&self.block.buffer[..known], false, search) else { return Ok(0) };
        self.push(0..cut);
        self.is_open = true;
        self.block.goes_on = true;
        self.hand_over_up_to(cut)?;
        *search = Search::new(self.plan.size);
        Ok(cut)
    }

    /// Documents that are a field of a line of JSON. Of the lines some bytes have been read, behind which something failed.
    fn json(
        &mut self,
        origin: &Origin,
        input: &mut Unpacked,
        field: &str,
        mut lines: Vec<u8>,
        mut failed: Option<Error>,
    ) -> Outcome {
        let (mut known, mut number) = (0, 0);
        self.hold();
        loop {
            let is_end = failed.take().map_or_else(|| self.more(input, &mut lines), Err);
            let mut start = 0;
            for end in memchr::memchr_iter(b'\n', &lines[known..]).map(|at| known + at) {
                self.line(origin, field, &lines[start..end], number)?;
                (start, number) = (end + 1, number + 1);
            }
            // Damage to the file is none of its documents.
            self.waits &= is_end.is_ok();
            if is_end? {
                self.refuse_empty(origin, input)?;
                self.line(origin, field, &lines[start..], number)?;
                return self.refuse_useless(origin, field, "line");
            }
            lines.drain(..start);
            known = lines.len();
        }
    }

    fn line(&mut self, origin: &Origin, field: &str, line: &[u8], number: u64) -> Outcome {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        if self.is_passed_over() {
            self.at.document += 1;
            return Ok(());
        }
        let start = self.block.buffer.len();
        match json::append_field(line, field, &mut self.block.buffer) {
            Ok(()) => self.good(start),
            Err(Fault { reason, hint, is_empty: true, .. }) => {
                self.empty(start, format!("line {}", number + 1), reason, hint)
            }
            Err(Fault { column, reason, hint, .. }) => {
                let column = column.map_or(String::new(), |column| format!(", column {column}"));
                self.bad(start, unreadable(origin.name(), format!("line {}{column}", number + 1), reason, hint))
            }
        }
    }

    /// The document that lies at the end of the buffer, from `start` on, is complete.
    fn good(&mut self, start: usize) -> Outcome {
        self.waits = false;
        if let Some(error) = self.first_bad.take() {
            self.block.buffer.truncate(start);
            return Err(error);
        }
        self.release();
        self.document(start..self.block.buffer.len());
        self.hand_over_if_full()
    }

    /// The document of which some lies at the end of the buffer, from `start` on, cannot be read.
    fn bad(&mut self, start: usize, error: Error) -> Outcome {
        self.block.buffer.truncate(start);
        if self.waits {
            self.first_bad.get_or_insert(error);
            self.at.document += 1;
            return Ok(());
        }
        self.pass_over(error)?;
        self.hand_over_if_full()
    }

    /// A document that has no text, but is as it should be, is told of and no error.
    fn empty(&mut self, start: usize, position: String, reason: String, hint: Option<String>) -> Outcome {
        self.block.buffer.truncate(start);
        let skipped = Skipped { document: self.at, is_file: false, position, reason, hint };
        self.held.as_mut().unwrap_or(&mut self.block.skipped).push(skipped);
        self.at.document += 1;
        self.hand_over_if_full()
    }

    /// Keeps back what is to be said of documents that are passed over.
    fn hold(&mut self) {
        // Where work goes on behind its first document, one was good.
        let begins = self.at >= self.plan.start;
        self.held = (self.plan.skips && begins).then(Vec::new);
    }

    /// Tells of the lines that were passed over one by one: another was good, or the file ends in another way.
    fn release(&mut self) {
        self.block.skipped.extend(self.held.take().into_iter().flatten());
    }

    /// To be asked at the end of a file of JSON lines: whether none of them could be read.
    fn refuse_useless(&mut self, origin: &Origin, field: &str, unit: &str) -> Outcome {
        let Some(held) = self.held.take_if(|held| !held.is_empty()) else { return Ok(()) };
        self.at.document = 0;
        let (first, number) = (&held[0], held.len());
        let reason = if held.iter().all(|each| each.reason.starts_with(json::LACKS)) {
            format!("no {unit} has the field {field:?}; {}: {}", first.position, first.reason)
        } else {
            let which = match number {
                1 => format!("its only {unit} cannot"),
                _ => format!("none of its {number} {unit}s can"),
            };
            format!("{which} be read; {}: {}", first.position, first.reason)
        };
        Err(unreadable(origin.name(), "", reason, first.hint.clone()))
    }

    /// The document at hand is complete: its text, or the last part of it, lies here.
    fn document(&mut self, range: std::ops::Range<usize>) {
        if !self.is_passed_over() {
            self.push(range);
        }
        self.is_open = false;
        self.at.document += 1;
    }

    /// A document or a part of one.
    fn push(&mut self, range: std::ops::Range<usize>) {
        let number = self.block.texts.len();
        self.block.continues |= number == 0 && self.is_open;
        let follows = |&(first, position): &(usize, Position)| {
            position.file == self.at.file && position.document + (number - first) as u64 == self.at.document
        };
        if !self.block.runs.last().is_some_and(follows) {
            self.block.runs.push((number, self.at));
        }
        self.block.texts.push(range);
    }

    /// Whether the document at hand comes before those that are wanted.
    fn is_passed_over(&self) -> bool {
        self.at < self.plan.start
    }

    /// Goes on behind a document that cannot be read, or ends here.
    fn pass_over(&mut self, error: Error) -> Outcome {
        let skipped = self.skipped(error, false)?;
        match &mut self.held {
            Some(held) => held.push(skipped),
            None => self.block.skipped.push(skipped),
        }
        self.at.document += 1;
        Ok(())
    }

    /// Goes on behind a file that cannot be read, or not to its end; or ends here.
    fn pass_over_file(&mut self, error: Error) -> Outcome {
        let skipped = self.skipped(error, true)?;
        if !self.is_passed_over() {
            self.block.skipped.push(skipped);
        }
        self.block.abandons |= std::mem::take(&mut self.is_open);
        Ok(())
    }

    /// What is to be said of what is passed over.
    fn skipped(&self, error: Error, is_file: bool) -> Result<Skipped> {
        let (position, reason, hint) = match error {
            Error::Document { position, reason, hint, .. } if self.plan.skips => (position, reason, hint),
            Error::Io { source, .. } if self.plan.skips => (String::new(), source.to_string(), None),
            other => return Err(other),
        };
        Ok(Skipped { document: self.at, is_file, position, reason, hint })
    }

    /// What the block takes of the memory that it may take.
    fn weight(&self) -> usize {
        self.block.buffer.len() + EACH * (self.block.texts.len() + self.block.ended.len() + self.block.skipped.len())
    }

    fn hand_over_if_full(&mut self) -> Outcome {
        if self.weight() < self.plan.size {
            return Ok(());
        }
        self.hand_over_up_to(self.block.buffer.len())
    }

    /// Hands the block over; what is in the buffer from `end` on begins the next one.
    fn hand_over_up_to(&mut self, end: usize) -> Outcome {
        let rest = &self.block.buffer[end..];
        let mut buffer = self.block.spare.take().unwrap_or_default();
        if buffer.capacity() / 4 > rest.len() + room(self.plan) {
            // It held text that could not be cut. Nobody needs so much now.
            buffer = Vec::new();
        }
        buffer.reserve_exact(rest.len() + room(self.plan));
        buffer.extend_from_slice(rest);
        self.block.buffer.truncate(end);
        let mut next = Block::default();
        (next.buffer, next.read, next.spare) = (buffer, self.block.read, self.block.spare.clone());
        (self.hand_over)(std::mem::replace(&mut self.block, next))
    }

    /// Hands over what is there at the end.
    fn flush(&mut self) -> Outcome {
        let Block { texts, skipped, ended, abandons, .. } = &self.block;
        if texts.is_empty() && skipped.is_empty() && ended.is_empty() && !abandons {
            return Ok(());
        }
        self.hand_over_up_to(self.block.buffer.len())
    }
}
