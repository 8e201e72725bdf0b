//! tiktoken's rank files: one token a line, its bytes in base64, a space, its rank.

use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine};

use crate::error::{Error, Result};
use crate::io::atomic;
use crate::io::kind::Kind;
use crate::special::SpecialTokens;
use crate::split::Splitter;
use crate::tokenizer::Tokenizer;
use crate::vocab::{Id, Vocab};

/// Reads a rank file. Ranks are ids. Empty lines are passed over. One token may have no bytes, written as `=`.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] naming the line that is damaged, what the vocabulary lacks, or what reads the file.
pub fn load(path: &Path, splitter: Splitter, special: SpecialTokens) -> Result<Tokenizer> {
    let vocab = Kind::Ranks.read(path, |content| parse(path, content))?;
    Tokenizer::from_ranks(vocab, splitter, special).map_err(|error| match error {
        Error::Vocab { message } => Error::format(path, message),
        other => other,
    })
}

fn parse(path: &Path, content: &[u8]) -> Result<Vocab> {
    let mut vocab = Vocab::with_capacity(memchr::memchr_iter(b'\n', content).count());
    let mut bytes = Vec::new();
    let mut start = 0;
    for (number, end) in memchr::memchr_iter(b'\n', content).chain([content.len()]).enumerate() {
        let line = content[start..end].trim_ascii_end();
        start = end + 1;
        if line.is_empty() {
            continue;
        }
        let rank = parse_line(line, &mut bytes).ok_or_else(|| {
            let shown = line[..line.len().min(60)].escape_ascii();
            Error::format(
                path,
                format!("line {}: expected a token in base64 and its rank, found \"{shown}\"", number + 1),
            )
        })?;
        vocab.insert(rank, &bytes).map_err(|error| match error {
            Error::Vocab { message } => Error::format(path, format!("line {}: {message}", number + 1)),
            other => other,
        })?;
    }
    Ok(vocab)
}

/// In the place of a token: one without bytes. What tiktoken decodes base64 with takes this for the base64 of nothing.
const EMPTY: &[u8] = b"=";

/// The rank; its token goes to `bytes`.
pub(super) fn parse_line(line: &[u8], bytes: &mut Vec<u8>) -> Option<Id> {
    let space = memchr::memchr(b' ', line).filter(|&space| space > 0)?;
    bytes.clear();
    if &line[..space] != EMPTY {
        BASE64_STANDARD.decode_vec(&line[..space], bytes).ok()?;
    }
    let rank = std::str::from_utf8(&line[space + 1..]).ok()?.parse().ok()?;
    Some(Id(rank))
}

/// Writes the ordinary tokens as a rank file. Special tokens, the split pattern and metadata have no place in it.
///
/// # Errors
/// [`Error::Io`]; [`Error::Unwritable`] if the ids of a text would be others by the ranks. Then nothing is written.
pub fn save(tokenizer: &Tokenizer, path: &Path) -> Result<()> {
    if let Some(reason) = tokenizer.unlike_ranks() {
        let message = format!(
            "it merges by ranks alone, and this tokenizer has a merge list that means something else; a tokenizer.json \
             holds it ({reason})"
        );
        return Err(Error::Unwritable { library: "tiktoken", message });
    }
    if let Some(form) = tokenizer.normalizer() {
        let message = format!(
            "it takes text as it is, and this tokenizer brings it into the form {} first; a tokenizer.json holds it",
            form.name()
        );
        return Err(Error::Unwritable { library: "tiktoken", message });
    }
    if tokenizer.splitter().removes() {
        let message =
            "it keeps all of a text, and this tokenizer leaves some of it out; a tokenizer.json holds it".to_owned();
        return Err(Error::Unwritable { library: "tiktoken", message });
    }
    atomic::write(path, |file| {
        for (id, bytes) in tokenizer.vocab().iter() {
            match bytes.is_empty() {
                true => file.write_all(EMPTY)?,
                false => file.write_all(BASE64_STANDARD.encode(bytes).as_bytes())?,
            }
            writeln!(file, " {}", id.0)?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_found_and_the_line_named() {
        for (content, expected) in [
            (&b"YQ== 0\nYg=="[..], "line 2: expected a token in base64"),
            (b"YQ== 0\n\n!!!! 1", "line 3: expected a token in base64"),
            (b"YQ== 0\n 1", "line 2: expected"),
            (b"= 0\n= 1", "line 2: token ids 0 and 1 both have no bytes"),
            (b"YQ== -1", "line 1: expected"),
            (b"YQ== 99999999999", "line 1: expected"),
            (b"YQ== 0\nYQ== 1", "line 2: token ids 0 and 1 have the same bytes"),
            (b"YQ== 0\nYg== 0", "line 2: token id 0 is given twice"),
            (b"YQ== 4294967295", "line 1: token id 4294967295 is above the limit"),
        ] {
            let error = parse(Path::new("x.tiktoken"), content).err().unwrap().to_string();
            assert!(error.starts_with("x.tiktoken: ") && error.contains(expected), "{error}");
        }
        assert_eq!(parse(Path::new("x"), b"YQ== 7\n= 9").unwrap().empty(), Some(Id(9)));
        assert_eq!(parse(Path::new("x"), b"YQ== 7\r\n").unwrap().id(b"a"), Some(Id(7)));
    }
}
