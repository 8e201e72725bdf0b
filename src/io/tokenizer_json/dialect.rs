//! What the regex library of tokenizers, Oniguruma, reads in another way than is meant here.
//!
//! `^` and `$` are the ends of a line to it, wherever they stand; a quantifier in braces repeats once more by a `+` behind it, which
//! makes it possessive here; and flags but `i` have other meanings, or none.

use super::unwritable;
use crate::error::{Error, Result};
use crate::split::seems_empty;

/// A flag that makes `^` and `$` here what they are there.
const LINES: &str = "(?m)";

/// What in a regex the two read differently.
#[derive(Default)]
struct Differences {
    anchor: Option<char>,
    possessive: bool,
    flags: Option<String>,
}

impl Differences {
    fn of(regex: &str) -> Differences {
        let mut found = Differences::default();
        let mut characters = regex.chars().peekable();
        let mut depth = 0;
        let mut before = ' ';
        while let Some(character) = characters.next() {
            match character {
                '\\' => {
                    // A class of Unicode is named in braces.
                    let escaped = characters.next();
                    if matches!(escaped, Some('p' | 'P' | 'x' | 'u')) && characters.peek() == Some(&'{') {
                        characters.by_ref().find(|&character| character == '}');
                    }
                }
                '[' => depth += 1,
                ']' => depth -= 1,
                '^' | '$' if depth == 0 => found.anchor = Some(character),
                '+' if depth == 0 && before == '}' => found.possessive = true,
                '?' if depth == 0 && before == '(' => {
                    let flags =
                        std::iter::from_fn(|| characters.next_if(|&flag| flag.is_ascii_alphabetic() || flag == '-'));
                    let flags: String = flags.collect();
                    if flags.chars().any(|flag| flag != 'i' && flag != '-') {
                        found.flags = Some(flags);
                    }
                }
                _ => {}
            }
            before = character;
        }
        found
    }
}

/// A regex of theirs, so that it means here what it means there.
///
/// # Errors
/// [`Error::Vocab`] if that cannot be.
pub(super) fn read(regex: &str) -> Result<String> {
    let Differences { anchor, possessive, flags } = Differences::of(regex);
    match (possessive, flags) {
        (true, _) => {
            Err(Error::vocab(format!("the regex {regex:?} of a Split repeats {{…}} by a +, which is not supported")))
        }
        (_, Some(flags)) => {
            Err(Error::vocab(format!("the regex {regex:?} of a Split sets flags, {flags:?}, that are not supported")))
        }
        _ if anchor.is_some() => Ok(format!("{LINES}{regex}")),
        _ => Ok(regex.to_owned()),
    }
}

/// A regex of ours as it is written there.
///
/// # Errors
/// [`Error::Unwritable`] if it would mean something else.
pub(super) fn write(regex: &str) -> Result<String> {
    let (inner, is_by_lines) = match regex.strip_prefix(LINES) {
        Some(inner) => (inner, true),
        None => (regex, false),
    };
    let Differences { anchor, possessive, flags } = Differences::of(inner);
    let what = match (anchor, possessive, flags) {
        (Some(anchor), ..) if !is_by_lines => format!("holds {anchor}"),
        (_, true, _) => "repeats {…} possessively".to_owned(),
        (_, _, Some(flags)) => format!("sets the flags {flags}"),
        _ => return Ok(inner.to_owned()),
    };
    let advice = "which means something else there; use a named pattern or rewrite this one";
    Err(unwritable(format!("the split pattern {regex:?} {what}, {advice}")))
}

/// Checks that a split pattern never matches the empty string. There a Split divides the text; here it does not.
///
/// # Errors
/// [`Error::Unwritable`] if it may.
pub(super) fn check_never_empty(regex: &str) -> Result<()> {
    if !seems_empty(regex) {
        return Ok(());
    }
    Err(unwritable(format!(
        "the split pattern {regex:?} may match the empty string, at which a tokenizer.json divides a text and this pattern \
         does not; use a named pattern or rewrite this one"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_stays() {
        for regex in [
            r"[^$]+|(?i:'s)|(?<!a)b|(?!c)|\$|\p{L}++|\x{41}+|(?-i:a)|[\p{L}&&[^\p{Han}]]+",
            crate::split::NAMED[0].regex,
        ] {
            assert_eq!(read(regex).unwrap(), regex);
            assert_eq!(write(regex).unwrap(), regex);
        }
    }

    #[test]
    fn patterns_that_may_match_nothing_are_found() {
        for regex in [r"a*", r"a||b", r"(?=a)", r"(?:a?){3}", r"a|\b", r"(a)?\1", r"(?:|a)", "", r"(?>a*)b?"] {
            let error = check_never_empty(regex).unwrap_err().to_string();
            assert!(error.contains("may match the empty string"), "{error}");
        }
        let named = crate::split::NAMED.iter().map(|named| named.regex);
        for regex in named.chain([r"a+|(?i:'s|b)|(?>c)d?|\s+(?!\S)|(e{2})\1|[^\p{L}]|.|\R|(?P<f>g)"]) {
            check_never_empty(regex).unwrap();
        }
    }

    #[test]
    fn ends_of_lines_are_told_by_a_flag() {
        assert_eq!(read(r"^a|b$").unwrap(), r"(?m)^a|b$");
        assert_eq!(write(r"(?m)^a|b$").unwrap(), r"^a|b$");
        assert!(write(r"^a").unwrap_err().to_string().contains("holds ^"));
    }

    #[test]
    fn what_is_possessive_here_and_flags_are_refused() {
        for regex in [r"\p{L}{1,3}+", "(?s).", "(?ms:.)", r"(?P<a>b)"] {
            assert!(read(regex).is_err() && write(regex).is_err(), "{regex}");
        }
    }
}
