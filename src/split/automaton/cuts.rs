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

use super::alphabet::{Alphabet, Symbol};
use super::labels::END;
use super::states::{END_OF_TEXT, States};

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

impl Cuts {
    pub(super) fn new(states: &States) -> Cuts {
        let symbols = states.symbols().count();
        let mut places = vec![Place::default(); (symbols + 1) * (symbols + 1)];
        for after in states.symbols() {
            let behind = states.all_before(after);
            let starts_match = behind.iter().all(|&state| states.start(state) < END);
            for before in states.symbols() {
                let alone = states.before(before, END_OF_TEXT);
                let is_independent = behind.iter().all(|&state| states.before(before, state) == alone) && {
                    let mut taken = states.row(alone).iter().filter(|&&stand| stand < END);
                    taken.all(|&stand| behind.iter().all(|&state| states.row(state)[usize::from(stand)] == END))
                };
                let is_taken = states.start(alone) < END;
                places[usize::from(before) * (symbols + 1) + usize::from(after)] =
                    Place { is_independent, is_boundary: is_independent && (starts_match || is_taken) };
            }
        }
        Cuts { places, symbols }
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
