//! Ids → bytes, and bytes → text as they arrive.

use std::mem::MaybeUninit;

use crate::error::{Error, Result};
use crate::piece::{INLINE, WINDOW};
use crate::vocab::{Id, LONG, Vocab};

/// Ids that are decoded before there is a look at whether there is room for more.
const BATCH: usize = 64;

/// Appends the bytes of all ids; `other` knows those of ids that are not in the vocabulary.
///
/// Nearly every token lies in a slot of 16 bytes: all of them are copied, and the next token begins where this one ends.
///
/// # Errors
/// [`Error::UnknownId`] for the first id that has no bytes.
pub fn append<'v>(
    bytes: &mut Vec<u8>,
    ids: &[Id],
    vocab: &'v Vocab,
    other: impl Fn(Id) -> Option<&'v [u8]>,
) -> Result<()> {
    let slots = vocab.slots();
    let mut position = 0;
    while position < ids.len() {
        let batch = &ids[position..ids.len().min(position + BATCH)];
        bytes.reserve(batch.len() * WINDOW);
        let room = bytes.spare_capacity_mut();
        let (mut written, mut done) = (0, 0);
        for id in batch {
            let Some(slot) = slots.get(id.index()) else { break };
            let length = slot.0[INLINE];
            if length == 0 || length == LONG {
                break;
            }
            let place = room[written..].first_chunk_mut::<WINDOW>().expect("room was reserved");
            *place = slot.0.map(MaybeUninit::new);
            written += usize::from(length);
            done += 1;
        }
        // SAFETY: all before `written` was written: each token wrote 16 bytes, and the next began at most 15 further.
        unsafe { bytes.set_len(bytes.len() + written) };
        position += done;
        if done < batch.len() {
            let id = ids[position];
            let token = vocab.bytes(id).or_else(|| other(id)).ok_or(Error::UnknownId { id: id.0, position })?;
            bytes.extend_from_slice(token);
            position += 1;
        }
    }
    Ok(())
}

/// Turns bytes that arrive in parts into text: holds back only a character that is not complete yet, and shows invalid
/// sequences as U+FFFD. All that is given out, joined, equals lossy decoding of all that was taken in.
#[derive(Clone, Default)]
pub struct Utf8Stream {
    /// The beginning of a character: at most three bytes.
    held: Vec<u8>,
}

impl Utf8Stream {
    /// Takes in bytes, gives out the text that is complete.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.held.extend_from_slice(bytes);
        let mut text = String::with_capacity(self.held.len());
        let mut done = 0;
        loop {
            match std::str::from_utf8(&self.held[done..]) {
                Ok(valid) => {
                    text.push_str(valid);
                    done = self.held.len();
                    break;
                }
                Err(error) => {
                    let valid = done + error.valid_up_to();
                    text.push_str(std::str::from_utf8(&self.held[done..valid]).expect("checked just before"));
                    done = valid;
                    let Some(invalid) = error.error_len() else { break };
                    text.push(char::REPLACEMENT_CHARACTER);
                    done += invalid;
                }
            }
        }
        self.held.drain(..done);
        text
    }

    /// Gives out the rest: one U+FFFD for a character that never became complete.
    pub fn finish(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.held)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fragments() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let fragment = prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..4),
            proptest::collection::vec(prop_oneof![Just(0xf0u8), Just(0x9f), Just(0x98), Just(0x89), Just(b'a')], 0..4),
            any::<char>().prop_map(|character| character.to_string().into_bytes()),
        ];
        proptest::collection::vec(fragment, 0..12)
    }

    proptest! {
        #[test]
        fn decoding_joins_the_bytes_of_the_tokens(
            tokens in proptest::collection::hash_set(proptest::collection::vec(any::<u8>(), 2..40), 0..20),
            drawn in proptest::collection::vec(any::<u16>(), 0..300),
        ) {
            let mut vocab = Vocab::of_bytes();
            for token in &tokens {
                vocab.insert(vocab.end(), token).unwrap();
            }
            let special = Id(vocab.end().0 + 1);
            let other = |id| (id == special).then_some(&b"<special>"[..]);
            let known: Vec<Id> = vocab.iter().map(|(id, _)| id).chain([special]).collect();
            let mut ids: Vec<Id> = drawn.iter().map(|&number| known[usize::from(number) % known.len()]).collect();
            let joined: Vec<u8> =
                ids.iter().flat_map(|&id| vocab.bytes(id).or_else(|| other(id)).unwrap()).copied().collect();
            let mut bytes = b"before".to_vec();
            append(&mut bytes, &ids, &vocab, other).unwrap();
            prop_assert_eq!(bytes, [b"before", &joined[..]].concat());
            let position = drawn.first().map_or(0, |&number| usize::from(number) % drawn.len());
            for unknown in [vocab.end().0, special.0 + 1, u32::MAX] {
                ids.insert(position, Id(unknown));
                let error = append(&mut Vec::new(), &ids, &vocab, other).unwrap_err();
                let is_it = matches!(error, Error::UnknownId { id, position: at } if (id, at) == (unknown, position));
                prop_assert!(is_it, "{}", error);
                ids.remove(position);
            }
        }

        #[test]
        fn a_stream_equals_lossy_decoding_of_the_whole(fragments in fragments()) {
            let mut stream = Utf8Stream::default();
            let mut text = String::new();
            for fragment in &fragments {
                text += &stream.push(fragment);
                prop_assert!(stream.held.len() <= 3);
            }
            text += &stream.finish();
            let whole = fragments.concat();
            prop_assert_eq!(text, String::from_utf8_lossy(&whole));
        }
    }
}
