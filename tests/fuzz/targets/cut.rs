//! Truncated texts and chunks, against all that could be.

use std::cell::RefCell;
use std::collections::HashMap;

use pairwright::{Error, SpecialTokens, Splitter, Tokenizer, Vocab};

use super::{Input, SCANNED};

/// Two numbers, a pattern, lines of tokens, an empty line, a text.
pub fn cut(data: &[u8]) {
    let mut input = Input(data);
    let (most, overlap) = (1 + input.choice(48), input.choice(48));
    let (pattern, ignores) = (SCANNED[input.choice(SCANNED.len())], input.choice(2) == 1);
    let mut vocab = Vocab::of_bytes();
    for _ in 0..60 {
        let line = input.line();
        if line.is_empty() {
            break;
        }
        // Two characters that no line holds otherwise.
        let token = String::from_utf8_lossy(&line[..line.len().min(24)]).replace("\\n", "\n");
        if vocab.id(token.as_bytes()).is_none() {
            vocab.insert(vocab.end(), token.as_bytes()).expect("a new token");
        }
    }
    let splitter = Splitter::new(pattern).expect("a pattern");
    let tokenizer = Tokenizer::from_ranks(vocab, splitter, SpecialTokens::default()).expect("a tokenizer");
    let tokenizer = tokenizer.ignoring_merges(ignores);
    let times = 1 + input.choice(12);
    let text = String::from_utf8_lossy(&input.0[..input.0.len().min(160)]).repeat(times);
    let end = text.char_indices().map(|(at, _)| at).take_while(|&at| at <= 240).last().unwrap_or(0);
    check(&tokenizer, &text[..end], most, overlap % most);
}

fn check(tokenizer: &Tokenizer, text: &str, most: usize, overlap: usize) {
    let bytes = text.as_bytes();
    // The same parts are asked for again and again.
    let known = RefCell::new(HashMap::new());
    let count = |start: usize, end: usize| {
        let encoded = || tokenizer.encode_ordinary(&bytes[start..end]).expect("a scanner").len();
        *known.borrow_mut().entry((start, end)).or_insert_with(encoded)
    };
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let end_of = |start: usize| {
        let ends = places.iter().rev().filter(|&&end| end >= start);
        *ends.clone().find(|&&end| count(start, end) <= most).unwrap_or(&start)
    };
    assert_eq!(tokenizer.truncate(bytes, most).expect("a scanner"), end_of(0));
    let mut expected = Vec::new();
    let (mut before, mut at) = (0, 0);
    while at < bytes.len() {
        let starts = places.iter().copied().filter(|&start| before < start && start < at);
        let start = starts.into_iter().find(|&start| count(start, at) <= overlap && end_of(start) > at).unwrap_or(at);
        let end = end_of(start);
        if end == at {
            let error = tokenizer.chunks(bytes, most, overlap, &mut || Ok(())).expect_err("a character is too long");
            assert!(matches!(error, Error::CharacterTooLong { position, .. } if position == at), "{error}");
            return;
        }
        expected.push(start..end);
        (before, at) = (start, end);
    }
    assert_eq!(tokenizer.chunks(bytes, most, overlap, &mut || Ok(())).expect("all characters fit"), expected);
}
