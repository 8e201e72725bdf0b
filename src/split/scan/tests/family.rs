//! The scanners by all parameters: what is said of the named patterns holds for every member of the family.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::select;

use super::super::{BehindSymbols, Case, Contractions, Digits, Grammar, Marks, Scanner, White, Words};
use super::*;
use crate::split::{Engine, Pattern};

const WORDS: [Words; 3] = [Words::Blank, Words::Prefix, Words::PrefixAndCase];
const CONTRACTIONS: [Contractions; 7] = [
    Contractions::None,
    Contractions::Before(Case::Lower),
    Contractions::Before(Case::Ascii),
    Contractions::Before(Case::Any),
    Contractions::Behind(Case::Lower),
    Contractions::Behind(Case::Ascii),
    Contractions::Behind(Case::Any),
];
const MARKS: [Marks; 3] = [Marks::Symbols, Marks::Letters, Marks::Both];
const DIGITS: [Digits; 7] = [
    Digits::None,
    Digits::up_to(1),
    Digits::up_to(2),
    Digits::up_to(3),
    Digits::up_to(4),
    Digits::up_to(70),
    Digits::All,
];
const BEHIND_SYMBOLS: [BehindSymbols; 3] =
    [BehindSymbols::Nothing, BehindSymbols::Lines, BehindSymbols::LinesAndSlashes];
const WHITES: [White; 3] = [White::Plain, White::Lines, White::LinesUnlessLast];
const NAMES: [Grammar; 6] =
    [Grammar::GPT2, Grammar::CL100K, Grammar::O200K, Grammar::QWEN, Grammar::QWEN35, Grammar::TEKKEN];

/// Every combination of parameters.
fn all() -> impl Iterator<Item = Grammar> {
    let count = WORDS.len() * CONTRACTIONS.len() * MARKS.len() * DIGITS.len() * 2 * BEHIND_SYMBOLS.len() * WHITES.len();
    (0..count).map(|mut number| {
        let mut of = |count: usize| {
            let at = number % count;
            number /= count;
            at
        };
        Grammar {
            words: WORDS[of(WORDS.len())],
            white: WHITES[of(WHITES.len())],
            marks: MARKS[of(MARKS.len())],
            contractions: CONTRACTIONS[of(CONTRACTIONS.len())],
            behind_symbols: BEHIND_SYMBOLS[of(BEHIND_SYMBOLS.len())],
            digits: DIGITS[of(DIGITS.len())],
            blank_before_digits: of(2) == 1,
        }
    })
}

/// The named grammars and those that differ from one of them in one parameter.
fn neighbours() -> Vec<Grammar> {
    let mut neighbours = NAMES.to_vec();
    for named in NAMES {
        let differing = WORDS.map(|words| Grammar { words, ..named }).into_iter();
        let differing = differing.chain(CONTRACTIONS.map(|contractions| Grammar { contractions, ..named }));
        let differing = differing.chain(MARKS.map(|marks| Grammar { marks, ..named }));
        let differing = differing.chain(DIGITS.map(|digits| Grammar { digits, ..named }));
        let differing =
            differing.chain([false, true].map(|blank_before_digits| Grammar { blank_before_digits, ..named }));
        let differing = differing.chain(BEHIND_SYMBOLS.map(|behind_symbols| Grammar { behind_symbols, ..named }));
        let differing = differing.chain(WHITES.map(|white| Grammar { white, ..named }));
        neighbours.extend(differing.filter(|grammar| !NAMES.contains(grammar)));
    }
    neighbours
}

/// The neighbours of the named ones, and of all others those that have a pair of values that none before has.
fn sample() -> Vec<Grammar> {
    let mut sample = neighbours();
    let mut seen = HashSet::new();
    let mut is_new = |grammar: &Grammar| {
        let values = [
            format!("{:?}", grammar.words),
            format!("{:?}", grammar.contractions),
            format!("{:?}", grammar.marks),
            format!("{:?}", grammar.digits),
            format!("{:?}", grammar.blank_before_digits),
            format!("{:?}", grammar.behind_symbols),
            format!("{:?}", grammar.white),
        ];
        let pairs = (0..values.len()).flat_map(|one| (0..one).map(move |other| (one, other)));
        // All are to be remembered.
        pairs.filter(|&(one, other)| seen.insert((one, values[one].clone(), other, values[other].clone()))).count() > 0
    };
    sample.iter().for_each(|grammar| {
        is_new(grammar);
    });
    sample.extend(all().filter(is_new));
    sample
}

fn splitters(grammar: Grammar) -> Levels {
    let pattern = Pattern::Custom(grammar.regex());
    Splitter { pattern, engine: Engine::Scan(Scanner::new(grammar)) }.levels()
}

/// The scanners find the pieces of the regexes.
fn equal_the_regexes(grammars: impl IntoIterator<Item = Grammar>, texts: impl Iterator<Item = Vec<u8>> + Clone) {
    for grammar in grammars {
        let oracle = RegexSplitter::new(&grammar.regex()).unwrap();
        all_equal(&splitters(grammar), |text| by_regex(text, &oracle), texts.clone());
    }
}

/// The windows find the pieces of the scalar scanners.
fn equal_the_scalars(grammars: impl IntoIterator<Item = Grammar>, texts: impl Iterator<Item = Vec<u8>> + Clone) {
    for grammar in grammars {
        let mut levels = splitters(grammar);
        let (_, scalar) = levels.remove(0);
        all_equal(&levels, |text| scanned(text, &scalar), texts.clone());
    }
}

#[test]
fn the_regexes_are_those_of_the_named_patterns() {
    for named in with_scanners() {
        let canonical = RegexSplitter::new(&named.grammar.unwrap().regex()).unwrap();
        let published = RegexSplitter::new(named.regex).unwrap();
        for text in strings(&CLASSES, 4).chain(strings(&["'", "s", "L", "l", "v", "E", "ſ", "K", " "], 4)) {
            assert_eq!(
                by_regex(&text, &canonical),
                by_regex(&text, &published),
                "{}: {}",
                named.name,
                text.escape_ascii()
            );
        }
    }
    assert_eq!(
        Grammar { digits: Digits::up_to(2), contractions: Contractions::Behind(Case::Lower), ..Grammar::QWEN35 }
            .regex(),
        r"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+(?:'(?:[sdmt]|ll|ve|re))?|\p{N}{1,2}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    );
}

/// Single regexes of published models, each with its parameters.
#[test]
fn published_patterns_are_members() {
    const WORDS: &str = r"[^\r\n\p{L}\p{N}]?\p{L}+";
    const END: &str = r"\s*[\r\n]+|\s+(?!\S)|\s+";
    let any_case = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    let each_case = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
    let symbols = r" ?[^\s\p{L}\p{N}]+[\r\n]*";
    let seed = |digits: &str| {
        let rest = r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+";
        format!(r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{{L}}\p{{N}}]?+\p{{L}}+|{digits}{rest}")
    };
    let cased = |behind: &str| {
        let (capital, small) = (r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]");
        let prefix = r"[^\r\n\p{L}\p{N}]?";
        format!("{prefix}{capital}*{small}+{behind}|{prefix}{capital}+{small}*{behind}")
    };
    let published = [
        // GPT-4's in the spelling of nanochat and others, and with fewer digits.
        (seed(r"\p{N}{1,3}"), Grammar::CL100K),
        (seed(r"\p{N}{1,2}"), Grammar { digits: Digits::up_to(2), ..Grammar::CL100K }),
        (seed(r"\p{N}"), Grammar::QWEN),
        // tiktoken's cl100k since 0.7.
        (
            concat!(
                r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+",
                r"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
            )
            .into(),
            Grammar { white: White::LinesUnlessLast, ..Grammar::CL100K },
        ),
        // Llama 3, Qwen 2, Qwen without contractions, GLM-4, MiniCPM's second step, Seed-Coder.
        (format!(r"{any_case}|{WORDS}|\p{{N}}{{1,3}}|{symbols}|{END}"), Grammar::CL100K),
        (format!(r"{any_case}|{WORDS}|\p{{N}}|{symbols}|{END}"), Grammar::QWEN),
        (format!(r"{WORDS}|\p{{N}}|{symbols}|{END}"), Grammar { contractions: Contractions::None, ..Grammar::QWEN }),
        (
            format!(r"{each_case}|{WORDS}|\p{{N}}{{1,3}}|{symbols}|{END}"),
            Grammar { contractions: Contractions::Before(Case::Ascii), ..Grammar::CL100K },
        ),
        (format!(r"{any_case}|{WORDS}|\p{{N}}+|{symbols}|{END}"), Grammar { digits: Digits::All, ..Grammar::CL100K }),
        (
            format!(r"{any_case}|{WORDS}|\p{{N}}{{1}}| ?[^\s\p{{L}}\p{{N}}\r\n]+|{END}"),
            Grammar { behind_symbols: BehindSymbols::Nothing, ..Grammar::QWEN },
        ),
        // o200k with single digits.
        (
            format!(r"{}|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{END}", cased(&format!("{any_case}?"))),
            Grammar { digits: Digits::up_to(1), ..Grammar::O200K },
        ),
    ];
    for (regex, grammar) in published {
        let oracle = RegexSplitter::new(&regex).unwrap();
        let guess = Grammar::guess(|text| Some(by_regex(text.as_bytes(), &oracle)));
        assert_eq!(guess, Some(grammar), "{regex}");
        let texts = strings(&CLASSES, 3).chain(strings(&["'", "s", "L", "l", "v", "E", "ſ", "K", " "], 4));
        all_equal(&splitters(grammar), |text| by_regex(text, &oracle), texts);
    }
}

#[test]
fn all_parameters_are_guessed_from_the_pieces() {
    for grammar in all() {
        let scalar = splitters(grammar).remove(0).1;
        let guess = Grammar::guess(|text| Some(scanned(text.as_bytes(), &scalar)));
        let expected = match grammar.digits {
            Digits::None => Grammar { digits: Digits::All, blank_before_digits: false, ..grammar },
            _ => grammar,
        };
        assert_eq!(guess, Some(expected));
    }
    assert_eq!(Grammar::guess(|_| None), None);
}

#[test]
fn all_strings_of_two_by_all_parameters() {
    equal_the_regexes(all().step_by(if cfg!(debug_assertions) { 5 } else { 1 }), strings(&CLASSES, 2));
}

#[test]
fn all_strings_of_three_over_the_classes() {
    equal_the_regexes(sample(), strings(&CLASSES, 3));
}

#[test]
fn all_strings_of_four_where_parameters_meet() {
    equal_the_regexes(sample(), strings(&["a", "B", "中", "\u{301}", " ", "!"], 4));
    equal_the_regexes(sample(), strings(&[" ", "\n", "\u{a0}", "a", "!", "/"], 4));
    equal_the_regexes(sample(), strings(&["'", "s", "L", "ſ", "\u{301}", " "], 4));
    equal_the_regexes(sample(), strings(&["1", "٣", " ", "a", "!"], 5));
}

#[test]
fn all_strings_of_two_at_every_place_around_the_end_of_a_window() {
    for place in 59..=65 {
        for before in BEFORE.map(|unit| fill(unit, place)) {
            let text = |string: Vec<u8>| [before.as_bytes(), &string, b"a 1\n"].concat();
            equal_the_scalars(sample(), strings(&CLASSES, 2).map(text));
        }
    }
}

#[test]
fn strings_where_windows_carry_at_every_place_of_a_window_by_all_parameters() {
    let places = || (0..130).flat_map(|place| BEFORE.map(|unit| fill(unit, place)));
    let texts = HARD.iter().flat_map(|string| {
        places().flat_map(move |before| ["", "a 1\n"].map(|unit| format!("{before}{string}{}", unit.repeat(40))))
    });
    // Each text by some, each grammar with many.
    let grammars = sample();
    for (number, text) in texts.enumerate() {
        let grammar = grammars[number % grammars.len()];
        equal_the_scalars([grammar], std::iter::once(text.into_bytes()));
    }
}

#[test]
fn runs_of_every_length_by_all_parameters() {
    let units = [" ", "\n", " \n", "1", "²", "a", "A", "!", "'", "/", "中", "\u{3000}", "\u{301}", "!\n", "a'", "a's"];
    let grammars = sample();
    let mut number = 0;
    for unit in units {
        for first in ["", "a", "!", " ", "\n", "1", "'", "!!"] {
            for times in 0..200 {
                let grammar = grammars[number % grammars.len()];
                let run = unit.repeat(times);
                let texts = ["", "a", "!", "\n", "1 b"].map(|last| format!("{first}{run}{last}").into_bytes());
                equal_the_scalars([grammar], texts.into_iter());
                number += 1;
            }
        }
    }
}

/// A megabyte of any character, and of any two that alternate. What is not linear would take minutes.
#[test]
fn a_megabyte_takes_no_time() {
    let characters = ["a", "A", "中", "1", " ", "\t", "\n", "\u{3000}", "!", "/", "'", "\u{301}"];
    let pairs =
        characters.iter().enumerate().flat_map(|(at, one)| characters[at..].iter().map(move |other| (one, other)));
    let grammars = sample();
    for (number, (one, other)) in pairs.enumerate() {
        let unit = format!("{one}{other}");
        let text = unit.repeat((1 << 20) / unit.len()).into_bytes();
        for &grammar in grammars.iter().skip(number % 7).step_by(7) {
            let (_, splitter) = splitters(grammar).pop().unwrap();
            let start = Instant::now();
            assert_eq!(scanned(&text, &splitter).last(), Some(&text.len()));
            assert!(start.elapsed() < Duration::from_secs(10), "{unit:?} by {}", grammar.regex());
        }
    }
}

/// All strings of so many characters: the parts are cut like the whole wherever a cut is said to be safe.
fn parts_are_the_whole(kinds: &[&'static str], length: u32) {
    for grammar in sample() {
        let (_, splitter) = splitters(grammar).remove(0);
        let mut cuts = 0;
        for text in strings(kinds, length) {
            let mut whole = None;
            let mut from = 1;
            while let Some(cut) = splitter.safe_cut(&text, from) {
                let whole = whole.get_or_insert_with(|| scanned(&text, &splitter));
                let mut parts = scanned(&text[..cut], &splitter);
                parts.extend(scanned(&text[cut..], &splitter).into_iter().map(|end| cut + end));
                assert_eq!(parts, *whole, "{} cut b\"{}\" at {cut}", grammar.regex(), text.escape_ascii());
                from = cut + 1;
                cuts += 1;
            }
        }
        assert!(cuts > kinds.len().pow(length) / 4, "{cuts} cuts by {}", grammar.regex());
    }
}

#[test]
fn the_pieces_of_the_parts_are_the_pieces_of_the_whole_by_all_parameters() {
    parts_are_the_whole(&CLASSES, 3);
    parts_are_the_whole(&["a", "1", " ", "\n", "!", "/"], 5);
    parts_are_the_whole(&["a", "s", "L", "l", "'", "ſ", "!"], 4);
}

fn any_grammar() -> impl Strategy<Value = Grammar> {
    let rules = (select(&WORDS), select(&CONTRACTIONS), select(&MARKS), select(&DIGITS), any::<bool>());
    (rules, select(&BEHIND_SYMBOLS), select(&WHITES)).prop_map(|(rules, behind_symbols, white)| {
        let (words, contractions, marks, digits, blank_before_digits) = rules;
        Grammar { words, contractions, marks, digits, blank_before_digits, behind_symbols, white }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_parts_by_any_parameters(grammar in any_grammar(), text in parts(200)) {
        equal_the_regexes([grammar], std::iter::once(text));
    }

    #[test]
    fn any_bytes_by_any_parameters(
        grammar in any_grammar(),
        text in proptest::collection::vec(prop_oneof![Just(b'a'), Just(b' '), Just(0xe4u8), Just(0xb8), any::<u8>()], 0..300)
    ) {
        equal_the_regexes([grammar], std::iter::once(text));
    }
}
