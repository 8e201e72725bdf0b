//! How far the tokens of one piece get: which of its beginnings, or of its ends, have no more than so many.
//!
//! Without the last token of an encoding, what is left is the encoding of the bytes that are left: every merge in them has gone as
//! it goes without that token. So the encodings of all beginnings of a piece form a tree. The last token of each is the one
//! token that ends there, comes out of merging its own bytes, and stands beside the last token of the beginning without it as in
//! the encoding of the two alone; see [`crate::encode`] on blocks for why neighbours decide. A beginning has one id more than the
//! beginning without its last token. So it is known how many ids all of them have, and where the last one with at most so many
//! lies: once no token reaches further from any that is left. More bytes may well have fewer ids.
//!
//! The same is true of the ends of a piece and their first tokens. One code does both: it goes by the distance from the end of the
//! piece that is fixed.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::encode::Scratch;
use crate::error::Result;
use crate::tokenizer::Tokenizer;
use crate::vocab::Id;

/// Which way from the fixed end the bytes lie.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Right,
    Left,
}

/// The bytes of a text from a place on.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'t> {
    pub text: &'t [u8],
    pub from: usize,
    pub way: Way,
}

impl<'t> Bytes<'t> {
    fn len(&self) -> usize {
        match self.way {
            Way::Right => self.text.len() - self.from,
            Way::Left => self.from,
        }
    }

    /// Those between two distances.
    fn between(&self, near: usize, far: usize) -> &'t [u8] {
        match self.way {
            Way::Right => &self.text[self.from + near..self.from + far],
            Way::Left => &self.text[self.from - far..self.from - near],
        }
    }
}

/// What is known of each distance.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// More ids than asked for.
    Over,
    /// No more, with the token furthest from the fixed end.
    Within(usize, Option<Id>),
    /// That depends on what is nearer than where the search began.
    Nothing,
}

/// Which distances have no more than so many ids.
pub(super) struct Reach {
    /// The first distance that was looked at.
    base: usize,
    known: Vec<Known>,
    /// The last distance that has no more.
    pub furthest: usize,
}

impl Reach {
    /// The number of ids of the bytes up to a distance: `Some(None)` if they are more than asked for, `None` if that was not found
    /// out.
    pub(super) fn ids(&self, distance: usize) -> Option<Option<usize>> {
        if distance > self.furthest {
            return Some(None);
        }
        match self.known.get(distance.checked_sub(self.base)?)? {
            Known::Over => Some(None),
            Known::Within(ids, _) => Some(Some(*ids)),
            Known::Nothing => None,
        }
    }
}

/// Finds out. Remembers which tokens are neighbours.
#[derive(Default)]
pub(super) struct Explorer {
    /// Left and right: whether they stay as they are beside each other.
    neighbours: HashMap<(Option<Id>, Id), bool, RandomState>,
    ids: Vec<Id>,
    pair: Vec<Id>,
    bytes: Vec<u8>,
}

impl Explorer {
    /// How far `most` ids reach by merging. (That a token is one id where merges are ignored is not looked at.)
    ///
    /// # Complexity
    /// Linear in what they reach; times the length of the longest token near the end.
    pub(super) fn reach(
        &mut self,
        tokenizer: &Tokenizer,
        scratch: &mut Scratch,
        bytes: Bytes,
        most: usize,
    ) -> Result<Reach> {
        let mut size = bytes.len().min(most.saturating_mul(4).saturating_add(64));
        loop {
            self.ids.clear();
            tokenizer.encoder().merge_only(bytes.between(0, size), scratch, &mut self.ids)?;
            if self.ids.len() > most || size == bytes.len() {
                break;
            }
            size = bytes.len().min(2 * size);
        }
        if self.ids.len() <= most {
            return Ok(Reach { base: size, known: vec![Known::Within(self.ids.len(), None)], furthest: size });
        }
        if bytes.way == Way::Left {
            self.ids.reverse();
        }
        // Where each of the first tokens ends is known: they are the encodings of what is up to there.
        let mut end = 0;
        let length = |id: &Id| {
            end += tokenizer.vocab().bytes(*id).map_or(0, <[u8]>::len);
            end
        };
        let ends: Vec<usize> = std::iter::once(0).chain(self.ids[..most].iter().map(length)).collect();
        let near = ends[most];
        let mut depth = 2 * self.longest(tokenizer, bytes, near) + 2;
        loop {
            // The last of these ends that is so far from the end of them all.
            let first = ends.partition_point(|end| end + depth <= near).saturating_sub(1);
            if let Some(reach) = self.reach_on(tokenizer, scratch, bytes, (first, ends[first], near), most)? {
                return Ok(reach);
            }
            depth = depth.saturating_mul(4);
        }
    }

    /// The same from a distance that has `first` ids, where these are known. `None` if more must be known.
    fn reach_on(
        &mut self,
        tokenizer: &Tokenizer,
        scratch: &mut Scratch,
        bytes: Bytes,
        (first, base, near): (usize, usize, usize),
        most: usize,
    ) -> Result<Option<Reach>> {
        let vocab = tokenizer.vocab();
        let mut known = vec![Known::Within(first, first.checked_sub(1).map(|last| self.ids[last]))];
        // The last distance that has no more ids, and the last from which one more may reach further.
        let (mut furthest, mut open) = (base, if first < most { Some(base) } else { None });
        let mut at = base + 1;
        while at <= bytes.len() && open.is_some_and(|open| at - open <= vocab.longest()) {
            let longest = self.longest(tokenizer, bytes, at).min(at);
            let mut found = Known::Over;
            for from in (base.max(at - longest)..=open.expect("looked at above").min(at - 1)).rev() {
                match known[from - base] {
                    Known::Within(ids, before) if ids < most => {
                        if let Some(id) = vocab.id(bytes.between(from, at))
                            && self.are_neighbours(tokenizer, scratch, before, id, bytes.way)?
                        {
                            found = Known::Within(ids + 1, Some(id));
                            break;
                        }
                    }
                    Known::Nothing if vocab.id(bytes.between(from, at)).is_some() => found = Known::Nothing,
                    _ => {}
                }
            }
            let is_token = |from: usize| vocab.id(bytes.between(from, at)).is_some();
            if found == Known::Over && (at - longest..base).any(is_token) {
                found = Known::Nothing;
            }
            match found {
                Known::Nothing if at > near => return Ok(None),
                Known::Nothing => open = Some(at),
                Known::Within(ids, _) => {
                    furthest = at;
                    if ids < most {
                        open = Some(at);
                    }
                }
                Known::Over => {}
            }
            known.push(found);
            at += 1;
        }
        Ok(Some(Reach { base, known, furthest }))
    }

    /// Whether a token follows on another, on the side away from the fixed end; or on nothing.
    fn are_neighbours(
        &mut self,
        tokenizer: &Tokenizer,
        scratch: &mut Scratch,
        before: Option<Id>,
        id: Id,
        way: Way,
    ) -> Result<bool> {
        let (left, right) = match (before, way) {
            (Some(before), Way::Left) => (Some(id), before),
            _ => (before, id),
        };
        if let Some(&known) = self.neighbours.get(&(left, right)) {
            return Ok(known);
        }
        let row = left.into_iter().chain([right]);
        self.bytes.clear();
        row.clone().for_each(|id| self.bytes.extend_from_slice(tokenizer.vocab().bytes(id).unwrap_or_default()));
        self.pair.clear();
        tokenizer.encoder().merge_only(&self.bytes, scratch, &mut self.pair)?;
        let are = row.eq(self.pair.iter().copied());
        self.neighbours.insert((left, right), are);
        Ok(are)
    }

    /// The length of the longest token that may have its end away from the fixed end at this distance.
    pub(super) fn longest(&self, tokenizer: &Tokenizer, bytes: Bytes, at: usize) -> usize {
        if at < 2 {
            return 1;
        }
        let lengths = tokenizer.encoder().lengths();
        let two = bytes.between(at - 2, at).try_into().expect("two bytes");
        match bytes.way {
            Way::Right => lengths.ending(two),
            Way::Left => lengths.starting(two),
        }
    }
}
