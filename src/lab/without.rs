//! A tokenizer that never gives some ids.

use std::collections::HashSet;

use super::Parts;
use crate::error::{Error, Result};
use crate::tokenizer::Tokenizer;
use crate::vocab::{Id, Vocab};

impl Tokenizer {
    /// The same tokenizer without some tokens. It never gives their ids; all others stay as they are.
    ///
    /// Text is encoded by the rule that was there, on the tokens that are left. By ranks: of all neighbours whose joined bytes
    /// are a token that is left, the one of the lowest id merges first. By a list: merges that make or need a removed token
    /// are gone. Either way, a text in which none of the tokens was made, not even on the way to a longer one, keeps its ids.
    /// Text never holds special tokens that were removed: their names are plain text.
    ///
    /// # Errors
    /// [`Error::UnknownId`] for an id that is no token; [`Error::NeededByte`] for a single byte; [`Error::Vocab`] for a
    /// special token that the frame of texts needs.
    pub fn without(&self, ids: &[Id]) -> Result<Tokenizer> {
        for (position, &id) in ids.iter().enumerate() {
            match (self.vocab().bytes(id), self.special().name(id)) {
                (None, None) => return Err(Error::UnknownId { id: id.0, position }),
                (Some(&[byte]), _) => return Err(Error::NeededByte { id: id.0, byte }),
                _ => {}
            }
        }
        let gone: HashSet<Id> = ids.iter().copied().collect();
        let mut vocab = Vocab::with_capacity(self.vocab().len());
        for (id, bytes) in self.vocab().iter().filter(|(id, _)| !gone.contains(id)) {
            vocab.insert(id, bytes)?;
        }
        let special = self.special().tokens().iter().filter(|token| !gone.contains(&token.id)).cloned().collect();
        let list = self.list_within(&vocab);
        self.with_parts(Parts { vocab, special, list, frame: self.frame().clone() })
    }
}
