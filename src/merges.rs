//! The merge rules: which adjacent tokens may merge, when, and into what; and the recovery of a merge list from ranks.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

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
            if left_bytes.is_empty() || right_bytes.is_empty() {
                return fail("is of the token without bytes, which no text has");
            }
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

    /// Whether merging by this list is the same, step by step, as merging by the ranks of the vocabulary, whose recovered merges
    /// (see [`recover`]) these are.
    ///
    /// It is if the list holds all of them in their order. What else it holds never happens: the two tokens of such a merge never
    /// stand side by side. A list that takes other steps and yet always ends in the same tokens is not recognised.
    pub fn means_ranks(&self, recovered: &[Pair]) -> bool {
        // `None`, of a merge that is not listed, comes before all places.
        let mut places = recovered.iter().map(|pair| self.ranks.get(pair)).peekable();
        places.peek() != Some(&None) && places.is_sorted()
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

/// The last merge of every token that merging by ranks can reach, in the order of ranks; see [`live`].
///
/// This is the known way to turn OpenAI's rank files into merge lists. Merging by this list is merging by ranks.
pub fn recover(vocab: &Vocab) -> Vec<Pair> {
    live(vocab, &Ranks(vocab))
}

/// All merges that can happen under some rules, in the order of ranks: the last merge of every token that merging can reach.
///
/// A token's last merge is found by merging its bytes: a reachable token is in the end exactly two tokens, and these merge into
/// it. Single bytes and unreachable tokens have no entry.
///
/// No other two tokens whose joined bytes are those of the token ever stand side by side, in any text: up to the moment when
/// two do, the merges between the ends of the two have been those of the token by itself.
pub fn live(vocab: &Vocab, rules: &impl Rules) -> Vec<Pair> {
    let mut found = halves(vocab, rules);
    found.retain(|(rank, _)| *rank < Rank::NONE);
    found.sort_unstable();
    found.into_iter().map(|(_, pair)| pair).collect()
}

/// The pairs that have the bytes of a token, and are left when these are merged, since no rule merges the two. By ranks there
/// are none.
pub fn stuck(vocab: &Vocab, rules: &impl Rules) -> Vec<Pair> {
    halves(vocab, rules).into_iter().filter(|(rank, _)| *rank == Rank::NONE).map(|(_, pair)| pair).collect()
}

/// The two tokens that each token of two bytes or more becomes before the last merge, and the rank of that; none for a token that
/// does not come so far.
fn halves(vocab: &Vocab, rules: &impl Rules) -> Vec<(Rank, Pair)> {
    let mut parts = Vec::new();
    let tokens = vocab.iter().filter(|(_, bytes)| bytes.len() > 1);
    let half = |(_, bytes): (Id, &[u8])| {
        parts.clear();
        parts.extend((0..bytes.len()).map(|at| (at, vocab.id(&bytes[at..=at]).expect("every byte is a token"))));
        match bytes.len() {
            ..=SHORT => merge_short(rules, bytes, &mut parts),
            _ => merge_long(rules, bytes, &mut parts),
        }
        let [(_, left), (_, right)] = parts[..] else { return None };
        Some((rules.rank(bytes, 0, bytes.len(), (left, right)), (left, right)))
    };
    tokens.filter_map(half).collect()
}

/// Longer tokens are merged by a heap: a damaged or hostile file may hold one of megabytes.
const SHORT: usize = 64;

/// Where each token of a piece starts, and which it is.
type Parts = Vec<(usize, Id)>;

/// Merges until two parts are left, or none may merge. Quadratic.
fn merge_short(rules: &impl Rules, bytes: &[u8], parts: &mut Parts) {
    while parts.len() > 2 {
        let rank_at = |at: usize| {
            let end = parts.get(at + 2).map_or(bytes.len(), |part| part.0);
            (rules.rank(bytes, parts[at].0, end, (parts[at].1, parts[at + 1].1)), at)
        };
        let Some((rank, at)) = (0..parts.len() - 1).map(rank_at).min().filter(|(rank, _)| *rank < Rank::NONE) else {
            return;
        };
        parts[at].1 = rules.made(rank);
        parts.remove(at + 1);
    }
}

/// The same in n log n.
fn merge_long(rules: &impl Rules, bytes: &[u8], parts: &mut Parts) {
    let length = bytes.len();
    // By place: the token that starts there, and where it ends; and where the one before starts. At first each is a byte.
    let mut ids: Vec<Id> = parts.iter().map(|part| part.1).collect();
    let mut ends: Vec<usize> = (1..=length).collect();
    let mut before: Vec<usize> = (0..length).map(|at| at.wrapping_sub(1)).collect();
    let mut queue = BinaryHeap::new();
    // A pair is known by where it starts, where its second token starts, and where it ends.
    let push = |queue: &mut BinaryHeap<_>, ids: &[Id], ends: &[usize], at: usize| {
        let middle = ends[at];
        if middle < length {
            let rank = rules.rank(bytes, at, ends[middle], (ids[at], ids[middle]));
            if rank < Rank::NONE {
                queue.push(Reverse((rank, at, middle, ends[middle])));
            }
        }
    };
    (0..length).for_each(|at| push(&mut queue, &ids, &ends, at));
    let mut left = length;
    while left > 2
        && let Some(Reverse((rank, at, middle, end))) = queue.pop()
    {
        // One of the two has merged with another, or is part of one.
        if ends[at] != middle || ends[middle] != end {
            continue;
        }
        ids[at] = rules.made(rank);
        ends[at] = end;
        ends[middle] = usize::MAX;
        left -= 1;
        if end < length {
            before[end] = at;
            push(&mut queue, &ids, &ends, at);
        }
        if at > 0 {
            push(&mut queue, &ids, &ends, before[at]);
        }
    }
    parts.clear();
    let mut at = 0;
    while at < length {
        parts.push((at, ids[at]));
        at = ends[at];
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        // Tokens of any length.
        let runs: Vec<Vec<u8>> = (1..10).map(|power| vec![b'a'; 1 << power]).collect();
        let vocab = self::vocab(&runs.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let halves = std::iter::once(Id(97)).chain((256..).map(Id)).map(|half| (half, half));
        assert!(recover(&vocab).into_iter().eq(halves.take(9)));
        // One that is made of a later one.
        assert_eq!(recover(&self::vocab(&[b"abc", b"bc"])), [(Id(97), Id(257)), (Id(98), Id(99))]);
    }

    proptest! {
        #[test]
        fn both_ways_to_merge_a_token_are_the_same(
            tokens in proptest::collection::vec("[ab]{2,6}", 0..20), bytes in "[ab]{2,40}"
        ) {
            let mut vocab = Vocab::of_bytes();
            for token in &tokens {
                // A token that is there already is refused.
                let _ = vocab.insert(vocab.end(), token.as_bytes());
            }
            let parts: Parts = bytes.bytes().map(|byte| Id(byte.into())).enumerate().collect();
            let [mut short, mut long] = [parts.clone(), parts];
            merge_short(&Ranks(&vocab), bytes.as_bytes(), &mut short);
            merge_long(&Ranks(&vocab), bytes.as_bytes(), &mut long);
            prop_assert_eq!(short, long);
        }

        /// A list that is taken for ranks gives their ids for every text; and one of all ways to make each token, in the order of
        /// ranks, is taken for ranks.
        #[test]
        fn lists_that_mean_ranks_are_recognised(
            tokens in proptest::collection::vec("[abc]{2,5}", 0..8), order in any::<u64>(), kept in 0..4u8
        ) {
            let mut vocab = Vocab::of_bytes();
            for token in &tokens {
                let _ = vocab.insert(vocab.end(), token.as_bytes());
            }
            let all: Vec<Pair> = vocab.iter().flat_map(|(_, bytes)| {
                (1..bytes.len()).filter_map(|at| Some((vocab.id(&bytes[..at])?, vocab.id(&bytes[at..])?))).collect::<Vec<_>>()
            }).collect();
            let recovered = recover(&vocab);
            let list = |pairs: &[Pair]| MergeList::new(&vocab, pairs.to_vec()).unwrap();
            prop_assert!(list(&all).means_ranks(&recovered));
            prop_assert!(list(&recovered).means_ranks(&recovered));
            prop_assert!(live(&vocab, &list(&all)) == recovered);
            // Some of them, perhaps in another order.
            let mut some = all;
            let mut state = order | 1;
            for at in (1..some.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let other = (state >> 33) as usize % (at + 1);
                match kept {
                    0 => some.swap(at, other),
                    1 if other == 0 => drop(some.remove(at)),
                    2 if other < 3 && at > 0 => some.swap(at, at - 1),
                    _ => {}
                }
            }
            let list = list(&some);
            // Merging by the merges that can happen is merging by the list.
            let pruned = MergeList::new(&vocab, live(&vocab, &list)).unwrap();
            let is_recognised = list.means_ranks(&recovered);
            for number in 0..3_usize.pow(8) {
                let text: Vec<u8> = (0..8).map(|at| b'a' + (number / 3_usize.pow(at) % 3) as u8).collect();
                let by_list = plain(&vocab, &list, &text);
                prop_assert!(!is_recognised || by_list == plain(&vocab, &Ranks(&vocab), &text));
                if number % 7 == 0 {
                    prop_assert_eq!(&by_list, &plain(&vocab, &pruned, &text));
                }
            }
        }
    }

    /// Merging in the plainest way.
    fn plain(vocab: &Vocab, rules: &impl Rules, bytes: &[u8]) -> Vec<Id> {
        let mut parts: Parts = bytes.iter().map(|&byte| vocab.id(&[byte]).unwrap()).enumerate().collect();
        loop {
            let end = |at: usize| parts.get(at + 1).map_or(bytes.len(), |part: &(usize, Id)| part.0);
            let rank = |at: usize| (rules.rank(bytes, parts[at].0, end(at + 1), (parts[at].1, parts[at + 1].1)), at);
            match (0..parts.len().saturating_sub(1)).map(rank).min() {
                Some((rank, at)) if rank < Rank::NONE => {
                    parts[at].1 = rules.made(rank);
                    parts.remove(at + 1);
                }
                _ => return parts.into_iter().map(|part| part.1).collect(),
            }
        }
    }
}
