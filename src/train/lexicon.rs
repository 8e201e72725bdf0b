//! The vocabulary while it grows.

use crate::error::Result;
use crate::merges::Pair;
use crate::vocab::{Id, Vocab};

pub(super) struct Lexicon {
    vocab: Vocab,
    /// The bytes of each token, by id.
    lengths: Vec<u32>,
    /// The id of the next new token.
    next: Id,
}

impl Lexicon {
    /// `first` is the id of the first new token; all ids of `vocab` are below it.
    pub(super) fn new(vocab: Vocab, first: Id) -> Lexicon {
        let mut lengths = vec![0; first.index()];
        vocab.iter().for_each(|(id, bytes)| lengths[id.index()] = bytes.len() as u32);
        Lexicon { vocab, lengths, next: first }
    }

    /// The bytes of each token, by id.
    pub(super) fn lengths(&self) -> &[u32] {
        &self.lengths
    }

    /// The bytes of the two tokens of a pair.
    pub(super) fn bytes(&self, pair: Pair) -> [&[u8]; 2] {
        bytes_of(&self.vocab, pair)
    }

    /// The token that a pair becomes, and whether it is a new one.
    ///
    /// # Errors
    /// That of [`Vocab::insert`].
    pub(super) fn token(&mut self, pair: Pair) -> Result<(Id, bool)> {
        let bytes = self.bytes(pair).concat();
        if let Some(id) = self.vocab.id(&bytes) {
            return Ok((id, false));
        }
        let id = self.next;
        self.vocab.insert(id, &bytes)?;
        self.lengths.push(bytes.len() as u32);
        self.next = Id(id.0 + 1);
        Ok((id, true))
    }

    pub(super) fn into_vocab(self) -> Vocab {
        self.vocab
    }
}

/// The bytes of the two tokens of a pair.
pub(super) fn bytes_of(vocab: &Vocab, (left, right): Pair) -> [&[u8]; 2] {
    [left, right].map(|id| vocab.bytes(id).expect("tokens in words are in the vocabulary"))
}
