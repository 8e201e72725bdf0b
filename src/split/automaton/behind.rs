//! The pass before all others, for patterns with look-behind: which of what they look for ends at each place of a text.
//!
//! That is a matter of the text before alone, and so of an automaton that reads it once from its beginning.

use std::collections::HashMap;

use super::Limit;
use super::alphabet::{Alphabet, Symbol};
use super::program::{Op, Point, Program};
use super::syntax::Node;

/// What is looked for.
#[derive(Debug)]
pub(super) struct Behind {
    ops: Vec<Op>,
    /// The beginning and the end of each.
    ends: Vec<(Point, Point)>,
    symbols: usize,
}

/// The sets of points that texts have led to so far.
pub(super) struct Sets {
    sets: Vec<Box<[Point]>>,
    known: HashMap<Box<[Point]>, usize>,
    /// By set and symbol; [`MISSING`] if it is not known so far.
    next: Vec<usize>,
    /// By set: what ends there, a bit for each.
    found: Vec<u8>,
}

const MISSING: usize = usize::MAX;
/// Of the beginning of a text.
pub(super) const START: usize = 0;
/// Sets in use before those that are not needed any more are forgotten.
const MANY: usize = 10_000;

impl Behind {
    /// `None` if nothing is looked for.
    pub(super) fn new(patterns: &[Node], alphabet: &Alphabet) -> Result<Option<Behind>, Limit> {
        if patterns.is_empty() {
            return Ok(None);
        }
        let (ops, ends) = Program::several(patterns, alphabet)?;
        Ok(Some(Behind { ops, ends, symbols: alphabet.len() + 1 }))
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Adds the points that a point leads to without a character.
    fn add(&self, point: Point, set: &mut Vec<Point>, is_in: &mut [bool]) {
        let mut found = vec![point];
        while let Some(point) = found.pop() {
            if std::mem::replace(&mut is_in[point], true) {
                continue;
            }
            set.push(point);
            if let Op::Split(first, second) = self.ops[point] {
                found.extend([first, second]);
            }
        }
    }

    /// The set behind these points, and every beginning.
    fn closed(&self, points: impl Iterator<Item = Point>) -> Box<[Point]> {
        let (mut set, mut is_in) = (Vec::new(), vec![false; self.ops.len()]);
        points.chain(self.ends.iter().map(|&(root, _)| root)).for_each(|point| self.add(point, &mut set, &mut is_in));
        set.sort_unstable();
        set.into_boxed_slice()
    }
}

impl Sets {
    pub(super) fn new(behind: &Behind) -> Sets {
        let mut sets = Sets { sets: Vec::new(), known: HashMap::new(), next: Vec::new(), found: Vec::new() };
        sets.insert(behind, behind.closed(std::iter::empty()));
        sets
    }

    /// What ends at a place with this set, a bit for each.
    pub(super) fn found(&self, set: usize) -> u8 {
        self.found[set]
    }

    /// The set behind a symbol, given the one before it.
    pub(super) fn after(&mut self, behind: &Behind, set: usize, symbol: Symbol) -> usize {
        let known = self.next[set * behind.symbols + usize::from(symbol)];
        if known != MISSING {
            return known;
        }
        let takes = |&point: &Point| match behind.ops[point] {
            Op::Take(set, next) if set.contains(symbol) => Some(next),
            _ => None,
        };
        let closed = behind.closed(self.sets[set].iter().filter_map(takes));
        if self.sets.len() > MANY {
            *self = Sets::new(behind);
            return self.insert(behind, closed);
        }
        let found = self.insert(behind, closed);
        self.next[set * behind.symbols + usize::from(symbol)] = found;
        found
    }

    fn insert(&mut self, behind: &Behind, set: Box<[Point]>) -> usize {
        if let Some(&known) = self.known.get(&set) {
            return known;
        }
        let number = self.sets.len();
        let is_found = |&(_, end): &(Point, Point)| set.binary_search(&end).is_ok();
        let bits = behind.ends.iter().enumerate().map(|(at, end)| u8::from(is_found(end)) << at);
        self.found.push(bits.sum());
        self.next.resize(self.next.len() + behind.symbols, MISSING);
        self.sets.push(set.clone());
        self.known.insert(set, number);
        number
    }
}
