//! `'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`
//!
//! Its relatives take fewer digits at a time, or `\p{M}` for letters.

use super::class::{LETTER, MARK, NEWLINE, NUMBER, class_at, run};
use super::{PREFIX, SYMBOL, contraction_of_any_case, symbols, white_space_by_lines};

#[inline]
pub(super) fn cl100k<const DIGITS: usize, const MARKS: bool>(text: &[u8], at: usize) -> usize {
    let (letters, symbol) = if MARKS { (LETTER | MARK, SYMBOL & !MARK) } else { (LETTER, SYMBOL) };
    if let Some(end) = contraction_of_any_case(text, at) {
        return end;
    }
    let (class, length) = class_at(text, at);
    if class & letters != 0 {
        return run(text, at + length, letters);
    }
    if class & NUMBER != 0 {
        return numbers::<DIGITS>(text, at);
    }
    if class & PREFIX != 0 {
        let (next, next_length) = class_at(text, at + length);
        if next & letters != 0 {
            return run(text, at + length + next_length, letters);
        }
    }
    match symbols(text, at, symbol) {
        Some(end) => run(text, end, NEWLINE),
        None => white_space_by_lines(text, at),
    }
}

/// `\p{N}{1,DIGITS}`.
pub(super) fn numbers<const DIGITS: usize>(text: &[u8], at: usize) -> usize {
    (0..DIGITS).fold(at, |end, _| match class_at(text, end) {
        (class, length) if class & NUMBER != 0 => end + length,
        _ => end,
    })
}
