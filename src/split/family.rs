//! Which member of the scanners' family a pattern is, if it is one: guessed by what it does to a few texts, then proved for all.
//!
//! What counts is the proof that the regex of the guess cuts every text as the pattern does ([`Automaton::equals`]): spellings
//! that mean the same are never told apart, and patterns that differ on any text are never taken for the same.

use super::automaton::Automaton;
use super::scan::Grammar;

/// The member of the family that cuts every text as this pattern does.
pub(super) fn grammar(pattern: &Automaton) -> Option<Grammar> {
    // All members do this, and hardly any other pattern does.
    if ends(pattern, " ab a") != [3, 5] || ends(pattern, " !!") != [3] {
        return None;
    }
    let guess = Grammar::guess(|text| Some(ends(pattern, text)))?;
    (pattern.equals(&guess.regex()) == Some(true)).then_some(guess)
}

fn ends(pattern: &Automaton, text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut push = |found: &[usize]| {
        ends.extend_from_slice(found);
        Ok(())
    };
    pattern.worker().pieces(text.as_bytes(), &mut push).expect("nothing fails");
    ends
}

#[cfg(test)]
mod tests {
    use super::super::scan::{BehindSymbols, Case, Contractions, Digits, Marks, White};
    use super::*;

    fn of(regex: &str) -> Option<Grammar> {
        grammar(&Automaton::new(regex).unwrap())
    }

    /// All values of each parameter with the others as in each of the named patterns.
    fn members() -> Vec<Grammar> {
        let named = [Grammar::GPT2, Grammar::CL100K, Grammar::O200K, Grammar::QWEN, Grammar::QWEN35, Grammar::TEKKEN];
        let mut members = Vec::new();
        for named in named {
            let cases = [Case::Lower, Case::Ascii, Case::Any];
            let contractions = cases.iter().flat_map(|&case| [Contractions::Before(case), Contractions::Behind(case)]);
            members.extend(contractions.map(|contractions| Grammar { contractions, ..named }));
            members.push(Grammar { contractions: Contractions::None, ..named });
            let marks = [Marks::Symbols, Marks::Letters, Marks::Both];
            members.extend(marks.map(|marks| Grammar { marks, ..named }));
            let digits = [Digits::All, Digits::up_to(1), Digits::up_to(2), Digits::up_to(7)];
            members.extend(digits.map(|digits| Grammar { digits, ..named }));
            let behind = [BehindSymbols::Nothing, BehindSymbols::Lines, BehindSymbols::LinesAndSlashes];
            members.extend(behind.map(|behind_symbols| Grammar { behind_symbols, ..named }));
            let white = [White::Plain, White::Lines, White::LinesUnlessLast];
            members.extend(white.map(|white| Grammar { white, ..named }));
            members.push(Grammar { blank_before_digits: !named.blank_before_digits, ..named });
        }
        members
    }

    #[test]
    fn every_member_is_recognised_by_its_regex() {
        let mut not_found = Vec::new();
        for member in members() {
            let found = of(&member.regex());
            // Another one may do the same.
            if found.is_none() {
                not_found.push(member);
            }
        }
        assert!(not_found.is_empty(), "{not_found:#?}");
    }

    #[test]
    fn spellings_that_mean_the_same_are_the_same() {
        let nanochat = Some(Grammar { digits: Digits::up_to(2), ..Grammar::CL100K });
        for (regex, grammar) in [
            (
                r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
                nanochat,
            ),
            (
                r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}++|\p{N}{1,2}+| ?[^\s\p{L}\p{N}]+[\r\n]*+|\s*[\r\n]+|\s+(?!\S)|\s+",
                nanochat,
            ),
            (
                r"'[dDmMsSſtT]|'(?:[lL][lL]|[rRvV][eE])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}\p{N}?| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?=\s|$)|\s+",
                nanochat,
            ),
        ] {
            assert_eq!(of(regex), grammar, "{regex}");
        }
    }

    #[test]
    fn what_differs_on_any_text_is_no_member() {
        for regex in [
            // `\s` alone at the end, a class more, digits and letters, other contractions.
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+",
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]++[\r\n]|\s*[\r\n]|\s+(?!\S)|\s+",
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+[\p{L}\p{N}]+| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
            r"'(?i:[sdmt]|ll|ve)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\d{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
            r"\S+|\s+",
            r"\w+",
            ".",
        ] {
            assert_eq!(of(regex), None, "{regex}");
        }
    }
}
