//! Where a text may be cut in two so that the pieces of the parts are the pieces of the whole.

use super::class::{Class, LETTER, NUMBER, OTHER, class_at};
use super::{Grammar, WHITE};

/// The first such place at or after `from`, neither the beginning nor the end of the text.
///
/// Under all named patterns white space begins a piece when what is before it is none, with one exception: line ends after a
/// symbol belong to it. So a text may be cut before a space that follows no white space, and before a line end that
/// follows a letter or digit. Nothing that comes before ever depends on what comes after such a place. A letter or digit
/// after a line end begins a piece, too; but gpt2 lets the line end go with the white space before it only where that
/// ends the text, so that it cannot be cut there.
pub(in super::super) fn safe_cut(text: &[u8], from: usize, grammar: Grammar) -> Option<usize> {
    let from = from.max(1);
    let start = from - 1;
    let mut found = memchr::memchr2_iter(b' ', b'\n', text.get(start..)?).map(|at| start + at);
    found.find_map(|at| {
        let is_line_end = text[at] == b'\n';
        let wanted = |class: Class| if is_line_end { class & WORD != 0 } else { class & WHITE == 0 };
        if at >= from && wanted(class_before(text, at)) {
            return Some(at);
        }
        let is_followed = || class_at(text, at + 1).0 & WORD != 0;
        (is_line_end && !matches!(grammar, Grammar::Gpt2) && is_followed()).then_some(at + 1)
    })
}

/// `[\p{L}\p{N}]`.
const WORD: Class = LETTER | NUMBER;

/// The class of the character that ends at an offset greater than 0.
fn class_before(text: &[u8], end: usize) -> Class {
    let is_first = |byte: u8| !matches!(byte, 0x80..=0xbf);
    let start = (1..=end.min(4)).map(|length| end - length).find(|&start| is_first(text[start]));
    match start.map(|start| (start, class_at(text, start))) {
        Some((start, (class, length))) if start + length == end => class,
        // Not UTF-8.
        _ => OTHER,
    }
}
