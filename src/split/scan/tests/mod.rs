//! The regexes are the truth, and at every level of instructions a scanner finds the pieces of its regex.

use std::sync::LazyLock;

use proptest::prelude::*;

mod family;

use crate::split::invalid::with_stand_ins;
use crate::split::regex::RegexSplitter;
use crate::split::{NAMED, NamedPattern, Splitter};

fn scanned(text: &[u8], splitter: &Splitter) -> Vec<usize> {
    let mut ends = Vec::new();
    splitter
        .ends(text, |end| {
            ends.push(end);
            Ok(())
        })
        .unwrap();
    ends
}

fn by_regex(text: &[u8], oracle: &RegexSplitter) -> Vec<usize> {
    let (shown, mut position) = with_stand_ins(text);
    oracle.all_ends(&shown).into_iter().map(&mut position).collect()
}

fn with_scanners() -> impl Iterator<Item = &'static NamedPattern> {
    NAMED.iter().filter(|named| named.grammar.is_some())
}

type Levels = Vec<(&'static str, Splitter)>;

fn levels(named: &NamedPattern) -> Levels {
    Splitter::new(named.name).unwrap().levels()
}

/// The one law: what `truth` says of a text, all say.
fn all_equal(levels: &Levels, truth: impl Fn(&[u8]) -> Vec<usize>, texts: impl Iterator<Item = Vec<u8>>) {
    for text in texts {
        let expected = truth(&text);
        for (level, splitter) in levels {
            let found = scanned(&text, splitter);
            let name = splitter.pattern().as_str();
            assert_eq!(found, expected, "{name} by {level} on b\"{}\"", text.escape_ascii());
        }
    }
}

/// A scanner finds the pieces of its regex.
fn equals_the_regex(texts: impl Iterator<Item = Vec<u8>> + Clone) {
    static BOTH: LazyLock<Vec<(RegexSplitter, Levels)>> = LazyLock::new(|| {
        let both = |named: &NamedPattern| (RegexSplitter::new(named.regex).unwrap(), levels(named));
        with_scanners().map(both).collect()
    });
    for (oracle, levels) in BOTH.iter() {
        all_equal(levels, |text| by_regex(text, oracle), texts.clone());
    }
}

/// The windows find the pieces of the scalar scanner, which is the faster truth where there are many long texts.
fn equals_the_scalar(texts: impl Iterator<Item = Vec<u8>> + Clone) {
    for named in with_scanners() {
        let mut levels = levels(named);
        let (name, scalar) = levels.remove(0);
        assert!(name == "scalar" && !levels.is_empty());
        all_equal(&levels, |text| scanned(text, &scalar), texts.clone());
    }
}

/// All strings of so many characters.
fn strings(characters: &[&'static str], length: u32) -> impl Iterator<Item = Vec<u8>> + Clone {
    let characters = characters.to_vec();
    (0..characters.len().pow(length)).map(move |code| {
        let of = |at| characters[code / characters.len().pow(at) % characters.len()];
        (0..length).map(of).collect::<String>().into_bytes()
    })
}

const CLASSES: [&str; 16] =
    ["a", "B", "'", "1", " ", "\t", "\n", "\r", "\u{2003}", "!", "/", "é", "Ǆ", "中", "\u{301}", "٣"];

#[test]
fn all_strings_of_four_over_the_classes() {
    equals_the_regex(strings(&CLASSES, 4));
}

#[test]
fn all_strings_of_six_where_backtracking_hides() {
    equals_the_regex(strings(&["a", "B", "中", "\u{301}", " ", "!"], 6));
    equals_the_regex(strings(&[" ", "\n", "\u{a0}", "a", "!", "/"], 6));
    equals_the_regex(strings(&["\u{301}", "!", " ", "/", "\n", "A", "b"], 6));
}

#[test]
fn all_strings_of_five_around_an_apostrophe() {
    equals_the_regex(strings(&["'", "s", "L", "l", "v", "E", "ſ", "K", " "], 5));
}

/// What takes the place of a named regex cuts every text like it.
#[test]
fn all_strings_of_four_by_every_spelling() {
    for named in NAMED.iter().filter(|named| !named.spellings.is_empty()) {
        let oracle = RegexSplitter::new(named.regex).unwrap();
        for spelling in named.spellings {
            let spelled = RegexSplitter::new(spelling).unwrap();
            for text in strings(&CLASSES, 4).chain(strings(&["'", "s", "L", "l", "v", "E", "ſ", "K", " "], 4)) {
                assert_eq!(by_regex(&text, &spelled), by_regex(&text, &oracle), "{spelling}: {}", text.escape_ascii());
            }
        }
    }
}

#[test]
fn every_code_point_in_context() {
    let texts = ('\0'..=char::MAX).map(|c| format!("a{c}b {c}{c}\n{c}1 A{c}'{c}s!{c}").into_bytes());
    equals_the_regex(texts.step_by(if cfg!(debug_assertions) { 7 } else { 1 }));
}

/// What is before a string decides where in a window it lies: a long piece puts it right at the end of one, short ones
/// elsewhere.
const BEFORE: [&str; 8] = ["x", "!", "1", " ", "\n", "中", "ab ", "a'll\n\t "];
const BEHIND: [&str; 3] = ["", "x", "a 1\n"];

/// As much of `unit`, again and again, as there is room for; the room that is left comes first, as letters.
fn fill(unit: &str, room: usize) -> String {
    "y".repeat(room % unit.len()) + &unit.repeat(room / unit.len())
}

#[test]
fn all_strings_of_three_at_every_place_around_the_end_of_a_window() {
    for place in 58..=66 {
        for before in BEFORE.map(|unit| fill(unit, place)) {
            for behind in BEHIND {
                let text = |string: Vec<u8>| [before.as_bytes(), &string, behind.repeat(40).as_bytes()].concat();
                equals_the_scalar(strings(&CLASSES, 3).map(text));
            }
        }
    }
}

/// Strings that the rules treat with care.
const HARD: &[&str] = &[
    "it's",
    "it'S",
    "it'll",
    "IT'LLx",
    "it's's",
    "it''s",
    " 's",
    "!'s",
    "'re'",
    "'ſa",
    "x'ſ\u{301}",
    "o'clock",
    "1'd2",
    "1234567",
    "٣٣٣٣٣",
    "1²3½4",
    "ABc",
    "aBC",
    "ABक",
    "ABकCD",
    "abकCd",
    "कB",
    "a\u{301}B",
    "!\u{301}",
    " \u{301}a",
    "\u{301}",
    "!!\u{301}a",
    "!!\u{301}A!\u{301}b",
    " ❤\u{fe0f}",
    "!!\u{301}\n/!\u{301}",
    "!\n/\u{301}a",
    "!\n\n a",
    "!\n/x",
    "! \n/",
    "*/\n//",
    "a \n \n b",
    "a \n \n",
    "\n  \u{3000}",
    "\n  \u{3000}x",
    "\r\n\r\n\t",
    "\u{a0}",
    "\u{a0}x",
    "  \u{a0}\u{a0}!",
    "€x",
    "€€x",
    " €x",
    "\t€x",
    "x€\n\n\n",
    "日本NHK放送",
    "Ǆa",
    "aǄ",
    "\u{85}a",
    "\u{2028}\n\u{2028}a",
];

#[test]
fn strings_where_windows_carry_at_every_place_of_a_window() {
    let places = || (0..130).flat_map(|place| BEFORE.map(|unit| fill(unit, place)));
    for string in HARD {
        let texts = places().flat_map(|before| BEHIND.map(|unit| format!("{before}{string}{}", unit.repeat(40))));
        equals_the_scalar(texts.map(String::into_bytes));
    }
}

#[test]
fn runs_of_every_length() {
    let units = [
        " ", "\t", "\n", "\r\n", " \n", "1", "²", "a", "A", "é", "!", "'", "/", "中", "\u{3000}", "\u{a0}", "😀",
        "\u{301}",
    ];
    let around = ["", "a", "B", "!", " ", "\n", "1", "中"];
    for unit in units {
        for first in around {
            let texts = (0..200).flat_map(move |times| {
                let run = unit.repeat(times);
                around.map(|last| format!("{first}{run}{last}")).into_iter().chain([format!("{first}{run}a b")])
            });
            equals_the_scalar(texts.map(String::into_bytes));
        }
    }
}

#[test]
fn text_that_is_not_utf_8_at_every_place_of_a_window() {
    let wrong: [&[u8]; 9] = [
        b"\xff",
        b"\x80",
        b"\xe4\xb8",
        b"\xf0\x9f\x98",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xe4\xb8a",
        b"\xf4\x90\x80\x80",
        b"\xc3\xa9\xa9",
    ];
    for wrong in wrong {
        let texts = (0..130).flat_map(|place| {
            BEFORE.map(|unit| [fill(unit, place).as_bytes(), wrong].concat()).into_iter().flat_map(|before| {
                [b"".as_slice(), b"a", b"'s ", b" x"].map(|behind| [&before, behind, wrong, b"!\n", wrong].concat())
            })
        });
        equals_the_scalar(texts);
    }
}

/// Characters and strings that the rules tell apart, in text of any length.
fn parts(most: usize) -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        8 => proptest::sample::select(vec![
            " ", " ", " ", "a", "b", "the", "The", " of", "HTTP", "'", "'s", "'LL", "'re", "1", "12", "12345", "!", ".\n", "/", "//",
            "\n", "\r\n", "\t", "  ", "    ", "        ", "\u{a0}", "\u{3000}", "é", "É", "ſ", "Ǆ", "мир", " Мир", "中", "文字", "कि", "ﬁ",
            "\u{301}", "٣", "²", "€", "😀", "\u{fffd}",
        ]).prop_map(|part| part.as_bytes().to_vec()),
        1 => any::<char>().prop_map(|part| part.to_string().into_bytes()),
        1 => (proptest::sample::select(vec!["a", "A", " ", "\n", "1", "!", "中", "\u{301}", "é"]), 0..100usize)
            .prop_map(|(unit, times)| unit.repeat(times).into_bytes()),
        1 => proptest::collection::vec(any::<u8>(), 1..4),
    ];
    proptest::collection::vec(part, 0..most).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn any_text(text in r"(\PC|\s|[a-zA-Z']|[ \n]){0,300}") {
        equals_the_regex(std::iter::once(text.into_bytes()));
    }

    #[test]
    fn any_bytes(text in proptest::collection::vec(prop_oneof![Just(b'a'), Just(b' '), Just(0xe4u8), Just(0xb8), any::<u8>()], 0..300)) {
        equals_the_regex(std::iter::once(text));
    }

    #[test]
    fn any_parts(text in parts(200)) {
        equals_the_regex(std::iter::once(text));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Longer than what is classified ahead, and with more pieces than are found at a time.
    #[test]
    fn any_long_text(text in parts(4000)) {
        equals_the_scalar(std::iter::once(text));
    }
}

/// The last character that is classified at once may reach beyond its window, and the text may end with it.
#[test]
fn texts_that_end_where_the_classes_end() {
    let text = |(lead, tail): (usize, usize)| {
        ["中".repeat(lead), "，".into(), "中".repeat(340 - lead), "，".repeat(tail)].concat().into_bytes()
    };
    equals_the_scalar((300..341).flat_map(|lead| (355..370).map(move |tail| (lead, tail))).map(text));
}
