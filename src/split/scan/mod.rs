//! Hand-written scanners for a family of patterns: the named ones and what differs from them in the parameters of a
//! [`Grammar`].
//!
//! A scanner is a function from a text and the start of a piece to its end. It works on bytes, whether or not they are
//! UTF-8, and reads a text once from left to right: what it sees of a character is its class, one table look-up,
//! and the alternatives of a pattern are tried in their order, each decided by the classes of the first one or two
//! characters. The backtracking that the regexes ask for comes down to one place in each shape of words, which says so.
//!
//! That is one character after the other. What is used is the same on 64 bytes at once, in [`window`], which asks these
//! scanners where it cannot tell.
//!
//! The regexes are the truth: see the tests here and those of `tests/python/test_split.py`.

mod class;
mod cut;
mod grammar;
mod guess;
mod parts;
mod window;
mod words;

pub(super) use class::character_beyond_ascii;
pub(super) use cut::safe_cut;
#[allow(unused_imports)]
pub(crate) use grammar::{BehindSymbols, Case, Contractions, Digits, Grammar, Marks, White, Words};
pub(super) use window::{ENDS, Ends, Scanner};

use class::{MARK, NUMBER, OTHER, SPACE, class_at};
use parts::{contraction, digits, symbols, white_space};

/// The end of the piece that starts at an offset.
#[inline(always)]
fn advance(text: &[u8], at: usize, grammar: Grammar) -> usize {
    if let Contractions::Before(case) = grammar.contractions
        && let Some(end) = contraction(text, at, case)
    {
        return end;
    }
    let (class, length) = class_at(text, at);
    if class & NUMBER != 0 {
        return digits(text, at, grammar.digits);
    }
    if class & (grammar.letters() | OTHER | MARK | SPACE) != 0
        && let Some(end) = words::word(text, at, class, length, grammar)
    {
        return match grammar.contractions {
            Contractions::Behind(case) => contraction(text, end, case).unwrap_or(end),
            _ => end,
        };
    }
    if grammar.digits_take_blank() && text[at] == b' ' && class_at(text, at + 1).0 & NUMBER != 0 {
        return digits(text, at + 1, grammar.digits);
    }
    symbols(text, at, grammar).unwrap_or_else(|| white_space(text, at, grammar.white))
}

#[cfg(test)]
mod tests;
