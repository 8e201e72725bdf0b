//! Ids → bytes, and bytes → text as they arrive.

use crate::error::{Error, Result};
use crate::vocab::Id;

/// The bytes of all ids, joined.
///
/// # Errors
/// [`Error::UnknownId`] for the first id that has no bytes.
pub fn bytes<'v>(ids: &[Id], token_bytes: impl Fn(Id) -> Option<&'v [u8]>) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(ids.len() * 4);
    for (position, &id) in ids.iter().enumerate() {
        bytes.extend_from_slice(token_bytes(id).ok_or(Error::UnknownId { id: id.0, position })?);
    }
    Ok(bytes)
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
