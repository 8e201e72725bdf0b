//! The backward pass: what can still match at each place of a text. It is a deterministic automaton, built while it runs.
//!
//! A state tells for each point of the program whether it leads to a match, given the text that follows. It depends on the
//! next character and on the state behind that, so a text is labelled from its end to its beginning, with one look-up a
//! character. Each state also has the steps of the forward pass: where the preferred way goes on from each point, which is the
//! first way that leads to a match (Frisch and Cardelli, "Greedy regular expression matching", ICALP 2004).
//!
//! In the middle of a text, the text that follows is unknown at first, and so is what points lead to. In most texts all is known
//! after a few characters, and the state is then that of the whole text.
//!
//! The table has a row for each state:
//!
//! | columns | entry |
//! |---|---|
//! | letters | the state before this letter |
//! | letters, repeated | the state before this letter if a text ends behind it, whatever the state |
//! | stands | the step from this stand |
//! | stands, repeated | the step if a text begins here, whatever the stand |
//!
//! The repeated columns let many short texts be read as one block. Patterns with look-behind do not have them.

use std::collections::HashMap;

use super::alphabet::{Symbol, TAIL};
use super::program::{Op, Point, Program};

/// A state: where its row begins in the table.
pub(super) type State = u32;
/// A stand of the forward pass: the number of a point behind a character, or one of these.
pub(super) type Stand = u16;
/// Where a match starts, or in a gap.
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
    letters: usize,
    /// Where the steps of a state begin in its row.
    steps: usize,
    /// The entries of a row.
    width: usize,
}

/// A symbol, and which of what the program looks for is behind it.
pub(super) type Letter = u16;
/// The letter of a byte inside a character.
pub(super) const INSIDE: Letter = TAIL as Letter;

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
        let times = if program.behind.is_empty() { 2 } else { 1 };
        let steps = times * letters;
        let width = steps + times * stands.len();
        Plan { program, stands, stand_of, symbols, letters, steps, width }
    }

    /// Whether many short texts can be read as one.
    pub(super) fn joins_texts(&self) -> bool {
        self.program.behind.is_empty()
    }

    /// What is added to the last letter of a text, if another one follows.
    pub(super) fn last(&self) -> Letter {
        self.letters as Letter
    }

    /// What is added to the state at the first letter of a text, if there is one before.
    pub(super) fn first(&self) -> State {
        self.stands() as State
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
        4 * self.width + 4 * self.stands() + 100
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

/// What the forward pass does at a character: the stand behind it, with what is below.
pub(super) type Step = u32;
/// A piece ends before the character.
pub(super) const BOUNDARY: Step = 1 << 31;
/// An empty match is before the character, in a gap.
pub(super) const EMPTY: Step = 1 << 30;
/// The bits of the stand.
pub(super) const STAND: Step = 0xffff;

/// The states that were met so far.
pub(super) struct Labels {
    /// The truth of each stand, by the number of a state.
    truths: Vec<Box<[Truth]>>,
    is_exact: Vec<bool>,
    known: HashMap<Label, State>,
    /// A row for each state. States are [`MISSING`] that are not known so far.
    table: Vec<u32>,
    /// Where the preferred way goes on, by the number of a state and by stand.
    rows: Vec<Stand>,
    /// The state at the end of a text, by what is behind.
    ends: Vec<State>,
    /// Of all points, for the state in work.
    values: Vec<Truth>,
}

/// No state has this bit.
pub(super) const MISSING: State = 1 << 31;
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
            table: Vec::new(),
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

    pub(super) fn is_exact(&self, plan: &Plan, state: State) -> bool {
        self.is_exact[state as usize / plan.width]
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
        let known = self.table[state as usize + usize::from(letter)];
        if known == MISSING { self.find(plan, letter, state) } else { known }
    }

    pub(super) fn table(&self) -> &[u32] {
        &self.table
    }

    /// The table from the first step on: with a state and a stand as index it gives the step.
    pub(super) fn steps(&self, plan: &Plan) -> &[Step] {
        &self.table[plan.steps..]
    }

    /// What is known of the text behind a place, to be used when states have been forgotten.
    pub(super) fn truths(&self, plan: &Plan, state: State) -> Box<[Truth]> {
        self.truths[state as usize / plan.width].clone()
    }

    /// A state that is as good as the one of these for the places before.
    pub(super) fn seed(&mut self, plan: &Plan, truths: Box<[Truth]>) -> State {
        let is_exact = truths.iter().all(|&truth| truth != UNKNOWN);
        self.insert(plan, truths, vec![NOWHERE; plan.stands()].into_boxed_slice(), is_exact)
    }

    /// Where the preferred way goes on from each stand at a place with this state, which is exact.
    pub(super) fn row(&self, plan: &Plan, state: State) -> &[Stand] {
        &self.rows[state as usize / plan.width * plan.stands()..][..plan.stands()]
    }

    /// The step of the forward pass from a stand at a place with this state.
    pub(super) fn step(&self, plan: &Plan, state: State, stand: Stand) -> Step {
        self.table[state as usize + plan.steps + usize::from(stand)]
    }

    #[cold]
    #[inline(never)]
    fn find(&mut self, plan: &Plan, letter: Letter, state: State) -> State {
        // A text ends behind it?
        let (of, behind) = if usize::from(letter) < plan.letters {
            (letter, state)
        } else {
            (letter - plan.last(), self.end(plan, 0))
        };
        let (symbol, is_behind) = plan.symbol_of(of);
        let found =
            if symbol == TAIL { self.inside(plan, state) } else { self.state(plan, Some((symbol, behind)), is_behind) };
        self.table[state as usize + usize::from(letter)] = found;
        found
    }

    /// The same state inside a character, where the forward pass stays where it is.
    fn inside(&mut self, plan: &Plan, state: State) -> State {
        let (truths, row) = (self.truths(plan, state), self.row(plan, state).to_vec());
        let stay: Vec<Step> = (0..plan.stands() as Step).collect();
        let inside = self.push(plan, truths, &row, &stay, self.is_exact(plan, state));
        self.table[inside as usize + usize::from(INSIDE)] = inside;
        inside
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
                        self.truths[state as usize / plan.width][usize::from(stand_of[&target])]
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
        let label = (truths, row);
        if let Some(&known) = self.known.get(&label) {
            return known;
        }
        let state = self.push(plan, label.0.clone(), &label.1, &steps(&label.1), is_exact);
        self.known.insert(label, state);
        state
    }

    fn push(&mut self, plan: &Plan, truths: Box<[Truth]>, row: &[Stand], steps: &[Step], is_exact: bool) -> State {
        let state = self.table.len();
        self.truths.push(truths);
        self.rows.extend_from_slice(row);
        self.is_exact.push(is_exact);
        self.table.resize(state + plan.steps, MISSING);
        self.table.extend_from_slice(steps);
        if plan.joins_texts() {
            let first = beginning(row[usize::from(ROOT)]) | BOUNDARY;
            self.table.resize(state + plan.width, first);
        }
        state as State
    }
}

/// The step from each stand, given where the preferred way goes on from each.
fn steps(row: &[Stand]) -> Vec<Step> {
    let start = row[usize::from(ROOT)];
    let of_match = |&next: &Stand| if next < END { Step::from(next) } else { beginning(start) | BOUNDARY };
    let mut steps: Vec<Step> = row.iter().map(of_match).collect();
    steps[usize::from(ROOT)] = match start {
        NOWHERE => Step::from(ROOT),
        END => Step::from(ROOT) | EMPTY,
        next => Step::from(next) | BOUNDARY,
    };
    steps
}

/// The stand behind a character, given where a match that starts before it goes on.
fn beginning(start: Stand) -> Step {
    Step::from(if start < END { start } else { ROOT })
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
