//! Between which symbols a text may be cut in two, proved from the automaton.
//!
//! Let `a` be the symbol before a place and `b` the one behind it. The place is **independent** if for every text behind it
//! that begins with `b`
//!
//! 1. the state before `a` is the one that it has at the end of a text, so that nothing on the left depends on the right, and
//! 2. every match that takes `a` ends there, so that none crosses the place.
//!
//! It is a **boundary** too if it is the end of a piece for certain: either a match starts with every such `b`, or with every
//! such `a`, which then is in no gap.
//!
//! With several steps, each of which cuts the pieces of the one before, a place may be cut that is a boundary in one step and
//! independent in all before: there it divides a piece, of which the step makes pieces on its left and on its right alone.

use std::collections::HashSet;

use super::Machine;
use super::alphabet::{Alphabet, Symbol};
use super::labels::{END, Labels, ROOT, State};

/// More states than those of any published pattern, most of which have 20 to 300.
const MOST_STATES: usize = 2_000;

/// What is known of the places between two symbols.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Place {
    is_independent: bool,
    is_boundary: bool,
}

#[derive(Debug)]
pub(super) struct Cuts {
    places: Vec<Place>,
    symbols: usize,
}

/// All states of places in texts, if they are not too many.
pub(super) fn all_states(machine: &Machine, labels: &mut Labels) -> Option<Vec<State>> {
    let plan = &machine.plan;
    let mut states = vec![labels.end(plan, 0)];
    let mut is_known = HashSet::from([states[0]]);
    let mut done = 0;
    while let Some(&state) = states.get(done) {
        done += 1;
        for symbol in machine.alphabet.all() {
            let before = labels.before(plan, plan.letter(symbol, 0), state);
            if is_known.insert(before) {
                states.push(before);
            }
        }
        if states.len() > MOST_STATES {
            return None;
        }
    }
    Some(states)
}

/// Whether a match that is not empty starts at every place of every text; `false` if there are too many states to tell.
pub(super) fn takes_all(machine: &Machine) -> bool {
    let plan = &machine.plan;
    let mut labels = Labels::new(plan);
    let Some(states) = all_states(machine, &mut labels) else { return false };
    states.into_iter().all(|state| {
        machine.alphabet.all().all(|symbol| {
            let before = labels.before(plan, plan.letter(symbol, 0), state);
            labels.row(plan, before)[usize::from(ROOT)] < END
        })
    })
}

/// Whether some text has an empty match, or if there are too many states to tell.
pub(super) fn has_empty_matches(machine: &Machine) -> bool {
    let mut labels = Labels::new(&machine.plan);
    let is_empty = |labels: &Labels, state| labels.row(&machine.plan, state)[usize::from(ROOT)] == END;
    all_states(machine, &mut labels).is_none_or(|states| states.into_iter().any(|state| is_empty(&labels, state)))
}

impl Cuts {
    /// `None` if there are too many states to tell, or if the pattern looks behind.
    pub(super) fn new(machine: &Machine) -> Option<Cuts> {
        if machine.behind.is_some() {
            return None;
        }
        let plan = &machine.plan;
        let mut labels = Labels::new(plan);
        let states = all_states(machine, &mut labels)?;
        let symbols = machine.alphabet.len();
        let mut places = vec![Place::default(); (symbols + 1) * (symbols + 1)];
        for after in machine.alphabet.all() {
            let mut behind: Vec<State> =
                states.iter().map(|&state| labels.before(plan, plan.letter(after, 0), state)).collect();
            behind.sort_unstable();
            behind.dedup();
            let starts_match = behind.iter().all(|&state| labels.row(plan, state)[usize::from(ROOT)] < END);
            for before in machine.alphabet.all() {
                let letter = plan.letter(before, 0);
                let alone = labels.before(plan, letter, states[0]);
                let is_independent = behind.iter().all(|&state| labels.before(plan, letter, state) == alone) && {
                    let taken = labels.row(plan, alone).iter().filter(|&&stand| stand < END);
                    taken
                        .clone()
                        .all(|&stand| behind.iter().all(|&state| labels.row(plan, state)[usize::from(stand)] == END))
                };
                let is_taken = labels.row(plan, alone)[usize::from(ROOT)] < END;
                places[usize::from(before) * (symbols + 1) + usize::from(after)] =
                    Place { is_independent, is_boundary: is_independent && (starts_match || is_taken) };
            }
        }
        Some(Cuts { places, symbols })
    }

    /// Between how many of the pairs of kinds of characters there is a cut.
    pub(super) fn explain(&self) -> String {
        let cuts = self.places.iter().filter(|place| place.is_boundary).count();
        format!("between {cuts} of {} pairs of kinds of characters", self.symbols * self.symbols)
    }

    /// Whether a text may be cut between these.
    pub(super) fn is_cut(&self, before: Symbol, after: Symbol) -> bool {
        self.place(before, after).is_boundary
    }

    fn place(&self, before: Symbol, after: Symbol) -> Place {
        self.places[usize::from(before) * (self.symbols + 1) + usize::from(after)]
    }
}

/// What a pattern tells of the places between two characters.
#[derive(Clone, Copy)]
pub(in super::super) struct Places<'a> {
    alphabet: &'a Alphabet,
    cuts: &'a Cuts,
}

impl<'a> Places<'a> {
    pub(super) fn new(alphabet: &'a Alphabet, cuts: &'a Cuts) -> Places<'a> {
        Places { alphabet, cuts }
    }

    /// Whether there is any cut.
    pub(in super::super) fn has_cuts(&self) -> bool {
        self.cuts.places.iter().any(|place| place.is_boundary)
    }
}

/// The first place at or after `from` that may be cut: see [`Splitter::safe_cut`](super::super::Splitter::safe_cut). There is one
/// pattern, or each cuts the pieces of the one before.
pub(in super::super) fn find(text: &[u8], from: usize, steps: &[Places<'_>]) -> Option<usize> {
    let mut at = from.max(1);
    at += text.get(at..)?.iter().position(|&byte| !is_inside(byte))?;
    let mut previous = start_before(text, at);
    while at < text.len() {
        let byte = text[at];
        let (_, length) = steps.first()?.alphabet.symbol_at(text, at);
        // What is not UTF-8 so far may be any character when more text comes.
        let is_known = byte < 0x80 || at + length < text.len() || std::str::from_utf8(&text[at..]).is_ok();
        if is_known && !is_inside(byte) && is_cut(text, previous, at, steps) {
            return Some(at);
        }
        previous = Some(at);
        at += length;
    }
    None
}

fn is_cut(text: &[u8], previous: Option<usize>, at: usize, steps: &[Places<'_>]) -> bool {
    for Places { alphabet, cuts } in steps {
        let before = match previous {
            Some(start) => alphabet.symbol_at(text, start).0,
            None => alphabet.replacement(),
        };
        let place = cuts.place(before, alphabet.symbol_at(text, at).0);
        if place.is_boundary {
            return true;
        }
        if !place.is_independent {
            return false;
        }
    }
    false
}

/// Whether this byte is one that goes on with a character.
fn is_inside(byte: u8) -> bool {
    matches!(byte, 0x80..=0xbf)
}

/// The start of the character that ends at an offset greater than 0, if it is UTF-8.
fn start_before(text: &[u8], end: usize) -> Option<usize> {
    let start = (1..=end.min(4)).map(|length| end - length).find(|&start| !is_inside(text[start]))?;
    let is_whole = std::str::from_utf8(&text[start..end]).is_ok_and(|text| text.chars().count() == 1);
    is_whole.then_some(start)
}
