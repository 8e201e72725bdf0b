//! `'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`

use super::class::{LETTER, NEWLINE, NUMBER, class_at, run};
use super::{PREFIX, contraction_of_any_case, symbols, white_space_by_lines};

#[inline]
pub(super) fn cl100k(text: &[u8], at: usize) -> usize {
    if let Some(end) = contraction_of_any_case(text, at) {
        return end;
    }
    let (class, length) = class_at(text, at);
    if class & LETTER != 0 {
        return run(text, at + length, LETTER);
    }
    if class & NUMBER != 0 {
        return numbers(text, at);
    }
    if class & PREFIX != 0 {
        let (next, next_length) = class_at(text, at + length);
        if next & LETTER != 0 {
            return run(text, at + length + next_length, LETTER);
        }
    }
    match symbols(text, at) {
        Some(end) => run(text, end, NEWLINE),
        None => white_space_by_lines(text, at),
    }
}

/// `\p{N}{1,3}`.
pub(super) fn numbers(text: &[u8], at: usize) -> usize {
    (0..3).fold(at, |end, _| match class_at(text, end) {
        (class, length) if class & NUMBER != 0 => end + length,
        _ => end,
    })
}
