//! The race equals a slow twin, which counts all pairs of the worst language anew for each merge.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::encode::Scratch;
use crate::train::{CountsBuilder, TieBreak, no_progress};
use crate::{SpecialTokens, Splitter, Vocab};

type Words = Vec<(Vec<u8>, u64)>;

fn counts(words: &Words) -> Counts {
    let mut counts = CountsBuilder::new(Splitter::new("cl100k").unwrap(), Vec::new()).unwrap();
    words.iter().for_each(|(word, count)| counts.add(word, *count).unwrap());
    counts.finish()
}

/// Two tokens by their bytes.
type Pair = (Vec<u8>, Vec<u8>);

/// A language: what to learn from, what it is measured on, and its ratio.
type Spoken<T> = (T, Option<T>, f64);

/// A text as the twin has it: its words as the bytes of their tokens.
type Text = Vec<(Vec<Vec<u8>>, u64)>;

fn text(counts: &Counts, base: Option<&Tokenizer>) -> Text {
    let tokens = |word: &[u8]| match base {
        None => word.iter().map(|&byte| vec![byte]).collect(),
        Some(base) => {
            let mut ids = Vec::new();
            base.encode_piece(word, &mut Scratch::default(), &mut ids).unwrap();
            ids.iter().map(|&id| base.vocab().bytes(id).unwrap().to_vec()).collect()
        }
    };
    counts.iter().map(|(word, count)| (tokens(word), count)).collect()
}

fn tokens(text: &Text) -> u64 {
    text.iter().map(|(word, count)| word.len() as u64 * count).sum()
}

fn bytes(text: &Text) -> u64 {
    text.iter().map(|(word, count)| word.concat().len() as u64 * count).sum()
}

/// The most frequent pair; by the rule the one of the lowest ids, or the first, among equals.
fn best(text: &Text, ids: &HashMap<Vec<u8>, u32>, settings: &Settings) -> Option<Pair> {
    let mut pairs: Vec<(Pair, u64)> = Vec::new();
    for (word, count) in text {
        for two in word.windows(2) {
            let pair = (two[0].clone(), two[1].clone());
            match pairs.iter_mut().find(|(known, _)| *known == pair) {
                Some((_, sum)) => *sum += count,
                None => pairs.push((pair, *count)),
            }
        }
    }
    let words = |token: &[u8]| token.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count() as u32;
    let fits = |(left, right): &Pair| {
        let token = [left.as_slice(), right].concat();
        token.len() <= settings.max_token_bytes && settings.max_token_words.is_none_or(|most| words(&token) <= most)
    };
    let pairs = pairs.into_iter().filter(|(pair, count)| *count >= settings.min_frequency && fits(pair));
    let key = |(at, ((left, right), count)): &(usize, (Pair, u64))| match settings.tie_break {
        TieBreak::LowestPair => (std::cmp::Reverse(*count), ids[left] as usize, ids[right] as usize),
        TieBreak::FirstSeen => (std::cmp::Reverse(*count), *at, 0),
    };
    pairs.enumerate().min_by_key(key).map(|(_, (pair, _))| pair)
}

fn merge(text: &mut Text, (left, right): &Pair) {
    for (word, _) in text {
        let mut at = 0;
        while at + 1 < word.len() {
            if word[at] == *left && word[at + 1] == *right {
                word[at].extend_from_slice(right);
                word.remove(at + 1);
            }
            at += 1;
        }
    }
}

/// What is learned, by new token; the language that each was learned for; the tokens of what is measured.
type Result3 = (Vec<Vec<u8>>, Vec<u64>, Vec<u64>);

fn twin(
    languages: &[Spoken<Text>],
    base: Option<&Tokenizer>,
    asked: usize,
    settings: &Settings,
    balance: &Balance,
) -> Result3 {
    let mut languages = languages.to_vec();
    let mut ids: HashMap<Vec<u8>, u32> = match base {
        None => (0..=255).map(|byte: u8| (vec![byte], byte.into())).collect(),
        Some(base) => base.vocab().iter().map(|(id, bytes)| (bytes.to_vec(), id.0)).collect(),
    };
    let (mut learned, mut of) = (Vec::new(), vec![0; languages.len()]);
    let (mut exhausted, mut recent) = (vec![false; languages.len()], Vec::new());
    let mut is_global = true;
    while learned.len() < asked {
        is_global = is_global && learned.len() < balance.global_merges;
        let number = if is_global {
            None
        } else {
            let measured = |number: usize| languages[number].1.as_ref().unwrap_or(&languages[number].0);
            let badness = |number: usize| match balance.by_ratio {
                false => tokens(measured(number)) as f64,
                true => {
                    let (bytes, tokens) = (bytes(measured(number)), tokens(measured(number)));
                    -(bytes as f64 / tokens as f64 / languages[number].2)
                }
            };
            let open: Vec<usize> = (0..languages.len()).filter(|&number| !exhausted[number]).collect();
            let is_free = |number: usize| {
                let Some(Window { size, alpha }) = balance.window else { return true };
                let last = &recent[recent.len().saturating_sub(size)..];
                let chosen = last.iter().filter(|&&other| other == number).count();
                chosen as f64 / size as f64 <= alpha / languages.len() as f64
            };
            let free: Vec<usize> = open.iter().copied().filter(|&number| is_free(number)).collect();
            let among = if free.is_empty() { open } else { free };
            let Some(&first) = among.first() else { break };
            let worse = |worst: usize, &other: &usize| if badness(other) > badness(worst) { other } else { worst };
            Some(among.iter().fold(first, worse))
        };
        let text = match number {
            Some(number) => languages[number].0.clone(),
            None => {
                // Equal words of several languages are one word of the sum.
                let mut sum: Text = Vec::new();
                for (word, count) in languages.iter().flat_map(|(text, ..)| text.iter()) {
                    match sum.iter_mut().find(|(known, _)| known == word) {
                        Some((_, known)) => *known += count,
                        None => sum.push((word.clone(), *count)),
                    }
                }
                sum
            }
        };
        let Some(pair) = best(&text, &ids, settings) else {
            match number {
                Some(number) => exhausted[number] = true,
                None => is_global = false,
            }
            if number.is_none() {
                break;
            }
            continue;
        };
        let token = [pair.0.clone(), pair.1.clone()].concat();
        let is_new = !ids.contains_key(&token);
        if is_new {
            let next = ids.values().max().unwrap() + 1;
            ids.insert(token.clone(), next);
            learned.push(token);
        }
        if let Some(number) = number {
            recent.push(number);
            of[number] += u64::from(is_new);
        }
        for (text, development, _) in &mut languages {
            merge(text, &pair);
            development.iter_mut().for_each(|text| merge(text, &pair));
        }
    }
    let tokens = languages.iter().map(|(text, development, _)| tokens(development.as_ref().unwrap_or(text)));
    (learned, of, tokens.collect())
}

fn equals_the_twin(
    words: &[Spoken<Words>],
    base: Option<&Tokenizer>,
    asked: usize,
    settings: &Settings,
    balance: &Balance,
) {
    let all: Vec<_> =
        words.iter().map(|(train, dev, ratio)| (counts(train), dev.as_ref().map(counts), *ratio)).collect();
    let languages: Vec<Language> = all
        .iter()
        .map(|(counts, development, ratio)| Language { counts, development: development.as_ref(), ratio: *ratio })
        .collect();
    let known = base.map_or(256, Tokenizer::vocab_size);
    for tie_break in [TieBreak::LowestPair, TieBreak::FirstSeen] {
        let settings = Settings { tie_break, vocab_size: known + asked, ..settings.clone() };
        let texts: Vec<_> = all
            .iter()
            .map(|(train, dev, ratio)| (text(train, base), dev.as_ref().map(|dev| text(dev, base)), *ratio))
            .collect();
        let (tokens, of, measured) = twin(&texts, base, asked, &settings, balance);
        let found = train_parity(&languages, base, &settings, balance, &mut no_progress).unwrap();
        let vocab = found.trained.tokenizer.vocab();
        let learned = vocab.iter().filter(|(id, _)| id.index() >= known).map(|(_, bytes)| bytes.to_vec());
        let learned: Vec<_> = learned.collect();
        assert_eq!((learned, found.learned, found.tokens), (tokens, of, measured), "{settings:?} {balance:?}");
    }
}

fn words() -> impl Strategy<Value = Words> {
    let letter = prop_oneof![8 => Just(b'a'), 4 => Just(b'b'), 2 => Just(b'c'), 1 => Just(b'd'), 2 => Just(b' ')];
    let count = prop_oneof![9 => 1..5u64, 3 => 250..260u64];
    proptest::collection::vec((proptest::collection::vec(letter, 1..14), count), 1..8)
}

fn languages() -> impl Strategy<Value = Vec<Spoken<Words>>> {
    let ratio = prop_oneof![Just(1.0), Just(2.5), 0.5..4.0f64];
    let development = prop_oneof![2 => words().prop_map(Some), 1 => Just(None)];
    proptest::collection::vec((words(), development, ratio), 1..5)
}

fn balance() -> impl Strategy<Value = Balance> {
    let window = (1..8usize, 0.25..3.0f64).prop_map(|(size, alpha)| Some(Window { size, alpha }));
    let window = prop_oneof![1 => Just(None), 1 => window];
    (prop_oneof![2 => Just(0), 1 => 0..12usize], window, any::<bool>())
        .prop_map(|(global_merges, window, by_ratio)| Balance { global_merges, window, by_ratio })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equal_from_bytes(
        languages in languages(),
        asked in 0..30usize,
        min_frequency in prop_oneof![3 => 1..4u64, 1 => 200..600u64],
        max_token_bytes in prop_oneof![2 => Just(usize::MAX), 1 => 1..6usize],
        max_token_words in prop_oneof![1 => Just(None), 1 => (1..4u32).prop_map(Some)],
        balance in balance(),
    ) {
        let settings = Settings { min_frequency, max_token_bytes, max_token_words, ..Settings::default() };
        equals_the_twin(&languages, None, asked, &settings, &balance);
    }

    #[test]
    fn equal_on_top_of_a_base(
        languages in languages(),
        tokens in proptest::collection::vec(proptest::collection::vec(b'a'..=b'c', 2..5), 0..8),
        asked in 0..20usize,
        balance in balance(),
    ) {
        let mut vocab = Vocab::of_bytes();
        for token in &tokens {
            if vocab.id(token).is_none() {
                vocab.insert(vocab.end(), token).unwrap();
            }
        }
        let splitter = Splitter::new("cl100k").unwrap();
        let base = Tokenizer::from_ranks(vocab, splitter, SpecialTokens::default()).unwrap();
        equals_the_twin(&languages, Some(&base), asked, &Settings::default(), &balance);
    }
}

#[test]
fn one_language_is_learned_as_ever() {
    let words: Words = vec![(b"abracadabra".to_vec(), 3), (b"cadabra".to_vec(), 5), (b"barbara".to_vec(), 4)];
    let counts = counts(&words);
    let settings = Settings { vocab_size: 270, ..Settings::default() };
    let language = Language { counts: &counts, development: None, ratio: 1.0 };
    let ever = crate::train::train(&counts, &settings, &mut no_progress).unwrap().tokenizer;
    for balance in [Balance::default(), Balance { global_merges: 5, ..Balance::default() }] {
        let found = train_parity(&[language], None, &settings, &balance, &mut no_progress).unwrap();
        assert!(found.trained.tokenizer.vocab().iter().eq(ever.vocab().iter()));
    }
}

#[test]
fn merges_are_for_the_language_that_stands_worst() {
    // Both say the same; the second takes more bytes to say it.
    let [short, long] = [vec![(b"ab".to_vec(), 10)], vec![(b"xyxyxyxy".to_vec(), 10)]].map(|words| counts(&words));
    let languages = [&short, &long].map(|counts| Language { counts, development: None, ratio: 1.0 });
    let settings = Settings { vocab_size: 259, ..Settings::default() };
    let found = train_parity(&languages, None, &settings, &Balance::default(), &mut no_progress).unwrap();
    // 80 tokens of "xyxyxyxy" become 40, 20, and then 10 by "ab" are no longer the fewer.
    assert_eq!((found.learned, found.tokens), (vec![1, 2], vec![10, 20]));
}

#[test]
fn counts_of_another_pattern_and_empty_ones_are_refused() {
    let words: Words = vec![(b"ab".to_vec(), 1)];
    let counts = counts(&words);
    let other = CountsBuilder::new(Splitter::new("gpt2").unwrap(), Vec::new()).unwrap().finish();
    let none = CountsBuilder::new(Splitter::new("cl100k").unwrap(), Vec::new()).unwrap().finish();
    let settings = Settings { vocab_size: 257, ..Settings::default() };
    let learn = |development| {
        let languages = [Language { counts: &counts, development, ratio: 1.0 }];
        train_parity(&languages, None, &settings, &Balance::default(), &mut no_progress).map(|_| ())
    };
    assert!(matches!(learn(Some(&other)), Err(Error::CountsDiffer { .. })));
    assert!(matches!(learn(Some(&none)), Err(Error::EmptyCorpus)));
    assert!(matches!(
        train_parity(&[], None, &settings, &Balance::default(), &mut no_progress),
        Err(Error::EmptyCorpus)
    ));
}
