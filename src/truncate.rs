//! The longest part of a text that has no more than so many ids.

use crate::error::Result;
use crate::parallel::Stop;
use crate::special::Policy;
use crate::tokenizer::Tokenizer;

/// Text is looked at in parts of these many bytes, first to find out roughly where to cut, then more closely.
const PARTS: [usize; 2] = [16 << 10, 64];

/// A beginning of a text may have fewer ids than a shorter one: more text can make one token of several. The search begins so many
/// tokens further than they say; that a few more letters would make as many tokens fewer has not been seen in any vocabulary.
const BEYOND: usize = 32;

impl Tokenizer {
    /// The length in bytes of the longest beginning of a text, of whole characters, that has at most so many ids; special tokens
    /// are plain text.
    ///
    /// # Errors
    /// As [`Tokenizer::encode_ordinary`].
    ///
    /// # Complexity
    /// Linear in what is kept, where the split pattern is a named one; else some dozens of times as much.
    pub fn truncate(&self, text: &[u8], most: usize) -> Result<usize> {
        let policy = self.special().ordinary();
        let mut search = Search { tokenizer: self, policy: &policy, scratch: self.scratch() };
        let (mut start, mut rest, mut end) = (0, most, text.len());
        for size in PARTS {
            (start, rest, end) = match search.part(text, start, rest, end, size)? {
                Some(part) => part,
                None => return Ok(end),
            };
        }
        Ok(start + search.within(&text[start..end], rest)?)
    }
}

struct Search<'t, G> {
    tokenizer: &'t Tokenizer,
    policy: &'t Policy<'t>,
    scratch: G,
}

impl<G: std::ops::DerefMut<Target = crate::encode::Scratch>> Search<'_, G> {
    fn count(&mut self, text: &[u8]) -> Result<usize> {
        self.tokenizer.count_into(text, self.policy, &mut self.scratch, &Stop::default())
    }

    /// The first part of `text[start..end]` that has more than the `rest` of ids that those before leave: its start, what is left
    /// for it, and its end. `None` if there is none. A text can be cut after it, or before the end of it.
    fn part(
        &mut self,
        text: &[u8],
        mut start: usize,
        mut rest: usize,
        end: usize,
        size: usize,
    ) -> Result<Option<(usize, usize, usize)>> {
        while start < end {
            let cut = match self.tokenizer.is_plain() {
                true => self.tokenizer.splitter().safe_cut(text, start + size).filter(|&cut| cut < end),
                false => None,
            };
            let part = start..cut.unwrap_or(end);
            let count = self.count(&text[part.clone()])?;
            if count > rest {
                return Ok(Some((part.start, rest, part.end)));
            }
            rest -= count;
            start = part.end;
        }
        Ok(None)
    }

    /// The longest beginning of a text that has more ids than `most`.
    fn within(&mut self, text: &[u8], most: usize) -> Result<usize> {
        let ids = self.tokenizer.encode(text, self.policy)?;
        let lengths = ids.iter().take(most + BEYOND).map(|&id| self.tokenizer.token_bytes(id).map_or(0, <[u8]>::len));
        // Tokens of a text that was normalized say little about its length.
        let mut end = if self.tokenizer.is_plain() { lengths.sum::<usize>().min(text.len()) } else { text.len() };
        loop {
            end = character_start(text, end);
            if self.count(&text[..end])? <= most {
                return Ok(end);
            }
            end -= 1;
        }
    }
}

/// The last place at or before this one that is not inside a character.
fn character_start(text: &[u8], place: usize) -> usize {
    let is_inside = |at: usize| at < text.len() && matches!(text[at], 0x80..=0xbf);
    // A character has no more than three such bytes; longer runs are none.
    let start = (0..4).map(|back| place.saturating_sub(back)).find(|&at| !is_inside(at));
    match start {
        Some(start) if start == place => place,
        // Only if what starts there is a character that reaches over the place.
        Some(start) => match text[start..].utf8_chunks().next() {
            Some(chunk) if chunk.valid().chars().next().is_some_and(|first| start + first.len_utf8() > place) => start,
            _ => place,
        },
        None => place,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::special::SpecialTokens;
    use crate::split::Splitter;
    use crate::tokenizer::Tokenizer;
    use crate::vocab::{Id, Vocab};

    fn tokenizer(pattern: &str) -> Tokenizer {
        let mut vocab = Vocab::of_bytes();
        for token in
            ["ab", "bc", "abc", "  ", " a", "\n\n", "aa", "aaaa", "'l", "'ll", "中", "é", "bca", "abcabc", "12"]
        {
            vocab.insert(Id(vocab.end().0), token.as_bytes()).unwrap();
        }
        let special = SpecialTokens::new([("<x>".to_owned(), Id(900))]).unwrap();
        Tokenizer::from_ranks(vocab, Splitter::new(pattern).unwrap(), special).unwrap()
    }

    /// By the book: every beginning of whole characters is tried.
    fn plainly(tokenizer: &Tokenizer, text: &str, most: usize) -> usize {
        let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        let fits = |end: &usize| tokenizer.encode_ordinary(&text.as_bytes()[..*end]).unwrap().len() <= most;
        ends.filter(fits).max().unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn it_is_the_longest(text in "[ab c\n'l1中é😀<x>]{0,300}", most in 0usize..150, pattern in 0usize..4) {
            let tokenizer = tokenizer(["cl100k", "gpt2", "o200k", r"\w+|\s+"][pattern]);
            prop_assert_eq!(tokenizer.truncate(text.as_bytes(), most).unwrap(), plainly(&tokenizer, &text, most));
        }

        #[test]
        fn any_bytes_are_cut_somewhere(text in proptest::collection::vec(any::<u8>(), 0..200), most in 0usize..100) {
            let tokenizer = tokenizer("cl100k");
            let end = tokenizer.truncate(&text, most).unwrap();
            prop_assert!(tokenizer.encode_ordinary(&text[..end]).unwrap().len() <= most);
            prop_assert!(end + 3 >= most.min(text.len()));
        }
    }

    #[test]
    fn long_texts_and_runs() {
        for pattern in ["cl100k", "gpt2"] {
            let tokenizer = tokenizer(pattern);
            for unit in ["a", "abc ", "中", "one two\n", "!?"] {
                let text = unit.repeat(60_000 / unit.len());
                let count = tokenizer.encode_ordinary(text.as_bytes()).unwrap().len();
                for most in [0, 1, 1000, count - 1, count, count + 1, usize::MAX / 2] {
                    let end = tokenizer.truncate(text.as_bytes(), most).unwrap();
                    let fits = |end: usize| tokenizer.encode_ordinary(&text.as_bytes()[..end]).unwrap().len() <= most;
                    assert!(fits(end) && (end == text.len()) == (most >= count), "{unit} {most}");
                    assert!(most >= count || !fits(end + unit.chars().next().unwrap().len_utf8()), "{unit} {most}");
                }
            }
        }
    }
}
