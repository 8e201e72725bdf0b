//! What all patterns of the family have besides words: contractions, digits, symbols, white space.

use super::class::{Class, NEWLINE, NUMBER, SPACE, class_at, run};
use super::grammar::{BehindSymbols, Case, Digits, Grammar, White};

/// `\s`.
pub(super) const WHITE: Class = SPACE | NEWLINE;

/// Where the contraction ends that is at an offset, if there is one.
#[inline(always)]
pub(super) fn contraction(text: &[u8], at: usize, case: Case) -> Option<usize> {
    match (case, &text[at..]) {
        (_, [b'\'', b's' | b'd' | b'm' | b't', ..]) => Some(at + 2),
        (_, [b'\'', b'l', b'l', ..] | [b'\'', b'v' | b'r', b'e', ..]) => Some(at + 3),
        (Case::Lower, _) => None,
        (_, [b'\'', b'S' | b'D' | b'M' | b'T', ..]) => Some(at + 2),
        (_, [b'\'', b'l' | b'L', b'l' | b'L', ..] | [b'\'', b'v' | b'V' | b'r' | b'R', b'e' | b'E', ..]) => {
            Some(at + 3)
        }
        (Case::Any, [b'\'', 0xc5, 0xbf, ..]) => Some(at + 3),
        _ => None,
    }
}

/// The end of the digits at an offset, of which there is one at least.
#[inline(always)]
pub(super) fn digits(text: &[u8], at: usize, digits: Digits) -> usize {
    let Digits::UpTo(most) = digits else { return run(text, at, NUMBER) };
    let mut end = at;
    for _ in 0..most.get() {
        let (class, length) = class_at(text, end);
        if class & NUMBER == 0 {
            break;
        }
        end += length;
    }
    end
}

/// ` ?[^\s\p{L}\p{N}]+`, or what else counts as a symbol, with what they take of what is behind: where these end, if there
/// are any.
#[inline(always)]
pub(super) fn symbols(text: &[u8], at: usize, grammar: Grammar) -> Option<usize> {
    let start = at + usize::from(text[at] == b' ');
    let mut end = run(text, start, grammar.symbols());
    if end == start {
        return None;
    }
    match grammar.behind_symbols {
        BehindSymbols::Nothing => {}
        BehindSymbols::Lines => end = run(text, end, NEWLINE),
        BehindSymbols::LinesAndSlashes => {
            while let Some(b'\r' | b'\n' | b'/') = text.get(end) {
                end += 1;
            }
        }
    }
    Some(end)
}

/// The end of white space: up to the last line end if that counts and there is one; else all of it at the end of the
/// text, and all but the last character before others, which belongs to what follows, unless it is the only one.
#[inline(always)]
pub(super) fn white_space(text: &[u8], at: usize, white: White) -> usize {
    let run = white_run(text, at);
    let is_last = run.end == text.len();
    match run.lines {
        Some(lines) if white == White::Lines || white == White::LinesUnlessLast && !is_last => lines,
        _ if is_last || run.last == at => run.end,
        _ => run.last,
    }
}

/// A run of white space.
struct Run {
    end: usize,
    /// The start of its last character.
    last: usize,
    /// The end of its last line end.
    lines: Option<usize>,
}

fn white_run(text: &[u8], at: usize) -> Run {
    const BLANKS: &[u8; 8] = b"        ";
    let mut white = Run { end: at, last: at, lines: None };
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
