//! The same tokenizer with ids that leave no holes.

use super::Parts;
use crate::error::Result;
use crate::special::SpecialToken;
use crate::tokenizer::Tokenizer;
use crate::vocab::{Id, Vocab};

impl Tokenizer {
    /// The same tokenizer with the ids 0, 1, … in the order of its own, and the old id of each new one.
    ///
    /// # Errors
    /// None that are known: [`crate::Error::Vocab`].
    pub fn compact(&self) -> Result<(Tokenizer, Vec<Id>)> {
        let ordinary = self.vocab().iter().map(|(id, _)| id);
        let mut old: Vec<Id> = ordinary.chain(self.special().iter().map(|(_, id)| id)).collect();
        old.sort_unstable();
        old.dedup();
        let new = |id: Id| Id(old.partition_point(|&other| other < id) as u32);
        let mut vocab = Vocab::with_capacity(old.len());
        for (id, bytes) in self.vocab().iter() {
            vocab.insert(new(id), bytes)?;
        }
        let pairs = |pairs: &[(Id, Id)]| pairs.iter().map(|&(left, right)| (new(left), new(right))).collect::<Vec<_>>();
        let special = self.special().tokens().iter();
        let special = special.map(|token| SpecialToken { id: new(token.id), ..token.clone() }).collect();
        let frame = self.frame().each_ref().map(|ids| ids.iter().map(|&id| new(id)).collect());
        let made = self.with_parts(Parts { vocab, special, list: self.list().map(pairs), frame })?;
        let made = match self.trained_merges() {
            Some(trained) => made.with_merges(pairs(trained))?,
            None => made,
        };
        Ok((made, old))
    }
}
