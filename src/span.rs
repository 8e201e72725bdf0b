//! Spans: where tokens lie in the text they were encoded from.

/// What spans count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    Bytes,
    /// Characters of a text that is UTF-8.
    Characters,
}

/// The span `[start, end)` of each token of a text, given how many bytes each has. A token that holds a part of a
/// character has the span of the whole character.
pub fn spans(text: &[u8], lengths: impl Iterator<Item = usize>, unit: Unit) -> Vec<[i64; 2]> {
    let is_start = |byte: u8| unit == Unit::Bytes || !matches!(byte, 0x80..=0xbf);
    let (mut at, mut begun) = (0, 0);
    lengths
        .map(|length| {
            let token = &text[at..at + length];
            at += length;
            // A token that begins inside a character starts where that character does.
            let start = if token.first().is_some_and(|&byte| is_start(byte)) { begun } else { begun - 1 };
            begun += token.iter().filter(|&&byte| is_start(byte)).count() as i64;
            [start, begun]
        })
        .collect()
}

/// The span of each token in the text that lossy decoding makes of any bytes: U+FFFD is a character like others.
pub fn spans_of_any(bytes: &[u8], lengths: impl Iterator<Item = usize>) -> Vec<[i64; 2]> {
    // Where every character begins.
    let mut starts = Vec::new();
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        starts.extend(chunk.valid().char_indices().map(|(offset, _)| at + offset));
        at += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            starts.push(at);
            at += chunk.invalid().len();
        }
    }
    let (mut end, mut before, mut up_to) = (0, 0, 0);
    // How many characters begin before a place, and at least so many as are known to.
    let begun = |place: usize, from: usize| from + starts[from..].iter().take_while(|&&start| start < place).count();
    lengths
        .map(|length| {
            before = begun(end + 1, before);
            end += length;
            up_to = begun(end, up_to);
            [before as i64 - 1, up_to as i64]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By the book: the characters that overlap the token's bytes.
    fn naive(text: &str, start: usize, end: usize) -> [i64; 2] {
        let touched = text.char_indices().enumerate().filter(|(_, (at, c))| *at < end && at + c.len_utf8() > start);
        let numbers: Vec<i64> = touched.map(|(number, _)| number as i64).collect();
        [numbers[0], numbers[numbers.len() - 1] + 1]
    }

    proptest! {
        #[test]
        fn spans_are_the_characters_that_a_token_touches(text in r"[a-cé中😉]{0,20}", cuts in proptest::collection::vec(1..5usize, 0..40)) {
            let mut lengths = Vec::new();
            let mut left = text.len();
            for cut in cuts.into_iter().chain(std::iter::repeat(3)) {
                if left == 0 { break }
                lengths.push(cut.min(left));
                left -= cut.min(left);
            }
            let mut at = 0;
            let expected: Vec<_> = lengths.iter().map(|length| { at += length; naive(&text, at - length, at) }).collect();
            prop_assert_eq!(&spans(text.as_bytes(), lengths.iter().copied(), Unit::Characters), &expected);
            prop_assert_eq!(&spans_of_any(text.as_bytes(), lengths.iter().copied()), &expected);
        }

        #[test]
        fn spans_of_any_bytes_are_those_of_what_is_shown(
            bytes in proptest::collection::vec(prop_oneof![Just(b'a'), Just(0xe4u8), Just(0xb8), Just(0xad), any::<u8>()], 0..30),
            cuts in proptest::collection::vec(1..5usize, 30),
        ) {
            // Every byte with the number of its character.
            let mut numbers = Vec::new();
            let mut number = 0;
            for chunk in bytes.utf8_chunks() {
                for character in chunk.valid().chars() {
                    numbers.extend(std::iter::repeat_n(number, character.len_utf8()));
                    number += 1;
                }
                numbers.extend(std::iter::repeat_n(number, chunk.invalid().len()));
                number += i64::from(!chunk.invalid().is_empty());
            }
            let mut lengths = Vec::new();
            let mut expected = Vec::new();
            let mut rest = &numbers[..];
            for cut in cuts {
                let (token, behind) = rest.split_at(cut.min(rest.len()));
                if let (Some(first), Some(last)) = (token.first(), token.last()) {
                    lengths.push(token.len());
                    expected.push([*first, last + 1]);
                }
                rest = behind;
            }
            prop_assert_eq!(spans_of_any(&bytes, lengths.into_iter()), expected);
        }
    }

    #[test]
    fn byte_spans_follow_the_lengths() {
        assert_eq!(spans(b"\xff\xfeab", [1, 2, 1].into_iter(), Unit::Bytes), [[0, 1], [1, 3], [3, 4]]);
    }
}
