//! Encoding against the oracle.

use std::collections::HashMap;

use pairwright::split::WHOLE;
use pairwright::{Id, SpecialTokens, Splitter, Tokenizer, Vocab, merges, reference};

use super::Input;

/// Small letters, so that much merges; any bytes if asked for.
fn folded(bytes: &[u8], letters: usize) -> Vec<u8> {
    bytes.iter().map(|&byte| if letters == 0 { byte } else { b'a' + byte % letters as u8 }).collect()
}

/// Lines of tokens or merges, an empty line, a text.
pub fn encode(data: &[u8]) {
    let mut input = Input(data);
    let (letters, is_list) = (input.choice(5), input.choice(2) == 1);
    let mut tokens = Vec::new();
    loop {
        let line = input.line();
        if line.is_empty() || tokens.len() > 60 {
            break;
        }
        tokens.push(folded(&line[..line.len().min(40)], letters));
    }
    let times = 1 + input.choice(8);
    let text = folded(&input.0[..input.0.len().min(400)], letters).repeat(times);
    if is_list {
        by_list(&tokens, &text);
    } else {
        by_ranks(&tokens, &text);
    }
}

fn tokenizer(make: impl FnOnce(Splitter, SpecialTokens) -> pairwright::Result<Tokenizer>) -> Tokenizer {
    make(Splitter::new(WHOLE).expect("a pattern"), SpecialTokens::default()).expect("a tokenizer")
}

fn check(tokenizer: &Tokenizer, text: &[u8], expected: &[u32]) {
    let ids = tokenizer.encode_ordinary(text).expect("no regex can fail");
    assert!(ids.iter().map(|id| id.0).eq(expected.iter().copied()), "{ids:?} is not {expected:?}");
    assert_eq!(tokenizer.decode(&ids).expect("known ids"), text);
    // What was seen before gives the same.
    assert_eq!(tokenizer.encode_ordinary(text).expect("as before"), ids);
}

fn by_ranks(tokens: &[Vec<u8>], text: &[u8]) {
    let mut vocab = Vocab::of_bytes();
    let mut ranks: HashMap<Vec<u8>, u32> = (0..=255u8).map(|byte| (vec![byte], byte.into())).collect();
    for token in tokens {
        if !ranks.contains_key(token) {
            let id = vocab.end();
            vocab.insert(id, token).expect("a new token");
            ranks.insert(token.clone(), id.0);
        }
    }
    let tokenizer = tokenizer(|splitter, special| Tokenizer::from_ranks(vocab, splitter, special));
    check(&tokenizer, text, &reference::encode(text, &ranks));
    // The merges that are recovered mean the same.
    let by_list = merges::MergeList::new(tokenizer.vocab(), tokenizer.merges().to_vec()).expect("its own merges");
    assert_eq!(by_list.pairs().len(), tokenizer.merges().len());
}

fn by_list(tokens: &[Vec<u8>], text: &[u8]) {
    // Each token is cut in two where its first byte says; both must be there.
    let mut vocab = Vocab::of_bytes();
    let mut pairs: Vec<merges::Pair> = Vec::new();
    let mut list = Vec::new();
    for token in tokens.iter().filter(|token| token.len() > 1) {
        let (left, right) = token.split_at(1 + usize::from(token[0]) % (token.len() - 1));
        let (Some(left), Some(right)) = (vocab.id(left), vocab.id(right)) else { continue };
        if pairs.contains(&(left, right)) {
            continue;
        }
        let made = vocab.id(token).unwrap_or_else(|| {
            let id: Id = vocab.end();
            vocab.insert(id, token).expect("a new token");
            id
        });
        pairs.push((left, right));
        list.push(((left.0, right.0), made.0));
    }
    let tokenizer = tokenizer(|splitter, special| Tokenizer::from_merges(vocab, pairs, splitter, special));
    check(&tokenizer, text, &reference::encode_by_list(text, &list));
}
