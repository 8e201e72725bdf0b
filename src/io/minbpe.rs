//! minbpe's `.model` files: a split pattern, special tokens, and merges as pairs of ids.
//!
//! The ids from 0 to 255 are the bytes, those from 256 on the merges in their order. Karpathy, minbpe, base.py (2024).

use std::collections::HashMap;
use std::path::Path;

use crate::error::{Error, Result};
use crate::io::atomic;
use crate::io::kind::Kind;
use crate::merges::Pair;
use crate::special::SpecialTokens;
use crate::split::{Pattern, Splitter, WHOLE};
use crate::tokenizer::Tokenizer;
use crate::unlike::shown;
use crate::vocab::{Id, Vocab};

const FIRST_LINE: &str = "minbpe v1";
/// How files of any version begin.
pub(super) const MAGIC: &[u8] = b"minbpe v";

/// Reads a tokenizer. A file without a split pattern, of a `BasicTokenizer`, takes every text whole.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] naming the line that is damaged, or what reads the file.
pub fn load(path: &Path) -> Result<Tokenizer> {
    Kind::Minbpe.read(path, |content| from_bytes(content).map_err(|error| error.in_file(path)))
}

/// Writes a tokenizer.
///
/// # Errors
/// [`Error::Io`]; then nothing is written. [`Error::Unwritable`] if its ids are not those of a minbpe tokenizer, or it does what none
/// can.
pub fn save(tokenizer: &Tokenizer, path: &Path) -> Result<()> {
    let content = to_text(tokenizer)?;
    atomic::write(path, |file| file.write_all(content.as_bytes()))
}

fn from_bytes(content: &[u8]) -> Result<Tokenizer> {
    let text = std::str::from_utf8(content).map_err(|error| Error::vocab(format!("not a minbpe model: {error}")))?;
    let mut lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
    let mut next = |what: &str| {
        let message = || Error::vocab(format!("the file ends where {what} should be: it is truncated"));
        lines.next().ok_or_else(message)
    };
    if next("the first line")?.1 != FIRST_LINE {
        return Err(Error::vocab(format!("not a minbpe model: the first line is not {FIRST_LINE:?}")));
    }
    let (_, regex) = next("the split pattern")?;
    let pattern = Pattern::of_known_regex(if regex.is_empty() { WHOLE } else { regex });
    let (number, count) = next("the number of special tokens")?;
    let count: usize =
        count.parse().map_err(|_| Error::vocab(format!("line {number}: {count:?} is no number of special tokens")))?;
    let mut special = Vec::new();
    for _ in 0..count {
        let (number, line) = next("a special token")?;
        let token = line.rsplit_once(' ').and_then(|(name, id)| Some((name.to_owned(), Id(id.parse().ok()?))));
        special.push(
            token.ok_or_else(|| Error::vocab(format!("line {number}: {line:?} is no special token with its id")))?,
        );
    }
    let mut vocab = Vocab::of_bytes();
    let mut merges: Vec<Pair> = Vec::new();
    for (number, line) in lines {
        let fail = |what: String| Error::vocab(format!("line {number}: {what}"));
        let pair =
            line.split_once(' ').and_then(|(left, right)| Some((Id(left.parse().ok()?), Id(right.parse().ok()?))));
        let (left, right) = pair.ok_or_else(|| fail(format!("{line:?} is no pair of token ids")))?;
        let (Some(one), Some(other)) = (vocab.bytes(left), vocab.bytes(right)) else {
            return Err(fail(format!("the merge {line:?} is of what is no token by then")));
        };
        let made = [one, other].concat();
        if let Some(id) = vocab.id(&made) {
            let (bytes, new) = (made.escape_ascii(), vocab.end().0);
            return Err(fail(format!(
                "the merge {line:?} gives the bytes b\"{bytes}\" a second id, {new} beside {}",
                id.0
            )));
        }
        vocab.insert(vocab.end(), &made)?;
        merges.push((left, right));
    }
    let (splitter, special) = (Splitter::of(pattern)?, SpecialTokens::new(special)?);
    Ok(Tokenizer::from_merges(vocab, merges, splitter, special)?.prepared())
}

fn to_text(tokenizer: &Tokenizer) -> Result<String> {
    let fail =
        |what: &str| Err(Error::Unwritable { library: "minbpe", message: format!("it has no tokenizers {what}") });
    if let Some(reason) = tokenizer.unlike_plain() {
        return fail(&format!(
            "that normalize or find special tokens in a manner of their own, and this is one: {reason}"
        ));
    }
    if tokenizer.ignores_merges() {
        return fail("that ignore merges, as this one does");
    }
    let pattern = tokenizer.splitter().pattern();
    let regex = match pattern {
        _ if pattern.steps().is_some() => return fail("that split in steps"),
        _ if pattern.regex() == WHOLE => "",
        _ if pattern.regex().trim() != pattern.regex() || pattern.regex().contains(['\n', '\r']) => {
            return fail(&format!(
                "with a pattern that begins or ends with white space, or has several lines, as {:?}",
                pattern.regex()
            ));
        }
        _ => pattern.regex(),
    };
    let mut lines = vec![FIRST_LINE.to_owned(), regex.to_owned(), tokenizer.special().iter().len().to_string()];
    for (name, id) in tokenizer.special().iter() {
        if name.contains(char::is_whitespace) {
            return fail(&format!("with a special token like {name:?}, which holds white space"));
        }
        lines.push(format!("{name} {}", id.0));
    }
    let mut vocab = Vocab::of_bytes();
    let merges = match tokenizer.is_by_list() {
        true => tokenizer.merges().to_vec(),
        false => merges_of_all(tokenizer),
    };
    for (number, (left, right)) in merges.into_iter().enumerate() {
        if let (Some(one), Some(other)) = (vocab.bytes(left), vocab.bytes(right)) {
            let made = [one, other].concat();
            if vocab.id(&made).is_some() {
                return fail(&format!(
                    "with two merges that give the same token, as merge {number} gives {}",
                    shown(&made)
                ));
            }
            vocab.insert(vocab.end(), &made)?;
        }
        lines.push(format!("{} {}", left.0, right.0));
    }
    if let Some(reason) = unlike(tokenizer.vocab(), &vocab) {
        return fail(&format!(
            "whose ids are not those of the bytes, in their order, and then of the merges, in theirs: {reason}"
        ));
    }
    Ok(lines.join("\n") + "\n")
}

/// The first id that is given to other bytes than in minbpe.
fn unlike(vocab: &Vocab, minbpe: &Vocab) -> Option<String> {
    let ids = (0..vocab.end().max(minbpe.end()).0).map(Id);
    let mut pairs = ids.map(|id| (id.0, vocab.bytes(id), minbpe.bytes(id)));
    let (id, ours, theirs) = pairs.find(|(_, ours, theirs)| ours != theirs)?;
    Some(match (ours, theirs) {
        (Some(ours), Some(theirs)) => {
            format!("{} has the id {id}, which minbpe gives to {}", shown(ours), shown(theirs))
        }
        (Some(ours), None) => format!("{} has the id {id}, to which no merge leads", shown(ours)),
        (None, theirs) => {
            format!("no token has the id {id}, which minbpe gives to {}", shown(theirs.unwrap_or_default()))
        }
    })
}

/// A merge for each token, in the order of ids. Of a token that merging by ranks does not reach it is one that never happens, for
/// any two tokens of its bytes never stand side by side; the format gives ids only to what merges make.
fn merges_of_all(tokenizer: &Tokenizer) -> Vec<Pair> {
    let vocab = tokenizer.vocab();
    let made = |&(left, right): &Pair| vocab.id(&[vocab.bytes(left)?, vocab.bytes(right)?].concat());
    let live: HashMap<Id, Pair> = tokenizer.merges().iter().filter_map(|pair| Some((made(pair)?, *pair))).collect();
    let cut = |id: Id, bytes: &[u8], at: usize| {
        let pair = (vocab.id(&bytes[..at])?, vocab.id(&bytes[at..])?);
        (pair.0 < id && pair.1 < id).then_some(pair)
    };
    let tokens = vocab.iter().filter(|(_, bytes)| bytes.len() > 1);
    let merge = |(id, bytes): (Id, &[u8])| {
        live.get(&id).copied().or_else(|| (1..bytes.len()).find_map(|at| cut(id, bytes, at)))
    };
    tokens.filter_map(merge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = "minbpe v1\n\\w+|\\W+\n2\n<|end|> 300\n<s> 301\n97 98\n256 99\n";

    #[test]
    fn a_model_is_read_and_written() {
        let tokenizer = from_bytes(MODEL.as_bytes()).unwrap();
        assert_eq!(tokenizer.encode_ordinary(b"abcab!").unwrap(), [257, 256, 33].map(Id));
        assert_eq!(tokenizer.special().id("<s>"), Some(Id(301)));
        assert_eq!(to_text(&tokenizer).unwrap(), MODEL);
        assert!(from_bytes(MODEL.replace('\n', "\r\n").as_bytes()).unwrap() == tokenizer);
    }

    #[test]
    fn a_basic_tokenizer_takes_a_text_whole() {
        let model = "minbpe v1\n\n0\n32 10\n256 32\n";
        let tokenizer = from_bytes(model.as_bytes()).unwrap();
        assert_eq!(tokenizer.encode_ordinary(b"a \n  \n").unwrap(), [97, 257, 256].map(Id));
        assert_eq!(to_text(&tokenizer).unwrap(), model);
    }

    #[test]
    fn a_merge_that_never_happens_is_kept() {
        let model = "minbpe v1\n\n0\n97 97\n98 97\n257 256\n";
        let tokenizer = from_bytes(model.as_bytes()).unwrap();
        assert_eq!(tokenizer.encode_ordinary(b"baaa").unwrap(), [98, 256, 97].map(Id));
        assert_eq!((tokenizer.merges().len(), to_text(&tokenizer).unwrap().as_str()), (2, model));
    }

    #[test]
    fn damage_is_found_and_the_line_named() {
        for (model, expected) in [
            ("", "the file ends where the first line"),
            ("minbpe v2\n", "not a minbpe model"),
            ("minbpe v1\n", "where the split pattern"),
            ("minbpe v1\n.\nx\n", "line 3: \"x\" is no number"),
            ("minbpe v1\n.\n1\n", "where a special token"),
            ("minbpe v1\n.\n1\n<s>\n", "line 4: \"<s>\" is no special token"),
            ("minbpe v1\n.\n0\n97\n", "line 4: \"97\" is no pair"),
            ("minbpe v1\n.\n0\n97 256\n", "line 4: the merge \"97 256\" is of what is no token"),
            (
                "minbpe v1\n.\n0\n97 98\n98 99\n97 257\n256 99\n",
                "line 7: the merge \"256 99\" gives the bytes b\"abc\" a second id",
            ),
            ("minbpe v1\n(\n0\n", "invalid split pattern"),
        ] {
            let error = from_bytes(model.as_bytes()).err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn what_minbpe_has_not_is_not_written() {
        let tokenizer = |special: &[(&str, u32)], pattern: &str, first: u32| {
            let mut vocab = Vocab::of_bytes();
            vocab.insert(Id(first), b"ab").unwrap();
            let special = special.iter().map(|&(name, id)| (name.to_owned(), Id(id)));
            Tokenizer::from_ranks(vocab, Splitter::new(pattern).unwrap(), SpecialTokens::new(special).unwrap()).unwrap()
        };
        for (tokenizer, expected) in [
            (tokenizer(&[("a b", 300)], "gpt2", 256), "white space"),
            (tokenizer(&[("x", 256)], "gpt2", 257), "ids are not those"),
            (tokenizer(&[], " x+", 256), "begins or ends"),
            (tokenizer(&[], "gpt2", 256).ignoring_merges(true), "ignore merges"),
        ] {
            let error = to_text(&tokenizer).err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(to_text(&tokenizer(&[], "gpt2", 256)).is_ok());
    }
}
