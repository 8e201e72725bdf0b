//! The loop equals the reference wherever the horizon lies. With the default policy small corpora lie within it from the
//! start, so that nothing would be tested; here it is forced to begin far up and to be lowered many times.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::encode::Scratch;
use crate::reference::{self, Ties};
use crate::train::CountsBuilder;
use crate::{SpecialTokens, Splitter, Tokenizer};

const TIES: [(TieBreak, Ties); 2] = [(TieBreak::LowestPair, Ties::LowestPair), (TieBreak::FirstSeen, Ties::FirstSeen)];

/// From one that begins at the sum of all counts and is lowered by halves, to one that keeps all pairs.
const PARTS: [u64; 5] = [0, 1, 3, 20, u64::MAX];

fn splitter() -> Splitter {
    Splitter::new("cl100k").unwrap()
}

fn counts(words: &[(Vec<u8>, u64)]) -> Counts {
    let mut counts = CountsBuilder::new(splitter(), Vec::new()).unwrap();
    words.iter().for_each(|(word, count)| counts.add(word, *count).unwrap());
    counts.finish()
}

/// Words over few letters, full of runs, overlaps and equal pairs, some with a count that takes more than 8 or 32 bits.
fn words() -> impl Strategy<Value = Vec<(Vec<u8>, u64)>> {
    let letter = prop_oneof![8 => Just(b'a'), 4 => Just(b'b'), 1 => Just(b'c')];
    let count = prop_oneof![9 => 1..5u64, 3 => 250..260u64, 1 => (1 << 32) - 2..(1u64 << 33)];
    proptest::collection::vec((proptest::collection::vec(letter, 1..20), count), 1..12)
}

/// A tokenizer with these tokens, which merging may well give again. Its bytes have the ids from `first` on.
fn base(first: u32, tokens: &[Vec<u8>]) -> Tokenizer {
    let mut vocab = Vocab::default();
    (0..=255u8).for_each(|byte| vocab.insert(Id(first + u32::from(byte)), &[byte]).unwrap());
    for token in tokens {
        if vocab.id(token).is_none() {
            vocab.insert(vocab.end(), token).unwrap();
        }
    }
    Tokenizer::from_ranks(vocab, splitter(), SpecialTokens::default()).unwrap()
}

/// With few ids and with many: there are two ways to collect pairs.
fn equals_the_reference(words: &[(Vec<u8>, u64)], base: &Tokenizer, asked: usize, settings: &Settings) {
    for first in [base.vocab().end(), Id(600)] {
        equals_from(words, base, first, asked, settings);
    }
}

fn equals_from(words: &[(Vec<u8>, u64)], base: &Tokenizer, first: Id, asked: usize, settings: &Settings) {
    let counts = counts(words);
    let tokens: HashMap<u32, Vec<u8>> = base.vocab().iter().map(|(id, bytes)| (id.0, bytes.to_vec())).collect();
    let ranks: HashMap<Vec<u8>, u32> = tokens.iter().map(|(&id, bytes)| (bytes.clone(), id)).collect();
    let segmented: Vec<_> = counts.iter().map(|(word, count)| (reference::encode(word, &ranks), count)).collect();
    for (tie_break, ties) in TIES {
        let settings = Settings { tie_break, ..settings.clone() };
        let Settings { min_frequency, max_token_bytes, .. } = settings;
        let expected =
            reference::extend(segmented.clone(), tokens.clone(), asked, first.0, ties, min_frequency, max_token_bytes);
        for part in PARTS {
            let mut scratch = Scratch::default();
            let segment = |word: &[u8], ids: &mut Vec<Id>| base.encode_piece(word, &mut scratch, ids);
            let merge_loop = MergeLoop::new(&counts, &settings, base.vocab().clone(), first, segment).unwrap();
            let learned = merge_loop.with_policy(Policy { part }).run(asked, &mut |_| Ok(())).unwrap();
            let found: Vec<Vec<u8>> =
                learned.vocab.iter().filter(|(id, _)| *id >= first).map(|(_, bytes)| bytes.to_vec()).collect();
            assert_eq!(found, expected, "{ties:?}, part {part}, {words:?}, {settings:?}");
            assert_eq!(learned.merges.len(), expected.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equal_from_bytes(
        words in words(),
        asked in 0..40usize,
        min_frequency in prop_oneof![1..4u64, 200..2000u64],
        max_token_bytes in prop_oneof![2 => Just(usize::MAX), 1 => 1..6usize],
    ) {
        let settings = Settings { min_frequency, max_token_bytes, ..Settings::default() };
        equals_the_reference(&words, &base(0, &[]), asked, &settings);
    }

    #[test]
    fn equal_from_a_base_whose_tokens_arise_again(
        words in words(),
        first in prop_oneof![Just(0), Just(200)],
        tokens in proptest::collection::vec(proptest::collection::vec(b'a'..=b'c', 2..5), 0..12),
        asked in 0..40usize,
        min_frequency in prop_oneof![3 => 1..4u64, 1 => 200..2000u64],
        max_token_bytes in prop_oneof![2 => Just(usize::MAX), 1 => 1..6usize],
    ) {
        let settings = Settings { min_frequency, max_token_bytes, ..Settings::default() };
        equals_the_reference(&words, &base(first, &tokens), asked, &settings);
    }
}
