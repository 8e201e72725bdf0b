//! Special tokens: strings with a fixed id that are never merged, where they lie in a text, and which of them a caller
//! lets through.

mod finder;

use std::borrow::Cow;
use std::ops::Range;

use itertools::Itertools;

use crate::error::{Error, Result};
use crate::normalize::Form;
use crate::vocab::Id;
use finder::Token;
pub use finder::{Finder, Found, Manner};

/// The special tokens of a tokenizer.
#[derive(Clone, Default)]
pub struct SpecialTokens {
    /// In the order of ids; several of one id in that of names.
    tokens: Vec<SpecialToken>,
    all: Finders,
    /// Those that are found whether or not they are allowed.
    always: Finders,
    /// If some are found in manners of their own: what finds those that may be refused, just where they stand.
    refusable: Option<Finder>,
    has_manners: bool,
    /// What text is brought into before the normalized ones are looked for; their names are, too.
    form: Option<Form>,
}

/// One of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpecialToken {
    pub name: String,
    pub id: Id,
    pub manner: Manner,
}

/// What finds some of the special tokens: first one set in a text, then the other in what is left, as normalized.
#[derive(Clone, Default)]
struct Finders {
    first: Option<Finder>,
    normalized: Option<Finder>,
}

impl Finders {
    fn new<'t>(tokens: impl Iterator<Item = &'t SpecialToken>, form: Option<Form>) -> Result<Finders> {
        let token = |token: &SpecialToken| {
            let name = match form.filter(|_| token.manner.normalized) {
                Some(form) => String::from_utf8_lossy(&form.apply(token.name.as_bytes())).into_owned(),
                None => token.name.clone(),
            };
            Token { name, id: Some(token.id), manner: token.manner }
        };
        let (normalized, first) = tokens.map(token).partition(|token| token.manner.normalized);
        Ok(Finders { first: Finder::new(first)?, normalized: Finder::new(normalized)? })
    }
}

impl SpecialTokens {
    /// Special tokens with their ids. Several may share one, as in the published `o200k_harmony`: all are encoded to it, and it is
    /// decoded to the first of them in the order of names.
    ///
    /// # Errors
    /// [`Error::SpecialToken`] for an empty name, a name given twice, or an id above [`Id::MAX`].
    pub fn new(tokens: impl IntoIterator<Item = (String, Id)>) -> Result<SpecialTokens> {
        let plain = |(name, id)| SpecialToken { name, id, manner: Manner::default() };
        SpecialTokens::with_manners(tokens.into_iter().map(plain))
    }

    /// The same for tokens that are found in manners of their own.
    ///
    /// # Errors
    /// As [`SpecialTokens::new`].
    pub fn with_manners(tokens: impl IntoIterator<Item = SpecialToken>) -> Result<SpecialTokens> {
        let mut tokens: Vec<_> = tokens.into_iter().collect();
        check_names(tokens.iter().map(|token| token.name.as_str()))?;
        tokens.sort_by(|one, other| (one.id, &one.name).cmp(&(other.id, &other.name)));
        if let Some(token) = tokens.last().filter(|token| token.id > Id::MAX) {
            let reason = format!("has id {}, above the limit of {}", token.id.0, Id::MAX.0);
            return Err(Error::SpecialToken { token: token.name.clone(), reason });
        }
        let has_manners = tokens.iter().any(|token| token.manner != Manner::default());
        let refusable = tokens.iter().filter(|token| has_manners && !token.manner.always);
        let refusable = Finder::new(refusable.map(|token| bare(&token.name, Some(token.id))).collect())?;
        SpecialTokens { tokens, refusable, has_manners, ..SpecialTokens::default() }.with_form(None)
    }

    /// The same for text that is brought into a normal form.
    ///
    /// # Errors
    /// [`Error::SpecialToken`] if there are too many to be searched for.
    pub fn with_form(self, form: Option<Form>) -> Result<SpecialTokens> {
        let all = Finders::new(self.tokens.iter(), form)?;
        let always = Finders::new(self.tokens.iter().filter(|token| token.manner.always), form)?;
        Ok(SpecialTokens { all, always, form, ..self })
    }

    /// Names and ids, in the order of ids.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Id)> {
        self.tokens.iter().map(|token| (token.name.as_str(), token.id))
    }

    /// All of them, in the order of ids.
    pub fn tokens(&self) -> &[SpecialToken] {
        &self.tokens
    }

    /// The id of a special token.
    pub fn id(&self, token: &str) -> Option<Id> {
        self.iter().find(|(name, _)| *name == token).map(|(_, id)| id)
    }

    /// The name of the special token with this id; of several the first.
    pub fn name(&self, id: Id) -> Option<&str> {
        let at = self.tokens.partition_point(|token| token.id < id);
        self.tokens.get(at).filter(|token| token.id == id).map(|token| token.name.as_str())
    }

    /// Whether all are found just where they stand, and only where they are allowed.
    pub fn are_plain(&self) -> bool {
        !self.has_manners
    }

    /// Finds any of them; `None` if there are none. Of tokens that are not plain it knows only some.
    pub fn finder(&self) -> Option<&Finder> {
        self.all.first.as_ref()
    }

    /// What is found where special tokens are plain text: those that are found always.
    pub fn ordinary(&self) -> Policy<'_> {
        Policy::of(&self.always)
    }

    /// Compiles what a caller allows and refuses.
    ///
    /// As in tiktoken: `refused: Choice::All` means all that are not allowed; a refused name is refused even if it is
    /// allowed too, or is no special token at all; an allowed name that is no special token has no effect.
    pub fn policy(&self, allowed: &Choice, refused: &Choice) -> Result<Policy<'_>> {
        let is_named = |names: &[String], token: &SpecialToken| names.contains(&token.name);
        let mut policy = match allowed {
            Choice::All => Policy::of(&self.all),
            Choice::Names(names) if names.is_empty() => self.ordinary(),
            Choice::Names(names) => {
                let is_allowed = |token: &&SpecialToken| token.manner.always || is_named(names, token);
                let Finders { first, normalized } = Finders::new(self.tokens.iter().filter(is_allowed), self.form)?;
                Policy { allowed: first.map(Cow::Owned), normalized: normalized.map(Cow::Owned), refused: None }
            }
        };
        let finder = |tokens: Vec<Token>| Ok::<_, Error>(Finder::new(tokens)?.map(Cow::Owned));
        policy.refused = match (refused, allowed) {
            (Choice::All, Choice::All) => None,
            (Choice::All, Choice::Names(names)) if names.is_empty() => {
                let all = if self.has_manners { &self.refusable } else { &self.all.first };
                all.as_ref().map(Cow::Borrowed)
            }
            (Choice::All, Choice::Names(names)) => {
                let is_refused = |token: &&SpecialToken| !token.manner.always && !is_named(names, token);
                finder(self.tokens.iter().filter(is_refused).map(|token| bare(&token.name, Some(token.id))).collect())?
            }
            (Choice::Names(names), _) => {
                // An empty string would be found everywhere.
                let names = names.iter().filter(|name| !name.is_empty()).sorted().dedup();
                finder(names.map(|name| bare(name, self.id(name))).collect())?
            }
        };
        Ok(policy)
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
    /// Those of the allowed that are looked for in what is left, as normalized.
    normalized: Option<Cow<'s, Finder>>,
    refused: Option<Cow<'s, Finder>>,
}

impl<'s> Policy<'s> {
    /// That nothing is refused, and these are allowed.
    fn of(allowed: &'s Finders) -> Policy<'s> {
        let [first, normalized] =
            [&allowed.first, &allowed.normalized].map(|finder| finder.as_ref().map(Cow::Borrowed));
        Policy { allowed: first, normalized, refused: None }
    }

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
        let end = stretch.end.saturating_add(finder.longest() - 1).min(text.len());
        match finder.find(&text[..end], stretch.start).filter(|found| found.start < stretch.end) {
            Some(found) => Err(Error::RefusedSpecial { token: found.token.to_owned(), offset: found.start }),
            None => Ok(()),
        }
    }

    /// The same for text that has been checked already.
    pub fn checked(&self) -> Policy<'_> {
        let [allowed, normalized] =
            [&self.allowed, &self.normalized].map(|finder| finder.as_deref().map(Cow::Borrowed));
        Policy { allowed, normalized, refused: None }
    }

    /// Finds the special tokens that become their id.
    pub fn allowed(&self) -> Option<&Finder> {
        self.allowed.as_deref()
    }

    /// Finds those that are looked for after the others, in what is between them, as normalized.
    pub fn normalized(&self) -> Option<&Finder> {
        self.normalized.as_deref()
    }
}

/// A string that is found just where it stands.
fn bare(name: &str, id: Option<Id>) -> Token {
    Token { name: name.to_owned(), id, manner: Manner::default() }
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
    fn what_is_found_always_is_neither_asked_for_nor_refused() {
        let manners = [("<a>", false), ("<b>", true)];
        let tokens = manners.into_iter().zip(5..).map(|((name, always), id)| SpecialToken {
            name: name.to_owned(),
            id: Id(id),
            manner: Manner { always, ..Manner::default() },
        });
        let special = SpecialTokens::with_manners(tokens).unwrap();
        let text = "<a>x<b>";
        assert_eq!(allowed(&special.ordinary(), text), [6]);
        for (allow, found) in [(Choice::NONE, &[6][..]), (names(&["<a>"]), &[5, 6]), (Choice::All, &[5, 6])] {
            assert_eq!(allowed(&special.policy(&allow, &Choice::NONE).unwrap(), text), found);
        }
        let strict = special.policy(&Choice::NONE, &Choice::All).unwrap();
        assert!(strict.check(b"x<b>").is_ok() && strict.check(b"x<a>").is_err());
        assert!(!special.are_plain());
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
