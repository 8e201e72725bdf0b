//! What a tokenizer does that formats and libraries of less have no place for: the first token, merge or setting that shows it.

use std::collections::{HashMap, HashSet};

use crate::merges::{self, Pair};
use crate::special::{Manner, SpecialToken};
use crate::tokenizer::Tokenizer;
use crate::vocab::Id;

/// So much of a token is shown.
const SHOWN: usize = 40;

/// Bytes in a message.
pub(crate) fn shown(bytes: &[u8]) -> String {
    match bytes.len() {
        ..=SHOWN => format!("b\"{}\"", bytes.escape_ascii()),
        length => format!("b\"{}…\" ({length} bytes)", bytes[..SHOWN].escape_ascii()),
    }
}

impl Tokenizer {
    /// If it merges by a list that means something else than its ranks: a merge that shows it.
    pub fn unlike_ranks(&self) -> Option<String> {
        if !self.is_by_list() {
            return None;
        }
        let listed = self.merges();
        let places: HashMap<Pair, usize> = listed.iter().copied().zip(0..).collect();
        let both = |pair: &Pair| {
            let [left, right] = [pair.0, pair.1].map(|id| shown(self.vocab().bytes(id).unwrap_or_default()));
            format!("{left} and {right}")
        };
        let mut before: Option<(usize, Pair)> = None;
        for pair in merges::recover(self.vocab()) {
            let Some(&place) = places.get(&pair) else {
                return Some(format!("by ranks {} merge, and no merge of the list is of them", both(&pair)));
            };
            if let Some((last, other)) = before.filter(|(last, _)| *last > place) {
                return Some(format!(
                    "by ranks {} merge before {}, and these are merges {last} and {place} of the list",
                    both(&other),
                    both(&pair)
                ));
            }
            before = Some((place, pair));
        }
        None
    }

    /// If it does more than to split, to merge, and to find special tokens just where they stand and are allowed: what that is.
    pub fn unlike_plain(&self) -> Option<String> {
        if let Some(form) = self.normalizer() {
            return Some(format!("it brings text into the form {} first", form.name()));
        }
        if self.splitter().removes() {
            return Some("its split pattern leaves some of a text out".to_owned());
        }
        let mut tokens = self.special().tokens().iter();
        tokens.find_map(|token| Some(format!("its special token {:?} {}", token.name, found(token)?)))
    }

    /// The first token of two bytes or more that no merge gives.
    pub fn unreached(&self) -> Option<(Id, &[u8])> {
        let merges = self.live_merges();
        let vocab = self.vocab();
        let made = |pair: &Pair| vocab.id(&[vocab.bytes(pair.0)?, vocab.bytes(pair.1)?].concat());
        let reached: HashSet<Id> = merges.iter().filter_map(made).collect();
        vocab.iter().find(|(id, bytes)| bytes.len() > 1 && !reached.contains(id))
    }
}

/// How a special token is found, if not just where it stands.
fn found(token: &SpecialToken) -> Option<&'static str> {
    let Manner { lstrip, rstrip, single_word, normalized, always } = token.manner;
    [
        (lstrip, "takes white space before it along"),
        (rstrip, "takes white space behind it along"),
        (single_word, "is found only where it is a word"),
        (always, "is found whether or not it is allowed"),
        (normalized, "is looked for in normalized text"),
    ]
    .into_iter()
    .find_map(|(is_so, what)| is_so.then_some(what))
}
