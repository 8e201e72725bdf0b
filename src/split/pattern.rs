//! The named split patterns and where each comes from.

use super::scan::Grammar;

/// A split pattern known by name.
#[derive(Debug)]
pub struct NamedPattern {
    /// The name used in model files.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// The pattern as it is published, in the syntax of backtracking regex engines.
    pub regex: &'static str,
    /// Its scanner.
    pub(super) grammar: Grammar,
}

/// All named patterns. Every regex ends in `|\s+(?!\S)|\s+`.
///
/// tiktoken 0.7 and later write `|\s++$|…|\s` in the place of these endings. That differs for white space with newlines
/// at the very end of a text, so the pieces would depend on where a document ends; the older spelling is the named one.
pub static NAMED: &[NamedPattern] = &[
    // GPT-2, encoder.py (OpenAI, 2019), with its alternatives for contractions folded into one.
    NamedPattern {
        name: "gpt2",
        aliases: &["r50k", "p50k"],
        regex: r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        grammar: Grammar::Gpt2,
    },
    // GPT-3.5 and GPT-4, tiktoken's cl100k_base before 0.7.
    NamedPattern {
        name: "cl100k",
        aliases: &["gpt4"],
        regex: concat!(
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}",
            r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
        ),
        grammar: Grammar::Cl100k,
    },
    // GPT-4o and later, tiktoken's o200k_base.
    NamedPattern {
        name: "o200k",
        aliases: &["gpt4o"],
        regex: concat!(
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
        grammar: Grammar::O200k,
    },
];

/// A pattern is known by its name.
impl PartialEq for NamedPattern {
    fn eq(&self, other: &NamedPattern) -> bool {
        self.name == other.name
    }
}

impl Eq for NamedPattern {}

/// A split pattern as the user gave it: a name, or a regex that is followed to the letter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pattern {
    Named(&'static NamedPattern),
    Custom(String),
}

impl Pattern {
    /// Takes a name or an alias for the named pattern, anything else for a regex.
    pub fn parse(pattern: &str) -> Pattern {
        match NAMED.iter().find(|named| named.name == pattern || named.aliases.contains(&pattern)) {
            Some(named) => Pattern::Named(named),
            None => Pattern::Custom(pattern.to_owned()),
        }
    }

    /// The name, or the regex where there is no name. [`Pattern::parse`] takes it back.
    pub fn as_str(&self) -> &str {
        match self {
            Pattern::Named(named) => named.name,
            Pattern::Custom(regex) => regex,
        }
    }

    /// The regex.
    pub fn regex(&self) -> &str {
        match self {
            Pattern::Named(named) => named.regex,
            Pattern::Custom(regex) => regex,
        }
    }

    /// The named pattern whose grammar this is: also of a custom pattern that is spelled just like it.
    pub(super) fn grammar(&self) -> Option<&'static NamedPattern> {
        NAMED.iter().find(|named| named.regex == self.regex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_aliases_and_spellings_are_recognised() {
        assert_eq!(Pattern::parse("gpt4").as_str(), "cl100k");
        let spelled = Pattern::parse(NAMED[1].regex);
        assert_eq!(spelled.as_str(), NAMED[1].regex);
        assert_eq!(spelled.grammar(), Some(&NAMED[1]));
        assert_eq!(Pattern::parse(r"\w+").grammar(), None);
    }
}
