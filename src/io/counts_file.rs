//! The counts file: what was counted, whole, in few bytes, with a checksum.
//!
//! | part | bytes |
//! |---|---|
//! | `\x89pwcnt\r\n` | 8 |
//! | version of the format | 4 |
//! | size of the whole file | 8 |
//! | number of pretokens | 8 |
//! | size of the header | 4 |
//! | header, a JSON object: `{"pattern": {"name": "cl100k", "regex": "…"}, "special_tokens": ["<bos>"]}` | as said |
//! | each pretoken, in the order of first occurrence: its size, its bytes, its count | as needed |
//! | SHA-256 of all before | 32 |
//!
//! Numbers are little-endian; those of pretokens are in LEB128, seven bits a byte and the lowest first.

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::io::kind::Kind;
use crate::io::{atomic, pattern_from_json, pattern_to_json};
use crate::split::Splitter;
use crate::train::{Counts, CountsBuilder};

/// No text begins so, and a transfer that changes line ends damages it.
pub(super) const MAGIC: &[u8; 8] = b"\x89pwcnt\r\n";
const VERSION: u32 = 1;
/// What comes before the header.
const PREFIX: usize = 8 + 4 + 8 + 8 + 4;
const DIGEST: usize = 32;

/// Writes counts to a file.
///
/// # Errors
/// [`Error::Io`]; then an old file under this name is as it was.
pub fn save(counts: &Counts, path: &Path) -> Result<()> {
    atomic::write(path, |file| write(counts, file))
}

/// Reads counts from a file.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] if the file is truncated, altered, of a newer version, or no counts file at all.
pub fn load(path: &Path) -> Result<Counts> {
    Kind::Counts.read(path, |content| from_bytes(content, path))
}

/// The content of a counts file.
pub fn to_bytes(counts: &Counts) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(counts, &mut bytes).expect("memory takes all");
    bytes
}

fn write(counts: &Counts, file: &mut dyn Write) -> io::Result<()> {
    let header = json!({
        "pattern": pattern_to_json(counts.splitter().pattern()),
        "special_tokens": counts.special_tokens(),
    });
    let header = header.to_string();
    let entries: usize =
        counts.iter().map(|(bytes, count)| digits(bytes.len() as u64) + bytes.len() + digits(count)).sum();
    let size = PREFIX + header.len() + entries + DIGEST;

    let mut sum = Sha256::new();
    let mut part = Vec::with_capacity(1 << 17);
    part.extend_from_slice(MAGIC);
    part.extend_from_slice(&VERSION.to_le_bytes());
    part.extend_from_slice(&(size as u64).to_le_bytes());
    part.extend_from_slice(&(counts.len() as u64).to_le_bytes());
    let header_size = u32::try_from(header.len()).map_err(|_| io::Error::other("the header passes 4 GiB"))?;
    part.extend_from_slice(&header_size.to_le_bytes());
    part.extend_from_slice(header.as_bytes());
    for (pretoken, count) in counts.iter() {
        push_number(&mut part, pretoken.len() as u64);
        part.extend_from_slice(pretoken);
        push_number(&mut part, count);
        if part.len() >= 1 << 16 {
            sum.update(&part);
            file.write_all(&part)?;
            part.clear();
        }
    }
    sum.update(&part);
    file.write_all(&part)?;
    file.write_all(&sum.finalize())
}

/// Reads the content of a counts file; `path` is what errors name.
pub fn from_bytes(content: &[u8], path: &Path) -> Result<Counts> {
    let fail = |message: &str| Error::format(path, message);
    let damaged = "damaged or altered after it was written";
    if !content.starts_with(MAGIC) {
        return Err(match content.is_empty() {
            true => fail("not a counts file: it is empty"),
            false if MAGIC.starts_with(content) => fail("a truncated counts file: it ends before its size is told"),
            false => fail("not a counts file, which begins otherwise; `pairwright tally` writes them"),
        });
    }
    let mut rest = &content[MAGIC.len()..];
    let cut = || fail("a truncated counts file: it ends before its size is told");
    let version = u32::from_le_bytes(take(&mut rest).ok_or_else(cut)?);
    if version > VERSION {
        return Err(fail(&format!(
            "written by a newer pairwright (format version {version}, this one reads {VERSION}): upgrade pairwright"
        )));
    }
    if version != VERSION {
        return Err(fail(&format!("{version} is not a version of the format: the file was {damaged}")));
    }
    let size = u64::from_le_bytes(take(&mut rest).ok_or_else(cut)?);
    let found = content.len() as u64;
    if found < size {
        return Err(fail(&format!("a truncated counts file: it has {found} of its {size} bytes")));
    }
    if found > size || content.len() < PREFIX + DIGEST {
        return Err(fail(&format!("its size is {found} bytes and should be {size}: it was {damaged}")));
    }
    let (covered, digest) = content.split_at(content.len() - DIGEST);
    if Sha256::digest(covered)[..] != *digest {
        return Err(fail(&format!("the checksum does not match: the file was {damaged}")));
    }
    read_content(&covered[PREFIX - 12..], path).map_err(|error| error.in_file(path))
}

/// Everything between the size and the checksum. That one vouches for what was written, not for who wrote it: all is
/// checked all the same, and what a length claims is believed only as far as there are bytes.
fn read_content(mut rest: &[u8], path: &Path) -> Result<Counts> {
    let malformed = |what: &str| Error::format(path, format!("{what} is missing or malformed"));
    let rest = &mut rest;
    let pretokens = take(rest).map(u64::from_le_bytes).ok_or_else(|| malformed("the number of pretokens"))?;
    let header = take(rest).map(u32::from_le_bytes).and_then(|size| slice(rest, size.into()));
    let header: Value =
        header.and_then(|text| serde_json::from_slice(text).ok()).ok_or_else(|| malformed("the header"))?;

    let pattern = pattern_from_json(&header["pattern"]).ok_or_else(|| malformed("the pattern's regex"))?;
    let special = header["special_tokens"]
        .as_array()
        .and_then(|names| names.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>());
    let special = special.ok_or_else(|| malformed("the list of special tokens"))?;

    let mut builder = CountsBuilder::new(Splitter::of(pattern)?, special)?;
    for at in 0..pretokens {
        let malformed = || malformed(&format!("pretoken {at}"));
        let pretoken = number(rest).and_then(|size| slice(rest, size)).ok_or_else(malformed)?;
        let count = number(rest).ok_or_else(malformed)?;
        builder.add_new(pretoken, count)?;
    }
    if !rest.is_empty() {
        return Err(Error::format(path, format!("{} bytes follow the last pretoken", rest.len())));
    }
    Ok(builder.finish())
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*taken)
}

fn slice<'a>(rest: &mut &'a [u8], size: u64) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(usize::try_from(size).ok()?)?;
    *rest = after;
    Some(taken)
}

/// How many bytes LEB128 takes.
fn digits(number: u64) -> usize {
    (u64::BITS - (number | 1).leading_zeros()).div_ceil(7) as usize
}

fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// A number in LEB128, or `None` if it is cut short or has more than 64 bits.
fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let [byte] = take(rest)?;
        let digit = u64::from(byte & 0x7f);
        if digit << shift >> shift != digit {
            return None;
        }
        number |= digit << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_and_know_their_size() {
        for number in (0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit]).chain([u64::MAX]) {
            let mut bytes = Vec::new();
            push_number(&mut bytes, number);
            assert_eq!(bytes.len(), digits(number), "{number}");
            assert_eq!(super::number(&mut &bytes[..]), Some(number));
            assert_eq!(super::number(&mut &bytes[..bytes.len() - 1]), None);
        }
        assert_eq!(number(&mut &[0xff; 12][..]), None);
        let beyond_64_bits = [&[0x80; 9][..], &[2]].concat();
        assert_eq!(number(&mut &beyond_64_bits[..]), None);
    }
}
