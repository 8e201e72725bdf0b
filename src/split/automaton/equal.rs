//! Whether two patterns cut every text into the same pieces, decided for all texts at once.
//!
//! Both automata are run side by side over all texts there are. What they do at a place is decided by where the forward pass
//! of each stands and by the state of each; of these there are finitely many. If at none of them one ends a piece and the other
//! does not, the patterns are equal.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::Machine;
use super::alphabet::Alphabet;
use super::labels::{END, Labels, ROOT, Stand, State};
use super::syntax::Node;

/// More pairs of states, and more places, than two published patterns have side by side.
const MOST_PAIRS: usize = 20_000;
const MOST_PLACES: usize = 1_000_000;

/// Whether two patterns are equal; `None` if that cannot be told: for patterns that look behind, or are too large.
pub(in super::super) fn are_equal(one: &Node, other: &Node) -> Option<bool> {
    let alphabet = Alphabet::of(&[one, other]).ok()?;
    let one = Side::new(one, &alphabet)?;
    let other = Side::new(other, &alphabet)?;
    Both::new(one, other, &alphabet)?.are_equal()
}

struct Side {
    machine: Machine,
    labels: Labels,
}

/// Where a forward pass is before a place.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Within {
    /// At the beginning of the text.
    Nothing,
    Gap,
    Match(Stand),
}

impl Side {
    fn new(node: &Node, alphabet: &Alphabet) -> Option<Side> {
        let machine = Machine::new(node, alphabet.clone()).ok()?;
        if machine.behind.is_some() {
            return None;
        }
        let labels = Labels::new(&machine.plan);
        Some(Side { machine, labels })
    }

    fn end(&mut self) -> State {
        self.labels.end(&self.machine.plan, 0)
    }

    fn before(&mut self, symbol: u8, state: State) -> State {
        let plan = &self.machine.plan;
        self.labels.before(plan, plan.letter(symbol, 0), state)
    }

    /// Whether a piece ends at a place with this state, and where the pass is behind the next character.
    fn step(&self, within: Within, state: State) -> (bool, Within) {
        let row = self.labels.row(&self.machine.plan, state);
        if let Within::Match(stand) = within
            && row[usize::from(stand)] < END
        {
            return (false, Within::Match(row[usize::from(stand)]));
        }
        let start = row[usize::from(ROOT)];
        let next = if start < END { Within::Match(start) } else { Within::Gap };
        (within != Within::Gap || next != Within::Gap, next)
    }
}

struct Both {
    one: Side,
    other: Side,
    /// The states of both at a place; the first pair is that of the end of a text and of no other place.
    pairs: Vec<(State, State)>,
    /// The pairs that can be those of the next place.
    next: Vec<Vec<usize>>,
}

impl Both {
    fn new(mut one: Side, mut other: Side, alphabet: &Alphabet) -> Option<Both> {
        let mut pairs = vec![(one.end(), other.end())];
        let mut next: Vec<Vec<usize>> = vec![Vec::new()];
        let mut known = HashMap::new();
        let mut done = 0;
        while done < pairs.len() {
            let behind = pairs[done];
            for symbol in alphabet.all() {
                let pair = (one.before(symbol, behind.0), other.before(symbol, behind.1));
                let number = match known.entry(pair) {
                    Entry::Occupied(known) => *known.get(),
                    Entry::Vacant(entry) => {
                        pairs.push(pair);
                        next.push(Vec::new());
                        *entry.insert(pairs.len() - 1)
                    }
                };
                next[number].push(done);
            }
            if pairs.len() > MOST_PAIRS {
                return None;
            }
            done += 1;
        }
        for next in &mut next {
            next.sort_unstable();
            next.dedup();
        }
        Some(Both { one, other, pairs, next })
    }

    fn are_equal(&self) -> Option<bool> {
        let mut known = std::collections::HashSet::new();
        let mut places: Vec<(Within, Within, usize)> =
            (1..self.pairs.len()).map(|pair| (Within::Nothing, Within::Nothing, pair)).collect();
        while let Some((one, other, pair)) = places.pop() {
            let (ends_one, one) = self.one.step(one, self.pairs[pair].0);
            let (ends_other, other) = self.other.step(other, self.pairs[pair].1);
            if ends_one != ends_other {
                return Some(false);
            }
            for &next in &self.next[pair] {
                // All ends at the end of the text.
                if next > 0 && known.insert((one, other, next)) {
                    places.push((one, other, next));
                }
            }
            if known.len() > MOST_PLACES {
                return None;
            }
        }
        Some(true)
    }
}
