//! The merge rules: pair → (rank, id), and the recovery of a merge list from ranks.
//!
//! A rank file holds no merge rules; it *means* them: any two adjacent tokens whose joined bytes are a token may merge,
//! the lowest rank first, and a token's rank is its id. So every way to cut a token into two tokens is a rule.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::vocab::{Id, Vocab};

/// When a merge happens: lower ranks first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Rank(pub u32);

/// Two adjacent token ids.
pub type Pair = (Id, Id);

/// What a pair of adjacent tokens may become.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Merge {
    pub rank: Rank,
    pub id: Id,
}

/// The merge rules of a tokenizer, by pair.
#[derive(Clone, Default)]
pub struct Merges {
    rules: HashMap<Pair, Merge, RandomState>,
}

impl Merges {
    /// The rules that a vocabulary means when its ids are ranks.
    ///
    /// # Complexity
    /// Two look-ups for each place where a token can be cut: the sum of token lengths.
    pub fn from_ranks(vocab: &Vocab) -> Merges {
        let mut rules = HashMap::with_capacity_and_hasher(vocab.len() * 3, RandomState::default());
        for (id, bytes) in vocab.iter() {
            for cut in 1..bytes.len() {
                let (left, right) = bytes.split_at(cut);
                if let (Some(left), Some(right)) = (vocab.id(left), vocab.id(right)) {
                    rules.insert((left, right), Merge { rank: Rank(id.0), id });
                }
            }
        }
        Merges { rules }
    }

    /// What this pair merges into, if it merges.
    #[inline]
    pub fn get(&self, pair: Pair) -> Option<Merge> {
        self.rules.get(&pair).copied()
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether no pair merges.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

/// The last merge of every token that merging can reach, in the order of ranks.
///
/// A token's last merge is found by encoding its bytes with the ranks below its own: a reachable token ends as exactly
/// two tokens, and these merge into it. Single bytes and unreachable tokens have no entry. This is the known way to
/// turn OpenAI's rank files into merge lists.
pub fn recover(vocab: &Vocab, merges: &Merges) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let mut ids = Vec::new();
    for (id, bytes) in vocab.iter().filter(|(_, bytes)| bytes.len() > 1) {
        ids.clear();
        ids.extend(bytes.iter().map(|&byte| vocab.id(&[byte]).expect("every byte is a token")));
        while let Some((merge, at)) = lowest(merges, &ids).filter(|(merge, _)| merge.rank < Rank(id.0)) {
            ids[at] = merge.id;
            ids.remove(at + 1);
        }
        if let [left, right] = ids[..] {
            pairs.push((left, right));
        }
    }
    pairs
}

/// The applicable merge of lowest rank, the leftmost of equals.
fn lowest(merges: &Merges, ids: &[Id]) -> Option<(Merge, usize)> {
    (1..ids.len())
        .filter_map(|at| Some((merges.get((ids[at - 1], ids[at]))?, at - 1)))
        .min_by_key(|(merge, at)| (merge.rank, *at))
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
    fn every_cut_into_two_tokens_is_a_rule() {
        let vocab = vocab(&[b"ab", b"bc", b"abc"]);
        let merges = Merges::from_ranks(&vocab);
        let [a, b, c] = [97, 98, 99].map(Id);
        let [ab, bc, abc] = [256, 257, 258].map(Id);
        assert_eq!(merges.len(), 4);
        for (pair, id) in [((a, b), ab), ((b, c), bc), ((ab, c), abc), ((a, bc), abc)] {
            assert_eq!(merges.get(pair), Some(Merge { rank: Rank(id.0), id }));
        }
        assert_eq!(merges.get((c, a)), None);
    }

    #[test]
    fn recovery_finds_the_last_merge_and_passes_over_unreachable_tokens() {
        let vocab = vocab(&[b"ab", b"bc", b"abc", b"xyz"]);
        let pairs = recover(&vocab, &Merges::from_ranks(&vocab));
        assert_eq!(pairs, [(Id(97), Id(98)), (Id(98), Id(99)), (Id(256), Id(99))]);
    }
}
