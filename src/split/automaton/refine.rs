//! Pieces → smaller pieces: one step of a split, which cuts the pieces of the step before.
//!
//! Each piece is a text of its own. Most are short, so many are read in one block, with cuts between them. Where a pattern can
//! match in few places only ([`Skip`]), the parts around these are copied into one block, and the rest is not read at all.

use std::ops::Range;

use super::run::Worker;
use super::skip::Skip;
use crate::error::Result;

/// Parts are copied if there is no more than one in so many bytes. With 8, 32 and 128 text beyond ASCII is split at 290, 218 and 158
/// MB/s by the steps of SmolLM, and English at 90, 102 and 87 by those of DeepSeek Coder.
const SPARSE: usize = 16;
/// Groups of pieces that are read whole after one with more parts.
const DENSE: usize = 16;

impl Worker {
    /// Divides pieces of a text of whole characters, each of which is a text of its own: calls `each` with the ends of all that
    /// they fall into, some hundreds at a time. Empty matches divide gaps. The first piece starts at `start`, and each ends at
    /// one of `ends`.
    pub(in super::super) fn refine(
        &mut self,
        text: &[u8],
        start: usize,
        ends: &[usize],
        each: &mut impl FnMut(&[usize]) -> Result<()>,
    ) -> Result<()> {
        let machine = self.machine.clone();
        let skip = machine.skip();
        let room = if machine.plan.joins_texts() { self.room } else { 0 };
        let (mut at, mut rest) = (start, ends);
        while let Some(&first) = rest.first() {
            // Pieces are mostly short: many are read as one.
            let group = rest.iter().take_while(|&&end| end - at <= room).count().max(1);
            let (pieces, later) = rest.split_at(group);
            let end = pieces[group - 1];
            if group > 1 {
                self.dense = self.dense.saturating_sub(1);
            }
            if let Some(skip) = skip.filter(|_| group == 1 || self.dense == 0) {
                self.read_needed(skip, text, at, pieces, each)?;
            } else if group == 1 {
                self.ends_of_pieces::<true>(text, at..first, each)?;
            } else {
                self.begin(at);
                self.read(text, end);
                let inner = pieces[..group - 1].iter().copied();
                self.ends_in_texts(at..end, inner, at, each)?;
                each(&[end])?;
            }
            (at, rest) = (end, later);
        }
        Ok(())
    }

    /// As [`Worker::refine`], reading only the parts where the pattern can match.
    pub(super) fn read_needed(
        &mut self,
        skip: &Skip,
        text: &[u8],
        start: usize,
        ends: &[usize],
        each: &mut impl FnMut(&[usize]) -> Result<()>,
    ) -> Result<()> {
        let machine = self.machine.clone();
        let Some(&end_of_all) = ends.last() else { return Ok(()) };
        let mut at = skip.find(&machine.alphabet, text, start, end_of_all);
        if at == end_of_all {
            return each(ends);
        }
        let (mut piece, mut pieces) = (start, ends);
        let mut merge = Merge { done: start, ends, found: Vec::new(), part: start };
        let mut parts: Vec<Part> = Vec::new();
        self.begin(0);
        // Where the parts of this block begin in the text, and whether the last block had too many.
        let (mut from, mut is_dense) = (start, false);
        while at < end_of_all {
            let passed = pieces.iter().take_while(|&&end| end <= at).count();
            piece = if passed > 0 { pieces[passed - 1] } else { piece };
            pieces = &pieces[passed..];
            let Some(&end) = pieces.first() else { break };
            let mut part = skip.part(&machine.alphabet, text, piece..end, at);
            if std::mem::take(&mut is_dense) {
                part.end = skip.end_of_part(&machine.alphabet, text, part.end + DENSE * self.room, end);
            }
            let done = part.end;
            if part.len() > self.room {
                self.read_parts(&mut parts, &mut merge, each)?;
                merge.begin(&part);
                merge.flush(each)?;
                self.ends_of_pieces::<true>(text, part, each)?;
                merge.done = done;
                self.begin(0);
                from = done;
            } else {
                let start = self.letters.len();
                self.read_part(text, part.clone());
                parts.push(Part { text: part, start });
                if done - from > self.room {
                    is_dense = parts.len() * SPARSE > done - from;
                    from = done;
                    self.read_parts(&mut parts, &mut merge, each)?;
                }
            }
            at = skip.find(&machine.alphabet, text, done, end_of_all);
        }
        if ends.len() > 1 && parts.len() * SPARSE > end_of_all - from {
            self.dense = DENSE;
        }
        self.read_parts(&mut parts, &mut merge, each)?;
        merge.finish();
        merge.flush(each)
    }

    /// Runs the passes over the letters of parts, each of which is a text of its own.
    fn read_parts(
        &mut self,
        parts: &mut Vec<Part>,
        merge: &mut Merge<'_>,
        each: &mut impl FnMut(&[usize]) -> Result<()>,
    ) -> Result<()> {
        if parts.is_empty() {
            return Ok(());
        }
        let starts = parts.iter().map(|part| part.start);
        let mut of_part = 0;
        self.ends_in_texts(0..self.letters.len(), starts.skip(1), usize::MAX, &mut |ends| {
            for &end in ends {
                while of_part < parts.len() && parts[of_part].start <= end {
                    merge.begin(&parts[of_part].text);
                    of_part += 1;
                }
                let part = &parts[of_part - 1];
                merge.push(part.text.start + end - part.start);
            }
            Ok(())
        })?;
        for part in &parts[of_part..] {
            merge.begin(&part.text);
        }
        parts.clear();
        self.begin(0);
        merge.flush(each)
    }

    /// Appends the letters of a part of a text.
    fn read_part(&mut self, text: &[u8], part: Range<usize>) {
        let base = std::mem::replace(&mut self.base, part.start.wrapping_sub(self.letters.len()));
        self.read(text, part.end);
        self.base = base;
    }
}

/// A part of a text that is read, and where its letters start in the block.
struct Part {
    text: Range<usize>,
    start: usize,
}

/// Merges the ends of the old pieces with those found inside parts.
struct Merge<'e> {
    done: usize,
    /// Of old pieces, from `done` on.
    ends: &'e [usize],
    found: Vec<usize>,
    /// The end of the current part.
    part: usize,
}

impl Merge<'_> {
    fn push(&mut self, end: usize) {
        if end > self.done {
            self.found.push(end);
            self.done = end;
        }
    }

    /// Takes the ends of old pieces up to a place.
    fn pass(&mut self, place: usize) {
        let passed = self.ends.iter().take_while(|&&end| end <= place).count();
        let (passed, rest) = self.ends.split_at(passed);
        self.found.extend(passed.iter().filter(|&&end| end > self.done));
        self.done = self.done.max(*passed.last().unwrap_or(&0));
        self.ends = rest;
    }

    /// Ends the current part and begins the next. Pieces end at the start and at the end of a part.
    fn begin(&mut self, part: &Range<usize>) {
        self.push(self.part);
        self.pass(part.start);
        self.push(part.start);
        self.part = part.end;
    }

    /// Ends the current part and takes all old pieces behind it.
    fn finish(&mut self) {
        self.push(self.part);
        self.pass(usize::MAX);
    }

    fn flush(&mut self, each: &mut impl FnMut(&[usize]) -> Result<()>) -> Result<()> {
        if !self.found.is_empty() {
            each(&self.found)?;
            self.found.clear();
        }
        Ok(())
    }
}
