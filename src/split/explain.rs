//! What a split pattern becomes: the splitter that was chosen, and why.

use std::num::NonZeroU32;

use super::regex::constructs;
use super::scan::{BehindSymbols, Case, Contractions, Digits, Grammar, Marks, White, Words};
use super::{Behavior, Engine, NAMED, NamedPattern, Pattern, Splitter};
use crate::error::Result;

/// What a [`Splitter`] does, for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// The name, the regex or the text of the steps.
    pub pattern: String,
    /// `family`: the scanner of the published patterns, 64 bytes at once. `automaton`: two passes over the text. `backtracking`: a
    /// regex library. `steps`: one after the other, each as told in [`Explanation::steps`].
    pub engine: &'static str,
    /// Whether any text is split in time proportional to its length.
    pub linear: bool,
    /// Whether places are known where a long text may be cut for several threads, see [`Splitter::safe_cut`].
    pub parallel: bool,
    /// What else there is to say, by what it is about.
    pub details: Vec<(String, String)>,
    /// Of each step, where there are several.
    pub steps: Vec<Explanation>,
}

impl Splitter {
    /// What became of the pattern.
    ///
    /// # Errors
    /// As [`Splitter::of`].
    ///
    /// # Examples
    /// ```
    /// let explanation = pairwright::Splitter::new("cl100k")?.explain()?;
    /// assert_eq!(explanation.engine, "family");
    /// assert!(explanation.linear && explanation.parallel);
    /// # Ok::<(), pairwright::Error>(())
    /// ```
    pub fn explain(&self) -> Result<Explanation> {
        let mut details = Vec::new();
        let mut tell = |about: &str, what: String| details.push((about.to_owned(), what));
        let mut steps = Vec::new();
        let engine = match &self.engine {
            Engine::Scan(scanner) => {
                let grammar = scanner.grammar();
                let known = NAMED.iter().find(|named| named.grammar == Some(grammar));
                tell("why", known.map_or_else(|| "it is of the family of cl100k".to_owned(), same_as));
                tell("equal to", grammar.regex());
                for (about, what) in parameters(grammar) {
                    tell(about, what);
                }
                "family"
            }
            Engine::Automaton(automaton) => {
                tell("why", "no member of the family of cl100k cuts every text as it does".to_owned());
                for (about, what) in automaton.explain() {
                    tell(about, what);
                }
                "automaton"
            }
            Engine::Regex(_) => {
                tell("why", "it has what no automaton can follow".to_owned());
                let found = constructs(self.pattern.regex());
                if !found.is_empty() {
                    tell("needs backtracking", found.join("\n"));
                }
                tell("limit", "a text on which it backtracks too often is a SplitError".to_owned());
                "backtracking"
            }
            Engine::Steps(_) => {
                for step in self.pattern.steps().unwrap_or_default() {
                    let mut told = Splitter::of(Pattern::of_step(&step.pattern))?.explain()?;
                    if step.behavior != Behavior::Isolated {
                        told.details.push(("behavior".to_owned(), step.behavior.name().to_owned()));
                    }
                    if step.invert {
                        told.details.push(("invert".to_owned(), "true".to_owned()));
                    }
                    steps.push(told);
                }
                tell("why", format!("it has {} steps, each of which cuts the pieces of the one before", steps.len()));
                "steps"
            }
        };
        let pattern = self.pattern.as_str().to_owned();
        let (linear, parallel) = (self.is_linear(), self.knows_cuts());
        Ok(Explanation { pattern, engine, linear, parallel, details, steps })
    }
}

fn same_as(named: &NamedPattern) -> String {
    format!("it cuts every text as {} does", named.name)
}

/// The parameters of a scanner, in words.
fn parameters(grammar: Grammar) -> [(&'static str, String); 7] {
    let letters = |case| match case {
        Case::Lower => "in small letters",
        Case::Ascii => "in letters of any case",
        Case::Any => "in letters of any case, ſ as s",
    };
    let contractions = match grammar.contractions {
        Contractions::None => "none".to_owned(),
        Contractions::Before(case) => format!("pieces of their own, {}", letters(case)),
        Contractions::Behind(case) => format!("with the word before them, {}", letters(case)),
    };
    let words = match grammar.words {
        Words::Blank => "letters, and a space before them",
        Words::Prefix => "letters, and one character before them that is neither letter, number nor line end",
        Words::PrefixAndCase => {
            "letters, and one character before them that is neither letter, number nor line end; a capital after small letters \
             begins another one"
        }
    };
    let marks = match grammar.marks {
        Marks::Symbols => "as symbols",
        Marks::Letters => "as letters",
        Marks::Both => "as letters in words, and as symbols elsewhere",
    };
    let blank = if grammar.blank_before_digits { ", and a space before them" } else { "" };
    let digits = match grammar.digits {
        Digits::None => "all in a row".to_owned(),
        Digits::All => format!("all in a row{blank}"),
        Digits::UpTo(NonZeroU32::MIN) => format!("one at a time{blank}"),
        Digits::UpTo(most) => format!("up to {most} in a row{blank}"),
    };
    let symbols = match grammar.behind_symbols {
        BehindSymbols::Nothing => "all in a row, and a space before them",
        BehindSymbols::Lines => "all in a row, a space before them, and line ends behind them",
        BehindSymbols::LinesAndSlashes => "all in a row, a space before them, and line ends and slashes behind them",
    };
    let white = match grammar.white {
        White::Plain => "all in a row, but for the last before other text",
        White::Lines => "up to the last line end; else all in a row, but for the last before other text",
        White::LinesUnlessLast => {
            "up to the last line end; else all in a row, but for the last before other text; at the end of the text all in a row"
        }
    };
    [
        ("contractions", contractions),
        ("words", words.to_owned()),
        ("marks", marks.to_owned()),
        ("numbers", digits),
        ("symbols", symbols.to_owned()),
        ("white space", white.to_owned()),
        ("bytes at once", "64".to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explain(pattern: &str) -> Explanation {
        Splitter::new(pattern).unwrap().explain().unwrap()
    }

    fn detail<'e>(explanation: &'e Explanation, about: &str) -> Option<&'e str> {
        explanation.details.iter().find(|(known, _)| known == about).map(|(_, what)| &**what)
    }

    #[test]
    fn every_named_pattern_is_explained() {
        for named in NAMED {
            let explanation = explain(named.name);
            assert_eq!(explanation.pattern, named.name);
            assert_eq!(named.steps().map_or(0, |steps| steps.len()), explanation.steps.len());
            assert_eq!(explanation.engine == "steps", named.steps().is_some());
            assert!(detail(&explanation, "why").is_some());
        }
    }

    #[test]
    fn a_spelling_is_explained_as_what_it_means() {
        let explanation = explain(NAMED[0].spellings[0]);
        assert_eq!((explanation.engine, explanation.linear, explanation.parallel), ("family", true, true));
        assert_eq!(detail(&explanation, "why"), Some("it cuts every text as gpt2 does"));
        assert_eq!(detail(&explanation, "numbers"), Some("all in a row, and a space before them"));
        assert_eq!(detail(&explain("nanochat"), "numbers"), Some("up to 2 in a row"));
    }

    #[test]
    fn steps_are_explained_one_by_one() {
        let explanation = explain("smollm");
        assert_eq!(explanation.steps.iter().map(|step| &*step.pattern).collect::<Vec<_>>(), [r"\p{N}", "gpt2"]);
        assert_eq!(explanation.steps[1].engine, "family");
        let inverted = explain(r#"[{"split":"\\w+","behavior":"Removed","invert":true}]"#);
        assert_eq!(detail(&inverted.steps[0], "behavior"), Some("Removed"));
        assert_eq!(detail(&inverted.steps[0], "invert"), Some("true"));
    }

    #[test]
    fn what_needs_backtracking_is_named() {
        let explanation = explain(r"(a)\1|(?<=b)c++|(?<=a\b)d");
        assert_eq!((explanation.engine, explanation.linear, explanation.parallel), ("backtracking", false, false));
        let needs = detail(&explanation, "needs backtracking").unwrap();
        for part in [r"\1", "in look-behind"] {
            assert!(needs.contains(part), "{needs}");
        }
        assert_eq!(needs.lines().count(), 2);
    }

    #[test]
    fn automata_are_explained() {
        let explanation = explain(r"(?<=b)c++|a(?=b)|\w+");
        assert_eq!((explanation.engine, explanation.linear, explanation.parallel), ("automaton", true, false));
        assert_eq!(detail(&explanation, "look-behinds"), Some("1"));
        let explanation = explain(r"\w+|\W+");
        assert_eq!((explanation.engine, explanation.linear, explanation.parallel), ("automaton", true, true));
        assert_eq!(detail(&explanation, "kinds of characters"), Some("2"));
        let steps = explain("deepseek-v3");
        assert_eq!((steps.engine, steps.linear, steps.parallel), ("steps", true, true));
        let other = explain(
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}++|\p{N}\p{N}?| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
        );
        assert_eq!(other.engine, "family");
    }
}
