//! Special tokens: strings with a fixed id that are never merged, where they lie in a text, and which of them a caller
//! lets through.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::error::{Error, Result};
use crate::vocab::Id;

/// Finds any of a set of strings in a text: the leftmost, and the longest of those that start there.
#[derive(Clone)]
pub struct Finder {
    automaton: AhoCorasick,
    /// The byte that all of them begin with, if they do: a text without it is done with in no time.
    first: Option<u8>,
    tokens: Vec<(String, Option<Id>)>,
}

/// A string found in a text, at `start..end`.
pub struct Found<'f> {
    pub start: usize,
    pub end: usize,
    pub token: &'f str,
    /// Its id; `None` for a string that is no special token of the tokenizer.
    pub id: Option<Id>,
}

impl Finder {
    fn new(tokens: Vec<(String, Option<Id>)>) -> Result<Option<Finder>> {
        if tokens.is_empty() {
            return Ok(None);
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(tokens.iter().map(|(token, _)| token))
            .map_err(|error| Error::SpecialToken {
                token: tokens[0].0.clone(),
                reason: format!("and the others cannot be searched for: {error}"),
            })?;
        let first = tokens[0].0.as_bytes().first().copied();
        let first = first.filter(|first| tokens.iter().all(|(token, _)| token.as_bytes().first() == Some(first)));
        Ok(Some(Finder { automaton, first, tokens }))
    }

    /// The first occurrence that starts at or after `from`.
    pub fn find(&self, text: &[u8], from: usize) -> Option<Found<'_>> {
        let from = match self.first {
            Some(first) => from + memchr::memchr(first, text.get(from..)?)?,
            None => from,
        };
        let found = self.automaton.find(aho_corasick::Input::new(text).range(from..))?;
        let (token, id) = &self.tokens[found.pattern()];
        Some(Found { start: found.start(), end: found.end(), token, id: *id })
    }

    /// Whether any of them lies over this place, beginning before and ending behind it. It need not be one that a search
    /// from the beginning finds: whatever comes before, none is torn where this is false.
    pub fn reaches_over(&self, text: &[u8], place: usize) -> bool {
        let reach = self.automaton.max_pattern_len().saturating_sub(1);
        let around = &text[..text.len().min(place.saturating_add(reach))];
        let mut from = place.saturating_sub(reach);
        // The longest that starts at each place where one does.
        while let Some(found) = self.find(around, from).filter(|found| found.start < place) {
            if found.end > place {
                return true;
            }
            from = found.start + 1;
        }
        false
    }
}

/// The special tokens of a tokenizer.
#[derive(Clone, Default)]
pub struct SpecialTokens {
    /// In the order of ids; several of one id in that of names.
    tokens: Vec<(String, Id)>,
    finder: Option<Finder>,
}

impl SpecialTokens {
    /// Special tokens with their ids. Several may share one, as in the published `o200k_harmony`: all are encoded to it, and it is
    /// decoded to the first of them in the order of names.
    ///
    /// # Errors
    /// [`Error::SpecialToken`] for an empty name, a name given twice, or an id above [`Id::MAX`].
    pub fn new(tokens: impl IntoIterator<Item = (String, Id)>) -> Result<SpecialTokens> {
        let mut tokens: Vec<_> = tokens.into_iter().collect();
        check_names(tokens.iter().map(|(token, _)| token.as_str()))?;
        tokens.sort_by(|(name, id), (other_name, other)| (id, name).cmp(&(other, other_name)));
        if let Some((token, id)) = tokens.last().filter(|(_, id)| *id > Id::MAX) {
            let reason = format!("has id {}, above the limit of {}", id.0, Id::MAX.0);
            return Err(Error::SpecialToken { token: token.clone(), reason });
        }
        let finder = Finder::new(tokens.iter().map(|(token, id)| (token.clone(), Some(*id))).collect())?;
        Ok(SpecialTokens { tokens, finder })
    }

    /// Names and ids, in the order of ids.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Id)> {
        self.tokens.iter().map(|(token, id)| (token.as_str(), *id))
    }

    /// The id of a special token.
    pub fn id(&self, token: &str) -> Option<Id> {
        self.iter().find(|(name, _)| *name == token).map(|(_, id)| id)
    }

    /// The name of the special token with this id; of several the first.
    pub fn name(&self, id: Id) -> Option<&str> {
        let at = self.tokens.partition_point(|(_, other)| *other < id);
        self.tokens.get(at).filter(|(_, other)| *other == id).map(|(name, _)| name.as_str())
    }

    /// Finds any of them; `None` if there are none.
    pub fn finder(&self) -> Option<&Finder> {
        self.finder.as_ref()
    }

    /// Compiles what a caller allows and refuses.
    ///
    /// As in tiktoken: `refused: Choice::All` means all that are not allowed; a refused name is refused even if it is
    /// allowed too, or is no special token at all; an allowed name that is no special token has no effect.
    pub fn policy(&self, allowed: &Choice, refused: &Choice) -> Result<Policy<'_>> {
        let finder_of = |keep: &dyn Fn(&str) -> bool| {
            let tokens = self.iter().filter(|(token, _)| keep(token));
            Ok::<_, Error>(
                Finder::new(tokens.map(|(token, id)| (token.to_owned(), Some(id))).collect())?.map(Cow::Owned),
            )
        };
        let all = self.finder.as_ref().map(Cow::Borrowed);
        let allowed_finder = match allowed {
            Choice::All => all.clone(),
            Choice::Names(names) if names.is_empty() => None,
            Choice::Names(names) => finder_of(&|token| names.iter().any(|name| name == token))?,
        };
        let refused_finder = match (refused, allowed) {
            (Choice::All, Choice::All) => None,
            (Choice::All, Choice::Names(names)) if names.is_empty() => all,
            (Choice::All, Choice::Names(names)) => finder_of(&|token| !names.iter().any(|name| name == token))?,
            (Choice::Names(names), _) => {
                // An empty string would be found everywhere.
                let names: BTreeMap<_, _> = names.iter().filter(|name| !name.is_empty()).map(|n| (n, ())).collect();
                Finder::new(names.keys().map(|name| ((*name).clone(), self.id(name))).collect())?.map(Cow::Owned)
            }
        };
        Ok(Policy { allowed: allowed_finder, refused: refused_finder })
    }
}

impl PartialEq for SpecialTokens {
    fn eq(&self, other: &SpecialTokens) -> bool {
        self.tokens == other.tokens
    }
}

/// Some special tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    All,
    Names(Vec<String>),
}

impl Choice {
    /// No special token.
    pub const NONE: Choice = Choice::Names(Vec::new());
}

/// Which special tokens become their id, and which must not occur. All others are plain text.
pub struct Policy<'s> {
    allowed: Option<Cow<'s, Finder>>,
    refused: Option<Cow<'s, Finder>>,
}

impl Policy<'_> {
    /// Special tokens are plain text.
    pub const ORDINARY: Policy<'static> = Policy { allowed: None, refused: None };

    /// # Errors
    /// [`Error::RefusedSpecial`] naming the first refused token of the text and its place.
    pub fn check(&self, text: &[u8]) -> Result<()> {
        match self.refused.as_ref().and_then(|finder| finder.find(text, 0)) {
            Some(found) => Err(Error::RefusedSpecial { token: found.token.to_owned(), offset: found.start }),
            None => Ok(()),
        }
    }

    /// As [`Policy::check`] for tokens that start in a stretch of the text: to check a text stretch by stretch is to check
    /// it at once.
    pub fn check_stretch(&self, text: &[u8], stretch: Range<usize>) -> Result<()> {
        let Some(finder) = &self.refused else { return Ok(()) };
        let end = stretch.end.saturating_add(finder.automaton.max_pattern_len() - 1).min(text.len());
        match finder.find(&text[..end], stretch.start).filter(|found| found.start < stretch.end) {
            Some(found) => Err(Error::RefusedSpecial { token: found.token.to_owned(), offset: found.start }),
            None => Ok(()),
        }
    }

    /// The same for text that has been checked already.
    pub fn checked(&self) -> Policy<'_> {
        Policy { allowed: self.allowed.as_deref().map(Cow::Borrowed), refused: None }
    }

    /// Finds the special tokens that become their id.
    pub fn allowed(&self) -> Option<&Finder> {
        self.allowed.as_deref()
    }
}

/// # Errors
/// [`Error::SpecialToken`] for an empty name or one given twice.
pub(crate) fn check_names<'t>(tokens: impl IntoIterator<Item = &'t str>) -> Result<()> {
    let mut seen = std::collections::HashSet::new();
    for token in tokens {
        let fail = |reason: &str| Err(Error::SpecialToken { token: token.to_owned(), reason: reason.to_owned() });
        if token.is_empty() {
            return fail("is empty; give it a name");
        }
        if !seen.insert(token) {
            return fail("is given twice; name each special token once");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn special() -> SpecialTokens {
        let tokens = [("<a>", 300), ("<a><b>", 301), ("<b>", 299)];
        SpecialTokens::new(tokens.map(|(token, id)| (token.to_owned(), Id(id)))).unwrap()
    }

    fn names(names: &[&str]) -> Choice {
        Choice::Names(names.iter().map(|&name| name.to_owned()).collect())
    }

    fn allowed(policy: &Policy, text: &str) -> Vec<u32> {
        let Some(finder) = policy.allowed() else { return Vec::new() };
        let (mut from, mut ids) = (0, Vec::new());
        while let Some(found) = finder.find(text.as_bytes(), from) {
            ids.push(found.id.unwrap().0);
            from = found.end;
        }
        ids
    }

    #[test]
    fn the_longest_of_the_allowed_tokens_wins() {
        let special = special();
        let text = "<a><b><b><a>";
        let found = |choice| allowed(&special.policy(&choice, &Choice::NONE).unwrap(), text);
        assert_eq!(found(Choice::All), [301, 299, 300]);
        assert_eq!(found(names(&["<a>", "<b>"])), [300, 299, 299, 300]);
        assert!(found(names(&["<c>"])).is_empty());
        assert!(found(Choice::NONE).is_empty());
    }

    #[test]
    fn refusing_follows_tiktoken() {
        let special = special();
        let refused = |allow: &Choice, refuse: &Choice, text: &str| {
            special.policy(allow, refuse).unwrap().check(text.as_bytes()).is_err()
        };
        assert!(refused(&Choice::NONE, &Choice::All, "x<b>"));
        assert!(!refused(&Choice::NONE, &Choice::NONE, "x<b>"));
        assert!(!refused(&names(&["<b>"]), &Choice::All, "x<b>"));
        assert!(refused(&names(&["<b>"]), &Choice::All, "x<a>"));
        assert!(!refused(&Choice::All, &Choice::All, "x<a>"));
        // Refused by name: even if allowed, and even if it is no special token.
        assert!(refused(&Choice::All, &names(&["<b>"]), "x<b>"));
        assert!(refused(&Choice::NONE, &names(&["word"]), "a word"));
        assert!(!refused(&Choice::NONE, &names(&[""]), "a word"));
    }

    #[test]
    fn several_names_of_one_id_are_found_and_the_first_is_its_name() {
        let tokens = [("<z>", 7), ("<b>", 9), ("<a>", 9), ("<c>", 9), ("<y>", 11)];
        let special = SpecialTokens::new(tokens.map(|(name, id)| (name.to_owned(), Id(id)))).unwrap();
        let names = [6, 7, 8, 9, 10, 11, 12].map(|id| special.name(Id(id)));
        assert_eq!(names, [None, Some("<z>"), None, Some("<a>"), None, Some("<y>"), None]);
        assert_eq!(tokens.map(|(name, id)| special.id(name) == Some(Id(id))), [true; 5]);
        assert_eq!(allowed(&special.policy(&Choice::All, &Choice::NONE).unwrap(), "<c><b>-<a><z>"), [9, 9, 9, 7]);
    }

    #[test]
    fn bad_names_and_ids_are_refused() {
        for (tokens, expected) in [
            (vec![("", 1)], "is empty"),
            (vec![("x", 1), ("x", 2)], "given twice"),
            (vec![("x", u32::MAX)], "above the limit"),
        ] {
            let tokens = tokens.into_iter().map(|(token, id)| (token.to_owned(), Id(id)));
            let error = SpecialTokens::new(tokens).err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    /// Any tokens of few letters, so that they overlap, and any text of these.
    fn tokens_and_text() -> impl Strategy<Value = (BTreeSet<String>, String)> {
        (proptest::collection::btree_set("[abc]{1,4}", 1..4), "[abc]{0,12}")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn a_token_reaches_over_a_place_where_it_is_torn((tokens, text) in tokens_and_text()) {
            let special = SpecialTokens::new(tokens.iter().cloned().zip((0..).map(Id))).unwrap();
            for place in 0..=text.len() {
                let is_torn = |token: &String| {
                    text.match_indices(|_| true).any(|(start, _)| {
                        start < place && place < start + token.len() && text[start..].starts_with(token.as_str())
                    })
                };
                let expected = tokens.iter().any(is_torn);
                prop_assert_eq!(special.finder().unwrap().reaches_over(text.as_bytes(), place), expected, "{} {}", text, place);
            }
        }

        #[test]
        fn to_check_stretch_by_stretch_is_to_check_at_once((tokens, text) in tokens_and_text(), size in 1..6usize) {
            let special = SpecialTokens::new(tokens.into_iter().zip((0..).map(Id))).unwrap();
            let policy = special.policy(&Choice::NONE, &Choice::All).unwrap();
            let stretches = (0..text.len()).step_by(size).map(|start| start..text.len().min(start + size));
            let told = |result: Result<()>| result.map_err(|error| error.to_string());
            let by_stretch = stretches.map(|stretch| told(policy.check_stretch(text.as_bytes(), stretch)));
            prop_assert_eq!(by_stretch.collect::<Result<(), _>>(), told(policy.check(text.as_bytes())));
            prop_assert!(policy.checked().check(text.as_bytes()).is_ok());
        }
    }
}
