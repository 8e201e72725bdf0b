//! The longest beginning.

use std::ops::Range;

use super::reach::{Reach, Way};
use super::{Kind, NEAR, SHORT, Search, place_before};
use crate::error::Result;

/// Text is counted in steps of at most so many bytes, so as not to count much more than is kept.
const STEP: usize = 16 << 10;
/// The shortest step, and how much more text is searched for a place to cut at.
const SMALL: usize = 64;

/// The longest beginning of a part.
enum Within {
    /// It ends here.
    At(usize),
    /// All of it, and so many ids are left.
    Whole(usize),
    /// More of the text must be looked at.
    Further,
}

/// Pieces of a part that depend on its end are followed no deeper. One is known where the pattern is a named one.
const DEPTH: usize = 8;

/// The same from a piece on.
enum Found {
    At(usize),
    Nowhere,
    /// More of the text must be looked at.
    Further,
}

impl Search<'_> {
    /// The end of the longest part that starts at a place and has at most so many ids.
    pub(super) fn longest_begin(&mut self, start: usize, most: usize) -> Result<usize> {
        let (mut at, mut rest) = (start, most);
        let mut longest_step = rest.saturating_mul(2).clamp(SMALL, STEP);
        let mut step = if self.kind == Kind::Named { longest_step } else { 0 };
        while rest > 0 && at < self.text.len() {
            // As far as it is known where to cut.
            while step > 0 {
                let Some(cut) = self.cut(at, step) else {
                    step = shorter(step);
                    continue;
                };
                match rest.checked_sub(self.count(at..cut)?) {
                    Some(left) if cut == self.text.len() || left == 0 => return Ok(cut),
                    Some(left) => (at, rest) = (cut, left),
                    None => {
                        step = shorter(step);
                        longest_step = step;
                    }
                }
            }
            // Up to the next such place.
            let mut size = rest.saturating_mul(8).saturating_add(SMALL);
            let (end, found) = loop {
                let end = self.text.len().min(at.saturating_add(size));
                let cut = if self.kind == Kind::Named { self.safe_cut(at + 1, end) } else { None };
                let end = cut.unwrap_or(place_before(self.text, end));
                let goes_on = end < self.text.len() && cut.is_none();
                match self.within(at..end, rest, goes_on)? {
                    Within::Further => size = size.saturating_mul(2),
                    found => break (end, found),
                }
            };
            match found {
                Within::Whole(left) => (at, rest, step) = (end, left, longest_step),
                Within::At(end) => return Ok(end),
                Within::Further => unreachable!("looked further above"),
            }
        }
        Ok(at)
    }

    /// A place to cut at that is at least so many bytes further on, or the end of the text.
    fn cut(&self, at: usize, step: usize) -> Option<usize> {
        let length = self.text.len();
        if length - at <= step {
            return Some(length);
        }
        self.safe_cut(at + step, length.min(at + step + SMALL))
    }

    fn safe_cut(&self, from: usize, end: usize) -> Option<usize> {
        self.tokenizer.splitter().safe_cut(&self.text[..end], from)
    }

    /// The longest beginning of a part that has at most so many ids.
    fn within(&mut self, part: Range<usize>, most: usize, goes_on: bool) -> Result<Within> {
        if part.len() <= SHORT && !goes_on {
            let mut end = part.end;
            while end > part.start {
                match most.checked_sub(self.count(part.start..end)?) {
                    Some(rest) if end == part.end => return Ok(Within::Whole(rest)),
                    Some(_) => break,
                    None => end = place_before(self.text, end - 1),
                }
            }
            return Ok(Within::At(end));
        }
        // The pieces that fit. Each of them starts there, too, wherever the part ends, if that is not near.
        let mut starts = vec![(part.start, most)];
        let (mut start, mut rest) = (part.start, most);
        let mut fits = true;
        for end in self.pieces(part.clone())? {
            match rest.checked_sub(self.count_piece(start, end)?) {
                Some(left) => (start, rest) = (end, left),
                None => {
                    fits = false;
                    break;
                }
            }
            starts.push((start, rest));
        }
        match (fits, goes_on) {
            (true, true) => return Ok(Within::Further),
            (true, false) => return Ok(Within::Whole(rest)),
            _ => {}
        }
        let near = start + NEAR;
        match self.piece_on(start..part.end, rest, goes_on, 0)? {
            Found::Further => return Ok(Within::Further),
            Found::At(end) if end > near => return Ok(Within::At(end)),
            _ => {}
        }
        let mut end = place_before(self.text, near.min(part.end));
        while end > part.start {
            let known = starts.partition_point(|(start, _)| start + NEAR < end).saturating_sub(1);
            let (start, rest) = starts[known];
            if self.fits(start..end, rest, None)? {
                break;
            }
            end = place_before(self.text, end - 1);
        }
        Ok(Within::At(end))
    }

    /// The longest beginning of a part that has at most so many ids.
    fn piece_on(&mut self, part: Range<usize>, most: usize, goes_on: bool, depth: usize) -> Result<Found> {
        let Range { start, end } = part;
        let reach = self.explore(start, Way::Right, part.clone(), most)?;
        let mut furthest = start + reach.furthest;
        if self.tokenizer.ignores_merges() && most > 0 {
            let longest = end.min(start + self.tokenizer.vocab().longest());
            furthest = (furthest..=longest).rev().find(|&end| self.is_ignoring_token(start, end)).unwrap_or(furthest);
        }
        // If the first piece ends further, it is too long. Near this place and before it, it may end anywhere.
        let beyond = furthest + NEAR + 1;
        if beyond > end && goes_on {
            return Ok(Found::Further);
        }
        if beyond <= end && depth < DEPTH {
            // Beyond it the first piece ends where it does here, for as long as it does.
            let beyond = place_before(self.text, end.min(beyond + 3));
            let first = self.first_piece(start..beyond)?;
            if first <= furthest
                && let Some(rest) = most.checked_sub(self.count_of(start, first, &reach)?)
            {
                let same = self.last_with_first(start, first, beyond..end)?;
                match self.piece_on(first..same, rest, goes_on && same == end, depth + 1)? {
                    Found::At(found) if found > furthest + NEAR => return Ok(Found::At(found)),
                    Found::Further => return Ok(Found::Further),
                    _ => {}
                }
            }
        }
        let mut at = place_before(self.text, end.min(furthest + NEAR + 3));
        while at > start {
            if self.fits(start..at, most, Some(&reach))? {
                return Ok(Found::At(at));
            }
            at = place_before(self.text, at - 1);
        }
        Ok(Found::Nowhere)
    }

    /// The last place of a range to which the first piece is the same as that to the first place of it. Once it is another it
    /// stays so.
    fn last_with_first(&self, start: usize, first: usize, range: Range<usize>) -> Result<usize> {
        if self.first_piece(start..range.end)? == first {
            return Ok(range.end);
        }
        let (mut same, mut other) = (range.start, range.end);
        loop {
            let middle = place_before(self.text, same + (other - same) / 2);
            if middle <= same {
                // Between these two is no more than a character.
                return Ok(same);
            }
            match self.first_piece(start..middle)? == first {
                true => same = middle,
                false => other = middle,
            }
        }
    }

    /// Whether a part has at most so many ids, where it is known how far these reach in its first piece.
    fn fits(&mut self, part: Range<usize>, most: usize, reach: Option<&Reach>) -> Result<bool> {
        let (mut start, mut rest) = (part.start, most);
        for end in self.pieces(part.clone())? {
            let count = match reach {
                Some(reach) if start == part.start => self.count_of(start, end, reach)?,
                _ => self.count_piece(start, end)?,
            };
            match rest.checked_sub(count) {
                Some(left) => (start, rest) = (end, left),
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// The number of ids of a piece, or more than fit if they are more.
    fn count_of(&mut self, start: usize, end: usize, reach: &Reach) -> Result<usize> {
        if self.is_ignoring_token(start, end) {
            return Ok(1);
        }
        match reach.ids(end - start) {
            Some(known) => Ok(known.unwrap_or(usize::MAX)),
            None => self.count_piece(start, end),
        }
    }
}

/// The next shorter step; 0 after the shortest.
fn shorter(step: usize) -> usize {
    match step {
        0 | 1 => 0,
        2..=SMALL => 1,
        _ => (step / 4).max(SMALL),
    }
}
