//! The three shapes of words.
//!
//! Where letters have case, in o200k's shape, a word is one of
//!
//! ```text
//!  [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+
//! |[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*
//! ```
//!
//! The first alternative ends in lower case, the second one in upper case. Letters without case and marks count as both,
//! which is where backtracking hides: after the capitals of "ABक" the first alternative needs one character that may be
//! lower case, and takes the last of the capitals that can be both.

use super::class::{Class, LOWER, MARK, OTHER, SPACE, UPPER, class_at, run};
use super::grammar::{Grammar, Words};

/// `[^\r\n\p{L}\p{N}]`, what may stand before the letters of a word.
const PREFIX: Class = OTHER | MARK | SPACE;

/// Where the word ends that starts at an offset, if there is one, without its contraction. The class and length are those of the first character,
/// which is no digit.
#[inline(always)]
pub(super) fn word(text: &[u8], at: usize, class: Class, length: usize, grammar: Grammar) -> Option<usize> {
    let letters = grammar.letters();
    match grammar.words {
        _ if class & letters != 0 && grammar.words != Words::PrefixAndCase => Some(run(text, at + length, letters)),
        Words::Blank if text[at] != b' ' => None,
        Words::Prefix if class & PREFIX == 0 => None,
        Words::Blank | Words::Prefix => {
            let (next, next_length) = class_at(text, at + length);
            (next & letters != 0).then(|| run(text, at + length + next_length, letters))
        }
        Words::PrefixAndCase => cased(text, at, class, length, letters & MARK),
    }
}

/// Each alternative is tried with a prefix, then without. `marks` is the class of marks if words have them.
#[inline(always)]
fn cased(text: &[u8], at: usize, class: Class, length: usize, marks: Class) -> Option<usize> {
    if class & PREFIX == 0 {
        return Some(ending_in_lower_case(text, at, marks).unwrap_or_else(|capitals| capitals));
    }
    let after_prefix = at + length;
    match ending_in_lower_case(text, after_prefix, marks) {
        Ok(end) => Some(end),
        // Only a mark can be both the prefix and a part of the word.
        Err(_) if class & marks != 0 => ending_in_lower_case(text, at, marks).ok(),
        Err(capitals) => (capitals > after_prefix).then_some(capitals),
    }
}

/// The capitals and what comes behind them, in lower case; or, if nothing does, where the capitals end.
#[inline(always)]
fn ending_in_lower_case(text: &[u8], at: usize, marks: Class) -> Result<usize, usize> {
    // Letters without case have the bits of both cases.
    let (capital, small) = (UPPER | marks, LOWER | marks);
    let mut end = at;
    // Where the last character ends that can be both.
    let mut either = None;
    loop {
        let (class, length) = class_at(text, end);
        if class & capital == 0 {
            break match (class & LOWER, either) {
                (0, None) => Err(end),
                (0, Some(either)) => Ok(either),
                _ => Ok(run(text, end + length, small)),
            };
        }
        end += length;
        if class & small != 0 {
            either = Some(end);
        }
    }
}
