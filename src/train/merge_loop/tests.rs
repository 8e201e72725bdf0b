//! The loop equals the reference wherever the horizon lies. With the default policy small corpora lie within it from the
//! start, so that nothing would be tested; here it is forced to begin far up and to be lowered many times.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use hashbrown::HashSet;
use proptest::prelude::*;

use super::*;
use crate::encode::Scratch;
use crate::reference::{self, Ties};
use crate::train::horizon::{Horizon, Policy};
use crate::train::words::Start;
use crate::train::{Counts, CountsBuilder, Settings, TieBreak, no_progress};
use crate::{Id, SpecialTokens, Splitter, Tokenizer};

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

/// Words start as the base encodes them.
fn equals_the_reference(words: &[(Vec<u8>, u64)], base: &Tokenizer, asked: usize, settings: &Settings) {
    let mut scratch = Scratch::default();
    let segment = |word: &[u8], ids: &mut Vec<Id>| base.encode_piece(word, &mut scratch, ids);
    equals_from(words, base.vocab(), segment, asked, settings);
}

fn equals_from(
    words: &[(Vec<u8>, u64)],
    vocab: &Vocab,
    mut segment: impl FnMut(&[u8], &mut Vec<Id>) -> Result<()>,
    asked: usize,
    settings: &Settings,
) {
    let counts = counts(words);
    let tokens: HashMap<u32, Vec<u8>> = vocab.iter().map(|(id, bytes)| (id.0, bytes.to_vec())).collect();
    let mut segmented = Vec::new();
    for (word, count) in counts.iter() {
        let mut ids = Vec::new();
        segment(word, &mut ids).unwrap();
        segmented.push((ids.into_iter().map(|id| id.0).collect(), count));
    }
    // New tokens may have a gap before them.
    for (first, (tie_break, ties)) in [vocab.end(), Id(600)].into_iter().flat_map(|first| TIES.map(|tie| (first, tie)))
    {
        let settings = Settings { tie_break, ..settings.clone() };
        let (least, longest) = (settings.min_frequency, settings.max_token_bytes);
        let expected = reference::extend(segmented.clone(), tokens.clone(), asked, first.0, ties, least, longest);
        for part in PARTS {
            // Thread by thread where the horizon lies in the middle.
            let settings = Settings { threads: NonZeroUsize::new(if part == 3 { 3 } else { 1 }), ..settings.clone() };
            let mut report = no_progress;
            let mut pulse = Pulse::new(asked, &mut report).unwrap();
            let mut start = Start::Encoded(Box::new(&mut segment));
            let lexicon = Lexicon::new(vocab.clone(), first);
            let text = Text::new(&counts, &settings, &lexicon, &mut start, &mut pulse).unwrap();
            let text = text.with_horizon(Horizon::new(Policy { part }, settings.min_frequency));
            let rules = Rules { settings: &settings, refused: HashSet::default() };
            let learned = run(text, lexicon, &rules, asked, &mut pulse).unwrap();
            let found: Vec<_> = learned.vocab.iter().filter(|(id, _)| *id >= first).collect();
            let bytes: Vec<_> = found.iter().map(|(_, bytes)| bytes.to_vec()).collect();
            assert_eq!(bytes, expected, "{ties:?}, part {part}, {segmented:?}, {settings:?}");
            assert!(found.iter().zip(first.0..).all(|((id, _), expected)| id.0 == expected));
            assert_eq!(learned.learned, expected.len());
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

    // Encoding cuts equal bytes alike, and then no token arises in two ways. The loop does not rely on it.
    #[test]
    fn equal_when_a_token_arises_in_several_ways(
        words in words(),
        tokens in proptest::collection::vec(proptest::collection::vec(b'a'..=b'c', 2..4), 0..12),
        seed in any::<u64>(),
        asked in 0..40usize,
        max_token_bytes in prop_oneof![2 => Just(usize::MAX), 1 => 1..6usize],
    ) {
        let settings = Settings { max_token_bytes, ..Settings::default() };
        let base = base(0, &tokens);
        let any_cut = |word: &[u8], ids: &mut Vec<Id>| {
            let mut choice = seed;
            let mut at = 0;
            while at < word.len() {
                let fitting: Vec<_> = base.vocab().iter().filter(|(_, token)| word[at..].starts_with(token)).collect();
                choice = choice.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(u64::from(word[at]) + word.len() as u64);
                let (id, token) = fitting[(choice >> 33) as usize % fitting.len()];
                ids.push(id);
                at += token.len();
            }
            Ok(())
        };
        equals_from(&words, base.vocab(), any_cut, asked, &settings);
    }
}
