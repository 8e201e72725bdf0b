//! Decoding: all at once, and as ids arrive.

use pairwright::decode::Utf8Stream;
use pairwright::{Error, Id, SpecialTokens, Splitter, Tokenizer, Vocab};

use super::Input;

pub fn decode(data: &[u8]) {
    let mut input = Input(data);
    // Ids, two bytes each, most of which are known; and the bytes as they are.
    let mut vocab = Vocab::of_bytes();
    for token in ["é".as_bytes(), b"\xf0\x9f", b"\x98\x80", b"a token that is longer than any register", b"\xff"] {
        if vocab.id(token).is_none() {
            vocab.insert(vocab.end(), token).expect("a new token");
        }
    }
    let special = SpecialTokens::new([("<end>".to_owned(), Id(270))]).expect("a special token");
    let tokenizer = Tokenizer::from_ranks(vocab, Splitter::new("cl100k").expect("a pattern"), special);
    let tokenizer = tokenizer.expect("a tokenizer");
    let mut stream = Utf8Stream::default();
    let mut shown = String::new();
    let (mut ids, mut bytes) = (Vec::new(), Vec::new());
    while !input.0.is_empty() {
        let id = Id(u32::from(input.byte()) + if input.choice(4) == 0 { u32::from(input.byte()) % 24 } else { 0 });
        ids.push(id);
        match tokenizer.token_bytes(id) {
            Some(token) => {
                bytes.extend_from_slice(token);
                shown += &stream.push(token);
            }
            None => {
                let Err(Error::UnknownId { id: unknown, position }) = tokenizer.decode(&ids) else {
                    panic!("{id:?} is decoded");
                };
                assert_eq!((unknown, position), (id.0, ids.len() - 1));
                ids.pop();
            }
        }
    }
    shown += &stream.finish();
    assert_eq!(tokenizer.decode(&ids).expect("known ids"), bytes);
    assert_eq!(shown, String::from_utf8_lossy(&bytes));
    let mut parts = Utf8Stream::default();
    let mut shown: String = data.chunks(3).map(|part| parts.push(part)).collect();
    shown += &parts.finish();
    assert_eq!(shown, String::from_utf8_lossy(data));
}
