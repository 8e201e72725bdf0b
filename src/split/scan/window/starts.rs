//! The rules of the patterns on masks: which bytes of a window start a piece.
//!
//! Each rule looks at runs, the longest stretches of bytes of one kind. That of letters, for example: `L & !(L << 1)` are
//! the first bytes of runs of letters, and each starts a piece unless the character before belongs to it. `x + m`, where
//! the bits of `x` are first bytes of runs of `m`, carries through these runs to the first byte behind each.

use super::super::class::{Class, LETTER, LOWER, MARK, NEWLINE, NUMBER, OTHER, SPACE, UPPER};
use super::super::grammar::{BehindSymbols, Case, Contractions, Digits, Grammar, Marks, White, Words};
use super::super::parts::contraction;
use super::lanes::{APOSTROPHE, BLANK, SLASH, TAIL};

/// A window: 64 bytes of the text from `at`, with a bit for each in every mask.
///
/// The first byte starts a piece, or is inside a run of letters, numbers or symbols that goes on from before.
pub(super) struct Window<'t> {
    pub(super) text: &'t [u8],
    pub(super) at: usize,
    /// The masks of the bits of classes.
    pub(super) masks: [u64; 8],
    /// 1 if the first byte starts no piece, else 0.
    pub(super) inside: u64,
    /// The last byte of the window or, if it is in the window, of the text.
    pub(super) last: u64,
    /// The end of the text, if it is in the window.
    pub(super) end: u64,
}

/// What a window shows.
pub(super) struct Found {
    /// Starts of pieces behind the first byte. There may be more behind the last of these, but not between them.
    pub(super) starts: u64,
    /// If there are no starts: the window is all one piece, and its last byte is inside a run as the first may be.
    pub(super) goes_on: bool,
    /// Places that no rule covers; `starts` ends before them.
    pub(super) hard: u64,
}

/// The starts of pieces in a window.
///
/// Where marks are letters and symbols, those after symbols are symbols too, unless there is but one symbol, that is a prefix.
/// Where words have case, one is cut before capitals that follow lower case. Hard are capitals after a character that counts
/// as both cases, which is where backtracking hides.
#[inline(always)]
pub(super) fn find(window: &Window, grammar: Grammar) -> Found {
    let (upper, lower) = (window.letters(UPPER), window.letters(LOWER));
    let (mut marks, other) = (window.of(MARK), window.of(OTHER));
    let behind_blank = window.both(BLANK) << 1;
    let mut symbols = other;
    if grammar.marks == Marks::Symbols {
        symbols |= marks;
        marks = 0;
    }
    let (words, symbol_starts, taken, behind) = loop {
        let words = upper | lower | marks;
        let (taken, behind) = match grammar.behind_symbols {
            BehindSymbols::Nothing => (0, 0),
            BehindSymbols::Lines => window.taken(symbols, window.of(NEWLINE)),
            BehindSymbols::LinesAndSlashes => window.taken(symbols, window.of(NEWLINE) | window.both(SLASH)),
        };
        let mut symbol_starts = first(symbols, window.inside) & !behind_blank;
        if grammar.behind_symbols == BehindSymbols::LinesAndSlashes {
            symbol_starts = symbol_starts & !taken | behind & symbols;
        }
        if grammar.marks != Marks::Both {
            break (words, symbol_starts, taken, behind);
        }
        let mut symbols_before = (symbols & !taken) << 1;
        if grammar.words != Words::Blank {
            symbols_before &= !window.next(symbol_starts);
        }
        let marks_of_symbols = marks & first(words, window.inside) & symbols_before;
        if marks_of_symbols == 0 {
            break (words, symbol_starts, taken, behind);
        }
        // What is behind the first of these may depend on it.
        let first = marks_of_symbols & marks_of_symbols.wrapping_neg();
        let run = marks & !marks.wrapping_add(first);
        marks &= !run;
        symbols |= run;
    };
    let mut starts = window.end | symbol_starts;
    starts |= match grammar.words {
        Words::Blank => first(words, 0) & !behind_blank,
        Words::Prefix | Words::PrefixAndCase => window.words(words, symbol_starts),
    };
    let mut hard = 0;
    if grammar.words == Words::PrefixAndCase {
        let either = upper & lower | marks;
        starts |= upper & !lower & (lower & !either) << 1;
        hard = upper & !lower & either << 1;
    }
    let digits = window.digits(grammar.digits);
    starts |= if grammar.digits_take_blank() { digits & !behind_blank } else { digits };
    starts |= match grammar.white {
        White::Plain => window.white(taken, behind),
        White::Lines => window.white_by_lines(taken, behind, false),
        White::LinesUnlessLast => window.white_by_lines(taken, behind, true),
    };
    match grammar.contractions {
        Contractions::None => {}
        Contractions::Before(case) => {
            let apostrophes = symbol_starts & window.both(APOSTROPHE) & (upper | lower) >> 1;
            starts = window.contractions_before(starts, apostrophes, case);
        }
        Contractions::Behind(case) => {
            let apostrophes = window.both(APOSTROPHE) & words << 1;
            (starts, hard) = window.contractions_behind(starts, hard, apostrophes, case);
        }
    }
    // Of marks that are symbols the next window would not know it.
    let mut runs = if grammar.marks == Marks::Both { words | other } else { words | symbols };
    if grammar.behind_symbols == BehindSymbols::LinesAndSlashes {
        runs &= !taken;
    }
    if !matches!(grammar.digits, Digits::UpTo(_)) {
        runs |= window.of(NUMBER);
    }
    window.found(starts, runs, hard)
}

/// The first bytes of runs; `inside` is 1 if the run of the first byte goes on from before.
#[inline(always)]
fn first(run: u64, inside: u64) -> u64 {
    run & !(run << 1 | inside)
}

impl Window<'_> {
    /// The bytes that have this bit.
    #[inline(always)]
    fn of(&self, class: Class) -> u64 {
        self.masks[class.ilog2() as usize]
    }

    /// The letters with this bit of `LETTER`, which means something else with spaces and symbols.
    #[inline(always)]
    fn letters(&self, case: Class) -> u64 {
        self.of(case) & !(self.of(SPACE) | self.of(OTHER))
    }

    /// The bytes that have both bits.
    #[inline(always)]
    fn both(&self, classes: Class) -> u64 {
        self.of(classes & LETTER) & self.of(classes & !LETTER)
    }

    /// The bit of an offset, if it is in the window.
    #[inline(always)]
    fn place(&self, offset: usize) -> u64 {
        1u64.checked_shl((offset - self.at) as u32).unwrap_or(0)
    }

    /// The first bytes of the characters behind those whose first bytes are given.
    #[inline(always)]
    fn next(&self, characters: u64) -> u64 {
        let tails = self.of(TAIL);
        tails.wrapping_add(characters << 1) & !tails
    }

    /// Starts of `[^\r\n\p{L}\p{N}]?LETTERS`: a word starts at its first letter unless the character before is a prefix,
    /// which any white space on this line is, and a symbol that is all of a piece otherwise.
    #[inline(always)]
    fn words(&self, letters: u64, symbol_starts: u64) -> u64 {
        first(letters, 0) & !(self.of(SPACE) << 1) & !self.next(symbol_starts)
    }

    /// Starts of digits, but for a blank before them.
    #[inline(always)]
    fn digits(&self, digits: Digits) -> u64 {
        let numbers = self.of(NUMBER);
        let Digits::UpTo(most) = digits else { return first(numbers, 0) };
        let most = most.get();
        if most == 1 {
            return numbers & !self.of(TAIL);
        }
        let mut starts = first(numbers, 0);
        let three = numbers & numbers >> 1 & numbers >> 2;
        if (if most == 2 { three } else { three & numbers >> 3 }) != 0 {
            let mut last = starts;
            while last != 0 {
                for _ in 0..most.min(64) {
                    last = self.next(last) & numbers;
                }
                starts |= last;
            }
        }
        starts
    }

    /// What symbols take of what follows them, `[\r\n]*` or `[\r\n/]*`: the bytes, and the first ones behind.
    #[inline(always)]
    fn taken(&self, symbols: u64, may_follow: u64) -> (u64, u64) {
        let first = self.of(NEWLINE) & symbols << 1;
        let carried = may_follow.wrapping_add(first);
        (may_follow & !carried | first, carried & !may_follow)
    }

    /// Starts of `\s+(?!\S)|\s+`, but for what symbols have taken; `behind` is the first bytes behind that.
    #[inline(always)]
    fn white(&self, taken: u64, behind: u64) -> u64 {
        let spaces = self.of(SPACE);
        let white = spaces | self.of(NEWLINE);
        first(white, 0) & !taken | behind & spaces | self.last_of_white(white & !taken, white)
    }

    /// Starts of `\s*[\r\n]+|\s+(?!\S)|\s+`, but for what symbols have taken. `unless_last` if white space at the end of the text
    /// is not divided.
    #[inline(always)]
    fn white_by_lines(&self, taken: u64, behind: u64, unless_last: bool) -> u64 {
        let (spaces, lines) = (self.of(SPACE), self.of(NEWLINE));
        let white = spaces | lines;
        // After the last line end of the white space. That is unknown of spaces that reach the end of the window.
        let mut indents = first(spaces, 0) & lines << 1;
        let mut followed_by_line = spaces.wrapping_add(indents) & !spaces & lines;
        while followed_by_line != 0 {
            let before = followed_by_line & followed_by_line.wrapping_neg();
            let run = (before - 1) & !spaces;
            indents &= !(1u64.checked_shl(64 - run.leading_zeros()).unwrap_or(0));
            followed_by_line &= followed_by_line - 1;
        }
        let unknown = if unless_last { white | !(self.last | (self.last - 1)) } else { spaces };
        indents &= u64::MAX.checked_shr(unknown.leading_ones()).unwrap_or(0);
        first(white, 0) & !taken | behind & spaces | indents | self.last_of_white(spaces, white)
    }

    /// Contractions that are pieces: their ends are starts, and there are none inside.
    #[inline(always)]
    fn contractions_before(&self, mut starts: u64, mut apostrophes: u64, case: Case) -> u64 {
        while apostrophes != 0 {
            let place = apostrophes.trailing_zeros();
            if let Some(end) = contraction(self.text, self.at + place as usize, case) {
                let after = self.place(end);
                starts = starts & !after.wrapping_sub(2 << place) | after;
            }
            apostrophes &= apostrophes - 1;
        }
        starts
    }

    /// Contractions behind words: no piece starts in them, and one behind them. Gives the starts and the hard places.
    #[inline(always)]
    fn contractions_behind(&self, mut starts: u64, mut hard: u64, mut apostrophes: u64, case: Case) -> (u64, u64) {
        let mut end_of_last = 0;
        while apostrophes != 0 {
            let place = apostrophes.trailing_zeros();
            let at = self.at + place as usize;
            // A word has one contraction at most.
            if at != end_of_last
                && let Some(end) = contraction(self.text, at, case)
            {
                let after = self.place(end);
                starts = starts & !after.wrapping_sub(1 << place) | after;
                if after == 0 {
                    // A window that starts inside the contraction would not see its end.
                    hard |= 1 << 63;
                }
                end_of_last = end;
            }
            apostrophes &= apostrophes - 1;
        }
        (starts, hard)
    }

    /// The first bytes of the characters that are the last of white space, and of these kinds: they belong to what
    /// follows. There are none at the end of the text, and nothing is known at the end of a window.
    #[inline(always)]
    fn last_of_white(&self, kinds: u64, white: u64) -> u64 {
        let tails = self.of(TAIL);
        let mut last = kinds & !(white >> 1) & !self.last;
        // No white space has more than three bytes.
        for _ in 0..2 {
            last = last & !tails | (last & tails) >> 1;
        }
        last
    }

    /// `runs` are the kinds of bytes that a piece can be of that is longer than a window.
    #[inline(always)]
    fn found(&self, starts: u64, runs: u64, hard: u64) -> Found {
        // All if nothing is hard.
        let before = hard.wrapping_sub(1) & !hard;
        Found { starts: starts & before & !1, goes_on: runs >> 63 == 1 && hard == 0, hard }
    }
}
