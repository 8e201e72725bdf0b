//! The named patterns, through an automaton in linear time.
//!
//! A backtracking engine runs these patterns ten times slower and gives up on a megabyte of spaces, because of the one
//! look-ahead they all end with: `\s+(?!\S)|\s+`. That ending needs no engine: it takes a run of white space whole at
//! the end of the text or if it is one character, and leaves its last character to the next piece otherwise. What comes
//! before it in the pattern is a plain regular expression.

use regex_automata::meta::Regex;
use regex_automata::{Anchored, Input, PatternID};

use super::pattern::NamedPattern;
use crate::error::Result;

/// The pattern in [`NamedSplitter::regex`] that stands for `\s+(?!\S)|\s+`.
const WHITE_SPACE: PatternID = PatternID::new_unchecked(1);

#[derive(Clone)]
pub(super) struct NamedSplitter {
    /// The head of the pattern, then `\s+`: the first that matches wins, as in one alternation.
    regex: Regex,
}

impl NamedSplitter {
    pub(super) fn new(pattern: &NamedPattern) -> NamedSplitter {
        let regex = Regex::new_many(&[pattern.head, r"\s+"]).expect("the named patterns are valid");
        NamedSplitter { regex }
    }

    /// Calls `each` with the end of every piece.
    pub(super) fn ends(&self, text: &str, mut each: impl FnMut(usize) -> Result<()>) -> Result<()> {
        let mut cache = self.regex.create_cache();
        let mut start = 0;
        while start < text.len() {
            let input = Input::new(text).range(start..).anchored(Anchored::Yes);
            let found = self.regex.search_half_with(&mut cache, &input).expect("the patterns match at every character");
            let mut end = found.offset();
            if found.pattern() == WHITE_SPACE && end < text.len() {
                let last = text[start..end].chars().next_back().expect("a match is not empty");
                if end - start > last.len_utf8() {
                    end -= last.len_utf8();
                }
            }
            each(end)?;
            start = end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::pattern::NAMED;
    use super::super::regex::RegexSplitter;
    use super::*;
    use proptest::prelude::*;

    fn ends(run: impl FnOnce(&mut dyn FnMut(usize) -> Result<()>) -> Result<()>) -> Vec<usize> {
        let mut ends = Vec::new();
        run(&mut |end| {
            ends.push(end);
            Ok(())
        })
        .unwrap();
        ends
    }

    /// One generic law: the automaton equals the published regex in a backtracking engine.
    fn equals_the_regex(text: &str) {
        for pattern in NAMED {
            let oracle = RegexSplitter::new(pattern.regex).unwrap();
            let splitter = NamedSplitter::new(pattern);
            let found = ends(|each| splitter.ends(text, each));
            assert_eq!(found, ends(|each| oracle.ends(text, each)), "{} on {text:?}", pattern.name);
        }
    }

    #[test]
    fn equals_the_regex_on_all_short_texts_over_the_classes() {
        let classes = ["a", "B", "'", "s", "1", " ", "\n", "\r", "\u{a0}", "!", "/", "é", "ſ", "中", "\u{301}"];
        let splitters: Vec<_> = NAMED
            .iter()
            .map(|pattern| (pattern, RegexSplitter::new(pattern.regex).unwrap(), NamedSplitter::new(pattern)))
            .collect();
        for code in 0..classes.len().pow(4) {
            let text: String = (0..4).map(|at| classes[code / classes.len().pow(at) % classes.len()]).collect();
            for (pattern, oracle, splitter) in &splitters {
                let found = ends(|each| splitter.ends(&text, each));
                assert_eq!(found, ends(|each| oracle.ends(&text, each)), "{} on {text:?}", pattern.name);
            }
        }
    }

    proptest! {
        #[test]
        fn equals_the_regex_on_any_text(text in r"(\PC|\s|[a-zA-Z']){0,40}") {
            equals_the_regex(&text);
        }
    }
}
