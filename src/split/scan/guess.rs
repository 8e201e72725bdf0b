//! The parameters of a pattern, seen in how it cuts a few short texts.

use super::grammar::{BehindSymbols, Case, Contractions, Digits, Grammar, Marks, White, Words};

/// Digits in the probe for how many are a piece: more than any pattern has.
const MANY: usize = 1000;

impl Grammar {
    /// The one grammar that a pattern may be equal to: if the pattern is a member of the family, then this one. Whether it
    /// is a member remains to be proved.
    ///
    /// `ends` gives the ends of the pieces of a text, gaps between matches included, or nothing if the pattern fails on it. Since
    /// gaps are pieces, [`Digits::All`] stands for [`Digits::None`], too.
    pub(crate) fn guess(mut ends: impl FnMut(&str) -> Option<Vec<usize>>) -> Option<Grammar> {
        let mut is_whole = |text: &str| Some(ends(text)? == [text.len()]);
        let words = match (is_whole("!a")?, is_whole("aB")?) {
            (false, _) => Words::Blank,
            (true, true) => Words::Prefix,
            (true, false) => Words::PrefixAndCase,
        };
        let marks = match (is_whole("a\u{301}")?, is_whole("!!\u{301}")?) {
            (false, _) => Marks::Symbols,
            (true, false) => Marks::Letters,
            (true, true) => Marks::Both,
        };
        let blank_before_digits = is_whole(" 1")?;
        let behind_symbols = match (is_whole("!\n")?, is_whole("!\n/")?) {
            (false, _) => BehindSymbols::Nothing,
            (true, false) => BehindSymbols::Lines,
            (true, true) => BehindSymbols::LinesAndSlashes,
        };
        let digits = match *ends(&"1".repeat(MANY))?.first()? {
            MANY => Digits::All,
            most => Digits::up_to(u32::try_from(most).ok()?),
        };
        // A line end, then blanks: in other text and at the end.
        let white = match (ends("a\n  b")?.contains(&2), ends("a\n ")?.contains(&2)) {
            (false, _) => White::Plain,
            (true, true) => White::Lines,
            (true, false) => White::LinesUnlessLast,
        };
        // In which cases the letter after an apostrophe is cut off from the next one, and what the apostrophe is cut off from.
        let mut contraction = |letter: &str| {
            let end = 2 + letter.len();
            let ends = ends(&format!("x'{letter}x"))?;
            Some(ends.contains(&end).then_some(if ends[0] == 1 { Contractions::Before } else { Contractions::Behind }))
        };
        let contractions = match (contraction("s")?, contraction("S")?, contraction("ſ")?) {
            (None, ..) => Contractions::None,
            (Some(place), None, _) => place(Case::Lower),
            (Some(place), Some(_), None) => place(Case::Ascii),
            (Some(place), Some(_), Some(_)) => place(Case::Any),
        };
        Some(Grammar { words, contractions, marks, digits, blank_before_digits, behind_symbols, white })
    }
}
