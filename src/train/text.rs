//! A text to learn from: its words, its frequent pairs with where they occur, and the queue of those pairs.
//!
//! A merge changes only the pairs around its occurrences. For every pair that is frequent enough ([`super::horizon`]) the
//! text knows its count and the slots where it may occur ([`Pairs`]); merging walks these, takes the old neighbouring
//! pairs from the counts and adds the new ones. The queue learns of a rise at once and of a fall when the pair comes up
//! (see [`super::queue`]).

use std::hint::black_box;

use foldhash::fast::RandomState;
use hashbrown::HashSet;

use super::horizon::{Horizon, Policy};
use super::lexicon::Lexicon;
use super::pairs::{List, Pairs};
use super::progress::Pulse;
use super::queue::{AHEAD, Candidate, Queue, Truth};
use super::side::{Rise, Side};
use super::words::{Join, Start, Words};
use super::{Counts, Settings, TieBreak};
use crate::error::Result;
use crate::merges::Pair;
use crate::parallel;
use crate::vocab::Id;

/// How many slots of a pair are read ahead of its turn: most pairs of a large vocabulary are rare.
const TOUCHED: usize = 8;

pub(super) struct Text {
    words: Words,
    horizon: Horizon,
    pairs: Pairs,
    queue: Queue,
}

/// The rules by which pairs are chosen.
pub(super) struct Rules<'s> {
    pub settings: &'s Settings,
    /// Pairs that are never merged.
    pub refused: HashSet<Pair, RandomState>,
}

/// A pair that is merged, and what it becomes.
#[derive(Clone, Copy)]
pub(super) struct Merge {
    pub pair: Pair,
    pub joined: Id,
    /// Whether the token was never there before.
    pub is_new: bool,
}

/// What stands around the occurrences of a merge. Every merge uses the same memory.
pub(super) struct Around {
    threads: usize,
    before: Side,
    after: Side,
    /// The slots of the pair that is being merged.
    merged: Vec<u32>,
}

impl Around {
    pub(super) fn new(settings: &Settings, lexicon: &Lexicon) -> Around {
        let ids = lexicon.lengths().len();
        let threads = parallel::threads(settings.threads);
        Around { threads, before: Side::new(ids), after: Side::new(ids), merged: Vec::new() }
    }

    /// Makes room for one more id.
    pub(super) fn grow(&mut self) {
        self.before.grow();
        self.after.grow();
    }
}

impl Text {
    /// The words of these counts, of which no pair is known until the best is asked for.
    ///
    /// # Errors
    /// Those of [`Words::new`].
    pub(super) fn new(
        counts: &Counts,
        settings: &Settings,
        lexicon: &Lexicon,
        start: &mut Start,
        pulse: &mut Pulse,
    ) -> Result<Text> {
        Ok(Text {
            words: Words::new(counts, lexicon.lengths(), start, pulse)?,
            horizon: Horizon::new(Policy::default(), settings.min_frequency),
            pairs: Pairs::new(settings.max_token_bytes),
            queue: Queue::new(),
        })
    }

    /// The same, of which every pair is known, so that any can be merged and not only the best.
    ///
    /// # Errors
    /// [`Error::CorpusTooLarge`](crate::Error::CorpusTooLarge); that of `pulse`.
    pub(super) fn knowing_all(mut self, lexicon: &Lexicon, pulse: &mut Pulse) -> Result<Text> {
        self.horizon = Horizon::all();
        self.pairs.collect(&self.words, lexicon.lengths(), |total| self.horizon.lower(total, 1), pulse)?;
        Ok(self)
    }

    #[cfg(test)]
    pub(super) fn with_horizon(mut self, horizon: Horizon) -> Text {
        self.horizon = horizon;
        self
    }

    /// How many tokens the text had before the first merge, each word as often as it occurs.
    pub(super) fn tokens(&self) -> u64 {
        self.words.tokens()
    }

    /// Queues every pair that is known.
    pub(super) fn enqueue_all(&mut self, lexicon: &Lexicon, rules: &Rules) {
        self.queue = Queue::new();
        for pair in self.pairs.iter().collect::<Vec<_>>() {
            self.enqueue(pair, lexicon, rules);
        }
    }

    /// The best pair of all, which the queue then no longer has. `merges` are those still to be learned.
    pub(super) fn best(
        &mut self,
        merges: usize,
        lexicon: &Lexicon,
        rules: &Rules,
        pulse: &mut Pulse,
    ) -> Result<Option<Candidate>> {
        loop {
            let (queue, mut standing) = self.standing(lexicon, rules);
            let best = queue.pop(&mut standing);
            if !self.horizon.is_reached(best.map(|best| best.count)) {
                return Ok(best);
            }
            // Lowers the horizon and collects the pairs above it anew.
            self.queue = Queue::new();
            let Text { horizon, pairs, words, .. } = self;
            pairs.collect(words, lexicon.lengths(), |total| horizon.lower(total, merges), pulse)?;
            self.enqueue_all(lexicon, rules);
        }
    }

    /// Merges every occurrence of a pair, in text order, and brings the counts up to date. Gives how many tokens the text
    /// is shorter.
    ///
    /// A text that does not know all pairs must know this one.
    ///
    /// # Errors
    /// [`Error::CorpusTooLarge`](crate::Error::CorpusTooLarge); that of `pulse`.
    pub(super) fn merge(
        &mut self,
        Merge { pair, joined, is_new }: Merge,
        lexicon: &Lexicon,
        around: &mut Around,
        pulse: &mut Pulse,
    ) -> Result<u64> {
        let (left, right) = pair;
        let lengths = lexicon.lengths();
        let Text { words, pairs, horizon, .. } = self;
        let Around { threads, before, after, merged } = around;
        before.clear();
        after.clear();
        merged.clear();
        let Some(occurrences) = pairs.remove(pair) else { return Ok(0) };
        let mut list = occurrences.list;
        let join = Join::new(pair, joined, lengths);
        for slots in pairs.slots(list).chunks(Pulse::STEPS * *threads) {
            pulse.check()?;
            words.merge(&join, slots, *threads, |found| {
                merged.push(found.at);
                before.note(found.before, found.count);
                after.note(found.after, found.count);
            });
        }
        // First all rises: the pair of the new token and `left` may rise by one occurrence and fall by the next, as in
        // "abab", where (ab, a) is gone once the second "ab" is merged.
        let rise = |is_first| Rise { slots: merged, lengths, joined, is_new, is_first };
        let unknown = [before.raise(pairs, &mut list, &rise(false))?, after.raise(pairs, &mut list, &rise(true))?];
        unknown.into_iter().for_each(|count| horizon.raise(count));
        for (neighbour, count) in before.changes().filter(|(neighbour, _)| (*neighbour, left) != pair) {
            pairs.lower((neighbour, left), count);
        }
        for (neighbour, count) in after.changes().filter(|(neighbour, _)| (right, *neighbour) != pair) {
            pairs.lower((right, neighbour), count);
        }
        // Each occurrence is a token less.
        Ok(before.total())
    }

    /// Where a pair occurs, to be handed to [`Text::touch`].
    pub(super) fn list(&self, pair: Pair) -> List {
        self.pairs.get(pair).map_or(List::default(), |occurrences| occurrences.list)
    }

    /// Reads what merging a pair reads first; what it gives is of no matter.
    pub(super) fn touch(&self, list: List) -> u32 {
        let slots = self.pairs.slots(list).iter().take(TOUCHED);
        slots.fold(0, |sum, &slot| sum ^ self.words.touch(slot))
    }

    /// Queues the pairs that the last merge brought. `around` is as that merge has left it.
    pub(super) fn enqueue_new(&mut self, joined: Id, around: &Around, lexicon: &Lexicon, rules: &Rules) {
        for &neighbour in around.before.kept() {
            self.enqueue((neighbour, joined), lexicon, rules);
        }
        for &neighbour in around.after.kept() {
            self.enqueue((joined, neighbour), lexicon, rules);
        }
    }

    fn enqueue(&mut self, pair: Pair, lexicon: &Lexicon, rules: &Rules) {
        let (queue, mut standing) = self.standing(lexicon, rules);
        if let Some(candidate) = standing.now(pair) {
            queue.push(pair, candidate.count, || candidate);
        }
    }

    fn standing<'a>(&'a mut self, lexicon: &'a Lexicon, rules: &'a Rules) -> (&'a mut Queue, Standing<'a>) {
        let Text { queue, pairs, words, .. } = self;
        (queue, Standing { pairs, words, lexicon, rules })
    }
}

/// How pairs stand at the moment.
struct Standing<'a> {
    pairs: &'a mut Pairs,
    words: &'a Words,
    lexicon: &'a Lexicon,
    rules: &'a Rules<'a>,
}

impl Truth for Standing<'_> {
    /// `None` if the pair is not kept, too rare, refused, or has too many words.
    fn now(&mut self, pair: Pair) -> Option<Candidate> {
        let Rules { settings, refused } = self.rules;
        if refused.contains(&pair) || settings.max_token_words.is_some_and(|most| self.lexicon.words(pair) > most) {
            return None;
        }
        let least = settings.min_frequency;
        let count = self.pairs.get(pair).map(|found| found.count).filter(|&count| count >= least)?;
        let tie = match settings.tie_break {
            TieBreak::LowestPair => u64::from(pair.0.0) << 32 | u64::from(pair.1.0),
            TieBreak::FirstSeen => {
                // What the pair becomes is of no matter.
                let join = Join::new(pair, pair.0, self.lexicon.lengths());
                self.pairs.first(pair, |slot| self.words.holds(&join, slot)).into()
            }
        };
        Some(Candidate { count, tie, pair })
    }

    /// Reads what merging these pairs reads first, so that the memory of all of them is waited for at once.
    fn soon(&self, next: &[Candidate]) {
        let mut lists = [List::default(); AHEAD];
        for (list, candidate) in lists.iter_mut().zip(next) {
            *list = self.pairs.get(candidate.pair).map_or(List::default(), |occurrences| occurrences.list);
        }
        let slots = lists.iter().flat_map(|&list| self.pairs.slots(list).iter().take(TOUCHED));
        black_box(slots.fold(0, |sum, &slot| sum ^ self.words.touch(slot)));
    }
}
