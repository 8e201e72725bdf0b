//! GPT-2's alphabet: a character for every byte, with which tokens are written as text (encoder.py, OpenAI, 2019).
//!
//! Bytes that print stand for themselves as in Latin-1; the others have the characters from U+0100 on, in their order.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The character of every byte.
static CHARACTERS: LazyLock<[char; 256]> = LazyLock::new(|| {
    let prints = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut others = '\u{100}'..;
    std::array::from_fn(|byte| match byte as u8 {
        byte if prints(byte) => char::from(byte),
        _ => others.next().expect("there are 68 of them"),
    })
});

static BYTES: LazyLock<HashMap<char, u8>> = LazyLock::new(|| CHARACTERS.iter().copied().zip(0..=u8::MAX).collect());

/// Bytes as text.
pub(super) fn to_text(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| CHARACTERS[usize::from(byte)]).collect()
}

/// The bytes that a text stands for; `None` if it has characters of no byte.
pub(super) fn to_bytes(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|character| BYTES.get(&character).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_a_character_of_its_own() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        let text = to_text(&all);
        assert_eq!(to_bytes(&text), Some(all));
        assert_eq!(to_text(b" a\n\x00\x7f\xa0\xad\xff"), "ĠaĊĀġłŃÿ");
        assert_eq!(to_bytes("a b"), None);
    }
}
