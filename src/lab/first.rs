//! The tokenizer that training to a smaller size would have given.

use super::Parts;
use crate::error::{Error, Result};
use crate::special::SpecialToken;
use crate::tokenizer::Tokenizer;
use crate::vocab::{Id, Vocab};

/// What a smaller vocabulary has.
pub(super) struct Layout {
    /// The largest id of an ordinary token.
    pub last: Id,
    /// Ids of special tokens, in order: those above the last ordinary one move up to it.
    pub special: Vec<Moved>,
}

pub(super) struct Moved {
    pub old: Id,
    pub new: Id,
}

impl Tokenizer {
    /// The tokenizer that training to `vocab_size` ids would have given: the tokens of the lowest ids, with all special tokens.
    /// Those that come after the merges follow the ones that are left; all other ids stay.
    ///
    /// # Errors
    /// [`Error::NotNested`] if a token is merged from one with a larger id: smaller vocabularies would not reach it.
    /// [`Error::Setting`] for a size that leaves no room for the bytes and the special tokens, or is above that of this one.
    pub fn first(&self, vocab_size: usize) -> Result<Tokenizer> {
        self.nested()?;
        let layout = self.layout(vocab_size)?;
        let mut vocab = Vocab::with_capacity(layout.last.index() + 1);
        for (id, bytes) in self.vocab().iter().filter(|(id, _)| *id <= layout.last) {
            vocab.insert(id, bytes)?;
        }
        let merges = vocab.iter().filter(|(_, bytes)| bytes.len() > 1).count();
        let moved = |id: Id| layout.special.iter().find(|token| token.old == id).map_or(id, |token| token.new);
        let special = self.special().tokens().iter();
        let special = special.map(|token| SpecialToken { id: moved(token.id), ..token.clone() }).collect();
        let frame = self.frame().each_ref().map(|ids| ids.iter().map(|&id| moved(id)).collect());
        let list = self.list_within(&vocab);
        let made = self.with_parts(Parts { vocab, special, list, frame })?;
        let mut metadata = self.metadata().clone();
        if let Some(settings) = metadata.get_mut("settings").and_then(|settings| settings.as_object_mut())
            && self.trained_merges().is_some()
        {
            settings.insert("vocab_size".to_owned(), vocab_size.into());
        }
        let made = made.with_metadata(metadata);
        match self.trained_merges() {
            Some(trained) => made.with_merges(trained[..merges].to_vec()),
            None => Ok(made),
        }
    }

    /// What the vocabulary of so many ids has.
    pub(super) fn layout(&self, vocab_size: usize) -> Result<Layout> {
        let fail = |reason| Err(Error::Setting { setting: "vocab_size", value: vocab_size.to_string(), reason });
        if vocab_size > self.vocab_size() {
            return fail("must be no more ids than the tokenizer has");
        }
        let mut special: Vec<Id> = self.special().iter().map(|(_, id)| id).collect();
        special.dedup();
        let behind = |last: Id| &special[special.partition_point(|&id| id <= last)..];
        let fits = |last: Id| last.index() + 1 + behind(last).len() <= vocab_size;
        let byte = self.vocab().byte_ids()?.into_iter().max().expect("there are 256");
        let Some(last) =
            self.vocab().iter().map(|(id, _)| id).take_while(|&id| fits(id)).last().filter(|&id| id >= byte)
        else {
            return fail("leaves no room for the single bytes and the special tokens");
        };
        let stay = special.len() - behind(last).len();
        let moved = |(at, &old): (usize, &Id)| match at.checked_sub(stay) {
            Some(number) => Moved { old, new: Id((last.index() + 1 + number) as u32) },
            None => Moved { old, new: old },
        };
        let special = special.iter().enumerate().map(moved).collect();
        Ok(Layout { last, special })
    }
}
