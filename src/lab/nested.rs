//! One usage → the usage of every smaller vocabulary.
//!
//! Every token that merging reaches has one last merge, of the same two tokens in any text (see [`crate::merges::live`]). So
//! it is known how often a token was *made*: as often as it is left, and as often as those were made that it is a part of,
//! twice where it is both parts. Each merge makes one token of two: a text has as many tokens as bytes, less the merges.
//!
//! Where no part of a token has a larger id than the token, a smaller vocabulary does the same merges up to its size, and
//! then stops. Its tokens are left as often as they were made, less those merges in which they were taken up.

use crate::error::{Error, Result};
use crate::tokenizer::Tokenizer;
use crate::vocab::Id;

/// A merge that can happen.
#[derive(Clone, Copy)]
pub struct Merge {
    pub left: Id,
    pub right: Id,
    pub made: Id,
}

impl Tokenizer {
    /// The merges that can happen, in order; see [`Tokenizer::live_merges`].
    pub fn merge_table(&self) -> Vec<Merge> {
        let made = |&(left, right)| {
            let bytes = |id| self.vocab().bytes(id).expect("merges are of tokens");
            let made = self.vocab().id(&[bytes(left), bytes(right)].concat()).expect("merges make tokens");
            Merge { left, right, made }
        };
        self.live_merges().iter().map(made).collect()
    }

    /// How often each token was made in a text of which this is the usage, be it left in the end or not.
    ///
    /// # Errors
    /// [`Error::UsageOverflow`].
    pub fn made(&self, usage: &[u64]) -> Result<Vec<u64>> {
        let merges = self.merge_table();
        // A token is longer than its parts.
        let length = |merge: &Merge| self.vocab().bytes(merge.made).map_or(0, <[u8]>::len);
        let mut merges: Vec<(usize, Merge)> = merges.iter().map(|merge| (length(merge), *merge)).collect();
        merges.sort_by_key(|&(length, _)| length);
        made_in_order(merges.into_iter().map(|(_, merge)| merge), usage)
    }

    /// The number of tokens of a text of which this is the usage: first of its bytes alone, then after each merge of
    /// [`Tokenizer::merge_table`] and all before it. Special tokens, which no merge makes, count as they are.
    ///
    /// # Errors
    /// [`Error::NotNested`]; [`Error::UsageOverflow`].
    pub fn curve(&self, usage: &[u64]) -> Result<Vec<u64>> {
        let merges = self.nested_merges(usage)?;
        let made = made_in_order(merges.iter().copied(), usage)?;
        let mut tokens = 0_u64;
        for (id, &count) in usage.iter().enumerate() {
            let bytes = self.vocab().bytes(Id(id as u32)).map_or(1, <[u8]>::len) as u64;
            tokens = count.checked_mul(bytes).and_then(|more| tokens.checked_add(more)).ok_or(Error::UsageOverflow)?;
        }
        let mut curve = Vec::with_capacity(merges.len() + 1);
        curve.push(tokens);
        for merge in &merges {
            // Fewer than there are bytes: each takes one token away.
            tokens -= made[merge.made.index()];
            curve.push(tokens);
        }
        Ok(curve)
    }

    /// The usage of [`Tokenizer::first`] of each size in a text of which this is the usage.
    ///
    /// # Errors
    /// [`Error::NotNested`]; [`Error::UsageOverflow`]; as [`Tokenizer::first`] for a size that it does not have.
    pub fn usages_at(&self, usage: &[u64], sizes: &[usize]) -> Result<Vec<Vec<u64>>> {
        let merges = self.nested_merges(usage)?;
        let made = made_in_order(merges.iter().copied(), usage)?;
        sizes.iter().map(|&size| self.usage_at(usage, &merges, &made, size)).collect()
    }

    fn usage_at(&self, usage: &[u64], merges: &[Merge], made: &[u64], vocab_size: usize) -> Result<Vec<u64>> {
        let layout = self.layout(vocab_size)?;
        let mut left = made.to_vec();
        for merge in merges.iter().filter(|merge| merge.made <= layout.last) {
            let times = left[merge.made.index()];
            // What a later merge takes up of this one is not taken off yet, as merges are in the order of ids.
            for part in [merge.left, merge.right] {
                left[part.index()] -= times;
            }
        }
        let special: Vec<u64> = layout.special.iter().map(|token| usage[token.old.index()]).collect();
        left.resize(layout.last.index() + 1, 0);
        for (token, &count) in layout.special.iter().zip(&special) {
            let at = token.new.index();
            left.resize(left.len().max(at + 1), 0);
            left[at] = count;
        }
        Ok(left)
    }

    /// The merges, if every smaller vocabulary does the first of them.
    fn nested_merges(&self, usage: &[u64]) -> Result<Vec<Merge>> {
        let merges = self.nested()?;
        let mut is_made = vec![false; self.vocab_size()];
        merges.iter().for_each(|merge| is_made[merge.made.index()] = true);
        let whole = self.vocab().iter().find(|&(id, bytes)| {
            bytes.len() > 1 && !is_made[id.index()] && usage.get(id.index()).is_some_and(|&count| count > 0)
        });
        match whole {
            Some((id, bytes)) => Err(Error::NotNested {
                reason: format!("token {} b\"{}\" is in use, and no merge makes it", id.0, bytes.escape_ascii()),
            }),
            None => Ok(merges),
        }
    }

    /// The merges, if those of every smaller vocabulary are the first of them.
    pub(super) fn nested(&self) -> Result<Vec<Merge>> {
        let fail = |reason| Err(Error::NotNested { reason });
        let merges = self.merge_table();
        let shown = |id| self.vocab().bytes(id).unwrap_or_default().escape_ascii();
        for merge in &merges {
            if let Some(&part) = [merge.left, merge.right].iter().find(|&&part| part > merge.made) {
                let (whole, id) = (shown(merge.made), merge.made.0);
                return fail(format!(
                    "token {id} b\"{whole}\" is merged from token {} b\"{}\", which has a larger id",
                    part.0,
                    shown(part)
                ));
            }
        }
        if let Some(pair) = merges.windows(2).find(|pair| pair[0].made >= pair[1].made) {
            let (before, after) = (pair[0].made, pair[1].made);
            return fail(format!("its merges make token {} before token {}", before.0, after.0));
        }
        Ok(merges)
    }
}

/// How often tokens were made, by merges in an order in which that of a part comes before that of the whole.
fn made_in_order(merges: impl DoubleEndedIterator<Item = Merge>, usage: &[u64]) -> Result<Vec<u64>> {
    let mut made = usage.to_vec();
    for Merge { left, right, made: whole } in merges.rev() {
        let times = made[whole.index()];
        for part in [left, right] {
            made[part.index()] = made[part.index()].checked_add(times).ok_or(Error::UsageOverflow)?;
        }
    }
    Ok(made)
}
