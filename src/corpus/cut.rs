//! Where a document may be cut so that neither a piece nor a special token is torn.

use crate::special::SpecialTokens;
use crate::split::Splitter;

/// Finds places to cut documents at.
pub struct Cutter {
    splitter: Splitter,
    special: SpecialTokens,
    /// The bytes of the longest special token.
    longest: usize,
}

/// A search that goes on when more of the text is there.
pub(crate) struct Search {
    least: usize,
    /// Before this there is no safe cut.
    from: usize,
    /// Special tokens that start before this have been found.
    special_from: usize,
}

impl Search {
    /// For a place at or after `least`, in a text that starts at a cut.
    pub(crate) fn new(least: usize) -> Search {
        Search { least, from: least, special_from: 0 }
    }
}

impl Cutter {
    pub fn new(splitter: Splitter, special: SpecialTokens) -> Cutter {
        let longest = special.iter().map(|(token, _)| token.len()).max().unwrap_or(0);
        Cutter { splitter, special, longest }
    }

    pub(crate) fn splitter(&self) -> &Splitter {
        &self.splitter
    }

    pub(crate) fn special(&self) -> &SpecialTokens {
        &self.special
    }

    /// A place to cut, or `None` if there is none, or none yet: `ended` tells whether the text is all there is of the
    /// document.
    ///
    /// What is cut off begins as a document of its own would, so that a search for special tokens may begin there, too.
    pub(crate) fn find(&self, text: &[u8], ended: bool, search: &mut Search) -> Option<usize> {
        // Special tokens that begin after this may not be there as a whole.
        let known = if ended { text.len() } else { text.len().saturating_sub(self.longest) };
        loop {
            let Some(cut) = self.splitter.safe_cut(text, search.from) else {
                // The last character may be completed, and show a cut before it.
                search.from = search.from.max(text.len().saturating_sub(4));
                break;
            };
            search.from = cut;
            if cut > known {
                break;
            }
            if !self.special.finder().is_some_and(|finder| finder.reaches_over(text, cut)) {
                return Some(cut);
            }
            search.from = cut + 1;
        }
        self.after_special_token(text, ended, known, search)
    }

    /// The end of a special token, unless it ends the document.
    fn after_special_token(&self, text: &[u8], ended: bool, known: usize, search: &mut Search) -> Option<usize> {
        let finder = self.special.finder()?;
        while let Some(found) = finder.find(text, search.special_from).filter(|found| found.start <= known) {
            search.special_from = found.end;
            if found.end >= search.least && !(ended && found.end == text.len()) {
                return Some(found.end);
            }
        }
        search.special_from = search.special_from.max(known);
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vocab::Id;

    fn cutter(pattern: &str, special: &[&str]) -> Cutter {
        let special = special.iter().map(|&token| token.to_owned()).zip((0..).map(Id));
        Cutter::new(Splitter::new(pattern).unwrap(), SpecialTokens::new(special).unwrap())
    }

    /// Where special tokens lie.
    fn found(cutter: &Cutter, text: &[u8]) -> Vec<(usize, usize)> {
        let mut all = Vec::new();
        while let Some(found) = cutter.special.finder().unwrap().find(text, all.last().map_or(0, |&(_, end)| end)) {
            all.push((found.start, found.end));
        }
        all
    }

    #[test]
    fn a_custom_pattern_is_cut_after_special_tokens_alone() {
        let find = |pattern, special: &[&str], least| {
            cutter(pattern, special).find(b"a b<e>c d<e>e", true, &mut Search::new(least))
        };
        assert_eq!(find("x+", &["<e>"], 0), Some(6));
        assert_eq!(find("x+", &["<e>"], 7), Some(12));
        assert_eq!(find("x+", &["<e>"], 13), None);
        assert_eq!(find("gpt2", &["<e>"], 3), Some(3));
        assert_eq!(find("gpt2", &["<e>"], 4), Some(7));
        assert_eq!(find("gpt2", &["<e>c"], 4), Some(7));
        assert_eq!(find("gpt2", &["b<e>c d"], 1), Some(1));
        assert_eq!(find("gpt2", &["b<e>c d"], 3), Some(9));
        assert_eq!(find("gpt2", &["b<e>c d"], 12), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

        /// Special tokens with white space inside that overlap themselves and each other, and a text that comes bit by bit.
        #[test]
        fn no_special_token_is_torn_however_the_text_comes(
            text in proptest::collection::vec(prop_oneof![Just("a"), Just("b"), Just(" "), Just("\n"), Just("é"), Just("中"), Just("!")], 1..40),
            least in 0..20usize,
            bit in 1..9usize,
            custom in any::<bool>(),
        ) {
            let text = text.concat().into_bytes();
            let cutter = cutter(if custom { "z+" } else { "cl100k" }, &["a b", "b a", "b\nb a", "aa", " !a", "bbbbbbbbb"]);
            let mut search = Search::new(least);
            let mut end = bit.min(text.len());
            let cut = loop {
                let ended = end == text.len();
                match cutter.find(&text[..end], ended, &mut search) {
                    None if !ended => end = (end + bit).min(text.len()),
                    cut => break cut,
                }
            };
            let whole = found(&cutter, &text);
            if let Some(cut) = cut {
                prop_assert!(least.max(1) <= cut && cut < text.len());
                let second = found(&cutter, &text[cut..]).into_iter().map(|(start, end)| (cut + start, cut + end));
                let parts: Vec<_> = found(&cutter, &text[..cut]).into_iter().chain(second).collect();
                prop_assert_eq!(parts, whole);
            } else {
                prop_assert!(whole.iter().all(|&(_, end)| end < least || end == text.len()));
                // Whatever can be found at once is found bit by bit.
                prop_assert_eq!(cutter.find(&text, true, &mut Search::new(least)), None);
            }
        }
    }
}
