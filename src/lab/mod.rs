//! The vocabulary lab: what a usage says of every smaller vocabulary (`nested`), and tokenizers that are made of others:
//! cut short (`first`), `without` some tokens, and `compact`.

mod compact;
mod first;
mod nested;
#[cfg(test)]
mod tests;
mod without;

use crate::SpecialTokens;
use crate::error::Result;
use crate::merges::Pair;
use crate::special::SpecialToken;
use crate::tokenizer::Tokenizer;
use crate::vocab::{Id, Vocab};

/// What another tokenizer has of this one.
struct Parts {
    vocab: Vocab,
    special: Vec<SpecialToken>,
    /// The merges, if they alone merge.
    list: Option<Vec<Pair>>,
    frame: [Vec<Id>; 2],
}

impl Tokenizer {
    /// A tokenizer of other parts that does with them what this one does.
    fn with_parts(&self, parts: Parts) -> Result<Tokenizer> {
        let Parts { vocab, special, list, frame: [before, behind] } = parts;
        let special = SpecialTokens::with_manners(special)?;
        let made = Tokenizer::from_ranks(vocab, self.splitter().clone(), special)?;
        let made = made.ignoring_merges(self.ignores_merges()).with_normalizer(self.normalizer())?;
        let made = made.with_frame(before, behind)?.with_metadata(self.metadata().clone());
        match list {
            Some(list) => made.with_list(list),
            None => Ok(made),
        }
    }

    /// The merges, if they alone merge.
    fn list(&self) -> Option<&[Pair]> {
        self.is_by_list().then(|| self.merges())
    }

    /// Those of them that make a token of two in a part of the vocabulary.
    fn list_within(&self, vocab: &Vocab) -> Option<Vec<Pair>> {
        let is_left = |&&(left, right): &&Pair| {
            let bytes = vocab.bytes(left).zip(vocab.bytes(right));
            bytes.is_some_and(|(left, right)| vocab.id(&[left, right].concat()).is_some())
        };
        self.list().map(|list| list.iter().filter(is_left).copied().collect())
    }
}
