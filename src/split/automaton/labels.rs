//! The backward pass: what can still match at each place of a text, as a deterministic automaton that is built while it runs.
//!
//! A state says of each point of the program whether it leads to a match, given the text behind. It depends on the state one
//! character further on and on that character, and so a text is labelled from its end to its beginning, one look-up a
//! character. With a state comes its row: where the forward pass goes on from each point, for the preferred way is the first
//! one that leads to a match (Frisch and Cardelli, "Greedy regular expression matching", ICALP 2004).
//!
//! In the middle of a text nothing is known of the text behind, at first: points are then unknown, too. After some characters
//! nothing is unknown any more in most texts, and the state is the one that the whole text would have given.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::alphabet::{Symbol, TAIL};
use super::program::{Op, Point, Program};

/// The number of a state.
pub(super) type State = u16;
/// Where the forward pass stands: the number of a point behind a character, or one of these.
pub(super) type Stand = u16;
/// Where a match starts.
pub(super) const ROOT: Stand = 0;
/// No match starts here.
pub(super) const NOWHERE: Stand = Stand::MAX;
/// The match ends here.
pub(super) const END: Stand = Stand::MAX - 1;

/// Whether a point leads to a match, as a set of what is possible.
pub(super) type Truth = u8;
const NO: Truth = 1;
const YES: Truth = 2;
const UNKNOWN: Truth = NO | YES;

/// What does not change while the automaton is built.
#[derive(Debug)]
pub(super) struct Plan {
    program: Program,
    /// The point of each stand: the root, then all behind a character.
    stands: Vec<Point>,
    /// The stand of each of these points.
    stand_of: HashMap<Point, Stand>,
    /// Symbols, and one for bytes inside characters.
    symbols: usize,
    /// Entries of a state in the table are two to the power of this: a multiplication would be waited for at every character.
    shift: u32,
}

/// A symbol, and which of what the program looks for is behind it.
pub(super) type Letter = u16;

impl Plan {
    pub(super) fn new(program: Program, symbols: usize) -> Plan {
        let mut stands = vec![program.root];
        let mut stand_of = HashMap::new();
        for &point in &program.order {
            if let Op::Take(_, next) = program.ops[point] {
                stand_of.entry(next).or_insert_with(|| {
                    stands.push(next);
                    (stands.len() - 1) as Stand
                });
            }
        }
        let symbols = symbols + 1;
        let letters = symbols << program.behind.len();
        Plan { program, stands, stand_of, symbols, shift: letters.next_power_of_two().ilog2() }
    }

    /// The points of the program that a text can lead to.
    pub(super) fn points(&self) -> usize {
        self.program.order.len()
    }

    pub(super) fn stands(&self) -> usize {
        self.stands.len()
    }

    /// What a state takes of memory, about.
    fn bytes(&self) -> usize {
        (2 << self.shift) + 6 * self.stands() + 100
    }

    /// A symbol with what is behind it, a bit for each.
    #[inline(always)]
    pub(super) fn letter(&self, symbol: Symbol, behind: u8) -> Letter {
        Letter::from(symbol) + Letter::from(behind) * self.symbols as Letter
    }

    fn symbol_of(&self, letter: Letter) -> (Symbol, u8) {
        ((usize::from(letter) % self.symbols) as Symbol, (usize::from(letter) / self.symbols) as u8)
    }
}

/// The truths of the stands, and where the forward pass goes on from each.
type Label = (Box<[Truth]>, Box<[Stand]>);

/// The states that were met so far.
pub(super) struct Labels {
    /// The truth of each stand, by state.
    truths: Vec<Box<[Truth]>>,
    is_exact: Vec<bool>,
    known: HashMap<Label, State>,
    /// By state and letter; [`MISSING`] if it is not known so far.
    next: Vec<State>,
    /// By state and stand.
    rows: Vec<Stand>,
    /// The state at the end of a text, by what is behind.
    ends: Vec<State>,
    /// Of all points, for the state in work.
    values: Vec<Truth>,
}

const MISSING: State = State::MAX;
/// Of a place in the middle of a text, when nothing is known of what is behind.
pub(super) const ANY: State = 0;

/// States in use before those that are not needed any more are forgotten.
const MANY: usize = 10_000;
/// Bytes of tables likewise.
const MUCH: usize = 32 << 20;

impl Labels {
    pub(super) fn new(plan: &Plan) -> Labels {
        let mut labels = Labels {
            truths: Vec::new(),
            is_exact: Vec::new(),
            known: HashMap::new(),
            next: Vec::new(),
            rows: Vec::new(),
            ends: vec![MISSING; 1 << plan.program.behind.len()],
            values: vec![NO; plan.program.ops.len()],
        };
        let unknown = vec![UNKNOWN; plan.stands()].into_boxed_slice();
        labels.insert(plan, unknown, vec![NOWHERE; plan.stands()].into_boxed_slice(), false);
        labels
    }

    /// Characters that may be labelled before there would be more states than numbers, or too much memory in use.
    pub(super) fn room(plan: &Plan) -> usize {
        (MUCH / plan.bytes()).clamp(64, 8 << 10)
    }

    /// Whether it is time to begin anew. Then no state of before may be used any more.
    pub(super) fn is_full(&self, plan: &Plan) -> bool {
        self.truths.len() > MANY || self.truths.len() * plan.bytes() > MUCH
    }

    pub(super) fn len(&self) -> usize {
        self.truths.len()
    }

    pub(super) fn is_exact(&self, state: State) -> bool {
        self.is_exact[usize::from(state)]
    }

    /// The state at the end of a text, with what is behind.
    pub(super) fn end(&mut self, plan: &Plan, behind: u8) -> State {
        if self.ends[usize::from(behind)] == MISSING {
            self.ends[usize::from(behind)] = self.state(plan, None, behind);
        }
        self.ends[usize::from(behind)]
    }

    /// The state before a letter, given that behind it.
    #[inline(always)]
    pub(super) fn before(&mut self, plan: &Plan, letter: Letter, state: State) -> State {
        let known = self.next[(usize::from(state) << plan.shift) + usize::from(letter)];
        if known == MISSING { self.find(plan, letter, state) } else { known }
    }

    /// What is known of the text behind a place, to be used when states have been forgotten.
    pub(super) fn truths(&self, state: State) -> Box<[Truth]> {
        self.truths[usize::from(state)].clone()
    }

    /// A state that is as good as the one of these for the places before.
    pub(super) fn seed(&mut self, plan: &Plan, truths: Box<[Truth]>) -> State {
        let is_exact = truths.iter().all(|&truth| truth != UNKNOWN);
        self.insert(plan, truths, vec![NOWHERE; plan.stands()].into_boxed_slice(), is_exact)
    }

    /// Where the forward pass goes on from each stand at a place with this state, which is exact.
    #[inline(always)]
    pub(super) fn row(&self, plan: &Plan, state: State) -> &[Stand] {
        &self.rows[usize::from(state) * plan.stands()..][..plan.stands()]
    }

    #[cold]
    #[inline(never)]
    fn find(&mut self, plan: &Plan, letter: Letter, state: State) -> State {
        let (symbol, behind) = plan.symbol_of(letter);
        let found = if symbol == TAIL { state } else { self.state(plan, Some((symbol, state)), behind) };
        self.next[(usize::from(state) << plan.shift) + usize::from(letter)] = found;
        found
    }

    /// The state at the end of a text, or before a symbol and the state behind it.
    fn state(&mut self, plan: &Plan, next: Option<(Symbol, State)>, behind: u8) -> State {
        let Plan { program, stands, stand_of, .. } = plan;
        let values = &mut self.values;
        for &point in &program.order {
            values[point] = match program.ops[point] {
                Op::Match => YES,
                Op::Take(set, target) => match next {
                    Some((symbol, state)) if set.contains(symbol) => {
                        self.truths[usize::from(state)][usize::from(stand_of[&target])]
                    }
                    _ => NO,
                },
                Op::Split(first, second) => {
                    let (first, second) = (values[first], values[second]);
                    (first | second) & YES | first & second & NO
                }
                Op::Choice(guard, first, second) => {
                    let of = |is: Truth, then: Point| if values[guard] & is != 0 { values[then] } else { 0 };
                    of(YES, first) | of(NO, second)
                }
                Op::Ahead(ahead, negative, next) => {
                    let ahead = if negative { opposite(values[ahead]) } else { values[ahead] };
                    ahead & values[next] & YES | (ahead | values[next]) & NO
                }
                Op::Behind(number, negative, next) => {
                    let is_behind = behind >> number & 1 == 1;
                    if is_behind != negative { values[next] } else { NO }
                }
            };
        }
        let is_exact = values.iter().all(|&value| value != UNKNOWN);
        let truths = stands.iter().map(|&point| values[point]).collect();
        let row = stands.iter().map(|&point| if is_exact { plan.goes_on(point, values) } else { NOWHERE }).collect();
        self.insert(plan, truths, row, is_exact)
    }

    fn insert(&mut self, plan: &Plan, truths: Box<[Truth]>, row: Box<[Stand]>, is_exact: bool) -> State {
        let number = self.truths.len() as State;
        match self.known.entry((truths, row)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(entry) => {
                self.truths.push(entry.key().0.clone());
                self.rows.extend_from_slice(&entry.key().1);
                self.is_exact.push(is_exact);
                self.next.resize(self.next.len() + (1 << plan.shift), MISSING);
                *entry.insert(number)
            }
        }
    }
}

impl Plan {
    /// Where the preferred way from a point goes on behind this character, or that it ends here.
    fn goes_on(&self, mut point: Point, values: &[Truth]) -> Stand {
        if values[point] == NO {
            return NOWHERE;
        }
        loop {
            point = match self.program.ops[point] {
                Op::Match => return END,
                Op::Take(_, next) => return self.stand_of[&next],
                Op::Split(first, second) => {
                    if values[first] == YES {
                        first
                    } else {
                        second
                    }
                }
                Op::Choice(guard, first, second) => {
                    if values[guard] == YES {
                        first
                    } else {
                        second
                    }
                }
                Op::Ahead(_, _, next) | Op::Behind(_, _, next) => next,
            };
        }
    }
}

fn opposite(truth: Truth) -> Truth {
    (truth & YES) >> 1 | (truth & NO) << 1
}
