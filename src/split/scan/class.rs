//! What the patterns see of a character: its class.

// `CODE_POINT_BLOCKS` and `CODE_POINT_CLASSES`: written by build.rs from the Unicode tables of the regex library.
include!(concat!(env!("OUT_DIR"), "/classes.rs"));

/// A set of classes. That of a character has one bit, or both of `LETTER`; bit 4 is free for the windows.
pub(super) type Class = u8;

/// `[\p{Lu}\p{Lt}]`.
pub(super) const UPPER: Class = 1;
/// `\p{Ll}`.
pub(super) const LOWER: Class = 2;
/// `\p{M}`.
pub(super) const MARK: Class = 8;
/// `\p{N}`.
pub(super) const NUMBER: Class = 16;
/// `\s` but line ends.
pub(super) const SPACE: Class = 32;
/// `[\r\n]`.
pub(super) const NEWLINE: Class = 64;
/// Everything else, and bytes that are not UTF-8: those are split as U+FFFD, which is a symbol.
pub(super) const OTHER: Class = 128;

/// `\p{L}`. A character of `[\p{Lm}\p{Lo}]` has both bits: the one pattern that asks for case counts it as both.
pub(super) const LETTER: Class = UPPER | LOWER;

/// The class of a character of ASCII.
pub(super) const fn ascii_class(byte: u8) -> Class {
    CODE_POINT_CLASSES[byte as usize]
}

/// The class of the character at an offset, and its length in bytes; no class and no length at the end of the text.
#[inline]
pub(super) fn class_at(text: &[u8], at: usize) -> (Class, usize) {
    match text.get(at) {
        Some(&byte) if byte < 0x80 => (ascii_class(byte), 1),
        Some(_) => class_beyond_ascii_called(&text[at..]),
        None => (0, 0),
    }
}

/// Where the characters of these classes end that start at an offset.
#[inline]
pub(super) fn run(text: &[u8], mut at: usize, classes: Class) -> usize {
    loop {
        let (class, length) = class_at(text, at);
        if class & classes == 0 {
            return at;
        }
        at += length;
    }
}

/// The class of a character of two bytes or more. An invalid sequence is as long as the one U+FFFD that lossy decoding
/// shows for it.
#[inline(always)]
pub(super) fn class_beyond_ascii(text: &[u8]) -> (Class, usize) {
    let four = text.first_chunk().copied().unwrap_or_else(|| {
        let mut four = [0; 4];
        four[..text.len()].copy_from_slice(text);
        four
    });
    match decode(four) {
        Some((code, length)) => (class_of(code), length),
        None => (OTHER, invalid_length(text)),
    }
}

/// The code point of a character of two bytes or more, and its length. An invalid sequence is U+FFFD.
#[inline]
pub(in super::super) fn character_beyond_ascii(text: &[u8]) -> (usize, usize) {
    let four = text.first_chunk().copied().unwrap_or_else(|| {
        let mut four = [0; 4];
        four[..text.len()].copy_from_slice(text);
        four
    });
    decode(four).unwrap_or_else(|| (char::REPLACEMENT_CHARACTER as usize, invalid_length(text)))
}

/// For the many places where it would only make loops longer.
#[inline(never)]
fn class_beyond_ascii_called(text: &[u8]) -> (Class, usize) {
    class_beyond_ascii(text)
}

/// The class of a code point.
#[inline(always)]
fn class_of(code: usize) -> Class {
    let block = usize::from(CODE_POINT_BLOCKS[code / BLOCK]);
    CODE_POINT_CLASSES[block * BLOCK + code % BLOCK]
}

/// The code point of the character of two to four bytes that these begin with, and its length.
#[inline(always)]
fn decode(bytes: [u8; 4]) -> Option<(usize, usize)> {
    let word = u32::from_le_bytes(bytes) as usize;
    let bits = |byte: usize, mask: usize| word >> (byte * 8) & mask;
    // The marks of the first byte and of the others at once.
    let (code, length, valid) = if word & 0xc0e0 == 0x80c0 {
        let code = bits(0, 0x1f) << 6 | bits(1, 0x3f);
        (code, 2, code >= 0x80)
    } else if word & 0xc0_c0f0 == 0x80_80e0 {
        let code = bits(0, 0xf) << 12 | bits(1, 0x3f) << 6 | bits(2, 0x3f);
        (code, 3, code >= 0x800 && code & 0xf800 != 0xd800)
    } else if word & 0xc0c0_c0f8 == 0x8080_80f0 {
        let code = bits(0, 7) << 18 | bits(1, 0x3f) << 12 | bits(2, 0x3f) << 6 | bits(3, 0x3f);
        (code, 4, (0x1_0000..0x11_0000).contains(&code))
    } else {
        return None;
    };
    valid.then_some((code, length))
}

/// The length of an invalid sequence: of the longest beginning of a character, or else one byte (the Unicode standard,
/// table 3-7 and section 3.9).
fn invalid_length(text: &[u8]) -> usize {
    let (length, second) = match text[0] {
        0xe0 => (3, 0xa0..=0xbf),
        0xed => (3, 0x80..=0x9f),
        0xe1..=0xef => (3, 0x80..=0xbf),
        0xf0 => (4, 0x90..=0xbf),
        0xf4 => (4, 0x80..=0x8f),
        0xf1..=0xf3 => (4, 0x80..=0xbf),
        _ => return 1,
    };
    match text.get(1) {
        Some(byte) if second.contains(byte) => {
            2 + text[2..].iter().take(length - 2).take_while(|byte| matches!(byte, 0x80..=0xbf)).count()
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex_automata::meta::Regex;

    use super::*;

    #[test]
    fn every_code_point_has_the_class_of_its_regex() {
        let regexes = [
            (UPPER, r"[\p{Lu}\p{Lt}]"),
            (LOWER, r"\p{Ll}"),
            (LETTER, r"[\p{Lm}\p{Lo}]"),
            (MARK, r"\p{M}"),
            (NUMBER, r"\p{N}"),
            (SPACE, r"[\s--[\r\n]]"),
            (NEWLINE, r"[\r\n]"),
            (OTHER, r"[^\s\p{L}\p{N}\p{M}]"),
        ]
        .map(|(class, regex)| (class, Regex::new(regex).unwrap()));
        for character in '\0'..=char::MAX {
            let mut buffer = [0; 4];
            let text = character.encode_utf8(&mut buffer);
            let found = regexes.iter().filter(|(_, regex)| regex.is_match(&*text));
            let expected = found.fold(0, |classes, (class, _)| classes | class);
            assert_eq!(class_at(text.as_bytes(), 0), (expected, text.len()), "{character:?}");
        }
    }

    proptest! {
        #[test]
        fn invalid_sequences_are_as_long_as_in_lossy_decoding(
            text in proptest::collection::vec(prop_oneof![
                Just(0xe0u8), Just(0xed), Just(0xf0), Just(0xf4), Just(0x80), Just(0x9f), Just(0xa0), Just(0xbf), any::<u8>()
            ], 0..20)
        ) {
            let mut at = 0;
            for character in String::from_utf8_lossy(&text).chars() {
                let (class, length) = class_at(&text, at);
                prop_assert!(length > 0);
                if character == char::REPLACEMENT_CHARACTER {
                    prop_assert_eq!(class, OTHER);
                } else {
                    prop_assert_eq!(length, character.len_utf8());
                }
                at += length;
            }
            prop_assert_eq!(at, text.len());
        }
    }
}
