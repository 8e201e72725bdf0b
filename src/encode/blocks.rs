//! Very long pieces, block by block.
//!
//! Whether a row of tokens is the encoding of its bytes can be told from its pairs alone: if every token comes out of merging
//! its own bytes, and every two neighbours out of merging theirs, then the whole row comes out of merging all. For assume
//! not, and look at the first merge over a border between two of them: until then everything on their two sides has gone as
//! it goes with these two alone, so that they alone would have merged over the border, too. (This is what encoders by
//! backtracking rest on; see the *bpe* crate of GitHub.)
//!
//! So a piece is encoded in blocks. Of each all tokens are taken but the last, which what follows may change; there the next
//! block begins, and only its first token has to prove itself beside the last that was taken. Where it does not, the
//! block before is encoded again, twice as long: in the worst case until it is the whole piece.
//!
//! What makes pieces long are runs of one character, or a few. There a block is like the one before, byte by byte, and has its
//! tokens. `cargo bench -- megabyte` measures what that gives.

use crate::vocab::Id;

/// Bytes of a block, as long as all goes well.
pub(super) const BLOCK: usize = 1 << 10;

#[derive(Default)]
pub(super) struct Scratch {
    /// The tokens of a block.
    tokens: Vec<Id>,
    /// Of two neighbours.
    pair: Vec<Id>,
    taken: Vec<Taken>,
}

/// A block whose tokens were taken, but those at its end.
#[derive(Clone, Copy)]
struct Taken {
    start: usize,
    /// Bytes of the whole block.
    size: usize,
    /// Ids of the piece before it.
    ids: usize,
}

/// Appends the ids of a piece, of which `encode` does any part and `length` says how many bytes a token has.
pub(super) fn encode(
    piece: &[u8],
    block: usize,
    scratch: &mut Scratch,
    ids: &mut Vec<Id>,
    length: impl Fn(Id) -> usize,
    mut encode: impl FnMut(&[u8], &mut Vec<Id>),
) {
    let Scratch { tokens, pair, taken } = scratch;
    taken.clear();
    let first = ids.len();
    let (mut start, mut size) = (0, block);
    // Bytes of the block in `tokens`, and neighbours that were found to be right.
    let mut known: &[u8] = &[];
    let mut right = None;
    while start < piece.len() {
        let bytes = &piece[start..piece.len().min(start + size)];
        if bytes != known {
            tokens.clear();
            encode(bytes, tokens);
            known = bytes;
        }
        if let Some(&last) = ids[first..].last()
            && right != Some((last, tokens[0]))
        {
            pair.clear();
            encode(&piece[start - length(last)..start + length(tokens[0])], pair);
            if *pair != [last, tokens[0]] {
                let before = taken.pop().expect("a token was taken from it");
                ids.truncate(before.ids);
                (start, size) = (before.start, 2 * before.size);
                continue;
            }
            right = Some((last, tokens[0]));
        }
        let (mut number, mut end) = (tokens.len(), start + bytes.len());
        if end < piece.len() {
            // A quarter of the block may still change.
            while number > 0 && end > start + size / 4 * 3 {
                number -= 1;
                end -= length(tokens[number]);
            }
            if number == 0 {
                size *= 2;
                continue;
            }
        }
        taken.push(Taken { start, size, ids: ids.len() });
        ids.extend_from_slice(&tokens[..number]);
        (start, size) = (end, block);
    }
}
