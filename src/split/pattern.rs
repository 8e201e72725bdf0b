//! The named split patterns and where each comes from.

use super::automaton::Automaton;
use super::names;
use super::regex::{self, RegexSplitter, seems_empty};
use super::scan::{BehindSymbols, Digits, Grammar};
use super::steps::{self, Behavior, Step};
use crate::error::{Error, Result};

/// A split pattern known by name.
#[derive(Debug)]
pub struct NamedPattern {
    /// The name used in model files.
    pub name: &'static str,
    /// Other names for it. Those of encodings and models of OpenAI are in `data/datasets.json`.
    pub aliases: &'static [&'static str],
    /// What the names of further models that use it begin with, as the prefixes in `data/datasets.json`.
    pub models: &'static [&'static str],
    /// Who published it, and in which file.
    pub source: &'static str,
    /// The pattern as it is published, in the syntax of backtracking regex engines; or the text of its steps.
    pub regex: &'static str,
    /// Other regexes that cut every text into the same pieces.
    pub(super) spellings: &'static [&'static str],
    /// Its scanner, if there is one.
    pub(super) grammar: Option<Grammar>,
}

/// All named patterns.
///
/// Where they end in `|\s+(?!\S)|\s+`, tiktoken 0.7 and later write `|\s++$|…|\s`. In cl100k that differs for white space with newlines
/// at the very end of a text, so the pieces would depend on where a document ends; the older spelling is the named one.
pub static NAMED: &[NamedPattern] = &[
    // GPT-2, encoder.py (OpenAI, 2019), with its alternatives for contractions folded into one.
    NamedPattern {
        name: "gpt2",
        aliases: &["r50k", "p50k"],
        // gpt2-medium, gpt2-large, gpt2-xl.
        models: &["gpt2-"],
        source: "OpenAI, GPT-2, encoder.py",
        regex: r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        spellings: &[
            // As GPT-2 has it, and tokenizers.
            r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
            // tiktoken since 0.7.
            r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s",
        ],
        grammar: Some(Grammar::GPT2),
    },
    // GPT-3.5 and GPT-4, tiktoken's cl100k_base before 0.7; Llama 3.
    NamedPattern {
        name: "cl100k",
        aliases: &["gpt4", "llama3", "llama3.1", "llama3.2", "llama3.3"],
        // llama_models, llama3/tokenizer.py (Meta, 2024).
        models: &["llama-3-", "llama-3.1-", "llama-3.2-", "llama-3.3-", "meta-llama-3-", "meta-llama-3.1-"],
        source: "OpenAI, tiktoken before 0.7, tiktoken_ext/openai_public.py; Meta, Llama 3, llama3/tokenizer.py",
        regex: concat!(
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}",
            r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
        ),
        spellings: &[concat!(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}",
            r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        )],
        grammar: Some(Grammar::CL100K),
    },
    // GPT-4o and later, tiktoken's o200k_base; Llama 4.
    NamedPattern {
        name: "o200k",
        aliases: &["gpt4o", "llama4"],
        // llama_models, llama4/tokenizer.py (Meta, 2025).
        models: &["llama-4-"],
        source: "OpenAI, tiktoken, tiktoken_ext/openai_public.py; Meta, Llama 4, llama4/tokenizer.py",
        regex: concat!(
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
        spellings: &[],
        grammar: Some(Grammar::O200K),
    },
    // Qwen 1 to 3 (Alibaba, 2023), tokenization_qwen.py.
    NamedPattern {
        name: "qwen",
        aliases: &["qwen1.5", "qwen2", "qwen2.5", "qwen3"],
        // The tokenizer.json of each.
        models: &["qwen1.5-", "qwen2-", "qwen2.5-", "qwen3-"],
        source: "Alibaba, Qwen, tokenization_qwen.py",
        regex: concat!(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}",
            r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
        spellings: &[],
        grammar: Some(Grammar::QWEN),
    },
    // Qwen 3.5 (Alibaba, 2026), tokenizer.json.
    NamedPattern {
        name: "qwen3.5",
        aliases: &[],
        models: &["qwen3.5-"],
        source: "Alibaba, Qwen 3.5, tokenizer.json",
        regex: concat!(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}",
            r"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
        spellings: &[],
        grammar: Some(Grammar::QWEN35),
    },
    // Mistral's tekken (2024), tekken.json.
    NamedPattern {
        name: "tekken",
        aliases: &["mistral-nemo"],
        // mistral_common, tokens/tokenizers/mistral.py.
        models: &["mistral-nemo-", "open-mistral-nemo-", "ministral-", "pixtral-"],
        source: "Mistral AI, tekken.json",
        regex: concat!(
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
            r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
            r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
        spellings: &[],
        grammar: Some(Grammar::TEKKEN),
    },
    // Kimi K2 (Moonshot AI, 2025), tokenization_kimi.py.
    NamedPattern {
        name: "kimi",
        aliases: &["kimi-k2"],
        models: &["kimi-k2-"],
        source: "Moonshot AI, Kimi K2, tokenization_kimi.py",
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
    // Andrej Karpathy (2025): cl100k with numbers of two digits.
    NamedPattern {
        name: "nanochat",
        aliases: &[],
        models: &["nanochat-"],
        source: "Andrej Karpathy, nanochat, nanochat/tokenizer.py",
        regex: concat!(
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}",
            r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
        ),
        spellings: &[],
        grammar: Some(Grammar { digits: Digits::up_to(2), ..Grammar::CL100K }),
    },
    // Z.ai (2024): Llama 3's spelling of cl100k.
    NamedPattern {
        name: "glm4",
        aliases: &["chatglm4", "glm4.5", "glm4.6"],
        models: &["glm-4-", "glm-4.5-", "glm-4.6-"],
        source: "Z.ai, GLM-4, tokenization_chatglm.py",
        regex: concat!(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}",
            r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
        spellings: &[],
        grammar: Some(Grammar::CL100K),
    },
    // Ling and Ring (inclusionAI, 2025): cl100k with single digits.
    NamedPattern {
        name: "bailing",
        aliases: &["bailingmoe", "ling-lite", "ling-plus"],
        models: &["ling-lite-", "ling-plus-"],
        source: "inclusionAI, Ling, tokenizer.json",
        regex: concat!(
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}",
            r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
        ),
        spellings: &[],
        grammar: Some(Grammar::QWEN),
    },
    // ByteDance (2025).
    NamedPattern {
        name: "seed",
        aliases: &["seed-coder"],
        models: &["seed-coder-"],
        source: "ByteDance, Seed-Coder, tokenizer.json",
        regex: concat!(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}",
            r"| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
        spellings: &[],
        grammar: Some(Grammar { behind_symbols: BehindSymbols::Nothing, ..Grammar::QWEN }),
    },
    // BigScience (2022).
    NamedPattern {
        name: "bloom",
        aliases: &["bloomz"],
        models: &["bloom-", "bloomz-"],
        source: "BigScience, BLOOM, tokenizer.json",
        regex: r" ?[^(\s|.,!?…。，、।۔،)]+",
        spellings: &[],
        grammar: None,
    },
    // Hugging Face (2024): a digit at a time, then GPT-2's.
    NamedPattern {
        name: "smollm",
        aliases: &["smollm2"],
        models: &["smollm-", "smollm2-"],
        source: "Hugging Face, SmolLM, tokenizer.json",
        regex: r#"[{"split":"\\p{N}"},{"split":"gpt2"}]"#,
        spellings: &[],
        grammar: None,
    },
    // DeepSeek V3 and R1 (2024).
    NamedPattern {
        name: "deepseek-v3",
        // Models that are distilled from R1 have the patterns of Qwen and Llama.
        aliases: &["deepseek-v3.1", "deepseek-v3.2", "deepseek-r1", "deepseek-r1-zero", "deepseek-r1-0528"],
        models: &["deepseek-v3-", "deepseek-v3.1-", "deepseek-v3.2-"],
        source: "DeepSeek, DeepSeek-V3, tokenizer.json",
        regex: concat!(
            r#"[{"split":"\\p{N}{1,3}"},{"split":"[一-龥぀-ゟ゠-ヿ]+"},"#,
            r##"{"split":"[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"##,
            r#"|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*"#,
            r#"|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}]"#
        ),
        spellings: &[],
        grammar: None,
    },
    // The first DeepSeek Coder (2023); its second version has another one.
    NamedPattern {
        name: "deepseek-coder",
        aliases: &[],
        models: &["deepseek-coder-1.3b-", "deepseek-coder-5.7b", "deepseek-coder-6.7b-", "deepseek-coder-33b-"],
        source: "DeepSeek, DeepSeek Coder, tokenizer.json",
        regex: concat!(
            r#"[{"split":"[\\r\\n]"},{"split":"\\s?\\p{L}+"},{"split":"\\s?\\p{P}+"},"#,
            r#"{"split":"[一-龥ࠀ-一가-퟿]+"},{"split":"\\p{N}"}]"#
        ),
        spellings: &[],
        grammar: None,
    },
    // OpenBMB (2026).
    NamedPattern {
        name: "minicpm5",
        aliases: &[],
        models: &["minicpm5-"],
        source: "OpenBMB, MiniCPM 5, tokenizer.json",
        regex: concat!(
            r#"[{"split":"\\p{N}{1,3}"},{"split":"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}+"#,
            r#"| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}]"#
        ),
        spellings: &[],
        grammar: None,
    },
    // Liu, Hayase and others (2025): numbers in threes from their end.
    NamedPattern {
        name: "superbpe",
        aliases: &[],
        models: &[],
        source: "University of Washington, SuperBPE, tokenizer.json; llama.cpp, src/llama-vocab.cpp",
        regex: r#"[{"split":"\\p{N}+"},{"split":"(?=(\\d{3})+(?!\\d))"}]"#,
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

impl NamedPattern {
    /// The pattern that goes by just this name.
    pub fn of_name(name: &str) -> Option<&'static NamedPattern> {
        NAMED.iter().find(|named| named.name == name)
    }

    /// The pattern that has just this regex, or these steps. What is a spelling of another one is known by its name alone.
    pub fn of_regex(regex: &str) -> Option<&'static NamedPattern> {
        let is_spelling = |regex| NAMED.iter().any(|named| named.spellings.contains(&regex));
        NAMED.iter().find(|named| named.regex == regex && !is_spelling(named.regex))
    }

    /// Its steps, if it has several.
    pub fn steps(&self) -> Option<Vec<Step>> {
        steps::of_text(self.regex)
    }

    /// Whether model files name it where they tell of a step. They tell the regexes of all others.
    fn is_in_steps(&self) -> bool {
        IN_STEPS.contains(&self.name)
    }
}

impl Pattern {
    /// What a user means: the named pattern of a name in any spelling, which may be that of an encoding or model; steps for a list of
    /// steps in JSON; anything else is a regex.
    ///
    /// # Errors
    /// [`Error::UnknownPattern`] for a word: a regex without any operator is hardly meant, more likely a name is misspelled.
    /// `(?:word)` is taken for a regex. [`Error::Pattern`] for an empty text, and for JSON that is not a list of steps.
    pub fn parse(pattern: &str) -> Result<Pattern> {
        if let Some(named) = NamedPattern::of_name(pattern) {
            Ok(Pattern::Named(named))
        } else if let Some(steps) = steps::of_text(pattern) {
            Ok(Pattern::of_steps(steps))
        } else if steps::are_meant(pattern) {
            let message = "it is JSON, but not a list of steps such as [{\"split\": \"\\\\p{N}\"}, {\"split\": \"gpt2\"}]; as a \
                           regex it is written (?:…)";
            Err(Error::Pattern { pattern: regex::shown(pattern), message: message.to_owned() })
        } else if pattern.is_empty() {
            let message = format!("it is empty; there are {}, and any regex", list_of_names());
            Err(Error::Pattern { pattern: String::new(), message })
        } else if is_regex(pattern) {
            Ok(Pattern::Custom(pattern.to_owned()))
        } else if let Some(named) = names::pattern(pattern) {
            Ok(Pattern::Named(named))
        } else {
            Err(Error::UnknownPattern { pattern: pattern.to_owned(), known: list_of_names() })
        }
    }

    /// A regex, even one that looks like a name: it is spelled such that [`Pattern::parse`] takes it for a regex too.
    pub fn of_regex(regex: &str) -> Pattern {
        match Pattern::parse(regex) {
            Ok(Pattern::Custom(regex)) => Pattern::Custom(regex),
            _ => Pattern::Custom(format!("(?:{regex})")),
        }
    }

    /// What a file of another library means by a regex: the named pattern that has just this one, if there is one.
    pub fn of_known_regex(regex: &str) -> Pattern {
        NamedPattern::of_regex(regex).map_or_else(|| Pattern::of_regex(regex), Pattern::Named)
    }

    /// What a model or counts file means: a pattern that it names is that one only as long as their regexes agree, for what counts
    /// is the regex by which the text was split.
    pub fn of_file(name: Option<&str>, regex: &str) -> Pattern {
        match (name.and_then(NamedPattern::of_name), steps::of_text(regex)) {
            (Some(named), _) if named.regex == regex => Pattern::Named(named),
            (_, Some(steps)) => Pattern::of_steps(steps),
            _ => Pattern::of_regex(regex),
        }
    }

    /// The pattern of a single step: a name, spelled just as it is, or a regex.
    pub(crate) fn of_step(pattern: &str) -> Pattern {
        let named = NamedPattern::of_name(pattern).filter(|named| named.is_in_steps());
        named.map_or_else(|| Pattern::Custom(pattern.to_owned()), Pattern::Named)
    }

    /// How a regex is written as the pattern of a step: by the name of the pattern that has just this one, or as it is, even if it
    /// looks like a name.
    pub(crate) fn in_step(regex: String) -> String {
        match NamedPattern::of_name(&regex) {
            Some(_) => format!("(?:{regex})"),
            None => match NamedPattern::of_regex(&regex).filter(|named| named.is_in_steps()) {
                Some(named) => named.name.to_owned(),
                None => regex,
            },
        }
    }

    /// Steps, of which each cuts the pieces of the one before.
    pub fn of_steps(steps: Vec<Step>) -> Pattern {
        let text = steps::to_text(&steps);
        Pattern::Steps(steps, text)
    }

    /// The same, by its name if there is a pattern with just these steps.
    fn of_known_steps(steps: Vec<Step>) -> Pattern {
        match Pattern::of_steps(steps) {
            Pattern::Steps(steps, text) => {
                NamedPattern::of_regex(&text).map_or_else(|| Pattern::Steps(steps, text), Pattern::Named)
            }
            other => other,
        }
    }

    /// The steps, if there are several: of a named pattern too.
    pub fn steps(&self) -> Option<Vec<Step>> {
        match self {
            Pattern::Named(named) => named.steps(),
            Pattern::Custom(_) => None,
            Pattern::Steps(steps, _) => Some(steps.clone()),
        }
    }

    /// The simplest pattern that cuts as these steps do. None at all leave a text whole.
    ///
    /// # Errors
    /// [`Error::Pattern`] for an invalid regex.
    pub fn simplest(steps: Vec<Step>) -> Result<Pattern> {
        let [step] = &steps[..] else {
            return Ok(if steps.is_empty() { Pattern::of_regex(WHOLE) } else { Pattern::of_known_steps(steps) });
        };
        let pattern = Pattern::of_step(&step.pattern);
        let is_simple = match (pattern.grammar(), step.behavior, step.invert) {
            // Named patterns have no gaps, so that to leave out the gaps is to keep all.
            (Some(_), Behavior::Removed, true) => true,
            // As steps, empty matches divide; by itself a regex has none.
            (grammar, Behavior::Isolated, false) => grammar.is_some() || !may_be_empty(pattern.regex())?,
            _ => false,
        };
        Ok(match pattern {
            _ if !is_simple => Pattern::of_steps(steps),
            Pattern::Custom(regex) => Pattern::of_known_regex(&regex),
            named => named,
        })
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

/// The names that a step of a model file may have. Older versions know no others, and would take one for a regex.
const IN_STEPS: [&str; 7] = ["gpt2", "cl100k", "o200k", "qwen", "qwen3.5", "tekken", "kimi"];

/// A regex that takes a text whole.
pub const WHOLE: &str = "(?s:.+)";

/// The characters that mean something else in a regex than themselves. A dot does so too, but not in a version number.
const OPERATORS: [char; 13] = ['\\', '^', '$', '*', '+', '?', '(', ')', '[', ']', '{', '}', '|'];

/// Whether a text can be meant as a regex: it has an operator, or is no word but the likes of `, `.
fn is_regex(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let is_in_word = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|char| char.is_alphanumeric());
    let is_operator = |(at, char): (usize, &char)| match char {
        '.' => !(is_in_word(at.checked_sub(1)) && is_in_word(Some(at + 1))),
        _ => OPERATORS.contains(char),
    };
    chars.iter().enumerate().any(is_operator) || !chars.iter().any(|char| char.is_alphanumeric())
}

/// The names of the named patterns.
fn list_of_names() -> String {
    let mut names: Vec<&str> = NAMED.iter().map(|named| named.name).collect();
    names.sort_unstable();
    names.join(", ")
}

fn named_of(regex: &str) -> Option<&'static NamedPattern> {
    NAMED.iter().find(|named| named.regex == regex || named.spellings.contains(&regex))
}

/// Whether a regex has empty matches. It may be said of one that has none, if no automaton can follow it.
fn may_be_empty(regex: &str) -> Result<bool> {
    match Automaton::new(regex) {
        Ok(automaton) => Ok(automaton.has_empty_matches()),
        Err(_) => RegexSplitter::new(regex).map(|_| seems_empty(regex)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pattern: &str) -> Pattern {
        Pattern::parse(pattern).unwrap()
    }

    #[test]
    fn names_aliases_and_spellings_are_recognised() {
        assert_eq!(parse("gpt4").as_str(), "cl100k");
        assert_eq!(parse("GPT-4o").as_str(), "o200k");
        let spelled = parse(NAMED[1].regex);
        assert_eq!(spelled.as_str(), NAMED[1].regex);
        assert!(matches!(spelled.grammar(), Some(Grammar::CL100K)));
        assert!(matches!(parse(NAMED[1].spellings[0]).grammar(), Some(Grammar::CL100K)));
        assert!(parse(r"\w+").grammar().is_none());
    }

    #[test]
    fn a_word_is_no_regex() {
        for word in ["cl100", "foo", "a", "gpt-4.7", "a.b", "foo bar", "'s", "foo:1", "中", "cl100k\n", " foo"] {
            let error = Pattern::parse(word).unwrap_err();
            assert!(matches!(&error, Error::UnknownPattern { pattern, .. } if pattern == word), "{error}");
            assert!(
                error.to_string().contains("bailing, bloom, cl100k, deepseek-coder, deepseek-v3, glm4, gpt2"),
                "{error}"
            );
            assert_eq!(parse(&format!("(?:{word})")), Pattern::of_regex(word));
        }
        assert!(matches!(Pattern::parse(""), Err(Error::Pattern { .. })));
        for regex in [".", "a.", ".a", "a..", r"\d", "a+", "^a", "(?i)gpt2", "[a]", "a|b", " ", "\n", "--", ", "] {
            assert_eq!(parse(regex), Pattern::Custom(regex.to_owned()));
            assert_eq!(Pattern::of_regex(regex), parse(regex));
        }
    }

    #[test]
    fn parse_takes_back_what_a_file_means() {
        let steps = r#"[{"split":"gpt2"},{"split":"o200k_base"}]"#;
        for (name, regex, expected) in [
            (Some("gpt2"), NAMED[0].regex, "gpt2"),
            (Some("gpt2"), r"\w+", r"\w+"),
            (None, NAMED[0].regex, NAMED[0].regex),
            (None, "o200k_base", "(?:o200k_base)"),
            (None, "gpt2", "(?:gpt2)"),
            (None, "foo", "(?:foo)"),
            (None, "", "(?:)"),
            (None, steps, steps),
        ] {
            let pattern = Pattern::of_file(name, regex);
            assert_eq!(pattern.as_str(), expected);
            assert_eq!(parse(expected), pattern);
        }
    }
}
