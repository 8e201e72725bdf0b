//! Text in which a pattern cannot match. Many steps look for digits, line ends or punctuation, which most pieces do not have.
//! Such text is skipped at one or two cycles a byte.

use std::collections::HashSet;
use std::ops::Range;

use super::alphabet::{Alphabet, Symbol};
use super::cuts::Cuts;
use super::labels::{END, NOWHERE, Stand};
use super::states::States;

/// A limit on the search for matches, larger than any published pattern needs.
const MOST_PLACES: usize = 100_000;

/// Tells which parts of a text have to be read.
#[derive(Debug)]
pub(super) struct Skip {
    /// By symbol: characters that some matches need, or, for runs, that matches take.
    is_needed: Vec<bool>,
    /// By byte: ASCII characters that are not needed.
    is_quiet: [bool; 256],
    /// Whether each run of needed characters is a text of its own. Otherwise pieces with such a character are read whole.
    are_runs_texts: bool,
    has_empty_matches: bool,
}

impl Skip {
    /// `None` if ordinary text has needed characters everywhere, or if they are not known.
    pub(super) fn new(alphabet: &Alphabet, states: &States, cuts: &Cuts) -> Option<Skip> {
        let matches = Matches::new(states);
        let mut is_needed = matches.taken.clone();
        let meets = |before: Symbol, after: Symbol| {
            is_needed[usize::from(before)] == is_needed[usize::from(after)] || cuts.is_cut(before, after)
        };
        let are_runs_texts = states.symbols().all(|before| states.symbols().all(|after| meets(before, after)));
        if !are_runs_texts {
            // A symbol is not needed if every match also takes another needed one. Blanks and letters are tried first, because
            // text has most of them.
            let mut order: Vec<Symbol> = states.symbols().filter(|&symbol| is_needed[usize::from(symbol)]).collect();
            order.sort_by_key(|&symbol| !b" e".iter().any(|&byte| alphabet.ascii()[usize::from(byte)] == symbol));
            for symbol in order {
                is_needed[usize::from(symbol)] = false;
                is_needed[usize::from(symbol)] = matches.has_one_without(&is_needed)?;
            }
        }
        let mut is_quiet = [false; 256];
        for (quiet, &symbol) in is_quiet.iter_mut().zip(alphabet.ascii()) {
            *quiet = !is_needed[usize::from(symbol)];
        }
        let is_rare = is_quiet[usize::from(b'e')] && is_quiet[usize::from(b' ')];
        is_rare.then_some(Skip { is_needed, is_quiet, are_runs_texts, has_empty_matches: states.have_empty_matches() })
    }

    /// Whether this divides a single piece too, in which empty matches do not count.
    pub(super) fn divides(&self) -> bool {
        self.are_runs_texts && !self.has_empty_matches
    }

    /// The first needed character from `at` on, or `end`.
    pub(super) fn find(&self, alphabet: &Alphabet, text: &[u8], mut at: usize, end: usize) -> usize {
        loop {
            at += self.quiet_bytes(&text[at..end]);
            if at >= end {
                return end;
            }
            let (symbol, length) = alphabet.symbol_at(text, at);
            if self.is_needed[usize::from(symbol)] {
                return at;
            }
            at += length;
        }
    }

    /// The part of a piece to read, given the place of its next needed character.
    pub(super) fn part(&self, alphabet: &Alphabet, text: &[u8], piece: Range<usize>, place: usize) -> Range<usize> {
        if !self.are_runs_texts {
            return piece;
        }
        let mut at = place;
        while at < piece.end {
            let (symbol, length) = alphabet.symbol_at(text, at);
            if !self.is_needed[usize::from(symbol)] {
                break;
            }
            at += length;
        }
        place..at
    }

    /// The first end of a part from `behind` on, or the end of the piece.
    pub(super) fn end_of_part(&self, alphabet: &Alphabet, text: &[u8], mut behind: usize, end: usize) -> usize {
        while behind < end && matches!(text[behind], 0x80..=0xbf) {
            behind += 1;
        }
        if behind >= end {
            return end;
        }
        let place = self.find(alphabet, text, behind, end);
        self.part(alphabet, text, place..end, place).end
    }

    /// The number of leading ASCII characters that are not needed.
    fn quiet_bytes(&self, text: &[u8]) -> usize {
        let is_quiet = |&byte: &u8| self.is_quiet[usize::from(byte)];
        let words = text.chunks_exact(8);
        // All of a word at once, without a branch at each.
        let quiet = words.take_while(|word| word.iter().fold(true, |all, byte| all & is_quiet(byte))).count() * 8;
        quiet + text[quiet..].iter().take_while(|byte| is_quiet(byte)).count()
    }
}

/// What the matches of a pattern take, over all texts.
struct Matches<'a> {
    states: &'a States,
    /// By symbol: whether some match takes it, or some empty match stands before it.
    taken: Vec<bool>,
    /// By the state of a place: the symbol behind the place and the state behind that.
    next: Vec<Vec<(Symbol, usize)>>,
}

impl Matches<'_> {
    fn new(states: &States) -> Matches<'_> {
        let mut taken = vec![false; states.symbols().count() + 1];
        let mut next = vec![Vec::new(); states.all().len()];
        for behind in states.all() {
            for symbol in states.symbols() {
                let state = states.before(symbol, behind);
                taken[usize::from(symbol)] |=
                    states.start(state) != NOWHERE || states.row(state).iter().any(|&stand| stand < END);
                next[state].push((symbol, behind));
            }
        }
        Matches { states, taken, next }
    }

    /// Whether some match takes none of these symbols; `None` if the search is too long.
    fn has_one_without(&self, symbols: &[bool]) -> Option<bool> {
        let mut places = Vec::new();
        let mut known = HashSet::new();
        let mut reach = |stand: Stand, (symbol, behind): (Symbol, usize), places: &mut Vec<_>| {
            if stand < END && !symbols[usize::from(symbol)] && known.insert((stand, behind)) {
                places.push((stand, behind));
            }
            known.len()
        };
        for (state, next) in self.next.iter().enumerate().filter(|(_, next)| !next.is_empty()) {
            let stand = self.states.start(state);
            if stand == END {
                return Some(true);
            }
            for &next in next {
                reach(stand, next, &mut places);
            }
        }
        while let Some((stand, state)) = places.pop() {
            let stand = self.states.row(state)[usize::from(stand)];
            if stand == END {
                return Some(true);
            }
            for &next in &self.next[state] {
                if reach(stand, next, &mut places) > MOST_PLACES {
                    return None;
                }
            }
        }
        Some(false)
    }
}
