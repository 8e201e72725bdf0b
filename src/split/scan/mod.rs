//! Hand-written scanners for the named patterns.
//!
//! A scanner is a function from a text and the start of a piece to its end. It works on bytes, whether or not they are
//! UTF-8, and reads a text once from left to right: what it sees of a character is its class, one table look-up,
//! and the alternatives of a pattern are tried in their order, each decided by the classes of the first one or two
//! characters. The backtracking that the regexes ask for comes down to one place in each pattern, which says so.
//!
//! The regexes are the truth: see the tests here and those of `tests/python/test_split.py`.

mod cl100k;
mod class;
mod cut;
mod gpt2;
mod o200k;

use crate::error::Result;
use class::{Class, MARK, NEWLINE, OTHER, SPACE, class_at, run};

pub(super) use cl100k::cl100k;
pub(super) use cut::safe_cut;
pub(super) use gpt2::gpt2;
pub(super) use o200k::o200k;

/// The scanners there are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Grammar {
    Gpt2,
    Cl100k,
    O200k,
}

/// Calls `each` with the end of every piece. `advance` gives the end of the piece that starts at an offset, which is
/// less than the length of the text.
#[inline(always)]
pub(super) fn all(
    text: &[u8],
    advance: impl Fn(&[u8], usize) -> usize,
    mut each: impl FnMut(usize) -> Result<()>,
) -> Result<()> {
    let mut at = 0;
    while at < text.len() {
        at = advance(text, at);
        each(at)?;
    }
    Ok(())
}

/// `[^\s\p{L}\p{N}]`.
const SYMBOL: Class = OTHER | MARK;
/// `[^\r\n\p{L}\p{N}]`, what may stand before the letters of a word.
const PREFIX: Class = SYMBOL | SPACE;
/// `\s`.
const WHITE: Class = SPACE | NEWLINE;

/// `\s+(?!\S)|\s+`: all white space at the end of the text; else all but the last character, which belongs to what
/// follows, unless it is the only one.
fn white_space(text: &[u8], at: usize) -> usize {
    let (end, last) = white_run(text, at);
    if end == text.len() || last == at { end } else { last }
}

/// `\s*[\r\n]+|\s+(?!\S)|\s+`: up to the last line end if there is one, else as [`white_space`].
fn white_space_by_lines(text: &[u8], at: usize) -> usize {
    let (end, last) = white_run(text, at);
    match text[at..end].iter().rposition(|byte| matches!(byte, b'\r' | b'\n')) {
        Some(newline) => at + newline + 1,
        None if end == text.len() || last == at => end,
        None => last,
    }
}

/// The end of the white space that starts at `at`, and the start of its last character.
fn white_run(text: &[u8], at: usize) -> (usize, usize) {
    let (mut end, mut last) = (at, at);
    loop {
        let (class, length) = class_at(text, end);
        if class & WHITE == 0 {
            return (end, last);
        }
        last = end;
        end += length;
    }
}

/// ` ?[^\s\p{L}\p{N}]+`: where these symbols end, if there are any.
fn symbols(text: &[u8], at: usize) -> Option<usize> {
    let start = at + usize::from(text[at] == b' ');
    let end = run(text, start, SYMBOL);
    (end > start).then_some(end)
}

/// `'(?:[sdmt]|ll|ve|re)` at an apostrophe.
fn contraction(text: &[u8], at: usize) -> Option<usize> {
    match text[at..] {
        [b'\'', b's' | b'd' | b'm' | b't', ..] => Some(at + 2),
        [b'\'', b'l', b'l', ..] | [b'\'', b'v' | b'r', b'e', ..] => Some(at + 3),
        _ => None,
    }
}

/// `(?i:'s|'d|'m|'t|'ll|'ve|'re)` at an apostrophe. The long s, U+017F, is an `s` in another case.
fn contraction_of_any_case(text: &[u8], at: usize) -> Option<usize> {
    match text[at..] {
        [b'\'', b's' | b'S' | b'd' | b'D' | b'm' | b'M' | b't' | b'T', ..] => Some(at + 2),
        [b'\'', b'l' | b'L', b'l' | b'L', ..] | [b'\'', b'v' | b'V' | b'r' | b'R', b'e' | b'E', ..] => Some(at + 3),
        [b'\'', 0xc5, 0xbf, ..] => Some(at + 3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::invalid::with_stand_ins;
    use super::super::regex::RegexSplitter;
    use super::super::{NAMED, NamedPattern, Splitter};

    fn scanned(text: &[u8], splitter: &Splitter) -> Vec<usize> {
        let mut ends = Vec::new();
        splitter
            .ends(text, |end| {
                ends.push(end);
                Ok(())
            })
            .unwrap();
        ends
    }

    fn by_regex(text: &[u8], oracle: &RegexSplitter) -> Vec<usize> {
        let (shown, mut position) = with_stand_ins(text);
        let mut ends = Vec::new();
        oracle
            .ends(&shown, |end| {
                ends.push(position(end));
                Ok(())
            })
            .unwrap();
        ends
    }

    /// One generic law for all patterns: a scanner finds the pieces of its regex.
    fn equals_the_regex(texts: impl Iterator<Item = Vec<u8>>) {
        let oracle = |named: &NamedPattern| RegexSplitter::new(named.regex).unwrap();
        let splitter = |named: &NamedPattern| Splitter::new(named.name).unwrap();
        let both: Vec<_> = NAMED.iter().map(|named| (named, splitter(named), oracle(named))).collect();
        for text in texts {
            for (named, splitter, oracle) in &both {
                let found = scanned(&text, splitter);
                assert_eq!(found, by_regex(&text, oracle), "{} on b\"{}\"", named.name, text.escape_ascii());
            }
        }
    }

    /// All strings of so many characters.
    fn strings(characters: &[&'static str], length: u32) -> impl Iterator<Item = Vec<u8>> {
        let characters = characters.to_vec();
        (0..characters.len().pow(length)).map(move |code| {
            let of = |at| characters[code / characters.len().pow(at) % characters.len()];
            (0..length).map(of).collect::<String>().into_bytes()
        })
    }

    #[test]
    fn all_strings_of_four_over_the_classes() {
        let classes = ["a", "B", "'", "1", " ", "\t", "\n", "\r", "\u{2003}", "!", "/", "é", "Ǆ", "中", "\u{301}", "٣"];
        equals_the_regex(strings(&classes, 4));
    }

    #[test]
    fn all_strings_of_six_where_backtracking_hides() {
        equals_the_regex(strings(&["a", "B", "中", "\u{301}", " ", "!"], 6));
        equals_the_regex(strings(&[" ", "\n", "\u{a0}", "a", "!", "/"], 6));
    }

    #[test]
    fn all_strings_of_five_around_an_apostrophe() {
        equals_the_regex(strings(&["'", "s", "L", "l", "v", "E", "ſ", "K", " "], 5));
    }

    #[test]
    fn every_code_point_in_context() {
        let texts = ('\0'..=char::MAX).map(|c| format!("a{c}b {c}{c}\n{c}1 A{c}'{c}s!{c}").into_bytes());
        equals_the_regex(texts.step_by(if cfg!(debug_assertions) { 7 } else { 1 }));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn any_text(text in r"(\PC|\s|[a-zA-Z']|[ \n]){0,60}") {
            equals_the_regex(std::iter::once(text.into_bytes()));
        }

        #[test]
        fn any_bytes(text in proptest::collection::vec(prop_oneof![Just(b'a'), Just(b' '), Just(0xe4u8), Just(0xb8), any::<u8>()], 0..30)) {
            equals_the_regex(std::iter::once(text));
        }
    }
}
