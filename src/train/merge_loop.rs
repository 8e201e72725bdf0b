//! Counts → merges: the most frequent pair of a text is merged, again and again.

use super::lexicon::{Lexicon, bytes_of};
use super::progress::Pulse;
use super::text::{Around, Merge, Rules, Text};
use crate::error::Result;
use crate::merges::Pair;
use crate::vocab::Vocab;

/// What the loop has learned.
pub(super) struct Learned {
    pub vocab: Vocab,
    /// The pairs that were merged, in order.
    pub merges: Vec<Pair>,
    /// The tokens of the text before the first merge and after each.
    pub curve: Vec<u64>,
    /// How often the last pair occurred.
    pub last_count: u64,
    /// How many of them made a new token, and not one that the base has.
    pub learned: usize,
    /// Whether the report asked to stop before all was learned.
    pub stopped: bool,
}

impl Learned {
    /// Reports the last merge.
    ///
    /// # Errors
    /// That of `pulse`.
    pub(super) fn end(&self, pulse: &mut Pulse) -> Result<()> {
        match self.merges.last() {
            Some(&pair) if !self.stopped => pulse.end((bytes_of(&self.vocab, pair), self.last_count)),
            _ => Ok(()),
        }
    }
}

/// Learns up to `asked` new tokens of a text.
///
/// # Errors
/// Those of [`Text::merge`] and [`Lexicon::token`].
pub(super) fn run(
    mut text: Text,
    mut lexicon: Lexicon,
    rules: &Rules,
    asked: usize,
    pulse: &mut Pulse,
) -> Result<Learned> {
    let mut around = Around::new(rules.settings, &lexicon);
    let mut merges = Vec::with_capacity(asked.min(1 << 20));
    let (mut learned, mut last_count) = (0, 0);
    let mut tokens = text.tokens();
    let mut curve = vec![tokens];
    while learned < asked && !pulse.is_stopped() {
        let Some(best) = text.best(asked - learned, &lexicon, rules, pulse)? else { break };
        let (joined, is_new) = lexicon.token(best.pair)?;
        if is_new {
            around.grow();
        }
        tokens -= text.merge(Merge { pair: best.pair, joined, is_new }, &lexicon, &mut around, pulse)?;
        curve.push(tokens);
        text.enqueue_new(joined, &around, &lexicon, rules);
        merges.push(best.pair);
        last_count = best.count;
        learned += usize::from(is_new);
        pulse.learned = learned;
        pulse.merged(|| (lexicon.bytes(best.pair), best.count))?;
    }
    let stopped = pulse.is_stopped() && learned < asked;
    Ok(Learned { vocab: lexicon.into_vocab(), merges, curve, last_count, learned, stopped })
}

#[cfg(test)]
mod tests;
