//! The longest end.

use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::reach::{Reach, Way};
use super::{Kind, SHORT, Search, next_place, place_at, place_before};
use crate::error::{Error, Result};
use crate::split::Splitter;

/// How far back is searched for a place to cut at, to begin with.
const BACK: usize = 16;

/// What a piece may begin with before a place that it reaches over: for every state that a pattern may be in there.
const BEFORE: [&str; 18] =
    ["", "a", "A", "中", "1", "11", "!", "!!", "!\n", " ", "\n", "\n ", "'", "'l", "'v", "a'", "a'l", "a'v"];

/// What is known of the ends of a part.
#[derive(Default)]
struct Ends {
    /// By the place where an end starts: its ids.
    ids: HashMap<usize, usize, RandomState>,
    /// By the end of a long piece: how far the ids reach back that are left for it.
    reaches: HashMap<usize, Reach, RandomState>,
}

impl Search<'_> {
    /// The first place of a range from where the text up to its end has at most so many ids, or the end of it.
    pub(super) fn longest_finish(&mut self, range: Range<usize>, most: usize) -> Result<usize> {
        let (mut end, mut rest) = (range.end, most);
        loop {
            let cut = if self.kind == Kind::Named { self.last_cut(range.start..end, range.end) } else { None };
            let Some(cut) = cut else { break };
            let count = self.count(cut..end)?;
            if count > rest {
                return self.within_finish(cut..end, rest);
            }
            (end, rest) = (cut, rest - count);
        }
        self.within_finish(range.start..end, rest)
    }

    /// The last place of a range, but not its end, where the text up to `end` may be cut.
    fn last_cut(&self, range: Range<usize>, end: usize) -> Option<usize> {
        let mut back = BACK;
        loop {
            let from = range.end.saturating_sub(back).max(range.start);
            let splitter = self.tokenizer.splitter();
            let cut = |from| splitter.safe_cut(&self.text[..end], from).filter(|&cut| cut < range.end);
            if let Some(last) = std::iter::successors(cut(from), |&before| cut(before + 1)).last() {
                return Some(last);
            }
            if from == range.start {
                return None;
            }
            back = back.saturating_mul(4);
        }
    }

    /// The first place of a part from where it has at most so many ids, or its end.
    fn within_finish(&mut self, part: Range<usize>, most: usize) -> Result<usize> {
        if part.len() <= SHORT {
            return self.next_start(part, most);
        }
        // Where so many ids begin if the part is taken as a whole: from there on it is nearly always right.
        let mut place = part.end;
        let (mut start, mut ids) = (part.start, Vec::new());
        for end in self.pieces(part.clone())? {
            let first = ids.len();
            self.tokenizer.encode_piece(&self.text[start..end], &mut self.scratch, &mut ids)?;
            debug_assert!(first < ids.len());
            start = end;
        }
        for id in ids.iter().rev().take(most) {
            place -= self.tokenizer.vocab().bytes(*id).map_or(0, <[u8]>::len);
        }
        let mut best = place_at(self.text, place.max(part.start));
        let mut ends = Ends::default();
        while best < part.end && !self.finish_fits(best..part.end, most, &mut ends)? {
            best = next_place(self.text, best);
        }
        // A longer end begins with pieces that end before this place, if any, and then one that reaches it or over it. How far
        // back that one may start is known.
        let mut place = best;
        while place > part.start {
            let mut low = place;
            for end in piece_ends_over(self.tokenizer.splitter(), &self.text[..part.end], place)? {
                if let Some(rest) = most.checked_sub(self.ids_of_finish(end..part.end, &mut ends)?) {
                    low = low.min(end - self.reach_back(end, rest, &mut ends)?);
                }
            }
            let low = place_before(self.text, low.max(part.start));
            for at in (low..place).rev() {
                if place_before(self.text, at) == at && self.finish_fits(at..part.end, most, &mut ends)? {
                    best = at;
                }
            }
            if low == place {
                break;
            }
            place = low;
        }
        Ok(best)
    }

    /// How many bytes before a place make a piece of at most so many ids, at most.
    fn reach_back(&mut self, end: usize, most: usize, ends: &mut Ends) -> Result<usize> {
        if !ends.reaches.contains_key(&end) {
            let reach = self.explore(end, Way::Left, 0..end, most)?;
            ends.reaches.insert(end, reach);
        }
        let furthest = ends.reaches[&end].furthest;
        if most == 0 || !self.tokenizer.ignores_merges() {
            return Ok(furthest);
        }
        let longest = self.tokenizer.vocab().longest().min(end);
        let token = (furthest..=longest).rev().find(|length| self.is_ignoring_token(end - length, end));
        Ok(token.unwrap_or(furthest))
    }

    /// Whether a part by itself has at most so many ids, as one of several that end alike.
    fn finish_fits(&mut self, part: Range<usize>, most: usize, ends: &mut Ends) -> Result<bool> {
        let first = self.first_piece(part.clone())?;
        let behind = self.ids_of_finish(first..part.end, ends)?;
        let Some(rest) = most.checked_sub(behind) else { return Ok(false) };
        if first - part.start <= SHORT {
            return Ok(self.count_piece(part.start, first)? <= rest);
        }
        if self.is_ignoring_token(part.start, first) {
            return Ok(rest > 0);
        }
        self.reach_back(first, rest, ends)?;
        match ends.reaches[&first].ids(first - part.start) {
            Some(ids) => Ok(ids.is_some_and(|ids| ids <= rest)),
            None => Ok(self.count_piece(part.start, first)? <= rest),
        }
    }

    /// The number of ids of a part by itself.
    fn ids_of_finish(&mut self, part: Range<usize>, ends: &mut Ends) -> Result<usize> {
        if part.is_empty() {
            return Ok(0);
        }
        if let Some(&ids) = ends.ids.get(&part.start) {
            return Ok(ids);
        }
        let (mut ids, mut start) = (0, part.start);
        // Of the pieces of a part, those from any of them on are the pieces of what starts there.
        let mut known = Vec::new();
        for end in self.pieces(part.clone())? {
            known.push((start, ids));
            ids += self.count_piece(start, end)?;
            start = end;
        }
        for (start, before) in known {
            ends.ids.insert(start, ids - before);
        }
        Ok(ids)
    }
}

/// The place itself, and where a piece that begins anywhere before it and reaches over it may end.
pub(super) fn piece_ends_over(splitter: &Splitter, text: &[u8], place: usize) -> Result<Vec<usize>> {
    let mut ends = vec![place];
    let room = BEFORE.iter().map(|before| before.len()).max().unwrap_or(0);
    let mut part = vec![0; room];
    part.extend_from_slice(&text[place..]);
    for before in BEFORE {
        let start = room - before.len();
        part[start..room].copy_from_slice(before.as_bytes());
        let mut first = 0;
        let found = splitter.ends(&part[start..], |end| {
            first = start + end;
            Err(Error::Interrupted)
        });
        match found {
            Ok(()) | Err(Error::Interrupted) if first > room => ends.push(place + first - room),
            Ok(()) | Err(Error::Interrupted) => {}
            Err(error) => return Err(error),
        }
    }
    ends.sort_unstable();
    ends.dedup();
    Ok(ends)
}
