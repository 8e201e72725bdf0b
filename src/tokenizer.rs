//! The façade: split, encode, special tokens and decode, tied together.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use crate::decode;
use crate::encode::{Encoder, Guard, Scratch};
use crate::error::{Error, Result};
use crate::merges::{self, MergeList, Pair};
use crate::normalize::Form;
use crate::parallel::Stop;
use crate::special::{Choice, Policy, SpecialTokens};
use crate::split::Splitter;
use crate::vocab::{Id, Vocab};

/// What is known of how a tokenizer was made. Says nothing about what it does.
pub type Metadata = Map<String, Value>;

/// Room for the bytes of ids, of which little text has more.
const BYTES_PER_ID: usize = 5;

/// A byte-level BPE tokenizer: a vocabulary with its merges, a split pattern and special tokens. Immutable.
#[derive(Clone)]
pub struct Tokenizer {
    vocab: Arc<Vocab>,
    /// Made when it is first needed: saving what was trained needs none.
    encoder: OnceLock<Arc<Encoder>>,
    splitter: Splitter,
    special: SpecialTokens,
    /// What text is brought into before it is split.
    normalizer: Option<Form>,
    /// The ids that are to come before and behind those of a text, for a model.
    frame: [Vec<Id>; 2],
    /// The merges, if they alone merge, and not all that the ranks mean.
    list: Option<Arc<MergeList>>,
    /// Whether a piece that is a token is encoded to it, whatever merging gives.
    ignores_merges: bool,
    /// The merges that made the vocabulary, if it was trained here.
    trained: Option<Vec<Pair>>,
    /// Those that its ranks mean, once somebody asks.
    recovered: OnceLock<Vec<Pair>>,
    /// The tokens of the corpus before the first merge and after each, if it was trained just now.
    training_curve: Option<Arc<[u64]>>,
    metadata: Metadata,
}

impl Tokenizer {
    /// A tokenizer whose ids are ranks: of two possible merges the one that gives the lower id comes first.
    ///
    /// # Errors
    /// [`Error::Vocab`] if a single byte is missing, [`Error::SpecialToken`] if an id is taken by another, ordinary token.
    pub fn from_ranks(vocab: Vocab, splitter: Splitter, special: SpecialTokens) -> Result<Tokenizer> {
        for (token, id) in special.iter() {
            // One may be both: what merging gives is then found without merging, too.
            if let Some(bytes) = vocab.bytes(id).filter(|bytes| *bytes != token.as_bytes()) {
                let reason = format!("has id {}, which is also that of the token b\"{}\"", id.0, bytes.escape_ascii());
                return Err(Error::SpecialToken { token: token.to_owned(), reason });
            }
        }
        vocab.byte_ids()?;
        Ok(Tokenizer {
            vocab: Arc::new(vocab),
            encoder: OnceLock::new(),
            splitter,
            special,
            normalizer: None,
            frame: Default::default(),
            list: None,
            ignores_merges: false,
            trained: None,
            recovered: OnceLock::new(),
            training_curve: None,
            metadata: Metadata::new(),
        })
    }

    /// The same with the merges that made the vocabulary, in order.
    ///
    /// # Errors
    /// [`Error::Vocab`] if they are not the merges of this vocabulary, one for each token of two bytes or more.
    pub fn with_merges(mut self, merges: Vec<Pair>) -> Result<Tokenizer> {
        let fail = |message: String| Err(Error::Vocab { message });
        let mut tokens = self.vocab.iter().filter(|(_, bytes)| bytes.len() > 1);
        for (at, &(left, right)) in merges.iter().enumerate() {
            let (Some(left_bytes), Some(right_bytes)) = (self.vocab.bytes(left), self.vocab.bytes(right)) else {
                return fail(format!("merge {at} ({}, {}) names an id that is no token", left.0, right.0));
            };
            match tokens.next() {
                Some((id, bytes)) if bytes == [left_bytes, right_bytes].concat() && left < id && right < id => {}
                Some((id, _)) => {
                    return fail(format!("merge {at} ({}, {}) does not give token {}", left.0, right.0, id.0));
                }
                None => return fail(format!("merge {at} ({}, {}) gives no token", left.0, right.0)),
            }
        }
        if let Some((id, _)) = tokens.next() {
            return fail(format!("token {} has no merge", id.0));
        }
        drop(tokens);
        self.trained = Some(merges);
        Ok(self)
    }

    /// The same, which knows the tokens of its corpus before the first merge and after each.
    pub(crate) fn with_training_curve(mut self, curve: Vec<u64>) -> Tokenizer {
        self.training_curve = Some(curve.into());
        self
    }

    /// The tokens of the corpus before the first merge and after each: as training counted them, which is in the order
    /// of its merges. `None` if the tokenizer was not trained just now; no file holds it.
    pub fn training_curve(&self) -> Option<&[u64]> {
        self.training_curve.as_deref()
    }

    /// A tokenizer in which only these merges happen, the first of them that can before all others.
    ///
    /// Where they mean what the ranks mean (see [`MergeList::means_ranks`]) it is the same as that of [`Tokenizer::from_ranks`],
    /// and its merges are the recovered ones.
    ///
    /// # Errors
    /// As [`Tokenizer::from_ranks`]; [`Error::Vocab`] for a merge of what is no token, into what is no token, or that is
    /// listed twice.
    pub fn from_merges(
        vocab: Vocab,
        merges: Vec<Pair>,
        splitter: Splitter,
        special: SpecialTokens,
    ) -> Result<Tokenizer> {
        Tokenizer::from_ranks(vocab, splitter, special)?.with_list(merges)
    }

    /// The same, in which only these merges happen.
    pub(crate) fn with_list(mut self, merges: Vec<Pair>) -> Result<Tokenizer> {
        let list = MergeList::new(&self.vocab, merges)?;
        let recovered = merges::recover(&self.vocab);
        if !list.means_ranks(&recovered) {
            self.list = Some(Arc::new(list));
            self.encoder = OnceLock::new();
            return Ok(self);
        }
        if list.pairs() == recovered
            && let Ok(known) = self.clone().with_merges(recovered.clone())
        {
            return Ok(known);
        }
        self.recovered = OnceLock::from(recovered);
        Ok(self)
    }

    /// The same; but a piece that is a token is encoded to it, whether or not merging gives it: tiktoken does so, and
    /// tokenizers on request.
    pub fn ignoring_merges(mut self, ignores_merges: bool) -> Tokenizer {
        if self.ignores_merges != ignores_merges {
            self.ignores_merges = ignores_merges;
            self.encoder = OnceLock::new();
        }
        self
    }

    /// The same, which brings text into a normal form before it splits it.
    ///
    /// # Errors
    /// [`Error::SpecialToken`] if there are too many to be searched for.
    pub fn with_normalizer(mut self, normalizer: Option<Form>) -> Result<Tokenizer> {
        if self.normalizer != normalizer {
            self.special = self.special.with_form(normalizer)?;
            self.normalizer = normalizer;
        }
        Ok(self)
    }

    /// The same with the ids that are to come before and behind those of a text. Encoding adds none; they are for those who ask.
    ///
    /// # Errors
    /// [`Error::Vocab`] if one is no token.
    pub fn with_frame(mut self, before: Vec<Id>, behind: Vec<Id>) -> Result<Tokenizer> {
        if let Some(id) = before.iter().chain(&behind).find(|&&id| self.token_bytes(id).is_none()) {
            return Err(Error::Vocab { message: format!("id {}, to be added to texts, is no token", id.0) });
        }
        self.frame = [before, behind];
        Ok(self)
    }

    /// The same, prepared for encoding now instead of when the first text comes.
    pub fn prepared(self) -> Tokenizer {
        self.encoder();
        self
    }

    pub(crate) fn encoder(&self) -> &Encoder {
        self.encoder.get_or_init(|| {
            let encoder = Encoder::new(self.vocab.clone(), self.list.clone());
            let encoder = encoder.expect("the vocabulary was checked when it was taken in");
            Arc::new(if self.ignores_merges { encoder.ignoring_merges() } else { encoder })
        })
    }

    /// The same with other metadata.
    pub fn with_metadata(mut self, metadata: Metadata) -> Tokenizer {
        self.metadata = metadata;
        self
    }

    /// The ordinary tokens.
    pub fn vocab(&self) -> &Vocab {
        &self.vocab
    }

    /// The special tokens.
    pub fn special(&self) -> &SpecialTokens {
        &self.special
    }

    /// The splitter with its pattern.
    pub fn splitter(&self) -> &Splitter {
        &self.splitter
    }

    /// What text is brought into before it is split.
    pub fn normalizer(&self) -> Option<Form> {
        self.normalizer
    }

    /// The ids that are to come before and behind those of a text, for a model.
    pub fn frame(&self) -> &[Vec<Id>; 2] {
        &self.frame
    }

    /// Whether the ids of the parts of a text are those of the whole, wherever neither a piece nor a special token is torn;
    /// and the tokens, joined, are the text.
    pub fn is_plain(&self) -> bool {
        self.normalizer.is_none() && self.special.are_plain() && !self.splitter.removes()
    }

    /// How the tokenizer was made.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// One more than the largest id: the number of ids where they have no holes, and the size of an embedding table.
    pub fn vocab_size(&self) -> usize {
        let special = self.special.iter().map(|(_, id)| id.index() + 1).max().unwrap_or(0);
        self.vocab.end().index().max(special)
    }

    /// The merges in order: those listed, those that made the vocabulary, or else those recovered from its ranks, which leave out
    /// tokens that merging cannot reach.
    pub fn merges(&self) -> &[Pair] {
        match (&self.list, &self.trained) {
            (Some(list), _) => list.pairs(),
            (_, Some(merges)) => merges,
            _ => self.recovered.get_or_init(|| merges::recover(&self.vocab)),
        }
    }

    /// The merges that can happen, in order: those of [`Tokenizer::merges`] but for listed ones whose tokens never stand side
    /// by side.
    pub fn live_merges(&self) -> Cow<'_, [Pair]> {
        match &self.list {
            Some(list) => Cow::Owned(merges::live(&self.vocab, &**list)),
            None => Cow::Borrowed(self.merges()),
        }
    }

    /// The pairs of tokens that stay two although there is a token of their bytes: only by a list can there be any.
    pub fn stuck_pairs(&self) -> Vec<Pair> {
        self.list.as_ref().map_or_else(Vec::new, |list| merges::stuck(&self.vocab, &**list))
    }

    /// Whether merging reaches every token of two bytes or more.
    pub fn reaches_all(&self) -> bool {
        self.live_merges().len() == self.vocab.iter().filter(|(_, bytes)| bytes.len() > 1).count()
    }

    /// The merges that made the vocabulary, if it was trained here.
    pub fn trained_merges(&self) -> Option<&[Pair]> {
        self.trained.as_deref()
    }

    /// Whether only the listed merges happen, and not all that the ranks mean.
    pub fn is_by_list(&self) -> bool {
        self.list.is_some()
    }

    /// Whether a piece that is a token is encoded to it, whether or not merging gives it.
    pub fn ignores_merges(&self) -> bool {
        self.ignores_merges
    }

    /// The bytes of an ordinary or special token.
    pub fn token_bytes(&self, id: Id) -> Option<&[u8]> {
        self.vocab.bytes(id).or_else(|| self.special.name(id).map(str::as_bytes))
    }

    /// Compiles what a caller allows and refuses; see [`SpecialTokens::policy`].
    pub fn policy(&self, allowed: &Choice, refused: &Choice) -> Result<Policy<'_>> {
        self.special.policy(allowed, refused)
    }

    /// The ids of a text.
    ///
    /// # Errors
    /// [`Error::RefusedSpecial`] if the text holds a refused special token, [`Error::Split`] if a custom pattern fails
    /// on the text, [`Error::PieceTooLong`].
    ///
    /// # Complexity
    /// Linear in the text; at worst n log n in its longest piece.
    pub fn encode(&self, text: &[u8], policy: &Policy) -> Result<Vec<Id>> {
        let mut ids = Vec::new();
        self.encode_into(text, policy, &mut self.scratch(), &mut ids, &Stop::default())?;
        Ok(ids)
    }

    /// The ids of a text in which special tokens are plain text.
    pub fn encode_ordinary(&self, text: &[u8]) -> Result<Vec<Id>> {
        self.encode(text, &self.special.ordinary())
    }

    /// Working memory that remembers the pieces that were encoded before.
    pub fn scratch(&self) -> Guard<'_> {
        self.encoder().scratch()
    }

    /// Appends the ids of a text; see [`Tokenizer::encode`]. Returns early with [`Error::Interrupted`] when stopped.
    pub fn encode_into(
        &self,
        text: &[u8],
        policy: &Policy,
        scratch: &mut Scratch,
        ids: &mut Vec<Id>,
        stop: &Stop,
    ) -> Result<()> {
        policy.check(text)?;
        self.stretches(text, policy, |stretch, special| {
            self.encoder().encode(&self.splitter, stretch, scratch, ids, stop)?;
            ids.extend(special);
            Ok(())
        })
    }

    /// Calls `each` with the ids of a text, some at a time; see [`Tokenizer::encode_into`]. Keeps no ids.
    pub fn each_into(
        &self,
        text: &[u8],
        policy: &Policy,
        scratch: &mut Scratch,
        stop: &Stop,
        mut each: impl FnMut(&[Id]),
    ) -> Result<()> {
        policy.check(text)?;
        self.stretches(text, policy, |stretch, special| {
            self.encoder().each(&self.splitter, stretch, scratch, stop, &mut each)?;
            each(special.as_slice());
            Ok(())
        })
    }

    /// The number of ids of a text; see [`Tokenizer::encode_into`].
    pub fn count_into(&self, text: &[u8], policy: &Policy, scratch: &mut Scratch, stop: &Stop) -> Result<usize> {
        let mut count = 0;
        self.each_into(text, policy, scratch, stop, |ids| count += ids.len())?;
        Ok(count)
    }

    /// Calls `each` with the stretches of a text without special tokens, and the id of that which comes next.
    fn stretches(
        &self,
        text: &[u8],
        policy: &Policy,
        mut each: impl FnMut(&[u8], Option<Id>) -> Result<()>,
    ) -> Result<()> {
        let mut from = 0;
        // The splitter knows only the stretch; the caller knows the text.
        let mut each = |start: usize, end: usize, special| {
            self.normalized(&text[start..end], policy, special, &mut each).map_err(|error| match error {
                Error::Split { pattern, offset, message } => Error::Split { pattern, offset: start + offset, message },
                other => other,
            })
        };
        if let Some(finder) = policy.allowed() {
            let mut next = 0;
            while let Some(found) = finder.find_after(text, next, from) {
                each(from.min(found.start), found.start, found.id)?;
                (next, from) = (found.next, found.end);
            }
        }
        each(from, text.len(), None)
    }

    /// Calls `each` with the parts of a stretch, as normalized, and with the tokens that are looked for in it then.
    #[inline(always)]
    fn normalized(
        &self,
        stretch: &[u8],
        policy: &Policy,
        special: Option<Id>,
        each: &mut impl FnMut(&[u8], Option<Id>) -> Result<()>,
    ) -> Result<()> {
        if self.normalizer.is_none() && policy.normalized().is_none() {
            return each(stretch, special);
        }
        let stretch = self.normalizer.map_or(Cow::Borrowed(stretch), |form| form.apply(stretch));
        let (mut from, mut next) = (0, 0);
        while let Some(found) = policy.normalized().and_then(|finder| finder.find_after(&stretch, next, from)) {
            each(&stretch[from.min(found.start)..found.start], found.id)?;
            (next, from) = (found.next, found.end);
        }
        each(&stretch[from..], special)
    }

    /// Appends the ids of one piece.
    pub(crate) fn encode_piece(&self, piece: &[u8], scratch: &mut Scratch, ids: &mut Vec<Id>) -> Result<()> {
        self.encoder().encode_piece(piece, scratch, ids)
    }

    /// The bytes that the ids stand for.
    ///
    /// # Errors
    /// [`Error::UnknownId`] naming the first id that is no token, and its position.
    pub fn decode(&self, ids: &[Id]) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(ids.len() * BYTES_PER_ID);
        self.decode_into(ids, &mut bytes)?;
        Ok(bytes)
    }

    /// Appends the bytes that the ids stand for; see [`Tokenizer::decode`].
    pub fn decode_into(&self, ids: &[Id], bytes: &mut Vec<u8>) -> Result<()> {
        decode::append(bytes, ids, &self.vocab, |id| self.special.name(id).map(str::as_bytes))
    }
}

/// Equal tokenizers give the same ids for every text and have the same merges; metadata does not matter.
impl PartialEq for Tokenizer {
    fn eq(&self, other: &Tokenizer) -> bool {
        self.splitter.pattern() == other.splitter.pattern()
            && self.special == other.special
            && self.vocab == other.vocab
            && self.is_by_list() == other.is_by_list()
            && self.ignores_merges == other.ignores_merges
            && self.normalizer == other.normalizer
            && self.frame == other.frame
            && self.merges() == other.merges()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokenizer() -> Tokenizer {
        let mut vocab = Vocab::of_bytes();
        vocab.insert(Id(256), b"ab").unwrap();
        vocab.insert(Id(257), b"abab").unwrap();
        let special = SpecialTokens::new([("<x>".to_owned(), Id(300))]).unwrap();
        Tokenizer::from_ranks(vocab, Splitter::new("cl100k").unwrap(), special).unwrap()
    }

    #[test]
    fn special_tokens_cut_the_text() {
        let tokenizer = tokenizer();
        let all = tokenizer.policy(&Choice::All, &Choice::NONE).unwrap();
        let ids = tokenizer.encode(b"ab<x>abab<x>", &all).unwrap();
        assert_eq!(ids, [256, 300, 257, 300].map(Id));
        assert_eq!(tokenizer.decode(&ids).unwrap(), b"ab<x>abab<x>");
        let strict = tokenizer.policy(&Choice::NONE, &Choice::All).unwrap();
        let error = tokenizer.encode(b"ab<x>", &strict).unwrap_err();
        assert!(matches!(error, Error::RefusedSpecial { offset: 2, .. }), "{error}");
        assert_eq!(tokenizer.encode_ordinary(b"<x>").unwrap(), [60, 120, 62].map(Id));
    }

    #[test]
    fn ids_may_have_holes() {
        let tokenizer = tokenizer();
        assert_eq!(tokenizer.vocab_size(), 301);
        assert_eq!(tokenizer.token_bytes(Id(299)), None);
        let error = tokenizer.decode(&[Id(97), Id(299)]).unwrap_err();
        assert!(matches!(error, Error::UnknownId { id: 299, position: 1 }), "{error}");
    }

    #[test]
    fn merges_must_be_those_of_the_vocabulary() {
        let (a, b, ab) = (Id(97), Id(98), Id(256));
        assert!(tokenizer().with_merges(vec![(a, b), (ab, ab)]).is_ok());
        for (merges, expected) in [
            (vec![(a, b)], "token 257 has no merge"),
            (vec![(a, b), (ab, a)], "merge 1 (256, 97) does not give token 257"),
            (vec![(a, b), (ab, ab), (a, a)], "merge 2 (97, 97) gives no token"),
            (vec![(a, Id(999))], "names an id that is no token"),
        ] {
            let error = tokenizer().with_merges(merges).err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn merges_that_the_ranks_mean_are_the_ranks() {
        let (a, b, ab, abab) = (Id(97), Id(98), Id(256), Id(257));
        let of = |merges: &[Pair]| {
            let Tokenizer { vocab, splitter, special, .. } = tokenizer();
            Tokenizer::from_merges((*vocab).clone(), merges.to_vec(), splitter, special)
        };
        let by_ranks = of(&[(a, b), (ab, ab)]).unwrap();
        assert!(!by_ranks.is_by_list() && by_ranks == tokenizer());
        // What else is listed never happens: the two never stand side by side.
        let (c, aba) = (Id(99), Id(259));
        let mut vocab = (*tokenizer().vocab).clone();
        vocab.insert(Id(258), b"bc").unwrap();
        vocab.insert(aba, b"aba").unwrap();
        let listed = vec![(a, b), (ab, ab), (aba, b), (b, c), (ab, a)];
        let Tokenizer { splitter, special, .. } = tokenizer();
        let redundant = Tokenizer::from_merges(vocab.clone(), listed, splitter.clone(), special.clone()).unwrap();
        assert!(!redundant.is_by_list() && redundant == Tokenizer::from_ranks(vocab, splitter, special).unwrap());
        assert_eq!(redundant.merges(), [(a, b), (ab, ab), (b, c), (ab, a)]);
        // The last merge never happens, or comes first.
        for (merges, expected) in [(vec![(a, b)], vec![ab, ab]), (vec![(ab, ab), (a, b)], vec![abab])] {
            let by_list = of(&merges).unwrap();
            assert!(by_list.is_by_list() && by_list != tokenizer());
            assert_eq!(by_list.merges(), merges);
            assert_eq!(by_list.encode_ordinary(b"abab").unwrap(), expected);
        }
        assert!(of(&[(a, a)]).is_err());
    }

    #[test]
    fn a_special_token_must_not_take_the_id_of_another_token() {
        let special = SpecialTokens::new([("<x>".to_owned(), Id(97))]).unwrap();
        let error = Tokenizer::from_ranks(Vocab::of_bytes(), Splitter::new("gpt2").unwrap(), special).err().unwrap();
        assert!(error.to_string().contains("also that of the token b\"a\""), "{error}");
    }
}
