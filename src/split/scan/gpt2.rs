//! `'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

use super::class::{LETTER, NUMBER, class_at, run};
use super::{SYMBOL, contraction, white_space};

#[inline]
pub(super) fn gpt2(text: &[u8], at: usize) -> usize {
    if let Some(end) = contraction(text, at) {
        return end;
    }
    let start = at + usize::from(text[at] == b' ');
    let (class, _) = class_at(text, start);
    for classes in [LETTER, NUMBER, SYMBOL] {
        if class & classes != 0 {
            return run(text, start, classes);
        }
    }
    white_space(text, at)
}
