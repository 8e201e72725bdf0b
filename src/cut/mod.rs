//! Parts of a text that have no more than so many ids: the longest beginning, the longest end, and chunks.
//!
//! More text may have fewer ids, because more text can make one token of several, and one piece of several. So the longest part
//! is not found by going on until one does not fit. What is used instead, so that nothing is encoded again and again:
//!
//! * A text that is cut where the split pattern cuts in any case has the ids of its parts. What does not fit up to such a place
//!   does not fit beyond it. That leaves the part between two such places, which is a word in most text.
//! * If that is long, it is a run of white space, of letters, of digits or of symbols. The end of a text decides only where the
//!   pieces near to it end ([`NEAR`]); a piece that ends further back stays as it is, or ends near the end of the text. Where a piece
//!   ends that reaches over a place depends on few things before that place ([`finish`]).
//! * In a piece it is known of every beginning and of every end how many ids it has: see [`reach`].
//!
//! The second is true of the named patterns: the tests try all short texts. Of a regex of one's own it need not be, if it looks
//! behind or far ahead: then the part fits, too, but a longer one might. Text that is normalized, or of which some is left out or
//! is a special token in any case, is cut by trying, see [`trial`].

mod begin;
mod finish;
mod reach;
mod trial;

use std::ops::{DerefMut, Range};

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::encode::{Guard, Scratch};
use crate::error::{Error, Result};
use crate::parallel::Stop;
use crate::special::Policy;
use crate::tokenizer::Tokenizer;
use crate::vocab::Id;
use reach::Explorer;

/// The end of a text decides where pieces end that end no more than so many bytes before it. Two characters do in the named patterns.
const NEAR: usize = 16;

/// Between two places where a pattern cuts in any case: parts of up to so many bytes are all tried.
const SHORT: usize = 48;

/// Chunks from one tick to the next.
const TICKS: usize = 64;

impl Tokenizer {
    /// The length in bytes of the longest beginning of a text, of whole characters, that has at most so many ids. Special tokens
    /// are plain text.
    ///
    /// # Errors
    /// As [`Tokenizer::encode_ordinary`].
    ///
    /// # Complexity
    /// Linear in what is kept.
    pub fn truncate(&self, text: &[u8], most: usize) -> Result<usize> {
        Search::new(self, text, 0..text.len().min(self.reach_of(most)))?.end(0, most)
    }

    /// Chunks of a text, in order, each of which is the longest that has at most `most` ids by itself. The first starts where the
    /// text does, each other where the one before ends, or before that place by an overlap: the longest end of the chunk
    /// before that has at most `overlap` ids by itself, and from which the next chunk gets beyond the one before.
    ///
    /// `tick` is called once in a while.
    ///
    /// # Errors
    /// As [`Tokenizer::encode_ordinary`]; [`Error::CharacterTooLong`] if there is a character that fits no chunk; what `tick`
    /// returns.
    ///
    /// # Complexity
    /// Linear in the text and in all chunks.
    pub fn chunks(
        &self,
        text: &[u8],
        most: usize,
        overlap: usize,
        tick: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Vec<Range<usize>>> {
        let mut search = Search::new(self, text, 0..text.len())?;
        let mut chunks: Vec<Range<usize>> = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let begin = match chunks.last() {
                Some(before) if overlap > 0 => search.start(before.start + 1..at, overlap)?,
                _ => at,
            };
            let (mut start, mut end) = (begin, search.end(begin, most)?);
            while end <= at {
                if start == at {
                    let tokens = search.count(start..next_place(text, start))?;
                    return Err(Error::CharacterTooLong { position: start, tokens, most });
                }
                start = search.next_start(next_place(text, start)..at, overlap)?;
                end = search.end(start, most)?;
            }
            chunks.push(start..end);
            at = end;
            if chunks.len().is_multiple_of(TICKS) {
                tick()?;
            }
        }
        Ok(chunks)
    }

    /// More bytes than so many ids can have, where text is taken as it is.
    fn reach_of(&self, ids: usize) -> usize {
        ids.saturating_add(1).saturating_mul(self.vocab().longest())
    }
}

/// A search for parts of a text.
struct Search<'t> {
    tokenizer: &'t Tokenizer,
    text: &'t [u8],
    policy: Policy<'t>,
    scratch: Guard<'t>,
    explorer: Explorer,
    ids: Vec<Id>,
    /// The number of ids of pieces that are long.
    counts: HashMap<(usize, usize), usize, RandomState>,
    kind: Kind,
}

/// What is known of a tokenizer, or of a text for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The split pattern is a named one.
    Named,
    /// It is a regex, or consists of steps.
    Custom,
    /// The text is not taken as it is, or more is looked at than the characters of a piece: nothing is known.
    Unknown,
}

impl<'t> Search<'t> {
    /// A search in `text`, of which only `looked_at` matters.
    fn new(tokenizer: &'t Tokenizer, text: &'t [u8], looked_at: Range<usize>) -> Result<Search<'t>> {
        let policy = tokenizer.special().ordinary();
        let part = &text[looked_at];
        let is_taken_as_it_is = !tokenizer.splitter().removes()
            && tokenizer.normalizer().is_none_or(|form| form.keeps(part))
            && [policy.allowed(), policy.normalized()].into_iter().flatten().all(|finder| !finder.occurs(part));
        let pattern = tokenizer.splitter().pattern();
        let kind = match () {
            () if !is_taken_as_it_is || looks_around(pattern.regex()) => Kind::Unknown,
            () if tokenizer.splitter().is_scanned() => Kind::Named,
            () => Kind::Custom,
        };
        Ok(Search {
            tokenizer,
            text,
            policy,
            scratch: tokenizer.scratch(),
            explorer: Explorer::default(),
            ids: Vec::new(),
            counts: HashMap::default(),
            kind,
        })
    }

    /// The number of ids of a part of the text by itself.
    fn count(&mut self, part: Range<usize>) -> Result<usize> {
        self.tokenizer.count_into(&self.text[part], &self.policy, self.scratch.deref_mut(), &Stop::default())
    }

    /// The end of the longest part that starts at a place and has at most so many ids.
    fn end(&mut self, start: usize, most: usize) -> Result<usize> {
        // What was counted before is hardly asked for again.
        self.counts.clear();
        match self.kind {
            Kind::Named => self.longest_begin(start, most),
            Kind::Custom => {
                let end = self.longest_begin(start, most)?;
                if self.count(start..end)? <= most { Ok(end) } else { self.try_ends(start, most) }
            }
            Kind::Unknown => self.try_ends(start, most),
        }
    }

    /// The first place of a range, or its end, from where the text up to its end has at most so many ids.
    fn start(&mut self, range: Range<usize>, most: usize) -> Result<usize> {
        let range = place_at(self.text, range.start.min(range.end))..range.end;
        match self.kind {
            Kind::Named => self.longest_finish(range, most),
            Kind::Custom => {
                let end = range.end;
                let start = self.longest_finish(range, most)?;
                self.next_start(start..end, most)
            }
            Kind::Unknown => self.try_starts(range, most),
        }
    }

    /// The same, one place after the other.
    fn next_start(&mut self, range: Range<usize>, most: usize) -> Result<usize> {
        let Range { mut start, end } = range;
        while start < end && self.count(start..end)? > most {
            start = next_place(self.text, start);
        }
        Ok(start)
    }

    /// The number of ids of a part as one piece.
    fn count_piece(&mut self, start: usize, end: usize) -> Result<usize> {
        if end - start > SHORT
            && let Some(&count) = self.counts.get(&(start, end))
        {
            return Ok(count);
        }
        self.ids.clear();
        let piece = &self.text[start..end];
        self.tokenizer.encode_piece(piece, self.scratch.deref_mut(), &mut self.ids)?;
        if end - start > SHORT {
            self.counts.insert((start, end), self.ids.len());
        }
        Ok(self.ids.len())
    }

    /// The ends of the pieces of a part by itself.
    fn pieces(&self, part: Range<usize>) -> Result<Vec<usize>> {
        let mut ends = Vec::new();
        self.tokenizer.splitter().ends(&self.text[part.clone()], |end| {
            ends.push(part.start + end);
            Ok(())
        })?;
        Ok(ends)
    }

    /// The end of the first piece of a part that is not empty.
    fn first_piece(&self, part: Range<usize>) -> Result<usize> {
        let mut first = None;
        let found = self.tokenizer.splitter().ends(&self.text[part.clone()], |end| {
            first = Some(part.start + end);
            Err(Error::Interrupted)
        });
        match (first, found) {
            (Some(end), _) => Ok(end),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Ok(part.end),
        }
    }

    /// Whether a part is a token that is taken whole, though merging may not give it.
    fn is_ignoring_token(&self, start: usize, end: usize) -> bool {
        self.tokenizer.ignores_merges() && self.tokenizer.vocab().id(&self.text[start..end]).is_some()
    }

    fn explore(&mut self, from: usize, way: reach::Way, within: Range<usize>, most: usize) -> Result<reach::Reach> {
        let bytes = reach::Bytes { text: &self.text[within.clone()], from: from - within.start, way };
        let scratch: &mut Scratch = &mut self.scratch;
        self.explorer.reach(self.tokenizer, scratch, bytes, most)
    }
}

/// Whether a regex may look behind what it matches, at the ends of words or of the text. It does not matter if it is said of one
/// that does not.
fn looks_around(regex: &str) -> bool {
    let is_anchored = regex.match_indices('^').any(|(at, _)| !regex[..at].ends_with('['));
    is_anchored || ["(?<=", "(?<!", r"\b", r"\B", r"\A", r"\G", r"\K"].iter().any(|sign| regex.contains(sign))
}

/// The last place at or before this one that is not inside a character.
fn place_before(text: &[u8], place: usize) -> usize {
    let is_inside = |at: usize| at < text.len() && matches!(text[at], 0x80..=0xbf);
    // A character has no more than three such bytes; longer runs are none.
    let start = (0..4).map(|back| place.saturating_sub(back)).find(|&at| !is_inside(at));
    match start {
        Some(start) if start == place => place,
        // Only if what starts there is a character that reaches over the place.
        Some(start) => match text[start..text.len().min(start + 4)].utf8_chunks().next() {
            Some(chunk) if chunk.valid().chars().next().is_some_and(|first| start + first.len_utf8() > place) => start,
            _ => place,
        },
        None => place,
    }
}

/// The first place at or after this one that is not inside a character.
fn place_at(text: &[u8], place: usize) -> usize {
    if place_before(text, place) == place { place } else { next_place(text, place) }
}

/// The first place after this one that is not inside a character; the text does not end here.
fn next_place(text: &[u8], place: usize) -> usize {
    (place + 1..=text.len()).find(|&at| place_before(text, at) == at).unwrap_or(text.len())
}

#[cfg(test)]
mod tests;
