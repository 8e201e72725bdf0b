//! The oracle: training and encoding as one would explain them on a blackboard. O(n²), no cleverness, never used by
//! the engine; every property test compares against it.

use std::collections::HashMap;

/// How training chooses among the most frequent pairs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ties {
    /// The smallest (left id, right id).
    LowestPair,
    /// The pair that comes first in the text as merged so far.
    FirstSeen,
}

/// Learns tokens from words with counts, the words in the order of their first occurrence in the text.
///
/// `first_id` is the id of the first merge; ids below it are the 256 bytes and, after them, ids set aside for special
/// tokens. Stops after `merges` new tokens, or when no pair is left with a count of at least `min_frequency` and at most
/// `max_bytes` bytes. A pair whose bytes are a token already merges into that token and counts as no new one.
/// Returns the new tokens, in order.
pub fn train(
    words: &[(Vec<u8>, u64)],
    merges: usize,
    first_id: u32,
    ties: Ties,
    min_frequency: u64,
    max_bytes: usize,
) -> Vec<Vec<u8>> {
    let words = words.iter().map(|(word, count)| (word.iter().map(|&byte| byte.into()).collect(), *count)).collect();
    let bytes = (0..256).map(|byte| (byte, vec![byte as u8])).collect();
    extend(words, bytes, merges, first_id, ties, min_frequency, max_bytes)
}

/// The same on top of the tokens there are, in words that consist of their ids.
pub fn extend(
    mut words: Vec<(Vec<u32>, u64)>,
    mut tokens: HashMap<u32, Vec<u8>>,
    merges: usize,
    first_id: u32,
    ties: Ties,
    min_frequency: u64,
    max_bytes: usize,
) -> Vec<Vec<u8>> {
    let mut learned = Vec::new();
    while learned.len() < merges {
        // Count every adjacent pair, and number the pairs in the order in which they are first seen.
        let mut counts: HashMap<(u32, u32), (u64, usize)> = HashMap::new();
        for (word, count) in &words {
            for pair in word.windows(2) {
                let seen = counts.len();
                counts.entry((pair[0], pair[1])).or_insert((0, seen)).0 += count;
            }
        }
        let joined = |pair: (u32, u32)| [tokens[&pair.0].as_slice(), tokens[&pair.1].as_slice()].concat();
        let best = counts
            .into_iter()
            .filter(|&(pair, (count, _))| count >= min_frequency && joined(pair).len() <= max_bytes)
            .min_by_key(|&(pair, (count, seen))| {
                let tie = if ties == Ties::LowestPair { (pair, 0) } else { ((0, 0), seen) };
                (std::cmp::Reverse(count), tie)
            });
        let Some((pair, _)) = best else { break };
        let bytes = joined(pair);
        let id = match tokens.iter().find(|(_, token)| **token == bytes) {
            Some((&id, _)) => id,
            None => {
                learned.push(bytes.clone());
                first_id + learned.len() as u32 - 1
            }
        };
        tokens.insert(id, bytes);
        for (word, _) in &mut words {
            merge(word, pair, id);
        }
    }
    learned
}

/// Replaces every occurrence of `pair` by `id`, from left to right.
fn merge(word: &mut Vec<u32>, pair: (u32, u32), id: u32) {
    let mut at = 0;
    while at + 1 < word.len() {
        if (word[at], word[at + 1]) == pair {
            word[at] = id;
            word.remove(at + 1);
        }
        at += 1;
    }
}

/// Encodes one piece with a rank file: of all adjacent pairs whose joined bytes have a rank, merges the one of lowest
/// rank, the leftmost of equals, until none is left. Returns ranks, which are the ids.
pub fn encode(piece: &[u8], ranks: &HashMap<Vec<u8>, u32>) -> Vec<u32> {
    let mut parts: Vec<Vec<u8>> = piece.iter().map(|&byte| vec![byte]).collect();
    loop {
        let best = (1..parts.len())
            .filter_map(|at| Some((*ranks.get(&[parts[at - 1].as_slice(), &parts[at]].concat())?, at)))
            .min();
        let Some((_, at)) = best else { break };
        let right = parts.remove(at);
        parts[at - 1].extend(right);
    }
    parts.iter().map(|part| ranks[part]).collect()
}

/// Turns a piece into ids under a merge list: of the listed pairs that are there, the one that comes first in the list
/// merges first, the leftmost of equals. Single bytes have their value for an id.
pub fn encode_by_list(piece: &[u8], list: &[((u32, u32), u32)]) -> Vec<u32> {
    let mut ids: Vec<u32> = piece.iter().map(|&byte| byte.into()).collect();
    loop {
        let place = list.iter().find_map(|&((left, right), made)| {
            let at = ids.windows(2).position(|pair| pair == [left, right])?;
            Some((at, made))
        });
        let Some((at, made)) = place else { return ids };
        ids.splice(at..at + 2, [made]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn train_one(text: &[u8], merges: usize, ties: Ties) -> Vec<Vec<u8>> {
        train(&[(text.to_vec(), 1)], merges, 256, ties, 1, usize::MAX)
    }

    #[test]
    fn the_textbook_example() {
        // From the Wikipedia article on byte-pair encoding: aaabdaaabac → XdXac with Z = aa, Y = ab, X = ZY.
        let learned = train_one(b"aaabdaaabac", 3, Ties::LowestPair);
        assert_eq!(learned, [&b"aa"[..], b"ab", b"aaab"].map(<[u8]>::to_vec));
    }

    #[test]
    fn ties_go_by_the_rule() {
        assert_eq!(train_one(b"zyxab", 1, Ties::LowestPair), [b"ab".to_vec()]);
        assert_eq!(train_one(b"zyxab", 1, Ties::FirstSeen), [b"zy".to_vec()]);
    }

    #[test]
    fn encoding_takes_the_lowest_rank_first() {
        let mut ranks: HashMap<Vec<u8>, u32> = (0..=255).map(|byte: u8| (vec![byte], byte.into())).collect();
        ranks.extend([(b"bc".to_vec(), 256), (b"ab".to_vec(), 257)]);
        assert_eq!(encode(b"abc", &ranks), [97, 256]);
        assert_eq!(encode(b"", &ranks), [0; 0]);
    }
}
