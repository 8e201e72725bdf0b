//! The one error type of the crate. Every variant carries what a caller needs to say what went wrong, where, and
//! what to do about it; the Python layer maps each to a builtin exception where one fits.

use std::fmt::{self, Write as _};
use std::io;
use std::path::{Path, PathBuf};

/// Everything that can go wrong in pairwright.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{}: {source}", Shown(path))]
    Io { path: PathBuf, source: io::Error },

    /// Counts that outgrew memory could not be kept on disk.
    #[error(
        "{}: {source}; counts that pass the memory limit are kept in this folder: name another one, or raise the limit",
        Shown(folder)
    )]
    Spill { folder: PathBuf, source: io::Error },

    /// A document of a corpus cannot be read. The position, which may be empty, tells where in the file; the hint, in terms
    /// of the Python arguments, what to do about it.
    #[error("{}{}{position}: {reason}", Shown(path), if position.is_empty() { "" } else { ", " })]
    Document { path: PathBuf, position: String, reason: String, hint: Option<String> },

    /// A model, rank or counts file is damaged, or is not what its name says.
    #[error("{}: {message}", Shown(path))]
    Format { path: PathBuf, message: String },

    /// A vocabulary contradicts itself or lacks something it needs.
    #[error("invalid vocabulary: {message}")]
    Vocab { message: String },

    /// `vocab_size` leaves no room for what the vocabulary starts with.
    #[error(
        "vocab_size={asked} is too small: {start} and {special} special token(s) need at least {least}; \
         raise vocab_size or name fewer special tokens"
    )]
    VocabSize { asked: u64, start: String, special: usize, least: u64 },

    /// A special token cannot be used under this name or id.
    #[error("special token {token:?} {reason}")]
    SpecialToken { token: String, reason: String },

    /// The text holds a special token that the caller did not allow.
    #[error(
        "the text holds the special token {token:?} at byte {offset}; to encode it as its id pass \
         allowed_special={{{token:?}}} (or \"all\"), to encode it as plain text pass disallowed_special=() \
         or use encode_ordinary"
    )]
    RefusedSpecial { token: String, offset: usize },

    /// A split pattern is not a valid regex.
    #[error("invalid split pattern {pattern:?}: {message}")]
    Pattern { pattern: String, message: String },

    /// A split pattern is no name that is known, and a regex it can hardly be.
    #[error(
        "unknown split pattern {pattern:?}: it is no name of a pattern, encoding or model, and has no operator of a regex; \
         there are {known}"
    )]
    UnknownPattern { pattern: String, known: String },

    /// A valid split pattern gave up on some text: catastrophic backtracking or a stack limit.
    #[error("the split pattern {pattern:?} failed in the text that starts at byte {offset}: {message}")]
    Split { pattern: String, offset: usize, message: String },

    /// A tokenizer does what another library's format has no place for.
    #[error("it cannot be written for {library}: {message}")]
    Unwritable { library: &'static str, message: String },

    /// One piece is longer than a piece may be.
    #[error("one piece of the text has {bytes} bytes, more than the limit of {limit}; use a pattern that splits it")]
    PieceTooLong { bytes: usize, limit: usize },

    /// The distinct pretokens of a corpus do not fit the training arena.
    #[error(
        "the distinct pretokens hold {bytes} bytes, more than the limit of {limit}; use a pattern that splits more"
    )]
    CorpusTooLarge { bytes: u64, limit: u64 },

    /// A pretoken cannot be counted.
    #[error("the pretoken b\"{pretoken}\" {reason}")]
    Pretoken { pretoken: String, reason: String },

    /// A count, or the sum of all, does not fit 64 bits.
    #[error("{what} passes 2**64-1 at the pretoken b\"{pretoken}\"; scale the counts down")]
    CountOverflow { what: &'static str, pretoken: String },

    /// Counts that were not made alike cannot be added.
    #[error("counts made under different {setting} cannot be added: {left} and {right}; count one of the two anew")]
    CountsDiffer { setting: &'static str, left: String, right: String },

    /// The corpus holds no text at all.
    #[error("the corpus is empty: there is nothing to learn from")]
    EmptyCorpus,

    /// A setting has a value outside its range.
    #[error("{setting}={value}: {reason}")]
    Setting { setting: &'static str, value: String, reason: &'static str },

    /// A single character has more tokens than a chunk may have.
    #[error("the character at {position} has more tokens than max_tokens={most}; raise it to at least {tokens}")]
    CharacterTooLong { position: usize, tokens: usize, most: usize },

    /// Decoding met an id that the vocabulary does not hold.
    #[error("unknown token id {id} at position {position}")]
    UnknownId { id: u32, position: usize },

    /// A smaller vocabulary would not be the first part of this one.
    #[error("this vocabulary has no smaller ones within it: {reason}")]
    NotNested { reason: String },

    /// A single byte was to be removed.
    #[error(
        "id {id} is the single byte {byte:#04x}, without which some text has no ids; only longer tokens can be removed"
    )]
    NeededByte { id: u32, byte: u8 },

    /// A usage has more tokens than can be counted.
    #[error("the usage has more than 2**64-1 tokens or bytes; scale it down")]
    UsageOverflow,

    /// The caller called the work off.
    #[error("interrupted")]
    Interrupted,

    /// A report asked to stop, where there is no result so far to give.
    #[error("stopped by the progress callback")]
    Stopped,
}

/// The result of every fallible call of the crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Attaches the path that an i/o error is about.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
        move |source| Error::Io { path: path.to_owned(), source }
    }

    /// What is wrong with the content of a file, as an error of the file.
    pub(crate) fn in_file(self, path: &Path) -> Error {
        match self {
            Error::Io { .. } | Error::Format { .. } => self,
            Error::Vocab { message } => Error::format(path, message),
            other => Error::format(path, other.to_string()),
        }
    }

    /// A vocabulary, or a file that tells one, that is not what it must be.
    pub(crate) fn vocab(message: impl Into<String>) -> Error {
        Error::Vocab { message: message.into() }
    }

    /// A damaged or foreign file.
    pub(crate) fn format(path: &Path, message: impl Into<String>) -> Error {
        Error::Format { path: path.to_owned(), message: message.into() }
    }
}

/// A path as text that can be shown anywhere: each byte that is not UTF-8, and each control character, as `\xff`, and so a
/// backslash that such digits follow. The Python layer has the same.
struct Shown<'p>(&'p Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        for chunk in self.0.as_os_str().as_encoded_bytes().utf8_chunks() {
            for (at, char) in chunk.valid().char_indices() {
                let is_literal = || {
                    let digits = chunk.valid()[at + 1..].strip_prefix('x').and_then(|rest| rest.as_bytes().get(..2));
                    digits.is_some_and(|two| two.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
                };
                if char.is_ascii_control() || (char == '\\' && is_literal()) {
                    write!(formatter, "\\x{:02x}", u32::from(char))?;
                } else {
                    formatter.write_char(char)?;
                }
            }
            chunk.invalid().iter().try_for_each(|byte| write!(formatter, "\\x{byte:02x}"))?;
        }
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn names_of_any_bytes_are_shown_as_text() {
        for (name, expected) in [
            (&b"data/a b.txt"[..], "data/a b.txt"),
            (b"odd\xff\xc3.txt", "odd\\xff\\xc3.txt"),
            (b"a\nb\t\x7f", "a\\x0ab\\x09\\x7f"),
            (b"a\\xff\\xFF\\n", "a\\x5cxff\\xFF\\n"),
            ("é😀\u{202E}".as_bytes(), "é😀\u{202E}"),
        ] {
            assert_eq!(Shown(Path::new(OsStr::from_bytes(name))).to_string(), expected);
        }
    }
}
