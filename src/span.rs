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
            prop_assert_eq!(spans(text.as_bytes(), lengths.iter().copied(), Unit::Characters), expected);
        }
    }

    #[test]
    fn byte_spans_follow_the_lengths() {
        assert_eq!(spans(b"\xff\xfeab", [1, 2, 1].into_iter(), Unit::Bytes), [[0, 1], [1, 3], [3, 4]]);
    }
}
