//! Hand-written scanners for the named patterns.
//!
//! A scanner is a function from a text and the start of a piece to its end. It works on bytes, whether or not they are
//! UTF-8, and reads a text once from left to right: what it sees of a character is its class, one table look-up,
//! and the alternatives of a pattern are tried in their order, each decided by the classes of the first one or two
//! characters. The backtracking that the regexes ask for comes down to one place in each pattern, which says so.
//!
//! That is one character after the other. What is used is the same on 64 bytes at once, in [`window`], which asks these
//! scanners where it cannot tell.
//!
//! The regexes are the truth: see the tests here and those of `tests/python/test_split.py`.

mod cl100k;
mod class;
mod cut;
mod gpt2;
mod o200k;
mod window;

use cl100k::cl100k;
use class::{Class, MARK, NEWLINE, OTHER, SPACE, class_at, run};
pub(super) use cut::safe_cut;
use gpt2::gpt2;
use o200k::o200k;
pub(super) use window::{ENDS, Ends, Level};

/// The scanners there are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Grammar {
    Gpt2,
    Cl100k,
    O200k,
    /// cl100k's with one digit at a time.
    Qwen,
    /// The same with marks for letters.
    Qwen35,
    /// o200k's with one digit at a time and without contractions.
    Tekken,
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
    let White { end, last, .. } = white_run(text, at);
    if end == text.len() || last == at { end } else { last }
}

/// `\s*[\r\n]+|\s+(?!\S)|\s+`: up to the last line end if there is one, else as [`white_space`].
fn white_space_by_lines(text: &[u8], at: usize) -> usize {
    match white_run(text, at) {
        White { lines: Some(lines), .. } => lines,
        White { end, last, .. } if end == text.len() || last == at => end,
        White { last, .. } => last,
    }
}

/// A run of white space.
struct White {
    end: usize,
    /// The start of its last character.
    last: usize,
    /// The end of its last line end.
    lines: Option<usize>,
}

fn white_run(text: &[u8], at: usize) -> White {
    const BLANKS: &[u8; 8] = b"        ";
    let mut white = White { end: at, last: at, lines: None };
    loop {
        // Long runs are of blanks.
        while text[white.end..].starts_with(BLANKS) {
            white.end += BLANKS.len();
            white.last = white.end - 1;
        }
        let (class, length) = class_at(text, white.end);
        if class & WHITE == 0 {
            return white;
        }
        white.last = white.end;
        white.end += length;
        if class & NEWLINE != 0 {
            white.lines = Some(white.end);
        }
    }
}

/// ` ?[^\s\p{L}\p{N}]+`, or what else counts as a symbol: where these end, if there are any.
fn symbols(text: &[u8], at: usize, symbol: Class) -> Option<usize> {
    let start = at + usize::from(text[at] == b' ');
    let end = run(text, start, symbol);
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
mod tests;
