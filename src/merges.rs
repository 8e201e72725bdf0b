//! The merge rules: which adjacent tokens may merge, when, and into what; and the recovery of a merge list from ranks.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::error::{Error, Result};
use crate::piece::{self, INLINE, Wide};
use crate::vocab::{Id, Vocab};

/// When a merge happens: lower ranks first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Rank(pub u32);

impl Rank {
    /// That of a pair that does not merge: above all others.
    pub const NONE: Rank = Rank(Id::MASK);
}

/// Two adjacent token ids.
pub type Pair = (Id, Id);

/// What a vocabulary says of adjacent tokens.
pub trait Rules {
    /// The rank at which a pair merges that has the bytes `piece[start..end]`, else [`Rank::NONE`].
    fn rank(&self, piece: &[u8], start: usize, end: usize, pair: Pair) -> Rank;

    /// The first of two steps to the rank of a pair, for whoever has something else to do while memory is on its way: what it is
    /// looked up by.
    fn ask(&self, piece: &[u8], start: usize, end: usize, pair: Pair) -> u64;

    /// The second step: the rank; once in a while that of another pair, if this one does not merge.
    fn answer(&self, piece: &[u8], start: usize, end: usize, asked: u64) -> Rank;

    /// Whether an answer below [`Rank::NONE`] is right. If not, the pair does not merge.
    fn confirms(&self, piece: &[u8], start: usize, end: usize, answer: Rank) -> bool;

    /// What a merge of this rank gives.
    fn made(&self, rank: Rank) -> Id;
}

/// The rules of a rank file, which holds none but *means* them: any two adjacent tokens whose joined bytes are a token merge,
/// and the id of that token is the rank.
#[derive(Clone, Copy)]
pub struct Ranks<'v>(pub &'v Vocab);

impl Rules for Ranks<'_> {
    #[inline(always)]
    fn rank(&self, piece: &[u8], start: usize, end: usize, _: Pair) -> Rank {
        let id = if end - start <= INLINE {
            let key = piece::key(piece, start, end);
            self.0.id_of_key(key, piece::hash_key(key))
        } else {
            self.0.id(&piece[start..end])
        };
        id.map_or(Rank::NONE, |id| Rank(id.0))
    }

    #[inline(always)]
    fn ask(&self, piece: &[u8], start: usize, end: usize, _: Pair) -> u64 {
        let hash =
            if end - start <= INLINE { Wide::key(piece, start, end).hash() } else { piece::hash(&piece[start..end]) };
        self.0.prefetch(hash);
        hash
    }

    #[inline(always)]
    fn answer(&self, piece: &[u8], start: usize, end: usize, hash: u64) -> Rank {
        match self.0.likely(hash) {
            Some(id) if end - start <= INLINE => Rank(id),
            _ => self.0.id_of_hash(&piece[start..end], hash).map_or(Rank::NONE, |id| Rank(id.0)),
        }
    }

    #[inline(always)]
    fn confirms(&self, piece: &[u8], start: usize, end: usize, answer: Rank) -> bool {
        end - start > INLINE || self.0.has(Id(answer.0), Wide::key(piece, start, end))
    }

    #[inline(always)]
    fn made(&self, rank: Rank) -> Id {
        Id(rank.0)
    }
}

/// The rules of a merge list: only pairs that are in it merge, and a pair's place in the list is its rank.
#[derive(Clone, Default)]
pub struct MergeList {
    pairs: Vec<Pair>,
    ranks: HashMap<Pair, Rank, RandomState>,
    made: Vec<Id>,
}

impl MergeList {
    /// A list of merges of the tokens of a vocabulary.
    ///
    /// # Errors
    /// [`Error::Vocab`] for a merge of what is no token, into what is no token, or that is listed twice.
    pub fn new(vocab: &Vocab, pairs: Vec<Pair>) -> Result<MergeList> {
        let mut list = MergeList::default();
        for (number, &(left, right)) in pairs.iter().enumerate() {
            let fail = |what| Err(Error::Vocab { message: format!("merge {number} ({}, {}) {what}", left.0, right.0) });
            let (Some(left_bytes), Some(right_bytes)) = (vocab.bytes(left), vocab.bytes(right)) else {
                return fail("names an id that is no token");
            };
            let Some(made) = vocab.id(&[left_bytes, right_bytes].concat()) else {
                return fail("gives no token");
            };
            if number >= Rank::NONE.0 as usize {
                return fail("is one too many");
            }
            if list.ranks.insert((left, right), Rank(number as u32)).is_some() {
                return fail("is listed twice");
            }
            list.made.push(made);
        }
        list.pairs = pairs;
        Ok(list)
    }

    /// The merges in order.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }
}

impl Rules for MergeList {
    #[inline(always)]
    fn rank(&self, _: &[u8], _: usize, _: usize, pair: Pair) -> Rank {
        self.ranks.get(&pair).copied().unwrap_or(Rank::NONE)
    }

    #[inline(always)]
    fn ask(&self, _: &[u8], _: usize, _: usize, (left, right): Pair) -> u64 {
        u64::from(left.0) << 32 | u64::from(right.0)
    }

    #[inline(always)]
    fn answer(&self, piece: &[u8], start: usize, end: usize, pair: u64) -> Rank {
        self.rank(piece, start, end, (Id((pair >> 32) as u32), Id(pair as u32)))
    }

    #[inline(always)]
    fn confirms(&self, _: &[u8], _: usize, _: usize, _: Rank) -> bool {
        true
    }

    #[inline(always)]
    fn made(&self, rank: Rank) -> Id {
        self.made[rank.0 as usize]
    }
}

/// The merges of a list that gives the bytes of the tokens, as pairs of a vocabulary: the given one, or that of the 256 bytes in
/// their order and of what the merges make, in theirs.
///
/// # Errors
/// [`Error::Vocab`] naming the merge that is of what is no token by then.
pub fn of_bytes(vocab: Option<Vocab>, merges: &[(Vec<u8>, Vec<u8>)]) -> Result<(Vocab, Vec<Pair>)> {
    let makes_tokens = vocab.is_none();
    let mut vocab = vocab.unwrap_or_else(Vocab::of_bytes);
    let mut pairs = Vec::with_capacity(merges.len());
    for (number, (left, right)) in merges.iter().enumerate() {
        let known = |token: &[u8]| {
            vocab.id(token).ok_or_else(|| {
                let shown = [left, right].map(|token| format!("b\"{}\"", token.escape_ascii())).join(", ");
                let message =
                    format!("merge {number} ({shown}) is of b\"{}\", which is no token", token.escape_ascii());
                Error::Vocab { message }
            })
        };
        pairs.push((known(left)?, known(right)?));
        let made = [&left[..], right].concat();
        if makes_tokens && vocab.id(&made).is_none() {
            vocab.insert(vocab.end(), &made)?;
        }
    }
    Ok((vocab, pairs))
}

/// The last merge of every token that merging can reach, in the order of ranks.
///
/// A token's last merge is found by encoding its bytes: a reachable token is in the end exactly two tokens, and these merge into
/// it. Single bytes and unreachable tokens have no entry. This is the known way to turn OpenAI's rank files into merge lists.
///
/// No other two tokens ever merge into it, in any text: up to the moment when two stand side by side, the merges between the ends
/// of the two have been those of the token by itself. So merging by this list is merging by ranks.
pub fn recover(vocab: &Vocab) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let mut parts: Vec<(usize, Id)> = Vec::new();
    for (id, bytes) in vocab.iter().filter(|(_, bytes)| bytes.len() > 1) {
        parts.clear();
        parts.extend((0..bytes.len()).map(|at| (at, vocab.id(&bytes[at..=at]).expect("every byte is a token"))));
        while let [_, _, _, ..] = parts[..]
            && let Some((rank, at)) = lowest(vocab, bytes, &parts)
        {
            parts[at].1 = Id(rank.0);
            parts.remove(at + 1);
        }
        if let [(_, left), (_, right)] = parts[..] {
            debug_assert_eq!(vocab.id(bytes), Some(id));
            pairs.push((left, right));
        }
    }
    pairs
}

/// The applicable merge of lowest rank, the leftmost of equals.
fn lowest(vocab: &Vocab, bytes: &[u8], parts: &[(usize, Id)]) -> Option<(Rank, usize)> {
    let rank_at = |at: usize| {
        let end = parts.get(at + 2).map_or(bytes.len(), |part| part.0);
        (Ranks(vocab).rank(bytes, parts[at].0, end, (parts[at].1, parts[at + 1].1)), at)
    };
    (0..parts.len() - 1).map(rank_at).min().filter(|(rank, _)| *rank < Rank::NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocab(tokens: &[&[u8]]) -> Vocab {
        let mut vocab = Vocab::of_bytes();
        for token in tokens {
            vocab.insert(vocab.end(), token).unwrap();
        }
        vocab
    }

    #[test]
    fn every_cut_into_two_tokens_is_a_rule_of_ranks() {
        let vocab = vocab(&[b"ab", b"bc", b"abc", b"0123456789abcdef", b"-0123456789abcdef"]);
        let rank = |bytes: &[u8]| Ranks(&vocab).rank(bytes, 0, bytes.len(), (Id(0), Id(0))).0;
        assert_eq!((rank(b"ab"), rank(b"bc"), rank(b"abc")), (256, 257, 258));
        assert_eq!((rank(b"0123456789abcdef"), rank(b"-0123456789abcdef")), (259, 260));
        assert_eq!([rank(b"ca"), rank(b"ac"), rank(b"0123456789abcdefg")], [Rank::NONE.0; 3]);
        assert_eq!(Ranks(&vocab).rank(b"xabcx", 1, 4, (Id(0), Id(0))), Rank(258));
    }

    #[test]
    fn only_what_is_listed_is_a_rule_of_a_list() {
        let vocab = vocab(&[b"ab", b"bc", b"abc"]);
        let [a, b, c] = [97, 98, 99].map(Id);
        let [ab, bc, abc] = [256, 257, 258].map(Id);
        let list = MergeList::new(&vocab, vec![(b, c), (a, b), (a, bc)]).unwrap();
        let rank = |pair| list.rank(b"", 0, 0, pair).0;
        assert_eq!([rank((b, c)), rank((a, b)), rank((a, bc)), rank((ab, c))], [0, 1, 2, Rank::NONE.0]);
        assert_eq!([0, 1, 2].map(|rank| list.made(Rank(rank))), [bc, ab, abc]);
        for (pairs, expected) in [
            (vec![(a, b), (a, b)], "merge 1 (97, 98) is listed twice"),
            (vec![(a, c)], "merge 0 (97, 99) gives no token"),
            (vec![(a, Id(999))], "merge 0 (97, 999) names an id that is no token"),
        ] {
            let error = MergeList::new(&vocab, pairs).err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn merges_of_bytes_make_their_vocabulary() {
        let merges = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(left, right)| (left.as_bytes().to_vec(), right.as_bytes().to_vec())).collect::<Vec<_>>()
        };
        let list = merges(&[("b", "c"), ("a", "bc"), ("a", "b"), ("ab", "c")]);
        let (made, pairs) = of_bytes(None, &list).unwrap();
        assert!(made == vocab(&[b"bc", b"abc", b"ab"]));
        assert_eq!(pairs, [(98, 99), (97, 256), (97, 98), (258, 99)].map(|(left, right)| (Id(left), Id(right))));
        let error = of_bytes(None, &merges(&[("a", "b"), ("ab", "cd")])).err().unwrap().to_string();
        assert!(error.contains("merge 1 (b\"ab\", b\"cd\") is of b\"cd\", which is no token"), "{error}");
        assert!(of_bytes(Some(vocab(&[])), &list).is_err());
    }

    #[test]
    fn recovery_finds_the_last_merge_and_passes_over_unreachable_tokens() {
        let vocab = vocab(&[b"ab", b"bc", b"abc", b"xyz"]);
        assert_eq!(recover(&vocab), [(Id(97), Id(98)), (Id(98), Id(99)), (Id(256), Id(99))]);
        // One that is made of a later one.
        assert_eq!(recover(&self::vocab(&[b"abc", b"bc"])), [(Id(97), Id(257)), (Id(98), Id(99))]);
    }
}
