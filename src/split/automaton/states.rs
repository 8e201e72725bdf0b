//! All states that the places of texts can have, and how they follow from each other: what proofs about a pattern are made of.

use std::collections::HashMap;

use super::Machine;
use super::alphabet::Symbol;
use super::labels::{END, Labels, ROOT, Stand, State};

/// More states than those of any published pattern, most of which have 20 to 300.
const MOST_STATES: usize = 2_000;

/// Numbered from 0, the state at the end of a text.
#[derive(Debug)]
pub(super) struct States {
    /// Where the preferred way goes on from each stand, by state.
    rows: Vec<Box<[Stand]>>,
    /// By state and symbol.
    before: Vec<usize>,
    symbols: usize,
}

/// The state at the end of a text.
pub(super) const END_OF_TEXT: usize = 0;

impl States {
    /// `None` if there are too many, or if the pattern looks behind.
    pub(super) fn new(machine: &Machine) -> Option<States> {
        if machine.behind.is_some() {
            return None;
        }
        let plan = &machine.plan;
        let mut labels = Labels::new(plan);
        let mut found: Vec<State> = vec![labels.end(plan, 0)];
        let mut numbers = HashMap::from([(found[END_OF_TEXT], END_OF_TEXT)]);
        let mut before = Vec::new();
        let mut done = 0;
        while let Some(&state) = found.get(done) {
            done += 1;
            for symbol in machine.alphabet.all() {
                let state = labels.before(plan, plan.letter(symbol, 0), state);
                let number = *numbers.entry(state).or_insert(found.len());
                if number == found.len() {
                    found.push(state);
                }
                before.push(number);
            }
            if found.len() > MOST_STATES {
                return None;
            }
        }
        let rows = found.iter().map(|&state| labels.row(plan, state).into()).collect();
        Some(States { rows, before, symbols: machine.alphabet.len() })
    }

    /// All states.
    pub(super) fn all(&self) -> std::ops::Range<usize> {
        0..self.rows.len()
    }

    /// All symbols.
    pub(super) fn symbols(&self) -> impl Iterator<Item = Symbol> + use<> {
        1..=self.symbols as Symbol
    }

    /// The state before a symbol, given that behind it.
    pub(super) fn before(&self, symbol: Symbol, state: usize) -> usize {
        self.before[state * self.symbols + usize::from(symbol) - 1]
    }

    /// The states before a symbol, over all texts behind it.
    pub(super) fn all_before(&self, symbol: Symbol) -> Vec<usize> {
        let mut states: Vec<usize> = self.all().map(|state| self.before(symbol, state)).collect();
        states.sort_unstable();
        states.dedup();
        states
    }

    /// Where the preferred way goes on from each stand.
    pub(super) fn row(&self, state: usize) -> &[Stand] {
        &self.rows[state]
    }

    /// Where it goes on from the start of a match.
    pub(super) fn start(&self, state: usize) -> Stand {
        self.rows[state][usize::from(ROOT)]
    }

    /// Whether a match that is not empty starts at every place of every text.
    pub(super) fn take_all(&self) -> bool {
        self.before.iter().all(|&state| self.start(state) < END)
    }

    /// Whether some text has an empty match.
    pub(super) fn have_empty_matches(&self) -> bool {
        self.all().any(|state| self.start(state) == END)
    }
}
