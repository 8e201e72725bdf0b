//! Whether one splitter cuts only where another one does.
//!
//! That cannot be told of any two patterns, so short texts of every kind of character are tried: what published patterns do
//! depends on no more than a few neighbours.

use super::Splitter;
use crate::error::Result;

/// One of each kind that patterns tell apart, and two where runs matter.
const KINDS: [&str; 15] = ["a", "B", "中", "\u{301}", "1", "½", ".", "'", "/", "_", "😀", " ", "\n", "\r", "\t"];

/// Characters of a text that is tried.
const LENGTH: u32 = 4;

/// What patterns treat on its own.
const MORE: [&str; 8] =
    ["it's", "WE'LL", "12345", "a1234567b", "  \n\n  x", "\r\n\r\n", "http://a.b/c?d=e_f", "aBcDe FGh"];

impl Splitter {
    /// A short text that this splitter cuts where the other one does not, with the place. `None` if there is none among those
    /// tried.
    ///
    /// # Errors
    /// As [`Splitter::split`].
    pub fn cut_of_its_own(&self, other: &Splitter) -> Result<Option<(String, usize)>> {
        for text in texts() {
            let [own, others] = [self, other].map(|splitter| {
                let mut ends = Vec::new();
                splitter.ends(text.as_bytes(), |end| {
                    ends.push(end);
                    Ok(())
                })?;
                Ok(ends)
            });
            let others = others?;
            if let Some(end) = own?.into_iter().find(|end| !others.contains(end)) {
                return Ok(Some((text, end)));
            }
        }
        Ok(None)
    }
}

/// The texts to try, the short ones first.
fn texts() -> impl Iterator<Item = String> {
    let kinds = KINDS.len();
    let all = (1..=LENGTH).flat_map(move |length| {
        (0..kinds.pow(length))
            .map(move |number| (0..length).map(|at| KINDS[number / kinds.pow(at) % kinds]).collect::<String>())
    });
    all.chain(MORE.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(pattern: &str, base: &str) -> Option<(String, usize)> {
        let [pattern, base] = [pattern, base].map(|pattern| Splitter::new(pattern).unwrap());
        pattern.cut_of_its_own(&base).unwrap()
    }

    #[test]
    fn a_pattern_cuts_no_more_than_itself() {
        for pattern in ["gpt2", "cl100k", "o200k", "qwen", "superbpe", r"\s+|\S+"] {
            assert_eq!(own(pattern, pattern), None, "{pattern}");
        }
    }

    #[test]
    fn patterns_that_cut_less() {
        for (pattern, base) in
            [("(?s:.+)", "cl100k"), ("(?s:.+)", r"\s+|\S+"), (r"\p{N}{1,3}", "cl100k"), (r"\p{N}+", "superbpe")]
        {
            assert_eq!(own(pattern, base), None, "{pattern} and {base}");
        }
    }

    #[test]
    fn patterns_that_cut_where_the_other_does_not() {
        assert_eq!(own("cl100k", "(?s:.+)"), Some(("1a".to_owned(), 1)));
        for (pattern, base) in [("gpt2", "cl100k"), ("cl100k", "gpt2"), ("superbpe", "cl100k"), ("cl100k", "superbpe")]
        {
            assert!(own(pattern, base).is_some(), "{pattern} and {base}");
        }
    }
}
