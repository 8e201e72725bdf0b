//! Readers of files: they give a tokenizer that works, or an error.

use std::fs;
use std::path::Path;

use pairwright::io::{counts_file, minbpe as minbpe_file, model_file, rank_file as ranks, tekken as tekken_file};
use pairwright::io::{model_file::hex, tokenizer_json as huggingface};
use pairwright::{Result, SpecialTokens, Splitter, Tokenizer};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

const TEXT: &str = "The cat's 123 naïve 中文字\r\n\n   <|end|> e\u{301} 👍🏻\t!";

/// A file of this content, for those that read by path.
fn with_file<T>(content: &[u8], ending: &str, read: impl FnOnce(&Path) -> T) -> T {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(format!("file{ending}"));
    fs::write(&path, content).expect("a file");
    read(&path)
}

/// A tokenizer that was read must encode, and survive its own file. One that leaves text out or normalizes gives back other text.
fn works(loaded: Result<Tokenizer>) {
    let tokenizer = match loaded {
        Ok(tokenizer) => tokenizer,
        // An error must be one that can be shown.
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let content = model_file::to_bytes(&tokenizer);
    let again = model_file::from_bytes(&content, "again".as_ref()).expect("what was written is read");
    assert!(again == tokenizer && model_file::to_bytes(&again) == content);
    // A pattern of the file's own may fail on a text.
    let Ok(ids) = tokenizer.encode_ordinary(TEXT.as_bytes()) else { return };
    assert_eq!(again.encode_ordinary(TEXT.as_bytes()).unwrap(), ids);
    let decoded = tokenizer.decode(&ids).expect("ids of a text are known");
    assert!(!tokenizer.is_plain() || decoded == TEXT.as_bytes());
    if let Ok(text) = huggingface::to_text(&tokenizer) {
        let read = with_file(text.as_bytes(), ".json", huggingface::load).expect("what was written is read");
        assert_eq!(read.encode_ordinary(TEXT.as_bytes()).unwrap(), ids);
    }
}

/// A model file, also as if it had been written so.
pub fn model(data: &[u8]) {
    works(model_file::from_bytes(data, "model.json".as_ref()));
    if let Ok(mut content) = serde_json::from_slice::<Map<String, Value>>(data) {
        content.remove("checksum");
        let fields = content.iter().map(|(key, value)| match value {
            Value::Object(metadata) if key == "metadata" => {
                let mut metadata = metadata.clone();
                metadata.remove("time");
                format!("{}:{}", json!(key), Value::Object(metadata))
            }
            value => format!("{}:{value}", json!(key)),
        });
        let canonical = format!("{{{}}}", fields.collect::<Vec<_>>().join(","));
        let sum = format!("sha256:{}", hex(&Sha256::digest(canonical)));
        content.insert("checksum".to_owned(), sum.into());
        works(model_file::from_bytes(Value::Object(content).to_string().as_bytes(), "model.json".as_ref()));
    }
}

/// A counts file, also as if it had been written so.
pub fn counts(data: &[u8]) {
    let mut signed = data.to_vec();
    if signed.len() > 32 {
        let size = (signed.len() as u64).to_le_bytes();
        if let Some(place) = signed.get_mut(12..20) {
            place.copy_from_slice(&size);
        }
        let (covered, digest) = signed.split_at_mut(data.len() - 32);
        digest.copy_from_slice(&Sha256::digest(covered));
    }
    for content in [data, &signed] {
        match counts_file::from_bytes(content, "counts".as_ref()) {
            Ok(counts) => {
                let again = counts_file::from_bytes(&counts_file::to_bytes(&counts), "again".as_ref());
                let again = again.expect("what was written is read");
                assert!(again.iter().eq(counts.iter()) && again.pattern() == counts.pattern());
                assert_eq!(again.total(), counts.total());
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

pub fn rank_file(data: &[u8]) {
    let splitter = Splitter::new("cl100k").expect("a pattern");
    works(with_file(data, ".tiktoken", |path| ranks::load(path, splitter, SpecialTokens::default())));
}

pub fn tokenizer_json(data: &[u8]) {
    works(with_file(data, ".json", huggingface::load));
}

pub fn tekken(data: &[u8]) {
    works(with_file(data, ".json", tekken_file::load));
}

pub fn minbpe(data: &[u8]) {
    works(with_file(data, ".model", minbpe_file::load));
}
