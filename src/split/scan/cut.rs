//! Where a text may be cut in two so that the pieces of the parts are the pieces of the whole.

use super::class::{Class, LETTER, NEWLINE, NUMBER, OTHER, SPACE, class_at};
use super::grammar::{BehindSymbols, Grammar, White};
use super::parts::WHITE;

/// The first such place at or after `from` that is known by the characters on both sides of it; neither the beginning nor
/// the end of the text.
///
/// # Complexity
/// Linear in the distance: as fast as memory where there is no place in a long run of letters, digits or symbols of ASCII,
/// or of blanks; at 1 GB/s in one of other letters.
pub(in super::super) fn safe_cut(text: &[u8], from: usize, grammar: Grammar) -> Option<usize> {
    let mut at = from.max(1);
    at += text.get(at..)?.iter().position(|&byte| !is_inside(byte))?;
    let mut before = class_before(text, at);
    loop {
        let (class, length) = class_at(text, at);
        let byte = *text.get(at)?;
        // What is not UTF-8 so far may be a character of any class when more text comes.
        let is_known = byte < 0x80 || class & OTHER == 0 || at + length < text.len();
        if is_known && !is_inside(byte) && is_place(before, class, byte, grammar) {
            return Some(at);
        }
        at = alike(text, at + length);
        before = class;
    }
}

/// Whether a piece begins between characters of these classes, and nothing before ever depends on what comes after. `next` is
/// the first byte of the second character.
fn is_place(before: Class, after: Class, next: u8, grammar: Grammar) -> bool {
    let takes_lines = grammar.behind_symbols != BehindSymbols::Nothing;
    let takes_slashes = grammar.behind_symbols == BehindSymbols::LinesAndSlashes;
    if before & WHITE != 0 {
        // White space goes on, or a space belongs to what follows; but all line ends are taken by what is before them,
        // perhaps with slashes. Where line ends are like other white space, the last one before other text is a piece of
        // its own, and would not be at the end of a text.
        let lines_end = grammar.white != White::Plain;
        before & NEWLINE != 0 && after & WHITE == 0 && lines_end && !(next == b'/' && takes_slashes)
    } else if after & SPACE != 0 {
        true
    } else if after & NEWLINE != 0 {
        // Line ends after a symbol may belong to it, and after a mark too.
        before & WORD != 0 || !takes_lines
    } else if (before ^ after) & NUMBER != 0 {
        true
    } else {
        // What may go on with a letter: letters, marks, and contractions.
        before & LETTER != 0 && after & OTHER != 0 && next != b'\''
    }
}

/// `[\p{L}\p{N}]`.
const WORD: Class = LETTER | NUMBER;

/// Where a long run ends, at least almost, in which there is no place: of letters, digits or symbols of ASCII, or of the
/// byte before it.
fn alike(text: &[u8], mut at: usize) -> usize {
    let byte = text[at - 1];
    if !byte.is_ascii() {
        return at;
    }
    while let Some(chunk) = text[at..].first_chunk() {
        let is_alike = match byte {
            b'a'..=b'z' | b'A'..=b'Z' => all(chunk, |byte| byte.is_ascii_alphabetic()),
            b'0'..=b'9' => all(chunk, |byte| byte.is_ascii_digit()),
            _ if byte.is_ascii_punctuation() => all(chunk, |byte| byte.is_ascii_punctuation()),
            _ => all(chunk, |other| other == byte),
        };
        if !is_alike {
            break;
        }
        at += chunk.len();
    }
    at
}

/// Without a way out of the loop, so that the compiler looks at many bytes at once.
fn all(chunk: &[u8; 64], is: impl Fn(u8) -> bool) -> bool {
    chunk.iter().fold(true, |all, &byte| all & is(byte))
}

/// Whether this byte is one that goes on with a character.
fn is_inside(byte: u8) -> bool {
    matches!(byte, 0x80..=0xbf)
}

/// The class of the character that ends at an offset greater than 0.
fn class_before(text: &[u8], end: usize) -> Class {
    let start = (1..=end.min(4)).map(|length| end - length).find(|&start| !is_inside(text[start]));
    match start.map(|start| (start, class_at(text, start))) {
        Some((start, (class, length))) if start + length == end => class,
        // Not UTF-8.
        _ => OTHER,
    }
}
