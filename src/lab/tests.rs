//! What a usage says of smaller vocabularies is what encoding with them gives.

use proptest::prelude::*;

use crate::special::{Choice, SpecialTokens};
use crate::{Id, Splitter, Tokenizer, Vocab};

/// Tokens of any order of ids that are made of others, or of none.
fn tokenizer(tokens: &[Vec<u8>]) -> Tokenizer {
    let mut vocab = Vocab::of_bytes();
    for token in tokens.iter().filter(|token| token.len() > 1) {
        // Some are drawn twice.
        let _ = vocab.insert(vocab.end(), token);
    }
    let end = vocab.end();
    let special = SpecialTokens::new([("<x>".to_owned(), end)]).unwrap();
    Tokenizer::from_ranks(vocab, Splitter::new("(?s:.+)").unwrap(), special).unwrap()
}

fn usage(tokenizer: &Tokenizer, text: &[u8]) -> Vec<u64> {
    tokenizer.usage(&[text], &tokenizer.special().ordinary(), None, || Ok(())).unwrap()
}

fn bytes(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(proptest::sample::select(b"ab ".to_vec()), length)
}

proptest! {
    #[test]
    fn smaller_vocabularies_are_told_by_one_usage(
        tokens in proptest::collection::vec(bytes(2..5), 0..12),
        text in bytes(0..80),
    ) {
        let whole = tokenizer(&tokens);
        let found = usage(&whole, &text);
        let made = whole.made(&found).unwrap();
        for merge in whole.merge_table() {
            prop_assert!(made[merge.made.index()] <= made[merge.left.index()].min(made[merge.right.index()]));
        }
        let Ok(curve) = whole.curve(&found) else { return Ok(()) };
        prop_assert_eq!(*curve.last().unwrap(), found.iter().sum::<u64>());
        for size in 257..=whole.vocab_size() {
            let first = whole.first(size).unwrap();
            prop_assert_eq!(first.vocab_size(), size);
            prop_assert_eq!(&whole.usages_at(&found, &[257, size]).unwrap()[1], &usage(&first, &text));
        }
    }

    #[test]
    fn untouched_text_keeps_its_ids(
        tokens in proptest::collection::vec(bytes(2..5), 1..12),
        gone in proptest::collection::vec(0..12usize, 0..4),
        text in bytes(0..80),
    ) {
        let whole = tokenizer(&tokens);
        let end = whole.vocab().end().0;
        let gone: Vec<Id> = gone.into_iter().map(|at| Id(256 + at as u32)).filter(|id| id.0 < end).collect();
        let less = whole.without(&gone).unwrap();
        let ids = less.encode_ordinary(&text).unwrap();
        prop_assert!(!ids.iter().any(|id| gone.contains(id)));
        prop_assert_eq!(less.decode(&ids).unwrap(), &text[..]);
        let made = whole.made(&usage(&whole, &text)).unwrap();
        if gone.iter().all(|id| made[id.index()] == 0) {
            prop_assert_eq!(&ids, &whole.encode_ordinary(&text).unwrap());
        }
        let (compact, old) = less.compact().unwrap();
        let policy = compact.policy(&Choice::All, &Choice::NONE).unwrap();
        let new = compact.encode(&text, &policy).unwrap();
        let back: Vec<Id> = new.iter().map(|id| old[id.index()]).collect();
        prop_assert_eq!(back, ids);
    }
}
