//! Whatever the threads and the tasks, a batch is the map of what encodes one text.

use proptest::prelude::*;

use super::*;
use crate::special::{Choice, SpecialTokens};
use crate::split::Splitter;
use crate::vocab::Vocab;

/// Special tokens that overlap, hold what texts are cut at, and begin like each other.
const SPECIAL: [&str; 5] = ["<x>", "<x><y>", "a 1", "\n!", "中。"];

fn tokenizer(pattern: &str) -> Tokenizer {
    let mut vocab = Vocab::of_bytes();
    for token in ["ab", "abab", " a", "中", "。", "11", "!!", "\n\n", "  "] {
        // Every token is reached by merging two others, or else never; both must do.
        vocab.insert(vocab.end(), token.as_bytes()).unwrap();
    }
    let special = SPECIAL.map(str::to_owned).into_iter().zip((1000..).map(Id));
    Tokenizer::from_ranks(vocab, Splitter::new(pattern).unwrap(), SpecialTokens::new(special).unwrap()).unwrap()
}

/// The named ones, one that is not cut, and one that fails on long runs of `b`.
const PATTERNS: [&str; 5] = ["gpt2", "cl100k", "o200k", r"\w+|\s+|[^\w\s]+", r"(b|b)*\1c|[^b]+|b"];

fn text() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        6 => proptest::sample::select(vec![
            "a", "ab", "abab", " a", " ", "  ", "\n", "\r\n", "1", "11", "123", "!", "!!", "'s", "'", "/", "中", "。", "文字", "é", "\u{301}",
            "\u{3000}", "https://a.b/c?d=1",
        ]).prop_map(|part| part.as_bytes().to_vec()),
        2 => proptest::sample::select(SPECIAL.to_vec()).prop_map(|token| token.as_bytes().to_vec()),
        1 => proptest::sample::select(vec!["<x", "><y", "<y>", "a 11", "\n", "中"]).prop_map(|part| part.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 1..4),
        1 => (proptest::sample::select(vec!["a", "中", " ", "!"]), 0..50usize)
            .prop_map(|(unit, times)| unit.repeat(times).into_bytes()),
    ];
    proptest::collection::vec(part, 0..30).prop_map(|parts| parts.concat())
}

fn choice() -> impl Strategy<Value = Choice> {
    prop_oneof![
        2 => Just(Choice::NONE),
        2 => Just(Choice::All),
        2 => proptest::sample::subsequence(SPECIAL.to_vec(), 0..=SPECIAL.len())
            .prop_map(|names| Choice::Names(names.into_iter().map(str::to_owned).collect())),
        // No special token of the tokenizer.
        1 => Just(Choice::Names(vec!["b/c?".to_owned(), "!!".to_owned()])),
    ]
}

/// What is to come out, as text where it is an error.
fn one_by_one(tokenizer: &Tokenizer, texts: &[&[u8]], policy: &Policy) -> Result<TokenBatch, String> {
    let mut batch = TokenBatch { values: Vec::new(), offsets: vec![0] };
    for text in texts {
        batch.values.extend(tokenizer.encode(text, policy).map_err(|error| format!("{error:?}"))?);
        batch.offsets.push(batch.values.len() as i64);
    }
    Ok(batch)
}

/// Every way to encode or count these texts gives the same.
fn all_are_one(tokenizer: &Tokenizer, texts: &[&[u8]], policy: &Policy, threads: usize, size: usize) {
    let shown = || texts.iter().map(|text| text.escape_ascii().to_string()).collect::<Vec<_>>();
    let told = |error: Error| format!("{error:?}");
    let expected = one_by_one(tokenizer, texts, policy);
    let batch = || Batch::new(tokenizer, texts, policy, threads.try_into().ok(), size);
    let encoded = batch().encode(|| Ok(())).map_err(told);
    assert_eq!(encoded, expected, "{threads} threads, tasks of {size} bytes, {:?}", shown());
    let lengths = |batch: &TokenBatch| batch.offsets.windows(2).map(|ends| ends[1] - ends[0]).collect::<Vec<_>>();
    let counts = batch().count(|| Ok(())).map_err(told);
    assert_eq!(counts, expected.as_ref().map(lengths).map_err(String::clone), "{threads}, {size}, {:?}", shown());
    let histogram = |batch: &TokenBatch| {
        let mut usage = vec![0; tokenizer.vocab_size()];
        batch.values.iter().for_each(|id| usage[id.index()] += 1);
        usage
    };
    let usage = batch().usage(|| Ok(())).map_err(told);
    assert_eq!(usage, expected.as_ref().map(histogram).map_err(String::clone), "{threads}, {size}, {:?}", shown());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_batch_is_the_map_of_single_texts(
        texts in proptest::collection::vec(text(), 0..12),
        pattern in 0..PATTERNS.len(),
        (allowed, refused) in (choice(), choice()),
        threads in 1..9usize,
        size in prop_oneof![3 => 1..9usize, 2 => 9..100usize, 1 => 100..1000usize],
    ) {
        let tokenizer = tokenizer(PATTERNS[pattern]);
        let policy = tokenizer.policy(&allowed, &refused).unwrap();
        let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
        all_are_one(&tokenizer, &texts, &policy, threads, size);
    }
}

#[test]
fn errors_are_those_of_the_first_text_that_has_one_and_of_all_of_it() {
    let failing = format!("a 1{}", "b".repeat(64));
    for pattern in [PATTERNS[4], "cl100k"] {
        let tokenizer = tokenizer(pattern);
        let allowed = Choice::Names(vec!["a 1".to_owned()]);
        let policy = tokenizer.policy(&allowed, &Choice::All).unwrap();
        let plain = "ab ".repeat(200);
        // Cut behind its special tokens, the text fails as a pattern in a stretch before that which is refused.
        let alone = tokenizer.encode(failing.as_bytes(), &policy);
        assert!(pattern == "cl100k" || matches!(alone, Err(Error::Split { offset: 3.., .. })), "{alone:?}");
        let both = format!("{plain}a 1 x{failing} a 1 and <x> and <x>");
        for texts in [
            vec![plain.as_str(), &failing, "<x>"],
            vec![&both, &failing],
            vec!["", &plain, "<x>", &failing],
            vec![&plain, "a <x", "><y>"],
        ] {
            let texts: Vec<&[u8]> = texts.into_iter().map(str::as_bytes).collect();
            for (threads, size) in [(1, 1), (1, 50), (2, 1), (3, 7), (8, 100), (2, 1 << 20)] {
                all_are_one(&tokenizer, &texts, &policy, threads, size);
            }
        }
    }
}

#[test]
fn a_long_text_is_what_encoding_it_gives() {
    let tokenizer = tokenizer("o200k");
    let policy = tokenizer.policy(&Choice::All, &Choice::NONE).unwrap();
    // Longer than a task, and with a run of letters longer than a calling thread takes.
    let text = ["ab 中文。abab1<x>".repeat(20_000), "a".repeat(LONG + 1), "!ab\n".repeat(9_000)].concat();
    let expected = tokenizer.encode(text.as_bytes(), &policy).unwrap();
    for threads in [1, 2, 3] {
        let encoded = tokenizer.encode_long(text.as_bytes(), &policy, threads.try_into().ok(), || Ok(())).unwrap();
        assert!(encoded == expected, "{threads} threads");
        let count = tokenizer.count_long(text.as_bytes(), &policy, threads.try_into().ok(), || Ok(())).unwrap();
        assert_eq!(count, expected.len());
    }
}

#[test]
fn tasks_are_of_the_size_that_was_asked_for() {
    let splitter = Splitter::new("cl100k").unwrap();
    let long = "words and more, ".repeat(1000);
    let texts = [&b"x"[..], b"", long.as_bytes(), b"y", b"z", &b"uncut".repeat(300)];
    let plan = |size| Plan::new(&texts, &splitter, None, size).collect::<Vec<_>>();
    let tasks = plan(1000);
    assert_eq!(tasks[0], Task::Texts(0..2));
    assert!(matches!(&tasks[1], Task::Stretch { text: 2, bytes, is_last: false } if bytes.start == 0));
    assert!(tasks[1..17].iter().all(|task| (1..=1010).contains(&task.bytes(&texts))));
    assert_eq!(tasks[tasks.len() - 2..], [Task::Texts(3..5), Task::Stretch { text: 5, bytes: 0..1500, is_last: true }]);
    assert_eq!(plan(1 << 20), [Task::Texts(0..6)]);
    // Empty texts are tasks of some size, too.
    let empty = vec![&b""[..]; 1000];
    assert!(Plan::new(&empty, &splitter, None, 1000).count() > 10);
}

#[test]
fn a_call_can_be_interrupted_between_tasks_and_while_it_waits() {
    let tokenizer = tokenizer(PATTERNS[3]);
    let long = b"ab 1 ".repeat(LONG);
    for texts in [vec![long.as_slice()], long.chunks(1000).collect()] {
        for threads in [1, 2] {
            let threads = threads.try_into().ok();
            let mut calls = 0;
            let tick = || {
                calls += 1;
                Err(Error::UnknownId { id: 7, position: 7 })
            };
            let error = tokenizer.encode_batch(&texts, &tokenizer.special().ordinary(), threads, tick).unwrap_err();
            assert!(matches!(error, Error::UnknownId { id: 7, .. }) && calls == 1, "{error}");
        }
    }
}
