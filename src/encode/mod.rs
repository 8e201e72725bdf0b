//! Piece → ids: of all adjacent pairs that may merge, the one of lowest rank merges first, the leftmost of equals, until
//! none is left.
//!
//! Three ways lead to the same ids: a table of pieces that are tokens (most pieces of real text), a scan for
//! short pieces, buckets by rank for long ones. [`crate::reference::encode`] is the oracle of all.

pub mod batch;
mod long;
mod short;

use crate::error::{Error, Result};
use crate::merges::Merges;
use crate::vocab::{Id, Vocab};

/// Pieces up to this many bytes are scanned, longer ones go through buckets. Measured by `cargo bench -- piece` on
/// letters without spaces, short against long in µs a piece: 3.1 / 7.4 at 64 bytes, 10.6 / 13.0 at 128, 30 / 26 at 256.
const SHORT: usize = 128;

/// Turns pieces into ids under one vocabulary and its merges.
#[derive(Clone)]
pub struct Encoder {
    byte_ids: [Id; 256],
    merges: Merges,
    /// By id: whether merging the token's bytes gives the token back. Some vocabularies hold tokens that no sequence of
    /// merges reaches; a piece with such bytes must not become that token.
    whole: Vec<bool>,
}

/// Working memory of an encoder, to be reused from piece to piece.
#[derive(Default)]
pub struct Scratch {
    short: short::Scratch,
    long: long::Scratch,
}

impl Encoder {
    /// An encoder for a vocabulary that holds all 256 bytes.
    ///
    /// # Errors
    /// [`Error::Vocab`] if a single byte is missing.
    pub fn new(vocab: &Vocab, merges: Merges) -> Result<Encoder> {
        let mut encoder = Encoder { byte_ids: vocab.byte_ids()?, merges, whole: Vec::new() };
        let mut whole = vec![false; vocab.end().index()];
        let (mut scratch, mut ids) = (Scratch::default(), Vec::new());
        for (id, bytes) in vocab.iter() {
            ids.clear();
            encoder.merge(bytes, &mut scratch, &mut ids)?;
            whole[id.index()] = ids == [id];
        }
        encoder.whole = whole;
        Ok(encoder)
    }

    /// Appends the ids of one piece.
    ///
    /// # Errors
    /// [`Error::PieceTooLong`] for a piece of 4 GiB or more.
    ///
    /// # Complexity
    /// n log n in the length of the piece.
    #[inline]
    pub fn encode(&self, vocab: &Vocab, piece: &[u8], scratch: &mut Scratch, ids: &mut Vec<Id>) -> Result<()> {
        match vocab.id(piece) {
            Some(id) if self.whole[id.index()] => {
                ids.push(id);
                Ok(())
            }
            _ => self.merge(piece, scratch, ids),
        }
    }

    fn merge(&self, piece: &[u8], scratch: &mut Scratch, ids: &mut Vec<Id>) -> Result<()> {
        if piece.len() <= SHORT {
            short::encode(&self.merges, &self.byte_ids, piece, &mut scratch.short, ids);
        } else if piece.len() < u32::MAX as usize {
            long::encode(&self.merges, &self.byte_ids, piece, &mut scratch.long, ids);
        } else {
            return Err(Error::PieceTooLong { bytes: piece.len(), limit: u32::MAX as usize - 1 });
        }
        Ok(())
    }

    /// The merge rules.
    pub fn merges(&self) -> &Merges {
        &self.merges
    }

    /// Both algorithms on any piece, for benchmarks of where one overtakes the other.
    #[doc(hidden)]
    pub fn encode_by(&self, long: bool, piece: &[u8], scratch: &mut Scratch, ids: &mut Vec<Id>) {
        if long {
            long::encode(&self.merges, &self.byte_ids, piece, &mut scratch.long, ids);
        } else {
            short::encode(&self.merges, &self.byte_ids, piece, &mut scratch.short, ids);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::reference;

    type Algorithm = fn(&Encoder, &Vocab, &[u8], &mut Scratch, &mut Vec<Id>);

    /// Every way to encode a piece. All must equal the reference.
    const ALGORITHMS: [(&str, Algorithm); 3] = [
        ("encode", |encoder, vocab, piece, scratch, ids| encoder.encode(vocab, piece, scratch, ids).unwrap()),
        ("short", |encoder, _, piece, scratch, ids| encoder.encode_by(false, piece, scratch, ids)),
        ("long", |encoder, _, piece, scratch, ids| encoder.encode_by(true, piece, scratch, ids)),
    ];

    fn equals_the_reference(tokens: &[Vec<u8>], pieces: &[Vec<u8>]) {
        let mut vocab = Vocab::of_bytes();
        for token in tokens {
            // Drawn tokens may repeat; a vocabulary may not.
            if vocab.id(token).is_none() {
                vocab.insert(vocab.end(), token).unwrap();
            }
        }
        let ranks: HashMap<Vec<u8>, u32> = vocab.iter().map(|(id, bytes)| (bytes.to_vec(), id.0)).collect();
        let encoder = Encoder::new(&vocab, Merges::from_ranks(&vocab)).unwrap();
        let mut scratch = Scratch::default();
        for piece in pieces.iter().chain(tokens) {
            let expected = reference::encode(piece, &ranks);
            for (name, algorithm) in ALGORITHMS {
                let mut ids = Vec::new();
                algorithm(&encoder, &vocab, piece, &mut scratch, &mut ids);
                assert_eq!(
                    bytemuck::allocation::cast_vec::<Id, u32>(ids),
                    expected,
                    "{name} of {piece:?} with {tokens:?}"
                );
            }
        }
    }

    /// Strings over two or three letters: full of runs, overlaps and equal pairs.
    fn letters(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(prop_oneof![4 => Just(b'a'), 2 => Just(b'b'), 1 => Just(b'c')], length)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn every_algorithm_equals_the_reference_on_random_rank_files(
            // Random tokens: many are unreachable, many have a lower rank than their parts.
            tokens in proptest::collection::vec(letters(2..7), 0..30),
            pieces in proptest::collection::vec(letters(0..150), 1..8),
        ) {
            equals_the_reference(&tokens, &pieces);
        }

        #[test]
        fn every_algorithm_equals_the_reference_on_any_bytes(
            tokens in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 2..4), 0..60),
            piece in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            // Make the tokens occur: join some of them into a piece.
            let joined = tokens.concat();
            equals_the_reference(&tokens, &[piece, joined]);
        }
    }

    #[test]
    fn an_unreachable_token_is_never_given_for_its_own_bytes() {
        let mut vocab = Vocab::of_bytes();
        vocab.insert(Id(256), b"xyz").unwrap();
        let encoder = Encoder::new(&vocab, Merges::from_ranks(&vocab)).unwrap();
        let mut ids = Vec::new();
        encoder.encode(&vocab, b"xyz", &mut Scratch::default(), &mut ids).unwrap();
        assert_eq!(ids, [120, 121, 122].map(Id));
    }
}
