//! What a file is, by its content and whatever its name.
//!
//! Every reader says of a file of another format what it is and what reads it; the command line picks the reader.

use std::fmt;
use std::path::Path;

use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::{counts_file, minbpe, model_file, rank_file, read};
use crate::error::{Error, Result};

/// What a file or folder can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Model,
    Ranks,
    TokenizerJson,
    Tekken,
    Minbpe,
    Counts,
    Tokens,
    TokenizerConfig,
    VocabJson,
    MergesText,
    SentencePiece,
    Gguf,
}

/// Keys of a JSON object after which its kind is known, or it is none.
const KEYS: usize = 64;

/// Lines that must be those of a rank file, for text of other kinds may have one by chance.
const LINES: usize = 3;

impl Kind {
    /// What is at a path; `None` if it is nothing known.
    ///
    /// # Errors
    /// [`Error::Io`] for what cannot be read; a folder can.
    pub fn of(path: &Path) -> Result<Option<Kind>> {
        if path.is_dir() { Ok(Kind::of_folder(path)) } else { Ok(Kind::of_content(&read(path)?)) }
    }

    fn of_folder(path: &Path) -> Option<Kind> {
        let has = |name: &str| path.join(name).is_file();
        match () {
            () if has("tokenizer.json") => Some(Kind::TokenizerJson),
            () if has("manifest.json") => Kind::of_content(&read(&path.join("manifest.json")).ok()?),
            () => None,
        }
    }

    /// What a content is, be it damaged further on.
    pub fn of_content(content: &[u8]) -> Option<Kind> {
        let start = content.trim_ascii_start();
        match () {
            () if content.starts_with(counts_file::MAGIC) => Some(Kind::Counts),
            () if content.starts_with(minbpe::MAGIC) => Some(Kind::Minbpe),
            () if content.starts_with(b"GGUF") => Some(Kind::Gguf),
            () if content.starts_with(b"#version: ") => Some(Kind::MergesText),
            () if is_sentence_piece(content) => Some(Kind::SentencePiece),
            () if start.starts_with(b"{") => Object::of(start).kind(),
            () if is_ranks(content) => Some(Kind::Ranks),
            () => None,
        }
    }

    /// A short name for it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Model => "model",
            Kind::Ranks => "ranks",
            Kind::TokenizerJson => "tokenizer.json",
            Kind::Tekken => "tekken",
            Kind::Minbpe => "minbpe",
            Kind::Counts => "counts",
            Kind::Tokens => "tokens",
            Kind::TokenizerConfig => "tokenizer_config.json",
            Kind::VocabJson => "vocab.json",
            Kind::MergesText => "merges.txt",
            Kind::SentencePiece => "sentencepiece",
            Kind::Gguf => "gguf",
        }
    }

    /// The same with an article, for a message.
    pub fn described(self) -> &'static str {
        match self {
            Kind::Model => "a model file of pairwright",
            Kind::Ranks => "a rank file",
            Kind::TokenizerJson => "a tokenizer.json",
            Kind::Tekken => "a tekken.json",
            Kind::Minbpe => "a minbpe model",
            Kind::Counts => "a counts file of pairwright",
            Kind::Tokens => "a folder of token files",
            Kind::TokenizerConfig => "a tokenizer_config.json",
            Kind::VocabJson => "a vocab.json of tokens without their merges",
            Kind::MergesText => "a merges.txt of merges without the ids",
            Kind::SentencePiece => "a SentencePiece model",
            Kind::Gguf => "a GGUF file",
        }
    }

    /// What to do with it.
    pub fn advice(self) -> &'static str {
        match self {
            Kind::Model => "Tokenizer.load reads it",
            Kind::Ranks => "Tokenizer.from_tiktoken(path, pattern=...) reads it",
            Kind::TokenizerJson => "Tokenizer.from_huggingface reads it",
            Kind::Tekken => "Tokenizer.from_tekken reads it",
            Kind::Minbpe => "Tokenizer.from_minbpe reads it",
            Kind::Counts => "Counts.load reads it, and train learns from counts",
            Kind::Tokens => "open_tokens reads it",
            Kind::TokenizerConfig => {
                "the vocabulary is in the tokenizer.json beside it, which Tokenizer.from_huggingface reads"
            }
            Kind::VocabJson | Kind::MergesText => {
                "Tokenizer.from_huggingface reads the tokenizer.json of the same vocabulary"
            }
            Kind::SentencePiece | Kind::Gguf => "pairwright does not read these, only byte-level BPE in other formats",
        }
    }

    /// Reads a file that must be of this kind. One that cannot be read as such and is of another kind is named.
    ///
    /// # Errors
    /// [`Error::Io`]; those of `parse`; [`Error::Format`] naming what the file is and what reads it.
    pub(super) fn read<T>(self, path: &Path, parse: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
        let content = read(path).map_err(|error| match path.is_dir() {
            true => self.or_other(Kind::of_folder(path), path, error),
            false => error,
        })?;
        parse(&content).map_err(|error| self.or_other(Kind::of_content(&content), path, error))
    }

    /// The error of what should be of this kind: if it is of another one, that it is.
    pub(super) fn or_other(self, found: Option<Kind>, path: &Path, error: Error) -> Error {
        match found {
            Some(found) if found != self => {
                let (found, advice) = (found.described(), found.advice());
                Error::format(path, format!("this is {found}, not {}; {advice}", self.described()))
            }
            _ => error,
        }
    }
}

/// Whether the first lines are those of a rank file.
fn is_ranks(content: &[u8]) -> bool {
    let lines = content.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end).filter(|line| !line.is_empty());
    let mut lines = lines.take(LINES).peekable();
    lines.peek().is_some() && lines.all(|line| rank_file::parse_line(line, &mut Vec::new()).is_some())
}

/// Whether it begins as the Protocol Buffers of SentencePiece do: with a piece, which has a text and a score.
fn is_sentence_piece(content: &[u8]) -> bool {
    let &[0x0a, size @ ..0x80, 0x0a, length @ ..0x80, ref rest @ ..] = content else { return false };
    length < size && rest.get(usize::from(length)) == Some(&0x15)
}

/// What tells the kind of a JSON object, as far as it can be read.
#[derive(Default)]
struct Object {
    keys: Vec<String>,
    /// The value of "format".
    format: Option<String>,
    /// Whether the first value is a number.
    begins_with_number: bool,
}

impl Object {
    fn of(content: &[u8]) -> Object {
        let mut found = Object::default();
        // Where it is damaged, what was found before counts.
        let _ = serde_json::Deserializer::from_slice(content).deserialize_map(&mut found);
        found
    }

    fn kind(&self) -> Option<Kind> {
        let has = |key: &str| self.keys.iter().any(|known| known == key);
        match () {
            () if self.format.as_deref() == Some(model_file::FORMAT) => Some(Kind::Model),
            () if self.format.as_deref() == Some("pairwright tokens") => Some(Kind::Tokens),
            () if has("format") => None,
            () if has("model") || has("added_tokens") && has("pre_tokenizer") => Some(Kind::TokenizerJson),
            () if has("config") && has("vocab") => Some(Kind::Tekken),
            () if has("tokenizer_class") => Some(Kind::TokenizerConfig),
            () if self.begins_with_number => Some(Kind::VocabJson),
            () => None,
        }
    }
}

impl<'de> Visitor<'de> for &mut Object {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while self.keys.len() < KEYS
            && let Some(key) = map.next_key::<String>()?
        {
            let (is_format, is_first) = (key == "format", self.keys.is_empty());
            self.keys.push(key);
            if is_format || is_first {
                let value: Value = map.next_value()?;
                self.begins_with_number |= is_first && value.is_number();
                self.format = value.as_str().filter(|_| is_format).map(str::to_owned).or(self.format.take());
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_the_kind() {
        for (content, expected) in [
            (&b"\x89pwcnt\r\n\x01"[..], Some(Kind::Counts)),
            (b"minbpe v1\n\n0\n", Some(Kind::Minbpe)),
            (b"YQ== 0\r\n\r\nYg== 1\n", Some(Kind::Ranks)),
            (b"= 0", Some(Kind::Ranks)),
            (b"word 5\nthe 7\n", None),
            (b"YQ== 0\nno rank\n", None),
            (b"", None),
            (b"\n\n", None),
            (b" {\"format\": \"pairwright\", \"versi", Some(Kind::Model)),
            (b"{\"version\": 1, \"format\": \"pairwright tokens\"}", Some(Kind::Tokens)),
            (b"{\"format\": \"other\", \"model\": {}}", None),
            (b"{\"version\": \"1.0\", \"added_tokens\": [], \"model\": {\"type\": ", Some(Kind::TokenizerJson)),
            (b"{\"vocab\": [], \"config\": {}}", Some(Kind::Tekken)),
            (b"{\"add_prefix_space\": false, \"tokenizer_class\": \"X\"}", Some(Kind::TokenizerConfig)),
            (b"{\"!\": 0, \"a\": 1}", Some(Kind::VocabJson)),
            (b"{}", None),
            (b"{", None),
            (b"[1]", None),
            (b"#version: 0.2\na b\n", Some(Kind::MergesText)),
            (b"GGUF\x03\0\0\0", Some(Kind::Gguf)),
            (b"\x0a\x0e\x0a\x05<unk>\x15\0\0\0\0\x18\x02\x0a", Some(Kind::SentencePiece)),
            (b"\n\x05\n\x03abc", None),
        ] {
            assert_eq!(Kind::of_content(content), expected, "{}", content.escape_ascii());
        }
    }

    #[test]
    fn a_reader_names_what_another_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let parse = |_: &[u8]| Err::<(), _>(Error::format(&path, "damaged"));
        let message = |content: &[u8]| {
            std::fs::write(&path, content).unwrap();
            Kind::Model.read(&path, parse).unwrap_err().to_string()
        };
        assert!(
            message(b"minbpe v1")
                .ends_with("x: this is a minbpe model, not a model file of pairwright; Tokenizer.from_minbpe reads it")
        );
        assert!(message(b"{\"format\": \"pairwright\"}").ends_with("x: damaged"));
        assert!(message(b"?").ends_with("x: damaged"));
        std::fs::write(folder.path().join("tokenizer.json"), "{}").unwrap();
        let error = Kind::Counts.read(folder.path(), parse).unwrap_err().to_string();
        assert!(error.contains("this is a tokenizer.json, not a counts file"), "{error}");
        assert!(matches!(Kind::Model.read(&folder.path().join("none"), parse), Err(Error::Io { .. })));
    }
}
