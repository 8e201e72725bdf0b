//! Where strings lie in a text.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use fancy_regex::Regex;

use crate::error::{Error, Result};
use crate::vocab::Id;

/// How a special token is found: what tokenizers' files say of their added tokens. By default just where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Manner {
    /// Takes the white space before it.
    pub lstrip: bool,
    /// Takes the white space behind it.
    pub rstrip: bool,
    /// Is none where it is a part of a word.
    pub single_word: bool,
    /// Is looked for after the others, in what is between them, and there in the text as normalized.
    pub normalized: bool,
    /// Is found whether or not it is allowed, and never refused.
    pub always: bool,
}

/// Finds any of a set of strings in a text: the leftmost, and the longest of those that start there.
#[derive(Clone)]
pub struct Finder {
    automaton: AhoCorasick,
    /// The byte that all of them begin with, if they do: a text without it is done with in no time.
    first: Option<u8>,
    tokens: Vec<Token>,
    /// Whether any is found in another manner than just where it stands.
    has_manners: bool,
}

/// Bytes of the longest special token for which a DFA is made: up to here that takes less than a millisecond.
const LONGEST_IN_DFA: usize = 256;

/// A string to find; its id, unless it is no special token of the tokenizer.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) name: String,
    pub(super) id: Option<Id>,
    pub(super) manner: Manner,
}

/// A string found in a text, at `start..end`.
pub struct Found<'f> {
    pub start: usize,
    pub end: usize,
    pub token: &'f str,
    /// Its id; `None` for a string that is no special token of the tokenizer.
    pub id: Option<Id>,
    /// Where to look for the next one: the end of this, without the white space that it takes along.
    pub next: usize,
    /// Its place in the set.
    number: usize,
}

impl Finder {
    pub(super) fn new(tokens: Vec<Token>) -> Result<Option<Finder>> {
        if tokens.is_empty() {
            return Ok(None);
        }
        // A DFA is fastest, but making one takes time quadratic in the length of a token that repeats itself.
        let is_long = tokens.iter().any(|token| token.name.len() > LONGEST_IN_DFA);
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .kind(is_long.then_some(AhoCorasickKind::ContiguousNFA))
            .build(tokens.iter().map(|token| &token.name))
            .map_err(|error| Error::SpecialToken {
                token: tokens[0].name.clone(),
                reason: format!("and the others cannot be searched for: {error}"),
            })?;
        let first = tokens[0].name.as_bytes().first().copied();
        let first = first.filter(|first| tokens.iter().all(|token| token.name.as_bytes().first() == Some(first)));
        let has_manners =
            tokens.iter().any(|Token { manner, .. }| manner.lstrip || manner.rstrip || manner.single_word);
        Ok(Some(Finder { automaton, first, tokens, has_manners }))
    }

    /// The first occurrence that starts at or after `from`, which is the beginning or the end of the one before.
    pub fn find(&self, text: &[u8], from: usize) -> Option<Found<'_>> {
        self.find_after(text, from, from)
    }

    /// The same, of which `next` and `taken` are [`Found::next`] and the end of the one before. It may start before that end: as
    /// in tokenizers, a token that begins with white space is found also where another has taken that along.
    pub fn find_after(&self, text: &[u8], next: usize, taken: usize) -> Option<Found<'_>> {
        let mut found = self.find_bare(text, next)?;
        if !self.has_manners {
            return Some(found);
        }
        let manner = |found: &Found| self.tokens[found.number].manner;
        let is_in_word = |found: &Found| {
            let beside = [last_character(&text[..found.start]), first_character(&text[found.end..])];
            beside.into_iter().flatten().any(is_of_word)
        };
        while manner(&found).single_word && is_in_word(&found) {
            found = self.find_bare(text, found.end)?;
        }
        if manner(&found).lstrip {
            found.start = match text.get(taken..found.start) {
                Some(between) => taken + without_white_end(between).len(),
                None => taken,
            };
        }
        if manner(&found).rstrip {
            found.end = text.len() - without_white_start(&text[found.end..]).len();
        }
        Some(found)
    }

    /// The same, whatever the manners.
    fn find_bare(&self, text: &[u8], from: usize) -> Option<Found<'_>> {
        let from = match self.first {
            Some(first) => from + memchr::memchr(first, text.get(from..)?)?,
            None => from,
        };
        let found = self.automaton.find(aho_corasick::Input::new(text).range(from..))?;
        let number = found.pattern().as_usize();
        let Token { name, id, .. } = &self.tokens[number];
        let (start, end) = (found.start(), found.end());
        Some(Found { start, end, token: name, id: *id, next: end, number })
    }

    /// Whether any of them occurs in a text, whatever is beside it. Where none does, none is found in any part of the text.
    pub fn occurs(&self, text: &[u8]) -> bool {
        self.find_bare(text, 0).is_some()
    }

    /// Whether any of them lies over this place, beginning before and ending behind it. It need not be one that a search
    /// from the beginning finds: whatever comes before, none is torn where this is false.
    pub fn reaches_over(&self, text: &[u8], place: usize) -> bool {
        let reach = self.automaton.max_pattern_len().saturating_sub(1);
        let around = &text[..text.len().min(place.saturating_add(reach))];
        let mut from = place.saturating_sub(reach);
        // The longest that starts at each place where one does.
        while let Some(found) = self.find_bare(around, from).filter(|found| found.start < place) {
            if found.end > place {
                return true;
            }
            from = found.start + 1;
        }
        false
    }

    /// The length of the longest.
    pub(super) fn longest(&self) -> usize {
        self.automaton.max_pattern_len()
    }
}

/// The first character, if there is one: no more than its bytes are looked at, for there may be very many.
fn first_character(text: &[u8]) -> Option<char> {
    text[..text.len().min(4)].utf8_chunks().next()?.valid().chars().next()
}

/// The last one.
fn last_character(text: &[u8]) -> Option<char> {
    let end = text[text.len().saturating_sub(4)..].utf8_chunks().last()?;
    end.valid().chars().next_back().filter(|_| end.invalid().is_empty())
}

/// `\w`.
fn is_of_word(character: char) -> bool {
    static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\w").expect("a valid regex"));
    WORD.is_match(character.encode_utf8(&mut [0; 4])).unwrap_or(false)
}

fn without_white_end(mut text: &[u8]) -> &[u8] {
    while let Some(last) = last_character(text).filter(|last| last.is_whitespace()) {
        text = &text[..text.len() - last.len_utf8()];
    }
    text
}

fn without_white_start(mut text: &[u8]) -> &[u8] {
    while let Some(first) = first_character(text).filter(|first| first.is_whitespace()) {
        text = &text[first.len_utf8()..];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places of the one token of this manner.
    fn places(name: &str, manner: Manner, text: &str) -> Vec<(usize, usize)> {
        let token = Token { name: name.to_owned(), id: Some(Id(1)), manner };
        let finder = Finder::new(vec![token]).unwrap().unwrap();
        let (mut places, mut next, mut taken) = (Vec::new(), 0, 0);
        while let Some(found) = finder.find_after(text.as_bytes(), next, taken) {
            places.push((found.start, found.end));
            (next, taken) = (found.next, found.end);
        }
        places
    }

    #[test]
    fn white_space_is_taken_once() {
        let strip = Manner { lstrip: true, rstrip: true, ..Manner::default() };
        assert_eq!(places("<a>", strip, "x \u{3000}<a> \n<a>y"), [(1, 10), (10, 13)]);
        assert_eq!(places("<a>", strip, "<a>"), [(0, 3)]);
        let right = Manner { rstrip: true, ..Manner::default() };
        assert_eq!(places(" q", right, " q q  qx"), [(0, 3), (2, 6), (5, 7)]);
        assert_eq!(places(" ", strip, "a   b"), [(1, 4), (4, 4), (4, 4)]);
        let left = Manner { lstrip: true, ..Manner::default() };
        assert_eq!(places("<a>", left, "<a> \t<a> "), [(0, 3), (3, 8)]);
    }

    #[test]
    fn a_single_word_is_no_part_of_a_word() {
        let single = Manner { single_word: true, ..Manner::default() };
        assert_eq!(
            places("ab", single, "ab abc xab é.ab_ ab.ab \u{301}ab ½ab½ abé"),
            [(0, 2), (18, 20), (21, 23), (31, 33)]
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_no_white_space_and_no_word() {
        let all = Manner { lstrip: true, rstrip: true, single_word: true, ..Manner::default() };
        let token = Token { name: "ab".to_owned(), id: None, manner: all };
        let finder = Finder::new(vec![token]).unwrap().unwrap();
        let found = finder.find(b"x \xff ab \xff", 0).map(|found| (found.start, found.end));
        assert_eq!(found, Some((3, 7)));
    }
}
