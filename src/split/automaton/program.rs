//! A pattern as a graph: what may come next at each point of a match, in the order of preference.
//!
//! Built from the end to the beginning: a part is compiled with what comes behind it, its continuation.
//!
//! * **Loops** that take the empty text end there, as backtracking engines have it. So a part has two continuations: one for
//!   when it took nothing so far, one for when it took something.
//! * **Atomic groups.** The preferred path through the group is that of the group alone, which is compiled on its own; a
//!   copy of it goes on with what comes behind, and decides at each point as the original does ([`Op::Choice`]).

use std::collections::HashMap;

use super::Limit;
use super::alphabet::{Alphabet, Symbols};
use super::syntax::Node;

/// A place in the graph.
pub(super) type Point = usize;

/// More than any published pattern has points: most have 20 to 150. `[a-z]{1,1000}` has 2,000.
pub(super) const MOST_POINTS: usize = 16_000;
/// Parts that are compiled, each as often as it is repeated.
const MOST_PARTS: usize = 20 * MOST_POINTS;
/// Each makes twice as many symbols.
pub(super) const MOST_BEHIND: usize = 6;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Op {
    /// Takes a character of these.
    Take(Symbols, Point),
    /// The first where that leads to a match, else the second.
    Split(Point, Point),
    /// The second where the first, the guard, leads to a match of its own, else the third.
    Choice(Point, Point, Point),
    /// Goes on if what is ahead matches, or does not.
    Ahead(Point, bool, Point),
    /// Goes on if what is behind matches, or does not. Each has a number.
    Behind(usize, bool, Point),
    Match,
}

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) ops: Vec<Op>,
    pub(super) root: Point,
    /// What is looked for behind a place; compiled apart.
    pub(super) behind: Vec<Node>,
    /// All points that a text can lead to, each behind those that its op asks for at the same place of the text.
    pub(super) order: Vec<Point>,
}

/// The graph of several patterns, and the root and the end of each.
pub(super) type Several = (Vec<Op>, Vec<(Point, Point)>);

struct Compiler<'a> {
    alphabet: &'a Alphabet,
    ops: Vec<Op>,
    behind: Vec<Node>,
    /// What is the same is there once. Not so for loops and ends, which are found by their place.
    known: HashMap<Op, Point>,
    /// How often a part was compiled: `(?:){1000000000}` has no points.
    parts: usize,
}

impl Program {
    /// The graph of a pattern.
    pub(super) fn new(pattern: &Node, alphabet: &Alphabet) -> Result<Program, Limit> {
        let mut compiler = Compiler { alphabet, ops: Vec::new(), behind: Vec::new(), known: HashMap::new(), parts: 0 };
        let end = compiler.reserve()?;
        let root = compiler.compile(pattern, end, end)?;
        let Compiler { ops, behind, .. } = compiler;
        let order = in_order(&ops, root);
        Ok(Program { ops, root, behind, order })
    }

    /// The graph of several patterns without assertions.
    pub(super) fn several(patterns: &[Node], alphabet: &Alphabet) -> Result<Several, Limit> {
        let mut compiler = Compiler { alphabet, ops: Vec::new(), behind: Vec::new(), known: HashMap::new(), parts: 0 };
        let mut roots = Vec::new();
        for pattern in patterns {
            let end = compiler.reserve()?;
            roots.push((compiler.compile(pattern, end, end)?, end));
        }
        let is_plain = |op: &Op| matches!(op, Op::Take(..) | Op::Split(..) | Op::Match);
        if !compiler.ops.iter().all(is_plain) {
            return Err(Limit::NestedBehind);
        }
        Ok((compiler.ops, roots))
    }
}

impl Compiler<'_> {
    fn push(&mut self, op: Op) -> Result<Point, Limit> {
        if let Some(&point) = self.known.get(&op) {
            return Ok(point);
        }
        let point = self.reserve()?;
        self.ops[point] = op;
        self.known.insert(op, point);
        Ok(point)
    }

    /// A point of its own: an end, or what is set later.
    fn reserve(&mut self) -> Result<Point, Limit> {
        if self.ops.len() == MOST_POINTS {
            return Err(Limit::Points);
        }
        self.ops.push(Op::Match);
        Ok(self.ops.len() - 1)
    }

    /// A split by preference: greedy ones prefer the first.
    fn split(&mut self, greedy: bool, body: Point, exit: Point) -> Result<Point, Limit> {
        self.push(if greedy { Op::Split(body, exit) } else { Op::Split(exit, body) })
    }

    /// The point where `node` starts that goes on at `nothing` if it took nothing, else at `some`.
    fn compile(&mut self, node: &Node, nothing: Point, some: Point) -> Result<Point, Limit> {
        self.parts += 1;
        if self.parts > MOST_PARTS {
            return Err(Limit::Points);
        }
        let nothing = if node.is_nullable() { nothing } else { some };
        match node {
            Node::Empty => Ok(nothing),
            Node::Class(class) => {
                let set = self.alphabet.set(class);
                self.push(Op::Take(set, some))
            }
            Node::Concat(nodes) => {
                let (mut nothing, mut some) = (nothing, some);
                for node in nodes.iter().rev() {
                    let after = some;
                    some = self.compile(node, after, after)?;
                    nothing = if nothing == after { some } else { self.compile(node, nothing, after)? };
                }
                Ok(nothing)
            }
            Node::Alternation(nodes) => {
                let mut points = Vec::new();
                for node in nodes {
                    points.push(self.compile(node, nothing, some)?);
                }
                let last = points.pop().unwrap_or(nothing);
                points.into_iter().rev().try_fold(last, |rest, point| self.push(Op::Split(point, rest)))
            }
            Node::Repeat { node, least, most, greedy } => self.repeat(node, *least, *most, *greedy, nothing, some),
            Node::Atomic(node) => self.atomic(node, nothing, some),
            Node::Ahead { node, negative } => {
                let end = self.push(Op::Match)?;
                let ahead = self.compile(node, end, end)?;
                self.push(Op::Ahead(ahead, *negative, nothing))
            }
            Node::Behind { node, negative } => {
                let number = match self.behind.iter().position(|known| known == &**node) {
                    Some(number) => number,
                    None if self.behind.len() == MOST_BEHIND => return Err(Limit::Behind),
                    None => {
                        self.behind.push((**node).clone());
                        self.behind.len() - 1
                    }
                };
                self.push(Op::Behind(number, *negative, nothing))
            }
        }
    }

    fn repeat(
        &mut self,
        node: &Node,
        least: usize,
        most: Option<usize>,
        greedy: bool,
        nothing: Point,
        some: Point,
    ) -> Result<Point, Limit> {
        // Behind those that there must be: `more` where something was taken before, `first` where nothing was.
        let (mut first, mut more) = match most {
            None => {
                let more = self.reserve()?;
                let body = self.compile(node, some, more)?;
                self.ops[more] = if greedy { Op::Split(body, some) } else { Op::Split(some, body) };
                let first = if nothing == some {
                    more
                } else {
                    let body = self.compile(node, nothing, more)?;
                    self.split(greedy, body, nothing)?
                };
                (first, more)
            }
            Some(most) => {
                let (mut first, mut more) = (nothing, some);
                for _ in least..most {
                    let after = more;
                    let body = self.compile(node, some, after)?;
                    more = self.split(greedy, body, some)?;
                    first = if nothing == some {
                        more
                    } else {
                        let body = self.compile(node, nothing, after)?;
                        self.split(greedy, body, nothing)?
                    };
                }
                (first, more)
            }
        };
        for _ in 0..least {
            let after = more;
            more = self.compile(node, after, after)?;
            first = if first == after { more } else { self.compile(node, first, after)? };
        }
        Ok(first)
    }

    fn atomic(&mut self, node: &Node, nothing: Point, some: Point) -> Result<Point, Limit> {
        let ends = (self.reserve()?, self.reserve()?);
        let alone = self.compile(node, ends.0, ends.1)?;
        let mut copies = HashMap::from([(ends.0, nothing), (ends.1, some)]);
        self.decided(alone, &mut copies)
    }

    /// A copy of a point, and of all behind it, that decides as the original does.
    fn decided(&mut self, root: Point, copies: &mut HashMap<Point, Point>) -> Result<Point, Limit> {
        // Not by recursion, for it may be long.
        let mut found = vec![root];
        let mut originals = Vec::new();
        while let Some(point) = found.pop() {
            if copies.contains_key(&point) {
                continue;
            }
            copies.insert(point, self.reserve()?);
            originals.push(point);
            match self.ops[point] {
                Op::Take(_, next) | Op::Ahead(_, _, next) | Op::Behind(_, _, next) => found.push(next),
                Op::Split(first, second) => found.extend([first, second]),
                Op::Choice(_, first, second) => found.extend([first, second]),
                Op::Match => {}
            }
        }
        for point in originals {
            self.ops[copies[&point]] = match self.ops[point] {
                Op::Take(set, next) => Op::Take(set, copies[&next]),
                Op::Split(first, second) => Op::Choice(first, copies[&first], copies[&second]),
                Op::Choice(guard, first, second) => Op::Choice(guard, copies[&first], copies[&second]),
                Op::Ahead(ahead, negative, next) => Op::Ahead(ahead, negative, copies[&next]),
                Op::Behind(number, negative, next) => Op::Behind(number, negative, copies[&next]),
                Op::Match => unreachable!("both ends have copies"),
            };
        }
        Ok(copies[&root])
    }
}

/// The points that an op asks for at the same place of the text.
fn asked(op: Op) -> [Option<Point>; 3] {
    match op {
        Op::Take(..) | Op::Match => [None; 3],
        Op::Split(first, second) => [Some(first), Some(second), None],
        Op::Choice(guard, first, second) => [Some(guard), Some(first), Some(second)],
        Op::Ahead(ahead, _, next) => [Some(ahead), Some(next), None],
        Op::Behind(_, _, next) => [Some(next), None, None],
    }
}

/// All points that a text can lead to, each behind those it asks for. There is no circle, for loops end where nothing is taken.
fn in_order(ops: &[Op], root: Point) -> Vec<Point> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; ops.len()];
    let mut order = Vec::with_capacity(ops.len());
    let mut roots = vec![root];
    let mut path = Vec::new();
    while let Some(root) = roots.pop() {
        path.push(root);
        while let Some(&point) = path.last() {
            match marks[point] {
                Mark::New => {
                    marks[point] = Mark::Open;
                    for next in asked(ops[point]).into_iter().flatten() {
                        assert!(marks[next] != Mark::Open, "a loop that takes nothing");
                        path.push(next);
                    }
                }
                Mark::Open => {
                    marks[point] = Mark::Done;
                    order.push(point);
                    path.pop();
                    if let Op::Take(_, next) = ops[point] {
                        roots.push(next);
                    }
                }
                Mark::Done => {
                    path.pop();
                }
            }
        }
    }
    order
}
