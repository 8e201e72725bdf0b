//! Parity-aware BPE: every merge is chosen for the language that is compressed worst.
//!
//! After Foroutan et al., "Parity-Aware Byte-Pair Encoding: Improving Cross-lingual Fairness in Tokenization" (2025,
//! arXiv 2508.04796). Each language has a text to learn from and a text to be measured on. At every step the language that
//! stands worst on its measured text gives the most frequent pair of its own text, and that pair is merged everywhere.
//!
//! A pair may be rare in one language and be merged for another. So, other than in ordinary training, a text here knows all
//! its pairs.

use std::collections::VecDeque;
use std::hint::black_box;

use super::lexicon::Lexicon;
use super::merge_loop::{self, Learned};
use super::pairs::List;
use super::progress::Pulse;
use super::text::{Around, Merge, Rules, Text};
use super::words::Start;
use super::{Counts, Report, Room, Settings, Trained, assemble, check, from_start};
use crate::error::{Error, Result};
use crate::merges::Pair;
use crate::tokenizer::Tokenizer;

/// A language that a vocabulary is learned for.
#[derive(Clone, Copy)]
pub struct Language<'c> {
    pub counts: &'c Counts,
    /// What it is measured on, `None` for what is learned from.
    pub development: Option<&'c Counts>,
    /// The share of compression it is to have, beside those of the others.
    pub ratio: f64,
}

/// How the language is chosen that the next merge is for.
#[derive(Clone, Debug, Default)]
pub struct Balance {
    /// So many merges come first, of the most frequent pairs of all languages together: the hybrid variant.
    pub global_merges: usize,
    /// Limits how often a language is chosen again and again: the windowed variant.
    pub window: Option<Window>,
    /// Whether languages are compared by bytes a token over their ratio, and not by tokens.
    pub by_ratio: bool,
}

/// No language is chosen for more than `alpha` times its equal share of the last `size` merges.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub size: usize,
    pub alpha: f64,
}

/// What became of each language.
pub struct Parity {
    pub trained: Trained,
    /// By language: the new tokens that were learned for it.
    pub learned: Vec<u64>,
    /// By language: the tokens of what it is measured on, at the end.
    pub tokens: Vec<u64>,
    /// By language: the bytes of what it is measured on.
    pub bytes: Vec<u64>,
}

/// Learns a vocabulary that treats languages alike, from bytes or on top of a base.
///
/// Without ratios the worst language is the one whose measured text has the most tokens: such texts should say the same in
/// every language. With ratios it is the one with the fewest bytes a token, divided by its ratio. Among equals the first
/// one is chosen. A language none of whose pairs is frequent enough is left out from then on.
///
/// # Errors
/// As [`extend`](super::extend); [`Error::CountsDiffer`] if counts were not all made in the same way.
/// [`Error::EmptyCorpus`] if any counts are empty, or there is no language.
///
/// # Complexity
/// As [`train`](super::train) for all texts together; choosing a language costs a step for each of them.
pub fn train_parity(
    languages: &[Language],
    base: Option<&Tokenizer>,
    settings: &Settings,
    balance: &Balance,
    report: &mut Report,
) -> Result<Parity> {
    let first = languages.first().ok_or(Error::EmptyCorpus)?.counts;
    check(first, base, settings)?;
    for counts in languages.iter().flat_map(|language| [Some(language.counts), language.development]).flatten() {
        first.check_same(counts)?;
        if counts.is_empty() {
            return Err(Error::EmptyCorpus);
        }
    }
    let bytes = languages.iter().map(|language| language.development.unwrap_or(language.counts).bytes());
    let bytes = bytes.collect::<Result<Vec<u64>>>()?;
    languages.iter().try_fold(0_u64, |sum, Language { counts, .. }| {
        let pretoken = || counts.entry(0).0.escape_ascii().to_string();
        let overflow = || Error::CountOverflow { what: "the number of bytes of all languages", pretoken: pretoken() };
        sum.checked_add(counts.bytes()?).ok_or_else(overflow)
    })?;
    let asked = Room::new(first, base, settings).asked;
    let mut pulse = Pulse::new(asked, report)?;
    // Before the texts are made, which take memory.
    let global = balance.global_merges.min(asked);
    let global = if global == 0 { Vec::new() } else { of_all(languages, base, settings, global, &mut pulse)? };
    let (learned, race) = from_start(first, base, settings, |lexicon, rules, start| {
        let race = Race::new(languages, &bytes, balance, settings, &lexicon, start, &mut pulse)?;
        race.run(lexicon, rules, &global, asked, &mut pulse)
    })?;
    learned.end(&mut pulse)?;
    let trained = assemble(first, base, settings, learned)?;
    let (learned, tokens) = race.languages.iter().map(|runner| (runner.learned, runner.tokens)).unzip();
    Ok(Parity { trained, learned, tokens, bytes })
}

/// The first merges of all languages together.
fn of_all(
    languages: &[Language],
    base: Option<&Tokenizer>,
    settings: &Settings,
    asked: usize,
    pulse: &mut Pulse,
) -> Result<Vec<Pair>> {
    let mut sum = languages[0].counts.clone();
    languages[1..].iter().try_for_each(|language| sum.add_all(language.counts))?;
    let learned = from_start(&sum, base, settings, |lexicon, rules, start| {
        let text = Text::new(&sum, settings, &lexicon, start, pulse)?;
        merge_loop::run(text, lexicon, rules, asked, pulse)
    })?;
    Ok(learned.merges)
}

/// A language with its texts.
struct Runner {
    text: Text,
    /// What it is measured on, `None` for `text`.
    development: Option<Text>,
    tokens: u64,
    bytes: u64,
    ratio: f64,
    learned: u64,
    /// How many of the last merges were for it.
    recent: usize,
    /// Whether no pair of it is frequent enough.
    is_exhausted: bool,
}

struct Race<'b> {
    languages: Vec<Runner>,
    balance: &'b Balance,
    /// The languages of the last merges.
    recent: VecDeque<usize>,
    around: Around,
    /// Those of all texts to learn from, before the first merge.
    tokens: u64,
    /// By text: where the pair occurs that is being merged.
    lists: Vec<List>,
}

impl<'b> Race<'b> {
    fn new(
        languages: &[Language],
        bytes: &[u64],
        balance: &'b Balance,
        settings: &Settings,
        lexicon: &Lexicon,
        start: &mut Start,
        pulse: &mut Pulse,
    ) -> Result<Race<'b>> {
        let mut text =
            |counts: &Counts| Text::new(counts, settings, lexicon, start, pulse)?.knowing_all(lexicon, pulse);
        let mut all = 0;
        let runner = |(language, &bytes): (&Language, &u64)| {
            // Merges bring both to the same if they are the same.
            let development = language.development.filter(|&development| !std::ptr::eq(development, language.counts));
            let measured = development.map(&mut text).transpose()?;
            let text = text(language.counts)?;
            let of_text = text.tokens();
            all += of_text;
            let tokens = measured.as_ref().map_or(of_text, Text::tokens);
            let Language { ratio, .. } = *language;
            Ok(Runner { text, development: measured, tokens, bytes, ratio, learned: 0, recent: 0, is_exhausted: false })
        };
        let languages = languages.iter().zip(bytes).map(runner).collect::<Result<_>>()?;
        let around = Around::new(settings, lexicon);
        Ok(Race { languages, balance, recent: VecDeque::new(), around, tokens: all, lists: Vec::new() })
    }

    /// Learns up to `asked` new tokens: those of the merges given, then one after the other for the worst language.
    fn run(
        mut self,
        mut lexicon: Lexicon,
        rules: &Rules,
        given: &[Pair],
        asked: usize,
        pulse: &mut Pulse,
    ) -> Result<(Learned, Race<'b>)> {
        let (mut merges, mut learned, mut last_count) = (Vec::new(), 0, 0);
        let mut tokens = self.tokens;
        let mut curve = vec![tokens];
        for &pair in given {
            let (shorter, is_new) = self.merge(pair, &mut lexicon, rules, pulse)?;
            tokens -= shorter;
            merges.push(pair);
            curve.push(tokens);
            (learned, last_count) = (learned + usize::from(is_new), shorter);
            pulse.learned = learned;
        }
        self.languages.iter_mut().for_each(|language| language.text.enqueue_all(&lexicon, rules));
        while learned < asked
            && !pulse.is_stopped()
            && let Some(number) = self.worst()
        {
            let Some(best) = self.languages[number].text.best(asked - learned, &lexicon, rules, pulse)? else {
                self.languages[number].is_exhausted = true;
                continue;
            };
            let (shorter, is_new) = self.merge(best.pair, &mut lexicon, rules, pulse)?;
            tokens -= shorter;
            merges.push(best.pair);
            curve.push(tokens);
            self.languages[number].learned += u64::from(is_new);
            (learned, last_count) = (learned + usize::from(is_new), best.count);
            if let Some(Window { size, .. }) = self.balance.window {
                self.recent.push_back(number);
                self.languages[number].recent += 1;
                if self.recent.len() > size
                    && let Some(oldest) = self.recent.pop_front()
                {
                    self.languages[oldest].recent -= 1;
                }
            }
            pulse.learned = learned;
            pulse.merged(|| (lexicon.bytes(best.pair), best.count))?;
        }
        let stopped = pulse.is_stopped() && learned < asked;
        Ok((Learned { vocab: lexicon.into_vocab(), merges, curve, last_count, learned, stopped }, self))
    }

    /// The language that the next merge is for; `None` if none has a pair left.
    fn worst(&self) -> Option<usize> {
        let open = || (0..self.languages.len()).filter(|&number| !self.languages[number].is_exhausted);
        let is_worse = |&worst: &usize, &other: &usize| self.is_worse(other, worst);
        let first_worst = |worst: usize, other: usize| if is_worse(&worst, &other) { other } else { worst };
        match self.balance.window {
            None => open().reduce(first_worst),
            Some(Window { size, alpha }) => {
                let limit = alpha / self.languages.len() as f64;
                let share = |number: usize| self.languages[number].recent as f64 / size as f64;
                open()
                    .filter(|&number| share(number) <= limit)
                    .reduce(first_worst)
                    .or_else(|| open().reduce(first_worst))
            }
        }
    }

    fn is_worse(&self, one: usize, other: usize) -> bool {
        let [one, other] = [one, other].map(|number| &self.languages[number]);
        match self.balance.by_ratio {
            false => one.tokens > other.tokens,
            true => one.rate() < other.rate(),
        }
    }

    /// Reads what merging a pair in every text reads first, so that the memory of all of them is waited for at once: there
    /// are few occurrences in each.
    fn touch(&mut self, pair: Pair) {
        let Race { languages, lists, .. } = self;
        let texts =
            || languages.iter().flat_map(|language| [Some(&language.text), language.development.as_ref()]).flatten();
        lists.clear();
        lists.extend(texts().map(|text| text.list(pair)));
        black_box(texts().zip(lists).fold(0, |sum, (text, &mut list)| sum ^ text.touch(list)));
    }

    /// Merges a pair in every text. Gives how many tokens shorter the texts to learn from are, and whether the token is new.
    fn merge(&mut self, pair: Pair, lexicon: &mut Lexicon, rules: &Rules, pulse: &mut Pulse) -> Result<(u64, bool)> {
        let (joined, is_new) = lexicon.token(pair)?;
        if is_new {
            self.around.grow();
        }
        self.touch(pair);
        let mut all = 0;
        let merge = Merge { pair, joined, is_new };
        for language in &mut self.languages {
            let mut shorter = language.text.merge(merge, lexicon, &mut self.around, pulse)?;
            all += shorter;
            language.text.enqueue_new(joined, &self.around, lexicon, rules);
            if let Some(development) = &mut language.development {
                shorter = development.merge(merge, lexicon, &mut self.around, pulse)?;
            }
            language.tokens -= shorter;
        }
        Ok((all, is_new))
    }
}

impl Runner {
    /// Bytes a token, beside those of the others.
    fn rate(&self) -> f64 {
        self.bytes as f64 / self.tokens as f64 / self.ratio
    }
}

#[cfg(test)]
mod tests;
