//! What the patterns of GPT-2, GPT-4, GPT-4o and their relatives share, and the parameters in which they differ.

use std::fmt::Write;
use std::num::NonZeroU32;

use super::class::{Class, LETTER, MARK, OTHER};

/// A split pattern of the family that the scanners cover, as its parameters. [`Grammar::regex`] says what they mean.
///
/// The alternatives are tried in this order: contractions before words, words, digits, symbols, white space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Grammar {
    pub(crate) words: Words,
    pub(crate) contractions: Contractions,
    pub(crate) marks: Marks,
    pub(crate) digits: Digits,
    /// Whether digits take a blank before them: ` ?\p{N}+`.
    pub(crate) blank_before_digits: bool,
    pub(crate) behind_symbols: BehindSymbols,
    pub(crate) white: White,
}

/// The shape of a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Words {
    /// GPT-2's: ` ?\p{L}+`.
    Blank,
    /// cl100k's: `[^\r\n\p{L}\p{N}]?\p{L}+`.
    Prefix,
    /// o200k's: the same prefix, but a word ends before a capital that follows a small letter.
    PrefixAndCase,
}

/// Where contractions are pieces, or parts of a piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Contractions {
    None,
    /// `'s|…` is the first alternative.
    Before(Case),
    /// A word takes one contraction behind it: `…(?:'s|…)?`.
    Behind(Case),
}

/// Which letters make a contraction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Case {
    /// `'(?:[sdmt]|ll|ve|re)`.
    Lower,
    /// `'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])`.
    Ascii,
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)`. The long s, U+017F, is an `s` in another case.
    Any,
}

/// What `\p{M}` is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Marks {
    /// Words have `\p{L}`, symbols are `[^\s\p{L}\p{N}]`.
    Symbols,
    /// Words have `[\p{L}\p{M}]`, symbols are `[^\s\p{L}\p{M}\p{N}]`.
    Letters,
    /// Words have `[\p{L}\p{M}]`, symbols are `[^\s\p{L}\p{N}]`: a mark goes with what is before it.
    Both,
}

/// How many digits are a piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Digits {
    /// No alternative has digits, so a run of them is a gap between matches. The pieces are those of `All`.
    None,
    /// `\p{N}{1,k}`.
    UpTo(NonZeroU32),
    /// `\p{N}+`.
    All,
}

/// What symbols take of what is behind them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BehindSymbols {
    Nothing,
    /// `[\r\n]*`.
    Lines,
    /// `[\r\n/]*`.
    LinesAndSlashes,
}

/// How white space is cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum White {
    /// `\s+(?!\S)|\s+`: the last white space before other text is cut off.
    Plain,
    /// `\s*[\r\n]+|\s+(?!\S)|\s+`: a piece ends behind the last line end, too.
    Lines,
    /// `\s++$|\s*[\r\n]+|\s+(?!\S)|\s+`, as tiktoken 0.7 and later write cl100k: the same, but for white space at the very end of
    /// the text, which is one piece.
    LinesUnlessLast,
}

impl Digits {
    /// At most `most` digits.
    ///
    /// # Panics
    /// If `most` is 0.
    pub(crate) const fn up_to(most: u32) -> Digits {
        Digits::UpTo(NonZeroU32::new(most).expect("at least one digit"))
    }
}

impl Grammar {
    pub(crate) const GPT2: Grammar = Grammar {
        words: Words::Blank,
        contractions: Contractions::Before(Case::Lower),
        marks: Marks::Symbols,
        digits: Digits::All,
        blank_before_digits: true,
        behind_symbols: BehindSymbols::Nothing,
        white: White::Plain,
    };

    pub(crate) const CL100K: Grammar = Grammar {
        words: Words::Prefix,
        contractions: Contractions::Before(Case::Any),
        marks: Marks::Symbols,
        digits: Digits::up_to(3),
        blank_before_digits: false,
        behind_symbols: BehindSymbols::Lines,
        white: White::Lines,
    };

    pub(crate) const O200K: Grammar = Grammar {
        words: Words::PrefixAndCase,
        contractions: Contractions::Behind(Case::Any),
        marks: Marks::Both,
        behind_symbols: BehindSymbols::LinesAndSlashes,
        ..Grammar::CL100K
    };

    pub(crate) const QWEN: Grammar = Grammar { digits: Digits::up_to(1), ..Grammar::CL100K };

    pub(crate) const QWEN35: Grammar = Grammar { marks: Marks::Letters, ..Grammar::QWEN };

    pub(crate) const TEKKEN: Grammar =
        Grammar { contractions: Contractions::None, digits: Digits::up_to(1), ..Grammar::O200K };

    /// The regex whose pieces the scanners find, for Python's `regex` and for fancy-regex.
    pub(crate) fn regex(&self) -> String {
        let marks = if self.marks == Marks::Symbols { "" } else { r"\p{M}" };
        let before =
            if let Contractions::Before(case) = self.contractions { case.regex() + "|" } else { String::new() };
        let behind = match self.contractions {
            Contractions::Behind(case) => format!("(?:{})?", case.regex()),
            _ => String::new(),
        };
        let letters = if marks.is_empty() { r"\p{L}".to_owned() } else { format!(r"[\p{{L}}{marks}]") };
        let prefix = r"[^\r\n\p{L}\p{N}]?";
        let words = match self.words {
            Words::Blank => format!(" ?{letters}+{behind}"),
            Words::Prefix => format!("{prefix}{letters}+{behind}"),
            Words::PrefixAndCase => {
                let capital = format!(r"[\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}{marks}]");
                let small = format!(r"[\p{{Ll}}\p{{Lm}}\p{{Lo}}{marks}]");
                format!("{prefix}{capital}*{small}+{behind}|{prefix}{capital}+{small}*{behind}")
            }
        };
        let mut regex = before + &words;
        let blank = if self.digits_take_blank() { " ?" } else { "" };
        match self.digits {
            Digits::None => Ok(()),
            Digits::All => write!(regex, r"|{blank}\p{{N}}+"),
            Digits::UpTo(NonZeroU32::MIN) => write!(regex, r"|{blank}\p{{N}}"),
            Digits::UpTo(most) => write!(regex, r"|{blank}\p{{N}}{{1,{most}}}"),
        }
        .expect("writing to a string");
        regex += match self.marks {
            Marks::Letters => r"| ?[^\s\p{L}\p{M}\p{N}]+",
            Marks::Symbols | Marks::Both => r"| ?[^\s\p{L}\p{N}]+",
        };
        regex += match self.behind_symbols {
            BehindSymbols::Nothing => "",
            BehindSymbols::Lines => r"[\r\n]*",
            BehindSymbols::LinesAndSlashes => r"[\r\n/]*",
        };
        regex += match self.white {
            White::Plain => "",
            White::Lines => r"|\s*[\r\n]+",
            White::LinesUnlessLast => r"|\s++$|\s*[\r\n]+",
        };
        regex + r"|\s+(?!\S)|\s+"
    }

    /// Whether there are digits that take a blank before them.
    #[inline(always)]
    pub(super) fn digits_take_blank(&self) -> bool {
        self.blank_before_digits && self.digits != Digits::None
    }

    /// The classes that words have, but for their prefix.
    #[inline(always)]
    pub(super) fn letters(&self) -> Class {
        if self.marks == Marks::Symbols { LETTER } else { LETTER | MARK }
    }

    /// The classes that are symbols.
    #[inline(always)]
    pub(super) fn symbols(&self) -> Class {
        if self.marks == Marks::Letters { OTHER } else { OTHER | MARK }
    }
}

impl Case {
    fn regex(self) -> String {
        match self {
            Case::Lower => "'(?:[sdmt]|ll|ve|re)",
            Case::Ascii => "'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])",
            Case::Any => "(?i:'s|'t|'re|'ve|'m|'ll|'d)",
        }
        .to_owned()
    }
}
