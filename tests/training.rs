//! Laws of training, over random corpora and a real one. The oracle is [`pairwright::reference`].

use std::collections::HashMap;
use std::num::NonZeroUsize;

use pairwright::reference::{self, Ties};
use pairwright::train::{
    Counter, Counts, Event, Settings, SpecialIds, TieBreak, Trained, extend, no_progress, train, unlearned,
};
use pairwright::{Error, Id, Splitter, Tokenizer, io};
use proptest::prelude::*;

fn count(pattern: &str, documents: &[&[u8]], special: &[&str], threads: usize, block: usize) -> Counts {
    let special = special.iter().map(|&token| token.to_owned()).collect();
    let splitter = Splitter::new(pattern).unwrap();
    let mut counter = Counter::new(splitter, special, NonZeroUsize::new(threads)).unwrap().with_block_size(block);
    counter.add(documents, &mut no_progress).unwrap();
    counter.finish(&mut no_progress).unwrap()
}

fn learn(counts: &Counts, settings: &Settings) -> Trained {
    train(counts, settings, &mut no_progress).unwrap()
}

/// The learned tokens in order, without the 256 bytes.
fn learned(tokenizer: &Tokenizer) -> Vec<Vec<u8>> {
    tokenizer.vocab().iter().filter(|(_, bytes)| bytes.len() > 1).map(|(_, bytes)| bytes.to_vec()).collect()
}

const TIES: [(TieBreak, Ties); 2] = [(TieBreak::LowestPair, Ties::LowestPair), (TieBreak::FirstSeen, Ties::FirstSeen)];

/// Lines over few letters: full of runs, overlaps and equal pairs.
fn letters() -> impl Strategy<Value = Vec<u8>> {
    let letter = prop_oneof![8 => Just(b'a'), 4 => Just(b'b'), 1 => Just(b'c'), 2 => Just(b'\n')];
    proptest::collection::vec(letter, 1..200)
}

/// A pattern that leaves lines whole, so that words are long, hold runs and overlaps, and repeat.
const LINES: &str = r"[^\n]+|\n";

fn equals_the_reference(text: &[u8], merges: usize, special: &[&str], min_frequency: u64, max_bytes: usize) {
    let counts = count(LINES, &[text], special, 2, 1 << 20);
    let words: Vec<(Vec<u8>, u64)> = counts.iter().map(|(word, count)| (word.to_vec(), count)).collect();
    for (tie_break, ties) in TIES {
        for (special_ids, first) in [(SpecialIds::First, 256 + special.len() as u32), (SpecialIds::Last, 256)] {
            let vocab_size = 256 + special.len() + merges;
            let limits = Settings { min_frequency, max_token_bytes: max_bytes, ..Settings::default() };
            let settings = Settings { vocab_size, special_ids, tie_break, ..limits };
            let trained = learn(&counts, &settings);
            let expected = reference::train(&words, merges, first, ties, min_frequency, max_bytes);
            assert_eq!(learned(&trained.tokenizer), expected, "{ties:?} on {:?}", text.escape_ascii().to_string());
            assert_eq!((trained.learned, trained.asked), (expected.len(), merges));
            // Fewer merges than asked for leave no hole before the special tokens.
            assert_eq!(trained.tokenizer.vocab_size(), 256 + special.len() + expected.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn engine_equals_the_reference_with_runs_overlaps_and_ties(
        text in letters(),
        merges in 0..40usize,
        min_frequency in 1..4u64,
        max_bytes in prop_oneof![Just(usize::MAX), 1..6usize],
    ) {
        equals_the_reference(&text, merges, &[], min_frequency, max_bytes);
    }

    #[test]
    fn engine_equals_the_reference_on_any_bytes(
        text in proptest::collection::vec(prop_oneof![2 => any::<u8>(), 3 => 0u8..4, 1 => Just(b'\n')], 1..120),
        merges in 0..30usize,
    ) {
        equals_the_reference(&text, merges, &["<x>", "<y>"], 1, usize::MAX);
    }

    #[test]
    fn extending_equals_the_reference_and_keeps_every_id(
        first in letters(), second in letters(), known in 0..15usize, more in 0..25usize, is_trained in any::<bool>(),
    ) {
        let base = learn(&count(LINES, &[&first], &["<x>"], 1, 1 << 20), &Settings {
            vocab_size: 257 + known, special_ids: SpecialIds::First, ..Settings::default()
        }).tokenizer;
        // A base may also be a rank file, whose merges are not known.
        let ranks = Tokenizer::from_ranks(base.vocab().clone(), base.splitter().clone(), base.special().clone()).unwrap();
        let base = if is_trained { base } else { ranks };
        let counts = count(LINES, &[&second], &["<x>", "<y>"], 1, 1 << 20);
        let tokens: HashMap<u32, Vec<u8>> = base.vocab().iter().map(|(id, bytes)| (id.0, bytes.to_vec())).collect();
        let ranks: HashMap<Vec<u8>, u32> = tokens.iter().map(|(&id, bytes)| (bytes.clone(), id)).collect();
        let words: Vec<_> = counts.iter().map(|(word, count)| (reference::encode(word, &ranks), count)).collect();
        for (tie_break, ties) in TIES {
            for special_ids in [SpecialIds::First, SpecialIds::Last] {
                let settings = Settings {
                    vocab_size: base.vocab_size() + 1 + more, tie_break, special_ids, ..Settings::default()
                };
                let trained = extend(&counts, &base, &settings, &mut no_progress).unwrap();
                let first_id = base.vocab_size() as u32 + u32::from(special_ids == SpecialIds::First);
                let expected =
                    reference::extend(words.clone(), tokens.clone(), more, first_id, ties, 1, usize::MAX);
                let extended = &trained.tokenizer;
                let new: Vec<_> = extended.vocab().iter().filter(|(id, _)| !tokens.contains_key(&id.0)).collect();
                prop_assert_eq!(new.iter().map(|(_, bytes)| bytes.to_vec()).collect::<Vec<_>>(), expected);
                prop_assert!(new.iter().zip(first_id..).all(|((id, _), expected)| id.0 == expected));
                prop_assert!(base.vocab().iter().all(|(id, bytes)| extended.vocab().bytes(id) == Some(bytes)));
                prop_assert_eq!(extended.special().id("<x>"), base.special().id("<x>"));
                prop_assert!(extended.special().id("<y>").is_some());
                prop_assert_eq!(extended.trained_merges().is_some(), is_trained);
            }
        }
    }

    /// From the text to the tokens: what is counted, too, is counted here as plainly as can be.
    #[test]
    fn threads_and_blocks_train_as_the_reference(
        unit in proptest::collection::vec(r"[ab]{1,3}|[a-c']{2,9}| |\n{1,3}|é|\d{1,5}|!!", 20..200),
        repeats in 4..40usize,
        threads in 1..9usize,
        block in 1024..5000usize,
    ) {
        let text = unit.concat().repeat(repeats);
        let mut words: Vec<(Vec<u8>, u64)> = Vec::new();
        let mut places = HashMap::new();
        Splitter::new("cl100k").unwrap().split(text.as_bytes(), |piece| {
            let place = *places.entry(piece).or_insert(words.len());
            if place == words.len() {
                words.push((piece.to_vec(), 0));
            }
            words[place].1 += 1;
            Ok(())
        }).unwrap();
        let counts = count("cl100k", &[text.as_bytes()], &[], threads, block);
        for (tie_break, ties) in TIES {
            let settings = Settings { vocab_size: 256 + 40, tie_break, threads: NonZeroUsize::new(threads), ..Settings::default() };
            let expected = reference::train(&words, 40, 256, ties, 1, usize::MAX);
            prop_assert_eq!(learned(&learn(&counts, &settings).tokenizer), expected);
        }
    }

    #[test]
    fn threads_and_blocks_do_not_change_merges(
        text in r"([ab '\n]{0,12}[a-c ]{0,12}\PC?){1,20}",
        threads in 1..9usize,
        block in 1..64usize,
    ) {
        for pattern in ["gpt2", "cl100k", "o200k"] {
            let documents = [text.as_bytes(), b"a second document", text.as_bytes()];
            let whole = count(pattern, &documents, &["'b"], 1, usize::MAX);
            let cut = count(pattern, &documents, &["'b"], threads, block);
            prop_assert!(whole.iter().eq(cut.iter()), "{pattern}");
            for (tie_break, _) in TIES {
                let settings = Settings { vocab_size: 290, tie_break, ..Settings::default() };
                prop_assert!(learn(&whole, &settings).tokenizer == learn(&cut, &settings).tokenizer);
            }
        }
    }
}

#[test]
fn a_pair_with_the_bytes_of_a_token_becomes_that_token() {
    // "abc" arises as (ab, c) and as (a, bc): both words end as one and the same token.
    let text = b"abc\nabc\nabc\nbc\nab\nxabc\nab\nbc\nbc\nbc\nabcabc";
    equals_the_reference(text, 20, &[], 1, usize::MAX);
    let tokenizer =
        learn(&count(LINES, &[text], &[], 1, 1 << 20), &Settings { vocab_size: 300, ..Settings::default() });
    let mut tokens = learned(&tokenizer.tokenizer);
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), tokenizer.learned);
}

#[test]
fn a_run_is_counted_in_overlaps_and_merged_from_the_left() {
    let counts = count(LINES, &[b"aaaaa"], &[], 1, 1 << 20);
    let tokenizer = learn(&counts, &Settings { vocab_size: 258, ..Settings::default() }).tokenizer;
    assert_eq!(learned(&tokenizer), [b"aa".to_vec(), b"aaa".to_vec()]);
}

#[test]
fn a_trained_tokenizer_survives_the_model_file() {
    let text = include_bytes!("training.rs");
    let settings = Settings { vocab_size: 600, special_ids: SpecialIds::First, ..Settings::default() };
    let tokenizer = learn(&count("o200k", &[text], &["<bos>", "<eos>"], 2, 1024), &settings).tokenizer;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.json");
    io::model_file::save(&tokenizer, &path).unwrap();
    let loaded = io::model_file::load(&path).unwrap();
    assert!(loaded == tokenizer);
    assert_eq!(loaded.special().id("<eos>"), Some(Id(257)));
    let ids = loaded.encode_ordinary(text).unwrap();
    assert_eq!(loaded.decode(&ids).unwrap(), text);
    assert_eq!(io::model_file::to_bytes(&loaded), std::fs::read(&path).unwrap());
}

#[test]
fn a_model_file_that_was_tampered_with_is_refused() {
    let counts = count("cl100k", &[b"to be or not to be"], &["<e>"], 1, 1024);
    let tokenizer = learn(&counts, &Settings { vocab_size: 262, ..Settings::default() }).tokenizer;
    let good = String::from_utf8(io::model_file::to_bytes(&tokenizer)).unwrap();
    let path = std::path::Path::new("m.json");
    let error = |content: &str| io::model_file::from_bytes(content.as_bytes(), path).err().unwrap().to_string();
    for (content, expected) in [
        (good[..good.len() / 2].to_owned(), "truncated"),
        ("[]".to_owned(), "no JSON object"),
        ("{}".to_owned(), "not a pairwright model file"),
        (good.replace("\"version\": 1", "\"version\": 2"), "upgrade pairwright"),
        (good.replace("\"version\": 1", "\"version\": \"x\""), "not a version"),
        (good.replace("\"<e>\":", "\"<f>\":"), "checksum does not match"),
        (good.replace("\"AA==\": 0", "\"AA==\": 999"), "checksum does not match"),
    ] {
        assert_ne!(content, good);
        let error = error(&content);
        assert!(error.starts_with("m.json: ") && error.contains(expected), "{error}");
    }
    // Every prefix is an error, none a panic.
    for end in (0..good.len() - 2).step_by(7) {
        assert!(io::model_file::from_bytes(&good.as_bytes()[..end], path).is_err());
    }
}

#[test]
fn settings_that_cannot_be_met_are_named() {
    let counts = count("cl100k", &[b"some text"], &["<e>"], 1, 1024);
    let error = |settings| train(&counts, &settings, &mut no_progress).err().unwrap();
    let default = Settings::default;
    let too_small = error(Settings { vocab_size: 256, ..default() });
    assert!(matches!(too_small, Error::VocabSize { asked: 256, special: 1, least: 257, .. }), "{too_small}");
    assert!(matches!(error(Settings { min_frequency: 0, ..default() }), Error::Setting { .. }));
    assert!(matches!(error(Settings { max_token_bytes: 0, ..default() }), Error::Setting { .. }));
    assert!(matches!(error(Settings { vocab_size: 1 << 30, ..default() }), Error::Setting { .. }));
    let empty = count("cl100k", &[b"", b"<e>"], &["<e>"], 1, 1024);
    assert!(matches!(train(&empty, &default(), &mut no_progress).err().unwrap(), Error::EmptyCorpus));
    for bad in [vec!["".to_owned()], vec!["a".to_owned()], vec!["<e>".to_owned(), "<e>".to_owned()]] {
        let error = Counter::new(Splitter::new("gpt2").unwrap(), bad, None).err().unwrap();
        assert!(matches!(error, Error::SpecialToken { .. }), "{error}");
    }
}

#[test]
fn a_base_whose_tokens_are_cut_or_with_forgotten_special_tokens_is_refused() {
    let base = learn(
        &count("cl100k", &[b"some text"], &["<e>"], 1, 1024),
        &Settings { vocab_size: 260, ..Settings::default() },
    );
    let extending = |counts: &Counts, vocab_size| {
        let settings = Settings { vocab_size, ..Settings::default() };
        extend(counts, &base.tokenizer, &settings, &mut no_progress).err().unwrap().to_string()
    };
    let error = extending(&count(r"\p{L}", &[b"some text"], &["<e>"], 1, 1024), 300);
    assert!(error.contains(r#"pattern="\\p{L}", b" t": cuts this token of the base"#), "{error}");
    let error = extending(&count("cl100k", &[b"some text"], &[], 1, 1024), 300);
    assert!(error.contains("base=\"<e>\": this special token of the base was not cut out"), "{error}");
    let error = extending(&count("cl100k", &[b"some text"], &["<e>", "<f>"], 1, 1024), 260);
    assert!(error.contains("the 260 ids of the base and 1 special token(s) need at least 261"), "{error}");
}

#[test]
fn a_report_may_stop_learning_but_not_counting() {
    let text = b"the cat sat on the mat";
    let stop = &mut |_: Event| Err(Error::Stopped);
    let mut counter = Counter::new(Splitter::new("cl100k").unwrap(), vec!["<e>".into()], None).unwrap();
    assert!(matches!(counter.add(&[text], stop), Err(Error::Stopped)));

    let counts = count("cl100k", &[text], &["<e>"], 1, 1 << 20);
    let settings = Settings { vocab_size: 260, ..Settings::default() };
    let stopped = train(&counts, &settings, stop).unwrap();
    assert_eq!((stopped.learned, stopped.asked, stopped.stopped), (0, 3, true));
    let before = unlearned(&counts, None, &settings).unwrap();
    assert_eq!((before.learned, before.asked, before.stopped), (0, 3, false));
    assert!(stopped.tokenizer == before.tokenizer && before.tokenizer.special().id("<e>") == Some(Id(256)));

    // Whoever asks only once all is done has stopped nothing.
    let mut last = None;
    let at_the_end = &mut |event: Event| match event {
        Event::Merge { done: 3, total: 3, pair, count } => {
            last = Some((pair.unwrap().concat(), count));
            Err(Error::Stopped)
        }
        _ => Ok(()),
    };
    let whole = train(&counts, &settings, at_the_end).unwrap();
    assert_eq!((whole.learned, whole.stopped), (3, false));
    assert_eq!(last.unwrap(), (learned(&whole.tokenizer).pop().unwrap(), 2));

    let failing = &mut |_: Event| Err(Error::Interrupted);
    assert!(matches!(train(&counts, &settings, failing), Err(Error::Interrupted)));
}
