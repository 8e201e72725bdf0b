use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::normalize::Form;
use crate::special::{Manner, SpecialToken, SpecialTokens};
use crate::split::{NAMED, Splitter};
use crate::vocab::Vocab;

const TOKENS: [&str; 30] = [
    "ab",
    "bc",
    "abc",
    "  ",
    " a",
    "\n\n",
    "aa",
    "aaaa",
    "'l",
    "'ll",
    "中",
    "é",
    "bca",
    "abcabc",
    "12",
    "    ",
    " \n",
    "\n ",
    "!!",
    "!!!!",
    "a!",
    "中A",
    "AA",
    "AAAA",
    "BA",
    "ABAB",
    "\r\n",
    "    \n    ",
    "123",
    "\u{301}\u{301}",
];

fn vocab(tokens: &[&str]) -> Vocab {
    let mut vocab = Vocab::of_bytes();
    for token in tokens {
        vocab.insert(vocab.end(), token.as_bytes()).unwrap();
    }
    vocab
}

fn special() -> SpecialTokens {
    SpecialTokens::new([("<x>".to_owned(), Id(900))]).unwrap()
}

fn tokenizer(pattern: &str) -> Tokenizer {
    Tokenizer::from_ranks(vocab(&TOKENS), Splitter::new(pattern).unwrap(), special()).unwrap()
}

/// All places of a text that are not inside a character.
fn places(text: &[u8]) -> Vec<usize> {
    (0..=text.len()).filter(|&at| place_before(text, at) == at).collect()
}

fn count(tokenizer: &Tokenizer, text: &[u8]) -> usize {
    tokenizer.encode_ordinary(text).unwrap().len()
}

/// By the book: all beginnings are tried.
fn slow_end(tokenizer: &Tokenizer, text: &[u8], most: usize) -> usize {
    let fits = |end: &usize| count(tokenizer, &text[..*end]) <= most;
    places(text).into_iter().filter(fits).max().unwrap()
}

/// By the book: all chunks, or the place of the character that fits none.
fn slow_chunks(tokenizer: &Tokenizer, text: &[u8], most: usize, overlap: usize) -> Result<Vec<Range<usize>>, usize> {
    let end_of = |start: usize| start + slow_end(tokenizer, &text[start..], most);
    let mut chunks: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let first = chunks.last().map_or(at, |before| before.start + 1);
        let starts = places(text).into_iter().filter(|place| (first..at).contains(place));
        let fits = |start: &usize| count(tokenizer, &text[*start..at]) <= overlap && end_of(*start) > at;
        let start = starts.into_iter().find(fits).unwrap_or(at);
        let end = end_of(start);
        if end == at {
            return Err(at);
        }
        chunks.push(start..end);
        at = end;
    }
    Ok(chunks)
}

fn check(tokenizer: &Tokenizer, text: &[u8], most: usize, overlap: usize) {
    assert_eq!(tokenizer.truncate(text, most).unwrap(), slow_end(tokenizer, text, most), "{text:?} {most}");
    let most = most.max(1);
    let overlap = overlap % most;
    let chunks = match tokenizer.chunks(text, most, overlap, &mut || Ok(())) {
        Ok(chunks) => Ok(chunks),
        Err(Error::CharacterTooLong { position, tokens, .. }) => {
            assert!(tokens > most);
            Err(position)
        }
        Err(error) => panic!("{error}"),
    };
    assert_eq!(chunks, slow_chunks(tokenizer, text, most, overlap), "{text:?} {most} {overlap}");
}

const PATTERNS: [&str; 9] = [
    "cl100k",
    "gpt2",
    "o200k",
    "qwen",
    "qwen3.5",
    "tekken",
    "kimi",
    r"\w+|\s+",
    r#"[{"split":"\\p{N}{1,3}"},{"split":"gpt2"}]"#,
];

/// Runs of one class and of a few.
fn runs() -> impl Strategy<Value = String> {
    let unit = prop_oneof![
        "[ab c\n'l1中é😀<x>]{1,3}",
        proptest::sample::select(vec![
            " ", "\n", "\r\n", "a", "A", "b", "1", "!", "中", "Ǆ", "ʰ", "\u{301}", "ab", "AB", "A中", "\n ", "'",
            "'ll", "\u{3000}", "👍🏻", "🏻", "/", "!\n", "BA", "中AB",
        ])
        .prop_map(str::to_owned),
    ];
    let run = (unit, prop_oneof![4 => 1usize..4, 1 => 30usize..90]).prop_map(|(unit, times)| unit.repeat(times));
    proptest::collection::vec(run, 0..8).prop_map(|runs| runs.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn parts_are_the_longest(text in runs(), most in 0usize..80, overlap in 0usize..80, pattern in 0..PATTERNS.len()) {
        check(&tokenizer(PATTERNS[pattern]), text.as_bytes(), most, overlap);
    }

    #[test]
    fn parts_are_the_longest_in_any_vocabulary(
        text in "[abAB中 \n]{0,160}",
        tokens in proptest::collection::btree_set("[abAB中 \n]{2,6}", 0..60),
        order in any::<prop::sample::Index>(),
        most in 0usize..40,
        overlap in 0usize..40,
        pattern in 0usize..7,
        ignores in any::<bool>(),
    ) {
        let mut tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
        let middle = order.index(tokens.len() + 1);
        tokens.rotate_left(middle);
        let splitter = Splitter::new(PATTERNS[pattern]).unwrap();
        let tokenizer = Tokenizer::from_ranks(vocab(&tokens), splitter, special()).unwrap().ignoring_merges(ignores);
        check(&tokenizer, text.as_bytes(), most, overlap);
    }

    #[test]
    fn parts_are_the_longest_under_a_list(
        text in "[ab]{0,120}",
        merges in proptest::collection::vec((0usize..8, 0usize..8), 1..12),
        most in 0usize..20,
        overlap in 0usize..20,
    ) {
        let (mut tokens, mut pairs, mut seen) = (vec![b"a".to_vec(), b"b".to_vec()], Vec::new(), HashMap::new());
        for (left, right) in merges {
            let (left, right) = (tokens[left % tokens.len()].clone(), tokens[right % tokens.len()].clone());
            let made = [&left[..], &right].concat();
            if made.len() < 12 && seen.insert((left.clone(), right.clone()), ()).is_none() {
                pairs.push((left, right));
                tokens.push(made);
            }
        }
        let (vocab, pairs) = crate::merges::of_bytes(None, &pairs).unwrap();
        let tokenizer = Tokenizer::from_merges(vocab, pairs, Splitter::new("cl100k").unwrap(), SpecialTokens::default());
        check(&tokenizer.unwrap(), text.as_bytes(), most, overlap);
    }

    #[test]
    fn any_bytes_are_cut(
        text in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'a'), Just(b' '), Just(0xe4u8), Just(0xb8), Just(0xad)], 0..150),
        most in 0usize..60,
        overlap in 0usize..60,
        pattern in 0..PATTERNS.len(),
    ) {
        check(&tokenizer(PATTERNS[pattern]), &text, most, overlap);
    }

    #[test]
    fn text_that_is_not_taken_as_it_is_is_cut(text in "[ae\u{301}<x> é]{0,60}", most in 0usize..30, overlap in 0usize..30) {
        let always = SpecialToken { name: "<x>".to_owned(), id: Id(900), manner: Manner { always: true, lstrip: true, ..Manner::default() } };
        let special = SpecialTokens::with_manners([always]).unwrap();
        let make = |special, form| {
            let tokenizer = Tokenizer::from_ranks(vocab(&TOKENS), Splitter::new("cl100k").unwrap(), special).unwrap();
            tokenizer.with_normalizer(form).unwrap()
        };
        check(&make(special, None), text.as_bytes(), most, overlap);
        check(&make(self::special(), Some(Form::Nfc)), text.as_bytes(), most, overlap);
        check(&make(self::special(), Some(Form::Nfd)), text.as_bytes(), most, overlap);
    }
}

/// What [`begin`] and [`finish`] rest on, tried with all texts of a few characters of every kind.
fn ends_decide_only_what_is_near(kinds: &[&str], length: u32, near: usize) {
    for named in NAMED.iter().filter(|named| Splitter::new(named.name).is_ok_and(|splitter| splitter.is_linear())) {
        let splitter = Splitter::new(named.name).unwrap();
        let first = |text: &str| {
            let mut end = None;
            let _ = splitter.ends(text.as_bytes(), |at| {
                end = Some(at);
                Err(Error::Interrupted)
            });
            end.unwrap_or(0)
        };
        let fail = |text: &str| panic!("{}: {text:?}", named.name);
        for number in 0..kinds.len().pow(length) {
            let kind = |at| kinds[number / kinds.len().pow(at) % kinds.len()];
            let text = (0..length).map(kind).collect::<Vec<_>>().concat();
            let whole = first(&text);
            for (end, _) in text.char_indices().skip(1) {
                // More text leaves the first piece as it is, or it ends near to where the text ended, or beyond.
                if first(&text[..end]) != whole && whole + near < end {
                    fail(&text);
                }
            }
            for (place, _) in text[..whole].char_indices().skip(1) {
                if !finish::piece_ends_over(&splitter, text.as_bytes(), place).unwrap().contains(&whole) {
                    fail(&text);
                }
            }
        }
    }
}

#[test]
fn pieces_depend_on_what_is_near() {
    // Less than three characters are near.
    const KINDS: [&str; 14] = ["a", "A", "中", "1", " ", "\n", "\r", "!", "/", "'", "l", "s", "\u{301}", "\u{3000}"];
    ends_decide_only_what_is_near(&KINDS, 4, 8);
    ends_decide_only_what_is_near(&["a", "A", "中", "'", "l", " "], 6, 8);
    ends_decide_only_what_is_near(&[" ", "\n", "a", "!"], 8, 2);
    ends_decide_only_what_is_near(&["A", "ʰ", "a", "!"], 8, 4);
    ends_decide_only_what_is_near(&["!", "/", "\n", " "], 8, 2);
    ends_decide_only_what_is_near(&["!", "'", "l", "e", "v"], 6, 2);
}

#[test]
fn a_chunk_overlaps_as_far_as_it_can() {
    let tokenizer = tokenizer("cl100k");
    let text = "  and\n🏻b🏻🏻".as_bytes();
    check(&tokenizer, text, 12, 10);
    let chunks = tokenizer.chunks(text, 12, 10, &mut || Ok(())).unwrap();
    assert!(chunks[1].start < chunks[0].end);
}

#[test]
fn long_texts_and_runs() {
    for pattern in ["cl100k", "gpt2", "o200k", r"\w+|\s+"] {
        let tokenizer = tokenizer(pattern);
        for unit in ["a", "abc ", "中", "one two\n", "!?", "\n", " ", "1", "\n   ", "中AB"] {
            let text = unit.repeat(30_000 / unit.len());
            let total = count(&tokenizer, text.as_bytes());
            for most in [0, 1, 1000, total - 1, total, total + 1, usize::MAX / 2] {
                let end = tokenizer.truncate(text.as_bytes(), most).unwrap();
                let fits = |end: usize| count(&tokenizer, &text.as_bytes()[..end]) <= most;
                assert!(fits(end) && (end == text.len()) == (most >= total), "{unit} {most}");
                assert!(most >= total || !fits(next_place(text.as_bytes(), end)), "{unit} {most}");
            }
        }
    }
}
