//! The named split patterns and where each comes from.

use super::regex::RegexSplitter;
use super::scan::Grammar;
use super::steps::{self, Behavior, Step};
use crate::error::Result;

/// A split pattern known by name.
#[derive(Debug)]
pub struct NamedPattern {
    /// The name used in model files.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// The pattern as it is published, in the syntax of backtracking regex engines.
    pub regex: &'static str,
    /// Other regexes that cut every text into the same pieces.
    pub(super) spellings: &'static [&'static str],
    /// Its scanner, if there is one.
    pub(super) grammar: Option<Grammar>,
}

/// All named patterns. Every regex ends in `|\s+(?!\S)|\s+`.
///
/// tiktoken 0.7 and later write `|\s++$|…|\s` in the place of these endings. In cl100k that differs for white space with newlines
/// at the very end of a text, so the pieces would depend on where a document ends; the older spelling is the named one.
pub static NAMED: &[NamedPattern] = &[
    // GPT-2, encoder.py (OpenAI, 2019), with its alternatives for contractions folded into one.
    NamedPattern {
        name: "gpt2",
        aliases: &["r50k", "p50k"],
        regex: r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        spellings: &[
            // As GPT-2 has it, and tokenizers.
            r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
            // tiktoken since 0.7.
            r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s",
        ],
        grammar: Some(Grammar::Gpt2),
    },
    // GPT-3.5 and GPT-4, tiktoken's cl100k_base before 0.7; Llama 3.
    NamedPattern {
        name: "cl100k",
        aliases: &["gpt4", "llama3"],
        regex: concat!(
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}",
            r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
        ),
        spellings: &[concat!(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}",
            r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        )],
        grammar: Some(Grammar::Cl100k),
    },
    // GPT-4o and later, tiktoken's o200k_base; Llama 4.
    NamedPattern {
        name: "o200k",
        aliases: &["gpt4o", "llama4"],
        regex: concat!(
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
        spellings: &[],
        grammar: Some(Grammar::O200k),
    },
    // Qwen 1 to 3 (Alibaba, 2023), tokenization_qwen.py.
    NamedPattern {
        name: "qwen",
        aliases: &["qwen2", "qwen3"],
        regex: concat!(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}",
            r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
        spellings: &[],
        grammar: Some(Grammar::Qwen),
    },
    // Qwen 3.5 (Alibaba, 2026), tokenizer.json.
    NamedPattern {
        name: "qwen3.5",
        aliases: &[],
        regex: concat!(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}",
            r"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
        spellings: &[],
        grammar: Some(Grammar::Qwen35),
    },
    // Mistral's tekken (2024), tekken.json.
    NamedPattern {
        name: "tekken",
        aliases: &[],
        regex: concat!(
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
            r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
            r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
        spellings: &[],
        grammar: Some(Grammar::Tekken),
    },
    // Kimi K2 (Moonshot AI, 2025), tokenization_kimi.py.
    NamedPattern {
        name: "kimi",
        aliases: &[],
        regex: concat!(
            r"[\p{Han}]+",
            r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*",
            r"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+",
            r"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
        spellings: &[],
        grammar: None,
    },
];

/// A pattern is known by its name.
impl PartialEq for NamedPattern {
    fn eq(&self, other: &NamedPattern) -> bool {
        self.name == other.name
    }
}

impl Eq for NamedPattern {}

/// A split pattern as the user gave it: a name, a regex that is followed to the letter, or steps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pattern {
    Named(&'static NamedPattern),
    Custom(String),
    /// Several steps, with the text that stands for them.
    Steps(Vec<Step>, String),
}

impl Pattern {
    /// Takes a name or an alias for the named pattern, the text of steps for these, anything else for a regex.
    pub fn parse(pattern: &str) -> Pattern {
        if let Some(named) = NAMED.iter().find(|named| named.name == pattern || named.aliases.contains(&pattern)) {
            Pattern::Named(named)
        } else if let Some(steps) = steps::of_text(pattern) {
            Pattern::of_steps(steps)
        } else {
            Pattern::Custom(pattern.to_owned())
        }
    }

    /// What a file means that tells a regex: the named pattern that has just this one goes by its name.
    pub fn of_regex(regex: &str) -> &str {
        NAMED.iter().find(|named| named.regex == regex).map_or(regex, |named| named.name)
    }

    /// Steps, of which each cuts the pieces of the one before.
    pub fn of_steps(steps: Vec<Step>) -> Pattern {
        let text = steps::to_text(&steps);
        Pattern::Steps(steps, text)
    }

    /// The simplest pattern that cuts as these steps do. None at all leave a text whole.
    ///
    /// # Errors
    /// [`Error::Pattern`](crate::Error::Pattern) for an invalid regex.
    pub fn simplest(steps: Vec<Step>) -> Result<Pattern> {
        let [step] = &steps[..] else {
            return Ok(if steps.is_empty() { Pattern::parse(WHOLE) } else { Pattern::of_steps(steps) });
        };
        let pattern = Pattern::parse(&step.pattern);
        let is_simple = match (pattern.grammar(), step.behavior, step.invert) {
            // Named patterns have no gaps, so that to leave out the gaps is to keep all.
            (Some(_), Behavior::Removed, true) => true,
            // As steps, empty matches divide; by itself a regex has none.
            (grammar, Behavior::Isolated, false) => grammar.is_some() || !may_be_empty(pattern.regex())?,
            _ => false,
        };
        Ok(if is_simple { pattern } else { Pattern::of_steps(steps) })
    }

    /// The same pattern by its name, if a named one cuts every text as it does.
    pub fn canonical(&self) -> &str {
        let named = self.grammar().and_then(|_| named_of(self.regex()));
        named.map_or(self.as_str(), |named| named.name)
    }

    /// The name, or the regex or the text of the steps where there is no name. [`Pattern::parse`] takes it back.
    pub fn as_str(&self) -> &str {
        match self {
            Pattern::Named(named) => named.name,
            Pattern::Custom(text) | Pattern::Steps(_, text) => text,
        }
    }

    /// The regex, or the text of the steps.
    pub fn regex(&self) -> &str {
        match self {
            Pattern::Named(named) => named.regex,
            Pattern::Custom(text) | Pattern::Steps(_, text) => text,
        }
    }

    /// The scanner of the named pattern that cuts every text as this one does: also of a custom pattern that is spelled like it.
    pub(super) fn grammar(&self) -> Option<Grammar> {
        named_of(self.regex())?.grammar
    }
}

/// A regex that takes a text whole.
pub const WHOLE: &str = "(?s:.+)";

fn named_of(regex: &str) -> Option<&'static NamedPattern> {
    NAMED.iter().find(|named| named.regex == regex || named.spellings.contains(&regex))
}

/// Whether a regex has empty matches, as far as short texts show it.
fn may_be_empty(regex: &str) -> Result<bool> {
    let splitter = RegexSplitter::new(regex)?;
    let characters = ["", "a", "B", "1", " ", "\n", "!", "é", "中"];
    let mut texts = characters.iter().flat_map(|one| characters.map(|other| format!("{one}{other}")));
    Ok(texts.any(|text| {
        let (mut start, mut is_empty) = (0, false);
        let segments = splitter.segments(&text, |end, _| {
            is_empty |= end == start;
            start = end;
        });
        is_empty || segments.is_err()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_aliases_and_spellings_are_recognised() {
        assert_eq!(Pattern::parse("gpt4").as_str(), "cl100k");
        let spelled = Pattern::parse(NAMED[1].regex);
        assert_eq!(spelled.as_str(), NAMED[1].regex);
        assert!(matches!(spelled.grammar(), Some(Grammar::Cl100k)));
        assert!(matches!(Pattern::parse(NAMED[1].spellings[0]).grammar(), Some(Grammar::Cl100k)));
        assert!(Pattern::parse(r"\w+").grammar().is_none());
    }
}
