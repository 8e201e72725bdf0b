//! The vocabulary while it grows.

use crate::error::Result;
use crate::merges::Pair;
use crate::vocab::{Id, Vocab};

pub(super) struct Lexicon {
    vocab: Vocab,
    /// The bytes of each token, by id.
    lengths: Vec<u32>,
    /// The words of each token, by id.
    words: Vec<Words>,
    /// The id of the next new token.
    next: Id,
}

impl Lexicon {
    /// `first` is the id of the first new token; all ids of `vocab` are below it.
    pub(super) fn new(vocab: Vocab, first: Id) -> Lexicon {
        let mut lengths = vec![0; first.index()];
        let mut words = vec![Words::default(); first.index()];
        for (id, bytes) in vocab.iter() {
            lengths[id.index()] = bytes.len() as u32;
            words[id.index()] = Words::of(bytes);
        }
        Lexicon { vocab, lengths, words, next: first }
    }

    /// The bytes of each token, by id.
    pub(super) fn lengths(&self) -> &[u32] {
        &self.lengths
    }

    /// How many words a pair has: see [`Words`].
    pub(super) fn words(&self, (left, right): Pair) -> u32 {
        let [left, right] = [left, right].map(|id| self.words[id.index()]);
        left.number + right.number - u32::from(left.ends_inside && right.begins_inside)
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
        self.words.push(Words::of(&bytes));
        self.next = Id(id.0 + 1);
        Ok((id, true))
    }

    pub(super) fn into_vocab(self) -> Vocab {
        self.vocab
    }
}

/// The words of a token: the parts between white space of ASCII, which end where a neighbour goes on with them.
#[derive(Clone, Copy, Default)]
struct Words {
    number: u32,
    begins_inside: bool,
    ends_inside: bool,
}

impl Words {
    fn of(token: &[u8]) -> Words {
        let is_inside = |byte: Option<&u8>| byte.is_some_and(|byte| !byte.is_ascii_whitespace());
        Words {
            number: token.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count() as u32,
            begins_inside: is_inside(token.first()),
            ends_inside: is_inside(token.last()),
        }
    }
}

/// The bytes of the two tokens of a pair.
pub(super) fn bytes_of(vocab: &Vocab, (left, right): Pair) -> [&[u8]; 2] {
    [left, right].map(|id| vocab.bytes(id).expect("tokens in words are in the vocabulary"))
}
