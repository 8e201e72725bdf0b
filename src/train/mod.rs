//! Text → counts → merges → vocabulary.
//!
//! [`Counter`] reads text and gives [`Counts`]: every distinct piece (a *pretoken*) with how often it occurs. [`train`]
//! learns from counts alone: of all pairs of adjacent tokens the most frequent becomes a new token, again and again.

mod blocks;
mod combine;
mod count;
mod counts;

mod horizon;
mod lexicon;
mod merge_loop;
mod pairs;
mod parity;
mod progress;
mod queue;
mod scale;
mod side;
mod spill;
mod table;
mod text;
mod words;

pub use count::Counter;
pub use counts::{Counts, CountsBuilder};
pub use parity::{Balance, Language, Parity, Window, train_parity};
pub use progress::{Event, Report, no_progress};
pub use scale::Scale;

use std::num::NonZeroUsize;

use hashbrown::HashSet;

use crate::encode::Scratch;
use crate::error::{Error, Result};
use crate::special::{SpecialTokens, check_names};
use crate::split::Splitter;
use crate::tokenizer::Tokenizer;
use crate::vocab::{Id, Vocab};
use lexicon::Lexicon;
use merge_loop::Learned;
use progress::Pulse;
use text::{Rules, Text};
use words::Start;

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
    /// Tokens do not grow to more words than this, which are what stands between white space of ASCII.
    pub max_token_words: Option<u32>,
    /// Where new ids start on top of a base, `None` for behind its largest one. Ids in between stay free.
    pub first_id: Option<usize>,
    /// How many threads merge pairs that occur very often, `None` for one on each core. The result is the same.
    pub threads: Option<NonZeroUsize>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            vocab_size: 4096,
            special_ids: SpecialIds::default(),
            tie_break: TieBreak::default(),
            min_frequency: 1,
            max_token_bytes: usize::MAX,
            max_token_words: None,
            first_id: None,
            threads: None,
        }
    }
}

/// The result of training.
pub struct Trained {
    pub tokenizer: Tokenizer,
    /// How many merges were learned, and how many `vocab_size` has room for. Fewer are learned when no pair is left.
    pub learned: usize,
    pub asked: usize,
    /// Whether fewer were learned because the report asked to stop.
    pub stopped: bool,
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
    learn(counts, None, settings, report)
}

/// Learns more merges on top of an existing tokenizer, every id of which is kept.
///
/// Words start as the ids that `base` encodes them as, each whole, even if the split pattern of the counts is not that of `base`:
/// then the result has that of the counts. New ids follow the largest there is, or start where the settings say:
/// those of merges, and of the special tokens that `base` does not have. What `base` does with a piece in which the bytes of no
/// new token occur stays as it is.
///
/// A merge may also give a token of `base` that none gave so far; it is learned without taking an id. By the ranks such a merge
/// would come before all new ones, and not when it was learned. So where there is one, the result keeps its merges as a list.
///
/// # Errors
/// As [`train`]; [`Error::Setting`] if `base` normalizes text, or the counts were made without one of its special tokens, or under
/// a split pattern that cuts a token of `base`.
pub fn extend(counts: &Counts, base: &Tokenizer, settings: &Settings, report: &mut Report) -> Result<Trained> {
    learn(counts, Some(base), settings, report)
}

/// What there is before anything is learned: the 256 bytes, or the base, with the special tokens of the counts.
///
/// # Errors
/// As [`extend`]; counts may be empty.
pub fn unlearned(counts: &Counts, base: Option<&Tokenizer>, settings: &Settings) -> Result<Trained> {
    check(counts, base, settings)?;
    let vocab = base.map_or_else(Vocab::of_bytes, |base| base.vocab().clone());
    let learned = Learned { vocab, merges: Vec::new(), curve: Vec::new(), last_count: 0, learned: 0, stopped: false };
    assemble(counts, base, settings, learned)
}

fn learn(counts: &Counts, base: Option<&Tokenizer>, settings: &Settings, report: &mut Report) -> Result<Trained> {
    check(counts, base, settings)?;
    if counts.is_empty() {
        return Err(Error::EmptyCorpus);
    }
    counts.bytes()?;
    let asked = Room::new(counts, base, settings).asked;
    let mut pulse = Pulse::new(asked, report)?;
    let learned = from_start(counts, base, settings, |lexicon, rules, start| {
        let text = Text::new(counts, settings, &lexicon, start, &mut pulse)?;
        merge_loop::run(text, lexicon, rules, asked, &mut pulse)
    })?;
    learned.end(&mut pulse)?;
    assemble(counts, base, settings, learned)
}

/// Learns from what words start as: bytes, or the tokens of a base.
fn from_start<T>(
    counts: &Counts,
    base: Option<&Tokenizer>,
    settings: &Settings,
    learn: impl FnOnce(Lexicon, &Rules, &mut Start) -> Result<T>,
) -> Result<T> {
    let Room { known, special, .. } = Room::new(counts, base, settings);
    let first = match settings.special_ids {
        SpecialIds::First => known + special.len(),
        SpecialIds::Last => known,
    };
    let first = Id(first as u32);
    match base {
        None => {
            let rules = Rules { settings, refused: HashSet::default() };
            learn(Lexicon::new(Vocab::of_bytes(), first), &rules, &mut Start::Bytes)
        }
        Some(base) => {
            // By the stuck pairs the base would encode text without any new token in another way.
            let rules = Rules { settings, refused: base.stuck_pairs().into_iter().collect() };
            let mut scratch = Scratch::default();
            let encode = |word: &[u8], ids: &mut Vec<Id>| base.encode_piece(word, &mut scratch, ids);
            learn(Lexicon::new(base.vocab().clone(), first), &rules, &mut Start::Encoded(Box::new(encode)))
        }
    }
}

/// What the ids of a vocabulary go to.
struct Room {
    /// The first id that may be given to something new: behind the bytes, or behind the ids of the base.
    known: usize,
    /// The special tokens that the base does not have.
    special: Vec<String>,
    /// The merges to learn.
    asked: usize,
}

impl Room {
    fn new(counts: &Counts, base: Option<&Tokenizer>, settings: &Settings) -> Room {
        let known = settings.first_id.unwrap_or(base.map_or(256, Tokenizer::vocab_size));
        let special = new_special_tokens(counts.special_tokens(), base);
        Room { known, asked: settings.vocab_size - known - special.len(), special }
    }
}

/// The tokenizer of what was learned.
fn assemble(counts: &Counts, base: Option<&Tokenizer>, settings: &Settings, learned: Learned) -> Result<Trained> {
    let Room { known, special, asked } = Room::new(counts, base, settings);
    let Learned { vocab, merges, curve, learned, stopped, .. } = learned;
    let first_special = match settings.special_ids {
        SpecialIds::First => known,
        SpecialIds::Last => known + learned,
    };
    for token in &special {
        check_collision(token, &vocab)?;
    }
    let kept = base.into_iter().flat_map(|base| base.special().iter().map(|(token, id)| (token.to_owned(), id)));
    let special = SpecialTokens::new(kept.chain(special.into_iter().zip((first_special as u32..).map(Id))))?;
    let splitter = counts.splitter().clone();
    let tokenizer = match base {
        None => Tokenizer::from_ranks(vocab, splitter, special)?.with_merges(merges)?,
        Some(base) => {
            let tokenizer = match base.trained_merges() {
                Some(before) => {
                    Tokenizer::from_ranks(vocab, splitter, special)?.with_merges([before, &merges].concat())?
                }
                // Each merge is the only one of its token, so that the ranks mean just these.
                None if !base.is_by_list() && base.reaches_all() => Tokenizer::from_ranks(vocab, splitter, special)?,
                None => Tokenizer::from_merges(vocab, [&base.live_merges(), &merges[..]].concat(), splitter, special)?,
            };
            let [before, behind] = base.frame().clone();
            tokenizer.ignoring_merges(base.ignores_merges()).with_frame(before, behind)?
        }
    };
    let tokenizer = if curve.is_empty() { tokenizer } else { tokenizer.with_training_curve(curve) };
    Ok(Trained { tokenizer, learned, asked, stopped })
}

fn check(counts: &Counts, base: Option<&Tokenizer>, settings: &Settings) -> Result<()> {
    settings.check(counts.special_tokens(), base)?;
    base.map_or(Ok(()), |base| check_base(counts, base))
}

/// Those of the corpus that the base does not have.
fn new_special_tokens(special: &[String], base: Option<&Tokenizer>) -> Vec<String> {
    let is_known = |token: &str| base.is_some_and(|base| base.special().id(token).is_some());
    special.iter().filter(|token| !is_known(token)).cloned().collect()
}

fn check_base(counts: &Counts, base: &Tokenizer) -> Result<()> {
    let fail = |value: &str, reason| Err(Error::Setting { setting: "base", value: format!("{value:?}"), reason });
    if !base.is_plain() {
        return fail("Tokenizer", "it normalizes text or strips it around special tokens, which counting does not");
    }
    check_pattern(base, counts.splitter())?;
    match base.special().iter().find(|(token, _)| !counts.special_tokens().iter().any(|known| known == token)) {
        Some((token, _)) => fail(token, "this special token of the base was not cut out of the corpus"),
        None => Ok(()),
    }
}

/// Whether words that a splitter cuts can be learned on top of a base.
///
/// # Errors
/// [`Error::Setting`] if it cuts a token of the base.
pub fn check_pattern(base: &Tokenizer, splitter: &Splitter) -> Result<()> {
    if base.splitter().pattern().regex() != splitter.pattern().regex()
        && let Some(token) = first_cut(base, splitter)?
    {
        let reason = "cuts this token of the base, which no text would give again; a second pattern must cut less";
        let value = format!("{:?}, b\"{}\"", splitter.pattern().as_str(), token.escape_ascii());
        return Err(Error::Setting { setting: "pattern", value, reason });
    }
    Ok(())
}

/// The first token of a base that is text and that a splitter cuts.
fn first_cut(base: &Tokenizer, splitter: &Splitter) -> Result<Option<Vec<u8>>> {
    for (_, bytes) in base.vocab().iter() {
        let mut pieces = 0;
        if std::str::from_utf8(bytes).is_ok() {
            splitter.split(bytes, |_| {
                pieces += 1;
                Ok(())
            })?;
        }
        if pieces > 1 {
            return Ok(Some(bytes.to_vec()));
        }
    }
    Ok(None)
}

impl Settings {
    /// Checks the settings, which needs no corpus but only the names of its special tokens.
    ///
    /// # Errors
    /// [`Error::SpecialToken`], [`Error::VocabSize`], [`Error::Setting`].
    pub fn check(&self, special: &[String], base: Option<&Tokenizer>) -> Result<()> {
        check_special_tokens(special)?;
        let special = new_special_tokens(special, base).len();
        let fail = |setting, value: String, reason| Err(Error::Setting { setting, value, reason });
        let mut known = base.map_or(256, Tokenizer::vocab_size);
        let mut start = if base.is_some() { format!("the {known} ids of the base") } else { "256 bytes".to_owned() };
        if let Some(first) = self.first_id {
            if base.is_none() {
                return fail("first_id", first.to_string(), "there is no base, whose ids the new ones would follow");
            }
            if first < known {
                return fail("first_id", first.to_string(), "the base has this id or a larger one");
            }
            start = format!("the ids below first_id={first}");
            known = first;
        }
        if self.vocab_size < known.saturating_add(special) {
            let (asked, least) = (self.vocab_size as u64, (known as u64).saturating_add(special as u64));
            return Err(Error::VocabSize { asked, start, special, least });
        }
        if self.vocab_size > Id::MAX.index() {
            return fail("vocab_size", self.vocab_size.to_string(), "more than the 16,777,215 ids there are");
        }
        if self.min_frequency == 0 {
            return fail("min_frequency", "0".into(), "must be at least 1");
        }
        if self.max_token_bytes == 0 {
            return fail("max_token_bytes", "0".into(), "must be at least 1");
        }
        if self.max_token_words == Some(0) {
            return fail("max_token_words", "0".into(), "must be at least 1");
        }
        Ok(())
    }
}

/// The special tokens to cut out of a corpus, checked before any of it is read.
fn special_of_corpus(special: &[String]) -> Result<SpecialTokens> {
    check_special_tokens(special)?;
    // The ids serve only to tell the tokens apart.
    SpecialTokens::new(special.iter().cloned().zip((0..).map(Id)))
}

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
