//! Text → counts → merges → vocabulary.
//!
//! [`Counter`] reads text and gives [`Counts`]: every distinct piece (a *pretoken*) with how often it occurs. [`train`]
//! learns from counts alone: of all pairs of adjacent tokens the most frequent becomes a new token, again and again.

mod count;
mod counts;
mod merge_loop;
mod pairs;
mod progress;
mod queue;
mod scale;
mod table;
mod words;

pub use count::{Counter, Counts};
pub use counts::CountsBuilder;
pub use merge_loop::Learned;
pub use progress::{Event, Report, no_progress};
pub use scale::Scale;

use crate::error::{Error, Result};
use crate::special::{SpecialTokens, check_names};
use crate::split::Splitter;
use crate::tokenizer::Tokenizer;
use crate::vocab::{Id, Vocab};
use merge_loop::MergeLoop;

/// Where special tokens get their ids.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SpecialIds {
    /// 256, 257, …: before the merges.
    First,
    /// After the merges.
    #[default]
    Last,
}

/// Which of several equally frequent pairs is merged first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TieBreak {
    /// The smallest (left id, right id).
    #[default]
    LowestPair,
    /// The pair that comes first in the text as merged so far: what `max(counts, key=counts.get)` gives in Python when
    /// `counts` is rebuilt in text order for each merge.
    FirstSeen,
}

/// What to learn.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many ids the vocabulary has: 256 bytes, merges and special tokens.
    pub vocab_size: usize,
    pub special_ids: SpecialIds,
    pub tie_break: TieBreak,
    /// Pairs that occur less often are not merged.
    pub min_frequency: u64,
    /// Tokens do not grow longer than this many bytes.
    pub max_token_bytes: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            vocab_size: 4096,
            special_ids: SpecialIds::default(),
            tie_break: TieBreak::default(),
            min_frequency: 1,
            max_token_bytes: usize::MAX,
        }
    }
}

/// The result of training.
pub struct Trained {
    pub tokenizer: Tokenizer,
    /// How many merges were learned, and how many `vocab_size` has room for. Fewer are learned when no pair is left.
    pub learned: usize,
    pub asked: usize,
}

/// Learns a vocabulary from counts.
///
/// A token's bytes are unique: a pair whose joined bytes are a token already is merged into that token and takes no id
/// of its own, so `vocab_size` is met exactly and a rank file holds all there is.
///
/// # Errors
/// [`Error::VocabSize`], [`Error::Setting`], [`Error::EmptyCorpus`], [`Error::SpecialToken`] if a special token has the
/// bytes of an ordinary one, [`Error::CorpusTooLarge`], [`Error::CountOverflow`], [`Error::Interrupted`].
///
/// # Complexity
/// Each merge costs its occurrences; choosing it costs a few operations on a heap of pairs. The whole is
/// O(n log n) in the bytes of the distinct pretokens, in practice near-linear.
pub fn train(counts: &Counts, settings: &Settings, report: &mut Report) -> Result<Trained> {
    let special = counts.special_tokens();
    settings.check(special)?;
    if counts.is_empty() {
        return Err(Error::EmptyCorpus);
    }
    counts.check_bytes()?;
    let asked = settings.vocab_size - 256 - special.len();
    let first = match settings.special_ids {
        SpecialIds::First => Id(256 + special.len() as u32),
        SpecialIds::Last => Id(256),
    };
    let Learned { vocab, merges } = MergeLoop::new(counts, settings, first)?.run(asked, report)?;
    let first_special = match settings.special_ids {
        SpecialIds::First => 256,
        SpecialIds::Last => vocab.end().0,
    };
    for token in special {
        check_collision(token, &vocab)?;
    }
    let special = SpecialTokens::new(special.iter().cloned().zip((first_special..).map(Id)))?;
    let learned = merges.len();
    let splitter = counts.splitter().clone();
    let tokenizer = Tokenizer::from_ranks(vocab, splitter, special)?.with_merges(merges)?;
    Ok(Trained { tokenizer, learned, asked })
}

impl Settings {
    /// Checks the settings, which needs no corpus but only the names of its special tokens.
    ///
    /// # Errors
    /// [`Error::SpecialToken`], [`Error::VocabSize`], [`Error::Setting`].
    pub fn check(&self, special: &[String]) -> Result<()> {
        check_special_tokens(special)?;
        let least = 256 + special.len();
        if self.vocab_size < least {
            let (asked, least) = (self.vocab_size as u64, least as u64);
            return Err(Error::VocabSize { asked, special: special.len(), least });
        }
        let fail = |setting, value: String, reason| Err(Error::Setting { setting, value, reason });
        if self.vocab_size > Id::MAX.index() {
            return fail("vocab_size", self.vocab_size.to_string(), "more than the 16,777,215 ids there are");
        }
        if self.min_frequency == 0 {
            return fail("min_frequency", "0".into(), "must be at least 1");
        }
        if self.max_token_bytes == 0 {
            return fail("max_token_bytes", "0".into(), "must be at least 1");
        }
        Ok(())
    }
}

/// Checks the special tokens of a corpus before any of it is read.
fn check_special_tokens(special: &[String]) -> Result<()> {
    check_names(special.iter().map(String::as_str))?;
    let bytes = Vocab::of_bytes();
    special.iter().try_for_each(|token| check_collision(token, &bytes))
}

fn check_collision(token: &str, vocab: &Vocab) -> Result<()> {
    match vocab.id(token.as_bytes()) {
        None => Ok(()),
        Some(id) => {
            let reason = format!("has the bytes of the ordinary token {}; choose another name", id.0);
            Err(Error::SpecialToken { token: token.to_owned(), reason })
        }
    }
}

/// The counter's parts that the tokenizer takes over.
impl Counts {
    fn splitter(&self) -> &Splitter {
        &self.splitter
    }
}
