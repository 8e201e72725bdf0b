//! ```text
//! [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//! |[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//! |\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
//! ```
//!
//! The first alternative is a word that ends in lower case, the second one in upper case. Letters without case and marks
//! count as both, which is where backtracking hides: after the capitals of "ABक" the first alternative needs one
//! character that may be lower case, and takes the last of the capitals that can be both.
//!
//! Its relative, tekken's pattern, takes one digit at a time and knows no contractions.

use super::cl100k::numbers;
use super::class::{Class, LETTER, LOWER, MARK, NUMBER, UPPER, class_at, run};
use super::{PREFIX, SYMBOL, contraction_of_any_case, symbols, white_space_by_lines};

/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`: letters without case have the bits of both cases.
const CAPITAL: Class = UPPER | MARK;
/// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`.
const SMALL: Class = LOWER | MARK;

#[inline]
pub(super) fn o200k<const DIGITS: usize, const CONTRACTIONS: bool>(text: &[u8], at: usize) -> usize {
    let (class, length) = class_at(text, at);
    if class & NUMBER != 0 {
        return numbers::<DIGITS>(text, at);
    }
    if class & (LETTER | PREFIX) != 0
        && let Some(end) = word(text, at, class, length)
    {
        return if CONTRACTIONS { contraction_of_any_case(text, end).unwrap_or(end) } else { end };
    }
    match symbols(text, at, SYMBOL) {
        Some(mut end) => {
            while let Some(b'\r' | b'\n' | b'/') = text.get(end) {
                end += 1;
            }
            end
        }
        None => white_space_by_lines(text, at),
    }
}

/// The first two alternatives without their contraction: each is tried with a prefix, then without.
fn word(text: &[u8], at: usize, class: Class, length: usize) -> Option<usize> {
    if class & PREFIX == 0 {
        return Some(ending_in_lower_case(text, at).unwrap_or_else(|capitals| capitals));
    }
    let after_prefix = at + length;
    match ending_in_lower_case(text, after_prefix) {
        Ok(end) => Some(end),
        // Only a mark can be both the prefix and a part of the word.
        Err(_) if class & MARK != 0 => ending_in_lower_case(text, at).ok(),
        Err(capitals) => (capitals > after_prefix).then_some(capitals),
    }
}

/// `[CAPITAL]*[SMALL]+`; or, if there is none, where the capitals end that are there instead.
fn ending_in_lower_case(text: &[u8], at: usize) -> Result<usize, usize> {
    let mut end = at;
    // Where the last character ends that can be both.
    let mut either = None;
    loop {
        let (class, length) = class_at(text, end);
        if class & CAPITAL == 0 {
            break match (class & LOWER, either) {
                (0, None) => Err(end),
                (0, Some(either)) => Ok(either),
                _ => Ok(run(text, end + length, SMALL)),
            };
        }
        end += length;
        if class & SMALL != 0 {
            either = Some(end);
        }
    }
}
